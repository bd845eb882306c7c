"""The twenty published French documents, described from their headers as a person read them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from gateway.codecs.cda.header import read_header
from gateway.errors import Finding
from gateway.model.datatypes import DateTime
from gateway.translators.cda_submission import DocumentToSubmit, submission_of
from gateway.validation import ProfileRules, Transaction, check_submission
from tests.translators.french_table import TABLE, described, documents, facts, french

NOW = "20261121120000"
EXPECTED = json.loads(TABLE.read_text(encoding="utf-8"))
DOCUMENTS = documents()
# Their patients have identities of production, which a test platform must not take.
PRODUCTION = {"CSE-MDE_2023.01", "OBP-SCM_2024.01", "eDISP-MED_2024.01"}


@cache
def rules(environment: str) -> ProfileRules:
    return ProfileRules.of(french(), environment=environment)


def findings(path: Path, environment: str) -> tuple[Finding, ...]:
    """What the standard and the French rules find in a submission of one document."""
    profile = french()
    submission = submission_of(
        [
            DocumentToSubmit(
                entry=described(path, profile).value,
                header=read_header(path.read_bytes()),
                profile=profile,
            )
        ],
        source_id="2.999.1.4",
        submission_time=DateTime(NOW),
    )
    assert check_submission(submission, Transaction.PROVIDE_AND_REGISTER) == ()
    return rules(environment).check(submission, Transaction.PROVIDE_AND_REGISTER, NOW)


def test_the_table_has_all_twenty_documents() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in DOCUMENTS)
    assert len(EXPECTED) == 20


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_described_as_the_table_says(path: Path) -> None:
    assert facts(path, french()) == EXPECTED[path.name]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_description_breaks_no_french_rule(path: Path) -> None:
    errors = {f.rule for f in findings(path, "test") if f.is_error}
    assert errors == ({"fr-de-012", "fr-ss-012"} if path.stem in PRODUCTION else set())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_production_takes_only_the_people_who_exist(path: Path) -> None:
    errors = {f.rule for f in findings(path, "production") if f.is_error}
    assert errors == (set() if path.stem in PRODUCTION else {"fr-de-013", "fr-ss-013"})


def test_what_is_told_and_not_refused_is_what_a_person_found_as_well() -> None:
    told = {
        path.stem: {f.rule for f in findings(path, "test") if not f.is_error} - {"fr-sb-002"}
        for path in DOCUMENTS
    }
    assert {name: rules for name, rules in told.items() if rules} == {
        # The matricule has a wrong key.
        "CSE-CS8_2025.01": {"fr-de-016"},
        "CSE-MDE_2023.01": {"fr-de-016"},
        # The same, and the author has no structure.
        "SDM-MR_2024.01_nouveau-ne": {"fr-de-016", "fr-au-022"},
        "TLM-DA_2022.01_TCG": {"fr-au-022"},
    }
