"""The document gate: which documents are there for whom, and by which rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.consent import decide, gate, is_visible, narrow, see
from gateway.consent.decision import Obligation
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.model.choices import (
    AuthoredBy,
    BasePolicy,
    Holder,
    HolderKind,
    Labelled,
    Period,
    Representative,
    Service,
    WrittenIn,
)
from gateway.model.datatypes import Code, DateTime
from gateway.model.record import Delegation, Record
from gateway.model.subject import Authentication, Mode, Operation, Subject, SubjectKind, same_key
from gateway.profile import AccessPolicy
from tests.consent.people import (
    CENTRE,
    DELIVERY,
    DENTAL,
    DIRECTIVES,
    DR_A,
    DR_B,
    DR_C,
    HOSPITAL,
    LEVELS,
    MEDICATION_REVIEW,
    MOTHER,
    NOW,
    OWN_CLASS,
    PHYSICIAN,
    PHYSIOTHERAPY,
    PODIATRY,
    REPORTS,
    RESIDENCE,
    SECRETARY,
    P,
    Q,
    authorised,
    delegate,
    facts,
    hospital,
    in_hospital,
    patient,
    person,
    policy,
    professional,
    record,
    representative,
    request,
)

HIDDEN, MASKED, FROM_PARENTS = (
    frozenset({Restriction.HIDDEN_FROM_PATIENT}),
    frozenset({Restriction.MASKED}),
    frozenset({Restriction.HIDDEN_FROM_REPRESENTATIVES}),
)
LATER = "20261201000000"
AUTHORISED = record(authorisations=(authorised(),))
MINOR = record(birth_date="20110601", representatives=(Representative(person=MOTHER, title="MTH"),))
APP = Subject(kind=SubjectKind.SERVICE, id=person("app"))
SERVED = record(services=(Service(app=person("app"), scope=(REPORTS,)),))


def rule(
    subject: Subject,
    document: DocumentFacts,
    of: Record = AUTHORISED,
    *,
    mode: Mode = Mode.NORMAL,
    by: AccessPolicy | None = None,
    now: str = NOW,
) -> str:
    access = request(subject, mode, "unconscious")
    decision = decide(access, Operation.READ, document, of, by or policy(), now)
    assert decision.permitted == is_visible(decision.rule), decision
    return decision.rule


# --- B0 to B2b -----------------------------------------------------------------------------------


def test_a_deleted_document_is_nowhere() -> None:
    gone = facts(deleted=True, owners=frozenset({same_key(DR_B)}))
    assert rule(professional(), gone) == "B0"
    assert rule(patient(), gone) == "B0"


@pytest.mark.parametrize("whose", [Q, None])
def test_a_document_of_another_patient_is_nowhere(whose: object) -> None:
    other = replace(facts(), patient=whose, owners=frozenset({same_key(DR_B)}))  # type: ignore[arg-type]
    assert rule(professional(), other) == "B0"
    same = replace(facts(), patient=replace(P, text=P.text + "^NH"))
    assert rule(professional(), same) == "B99"


def test_a_hidden_document_comes_to_the_patient_at_its_moment() -> None:
    hidden = facts(restrictions=HIDDEN, hidden_until="20261122100000")
    assert rule(patient(), hidden, now="20261122095959") == "B1"
    assert rule(patient(), hidden, now="20261122100000") == "B99"
    assert rule(patient(), facts(restrictions=HIDDEN)) == "B1"


def test_a_parent_waits_like_the_patient_and_never_sees_what_is_hidden_from_parents() -> None:
    hidden = facts(restrictions=HIDDEN, hidden_until=LATER)
    assert rule(representative(), hidden, MINOR) == "B2b"
    assert rule(representative(), facts(restrictions=FROM_PARENTS), MINOR) == "B2"
    assert rule(patient(), facts(restrictions=FROM_PARENTS), MINOR) == "B99"
    both = facts(restrictions=FROM_PARENTS | HIDDEN, hidden_until=NOW)
    assert rule(representative(), both, MINOR) == "B2"


def test_masks_are_not_for_patients() -> None:
    assert rule(patient(), facts(restrictions=MASKED), record(hide_all=True)) == "B99"


# --- B3, B4 --------------------------------------------------------------------------------------


def test_a_masked_document_is_there_for_its_author_and_the_attending_doctor() -> None:
    masked = facts(restrictions=MASKED)
    known = replace(AUTHORISED, gp=DR_A, authorisations=tuple(map(authorised, (DR_A, DR_B, DR_C))))
    assert rule(professional(DR_B), masked, known) == "B4"
    assert rule(professional(DR_A), masked, known) == "B99"
    assert rule(professional(DR_C), masked, known) == "B3"
    unseen = replace(policy(), gp_sees_masked=False)
    assert rule(professional(DR_A), masked, known, by=unseen) == "B4"


def test_who_belongs_to_the_depositing_structure_keeps_its_documents() -> None:
    deposited = facts(restrictions=MASKED, owners=frozenset({same_key(HOSPITAL)}))
    assert rule(in_hospital(), deposited) == "B3"
    assert rule(professional(), deposited) == "B4"


def test_hiding_everything_leaves_the_author_and_not_the_attending_doctor() -> None:
    hidden = replace(
        AUTHORISED, hide_all=True, gp=DR_A, authorisations=tuple(map(authorised, (DR_A, DR_C)))
    )
    assert rule(professional(DR_A), facts(), hidden) == "B4"
    assert rule(professional(DR_C), facts(), hidden) == "B3"
    strict = replace(policy(), hide_all_beats_author=True)
    assert rule(professional(DR_C), facts(), hidden, by=strict) == "B4"


def test_emergencies_reveal_nothing_that_is_masked() -> None:
    masked = facts(restrictions=MASKED)
    assert rule(professional(), masked, mode=Mode.BREAK_GLASS) == "B4"
    assert rule(professional(structure=CENTRE), masked, mode=Mode.REGULATION) == "B4"
    assert rule(professional(), facts(), record(hide_all=True), mode=Mode.BREAK_GLASS) == "B4"
    reveals = replace(policy(), emergency_reveals_masked=True)
    assert rule(professional(), masked, mode=Mode.BREAK_GLASS, by=reveals) == "B99"
    hidden = record(hide_all=True)
    assert rule(professional(), masked, hidden, mode=Mode.BREAK_GLASS, by=reveals) == "B4"


@pytest.mark.parametrize(
    ("mask", "document", "away"),
    [
        (
            AuthoredBy(author=Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_C)),
            facts(),
            True,
        ),
        (
            AuthoredBy(author=Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_C)),
            facts(authors=frozenset()),
            False,
        ),
        (WrittenIn(period=Period(start=DateTime("202611"))), facts(), True),
        (WrittenIn(period=Period(end=DateTime("202610"))), facts(), False),
        (WrittenIn(period=Period(end=DateTime("202610"))), facts(creation_time="2026"), True),
        (WrittenIn(period=Period(end=DateTime("202610"))), facts(creation_time=""), True),
        (WrittenIn(period=Period(end=DateTime("20261101"))), facts(), True),
        (Labelled(label="R"), facts(), False),
        (Labelled(label="R"), facts(confidentiality=(Code("R", LEVELS),)), True),
        (Labelled(label="R"), facts(confidentiality=(Code("R", "2.999"),)), False),
    ],
)
def test_masks_of_authors_periods_and_labels_keep_away(
    mask: AuthoredBy | WrittenIn | Labelled, document: DocumentFacts, away: bool
) -> None:
    known = replace(AUTHORISED, masks=(mask,), gp=DR_A)
    known = replace(known, authorisations=tuple(map(authorised, (DR_A, DR_B, DR_C))))
    assert rule(professional(), document, known) == ("B4" if away else "B99")
    assert rule(professional(DR_A), document, known) == "B99"
    assert rule(professional(DR_C), document, known) == "B3"
    assert rule(patient(), document, known) == "B99"


# --- B5, B6 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "type_code", "expected"),
    [
        (DENTAL, MEDICATION_REVIEW, "B99"),
        (PHYSIOTHERAPY, MEDICATION_REVIEW, "B5"),
        (PODIATRY, DELIVERY, "B5"),
        (DENTAL, DIRECTIVES, "B5"),
        (PHYSICIAN, DIRECTIVES, "B99"),
        (PHYSICIAN, RESIDENCE, "B5"),
        (PHYSICIAN, Code("unheard-of", "2.999"), "B5"),
        (PHYSICIAN, None, "B5"),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_the_matrix_holds_in_every_mode(
    role: Code, type_code: Code | None, expected: str, mode: Mode
) -> None:
    if mode is Mode.REGULATION and role != PHYSICIAN:
        return
    subject = professional(role=role, structure=CENTRE)
    assert rule(subject, facts(type_code=type_code), mode=mode) == expected


def test_who_recorded_a_document_keeps_it_whatever_the_matrix_says() -> None:
    own = facts(type_code=MEDICATION_REVIEW, owners=frozenset({same_key(DR_B)}))
    assert rule(professional(role=PHYSIOTHERAPY), own) == "B3"


def test_a_community_may_lift_the_matrix_in_emergencies() -> None:
    lifted = replace(policy(), emergency_matrix_applies=False)
    document = facts(type_code=RESIDENCE)
    assert rule(professional(), document, mode=Mode.BREAK_GLASS, by=lifted) == "B99"
    assert rule(professional(), document, by=lifted) == "B5"


def test_an_application_sees_its_classes_without_what_is_masked_or_hidden() -> None:
    assert rule(APP, facts(), SERVED) == "B99"
    assert rule(APP, facts(class_code=OWN_CLASS), SERVED) == "B6"
    assert rule(APP, facts(class_code=None), SERVED) == "B6"
    assert rule(APP, facts(restrictions=MASKED), SERVED) == "B6"
    assert rule(APP, facts(restrictions=HIDDEN, hidden_until=LATER), SERVED) == "B6"
    assert rule(APP, facts(), replace(SERVED, hide_all=True)) == "B6"
    shown = replace(policy(), mask_hides_from_services=False)
    assert rule(APP, facts(restrictions=MASKED), SERVED, by=shown) == "B99"


# --- Base policies, writers ----------------------------------------------------------------------


def test_the_basic_policy_shows_normal_documents_to_those_without_authorisation() -> None:
    basic, everything = (
        record(base_policy=base) for base in (BasePolicy.BASIC_NORMAL, BasePolicy.ALL_NORMAL)
    )
    restricted = facts(confidentiality=(Code("R", LEVELS),))
    assert rule(professional(), facts(), basic) == "B99"
    assert rule(professional(), restricted, basic) == "B4"
    assert rule(professional(), restricted, everything) == "B99"
    assert rule(professional(), restricted, replace(basic, authorisations=(authorised(),))) == "B99"
    assert rule(professional(DR_A), restricted, replace(basic, gp=DR_A)) == "B4"


@pytest.mark.parametrize(
    ("subject", "owner"),
    [
        (professional(DR_C), DR_C),
        (hospital(), HOSPITAL),
        (delegate(), DR_B),
        (professional(DR_C, authentication=Authentication.INDIRECT), DR_C),
    ],
)
def test_a_writer_who_may_not_read_sees_what_is_his_own(subject: Subject, owner: object) -> None:
    feeding = record(delegations=(Delegation(delegate=SECRETARY, principal=DR_B),))
    decision = gate(request(subject), Operation.SUBMIT, feeding, policy(), NOW)
    assert decision.visibility is not None
    own = facts(owners=frozenset({same_key(owner)}))  # type: ignore[arg-type]
    other = facts(owners=frozenset({same_key(MOTHER)}))
    assert see(decision.visibility, own) == "B3"
    assert not is_visible(see(decision.visibility, other))


def test_a_writer_who_may_read_sees_what_he_may_read() -> None:
    for mode in (Mode.NORMAL, Mode.BREAK_GLASS):
        access = request(professional(), mode, "unconscious")
        seen = narrow(access, AUTHORISED, policy(), NOW, Operation.UPDATE)
        assert see(seen, facts()) == "B99"
    regulating = request(professional(structure=CENTRE), Mode.REGULATION, "call")
    seen = narrow(regulating, AUTHORISED, policy(), NOW, Operation.SUBMIT)
    assert not is_visible(see(seen, facts()))


@pytest.mark.parametrize("operation", [Operation.STATUS, Operation.DECLARE, Operation.READ_CHOICES])
def test_operations_that_open_no_document_show_none(operation: Operation) -> None:
    decision = gate(request(professional()), operation, AUTHORISED, policy(), NOW)
    assert decision.visibility is not None
    own = facts(owners=frozenset({same_key(DR_B)}))
    assert not is_visible(see(decision.visibility, own))


def test_an_empty_folder_is_known_by_its_creator() -> None:
    decision = gate(request(professional()), Operation.READ, AUTHORISED, policy(), NOW)
    assert decision.visibility is not None
    assert decision.visibility.creator == {same_key(DR_B)}


# --- Obligations ---------------------------------------------------------------------------------


def test_professionals_are_warned_of_what_others_do_not_see_yet() -> None:
    hidden = facts(restrictions=HIDDEN | FROM_PARENTS, hidden_until=LATER, class_code=OWN_CLASS)
    access = request(professional())
    decision = decide(access, Operation.READ, hidden, AUTHORISED, policy(), NOW)
    assert {
        Obligation.ALERT_HIDDEN_PATIENT,
        Obligation.ALERT_HIDDEN_REPRESENTATIVES,
        Obligation.ORIGIN_PATIENT,
    } <= decision.obligations
    released = decide(access, Operation.READ, hidden, AUTHORISED, policy(), LATER)
    assert Obligation.ALERT_HIDDEN_PATIENT not in released.obligations
    masked = decide(access, Operation.READ, facts(restrictions=MASKED), AUTHORISED, policy(), NOW)
    assert not masked.obligations
    assert masked.reason is None


def test_a_refused_request_has_the_rule_of_the_record_gate() -> None:
    decision = decide(
        request(professional(DR_C)), Operation.READ, facts(), AUTHORISED, policy(), NOW
    )
    assert (decision.permitted, decision.rule) == (False, "A12-no-authorisation")
