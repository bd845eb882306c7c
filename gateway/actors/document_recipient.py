"""Document Recipient: a bundle of FHIR resources becomes a submission like any other.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.3; XDS on FHIR option.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import overload

from gateway.actors.bundle_resolution import ANY_STATUS, ANY_TYPE, BundleResolution
from gateway.actors.document_repository import DocumentRepository, StagedDocument
from gateway.errors import Finding, Refused
from gateway.model.association import Association
from gateway.model.changed import changed
from gateway.model.datatypes import Code
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes
from gateway.model.patient import Patient
from gateway.model.submission import RegistryObject, Submission
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
)
from gateway.transactions.submission import SubmitObjects
from gateway.validation import Transaction

_OBJECT_PLACE = re.compile(r"(?:DocumentEntry|SubmissionSet|Folder|Association)\[([^\]]*)\](.*)\Z")
_DOCUMENT_PLACE = re.compile(r"Document\[([^\]]*)\]\Z")


class DocumentRecipient:
    """Accepts Provide Document Bundle [ITI-65]."""

    def __init__(
        self,
        repository: DocumentRepository,
        store: RegistryStore,
        documents: DocumentStore,
        patients: PatientDirectory,
        resolution: BundleResolution,
        new_oid: Callable[[], str],
        complete: Callable[[Submission], Submission] = lambda submission: submission,
    ) -> None:
        """Take what it works with.

        Args:
            resolution: Looks up what bundles name.
            new_oid: Gives a fresh OID, for submissions whose source leaves the uniqueId to us.
            complete: Fills in what the community writes and FHIR has no place for.
        """
        self._complete = complete
        self._repository = repository
        self._store = store
        self._documents = documents
        self._patients = patients
        self._resolution = resolution
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
        findings = list(bundle.findings)
        resolved = await self._resolution.resolved(bundle, findings)
        return await self.provide_resolved(resolved, findings)

    async def provide_resolved(
        self, bundle: ProvideDocumentBundle, findings: list[Finding]
    ) -> tuple[tuple[ResponseEntry, ...], tuple[Finding, ...]]:
        """Keep and register a bundle in which everything it names is resolved.

        Args:
            bundle: As :class:`BundleResolution` gave it.
            findings: All that was found in it so far.

        Raises:
            Refused: With every problem, each placed in the bundle.
        """
        submission = self._complete(self._completed(bundle.submission))
        staged = []
        for document in bundle.documents:
            staging = self._documents.stage()
            staging.write(document.content)
            staging.close()
            staged.append(StagedDocument(entry_id=document.entry_id, staging=staging))
        request = SubmitObjects(submission=submission, findings=tuple(findings))
        try:
            done = await self._repository.provide_and_register(
                request, tuple(staged), Transaction.PROVIDE_DOCUMENT_BUNDLE
            )
        except Refused as refused:
            raise Refused(*(_placed(f, bundle) for f in refused.findings)) from refused
        finally:
            for document_staged in staged:
                await self._documents.discard(document_staged.staging)
        logical_ids = await self._logical_ids(submission, done.changes)
        await self._keep_patient(bundle)
        answers = [await self._answer(entry, bundle, logical_ids) for entry in bundle.entries]
        return tuple(answers), tuple(_placed(f, bundle) for f in done.warnings)

    def _completed(self, submission: Submission) -> Submission:
        """Give what a FHIR source may leave out and XDS asks for: uniqueIds, codes' names.

        Source:
            IHE MHD 4.2.4: 2:3.65.4.1.2.2 (sourcePatientInfo need not be there).
        """
        return changed(
            submission,
            submission_sets=tuple(
                changed(
                    s,
                    unique_id=s.unique_id or self._new_oid(),
                    content_type_code=_shown(s.content_type_code),
                )
                for s in submission.submission_sets
            ),
            folders=tuple(
                changed(
                    f,
                    unique_id=f.unique_id or self._new_oid(),
                    code_list=_all_shown(f.code_list),
                )
                for f in submission.folders
            ),
            document_entries=tuple(
                changed(
                    e,
                    unique_id=e.unique_id or self._new_oid(),
                    # A FHIR source need not say under which number it knows the patient itself.
                    source_patient_id=e.source_patient_id
                    or (None if e.limited_metadata else e.patient_id),
                    class_code=_shown(e.class_code),
                    type_code=_shown(e.type_code),
                    format_code=_shown(e.format_code),
                    healthcare_facility_type_code=_shown(e.healthcare_facility_type_code),
                    practice_setting_code=_shown(e.practice_setting_code),
                    confidentiality_code=_all_shown(e.confidentiality_code),
                    event_code_list=_all_shown(e.event_code_list),
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
                    unique_id=(item.unique_id,), status=ANY_STATUS, object_type=ANY_TYPE
                )
            elif item in submission.submission_sets:
                query = FindSubmissionSets(unique_id=(item.unique_id,), status=ANY_STATUS)
            else:
                query = FindFolders(unique_id=(item.unique_id,), status=ANY_STATUS)
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
                    # The state of a record is told by who keeps it, not by who submits to it.
                    active=met.active,
                    record=met.record,
                )
            )

    async def _answer(
        self, entry: RequestEntry, bundle: ProvideDocumentBundle, logical_ids: Mapping[str, str]
    ) -> ResponseEntry:
        if entry.resource_type == "Patient":
            patient = await self._subject(bundle)
            location = f"Patient/{patient.logical_id}" if patient else ""
            return ResponseEntry(status="200 OK", location=location)
        if entry.resource_type == "Parameters":
            return await self._registered(entry, "DocumentReference")
        if entry.resource_type not in _SERVED_AS:
            # A person or an organization goes into the metadata of what refers to it.
            return ResponseEntry(status="200 OK")
        kind = _SERVED_AS[entry.resource_type]
        if entry.object_id not in logical_ids:
            return await self._registered(entry, kind)
        logical_id = logical_ids[entry.object_id].removeprefix("urn:uuid:")
        return ResponseEntry(status="201 Created", location=f"{kind}/{logical_id}", version="1")

    async def _registered(self, entry: RequestEntry, kind: str) -> ResponseEntry:
        """Answer for what was here before: a folder, a document that need not be created."""
        held = await self._store.read(entry.object_id) if entry.object_id else None
        name = _logical_id(held).removeprefix("urn:uuid:") if held is not None else ""
        return ResponseEntry(status="200 OK", location=f"{kind}/{name}" if name else "")

    async def _subject(self, bundle: ProvideDocumentBundle) -> Patient | None:
        for item in bundle.submission.submission_sets:
            if item.patient_id is not None:
                return await self._patients.find(item.patient_id)
        return None


_SERVED_AS = {
    "List": "List",
    "DocumentReference": "DocumentReference",
    "Binary": "Binary",
    # A document made of FHIR resources is kept, and given out, as octets.
    "Bundle": "Binary",
}


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


def _all_shown(codes: tuple[Code, ...]) -> tuple[Code, ...]:
    """The codes with names to show; themselves where all have one, so that nothing is copied."""
    if all(code.display for code in codes):
        return codes
    return tuple(_shown(code) for code in codes)


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
