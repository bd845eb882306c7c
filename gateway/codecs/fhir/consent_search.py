"""The search for Consents [ITI-108].

Source:
    IHE PCF 1.1: 2:3.108, Search Consent: patient or patient.identifier, and status, are required;
    HL7 FHIR R4: Consent search parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.codecs.fhir.search import ignore_unknown, scope
from gateway.codecs.fhir.search_control import Control, read_control
from gateway.codecs.fhir.search_parameters import Kind, Parameter
from gateway.codecs.fhir.search_reading import SearchReading
from gateway.codecs.fhir.search_values import read_token
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems

_CLINICAL = "http://hl7.org/fhir/SearchParameter/clinical-"
_STATES = ("active", "inactive", "entered-in-error", "draft", "proposed", "rejected")

CONSENTS: Mapping[str, Parameter] = {
    "_id": Parameter(Kind.ID),
    "actor": Parameter(Kind.ELSEWHERE),
    "actor.identifier": Parameter(Kind.ISSUED),
    "patient": Parameter(Kind.PATIENT, definition=_CLINICAL + "patient"),
    "patient.identifier": Parameter(Kind.PATIENT_IDENTIFIER),
    "status": Parameter(Kind.WORD, words={state: (state,) for state in _STATES}),
}
_READ_BY_ITSELF = ("_id", "actor", "actor.identifier", "status")
_ORDER = {"_lastUpdated": "last_updated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSearch:
    """A search for Consents as it was asked.

    Attributes:
        patient: Whose.
        patient_reference: ``Patient/…`` or an absolute URL.
        statuses: Any of these.
        actors: Of each group, one is among the actors: value and authority, either may be
            ``None``.
        ids: Any of these; ``None`` when none was asked for.
        elsewhere: An actor is named by a reference, which no Consent here has.
        control: How the answer is wanted.
        warnings: What was ignored.
        ignored: Names of the parameters that were.
        scope: The question, for cursors.
    """

    patient: Identifier | None
    patient_reference: str
    statuses: frozenset[str]
    actors: tuple[tuple[tuple[str | None, str | None], ...], ...]
    ids: frozenset[str] | None
    elsewhere: bool
    control: Control
    warnings: tuple[Finding, ...]
    ignored: frozenset[str]
    scope: str


def read_consent_search(
    parameters: Sequence[tuple[str, str]],
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
    base_url: str = "",
) -> ConsentSearch:
    """Read the parameters of a search for Consents.

    Raises:
        Refused: With a finding for every parameter that is wrong or missing.
    """
    spelled = [
        ("actor.identifier" if name == "actor:identifier" else name, value)
        for name, value in parameters
    ]
    reading = SearchReading(spelled, naming, base_url)
    table = {n: p for n, p in CONSENTS.items() if n not in _READ_BY_ITSELF}
    reading.read_patient()
    others = [name for name in reading.read(table) if name not in _READ_BY_ITSELF]
    ignored = ignore_unknown(reading, others, strict)
    control = read_control(
        reading,
        "Consent",
        _ORDER,
        strict=strict,
        default_count=default_count,
        max_count=max_count,
        in_order="last_updated",
    )
    statuses: set[str] | None = None
    for values in reading.groups("status"):
        codes = {read_token(value).code for value in values}
        if codes - set(_STATES):
            reading.note("search-token", "status", f"expected {' or '.join(_STATES)}")
        statuses = codes if statuses is None else statuses & codes
    ids: set[str] | None = None
    for values in reading.groups("_id"):
        ids = set(values) if ids is None else ids & set(values)
    actors = []
    for values in reading.groups("actor.identifier"):
        tokens = [read_token(value) for value in values]
        actors.append(
            tuple((t.code or None, naming.scheme(t.system) if t.system else None) for t in tokens)
        )
    if not reading.patient and not reading.reference:
        reading.note(
            "search-patient",
            "patient",
            "say whose Consents: patient or patient.identifier",
            ErrorCode.REQUIRED_PARAMETER,
        )
    if statuses is None:
        reading.note("search-status", "status", "say in which status", ErrorCode.REQUIRED_PARAMETER)
    findings = tuple(dict.fromkeys(reading.findings))
    if any(finding.is_error for finding in findings):
        raise Refused(*findings)
    return ConsentSearch(
        patient=reading.patient[0] if reading.patient else None,
        patient_reference=reading.reference[0] if reading.reference else "",
        statuses=frozenset(statuses or ()),
        actors=tuple(actors),
        ids=None if ids is None else frozenset(ids),
        elsewhere=bool(reading.groups("actor")) or reading.impossible,
        control=control,
        warnings=findings,
        ignored=ignored,
        scope="Consent" + scope(spelled),
    )
