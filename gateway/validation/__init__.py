"""Checks that need a message and nothing else: (message or value) -> findings.

The server and the conformance suite run the same checks. What needs the registry's content is
decided in :mod:`gateway.model.lifecycle`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.validation.objects import is_comprehensive
    from gateway.validation.profile_rules import ProfileRules
    from gateway.validation.submission import Transaction, check_submission

__all__ = ["ProfileRules", "Transaction", "check_submission", "is_comprehensive"]

_PLACES = {
    "ProfileRules": "profile_rules",
    "Transaction": "submission",
    "check_submission": "submission",
    "is_comprehensive": "objects",
}


def __getattr__(name: str) -> Any:
    # The checks of a submission bring the whole model with them, a fifth of a second; somebody who
    # has a FHIR resource checked on the command line should not wait for them.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
