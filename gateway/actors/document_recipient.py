"""Document Recipient: a bundle of FHIR resources becomes a submission like any other.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.3; XDS on FHIR option.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import overload

from gateway.actors.document_repository import DocumentRepository, StagedDocument
from gateway.errors import ErrorCode, Finding, Refused, first_findings
from gateway.model.association import Association
from gateway.model.datatypes import Code, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes
from gateway.model.patient import Patient
from gateway.model.submission import RegistryObject, Submission
from gateway.model.vocabulary import AvailabilityStatus, DocumentEntryType
from gateway.ports import DocumentStore, Form, Page, PatientDirectory, RegistryStore
from gateway.transactions.provide_document_bundle import (
    ProvideDocumentBundle,
    RequestEntry,
    ResponseEntry,
)
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    GetAssociations,
)
from gateway.transactions.submission import SubmitObjects

_ANY_STATUS = tuple(s.value for s in AvailabilityStatus)
_ANY_TYPE = tuple(t.value for t in DocumentEntryType)
_OBJECT_PLACE = re.compile(r"(?:DocumentEntry|SubmissionSet|Folder|Association)\[([^\]]*)\](.*)\Z")
_DOCUMENT_PLACE = re.compile(r"Document\[([^\]]*)\]\Z")

MAX_REFERENCES = 1000
"""Registered objects and patients one bundle may refer to; each is looked up."""


class DocumentRecipient:
    """Accepts Provide Document Bundle [ITI-65]."""

    def __init__(
        self,
        repository: DocumentRepository,
        store: RegistryStore,
        documents: DocumentStore,
        patients: PatientDirectory,
        new_oid: Callable[[], str],
    ) -> None:
        """Take what it works with.

        Args:
            new_oid: Gives a fresh OID, for submissions whose source leaves the uniqueId to us.
        """
        self._repository = repository
        self._store = store
        self._documents = documents
        self._patients = patients
        self._new_oid = new_oid

    async def provide(
        self, bundle: ProvideDocumentBundle
    ) -> tuple[tuple[ResponseEntry, ...], tuple[Finding, ...]]:
        """Keep and register what a bundle brings, wholly or not at all.

        Returns:
            One entry for each entry of the request, in its order, and the warnings.

        Raises:
            Refused: With every problem, each placed in the bundle.
        """
        _check_number(bundle)
        findings = list(bundle.findings)
        bundle = await self._with_patients(bundle, findings)
        bundle = await self._with_targets(bundle)
        submission = self._completed(bundle.submission)
        staged = []
        for document in bundle.documents:
            staging = self._documents.stage()
            staging.write(document.content)
            staging.close()
            staged.append(StagedDocument(entry_id=document.entry_id, staging=staging))
        request = SubmitObjects(submission=submission, findings=tuple(findings))
        try:
            done = await self._repository.provide_and_register(request, tuple(staged))
        except Refused as refused:
            raise Refused(*(_placed(f, bundle) for f in refused.findings)) from refused
        finally:
            for document_staged in staged:
                await self._documents.discard(document_staged.staging)
        logical_ids = await self._logical_ids(submission, done.changes)
        await self._keep_patient(bundle)
        answers = [await self._answer(entry, bundle, logical_ids) for entry in bundle.entries]
        return tuple(answers), tuple(_placed(f, bundle) for f in done.warnings)

    # ------------------------------------------------------------ what is named by reference

    async def _with_patients(
        self, bundle: ProvideDocumentBundle, findings: list[Finding]
    ) -> ProvideDocumentBundle:
        found: dict[str, Identifier] = {}
        for named in bundle.patients:
            reference = named.reference
            if not reference or reference in found:
                continue
            patient = await self._patients.read(reference.partition("/")[2])
            if patient is not None:
                found[reference] = patient.merged_into or patient.identifiers[0]
            elif not named.identifiers and not named.is_source:
                findings.append(
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

    async def _with_targets(self, bundle: ProvideDocumentBundle) -> ProvideDocumentBundle:
        found: dict[str, str] = {}
        for logical_id in bundle.logical_ids:
            entry_uuid = await self._latest(logical_id)
            if entry_uuid:
                found[logical_id] = entry_uuid
        bundle = bundle.with_targets(found)
        if not bundle.memberships:
            return bundle
        present = {
            a.entry_uuid
            for a in bundle.submission.associations
            if a.entry_uuid in bundle.memberships and await self._is_member(a)
        }
        # A folder sent again lists its old members; those links stand already.
        links = tuple(
            a
            for a in bundle.submission.associations
            if a.entry_uuid not in present and a.target_object not in present
        )
        return replace(bundle, submission=replace(bundle.submission, associations=links))

    async def _latest(self, logical_id: str) -> str:
        queries: tuple[FindDocuments | FindFolders, ...] = (
            FindDocuments(logical_id=(logical_id,), status=_ANY_STATUS, object_type=_ANY_TYPE),
            FindDocuments(entry_uuid=(logical_id,), status=_ANY_STATUS, object_type=_ANY_TYPE),
            FindFolders(logical_id=(logical_id,), status=_ANY_STATUS),
        )
        for query in queries:
            found = await self._store.find(query, Form.REFERENCE, Page(size=1))
            if found.objects:
                return found.objects[0].entry_uuid
        return ""

    async def _is_member(self, association: Association) -> bool:
        found = await self._store.find(
            GetAssociations(uuid=(association.source_object,)), Form.REFERENCE
        )
        for held in found.objects:
            kept = await self._store.read(held.entry_uuid)
            if (
                isinstance(kept, Association)
                and kept.source_object == association.source_object
                and kept.target_object == association.target_object
            ):
                return True
        return False

    def _completed(self, submission: Submission) -> Submission:
        """Give what a FHIR source may leave out and XDS asks for: uniqueIds, codes' names."""
        return replace(
            submission,
            submission_sets=tuple(
                replace(
                    s,
                    unique_id=s.unique_id or self._new_oid(),
                    content_type_code=_shown(s.content_type_code),
                )
                for s in submission.submission_sets
            ),
            folders=tuple(
                replace(
                    f,
                    unique_id=f.unique_id or self._new_oid(),
                    code_list=tuple(_shown(c) for c in f.code_list),
                )
                for f in submission.folders
            ),
            document_entries=tuple(
                replace(
                    e,
                    unique_id=e.unique_id or self._new_oid(),
                    class_code=_shown(e.class_code),
                    type_code=_shown(e.type_code),
                    format_code=_shown(e.format_code),
                    healthcare_facility_type_code=_shown(e.healthcare_facility_type_code),
                    practice_setting_code=_shown(e.practice_setting_code),
                    confidentiality_code=tuple(_shown(c) for c in e.confidentiality_code),
                    event_code_list=tuple(_shown(c) for c in e.event_code_list),
                )
                for e in submission.document_entries
            ),
        )

    # ------------------------------------------------------------ the answer

    async def _logical_ids(self, submission: Submission, changes: Changes) -> Mapping[str, str]:
        """The logical id each object of the submission has now."""
        if not changes.repeated:
            return {
                sent.entry_uuid: _logical_id(kept)
                for sent, kept in zip(submission.objects(), changes.added, strict=False)
            }
        named: dict[str, str] = {}
        for item in submission.objects():
            if isinstance(item, Association) or not item.unique_id:
                continue
            query: FindDocuments | FindSubmissionSets | FindFolders
            if isinstance(item, DocumentEntry):
                query = FindDocuments(
                    unique_id=(item.unique_id,), status=_ANY_STATUS, object_type=_ANY_TYPE
                )
            elif item in submission.submission_sets:
                query = FindSubmissionSets(unique_id=(item.unique_id,), status=_ANY_STATUS)
            else:
                query = FindFolders(unique_id=(item.unique_id,), status=_ANY_STATUS)
            found = await self._store.find(query, Form.REFERENCE, Page(size=1, ascending=True))
            if found.objects:
                kept = await self._store.read(found.objects[0].entry_uuid)
                if kept is not None:
                    named[item.entry_uuid] = _logical_id(kept)
        return named

    async def _keep_patient(self, bundle: ProvideDocumentBundle) -> None:
        """Remember who a patient first met in this bundle is, as the bundle tells it."""
        told = bundle.patient
        if told is None or not told.identifiers:
            return
        met = await self._patients.find(told.identifiers[0])
        if met is not None and not met.known and met.merged_into is None:
            await self._patients.put(
                replace(
                    told,
                    logical_id=met.logical_id,
                    identifiers=met.identifiers,
                    known=False,
                    merged_into=None,
                )
            )

    async def _answer(
        self, entry: RequestEntry, bundle: ProvideDocumentBundle, logical_ids: Mapping[str, str]
    ) -> ResponseEntry:
        if entry.resource_type == "Patient":
            patient = await self._subject(bundle)
            location = f"Patient/{patient.logical_id}" if patient else ""
            return ResponseEntry(status="200 OK", location=location)
        if entry.method in ("PATCH", "GET"):
            return ResponseEntry(status="200 OK", location=entry.url)
        logical_id = logical_ids.get(entry.object_id, "").removeprefix("urn:uuid:")
        if entry.method == "PUT" and not logical_id:
            return ResponseEntry(status="200 OK", location=entry.url)
        location = f"{entry.resource_type}/{logical_id}" if logical_id else ""
        return ResponseEntry(status="201 Created", location=location, version="1")

    async def _subject(self, bundle: ProvideDocumentBundle) -> Patient | None:
        for item in bundle.submission.submission_sets:
            if item.patient_id is not None:
                return await self._patients.find(item.patient_id)
        return None


@overload
def _shown(code: Code) -> Code: ...
@overload
def _shown(code: None) -> None: ...
def _shown(code: Code | None) -> Code | None:
    """A code with a name to show: in XDS each has one, and the code itself is the least of names.

    Source:
        IHE ITI TF-3: 4.2.3.1.2 (revision 17).
    """
    if code is None or code.display or not code.code:
        return code
    return replace(code, display=code.code)


def _check_number(bundle: ProvideDocumentBundle) -> None:
    """Refuse a bundle whose references would take longer to look up than the rest of it."""
    patients = {named.reference for named in bundle.patients}
    if len(bundle.logical_ids) + len(patients) > MAX_REFERENCES:
        too_many = Finding(
            rule="too-many-references",
            code=ErrorCode.TOO_LARGE,
            location="Bundle",
            message=f"more than {MAX_REFERENCES} objects outside the bundle are referred to; send "
            "several bundles",
        )
        raise Refused(*first_findings([too_many, *bundle.findings]))


def _logical_id(item: RegistryObject) -> str:
    return item.logical_id or item.entry_uuid


def _placed(finding: Finding, bundle: ProvideDocumentBundle) -> Finding:
    """Give a finding its place in the bundle instead of its place in the submission."""
    match = _OBJECT_PLACE.match(finding.location)
    if match:
        return replace(finding, location=bundle.location(match[1]) + match[2])
    document = _DOCUMENT_PLACE.match(finding.location)
    if document:
        for provided in bundle.documents:
            if provided.entry_id == document[1]:
                return replace(finding, location=provided.location)
    return finding
