"""From what was said to the state of a record: later acts, denials, and no order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent import gate, record_from
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
)
from gateway.model.datatypes import DateTime
from gateway.model.patient import Patient, RecordState
from gateway.model.record import Delegation, Record, RecordStatus
from gateway.model.subject import Operation, same_key
from tests.consent.people import (
    DR_A,
    DR_B,
    DR_C,
    HOSPITAL,
    MOTHER,
    NOW,
    REPORTS,
    SECRETARY,
    P,
    authorised,
    person,
    policy,
    professional,
    request,
)

PATIENT = Patient(identifiers=(P,), birth_date=DateTime("19800501"))
B = Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_B)
GLASS = EmergencyKind.BREAK_GLASS


@dataclass(frozen=True)
class Kept:
    """A statement as it is kept."""

    id: str
    statement: Statement
    recorded: str = "20261120120000"
    version: int = 1
    active: bool = True


def said(when: str, *choices: Choice, **kept: object) -> Kept:
    statement = Statement(patient_id=P, date_time=DateTime(when) if when else None, choices=choices)
    name = str(kept.pop("id", f"{when} {choices!r}"))
    return Kept(name, statement, **kept)  # type: ignore[arg-type]


def folded(*statements: Kept, patient: Patient = PATIENT) -> Record:
    return record_from(patient, statements, 7)


MONDAY, TUESDAY = "20261116090000", "20261117090000"

OPPOSED = [
    (Authorise(holder=B), Revoke(holder=B), "authorisations", ()),
    (Unblock(professional=DR_B), Block(professional=DR_B), "blocked", {same_key(DR_B)}),
    (Emergency(kind=GLASS, allowed=True), Emergency(kind=GLASS, allowed=False), None, None),
    (HideAll(hidden=False), HideAll(hidden=True), "hide_all", True),
    (Open(), Close(), "status", RecordStatus.CLOSED),
    (
        Unmask(target=Labelled(label="R")),
        Mask(target=Labelled(label="R")),
        "masks",
        (Labelled(label="R"),),
    ),
]


@pytest.mark.parametrize(("permit", "deny", "attribute", "denied"), OPPOSED)
def test_the_later_of_two_opposite_acts_holds_and_of_two_at_once_the_one_that_denies(
    permit: Choice, deny: Choice, attribute: str | None, denied: object
) -> None:
    attribute = attribute or "allow_break_glass"
    denied = False if denied is None else denied
    for order in permutations((said(MONDAY, permit), said(TUESDAY, deny))):
        assert getattr(folded(*order), attribute) == denied
    for order in permutations((said(TUESDAY, permit), said(MONDAY, deny))):
        assert getattr(folded(*order), attribute) != denied
    for order in permutations((said(MONDAY, permit), said(MONDAY, deny))):
        assert getattr(folded(*order), attribute) == denied


def test_taking_something_back_the_same_day_counts() -> None:
    block = said("20261120", Block(professional=DR_B), recorded="20261120080000")
    unblock = said("20261120", Unblock(professional=DR_B), recorded="20261120170000")
    assert folded(block, unblock).blocked == frozenset()


def test_inactive_and_older_versions_do_not_count() -> None:
    first = said(MONDAY, HideAll(hidden=True), id="one")
    assert not folded(replace(first, active=False)).hide_all
    assert not folded(first, replace(first, version=2, active=False)).hide_all
    assert folded(replace(first, version=2), replace(first, active=False)).hide_all


def test_a_block_and_an_authorisation_both_stand_and_the_block_wins_whenever_it_was_said() -> None:
    for times in ((MONDAY, TUESDAY), (TUESDAY, MONDAY), (MONDAY, MONDAY)):
        state = folded(
            said(times[0], Authorise(holder=B)), said(times[1], Block(professional=DR_B))
        )
        decision = gate(request(professional()), Operation.READ, state, policy(), NOW)
        assert decision.rule == "A6-blocked"


@pytest.mark.parametrize("base", [BasePolicy.DENY, BasePolicy.BREAK_GLASS_ONLY])
def test_a_denying_base_policy_is_softened_by_its_own_statement_only(base: BasePolicy) -> None:
    deny = said(MONDAY, Open(policy=base))
    elsewhere = said(TUESDAY, Authorise(holder=B))
    general = said(TUESDAY, Open(policy=BasePolicy.ALL_NORMAL))
    state = folded(deny, elsewhere, general)
    assert state.base_policy is base
    assert state.authorisations == ()
    itself = said(MONDAY, Open(policy=base), Authorise(holder=B))
    assert folded(itself, elsewhere, general).authorisations == (Authorise(holder=B),)


def test_the_last_base_policy_that_denies_nothing_holds() -> None:
    basic = said(MONDAY, Open(policy=BasePolicy.BASIC_NORMAL))
    domain = said(TUESDAY, Open())
    assert folded(basic).base_policy is BasePolicy.BASIC_NORMAL
    assert folded(domain, basic).base_policy is BasePolicy.DOMAIN


def test_a_reopened_record_keeps_its_choices() -> None:
    state = folded(
        said(MONDAY, Block(professional=DR_B)),
        said(TUESDAY, Close()),
        said("20261118", Open()),
    )
    assert state.status is RecordStatus.ACTIVE
    assert state.closed_on == ""
    assert state.blocked == {same_key(DR_B)}


def test_what_the_directory_says_of_a_patient_is_part_of_the_record() -> None:
    told = RecordState(
        closed_on=DateTime("20261110"),
        deceased=DateTime("20261109"),
        identity_qualified=False,
        gp=DR_A,
    )
    state = folded(patient=replace(PATIENT, record=told))
    assert (state.status, state.closed_on) == (RecordStatus.CLOSED, "20261110")
    assert (state.deceased, state.identity_qualified, state.gp) == ("20261109", False, DR_A)
    assert (state.patient, state.birth_date, state.policy_version) == (P, "19800501", 7)
    assert folded(patient=replace(PATIENT, active=False)).status is RecordStatus.CLOSED


def test_presumed_and_declared_authorisations_start_when_they_were_said() -> None:
    state = folded(said(MONDAY, authorised(origin=Origin.SELF_DECLARED)))
    assert state.authorisations[0].period.start == DateTime(MONDAY)
    assert folded(said(MONDAY, authorised())).authorisations[0].period.start is None


def test_choices_without_opposite_are_all_there() -> None:
    objection = FeedObjection(
        source=Holder(kind=HolderKind.STRUCTURE, identifier=HOSPITAL),
        motive="employer",
        accepted_by=DR_A,
    )
    service = Service(app=person("app"), scope=(REPORTS,))
    link = Representative(person=MOTHER, title="MTH")
    delegation = Delegation(delegate=SECRETARY, principal=DR_B)
    kept = (said(MONDAY, objection), said(MONDAY, service), said(MONDAY, link))
    state = record_from(PATIENT, kept, 1, (delegation,))
    assert state.feed_objections == (objection,)
    assert state.services == (service,)
    assert state.representatives == (link,)
    assert state.delegations == (delegation,)
    app = Holder(kind=HolderKind.SERVICE, identifier=person("app"))
    assert folded(*kept, said(TUESDAY, Revoke(holder=app))).services == ()


def test_masks_of_one_document_stand_on_its_entry() -> None:
    assert folded(said(MONDAY, Mask(target=Document(id="urn:uuid:1")))).masks == ()


def test_a_mask_of_an_author_is_taken_back_however_the_identifier_is_written() -> None:
    author = Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_C)
    again = replace(author, identifier=replace(DR_C, text=DR_C.text + "^IDNPS"))
    state = folded(
        said(MONDAY, Mask(target=AuthoredBy(author=author))),
        said(TUESDAY, Unmask(target=AuthoredBy(author=again))),
    )
    assert state.masks == ()


ACTS = st.sampled_from(
    [
        *(act for permit, deny, _, _ in OPPOSED for act in (permit, deny)),
        *(Open(policy=base) for base in BasePolicy),
        Authorise(holder=replace(B, identifier=DR_C), origin=Origin.CARE_TEAM),
        Emergency(kind=EmergencyKind.REGULATION, allowed=False),
        Mask(target=AuthoredBy(author=B)),
        Unmask(target=AuthoredBy(author=B)),
        Service(app=person("app"), scope=(REPORTS,)),
        Representative(person=MOTHER, title="MTH"),
    ]
)
STATEMENTS = st.lists(
    st.builds(
        lambda name, when, choices, version, active: Kept(
            f"s{name}",
            Statement(patient_id=P, date_time=DateTime(when), choices=tuple(choices)),
            version=version * 10 + name,
            active=active,
        ),
        st.integers(0, 4),
        st.sampled_from([MONDAY, TUESDAY, "20261118", "20261120"]),
        st.lists(ACTS, min_size=1, max_size=3),
        st.integers(1, 3),
        st.booleans(),
    ),
    max_size=7,
    unique_by=lambda kept: (kept.id, kept.version),
)


@given(STATEMENTS, st.randoms())
def test_the_order_of_arrival_does_not_matter(statements: list[Kept], chance: object) -> None:
    shuffled = list(statements)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert folded(*shuffled) == folded(*statements)


@given(STATEMENTS)
def test_a_denial_more_never_opens_a_record(statements: list[Kept]) -> None:
    access = request(professional())
    before = gate(access, Operation.READ, folded(*statements), policy(), NOW)
    for denial in (Block(professional=DR_B), Revoke(holder=B), Close(), HideAll(hidden=True)):
        added = said("20261121", denial, id="last")
        after = gate(access, Operation.READ, folded(*statements, added), policy(), NOW)
        assert before.permitted or not after.permitted
