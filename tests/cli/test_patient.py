from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import AsyncIterator

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.cli.patient import read_identifier
from gateway.model.datatypes import Identifier
from tests.actors.patients_in_memory import PatientsInMemory

OID = "2.999.1.3"


@pytest.fixture
def directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> PatientsInMemory:
    patients = PatientsInMemory()

    @contextlib.asynccontextmanager
    async def open_directory(settings: object) -> AsyncIterator[PatientsInMemory]:
        yield patients

    service = types.ModuleType("gateway.service")
    service.open_directory = open_directory  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gateway.service", service)
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "ihe").mkdir()
    (folder / "ihe" / "profile.toml").touch()
    monkeypatch.setenv("GATEWAY_PROFILES", str(folder))
    monkeypatch.setenv("GATEWAY_DATA", str(folder / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return patients


def gateway_patient(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["patient", *arguments])


@pytest.mark.parametrize(
    ("text", "cx"),
    [
        ("4711", "4711^^^&2.999.1.3&ISO"),
        ("a&b", r"a\T\b^^^&2.999.1.3&ISO"),
        ("4711^^^&2.999.7&ISO", "4711^^^&2.999.7&ISO"),
        ("4711^^^ns&2.999.7&ISO^PI", "4711^^^&2.999.7&ISO^PI"),
        ("urn:oid:2.999.7|4711", "4711^^^&2.999.7&ISO"),
        ("urn:oid:2.999.7|a|b", r"a\F\b^^^&2.999.7&ISO"),
    ],
)
def test_an_identifier_is_written_in_one_of_three_ways(text: str, cx: str) -> None:
    assert read_identifier(text, OID) == Identifier(cx)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "4711^^^ns",
        "^^^&2.999&ISO",
        "urn:oid:2.999",
        "urn:uuid:1|2",
        "urn:oid:9.1|2",
        "4\r7",
    ],
)
def test_what_is_no_identifier_is_a_wrong_use_of_the_command(
    text: str, directory: PatientsInMemory
) -> None:
    with pytest.raises(ValueError, match="."):
        read_identifier(text, OID)
    result = gateway_patient("show", text)
    assert result.exit_code == 2
    assert "cannot be used" in result.output


def test_a_patient_is_added_changed_and_shown(directory: PatientsInMemory) -> None:
    assert gateway_patient("add", "4711").exit_code == 0
    added = gateway_patient(
        "add", "urn:oid:2.999.1.3|4711", *("--family", "Do[b]e", "--given", "Jane"),
        *("--given", "Ann", "--birth-date", "1956-05", "--gender", "F"),
    )  # fmt: skip
    assert added.exit_code == 0
    shown = gateway_patient("show", "4711^^^&2.999.1.3&ISO")
    assert [line.strip().split(maxsplit=1) for line in shown.output.splitlines()] == [
        ["Identifier", "4711^^^&2.999.1.3&ISO"],
        ["Name", "Do[b]e, Jane Ann"],
        ["Born", "1956-05"],
        ["Gender", "F"],
        ["State", "known"],
    ]
    assert added.output == shown.output
    assert [p.version for p in directory.patients.values()] == [2]


def test_patients_are_merged_and_listed(directory: PatientsInMemory) -> None:
    assert "gateway patient add 4711" in gateway_patient("list").output
    gateway_patient("add", "4711", "--family", "Doe")
    gateway_patient("add", "4712")
    assert gateway_patient("merge", "4712", "4711").exit_code == 0
    assert gateway_patient("merge", "4712", "4711").exit_code == 0
    assert directory.merges == [(Identifier.of("4712", OID), Identifier.of("4711", OID))]
    assert [line.split() for line in gateway_patient("list").output.splitlines()] == [
        ["Identifier", "Name", "Born", "Gender", "State"],
        ["4711^^^&2.999.1.3&ISO", "Doe", "known"],
        ["4712^^^&2.999.1.3&ISO", "merged", "into", "4711^^^&2.999.1.3&ISO"],
    ]
    assert "4711" in gateway_patient("show", "4712").output


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["show", "1"], 1, "gateway patient add 1"),
        (["merge", "4711", "1"], 1, "gateway patient add 1"),
        (["merge", "1", "4711"], 1, "not known here"),
        (["merge", "4711", "4711"], 1, "are the same"),
        (["add", "1", "--birth-date", "27/05/56"], 2, "is not a date"),
        (["add", "1", "--birth-date", "1956-13"], 2, "is not a date"),
        (["add", "1", "--gender", "X"], 2, "--gender"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_status(
    directory: PatientsInMemory, arguments: list[str], status: int, told: str
) -> None:
    gateway_patient("add", "4711")
    result = gateway_patient(*arguments)
    assert result.exit_code == status
    assert told in result.output
    assert len(directory.patients) == 1


@pytest.mark.parametrize("command", ["add", "show", "list", "merge"])
def test_every_command_teaches(command: str) -> None:
    result = gateway_patient(command, "--help")
    assert result.exit_code == 0
    assert f"patient {command}" in result.output


def test_a_record_is_closed_described_and_opened_again(directory: PatientsInMemory) -> None:
    assert gateway_patient("record", "4711", "--attached").exit_code == 1
    gateway_patient("add", "4711", "--family", "Doe")
    closing = ("--close", "2026-03-20", "--motive", "asked^^2.999.8", "--reason", "Not needed")
    result = gateway_patient("record", "4711", "--attached", *closing)
    assert result.exit_code == 0, result.output
    assert "closed on 2026-03-20, asked, Not needed, attached" in result.output
    assert "inactive" in result.output
    result = gateway_patient("record", "4711", "--reopen")
    assert "closed" not in result.output
    assert "attached" in result.output
    assert "inactive" not in result.output


@pytest.mark.parametrize(
    "arguments", [("--close", "2026-01-01", "--reopen"), ("--reason", "x"), ("--close", "soon")]
)
def test_a_record_is_not_closed_in_a_way_nobody_understands(
    arguments: tuple[str, ...], directory: PatientsInMemory
) -> None:
    gateway_patient("add", "4711")
    assert gateway_patient("record", "4711", *arguments).exit_code == 2
