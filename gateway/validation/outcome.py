"""What a judgement found, as an OperationOutcome.

Rule, line and column travel in the extensions that HL7's own validator uses, so that tools made for
its answers read ours.

Source:
    HL7 FHIR R4 (4.0.1): OperationOutcome, issue-type; HL7 FHIR Extensions:
    operationoutcome-issue-line, -issue-col, -message-id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from gateway.validation.issue import Issue, IssueKind

EXTENSIONS: Final = "http://hl7.org/fhir/StructureDefinition/operationoutcome-"
"""How the URLs of HL7's extensions of an OperationOutcome begin."""

RULES: Final = "https://fhir-xds-gateway.example/CodeSystem/conformance-rule"
"""The system of rule ids, where a form asks for one."""

_CODES = {
    IssueKind.STRUCTURE: "structure",
    IssueKind.CARDINALITY: "structure",
    IssueKind.TYPE: "value",
    IssueKind.VALUE: "value",
    IssueKind.BINDING: "code-invalid",
    IssueKind.SLICING: "structure",
    IssueKind.INVARIANT: "invariant",
    IssueKind.REFERENCE: "value",
    IssueKind.SCHEMA: "structure",
    IssueKind.SCHEMATRON: "business-rule",
    IssueKind.METADATA: "business-rule",
    IssueKind.MESSAGE: "structure",
    IssueKind.SECURITY: "security",
    IssueKind.NOT_CHECKED: "not-supported",
}
_FHIRPATH = re.compile(r"[A-Z][A-Za-z]*([.\[(].*)?")


def outcome_of(issues: Iterable[Issue], language: str = "en") -> dict[str, Any]:
    """Give the OperationOutcome; without issues it says that all is well."""
    entries = [entry_of(one, language) for one in issues]
    return of_entries(entries, language)


def of_entries(entries: list[dict[str, Any]], language: str) -> dict[str, Any]:
    """Give the OperationOutcome of entries; without any it says that all is well."""
    if not entries:
        text = "Rien à signaler" if language == "fr" else "All is well"
        entries = [{"severity": "information", "code": "informational", "details": {"text": text}}]
    return {"resourceType": "OperationOutcome", "language": language, "issue": entries}


def entry_of(issue: Issue, language: str) -> dict[str, Any]:
    """Give what an OperationOutcome says of one issue."""
    extensions: list[dict[str, Any]] = []
    if issue.position:
        extensions += (
            {"url": f"{EXTENSIONS}issue-line", "valueInteger": issue.position.line},
            {"url": f"{EXTENSIONS}issue-col", "valueInteger": issue.position.column},
        )
    extensions.append({"url": f"{EXTENSIONS}message-id", "valueString": issue.rule})
    code = _CODES[issue.kind]
    if issue.kind is IssueKind.CARDINALITY and "minimum" in issue.rule:
        code = "required"
    entry: dict[str, Any] = {
        "extension": extensions,
        "severity": issue.severity.value,
        "code": code,
        "details": {
            "coding": [{"system": RULES, "code": issue.rule}],
            "text": issue.says(language) or issue.rule,
        },
    }
    more = (("source", issue.source), ("profile", issue.profile), ("element", issue.element))
    said = "; ".join(f"{name}: {text}" for name, text in more if text)
    if said:
        entry["diagnostics"] = said
    if issue.location:
        # `expression` is FHIRPath; XPath and places in XDS metadata have `location`.
        is_fhirpath = _FHIRPATH.fullmatch(issue.location) and issue.kind is not IssueKind.METADATA
        entry["expression" if is_fhirpath else "location"] = [issue.location]
    return entry
