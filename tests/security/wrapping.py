"""Messages in which a genuine assertion is moved, copied and nested around a forged one.

Every shape known from published attacks (the eight classic ones are among them) and the product of
all positions with all ways of naming and signing the two. ``GENUINE`` is what the provider signed;
whoever is made to believe ``FORGED`` has read something nobody signed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product

from gateway.security.errors import WSSE
from gateway.security.saml.names import SAML, SOAP

GENUINE = "DOC-0007"
FORGED = "EVIL-0666"

_SIGNATURE = re.compile(rb"<ds:Signature>.*</ds:Signature>", re.DOTALL)
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

Place = Callable[[bytes, bytes], bytes]


def _before(mark: bytes) -> Place:
    return lambda into, what: into.replace(mark, what + mark, 1)


def _after(mark: bytes) -> Place:
    return lambda into, what: into.replace(mark, mark + what, 1)


def _start_of(element: bytes) -> Place:
    found = re.compile(rb"<" + element + rb"(?: [^<>]*[^/])?>")

    def put(into: bytes, what: bytes) -> bytes:
        match = found.search(into)
        return into if match is None else into[: match.end()] + what + into[match.end() :]

    return put


IN_THE_ASSERTION: dict[str, Place] = {
    "before the issuer": _before(b"<saml:Issuer"),
    "in the issuer": _start_of(b"saml:Issuer"),
    "after the issuer": _after(b"</saml:Issuer>"),
    "before the subject": _before(b"<saml:Subject>"),
    "in the name": _start_of(b"saml:NameID"),
    "after the name": _after(b"</saml:NameID>"),
    "in the conditions": _start_of(b"saml:Conditions"),
    "as advice": lambda into, what: _before(b"<saml:AuthnStatement")(
        into, b"<saml:Advice>" + what + b"</saml:Advice>"
    ),
    "in the statement": _start_of(b"saml:AttributeStatement"),
    "in an attribute": _start_of(b"saml:Attribute"),
    "in a value": _start_of(b"saml:AttributeValue"),
    "at the end": _before(b"</saml:Assertion>"),
    "as object of the signature": lambda into, what: _before(b"</ds:Signature>")(
        into, b"<ds:Object>" + what + b"</ds:Object>"
    ),
    "in the signed info": _start_of(b"ds:SignedInfo"),
    "in the key": _start_of(b"ds:KeyInfo"),
    "in a transform": lambda into, what: into.replace(
        b'xml-exc-c14n#"/></ds:Transforms>',
        b'xml-exc-c14n#">' + what + b"</ds:Transform></ds:Transforms>",
        1,
    ),
}

IN_THE_MESSAGE: dict[str, Place] = {
    "first in the header": _start_of(b"s:Header"),
    "last in the header": _before(b"</s:Header>"),
    "first in the security header": _start_of(b"wsse:Security"),
    "last in the security header": _before(b"</wsse:Security>"),
    "in a timestamp": lambda into, what: _before(b"</wsse:Security>")(
        into, f'<u:Timestamp xmlns:u="{_WSU}">'.encode() + what + b"</u:Timestamp>"
    ),
    "in a wrapper of the security header": lambda into, what: _before(b"</wsse:Security>")(
        into, b"<w:Wrapper xmlns:w='urn:example'>" + what + b"</w:Wrapper>"
    ),
    "in a second security header": lambda into, what: _before(b"</s:Header>")(
        into, f'<wsse:Security xmlns:wsse="{WSSE}">'.encode() + what + b"</wsse:Security>"
    ),
    "in a security header before": lambda into, what: _start_of(b"s:Header")(
        into, f'<wsse:Security xmlns:wsse="{WSSE}">'.encode() + what + b"</wsse:Security>"
    ),
    "in a header of another role": lambda into, what: _start_of(b"s:Header")(
        into,
        f'<h:Other xmlns:h="urn:example" xmlns:s="{SOAP}" s:role="urn:none">'.encode()
        + what
        + b"</h:Other>",
    ),
    "first in the body": _start_of(b"s:Body"),
    "in the request": _before(b"</q>"),
    "last in the body": _before(b"</s:Body>"),
    "before the header": _before(b"<s:Header"),
    "between header and body": _before(b"<s:Body"),
    "after the body": _after(b"</s:Body>"),
    "in a header before the header": lambda into, what: _before(b"<s:Header")(
        into, b"<s:Header>" + what + b"</s:Header>"
    ),
}

NAMES: dict[str, Callable[[bytes], bytes]] = {
    "the same ID": lambda forged: forged,
    "another ID": lambda forged: forged.replace(b' ID="_a1"', b' ID="_evil"', 1),
    "no ID": lambda forged: forged.replace(b' ID="_a1"', b"", 1),
    "an Id": lambda forged: forged.replace(b' ID="_a1"', b' Id="_a1"', 1),
    "an id": lambda forged: forged.replace(b' ID="_a1"', b' id="_a1"', 1),
    "an AssertionID": lambda forged: forged.replace(b' ID="_a1"', b' AssertionID="_a1"', 1),
    "an xml:id": lambda forged: forged.replace(b' ID="_a1"', b' ID="_evil" xml:id="_a1"', 1),
    "an empty ID": lambda forged: forged.replace(b' ID="_a1"', b' ID=""', 1),
}


def signature_of(assertion: bytes) -> bytes:
    found = _SIGNATURE.search(assertion)
    assert found
    return found[0]


def unsigned(assertion: bytes) -> bytes:
    return _SIGNATURE.sub(b"", assertion, count=1)


# What becomes of the one genuine signature: (the forged assertion, the genuine one).
SIGNATURES: dict[str, Callable[[bytes, bytes], tuple[bytes, bytes]]] = {
    "both have it": lambda forged, genuine: (forged, genuine),
    "the genuine one has it": lambda forged, genuine: (unsigned(forged), genuine),
    "the forged one has it": lambda forged, genuine: (forged, unsigned(genuine)),
    "it stands behind the forged one's subject": lambda forged, genuine: (
        _before(b"<saml:Conditions")(unsigned(forged), signature_of(genuine)),
        unsigned(genuine),
    ),
}


def forged_from(genuine: bytes) -> bytes:
    return genuine.replace(GENUINE.encode(), FORGED.encode())


def forged_assertions(genuine: bytes) -> Iterator[tuple[str, bytes]]:
    """Forged assertions with the genuine one somewhere inside."""
    forged = forged_from(genuine)
    for (a, name), (b, sign), (c, place) in product(
        NAMES.items(), SIGNATURES.items(), IN_THE_ASSERTION.items()
    ):
        outer, inner = sign(name(forged), genuine)
        yield f"{a}, {b}, genuine {c}", place(outer, inner)


def messages(genuine: bytes, envelope: Callable[[bytes], bytes]) -> Iterator[tuple[str, bytes]]:
    """Messages with both assertions in every arrangement.

    Args:
        envelope: Puts an assertion, or nothing, at the legal place.
    """
    forged = forged_from(genuine)
    for said, assertion in forged_assertions(genuine):
        yield f"forged at the legal place: {said}", envelope(assertion)
    for (a, name), (b, sign), (c, place) in product(
        NAMES.items(), SIGNATURES.items(), IN_THE_MESSAGE.items()
    ):
        outer, inner = sign(name(forged), genuine)
        yield f"forged at the legal place: {a}, {b}, genuine {c}", place(envelope(outer), inner)
        yield f"genuine at the legal place: {a}, {b}, forged {c}", place(envelope(inner), outer)
    for (a, name), (c, place) in product(NAMES.items(), IN_THE_MESSAGE.items()):
        lone = place(envelope(b""), name(forged))
        yield f"forged alone {c}: {a}", lone
        yield f"genuine alone {c}: {a}", place(envelope(b""), name(genuine))
    for (a, name), (b, inside), (c, place) in product(
        NAMES.items(), IN_THE_ASSERTION.items(), IN_THE_MESSAGE.items()
    ):
        # The genuine one stays whole; a forged one that holds only the signature stands elsewhere.
        copy = inside(unsigned(name(forged)), signature_of(genuine))
        yield (
            f"genuine at the legal place: {a}, signature {b}, forged {c}",
            place(envelope(genuine), copy),
        )
    wrapped = genuine.replace(
        b"<saml:Subject>",
        f'<saml:Subject xmlns:saml="{SAML}"><saml:NameID>{FORGED}</saml:NameID></saml:Subject>'
        "<saml:Subject>".encode(),
        1,
    )
    yield "a second subject before", envelope(wrapped)
