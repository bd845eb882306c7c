"""The system's clock, read here and nowhere else."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from contextlib import suppress


class SystemClock:
    """Tells the present as the model writes it."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def now(self) -> str:
        """Give the present as DTM text: 14 digits, UTC."""
        second = int(time.time())
        if second != self._second:
            # Set last: another thread that sees the second sees its text.
            self._text = time.strftime("%Y%m%d%H%M%S", time.gmtime(second))
            self._second = second
        return self._text


class EvenTimes:
    """Lets what waits go on a whole number of steps after it began.

    An event loop's own timers count milliseconds from wherever the loop is, so that the rest of a
    millisecond goes on telling how long the work took; a thread that does nothing else wakes up
    when it is time.
    """

    def __init__(self, step: float) -> None:
        """Begin.

        Args:
            step: Seconds; 0 lets everything go on at once.
        """
        self._step = step
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self) -> float:
        """Give the moment from which steps are counted."""
        return time.perf_counter()

    async def wait(self, began: float) -> None:
        """Wait until the next whole number of steps since then."""
        if not self._step:
            return
        steps = int((time.perf_counter() - began) / self._step) + 1
        future = asyncio.get_running_loop().create_future()
        with self._changed:
            heapq.heappush(self._waiting, (began + steps * self._step, next(self._number), future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._ring, name="even", daemon=True)
                self._thread.start()
            self._changed.notify()
        await future

    def _ring(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                due, _, future = self._waiting[0]
                left = due - time.perf_counter()
                if left > 0:
                    self._changed.wait(left)
                    continue
                heapq.heappop(self._waiting)
            with suppress(RuntimeError):  # Its loop is closed; nobody waits any more.
                future.get_loop().call_soon_threadsafe(_go_on, future)


def _go_on(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
