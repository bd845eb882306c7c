"""``gateway audit`` tells whether the trail is whole, and shows what is in it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from gateway.audit import checkpoints
from gateway.cli import app
from gateway.service import open_service, open_trail
from gateway.settings import read_settings
from tests.model.audited import FULL, search

RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path / "var"))

    live(*range(1, 21))
    return tmp_path / "var"


def live(*numbers: int) -> None:
    """Let a gateway live for some events; it signs when it stops."""

    async def work() -> None:
        async with open_service(read_settings()) as service, open_trail(service.settings) as trail:
            await trail.append(*(search(n, f"202603{min(n, 21):02}120000") for n in numbers))

    asyncio.run(work())


def run(*arguments: str) -> Result:
    return RUNNER.invoke(app, ["audit", *arguments])


def test_a_trail_that_is_whole_is_told_to_be(folder: Path) -> None:
    result = run("verify")
    assert result.exit_code == 0, result.output
    assert "as it was written: 20 events, 1 signatures" in result.output
    assert "0 of the events are not signed yet" in result.output


def test_a_trail_that_is_signed_while_it_is_verified_is_told_to_be_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy gateway signs more than once between two looks of the command."""
    read, numbers = checkpoints.read_lines, itertools.count(101)

    def read_before_more_is_signed(path: Path) -> tuple[bytes, ...]:
        lines = read(path)
        for _ in "12":
            live(next(numbers))
        return lines

    monkeypatch.setattr(checkpoints, "read_lines", read_before_more_is_signed)
    told = run("verify")
    assert told.exit_code == 0, told.output
    assert "22 events, 3 signatures" in told.output


def test_a_line_missing_in_the_file_of_checkpoints_is_told(folder: Path) -> None:
    file = folder / "audit-checkpoints"
    for number in (101, 102):
        live(number)
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + third)
    told = run("verify")
    assert told.exit_code == 1
    assert "in the table and not in the file" in told.output
    file.write_bytes(first + second)
    assert run("verify").exit_code == 0, "the newest may be missing: a stop came between the two"


def test_an_altered_event_is_named_and_the_status_says_so(folder: Path) -> None:
    connection = sqlite3.connect(folder / "registry.sqlite", isolation_level=None)
    connection.execute("DROP TRIGGER audit_event_stays")
    connection.execute(
        "UPDATE audit_event SET octets = replace(octets, 'ITI-67', 'ITI-66') WHERE number = 7"
    )
    connection.close()
    result = run("verify", "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert told["altered"]
    assert {(one["first"], one["last"]) for one in told["alterations"]} == {(7, 7)}
    plain = run("verify")
    assert "event 7: altered" in plain.output
    assert plain.exit_code == 1


def test_a_trail_that_is_not_there_or_no_trail_is_no_alteration(folder: Path) -> None:
    assert run("verify", "--data", str(folder / "nowhere")).exit_code == 2
    (folder / "registry.sqlite").write_bytes(b"no database at all" * 100)
    result = run("verify")
    assert result.exit_code == 2
    assert "cannot be verified" in result.output


def test_the_newest_events_are_listed_and_the_look_is_noted(folder: Path) -> None:
    result = run("list", "--limit", "2")
    assert result.exit_code == 0, result.output
    assert "2026-03-20" in result.output.replace("\n", "")
    assert "2026-03-18" not in result.output
    again = run("list", "--limit", "1")
    assert "audit-li" in again.output
    assert run("verify").exit_code == 0


def test_nothing_found_is_said(folder: Path) -> None:
    assert "No event was found" in run("list", "--patient", "unknown").output
    assert run("list", "--since", "yesterday").exit_code == 2
    assert run("list", "--patient", "a^b^c").exit_code == 2


@pytest.mark.parametrize("form", ["fhir", "atna", "kept"])
def test_every_event_is_exported_on_a_line_of_its_own(folder: Path, form: str) -> None:
    target = folder / "out"
    result = run(
        "export",
        "--form",
        form,
        "--patient",
        "7001",
        "--since",
        "2026-03-05",
        "--until",
        "2026-03-10T12:00:01",
        "--to",
        str(target),
    )
    assert result.exit_code == 0, result.output
    lines = target.read_bytes().splitlines()
    assert len(lines) == 6
    for line in lines:
        if form == "atna":
            assert etree.fromstring(line).tag == "AuditMessage"
        else:
            assert json.loads(line)["id"]
    assert run("export", "--to", str(target)).exit_code == 2


def test_events_of_one_person_are_exported(folder: Path) -> None:
    result = run("export", "--agent", "899700000001", "--form", "kept")
    assert result.output.count('"form":1') == 20
    assert '"form":1' not in run("export", "--agent", "urn:oid:2.999|899700000001").output


def test_a_clock_set_back_stops_the_start(folder: Path) -> None:
    async def work() -> None:
        async with open_trail(read_settings()) as trail:
            await trail.append(search(99, "99990101000000"))

    asyncio.run(work())
    result = RUNNER.invoke(app, ["serve", "--port", "0"])
    assert result.exit_code == 1
    assert "set back" in result.output
    assert FULL.failure not in result.output
