"""A gateway that asks who comes, for tests of its doors: people, credentials, what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.testclient import TestClient

from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope
from gateway.consent.decision import Decision, Obligation, PublicReason
from gateway.consent.visibility import DocumentFacts, Visibility
from gateway.errors import Finding
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.subject import AccessRequest, Operation, Subject, SubjectKind, same_key
from gateway.ports import Account, FiledStatement
from gateway.security.errors import WSSE, NotAuthenticated
from gateway.security.peer import Peer
from gateway.service import Guard
from gateway.storage.sqlite import SqliteRegistryStore
from tests.model.examples import PATIENT
from tests.web.messages import MESSAGE_ID

PEOPLE = "2.999.1.30"


def professional(number: str = "80", **given: Any) -> AccessRequest:
    """The credential of a professional."""
    subject = Subject(
        kind=SubjectKind.PROFESSIONAL,
        id=Identifier.of(number, PEOPLE),
        name=f"Dr {number}",
        credential=f"credential-{number}",
    )
    return AccessRequest(**{"subject": subject, **given})


def somebody(kind: SubjectKind, number: str, **given: Any) -> AccessRequest:
    """The credential of somebody of a kind."""
    subject = Subject(kind=kind, id=Identifier.of(number, PEOPLE), name=f"{kind.value} {number}")
    return AccessRequest(**{"subject": subject, **given})


@dataclass
class Keys:
    """Credentials by the word that stands for them."""

    known: dict[str, AccessRequest] = field(default_factory=dict)

    async def bearer(self, authorization: str | None, peer: Peer) -> AccessRequest:
        """Give whose token it is."""
        return self._whose((authorization or "").removeprefix("Bearer "))

    async def assertion(self, octets: bytes, peer: Peer) -> AccessRequest:
        """Give whose assertion it is."""
        found = re.search(rb"<who>(.*?)</who>", octets)
        return self._whose(found[1].decode() if found else "")

    def _whose(self, word: str) -> AccessRequest:
        if word not in self.known:
            raise NotAuthenticated("nobody has that credential", error="invalid_token")
        return self.known[word]


class Choices:
    """What patients decided, in memory."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.declared: list[EmergencyDeclaration] = []
        self.met: set[tuple[str, str]] = set()

    async def record(self, patient: Identifier) -> Record | None:
        return self.records.get(same_key(patient))

    async def statements(
        self, patient: Identifier, *, history: bool = False
    ) -> tuple[FiledStatement, ...]:
        return ()

    async def statement(self, logical_id: str) -> tuple[FiledStatement, ...]:
        return ()

    async def declarations(
        self, patient: Identifier, subject: str
    ) -> tuple[EmergencyDeclaration, ...]:
        return tuple(d for d in self.declared if d.subject == subject)

    async def delegations(self) -> tuple[Delegation, ...]:
        return ()

    async def delegate(self, delegation: Delegation) -> None:
        raise NotImplementedError

    async def has_accessed(self, patient: Identifier, subject: str) -> bool:
        return (same_key(patient), subject) in self.met


@dataclass
class Rulebook:
    """Rules a test chooses: who is refused by which, and everybody else sees everything."""

    refusals: dict[str, tuple[str, PublicReason]] = field(default_factory=dict)
    obligations: frozenset[Any] = frozenset()
    not_submitted: tuple[Finding, ...] = ()
    not_changed: Finding | None = None
    asked: list[Operation] = field(default_factory=list)
    alerting: frozenset[Obligation] = frozenset()

    def gate(
        self,
        access: AccessRequest,
        operation: Operation,
        record: Record | None,
        now: str,
        declarations: tuple[EmergencyDeclaration, ...] = (),
    ) -> Decision:
        """The record gate."""
        self.asked.append(operation)
        if record is None and operation is not Operation.ADMINISTER:
            reason = PublicReason.NO_RECORD
            return Decision(permitted=False, rule="A2-no-record", reason=reason)
        if access.subject.key in self.refusals:
            rule, reason = self.refusals[access.subject.key]
            return Decision(permitted=False, rule=rule, reason=reason)
        visibility = Visibility(patient=record.patient, now=now) if record else None
        return Decision(
            permitted=True, rule="A12", visibility=visibility, obligations=self.obligations
        )

    def may_submit(
        self,
        access: AccessRequest,
        entries: tuple[DocumentEntry, ...],
        record: Record,
        now: str,
    ) -> tuple[Finding, ...]:
        return self.not_submitted

    def may_replace(
        self, access: AccessRequest, facts: DocumentFacts, record: Record
    ) -> Finding | None:
        return self.not_changed

    patient_classes: frozenset[tuple[str, str]] = frozenset()

    def alerts(self, facts: DocumentFacts, kind: SubjectKind, now: str) -> frozenset[Obligation]:
        return self.alerting

    def own_status(self, access: AccessRequest, record: Record, now: str) -> str:
        return "valid"

    def may_change(
        self,
        access: AccessRequest,
        before: DocumentEntry,
        after: DocumentEntry | None,
        facts: DocumentFacts,
        record: Record,
    ) -> Finding | None:
        return self.not_changed


class Full(Exception):
    """There is no room for another audit event."""


@dataclass
class House:
    """A gateway and all that stands around it.

    Attributes:
        kept: Accounts, oldest first.
        full: Nothing more can be kept.
    """

    keys: Keys = field(default_factory=Keys)
    choices: Choices = field(default_factory=Choices)
    rules: Rulebook = field(default_factory=Rulebook)
    kept: list[Account] = field(default_factory=list)
    full: bool = False
    client: TestClient = None  # type: ignore[assignment]

    def guard(self, store: SqliteRegistryStore) -> Guard:
        """Ask for credentials as a test says; keep accounts where a test sees them."""
        accounts = store._file.accounts
        keep = accounts.keep

        def kept(account: Account, time: str) -> None:
            if self.full:
                raise Full
            keep(account, time)
            self.kept.append(account)

        accounts.keep = kept  # type: ignore[method-assign]
        return Guard(authenticator=self.keys, rules=self.rules, choices=self.choices)

    def knows(self, word: str, access: AccessRequest) -> AccessRequest:
        """Give somebody a credential."""
        self.keys.known[word] = access
        return access

    def opens(self, patient: Identifier = PATIENT, **state: Any) -> Record:
        """Open a patient's record."""
        record = Record(patient=patient, **state)
        self.choices.records[same_key(patient)] = record
        return record

    @property
    def events(self) -> list[Any]:
        """The audit events, oldest first."""
        return [event for account in self.kept for event in account.events]

    def as_(self, word: str) -> dict[str, str]:
        """The header of a FHIR request of somebody's."""
        return {"authorization": f"Bearer {word}"}

    def soap(self, door: str, action: str, body: bytes, word: str) -> tuple[int, Envelope]:
        """Send a SOAP message of somebody's."""
        security = f'<w:Security xmlns:w="{WSSE}"><who>{word}</who></w:Security>'.encode()
        octets = write_envelope(
            body,
            action=action,
            message_id=MESSAGE_ID,
            to="http://gateway.test",
            header_blocks=security,
        )
        content_type = f'application/soap+xml; charset=UTF-8; action="{action}"'
        answer = self.client.post(
            f"/xds/{door}", content=octets, headers={"content-type": content_type}
        )
        return answer.status_code, read_envelope(_envelope(answer.content), answer=True)


def _envelope(octets: bytes) -> bytes:
    start = octets.index(b"<?xml")
    return octets[start : octets.index(b"Envelope>", start) + 9]


Opened = Callable[..., House]

__all__ = ["Full", "House", "Keys", "Opened", "Rulebook", "professional", "replace", "somebody"]
