"""DocumentReferences and Lists that were found, not submitted: searchsets and collections.

Unlike a Provide Document Bundle such a bundle asks for nothing, so there is nothing to refuse: its
objects are read with the links among them, and what is wrong is told with its place.

Source:
    IHE MHD 4.2.4: 2:3.66.4.2, 2:3.67.4.2 (response bundles); HL7 FHIR R4: 2.36 Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.codecs.fhir import list as lists
from gateway.codecs.fhir.bundle_parts import attachment_of, patient_reference, read_data
from gateway.codecs.fhir.document_reference import document_entry
from gateway.codecs.fhir.reader import Json, Reader, resource_type
from gateway.codecs.fhir.references import Entries, canonical
from gateway.codecs.fhir.relations import entry_uuid_of, read_relations
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.association import Association
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType

Held = TypeVar("Held", DocumentEntry, SubmissionSet, Folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What a bundle of resources holds.

    Attributes:
        documents: Entry id, media type and octets of each document that came along.
        findings: What is wrong or could not be carried.
    """

    submission: Submission
    documents: tuple[tuple[str, str, bytes], ...] = ()
    findings: tuple[Finding, ...] = ()


def read_collection(bundle: Json, naming: NamingSystems, *, base_url: str = "") -> Collection:
    """Read the DocumentReferences and Lists of a bundle that is no transaction.

    Args:
        base_url: Of the FHIR server the bundle comes from, without trailing slash.
    """
    return _Reading(naming, base_url).read(bundle)


class _Reading:
    """One bundle while it is read."""

    def __init__(self, naming: NamingSystems, base_url: str) -> None:
        self.base_url = base_url
        self.places = Entries(base_url)
        self.reader = Reader(naming, self.places.resolve)
        self.names: dict[int, str] = {}
        self.documents: list[tuple[str, str, bytes]] = []

    def read(self, bundle: Json) -> Collection:
        reader = self.reader
        resources: list[tuple[Json, str]] = []
        for item, path in reader.objects(bundle, "entry", "Bundle"):
            resource = reader.object(item, "resource", path) or {}
            where = f"{path}.resource"
            self.places.add(reader.text(item, "fullUrl", path) or "", resource, where)
            resources.append((resource, where))
        self.places.close()
        sets: list[SubmissionSet] = []
        folders: list[Folder] = []
        entries: list[DocumentEntry] = []
        for number, (resource, path) in enumerate(resources):
            kind = resource_type(resource)
            if kind == "DocumentReference":
                entry = self._named(number, document_entry(reader, resource, path), resource, path)
                entries.append(entry)
                self._document(entry, resource, path)
            elif kind == "List":
                match lists.list_kind(reader, resource, path):
                    case lists.SUBMISSION_SET:
                        held = lists.submission_set(reader, resource, path)
                        sets.append(self._named(number, held, resource, path))
                    case lists.FOLDER:
                        folder = lists.folder(reader, resource, path)
                        folders.append(self._named(number, folder, resource, path))
        links = [
            replace(link, entry_uuid=f"association-{number}")
            for number, link in enumerate(self._links(resources))
        ]
        return Collection(
            submission=Submission(
                submission_sets=tuple(sets),
                document_entries=tuple(entries),
                folders=tuple(folders),
                associations=tuple(links),
            ),
            documents=tuple(self.documents),
            findings=tuple(reader.findings),
        )

    def _named(self, number: int, held: Held, resource: Json, path: str) -> Held:
        """Give an object an id to be linked by, and the patient the bundle knows for it."""
        name = held.entry_uuid or f"entry-{number}"
        self.names[number] = name
        patient_id = held.patient_id
        if patient_id is None and "subject" in resource:
            found = patient_reference(
                self.reader, resource, path, name, None, self.places, self.base_url
            )
            if found is not None and found.identifiers:
                patient_id = found.identifiers[0]
        return replace(held, entry_uuid=name, patient_id=patient_id)

    def _document(self, entry: DocumentEntry, resource: Json, path: str) -> None:
        """Take in a document that came with its description, inside it or as a Binary."""
        attachment, place = attachment_of(resource, path)
        if "data" in attachment:
            octets = read_data(self.reader, attachment, place)
            content_type = self.reader.text(attachment, "contentType", place)
        else:
            url = attachment.get("url")
            found = self.reader.resolve(url, {}) if type(url) is str else None
            if found is None or resource_type(found[0]) != "Binary":
                return
            octets = read_data(self.reader, *found)
            content_type = self.reader.text(found[0], "contentType", found[1])
        if octets is not None:
            media_type = content_type or entry.mime_type or "application/octet-stream"
            self.documents.append((entry.entry_uuid, media_type, octets))

    def _links(self, resources: list[tuple[Json, str]]) -> Iterator[Association]:
        for number, (resource, path) in enumerate(resources):
            if number not in self.names:
                continue
            source = self.names[number]
            if resource_type(resource) == "DocumentReference":
                for relation in read_relations(self.reader, resource, path):
                    where = f"{relation.path}.target"
                    target = self._target(relation.reference, relation.entry_uuid, where)
                    if target:
                        yield Association(
                            association_type=relation.association_type,
                            source_object=source,
                            target_object=target,
                            documentation=relation.reason,
                        )
                continue
            for element, place in self.reader.objects(resource, "entry", path):
                item = self.reader.object(element, "item", place) or {}
                where = f"{place}.item"
                reference = self.reader.text(item, "reference", where) or ""
                target = self._target(reference, entry_uuid_of(self.reader, item, where), where)
                if target:
                    yield Association(
                        association_type=AssociationType.HAS_MEMBER.value,
                        source_object=source,
                        target_object=target,
                    )

    def _target(self, reference: str, entry_uuid: str, path: str) -> str:
        """Give the id a reference leads to; that of an object elsewhere is said to be assumed."""
        number = self.places.number(reference) if reference else None
        if number in self.names:
            return self.names[number]
        if entry_uuid:
            return entry_uuid
        name = canonical(reference, self.base_url) or ""
        if name.startswith(UUID_URN):
            return name
        kind, _, logical_id = name.partition("/")
        if kind in ("DocumentReference", "List") and logical_id:
            self.reader.note(
                "target-assumed",
                path,
                "the target is not in this bundle; its FHIR id is taken for its entryUUID",
                code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                severity=Severity.WARNING,
            )
            return UUID_URN + logical_id
        self.reader.note(
            "reference-unresolved",
            path,
            f"{reference[:128]!r} leads to no document or list of this bundle",
            code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        )
        return ""
