"""The examples of the French guides are valid against our reading of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.answers import validator
from tests.shared import shared
from tests.validation.fhir.planting import errors, told

EXAMPLES = sorted(shared("data/france/examples").glob("*.json"))

# What is wrong with an example itself, by its authors' slip.
SLIPS = {
    "Bundle-example-annexe-searchset-documentreferences": {
        ("fhir-bundle-full-url", "Bundle.entry[0].fullUrl"),
        ("fhir-bundle-full-url", "Bundle.entry[1].fullUrl"),
    }
}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_of_the_french_guides_is_valid(file: Path) -> None:
    issues = validator().validate(json.loads(file.read_text(encoding="utf-8")))
    found = {(rule, place) for rule, place, _ in errors(issues)}
    assert found == SLIPS.get(file.stem, set()), told(issues)
    # The guide of the directory is no part of the profile.
    unknown = [one.message for one in issues if one.rule == "fhir-profile-unknown"]
    assert all("/ig/fhir/annuaire/" in message for message in unknown), unknown
