"""The record gate, for readers, delegates, relatives and applications: lines A12 to A18."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.consent import authorisation_status, gate
from gateway.consent.decision import PublicReason
from gateway.model.choices import (
    BasePolicy,
    HolderKind,
    Origin,
    Period,
    Representative,
    Service,
)
from gateway.model.datatypes import Code, DateTime
from gateway.model.record import Delegation, RecordStatus
from gateway.model.subject import (
    Authentication,
    Mode,
    Operation,
    Subject,
    same_key,
)
from tests.consent.asking import (
    APP,
    AUDITOR,
    MINOR,
    OPERATOR,
    READ,
    SUBMIT,
    asked,
    refused,
)
from tests.consent.people import (
    DR_A,
    DR_B,
    DR_C,
    HOSPITAL,
    MOTHER,
    NOW,
    PHYSICIAN,
    REPORTS,
    SECRETARY,
    SECTORS,
    SPECIALITIES,
    P,
    Q,
    authorised,
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
