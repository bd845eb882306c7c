"""The audit trail behind its port: searches, and what the feeds and checkpoints need."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import orjson

from gateway.codecs.audit_octets import read_audit_octets
from gateway.model.audit import AuditEvent
from gateway.model.datatypes import Identifier, escape
from gateway.model.subject import same_key
from gateway.ports import AuditKeeping, AuditTrail, FeedState, FoundEvents, KeptEvent, Page
from gateway.storage.sqlite.audit import AuditRows
from gateway.storage.sqlite.conditions import Where, marks
from gateway.storage.sqlite.words import SEPARATOR, patient_key
from gateway.storage.sqlite.writer import Writer
from gateway.transactions.audited import KIND_BY_ACTION, RECEIVED, TRANSACTIONS
from gateway.transactions.retrieve_audit_event import AgentName, FindAuditEvents, KindOfEvent

T = TypeVar("T")

_CALLED = (
    "SELECT i.identifier FROM patient_identifier n JOIN patient p ON p.id = n.patient "
    "JOIN patient m ON m.survivor = p.survivor JOIN patient_identifier i ON i.patient = m.id "
    "WHERE n.identifier = ?"
)
_ACTIVITIES = {
    line.activity.code: name for name, line in TRANSACTIONS.items() if line.activity is not None
}
"""By its EventTypeCode, what the gateway did by itself."""

_INTERACTION = b'"interaction":'
_REFUSED = "SELECT number, answer FROM audit_refused WHERE feed = ? ORDER BY number"


class Ask(Protocol):
    """Asks the file a question where it holds up nobody, however long it takes."""

    async def __call__(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Give the answer."""
        ...


class SqliteAuditTrail(AuditTrail, AuditKeeping):
    """The trail of a SQLite registry; kept in the same file, written by the same writer."""

    def __init__(self, writer: Writer, connection: sqlite3.Connection, ask: Ask) -> None:
        self._writer = writer
        self._connection = connection
        self._rows = AuditRows(connection)
        self._ask = ask

    # --- Reading -----------------------------------------------------------------------------

    async def find(self, search: FindAuditEvents, page: Page, *, counted: bool) -> FoundEvents:
        where = _where(search)
        return await self._ask(lambda connection: _find(connection, where, page, counted))

    async def read(self, id: str) -> KeptEvent | None:
        def question(connection: sqlite3.Connection) -> KeptEvent | None:
            row = connection.execute(
                "SELECT number, octets FROM audit_event WHERE id = ?", (id,)
            ).fetchone()
            return KeptEvent(row[0], read_audit_octets(row[1])) if row else None

        return await self._ask(question)

    async def after(self, number: int, limit: int) -> tuple[KeptEvent, ...]:
        def question(connection: sqlite3.Connection) -> tuple[KeptEvent, ...]:
            return tuple(
                KeptEvent(number, read_audit_octets(octets))
                for number, octets in connection.execute(
                    "SELECT number, octets FROM audit_event WHERE number > ? "
                    "ORDER BY number LIMIT ?",
                    (number, limit),
                )
            )

        return await self._ask(question)

    async def called(self, patient: Identifier) -> tuple[str, ...]:
        def question(connection: sqlite3.Connection) -> tuple[str, ...]:
            kept = connection.execute(_CALLED, (patient_key(patient),))
            keys = ("^".join(key.split(SEPARATOR, 1)) for (key,) in kept)
            return tuple(dict.fromkeys((same_key(patient), *keys)))

        return await self._ask(question)

    async def newest(self) -> tuple[int, bytes]:
        """Number and hash of the last event; 0 and the hash before the first one when empty."""
        return await self._ask(lambda connection: AuditRows(connection).newest())

    async def newest_time(self) -> str:
        """The latest time any event has; empty when there is none."""
        return await self._ask(lambda connection: AuditRows(connection).newest_time())

    # --- Events that stand for themselves ------------------------------------------------------

    async def append(self, *events: AuditEvent) -> None:
        """Keep events that belong to no change and no request: of a command, of the house."""
        await self._writer.run(lambda: self._rows.append(events))

    # --- Checkpoints -------------------------------------------------------------------------

    async def sign(self, make: Callable[[int, bytes, bytes], bytes | None]) -> bytes | None:
        """Add a checkpoint over the newest event, where there is one to add.

        Args:
            make: Gives the line, from number and hash of the newest event and the line before;
                ``None`` where nothing is to be signed.
        """

        def job() -> bytes | None:
            number, newest = self._rows.newest()
            covered, before = self._rows.newest_checkpoint()
            line = make(number, newest, before) if number > covered else None
            if line is not None:
                self._rows.add_checkpoint(number, line)
            return line

        return await self._writer.run(job)

    async def checkpoint(self) -> tuple[int, bytes]:
        """Number and line of the last checkpoint; 0 and nothing where there is none."""
        return await self._ask(lambda connection: AuditRows(connection).newest_checkpoint())

    # --- Feeds -------------------------------------------------------------------------------

    async def feed(self, name: str) -> FeedState:
        """How far a receiver has come; nowhere, when it was never told anything."""

        def question(connection: sqlite3.Connection) -> FeedState:
            row = connection.execute(
                "SELECT number FROM audit_feed WHERE name = ?", (name,)
            ).fetchone()
            return FeedState(
                number=row[0] if row else 0,
                refused=tuple(connection.execute(_REFUSED, (name,))),
            )

        return await self._ask(question)

    async def advance(
        self, name: str, number: int, refused: Sequence[tuple[int, str]] = ()
    ) -> None:
        """Remember, durably, what a receiver has, and what of it it did not take."""

        def job() -> None:
            self._connection.execute(
                "INSERT INTO audit_feed VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET number = excluded.number",
                (name, number),
            )
            for one, answer in refused:
                self._connection.execute(
                    "INSERT OR REPLACE INTO audit_refused VALUES (?, ?, ?)", (name, one, answer)
                )

        await self._writer.run(job)


def _find(connection: sqlite3.Connection, where: Where, page: Page, counted: bool) -> FoundEvents:
    total = None
    if counted:
        (total,) = connection.execute(
            "SELECT count(*) FROM audit_event" + _text(where.conditions), where.values
        ).fetchone()
    part = Where()
    part.conditions, part.values = [*where.conditions], [*where.values]
    order = " ORDER BY number" if page.ascending else " ORDER BY number DESC"
    if page.after is not None:
        part.add("number > ?" if page.ascending else "number < ?", page.after)
    found = connection.execute(
        "SELECT number, octets FROM audit_event" + _text(part.conditions) + order + " LIMIT ?",
        (*part.values, page.size + 1),
    ).fetchall()
    return FoundEvents(
        events=tuple(
            KeptEvent(number, read_audit_octets(octets)) for number, octets in found[: page.size]
        ),
        total=total,
        more=len(found) > page.size,
    )


def _text(conditions: Sequence[str]) -> str:
    return " WHERE " + " AND ".join(conditions) if conditions else ""


def _where(search: FindAuditEvents) -> Where:
    where = Where()
    if search.since:
        where.add("time >= ?", search.since)
    if search.before:
        where.add("time < ?", search.before)
    if search.patients is not None:
        # The first condition is the index's own.
        where.add("patient <> ''")
        where.add("patient IN " + marks(search.patients), *search.patients)
    where.one_of("action", search.actions)
    where.one_of("outcome", search.outcomes)
    where.one_of("id", search.ids)
    for agents in search.agents:
        _any(where, [_agent(agent) for agent in agents])
    for types in search.types:
        _any(where, [_type(code) for code in types])
    for subtypes in search.subtypes:
        _any(where, [_subtype(kind) for kind in subtypes])
    for entities in search.entities:
        # Ids stand in the octets as JSON texts, with their quotes: nothing longer matches.
        _any(where, [_holds(orjson.dumps(name)) for name in entities])
    return where


def _any(where: Where, alternatives: Sequence[Where]) -> None:
    texts = ["(" + " AND ".join(one.conditions) + ")" for one in alternatives]
    values = [value for one in alternatives for value in one.values]
    where.add("(" + " OR ".join(texts) + ")" if texts else "0", *values)


def _holds(octets: bytes) -> Where:
    where = Where()
    where.add("instr(octets, ?) > 0", octets)
    return where


def _agent(agent: AgentName) -> Where:
    """The person, the application or the structure that asked has this identifier."""
    where = Where()
    begins = agent.value + "^"
    structure = b'"structure":"' + orjson.dumps(escape(agent.value) + "^")[1:-1]
    if agent.authority is None:
        mentioned = orjson.dumps("agent:" + begins)[:-1]
        where.add(
            "(substr(agent, 1, ?) = ? OR instr(octets, ?) > 0 OR instr(octets, ?) > 0)",
            len(begins),
            begins,
            structure,
            mentioned,
        )
        return where
    # Written by us, the text of an identifier has its authority in one form.
    identifier = Identifier.of(agent.value, agent.authority)
    named = b'"structure":"' + orjson.dumps(identifier.text)[1:-1]
    key = same_key(identifier)
    mentioned = orjson.dumps("agent:" + key)
    where.add("(agent = ? OR instr(octets, ?) > 0 OR instr(octets, ?) > 0)", key, named, mentioned)
    return where


def _subtype(kind: KindOfEvent) -> Where:
    where = Where()
    if kind.transaction:
        code = _ACTIVITIES.get(kind.transaction, kind.transaction)
        where.add("(transaction_code = ? OR instr(octets, ?) > 0)", code, _mention(kind))
    if kind.interaction:
        text = _INTERACTION + orjson.dumps(kind.interaction)
        if kind.transaction:
            where.conditions[-1] += " OR instr(octets, ?) > 0"
            where.values.append(text)
        else:
            where.add("instr(octets, ?) > 0", text)
    return where


def _mention(kind: KindOfEvent) -> bytes:
    """How an event of another system tells of its kind."""
    return orjson.dumps("subtype:" + kind.transaction)


def _type(code: str) -> Where:
    """What has this EventID follows from the transaction; for what is none, from the action."""
    rest = code == "rest"
    known = [
        name
        for name, line in TRANSACTIONS.items()
        if (line.kind is None if rest else line.kind is not None and line.kind.code == code)
    ]
    alternatives = []
    if known:
        line = Where()
        line.one_of("transaction_code", known)
        alternatives.append(line)
    other = Where()
    known = [*TRANSACTIONS, RECEIVED]
    other.add("transaction_code NOT IN " + marks(known), *known)
    if rest:
        other.add("instr(octets, ?) > 0", _INTERACTION)
    else:
        other.add("instr(octets, ?) = 0", _INTERACTION)
        actions = [action.value for action, kind in KIND_BY_ACTION.items() if kind.code == code]
        other.one_of("action", actions)
        if not actions:
            other.add("0")
    alternatives.append(other)
    alternatives.append(_holds(orjson.dumps("type:" + code)))
    where = Where()
    _any(where, alternatives)
    return where
