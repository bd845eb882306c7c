"""MHD searches as the queries they become, and everything a search can get wrong."""

from __future__ import annotations

import pytest

from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.search import SearchRules, read_document_search, read_list_search
from gateway.errors import Refused
from gateway.model.datatypes import (
    Author,
    DateTime,
    Identifier,
    Organization,
    Person,
    ReferenceId,
)
from gateway.model.vocabulary import AvailabilityStatus, DocumentEntryType
from gateway.transactions.conditions import (
    HasCode,
    HasText,
    Inclusion,
    Is,
    Newest,
    Order,
    TimeBound,
)
from gateway.transactions.registry_stored_query import FindFolders, FindSubmissionSets
from tests.codecs.fhir.fhir_examples import CONFIDENTIALITY, LOINC, NAMING
from tests.model import examples
from tests.storage.memory import Kept, MemoryRegistry
from tests.storage.shelf import PickledFragments, SteppingClock

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
    assert found(("type", "http://loinc.org|")).query.also == (HasCode("type_code", None, LOINC),)
    assert problems(("type", "|")) == ["type"]


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


FINDER = MemoryRegistry(PickledFragments(), SteppingClock())


def matches(entry: object, *pairs: tuple[str, str]) -> bool:
    """Whether the conditions a search is read into hold for an entry."""
    kept = Kept(1, entry, "20250601120000", "20250602120000")
    query = found(*pairs).query
    return all(FINDER.holds(condition, kept) for condition in query.also)


@pytest.mark.parametrize(
    ("created", "value", "expected"),
    [
        ("20250114093000", "2025", True),
        ("20240229235959", "eq2024-02", True),
        ("20250114", "2025-01-14", True),
        ("20250114", "2025-01-14T09:30", False),
        ("2025", "2025-01-14", False),
        ("20250114093059", "2025-01-14T09:30", True),
        ("20250114083000", "2025-01-14T09:30:00+01:00", True),
        ("20250114083000", "2025-01-14T09:30:00 01:00", True),
        ("20250114", "ge2025-01-14", True),
        ("2025", "ge2025-07", True),
        ("20250113235959", "ge2025-01-14", False),
        ("20250114235959", "gt2025-01-14", False),
        ("20250115", "gt2025-01-14", True),
        ("2025", "gt2025-01-14", True),
        ("2025", "sa2025-01-14", False),
        ("20250115", "sa2025-01-14", True),
        ("20250113", "lt2025-01-14", True),
        ("20250114", "lt2025-01-14", False),
        ("2025", "lt2025-01-14", True),
        ("2025", "eb2025-07", False),
        ("2024", "eb2025", True),
        ("20250114235959", "le2025-01-14", True),
        ("20250115", "le2025-01-14", False),
        ("20250114", "ne2025-01-14", False),
        ("202501", "ne2025-01-14", True),
        ("20260114", "2024,2026", True),
        ("20250114", "2024,2026", False),
        ("20250114", "lt2024,ge2025-01-14", True),
    ],
)
def test_dates_are_compared_as_the_ranges_they_cover(
    created: str, value: str, expected: bool
) -> None:
    entry = examples.entry(creation_time=DateTime(created))
    assert matches(entry, ("creation", value)) is expected


def test_a_document_without_the_time_matches_no_date_but_is_missing_it() -> None:
    entry = examples.entry(creation_time=None)
    for value in ("2025", "ne2025", "ge2025", "lt2025"):
        assert not matches(entry, ("creation", value))
    assert matches(entry, ("creation:missing", "true"))
    assert not matches(entry, ("creation:missing", "false"))


@pytest.mark.parametrize(
    "value", ["2025-13", "2025-01-32", "soon", "2025-01-14T25:00", "", "ge", "2025,soon"]
)
def test_a_date_that_is_none_is_refused_by_name(value: str) -> None:
    assert problems(("date", value)) == ["date"]


def test_an_approximate_date_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(Refused) as refused:
        found(("creation", "ap2025"))
    assert "ge and le" in refused.value.findings[0].message


def test_dates_of_the_reference_ask_when_it_was_registered_and_changed() -> None:
    query = found(("date", "ge2025"), ("_lastUpdated", "lt2026")).query
    assert [b.attribute for b in query.also] == ["registration_time", "last_updated"]  # type: ignore[union-attr]
    elsewhere = SearchRules(document_date="creation_time")
    (bound,) = found(("date", "ge2025"), rules=elsewhere).query.also
    assert bound.attribute == "creation_time"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "stop", "value", "expected"),
    [
        ("20250110", "20250120", "2025-01", True),
        ("20250110", "20250120", "2025-01-14", False),
        ("20250110", "20250120", "ge2025-01-20", True),
        ("20250110", "20250120", "gt2025-01-20", False),
        ("20250110", "20250120", "le2025-01-10", True),
        ("20250110", "20250120", "lt2025-01-10", False),
        ("20250110", "20250120", "sa2025-01-09", True),
        ("20250110", "20250120", "eb2025-01-21", True),
        ("20250110", "20250120", "eb2025-01-20", False),
        ("20250110", None, "gt2030", True),
        ("20250110", None, "2025", False),
        (None, "20250120", "lt2000", True),
        (None, "20250120", "sa2000", False),
        (None, None, "ge2000", False),
        (None, None, "ne2000", False),
    ],
)
def test_a_period_is_compared_by_the_end_that_matters(
    start: str | None, stop: str | None, value: str, expected: bool
) -> None:
    entry = examples.entry(
        service_start_time=DateTime(start) if start else None,
        service_stop_time=DateTime(stop) if stop else None,
    )
    assert matches(entry, ("period", value)) is expected


def test_an_end_of_a_period_can_be_asked_for_by_itself() -> None:
    entry = examples.entry(service_start_time=DateTime("2025"), service_stop_time=None)
    assert matches(entry, ("period-start", "2025"))
    assert not matches(entry, ("period-end", "ge2025"))


UUID = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001"


@pytest.mark.parametrize(
    ("unique_id", "value", "expected"),
    [
        ("1.2.3", "urn:ietf:rfc:3986|urn:oid:1.2.3", True),
        ("1.2.3", "urn:oid:1.2.3", True),
        ("1.2.3", "urn:oid:1.2.30", False),
        ("1.2.3^7", "urn:oid:1.2.3|7", True),
        ("1.2.3^7", "urn:oid:1.2.3|", True),
        ("1.2.3^7", "7", True),
        ("1.2.3^17", "7", False),
        (UUID, f"urn:ietf:rfc:3986|{UUID}", True),
        ("1.2.3", "urn:ietf:rfc:3986|", True),
        ("1.2.3", "urn:oid:1.2.4,urn:oid:1.2.3", True),
    ],
)
def test_an_identifier_may_be_written_in_every_form_of_a_token(
    unique_id: str, value: str, expected: bool
) -> None:
    entry = examples.entry(unique_id=unique_id)
    assert matches(entry, ("identifier", value)) is expected
    assert matches(entry, ("identifier:not", value)) is not expected


def test_an_identifier_may_be_the_entry_uuid_and_its_type_may_be_said() -> None:
    entry = examples.entry(UUID, "1.2.3")
    typed = "https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType"
    assert matches(entry, ("identifier", UUID))
    assert matches(entry, ("identifier:of-type", f"{typed}|entryUUID|{UUID}"))
    assert not matches(entry, ("identifier:of-type", f"{typed}|uniqueId|{UUID}"))
    assert matches(entry, ("identifier:of-type", f"{typed}|uniqueId|urn:oid:1.2.3"))
    assert not matches(entry, ("identifier:of-type", "http://other|uniqueId|urn:oid:1.2.3"))
    assert problems(("identifier:of-type", "uniqueId|1.2.3")) == ["identifier:of-type"]


def test_an_id_is_a_logical_id_or_that_of_a_version() -> None:
    entry = examples.entry("urn:uuid:b", logical_id="urn:uuid:a")
    for value, expected in (("a", True), ("b", True), ("A", True), ("x,b", True), ("c", False)):
        assert matches(entry, ("_id", value)) is expected


def test_a_reference_id_is_found_by_value_system_and_type() -> None:
    accession = "urn:ihe:iti:xds:2013:accession"
    entry = examples.entry(reference_id_list=(ReferenceId.of("A-1", "2.999.1.41", accession),))
    for name in ("related:identifier", "related.identifier"):
        assert matches(entry, (name, "urn:oid:2.999.1.41|A-1"))
        assert matches(entry, (name, "A-1"))
        assert matches(entry, (name, "urn:oid:2.999.1.41|"))
        assert not matches(entry, (name, "|A-1"))
    typed = "related.identifier:of-type"
    assert matches(entry, (typed, f"urn:ietf:rfc:3986|{accession}|A-1"))
    assert not matches(entry, (typed, "urn:ietf:rfc:3986|urn:ihe:iti:xds:2013:order|A-1"))
    assert not matches(entry, ("encounter:identifier", "A-1"))
    study = examples.entry(
        reference_id_list=(
            ReferenceId.of("1.2.840.1", "", "urn:ihe:iti:xds:2016:studyInstanceUID"),
        )
    )
    assert matches(study, ("related", "urn:oid:1.2.840.1"))


def test_a_reference_no_document_can_hold_finds_nothing_and_says_why() -> None:
    for name in ("related", "author", "custodian", "encounter"):
        search = found((name, "Encounter/1"))
        assert not matches(examples.entry(), (name, "Encounter/1"))
        assert [f.location for f in search.warnings] == [name]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("author.family", "müll", True),
        ("author.family", "MULLER", True),
        ("author.family", "ller", False),
        ("author.family:contains", "ÜLL", True),
        ("author.family:exact", "Müller", True),
        ("author.family:exact", "müller", False),
        ("author.family:exact", "Mü", False),
        ("author.given", "anne", True),
        ("author.given:exact", "Anne", True),
        ("author.given", "zoe,marie", True),
        ("author:Practitioner.family", "muller", True),
        ("author:PractitionerRole.practitioner.family", "muller", True),
        ("author:PractitionerRole.practitioner:Practitioner.given:exact", "Marie", True),
        ("author.name", "hopital", True),
        ("author:Organization.name:contains", "central", True),
        ("author:Practitioner.name", "hopital", False),
        ("author.identifier", "urn:oid:2.999.1.30|80", True),
        ("author:identifier", "80", True),
        ("author:Practitioner.identifier", "990", False),
        ("author:Organization.identifier", "urn:oid:2.999.1.31|990", True),
        ("author.identifier", "urn:oid:2.999.1.31|80", False),
        ("author.identifier:not", "urn:oid:2.999.1.31|80", True),
        ("author:missing", "false", True),
    ],
)
def test_authors_are_found_by_names_and_identifiers_through_any_chain(
    name: str, value: str, expected: bool
) -> None:
    author = Author(
        person=Person.of("80", "Müller", "Anne", middle="Marie", authority="2.999.1.30"),
        institution=(Organization.of("Hôpital Central", "990", "2.999.1.31"),),
    )
    assert matches(examples.entry(author=(author,)), (name, value)) is expected


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("type:not", "http://loinc.org|11488-4")], False),
        ([("type:not", "1,2")], True),
        ([("type:not", "1,11488-4")], False),
        ([("type", "http://loinc.org|")], True),
        ([("type", "urn:oid:2.999|")], False),
        ([("event:missing", "true")], True),
        ([("event:not", "X")], True),
        ([("security-label:not", "R")], True),
        ([("security-label", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality|,X")], True),
        ([("contenttype", "text/plain"), ("language", "en-GB,fr")], True),
        ([("language:not", "en-GB")], False),
    ],
)
def test_codes_are_found_by_system_negated_and_missing(
    pairs: list[tuple[str, str]], expected: bool
) -> None:
    assert matches(examples.entry(), *pairs) is expected


def test_a_modifier_nobody_understands_is_refused_with_those_that_are() -> None:
    with pytest.raises(Refused) as refused:
        found(("type:below", "1"), ("creation:exact", "2025"), ("_id:not", "x"))
    told = {f.location: f.message for f in refused.value.findings}
    assert told.keys() == {"type:below", "creation:exact", "_id:not"}
    assert ":missing, :not" in told["type:below"]


def test_a_status_may_be_excluded_and_a_community_may_know_more_of_them() -> None:
    assert found(("status:not", "superseded")).query.status == (AvailabilityStatus.APPROVED,)
    assert found(("status", "entered-in-error")).impossible
    archived = "urn:example:Archived"
    rules = SearchRules(
        document_statuses={
            AvailabilityStatus.APPROVED: {"status": ("current",), "put-away": ("false",)},
            archived: {"status": ("current", "superseded"), "put-away": ("true",)},
        }
    )
    assert found(("put-away", "true"), rules=rules).query.status == (archived,)
    assert set(found(rules=rules).query.status) == {AvailabilityStatus.APPROVED, archived}
    both = found(("status", "superseded"), ("put-away", "false"), rules=rules)
    assert both.impossible
    assert found(("put-away", "true")).warnings, "without the community's table nobody knows it"


def test_all_problems_of_a_search_are_told_at_once() -> None:
    assert problems(
        ("status", "curent"), ("date", "soon"), ("_count", "ten"), ("_sort", "title"),
        ("type:in", "1"), ("_summary", "most"), ("_total", "all"),
    ) == [
        "date", "type:in", "status", "_summary", "_sort", "_total", "_count",
    ]  # fmt: skip


def test_an_unknown_parameter_is_ignored_with_a_warning_unless_the_client_is_strict() -> None:
    search = found(("colour", "blue"))
    assert [(f.location, f.is_error) for f in search.warnings] == [("colour", False)]
    assert problems(("colour", "blue"), strict=True) == ["colour"]


def test_pages_have_a_size_and_an_order() -> None:
    assert found(("_count", "10")).control.count == 10
    assert found(("_count", "100000"), max_count=500).control.count == 500
    assert found(("_summary", "count")).control.count == 0
    assert found().control.ascending is False
    by_date = found(("_sort", "date")).control
    assert (by_date.order, by_date.ascending) == ((), True), "the order they came in is kept"
    several = found(("_sort", "type,-creation")).control
    assert several.order == (Order("type_code"), Order("creation_time", False))
    assert several.ascending is False
    assert found(("_sort", "-type"), ("_sort", "date")).control.order == (
        Order("type_code", False),
    )
    with pytest.raises(Refused) as refused:
        found(("_sort", "author"))
    assert "creation" in refused.value.findings[0].message


def test_what_can_be_included_is_understood_and_the_rest_ignored_with_a_warning() -> None:
    search = found(
        ("_include", "DocumentReference:subject:Patient"),
        ("_revinclude", "List:item"),
        ("_include", "DocumentReference:author"),
    )
    assert search.control.includes == {Inclusion.PATIENT, Inclusion.HOLDERS}
    assert [f.location for f in search.warnings] == ["_include"]
    assert found(("_include", "*")).control.includes == {Inclusion.PATIENT, Inclusion.RELATED}
    assert problems(("_include:iterate", "List:item")) == ["_include:iterate"]
    assert problems(("_summary", "text"), ("_include", "*")) == ["_summary"]
    assert problems(("_include", "DocumentReference:author"), strict=True) == ["_include"]


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
    bound = search.query.also[-1]
    assert isinstance(bound, TimeBound) and bound.attribute == "last_update_time"
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
    assert sets.query.also == (
        Is("source_id", ("2.999.6.1",)),
        HasText("author_family", "DUR"),
    )


def test_without_their_code_both_kinds_of_lists_are_meant() -> None:
    kinds = [type(q) for q in read_list_search([("title", "x")], NAMING).queries]
    assert kinds == [FindSubmissionSets, FindFolders]
    from_one = read_list_search([("sourceId", "urn:oid:2.999.6.1")], NAMING)
    assert [type(q) for q in from_one.queries] == [FindSubmissionSets]
    assert not from_one.warnings
    assert read_list_search([("code", "other")], NAMING).impossible


def test_a_folder_ignores_in_silence_what_only_submission_sets_have() -> None:
    search = read_list_search([("code", "folder"), ("source.family", "DUR")], NAMING)
    assert isinstance(search.query, FindFolders)
    assert search.query.also == (Newest(),)
    assert not search.warnings


def test_a_community_of_other_gateways_is_ignored_with_a_warning() -> None:
    search = found(("targetCommunityIdList", "urn:oid:2.999.1"))
    assert [f.location for f in search.warnings] == ["targetCommunityIdList"]


def test_a_cursor_opens_in_its_own_search_only() -> None:
    scope = found(("type", "1"), ("_count", "5")).scope
    assert scope == found(("type", "1"), ("_cursor", "x")).scope, "the page is not the question"
    cursor = write_cursor((4711, "20250114", "é"), scope, b"secret")
    assert read_cursor(cursor, scope, b"secret") == (4711, "20250114", "é")
    far = (1, "x" * 200)
    assert read_cursor(write_cursor(far, scope, b"secret"), scope, b"secret") == far
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
