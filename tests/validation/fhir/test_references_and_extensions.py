"""Where references lead, and what extensions hold and where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.validation.fhir.small import FHIR, HERE, element, errors, profile, said, told, validator

Json = dict[str, Any]


def patient(**members: Any) -> Json:
    return {"resourceType": "Patient", **members}


def document(**members: Any) -> Json:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"url": "http://zz.example.org/1"}}],
        **members,
    }


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, []),
        ({"reference": "http://zz.example.org/fhir/Patient/1/_history/2"}, []),
        ({"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"}, []),
        ({"identifier": {"value": "1"}}, []),
        ({"reference": "Medication/1"}, ["fhir-reference-target"]),
        ({"reference": "http://zz.example.org/fhir/Medication/1"}, ["fhir-reference-target"]),
        ({"identifier": {"value": "1"}, "type": "Medication"}, ["fhir-reference-target"]),
        ({"reference": "#absent"}, ["fhir-reference-unresolved"]),
        ({"reference": "Patient 1"}, ["fhir-reference-form"]),
        ({"reference": "Nobody/1"}, ["fhir-reference-form"]),
    ],
)
def test_a_reference_leads_to_a_type_its_element_allows(
    reference: Json, expected: list[str]
) -> None:
    found = validator().validate(document(subject=reference))
    assert [rule for rule, _ in errors(found) if rule != "ref-1"] == expected


def test_the_type_of_a_contained_target_counts() -> None:
    device = {"resourceType": "Medication", "id": "a", "status": "active"}
    found = validator().validate(document(contained=[device], subject={"reference": "#a"}))
    assert told(found) == [
        ("fhir-reference-target", "DocumentReference.subject", "DocumentReference.subject")
    ]
    assert said(found, "fhir-reference-target") == (
        "#a refers to Medication; Patient | Practitioner | Group | Device is expected."
    )


NAMED = profile("named", "Patient", element("Patient.name", min=1))
OF_NAMED = profile(
    "of-named",
    "DocumentReference",
    element(
        "DocumentReference.subject",
        type=[
            {
                "code": "Reference",
                "targetProfile": [HERE + "named"],
                "aggregation": ["contained", "bundled"],
            }
        ],
    ),
)


def test_a_contained_target_fits_the_profile_asked_for() -> None:
    check = validator(NAMED, OF_NAMED)
    nameless = patient(id="p", active=True)
    found = check.validate(
        document(contained=[nameless], subject={"reference": "#p"}), [HERE + "of-named"]
    )
    assert told(found) == [
        ("fhir-reference-profile", "DocumentReference.subject", "DocumentReference.subject")
    ]
    assert "name is there 0 times" in said(found, "fhir-reference-profile")
    named = patient(id="p", name=[{"text": "A"}])
    found = check.validate(
        document(contained=[named], subject={"reference": "#p"}), [HERE + "of-named"]
    )
    assert told(found) == []


def test_a_target_in_the_bundle_fits_the_profile_asked_for() -> None:
    check = validator(NAMED, OF_NAMED)
    of = {"meta": {"profile": [HERE + "of-named"]}}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "http://zz.example.org/fhir/DocumentReference/1",
                "resource": document(id="1", subject={"reference": "Patient/2"}, **of),
            },
            {
                "fullUrl": "http://zz.example.org/fhir/Patient/2",
                "resource": patient(id="2", active=True),
            },
        ],
    }
    assert told(check.validate(bundle)) == [
        (
            "fhir-reference-profile",
            "Bundle.entry[0].resource.subject",
            "DocumentReference.subject",
        )
    ]


def test_a_reference_stays_where_the_profile_wants_its_target() -> None:
    check = validator(NAMED, OF_NAMED)
    lonely = document(subject={"reference": "Patient/1"})
    # On its own, the resource may come out of a Bundle that has the target.
    assert told(check.validate(lonely, [HERE + "of-named"])) == []
    url = "http://zz.example.org/fhir/DocumentReference/1"
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": url,
                "resource": {**lonely, "id": "1", "meta": {"profile": [HERE + "of-named"]}},
            }
        ],
    }
    found = check.validate(bundle)
    assert told(found) == [
        (
            "fhir-reference-aggregation",
            "Bundle.entry[0].resource.subject",
            "DocumentReference.subject",
        )
    ]
    assert said(found, "fhir-reference-aggregation") == (
        "Patient/1 is outside of this message; the profile asks for a reference that is "
        "contained or in the same Bundle."
    )


def test_resources_that_refer_to_each_other_are_judged_once() -> None:
    linked = profile(
        "linked",
        "Patient",
        element(
            "Patient.link.other",
            type=[{"code": "Reference", "targetProfile": [HERE + "linked"]}],
        ),
        element("Patient.name", min=1),
    )
    entries = [
        {
            "fullUrl": f"http://zz.example.org/fhir/Patient/{number}",
            "resource": patient(
                id=str(number),
                meta={"profile": [HERE + "linked"]},
                name=[{"text": "A"}],
                link=[{"type": "refer", "other": {"reference": f"Patient/{3 - number}"}}],
            ),
        }
        for number in (1, 2)
    ]
    found = validator(linked).validate(
        {"resourceType": "Bundle", "type": "collection", "entry": entries}
    )
    assert told(found) == []


def test_a_contained_resource_is_judged_by_its_own_type_and_profiles() -> None:
    wrong = patient(id="p", meta={"profile": [HERE + "named"]}, gender="x")
    found = validator(NAMED).validate(document(contained=[wrong], subject={"reference": "#p"}))
    assert told(found) == [
        ("fhir-binding-required", "DocumentReference.contained[0].gender", "Patient.gender"),
        ("fhir-minimum", "DocumentReference.contained[0]", "Patient.name"),
    ]


# --- Extensions ----------------------------------------------------------------------------------

COLOUR = profile(
    "colour",
    "Extension",
    element("Extension.url", fixedUri=HERE + "colour"),
    element("Extension.value[x]", min=1, type=[{"code": "code"}]),
    context=[{"type": "element", "expression": "Patient"}],
)
DENIAL = profile(
    "denial",
    "Extension",
    element("Extension", isModifier=True),
    element("Extension.url", fixedUri=HERE + "denial"),
    element("Extension.value[x]", type=[{"code": "boolean"}]),
    context=[{"type": "element", "expression": "Patient"}],
)


def test_an_extension_is_judged_by_the_definition_its_url_names() -> None:
    found = validator(COLOUR).validate(
        patient(extension=[{"url": HERE + "colour", "valueString": "red"}])
    )
    assert told(found) == [
        ("fhir-type", "Patient.extension[0].valueString", "Extension.value[x]"),
    ]


def test_an_extension_nobody_defines_is_checked_as_any_and_said_to_be_unknown() -> None:
    found = validator().validate(patient(extension=[{"url": HERE + "nowhere"}]))
    assert sorted(rule for rule, *_ in told(found)) == ["ext-1", "fhir-extension-unknown"]


def test_an_extension_stands_where_it_is_made_for() -> None:
    one = {"url": HERE + "colour", "valueCode": "red"}
    assert told(validator(COLOUR).validate(patient(extension=[one]))) == []
    found = validator(COLOUR).validate(patient(name=[{"text": "A", "extension": [one]}]))
    assert told(found) == [
        ("fhir-extension-context", "Patient.name[0].extension[0]", "HumanName.extension")
    ]
    assert found[0].message == (
        f"The extension {HERE}colour stands on Patient.name[0]; it is made for Patient."
    )


def test_an_extension_beside_a_primitive_stands_on_that_element() -> None:
    street = {"url": FHIR + "iso21090-ADXP-streetName", "valueString": "Main Street"}
    on_line = patient(address=[{"line": ["1"], "_line": [{"extension": [street]}]}])
    assert told(validator().validate(on_line)) == []
    on_city = patient(address=[{"city": "A", "_city": {"extension": [street]}}])
    assert told(validator().validate(on_city)) == [
        ("fhir-extension-context", "Patient.address[0].city.extension[0]", "Element.extension")
    ]


def test_what_changes_the_meaning_is_in_modifier_extension() -> None:
    denial = {"url": HERE + "denial", "valueBoolean": True}
    colour = {"url": HERE + "colour", "valueCode": "red"}
    check = validator(COLOUR, DENIAL)
    assert told(check.validate(patient(modifierExtension=[denial]))) == []
    assert errors(check.validate(patient(extension=[denial]))) == [
        ("fhir-extension-modifier", "Patient.extension[0]")
    ]
    assert errors(check.validate(patient(modifierExtension=[colour]))) == [
        ("fhir-extension-modifier", "Patient.modifierExtension[0]")
    ]


def test_a_relative_url_is_for_parts_of_extensions() -> None:
    found = validator().validate(patient(extension=[{"url": "colour", "valueCode": "red"}]))
    assert errors(found) == [("fhir-extension-url", "Patient.extension[0]")]
    nationality = {
        "url": FHIR + "patient-nationality",
        "extension": [{"url": "code", "valueCodeableConcept": {"text": "A"}}],
    }
    assert told(validator().validate(patient(extension=[nationality]))) == []
    nationality["extension"] = [{"url": "period", "valueString": "A"}]
    assert [rule for rule, _ in errors(validator().validate(patient(extension=[nationality])))] == [
        "fhir-type"
    ]


def test_a_slice_asks_for_an_extension() -> None:
    coloured = profile(
        "coloured",
        "Patient",
        element(
            "Patient.extension:colour",
            min=1,
            max="1",
            type=[{"code": "Extension", "profile": [HERE + "colour"]}],
        ),
    )
    check = validator(COLOUR, coloured)
    assert told(check.validate(patient(active=True), [HERE + "coloured"])) == [
        ("fhir-minimum", "Patient", "Patient.extension:colour")
    ]
    one = {"url": HERE + "colour", "valueCode": "red"}
    assert told(check.validate(patient(extension=[one]), [HERE + "coloured"])) == []
    assert told(check.validate(patient(extension=[one, one]), [HERE + "coloured"])) == [
        ("fhir-maximum", "Patient", "Patient.extension:colour")
    ]


def test_a_slice_asks_for_an_extension_beside_a_primitive() -> None:
    accuracy = profile(
        "accuracy",
        "Extension",
        element("Extension.url", fixedUri=HERE + "accuracy"),
        element("Extension.value[x]", min=1, type=[{"code": "code"}]),
        context=[{"type": "element", "expression": "Patient.birthDate"}],
    )
    accurate = profile(
        "accurate",
        "Patient",
        element(
            "Patient.birthDate.extension:accuracy",
            min=1,
            type=[{"code": "Extension", "profile": [HERE + "accuracy"]}],
        ),
    )
    check = validator(accuracy, accurate)
    beside = {"extension": [{"url": HERE + "accuracy", "valueCode": "day"}]}
    good = patient(birthDate="2001-01-01", _birthDate=beside)
    assert told(check.validate(good, [HERE + "accurate"])) == []
    missing = [
        ("fhir-minimum", "Patient.birthDate", "Patient.birthDate.extension:accuracy"),
    ]
    bare = patient(birthDate="2001-01-01")
    assert told(check.validate(bare, [HERE + "accurate"])) == missing
    other = patient(birthDate="2001-01-01", _birthDate={"id": "a"})
    assert told(check.validate(other, [HERE + "accurate"])) == missing
    assert told(check.validate(patient(active=True), [HERE + "accurate"])) == []


def test_a_profile_says_things_of_a_resource_where_it_stands() -> None:
    named_entries = profile(
        "named-entries",
        "Bundle",
        element("Bundle.entry.resource", min=1, type=[{"code": "Patient"}]),
        element("Bundle.entry.resource.name", min=1),
    )
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001",
                "resource": patient(active=True),
            }
        ],
    }
    found = validator(named_entries).validate(bundle, [HERE + "named-entries"])
    assert told(found) == [
        ("fhir-minimum", "Bundle.entry[0].resource", "Bundle.entry.resource.name")
    ]
