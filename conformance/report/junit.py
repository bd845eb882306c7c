"""The report as JUnit XML: what build servers read.

A payload, or a test of a server, is a test case. Errors are its failure; warnings and remarks,
which fail nothing, stand in its output.

Source:
    The schema of Jenkins' xUnit plugin, junit-10.xsd, which the readers of build servers share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from conformance.report.markup import attribute, escaped
from conformance.report.runs import RunReport, StepResult, TestResult, TestVerdict
from conformance.report.values import Judgement, Report, Verdict
from gateway.validation.issue import Issue, IssueSeverity


def write_junit(report: Report | RunReport) -> str:
    """Write a report as JUnit XML."""
    suites = _of_files(report) if isinstance(report, Report) else _of_run(report)
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', *suites)) + "\n"


# ---------------------------------------------------------------- payloads


def _of_files(report: Report) -> Iterator[str]:
    cases = len(report.judgements) + len(report.problems)
    counts = f'tests="{cases}" failures="{report.failed}" errors="{len(report.problems)}"'
    name = attribute(f"{report.engine} {report.profile}".strip())
    yield f'<testsuites name="{name}" {counts}>'
    yield f'  <testsuite name="{name}" {counts} skipped="0"{_stamp(report.started)}>'
    for judgement in report.judgements:
        yield from _of_file(judgement, report)
    for problem in report.problems:
        yield f'    <testcase classname="conformance.unread" name="{attribute(problem.path)}">'
        yield f'      <error message="{attribute(problem.message)}" type="unread"/>'
        yield "    </testcase>"
    yield "  </testsuite>"
    yield "</testsuites>"


def _of_file(judgement: Judgement, report: Report) -> Iterator[str]:
    path = attribute(judgement.path)
    kind = judgement.kind.value
    yield f'    <testcase classname="conformance.{kind}" name="{path}" file="{path}">'
    fails = report.verdict_of(judgement) is Verdict.FAIL
    weights = {IssueSeverity.ERROR, report.fail_on} if fails else set()
    failing = [issue for issue in judgement.findings if issue.severity in weights]
    if failing:
        yield _failure(failing, judgement.path, report.language)
    rest = [issue for issue in judgement.findings if issue.severity not in weights]
    if rest or judgement.not_checked:
        lines = [_line(issue, judgement.path, report.language) for issue in rest]
        told = {issue.message for issue in rest}
        lines += [f"not checked: {each}" for each in judgement.not_checked if each not in told]
        yield _output(lines)
    yield "    </testcase>"


# ---------------------------------------------------------------- tests of a server


def _of_run(report: RunReport) -> Iterator[str]:
    titles = dict(report.suites)
    name = attribute(f"{report.engine} {report.profile}".strip())
    yield f'<testsuites name="{name}" {_counts(report.results)}>'
    for suite, results in groupby(report.results, key=lambda result: result.suite):
        tests = tuple(results)
        title = attribute(": ".join(text for text in (suite, titles.get(suite, "")) if text))
        yield f'  <testsuite name="{title}" {_counts(tests)}{_stamp(report.started)}>'
        yield "    <properties>"
        for address in report.target:
            role, _, url = address.partition(": ")
            yield f'      <property name="{attribute(role)}" value="{attribute(url)}"/>'
        yield "    </properties>"
        for result in tests:
            yield from _of_test(result, report.language)
        yield "  </testsuite>"
    yield "</testsuites>"


def _of_test(result: TestResult, language: str) -> Iterator[str]:
    name = attribute(f"{result.id}: {result.title}")
    classname = attribute(f"conformance.{result.suite}")
    yield f'    <testcase classname="{classname}" name="{name}" time="{result.seconds:.3f}">'
    errors = [issue for issue in result.issues if issue.severity is IssueSeverity.ERROR]
    match result.verdict:
        case TestVerdict.SKIP:
            yield f'      <skipped message="{attribute(result.reason)}"/>'
        case TestVerdict.ERROR:
            yield f'      <error message="{attribute(result.reason)}" type="error"/>'
        case TestVerdict.FAIL if errors:
            yield _failure(errors, result.id, language)
        case TestVerdict.FAIL:
            yield f'      <failure message="{attribute(result.reason)}" type="fail"/>'
        case TestVerdict.PASS:
            pass
    lines = [f"requirement {one}" for one in result.requirements]
    for number, step in enumerate(result.steps, 1):
        lines += _of_step(number, step, language, whole=result.verdict is not TestVerdict.PASS)
    if lines:
        yield _output(lines)
    yield "    </testcase>"


def _of_step(number: int, step: StepResult, language: str, *, whole: bool) -> Iterator[str]:
    yield f"step {number}: {step.title} ({step.milliseconds:.0f} ms)"
    for issue in step.issues:
        yield f"  {_line(issue, '', language)}"
    if whole:
        yield from ("--- sent", step.sent, "--- received", step.received, "---")


def _counts(results: Iterable[TestResult]) -> str:
    verdicts = [result.verdict for result in results]
    return (
        f'tests="{len(verdicts)}" failures="{verdicts.count(TestVerdict.FAIL)}" '
        f'errors="{verdicts.count(TestVerdict.ERROR)}" skipped="{verdicts.count(TestVerdict.SKIP)}"'
    )


# ---------------------------------------------------------------- both


def _failure(issues: list[Issue], path: str, language: str) -> str:
    first = issues[0].says(language)
    more = f" (+{len(issues) - 1})" if len(issues) > 1 else ""
    text = escaped("\n".join(_line(issue, path, language) for issue in issues))
    rule = attribute(issues[0].rule)
    return f'      <failure message="{attribute(first + more)}" type="{rule}">{text}</failure>'


def _line(issue: Issue, path: str, language: str) -> str:
    place = f":{issue.position.line}:{issue.position.column}" if issue.position else ""
    where = f" {issue.location}" if issue.location else ""
    head = f"{path}{place}: " if path else ""
    source = f" [{issue.source}]" if issue.source else ""
    return f"{head}{issue.severity.value} {issue.rule}{where}: {issue.says(language)}{source}"


def _output(lines: list[str]) -> str:
    return f"      <system-out>{escaped(chr(10).join(lines))}</system-out>"


def _stamp(started: str) -> str:
    # The schema knows no zone: the instant is in UTC.
    return f' timestamp="{attribute(started.removesuffix("Z"))}"' if started else ""
