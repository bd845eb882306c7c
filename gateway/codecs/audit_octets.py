"""An audit event as the octets that are kept, and the chain that holds them together.

The octets are JSON, made once, when the event is written; everything shown later (columns that
searches look at, AuditEvent, AuditMessage) follows from them. What is empty is left out. ``link``
ties each event to everything before it.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import orjson

from gateway.model.audit import Action, AuditedObject, AuditEvent, Outcome
from gateway.model.datatypes import Code, Identifier
from gateway.model.subject import Authentication, Client, Mode, Subject, SubjectKind, same_key

GENESIS = bytes(32)
"""What stands for the event before the first one."""

_FORM = 1
"""Of the octets, so that later forms can be told from this one."""


def link(previous: bytes, octets: bytes) -> bytes:
    """Give the hash of an event: SHA-256 over the hash of the event before it and its octets."""
    return hashlib.sha256(previous + octets).digest()


class AuditColumns(NamedTuple):
    """What searches look at; it follows from an event and is verified with it.

    Attributes:
        patient: ``value^authority`` as the request named the patient; or empty.
        agent: Key of the subject; or empty.
    """

    id: str
    time: str
    patient: str
    agent: str
    transaction_code: str
    action: str
    outcome: int


def columns(event: AuditEvent) -> AuditColumns:
    """Give what is kept beside an event's octets."""
    return AuditColumns(
        event.id,
        event.time,
        same_key(event.patient) if event.patient else "",
        event.subject.key if event.subject else "",
        event.transaction,
        event.action.value,
        event.outcome.value,
    )


def columns_in(octets: bytes) -> AuditColumns:
    """Give the columns that go with octets, without making the whole event of them.

    Raises:
        ValueError: The octets are not those of an event.
    """
    try:
        kept = orjson.loads(octets)
        subject = kept.get("subject")
        agent = subject and (subject.get("id") or subject.get("structure"))
        patient = kept.get("patient")
        return AuditColumns(
            kept["id"],
            kept["time"],
            same_key(Identifier(patient)) if patient is not None else "",
            same_key(Identifier(agent)) if agent else "",
            kept["transaction"],
            kept["action"],
            kept["outcome"],
        )
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError) as error:
        raise ValueError("no audit event: " + str(error)) from error


def write_audit_octets(event: AuditEvent) -> bytes:
    """Give the octets that are kept of an event."""
    kept = _event(event)
    try:
        return orjson.dumps(kept)
    except TypeError:
        # Half of a surrogate pair somewhere in what a client sent: no reason to keep no record.
        return orjson.dumps(_encodable(kept))


def read_audit_octets(octets: bytes) -> AuditEvent:
    """Read an event back.

    Raises:
        ValueError: The octets are not such an event.
    """
    try:
        kept = orjson.loads(octets)
        if kept["form"] != _FORM:
            raise ValueError("an audit event of an unknown form: " + repr(kept["form"]))
        subject = kept.get("subject")
        patient = kept.get("patient")
        return AuditEvent(
            id=kept["id"],
            time=kept["time"],
            transaction=kept["transaction"],
            action=Action(kept["action"]),
            outcome=Outcome(kept["outcome"]),
            subject=None if subject is None else _read_subject(subject),
            mode=Mode(kept.get("mode", Mode.NORMAL.value)),
            purposes=tuple(kept.get("purposes", ())),
            patient=None if patient is None else Identifier(patient),
            objects=tuple(_read_object(one) for one in kept.get("objects", ())),
            policy_version=kept.get("policy_version", 0),
            consents=tuple(kept.get("consents", ())),
            absent=tuple((rule, count) for rule, count in kept.get("absent", ())),
            mentions=tuple(kept.get("mentions", ())),
            **{name: kept[name] for name in _TEXTS if name in kept},
        )
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError) as error:
        raise ValueError("no audit event: " + str(error)) from error


_TEXTS = (
    "interaction",
    "query_id",
    "query",
    "rule",
    "reason",
    "declaration",
    "failure",
    "request_id",
    "source",
    "peer",
    "received",
)
_SUBJECT_TEXTS = ("name", "structure_name", "credential", "issuer", "network_address")
_CLIENT_TEXTS = ("id", "name", "version", "approval")


def _event(event: AuditEvent) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "form": _FORM,
        "id": event.id,
        "time": event.time,
        "transaction": event.transaction,
        "action": event.action.value,
        "outcome": event.outcome.value,
    }
    if event.subject is not None:
        kept["subject"] = _subject(event.subject)
    if event.mode is not Mode.NORMAL:
        kept["mode"] = event.mode.value
    if event.purposes:
        kept["purposes"] = event.purposes
    if event.patient is not None:
        kept["patient"] = event.patient.text
    if event.objects:
        kept["objects"] = [_object(one) for one in event.objects]
    if event.policy_version:
        kept["policy_version"] = event.policy_version
    if event.consents:
        kept["consents"] = event.consents
    if event.absent:
        kept["absent"] = event.absent
    if event.mentions:
        kept["mentions"] = event.mentions
    for name in _TEXTS:
        if text := getattr(event, name):
            kept[name] = text
    return kept


def _object(one: AuditedObject) -> list[str]:
    if one.repository:
        return [one.kind, one.id, one.unique_id, one.repository]
    return [one.kind, one.id, one.unique_id] if one.unique_id else [one.kind, one.id]


def _read_object(kept: list[str]) -> AuditedObject:
    kind, name, unique_id, repository = [*kept, "", ""][:4]
    return AuditedObject(kind=kind, id=name, unique_id=unique_id, repository=repository)


def _subject(subject: Subject) -> dict[str, Any]:
    kept: dict[str, Any] = {"kind": subject.kind.value}
    for name in ("id", "structure", "on_behalf_of"):
        identifier: Identifier | None = getattr(subject, name)
        if identifier is not None:
            kept[name] = identifier.text
    for name in _SUBJECT_TEXTS:
        if text := getattr(subject, name):
            kept[name] = text
    if subject.roles:
        kept["roles"] = [_code(role) for role in subject.roles]
    if subject.sector is not None:
        kept["sector"] = _code(subject.sector)
    if subject.authentication is not Authentication.DIRECT:
        kept["authentication"] = subject.authentication.value
    if subject.secret_connection:
        kept["secret_connection"] = True
    client = {name: text for name in _CLIENT_TEXTS if (text := getattr(subject.client, name))}
    if client:
        kept["client"] = client
    return kept


def _read_subject(kept: dict[str, Any]) -> Subject:
    return Subject(
        kind=SubjectKind(kept["kind"]),
        id=_identifier(kept, "id"),
        structure=_identifier(kept, "structure"),
        on_behalf_of=_identifier(kept, "on_behalf_of"),
        roles=tuple(Code(*role) for role in kept.get("roles", ())),
        sector=Code(*kept["sector"]) if "sector" in kept else None,
        authentication=Authentication(kept.get("authentication", Authentication.DIRECT.value)),
        secret_connection=kept.get("secret_connection", False),
        client=Client(**kept.get("client", {})),
        **{name: kept[name] for name in _SUBJECT_TEXTS if name in kept},
    )


def _identifier(kept: dict[str, Any], name: str) -> Identifier | None:
    return Identifier(kept[name]) if name in kept else None


def _code(code: Code) -> list[str | None]:
    if code.language is not None:
        return [code.code, code.scheme, code.display, code.language]
    if code.display is not None:
        return [code.code, code.scheme, code.display]
    return [code.code, code.scheme]


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _encodable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(one) for one in value]
    return value
