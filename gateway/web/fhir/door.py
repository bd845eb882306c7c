"""Which FHIR interaction a request is, and every error as an OperationOutcome.

Source:
    HL7 FHIR R4: 3.1.0 RESTful API; IHE MHD 4.2.4: ITI-65 to ITI-68.
"""

from __future__ import annotations

from urllib.parse import unquote

import structlog

from gateway.codecs.fhir.outcome import http_status, write_operation_outcome
from gateway.errors import ErrorCode, Finding, Refused
from gateway.service import Service
from gateway.web.fhir.cors import Cors, with_headers
from gateway.web.fhir.interaction import (
    Answer,
    Interaction,
    RefusedWith,
    Request,
    refusal,
    shaped,
)
from gateway.web.fhir.metadata import Metadata
from gateway.web.fhir.negotiation import PLAIN, Format, Wanted, choose, negotiate
from gateway.web.fhir.patch import Patch
from gateway.web.fhir.patient_search import PatientSearches
from gateway.web.fhir.patients import Patients
from gateway.web.fhir.publish import Publish
from gateway.web.fhir.retrieve import Retrieve
from gateway.web.fhir.search import Searches
from gateway.web.fhir.versions import Versions
from gateway.web.http import (
    BodyTooLarge,
    Disconnected,
    Headers,
    Receive,
    Scope,
    Send,
    answer,
    header,
    whole_body,
)

log = structlog.get_logger()

_FORM = "application/x-www-form-urlencoded"
_MOST_PARAMETERS = 200
_LONGEST_QUERY = 16 * 1024
_ORDINARY = (None, "*/*", Format.JSON.value, "application/json")
"""What nearly all clients accept: JSON, without a closer look."""

_OUR_FAULT = (
    Finding(
        rule="internal",
        code=ErrorCode.INTERNAL,
        location="",
        message="the gateway failed on this request; its log has the details",
    ),
)


class _Exchange:
    """A request under way, and the form of its answer as far as it is known."""

    __slots__ = ("receive", "scope", "send", "wanted")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.wanted: Wanted = PLAIN


class FhirDoor:
    """An ASGI endpoint for ``/fhir``."""

    def __init__(self, service: Service) -> None:
        self._limit = int(service.settings.max_fhir_octets)
        self._cors = Cors(service.settings.cors_origins)
        searches = Searches(service)
        versions = Versions(service)
        publish = Publish(service, self._limit)
        retrieve = Retrieve(service)
        patients = Patients(service, self._limit)
        demographics = PatientSearches(service)
        metadata = Metadata(service)
        patch = Patch(service, self._limit)
        # By method and shape of the path; {id} stands for any one segment.
        self._routes: dict[tuple[str, ...], dict[str, Interaction]] = {
            (): {"POST": publish.transaction},
            ("metadata",): {"GET": metadata.capabilities},
            ("DocumentReference",): {
                "GET": searches.documents,
                "POST": publish.create,
                "PATCH": patch.by_search,
            },
            ("DocumentReference", "$generate-metadata"): {"POST": publish.generate_metadata},
            ("DocumentReference", "_search"): {"POST": searches.documents},
            ("DocumentReference", "{id}"): {"GET": versions.read, "PATCH": patch.by_id},
            ("DocumentReference", "{id}", "_history"): {"GET": versions.history},
            ("DocumentReference", "{id}", "_history", "{vid}"): {"GET": versions.vread},
            ("List",): {"GET": searches.lists},
            ("List", "_search"): {"POST": searches.lists},
            ("List", "{id}"): {"GET": versions.read},
            ("List", "{id}", "_history"): {"GET": versions.history},
            ("List", "{id}", "_history", "{vid}"): {"GET": versions.vread},
            ("Binary", "{id}"): {"GET": retrieve.binary, "HEAD": retrieve.binary},
            ("Patient",): {
                "GET": demographics.search,
                "POST": patients.create,
                "PUT": patients.put,
            },
            ("Patient", "_search"): {"POST": demographics.search},
            ("Patient", "$ihe-pix"): {"GET": demographics.cross_reference},
            ("Patient", "{id}"): {"GET": patients.read, "PUT": patients.put},
            ("Patient", "{id}", "_history", "{vid}"): {"GET": patients.vread},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._cors and (more := self._cors.headers(scope)):
            send = with_headers(send, more)
        exchange = _Exchange(scope, receive, send)
        try:
            done = await self._handle(exchange)
        except Refused as refused:
            headers = refused.headers if isinstance(refused, RefusedWith) else None
            done = _outcome(refused.findings, headers)
        except BodyTooLarge as large:
            done = _outcome(
                (
                    Finding(
                        rule="body-size",
                        code=ErrorCode.TOO_LARGE,
                        location="body",
                        message=f"more than {large.limit} octets; send fewer documents at once, "
                        "or large ones over XDS",
                    ),
                ),
                [(b"connection", b"close")],
            )
        except Disconnected:
            return
        except Exception:
            log.exception("fhir.failed", path=scope["path"])
            done = _outcome(_OUR_FAULT)
        if done is None:
            return
        if exchange.wanted is not PLAIN:
            try:
                done = await shaped(done, exchange.wanted)
            except Refused as refused:
                # What we answer is FHIR, or the answer is a mistake of ours.
                log.error("fhir.unanswerable", path=scope["path"], findings=str(refused))
                done = await shaped(_outcome(_OUR_FAULT), exchange.wanted)
        await answer(
            send,
            done.status,
            done.content_type,
            done.body,
            done.headers,
            head=scope["method"] == "HEAD",
        )

    async def _handle(self, exchange: _Exchange) -> Answer | None:
        scope = exchange.scope
        method = scope["method"]
        path = tuple(p for p in scope["path"].split("/")[2:] if p)
        query = scope.get("query_string", b"")
        accept = header(scope, b"accept")
        ordinary = accept in _ORDINARY and b"_format" not in query and b"_pretty" not in query
        if not ordinary:
            exchange.wanted = choose(_tolerant(query), accept) or PLAIN
        methods = self._methods(path)
        interaction = methods.get(method)
        if interaction is None and method == "HEAD":
            interaction = methods.get("GET")
        if interaction is None:
            allowed = ", ".join(_allowed(methods))
            if method == "OPTIONS":
                return _options(allowed)
            raise RefusedWith(
                [(b"allow", allowed.encode())],
                Finding(
                    rule="method-known",
                    code=ErrorCode.METHOD_NOT_ALLOWED,
                    location="/".join(path)[:128],
                    message=f"{method[:16]} is not done here; this address takes {allowed}",
                ),
            )
        parameters = _parameters(query, "query")
        if method == "POST" and path[-1:] == ("_search",):
            form = await self._form(scope, exchange.receive)
            ordinary = ordinary and not any(n in ("_format", "_pretty") for n, _ in form)
            parameters += form
        # What a document is given as is its own matter.
        if not ordinary and path[:1] != ("Binary",):
            exchange.wanted = negotiate(parameters, accept)
        return await interaction(
            Request(
                scope=scope,
                receive=exchange.receive,
                send=exchange.send,
                method=method,
                path=path,
                parameters=parameters,
                wanted=exchange.wanted,
            )
        )

    def _methods(self, path: tuple[str, ...]) -> dict[str, Interaction]:
        """What can be done at an address."""
        methods = self._routes.get(path)
        # No id begins with one of these: it is an operation or interaction nobody serves.
        if methods is None and len(path) > 1 and path[1][0] not in "$_":
            methods = self._routes.get((path[0], "{id}", *path[2:]))
        if methods is None and len(path) == 4 and path[1][0] not in "$_":
            methods = self._routes.get((path[0], "{id}", path[2], "{vid}"))
        if methods is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "path-known",
                "/".join(path)[:128],
                "there is no such address; the CapabilityStatement at /fhir/metadata lists all",
            )
        return methods

    async def _form(self, scope: Scope, receive: Receive) -> list[tuple[str, str]]:
        written = (header(scope, b"content-type") or _FORM).partition(";")[0].strip().lower()
        if written != _FORM:
            raise refusal(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                "search-form",
                "Content-Type",
                f"a posted search is a form, {_FORM}",
            )
        return _parameters(await whole_body(scope, receive, _LONGEST_QUERY), "form")


def _parameters(octets: bytes, where: str) -> list[tuple[str, str]]:
    if not octets:
        return []
    if len(octets) > _LONGEST_QUERY:
        raise refusal(
            ErrorCode.TOO_LARGE,
            "query-length",
            where,
            f"a search has at most {_LONGEST_QUERY} octets",
        )
    try:
        # As parse_qsl does, at a third of its cost: most names and values have nothing to decode.
        fields = octets.decode("ascii").split("&", _MOST_PARAMETERS)
        if len(fields) > _MOST_PARAMETERS:
            raise ValueError("too many fields")
        pairs = [field.partition("=") for field in fields if field]
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    except ValueError as wrong:
        raise refusal(
            ErrorCode.INVALID_SEARCH,
            "query-encoding",
            where,
            f"must be percent-encoded UTF-8 with at most {_MOST_PARAMETERS} parameters",
        ) from wrong


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text


def _allowed(methods: dict[str, Interaction]) -> list[str]:
    """The methods of an address, those included that come with others."""
    return sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})


def _options(allowed: str) -> Answer:
    headers = [
        (b"allow", allowed.encode()),
        (b"access-control-allow-methods", allowed.encode()),
    ]
    return Answer(200, b"", headers=headers)


def _tolerant(query: bytes) -> list[tuple[str, str]]:
    """The parameters of an address that say how to answer, before all are looked at."""
    if b"_format" not in query and b"_pretty" not in query:
        return []
    try:
        return _parameters(query, "query")
    except Refused:
        return []


def _outcome(findings: tuple[Finding, ...], headers: Headers | None = None) -> Answer:
    status = http_status(findings)
    retry = [(b"retry-after", b"1")] if status == 503 else []
    return Answer(status, write_operation_outcome(findings), headers=[*(headers or []), *retry])
