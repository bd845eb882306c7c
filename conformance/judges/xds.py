"""Messages of XDS in ebRIM: requests and answers, bare or as the body of an envelope.

Every message is judged to its end. What cannot be read of one object stands beside what was found
in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from conformance.judges import answers
from conformance.judges.attachments import Attachment, judge_attachments
from conformance.judges.context import Context
from conformance.judges.judged import Judged
from conformance.judges.placing import placed
from conformance.judges.schemas import schema_issues
from gateway.codecs.ebrim import names
from gateway.codecs.ebrim.query import read_query
from gateway.codecs.ebrim.remove import read_remove_documents, read_remove_objects
from gateway.codecs.ebrim.retrieve import read_retrieve_request
from gateway.codecs.ebrim.submission import read_provide_and_register, read_submit_objects
from gateway.codecs.soap.fault import MultipartRefused
from gateway.codecs.soap.namespaces import XOP
from gateway.codecs.soap.xop import read_inline
from gateway.codecs.xml import INLINE_LIMITS, Element, XmlRefused, read_xml
from gateway.errors import Refused
from gateway.model.datatypes import is_oid
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.transactions.document_repository import DocumentRequest
from gateway.validation.issue import Issue
from gateway.validation.metadata import (
    issue_of,
    message_issue,
    metadata_issues,
    transaction_of,
)

INCLUDE = f"{{{XOP}}}Include"


@dataclass(frozen=True, kw_only=True)
class Carriage:
    """How a message came.

    Attributes:
        transaction: Its number, where the action of an envelope says it.
        parts: The octets each Document element refers to; ``None`` for a reference nobody can
            follow, which the judge of the packaging has told.
        packaged: Whether documents may come as parts beside the message.
    """

    transaction: str = ""
    parts: Mapping[Element, bytes | None] = field(default_factory=dict)
    packaged: bool = False


@dataclass(kw_only=True)
class Body:
    """What was found in a message, and what others compare with it.

    Attributes:
        submission: What it submits.
        patients: Whose records it is about.
        documents: Elements that may hold a document.
    """

    issues: list[Issue] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    submission: Submission = Submission()
    patients: set[str] = field(default_factory=set)
    documents: list[Element] = field(default_factory=list)


def judge(octets: bytes, context: Context) -> Judged:
    """Judge one message without envelope."""
    try:
        root = read_xml(octets, limits=INLINE_LIMITS)
    except XmlRefused as refused:
        return Judged(findings=(message_issue("xds-xml", refused.message, refused.location),))
    body = judge_body(root, context, Carriage(transaction=context.transaction))
    return Judged(findings=placed(body.issues, root, octets), against=tuple(body.against))


def judge_body(root: Element, context: Context, carriage: Carriage) -> Body:
    """Judge the root element of a message."""
    body = Body()
    reader = _READERS.get(root.tag)
    if reader is None:
        body.issues.append(
            message_issue("xds-root", f"{root.tag} is no request or answer of XDS.b", "")
        )
        return body
    body.issues += schema_issues(root, context)
    reader(root, context, carriage, body)
    return body


# ------------------------------------------------------------ submissions


def _submit_objects(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    submitted = read_submit_objects(root)
    transaction = transaction_of(submitted.submission, carriage.transaction)
    _against(body, context, transaction.value)
    body.issues += metadata_issues(submitted, transaction, context.rules, context.now)
    _remember(submitted.submission, body)


def _provide_and_register(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    submitted, documents = read_provide_and_register(root)
    transaction = transaction_of(submitted.submission, "ITI-41")
    _against(body, context, transaction.value)
    body.issues += metadata_issues(submitted, transaction, context.rules, context.now)
    _remember(submitted.submission, body)
    body.documents = [element for _, element in documents]
    attachments = [
        Attachment(name, _content(element, name, carriage, body), f"Document[{name[:128]}]")
        for name, element in documents
    ]
    body.issues += judge_attachments(submitted.submission.document_entries, attachments, context)


def _content(element: Element, name: str, carriage: Carriage, body: Body) -> bytes | None:
    if element in carriage.parts:
        return carriage.parts[element]
    where = f"Document[{name[:128]}]"
    if next(element.iterchildren(INCLUDE), None) is not None:
        if not carriage.packaged:
            body.issues.append(message_issue("xds-document-not-checked", "", where))
        return None
    try:
        octets = read_inline(element)
    except (MultipartRefused, XmlRefused) as refused:
        body.issues.append(message_issue("xds-document-content", refused.message, where))
        return None
    if carriage.packaged:
        body.issues.append(message_issue("mtom-inline", "", where))
    return octets


def _remember(submission: Submission, body: Body) -> None:
    body.submission = submission
    items: tuple[SubmissionSet | DocumentEntry | Folder, ...] = (
        *submission.submission_sets,
        *submission.document_entries,
        *submission.folders,
    )
    for item in items:
        if item.patient_id is not None:
            body.patients.add(item.patient_id.text)


def _against(body: Body, context: Context, transaction: str) -> None:
    form = context.community.transactions.form(transaction)
    body.against.append(f"{form.title} [{transaction}]" if form else transaction)
    if context.against:
        body.against.append(context.against)


# ------------------------------------------------------------ questions and removals


def _query(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    _against(body, context, carriage.transaction or "ITI-18")
    try:
        request = read_query(root, context.community.conventions.statuses)
    except Refused as refused:
        body.issues += [issue_of(finding) for finding in refused.findings]
        return
    patient = getattr(request.query, "patient_id", None)
    if patient is not None:
        body.patients.add(patient.text)


def _retrieve(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    _against(body, context, carriage.transaction or "ITI-43")
    body.issues += document_requests(read_retrieve_request(root).documents)


def _remove_documents(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    _against(body, context, carriage.transaction or "ITI-86")
    body.issues += document_requests(read_remove_documents(root).documents)


def _remove_objects(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    _against(body, context, carriage.transaction or "ITI-62")
    request = read_remove_objects(root)
    body.issues += [issue_of(finding) for finding in request.findings]
    if not request.object_ids and not request.findings:
        body.issues.append(
            message_issue("xds-object-ref", "there is no ObjectRef at all", "ObjectRefList")
        )


def document_requests(documents: tuple[DocumentRequest, ...]) -> Iterator[Issue]:
    """Find what is wrong in requests for documents."""
    if not documents:
        yield message_issue("xds-document-request", "there is no DocumentRequest at all", "")
    for number, document in enumerate(documents, 1):
        where = f"DocumentRequest[{number}]"
        if not document.document_unique_id:
            yield message_issue(
                "xds-document-request", "must be given", f"{where}.DocumentUniqueId"
            )
        if not is_oid(document.repository_unique_id):
            found = document.repository_unique_id[:80] or "nothing"
            yield message_issue(
                "xds-document-request",
                f"must be an OID, found {found}",
                f"{where}.RepositoryUniqueId",
            )
        home = document.home_community_id
        if home and not (home.startswith("urn:oid:") and is_oid(home[len("urn:oid:") :])):
            yield message_issue(
                "xds-document-request",
                f"must be urn:oid: and an OID, found {home[:80]}",
                f"{where}.HomeCommunityId",
            )


# ------------------------------------------------------------ answers


def _registry_response(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    body.against.append("RegistryResponse")
    body.issues += answers.outcome_issues(root, results=0)


def _query_response(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    _against(body, context, carriage.transaction or "ITI-18")
    body.issues += answers.query_response_issues(root, context)


def _retrieve_response(root: Element, context: Context, carriage: Carriage, body: Body) -> None:
    _against(body, context, carriage.transaction or "ITI-43")
    answer, issues = answers.retrieve_response_issues(root)
    body.issues += issues
    body.documents = [document.document for document in answer.documents]
    for document in answer.documents:
        name = document.request.document_unique_id
        octets = _content(document.document, name, carriage, body)
        if octets is not None:
            where = f"Document[{name[:128]}]"
            body.issues += answers.retrieved_document_issues(document, octets, where, context)


_READERS: Mapping[str, Callable[[Element, Context, Carriage, Body], None]] = {
    names.SUBMIT_OBJECTS_REQUEST: _submit_objects,
    names.PROVIDE_AND_REGISTER_REQUEST: _provide_and_register,
    names.ADHOC_QUERY_REQUEST: _query,
    names.ADHOC_QUERY_RESPONSE: _query_response,
    names.REGISTRY_RESPONSE: _registry_response,
    names.RETRIEVE_REQUEST: _retrieve,
    names.RETRIEVE_RESPONSE: _retrieve_response,
    names.REMOVE_OBJECTS_REQUEST: _remove_objects,
    names.REMOVE_DOCUMENTS_REQUEST: _remove_documents,
}
