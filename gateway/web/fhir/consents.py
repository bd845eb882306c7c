"""Consents: what patients decide, recorded, read, changed and found [ITI-108].

Source:
    IHE PCF 1.1: 2:3.108 Access Consent; HL7 FHIR R4: 6.2 Consent.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import orjson

from gateway.actors.consent_manager import operation_of
from gateway.codecs.fhir.consent_search import ConsentSearch, read_consent_search
from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.history import HistoryEntry, read_history_question, write_history
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.strict_json import read_json
from gateway.codecs.fhir.subset import write_subset
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.audit import AuditedObject
from gateway.model.choices import (
    Authorise,
    Block,
    Choice,
    FeedObjection,
    Representative,
    Revoke,
    Service,
    Statement,
    Unblock,
)
from gateway.model.datatypes import Identifier
from gateway.ports import FiledStatement
from gateway.service import Actors
from gateway.service import Service as Gateway
from gateway.translators.consents import from_consent, to_kept_consent
from gateway.web.fhir.conditions import http_date, names, read_http_date
from gateway.web.fhir.interaction import (
    Answer,
    Request,
    check_match,
    json_body,
    own_patient,
    refusal,
    written,
)
from gateway.web.fhir.search import links
from gateway.web.http import Headers

_TAKEN_BACK = ("inactive", "entered-in-error")


class Consents:
    """Answers requests for Consent."""

    def __init__(self, service: Gateway, max_octets: int) -> None:
        self._choices_of = service.choices_of
        self._profile = service.profile
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._default_count = service.settings.page_size
        self._max_count = service.settings.max_page_size
        self._limit = max_octets

    # ------------------------------------------------------------ reading

    async def read(self, request: Request) -> Answer:
        """Read the present version."""
        actors = await self._enter(request)
        return self._given(request, (await self._versions(request, actors))[0])

    async def vread(self, request: Request) -> Answer:
        """Read one version by its number."""
        actors = await self._enter(request)
        for version in await self._versions(request, actors):
            if str(version.version) == request.path[3]:
                return self._given(request, version)
        raise refusal(
            ErrorCode.NOT_FOUND,
            "version-known",
            "/".join(request.path)[:160],
            "there is no such version of it",
        )

    async def history(self, request: Request) -> Answer:
        """Give the versions, the newest first."""
        question = read_history_question(request.parameters, strict=request.prefer.strict)
        actors = await self._enter(request)
        versions = await self._versions(request, actors)
        until = "99999999999999"
        entries = []
        for version in versions:
            at = question.at
            present = at is None or (version.recorded < at[1] and until > at[0])
            if present and version.recorded >= question.since:
                entries.append(
                    HistoryEntry(
                        str(version.version),
                        version.recorded,
                        self._resource(version),
                        version.version == 1,
                    )
                )
            until = version.recorded
        scope = f"{question.scope} Consent/{request.path[1]}"
        start = 0
        if question.cursor is not None:
            start = max(0, len(entries) - int(read_cursor(question.cursor, scope, self._key)[0]))
        size = self._default_count if question.count is None else question.count
        stop = start + min(size, self._max_count)
        following = None
        if start < stop < len(entries):
            following = write_cursor((len(entries) - stop,), scope, self._key)
        body = write_history(
            "Consent",
            request.path[1],
            entries[start:stop],
            total=len(entries),
            links=links(request, self._base_url, frozenset(), following, len(request.path)),
            base_url=self._base_url,
        )
        return Answer(200, body)

    async def search(self, request: Request) -> Answer:
        """Find the Consents about a patient, as far as the asker may see them."""
        search = read_consent_search(
            request.parameters,
            self._profile.naming,
            strict=request.prefer.strict,
            default_count=self._default_count,
            max_count=self._max_count,
            base_url=self._base_url,
        )
        visit, control = request.visit, search.control
        if visit.guarded:
            visit.asks(urlencode(request.parameters), f"{self._base_url}/Consent")
        reference = own_patient(search.patient_reference, self._base_url)
        actors = await request.enter(
            patients=(search.patient,) if search.patient else (),
            references=(reference,) if reference else (),
        )
        patient = await _asked(actors, search.patient, reference)
        filed = await actors.consents.find(patient) if patient else ()
        found = [one for one in filed if self._matches(one, search)]
        scope = search.scope + visit.scope
        if not control.ascending:
            found.reverse()
        start = 0
        if control.cursor is not None:
            after = read_cursor(control.cursor, scope, self._key, is_secret=visit.guarded)[0]
            start = next((n + 1 for n, one in enumerate(found) if one.id == after), len(found))
        page = found[start : start + control.count]
        following = None
        if page and start + len(page) < len(found):
            following = write_cursor((page[-1].id,), scope, self._key)
        visit.told(AuditedObject(kind="Consent", id=one.id) for one in page)
        resources = [self._resource(one) for one in page]
        if control.summary or control.elements:
            resources = [write_subset(r, control.summary, control.elements) for r in resources]
        body = write_searchset(
            resources,
            total=len(found),
            links=links(request, self._base_url, search.ignored, following),
            outcome=write_operation_outcome(search.warnings) if search.warnings else None,
            base_url=self._base_url,
        )
        return Answer(200, body)

    def _matches(self, filed: FiledStatement, search: ConsentSearch) -> bool:
        if search.elsewhere or (
            search.ids is not None and filed.id.removeprefix(UUID_URN) not in search.ids
        ):
            return False
        if orjson.loads(self._resource(filed))["status"] not in search.statuses:
            return False
        actors = [one for choice in filed.statement.choices for one in _actors(choice)]
        return all(
            any(
                value in (None, actor.value) and authority in (None, actor.authority)
                for actor in actors
                for value, authority in group
            )
            for group in search.actors
        )

    # ------------------------------------------------------------ writing

    async def create(self, request: Request) -> Answer:
        """Record what a patient decided."""
        sent = await self._body(request)
        read = from_consent(sent, self._profile, base_url=self._base_url)
        request.visit.becomes(operation_of(read.value.choices, request.visit.access))
        reference = own_patient(read.value.patient_reference, self._base_url)
        actors = await request.enter(
            patients=(read.value.patient_id,) if read.value.patient_id else (),
            references=(reference,) if reference else (),
        )
        statement = await _about(actors, read.value, reference)
        filed = await actors.consents.file(statement, resource=orjson.dumps(sent))
        return self._kept(request, 201, filed, read.findings)

    async def update(self, request: Request) -> Answer:
        """Record a new version, which may take the choices back."""
        sent = await self._body(request)
        if sent.get("id") != request.path[1]:
            raise refusal(
                ErrorCode.MALFORMED,
                "consent-id",
                "Consent.id",
                "the resource has the id of the address",
            )
        active = sent.get("status") not in _TAKEN_BACK
        said = sent if active else {**sent, "status": "active"}
        read = from_consent(said, self._profile, base_url=self._base_url)
        request.visit.becomes(operation_of(read.value.choices, request.visit.access))
        actors = await self._enter(request)
        before = (await self._versions(request, actors))[0]
        self._check(request, before)
        reference = own_patient(read.value.patient_reference, self._base_url)
        statement = await _about(actors, read.value, reference)
        filed = await actors.consents.replace(
            before, statement, active=active, resource=orjson.dumps(sent)
        )
        return self._kept(request, 200, filed, read.findings)

    async def delete(self, request: Request) -> Answer:
        """Take a Consent back: it is inactive from now on, and stays to be read."""
        choices = await self._choices_of(UUID_URN + request.path[1])
        request.visit.becomes(operation_of(choices, request.visit.access))
        actors = await self._enter(request)
        before = (await self._versions(request, actors))[0]
        self._check(request, before)
        filed = await actors.consents.take_back(before) if before.active else before
        return Answer(204, b"", headers=[(b"etag", _etag(filed))])

    def _check(self, request: Request, before: FiledStatement) -> None:
        check_match(
            request,
            _etag(before).decode(),
            f"the Consent is at version {before.version}; read it again before changing it",
        )

    async def _body(self, request: Request) -> Json:
        sent = read_json(await json_body(request, self._limit))
        if sent.get("resourceType") == "Bundle":
            # Several Consents at once are read elsewhere; here each has an id of its own.
            raise refusal(
                ErrorCode.MALFORMED, "consent-type", "Bundle", "send the Consents one by one"
            )
        return sent

    # ------------------------------------------------------------ answering

    async def _enter(self, request: Request) -> Actors:
        """Enter with one Consent: about the patient the credential names, or else the Consent's.

        Where the credential names nobody, a refusal looks like an unknown id.
        """
        return await request.enter(names=(UUID_URN + request.path[1],))

    async def _versions(self, request: Request, actors: Actors) -> tuple[FiledStatement, ...]:
        found = await actors.consents.versions(UUID_URN + request.path[1])
        if not found:
            raise _unknown(request)
        request.visit.told((AuditedObject(kind="Consent", id=found[0].id),))
        return found

    def _resource(self, filed: FiledStatement) -> bytes:
        return orjson.dumps(
            to_kept_consent(
                filed.statement,
                self._profile,
                resource_id=filed.id.removeprefix(UUID_URN),
                version=filed.version,
                recorded=filed.recorded,
                is_active=filed.active,
                resource=filed.resource,
            )
        )

    def _headers(self, filed: FiledStatement) -> Headers:
        return [
            (b"etag", _etag(filed)),
            (b"last-modified", http_date(filed.recorded).encode()),
        ]

    def _given(self, request: Request, filed: FiledStatement) -> Answer:
        headers = self._headers(filed)
        held = request.header(b"if-none-match")
        since = read_http_date(request.header(b"if-modified-since"))
        unchanged = since is not None and filed.recorded <= since
        if held is not None:
            unchanged = names(held, _etag(filed).decode())
        if unchanged:
            return Answer(304, b"", headers=headers)
        return Answer(200, self._resource(filed), headers=headers)

    def _kept(
        self, request: Request, status: int, filed: FiledStatement, warnings: tuple[Finding, ...]
    ) -> Answer:
        name = filed.id.removeprefix(UUID_URN)
        location = f"{self._base_url}/Consent/{name}/_history/{filed.version}".encode()
        headers = [(b"location", location), *self._headers(filed)]
        return written(request, status, self._resource(filed), headers, warnings)


async def _asked(actors: Actors, named: Identifier | None, reference: str) -> Identifier | None:
    """Give whom a request is about; ``None`` where nobody is both, or known."""
    found = await actors.patients.find(named) if named else None
    if named is not None and found is None:
        return None
    if reference:
        read = await actors.patients.read(reference)
        if read is None or (found is not None and found.logical_id != read.logical_id):
            return None
        found = read
    return (found.merged_into or found.identifiers[0]) if found else None


async def _about(actors: Actors, statement: Statement, reference: str) -> Statement:
    """Give a statement whose patient is known by identifier."""
    if not reference:
        return statement
    patient = await _asked(actors, statement.patient_id, reference)
    if patient is None:
        raise refusal(
            ErrorCode.UNKNOWN_PATIENT_ID,
            "patient-known",
            "Consent.patient",
            "nobody knows this patient here",
        )
    return replace(statement, patient_id=patient)


def _unknown(request: Request) -> Refused:
    return refusal(
        ErrorCode.NOT_FOUND,
        "resource-known",
        f"Consent/{request.path[1][:64]}",
        "there is no such Consent here",
    )


def _etag(filed: FiledStatement) -> bytes:
    return f'W/"{filed.version}"'.encode()


def _actors(choice: Choice) -> tuple[Identifier, ...]:
    match choice:
        case Authorise() | Revoke():
            return (choice.holder.identifier,)
        case Block() | Unblock():
            return (choice.professional,)
        case FeedObjection():
            return (choice.source.identifier,)
        case Service():
            return (choice.app,)
        case Representative():
            return (choice.person,)
    return ()
