"""Read, vread and history of DocumentReference and List.

Source:
    HL7 FHIR R4 (4.0.1): 3.1.0.2 read, 3.1.0.3 vread, 3.1.0.6 conditional read, 3.1.0.14 history.
"""

from __future__ import annotations

from urllib.parse import urlencode

from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.history import (
    HistoryEntry,
    HistoryQuestion,
    read_history_question,
    write_history,
)
from gateway.ports import Past, Version
from gateway.service import Service
from gateway.web.fhir.conditions import http_date, names, read_http_date
from gateway.web.fhir.interaction import Answer, Request, urn
from gateway.web.http import Headers
from gateway.web.marks import shown


class Versions:
    """Answers what is asked about one resource by its id."""

    def __init__(self, service: Service) -> None:
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._default_count = service.settings.page_size
        self._max_count = service.settings.max_page_size

    async def read(self, request: Request) -> Answer:
        """Read the present version."""
        kind, resource_id = request.path
        return await self._one(request, kind, resource_id, None)

    async def vread(self, request: Request) -> Answer:
        """Read one version by its number."""
        kind, resource_id, _, number = request.path
        return await self._one(request, kind, resource_id, number)

    async def _one(
        self, request: Request, kind: str, resource_id: str, number: str | None
    ) -> Answer:
        actors = await request.enter(names=(urn(resource_id),))
        version = await actors.responder.version(kind, resource_id, number)
        held = version.held
        request.visit.told_held((held,))
        (resource,) = shown((held,), await request.visit.alerts((held,)))
        return conditional(request, resource, version)

    async def history(self, request: Request) -> Answer:
        """Give the versions, the newest first."""
        kind, resource_id, _ = request.path
        question = read_history_question(request.parameters, strict=request.prefer.strict)
        actors = await request.enter(names=(urn(resource_id),))
        past = await actors.responder.past(kind, resource_id)
        request.visit.told_held(version.held for version in past.versions)
        entries = _chosen(past, question)
        total = len(entries)
        scope = f"{question.scope} {kind}/{resource_id}{request.visit.scope}"
        start = 0
        if question.cursor is not None:
            # Counted from the end: new versions come at the beginning.
            place = read_cursor(question.cursor, scope, self._key, is_secret=request.visit.guarded)
            start = max(0, total - int(place[0]))
        size = self._default_count if question.count is None else question.count
        stop = start + min(size, self._max_count)
        address = f"{self._base_url}/{kind}/{resource_id}/_history"
        asked = [(n, v) for n, v in request.parameters if n != "_cursor"]
        links = [("self", _link(address, request.parameters))]
        if start < stop < total:
            cursor = ("_cursor", write_cursor((total - stop,), scope, self._key))
            links.append(("next", _link(address, [*asked, cursor])))
        body = write_history(
            kind,
            resource_id,
            entries[start:stop],
            total=total,
            links=links,
            base_url=self._base_url,
        )
        return Answer(200, body)


def conditional(request: Request, resource: bytes, version: Version) -> Answer:
    """Give a resource, or say that the client has it already.

    A version may change in its place (its status, its members), and the tag names the version only.
    So a tag the client holds is believed where nothing of the version ever changed; elsewhere the
    time decides as well, and without one the resource is given.
    """
    etag = f'W/"{version.version}"'
    headers: Headers = [
        (b"etag", etag.encode()),
        (b"last-modified", http_date(version.last_updated).encode()),
    ]
    held = request.header(b"if-none-match")
    since = read_http_date(request.header(b"if-modified-since"))
    unchanged = since is not None and version.last_updated <= since
    if held is not None:
        unchanged = names(held, etag) and (version.pristine or unchanged)
    return (
        Answer(304, b"", headers=headers) if unchanged else Answer(200, resource, headers=headers)
    )


def _chosen(past: Past, question: HistoryQuestion) -> list[HistoryEntry]:
    """The versions that are asked for, with the time each came."""
    entries: list[HistoryEntry] = []
    until = "99999999999999"  # when the version was followed by another one
    if past.removed:
        entries.append(HistoryEntry(past.last_version, past.removed))
    for number, version in enumerate(past.versions):
        first = number == len(past.versions) - 1
        # The end of a period does not belong to it, but the second it began in does.
        present = question.at is None or (
            version.registered < question.at[1] and until > question.at[0]
        )
        if present and version.registered >= question.since:
            entries.append(
                HistoryEntry(version.version, version.registered, version.held.fragment, first)
            )
        until = version.registered
    return [entry for entry in entries if entry.time >= question.since]


def _link(address: str, parameters: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address
