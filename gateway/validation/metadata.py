"""Metadata judged as a whole: the standard's checks and a profile's rules, as issues.

The server asks the same checks and answers with what XDS has a code for
(:func:`gateway.validation.check_submission`); here everything is told, with the rule's id, its
source, and the message in two languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.errors import Finding
from gateway.model.submission import Submission
from gateway.model.vocabulary import UPDATE_TRIGGERS
from gateway.transactions.submission import SubmitObjects
from gateway.validation.issue import Issue, IssueKind, IssueSeverity
from gateway.validation.objects import Transaction
from gateway.validation.profile_rules import UPDATES, ProfileRules
from gateway.validation.rules import base_rules
from gateway.validation.sentences import in_fr
from gateway.validation.submission import all_findings
from gateway.validation.update import check_update

PREFIX = "xds-"
"""What stands before the name of a check in its rule's id."""

_SAID_BEFORE = {
    "code-given": ("code-missing",),
    "code-scheme": ("coding-scheme",),
    "required": ("identifier-value", "identification-scheme"),
    "linked-to-set": ("update-link",),
}
"""What is not told where reading the message told it in another way already."""

_SNAKE = re.compile(r"_([a-z])")


def transaction_of(submission: Submission, asked: str = "") -> Transaction:
    """Give the transaction a bare SubmitObjectsRequest travels in.

    Args:
        asked: Its number, where somebody said so; else the content tells.
    """
    if asked:
        return Transaction(asked)
    if any(
        one.association_type in UPDATE_TRIGGERS or one.previous_version
        for one in submission.associations
    ):
        return Transaction.UPDATE
    entries = submission.document_entries
    if entries and all(entry.is_on_demand for entry in entries):
        return Transaction.REGISTER_ON_DEMAND
    if any(entry.repository_unique_id for entry in entries):
        return Transaction.REGISTER
    return Transaction.PROVIDE_AND_REGISTER


def metadata_issues(
    submitted: SubmitObjects, transaction: Transaction, rules: ProfileRules, now: str
) -> tuple[Issue, ...]:
    """Give everything that is wrong in a submission.

    Args:
        submitted: As read from its message.
        transaction: How it came, or how it is meant to be sent.
        rules: Of the profile.
        now: Digits of a DTM, for codes in use where the submission says no time.
    """
    submission = submitted.submission
    base = [*submitted.findings, *all_findings(submission, transaction)]
    if transaction in UPDATES:
        base += check_update(submission)
    found = [issue_of(one) for one in without_echoes(base)] if base else []
    found += rules.issues(submission, transaction, now, base)
    return tuple(found)


def without_echoes(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out what was told of the same place already, in other words."""
    told: set[tuple[str, str]] = set()
    for finding in findings:
        others = _SAID_BEFORE.get(finding.rule, ())
        if not any((rule, finding.location) in told for rule in others):
            told.add((finding.rule, finding.location))
            yield finding


def issue_of(finding: Finding, *, prefix: str = PREFIX, location: str | None = None) -> Issue:
    """Give a finding of the server's checks as an issue.

    Args:
        prefix: Before the name of the check.
        location: Where that is known better.
    """
    rule = prefix + finding.rule
    text = base_rules().get(rule)
    place = finding.location if location is None else location
    return Issue(
        rule=rule,
        severity=IssueSeverity(finding.severity.value),
        kind=IssueKind.METADATA,
        message=finding.message,
        message_fr=in_fr(rule, finding.message) or (text.title_fr if text else ""),
        location=_SNAKE.sub(lambda found: found[1].upper(), place),
        source=text.source if text else "",
    )


def message_issue(
    rule: str,
    message: str,
    location: str = "",
    *,
    severity: IssueSeverity | None = None,
) -> Issue:
    """Give an issue of a rule whose text stands in ``texts/``.

    Args:
        message: What is wrong here; the rule's own title where it is empty.
        severity: Where it is another than the rule's usual one.
    """
    text = base_rules()[rule]
    return Issue(
        rule=rule,
        severity=severity or text.severity,
        kind=text.kind,
        message=message or text.title,
        message_fr=(message and in_fr(rule, message)) or text.title_fr,
        location=location,
        source=text.source,
    )
