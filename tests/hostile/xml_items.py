"""XML nobody should parse: document types, entities, bombs, depth, crowds, encodings.

Source:
    Threats X1 to X6, X9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.hostile.items import Fault, Item
from tests.hostile.messages import (
    QUERY,
    REGISTER,
    REGISTRY,
    REPOSITORY,
    SOAP_TYPE,
    document_part,
    envelope,
    mtom_type,
    multipart,
    query_body,
    register_body,
    root_part,
)

_CANARY = "file:///etc/hostname"
_TRAP = "http://127.0.0.1:9/trap"


def _register() -> bytes:
    return envelope(register_body(), REGISTER)


def _query() -> bytes:
    return envelope(query_body(), QUERY)


_DOCUMENT_TYPES = {
    "an empty document type": "<!DOCTYPE s:Envelope>",
    "an internal entity": '<!DOCTYPE x [<!ENTITY e "7001">]>',
    "an external entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{_CANARY}">]>',
    "an external entity over the network": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{_TRAP}">]>',
    "a parameter entity": f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{_TRAP}"> %p;]>',
    "an external document type": f'<!DOCTYPE x SYSTEM "{_TRAP}">',
    "a public document type": f'<!DOCTYPE x PUBLIC "-//X//X//EN" "{_TRAP}">',
    "billion laughs": "<!DOCTYPE x [<!ENTITY l0 'ha'>"
    + "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    + "]>",
    "quadratic blow-up": f"<!DOCTYPE x [<!ENTITY e '{'a' * 100_000}'>]>",
    "a default attribute": '<!DOCTYPE x [<!ATTLIST Slot name CDATA "creationTime">]>',
    "a document type after a comment": "<!-- harmless --><!DOCTYPE x>",
    "a document type after an instruction": '<?xml-stylesheet href="x"?>\n<!DOCTYPE x>',
    "a document type in lower case": "<!doctype x>",
    "a notation": '<!DOCTYPE x [<!NOTATION n SYSTEM "n">]>',
}


def _document_types() -> Iterator[Item]:
    for name, document_type in _DOCUMENT_TYPES.items():
        prolog = document_type.encode()
        yield _xml(name, lambda prolog=prolog: prolog + _query(), "DOCTYPE", "line 1|line 2")
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x>'.encode("utf-16")
    yield _xml(
        "a document type in UTF-16",
        lambda: text + _query().decode().encode("utf-16-le"),
        "DOCTYPE",
    )
    yield Item(
        name="a document type in the SOAP part of a multipart message",
        door=REPOSITORY,
        headers={"Content-Type": mtom_type()},
        body=lambda shelf: multipart([root_part(b"<!DOCTYPE x>" + _query()), document_part()]),
        expected=Fault(names=("DOCTYPE",)),
    )
    yield _xml(
        "an entity nobody defined",
        lambda: _register().replace(b"Consultation", b"&nbsp;", 1),
        "an entity",
    )
    yield _xml(
        "a character reference to a control character",
        lambda: _register().replace(b"Consultation", b"Con&#8;sultation", 1),
        "character",
    )
    yield _xml(
        "a character reference to a surrogate",
        lambda: _register().replace(b"Consultation", b"Con&#xD800;sultation", 1),
        "character",
    )


def _nested(depth: int) -> Callable[[], bytes]:
    """A query whose elements stand ``depth`` deep at their deepest."""

    def make() -> bytes:
        around = depth - 4  # Envelope, Body, AdhocQueryRequest, AdhocQuery
        return _query().replace(
            b"</rim:AdhocQuery>", b"<x>" * around + b"</x>" * around + b"</rim:AdhocQuery>"
        )

    return make


def _sizes() -> Iterator[Item]:
    yield _xml("257 levels", _nested(257), "256 deep")
    yield _xml("100,000 levels", _nested(100_000), "256 deep")
    yield _xml(
        "levels that never end",
        lambda: b"<a>" * 150_000,
        "256 deep",
    )
    yield _xml(
        "257 attributes on one element",
        lambda: _register().replace(
            b"<rim:Slot ", b"<rim:Slot " + b" ".join(b'a%d=""' % n for n in range(257)) + b" ", 1
        ),
        "256 attributes",
    )
    yield _xml(
        "100,000 namespace declarations on one element",
        lambda: _register().replace(
            b"<rim:Slot ",
            b"<rim:Slot "
            + b" ".join(b'xmlns:a%d="urn:%d"' % (n, n) for n in range(100_000))
            + b" ",
            1,
        ),
        "256 attributes",
    )
    yield _xml(
        "a name of 2 KiB",
        lambda: _register().replace(b"<rim:Slot ", b"<rim:" + b"S" * 2048 + b" ", 1),
        "1024 characters",
    )
    yield _xml(
        "9 MiB of envelope",
        lambda: _register().replace(b"Consultation", b"C" * (9 * 1024 * 1024), 1),
        "octets",
        status=413,
    )
    yield _xml(
        "a million elements",
        lambda: _register().replace(b"<rim:Slot ", b"<x/>" * 1_000_000 + b"<rim:Slot ", 1),
        "200000 elements",
        status=413,
    )
    yield _xml(
        "a text of more than 10 MB in an entity-free way",
        lambda: b"<x>" + b"y" * 8_000_000 + b"</x>",
        "no SOAP message",
    )


def _wrong_forms() -> Iterator[Item]:
    forms: dict[str, tuple[Callable[[], bytes], str]] = {
        "nothing at all": (lambda: b" ", "no element"),
        "no XML but JSON": (lambda: b'{"resourceType": "Bundle"}', "encoding"),
        "no XML but text": (lambda: b"Hello, registry", "encoding"),
        "an end tag that belongs to another": (
            lambda: _register().replace(b"</s:Body>", b"</s:Bod>"),
            "end tag",
        ),
        "an envelope cut in the middle": (lambda: _register()[:1500], "ends before|well formed"),
        "two root elements": (lambda: _register() * 2, "follows the root"),
        "a prefix nobody declared": (
            lambda: _register().replace(b"<s:Body>", b"<s:Body><q:x/>"),
            "prefix",
        ),
        "an attribute twice": (
            lambda: _register().replace(b' id="d1"', b' id="d1" id="d2"', 1),
            "same attribute twice",
        ),
        "an attribute twice under two prefixes": (
            lambda: _register().replace(
                b"<rim:Slot ", b'<rim:Slot xmlns:a="u" xmlns:b="u" a:x="" b:x="" ', 1
            ),
            "same attribute twice",
        ),
        "a bare ampersand": (
            lambda: _register().replace(b"Consultation", b"A & B", 1),
            "&amp;",
        ),
        "XML 1.1": (lambda: b'<?xml version="1.1"?>' + _query(), "version"),
        "a declaration that is none": (
            lambda: b'<?xml encoding="UTF-8"?>' + _query(),
            "declaration",
        ),
        "a prefix bound to nothing": (
            lambda: _register().replace(b"<rim:Slot ", b'<rim:Slot xmlns:p="" ', 1),
            "namespace|prefix",
        ),
    }
    for name, (make, place) in forms.items():
        yield _xml(name, make, place)


def _encodings() -> Iterator[Item]:
    def declared(encoding: str) -> bytes:
        return f'<?xml version="1.0" encoding="{encoding}"?>'.encode()

    forms: dict[str, tuple[Callable[[], bytes], str]] = {
        "UTF-7": (lambda: declared("UTF-7") + _query().replace(b"<", b"+ADw-"), "encoding"),
        "UTF-7 with a bare declaration": (lambda: declared("UTF-7") + _query(), "encoding"),
        "UTF-16 without byte order mark": (
            lambda: _query().decode().encode("utf-16-le"),
            "encoding",
        ),
        "UTF-16, big end first, without byte order mark": (
            lambda: _query().decode().encode("utf-16-be"),
            "encoding",
        ),
        "UTF-16 cut inside a character": (
            lambda: _query().decode().encode("utf-16") + b"\x00",
            "UTF-16",
        ),
        "UTF-16 with a lone surrogate": (
            lambda: _query().decode().encode("utf-16") + b"\x00\xd8",
            "UTF-16",
        ),
        "UTF-32": (lambda: _query().decode().encode("utf-32"), "encoding"),
        "UTF-8 declared as UTF-16": (lambda: declared("UTF-16") + _query(), "encoding"),
        "ISO-8859-1": (
            lambda: declared("ISO-8859-1") + _register().decode().encode("latin-1", "replace"),
            "encoding",
        ),
        "EBCDIC": (lambda: _query().decode().encode("cp500"), "encoding"),
        "octets that are not UTF-8": (
            lambda: _register().replace(b"Consultation", b"Con\xff\xfesultation", 1),
            "UTF-8",
        ),
        "an overlong slash": (
            lambda: _register().replace(b"Consultation", b"Con\xc0\xafsultation", 1),
            "UTF-8",
        ),
        "a surrogate in UTF-8": (
            lambda: _register().replace(b"Consultation", b"Con\xed\xa0\x80sultation", 1),
            "UTF-8|character",
        ),
        "a character beyond Unicode": (
            lambda: _register().replace(b"Consultation", b"Con\xf4\x90\x80\x80sultation", 1),
            "UTF-8|character",
        ),
        "a NUL": (
            lambda: _register().replace(b"Consultation", b"Con\x00sultation", 1),
            "character|well formed|UTF-8",
        ),
        "a control character": (
            lambda: _register().replace(b"Consultation", b"Con\x1fPsultation", 1),
            "character",
        ),
        "U+FFFF": (
            lambda: _register().replace(b"Consultation", "Con\uffffsultation".encode(), 1),
            "character",
        ),
    }
    for name, (make, place) in forms.items():
        yield _xml(name, make, place)


def _xml(name: str, make: Callable[[], bytes], *places: str, status: int = 400) -> Item:
    return Item(
        name=f"XML: {name}",
        door=REGISTRY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: make(),
        expected=Fault(names=places, status=status),
    )


def xml_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _document_types()
    yield from _sizes()
    yield from _wrong_forms()
    yield from _encodings()
