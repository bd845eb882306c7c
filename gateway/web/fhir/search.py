"""Find Document References [ITI-67] and Find Document Lists [ITI-66].

Source:
    IHE MHD 4.2.4: 3.66, 3.67; HL7 FHIR R4: 3.1.1.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.search import Search, read_document_search, read_list_search
from gateway.codecs.fhir.searchset import write_searchset
from gateway.errors import ErrorCode
from gateway.ports import Found, Page
from gateway.service import Service
from gateway.web.fhir.interaction import Answer, Request, refusal


class Searches:
    """Answers searches of DocumentReference and List."""

    def __init__(self, service: Service) -> None:
        self._responder = service.responder
        self._naming = service.profile.naming
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._counts = {
            "default_count": service.settings.page_size,
            "max_count": service.settings.max_page_size,
        }

    async def documents(self, request: Request) -> Answer:
        """Find Document References [ITI-67]."""
        search = read_document_search(
            request.parameters, self._naming, strict=request.prefer.strict, **self._counts
        )
        query = search.query
        if not (
            query.patient_id
            or search.patient_reference
            or query.unique_id
            or query.entry_uuid
            or query.logical_id
            or search.impossible
        ):
            raise refusal(
                ErrorCode.REQUIRED_PARAMETER,
                "search-patient",
                "patient",
                "say whose documents: give patient, patient.identifier, identifier or _id",
            )
        return await self._answer(request, search)

    async def lists(self, request: Request) -> Answer:
        """Find Document Lists [ITI-66]."""
        search = read_list_search(
            request.parameters, self._naming, strict=request.prefer.strict, **self._counts
        )
        return await self._answer(request, search)

    async def _answer(self, request: Request, search: Search[Any]) -> Answer:
        after = None
        if search.cursor is not None:
            after = read_cursor(search.cursor, search.scope, self._key)
        found = Found(objects=(), total=0)
        if not search.impossible:
            found = await self._responder.find(
                search.query,
                Page(size=search.count, after=after, ascending=search.ascending),
                self._patient_id(search.patient_reference),
            )
        outcome = write_operation_outcome(search.warnings) if search.warnings else None
        body = write_searchset(
            [held.fragment for held in found.objects],
            total=found.total,
            links=self._links(request, search, found),
            outcome=outcome,
            base_url=self._base_url,
        )
        return Answer(200, body)

    def _patient_id(self, reference: str) -> str:
        """The id in a reference to a Patient of ours; another server's patient is nobody here."""
        if not reference:
            return ""
        own = f"{self._base_url}/"
        relative = reference.removeprefix(own)
        kind, _, resource_id = relative.partition("/")
        if kind != "Patient" or not resource_id or "/" in resource_id:
            return "-"
        return resource_id

    def _links(self, request: Request, search: Search[Any], found: Found) -> list[tuple[str, str]]:
        address = f"{self._base_url}/{request.path[0]}?"
        written = request.query_string
        if request.method == "POST":
            # What a form said can be asked for in an address as well.
            written = urlencode(request.parameters)
        links = [("self", address + written)]
        if found.more and found.objects:
            following = write_cursor(found.objects[-1].key, search.scope, self._key)
            asked = [(n, v) for n, v in request.parameters if n != "_cursor"]
            links.append(("next", address + urlencode([*asked, ("_cursor", following)])))
        return links
