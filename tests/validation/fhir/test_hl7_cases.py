"""Our verdicts against those HL7's Java validator left for the public cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validation.fhir.hl7_cases import (
    Compared,
    cases,
    compare,
    folder_of_cases,
    manifest,
    r4_json,
)

LEAST_EQUAL = 132
MOST_FALSE_ALARMS = 1


@pytest.fixture(scope="module")
def folder() -> Path:
    found = folder_of_cases()
    if found is None:
        pytest.skip("FHIR_TEST_CASES names no checkout of FHIR/fhir-test-cases")
    return found


@pytest.fixture(scope="module")
def compared(folder: Path) -> list[Compared]:
    return compare(folder)


def test_the_cases_are_those_the_figure_is_about(folder: Path) -> None:
    chosen = list(cases(folder))
    assert len(manifest(folder)) == 974
    assert len(r4_json(folder)) == 447
    assert len(chosen) == 141
    assert sum(case.expected for case in chosen) == 74


def test_the_verdicts_are_those_of_the_java_validator(compared: list[Compared]) -> None:
    different = [one.case.name for one in compared if not one.agrees]
    assert len(compared) - len(different) >= LEAST_EQUAL, different


def test_hardly_anything_good_is_called_wrong(compared: list[Compared]) -> None:
    alarms = [one.case.name for one in compared if one.is_false_alarm]
    assert len(alarms) <= MOST_FALSE_ALARMS, alarms
