"""Scenarios 29 to 35: what is hidden from the patient until somebody announces it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from gateway.model import choices as c
from gateway.model.datatypes import Code, Identifier
from gateway.model.notice import NoticeKind
from tests.notifications.world import MovableClock
from tests.scenarios.conftest import NewScene
from tests.scenarios.documents import CLASSES, HIDDEN, PATHOLOGY, Document, document
from tests.scenarios.gateway import opened
from tests.scenarios.hooks import Hook
from tests.scenarios.people import APPLICATION, B, C
from tests.scenarios.scene import MHD, Scene


def pathology(scene: Scene) -> Document:
    """A report that Dr C deposits and hides from the patient; Dr B may read the record."""
    report = document(scene.patient, PATHOLOGY, HIDDEN, author=C)
    scene.deposit(C, report)
    scene.authorises(B)
    return report


def months(letters: list[dict[str, Any]], kind: NoticeKind) -> list[dict[str, Any]]:
    """The letters of one kind."""
    return [one for one in letters if kind.value in json.dumps(one.get("category", ""))]


def test_scenario_29_a_hidden_report_is_absent_for_the_patient_and_nobody_tells_of_it(
    scene: Scene, outside: Hook
) -> None:
    path = f"/{scene.patient.value}"
    scene.gateway.reaches(scene.patient, outside.url + path)
    report = document(scene.patient, PATHOLOGY, HIDDEN, author=C)
    scene.deposit(C, report)
    told = scene.find(scene.P)
    assert (told.http, told.errors, told.ids, told.total) == (200, (), set(), 0)
    scene.gateway.delivers()
    assert scene.told_to(scene.P) == []
    assert outside.at(path) == []


def test_scenario_30_a_hidden_report_is_there_for_professionals_with_an_alert(
    scene: Scene,
) -> None:
    report = pathology(scene)
    told = scene.find(B)
    assert told.ids == {report.unique_id}
    assert told.alerts == {
        told.seen[report.unique_id].entry_uuid: frozenset({"alert-hidden-patient"})
    }


def test_scenario_31_after_fourteen_days_the_patient_is_told_once_and_nothing_in_particular(
    scene: Scene,
) -> None:
    report = pathology(scene)
    clock = scene.gateway.clock
    clock.pass_(days=13)
    scene.gateway.looks_at_the_clock()
    assert months(scene.told_to(scene.P), NoticeKind.RECORD_UPDATED) == []
    clock.pass_(days=1)
    for _ in range(2):
        scene.gateway.looks_at_the_clock()
    (letter,) = months(scene.told_to(scene.P), NoticeKind.RECORD_UPDATED)
    text = json.dumps(letter, ensure_ascii=False)
    title = report.entry.title[0].value
    for secret in (report.unique_id, scene.uuid(report)[9:], title, "REMPLACANT", "60568-3"):
        assert secret not in text
    assert "20261120" not in text and "2026-11-20" not in text
    assert scene.find(scene.P).ids == set()


def test_scenario_32_what_was_announced_is_there_and_needs_no_notice(scene: Scene) -> None:
    report = pathology(scene)
    clock = scene.gateway.clock
    clock.pass_(days=5)
    told = scene.labels(B, report)
    assert (told.http, told.errors) == (200, ())
    assert scene.find(scene.P).ids == {report.unique_id}
    assert scene.find(B).alerts == {}
    clock.pass_(days=9, seconds=1)
    scene.gateway.looks_at_the_clock()
    assert months(scene.told_to(scene.P), NoticeKind.RECORD_UPDATED) == []


@pytest.mark.parametrize(
    ("deposited", "last", "released"),
    [
        ("20261215083000", "20270115082959", "20270115083000"),
        ("20270131083000", "20270228082959", "20270228083000"),
    ],
)
def test_scenario_33_after_a_calendar_month_it_is_there_by_itself(
    new_scene: NewScene,
    portal: BlockingPortal,
    tmp_path: Path,
    deposited: str,
    last: str,
    released: str,
) -> None:
    clock = MovableClock(deposited)
    with ExitStack() as stack:
        scene = new_scene(gateway=opened(stack, portal, tmp_path, clock))
        report = document(scene.patient, PATHOLOGY, HIDDEN, author=C)
        scene.deposit(C, report)
        clock.moment = last
        assert (scene.find(scene.P).ids, scene.find(scene.P).total) == (set(), 0)
        clock.moment = released
        assert scene.find(scene.P).ids == {report.unique_id}


def test_scenario_34_the_access_history_mentions_it_once_it_is_released(scene: Scene) -> None:
    report = pathology(scene)
    clock = scene.gateway.clock
    day = clock.now()
    assert scene.find(B).ids == {report.unique_id}
    clock.pass_(days=3)
    names = (report.unique_id, scene.uuid(report).removeprefix("urn:uuid:"))

    def lines() -> list[dict[str, Any]]:
        return [
            one for one in scene.history(scene.P) if any(name in json.dumps(one) for name in names)
        ]

    def by(person: str) -> list[dict[str, Any]]:
        return [one for one in scene.history(scene.P) if person in json.dumps(one)]

    assert lines() == []
    assert by("REMPLACANT") == []
    # That somebody looked is told, as it would be had there been nothing to find.
    (look,) = by("CARDIOLOGUE")
    assert "DocumentReference" not in {one["type"].get("code") for one in look["entity"]}
    clock.pass_(days=31)
    assert len(lines()) == 2
    (deposit,) = by("REMPLACANT")
    (look,) = by("CARDIOLOGUE")
    assert deposit in lines() and look in lines()
    then = f"{day[:4]}-{day[4:6]}-{day[6:8]}"
    assert deposit["recorded"][:10] == look["recorded"][:10] == then


@pytest.mark.parametrize("wire", [MHD], indirect=False)
def test_scenario_35_a_hidden_report_is_absent_for_the_patients_application(
    new_scene: NewScene,
) -> None:
    """An assertion is about people and structures: applications have tokens only."""
    scene = new_scene()
    scene.decides(
        c.Service(
            app=Identifier.of(APPLICATION.told("client_id"), ""), scope=(Code("10", CLASSES),)
        )
    )
    hidden = document(scene.patient, PATHOLOGY, HIDDEN, author=C)
    plain = document(scene.patient, PATHOLOGY, author=C)
    scene.deposit(C, hidden)
    scene.deposit(C, plain)
    told = scene.find(APPLICATION)
    assert (told.ids, told.total) == ({plain.unique_id}, 1)
