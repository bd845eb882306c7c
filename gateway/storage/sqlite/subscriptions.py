"""Subscriptions and what waits for each, in the registry's file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from gateway.model.datatypes import Code, Identifier
from gateway.model.subject import (
    AccessRequest,
    Authentication,
    Client,
    Mode,
    Subject,
    SubjectKind,
)
from gateway.model.subscription import (
    Content,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
)
from gateway.ports.notices import SubscriptionStore
from gateway.storage.sqlite.words import patient_key
from gateway.storage.sqlite.writer import Writer

_OPEN = (SubscriptionStatus.REQUESTED, SubscriptionStatus.ACTIVE)

# A subscription is found under every identifier its patient has by now, merges included.
_INTERESTED = (
    "SELECT s.number FROM patient_identifier i JOIN patient p ON p.id = i.patient "
    "JOIN patient m ON m.survivor = p.survivor JOIN patient_identifier k ON k.patient = m.id "
    "JOIN subscription s ON s.patient_key = k.identifier "
    "AND s.status IN ('requested', 'active') WHERE i.identifier = ?1 "
    "UNION SELECT number FROM subscription WHERE patient_key = '' "
    "AND status IN ('requested', 'active')"
)


class SubscriptionRows:
    """The tables of subscriptions, through one connection, inside whatever transaction is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def create(self, subscription: Subscription, most: int) -> bool:
        """Add one, unless its owner has enough."""
        (held,) = self._execute(
            "SELECT count(*) FROM subscription WHERE owner = ? AND status <> 'off'",
            (subscription.owner,),
        ).fetchone()
        if held >= most:
            return False
        self._execute(
            "INSERT INTO subscription (id, owner, status, farewell, patient_key, due, state) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                subscription.id,
                subscription.owner,
                subscription.status.value,
                subscription.farewell,
                patient_key(subscription.patient) if subscription.patient else "",
                subscription.due,
                _text(subscription),
            ),
        )
        return True

    def read(self, subscription_id: str) -> Subscription | None:
        """One of them."""
        row = self._execute(
            "SELECT state FROM subscription WHERE id = ?", (subscription_id,)
        ).fetchone()
        return None if row is None else _subscription(row[0])

    def owned_by(self, owner: str) -> tuple[Subscription, ...]:
        """Those of one subscriber."""
        rows = self._execute(
            "SELECT state FROM subscription WHERE owner = ? ORDER BY number", (owner,)
        )
        return tuple(_subscription(text) for (text,) in rows)

    def write(self, subscription: Subscription) -> None:
        """Keep the present state of one."""
        self._execute(
            "UPDATE subscription SET status = ?, farewell = ?, due = ?, state = ? WHERE id = ?",
            (
                subscription.status.value,
                subscription.farewell,
                subscription.due,
                _text(subscription),
                subscription.id,
            ),
        )
        if subscription.status not in _OPEN:
            self._execute(
                "DELETE FROM subscription_event WHERE subscription = "
                "(SELECT number FROM subscription WHERE id = ?)",
                (subscription.id,),
            )

    def waiting(self) -> bool:
        """Whether anything happened that was not collected."""
        return self._execute("SELECT 1 FROM outbox LIMIT 1").fetchone() is not None

    def collect(self, limit: int) -> int:
        """Move what happened to those it may interest."""
        happened = self._execute(
            "SELECT id, event, submission, patient, time FROM outbox ORDER BY id LIMIT ?", (limit,)
        ).fetchall()
        collected = 0
        for _, event, submission, patient, time in happened:
            if event != "submitted" or not submission:
                continue
            key = patient_key(Identifier(patient))
            for (number,) in self._execute(_INTERESTED, (key,)).fetchall():
                self._execute(
                    "INSERT INTO subscription_event (subscription, submission, patient, time) "
                    "VALUES (?, ?, ?, ?)",
                    (number, submission, patient, time),
                )
                collected += 1
        if happened:
            self._execute("DELETE FROM outbox WHERE id <= ?", (happened[-1][0],))
        return collected

    def due(self, now: str, limit: int) -> tuple[Subscription, ...]:
        """Open ones that may have something to be told, longest waiting first."""
        rows = self._execute(
            "SELECT s.state FROM subscription s "
            "WHERE (s.status IN ('requested', 'active') OR s.farewell) AND (s.due <= ? "
            "OR (json_extract(s.state, '$.attempts') = 0 AND EXISTS "
            "(SELECT 1 FROM subscription_event e WHERE e.subscription = s.number))) "
            "ORDER BY s.due, s.number LIMIT ?",
            (now, limit),
        )
        return tuple(_subscription(text) for (text,) in rows)

    def events(self, subscription_id: str, limit: int) -> tuple[SubscriptionEvent, ...]:
        """What waits for one."""
        rows = self._execute(
            "SELECT e.number, e.submission, e.patient, e.time, e.after FROM subscription s "
            "JOIN subscription_event e ON e.subscription = s.number WHERE s.id = ? "
            "ORDER BY e.number LIMIT ?",
            (subscription_id, limit),
        )
        return tuple(
            SubscriptionEvent(
                number=number,
                submission=submission,
                patient=Identifier(patient),
                time=time,
                after=after,
            )
            for number, submission, patient, time, after in rows
        )

    def told(self, number: int, after: int | None) -> None:
        """How far an event was told."""
        if after is None:
            self._execute("DELETE FROM subscription_event WHERE number = ?", (number,))
        else:
            self._execute(
                "UPDATE subscription_event SET after = ? WHERE number = ?", (after, number)
            )


def _text(subscription: Subscription) -> str:
    state = {f.name: getattr(subscription, f.name) for f in fields(subscription)}
    state["access"] = _access_state(subscription.access) if subscription.access else None
    state["patient"] = subscription.patient.text if subscription.patient else None
    state["content"] = subscription.content.value
    state["status"] = subscription.status.value
    return json.dumps(state, ensure_ascii=False, separators=(",", ":"))


def _subscription(text: str) -> Subscription:
    state: dict[str, Any] = json.loads(text)
    access, patient = state["access"], state["patient"]
    state["access"] = None if access is None else _access(access)
    state["patient"] = None if patient is None else Identifier(patient)
    state["headers"] = tuple(state["headers"])
    state["content"] = Content(state["content"])
    state["status"] = SubscriptionStatus(state["status"])
    return Subscription(**state)


def _access_state(access: AccessRequest) -> dict[str, Any]:
    subject = access.subject
    who = {f.name: getattr(subject, f.name) for f in fields(subject)}
    for name in ("id", "structure", "on_behalf_of"):
        who[name] = who[name].text if who[name] else None
    who["kind"] = subject.kind.value
    who["authentication"] = subject.authentication.value
    who["roles"] = [_code_state(role) for role in subject.roles]
    who["sector"] = _code_state(subject.sector) if subject.sector else None
    who["client"] = {f.name: getattr(subject.client, f.name) for f in fields(subject.client)}
    return {
        "subject": who,
        "mode": access.mode.value,
        "reason": access.reason,
        "patient": access.patient.text if access.patient else None,
        "purposes": [_code_state(purpose) for purpose in access.purposes],
        "scopes": sorted(access.scopes),
        "patient_agreement": access.patient_agreement,
    }


def _access(state: dict[str, Any]) -> AccessRequest:
    who = dict(state["subject"])
    for name in ("id", "structure", "on_behalf_of"):
        who[name] = Identifier(who[name]) if who[name] else None
    who["kind"] = SubjectKind(who["kind"])
    who["authentication"] = Authentication(who["authentication"])
    who["roles"] = tuple(map(_code, who["roles"]))
    who["sector"] = _code(who["sector"]) if who["sector"] else None
    who["client"] = Client(**who["client"])
    return AccessRequest(
        subject=Subject(**who),
        mode=Mode(state["mode"]),
        reason=state["reason"],
        patient=Identifier(state["patient"]) if state["patient"] else None,
        purposes=tuple(map(_code, state["purposes"])),
        scopes=frozenset(state["scopes"]),
        patient_agreement=state["patient_agreement"],
    )


def _code_state(code: Code) -> list[str]:
    return [code.code, code.scheme or ""]


def _code(state: Sequence[str]) -> Code:
    return Code(state[0], state[1])


class SqliteSubscriptionStore(SubscriptionStore):
    """The subscriptions of a SQLite registry behind their port; written by its one writer."""

    def __init__(
        self, writer: Writer, written: sqlite3.Connection, read: sqlite3.Connection
    ) -> None:
        self._writer = writer
        self._written = SubscriptionRows(written)
        self._rows = SubscriptionRows(read)

    async def create(self, subscription: Subscription, most: int) -> bool:
        return await self._writer.run(lambda: self._written.create(subscription, most))

    async def read(self, subscription_id: str) -> Subscription | None:
        return self._rows.read(subscription_id)

    async def owned_by(self, owner: str) -> tuple[Subscription, ...]:
        return self._rows.owned_by(owner)

    async def update(
        self, subscription_id: str, change: Callable[[Subscription], Subscription]
    ) -> Subscription | None:
        def job() -> Subscription | None:
            present = self._written.read(subscription_id)
            if present is None:
                return None
            changed = change(present)
            if changed != present:
                if changed.updated != present.updated or changed.status is not present.status:
                    changed = replace(changed, version=present.version + 1)
                self._written.write(changed)
            return changed

        return await self._writer.run(job)

    async def collect(self) -> int:
        collected = 0
        while self._rows.waiting():
            collected += await self._writer.run(lambda: self._written.collect(200))
        return collected

    async def due(self, now: str, limit: int = 200) -> tuple[Subscription, ...]:
        return self._rows.due(now, limit)

    async def events(self, subscription_id: str, limit: int = 50) -> tuple[SubscriptionEvent, ...]:
        return self._rows.events(subscription_id, limit)

    async def advance(
        self, subscription: Subscription, event: SubscriptionEvent, after: int | None
    ) -> None:
        def job() -> None:
            self._written.told(event.number, after)
            present = self._written.read(subscription.id)
            # Whoever cancelled meanwhile has the last word.
            if present is not None and present.status in _OPEN:
                self._written.write(subscription)

        await self._writer.run(job)
