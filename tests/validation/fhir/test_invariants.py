"""Constraints by examples: the natives no library answers for, and what cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.validation.fhir.invariants import Check, Focus, compiled, natives
from gateway.validation.fhir.times import compare_times


def native(key: str) -> Check:
    expressions = [expression for known, expression in natives() if known == key]
    return compiled(key, expressions[0])


def holds(key: str, value: Any, type_code: str = "Basic", **more: Any) -> bool | None:
    resource = more.get("resource") or (value if "resourceType" in value else {})
    return native(key)(Focus(value, type_code, resource, more.get("root")))


def _containing(reference: dict[str, Any], inside: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Basic", **reference, "contained": [inside]}


def test_a_contained_resource_is_referred_to_or_refers_to_its_container() -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    assert holds("dom-3", _containing({"subject": {"reference": "#p"}}, patient)) is True
    assert holds("dom-3", _containing({"subject": {"reference": "#q"}}, patient)) is False
    assert holds("dom-3", _containing({}, patient)) is False
    backwards = {**patient, "managingOrganization": {"reference": "#"}}
    assert holds("dom-3", _containing({}, backwards)) is True


def test_an_image_of_a_narrative_refers_to_a_contained_resource() -> None:
    picture = {"resourceType": "Binary", "id": "pic"}
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><img src="#pic"/></div>'
    section = {"section": [{"text": {"status": "additional", "div": div}}]}
    composition = {**_containing(section, picture), "resourceType": "Composition"}
    assert holds("dom-3", composition) is True
    assert holds("dom-3", {**composition, "section": []}) is False


def test_a_canonical_or_uri_refers_to_a_contained_resource_and_a_string_does_not() -> None:
    plan = {"resourceType": "PlanDefinition", "contained": [{"resourceType": "Library", "id": "l"}]}
    assert holds("dom-3", {**plan, "library": ["#l"]}) is True
    assert holds("dom-3", {**plan, "title": "#l"}) is False


def test_a_narrative_is_told_for_its_markup_and_for_saying_nothing() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
    for text, markup, says in (
        ("good", True, True),
        ("<script>x</script>", False, True),
        ("  <br/> ", True, False),
    ):
        focus = Focus(div.format(text), "xhtml", {})
        assert (native("txt-1")(focus), native("txt-2")(focus)) == (markup, says)


def test_an_element_has_a_value_or_children() -> None:
    check = native("ele-1")
    assert check(Focus({"id": "a"}, "Period", {})) is False
    assert check(Focus({"start": "2024"}, "Period", {})) is True


def test_a_range_in_different_units_is_not_guessed_at() -> None:
    low = {"value": 5, "code": "mg", "system": "http://unitsofmeasure.org"}
    assert holds("rng-2", {"low": low, "high": {**low, "value": 9}}) is True
    assert holds("rng-2", {"low": low, "high": {**low, "value": 1}}) is False
    focus = Focus({"low": low, "high": {**low, "code": "g"}}, "Range", {})
    check = native("rng-2")
    assert check(focus) is None
    assert check.reason


def test_two_entries_have_one_url_only_in_two_versions() -> None:
    entry = {"fullUrl": "http://a/Basic/1", "resource": {"meta": {"versionId": "1"}}}
    other = {**entry, "resource": {"meta": {"versionId": "2"}}}
    assert holds("bdl-7", {"type": "collection", "entry": [entry, other]}) is True
    assert holds("bdl-7", {"type": "collection", "entry": [entry, entry]}) is False
    assert holds("bdl-7", {"type": "history", "entry": [entry, entry]}) is True


def test_documents_of_a_capability_differ_in_profile_or_mode() -> None:
    document = {"profile": "http://a", "mode": "producer"}
    assert holds("cpb-7", {"document": [document, {**document, "mode": "consumer"}]}) is True
    assert holds("cpb-7", {"document": [document, document]}) is False


def test_what_cannot_be_evaluated_has_a_reason_and_no_answer() -> None:
    check = compiled("zz-1", "start.noSuchFunction()")
    assert check(Focus({"start": "2024"}, "Period", {})) is None
    assert check.reason
    assert native("per-1")(Focus({"start": 1, "end": "2024"}, "Period", {})) is None


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("2024-01-01", "2024-01-02", -1),
        ("2024", "2024-01-02", None),
        ("2023", "2024-01-02", -1),
        ("2024-01-01T10:00:00Z", "2024-01-01T12:00:00+02:00", 0),
        ("2024-01-01T10:00:00.5Z", "2024-01-01T10:00:00Z", 1),
        ("2024-02-29T23:30:00-02:00", "2024-03-01T01:30:00Z", 0),
        ("2024-01-01", "2024-01-01T00:00:00Z", None),
    ],
)
def test_times_stand_in_the_order_of_fhirpath(one: str, other: str, order: int | None) -> None:
    assert compare_times(one, other) == order
