"""What a peer can be told: one table of error codes, one shape of finding, one exception.

Every check of the gateway answers with :class:`Finding` values; :class:`Refused` carries them
unwrapped to the edge, where each wire turns them into its own form (a RegistryResponse, an
OperationOutcome, a SOAP fault). Nothing here knows a wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class WireForm(NamedTuple):
    """One error as each wire spells it.

    Attributes:
        xds: The ``errorCode`` of a RegistryError.
        fhir_issue: The ``issue.code`` of an OperationOutcome.
        http_status: The status a FHIR answer carries (a RegistryResponse always travels with 200).
        meaning: When it is told, for ``docs/reference/errors.md``.
    """

    xds: str
    fhir_issue: str
    http_status: int
    meaning: str = ""


class ErrorCode(Enum):
    """Every error the gateway can answer.

    Source:
        XDS names: IHE ITI TF-3: 4.2.4 (revision 17), Metadata Update and RMU supplements. The two
        FHIR columns are our mapping; MHD leaves it to the implementer (ITI TF-2c: 3.65.4.1.4).
    """

    DOCUMENT_QUEUED = WireForm(
        "DocumentQueued",
        "incomplete",
        202,
        "the recipient keeps the document until a person has matched its patient",
    )
    FHIR_DOCUMENT_NOT_SUPPORTED = WireForm(
        "FHIRDocumentNotSupported",
        "not-supported",
        422,
        "a FHIR document was published, which is not taken here",
    )
    INVALID_DOCUMENT_CONTENT = WireForm(
        "InvalidDocumentContent",
        "invalid",
        422,
        "a document disagrees with its metadata, or with the rules of its own format",
    )
    LOCAL_POLICY_RESTRICTION_ERROR = WireForm(
        "LocalPolicyRestrictionError", "forbidden", 403, "a policy of this community refuses it"
    )
    REFERENCES_EXIST_EXCEPTION = WireForm(
        "ReferencesExistException",
        "conflict",
        409,
        "something that would stay refers to what is to be removed",
    )
    UNMODIFIABLE_METADATA_ERROR = WireForm(
        "UnmodifiableMetadataError",
        "business-rule",
        422,
        "an update changes an attribute that never changes",
    )
    UNRESOLVED_REFERENCE_EXCEPTION = WireForm(
        "UnresolvedReferenceException",
        "not-found",
        422,
        "a reference leads to nothing that is here or in the message",
    )
    DOCUMENT_UNIQUE_ID_ERROR = WireForm(
        "XDSDocumentUniqueIdError", "not-found", 404, "there is no such document for this requester"
    )
    DUPLICATE_UNIQUE_ID_IN_REGISTRY = WireForm(
        "XDSDuplicateUniqueIdInRegistry",
        "duplicate",
        409,
        "the uniqueId of a submission set or folder is taken",
    )
    EXTRA_METADATA_NOT_SAVED = WireForm(
        "XDSExtraMetadataNotSaved",
        "informational",
        200,
        "metadata nobody asked for were left out; a warning",
    )
    INVALID_REQUEST_EXCEPTION = WireForm(
        "XDSInvalidRequestException",
        "invalid",
        422,
        "the request asks for what this transaction does not do",
    )
    METADATA_ANNOTATION_ERROR = WireForm(
        "XDSMetadataAnnotationError",
        "invalid",
        422,
        "the link between a submission set and what it updates is wrong",
    )
    METADATA_IDENTIFIER_ERROR = WireForm(
        "XDSMetadataIdentifierError",
        "business-rule",
        422,
        "the identifiers of an update contradict one another",
    )
    METADATA_UPDATE_ERROR = WireForm(
        "XDSMetadataUpdateError", "business-rule", 422, "an update cannot be made"
    )
    METADATA_UPDATE_OPERATION_ERROR = WireForm(
        "XDSMetadataUpdateOperationError", "invalid", 422, "which update is meant cannot be told"
    )
    METADATA_VERSION_ERROR = WireForm(
        "XDSMetadataVersionError",
        "conflict",
        409,
        "somebody else has updated the object since; read it again",
    )
    MISSING_DOCUMENT = WireForm(
        "XDSMissingDocument", "required", 422, "an entry announces a document that did not come"
    )
    MISSING_DOCUMENT_METADATA = WireForm(
        "XDSMissingDocumentMetadata", "required", 422, "a document came without an entry"
    )
    MISSING_HOME_COMMUNITY_ID = WireForm(
        "XDSMissingHomeCommunityId",
        "required",
        400,
        "the request must say which community it is for",
    )
    NON_IDENTICAL_HASH = WireForm(
        "XDSNonIdenticalHash",
        "duplicate",
        409,
        "a document with this uniqueId is here, with another hash",
    )
    NON_IDENTICAL_SIZE = WireForm(
        "XDSNonIdenticalSize",
        "duplicate",
        409,
        "a document with this uniqueId is here, with another size",
    )
    OBJECT_TYPE_ERROR = WireForm(
        "XDSObjectTypeError",
        "invalid",
        422,
        "the object is of a type that is not taken, or an update changes its type",
    )
    PARTIAL_APPEND_CONTENT_NOT_PROCESSED = WireForm(
        "PartialAppendContentNotProcessed",
        "not-supported",
        200,
        "the recipient left out that a document appends another; a warning",
    )
    PARTIAL_FOLDER_CONTENT_NOT_PROCESSED = WireForm(
        "PartialFolderContentNotProcessed",
        "not-supported",
        200,
        "the recipient left out a folder, or what it holds; a warning",
    )
    PARTIAL_RELATIONSHIP_CONTENT_NOT_PROCESSED = WireForm(
        "PartialRelationshipContentNotProcessed",
        "not-supported",
        200,
        "the recipient left out a relationship; a warning",
    )
    PARTIAL_REPLACE_CONTENT_NOT_PROCESSED = WireForm(
        "PartialReplaceContentNotProcessed",
        "not-supported",
        200,
        "the recipient left out that a document replaces another; a warning",
    )
    PARTIAL_TRANSFORM_NOT_PROCESSED = WireForm(
        "PartialTransformNotProcessed",
        "not-supported",
        200,
        "the recipient left out that a document transforms another; a warning",
    )
    PARTIAL_TRANSFORM_REPLACE_NOT_PROCESSED = WireForm(
        "PartialTransformReplaceNotProcessed",
        "not-supported",
        200,
        "the recipient left out that a document transforms and replaces another; a warning",
    )
    PATIENT_ID_DOES_NOT_MATCH = WireForm(
        "XDSPatientIdDoesNotMatch",
        "invalid",
        422,
        "objects of one submission are about different patients",
    )
    PATIENT_ID_RECONCILIATION_ERROR = WireForm(
        "XDSPatientIDReconciliationError",
        "business-rule",
        422,
        "an update would leave linked objects about different patients",
    )
    REGISTRY_BUSY = WireForm(
        "XDSRegistryBusy", "throttled", 503, "the registry has too much to do; try again"
    )
    REPOSITORY_BUSY = WireForm(
        "XDSRepositoryBusy", "throttled", 503, "the repository has too much to do; try again"
    )
    REGISTRY_DEPRECATED_DOCUMENT_ERROR = WireForm(
        "XDSRegistryDeprecatedDocumentError",
        "conflict",
        409,
        "a deprecated document cannot be replaced, appended or transformed",
    )
    REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = WireForm(
        "XDSRegistryDuplicateUniqueIdInMessage",
        "duplicate",
        422,
        "one uniqueId stands twice in the message",
    )
    REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = WireForm(
        "XDSRepositoryDuplicateUniqueIdInMessage",
        "duplicate",
        422,
        "one uniqueId stands twice in the message",
    )
    REGISTRY_ERROR = WireForm(
        "XDSRegistryError",
        "processing",
        400,
        "the registry refuses the request for a reason no other code names",
    )
    REPOSITORY_ERROR = WireForm(
        "XDSRepositoryError",
        "processing",
        400,
        "the repository refuses the request for a reason no other code names",
    )
    REGISTRY_METADATA_ERROR = WireForm(
        "XDSRegistryMetadataError", "invalid", 422, "metadata are missing or wrong"
    )
    REPOSITORY_METADATA_ERROR = WireForm(
        "XDSRepositoryMetadataError", "invalid", 422, "metadata are missing or wrong"
    )
    REGISTRY_NOT_AVAILABLE = WireForm(
        "XDSRegistryNotAvailable",
        "transient",
        503,
        "the registry behind the repository cannot be reached",
    )
    REGISTRY_OUT_OF_RESOURCES = WireForm(
        "XDSRegistryOutOfResources", "throttled", 503, "the registry cannot keep more at the moment"
    )
    REPOSITORY_OUT_OF_RESOURCES = WireForm(
        "XDSRepositoryOutOfResources",
        "throttled",
        503,
        "the repository cannot keep more at the moment",
    )
    REMOVE_DOCUMENTS_ERROR = WireForm(
        "XDSRemoveDocumentsError", "processing", 409, "a document was not removed"
    )
    RESULT_NOT_SINGLE_PATIENT = WireForm(
        "XDSResultNotSinglePatient",
        "business-rule",
        400,
        "the answer would mix documents of several patients",
    )
    STORED_QUERY_MISSING_PARAM = WireForm(
        "XDSStoredQueryMissingParam",
        "required",
        400,
        "a query lacks a parameter it cannot do without",
    )
    STORED_QUERY_PARAM_NUMBER = WireForm(
        "XDSStoredQueryParamNumber", "invalid", 400, "a parameter of a query has too many values"
    )
    TOO_MANY_RESULTS = WireForm(
        "XDSTooManyResults",
        "too-costly",
        400,
        "more was found than one answer may hold; ask more narrowly, or for pages",
    )
    UNAVAILABLE_COMMUNITY = WireForm(
        "XDSUnavailableCommunity", "transient", 502, "another community cannot be reached"
    )
    UNAVAILABLE_RECIPIENT = WireForm(
        "UnavailableRecipient", "transient", 502, "the intended recipient cannot be reached"
    )
    UNKNOWN_COMMUNITY = WireForm(
        "XDSUnknownCommunity", "not-found", 404, "nobody knows the community that was asked for"
    )
    UNKNOWN_PATIENT_ID = WireForm(
        "XDSUnknownPatientId",
        "not-found",
        422,
        "nobody announced the patient; a search about one finds nothing instead",
    )
    UNKNOWN_RECIPIENT = WireForm(
        "UnknownRecipient", "not-found", 422, "nobody knows the intended recipient"
    )
    UNKNOWN_REPOSITORY_ID = WireForm(
        "XDSUnknownRepositoryId", "not-found", 404, "this is not the repository that was asked for"
    )
    UNKNOWN_STORED_QUERY = WireForm(
        "XDSUnknownStoredQuery", "not-supported", 400, "there is no such stored query"
    )
    UNREFERENCED_OBJECT_EXCEPTION = WireForm(
        "XDSUnreferencedObjectException",
        "conflict",
        409,
        "what is left after a removal would be reached by nothing",
    )

    # What only the FHIR face says; over XDS these travel as the general registry error.
    MALFORMED = WireForm(
        "XDSRegistryError", "structure", 400, "the message is no JSON, XML or FHIR"
    )
    INVALID_VALUE = WireForm(
        "XDSRegistryMetadataError", "value", 422, "an element has a value that is not allowed"
    )
    INVALID_SEARCH = WireForm(
        "XDSRegistryError", "invalid", 400, "a parameter cannot be understood"
    )
    REQUIRED_PARAMETER = WireForm(
        "XDSStoredQueryMissingParam", "required", 400, "a parameter is missing"
    )
    UNKNOWN_SOURCE_DOMAIN = WireForm(
        "XDSRegistryError", "code-invalid", 400, "nobody here has identifiers of the system given"
    )
    UNKNOWN_TARGET_DOMAIN = WireForm(
        "XDSRegistryError", "code-invalid", 403, "identifiers of the system asked for are not given"
    )
    NOT_AUTHENTICATED = WireForm(
        "XDSRegistryError", "login", 401, "no credential that is accepted came with the request"
    )
    INSUFFICIENT_SCOPE = WireForm(
        "XDSRegistryError", "forbidden", 403, "the access token does not cover the request"
    )
    MALFORMED_CREDENTIAL = WireForm(
        "XDSRegistryError", "login", 400, "more than one credential came, or one in a wrong place"
    )
    UNACCOUNTABLE = WireForm(
        "XDSRegistryNotAvailable",
        "transient",
        503,
        "the audit trail cannot be written, so that nothing may be done or told",
    )
    NOT_FOUND = WireForm("XDSRegistryError", "not-found", 404, "there is nothing at this address")
    GONE = WireForm(
        "XDSDocumentUniqueIdError",
        "deleted",
        410,
        "what was at this address was removed, or is deprecated",
    )
    NOT_SUPPORTED = WireForm(
        "XDSRegistryError", "not-supported", 400, "FHIR knows it, this server does not"
    )
    METHOD_NOT_ALLOWED = WireForm(
        "XDSRegistryError", "not-supported", 405, "this is not done at this address"
    )
    NOT_ACCEPTABLE = WireForm(
        "XDSRegistryError",
        "not-supported",
        406,
        "the answer cannot be had in any form that is accepted",
    )
    UNSUPPORTED_MEDIA_TYPE = WireForm(
        "XDSRegistryError", "not-supported", 415, "the body is of a type that is not read here"
    )
    TOO_LARGE = WireForm(
        "XDSRegistryOutOfResources",
        "too-long",
        413,
        "the message is larger than the operator allows",
    )
    CONFLICT = WireForm("XDSRegistryError", "conflict", 409, "it contradicts what is here")
    PRECONDITION_FAILED = WireForm(
        "XDSRegistryError",
        "multiple-matches",
        412,
        "a condition of the request does not hold, or several resources match",
    )
    RANGE_NOT_SATISFIABLE = WireForm(
        "XDSRepositoryError", "invalid", 416, "the part that is asked for is outside the document"
    )
    INTERNAL = WireForm(
        "XDSRegistryError", "exception", 500, "a mistake of the gateway; its log has the details"
    )

    def __new__(cls, xds: str, fhir_issue: str, http_status: int, meaning: str = "") -> ErrorCode:
        """Keep codes that share one wire form (MALFORMED and others) from becoming aliases."""
        member = object.__new__(cls)
        member._value_ = f"{len(cls.__members__)}:{xds}"
        member.form = WireForm(xds, fhir_issue, http_status, meaning)
        return member

    form: WireForm

    @property
    def xds(self) -> str:
        """The ``errorCode`` of a RegistryError."""
        return self.form.xds

    @property
    def fhir_issue(self) -> str:
        """The ``issue.code`` of an OperationOutcome."""
        return self.form.fhir_issue

    @property
    def http_status(self) -> int:
        """The HTTP status of a FHIR answer."""
        return self.form.http_status


class Severity(Enum):
    """How much a finding weighs: an error refuses, a warning travels with a success."""

    ERROR = "error"
    WARNING = "warning"


MAX_FINDINGS = 200
"""Findings of one message that are told; whoever caused more repairs these first."""

_LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing noticed, and where: shown by the server and by the conformance suite alike.

    Attributes:
        rule: A stable short name of the rule, ``content-hash``.
        code: What the peer is told.
        location: Which object and attribute, ``DocumentEntry[Document01].creationTime``; for
            messages the element; empty when the message as a whole is meant.
        message: One sentence: what was announced, what was found, what to do. No names, birth
            dates or document text.
        severity: An error refuses the message.
        context: For codes whose ``codeContext`` the standard reserves for one bare value
            (a uniqueId, a patient id): that value, put before the message.
    """

    rule: str
    code: ErrorCode
    location: str
    message: str
    severity: Severity = Severity.ERROR
    context: str = ""

    def __post_init__(self) -> None:
        """Cut what repeats a peer's own value without measure: an answer stays a short text."""
        for name in ("location", "message", "context"):
            text = getattr(self, name)
            if len(text) > _LONGEST:
                object.__setattr__(self, name, text[:_LONGEST] + "…")

    @property
    def is_error(self) -> bool:
        """Whether this finding refuses the message it is about."""
        return self.severity is Severity.ERROR


class Refused(Exception):
    """The peer asked for something it cannot have; it is owed exactly these findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(f"{f.location}: {f.message}" for f in findings))
        self.findings = findings


def first_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give as many findings as are told, and one that says so where there were more.

    The others are not even looked for, so that a message with a million faults costs no more than
    one with a few; unless all so far were warnings, since an error must not hide behind them.
    """
    told: list[Finding] = []
    refused = False
    for finding in findings:
        if len(told) < MAX_FINDINGS:
            told.append(finding)
        elif not refused and finding.is_error:
            told[-1] = finding
        elif not refused:
            continue
        refused = refused or finding.is_error
        if refused and len(told) == MAX_FINDINGS:
            break
    else:
        return tuple(told)
    told.append(
        Finding(
            rule="more-findings",
            code=ErrorCode.REGISTRY_ERROR,
            location="",
            message=f"no more than {MAX_FINDINGS} findings are told at once; repair these and "
            "send the message again",
        )
    )
    return tuple(told)


def refuse_errors(findings: tuple[Finding, ...] | list[Finding]) -> tuple[Finding, ...]:
    """Give back the warnings of a list of findings, or refuse with all of them.

    Raises:
        Refused: When at least one finding is an error; warnings travel along.
    """
    if any(f.is_error for f in findings):
        raise Refused(*findings)
    return tuple(findings)
