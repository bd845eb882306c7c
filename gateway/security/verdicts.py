"""What was verified once and need not be verified again: positive verdicts, by digest.

A signature holds for as long as its credential does, so the costly part is done once. Whatever
may change between two uses (the time, the audience, who uses it) is tested at every use, by those
who ask here.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Verdicts(Generic[_T]):
    """At most so many verdicts; the one used longest ago goes first."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, tuple[float, _T]] = OrderedDict()

    @staticmethod
    def digest(octets: bytes) -> bytes:
        """Give the name of a credential."""
        return hashlib.sha256(octets).digest()

    def find(self, digest: bytes, now: float) -> _T | None:
        """Give the verdict on a credential, unless its time is over."""
        found = self._kept.get(digest)
        if found is None:
            return None
        if found[0] <= now:
            del self._kept[digest]
            return None
        self._kept.move_to_end(digest)
        return found[1]

    def keep(self, digest: bytes, until: float, verdict: _T) -> None:
        """Keep a positive verdict until a moment, seconds since 1970."""
        self._kept[digest] = (until, verdict)
        self._kept.move_to_end(digest)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything, since keys or trust changed."""
        self._kept.clear()
