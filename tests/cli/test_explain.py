"""``gateway explain`` on a data folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path))
    monkeypatch.setenv("GATEWAY_ASSIGNING_AUTHORITY", "2.999.1.1")
    monkeypatch.setenv("COLUMNS", "200")
    added = CliRunner().invoke(app, ["patient", "add", "ALBA-0001"])
    assert added.exit_code == 0, added.output
    return tmp_path


def explained(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["explain", "--patient", "ALBA-0001", *arguments])


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--as", "doctor-c"), "A12-no-authorisation"),
        (("--as", "doctor-c", "--mode", "break-glass", "--reason", "unconscious"), "A11"),
        (("--as", "patient"), "A16"),
        (("--as", "hospital"), "A13-individual-required"),
        (("--as", "hospital", "--operation", "submit"), "A8"),
        (("--as", "professional:DOC-1^^^&2.999.1.2&ISO"), "A12-no-authorisation"),
        (("--as", "structure:H^^^&2.999.1.3&ISO", "--operation", "choose"), "A1-operation"),
    ],
)
def test_a_decision_is_told_with_its_rule(
    folder: Path, arguments: tuple[str, ...], rule: str
) -> None:
    told = json.loads(explained(*arguments, "--json").stdout)
    assert told["rule"] == rule
    assert [one["rule"].partition("-")[0] for one in told["tried"]][:3] == ["A1", "A2", "A3"]
    shown = explained(*arguments)
    assert shown.exit_code == 0
    assert f"by {rule}" in shown.stdout


def test_a_record_nobody_has_is_explained_too(folder: Path) -> None:
    arguments = ["explain", "--patient", "nobody", "--as", "doctor-c", "--json"]
    told = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert (told["rule"], told["reason"]) == ("A2-no-record", "no-record")


@pytest.mark.parametrize(
    ("arguments", "said", "status"),
    [
        ((), "--as whom", 2),
        (("--as", "stranger"), "There is no stranger", 2),
        (("--document", "no-uuid"), "is no UUID", 2),
        (("--as", "doctor-c", "--at", "yesterday"), "is no moment", 2),
        (("--as", "professional:"), "cannot be used", 2),
        (("--document", "11111111-1111-4111-8111-111111111111"), "no such document", 1),
    ],
)
def test_what_cannot_be_explained_is_said(
    folder: Path, arguments: tuple[str, ...], said: str, status: int
) -> None:
    result = explained(*arguments)
    assert result.exit_code == status
    assert said in result.stderr
