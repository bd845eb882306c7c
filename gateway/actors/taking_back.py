"""Choices that end what was said before: these go out of force with them, in one transaction.

What a later choice undoes would not hold any more by itself; it is taken back as well, so that the
Consents that are active are those in force, and two opposite choices of one second do not depend on
which of them denies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from gateway.model.choices import (
    AuthoredBy,
    Authorise,
    Block,
    Choice,
    Close,
    Emergency,
    HideAll,
    HolderKind,
    Mask,
    Masked,
    Open,
    Revoke,
    Service,
    Unblock,
    Unmask,
)
from gateway.model.subject import AccessRequest, same_key
from gateway.ports import FiledStatement


def undoes(later: Choice, earlier: Choice) -> bool:
    """Whether a choice ends what another one began."""
    match later, earlier:
        case Open(), Close():
            return True
        case Revoke(), Authorise():
            return later.holder.kind is earlier.holder.kind and same_key(
                later.holder.identifier
            ) == same_key(earlier.holder.identifier)
        case Revoke(), Service():
            return later.holder.kind is HolderKind.SERVICE and same_key(
                later.holder.identifier
            ) == same_key(earlier.app)
        case Unblock(), Block():
            return same_key(later.professional) == same_key(earlier.professional)
        case Emergency(), Emergency():
            return later.kind is earlier.kind and later.allowed and not earlier.allowed
        case HideAll(), HideAll():
            return earlier.hidden and not later.hidden
        case Unmask(), Mask():
            return _same(later.target, earlier.target)
    return False


def _same(one: Masked, other: Masked) -> bool:
    if isinstance(one, AuthoredBy) and isinstance(other, AuthoredBy):
        return one.author.kind is other.author.kind and same_key(one.author.identifier) == same_key(
            other.author.identifier
        )
    return one == other


def without(
    filed: Iterable[FiledStatement],
    is_gone: Callable[[Choice], bool],
    now: str,
    access: AccessRequest | None,
) -> Iterator[FiledStatement]:
    """Give new versions of the statements that say something which holds no longer.

    Args:
        filed: The newest version of each.
        is_gone: Of a choice, whether it does not.
        now: DTM of 14 digits, UTC.
        access: Who makes it so.
    """
    for one in filed:
        left = tuple(choice for choice in one.statement.choices if not is_gone(choice))
        if not one.active or left == one.statement.choices:
            continue
        yield replace(
            one,
            version=one.version + 1,
            active=bool(left),
            statement=replace(one.statement, choices=left) if left else one.statement,
            recorded=now,
            recorded_by=access.subject.key if access else "",
            resource=b"" if left else one.resource,
        )
