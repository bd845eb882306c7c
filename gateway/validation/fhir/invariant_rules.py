"""The rules of the files beside the walker, for ``conformance explain``.

Constraints explain themselves by their definitions; the walker's own rules, and those of Bundles
and contents, are in :mod:`gateway.validation.fhir.rules`. What is left is the form of files.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.validation.fhir import reading
from gateway.validation.issue import RuleText


def rules() -> Iterable[RuleText]:
    """Give every rule about the form of a file."""
    return reading.rules()
