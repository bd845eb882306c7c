"""The report for somebody at a terminal; plain text where it goes into a file or a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from conformance.report.facts import printable
from conformance.report.values import Judgement, Report, Verdict
from conformance.report.words import Words, words
from gateway.validation.issue import Issue, IssueSeverity

_RED, _YELLOW, _GREEN, _BLUE, _BOLD, _DIM = "31", "33", "32", "34", "1", "2"
_COLOURS = {
    IssueSeverity.ERROR: _RED,
    IssueSeverity.WARNING: _YELLOW,
    IssueSeverity.INFORMATION: _BLUE,
}
NARROWEST, WIDEST = 60, 110


def write_text(report: Report, *, colours: bool = False, width: int = 100) -> str:
    """Write a report as text: each payload with its verdict, what was found below it, the sum last.

    Args:
        colours: Whether the text goes to a terminal that shows them.
        width: Columns of that terminal.
    """
    paper = _Paper(
        say=words(report.language),
        language=report.language,
        colours=colours,
        width=max(NARROWEST, min(width, WIDEST)),
    )
    lines: list[str] = []
    for judgement in report.judgements:
        lines += paper.judgement(judgement, report.verdict_of(judgement))
    for problem in report.problems:
        lines.append(
            paper.painted(paper.say("problem").upper(), _RED, _BOLD)
            + f"  {printable(problem.path)}: {printable(problem.message)}"
        )
    if lines:
        lines.append("")
    lines.append(paper.total(report))
    return "\n".join(lines) + "\n"


def summary(report: Report) -> str:
    """The sum of a report, on one line."""
    return _Paper(words(report.language), report.language, colours=False, width=WIDEST).total(
        report
    )


class _Paper:
    """What is written on: a width, a language, and colours or none."""

    def __init__(self, say: Words, language: str, colours: bool, width: int):
        self.say = say
        self.language = language
        self.colours = colours
        self.width = width

    def painted(self, text: str, *codes: str) -> str:
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.colours else text

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

    def total(self, report: Report) -> str:
        say = self.say
        if not report.judgements and not report.problems:
            return say("no payload was found")
        parts = [
            f"{len(report.judgements)} {_number(len(report.judgements), 'file', 'files', say)}",
            f"{len(report.judgements) - report.failed} {say('passed')}",
            f"{report.failed} {say('failed')}",
        ]
        if report.problems:
            parts.append(f"{len(report.problems)} {say('not readable')}")
        if report.left_out:
            parts.append(f"{len(report.left_out)} {say('left out')}")
        good = not report.failed and not report.problems
        return self.painted(", ".join(parts), _GREEN if good else _RED, _BOLD)


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
