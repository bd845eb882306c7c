"""One FHIR request and its answer, as every interaction sees them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import ErrorCode, Finding, Refused
from gateway.web.http import Headers, Receive, Scope, Send, header, whole_body

JSON = b"application/fhir+json; charset=utf-8"
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)
JSON_TYPES = ("application/fhir+json", "application/json", "text/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; ``stream`` instead where octets come from the document store."""

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
    """

    scope: Scope
    receive: Receive
    send: Send
    method: str
    path: tuple[str, ...]
    parameters: list[tuple[str, str]]

    @property
    def query_string(self) -> str:
        """The query as it was written, percent-encoded."""
        return bytes(self.scope.get("query_string", b"")).decode("ascii")

    def header(self, name: bytes) -> str | None:
        """A request header by its lower-case name."""
        return header(self.scope, name)


Interaction = Callable[[Request], Awaitable[Answer | None]]
"""Handles a request; ``None`` when it has sent its own answer."""


def refusal(code: ErrorCode, rule: str, location: str, message: str) -> Refused:
    """One finding as an exception."""
    return Refused(Finding(rule=rule, code=code, location=location, message=message))


def is_json(content_type: str | None) -> bool:
    """Whether a body announces itself as FHIR JSON."""
    if content_type is None:
        return False
    return content_type.partition(";")[0].strip().lower() in JSON_TYPES


async def json_body(request: Request, limit: int) -> bytes:
    """Give the body of a request that must be FHIR JSON.

    Raises:
        Refused: When it announces another type, charset or coding.
        BodyTooLarge: When it is larger than ``limit``.
    """
    content_type = request.header(b"content-type")
    charset = _CHARSET.search(content_type or "")
    if not is_json(content_type) or (charset and charset[1].lower() != "utf-8"):
        raise refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "json-only",
            "Content-Type",
            "send application/fhir+json in UTF-8",
        )
    coding = request.header(b"content-encoding")
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        raise refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "uncompressed-only",
            "Content-Encoding",
            "compressed messages are not read here; send it as it is",
        )
    return await whole_body(request.scope, request.receive, limit)
