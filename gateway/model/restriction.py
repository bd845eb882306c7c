"""What keeps a class of readers away from a document, whatever code says it in a community."""

from __future__ import annotations

from enum import Enum


class Restriction(Enum):
    """What keeps a class of readers away from a document, whatever code says it."""

    MASKED = 1
    HIDDEN_FROM_PATIENT = 2
    HIDDEN_FROM_REPRESENTATIVES = 4
