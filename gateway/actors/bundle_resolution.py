"""What a document bundle names without bringing it: patients, registered documents, folders.

Only a directory or the registry can tell who and what is meant; a :class:`BundleResolution` asks
them and gives the bundle once more, with everything named as XDS names it.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.2.2 and 2:3.65.4.1.3; HL7 FHIR R4: 3.1.0.8.1 (conditional create).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

from gateway.errors import ErrorCode, Finding, Refused, Severity, first_findings
from gateway.model.association import Association
from gateway.model.datatypes import Identifier, is_oid
from gateway.model.folder import Folder
from gateway.model.vocabulary import REPLACEMENTS, DocumentEntryType
from gateway.ports import Form, Page, PatientDirectory, RegistryStore
from gateway.transactions.provide_document_bundle import (
    BY_UNIQUE_ID,
    Condition,
    PatientReference,
    ProvideDocumentBundle,
)
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    GetFolderAndContents,
)

ANY_STATUS: tuple[str, ...] = ()
"""No status is asked for: communities have more of them than the standard."""
ANY_TYPE = tuple(t.value for t in DocumentEntryType)

MAX_REFERENCES = 1000
"""Registered objects and patients one bundle may refer to; each is looked up."""

_OURS = uuid.UUID("3b3d6f0e-8a55-5d0c-a6d8-6d5b2f0f4c11")
"""For the identifiers of patients who come without one."""

Notes = list[Finding]


class BundleResolution:
    """Looks up what bundles name."""

    def __init__(
        self,
        store: RegistryStore,
        patients: PatientDirectory,
        assigning_authority: str,
    ) -> None:
        """Take what it works with.

        Args:
            assigning_authority: OID of our own domain, for patients who come without identifier.
        """
        self._store = store
        self._patients = patients
        self._authority = assigning_authority

    async def resolved(self, bundle: ProvideDocumentBundle, notes: Notes) -> ProvideDocumentBundle:
        """Give the bundle with everything it names resolved.

        Args:
            bundle: As read.
            notes: Takes what could not be resolved, and what is worth a remark.

        Raises:
            Refused: It names more than is looked up for one message.
        """
        _check_number(bundle)
        bundle = await self._with_patients(bundle, notes)
        bundle = await self._with_targets(bundle, notes)
        bundle = await self._with_existing(bundle, notes)
        _check_patches(bundle, notes)
        return await self._with_new_members(bundle)

    # ------------------------------------------------------------ patients

    async def _with_patients(
        self, bundle: ProvideDocumentBundle, notes: Notes
    ) -> ProvideDocumentBundle:
        found: dict[str, Identifier] = {}
        for named in bundle.patients:
            reference = named.reference
            if not reference or reference in found:
                continue
            patient = None
            if reference.startswith("Patient/"):
                patient = await self._patients.read(reference.partition("/")[2])
            if patient is not None:
                found[reference] = patient.merged_into or patient.identifiers[0]
            elif named.is_inside and (named.identifiers or bundle.patient is not None):
                told = bundle.patient
                identifier = await self._identifier(named, bundle, notes)
                found[reference] = identifier
                if told is not None and not told.identifiers:
                    bundle = replace(bundle, patient=replace(told, identifiers=(identifier,)))
            elif not named.identifiers and not named.is_source:
                notes.append(
                    Finding(
                        rule="patient-reference",
                        code=ErrorCode.UNKNOWN_PATIENT_ID,
                        location=named.location,
                        context=reference,
                        message="there is no such Patient here; refer to one of ours or name the "
                        "patient by identifier",
                    )
                )
        return bundle.with_patients(found)

    async def _identifier(
        self, named: PatientReference, bundle: ProvideDocumentBundle, notes: Notes
    ) -> Identifier:
        """Choose by which identifier the Patient of the bundle names the record.

        One that is known here, else the first one of a domain that has an OID. A patient without
        any is new to everybody, and gets one of ours.
        """
        for identifier in named.identifiers:
            known = await self._patients.find(identifier)
            if known is not None:
                return known.merged_into or known.identifiers[0]
        for identifier in named.identifiers:
            if is_oid(identifier.authority):
                return identifier
        if named.identifiers:
            return named.identifiers[0]
        sets = bundle.submission.submission_sets
        # The same bundle sent again names the same patient.
        seed = (sets[0].unique_id if sets else None) or str(uuid.uuid4())
        identifier = Identifier.of(str(uuid.uuid5(_OURS, seed)), self._authority)
        notes.append(
            Finding(
                rule="patient-without-identifier",
                code=ErrorCode.UNKNOWN_PATIENT_ID,
                location=named.location,
                message=f"the Patient has no identifier; it is known here as {identifier.text}",
                severity=Severity.WARNING,
            )
        )
        return identifier

    # ------------------------------------------------------------ registered objects

    async def _with_targets(
        self, bundle: ProvideDocumentBundle, notes: Notes
    ) -> ProvideDocumentBundle:
        found: dict[str, str] = {}
        for name in bundle.logical_ids:
            entry_uuid = await self._latest(name)
            if entry_uuid:
                found[name] = entry_uuid
        missing = {name for name in bundle.logical_ids if name not in found}
        for entry in bundle.entries:
            if entry.method == "PUT" and entry.object_id in missing:
                notes.append(
                    Finding(
                        rule="put-target",
                        code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                        location=f"{entry.location}.request.url",
                        message=f"there is no {entry.url[:128]} here; a new folder comes by POST, "
                        "or by PUT with its identifier",
                    )
                )
        links: list[Association] = []
        left_out: set[str] = set()
        for link in bundle.submission.associations:
            if link.source_object in missing or link.target_object in left_out:
                left_out.add(link.entry_uuid)
                continue
            if link.target_object not in missing:
                links.append(link)
                continue
            left_out.add(link.entry_uuid)
            notes.append(
                Finding(
                    rule="reference-unresolved",
                    code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                    location=bundle.location(link.entry_uuid),
                    context=link.target_object.removeprefix(BY_UNIQUE_ID),
                    message="neither in the bundle nor registered here is such a document",
                )
            )
        if left_out:
            kept = replace(bundle.submission, associations=tuple(links))
            bundle = replace(bundle, submission=kept)
        return bundle.with_targets(found)

    async def _latest(self, name: str) -> str:
        """Give the entryUUID of the newest version of what a name stands for; empty when none."""
        if name.startswith(BY_UNIQUE_ID):
            found = await self._documents((name.removeprefix(BY_UNIQUE_ID),))
            return found[0] if found else ""
        queries: tuple[FindDocuments | FindFolders, ...] = (
            FindDocuments(logical_id=(name,), status=ANY_STATUS, object_type=ANY_TYPE),
            FindDocuments(entry_uuid=(name,), status=ANY_STATUS, object_type=ANY_TYPE),
            FindFolders(logical_id=(name,), status=ANY_STATUS),
        )
        for query in queries:
            held = await self._store.find(query, Form.REFERENCE, Page(size=1))
            if held.objects:
                return held.objects[0].entry_uuid
        return ""

    async def _documents(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Give the documents with one of some uniqueIds or entryUUIDs: two at most."""
        query = FindDocuments(
            unique_id=names,
            entry_uuid=_uuids(names),
            status=ANY_STATUS,
            object_type=ANY_TYPE,
        )
        found = await self._store.find(query, Form.REFERENCE, Page(size=2))
        return tuple(held.entry_uuid for held in found.objects)

    async def _folders(self, names: tuple[str, ...]) -> tuple[str, ...]:
        query = FindFolders(unique_id=names, entry_uuid=_uuids(names), status=ANY_STATUS)
        found = await self._store.find(query, Form.REFERENCE, Page(size=2))
        return tuple(held.entry_uuid for held in found.objects)

    async def _with_existing(
        self, bundle: ProvideDocumentBundle, notes: Notes
    ) -> ProvideDocumentBundle:
        """Leave out what the bundle wants created only where there is none."""
        existing: dict[str, str] = {}
        folders = {f.entry_uuid for f in bundle.submission.folders}
        for condition in bundle.conditions:
            look = self._folders if condition.object_id in folders else self._documents
            found = await look(condition.names)
            if len(found) > 1:
                notes.append(_several(condition))
            elif found:
                existing[condition.object_id] = found[0]
        for name, folder, location in bundle.put_folders:
            target = existing.get(name, name)
            held = await self._store.read(target) if target.startswith("urn:uuid:") else None
            if isinstance(held, Folder):
                notes.extend(_unchanged(folder, held, location))
        return bundle.with_existing(existing)

    async def _with_new_members(self, bundle: ProvideDocumentBundle) -> ProvideDocumentBundle:
        """Leave out the links that stand already: a folder sent again lists its old members."""
        asked = [a for a in bundle.submission.associations if a.entry_uuid in bundle.memberships]
        members = {
            folder: await self._members(folder)
            for folder in dict.fromkeys(a.source_object for a in asked)
        }
        present = {a.entry_uuid for a in asked if a.target_object in members[a.source_object]}
        if not present:
            return bundle
        links = tuple(
            a
            for a in bundle.submission.associations
            if a.entry_uuid not in present and a.target_object not in present
        )
        return replace(bundle, submission=replace(bundle.submission, associations=links))

    async def _members(self, folder: str) -> frozenset[str]:
        query = GetFolderAndContents(entry_uuid=(folder,), object_type=ANY_TYPE)
        found = await self._store.find(query, Form.REFERENCE)
        return frozenset(h.entry_uuid for h in found.objects if h.kind == "DocumentEntry")


def _uuids(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name.startswith("urn:uuid:"))


def _check_number(bundle: ProvideDocumentBundle) -> None:
    """Refuse a bundle whose references would take longer to look up than the rest of it."""
    patients = {named.reference for named in bundle.patients}
    if len(bundle.logical_ids) + len(bundle.conditions) + len(patients) > MAX_REFERENCES:
        too_many = Finding(
            rule="too-many-references",
            code=ErrorCode.TOO_LARGE,
            location="Bundle",
            message=f"more than {MAX_REFERENCES} objects outside the bundle are referred to; send "
            "several bundles",
        )
        raise Refused(*first_findings([too_many, *bundle.findings]))


def _several(condition: Condition) -> Finding:
    return Finding(
        rule="condition-once",
        code=ErrorCode.PRECONDITION_FAILED,
        location=condition.location,
        message="more than one registered object has this identifier",
    )


def _unchanged(sent: Folder, held: Folder, location: str) -> Iterator[Finding]:
    """Say what a PUT does not change in a folder that exists: it takes in members, nothing else."""
    read: tuple[tuple[str, Callable[[Folder], object]], ...] = (
        ("title", lambda f: tuple(t.value for t in f.title)),
        ("note", lambda f: tuple(t.value for t in f.comments)),
        ("designationType", lambda f: frozenset(c.key for c in f.code_list)),
    )
    for name, value in read:
        if value(sent) and value(sent) != value(held):
            yield Finding(
                rule="folder-unchanged",
                code=ErrorCode.PARTIAL_FOLDER_CONTENT_NOT_PROCESSED,
                location=f"{location}.{name}",
                message=f"the {name} of a registered folder is changed by a metadata update only; "
                "it stays, new members were taken in",
                severity=Severity.WARNING,
            )


def _check_patches(bundle: ProvideDocumentBundle, notes: Notes) -> None:
    """Check that what a PATCH supersedes is what a document of the bundle replaces.

    Nothing else needs to be done with it: in XDS the replacement itself supersedes the old one.
    """
    replaced = {
        a.target_object
        for a in bundle.submission.associations
        if a.association_type in REPLACEMENTS
    }
    for entry in bundle.entries:
        if entry.method == "PATCH" and entry.object_id and entry.object_id not in replaced:
            notes.append(
                Finding(
                    rule="patch-target",
                    code=ErrorCode.INVALID_REQUEST_EXCEPTION,
                    location=f"{entry.location}.request.url",
                    message="a document is superseded by one of the bundle that replaces it, and "
                    "none here does",
                )
            )
