"""Scenarios 1 to 11: authorisations, and who is blocked."""

from __future__ import annotations

import json

from gateway.model import choices as c
from gateway.model.audit import Outcome
from gateway.model.datatypes import DateTime
from gateway.model.notice import NoticeKind, RecipientKind
from gateway.model.subject import Authentication, Mode, same_key
from gateway.notifications.moments import earlier
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetDocuments,
    ReturnType,
)
from tests.scenarios.documents import (
    DELIVERY,
    DISCHARGE,
    MASKED,
    PSYCHOLOGY,
    REPORT,
    RESIDENCE,
    REVIEW,
    document,
)
from tests.scenarios.people import B, C, H, N, house_of, id_of
from tests.scenarios.scene import APPROVED, SOAP, Scene, authorise


def test_scenario_01_who_is_authorised_lists_what_his_profession_reads(scene: Scene) -> None:
    kinds = (REPORT, REVIEW, DELIVERY, PSYCHOLOGY, RESIDENCE)
    brought = [document(scene.patient, kind, author=C) for kind in kinds]
    scene.deposit(C, *brought)
    scene.authorises(B)
    told = scene.find(B)
    assert told.ids == {one.unique_id for one in brought[:-1]}
    assert told.total == 4
    event = scene.events[-1]
    assert (event.rule, event.outcome) == ("A12", Outcome.SUCCESS)
    assert {o.id for o in event.objects} == {e.entry_uuid for e in told.seen.values()}
    assert event.consents == (f"authorise professional {same_key(id_of(B))} patient",)


def test_scenario_02_who_is_not_authorised_is_refused_and_told_nothing(scene: Scene) -> None:
    one = document(scene.patient)
    scene.deposit(B, one)
    told = scene.find(C)
    scene.refused(told, "no-access", "A12-no-authorisation")
    assert one.unique_id.encode() not in told.octets


def test_scenario_03_an_authorisation_that_ended_lets_nobody_in_and_its_status_says_so(
    scene: Scene,
) -> None:
    scene.deposit(C, document(scene.patient, author=C))
    yesterday = DateTime(earlier(scene.gateway.clock.now(), days=1))
    scene.decides(authorise(B, period=c.Period(end=yesterday)))
    scene.refused(scene.find(B), "no-access", "A12-expired")
    assert scene.status_for(B) == "expired"


def test_scenario_04_who_is_blocked_is_refused_in_every_mode(scene: Scene) -> None:
    scene.deposit(C, document(scene.patient, author=C))
    scene.authorises(B)
    scene.decides(c.Block(professional=id_of(B)))
    scene.refused(scene.find(B), "no-access", "A6-blocked")
    glass = scene.find(B, mode=Mode.BREAK_GLASS, reason="inconscient")
    scene.refused(glass, "no-access", "A6-blocked")
    assert scene.status_for(B) == "forbidden"
    assert {event.declaration for event in scene.events} == {""}


def test_scenario_05_who_is_unblocked_reads_by_the_authorisation_he_had(scene: Scene) -> None:
    one = document(scene.patient, author=C)
    scene.deposit(C, one)
    scene.authorises(B)
    scene.decides(c.Block(professional=id_of(B)))
    scene.refused(scene.find(B), "no-access", "A6-blocked")
    scene.decides(c.Unblock(professional=id_of(B)))
    assert scene.find(B).ids == {one.unique_id}
    assert scene.status_for(B) == "valid"


def test_scenario_06_a_declared_authorisation_lets_in_and_the_patient_is_told(
    scene: Scene,
) -> None:
    one = document(scene.patient)
    scene.deposit(B, one)
    agreed = DateTime(scene.gateway.clock.now())
    declared = authorise(C, origin=c.Origin.SELF_DECLARED, agreed=agreed)
    answer = scene.consent(C, declared)
    assert answer.status_code == 201, answer.text
    scene.gateway.clock.pass_(seconds=1)
    assert scene.find(C).ids == {one.unique_id}
    changed = [n for n in scene.notices if n.kind is NoticeKind.CHOICE_CHANGED]
    assert [(n.recipient_kind, n.who) for n in changed] == [(RecipientKind.PATIENT, C.told("name"))]
    letters = [json.dumps(one) for one in scene.told_to(scene.P)]
    assert sum("choice-changed" in letter for letter in letters) == 1


def test_scenario_07_without_the_patients_agreement_nothing_is_declared(scene: Scene) -> None:
    scene.deposit(B, document(scene.patient))
    answer = scene.consent(C, authorise(C, origin=c.Origin.SELF_DECLARED))
    assert answer.status_code == 422, answer.text
    assert scene.consents(scene.P) == []
    assert scene.status_for(C) == "none"
    scene.refused(scene.find(C), "no-access", "A12-no-authorisation")


def test_scenario_08_a_person_known_to_an_authorised_structure_reads_and_both_are_named(
    scene: Scene,
) -> None:
    one = document(scene.patient, author=C)
    scene.deposit(C, one)
    hospital = c.Holder(kind=c.HolderKind.STRUCTURE, identifier=house_of(H))
    scene.decides(c.Authorise(holder=hospital))
    assert scene.find(B).ids == {one.unique_id}
    event = scene.events[-1]
    assert event.rule == "A12"
    assert event.subject is not None
    assert event.subject.id == id_of(B)
    assert event.subject.structure == house_of(H)
    assert event.subject.authentication is Authentication.REINFORCED


def test_scenario_09_a_structure_alone_feeds_and_does_not_read(scene: Scene) -> None:
    hospital = c.Holder(kind=c.HolderKind.STRUCTURE, identifier=house_of(H))
    scene.decides(c.Authorise(holder=hospital))
    scene.refused(scene.find(H), "no-access", "A13-individual-required")
    letter = document(scene.patient, DISCHARGE, author=H)
    scene.deposit(H, letter)
    event = scene.events[-1]
    assert (event.rule, event.outcome) == ("A8", Outcome.SUCCESS)
    assert scene.find(scene.P).ids == {letter.unique_id}


def test_scenario_10_feeding_needs_no_authorisation_and_gives_none(scene: Scene) -> None:
    own = document(scene.patient, REPORT, MASKED, author=C)
    scene.deposit(C, own)
    assert scene.events[-1].rule == "A8"
    scene.refused(scene.find(C), "no-access", "A12-no-authorisation")
    assert scene.status_for(C) == "none"
    scene.authorises(C, N)
    assert scene.find(C).ids == {own.unique_id}
    assert scene.find(N).ids == set()


def test_scenario_11_the_page_after_a_revocation_is_refused(scene: Scene) -> None:
    """Over SOAP an answer has no pages: its references are asked for in parts, as software does."""
    brought = [document(scene.patient, author=C) for _ in range(3)]
    scene.deposit(C, *brought)
    scene.authorises(B)
    holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=id_of(B))
    if scene.wire == SOAP:
        query = FindDocuments(patient_id=scene.patient, status=(APPROVED,))
        first = scene.ask(B, query, return_type=ReturnType.OBJECT_REF)
        names = [one.entry_uuid for one in first.body.references]
        assert len(names) == 3
        assert scene.ask(B, GetDocuments(entry_uuid=(names[0],))).total == 1
        scene.decides(c.Revoke(holder=holder))
        second = scene.ask(B, GetDocuments(entry_uuid=(names[1],)))
    else:
        first = scene.find(B, "&_count=1")
        assert (first.total, len(first.seen)) == (3, 1)
        scene.decides(c.Revoke(holder=holder))
        second = scene.page(B, scene.link(first))
    scene.refused(second, "no-access", "A12-no-authorisation")
