"""AuditEvents: the trail for auditors [ITI-81], and for patients who accessed their records.

One address, two readings, and a place to bring events of other systems to [ITI-20]. Auditors search
the whole trail and get whole events; a patient, or whoever represents one, gets the accesses to the
own record in plain. Nobody else gets any. Every look leaves an event of its own.

Source:
    IHE ITI TF-2: 3.81 Retrieve ATNA Audit Event; section 8.3 of docs/reference/access-control.md.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from gateway.codecs.fhir.audit_event_search import (
    AuditEventSearch,
    read_audit_event_search,
    require_date,
)
from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.received_event import read_received_event
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.subset import write_subset
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.errors import ErrorCode, Refused
from gateway.model.audit import AuditedObject
from gateway.model.datatypes import Identifier
from gateway.model.subject import Operation, SubjectKind
from gateway.ports import Page
from gateway.service import Actors, Service, new_uuid
from gateway.web.fhir.interaction import (
    Answer,
    Request,
    json_body,
    own_patient,
    refusal,
    written,
)
from gateway.web.fhir.search import links

_LARGEST = 64 * 1024
"""Octets of one event that is brought."""

_HOLDERS = frozenset({SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE})


class AuditEvents:
    """Answers requests for AuditEvent."""

    def __init__(self, service: Service) -> None:
        self._naming = service.profile.naming
        self._writer = service.audit_events
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._clock = service.clock
        self._default_count = service.settings.page_size
        self._max_count = service.settings.max_page_size

    async def search(self, request: Request) -> Answer:
        """Retrieve ATNA Audit Event [ITI-81], or the access history of a record."""
        visit = request.visit
        holder = _holder(request)
        search = read_audit_event_search(
            request.parameters,
            self._naming,
            strict=request.prefer.strict,
            default_count=self._default_count,
            max_count=self._max_count,
            base_url=self._base_url,
        )
        if visit.guarded:
            visit.asks(urlencode(request.parameters), f"{self._base_url}/AuditEvent")
        if holder is None and not search.dated:
            raise Refused(require_date())
        reference = own_patient(search.patient_reference, self._base_url)
        actors = await request.enter(
            patients=(search.patient,) if search.patient else (),
            references=(reference,) if reference else (),
        )
        control = search.control
        scope = search.scope + visit.scope
        place = None
        if control.cursor is not None:
            place = read_cursor(control.cursor, scope, self._key, is_secret=visit.guarded)[0]
        page = Page(
            size=control.count,
            after=place if isinstance(place, int) else None,
            ascending=control.ascending,
        )
        patient = await self._asked(request, actors, search, reference)
        if search.impossible or (patient is None and (search.patient or reference or holder)):
            return self._answer(request, search, [], 0, None)
        reader = actors.audit_reader
        if holder is not None and patient is not None:
            found = await reader.accesses(search.events, page, patient, holder)
            shown = [
                (one.event.id, self._writer.access(one.event, one.objects))
                for one in found.accesses
            ]
            last, total = found.last, found.total
        else:
            events = await reader.find(search.events, page, patient)
            shown = [(kept.event.id, self._writer.whole(kept.event)) for kept in events.events]
            last = events.events[-1].number if events.more and events.events else None
            total = events.total
        visit.told(AuditedObject(kind="AuditEvent", id=name) for name, _ in shown)
        following = None
        if last is not None and control.count:
            following = write_cursor((last,), scope, self._key)
        return self._answer(request, search, [resource for _, resource in shown], total, following)

    async def record(self, request: Request) -> Answer:
        """Record Audit Event [ITI-20]: keep what another system says that it did.

        Source:
            IHE ITI TF-2: 3.20.4.4 (FHIR feed); IHE ITI TF-1: 9 (Audit Record Repository).
        """
        visit = request.visit
        if not visit.guarded:
            raise refusal(
                ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
                "audit-source",
                "AuditEvent",
                "audit events are taken from known sources only, and nobody is asked who he is",
            )
        await request.enter()
        octets = await json_body(request, _LARGEST)
        event = read_received_event(octets, self._naming, new_uuid(), self._clock.now())
        if visit.access is not None:
            event = replace(event, subject=visit.access.subject)
        visit.brings([event])
        visit.told([AuditedObject(kind="AuditEvent", id=event.id)])
        resource = self._writer.whole(event)
        location = f"{self._base_url}/AuditEvent/{event.id.removeprefix(UUID_URN)}"
        return written(request, 201, resource, [(b"location", location.encode())])

    async def read(self, request: Request) -> Answer:
        """Read one event."""
        holder = _holder(request)
        actors = await request.enter()
        name = UUID_URN + request.path[1].lower()
        resource = None
        if holder is not None:
            patient = self._record(request)
            if patient is not None:
                access = await actors.audit_reader.access(name, patient, holder)
                if access is not None:
                    resource = self._writer.access(access.event, access.objects)
        else:
            event = await actors.audit_reader.read(name)
            if event is not None:
                resource = self._writer.whole(event)
        if resource is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "resource-known",
                "/".join(request.path)[:160],
                "there is no such resource here",
            )
        request.visit.told([AuditedObject(kind="AuditEvent", id=name)])
        # An event has one version for ever.
        return Answer(200, resource, headers=[(b"etag", b'W/"1"')])

    @staticmethod
    def _record(request: Request) -> Identifier | None:
        """Whose record the request was let into."""
        permit = request.visit.permit
        return permit.patient if permit is not None else None

    async def _asked(
        self, request: Request, actors: Actors, search: AuditEventSearch, reference: str
    ) -> Identifier | None:
        """Whose record is asked for: the one that was entered, where one was."""
        entered = self._record(request)
        if entered is not None:
            return entered
        if reference:
            patient = await actors.patients.read(reference)
            return None if patient is None else patient.merged_into or patient.identifiers[0]
        return search.patient

    def _answer(
        self,
        request: Request,
        search: AuditEventSearch,
        resources: list[bytes],
        total: int | None,
        following: str | None,
    ) -> Answer:
        control = search.control
        if control.summary or control.elements:
            resources = [write_subset(r, control.summary, control.elements) for r in resources]
        body = write_searchset(
            resources,
            total=total,
            links=links(request, self._base_url, search.ignored, following),
            outcome=write_operation_outcome(search.warnings) if search.warnings else None,
            base_url=self._base_url,
        )
        return Answer(200, body)


def _holder(request: Request) -> SubjectKind | None:
    """Say that a patient or representative wants the own record's history; ``None`` for others."""
    access = request.visit.access
    if access is None or access.subject.kind not in _HOLDERS:
        return None
    request.visit.becomes(Operation.HISTORY)
    return access.subject.kind
