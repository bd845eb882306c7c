"""Each sample is found to break exactly its rule, every rule has one, and the files are fresh."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path

import pytest

from conformance.judges import Context, judge
from conformance.report.values import Judgement, Verdict
from gateway.profile import read_profile
from gateway.validation.issue import IssueSeverity
from gateway.validation.rules import base_rules, rules
from scripts.faults.__main__ import index, samples

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "samples" / "conformance" / "xds"
INDEX = json.loads((FOLDER / "index.json").read_text())
MUTATIONS = tomllib.loads((FOLDER / "mutations.toml").read_text(encoding="utf-8"))


@cache
def context(profile: str, environment: str) -> Context:
    return Context(
        profiles=ROOT / "profiles",
        profile_name=profile,
        environment=environment,
        now=INDEX["now"],
    )


@cache
def judged(file: str, profile: str, environment: str) -> Judgement:
    return judge(file, (FOLDER / file).read_bytes(), context(profile, environment))


@pytest.mark.parametrize("row", INDEX["samples"], ids=lambda row: row["file"])
def test_a_sample_breaks_its_rule_and_no_other_one(row: dict[str, str]) -> None:
    found = judged(row["file"], row["profile"], row["environment"]).findings
    told = {
        issue.rule
        for issue in found
        if issue.severity is not IssueSeverity.INFORMATION or issue.rule == row["rule"]
    }
    assert told - set(row["also"]) == ({row["rule"]} if row["rule"] else set())
    for issue in found:
        assert "{value}" not in issue.message
        if issue.rule in base_rules() or issue.rule.startswith("fr-"):
            assert issue.message_fr, issue.rule
            assert issue.source, issue.rule


def test_right_messages_pass() -> None:
    right = [row for row in INDEX["samples"] if not row["rule"]]
    assert len(right) > 20
    for row in right:
        verdict = judged(row["file"], row["profile"], row["environment"]).verdict
        assert verdict is Verdict.PASS, row["file"]


def test_every_rule_has_a_sample_or_a_reason_for_having_none() -> None:
    every = {text.rule for text in rules(read_profile("fr-dmp", ROOT / "profiles"))}
    every |= {text.rule for text in rules(read_profile("ihe", ROOT / "profiles"))}
    broken = {row["rule"] for row in INDEX["samples"]} - {""}
    never = {row["rule"]: row["reason"] for row in MUTATIONS["never"]}
    assert broken | set(never) == every
    assert broken & set(never) == set()
    assert all(never.values())


def test_what_is_told_besides_has_a_reason() -> None:
    reasons = {row["rule"]: (row["also"], row["reason"]) for row in MUTATIONS["together"]}
    for row in INDEX["samples"]:
        if row["rule"].startswith("fr-") and row["also"]:
            also, reason = reasons[row["rule"]]
            assert also == row["also"]
            assert reason


def test_the_files_are_what_the_script_writes() -> None:
    written = {one.name: one.octets for one in samples()}
    there = {path.name for path in FOLDER.iterdir()} - {"README.md", "index.json", "mutations.toml"}
    assert there == set(written)
    for name, octets in written.items():
        if name == "xdm-size.zip":
            continue  # compressed, and compressors differ
        assert (FOLDER / name).read_bytes() == octets, name
    assert (FOLDER / "index.json").read_bytes() == index()


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000


def test_findings_in_metadata_have_lines_and_columns() -> None:
    issues = judged("xds-format.xml", "ihe", "test").findings
    text = (FOLDER / "xds-format.xml").read_text().splitlines()
    (issue,) = issues
    assert issue.position is not None
    tag = text[issue.position.line - 1][issue.position.column - 1 :]
    assert tag.startswith("<") and 'name="creationTime"' in tag
