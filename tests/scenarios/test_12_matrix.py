"""Scenarios 12 to 17: which profession reads which type of document."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from anyio.from_thread import BlockingPortal

from gateway.model.datatypes import Code
from gateway.transactions.registry_stored_query import GetDocuments
from tests.notifications.world import MovableClock
from tests.scenarios.conftest import NewScene
from tests.scenarios.documents import DELIVERY, DIRECTIVES, REPORT, REVIEW, document
from tests.scenarios.gateway import opened
from tests.scenarios.people import PODIATRIST, PROFESSIONS, B, C, D, K, somebody
from tests.scenarios.scene import SOAP, Scene
from tests.shared import ROOT

UNKNOWN = "2.999.42.4.999999"
NOBODYS = "11111111-1111-4111-8111-111111111111"


def test_scenario_12_a_medication_review_is_there_for_a_dental_surgeon_and_absent_for_a_physiotherapist(  # noqa: E501
    scene: Scene,
) -> None:
    report, review = document(scene.patient, REPORT), document(scene.patient, REVIEW)
    scene.deposit(B, report, review)
    scene.authorises(D, K)
    dental, physical = scene.find(D), scene.find(K)
    assert (dental.ids, dental.total) == ({report.unique_id, review.unique_id}, 2)
    assert (physical.ids, physical.total) == ({report.unique_id}, 1)
    assert review.unique_id.encode() not in physical.octets


def test_scenario_13_a_delivery_report_is_as_unknown_to_a_podiatrist(scene: Scene) -> None:
    report = document(scene.patient, DELIVERY)
    scene.deposit(B, report)
    scene.authorises(PODIATRIST)
    if scene.wire == SOAP:
        answers = [
            scene.ask(PODIATRIST, GetDocuments(unique_id=(one,)))
            for one in (report.unique_id, UNKNOWN)
        ]
        for answer in answers:
            assert (answer.http, answer.errors, answer.total) == (200, (), 0)
        return
    searches = [
        scene.search(PODIATRIST, f"identifier=urn:ietf:rfc:3986|urn:oid:{one}")
        for one in (report.unique_id, UNKNOWN)
    ]
    assert [(one.errors, one.total) for one in searches] == [((), 0)] * 2
    here = scene.uuid(report).removeprefix("urn:uuid:")
    reads = [scene.read(PODIATRIST, f"DocumentReference/{one}") for one in (here, NOBODYS)]
    assert [one.http for one in reads] == [404, 404]
    assert reads[0].octets.replace(here.encode(), NOBODYS.encode()) == reads[1].octets


def test_scenario_14_advance_directives_cannot_be_retrieved_by_a_dental_surgeon(
    scene: Scene,
) -> None:
    directives = document(scene.patient, DIRECTIVES)
    scene.deposit(B, directives)
    scene.authorises(C, D)
    if scene.wire == SOAP:
        told, unknown = (scene.retrieve(D, one) for one in (directives.unique_id, UNKNOWN))
        assert told.errors == (
            (
                "XDSDocumentUniqueIdError",
                unknown.errors[0][1].replace(UNKNOWN, directives.unique_id),
            ),
        )
        assert directives.unique_id in told.errors[0][1]
        assert told.total == 0
        assert directives.octets not in told.octets
        assert scene.retrieve(C, directives.unique_id).total == 1
        return
    url = scene.find(C).body["entry"][0]["resource"]["content"][0]["attachment"]["url"]
    assert directives.octets in scene.send("GET", url, C).content
    here = url.rpartition("/")[2]
    told, unknown = (scene.read(D, url.replace(here, one)) for one in (here, NOBODYS))
    assert told.http == unknown.http == 404
    assert told.octets.replace(here.encode(), NOBODYS.encode()) == unknown.octets


def test_scenario_15_a_role_the_matrix_does_not_know_is_refused(scene: Scene) -> None:
    one = document(scene.patient)
    scene.deposit(B, one)
    stranger = somebody("doctor-c", role=(Code("999", PROFESSIONS, "Rebouteux"),))
    scene.authorises(stranger)
    told = scene.find(stranger)
    scene.refused(told, "not-allowed", "A1-operation")
    assert one.unique_id.encode() not in told.octets


def test_scenario_16_another_matrix_holds_from_midnight_on_without_a_restart(
    new_scene: NewScene, portal: BlockingPortal, tmp_path: Path
) -> None:
    profiles = tmp_path / "profiles"
    shutil.copytree(ROOT / "profiles", profiles)
    place = profiles / "fr-dmp"
    text = (place / "matrix.tsv").read_text(encoding="utf-8")
    later = [
        "\t".join(cell if at != 4 else "N1" for at, cell in enumerate(line.split("\t")))
        if line.startswith("11488-4\t")
        else line
        for line in text.splitlines()
    ]
    (place / "later.tsv").write_text("\n".join(later), encoding="utf-8")
    with (place / "access.toml").open("a", encoding="utf-8") as file:
        file.write('[[matrix.version]]\nversion = "later"\neffective = 2026-11-24\n')
        file.write('file = "later.tsv"\n')
    clock = MovableClock("20261123100000")
    with ExitStack() as stack:
        gateway = opened(stack, portal, tmp_path / "data", clock, profiles=profiles)
        scene = new_scene(gateway=gateway)
        report, delivery = document(scene.patient, REPORT), document(scene.patient, DELIVERY)
        scene.deposit(B, report, delivery)
        scene.authorises(C)
        clock.moment = "20261123225959"
        assert scene.find(C).ids == {report.unique_id, delivery.unique_id}
        # Midnight in Paris.
        clock.moment = "20261123230000"
        told = scene.find(C)
        assert (told.ids, told.total) == ({delivery.unique_id}, 1)


def test_scenario_17_an_author_reads_his_own_document_of_a_type_he_may_not_read(
    scene: Scene,
) -> None:
    own, other = document(scene.patient, REVIEW, author=K), document(scene.patient, REVIEW)
    scene.deposit(K, own)
    scene.deposit(B, other)
    scene.authorises(K)
    told = scene.find(K)
    assert (told.ids, told.total) == ({own.unique_id}, 1)
