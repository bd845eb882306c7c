"""What every form of a report tells of a finding: its identity, and its words on one line."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from conformance.report.values import Judgement
from gateway.validation.issue import Issue, IssueSeverity


def identified(judgement: Judgement) -> Iterator[tuple[Issue, str]]:
    """Give each finding of a payload with its fingerprint."""
    return fingerprinted(judgement.path, judgement.findings)


def fingerprinted(owner: str, issues: Iterable[Issue]) -> Iterator[tuple[Issue, str]]:
    """Give each finding with its fingerprint: the same in the next run of the same thing.

    It is made of owner, rule, place and profile, not of the message, whose wording may improve, nor
    of lines, which move. What is found twice at one place is told apart by counting.

    Args:
        owner: The path of a payload, or the id of a test.
        issues: What was found there, in order.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    for issue in issues:
        facts = (owner, issue.rule, issue.location, issue.profile)
        text = "\0".join((*facts, str(seen[facts])))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        seen[facts] += 1
        yield issue, digest[:24]


def shortened(issues: tuple[Issue, ...], most: int) -> tuple[tuple[Issue, ...], int]:
    """Keep so many findings, the heaviest, in the payload's order; say how many were left out."""
    if len(issues) <= most:
        return issues, 0
    weights = {severity: weight for weight, severity in enumerate(IssueSeverity)}
    heaviest = sorted(range(len(issues)), key=lambda index: weights[issues[index].severity])
    kept = sorted(heaviest[:most])
    return tuple(issues[index] for index in kept), len(issues) - most


def printable(text: str) -> str:
    """A text from a payload, on one line and without a character that would command a terminal."""
    return "".join(
        c if c.isprintable() else " " if c in "\n\r\t" else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def rules_of(issues: Iterable[Issue]) -> dict[str, Issue]:
    """Each rule that was broken, with the first finding that says so."""
    rules: dict[str, Issue] = {}
    for issue in issues:
        rules.setdefault(issue.rule, issue)
    return rules
