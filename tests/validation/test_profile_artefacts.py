"""``gateway profile check`` on tables, definitions and rule sets: what is found, and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.profile import ProfileFault
from gateway.validation.profile_check import check_profile

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "profiles"


@pytest.fixture
def zz(tmp_path: Path) -> Path:
    """The invented country, to be damaged."""
    return Path(shutil.copytree(ROOT / "tests" / "data" / "profiles" / "zz", tmp_path / "zz"))


def remarks(place: Path) -> list[str]:
    report = check_profile("zz", place.parent, PROFILES)
    return [f"{one.file}: {one.message}" for one in report.remarks]


def test_what_it_holds_is_told(zz: Path) -> None:
    holds = dict(check_profile("zz", zz.parent, PROFILES).holds)
    assert holds["attributes"].endswith("their rows make 4 rules")
    assert holds["transactions"] == "18 of IHE, 1 numbers of its own"
    assert holds["definitions"] == "1 of FHIR"
    assert holds["rule sets"] == "1 for clinical documents"


def test_the_tables_of_the_shipped_profiles_leave_nothing_open() -> None:
    for name in ("ihe", "fr-dmp"):
        found = check_profile(name, PROFILES).remarks
        files = {one.file.partition("/")[0] for one in found}
        assert files & {"metadata.toml", "structure-definitions", "schematrons"} == set()


def test_a_row_that_nothing_holds_is_remarked(zz: Path) -> None:
    with (zz / "metadata.toml").open("a") as file:
        file.write(
            '\n[[attribute]]\nobject = "DocumentEntry"\nname = "comments"\ncardinality = "1..1"\n'
            '\n[[attribute]]\nobject = "DocumentEntry"\nname = "colour"\ncardinality = "0..1"\n'
        )
    told = remarks(zz)
    assert any("DocumentEntry.comments is 1..1 in ITI-" in one for one in told)
    assert any("DocumentEntry.colour: there is no such attribute" in one for one in told)


def test_a_value_set_with_a_column_nobody_reads_is_remarked(zz: Path) -> None:
    path = zz / "value-sets" / "types.tsv"
    path.write_text(path.read_text().replace("valid_to", "valid_until"))
    assert "value-sets/types.tsv: nobody reads the column 'valid_until'" in remarks(zz)


def test_definitions_without_snapshot_or_url_and_twins_are_remarked(zz: Path) -> None:
    folder = zz / "structure-definitions"
    path = folder / "StructureDefinition-zz-document.json"
    definition = json.loads(path.read_text())
    (folder / "twin.json").write_text(json.dumps(definition))
    del definition["snapshot"], definition["url"]
    (folder / "bare.json").write_text(json.dumps(definition))
    (folder / "patient.json").write_text('{"resourceType": "Patient"}')
    told = [one for one in remarks(zz) if one.startswith("structure-definitions/")]
    assert len(told) == 4
    assert any("has the url of StructureDefinition-zz-document.json" in one for one in told)
    assert any("has no snapshot; make profiles writes one" in one for one in told)
    assert any("has no url" in one for one in told)
    assert any("is a Patient" in one for one in told)


def test_rule_sets_with_missing_files_and_ids_are_remarked(zz: Path) -> None:
    path = zz / "schematrons" / "header.sch"
    text = path.read_text().replace('id="zz-cda-002"', 'id="zz-cda-001"')
    path.write_text(text.replace("<pattern", '<include href="absent.sch"/>\n  <pattern', 1))
    told = [one for one in remarks(zz) if one.startswith("schematrons/")]
    assert any("includes absent.sch, which is not there" in one for one in told)
    assert any("zz-cda-001 is the id of two checks" in one for one in told)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("structure-definitions/x.json", "{", "write it anew"),
        ("structure-definitions/x.json", "[]", "is no FHIR resource"),
        ("schematrons/x.sch", "<schema>", "line 1"),
        ("schematrons/catalogue.toml", "[", "catalogue.toml"),
        ("transactions.toml", '[[national]]\nid = "Z"\n', "title.en is missing"),
        (
            "transactions.toml",
            '[[national]]\nid = "Z"\ntitle.en = "t"\nsource = "s"\nmeans = ["ITI-1"]\n',
            "no transaction of this profile",
        ),
        ("metadata.toml", '[[attributes]]\nname = "x"\n', "no table"),
    ],
)
def test_what_cannot_be_used_is_a_fault_with_its_file(
    zz: Path, name: str, text: str, said: str
) -> None:
    (zz / name).write_text(text)
    with pytest.raises(ProfileFault, match=said) as fault:
        check_profile("zz", zz.parent, PROFILES)
    assert Path(name).name in str(fault.value)
