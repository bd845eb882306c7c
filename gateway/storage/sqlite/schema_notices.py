"""Notices and subscriptions."""

NOTICES = ""
