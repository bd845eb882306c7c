"""The search for audit events: Retrieve ATNA Audit Event [ITI-81].

Source:
    IHE ITI TF-2: 3.81.4.1.2 (date is required); HL7 FHIR R4: AuditEvent search parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.codecs.fhir.identifiers import read_unique_id
from gateway.codecs.fhir.search import ignore_unknown, scope
from gateway.codecs.fhir.search_control import Control, read_control
from gateway.codecs.fhir.search_parameters import Kind, Parameter
from gateway.codecs.fhir.search_reading import SearchReading
from gateway.codecs.fhir.search_values import read_date, read_token, unescape
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems
from gateway.transactions.retrieve_audit_event import AgentName, FindAuditEvents, KindOfEvent

_CLINICAL = "http://hl7.org/fhir/SearchParameter/clinical-"
_ACTIONS = ("C", "R", "U", "D", "E")
_OUTCOMES = ("0", "4", "8", "12")

AUDIT_EVENTS: Mapping[str, Parameter] = {
    "_id": Parameter(Kind.ID),
    "action": Parameter(Kind.WORD, words={one: (one,) for one in _ACTIONS}),
    "agent": Parameter(Kind.ELSEWHERE),
    "agent.identifier": Parameter(Kind.ISSUED),
    "date": Parameter(Kind.DATE),
    "entity": Parameter(Kind.ITEM),
    "entity.identifier": Parameter(Kind.IDENTIFIER),
    "outcome": Parameter(Kind.WORD, words={one: (one,) for one in _OUTCOMES}),
    "patient": Parameter(Kind.PATIENT, definition=_CLINICAL + "patient"),
    "patient.identifier": Parameter(Kind.PATIENT_IDENTIFIER),
    "subtype": Parameter(Kind.CODE),
    "type": Parameter(Kind.CODE),
}
_SPELLED = {"agent:identifier": "agent.identifier", "entity:identifier": "entity.identifier"}
_ORDER = {"date": "time"}
_LATEST = "99999999999999"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEventSearch:
    """A search of the trail as it was asked.

    Attributes:
        events: What is asked, but for the patient.
        patient: Whose record.
        patient_reference: ``Patient/…`` or an absolute URL.
        dated: A date was said.
        impossible: Nothing can match.
        control: How the answer is wanted.
        warnings: What was ignored.
        ignored: Names of the parameters that were.
        scope: The question, for cursors.
    """

    events: FindAuditEvents
    patient: Identifier | None
    patient_reference: str
    dated: bool
    impossible: bool
    control: Control
    warnings: tuple[Finding, ...]
    ignored: frozenset[str]
    scope: str


def read_audit_event_search(
    parameters: Sequence[tuple[str, str]],
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
    base_url: str = "",
) -> AuditEventSearch:
    """Read the parameters of a search for audit events.

    Raises:
        Refused: With a finding for every parameter that is wrong.
    """
    spelled = [(_SPELLED.get(name, name), value) for name, value in parameters]
    reading = SearchReading(spelled, naming, base_url)
    reading.read_patient()
    ignored = ignore_unknown(
        reading, [name for name in reading.values if name not in AUDIT_EVENTS], strict
    )
    control = read_control(
        reading,
        "AuditEvent",
        _ORDER,
        strict=strict,
        default_count=default_count,
        max_count=max_count,
        in_order="time",
    )
    since, before = _dates(reading)
    actions = _words(reading, "action", _ACTIONS)
    outcomes = _words(reading, "outcome", _OUTCOMES)
    ids = _ids(reading)
    agents = [
        *(_agents(reading, values) for values in reading.groups("agent.identifier")),
        *(_agents(reading, values) for values in reading.groups("agent")),
    ]
    entities = [
        *(_named(reading, values) for values in reading.groups("entity.identifier")),
        *(_referred(reading, values) for values in reading.groups("entity")),
    ]
    events = FindAuditEvents(
        since=since,
        before="" if before == _LATEST else before,
        agents=tuple(agents),
        types=tuple(
            tuple(read_token(value).code for value in values) for values in reading.groups("type")
        ),
        subtypes=tuple(tuple(map(_subtype, values)) for values in reading.groups("subtype")),
        actions=tuple(actions or ()),
        outcomes=tuple(int(one) for one in outcomes or ()),
        entities=tuple(entities),
        ids=tuple(ids or ()),
    )
    findings = tuple(dict.fromkeys(reading.findings))
    if any(finding.is_error for finding in findings):
        raise Refused(*findings)
    return AuditEventSearch(
        events=events,
        patient=reading.patient[0] if reading.patient else None,
        patient_reference=reading.reference[0] if reading.reference else "",
        dated=bool(reading.groups("date")),
        impossible=reading.impossible
        or any(asked is not None and not asked for asked in (actions, outcomes, ids))
        or any(not group for group in (*agents, *entities)),
        control=control,
        warnings=findings,
        ignored=ignored,
        scope="AuditEvent" + scope(spelled),
    )


def require_date() -> Finding:
    """Say that a search of the whole trail needs a date."""
    return Finding(
        rule="search-date",
        code=ErrorCode.REQUIRED_PARAMETER,
        location="date",
        message="say when: date, such as date=ge2026-03-01&date=lt2026-04-01",
    )


def _dates(reading: SearchReading) -> tuple[str, str]:
    """Give the first second, and the first one that is too late, that all dates leave."""
    since, before = "", _LATEST
    for values in reading.groups("date"):
        asked = read_date(values[0]) if len(values) == 1 else None
        if asked is None or asked.prefix in ("ne", "ap"):
            reading.note(
                "search-date",
                "date",
                "expected one date with eq, ge, gt, le, lt, sa or eb, such as ge2026-03-01; repeat "
                "the parameter for an interval",
            )
            continue
        if asked.prefix in ("eq", "ge"):
            since = max(since, asked.low)
        if asked.prefix in ("gt", "sa"):
            since = max(since, asked.high)
        if asked.prefix in ("eq", "le"):
            before = min(before, asked.high)
        if asked.prefix in ("lt", "eb"):
            before = min(before, asked.low)
    return since, before


def _words(reading: SearchReading, name: str, able: Sequence[str]) -> frozenset[str] | None:
    """Give the codes that all values of a parameter leave; ``None`` where it was not asked."""
    left: frozenset[str] | None = None
    for values in reading.groups(name):
        asked = frozenset(read_token(value).code for value in values)
        codes = asked.intersection(able)
        if codes != asked:
            reading.note("search-token", name, f"expected {', '.join(able)}")
        left = codes if left is None else left & codes
    return left


def _ids(reading: SearchReading) -> frozenset[str] | None:
    left: frozenset[str] | None = None
    for values in reading.groups("_id"):
        ids = frozenset(UUID_URN + value.lower() for value in values)
        left = ids if left is None else left & ids
    return left


def _agents(reading: SearchReading, values: Iterable[str]) -> tuple[AgentName, ...]:
    """Read who asked; agents are named by identifiers here, so a reference names nobody."""
    named = []
    for value in values:
        token = read_token(value)
        if not token.code or "/" in token.code:
            continue
        authority = None if token.system is None else reading.naming.scheme(token.system)
        named.append(AgentName(value=token.code, authority=authority))
    return tuple(named)


def _named(reading: SearchReading, values: Iterable[str]) -> tuple[str, ...]:
    tokens = [read_token(value) for value in values]
    return tuple(
        read_unique_id(token.system, token.code, reading.naming) for token in tokens if token.code
    )


def _referred(reading: SearchReading, values: Iterable[str]) -> tuple[str, ...]:
    """Read references to resources of ours; another server's are nothing here."""
    own = reading.base_url + "/"
    names = []
    for value in values:
        kind, slash, name = unescape(value).removeprefix(own).partition("/")
        if slash and kind.isalpha() and name and "/" not in name:
            names.append(UUID_URN + name.lower())
    return tuple(names)


def _subtype(value: str) -> KindOfEvent:
    """Read a transaction's number or FHIR's word for an interaction, whatever its system."""
    code = read_token(value).code
    return KindOfEvent(transaction=code, interaction=code)
