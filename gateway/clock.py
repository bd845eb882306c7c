"""The system's clock, read here and nowhere else."""

from __future__ import annotations

import time


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
