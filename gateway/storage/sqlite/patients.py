"""Patients: told by the feed, or met in a submission; merged ones lead to their survivor."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.patient import Patient, RecordState
from gateway.ports import FoundPatients, Page
from gateway.storage.sqlite.asked import ask, beyond, sorting
from gateway.storage.sqlite.conditions import Where
from gateway.storage.sqlite.words import SEPARATOR, clean, name_text, patient_key, several
from gateway.transactions.conditions import Condition


class Record(NamedTuple):
    """A surviving patient as objects show it."""

    cx: str
    logical_id: str


NOBODY = Record("", "")
"""Shown by objects without patient."""


class PatientRows:
    """The patient tables, read and written through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def members(self, identifier: Identifier) -> dict[int, Record]:
        """The rows whose objects a query on an identifier sees; none under a subsumed one."""
        return {
            number: Record(cx, logical_id)
            for number, cx, logical_id in self._execute(
                "SELECT m.id, s.cx, s.logical_id FROM patient_identifier i "
                "JOIN patient s ON s.id = i.patient AND s.survivor = s.id "
                "JOIN patient m ON m.survivor = s.id WHERE i.identifier = ?",
                (patient_key(identifier),),
            )
        }

    def shown(self, number: int) -> Record:
        """How the objects of a row name their patient."""
        row = self._execute(
            "SELECT s.cx, s.logical_id FROM patient p JOIN patient s ON s.id = p.survivor "
            "WHERE p.id = ?",
            (number,),
        ).fetchone()
        return Record(*row)

    def surviving(self, identifier: Identifier) -> Identifier | None:
        """The record an identifier leads to."""
        row = self._execute(
            "SELECT s.cx FROM patient_identifier i JOIN patient p ON p.id = i.patient "
            "JOIN patient s ON s.id = p.survivor WHERE i.identifier = ?",
            (patient_key(identifier),),
        ).fetchone()
        return Identifier(row[0]) if row else None

    def keys(self, survivor: int) -> list[str]:
        """What a record's identifiers, merged ones included, are compared by."""
        return [
            identifier.replace(SEPARATOR, "^")
            for (identifier,) in self._execute(
                "SELECT i.identifier FROM patient p JOIN patient_identifier i ON i.patient = p.id "
                "WHERE p.survivor = ?",
                (survivor,),
            )
        ]

    def is_known(self, identifier: Identifier) -> bool:
        """Whether the patient was announced and its id is still one of the domain."""
        row = self._execute(
            "SELECT p.known AND p.survivor = p.id FROM patient_identifier i "
            "JOIN patient p ON p.id = i.patient WHERE i.identifier = ?",
            (patient_key(identifier),),
        ).fetchone()
        return bool(row and row[0])

    def number(self, identifier: Identifier) -> int | None:
        """The row of an identifier."""
        row = self._execute(
            "SELECT patient FROM patient_identifier WHERE identifier = ?",
            (patient_key(identifier),),
        ).fetchone()
        return None if row is None else int(row[0])

    def met(self, identifier: Identifier, time: str) -> tuple[int, str]:
        """The row of an identifier, made when it was never met before, and the survivor's CX."""
        row = self._execute(
            "SELECT p.id, s.cx FROM patient_identifier i JOIN patient p ON p.id = i.patient "
            "JOIN patient s ON s.id = p.survivor WHERE i.identifier = ?",
            (patient_key(identifier),),
        ).fetchone()
        if row is not None:
            return int(row[0]), str(row[1])
        number = self._add(Patient(identifiers=(identifier,), known=False), time)
        self._identify(number, (identifier,))
        return number, identifier.text

    def read(self, number: int) -> Patient:
        """One patient as a value."""
        return _patient(self._execute(_SELECT + " WHERE p.id = ?", (number,)).fetchone())

    def found(self, identifier: Identifier) -> Patient | None:
        """The surviving patient an identifier leads to."""
        row = self._execute(
            _SELECT + " WHERE p.id = (SELECT o.survivor FROM patient_identifier i "
            "JOIN patient o ON o.id = i.patient WHERE i.identifier = ?)",
            (patient_key(identifier),),
        ).fetchone()
        return None if row is None else _patient(row)

    def named(self, logical_id: str) -> Patient | None:
        """The patient with a FHIR id."""
        row = self._execute(_SELECT + " WHERE p.logical_id = ?", (logical_id,)).fetchone()
        return None if row is None else _patient(row)

    def by_logical_id(self, logical_id: str) -> int | None:
        """The row of a FHIR id."""
        row = self._execute("SELECT id FROM patient WHERE logical_id = ?", (logical_id,)).fetchone()
        return None if row is None else int(row[0])

    def survivor(self, number: int) -> int:
        """Where the merges of a row end."""
        row = self._execute("SELECT survivor FROM patient WHERE id = ?", (number,)).fetchone()
        return int(row[0])

    def search(self, conditions: Sequence[Condition], page: Page, *, merged: bool) -> FoundPatients:
        """A page of patients; see :meth:`gateway.ports.PatientDirectory.search`."""
        where = Where()
        if not merged:
            where.add("p.survivor = p.id")
        ask(where, "p", conditions)
        order = [(sorting("p", one), one.ascending) for one in page.order]
        order.append(("p.id", page.ascending))
        by = "".join(", " + expression for expression, _ in order)
        part = Where()
        part.conditions, part.values = [*where.conditions], [*where.values]
        if page.after is not None:
            condition, values = beyond(order, (*page.place, page.after))
            part.add(condition, *values)
        found = self._execute(
            _SELECTED
            + by
            + _FROM
            + _where(part)
            + " ORDER BY "
            + ", ".join(e + ("" if up else " DESC") for e, up in order)
            + " LIMIT ?",
            (*part.values, page.size + 1),
        ).fetchall()
        shown = found[: page.size]
        more = len(found) > page.size
        total = len(found)
        if more or page.after is not None:
            (total,) = self._execute(
                "SELECT count(*)" + _FROM + _where(where), where.values
            ).fetchone()
        size = len(order)
        return FoundPatients(
            patients=tuple(_patient(row[:-size]) for row in shown),
            places=tuple((row[-1], *row[-size:-1]) for row in shown),
            total=total,
            more=more,
        )

    def knows_authority(self, authority: str) -> bool:
        """Whether any patient has an identifier of this authority."""
        ending = SEPARATOR + clean(authority)
        row = self._execute(
            "SELECT 1 FROM patient_identifier WHERE substr(identifier, ?) = ? LIMIT 1",
            (-len(ending), ending),
        ).fetchone()
        return row is not None

    def every(self) -> tuple[Patient, ...]:
        """Every patient, in the order they came."""
        return tuple(map(_patient, self._execute(_SELECT + " ORDER BY p.id")))

    def put(self, patient: Patient, time: str) -> Patient:
        """Add or replace; see :meth:`gateway.ports.PatientDirectory.put`."""
        if not patient.identifiers:
            raise Refused(
                _finding(ErrorCode.INVALID_VALUE, "a patient needs at least one identifier")
            )
        number = self.by_logical_id(patient.logical_id) if patient.logical_id else None
        claimed = {i: n for i in patient.identifiers if (n := self.number(i)) is not None}
        if number is None:
            number = claimed.get(patient.identifiers[0])
            if number is not None:
                self._rename(number, patient.logical_id)
        if number is None:
            number = self._add(patient, time)
        else:
            self._replace(number, patient, time)
        mine = []
        for identifier in patient.identifiers:
            other = self.number(identifier)
            if other is not None and other != number:
                if self.survivor(other) == number:
                    continue  # Merged into this patient before: it stays a subsumed identifier.
                self._absorb(other, number)
            mine.append(identifier)
        self._identify(number, mine)
        return self.read(number)

    def count_change(self, number: int) -> None:
        """A row's choices or its own state changed: what was worked out of them is stale."""
        self._execute(
            "UPDATE patient SET policy_version = policy_version + 1 WHERE id IN "
            "(?1, (SELECT survivor FROM patient WHERE id = ?1))",
            (number,),
        )

    def merge(self, subsumed: Identifier, surviving: Identifier, time: str) -> None:
        """Merge; see :meth:`gateway.ports.PatientDirectory.merge`."""
        survivor = self.number(surviving)
        if survivor is None:
            raise Refused(
                _finding(
                    ErrorCode.UNKNOWN_PATIENT_ID,
                    "the surviving patient " + surviving.text + " is not known",
                    surviving.text,
                )
            )
        gone, _ = self.met(subsumed, time)
        above = self._above(survivor)
        if gone in above:
            raise Refused(
                _finding(
                    ErrorCode.CONFLICT,
                    "the surviving patient " + surviving.text + " is the other one, or was "
                    "itself merged into it",
                )
            )
        if self._above(gone)[1:2] == [survivor]:
            return  # A repeated message: it is so already.
        self._execute(
            "UPDATE patient SET merged_into = ?, version = version + 1, last_updated = ? "
            "WHERE id = ?",
            (survivor, time, gone),
        )
        self._execute(
            "WITH RECURSIVE under (id) AS (SELECT ? UNION "
            "SELECT p.id FROM patient p JOIN under u ON p.merged_into = u.id) "
            "UPDATE patient SET survivor = ? WHERE id IN (SELECT id FROM under)",
            (gone, above[-1]),
        )
        self.count_change(gone)

    def _above(self, number: int) -> list[int]:
        """A row and the rows it was merged into, one after another."""
        chain = [number]
        while True:
            (above,) = self._execute(
                "SELECT merged_into FROM patient WHERE id = ?", (chain[-1],)
            ).fetchone()
            if above is None:
                return chain
            chain.append(above)

    def _add(self, patient: Patient, time: str) -> int:
        (number,) = self._execute("SELECT coalesce(max(id), 0) + 1 FROM patient").fetchone()
        self._execute(
            "INSERT INTO patient (id, logical_id, cx, identifiers, family, given, birth_date, "
            "gender, active, known, record, family_key, given_key, survivor, last_updated) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, patient.logical_id or str(uuid4()), *_columns(patient), number, time),
        )
        return int(number)

    def _replace(self, number: int, patient: Patient, time: str) -> None:
        self._execute(
            "UPDATE patient SET cx = ?, identifiers = ?, family = ?, given = ?, birth_date = ?, "
            "gender = ?, active = ?, known = ?, record = ?, family_key = ?, given_key = ?, "
            "version = version + 1, last_updated = ? WHERE id = ?",
            (*_columns(patient), time, number),
        )
        self.count_change(number)
        self._execute("DELETE FROM patient_identifier WHERE patient = ?", (number,))

    def _rename(self, number: int, logical_id: str) -> None:
        """Let a patient only met so far have the FHIR id it is now told with."""
        known, present = self._execute(
            "SELECT known, logical_id FROM patient WHERE id = ?", (number,)
        ).fetchone()
        if not logical_id or logical_id == present:
            return
        if known:
            raise Refused(
                _finding(
                    ErrorCode.CONFLICT, "the identifier belongs to another patient, " + present
                )
            )
        self._execute("UPDATE patient SET logical_id = ? WHERE id = ?", (logical_id, number))

    def _absorb(self, other: int, number: int) -> None:
        """Take over what was filed under an identifier before it was told whose it is."""
        (known,) = self._execute("SELECT known FROM patient WHERE id = ?", (other,)).fetchone()
        if known or self.survivor(other) != other:
            raise Refused(
                _finding(
                    ErrorCode.CONFLICT,
                    "an identifier belongs to another patient; patients are joined by a merge",
                )
            )
        for statement in (
            "UPDATE document_entry SET patient = ? WHERE patient = ?",
            "UPDATE submission_set SET patient = ? WHERE patient = ?",
            "UPDATE folder SET patient = ? WHERE patient = ?",
            "UPDATE withdrawn SET patient = ? WHERE patient = ?",
            "UPDATE statement SET patient = ? WHERE patient = ?",
            "UPDATE emergency_declaration SET patient = ? WHERE patient = ?",
            "UPDATE patient SET survivor = ? WHERE survivor = ?",
            "UPDATE patient SET merged_into = ? WHERE merged_into = ?",
            "UPDATE patient_identifier SET patient = ? WHERE patient = ?",
        ):
            self._execute(statement, (number, other))
        self._execute("DELETE FROM patient WHERE id = ?", (other,))
        self.count_change(number)

    def _identify(self, number: int, identifiers: Iterable[Identifier]) -> None:
        for identifier in identifiers:
            self._execute(
                "INSERT INTO patient_identifier VALUES (?, ?) "
                "ON CONFLICT (identifier) DO UPDATE SET patient = excluded.patient",
                (patient_key(identifier), number),
            )


_SELECTED = (
    "SELECT p.logical_id, p.identifiers, p.family, p.given, p.birth_date, p.gender, p.active, "
    "p.known, m.cx, p.version, p.last_updated, p.record"
)
_FROM = " FROM patient p LEFT JOIN patient m ON m.id = p.merged_into"
_SELECT = _SELECTED + _FROM


def _where(where: Where) -> str:
    return " WHERE " + " AND ".join(where.conditions) if where.conditions else ""


def _patient(
    row: tuple[Any, ...],
) -> Patient:
    logical_id, identifiers, family, given, birth, gender = row[:6]
    active, known, merged, version, at, record = row[6:]
    return Patient(
        logical_id=logical_id,
        identifiers=tuple(Identifier(text) for text in json.loads(identifiers)),
        family=family,
        given=tuple(json.loads(given)),
        birth_date=None if birth is None else DateTime(birth),
        gender=gender,
        active=bool(active),
        known=bool(known),
        merged_into=None if merged is None else Identifier(merged),
        version=version,
        last_updated=at,
        record=_read_record(record),
    )


def name_keys(family: str, given: Iterable[str]) -> tuple[str, str]:
    """A patient's family and given names as they are searched for."""
    return name_text(family), several(map(name_text, given)) or ""


def _columns(patient: Patient) -> tuple[str | bool | None, ...]:
    return (
        patient.identifiers[0].text,
        json.dumps([i.text for i in patient.identifiers]),
        patient.family,
        json.dumps(patient.given),
        None if patient.birth_date is None else patient.birth_date.text,
        patient.gender,
        patient.active,
        patient.known,
        _write_record(patient.record),
        *name_keys(patient.family, patient.given),
    )


def _write_record(record: RecordState) -> str | None:
    motive = record.closing_motive
    told = {
        "closed_on": record.closed_on.text if record.closed_on else None,
        "motive": [motive.code, motive.scheme, motive.display] if motive else None,
        "reason": record.closing_reason or None,
        "attached": record.attached,
        "deceased": record.deceased.text if record.deceased else None,
        "identity": record.identity_qualified,
        "gp": record.gp.text if record.gp else None,
    }
    kept = {name: value for name, value in told.items() if value is not None}
    return json.dumps(kept) if kept else None


def _read_record(text: str | None) -> RecordState:
    if text is None:
        return RecordState()
    kept = json.loads(text)
    return RecordState(
        closed_on=DateTime(kept["closed_on"]) if "closed_on" in kept else None,
        closing_motive=Code(*kept["motive"]) if "motive" in kept else None,
        closing_reason=kept.get("reason", ""),
        attached=kept.get("attached"),
        deceased=DateTime(kept["deceased"]) if "deceased" in kept else None,
        identity_qualified=kept.get("identity"),
        gp=Identifier(kept["gp"]) if "gp" in kept else None,
    )


def _finding(code: ErrorCode, message: str, context: str = "") -> Finding:
    return Finding(
        rule="patient-directory", code=code, location="Patient", message=message, context=context
    )
