"""A document too large to be held has the same header as when it is read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.codecs.cda.head import head_of
from gateway.codecs.cda.header import read_header
from tests.shared import ROOT, shared

SAMPLES = sorted((ROOT / "samples" / "cda").glob("*.xml"))


def assert_same_header(path: Path) -> None:
    octets = path.read_bytes()
    head = head_of(octets)
    assert head is not None
    assert len(head) < len(octets)
    assert read_header(head) == read_header(octets)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_head_says_what_the_document_says(path: Path) -> None:
    assert_same_header(path)


def test_the_published_documents_have_their_header_in_the_head() -> None:
    for path in sorted(shared("data/france/cda").glob("*.xml")):
        assert_same_header(path)


DOCUMENT = (
    b'<c:ClinicalDocument xmlns:c="urn:hl7-org:v3"><!-- <c:component> is the body -->'
    b'<c:id root="2.999"/><c:title><![CDATA[<c:component>]]></c:title>'
    b'<c:recordTarget><c:patientRole><c:id root="2.999.1"/></c:patientRole></c:recordTarget>'
    b'<c:componentOf/><c:component><c:nonXMLBody> <!-- > --> <c:text mediaType="application/pdf" '
    b'representation="B64">JVBERi0'
)


def test_prefixes_and_remarks_do_not_lead_astray() -> None:
    head = head_of(DOCUMENT)
    assert head is not None
    header = read_header(head)
    assert (header.title, header.body_media_type) == ("<c:component>", "application/pdf")


def test_a_header_without_end_has_no_head() -> None:
    assert head_of(DOCUMENT[:300]) is None
