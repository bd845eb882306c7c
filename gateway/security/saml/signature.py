"""Whether an assertion is signed by its issuer, and the tree that the signature covers.

The form is checked first, element by element, so that the library which verifies has one thing to
do only: this key, this signature, this element. What it returns is the only tree anything is read
from.

Source:
    XML Signature 1.1: 4; SAML 2.0 core: 5.4; threats S1 to S4, S6.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.codecs.xml import Element, XmlLimits, XmlRefused, read_xml
from gateway.security.errors import INVALID_SECURITY_TOKEN, NotAuthenticated
from gateway.security.instants import datetime_of
from gateway.security.saml.names import (
    DIGEST_ALGORITHMS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE_NAMESPACES,
    SIGNATURE_ALGORITHMS,
    ds,
    saml,
)

_LIMITS = XmlLimits(octets=512 * 1024, nodes=10_000)
_SIGNATURE_METHODS = frozenset(m for m in SignatureMethod if m.value in SIGNATURE_ALGORITHMS)
_DIGESTS = frozenset(d for d in DigestAlgorithm if d.value in DIGEST_ALGORITHMS)
_BASE64 = re.compile(r"[A-Za-z0-9+/ \t\r\n]++={0,2}[ \t\r\n]*+")
_MOST_CERTIFICATES = 8


def read_assertion(octets: bytes) -> Element:
    """Give the tree of an assertion's octets, not verified yet.

    Raises:
        NotAuthenticated: When it is not exactly one assertion with exactly one signature of the
            form that is taken.
    """
    try:
        root = read_xml(octets, limits=_LIMITS, keep_blanks=True)
    except XmlRefused:
        raise _refused("the assertion cannot be read") from None
    if root.tag != saml("Assertion") or root.get("Version") != "2.0":
        raise _refused("the assertion is of another version")
    if [child.tag for child in root][:2] != [saml("Issuer"), ds("Signature")]:
        raise _refused("the assertion has no signature of its own after its issuer")
    if len(list(root.iter(ds("Signature")))) != 1 or list(root.iter(ds("Object"))):
        raise _refused("the assertion holds more than one signature")
    _check_form(root[1], root.get("ID", ""))
    return root


def certificates_of(signature: Element) -> list[x509.Certificate]:
    """Give the certificates a signature says it was made with, trusted by nobody yet.

    Raises:
        NotAuthenticated: When one cannot be read.
    """
    found = []
    for element in signature.iterfind(f"{ds('KeyInfo')}/{ds('X509Data')}/{ds('X509Certificate')}"):
        try:
            found.append(x509.load_der_x509_certificate(octets_of(element)))
        except ValueError:
            raise _refused("a certificate of the signature cannot be read") from None
        if len(found) > _MOST_CERTIFICATES:
            raise _refused("the signature has too many certificates")
    return found


def verify_signature(root: Element, certificate: x509.Certificate, now: float) -> Element:
    """Give the signed tree of an assertion, without its signature.

    Args:
        root: As :func:`read_assertion` gave it.
        certificate: Whose key must have signed; that it may is made sure of elsewhere.
        now: Seconds since 1970.

    Raises:
        NotAuthenticated: When the signature does not hold.
    """
    config = SignatureConfiguration(
        require_x509=True,
        location="./",
        expect_references=1,
        signature_methods=_SIGNATURE_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=datetime_of(now),
    )
    own = root.get("ID")
    try:
        # Its schema knows no list of prefixes where the standard allows one; the form was checked.
        result = XMLVerifier().verify(
            root,
            x509_cert=certificate,
            id_attribute="ID",
            expect_config=config,
            validate_schema=False,
        )
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, KeyError):
        # The library meets what an attacker wrote; whatever it stumbles on is no signature.
        raise _refused("the signature does not hold") from None
    if isinstance(result, list) or result.signed_xml is None:
        raise _refused("the signature does not hold")
    signed: Element = result.signed_xml
    if signed.tag != saml("Assertion") or signed.get("ID") != own:
        raise _refused("the signature is about something else")
    return signed


def octets_of(element: Element) -> bytes:
    """Give the octets of a base64 text.

    Raises:
        NotAuthenticated: When it is none.
    """
    text = element.text or ""
    if len(element) or not _BASE64.fullmatch(text):
        raise _refused("a value of the signature is not base64")
    try:
        return b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        raise _refused("a value of the signature is not base64") from None


def _refused(message: str) -> NotAuthenticated:
    return NotAuthenticated(message, subcode=INVALID_SECURITY_TOKEN)


def _check_form(signature: Element, own_id: str) -> None:
    """Refuse every signature that is more, or other, than an issuer's over its own assertion."""
    parts = [child.tag for child in signature]
    if parts not in (
        [ds("SignedInfo"), ds("SignatureValue")],
        [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")],
    ):
        raise _refused("the signature has other parts than a signature has")
    info = signature[0]
    if [child.tag for child in info] != [
        ds("CanonicalizationMethod"),
        ds("SignatureMethod"),
        ds("Reference"),
    ]:
        raise _refused("the signature has not exactly one reference")
    canonicalization, method, reference = info
    _check_exclusive(canonicalization)
    if method.get("Algorithm") not in SIGNATURE_ALGORITHMS or len(method):
        raise _refused("the signature's algorithm is not taken")
    if reference.get("URI") != f"#{own_id}" or reference.get("Type"):
        raise _refused("the signature refers to something else")
    if [child.tag for child in reference] != [
        ds("Transforms"),
        ds("DigestMethod"),
        ds("DigestValue"),
    ]:
        raise _refused("the signature's reference has other parts than a reference has")
    transforms, digest, value = reference
    # The library reads over what is not base64; two texts of one signature are one too many.
    octets_of(value)
    octets_of(signature[1])
    if [child.tag for child in transforms] != [ds("Transform")] * 2:
        raise _refused("the signature has not exactly the two transforms")
    enveloped, exclusive = transforms
    if enveloped.get("Algorithm") != ENVELOPED or len(enveloped):
        raise _refused("the signature's first transform is not taken")
    _check_exclusive(exclusive)
    if digest.get("Algorithm") not in DIGEST_ALGORITHMS or len(digest):
        raise _refused("the signature's digest is not taken")


def _check_exclusive(method: Element) -> None:
    """Make sure that a method is Exclusive Canonicalization, at most with a list of prefixes."""
    if method.get("Algorithm") != EXCLUSIVE or any(
        child.tag != INCLUSIVE_NAMESPACES for child in method
    ):
        raise _refused("the canonical form is not taken")
    if len(method) > 1:
        raise _refused("the canonical form is not taken")
