"""The report as SARIF: what code-scanning viewers and review tools read.

Source:
    OASIS, Static Analysis Results Interchange Format 2.1.0, errata 01 (2023-08-28).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from conformance.report.facts import fingerprinted, rules_of
from conformance.report.runs import RunReport, TestVerdict
from conformance.report.values import Judgement, Report
from gateway.validation.issue import Issue, IssueKind, IssueSeverity, RuleText

VERSION = "2.1.0"
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS = {
    IssueSeverity.ERROR: "error",
    IssueSeverity.WARNING: "warning",
    IssueSeverity.INFORMATION: "note",
}


def write_sarif(report: Report | RunReport) -> str:
    """Write a report as SARIF, one run of one tool."""
    run = _of_files(report) if isinstance(report, Report) else _of_run(report)
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _of_files(report: Report) -> dict[str, Any]:
    rules = rules_of(issue for each in report.judgements for issue in each.findings)
    numbers = {rule: number for number, rule in enumerate(rules)}
    told = [
        _notification(sentence, judgement.path, "note")
        for judgement in report.judgements
        for sentence in judgement.not_checked_in(report.language)
    ]
    told += [_notification(each.message, each.path, "error") for each in report.problems]
    return {
        "tool": _tool(report.engine, rules, report.language),
        "columnKind": "unicodeCodePoints",
        "language": report.language,
        "automationDetails": {"id": f"conformance/{report.profile}/"},
        "invocations": [_invocation(not report.problems, report.started, told)],
        "artifacts": [_artifact(judgement) for judgement in report.judgements],
        "results": [
            _result(issue, fingerprint, numbers, report.language, _physical(issue, judgement, at))
            for at, judgement in enumerate(report.judgements)
            for issue, fingerprint in fingerprinted(judgement.path, judgement.findings)
        ],
    }


def _of_run(report: RunReport) -> dict[str, Any]:
    rules = rules_of(issue for result in report.results for issue in result.issues)
    numbers = {rule: number for number, rule in enumerate(rules)}
    told = [
        _notification(f"{result.id}: {result.reason}", "", "error")
        for result in report.results
        if result.verdict is TestVerdict.ERROR
    ]
    results = []
    for result in report.results:
        for issue, fingerprint in fingerprinted(result.id, result.issues):
            one = _result(issue, fingerprint, numbers, report.language, {})
            # What is wrong is in an answer of the server, which is no file: the test names it.
            logical = {"fullyQualifiedName": result.id, "kind": "test"}
            one["locations"][0].setdefault("logicalLocations", []).append(logical)
            results.append(one)
    return {
        "tool": _tool(report.engine, rules, report.language),
        "columnKind": "unicodeCodePoints",
        "language": report.language,
        "automationDetails": {"id": f"conformance/{report.profile}/"},
        "invocations": [_invocation(not told, report.started, told)],
        "results": results,
        "properties": {"target": list(report.target)},
    }


# ---------------------------------------------------------------- the tool and its rules


def _tool(engine: str, rules: dict[str, Issue], language: str) -> dict[str, Any]:
    name, _, version = engine.partition(" ")
    return {
        "driver": {
            "name": name,
            "version": version or "0",
            "semanticVersion": version or "0",
            "rules": _described(rules, language),
        }
    }


def _described(rules: dict[str, Issue], language: str) -> list[dict[str, Any]]:
    """Describe each rule that was broken as ``conformance explain`` does."""
    if not rules:
        return []
    from conformance.report.rules import rule_texts

    texts = rule_texts(rules)
    return [_rule(rule, issue, texts.get(rule), language) for rule, issue in rules.items()]


def _rule(rule: str, issue: Issue, text: RuleText | None, language: str) -> dict[str, Any]:
    source = (text.source if text else "") or issue.source
    title = text.title if text else ""
    if text and language == "fr" and text.title_fr:
        title = text.title_fr
    help_text = "\n\n".join(
        part
        for part in (
            text.text if text else issue.says(language),
            f"Source: {source}" if source else "",
            f"conformance explain {rule}",
        )
        if part
    )
    described: dict[str, Any] = {
        "id": rule,
        "shortDescription": {"text": title or rule},
        "fullDescription": {"text": (text.text if text else "") or title or issue.says(language)},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[text.severity if text else issue.severity]},
        "properties": {"tags": [issue.kind.value]},
    }
    if source.startswith(("http://", "https://")):
        described["helpUri"] = source.split()[0].rstrip(",;")
    return described


# ---------------------------------------------------------------- results


def _result(
    issue: Issue,
    fingerprint: str,
    numbers: dict[str, int],
    language: str,
    physical: dict[str, Any],
) -> dict[str, Any]:
    location = dict(physical)
    if issue.location:
        location["logicalLocations"] = [
            {"fullyQualifiedName": issue.location, "kind": "element"},
        ]
    properties = {
        "kind": issue.kind.value,
        **{
            name: text
            for name, text in (
                ("element", issue.element),
                ("profile", issue.profile),
                ("source", issue.source),
            )
            if text
        },
    }
    return {
        "ruleId": issue.rule,
        "ruleIndex": numbers[issue.rule],
        "level": _LEVELS[issue.severity],
        "kind": "review" if issue.kind is IssueKind.NOT_CHECKED else "fail",
        "message": {"text": issue.says(language)},
        "locations": [location],
        "partialFingerprints": {"conformanceFinding/v1": fingerprint},
        "properties": properties,
    }


def _physical(issue: Issue, judgement: Judgement, number: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": _uri(judgement.path), "index": number},
    }
    if issue.position:
        place["region"] = {
            "startLine": issue.position.line,
            "startColumn": issue.position.column,
        }
    return {"physicalLocation": place}


def _artifact(judgement: Judgement) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "location": {"uri": _uri(judgement.path)},
        "roles": ["analysisTarget"],
        "properties": {
            "kind": judgement.kind.value,
            "verdict": judgement.verdict.value,
            "against": list(judgement.against),
        },
    }
    if judgement.digest:
        artifact["hashes"] = {"sha-256": judgement.digest}
    return artifact


def _uri(path: str) -> str:
    """A path as a reference; what is in an archive follows ``!``."""
    text = "stdin" if path == "-" else path.replace("\\", "/")
    if text.startswith("/"):
        return "file://" + quote(text, safe="/!", errors="replace")
    # A first segment with a colon would be read as a scheme.
    return quote(text, safe="/!", errors="replace")


def _invocation(good: bool, started: str, told: Iterable[dict[str, Any]]) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": good}
    if started:
        invocation["startTimeUtc"] = started
    notifications = list(told)
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    return invocation


def _notification(message: str, path: str, level: str) -> dict[str, Any]:
    told: dict[str, Any] = {"level": level, "message": {"text": message}}
    if path:
        told["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}]
    return told
