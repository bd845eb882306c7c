"""Multipart messages that are broken, contradictory or too much, and references out of them.

Source:
    Threats M1 to M5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.hostile.items import Failure, Fault, Item
from tests.hostile.messages import (
    BOUNDARY,
    CONTENT,
    PROVIDE,
    QUERY,
    REGISTER,
    REGISTRY,
    REPOSITORY,
    RETRIEVE,
    ROOT_ID,
    XOP,
    Part,
    document_part,
    entry,
    envelope,
    mtom,
    mtom_type,
    multipart,
    provide_body,
    query_body,
    register_body,
    retrieve_body,
    root_part,
    submission,
)

Make = Callable[[], bytes]


def _parts(body: str | None = None, *documents: Part) -> list[Part]:
    octets = envelope(provide_body() if body is None else body, PROVIDE)
    return [root_part(octets), *(documents or (document_part(),))]


def _item(
    name: str,
    make: Make,
    *places: str,
    content_type: str | None = None,
    status: int = 400,
) -> Item:
    return Item(
        name=f"MTOM: {name}",
        door=REPOSITORY,
        headers={"Content-Type": mtom_type() if content_type is None else content_type},
        body=lambda shelf: make(),
        expected=Fault(names=places, status=status),
    )


def _boundaries() -> Iterator[Item]:
    def bounded(boundary: str) -> Make:
        return lambda: multipart(_parts(), boundary=boundary)

    yield _item("no boundary", mtom, "boundary", content_type=mtom_type(boundary=None))
    yield _item("an empty boundary", bounded(""), "boundary", content_type=mtom_type(boundary=""))
    yield _item(
        "a boundary of 71 characters",
        bounded("b" * 71),
        "boundary",
        content_type=mtom_type(boundary="b" * 71),
    )
    yield _item(
        "a boundary that ends in a blank",
        bounded("bound "),
        "boundary",
        content_type=mtom_type(boundary="bound "),
    )
    yield _item(
        "a boundary with a letter no boundary has",
        bounded("bo*und"),
        "boundary",
        content_type=mtom_type(boundary="bo*und"),
    )
    yield _item(
        "another boundary than announced", bounded("other"), BOUNDARY, content_type=mtom_type()
    )
    yield _item("no end", lambda: mtom()[: -len(BOUNDARY) - 6], "part 2", "ends inside")
    yield _item("an end without its hyphens", lambda: mtom()[:-4] + b"\r\n", "part 3")
    yield _item(
        "nothing but the closing line", lambda: b"--" + BOUNDARY.encode() + b"--\r\n", BOUNDARY
    )
    yield _item("nothing at all", lambda: b"\r\n", BOUNDARY)
    yield _item(
        "the boundary inside the envelope",
        lambda: mtom().replace(b"A note", b"A note\r\n--" + BOUNDARY.encode() + b"\r\n", 1),
        "part 2",
    )
    yield _item(
        "a preamble of 64 KiB",
        lambda: multipart(_parts(), preamble=b"x" * 65_536 + b"\r\n"),
        "1024 octets",
    )
    yield _item(
        "a preamble of almost-boundaries",
        lambda: multipart(_parts(), preamble=(f"--{BOUNDARY}x\r\n".encode()) * 20_000),
        "1024 octets",
    )
    yield _item(
        "an epilogue of 1 MiB",
        lambda: multipart(_parts(), epilogue=b" " * 1_048_576),
        "1024 octets",
    )
    yield _item(
        "an epilogue that goes on after the last boundary",
        lambda: mtom().removesuffix(b"\r\n") + b"more",
        "boundary",
    )


def _headers() -> Iterator[Item]:
    def with_headers(*lines: str) -> Make:
        def make() -> bytes:
            root, document = _parts()
            return multipart([root, replace(document, headers=(*document.headers, *lines))])

        return make

    yield _item("17 headers", with_headers(*[f"X-{n}: y" for n in range(14)]), "part 2", "headers")
    yield _item("1,000 headers", with_headers(*[f"X-{n}: y" for n in range(1000)]), "part 2")
    yield _item("a header of 9 KiB", with_headers("X-Long: " + "y" * 9216), "part 2", "8192")
    yield _item("a header of 8 MiB", with_headers("X-Long: " + "y" * 8_388_608), "part 2", "8192")
    yield _item("a header without a colon", with_headers("no header at all"), "part 2", "header")
    yield _item("a header with a NUL", with_headers("X: a\x00b"), "part 2", "header")
    yield _item("a header with a bare carriage return", with_headers("X: a\rb"), "part 2")
    yield _item("a header twice", with_headers("Content-ID: <two@test>"), "part 2", "content-id")
    yield _item(
        "an unknown transfer encoding",
        lambda: mtom(None, Part(headers=_document_headers("x-uuencode"), content=CONTENT)),
        "part 2",
        "x-uuencode",
    )
    yield _item(
        "base64 that is none",
        lambda: mtom(None, Part(headers=_document_headers("base64"), content=b"QUJD!!!!")),
        "part 2",
        "base64",
    )
    yield _item(
        "base64 that goes on after its end",
        lambda: mtom(None, Part(headers=_document_headers("base64"), content=b"QQ==QUJD")),
        "part 2",
        "base64",
    )
    yield _item(
        "quoted-printable that is none",
        lambda: mtom(None, Part(headers=_document_headers("quoted-printable"), content=b"=ZZ")),
        "part 2",
        "quoted-printable",
    )
    yield _item(
        "a quoted-printable line of 1 MiB",
        lambda: mtom(
            None, Part(headers=_document_headers("quoted-printable"), content=b"y" * 1_048_576)
        ),
        "part 2",
        "quoted-printable",
    )
    yield _item(
        "101 parts",
        lambda: mtom(None, document_part(), *[document_part(f"x{n}@test") for n in range(99)]),
        "part 101",
        "100 parts",
    )
    yield _item(
        "100,000 parts without headers",
        lambda: (f"--{BOUNDARY}\r\n\r\n\r\n".encode()) * 100_000,
        "part 1",
    )


def _document_headers(encoding: str) -> tuple[str, ...]:
    return (
        "Content-Type: text/plain",
        f"Content-Transfer-Encoding: {encoding}",
        "Content-ID: <d1@test>",
    )


def _names_of_parts() -> Iterator[Item]:
    yield _item(
        "two parts with one Content-ID",
        lambda: mtom(None, document_part(), document_part(content=b"another")),
        "part 3",
        "Content-ID",
    )
    yield _item(
        "a document part with the root's Content-ID",
        lambda: mtom(None, document_part(ROOT_ID)),
        "part 2",
        "Content-ID",
    )
    yield _item(
        "a part without Content-ID",
        lambda: mtom(None, Part(headers=("Content-Type: text/plain",), content=CONTENT)),
        "part 2",
        "Content-ID",
    )
    yield _item(
        "a Content-ID with a blank",
        lambda: mtom(None, document_part("d1 @test")),
        "part 2",
        "Content-ID",
    )
    yield _item(
        "a Content-ID beyond ASCII",
        lambda: mtom(None, document_part("dé1@test")),
        "part 2",
        "Content-ID",
    )
    yield _item("a part nobody refers to", lambda: mtom(None, document_part(), _left()), "x@test")
    yield _item(
        "a part that never came",
        lambda: multipart(_parts()[:1]),
        "d1@test",
        "Include",
    )
    yield _item(
        "a Content-ID in other letters",
        lambda: mtom(None, document_part("D1@TEST")),
        "d1@test",
    )
    yield _item(
        "a start that names no part", mtom, "start", content_type=mtom_type(start="nobody@test")
    )
    yield _item(
        "a start that names a document",
        mtom,
        "part 2",
        "application/xop+xml",
        content_type=mtom_type(start="d1@test"),
    )
    yield _item(
        "no start, and a document comes first",
        lambda: multipart(_parts()[::-1]),
        "part 1",
        "application/xop+xml",
        content_type=mtom_type(start=None),
    )
    yield _item("a start that is no name", mtom, "start", content_type=mtom_type(start="a b"))


def _left() -> Part:
    return document_part("x@test", b"left over")


def _types() -> Iterator[Item]:
    def root_says(line: str) -> Make:
        def make() -> bytes:
            root, document = _parts()
            return multipart([replace(root, headers=(line, *root.headers[1:])), document])

        return make

    forms: dict[str, tuple[str, str]] = {
        "type application/soap+xml": (mtom_type(related="application/soap+xml"), "type"),
        "type text/xml": (mtom_type(related="text/xml"), "type"),
        "start-info of SOAP 1.1": (mtom_type(start_info="text/xml"), "start-info"),
        "start-info of XOP": (mtom_type(start_info="application/xop+xml"), "start-info"),
    }
    for name, (content_type, place) in forms.items():
        yield _item(name, mtom, place, content_type=content_type, status=415)
    yield _item(
        "multipart/mixed", mtom, "multipart/mixed", status=415, content_type=_other("mixed")
    )
    yield _item(
        "multipart/form-data", mtom, "form-data", status=415, content_type=_other("form-data")
    )
    yield _item(
        "a boundary twice",
        mtom,
        "boundary",
        content_type=mtom_type() + "; boundary=other",
    )
    yield _item(
        "a parameter without its quotes",
        mtom,
        "parameter",
        content_type=mtom_type(start=None) + "; start=<root@test>",
    )
    yield _item("a Content-Type of 8 KiB", mtom, "Content-Type", content_type=mtom_type("b" * 8192))
    yield _item("a root part without a type", root_says("X-Nothing: here"), "part 1")
    yield _item("a root part of text/xml", root_says("Content-Type: text/xml"), "part 1")
    yield _item(
        "a root part of SOAP 1.1",
        root_says('Content-Type: application/xop+xml; type="text/xml"'),
        "part 1",
        status=415,
    )
    yield _item(
        "a root part in another charset",
        root_says(
            'Content-Type: application/xop+xml; charset=iso-8859-1; type="application/soap+xml"'
        ),
        "part 1",
        "charset",
        status=415,
    )
    another = r"application/soap+xml; action=\"urn:ihe:iti:2007:RetrieveDocumentSet\""
    yield Item(
        name="MTOM: an action in start-info that is not the message's",
        door=REPOSITORY,
        headers={"Content-Type": mtom_type(start_info=another)},
        body=lambda shelf: mtom(),
        expected=Fault(names=("wsa:Action", "RetrieveDocumentSet"), subcode="ActionMismatch"),
    )


def _other(kind: str) -> str:
    return mtom_type().replace("multipart/related", f"multipart/{kind}")


_HREFS = {
    "over HTTP": "http://127.0.0.1:9/trap",
    "over HTTPS": "https://127.0.0.1:9/trap",
    "of a file": "file:///etc/hostname",
    "over FTP": "ftp://127.0.0.1:9/trap",
    "of data": "data:text/plain;base64,QUJD",
    "of a jar": "jar:file:///a.jar!/b",
    "that is relative": "d1@test",
    "that is a path": "/etc/hostname",
    "that is a network path": "//127.0.0.1:9/trap",
    "that is empty": "",
    "that is a fragment": "#d1",
    "of cid alone": "cid:",
    "that is encoded twice": "cid:d1%2540test",
    "with an encoded scheme": "%63id:d1@test",
    "of a message id": "mid:x/d1@test",
    "with a blank before it": " cid:d1@test",
    "with brackets": "cid:&lt;d1@test&gt;",
    "of 64 KiB": "cid:" + "x" * 65_536,
}


def _includes() -> Iterator[Item]:
    def bent(old: str, new: str, *documents: Part) -> Make:
        def make() -> bytes:
            body = provide_body()
            assert old in body
            return mtom(body.replace(old, new, 1), *documents)

        return make

    href = 'href="cid:d1@test"'
    for name, value in _HREFS.items():
        yield _item(f"an Include {name}", bent(href, f'href="{value}"'), "Include|Content-ID")
    yield _item("an Include without href", bent(href, ""), "Include")
    inner = f'<xop:Include xmlns:xop="{XOP}" href="cid:d1@test"/>'
    yield _item(
        "an Include inside an Include",
        bent(inner, f'<xop:Include xmlns:xop="{XOP}" href="cid:d1@test">{inner}</xop:Include>'),
        "Include",
    )
    yield _item("two Includes in one document", bent(inner, inner + inner), "Include")
    yield _item("an Include beside base64", bent(inner, f"QUJD{inner}"), "Include")
    yield _item(
        "one part for two documents",
        lambda: mtom(
            provide_body(
                submission(entry("d1"), entry("d2")), [("d1", "d1@test"), ("d2", "d1@test")]
            )
        ),
        "d1@test",
        "two documents",
    )
    yield _item(
        "an Include in a slot",
        bent("<rim:Value>", f"<rim:Value>{inner.replace('d1@', 'x@')}", document_part(), _left()),
        "Include|Document",
    )
    yield _item(
        "an Include that is all of a slot's value",
        bent(
            "<rim:Value>en-GB</rim:Value>",
            f"<rim:Value>{inner.replace('d1@', 'x@')}</rim:Value>",
            document_part(),
            _left(),
        ),
        "Include|Document",
    )
    yield _item(
        "an Include where nothing is read",
        bent(
            "<rim:RegistryObjectList>",
            '<rs:RequestSlotList xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0">'
            f"<x>{inner.replace('d1@', 'x@')}</x></rs:RequestSlotList><rim:RegistryObjectList>",
            document_part(),
            _left(),
        ),
        "Include|Document",
    )
    yield Item(
        name="MTOM: an Include in the Header",
        door=REPOSITORY,
        headers={"Content-Type": mtom_type()},
        body=lambda shelf: multipart(
            [
                root_part(
                    envelope(provide_body(), PROVIDE, f"<x>{inner.replace('d1@', 'x@')}</x>")
                ),
                document_part(),
                _left(),
            ]
        ),
        expected=Fault(names=("x@test",)),
    )


def _contents() -> Iterator[Item]:
    def bent(old: str, new: str) -> Callable[[object], bytes]:
        def make(shelf: object) -> bytes:
            body = provide_body()
            assert old in body
            return mtom(body.replace(old, new, 1))

        return make

    def failure(name: str, make: Callable[[object], bytes], code: str, *places: str) -> Item:
        return Item(
            name=f"ITI-41: {name}",
            door=REPOSITORY,
            headers={"Content-Type": mtom_type()},
            body=make,
            expected=Failure(codes=(code,), names=places),
        )

    size = f"<rim:Value>{len(CONTENT)}</rim:Value>"
    for shown, value in (("too large", "37"), ("too small", "35"), ("zero", "0")):
        yield failure(
            f"a size that is {shown}",
            bent(size, f"<rim:Value>{value}</rim:Value>"),
            "XDSRepositoryMetadataError",
            "DocumentEntry[d1].size",
            str(len(CONTENT)),
        )
    for shown, value in (
        ("negative", "-36"),
        ("in hexadecimal", "0x24"),
        ("of 100 digits", "9" * 100),
    ):
        yield failure(
            f"a size that is {shown}",
            bent(size, f"<rim:Value>{value}</rim:Value>"),
            "XDSRepositoryMetadataError",
            "DocumentEntry[d1].size",
        )
    yield failure(
        "octets that are not those of the hash",
        lambda shelf: mtom(None, document_part(content=CONTENT.replace(b"A", b"B"))),
        "XDSRepositoryMetadataError",
        "DocumentEntry[d1].hash",
    )
    yield failure(
        "two documents swapped",
        lambda shelf: mtom(
            provide_body(
                submission(entry("d1"), entry("d2", hash=None, size=None)),
                [("d1", "d2@test"), ("d2", "d1@test")],
            ),
            document_part("d1@test"),
            document_part("d2@test", b"the second one"),
        ),
        "XDSRepositoryMetadataError",
        "DocumentEntry[d1].hash",
        "DocumentEntry[d1].size",
    )
    yield failure(
        "an entry without its document",
        lambda shelf: mtom(provide_body(submission(entry("d1"), entry("d2")), [("d1", "d1@test")])),
        "XDSMissingDocument",
        "DocumentEntry[d2]",
    )
    yield failure(
        "a document without its entry",
        lambda shelf: mtom(
            provide_body(submission(entry("d1")), [("d1", "d1@test"), ("d9", "d9@test")]),
            document_part(),
            document_part("d9@test"),
        ),
        "XDSMissingDocumentMetadata",
        "Document[d9]",
    )
    yield failure(
        "two documents for one entry",
        lambda shelf: mtom(
            provide_body(submission(entry("d1")), [("d1", "d1@test"), ("d1", "d9@test")]),
            document_part(),
            document_part("d9@test"),
        ),
        "XDSRepositoryMetadataError",
        "Document[d1]",
    )
    yield failure(
        "a document without id",
        bent('<xdsb:Document id="d1">', "<xdsb:Document>"),
        "XDSMissingDocument",
        "DocumentEntry[d1]",
    )
    yield failure(
        "an on-demand entry with a document",
        bent(
            'objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"',
            'objectType="urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"',
        ),
        "XDSRegistryMetadataError",
        "objectType",
    )
    yield _item(
        "inline content that is no base64",
        lambda: multipart(
            [root_part(envelope(_inline("this is no base64!"), PROVIDE))],
        ),
        "Document",
        "base64",
    )
    yield _item(
        "inline content with an element in it",
        lambda: multipart([root_part(envelope(_inline("QUJD<x/>"), PROVIDE))]),
        "Document",
    )
    yield _item(
        "9 MiB of base64 in the envelope",
        lambda: multipart([root_part(envelope(_inline("QUJD" * 2_400_000), PROVIDE))]),
        "part 1",
        status=413,
    )


def _inline(content: str) -> str:
    body = provide_body()
    start = body.index("<xop:Include")
    end = body.index("/>", start) + 2
    return body[:start] + content + body[end:]


def _at_other_operations() -> Iterator[Item]:
    for name, body, action, door in (
        ("a query", query_body(), QUERY, REGISTRY),
        ("a retrieval", retrieve_body("2.999.4.1"), RETRIEVE, REPOSITORY),
        ("a registration", register_body(), REGISTER, REGISTRY),
    ):
        yield Item(
            name=f"MTOM: a document beside {name}",
            door=door,
            headers={"Content-Type": mtom_type(action=action)},
            body=lambda shelf, body=body, action=action: multipart(
                [root_part(envelope(body, action), action), document_part()]
            ),
            expected=Fault(names=("d1@test",)),
        )


def packaging_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _boundaries()
    yield from _headers()
    yield from _names_of_parts()
    yield from _types()
    yield from _includes()
    yield from _contents()
    yield from _at_other_operations()
    yield _item(
        "line ends that change half-way",
        lambda: mtom().replace(b"\r\n--" + BOUNDARY.encode() + b"--", f"\n--{BOUNDARY}--".encode()),
        "part 2",
    )
