"""The report for somebody at a terminal; plain text where it goes into a file or a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conformance.report.facts import printable
from conformance.report.values import Judgement, Report, Verdict
from conformance.report.words import Words, words
from gateway.validation.issue import Issue, IssueSeverity

if TYPE_CHECKING:
    from conformance.report.runs import RunReport, StepResult, TestResult

_RED, _YELLOW, _GREEN, _BLUE, _BOLD, _DIM = "31", "33", "32", "34", "1", "2"
_COLOURS = {
    IssueSeverity.ERROR: _RED,
    IssueSeverity.WARNING: _YELLOW,
    IssueSeverity.INFORMATION: _BLUE,
}
_TEST_COLOURS = {"pass": _GREEN, "fail": _RED, "error": _RED, "skip": _YELLOW}
NARROWEST, WIDEST = 60, 110


def write_text(report: Report | RunReport, *, colours: bool = False, width: int = 100) -> str:
    """Write a report as text: each payload or test, what was found below it, the sum last.

    Args:
        report: What was found.
        colours: Whether the text goes to a terminal that shows them.
        width: Columns of that terminal.
    """
    paper = _Paper(report.language, colours=colours, width=width)
    lines = list(paper.files(report) if isinstance(report, Report) else paper.tests(report))
    if lines and lines[-1]:
        lines.append("")
    lines.append(paper.total(report))
    return "\n".join(lines) + "\n"


def summary(report: Report | RunReport) -> str:
    """The sum of a report, on one line."""
    return _Paper(report.language, colours=False, width=WIDEST).total(report)


class _Paper:
    """What is written on: a width, a language, and colours or none."""

    def __init__(self, language: str, *, colours: bool, width: int):
        self.say = words(language)
        self.language = language
        self.colours = colours
        self.width = max(NARROWEST, min(width, WIDEST))

    def painted(self, text: str, *codes: str) -> str:
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.colours else text

    # ---------------------------------------------------------------- payloads

    def files(self, report: Report) -> Iterator[str]:
        for judgement in report.judgements:
            yield from self.judgement(judgement, report.verdict_of(judgement))
        for problem in report.problems:
            word = self.painted(self.say("problem").upper(), _RED, _BOLD)
            yield f"{word}  {printable(problem.path)}: {printable(problem.message)}"

    def judgement(self, judgement: Judgement, verdict: Verdict) -> Iterator[str]:
        say = self.say
        word = say(verdict.value).upper()
        colour = _GREEN if verdict is Verdict.PASS else _RED
        counts = ", ".join(_counts(judgement, say)) or say("nothing to report")
        head = f"  {printable(judgement.path)}  "
        about = f"{judgement.kind.value}, {counts}"
        yield self.painted(word, colour, _BOLD) + head + self.painted(about, _DIM)
        for issue in judgement.findings:
            yield from self.finding(issue)
        told = {issue.message for issue in judgement.findings}
        for sentence in (each for each in judgement.not_checked if each not in told):
            yield from self.paragraph(f"{say('not checked')}: {sentence}", "  ", _DIM)
        if judgement.findings or judgement.not_checked:
            yield ""

    def finding(self, issue: Issue) -> Iterator[str]:
        severity = self.painted(f"{self.say(issue.severity.value):<8}", _COLOURS[issue.severity])
        place = f"{issue.position.line}:{issue.position.column} " if issue.position else ""
        where = printable(f"{place}{issue.location}")
        yield f"  {severity} {self.painted(printable(issue.rule), _BOLD)}  {where}".rstrip()
        yield from self.paragraph(issue.says(self.language), " " * 11)
        if issue.source:
            yield from self.paragraph(issue.source, " " * 11, _DIM)

    def paragraph(self, text: str, indent: str, *codes: str) -> Iterator[str]:
        # An identifier or an address broken over two lines can be neither read nor copied.
        for line in textwrap.wrap(
            printable(text),
            self.width - len(indent),
            break_long_words=False,
            break_on_hyphens=False,
        ):
            yield indent + (self.painted(line, *codes) if codes else line)

    # ---------------------------------------------------------------- tests of a server

    def tests(self, report: RunReport) -> Iterator[str]:
        titles = dict(report.suites)
        suite = None
        for result in report.results:
            if result.suite != suite:
                suite = result.suite
                if result is not report.results[0]:
                    yield ""
                yield self.painted(printable(f"{suite}: {titles.get(suite, '')}"), _BOLD)
            yield from self.test(result)

    def test(self, result: TestResult) -> Iterator[str]:
        word = f"{self.say(result.verdict.value).upper():<5}"
        colour = _TEST_COLOURS[result.verdict.value]
        about = self.painted(printable(f"  {result.id}"), _DIM)
        yield f"  {self.painted(word, colour, _BOLD)} {printable(result.title)}{about}"
        if result.reason:
            yield from self.paragraph(result.reason, " " * 8)
        for number, step in enumerate(result.steps, 1):
            if step.issues:
                yield from self.step(number, step)

    def step(self, number: int, step: StepResult) -> Iterator[str]:
        answer = printable(step.received.partition("\n")[0])
        yield "      " + self.painted(printable(f"{number}. {step.title}  {answer}"), _DIM)
        for issue in step.issues:
            yield from (f"      {line}" for line in self.finding(issue))

    # ---------------------------------------------------------------- the sum

    def total(self, report: Report | RunReport) -> str:
        parts = self._of_files(report) if isinstance(report, Report) else self._of_tests(report)
        if isinstance(report, Report):
            good = not report.failed and not report.problems
        else:
            good = report.passed
        return self.painted(", ".join(parts), _GREEN if good else _RED, _BOLD)

    def _of_files(self, report: Report) -> Iterator[str]:
        say = self.say
        files = len(report.judgements)
        if not files and not report.problems:
            yield say("no payload was found")
            return
        yield f"{files} {_number(files, 'file', 'files', say)}"
        yield f"{files - report.failed} {say('passed')}"
        yield f"{report.failed} {say('failed')}"
        if report.problems:
            yield f"{len(report.problems)} {say('not readable')}"
        if report.left_out:
            yield f"{len(report.left_out)} {say('left out')}"

    def _of_tests(self, report: RunReport) -> Iterator[str]:
        from conformance.report.runs import TestVerdict

        say = self.say
        tests = len(report.results)
        yield f"{tests} {_number(tests, 'test', 'tests', say)}"
        yield f"{report.count(TestVerdict.PASS)} {say('passed')}"
        yield f"{report.count(TestVerdict.FAIL)} {say('failed')}"
        if errors := report.count(TestVerdict.ERROR):
            yield f"{errors} {say('not carried out')}"
        if skipped := report.count(TestVerdict.SKIP):
            yield f"{skipped} {say('skipped')}"


def _counts(judgement: Judgement, say: Words) -> Iterator[str]:
    for severity, one, many in (
        (IssueSeverity.ERROR, "error", "errors"),
        (IssueSeverity.WARNING, "warning", "warnings"),
        (IssueSeverity.INFORMATION, "information", "information"),
    ):
        if count := judgement.count(severity):
            yield f"{count} {_number(count, one, many, say)}"


def _number(count: int, one: str, many: str, say: Words) -> str:
    return say(one if count == 1 else many)
