"""Withdrawn objects are kept, and no query, read or retrieval of any kind finds them again."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.model.association import Association
from gateway.model.datatypes import Code, DateTime
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes, DocumentRecord, Known, StatusChange
from gateway.model.patient import Patient, RecordState
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.ports import Form, Page
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetAll,
    GetAssociations,
    GetDocuments,
    GetDocumentsAndAssociations,
    GetRelatedDocuments,
    GetSubmissionSetAndContents,
    GetSubmissionSets,
    StoredQuery,
)
from tests.model import examples
from tests.storage.memory import MemoryRegistry
from tests.storage.shelf import PickledFragments, SteppingClock, uuid

pytestmark = pytest.mark.anyio

GONE = "urn:zz:status:Gone"
APPROVED = AvailabilityStatus.APPROVED.value
BOTH = (APPROVED, AvailabilityStatus.DEPRECATED.value, GONE)
ENTRY, OTHER, SET, LINK, RELATION = (uuid(n) for n in range(1, 6))
RECORD = DocumentRecord(
    unique_id="2.999.4.1", mime_type="text/plain", size=5, sha1=examples.HASH, content="ab" * 32
)
QUERIES: tuple[StoredQuery, ...] = (
    FindDocuments(patient_id=examples.PATIENT, status=BOTH, metadata_level=2),
    FindDocuments(entry_uuid=(ENTRY,), metadata_level=2),
    FindDocuments(logical_id=(ENTRY,), metadata_level=2),
    FindDocuments(unique_id=("2.999.4.1",), metadata_level=2),
    GetAll(
        patient_id=examples.PATIENT,
        document_entry_status=BOTH,
        submission_set_status=BOTH,
        folder_status=BOTH,
        association_status=BOTH,
        metadata_level=2,
    ),
    GetDocuments(entry_uuid=(ENTRY, OTHER), metadata_level=2),
    GetDocuments(unique_id=("2.999.4.1",), metadata_level=2),
    GetDocuments(logical_id=(ENTRY,), metadata_level=2),
    GetAssociations(uuid=(ENTRY, OTHER, SET), association_status=BOTH, metadata_level=2),
    GetDocumentsAndAssociations(entry_uuid=(ENTRY, OTHER), association_status=BOTH),
    GetSubmissionSets(uuid=(ENTRY,), metadata_level=2),
    GetSubmissionSetAndContents(entry_uuid=(SET,), metadata_level=2),
    GetRelatedDocuments(
        entry_uuid=(OTHER,),
        association_types=(AssociationType.RPLC,),
        association_status=BOTH,
        metadata_level=2,
    ),
)


def kept(value: Any) -> Any:
    return replace(value, logical_id=value.entry_uuid, version="1", availability_status=APPROVED)


def link(name: str, kind: AssociationType, source: str, target: str) -> Association:
    made = Association(
        entry_uuid=name, association_type=kind, source_object=source, target_object=target
    )
    return kept(made)  # type: ignore[no-any-return]


ADDED = Changes(
    added=(
        kept(examples.submission_set(entry_uuid=SET)),
        kept(examples.entry(ENTRY)),
        kept(examples.entry(OTHER, "2.999.4.2")),
        link(LINK, AssociationType.HAS_MEMBER, SET, ENTRY),
        link(RELATION, AssociationType.RPLC, OTHER, ENTRY),
    ),
    documents=(RECORD,),
)
WITHDRAWN = Changes(
    withdrawn=tuple(StatusChange(entry_uuid=u, status=GONE) for u in (ENTRY, LINK, RELATION)),
    withdrawn_documents=("2.999.4.1",),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteRegistryStore]:
    opened = SqliteRegistryStore.open(tmp_path / "r.sqlite", PickledFragments(), SteppingClock())
    await opened.change(lambda _: ADDED)
    yield opened
    await opened.close()


async def answered(store: Any) -> set[str]:
    found: set[str] = set()
    for query in QUERIES:
        for form in (Form.EBRIM, Form.REFERENCE):
            found |= {held.entry_uuid for held in (await store.find(query, form)).objects}
        found |= {h.entry_uuid for h in (await store.find(query, Form.FHIR, Page(size=9))).objects}
    return found


async def test_no_query_finds_what_was_withdrawn(store: SqliteRegistryStore) -> None:
    assert await answered(store) == {ENTRY, OTHER, SET, LINK, RELATION}
    assert await store.document("2.999.4.1") == RECORD
    await store.change(lambda _: WITHDRAWN)
    assert await answered(store) == {OTHER, SET}
    assert await store.read(ENTRY) is None
    assert await store.document("2.999.4.1") is None
    assert await store.described_document(ENTRY) == (False, None)


async def test_the_registry_in_memory_agrees() -> None:
    memory = MemoryRegistry(PickledFragments(), SteppingClock())
    await memory.change(lambda _: ADDED)
    await memory.change(lambda _: WITHDRAWN)
    assert await answered(memory) == {OTHER, SET}


async def test_decisions_still_see_what_was_withdrawn(store: SqliteRegistryStore) -> None:
    await store.change(lambda _: WITHDRAWN)

    def decide(known: Known) -> Changes:
        entry = known.object(ENTRY)
        assert isinstance(entry, DocumentEntry)
        assert entry.availability_status == GONE
        assert entry.patient_id == examples.PATIENT
        assert known.entries("2.999.4.1") == (entry,)
        assert known.is_used("2.999.4.1")
        assert known.latest(ENTRY) is None
        assert known.associations(SET) == ()
        # The octets stay, and another document cannot take their name.
        assert known.document("2.999.4.1") == RECORD
        return Changes()

    await store.change(decide)
    assert await store.referenced((RECORD.content,)) == {RECORD.content}


async def test_links_name_the_version_that_counts_where_resources_go_by_it(
    tmp_path: Path,
) -> None:
    for by_entry_uuid, name in ((False, ENTRY), (True, uuid(9))):
        store = SqliteRegistryStore.open(
            tmp_path / f"{by_entry_uuid}.sqlite",
            PickledFragments(),
            SteppingClock(),
            by_entry_uuid=by_entry_uuid,
        )
        await store.change(lambda _: ADDED)
        newer = replace(kept(examples.entry(uuid(9))), logical_id=ENTRY, version="2")
        await store.change(lambda _, newer=newer: Changes(added=(newer,)))
        (related,) = (await store.find(GetDocuments(entry_uuid=(OTHER,)), Form.FHIR)).objects
        assert pickle.loads(related.fragment)[2]["relations"] == (
            (AssociationType.RPLC.value, name, ENTRY),
        )
        query = GetSubmissionSetAndContents(entry_uuid=(SET,))
        found = (await store.find(query, Form.FHIR)).objects
        members = [pickle.loads(h.fragment)[2]["members"] for h in found if h.entry_uuid == SET]
        assert members == [(("DocumentEntry", name),)]
        for asked in (ENTRY, uuid(9)):
            by_id = await store.find(FindDocuments(logical_id=(asked,)), Form.REFERENCE)
            assert [h.entry_uuid for h in by_id.objects] == [uuid(9)]
        await store.close()


async def test_the_state_of_a_record_is_kept(store: SqliteRegistryStore) -> None:
    state = RecordState(
        closed_on=DateTime("20260320"),
        closing_motive=Code("asked", "http://motives"),
        closing_reason="Not needed",
        attached=False,
    )
    patient = Patient(identifiers=(examples.PATIENT,), active=False, record=state)
    put = await store.patients.put(patient)
    assert put.record == state
    again = await store.patients.put(replace(put, record=RecordState()))
    assert (await store.patients.find(examples.PATIENT)) == again
    assert again.record == RecordState()
