"""Messages and deadlines under the real rules, with the real registry: scenarios 29-36, 45, 59."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.consent import gate
from gateway.consent.decision import Decision
from gateway.model.choices import (
    Authorise,
    Choice,
    HideAll,
    Holder,
    HolderKind,
    Period,
    Representative,
    Revoke,
    Statement,
)
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle import Changes
from gateway.model.naming import NamingSystems
from gateway.model.notice import NoticeKind, RecipientKind
from gateway.model.patient import Patient, RecordState
from gateway.model.record import EmergencyDeclaration
from gateway.model.subject import AccessRequest, Mode, Operation, Subject, SubjectKind, same_key
from gateway.model.subscription import Content, Subscription, SubscriptionStatus
from gateway.notifications.broker import Broker
from gateway.notifications.deadlines import EMERGENCY_RATE, DeadlineRules, Deadlines
from gateway.notifications.rights import ConsentRights, ends_by
from gateway.ports import Account, FiledStatement, Page
from gateway.profile import read_profile
from gateway.profile.notices import NoticePolicy
from gateway.storage.sqlite import SqliteRegistryStore
from gateway.storage.sqlite.audit import AuditRows
from gateway.translators.stored_forms import StoredForms
from tests.notifications.world import MovableClock, caller, endpoint, notice, signer
from tests.shared import ROOT
from tests.storage.shelf import Maker, patient

POLICY = read_profile("ihe", ROOT / "profiles").access
P = patient("p")
DR_A, DR_B, MOTHER = (Identifier.of(name, "2.999.5") for name in ("a", "b", "m"))
SCHEME = "2.999.77.3"
N = Code("N", "2.16.840.1.113883.5.25")
MASKED, HIDDEN, NOT_FOR_PARENTS = (
    (N, Code(code, SCHEME))
    for code in ("MASKED", "HIDDEN_FROM_PATIENT", "HIDDEN_FROM_REPRESENTATIVES")
)
SUMMARY = Code("34133-9", "2.16.840.1.113883.6.1")
DOCUMENTS = "DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"

B = AccessRequest(
    subject=Subject(kind=SubjectKind.PROFESSIONAL, id=DR_B, roles=(Code("10", "2.999.6"),))
)


class House:
    """A registry with one record, and what its choices let people know."""

    def __init__(self, store: SqliteRegistryStore, clock: MovableClock, folder: Path) -> None:
        self.store = store
        self.clock = clock
        self.folder = folder
        self.make = Maker()
        self.numbers = count(1)
        self.rights = ConsentRights(self._gate, store.choices, store, clock)

    def _gate(self, access: AccessRequest, operation: Operation, record: Any, now: str) -> Decision:
        return gate(access, operation, record, POLICY, now)

    async def decide(self, *choices: Choice) -> None:
        """Let the patient say something."""
        number = next(self.numbers)
        statement = Statement(
            patient_id=P, date_time=DateTime(self.clock.now()), performer=P, choices=choices
        )
        filed = FiledStatement(
            id=f"urn:uuid:00000000-0000-4000-9000-{number:012d}",
            version=1,
            active=True,
            statement=statement,
            recorded=self.clock.now(),
        )
        await self.store.account(Account(statements=(filed,)))
        self.clock.pass_(seconds=1)

    async def deposit(self, codes: tuple[Code, ...] = (N,), **more: Any) -> DocumentEntry:
        changes = self.make.submission(P, confidentiality_code=codes, **more)
        await self.store.change(lambda known: changes)
        entry = changes.added[1]
        assert isinstance(entry, DocumentEntry)
        return entry

    async def announce(self, entry: DocumentEntry) -> None:
        """Take the restriction away in a new version."""
        version = self.make.entry(
            P,
            unique_id=entry.unique_id,
            logical_id=entry.logical_id,
            version="2",
            confidentiality_code=(N,),
        )
        await self.store.change(lambda known: Changes(added=(version,)))

    def deadlines(self, **rules: Any) -> Deadlines:
        return Deadlines(
            self.store.notices,
            self.store.choices,
            self.store.patients,
            self.store,
            DeadlineRules(**rules),
            self.clock,
            lambda: f"urn:uuid:00000000-0000-4000-a000-{next(self.numbers):012d}",
        )

    async def inbox(self) -> list[Any]:
        return [one for _, one in await self.store.notices.inbox(None, Page(size=100))]

    async def told_of(self, entry: DocumentEntry, **more: Any) -> bool:
        one = notice(
            1,
            NoticeKind.NEW_DOCUMENT,
            **{"recipient": P, "patient": P, "entry_uuid": entry.entry_uuid, **more},
        )
        return await self.rights.may_be_told(one)


def run(path: Path, test: Callable[[House], Awaitable[None]], *, gp: bool = True) -> None:
    async def go() -> None:
        clock = MovableClock()
        store = SqliteRegistryStore.open(
            path / "r.sqlite",
            StoredForms(NamingSystems(), "http://gateway.test/fhir"),
            clock,
            restrictions=POLICY.restriction_codes,
        )
        try:
            record = RecordState(gp=DR_A if gp else None)
            await store.patients.put(Patient(logical_id="p", identifiers=(P,), record=record))
            await test(House(store, clock, path))
        finally:
            await store.close()

    asyncio.run(go())


def test_nothing_is_told_of_a_document_that_is_hidden_from_the_patient(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        hidden = await house.deposit(HIDDEN)
        shown = await house.deposit()
        assert not await house.told_of(hidden)
        assert await house.told_of(shown)
        house.clock.moment = "20260401080000"  # One calendar month after the deposit.
        assert await house.told_of(hidden)

    run(tmp_path, test)


def test_day_fourteen_brings_one_generic_notice_and_a_restart_no_other(tmp_path: Path) -> None:
    async def before(house: House) -> None:
        await house.deposit(HIDDEN)
        await house.deposit(HIDDEN)
        await house.deposit()
        house.clock.pass_(days=14, seconds=-1)
        await house.deadlines().often()
        assert await house.inbox() == []
        house.clock.pass_(seconds=1)
        await house.deadlines().often()
        (told,) = await house.inbox()
        assert (told.kind, told.recipient_kind) == (
            NoticeKind.RECORD_UPDATED,
            RecipientKind.PATIENT,
        )
        assert (told.entry_uuid, told.who, told.event) == ("", "", "")
        assert same_key(told.recipient) == same_key(P)

    async def after(house: House) -> None:
        house.clock.moment = "20260316080000"
        await house.deadlines().often()
        await house.deadlines().often()
        assert len(await house.inbox()) == 1

    run(tmp_path, before)
    run(tmp_path, after)


def test_no_notice_on_day_fourteen_after_an_announcement_or_the_release(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        entry = await house.deposit(HIDDEN)
        house.clock.pass_(days=5)
        await house.announce(entry)
        house.clock.pass_(days=9)
        await house.deadlines().often()
        assert await house.inbox() == []
        await house.deposit(HIDDEN)
        house.clock.pass_(days=40)  # Nobody looked for weeks: it is released by now.
        await house.deadlines().often()
        assert await house.inbox() == []

    run(tmp_path, test)


@pytest.mark.parametrize("recipient", [RecipientKind.PATIENT, RecipientKind.GP])
def test_of_an_emergency_patient_and_attending_doctor_are_told_always(
    tmp_path: Path, recipient: RecipientKind
) -> None:
    async def test(house: House) -> None:
        await house.decide(HideAll(hidden=True))
        told = notice(
            1,
            NoticeKind.EMERGENCY_ACCESS,
            recipient_kind=recipient,
            recipient=P if recipient is RecipientKind.PATIENT else DR_A,
            patient=P,
        )
        assert await house.rights.may_be_told(told)

    run(tmp_path, test)


def test_a_representative_is_told_what_he_may_see_while_he_represents(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        parent = {"recipient": MOTHER, "recipient_kind": RecipientKind.REPRESENTATIVE}
        secret = await house.deposit(NOT_FOR_PARENTS)
        shown = await house.deposit()
        access = notice(1, NoticeKind.FIRST_ACCESS, patient=P, **parent)
        assert not await house.told_of(shown, **parent)
        assert not await house.rights.may_be_told(access)
        until = Period(end=DateTime("20260601"))
        await house.decide(Representative(person=MOTHER, title="guardian", period=until))
        assert await house.told_of(shown, **parent)
        assert not await house.told_of(secret, **parent)
        assert await house.rights.may_be_told(access)
        house.clock.moment = "20260602000000"
        assert not await house.told_of(shown, **parent)
        assert not await house.rights.may_be_told(access)

    run(tmp_path, test)


def summaries(house: House) -> Deadlines:
    return house.deadlines(policy=NoticePolicy(summary_types=(SUMMARY,), summary_days=365))


def test_the_attending_doctor_is_reminded_of_a_summary_once_a_year(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        await summaries(house).daily()
        await summaries(house).daily()
        (told,) = await house.inbox()
        assert (told.kind, told.recipient) == (NoticeKind.SUMMARY_MISSING, DR_A)
        house.clock.pass_(days=30)
        await house.deposit(type_code=SUMMARY, creation_time=DateTime("20260331"))
        house.clock.pass_(days=340)
        await summaries(house).daily()
        assert len(await house.inbox()) == 1
        house.clock.pass_(days=30)
        await summaries(house).daily()
        await summaries(house).daily()
        assert len(await house.inbox()) == 2

    run(tmp_path, test)


def test_a_reminder_tells_nothing_of_what_the_doctor_may_not_see(tmp_path: Path) -> None:
    """With everything hidden, a summary that is there and none at all bring the same."""

    async def test(house: House) -> None:
        await house.deposit(type_code=SUMMARY, creation_time=DateTime("20260228"))
        await summaries(house).daily()
        assert await house.inbox() == []
        await house.decide(HideAll(hidden=True))
        await summaries(house).daily()
        assert len(await house.inbox()) == 1

    run(tmp_path, test)


def test_without_attending_doctor_or_summary_type_nobody_is_reminded(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        await summaries(house).daily()
        await house.deadlines().daily()
        assert await house.inbox() == []

    run(tmp_path, test, gp=False)


def test_too_many_emergencies_are_told_the_auditor_once_a_day(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        for number in range(4):
            declaration = EmergencyDeclaration(
                id=f"urn:uuid:00000000-0000-4000-b000-{number:012d}",
                patient=Identifier.of(f"7{number}", "2.999.1.10"),
                subject="b^2.999.5",
                structure="",
                mode=Mode.BREAK_GLASS,
                reason="unconscious",
                start=house.clock.now(),
                end="20260302080000",
            )
            await house.store.account(Account(declaration=declaration))
            for _ in range(2):
                await house.deadlines(emergencies_per_day=2).often()
        kept = house.store._file.reading.execute("SELECT count(*) FROM audit_event").fetchone()
        assert kept == (1,)
        (number, _) = AuditRows(house.store._file.reading).newest()
        assert number == 1
        (octets,) = house.store._file.reading.execute("SELECT octets FROM audit_event").fetchone()
        assert EMERGENCY_RATE.encode() in octets

    run(tmp_path, test)


async def subscribed(house: House, url: str) -> None:
    subscription = Subscription(
        id="s1",
        owner="b",
        access=B,
        topic=DOCUMENTS,
        criteria="DocumentReference?patient=Patient/p",
        patient=P,
        endpoint=f"{url}/hook",
        content=Content.ID_ONLY,
        until="20270101000000",
        updated=house.clock.now(),
        due=house.clock.now(),
    )
    assert await house.store.subscriptions.create(subscription, 5)


def test_a_subscriber_hears_what_he_may_see_until_he_is_revoked(tmp_path: Path) -> None:
    """Scenario 59, with the rules and the registry as they are."""

    async def test(house: House) -> None:
        holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_B)
        await house.decide(Authorise(holder=holder))
        async with endpoint() as heard, caller(heard.url) as calls:
            broker = Broker(
                house.store.subscriptions,
                house.rights,
                calls,
                signer(house.folder),
                NamingSystems(),
                SearchRules(),
                house.clock,
                "http://gateway.test/fhir",
            )
            await subscribed(house, heard.url)
            await broker.round()
            masked = await house.deposit(MASKED)
            await house.deposit()
            hidden_from_patient = await house.deposit(HIDDEN)
            await broker.round()
            bodies = b"".join(one.body for one in heard.received).decode()
            assert masked.entry_uuid.removeprefix("urn:uuid:") not in bodies
            assert hidden_from_patient.entry_uuid.removeprefix("urn:uuid:") in bodies
            assert len(heard.received) == 3  # The handshake and two documents, numbered 1 and 2.
            await house.deposit()
            await house.decide(Revoke(holder=holder))
            await broker.round()
            await house.decide(Authorise(holder=holder))
            await house.deposit()
            await broker.round()
            assert len(heard.received) == 3
        state = await house.store.subscriptions.read("s1")
        assert state is not None and state.status is SubscriptionStatus.OFF

    run(tmp_path, test)


def test_a_credential_about_another_patient_sees_nothing(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_B)
        await house.decide(Authorise(holder=holder))
        assert await house.rights.view(B, P) is not None
        other = AccessRequest(subject=B.subject, patient=patient("q"))
        assert await house.rights.view(other, P) is None
        assert await house.rights.view(None, P) is None
        mine = AccessRequest(subject=B.subject, patient=P)
        assert await house.rights.view(mine, P) is not None

    run(tmp_path, test)


def test_an_end_is_the_last_second_of_what_lets_somebody_look(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=DR_B)
        await house.decide(Authorise(holder=holder, period=Period(end=DateTime("202604"))))
        record = await house.store.choices.record(P)
        assert ends_by(record, B, house.clock.now()) == "20260430235959"
        patients_own = AccessRequest(subject=Subject(kind=SubjectKind.PATIENT, id=P))
        assert ends_by(record, patients_own, house.clock.now()) == ""

    run(tmp_path, test)
