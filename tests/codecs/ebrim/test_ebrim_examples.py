"""The sample messages give exactly these values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.codecs.ebrim.names import (
    ADHOC_QUERY_REQUEST,
    ADHOC_QUERY_RESPONSE,
    PROVIDE_AND_REGISTER_REQUEST,
    REGISTRY_RESPONSE,
    REMOVE_DOCUMENTS_REQUEST,
    REMOVE_OBJECTS_REQUEST,
    RETRIEVE_REQUEST,
    RETRIEVE_RESPONSE,
    SUBMIT_OBJECTS_REQUEST,
    QueryId,
    ResponseStatus,
)
from gateway.codecs.ebrim.query import read_query
from gateway.codecs.ebrim.query_response import ObjectRef, read_query_response
from gateway.codecs.ebrim.remove import read_remove_documents, read_remove_objects
from gateway.codecs.ebrim.response import read_outcome, read_registry_response
from gateway.codecs.ebrim.retrieve import read_retrieve_request, read_retrieve_response
from gateway.codecs.ebrim.submission import read_provide_and_register, read_submit_objects
from gateway.codecs.xml import Element, read_xml
from gateway.errors import ErrorCode, Refused
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus, DocumentEntryType
from gateway.transactions.document_repository import DocumentRequest
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    RegistryStoredQuery,
    ReturnType,
)
from tests.shared import shared

APPROVED = str(AvailabilityStatus.APPROVED)
PATIENT = Identifier("7001^^^&2.999.1.10&ISO")
AUTHOR = Author(
    person=Person("801234567890^DURAND^Alice^^^^^^&2.999.1.30&ISO"),
    institution=(Organization("Hopital Exemple^^^^^&2.999.1.31&ISO^^^^99000001"),),
)
ENTRY_UUID = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001"
ENTRY = DocumentEntry(
    entry_uuid="Document01",
    object_type=str(DocumentEntryType.STABLE),
    unique_id="2.999.4.1.1001",
    patient_id=PATIENT,
    author=(AUTHOR,),
    class_code=Code("DEMO-CLASS", "2.999.7.1", "Comptes rendus", "fr-FR"),
    type_code=Code("11488-4", "2.16.840.1.113883.6.1", "Consultation note", "fr-FR"),
    format_code=Code(
        "urn:ihe:iti:xds:2017:mimeTypeSufficient",
        "1.3.6.1.4.1.19376.1.2.3",
        "mimeType Sufficient",
        "fr-FR",
    ),
    healthcare_facility_type_code=Code("DEMO-FAC", "2.999.7.2", "Hopital", "fr-FR"),
    practice_setting_code=Code("DEMO-PS", "2.999.7.3", "Medecine generale", "fr-FR"),
    confidentiality_code=(Code("N", "2.16.840.1.113883.5.25", "Normal", "fr-FR"),),
    creation_time=DateTime("20250114093000"),
    service_start_time=DateTime("20250114080000"),
    service_stop_time=DateTime("20250114090000"),
    title=(LocalizedString("Compte rendu de demonstration", "fr-FR"),),
    language_code="fr-FR",
    mime_type="text/plain",
    hash="74594fb18136ac1327d2486d20d85ea70452896d",
    size="51",
    repository_unique_id="2.999.3.1",
    source_patient_id=Identifier("H-42^^^&2.999.1.20&ISO"),
    source_patient_info=("PID-5|MARTIN^Camille^^^^^L", "PID-7|19800102", "PID-8|F"),
)
SUBMISSION_SET = SubmissionSet(
    entry_uuid="SubmissionSet01",
    unique_id="2.999.5.1.2001",
    patient_id=PATIENT,
    source_id="2.999.6.1",
    submission_time=DateTime("20250114094500"),
    author=(AUTHOR,),
    content_type_code=Code("DEMO-CT", "2.999.7.4", "Consultation", "fr-FR"),
    title=(LocalizedString("Lot de demonstration", "fr-FR"),),
)
MEMBERSHIP = Association(
    entry_uuid="as01",
    association_type=str(AssociationType.HAS_MEMBER),
    source_object="SubmissionSet01",
    target_object="Document01",
    submission_set_status="Original",
)


def sample(name: str, tag: str) -> Element:
    """Give the first element with a tag in one of the sample messages."""
    root = read_xml(shared(f"reference/examples/{name}.xml").read_bytes())
    return next(root.iter(tag))


def test_a_register_request_gives_its_submission() -> None:
    submitted = read_submit_objects(sample("iti42-request", SUBMIT_OBJECTS_REQUEST))
    assert submitted.findings == ()
    assert submitted.submission == Submission(
        submission_sets=(SUBMISSION_SET,),
        document_entries=(ENTRY,),
        associations=(MEMBERSHIP,),
    )


def test_a_provide_and_register_request_gives_its_submission_and_documents() -> None:
    submitted, documents = read_provide_and_register(
        sample("iti41-request", PROVIDE_AND_REGISTER_REQUEST)
    )
    # A source leaves out what the repository adds.
    entry = replace(ENTRY, repository_unique_id=None, hash=None, size=None)
    (received,) = submitted.submission.document_entries
    assert submitted.findings == ()
    assert replace(received, hash=None, size=None) == entry
    ((entry_id, document),) = documents
    assert entry_id == "Document01"
    assert document[0].get("href") == "cid:doc1@demo.example.org"


def test_an_update_names_the_version_it_follows() -> None:
    submitted = read_submit_objects(sample("iti57-update-metadata-request", SUBMIT_OBJECTS_REQUEST))
    (entry,) = submitted.submission.document_entries
    (link,) = submitted.submission.associations
    assert submitted.findings == ()
    assert entry == replace(
        ENTRY, logical_id=ENTRY_UUID, title=(LocalizedString("Titre corrige", "fr-FR"),)
    )
    assert link == replace(MEMBERSHIP, source_object="SubmissionSet03", previous_version="1")


def test_a_status_update_names_both_statuses() -> None:
    submitted = read_submit_objects(sample("iti57-update-status-request", SUBMIT_OBJECTS_REQUEST))
    assert submitted.findings == ()
    assert submitted.submission.associations == (
        Association(
            entry_uuid="as01",
            association_type=str(AssociationType.UPDATE_AVAILABILITY_STATUS),
            source_object="SubmissionSet04",
            target_object=ENTRY_UUID,
            original_status=APPROVED,
            new_status=str(AvailabilityStatus.DEPRECATED),
        ),
    )


def test_a_query_gives_its_parameters() -> None:
    query = read_query(sample("iti18-finddocuments-request", ADHOC_QUERY_REQUEST))
    assert query == RegistryStoredQuery(
        query_id=str(QueryId.FIND_DOCUMENTS),
        query=FindDocuments(
            patient_id=PATIENT,
            status=(APPROVED,),
            type_code=(("11488-4", "2.16.840.1.113883.6.1"),),
        ),
        return_type=ReturnType.LEAF_CLASS,
    )


def test_an_answer_with_objects_gives_them() -> None:
    answer = read_query_response(
        sample("iti18-finddocuments-response-leafclass", ADHOC_QUERY_RESPONSE)
    )
    assert answer.outcome.status == ResponseStatus.SUCCESS
    assert answer.objects.document_entries == (
        replace(
            ENTRY,
            entry_uuid=ENTRY_UUID,
            logical_id=ENTRY_UUID,
            version="1",
            availability_status=APPROVED,
        ),
    )


def test_an_answer_with_references_gives_them() -> None:
    answer = read_query_response(
        sample("iti18-finddocuments-response-objectref", ADHOC_QUERY_RESPONSE)
    )
    assert ObjectRef(entry_uuid=ENTRY_UUID) in answer.references
    assert answer.objects == Submission()


def test_a_failure_gives_the_code_and_what_it_is_about() -> None:
    response = sample("iti42-response-failure", REGISTRY_RESPONSE)
    with pytest.raises(Refused) as refused:
        read_registry_response(response)
    (finding,) = refused.value.findings
    assert finding.code is ErrorCode.UNKNOWN_PATIENT_ID
    assert finding.message == PATIENT.text
    assert finding.is_error


def test_a_retrieval_gives_its_documents() -> None:
    asked = DocumentRequest(repository_unique_id="2.999.3.1", document_unique_id="2.999.4.1.1001")
    request = read_retrieve_request(sample("iti43-request", RETRIEVE_REQUEST))
    assert request.documents[0] == asked
    answer = read_retrieve_response(sample("iti43-response-partial", RETRIEVE_RESPONSE))
    (document,) = answer.documents
    assert document.request == asked
    assert document.mime_type == "text/plain"
    assert document.document[0].get("href") == "cid:doc1@demo.example.org"
    assert answer.outcome.status == ResponseStatus.PARTIAL_SUCCESS
    assert [f.code for f in answer.outcome.findings] == [ErrorCode.DOCUMENT_UNIQUE_ID_ERROR]


def test_removals_give_their_ids() -> None:
    removal = read_remove_objects(sample("iti62-request", REMOVE_OBJECTS_REQUEST))
    assert ENTRY_UUID in removal.object_ids
    documents = read_remove_documents(sample("iti86-request", REMOVE_DOCUMENTS_REQUEST))
    assert documents.documents[0].document_unique_id == "2.999.4.1.1001"


def test_a_success_without_errors_is_a_success() -> None:
    assert read_outcome(sample("iti41-response", REGISTRY_RESPONSE)).findings == ()
