"""Feeds: every event of the trail goes to other audit repositories, whatever happens to them.

The trail is the queue: a feed remembers how far its receiver is known to have come, and begins
there again after anything that went wrong, a kill of this process included. So an event may arrive
twice, and never not at all. A receiver that is away is tried again after a growing pause.

What a receiver does not take, because of what it is, would stop everything behind it; it is
remembered with the answer, and everything else goes on.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from gateway.ports import AuditKeeping, KeptEvent

log = structlog.get_logger(__name__)

_BATCH = 200
"""Events that go out before their arrival is made sure of."""

_IDLE = 1.0
"""Seconds from one look for new events to the next."""

_LONGEST_PAUSE = 60.0


class Undelivered(Exception):
    """The receiver is away, or did not confirm; all of the batch is to be sent again."""


class Sink(Protocol):
    """One receiver."""

    async def deliver(self, events: Sequence[KeptEvent]) -> Sequence[tuple[int, str]]:
        """Hand events over, and come back when the receiver has them.

        Returns:
            Numbers of those it will never take, with what it answered.

        Raises:
            Undelivered: It may have any number of them, or none.
        """
        ...


class Feed:
    """Keeps one receiver up to date."""

    def __init__(
        self,
        name: str,
        trail: AuditKeeping,
        sink: Sink,
        *,
        batch: int = _BATCH,
        idle: float = _IDLE,
        longest_pause: float = _LONGEST_PAUSE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take what it works with.

        Args:
            name: Under which the place in the trail is remembered: the receiver's address.
            chance: From 0 to 1; spreads the attempts of several gateways.
        """
        self._name = name
        self._trail = trail
        self._sink = sink
        self._batch = batch
        self._idle = idle
        self._longest = longest_pause
        self._chance = chance

    async def run(self) -> None:
        """Deliver until cancelled."""
        failures = 0
        while True:
            try:
                busy = await self.step()
                if failures:
                    log.info("audit.feed_resumed", feed=self._name)
                failures = 0
                if not busy:
                    await asyncio.sleep(self._idle)
            except Exception as error:
                if failures == 0:
                    log.warning(
                        "audit.feed_waits",
                        feed=self._name,
                        reason=str(error),
                        exc_info=not isinstance(error, Undelivered),
                    )
                failures += 1
                pause = min(self._longest, self._idle * 2 ** min(failures, 10))
                await asyncio.sleep(pause * (0.5 + self._chance() / 2))

    async def step(self) -> bool:
        """Deliver one batch; tell whether there was one.

        Raises:
            Undelivered: The receiver does not have it.
        """
        state = await self._trail.feed(self._name)
        events = await self._trail.after(state.number, self._batch)
        if not events:
            return False
        refused = await self._sink.deliver(events)
        for number, answer in refused:
            log.error("audit.feed_refused", feed=self._name, number=number, answer=answer)
        await self._trail.advance(self._name, events[-1].number, refused)
        return True
