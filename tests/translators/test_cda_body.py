"""The file that a level 1 document wraps, in every spelling, and what is wrong with it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib

import pytest

from gateway.codecs.cda.body import read_body
from gateway.translators import wrapped
from tests.shared import ROOT, shared

PDF = b"%PDF-1.4 not really\n" * 20


def document(text: str) -> bytes:
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody>'
        f"{text}</nonXMLBody></component></ClinicalDocument>"
    ).encode()


def wrapping(octets: bytes, attributes: str) -> bytes:
    encoded = base64.encodebytes(octets).decode()
    return document(
        f'<text mediaType="application/pdf" representation="B64" {attributes}>{encoded}</text>'
    )


def deflated(octets: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(octets) + engine.flush()


@pytest.mark.parametrize(
    ("octets", "attributes"),
    [
        (PDF, ""),
        (deflated(PDF), 'compression="DF"'),
        (gzip.compress(PDF, mtime=0), 'compression="GZ"'),
        (zlib.compress(PDF), 'compression="ZL"'),
    ],
)
def test_base64_and_compression_are_undone(octets: bytes, attributes: str) -> None:
    body = read_body(wrapping(octets, attributes))
    assert body.findings == ()
    assert body.wrapped is not None
    assert (body.wrapped.media_type, body.wrapped.content) == ("application/pdf", PDF)


def test_text_stands_for_itself() -> None:
    body = read_body(document("<text>Température : 37 °C &lt; 38\n</text>"))
    assert body.wrapped is not None
    assert body.wrapped.media_type == "text/plain"
    assert body.wrapped.content == "Température : 37 °C < 38\n".encode()


def test_a_structured_body_is_left_whole() -> None:
    octets = (ROOT / "samples/cda/fr-01-vsm.xml").read_bytes()
    assert wrapped(octets).value is None


def test_a_reference_is_named_and_not_fetched() -> None:
    body = read_body(
        document('<text mediaType="application/pdf"><reference value="http://x.example/a"/></text>')
    )
    assert body.wrapped is not None
    assert (body.wrapped.content, body.wrapped.reference) == (None, "http://x.example/a")
    assert [f.rule for f in body.findings] == ["cda-body-reference"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('<text representation="B64">no base64 at all</text>', "cda-body-base64"),
        ('<text representation="B64" compression="Z">QUJD</text>', "cda-body-compression"),
        ('<text representation="B64" compression="GZ">QUJD</text>', "cda-body-compression"),
        ('<text compression="GZ">plain</text>', "cda-body-compression"),
        ('<text representation="B64" integrityCheck="QUJD">QUJD</text>', "cda-body-integrity"),
        ("<text/>", "cda-body-empty"),
    ],
)
def test_what_is_wrong_with_a_body_is_told(text: str, rule: str) -> None:
    assert rule in [f.rule for f in read_body(document(text)).findings]


def test_a_body_cut_short_is_told() -> None:
    body = read_body(wrapping(gzip.compress(PDF, mtime=0)[:-20], 'compression="GZ"'))
    assert "cda-body-compression" in [f.rule for f in body.findings]


def test_a_body_that_unfolds_without_measure_is_not_unfolded() -> None:
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    body = read_body(wrapping(bomb, 'compression="GZ"'), max_octets=1_000_000)
    assert body.wrapped is not None and body.wrapped.content is None
    assert [f.rule for f in body.findings] == ["cda-body-size"]


def test_a_right_digest_is_no_finding() -> None:
    digest = base64.b64encode(hashlib.sha256(PDF).digest()).decode()
    attributes = f'integrityCheck="{digest}" integrityCheckAlgorithm="SHA-256"'
    assert read_body(wrapping(PDF, attributes)).findings == ()


def test_the_published_documents_give_their_files() -> None:
    kinds = {}
    for path in sorted(shared("data/france/cda").glob("*.xml")):
        file = wrapped(path.read_bytes())
        assert file.findings == ()
        if file.value is not None:
            assert file.value.content
            kinds[path.stem] = file.value.media_type
    assert "application/pdf" in kinds.values()
