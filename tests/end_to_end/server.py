"""A gateway as its user starts it: a process of its own, a free port, a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.shared import ROOT
from tests.waiting import PATIENCE

SECONDS_TO_START = 2 * PATIENCE
SECONDS_TO_STOP = PATIENCE
COMMAND = [sys.executable, "-m", "gateway.cli"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGateway:
    """A gateway that answers.

    Attributes:
        url: Its base address, without a slash at its end.
        data: The folder it keeps everything in.
        printed: The file its standard output goes to; ``log`` the one of standard error.
    """

    url: str
    data: Path
    printed: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def registry(self) -> str:
        """The address of its Document Registry."""
        return f"{self.url}/xds/registry"

    @property
    def repository(self) -> str:
        """The address of its Document Repository."""
        return f"{self.url}/xds/repository"


def environment(**settings: str) -> dict[str, str]:
    """The process's environment without the settings of the person who runs the tests."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEWAY_")}
    return kept | {"COLUMNS": "200"} | settings


@contextmanager
def running_gateway(folder: Path, *options: str, **settings: str) -> Iterator[RunningGateway]:
    """Start a gateway, wait until it is ready, and stop it as a service manager does.

    Args:
        settings: Environment variables.

    Leaving the context fails when it did not end cleanly, or logged an error of its own.
    """
    data, printed, log = folder / "data", folder / "printed.txt", folder / "log.txt"
    with printed.open("wb") as out, log.open("wb") as err:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--data", str(data), *options],
            stdout=out,
            stderr=err,
            cwd=ROOT,
            env=environment(**settings),
        )
    try:
        url = _wait_until_ready(process, printed, log)
        yield RunningGateway(url=url, data=data, printed=printed, log=log, process=process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS_TO_STOP) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    told = log.read_text()
    assert "Traceback" not in told, told
    assert "[error" not in told, told


def _wait_until_ready(process: subprocess.Popen[bytes], printed: Path, log: Path) -> str:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        text = printed.read_text()
        found = re.search(r"http://127\.0\.0\.1:\d+", text)
        if found and "Ctrl-C stops" in text:
            url = found.group()
            assert ready(url)
            return url
        time.sleep(0.05)
    raise AssertionError(f"the gateway did not start: {log.read_text()}")


def ready(url: str) -> bool:
    """Ask a gateway whether it can work."""
    answer = httpx.get(f"{url}/health/ready", trust_env=False, timeout=PATIENCE)
    return answer.status_code == 200


def gateway(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command ``gateway`` in the project's folder."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=300,
        check=False,
    )
