"""What every translator answers: a value, and what to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.errors import Finding

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Translation(Generic[Value]):
    """A translated value, and what to know about it.

    Attributes:
        value: As complete as the source allowed.
        findings: Errors for what must be there and is not; warnings for what was assumed, and for
            what the other form cannot carry.
    """

    value: Value
    findings: tuple[Finding, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing that must be there is missing."""
        return not any(finding.is_error for finding in self.findings)
