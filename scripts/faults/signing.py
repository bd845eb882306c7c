"""A key and certificate of the samples: made from a text, the same on every machine.

Nobody may trust them: whoever reads this can sign with them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.signer import XMLSigner

from gateway.codecs.xml import read_xml
from gateway.security.saml.names import EXCLUSIVE

SUBJECT = "CN=samples of the conformance suite"
_PUBLIC = 65537
_SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@cache
def key() -> RSAPrivateKey:
    p, q = _prime("first"), _prime("second")
    d = pow(_PUBLIC, -1, (p - 1) * (q - 1))
    return RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa_crt_dmp1(d, p),
        dmq1=rsa_crt_dmq1(d, q),
        iqmp=rsa_crt_iqmp(p, q),
        public_numbers=RSAPublicNumbers(_PUBLIC, p * q),
    ).private_key()


@cache
def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT.partition("=")[2])])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key().public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2060, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key(), hashes.SHA256())
    )


def signed(unsigned: bytes) -> bytes:
    """An assertion with its signature in the place that is kept for it."""
    root = read_xml(unsigned, keep_blanks=True)
    signer = XMLSigner(signature_algorithm="rsa-sha256", c14n_algorithm=EXCLUSIVE)
    tree = signer.sign(
        root,
        key=key(),
        cert=[certificate()],
        reference_uri=root.get("ID") or "none",
        id_attribute="ID",
    )
    octets: bytes = etree.tostring(tree, encoding="utf-8")
    return octets


def _prime(text: str) -> int:
    octets = b"".join(hashlib.sha256(f"{text} {n}".encode()).digest() for n in range(4))
    number = int.from_bytes(octets, "big") | (3 << 1022) | 1
    while not _is_prime(number) or (number - 1) % _PUBLIC == 0:
        number += 2
    return number


def _is_prime(number: int) -> bool:
    if any(number % small == 0 for small in _SMALL):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True
