"""Profiles, search parameters and capability statements, against what they build upon."""

from __future__ import annotations

from typing import Any

import pytest

from tests.validation.fhir.small import HERE, element, errors, profile, said, validator

Json = dict[str, Any]

NAME = "http://hl7.org/fhir/SearchParameter/Organization-name"


def published(definition: Json) -> Json:
    """A profile with what the specification wants of one that is published."""
    return {**definition, "status": "draft", "fhirVersion": "4.0.1"}


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (element("Patient.name", min=1), ""),
        (element("Patient.name.given", min=1), ""),
        (element("Patient.colour", min=1), "Patient.colour"),
        ({"id": "Patient.name", "path": "Patient.named"}, "Patient.named"),
    ],
)
def test_a_differential_fits_its_base(one: Json, problem: str) -> None:
    found = validator().validate(published(profile("a", "Patient", one)))
    assert [rule for rule, _ in errors(found)] == (["fhir-differential"] if problem else [])
    assert not problem or problem in said(found, "fhir-differential")


def test_what_the_base_fixes_stays_fixed() -> None:
    base = profile("a", "Patient", element("Patient.active", fixedBoolean=True))
    bent = profile("b", "Patient", element("Patient.active", fixedBoolean=False), base=HERE + "a")
    found = validator(base).validate(published(bent))
    assert errors(found) == [("fhir-differential", "StructureDefinition")]
    assert "Patient.active is fixed to True already" in said(found, "fhir-differential")


def search_parameter(**members: Any) -> Json:
    return {
        "resourceType": "SearchParameter",
        "url": HERE + "name",
        "name": "name",
        "status": "draft",
        "description": "A name",
        "code": "name",
        "base": ["Organization"],
        "type": "string",
        "expression": "Organization.name",
        "derivedFrom": NAME,
        **members,
    }


def test_a_derived_search_parameter_is_like_the_one_it_comes_from() -> None:
    check = validator()
    assert errors(check.validate(search_parameter())) == []
    assert errors(check.validate(search_parameter(type="token"))) == [
        ("fhir-search-type", "SearchParameter")
    ]
    assert errors(check.validate(search_parameter(base=["Organization", "Patient"]))) == [
        ("fhir-search-base", "SearchParameter")
    ]


def test_a_capability_statement_names_the_type_of_a_search_parameter() -> None:
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "draft",
        "date": "2026-01-01",
        "kind": "requirements",
        "description": "A server",
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+xml"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": "Organization",
                        "searchParam": [{"name": "name", "definition": NAME, "type": "token"}],
                    }
                ],
            }
        ],
    }
    assert errors(validator().validate(statement)) == [
        ("fhir-search-type", "CapabilityStatement.rest[0].resource[0].searchParam[0]")
    ]
