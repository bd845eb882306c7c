"""Resources as a community with conventions of its own serves them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from gateway.codecs.fhir.capability import write_capability_statement
from gateway.codecs.fhir.document_patch import read_patched_document
from gateway.codecs.fhir.document_reference import read_document_reference
from gateway.codecs.fhir.fragments import Fragments
from gateway.codecs.fhir.search import read_document_search, read_list_search
from gateway.codecs.fhir.search_statuses import search_rules
from gateway.errors import Refused
from gateway.model.conventions import Conventions, FurtherStatus, StatusRules
from gateway.model.datatypes import Code, DateTime
from gateway.model.document_entry import DocumentEntry
from gateway.model.vocabulary import AvailabilityStatus
from tests.codecs.fhir.fhir_examples import NAMING
from tests.laws.fhir_strategies import document_entries
from tests.model.examples import entry

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED.value, AvailabilityStatus.DEPRECATED.value
SHELVED, GONE = "urn:zz:status:Shelved", "urn:zz:status:Gone"
IS_SHELVED, IS_GONE = "http://zz.example/shelved", "http://zz.example/gone"
LEVELS, MASKS = "2.16.840.1.113883.5.25", "2.999.13"
NORMAL, SECRET, MASK = Code("N", LEVELS), Code("V", LEVELS), Code("M", MASKS)
STATUSES = StatusRules(
    further=(
        FurtherStatus(
            urn=SHELVED,
            extension=IS_SHELVED,
            parameter="shelved",
            definition="http://zz.example/parameter",
            other_codes=("superseded",),
            in_force=True,
        ),
        FurtherStatus(
            urn=GONE,
            extension=IS_GONE,
            parameter="gone",
            code="superseded",
            alone="entered-in-error",
            withdrawn=True,
        ),
    )
)
ZZ = Conventions(
    served_id="entry_uuid",
    identifiers_by="use",
    date="creation_time",
    statuses=STATUSES,
    level_scheme=LEVELS,
    visibility_scheme=MASKS,
    default_level=NORMAL,
    patchable=("status", "securityLabel"),
)
FRAGMENTS = Fragments(NAMING, ZZ)
RULES = search_rules(ZZ)
OLD, NEW = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))


def held(**given: object) -> DocumentEntry:
    values: dict[str, object] = {
        "entry_uuid": NEW,
        "logical_id": OLD,
        "version": "2",
        "availability_status": APPROVED,
    }
    return entry(**(values | given))  # type: ignore[arg-type]


def served(**given: object) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(
        FRAGMENTS.write(held(**given), registration_time="20260101120000")
    )
    return written


def test_the_present_version_gives_the_id_and_the_logical_id_stands_beside_it() -> None:
    resource = served()
    assert resource["id"] == NEW.removeprefix("urn:uuid:")
    assert read_document_reference(resource, NAMING, ZZ) == (held(), ())
    first = served(entry_uuid=OLD, version="1")
    assert not [e for e in first.get("extension", ()) if e["url"].endswith("logical-id")]


def test_ids_are_told_apart_by_use_and_both_ways_are_read() -> None:
    resource = served()
    assert [i["use"] for i in resource["identifier"]] == ["official", "usual"]
    # The type is said as well: MHD has required it since.
    kinds = [i.pop("type")["coding"][0]["code"] for i in resource["identifier"]]
    assert kinds == ["entryUUID", "uniqueId"]
    # Some sources mark the entryUUID as usual; masterIdentifier tells which one it is.
    swapped = {**resource, "identifier": [{**resource["identifier"][0], "use": "usual"}]}
    assert read_document_reference(swapped, NAMING, ZZ)[0].entry_uuid == NEW
    typed = json.loads(Fragments(NAMING).write(held()))
    assert read_document_reference(typed, NAMING, ZZ)[0].unique_id == held().unique_id


MADE = DateTime("202601021504")


def test_the_date_is_when_the_document_was_made() -> None:
    resource = served(creation_time=MADE)
    assert resource["date"] == "2026-01-02T15:04:00Z"
    assert read_document_reference(resource, NAMING, ZZ)[0].creation_time == DateTime(
        "202601021504"
    )
    # attachment.creation counts; where it is missing, date says the same.
    del resource["content"][0]["attachment"]["creation"]
    del resource["content"][0]["attachment"]["_creation"]
    assert read_document_reference(resource, NAMING, ZZ)[0].creation_time == DateTime(
        "202601021504"
    )
    assert read_document_reference(resource, NAMING)[0].creation_time is None
    # The time of registration never passes for it.
    assert "date" not in served(creation_time=None)


@pytest.mark.parametrize(
    ("status", "code", "extension"),
    [
        (APPROVED, "current", None),
        (DEPRECATED, "superseded", None),
        (SHELVED, "current", IS_SHELVED),
        (GONE, "superseded", IS_GONE),
    ],
)
def test_every_status_has_its_form(status: str, code: str, extension: str | None) -> None:
    resource = served(availability_status=status, uri="keeps its own extension")
    assert resource["status"] == code
    said = [e["url"] for e in resource["extension"] if e.get("valueBoolean")]
    assert said == ([extension] if extension else [])
    again, findings = read_document_reference(resource, NAMING, ZZ)
    assert (again.availability_status, findings) == (status, ())


@pytest.mark.parametrize(
    ("code", "shelved", "gone", "status"),
    [
        ("current", False, False, APPROVED),
        ("superseded", False, False, DEPRECATED),
        ("current", True, False, SHELVED),
        ("superseded", True, False, SHELVED),
        ("superseded", False, True, GONE),
        ("superseded", True, True, GONE),
        ("current", False, True, None),
        ("entered-in-error", False, False, None),
        ("entered-in-error", False, True, None),
    ],
)
def test_status_and_extensions_are_read_together(
    code: str, shelved: bool, gone: bool, status: str | None
) -> None:
    said = [
        {"url": IS_SHELVED, "valueBoolean": shelved},
        {"url": IS_GONE, "valueBoolean": gone},
    ]
    resource = {**served(), "status": code, "extension": said}
    read, findings = read_document_reference(resource, NAMING, ZZ)
    if status is None:
        assert "status" in {f.rule for f in findings}
    else:
        assert (read.availability_status, findings) == (status, ())


def test_labels_come_with_a_level_which_stands_last() -> None:
    resource = served(confidentiality_code=(SECRET, MASK))
    assert [c["coding"][0]["code"] for c in resource["securityLabel"]] == ["M", "V"]
    resource["securityLabel"] = resource["securityLabel"][:1]
    read = read_document_reference(resource, NAMING, ZZ)[0]
    assert read.confidentiality_code == (MASK, NORMAL)


@given(document_entries)
def test_any_entry_comes_back_whatever_the_conventions(entry: DocumentEntry) -> None:
    conventions = replace(ZZ, level_scheme="")
    written = json.loads(Fragments(NAMING, conventions).write(entry))
    again, findings = read_document_reference(written, NAMING, conventions)
    assert findings == ()
    assert again == entry


# --- Searches ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ((), {APPROVED, DEPRECATED, SHELVED}),
        ((("status", "current"),), {APPROVED, SHELVED}),
        ((("status", "superseded"),), {DEPRECATED}),
        ((("shelved", "true"),), {SHELVED}),
        ((("shelved", "false"),), {APPROVED, DEPRECATED}),
        ((("shelved", "true,false"),), {APPROVED, DEPRECATED, SHELVED}),
        ((("shelved", "true"), ("status", "superseded")), set()),
        ((("gone", "true"),), set()),
        ((("gone", "false"),), {APPROVED, DEPRECATED, SHELVED}),
    ],
)
def test_searches_ask_for_further_statuses(
    asked: tuple[tuple[str, str], ...], wanted: set[str]
) -> None:
    search = read_document_search([("patient", "1"), *asked], NAMING, rules=RULES, strict=True)
    assert search.impossible is (not wanted)
    if wanted:
        assert set(search.query.status) == wanted


def test_lists_have_no_further_status() -> None:
    asked = [("patient", "1"), ("code", "folder"), ("status", "current")]
    assert read_list_search([*asked, ("shelved", "true")], NAMING, rules=RULES).impossible
    assert not read_list_search([*asked, ("shelved", "false")], NAMING, rules=RULES).impossible


def test_other_communities_do_not_know_the_parameter() -> None:
    with pytest.raises(Refused):
        read_document_search([("patient", "1"), ("shelved", "true")], NAMING, strict=True)
    with pytest.raises(Refused):
        read_document_search([("patient", "1"), ("shelved", "maybe")], NAMING, rules=RULES)


def test_the_capability_statement_names_the_parameters() -> None:
    written = json.loads(
        write_capability_statement(
            base_url="http://b", software="g", version="1", date="2026", conventions=ZZ
        )
    )
    (documents,) = [r for r in written["rest"][0]["resource"] if r["type"] == "DocumentReference"]
    named = {p["name"]: p.get("definition") for p in documents["searchParam"]}
    assert named["shelved"] == "http://zz.example/parameter"
    assert named["gone"] is None
    assert named["status"]
    assert "patch" in {i["code"] for i in documents["interaction"]}


# --- Patched documents -------------------------------------------------------------------------


def changed(**members: object) -> tuple[str, ...]:
    """What a patch that sets members makes of the confidentiality codes."""
    original = served(confidentiality_code=(SECRET,))
    patched = read_patched_document(original, {**original, **members}, NAMING, ZZ)
    return tuple(c.code for c in patched.after.confidentiality_code)


def label(code: Code) -> dict[str, Any]:
    return {"coding": [{"system": NAMING.uri(code.scheme), "code": code.code}]}


def test_a_patch_never_leaves_an_entry_without_its_level() -> None:
    assert changed(securityLabel=[label(MASK)]) == ("M", "V")
    assert changed(securityLabel=[]) == ("V",)
    assert changed(securityLabel=[label(MASK), label(NORMAL)]) == ("M", "N")
    assert changed(securityLabel=[label(NORMAL), label(NORMAL)]) == ("N",)


def test_a_patch_asks_for_a_withdrawal_in_two_ways() -> None:
    original = served()
    alone = {**original, "status": "entered-in-error"}
    read = read_patched_document(original, alone, NAMING, ZZ)
    assert read.after.availability_status == GONE
    assert read.resource["status"] == "entered-in-error"
    said = [{"url": IS_GONE, "valueBoolean": True}]
    both = {**original, "status": "superseded", "extension": [*original["extension"], *said]}
    assert read_patched_document(original, both, NAMING, ZZ).after.availability_status == GONE
    half = {**original, "extension": [*original["extension"], *said]}
    with pytest.raises(Refused):
        read_patched_document(original, half, NAMING, ZZ)


def test_nothing_else_of_a_shelved_document_changes_with_its_code() -> None:
    original = served(availability_status=SHELVED)
    with pytest.raises(Refused):
        read_patched_document(original, {**original, "status": "superseded"}, NAMING, ZZ)


def test_what_has_no_place_in_xds_is_not_dropped_in_silence() -> None:
    original = json.loads(Fragments(NAMING).write(held()))
    plain = Conventions()
    lost = {**original["type"], "coding": [*original["type"]["coding"], {"code": "second"}]}
    with pytest.raises(Refused):
        read_patched_document(original, {**original, "type": lost}, NAMING, plain)
    for member, value in (
        ("docStatus", "final"),
        ("identifier", []),
        ("subject", {"reference": "Patient/2"}),
        ("date", "2020-01-01T00:00:00Z"),
    ):
        with pytest.raises(Refused) as refusal:
            read_patched_document(original, {**original, member: value}, NAMING, plain)
        assert {f.code.http_status for f in refusal.value.findings} == {405}
