"""Every rule of the French record is broken once, by itself, and found where it was broken."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from gateway.errors import Finding, Severity
from gateway.model.datatypes import Code
from gateway.profile import Profile, read_profile
from gateway.validation import ProfileRules, Transaction
from scripts.faults.french import BESIDES, BREAKS, ENTRY, GOOD, entry

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
NOW = "20261121093000"


@cache
def profile() -> Profile:
    return read_profile("fr-dmp", PROFILES)


@cache
def rules(environment: str = "test") -> ProfileRules:
    return ProfileRules.of(profile(), environment=environment)


def found(
    rule: str, transaction: Transaction = Transaction.PROVIDE_AND_REGISTER
) -> tuple[Finding, ...]:
    broken = next(r for r in profile().rules if r.id == rule)
    environment = broken.environments[0] if broken.environments else "test"
    return rules(environment).check(BREAKS[rule](GOOD), transaction, NOW)


def test_a_good_submission_breaks_no_rule() -> None:
    assert rules().check(GOOD, Transaction.PROVIDE_AND_REGISTER, NOW) == ()


def test_every_rule_has_a_change_that_breaks_it() -> None:
    assert set(BREAKS) == {rule.id for rule in profile().rules}


@pytest.mark.parametrize("rule", BREAKS)
def test_a_broken_rule_is_found_and_no_other_one(rule: str) -> None:
    findings = found(rule)
    assert {f.rule for f in findings} == {rule} | BESIDES.get(rule, set())
    broken = next(r for r in profile().rules if r.id == rule)
    for finding in findings:
        if finding.rule == rule:
            assert finding.severity is Severity(broken.severity)
            assert finding.location
            assert "{value}" not in finding.message


def test_rules_speak_both_languages_and_name_their_source() -> None:
    for rule in profile().rules:
        assert set(rule.message) == {"en", "fr"}, rule.id
        assert rule.source, rule.id
        assert rule.mark in {"V", "S", "B"}, rule.id
    french = ProfileRules.of(profile(), language="fr")
    (finding,) = french.check(BREAKS["fr-de-037"](GOOD), Transaction.PROVIDE_AND_REGISTER, NOW)
    assert "doit être fourni" in finding.message


def test_a_gateway_that_reports_refuses_nothing() -> None:
    soft = ProfileRules.of(profile(), report=True)
    for change in BREAKS.values():
        findings = soft.check(change(GOOD), Transaction.PROVIDE_AND_REGISTER, NOW)
        assert not any(f.is_error for f in findings)


@pytest.mark.parametrize("rule", ["fr-de-050", "fr-de-052", "fr-de-055", "fr-de-057", "fr-ss-021"])
def test_an_update_may_carry_codes_of_older_documents(rule: str) -> None:
    assert any(f.is_error for f in found(rule))
    assert not any(f.is_error for f in found(rule, Transaction.UPDATE))


def test_an_update_may_not_take_the_level_away() -> None:
    level = entry(confidentiality_code=(Code("MASQUE_PS", "1.2.250.1.213.1.1.4.13"),))
    findings = rules().check(level(GOOD), Transaction.UPDATE, NOW)
    assert [(f.rule, f.is_error) for f in findings] == [("fr-de-070", True)]


def test_what_the_standard_found_missing_is_not_told_twice() -> None:
    untitled = replace(GOOD, document_entries=(replace(ENTRY, title=()),))
    location = "DocumentEntry[document].title"
    already = (next(f for f in found("fr-de-033")),)
    assert already[0].location == location
    standard = replace(already[0], rule="required")
    findings = rules().check(untitled, Transaction.UPDATE, NOW, already=(standard,))
    assert location not in {f.location for f in findings}


def test_findings_show_no_person() -> None:
    for rule in BREAKS:
        for finding in found(rule):
            assert "FICTIVE" not in finding.message
            assert "258043799904261" not in finding.message
            assert "1958" not in finding.message
