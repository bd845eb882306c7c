"""The notice office: what the server does about notices beside answering requests.

A few tasks, each with one thing to do over and over: deliver notices, tell subscribers, look at
the clock. A round that fails is logged and tried again; nothing is lost by stopping at any moment,
since everything that waits is in the registry's file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from gateway.notifications.broker import Broker
from gateway.notifications.deadlines import Deadlines
from gateway.notifications.delivery import NoticeDelivery

log = structlog.get_logger(__name__)

_DAY = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What is done over and over.

    Attributes:
        broker: Tells subscribers; ``None`` where no endpoint may be called.
        forget: Lets go of what happened where there is no broker to tell of it.
        deadlines: ``None`` where nobody asks who somebody is, so that nobody can be told.
        pause: Seconds from one round of deliveries to the next.
        glance: Seconds from one look at the clock to the next.
    """

    delivery: NoticeDelivery
    broker: Broker | None = None
    forget: Callable[[], Awaitable[object]] | None = None
    deadlines: Deadlines | None = None
    pause: float = 1.0
    glance: float = 60.0

    async def work(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_repeat(self.delivery.round, self.pause, "notices.failed"))
            if self.broker is not None:
                tasks.create_task(_repeat(self.broker.round, self.pause, "subscriptions.failed"))
            elif self.forget is not None:
                tasks.create_task(_repeat(self.forget, self.glance, "subscriptions.failed"))
            if self.deadlines is not None:
                tasks.create_task(_repeat(self.deadlines.often, self.glance, "deadlines.failed"))
                tasks.create_task(_repeat(self.deadlines.daily, _DAY, "deadlines.failed"))


async def _repeat(work: Callable[[], Awaitable[object]], pause: float, event: str) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception(event)
        await asyncio.sleep(pause)
