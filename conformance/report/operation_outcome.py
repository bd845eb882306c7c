"""The report as FHIR: an OperationOutcome for each payload, in a Bundle where there are several.

Rule, line and column travel in the extensions that HL7's own validator uses, so that tools made for
its answers read ours.

Source:
    HL7 FHIR R4 (4.0.1): OperationOutcome, issue-type; HL7 FHIR Extensions:
    operationoutcome-issue-line, -issue-col, -message-id, -file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conformance.report.runs import RunReport, TestResult, TestVerdict
from conformance.report.values import Report
from gateway.validation.issue import Issue
from gateway.validation.outcome import EXTENSIONS, entry_of, of_entries

_FILE = f"{EXTENSIONS}file"


def write_operation_outcome(report: Report | RunReport) -> str:
    """Write a report as an OperationOutcome, or as a Bundle of them."""
    if isinstance(report, Report):
        outcomes = [
            outcome_of(
                each.findings, report.language, each.path, each.not_checked_in(report.language)
            )
            for each in report.judgements
        ]
        outcomes += [_unread(each.message, each.path) for each in report.problems]
    else:
        outcomes = [_of_test(result, report.language) for result in report.results]
    resource = outcomes[0] if len(outcomes) == 1 else _collected(outcomes, report.started)
    return json.dumps(resource, ensure_ascii=False, indent=2) + "\n"


def outcome_of(
    issues: Iterable[Issue],
    language: str = "en",
    path: str = "",
    not_checked: Iterable[str] = (),
) -> dict[str, Any]:
    """Give the OperationOutcome of one payload; one without issues says that all is well.

    Args:
        issues: What was found.
        language: Of the messages.
        path: Of the file, where there is one.
        not_checked: What could not be looked at.
    """
    entries = [entry_of(issue, language) for issue in issues]
    told = {entry["details"]["text"] for entry in entries}
    entries += [
        {"severity": "information", "code": "not-supported", "details": {"text": sentence}}
        for sentence in not_checked
        if sentence and sentence not in told
    ]
    outcome = of_entries(entries, language)
    if path:
        outcome["extension"] = [{"url": _FILE, "valueString": path}]
    return outcome


def _unread(message: str, path: str) -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "extension": [{"url": _FILE, "valueString": path}],
        "issue": [{"severity": "fatal", "code": "exception", "details": {"text": message}}],
    }


def _of_test(result: TestResult, language: str) -> dict[str, Any]:
    issues = result.issues
    if result.verdict is TestVerdict.ERROR:
        return _unread(result.reason or result.title, result.id)
    skipped = (result.reason,) if result.verdict is TestVerdict.SKIP and result.reason else ()
    return outcome_of(issues, language, result.id, skipped)


def _collected(outcomes: list[dict[str, Any]], started: str) -> dict[str, Any]:
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    if started:
        bundle["timestamp"] = started
    if outcomes:
        bundle["entry"] = [{"resource": outcome} for outcome in outcomes]
    return bundle
