"""Whatever stands inside a value, anywhere in it: the whole value is read, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.model.subject import AccessRequest
from gateway.security.authenticator import Authenticator
from gateway.security.errors import NotAuthenticated
from tests.security.signing import Provider, Written, signed
from tests.security.world import World, accepted, message, refusal

PROVIDER = Provider()
ATTRIBUTES = (
    '<saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:subject:organization-id">'
    "<saml:AttributeValue>CLINIC-1^^^&amp;2.999.1.3&amp;ISO</saml:AttributeValue></saml:Attribute>"
    '<saml:Attribute Name="https://fhir-xds-gateway.example/identity/on-behalf-of">'
    "<saml:AttributeValue>DOC-0008^^^&amp;2.999.1.2&amp;ISO</saml:AttributeValue></saml:Attribute>"
    '<saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"><saml:AttributeValue>'
    "TREAT^2.16.840.1.113883.5.8</saml:AttributeValue></saml:Attribute>"
)
FIELDS = {
    "person": b"DOC-0007^^^&amp;2.999.1.2&amp;ISO",
    "patient": b"ALBA-0001^^^&amp;2.999.1.1&amp;ISO",
    "structure": b"CLINIC-1^^^&amp;2.999.1.3&amp;ISO",
    "on behalf of": b"DOC-0008^^^&amp;2.999.1.2&amp;ISO",
    "purpose": b"TREAT^2.16.840.1.113883.5.8",
}
THINGS = {
    "comment": b"<!---->",
    "long comment": b"<!-- x -->",
    "instruction": b"<?x y?>",
    "empty CDATA": b"<![CDATA[]]>",
    "element": b"<x/>",
    "entity": b"&x;",
}
ASSERTION = signed(Written(attributes=ATTRIBUTES), PROVIDER.pair)


def positions(value: bytes) -> Iterator[int]:
    """Every place between two characters; inside a reference nothing can stand."""
    at = 0
    while at <= len(value):
        yield at
        at = value.index(b";", at) + 1 if value[at : at + 1] == b"&" else at + 1


@pytest.fixture
def gateway(ihe: World) -> Authenticator:
    return ihe.authenticator([PROVIDER.issuer()], [])


def told(access: AccessRequest) -> tuple[str, ...]:
    subject = access.subject
    return (
        str(subject.id),
        str(access.patient),
        str(subject.structure),
        str(subject.on_behalf_of),
        *("^".join(code.key) for code in access.purposes),
    )


def test_the_message_itself_is_accepted(gateway: Authenticator) -> None:
    assert told(accepted(gateway, message(ASSERTION))) == (
        "DOC-0007^^^&2.999.1.2&ISO",
        "ALBA-0001^^^&2.999.1.1&ISO",
        "CLINIC-1^^^&2.999.1.3&ISO",
        "DOC-0008^^^&2.999.1.2&ISO",
        "TREAT^2.16.840.1.113883.5.8",
    )


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("thing", THINGS)
def test_a_value_is_read_whole_or_not_at_all(ihe: World, field: str, thing: str) -> None:
    value, inside = FIELDS[field], THINGS[thing]
    right = told(accepted(ihe.authenticator([PROVIDER.issuer()], []), message(ASSERTION)))
    gateway = ihe.authenticator([PROVIDER.issuer()], [])
    for at in positions(value):
        changed = value[:at] + inside + value[at:]
        assert ASSERTION.count(value) == 1
        octets = message(ASSERTION.replace(value, changed))
        try:
            access = accepted(gateway, octets)
        except NotAuthenticated:
            continue
        assert told(access) == right, (field, thing, at)
        # Only what disappears from the signed form may be there at all, and it is no comment.
        assert thing == "empty CDATA"


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_written_with_cdata_or_references_is_the_same_value(ihe: World, field: str) -> None:
    value = FIELDS[field]
    plain = value.replace(b"&amp;", b"&")
    right = told(accepted(ihe.authenticator([PROVIDER.issuer()], []), message(ASSERTION)))
    for spelled in (
        b"<![CDATA[" + plain + b"]]>",
        b"".join(b"&#%d;" % octet for octet in plain),
        b"".join(b"&#x%x;" % octet for octet in plain),
        plain[:3] + b"<![CDATA[" + plain[3:] + b"]]>",
    ):
        gateway = ihe.authenticator([PROVIDER.issuer()], [])
        access = accepted(gateway, message(ASSERTION.replace(value, spelled)))
        assert told(access) == right


def test_a_document_type_is_refused(gateway: Authenticator) -> None:
    octets = message(ASSERTION)
    declaration, rest = octets.split(b"\n", 1)
    doctype = b'<!DOCTYPE s [<!ENTITY x "EVIL">]>'
    assert refusal(gateway, declaration + doctype + rest)
    assert refusal(gateway, doctype + rest)


def test_a_comment_between_elements_says_nothing_and_is_let_be(gateway: Authenticator) -> None:
    # As published samples of the French assertion have them.
    octets = ASSERTION.replace(b"<saml:NameID>", b"<!-- who answers --><saml:NameID>")
    octets = octets.replace(b"<saml:AttributeStatement>", b"<saml:AttributeStatement><!-- x -->")
    assert refusal(gateway, message(octets)) == ""


def test_a_comment_in_an_empty_value_is_refused(ihe: World) -> None:
    written = Written(
        attributes='<saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:subject:subject-id">'
        "<saml:AttributeValue></saml:AttributeValue></saml:Attribute>"
    )
    octets = signed(written, PROVIDER.pair)
    gateway = ihe.authenticator([PROVIDER.issuer()], [])
    commented = octets.replace(
        b"<saml:AttributeValue/>", b"<saml:AttributeValue><!--x--></saml:AttributeValue>"
    )
    assert commented != octets
    assert "comment" in refusal(gateway, message(commented))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_another_encoding_is_the_same_message(ihe: World, encoding: str) -> None:
    octets = message(ASSERTION).decode().replace('encoding="UTF-8"', "").encode(encoding)
    gateway = ihe.authenticator([PROVIDER.issuer()], [])
    if encoding == "utf-16":
        octets = message(ASSERTION).decode().replace("UTF-8", "UTF-16", 1).encode(encoding)
    assert refusal(gateway, octets) == ""


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16-le", "utf-32", "latin-1", "cp037"])
def test_encodings_two_readers_could_differ_about_are_refused(
    gateway: Authenticator, encoding: str
) -> None:
    text = message(ASSERTION).decode().replace("UTF-8", encoding, 1)
    assert refusal(gateway, text.encode(encoding))
