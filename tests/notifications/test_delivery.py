"""Notices reach people at least once, each with its id, and only while they may know."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.model.naming import NamingSystems
from gateway.model.notice import (
    Channel,
    Contact,
    DeliveryState,
    Notice,
    NoticeKind,
    RecipientKind,
)
from gateway.notifications.contacts import Contacts
from gateway.notifications.delivery import Channels, MayBeTold, NoticeDelivery, wait_after
from gateway.notifications.mail import Mailer, Relay
from gateway.ports import Account, Page
from gateway.storage.sqlite import SqliteRegistryStore
from tests.notifications.world import (
    GP,
    PATIENT,
    Endpoint,
    MovableClock,
    caller,
    endpoint,
    everything,
    notice,
    run,
    signer,
)


async def keep(store: SqliteRegistryStore, *notices: Notice) -> None:
    """Keep notices as a request does that changed nothing."""
    for number, one in enumerate(notices):
        await store.notices.once(f"test-{one.id}-{number}", "20260301", Account(notices=(one,)))


def delivery(
    store: SqliteRegistryStore,
    clock: MovableClock,
    channels: Channels,
    may: MayBeTold = everything,
) -> NoticeDelivery:
    return NoticeDelivery(
        store.notices,
        Contacts(store.notices, store.patients),
        channels,
        may,
        NamingSystems(),
        clock,
    )


def verify(public: str, received: Any) -> None:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    version, _, signature = received.headers["webhook-signature"].partition(",")
    assert version == "v1a"
    signed = (
        f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode()
        + received.body
    )
    key.verify(base64.b64decode(signature), signed)


@asynccontextmanager
async def webhook(
    store: SqliteRegistryStore, folder: Path
) -> AsyncIterator[tuple[Endpoint, Channels]]:
    async with endpoint() as heard, caller(heard.url) as calls:
        contact = Contact(recipient=PATIENT, endpoint=f"{heard.url}/hook", language="fr")
        await store.notices.put_contact(contact, "20260301080000")
        yield heard, Channels(caller=calls, signer=signer(folder))


def test_a_webhook_gets_a_signed_communication_with_its_number(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        async with webhook(store, tmp_path) as (heard, channels):
            await keep(store, notice(1), notice(2))
            assert await delivery(store, clock, channels).round() == 2
        first, second = heard.received
        public = signer(tmp_path).public
        verify(public, first)
        told = json.loads(first.body)
        assert told["resourceType"] == "Communication"
        assert told["category"][0]["coding"][0]["code"] == "emergency-access"
        assert told["extension"][0]["valueUnsignedInt"] == 1
        assert "Dr Example" in told["payload"][0]["contentString"]
        assert "urgence" in told["payload"][0]["contentString"]
        assert json.loads(second.body)["extension"][0]["valueUnsignedInt"] == 2
        assert first.headers["webhook-id"] == notice(1).id
        second.headers["webhook-signature"] = first.headers["webhook-signature"]
        with pytest.raises(InvalidSignature):
            verify(public, second)

    run(tmp_path, test)


def test_what_nobody_took_is_sent_again_until_somebody_does(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        async with webhook(store, tmp_path) as (heard, channels):
            heard.status = [503, 500, 200]
            await keep(store, notice(1))
            await keep(store, notice(2))
            told = delivery(store, clock, channels)
            assert await told.round() == 0
            (waiting, other) = await store.notices.undelivered()
            assert (waiting.attempts, other.attempts) == (1, 0)
            assert waiting.trouble == "the endpoint answered 503"
            assert await told.round() == 0  # Not before it is due, and nothing overtakes it.
            clock.pass_(seconds=31)
            assert await told.round() == 0
            clock.pass_(seconds=61)
            assert await told.round() == 2
            assert await told.round() == 0
        assert [r.headers["webhook-id"][-1] for r in heard.received] == ["1", "1", "1", "2"]
        numbers = [json.loads(r.body)["extension"][0]["valueUnsignedInt"] for r in heard.received]
        assert numbers == [1, 1, 1, 2]
        (state,) = await store.notices.deliveries([notice(1).id])
        assert (state.state, state.attempts, state.channel) == (
            DeliveryState.DELIVERED,
            3,
            Channel.WEBHOOK,
        )

    run(tmp_path, test)


def test_a_wait_grows_and_has_an_end() -> None:
    waits = [wait_after(n) for n in range(1, 40)]
    assert waits[:3] == [30, 60, 120]
    assert waits == sorted(waits) and waits[-1] == 6 * 3600


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    async def before(store: SqliteRegistryStore, clock: MovableClock) -> None:
        contact = Contact(recipient=PATIENT, endpoint="http://127.0.0.1:9/hook")
        await store.notices.put_contact(contact, clock.now())
        await keep(store, notice(1))
        async with caller("http://127.0.0.1:9") as calls:
            channels = Channels(caller=calls, signer=signer(tmp_path))
            assert await delivery(store, clock, channels).round() == 0

    async def after(store: SqliteRegistryStore, clock: MovableClock) -> None:
        clock.pass_(days=1)
        async with endpoint() as heard, caller(heard.url) as calls:
            contact = Contact(recipient=PATIENT, endpoint=f"{heard.url}/")
            await store.notices.put_contact(contact, clock.now())
            channels = Channels(caller=calls, signer=signer(tmp_path))
            assert await delivery(store, clock, channels).round() == 1
            assert heard.received[0].headers["webhook-id"] == notice(1).id

    run(tmp_path, before)
    run(tmp_path, after)


def test_what_may_not_be_known_is_withheld_without_a_gap(tmp_path: Path) -> None:
    hidden = {notice(1).id}

    async def may(one: Notice) -> bool:
        return one.id not in hidden

    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        async with webhook(store, tmp_path) as (heard, channels):
            await keep(store, notice(1, NoticeKind.NEW_DOCUMENT), notice(2))
            told = delivery(store, clock, channels, may)
            assert await told.round() == 1
            assert [r.headers["webhook-id"] for r in heard.received] == [notice(2).id]
            assert json.loads(heard.received[0].body)["extension"][0]["valueUnsignedInt"] == 1
            hidden.clear()
            assert await told.round() == 0
            clock.pass_(seconds=3601)
            assert await told.round() == 1
            assert json.loads(heard.received[1].body)["extension"][0]["valueUnsignedInt"] == 2

    run(tmp_path, test)


def test_what_may_never_be_known_is_dropped_in_silence(tmp_path: Path) -> None:
    async def never(_: Notice) -> bool:
        return False

    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        async with webhook(store, tmp_path) as (heard, channels):
            await keep(store, notice(1, NoticeKind.NEW_DOCUMENT))
            told = delivery(store, clock, channels, never)
            await told.round()
            clock.pass_(days=46)
            await told.round()
            assert not heard.received
            (state,) = await store.notices.deliveries([notice(1).id])
            assert state.state is DeliveryState.DROPPED

    run(tmp_path, test)


def test_somebody_without_address_finds_it_in_the_inbox(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        await keep(store, notice(1), notice(2, recipient=GP, recipient_kind=RecipientKind.GP))
        assert await delivery(store, clock, Channels()).round() == 0
        assert not await store.notices.unaddressed()
        assert not await store.notices.undelivered()
        mine = await store.notices.inbox([PATIENT], Page(size=10))
        assert [one.id for _, one in mine] == [notice(1).id]
        everybodys = await store.notices.inbox(None, Page(size=10))
        assert len(everybodys) == 2

    run(tmp_path, test)


def test_a_notice_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        await keep(store, notice(1))
        await keep(store, notice(1), notice(1))
        assert len(await store.notices.inbox(None, Page(size=10))) == 1

    run(tmp_path, test)


class Mailbox:
    """What a relay was handed."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.busy = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.busy:
            self.busy -= 1
            return "451 later"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"

    @asynccontextmanager
    async def relay(self) -> AsyncIterator[Relay]:
        """The relay that hands mails over to this mailbox."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield Relay(
                host="127.0.0.1", port=port, sender="record@gateway.example", security="none"
            )
        finally:
            server.close()


@pytest.mark.parametrize(("language", "said"), [("fr", "urgence"), ("en", "emergency")])
def test_a_mail_is_generic_and_in_the_language_preferred(
    tmp_path: Path, language: str, said: str
) -> None:
    box = Mailbox()
    box.busy = 1

    async def test(store: SqliteRegistryStore, clock: MovableClock) -> None:
        async with box.relay() as relay:
            contact = Contact(recipient=PATIENT, email="p1@mail.example", language=language)
            await store.notices.put_contact(contact, clock.now())
            await keep(store, notice(1, entry_uuid="urn:uuid:secret-document"))
            told = delivery(store, clock, Channels(mailer=Mailer(relay)))
            assert await told.round() == 0
            clock.pass_(seconds=60)
            assert await told.round() == 1

    run(tmp_path, test)
    ((recipients, mail),) = box.mails
    assert recipients == ["p1@mail.example"]
    text = mail.get_content()
    assert said in text
    whole = mail.as_string()
    assert "Dr Example" not in whole and "secret-document" not in whole and "patient-1" not in whole
    assert notice(1).id.rpartition(":")[2] in mail["Message-ID"]
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "address", ["a@b\r\nBcc: c@d", "a b@c", "a@b>", "", "a", "a@b, c@d", "a@[127.0.0.1]"]
)
def test_an_address_cannot_add_a_header_or_a_recipient(address: str) -> None:
    from gateway.notifications.mail import is_mail_address

    assert not is_mail_address(address)
