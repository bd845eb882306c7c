"""The Resource Notification Broker: tells endpoints what became new for their subscribers.

What happened waits for a subscription as no more than the id of a submission. Whether it is told is
found by asking the subscriber's own question, in the registry as the subscriber sees it at that
moment: what is absent for him is not found, gets no number, delays nothing and leaves no trace.

Source:
    IHE DSUBm 1.0: ITI-110, ITI-112; HL7 Subscriptions R5 Backport 1.1.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.codecs.fhir.subscription import read_filter, topic_named
from gateway.codecs.fhir.subscription_notification import (
    NotificationType,
    Told,
    write_notification,
)
from gateway.errors import Refused
from gateway.model.naming import NamingSystems
from gateway.model.subscription import (
    Focus,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
)
from gateway.model.vocabulary import AssociationType
from gateway.notifications.delivery import wait_after
from gateway.notifications.endpoints import Caller, NotTaken
from gateway.notifications.moments import later
from gateway.notifications.rights import Rights
from gateway.notifications.signature import Signer
from gateway.ports import Clock, Form, Held, Page, RegistryStore
from gateway.ports.notices import SubscriptionStore
from gateway.transactions.conditions import Condition, Is, Linked, TimeBound

log = structlog.get_logger(__name__)

NEVER = "99991231235959"

_MOST_ATTEMPTS = 12
"""Attempts, over most of a day, after which a subscription is in error."""

_MESSAGES = uuid.UUID("6f3f3d2e-6d39-5b0c-8f3e-0c1f7a1a7d10")
"""Names the messages of all subscriptions: the same one sent again has the same id."""

_AT_ONCE = 8
"""Endpoints called at the same time."""


class Broker:
    """Delivers to every open subscription; one round at a time, by one task of the server."""

    def __init__(
        self,
        store: SubscriptionStore,
        rights: Rights,
        caller: Caller,
        signer: Signer,
        naming: NamingSystems,
        rules: SearchRules,
        clock: Clock,
        base_url: str,
    ) -> None:
        self._store = store
        self._rights = rights
        self._caller = caller
        self._signer = signer
        self._naming = naming
        self._rules = rules
        self._clock = clock
        self._base_url = base_url

    async def round(self) -> None:
        """Collect what happened and tell whoever may be told."""
        await self._store.collect()
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(subscription: Subscription) -> None:
            async with turn:
                try:
                    await self._serve(subscription)
                except Exception:
                    # One broken subscription keeps no other one waiting.
                    log.exception("subscription.failed", subscription=subscription.id)
                    await self._failed(subscription, "the gateway failed on it")

        due = await self._store.due(self._clock.now())
        await asyncio.gather(*map(one, due))

    async def _serve(self, subscription: Subscription) -> None:
        now = self._clock.now()
        if subscription.farewell:
            await self._bid_farewell(subscription)
        elif subscription.until and now > subscription.until:
            await self._end(subscription, farewell=True)
        elif not await self._may_go_on(subscription):
            # Nothing more is sent, not even that it ended.
            await self._end(subscription, farewell=False)
        elif subscription.status is SubscriptionStatus.REQUESTED:
            await self._shake_hands(subscription)
        else:
            await self._tell(subscription)

    async def _may_go_on(self, subscription: Subscription) -> bool:
        if subscription.patient is None:
            return True  # Each record is asked for when something happens in it.
        view = await self._rights.view(subscription.access, subscription.patient)
        return view is not None

    async def _shake_hands(self, subscription: Subscription) -> None:
        try:
            await self._send(subscription, NotificationType.HANDSHAKE)
        except NotTaken as failure:
            await self._change(subscription, _error(str(failure)))
            return
        now = self._clock.now()
        await self._change(
            subscription,
            lambda s: _scheduled(
                replace(
                    s,
                    status=SubscriptionStatus.ACTIVE,
                    updated=now,
                    last_sent=now,
                    attempts=0,
                    trouble="",
                ),
                now,
            ),
        )

    async def _tell(self, subscription: Subscription) -> None:
        present = subscription
        while events := await self._store.events(present.id):
            for event in events:
                told = await self._tell_event(present, event)
                if told is None:
                    return
                present = told
        now = self._clock.now()
        beat = present.heartbeat and later(present.last_sent, present.heartbeat) <= now
        if beat:
            try:
                await self._send(present, NotificationType.HEARTBEAT)
            except NotTaken as failure:
                await self._failed(present, str(failure))
                return
            present = replace(present, last_sent=now, attempts=0, trouble="")
        await self._change(
            present,
            lambda s: _scheduled(
                replace(s, last_sent=present.last_sent, attempts=present.attempts, trouble=""),
                now,
            ),
        )

    async def _tell_event(
        self, subscription: Subscription, event: SubscriptionEvent
    ) -> Subscription | None:
        """Tell all of one event; give the state it left, or ``None`` when that has to wait."""
        present, after = subscription, event.after
        while True:
            view = await self._rights.view(present.access, event.patient)
            found: Sequence[Held] = ()
            more = False
            if view is not None:
                found, more = await self._matching(present, event, view, after)
            elif present.patient is not None:
                await self._end(present, farewell=False)
                return None
            for held in found:
                # A message may have taken a while: what the next one tells is asked again.
                told = Told(
                    number=present.told + 1,
                    time=event.time,
                    reference=_reference(held),
                    resource=held.fragment,
                )
                if held is not found[0] and not await self._still(present, event, held):
                    continue
                try:
                    await self._send(present, NotificationType.EVENT, told)
                except NotTaken as failure:
                    await self._failed(present, str(failure))
                    return None
                now = self._clock.now()
                present = _scheduled(
                    replace(present, told=present.told + 1, last_sent=now, attempts=0, trouble=""),
                    now,
                )
                after = held.key
                await self._store.advance(present, event, after)
            if not more:
                await self._store.advance(present, event, None)
                return present

    async def _still(
        self, subscription: Subscription, event: SubscriptionEvent, held: Held
    ) -> bool:
        view = await self._rights.view(subscription.access, event.patient)
        if view is None:
            return False
        found, _ = await self._matching(subscription, event, view, held.key - 1, size=1)
        return any(one.entry_uuid == held.entry_uuid for one in found)

    async def _matching(
        self,
        subscription: Subscription,
        event: SubscriptionEvent,
        view: RegistryStore,
        after: int,
        size: int = 50,
    ) -> tuple[Sequence[Held], bool]:
        """What of an event the subscriber asked for, in the registry as he sees it."""
        topic = topic_named(subscription.topic)
        try:
            search = read_filter(
                topic, subscription.criteria, self._naming, self._rules, self._base_url
            )
        except Refused as refused:
            # What was taken once is not understood any more: a profile changed.
            rules = sorted({f.rule for f in refused.findings})
            log.warning("subscription.filter", subscription=subscription.id, rules=rules)
            return (), False
        also: tuple[Condition, ...]
        if topic.focus is Focus.DOCUMENT_ENTRY:
            # Of a submission's members those that came with it, not those it refers to.
            member = Linked(
                from_here=False, types=(AssociationType.HAS_MEMBER,), to=(event.submission,)
            )
            came = TimeBound(
                attribute="registration_time", low=event.time, high=later(event.time, 1)
            )
            also = (member, came)
        else:
            also = (Is("entry_uuid", (event.submission,)),)
        page = Page(size=size, after=after or None, ascending=True)
        for query in search.queries:
            asked: Any = replace(query, patient_id=event.patient, also=(*query.also, *also))
            found = await view.find(asked, Form.FHIR, page)
            return found.objects, found.more
        return (), False

    async def _send(
        self,
        subscription: Subscription,
        kind: NotificationType,
        told: Told | None = None,
    ) -> None:
        now = self._clock.now()
        # Made of nothing but what the message says: a count of ours would tell of what was absent.
        parts = [subscription.id, kind.value, subscription.status.value]
        parts += [str(told.number), told.reference] if told else [now]
        message_id = f"urn:uuid:{uuid.uuid5(_MESSAGES, ' '.join(parts))}"
        body = write_notification(
            subscription,
            kind,
            message_id=message_id,
            now=now,
            base_url=self._base_url,
            told=told,
        )
        headers = self._signer.headers(message_id, now, body)
        for line in subscription.headers:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        await self._caller.post(
            subscription.endpoint, body, f"{subscription.mime_type}; charset=utf-8", headers
        )

    async def _failed(self, subscription: Subscription, trouble: str) -> None:
        attempts = subscription.attempts + 1
        now = self._clock.now()
        log.warning(
            "subscription.not_taken",
            subscription=subscription.id,
            attempts=attempts,
            trouble=trouble,
        )
        if attempts >= _MOST_ATTEMPTS:
            await self._change(subscription, _error(trouble))
            return
        await self._change(
            subscription,
            lambda s: replace(
                s, attempts=attempts, due=later(now, wait_after(attempts)), trouble=trouble
            ),
        )

    async def _end(self, subscription: Subscription, *, farewell: bool) -> None:
        now = self._clock.now()
        await self._change(
            subscription,
            lambda s: replace(
                s,
                status=SubscriptionStatus.OFF,
                farewell=farewell and s.status is SubscriptionStatus.ACTIVE,
                updated=now,
                due=now,
            ),
        )

    async def _bid_farewell(self, subscription: Subscription) -> None:
        """Say once that it ended; that nobody hears it changes nothing."""
        try:
            await self._send(subscription, NotificationType.EVENT)
        except NotTaken as failure:
            log.info("subscription.farewell", subscription=subscription.id, trouble=str(failure))
        await self._store.update(subscription.id, lambda s: replace(s, farewell=False))

    async def _change(self, subscription: Subscription, change: Any) -> None:
        """Change the present state, unless somebody ended or renewed it meanwhile."""

        def unless_ended(present: Subscription) -> Subscription:
            if present.status is not subscription.status:
                return present
            changed: Subscription = change(present)
            return changed

        await self._store.update(subscription.id, unless_ended)


def _error(trouble: str) -> Any:
    return lambda s: replace(s, status=SubscriptionStatus.ERROR, trouble=trouble, attempts=0)


def _scheduled(subscription: Subscription, now: str) -> Subscription:
    """Let it be due when its next heartbeat is, or its end."""
    due = NEVER
    if subscription.heartbeat:
        due = later(subscription.last_sent or now, subscription.heartbeat)
    if subscription.until:
        due = min(due, later(subscription.until, 1))
    return replace(subscription, due=due)


def _reference(held: Held) -> str:
    """The address of a resource our writers made: its type and id stand first."""
    kind = "DocumentReference" if held.kind == "DocumentEntry" else "List"
    _, found, rest = held.fragment[:200].partition(b'","id":"')
    name = rest.partition(b'"')[0].decode() if found else held.entry_uuid.removeprefix("urn:uuid:")
    return f"{kind}/{name}"
