"""The URLs and fixed words of MHD, of FHIR, and of our own extensions: each in one place.

Source:
    IHE MHD 4.2.4 (StructureDefinition, CodeSystem and SearchParameter pages); HL7 FHIR R4 4.0.1.
"""

from __future__ import annotations

from typing import Final

from gateway.model.vocabulary import AssociationType, AvailabilityStatus

# --- IHE MHD -----------------------------------------------------------------------------------

MHD: Final = "https://profiles.ihe.net/ITI/MHD/"
PROFILE: Final = MHD + "StructureDefinition/"

COMPREHENSIVE_DOCUMENT_REFERENCE: Final = PROFILE + "IHE.MHD.Comprehensive.DocumentReference"
MINIMAL_DOCUMENT_REFERENCE: Final = PROFILE + "IHE.MHD.Minimal.DocumentReference"
COMPREHENSIVE_SUBMISSION_SET: Final = PROFILE + "IHE.MHD.Comprehensive.SubmissionSet"
MINIMAL_SUBMISSION_SET: Final = PROFILE + "IHE.MHD.Minimal.SubmissionSet"
COMPREHENSIVE_FOLDER: Final = PROFILE + "IHE.MHD.Comprehensive.Folder"
MINIMAL_FOLDER: Final = PROFILE + "IHE.MHD.Minimal.Folder"
COMPREHENSIVE_BUNDLE: Final = PROFILE + "IHE.MHD.Comprehensive.ProvideBundle"
UNCONTAINED_BUNDLE: Final = PROFILE + "IHE.MHD.UnContained.Comprehensive.ProvideBundle"
MINIMAL_BUNDLE: Final = PROFILE + "IHE.MHD.Minimal.ProvideBundle"
RESPONSE_BUNDLE: Final = PROFILE + "IHE.MHD.ProvideDocumentBundleResponse"
PATCH_PARAMETERS: Final = PROFILE + "IHE.MHD.Patch.Parameters"

DESIGNATION_TYPE: Final = PROFILE + "ihe-designationType"
SOURCE_ID: Final = PROFILE + "ihe-sourceId"
INTENDED_RECIPIENT: Final = PROFILE + "ihe-intendedRecipient"
AUTHOR_ORG: Final = PROFILE + "ihe-authorOrg"
HOME_COMMUNITY_ID: Final = PROFILE + "ihe-HomeCommunityId"

IDENTIFIER_TYPE: Final = MHD + "CodeSystem/IHE.MHD.MHDIdentifierType"
LIST_TYPE: Final = MHD + "CodeSystem/MHDlistTypes"
ENTRY_UUID: Final = "entryUUID"
UNIQUE_ID: Final = "uniqueId"

# --- HL7 FHIR ----------------------------------------------------------------------------------

FHIR_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
"""Before the name of a resource type: what a resource claims that claims nothing further."""

URI_SYSTEM: Final = "urn:ietf:rfc:3986"
LANGUAGE: Final = "http://hl7.org/fhir/StructureDefinition/language"
TRANSLATION: Final = "http://hl7.org/fhir/StructureDefinition/translation"
OID_URN: Final = "urn:oid:"
UUID_URN: Final = "urn:uuid:"

# --- Our own -----------------------------------------------------------------------------------

OURS: Final = "https://fhir-xds-gateway.example/"
"""Where everything we had to name ourselves lives; a stable name, not an address."""

EXTENSION: Final = OURS + "StructureDefinition/"
"""Before the name of one of our extensions. Each carries what neither FHIR nor MHD has a slot for:

``text``                the HL7 v2 text (CX, CXi, XCN, XON, XTN, DTM, coded string) of the element
                        it stands on, where the FHIR form cannot carry all of it; it counts only
                        as long as it says the same as the element
``code``                a code that is no FHIR ``code`` (outer or double spaces), on its Coding
``language``            the language of a text, on it; FHIR's own extension is made for names,
                        addresses and annotations
``same-author``         on a reference: continues the author before it, who has several
                        institutions
``author``              on a List: an author beyond the first, whom ``source`` cannot carry
``slot``                extra metadata: parts ``name`` and ``value`` (repeated)
``reference-id``        referenceIdList as it came, one each, where its order or form is lost
``source-patient-id``   sourcePatientId as it came, on the patient it came with
``source-patient-info`` sourcePatientInfo as it came, one each, likewise
``association-type``    the XDS type of a relation, where ``relatesTo.code`` is coarser
``association-reason``  why a document relates to another, on its ``relatesTo``
``entry-uuid``, ``unique-id``, ``logical-id``, ``version``, ``availability-status``,
``document-availability``, ``home-community-id``, ``object-type``, ``mime-type``,
``language-code``, ``hash``, ``size``, ``repository-unique-id``, ``uri``
                        the DocumentEntry, SubmissionSet or Folder attribute of that name, where
                        FHIR has no element for it or the element cannot hold the value
"""

OPAQUE_ID: Final = OURS + "opaque-id"
"""System of an identifier that is neither an OID, ``OID^extension`` nor a URI."""

ERROR_CODES: Final = OURS + "CodeSystem/xds-error-code"
"""System of the XDS error names in OperationOutcome.issue.details."""

# --- Fixed words -------------------------------------------------------------------------------

STATUS_OF: Final = {
    AvailabilityStatus.APPROVED.value: "current",
    AvailabilityStatus.DEPRECATED.value: "superseded",
}
AVAILABILITY_OF: Final = {fhir: xds for xds, fhir in STATUS_OF.items()}

RELATION_OF: Final = {
    AssociationType.RPLC.value: "replaces",
    AssociationType.XFRM.value: "transforms",
    AssociationType.APND.value: "appends",
    AssociationType.SIGNS.value: "signs",
    # Coarser than what they stand for: the type travels along in an extension.
    AssociationType.XFRM_RPLC.value: "replaces",
    AssociationType.IS_SNAPSHOT_OF.value: "transforms",
}
ASSOCIATION_OF: Final = {
    "replaces": AssociationType.RPLC.value,
    "transforms": AssociationType.XFRM.value,
    "appends": AssociationType.APND.value,
    "signs": AssociationType.SIGNS.value,
}
COARSE: Final = frozenset({AssociationType.XFRM_RPLC.value, AssociationType.IS_SNAPSHOT_OF.value})
"""Association types that ``relatesTo.code`` cannot say."""
