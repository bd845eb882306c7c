"""The report as JSON: the form other programs read, and ``conformance diff`` compares.

The names are part of the product's interface: none changes its meaning, new ones may come.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from conformance.report.facts import fingerprinted
from conformance.report.values import Judgement, Report
from gateway.validation.issue import Issue, IssueSeverity

if TYPE_CHECKING:
    from conformance.report.runs import RunReport, StepResult, TestResult


def write_json(report: Report | RunReport) -> str:
    """Write a report as JSON, each finding with everything that is known of it."""
    values = plain(report) if isinstance(report, Report) else plain_run(report)
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


def plain(report: Report) -> dict[str, Any]:
    """Give a report on payloads as plain values."""
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


def plain_run(report: RunReport) -> dict[str, Any]:
    """Give a report on a server as plain values."""
    from conformance.report.runs import TestVerdict

    return {
        "engine": report.engine,
        "profile": report.profile,
        "language": report.language,
        "started": report.started,
        "target": list(report.target),
        "suites": [{"id": one, "title": title} for one, title in report.suites],
        "tests": [_test(result, report.language) for result in report.results],
        "summary": {
            "tests": len(report.results),
            "passed": report.count(TestVerdict.PASS),
            "failed": report.count(TestVerdict.FAIL),
            "skipped": report.count(TestVerdict.SKIP),
            "errors": report.count(TestVerdict.ERROR),
        },
    }


def _file(judgement: Judgement, report: Report) -> dict[str, Any]:
    return {
        "path": judgement.path,
        "kind": judgement.kind.value,
        "verdict": report.verdict_of(judgement).value,
        "digest": judgement.digest,
        "against": list(judgement.against),
        "notChecked": list(judgement.not_checked_in(report.language)),
        "findings": _findings(judgement.path, judgement.findings, report.language),
    }


def _test(result: TestResult, language: str) -> dict[str, Any]:
    return {
        "id": result.id,
        "suite": result.suite,
        "title": result.title,
        "verdict": result.verdict.value,
        "requirements": list(result.requirements),
        "reason": result.reason,
        "seconds": round(result.seconds, 3),
        "steps": [
            _step(step, f"{result.id}#{number}", language)
            for number, step in enumerate(result.steps, 1)
        ],
    }


def _step(step: StepResult, owner: str, language: str) -> dict[str, Any]:
    return {
        "title": step.title,
        "sent": step.sent,
        "received": step.received,
        "milliseconds": round(step.milliseconds, 1),
        "findings": _findings(owner, step.issues, language),
    }


def _findings(owner: str, issues: Iterable[Issue], language: str) -> list[dict[str, Any]]:
    return [
        _finding(issue, fingerprint, language)
        for issue, fingerprint in fingerprinted(owner, issues)
    ]


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
