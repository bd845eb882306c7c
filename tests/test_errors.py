"""The one table of errors: complete, consistent, and published as it is."""

from __future__ import annotations

import pytest

from gateway.errors import ErrorCode
from scripts.errors_reference import PAGE, page

# IHE ITI TF-3: 4.2.4 and the supplements of Metadata Update, Remove Documents, RMU; MHD 4.2.4.
XDS_CODES = """
DocumentQueued FHIRDocumentNotSupported InvalidDocumentContent LocalPolicyRestrictionError
PartialAppendContentNotProcessed PartialRelationshipContentNotProcessed
PartialReplaceContentNotProcessed PartialTransformNotProcessed PartialTransformReplaceNotProcessed
ReferencesExistException UnavailableRecipient UnknownRecipient UnmodifiableMetadataError
UnresolvedReferenceException XDSDocumentUniqueIdError XDSDuplicateUniqueIdInRegistry
XDSExtraMetadataNotSaved XDSInvalidRequestException XDSMetadataAnnotationError
XDSMetadataIdentifierError XDSMetadataUpdateError XDSMetadataUpdateOperationError
XDSMetadataVersionError XDSMissingDocument XDSMissingDocumentMetadata XDSMissingHomeCommunityId
XDSNonIdenticalHash XDSNonIdenticalSize XDSObjectTypeError XDSPatientIdDoesNotMatch
XDSPatientIDReconciliationError XDSRegistryBusy XDSRepositoryBusy
XDSRegistryDeprecatedDocumentError XDSRegistryDuplicateUniqueIdInMessage
XDSRepositoryDuplicateUniqueIdInMessage XDSRegistryError XDSRepositoryError
XDSRegistryMetadataError XDSRepositoryMetadataError XDSRegistryNotAvailable
XDSRegistryOutOfResources XDSRepositoryOutOfResources XDSRemoveDocumentsError
XDSResultNotSinglePatient XDSStoredQueryMissingParam XDSStoredQueryParamNumber XDSTooManyResults
XDSUnavailableCommunity XDSUnknownCommunity XDSUnknownPatientId XDSUnknownRepositoryId
XDSUnknownStoredQuery XDSUnreferencedObjectException
"""

# HL7 FHIR R4: value set issue-type.
ISSUE_TYPES = """
invalid structure required value invariant security login unknown expired forbidden suppressed
processing not-supported duplicate multiple-matches not-found deleted too-long code-invalid
extension too-costly business-rule conflict transient lock-error no-store exception timeout
incomplete throttled informational
"""


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make errors`"


def test_every_code_of_the_standards_is_in_the_table() -> None:
    assert {code.xds for code in ErrorCode} >= set(XDS_CODES.split())


def test_every_line_is_whole() -> None:
    for code in ErrorCode:
        assert code.fhir_issue in ISSUE_TYPES.split(), code
        assert 200 <= code.http_status < 600, code
        assert code.form.meaning, code


def test_no_two_lines_say_the_same() -> None:
    forms = [(c.xds, c.fhir_issue, c.http_status, c.form.meaning) for c in ErrorCode]
    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize(
    ("xds", "status", "issue"),
    [
        ("XDSUnknownPatientId", 422, "not-found"),
        ("XDSPatientIdDoesNotMatch", 422, "invalid"),
        ("XDSRegistryMetadataError", 422, "invalid"),
        ("XDSRepositoryMetadataError", 422, "invalid"),
        ("XDSDuplicateUniqueIdInRegistry", 409, "duplicate"),
        ("XDSNonIdenticalHash", 409, "duplicate"),
        ("XDSRegistryDeprecatedDocumentError", 409, "conflict"),
        ("XDSMetadataVersionError", 409, "conflict"),
        ("XDSStoredQueryMissingParam", 400, "required"),
        ("XDSStoredQueryParamNumber", 400, "invalid"),
        ("XDSTooManyResults", 400, "too-costly"),
        ("XDSResultNotSinglePatient", 400, "business-rule"),
        ("XDSDocumentUniqueIdError", 404, "not-found"),
        ("XDSUnknownRepositoryId", 404, "not-found"),
        ("XDSUnknownCommunity", 404, "not-found"),
        ("XDSMissingHomeCommunityId", 400, "required"),
        ("XDSRegistryBusy", 503, "throttled"),
        ("XDSRepositoryOutOfResources", 503, "throttled"),
        ("XDSRegistryNotAvailable", 503, "transient"),
        ("XDSUnavailableCommunity", 502, "transient"),
        ("LocalPolicyRestrictionError", 403, "forbidden"),
    ],
)
def test_the_mapping_is_the_one_that_was_promised(xds: str, status: int, issue: str) -> None:
    code = next(c for c in ErrorCode if c.xds == xds)
    assert (code.http_status, code.fhir_issue) == (status, issue)
