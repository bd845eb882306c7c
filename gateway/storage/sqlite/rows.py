"""Rows of the tables as answers: read through one connection, spliced, in order.

A statement that runs longer than it may is interrupted, so that no query holds up its neighbours.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any

from gateway.model.datatypes import Identifier
from gateway.ports import Form, Held
from gateway.storage.fragments import Fragments, Member, Relation
from gateway.storage.sqlite import functions, words
from gateway.storage.sqlite.conditions import Value, Where, marks
from gateway.storage.sqlite.patients import NOBODY, PatientRows, Record
from gateway.storage.sqlite.sight import Execute, Eyes, Sight
from gateway.storage.sqlite.words import (
    ASSOCIATION,
    DOCUMENT_ENTRY,
    FOLDER,
    HAS_MEMBER,
    KIND_NAMES,
    SUBMISSION_SET,
)

_STEPS = 5000
"""Steps of SQLite's machine between two looks at the clock, well under a millisecond."""

_COLUMN = {Form.EBRIM: "o.ebrim", Form.FHIR: "o.fhir", Form.REFERENCE: "NULL"}

_FROM = {
    DOCUMENT_ENTRY: " FROM document_entry e JOIN object o ON o.key = e.key",
    SUBMISSION_SET: " FROM submission_set s JOIN object o ON o.key = s.key",
    FOLDER: " FROM folder f JOIN object o ON o.key = f.key",
    ASSOCIATION: " FROM association a JOIN object o ON o.key = a.key",
}

# Key, id and fragment; then what is spliced into either form, in one order for all kinds: status,
# patient, lastUpdateTime; then what software may be alerted to: restrictions, class.
_COLUMNS = {
    DOCUMENT_ENTRY: ", e.status, e.patient, '', e.restrictions, e.class_code",
    SUBMISSION_SET: ", s.status, s.patient, '', 0, NULL",
    FOLDER: ", f.status, f.patient, ifnull(f.last_update_time, ''), 0, NULL",
    ASSOCIATION: ", a.status, NULL, '', 0, NULL",
}

# What is spliced into FHIR besides: version, time of the last change and of registration, whether
# relationships start here.
_FHIR_COLUMNS = {
    DOCUMENT_ENTRY: ", e.version, e.last_updated, e.registration_time, e.related",
    SUBMISSION_SET: ", s.version, s.last_updated, s.registration_time, 0",
    FOLDER: ", f.version, f.last_updated, f.registration_time, 0",
    ASSOCIATION: ", 1, a.last_updated, a.last_updated, 0",
}

_STATE = itemgetter(3, 4, 5)

_WHAT = {
    (kind, form): "SELECT o.key, o.entry_uuid, "
    + _COLUMN[form]
    + _COLUMNS[kind]
    + (_FHIR_COLUMNS[kind] if form is Form.FHIR else "")
    for kind in _FROM
    for form in Form
}
_SELECT = {(kind, form): what + _FROM[kind] for (kind, form), what in _WHAT.items()}

# What leads from one resource to others: the statements that find relations and members. Where
# resources go by the id of their present version, that is the newest one under the logical id.
_LINKS = {
    False: (
        "SELECT a.source, a.association_type, e.lid, o.entry_uuid FROM association a "
        "JOIN document_entry e ON e.key = a.target JOIN object o ON o.key = a.target "
        "WHERE a.source IN ",
        "SELECT a.source, a.target_kind, coalesce(e.lid, f.lid) FROM association a "
        "LEFT JOIN document_entry e ON e.key = a.target "
        "LEFT JOIN folder f ON f.key = a.target "
        "WHERE a.source IN ",
    ),
    True: (
        "SELECT a.source, a.association_type, n.entry_uuid, o.entry_uuid FROM association a "
        "JOIN document_entry e ON e.key = a.target JOIN object o ON o.key = a.target "
        "JOIN document_entry l ON l.lid = e.lid AND l.latest JOIN object n ON n.key = l.key "
        "WHERE a.source IN ",
        "SELECT a.source, a.target_kind, n.entry_uuid FROM association a "
        "LEFT JOIN document_entry e ON e.key = a.target "
        "LEFT JOIN folder f ON f.key = a.target "
        "LEFT JOIN document_entry l ON l.lid = e.lid AND l.latest "
        "LEFT JOIN folder m ON m.lid = f.lid AND m.latest "
        "JOIN object n ON n.key = coalesce(l.key, m.key) "
        "WHERE a.source IN ",
    ),
}

KEY = {DOCUMENT_ENTRY: "e.key", SUBMISSION_SET: "s.key", FOLDER: "f.key", ASSOCIATION: "a.key"}

Row = tuple[Any, ...]
"""One row as the statement of its kind and form gives it."""


class _Patience:
    """Until when a connection's statements may run."""

    __slots__ = ("deadline",)

    def __init__(self) -> None:
        self.deadline = math.inf

    def is_over(self) -> int:
        return time.monotonic() > self.deadline


def _once(
    members: Callable[[Identifier], dict[int, Record]],
) -> Callable[[Identifier], dict[int, Record]]:
    """Look each patient up once: the view of a record and a query on it ask for the same one."""
    met: dict[str, dict[int, Record]] = {}

    def once(identifier: Identifier) -> dict[int, Record]:
        found = met.get(identifier.text)
        if found is None:
            found = met[identifier.text] = members(identifier)
        return found

    return once


class Rows:
    """One connection's view of the registry.

    Attributes:
        execute: Runs one statement.
        members: Gives the rows whose objects a query on an identifier sees.
        limited: Whether it is somebody's view, in which not everything is there.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        fragments: Fragments,
        by_entry_uuid: bool = False,
        alerting: frozenset[str] | None = None,
    ) -> None:
        """Take what it reads.

        Args:
            by_entry_uuid: Links of FHIR resources name the id of the present version instead of
                the logical id.
            alerting: Classes that are told apart, as rows spell them; ``None`` for any.
        """
        self.execute: Execute = connection.execute
        self.patients = PatientRows(connection)
        self.members: Callable[[Identifier], dict[int, Record]] = self.patients.members
        self.connection = connection
        self.fragments = fragments
        self.limited = False
        self._alerting = alerting
        self._relations_sql, self._members_sql = _LINKS[by_entry_uuid]
        self._patience = _Patience()
        self._eyes = Eyes(connection)
        functions.register(connection)
        connection.set_progress_handler(self._patience.is_over, _STEPS)

    def seen_by(self, sight: Sight) -> Rows:
        """Give the view of somebody in one transaction, through the same connection."""
        # As copy() does, without asking the class how: one is made for every request.
        seen = object.__new__(Rows)
        seen.__dict__.update(self.__dict__)
        seen.members = _once(self.members)
        seen.execute = self._eyes.seeing(sight, seen.members)
        seen.limited = True
        return seen

    def limit(self, seconds: float) -> None:
        """Interrupt what runs longer than so many seconds from now; ``inf`` for no limit."""
        self._patience.deadline = time.monotonic() + seconds

    def select(self, kind: int, form: Form, where: Where, order: str, limit: int) -> list[Row]:
        """Rows of one kind in order, at most ``limit``."""
        sql = _SELECT[kind, form]
        if where.conditions:
            sql += " WHERE " + " AND ".join(where.conditions)
        sql += " ORDER BY " + KEY[kind] + order + " LIMIT ?"
        return self.execute(sql, (*where.values, limit)).fetchall()

    def sorted(
        self,
        kind: int,
        form: Form,
        where: Where,
        order: Sequence[tuple[str, bool]],
        limit: int,
    ) -> tuple[list[Row], list[tuple[Any, ...]]]:
        """Rows of one kind in another order, and for each what it is ordered by.

        Args:
            order: Expressions, the registry's key last, each with whether upwards.
        """
        by = [expression for expression, _ in order[:-1]]
        sql = _WHAT[kind, form] + "".join(", " + expression for expression in by) + _FROM[kind]
        if where.conditions:
            sql += " WHERE " + " AND ".join(where.conditions)
        sql += " ORDER BY " + ", ".join(e + ("" if up else " DESC") for e, up in order) + " LIMIT ?"
        found = self.execute(sql, (*where.values, limit)).fetchall()
        return [row[: -len(by)] for row in found], [row[-len(by) :] for row in found]

    def by_key(self, kind: int, form: Form, keys: Sequence[int]) -> list[Row]:
        """The rows with these keys."""
        where = Where()
        where.add(KEY[kind] + " IN " + marks(keys), *keys)
        return self.select(kind, form, where, "", len(keys))

    def count(self, kind: int, where: Where) -> int:
        """How many objects of a kind match."""
        sql = "SELECT count(*)" + _FROM[kind]
        if where.conditions:
            sql += " WHERE " + " AND ".join(where.conditions)
        (count,) = self.execute(sql, where.values).fetchone()
        return int(count)

    def keys(self, kind: int, where: Where, limit: int) -> list[tuple[int, Value, Value]]:
        """Keys of matching objects; of associations their two ends as well."""
        sql = "SELECT a.key, a.source, a.target" if kind == ASSOCIATION else "SELECT o.key, 0, 0"
        sql += _FROM[kind]
        if where.conditions:
            sql += " WHERE " + " AND ".join(where.conditions)
        return self.execute(sql + " LIMIT ?", (*where.values, limit)).fetchall()

    def held(
        self, kind: int, form: Form, rows: Sequence[Row], patients: dict[int, Record]
    ) -> list[Held]:
        """Rows as answers.

        Args:
            patients: How the patients met so far are shown; more are added as they come.
        """
        name = KIND_NAMES[kind]
        if form is Form.FHIR:
            return self._fhir(kind, name, rows, patients)
        answer = []
        classes = self._alerting
        # The objects of one answer are nearly all in the same state.
        for (status, patient, last_update_time), alike in groupby(rows, _STATE):
            cx = (patients.get(patient) or self._shown(patient, patients)).cx
            several = list(alike)
            octets: Iterable[bytes] = repeat(b"")
            if form is Form.EBRIM:
                octets = self.fragments.splice_ebrim(
                    [row[2] for row in several],
                    status=words.word(status),
                    patient_id=cx,
                    last_update_time=last_update_time,
                )
            answer += [
                Held(
                    name,
                    row[1],
                    cx,
                    spliced,
                    row[0],
                    (),
                    bool(row[6]) or classes is None or row[7] in classes,
                )
                for row, spliced in zip(several, octets, strict=False)
            ]
        return answer

    def _fhir(
        self, kind: int, name: str, rows: Sequence[Row], patients: dict[int, Record]
    ) -> list[Held]:
        splice = self.fragments.splice_fhir
        relations: dict[int, tuple[Relation, ...]] = {}
        members: dict[int, tuple[Member, ...]] = {}
        if kind == DOCUMENT_ENTRY:
            related = [row[0] for row in rows if row[-1]]
            if related:
                relations = self._relations(related)
        elif rows:
            members = self._members([row[0] for row in rows])
        answer = []
        word, classes = words.word, self._alerting
        for (
            key,
            entry_uuid,
            fragment,
            status,
            patient,
            last_update_time,
            restrictions,
            class_code,
            version,
            last_updated,
            registration_time,
            _,
        ) in rows:
            if fragment is None:
                continue  # This kind has no FHIR twin.
            cx, logical_id = patients.get(patient) or self._shown(patient, patients)
            octets = splice(
                fragment,
                status=word(status),
                version=str(version),
                patient_id=cx,
                patient_logical_id=logical_id,
                relations=relations.get(key, ()),
                members=members.get(key, ()),
                last_updated=last_updated,
                last_update_time=last_update_time,
                registration_time=registration_time,
            )
            alerting = bool(restrictions) or classes is None or class_code in classes
            answer.append(Held(name, entry_uuid, cx, octets, key, (), alerting))
        return answer

    def _shown(self, patient: int | None, patients: dict[int, Record]) -> Record:
        if patient is None:
            return NOBODY
        record = patients[patient] = self.patients.shown(patient)
        return record

    def _relations(self, keys: Sequence[int]) -> dict[int, tuple[Relation, ...]]:
        found: dict[int, tuple[Relation, ...]] = {}
        for source, association_type, lid, entry_uuid in self.execute(
            self._relations_sql + marks(keys) + " AND a.source_kind = ? AND a.status = ? "
            "AND a.association_type <> ? ORDER BY a.key",
            (*keys, DOCUMENT_ENTRY, words.APPROVED, HAS_MEMBER),
        ):
            relation = (words.word(association_type), lid, entry_uuid)
            found[source] = (*found.get(source, ()), relation)
        return found

    def _members(self, keys: Sequence[int]) -> dict[int, tuple[Member, ...]]:
        found: dict[int, dict[Member, None]] = {}
        for source, kind, lid in self.execute(
            self._members_sql + marks(keys) + " AND a.status = ? AND a.association_type = ? "
            "AND a.target_kind IN (?, ?) ORDER BY a.key",
            (*keys, words.APPROVED, HAS_MEMBER, DOCUMENT_ENTRY, FOLDER),
        ):
            found.setdefault(source, {})[KIND_NAMES[kind], lid] = None
        return {source: tuple(members) for source, members in found.items()}
