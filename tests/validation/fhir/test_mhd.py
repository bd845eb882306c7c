"""MHD: the guide's examples are valid, and one planted fault each is found, and nothing else.

Both hold with the definitions the guide publishes and with ours (``profiles/ihe``). The examples
lie outside the project; the faults are our own.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from gateway.validation.fhir import Definitions, Validator
from tests.shared import shared
from tests.validation.fhir.faults_mhd import FAULTS
from tests.validation.fhir.planting import Fault, Json, difference, errors, planted, told

PROFILES = Path(__file__).resolve().parents[3] / "profiles"
CORE = PROFILES / "fhir-r4" / "core.zip"
EXAMPLES = shared("data/ihe/mhd/examples")
NAMES = sorted(file.stem for file in EXAMPLES.glob("*.json"))

DEFINITIONS = {
    "ours": (PROFILES / "ihe" / "structure-definitions",),
    "official": (shared("data/ihe/balp"), shared("data/ihe/mhd")),
}


@cache
def validator(which: str) -> Validator:
    return Validator(Definitions.load(CORE, DEFINITIONS[which]))


def example(name: str) -> Json:
    resource: Json = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return resource


def test_there_are_examples_of_every_kind() -> None:
    kinds = {example(name)["resourceType"] for name in NAMES}
    assert kinds >= {"AuditEvent", "Bundle", "DocumentReference", "List", "Parameters"}
    assert len(NAMES) >= 31


@pytest.mark.parametrize("which", DEFINITIONS)
@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid(name: str, which: str) -> None:
    issues = validator(which).validate(example(name))
    assert errors(issues) == [], told(issues)


@pytest.mark.parametrize("which", DEFINITIONS)
def test_no_profile_of_an_example_is_unknown(which: str) -> None:
    unknown = {
        issue.message
        for name in NAMES
        for issue in validator(which).validate(example(name))
        if issue.rule in ("fhir-profile-unknown", "fhir-extension-unknown")
    }
    assert unknown == set()


@pytest.mark.parametrize("which", DEFINITIONS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_and_nothing_else(fault: Fault, which: str) -> None:
    issues = validator(which).validate(planted(example(fault.file), fault))
    assert difference(fault, issues) == "", told(issues)


def test_the_faults_are_of_every_sort() -> None:
    rules = {fault.rule for fault in FAULTS}
    assert len(FAULTS) >= 60
    assert rules >= {
        "fhir-unknown-element", "fhir-minimum", "fhir-maximum", "fhir-type", "fhir-primitive",
        "fhir-array", "fhir-empty", "fhir-fixed", "fhir-pattern", "fhir-slicing-closed",
        "fhir-binding-required", "fhir-reference-target", "fhir-reference-aggregation",
        "fhir-reference-unresolved", "dom-3", "bdl-7", "per-1", "mhd-startswithuuid",
        "val-audit-source",
    }  # fmt: skip
