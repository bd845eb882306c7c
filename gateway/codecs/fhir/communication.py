"""Communication: a notice as FHIR carries it, in the inbox and to a webhook.

What a notice does not tell it has no element for: no document is named but by the id of its
description, and a notice without detail names nobody.

Source:
    HL7 FHIR R4: 8.8 Communication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from gateway.codecs.fhir.datatypes import write_instant
from gateway.codecs.fhir.identifiers import write_identifier
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.search_values import read_date, read_token
from gateway.codecs.fhir.vocabulary import EXTENSION, OURS, URI_SYSTEM, UUID_URN
from gateway.errors import ErrorCode, Finding, Severity, refuse_errors
from gateway.model.naming import NamingSystems
from gateway.model.notice import Delivery, Notice, RecipientKind

NOTICE_KIND = OURS + "CodeSystem/notice-kind"
SEQUENCE = EXTENSION + "sequence"
DELIVERY = EXTENSION + "delivery"
MODE = EXTENSION + "access-mode"

_RECIPIENT_TYPES = {
    RecipientKind.PATIENT: "Patient",
    RecipientKind.GP: "Practitioner",
    RecipientKind.REPRESENTATIVE: "RelatedPerson",
}


def write_communication(
    notice: Notice,
    naming: NamingSystems,
    *,
    text: str,
    language: str,
    sequence: int | None = None,
    deliveries: Sequence[Delivery] = (),
) -> bytes:
    """Write a notice.

    Args:
        text: What it says in words, in ``language``.
        sequence: Number of the message among those one endpoint gets.
        deliveries: How far it got, for those who may know.
    """
    extensions: list[Json] = []
    if sequence is not None:
        extensions.append({"url": SEQUENCE, "valueUnsignedInt": sequence})
    if notice.mode != "normal":
        extensions.append({"url": MODE, "valueCode": notice.mode})
    extensions += [_delivery(delivery) for delivery in deliveries]
    written: Json = {
        "resourceType": "Communication",
        "id": notice.id.removeprefix(UUID_URN),
        "language": language,
        "identifier": [{"system": URI_SYSTEM, "value": notice.id}],
        "status": "completed",
        "category": [{"coding": [{"system": NOTICE_KIND, "code": notice.kind.value}]}],
        "subject": {"type": "Patient", "identifier": write_identifier(notice.patient, naming)},
        "sent": write_instant(notice.time),
        "recipient": [
            {
                "type": _RECIPIENT_TYPES[notice.recipient_kind],
                "identifier": write_identifier(notice.recipient, naming),
            }
        ],
        "payload": [{"contentString": text}],
    }
    if extensions:
        written["extension"] = extensions
    if notice.entry_uuid:
        name = notice.entry_uuid.removeprefix(UUID_URN)
        written["about"] = [{"reference": f"DocumentReference/{name}", "type": "DocumentReference"}]
    if notice.who:
        written["sender"] = {"display": notice.who}
    return orjson.dumps(written)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSearch:
    """A search for notices.

    Attributes:
        categories: Codes of kinds; none means all.
        since: DTM of 14 digits; the moment belongs to it.
        before: Likewise; the moment does not.
        recipients: Keys (``value^authority``) of those they are for; none means all.
        scope: The question in one fixed spelling, without the page.
    """

    categories: frozenset[str]
    since: str
    before: str
    recipients: frozenset[str]
    count: int
    cursor: str | None
    warnings: tuple[Finding, ...]
    ignored: frozenset[str]
    scope: str


_RECIPIENT = ("recipient:identifier", "recipient.identifier")
_FRAME = ("_format", "_pretty", "_total", "_sort")


def read_inbox_search(
    parameters: Sequence[tuple[str, str]],
    naming: NamingSystems,
    *,
    strict: bool,
    default_count: int,
    max_count: int,
) -> InboxSearch:
    """Read the parameters of a search for Communications.

    Raises:
        Refused: With a finding for each that is wrong.
    """
    findings: list[Finding] = []
    categories: set[str] = set()
    recipients: set[str] = set()
    since, before, count = "", "", default_count
    cursor: str | None = None
    for name, text in parameters:
        if name == "category":
            categories |= {value.rpartition("|")[2] for value in text.split(",")}
        elif name == "sent":
            bounds = _sent(text)
            if bounds is None:
                findings.append(_wrong(name, "is a time, with ge, gt, le, lt or eq before it"))
            else:
                since = max(since, bounds[0])
                before = min(filter(None, (before, bounds[1])), default="")
        elif name in _RECIPIENT:
            for value in text.split(","):
                token = read_token(value)
                scheme = naming.scheme(token.system) if token.system else ""
                recipients.add(f"{token.code}^{scheme}")
        elif name == "_count":
            if not text.isascii() or not text.isdigit() or not int(text[:9]) > 0:
                findings.append(_wrong(name, "is a whole number from 1"))
            else:
                count = min(int(text[:9]), max_count)
        elif name == "_cursor":
            cursor = text
        elif name not in _FRAME:
            findings.append(
                Finding(
                    rule="search-parameter",
                    code=ErrorCode.NOT_SUPPORTED,
                    location=name[:64],
                    message=f"the parameter {name[:64]!r} is not known here and was ignored",
                    severity=Severity.ERROR if strict else Severity.WARNING,
                )
            )
    warnings = refuse_errors(findings)
    asked = (sorted(categories), since, before, sorted(recipients))
    return InboxSearch(
        categories=frozenset(categories),
        since=since,
        before=before,
        recipients=frozenset(recipients),
        count=count,
        cursor=cursor,
        warnings=warnings,
        ignored=frozenset(f.location for f in warnings),
        scope=f"Communication {asked!r}",
    )


def _sent(text: str) -> tuple[str, str] | None:
    """The first second a comparison with a time lets through, and the first it does not."""
    date = read_date(text)
    if date is None:
        return None
    return {
        "eq": (date.low, date.high),
        "ge": (date.low, ""),
        "gt": (date.high, ""),
        "le": ("", date.high),
        "lt": ("", date.low),
    }.get(date.prefix)


def _wrong(name: str, message: str) -> Finding:
    return Finding(
        rule="search-value", code=ErrorCode.INVALID_SEARCH, location=name, message=message
    )


def _delivery(delivery: Delivery) -> Json:
    parts: list[Json] = [
        {"url": "channel", "valueCode": delivery.channel.value},
        {"url": "state", "valueCode": delivery.state.value},
        {"url": "attempts", "valueUnsignedInt": delivery.attempts},
    ]
    if delivery.ended:
        parts.append({"url": "ended", "valueInstant": write_instant(delivery.ended)})
    elif delivery.due:
        parts.append({"url": "due", "valueInstant": write_instant(delivery.due)})
    if delivery.trouble:
        parts.append({"url": "trouble", "valueString": delivery.trouble})
    return {"url": DELIVERY, "extension": parts}
