"""AuditEvents that other systems send [ITI-20], read as events of the trail.

The resource is kept as it came: the trail tells what was said. What is read from it is what it is
found by, and no more.

Source:
    IHE ITI TF-2: 3.20.4.4; HL7 FHIR R4: AuditEvent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson

from gateway.codecs.fhir.datatypes import read_date_time
from gateway.codecs.fhir.identifiers import read_identifier
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.strict_json import read_json
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems
from gateway.model.subject import same_key
from gateway.transactions.audited import RECEIVED

_AHEAD = timedelta(minutes=1)
"""How far another system's clock may stand before ours."""

_OUTCOMES = {
    "0": Outcome.SUCCESS,
    "4": Outcome.MINOR_FAILURE,
    "8": Outcome.SERIOUS_FAILURE,
    # The trail tells three outcomes apart; the resource keeps its own.
    "12": Outcome.SERIOUS_FAILURE,
}


def read_received_event(octets: bytes, naming: NamingSystems, id: str, now: str) -> AuditEvent:
    """Read an AuditEvent of another system.

    Args:
        id: Of the event in our trail, ``urn:uuid:``.
        now: DTM of 14 digits, UTC: an event cannot have happened later.

    Raises:
        Refused: It is no AuditEvent that says what happened, when, who did it and who saw it.
    """
    sent = read_json(octets)
    if sent.get("resourceType") != "AuditEvent":
        raise Refused(
            Finding(
                rule="audit-event",
                code=ErrorCode.MALFORMED,
                location="resourceType",
                message="send one AuditEvent",
            )
        )
    reader = Reader(naming)
    event = AuditEvent(
        id=id,
        time=_recorded(reader, sent, now),
        transaction=RECEIVED,
        action=_action(reader, sent),
        outcome=_outcome(reader, sent),
        patient=_patient(reader, sent),
        received=orjson.dumps(sent).decode(),
        mentions=tuple(
            dict.fromkeys((*_kinds(reader, sent), *_agents(reader, sent), *_entities(reader, sent)))
        ),
    )
    source = reader.object(sent, "source", "AuditEvent")
    if source is None or reader.object(source, "observer", "AuditEvent.source") is None:
        reader.note("audit-source", "AuditEvent.source.observer", "an event says who saw it")
    errors = [one for one in reader.findings if one.severity is Severity.ERROR]
    if errors:
        raise Refused(*errors)
    return event


def _recorded(reader: Reader, sent: Json, now: str) -> str:
    text = reader.text(sent, "recorded", "AuditEvent") or ""
    read = read_date_time(text)
    if read is None or len(read[0]) != 14:
        reader.note(
            "audit-recorded", "AuditEvent.recorded", "an event says the instant it was recorded"
        )
        return now
    latest = datetime.strptime(now, "%Y%m%d%H%M%S") + _AHEAD
    if read[0] > latest.strftime("%Y%m%d%H%M%S"):
        # The trail would seem to come from the future, and a clock that goes back stops the start.
        reader.note("audit-recorded", "AuditEvent.recorded", "it lies in the future")
    return read[0]


def _action(reader: Reader, sent: Json) -> Action:
    text = reader.text(sent, "action", "AuditEvent") or Action.EXECUTE.value
    if text in {one.value for one in Action}:
        return Action(text)
    reader.note("audit-action", "AuditEvent.action", f"{text[:20]!r} is none of C, R, U, D, E")
    return Action.EXECUTE


def _outcome(reader: Reader, sent: Json) -> Outcome:
    text = reader.text(sent, "outcome", "AuditEvent") or "0"
    if text not in _OUTCOMES:
        reader.note("audit-outcome", "AuditEvent.outcome", f"{text[:20]!r} is none of 0, 4, 8, 12")
    return _OUTCOMES.get(text, Outcome.SERIOUS_FAILURE)


def _kinds(reader: Reader, sent: Json) -> Iterator[str]:
    kind = reader.object(sent, "type", "AuditEvent")
    code = reader.text(kind, "code", "AuditEvent.type") if kind is not None else None
    if code is None:
        reader.note("audit-type", "AuditEvent.type.code", "an event says what kind it is")
    else:
        yield "type:" + code
    for subtype, path in reader.objects(sent, "subtype", "AuditEvent"):
        if code := reader.text(subtype, "code", path):
            yield "subtype:" + code


def _agents(reader: Reader, sent: Json) -> Iterator[str]:
    agents = list(reader.objects(sent, "agent", "AuditEvent"))
    if not agents:
        reader.note("audit-agent", "AuditEvent.agent", "an event says who did it")
    for agent, path in agents:
        who = reader.object(agent, "who", path)
        if who is not None and (named := _identified(reader, who, path + ".who")):
            yield "agent:" + same_key(named)


def _patient(reader: Reader, sent: Json) -> Identifier | None:
    """The first entity that is a patient and has an identifier."""
    for entity, path in reader.objects(sent, "entity", "AuditEvent"):
        what = reader.object(entity, "what", path)
        role = reader.object(entity, "role", path) or {}
        if what is None or (what.get("type") != "Patient" and role.get("code") != "1"):
            continue
        if named := _identified(reader, what, path + ".what"):
            return named
    return None


def _entities(reader: Reader, sent: Json) -> Iterator[str]:
    for entity, path in reader.objects(sent, "entity", "AuditEvent"):
        what = reader.object(entity, "what", path)
        if what is None:
            continue
        if reference := reader.text(what, "reference", path + ".what"):
            name = reference.rpartition("/")[2].lower()
            yield name if name.startswith("urn:") else "urn:uuid:" + name
        if named := _identified(reader, what, path + ".what"):
            yield named.value


def _identified(reader: Reader, reference: Json, path: str) -> Identifier | None:
    element = reader.object(reference, "identifier", path)
    if element is None or not element.get("value"):
        return None
    return read_identifier(reader, element, path + ".identifier")
