"""Document Responder: the registry's and repository's content for FHIR clients.

Source:
    IHE MHD 4.2.4: ITI-66, ITI-67, ITI-68.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.actors.document_registry import DocumentRegistry
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.lifecycle import DocumentRecord
from gateway.model.vocabulary import AvailabilityStatus
from gateway.ports import (
    DocumentStore,
    Form,
    Found,
    Held,
    Page,
    Past,
    PatientDirectory,
    RegistryStore,
    Version,
)
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
)

_NOTHING = Found(objects=(), total=0)


class DocumentResponder:
    """Finds, reads and retrieves for FHIR clients."""

    def __init__(
        self,
        registry: DocumentRegistry,
        store: RegistryStore,
        documents: DocumentStore,
        patients: PatientDirectory,
        *,
        deprecated: str = "gone",
    ) -> None:
        """Take what it answers from.

        Args:
            deprecated: What is said of a document whose description is Deprecated: ``gone``,
                ``hidden`` or ``served``.
        """
        self._registry = registry
        self._store = store
        self._documents = documents
        self._patients = patients
        self._deprecated = deprecated

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
            Refused: When there is none, or none any more.
        """
        return (await self.version(kind, resource_id)).held

    async def version(self, kind: str, resource_id: str, version: str | None = None) -> Version:
        """Give one version of a DocumentReference or List; the present one without a number.

        Raises:
            Refused: When there is none, or none any more.
        """
        past = await self.past(kind, resource_id)
        if past.removed or past.versions[0].offline:
            raise _unknown(ErrorCode.GONE, kind, resource_id, "this was here and was removed")
        if version is None:
            return past.versions[0]
        for one in past.versions:
            if one.version == version:
                return one
        raise _unknown(ErrorCode.NOT_FOUND, kind, resource_id, "there is no such version of it")

    async def past(self, kind: str, resource_id: str) -> Past:
        """Give all versions of a DocumentReference or List, the newest first.

        Raises:
            Refused: When there never was one.
        """
        past = await self._store.past(kind, f"urn:uuid:{resource_id.lower()}")
        if not past.versions and not past.removed:
            raise _unknown(ErrorCode.NOT_FOUND, kind, resource_id, "there is no such resource here")
        return past

    async def retrieve(self, resource_id: str) -> DocumentRecord:
        """Give the document behind ``Binary/<id>`` [ITI-68].

        Raises:
            Refused: When there is no such document, it was removed, or its description is
                Deprecated and such documents are not given out.

        Source:
            IHE MHD 4.2.4: Table 3.68.4.2.2-1.
        """
        name = f"urn:uuid:{resource_id.lower()}"
        status = await self._store.status(name)
        if status is None:
            raise _unknown(
                ErrorCode.NOT_FOUND, "Binary", resource_id, "there is no such document here"
            )
        if status == AvailabilityStatus.DEPRECATED and self._deprecated != "served":
            gone = self._deprecated == "gone"
            raise _unknown(
                ErrorCode.GONE if gone else ErrorCode.NOT_FOUND,
                "Binary",
                resource_id,
                "the document is deprecated; look for what replaced it"
                if gone
                else "there is no such document here",
            )
        _, record = await self._store.described_document(name)
        if record is None or self._documents.path(record.content) is None:
            raise _unknown(
                ErrorCode.GONE,
                "Binary",
                resource_id,
                "the document was removed, or is kept elsewhere",
            )
        return record


def _unknown(code: ErrorCode, kind: str, resource_id: str, message: str) -> Refused:
    location = f"{kind}/{resource_id[:64]}"
    return Refused(Finding(rule="resource-known", code=code, location=location, message=message))
