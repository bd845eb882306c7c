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
    """

    xds: str
    fhir_issue: str
    http_status: int


class ErrorCode(Enum):
    """Every error the gateway can answer.

    Source:
        XDS names: IHE ITI TF-3: 4.2.4 (revision 17), Metadata Update and RMU supplements. The two
        FHIR columns are our mapping; MHD leaves it to the implementer (ITI TF-2c: 3.65.4.1.4).
    """

    DOCUMENT_QUEUED = WireForm("DocumentQueued", "incomplete", 202)
    FHIR_DOCUMENT_NOT_SUPPORTED = WireForm("FHIRDocumentNotSupported", "not-supported", 422)
    INVALID_DOCUMENT_CONTENT = WireForm("InvalidDocumentContent", "invalid", 422)
    LOCAL_POLICY_RESTRICTION_ERROR = WireForm("LocalPolicyRestrictionError", "forbidden", 403)
    REFERENCES_EXIST_EXCEPTION = WireForm("ReferencesExistException", "conflict", 409)
    UNMODIFIABLE_METADATA_ERROR = WireForm("UnmodifiableMetadataError", "business-rule", 422)
    UNRESOLVED_REFERENCE_EXCEPTION = WireForm("UnresolvedReferenceException", "not-found", 422)
    DOCUMENT_UNIQUE_ID_ERROR = WireForm("XDSDocumentUniqueIdError", "not-found", 404)
    DUPLICATE_UNIQUE_ID_IN_REGISTRY = WireForm("XDSDuplicateUniqueIdInRegistry", "duplicate", 409)
    EXTRA_METADATA_NOT_SAVED = WireForm("XDSExtraMetadataNotSaved", "informational", 200)
    INVALID_REQUEST_EXCEPTION = WireForm("XDSInvalidRequestException", "invalid", 422)
    METADATA_ANNOTATION_ERROR = WireForm("XDSMetadataAnnotationError", "invalid", 422)
    METADATA_IDENTIFIER_ERROR = WireForm("XDSMetadataIdentifierError", "business-rule", 422)
    METADATA_UPDATE_ERROR = WireForm("XDSMetadataUpdateError", "business-rule", 422)
    METADATA_UPDATE_OPERATION_ERROR = WireForm("XDSMetadataUpdateOperationError", "invalid", 422)
    METADATA_VERSION_ERROR = WireForm("XDSMetadataVersionError", "conflict", 409)
    MISSING_DOCUMENT = WireForm("XDSMissingDocument", "required", 422)
    MISSING_DOCUMENT_METADATA = WireForm("XDSMissingDocumentMetadata", "required", 422)
    MISSING_HOME_COMMUNITY_ID = WireForm("XDSMissingHomeCommunityId", "required", 400)
    NON_IDENTICAL_HASH = WireForm("XDSNonIdenticalHash", "duplicate", 409)
    NON_IDENTICAL_SIZE = WireForm("XDSNonIdenticalSize", "duplicate", 409)
    OBJECT_TYPE_ERROR = WireForm("XDSObjectTypeError", "invalid", 422)
    PATIENT_ID_DOES_NOT_MATCH = WireForm("XDSPatientIdDoesNotMatch", "invalid", 422)
    PATIENT_ID_RECONCILIATION_ERROR = WireForm(
        "XDSPatientIDReconciliationError", "business-rule", 422
    )
    REGISTRY_BUSY = WireForm("XDSRegistryBusy", "throttled", 503)
    REPOSITORY_BUSY = WireForm("XDSRepositoryBusy", "throttled", 503)
    REGISTRY_DEPRECATED_DOCUMENT_ERROR = WireForm(
        "XDSRegistryDeprecatedDocumentError", "conflict", 409
    )
    REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = WireForm(
        "XDSRegistryDuplicateUniqueIdInMessage", "duplicate", 422
    )
    REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE = WireForm(
        "XDSRepositoryDuplicateUniqueIdInMessage", "duplicate", 422
    )
    REGISTRY_ERROR = WireForm("XDSRegistryError", "processing", 400)
    REPOSITORY_ERROR = WireForm("XDSRepositoryError", "processing", 400)
    REGISTRY_METADATA_ERROR = WireForm("XDSRegistryMetadataError", "invalid", 422)
    REPOSITORY_METADATA_ERROR = WireForm("XDSRepositoryMetadataError", "invalid", 422)
    REGISTRY_NOT_AVAILABLE = WireForm("XDSRegistryNotAvailable", "transient", 503)
    REGISTRY_OUT_OF_RESOURCES = WireForm("XDSRegistryOutOfResources", "throttled", 503)
    REPOSITORY_OUT_OF_RESOURCES = WireForm("XDSRepositoryOutOfResources", "throttled", 503)
    REMOVE_DOCUMENTS_ERROR = WireForm("XDSRemoveDocumentsError", "processing", 409)
    RESULT_NOT_SINGLE_PATIENT = WireForm("XDSResultNotSinglePatient", "business-rule", 400)
    STORED_QUERY_MISSING_PARAM = WireForm("XDSStoredQueryMissingParam", "required", 400)
    STORED_QUERY_PARAM_NUMBER = WireForm("XDSStoredQueryParamNumber", "invalid", 400)
    TOO_MANY_RESULTS = WireForm("XDSTooManyResults", "too-costly", 400)
    UNKNOWN_COMMUNITY = WireForm("XDSUnknownCommunity", "not-found", 404)
    UNKNOWN_PATIENT_ID = WireForm("XDSUnknownPatientId", "not-found", 422)
    UNKNOWN_REPOSITORY_ID = WireForm("XDSUnknownRepositoryId", "not-found", 404)
    UNKNOWN_STORED_QUERY = WireForm("XDSUnknownStoredQuery", "not-supported", 400)
    UNREFERENCED_OBJECT_EXCEPTION = WireForm("XDSUnreferencedObjectException", "conflict", 409)

    # What only the FHIR face says; over XDS these travel as the general registry error.
    MALFORMED = WireForm("XDSRegistryError", "structure", 400)
    INVALID_VALUE = WireForm("XDSRegistryMetadataError", "value", 422)
    INVALID_SEARCH = WireForm("XDSRegistryError", "invalid", 400)
    REQUIRED_PARAMETER = WireForm("XDSStoredQueryMissingParam", "required", 400)
    NOT_FOUND = WireForm("XDSRegistryError", "not-found", 404)
    GONE = WireForm("XDSDocumentUniqueIdError", "deleted", 410)
    NOT_SUPPORTED = WireForm("XDSRegistryError", "not-supported", 400)
    METHOD_NOT_ALLOWED = WireForm("XDSRegistryError", "not-supported", 405)
    NOT_ACCEPTABLE = WireForm("XDSRegistryError", "not-supported", 406)
    UNSUPPORTED_MEDIA_TYPE = WireForm("XDSRegistryError", "not-supported", 415)
    TOO_LARGE = WireForm("XDSRegistryOutOfResources", "too-long", 413)
    CONFLICT = WireForm("XDSRegistryError", "conflict", 409)
    PRECONDITION_FAILED = WireForm("XDSRegistryError", "multiple-matches", 412)
    RANGE_NOT_SATISFIABLE = WireForm("XDSRepositoryError", "invalid", 416)
    INTERNAL = WireForm("XDSRegistryError", "exception", 500)

    def __new__(cls, xds: str, fhir_issue: str, http_status: int) -> ErrorCode:
        """Keep codes that share one wire form (MALFORMED and others) from becoming aliases."""
        member = object.__new__(cls)
        member._value_ = f"{len(cls.__members__)}:{xds}"
        member.form = WireForm(xds, fhir_issue, http_status)
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
