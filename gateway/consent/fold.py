"""From what was said about a record to the state that decisions look at.

A fold of acts by the time they were said: the later of two opposite acts holds, and of two said at
the same moment the one that denies. It does not matter in which order they arrived. Where acts do
not oppose one another, all of them hold, and the rules let denials beat permits.

Source:
    Sections 10.2 and 11.5 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

from gateway.consent.times import earliest, latest
from gateway.model.choices import (
    AuthoredBy,
    Authorise,
    BasePolicy,
    Block,
    Choice,
    Close,
    Document,
    Emergency,
    EmergencyKind,
    FeedObjection,
    HideAll,
    Holder,
    HolderKind,
    Labelled,
    Mask,
    Open,
    Origin,
    Representative,
    Revoke,
    Service,
    Statement,
    Unblock,
    Unmask,
    WrittenIn,
)
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.patient import Patient
from gateway.model.record import Delegation, Record, RecordStatus
from gateway.model.subject import same_key


class Filed(Protocol):
    """One version of a statement as it is kept (``gateway.ports.FiledStatement``)."""

    @property
    def id(self) -> str:
        """Of all versions of one statement."""
        ...

    @property
    def version(self) -> int:
        """From 1; only the newest counts."""
        ...

    @property
    def active(self) -> bool:
        """Whether its choices count."""
        ...

    @property
    def statement(self) -> Statement:
        """What was said."""
        ...

    @property
    def recorded(self) -> str:
        """When it was kept, DTM of 14 digits, UTC."""
        ...


class Act(NamedTuple):
    """One choice, when it was made, and in which statement."""

    time: str
    choice: Choice
    statement: str


_Choice = TypeVar("_Choice")

DENYING = (BasePolicy.DENY, BasePolicy.BREAK_GLASS_ONLY)
"""Base policies that no other statement softens, the stricter one first."""

_STRICTER_LATER = (BasePolicy.ALL_NORMAL, BasePolicy.BASIC_NORMAL, BasePolicy.DOMAIN)


def record_from(
    patient: Patient,
    statements: Iterable[Filed],
    version: int,
    delegations: Iterable[Delegation] = (),
) -> Record:
    """Give the state of a patient's record.

    Args:
        patient: The surviving one, known by its first identifier.
        statements: About the record; of several versions the newest one counts.
        version: The record's ``policy_version``.
    """
    acts = _acts(statements)
    policy, said_in = _base_policy(acts)
    denied = policy in DENYING
    closed = _closed(acts)
    state = patient.record
    closed_on = state.closed_on.text if state.closed_on else (closed or "")
    is_closed = closed is not None or not patient.active or state.closed_on is not None
    return Record(
        patient=patient.identifiers[0] if patient.identifiers else Identifier(""),
        status=RecordStatus.CLOSED if is_closed else RecordStatus.ACTIVE,
        policy_version=version,
        base_policy=policy,
        closed_on=closed_on if is_closed else "",
        deceased=state.deceased.text if state.deceased else "",
        identity_qualified=state.identity_qualified is not False,
        birth_date=patient.birth_date.text if patient.birth_date else "",
        blocked=_blocked(acts),
        authorisations=_authorisations(acts, said_in if denied else None),
        allow_break_glass=_allows(acts, EmergencyKind.BREAK_GLASS),
        allow_regulation=_allows(acts, EmergencyKind.REGULATION),
        hide_all=_hides_all(acts),
        masks=_masks(acts),
        gp=state.gp,
        feed_objections=_all(acts, FeedObjection),
        services=_services(acts, said_in if denied else None),
        representatives=_all(acts, Representative),
        delegations=tuple(delegations),
    )


def _acts(statements: Iterable[Filed]) -> tuple[Act, ...]:
    """The choices that count, in the order they were made."""
    newest: dict[str, Filed] = {}
    for filed in statements:
        if filed.id not in newest or newest[filed.id].version < filed.version:
            newest[filed.id] = filed
    acts = [
        Act(_time(filed), choice, filed.id)
        for filed in newest.values()
        if filed.active
        for choice in filed.statement.choices
    ]
    return tuple(sorted(acts, key=lambda act: (act.time, act.statement, repr(act.choice))))


def _time(filed: Filed) -> str:
    """When something was said.

    Where only a day was told, the moment it was kept, if that was the same day: who takes something
    back in the afternoon has not said two things at once.
    """
    said = filed.statement.date_time
    if said is None or not said.is_well_formed:
        return filed.recorded
    if earliest(said.text) <= filed.recorded <= latest(said.text):
        return filed.recorded
    return said.lower


def _closed(acts: Iterable[Act]) -> str | None:
    """When the record was closed; ``None`` when it was not, or was opened again."""
    said = (
        (act.time, isinstance(act.choice, Close))
        for act in acts
        if isinstance(act.choice, Open | Close)
    )
    time, closed = max(said, default=("", False))
    return time if closed else None


def _base_policy(acts: Iterable[Act]) -> tuple[BasePolicy, frozenset[str]]:
    """The base policy, and the statements that said it.

    One that denies holds as long as the statement is in force; of the others the last one said.
    """
    opened = [
        (act.time, act.choice.policy, act.statement) for act in acts if isinstance(act.choice, Open)
    ]
    for policy in DENYING:
        if any(said is policy for _, said, _ in opened):
            return policy, frozenset(where for _, said, where in opened if said is policy)
    if not opened:
        return BasePolicy.DOMAIN, frozenset()
    _, strictness = max((time, _STRICTER_LATER.index(said)) for time, said, _ in opened)
    policy = _STRICTER_LATER[strictness]
    return policy, frozenset(where for _, said, where in opened if said is policy)


def _blocked(acts: Iterable[Act]) -> frozenset[str]:
    last: dict[str, tuple[str, bool]] = {}
    for act in acts:
        if isinstance(act.choice, Block | Unblock):
            key = same_key(act.choice.professional)
            last[key] = max(last.get(key, ("", False)), (act.time, isinstance(act.choice, Block)))
    return frozenset(key for key, (_, blocked) in last.items() if blocked)


def _allows(acts: Iterable[Act], kind: EmergencyKind) -> bool:
    """Both emergencies are allowed until the patient says otherwise."""
    said = (
        (act.time, not act.choice.allowed)
        for act in acts
        if isinstance(act.choice, Emergency) and act.choice.kind is kind
    )
    return not max(said, default=("", False))[1]


def _hides_all(acts: Iterable[Act]) -> bool:
    said = ((act.time, act.choice.hidden) for act in acts if isinstance(act.choice, HideAll))
    return max(said, default=("", False))[1]


def _masks(acts: Iterable[Act]) -> tuple[AuthoredBy | WrittenIn | Labelled, ...]:
    """Masks of more than one document; that of one document stands on its entry."""
    last: dict[object, tuple[str, bool, AuthoredBy | WrittenIn | Labelled]] = {}
    for act in acts:
        if not isinstance(act.choice, Mask | Unmask) or isinstance(act.choice.target, Document):
            continue
        target = act.choice.target
        key = _holder(target.author) if isinstance(target, AuthoredBy) else target
        said = (act.time, isinstance(act.choice, Mask))
        if key not in last or last[key][:2] <= said:
            last[key] = (*said, target)
    return tuple(sorted((target for _, masked, target in last.values() if masked), key=repr))


def _all(acts: Iterable[Act], kind: type[_Choice]) -> tuple[_Choice, ...]:
    return tuple(dict.fromkeys(act.choice for act in acts if isinstance(act.choice, kind)))


def _holder(holder: Holder) -> tuple[HolderKind, str]:
    return holder.kind, same_key(holder.identifier)


def _revoked(acts: Iterable[Act]) -> dict[tuple[HolderKind, str], str]:
    """By holder, when the last revocation was said."""
    revoked: dict[tuple[HolderKind, str], str] = {}
    for act in acts:
        if isinstance(act.choice, Revoke):
            revoked[_holder(act.choice.holder)] = act.time  # acts come in order
    return revoked


def _authorisations(acts: tuple[Act, ...], only_in: frozenset[str] | None) -> tuple[Authorise, ...]:
    """What was not revoked since; under a base policy that denies, its own exceptions only.

    Presumed and declared authorisations last for a limited time, counted from when they were said
    where they have no start.
    """
    revoked = _revoked(acts)
    given: dict[Authorise, None] = {}
    for act in acts:
        one = act.choice
        if not isinstance(one, Authorise) or (only_in is not None and act.statement not in only_in):
            continue
        if act.time <= revoked.get(_holder(one.holder), ""):
            continue
        if one.origin is not Origin.PATIENT and one.period.start is None:
            one = replace(one, period=replace(one.period, start=DateTime(act.time)))
        given[one] = None
    return tuple(given)


def _services(acts: tuple[Act, ...], only_in: frozenset[str] | None) -> tuple[Service, ...]:
    revoked = _revoked(acts)
    return tuple(
        dict.fromkeys(
            act.choice
            for act in acts
            if isinstance(act.choice, Service)
            and (only_in is None or act.statement in only_in)
            and act.time > revoked.get((HolderKind.SERVICE, same_key(act.choice.app)), "")
        )
    )
