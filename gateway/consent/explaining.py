"""Why a request is decided as it is, and who can see a document.

The engine runs again with the same inputs; there is no second reading of the rules. What an
explanation holds is for the patient, about the own record, and for auditors.

Source:
    Section 8.2 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.consent.case import Case
from gateway.consent.deciding import decide
from gateway.consent.decision import Decision
from gateway.consent.document_gate import is_visible, masks_document, rules_of, see
from gateway.consent.record_gate import LINES, NOBODY, WITHOUT_RECORD, gate
from gateway.consent.visibility import DocumentFacts, Restriction, Visibility
from gateway.model.choices import Authorise, Holder, HolderKind
from gateway.model.datatypes import Code, Identifier
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import (
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    Subject,
    SubjectKind,
    same_key,
)
from gateway.profile.access import AccessPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One rule, and how it went.

    Attributes:
        outcome: ``passes``, ``refuses``, ``shows``, ``keeps away`` or ``does not apply``.
        consents: The choices it went by.
    """

    rule: str
    outcome: str
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with all that led to it.

    Attributes:
        inputs: What the rules looked at, by name.
        tried: Every rule of both gates, in order, whether it applied or not.
        as_now: Of another moment than the present: which inputs are those of the present all the
            same.
    """

    decision: Decision
    inputs: tuple[tuple[str, str], ...]
    tried: tuple[Tried, ...]
    as_now: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody, or some kind of people, and whether a document is there for them.

    Attributes:
        who: In words: ``patient``, ``authorised professionals``, …
        roles: Rows of the matrix, where it depends on them.
        decided_by: The choices that decided.
    """

    who: str
    mode: Mode
    visible: bool
    rule: str
    roles: tuple[str, ...] = ()
    decided_by: tuple[str, ...] = ()


def explain(
    access: AccessRequest,
    record: Record | None,
    policy: AccessPolicy,
    now: str,
    *,
    operation: Operation = Operation.READ,
    facts: DocumentFacts | None = None,
    declarations: tuple[EmergencyDeclaration, ...] = (),
) -> Explanation:
    """Explain a decision about a record, and about one document of it where one is given.

    Args:
        now: The moment to explain; another one than the present explains what was decided then, by
            the choices of the record that is given.
    """
    case = Case(access, operation, record or NOBODY, policy, now, declarations)
    if facts is None:
        decision = gate(access, operation, record, policy, now, declarations=declarations)
    else:
        decision = decide(access, operation, facts, record, policy, now, declarations=declarations)
    tried = list(_record_lines(case, record))
    permit = gate(access, operation, record, policy, now, declarations=declarations)
    if permit.visibility is not None and facts is not None:
        tried += _document_lines(permit.visibility, facts)
    return Explanation(
        decision=decision, inputs=tuple(_inputs(case, record, facts)), tried=tuple(tried)
    )


def _record_lines(case: Case, record: Record | None) -> Iterator[Tried]:
    for name, judge in LINES:
        line = judge(case) if record or name in WITHOUT_RECORD else None
        if line is None:
            yield Tried(rule=name, outcome="does not apply")
        else:
            outcome = "passes" if line.passes else "refuses"
            yield Tried(rule=line.rule, outcome=outcome, consents=line.consents)


def _document_lines(visibility: Visibility, facts: DocumentFacts) -> Iterator[Tried]:
    """Each rule of the document gate by itself, whatever the others say."""
    masked_by, hidden_by = rules_of(visibility)
    alone = visibility._replace(
        owned_by=frozenset(),
        hides_all=False,
        restrictions=frozenset(),
        masks=(),
        types=None,
        classes=None,
    )

    def keeps(rule: str, narrowed: Visibility, consents: tuple[str, ...] = ()) -> Tried:
        away = not is_visible(see(narrowed, facts))
        return Tried(
            rule=rule,
            outcome="keeps away" if away else "does not apply",
            consents=consents if away else (),
        )

    yield keeps("B0", alone)
    own = see(alone._replace(owned_by=visibility.owned_by), facts) == "B3"
    yield Tried(rule="B3", outcome="shows" if own else "does not apply")
    yield keeps(masked_by, alone._replace(hides_all=visibility.hides_all), ("hide-all",))
    for restriction, rule in (
        (Restriction.HIDDEN_FROM_PATIENT, hidden_by),
        (Restriction.HIDDEN_FROM_REPRESENTATIVES, "B2"),
        (Restriction.MASKED, masked_by),
    ):
        if restriction in visibility.restrictions:
            yield keeps(
                rule,
                alone._replace(restrictions=frozenset({restriction})),
                ("mask of the document",) if restriction is Restriction.MASKED else (),
            )
    for mask in visibility.masks:
        if masks_document(mask, facts):
            yield Tried(rule=masked_by, outcome="keeps away", consents=(f"mask {mask!r}",))
    if visibility.types is not None:
        yield keeps("B5", alone._replace(types=visibility.types))
    if visibility.classes is not None:
        yield keeps("B6", alone._replace(classes=visibility.classes))
    rule = see(visibility, facts)
    if rule == "B99":
        yield Tried(rule=rule, outcome="shows")


def _inputs(
    case: Case, record: Record | None, facts: DocumentFacts | None
) -> Iterator[tuple[str, str]]:
    subject, policy = case.subject, case.policy
    yield "subject", f"{subject.kind.value} {subject.key}"
    yield "authentication", subject.authentication.value
    yield "mode", case.access.mode.value
    yield "operation", case.operation.value
    yield "now", case.now
    yield "role", policy.row(subject.roles) or "none or not clear"
    version = policy.matrix_at(case.now)
    yield "matrix", version.version if version and policy.matrix_applies else "none"
    if record is not None:
        yield "record", record.status.value
        yield "policy version", str(record.policy_version)
        yield "base policy", record.base_policy.value
        yield "authorisation", case.authorisation[0].value
        yield "attending doctor", "yes" if case.is_gp else "no"
        yield "minor", "yes" if case.is_minor else "no"
        yield "everything hidden", "yes" if record.hide_all else "no"
    if facts is not None:
        yield "document", facts.entry_uuid
        yield "type", facts.type_code.code if facts.type_code else ""
        restrictions = sorted(one.name.lower() for one in facts.restrictions)
        yield "restrictions", ", ".join(restrictions)
        yield "hidden until", facts.hidden_until
        own = not case.owner_keys.isdisjoint(facts.owners)
        yield "recorded by who asks", "yes" if own else "no"


# --- Who can see this ----------------------------------------------------------------------------

SOMEBODY = Identifier.of("somebody")


def who_can_see(
    facts: DocumentFacts, record: Record, policy: AccessPolicy, now: str
) -> tuple[Viewer, ...]:
    """Say for whom a document is there: the people the record names, and professionals by role."""
    viewers = [
        _viewer(
            "patient",
            Subject(kind=SubjectKind.PATIENT, id=record.patient),
            facts,
            record,
            policy,
            now,
        )
    ]
    for link in record.representatives:
        person = Subject(kind=SubjectKind.REPRESENTATIVE, id=link.person)
        who = f"representative {same_key(link.person)} ({link.title})"
        viewers.append(_viewer(who, person, facts, record, policy, now))
    for service in record.services:
        app = Subject(kind=SubjectKind.SERVICE, id=service.app)
        who = f"application {same_key(service.app)}"
        viewers.append(_viewer(who, app, facts, record, policy, now))
    rows = _role_of_rows(policy)
    known = _authorised(record, SOMEBODY)
    viewers += _by_role("authorised professionals", SOMEBODY, rows, facts, known, policy, now)
    if record.gp is not None:
        known = _authorised(record, record.gp)
        viewers += _by_role("attending doctor", record.gp, rows, facts, known, policy, now)
    for key in sorted(facts.owners):
        value, _, authority = key.rpartition("^")
        owner = Identifier.of(value, authority)
        known = _authorised(record, owner)
        viewers += _by_role(f"author or depositor {key}", owner, rows, facts, known, policy, now)
    for key in sorted(record.blocked):
        value, _, authority = key.rpartition("^")
        blocked = Identifier.of(value, authority)
        viewers += _by_role(f"blocked {key}", blocked, rows, facts, record, policy, now)
    viewers += _by_role("other professionals", SOMEBODY, rows, facts, record, policy, now)
    for mode in (Mode.BREAK_GLASS, Mode.REGULATION):
        viewers += _by_role("other professionals", SOMEBODY, rows, facts, record, policy, now, mode)
    return tuple(dict.fromkeys(viewers))


def _authorised(record: Record, who: Identifier) -> Record:
    """The record as if the patient had authorised somebody."""
    holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=who)
    return replace(record, authorisations=(*record.authorisations, Authorise(holder=holder)))


def _role_of_rows(policy: AccessPolicy) -> dict[str, Code | None]:
    """A role for each row of the matrix; one without role where the matrix does not apply."""
    if not policy.matrix_applies:
        return {"": None}
    found: dict[str, Code | None] = {}
    for code, scheme in policy.roles:
        row = policy.row((Code(code, scheme),))
        if row is not None:
            found.setdefault(row, Code(code, scheme))
    return found


def _viewer(
    who: str,
    subject: Subject,
    facts: DocumentFacts,
    record: Record,
    policy: AccessPolicy,
    now: str,
    mode: Mode = Mode.NORMAL,
) -> Viewer:
    access = AccessRequest(subject=subject, mode=mode, reason="who can see this")
    decision = decide(access, Operation.READ, facts, record, policy, now)
    return Viewer(
        who=who,
        mode=mode,
        visible=decision.permitted,
        rule=decision.rule,
        decided_by=decision.consents,
    )


def _by_role(
    who: str,
    person: Identifier,
    rows: dict[str, Code | None],
    facts: DocumentFacts,
    record: Record,
    policy: AccessPolicy,
    now: str,
    mode: Mode = Mode.NORMAL,
) -> Iterable[Viewer]:
    """One viewer for all roles that fare alike."""
    alike: dict[Viewer, list[str]] = {}
    centre = next(iter(sorted(policy.regulation_structures - {"*"})), "")
    value, _, authority = centre.rpartition("^")
    structure = Identifier.of(value, authority) if mode is Mode.REGULATION and centre else None
    for row, role in rows.items():
        subject = Subject(
            kind=SubjectKind.PROFESSIONAL,
            id=person,
            roles=(role,) if role else (),
            structure=structure,
            authentication=Authentication.DIRECT,
        )
        viewer = _viewer(who, subject, facts, record, policy, now, mode)
        alike.setdefault(viewer, []).append(row)
    for viewer, names in alike.items():
        roles = tuple(name for name in names if name)
        yield replace(viewer, roles=() if len(alike) == 1 else roles)
