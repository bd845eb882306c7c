"""Document Recipient of one document: Simplified Publish [ITI-105], Generate Metadata [ITI-106].

The source sends no submission set; the one made here says who sent what, when. Its uniqueId is made
of the request, so that one repeated after a lost answer registers nothing twice.

Source:
    IHE MHD 4.2.4: 2:3.105.4.1.3, 2:3.106.4.1.3; IHE PCC TF-2: 4.1 Medical Document Binding.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.actors.bundle_resolution import ANY_STATUS, ANY_TYPE, BundleResolution
from gateway.actors.document_recipient import DocumentRecipient
from gateway.errors import Finding, Refused
from gateway.model.association import Association
from gateway.model.datatypes import Code, DateTime
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.ports import Clock, Form, Page, RegistryStore
from gateway.transactions.provide_document_bundle import ProvideDocumentBundle
from gateway.transactions.registry_stored_query import (
    FindSubmissionSets,
    GetSubmissionSetAndContents,
)
from gateway.validation import is_comprehensive

_OURS = uuid.UUID("0f1d5f0a-5b5e-5f5c-8a2e-0a7c1e9b7d63")
"""For the uniqueIds of the submission sets made here."""

_SET = "submission-set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of one document.

    Attributes:
        reference: ``DocumentReference/…``.
        is_new: It was created; otherwise it had been here before.
        warnings: What was noticed.
    """

    reference: str
    is_new: bool
    warnings: tuple[Finding, ...] = ()


class SingleDocumentRecipient:
    """Accepts documents that come one by one."""

    def __init__(
        self,
        recipient: DocumentRecipient,
        resolution: BundleResolution,
        store: RegistryStore,
        clock: Clock,
        source_id: str,
        class_by_type: Mapping[tuple[str, str], Code],
    ) -> None:
        """Take what it works with.

        Args:
            source_id: OID of the system the submission sets made here come from: this gateway.
            class_by_type: The class each type of document belongs to, where a community says so.
        """
        self._recipient = recipient
        self._resolution = resolution
        self._store = store
        self._clock = clock
        self._source_id = source_id
        self._class_by_type = class_by_type

    async def publish(
        self,
        bundle: ProvideDocumentBundle,
        *,
        content_type_code: Code | None = None,
        reuse: bool = False,
    ) -> Published:
        """Keep and register one document.

        Args:
            bundle: One entry and its document, without a submission set.
            content_type_code: The activity that led to the document, where it is known.
            reuse: A document registered before with the same octets is good enough.

        Raises:
            Refused: With every problem, each at its place in the message.
        """
        findings = list(bundle.findings)
        bundle = await self._resolution.resolved(bundle, findings)
        if not bundle.submission.document_entries:
            _refuse(findings)
            return await self._existing(bundle.entries[0].object_id, findings)
        bundle = self._surrounded(bundle, content_type_code, reuse)
        before = await self._sent_before(bundle.submission.submission_set.unique_id or "")
        if before:
            _refuse(findings)
            return await self._existing(before, findings)
        try:
            answers, warnings = await self._recipient.provide_resolved(bundle, findings)
        except Refused as refused:
            # What entry and submission set have in common is wrong in both and told once.
            raise Refused(*dict.fromkeys(refused.findings)) from refused
        warnings = tuple(dict.fromkeys(warnings))
        return Published(reference=answers[0].location, is_new=True, warnings=warnings)

    def _surrounded(
        self, bundle: ProvideDocumentBundle, content_type_code: Code | None, reuse: bool
    ) -> ProvideDocumentBundle:
        """Put a submission set around the document."""
        submission = bundle.submission
        (entry,) = submission.document_entries
        digest = hashlib.sha256()
        for document in bundle.documents:
            digest.update(document.content)
        if not reuse:
            # The same octets under other metadata are another document.
            digest.update(repr((entry, submission.associations)).encode())
        digest.update((entry.patient_id.text if entry.patient_id else "").encode())
        name = uuid.uuid5(_OURS, digest.hexdigest())
        entry = self._classified(entry)
        limited = entry.limited_metadata or not is_comprehensive(entry)
        entry = replace(entry, limited_metadata=limited)
        activity = content_type_code or _activity(entry)
        made = SubmissionSet(
            entry_uuid=_SET,
            unique_id=f"2.25.{name.int}",
            source_id=self._source_id,
            patient_id=entry.patient_id,
            submission_time=DateTime(self._clock.now()),
            availability_status=AvailabilityStatus.APPROVED.value,
            author=entry.author,
            content_type_code=activity,
            title=entry.title,
            limited_metadata=activity is None,
        )
        link = Association(
            entry_uuid="original",
            association_type=AssociationType.HAS_MEMBER,
            source_object=_SET,
            target_object=entry.entry_uuid,
            submission_set_status="Original",
        )
        return replace(
            bundle,
            submission=Submission(
                submission_sets=(made,),
                document_entries=(entry,),
                associations=(link, *submission.associations),
            ),
            locations=(*bundle.locations, (_SET, bundle.location(entry.entry_uuid))),
        )

    def _classified(self, entry: DocumentEntry) -> DocumentEntry:
        """Give the entry the class its type belongs to, where the source left it out."""
        if entry.class_code is not None or entry.type_code is None:
            return entry
        return replace(entry, class_code=self._class_by_type.get(entry.type_code.key))

    async def _sent_before(self, unique_id: str) -> str:
        """Give the entry an earlier request like this one registered; empty when there was none."""
        sets = FindSubmissionSets(unique_id=(unique_id,), status=ANY_STATUS)
        if not (await self._store.find(sets, Form.REFERENCE, Page(size=1))).objects:
            return ""
        contents = GetSubmissionSetAndContents(unique_id=(unique_id,), object_type=ANY_TYPE)
        found = await self._store.find(contents, Form.REFERENCE)
        entries = [h.entry_uuid for h in found.objects if h.kind == "DocumentEntry"]
        return entries[0] if entries else ""

    async def _existing(self, entry_uuid: str, findings: list[Finding]) -> Published:
        held = await self._store.read(entry_uuid)
        name = (held.logical_id or held.entry_uuid) if held is not None else entry_uuid
        return Published(
            reference="DocumentReference/" + name.removeprefix("urn:uuid:"),
            is_new=False,
            warnings=tuple(findings),
        )


def _refuse(findings: list[Finding]) -> None:
    if any(f.is_error for f in findings):
        raise Refused(*findings)


def _activity(entry: DocumentEntry) -> Code | None:
    """Give the clinical activity that led to a document: its first act, else what it is.

    Source:
        IHE ITI TF-3: 4.2.3.3.4 (contentTypeCode); IHE PCC TF-2: 4.1.
    """
    return entry.event_code_list[0] if entry.event_code_list else entry.type_code
