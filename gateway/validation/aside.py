"""``$validate`` as the server sees it: a question in, an OperationOutcome out, in a process aside.

The process is started when it is first needed, ends when its pipe is closed, and is killed when it
does not answer in time; the next question starts another one. Questions are answered one after
another; more than a few that wait are refused, so that nobody makes the server wait for itself.
The engine of FHIR profiles (:mod:`gateway.validation.fhir`) is loaded in that process only.

Source:
    HL7 FHIR R4 (4.0.1): resource-operation-validate.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

CORE = Path("fhir-r4") / "core.zip"
"""The core package in the folder of profiles."""

SECONDS = 20.0
"""How long one resource may take, the start of the process included."""

MEMORY = 1024**3
"""Octets the process may use."""

WAITING = 8
"""Questions that may wait for the process."""


CREATE, UPDATE, DELETE, PROFILE = "create", "update", "delete", "profile"
MODES = (CREATE, UPDATE, DELETE, PROFILE)
ON_INSTANCES = (UPDATE, DELETE)
"""Modes that are about a resource that is there."""


class Unanswerable(Exception):
    """What was asked is no ``$validate``; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question.

    Attributes:
        octets: The body; of an instance without one, the resource as it is kept.
        media: The media type of the body.
        type: The type the address names; empty for the whole server.
        id: The instance the address names; empty for none.
        mode: What the address says, empty where it says nothing.
        profiles: Canonical URLs that the address says.
        stored: The octets are the instance itself, and nothing was sent.
    """

    octets: bytes
    media: str = ""
    type: str = ""
    id: str = ""
    mode: str = ""
    profiles: tuple[str, ...] = ()
    stored: bool = False


def check_mode(mode: str, asked: Asked) -> None:
    """Refuse a mode that is none, or none for this address.

    Raises:
        Unanswerable: Says why.
    """
    if mode and mode not in MODES:
        raise Unanswerable(f"mode is one of {', '.join(MODES)}, not {mode[:64]!r}")
    if mode in ON_INSTANCES and not asked.id:
        raise Unanswerable(f"mode {mode} is about a resource: ask at its own address")
    if mode == PROFILE and not asked.stored:
        raise Unanswerable("mode profile is about a resource that is kept: ask at its own address")


class TooBusy(Exception):
    """Too many wait already."""


class TooCostly(Exception):
    """The process was stopped: the resource takes too long, or too much memory."""


class ValidationAside:
    """The process, and those who wait for it."""

    def __init__(
        self,
        core: Path,
        packages: Sequence[Path] = (),
        *,
        seconds: float = SECONDS,
        memory: int = MEMORY,
    ) -> None:
        """Take what resources are judged by.

        Args:
            core: The core package of FHIR R4.
            packages: Packages and folders of definitions, later ones win.
        """
        self._command = [
            *(sys.executable, "-m", "gateway.validation.fhir.worker", str(memory)),
            *(str(path) for path in (core, *packages)),
        ]
        self._core = core
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = 0
        # One thread, so that questions wait for one another; it sleeps while the process works.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="validate")

    @property
    def is_possible(self) -> bool:
        """Whether there is a core package to judge by."""
        return self._core.is_file()

    @property
    def process_id(self) -> int | None:
        """Of the process, where one runs."""
        return None if self._process is None else self._process.pid

    async def outcome(self, asked: Asked, language: str = "en") -> dict[str, Any]:
        """Judge a resource.

        Raises:
            Unanswerable: What was asked is no ``$validate``.
            TooBusy: Too many wait already.
            TooCostly: It took too long, or too much memory.
        """
        if self._waiting >= WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._ask, asked, language)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Stop the process; what waits is answered before."""
        self._thread.shutdown()
        self._end()

    def _ask(self, asked: Asked, language: str) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        octets = b64encode(asked.octets).decode()
        timer = threading.Timer(self._seconds, process.kill)
        timer.daemon = True
        timer.start()
        try:
            write_frame(process.stdin, asdict(asked) | {"octets": octets, "language": language})
            answer = read_frame(process.stdout)
        except (OSError, ValueError):
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self._end()
            raise TooCostly
        if "unanswerable" in answer:
            raise Unanswerable(answer["unanswerable"])
        outcome: dict[str, Any] = answer["outcome"]
        return outcome

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                # A Ctrl-C at the terminal is for us; we tell the process ourselves.
                start_new_session=True,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """What the process needs to find Python's modules; no secret of ours goes with it."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment


def read_frame(stream: IO[bytes]) -> Any:
    """Give the next message, nothing where the other end is gone."""
    head = stream.read(8)
    if len(head) != 8:
        return None
    (size,) = struct.unpack(">Q", head)
    body = stream.read(size)
    return json.loads(body) if len(body) == size else None


def write_frame(stream: IO[bytes], message: Any) -> None:
    """Send a message."""
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    stream.write(struct.pack(">Q", len(body)) + body)
    stream.flush()
