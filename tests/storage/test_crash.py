"""Killed at any moment, the store has everything it acknowledged and nothing by halves."""

from __future__ import annotations

import asyncio
import hashlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.ports import Form
from gateway.storage.files import FileDocumentStore
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetSubmissionSetAndContents,
)
from tests.storage.shelf import PickledFragments, SteppingClock
from tests.storage.test_files import a_tick_passes

SUBMITTER = Path(__file__).with_name("submitter.py")


def submit_until_killed(folder: Path, life: int) -> list[tuple[str, str, str]]:
    """Let a process submit, kill it at a random moment, and give what it saw acknowledged.

    Every other life is given the time to acknowledge something, however slow the disk is.
    """
    process = subprocess.Popen(
        [sys.executable, SUBMITTER, folder, str(life)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    first = process.stdout.readline() if life % 2 else ""
    time.sleep(random.uniform(0.0, 0.3))
    process.kill()
    rest, _ = process.communicate()
    # Two lives are never as close as two ticks of the clock by which the store tells them apart.
    a_tick_passes(folder)
    output = first + rest
    # The kill may cut the last line; what was not said was not acknowledged.
    lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [tuple(line.split()) for line in lines]  # type: ignore[misc]


async def check(folder: Path, acknowledged: list[tuple[str, str, str]]) -> int:
    store = SqliteRegistryStore.open(folder / "r.sqlite", PickledFragments(), SteppingClock())
    documents = FileDocumentStore(folder / "documents")
    await documents.sweep(store.referenced)
    assert store._file.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for content, unique_id, submission_set in acknowledged:
        record = await store.document(unique_id)
        assert record is not None
        assert record.content == content
        found = await store.find(
            GetSubmissionSetAndContents(entry_uuid=(submission_set,)), Form.REFERENCE
        )
        assert sorted(held.kind for held in found.objects) == [
            "Association",
            "DocumentEntry",
            "SubmissionSet",
        ]
    # Nothing by halves: each set with its entry, link, document, octets and event, or none of it.
    counts = {
        table: store._file.connection.execute("SELECT count(*) FROM " + table).fetchone()[0]
        for table in ("document_entry", "submission_set", "association", "document", "outbox")
    }
    assert len(set(counts.values())) == 1, counts
    everything = await store.find(FindDocuments(), Form.REFERENCE)
    contents = set()
    for held in everything.objects:
        entry = await store.read(held.entry_uuid)
        record = await store.document(entry.unique_id)  # type: ignore[union-attr,arg-type]
        assert record is not None
        path = documents.path(record.content)
        assert path is not None
        octets = path.read_bytes()
        assert hashlib.sha256(octets).hexdigest() == record.content
        assert len(octets) == record.size
        contents.add(record.content)
    kept = {p.name for p in (folder / "documents" / "sha256").rglob("*") if p.is_file()}
    assert kept == contents, "no orphan after a restart"
    assert list((folder / "documents" / "staging").iterdir()) == []
    await documents.close()
    await store.close()
    return counts["document_entry"]


@pytest.mark.parametrize(
    "kills", [10, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_killed_at_random_moments_it_loses_nothing_and_keeps_nothing_by_halves(
    tmp_path: Path, kills: int
) -> None:
    acknowledged: list[tuple[str, str, str]] = []
    lives_in_folder, folder = 0, tmp_path / "0"
    for life in range(kills):
        if lives_in_folder == 10:
            # A fresh folder from time to time: reading everything again each time grows.
            lives_in_folder, folder, acknowledged = 0, tmp_path / str(life), []
        lives_in_folder += 1
        folder.mkdir(exist_ok=True)
        acknowledged += submit_until_killed(folder, life)
        total = asyncio.run(check(folder, acknowledged))
        assert total >= len(acknowledged)
    assert acknowledged, "the process was never given the time to acknowledge anything"
