"""Communication: a notice as FHIR carries it, in the inbox and to a webhook.

What a notice does not tell it has no element for: no document is named but by the id of its
description, and a notice without detail names nobody.

Source:
    HL7 FHIR R4: 8.8 Communication.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from gateway.codecs.fhir.datatypes import write_instant
from gateway.codecs.fhir.identifiers import write_identifier
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.vocabulary import EXTENSION, OURS, URI_SYSTEM, UUID_URN
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
