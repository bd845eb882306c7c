"""PATCH of a DocumentReference: by its id, or by what finds exactly one.

Source:
    HL7 FHIR R4: 3.1.0.7 patch, 3.1.0.7.2 conditional patch, 3.1.0.5 If-Match.
"""

from __future__ import annotations

import orjson

from gateway.codecs.fhir.document_patch import PatchedDocument, read_patched_document
from gateway.codecs.fhir.fhirpath_patch import apply_fhirpath_patch
from gateway.codecs.fhir.json_patch import apply_json_patch, read_json_patch
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.search import read_document_search
from gateway.codecs.fhir.search_statuses import search_rules
from gateway.codecs.fhir.strict_json import read_json
from gateway.errors import ErrorCode, Refused
from gateway.ports import Held, Page
from gateway.service import Actors, Service
from gateway.transactions.registry_stored_query import names_in
from gateway.web.fhir.conditions import http_date
from gateway.web.fhir.interaction import (
    Answer,
    Request,
    check_match,
    json_body,
    refusal,
    urn,
    written,
)
from gateway.web.http import Headers, whole_body

JSON_PATCH = "application/json-patch+json"


class Patch:
    """Answers PATCH of DocumentReference."""

    def __init__(self, service: Service, max_octets: int) -> None:
        self._naming = service.profile.naming
        self._conventions = service.profile.conventions
        self._base_url = service.fhir_base_url
        self._rules = search_rules(self._conventions, service.settings.home_community_id or "")
        self._limit = max_octets

    async def by_id(self, request: Request) -> Answer:
        """Change the document with an id."""
        patch = await self._body(request)
        actors = await request.enter(names=(urn(request.path[1]),))
        return await self._change(
            request, patch, await actors.responder.read(*request.path), actors
        )

    async def by_search(self, request: Request) -> Answer:
        """Change the one document that a search finds."""
        patch = await self._body(request)
        search = read_document_search(
            request.parameters,
            self._naming,
            strict=True,
            rules=self._rules,
            base_url=self._base_url,
        )
        if not (search.named or search.impossible):
            raise refusal(
                ErrorCode.REQUIRED_PARAMETER,
                "patch-identifier",
                "identifier",
                "say which document: PATCH DocumentReference/<id>, or ?identifier=system|value",
            )
        reference = search.patient_reference.rpartition("/")[2]
        request.visit.asks(request.query_string)
        actors = await request.enter(
            patients=[q.patient_id for q in search.queries if q.patient_id is not None],
            references=[reference] if reference else (),
            names=[name for query in search.queries for name in names_in(query)],
        )
        if search.impossible:
            raise _unknown()
        found = await actors.responder.find(search.queries, Page(size=2), reference)
        if not found.objects:
            raise _unknown()
        if found.total > 1:
            raise refusal(
                ErrorCode.PRECONDITION_FAILED,
                "patch-one",
                "DocumentReference",
                f"{found.total} documents match; a patch changes one",
            )
        return await self._change(request, patch, found.objects[0], actors)

    async def _body(self, request: Request) -> list[Json] | Json:
        """The patch: the operations of a JSON Patch, or a Parameters resource."""
        kind = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
        if kind == JSON_PATCH:
            return read_json_patch(await whole_body(request.scope, request.receive, self._limit))
        return read_json(await json_body(request, self._limit))

    async def _change(
        self, request: Request, patch: list[Json] | Json, held: Held, actors: Actors
    ) -> Answer:
        original = orjson.loads(held.fragment)
        version = original.get("meta", {}).get("versionId", "")
        check_match(
            request,
            f'W/"{version}"',
            f"the document is at version {version}; read it again before changing it",
        )
        patched = self._patched(original, patch)
        request.visit.told_held((held,))
        entry_uuid = await actors.administrator.change(
            held.entry_uuid, patched.before, patched.after
        )
        if self._conventions.statuses.is_withdrawn(patched.after.availability_status):
            # Nobody can read it any more; this answer is the last to show it.
            return written(request, 200, orjson.dumps(patched.resource), [])
        name = entry_uuid.removeprefix("urn:uuid:")
        try:
            now = await actors.responder.version("DocumentReference", name)
        except Refused:
            # Who masked it for the patient may see it no more, but was told what became of it.
            return written(request, 200, orjson.dumps(patched.resource), [])
        headers: Headers = [
            (b"etag", f'W/"{now.version}"'.encode()),
            (b"last-modified", http_date(now.last_updated).encode()),
        ]
        return written(request, 200, now.held.fragment, headers)

    def _patched(self, original: Json, patch: list[Json] | Json) -> PatchedDocument:
        if isinstance(patch, list):
            patched = apply_json_patch(original, patch)
        else:
            patched = apply_fhirpath_patch(original, patch)
        return read_patched_document(original, patched, self._naming, self._conventions)


def _unknown() -> Exception:
    return refusal(
        ErrorCode.NOT_FOUND, "resource-known", "DocumentReference", "there is no such document here"
    )
