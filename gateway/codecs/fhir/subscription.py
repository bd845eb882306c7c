"""Subscription: the R4 resource with the extensions of the backport, and the value.

All or nothing: an element that would change what is told, and that is not followed, is refused.

Source:
    HL7 FHIR R4: Subscription; HL7 Subscriptions R5 Backport 1.1 (R4 topic-based subscription);
    IHE DSUBm 1.0: ITI-110.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.codecs.fhir.datatypes import read_date_time, write_instant
from gateway.codecs.fhir.reader import Json, Reader, resource_type
from gateway.codecs.fhir.search import Search, read_document_search, read_list_search
from gateway.codecs.fhir.search_control import CONTROL
from gateway.codecs.fhir.search_names import parameter_name
from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.errors import ErrorCode, Finding, Refused, refuse_errors
from gateway.model.naming import NamingSystems
from gateway.model.subscription import (
    TOPICS,
    Content,
    Focus,
    Subscription,
    SubscriptionStatus,
    Topic,
)

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
FILTER = BACKPORT + "backport-filter-criteria"
CONTENT = BACKPORT + "backport-payload-content"
HEARTBEAT = BACKPORT + "backport-heartbeat-period"
TIMEOUT = BACKPORT + "backport-timeout"
MAX_COUNT = BACKPORT + "backport-max-count"
CHANNEL_TYPE = BACKPORT + "backport-channel-type"
PROFILE = BACKPORT + "backport-subscription"

DSUBM = "https://profiles.ihe.net/ITI/DSUBm/"
TOPIC = DSUBM + "SubscriptionTopic/"

SHORTEST_HEARTBEAT = 10
PAYLOADS = {
    "application/fhir+json": "application/fhir+json",
    "application/json": "application/fhir+json",
    "application/fhir+xml": "application/fhir+xml",
    "application/xml": "application/fhir+xml",
}

_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,63}): ?([\x20-\x7e]{1,2048})")
_OURS = ("host", "content-", "transfer-", "connection", "webhook-", "te", "upgrade", "expect")
"""Headers the gateway writes itself; whoever chose them could split or redirect a message."""

_KNOWN = {
    *("resourceType", "id", "meta", "text", "implicitRules", "language", "extension"),
    *("status", "contact", "end", "reason", "criteria", "_criteria", "error", "channel"),
}
_CHANNEL = {"extension", "type", "_type", "endpoint", "payload", "_payload", "header"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A Subscription as it was sent.

    Attributes:
        id: Empty in a new one.
        status: As sent.
        subscription: What is asked for; its patient, owner and end are still to be settled.
    """

    id: str
    status: str
    subscription: Subscription


def topic_of(canonical: str) -> Topic | None:
    """Give the topic with an address; DSUBm writes the address in two ways."""
    name = canonical.partition("|")[0]
    for prefix in (TOPIC, DSUBM):
        if name.startswith(prefix):
            name = name.removeprefix(prefix)
            return next((topic for topic in TOPICS if topic.name == name), None)
    return None


def topic_named(name: str) -> Topic:
    """Give the topic a subscription has."""
    return next(topic for topic in TOPICS if topic.name == name)


def canonical(name: str) -> str:
    """Give the address of a topic."""
    return TOPIC + name


def read_subscription(resource: Json, naming: NamingSystems) -> Asked:
    """Read a Subscription.

    Raises:
        Refused: With a finding for everything that is wrong or would not be followed.
    """
    if resource_type(resource) != "Subscription":
        raise Refused(_finding("resource-type", "resourceType", "a Subscription is taken here"))
    reader = Reader(naming)
    for name in resource:
        if name not in _KNOWN:
            reader.note("subscription-element", f"Subscription.{name[:64]}", "is not followed here")
    topic = topic_of(reader.text(resource, "criteria", "Subscription") or "")
    if topic is None:
        reader.note(
            "subscription-topic",
            "Subscription.criteria",
            "is the address of no topic this gateway has; GET Basic?code=SubscriptionTopic "
            "gives them",
        )
    criteria = _filter(reader, resource)
    end = ""
    if (said := reader.text(resource, "end", "Subscription")) is not None:
        read = read_date_time(said)
        if read is None or len(read[0]) != 14:
            reader.note("subscription-end", "Subscription.end", "is no instant")
        else:
            end = read[0]
    contacts = resource.get("contact")
    channel = reader.object(resource, "channel", "Subscription")
    if channel is None:
        reader.note("subscription-channel", "Subscription.channel", "a subscription has a channel")
        channel = {}
    for name in channel:
        if name not in _CHANNEL:
            reader.note(
                "subscription-element", f"Subscription.channel.{name[:64]}", "is not followed here"
            )
    subscription = Subscription(
        id="",
        owner="",
        access=None,
        topic=topic.name if topic else "",
        criteria=criteria,
        patient=None,
        reason=reader.text(resource, "reason", "Subscription") or "",
        contact=orjson.dumps(contacts).decode() if isinstance(contacts, list) else "",
        end=end,
        endpoint=_endpoint(reader, channel),
        headers=_headers(reader, channel),
        mime_type=_mime_type(reader, channel),
        content=_content(reader, channel),
        heartbeat=_heartbeat(reader, channel),
    )
    status = reader.text(resource, "status", "Subscription") or ""
    if status not in {one.value for one in SubscriptionStatus}:
        reader.note("subscription-status", "Subscription.status", "is requested, or off to cancel")
    refuse_errors(tuple(reader.findings))
    identity = resource.get("id")
    return Asked(
        id=identity if isinstance(identity, str) else "", status=status, subscription=subscription
    )


def _filter(reader: Reader, resource: Json) -> str:
    found = [
        value
        for extension in _extensions(resource.get("_criteria"))
        if extension.get("url") == FILTER and isinstance(value := extension.get("valueString"), str)
    ]
    if len(found) > 1:
        reader.note(
            "subscription-filter",
            "Subscription.criteria.extension",
            "one filter is taken; put alternatives between commas",
        )
    if found and len(found[0]) > 2048:
        reader.note("subscription-filter", "Subscription.criteria.extension", "is too long")
        return ""
    return found[0] if found else ""


def _extensions(element: Any) -> list[Json]:
    extensions = element.get("extension") if isinstance(element, dict) else None
    return [e for e in extensions if isinstance(e, dict)] if isinstance(extensions, list) else []


def _endpoint(reader: Reader, channel: Json) -> str:
    if (reader.text(channel, "type", "Subscription.channel") or "") != "rest-hook":
        reader.note(
            "subscription-channel", "Subscription.channel.type", "only rest-hook is served here"
        )
    endpoint = reader.text(channel, "endpoint", "Subscription.channel") or ""
    if not endpoint:
        reader.note(
            "subscription-endpoint", "Subscription.channel.endpoint", "a rest-hook needs an address"
        )
    return endpoint


def _headers(reader: Reader, channel: Json) -> tuple[str, ...]:
    found = []
    for number, line in enumerate(reader.texts(channel, "header", "Subscription.channel")):
        match = _HEADER.fullmatch(line)
        if number >= 10 or match is None or match[1].lower().startswith(_OURS):
            reader.note(
                "subscription-header",
                f"Subscription.channel.header[{number}]",
                "is no line such as 'Authorization: …', or one the gateway writes itself",
            )
        else:
            found.append(line)
    return tuple(found)


def _mime_type(reader: Reader, channel: Json) -> str:
    payload = reader.text(channel, "payload", "Subscription.channel") or "application/fhir+json"
    mime_type = PAYLOADS.get(payload.partition(";")[0].strip().lower())
    if mime_type is None:
        reader.note(
            "subscription-payload",
            "Subscription.channel.payload",
            "notifications are application/fhir+json or application/fhir+xml",
        )
    return mime_type or payload


def _content(reader: Reader, channel: Json) -> Content:
    for extension in _extensions(channel.get("_payload")):
        if extension.get("url") == CONTENT:
            try:
                return Content(extension.get("valueCode"))
            except ValueError:
                reader.note(
                    "subscription-content",
                    "Subscription.channel.payload.extension",
                    "is empty, id-only or full-resource",
                )
    return Content.EMPTY


def _heartbeat(reader: Reader, channel: Json) -> int:
    seconds = 0
    for extension in _extensions(channel):
        url = extension.get("url")
        if url == HEARTBEAT:
            value = extension.get("valueUnsignedInt")
            if type(value) is not int or not (value == 0 or SHORTEST_HEARTBEAT <= value <= 10**7):
                reader.note(
                    "subscription-heartbeat",
                    "Subscription.channel.extension",
                    f"a heartbeat comes every {SHORTEST_HEARTBEAT} seconds at the most often",
                )
            else:
                seconds = value
        elif url not in (TIMEOUT, MAX_COUNT, CHANNEL_TYPE):
            reader.note(
                "subscription-element", "Subscription.channel.extension", "is not followed here"
            )
    return seconds


def read_filter(
    topic: Topic, criteria: str, naming: NamingSystems, rules: SearchRules, base_url: str
) -> Search[Any]:
    """Read the search that narrows a subscription: with the same reader searches are read with.

    Raises:
        Refused: When it is none, names what the topic cannot be narrowed by, or names a patient
            where the topic is about none, or none where it is about one.
    """
    place = "Subscription.criteria.extension"
    kind = "DocumentReference" if topic.focus is Focus.DOCUMENT_ENTRY else "List"
    resource, _, query = criteria.partition("?")
    if criteria and resource.removeprefix(base_url + "/") != kind:
        raise Refused(_finding("subscription-filter", place, f"this topic is about {kind}?…"))
    try:
        parameters = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as wrong:
        raise Refused(_finding("subscription-filter", place, "is no search")) from wrong
    names = {parameter_name(name).partition(":")[0] for name, _ in parameters}
    findings = [
        _finding(
            "subscription-filter",
            place,
            f"the topic is not narrowed by {name[:64]!r}, but by {', '.join(topic.filters)}",
        )
        for name in sorted(names)
        if name not in topic.filters or name in CONTROL
    ]
    named = bool(names & {"patient", "patient.identifier"})
    if topic.one_patient and not named:
        findings.append(
            _finding("subscription-patient", place, "say whose: patient or patient.identifier")
        )
    if findings:
        raise Refused(*findings)
    if topic.focus is Focus.DOCUMENT_ENTRY:
        return read_document_search(parameters, naming, strict=True, rules=rules, base_url=base_url)
    parameters = [("code", "submissionset"), *(p for p in parameters if p[0] != "code")]
    return read_list_search(parameters, naming, strict=True, rules=rules, base_url=base_url)


def write_subscription(subscription: Subscription, *, base_url: str = "") -> bytes:
    """Write a subscription in its present state."""
    channel: Json = {"type": "rest-hook", "endpoint": subscription.endpoint}
    if subscription.heartbeat:
        channel["extension"] = [{"url": HEARTBEAT, "valueUnsignedInt": subscription.heartbeat}]
    channel["payload"] = subscription.mime_type
    channel["_payload"] = {"extension": [{"url": CONTENT, "valueCode": subscription.content.value}]}
    if subscription.headers:
        channel["header"] = list(subscription.headers)
    written: Json = {
        "resourceType": "Subscription",
        "id": subscription.id,
        "meta": {
            "versionId": str(subscription.version),
            "lastUpdated": write_instant(subscription.updated),
            "profile": [PROFILE],
        },
        "status": subscription.status.value,
    }
    if subscription.contact:
        written["contact"] = orjson.loads(subscription.contact)
    if subscription.until:
        written["end"] = write_instant(subscription.until)
    written["reason"] = subscription.reason or "Subscription"
    written["criteria"] = canonical(subscription.topic)
    if subscription.criteria:
        written["_criteria"] = {
            "extension": [{"url": FILTER, "valueString": subscription.criteria}]
        }
    if subscription.trouble and subscription.status is SubscriptionStatus.ERROR:
        written["error"] = subscription.trouble
    written["channel"] = channel
    return orjson.dumps(written)


SEARCHED = (
    "_id",
    "criteria",
    "filter-criteria",
    "payload",
    "status",
    "topic",
    "type",
    "url",
)
"""Search parameters of Subscription."""


def matches(subscription: Subscription, asked: Sequence[tuple[str, str]]) -> bool:
    """Whether a search for subscriptions finds this one.

    Args:
        asked: Names and values; the values of one between commas, as FHIR has it.
    """
    compared: dict[str, Callable[[str], bool]] = {
        "_id": lambda value: value == subscription.id,
        "status": lambda value: value.rpartition("|")[2] == subscription.status.value,
        "url": lambda value: value == subscription.endpoint,
        "topic": lambda value: topic_of(value) == topic_named(subscription.topic),
        "criteria": lambda value: topic_of(value) == topic_named(subscription.topic),
        "filter-criteria": lambda value: _begins(subscription.criteria, value),
        "payload": lambda value: PAYLOADS.get(value.lower()) == subscription.mime_type,
        "type": lambda value: value.rpartition("|")[2] == "rest-hook",
    }
    return all(any(compared[name](value) for value in text.split(",")) for name, text in asked)


def _begins(text: str, start: str) -> bool:
    return text.casefold().startswith(start.casefold())


def _finding(rule: str, location: str, message: str) -> Finding:
    return Finding(rule=rule, code=ErrorCode.INVALID_VALUE, location=location, message=message)
