"""The composition root: settings in, actors wired to their ports out."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.actors.document_registry import DocumentRegistry
from gateway.actors.document_repository import DocumentRepository
from gateway.clock import SystemClock
from gateway.codecs.fingerprint import fingerprint
from gateway.model.naming import NamingSystems
from gateway.ports import PatientDirectory, RegistryStore
from gateway.settings import Settings
from gateway.storage.files import FileDocumentStore
from gateway.storage.sqlite import SqliteRegistryStore


def new_uuid() -> str:
    """Give a fresh random ``urn:uuid:``, lower case."""
    return uuid.uuid4().urn


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a door needs, wired.

    Attributes:
        cursor_key: Signs page links, so that nobody can make one up; kept with the data.
    """

    settings: Settings
    clock: SystemClock
    naming: NamingSystems
    store: RegistryStore
    patients: PatientDirectory
    documents: FileDocumentStore
    registry: DocumentRegistry
    repository: DocumentRepository
    cursor_key: bytes

    async def trouble(self) -> str | None:
        """Say why the service cannot do its work, or ``None`` when it can."""
        raise NotImplementedError
