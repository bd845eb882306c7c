"""Document Responder: the registry's and repository's content for FHIR clients.

Source:
    IHE MHD 4.2.4: ITI-66, ITI-67, ITI-68.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.actors.document_registry import DocumentRegistry
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.lifecycle import DocumentRecord
from gateway.model.vocabulary import AvailabilityStatus, DocumentEntryType
from gateway.ports import DocumentStore, Form, Found, Held, Page, PatientDirectory, RegistryStore
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
)

_ANY_STATUS = tuple(s.value for s in AvailabilityStatus)
_ANY_TYPE = tuple(t.value for t in DocumentEntryType)
_NOTHING = Found(objects=(), total=0)


class DocumentResponder:
    """Finds, reads and retrieves for FHIR clients."""

    def __init__(
        self,
        registry: DocumentRegistry,
        store: RegistryStore,
        documents: DocumentStore,
        patients: PatientDirectory,
    ) -> None:
        self._registry = registry
        self._store = store
        self._documents = documents
        self._patients = patients

    async def find(
        self,
        query: FindDocuments | FindSubmissionSets | FindFolders,
        page: Page,
        patient_logical_id: str = "",
    ) -> Found:
        """Find objects, a page at a time.

        Args:
            query: Complete, but for a patient known by the id of its FHIR resource.
            page: Which part of the answer is wanted.
            patient_logical_id: That id; a patient nobody knows has no documents.

        Raises:
            Refused: When the query cannot be answered.
        """
        if patient_logical_id:
            patient = await self._patients.read(patient_logical_id)
            if patient is None:
                return _NOTHING
            query = replace(query, patient_id=patient.merged_into or patient.identifiers[0])
        return await self._registry.find(query, Form.FHIR, page)

    async def read(self, kind: str, resource_id: str) -> Held:
        """Give one DocumentReference or List by its FHIR id.

        Args:
            kind: ``DocumentReference`` or ``List``.
            resource_id: The logical id without ``urn:uuid:``, or that of an object's version.

        Raises:
            Refused: When there is none.
        """
        urn = f"urn:uuid:{resource_id.lower()}"
        page = Page(size=1)
        if kind == "DocumentReference":
            queries: tuple[FindDocuments | FindSubmissionSets | FindFolders, ...] = (
                FindDocuments(logical_id=(urn,), status=_ANY_STATUS, object_type=_ANY_TYPE),
                FindDocuments(entry_uuid=(urn,), status=_ANY_STATUS, object_type=_ANY_TYPE),
            )
        else:
            queries = (
                FindSubmissionSets(entry_uuid=(urn,), status=_ANY_STATUS),
                FindFolders(logical_id=(urn,), status=_ANY_STATUS, metadata_level=2),
                FindFolders(entry_uuid=(urn,), status=_ANY_STATUS, metadata_level=2),
            )
        for query in queries:
            found = await self._registry.find(query, Form.FHIR, page)
            if found.objects:
                return found.objects[0]
        raise Refused(
            Finding(
                rule="resource-known",
                code=ErrorCode.NOT_FOUND,
                location=f"{kind}/{resource_id[:64]}",
                message="there is no such resource here",
            )
        )

    async def retrieve(self, resource_id: str) -> DocumentRecord:
        """Give the document behind ``Binary/<id>`` [ITI-68].

        Raises:
            Refused: When there is no such document, or it was removed.
        """
        described, record = await self._store.described_document(f"urn:uuid:{resource_id.lower()}")
        if record is not None and self._documents.path(record.content) is not None:
            return record
        raise Refused(
            Finding(
                rule="document-present",
                code=ErrorCode.GONE if described else ErrorCode.NOT_FOUND,
                location=f"Binary/{resource_id[:64]}",
                message="the document was removed, or is kept elsewhere"
                if described
                else "there is no such document here",
            )
        )
