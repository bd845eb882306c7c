"""The French profile has the published facts, all of them, as its script takes them over."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gateway.profile import read_profile
from scripts.convert_french_profile import VALUE_SETS, day
from tests.shared import ROOT, shared

PROFILE = read_profile("fr-dmp", ROOT / "profiles")
PUBLISHED = shared("data/france")


def rows(path: Path) -> list[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader((x for x in lines if not x.startswith("#")), delimiter="\t"))


@pytest.mark.parametrize("name", VALUE_SETS)
def test_a_value_set_is_complete(name: str) -> None:
    published = json.loads((PUBLISHED / "valuesets" / f"{name}.json").read_text(encoding="utf-8"))
    ours = PROFILE.value_sets[name.removeprefix("JDV_")]
    assert (ours.oid, ours.date) == (published["oid"], day(published["date"]))
    assert {(c.code, c.scheme, c.display) for c in ours.codes.values()} == {
        (c["code"], c["system"], c["display"]) for c in published["concepts"]
    }


def test_no_value_set_of_metadata_is_left_out() -> None:
    # Every set that the framework binds an attribute of XDS to, by number; J03, J61 and J110 are
    # named by the guides and stored nowhere.
    metadata = ["01", "02", "04", "06", "07", "08", "10", "47", "52", "57", "58", "59", "60", "66"]
    for number in [*metadata, "64", "65", "197", "231"]:
        assert [name for name in PROFILE.value_sets if name.startswith(f"J{number}_")], number
    visible = set(PROFILE.value_sets["J110_StatutVisibiliteDocument_CISIS"].codes)
    levels = PROFILE.value_sets["J08_XdsConfidentialityCode_CISIS"].codes.keys() - visible
    assert {code for code, _ in levels} == {"N", "R", "V"}


def test_every_published_system_has_its_names() -> None:
    for row in rows(PUBLISHED / "maps" / "codesystems.tsv"):
        oid, uri = row["oid"], row["fhir_system"]
        assert PROFILE.naming.label(oid), oid
        if uri:
            assert PROFILE.naming.scheme(uri) == oid
            assert PROFILE.naming.uri(oid) == uri
        else:
            assert PROFILE.naming.uri(oid) == f"urn:oid:{oid}"


def test_what_has_no_name_keeps_its_form() -> None:
    for scheme in ("2.999.77", "Connect-a-thon codes", "urn:nobody:codes"):
        assert PROFILE.naming.scheme(PROFILE.naming.uri(scheme)) == scheme


def test_every_published_map_is_complete() -> None:
    maps = PUBLISHED / "maps"
    for row in rows(maps / "ASS_X16_type_to_class_DMP.tsv"):
        found = PROFILE.class_by_type[row["type_code"], row["type_system"]]
        assert found.key == (row["class_code"], row["class_system"])
    for row in rows(maps / "ASS_X04_type_to_class_CISIS.tsv"):
        assert (row["type_code"], row["type_system"]) in PROFILE.class_by_type
    for row in rows(maps / "ASS_A11_cda_template_to_format.tsv"):
        assert PROFILE.format_by_template[row["cda_template_id"]].code == row["format_code"]
    for row in rows(maps / "ASS_A12_nonxmlbody_mediatype_to_format.tsv"):
        assert PROFILE.format_by_media_type[row["media_type"]].code == row["format_code"]
    assert PROFILE.format_by_template["1.2.250.1.213.1.1.1.59"].code == "urn:ans:ci-sis:trod:2024"
