"""The finite core, wholly: every combination of what decisions look at.

The oracle beside the engine is the formula of section 3.2 and the sentences of section 3.1, written
without the engine's values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from gateway.consent import decide, is_visible
from gateway.consent.decision import Decision
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.model.choices import Period, Representative, Service
from gateway.model.datatypes import DateTime
from gateway.model.record import Delegation, Record, RecordStatus
from gateway.model.subject import Authentication, Mode, Operation, Subject, SubjectKind, same_key
from tests.consent.people import (
    CENTRE,
    DR_A,
    DR_B,
    DR_C,
    MEDICATION_REVIEW,
    MOTHER,
    NOW,
    PHYSICIAN,
    PHYSIOTHERAPY,
    REPORT,
    REPORTS,
    SECRETARY,
    P,
    authorised,
    declaration,
    facts,
    person,
    policy,
    record,
    request,
)

OPERATIONS = (Operation.READ, Operation.SUBMIT)
SETS = tuple(
    frozenset(chosen) for size in range(4) for chosen in itertools.combinations(Restriction, size)
)
PAST, FUTURE = "20261122090000", "20261122110000"
DOCUMENTS = tuple(
    (restrictions, until)
    for restrictions in SETS
    for until in (("", PAST, FUTURE) if Restriction.HIDDEN_FROM_PATIENT in restrictions else ("",))
)


@dataclass(frozen=True)
class World:
    """One point of the core."""

    kind: SubjectKind
    mode: Mode
    operation: Operation
    individual: bool
    blocked: bool
    authorisation: str
    status: RecordStatus
    hide_all: bool
    gp: bool
    owner: bool
    restrictions: frozenset[Restriction]
    hidden_until: str
    granted: bool
    objection: bool
    reason: bool

    def decide(self) -> Decision:
        """What the engine says."""
        return decided(self)

    @property
    def subject(self) -> Subject:
        who = {
            SubjectKind.PATIENT: P,
            SubjectKind.REPRESENTATIVE: MOTHER,
            SubjectKind.DELEGATE: SECRETARY,
            SubjectKind.STRUCTURE: None,
        }.get(self.kind, DR_B)
        return Subject(
            kind=self.kind,
            id=who,
            roles=(PHYSICIAN if self.granted else PHYSIOTHERAPY,),
            structure=CENTRE,
            on_behalf_of=DR_B if self.kind is SubjectKind.DELEGATE else None,
            authentication=(Authentication.DIRECT if self.individual else Authentication.INDIRECT),
        )

    @property
    def record(self) -> Record:
        end = {"valid": FUTURE, "expired": PAST}.get(self.authorisation)
        period = Period(end=DateTime(end or PAST))
        return record(
            birth_date="20110601",
            status=self.status,
            blocked=frozenset({same_key(DR_B)}) if self.blocked else frozenset(),
            authorisations=(authorised(end=end),) if end else (),
            hide_all=self.hide_all,
            gp=DR_B if self.gp else DR_A,
            allow_break_glass=not self.objection,
            allow_regulation=not self.objection,
            representatives=(
                (Representative(person=MOTHER, title="MTH", period=period),) if end else ()
            ),
            services=(Service(app=DR_B, scope=(REPORTS,), period=period),) if end else (),
            delegations=((Delegation(delegate=SECRETARY, principal=DR_B, end=end),) if end else ()),
        )

    @property
    def facts(self) -> DocumentFacts:
        return facts(
            restrictions=self.restrictions,
            hidden_until=self.hidden_until,
            owners=frozenset({same_key(DR_B if self.owner else DR_C)}),
            type_code=MEDICATION_REVIEW if not self.granted else REPORT,
        )

    # --- The oracle: the text, sentence by sentence ----------------------------------------------

    def record_rule(self) -> str:
        """Which line of section 3.1 decides, where the request is refused; else empty."""
        kind, mode, reads = self.kind, self.mode, self.operation is Operation.READ
        is_professional = kind is SubjectKind.PROFESSIONAL
        if kind is SubjectKind.SERVICE and not reads:
            return "A1-operation"
        if self.status is RecordStatus.NONE:
            return "A2-no-record"
        if self.status is RecordStatus.CLOSED:
            return "A4-closed"
        if self.blocked and kind in {SubjectKind.PROFESSIONAL, SubjectKind.DELEGATE}:
            return "A6-blocked"
        if mode is Mode.REGULATION and reads:
            if not (is_professional and self.individual and self.granted):
                return "A10-eligible"
            if self.objection:
                return "A10-objection"
            if not self.reason:
                return "A10-reason"
        if mode is Mode.BREAK_GLASS:
            if not (is_professional and self.individual):
                return "A11-eligible"
            if self.objection:
                return "A11-objection"
            if not self.reason:
                return "A11-reason"
        if is_professional and reads and mode is Mode.NORMAL:
            if self.authorisation == "expired":
                return "A12-expired"
            if self.authorisation == "none":
                return "A12-no-authorisation"
        if reads and (kind is SubjectKind.STRUCTURE or (is_professional and not self.individual)):
            return "A13-individual-required"
        if kind is SubjectKind.DELEGATE:
            if reads:
                return "A14-delegate-read"
            if self.authorisation != "valid":
                return "A14-delegation"
        if kind is SubjectKind.REPRESENTATIVE and self.authorisation != "valid":
            return "A15"
        if kind is SubjectKind.SERVICE and self.authorisation != "valid":
            return "A17-service"
        if kind in {SubjectKind.AUDITOR, SubjectKind.OPERATOR}:
            return "A18"
        return ""

    def is_visible(self) -> bool:
        """The formulas of section 3.2, for readers."""
        masked = Restriction.MASKED in self.restrictions
        hidden = Restriction.HIDDEN_FROM_PATIENT in self.restrictions and self.hidden_until != PAST
        if self.kind is SubjectKind.PATIENT:
            return not hidden
        if self.kind is SubjectKind.REPRESENTATIVE:
            return not hidden and (Restriction.HIDDEN_FROM_REPRESENTATIVES not in self.restrictions)
        if self.kind is SubjectKind.SERVICE:
            return not (hidden or masked or self.hide_all)
        if self.owner:
            return True
        return not (self.hide_all or (masked and not self.gp)) and self.granted


@cache
def decided(world: World) -> Decision:
    return decide(
        request(world.subject, world.mode, "unconscious" if world.reason else ""),
        world.operation,
        world.facts,
        world.record,
        policy(),
        NOW,
    )


READERS = (
    SubjectKind.PATIENT,
    SubjectKind.REPRESENTATIVE,
    SubjectKind.PROFESSIONAL,
    SubjectKind.SERVICE,
)


def worlds() -> Iterator[World]:
    """Every point; what does not matter to a kind of subject is not varied for it."""
    both = (False, True)
    for kind, mode, operation in itertools.product(SubjectKind, Mode, OPERATIONS):
        is_professional = kind is SubjectKind.PROFESSIONAL
        concerns = both if is_professional else (False,)
        shows = operation is Operation.READ and kind in READERS
        for values in itertools.product(
            both if is_professional else (True,),
            both,
            ("valid", "expired", "none"),
            RecordStatus,
            both if shows else (False,),
            concerns,
            concerns if shows else (False,),
            DOCUMENTS if shows else DOCUMENTS[:1],
            both if is_professional else (True,),
            both if mode is not Mode.NORMAL else (False,),
            both if mode is not Mode.NORMAL else (True,),
        ):
            *state, document, granted, objection, reason = values
            status, owner = state[3], state[6]
            if status is not RecordStatus.ACTIVE and (document != DOCUMENTS[0] or owner):
                continue  # the record gate refuses; the document does not matter
            yield World(kind, mode, operation, *state, *document, granted, objection, reason)


def test_the_engine_says_of_every_point_what_the_text_says() -> None:
    rules = set()
    points = 0
    for world in worlds():
        points += 1
        decision = world.decide()
        rules.add(decision.rule)
        refused_by = world.record_rule()
        if refused_by:
            assert (decision.permitted, decision.rule) == (False, refused_by), world
            assert decision.reason is not None
            continue
        assert decision.reason is None, world
        if world.operation is Operation.READ:
            assert decision.permitted == world.is_visible(), (world, decision)
            assert decision.rule.startswith("B")
            assert decision.permitted == is_visible(decision.rule)
        if world.blocked and world.kind is SubjectKind.PROFESSIONAL:
            raise AssertionError(f"a blocked professional passed: {world}")
    assert points > 20_000
    assert {
        *("A1-operation", "A2-no-record", "A4-closed", "A6-blocked"),
        *("A10-eligible", "A10-objection", "A10-reason"),
        *("A11-eligible", "A11-objection", "A11-reason"),
        *("A12-expired", "A12-no-authorisation", "A13-individual-required"),
        *("A14-delegate-read", "A14-delegation", "A15", "A17-service", "A18"),
        *("B1", "B2", "B2b", "B3", "B4", "B5", "B6", "B99"),
    } <= rules


def test_a_restriction_more_never_shows_a_document_more() -> None:
    for world in worlds():
        if world.status is not RecordStatus.ACTIVE or world.operation is not Operation.READ:
            continue
        if world.decide().permitted:
            continue
        stricter = [
            replace(world, blocked=True),
            replace(world, hide_all=True),
            replace(world, objection=True),
            replace(
                world,
                restrictions=world.restrictions | {Restriction.MASKED},
            ),
        ]
        if world.authorisation == "valid":
            stricter.append(replace(world, authorisation="expired"))
        for other in stricter:
            assert not other.decide().permitted, (world, other)


def test_the_other_rules_are_reached_as_well() -> None:
    """Those that need no combination: each by its own sentence in the tests of the gates."""
    unsure, dead = record(identity_qualified=False), record(deceased="2026")
    hospital = Subject(kind=SubjectKind.STRUCTURE, structure=CENTRE)
    for of, rule in ((unsure, "A3-identity"), (dead, "A5-deceased")):
        decision = decide(request(hospital), Operation.SUBMIT, facts(), of, policy(), NOW)
        assert decision.rule == rule
    window = (declaration(person("B")),)
    silent = request(
        Subject(kind=SubjectKind.PROFESSIONAL, id=DR_B, roles=(PHYSICIAN,)), Mode.BREAK_GLASS
    )
    inside = decide(silent, Operation.READ, facts(), record(), policy(), NOW, declarations=window)
    assert inside.rule == "B99"
