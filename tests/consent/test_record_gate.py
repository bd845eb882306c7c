"""The record gate, line by line: what passes, what refuses, and what the client is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.consent import AuthorisationStatus, authorisation_status
from gateway.consent.decision import Obligation, PublicReason
from gateway.model.choices import (
    BasePolicy,
    FeedObjection,
    Holder,
    HolderKind,
)
from gateway.model.datatypes import Code
from gateway.model.record import Record, RecordStatus
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
from tests.consent.asking import (
    APP,
    BREAK_GLASS,
    MINOR,
    READ,
    REGULATION,
    SUBMIT,
    asked,
    refused,
)
from tests.consent.people import (
    ACT_REASON,
    CENTRE,
    DR_A,
    DR_B,
    DR_C,
    HOSPITAL,
    NOW,
    NURSE,
    NURSING,
    PHYSICIAN,
    PROFESSIONS,
    SPECIALITIES,
    authorised,
    declaration,
    delegate,
    hospital,
    in_hospital,
    patient,
    policy,
    professional,
    record,
    representative,
    request,
)

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
