"""Each algorithm and form that is not on the list is refused in an otherwise valid message."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from gateway.security.authenticator import Authenticator
from gateway.security.certificates import CertificateTrust, der_of
from gateway.security.saml.names import DIGEST_ALGORITHMS, EXCLUSIVE, SIGNATURE_ALGORITHMS
from gateway.security.saml.signature import certificates_of
from tests.security.signing import (
    OldSigner,
    Written,
    certified,
    ec_key,
    rsa_key,
    signed,
    trusting,
)
from tests.security.world import World, message, refusal

RSA = certified("rsa", key=rsa_key(1))
EC = certified("ec", key=ec_key(1))
TRUST = CertificateTrust(pinned=(RSA.certificate, EC.certificate))
RIGHT = signed(Written(), RSA)


@pytest.fixture
def gateway(ihe: World) -> Authenticator:
    return ihe.authenticator([trusting(TRUST)], [])


def signable(method: SignatureMethod) -> bool:
    return method.name.startswith(("RSA", "ECDSA", "SHA"))


@pytest.mark.parametrize(
    "method", [m for m in SignatureMethod if signable(m)], ids=lambda m: m.name
)
def test_signature_algorithms(gateway: Authenticator, method: SignatureMethod) -> None:
    pair = EC if method.name.startswith("ECDSA") else RSA
    try:
        octets = signed(Written(), pair, algorithm=method.value, signer=OldSigner)
    except Exception as error:  # an algorithm the library only knows by name
        pytest.skip(f"cannot be made: {type(error).__name__}")
    assert (refusal(gateway, message(octets)) == "") is (method.value in SIGNATURE_ALGORITHMS)


@pytest.mark.parametrize("method", list(DigestAlgorithm), ids=lambda m: m.name)
def test_digest_algorithms(gateway: Authenticator, method: DigestAlgorithm) -> None:
    try:
        octets = signed(Written(), RSA, digest=method.value, signer=OldSigner)
    except Exception as error:
        pytest.skip(f"cannot be made: {type(error).__name__}")
    assert (refusal(gateway, message(octets)) == "") is (method.value in DIGEST_ALGORITHMS)


@pytest.mark.parametrize("method", list(CanonicalizationMethod), ids=lambda m: m.name)
def test_canonical_forms(gateway: Authenticator, method: CanonicalizationMethod) -> None:
    octets = signed(Written(), RSA, canonical=method.value)
    assert (refusal(gateway, message(octets)) == "") is (method.value == EXCLUSIVE)


@pytest.mark.parametrize("prefixes", ["ds saml #default xsi", "xsi", "wsse s saml", ""])
@pytest.mark.parametrize("of_the_signed_info", [False, True])
def test_a_list_of_prefixes_is_part_of_the_form(
    gateway: Authenticator, prefixes: str, of_the_signed_info: bool
) -> None:
    # As the published sample of the French assertion has it; signed where it stands.
    listed = f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="{prefixes}"/>'.encode()
    octets = RIGHT.replace(
        b'xml-exc-c14n#"/></ds:Transforms>',
        b'xml-exc-c14n#">' + listed + b"</ds:Transform></ds:Transforms>",
    )
    if of_the_signed_info:
        octets = octets.replace(
            b'xml-exc-c14n#"/><ds:SignatureMethod',
            b'xml-exc-c14n#">' + listed + b"</ds:CanonicalizationMethod><ds:SignatureMethod",
        )
    octets = signed_in_place(octets, prefixes.split(), of_the_signed_info)
    assert refusal(gateway, octets) == ""


def signed_in_place(assertion: bytes, prefixes: list[str], of_the_signed_info: bool) -> bytes:
    """Sign an assertion anew inside its message, by the letter of the standard."""
    root = etree.fromstring(message(assertion))
    found = root.find(".//{*}Assertion")
    whole = etree.tostring(root)
    assert found is not None
    signature = found[1]
    found.remove(signature)
    form = etree.tostring(
        found, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes, with_tail=False
    )
    digest = base64.b64encode(hashlib.sha256(form).digest())
    whole = re.sub(rb"<ds:DigestValue>[^<]*", b"<ds:DigestValue>" + digest, whole, count=1)
    info = etree.fromstring(whole).find(".//{*}SignedInfo")
    form = etree.tostring(
        info,
        method="c14n",
        exclusive=True,
        inclusive_ns_prefixes=prefixes if of_the_signed_info else [],
        with_tail=False,
    )
    key = rsa_key(1)
    value = base64.b64encode(key.sign(form, padding.PKCS1v15(), hashes.SHA256()))
    return re.sub(rb"<ds:SignatureValue>[^<]*", b"<ds:SignatureValue>" + value, whole, count=1)


@pytest.mark.parametrize("secret", ["certificate", "public key"])
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA1()])
def test_a_public_key_is_no_shared_secret(
    gateway: Authenticator, secret: str, digest: hashes.HashAlgorithm
) -> None:
    public = RSA.key.public_key()
    key = {
        "certificate": der_of(RSA.certificate),
        "public key": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }[secret]
    name = {
        "sha256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "sha1": "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    }[digest.name]
    octets = RIGHT.replace(b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", name.encode(), 1)
    root = etree.fromstring(octets)
    info = root.find("{*}Signature/{*}SignedInfo")
    made = hmac.HMAC(key, digest)
    made.update(etree.tostring(info, method="c14n", exclusive=True))
    value = base64.b64encode(made.finalize())
    octets = re.sub(rb"<ds:SignatureValue>[^<]*", b"<ds:SignatureValue>" + value, octets, count=1)
    assert "algorithm" in refusal(gateway, message(octets))


BENT = {
    "truncated HMAC": (
        b'rsa-sha256"/>',
        b'rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>',
    ),
    "a third transform": (
        b"</ds:Transforms>",
        b'<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>',
    ),
    "one transform": (
        b'<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>',
        b"",
    ),
    "no transforms": (b"<ds:Transforms>", b"<ds:NoTransforms>"),
    "XSLT": (
        b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
        b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
    ),
    "XPath": (
        b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
        b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>',
    ),
    "base64": (
        b'<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>',
        b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>',
    ),
    "the whole document": (b'URI="#_a1"', b'URI=""'),
    "no URI": (b' URI="#_a1"', b""),
    "a pointer": (b'URI="#_a1"', b"URI=\"#xpointer(id('_a1'))\""),
    "an address": (b'URI="#_a1"', b'URI="http://127.0.0.1:9/x"'),
    "another ID": (b'URI="#_a1"', b'URI="#_b1"'),
    "a type": (b'URI="#_a1"', b'URI="#_a1" Type="http://www.w3.org/2000/09/xmldsig#Manifest"'),
    "two references": (b"</ds:SignedInfo>", b"<ds:Reference/></ds:SignedInfo>"),
    "an object": (b"</ds:Signature>", b"<ds:Object/></ds:Signature>"),
    "two values": (b"<ds:KeyInfo>", b"<ds:SignatureValue/><ds:KeyInfo>"),
    "text in a value": (b"<ds:SignatureValue>", b"<ds:SignatureValue>!"),
    "an empty value": (b"<ds:SignatureValue>", b"<ds:SignatureValue/><ds:x>"),
    "another version": (b'Version="2.0"', b'Version="1.1"'),
}


@pytest.mark.parametrize("bent", BENT)
def test_a_signature_of_another_form_is_refused(gateway: Authenticator, bent: str) -> None:
    old, new = BENT[bent]
    assert RIGHT.count(old) == 1
    octets = RIGHT.replace(old, new)
    if bent == "no transforms":
        octets = octets.replace(b"</ds:Transforms>", b"</ds:NoTransforms>")
    if bent == "an empty value":
        octets = octets.replace(b"</ds:SignatureValue>", b"</ds:x>")
    assert refusal(gateway, message(octets))


@pytest.mark.parametrize(
    "kind",
    [
        b"<ds:KeyName>x</ds:KeyName>",
        b'<ds:RetrievalMethod URI="http://127.0.0.1:9/key"/>',
        b"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
        b"</ds:RSAKeyValue></ds:KeyValue>",
    ],
)
def test_a_key_the_message_brings_is_not_believed(ihe: World, kind: bytes) -> None:
    attacker = certified("attacker", key=rsa_key(7))
    octets = signed(Written(), attacker)
    octets = re.sub(
        rb"<ds:KeyInfo>.*</ds:KeyInfo>",
        b"<ds:KeyInfo>" + kind + b"</ds:KeyInfo>",
        octets,
        flags=re.DOTALL,
    )
    assert refusal(ihe.authenticator([trusting(TRUST)], []), message(octets))


def test_the_certificate_of_one_and_the_key_of_another_do_not_go_together(ihe: World) -> None:
    attacker = certified("attacker", key=rsa_key(7))
    octets = signed(Written(), attacker, beside=[RSA.certificate])
    assert len(certificates_of(etree.fromstring(octets)[1])) == 2
    assert refusal(ihe.authenticator([trusting(TRUST)], []), message(octets))
