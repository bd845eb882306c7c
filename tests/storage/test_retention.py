"""Closed records end after their time, wholly; the audit trail still verifies (scenario 66)."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.actors.document_repository import StagedDocument
from gateway.actors.record_keeper import RecordKeeper
from gateway.audit.verification import KeptRow, verify
from gateway.model import choices as c
from gateway.model.datatypes import DateTime, Identifier, LocalizedString
from gateway.model.patient import Patient
from gateway.ports import Account, FirstAccess
from gateway.service import new_uuid, open_inside
from gateway.settings import Settings
from gateway.storage.sqlite.audit import rows_as_kept
from gateway.storage.sqlite.retention import _end
from gateway.transactions.submission import SubmitObjects
from tests.model import examples

SECRET = "A title nobody shall read again"


@pytest.mark.parametrize(
    ("closed_on", "end"),
    [
        ("20160320", "20260320235959"),
        ("201602", "20260228235959"),
        ("2016", "20261231235959"),
        ("20160229", "20260228235959"),
        ("20160320101112", "20260320101112"),
    ],
)
def test_a_record_is_kept_to_the_end_of_its_last_day(closed_on: str, end: str) -> None:
    assert _end(closed_on, 10) == end


class Later:
    """A clock that tells a fixed moment."""

    def __init__(self, now: str) -> None:
        self.time = now

    def now(self) -> str:
        return self.time


async def _filled(settings: Settings) -> None:
    async with open_inside(settings) as actors:
        for number, patient in enumerate((examples.PATIENT, examples.OTHER_PATIENT), 1):
            await actors.patients.put(
                Patient(identifiers=(patient, Identifier.of(f"also-{number}", "2.999.1.9")))
            )
            staged = actors.repository._documents.stage()
            staged.write(f"octets of {number}".encode())
            staged.close()
            title = LocalizedString(SECRET if number == 1 else "kept")
            entry = examples.entry(
                unique_id=f"2.999.4.{number}",
                patient_id=patient,
                size=None,
                hash=None,
                title=(title,),
            )
            what = examples.submission(
                entry,
                unique_id=f"2.999.5.{number}",
                folders=(examples.folder(unique_id=f"2.999.8.{number}", patient_id=patient),),
            )
            (made,) = what.submission_sets
            what = replace(what, submission_sets=(replace(made, patient_id=patient),))
            await actors.repository.provide_and_register(
                SubmitObjects(submission=what), (StagedDocument(entry_id="d1", staging=staged),)
            )
            statement = c.Statement(
                patient_id=patient,
                date_time=DateTime(actors.now()),
                choices=(c.HideAll(hidden=True),),
            )
            await actors.consents.file(statement)
            known = await actors.patients.find(patient)
            assert known
            closed = known.record.but(closed_on=DateTime("20160320" if number == 1 else "2026"))
            await actors.patients.put(replace(known, active=False, record=closed))


def _rows(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
    ]
    counts = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
        for name in tables
    }
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return counts


def test_what_was_closed_for_ten_years_is_gone_and_the_trail_still_verifies(
    tmp_path: Path,
) -> None:
    settings = Settings(data=tmp_path / "data", public_url="http://gateway.test")
    path = settings.data / "registry.sqlite"

    async def run() -> Any:
        await _filled(settings)
        async with open_inside(settings) as actors:
            for patient in (examples.PATIENT, examples.OTHER_PATIENT):
                read = Account(first_access=FirstAccess(patient, "801^1.2"))
                await actors.registry._store.account(read)
        before = _rows(path)
        async with open_inside(settings) as actors:
            store: Any = actors.registry._store._seen  # type: ignore[attr-defined]
            documents = actors.repository._documents
            keeper = RecordKeeper(store, documents, Later("20260321000000"), new_uuid, 10)  # type: ignore[arg-type]
            store._file.clock = Later("20260320235958")
            assert await keeper.expired() == ()
            store._file.clock = Later("20260321000000")
            (gone,) = await keeper.destroy()
            assert gone.patient == examples.PATIENT
            assert await keeper.destroy() == ()
            assert await actors.patients.find(examples.PATIENT) is None
            assert await actors.patients.find(Identifier.of("also-1", "2.999.1.9")) is None
            assert await actors.choices.record(examples.PATIENT) is None
            assert await store.document("2.999.4.1") is None
            assert await store.document("2.999.4.2") is not None
            *_, kept = await store.audit.after(0, 10)
            assert (kept.event.patient, kept.event.transaction) == (examples.PATIENT, "retention")
        return before

    before = asyncio.run(run())
    after = _rows(path)
    for name in (
        "patient",
        "patient_identifier",
        "document_entry",
        "submission_set",
        "folder",
        "association",
        "object",
        "document",
        "statement",
        "accessed",
        "notice",
    ):
        assert after[name] * 2 == before[name], name
    kept = [
        file.read_bytes() for file in (settings.data / "documents").rglob("*") if file.is_file()
    ]
    assert b"octets of 2" in kept and b"octets of 1" not in kept
    connection = sqlite3.connect(path)
    key = Ed25519PrivateKey.generate().public_key()
    verdict = verify((KeptRow(*row) for row in rows_as_kept(connection)), [], [], key)
    assert (verdict.alterations, verdict.events > 1) == ((), True)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert SECRET.encode() not in path.read_bytes()
