"""Delivering notices: each to every channel of its recipient, until somebody took it.

A message may arrive twice, when its acknowledgement was lost; its id tells. Whether the recipient
may know is asked again each time, immediately before it is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from gateway.codecs.fhir.communication import write_communication
from gateway.model.naming import NamingSystems
from gateway.model.notice import Channel, Contact, Delivery, DeliveryState, Notice
from gateway.notifications.contacts import Contacts
from gateway.notifications.endpoints import Caller, NotTaken
from gateway.notifications.mail import Mailer
from gateway.notifications.moments import later, seconds_between
from gateway.notifications.signature import Signer
from gateway.notifications.texts import inbox_text, language_of, mail_text
from gateway.ports import Clock
from gateway.ports.notices import NoticeStore

log = structlog.get_logger(__name__)

JSON = "application/fhir+json; charset=utf-8"

_FIRST_WAIT = 30.0
_LONGEST_WAIT = 6 * 3600.0
_LOOK_AGAIN = 3600.0
"""Seconds after which a withheld notice is looked at again."""

_WITHHOLD = 45 * 86400.0
"""Seconds after which a notice that may still not be told is given up: any hiding has ended."""

_AT_ONCE = 8
"""Recipients served at the same time."""

MayBeTold = Callable[[Notice], Awaitable[bool]]
"""Whether the recipient of a notice may know of it now."""


def wait_after(attempts: int) -> float:
    """Give the seconds until a delivery that failed so often is tried again."""
    return float(min(_FIRST_WAIT * 2 ** min(attempts - 1, 20), _LONGEST_WAIT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What notices are sent with; a channel that is not set up is never chosen.

    Attributes:
        language: Of texts for people who prefer none.
    """

    caller: Caller | None = None
    signer: Signer | None = None
    mailer: Mailer | None = None
    language: str = "en"

    def usable(self, contact: Contact | None) -> tuple[Channel, ...]:
        """Which channels lead to a person."""
        if contact is None:
            return ()
        there = {
            Channel.WEBHOOK: self.caller is not None and self.signer is not None,
            Channel.EMAIL: self.mailer is not None,
        }
        return tuple(channel for channel in contact.channels if there[channel])


class NoticeDelivery:
    """Delivers what waits; one round at a time, by one task of the server."""

    def __init__(
        self,
        store: NoticeStore,
        contacts: Contacts,
        channels: Channels,
        may_be_told: MayBeTold,
        naming: NamingSystems,
        clock: Clock,
    ) -> None:
        self._store = store
        self._contacts = contacts
        self._channels = channels
        self._may_be_told = may_be_told
        self._naming = naming
        self._clock = clock

    async def round(self) -> int:
        """Address what is new and try what is due; gives how many notices were taken."""
        now = self._clock.now()
        for notice in await self._store.unaddressed():
            contact = await self._contacts.of(notice)
            await self._store.address(notice.id, self._channels.usable(contact), now)
        # A webhook gets one message after another: its numbers have no gap, and what came first is
        # told first. Different recipients wait for nobody but themselves.
        queues: dict[tuple[Channel, str], list[Delivery]] = {}
        for delivery in await self._store.due(now):
            recipient = delivery.notice.recipient.text
            queues.setdefault((delivery.channel, recipient), []).append(delivery)
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(queue: list[Delivery]) -> int:
            async with turn:
                return await self._deliver(queue)

        return sum(await asyncio.gather(*map(one, queues.values())))

    async def _deliver(self, queue: list[Delivery]) -> int:
        taken = 0
        for delivery in queue:
            done = await self._try(delivery)
            await self._store.settle(done)
            if done.state is DeliveryState.DELIVERED:
                taken += 1
            elif done.state is DeliveryState.WAITING and done.channel is Channel.WEBHOOK:
                break
        return taken

    async def _try(self, delivery: Delivery) -> Delivery:
        now = self._clock.now()
        notice = delivery.notice
        if not await self._may_be_told(notice):
            if seconds_between(notice.time, now) > _WITHHOLD:
                return replace(delivery, state=DeliveryState.DROPPED, ended=now)
            return replace(delivery, state=DeliveryState.WITHHELD, due=later(now, _LOOK_AGAIN))
        contact = await self._contacts.of(notice)
        if contact is None or delivery.channel not in self._channels.usable(contact):
            return replace(
                delivery,
                state=DeliveryState.DROPPED,
                ended=now,
                trouble="the recipient is not reached on this channel any more",
            )
        attempts = delivery.attempts + 1
        try:
            if delivery.channel is Channel.WEBHOOK:
                await self._call(notice, contact, now)
            else:
                await self._mail(notice, contact, now)
        except NotTaken as failure:
            log.warning(
                "notice.not_taken",
                notice=notice.id,
                channel=delivery.channel.value,
                attempts=attempts,
                trouble=str(failure),
            )
            return replace(
                delivery,
                state=DeliveryState.WAITING,
                attempts=attempts,
                due=later(now, wait_after(attempts)),
                trouble=str(failure),
            )
        return replace(
            delivery,
            state=DeliveryState.DELIVERED,
            attempts=attempts,
            ended=self._clock.now(),
            trouble="",
        )

    async def _call(self, notice: Notice, contact: Contact, now: str) -> None:
        caller, signer = self._channels.caller, self._channels.signer
        assert caller is not None and signer is not None
        language = language_of(contact.language, self._channels.language)
        body = write_communication(
            notice,
            self._naming,
            text=inbox_text(notice, language),
            language=language,
            sequence=contact.sequence + 1,
        )
        await caller.post(contact.endpoint, body, JSON, signer.headers(notice.id, now, body))

    async def _mail(self, notice: Notice, contact: Contact, now: str) -> None:
        mailer = self._channels.mailer
        assert mailer is not None
        language = language_of(contact.language, self._channels.language)
        await mailer.send(contact.email, notice.id, mail_text(notice, language), now, language)
