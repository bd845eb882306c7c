"""The two servers of a measurement, each started as a user would, each watched while it works."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    process: psutil.Process
    port: int

    def cpu_seconds(self) -> float:
        """Processor time it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def peak_mib(self) -> float:
        """The most memory it held since the peak was last forgotten."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def forget_peak(self) -> None:
        """Let the peak begin anew from what is held now (Linux: clear_refs 5)."""
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def gateway(
    data: Path, settings: Mapping[str, str] | None = None, module: str = "gateway.cli"
) -> Iterator[Server]:
    """The gateway itself, on the store in a folder, empty where there is none."""
    port = free_port()
    command = [sys.executable, "-m", module, "serve"]
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "GATEWAY_DATA": str(data),
        "GATEWAY_LOG_LEVEL": "warning",
        **(settings or {}),
    }
    with _running(command, environment, port, "/health/ready") as server:
        yield server


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    """The bare endpoint, under the same server, event loop and HTTP parser."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
    ]
    with _running(command, dict(os.environ), port, None) as server:
        yield server


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], port: int, ready: str | None
) -> Iterator[Server]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while True:
            if process.poll() is not None:
                raise SystemExit(f"the server ended with status {process.returncode}")
            try:
                if ready is None:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                if httpx.get(f"http://127.0.0.1:{port}{ready}").status_code == 200:
                    break
            except (OSError, httpx.HTTPError):
                pass
            if time.monotonic() > until:
                raise SystemExit("the server did not answer within a minute")
            time.sleep(0.05)
        yield Server(psutil.Process(process.pid), port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
