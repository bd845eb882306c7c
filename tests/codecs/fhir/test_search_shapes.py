"""A search read by its shape is the search read whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from gateway.codecs.fhir.search import Search, SearchRules, read_document_search
from gateway.codecs.fhir.search_shapes import DocumentSearches
from gateway.errors import Finding, Refused
from gateway.model.naming import NamingSystems
from gateway.transactions.registry_stored_query import FindDocuments
from tests.codecs.fhir.fhir_examples import NAMING

Pairs = list[tuple[str, str]]
Answer = Search[FindDocuments] | tuple[Finding, ...]

PATIENTS: list[Pairs] = [
    [],
    [("patient.identifier", "urn:oid:2.999.1.10|7001")],
    [("patient.identifier", "urn:oid:2.999.1.10|7002")],
    [("patient.identifier", "urn:oid:2.999.1.10|70\\|02")],
    [("patient.identifier", "urn:oid:2.999.1.10|1,urn:oid:2.999.1.10|2")],
    [("patient.identifier", "7001")],
    [("patient.identifier", "")],
    [("patient:identifier", "urn:oid:2.999.1.10|7001")],
    [("patient.identifier", "urn:oid:2.999.1.10|7001"), ("subject", "Patient/77")],
    [
        ("patient.identifier", "urn:oid:2.999.1.10|7001"),
        ("subject:identifier", "urn:oid:2.999.1.10|7002"),
    ],
    [
        ("patient.identifier", "urn:oid:2.999.1.10|7001"),
        ("patient.identifier", "urn:oid:2.999.1.10|7001"),
    ],
]
SHAPES: list[Pairs] = [
    [],
    [("status", "current"), ("_count", "10")],
    [("status", "entered-in-error")],
    [("status", "nonsense"), ("date", "yesterday")],
    [("type", "http://loinc.org|11488-4"), ("_cursor", "somewhere")],
    [("unheard-of", "1")],
    [("_id", "77")],
]


def answer(read: Callable[[], Search[FindDocuments]]) -> Answer:
    try:
        return read()
    except Refused as refused:
        return refused.findings


def test_a_search_read_by_its_shape_is_the_search_read_whole() -> None:
    base_url = "http://localhost/fhir"
    rules = SearchRules()
    searches = DocumentSearches(NAMING, rules, default_count=50, max_count=500, base_url=base_url)
    for patient, shape, strict in product(PATIENTS, SHAPES, (False, True)):
        for asked in ([*patient, *shape], [*shape, *patient]):

            def whole(asked: Pairs = asked, strict: bool = strict) -> Search[FindDocuments]:
                return read_document_search(
                    tuple(asked), NAMING, strict=strict, rules=rules, base_url=base_url
                )

            def shaped(asked: Pairs = asked, strict: bool = strict) -> Search[FindDocuments]:
                return searches.read(asked, strict=strict)

            expected, got = answer(whole), answer(shaped)
            assert got == expected, asked
            if isinstance(expected, Search) and isinstance(got, Search):
                assert got.scope == expected.scope


def test_what_differs_in_its_patient_only_is_read_once() -> None:
    systems: list[str] = []

    class Counting(NamingSystems):
        def scheme(self, uri: str) -> str:
            systems.append(uri)
            return super().scheme(uri)

    searches = DocumentSearches(
        Counting(NAMING.systems), SearchRules(), default_count=50, max_count=500, base_url=""
    )
    for patient in "1", "2", "3":
        found = searches.read(
            [("patient.identifier", f"urn:oid:2.999.1.10|{patient}"), ("type", "urn:x|y")],
            strict=False,
        )
        assert found.query.patient_id is not None
        assert found.query.patient_id.value == patient
    assert systems.count("urn:x") == 1
