"""From one wire's values to another's, through the model.

A translator never refuses: it gives the best value it can, and findings about what could not be
carried or had to be assumed. Whoever called decides whether that is good enough.
"""

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
        findings: Errors for what must be there and is not; warnings for what was assumed.
    """

    value: Value
    findings: tuple[Finding, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing that must be there is missing."""
        return not any(finding.is_error for finding in self.findings)
