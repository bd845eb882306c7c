"""What a judgement found, as an OperationOutcome.

Rule, line and column travel in the extensions that HL7's own validator uses.

Source:
    HL7 FHIR R4 (4.0.1): OperationOutcome, issue-type; HL7 FHIR Extensions:
    operationoutcome-issue-line, -issue-col, -message-id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from gateway.validation.issue import Issue, IssueKind

_EXTENSIONS: Final = "http://hl7.org/fhir/StructureDefinition/operationoutcome-"
_RULES: Final = "https://fhir-xds-gateway.example/CodeSystem/conformance-rule"
_CODES = {
    IssueKind.STRUCTURE: "structure",
    IssueKind.CARDINALITY: "structure",
    IssueKind.TYPE: "value",
    IssueKind.VALUE: "value",
    IssueKind.BINDING: "code-invalid",
    IssueKind.SLICING: "structure",
    IssueKind.INVARIANT: "invariant",
    IssueKind.REFERENCE: "value",
    IssueKind.NOT_CHECKED: "not-supported",
}


def outcome_of(issues: Iterable[Issue], language: str = "en") -> dict[str, Any]:
    """Give the OperationOutcome; without issues it says that all is well."""
    told = [_told(one, language) for one in issues]
    if not told:
        text = "Rien à signaler" if language == "fr" else "All is well"
        told = [{"severity": "information", "code": "informational", "details": {"text": text}}]
    return {"resourceType": "OperationOutcome", "language": language, "issue": told}


def _told(one: Issue, language: str) -> dict[str, Any]:
    extensions: list[dict[str, Any]] = [
        {"url": f"{_EXTENSIONS}message-id", "valueString": one.rule}
    ]
    if one.position:
        extensions += (
            {"url": f"{_EXTENSIONS}issue-line", "valueInteger": one.position.line},
            {"url": f"{_EXTENSIONS}issue-col", "valueInteger": one.position.column},
        )
    code = _CODES.get(one.kind, "invalid")
    if one.kind is IssueKind.CARDINALITY and "minimum" in one.rule:
        code = "required"
    told: dict[str, Any] = {
        "extension": extensions,
        "severity": one.severity.value,
        "code": code,
        "details": {
            "coding": [{"system": _RULES, "code": one.rule}],
            "text": one.says(language) or one.rule,
        },
    }
    more = (("source", one.source), ("profile", one.profile), ("element", one.element))
    said = "; ".join(f"{name}: {text}" for name, text in more if text)
    if said:
        told["diagnostics"] = said
    if one.location:
        told["expression"] = [one.location]
    return told
