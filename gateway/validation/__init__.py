"""Checks that need a message and nothing else: (message or value) -> findings.

The server and the conformance suite run the same checks. What needs the registry's content is
decided in :mod:`gateway.model.lifecycle`.
"""

from gateway.validation.objects import is_comprehensive
from gateway.validation.profile_rules import ProfileRules
from gateway.validation.submission import Transaction, check_submission

__all__ = ["ProfileRules", "Transaction", "check_submission", "is_comprehensive"]
