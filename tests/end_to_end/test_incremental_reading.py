"""A professional's software reads a record bit by bit, as the guide of the DMP asks it to.

First visit: documents of two years by their service time, status Approved. Later visits: the
submission sets since the visit before, their associations, and in batches of twenty the documents
with theirs; then the documents themselves by ITI-43. The same logicalId under another entryUUID is
a change of metadata only; a chain of RPLC is new content. Over SOAP, with a gateway of the profile.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.codecs.ebrim.query_parameters import QueryId
from gateway.model.association import Association
from gateway.model.datatypes import DateTime
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.transactions.document_repository import DocumentRequest, RetrieveDocumentSet
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindSubmissionSets,
    GetAssociations,
    GetDocumentsAndAssociations,
    RegistryStoredQuery,
    StoredQuery,
    TimeBound,
)
from gateway.upstream.xds_client import XdsClient
from tests import french
from tests.end_to_end.server import RunningGateway, running_gateway
from tests.waiting import PATIENCE
from tests.web.messages import provide, update

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED.value, AvailabilityStatus.DEPRECATED.value
REPOSITORY = "2.999.1.1"
BATCH = 20
_sets = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("record"), "--profile", "fr-dmp") as running:
        yield running


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def dtm(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


class Kept(io.BytesIO):
    def close(self) -> None:
        pass


@dataclass
class Software:
    """What the software of one practice knows of one record.

    Attributes:
        entries: The present description of each document, by logicalId.
        contents: Documents by uniqueId.
        replaced: uniqueIds of documents that another one replaced.
        fetched: How often each document was asked for.
        batches: How many descriptions each request asked for.
    """

    server: RunningGateway
    last_visit: datetime | None = None
    entries: dict[str, DocumentEntry] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    fetched: Counter[str] = field(default_factory=Counter)
    changed: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def visit(self) -> None:
        self.changed, self.batches = [], []
        asyncio.run(self._visit())

    async def _visit(self) -> None:
        began = now()
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            self.client = XdsClient(
                http,
                lambda: uuid.uuid4().urn,
                registry=self.server.registry,
                repository=self.server.repository,
            )
            if self.last_visit is None:
                await self._first()
            else:
                await self._later(self.last_visit)
            await self._retrieve()
        self.last_visit = began

    async def _first(self) -> None:
        bound = TimeBound(
            attribute="service_start_time",
            low=dtm(now() - timedelta(days=730)),
            missing_matches=True,
        )
        found = await self._ask(
            QueryId.FIND_DOCUMENTS,
            FindDocuments(patient_id=french.PATIENT, status=(APPROVED,), times=(bound,)),
        )
        self._take(found.document_entries)

    async def _later(self, since: datetime) -> None:
        bound = TimeBound(attribute="submission_time", low=dtm(since))
        sets = await self._ask(
            QueryId.FIND_SUBMISSION_SETS,
            FindSubmissionSets(patient_id=french.PATIENT, status=(APPROVED,), times=(bound,)),
        )
        ids = tuple(s.entry_uuid for s in sets.submission_sets)
        if not ids:
            return
        links = await self._ask(QueryId.GET_ASSOCIATIONS, GetAssociations(uuid=ids))
        members = {
            a.target_object
            for a in links.associations
            if a.association_type == AssociationType.HAS_MEMBER and a.source_object in ids
        }
        for batch in _batched(sorted(members)):
            self.batches.append(len(batch))
            found = await self._ask(
                QueryId.GET_DOCUMENTS_AND_ASSOCIATIONS,
                GetDocumentsAndAssociations(entry_uuid=tuple(batch)),
            )
            self._take(found.document_entries)
            self._replace(found.associations)

    def _take(self, entries: Sequence[DocumentEntry]) -> None:
        for entry in entries:
            lid = entry.logical_id or ""
            known = self.entries.get(lid)
            if known is not None:
                # One document, described anew: the content is the one that is here.
                assert known.unique_id == entry.unique_id
                assert known.hash == entry.hash
                if known.entry_uuid != entry.entry_uuid:
                    self.changed.append(lid)
            self.entries[lid] = entry

    def _replace(self, links: Sequence[Association]) -> None:
        by_uuid = {e.entry_uuid: e for e in self.entries.values()}
        for link in links:
            if link.association_type == AssociationType.RPLC and link.target_object in by_uuid:
                self.replaced.add(by_uuid[link.target_object].unique_id or "")

    async def _retrieve(self) -> None:
        wanted = [
            e.unique_id or ""
            for e in self.entries.values()
            if e.unique_id not in self.contents and e.unique_id not in self.replaced
        ]
        for batch in _batched(wanted):
            self.fetched.update(batch)
            request = RetrieveDocumentSet(
                documents=tuple(
                    DocumentRequest(repository_unique_id=REPOSITORY, document_unique_id=one)
                    for one in batch
                )
            )
            fetched = await self.client.retrieve(request, Kept)
            assert fetched.outcome.findings == ()
            for document in fetched.documents:
                sink: Any = document.sink
                self.contents[document.request.document_unique_id] = sink.getvalue()

    async def _ask(self, query_id: str, query: StoredQuery) -> Submission:
        answer = await self.client.query(RegistryStoredQuery(query_id=query_id, query=query))
        assert answer.outcome.findings == ()
        return answer.objects


def _batched(items: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(items), BATCH):
        yield tuple(items[start : start + BATCH])


def deposit(client: Any, *numbers: int, replacing: str = "") -> None:
    number = next(_sets)
    links = (french.replaces(numbers[0], replacing),) if replacing else ()
    sent = french.submission(
        number,
        *(french.entry(n, service_start_time=DateTime(dtm(now()))) for n in numbers),
        links=links,
        submission_time=DateTime(dtm(now())),
    )
    documents = {f"d{n}": french.content(n) for n in numbers}
    assert french.errors(provide(client, sent, documents)) == []


def described_anew(client: Any, entry: DocumentEntry, **given: object) -> None:
    sent = french.new_version(7000 + next(_sets), entry, entry.version or "1", **given)
    (own,) = sent.submission_sets
    moment = DateTime(dtm(now()))
    sent = replace(sent, submission_sets=(replace(own, submission_time=moment),))
    assert french.errors(update(client, sent)) == []


def test_a_record_is_read_bit_by_bit_with_nothing_missed_or_doubled(
    server: RunningGateway,
) -> None:
    software = Software(server)
    with httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as client:
        for first in range(1, 46, 5):
            deposit(client, *range(first, first + 5))
        software.visit()
        assert {e.unique_id for e in software.entries.values()} == {
            french.unique_id(n) for n in range(1, 46)
        }
        assert software.contents == {french.unique_id(n): french.content(n) for n in range(1, 46)}

        held = {e.unique_id: e for e in software.entries.values()}
        first, second, third, fourth = (held[french.unique_id(n)] for n in (1, 2, 3, 4))
        # Masked over SOAP.
        described_anew(client, first, confidentiality_code=(french.NORMAL, french.MASQUE_PS))
        # Masked over FHIR.
        masked = client.patch(
            f"/fhir/DocumentReference/{second.entry_uuid.removeprefix('urn:uuid:')}",
            json=[
                {
                    "op": "add",
                    "path": "/securityLabel/-",
                    "value": {"coding": [{"system": french.VISIBILITY_URL, "code": "MASQUE_PS"}]},
                }
            ],
            headers={"content-type": "application/json-patch+json"},
        )
        assert masked.status_code == 200, masked.text
        # Replaced by a new document, and that one by another.
        deposit(client, 101, replacing=third.entry_uuid)
        latest = entry_of(server, 101)
        deposit(client, 102, replacing=latest.entry_uuid)
        # Removed by its author.
        gone = french.status_update(7500 + next(_sets), fourth.entry_uuid, APPROVED, french.DELETED)
        assert french.errors(update(client, gone)) == []
        # Deposited and masked since, and more documents than one batch holds.
        for first_number in range(201, 231, 5):
            deposit(client, *range(first_number, first_number + 5))
        described_anew(
            client,
            entry_of(server, 201),
            confidentiality_code=(french.NORMAL, french.INVISIBLE_PATIENT),
        )

        software.visit()
        present = {e.unique_id: e for e in software.entries.values()}
        assert max(software.batches) == BATCH
        assert len(software.batches) >= 2
        # The same logicalId under another entryUUID: described anew, not fetched anew.
        assert {software.entries[lid].unique_id for lid in software.changed} >= {
            first.unique_id,
            second.unique_id,
        }
        for old in (first, second):
            new = present[old.unique_id]
            assert new.logical_id == old.logical_id
            assert new.entry_uuid != old.entry_uuid
            assert french.MASQUE_PS.key in {c.key for c in new.confidentiality_code}
        assert {c.code for c in present[french.unique_id(201)].confidentiality_code} == {
            "N",
            "INVISIBLE_PATIENT",
        }
        # The chain of replacements is known, and what was replaced is known as such.
        assert software.replaced == {french.unique_id(3), french.unique_id(101)}
        assert present[french.unique_id(102)].availability_status == APPROVED
        # Nothing missed: what a software that never came before is told is known here.
        fresh = Software(server)
        fresh.visit()
        for entry in fresh.entries.values():
            assert software.entries[entry.logical_id or ""] == entry
        known = {
            lid
            for lid, e in software.entries.items()
            if e.unique_id not in software.replaced and e.unique_id != fourth.unique_id
        }
        assert known == fresh.entries.keys()
        # Nothing doubled: each document was fetched once, however often it was described.
        assert set(software.fetched.values()) == {1}
        assert french.unique_id(102) in software.contents
        assert software.contents[french.unique_id(215)] == french.content(215)

        # A third visit on the heels of the second changes nothing.
        before = dict(software.entries)
        software.visit()
        assert software.entries == before
        assert set(software.fetched.values()) == {1}


def entry_of(server: RunningGateway, number: int) -> DocumentEntry:
    """What the registry says of a document now."""

    async def ask() -> DocumentEntry:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            client = XdsClient(http, lambda: uuid.uuid4().urn, registry=server.registry)
            query = FindDocuments(patient_id=french.PATIENT, status=(APPROVED, DEPRECATED))
            answer = await client.query(
                RegistryStoredQuery(query_id=QueryId.FIND_DOCUMENTS, query=query)
            )
        (found,) = [
            e for e in answer.objects.document_entries if e.unique_id == french.unique_id(number)
        ]
        return found

    return asyncio.run(ask())
