"""``gateway notices``: contacts, what waits, and the key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GATEWAY_NOTIFY_ENDPOINTS", "https://hooks.example")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["notices", *arguments])


@pytest.mark.usefixtures("data")
def test_a_contact_is_kept_changed_and_taken_away() -> None:
    assert "inbox only" in run("contact", "4711").output
    first = run("contact", "4711", "--email", "jane@mail.example", "--language", "fr")
    assert first.exit_code == 0 and "jane@mail.example" in first.output
    second = run("contact", "4711", "--webhook", "https://hooks.example/x")
    assert "jane@mail.example" in second.output and "hooks.example/x" in second.output
    run("contact", "4711", "--email", "", "--webhook", "", "--language", "")
    assert "inbox only" in run("contact", "4711").output


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--email", "jane"),
        ("--webhook", "https://elsewhere.example/"),
        ("--webhook", "ftp://hooks.example/"),
        ("--language", "xx"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: tuple[str, str]) -> None:
    assert run("contact", "4711", *arguments).exit_code == 2
    assert "inbox only" in run("contact", "4711").output


@pytest.mark.usefixtures("data")
def test_nothing_waits_in_a_new_house() -> None:
    assert "Every notice was delivered" in run("waiting").output


def test_the_key_stays_the_same_and_is_nobody_else_s_to_read(data: Path) -> None:
    first, second = run("key").output.strip(), run("key").output.strip()
    assert first == second and first.startswith("whpk_")
    assert len(base64.b64decode(first.removeprefix("whpk_"))) == 32
    assert (data / "notices.key").stat().st_mode & 0o077 == 0
