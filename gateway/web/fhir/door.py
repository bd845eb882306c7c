"""Which FHIR interaction a request is, and every error as an OperationOutcome.

Source:
    HL7 FHIR R4: 3.1.0 RESTful API; IHE MHD 4.2.4: ITI-65 to ITI-68.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import structlog

from gateway.codecs.fhir.outcome import http_status, write_operation_outcome
from gateway.errors import ErrorCode, Finding, Refused
from gateway.service import Service
from gateway.web.fhir.interaction import (
    JSON_TYPES,
    Answer,
    Interaction,
    Request,
    refusal,
)
from gateway.web.fhir.metadata import Metadata
from gateway.web.fhir.patients import Patients
from gateway.web.fhir.publish import Publish
from gateway.web.fhir.retrieve import Retrieve
from gateway.web.fhir.search import Searches
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


class FhirDoor:
    """An ASGI endpoint for ``/fhir``."""

    def __init__(self, service: Service) -> None:
        self._limit = int(service.settings.max_fhir_octets)
        searches = Searches(service)
        publish = Publish(service, self._limit)
        retrieve = Retrieve(service)
        patients = Patients(service, self._limit)
        metadata = Metadata(service)
        # By method and shape of the path; {id} stands for any one segment.
        self._routes: dict[tuple[str, ...], dict[str, Interaction]] = {
            (): {"POST": publish.transaction},
            ("metadata",): {"GET": metadata.capabilities},
            ("DocumentReference",): {"GET": searches.documents},
            ("DocumentReference", "_search"): {"POST": searches.documents},
            ("DocumentReference", "{id}"): {"GET": searches.read},
            ("List",): {"GET": searches.lists},
            ("List", "_search"): {"POST": searches.lists},
            ("List", "{id}"): {"GET": searches.read},
            ("Binary", "{id}"): {"GET": retrieve.binary, "HEAD": retrieve.binary},
            ("Patient",): {"GET": patients.search, "POST": patients.create, "PUT": patients.put},
            ("Patient", "_search"): {"POST": patients.search},
            ("Patient", "{id}"): {"GET": patients.read, "PUT": patients.put},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            done = await self._handle(scope, receive, send)
        except Refused as refused:
            done = _outcome(refused.findings)
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
            done = _outcome(
                (
                    Finding(
                        rule="internal",
                        code=ErrorCode.INTERNAL,
                        location="",
                        message="the gateway failed on this request; its log has the details",
                    ),
                )
            )
        if done is not None:
            await answer(send, done.status, done.content_type, done.body, done.headers)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> Answer | None:
        method = scope["method"]
        path = tuple(p for p in scope["path"].split("/")[2:] if p)
        methods = self._routes.get(path)
        if methods is None and len(path) == 2:
            methods = self._routes.get((path[0], "{id}"))
        if methods is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "path-known",
                "/".join(path)[:128],
                "there is no such address; the CapabilityStatement at /fhir/metadata lists all",
            )
        interaction = methods.get(method)
        if interaction is None and method == "HEAD" and "GET" in methods:
            interaction = methods["GET"]
        if interaction is None:
            allowed = ", ".join(sorted(methods)).encode()
            return _outcome(
                (
                    Finding(
                        rule="method-known",
                        code=ErrorCode.METHOD_NOT_ALLOWED,
                        location="/".join(path)[:128],
                        message=f"{method[:16]} is not done here; this address takes "
                        f"{allowed.decode()}",
                    ),
                ),
                [(b"allow", allowed)],
            )
        parameters = _parameters(scope.get("query_string", b""), "query")
        if method == "POST" and path[-1:] == ("_search",):
            parameters += await self._form(scope, receive)
        request = Request(
            scope=scope,
            receive=receive,
            send=send,
            method=method,
            path=path,
            parameters=parameters,
        )
        if path[:1] != ("Binary",):
            _check_accept(request)
        done = await interaction(request)
        if done is not None and method == "HEAD":
            headers = [*done.headers]
            return Answer(done.status, b"", done.content_type, headers)
        return done

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
        return parse_qsl(
            octets.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError as wrong:
        raise refusal(
            ErrorCode.INVALID_SEARCH,
            "query-encoding",
            where,
            f"must be percent-encoded UTF-8 with at most {_MOST_PARAMETERS} parameters",
        ) from wrong


def _check_accept(request: Request) -> None:
    """Refuse what asks for XML only: this face speaks JSON.

    Raises:
        Refused: With 406.
    """
    wanted = [v for n, v in request.parameters if n == "_format"]
    accepted = wanted[-1] if wanted else request.header(b"accept")
    if accepted in (None, JSON_TYPES[0], "*/*"):
        return
    kinds = [part.partition(";")[0].strip().lower() for part in accepted.split(",")]
    if any(k in ("*/*", "application/*", "json", "") or k in JSON_TYPES for k in kinds):
        return
    raise refusal(
        ErrorCode.NOT_ACCEPTABLE,
        "json-only",
        "_format" if wanted else "Accept",
        "answers are application/fhir+json",
    )


def _outcome(findings: tuple[Finding, ...], headers: Headers | None = None) -> Answer:
    status = http_status(findings)
    retry = [(b"retry-after", b"1")] if status == 503 else []
    return Answer(status, write_operation_outcome(findings), headers=[*(headers or []), *retry])
