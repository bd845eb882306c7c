"""The report as JSON: the form other programs read, and ``conformance diff`` compares."""

from __future__ import annotations

import json
from typing import Any

from conformance.report.facts import identified
from conformance.report.values import Judgement, Report
from gateway.validation.issue import Issue, IssueSeverity


def write_json(report: Report) -> str:
    """Write a report as JSON, one finding with everything that is known of it."""
    return json.dumps(plain(report), ensure_ascii=False, indent=2) + "\n"


def plain(report: Report) -> dict[str, Any]:
    """Give a report as plain values; the names are part of the product's interface."""
    return {
        "engine": report.engine,
        "profile": report.profile,
        "language": report.language,
        "started": report.started,
        "failOn": report.fail_on.value,
        "files": [_file(judgement, report) for judgement in report.judgements],
        "problems": [{"path": each.path, "message": each.message} for each in report.problems],
        "leftOut": list(report.left_out),
        "summary": {
            "files": len(report.judgements),
            "passed": len(report.judgements) - report.failed,
            "failed": report.failed,
            "problems": len(report.problems),
            "errors": report.count(IssueSeverity.ERROR),
            "warnings": report.count(IssueSeverity.WARNING),
            "information": report.count(IssueSeverity.INFORMATION),
        },
    }


def _file(judgement: Judgement, report: Report) -> dict[str, Any]:
    return {
        "path": judgement.path,
        "kind": judgement.kind.value,
        "verdict": report.verdict_of(judgement).value,
        "digest": judgement.digest,
        "against": list(judgement.against),
        "notChecked": list(judgement.not_checked),
        "findings": [
            _finding(issue, fingerprint, report.language)
            for issue, fingerprint in identified(judgement)
        ],
    }


def _finding(issue: Issue, fingerprint: str, language: str) -> dict[str, Any]:
    place = issue.position
    return {
        "rule": issue.rule,
        "severity": issue.severity.value,
        "location": issue.location,
        "message": issue.says(language),
        "source": issue.source,
        "kind": issue.kind.value,
        "element": issue.element,
        "profile": issue.profile,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "fingerprint": fingerprint,
    }
