"""Scenarios 18 to 28: what is masked from professionals."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model import choices as c
from gateway.model.association import Association
from gateway.model.datatypes import LocalizedString
from gateway.model.folder import Folder
from gateway.model.vocabulary import AssociationType
from gateway.security.people import DemonstrationPerson
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetFolderAndContents,
    GetFolders,
    GetRelatedDocuments,
    ReturnType,
)
from tests import french
from tests.scenarios.documents import HIDDEN, MASKED, PSYCHOLOGY, REPORT, Document, document
from tests.scenarios.people import A, B, C, N, id_of
from tests.scenarios.scene import APPROVED, MHD, SOAP, Scene

RPLC, APND = AssociationType.RPLC, AssociationType.APND
RELATIONS = (RPLC, APND, AssociationType.XFRM, AssociationType.XFRM_RPLC)
VISIBILITY_URL = french.VISIBILITY_URL


def mask(scene: Scene, one: Document) -> dict[str, Any]:
    """The patient masks a document."""
    return scene.decides(c.Mask(target=c.Document(id=scene.uuid(one))))


@pytest.fixture
def masked(scene: Scene) -> tuple[Scene, Document]:
    """A record with X, which Dr C wrote and the patient masked; Dr B and the nurse may read it."""
    scene.is_known(gp=id_of(A))
    x = document(scene.patient, author=C)
    scene.deposit(C, x)
    scene.authorises(A, B, C, N)
    mask(scene, x)
    return scene, x


def test_scenario_18_a_masked_document_is_there_for_its_author_and_the_attending_doctor_only(
    masked: tuple[Scene, Document],
) -> None:
    scene, x = masked
    for person in (B, N):
        told = scene.find(person)
        assert (told.errors, told.ids, told.total) == ((), set(), 0)
        assert x.unique_id.encode() not in told.octets
    for person in (A, C, scene.P):
        assert scene.find(person).ids == {x.unique_id}


def test_scenario_19_with_a_masked_document_go_its_set_and_its_links(
    masked: tuple[Scene, Document],
) -> None:
    scene, x = masked
    y = document(scene.patient, author=C)
    scene.deposit(C, y)
    if scene.wire == SOAP:
        there = scene.everything(B)
        assert [e.unique_id for e in there.document_entries] == [y.unique_id]
        (its_set,) = there.submission_sets
        ends = {(a.source_object, a.target_object) for a in there.associations}
        assert ends == {(its_set.entry_uuid, there.document_entries[0].entry_uuid)}
        # Masking made a version, which came with a set of its own.
        assert len(scene.everything(A).submission_sets) == 3
        return
    sets = scene.search(B, "code=submissionset", kind="List")
    (its_list,) = [e["resource"] for e in sets.body["entry"]]
    assert sets.total == 1
    (item,) = its_list["entry"]
    assert item["item"]["reference"].rpartition("/")[2] == scene.uuid(y).removeprefix("urn:uuid:")
    assert scene.search(A, "code=submissionset", kind="List").total == 3


def test_scenario_20_what_replaced_a_masked_document_is_masked_as_well(
    masked: tuple[Scene, Document],
) -> None:
    scene, x = masked
    y = document(scene.patient, author=C, links=[(RPLC, scene.uuid(x))])
    scene.deposit(C, y)
    assert (scene.find(B).ids, scene.find(B).total) == (set(), 0)
    assert scene.find(A).ids == {y.unique_id}
    if scene.wire == SOAP:
        assert tuple(scene.everything(B).objects()) == ()
    else:
        assert scene.search(B).total == 0


def test_scenario_21_a_visible_document_has_no_link_to_an_absent_one(scene: Scene) -> None:
    """What is linked with a masked document is masked with it (20), so that Z is visible beside an
    absent X where the matrix keeps X away; once X is masked as well, Z is as unknown as X.
    """
    x = document(scene.patient, PSYCHOLOGY, author=C)
    scene.deposit(C, x)
    z = document(scene.patient, author=C, links=[(RPLC, scene.uuid(x))])
    alone = document(scene.patient, author=C)
    scene.authorises(C, N)
    scene.deposit(C, z)
    scene.deposit(C, alone)

    def linked(person: DemonstrationPerson, one: Document) -> list[str]:
        """The ends of the links of a document."""
        if scene.wire == SOAP:
            query = GetRelatedDocuments(
                unique_id=(one.unique_id,), association_types=tuple(map(str, RELATIONS))
            )
            return [link.target_object for link in scene.objects(person, query).associations]
        (resource,) = [
            e["resource"]
            for e in scene.search(person).body["entry"]
            if e["resource"]["masterIdentifier"]["value"] == f"urn:oid:{one.unique_id}"
        ]
        links = resource.get("relatesTo", ())
        return ["urn:uuid:" + one["target"]["reference"].rpartition("/")[2] for one in links]

    assert linked(C, z) == [scene.uuid(x)]
    told = scene.find(N)
    assert told.ids == {z.unique_id, alone.unique_id}
    assert linked(N, z) == linked(N, alone) == []
    assert scene.uuid(x).removeprefix("urn:uuid:").encode() not in told.octets
    mask(scene, z)
    assert scene.find(N).ids == {alone.unique_id}
    if scene.wire == MHD:
        assert scene.search(N).ids == {alone.unique_id}
        return
    for one in (x, z):
        query = GetRelatedDocuments(
            unique_id=(one.unique_id,), association_types=tuple(map(str, RELATIONS))
        )
        assert tuple(scene.objects(N, query).objects()) == ()


def test_scenario_22_a_folder_shows_what_is_visible_and_when_that_came(scene: Scene) -> None:
    clock = scene.gateway.clock
    y = document(scene.patient, author=C)
    folder = Folder(
        entry_uuid="folder",
        unique_id=f"2.999.42.8.{y.number}",
        patient_id=scene.patient,
        code_list=(y.entry.class_code,),  # type: ignore[arg-type]
        title=(LocalizedString("Suivi", "fr-FR"),),
    )
    scene.authorises(A, B)
    scene.deposit(C, y, folder=folder)
    came = clock.now()
    (kept,) = scene.gateway.rows(
        "SELECT entry_uuid FROM folder JOIN object USING (key) WHERE unique_id = ?",
        folder.unique_id,
    )
    clock.pass_(days=1)
    x = document(scene.patient, author=C)
    x.links = (
        Association(
            entry_uuid="in",
            association_type=AssociationType.HAS_MEMBER,
            source_object=kept[0],
            target_object=x.entry.entry_uuid,
        ),
    )
    scene.deposit(C, x)
    grown = clock.now()

    def shown() -> tuple[set[str], str]:
        if scene.wire == SOAP:
            (found,) = scene.objects(B, GetFolders(unique_id=(folder.unique_id or "",))).folders
            there = scene.objects(B, GetFolderAndContents(unique_id=(folder.unique_id or "",)))
            time = found.last_update_time
            assert time is not None
            return {e.unique_id or "" for e in there.document_entries}, time.text
        (entry,) = scene.search(B, "code=folder", kind="List").body["entry"]
        resource = entry["resource"]
        items = [one["item"]["reference"].rpartition("/")[2] for one in resource["entry"]]
        names = {scene.uuid(one).removeprefix("urn:uuid:"): one.unique_id for one in (x, y)}
        time = resource["date"].translate(str.maketrans("", "", "-:TZ"))
        return {names[item] for item in items}, time

    assert shown() == ({x.unique_id, y.unique_id}, grown)
    mask(scene, x)
    assert shown() == ({y.unique_id}, came)


def test_scenario_23_a_count_is_that_of_what_is_visible(masked: tuple[Scene, Document]) -> None:
    """Over SOAP the shortest answer is a list of references."""
    scene, _ = masked
    scene.deposit(C, *(document(scene.patient, author=C) for _ in range(2)))

    def count(person: Any) -> int:
        if scene.wire == SOAP:
            query = FindDocuments(patient_id=scene.patient, status=(APPROVED,))
            return scene.ask(person, query, return_type=ReturnType.OBJECT_REF).total
        told = scene.find(person, "&_summary=count")
        assert "entry" not in told.body
        return told.total

    assert (count(B), count(A)) == (2, 3)


def test_scenario_24_asking_for_what_is_masked_finds_what_is_visible_only(
    masked: tuple[Scene, Document],
) -> None:
    scene, x = masked

    def asked(person: Any) -> Any:
        if scene.wire == SOAP:
            return scene.ask(
                person,
                FindDocuments(
                    patient_id=scene.patient,
                    status=(APPROVED,),
                    confidentiality_code=((("MASQUE_PS", french.VISIBILITY),),),
                ),
            )
        return scene.find(person, f"&security-label={VISIBILITY_URL}|MASQUE_PS")

    told = asked(B)
    assert (told.http, told.errors, told.ids, told.total) == (200, (), set(), 0)
    assert asked(A).ids == {x.unique_id}


def test_scenario_25_what_is_unmasked_is_there_for_the_same_search(
    masked: tuple[Scene, Document],
) -> None:
    scene, x = masked
    others = [document(scene.patient, author=C) for _ in range(2)]
    scene.deposit(C, *others)
    first = scene.find(B, "&_count=1")
    scene.decides(c.Unmask(target=c.Document(id=scene.uuid(x))))
    everything = {x.unique_id, *(one.unique_id for one in others)}
    assert scene.find(B).ids == everything
    if scene.wire == MHD:
        assert (first.total, len(first.seen)) == (2, 1)
        assert scene.page(B, scene.link(first)).total == 3
        page = scene.page(B, scene.link(first, "self"))
        seen = set(page.ids)
        while any(one["relation"] == "next" for one in page.body["link"]):
            page = scene.page(B, scene.link(page))
            seen |= page.ids
        assert seen == everything


def test_scenario_26_a_professional_masks_for_the_patient_and_a_consent_says_so(
    scene: Scene,
) -> None:
    x = document(scene.patient, author=C)
    scene.deposit(C, x)
    scene.authorises(A, B, N)
    scene.is_known(gp=id_of(A))
    told = scene.labels(B, x, MASKED)
    assert (told.http, told.errors) == (200, ())
    assert scene.find(B).ids == set()
    (after,) = scene.find(A).seen.values()
    assert {code.code for code in after.confidentiality_code} == {"N", "MASQUE_PS"}
    version = after.version
    if scene.wire == MHD:
        version = scene.find(A).body["entry"][0]["resource"]["meta"]["versionId"]
    assert version == "2"
    masks = [
        nested["data"]
        for one in scene.consents(scene.P)
        for nested in one["provision"].get("provision", ())
        if nested["type"] == "deny" and "data" in nested
    ]
    (data,) = masks
    assert [one["meaning"] for one in data] == ["instance"]
    assert data[0]["reference"]["reference"].startswith("DocumentReference/")


def test_scenario_27_masked_and_hidden_from_the_patient_exclude_each_other(scene: Scene) -> None:
    told = scene.provide(B, document(scene.patient, REPORT, MASKED, HIDDEN))
    scene.authorises(B)
    if scene.wire == SOAP:
        assert {code for code, _ in told.errors} == {"XDSRegistryMetadataError"}
    else:
        assert told.http == 422
        assert set(told.codes) == {"XDSRegistryMetadataError"}
    assert scene.find(B).ids == set()
    assert scene.kept == []


def test_scenario_28_what_is_all_hidden_is_there_for_the_patient_only(scene: Scene) -> None:
    scene.is_known(gp=id_of(A))
    brought = [document(scene.patient, author=C) for _ in range(2)]
    scene.deposit(C, *brought)
    scene.authorises(A, B)
    scene.decides(c.HideAll(hidden=True))
    for person in (A, B):
        told = scene.find(person)
        assert (told.http, told.errors, told.ids, told.total) == (200, (), set(), 0)
    assert scene.find(scene.P).ids == {one.unique_id for one in brought}
