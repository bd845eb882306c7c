"""The samples of the suite: valid ones are valid, and each broken one breaks its rule alone."""

from __future__ import annotations

import json

import pytest

from gateway.validation.fhir import rules
from gateway.validation.issue import Issue, IssueSeverity
from scripts.fhir_samples import FOLDER, broken, faults
from tests.answers import PROFILES, validator
from tests.validation.fhir.planting import Json, errors, told

VALID = sorted(file.stem for file in (FOLDER / "valid").glob("*.json"))
FAULTS = faults()

# Rules that no file breaks with the base definitions and our profiles alone, and why.
WITHOUT_SAMPLE = {
    "fhir-example-url": "said only where somebody asks for it",
    "fhir-reference-absent": "said only where somebody asks for it",
    "fhir-string-markup": "said only where somebody asks for it",
    "fhir-invariant-not-checked": "every invariant of these definitions is evaluated",
    "fhir-max-length": "no definition of R4 or ours limits a length",
    "fhir-min-value": "no definition of R4 or ours has one",
    "fhir-max-value": "no definition of R4 or ours has one",
    "fhir-profile-none": "no profile of ours lets one of several profiles hold",
    "fhir-reference-profile": "no profile of ours asks for profiles of targets",
    "fhir-slicing-not-checked": "every slice of ours can be decided",
    "fhir-slicing-order": "no slicing of ours is ordered",
    "fhir-too-deep": "a file of that size is no sample; tests/validation/fhir has one",
    "fhir-too-many": "a file of that size is no sample; tests/validation/fhir has one",
    "validate-id": "said by the operation $validate",
    "validate-mode": "said by the operation $validate",
}


def sample(folder: str, name: str) -> Json:
    resource: Json = json.loads((FOLDER / folder / f"{name}.json").read_text(encoding="utf-8"))
    return resource


def judged(resource: Json) -> dict[tuple[str, str, str], Issue]:
    return {(i.rule, i.location, i.message): i for i in validator().validate(resource)}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_sample_is_valid(name: str) -> None:
    issues = validator().validate(sample("valid", name))
    assert errors(issues) == [], told(issues)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["rule"])
def test_a_broken_sample_breaks_its_rule_and_no_other(fault: Json) -> None:
    before = judged(sample("valid", fault["file"]))
    found = [
        issue
        for key, issue in judged(sample("broken", fault["rule"])).items()
        # A recommendation to write a narrative says nothing about what was changed.
        if key not in before and issue.rule != "dom-6"
    ]
    assert (fault["rule"], fault["location"]) in [(i.rule, i.location) for i in found], told(found)
    others = {
        i.rule
        for i in found
        if i.rule != fault["rule"] and i.severity is not IssueSeverity.INFORMATION
    }
    assert others == set(fault.get("besides", ())), told(found)


def test_the_broken_samples_are_what_the_table_makes_of_the_valid_ones() -> None:
    stored = {f.name: f.read_text(encoding="utf-8") for f in (FOLDER / "broken").glob("*.json")}
    assert stored == dict(broken()), "run: python -m scripts.fhir_samples"


def test_every_rule_has_a_sample_or_a_reason_for_none() -> None:
    told_of = {rule.rule for rule in rules()}
    with_sample = {fault["rule"] for fault in FAULTS}
    assert told_of - with_sample == WITHOUT_SAMPLE.keys()


def test_every_invariant_of_our_profiles_has_a_sample() -> None:
    ours = set()
    for name in ("ihe", "fr-dmp"):
        for file in (PROFILES / name / "structure-definitions").glob("StructureDefinition-*.json"):
            for element in json.loads(file.read_text(encoding="utf-8"))["snapshot"]["element"]:
                # Our invariants carry their source; those of the base definitions do not.
                ours |= {c["key"] for c in element.get("constraint", ()) if "source" in c}
    assert ours == {f["rule"] for f in FAULTS if not f["rule"].startswith("fhir-")} - {"ele-1"}
