"""Rules of an invented country: how they are read, inherited, refused and run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.document_registry import DocumentRegistry
from gateway.model.datatypes import Code, DateTime, LocalizedString, Person
from gateway.model.submission import Submission
from gateway.profile import Profile, ProfileFault, Validity, read_profile
from gateway.validation import ProfileRules, Transaction
from gateway.validation.rule_kinds import FORMATS, KINDS
from scripts.faults.french import BREAKS, ENTRY, GOOD, SET

ROOT = Path(__file__).resolve().parents[2]
NOW = "20261121093000"

RULE = """
[[rule]]
id = "zz-1"
severity = "error"
source = "Zedland 4.1, section 12"
message.en = "found {value}"
"""
TITLED = RULE + 'object = "DocumentEntry"\nattribute = "title"\n'

SETTINGS = (
    "# oid 2.999.80\n# date 2026-01-01\n# source Zedland\n"
    "code\tsystem\tdisplay\tvalid_from\tvalid_to\n"
    "WARD\t2.999.8\tWard\t\t\n"
    "TENT\t2.999.8\tTent\t2020-01-01\t2026-11-21\n"
)


def zedland(folder: Path, rules: str, name: str = "zz", head: str = "", **files: str) -> Profile:
    """Write a profile that extends ihe, beside a copy of it, and read it."""
    if not (folder / "ihe").exists():
        (folder / "ihe").symlink_to(ROOT / "profiles" / "ihe", target_is_directory=True)
    place = folder / name
    (place / "value-sets").mkdir(parents=True)
    extends = "" if "extends" in head else 'extends = "ihe"\n'
    (place / "profile.toml").write_text(f'name = "{name}"\ntitle = "Z"\n{extends}{head}')
    (place / "rules.toml").write_text(rules, encoding="utf-8")
    for file, text in files.items():
        (place / "value-sets" / f"{file}.tsv").write_text(text, encoding="utf-8")
    return read_profile(name, folder)


def broken(profile: Profile, submission: Submission = GOOD, **options: Any) -> list[str]:
    """The messages of the rules that a submission breaks."""
    rules = ProfileRules.of(profile, **options)
    return [f.message for f in rules.check(submission, Transaction.REGISTER, NOW)]


def entry(**changes: Any) -> Submission:
    return replace(GOOD, document_entries=(replace(ENTRY, **changes),))


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ("rule = 3", "rule"),
        ("[[rules]]\nid = 'zz-1'", "rules is none of"),
        ("[[rule]]\nseverity = 'error'", "(without id)"),
        (TITLED, "kind is missing"),
        (TITLED.replace("error", "fatal") + "kind = 'present'", "'fatal'"),
        (TITLED.replace("message.en", "message.fr") + "kind = 'present'", "message.en"),
        (TITLED + "kind = 'present'\n" + TITLED + "kind = 'present'", "two rules have the id zz-1"),
        (TITLED + "kind = 'beautiful'", "kind 'beautiful'"),
        (TITLED + "kind = 'present'\nloud = 3", "has no parameter loud"),
        (TITLED + "kind = 'one_of'", "needs the parameter values"),
        (TITLED + "kind = 'one_of'\nvalues = 'a'", "values has the wrong form"),
        (TITLED + "kind = 'cardinality'\nmin = true", "min has the wrong form"),
        (TITLED + "kind = 'pattern'\npattern = '('", "no regular expression"),
        (TITLED + "kind = 'format'\nformat = 'pretty'", "format 'pretty'"),
        (TITLED + "kind = 'present'\ntransactions = ['ITI-1']", "ITI-1"),
        (TITLED + "kind = 'present'\nenvironments = ['moon']", "'moon'"),
        (TITLED + "kind = 'present'\ncode = 'XDSNothing'", "XDSNothing"),
        (TITLED + "kind = 'present'\nwhen = [{ attribute = 'title' }]", "a condition has"),
        (TITLED + "kind = 'present'\nwhen = [{ one_of = ['a'] }]", "names no attribute"),
        (TITLED + "kind = 'present'\nwhen = [{ attribute = 'a', present = true }]", "'a'"),
        (TITLED + "kind = 'number_of'\nof = 'Folder'", "does not look at"),
        (TITLED + "kind = 'value_set'\nvalue_sets = ['gone']", "gone is no file"),
        (TITLED + "kind = 'map'\nmap = 'type_to_class'\nfrom = 'typeCode'", "no coded attribute"),
        (TITLED.replace('"title"', '"titel"') + "kind = 'present'", "no attribute 'titel'"),
        (TITLED.replace('"title"', '"title.colour"') + "kind = 'present'", "no part 'colour'"),
        (TITLED.replace('"DocumentEntry"', '"Document"') + "kind = 'present'", "'Document'"),
        ("without = ['zz-9']", "zz-9"),
    ],
)
def test_a_rule_nobody_can_carry_out_stops_the_start(tmp_path: Path, rules: str, word: str) -> None:
    with pytest.raises(ProfileFault) as fault:
        ProfileRules.of(zedland(tmp_path, rules))
    assert word in str(fault.value)
    assert "rules.toml" in str(fault.value)


def test_a_country_inherits_rules_says_them_again_and_leaves_them_out(tmp_path: Path) -> None:
    two = TITLED + 'kind = "absent"\n' + TITLED.replace("zz-1", "zz-2") + 'kind = "absent"\n'
    zedland(tmp_path, two)
    yy = zedland(tmp_path, "", "yy", 'extends = "zz"\n')
    assert [rule.id for rule in yy.rules] == ["zz-1", "zz-2"]
    softer = TITLED.replace("error", "warning") + 'kind = "absent"\n'
    xx = zedland(tmp_path, 'without = ["zz-2"]\n' + softer, "xx", 'extends = "zz"\n')
    assert [(rule.id, rule.severity) for rule in xx.rules] == [("zz-1", "warning")]


def test_without_rules_nothing_is_looked_at() -> None:
    plain = ProfileRules.of(read_profile("ihe", ROOT / "profiles"))
    assert not plain
    assert plain.check(BREAKS["fr-de-037"](GOOD), Transaction.REGISTER, NOW) == ()


def test_every_kind_is_tried_by_some_rule() -> None:
    french = read_profile("fr-dmp", ROOT / "profiles")
    assert set(KINDS) - {rule.kind for rule in french.rules} == {"length"}


def test_a_length_is_bounded_on_both_sides(tmp_path: Path) -> None:
    profile = zedland(tmp_path, TITLED + 'kind = "length"\nmin = 3\nmax = 12')
    assert broken(profile) == []
    titles = (LocalizedString("ab"), LocalizedString("a" * 13))
    assert broken(profile, entry(title=titles)) == ["found 'ab'", "found 'aaaaaaaaaaaaa'"]


def test_attributes_of_one_object_are_compared(tmp_path: Path) -> None:
    rules = RULE + (
        'object = "DocumentEntry"\nattribute = "creationTime"\nkind = "same_as"\n'
        'other = "serviceStartTime"'
    )
    profile = zedland(tmp_path, rules)
    assert broken(profile) == ["found ''", "found ''"]
    assert broken(profile, entry(creation_time=ENTRY.service_start_time)) == []


def test_conditions_are_all_needed_and_exceptions_all_spare(tmp_path: Path) -> None:
    conditions = """
when = [
    { attribute = "mimeType", one_of = ["text/xml"] },
    { attribute = "languageCode", matches = "fr-.*" },
]
unless = [
    { attribute = "title", present = true },
    { attribute = "legalAuthenticator.10", none_of = ["D"] },
]
"""
    profile = zedland(tmp_path, TITLED + 'kind = "present"' + conditions)
    assert broken(profile, entry(title=())) == ["found ''"]
    assert broken(profile, entry(title=(), language_code="en")) == []
    assert broken(profile, entry(title=(), mime_type="text/plain")) == []
    absent = zedland(tmp_path, TITLED + 'kind = "absent"' + conditions, "yy")
    system = Person("1^S^^^^^^^^U")
    assert broken(absent, entry()) == ["found 'Consultation'"]
    assert broken(absent, entry(legal_authenticator=system)) == []


def test_a_code_is_in_use_between_its_days(tmp_path: Path) -> None:
    rules = RULE + (
        'object = "DocumentEntry"\nattribute = "practiceSettingCode"\nkind = "value_set"\n'
        'value_sets = ["settings"]'
    )
    profile = zedland(tmp_path, rules, settings=SETTINGS)
    tents = profile.value_sets["settings"]
    assert tents.code_validity["TENT", "2.999.8"] == Validity(begin="20200101", end="20261121")

    def submitted(code: str, day: str) -> list[str]:
        submission = entry(practice_setting_code=Code(code, "2.999.8"))
        sets = (replace(SET, submission_time=DateTime(day)),)
        return broken(profile, replace(submission, submission_sets=sets))

    assert submitted("WARD", "1999") == []
    assert submitted("TENT", "20200101") == submitted("TENT", "20261120235959") == []
    assert submitted("TENT", "20261121") == submitted("TENT", "20191231235959") != []
    # Out of use is still known: who reads an older document gets its label.
    assert tents.codes["TENT", "2.999.8"].display == "Tent"
    assert submitted("TENT", "soon") != []  # which is no time, so that the clock counts


def test_a_whole_value_set_may_end(tmp_path: Path) -> None:
    head, table = SETTINGS.split("code\t", 1)
    ended = f"{head}# valid_to 2025-12-31\ncode\t{table}"
    settings = zedland(tmp_path, "", settings=ended).value_sets["settings"]
    assert settings.in_use(("WARD", "2.999.8"), "20251230")
    assert not settings.in_use(("WARD", "2.999.8"), "20251231")
    with pytest.raises(ProfileFault, match="valid_to is no day"):
        zedland(tmp_path, "", "yy", settings=ended.replace("2025-12-31", "someday"))
    twice = SETTINGS + "WARD\t2.999.8\tWard again\t\t\n"
    with pytest.raises(ProfileFault, match="two rows have the code WARD"):
        zedland(tmp_path, "", "xx", settings=twice)


def test_a_pattern_is_not_tried_on_what_is_too_long(tmp_path: Path) -> None:
    profile = zedland(tmp_path, TITLED + "kind = 'pattern'\npattern = '(a*)*'")
    assert broken(profile, entry(title=(LocalizedString("a" * 100),))) == []
    (message,) = broken(profile, entry(title=(LocalizedString("a" * 1_000_000),)))
    assert len(message) < 200


class _NoonClock:
    def now(self) -> str:
        return NOW


def test_the_registry_answers_rules_of_standard_and_country_together() -> None:
    profile = read_profile("fr-dmp", ROOT / "profiles")
    registry = DocumentRegistry(
        store=None,  # type: ignore[arg-type]
        clock=_NoonClock(),
        new_uuid=lambda: "",
        fingerprint=lambda submission, documents: b"",
        rules=ProfileRules.of(profile),
    )
    bare = replace(ENTRY, legal_authenticator=None, class_code=None, title=(), size=None)
    submission = replace(GOOD, document_entries=(bare, *GOOD.document_entries[1:]))
    findings = registry.check(submission, Transaction.REGISTER)
    assert {"required", "fr-de-037", "fr-de-033"} <= {f.rule for f in findings}
    # What both ask for is told once, by the standard.
    places = [f.location for f in findings if f.location.endswith(".classCode")]
    assert places == ["DocumentEntry[document].classCode"]


def test_the_reference_describes_every_kind_and_format() -> None:
    page = (ROOT / "docs" / "reference" / "profile-rules.md").read_text(encoding="utf-8")
    described = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert set(KINDS) <= described
    for name in FORMATS:
        assert f"`{name}`" in page
