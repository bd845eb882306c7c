"""Calls from web pages of other origins: which are let in, and what they may see.

Without a setting none is: a browser keeps the page from reading any answer.

Source:
    WHATWG Fetch: 3.2 CORS protocol; HL7 FHIR R4 (4.0.1): 3.1.0.1.12 (support for CORS).
"""

from __future__ import annotations

from gateway.web.http import Headers, Message, Scope, Send, header

_REQUEST_HEADERS = (
    b"accept, authorization, content-type, if-match, if-modified-since, if-none-exist, "
    b"if-none-match, origin, prefer, range, if-range, x-requested-with"
)
_ANSWER_HEADERS = (
    b"accept-ranges, content-disposition, content-location, content-range, etag, last-modified, "
    b"location, preference-applied, retry-after, www-authenticate, x-access-mode, x-access-until"
)
_SECONDS = b"600"


class Cors:
    """What pages of the origins an operator named may do."""

    def __init__(self, origins: str) -> None:
        """Take the origins, separated by spaces; ``*`` stands for every one."""
        self._origins = frozenset(origins.split())

    def __bool__(self) -> bool:
        """Whether any origin is let in at all."""
        return bool(self._origins)

    def headers(self, scope: Scope) -> Headers:
        """Headers of an answer to this request; none for a page that is not let in.

        Credentials of the browser are never let in: who asks says so in the request itself.
        """
        origin = header(scope, b"origin")
        if origin is None:
            return []
        headers: Headers = [(b"vary", b"origin")]
        if "*" not in self._origins and origin.lower() not in self._origins:
            return headers
        headers += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", _ANSWER_HEADERS),
        ]
        if scope["method"] == "OPTIONS":
            headers += [
                (b"access-control-allow-headers", _REQUEST_HEADERS),
                (b"access-control-max-age", _SECONDS),
            ]
        return headers


def with_headers(send: Send, headers: Headers) -> Send:
    """Send answers with some headers more."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return sending
