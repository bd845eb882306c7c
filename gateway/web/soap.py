"""The SOAP doors: an envelope in, the operation its body asks for, an envelope out.

What cannot be processed is answered with a fault; what was understood and is wrong, with the
RegistryResponse of its transaction (IHE ITI TF-3: 4.2.4). A message that came as MTOM is answered
as MTOM; Retrieve Document Set always is.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from gateway.actors.access_control import Denied, PatientMismatch
from gateway.actors.proceedings import RequestKind
from gateway.actors.reception import Authenticator, Unaccountable, Visit
from gateway.codecs.soap.content_type import (
    RELATED_TYPE,
    ContentType,
    announced_actions,
    check_soap_type,
    read_content_type,
)
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope, write_fault
from gateway.codecs.soap.fault import FaultCode, SoapFault
from gateway.codecs.soap.mtom import MultipartLimits, MultipartReader, ReceivedPart
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.xml import XmlLimits, XmlRefused
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.subject import AccessRequest
from gateway.ports import DocumentStore, Staging
from gateway.security.errors import WSSE, NotAuthenticated
from gateway.service import Actors, new_uuid
from gateway.web.http import (
    BodyTooLarge,
    Disconnected,
    Receive,
    Scope,
    Send,
    answer,
    chunks,
    header,
    stream,
    whole_body,
)
from gateway.web.marks import Alerts, access_header
from gateway.web.peer import peer_of
from gateway.web.refusals import (
    denied_over_xds,
    not_authenticated_over_soap,
    unaccountable_over_soap,
)

log = structlog.get_logger()

WSA = "http://www.w3.org/2005/08/addressing"
_SECURITY = frozenset((f"{{{WSSE}}}Security",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, its frame taken off.

    Attributes:
        envelope: The message; its body is for the operation to read.
        parts: Documents beside it by Content-ID, staged as they came.
        visit: The request at the reception; the operation enters with what it is about.
    """

    envelope: Envelope
    parts: Mapping[str, Staging]
    visit: Visit[Actors]

    async def enter(
        self, *, patients: Sequence[Identifier] = (), names: Sequence[str] = ()
    ) -> Actors:
        """Give the actors as whoever asks may use them.

        Args:
            patients: Whom the request names.
            names: entryUUIDs, logical ids and uniqueIds of objects it names.
        """
        return await self.visit.enter(patients=patients, names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document of the answer: its Content-ID, media type, size and name in the store."""

    content_id: str
    media_type: str
    size: int
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer's body, in pieces, the documents beside it, and what software is alerted to."""

    body: list[bytes]
    attachments: tuple[Attachment, ...] = ()
    alerts: Alerts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One transaction at a door.

    Attributes:
        element: The body element that asks for it, in Clark notation.
        action: What ``wsa:Action`` must say.
        response_action: What the answer's says.
        kind: What it is for rights and the audit trail.
        handle: Does it.
        refuse: Writes the answer's body for findings that refused the request.
        denied: What a refusal by the record gate is called.
        always_mtom: Whether the answer is MTOM whatever the request was.
        takes_documents: Whether documents may stand beside the request.
    """

    element: str
    action: str
    response_action: str
    kind: RequestKind
    handle: Callable[[Question], Awaitable[Reply]]
    refuse: Callable[[tuple[Finding, ...]], bytes]
    denied: ErrorCode = ErrorCode.REGISTRY_ERROR
    always_mtom: bool = False
    takes_documents: bool = False


@dataclass(slots=True)
class _Exchange:
    """What is known of one request so far, for whatever answer it will get."""

    multipart: bool = False
    message_id: str | None = None
    visit: Visit[Actors] | None = None
    staged: dict[str, Staging] = field(default_factory=dict)


_Message = tuple[Envelope, Mapping[str, Staging]]
"""An envelope and the documents beside it."""


def _asserted(
    envelope: Envelope, scope: Scope
) -> Callable[[Authenticator], Awaitable[AccessRequest]]:
    """Say what there is to verify: the message as it came, and the connection it came by."""
    return lambda authenticator: authenticator.assertion(envelope.octets, peer_of(scope))


class SoapDoor:
    """An ASGI endpoint that speaks SOAP 1.2."""

    def __init__(
        self,
        operations: tuple[Operation, ...],
        documents: DocumentStore,
        wsdl: Callable[[Scope], bytes],
        visit: Callable[[RequestKind, str, str], Visit[Actors]],
        *,
        asks_for_credentials: bool,
        max_root_octets: int,
        max_document_octets: int,
        max_submission_octets: int,
    ) -> None:
        self._operations = {(o.element, o.action): o for o in operations}
        self._elements = {o.element for o in operations}
        self._documents = documents
        self._wsdl = wsdl
        self._visit = visit
        self._understood = _SECURITY if asks_for_credentials else frozenset()
        self._max_root = max_root_octets
        self._multipart_limits = MultipartLimits(
            root=max_root_octets, part=max_document_octets, total=max_submission_octets
        )
        self._xml_limits = XmlLimits(octets=max_root_octets, nodes=200_000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await self._answer_other_method(scope, send)
            return
        exchange = _Exchange()
        try:
            envelope, parts = await self._read(scope, receive, exchange)
            operation = self._operation(envelope)
            if parts and not operation.takes_documents:
                raise SoapFault(
                    f"part <{next(iter(parts))}>: this request carries no documents; "
                    "send the envelope alone"
                )
            visit = self._visit(operation.kind, envelope.message_id or "", peer_of(scope).address)
            exchange.visit = visit
            if visit.guarded:
                await visit.identify(_asserted(envelope, scope))
            failure = ""
            try:
                reply = await operation.handle(
                    Question(envelope=envelope, parts=parts, visit=visit)
                )
            except Refused as refused:
                failure = str(refused) or "refused"
                reply = Reply([operation.refuse(refused.findings)])
            except Denied as denied:
                failure = denied.reason.value
                reply = Reply([operation.refuse((denied_over_xds(denied, operation.denied),))])
            await visit.settle(failure)
            await self._send_reply(send, operation, reply, exchange, visit)
        except Disconnected:
            return
        except BodyTooLarge as large:
            too_large = SoapFault(
                f"message: it is larger than {large.limit} octets; send large documents as MTOM "
                "parts beside the envelope",
                http_status=413,
            )
            await self._send_fault(send, too_large, exchange)
        except XmlRefused as refused_xml:
            broken = SoapFault(f"{refused_xml.location}: {refused_xml.message}")
            await self._send_fault(send, broken, exchange)
        except SoapFault as fault:
            await self._send_fault(send, fault, exchange)
        except (NotAuthenticated, PatientMismatch) as refused_credential:
            unknown = not_authenticated_over_soap(refused_credential)
            await self._send_fault(send, unknown, exchange)
        except Unaccountable:
            log.exception("soap.unaccountable", path=scope["path"])
            exchange.visit = None
            await self._send_fault(send, unaccountable_over_soap(), exchange)
        except Exception:
            log.exception("soap.failed", path=scope["path"])
            failed = SoapFault(
                "the gateway failed on this message; its log has the details",
                code=FaultCode.RECEIVER,
            )
            await self._send_fault(send, failed, exchange)
        finally:
            for staging in exchange.staged.values():
                await self._documents.discard(staging)

    async def _answer_other_method(self, scope: Scope, send: Send) -> None:
        query = scope.get("query_string", b"").lower().split(b"&")
        if scope["method"] in ("GET", "HEAD") and b"wsdl" in query:
            body = self._wsdl(scope)
            shown = body if scope["method"] == "GET" else b""
            await answer(send, 200, b"text/xml; charset=utf-8", shown)
            return
        await answer(
            send,
            405,
            b"text/plain; charset=utf-8",
            b"This is a SOAP endpoint: POST a SOAP 1.2 envelope, or GET its description at ?wsdl\n",
            [(b"allow", b"POST, GET")],
        )

    # ------------------------------------------------------------ reading

    async def _read(self, scope: Scope, receive: Receive, exchange: _Exchange) -> _Message:
        written = header(scope, b"content-type")
        if written is None:
            raise SoapFault("Content-Type: there is none; send application/soap+xml")
        if (header(scope, b"content-encoding") or "identity").lower() != "identity":
            raise SoapFault(
                "Content-Encoding: compressed messages are not read here; send it as it is",
                http_status=415,
            )
        content_type = read_content_type(written)
        soap_action = header(scope, b"soapaction")
        if content_type.media_type == RELATED_TYPE:
            return await self._read_multipart(content_type, soap_action, scope, receive, exchange)
        check_soap_type(content_type)
        octets = await whole_body(scope, receive, self._max_root)
        envelope = read_envelope(
            octets,
            announced_actions=announced_actions(content_type, soap_action=soap_action),
            understood=self._understood,
            limits=self._xml_limits,
        )
        exchange.message_id = envelope.message_id
        return envelope, {}

    async def _read_multipart(
        self,
        content_type: ContentType,
        soap_action: str | None,
        scope: Scope,
        receive: Receive,
        exchange: _Exchange,
    ) -> _Message:
        exchange.multipart = True
        staged = exchange.staged

        def stage(headers: PartHeaders) -> Staging:
            staging = self._documents.stage()
            staged[headers.content_id or str(headers.number)] = staging
            return staging

        reader = MultipartReader(content_type, stage, self._multipart_limits)
        async for chunk in chunks(receive):
            reader.feed(chunk)
            if staged:
                # The sender may not be faster than the disk for long: what waits is in memory.
                await next(reversed(staged.values())).ready()
        message = reader.close()
        envelope = read_envelope(
            message.root,
            announced_actions=announced_actions(
                content_type, message.root_headers.content_type, soap_action=soap_action
            ),
            understood=self._understood,
            limits=self._xml_limits,
        )
        exchange.message_id = envelope.message_id
        return envelope, _by_content_id(message.parts, staged)

    def _operation(self, envelope: Envelope) -> Operation:
        operation = self._operations.get((str(envelope.body.tag), envelope.action))
        if operation is not None:
            return operation
        element = str(envelope.body.tag)
        known = [o for o in self._operations.values() if o.element == element]
        if known:
            actions = " or ".join(o.action for o in known)
            reason = f"Header: wsa:Action does not fit the Body, which asks for {actions}"
        else:
            reason = (
                "Body: this endpoint has no operation for its element; its description at ?wsdl "
                "lists what it takes"
            )
        raise SoapFault(reason, subcodes=(f"{{{WSA}}}ActionNotSupported",))

    # ------------------------------------------------------------ answering

    async def _send_reply(
        self,
        send: Send,
        operation: Operation,
        reply: Reply,
        exchange: _Exchange,
        visit: Visit[Actors],
    ) -> None:
        octets = write_envelope(
            reply.body,
            action=operation.response_action,
            message_id=new_uuid(),
            relates_to=exchange.message_id,
            header_blocks=access_header(visit.permit, reply.alerts) if visit.guarded else b"",
        )
        if not (exchange.multipart or operation.always_mtom):
            content_type = (
                f'application/soap+xml; charset=UTF-8; action="{operation.response_action}"'
            )
            await answer(send, 200, content_type.encode(), octets)
            return
        outgoing = write_multipart(
            octets,
            action=operation.response_action,
            parts=[
                OutgoingPart(content_id=a.content_id, content_type=a.media_type, size=a.size)
                for a in reply.attachments
            ],
            boundary=f"part-{secrets.token_hex(24)}",
        )

        async def content() -> AsyncIterator[bytes]:
            waiting = b"".join(outgoing.opening)
            for prefix, attachment in zip(outgoing.prefixes, reply.attachments, strict=True):
                waiting += prefix
                async for chunk in self._documents.read(attachment.content):
                    yield waiting + chunk if waiting else chunk
                    waiting = b""
            yield waiting + outgoing.ending

        await stream(send, 200, outgoing.content_type.encode(), outgoing.content_length, content())

    async def _send_fault(self, send: Send, fault: SoapFault, exchange: _Exchange) -> None:
        if exchange.visit is not None:
            try:
                serious = fault.code is FaultCode.RECEIVER
                await exchange.visit.settle(fault.reason, serious=serious)
            except Unaccountable:
                log.exception("soap.unaccountable")
                fault = unaccountable_over_soap()
        octets = write_fault(fault, relates_to=exchange.message_id, message_id=new_uuid())
        close = [(b"connection", b"close")] if fault.http_status == 413 else []
        await answer(
            send,
            fault.http_status,
            b"application/soap+xml; charset=UTF-8",
            octets,
            close,
        )


def _by_content_id(
    parts: tuple[ReceivedPart, ...], staged: Mapping[str, Staging]
) -> dict[str, Staging]:
    named: dict[str, Staging] = {}
    for part in parts:
        name = part.headers.content_id or str(part.headers.number)
        named[name] = staged[name]
    return named
