"""Which credentials were used, and by whom, until they expire.

The memory is shared by every worker and outlives a restart; storage keeps the durable one, and
:class:`TransientReplayMemory` serves a single process.

Source:
    WSS SAML Token Profile 1.1.1: 6.4 (replay); SAML 2.0 profiles: 4.1.4.5; threat S5.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Protocol


class ReplayMemory(Protocol):
    """Where used credentials are remembered."""

    async def remember(self, key: str, client: str, until: str) -> bool:
        """Keep that a client used a credential, unless another one did before.

        Of two calls at once, on whichever workers, one is first.

        Args:
            key: Of the credential.
            client: Who uses it; a text no other use may have where every use must be the only one.
            until: When it may be forgotten, DTM text of 14 digits, UTC.

        Returns:
            Whether the credential was unused, or used by this same client.
        """
        ...


class TransientReplayMemory:
    """Remembers in this process, until it ends."""

    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now
        self._clients: dict[str, str] = {}
        self._ends: list[tuple[str, str]] = []

    async def remember(self, key: str, client: str, until: str) -> bool:
        """Keep that a client used a credential, unless another one did before."""
        now = self._now()
        while self._ends and self._ends[0][0] < now:
            self._clients.pop(heapq.heappop(self._ends)[1], None)
        known = self._clients.get(key)
        if known is not None:
            return known == client
        self._clients[key] = client
        heapq.heappush(self._ends, (until, key))
        return True
