"""The system's clock, read here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Tells the present as the model writes it."""

    def now(self) -> str:
        """Give the present as DTM text: 14 digits, UTC."""
        return datetime.now(UTC).strftime("%Y%m%d%H%M%S")
