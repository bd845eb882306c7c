"""One running server under test: started as a user starts it, watched from outside.

Outside means the process's own accounts in /proc (memory, processor time), its database opened
read-only beside it, the files below its data folder, and its log.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from tests.shared import ROOT
from tests.waiting import PATIENCE, wait_until

_KEPT = (
    "object",
    "document_entry",
    "submission_set",
    "folder",
    "association",
    "document",
    "patient",
)
_QUEUED = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
"""Events ever put into the outbox: the server takes them out again whenever it has time."""
_TICKS = os.sysconf("SC_CLK_TCK")
_SECONDS_TO_ANSWER = PATIENCE


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when the connection was closed without an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything kept: rows by table, files below the documents folder, leftovers of staging."""

    rows: tuple[tuple[str, int], ...]
    files: frozenset[str]
    staged: frozenset[str]


class Server:
    """A gateway with an empty data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._log = folder / "log"
        self._read = 0
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve", "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                text=True,
                env=environment | {"GATEWAY_DATA": str(self.data), "COLUMNS": "200"},
            )
        self.port = self._told_port()
        self._database = sqlite3.connect(
            f"file:{self.data / 'registry.sqlite'}?mode=ro", uri=True, isolation_level=None
        )
        found = self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        present = {name for (name,) in found}
        self._tables = (*(table for table in _KEPT if table in present), "queued")
        counts = [f"SELECT count(*) FROM {table}" for table in self._tables[:-1]]
        self._count = "SELECT " + ", ".join(f"({count})" for count in (*counts, _QUEUED))

    def _told_port(self) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(r"http://127\.0\.0\.1:([0-9]+)/fhir", line)
            if found:
                return int(found[1])
        raise AssertionError(f"the server did not start:\n{self.log()}")

    # ------------------------------------------------------------ talking

    def send(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send one request on a connection of its own; Content-Length is set unless given."""
        lines = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"} | (headers or {})
        if body and not {"Content-Length", "Transfer-Encoding"} & set(lines):
            lines["Content-Length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return self.send_raw(head.encode("latin-1") + b"\r\n" + body)

    def send_raw(self, octets: bytes, *, half_close: bool = False) -> Answer:
        """Send octets as they are and read what comes back until the connection ends."""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, timeout=_SECONDS_TO_ANSWER) as connection:
            try:
                connection.sendall(octets)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # a server may answer and close before a large body has come
            method = octets.partition(b" ")[0].decode("latin-1", "replace")
            answer = HTTPResponse(connection, method=method)
            try:
                answer.begin()
                body = answer.read()
            except OSError:
                return Answer(0, {}, b"")
            except Exception as broken:  # http.client's several complaints
                raise AssertionError(f"this is no HTTP answer: {broken!r}") from broken
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, body)

    # ------------------------------------------------------------ watching

    def stored(self) -> Stored:
        """Count what is kept."""
        (*counts,) = self._database.execute(self._count).fetchone()
        documents = self.data / "documents"
        files = frozenset(
            str(p.relative_to(documents)) for p in documents.rglob("*") if p.is_file()
        )
        staged = frozenset(f for f in files if f.startswith("staging"))
        rows = tuple(zip(self._tables, counts, strict=True))
        return Stored(rows=rows, files=files - staged, staged=staged)

    def stored_at_rest(self) -> Stored:
        """Count what is kept, once nothing is left of messages answered or broken off before."""
        wait_until(lambda: not self.stored().staged, "the staging area is empty")
        return self.stored()

    def processor_seconds(self) -> float:
        """Processor time the server has used so far."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def forget_peak(self) -> int:
        """Begin a new peak; give the memory used now, octets."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")
        return self._memory("VmRSS")

    def peak(self) -> int:
        """The most memory used since the peak was forgotten, octets."""
        return self._memory("VmHWM")

    def _memory(self, name: str) -> int:
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+([0-9]+) kB", text, re.MULTILINE)
        assert found
        return int(found[1]) * 1024

    def log(self) -> str:
        """Everything the server has complained about."""
        return self._log.read_text(errors="replace")

    def log_since_last(self) -> str:
        """What was complained about since this was asked last."""
        text = self.log()
        new, self._read = text[self._read :], len(text)
        return new

    def stop(self) -> int:
        """End the server as a user does and give its exit status."""
        self._database.close()
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status

    def kill(self) -> None:
        """End a server that did not stop."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """Run a server on an empty store."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.kill()
