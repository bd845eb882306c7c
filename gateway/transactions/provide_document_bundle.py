"""Provide Document Bundle [ITI-65]: a submission, its documents, and what they lean on.

What a bundle names by literal reference (a patient, a document already registered) only a
directory or a registry can resolve: it stands here as text, and :meth:`with_patients` and
:meth:`with_targets` give the bundle once more with what they found.

Source:
    IHE MHD 4.2.4: 2:3.65 Provide Document Bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.errors import Finding
from gateway.model.association import Association
from gateway.model.changed import changed
from gateway.model.datatypes import Identifier
from gateway.model.folder import Folder
from gateway.model.patient import Patient
from gateway.model.submission import Submission

BY_UNIQUE_ID = "uniqueId:"
"""Before a uniqueId that stands where a logical id might."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidedDocument:
    """One document as it came in the bundle.

    Attributes:
        entry_id: Id of the DocumentEntry that describes it.
        content: The octets, base64 undone.
        content_type: As the Binary says it.
        location: Of the Binary, ``Bundle.entry[2].resource``.
        is_serialized: It came as FHIR resources, and these octets are ours.
    """

    entry_id: str
    content: bytes
    content_type: str
    location: str
    is_serialized: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEntry:
    """One entry of the request, which the answer owes one entry.

    Attributes:
        method: ``POST``, ``PUT``, ``PATCH`` or ``GET``.
        resource_type: ``List``, ``DocumentReference``, ``Binary``, ``Parameters``, ``Patient``, …
        url: ``request.url``, relative to our base.
        full_url: ``fullUrl``, where one was given.
        object_id: The object of the submission it became; for a Binary the entry that describes
            it; empty for others.
        location: ``Bundle.entry[2]``.
    """

    method: str
    resource_type: str
    url: str
    full_url: str = ""
    object_id: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientReference:
    """Whom one object of the submission is about, as it says it.

    Attributes:
        object_id: The object, by its id in the submission.
        reference: Literal reference in canonical form, ``Patient/…``; empty when there is none.
        identifiers: From the logical reference, or of the Patient in the bundle.
        is_source: It is the patient of ``sourcePatientInfo``, not the subject.
        is_inside: The reference leads to the Patient of the bundle.
        location: Where it stands.
    """

    object_id: str
    reference: str
    identifiers: tuple[Identifier, ...] = ()
    is_source: bool = False
    is_inside: bool = False
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is to happen to one object of the bundle only as long as the registry lacks it.

    Attributes:
        object_id: The object, by its id in the submission.
        names: The entryUUID or uniqueId it would be registered under, one or both.
        updates: A folder that exists takes in the members that are new (PUT); otherwise what
            exists stays as it is (``ifNoneExist``).
        location: Of the condition.
    """

    object_id: str
    names: tuple[str, ...]
    updates: bool
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvideDocumentBundle:
    """One bundle as it was read.

    Attributes:
        submission: Objects without entryUUID have the symbolic id ``entry-`` and their index.
            Targets of associations that are registered already are named by logical id until
            :meth:`with_targets`.
        documents: In the order of the DocumentReferences.
        entries: Of the request, in its order.
        patients: Whom each object is about.
        patient: The Patient resource that came along.
        logical_ids: Documents and folders referred to that must be registered already, in the
            order met: ``urn:uuid:…``, or :data:`BY_UNIQUE_ID` and the uniqueId.
        conditions: Objects that are not created when the registry has them.
        put_folders: Folders sent by PUT: what stands for the registered one, the folder as sent,
            and its place.
        memberships: Ids of associations that put a registered document into a registered folder:
            a folder sent by PUT lists old members too, so those that exist are to be left out.
        profile: The canonical URL of the bundle profile claimed; empty when none is known.
        locations: Object ids and where the objects stand in the bundle.
        findings: What is wrong with the bundle or could not be carried.
    """

    submission: Submission
    documents: tuple[ProvidedDocument, ...] = ()
    entries: tuple[RequestEntry, ...] = ()
    patients: tuple[PatientReference, ...] = ()
    patient: Patient | None = None
    logical_ids: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    put_folders: tuple[tuple[str, Folder, str], ...] = ()
    memberships: tuple[str, ...] = ()
    profile: str = ""
    locations: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    def location(self, object_id: str) -> str:
        """Give the place of an object in the bundle; the id itself when it has none."""
        return dict(self.locations).get(object_id, object_id)

    def with_patients(self, found: Mapping[str, Identifier]) -> ProvideDocumentBundle:
        """Give every object its patient id.

        Args:
            found: The patient id behind each reference. An object whose reference is not among
                them keeps the identifier it named itself, if any.
        """
        subjects: dict[str, Identifier] = {}
        sources: dict[str, Identifier] = {}
        for patient in self.patients:
            identifier = found.get(patient.reference)
            if identifier is not None:
                (sources if patient.is_source else subjects)[patient.object_id] = identifier
        if not subjects and not sources:
            return self
        submission = changed(
            self.submission,
            submission_sets=tuple(
                changed(s, patient_id=subjects.get(s.entry_uuid, s.patient_id))
                for s in self.submission.submission_sets
            ),
            folders=tuple(
                changed(f, patient_id=subjects.get(f.entry_uuid, f.patient_id))
                for f in self.submission.folders
            ),
            document_entries=tuple(
                changed(
                    e,
                    patient_id=subjects.get(e.entry_uuid, e.patient_id),
                    source_patient_id=e.source_patient_id or sources.get(e.entry_uuid),
                )
                for e in self.submission.document_entries
            ),
        )
        return changed(self, submission=submission)

    def with_targets(self, found: Mapping[str, str]) -> ProvideDocumentBundle:
        """Name registered documents and folders by entryUUID instead of logical id.

        Args:
            found: The present entryUUID behind each logical id; others stay as they are.
        """
        named = {name: found[name] for name in self.logical_ids if name in found}
        if not named:
            return self
        submission = changed(
            self.submission,
            associations=tuple(
                changed(
                    a,
                    source_object=named.get(a.source_object, a.source_object),
                    target_object=named.get(a.target_object, a.target_object),
                )
                for a in self.submission.associations
            ),
        )
        entries = tuple(
            changed(e, object_id=named[e.object_id]) if e.object_id in named else e
            for e in self.entries
        )
        put = tuple((named.get(n, n), folder, place) for n, folder, place in self.put_folders)
        return changed(self, submission=submission, entries=entries, put_folders=put)

    def with_existing(self, found: Mapping[str, str]) -> ProvideDocumentBundle:
        """Leave out what need not be created, and let what refers to it refer to what exists.

        Args:
            found: The entryUUID of the registered object behind objects of :attr:`conditions`.
        """
        if not found:
            return self
        submission = self.submission
        updated = {c.object_id for c in self.conditions if c.updates and c.object_id in found}
        folders = {f.entry_uuid for f in submission.folders if f.entry_uuid in found}
        sets = {s.entry_uuid for s in submission.submission_sets}
        kept: list[Association] = []
        left_out: set[str] = set()
        for link in submission.associations:
            source, target = link.source_object, link.target_object
            is_set_member = source in sets
            if (is_set_member and target in folders) or (source in found and source not in updated):
                left_out.add(link.entry_uuid)
                continue
            moved = replace(
                link,
                source_object=found.get(source, source),
                target_object=found.get(target, target),
            )
            if is_set_member and target in found:
                moved = replace(moved, submission_set_status="Reference")
            kept.append(moved)
        new = {e.entry_uuid for e in submission.document_entries} - found.keys()
        rest = tuple(link for link in kept if link.target_object not in left_out)
        return replace(
            self,
            submission=replace(
                submission,
                document_entries=tuple(
                    e for e in submission.document_entries if e.entry_uuid not in found
                ),
                folders=tuple(f for f in submission.folders if f.entry_uuid not in found),
                associations=rest,
            ),
            documents=tuple(d for d in self.documents if d.entry_id not in found),
            entries=tuple(
                replace(e, object_id=found.get(e.object_id, e.object_id)) for e in self.entries
            ),
            memberships=(
                *self.memberships,
                *(
                    link.entry_uuid
                    for link in rest
                    if link.source_object in found.values()
                    and link.target_object not in new
                    and link.entry_uuid not in self.memberships
                ),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEntry:
    """What became of one entry of the request.

    Attributes:
        status: ``201 Created``, ``200 OK``.
        location: ``DocumentReference/…``; empty when nothing was created.
        version: Of the resource, for the entity tag.
        last_modified: DTM text of 14 digits; empty when unknown.
    """

    status: str
    location: str = ""
    version: str = ""
    last_modified: str = ""
