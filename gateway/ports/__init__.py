"""What the actors need from the world, in their own words.

Each Protocol has one contract in ``tests/storage/contract.py`` that every implementation passes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.consent.visibility import DocumentFacts, Visibility
from gateway.model.audit import AuditEvent
from gateway.model.choices import Statement
from gateway.model.datatypes import Identifier
from gateway.model.lifecycle import Changes, DocumentRecord, Known
from gateway.model.notice import Notice
from gateway.model.patient import Patient
from gateway.model.record import Delegation, EmergencyDeclaration, Record
from gateway.model.submission import ReceivedDocument, RegistryObject
from gateway.transactions.conditions import Condition, Order
from gateway.transactions.registry_stored_query import StoredQuery
from gateway.transactions.retrieve_audit_event import FindAuditEvents


class Form(Enum):
    """The wire form a stored object is read in; ``REFERENCE`` reads its ids only."""

    EBRIM = "ebrim"
    FHIR = "fhir"
    REFERENCE = "reference"


class Held(NamedTuple):
    """One object as the registry holds it, ready for an answer.

    A named tuple, since an answer is made of hundreds and a tuple is made at once.

    Attributes:
        kind: ``DocumentEntry``, ``SubmissionSet``, ``Folder`` or ``Association``.
        patient: The surviving patient id as CX text; empty for an association.
        fragment: The object in the form asked for, complete but for the frame of the answer;
            empty when only references were asked for.
        key: Where the object stands in the order of registration.
        place: Of a page in another order: the values of what it is ordered by. A page continues
            after ``key`` and ``place`` of the last object.
        alerting: Software may have to be alerted to something of it: a document that is restricted,
            or of a class that is told apart. What is known to be neither need not be looked up.
    """

    kind: str
    entry_uuid: str
    patient: str
    fragment: bytes
    key: int
    place: tuple[str | int, ...] = ()
    alerting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of an answer: at most ``size`` objects that follow the one with key ``after``.

    Newest first, or oldest first when ``ascending``.

    Attributes:
        order: What comes before that order: attributes the answers are ordered by.
        place: Of the object with key ``after``: the values of those attributes.
    """

    size: int
    after: int | None = None
    ascending: bool = False
    order: tuple[Order, ...] = ()
    place: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a query found.

    Attributes:
        objects: Oldest first; newest first when a page was asked for.
        total: How many there are over all pages; without a page, as many as ``objects``.
        more: Whether another page follows.
    """

    objects: tuple[Held, ...]
    total: int
    more: bool = False


class Version(NamedTuple):
    """One version of a registry object, as FHIR shows it.

    Attributes:
        status: The present availabilityStatus of this version, full URN.
        offline: The document was removed and its description hidden.
        registered: When this version came, DTM of 14 digits, UTC.
        last_updated: When it was changed last, likewise: its status, its members, its patient.
        pristine: Nothing of it changed since it came.
    """

    held: Held
    version: str
    status: str
    offline: bool
    registered: str
    last_updated: str
    pristine: bool


class Past(NamedTuple):
    """What a name stood and stands for.

    Attributes:
        versions: The newest first; none when nothing is here, or nothing any more.
        removed: When the last version was removed, DTM of 14 digits; empty when none was.
        last_version: The version that was removed last.
    """

    versions: tuple[Version, ...]
    removed: str = ""
    last_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPatients:
    """A page of patients.

    Attributes:
        places: For each patient: its key, and the values it is ordered by; a page continues
            after the last one.
        total: How many there are over all pages.
        more: Whether another page follows.
    """

    patients: tuple[Patient, ...] = ()
    places: tuple[tuple[str | int, ...], ...] = ()
    total: int = 0
    more: bool = False


class TooManyResults(Exception):
    """A query without pages found more objects than the store may answer with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledStatement:
    """Choices as they are kept, one version of one Consent or acknowledgment.

    Attributes:
        id: Logical id of the Consent resource, ``urn:uuid:…``.
        version: From 1; the newest version of an id is the one that may be in force.
        active: Whether its choices count.
        statement: With the time it was said and who said it.
        recorded: When it was kept, DTM of 14 digits, UTC.
        recorded_by: Key of who brought it.
        secret: Said in a secret connection: representatives learn nothing of it.
        document: uniqueId of the BPPC document it was read from; empty otherwise.
        resource: The Consent as it was sent, JSON, where it was one.
    """

    id: str
    version: int
    active: bool
    statement: Statement
    recorded: str
    recorded_by: str = ""
    secret: bool = False
    document: str = ""
    resource: bytes = b""


class FirstAccess(NamedTuple):
    """Somebody read a record for the first time, as far as his request knows.

    Attributes:
        subject: Key of who read it.
    """

    patient: Identifier
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a request leaves behind beside its effect, kept in the same transaction.

    Two requests at once may both take themselves for the first one. The transaction knows: it
    keeps one declaration for the emergency, with the notices of one, and the notices of one first
    access.

    Attributes:
        statements: Choices that come into force; the record's ``policy_version`` rises with them.
        declaration: Of an emergency, on the first request of its window.
        first_access: What notices of a first access tell of.
    """

    events: tuple[AuditEvent, ...] = ()
    notices: tuple[Notice, ...] = ()
    statements: tuple[FiledStatement, ...] = ()
    declaration: EmergencyDeclaration | None = None
    first_access: FirstAccess | None = None


def beside(*accounts: Account) -> Account:
    """Give several accounts of one request as one."""
    return Account(
        events=tuple(one for account in accounts for one in account.events),
        notices=tuple(one for account in accounts for one in account.notices),
        statements=tuple(one for account in accounts for one in account.statements),
        declaration=next((one.declaration for one in accounts if one.declaration), None),
        first_access=next((one.first_access for one in accounts if one.first_access), None),
    )


class RegistryStore(Protocol):
    """Where registry objects are kept."""

    def seen_by(self, visibility: tuple[Visibility, ...] | None) -> RegistryStore:
        """Give the store as somebody sees it, in which what is absent was never stored.

        Every method of the store that is given answers so: searches, totals, links between
        objects, folders' lastUpdateTime, reads by any id, and what decisions look up, except that
        an id that is in use stays in use.

        Args:
            visibility: One for each patient whose record may be looked at; none lets nothing be
                seen, ``None`` everything.
        """
        ...

    async def change(
        self,
        decide: Callable[[Known], Changes],
        account: Callable[[Changes], Account] | None = None,
    ) -> Changes:
        """Run one decision on the present content and keep its outcome, durably and wholly.

        Decisions run one after another. ``decide`` may run again when a neighbour in the same
        commit failed, so it must have no effects of its own; likewise ``account``, which tells
        what is to be kept beside the changes in the same transaction.

        Raises:
            Refused: What ``decide`` raised; nothing was stored.
        """
        ...

    async def account(self, account: Account) -> None:
        """Keep what a request leaves behind that changed nothing; durable on return."""
        ...

    async def patients_of(self, names: Sequence[str]) -> tuple[Identifier, ...]:
        """Give whose objects these are, whoever asks.

        Args:
            names: entryUUIDs, logical ids or uniqueIds; one that nothing has gives nobody.
        """
        ...

    async def facts(self, name: str, at: str = "") -> DocumentFacts | None:
        """What decisions look at in a document entry, by its entryUUID or logical id.

        Args:
            at: A moment, DTM of 14 digits, UTC: the labels of then, of the entry and of those it
                is linked with now; nothing of an entry that came later. Empty for now.
        """
        ...

    async def alerting(
        self, keys: Sequence[int], classes: frozenset[tuple[str, str]]
    ) -> tuple[DocumentFacts, ...]:
        """Give the facts of those among some entries that are restricted, or of these classes.

        Args:
            keys: Of the entries, as an answer holds them.
            classes: Codes and schemes of classCode.
        """
        ...

    async def find(self, query: StoredQuery, form: Form, page: Page | None = None) -> Found:
        """Answer a query; what is visible was committed before the call.

        Raises:
            TooManyResults: More objects match than one answer may hold.
        """
        ...

    async def read(self, entry_uuid: str) -> RegistryObject | None:
        """Give one object as a value, in its present state; a withdrawn one is not there."""
        ...

    async def document(self, unique_id: str) -> DocumentRecord | None:
        """Give what the repository holds under a document's uniqueId, unless it was withdrawn."""
        ...

    async def described_document(self, logical_id: str) -> tuple[bool, DocumentRecord | None]:
        """Give the document that the entry with a logical id, or of a version with it, describes.

        Returns:
            Whether there is such an entry, and what the repository holds for it.
        """
        ...

    async def past(self, resource_type: str, name: str) -> Past:
        """Give every version of an object.

        Args:
            resource_type: ``DocumentReference`` or ``List``.
            name: Its logical id, or the entryUUID of one of its versions; a ``urn:uuid:``.
        """
        ...

    async def status(self, name: str) -> str | None:
        """Give the present availabilityStatus of an entry, by a name as :meth:`past` takes it.

        Returns:
            The full URN; empty when the entry was removed; ``None`` when it was never here.
        """
        ...


class ChoiceStore(Protocol):
    """Where patients' choices are kept, and the state of records that follows from them."""

    async def record(self, patient: Identifier) -> Record | None:
        """Give the present state of a patient's record, merges followed.

        Never older than the last acknowledged change, on whichever worker.

        Returns:
            ``None`` when nobody with that identifier was ever met.
        """
        ...

    async def statements(
        self, patient: Identifier, *, history: bool = False
    ) -> tuple[FiledStatement, ...]:
        """Give the newest version of each statement about a record, oldest first."""
        ...

    async def statement(self, logical_id: str) -> tuple[FiledStatement, ...]:
        """Give every version of a statement, the newest first; none where there is none."""
        ...

    async def declarations(
        self, patient: Identifier, subject: str
    ) -> tuple[EmergencyDeclaration, ...]:
        """Give the declarations one professional made about one record, the newest first."""
        ...

    async def delegations(self) -> tuple[Delegation, ...]:
        """Give every delegation, ended ones included."""
        ...

    async def delegate(self, delegation: Delegation) -> None:
        """Keep a delegation; the same delegate and principal again replaces the period."""
        ...

    async def has_accessed(self, patient: Identifier, subject: str) -> bool:
        """Whether this person was ever let read this record, in whichever mode."""
        ...


class KeptEvent(NamedTuple):
    """An audit event in its place of the trail."""

    number: int
    event: AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvents:
    """A page of audit events.

    Attributes:
        total: How many there are over all pages; ``None`` where nobody counted.
        more: Whether another page follows.
    """

    events: tuple[KeptEvent, ...] = ()
    total: int | None = None
    more: bool = False


class AuditTrail(Protocol):
    """What was done, by whom: read only, since events are kept by :class:`Account` alone."""

    async def find(self, search: FindAuditEvents, page: Page, *, counted: bool) -> FoundEvents:
        """Give the events that match, the newest first unless the page says otherwise.

        Args:
            counted: Tell the total as well.
        """
        ...

    async def read(self, id: str) -> KeptEvent | None:
        """Give the event with an id, ``urn:uuid:``."""
        ...

    async def after(self, number: int, limit: int) -> tuple[KeptEvent, ...]:
        """Give the events that follow a number, in order."""
        ...

    async def called(self, patient: Identifier) -> tuple[str, ...]:
        """Give every key (``value^authority``) a patient's record was ever called by."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How far a receiver of the audit trail has come.

    Attributes:
        number: Of the last event it is known to have.
        refused: Numbers of events it did not take, with what it answered.
    """

    number: int
    refused: tuple[tuple[int, str], ...] = ()


class AuditKeeping(Protocol):
    """What those who look after the audit trail need: checkpoints, and feeds to other systems."""

    async def after(self, number: int, limit: int) -> tuple[KeptEvent, ...]:
        """Give the events that follow a number, in order."""
        ...

    async def sign(self, make: Callable[[int, bytes, bytes], bytes | None]) -> bytes | None:
        """Add a checkpoint over the newest event, where there is one to add.

        Args:
            make: Gives the line, from number and hash of the newest event and the line before;
                ``None`` where nothing is to be signed.
        """
        ...

    async def newest(self) -> tuple[int, bytes]:
        """Give number and hash of the last event; 0 and the first hash when there is none."""
        ...

    async def checkpoint(self) -> tuple[int, bytes]:
        """Give number and line of the last checkpoint; 0 and nothing where there is none."""
        ...

    async def feed(self, name: str) -> FeedState:
        """Tell how far a receiver has come; nowhere, when it was never told anything."""
        ...

    async def advance(
        self, name: str, number: int, refused: Sequence[tuple[int, str]] = ()
    ) -> None:
        """Remember, durably, what a receiver has, and what of it it did not take."""
        ...


class Staging(Protocol):
    """One document on its way in: octets are written to disk and measured as they come."""

    def write(self, octets: bytes | memoryview) -> None:
        """Take the next octets."""
        ...

    async def ready(self) -> None:
        """Wait until the octets taken are nearly all worked on; after ``close``, wholly.

        Awaited between writes it slows a sender down to the pace of the disk, so that memory stays
        bounded; awaited after ``close`` it keeps ``received`` from waiting in its place.
        """
        ...

    def close(self) -> None:
        """Say that the last octets came."""
        ...

    def received(self, entry_id: str) -> ReceivedDocument:
        """Give the measures of a closed document, tied to the entry it came for."""
        ...

    def head(self, octets: int) -> bytes:
        """Give at most so many of the first octets of a closed document that was received."""
        ...


class DocumentStore(Protocol):
    """Where documents' octets are kept, named by their SHA-256."""

    def stage(self) -> Staging:
        """Open a place for a document on its way in."""
        ...

    async def put_all(self, staged: tuple[Staging, ...]) -> None:
        """Make closed documents durable under their digests; the same octets again are fine."""
        ...

    async def discard(self, staged: Staging) -> None:
        """Forget a staged document that was not put."""
        ...

    def path(self, content: str) -> Path | None:
        """Where the octets can be read from, or ``None`` when they are not here."""
        ...

    def read(self, content: str, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Stream octets ``start`` to ``stop`` (exclusive)."""
        ...


class PatientDirectory(Protocol):
    """Which patients the domain knows."""

    async def put(self, patient: Patient) -> Patient:
        """Add or replace a patient; answered as kept, with its version."""
        ...

    async def merge(self, subsumed: Identifier, surviving: Identifier) -> None:
        """Let one patient's documents be found under another's id.

        Raises:
            Refused: When the surviving patient is not known, or is itself merged into the other.
        """
        ...

    async def find(self, identifier: Identifier) -> Patient | None:
        """Give the patient known by an identifier; a merged one answers with its survivor."""
        ...

    async def read(self, logical_id: str) -> Patient | None:
        """Give the patient with a FHIR logical id."""
        ...

    async def list(self) -> tuple[Patient, ...]:
        """Give every patient, in the order they came."""
        ...

    async def search(
        self, conditions: Sequence[Condition], page: Page, *, merged: bool = False
    ) -> FoundPatients:
        """Give the patients for whom every condition holds, a page at a time.

        Args:
            conditions: About ``family``, ``given``, ``birth_date``, ``gender``, ``active``
                (``1`` or ``0``), ``identifier``, ``logical_id`` and ``last_updated``.
            merged: Give patients that were merged into others as well.
        """
        ...

    async def knows_authority(self, authority: str) -> bool:
        """Whether any patient has an identifier that this authority gave."""
        ...


class Evenness(Protocol):
    """Makes answers that took differently long leave after equally long."""

    def begin(self) -> float:
        """Give the moment from which steps are counted."""
        ...

    async def wait(self, began: float) -> None:
        """Wait until the next whole number of steps since then."""
        ...


class Clock(Protocol):
    """What time it is."""

    def now(self) -> str:
        """Give the present as DTM text: 14 digits, UTC."""
        ...
