"""Document Source: clinical documents in files, described from their headers and submitted.

What a registry has to know of them already (the entry a document replaces, the folder it is put
into) is looked up with stored queries first.

Source:
    IHE ITI TF-1: 10.1.1.1 Document Source; TF-2: 3.41, 3.18 (revision 17).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.codecs.cda.head import head_of
from gateway.codecs.cda.header import read_header
from gateway.codecs.cda.values import CdaHeader
from gateway.codecs.ebrim.names import QueryId, ResponseStatus
from gateway.codecs.ebrim.query_response import QueryAnswer
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.datatypes import DateTime, Identifier, is_oid, is_uuid_urn
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.vocabulary import AvailabilityStatus
from gateway.profile import Profile
from gateway.transactions.registry_stored_query import (
    GetDocuments,
    GetFolders,
    RegistryStoredQuery,
)
from gateway.translators.cda import MIME_TYPE, Content, document_entry_from_cda
from gateway.translators.cda_submission import (
    DocumentToSubmit,
    FolderChoice,
    folder_unique_id,
    submission_of,
)
from gateway.upstream.xds_client import OutgoingDocument, XdsClient

READ_WHOLE = 1024 * 1024
"""Octets up to which a document is parsed as a whole; of a larger one only its header is."""

_BLOCK = 256 * 1024
_CDA_START = b"ClinicalDocument"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedFile:
    """A clinical document in a file, and what its header says of it.

    Attributes:
        profile: The one the description follows.
        findings: Errors for what the description lacks; warnings for what was assumed.
    """

    path: Path
    header: CdaHeader
    entry: DocumentEntry
    profile: Profile
    findings: tuple[Finding, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing that must be there is missing."""
        return not any(finding.is_error for finding in self.findings)

    def outgoing(self, entry_id: str) -> OutgoingDocument:
        """The document on its way, read from the file when its turn comes."""
        return OutgoingDocument(
            entry_id=entry_id,
            media_type=self.entry.mime_type or MIME_TYPE,
            size=int(self.entry.size or 0),
            chunks=lambda: blocks(self.path),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """How one submission ended.

    Attributes:
        again: The registry has had this very submission before; nothing changed.
        findings: Warnings of the answer, and of what was looked up.
    """

    submission: Submission
    again: bool = False
    findings: tuple[Finding, ...] = ()


def blocks(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield a file's octets."""
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(_BLOCK):
            yield block


def describe_file(
    path: Path, profile_for: Callable[[CdaHeader], Profile], patient: Identifier | None = None
) -> DescribedFile:
    """Describe a clinical document from its own header, without holding a large one.

    Args:
        profile_for: Chooses the profile when the header has been read.
        patient: Whose record it belongs to, where that is not what the header says.

    Raises:
        Refused: When the file is no clinical document.
        OSError: When it cannot be read.
    """
    sha1 = hashlib.sha1(usedforsecurity=False)
    size = 0
    first = b""
    for block in blocks(path):
        sha1.update(block)
        size += len(block)
        if len(first) < READ_WHOLE:
            first += block
    if _CDA_START not in first[:READ_WHOLE].replace(b"\x00", b""):
        raise _refusal(
            "cda-root",
            "the file is not an HL7 CDA document; wrap a PDF or a text in one (XDS-SD), or send it "
            "over FHIR with metadata of its own",
        )
    whole = first if size <= READ_WHOLE else head_of(first)
    if whole is None:
        raise _refusal(
            "cda-head", f"no body begins in the first {READ_WHOLE} octets; shorten the header"
        )
    header = read_header(whole)
    profile = profile_for(header)
    translation = document_entry_from_cda(
        header, profile, Content(sha1=sha1.hexdigest(), size=size)
    )
    entry, findings = translation.value, translation.findings
    if patient is not None:
        entry = replace(entry, patient_id=patient)
        findings = tuple(f for f in findings if f.location != "DocumentEntry.patient_id")
    return DescribedFile(path=path, header=header, entry=entry, profile=profile, findings=findings)


class DocumentSource:
    """Submits described documents.

    Args:
        source_id: OID of this source.
    """

    def __init__(self, client: XdsClient, source_id: str) -> None:
        self._client = client
        self._source_id = source_id

    async def prepare(
        self,
        files: Sequence[DescribedFile],
        *,
        submission_time: DateTime,
        replaces: str | None = None,
        folder: str | None = None,
    ) -> Submitted:
        """Give the submission for some documents, with what it has to know of the registry.

        Args:
            replaces: uniqueId of a registered document that the only one of these replaces.
            folder: uniqueId or UUID of a registered folder, or the title of one of the patient's,
                which is created when there is none yet.

        Raises:
            Refused: When the document to be replaced or the folder is not there.
            SoapFault, NoAnswer: When the registry could not be asked.
        """
        findings: list[Finding] = []
        documents = []
        for file in files:
            wanted = (replaces,) if replaces is not None else file.header.replaces
            targets = []
            for unique_id in wanted:
                target = await self._registered(unique_id)
                if target is not None:
                    targets.append(target)
                elif replaces is not None:
                    raise _refusal(
                        "replaced-known",
                        f"the registry has no document {unique_id} to be replaced; check the "
                        "uniqueId",
                        "--replace",
                    )
                else:
                    findings.append(_replaced_elsewhere(unique_id))
            documents.append(
                DocumentToSubmit(
                    entry=file.entry,
                    header=file.header,
                    profile=file.profile,
                    replaces=tuple(targets),
                )
            )
        submission = submission_of(
            documents,
            source_id=self._source_id,
            submission_time=submission_time,
            folder=None if folder is None else await self._folder(folder, files[0].entry),
        )
        return Submitted(submission=submission, findings=tuple(findings))

    async def submit(
        self,
        prepared: Submitted,
        files: Sequence[DescribedFile],
        *,
        sent: Callable[[int], object] | None = None,
    ) -> Submitted:
        """Provide and register a prepared submission with its documents [ITI-41].

        Raises:
            Refused: With the findings of the answer.
            SoapFault, NoAnswer: When the repository could not be asked.
        """
        submission = prepared.submission
        outgoing = [
            file.outgoing(entry.entry_uuid)
            for file, entry in zip(files, submission.document_entries, strict=True)
        ]
        try:
            response = await self._client.provide_and_register(submission, outgoing, sent=sent)
        except Refused as refused:
            if _had_before(submission, refused.findings):
                return replace(prepared, again=True)
            raise
        if _had_before(submission, response.warnings):
            return replace(prepared, again=True)
        return replace(prepared, findings=(*prepared.findings, *response.warnings))

    async def _registered(self, unique_id: str) -> str | None:
        """The entryUUID of a document's description; of several, that of the one in force."""
        answer = await self._client.query(
            RegistryStoredQuery(
                query_id=QueryId.GET_DOCUMENTS, query=GetDocuments(unique_id=(unique_id,))
            )
        )
        entries = _whole(answer).document_entries
        in_force = [e for e in entries if e.availability_status == AvailabilityStatus.APPROVED]
        return next((e.entry_uuid for e in (*in_force, *entries)), None)

    async def _folder(self, folder: str, entry: DocumentEntry) -> FolderChoice:
        patient = entry.patient_id.text if entry.patient_id else ""
        if is_uuid_urn(folder):
            query = GetFolders(entry_uuid=(folder,))
        elif is_oid(folder):
            query = GetFolders(unique_id=(folder,))
        else:
            query = GetFolders(unique_id=(folder_unique_id(patient, folder),))
        answer = await self._client.query(
            RegistryStoredQuery(query_id=QueryId.GET_FOLDERS, query=query)
        )
        known = next(iter(_whole(answer).folders), None)
        if known is not None:
            return FolderChoice(unique_id=known.unique_id or "", entry_uuid=known.entry_uuid)
        if query.entry_uuid or is_oid(folder):
            raise _refusal(
                "folder-known",
                f"the registry has no folder {folder}; give a title to create one",
                "--folder",
            )
        return FolderChoice(unique_id=query.unique_id[0], title=folder)


def _whole(answer: QueryAnswer) -> Submission:
    """What was found.

    Raises:
        Refused: When the registry answered with an error.
    """
    if answer.outcome.status == ResponseStatus.SUCCESS:
        return answer.objects
    raise Refused(*answer.outcome.findings)


def _had_before(submission: Submission, findings: tuple[Finding, ...]) -> bool:
    """Whether an answer says that this very submission was registered before."""
    name = submission.submission_set.unique_id or ""
    return any(
        finding.code is ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY and name in finding.message
        for finding in findings
    )


def _replaced_elsewhere(unique_id: str) -> Finding:
    return Finding(
        rule="replaced-known",
        code=ErrorCode.REGISTRY_METADATA_ERROR,
        location="ClinicalDocument/relatedDocument",
        message=f"the registry does not have the replaced document {unique_id}; this one is "
        "submitted as a new document",
        severity=Severity.WARNING,
    )


def _refusal(rule: str, message: str, location: str = "") -> Refused:
    return Refused(
        Finding(
            rule=rule,
            code=ErrorCode.INVALID_DOCUMENT_CONTENT,
            location=location,
            message=message,
        )
    )
