"""Scenarios 36 to 43: break-glass, and the centre that regulates emergencies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.model import choices as c
from gateway.model.notice import DeliveryState, NoticeKind, RecipientKind
from gateway.model.subject import Mode
from tests.scenarios.documents import RESIDENCE, document
from tests.scenarios.hooks import Hook
from tests.scenarios.people import REGULATOR, A, B, C, H, S, id_of
from tests.scenarios.scene import SOAP, Scene

GLASS = Mode.BREAK_GLASS
REASON = "patient inconscient, pronostic vital"


def refuses(scene: Scene, kind: c.EmergencyKind) -> None:
    """The patient objects to one of the two modes."""
    scene.decides(c.Emergency(kind=kind, allowed=False))


def test_scenario_36_an_emergency_opens_the_record_and_patient_and_doctor_are_told(
    scene: Scene,
) -> None:
    scene.is_known(gp=id_of(A))
    report, residence = document(scene.patient), document(scene.patient, RESIDENCE)
    scene.deposit(B, report, residence)
    told = scene.find(C, mode=GLASS, reason=REASON)
    assert told.ids == {report.unique_id}
    assert told.mode[0] == "break-glass"
    event = scene.events[-1]
    assert (event.rule, event.mode, event.reason) == ("A11", GLASS, REASON)
    assert event.declaration
    emergencies = [n for n in scene.notices if n.kind is NoticeKind.EMERGENCY_ACCESS]
    assert {(n.recipient_kind, n.recipient.value) for n in emergencies} == {
        (RecipientKind.PATIENT, scene.patient.value),
        (RecipientKind.GP, id_of(A).value),
    }
    assert {n.event for n in emergencies} == {event.id}
    for person in (scene.P, A):
        letters = [json.dumps(one) for one in scene.told_to(person)]
        assert sum("emergency-access" in letter for letter in letters) == 1


def test_scenario_37_an_emergency_without_a_reason_is_refused(scene: Scene) -> None:
    scene.deposit(B, document(scene.patient))
    scene.refused(scene.find(C, mode=GLASS), "reason-required", "A11-reason")
    assert {event.declaration for event in scene.events} == {""}


@pytest.mark.parametrize("refused", [c.EmergencyKind.BREAK_GLASS, c.EmergencyKind.REGULATION])
def test_scenario_38_and_39_each_mode_is_objected_to_by_itself(
    scene: Scene, refused: c.EmergencyKind
) -> None:
    report = document(scene.patient)
    scene.deposit(B, report)
    refuses(scene, refused)
    for person, mode, rule in (
        (C, Mode.BREAK_GLASS, "A11"),
        (REGULATOR, Mode.REGULATION, "A10"),
    ):
        told = scene.find(person, mode=mode, reason=REASON)
        if mode.value == refused.value:
            scene.refused(told, "no-access", f"{rule}-objection")
        else:
            assert told.ids == {report.unique_id}
            assert (scene.events[-1].rule, scene.events[-1].mode) == (rule, mode)


@pytest.mark.parametrize("person", [S, H], ids=["secretary", "hospital"])
def test_scenario_40_only_a_person_known_by_name_opens_in_an_emergency(
    scene: Scene, person: object
) -> None:
    scene.deposit(B, document(scene.patient))
    told = scene.find(person, mode=GLASS, reason=REASON)  # type: ignore[arg-type]
    scene.refused(told, "no-access", "A11-eligible")


def test_scenario_41_an_emergency_reveals_nothing_that_is_masked(scene: Scene) -> None:
    x, y = document(scene.patient), document(scene.patient)
    scene.deposit(B, x)
    scene.deposit(B, y)
    scene.decides(c.Mask(target=c.Document(id=scene.uuid(x))))
    told = scene.find(C, mode=GLASS, reason=REASON)
    assert (told.ids, told.total) == ({y.unique_id}, 1)
    assert x.unique_id.encode() not in told.octets
    if scene.wire == SOAP:
        there = scene.everything(C, mode=GLASS)
        assert len(there.document_entries) == len(there.submission_sets) == 1
    else:
        sets = scene.search(C, "code=submissionset", kind="List", mode=GLASS)
        assert sets.total == 1


def test_scenario_42_after_its_window_an_emergency_leaves_no_way_in(scene: Scene) -> None:
    report = document(scene.patient)
    scene.deposit(B, report)
    clock = scene.gateway.clock
    assert scene.find(C, mode=GLASS, reason=REASON).ids == {report.unique_id}
    clock.pass_(days=1)
    # The end belongs to the window, and the declaration holds without its reason.
    assert scene.find(C, mode=GLASS).ids == {report.unique_id}
    clock.pass_(seconds=1)
    scene.refused(scene.find(C, mode=GLASS), "reason-required", "A11-reason")
    scene.refused(scene.find(C, mode=GLASS, reason=REASON), "reason-required", "A11-reason")
    scene.refused(scene.find(C), "no-access", "A12-no-authorisation")
    assert scene.status_for(C) == "none"
    assert scene.consents(scene.P) == []
    again = scene.find(C, mode=GLASS, reason="de nouveau inconscient")
    assert again.ids == {report.unique_id}


def test_scenario_43_what_cannot_be_delivered_waits_and_what_cannot_be_kept_is_not_done(
    scene: Scene, outside: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/{scene.patient.value}"
    outside.is_down.add(path)
    gateway = scene.gateway
    gateway.reaches(scene.patient, outside.url + path)
    report = document(scene.patient)
    scene.deposit(B, report)
    assert scene.find(C, mode=GLASS, reason=REASON).ids == {report.unique_id}
    gateway.delivers()
    (emergency,) = [n for n in scene.notices if n.kind is NoticeKind.EMERGENCY_ACCESS]

    def state() -> DeliveryState:
        async def read() -> Any:
            store: Any = gateway.service.inside.registry._store
            (delivery,) = await store.notices.deliveries([emergency.id])
            return delivery.state

        return DeliveryState(gateway.call(read))

    assert state() is DeliveryState.WAITING
    assert outside.at(path) == []
    outside.is_down.clear()
    gateway.clock.pass_(days=1)
    gateway.delivers()
    assert state() is DeliveryState.DELIVERED
    assert any("emergency-access" in json.dumps(one) for one in outside.at(path))

    class Full(Exception):
        """There is no room for another audit event."""

    def keep(*_: object) -> None:
        raise Full

    store: Any = gateway.service.inside.registry._store
    before = len(scene.events)
    with monkeypatch.context() as patch:
        patch.setattr(store._file.accounts, "keep", keep)
        told = scene.find(C, mode=GLASS, reason="autre motif")
    assert (told.http, told.ids) == (503, set())
    assert report.unique_id.encode() not in told.octets
    assert len(scene.events) == before
