"""The searches of MHD, read into the values the stored queries of XDS use.

Every parameter that is wrong becomes a finding with the parameter's name; all of them are answered
together. A parameter nobody knows is ignored with a warning, as MHD wants, unless the client asked
for ``handling=strict``.

Source:
    IHE MHD 4.2.4: ITI-66, ITI-67; HL7 FHIR R4: 3.1.1 Search.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.codecs.fhir import search_parameters as tables
from gateway.codecs.fhir.list import FOLDER, SUBMISSION_SET
from gateway.codecs.fhir.search_control import CONTROL, Control, read_control
from gateway.codecs.fhir.search_names import parameter_name
from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.codecs.fhir.search_reading import SearchReading
from gateway.codecs.fhir.search_values import read_token
from gateway.codecs.fhir.vocabulary import LIST_TYPE
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.naming import NamingSystems
from gateway.model.vocabulary import DocumentEntryType
from gateway.transactions.conditions import Newest
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
)

Parameters = Sequence[tuple[str, str]]
"""Names and values as they came in the URL or the form, decoded."""

Query_co = TypeVar(
    "Query_co", bound=FindDocuments | FindSubmissionSets | FindFolders, covariant=True
)

_USUAL = SearchRules()
_BOTH_TYPES = (DocumentEntryType.STABLE, DocumentEntryType.ON_DEMAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Generic[Query_co]):
    """A search as it was asked.

    Attributes:
        queries: What is asked of each kind of object, complete but for a patient that was named
            by reference; none when nothing can match.
        control: How the answer is wanted.
        patient_reference: ``Patient/…`` or an absolute URL, still to be resolved to a patient id;
            empty when none was given.
        named: Single objects are named by their ids, so that no patient needs to be.
        warnings: What was ignored, for the OperationOutcome of the answer.
        ignored: Names of the parameters that were.
        asked: All parameters as they came.
    """

    queries: tuple[Query_co, ...]
    control: Control
    patient_reference: str = ""
    named: bool = False
    warnings: tuple[Finding, ...] = ()
    ignored: frozenset[str] = frozenset()
    asked: tuple[tuple[str, str], ...] = ()

    @property
    def scope(self) -> str:
        """The question in one fixed spelling, without the page: cursors are bound to it."""
        return scope(self.asked)

    @property
    def query(self) -> Query_co:
        """The one query of a search for one kind of object."""
        (query,) = self.queries
        return query

    @property
    def impossible(self) -> bool:
        """Whether nothing can match."""
        return not self.queries

    @property
    def names_patient(self) -> bool:
        """Whether a patient is named, by reference or by identifier."""
        return bool(self.patient_reference or any(query.patient_id for query in self.queries))

    @property
    def is_about_someone(self) -> bool:
        """Whether a patient is named, or the objects are."""
        return bool(
            self.named
            or self.impossible
            or self.patient_reference
            or all(query.patient_id for query in self.queries)
        )


# --- Searches ----------------------------------------------------------------------------------


def read_document_search(
    parameters: Parameters,
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
    rules: SearchRules = _USUAL,
    base_url: str = "",
) -> Search[FindDocuments]:
    """Read the parameters of Find Document References [ITI-67].

    Args:
        strict: The client asked for ``Prefer: handling=strict``.
        default_count: Objects per page when the client does not say.
        max_count: Objects per page at most; a larger ``_count`` is brought down to it.
        rules: The community's own ways.
        base_url: Of the FHIR face: references may begin with it.

    Raises:
        Refused: With a finding for every parameter that is wrong.
    """
    reading = SearchReading(parameters, naming, base_url, rules.home_community_id)
    reading.read_patient()
    others = reading.read(rules.documents)
    query = FindDocuments(
        patient_id=reading.patient[0] if reading.patient else None,
        # FHIR asks for all when it does not say; a stored query must always say.
        status=reading.statuses(rules.document_statuses),
        class_code=reading.one("class_code"),
        type_code=reading.one("type_code"),
        practice_setting_code=reading.one("practice_setting_code"),
        healthcare_facility_type_code=reading.one("healthcare_facility_type_code"),
        format_code=reading.one("format_code"),
        event_code_list=reading.every("event_code_list"),
        confidentiality_code=reading.every("confidentiality_code"),
        object_type=_BOTH_TYPES,
        also=tuple(reading.also),
    )
    order: Mapping[str, str] = tables.DOCUMENT_ORDER
    if rules.document_date != "registration_time":
        order = {**order, "date": rules.document_date}
    ignored = ignore_unknown(reading, others, strict)
    control = read_control(
        reading,
        "DocumentReference",
        order,
        strict=strict,
        default_count=default_count,
        max_count=max_count,
        in_order="registration_time",
    )
    queries = [] if reading.impossible else [query]
    return _finish(parameters, [reading], queries, control, ignored)


def read_list_search(
    parameters: Parameters,
    naming: NamingSystems,
    *,
    strict: bool = False,
    default_count: int = 50,
    max_count: int = 500,
    rules: SearchRules = _USUAL,
    base_url: str = "",
) -> Search[FindSubmissionSets | FindFolders]:
    """Read the parameters of Find Document Lists [ITI-66]; ``code`` says which of the two.

    Without ``code`` both kinds are meant, as FHIR has it; MHD's clients always say.

    Raises:
        Refused: With a finding for every parameter that is wrong.
    """
    queries: list[FindSubmissionSets | FindFolders] = []
    readings: list[SearchReading] = []
    unknown: list[list[str]] = []
    community = rules.home_community_id
    first = SearchReading(parameters, naming, base_url, community)
    kinds = _kinds(first)
    for kind in kinds or (SUBMISSION_SET, FOLDER):
        reading = first
        if readings:
            reading = SearchReading(parameters, naming, base_url, community)
        readings.append(reading)
        reading.read_patient()
        is_folder = kind == FOLDER
        table = rules.folders if is_folder else rules.submission_sets
        other_table = rules.submission_sets if is_folder else rules.folders
        others = reading.read(table)
        elsewhere = {name for name in others if _is_known(name, other_table)}
        unknown.append([name for name in others if name not in elsewhere])
        query = _folders(reading, rules) if is_folder else _submission_sets(reading, rules)
        # MHD: folders ignore in silence what only submission sets have; asked for both kinds
        # at once, a folder without it does not match.
        if kinds and not reading.impossible and (len(kinds) == 1 or not elsewhere):
            queries.append(query)
    ignored = ignore_unknown(first, unknown[0], strict)
    one = {SUBMISSION_SET: tables.SUBMISSION_SET_ORDER, FOLDER: tables.FOLDER_ORDER}
    control = read_control(
        first,
        "List",
        one[kinds[0]] if len(kinds) == 1 else {**tables.FOLDER_ORDER, "date": "date"},
        strict=strict,
        default_count=default_count,
        max_count=max_count,
    )
    return _finish(parameters, readings, queries, control, ignored)


def _kinds(reading: SearchReading) -> tuple[str, ...]:
    """Which kinds of lists are meant; none when ``code`` names another one."""
    left = [SUBMISSION_SET, FOLDER]
    for values in reading.groups("code"):
        tokens = [read_token(value) for value in values]
        left = [
            kind
            for kind in left
            if any(t.code in (kind, "") and t.system in (None, LIST_TYPE) for t in tokens)
        ]
    return tuple(left)


def _is_known(name: str, table: Collection[str]) -> bool:
    return name in table or name.rpartition(":")[0] in table


def _folders(reading: SearchReading, rules: SearchRules) -> FindFolders:
    return FindFolders(
        patient_id=reading.patient[0] if reading.patient else None,
        status=reading.statuses(rules.list_statuses),
        code_list=reading.every("code_list"),
        # Level 1 of XDS hides folders that are out of force, which FHIR has a status for.
        metadata_level=2,
        also=(Newest(), *reading.also),
    )


def _submission_sets(reading: SearchReading, rules: SearchRules) -> FindSubmissionSets:
    return FindSubmissionSets(
        patient_id=reading.patient[0] if reading.patient else None,
        status=reading.statuses(rules.list_statuses),
        content_type_code=reading.one("content_type_code"),
        also=tuple(reading.also),
    )


def _finish(
    parameters: Parameters,
    readings: Sequence[SearchReading],
    queries: Sequence[Query_co],
    control: Control,
    ignored: frozenset[str],
) -> Search[Query_co]:
    """Refuse when anything was wrong, else give the search."""
    findings = tuple(dict.fromkeys(f for reading in readings for f in reading.findings))
    if any(f.is_error for f in findings):
        raise Refused(*findings)
    first = readings[0]
    return Search(
        queries=tuple(queries),
        control=control,
        patient_reference=first.reference[0] if first.reference else "",
        named=first.named,
        warnings=findings,
        ignored=ignored,
        asked=tuple(parameters),
    )


def ignore_unknown(reading: SearchReading, names: Sequence[str], strict: bool) -> frozenset[str]:
    """Tell of the parameters that are in no table; give those that are ignored."""
    ignored: set[str] = set()
    for name in names:
        if name in CONTROL or name.partition(":")[0] in ("_include", "_revinclude"):
            continue
        ignored.add(name)
        reading.note(
            "search-parameter",
            name,
            f"the parameter {name[:64]!r} is not known here and was "
            + ("refused, as asked" if strict else "ignored"),
            ErrorCode.NOT_SUPPORTED,
            Severity.ERROR if strict else Severity.WARNING,
        )
    return frozenset(ignored)


def scope(parameters: Parameters) -> str:
    """Give the question in one fixed spelling, without the page."""
    asked: dict[str, list[str]] = {}
    for name, text in parameters:
        asked.setdefault(parameter_name(name), []).append(text)
    kept = sorted((name, sorted(texts)) for name, texts in asked.items() if name not in CONTROL)
    return repr((kept, ",".join(asked.get("_sort", ()))))


__all__ = [
    "Parameters",
    "Search",
    "SearchRules",
    "ignore_unknown",
    "read_document_search",
    "read_list_search",
    "scope",
]
