"""Choices in words, for people who read a terminal."""

from __future__ import annotations

from gateway.model.choices import (
    AuthoredBy,
    Authorise,
    BasePolicy,
    Block,
    Choice,
    Close,
    Document,
    Emergency,
    FeedObjection,
    HideAll,
    Labelled,
    Mask,
    Masked,
    Open,
    Period,
    Representative,
    Revoke,
    Service,
    Unblock,
    Unmask,
    WrittenIn,
)
from gateway.model.datatypes import DateTime, Identifier


def in_words(choice: Choice) -> str:
    """Give a choice as a short sentence without its patient."""
    match choice:
        case Open():
            policy = choice.policy
            return "open" + (f" ({policy.value})" if policy is not BasePolicy.DOMAIN else "")
        case Close():
            return "close"
        case Authorise():
            who = f"{choice.holder.kind.value} {_named(choice.holder.identifier)}"
            return f"authorise {who}{_in(choice.period)} ({choice.origin.value})"
        case Revoke():
            return f"revoke {choice.holder.kind.value} {_named(choice.holder.identifier)}"
        case Block():
            return f"block {_named(choice.professional)}"
        case Unblock():
            return f"unblock {_named(choice.professional)}"
        case Emergency():
            return f"{choice.kind.value} {'allowed' if choice.allowed else 'refused'}"
        case HideAll():
            return "hide everything" if choice.hidden else "hide nothing as a whole"
        case Mask():
            return f"mask {_documents(choice.target)}"
        case Unmask():
            return f"unmask {_documents(choice.target)}"
        case FeedObjection():
            source = _named(choice.source.identifier)
            return f"no documents of {choice.source.kind.value} {source}: {choice.motive}"
        case Service():
            classes = ", ".join(code.code for code in choice.scope)
            return f"application {_named(choice.app)} may use {classes}{_in(choice.period)}"
        case Representative():
            return f"{choice.title} {_named(choice.person)}{_in(choice.period)}"


def _documents(target: Masked) -> str:
    match target:
        case Document():
            return f"document {target.id}"
        case AuthoredBy():
            return f"documents of {target.author.kind.value} {_named(target.author.identifier)}"
        case WrittenIn():
            return f"documents written{_in(target.period)}"
        case Labelled():
            return f"documents labelled {target.label}"


def _named(identifier: Identifier) -> str:
    if not identifier.authority:
        return identifier.value
    return f"urn:oid:{identifier.authority}|{identifier.value}"


def _in(period: Period) -> str:
    start = f" from {_day(period.start)}" if period.start else ""
    return start + (f" until {_day(period.end)}" if period.end else "")


def _day(time: DateTime) -> str:
    text = time.text
    return "-".join(part for part in (text[:4], text[4:6], text[6:8]) if part)
