"""An assertion for somebody, signed, as a WS-Security header carries it.

What the development authority issues, and what tests begin with. Facts are written where the
profile reads them, so that one table serves both directions.

Source:
    SAML 2.0 core: 2; IHE ITI TF-2: 3.40.4.1.2; XML Signature 1.1.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree
from signxml.signer import XMLSigner

from gateway.codecs.xml import escape_attribute, escape_text, read_xml
from gateway.model.datatypes import Code, Identifier
from gateway.profile.identity import NAME_ID, AssertionRules
from gateway.security.certificates import der_of
from gateway.security.errors import WSSE
from gateway.security.instants import text_of_instant
from gateway.security.saml.names import BEARER, DS, EXCLUSIVE, HL7, HOLDER_OF_KEY, SAML, XSI
from gateway.security.subjects import Fact, Facts

SigningKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey

_X509_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_ELEMENTS = {"role": "Role", "purpose": "PurposeOfUse"}
_IDENTIFIERS = frozenset({"urn:ihe:iti:xua:2017:subject:provider-identifier"})
"""Attributes whose identifiers are written as II of HL7 v3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionFrame:
    """What an assertion says beside its facts.

    Attributes:
        id: Of this assertion, never used before.
        issuer: Name; for a name of a certificate, its text.
        audiences: None where the community does not restrict its assertions.
        issued: Seconds since 1970.
        lifetime: Seconds from there.
        holder: Certificate the client must have; without one the assertion is a bearer's.
        context: Last part of the class of authentication.
    """

    id: str
    issuer: str
    issued: float
    lifetime: int
    audiences: tuple[str, ...] = ()
    issuer_is_certificate: bool = False
    holder: x509.Certificate | None = None
    context: str = "unspecified"


def write_assertion(
    facts: Facts,
    rules: AssertionRules,
    frame: AssertionFrame,
    key: SigningKey,
    certificate: x509.Certificate,
) -> bytes:
    """Give a signed assertion.

    Args:
        facts: What it tells, by word.
        key: Of the certificate.
    """
    root = read_xml(_unsigned(facts, rules, frame).encode(), keep_blanks=True)
    kind = "rsa-sha256" if isinstance(key, RSAPrivateKey) else "ecdsa-sha256"
    signer = XMLSigner(signature_algorithm=kind, c14n_algorithm=EXCLUSIVE)
    # The prefix declared at the root already, so that no tree has to declare it anew.
    signed = signer.sign(
        root, key=key, cert=[certificate], reference_uri=frame.id, id_attribute="ID"
    )
    octets: bytes = etree.tostring(signed, encoding="utf-8")
    return octets


def write_security_header(assertion: bytes) -> bytes:
    """Give the header block around an assertion, spliced as octets.

    Source:
        WSS SOAP Message Security 1.1: 5.
    """
    opening = (
        f'<wsse:Security xmlns:wsse="{WSSE}" '
        'xmlns:s="http://www.w3.org/2003/05/soap-envelope" s:mustUnderstand="1">'
    )
    return opening.encode() + assertion + b"</wsse:Security>"


def _unsigned(facts: Facts, rules: AssertionRules, frame: AssertionFrame) -> str:
    begins, ends = text_of_instant(frame.issued), text_of_instant(frame.issued + frame.lifetime)
    form = f' Format="{_X509_NAME}"' if frame.issuer_is_certificate else ""
    period = f' NotBefore="{begins}" NotOnOrAfter="{ends}"'
    return "".join(
        (
            f'<saml:Assertion xmlns:saml="{SAML}" xmlns:ds="{DS}" xmlns:xsi="{XSI}" '
            f'Version="2.0" ID="{escape_attribute(frame.id)}" IssueInstant="{begins}">',
            f"<saml:Issuer{form}>{escape_text(frame.issuer)}</saml:Issuer>",
            '<ds:Signature Id="placeholder"></ds:Signature>',
            f"<saml:Subject><saml:NameID>{escape_text(_name_id(facts))}</saml:NameID>",
            _confirmation(frame, ends),
            "</saml:Subject>",
            f"<saml:Conditions{period}>{_audiences(frame)}</saml:Conditions>",
            f'<saml:AuthnStatement AuthnInstant="{begins}"><saml:AuthnContext>'
            f"<saml:AuthnContextClassRef>{_CONTEXT}{escape_text(frame.context)}"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>",
            "<saml:AttributeStatement>",
            *_attributes(facts, rules),
            "</saml:AttributeStatement></saml:Assertion>",
        )
    )


def _name_id(facts: Facts) -> str:
    for word in ("person", "citizen", "client_id"):
        for fact in facts.get(word, ()):
            return fact.text if isinstance(fact, Identifier) else str(fact)
    return "nobody"


def _confirmation(frame: AssertionFrame, ends: str) -> str:
    if frame.holder is None:
        return (
            f'<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData '
            f'NotOnOrAfter="{ends}"/></saml:SubjectConfirmation>'
        )
    certificate = b64encode(der_of(frame.holder)).decode()
    return (
        f'<saml:SubjectConfirmation Method="{HOLDER_OF_KEY}"><saml:SubjectConfirmationData '
        f'xsi:type="saml:KeyInfoConfirmationDataType" NotOnOrAfter="{ends}"><ds:KeyInfo>'
        f"<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"
        "</ds:KeyInfo></saml:SubjectConfirmationData></saml:SubjectConfirmation>"
    )


def _audiences(frame: AssertionFrame) -> str:
    if not frame.audiences:
        return ""
    named = "".join(f"<saml:Audience>{escape_text(one)}</saml:Audience>" for one in frame.audiences)
    return f"<saml:AudienceRestriction>{named}</saml:AudienceRestriction>"


def _attributes(facts: Facts, rules: AssertionRules) -> Iterable[str]:
    for name, accepted in rules.required_values.items():
        yield _attribute(name, [f"{escape_text(accepted[-1])}"])
    for word, values in facts.items():
        names = [name for name in rules.attributes.get(word, ()) if name != NAME_ID]
        if names and rules.attributes[word][0] != NAME_ID:
            yield _attribute(names[0], [_value(word, names[0], one) for one in values])


def _attribute(name: str, values: Iterable[str]) -> str:
    written = "".join(f"<saml:AttributeValue>{one}</saml:AttributeValue>" for one in values)
    return f'<saml:Attribute Name="{escape_attribute(name)}">{written}</saml:Attribute>'


def _value(word: str, name: str, fact: Fact) -> str:
    if isinstance(fact, Code) and word in _ELEMENTS:
        display = f' displayName="{escape_attribute(fact.display)}"' if fact.display else ""
        return (
            f'<{_ELEMENTS[word]} xmlns="{HL7}" xsi:type="CE" code="{escape_attribute(fact.code)}" '
            f'codeSystem="{escape_attribute(fact.scheme)}"{display}/>'
        )
    if isinstance(fact, Code):
        return escape_text(f"{fact.code}^{fact.scheme}")
    text = fact.text if isinstance(fact, Identifier) else fact
    if name in _IDENTIFIERS and "^" in text:
        read = Identifier(text)
        return (
            f'<id xmlns="{HL7}" xsi:type="II" root="{escape_attribute(read.authority)}" '
            f'extension="{escape_attribute(read.value)}"/>'
        )
    return escape_text(text)
