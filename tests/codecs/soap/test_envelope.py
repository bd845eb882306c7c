"""Envelopes and their addressing: what is read, what is answered, which fault says what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.codecs.soap.addressing import ANONYMOUS, NONE
from gateway.codecs.soap.envelope import (
    SOAP_LIMITS,
    envelope_parts,
    read_envelope,
    write_envelope,
    write_fault,
)
from gateway.codecs.soap.fault import FaultCode, SoapFault, read_fault, shown
from gateway.codecs.soap.namespaces import PREFIXES, SOAP, SOAP_11, WSA
from gateway.codecs.xml import canonical, is_xml_text, read_xml, text_of
from tests.shared import shared

ACTION = "urn:ihe:iti:2007:RegistryStoredQuery"
MESSAGE_ID = "urn:uuid:00000000-0000-4000-8000-000000000001"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

GOOD_HEADERS = (
    f'<wsa:Action s:mustUnderstand="1">{ACTION}</wsa:Action>'
    f"<wsa:MessageID>{MESSAGE_ID}</wsa:MessageID>"
    f"<wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
    '<wsa:To s:mustUnderstand="1">https://xds.example.org/service</wsa:To>'
)


def message(
    headers: str = GOOD_HEADERS, body: str = "<s:Body><x/></s:Body>", soap: str = SOAP
) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:wsa="{WSA}"><s:Header>{headers}</s:Header>'
        f"{body}</s:Envelope>"
    ).encode()


def fault_of(octets: bytes, **arguments: object) -> SoapFault:
    with pytest.raises(SoapFault) as raised:
        read_envelope(octets, **arguments)  # type: ignore[arg-type]
    fault = raised.value
    answered = read_envelope(write_fault(fault, message_id=MESSAGE_ID), answer=True)
    assert answered.relates_to == fault.request_id
    again = read_fault(answered.body)
    assert again is not None
    assert (again.reason, again.code, again.subcodes) == (fault.reason, fault.code, fault.subcodes)
    return fault


SAMPLES = {
    "iti18-finddocuments-request.xml": (
        "urn:ihe:iti:2007:RegistryStoredQuery",
        "{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}AdhocQueryRequest",
    ),
    "iti41-request.xml": (
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
        "{urn:ihe:iti:xds-b:2007}ProvideAndRegisterDocumentSetRequest",
    ),
    "iti42-request.xml": (
        "urn:ihe:iti:2007:RegisterDocumentSet-b",
        "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}SubmitObjectsRequest",
    ),
    "iti43-request.xml": (
        "urn:ihe:iti:2007:RetrieveDocumentSet",
        "{urn:ihe:iti:xds-b:2007}RetrieveDocumentSetRequest",
    ),
    "iti62-request.xml": (
        "urn:ihe:iti:2010:DeleteDocumentSet",
        "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}RemoveObjectsRequest",
    ),
    "iti86-request.xml": (
        "urn:ihe:iti:2017:RemoveDocuments",
        "{urn:ihe:iti:rmd:2017}RemoveDocumentsRequest",
    ),
}


@pytest.mark.parametrize(("name", "expected"), SAMPLES.items(), ids=SAMPLES.keys())
def test_a_sample_request_is_read_with_its_action_and_one_body(
    name: str, expected: tuple[str, str]
) -> None:
    octets = shared(f"reference/examples/{name}").read_bytes()
    action, tag = expected
    envelope = read_envelope(octets, announced_actions=[action])
    assert (envelope.action, envelope.body.tag) == expected
    assert envelope.message_id is not None
    assert envelope.message_id.startswith("urn:uuid:5b0a7d6e-")
    assert (envelope.to, envelope.reply_to) == ("https://xds.example.org/service", ANONYMOUS)
    assert envelope.relates_to is None
    assert envelope.header_blocks == ()
    assert envelope.octets is octets


def test_a_sample_answer_is_read_as_an_answer() -> None:
    octets = shared("reference/examples/iti41-response.xml").read_bytes()
    envelope = read_envelope(octets, answer=True)
    assert envelope.relates_to == "urn:uuid:5b0a7d6e-0000-4000-8000-000000004525"
    assert envelope.body.get("status", "").endswith(":Success")
    assert read_fault(envelope.body) is None


def test_our_fault_says_the_same_as_the_sample_fault() -> None:
    sample = shared("reference/examples/iti41-response-soap-fault.xml").read_bytes()
    written = write_fault(
        SoapFault("Malformed request"),
        relates_to="urn:uuid:5b0a7d6e-0000-4000-8000-000000004525",
        message_id="urn:uuid:5b0a7d6e-0000-4000-8000-000000004120",
    )
    assert canonical(written) == canonical(sample)


def test_a_body_may_use_every_declared_prefix_without_declaring_it() -> None:
    for prefix, namespace in PREFIXES.items():
        octets = write_envelope(f"<{prefix}:X/>".encode(), action="a", message_id="m", to="t")
        assert read_envelope(octets).body.tag == f"{{{namespace}}}X"


TEXTS = st.text(min_size=1, max_size=60).map(str.strip).filter(lambda t: t and is_xml_text(t))


@given(action=TEXTS, message_id=TEXTS, relates_to=st.none() | TEXTS, to=st.none() | TEXTS)
def test_what_is_written_is_read_again(
    action: str, message_id: str, relates_to: str | None, to: str | None
) -> None:
    octets = write_envelope(
        [b"<rs:RegistryResponse>", b"</rs:RegistryResponse>"],
        action=action,
        message_id=message_id,
        relates_to=relates_to,
        to=to,
    )
    envelope = read_envelope(octets, announced_actions=[action])
    assert (envelope.action, envelope.message_id) == (action, message_id)
    assert (envelope.relates_to, envelope.to) == (relates_to, to)
    assert envelope.body.tag == f"{{{PREFIXES['rs']}}}RegistryResponse"


def test_a_large_body_is_spliced_between_two_parts() -> None:
    before, after = envelope_parts(action=ACTION, message_id=MESSAGE_ID, relates_to="r")
    whole = write_envelope(b"<s:X/>", action=ACTION, message_id=MESSAGE_ID, relates_to="r")
    assert before + b"<s:X/>" + after == whole


def test_the_action_of_http_stands_in_for_a_missing_one() -> None:
    headers = f"<wsa:MessageID>{MESSAGE_ID}</wsa:MessageID>"
    assert read_envelope(message(headers), announced_actions=[ACTION]).action == ACTION


def test_an_envelope_without_header_is_read_when_it_is_an_answer() -> None:
    octets = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><x/></s:Body></s:Envelope>'.encode()
    assert read_envelope(octets, announced_actions=[ACTION], answer=True).message_id is None


def test_the_security_header_is_given_to_a_caller_that_understands_it() -> None:
    security = f'<w:Security xmlns:w="{WSSE}" s:mustUnderstand="true"><y/></w:Security>'
    octets = message(GOOD_HEADERS + security)
    envelope = read_envelope(octets, understood={f"{{{WSSE}}}Security"})
    assert [block.tag for block in envelope.header_blocks] == [f"{{{WSSE}}}Security"]

    fault = fault_of(octets)
    assert fault.code is FaultCode.MUST_UNDERSTAND
    assert fault.http_status == 400
    assert fault.request_id == MESSAGE_ID
    answer = read_xml(write_fault(fault, message_id="m"))
    (block,) = answer.iter(f"{{{SOAP}}}NotUnderstood")
    prefix, _, local = block.get("qname", "").partition(":")
    assert (block.nsmap[prefix], local) == (WSSE, "Security")


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        's:mustUnderstand="0"',
        's:mustUnderstand="false"',
        f's:mustUnderstand="1" s:role="{SOAP}/role/none"',
        's:mustUnderstand="1" s:role="urn:somebody-else"',
    ],
)
def test_a_header_that_need_not_be_understood_here_is_let_through(attributes: str) -> None:
    read_envelope(message(GOOD_HEADERS + f'<q:X xmlns:q="urn:q" {attributes}/>'))


@pytest.mark.parametrize(
    "attributes",
    [
        's:mustUnderstand=" 1 "',
        f's:mustUnderstand="1" s:role="{SOAP}/role/next"',
        f's:mustUnderstand="true" s:role="{SOAP}/role/ultimateReceiver"',
    ],
)
def test_a_header_that_must_be_understood_here_is_a_fault(attributes: str) -> None:
    fault = fault_of(message(GOOD_HEADERS + f'<q:X xmlns:q="urn:q" {attributes}/>'))
    assert fault.code is FaultCode.MUST_UNDERSTAND


def test_soap_1_1_is_answered_with_the_version_we_speak() -> None:
    fault = fault_of(message(soap=SOAP_11))
    assert fault.code is FaultCode.VERSION_MISMATCH
    assert fault.http_status == 400
    answer = read_xml(write_fault(fault, message_id="m"))
    (supported,) = answer.iter(f"{{{SOAP}}}SupportedEnvelope")
    assert supported.get("qname") == "s:Envelope"
    assert supported.nsmap["s"] == SOAP


BROKEN = {
    "two Bodies": message(body="<s:Body><x/></s:Body><s:Body><x/></s:Body>"),
    "no Body": message(body=""),
    "an empty Body": message(body="<s:Body/>"),
    "two requests in the Body": message(body="<s:Body><x/><y/></s:Body>"),
    "text in the Body": message(body="<s:Body>text<x/></s:Body>"),
    "text after the request": message(body="<s:Body><x/>text</s:Body>"),
    "text after the Body": message(body="<s:Body><x/></s:Body>text"),
    "something after the Body": message(body="<s:Body><x/></s:Body><y/>"),
    "two Headers": message(body="<s:Header/><s:Body><x/></s:Body>"),
    "a Header after the Body": (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><x/></s:Body><s:Header/></s:Envelope>'.encode()
    ),
    "a Body of another namespace": message(body='<Body xmlns="urn:x"><x/></Body>'),
    "a Body in the Header only": message(headers=GOOD_HEADERS + "<s:Body><x/></s:Body>", body=""),
    "no envelope": b"<x/>",
    "no XML": b"hello",
    "a document type": b"<!DOCTYPE x>" + message(),
    "a strange mustUnderstand": message(
        GOOD_HEADERS + '<q:X xmlns:q="urn:q" s:mustUnderstand="yes"/>'
    ),
    "an element in the MessageID": message(GOOD_HEADERS.replace("urn:uuid:", "urn:<x/>uuid:", 1)),
}


@pytest.mark.parametrize("octets", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_envelope_is_the_senders_fault_with_a_place(octets: bytes) -> None:
    fault = fault_of(octets)
    assert fault.code is FaultCode.SENDER
    assert fault.http_status == 400
    assert fault.reason.startswith("line ")
    assert "; " in fault.reason


def header(name: str, value: str) -> str:
    return f"<wsa:{name}>{value}</wsa:{name}>"


def reply_to(address: str, name: str = "ReplyTo") -> str:
    return header(name, header("Address", address))


BASE = header("Action", ACTION) + header("MessageID", MESSAGE_ID)
ADDRESSING_FAULTS = {
    "ReplyTo a third party": (
        BASE + reply_to("http://127.0.0.1:9/"),
        ("InvalidAddressingHeader", "OnlyAnonymousAddressSupported"),
    ),
    "FaultTo a third party": (
        BASE + reply_to("http://127.0.0.1:9/", "FaultTo"),
        ("InvalidAddressingHeader", "OnlyAnonymousAddressSupported"),
    ),
    "ReplyTo without address": (
        BASE + header("ReplyTo", ""),
        ("InvalidAddressingHeader", "MissingAddressInEPR"),
    ),
    "ReplyTo with two addresses": (
        BASE + header("ReplyTo", header("Address", ANONYMOUS) * 2),
        ("InvalidAddressingHeader", "InvalidEPR"),
    ),
    "two Actions": (BASE * 2, ("InvalidAddressingHeader", "InvalidCardinality")),
    "two MessageIDs": (
        BASE + header("MessageID", "urn:x"),
        ("InvalidAddressingHeader", "InvalidCardinality"),
    ),
    "no Action": (header("MessageID", MESSAGE_ID), ("MessageAddressingHeaderRequired",)),
    "no MessageID": (header("Action", ACTION), ("MessageAddressingHeaderRequired",)),
    "no addressing": ("", ("MessageAddressingHeaderRequired",)),
    "an empty MessageID": (
        header("Action", ACTION) + header("MessageID", " "),
        ("InvalidAddressingHeader",),
    ),
    "a MessageID as long as a book": (
        header("Action", ACTION) + header("MessageID", "x" * 2001),
        ("InvalidAddressingHeader",),
    ),
    "addressing of another year": (
        '<o:Action xmlns:o="http://schemas.xmlsoap.org/ws/2004/08/addressing">x</o:Action>',
        ("MessageAddressingHeaderRequired",),
    ),
}


@pytest.mark.parametrize(
    ("headers", "subcodes"), ADDRESSING_FAULTS.values(), ids=ADDRESSING_FAULTS.keys()
)
def test_broken_addressing_is_a_fault_with_the_standards_subcode(
    headers: str, subcodes: tuple[str, ...]
) -> None:
    fault = fault_of(message(headers))
    assert fault.subcodes == tuple(f"{{{WSA}}}{name}" for name in subcodes)
    assert fault.action == "http://www.w3.org/2005/08/addressing/fault"
    assert fault.http_status == 400
    assert fault.detail


def test_actions_that_disagree_are_a_fault_that_shows_both() -> None:
    fault = fault_of(message(), announced_actions=[ACTION, "urn:other\x01<&>"])
    assert fault.subcodes[-1] == f"{{{WSA}}}ActionMismatch"
    assert ACTION in fault.reason
    assert "urn:other\ufffd<&>" in fault.reason


def test_an_answer_to_nobody_is_accepted_and_known() -> None:
    assert read_envelope(message(BASE + reply_to(NONE))).reply_to == NONE


def test_only_the_message_answered_counts_as_related() -> None:
    headers = BASE + '<wsa:RelatesTo RelationshipType="urn:other">x</wsa:RelatesTo>'
    assert read_envelope(message(headers)).relates_to is None
    assert read_envelope(message(headers + header("RelatesTo", "y"))).relates_to == "y"


def test_a_message_over_the_limit_is_refused_as_too_large() -> None:
    many = message(body="<s:Body><x>" + "<y/>" * SOAP_LIMITS.nodes + "</x></s:Body>")
    assert fault_of(many).http_status == 413


def test_our_own_failure_is_the_receivers_fault_and_the_only_500() -> None:
    fault = SoapFault("out of order; try again later", code=FaultCode.RECEIVER)
    assert fault.http_status == 500
    assert all(SoapFault("x", code=c).http_status == 400 for c in FaultCode if c is not fault.code)


@given(st.text(max_size=40), st.sampled_from(FaultCode))
def test_any_reason_can_be_told(reason: str, code: FaultCode) -> None:
    subcodes = (f"{{{WSA}}}EndpointUnavailable", "{urn:q&}Own", "Bare")
    fault = SoapFault(reason, code=code, subcodes=subcodes, detail=b"<rs:X/>")
    envelope = read_envelope(write_fault(fault, message_id="m", relates_to="r"), answer=True)
    again = read_fault(envelope.body)
    assert again is not None
    assert (again.code, again.subcodes) == (code, subcodes)
    assert again.reason == "".join(c if is_xml_text(c) else "\ufffd" for c in reason)
    (detail,) = envelope.body.iter(f"{{{SOAP}}}Detail")
    assert [etree.QName(d).localname for d in detail] == ["X"]
    assert read_xml(again.detail).tag == f"{{{PREFIXES['rs']}}}X"


def test_what_a_peer_sent_is_shown_short_and_harmless() -> None:
    assert shown("a\r\n\x1b") == '"a\ufffd\ufffd\ufffd"'
    assert len(shown("x" * 5000)) < 250


def test_the_body_of_an_inline_message_is_reached() -> None:
    body = read_envelope(message(body="<s:Body><x>AAAA</x></s:Body>")).body
    assert text_of(body) == "AAAA"


def test_blanks_and_comments_between_the_elements_are_no_text() -> None:
    blanks = " \n<!-- x -->\t" + " " * 400 + "&#32;"
    octets = message(body=f"{blanks}<s:Body>{blanks}<x/>{blanks}</s:Body>{blanks}")
    assert read_envelope(octets).body.tag == "x"
