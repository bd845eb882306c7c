"""The composition root: settings in, actors wired to their ports out."""

from __future__ import annotations

import asyncio
import os
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import time_ns

import structlog

from gateway.actors.access_control import AccessControl
from gateway.actors.consent_manager import Pace
from gateway.actors.consent_rules import ConsentRules
from gateway.actors.guarded_store import GuardedStore, SeenPatients, by_command
from gateway.actors.masks import mask_codes
from gateway.actors.proceedings import Proceedings, RequestKind
from gateway.actors.reception import Authenticator, OpenVisit, Reception, Visit
from gateway.actors.record_keeper import RecordKeeper
from gateway.actors.rights import Rights, Rules
from gateway.audit.keeping import check_clock
from gateway.audit.running import kept
from gateway.clock import EvenTimes, SystemClock
from gateway.codecs.fhir.audit_event import AuditEventWriter
from gateway.codecs.fhir.search_statuses import search_rules
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.choices import Choice
from gateway.model.lifecycle import Changes
from gateway.model.naming import NamingSystems
from gateway.model.subject import Operation
from gateway.notifications.opening import Notifications, Stores, open_notifications
from gateway.notifications.rights import ConsentRights, NobodyAsks
from gateway.notifications.rights import Rights as MessageRights
from gateway.ports import Account, AuditTrail, ChoiceStore, Clock, PatientDirectory
from gateway.profile import Profile, read_profile
from gateway.profile.consistency import ConsistencyMode
from gateway.security.opening import Identity, open_identity
from gateway.settings import Settings, shipped
from gateway.settings.audit_options import audit_observer, audit_options
from gateway.settings.notice_options import office_settings
from gateway.storage.fairness import share_the_interpreter
from gateway.storage.files import FileDocumentStore
from gateway.storage.replay import SqliteReplayMemory
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.storage.sqlite.audit_trail import SqliteAuditTrail
from gateway.transactions.audited import APPLICATION_START, APPLICATION_STOP
from gateway.translators.cda_consistency import ConsistencyCheck
from gateway.translators.community import as_the_community_writes
from gateway.translators.stored_forms import StoredForms
from gateway.validation import ProfileRules
from gateway.validation.aside import CORE, ValidationAside
from gateway.wiring import Actors, Wiring

__all__ = [
    "Actors",
    "Guard",
    "Service",
    "new_oid",
    "new_uuid",
    "open_directory",
    "open_inside",
    "open_service",
]

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
class Guard:
    """What asks for credentials and decides on them.

    Attributes:
        authenticator: Verifies credentials.
        rules: Of consent, with the policy of the profile.
        choices: Patients' decisions.
    """

    authenticator: Authenticator
    rules: Rules
    choices: ChoiceStore


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a door needs, wired.

    Attributes:
        inside: The actors with everything in sight, for the house itself: the identity feed, the
            demonstration record, commands. No door of the web uses them; these go through
            :meth:`visit`.
        reception: Where requests come in; ``None`` where everybody is trusted.
        identity: What verifies credentials; ``None`` likewise.
        notifications: Notices and subscriptions, each for the one it is for.
        trail: The audit trail, for its own door.
        audit_events: Writes its events as resources.
        validation: Judges resources that somebody asks to have judged.
        fhir_base_url: The address FHIR clients reach us under, without a slash at its end.
        cursor_key: Signs page links, so that nobody can make one up; kept with the data.
    """

    settings: Settings
    clock: Clock
    profile: Profile
    documents: FileDocumentStore
    inside: Actors
    reception: Reception[Actors] | None
    identity: Identity | None
    notifications: Notifications
    trail: AuditTrail
    audit_events: AuditEventWriter
    validation: ValidationAside
    fhir_base_url: str
    cursor_key: bytes

    def visit(
        self, kind: RequestKind, request_id: str = "", network_address: str = ""
    ) -> Visit[Actors]:
        """Begin a request: the only way of a door to the actors.

        Args:
            request_id: What the client calls it.
            network_address: Where it came from.
        """
        if self.reception is None:
            return OpenVisit(self.inside)
        return self.reception.visit(kind, request_id=request_id, network_address=network_address)

    async def choices_of(self, name: str) -> tuple[Choice, ...]:
        """Say what a Consent decides: which operation it is to take it back depends on that.

        It is asked before anybody is let in, so that nothing of it may be told.
        """
        versions = await self.inside.consents.versions(name)
        return versions[0].statement.choices if versions else ()

    async def trouble(self) -> str | None:
        """Say why the service cannot do its work, or ``None`` when it can."""
        return await self.documents.trouble()


@asynccontextmanager
async def open_service(
    settings: Settings,
    guard: Callable[[SqliteRegistryStore], Guard] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Service]:
    """Open the storage below the data folder, wire the actors, and close it all at the end.

    Args:
        guard: Asks for credentials and decides on them, in place of what the settings say.
        clock: Another than the system's.
    """
    share_the_interpreter()
    clock = clock or SystemClock()
    profile = read_profile(settings.profile, settings.profiles, shipped("profiles"))
    base_url = f"{settings.base_url}/fhir"
    store = _opened(settings, profile, clock)
    documents = FileDocumentStore(settings.data / "documents")
    sweeping = asyncio.create_task(_sweep_often(documents, store))
    retaining = asyncio.create_task(
        _retain_often(
            RecordKeeper(store, documents, clock, new_uuid, profile.access.retention_years)
        )
    )
    around = AsyncExitStack()
    validation = _validation(settings, profile)
    try:
        # Before anybody is let in: an event with a time that went backwards would say nothing.
        check_clock(await store.audit.newest_time(), clock.now())
        observer = audit_observer(settings)
        audit_events = AuditEventWriter(observer, profile.naming, base_url)
        await around.enter_async_context(
            kept(store.audit, clock, audit_options(settings), observer, audit_events)
        )
        if guard is not None or settings.auth != "none":
            await around.enter_async_context(_running(store, clock))
        wiring = _wired(settings, clock, profile, documents, store)
        identity = await around.enter_async_context(_identity(settings, profile, clock))
        guarding = guard(store) if guard else _guard(identity, profile, store)
        async with _notifications(wiring, store, guarding, base_url) as notifications:
            yield Service(
                settings=settings,
                clock=clock,
                profile=profile,
                documents=documents,
                inside=Actors(wiring, store, store.patients),
                reception=_reception(wiring, store, guarding) if guarding else None,
                identity=identity,
                trail=store.audit,
                audit_events=audit_events,
                notifications=notifications,
                validation=validation,
                fhir_base_url=base_url,
                cursor_key=_cursor_key(settings.data / "cursor.key"),
            )
    finally:
        for task in (sweeping, retaining):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await around.aclose()
        await asyncio.to_thread(validation.close)
        await documents.close()
        await store.close()


@asynccontextmanager
async def _running(store: SqliteRegistryStore, clock: Clock) -> AsyncIterator[None]:
    """Note in the trail that the gateway starts, and that it stops.

    What cannot be noted at the start stops it; of a kill nothing can tell but the next start.

    Source:
        DICOM PS3.15: A.5.3.1 (Application Activity); IHE ITI TF-2: 3.20.7.
    """

    async def note(transaction: str) -> None:
        event = AuditEvent(
            id=new_uuid(),
            time=clock.now(),
            transaction=transaction,
            action=Action.EXECUTE,
            outcome=Outcome.SUCCESS,
        )
        await store.audit.append(event)

    await note(APPLICATION_START)
    try:
        yield
    finally:
        try:
            await note(APPLICATION_STOP)
        except Exception:
            log.exception("audit.stop_not_noted")


@asynccontextmanager
async def open_inside(settings: Settings) -> AsyncIterator[Actors]:
    """Open the actors with everything in sight on the data folder, for a command.

    The folder may belong to a server that runs: both write to its file one after another, and the
    server's next answer tells what the command changed.
    """
    clock = SystemClock()
    profile = read_profile(settings.profile, settings.profiles, shipped("profiles"))
    store = _opened(settings, profile, clock)
    documents = FileDocumentStore(settings.data / "documents")
    # What a command changes is somebody's act like any other: nothing of it without its event.
    audited = GuardedStore(
        store,
        lambda changes, known: (),
        lambda changes: by_command(new_uuid(), clock.now()),
        lambda: None,
    )
    try:
        yield Actors(_wired(settings, clock, profile, documents, store), audited, store.patients)
    finally:
        await documents.close()
        await store.close()


def _opened(settings: Settings, profile: Profile, clock: Clock) -> SqliteRegistryStore:
    return SqliteRegistryStore.open(
        settings.data / "registry.sqlite",
        StoredForms(profile.naming, f"{settings.base_url}/fhir", profile.conventions),
        clock,
        max_results=settings.max_results,
        by_entry_uuid=profile.conventions.serves_entry_uuid,
        restrictions=profile.access.restriction_codes,
        release_months=profile.access.hidden_release_months,
        alerting=profile.access.patient_classes,
    )


def _wired(
    settings: Settings,
    clock: Clock,
    profile: Profile,
    documents: FileDocumentStore,
    store: SqliteRegistryStore,
) -> Wiring:
    return Wiring(
        settings=settings,
        clock=clock,
        new_uuid=new_uuid,
        new_oid=new_oid,
        profile=profile,
        documents=documents,
        choices=store.choices,
        trail=store.audit,
        facts=store.facts,
        mask_codes=mask_codes(profile),
        pace=Pace(profile.access.self_declared_per_minute),
        rules=ProfileRules.of(
            profile, environment=settings.environment, report=settings.rules == "report"
        ),
        check_document=ConsistencyCheck(profile)
        if profile.consistency.mode is not ConsistencyMode.OFF
        else None,
        complete=partial(as_the_community_writes, profile=profile),
    )


@asynccontextmanager
async def _identity(
    settings: Settings, profile: Profile, clock: Clock
) -> AsyncIterator[Identity | None]:
    """Give what verifies credentials, where they are asked for."""
    if settings.auth == "none":
        yield None
        return
    replay = SqliteReplayMemory.open(settings.data / "replay.sqlite", clock)
    identity = open_identity(
        profile=profile,
        clock=clock,
        replay=replay,
        base_url=settings.base_url,
        data=settings.data,
        people=shipped("samples") / "people.toml",
        trust=settings.trust,
        development=settings.development_authority != "off",
    )
    fetching = asyncio.create_task(identity.keep_keys_fresh())
    try:
        yield identity
    finally:
        fetching.cancel()
        with suppress(asyncio.CancelledError):
            await fetching
        await replay.close()


def _guard(identity: Identity | None, profile: Profile, store: SqliteRegistryStore) -> Guard | None:
    if identity is None:
        return None
    return Guard(
        authenticator=identity.authenticator,
        rules=ConsentRules(profile.access),
        choices=store.choices,
    )


def _reception(wiring: Wiring, store: SqliteRegistryStore, guard: Guard) -> Reception[Actors]:
    """Wire what asks for credentials with what it lets in to."""

    def wire(about: Proceedings) -> Actors:
        permit = about.permit
        if permit is None or permit.visibility is None:
            raise RuntimeError("nobody is let in without a permit")

        def account(changes: Changes) -> Account:
            return about.account(new_uuid, changes=changes)

        def kept() -> None:
            about.settled = True

        seen = GuardedStore(
            store.seen_by(permit.visibility), Rights(guard.rules, permit).check, account, kept
        )
        patients: PatientDirectory = store.patients
        if permit.operation is not Operation.ADMINISTER:
            patients = SeenPatients(patients, [record.patient for record in permit.records])
        return Actors(wiring, seen, patients, permit)

    control = AccessControl(
        guard.rules.gate,
        guard.choices,
        store.patients,
        store,
        new_uuid,
        emergency_window=timedelta(hours=wiring.profile.access.emergency_hours),
    )
    return Reception(
        control,
        guard.rules,
        guard.authenticator,
        wire,
        store.account,
        wiring.clock,
        new_uuid,
        EvenTimes(wiring.settings.even_answers / 1000),
    )


def _validation(settings: Settings, profile: Profile) -> ValidationAside:
    """Give what judges resources by FHIR and by the community's definitions."""
    names = (*reversed(profile.extends), profile.name)
    folders = (settings.profiles / name / "structure-definitions" for name in names)
    return ValidationAside(settings.profiles / CORE, [one for one in folders if one.is_dir()])


def _notifications(
    wiring: Wiring, store: SqliteRegistryStore, guard: Guard | None, base_url: str
) -> AbstractAsyncContextManager[Notifications]:
    """Wire what tells people and systems of what happened."""
    settings, profile, clock = wiring.settings, wiring.profile, wiring.clock
    rights: MessageRights = NobodyAsks(store)
    if guard is not None:
        rights = ConsentRights(guard.rules.gate, guard.choices, store, clock)
    return open_notifications(
        office_settings(settings),
        Stores(
            notices=store.notices,
            subscriptions=store.subscriptions,
            patients=store.patients,
            registry=store,
            choices=guard.choices if guard else None,
        ),
        rights,
        profile,
        search_rules(profile.conventions, settings.home_community_id or ""),
        clock,
        new_uuid,
        base_url,
    )


@asynccontextmanager
async def open_retention(settings: Settings) -> AsyncIterator[RecordKeeper]:
    """Open what destroys records whose time is over, for a command."""
    clock = SystemClock()
    profile = read_profile(settings.profile, settings.profiles, shipped("profiles"))
    store = _opened(settings, profile, clock)
    documents = FileDocumentStore(settings.data / "documents")
    try:
        yield RecordKeeper(store, documents, clock, new_uuid, profile.access.retention_years)
    finally:
        await documents.close()
        await store.close()


async def _retain_often(keeper: RecordKeeper) -> None:
    """Destroy what is kept no longer, now and every hour."""
    while True:
        try:
            if gone := await keeper.destroy():
                log.info("records.destroyed", records=len(gone))
        except Exception:
            log.exception("records.retention_failed")
        await asyncio.sleep(_BETWEEN_SWEEPS)


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


@asynccontextmanager
async def open_trail(settings: Settings) -> AsyncIterator[SqliteAuditTrail]:
    """Open the audit trail below the data folder, for a command."""
    store = SqliteRegistryStore.open(
        settings.data / "registry.sqlite",
        StoredForms(NamingSystems(), ""),
        SystemClock(),
        max_results=settings.max_results,
    )
    try:
        yield store.audit
    finally:
        await store.close()


def _cursor_key(path: Path) -> bytes:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()
