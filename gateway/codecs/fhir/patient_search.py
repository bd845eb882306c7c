"""The search for patients by who they are, read into conditions.

Source:
    IHE PDQm: Mobile Patient Demographics Query [ITI-78]; HL7 FHIR R4: Patient search parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.codecs.fhir.search import ignore_unknown, scope
from gateway.codecs.fhir.search_control import Control, read_control
from gateway.codecs.fhir.search_parameters import Kind, Parameter
from gateway.codecs.fhir.search_reading import SearchReading
from gateway.codecs.fhir.search_values import read_token
from gateway.codecs.fhir.source_patient import GENDERS
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems
from gateway.transactions.conditions import Condition

_CODES = {code: tuple(s for s, g in GENDERS.items() if g == code) for code in GENDERS.values()}
_INDIVIDUAL = "http://hl7.org/fhir/SearchParameter/individual-"

PATIENTS: Mapping[str, Parameter] = {
    "_id": Parameter(Kind.KEY, ("logical_id",)),
    "_lastUpdated": Parameter(Kind.DATE, ("last_updated",)),
    "active": Parameter(Kind.WORD, ("active",), words={"true": ("1",), "false": ("0",)}),
    "birthdate": Parameter(Kind.DATE, ("birth_date",), _INDIVIDUAL + "birthdate"),
    "family": Parameter(Kind.TEXT, ("family",), _INDIVIDUAL + "family"),
    "gender": Parameter(Kind.WORD, ("gender",), _INDIVIDUAL + "gender", words=_CODES),
    "given": Parameter(Kind.TEXT, ("given",), _INDIVIDUAL + "given"),
    "identifier": Parameter(Kind.ISSUED, ("identifier",)),
    "name": Parameter(Kind.TEXT, ("family", "given")),
}
PATIENT_ORDER = {
    "_id": "logical_id",
    "_lastUpdated": "last_updated",
    "birthdate": "birth_date",
    "family": "family",
    "gender": "gender",
    "given": "given",
}
_SELECTIVE = ("_id", "birthdate", "family", "given", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSearch:
    """A search for patients as it was asked.

    Attributes:
        conditions: What must hold.
        control: How the answer is wanted.
        merged: Patients merged into others are meant as well, being asked for by their ids.
        authorities: Who gave the identifiers that were asked for.
        identifiers: Those that were asked for with their system.
        warnings: What was ignored.
        ignored: Names of the parameters that were.
        scope: The question, for cursors.
    """

    conditions: tuple[Condition, ...]
    control: Control
    merged: bool
    authorities: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    warnings: tuple[Finding, ...]
    ignored: frozenset[str]
    scope: str


def read_patient_search(
    parameters: Sequence[tuple[str, str]],
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
) -> PatientSearch:
    """Read the parameters of Mobile Patient Demographics Query [ITI-78].

    Raises:
        Refused: With a finding for every parameter that is wrong, or when nothing says whom the
            search is for: nobody is shown all patients.
    """
    reading = SearchReading(parameters, naming)
    ignored = ignore_unknown(reading, reading.read(PATIENTS), strict)
    control = read_control(
        reading,
        "Patient",
        PATIENT_ORDER,
        strict=strict,
        default_count=default_count,
        max_count=max_count,
    )
    tokens = [read_token(v) for values in reading.groups("identifier") for v in values]
    if not (
        any(name.partition(":")[0] in _SELECTIVE for name in reading.values)
        or any(token.code for token in tokens)
    ):
        reading.note(
            "patient-search",
            "identifier",
            "say whom you look for: identifier (system|value), _id, family, given, name or "
            "birthdate; other parameters narrow these",
            ErrorCode.REQUIRED_PARAMETER,
        )
    findings = tuple(dict.fromkeys(reading.findings))
    if any(finding.is_error for finding in findings):
        raise Refused(*findings)
    return PatientSearch(
        conditions=tuple(reading.also),
        control=control,
        merged="_id" in reading.values,
        authorities=tuple(dict.fromkeys(naming.scheme(t.system) for t in tokens if t.system)),
        identifiers=tuple(
            Identifier.of(t.code, naming.scheme(t.system)) for t in tokens if t.system and t.code
        ),
        warnings=findings,
        ignored=ignored,
        scope="Patient" + scope(parameters),
    )
