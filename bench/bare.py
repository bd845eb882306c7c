"""The bare endpoint every figure is a ratio to: parse one message, answer 200.

It does what nobody can do without: receive the octets over HTTP, parse them (SOAP with the same
hardened parser settings, JSON with orjson), answer. No extraction, no checks, no storage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from lxml import etree

_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
    remove_blank_text=True,
)
_BODY = b"<ok/>"
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/soap+xml"), (b"content-length", b"5")],
}


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Parse the body and answer."""
    if scope["type"] != "http":
        return
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = b"".join(parts)
    if body[:1] == b"{":
        orjson.loads(body)
    elif body:
        etree.fromstring(body, _PARSER)
    await send(_START)
    await send({"type": "http.response.body", "body": _BODY})
