"""Files as an earlier version of the gateway would have left them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gateway.storage.sqlite.schema import MIGRATIONS


def as_of_step(path: Path, step: int) -> None:
    """Bring a registry file back to a step of the schema: later tables and columns are gone."""
    older = path.with_suffix(".older")
    connection = sqlite3.connect(older)
    connection.executescript("".join(MIGRATIONS[:step]))
    connection.execute("CREATE TABLE migration (number INTEGER PRIMARY KEY, time TEXT NOT NULL)")
    connection.commit()
    connection.execute("ATTACH ? AS newer", (str(path),))
    for (table,) in connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        columns = ", ".join(
            row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")
        )
        connection.execute(
            f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}"
        )
    connection.execute("DELETE FROM migration WHERE number > ?", (step,))
    connection.commit()
    connection.execute("DETACH newer")
    connection.close()
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    older.replace(path)
