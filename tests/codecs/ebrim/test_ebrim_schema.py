"""Everything written is valid against the schemas of ebRS 3.0 and XDS.b."""

from __future__ import annotations

from functools import cache

import pytest
from lxml import etree

from gateway.codecs.ebrim.names import SUBMIT_OBJECTS_REQUEST, XDS_B
from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import write_object_ref, write_query_response
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import write_remove_documents, write_remove_objects
from gateway.codecs.ebrim.response import write_registry_response
from gateway.codecs.ebrim.retrieve import write_retrieve_request, write_retrieve_response
from gateway.codecs.ebrim.submission import (
    read_submit_objects,
    write_provide_and_register,
    write_submit_objects,
)
from gateway.codecs.xml import Element, read_xml
from gateway.transactions.document_repository import (
    RemoveDocuments,
    RetrievedDocument,
    RetrieveDocumentSet,
)
from gateway.transactions.submission import RemoveMetadata
from tests.codecs.ebrim import examples
from tests.shared import shared

SCHEMAS = "cases/nist/schema/v3"


@cache
def schema(name: str) -> etree.XMLSchema:
    path = shared(f"{SCHEMAS}/{name}")
    return etree.XMLSchema(etree.parse(str(path)))


def assert_valid(octets: bytes, name: str) -> None:
    message = read_xml(octets)
    # The schema knows documents as base64; a reference stands for it.
    for document in message.iter(f"{{{XDS_B}}}Document"):
        for child in list(document):
            document.remove(child)
        document.text = "AA=="
    found = schema(name)
    found.validate(message)
    assert [str(entry) for entry in found.error_log] == []


def test_a_submission_is_valid() -> None:
    assert_valid(write_submit_objects(examples.SUBMISSION), "lcm.xsd")


def test_a_provide_and_register_request_is_valid() -> None:
    octets = write_provide_and_register(examples.SUBMISSION, [("Document01", "1@example.org")])
    assert_valid(octets, "XDS.b_DocumentRepository.xsd")


@pytest.mark.parametrize("name", ["iti42-request", "iti42-request-replace"])
def test_a_submission_of_others_is_valid_when_written_again(name: str) -> None:
    root = read_xml(shared(f"reference/examples/{name}.xml").read_bytes())
    request: Element = next(root.iter(SUBMIT_OBJECTS_REQUEST))
    assert_valid(write_submit_objects(read_submit_objects(request).submission), "lcm.xsd")


def test_a_registry_response_is_valid() -> None:
    assert_valid(write_registry_response(), "rs.xsd")
    assert_valid(write_registry_response(examples.FINDINGS), "rs.xsd")


def test_an_answer_to_a_query_is_valid() -> None:
    objects = [write_registry_object(item) for item in examples.SUBMISSION.objects()]
    references = [write_object_ref("urn:uuid:a"), write_object_ref("urn:uuid:b", "urn:oid:1.2")]
    for fragments, findings in (
        (objects, ()),
        (references, ()),
        ((), examples.FINDINGS),
        (objects, examples.FINDINGS),
    ):
        assert_valid(write_query_response(fragments, findings), "query.xsd")


@pytest.mark.parametrize("query_id", list(examples.QUERIES))
def test_a_query_is_valid(query_id: str) -> None:
    assert_valid(write_query(examples.QUERIES[query_id]), "query.xsd")


def test_retrievals_are_valid() -> None:
    name = "XDS.b_DocumentRepository.xsd"
    documents = (examples.DOCUMENT_REQUEST, examples.DOCUMENT_REQUEST_ELSEWHERE)
    assert_valid(write_retrieve_request(RetrieveDocumentSet(documents=documents)), name)
    found = [
        (RetrievedDocument(request=d, mime_type="text/plain", size=1, content="c"), f"{n}@host")
        for n, d in enumerate(documents)
    ]
    assert_valid(write_retrieve_response(found), name)
    assert_valid(write_retrieve_response(found, examples.FINDINGS), name)
    assert_valid(write_retrieve_response((), examples.FINDINGS), name)


def test_removals_are_valid() -> None:
    assert_valid(write_remove_objects(RemoveMetadata(object_ids=("urn:uuid:a",))), "lcm.xsd")
    # The schema at hand allows one document only.
    removal = RemoveDocuments(documents=(examples.DOCUMENT_REQUEST,))
    assert_valid(write_remove_documents(removal), "rmd.xsd")
