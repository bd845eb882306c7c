"""Structure, cardinality, types, fixed and pattern values of single elements."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.validation.fhir import rules
from gateway.validation.fhir.rules import TEXTS
from tests.validation.fhir.small import (
    FHIR,
    HERE,
    element,
    errors,
    profile,
    told,
    validator,
)

Json = dict[str, Any]


def patient(**members: Any) -> Json:
    return {"resourceType": "Patient", **members}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (patient(gendre="male"), ("fhir-unknown-element", "Patient", "Patient")),
        (
            patient(name=[{"given": ["A"], "famly": "B"}]),
            ("fhir-unknown-element", "Patient.name[0]", "HumanName"),
        ),
        (patient(name={"text": "A"}), ("fhir-array", "Patient", "Patient.name")),
        (patient(gender=["male"]), ("fhir-type", "Patient", "Patient.gender")),
        (patient(name=[]), ("fhir-empty", "Patient", "Patient.name")),
        (patient(gender=None), ("fhir-empty", "Patient.gender", "Patient.gender")),
        (
            patient(maritalStatus="M"),
            ("fhir-type", "Patient.maritalStatus", "Patient.maritalStatus"),
        ),
        (patient(active="true"), ("fhir-primitive", "Patient.active", "Patient.active")),
        (
            patient(birthDate="2001-02-30"),
            ("fhir-primitive", "Patient.birthDate", "Patient.birthDate"),
        ),
        (patient(gender={"a": 1}), ("fhir-primitive", "Patient.gender", "Patient.gender")),
        (patient(id="a_b"), ("fhir-primitive", "Patient.id", "Patient.id")),
        (
            patient(deceasedBoolean=True, deceasedDateTime="2001"),
            ("fhir-choice", "Patient", "Patient.deceased[x]"),
        ),
        (
            patient(deceasedString="yes"),
            ("fhir-type", "Patient.deceasedString", "Patient.deceased[x]"),
        ),
        (patient(deceased=True), ("fhir-unknown-element", "Patient", "Patient")),
        (
            patient(link=[{"type": "refer"}]),
            ("fhir-minimum", "Patient.link[0]", "Patient.link.other"),
        ),
        (patient(contact=[{}]), ("ele-1", "Patient.contact[0]", "Patient.contact")),
        (patient(_gender={"id": "a"}), ("ele-1", "Patient.gender", "Patient.gender")),
        (
            patient(_gender={"valueCode": "a"}),
            ("fhir-unknown-element", "Patient.gender", "Patient.gender"),
        ),
        (
            patient(name=[{"given": [None, "A"]}]),
            ("fhir-empty", "Patient.name[0].given[0]", "HumanName.given"),
        ),
        (
            patient(photo=[{"size": 4, "data": "AAAA"}]),
            ("fhir-attachment-size", "Patient.photo[0]", "Patient.photo"),
        ),
        ({"resourceType": "Patiënt"}, ("fhir-resource-type", "Patiënt", "")),
        ({"active": True}, ("fhir-resource-type", "", "")),
        ({"resourceType": "DomainResource"}, ("fhir-resource-type", "DomainResource", "")),
    ],
)
def test_what_breaks_the_structure_is_named_with_its_element(
    resource: Json, expected: tuple[str, str, str]
) -> None:
    assert expected in told(validator().validate(resource))


def test_everything_wrong_is_told_at_once() -> None:
    found = validator().validate(patient(active="x", birthDate="y", nothing=1))
    assert [i.rule for i in found if i.severity == "error"] == [
        "fhir-primitive",
        "fhir-primitive",
        "fhir-unknown-element",
    ]


def test_a_primitive_without_value_may_have_extensions_instead() -> None:
    absent = {"extension": [{"url": FHIR + "data-absent-reason", "valueCode": "unknown"}]}
    found = validator().validate(
        patient(
            _birthDate=absent,
            name=[{"given": [None, "A"], "_given": [absent, None]}],
        )
    )
    assert errors(found) == []


def test_an_element_with_its_own_structure_refers_to_anothers() -> None:
    found = validator().validate(
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "a", "part": [{"name": "b", "part": [{"valueCode": "c"}]}]}],
        }
    )
    assert told(found) == [
        (
            "fhir-minimum",
            "Parameters.parameter[0].part[0].part[0]",
            "Parameters.parameter.name",
        )
    ]


STRICT = profile(
    "strict",
    "Patient",
    element("Patient.active", min=1, fixedBoolean=True),
    element("Patient.gender", max="0"),
    element("Patient.name", min=2, max="3"),
    element("Patient.name.text", maxLength=3),
    element("Patient.maritalStatus", patternCodeableConcept={"coding": [{"code": "M"}]}),
    element("Patient.birthDate", minValueDate="2000-01-01", maxValueDate="2010-01-01"),
    element("Patient.multipleBirth[x]", type=[{"code": "integer"}], maxValueInteger=9),
)


def test_a_profile_narrows_elements() -> None:
    found = validator(STRICT).validate(
        patient(
            meta={"profile": [HERE + "strict"]},
            active=False,
            gender="male",
            name=[{"text": "long"}],
            maritalStatus={"coding": [{"code": "S"}]},
            birthDate="1999-12-31",
            multipleBirthInteger=10,
        )
    )
    assert told(found, "fhir-binding-extensible") == [
        ("fhir-fixed", "Patient.active", "Patient.active"),
        ("fhir-maximum", "Patient", "Patient.gender"),
        ("fhir-minimum", "Patient", "Patient.name"),
        ("fhir-max-length", "Patient.name[0].text", "Patient.name.text"),
        ("fhir-pattern", "Patient.maritalStatus", "Patient.maritalStatus"),
        ("fhir-min-value", "Patient.birthDate", "Patient.birthDate"),
        (
            "fhir-max-value",
            "Patient.multipleBirth.ofType(integer)",
            "Patient.multipleBirth[x]",
        ),
    ]
    assert {i.profile for i in found if i.rule.startswith("fhir-m")} == {HERE + "strict"}


def test_a_choice_that_the_profile_does_not_allow_is_named() -> None:
    found = validator(STRICT).validate(
        patient(active=True, name=[{"text": "a"}] * 2, multipleBirthBoolean=True),
        [HERE + "strict"],
    )
    assert told(found) == [
        ("fhir-type", "Patient.multipleBirthBoolean", "Patient.multipleBirth[x]")
    ]
    assert found[0].message == "multipleBirth[x] is Boolean; integer is expected."
    assert found[0].message_fr == "multipleBirth[x] est Boolean ; integer est attendu."


def test_a_pattern_is_part_of_the_value() -> None:
    found = validator(STRICT).validate(
        patient(
            active=True,
            name=[{"text": "a"}] * 2,
            maritalStatus={"coding": [{"code": "S"}, {"code": "M", "display": "Married"}]},
        ),
        [HERE + "strict"],
    )
    assert errors(found) == []


def test_a_profile_of_another_type_is_no_profile_of_this_one() -> None:
    found = validator(STRICT).validate(
        {"resourceType": "Basic", "code": {"text": "a"}}, [HERE + "strict"]
    )
    assert errors(found) == [("fhir-profile-type", "Basic")]


def test_a_profile_nobody_has_is_said_to_be_unchecked() -> None:
    found = validator().validate(patient(active=True), [HERE + "absent"])
    assert [(i.rule, i.severity, i.kind) for i in found if i.rule != "dom-6"] == [
        ("fhir-profile-unknown", "warning", "not-checked")
    ]


def test_a_version_that_is_not_there_is_not_taken_for_another() -> None:
    versioned = {**STRICT, "version": "1.2.3"}
    check = validator(versioned)
    resource = patient(gender="male")
    assert ("fhir-maximum", "Patient") in errors(check.validate(resource, [HERE + "strict|1.2.3"]))
    assert ("fhir-maximum", "Patient") in errors(check.validate(resource, [HERE + "strict|1.2"]))
    found = check.validate(resource, [HERE + "strict|1.2.4"])
    assert [i.rule for i in found if i.rule != "dom-6"] == ["fhir-profile-unknown"]


def test_an_observation_with_a_vital_sign_is_judged_as_one() -> None:
    found = validator().validate(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "valueQuantity": {
                "value": 70,
                "system": "http://unitsofmeasure.org",
                "code": "1",
                "unit": "1",
            },
        }
    )
    assert {i.profile for i in found if i.severity == "error"} == {FHIR + "heartrate"}


def test_nesting_without_end_is_refused_in_time() -> None:
    deep: Json = {"name": "a"}
    for _ in range(200):
        deep = {"name": "a", "part": [deep]}
    found = validator().validate({"resourceType": "Parameters", "parameter": [deep]})
    assert [i.rule for i in found] == ["fhir-too-deep"]


def test_a_flood_of_problems_is_cut_off() -> None:
    found = validator().validate(patient(**{f"x{number}": 1 for number in range(3000)}))
    assert len(found) == 1001
    assert found[-1].rule == "fhir-too-many"


def test_every_rule_explains_itself_in_both_languages() -> None:
    explained = {text.rule: text for text in rules()}
    assert explained.keys() == TEXTS.keys()
    for text in explained.values():
        assert text.title and text.title_fr and text.text and text.source, text.rule
    for rule, said in TEXTS.items():
        assert said.en != said.fr, rule


def observation(**members: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "a"},
        **members,
    }


def test_quantities_of_one_unit_keep_to_limits() -> None:
    kilogram = {"system": "http://unitsofmeasure.org", "code": "kg"}
    limited = profile(
        "limited",
        "Observation",
        element("Observation.value[x]", type=[{"code": "Quantity"}]),
        element("Observation.value[x]", minValueQuantity={"value": 1, **kilogram}),
    )
    check = validator(limited)
    for quantity, expected in (
        ({"value": 0.5, **kilogram}, [("fhir-min-value", "Observation.value.ofType(Quantity)")]),
        ({"value": 1, **kilogram}, []),
        ({"value": 0.5, **kilogram, "code": "g"}, []),
    ):
        found = check.validate(observation(valueQuantity=quantity), [HERE + "limited"])
        assert errors(found) == expected


def test_what_is_said_of_all_types_of_a_choice_leaves_each_its_own_elements() -> None:
    marked = profile(
        "marked",
        "Observation",
        element("Observation.effective[x].extension", max="0"),
    )
    check = validator(marked)
    period = {"start": "2001"}
    good = observation(effectivePeriod=period)
    assert errors(check.validate(good, [HERE + "marked"])) == []
    mark = {"url": FHIR + "data-absent-reason", "valueCode": "unknown"}
    bad = observation(effectivePeriod={**period, "extension": [mark]})
    assert errors(check.validate(bad, [HERE + "marked"])) == [
        ("fhir-maximum", "Observation.effective.ofType(Period)")
    ]
