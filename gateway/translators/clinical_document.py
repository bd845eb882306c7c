"""Clinical documents to packages and back: described from the header, unpacked from a message.

    from_cda    a CDA document becomes a submission of one, described by its header
    to_cda      the clinical documents of a package, octet for octet
    wrapped     the file a level 1 document wraps

Source:
    IHE PCC TF-2: 4.1.1; IHE ITI TF-3: 5.2 (XDS-SD); HL7 CDA R2 (2005).
"""

from __future__ import annotations

from dataclasses import replace

from gateway.codecs.cda.body import WrappedFile, read_body
from gateway.codecs.cda.header import read_header
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import DateTime, Identifier
from gateway.profile import Profile
from gateway.translators.cda import MIME_TYPE, document_entry_from_cda
from gateway.translators.cda_submission import DocumentToSubmit, submission_of
from gateway.translators.package import EnclosedDocument, Package
from gateway.translators.translation import Translation

_START = 64 * 1024


def is_cda(octets: bytes) -> bool:
    """Whether octets look like a clinical document: its root element stands near their start."""
    return b"ClinicalDocument" in octets[:_START].replace(b"\x00", b"")


def from_cda(
    octets: bytes,
    profile: Profile,
    *,
    source_id: str,
    submission_time: DateTime | None = None,
    patient_id: Identifier | None = None,
) -> Translation[Package]:
    """Make a submission of one clinical document, described from its own header.

    Args:
        profile: The community the description is for.
        source_id: OID of the system that submits.
        submission_time: When it does so; the document's own time unless given.
        patient_id: Whose record it belongs to, where that is not what the header says.

    Returns:
        The package; errors for what the profile requires and the header does not give, warnings
        for what was assumed.

    Raises:
        Refused: When it is no clinical document.
    """
    header = read_header(octets)
    described = document_entry_from_cda(header, profile, octets)
    entry, findings = described.value, described.findings
    if patient_id is not None:
        entry = replace(entry, patient_id=patient_id)
        findings = tuple(f for f in findings if f.location != "DocumentEntry.patient_id")
    time = submission_time or entry.creation_time or DateTime("")
    submission = submission_of(
        [DocumentToSubmit(entry=entry, header=header)], source_id=source_id, submission_time=time
    )
    findings += tuple(
        Finding(
            rule="not-carried",
            code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
            location=f"ClinicalDocument/relatedDocument[{number}]",
            message=f"the entryUUID of {unique_id}, which this document replaces, is known to its "
            "registry only; add the RPLC association",
            severity=Severity.WARNING,
        )
        for number, unique_id in enumerate(header.replaces, 1)
    )
    document = EnclosedDocument(
        entry_id=submission.document_entries[0].entry_uuid, content_type=MIME_TYPE, content=octets
    )
    return Translation(Package(submission=submission, documents=(document,)), findings)


def to_cda(package: Package) -> Translation[tuple[EnclosedDocument, ...]]:
    """Give the clinical documents of a package, as they came.

    Returns:
        The documents; a finding for each that is no CDA and for each that is not in the message.
    """
    documents = []
    findings = []
    for document in package.documents:
        if is_cda(document.content):
            documents.append(document)
        else:
            findings.append(
                _finding(
                    f"Document[{document.entry_id}]",
                    f"it is {document.content_type}, not a clinical document",
                )
            )
    here = {document.entry_id for document in package.documents}
    findings += [
        _finding(f"DocumentEntry[{entry.entry_uuid}]", "the message does not hold its document")
        for entry in package.submission.document_entries
        if entry.entry_uuid not in here
    ]
    return Translation(tuple(documents), tuple(findings))


def wrapped(octets: bytes) -> Translation[WrappedFile | None]:
    """Take the file out of a level 1 document; a structured document gives ``None``.

    Raises:
        Refused: When the octets are no XML we read.
    """
    body = read_body(octets)
    return Translation(body.wrapped, body.findings)


def _finding(location: str, message: str) -> Finding:
    return Finding(
        rule="not-carried",
        code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
        location=location,
        message=message,
        severity=Severity.WARNING,
    )
