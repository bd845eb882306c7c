"""A trail in a database of its own, with checkpoints in the table and in a list."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.checkpoints import Checkpoint, digest, write_checkpoint
from gateway.audit.verification import KeptRow, Verdict, verify
from gateway.model.datatypes import Identifier
from gateway.storage.sqlite.audit import AuditRows, checkpoints_as_kept, rows_as_kept
from gateway.storage.sqlite.schema import connect, migrate
from tests.model.audited import search

EVERY = 10
"""Events from one checkpoint to the next."""


@dataclass
class Trail:
    connection: sqlite3.Connection
    key: Ed25519PrivateKey
    file: list[bytes] = field(default_factory=list)
    _unprotected: bytes = b""

    def append(self, number: int) -> None:
        patient = Identifier.of(str(number % 7), "2.999.1.3")
        event = search(number, f"202603011200{number % 60:02}", patient=patient)
        AuditRows(self.connection).append([event])

    def checkpoint(self) -> None:
        rows = AuditRows(self.connection)
        number, newest = rows.newest()
        _, before = rows.newest_checkpoint()
        checkpoint = Checkpoint(
            number=number,
            hash=newest,
            time="20260301130000",
            previous=digest(before) if before else "",
        )
        line = write_checkpoint(checkpoint, self.key)
        rows.add_checkpoint(number, line)
        self.file.append(line)

    def verify(self) -> Verdict:
        return verify(
            (KeptRow(*row) for row in rows_as_kept(self.connection)),
            checkpoints_as_kept(self.connection),
            self.file,
            self.key.public_key(),
        )

    def copy(self) -> Trail:
        """The same trail for somebody who has the file and knows SQL: nothing protects a row."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        if not self._unprotected:
            self.connection.backup(connection)
            for (trigger,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                connection.execute("DROP TRIGGER " + trigger)
            octets = bytearray(connection.serialize())
            octets[18:20] = b"\x01\x01"  # A database in memory has no write-ahead log.
            self._unprotected = bytes(octets)
        connection.deserialize(self._unprotected)
        return Trail(connection, self.key, list(self.file))


def make_trail(folder: Path, events: int) -> Trail:
    path = folder / "registry.sqlite"
    migrate(path, "20260301000000")
    trail = Trail(connect(path), Ed25519PrivateKey.generate())
    trail.connection.execute("BEGIN")
    for number in range(1, events + 1):
        trail.append(number)
        if number % EVERY == 0:
            trail.checkpoint()
    trail.connection.execute("COMMIT")
    return trail
