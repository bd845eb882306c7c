"""The matrix: profession by type of document, as data of the French profile."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.consent import gate, see
from gateway.model.datatypes import Code
from gateway.model.subject import Operation
from gateway.profile import AccessPolicy, Profile, ProfileFault, read_profile
from gateway.profile.access_reading import TABLES
from tests.consent.people import (
    DIRECTIVES,
    PHYSICIAN,
    PROFESSIONS,
    REPORT,
    RESIDENCE,
    SECTIONS,
    SPECIALITIES,
    authorised,
    facts,
    policy,
    professional,
    record,
    request,
)
from tests.shared import ROOT, shared


def french() -> Profile:
    return read_profile("fr-dmp", ROOT / "profiles")


def test_every_role_and_type_of_the_value_sets_has_an_explicit_cell() -> None:
    profile = french()
    roles = profile.value_sets["J65_SubjectRole_DMP"].codes.values()
    types = {
        code.key
        for name in ("J66_TypeCode_DMP", "J07_XdsTypeCode_CISIS")
        for code in profile.value_sets[name].codes.values()
    }
    (version,) = profile.access.matrix
    cells = 0
    for role in roles:
        row = profile.access.row((role,))
        assert row is not None, role
        assert set(version.cells[row]) == types, role
        cells += len(types)
    assert cells == len(roles) * len(types) == 294 * 114


def test_every_row_of_a_role_is_in_the_matrix() -> None:
    (version,) = policy().matrix
    assert {known.row for known in policy().roles.values()} <= set(version.cells)
    assert policy().emergency_roles | policy().regulation_roles <= set(version.cells)


def test_each_cell_tells_its_source_and_whether_it_was_verified() -> None:
    (version,) = policy().matrix
    cells = [cell for row in version.cells.values() for cell in row.values()]
    assert all(cell.source for cell in cells)
    assert all(cell.verified == cell.source.startswith("verified") for cell in cells)
    assert sum(cell.verified for cell in cells) == 346


def test_the_matrix_says_what_the_table_it_was_made_from_says() -> None:
    table = shared("data/france/maps/habilitation_matrix.tsv").read_text(encoding="utf-8")
    head, *lines = [line.split("\t") for line in table.splitlines() if line[0] != "#"]
    (version,) = policy().matrix
    compared = 0
    for code, _, _, *letters in lines:
        for row, letter in zip(head[3:], letters, strict=True):
            (cell,) = [c for (known, _), c in version.cells[row].items() if known == code]
            assert (cell.read, cell.verified) == (letter in "Yy", letter in "YN"), (code, row)
            compared += 1
    assert compared == 3_774


@pytest.mark.parametrize(
    ("roles", "row"),
    [
        (("10", PROFESSIONS), "10"),
        (("10", PROFESSIONS, "SM26", SPECIALITIES), "10"),
        (("SM26", SPECIALITIES), "10"),
        (("21", PROFESSIONS), "21.AUTRE"),
        (("21", PROFESSIONS, "A", SECTIONS), "21.OFF"),
        (("21", PROFESSIONS, "G", SECTIONS), "21.BIO"),
        (("21", PROFESSIONS, "B", SECTIONS), "21.AUTRE"),
        (("40", PROFESSIONS, "SCD02", SPECIALITIES), "40"),
        (("60", PROFESSIONS, "SI02", SPECIALITIES), "60"),
        (("10", PROFESSIONS, "10", PROFESSIONS), "10"),
        (("10", PROFESSIONS, "60", PROFESSIONS), None),
        (("10", PROFESSIONS, "A", SECTIONS), None),
        (("21", PROFESSIONS, "SM26", SPECIALITIES), None),
        (("10", PROFESSIONS, "unheard-of", PROFESSIONS), None),
        (("10", "2.999"), None),
        ((), None),
    ],
)
def test_roles_stand_for_one_row_or_for_none(roles: tuple[str, ...], row: str | None) -> None:
    codes = [Code(code, scheme) for code, scheme in zip(roles[::2], roles[1::2], strict=True)]
    assert policy().row(codes) == row
    assert policy().row(codes[::-1]) == row


# --- Versions ------------------------------------------------------------------------------------


def other_version(folder: Path) -> AccessPolicy:
    """The French profile with a second version, in which physicians read nothing from a day on."""
    shutil.copytree(ROOT / "profiles", folder, dirs_exist_ok=True)
    place = folder / "fr-dmp"
    text = (place / "matrix.tsv").read_text(encoding="utf-8")
    lines = [
        "\t".join(cell if at != 4 else "N1" for at, cell in enumerate(line.split("\t")))
        if line[0] != "#" and not line.startswith("code\t")
        else line
        for line in text.splitlines()
    ]
    (place / "later.tsv").write_text("\n".join(lines), encoding="utf-8")
    with (place / "access.toml").open("a", encoding="utf-8") as file:
        file.write('[[matrix.version]]\nversion = "later"\neffective = 2026-11-23\n')
        file.write('file = "later.tsv"\n')
    return read_profile("fr-dmp", folder).access


def test_a_new_version_holds_from_legal_midnight_on(tmp_path: Path) -> None:
    both = other_version(tmp_path)
    seen = []
    for now in ("20261122225959", "20261122230000"):
        decision = gate(
            request(professional()),
            Operation.READ,
            record(authorisations=(authorised(),)),
            both,
            now,
        )
        assert decision.visibility is not None
        seen.append(see(decision.visibility, facts()))
    assert seen == ["B99", "B5"]


def test_before_the_first_version_nothing_is_granted() -> None:
    first = policy().matrix[0].effective
    assert first == "20231025220000"
    assert policy().readable_types("10", "20231025215959") == frozenset()
    assert REPORT.key in policy().readable_types("10", first)


def test_physicians_read_everything_but_the_attestation_of_residence() -> None:
    granted = policy().readable_types(policy().row((PHYSICIAN,)), "20261122000000")
    (version,) = policy().matrix
    missing = set(version.cells["10"]) - granted
    assert {code for code, _ in missing} == {"ATTEST-RESID", "E1762", "FEUILLE-DE-STYLE"}
    assert RESIDENCE.key not in granted
    assert DIRECTIVES.key in granted


# --- Faults of the data --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[emergency]\nwindow = 24", "emergency.window"),
        ("[emergency]\nwindow_hours = '24'", "emergency.window_hours: is a number"),
        ("[block]\nbeats_emergency = 1", "is true or false"),
        ("legal_zone = 'Europe/Atlantis'", "Europe/Atlantis"),
        ("surprise = 1", "'surprise' is no key"),
        ("[matrix]\nsurprise = 1", "matrix.surprise"),
        ("[delegation]\nread_operations = ['dream']", "delegation.read_operations"),
        ("[[restriction]]\ncode = 'A'\nscheme = '1'\nmeans = 'secret'", "restriction"),
        ("[[mode]]\ncode = 'A'\nscheme = '1'\nmeans = 'normal'", "'mode' is no key"),
        ("roles = 'nowhere.tsv'", "nowhere.tsv"),
        ("[[matrix.version]]\nversion='1'\neffective='2023'\nfile='a'", "effective is a day"),
        ("[[matrix.version]]\nversion='1'\neffective=2023-01-01\nfile='a'", "no such file"),
    ],
)
def test_what_nobody_would_enforce_stops_the_start(tmp_path: Path, line: str, said: str) -> None:
    shutil.copytree(ROOT / "profiles" / "ihe", tmp_path / "ihe")
    (tmp_path / "ihe" / "access.toml").write_text(line, encoding="utf-8")
    with pytest.raises(ProfileFault, match=r"access\.toml") as fault:
        read_profile("ihe", tmp_path)
    assert said in str(fault.value)


@pytest.mark.parametrize("token", ["Y", "x1", "Y99", ""])
def test_a_cell_that_tells_no_source_is_a_fault(tmp_path: Path, token: str) -> None:
    shutil.copytree(ROOT / "profiles" / "ihe", tmp_path / "ihe")
    (tmp_path / "ihe" / "access.toml").write_text(
        "[[matrix.version]]\nversion='1'\neffective=2023-01-01\nfile='m.tsv'", encoding="utf-8"
    )
    table = f"# source 1 verified\ncode\tsystem\tclass\tdisplay\t10\nA\t1\t2\tb\t{token}\n"
    (tmp_path / "ihe" / "m.tsv").write_text(table, encoding="utf-8")
    with pytest.raises(ProfileFault, match="is no cell"):
        read_profile("ihe", tmp_path)


def test_a_profile_that_says_nothing_opens_nothing() -> None:
    silent = AccessPolicy()
    known = record(authorisations=(authorised(),))
    access = request(professional())
    assert gate(access, Operation.READ, known, silent, "20261122000000").rule == "A1-operation"
    roles = replace(silent, roles=policy().roles)
    decision = gate(access, Operation.READ, known, roles, "20261122000000")
    assert decision.visibility is not None
    assert decision.visibility.types == frozenset()


def test_the_page_lists_every_key_and_the_plain_profile_says_each() -> None:
    page = (ROOT / "docs" / "reference" / "access-control.md").read_text(encoding="utf-8")
    with (ROOT / "profiles" / "ihe" / "access.toml").open("rb") as file:
        plain = tomllib.load(file)
    for table, keys in TABLES.items():
        for key in keys:
            assert f"`{table}.{key}`" in page, f"{table}.{key}"
            assert key in plain[table], f"{table}.{key}"
