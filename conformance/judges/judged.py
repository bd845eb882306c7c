"""What the judge of one kind of payload answers, before it is put beside the payload's name."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.validation.issue import Issue, IssueKind, IssueSeverity


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found in one payload.

    Attributes:
        findings: In the order of the payload.
        against: What it was compared with.
        not_checked: What could not be looked at, besides the findings that say so themselves.
    """

    findings: tuple[Issue, ...] = ()
    against: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


def not_checked(rule: str, message: str, location: str = "", message_fr: str = "") -> Issue:
    """A remark that something was not looked at, so that nobody takes it for good."""
    return Issue(
        rule=rule,
        severity=IssueSeverity.INFORMATION,
        kind=IssueKind.NOT_CHECKED,
        message=message,
        message_fr=message_fr,
        location=location,
    )
