from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gateway.cli.serve import banner, invitations, preparation
from gateway.settings import Settings
from tests.shared import ROOT
from tests.waiting import PATIENCE

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "ihe").mkdir()
    (tmp_path / "ihe" / "profile.toml").touch()
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.stubbed_gateway", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ
            | {"GATEWAY_PROFILES": str(tmp_path), "GATEWAY_DATA": str(tmp_path), "COLUMNS": "40"}
            | environment,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> str:
    """Read what a server prints until its banner is complete."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C stops" in line:
            break
    return "".join(lines)


def base(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", text)
    assert found, text
    return found.group()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_as_a_success(start: Start, stop: signal.Signals) -> None:
    server = start("--port", "0")
    address = base(told(server))
    assert httpx.get(address, timeout=PATIENCE).text == "answered"
    server.send_signal(stop)
    printed, complained = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0, complained
    assert printed.strip() == "service closed"
    assert complained == "The gateway has stopped.\n"


def test_an_answer_under_way_is_finished(start: Start) -> None:
    server = start("--port", "0")
    address = base(told(server))
    answers: list[str] = []

    def ask() -> None:
        answers.append(httpx.get(f"{address}/slow", timeout=PATIENCE).text)

    asking = threading.Thread(target=ask)
    asking.start()
    assert server.stdout is not None
    while "asked" not in server.stdout.readline():
        pass
    server.send_signal(signal.SIGTERM)
    asking.join(PATIENCE)
    assert answers == ["answered"]
    assert server.wait(PATIENCE) == 0


def test_the_demonstration_is_loaded_before_the_banner(start: Start) -> None:
    text = told(start("--port", "0", "--demo"))
    assert text.index("service opened") < text.index("demonstration loaded") < text.index("Try")
    assert "demonstration loaded" not in told(start("--port", "0"))


def test_a_busy_port_is_named_with_its_setting(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start(GATEWAY_PORT=str(port))
        printed, complained = server.communicate(timeout=PATIENCE)
    assert server.returncode == 1
    assert printed == ""
    assert f"GATEWAY_PORT: port {port} of 127.0.0.1 is in use" in complained
    assert "Traceback" not in complained


def test_an_address_of_another_machine_is_named_with_its_setting(start: Start) -> None:
    server = start("--host", "127.0.0.1.invalid")
    _, complained = server.communicate(timeout=PATIENCE)
    assert server.returncode == 2
    assert "GATEWAY_HOST" in complained


def test_wrong_settings_stop_the_start_with_status_2(start: Start) -> None:
    server = start("--port", "eighty", GATEWAY_LOG_FORMAT="xml")
    printed, complained = server.communicate(timeout=PATIENCE)
    assert server.returncode == 2
    assert printed == ""
    assert "2 settings" in complained
    assert "GATEWAY_PORT" in complained
    assert "GATEWAY_LOG_FORMAT" in complained


def test_a_printed_command_stays_on_one_line(start: Start) -> None:
    text = told(start("--port", "0"))
    for invitation in invitations(Settings(public_url=base(text))):
        assert f"  {invitation.command}\n" in text


def test_the_banner_names_every_door() -> None:
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as captured:
        console.print(banner(Settings(port=9, mllp_port=2575)))
    for door in ("/fhir", "/xds/registry?wsdl", "/xds/repository?wsdl", "/health/ready"):
        assert f"http://127.0.0.1:9{door}" in captured.get()
    assert "127.0.0.1:2575 (MLLP)" in captured.get()


def test_the_banner_of_a_gateway_that_asks_says_how_to_answer() -> None:
    settings = Settings(auth="required", development_authority="on", profile="fr-dmp")
    commands = [one.command for one in (*preparation(settings), *invitations(settings))]
    assert commands[0] == "export GATEWAY_DEVELOPMENT_AUTHORITY=on GATEWAY_PROFILE=fr-dmp"
    assert commands[1].endswith(" token")
    assert commands[2].endswith(" --as hospital")
    assert all("Authorization: Bearer $(" in command for command in commands[3:])


def test_a_gateway_that_trusts_others_invites_to_nothing_that_would_be_refused() -> None:
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as captured:
        console.print(banner(Settings(auth="required")))
    assert "GATEWAY_TRUST" in captured.get()
    assert "curl" not in captured.get()
