"""The composition root: settings in, actors wired to their ports out."""

from __future__ import annotations

import asyncio
import os
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import time_ns

import structlog

from gateway.actors.bundle_resolution import BundleResolution
from gateway.actors.document_administrator import DocumentAdministrator
from gateway.actors.document_recipient import DocumentRecipient
from gateway.actors.document_registry import DocumentRegistry
from gateway.actors.document_repository import DocumentRepository
from gateway.actors.document_responder import DocumentResponder
from gateway.actors.single_document import SingleDocumentRecipient
from gateway.clock import SystemClock
from gateway.codecs.fingerprint import fingerprint
from gateway.model.naming import NamingSystems
from gateway.ports import PatientDirectory
from gateway.profile import Profile, read_profile
from gateway.profile.consistency import ConsistencyMode
from gateway.settings import Settings
from gateway.storage.fairness import share_the_interpreter
from gateway.storage.files import FileDocumentStore
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.translators.cda_consistency import ConsistencyCheck
from gateway.translators.community import as_the_community_writes
from gateway.translators.stored_forms import StoredForms
from gateway.validation import ProfileRules

log = structlog.get_logger(__name__)

_BETWEEN_SWEEPS = 3600.0
"""Seconds from one look for orphans to the next."""


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def new_uuid() -> str:
    """Give a fresh ``urn:uuid:``, lower case: 74 random bits behind the time.

    Such ids ascend, so that the indexes of a growing registry grow at their end: a submission
    changes a few pages of the file that its neighbours change as well, instead of one of its own
    for every object.

    Source:
        RFC 9562: 5.7 (version 7).
    """
    time = f"{time_ns() // 1_000_000:012x}"
    digits = os.urandom(10).hex()
    return (
        f"urn:uuid:{time[:8]}-{time[8:]}-7{digits[:3]}-"
        f"{_VARIANT[digits[3]]}{digits[4:7]}-{digits[7:19]}"
    )


def new_oid() -> str:
    """Give a fresh OID made of a random UUID (ITU-T X.667)."""
    return f"2.25.{uuid.uuid4().int}"


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a door needs, wired.

    Attributes:
        fhir_base_url: The address FHIR clients reach us under, without a slash at its end.
        cursor_key: Signs page links, so that nobody can make one up; kept with the data.
    """

    settings: Settings
    clock: SystemClock
    profile: Profile
    store: SqliteRegistryStore
    patients: PatientDirectory
    documents: FileDocumentStore
    registry: DocumentRegistry
    repository: DocumentRepository
    responder: DocumentResponder
    recipient: DocumentRecipient
    single_document: SingleDocumentRecipient
    administrator: DocumentAdministrator
    fhir_base_url: str
    cursor_key: bytes

    async def trouble(self) -> str | None:
        """Say why the service cannot do its work, or ``None`` when it can."""
        return await self.documents.trouble()


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Open the storage below the data folder, wire the actors, and close it all at the end."""
    share_the_interpreter()
    clock = SystemClock()
    profile = read_profile(settings.profile, settings.profiles)
    base_url = f"{settings.base_url}/fhir"
    store = SqliteRegistryStore.open(
        settings.data / "registry.sqlite",
        StoredForms(profile.naming, base_url, profile.conventions),
        clock,
        max_results=settings.max_results,
        by_entry_uuid=profile.conventions.serves_entry_uuid,
    )
    documents = FileDocumentStore(settings.data / "documents")
    sweeping = asyncio.create_task(_sweep_often(documents, store))
    try:
        registry = DocumentRegistry(
            store,
            clock,
            new_uuid,
            fingerprint,
            known_patients_only=settings.patients == "known",
            home_community_id=settings.home_community_id,
            rules=ProfileRules.of(
                profile, environment=settings.environment, report=settings.rules == "report"
            ),
            conventions=profile.conventions,
        )
        repository = DocumentRepository(
            registry,
            store,
            documents,
            settings.repository_unique_id,
            check_document=ConsistencyCheck(profile)
            if profile.consistency.mode is not ConsistencyMode.OFF
            else None,
        )
        resolution = BundleResolution(store, store.patients, settings.assigning_authority)
        complete = partial(as_the_community_writes, profile=profile)
        recipient = DocumentRecipient(
            repository,
            store,
            documents,
            store.patients,
            resolution,
            new_oid,
            complete=complete,
        )
        yield Service(
            settings=settings,
            clock=clock,
            profile=profile,
            store=store,
            patients=store.patients,
            documents=documents,
            registry=registry,
            repository=repository,
            responder=DocumentResponder(
                registry,
                store,
                documents,
                store.patients,
                deprecated=settings.deprecated_documents,
            ),
            recipient=recipient,
            single_document=SingleDocumentRecipient(
                recipient, resolution, store, clock, settings.source_id, profile.class_by_type
            ),
            administrator=DocumentAdministrator(
                registry, store, clock, new_oid, settings.source_id, complete=complete
            ),
            fhir_base_url=base_url,
            cursor_key=_cursor_key(settings.data / "cursor.key"),
        )
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        await documents.close()
        await store.close()


async def _sweep_often(documents: FileDocumentStore, store: SqliteRegistryStore) -> None:
    """Remove what refused or broken submissions left behind, now and every hour."""
    while True:
        try:
            swept = await documents.sweep(store.referenced)
            if swept:
                log.info("documents.swept", files=swept)
        except OSError:
            log.exception("documents.sweep_failed")
        await asyncio.sleep(_BETWEEN_SWEEPS)


@asynccontextmanager
async def open_directory(settings: Settings) -> AsyncIterator[PatientDirectory]:
    """Open the patients below the data folder, for a command."""
    store = SqliteRegistryStore.open(
        settings.data / "registry.sqlite",
        StoredForms(NamingSystems(), ""),
        SystemClock(),
        max_results=settings.max_results,
    )
    try:
        yield store.patients
    finally:
        await store.close()


def _cursor_key(path: Path) -> bytes:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()
