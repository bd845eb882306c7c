"""The report as a FHIR TestReport: a test for each payload, or for each test of a server.

Source:
    HL7 FHIR R4 (4.0.1): TestReport.
"""

from __future__ import annotations

import json
from typing import Any

from conformance.report.runs import RunReport, StepResult, TestResult, TestVerdict
from conformance.report.values import Judgement, Report, Verdict
from gateway.validation.issue import Issue, IssueKind, IssueSeverity

_RESULTS = {
    IssueSeverity.ERROR: "fail",
    IssueSeverity.WARNING: "warning",
    IssueSeverity.INFORMATION: "warning",
}


def write_test_report(report: Report | RunReport) -> str:
    """Write a report as a TestReport."""
    resource = _of_files(report) if isinstance(report, Report) else _of_run(report)
    return json.dumps(resource, ensure_ascii=False, indent=2) + "\n"


def _of_files(report: Report) -> dict[str, Any]:
    tests = [_file(judgement, report) for judgement in report.judgements]
    tests += [
        {
            "name": problem.path,
            "action": [{"operation": {"result": "error", "message": problem.message}}],
        }
        for problem in report.problems
    ]
    passed = len(report.judgements) - report.failed
    good = not report.failed and not report.problems
    return _resource(report, "conformance check", good, passed, len(tests)) | _tests(tests)


def _of_run(report: RunReport) -> dict[str, Any]:
    tests = [_test(result, report.language) for result in report.results]
    passed = report.count(TestVerdict.PASS)
    ran = len(tests) - report.count(TestVerdict.SKIP)
    resource = _resource(report, "conformance run", report.passed, passed, ran)
    for address in report.target:
        role, _, url = address.partition(": ")
        resource["participant"].append({"type": "server", "uri": url or role, "display": role})
    return resource | _tests(tests)


def _resource(
    report: Report | RunReport, script: str, good: bool, passed: int, of: int
) -> dict[str, Any]:
    name = f"{script} {report.profile}".strip()
    resource: dict[str, Any] = {
        "resourceType": "TestReport",
        "language": report.language,
        "name": name,
        "status": "completed",
        "testScript": {"display": name},
        "result": "pass" if good else "fail",
        "score": round(100 * passed / of, 2) if of else 0,
        "tester": report.engine,
    }
    if report.started:
        resource["issued"] = report.started
    engine = f"urn:{report.engine.partition(' ')[0]}"
    resource["participant"] = [
        {"type": "test-engine", "uri": engine, "display": report.engine},
    ]
    return resource


def _tests(tests: list[dict[str, Any]]) -> dict[str, Any]:
    return {"test": tests} if tests else {}


def _file(judgement: Judgement, report: Report) -> dict[str, Any]:
    verdict = report.verdict_of(judgement)
    actions = [_assert(issue, report.language) for issue in judgement.findings]
    told = {issue.message for issue in judgement.findings}
    actions += [
        {"assert": {"result": "skip", "message": sentence}}
        for sentence in judgement.not_checked
        if sentence not in told
    ]
    if verdict is Verdict.PASS and not actions:
        actions = [{"assert": {"result": "pass"}}]
    description = f"{judgement.kind.value}: {', '.join(judgement.against)}".rstrip(": ")
    return {"name": judgement.path, "description": description, "action": actions}


def _test(result: TestResult, language: str) -> dict[str, Any]:
    actions: list[dict[str, Any]] = []
    for step in result.steps:
        actions.append(_operation(step))
        actions += [_assert(issue, language) for issue in step.issues]
    match result.verdict:
        case TestVerdict.SKIP:
            actions.append({"assert": {"result": "skip", "message": result.reason or "skipped"}})
        case TestVerdict.ERROR:
            actions.append({"assert": {"result": "error", "message": result.reason or "error"}})
        case TestVerdict.FAIL if not result.issues:
            actions.append({"assert": {"result": "fail", "message": result.reason or "failed"}})
        case TestVerdict.PASS:
            actions.append({"assert": {"result": "pass"}})
        case _:
            pass
    requirements = f" ({', '.join(result.requirements)})" if result.requirements else ""
    return {
        "name": result.id,
        "description": f"{result.title}{requirements}",
        "action": actions,
    }


def _operation(step: StepResult) -> dict[str, Any]:
    first = step.received.partition("\n")[0].strip()
    message = f"{step.title}: {first}" if first else step.title
    return {"operation": {"result": "pass" if step.received else "error", "message": message}}


def _result(issue: Issue) -> str:
    return "skip" if issue.kind is IssueKind.NOT_CHECKED else _RESULTS[issue.severity]


def _assert(issue: Issue, language: str) -> dict[str, Any]:
    where = f"{issue.location}: " if issue.location else ""
    return {
        "assert": {
            "result": _result(issue),
            "message": f"{issue.rule}: {where}{issue.says(language)}",
        }
    }
