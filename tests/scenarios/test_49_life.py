"""Scenarios 49 to 55: the life of a record, who feeds it, and for whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.model import choices as c
from gateway.model.audit import Outcome
from gateway.model.datatypes import DateTime
from gateway.model.record import Delegation
from gateway.model.subject import Mode
from gateway.notifications.moments import earlier
from tests.scenarios.documents import DISCHARGE, document
from tests.scenarios.people import REGULATOR, A, B, C, H, N, S, id_of
from tests.scenarios.scene import SOAP, Scene, Told
from tests.shared import ROOT

REASON = "patient inconscient"


def not_fed(scene: Scene, told: Told, reason: str, rule: str) -> None:
    """The record gate refused a submission, and nothing of it is there."""
    scene.refused(told, reason, rule, code="XDSRepositoryError")


def test_scenario_49_a_closed_record_is_closed_to_everybody_in_every_mode(scene: Scene) -> None:
    one = document(scene.patient)
    scene.deposit(C, one)
    scene.authorises(B)
    scene.decides(c.Close())
    kept = scene.kept
    for person, mode in (
        (B, Mode.NORMAL),
        (B, Mode.BREAK_GLASS),
        (REGULATOR, Mode.REGULATION),
    ):
        told = scene.find(person, mode=mode, reason="" if mode is Mode.NORMAL else REASON)
        scene.refused(told, "record-closed", "A4-closed")
    told = scene.provide(H, document(scene.patient, DISCHARGE, author=H))
    not_fed(scene, told, "record-closed", "A4-closed")
    assert scene.kept == kept


def test_scenario_50_a_record_opened_again_has_the_choices_it_had(scene: Scene) -> None:
    x, y = document(scene.patient, author=C), document(scene.patient, author=C)
    scene.deposit(C, x)
    scene.deposit(C, y)
    scene.authorises(A, B, N)
    scene.decides(
        c.Block(professional=id_of(B)), c.Mask(target=c.Document(id=scene.uuid(x))), c.Close()
    )
    scene.refused(scene.find(N), "record-closed", "A4-closed")
    scene.decides(c.Open())
    scene.refused(scene.find(B), "no-access", "A6-blocked")
    assert scene.find(N).ids == {y.unique_id}


def test_scenario_51_the_record_of_somebody_who_died_is_not_fed(scene: Scene) -> None:
    scene.is_known(deceased=DateTime("20261101"))
    told = scene.provide(H, document(scene.patient, DISCHARGE, author=H))
    not_fed(scene, told, "not-allowed: deceased", "A5-deceased")
    assert scene.kept == []


def test_scenario_52_the_record_of_an_unsure_identity_is_not_fed(scene: Scene) -> None:
    scene.is_known(identity_qualified=False)
    told = scene.provide(H, document(scene.patient, DISCHARGE, author=H))
    not_fed(scene, told, "not-allowed: identity", "A3-identity")
    assert scene.kept == []


def delegates(scene: Scene, end: str = "") -> None:
    """The secretary enters documents for Dr B, until an end."""

    async def keep() -> None:
        kept = Delegation(delegate=id_of(S), principal=id_of(B), end=end)
        await scene.gateway.service.inside.choices.delegate(kept)

    scene.gateway.call(keep)


def test_scenario_53_a_secretary_enters_documents_of_her_principal_and_reads_none(
    scene: Scene,
) -> None:
    delegates(scene)
    one = document(scene.patient, author=B)
    scene.deposit(S, one)
    event = scene.events[-1]
    assert (event.rule, event.outcome) == ("A8", Outcome.SUCCESS)
    assert event.subject is not None
    assert (event.subject.id, event.subject.on_behalf_of) == (id_of(S), id_of(B))
    (entry,) = scene.find(scene.P).seen.values()
    assert [a.person.identifier for a in entry.author if a.person] == [id_of(B).value]
    scene.authorises(B)
    scene.refused(scene.find(S), "no-access", "A14-delegate-read")


def test_scenario_54_a_delegation_that_ended_lets_nobody_write(scene: Scene) -> None:
    delegates(scene, earlier(scene.gateway.clock.now(), days=1))
    told = scene.provide(S, document(scene.patient, author=B))
    not_fed(scene, told, "no-access", "A14-delegation")
    assert scene.kept == []
    delegates(scene)


@pytest.mark.parametrize("wire", [SOAP])
def test_scenario_55_what_a_clinician_does_not_send_leaves_no_trace(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The software of a source looks at what it would send: by `gateway submit`, which is XDS."""
    monkeypatch.chdir(tmp_path)
    before = scene.gateway.rows("SELECT count(*), max(number) FROM audit_event")
    sample = ROOT / "samples" / "cda" / "fr-09-lettre-de-liaison-sortie-pdf.xml"
    done = CliRunner().invoke(
        app, ["submit", "--dry-run", "--patient", scene.patient.text, str(sample)]
    )
    assert done.exit_code == 0, done.output
    assert scene.gateway.rows("SELECT count(*), max(number) FROM audit_event") == before
    assert scene.events == []
    assert scene.kept == []
