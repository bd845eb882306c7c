"""What a stored query may say, and what it is told when it says something else."""

from __future__ import annotations

import time
from dataclasses import replace
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.ebrim.names import QUERY, RIM, QueryId
from gateway.codecs.ebrim.query import read_query, write_query
from gateway.codecs.ebrim.query_grammar import NotInGrammar, read_list, read_text, write_text
from gateway.codecs.xml import read_xml
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import AvailabilityStatus, DocumentEntryType
from gateway.transactions import registry_stored_query as sq
from gateway.transactions.conditions import Has
from tests.codecs.ebrim import examples
from tests.laws.model_strategies import xml_characters

APPROVED = str(AvailabilityStatus.APPROVED)
PATIENT = ("$XDSDocumentEntryPatientId", "'7001^^^&2.999.1&ISO'")
STATUS = ("$XDSDocumentEntryStatus", f"('{APPROVED}')")

Slots = tuple[str, ...]


def request(query_id: str, *slots: Slots, frame: str = "LeafClass", home: str = "") -> bytes:
    """Give an AdhocQueryRequest; a slot is its name and its values."""
    listed = "".join(
        f'<rim:Slot name="{name}"><rim:ValueList>'
        + "".join(f"<rim:Value>{escape(value)}</rim:Value>" for value in values)
        + "</rim:ValueList></rim:Slot>"
        for name, *values in slots
    )
    return (
        f'<q:AdhocQueryRequest xmlns:q="{QUERY}" xmlns:rim="{RIM}">'
        f'<q:ResponseOption returnType="{frame}"/><rim:AdhocQuery id="{query_id}"{home}>'
        f"{listed}</rim:AdhocQuery></q:AdhocQueryRequest>"
    ).encode()


def ask(query_id: str, *slots: Slots, frame: str = "LeafClass") -> sq.RegistryStoredQuery:
    """Read a query."""
    return read_query(read_xml(request(query_id, *slots, frame=frame)))


def find(*slots: Slots) -> sq.FindDocuments:
    """Read a FindDocuments query with what it must have."""
    query = ask(QueryId.FIND_DOCUMENTS, PATIENT, STATUS, *slots).query
    assert isinstance(query, sq.FindDocuments)
    return query


def refused(query_id: str, *slots: Slots, frame: str = "LeafClass") -> tuple[Finding, ...]:
    """Give what a query is refused with."""
    with pytest.raises(Refused) as error:
        ask(query_id, *slots, frame=frame)
    return error.value.findings


def refused_find(*slots: Slots) -> Finding:
    """Give the one thing a FindDocuments query is refused with."""
    (finding,) = refused(QueryId.FIND_DOCUMENTS, PATIENT, STATUS, *slots)
    return finding


def test_values_in_one_value_or_in_several_are_alternatives() -> None:
    codes = (("a", "1.2"), ("b", "1.2"))
    assert find(("$XDSDocumentEntryClassCode", "('a^^1.2','b^^1.2')")).class_code == codes
    assert find(("$XDSDocumentEntryClassCode", "('a^^1.2')", "('b^^1.2')")).class_code == codes
    assert find(("$XDSDocumentEntryClassCode", " ( 'a^^1.2' ,\n'b^^1.2' ) ")).class_code == codes


def test_a_repeated_slot_asks_for_both() -> None:
    slots = [("$XDSDocumentEntryEventCodeList", f"('{code}^^1.2')") for code in "ab"]
    assert find(*slots).event_code_list == ((("a", "1.2"),), (("b", "1.2"),))


@pytest.mark.parametrize("name", ["ClassCode", "TypeCode", "FormatCode", "AuthorPerson", "Type"])
def test_a_single_valued_attribute_cannot_have_both(name: str) -> None:
    slot = (f"$XDSDocumentEntry{name}", "('a^^1.2')")
    finding = refused_find(slot, slot)
    assert finding.code is ErrorCode.STORED_QUERY_PARAM_NUMBER
    assert finding.location == f"$XDSDocumentEntry{name}"


def test_a_doubled_quote_is_a_quote() -> None:
    assert find(("$XDSDocumentEntryAuthorPerson", "('%O''Hara%')")).author_person == ("%O'Hara%",)


@pytest.mark.parametrize(
    "value",
    [
        "'a^^1.2'",
        "a^^1.2",
        "()",
        "(a^^1.2)",
        "('a^^1.2'",
        "'a^^1.2')",
        "('a^^1.2',)",
        "(,'a^^1.2')",
        "('a^^1.2' 'b^^1.2')",
        "('a^^1.2'),('b^^1.2')",
        "(('a^^1.2'))",
        "('a'^^1.2')",
        "('a^^1.2') OR 1=1",
        "('a^^1.2'); DROP TABLE entry; --",
        "('a^^1.2' UNION SELECT 1)",
        '("a^^1.2")',
        "",
    ],
)
def test_a_list_is_written_in_parentheses_and_quotes_or_refused(value: str) -> None:
    finding = refused_find(("$XDSDocumentEntryClassCode", value))
    assert finding.code is ErrorCode.REGISTRY_ERROR
    assert finding.location == "$XDSDocumentEntryClassCode"


@pytest.mark.parametrize("code", ["a", "a^^", "^^1.2", "a^1.2", "a^^1.2^", "", "a^b^c^d"])
def test_a_code_without_its_scheme_is_refused(code: str) -> None:
    assert refused_find(("$XDSDocumentEntryClassCode", f"('{code}')")).rule == "parameter-code"


def test_words_of_sql_inside_quotes_are_text() -> None:
    hostile = "x'); DROP TABLE entry; --"
    found = find(("$XDSDocumentEntryAuthorPerson", f"({write_text(hostile)})"))
    assert found.author_person == (hostile,)


@pytest.mark.parametrize("value", ["P-1", "('P-1')", "'P-1", "'P-1' OR ''=''", "''P-1''"])
def test_a_single_text_is_written_in_quotes_or_refused(value: str) -> None:
    (finding,) = refused(QueryId.FIND_DOCUMENTS, (PATIENT[0], value), STATUS)
    assert finding.code is ErrorCode.REGISTRY_ERROR
    assert finding.location == PATIENT[0]


@pytest.mark.parametrize("values", [("'a'", "'b'"), ("('a','b')",)])
def test_several_values_where_one_is_due_are_a_matter_of_number(values: tuple[str, ...]) -> None:
    (finding,) = refused(QueryId.FIND_DOCUMENTS, (PATIENT[0], *values), STATUS)
    assert finding.code is ErrorCode.STORED_QUERY_PARAM_NUMBER


def test_everything_missing_is_told_at_once() -> None:
    findings = refused(QueryId.FIND_DOCUMENTS)
    assert {f.code for f in findings} == {ErrorCode.STORED_QUERY_MISSING_PARAM}
    assert [f.location for f in findings] == [PATIENT[0], STATUS[0]]
    assert len(refused(QueryId.GET_ALL)) == 4
    assert len(refused(QueryId.FIND_DOCUMENTS_BY_REFERENCE_ID, PATIENT, STATUS)) == 1
    assert (
        refused(QueryId.FIND_DOCUMENTS, (PATIENT[0], "''"), STATUS)[0].rule == "parameter-missing"
    )


def test_an_unknown_status_is_left_out_and_then_one_is_missing() -> None:
    known = ask(QueryId.FIND_DOCUMENTS, PATIENT, (STATUS[0], f"('urn:x','{APPROVED}')")).query
    assert isinstance(known, sq.FindDocuments)
    assert known.status == (APPROVED,)
    (finding,) = refused(QueryId.FIND_DOCUMENTS, PATIENT, (STATUS[0], "('urn:x')"))
    assert finding.code is ErrorCode.STORED_QUERY_MISSING_PARAM


def test_times_are_bounds_by_the_first_second_they_cover() -> None:
    found = find(
        ("$XDSDocumentEntryCreationTimeFrom", "2024"),
        ("$XDSDocumentEntryCreationTimeTo", "202502"),
        ("$XDSDocumentEntryServiceStartTimeFrom", "'20240229'"),
        ("$XDSDocumentEntryServiceStopTimeTo", "20240229103000"),
    )
    assert found.times == (
        sq.TimeBound(attribute="creation_time", low="20240101000000", high="20250201000000"),
        sq.TimeBound(attribute="service_start_time", low="20240229000000", missing_matches=True),
        sq.TimeBound(attribute="service_stop_time", high="20240229103000", missing_matches=True),
    )


@pytest.mark.parametrize(
    "value", ["now", "2024-01-01", "20241301", "('2024')", "20240101000000Z", "٢٠٢٤"]
)
def test_what_is_no_time_is_refused(value: str) -> None:
    finding = refused_find(("$XDSDocumentEntryCreationTimeFrom", value))
    assert finding.code is ErrorCode.REGISTRY_ERROR


def test_only_stable_documents_are_found_unless_said_otherwise() -> None:
    both = tuple(map(str, DocumentEntryType))
    assert find().object_type == (DocumentEntryType.STABLE,)
    assert find(("$XDSDocumentEntryType", f"('{both[0]}','{both[1]}')")).object_type == both


def test_the_metadata_level_is_one_or_two_without_quotes() -> None:
    assert find(("$MetadataLevel", "2")).metadata_level == 2
    assert find().metadata_level == 1
    for value in ("3", "'2'", "two", "0", "-1"):
        assert refused_find(("$MetadataLevel", value)).location == "$MetadataLevel"


def test_exactly_one_kind_of_id_is_given() -> None:
    by_uuid = ("$XDSDocumentEntryEntryUUID", "('urn:uuid:a')")
    by_unique_id = ("$XDSDocumentEntryUniqueId", "('1.2')")
    by_logical_id = ("$XDSDocumentEntryLogicalID", "('urn:uuid:a')")
    level = ("$MetadataLevel", "2")
    assert ask(QueryId.GET_DOCUMENTS, by_uuid).query == sq.GetDocuments(entry_uuid=("urn:uuid:a",))
    assert ask(QueryId.GET_DOCUMENTS, by_logical_id, level).query == sq.GetDocuments(
        logical_id=("urn:uuid:a",), metadata_level=2
    )
    codes = {
        (): ErrorCode.STORED_QUERY_MISSING_PARAM,
        (by_uuid, by_unique_id): ErrorCode.STORED_QUERY_PARAM_NUMBER,
        (by_logical_id,): ErrorCode.REGISTRY_ERROR,
    }
    for slots, code in codes.items():
        (finding,) = refused(QueryId.GET_DOCUMENTS, *slots)
        assert finding.code is code


def test_a_parameter_the_query_does_not_know_is_left_aside() -> None:
    assert find(("$XDSDocumentEntryPracticeSettingCodeScheme", "('x')"), ("$foo", "x y")) == find()


def test_an_unknown_query_is_named() -> None:
    (finding,) = refused("urn:uuid:00000000-0000-0000-0000-000000000000")
    assert finding.code is ErrorCode.UNKNOWN_STORED_QUERY


@pytest.mark.parametrize(
    "frame", ["RegistryObject", "", "LeafClassWithRepositoryItem", "leafclass"]
)
def test_another_return_type_is_refused(frame: str) -> None:
    (finding,) = refused(QueryId.FIND_DOCUMENTS, PATIENT, STATUS, frame=frame)
    assert finding.rule == "return-type"
    assert finding.code is ErrorCode.REGISTRY_ERROR


def test_a_frame_that_is_no_stored_query_is_refused() -> None:
    start = f'<q:AdhocQueryRequest xmlns:q="{QUERY}" xmlns:rim="{RIM}">'
    option = '<q:ResponseOption returnType="LeafClass"/>'
    slot = "<rim:ValueList><rim:Value>('1')</rim:Value></rim:ValueList>"
    query = (
        f'<rim:AdhocQuery id="{QueryId.GET_DOCUMENTS}">'
        f'<rim:Slot name="$XDSDocumentEntryUniqueId">{slot}</rim:Slot>{{}}</rim:AdhocQuery>'
    )
    for inside, rule in (
        (option, "adhoc-query"),
        (query.format(""), "response-option"),
        (option + query.format("") + query.format(""), "adhoc-query"),
        (option + query.format("<rim:QueryExpression/>"), "unexpected-element"),
        (option + query.format("") + "<q:Odd/>", "unexpected-element"),
    ):
        with pytest.raises(Refused) as error:
            read_query(read_xml(f"{start}{inside}</q:AdhocQueryRequest>".encode()))
        (finding,) = error.value.findings
        assert finding.rule == rule
        assert finding.code is ErrorCode.REGISTRY_ERROR


def test_the_home_community_stands_on_the_query() -> None:
    octets = request(QueryId.FIND_DOCUMENTS, PATIENT, STATUS, home=' home="urn:oid:1.2"')
    assert read_query(read_xml(octets)).home_community_id == "urn:oid:1.2"


def test_more_values_than_anybody_needs_are_refused() -> None:
    many = ",".join(f"'{n}^^1.2'" for n in range(201))
    finding = refused_find(("$XDSDocumentEntryClassCode", f"({many})"))
    assert finding.code is ErrorCode.STORED_QUERY_PARAM_NUMBER


@pytest.mark.parametrize(
    "value",
    [
        "('" + "a" * 8_000_000 + "^^1.2')",
        "(" * 8_000_000,
        "'" * 7_999_999,
        "('" + "''" * 30_000,
        "(" + "'a^^1.2'," * 7_000,
        "(" + " " * 60_000,
        "('a^^1.2'" + " " * 60_000 + ",",
    ],
    ids=["long", "parentheses", "quotes", "unclosed", "comma", "blanks", "trailing"],
)
def test_a_hostile_value_is_refused_soon(value: str) -> None:
    element = read_xml(
        request(QueryId.FIND_DOCUMENTS, PATIENT, STATUS, ("$XDSDocumentEntryClassCode", value))
    )
    start = time.thread_time()
    with pytest.raises(Refused) as error:
        read_query(element)
    assert time.thread_time() - start < 1
    # What was sent is not sent back.
    assert all(len(finding.message) < 300 for finding in error.value.findings)


def test_a_query_with_many_slots_is_read_soon() -> None:
    slots = [("$XDSDocumentEntryEventCodeList", "('a^^1')")] * 20_000
    start = time.thread_time()
    refused_find(*slots)
    refused_find(*[(f"$n{n}", "x") for n in range(20_000)], ("$MetadataLevel", "x"))
    assert time.thread_time() - start < 5


@given(st.lists(st.text(xml_characters), min_size=1, max_size=4))
def test_any_list_of_texts_is_read_as_it_was_written(texts: list[str]) -> None:
    assert read_list(f"({', '.join(map(write_text, texts))})") == tuple(texts)


@given(st.text(st.sampled_from("'(), ab"), max_size=12))
def test_what_is_read_as_text_is_nothing_but_that_text(value: str) -> None:
    for read in (read_text, read_list):
        try:
            found = read(value)
        except NotInGrammar:
            continue
        texts = [found] if isinstance(found, str) else found
        bare = [c for c in value if c not in " "]
        assert "".join(bare).count("'") == sum(2 * t.count("'") + 2 for t in texts)


def test_what_only_a_fhir_search_can_ask_is_refused_by_name() -> None:
    whole = examples.QUERIES[QueryId.FIND_DOCUMENTS]
    find_documents = whole.query
    assert isinstance(find_documents, sq.FindDocuments)
    for change in (
        {"class_code": (("a", None),)},
        {"class_code": (("a^b", "1.2"),)},
        {"entry_uuid": ("urn:uuid:a",)},
        {"also": (Has("type_code"),)},
        {"reference_id_list": (("a",),)},
        {"patient_id": None},
        {"times": (sq.TimeBound(attribute="registration_time", low="20240101000000"),)},
    ):
        with pytest.raises(Refused):
            write_query(replace(whole, query=replace(find_documents, **change)))


def test_a_query_under_the_id_of_another_is_a_mistake_of_ours() -> None:
    whole = examples.QUERIES[QueryId.FIND_DOCUMENTS]
    for query_id in (QueryId.GET_ALL, "urn:uuid:x"):
        with pytest.raises(ValueError, match="is not a FindDocuments"):
            write_query(replace(whole, query_id=str(query_id)))


def test_patient_id_of_get_all_is_a_parameter_of_its_own() -> None:
    names = ("$XDSDocumentEntryStatus", "$XDSSubmissionSetStatus", "$XDSFolderStatus")
    slots = [(name, f"('{APPROVED}')") for name in names]
    query = ask(QueryId.GET_ALL, ("$patientId", "'P^^^&1.2&ISO'"), *slots).query
    assert isinstance(query, sq.GetAll)
    assert query.patient_id == Identifier("P^^^&1.2&ISO")
