"""Messages of others keep their meaning when they are read and written again."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from lxml import etree

from gateway.codecs.ebrim.names import (
    ADHOC_QUERY_REQUEST,
    ADHOC_QUERY_RESPONSE,
    REMOVE_DOCUMENTS_REQUEST,
    REMOVE_OBJECTS_REQUEST,
    RETRIEVE_REQUEST,
    SUBMIT_OBJECTS_REQUEST,
)
from gateway.codecs.ebrim.query import read_query, write_query
from gateway.codecs.ebrim.query_response import read_query_response, write_query_response
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import (
    read_remove_documents,
    read_remove_objects,
    write_remove_documents,
    write_remove_objects,
)
from gateway.codecs.ebrim.retrieve import read_retrieve_request, write_retrieve_request
from gateway.codecs.ebrim.submission import read_submit_objects, write_submit_objects
from gateway.codecs.xml import Element, XmlRefused, read_xml
from gateway.errors import Refused
from tests.codecs.ebrim.meaning import meaning
from tests.shared import shared

TESTKIT = "cases/nist/testkit/tests"
CODE_WITHOUT_SCHEME = {"11897/classcode_scheme_mismatch", "11897/old_scheme"}
OLD_RIM = "urn:oasis:names:tc:ebxml-regrep:registry:xsd:2.1"


def messages(folder: str, tag: str) -> Iterator[tuple[str, Element]]:
    """Give the elements with a tag in every XML file of a folder."""
    root = shared(folder)
    for path in sorted(root.rglob("*.xml")):
        try:
            document = read_xml(path.read_bytes())
        except XmlRefused:
            continue
        for element in document.iter(tag):
            yield str(path.parent.relative_to(root)), element


@pytest.mark.parametrize("folder", ["reference/examples", TESTKIT])
def test_a_submission_of_others_means_the_same_when_written_again(folder: str) -> None:
    count = 0
    for name, element in messages(folder, SUBMIT_OBJECTS_REQUEST):
        submitted = read_submit_objects(element)
        again = read_xml(write_submit_objects(submitted.submission))
        assert submitted.findings == (), name
        assert meaning(again) == meaning(element), name
        count += 1
    assert count >= 5


def test_submissions_the_reference_tests_send_are_read_without_findings() -> None:
    runner = load(shared("tools/nist_runner.py"))
    count = 0
    for name, element in messages(TESTKIT, f"{{{OLD_RIM}}}SubmitObjectsRequest"):
        message = read_xml(etree.tostring(runner.Submission(element).to_version3()))
        submitted = read_submit_objects(message)
        again = read_xml(write_submit_objects(submitted.submission))
        # One file, which no plan sends, says the language of its document twice.
        rules = {finding.rule for finding in submitted.findings}
        assert rules <= ({"slot-repeated"} if name == "12346" else set()), name
        if not rules:
            assert meaning(again) == meaning(message), name
        count += 1
    assert count > 100


def test_an_answer_of_others_means_the_same_when_written_again() -> None:
    count = 0
    for name, element in messages("reference/examples", ADHOC_QUERY_RESPONSE):
        answer = read_query_response(element)
        objects = [write_registry_object(item) for item in answer.objects.objects()]
        assert meaning(read_xml(write_query_response(objects))) == meaning(element), name
        assert answer.findings == ()
        assert answer.references or objects
        count += 1
    assert count == 2


@pytest.mark.parametrize("folder", ["reference/examples", TESTKIT])
def test_a_query_of_others_means_the_same_when_written_again(folder: str) -> None:
    refused = set()
    count = 0
    for name, element in messages(folder, ADHOC_QUERY_REQUEST):
        for value in element.iter():
            # The reference tests put the times of the day of the test in these places.
            value.text = value.text and value.text.replace("$lastyear$", "2024").replace(
                "$now$", "20250101"
            )
        try:
            query = read_query(element)
        except Refused:
            refused.add(name)
            continue
        assert read_query(read_xml(write_query(query))) == query, name
        count += 1
    assert refused == (CODE_WITHOUT_SCHEME if folder == TESTKIT else set())
    assert count >= 1


def test_requests_about_documents_and_removals_of_others_are_read_whole() -> None:
    seen = 0
    for folder in ("reference/examples", TESTKIT):
        for _, element in messages(folder, RETRIEVE_REQUEST):
            retrieval = read_retrieve_request(element)
            assert all(d.document_unique_id and d.repository_unique_id for d in retrieval.documents)
            assert read_retrieve_request(read_xml(write_retrieve_request(retrieval))) == retrieval
            seen += 1
        for _, element in messages(folder, REMOVE_OBJECTS_REQUEST):
            removal = read_remove_objects(element)
            assert removal.object_ids
            assert removal.findings == ()
            assert read_remove_objects(read_xml(write_remove_objects(removal))) == removal
            seen += 1
        for _, element in messages(folder, REMOVE_DOCUMENTS_REQUEST):
            documents = read_remove_documents(element)
            assert documents.documents
            assert read_remove_documents(read_xml(write_remove_documents(documents))) == documents
            seen += 1
    assert seen > 20


def load(path: Path) -> ModuleType:
    """Import a tool that is no package of this project."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
