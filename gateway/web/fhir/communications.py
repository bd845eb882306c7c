"""The inbox: notices as Communications, each to the one it is for.

Source:
    HL7 FHIR R4: 8.8 Communication; section 7 of docs/reference/access-control.md.
"""

from __future__ import annotations

from urllib.parse import urlencode

import orjson

from gateway.codecs.fhir.communication import read_inbox_search, write_communication
from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.reader import Json
from gateway.errors import ErrorCode
from gateway.model.audit import AuditedObject
from gateway.model.notice import NoticeKind
from gateway.notifications.inbox import Asked, Letter
from gateway.service import Service
from gateway.web.fhir.interaction import Answer, Request, refusal, unchanging
from gateway.web.fhir.search import links


class Communications:
    """Answers requests for Communication."""

    def __init__(self, service: Service) -> None:
        self._inbox = service.notifications.inbox
        self._naming = service.profile.naming
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._default_count = service.settings.page_size
        self._max_count = service.settings.max_page_size

    async def search(self, request: Request) -> Answer:
        """Find one's notices, the newest first.

        Only what fits on one page has a total: who may know what is asked notice by notice.
        """
        search = read_inbox_search(
            request.parameters,
            self._naming,
            strict=request.prefer.strict,
            default_count=self._default_count,
            max_count=self._max_count,
        )
        visit = request.visit
        visit.asks(urlencode(request.parameters), f"{self._base_url}/Communication")
        await visit.enter_quietly()
        scope = search.scope + visit.scope
        after = None
        if search.cursor is not None:
            place = read_cursor(search.cursor, scope, self._key, is_secret=visit.guarded)
            after = int(place[0])
        kinds = frozenset(kind for kind in NoticeKind if kind.value in search.categories)
        letters: list[Letter] = []
        more = False
        if kinds or not search.categories:
            asked = Asked(
                kinds=kinds, since=search.since, before=search.before, keys=search.recipients
            )
            found, more = await self._inbox.page(
                request.visit.access, asked, after=after, size=search.count
            )
            letters = list(found)
        visit.told(AuditedObject(kind="Communication", id=one.notice.id) for one in letters)
        following = write_cursor((letters[-1].number,), scope, self._key) if more else None
        written = [
            {"relation": relation, "url": url}
            for relation, url in links(request, self._base_url, search.ignored, following)
        ]
        entries = [
            {
                "fullUrl": f"{self._base_url}/Communication/"
                + one.notice.id.removeprefix("urn:uuid:"),
                "resource": orjson.Fragment(self._resource(one)),
                "search": {"mode": "match"},
            }
            for one in letters
        ]
        if search.warnings:
            outcome = orjson.Fragment(write_operation_outcome(search.warnings))
            entries.append({"resource": outcome, "search": {"mode": "outcome"}})
        bundle: Json = {"resourceType": "Bundle", "type": "searchset"}
        if after is None and not more:
            bundle["total"] = len(letters)
        bundle["link"] = written
        if entries:
            bundle["entry"] = entries
        return Answer(200, orjson.dumps(bundle))

    async def read(self, request: Request) -> Answer:
        """Read one notice."""
        await request.visit.enter_quietly()
        letter = await self._inbox.one(request.visit.access, f"urn:uuid:{request.path[1].lower()}")
        if letter is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "resource-known",
                f"Communication/{request.path[1][:64]}",
                "there is no such notice for you",
            )
        request.visit.told([AuditedObject(kind="Communication", id=letter.notice.id)])
        return unchanging(request, self._resource(letter))

    def _resource(self, letter: Letter) -> bytes:
        return write_communication(
            letter.notice,
            self._naming,
            text=letter.text,
            language=letter.language,
            deliveries=letter.deliveries,
        )
