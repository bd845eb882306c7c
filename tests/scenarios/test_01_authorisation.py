"""Scenarios 1 to 11: authorisations, and who is blocked."""

from __future__ import annotations

from gateway.model import choices as c
from tests.scenarios.documents import REPORT, REVIEW, document
from tests.scenarios.people import B, C
from tests.scenarios.scene import Scene


def test_scenario_01_somebody_authorised_lists_what_his_profession_reads(scene: Scene) -> None:
    first, second = document(scene.patient, REPORT), document(scene.patient, REVIEW)
    scene.deposit(B, first)
    scene.deposit(C, second)
    scene.authorises(B)
    told = scene.find(B)
    assert told.ids == {first.unique_id, second.unique_id}
    assert told.total == 2
    event = scene.events[-1]
    assert event.rule == "A12"
    assert {o.id for o in event.objects} == {e.entry_uuid for e in told.seen.values()}


def test_scenario_02_somebody_not_authorised_is_refused_and_told_nothing(scene: Scene) -> None:
    scene.deposit(B, document(scene.patient))
    scene.refused(scene.find(C), "no-access", "A12-no-authorisation")
