"""The rules of a profile, run on a submission.

:mod:`gateway.profile.rules` says what a rule is made of, :mod:`gateway.validation.rule_kinds` which
checks a rule may name. Here the rules of one profile are made ready once, at the start, sorted by
transaction and object, so that a submission is compared with the rules that apply to it only
(:mod:`gateway.validation.rule_plan`). A profile without rules costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from gateway.errors import ErrorCode, Finding, Severity, first_findings
from gateway.model.lifecycle.ids import place
from gateway.model.submission import RegistryObject, Submission
from gateway.profile import Profile, ProfileFault, Rule
from gateway.validation.attributes import location_of
from gateway.validation.formats import shown
from gateway.validation.issue import Issue, IssueKind, IssueSeverity
from gateway.validation.objects import Transaction
from gateway.validation.rule_kinds import Guarded, Scope, make_check
from gateway.validation.rule_plan import Plan

UPDATES = frozenset({Transaction.UPDATE, Transaction.RESTRICTED_UPDATE})
_BY_XDS = {code.xds: code for code in reversed(ErrorCode)}
NEW, UPDATE = "new", "update"
"""What rules call all transactions that bring new objects, and all that change registered ones."""

_TRANSACTIONS = {NEW, UPDATE, *(transaction.value for transaction in Transaction)}
_HOW_MANY = frozenset({"present", "cardinality"})
_KINDS = {
    "present": IssueKind.CARDINALITY,
    "absent": IssueKind.CARDINALITY,
    "cardinality": IssueKind.CARDINALITY,
    "one_of_scheme": IssueKind.CARDINALITY,
    "number_of": IssueKind.CARDINALITY,
    "value_set": IssueKind.BINDING,
    "map": IssueKind.BINDING,
    "linked": IssueKind.REFERENCE,
    "refers_to": IssueKind.REFERENCE,
}
"""Which sort of check a kind of rule is; all others are about metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRule:
    """A rule with its check.

    Attributes:
        attribute: As findings name it, without parts of data types.
        message: In the language asked for, else in English.
        profile: Name of the profile whose rules are run.
    """

    rule: Rule
    guarded: Guarded
    attribute: str
    message: str
    code: ErrorCode
    profile: str = ""


_Planned = tuple[tuple[ReadyRule, ...], Plan]


class ProfileRules:
    """The rules of one profile, ready to run; false where there are none."""

    def __init__(self, rules: Iterable[ReadyRule] = ()) -> None:
        self.rules = tuple(rules)
        self._plans: dict[Transaction, dict[str, _Planned]] = {}

    @classmethod
    def of(
        cls,
        profile: Profile,
        *,
        environment: str = "test",
        language: str = "en",
        report: bool = False,
    ) -> Self:
        """Make a profile's rules ready.

        Args:
            environment: ``test`` or ``production``; rules for the other one are left out.
            language: Of the messages; English where a rule has none in it.
            report: Make every finding a warning.

        Raises:
            ProfileFault: When a rule names what the catalogue does not have.
        """
        rules = profile.rules
        if report:
            soft = Severity.WARNING.value
            rules = tuple(replace(r, severity=soft, update_severity=soft) for r in rules)
        ready = [_ready(rule, profile, language) for rule in rules]
        return cls(
            one
            for one in ready
            if not one.rule.environments or environment in one.rule.environments
        )

    def __bool__(self) -> bool:
        return bool(self.rules)

    def check(
        self,
        submission: Submission,
        transaction: Transaction,
        now: str,
        already: Iterable[Finding] = (),
    ) -> tuple[Finding, ...]:
        """Find everything in a submission that breaks a rule, up to what is told.

        Args:
            submission: As read; symbolic ids still in place.
            transaction: How it came.
            now: Digits of a DTM, taken where the submission does not say when it was submitted.
            already: What the checks of the standard found; that something is missing is not
                told twice.
        """
        if not self.rules:
            return ()
        is_update = transaction in UPDATES
        return first_findings(
            _finding(ready, location, value, is_update=is_update)
            for ready, location, value in self._breaches(submission, transaction, now, already)
        )

    def issues(
        self,
        submission: Submission,
        transaction: Transaction,
        now: str,
        already: Iterable[Finding] = (),
    ) -> Iterator[Issue]:
        """Give everything that breaks a rule, as a judgement tells it; see :meth:`check`."""
        if not self.rules:
            return
        is_update = transaction in UPDATES
        for ready, location, value in self._breaches(submission, transaction, now, already):
            yield _issue(ready, location, value, is_update=is_update)

    def _breaches(
        self,
        submission: Submission,
        transaction: Transaction,
        now: str,
        already: Iterable[Finding],
    ) -> Iterator[tuple[ReadyRule, str, str]]:
        """Every breach of a rule, where it is, and the value to show."""
        missing = {f.location for f in already if f.rule == "required"}
        scope = Scope(submission=submission, moment=_moment(submission, now))
        plans = self._planned(transaction)
        blameless: set[int] = set()
        for object_name, item, holder in _items(submission):
            # One author of many documents is one value, looked at once; the submission keeps it.
            if object_name not in plans or id(item) in blameless:
                continue
            rules, plan = plans[object_name]
            told = False
            left = plan.left(item, scope)
            for number, value in plan.breaches(left, item, scope) if left else ():
                told = True
                ready = rules[number]
                attribute = ready.attribute
                location = attribute if holder is None else place(holder, attribute)
                if not (location in missing and ready.rule.kind in _HOW_MANY):
                    yield ready, location, value
            if not told:
                blameless.add(id(item))

    def _planned(self, transaction: Transaction) -> dict[str, _Planned]:
        """The rules of a transaction by their object, planned when they are needed first.

        Two threads may plan at the same time; either plan is good.
        """
        plans = self._plans.get(transaction)
        if plans is None:
            found: dict[str, list[ReadyRule]] = {}
            for one in self.rules:
                if _applies(one.rule, transaction):
                    found.setdefault(one.rule.object, []).append(one)
            plans = self._plans[transaction] = {
                name: (tuple(ready), Plan(name, [one.guarded for one in ready]))
                for name, ready in found.items()
            }
        return plans


def _applies(rule: Rule, transaction: Transaction) -> bool:
    kind = UPDATE if transaction in UPDATES else NEW
    return not rule.transactions or not {kind, transaction.value}.isdisjoint(rule.transactions)


def _items(submission: Submission) -> Iterator[tuple[str, Any, RegistryObject | None]]:
    """Every object by the name rules call it, with the object that findings are placed in."""
    yield "Submission", submission, None
    for item in submission.submission_sets:
        yield "SubmissionSet", item, item
        for author in item.author:
            yield "Author", author, item
    for entry in submission.document_entries:
        yield "DocumentEntry", entry, entry
        for author in entry.author:
            yield "Author", author, entry
    for folder in submission.folders:
        yield "Folder", folder, folder
    for association in submission.associations:
        yield "Association", association, association


def _moment(submission: Submission, now: str) -> str:
    for item in submission.submission_sets:
        if item.submission_time is not None and item.submission_time.is_well_formed:
            return item.submission_time.text
    return now


def _finding(ready: ReadyRule, location: str, value: str, *, is_update: bool) -> Finding:
    rule = ready.rule
    severity = rule.update_severity if is_update else rule.severity
    return Finding(
        rule=rule.id,
        code=ready.code,
        location=location,
        message=ready.message.replace("{value}", shown(value)),
        severity=Severity(severity),
    )


def _issue(ready: ReadyRule, location: str, value: str, *, is_update: bool) -> Issue:
    rule = ready.rule
    severity = rule.update_severity if is_update else rule.severity
    quoted = shown(value)
    return Issue(
        rule=rule.id,
        severity=IssueSeverity(severity),
        kind=_KINDS.get(rule.kind, IssueKind.METADATA),
        message=rule.message["en"].replace("{value}", quoted),
        message_fr=rule.message.get("fr", "").replace("{value}", quoted),
        location=location,
        element=f"{rule.object}.{rule.attribute}" if rule.attribute else rule.object,
        profile=ready.profile,
        source=rule.source,
    )


def _ready(rule: Rule, profile: Profile, language: str) -> ReadyRule:
    guarded = make_check(rule, profile)
    for name in rule.transactions:
        if name not in _TRANSACTIONS:
            raise ProfileFault(
                f"{rule.file}: rule {rule.id}: transaction {name!r} is none of "
                + ", ".join(sorted(_TRANSACTIONS))
            )
    if rule.code and rule.code not in _BY_XDS:
        raise ProfileFault(f"{rule.file}: rule {rule.id}: code {rule.code!r} is no error of XDS")
    attribute = location_of(rule.attribute)
    if rule.object == "Author":
        attribute = f"author.{attribute}"
    elif rule.object == "Submission":
        attribute = str(rule.parameters.get("of", ""))
    return ReadyRule(
        rule=rule,
        guarded=guarded,
        attribute=attribute,
        message=rule.message.get(language) or rule.message["en"],
        code=_BY_XDS[rule.code] if rule.code else ErrorCode.REGISTRY_METADATA_ERROR,
        profile=profile.name,
    )
