"""What an endpoint is sent: a history Bundle whose first entry tells how the subscription stands.

R4 has no SubscriptionStatus; the backport writes it as Parameters.

Source:
    HL7 Subscriptions R5 Backport 1.1: R4 Topic-Based Subscription Notification Bundle and
    SubscriptionStatus; IHE DSUBm 1.0: ITI-112, ITI-113 ($status).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import orjson

from gateway.codecs.fhir.datatypes import write_instant
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.subscription import BACKPORT, canonical
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.codecs.fhir.xml import xml_from_json
from gateway.model.subscription import Content, Subscription

_BUNDLE = BACKPORT + "backport-subscription-notification-r4"
_STATUS = BACKPORT + "backport-subscription-status-r4"


class NotificationType(Enum):
    """Why the endpoint is called.

    Attributes:
        EVENT: Also, with the status ``off`` and no event, that the subscription ended: so DSUBm
            has it.
    """

    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    EVENT = "event-notification"
    QUERY_STATUS = "query-status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as it is told.

    Attributes:
        number: Of the event among those the endpoint gets.
        time: DTM of 14 digits.
        reference: ``DocumentReference/…`` or ``List/…``.
        resource: The resource as it is served.
    """

    number: int
    time: str
    reference: str
    resource: bytes


def write_status(
    subscription: Subscription,
    kind: NotificationType,
    base_url: str,
    told: Told | None = None,
) -> Json:
    """Write how a subscription stands, as Parameters."""
    count = told.number if told else subscription.told
    parameters: list[Json] = [
        {
            "name": "subscription",
            "valueReference": {"reference": f"{base_url}/Subscription/{subscription.id}"},
        },
        {"name": "topic", "valueCanonical": canonical(subscription.topic)},
        {"name": "status", "valueCode": subscription.status.value},
        {"name": "type", "valueCode": kind.value},
        {"name": "events-since-subscription-start", "valueString": str(count)},
    ]
    if told is not None:
        event: list[Json] = [
            {"name": "event-number", "valueString": str(told.number)},
            {"name": "timestamp", "valueInstant": write_instant(told.time)},
        ]
        if subscription.content is not Content.EMPTY:
            focus = {"reference": f"{base_url}/{told.reference}"}
            event.append({"name": "focus", "valueReference": focus})
        parameters.append({"name": "notification-event", "part": event})
    return {"resourceType": "Parameters", "meta": {"profile": [_STATUS]}, "parameter": parameters}


def write_notification(
    subscription: Subscription,
    kind: NotificationType,
    *,
    message_id: str,
    now: str,
    base_url: str,
    told: Told | None = None,
) -> bytes:
    """Write a notification in the form the subscriber asked for.

    Args:
        message_id: ``urn:uuid:…`` of the message, the same each time it is sent again.
    """
    status = write_status(subscription, kind, base_url, told)
    entries: list[Json] = [
        {
            "fullUrl": message_id,
            "resource": status,
            "request": {
                "method": "GET",
                "url": f"{base_url}/Subscription/{subscription.id}/$status",
            },
            "response": {"status": "200"},
        }
    ]
    if told is not None and subscription.content is not Content.EMPTY:
        entry: Json = {"fullUrl": f"{base_url}/{told.reference}"}
        if subscription.content is Content.FULL_RESOURCE:
            entry["resource"] = orjson.Fragment(told.resource)
        entry["request"] = {"method": "POST", "url": told.reference.partition("/")[0]}
        entry["response"] = {"status": "201"}
        entries.append(entry)
    written = orjson.dumps(
        {
            "resourceType": "Bundle",
            "id": message_id.removeprefix(UUID_URN),
            "meta": {"profile": [_BUNDLE]},
            "type": "history",
            "timestamp": write_instant(now),
            "entry": entries,
        }
    )
    if subscription.mime_type == "application/fhir+xml":
        return xml_from_json(written)
    return written


def write_status_bundle(
    subscriptions: Sequence[tuple[str, Subscription]], base_url: str, link: str
) -> bytes:
    """Write the answer of ``$status``.

    Args:
        subscriptions: Each with a ``urn:uuid:`` for its entry.
        link: What was asked.
    """
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(subscriptions),
        "link": [{"relation": "self", "url": link}],
    }
    # FHIR knows no empty array.
    if subscriptions:
        bundle["entry"] = [
            {
                "fullUrl": name,
                # What a search found has an id, though nobody can read it by that.
                "resource": {
                    "resourceType": "Parameters",
                    "id": name.removeprefix(UUID_URN),
                    **write_status(one, NotificationType.QUERY_STATUS, base_url),
                },
                "search": {"mode": "match"},
            }
            for name, one in subscriptions
        ]
    return orjson.dumps(bundle)
