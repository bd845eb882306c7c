from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import __version__
from gateway.cli import app
from gateway.cli.commands import MODULES
from tests.shared import ROOT

RUN = CliRunner()


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_can_be_asked(arguments: list[str]) -> None:
    result = RUN.invoke(app, arguments)
    assert (result.exit_code, result.output) == (0, f"{__version__}\n")


def test_every_command_explains_itself() -> None:
    told = RUN.invoke(app, ["--help"]).output
    for command in MODULES:
        assert command in told
        result = RUN.invoke(app, [command, "--help"])
        assert result.exit_code == 0
        assert f"Usage: gateway {command}" in result.output


def test_a_command_is_read_when_it_is_typed_and_no_other() -> None:
    script = "import sys; from gateway.cli import main; main()"
    asked = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
    done = subprocess.run(
        [sys.executable, "-c", asked + script, "token", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Usage: gateway token" in done.stdout or "Usage: -c token" in done.stdout, done.stdout
    read = set(done.stderr.split())
    assert "gateway.cli.token" in read
    assert not read & {"gateway.cli.serve", "gateway.storage", "gateway.web", "zeep", "lxml"}


def test_settings_shows_values_and_their_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ihe").mkdir()
    (tmp_path / "ihe" / "profile.toml").touch()
    monkeypatch.setenv("GATEWAY_PROFILES", str(tmp_path))
    monkeypatch.setenv("GATEWAY_PORT", "9090")
    monkeypatch.setenv("COLUMNS", "200")
    result = RUN.invoke(app, ["settings"])
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.output.splitlines() if line}
    assert rows["port"] == ["port", "9090", "environment", "GATEWAY_PORT"]
    assert rows["max_root_octets"] == [
        "max_root_octets",
        *("8", "MiB"),
        "default",
        "GATEWAY_MAX_ROOT_OCTETS",
    ]


def test_settings_refuses_what_serve_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "eighty")
    result = RUN.invoke(app, ["settings"])
    assert result.exit_code == 2
    assert "GATEWAY_PORT" in result.output


LOGGING = """
import logging, structlog
from gateway.cli.logs import set_up_logs
from gateway.settings import Settings
set_up_logs(Settings(log_format={format!r}, log_level="warning"))
structlog.get_logger("ours").info("not told")
structlog.get_logger("ours").warning("told", place="here")
secret = "Marguerite"
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("theirs").exception("broken")
"""


@pytest.mark.parametrize("format", ["text", "json"])
def test_every_logger_writes_the_same_form_without_local_values(format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOGGING.format(format=format)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout == ""
    assert "not told" not in done.stderr
    assert "told" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "Marguerite" not in done.stderr
    if format == "json":
        told, broken = (json.loads(line) for line in done.stderr.splitlines())
        assert (told["event"], told["place"], told["logger"]) == ("told", "here", "ours")
        assert (broken["event"], broken["level"]) == ("broken", "error")
