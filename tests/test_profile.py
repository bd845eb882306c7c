"""Profiles: folders of data, read whole or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.conventions import Conventions
from gateway.model.datatypes import Code
from gateway.profile import ProfileFault, profiles_by_realm, read_profile

PROFILES = Path(__file__).resolve().parents[1] / "profiles"
LOINC = "2.16.840.1.113883.6.1"


def write(folder: Path, name: str, text: str, **files: str) -> None:
    place = folder / name
    place.mkdir(parents=True)
    (place / "profile.toml").write_text(text, encoding="utf-8")
    for file, content in files.items():
        path = place / file.replace("__", "/").replace("_tsv", ".tsv").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    "path", sorted(PROFILES.glob("*/profile.toml")), ids=lambda p: p.parent.name
)
def test_every_profile_that_comes_with_the_product_is_read(path: Path) -> None:
    profile = read_profile(path.parent.name, PROFILES)
    assert profile.title
    assert all(source.text and source.date and source.licence for source in profile.sources)


def test_a_profile_builds_on_the_one_it_extends() -> None:
    profile = read_profile("fr-dmp", PROFILES)
    assert profile.extends == ("ihe",)
    # From the parent, from the profile, and the profile's word for a system both name.
    assert profile.naming.uri("2.16.840.1.113883.6.8") == "http://unitsofmeasure.org"
    assert profile.naming.uri("1.2.250.1.213.1.1.4.1").endswith("/TRE-A03-ClasseDocument")
    ihe_formats = "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode"
    assert profile.naming.uri("1.3.6.1.4.1.19376.1.2.3") != ihe_formats
    assert profile.naming.scheme(ihe_formats) == "1.3.6.1.4.1.19376.1.2.3"


def test_every_french_type_has_a_class_with_a_label() -> None:
    profile = read_profile("fr-dmp", PROFILES)
    types = profile.value_sets["J66_TypeCode_DMP"]
    without = {key for key in types.codes if key not in profile.class_by_type}
    assert without == set()
    assert all(code.display for code in profile.class_by_type.values())
    assert profile.class_by_type["SYNTH", "1.2.250.1.213.1.1.4.12"].code == "11"


def test_every_french_format_is_in_use() -> None:
    profile = read_profile("fr-dmp", PROFILES)
    in_use = profile.value_sets_of("format_code")
    for media_type, code in profile.format_by_media_type.items():
        assert any(code in value_set for value_set in in_use), media_type


def test_identifier_types_depend_on_authority_and_value() -> None:
    profile = read_profile("fr-dmp", PROFILES)
    assert profile.identifier_type("1.2.250.1.71.4.2.1", "899700000012") == "IDNPS"
    assert profile.identifier_type("1.2.250.1.71.4.2.1", "31379999929/SECR07") == "EI"
    assert profile.identifier_type("2.999.1", "1") == ""


def test_labels_come_from_value_sets_where_a_code_has_none() -> None:
    profile = read_profile("fr-dmp", PROFILES)
    bare = Code("SA07", "1.2.250.1.71.4.2.4")
    assert (
        profile.with_display("healthcare_facility_type_code", bare).display == "Cabinet individuel"
    )
    own = Code("SA07", "1.2.250.1.71.4.2.4", "Mon cabinet")
    assert profile.with_display("healthcare_facility_type_code", own) == own
    assert profile.with_display("title", bare) == bare


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name = 'other'", "folder's name"),
        ("name = 'zz'\nextends = 'zz'", "extends itself"),
        ("name = 'zz'\nextends = 'nobody'", "no such file"),
        ("name = ", "profile.toml"),
        ("name = 'zz'\n[metadata_from_cda]\nspecialty_form = 'loud'", "'loud'"),
        ("name = 'zz'\n[metadata_from_cda]\nrequired = ['titel']", "'titel'"),
        ("name = 'zz'\n[metadata_from_cda]\nloudness = 3", "loudness"),
        ("name = 'zz'\n[metadata_from_cda.default]\ntitle = {word = 'x'}", "word"),
        ("name = 'zz'\n[value_sets]\ntype_code = ['J0']", "J0"),
        ("name = 'zz'\n[[identifier_type]]\ntype = 'X'", "authority"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_and_word(
    tmp_path: Path, text: str, word: str
) -> None:
    write(tmp_path, "zz", text)
    with pytest.raises(ProfileFault, match=r"profile") as fault:
        read_profile("zz", tmp_path)
    assert word in str(fault.value)


def test_a_table_with_a_hole_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        "zz",
        "name = 'zz'",
        maps__type_to_class_tsv=(
            "# invented\ntype_code\ttype_system\tclass_code\tclass_system\nA\t2.999\t\t2.999\n"
        ),
    )
    with pytest.raises(ProfileFault, match="class_code"):
        read_profile("zz", tmp_path)


def test_a_realm_leads_to_the_profile_that_claims_it(tmp_path: Path) -> None:
    for name, realm in (("aa", '["ZZ", "YY"]'), ("bb", '["ZZ"]'), ("cc", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "profile.toml").write_text(f'name = "{name}"\nrealm = {realm}\n')
    assert profiles_by_realm(tmp_path) == {"ZZ": "aa", "YY": "aa"}
    assert read_profile("aa", tmp_path).realm == ("ZZ", "YY")


IHE = 'name = "ihe"\n'


@pytest.mark.parametrize(
    ("fhir", "complaint"),
    [
        ('served = "x"', "'served' is no convention"),
        ('served_id = "resource"', "served_id: 'resource' is none of logical_id, entry_uuid"),
        ('patchable = ["meta"]', "patchable: 'meta' is none of"),
        ('[[status]]\nurn = "u"', "status[0]"),
        ('[[status]]\nurn = "u:X"\nextension = "e"\ncode = "new"', "'new' is no status"),
        ('[[transition]]\noriginal = "Approved"\nnew = "Lost"', "transition[0].new: 'Lost'"),
        ('[record]\nclosure = "c"', "record"),
        ("[default_level]\nlevel = 1", "default_level"),
    ],
)
def test_a_convention_nobody_knows_stops_the_start(
    tmp_path: Path, fhir: str, complaint: str
) -> None:
    write(tmp_path, "ihe", IHE, fhir_toml=fhir)
    with pytest.raises(ProfileFault) as fault:
        read_profile("ihe", tmp_path)
    assert str(tmp_path / "ihe" / "fhir.toml") in str(fault.value)
    assert complaint in str(fault.value)


def test_a_profile_says_only_what_it_does_otherwise(tmp_path: Path) -> None:
    write(tmp_path, "ihe", IHE, fhir_toml='date = "creation_time"')
    text = 'served_id = "entry_uuid"\n[[status]]\nurn = "u:Shelved"\nextension = "e"\n'
    text += '[[transition]]\noriginal = "Approved"\nnew = "Shelved"\nby_author = true\n'
    write(tmp_path, "zz", 'name = "zz"\nextends = "ihe"\n', fhir_toml=text)
    said = read_profile("zz", tmp_path).conventions
    assert (said.date, said.served_id, said.identifiers_by) == (
        "creation_time",
        "entry_uuid",
        "type",
    )
    assert said.statuses.known[2:] == ("u:Shelved",)
    transition = said.statuses.transition(said.statuses.known[0], "u:Shelved")
    assert transition is not None
    assert transition.by_author
    # What every registry allows stays allowed.
    assert said.statuses.transition(*said.statuses.known[:2]) is not None


def test_the_plain_profile_says_what_the_product_does_without_any() -> None:
    assert read_profile("ihe", PROFILES).conventions == Conventions()
