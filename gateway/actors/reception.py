"""Reception: every request comes in here, and what it leaves behind is kept before it is answered.

A :class:`Visit` is one request. It is identified, enters with what it is about, is told things, and
settles: exactly one audit event is durable before the first octet of the answer. Actors are reached
through :meth:`Visit.enter` only, wired to what the permit shows; where credentials are asked for
there is no other way to one.

Source:
    Sections 1, 7 and 8 of docs/reference/access-control.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from gateway.actors.access_control import AccessControl, Denied, PatientMismatch, Permit
from gateway.actors.proceedings import Proceedings, RequestKind
from gateway.actors.record_status import as_asked
from gateway.actors.rights import Rules
from gateway.consent.decision import Obligation
from gateway.model.audit import AuditedObject, AuditEvent, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient
from gateway.model.subject import AccessRequest, Operation, SubjectKind, same_key
from gateway.ports import Account, Clock, Evenness, Held
from gateway.transactions.conditions import Condition

A = TypeVar("A")

NOT_AUTHENTICATED = "A0-not-authenticated"
PATIENT_MISMATCH = "A0-patient-mismatch"
_OWNERS = frozenset({SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE})
"""Who sees nothing that others do not, so that there is nothing to alert to."""


class Authenticator(Protocol):
    """Verifies credentials; ``gateway.security`` does."""

    async def assertion(self, octets: bytes, peer: Any) -> AccessRequest:
        """Verify the assertion in a SOAP message.

        Args:
            octets: The envelope as it came.
            peer: What the connection tells of who sent it.
        """
        ...

    async def bearer(self, authorization: str | None, peer: Any) -> AccessRequest:
        """Verify the token of an ``Authorization`` header."""
        ...


class Unaccountable(Exception):
    """The audit event of a request cannot be kept, so that nothing may be disclosed."""


class Visit(ABC, Generic[A]):
    """One request on its way."""

    __slots__ = ()

    guarded = True
    """Whether anybody asks who comes."""

    @abstractmethod
    async def identify(
        self, credential: Callable[[Authenticator], Awaitable[AccessRequest]]
    ) -> None:
        """Have the credential verified; what the verification raises goes on to the door."""

    @abstractmethod
    async def enter(
        self,
        *,
        patients: Sequence[Identifier] = (),
        references: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> A:
        """Give the actors as this request may use them.

        Args:
            patients: Whom the request names.
            references: Whom it names by the logical ids of Patients.
            names: entryUUIDs, logical ids and uniqueIds of objects it names.

        Raises:
            Denied: The record gate refused aloud.
            PatientMismatch: The request is about another patient than its credential.
        """

    @abstractmethod
    async def enter_quietly(
        self,
        *,
        conditions: Sequence[Condition] = (),
        merged: bool = False,
        references: Sequence[str] = (),
        identifiers: Sequence[Identifier] = (),
    ) -> A:
        """Give the actors to a request that looks for patients: whom it may not see is not there.

        Args: see :meth:`gateway.actors.access_control.AccessControl.enter_quietly`.
        """

    @abstractmethod
    def asks(self, query: str, query_id: str = "") -> None:
        """Note the query as it came."""

    @abstractmethod
    def told(self, objects: Iterable[AuditedObject]) -> None:
        """Note what the answer discloses."""

    @abstractmethod
    def told_held(self, objects: Iterable[Held]) -> None:
        """Note objects of the registry that the answer discloses."""

    @abstractmethod
    def brings(self, events: Sequence[AuditEvent]) -> None:
        """Note audit events of another system, to be kept with the one of the request."""

    @abstractmethod
    async def settle(self, failure: str = "", *, serious: bool = False) -> None:
        """Keep what the request leaves behind, once.

        Args:
            failure: What the client is told, where it is refused.
            serious: For a reason of ours.

        Raises:
            Unaccountable: It cannot be kept.
        """

    @abstractmethod
    async def alerts(self, objects: Iterable[Held]) -> Mapping[str, tuple[Obligation, ...]]:
        """Say by entryUUID what software is alerted to that is shown these objects."""

    @abstractmethod
    def as_asked(self, patient: Patient) -> Patient:
        """Give a patient as who asks is told of it, with the status of the record."""

    @abstractmethod
    def becomes(self, operation: Operation) -> None:
        """Say what the request turned out to want, before it enters."""

    @property
    @abstractmethod
    def access(self) -> AccessRequest | None:
        """Who asks, once that was verified; ``None`` where everybody is trusted."""

    @property
    @abstractmethod
    def permit(self) -> Permit | None:
        """What was permitted, once something was."""

    @property
    @abstractmethod
    def scope(self) -> str:
        """Who asks, in which mode, about whom: page links hold in the same scope only."""


class OpenVisit(Visit[A]):
    """A request where everybody is trusted: nothing is asked and nothing kept."""

    __slots__ = ("_actors",)

    guarded = False

    def __init__(self, actors: A) -> None:
        self._actors = actors

    async def identify(
        self, credential: Callable[[Authenticator], Awaitable[AccessRequest]]
    ) -> None:
        """Ask nothing."""

    async def enter(
        self,
        *,
        patients: Sequence[Identifier] = (),
        references: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> A:
        """Give the actors as they are."""
        return self._actors

    async def enter_quietly(
        self,
        *,
        conditions: Sequence[Condition] = (),
        merged: bool = False,
        references: Sequence[str] = (),
        identifiers: Sequence[Identifier] = (),
    ) -> A:
        """Give the actors as they are."""
        return self._actors

    def asks(self, query: str, query_id: str = "") -> None:
        """Note nothing."""

    def told(self, objects: Iterable[AuditedObject]) -> None:
        """Note nothing."""

    def told_held(self, objects: Iterable[Held]) -> None:
        """Note nothing."""

    def brings(self, events: Sequence[AuditEvent]) -> None:
        """Refuse: nobody knows whose events these are."""
        raise RuntimeError("audit events of others are taken from whom was identified only")

    async def settle(self, failure: str = "", *, serious: bool = False) -> None:
        """Keep nothing."""

    async def alerts(self, objects: Iterable[Held]) -> Mapping[str, tuple[Obligation, ...]]:
        """Alert to nothing: nobody knows who asks."""
        return {}

    def as_asked(self, patient: Patient) -> Patient:
        """Give the patient as it is."""
        return patient

    def becomes(self, operation: Operation) -> None:
        """Note nothing."""

    @property
    def access(self) -> AccessRequest | None:
        """None: nobody was asked."""
        return None

    @property
    def permit(self) -> Permit | None:
        """None: nobody asked for one."""
        return None

    @property
    def scope(self) -> str:
        """Everybody is one."""
        return ""


class Outside(OpenVisit[A]):
    """A request that asks for nothing of anybody: it has no use for an actor, and gets none."""

    __slots__ = ()

    def __init__(self) -> None:
        """Begin without actors."""

    async def enter(
        self,
        *,
        patients: Sequence[Identifier] = (),
        references: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> A:
        """Refuse: who is outside was never asked who he is."""
        raise RuntimeError("this request was begun without a kind, so that it cannot enter")

    async def enter_quietly(
        self,
        *,
        conditions: Sequence[Condition] = (),
        merged: bool = False,
        references: Sequence[str] = (),
        identifiers: Sequence[Identifier] = (),
    ) -> A:
        """Refuse likewise."""
        return await self.enter()


class GuardedVisit(Visit[A]):
    """A request where credentials are asked for."""

    __slots__ = ("_began", "_reception", "proceedings")

    def __init__(self, reception: Reception[A], proceedings: Proceedings) -> None:
        self._reception = reception
        self._began = reception.even.begin()
        self.proceedings = proceedings

    async def identify(
        self, credential: Callable[[Authenticator], Awaitable[AccessRequest]]
    ) -> None:
        """Have the credential verified."""
        about = self.proceedings
        about.rule = NOT_AUTHENTICATED  # until it is
        about.access = await credential(self._reception.authenticator)
        about.rule = ""

    async def enter(
        self,
        *,
        patients: Sequence[Identifier] = (),
        references: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> A:
        """Give the actors as the permit lets them work."""
        control, about, access = self._begin(patients)
        return await self._admitted(
            control.enter(
                access,
                about.kind.operation,
                id=about.id,
                now=about.time,
                patients=patients,
                references=references,
                names=names,
            )
        )

    async def enter_quietly(
        self,
        *,
        conditions: Sequence[Condition] = (),
        merged: bool = False,
        references: Sequence[str] = (),
        identifiers: Sequence[Identifier] = (),
    ) -> A:
        """Give the actors as the permit lets them work."""
        control, about, access = self._begin(identifiers)
        return await self._admitted(
            control.enter_quietly(
                access,
                about.kind.operation,
                id=about.id,
                now=about.time,
                conditions=conditions,
                merged=merged,
                references=references,
                identifiers=identifiers,
            )
        )

    async def _admitted(self, permit: Awaitable[Permit]) -> A:
        """Give the actors as a permit lets them work; note a refusal before it leaves."""
        try:
            self.proceedings.permit = await permit
        except (Denied, PatientMismatch) as refused:
            self._refused(refused)
            raise
        return self._reception.wire(self.proceedings)

    def _begin(
        self, patients: Sequence[Identifier]
    ) -> tuple[AccessControl, Proceedings, AccessRequest]:
        about = self.proceedings
        if about.access is None or about.permit is not None:
            raise RuntimeError("a request is identified, then enters once")
        if patients:
            about.patient = patients[0]
        return self._reception.control, about, about.access

    def _refused(self, refused: Denied | PatientMismatch) -> None:
        about = self.proceedings
        if isinstance(refused, Denied):
            about.rule = refused.rule
            about.patient = refused.patient or about.patient
            about.policy_version = refused.policy_version
        else:
            about.rule = PATIENT_MISMATCH

    def asks(self, query: str, query_id: str = "") -> None:
        """Note the query as it came."""
        self.proceedings.query = query
        self.proceedings.query_id = query_id

    def told(self, objects: Iterable[AuditedObject]) -> None:
        """Note what the answer discloses."""
        self.proceedings.disclosed(objects)

    def told_held(self, objects: Iterable[Held]) -> None:
        """Note objects of the registry that the answer discloses."""
        self.proceedings.disclosed(
            AuditedObject(kind=held.kind, id=held.entry_uuid) for held in objects
        )

    def brings(self, events: Sequence[AuditEvent]) -> None:
        """Note audit events of another system."""
        self.proceedings.brought = tuple(events)

    async def settle(self, failure: str = "", *, serious: bool = False) -> None:
        """Keep what the request leaves behind, once."""
        about = self.proceedings
        if about.settled:
            return
        outcome = Outcome.SUCCESS
        if failure:
            outcome = Outcome.SERIOUS_FAILURE if serious else Outcome.MINOR_FAILURE
        account = about.account(self._reception.new_uuid, outcome=outcome, failure=failure)
        try:
            await self._reception.keep(account)
        except Exception as error:
            raise Unaccountable from error
        about.settled = True
        if failure or about.shows_nothing:
            # How long it took would tell what is hidden from what is not there.
            await self._reception.even.wait(self._began)

    async def alerts(self, objects: Iterable[Held]) -> Mapping[str, tuple[Obligation, ...]]:
        """Say what software is alerted to that is shown these objects."""
        about, rules = self.proceedings, self._reception.rules
        if about.access is None or about.access.subject.kind in _OWNERS:
            return {}
        keys = [h.key for h in objects if h.alerting and h.kind == "DocumentEntry"]
        if not keys:
            return {}
        kind = about.access.subject.kind
        found = await self._reception.control.facts(keys, rules.patient_classes)
        alerts = {
            facts.entry_uuid: tuple(
                sorted(rules.alerts(facts, kind, about.time), key=lambda one: one.value)
            )
            for facts in found
        }
        return {uuid: several for uuid, several in alerts.items() if several}

    def as_asked(self, patient: Patient) -> Patient:
        """Give a patient as who asks is told of it."""
        about = self.proceedings
        if about.permit is None or about.access is None:
            return patient
        names = {same_key(name) for name in patient.identifiers}
        for record in about.permit.records:
            if same_key(record.patient) in names:
                status = self._reception.rules.own_status(about.access, record, about.time)
                return as_asked(patient, record, about.access, status)
        return patient

    def becomes(self, operation: Operation) -> None:
        """Say what the request turned out to want, before it enters."""
        self.proceedings.kind = replace(self.proceedings.kind, operation=operation)

    @property
    def access(self) -> AccessRequest | None:
        """Who asks."""
        return self.proceedings.access

    @property
    def permit(self) -> Permit | None:
        """What was permitted."""
        return self.proceedings.permit

    @property
    def scope(self) -> str:
        """Who asks, in which mode, about whom."""
        access = self.proceedings.access
        if access is None:
            return ""
        subject = access.subject
        permit = self.proceedings.permit
        about = [same_key(record.patient) for record in permit.records] if permit else []
        principal = same_key(subject.on_behalf_of) if subject.on_behalf_of else ""
        who = (subject.kind.value, subject.key, subject.structure_key, principal)
        return " ".join(("", *who, access.mode.value, *about))


class Reception(Generic[A]):
    """Where requests come in, when credentials are asked for."""

    def __init__(
        self,
        control: AccessControl,
        rules: Rules,
        authenticator: Authenticator,
        wire: Callable[[Proceedings], A],
        keep: Callable[[Account], Awaitable[None]],
        clock: Clock,
        new_uuid: Callable[[], str],
        even: Evenness,
    ) -> None:
        """Take what it works with.

        Args:
            wire: Gives the actors as a permit shows them the stores.
            keep: Makes an account durable.
            even: When answers leave that show nothing.
        """
        self.control = control
        self.rules = rules
        self.authenticator = authenticator
        self.wire = wire
        self.keep = keep
        self.new_uuid = new_uuid
        self.even = even
        self._clock = clock

    def visit(
        self, kind: RequestKind, *, request_id: str = "", network_address: str = ""
    ) -> Visit[A]:
        """Begin one.

        Args:
            request_id: What the client calls it.
            network_address: Where it came from.
        """
        proceedings = Proceedings(
            kind=kind,
            id=self.new_uuid(),
            time=self._clock.now(),
            request_id=request_id,
            network_address=network_address,
        )
        return GuardedVisit(self, proceedings)
