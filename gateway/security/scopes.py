"""Which operations the scopes of a token cover.

Understood are two forms, and nothing else counts:

    ITI-67                           exactly that transaction (IUA)
    patient/DocumentReference.rs     SMART App Launch 2: c, r, u, d, s in this order
    user/DocumentReference.read      SMART App Launch 1: read, write or *

``*`` stands for every type of resource. A scope that narrows itself further (``?category=…``)
covers nothing here, since nobody would keep to it.

Source:
    IHE IUA 2.2: 3.71.4.1.2.1; SMART App Launch 2.2: scopes and launch context.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateway.model.subject import AccessRequest
from gateway.security.errors import NotAuthenticated

_TRANSACTION = re.compile(r"ITI-[1-9][0-9]{0,3}")
_RESOURCE = re.compile(
    r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.(\*|read|write|c?r?u?d?s?)"
)
_OLD: Final = {"read": "rs", "write": "cud", "*": "cruds"}

LETTERS: Final = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
}
"""By FHIR's word for an interaction, the letter that covers it."""


def is_understood(scope: str) -> bool:
    """Whether a scope could cover anything."""
    found = _RESOURCE.fullmatch(scope)
    return bool(found and found[3]) or _TRANSACTION.fullmatch(scope) is not None


def covers(
    access: AccessRequest, *, resource_type: str, interaction: str, transaction: str = ""
) -> bool:
    """Whether a request may be asked with this credential; an assertion has no scopes at all.

    Args:
        interaction: FHIR's word, or the letter itself.
    """
    if not access.scopes:
        return True
    letter = LETTERS.get(interaction, interaction)
    for scope in access.scopes:
        if _TRANSACTION.fullmatch(scope):
            if scope == transaction:
                return True
            continue
        found = _RESOURCE.fullmatch(scope)
        if found is None:
            continue
        context, named, said = found.groups()
        if context == "patient" and access.patient is None:
            continue  # a patient's scope without a patient is about nobody
        if named in {"*", resource_type} and letter in _OLD.get(said, said):
            return True
    return False


def require_scope(
    access: AccessRequest, *, resource_type: str, interaction: str, transaction: str = ""
) -> None:
    """Refuse what no scope covers.

    Raises:
        NotAuthenticated: With status 403 and ``insufficient_scope``.
    """
    if not covers(
        access, resource_type=resource_type, interaction=interaction, transaction=transaction
    ):
        letter = LETTERS.get(interaction, interaction)
        raise NotAuthenticated(
            "no scope covers this operation",
            error="insufficient_scope",
            status=403,
            scope=transaction or f"user/{resource_type}.{letter}",
        )


def read_scopes(text: object) -> frozenset[str]:
    """Give the scopes of a token that are understood.

    Raises:
        NotAuthenticated: When it has none of those.
    """
    named: Iterable[str] = text.split(" ") if isinstance(text, str) else ()
    scopes = frozenset(scope for scope in named if is_understood(scope))
    if not scopes:
        raise NotAuthenticated(
            "the token has no scope that is understood", error="insufficient_scope", status=403
        )
    return scopes
