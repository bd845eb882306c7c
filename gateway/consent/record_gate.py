"""The record gate: whether a request may look into a record at all, by one rule.

The lines are read from top to bottom. A line that does not concern the request is skipped; the
first one that refuses decides, also when another one passes; a request that no line passes is
refused (A99). Nothing about single documents is looked at here.

Source:
    Sections 3.1, 6.1 and 7 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from gateway.consent.case import READS, RIGHTS, AuthorisationStatus, Case, named, names_any
from gateway.consent.decision import Decision
from gateway.consent.outcome import FEEDERS, obligations_of, reason_of
from gateway.consent.view import view
from gateway.model.choices import BasePolicy
from gateway.model.datatypes import Identifier
from gateway.model.record import EmergencyDeclaration, Record, RecordStatus
from gateway.model.subject import (
    WRITES,
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    SubjectKind,
    same_key,
)
from gateway.profile.access import ANY, AccessPolicy


class Line(NamedTuple):
    """What one line of the gate says.

    Attributes:
        rule: The rule id, ``A12-expired``.
        passes: Whether it lets the request through; otherwise it refuses.
        consents: The choices it went by.
    """

    rule: str
    passes: bool
    consents: tuple[str, ...] = ()


SURVIVE_CLOSING = frozenset(
    {
        Operation.STATUS,
        Operation.CHOOSE,
        Operation.READ_CHOICES,
        Operation.HISTORY,
        Operation.AUDIT,
        Operation.RECORD,
        Operation.EXPLAIN,
        Operation.ADMINISTER,
    }
)
"""What a closed record still answers: its status, and the patient who may open it again."""

KEEPERS = frozenset({SubjectKind.AUDITOR, SubjectKind.OPERATOR})

_ASK_EACH_LINE = frozenset({SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE, SubjectKind.SERVICE})
"""Who has a line of their own below, so that the first one lets none of their requests through."""

_BLOCKED = frozenset({SubjectKind.PROFESSIONAL, SubjectKind.DELEGATE, SubjectKind.STRUCTURE})
"""Whom a patient can keep out by name."""

_WITHOUT_A_RECORD = frozenset({Operation.AUDIT, Operation.RECORD, Operation.ADMINISTER})
_BEFORE_OPENING = frozenset({Operation.STATUS, Operation.CHOOSE})


def gate(
    access: AccessRequest,
    operation: Operation,
    record: Record | None,
    policy: AccessPolicy,
    now: str,
    *,
    declarations: tuple[EmergencyDeclaration, ...] = (),
) -> Decision:
    """Decide whether a request may look into a record.

    Args:
        record: Of the patient asked about; ``None`` when nobody has that identifier, and for
            requests about no patient (audit events, the directory).
        now: DTM of 14 digits, UTC.
        declarations: That the subject made about this record, ended ones included.

    Returns:
        A permit with what of the record is visible, or a refusal with what the client is told.
    """
    case = Case(access, operation, record or NOBODY, policy, now, declarations)
    tried: list[tuple[str, str]] = []
    passed: Line | None = None
    for judge in concerning(case.kind, operation, access.mode, record is not None):
        line = judge(case)
        if line is None:
            continue
        tried.append((line.rule, "passes" if line.passes else "refuses"))
        if not line.passes:
            return _refusal(case, line, tuple(tried))
        passed = passed or line
    if passed is None:
        tried.append(("A99-default", "refuses"))
        return _refusal(case, Line("A99-default", False), tuple(tried))
    return Decision(
        permitted=True,
        rule=passed.rule,
        visibility=view(case) if record else None,
        obligations=obligations_of(case),
        consents=passed.consents,
        tried=tuple(tried),
    )


_NO_RECORD, _CLOSED = RecordStatus.NONE, RecordStatus.CLOSED
_INDIRECT = Authentication.INDIRECT
NOBODY = Record(patient=Identifier(""), status=_NO_RECORD)
"""Stands for the record of somebody nobody ever met."""

# --- The lines -----------------------------------------------------------------------------------


def operation_is_possible(case: Case) -> Line | None:
    """A1: table 3.3, roles that say one thing, and secret connections of minors only.

    Operations that show no document pass here for whoever the table names: no line below is about
    them.
    """
    kind, operation, policy = case.kind, case.operation, case.policy
    if operation is Operation.ADMINISTER and kind in policy.administer_kinds:
        return Line("A1", True)
    if operation is Operation.RECORD:
        # Of audit events only who sends them is looked at: they may be about any record, or none.
        recording = kind in RIGHTS[operation]
        return Line("A1", True) if recording else Line("A1-operation", False)
    if kind in KEEPERS:
        return None
    if (
        kind not in RIGHTS[operation]
        or (kind is SubjectKind.SERVICE and case.writes and not policy.services_may_write)
        or (case.is_professional and case.reads and not case.has_role)
        or (case.subject.secret_connection and case.record is not NOBODY and not case.is_minor)
    ):
        return Line("A1-operation", False)
    if not case.reads and not case.writes and kind not in _ASK_EACH_LINE:
        return Line("A1", True)
    return None


def record_exists(case: Case) -> Line | None:
    """A2: a record that was never opened answers its status, and can be opened."""
    if case.record.status is not _NO_RECORD or case.operation in _WITHOUT_A_RECORD:
        return None
    if case.record is not NOBODY and case.operation in _BEFORE_OPENING:
        return None
    return Line("A2-no-record", False)


def identity_is_sure(case: Case) -> Line | None:
    """A3: what belongs to an unsure identity is not written."""
    if case.writes and not case.record.identity_qualified:
        return Line("A3-identity", False)
    return None


def record_is_open(case: Case) -> Line | None:
    """A4: before any emergency rule."""
    if case.record.status is _CLOSED and case.operation not in SURVIVE_CLOSING:
        return Line("A4-closed", False, ("close",))
    return None


def patient_lives(case: Case) -> Line | None:
    """A5: nothing is written into the record of somebody who died."""
    return Line("A5-deceased", False) if case.writes and case.record.deceased else None


def nobody_is_blocked(case: Case) -> Line | None:
    """A6: in every mode; one's own status can still be asked for, since it is the answer."""
    if not case.record.blocked:
        return None
    if case.kind not in _BLOCKED or case.operation is Operation.STATUS:
        return None
    if case.is_emergency and not case.policy.block_beats_emergency:
        return None
    blocked = [key for key in case.people if key in case.record.blocked]
    return Line("A6-blocked", False, tuple(f"block {key}" for key in blocked)) if blocked else None


def source_is_welcome(case: Case) -> Line | None:
    """A7: the patient's accepted objection to being fed by a source."""
    if not case.writes or case.kind not in FEEDERS:
        return None
    for objection in case.record.feed_objections:
        if same_key(objection.source.identifier) in case.sources:
            source = named(objection.source.identifier)
            return Line("A7-feed-objection", False, (f"feed-objection {source}",))
    return None


def feeding_needs_nothing(case: Case) -> Line | None:
    """A8: who may write does so without authorisation."""
    if case.writes and case.kind in RIGHTS[case.operation]:
        return Line("A8", True)
    return None


def regulation_centre(case: Case) -> Line | None:
    """A10: the doctor of a regulation centre who takes a call; authorisations do not matter."""
    if case.access.mode is not Mode.REGULATION or case.operation is not Operation.READ:
        return None
    policy = case.policy
    if (
        not case.is_professional
        or not case.is_individual
        or not case.has_row_of(policy.regulation_roles)
        or not (
            ANY in policy.regulation_structures or case.structure in policy.regulation_structures
        )
    ):
        return Line("A10-eligible", False)
    if not case.record.allow_regulation:
        return Line("A10-objection", False, ("emergency regulation refused",))
    return _declared(case, "A10")


def break_glass(case: Case) -> Line | None:
    """A11: reading and feeding in this mode; the patient's objection is to both."""
    if case.access.mode is not Mode.BREAK_GLASS or not (
        case.operation is Operation.READ or case.writes
    ):
        return None
    if (
        not case.is_professional
        or not case.is_individual
        or not case.has_row_of(case.policy.emergency_roles)
    ):
        return Line("A11-eligible", False)
    if not case.record.allow_break_glass:
        return Line("A11-objection", False, ("emergency break-glass refused",))
    return _declared(case, "A11")


def _declared(case: Case, rule: str) -> Line:
    """What both emergency modes end with: the base policy, and a declaration with its reason."""
    if case.record.base_policy is BasePolicy.DENY:
        return Line(f"{rule}-objection", False, ("base-policy deny",))
    declaration = case.declaration
    if declaration:
        return Line(rule, True, (f"declaration {declaration.id}",))
    return Line(rule, True) if case.is_reason_given else Line(f"{rule}-reason", False)


def professional_is_authorised(case: Case) -> Line | None:
    """A12: in the normal mode a professional reads by a valid authorisation."""
    if not case.is_professional or not case.reads or case.is_emergency:
        return None
    status, by = case.authorisation
    consents: tuple[str, ...] = ()
    if by:
        holder = by.holder
        consents = (f"authorise {holder.kind.value} {named(holder.identifier)} {by.origin.value}",)
    if status is AuthorisationStatus.VALID:
        return Line("A12", True, consents)
    if case.is_open_to_professionals:
        return Line("A12", True, (f"base-policy {case.record.base_policy.value}",))
    if status is AuthorisationStatus.EXPIRED:
        return Line("A12-expired", False, consents)
    return Line("A12-no-authorisation", False)


def individual_reads(case: Case) -> Line | None:
    """A13: a structure's certificate alone reads nothing."""
    if not case.reads:
        return None
    if case.is_professional:
        alone = case.subject.authentication is _INDIRECT
    else:
        alone = case.kind is SubjectKind.STRUCTURE
    return Line("A13-individual-required", False) if alone else None


def delegate_acts(case: Case) -> Line | None:
    """A14: a delegate enters documents for a named principal, in a period."""
    if case.kind is not SubjectKind.DELEGATE or not (case.reads or case.writes):
        return None
    if case.reads and case.operation not in case.policy.delegate_read_operations:
        return Line("A14-delegate-read", False)
    delegation = case.delegation
    if delegation is None:
        return Line("A14-delegation", False)
    who = f"delegation {named(delegation.delegate)} for {named(delegation.principal)}"
    if case.reads and case.principal_authorisation is not AuthorisationStatus.VALID:
        return Line("A14-delegate-read", False, (who,))
    return Line("A14", True, (who,))


def representative_acts(case: Case) -> Line | None:
    """A15: by a link that holds now; otherwise nobody has such a record."""
    if case.kind is not SubjectKind.REPRESENTATIVE:
        return None
    link = case.representation
    if link is None:
        return Line("A15", False)
    return Line("A15", True, (f"representative {named(link.person)} {link.title}",))


def patient_acts(case: Case) -> Line | None:
    """A16: on the own record; nobody has any other."""
    if case.kind is not SubjectKind.PATIENT:
        return None
    return Line("A16", case.is_own)


def service_is_authorised(case: Case) -> Line | None:
    """A17: the patient gave the application classes of documents for a time."""
    if case.kind is not SubjectKind.SERVICE:
        return None
    if not case.service_classes:
        return Line("A17-service", False)
    return Line("A17", True, (f"service {case.subject.key}",))


def keepers_read_nothing(case: Case) -> Line | None:
    """A18: operators and auditors see no document; auditors see events, choices and reasons."""
    if case.kind not in KEEPERS:
        return None
    if case.operation is Operation.ADMINISTER and case.kind in case.policy.administer_kinds:
        return None
    if case.operation is Operation.RECORD:
        return None
    seen = (Operation.AUDIT, Operation.HISTORY, Operation.READ_CHOICES, Operation.EXPLAIN)
    if case.kind is SubjectKind.AUDITOR and case.operation in seen:
        return Line("A18", True)
    return Line("A18", False)


def purpose_is_allowed(case: Case) -> Line | None:
    """A19: insurance, employment, expertise for a contract: whatever the patient agreed to."""
    policy = case.policy
    if names_any(case.access.purposes, policy.forbidden_purposes) or names_any(
        case.subject.roles, policy.forbidden_roles
    ):
        return Line("A19-forbidden-purpose", False)
    return None


def somebody_else_serves(case: Case) -> Line | None:
    """A20: heirs and courts go to the operator; who acted for a patient that died is an heir."""
    if names_any(case.access.purposes, case.policy.outside_purposes) or (
        case.record.deceased and case.kind is SubjectKind.REPRESENTATIVE
    ):
        return Line("A20", False)
    return None


LINES: tuple[tuple[str, Callable[[Case], Line | None]], ...] = (
    ("A1", operation_is_possible),
    ("A2", record_exists),
    ("A3", identity_is_sure),
    ("A4", record_is_open),
    ("A5", patient_lives),
    ("A6", nobody_is_blocked),
    ("A7", source_is_welcome),
    ("A8", feeding_needs_nothing),
    ("A10", regulation_centre),
    ("A11", break_glass),
    ("A12", professional_is_authorised),
    ("A13", individual_reads),
    ("A14", delegate_acts),
    ("A15", representative_acts),
    ("A16", patient_acts),
    ("A17", service_is_authorised),
    ("A18", keepers_read_nothing),
    ("A19", purpose_is_allowed),
    ("A20", somebody_else_serves),
)
"""In the order of the table. A9, hiding everything, neither passes nor refuses here: a refusal of
its own would tell what the patient did."""

WITHOUT_RECORD = frozenset({"A1", "A2", "A18", "A19", "A20"})
"""The lines that look at no record."""

_PROFESSIONAL = frozenset({SubjectKind.PROFESSIONAL})
_ONLY: dict[str, tuple[Iterable[SubjectKind], Iterable[Operation], Iterable[Mode]]] = {
    "A3": (SubjectKind, WRITES, Mode),
    "A5": (SubjectKind, WRITES, Mode),
    "A6": (_BLOCKED, set(Operation) - {Operation.STATUS}, Mode),
    "A7": (FEEDERS, WRITES, Mode),
    "A8": (SubjectKind, WRITES, Mode),
    "A10": (SubjectKind, {Operation.READ}, {Mode.REGULATION}),
    "A11": (SubjectKind, WRITES | {Operation.READ}, {Mode.BREAK_GLASS}),
    "A12": (_PROFESSIONAL, READS, {Mode.NORMAL}),
    "A13": (_PROFESSIONAL | {SubjectKind.STRUCTURE}, READS, Mode),
    "A14": ({SubjectKind.DELEGATE}, (*READS, *WRITES), Mode),
    "A15": ({SubjectKind.REPRESENTATIVE}, Operation, Mode),
    "A16": ({SubjectKind.PATIENT}, Operation, Mode),
    "A17": ({SubjectKind.SERVICE}, Operation, Mode),
    "A18": (KEEPERS, Operation, Mode),
}
"""The kinds, operations and modes a line is about; the others are about all."""


@cache
def concerning(
    kind: SubjectKind, operation: Operation, mode: Mode, on_record: bool
) -> tuple[Callable[[Case], Line | None], ...]:
    """Give the lines that may concern a request: the others are skipped whatever it says."""
    found = []
    for name, judge in LINES:
        kinds, operations, modes = _ONLY.get(name, (SubjectKind, Operation, Mode))
        if (
            (on_record or name in WITHOUT_RECORD)
            and kind in kinds
            and operation in operations
            and mode in modes
        ):
            found.append(judge)
    return tuple(found)


def _refusal(case: Case, line: Line, tried: tuple[tuple[str, str], ...]) -> Decision:
    return Decision(
        permitted=False,
        rule=line.rule,
        reason=reason_of(case, line.rule),
        consents=line.consents,
        tried=tried,
    )
