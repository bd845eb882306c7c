"""What a query asks of one object, as conditions with placeholders.

No value ever becomes part of a statement: a condition is a constant text, and its values travel
beside it. The letters are those of the statements in :mod:`rows`: ``e`` for entries, ``s`` for
submission sets, ``f`` for folders, ``a`` for associations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.model.vocabulary import DocumentAvailability
from gateway.storage.sqlite import words
from gateway.storage.sqlite.words import SEPARATOR
from gateway.transactions.conditions import TimeBound
from gateway.transactions.registry_stored_query import (
    AllOf,
    AnyOf,
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
)

Value = str | int | bytes | None

NEWEST_ENTRY = "e.latest AND NOT e.offline"
NEWEST_FOLDER = "f.latest AND f.status = 1"
"""What metadata level 1 shows of folders: no superseded version, none that is Deprecated."""

TIMES = {
    "creation_time": ("e.creation_time",),
    "service_start_time": ("e.service_start_time",),
    "service_stop_time": ("e.service_stop_time",),
    "submission_time": ("s.submission_time",),
    "last_update_time": ("f.last_update_time",),
    "registration_time": ("e.registration_time", "s.registration_time", "f.registration_time"),
    "last_updated": ("e.last_updated", "s.last_updated", "f.last_updated", "p.last_updated"),
    "birth_date": ("p.birth_date",),
}
"""The columns of each time attribute: the first second it covers."""

# A birth date is kept as precise as it was told; of a more precise one the day counts.
_FIRST = {"birth_date": "day_begins(p.birth_date)"}
_LAST = {
    "birth_date": "day_ends(p.birth_date)",
    "creation_time": "ifnull(e.creation_time_last, e.creation_time)",
    "service_start_time": "ifnull(e.service_start_time_last, e.service_start_time)",
    "service_stop_time": "ifnull(e.service_stop_time_last, e.service_stop_time)",
    "submission_time": "ifnull(s.submission_time_last, s.submission_time)",
}
"""The last second, kept where it is not the first one."""


def marks(values: Sequence[object]) -> str:
    """As many placeholders as there are values."""
    return "(" + ", ".join("?" * len(values)) + ")"


class Where:
    """Conditions that must all hold, with their values in order."""

    __slots__ = ("conditions", "values")

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[Value] = []

    def add(self, condition: str, *values: Value) -> None:
        """One more condition with its values."""
        self.conditions.append(condition)
        self.values += values

    def one_of(self, column: str, values: Sequence[Value]) -> None:
        """The column equals one of the values; no values, no condition."""
        if len(values) == 1:
            self.add(column + " = ?", values[0])
        elif values:
            self.add(column + " IN " + marks(values), *values)

    def identified(
        self, column: str, unique_ids: Sequence[str], entry_uuids: Sequence[str]
    ) -> None:
        """The object has one of the uniqueIds or one of the entryUUIDs.

        Both come from one parameter, ``identifier``, whose value may be the one or the other.
        """
        if unique_ids and entry_uuids:
            self.add(
                "("
                + column
                + " IN "
                + marks(unique_ids)
                + " OR o.entry_uuid IN "
                + marks(entry_uuids)
                + ")",
                *unique_ids,
                *entry_uuids,
            )
        else:
            self.one_of(column, unique_ids)
            self.one_of("o.entry_uuid", entry_uuids)

    def under(self, table: str, column: str, ids: Sequence[str]) -> None:
        """The object is a version of one of those with these ids, logical or of any version."""
        if ids:
            self.add(
                column
                + " IN (SELECT v.lid FROM "
                + table
                + " v WHERE v.lid IN "
                + marks(ids)
                + " UNION SELECT v.lid FROM object w JOIN "
                + table
                + " v ON v.key = w.key WHERE w.entry_uuid IN "
                + marks(ids)
                + ")",
                *ids,
                *ids,
            )

    def words(self, column: str, values: Iterable[str]) -> None:
        """The column holds one of the vocabulary's words."""
        self.one_of(column, [words.stored(value) for value in values])

    def any_of(self, alternatives: Sequence[tuple[str, Value]]) -> None:
        """One of several conditions of one value each; none, no condition."""
        if alternatives:
            self.add(
                "(" + " OR ".join(condition for condition, _ in alternatives) + ")",
                *(value for _, value in alternatives),
            )

    def code(self, column: str, codes: AnyOf) -> None:
        """A single-valued coded attribute is one of the codes; no codes, no condition."""
        if not codes:
            return
        if all(scheme is not None for _, scheme in codes):
            self.one_of(column, [words.code_key(code, scheme) for code, scheme in codes])
        else:
            self.any_of(
                [
                    (
                        "instr(" + column + ", ?) = 1" if scheme is None else column + " = ?",
                        words.code_key(code, scheme),
                    )
                    for code, scheme in codes
                ]
            )

    def codes(self, column: str, groups: AllOf) -> None:
        """A multi-valued coded attribute has one code of each group."""
        for group in groups:
            self.any_of(
                [
                    (
                        "instr(" + column + ", ?) > 0",
                        SEPARATOR
                        + words.code_key(code, scheme)
                        + ("" if scheme is None else SEPARATOR),
                    )
                    for code, scheme in group
                ]
            )

    def persons(self, alias: str, patterns: Iterable[str]) -> None:
        """One authorPerson matches one of the patterns."""
        self.any_of(
            [
                ("like_any(?, " + alias + ".author_person)", words.clean(pattern))
                for pattern in patterns
            ]
        )

    def times(self, alias: str, bounds: Iterable[TimeBound]) -> None:
        """Each time lies within its bounds."""
        for bound in bounds:
            column = next(c for c in TIMES[bound.attribute] if c.startswith(alias))
            within, values = column + " IS NOT NULL", []
            missing = column + " IS NULL"
            column = (_LAST if bound.last else _FIRST).get(bound.attribute, column)
            if bound.low is not None:
                within += " AND " + column + " >= ?"
                values.append(bound.low)
            if bound.high is not None:
                within += " AND " + column + " < ?"
                values.append(bound.high)
            if bound.missing_matches:
                within = missing + " OR " + within
            self.add("(" + within + ")", *values)


def find_documents(query: FindDocuments, patients: Sequence[int] | None) -> Where:
    """The conditions of FindDocuments; ``patients`` is ``None`` when none was named."""
    where = Where()
    if patients is not None:
        where.one_of("e.patient", patients)
    where.under("document_entry", "e.lid", query.logical_id)
    where.identified("e.unique_id", query.unique_id, query.entry_uuid)
    where.words("e.status", query.status)
    entry_content(where, query.format_code, query.confidentiality_code, query.object_type)
    where.code("e.class_code", query.class_code)
    where.code("e.type_code", query.type_code)
    where.code("e.practice_setting_code", query.practice_setting_code)
    where.code("e.healthcare_facility_type_code", query.healthcare_facility_type_code)
    where.codes("e.event_code_list", query.event_code_list)
    where.persons("e", query.author_person)
    for group in query.reference_id_list:
        where.any_of(
            [
                ("instr(e.reference_id_list, ?) > 0", SEPARATOR + words.clean(text) + SEPARATOR)
                for text in group
            ]
        )
    where.times("e", query.times)
    if query.document_availability:
        # A document whose availability nobody spoke of can be retrieved.
        where.add(
            "ifnull(e.availability, ?) IN " + marks(query.document_availability),
            DocumentAvailability.ONLINE,
            *query.document_availability,
        )
    if query.metadata_level < 2:
        where.add(NEWEST_ENTRY)
    return where


def entry_content(
    where: Where, format_code: AnyOf, confidentiality_code: AllOf, object_type: tuple[str, ...]
) -> None:
    """The three filters every query that answers with contents takes."""
    where.code("e.format_code", format_code)
    where.codes("e.confidentiality_code", confidentiality_code)
    where.words("e.object_type", object_type)


def find_submission_sets(query: FindSubmissionSets, patients: Sequence[int] | None) -> Where:
    """The conditions of FindSubmissionSets."""
    where = Where()
    if patients is not None:
        where.one_of("s.patient", patients)
    where.identified("s.unique_id", query.unique_id, query.entry_uuid)
    where.words("s.status", query.status)
    where.one_of("s.source_id", query.source_id)
    where.times("s", query.times)
    where.persons("s", query.author_person)
    where.code("s.content_type_code", query.content_type_code)
    return where


def find_folders(query: FindFolders, patients: Sequence[int] | None) -> Where:
    """The conditions of FindFolders."""
    where = Where()
    if patients is not None:
        where.one_of("f.patient", patients)
    where.identified("f.unique_id", query.unique_id, query.entry_uuid)
    where.under("folder", "f.lid", query.logical_id)
    where.words("f.status", query.status)
    where.times("f", query.times)
    where.codes("f.code_list", query.code_list)
    if query.metadata_level < 2:
        where.add(NEWEST_FOLDER)
    return where


def association_status(where: Where, status: tuple[str, ...], metadata_level: int) -> None:
    """Which associations show: those asked for, else at level 1 those in force."""
    if status:
        where.words("a.status", status)
    elif metadata_level < 2:
        where.add("a.status = ?", words.APPROVED)
