"""Saxon in a process of its own, as its caller sees it: stylesheets and a document in, records out.

The process is started when it is first needed, told to stop by closing its pipe, killed when it
does not answer in time, and started again after it died; what it had compiled is compiled again
when it is asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.validation.cda.worker import read_frame, write_frame

SECONDS = 60.0
"""How long one document, or one stylesheet, may take."""

MEMORY = 4 * 1024**3
"""Octets the process may use."""


class SaxonGone(Exception):
    """The process died, took too long or cannot be started; says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One stylesheet for one document.

    Attributes:
        name: Under which it was compiled.
        base: Folder of the schema: documents are named relative to it.
        folders: Where documents may be read from.
        documents: Documents that are read before it runs.
    """

    name: str
    base: Path
    folders: tuple[Path, ...]
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stylesheet gave.

    Attributes:
        text: Records, see :mod:`gateway.validation.cda.ruleset`.
        error: Why there are none.
        absent: Documents its contexts read that are not there.
    """

    text: str = ""
    error: str = ""
    absent: tuple[str, ...] = ()


class Saxon:
    """The process, one request at a time; may be used by several threads."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()
        self._compiled: set[str] = set()
        self._document: str | None = None

    @property
    def process_id(self) -> int | None:
        """Of the process, where one runs."""
        return None if self._process is None else self._process.pid

    def has(self, name: str) -> bool:
        """Whether a stylesheet is compiled there, now."""
        with self._lock:
            return self._is_alive() and name in self._compiled

    def compile(self, name: str, text: str) -> str:
        """Compile a stylesheet; give what Saxon has against it, nothing where it took it.

        Raises:
            SaxonGone: When the process did not live to say so.
        """
        with self._lock:
            complaint = str(self._ask({"do": "compile", "name": name, "text": text}))
            if not complaint:
                self._compiled.add(name)
            return complaint

    def forget(self, name: str) -> None:
        """Let a compiled stylesheet go."""
        with self._lock:
            if name in self._compiled:
                self._compiled.discard(name)
                self._ask({"do": "forget", "name": name})

    def run(self, runs: Iterable[Run], document: str) -> tuple[Answer, ...]:
        """Run compiled stylesheets on a document without XML declaration.

        Raises:
            SaxonGone: When the process did not live to answer.
        """
        asked = [
            {
                "name": run.name,
                "base": str(run.base),
                "folders": [str(folder) for folder in run.folders],
                "documents": sorted(run.documents),
            }
            for run in runs
        ]
        with self._lock:
            # Rule sets are run one after the other; the document is sent and parsed once.
            again = self._document is document and self._is_alive()
            answers = self._ask(
                {"do": "run", "runs": asked, "document": None if again else document}
            )
            self._document = document
        return tuple(
            Answer(one.get("text", ""), one.get("error", ""), tuple(one.get("absent", ())))
            for one in answers
        )

    def close(self) -> None:
        """Stop the process; the next request starts another."""
        with self._lock:
            self._end()

    def _ask(self, request: dict[str, Any]) -> Any:
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            write_frame(process.stdin, request)
            answer = read_frame(process.stdout)
        except (OSError, ValueError):
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            code = self._end()
            if late.is_set():
                raise SaxonGone(f"the process was stopped after {self._seconds:g} seconds")
            raise SaxonGone(f"the process ended by itself ({code})")
        return answer

    def _is_alive(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        return self._process is not None

    def _running(self) -> subprocess.Popen[bytes]:
        if not self._is_alive() or self._process is None:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gateway.validation.cda.worker", str(self._memory)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    # A Ctrl-C at the terminal is for us; we tell the process ourselves.
                    start_new_session=True,
                )
            except OSError as error:
                raise SaxonGone(f"the process cannot be started: {error.strerror}") from None
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        self._compiled.clear()
        self._document = None
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            return process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _environment() -> dict[str, str]:
    """What the process needs to find Python's modules; no secret of ours goes with it."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment
