"""What an answer says of the permit behind it, for software: the mode, its window, and alerts.

Over SOAP a header block, ``Access`` in the namespace :data:`ACCESS`; over FHIR two headers for the
mode, and a ``meta.tag`` on each document that is alerted to. docs/reference/doors.md lists them.

Source:
    Section 7 of docs/reference/access-control.md: show-mode, alerts, origin-patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from gateway.actors.access_control import Permit
from gateway.codecs.fhir.vocabulary import OURS
from gateway.codecs.xml import escape_attribute
from gateway.consent.decision import Obligation
from gateway.model.subject import Mode
from gateway.ports import Held
from gateway.web.http import Headers

ACCESS: Final = OURS + "access"
"""Namespace of the header block, and system of the tags."""

ALERTS: Final = (
    Obligation.ALERT_HIDDEN_PATIENT,
    Obligation.ALERT_HIDDEN_REPRESENTATIVES,
    Obligation.ORIGIN_PATIENT,
)
"""What is said of a single document."""

Alerts = Mapping[str, Sequence[Obligation]]
"""By entryUUID, what software is alerted to."""


def access_header(permit: Permit | None, alerts: Alerts) -> bytes:
    """Give the header block of a SOAP answer; nothing where there is nothing to say."""
    mode, until = _mode(permit)
    if not mode and not alerts:
        return b""
    said = f' mode="{mode}" until="{escape_attribute(until)}"' if mode else ""
    inside = "".join(
        f'<a:Alert object="{escape_attribute(uuid)}" kind="{one.value}"/>'
        for uuid, several in alerts.items()
        for one in several
    )
    return f'<a:Access xmlns:a="{escape_attribute(ACCESS)}"{said}>{inside}</a:Access>'.encode()


def mode_headers(permit: Permit | None) -> Headers:
    """Give the headers of a FHIR answer; none in the normal mode."""
    mode, until = _mode(permit)
    if not mode:
        return []
    return [(b"x-access-mode", mode.encode()), (b"x-access-until", until.encode())]


def shown(objects: Sequence[Held], alerts: Alerts) -> list[bytes]:
    """Give FHIR objects as they are, tagged where software is alerted to something."""
    if not alerts:
        return [held.fragment for held in objects]
    return [
        tagged(held.fragment, alerts[held.entry_uuid])
        if held.entry_uuid in alerts
        else held.fragment
        for held in objects
    ]


def tagged(resource: bytes, alerts: Sequence[Obligation]) -> bytes:
    """Give a document as it is, with a tag for each thing software is alerted to."""
    read = orjson.loads(resource)
    tags = read.setdefault("meta", {}).setdefault("tag", [])
    tags += [{"system": ACCESS, "code": one.value} for one in alerts]
    return orjson.dumps(read)


def _mode(permit: Permit | None) -> tuple[str, str]:
    """The mode an answer keeps showing, and until when its window lasts."""
    if permit is None or permit.access is None or permit.access.mode is Mode.NORMAL:
        return "", ""
    until = permit.declaration.end if permit.declaration else ""
    if until:
        until = (
            f"{until[:4]}-{until[4:6]}-{until[6:8]}T{until[8:10]}:{until[10:12]}:{until[12:14]}Z"
        )
    return permit.access.mode.value, until
