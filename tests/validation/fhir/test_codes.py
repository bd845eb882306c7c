"""Bindings, expansions of value sets, code systems and displays, without a terminology server."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.validation.fhir import Definitions
from gateway.validation.fhir.packages import CODE_SYSTEM, VALUE_SET
from tests.validation.fhir.small import (
    HERE,
    Memory,
    core,
    element,
    errors,
    profile,
    told,
    validator,
)

Json = dict[str, Any]

COLOURS: Json = {
    "resourceType": "CodeSystem",
    "url": HERE + "colours",
    "content": "complete",
    "caseSensitive": True,
    "concept": [
        {
            "code": "red",
            "display": "Red",
            "property": [{"code": "warm", "valueBoolean": True}],
            "concept": [{"code": "crimson", "display": "Crimson"}, {"code": "rose"}],
        },
        {"code": "blue", "display": "Blue", "concept": [{"code": "navy"}]},
        {"code": "mauve", "property": [{"code": "parent", "valueCode": "blue"}]},
    ],
}


def values(name: str, *include: Json, exclude: tuple[Json, ...] = ()) -> Json:
    compose: Json = {"include": list(include)}
    if exclude:
        compose["exclude"] = list(exclude)
    return {"resourceType": "ValueSet", "url": HERE + name, "compose": compose}


def below(code: str, operator: str) -> Json:
    return {
        "system": HERE + "colours",
        "filter": [{"property": "concept", "op": operator, "value": code}],
    }


ALL = {"system": HERE + "colours"}


@pytest.mark.parametrize(
    ("value_set", "inside"),
    [
        (values("a", ALL), "red crimson rose blue navy mauve"),
        (values("a", {**ALL, "concept": [{"code": "red"}]}), "red"),
        (values("a", below("red", "is-a")), "red crimson rose"),
        (values("a", below("blue", "descendent-of")), "navy mauve"),
        (values("a", below("red", "is-not-a")), "blue navy mauve"),
        (values("a", below("navy", "generalizes")), "navy blue"),
        (values("a", below("red,navy", "in")), "red navy"),
        (values("a", ALL, exclude=(below("red", "is-a"),)), "blue navy mauve"),
        (values("a", {"valueSet": [HERE + "warm"]}), "red crimson rose"),
        (
            values("a", {**below("red", "descendent-of"), "valueSet": [HERE + "warm"]}),
            "crimson rose",
        ),
        (values("a", {"valueSet": [HERE + "warm", HERE + "short"]}), "red rose"),
        (
            values(
                "a",
                {**ALL, "filter": [{"property": "code", "op": "regex", "value": "[a-r].*"}]},
            ),
            "red crimson rose blue navy mauve",
        ),
        (
            values("a", {**ALL, "filter": [{"property": "warm", "op": "=", "value": "true"}]}),
            "red",
        ),
        (
            values(
                "a", {**ALL, "filter": [{"property": "warm", "op": "exists", "value": "false"}]}
            ),
            "crimson rose blue navy mauve",
        ),
    ],
)
def test_a_value_set_has_what_it_is_composed_of(value_set: Json, inside: str) -> None:
    definitions = Definitions(
        [
            Memory(
                COLOURS,
                values("warm", below("red", "is-a")),
                values("short", {**ALL, "concept": [{"code": "red"}, {"code": "rose"}]}),
                value_set,
            )
        ]
    )
    asked = definitions.value_set(HERE + "a")
    assert asked is not None
    everything = ["red", "crimson", "rose", "blue", "navy", "mauve"]
    assert {c for c in everything if asked.has(HERE + "colours", c)} == set(inside.split())
    assert all(asked.has(None, c) == (c in inside.split()) for c in everything)
    assert asked.has(HERE + "colours", "green") is False
    listed = asked.listed()
    assert listed is not None
    assert {code for _, code, _ in listed} == set(inside.split())


def test_value_sets_that_go_round_in_a_circle_come_to_an_end() -> None:
    definitions = Definitions(
        [
            Memory(
                values("a", {"valueSet": [HERE + "b"]}),
                values("b", {"valueSet": [HERE + "a"]}),
            )
        ]
    )
    asked = definitions.value_set(HERE + "a")
    assert asked is not None
    assert asked.has("x", "y") is None


def test_nearly_all_value_sets_of_the_specification_are_listed_offline() -> None:
    definitions = Definitions([core()])
    urls = list(core().urls(VALUE_SET))
    listed = [u for u in urls if (v := definitions.value_set(u)) and v.listed()]
    assert len(urls) == 1316
    assert len(listed) >= 1120
    assert len(list(core().urls(CODE_SYSTEM))) == 1062


def bound(strength: str, url: str = HERE + "warm") -> Json:
    return profile(
        "bound",
        "Patient",
        element("Patient.maritalStatus", binding={"strength": strength, "valueSet": url}),
    )


def married(**coding: str) -> Json:
    return {"resourceType": "Patient", "maritalStatus": {"coding": [coding]}}


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        ("required", "error"),
        ("extensible", "warning"),
        ("preferred", "information"),
        ("example", None),
    ],
)
def test_a_binding_weighs_what_its_strength_says(strength: str, expected: str | None) -> None:
    check = validator(COLOURS, values("warm", below("red", "is-a")), bound(strength))
    found = check.validate(married(system=HERE + "colours", code="blue"), [HERE + "bound"])
    assert [i.severity for i in found if i.rule == f"fhir-binding-{strength}"] == (
        [expected] if expected else []
    )
    found = check.validate(married(system=HERE + "colours", code="rose"), [HERE + "bound"])
    assert told(found) == []


def test_the_message_lists_the_codes_where_they_are_few() -> None:
    check = validator(COLOURS, values("warm", below("red", "is-a")), bound("required"))
    found = check.validate(married(system=HERE + "colours", code="blue"), [HERE + "bound"])
    assert found[0].message == (
        f"{HERE}colours|blue is not in {HERE}warm, and the element takes its codes only from "
        "there; it has red, crimson, rose."
    )


def test_text_alone_is_no_code_for_a_required_binding() -> None:
    check = validator(COLOURS, values("warm", below("red", "is-a")), bound("required"))
    found = check.validate(
        {"resourceType": "Patient", "maritalStatus": {"text": "red"}}, [HERE + "bound"]
    )
    assert errors(found) == [("fhir-binding-required", "Patient.maritalStatus")]


@pytest.mark.parametrize("system", ["http://snomed.info/sct", "http://loinc.org"])
def test_systems_nobody_has_are_not_checked_and_never_fine(system: str) -> None:
    everything = values("warm", {"system": system})
    found = validator(everything, bound("required")).validate(
        married(system=system, code="1"), [HERE + "bound"]
    )
    assert [(i.rule, i.severity, i.kind) for i in found if i.rule != "dom-6"] == [
        ("fhir-binding-not-checked", "information", "not-checked")
    ]


def test_the_codes_a_value_set_lists_itself_need_no_system() -> None:
    two = values("warm", {"system": "http://loinc.org", "concept": [{"code": "1-8"}]})
    check = validator(two, bound("required"))
    asked = [HERE + "bound"]
    assert errors(check.validate(married(system="http://loinc.org", code="1-8"), asked)) == []
    assert errors(check.validate(married(system="http://loinc.org", code="2-6"), asked)) == [
        ("fhir-binding-required", "Patient.maritalStatus")
    ]


@pytest.mark.parametrize(
    ("member", "rules"),
    [
        ({"contentType": "application/pdf"}, []),
        ({"contentType": "text/xml; charset=utf-8"}, []),
        ({"contentType": "pdf"}, ["fhir-binding-required"]),
        ({"language": "fr-FR"}, []),
        ({"language": "fr_FR"}, ["fhir-binding-required"]),
    ],
)
def test_mime_types_and_languages_are_judged_by_their_form(member: Json, rules: list[str]) -> None:
    attachment = {"url": "http://zz.example.org/1", **member}
    found = validator().validate({"resourceType": "Patient", "photo": [attachment]})
    assert [rule for rule, _ in errors(found)] == rules


def test_a_code_that_its_system_has_not_is_named() -> None:
    found = validator(COLOURS).validate(married(system=HERE + "colours", code="green"))
    assert ("fhir-code-unknown", "Patient.maritalStatus.coding[0]") in errors(found)


def test_a_code_newer_than_the_copy_of_its_system_is_a_warning() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    found = validator().validate(married(system=system, code="ZZ"))
    said = [i for i in found if i.rule == "fhir-code-unknown"]
    assert [i.severity for i in said] == ["warning"]


def test_a_system_is_absolute_and_no_value_set() -> None:
    found = validator().validate(married(system="colours", code="a"))
    assert errors(found) == [("fhir-coding-system", "Patient.maritalStatus.coding[0]")]
    found = validator().validate(
        married(system="http://hl7.org/fhir/ValueSet/marital-status", code="M")
    )
    assert errors(found) == [("fhir-coding-value-set", "Patient.maritalStatus.coding[0]")]


@pytest.mark.parametrize(
    ("display", "expected"),
    [("Red", []), ("  red ", []), ("Blue", ["fhir-display"])],
)
def test_a_display_says_what_the_system_says(display: str, expected: list[str]) -> None:
    found = validator(COLOURS).validate(
        married(system=HERE + "colours", code="red", display=display)
    )
    said = [i for i in found if i.rule == "fhir-display"]
    assert [i.rule for i in said] == expected
    assert all(i.severity == "warning" for i in said)


def test_a_supplement_adds_properties_and_no_codes() -> None:
    supplement = {
        "resourceType": "CodeSystem",
        "url": HERE + "more-colours",
        "content": "supplement",
        "supplements": HERE + "colours",
        "concept": [
            {"code": "blue", "property": [{"code": "warm", "valueBoolean": True}]},
            {"code": "green", "property": [{"code": "warm", "valueBoolean": True}]},
        ],
    }
    warm = values("warm", {**ALL, "filter": [{"property": "warm", "op": "=", "value": "true"}]})
    definitions = Definitions([core(), Memory(COLOURS, supplement, warm)])
    asked = definitions.value_set(HERE + "warm")
    assert asked is not None
    assert [asked.has(HERE + "colours", c) for c in ("red", "blue", "green", "navy")] == [
        True,
        True,
        False,
        False,
    ]
