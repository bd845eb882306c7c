"""`gateway token` and `gateway assertion`: credentials for a trial, from the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.clock import SystemClock
from gateway.profile import read_profile
from gateway.security.opening import open_identity
from gateway.security.replay import TransientReplayMemory
from tests.security.world import PEOPLE, accepted, bearer, message
from tests.shared import ROOT

RUNNER = CliRunner()
BREAK_GLASS = ["--mode", "break-glass", "--reason", "unconscious", "--patient", "X^^^&1.2.3&ISO"]


def run(*arguments: str) -> str:
    done = RUNNER.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(params=["ihe", "fr-dmp"])
def profile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path))
    monkeypatch.setenv("GATEWAY_PROFILE", request.param)
    monkeypatch.setenv("GATEWAY_DEVELOPMENT_AUTHORITY", "on")
    return str(request.param)


def test_what_the_commands_print_is_accepted(profile: str, tmp_path: Path) -> None:
    token = run("token", "doctor-c", *BREAK_GLASS).strip()
    header = run("assertion", "doctor-c", *BREAK_GLASS)
    clock = SystemClock()
    gateway = open_identity(
        profile=read_profile(profile, ROOT / "profiles"),
        clock=clock,
        replay=TransientReplayMemory(clock.now),
        base_url="http://127.0.0.1:8080",
        data=tmp_path,
        people=PEOPLE,
        development=True,
    ).authenticator
    assertion = header[header.index("<saml:Assertion") : header.index("</wsse:Security>")]
    for access in (bearer(gateway, token), accepted(gateway, message(assertion.encode()))):
        assert access.mode.value == "break-glass"
        assert access.reason == "unconscious"
        assert access.patient is not None
        assert access.patient.value == "X"


def test_the_keys_are_for_their_owner_only(profile: str, tmp_path: Path) -> None:
    run("token", "gp")
    folder = tmp_path / "development-authority"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_without_a_person_the_list_is_shown(profile: str) -> None:
    for command in ("token", "assertion"):
        shown = run(command)
        for person in ("gp", "doctor-b", "nurse", "hospital", "patient", "auditor", "operator"):
            assert person in shown


def test_somebody_unknown_is_refused(profile: str) -> None:
    for command in ("token", "assertion"):
        done = RUNNER.invoke(app, [command, "nobody"])
        assert done.exit_code == 2


def test_a_message_gets_its_header(profile: str, tmp_path: Path) -> None:
    sample = ROOT / "samples" / "submissions" / "en-01-discharge-summary.mtom"
    done = RUNNER.invoke(app, ["assertion", "hospital", "--message", str(sample)])
    before, after = sample.read_bytes(), done.stdout_bytes
    at = after.index(b"<wsse:Security")
    end = after.index(b"</wsse:Security>") + len(b"</wsse:Security>")
    assert after[:at] + after[end:] == before


def test_the_authority_is_off_unless_it_is_switched_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path))
    for command in ("token", "assertion"):
        done = RUNNER.invoke(app, [command, "gp"])
        assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_authority_is_refused_where_others_reach_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEWAY_DATA", str(tmp_path))
    monkeypatch.setenv("GATEWAY_HOST", "0.0.0.0")
    monkeypatch.setenv("GATEWAY_AUTH", "required")
    monkeypatch.setenv("GATEWAY_DEVELOPMENT_AUTHORITY", "on")
    assert RUNNER.invoke(app, ["token", "gp"]).exit_code == 2
    monkeypatch.setenv("GATEWAY_DEVELOPMENT_AUTHORITY", "exposed")
    assert RUNNER.invoke(app, ["token", "gp"]).exit_code == 0
