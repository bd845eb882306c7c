"""Document Responder: the registry's and repository's content for FHIR clients.

Source:
    IHE MHD 4.2.4: ITI-66, ITI-67, ITI-68.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from gateway.actors.document_registry import DocumentRegistry
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import DocumentRecord
from gateway.model.patient import Patient
from gateway.model.vocabulary import AssociationType, AvailabilityStatus, DocumentEntryType
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
from gateway.transactions.conditions import Condition, Inclusion, Linked, Newest
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
)

_ANY_TYPE = tuple(t.value for t in DocumentEntryType)
_NOTHING = Found(objects=(), total=0)
_HELD = (AssociationType.HAS_MEMBER.value,)
_MOST_NAMED = 1000
_MOST_INCLUDED = 1000

Find = FindDocuments | FindSubmissionSets | FindFolders


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
        queries: Sequence[Find],
        page: Page,
        patient_logical_id: str = "",
    ) -> Found:
        """Find objects, a page at a time.

        Args:
            queries: One for each kind of object that is wanted; complete, but for a patient known
                by the id of its FHIR resource.
            page: Which part of the answer is wanted.
            patient_logical_id: That id; a patient nobody knows has no documents.

        Raises:
            Refused: When the query cannot be answered, or would show several patients' objects.
        """
        if patient_logical_id:
            patient = await self._patients.read(patient_logical_id)
            if patient is None:
                return _NOTHING
            identifier = patient.merged_into or patient.identifiers[0]
            named = [q.patient_id for q in queries if q.patient_id is not None]
            if named and not await self._is_same(named[0], patient.merged_into, identifier):
                return _NOTHING
            queries = [replace(query, patient_id=identifier) for query in queries]
        elif any(query.patient_id is None for query in queries):
            await self._refuse_several_patients(queries)
        if len(queries) == 1:
            return await self._registry.find(queries[0], Form.FHIR, page)
        found = [await self._registry.find(query, Form.FHIR, page) for query in queries]
        return _merged(found, page)

    async def _is_same(
        self, named: Identifier, merged_into: Identifier | None, identifier: Identifier
    ) -> bool:
        """Whether a patient named twice, by identifier and by reference, is one patient."""
        by_identifier = await self._patients.find(named)
        by_reference = await self._patients.find(identifier)
        if by_identifier is None or by_reference is None:
            return False
        return by_identifier.logical_id == by_reference.logical_id

    async def _refuse_several_patients(self, queries: Sequence[Find]) -> None:
        """Objects asked for by their ids may belong to one patient only, as in XDS."""
        patients: set[str] = set()
        for query in queries:
            found = await self._registry.find(query, Form.REFERENCE, Page(size=_MOST_NAMED))
            patients |= {held.patient for held in found.objects}
        if len(patients) > 1:
            raise Refused(
                Finding(
                    rule="single-patient",
                    code=ErrorCode.RESULT_NOT_SINGLE_PATIENT,
                    location="patient",
                    message="what is named belongs to several patients; search for each of them "
                    "by itself",
                )
            )

    async def include(
        self, objects: Sequence[Held], what: Collection[Inclusion]
    ) -> tuple[tuple[Held, ...], tuple[Patient, ...], bool]:
        """Give what goes with objects that were found.

        Returns:
            Objects, patients, and whether there is more than one answer may hold.
        """
        if not objects:
            return (), (), False
        patients: list[Patient] = []
        if Inclusion.PATIENT in what:
            for cx in dict.fromkeys(held.patient for held in objects if held.patient):
                patient = await self._patients.find(Identifier(cx))
                if patient is not None:
                    patients.append(patient)
        uuids = tuple(held.entry_uuid for held in objects)
        shown = set(uuids)
        beside: list[Held] = []
        more = False
        for query in _inclusions(uuids, what):
            found = await self._registry.find(query, Form.FHIR, Page(size=_MOST_INCLUDED))
            more = more or found.more
            for held in found.objects:
                if held.entry_uuid not in shown:
                    shown.add(held.entry_uuid)
                    beside.append(held)
        more = more or len(beside) > _MOST_INCLUDED
        return tuple(beside[:_MOST_INCLUDED]), tuple(patients), more

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


def _inclusions(uuids: tuple[str, ...], what: Collection[Inclusion]) -> Iterator[Find]:
    """The queries that find what goes with objects."""

    def targets(types: tuple[str, ...] = ()) -> tuple[Condition, ...]:
        # What is referred to is a resource in its present state, whichever version was linked.
        return Newest(), Linked(from_here=False, types=types, to=uuids, any_version=True)

    if Inclusion.RELATED in what:
        yield FindDocuments(object_type=_ANY_TYPE, also=targets())
    if Inclusion.RELATING in what:
        link = Linked(from_here=True, to=uuids)
        yield FindDocuments(object_type=_ANY_TYPE, also=(link,))
    if Inclusion.MEMBERS in what:
        yield FindDocuments(object_type=_ANY_TYPE, also=targets(_HELD))
        yield FindFolders(metadata_level=2, also=targets(_HELD))
    if Inclusion.HOLDERS in what:
        link = Linked(from_here=True, types=_HELD, to=uuids)
        yield FindSubmissionSets(also=(link,))
        yield FindFolders(metadata_level=2, also=(Newest(), link))


def _merged(found: Sequence[Found], page: Page) -> Found:
    """Join the pages of several kinds of objects into one."""
    objects = [held for one in found for held in one.objects]
    objects.sort(key=lambda held: held.key, reverse=not page.ascending)
    # From the last to the first: each sort leaves equals as the one before it put them.
    for number, order in reversed(tuple(enumerate(page.order))):
        objects.sort(key=lambda held: _place(held, number), reverse=not order.ascending)
    more = len(objects) > page.size or any(one.more for one in found)
    return Found(
        objects=tuple(objects[: page.size]), total=sum(one.total for one in found), more=more
    )


def _place(held: Held, number: int) -> tuple[bool, str | int]:
    value = held.place[number]
    return isinstance(value, str), value
