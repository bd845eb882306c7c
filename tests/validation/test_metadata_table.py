"""metadata.toml: what its rows say, the rules they make, and the standard's own table."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.profile import Profile, ProfileFault, read_profile
from gateway.profile.metadata import TRANSACTIONS, AttributeUse
from gateway.validation import objects
from gateway.validation.attributes import ATTRIBUTES
from gateway.validation.objects import Transaction
from gateway.validation.profile_rules import ProfileRules

PROFILES = Path(__file__).resolve().parents[2] / "profiles"


@pytest.fixture(scope="module")
def ihe() -> Profile:
    return read_profile("ihe", PROFILES)


def rows(profile: Profile) -> dict[tuple[str, str], AttributeUse]:
    return {(one.object, one.name): one for one in profile.metadata}


def test_the_transactions_of_the_table_are_those_that_are_checked() -> None:
    assert set(TRANSACTIONS) == {transaction.value for transaction in Transaction}


@pytest.mark.parametrize("name", ["ihe", "fr-dmp"])
def test_every_row_is_about_an_attribute_there_is(name: str) -> None:
    for one in read_profile(name, PROFILES).metadata:
        assert one.name in ATTRIBUTES[one.object]


def test_the_table_of_the_standard_says_what_its_checks_ask_for(ihe: Profile) -> None:
    table = rows(ihe)
    for transaction in Transaction:
        asked = objects.required_in(transaction)
        told = {
            name
            for (kind, name), one in table.items()
            if kind == "DocumentEntry" and one.use(transaction.value).least and not one.note
        }
        assert told == asked, transaction
        forbidden = objects.forbidden_in(transaction)
        told = {name for (_, name), one in table.items() if one.use(transaction.value).most == 0}
        assert told == forbidden, transaction
    for kind, required in (
        ("SubmissionSet", objects.SET_REQUIRED),
        ("Folder", objects.FOLDER_REQUIRED),
    ):
        told = {n for (k, n), one in table.items() if k == kind and one.cardinality.least}
        assert told - {"entryUUID"} == {attribute for _, attribute in required}


def test_the_standard_makes_no_rule_twice(ihe: Profile) -> None:
    assert ihe.rules == ()


def test_a_row_makes_its_rules(tmp_path: Path) -> None:
    profile = made(
        tmp_path,
        """
        [[attribute]]
        object = "DocumentEntry"
        name = "title"
        cardinality = "1..2"
        in = { ITI-57 = "0..*" }
        source = "a text"
        mark = "V"
        [attribute.rule]
        id = "qq-1"
        update_severity = "warning"
        unless_limited = true
        """,
    )
    (rule,) = profile.rules
    assert (rule.id, rule.kind, dict(rule.parameters)) == (
        "qq-1",
        "cardinality",
        {"min": 1, "max": 2},
    )
    assert (rule.severity, rule.update_severity, rule.source) == ("error", "warning", "a text")
    assert "ITI-57" not in rule.transactions
    assert "ITI-41" in rule.transactions
    assert rule.unless[0].attribute == "limitedMetadata"
    assert rule.message["en"] and rule.message["fr"]
    assert ProfileRules.of(profile)
    (row,) = profile.metadata
    assert row.rules == ("qq-1",)
    assert (row.use("ITI-57").text, row.use("ITI-41").word) == ("0..*", "required")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            'object = "DocumentEntry"\nname = "title"\ncardinality = "2..1"',
            "cardinality is such as",
        ),
        ('object = "DocumentEntry"\nname = "title"\ncardinality = "1..0"', "ends before it begins"),
        ('object = "DocumentEntry"\ncardinality = "1..1"', "object and name are needed"),
        ('object = "A"\nname = "b"\ncardinality = "1..1"\nmay = 1', "may is none of"),
        (
            'object = "A"\nname = "b"\ncardinality = "1..1"\nin = { ITI-18 = "1..1" }',
            "'ITI-18' is none of",
        ),
        ('object = "A"\nname = "b"\ncardinality = "0..*"\n[attribute.rule]\nid = "q"', "no rule"),
        ('object = "A"\nname = "b"\ncardinality = "1..*"\n[attribute.rule]\nid = "q"', "source"),
    ],
)
def test_a_row_that_nobody_understands_is_refused_with_its_name(
    tmp_path: Path, row: str, said: str
) -> None:
    with pytest.raises(ProfileFault, match=said) as refused:
        made(tmp_path, f"[[attribute]]\n{row}\n")
    assert "metadata.toml" in str(refused.value)


def test_one_id_is_one_rule_in_both_files(tmp_path: Path) -> None:
    (tmp_path / "qq").mkdir()
    (tmp_path / "qq" / "rules.toml").write_text(
        '[[rule]]\nid = "q"\nseverity = "error"\nobject = "Folder"\nattribute = "title"\n'
        'kind = "present"\nsource = "s"\nmessage.en = "m"\n'
    )
    with pytest.raises(ProfileFault, match="two rules have the id q"):
        made(
            tmp_path,
            '[[attribute]]\nobject = "Folder"\nname = "title"\ncardinality = "1..*"\n'
            'source = "s"\n[attribute.rule]\nid = "q"\n',
        )


def made(folder: Path, metadata: str) -> Profile:
    """A profile with this table."""
    place = folder / "qq"
    place.mkdir(exist_ok=True)
    (place / "profile.toml").write_text('name = "qq"\nversion = "1"\n')
    (place / "metadata.toml").write_text(metadata)
    return read_profile("qq", folder)
