"""Which FHIR interaction a request is, and every error as an OperationOutcome.

Source:
    HL7 FHIR R4: 3.1.0 RESTful API; IHE MHD 4.2.4: ITI-65 to ITI-68.
"""

from __future__ import annotations

from urllib.parse import unquote

import structlog

from gateway.actors.access_control import Denied, PatientMismatch, Permit
from gateway.actors.proceedings import RequestKind
from gateway.actors.reception import Outside, Unaccountable, Visit
from gateway.codecs.fhir.capability import JUDGED
from gateway.codecs.fhir.outcome import http_status, write_operation_outcome
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.audit import Action
from gateway.model.remembering import count_octets
from gateway.model.subject import Operation
from gateway.security.errors import NotAuthenticated
from gateway.security.scopes import require_scope
from gateway.service import Actors, Service
from gateway.web.fhir.audit_events import AuditEvents
from gateway.web.fhir.communications import Communications
from gateway.web.fhir.consents import Consents
from gateway.web.fhir.cors import Cors, with_headers
from gateway.web.fhir.explain import Explanations
from gateway.web.fhir.interaction import (
    Answer,
    RefusedWith,
    Request,
    Route,
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
from gateway.web.fhir.subscriptions import Subscriptions, Topics
from gateway.web.fhir.validate import INSTANCES, Validation
from gateway.web.fhir.versions import Versions
from gateway.web.http import (
    BodyTooLarge,
    Disconnected,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    header,
    whole_body,
)
from gateway.web.marks import mode_headers
from gateway.web.peer import peer_of
from gateway.web.refusals import UNACCOUNTABLE, denied_over_fhir, mismatch

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


def _kind(transaction: str, operation: Operation, action: Action, interaction: str) -> RequestKind:
    return RequestKind(
        transaction=transaction, operation=operation, action=action, interaction=interaction
    )


# What each interaction is, for rights and for the audit trail. Whoever adds a route says it here
# (None: it tells nothing of anybody); a test goes over every route and every kind of subject.
_READ, _STATUS = Operation.READ, Operation.STATUS
SUBMITS = _kind("ITI-65", Operation.SUBMIT, Action.CREATE, "transaction")
FINDS_DOCUMENTS = _kind("ITI-67", _READ, Action.EXECUTE, "search-type")
FINDS_LISTS = _kind("ITI-66", _READ, Action.EXECUTE, "search-type")
PUBLISHES = _kind("ITI-105", Operation.SUBMIT, Action.CREATE, "create")
GENERATES = _kind("ITI-106", Operation.SUBMIT, Action.CREATE, "operation")
PATCHES = _kind("patch", Operation.UPDATE, Action.UPDATE, "patch")
READS = _kind("read", _READ, Action.READ, "read")
READS_VERSION = _kind("vread", _READ, Action.READ, "vread")
READS_HISTORY = _kind("history", _READ, Action.READ, "history-instance")
RETRIEVES = _kind("ITI-68", _READ, Action.READ, "read")
FINDS_PATIENTS = _kind("ITI-78", _STATUS, Action.EXECUTE, "search-type")
CROSS_REFERENCES = _kind("ITI-83", _STATUS, Action.EXECUTE, "operation")
READS_PATIENT = _kind("ITI-78", _STATUS, Action.READ, "read")
READS_PATIENT_VERSION = _kind("ITI-78", _STATUS, Action.READ, "vread")
_CHOICES = Operation.READ_CHOICES
FINDS_CONSENTS = _kind("ITI-108", _CHOICES, Action.EXECUTE, "search-type")
READS_CONSENT = _kind("ITI-108", _CHOICES, Action.READ, "read")
READS_CONSENT_VERSION = _kind("ITI-108", _CHOICES, Action.READ, "vread")
READS_CONSENT_HISTORY = _kind("ITI-108", _CHOICES, Action.READ, "history-instance")
# What a Consent says decides which operation it is: a professional declares, or masks.
RECORDS_CONSENT = _kind("ITI-108", Operation.CHOOSE, Action.CREATE, "create")
CHANGES_CONSENT = _kind("ITI-108", Operation.CHOOSE, Action.UPDATE, "update")
TAKES_BACK_CONSENT = _kind("ITI-108", Operation.CHOOSE, Action.DELETE, "delete")
# Of a patient or representative it is the history of the own record: Operation.HISTORY.
RECORDS_AUDIT_EVENT = _kind("ITI-20", Operation.RECORD, Action.CREATE, "create")
FINDS_AUDIT_EVENTS = _kind("ITI-81", Operation.AUDIT, Action.EXECUTE, "search-type")
READS_AUDIT_EVENT = _kind("ITI-81", Operation.AUDIT, Action.READ, "read")
EXPLAINS = _kind("explain", Operation.EXPLAIN, Action.EXECUTE, "operation")
# Of what was sent nothing is anybody's; of what is kept it is a reading.
VALIDATES = _kind("validate", _READ, Action.EXECUTE, "operation")
ADDS_PATIENT = _kind("ITI-104", Operation.ADMINISTER, Action.CREATE, "create")
PUTS_PATIENT = _kind("ITI-104", Operation.ADMINISTER, Action.UPDATE, "update")
SUBSCRIBES = _kind("ITI-110", Operation.SUBSCRIBE, Action.CREATE, "create")
CHANGES_SUBSCRIPTION = _kind("ITI-110", Operation.SUBSCRIBE, Action.UPDATE, "update")
FINDS_SUBSCRIPTIONS = _kind("ITI-113", Operation.SUBSCRIBE, Action.EXECUTE, "search-type")
READS_SUBSCRIPTION = _kind("ITI-113", Operation.SUBSCRIBE, Action.READ, "read")
ASKS_SUBSCRIPTIONS = _kind("ITI-113", Operation.SUBSCRIBE, Action.EXECUTE, "operation")
FINDS_NOTICES = _kind("inbox", _STATUS, Action.EXECUTE, "search-type")
READS_NOTICE = _kind("inbox", _STATUS, Action.READ, "read")


class _Exchange:
    """A request under way, and the form of its answer as far as it is known."""

    __slots__ = ("kind", "receive", "scope", "send", "visit", "wanted")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.wanted: Wanted = PLAIN
        self.visit: Visit[Actors] | None = None
        self.kind: RequestKind | None = None

    async def settle(self, failure: str = "", *, serious: bool = False) -> None:
        """Keep what the request leaves behind, before anything is told."""
        if self.visit is not None:
            await self.visit.settle(failure, serious=serious)

    async def send_settled(self, message: Message) -> None:
        """Send what an interaction sends by itself, once the request is accounted for."""
        if message["type"] == "http.response.start":
            await self.settle()
            if self.visit is not None and self.visit.guarded:
                message["headers"] = private(message["headers"], self.visit.permit)
        await self.send(message)


class FhirDoor:
    """An ASGI endpoint for ``/fhir``."""

    def __init__(self, service: Service) -> None:
        self._limit = int(service.settings.max_fhir_octets)
        self._visit = service.visit
        self._cors = Cors(service.settings.cors_origins)
        searches = Searches(service)
        versions = Versions(service)
        publish = Publish(service, self._limit)
        retrieve = Retrieve(service)
        patients = Patients(service, self._limit)
        demographics = PatientSearches(service)
        metadata = Metadata(service)
        patch = Patch(service, self._limit)
        consents = Consents(service, self._limit)
        audit_events = AuditEvents(service)
        explanations = Explanations(service)
        validation = Validation(service, self._limit)
        # By method and shape of the path; {id} stands for any one segment.
        self.routes: dict[tuple[str, ...], dict[str, Route]] = {
            (): {"POST": Route(publish.transaction, SUBMITS)},
            ("metadata",): {"GET": Route(metadata.capabilities, None)},
            ("DocumentReference",): {
                "GET": Route(searches.documents, FINDS_DOCUMENTS),
                "POST": Route(publish.create, PUBLISHES),
                "PATCH": Route(patch.by_search, PATCHES),
            },
            ("DocumentReference", "$generate-metadata"): {
                "POST": Route(publish.generate_metadata, GENERATES)
            },
            ("DocumentReference", "_search"): {"POST": Route(searches.documents, FINDS_DOCUMENTS)},
            ("DocumentReference", "{id}"): {
                "GET": Route(versions.read, READS),
                "PATCH": Route(patch.by_id, PATCHES),
            },
            ("DocumentReference", "{id}", "_history"): {
                "GET": Route(versions.history, READS_HISTORY)
            },
            ("DocumentReference", "{id}", "_history", "{vid}"): {
                "GET": Route(versions.vread, READS_VERSION)
            },
            ("List",): {"GET": Route(searches.lists, FINDS_LISTS)},
            ("List", "_search"): {"POST": Route(searches.lists, FINDS_LISTS)},
            ("List", "{id}"): {"GET": Route(versions.read, READS)},
            ("List", "{id}", "_history"): {"GET": Route(versions.history, READS_HISTORY)},
            ("List", "{id}", "_history", "{vid}"): {"GET": Route(versions.vread, READS_VERSION)},
            ("Binary", "{id}"): {
                "GET": Route(retrieve.binary, RETRIEVES),
                "HEAD": Route(retrieve.binary, RETRIEVES),
            },
            ("Consent",): {
                "GET": Route(consents.search, FINDS_CONSENTS),
                "POST": Route(consents.create, RECORDS_CONSENT),
            },
            ("AuditEvent",): {
                "GET": Route(audit_events.search, FINDS_AUDIT_EVENTS),
                "POST": Route(audit_events.record, RECORDS_AUDIT_EVENT),
            },
            ("AuditEvent", "_search"): {"POST": Route(audit_events.search, FINDS_AUDIT_EVENTS)},
            ("AuditEvent", "{id}"): {"GET": Route(audit_events.read, READS_AUDIT_EVENT)},
            ("Consent", "_search"): {"POST": Route(consents.search, FINDS_CONSENTS)},
            ("Consent", "{id}"): {
                "GET": Route(consents.read, READS_CONSENT),
                "PUT": Route(consents.update, CHANGES_CONSENT),
                "DELETE": Route(consents.delete, TAKES_BACK_CONSENT),
            },
            ("Consent", "{id}", "_history"): {
                "GET": Route(consents.history, READS_CONSENT_HISTORY)
            },
            ("Consent", "{id}", "_history", "{vid}"): {
                "GET": Route(consents.vread, READS_CONSENT_VERSION)
            },
            ("Patient",): {
                "GET": Route(demographics.search, FINDS_PATIENTS),
                "POST": Route(patients.create, ADDS_PATIENT),
                "PUT": Route(patients.put, PUTS_PATIENT),
            },
            ("Patient", "_search"): {"POST": Route(demographics.search, FINDS_PATIENTS)},
            ("Patient", "$ihe-pix"): {"GET": Route(demographics.cross_reference, CROSS_REFERENCES)},
            ("Patient", "{id}"): {
                "GET": Route(patients.read, READS_PATIENT),
                "PUT": Route(patients.put, PUTS_PATIENT),
            },
            ("Patient", "{id}", "$explain"): {"GET": Route(explanations.explain, EXPLAINS)},
            ("Patient", "{id}", "_history", "{vid}"): {
                "GET": Route(patients.vread, READS_PATIENT_VERSION)
            },
            **_notices(service, self._limit),
            ("$validate",): {"POST": Route(validation.validate, VALIDATES)},
            **{
                (kind, "$validate"): {"POST": Route(validation.validate, VALIDATES)}
                for kind in JUDGED
            },
            **{
                (kind, "{id}", "$validate"): {
                    method: Route(validation.instance, VALIDATES) for method in ("GET", "POST")
                }
                for kind in INSTANCES
            },
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._cors and (more := self._cors.headers(scope)):
            send = with_headers(send, more)
        exchange = _Exchange(scope, receive, send)
        try:
            done = await self._answered(exchange)
        except Disconnected:
            return
        except Unaccountable:
            log.exception("fhir.unaccountable", path=scope["path"])
            done = _outcome((UNACCOUNTABLE,))
        if done is None:
            return
        headers = done.headers
        if exchange.visit is not None and exchange.visit.guarded:
            headers = private(headers, exchange.visit.permit)
        if exchange.wanted is not PLAIN:
            try:
                done = await shaped(done, exchange.wanted)
            except Refused as refused:
                # What we answer is FHIR, or the answer is a mistake of ours.
                log.error(
                    "fhir.unanswerable",
                    path=scope["path"],
                    rules=sorted({f.rule for f in refused.findings}),
                )
                done = await shaped(_outcome(_OUR_FAULT), exchange.wanted)
        await answer(
            send,
            done.status,
            done.content_type,
            done.body,
            headers,
            head=scope["method"] == "HEAD",
        )

    async def _answered(self, exchange: _Exchange) -> Answer | None:
        """Handle a request and keep what it leaves behind; give the answer to send.

        Raises:
            Unaccountable: It cannot be kept.
        """
        serious = False
        try:
            done = await self._handle(exchange)
            failure = ""
        except Refused as refused:
            failure = str(refused) or "refused"
            headers = refused.headers if isinstance(refused, RefusedWith) else None
            done = _outcome(refused.findings, headers)
        except Denied as denied:
            failure = denied.reason.value
            publishing = exchange.kind is not None and exchange.kind.operation is Operation.SUBMIT
            done = _outcome((denied_over_fhir(denied, publishing=publishing),))
        except (NotAuthenticated, PatientMismatch) as unknown:
            if isinstance(unknown, PatientMismatch):
                unknown = mismatch()
            failure = unknown.message
            done = _not_authenticated(unknown)
        except BodyTooLarge as large:
            failure = "too large"
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
        except (Disconnected, Unaccountable):
            raise
        except Exception:
            log.exception("fhir.failed", path=exchange.scope["path"])
            failure, serious = "internal", True
            done = _outcome(_OUR_FAULT)
        await exchange.settle(failure, serious=serious)
        return done

    async def _handle(self, exchange: _Exchange) -> Answer | None:
        scope = exchange.scope
        method = scope["method"]
        path = tuple(p for p in scope["path"].split("/")[2:] if p)
        query = scope.get("query_string", b"")
        count_octets(len(query))
        accept = header(scope, b"accept")
        ordinary = accept in _ORDINARY and b"_format" not in query and b"_pretty" not in query
        if not ordinary:
            exchange.wanted = choose(_tolerant(query), accept) or PLAIN
        methods = self._methods(path)
        route = methods.get(method)
        if route is None and method == "HEAD":
            route = methods.get("GET")
        if route is None:
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
        visit = await self._identified(exchange, route, path)
        parameters = _parameters(query, "query")
        if method == "POST" and path[-1:] == ("_search",):
            form = await self._form(scope, exchange.receive)
            ordinary = ordinary and not any(n in ("_format", "_pretty") for n, _ in form)
            parameters += form
        # What a document is given as is its own matter.
        if not ordinary and path[:1] != ("Binary",):
            exchange.wanted = negotiate(parameters, accept)
        return await route.does(
            Request(
                scope=scope,
                receive=exchange.receive,
                send=exchange.send_settled if visit.guarded else exchange.send,
                method=method,
                path=path,
                parameters=parameters,
                visit=visit,
                wanted=exchange.wanted,
            )
        )

    async def _identified(
        self, exchange: _Exchange, route: Route, path: tuple[str, ...]
    ) -> Visit[Actors]:
        """Begin the request at the reception, before a word of it is read."""
        if route.kind is None:
            return Outside()
        scope = exchange.scope
        peer = peer_of(scope)
        visit = self._visit(route.kind, header(scope, b"x-request-id") or "", peer.address)
        if visit.guarded:
            exchange.visit, exchange.kind = visit, route.kind
            sent = [v for n, v in scope["headers"] if n == b"authorization"]
            authorization = bytes(sent[0]).decode("latin-1") if len(sent) == 1 else None
            await visit.identify(lambda authenticator: authenticator.bearer(authorization, peer))
            if visit.access is not None:
                require_scope(
                    visit.access,
                    resource_type=path[0]
                    if path and path[0] != "$validate"
                    else "DocumentReference",
                    interaction=route.letter,
                    transaction=route.kind.transaction,
                )
        return visit

    def _methods(self, path: tuple[str, ...]) -> dict[str, Route]:
        """What can be done at an address."""
        methods = self.routes.get(path)
        # No id begins with one of these: it is an operation or interaction nobody serves.
        if methods is None and len(path) > 1 and path[1][0] not in "$_":
            methods = self.routes.get((path[0], "{id}", *path[2:]))
        if methods is None and len(path) == 4 and path[1][0] not in "$_":
            methods = self.routes.get((path[0], "{id}", path[2], "{vid}"))
        if methods is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "path-known",
                "/".join(path)[:128],
                "there is no such address; the CapabilityStatement at /fhir/metadata lists all",
            )
        return methods

    async def _form(self, scope: Scope, receive: Receive) -> list[tuple[str, str]]:
        media_type = (header(scope, b"content-type") or _FORM).partition(";")[0].strip().lower()
        if media_type != _FORM:
            raise refusal(
                ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                "search-form",
                "Content-Type",
                f"a posted search is a form, {_FORM}",
            )
        written = await whole_body(scope, receive, _LONGEST_QUERY)
        count_octets(len(written))
        return _parameters(written, "form")


def _notices(service: Service, limit: int) -> dict[tuple[str, ...], dict[str, Route]]:
    """The routes of notices; those of subscriptions where any endpoint may be called."""
    inbox = Communications(service)
    routes = {
        ("Communication",): {"GET": Route(inbox.search, FINDS_NOTICES)},
        ("Communication", "_search"): {"POST": Route(inbox.search, FINDS_NOTICES)},
        ("Communication", "{id}"): {"GET": Route(inbox.read, READS_NOTICE)},
    }
    if not service.settings.notify_endpoints.strip():
        return routes
    subscriptions, topics = Subscriptions(service, limit), Topics(service)
    return {
        **routes,
        ("Subscription",): {
            "GET": Route(subscriptions.search, FINDS_SUBSCRIPTIONS),
            "POST": Route(subscriptions.create, SUBSCRIBES),
        },
        ("Subscription", "_search"): {"POST": Route(subscriptions.search, FINDS_SUBSCRIPTIONS)},
        ("Subscription", "$status"): {"GET": Route(subscriptions.status, ASKS_SUBSCRIPTIONS)},
        ("Subscription", "{id}"): {
            "GET": Route(subscriptions.read, READS_SUBSCRIPTION),
            "PUT": Route(subscriptions.update, CHANGES_SUBSCRIPTION),
        },
        ("Subscription", "{id}", "$status"): {
            "GET": Route(subscriptions.status, ASKS_SUBSCRIPTIONS)
        },
        ("Basic",): {"GET": Route(topics.search, None)},
        ("Basic", "_search"): {"POST": Route(topics.search, None)},
        ("Basic", "{id}"): {"GET": Route(topics.read, None)},
    }


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


def _allowed(methods: dict[str, Route]) -> list[str]:
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


def private(headers: Headers, permit: Permit | None) -> Headers:
    """Give the headers of an answer that depends on who asks, and in which mode."""
    varying = [value for name, value in headers if name == b"vary"]
    return [
        *(one for one in headers if one[0] != b"vary"),
        (b"vary", b", ".join([*varying, b"Authorization"])),
        *mode_headers(permit),
    ]


def _not_authenticated(refused: NotAuthenticated) -> Answer:
    code = {
        400: ErrorCode.MALFORMED_CREDENTIAL,
        403: ErrorCode.INSUFFICIENT_SCOPE,
    }.get(refused.status, ErrorCode.NOT_AUTHENTICATED)
    finding = Finding(rule="authentication", code=code, location="", message=refused.public)
    return _outcome((finding,), [(b"www-authenticate", refused.www_authenticate.encode())])


def _outcome(findings: tuple[Finding, ...], headers: Headers | None = None) -> Answer:
    status = http_status(findings)
    retry = [(b"retry-after", b"1")] if status == 503 else []
    return Answer(status, write_operation_outcome(findings), headers=[*(headers or []), *retry])
