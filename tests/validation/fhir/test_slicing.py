"""Slices by value, pattern, existence, type and profile, and what slicing rules ask for."""

from __future__ import annotations

from typing import Any

from tests.validation.fhir.small import (
    FHIR,
    HERE,
    element,
    errors,
    profile,
    said,
    slicing,
    told,
    validator,
)

Json = dict[str, Any]


def patient(**members: Any) -> Json:
    return {"resourceType": "Patient", **members}


def identifiers(*systems: str) -> list[Json]:
    return [{"system": system, "value": "urn:oid:1.2"} for system in systems]


BY_SYSTEM = profile(
    "by-system",
    "Patient",
    element("Patient.identifier", slicing=slicing(("value", "system"))),
    element("Patient.identifier:national", min=1, max="1"),
    element("Patient.identifier:national.system", min=1, fixedUri="urn:oid:1.9.1"),
    element("Patient.identifier:national.period", min=1),
    element("Patient.identifier:local", max="1"),
    element("Patient.identifier:local.system", min=1, fixedUri="urn:oid:1.9.2"),
)


def test_values_fall_into_slices_by_a_fixed_value() -> None:
    found = validator(BY_SYSTEM).validate(
        patient(identifier=identifiers("urn:oid:1.9.2", "urn:oid:1.9.1", "urn:oid:1.9.2")),
        [HERE + "by-system"],
    )
    assert told(found) == [
        (
            "fhir-minimum",
            "Patient.identifier[1]",
            "Patient.identifier:national.period",
        ),
        ("fhir-maximum", "Patient", "Patient.identifier:local"),
    ]


def test_a_slice_that_must_be_there_is_missed_even_where_others_are() -> None:
    found = validator(BY_SYSTEM).validate(
        patient(identifier=identifiers("urn:oid:1.9.3")), [HERE + "by-system"]
    )
    assert told(found) == [("fhir-minimum", "Patient", "Patient.identifier:national")]
    assert "identifier:national is there 0 times; at least 1 required" in found[0].message


def test_a_slice_that_must_be_there_is_missed_where_the_element_is_absent() -> None:
    found = validator(BY_SYSTEM).validate(patient(active=True), [HERE + "by-system"])
    assert told(found) == [("fhir-minimum", "Patient", "Patient.identifier:national")]


def test_the_value_that_tells_slices_apart_may_stand_in_the_profile_of_their_type() -> None:
    typed = profile(
        "typed-identifier",
        "Identifier",
        element(
            "Identifier.type",
            min=1,
            patternCodeableConcept={"coding": [{"system": HERE + "types", "code": "a"}]},
        ),
        element("Identifier.value", min=1),
    )
    using = profile(
        "using",
        "Patient",
        element("Patient.identifier", slicing=slicing(("value", "type"))),
        element(
            "Patient.identifier:a",
            max="1",
            type=[{"code": "Identifier", "profile": [HERE + "typed-identifier"]}],
        ),
    )
    of_a = {"type": {"coding": [{"system": HERE + "types", "code": "a"}]}}
    of_b = {"type": {"coding": [{"system": HERE + "types", "code": "b"}]}}
    check = validator(typed, using)
    assert errors(check.validate(patient(identifier=[of_b, of_b]), [HERE + "using"])) == []
    found = check.validate(patient(identifier=[of_b, of_a]), [HERE + "using"])
    assert told(found, "fhir-binding-extensible") == [
        ("fhir-minimum", "Patient.identifier[1]", "Identifier.value")
    ]
    found = check.validate(
        patient(identifier=[{**of_a, "value": "1"}, {**of_a, "value": "2"}]), [HERE + "using"]
    )
    assert told(found, "fhir-binding-extensible") == [
        ("fhir-maximum", "Patient", "Patient.identifier:a")
    ]


def test_a_closed_slicing_lets_nothing_else_in() -> None:
    closed = profile(
        "closed",
        "Patient",
        element("Patient.telecom", slicing=slicing(("value", "use"), rules="closed")),
        element("Patient.telecom:home"),
        element("Patient.telecom:home.use", min=1, fixedCode="home"),
    )
    found = validator(closed).validate(
        patient(telecom=[{"use": "home"}, {"use": "work"}]), [HERE + "closed"]
    )
    assert told(found) == [("fhir-slicing-closed", "Patient.telecom[1]", "Patient.telecom")]
    assert "fits none of home" in found[0].message


def test_others_come_at_the_end_where_the_profile_says_so() -> None:
    at_end = profile(
        "at-end",
        "Patient",
        element("Patient.telecom", slicing=slicing(("value", "use"), rules="openAtEnd")),
        element("Patient.telecom:home"),
        element("Patient.telecom:home.use", min=1, fixedCode="home"),
    )
    check = validator(at_end)
    home, work = {"use": "home"}, {"use": "work"}
    assert errors(check.validate(patient(telecom=[home, work]), [HERE + "at-end"])) == []
    found = check.validate(patient(telecom=[work, home]), [HERE + "at-end"])
    assert told(found) == [("fhir-slicing-order", "Patient.telecom[1]", "Patient.telecom")]


def test_ordered_slices_keep_their_order() -> None:
    ordered = profile(
        "ordered",
        "Patient",
        element("Patient.telecom", slicing=slicing(("value", "use"), ordered=True)),
        element("Patient.telecom:home"),
        element("Patient.telecom:home.use", min=1, fixedCode="home"),
        element("Patient.telecom:work"),
        element("Patient.telecom:work.use", min=1, fixedCode="work"),
    )
    check = validator(ordered)
    home, work = {"use": "home"}, {"use": "work"}
    assert errors(check.validate(patient(telecom=[home, work]), [HERE + "ordered"])) == []
    found = check.validate(patient(telecom=[work, home]), [HERE + "ordered"])
    assert told(found) == [("fhir-slicing-order", "Patient.telecom[1]", "Patient.telecom")]


def test_slices_are_told_apart_by_what_exists() -> None:
    existing = profile(
        "existing",
        "Patient",
        element("Patient.identifier", slicing=slicing(("exists", "period"))),
        element("Patient.identifier:past", max="1"),
        element("Patient.identifier:past.period", min=1),
        element("Patient.identifier:current", max="1"),
        element("Patient.identifier:current.period", max="0"),
    )
    past, current = {"value": "1", "period": {"end": "2001"}}, {"value": "2"}
    check = validator(existing)
    assert errors(check.validate(patient(identifier=[past, current]), [HERE + "existing"])) == []
    found = check.validate(patient(identifier=[past, past, current]), [HERE + "existing"])
    assert told(found) == [("fhir-maximum", "Patient", "Patient.identifier:past")]


def test_a_choice_element_is_sliced_by_its_type() -> None:
    typed = profile(
        "typed",
        "Observation",
        element("Observation.value[x]", slicing=slicing(("type", "$this"), rules="closed")),
        element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
        element("Observation.value[x]:valueQuantity.unit", min=1),
        element("Observation.value[x]:valueString", type=[{"code": "string"}], maxLength=5),
    )
    base = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "a"},
    }
    check = validator(typed)
    found = check.validate({**base, "valueQuantity": {"value": 1}}, [HERE + "typed"])
    assert told(found) == [
        (
            "fhir-minimum",
            "Observation.value.ofType(Quantity)",
            "Observation.value[x]:valueQuantity.unit",
        )
    ]
    found = check.validate({**base, "valueString": "longer"}, [HERE + "typed"])
    assert told(found) == [
        (
            "fhir-max-length",
            "Observation.value.ofType(string)",
            "Observation.value[x]:valueString",
        )
    ]
    found = check.validate({**base, "valueBoolean": True}, [HERE + "typed"])
    assert told(found) == [
        ("fhir-slicing-closed", "Observation.value.ofType(boolean)", "Observation.value[x]")
    ]


NAMED = profile("named", "Patient", element("Patient.name", min=1))
ENTRIES = profile(
    "entries",
    "Bundle",
    element("Bundle.entry", slicing=slicing(("profile", "resource"), rules="closed")),
    element("Bundle.entry:patient", min=1, max="1"),
    element(
        "Bundle.entry:patient.resource",
        min=1,
        type=[{"code": "Patient", "profile": [HERE + "named"]}],
    ),
    element("Bundle.entry:binary"),
    element("Bundle.entry:binary.resource", min=1, type=[{"code": "Binary"}]),
)


def bundle(*resources: Json) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{number}", "resource": one}
            for number, one in enumerate(resources)
        ],
    }


def test_entries_are_told_apart_by_the_profile_their_resource_fits() -> None:
    check = validator(NAMED, ENTRIES)
    binary = {"resourceType": "Binary", "contentType": "text/plain"}
    good = bundle(binary, patient(name=[{"text": "a"}]))
    assert errors(check.validate(good, [HERE + "entries"])) == []
    found = check.validate(bundle(patient(active=True), binary), [HERE + "entries"])
    assert told(found) == [
        ("fhir-slicing-closed", "Bundle.entry[0]", "Bundle.entry"),
        ("fhir-minimum", "Bundle", "Bundle.entry:patient"),
    ]
    assert said(found, "fhir-minimum") == (
        "entry:patient is there 0 times; at least 1 required. The nearest is entry[0]: Patient: "
        "name is there 0 times; at least 1 required."
    )


def test_two_levels_of_profiles_slice_the_same_element() -> None:
    derived = profile(
        "derived",
        "Patient",
        element("Patient.identifier:local", min=1),
        element("Patient.identifier:local.value", min=1),
        element("Patient.identifier:second", max="1"),
        element("Patient.identifier:second.system", min=1, fixedUri="urn:oid:1.9.3"),
        base=HERE + "by-system",
    )
    check = validator(BY_SYSTEM, derived)
    national = {"system": "urn:oid:1.9.1", "value": "1", "period": {"start": "2001"}}
    local = {"system": "urn:oid:1.9.2", "value": "1"}
    second = {"system": "urn:oid:1.9.3", "value": "1"}
    good = patient(identifier=[national, local, second])
    assert errors(check.validate(good, [HERE + "derived"])) == []
    found = check.validate(patient(identifier=[national, second, second]), [HERE + "derived"])
    assert told(found) == [
        ("fhir-minimum", "Patient", "Patient.identifier:local"),
        ("fhir-maximum", "Patient", "Patient.identifier:second"),
    ]


def test_a_slice_is_sliced_again() -> None:
    again = profile(
        "again",
        "Patient",
        element("Patient.telecom", slicing=slicing(("value", "use"))),
        element("Patient.telecom:home", slicing=slicing(("value", "system"), rules="closed")),
        element("Patient.telecom:home.use", min=1, fixedCode="home"),
        element("Patient.telecom:home/phone", max="1"),
        element("Patient.telecom:home/phone.system", min=1, fixedCode="phone"),
    )
    check = validator(again)
    phone = {"use": "home", "system": "phone", "value": "1"}
    mail = {"use": "home", "system": "email", "value": "2"}
    work = {"use": "work", "system": "email", "value": "3"}
    assert errors(check.validate(patient(telecom=[phone, work]), [HERE + "again"])) == []
    found = check.validate(patient(telecom=[phone, phone, mail]), [HERE + "again"])
    assert told(found) == [
        ("fhir-slicing-closed", "Patient.telecom[2]", "Patient.telecom:home"),
        ("fhir-maximum", "Patient", "Patient.telecom:home/phone"),
    ]


def test_a_reference_is_sliced_by_what_it_points_to() -> None:
    by_target = profile(
        "by-target",
        "DocumentReference",
        element("DocumentReference.author", slicing=slicing(("type", "resolve()"))),
        element(
            "DocumentReference.author:person",
            min=1,
            max="1",
            type=[{"code": "Reference", "targetProfile": [FHIR + "Practitioner"]}],
        ),
        element("DocumentReference.author:person.display", min=1),
    )
    base = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"url": "http://zz.example.org/1"}}],
        "contained": [
            {"resourceType": "Practitioner", "id": "p", "active": True},
            {"resourceType": "Device", "id": "d", "status": "active"},
        ],
    }
    check = validator(by_target)
    good = {**base, "author": [{"reference": "#d"}, {"reference": "#p", "display": "Dr"}]}
    assert errors(check.validate(good, [HERE + "by-target"])) == []
    found = check.validate(
        {**base, "author": [{"reference": "#d"}, {"reference": "#p"}]}, [HERE + "by-target"]
    )
    assert told(found) == [
        (
            "fhir-minimum",
            "DocumentReference.author[1]",
            "DocumentReference.author:person.display",
        )
    ]


def test_the_path_of_a_discriminator_may_lead_through_an_extension() -> None:
    mark = profile(
        "mark",
        "Extension",
        element("Extension.url", fixedUri=HERE + "mark"),
        element("Extension.value[x]", min=1, type=[{"code": "code"}]),
        context=[{"type": "element", "expression": "Patient.contact"}],
    )
    marked = profile(
        "marked",
        "Patient",
        element(
            "Patient.contact",
            slicing=slicing(("value", f"extension('{HERE}mark').value")),
        ),
        element("Patient.contact:first", max="1"),
        element(
            "Patient.contact:first.extension:mark",
            min=1,
            type=[{"code": "Extension", "profile": [HERE + "mark"]}],
        ),
        element("Patient.contact:first.extension:mark.value[x]", fixedCode="first"),
    )
    one = {
        "extension": [{"url": HERE + "mark", "valueCode": "first"}],
        "name": {"text": "a"},
    }
    other = {"extension": [{"url": HERE + "mark", "valueCode": "b"}], "name": {"text": "b"}}
    check = validator(mark, marked)
    assert errors(check.validate(patient(contact=[one, other]), [HERE + "marked"])) == []
    found = check.validate(patient(contact=[one, one]), [HERE + "marked"])
    assert told(found) == [("fhir-maximum", "Patient", "Patient.contact:first")]


def test_a_required_binding_tells_slices_apart() -> None:
    values = {
        "resourceType": "ValueSet",
        "url": HERE + "home-uses",
        "compose": {
            "include": [
                {
                    "system": "http://hl7.org/fhir/contact-point-use",
                    "concept": [{"code": "home"}, {"code": "temp"}],
                }
            ]
        },
    }
    bound = profile(
        "bound",
        "Patient",
        element("Patient.telecom", slicing=slicing(("value", "use"))),
        element("Patient.telecom:near", max="1"),
        element(
            "Patient.telecom:near.use",
            min=1,
            binding={"strength": "required", "valueSet": HERE + "home-uses"},
        ),
    )
    check = validator(values, bound)
    found = check.validate(
        patient(telecom=[{"use": "home"}, {"use": "temp"}, {"use": "work"}]), [HERE + "bound"]
    )
    assert told(found) == [("fhir-maximum", "Patient", "Patient.telecom:near")]


def test_what_cannot_be_decided_is_said_and_not_held_against_anybody() -> None:
    unknown = profile(
        "unknown",
        "Patient",
        element("Patient.generalPractitioner", slicing=slicing(("profile", "resolve()"))),
        element(
            "Patient.generalPractitioner:ours",
            min=1,
            type=[{"code": "Reference", "targetProfile": [HERE + "nowhere"]}],
        ),
    )
    found = validator(unknown).validate(
        patient(generalPractitioner=[{"reference": "Practitioner/1"}]), [HERE + "unknown"]
    )
    assert errors(found) == []
    assert "fhir-slicing-not-checked" in [i.rule for i in found]
