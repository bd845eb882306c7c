"""What HTTP itself can be bent into: methods, lengths, encodings, types, heads.

Source:
    Threats M5, M9 to M12; RFC 9110, RFC 9112.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping

from tests.hostile.items import Closed, Expected, Fault, Harmless, Item, Outcome, Plain
from tests.hostile.messages import (
    QUERY,
    REGISTER,
    REGISTRY,
    REPOSITORY,
    SOAP_TYPE,
    envelope,
    mtom,
    mtom_type,
    query_body,
    register_body,
)

_METHODS = ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "SEARCH")


def _item(
    name: str,
    expected: Expected,
    body: Callable[[], bytes],
    *,
    door: str = REGISTRY,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    raw: bool = False,
    half_close: bool = False,
) -> Item:
    return Item(
        name=f"HTTP: {name}",
        door=door,
        method=method,
        headers={"Content-Type": SOAP_TYPE} if headers is None else headers,
        body=lambda shelf: body(),
        expected=expected,
        raw=raw,
        half_close=half_close,
    )


def _query() -> bytes:
    return envelope(query_body(), QUERY)


def _methods() -> Iterator[Item]:
    for door in (REGISTRY, REPOSITORY):
        for method in _METHODS:
            yield _item(
                f"{method} {door}",
                Plain(status=405, headers={"allow": "POST, GET"}),
                lambda: b"",
                door=door,
                method=method,
                headers={},
            )
    for query in ("?wsd", "?xsd=1", "?singleWsdl", "?wsdl=http://127.0.0.1:9/trap", "?WSDLX"):
        yield _item(
            f"GET {query}",
            Plain(status=405, headers={"allow": "POST, GET"}),
            lambda: b"",
            door=REGISTRY + query,
            method="GET",
            headers={},
        )
    yield _item(
        "a method override",
        Plain(status=405, headers={"allow": "POST, GET"}),
        lambda: b"",
        method="GET",
        headers={"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"},
    )
    for path in ("/xds/registry/", "//xds/registry", "/xds/Registry", "/xds", "/xds/registry/../x"):
        yield _item(f"POST {path}", Plain(status=404), _query, door=path)
    for path in ("/xds/%72egistry%00", "/xds/registry%2f", "/%2e%2e/%2e%2e/etc/passwd", "/\u00e9"):
        quoted = path.encode("latin-1")
        yield _item(
            f"GET {path}",
            Plain(status=400 if "\u00e9" in path else 404),
            lambda quoted=quoted: b"GET " + quoted + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            raw=True,
            half_close=True,
        )


def _wsdl_hosts() -> Iterator[Item]:
    for host in ("evil.example/x", "a b", '"><x>', "<script>", "a\\b", "[::1", "x" * 5000):
        yield _item(
            f"a description asked of the host {host[:20]}",
            Harmless(names=("definitions",), without=(host,)),
            lambda host=host: "\r\n".join(
                (f"GET {REGISTRY}?wsdl HTTP/1.1", f"Host: {host}", "Connection: close", "", "")
            ).encode(),
            raw=True,
        )


def _types() -> Iterator[Item]:
    def typed(name: str, value: str | None, place: str, status: int = 415) -> Item:
        headers = {} if value is None else {"Content-Type": value}
        return _item(name, Fault(names=(place,), status=status), _query, headers=headers)

    yield typed("no Content-Type", None, "Content-Type", 400)
    yield typed("an empty Content-Type", "", "Content-Type", 400)
    yield typed("a Content-Type that is none", "soap", "Content-Type", 400)
    yield typed("a form", "application/x-www-form-urlencoded", "form-urlencoded")
    yield typed("a form with files", "multipart/form-data; boundary=b", "form-data")
    yield typed("JSON", "application/json", "application/json")
    yield typed("XML of any kind", "application/xml", "application/xml")
    yield typed("octets", "application/octet-stream", "octet-stream")
    yield typed("a charset of Latin 1", "application/soap+xml; charset=ISO-8859-1", "charset")
    yield typed("a charset of UTF-7", "application/soap+xml; charset=UTF-7", "charset")
    yield typed("a charset of nothing", 'application/soap+xml; charset=""', "charset")
    yield typed(
        "two charsets", "application/soap+xml; charset=UTF-8; charset=UTF-7", "charset", 400
    )
    yield typed("a type of 5,000 characters", "application/" + "x" * 5000, "Content-Type", 400)
    yield typed("a parameter without value", "application/soap+xml; charset", "charset", 400)
    yield typed("a type beyond ASCII", "application/so\u00e0p+xml", "Content-Type", 400)
    yield _item(
        "UTF-16 that announces itself as UTF-8 and is not",
        Fault(names=("encoding",)),
        lambda: _query().decode().encode("utf-16-le"),
    )


def _encodings() -> Iterator[Item]:
    for coding in ("gzip", "deflate", "br", "identity, gzip", "x-unknown"):
        yield _item(
            f"Content-Encoding {coding}",
            Fault(names=("Content-Encoding",), status=415),
            lambda: gzip.compress(_query()),
            headers={"Content-Type": SOAP_TYPE, "Content-Encoding": coding},
        )
    yield _item(
        "a compressed bomb",
        Fault(names=("Content-Encoding",), status=415),
        lambda: gzip.compress(b"\0" * 50_000_000),
        headers={"Content-Type": mtom_type(), "Content-Encoding": "gzip"},
    )
    yield _item(
        "compressed without a word",
        Fault(names=("encoding",)),
        lambda: gzip.compress(_query()),
    )


def _lengths() -> Iterator[Item]:
    def head(*lines: str, door: str = REGISTRY, content_type: str = SOAP_TYPE) -> bytes:
        all_lines = (
            f"POST {door} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Type: {content_type}",
            "Connection: close",
            *lines,
        )
        return "\r\n".join(all_lines).encode("latin-1") + b"\r\n\r\n"

    def register() -> bytes:
        return envelope(register_body(), REGISTER)

    broken = Plain(status=400)
    upgrade = (
        f"GET {REGISTRY} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    ).encode()
    forms: dict[str, tuple[Callable[[], bytes], Expected]] = {
        "a Content-Length too long, then silence": (
            lambda: head("Content-Length: 100000") + register(),
            Closed(),
        ),
        "a Content-Length too short": (
            lambda: head("Content-Length: 500") + register(),
            Fault(names=("line",)),
        ),
        "a negative Content-Length": (lambda: head("Content-Length: -1"), broken),
        "a Content-Length of letters": (lambda: head("Content-Length: many"), broken),
        "a Content-Length of 5,000 digits": (lambda: head("Content-Length: " + "9" * 5000), broken),
        "two Content-Lengths": (
            lambda: head("Content-Length: 10", "Content-Length: 20") + b"x" * 20,
            broken,
        ),
        "a Content-Length beyond every limit": (
            lambda: head("Content-Length: 9999999999"),
            Fault(names=("octets",), status=413),
        ),
        "both Content-Length and chunks": (
            lambda: head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
            broken,
        ),
        "chunks that are none": (
            lambda: head("Transfer-Encoding: chunked") + b"zz\r\nabc\r\n",
            broken,
        ),
        "a chunk of negative size": (
            lambda: head("Transfer-Encoding: chunked") + b"-5\r\nabc\r\n",
            broken,
        ),
        "a chunk that never ends": (
            lambda: head("Transfer-Encoding: chunked") + b"ffff\r\nabc",
            Closed(),
        ),
        "a transfer coding nobody knows": (
            lambda: head("Transfer-Encoding: gzip, identity") + b"abc",
            broken,
        ),
        "a submission in chunks, cut off": (
            lambda: head("Transfer-Encoding: chunked") + _chunked(register())[:-7],
            Closed(),
        ),
        "a multipart message cut off": (
            lambda: (
                head("Content-Length: 20000", door=REPOSITORY, content_type=mtom_type()) + mtom()
            ),
            Closed(),
        ),
        "a large document cut off": (
            lambda: (
                head("Content-Length: 90000000", door=REPOSITORY, content_type=mtom_type())
                + mtom()[:-30]
                + b"x" * 4_000_000
            ),
            Closed(),
        ),
        "nothing at all": (lambda: b"", Closed()),
        "no HTTP": (lambda: b"HELLO\r\n\r\n", broken),
        "TLS": (lambda: bytes.fromhex("16030100c8010000c40303") + b"\0" * 200, broken),
        "HTTP/9": (lambda: b"GET / HTTP/9.9\r\n\r\n", broken),
        "HTTP/2": (lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", broken),
        "a header with a line end inside": (
            lambda: head("X-Bad: a\r\n b", "Content-Length: 0"),
            broken,
        ),
        "a header without name": (lambda: head(": x", "Content-Length: 0"), broken),
        "a header with a NUL": (lambda: head("X-Bad: a\0b", "Content-Length: 0"), broken),
        "an empty body": (lambda: head("Content-Length: 0"), Fault(names=("line 1",))),
        "a CONNECT": (lambda: b"CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: x\r\n\r\n", broken),
        "an upgrade to WebSocket": (
            lambda: upgrade,
            Plain(status=405),
        ),
        "an address with scheme and host": (
            lambda: b"GET http://127.0.0.1:9/trap HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            Plain(status=404),
        ),
        "1,000 headers": (
            lambda: head(*[f"X-{n}: y" for n in range(1000)], "Content-Length: 0"),
            Fault(names=("line 1",)),
        ),
        "a header of 64 KiB": (
            lambda: head("X-Long: " + "y" * 65_536, "Content-Length: 0"),
            Plain(status=431),
        ),
        "64 MiB of headers": (
            lambda: head(*["X-Long: " + "y" * 1_048_576] * 64, "Content-Length: 0"),
            Plain(status=431),
        ),
        "64 MiB of one header": (
            lambda: head("X-Long: " + "y" * 67_108_864, "Content-Length: 0"),
            Plain(status=431),
        ),
        "64 MiB of address": (
            lambda: b"GET /" + b"y" * 67_108_864 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            Plain(status=431),
        ),
        "64 MiB of trailers": (
            lambda: (
                head("Transfer-Encoding: chunked")
                + b"0\r\n"
                + b"X-Long: "
                + b"y" * 67_108_864
                + b"\r\n\r\n"
            ),
            Plain(status=431),
        ),
        "a chunk with 64 MiB of extension": (
            lambda: (
                head("Transfer-Encoding: chunked")
                + b"1;x="
                + b"y" * 67_108_864
                + b"\r\nx\r\n0\r\n\r\n"
            ),
            Plain(status=431),
        ),
    }
    for name, (make, expected) in forms.items():
        yield _item(name, expected, make, raw=True, half_close=True)


def _chunked(octets: bytes, size: int = 1000) -> bytes:
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def _elsewhere() -> Iterator[Item]:
    for method in ("POST", "PUT", "DELETE"):
        yield _item(
            f"{method} /health/live",
            Plain(status=405),
            lambda: b"",
            door="/health/live",
            method=method,
        )
    for path in (
        "/",
        "/docs",
        "/openapi.json",
        "/redoc",
        "/.env",
        "/console",
        "/var/registry.sqlite",
    ):
        yield _item(
            f"GET {path}", Plain(status=404), lambda: b"", door=path, method="GET", headers={}
        )
    yield _item(
        "GET /fhirx",
        Plain(status=404),
        lambda: b"",
        door="/fhirx",
        method="GET",
        headers={},
    )
    yield _item(
        "GET /fhir",
        Outcome(status=405, issue="not-supported"),
        lambda: b"",
        door="/fhir",
        method="GET",
        headers={},
    )


def http_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _methods()
    yield from _wsdl_hosts()
    yield from _types()
    yield from _encodings()
    yield from _lengths()
    yield from _elsewhere()
