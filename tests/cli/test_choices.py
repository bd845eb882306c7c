"""``gateway choices`` and ``gateway delegation`` on a data folder."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.codecs.audit_octets import read_audit_octets
from gateway.model.datatypes import Identifier

DOCTOR = "urn:oid:2.999.1.30|DR-B"
CLINIC = "urn:oid:2.999.1.31|CLINIC"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GATEWAY_ASSIGNING_AUTHORITY", "2.999.1.3")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def gateway(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def done(*arguments: str) -> Any:
    """Run a command that prints JSON."""
    result = gateway(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def patient() -> str:
    assert gateway("patient", "add", "4711").exit_code == 0
    return "4711"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("authorise", DOCTOR, "--until", "2026-12-31"), "Authorise"),
        (("authorise", CLINIC, "--structure"), "Authorise"),
        (("revoke", DOCTOR), "Revoke"),
        (("block", DOCTOR), "Block"),
        (("unblock", DOCTOR), "Unblock"),
        (("emergency", "break-glass", "refuse"), "Emergency"),
        (("hide-all",), "HideAll"),
        (("hide-all", "--off"), "HideAll"),
        (("mask", "--label", "R"), "Mask"),
        (("mask", "--author", DOCTOR), "Mask"),
        (("unmask", "--from", "2019-01-01"), "Unmask"),
        (
            ("object", CLINIC, "--structure", "--motive", "Kin", "--accepted-by", DOCTOR),
            "FeedObjection",
        ),
        (("service", "urn:oid:2.999.1.40|diary", "--class", "11^^2.999.7.1"), "Service"),
        (("representative", "4700", "--title", "parent"), "Representative"),
        (("close",), "Close"),
        (("open",), "Open"),
    ],
)
def test_every_choice_is_filed_and_listed(
    patient: str, arguments: tuple[str, ...], kind: str
) -> None:
    command, *rest = arguments
    filed = done("choices", command, patient, *rest)
    assert [choice["choice"] for choice in filed["choices"]] == [kind]
    assert done("choices", "list", patient) == [filed]
    assert gateway("choices", "list", patient).exit_code == 0


def test_every_command_that_changes_something_leaves_an_audit_event(
    patient: str, folder: Path
) -> None:
    filed = done("choices", "block", patient, DOCTOR)
    done("choices", "list", patient)
    connection = sqlite3.connect(folder / "data" / "registry.sqlite")
    (octets,) = (row[0] for row in connection.execute("SELECT octets FROM audit_event"))
    connection.close()
    event = read_audit_octets(octets)
    assert event.patient == Identifier.of("4711", "2.999.1.3")
    assert [one.id for one in event.objects] == [f"urn:uuid:{filed['id']}"]


def test_what_is_taken_back_does_not_count_and_stays(patient: str) -> None:
    filed = done("choices", "close", patient)
    assert "inactive" in gateway("patient", "show", patient).stdout
    back = done("choices", "take-back", filed["id"])
    assert (back["version"], back["active"]) == (2, False)
    assert done("choices", "list", patient) == []
    assert done("choices", "list", patient, "--all") == [back]
    assert "inactive" not in gateway("patient", "show", patient).stdout


def test_a_closed_record_that_is_opened_again_keeps_earlier_choices(patient: str) -> None:
    """Scenario 50."""
    kinds = [
        done("choices", *said)["choices"][0]["choice"]
        for said in (("block", patient, DOCTOR), ("close", patient), ("open", patient))
    ]
    assert kinds == ["Block", "Close", "Open"]
    left = [one["choices"][0]["choice"] for one in done("choices", "list", patient)]
    assert left == ["Block", "Open"]
    assert "inactive" not in gateway("patient", "show", patient).stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("list", "nobody"), "No patient is known"),
        (("close", "nobody"), "No patient is known"),
        (("block", "4711", "urn:x"), "cannot be used"),
        (("mask", "4711"), "Say one of"),
        (("mask", "4711", "--label", "N"), "no label"),
        (("mask", "4711", "--document", "2.999.4.1"), "no such document"),
        (("authorise", "4711", DOCTOR, "--until", "soon"), "not a date"),
        (("service", "4711", DOCTOR, "--class", "11"), "no class"),
        (("take-back", "0"), "no choice"),
    ],
)
def test_what_cannot_be_done_is_said(patient: str, arguments: tuple[str, ...], word: str) -> None:
    result = gateway("choices", *arguments)
    assert result.exit_code != 0
    assert word in result.stderr
    if arguments[1] == patient:
        assert done("choices", "list", patient, "--all") == []


@pytest.mark.parametrize("name", ["choices", "delegation"])
def test_help_teaches_every_command(name: str) -> None:
    top = gateway(name, "--help").stdout
    assert "urn:oid:" in top or name == "delegation"
    for line in top.splitlines():
        words = line.strip("│ ").split()
        if line.startswith("│ ") and words and words[0].islower() and words[0][0].isalpha():
            assert gateway(name, words[0], "--help").exit_code == 0, words


def test_a_delegation_is_kept_replaced_and_ended() -> None:
    secretary = "urn:oid:2.999.1.30|SEC"
    assert gateway("delegation", "add", secretary, DOCTOR).exit_code == 0
    assert gateway("delegation", "add", secretary, DOCTOR, "--until", "2030-01-31").exit_code == 0
    (kept,) = done("delegation", "list")
    assert (kept["delegate"], kept["end"]) == ("SEC^^^&2.999.1.30&ISO", "20300131")
    assert gateway("delegation", "end", secretary, DOCTOR).exit_code == 0
    (ended,) = done("delegation", "list")
    assert ended["end"] < "20300131"
