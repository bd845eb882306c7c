"""``gateway profile check``: what a profile holds, and where its parts do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.validation.profile_check import check_profile

PROFILES = Path(__file__).resolve().parents[2] / "profiles"
RUN = CliRunner()

PROFILE = """
name = "zz"
title = "Zedland"
version = "4.1"
extends = "ihe"
realm = ["ZZ"]

[value_sets]
type_code = ["types"]
class_code = ["classes"]
format_code = ["formats"]

[metadata_from_cda.default.format_code]
code = "free"
scheme = "2.999.3"
"""
NAMING = """
[[system]]
oid = "2.999.1"
uri = "https://zz.example/types"
label = "types of Zedland"

[[system]]
oid = "2.999.2"
uri = "https://zz.example/types"
"""
HEAD = "# oid 2.999.9\n# date 2026-01-01\n# source invented\ncode\tsystem\tdisplay\n"


@pytest.fixture
def zedland(tmp_path: Path) -> Path:
    """A profile that can be used, and in which nothing fits anything else."""
    (tmp_path / "ihe").symlink_to(PROFILES / "ihe", target_is_directory=True)
    place = tmp_path / "zz"
    for name, text in {
        "profile.toml": PROFILE,
        "naming.toml": NAMING,
        "rules.toml": "",
        "value-sets/types.tsv": HEAD + "A\t2.999.1\tLetter\nB\t2.999.1\tNote\n",
        "value-sets/classes.tsv": HEAD + "1\t2.999.2\tPaper\n",
        "value-sets/formats.tsv": "code\tsystem\nplain\t2.999.3\n",
        "maps/type_to_class.tsv": (
            "type_code\ttype_system\tclass_code\tclass_system\n"
            "A\t2.999.1\t2\t2.999.2\nC\t2.999.1\t1\t2.999.2\n"
        ),
        "maps/type_to_klass.tsv": "",
    }.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_what_does_not_fit_is_remarked(zedland: Path) -> None:
    report = check_profile("zz", zedland)
    remarks = {f"{remark.file}: {remark.message}" for remark in report.remarks}
    assert remarks >= {
        "maps/type_to_klass.tsv: no map has this name; nobody reads it",
        "maps/type_to_class.tsv: types in use have no class: B",
        "maps/type_to_class.tsv: types are in no value set of type_code: C",
        "maps/type_to_class.tsv: leads to codes that are not in classes: 2",
        "profile.toml, default of format_code: leads to codes that are not in formats: free",
        "value-sets/formats.tsv: does not say its oid",
        "value-sets/formats.tsv: does not say its date",
        "value-sets/formats.tsv: does not say its source",
        "naming.toml: https://zz.example/types is the name of 2.999.1 and 2.999.2",
        "naming.toml: 2.999.3 (in formats) has no name; FHIR clients see its OID",
    }


def test_what_it_holds_is_told(zedland: Path) -> None:
    holds = dict(check_profile("zz", zedland).holds)
    assert holds["extends"] == "ihe"
    assert holds["value sets"] == "3 with 4 codes"
    assert holds["rules"] == "none"


def test_rules_that_speak_one_language_less_are_named(zedland: Path) -> None:
    rule = (
        '[[rule]]\nid = "zz-1"\nseverity = "error"\nobject = "Folder"\nattribute = "title"\n'
        'kind = "present"\nsource = "s"\nmessage.en = "m"\n'
    )
    both = rule.replace("zz-1", "zz-2") + 'message.zz = "z"\n'
    (zedland / "zz" / "rules.toml").write_text(rule + both, encoding="utf-8")
    remarks = [r.message for r in check_profile("zz", zedland).remarks if r.file == "rules.toml"]
    assert remarks == ["have no message in zz: zz-1"]


@pytest.mark.parametrize("name", ["ihe", "fr-dmp"])
def test_the_profiles_that_come_with_the_product_can_be_used(name: str) -> None:
    report = check_profile(name, PROFILES)
    assert dict(report.holds)["title"]
    # Every type of the record has a class, every default is in use; what the publisher's own
    # tables do not agree about is remarked.
    assert not [r for r in report.remarks if "no class" in r.message or "default" in r.file]


def test_the_command_tells_all_profiles_and_fails_for_one_that_cannot_be_used(
    zedland: Path,
) -> None:
    good = RUN.invoke(app, ["profile", "check", "--folder", str(zedland)])
    assert good.exit_code == 0, good.output
    assert "zz can be used" in good.output
    assert "ihe can be used" in good.output
    strict = RUN.invoke(app, ["profile", "check", "zz", "--strict", "--folder", str(zedland)])
    assert strict.exit_code == 1
    (zedland / "zz" / "rules.toml").write_text("[[rule]]\n", encoding="utf-8")
    bad = RUN.invoke(app, ["profile", "check", "--folder", str(zedland)])
    assert bad.exit_code == 1
    assert "zz cannot be used" in bad.output
    assert "ihe can be used" in bad.output


def test_a_profile_that_is_not_there_is_told_so(zedland: Path) -> None:
    done = RUN.invoke(app, ["profile", "check", "yy", "--folder", str(zedland)])
    assert done.exit_code == 2
    assert "has no profile yy; it has ihe, zz" in " ".join(done.output.split())
    done = RUN.invoke(app, ["profile", "check", "--folder", str(zedland / "zz")])
    assert done.exit_code == 2


def test_a_command_checks_the_profiles_of_the_settings() -> None:
    done = RUN.invoke(app, ["profile", "check", "fr-dmp"])
    assert done.exit_code == 0, done.output
    assert "124 (103 errors, 21 warnings)" in done.output
