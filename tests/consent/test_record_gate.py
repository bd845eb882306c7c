"""The record gate, line by line: what passes, what refuses, and what the client is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.consent import AuthorisationStatus, authorisation_status, gate
from gateway.consent.decision import Decision, Obligation, PublicReason
from gateway.model.choices import (
    BasePolicy,
    FeedObjection,
    Holder,
    HolderKind,
    Origin,
    Period,
    Representative,
    Service,
)
from gateway.model.datatypes import Code, DateTime
from gateway.model.record import Delegation, Record, RecordStatus
from gateway.model.subject import (
    WRITES,
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    Subject,
    SubjectKind,
    same_key,
)
from tests.consent.people import (
    ACT_REASON,
    CENTRE,
    DR_A,
    DR_B,
    DR_C,
    HOSPITAL,
    MOTHER,
    NOW,
    NURSE,
    NURSING,
    PHYSICIAN,
    PROFESSIONS,
    REPORTS,
    SECRETARY,
    SECTORS,
    SPECIALITIES,
    P,
    Q,
    authorised,
    declaration,
    delegate,
    hospital,
    in_hospital,
    patient,
    patient_id,
    person,
    policy,
    professional,
    record,
    representative,
    request,
)

READ, SUBMIT = Operation.READ, Operation.SUBMIT
BREAK_GLASS, REGULATION = Mode.BREAK_GLASS, Mode.REGULATION
APP = Subject(kind=SubjectKind.SERVICE, id=person("app"))
AUDITOR = Subject(kind=SubjectKind.AUDITOR, id=person("auditor"))
OPERATOR = Subject(kind=SubjectKind.OPERATOR, id=person("operator"))
MINOR = record(birth_date="20110601", representatives=(Representative(person=MOTHER, title="MTH"),))


def asked(
    subject: Subject | AccessRequest,
    operation: Operation = READ,
    of: Record | None = record(),  # noqa: B008 - a value
    now: str = NOW,
    **more: object,
) -> Decision:
    access = subject if isinstance(subject, AccessRequest) else request(subject)
    return gate(access, operation, of, policy(), now, **more)  # type: ignore[arg-type]


def refused(decision: Decision) -> tuple[str, PublicReason | None]:
    assert not decision.permitted
    assert decision.visibility is None
    return decision.rule, decision.reason


# --- A1, A2 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "operation"),
    [
        (professional(), Operation.CHOOSE),
        (professional(), Operation.HISTORY),
        (professional(), Operation.AUDIT),
        (professional(), Operation.ADMINISTER),
        (hospital(), Operation.CHOOSE),
        (delegate(), Operation.DELETE),
        (delegate(), Operation.DECLARE),
        (APP, Operation.SUBMIT),
        (APP, Operation.UPDATE),
        (patient(), Operation.AUDIT),
    ],
)
def test_what_table_3_3_does_not_grant_is_not_possible(
    subject: Subject, operation: Operation
) -> None:
    assert refused(asked(subject, operation)) == ("A1-operation", PublicReason.NOT_ALLOWED)
    assert asked(subject, operation, None).rule == "A1-operation"


def test_a_role_nobody_knows_reads_nothing() -> None:
    unknown = professional(role=Code("93", PROFESSIONS))
    known = record(authorisations=(authorised(),))
    assert refused(asked(unknown, of=known)) == ("A1-operation", PublicReason.NOT_ALLOWED)
    assert asked(unknown, SUBMIT, known).permitted


def test_two_professions_in_one_assertion_are_ambiguous() -> None:
    both = replace(professional(), roles=(PHYSICIAN, NURSING))
    assert asked(both, of=record(authorisations=(authorised(),))).rule == "A1-operation"


def test_a_profession_and_its_speciality_are_one_role() -> None:
    doctor = replace(professional(), roles=(PHYSICIAN, Code("SM26", SPECIALITIES)))
    assert asked(doctor, of=record(authorisations=(authorised(),))).permitted


def test_a_secret_connection_is_for_minors() -> None:
    secret = replace(in_hospital(), secret_connection=True)
    assert asked(secret, SUBMIT).rule == "A1-operation"
    assert asked(secret, SUBMIT, MINOR).permitted
    grown = "20290601000000"
    assert asked(secret, SUBMIT, MINOR, grown).rule == "A1-operation"


@pytest.mark.parametrize("of", [None, record(status=RecordStatus.NONE)])
def test_nobody_opens_a_record_that_does_not_exist(of: Record | None) -> None:
    for subject in (professional(), patient(), representative(), hospital()):
        assert refused(asked(subject, SUBMIT, of)) == ("A2-no-record", PublicReason.NO_RECORD)


def test_a_patient_without_record_can_ask_for_its_status_and_open_it() -> None:
    none = record(status=RecordStatus.NONE)
    assert asked(professional(), Operation.STATUS, none).permitted
    assert asked(patient(), Operation.CHOOSE, none).permitted
    assert asked(professional(), Operation.STATUS, None).rule == "A2-no-record"


# --- Writing: A3, A5, A7, A8 ---------------------------------------------------------------------

WRITERS = (professional(), in_hospital(), hospital(), patient())


@pytest.mark.parametrize("operation", sorted(WRITES, key=str))
def test_an_unsure_identity_is_not_fed(operation: Operation) -> None:
    unsure = record(identity_qualified=False)
    assert refused(asked(hospital(), operation, unsure)) == (
        "A3-identity",
        PublicReason.NOT_ALLOWED_IDENTITY,
    )
    assert asked(patient(), SUBMIT, unsure).reason is PublicReason.NOT_ALLOWED
    assert asked(patient(), of=unsure).permitted


def test_nothing_is_written_after_a_death() -> None:
    dead = record(deceased="20261101", authorisations=(authorised(),))
    assert refused(asked(hospital(), SUBMIT, dead)) == (
        "A5-deceased",
        PublicReason.NOT_ALLOWED_DECEASED,
    )
    assert asked(professional(), of=dead).permitted


@pytest.mark.parametrize(
    ("source", "kind"), [(HOSPITAL, HolderKind.STRUCTURE), (DR_B, HolderKind.PROFESSIONAL)]
)
def test_an_accepted_objection_keeps_a_source_from_feeding(
    source: object, kind: HolderKind
) -> None:
    holder = Holder(kind=kind, identifier=source)  # type: ignore[arg-type]
    objection = FeedObjection(source=holder, motive="employer", accepted_by=DR_A)
    objected = record(feed_objections=(objection,), authorisations=(authorised(),))
    decision = asked(in_hospital(), SUBMIT, objected)
    assert refused(decision) == ("A7-feed-objection", PublicReason.NOT_ALLOWED_OBJECTION)
    assert decision.consents == (f"feed-objection {same_key(holder.identifier)}",)
    assert asked(in_hospital(), of=objected).permitted
    assert asked(professional(DR_C), SUBMIT, objected).permitted


@pytest.mark.parametrize("subject", WRITERS)
def test_feeding_needs_no_authorisation(subject: Subject) -> None:
    decision = asked(subject, SUBMIT)
    assert decision.permitted
    assert decision.rule == "A8"
    assert {Obligation.AUDIT, Obligation.NOTIFY_PATIENT} <= decision.obligations


# --- A4, A6 --------------------------------------------------------------------------------------


def test_a_closed_record_is_closed_to_everybody_and_in_every_mode() -> None:
    closed = record(status=RecordStatus.CLOSED, authorisations=(authorised(),))
    for mode in Mode:
        decision = asked(request(professional(), mode, "unconscious"), of=closed)
        assert refused(decision) == ("A4-closed", PublicReason.RECORD_CLOSED)
    assert asked(hospital(), SUBMIT, closed).rule == "A4-closed"
    assert asked(patient(), of=closed).rule == "A4-closed"


def test_a_closed_record_can_be_opened_again_and_tells_that_it_is_closed() -> None:
    closed = record(status=RecordStatus.CLOSED)
    assert asked(patient(), Operation.CHOOSE, closed).permitted
    assert asked(patient(), Operation.HISTORY, closed).permitted
    assert asked(professional(), Operation.STATUS, closed).permitted
    assert asked(professional(), Operation.DECLARE, closed).rule == "A4-closed"


def test_a_blocked_professional_gets_nothing_in_any_mode() -> None:
    blocked = record(blocked=frozenset({same_key(DR_B)}), authorisations=(authorised(),))
    for mode in Mode:
        for operation in (READ, *WRITES, Operation.DECLARE, Operation.READ_CHOICES):
            access = request(in_hospital(), mode, "unconscious")
            decision = asked(access, operation, blocked)
            assert refused(decision) == ("A6-blocked", PublicReason.NO_ACCESS)
            assert decision.consents == (f"block {same_key(DR_B)}",)
    assert asked(delegate(), SUBMIT, blocked).rule == "A6-blocked"


def test_a_blocked_professional_can_ask_how_he_stands() -> None:
    blocked = record(blocked=frozenset({same_key(DR_B)}), authorisations=(authorised(),))
    assert asked(professional(), Operation.STATUS, blocked).permitted
    access = request(professional())
    status = authorisation_status(access, blocked, policy(), NOW)
    assert status is AuthorisationStatus.FORBIDDEN


# --- A10, A11 ------------------------------------------------------------------------------------


def at_centre() -> Subject:
    return professional(DR_C, structure=CENTRE)


def test_regulation_needs_a_doctor_of_a_registered_centre() -> None:
    access = request(at_centre(), REGULATION, "call")
    decision = asked(access)
    assert (decision.permitted, decision.rule) == (True, "A10")
    assert Obligation.SHOW_MODE not in decision.obligations
    for subject in (
        professional(DR_C),
        professional(DR_C, structure=HOSPITAL),
        professional(NURSE, NURSING, structure=CENTRE),
        replace(at_centre(), authentication=Authentication.INDIRECT),
        Subject(kind=SubjectKind.STRUCTURE, structure=CENTRE),
        patient(),
    ):
        assert refused(asked(request(subject, REGULATION, "call"))) == (
            "A10-eligible",
            PublicReason.NO_ACCESS,
        )


def test_the_two_objections_are_independent() -> None:
    no_glass, no_call = record(allow_break_glass=False), record(allow_regulation=False)
    glass = request(professional(DR_C), BREAK_GLASS, "unconscious")
    call = request(at_centre(), REGULATION, "call")
    assert asked(glass, of=no_call).permitted
    assert refused(asked(glass, of=no_glass)) == ("A11-objection", PublicReason.NO_ACCESS)
    assert asked(call, of=no_glass).permitted
    assert refused(asked(call, of=no_call)) == ("A10-objection", PublicReason.NO_ACCESS)


def test_an_emergency_is_declared_told_and_shown() -> None:
    decision = asked(request(professional(DR_C), BREAK_GLASS, "unconscious"))
    assert decision.rule == "A11"
    assert decision.obligations == {
        Obligation.AUDIT,
        Obligation.NOTIFY_PATIENT,
        Obligation.NOTIFY_GP,
        Obligation.SHOW_MODE,
        Obligation.DECLARE_EMERGENCY,
    }


@pytest.mark.parametrize(
    ("access", "rule"),
    [
        (request(professional(DR_C), BREAK_GLASS), "A11-reason"),
        (request(professional(DR_C), BREAK_GLASS, " \t"), "A11-reason"),
        (request(at_centre(), REGULATION), "A10-reason"),
    ],
)
def test_an_emergency_needs_its_reason(access: AccessRequest, rule: str) -> None:
    assert refused(asked(access)) == (rule, PublicReason.REASON_REQUIRED)


def test_a_window_needs_no_second_declaration_and_ends() -> None:
    access = request(professional(DR_C), BREAK_GLASS, "unconscious")
    window = (declaration(),)
    inside = asked(access, now="20261123080000", declarations=window)
    assert inside.permitted
    assert Obligation.DECLARE_EMERGENCY not in inside.obligations
    assert inside.consents == (f"declaration {window[0].id}",)
    after = asked(access, now="20261123080001", declarations=window)
    assert refused(after) == ("A11-reason", PublicReason.REASON_REQUIRED)
    again = replace(access, reason="unconscious again")
    assert asked(again, now="20261123080001", declarations=window).permitted


def test_a_declaration_serves_its_own_mode_and_person() -> None:
    window = (declaration(), declaration(DR_B, REGULATION))
    silent = request(professional(DR_B), BREAK_GLASS)
    assert asked(silent, declarations=window).rule == "A11-reason"


def test_only_an_individual_professional_breaks_the_glass() -> None:
    for subject in (
        delegate(),
        hospital(),
        APP,
        representative(),
        patient(),
        professional(authentication=Authentication.INDIRECT),
        professional(role=Code("35", PROFESSIONS)),
    ):
        of = MINOR if subject.kind is SubjectKind.REPRESENTATIVE else record()
        assert asked(request(subject, BREAK_GLASS, "unconscious"), of=of).rule in {
            "A11-eligible",
        }


def test_an_objection_to_breaking_the_glass_covers_feeding_in_that_mode() -> None:
    objected = record(allow_break_glass=False)
    access = request(professional(DR_C), BREAK_GLASS, "unconscious")
    assert asked(access, SUBMIT, objected).rule == "A11-objection"
    assert asked(professional(DR_C), SUBMIT, objected).rule == "A8"


def test_nothing_remains_after_an_emergency() -> None:
    window = (declaration(DR_B, end="20261122090000"),)
    normal = asked(professional(), declarations=window)
    assert normal.rule == "A12-no-authorisation"
    subscription = request(professional(), BREAK_GLASS, "unconscious")
    assert asked(subscription, Operation.SUBSCRIBE).rule == "A99-default"


# --- A12, A13 ------------------------------------------------------------------------------------


def test_an_authorisation_holds_to_its_end_and_no_longer() -> None:
    held = record(authorisations=(authorised(start="20261101", end="20261122100000"),))
    assert asked(professional(), of=held).rule == "A12"
    late = asked(professional(), of=held, now="20261122100001")
    assert refused(late) == ("A12-expired", PublicReason.NO_ACCESS)
    early = asked(professional(), of=held, now="20261031235959")
    assert early.rule == "A12-no-authorisation"
    access = request(professional())
    status = [
        authorisation_status(access, held, policy(), now).value for now in (NOW, "20261123000000")
    ]
    assert status == ["valid", "expired"]


def test_nobody_reads_without_authorisation() -> None:
    assert refused(asked(professional(DR_C))) == ("A12-no-authorisation", PublicReason.NO_ACCESS)


def test_a_structure_is_authorised_for_those_it_authenticated() -> None:
    held = record(authorisations=(authorised(HOSPITAL, HolderKind.STRUCTURE),))
    decision = asked(in_hospital(), of=held)
    assert decision.rule == "A12"
    assert decision.consents == (f"authorise structure {same_key(HOSPITAL)} patient",)
    elsewhere = professional(structure=HOSPITAL)
    assert asked(elsewhere, of=held).rule == "A12-no-authorisation"


def test_a_team_lasts_a_year_and_a_visit_a_day() -> None:
    team = record(
        authorisations=(
            authorised(start="20250101000000", end="20300101", origin=Origin.CARE_TEAM),
        )
    )
    assert asked(professional(), of=team, now="20260101000000").permitted
    assert asked(professional(), of=team, now="20260101000001").rule == "A12-expired"
    visit = record(
        authorisations=(authorised(start="20261121100000", origin=Origin.SELF_DECLARED),)
    )
    assert asked(professional(), of=visit).permitted
    assert asked(professional(), of=visit, now="20261122100001").rule == "A12-expired"
    said = record(authorisations=(authorised(start="20200101000000"),))
    assert asked(professional(), of=said).permitted


@pytest.mark.parametrize(
    "subject",
    [
        replace(in_hospital(), roles=(PHYSICIAN, Code("SM25", SPECIALITIES))),
        replace(in_hospital(), sector=Code("SA68", SECTORS)),
    ],
)
def test_occupational_and_fire_brigade_doctors_need_express_consent(subject: Subject) -> None:
    presumed = record(
        authorisations=(
            authorised(HOSPITAL, HolderKind.STRUCTURE, origin=Origin.CARE_TEAM),
            authorised(origin=Origin.CARE_TEAM),
            authorised(origin=Origin.COLLEAGUE),
        )
    )
    assert asked(in_hospital(), of=presumed).permitted
    assert asked(subject, of=presumed).rule == "A12-no-authorisation"
    assert asked(subject, of=record(base_policy=BasePolicy.ALL_NORMAL)).rule == (
        "A12-no-authorisation"
    )
    assert asked(subject, of=record(authorisations=(authorised(),))).permitted


def test_a_structure_alone_feeds_and_does_not_read() -> None:
    held = record(authorisations=(authorised(HOSPITAL, HolderKind.STRUCTURE),))
    assert refused(asked(hospital(), of=held)) == (
        "A13-individual-required",
        PublicReason.NO_ACCESS,
    )
    assert asked(hospital(), SUBMIT, held).permitted
    named = professional(structure=HOSPITAL, authentication=Authentication.INDIRECT)
    held = record(authorisations=(authorised(),))
    assert asked(named, of=held).rule == "A13-individual-required"


# --- A14 to A18 ----------------------------------------------------------------------------------


def test_a_delegate_enters_documents_while_the_delegation_holds() -> None:
    delegation = Delegation(delegate=SECRETARY, principal=DR_B, end="20261122100000")
    held = record(delegations=(delegation,), authorisations=(authorised(),))
    assert asked(delegate(), SUBMIT, held).rule == "A8"
    assert asked(delegate(), SUBMIT, held, "20261122100001").rule == "A14-delegation"
    assert asked(delegate(), SUBMIT).rule == "A14-delegation"
    assert refused(asked(delegate(), of=held)) == ("A14-delegate-read", PublicReason.NO_ACCESS)


def test_a_community_may_let_delegates_read_for_an_authorised_principal() -> None:
    held = record(
        delegations=(Delegation(delegate=SECRETARY, principal=DR_B),),
        authorisations=(authorised(),),
    )
    lets = replace(policy(), delegate_read_operations=frozenset({READ}))
    assert gate(request(delegate()), READ, held, lets, NOW).rule == "A14"
    without = replace(held, authorisations=())
    assert gate(request(delegate()), READ, without, lets, NOW).rule == "A14-delegate-read"


def test_parents_act_until_midnight_of_the_birthday() -> None:
    born = replace(MINOR, birth_date="20081123")
    before, midnight = "20261122225959", "20261122230000"
    assert asked(representative(), of=born, now=before).rule == "A15"
    gone = asked(representative(), of=born, now=midnight)
    assert refused(gone) == ("A15", PublicReason.NO_RECORD)


def test_a_link_that_ended_or_a_stranger_finds_no_record() -> None:
    links = (
        Representative(person=MOTHER, title="MTH"),
        Representative(person=DR_A, title="FTH", period=Period(end=DateTime("20261121"))),
    )
    both = replace(MINOR, representatives=links)
    assert asked(representative(), of=both).permitted
    assert refused(asked(representative(DR_A), of=both)) == ("A15", PublicReason.NO_RECORD)
    assert refused(asked(representative(DR_C), of=both)) == ("A15", PublicReason.NO_RECORD)
    assert asked(representative(DR_C), of=None).reason is PublicReason.NO_RECORD


def test_a_guardian_acts_for_an_adult_until_the_courts_date() -> None:
    guardian = Representative(
        person=MOTHER, title="TUTEUR", period=Period(end=DateTime("20261231"))
    )
    under = record(representatives=(guardian,))
    assert asked(representative(), of=under).permitted
    assert asked(representative(), of=under, now="20270101000000").rule == "A15"
    parent = record(representatives=(Representative(person=MOTHER, title="MTH"),))
    assert asked(representative(), of=parent).rule == "A15"
    nobody_knows = replace(MINOR, birth_date="")
    assert asked(representative(), of=nobody_knows).rule == "A15"


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"status": RecordStatus.CLOSED},
        {"deceased": "20260101"},
        {"identity_qualified": False},
        {"status": RecordStatus.NONE},
    ],
)
@pytest.mark.parametrize("operation", [READ, SUBMIT, Operation.CHOOSE, Operation.HISTORY])
@pytest.mark.parametrize("mode", list(Mode))
def test_to_a_stranger_every_record_looks_like_none(
    state: dict[str, object], operation: Operation, mode: Mode
) -> None:
    for stranger in (patient(Q), representative(DR_C)):
        decision = asked(request(stranger, mode, "because"), operation, record(**state))
        assert not decision.permitted
        assert decision.reason is PublicReason.NO_RECORD
        nowhere = asked(request(stranger, mode, "because"), operation, None)
        assert nowhere.reason is PublicReason.NO_RECORD


def test_a_patient_has_the_own_record() -> None:
    assert asked(patient()).rule == "A16"
    assert refused(asked(patient(Q))) == ("A16", PublicReason.NO_RECORD)
    written_otherwise = replace(patient_id("P"), text=P.text + "^NH")
    assert asked(patient(written_otherwise)).permitted


def test_an_application_reads_what_the_patient_gave_it_while_it_holds() -> None:
    service = Service(app=person("app"), scope=(REPORTS,), period=Period(end=DateTime("2026")))
    held = record(services=(service,))
    assert asked(APP, of=held).rule == "A17"
    assert refused(asked(APP, of=held, now="20270101000000")) == (
        "A17-service",
        PublicReason.NO_ACCESS,
    )
    assert asked(APP).rule == "A17-service"
    assert asked(APP, Operation.STATUS).rule == "A17-service"


def test_auditors_see_events_and_nobody_who_keeps_the_house_sees_documents() -> None:
    for subject in (AUDITOR, OPERATOR):
        assert refused(asked(subject)) == ("A18", PublicReason.NO_ACCESS)
        assert not asked(subject, SUBMIT).permitted
    assert asked(AUDITOR, Operation.AUDIT, None).rule == "A18"
    assert asked(AUDITOR, Operation.HISTORY).permitted
    assert asked(AUDITOR, Operation.READ_CHOICES).permitted
    assert not asked(OPERATOR, Operation.AUDIT, None).permitted
    assert asked(OPERATOR, Operation.ADMINISTER, None).permitted
    assert not asked(AUDITOR, Operation.ADMINISTER, None).permitted
    seen = asked(AUDITOR, Operation.HISTORY).visibility
    assert seen is not None
    assert seen.hides_all


# --- A19, A20, A99 -------------------------------------------------------------------------------


def test_insurers_get_nothing_whatever_was_agreed() -> None:
    held = record(authorisations=(authorised(),))
    access = replace(request(professional()), purposes=(Code("HPAYMT", ACT_REASON),))
    assert refused(asked(access, of=held)) == ("A19-forbidden-purpose", PublicReason.NO_ACCESS)
    own = replace(request(patient()), purposes=(Code("COVERAGE", ACT_REASON),))
    assert asked(own).rule == "A19-forbidden-purpose"


def test_heirs_and_courts_go_to_the_operator() -> None:
    court = replace(request(professional()), purposes=(Code("HLEGAL", ACT_REASON),))
    assert refused(asked(court, of=record(authorisations=(authorised(),)))) == (
        "A20",
        PublicReason.NO_ACCESS,
    )
    dead = replace(MINOR, deceased="20261101")
    assert asked(representative(), of=dead).rule == "A20"


def test_what_no_line_lets_through_is_refused() -> None:
    access = request(professional(), REGULATION, "call")
    assert refused(asked(access, Operation.SUBSCRIBE)) == ("A99-default", PublicReason.NO_ACCESS)


# --- Base policies -------------------------------------------------------------------------------


def test_each_base_policy_is_enforced() -> None:
    glass = request(professional(DR_C), BREAK_GLASS, "unconscious")
    call = request(at_centre(), REGULATION, "call")
    plain = request(professional(DR_C))
    outcome = {
        base: tuple(asked(one, of=record(base_policy=base)).rule for one in (plain, glass, call))
        for base in BasePolicy
    }
    assert outcome == {
        BasePolicy.DOMAIN: ("A12-no-authorisation", "A11", "A10"),
        BasePolicy.BASIC_NORMAL: ("A12", "A11", "A10"),
        BasePolicy.ALL_NORMAL: ("A12", "A11", "A10"),
        BasePolicy.BREAK_GLASS_ONLY: ("A12-no-authorisation", "A11", "A10"),
        BasePolicy.DENY: ("A12-no-authorisation", "A11-objection", "A10-objection"),
    }


def test_an_assertion_without_a_person_reads_nothing() -> None:
    nobody = Subject(kind=SubjectKind.PROFESSIONAL, roles=(PHYSICIAN,))
    assert not asked(nobody).permitted
    assert not asked(request(nobody, BREAK_GLASS, "x")).permitted
    assert not asked(Subject(kind=SubjectKind.PATIENT)).permitted
    assert not asked(Subject(kind=SubjectKind.SERVICE)).permitted
