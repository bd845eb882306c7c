"""A payload as a listing: numbered lines, those with findings marked, the findings below them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.report.markup import escaped
from gateway.validation.issue import Issue, IssueSeverity

if TYPE_CHECKING:
    from conformance.report.html.parts import Page

AROUND = 6
"""Lines shown before and after a line with findings, when the rest is folded."""

FOLDED_FROM = 30
"""Lines without findings from which on they are folded."""

MOST_LINES = 3_000
MOST_CHARACTERS = 400_000
"""Of one payload; of a longer one the page has only what is around the findings."""

LONGEST = 2_000
"""Characters of one line; of a longer one the page has what is around the places in it."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|</?[\w:.-]+|[\w.+:/-]+|\S')
_WEIGHTS = {severity: weight for weight, severity in enumerate(IssueSeverity)}


def shown(text: str) -> str:
    """A text of a payload as HTML: nothing in it acts, and what would be invisible is visible.

    Controls of direction make a text read otherwise than it is compared (CVE-2021-42574); they and
    all other controls are written by their number.
    """
    if text.isascii() and text.isprintable():
        return escaped(text)
    parts = []
    plain = []
    for character in text:
        if character in "\n\t" or character.isprintable():
            plain.append(character)
        elif character != "\r" and unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs"):
            parts.append(escaped("".join(plain)))
            parts.append(f'<span class="control">U+{ord(character):04X}</span>')
            plain.clear()
        elif character != "\r":
            plain.append(character)
    parts.append(escaped("".join(plain)))
    return "".join(parts)


@dataclass(slots=True)
class Budget:
    """Characters of payloads a page may hold: one of hundreds of megabytes opens nowhere."""

    left: int = 12_000_000


@dataclass(slots=True)
class Listing:
    """One payload with its findings.

    Attributes:
        text: The payload.
        issues: What was found in it.
        prefix: Of the ids of its lines.
        whole: Whether all of it is on the page.
    """

    text: str
    issues: tuple[Issue, ...]
    prefix: str
    whole: bool = True
    lines: list[str] = field(init=False)
    marked: Mapping[int, list[Issue]] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.text.splitlines() or [""]
        marked: dict[int, list[Issue]] = {}
        for issue in self.issues:
            if issue.position and 1 <= issue.position.line <= len(self.lines):
                marked.setdefault(issue.position.line, []).append(issue)
        self.marked = marked

    def id_of(self, issue: Issue) -> str:
        """The id of the line a finding is on; empty where it is on none."""
        if issue.position and issue.position.line in self.marked:
            return f"{self.prefix}-L{issue.position.line}"
        return ""

    def html(self, page: Page, budget: Budget) -> Iterator[str]:
        """Write the listing, folded where nothing was found."""
        size = len(self.text)
        whole = len(self.lines) <= MOST_LINES and size <= MOST_CHARACTERS and size <= budget.left
        if not whole and not self.marked:
            yield f'<p class="gap cut">{page.text("The payload is too long to be shown here.")}</p>'
            return
        budget.left -= size if whole else 0
        for first, last, near in _stretches(len(self.lines), sorted(self.marked)):
            count = last - first + 1
            lines = (self._line(number, page) for number in range(first, last + 1))
            if near or (whole and count < FOLDED_FROM):
                yield from lines
            elif whole:
                lines_there = page.number(count, "line", "lines")
                yield f'<details class="gap"><summary>{lines_there}</summary>'
                yield from lines
                yield "</details>"
            else:
                text = page.text("{count} lines are not on this page", count=count)
                yield f'<div class="gap cut">{text}</div>'

    def _line(self, number: int, page: Page) -> str:
        text = self.lines[number - 1]
        issues = self.marked.get(number)
        if not issues:
            return f'<div class="l" data-n="{number}">{shown(_cut(text))}</div>'
        heaviest = min(issues, key=lambda issue: _WEIGHTS[issue.severity]).severity.value
        columns = {issue.position.column for issue in issues if issue.position}
        head = (
            f'<div class="l hit {heaviest}" id="{self.prefix}-L{number}" data-n="{number}">'
            f"{_with_marks(text, columns)}</div>"
        )
        return head + "".join(_note(issue, page) for issue in issues)


def _note(issue: Issue, page: Page) -> str:
    level = issue.severity.value
    return (
        f'<div class="note item {level}" data-level="{level}"><b>{page.text(level)}</b> '
        f"<code>{shown(issue.rule)}</code> {shown(issue.says(page.language))}</div>"
    )


def _with_marks(text: str, columns: Iterable[int]) -> str:
    """A line with what stands at these columns underlined."""
    places: list[tuple[int, int]] = []
    for column in sorted(columns):
        found = _TOKEN.search(text, max(0, column - 1))
        if found and (not places or found.start() >= places[-1][1]):
            places.append(found.span())
    parts = []
    at = 0
    for start, end in places:
        parts.append(shown(_cut(text[at:start], at_end=True, at_start=at > 0)))
        parts.append(f"<mark>{shown(_cut(text[start:end]))}</mark>")
        at = end
    parts.append(shown(_cut(text[at:])))
    return "".join(parts)


def _cut(text: str, *, at_end: bool = False, at_start: bool = True) -> str:
    """A long text without its middle, or without its beginning."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    if at_end and not at_start:
        return f" […] {text[-half:]}"
    if at_end:
        return f"{text[:half]} […] {text[-half:]}"
    return f"{text[:LONGEST]} […]"


def _stretches(count: int, marked: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Cut lines into stretches near a finding and stretches far from all: first, last, near."""
    near: list[list[int]] = []
    for line in marked:
        first, last = max(1, line - AROUND), min(count, line + AROUND)
        if near and first <= near[-1][1] + 1:
            near[-1][1] = last
        else:
            near.append([first, last])
    edges = [[0, 0], *near, [count + 1, count + 1]]
    for before, after in pairwise(edges):
        if after[0] - before[1] > 1:
            yield before[1] + 1, after[0] - 1, False
        if after[0] <= count:
            yield after[0], after[1], True
