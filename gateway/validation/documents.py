"""The documents of a message are those its metadata announce."""

from __future__ import annotations

from gateway.errors import ErrorCode, Finding
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle.ids import place
from gateway.model.submission import ReceivedDocument, Submission


def check_documents(
    submission: Submission, received: tuple[ReceivedDocument, ...]
) -> tuple[Finding, ...]:
    """Each entry has its document and each document its entry, with the size and hash announced.

    Source:
        IHE ITI TF-2b: 3.41.4.1.3 (revision 17).
    """
    findings: list[Finding] = []
    entries = {e.entry_uuid: e for e in submission.document_entries}
    contents: dict[str, ReceivedDocument] = {}
    for document in received:
        if document.entry_id not in entries:
            findings.append(
                Finding(
                    rule="document-described",
                    code=ErrorCode.MISSING_DOCUMENT_METADATA,
                    location=f"Document[{document.entry_id}]",
                    context=document.entry_id,
                    message="no DocumentEntry of the submission has this id",
                )
            )
        elif document.entry_id in contents:
            findings.append(
                Finding(
                    rule="document-once",
                    code=ErrorCode.REPOSITORY_METADATA_ERROR,
                    location=f"Document[{document.entry_id}]",
                    message="two documents of the message have this id",
                )
            )
        contents[document.entry_id] = document
    for entry in submission.document_entries:
        content = contents.get(entry.entry_uuid)
        if content is not None:
            findings += _check_content(entry, content)
        elif not entry.is_on_demand:
            findings.append(
                Finding(
                    rule="document-given",
                    code=ErrorCode.MISSING_DOCUMENT,
                    location=place(entry),
                    context=entry.unique_id or entry.entry_uuid,
                    message="the message carries no Document with this entry's id",
                )
            )
    return tuple(findings)


def _check_content(entry: DocumentEntry, content: ReceivedDocument) -> list[Finding]:
    findings = []
    announced = entry.size
    if announced is not None and announced.strip("0123456789") == "":
        if announced.lstrip("0") != str(content.size).lstrip("0"):
            findings.append(
                Finding(
                    rule="content-size",
                    code=ErrorCode.REPOSITORY_METADATA_ERROR,
                    location=place(entry, "size"),
                    message=f"announced {announced[:20]} octets, received {content.size}",
                )
            )
    elif announced is not None:
        findings.append(
            Finding(
                rule="content-size",
                code=ErrorCode.REPOSITORY_METADATA_ERROR,
                location=place(entry, "size"),
                message=f"must be a number of octets, found {announced[:20]!r}",
            )
        )
    if entry.hash is not None and entry.hash.lower() != content.sha1:
        findings.append(
            Finding(
                rule="content-hash",
                code=ErrorCode.REPOSITORY_METADATA_ERROR,
                location=place(entry, "hash"),
                message=f"announced {entry.hash[:64]}, received octets with {content.sha1}",
            )
        )
    return findings
