"""One of everything, with every attribute set, in valid forms. Identities are invented."""

from __future__ import annotations

from gateway.codecs.ebrim.names import QueryId
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    Recipient,
    ReferenceId,
    Slot,
    Telecom,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    AssociationType,
    AvailabilityStatus,
    DocumentAvailability,
    DocumentEntryType,
)
from gateway.transactions.conditions import TimeBound
from gateway.transactions.document_repository import DocumentRequest
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    GetAll,
    GetAssociations,
    GetDocuments,
    GetDocumentsAndAssociations,
    GetFolderAndContents,
    GetFolders,
    GetFoldersForDocument,
    GetRelatedDocuments,
    GetSubmissionSetAndContents,
    GetSubmissionSets,
    RegistryStoredQuery,
    ReturnType,
    StoredQuery,
)

APPROVED = str(AvailabilityStatus.APPROVED)
DEPRECATED = str(AvailabilityStatus.DEPRECATED)
PATIENT = Identifier.of("P-1", "2.999.1")
ENTRY = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001"
SET = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0002"
FOLDER = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0003"
LINK = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0004"


def code(name: str) -> Code:
    """Give a code of the examples' own system."""
    return Code(name, "2.999.7", f"{name} & co", "fr-FR")


AUTHOR = Author(
    person=Person.of("801", "DURAND", "Alice", authority="2.999.2"),
    institution=(Organization.of("Hôpital d'essai", "77", "2.999.3"), Organization.of("Annexe")),
    role=("Médecin", "G15^^^&2.999.4&ISO"),
    specialty=("SM26^^^&2.999.5&ISO",),
    telecommunication=(Telecom.email("alice@example.org"),),
    extra=(Slot("urn:example:author", ("x",)),),
)

DOCUMENT_ENTRY = DocumentEntry(
    entry_uuid=ENTRY,
    logical_id=ENTRY,
    version="1",
    availability_status=APPROVED,
    document_availability=str(DocumentAvailability.ONLINE),
    home_community_id="urn:oid:2.999.9",
    unique_id="2.999.10.1",
    patient_id=PATIENT,
    author=(AUTHOR, Author(person=Person("^Robot"))),
    class_code=code("class"),
    type_code=code("type"),
    format_code=code("format"),
    healthcare_facility_type_code=code("facility"),
    practice_setting_code=code("practice"),
    confidentiality_code=(code("N"), code("R")),
    event_code_list=(code("e1"), code("e2")),
    creation_time=DateTime("20250114093000"),
    service_start_time=DateTime("20250114"),
    service_stop_time=DateTime("20250115"),
    title=(LocalizedString('Compte "rendu" <été>', "fr-FR"), LocalizedString("Report", "en")),
    comments=(LocalizedString("one\ntwo"),),
    language_code="fr-FR",
    legal_authenticator=Person.of("801", "DURAND", authority="2.999.2"),
    mime_type="text/plain",
    hash="74594fb18136ac1327d2486d20d85ea70452896d",
    size="51",
    repository_unique_id="2.999.11",
    source_patient_id=Identifier.of("H-42", "2.999.12"),
    source_patient_info=("PID-5|ESSAI^Camille^^^^^L", "PID-8|F"),
    reference_id_list=(ReferenceId.of("A1", "2.999.13", "urn:ihe:iti:xds:2013:accession"),),
    uri="http://example.org/doc?a=1&b=2",
    limited_metadata=True,
    extra=(Slot("urn:example:extra", (" a ", "", "<&>")), Slot("urn:example:none")),
)

SUBMISSION_SET = SubmissionSet(
    entry_uuid=SET,
    logical_id=SET,
    version="1",
    availability_status=APPROVED,
    home_community_id="urn:oid:2.999.9",
    unique_id="2.999.10.2",
    patient_id=PATIENT,
    source_id="2.999.14",
    submission_time=DateTime("20250114094500"),
    author=(AUTHOR,),
    content_type_code=code("content"),
    intended_recipient=(
        Recipient(organization=Organization.of("Cabinet"), person=Person("1^A")),
        Recipient(telecom=Telecom.email("a@example.org")),
    ),
    title=(LocalizedString("Lot"),),
    comments=(LocalizedString("c"),),
    limited_metadata=True,
    extra=(Slot("urn:example:set", ("1",)),),
)

FOLDER_OBJECT = Folder(
    entry_uuid=FOLDER,
    logical_id=FOLDER,
    version="1",
    availability_status=DEPRECATED,
    home_community_id="urn:oid:2.999.9",
    unique_id="2.999.10.3",
    patient_id=PATIENT,
    code_list=(code("f1"), code("f2")),
    last_update_time=DateTime("20250114094501"),
    title=(LocalizedString("Dossier"),),
    comments=(LocalizedString("c"),),
    limited_metadata=True,
    extra=(Slot("urn:example:folder", ("1",)),),
)

ASSOCIATION = Association(
    entry_uuid=LINK,
    association_type=str(AssociationType.RPLC),
    source_object=ENTRY,
    target_object="urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0005",
    availability_status=APPROVED,
    home_community_id="urn:oid:2.999.9",
    logical_id=LINK,
    version="1",
    submission_set_status="Original",
    previous_version="1",
    association_propagation="no",
    original_status=APPROVED,
    new_status=DEPRECATED,
    documentation=(code("why"),),
    extra=(Slot("urn:example:link", ("1",)),),
)

SUBMISSION = Submission(
    submission_sets=(SUBMISSION_SET,),
    document_entries=(DOCUMENT_ENTRY,),
    folders=(FOLDER_OBJECT,),
    associations=(ASSOCIATION,),
)

FINDINGS = (
    Finding(
        rule="a",
        code=ErrorCode.UNKNOWN_PATIENT_ID,
        location="SubmissionSet[s].patientId",
        message="nobody announced it",
        context="P-1^^^&2.999.1&ISO",
    ),
    Finding(
        rule="b",
        code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
        location="",
        message="dropped",
        severity=Severity.WARNING,
    ),
)

DOCUMENT_REQUEST = DocumentRequest(repository_unique_id="2.999.11", document_unique_id="2.999.10.1")
DOCUMENT_REQUEST_ELSEWHERE = DocumentRequest(
    repository_unique_id="2.999.11",
    document_unique_id="2.999.10.1^x&y",
    home_community_id="urn:oid:2.999.9",
)

_CODES = (("a", "2.999.7"), ("b", "2.999.7"))
_GROUPS = (_CODES, (("c", "2.999.7"),))
_BOTH_TYPES = tuple(map(str, DocumentEntryType))
_FIND = FindDocuments(
    patient_id=PATIENT,
    status=(APPROVED, DEPRECATED),
    class_code=_CODES,
    type_code=_CODES,
    practice_setting_code=_CODES,
    healthcare_facility_type_code=_CODES,
    format_code=_CODES,
    event_code_list=_GROUPS,
    confidentiality_code=_GROUPS,
    author_person=("%DURAND%", "%O'Hara%"),
    times=(
        TimeBound(attribute="creation_time", low="20240101000000", high="20250101000000"),
        TimeBound(attribute="service_start_time", low="20240101000000", missing_matches=True),
        TimeBound(attribute="service_stop_time", high="20250101000000", missing_matches=True),
    ),
    document_availability=(str(DocumentAvailability.ONLINE),),
    object_type=_BOTH_TYPES,
    metadata_level=2,
)

_QUERIES: dict[QueryId, StoredQuery] = {
    QueryId.FIND_DOCUMENTS: _FIND,
    QueryId.FIND_SUBMISSION_SETS: FindSubmissionSets(
        patient_id=PATIENT,
        status=(APPROVED,),
        source_id=("2.999.14", "2.999.15"),
        times=(TimeBound(attribute="submission_time", low="20240101000000"),),
        author_person=("%DURAND%",),
        content_type_code=_CODES,
    ),
    QueryId.FIND_FOLDERS: FindFolders(
        patient_id=PATIENT,
        status=(APPROVED,),
        times=(TimeBound(attribute="last_update_time", high="20260101000000"),),
        code_list=_GROUPS,
        metadata_level=2,
    ),
    QueryId.GET_ALL: GetAll(
        patient_id=PATIENT,
        document_entry_status=(APPROVED,),
        submission_set_status=(APPROVED,),
        folder_status=(APPROVED,),
        association_status=(APPROVED,),
        format_code=_CODES,
        confidentiality_code=_GROUPS,
        object_type=_BOTH_TYPES,
        metadata_level=2,
    ),
    QueryId.GET_DOCUMENTS: GetDocuments(unique_id=("2.999.10.1", "2.999.10.4")),
    QueryId.GET_FOLDERS: GetFolders(logical_id=(FOLDER,), metadata_level=2),
    QueryId.GET_ASSOCIATIONS: GetAssociations(uuid=(ENTRY, SET)),
    QueryId.GET_DOCUMENTS_AND_ASSOCIATIONS: GetDocumentsAndAssociations(entry_uuid=(ENTRY,)),
    QueryId.GET_SUBMISSION_SETS: GetSubmissionSets(uuid=(ENTRY,)),
    QueryId.GET_SUBMISSION_SET_AND_CONTENTS: GetSubmissionSetAndContents(
        entry_uuid=(SET,),
        format_code=_CODES,
        confidentiality_code=_GROUPS,
        object_type=_BOTH_TYPES,
    ),
    QueryId.GET_FOLDER_AND_CONTENTS: GetFolderAndContents(unique_id=("2.999.10.3",)),
    QueryId.GET_FOLDERS_FOR_DOCUMENT: GetFoldersForDocument(unique_id=("2.999.10.1",)),
    QueryId.GET_RELATED_DOCUMENTS: GetRelatedDocuments(
        entry_uuid=(ENTRY,),
        association_types=(str(AssociationType.RPLC), str(AssociationType.APND)),
    ),
}

QUERIES: dict[str, RegistryStoredQuery] = {
    str(query_id): RegistryStoredQuery(
        query_id=str(query_id), query=query, return_type=ReturnType.OBJECT_REF
    )
    for query_id, query in _QUERIES.items()
}
"""Each stored query with its parameters."""
