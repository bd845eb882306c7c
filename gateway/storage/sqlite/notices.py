"""Notices and how far they got, in the registry's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.consent.visibility import Restriction
from gateway.model.datatypes import Identifier
from gateway.model.notice import (
    Channel,
    Contact,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
    RecipientKind,
)
from gateway.ports import Account, Page
from gateway.ports.notices import NoticeStore
from gateway.storage.sqlite.words import patient_key
from gateway.storage.sqlite.writer import Writer

_NOTICE = (
    "n.id, n.kind, n.recipient_kind, n.recipient, n.patient, n.time, n.event, n.who, n.mode, "
    "n.entry_uuid"
)
_DELIVERY = _NOTICE + ", d.channel, d.state, d.attempts, d.due, d.ended, d.trouble"
_OPEN = "('waiting', 'withheld')"


class NoticeRows:
    """The tables of notices, through one connection, inside whatever transaction is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def append(self, notices: Iterable[Notice]) -> None:
        """Keep notices; one that is kept already stays as it is."""
        for notice in notices:
            self._execute(
                "INSERT OR IGNORE INTO notice (id, kind, recipient_kind, recipient, "
                "recipient_key, patient, time, event, who, mode, entry_uuid) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    notice.id,
                    notice.kind.value,
                    notice.recipient_kind.value,
                    notice.recipient.text,
                    patient_key(notice.recipient),
                    notice.patient.text,
                    notice.time,
                    notice.event,
                    notice.who,
                    notice.mode,
                    notice.entry_uuid,
                ),
            )

    def unaddressed(self, limit: int) -> tuple[Notice, ...]:
        """Notices whose channels nobody chose yet."""
        rows = self._execute(
            "SELECT " + _NOTICE + " FROM notice n WHERE NOT n.addressed ORDER BY n.number LIMIT ?",
            (limit,),
        )
        return tuple(map(_notice, rows))

    def address(self, notice_id: str, channels: Sequence[Channel], now: str) -> None:
        """Choose the channels of a notice, once."""
        row = self._execute(
            "SELECT number FROM notice WHERE id = ? AND NOT addressed", (notice_id,)
        ).fetchone()
        if row is None:
            return
        for channel in channels:
            self._execute(
                "INSERT INTO delivery (notice, channel, state, due) VALUES (?, ?, ?, ?)",
                (row[0], channel.value, DeliveryState.WAITING.value, now),
            )
        self._execute("UPDATE notice SET addressed = 1 WHERE number = ?", row)

    def due(self, now: str, limit: int) -> tuple[Delivery, ...]:
        """Deliveries that may be tried."""
        rows = self._execute(
            "SELECT " + _DELIVERY + " FROM delivery d JOIN notice n ON n.number = d.notice "
            "WHERE d.state IN " + _OPEN + " AND d.due <= ?1 AND NOT (d.channel = 'webhook' "
            "AND EXISTS (SELECT 1 FROM notice b JOIN delivery w ON w.notice = b.number "
            "WHERE b.recipient_key = n.recipient_key AND b.number < n.number "
            "AND w.channel = 'webhook' AND w.state = 'waiting' AND w.due > ?1)) "
            "ORDER BY d.notice LIMIT ?2",
            (now, limit),
        )
        return tuple(map(_delivery, rows))

    def undelivered(self) -> tuple[Delivery, ...]:
        """Deliveries that wait, due or not."""
        rows = self._execute(
            "SELECT " + _DELIVERY + " FROM delivery d JOIN notice n ON n.number = d.notice "
            "WHERE d.state IN " + _OPEN + " ORDER BY d.notice"
        )
        return tuple(map(_delivery, rows))

    def deliveries(self, notice_ids: Sequence[str]) -> tuple[Delivery, ...]:
        """How far these notices got."""
        found: list[Delivery] = []
        for notice_id in notice_ids:
            rows = self._execute(
                "SELECT " + _DELIVERY + " FROM notice n JOIN delivery d ON d.notice = n.number "
                "WHERE n.id = ? ORDER BY d.channel",
                (notice_id,),
            )
            found += map(_delivery, rows)
        return tuple(found)

    def settle(self, delivery: Delivery) -> None:
        """How a delivery went."""
        changed = self._execute(
            "UPDATE delivery SET state = ?, attempts = ?, due = ?, ended = ?, trouble = ? "
            "WHERE notice = (SELECT number FROM notice WHERE id = ?) AND channel = ? "
            "AND state IN " + _OPEN,
            (
                delivery.state.value,
                delivery.attempts,
                delivery.due,
                delivery.ended,
                delivery.trouble[:200],
                delivery.notice.id,
                delivery.channel.value,
            ),
        ).rowcount
        taken = delivery.state is DeliveryState.DELIVERED and delivery.channel is Channel.WEBHOOK
        if changed and taken:
            self._execute(
                "UPDATE contact SET sequence = sequence + 1 WHERE recipient_key = ?",
                (patient_key(delivery.notice.recipient),),
            )

    def inbox(
        self,
        recipients: Sequence[Identifier] | None,
        page: Page,
        kind: RecipientKind | None,
    ) -> tuple[tuple[int, Notice], ...]:
        """Notices of one person or of everybody."""
        order, beyond = ("", ">") if page.ascending else (" DESC", "<")
        after = page.after
        if after is None:
            after = -1 if page.ascending else 1 << 62
        keys = [patient_key(recipient) for recipient in recipients or ()]
        whose = "1 = 1"
        if recipients is not None:
            whose = "n.recipient_key IN (" + ", ".join("?" * len(keys)) + ")"
        if kind is not None:
            whose += " AND n.recipient_kind = ?"
            keys.append(kind.value)
        rows = self._execute(
            "SELECT n.number, "
            + _NOTICE
            + " FROM notice n WHERE "
            + whose
            + " AND n.number "
            + beyond
            + " ? ORDER BY n.number"
            + order
            + " LIMIT ?",
            (*keys, after, page.size + 1),
        )
        return tuple((row[0], _notice(row[1:])) for row in rows)

    def notice(self, notice_id: str) -> Notice | None:
        """One notice."""
        row = self._execute(
            "SELECT " + _NOTICE + " FROM notice n WHERE n.id = ?", (notice_id,)
        ).fetchone()
        return None if row is None else _notice(row)

    def contact(self, recipients: Sequence[Identifier]) -> Contact | None:
        """Where a person is reached, by the first identifier that is known."""
        for recipient in recipients:
            row = self._execute(
                "SELECT recipient, email, endpoint, language, sequence FROM contact "
                "WHERE recipient_key = ?",
                (patient_key(recipient),),
            ).fetchone()
            if row is not None:
                cx, email, endpoint, language, sequence = row
                return Contact(
                    recipient=Identifier(cx),
                    email=email,
                    endpoint=endpoint,
                    language=language,
                    sequence=sequence,
                )
        return None

    def put_contact(self, contact: Contact, now: str) -> None:
        """Keep or forget where a person is reached; a sequence goes on."""
        key = patient_key(contact.recipient)
        if not contact.channels and not contact.language:
            self._execute("DELETE FROM contact WHERE recipient_key = ?", (key,))
            return
        self._execute(
            "INSERT INTO contact (recipient_key, recipient, email, endpoint, language, time) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (recipient_key) DO UPDATE SET "
            "recipient = excluded.recipient, email = excluded.email, "
            "sequence = CASE WHEN endpoint = excluded.endpoint THEN sequence ELSE 0 END, "
            "endpoint = excluded.endpoint, language = excluded.language, time = excluded.time",
            (
                key,
                contact.recipient.text,
                contact.email,
                contact.endpoint,
                contact.language,
                now,
            ),
        )

    def is_new(self, name: str, now: str, again_after: str) -> bool:
        """Note a deadline; whether it was not noted before."""
        row = self._execute("SELECT time FROM deadline WHERE name = ?", (name,)).fetchone()
        if row is not None and row[0] >= again_after:
            return False
        self._execute("INSERT OR REPLACE INTO deadline (name, time) VALUES (?, ?)", (name, now))
        return True

    def hidden_since(self, before: str, now: str) -> tuple[tuple[Identifier, str], ...]:
        """Patients from whom documents are hidden, and the days these were deposited.

        By the document's own label: what hides a document linked with it says nothing of when
        that one was deposited.
        """
        rows = self._execute(
            "SELECT DISTINCT s.cx, substr(coalesce(e.deposited, e.registration_time), 1, 8) "
            "FROM document_entry e JOIN patient p ON p.id = e.patient "
            "JOIN patient s ON s.id = p.survivor WHERE e.latest AND e.marked & ? "
            "AND coalesce(e.deposited, e.registration_time) <= ? AND e.hidden_until > ?",
            (Restriction.HIDDEN_FROM_PATIENT.value, before, now),
        )
        return tuple((Identifier(cx), day) for cx, day in rows)

    def declared(self, since: str) -> tuple[tuple[str, int], ...]:
        """Who declared emergencies, and how many."""
        rows = self._execute(
            "SELECT subject, count(*) FROM emergency_declaration WHERE start > ?1 "
            "AND subject <> '' GROUP BY subject UNION ALL "
            "SELECT structure, count(*) FROM emergency_declaration WHERE start > ?1 "
            "AND structure <> '' AND structure <> subject GROUP BY structure",
            (since,),
        )
        return tuple((key, count) for key, count in rows)


def _notice(row: Sequence[Any]) -> Notice:
    identity, kind, recipient_kind, recipient, patient, time, event, who, mode, entry = row
    return Notice(
        id=identity,
        kind=NoticeKind(kind),
        recipient_kind=RecipientKind(recipient_kind),
        recipient=Identifier(recipient),
        patient=Identifier(patient),
        time=time,
        event=event,
        who=who,
        mode=mode,
        entry_uuid=entry,
    )


def _delivery(row: Sequence[Any]) -> Delivery:
    channel, state, attempts, due, ended, trouble = row[10:]
    return Delivery(
        notice=_notice(row[:10]),
        channel=Channel(channel),
        state=DeliveryState(state),
        attempts=attempts,
        due=due,
        ended=ended,
        trouble=trouble,
    )


class SqliteNoticeStore(NoticeStore):
    """The notices of a SQLite registry behind their port; written by its one writer.

    Args:
        keep: Keeps an account inside the transaction that is open, at a time.
    """

    def __init__(
        self,
        writer: Writer,
        written: sqlite3.Connection,
        read: sqlite3.Connection,
        keep: Callable[[Account, str], None],
    ) -> None:
        self._writer = writer
        self._written = NoticeRows(written)
        self._rows = NoticeRows(read)
        self._keep = keep

    async def unaddressed(self, limit: int = 100) -> tuple[Notice, ...]:
        return self._rows.unaddressed(limit)

    async def address(self, notice_id: str, channels: Sequence[Channel], now: str) -> None:
        await self._writer.run(lambda: self._written.address(notice_id, channels, now))

    async def due(self, now: str, limit: int = 100) -> tuple[Delivery, ...]:
        return self._rows.due(now, limit)

    async def settle(self, delivery: Delivery) -> None:
        await self._writer.run(lambda: self._written.settle(delivery))

    async def deliveries(self, notice_ids: Sequence[str]) -> tuple[Delivery, ...]:
        return self._rows.deliveries(notice_ids)

    async def undelivered(self) -> tuple[Delivery, ...]:
        return self._rows.undelivered()

    async def inbox(
        self,
        recipients: Sequence[Identifier] | None,
        page: Page,
        kind: RecipientKind | None = None,
    ) -> tuple[tuple[int, Notice], ...]:
        return self._rows.inbox(recipients, page, kind)

    async def notice(self, notice_id: str) -> Notice | None:
        return self._rows.notice(notice_id)

    async def contact(self, recipients: Sequence[Identifier]) -> Contact | None:
        return self._rows.contact(recipients)

    async def put_contact(self, contact: Contact, now: str) -> None:
        await self._writer.run(lambda: self._written.put_contact(contact, now))

    async def once(self, name: str, now: str, account: Account, *, again_after: str = "") -> bool:
        def job() -> bool:
            if not self._written.is_new(name, now, again_after):
                return False
            self._keep(account, now)
            return True

        return await self._writer.run(job)

    async def hidden_since(self, before: str, now: str) -> tuple[tuple[Identifier, str], ...]:
        return self._rows.hidden_since(before, now)

    async def declared(self, since: str) -> tuple[tuple[str, int], ...]:
        return self._rows.declared(since)
