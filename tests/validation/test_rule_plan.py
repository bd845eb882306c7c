"""Rules asked together by what an object shows, and each rule asked alone: the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.model.datatypes import Author, Code, Identifier, Person
from gateway.model.submission import Submission
from gateway.profile import Profile, read_profile
from gateway.validation.attributes import View, sight_of
from gateway.validation.rule_kinds import Guarded, Scope, make_check
from gateway.validation.rule_parameters import fulfils
from gateway.validation.rule_plan import Plan
from scripts.faults.french import BREAKS, ENTRY, GOOD

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
MOMENTS = ("20261121093000", "2026", "20130123", "1999")


@pytest.fixture(scope="module")
def french() -> Profile:
    return read_profile("fr-dmp", PROFILES)


def objects(submission: Submission) -> Iterator[tuple[str, Any]]:
    yield "Submission", submission
    for item in (
        *submission.submission_sets,
        *submission.document_entries,
        *submission.folders,
        *submission.associations,
    ):
        yield type(item).__name__, item
        for author in getattr(item, "author", ()):
            yield "Author", author


def alone(rule: Guarded, object_name: str, item: Any, scope: Scope) -> list[str]:
    """What is wrong by one rule, asked without any shortcut."""
    if not fulfils(object_name, rule.when)(item):
        return []
    if rule.unless and fulfils(object_name, rule.unless)(item):
        return []
    view = rule.check.view
    seen = sight_of(object_name, view).reader()(item) if view else ()
    return list(rule.check.wrong(seen, item, scope))


def strange() -> Iterator[Submission]:
    """Submissions whose values are absent, repeated, escaped or empty."""
    yield Submission()
    for changes in (
        {"patient_id": None, "legal_authenticator": None, "author": ()},
        {"patient_id": Identifier(r"1\T\2^^^&1.2.250.1.213.1.4.10\T\&ISO^\E\NH")},
        {"legal_authenticator": Person("^^^^^^^^^D^^^RI"), "title": ENTRY.title * 3},
        {"source_patient_info": ("PID-8|F~", "PID-8|M", "", "PID-5", "PID-5|~^^^^^^D~^^^^^^L")},
        {"confidentiality_code": (Code("N"), Code(""), *ENTRY.confidentiality_code * 2)},
        {"class_code": Code("", ""), "type_code": Code("\0"), "size": 0, "uri": ""},
        {"author": (Author(role=("", "^"), specialty=("a^b^c", "a^^^&2.999&ISO")),)},
    ):
        entry: Any = replace(ENTRY, **changes)
        yield replace(GOOD, document_entries=(entry, ENTRY, entry))


@pytest.mark.parametrize("moment", MOMENTS)
def test_rules_asked_together_answer_as_each_alone(french: Profile, moment: str) -> None:
    by_object: dict[str, list[Guarded]] = {}
    for rule in french.rules:
        by_object.setdefault(rule.object, []).append(make_check(rule, french))
    plans = {name: Plan(name, rules) for name, rules in by_object.items()}
    told = 0
    for submission in (GOOD, *strange(), *(change(GOOD) for change in BREAKS.values())):
        scope = Scope(submission=submission, moment=moment)
        for name, item in objects(submission):
            expected = [
                (number, value)
                for number, rule in enumerate(by_object[name])
                for value in alone(rule, name, item, scope)
            ]
            left = plans[name].left(item, scope)
            assert plans[name].breaches(left, item, scope) == expected
            told += len(expected)
    assert told > len(BREAKS)


def test_a_right_object_leaves_only_rules_about_more_than_one_attribute(french: Profile) -> None:
    rules = [
        rule
        for rule in french.rules
        if rule.object == "DocumentEntry" and rule.environments != ("production",)
    ]
    plan = Plan("DocumentEntry", [make_check(rule, french) for rule in rules])
    left = plan.left(ENTRY, Scope(submission=GOOD, moment=MOMENTS[0]))
    kinds = {rule.kind for number, rule in enumerate(rules) if left >> number & 1}
    assert kinds <= {"map", "same_as", "linked"}


@pytest.mark.parametrize(
    ("path", "lines", "seen"),
    [
        ("sourcePatientInfo", ("PID-8|F", ""), ("PID-8|F",)),
        ("sourcePatientInfo.name", ("PID-8|F", "PID-7", "|x"), ("PID-8", "PID-7")),
        ("sourcePatientInfo.PID-8", ("PID-8|F~", "PID-7|1", "PID-8|M"), ("F", "M")),
        ("sourcePatientInfo.PID-8", ("PID-8", "PID-88|F"), ()),
        ("sourcePatientInfo.PID-5.7", (r"PID-5|^^^^^^L~a", r"PID-5|^^^^^^\T\|x"), ("L", "&|x")),
    ],
)
def test_lines_of_one_field_are_seen_together(
    path: str, lines: tuple[str, ...], seen: tuple[str, ...]
) -> None:
    read = sight_of("DocumentEntry", View(path)).reader()
    assert read(replace(ENTRY, source_patient_info=lines)) == seen
