"""MHD searches as the queries they become, and everything a search can get wrong."""

from __future__ import annotations

import pytest

from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.search import read_document_search, read_list_search
from gateway.errors import ErrorCode, Refused
from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import AvailabilityStatus, DocumentEntryType
from gateway.transactions.registry_stored_query import FindFolders, FindSubmissionSets, TimeBound
from tests.codecs.fhir.fhir_examples import CONFIDENTIALITY, LOINC, NAMING

Pairs = list[tuple[str, str]]


def found(*pairs: tuple[str, str], **more: object):  # type: ignore[no-untyped-def]
    return read_document_search(list(pairs), NAMING, **more)  # type: ignore[arg-type]


def problems(*pairs: tuple[str, str], strict: bool = False) -> list[str]:
    with pytest.raises(Refused) as refused:
        read_document_search(list(pairs), NAMING, strict=strict)
    return [f.location for f in refused.value.findings if f.is_error]


def test_a_patient_is_named_by_identifier_or_by_reference() -> None:
    by_identifier = found(("patient.identifier", "urn:oid:2.999.1.10|7001"))
    assert by_identifier.query.patient_id == Identifier("7001^^^&2.999.1.10&ISO")
    modified = found(("patient:identifier", "urn:oid:2.999.1.10|7001"))
    assert modified.query.patient_id == by_identifier.query.patient_id
    by_reference = found(("patient", "Patient/77"))
    assert (by_reference.query.patient_id, by_reference.patient_reference) == (None, "Patient/77")
    assert found(("patient", "77")).patient_reference == "Patient/77"
    assert problems(("patient.identifier", "7001")) == ["patient.identifier"]
    assert problems(("patient", "Patient/1,Patient/2")) == ["patient"]


def test_all_statuses_and_both_kinds_of_documents_are_meant_when_nothing_is_said() -> None:
    query = found().query
    assert set(query.status) == set(AvailabilityStatus)
    assert set(query.object_type) == set(DocumentEntryType)
    assert query.metadata_level == 1


def test_a_token_may_name_its_system_none_or_any() -> None:
    assert found(("type", "http://loinc.org|1")).query.type_code == (("1", LOINC),)
    assert found(("type", "1")).query.type_code == (("1", None),)
    assert found(("type", "|1")).query.type_code == (("1", ""),)
    assert found(("type", r"urn:oid:2.999.7|a\|b\,c")).query.type_code == (("a|b,c", "2.999.7"),)
    assert problems(("type", "http://loinc.org|")) == ["type"]


def test_a_comma_is_or_and_a_repeated_parameter_is_and() -> None:
    query = found(
        ("type", "http://loinc.org|1,http://loinc.org|2"),
        ("type", "2,3"),
        ("security-label", "N,R"),
        ("security-label", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality|V"),
        ("event", "E"),
    ).query
    assert query.type_code == (("2", LOINC),)
    assert query.confidentiality_code == ((("N", None), ("R", None)), (("V", CONFIDENTIALITY),))
    assert query.event_code_list == ((("E", None),),)
    assert found(("type", "1"), ("type", "2")).impossible


def test_each_code_parameter_asks_its_attribute() -> None:
    query = found(("category", "a"), ("setting", "b"), ("facility", "c"), ("format", "d")).query
    assert query.class_code == (("a", None),)
    assert query.practice_setting_code == (("b", None),)
    assert query.healthcare_facility_type_code == (("c", None),)
    assert query.format_code == (("d", None),)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("2025", "20250101000000", "20260101000000"),
        ("eq2024-02", "20240201000000", "20240301000000"),
        ("2025-01-14", "20250114000000", "20250115000000"),
        ("2025-01-14T09:30", "20250114093000", "20250114093100"),
        ("2025-01-14T09:30:00+01:00", "20250114083000", "20250114083001"),
        ("2025-01-14T09:30:00 01:00", "20250114083000", "20250114083001"),
        ("ge2025-01-14", "20250114000000", None),
        ("gt2025-01-14", "20250115000000", None),
        ("sa2025-01-14", "20250115000000", None),
        ("lt2025-01-14", None, "20250114000000"),
        ("eb2025-01-14", None, "20250114000000"),
        ("le2025-01-14", None, "20250115000000"),
        ("ap2025-01-14", "20250113000000", "20250116000000"),
    ],
)
def test_a_date_covers_the_range_of_its_precision(
    value: str, low: str | None, high: str | None
) -> None:
    assert found(("creation", value)).query.times == (
        TimeBound(attribute="creation_time", low=low, high=high),
    )


@pytest.mark.parametrize(
    "value", ["ne2025", "2025-13", "2025-01-32", "soon", "2025,2026", "2025-01-14T25:00", "", "ge"]
)
def test_a_date_that_is_none_is_refused_by_name(value: str) -> None:
    assert problems(("date", value)) == ["date"]


def test_dates_of_the_reference_ask_when_it_was_registered() -> None:
    query = found(("date", "ge2025"), ("_lastUpdated", "lt2026")).query
    assert [b.attribute for b in query.times] == ["registration_time"] * 2


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (
            "2025",
            {
                "start": ("20250101000000", "20260101000000"),
                "stop": ("20250101000000", "20260101000000"),
            },
        ),
        ("gt2025", {"stop": ("20260101000000", None)}),
        ("le2025", {"start": (None, "20260101000000")}),
        ("sa2025", {"start": ("20260101000000", None)}),
        ("eb2025", {"stop": (None, "20250101000000")}),
    ],
)
def test_a_period_is_compared_by_the_end_that_matters(
    value: str, bounds: dict[str, tuple[str | None, str | None]]
) -> None:
    times = found(("period", value)).query.times
    assert {t.attribute.split("_")[1]: (t.low, t.high) for t in times} == bounds


def test_an_identifier_may_be_a_unique_id_or_an_entry_uuid() -> None:
    uuid = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001"
    assert found(("identifier", "urn:ietf:rfc:3986|urn:oid:1.2.3")).query.unique_id == ("1.2.3",)
    assert found(("identifier", "urn:oid:1.2.3")).query.unique_id == ("1.2.3",)
    assert found(("identifier", "urn:oid:1.2.3|7")).query.unique_id == ("1.2.3^7",)
    query = found(("identifier", f"urn:ietf:rfc:3986|{uuid}")).query
    assert (query.entry_uuid, query.unique_id) == ((uuid,), (uuid,))
    assert found(("identifier", "1.2.3"), ("identifier", "1.2.4")).impossible


def test_an_id_is_a_logical_id() -> None:
    assert found(("_id", "a,b")).query.logical_id == ("urn:uuid:a", "urn:uuid:b")


def test_a_reference_id_is_looked_for_under_every_type() -> None:
    (group,) = found(("related:identifier", "urn:oid:2.999.1.41|A-1")).query.reference_id_list
    assert "A-1^^^&2.999.1.41&ISO^urn:ihe:iti:xds:2013:accession" in group
    assert problems(("related:identifier", "A-1")) == ["related:identifier"]
    assert problems(("related", "Encounter/1")) == ["related"]


def test_all_problems_of_a_search_are_told_at_once() -> None:
    assert problems(
        ("status", "curent"), ("date", "soon"), ("_count", "ten"), ("_sort", "title"),
        ("type:not", "1"),
    ) == ["status", "date", "type:not", "_count", "_sort"]  # fmt: skip


def test_an_unknown_parameter_is_ignored_with_a_warning_unless_the_client_is_strict() -> None:
    search = found(("colour", "blue"))
    assert [(f.location, f.is_error) for f in search.warnings] == [("colour", False)]
    assert problems(("colour", "blue"), strict=True) == ["colour"]


def test_pages_have_a_size_and_an_order() -> None:
    assert found(("_count", "10")).count == 10
    assert found(("_count", "100000"), max_count=500).count == 500
    assert found(("_summary", "count")).count == 0
    assert found().ascending is False
    assert found(("_sort", "date")).ascending is True


def test_a_parameter_with_too_many_values_is_refused() -> None:
    assert problems(("type", ",".join(map(str, range(201))))) == ["type"]


def test_lists_are_asked_by_their_code() -> None:
    search = read_list_search(
        [
            ("code", "folder"),
            ("designationType", "urn:oid:2.999.7|F"),
            ("date", "ge2025"),
            ("patient.identifier", "urn:oid:2.999.1.10|7001"),
        ],
        NAMING,
    )
    assert isinstance(search.query, FindFolders)
    assert search.query.code_list == ((("F", "2.999.7"),),)
    assert search.query.times[0].attribute == "last_update_time"
    sets = read_list_search(
        [
            ("code", "submissionset"),
            ("sourceId", "urn:ietf:rfc:3986|urn:oid:2.999.6.1"),
            ("source.family", "DUR"),
            ("status", "current"),
        ],
        NAMING,
    )
    assert isinstance(sets.query, FindSubmissionSets)
    assert sets.query.source_id == ("2.999.6.1",)
    assert sets.query.author_family == (("DUR",),)
    with pytest.raises(Refused) as refused:
        read_list_search([("patient", "Patient/1")], NAMING)
    assert refused.value.findings[0].code is ErrorCode.REQUIRED_PARAMETER


def test_a_cursor_opens_in_its_own_search_only() -> None:
    scope = found(("type", "1"), ("_count", "5")).scope
    assert scope == found(("type", "1"), ("_cursor", "x")).scope, "the page is not the question"
    cursor = write_cursor(4711, scope, b"secret")
    assert read_cursor(cursor, scope, b"secret") == 4711
    assert "4711" not in cursor
    for text, other, key in (
        (cursor, found(("type", "2")).scope, b"secret"),
        (cursor, scope, b"another"),
        ("A" + cursor[1:] if cursor[0] != "A" else "B" + cursor[1:], scope, b"secret"),
        ("", scope, b"secret"),
        ("é", scope, b"secret"),
    ):
        with pytest.raises(Refused):
            read_cursor(text, other, key)
