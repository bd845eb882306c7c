"""Answers of registries and repositories: status and errors, and what they found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from conformance.judges.attachments import judge_inside
from conformance.judges.context import Context
from gateway.codecs.ebrim.names import (
    DOCUMENT,
    DOCUMENT_RESPONSE,
    REGISTRY_ERROR,
    REGISTRY_ERROR_LIST,
    REGISTRY_RESPONSE,
    SEVERITY_ERROR,
    SEVERITY_WARNING,
    ResponseStatus,
)
from gateway.codecs.ebrim.query_response import read_query_response
from gateway.codecs.ebrim.retrieve import AnsweredDocument, RetrieveAnswer, read_retrieve_response
from gateway.codecs.xml import Element
from gateway.errors import ErrorCode, Finding
from gateway.model.association import Association
from gateway.model.datatypes import is_oid
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.validation.issue import Issue
from gateway.validation.metadata import issue_of, message_issue, without_echoes
from gateway.validation.objects import (
    Transaction,
    check_document_entry,
    check_folder,
    check_submission_set,
)

_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STATUSES = {status.value for status in ResponseStatus}
_KNOWN = {code.xds for code in ErrorCode}
_STATUS = "urn:"


def outcome_issues(element: Element, *, results: int) -> Iterator[Issue]:
    """Find what is wrong in status and errors of an answer, and tell what they say.

    Args:
        results: Objects or documents that came along.
    """
    status = (element.get("status") or "").strip()
    errors = [
        error
        for error_list in element.iterchildren(REGISTRY_ERROR_LIST)
        for error in error_list.iterchildren(REGISTRY_ERROR)
    ]
    severities = [(error.get("severity") or SEVERITY_ERROR).strip() for error in errors]
    has_error = SEVERITY_ERROR in severities
    place_of_status = f"{element.tag.rpartition('}')[2]}.status"
    if status not in _STATUSES:
        yield message_issue(
            "xds-response-status",
            "must be Success, Failure or PartialSuccess as full URN, found "
            f"{status[:80] or 'nothing'}",
            place_of_status,
        )
    elif problem := _contradiction(status, has_error, results):
        yield message_issue("xds-response-status", problem, place_of_status)
    for number, error in enumerate(errors, 1):
        yield from _error_issues(error, f"RegistryError[{number}]")
    for error_list in element.iterchildren(REGISTRY_ERROR_LIST):
        highest = (error_list.get("highestSeverity") or "").strip()
        right = SEVERITY_ERROR if has_error else SEVERITY_WARNING
        if highest and highest != right:
            yield message_issue(
                "xds-error-severity",
                f"must be {right}, the highest in the list, found {highest[:80]}",
                "RegistryErrorList.highestSeverity",
            )


def _contradiction(status: str, has_error: bool, results: int) -> str:
    if status == ResponseStatus.SUCCESS and has_error:
        return "says Success, and an error of severity Error came along"
    if status != ResponseStatus.SUCCESS and not has_error:
        return "says that something failed, and no error of severity Error says what"
    if status == ResponseStatus.FAILURE and results:
        return f"says Failure, and {results} results came along; that is PartialSuccess"
    return ""


def _error_issues(error: Element, where: str) -> Iterator[Issue]:
    code = (error.get("errorCode") or "").strip()
    context = (error.get("codeContext") or "").strip()
    severity = (error.get("severity") or "").strip()
    if code not in _KNOWN:
        yield message_issue(
            "xds-error-code", f"{code[:80] or 'nothing'} is no error code of IHE", where
        )
    if severity not in (SEVERITY_ERROR, SEVERITY_WARNING):
        yield message_issue(
            "xds-error-severity",
            f"must be Error or Warning as full URN, found {severity[:80] or 'nothing'}",
            f"{where}.severity",
        )
    if not context:
        yield message_issue("xds-error-context", "", f"{where}.codeContext")
    word = "a warning" if severity == SEVERITY_WARNING else "an error"
    yield message_issue(
        "xds-answer-error", f"the answer tells of {word}: {code} {context[:300]}".strip(), where
    )


def query_response_issues(element: Element, context: Context) -> Iterator[Issue]:
    """Find what is wrong in an AdhocQueryResponse: outcome, and each object by itself."""
    answer = read_query_response(element)
    objects = list(answer.objects.objects())
    yield from outcome_issues(element, results=len(objects) + len(answer.references))
    for finding in without_echoes(answer.findings):
        yield issue_of(finding)
    for reference in answer.references:
        if not _UUID.fullmatch(reference.entry_uuid):
            yield message_issue(
                "xds-answer-object",
                "the id of a reference is a UUID in lower case",
                f"ObjectRef[{reference.entry_uuid[:128]}]",
            )
    for item in objects:
        yield from _object_issues(item)


def _object_issues(item: RegistryObject) -> Iterator[Issue]:
    if not _UUID.fullmatch(item.entry_uuid):
        yield message_issue("xds-answer-object", "must be a UUID in lower case", place(item, "id"))
    if not isinstance(item, Association):
        if not _UUID.fullmatch(item.logical_id or ""):
            yield message_issue(
                "xds-answer-object", "must be a UUID in lower case", place(item, "lid")
            )
        if not item.version:
            yield message_issue("xds-answer-object", "must be given", place(item, "VersionInfo"))
    if not (item.availability_status or "").startswith(_STATUS):
        yield message_issue(
            "xds-answer-object",
            "must be a status as full URN",
            place(item, "availabilityStatus"),
        )
    for finding in without_echoes(_attribute_findings(item)):
        yield issue_of(finding)


def _attribute_findings(item: RegistryObject) -> Iterable[Finding]:
    match item:
        case DocumentEntry():
            return check_document_entry(
                item, Transaction.REGISTER_ON_DEMAND if item.is_on_demand else Transaction.REGISTER
            )
        case SubmissionSet():
            return check_submission_set(item)
        case Folder():
            return check_folder(item)
        case _:
            return ()


def retrieve_response_issues(element: Element) -> tuple[RetrieveAnswer, list[Issue]]:
    """Find what is wrong in a RetrieveDocumentSetResponse, its documents' content aside."""
    answer = read_retrieve_response(element)
    issues: list[Issue] = []
    outcomes = list(element.iterchildren(REGISTRY_RESPONSE))
    if len(outcomes) != 1:
        issues.append(
            message_issue(
                "xds-response-status",
                f"there are {len(outcomes)} RegistryResponse elements and there is exactly one",
                "RetrieveDocumentSetResponse",
            )
        )
    for outcome in outcomes:
        issues += outcome_issues(outcome, results=len(answer.documents))
    for number, response in enumerate(element.iterchildren(DOCUMENT_RESPONSE), 1):
        if next(response.iterchildren(DOCUMENT), None) is None:
            issues.append(
                message_issue(
                    "xds-document-content", "has no Document", f"DocumentResponse[{number}]"
                )
            )
    for number, document in enumerate(answer.documents, 1):
        where = f"DocumentResponse[{number}]"
        if not document.request.document_unique_id:
            issues.append(
                message_issue("xds-document-request", "must be given", f"{where}.DocumentUniqueId")
            )
        if not is_oid(document.request.repository_unique_id):
            issues.append(
                message_issue(
                    "xds-document-request", "must be an OID", f"{where}.RepositoryUniqueId"
                )
            )
        if not document.mime_type:
            issues.append(
                message_issue("xds-document-request", "must be given", f"{where}.mimeType")
            )
    return answer, issues


def retrieved_document_issues(
    document: AnsweredDocument, octets: bytes, where: str, context: Context
) -> Iterator[Issue]:
    """Judge a document that was retrieved."""
    yield from judge_inside(octets, where, context)
