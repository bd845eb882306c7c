"""The searches of MHD, read into the values the stored queries of XDS use.

Every parameter that is wrong becomes a finding with the parameter's name; all of them are answered
together. A parameter nobody knows is ignored with a warning, as MHD wants, unless the client asked
for ``handling=strict``.

Source:
    IHE MHD 4.2.4: ITI-66, ITI-67; HL7 FHIR R4: 3.1.1 Search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.codecs.fhir.list import LIST_STATUS_OF
from gateway.codecs.fhir.search_reading import RENAMED, SearchReading
from gateway.codecs.fhir.search_values import read_token
from gateway.codecs.fhir.vocabulary import STATUS_OF
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.naming import NamingSystems
from gateway.model.vocabulary import DocumentEntryType
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
)

Parameters = Sequence[tuple[str, str]]
"""Names and values as they came in the URL or the form, decoded."""

Query = TypeVar("Query", FindDocuments, FindSubmissionSets, FindFolders)

_CONTROL = frozenset(
    {"_count", "_cursor", "_sort", "_total", "_format", "_pretty", "_summary", "_elements"}
)
_COMMON = _CONTROL | {
    "patient",
    "patient.identifier",
    "status",
    "identifier",
    "date",
    "_lastUpdated",
}
_DOCUMENTS = _COMMON | {
    "_id",
    "type",
    "category",
    "creation",
    "period",
    "facility",
    "setting",
    "format",
    "security-label",
    "event",
    "author.family",
    "author.given",
    "related",
    "related.identifier",
}
_FOLDERS = _COMMON | {"code", "designationType"}
_SETS = _FOLDERS | {"sourceId", "source.family", "source.given"}
_AVAILABILITY = {fhir: xds for xds, fhir in STATUS_OF.items()}
_LIST_AVAILABILITY = {fhir: xds for xds, fhir in LIST_STATUS_OF.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Generic[Query]):
    """A search as it was asked.

    Attributes:
        query: Complete but for a patient that was named by reference.
        patient_reference: ``Patient/…`` or an absolute URL, still to be resolved to a patient id;
            empty when none was given.
        count: Objects per page; 0 asks for the total only.
        cursor: The page asked for, as the client sent it; see :mod:`gateway.codecs.fhir.cursor`.
        ascending: Oldest first was asked for.
        impossible: What was asked cannot match anything; the answer is empty.
        warnings: What was ignored, for the OperationOutcome of the answer.
        scope: The question in one fixed spelling, without the page: cursors are bound to it.
    """

    query: Query
    patient_reference: str = ""
    count: int
    cursor: str | None = None
    ascending: bool = False
    impossible: bool = False
    warnings: tuple[Finding, ...] = ()
    scope: str = ""


# --- Searches ----------------------------------------------------------------------------------


def read_document_search(
    parameters: Parameters,
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
) -> Search[FindDocuments]:
    """Read the parameters of Find Document References [ITI-67].

    Args:
        strict: The client asked for ``Prefer: handling=strict``.
        default_count: Objects per page when the client does not say.
        max_count: Objects per page at most; a larger ``_count`` is brought down to it.

    Raises:
        Refused: With a finding for every parameter that is wrong.
    """
    reading = SearchReading(parameters, naming)
    reading.read_patient()
    entry_uuid, unique_id = reading.identifiers("identifier")
    period = reading.period("period")
    query = FindDocuments(
        patient_id=reading.patient[0] if reading.patient else None,
        # FHIR asks for all when it does not say; a stored query must always say.
        status=reading.words("status", _AVAILABILITY) or tuple(_AVAILABILITY.values()),
        class_code=reading.one_code("category"),
        type_code=reading.one_code("type"),
        practice_setting_code=reading.one_code("setting"),
        healthcare_facility_type_code=reading.one_code("facility"),
        format_code=reading.one_code("format"),
        event_code_list=tuple(reading.codes("event")),
        confidentiality_code=tuple(reading.codes("security-label")),
        reference_id_list=reading.references(),
        times=(
            *reading.times("creation", "creation_time"),
            *reading.times("date", "registration_time"),
            *reading.times("_lastUpdated", "registration_time"),
            *period,
        ),
        object_type=(DocumentEntryType.STABLE, DocumentEntryType.ON_DEMAND),
        entry_uuid=entry_uuid,
        unique_id=unique_id,
        logical_id=reading.ids("_id"),
        author_family=reading.names("author.family"),
        author_given=reading.names("author.given"),
        with_service_time=bool(period),
    )
    return _finish(reading, query, _DOCUMENTS, strict, default_count, max_count)


def read_list_search(
    parameters: Parameters,
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
) -> Search[FindSubmissionSets] | Search[FindFolders]:
    """Read the parameters of Find Document Lists [ITI-66]; ``code`` says which of the two.

    Raises:
        Refused: With a finding for every parameter that is wrong, or when ``code`` is missing.
    """
    reading = SearchReading(parameters, naming)
    reading.read_patient()
    entry_uuid, unique_id = reading.identifiers("identifier")
    status = reading.words("status", _LIST_AVAILABILITY) or tuple(_LIST_AVAILABILITY.values())
    patient_id = reading.patient[0] if reading.patient else None
    kinds = {read_token(v).code for values in reading.groups("code") for v in values}
    updated = reading.times("_lastUpdated", "registration_time")
    if kinds == {"folder"}:
        folders = FindFolders(
            patient_id=patient_id,
            status=status,
            times=(*reading.times("date", "last_update_time"), *updated),
            code_list=tuple(reading.codes("designationType")),
            entry_uuid=entry_uuid,
            unique_id=unique_id,
        )
        return _finish(reading, folders, _FOLDERS, strict, default_count, max_count)
    if kinds != {"submissionset"}:
        reading.note(
            "search-code",
            "code",
            "say which lists are meant: code=submissionset or code=folder",
            ErrorCode.REQUIRED_PARAMETER,
        )
    sets = FindSubmissionSets(
        patient_id=patient_id,
        status=status,
        source_id=reading.identifiers("sourceId")[1],
        times=(*reading.times("date", "submission_time"), *updated),
        content_type_code=reading.one_code("designationType"),
        entry_uuid=entry_uuid,
        unique_id=unique_id,
        author_family=reading.names("source.family"),
        author_given=reading.names("source.given"),
    )
    return _finish(reading, sets, _SETS, strict, default_count, max_count)


def _finish(
    reading: SearchReading,
    query: Query,
    known: frozenset[str],
    strict: bool,
    default_count: int,
    max_count: int,
) -> Search[Query]:
    """Read what all searches have in common, and refuse when anything was wrong."""
    for name in reading.values:
        if name not in known:
            _unknown(reading, name, known, strict)
    count = default_count
    text = reading.last("_count")
    if text is not None:
        if text.isascii() and text.isdigit() and len(text) <= 9:
            count = min(int(text), max_count)
        else:
            reading.note("search-count", "_count", f"{text[:40]!r} is no whole number")
    if reading.last("_summary") == "count":
        count = 0
    sort = reading.last("_sort")
    ordered = {"date": True, "_lastUpdated": True, "-date": False, "-_lastUpdated": False}
    if sort is not None and sort not in ordered:
        reading.note(
            "search-sort",
            "_sort",
            "answers are sorted by date: _sort=-date (newest first) or _sort=date",
            ErrorCode.NOT_SUPPORTED,
        )
    if any(f.is_error for f in reading.findings):
        raise Refused(*reading.findings)
    return Search(
        query=query,
        patient_reference=reading.reference[0] if reading.reference else "",
        count=count,
        cursor=reading.last("_cursor"),
        ascending=ordered.get(sort or "", False),
        impossible=reading.impossible,
        warnings=tuple(reading.findings),
        scope=_scope(reading, sort),
    )


def _unknown(reading: SearchReading, name: str, known: frozenset[str], strict: bool) -> None:
    base, colon, modifier = name.partition(":")
    if colon and (base in known or RENAMED.get(base) in known):
        # A modifier changes the meaning, so it cannot be ignored (FHIR R4: 3.1.1.4.5).
        reading.note(
            "search-modifier",
            name,
            f"the modifier {modifier[:40]!r} is not supported",
            ErrorCode.NOT_SUPPORTED,
        )
    else:
        reading.note(
            "search-parameter",
            name,
            f"the parameter {name[:64]!r} is not known here and was "
            + ("refused, as asked" if strict else "ignored"),
            ErrorCode.NOT_SUPPORTED,
            Severity.ERROR if strict else Severity.WARNING,
        )


def _scope(reading: SearchReading, sort: str | None) -> str:
    asked = reading.values.items()
    kept = sorted((name, sorted(texts)) for name, texts in asked if name not in _CONTROL)
    return repr((kept, sort or ""))
