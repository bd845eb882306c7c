"""Provide Document Bundle [ITI-65]: from the octets of a bundle to a submission.

The order of the entries plays no role, nor do the profiles their resources claim: ``List.code``
tells a submission set from a folder, and references tell what belongs to what. Author and source
patient may be contained (Comprehensive), other entries of the bundle, or named by identifier
(UnContained). What is wrong is gathered with its place; only a message that is no transaction
Bundle at all is refused on the spot.

Source:
    IHE MHD 4.2.4: 2:3.65, ProvideBundle profiles; HL7 FHIR R4: 3.1.0.11 transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from gateway.codecs.fhir import list as lists
from gateway.codecs.fhir.authors import Contained, read_contained
from gateway.codecs.fhir.bundle_frame import read_condition, read_entry
from gateway.codecs.fhir.bundle_links import Links, member
from gateway.codecs.fhir.bundle_parts import (
    attachment_of,
    fhir_document,
    patient_reference,
    provided_document,
    resource_octets,
    source_reference,
    supersedes,
)
from gateway.codecs.fhir.carried import note_not_carried
from gateway.codecs.fhir.document_reference import document_entry, document_reference_parts
from gateway.codecs.fhir.patient import read_patient_resource
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.references import Entries, canonical
from gateway.codecs.fhir.resource import Parts
from gateway.codecs.fhir.strict_json import read_json
from gateway.codecs.fhir.vocabulary import (
    COMPREHENSIVE_BUNDLE,
    MINIMAL_BUNDLE,
    UNCONTAINED_BUNDLE,
    UUID_URN,
)
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.changed import changed
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.patient import Patient
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import REPLACEMENTS
from gateway.transactions.provide_document_bundle import (
    Condition,
    PatientReference,
    ProvidedDocument,
    ProvideDocumentBundle,
    RequestEntry,
)

Held = TypeVar("Held", DocumentEntry, SubmissionSet, Folder)

PROFILES = (COMPREHENSIVE_BUNDLE, UNCONTAINED_BUNDLE, MINIMAL_BUNDLE)


def read_provide_bundle(
    message: bytes | Json,
    naming: NamingSystems,
    *,
    base_url: str = "",
    conventions: Conventions = STANDARD,
    max_octets: int | None = None,
) -> ProvideDocumentBundle:
    """Read a Provide Document Bundle.

    Args:
        message: The octets, or the object a reader as strict as ours made of them.
        base_url: Of our FHIR face, without trailing slash: references may spell it out.
        conventions: What the community's resources have of their own.
        max_octets: Longer messages are refused unread.

    Raises:
        Refused: The message is no JSON, or no transaction Bundle.
    """
    bundle = read_json(message, max_octets=max_octets) if isinstance(message, bytes) else message
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        raise Refused(
            Finding(
                rule="bundle-type",
                code=ErrorCode.MALFORMED,
                location="Bundle.type",
                message="expected a Bundle of type transaction",
            )
        )
    octets = message if isinstance(message, bytes) else None
    return _BundleReading(bundle, naming, base_url, conventions, octets).read()


class _BundleReading:
    """One bundle while it is read."""

    def __init__(
        self,
        bundle: Json,
        naming: NamingSystems,
        base_url: str,
        conventions: Conventions,
        message: bytes | None = None,
    ) -> None:
        self.bundle = bundle
        self.message = message
        self.base_url = base_url
        self.places = Entries(base_url)
        self.reader = Reader(naming, self.places.resolve, base_url, conventions)
        self.resources: list[Json] = []
        self.requests: list[RequestEntry] = []
        self.sets: list[SubmissionSet] = []
        self.folders: list[Folder] = []
        self.entries: list[DocumentEntry] = []
        self.documents: list[ProvidedDocument] = []
        self.patients: list[PatientReference] = []
        self.memberships: list[str] = []
        self.links = Links(self.reader, self.places, self.requests)
        self.objects = self.links.objects
        self.locations: list[tuple[str, str]] = []
        self.set_numbers: list[int] = []
        self.folder_numbers: list[int] = []
        self.known_folders: set[int] = set()
        self.put_folders: list[tuple[str, Folder, str]] = []
        self.unless: list[tuple[int, str, str]] = []
        self.conditions: list[Condition] = []
        self.entry_numbers: list[int] = []

    def read(self) -> ProvideDocumentBundle:
        profile = self._profile()
        for item, path in self.reader.objects(self.bundle, "entry", "Bundle"):
            self._take(item, path)
        self.places.close()
        for number, resource in enumerate(self.resources):
            path = f"{self.requests[number].location}.resource"
            match resource.get("resourceType"):
                case "List":
                    self._list(number, resource, path)
                case "DocumentReference":
                    self._document_reference(number, resource, path, profile)
        if len(self.sets) != 1:
            self.reader.note(
                "submission-set",
                "Bundle.entry",
                f"expected one List with code submissionset, found {len(self.sets)}",
                code=ErrorCode.REGISTRY_METADATA_ERROR,
            )
        self.conditions += (
            Condition(object_id=self.objects[n], names=(name,), updates=False, location=place)
            for n, name, place in self.unless
            if self.requests[n].resource_type in ("DocumentReference", "List") and n in self.objects
        )
        self._members()
        self._relations()
        self._superseded()
        self._unused_binaries()
        self._one_patient()
        patient = self._patient()
        return ProvideDocumentBundle(
            submission=Submission(
                submission_sets=tuple(self.sets),
                document_entries=tuple(self.entries),
                folders=tuple(self.folders),
                associations=tuple(self.links.associations),
            ),
            documents=tuple(self.documents),
            entries=tuple(
                changed(request, object_id=self.objects.get(number, ""))
                for number, request in enumerate(self.requests)
            ),
            patients=tuple(self.patients),
            patient=patient,
            logical_ids=tuple(self.links.logical_ids),
            conditions=tuple(self.conditions),
            put_folders=tuple(self.put_folders),
            memberships=tuple(self.memberships),
            profile=profile,
            locations=(*self.locations, *self.links.locations),
            findings=tuple(self.reader.findings),
        )

    # --- The frame -----------------------------------------------------------------------------

    def _profile(self) -> str:
        meta = self.reader.object(self.bundle, "meta", "Bundle") or {}
        claimed = list(self.reader.texts(meta, "profile", "Bundle.meta"))
        known = next((profile for profile in PROFILES if profile in claimed), "")
        # A guide built on MHD has bundle profiles of its own; its rules are the profile's to check.
        if not known and not claimed:
            self.reader.lost(
                "Bundle.meta.profile",
                "MHD wants the bundle to name its profile: "
                + ", ".join(p.rpartition("/")[2] for p in PROFILES),
            )
        return known

    def _take(self, item: Json, path: str) -> None:
        """Take in one entry: its place, its request, its resource."""
        request, resource = read_entry(self.reader, item, path, self.base_url)
        if not self.places.add(request.full_url, resource, f"{path}.resource"):
            self.reader.note("full-url", f"{path}.fullUrl", "two entries have this fullUrl")
        self.resources.append(resource)
        self.requests.append(request)
        asked = item.get("request")
        if type(asked) is dict and "ifNoneExist" in asked:
            place = f"{path}.request.ifNoneExist"
            query = self.reader.text(asked, "ifNoneExist", f"{path}.request") or ""
            name = read_condition(self.reader, query, place)
            if name:
                self.unless.append((len(self.requests) - 1, name, place))

    # --- Lists and DocumentReferences ----------------------------------------------------------

    def _identified(self, held: Held, number: int, resource: Json, path: str) -> Held:
        """Give an object its id in the submission and, as far as the bundle tells, its patient."""
        object_id = held.entry_uuid or f"entry-{number}"
        self.objects[number] = object_id
        self.locations.append((object_id, path))
        patient_id = held.patient_id
        patient = patient_reference(
            self.reader, resource, path, object_id, patient_id, self.places, self.base_url
        )
        if patient is not None:
            self.patients.append(patient)
            if patient_id is None and len(patient.identifiers) == 1:
                patient_id = patient.identifiers[0]
        # Logical id and version are the registry's to give, whatever id the resource came with.
        return changed(
            held, entry_uuid=object_id, logical_id=None, version=None, patient_id=patient_id
        )

    def _note_not_carried(self, resource: Json, parts: Parts, path: str) -> None:
        note_not_carried(
            self.reader, resource, parts, path, resolve=lambda name: self.reader.resolve(name, {})
        )

    def _list(self, number: int, resource: Json, path: str) -> None:
        match lists.list_kind(self.reader, resource, path):
            case lists.SUBMISSION_SET:
                read = lists.submission_set(self.reader, resource, path)
                self._note_not_carried(
                    resource,
                    lists.submission_set_parts(read, self.reader.naming, self.reader.conventions),
                    path,
                )
                self.sets.append(self._identified(read, number, resource, path))
                self.set_numbers.append(number)
            case lists.FOLDER:
                self.folder_numbers.append(number)
                known = canonical(self.requests[number].url)
                if self.requests[number].method == "PUT" and known is not None:
                    self.objects[number] = self.links.registered(known)
                    self.known_folders.add(number)
                    folder = lists.folder(self.reader, resource, path)
                    self.put_folders.append((self.objects[number], folder, path))
                    return
                folder = lists.folder(self.reader, resource, path)
                self._note_not_carried(
                    resource,
                    lists.folder_parts(folder, self.reader.naming, self.reader.conventions),
                    path,
                )
                self.folders.append(self._identified(folder, number, resource, path))
                if self.requests[number].method == "PUT":
                    self.put_folders.append((self.objects[number], folder, path))
                    self._put_where(number, folder)

    def _put_where(self, number: int, folder: Folder) -> None:
        """Say which registered folder a PUT without an id means: by condition, or by its ids."""
        request = self.requests[number]
        place = f"{request.location}.request.url"
        named = [folder.entry_uuid, folder.unique_id or ""]
        if "?" in request.url:
            named = [read_condition(self.reader, request.url, place)]
        names = tuple(name for name in named if name)
        if names:
            self.conditions.append(
                Condition(object_id=self.objects[number], names=names, updates=True, location=place)
            )

    def _document_reference(self, number: int, resource: Json, path: str, profile: str) -> None:
        read = document_entry(self.reader, resource, path)
        self._note_not_carried(
            resource,
            document_reference_parts(read, self.reader.naming, self.reader.conventions),
            path,
        )
        entry = self._identified(read, number, resource, path)
        further = self.reader.conventions.statuses.named(entry.availability_status)
        if further is not None:
            self.reader.note(
                "status",
                f"{path}.extension",
                "a document that is published is current; ask for another status afterwards",
            )
        meta = resource.get("meta")
        if profile == MINIMAL_BUNDLE and not (type(meta) is dict and "profile" in meta):
            entry = changed(entry, limited_metadata=True)
        source = source_reference(self.reader, resource, path, entry, self.places, self.base_url)
        if source is not None:
            self.patients.append(source)
        document = self._document(entry, resource, path)
        if document is not None:
            self.documents.append(document)
            if not entry.mime_type:
                entry = changed(entry, mime_type=document.content_type)
            if document.is_serialized:
                entry = changed(entry, hash=None, size=None)
        self.entries.append(entry)
        self.entry_numbers.append(number)

    def _document(self, entry: DocumentEntry, resource: Json, path: str) -> ProvidedDocument | None:
        attachment, place = attachment_of(resource, path)
        url = attachment.get("url")
        if "data" in attachment:
            self.reader.note(
                "attachment-data",
                f"{place}.data",
                "a document travels as a Binary entry named by attachment.url, not in data",
            )
            return None
        if type(url) is not str or not url:
            self.reader.note(
                "attachment-url",
                f"{place}.url",
                "an attachment needs the url of its Binary",
                code=ErrorCode.MISSING_DOCUMENT,
            )
            return None
        contained: Contained = {}
        if url.startswith("#"):
            contained = read_contained(Reader(self.reader.naming), resource, path)
        found = self.reader.resolve(url, contained)
        number = self.places.number(url)
        if found is not None and found[0].get("resourceType") == "Bundle" and number is not None:
            self.objects.setdefault(number, entry.entry_uuid)
            way = ("entry", number, "resource")
            octets = resource_octets(self.message, found[0], way)
            return fhir_document(self.reader, octets, found[1], entry, attachment, place)
        if found is None or found[0].get("resourceType") != "Binary":
            self.reader.note(
                "attachment-url",
                f"{place}.url",
                f"{url[:128]!r} leads to no Binary, nor a document Bundle, of this bundle",
                code=ErrorCode.MISSING_DOCUMENT,
            )
            return None
        if number is not None:
            self.objects.setdefault(number, entry.entry_uuid)
        return provided_document(self.reader, *found, entry, place)

    # --- What belongs to what ------------------------------------------------------------------

    def _relations(self) -> None:
        for number in self.entry_numbers:
            path = f"{self.requests[number].location}.resource"
            self.links.relations(self.objects[number], self.resources[number], path)

    def _members(self) -> None:
        holder = self.sets[0].entry_uuid if self.sets else ""
        links = self.links
        for number in self.set_numbers:
            for target, inside, place in self._items(number, ("DocumentReference", "List")):
                if inside in self.known_folders:
                    continue
                is_folder = inside is not None and inside in self.folder_numbers
                status = None if is_folder else "Reference" if inside is None else "Original"
                links.add(place, member(self.objects[number], target, status))
        for number in self.folder_numbers:
            for target, inside, place in self._items(number, ("DocumentReference",)):
                name = links.add(place, member(self.objects[number], target))
                if inside is None and number in self.known_folders:
                    self.memberships.append(name)
                links.add(place, member(holder, name))

    def _items(self, number: int, kinds: tuple[str, ...]) -> Iterator[tuple[str, int | None, str]]:
        path = f"{self.requests[number].location}.resource"
        return self.links.items(self.resources[number], path, kinds)

    def _superseded(self) -> None:
        """Check that what a PATCH supersedes is replaced: XDS does the rest by itself."""
        replaced = {
            a.target_object for a in self.links.associations if a.association_type in REPLACEMENTS
        }
        for number, request in enumerate(self.requests):
            if request.resource_type != "Parameters":
                continue
            name = canonical(request.url)
            path = f"{request.location}.resource"
            if not supersedes(self.reader, self.resources[number], path):
                continue
            if "?" in request.url:
                self.objects[number] = self.links.searched(
                    request.url, f"{request.location}.request.url"
                )
            elif name is not None:
                logical_id = UUID_URN + name.partition("/")[2]
                self.objects[number] = logical_id
                # A target named by entryUUID cannot be told from here to be this very document.
                by_logical_id = replaced & self.links.logical_ids.keys()
                if not replaced or (replaced == by_logical_id and logical_id not in replaced):
                    self.reader.note(
                        "patch-target",
                        f"{request.location}.request.url",
                        "a document is superseded by one of the bundle that replaces it",
                        code=ErrorCode.INVALID_REQUEST_EXCEPTION,
                    )

    def _unused_binaries(self) -> None:
        for number, request in enumerate(self.requests):
            if request.resource_type in ("Binary", "Bundle") and number not in self.objects:
                self.reader.note(
                    "binary-unused",
                    request.location,
                    f"no DocumentReference describes this {request.resource_type}",
                    code=ErrorCode.MISSING_DOCUMENT_METADATA,
                )

    # --- The patient ---------------------------------------------------------------------------

    def _one_patient(self) -> None:
        named = {p.reference: p for p in self.patients if p.reference and not p.is_source}
        for patient in list(named.values())[1:]:
            self.reader.note(
                "one-patient",
                patient.location,
                "all resources of a bundle are about one patient; the first one names another",
                code=ErrorCode.PATIENT_ID_DOES_NOT_MATCH,
            )

    def _patient(self) -> Patient | None:
        found = [
            (resource, f"{request.location}.resource")
            for resource, request in zip(self.resources, self.requests, strict=True)
            if request.resource_type == "Patient" and resource
        ]
        for _, path in found[1:]:
            self.reader.note("one-patient", path, "a bundle brings at most one Patient")
        return read_patient_resource(self.reader, *found[0]) if found else None
