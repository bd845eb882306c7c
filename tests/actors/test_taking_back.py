"""What a later choice undoes is taken back with it."""

from __future__ import annotations

import pytest

from gateway.actors.taking_back import undoes
from gateway.model import choices as c
from gateway.model.datatypes import Code, Identifier

B, X = Identifier.of("B", "2.999.1.30"), Identifier.of("X", "2.999.1.30")
DOCTOR = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=B)
CLINIC = c.Holder(kind=c.HolderKind.STRUCTURE, identifier=B)
APP = c.Holder(kind=c.HolderKind.SERVICE, identifier=B)
GLASS, CALL = c.EmergencyKind.BREAK_GLASS, c.EmergencyKind.REGULATION
SERVICE = c.Service(app=B, scope=(Code("11", "2.999.7.1"),))
R, V = c.Labelled(label="R"), c.Labelled(label="V")


@pytest.mark.parametrize(
    ("later", "earlier", "undone"),
    [
        (c.Open(), c.Close(), True),
        (c.Close(), c.Open(), False),
        (c.Revoke(holder=DOCTOR), c.Authorise(holder=DOCTOR), True),
        (c.Revoke(holder=CLINIC), c.Authorise(holder=DOCTOR), False),
        (c.Revoke(holder=APP), SERVICE, True),
        (c.Revoke(holder=DOCTOR), SERVICE, False),
        (c.Unblock(professional=B), c.Block(professional=B), True),
        (c.Unblock(professional=X), c.Block(professional=B), False),
        (c.Emergency(kind=GLASS, allowed=True), c.Emergency(kind=GLASS, allowed=False), True),
        (c.Emergency(kind=CALL, allowed=True), c.Emergency(kind=GLASS, allowed=False), False),
        (c.Emergency(kind=GLASS, allowed=False), c.Emergency(kind=GLASS, allowed=True), False),
        (c.HideAll(hidden=False), c.HideAll(hidden=True), True),
        (c.HideAll(hidden=True), c.HideAll(hidden=False), False),
        (c.Unmask(target=R), c.Mask(target=R), True),
        (c.Unmask(target=V), c.Mask(target=R), False),
        (
            c.Unmask(target=c.AuthoredBy(author=DOCTOR)),
            c.Mask(target=c.AuthoredBy(author=DOCTOR)),
            True,
        ),
        (c.Block(professional=B), c.Authorise(holder=DOCTOR), False),
    ],
)
def test_what_undoes_what(later: c.Choice, earlier: c.Choice, undone: bool) -> None:
    assert undoes(later, earlier) is undone
