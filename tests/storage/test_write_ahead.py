"""Several processes may open one new file in the same moment."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import pytest

from gateway.storage import write_ahead as module
from gateway.storage.replay import SqliteReplayMemory
from gateway.storage.sqlite.schema import connect, migrate
from gateway.storage.write_ahead import write_ahead
from tests.storage.shelf import TIME, SteppingClock


def a_registry(path: Path) -> None:
    migrate(path, TIME)


def a_replay_memory(path: Path) -> None:
    asyncio.run(SqliteReplayMemory.open(path, SteppingClock()).close())


@pytest.fixture
def written(tmp_path: Path) -> sqlite3.Connection:
    """A file without a log that somebody is writing to."""
    connection = sqlite3.connect(tmp_path / "new", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


@pytest.mark.parametrize("open_file", [a_registry, a_replay_memory])
def test_whoever_opens_a_file_waits_for_another_one_who_does(
    tmp_path: Path, written: sqlite3.Connection, open_file: Callable[[Path], None]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_file, tmp_path / "new")
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.1)
        written.execute("COMMIT")
        opening.result(timeout=60)
    assert written.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    written.close()


def test_whoever_opens_a_file_waits_for_one_who_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "registry"
    migrate(path, TIME)
    # Nobody else uses the file: this is what the last one does who leaves.
    leaving = sqlite3.connect(path, isolation_level=None)
    leaving.execute("PRAGMA locking_mode = EXCLUSIVE")
    leaving.execute("BEGIN EXCLUSIVE")
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(connect, path)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.1)
        leaving.close()
        connection = opening.result(timeout=60)
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (0,)
    connection.close()


def test_a_file_that_stays_locked_is_not_waited_for_for_ever(
    tmp_path: Path, written: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_FOR_LOCK", 0.0)
    other = sqlite3.connect(tmp_path / "new", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_ahead(other)
    other.close()
    written.close()
