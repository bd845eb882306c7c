"""One FHIR request and its answer, as every interaction sees them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gateway.actors.proceedings import RequestKind
from gateway.actors.reception import Visit
from gateway.codecs.fhir.lexical import pretty_json
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from gateway.codecs.xml import XmlLimits
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.subject import Operation
from gateway.service import Actors
from gateway.web.fhir.conditions import names
from gateway.web.fhir.negotiation import (
    FORMATS,
    PLAIN,
    Format,
    Preferences,
    Wanted,
    format_of,
    read_accept,
    read_prefer,
)
from gateway.web.http import Headers, Receive, Scope, Send, header, whole_body

JSON = b"application/fhir+json; charset=utf-8"
XML = b"application/fhir+xml; charset=utf-8"
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)
_NODES = 200_000
_LONG = 64 * 1024
"""Octets from which on a form is changed on another thread, where it holds up nobody."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; ``stream`` instead where octets come from the document store.

    Interactions answer in JSON; the door turns it into what the client wants.
    """

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: Headers = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, with what every interaction looks at.

    Attributes:
        path: Segments after ``/fhir``.
        parameters: Of the query string and, for a posted search, of the form, in order.
        visit: The request at the reception; the interaction enters with what it is about.
        wanted: The form of the answer, for an interaction that sends its own.
    """

    scope: Scope
    receive: Receive
    send: Send
    method: str
    path: tuple[str, ...]
    parameters: list[tuple[str, str]]
    visit: Visit[Actors]
    wanted: Wanted = PLAIN

    async def enter(
        self,
        *,
        patients: Sequence[Identifier] = (),
        references: Sequence[str] = (),
        names: Sequence[str] = (),
    ) -> Actors:
        """Give the actors as whoever asks may use them.

        Args:
            patients: Whom the request names.
            references: Whom it names by the ids of Patients.
            names: entryUUIDs, logical ids and uniqueIds of objects it names.
        """
        return await self.visit.enter(patients=patients, references=references, names=names)

    @property
    def prefer(self) -> Preferences:
        """What the client would like."""
        return read_prefer(self.header(b"prefer"))

    @property
    def query_string(self) -> str:
        """The query as it was written, percent-encoded."""
        return bytes(self.scope.get("query_string", b"")).decode("ascii")

    def header(self, name: bytes) -> str | None:
        """A request header by its lower-case name."""
        return header(self.scope, name)


Interaction = Callable[[Request], Awaitable[Answer | None]]
"""Handles a request; ``None`` when it has sent its own answer."""


@dataclass(frozen=True, slots=True)
class Route:
    """What is done at an address by a method.

    Attributes:
        does: Handles it; it reaches the actors through :meth:`Request.enter` only.
        kind: What it is for rights and the audit trail; ``None`` where nothing of anybody is
            told, so that nobody is asked who he is.
    """

    does: Interaction
    kind: RequestKind | None

    @property
    def letter(self) -> str:
        """What a token's scope must allow: FHIR's word, or the letter itself."""
        assert self.kind is not None
        interaction = self.kind.interaction
        if interaction in ("transaction", "operation"):
            return "c" if self.kind.operation is Operation.SUBMIT else "s"
        return interaction


def urn(resource_id: str) -> str:
    """Give the name of an object in the registry, from its id in an address."""
    return f"urn:uuid:{resource_id.lower()}"


def own_patient(reference: str, base_url: str) -> str:
    """The id in a reference to a Patient of ours; another server's patient, ``-``, is nobody here.

    Args:
        reference: Relative, or a URL; empty where there is none, as is the answer then.
        base_url: Of this server.
    """
    if not reference:
        return ""
    kind, _, resource_id = reference.removeprefix(f"{base_url}/").partition("/")
    return resource_id if kind == "Patient" and resource_id and "/" not in resource_id else "-"


def refusal(code: ErrorCode, rule: str, location: str, message: str) -> Refused:
    """One finding as an exception."""
    return Refused(Finding(rule=rule, code=code, location=location, message=message))


class RefusedWith(Refused):
    """A refusal whose answer has headers of its own.

    Attributes:
        headers: Of the answer.
    """

    def __init__(self, headers: Headers, *findings: Finding) -> None:
        super().__init__(*findings)
        self.headers = headers


def body_format(content_type: str | None) -> Format | None:
    """The form a body announces itself in; ``None`` when it is no FHIR R4."""
    if content_type is None:
        return None
    name = content_type.partition(";")[0].strip().lower()
    if ";" not in content_type:
        return FORMATS.get(name) if "/" in name else None
    announced = read_accept(content_type)
    return format_of(announced[0]) if announced and "/" in name else None


async def json_body(request: Request, limit: int) -> bytes:
    """Give the body of a request that must be FHIR, as JSON whichever form it came in.

    Raises:
        Refused: When it announces another type, charset or coding, or is XML but no FHIR.
        BodyTooLarge: When it is larger than ``limit``.
    """
    content_type = request.header(b"content-type")
    charset = _CHARSET.search(content_type or "")
    form = body_format(content_type)
    if form is None or (charset and charset[1].lower() != "utf-8"):
        raise refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Content-Type",
            "send FHIR R4 in UTF-8, application/fhir+json or application/fhir+xml",
        )
    coding = request.header(b"content-encoding")
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        raise refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "uncompressed-only",
            "Content-Encoding",
            "compressed messages are not read here; send it as it is",
        )
    octets = await whole_body(request.scope, request.receive, limit)
    if form is Format.JSON:
        return octets
    limits = XmlLimits(octets=limit, nodes=_NODES, huge_text=True)
    if len(octets) < _LONG:
        return json_from_xml(octets, limits=limits)
    return await asyncio.to_thread(json_from_xml, octets, limits=limits)


async def shaped(done: Answer, wanted: Wanted) -> Answer:
    """Give an answer in the form that is wanted."""
    if wanted is PLAIN or not done.body or done.content_type is not JSON:
        return done
    write = _as_xml if wanted.format is Format.XML else _as_json
    content_type = XML if wanted.format is Format.XML else JSON
    if len(done.body) < _LONG:
        body = write(done.body, wanted.pretty)
    else:
        body = await asyncio.to_thread(write, done.body, wanted.pretty)
    return Answer(done.status, body, content_type, done.headers)


def _as_xml(body: bytes, pretty: bool) -> bytes:
    return xml_from_json(body, pretty=pretty)


def _as_json(body: bytes, pretty: bool) -> bytes:
    return pretty_json(body) if pretty else body


def unchanging(request: Request, resource: bytes) -> Answer:
    """Answer with a resource that has no versions; its tag is made of what it says."""
    etag = f'W/"{hashlib.blake2b(resource, digest_size=8).hexdigest()}"'
    headers: Headers = [(b"etag", etag.encode())]
    if names(request.header(b"if-none-match"), etag):
        return Answer(304, b"", headers=headers)
    return Answer(200, resource, headers=headers)


def check_match(request: Request, etag: str | None, otherwise: str) -> None:
    """Let a change happen to the version only that the client says it has read.

    Args:
        etag: Of the present version; ``None`` when there is none.
        otherwise: What to tell a client that has read another one.

    Raises:
        Refused: With 412.
    """
    seen = request.header(b"if-match")
    if seen is not None and (etag is None or not names(seen, etag)):
        raise refusal(ErrorCode.PRECONDITION_FAILED, "if-match", "If-Match", otherwise)


def written(
    request: Request,
    status: int,
    resource: bytes,
    headers: Headers,
    warnings: Iterable[Finding] = (),
) -> Answer:
    """Answer a successful write with what the client prefers: nothing, an outcome, the resource.

    Args:
        warnings: What an outcome tells.
    """
    returned = request.prefer.returned
    if returned:
        headers = [*headers, (b"preference-applied", f"return={returned}".encode())]
    if returned == "minimal":
        return Answer(status, b"", headers=headers)
    if returned == "OperationOutcome":
        resource = write_operation_outcome(warnings)
    return Answer(status, resource, headers=headers)
