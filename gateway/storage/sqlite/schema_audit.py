"""The audit trail."""

AUDIT = ""
