"""What a file is, told from its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.judges.kinds import headers_end, recognise
from conformance.report.values import PayloadKind

ROOT = Path(__file__).resolve().parents[2]

TOLD: tuple[tuple[bytes, PayloadKind], ...] = (
    (b'{"resourceType": "Patient"}', PayloadKind.FHIR),
    (b' \r\n\xef\xbb\xbf{"resourceType": "Patient"}'.strip(), PayloadKind.FHIR),
    (b'<Patient xmlns="http://hl7.org/fhir"/>', PayloadKind.FHIR),
    (b'<f:Patient xmlns:f="http://hl7.org/fhir"/>', PayloadKind.FHIR),
    (
        b'<?xml version="1.0"?><!-- <Envelope> -->\n<?xml-stylesheet href="a"?>'
        b'<ClinicalDocument xmlns:sdtc="urn:hl7-org:sdtc" xmlns="urn:hl7-org:v3">',
        PayloadKind.CDA,
    ),
    ("\ufeff<ClinicalDocument xmlns='urn:hl7-org:v3'/>".encode("utf-16-le"), PayloadKind.CDA),
    (b"<ClinicalDocument/>", PayloadKind.CDA),
    (b'<PRPA_IN201307UV02 xmlns="urn:hl7-org:v3"/>', PayloadKind.UNKNOWN),
    (
        b'<x:SubmitObjectsRequest xmlns:x="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>',
        PayloadKind.XDS,
    ),
    (b"<SubmitObjectsRequest/>", PayloadKind.XDS),
    (b'<RetrieveDocumentSetRequest xmlns="urn:ihe:iti:xds-b:2007"/>', PayloadKind.XDS),
    (
        b'<AdhocQueryResponse xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"/>',
        PayloadKind.XDS,
    ),
    (b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>', PayloadKind.SOAP),
    (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>', PayloadKind.SOAP),
    (
        b"POST /xds HTTP/1.1\r\nContent-Type: application/soap+xml\r\n\r\n"
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>',
        PayloadKind.SOAP,
    ),
    (b"HTTP/1.1 200 OK\r\nContent-Type: Multipart/Related; boundary=a\r\n\r\n", PayloadKind.MTOM),
    (b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n--a\n", PayloadKind.MTOM),
    (b"--uuid:1\r\nContent-Type: application/xop+xml\r\n\r\n<", PayloadKind.MTOM),
    (b"\r\n--uuid:1\r\nContent-ID: <a>\r\n\r\n<", PayloadKind.MTOM),
    (b"PK\x03\x04", PayloadKind.XDM),
    (b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>', PayloadKind.SAML),
    (
        b'<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/'
        b'oasis-200401-wss-wssecurity-secext-1.0.xsd"/>',
        PayloadKind.SAML,
    ),
    (b'{"name": "hl7.fhir.r4.core"}', PayloadKind.UNKNOWN),
    (b"<html/>", PayloadKind.UNKNOWN),
    (b"%PDF-1.4", PayloadKind.UNKNOWN),
    (b"", PayloadKind.UNKNOWN),
    (b"Name: value\r\n\r\nsome text", PayloadKind.UNKNOWN),
)


@pytest.mark.parametrize(("octets", "kind"), TOLD, ids=[o[:40].decode("latin-1") for o, _ in TOLD])
def test_a_payload_says_what_it_is(octets: bytes, kind: PayloadKind) -> None:
    assert recognise(octets) is kind


@pytest.mark.parametrize("path", sorted((ROOT / "samples").rglob("*.*")), ids=lambda p: p.name)
def test_the_samples_are_what_they_are(path: Path) -> None:
    kinds = {"cda": PayloadKind.CDA, "submissions": PayloadKind.MTOM, "patients": PayloadKind.FHIR}
    if path.parent.name in kinds:
        assert recognise(path.read_bytes(), path.name) is kinds[path.parent.name]


def test_headers_end_where_the_first_empty_line_ends() -> None:
    assert headers_end(b"Host: b\r\n\r\n<x/>") == 11
    assert headers_end(b"HTTP/1.1 200 OK\r\n\r\n<x/>") == 19
    assert headers_end(b"--a\r\nHost: b\r\n\r\n") == 0
