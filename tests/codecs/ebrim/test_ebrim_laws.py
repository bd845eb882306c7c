"""What is written is read back as it was, for any value of the model."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.ebrim.marks import splice
from gateway.codecs.ebrim.names import ResponseStatus
from gateway.codecs.ebrim.query import read_query, write_query
from gateway.codecs.ebrim.query_response import (
    ObjectRef,
    read_query_response,
    write_object_ref,
    write_query_response,
)
from gateway.codecs.ebrim.registry_objects import fragment, read_fragment, write_registry_object
from gateway.codecs.ebrim.remove import (
    read_remove_documents,
    read_remove_objects,
    write_remove_documents,
    write_remove_objects,
)
from gateway.codecs.ebrim.response import read_outcome, write_registry_response
from gateway.codecs.ebrim.retrieve import (
    read_retrieve_request,
    read_retrieve_response,
    write_retrieve_request,
    write_retrieve_response,
)
from gateway.codecs.ebrim.submission import (
    read_provide_and_register,
    read_submit_objects,
    write_provide_and_register,
    write_submit_objects,
)
from gateway.codecs.xml import read_xml
from gateway.errors import Finding
from gateway.model.association import Association
from gateway.model.folder import Folder
from gateway.model.submission import RegistryObject, Submission
from gateway.transactions.document_repository import (
    DocumentRequest,
    RemoveDocuments,
    RetrievedDocument,
    RetrieveDocumentSet,
)
from gateway.transactions.registry_stored_query import RegistryStoredQuery
from gateway.transactions.submission import RemoveMetadata
from tests.laws import model_strategies as some


@given(some.registry_objects())
def test_any_registry_object_is_read_as_it_was_written(item: RegistryObject) -> None:
    assert read_fragment(write_registry_object(item)) == item


@settings(max_examples=20)
@given(some.submissions())
def test_any_submission_is_read_as_it_was_written(submission: Submission) -> None:
    assert read_submit_objects(read_xml(write_submit_objects(submission))).submission == submission


@settings(max_examples=20)
@given(some.submissions(some.complete_codes))
def test_nothing_is_found_wrong_with_a_complete_submission(submission: Submission) -> None:
    assert read_submit_objects(read_xml(write_submit_objects(submission))).findings == ()


@given(some.registry_objects())
def test_a_fragment_spliced_with_the_objects_own_state_is_the_object(item: RegistryObject) -> None:
    assert own_state(item, fragment(item)) == write_registry_object(item)


@given(some.registry_objects())
def test_an_object_is_written_the_same_way_each_time(item: RegistryObject) -> None:
    assert write_registry_object(item) == write_registry_object(item)


@settings(max_examples=20)
@given(some.submissions())
def test_ids_in_an_answer_are_unique(submission: Submission) -> None:
    octets = write_submit_objects(submission)
    ids = re.findall(rb' id="([^"]*)"', octets)
    assert len(ids) == len(set(ids))


@settings(max_examples=20)
@given(
    some.submissions(),
    st.lists(
        st.tuples(some.object_ids, st.from_regex(r"[a-z0-9.]{1,9}@[a-z.]{1,9}", fullmatch=True)),
        max_size=3,
    ),
)
def test_any_provide_and_register_request_is_read_as_it_was_written(
    submission: Submission, documents: list[tuple[str, str]]
) -> None:
    root = read_xml(write_provide_and_register(submission, documents))
    submitted, elements = read_provide_and_register(root)
    assert submitted.submission == submission
    assert [entry_id for entry_id, _ in elements] == [entry_id for entry_id, _ in documents]
    references = [element[0].get("href") for _, element in elements]
    assert references == [f"cid:{content_id}" for _, content_id in documents]


@settings(max_examples=150)
@given(some.stored_queries)
def test_any_stored_query_is_read_as_it_was_written(query: RegistryStoredQuery) -> None:
    assert read_query(read_xml(write_query(query))) == query


@given(st.lists(some.findings, max_size=3))
def test_any_error_list_is_read_as_it_was_written(findings: list[Finding]) -> None:
    outcome = read_outcome(read_xml(write_registry_response(findings)))
    failed = any(finding.is_error for finding in findings)
    assert outcome.status == (ResponseStatus.FAILURE if failed else ResponseStatus.SUCCESS)
    assert [told(found) for found in outcome.findings] == [told(found) for found in findings]


@settings(max_examples=20)
@given(some.submissions(), st.lists(some.findings, max_size=2))
def test_any_answer_to_a_query_is_read_as_it_was_written(
    submission: Submission, findings: list[Finding]
) -> None:
    objects = [write_registry_object(item) for item in submission.objects()]
    answer = read_query_response(read_xml(write_query_response(objects, findings)))
    assert answer.objects == submission
    assert [told(found) for found in answer.outcome.findings] == [told(f) for f in findings]


@given(
    st.lists(
        st.builds(ObjectRef, entry_uuid=some.uuids, home_community_id=some.maybe(some.typed_texts))
    )
)
def test_any_list_of_references_is_read_as_it_was_written(references: list[ObjectRef]) -> None:
    octets = [write_object_ref(ref.entry_uuid, ref.home_community_id) for ref in references]
    answer = read_query_response(read_xml(write_query_response(octets)))
    assert answer.references == tuple(references)


@given(some.few(some.document_requests))
def test_any_retrieval_is_read_as_it_was_written(documents: tuple[DocumentRequest, ...]) -> None:
    request = RetrieveDocumentSet(documents=documents)
    assert read_retrieve_request(read_xml(write_retrieve_request(request))) == request


@given(some.few(some.document_requests), some.typed_texts, st.lists(some.findings, max_size=2))
def test_any_answer_to_a_retrieval_is_read_as_it_was_written(
    requests: tuple[DocumentRequest, ...], mime_type: str, findings: list[Finding]
) -> None:
    documents = [
        (RetrievedDocument(request=r, mime_type=mime_type, size=1, content="c"), f"{n}@host")
        for n, r in enumerate(requests)
    ]
    answer = read_retrieve_response(read_xml(write_retrieve_response(documents, findings)))
    assert [document.request for document in answer.documents] == list(requests)
    assert [document.mime_type for document in answer.documents] == [mime_type] * len(requests)
    references = [document.document[0].get("href") for document in answer.documents]
    assert references == [f"cid:{content_id}" for _, content_id in documents]
    assert [told(found) for found in answer.outcome.findings] == [told(f) for f in findings]


@given(some.few(some.typed_texts))
def test_any_removal_of_metadata_is_read_as_it_was_written(object_ids: tuple[str, ...]) -> None:
    request = RemoveMetadata(object_ids=object_ids)
    assert read_remove_objects(read_xml(write_remove_objects(request))) == request


@given(some.few(some.document_requests))
def test_any_removal_of_documents_is_read_as_it_was_written(
    documents: tuple[DocumentRequest, ...],
) -> None:
    request = RemoveDocuments(documents=documents)
    assert read_remove_documents(read_xml(write_remove_documents(request))) == request


def own_state(item: RegistryObject, octets: bytes) -> bytes:
    patient_id = None if isinstance(item, Association) else item.patient_id
    updated = item.last_update_time if isinstance(item, Folder) else None
    (present,) = splice(
        (octets,),
        status=item.availability_status or "",
        patient_id=patient_id.text if patient_id else "",
        last_update_time=updated.text if updated else "",
    )
    return present


def told(finding: Finding) -> tuple[str, str, str, object]:
    """What of a finding a RegistryError carries."""
    context = finding.message
    if finding.context:
        context = f"{finding.context}: {context}" if context else finding.context
    return finding.code.xds, context, finding.location, finding.severity
