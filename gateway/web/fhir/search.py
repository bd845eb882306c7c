"""Find Document References [ITI-67] and Find Document Lists [ITI-66].

Source:
    IHE MHD 4.2.4: 3.66, 3.67; HL7 FHIR R4: 3.1.1.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.patient import write_patient
from gateway.codecs.fhir.search import Search, read_list_search
from gateway.codecs.fhir.search_shapes import DocumentSearches
from gateway.codecs.fhir.search_statuses import search_rules
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.subset import write_subset
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.audit import AuditedObject
from gateway.ports import Found, Page
from gateway.service import Service
from gateway.transactions.registry_stored_query import names_in
from gateway.web.fhir.interaction import (
    Answer,
    Request,
    own_patient,
    refusal,
)
from gateway.web.marks import shown

_NOTHING = Found(objects=(), total=0)


class Searches:
    """Answers searches of DocumentReference and List."""

    def __init__(self, service: Service) -> None:
        self._naming = service.profile.naming
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._default_count = service.settings.page_size
        self._max_count = service.settings.max_page_size
        self._conventions = service.profile.conventions
        self._rules = search_rules(self._conventions, service.settings.home_community_id or "")
        self._documents = DocumentSearches(
            self._naming,
            self._rules,
            default_count=self._default_count,
            max_count=self._max_count,
            base_url=self._base_url,
        )

    async def documents(self, request: Request) -> Answer:
        """Find Document References [ITI-67]."""
        search = self._documents.read(request.parameters, strict=request.prefer.strict)
        return await self._answer(request, search)

    async def lists(self, request: Request) -> Answer:
        """Find Document Lists [ITI-66]."""
        search = read_list_search(
            request.parameters,
            self._naming,
            strict=request.prefer.strict,
            default_count=self._default_count,
            max_count=self._max_count,
            rules=self._rules,
            base_url=self._base_url,
        )
        return await self._answer(request, search)

    async def _answer(self, request: Request, search: Search[Any]) -> Answer:
        if not search.is_about_someone:
            raise refusal(
                ErrorCode.REQUIRED_PARAMETER,
                "search-patient",
                "patient",
                "say whose documents: give patient, patient.identifier, identifier or _id",
            )
        control, visit = search.control, request.visit
        reference = own_patient(search.patient_reference, self._base_url)
        if visit.guarded:
            visit.asks(urlencode(request.parameters), f"{self._base_url}/{request.path[0]}")
        names = [name for query in search.queries for name in names_in(query)]
        if search.impossible:
            names.append("-")  # What nothing can match is nobody's.
        actors = await request.enter(
            patients=[q.patient_id for q in search.queries if q.patient_id is not None],
            references=[reference] if reference else (),
            names=names,
        )
        place: tuple[Any, ...] = ()
        if control.cursor is not None:
            scope = search.scope + visit.scope
            place = read_cursor(control.cursor, scope, self._key, is_secret=visit.guarded)
        found = _NOTHING
        if search.queries:
            page = Page(
                size=control.count,
                after=place[0] if place else None,
                ascending=control.ascending,
                order=control.order,
                place=place[1:],
            )
            found = await actors.responder.find(search.queries, page, reference)
        visit.told_held(found.objects)
        alerts = await visit.alerts(found.objects)
        resources = shown(found.objects, alerts)
        if control.summary or control.elements:
            resources = [write_subset(r, control.summary, control.elements) for r in resources]
        warnings = search.warnings
        included: list[bytes] = []
        if control.includes:
            beside, patients, more = await actors.responder.include(found.objects, control.includes)
            visit.told_held(beside)
            visit.told(AuditedObject(kind="Patient", id=p.logical_id) for p in patients)
            included = shown(beside, await visit.alerts(beside))
            asked = [visit.as_asked(p) for p in patients]
            included += [write_patient(p, self._naming, self._conventions) for p in asked]
            if more:
                warnings = (*warnings, _INCOMPLETE)
        last = found.objects[-1] if found.more and found.objects else None
        following = None
        if last is not None:
            scope = search.scope + visit.scope
            following = write_cursor((last.key, *last.place), scope, self._key)
        body = write_searchset(
            resources,
            total=found.total,
            links=links(request, self._base_url, search.ignored, following),
            outcome=write_operation_outcome(warnings) if warnings else None,
            base_url=self._base_url,
            included=included,
        )
        return Answer(200, body)


_INCOMPLETE = Finding(
    rule="search-include",
    code=ErrorCode.TOO_MANY_RESULTS,
    location="_include",
    message="there is more to include than one answer may hold; ask for smaller pages",
    severity=Severity.WARNING,
)


def links(
    request: Request,
    base_url: str,
    ignored: frozenset[str],
    following: str | None,
    segments: int = 1,
) -> list[tuple[str, str]]:
    """Give the links of an answer: what was asked, and where it goes on.

    Args:
        ignored: Parameters that were not used; the link to the answer itself leaves them out.
        following: The cursor of the next page.
        segments: Of the path, those that belong to the address.
    """
    address = f"{base_url}/{'/'.join(request.path[:segments])}?"
    written = request.query_string
    if ignored:
        written = urlencode([(n, v) for n, v in request.parameters if n not in ignored])
    elif request.method == "POST":
        # What a form said can be asked for in an address as well.
        written = urlencode(request.parameters)
    found = [("self", address + written)]
    if following is not None:
        asked = [(n, v) for n, v in request.parameters if n != "_cursor"]
        found.append(("next", address + urlencode([*asked, ("_cursor", following)])))
    return found
