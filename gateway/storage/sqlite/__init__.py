"""The registry in one SQLite file: WAL, synchronous=FULL, group commit."""

from gateway.storage.sqlite.patient_directory import SqlitePatientDirectory
from gateway.storage.sqlite.store import SqliteRegistryStore

__all__ = ["SqlitePatientDirectory", "SqliteRegistryStore"]
