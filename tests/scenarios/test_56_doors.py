"""Scenarios 56 to 66: what the doors let slip, and what ends a record."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal
from typer.testing import CliRunner

from gateway.cli import app
from gateway.codecs.fhir.bundle_writer import provide_bundle
from gateway.model import choices as c
from gateway.model.datatypes import Code
from gateway.model.subject import Mode
from gateway.security.people import DemonstrationPerson
from tests.notifications.world import MovableClock
from tests.scenarios.conftest import NewScene
from tests.scenarios.documents import (
    DELIVERY,
    DISCHARGE,
    PSYCHOLOGY,
    REPORT,
    RESIDENCE,
    REVIEW,
    WISHES,
    Document,
    document,
    submission,
)
from tests.scenarios.gateway import opened
from tests.scenarios.hooks import Hook
from tests.scenarios.people import (
    SPECIALITIES,
    B,
    C,
    D,
    H,
    N,
    house_of,
    id_of,
    patient_of,
    somebody,
    writes,
)
from tests.scenarios.scene import SOAP, Scene, Told, authorise, told_by
from tests.scenarios.test_44_minors import subscribes, told_apart

NOBODYS = "urn:uuid:11111111-1111-4111-8111-111111111111"
UNKNOWN = "2.999.42.4.999999"
ACT_REASON = "2.16.840.1.113883.5.8"


def mask(scene: Scene, one: Document) -> None:
    """The patient masks a document."""
    scene.decides(c.Mask(target=c.Document(id=scene.uuid(one))))


def alike(one: Told, other: Told, *names: tuple[str, str]) -> bool:
    """Whether two answers are the same but for the names that were asked for."""
    text = one.errors
    for mine, others in names:
        text = tuple((code, said.replace(mine, others)) for code, said in text)
    return (one.http, text, one.codes, one.total) == (
        other.http,
        other.errors,
        other.codes,
        other.total,
    )


def test_scenario_56_who_did_not_write_a_document_does_not_delete_it(scene: Scene) -> None:
    x = document(scene.patient, author=B)
    scene.deposit(B, x)
    scene.authorises(C)
    uuid = scene.uuid(x)
    visible = scene.delete(C, uuid)
    if scene.wire == SOAP:
        assert {code for code, _ in visible.errors} == {"LocalPolicyRestrictionError"}
        assert any("recorded" in text for _, text in visible.errors)
    else:
        assert (visible.http, visible.errors) == (403, (("forbidden", "C1-not-author"),))
    assert scene.find(C).ids == {x.unique_id}
    mask(scene, x)
    uuid = scene.uuid(x)
    hidden, unknown = scene.delete(C, uuid), scene.delete(C, NOBODYS)
    assert hidden.errors != ()
    assert alike(hidden, unknown, (uuid, NOBODYS), (uuid[9:], NOBODYS[9:]))
    assert scene.find(scene.P).ids == {x.unique_id}


def test_scenario_57_what_is_masked_fails_as_what_is_unknown(scene: Scene) -> None:
    x, y = document(scene.patient, author=C), document(scene.patient, author=C)
    scene.deposit(C, x)
    scene.deposit(C, y)
    scene.authorises(B, C)
    mask(scene, x)
    if scene.wire == SOAP:
        told = scene.retrieve(B, y.unique_id, x.unique_id, UNKNOWN)
        assert told.total == 1
        assert told.body.outcome.status.endswith(":PartialSuccess")
        assert y.octets in told.octets
        assert x.octets not in told.octets
        masked, unknown = told.errors
        assert masked[0] == unknown[0] == "XDSDocumentUniqueIdError"
        assert masked[1].replace(x.unique_id, UNKNOWN) == unknown[1]
        assert x.unique_id in masked[1]
        return
    urls = {
        e["resource"]["masterIdentifier"]["value"]: e["resource"]["content"][0]["attachment"]["url"]
        for e in scene.find(C).body["entry"]
    }
    url = urls[f"urn:oid:{x.unique_id}"]
    name = url.rpartition("/")[2]
    there = scene.send("GET", urls[f"urn:oid:{y.unique_id}"], B)
    assert there.status_code == 200
    masked_, unknown_ = (
        scene.read(B, url.replace(name, one)) for one in (name, NOBODYS.removeprefix("urn:uuid:"))
    )
    assert masked_.http == 404
    assert masked_.octets.replace(name.encode(), NOBODYS[9:].encode()) == unknown_.octets


def test_scenario_58_a_condition_matches_nothing_that_is_masked_and_its_id_stays_taken(
    scene: Scene,
) -> None:
    """Over SOAP there are no conditions: there is the clash of ids, the residual leak, alone."""
    x = document(scene.patient, author=C)
    scene.deposit(C, x)
    scene.authorises(B, C)
    mask(scene, x)
    clash = scene.provide(B, document(scene.patient, author=B, unique_id=x.unique_id))
    if scene.wire == SOAP:
        assert [code for code, _ in clash.errors] == ["XDSNonIdenticalHash"]
    else:
        assert (clash.http, clash.codes) == (409, ("XDSNonIdenticalHash",))
    assert scene.uuid(x).removeprefix("urn:uuid:").encode() not in clash.octets
    assert scene.find(B).total == 0
    if scene.wire == SOAP:
        return

    def unless_there(person: DemonstrationPerson) -> tuple[Told, Document]:
        """Somebody brings two documents, one with X's identifier in case X is not there."""
        one = document(scene.patient, author=person, unique_id=x.unique_id)
        other = document(scene.patient, author=person)
        brought = {two.entry.entry_uuid: ("text/xml", two.octets) for two in (one, other)}
        bundle, _ = provide_bundle(
            submission(one, other, by=writes(person)),
            brought,
            scene.gateway.service.profile.naming,
        )
        entry = next(
            e for e in bundle["entry"] if e["resource"]["resourceType"] == "DocumentReference"
        )
        entry["request"]["ifNoneExist"] = f"identifier=urn:ietf:rfc:3986|urn:oid:{x.unique_id}"
        return told_by(scene.send("POST", "", person, bundle)), other

    made, _ = unless_there(B)
    assert (made.http, made.errors, made.codes) == (clash.http, clash.errors, clash.codes)
    found, other = unless_there(C)
    assert (found.http, found.errors) == (200, ())
    assert scene.find(C).ids == {x.unique_id, other.unique_id}


def test_scenario_59_a_subscriber_is_told_of_what_he_sees_while_he_may(
    scene: Scene, outside: Hook
) -> None:
    path = f"/{scene.patient.value}"
    scene.authorises(N)
    subscribes(scene, N, outside.url + path)
    scene.gateway.delivers()
    handshakes = told_apart(outside, path)
    scene.deposit(C, document(scene.patient, RESIDENCE, author=C))
    scene.gateway.delivers()
    assert told_apart(outside, path) == handshakes
    seen = document(scene.patient, author=C)
    scene.deposit(C, seen)
    scene.gateway.delivers()
    assert told_apart(outside, path) == handshakes + 1
    assert seen.unique_id in json.dumps(outside.at(path)[-1])
    scene.decides(c.Revoke(holder=c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=id_of(N))))
    late = document(scene.patient, author=C)
    scene.deposit(C, late)
    scene.gateway.delivers()
    assert late.unique_id not in json.dumps(outside.at(path))


def test_scenario_60_another_patients_record_does_not_exist(
    scene: Scene, new_scene: NewScene
) -> None:
    scene.deposit(B, document(scene.patient))
    other = new_scene()
    nobody = new_scene(exists=False)
    answers = []
    for record, rule in ((scene, "A16"), (nobody, "A2-no-record")):
        told = record.find(patient_of(other.patient))
        record.unknown(told, rule)
        answers.append((told.http, told.errors, told.codes))
    assert answers[0] == answers[1]


OCCUPATIONAL = somebody(
    "doctor-b",
    role=(
        Code("10", "1.2.250.1.71.1.2.7", "Médecin"),
        Code("SM25", SPECIALITIES, "Médecine du travail (SM)"),
    ),
)


def test_scenario_61_an_occupational_physician_needs_the_patients_own_consent(
    scene: Scene,
) -> None:
    one = document(scene.patient, author=C)
    scene.deposit(C, one)
    hospital = c.Holder(kind=c.HolderKind.STRUCTURE, identifier=house_of(H))
    scene.decides(c.Authorise(holder=hospital, origin=c.Origin.CARE_TEAM))
    assert scene.find(B).ids == {one.unique_id}
    scene.refused(scene.find(OCCUPATIONAL), "no-access", "A12-no-authorisation")
    scene.decides(authorise(OCCUPATIONAL))
    assert scene.find(OCCUPATIONAL).ids == {one.unique_id}


def test_scenario_62_whatever_was_agreed_an_insurer_reads_nothing(scene: Scene) -> None:
    scene.deposit(C, document(scene.patient, author=C))
    scene.authorises(B)
    purpose = (Code("COVERAGE", ACT_REASON, "coverage under policy or program"),)
    told = scene.find(B, facts={"purpose": purpose})
    scene.refused(told, "no-access", "A19-forbidden-purpose")


def test_scenario_63_who_refused_break_glass_is_fed_in_the_normal_mode_only(
    scene: Scene,
) -> None:
    scene.decides(c.Emergency(kind=c.EmergencyKind.BREAK_GLASS, allowed=False))
    report = document(scene.patient, author=C)
    told = scene.provide(C, report, mode=Mode.BREAK_GLASS, reason="inconscient")
    scene.refused(told, "no-access", "A11-objection", code="XDSRepositoryError")
    assert scene.kept == []
    scene.deposit(C, report)
    assert scene.find(scene.P).ids == {report.unique_id}


def test_scenario_64_a_patient_deletes_what_is_his_and_asks_the_author_for_the_rest(
    scene: Scene,
) -> None:
    report = document(scene.patient, DISCHARGE, author=H)
    own = document(scene.patient, WISHES, author=scene.P)
    scene.deposit(H, report)
    scene.deposit(scene.P, own)
    scene.authorises(B)
    assert scene.find(B).ids == {report.unique_id, own.unique_id}
    told = scene.delete(scene.P, scene.uuid(report))
    if scene.wire == SOAP:
        assert {code for code, _ in told.errors} == {"LocalPolicyRestrictionError"}
    else:
        assert (told.http, told.errors) == (403, (("forbidden", "C1-not-author"),))
    assert b"ask the author" in told.octets
    gone = scene.delete(scene.P, scene.uuid(own))
    assert gone.errors == (), gone
    for person in (B, scene.P):
        assert scene.find(person).ids == {report.unique_id}


def test_scenario_65_physicians_read_all_but_the_attestation_of_residence(scene: Scene) -> None:
    kinds = (REPORT, DISCHARGE, DELIVERY, REVIEW, PSYCHOLOGY, RESIDENCE)
    brought = {kind: document(scene.patient, kind, author=C) for kind in kinds}
    scene.deposit(C, *brought.values())
    scene.authorises(B, D)
    physician, dental = scene.find(B), scene.find(D)
    names = {kind: one.unique_id for kind, one in brought.items()}
    assert physician.ids == set(names.values()) - {names[RESIDENCE]}
    assert physician.total == 5
    assert dental.ids == physician.ids - {names[PSYCHOLOGY]}
    assert dental.total == 4


def test_scenario_66_ten_years_after_its_end_nothing_is_left_of_a_record_but_its_trail(
    new_scene: NewScene, portal: BlockingPortal, tmp_path: Path
) -> None:
    clock = MovableClock("20261122100000")
    data = tmp_path / "data"

    def blobs() -> list[Path]:
        return [p for p in (data / "documents" / "sha256").rglob("*") if p.is_file()]

    with ExitStack() as stack:
        scene = new_scene(gateway=opened(stack, portal, data, clock))
        scene.deposit(B, *(document(scene.patient) for _ in range(3)))
        link = ""
        if scene.wire != SOAP:
            link = scene.link(scene.find(scene.P, "&_count=1"))
        scene.decides(c.Close())
        kept, written = len(scene.kept), len(blobs())
        assert kept >= 4 and written >= 3
    clock.moment = "20361121100000"
    with ExitStack() as stack:
        scene.gateway = opened(stack, portal, data, clock)
        assert (len(scene.kept), len(blobs())) == (kept, written)
    clock.moment = "20361123100000"
    # Certificates of ten years ago sign nothing any more.
    shutil.rmtree(data / "development-authority")
    with ExitStack() as stack:
        scene.gateway = opened(stack, portal, data, clock)
        wait_until(lambda: scene.kept == [] and blobs() == [])
        if link:
            assert scene.page(scene.P, link).http in (404,)
        scene.unknown(scene.find(scene.P), "A2-no-record")
        patient = scene.patient.value
        for table, column in (
            ("patient", "identifiers"),
            ("object", "ebrim"),
            ("object", "fhir"),
            ("statement", "statement"),
        ):
            query = f"SELECT count(*) FROM {table} WHERE instr({column}, ?) > 0"
            assert scene.gateway.rows(query, patient) == [(0,)]
        assert "retention" in {event.rule for event in scene.events}
    verified = CliRunner().invoke(app, ["audit", "verify", "--data", str(data)])
    assert verified.exit_code == 0, verified.output


def wait_until(holds: Any, seconds: float = 60) -> None:
    """Wait for what a gateway does by itself once it is open."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    assert holds()
