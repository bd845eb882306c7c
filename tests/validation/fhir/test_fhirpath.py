"""FHIRPath: what expressions yield, what is refused, and the share of the public suite."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.codecs.fhir.lexical import Lexical
from gateway.validation.fhir.fhirpath import evaluate, evaluator
from gateway.validation.fhir.fhirpath_items import plain
from gateway.validation.fhir.invariants import Focus, NotEvaluated, compiled
from tests.validation.fhir.fhirpath_suite import passes, suite_file, suite_tests

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "birthDate": "1970-03-30",
    "_birthDate": {
        "extension": [{"url": "http://a/time", "valueDateTime": "1970-03-30T10:00:00Z"}]
    },
    "name": [
        {"use": "official", "family": "Zed", "given": ["Ann", "Bea"]},
        {"_family": {"extension": [{"url": "http://a/own", "valueCode": "x"}]}},
    ],
    "multipleBirthInteger": 2,
    "contact": [{"telecom": [{"rank": 1, "value": "1"}, {"rank": 2}]}],
    "managingOrganization": {"reference": "#o"},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "O"}],
}


def of(expression: str, value: Any = PATIENT, type_code: str = "Patient", **more: Any) -> list[Any]:
    resource = more.pop("resource", PATIENT)
    return [plain(item) for item in evaluate(expression, Focus(value, type_code, resource, **more))]


@pytest.mark.parametrize(
    ("expression", "yields"),
    [
        ("Patient.name.given", ["Ann", "Bea"]),
        ("name.where(use = 'official').given.first()", ["Ann"]),
        ("name.family.count()", [2]),
        ("name.family.hasValue()", [False]),
        ("name[1].family.extension('http://a/own').value", ["x"]),
        ("birthDate.extension.value is dateTime", [True]),
        ("multipleBirth", [2]),
        ("multipleBirth is integer", [True]),
        ("multipleBirth.ofType(boolean)", []),
        ("contact.telecom.rank.max() - 1", [1]),
        ("contact.telecom.all(rank > 0)", [True]),
        ("contact.telecom.select(rank & '-')", ["1-", "2-"]),
        ("contained.ofType(Organization).name", ["O"]),
        ("contained.where('#' + id in %resource.descendants().reference).exists()", [True]),
        ("active.type().name", ["boolean"]),
        ("birthDate < @1970-03-31", [True]),
        ("birthDate < @1970", []),
        ("birthDate + 1 month", ["1970-04-30"]),
        ("{} or true", [True]),
        ("{} and true", []),
        ("'a\\u0041\\n'.length()", [3]),
        ("1.50 = 1.5", [True]),
        ("1 'kg' = 1000 'g'", [True]),
        ("(1 | 2 | 2).count()", [2]),
        ("iif(active, 'yes', 'no')", ["yes"]),
        ("name.given.trace('given').count()", [2]),
        ("%ucum", ["http://unitsofmeasure.org"]),
        ("`name`.given[0]", ["Ann"]),
        ("name.given /* all */ .last() // one", ["Bea"]),
        ("1.587.lowBoundary()", [Decimal("1.58650000")]),
        ("(1 | 2 | 3).aggregate($total + $this, 0)", [6]),
        ("name.descendants().count() > 4", [True]),
        ("managingOrganization.reference.substring(1)", ["o"]),
        ("-1 + 3 * 2", [5]),
        ("7 div 2 + 7 mod 2", [4]),
        ("'abc'.matches('^a.c$') and 'abc'.contains('b')", [True]),
        ("(3 | 1 | 2).sort(-$this)", [3, 2, 1]),
    ],
)
def test_expressions_yield(expression: str, yields: list[Any]) -> None:
    assert of(expression) == yields


def test_an_element_is_evaluated_with_its_own_type() -> None:
    contact = PATIENT["contact"][0]
    assert of("telecom.rank is positiveInt", contact["telecom"][0], "ContactPoint") == []
    assert of("rank is positiveInt", contact["telecom"][0], "ContactPoint") == [True]
    assert of("telecom[1].rank", contact, "Patient.contact") == [2]
    assert of("%context.telecom.count()", contact, "Patient.contact") == [2]
    assert of("%resource.id", contact, "Patient.contact") == ["p"]


def test_a_structure_that_is_like_another_has_its_elements() -> None:
    part = {"name": "a", "valueBoolean": True}
    assert of("value is boolean", part, "Parameters.parameter.part") == [True]


def test_decimals_are_exact() -> None:
    assert of("value = 0.1 + 0.2", {"value": Lexical("0.30")}, "Quantity") == [True]
    assert of("value.toString()", {"value": Lexical("1.00")}, "Quantity") == ["1.00"]


def test_references_are_followed_where_their_target_is_at_hand() -> None:
    found = of("managingOrganization.resolve().name", resolve=lambda _: PATIENT["contained"][0])
    assert found == ["O"]
    with pytest.raises(NotEvaluated):
        of("managingOrganization.resolve()", resolve=lambda _: None)


class _Definitions:
    def member_of(self, value: Any, value_set: str) -> bool | None:
        return value == "a" if value_set == "http://known" else None

    def conforms_to(self, resource: Any, profile: str) -> bool | None:
        return profile == "http://mine"


def test_value_sets_and_profiles_are_asked_of_the_definitions() -> None:
    definitions = _Definitions()
    assert of("'a'.memberOf('http://known')", definitions=definitions) == [True]
    assert of("conformsTo('http://mine')", definitions=definitions) == [True]
    with pytest.raises(NotEvaluated, match="http://other"):
        of("'a'.memberOf('http://other')", definitions=definitions)
    with pytest.raises(NotEvaluated):
        of("'a'.memberOf('http://known')")


@pytest.mark.parametrize(
    "expression",
    ["name.", "name.noSuch()", "a b", "'open", "where(", "%unknown", "1 +", "name[0", "is()", "&"],
)
def test_what_is_not_understood_is_refused_when_it_is_compiled(expression: str) -> None:
    with pytest.raises(NotEvaluated):
        evaluator(expression)


@pytest.mark.parametrize(
    "expression", ["name.family + 1", "name = 1 < name", "(name | id) and true"]
)
def test_what_cannot_be_evaluated_is_no_alarm(expression: str) -> None:
    check = compiled("zz-2", expression)
    assert check(Focus(PATIENT, "Patient", PATIENT)) is None
    assert check.reason


def test_the_clock_is_left_to_the_library() -> None:
    assert compiled("zz-3", "birthDate <= today()")(Focus(PATIENT, "Patient", PATIENT)) is True


def test_most_of_the_public_suite_passes() -> None:
    file = suite_file()
    if file is None:
        pytest.skip("FHIR_TEST_CASES names no checkout of FHIR/fhir-test-cases")
    every = list(suite_tests(file))
    passed = sum(passes(test) for test in every)
    assert len(every) > 900
    assert passed / len(every) >= 0.95
