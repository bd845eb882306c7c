"""Keys and certificates of the development authority, made at first use and kept in its folder.

Two certification authorities, one for people and one for structures, as communities with cards
and seals have them; and the certificate of an identity provider that signs by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from gateway.security.instants import datetime_of

PEOPLE: Final = "people"
STRUCTURES: Final = "structures"

_DAYS_OF_AN_AUTHORITY: Final = 3650
_DAYS_OF_A_CERTIFICATE: Final = 825


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate with its key."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class DevelopmentKeys:
    """The folder's keys."""

    def __init__(self, folder: Path, now: float) -> None:
        """Take a folder; nothing is made in it before it is asked for.

        Args:
            now: Seconds since 1970, from when what is made counts.
        """
        self._folder = folder
        self._now = now
        self._read: dict[str, tuple[bytes, KeyPair]] = {}

    def token_key(self) -> ECKey:
        """Give the key that signs tokens."""
        path = self._folder / "signing-key.json"
        if not path.exists():
            key = ECKey.generate_key("P-256", private=True)
            key.ensure_kid()
            data = {**key.as_dict(private=True), "kid": key.kid}
            write_secret(path, json.dumps(data).encode())
        return ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))

    def provider(self) -> KeyPair:
        """Give the certificate an identity provider signs assertions with."""
        return self._kept("provider", lambda: self._made_by(None, "Development provider", ""))

    def authority(self, name: str) -> KeyPair:
        """Give a certification authority: :data:`PEOPLE` or :data:`STRUCTURES`."""
        return self._kept(name, lambda: self._authority(name))

    def person(self, number: str) -> KeyPair:
        """Give a person's certificate: the number is the common name."""
        return self._issued(PEOPLE, number, "")

    def structure(self, number: str) -> KeyPair:
        """Give a structure's certificate: the number is the organizational unit."""
        return self._issued(STRUCTURES, "Development seal", number)

    def _issued(self, authority: str, common_name: str, unit: str) -> KeyPair:
        mark = hashlib.sha256(f"{common_name}\n{unit}".encode()).hexdigest()[:32]
        return self._kept(
            f"{authority}-{mark}",
            lambda: self._made_by(self.authority(authority), common_name, unit),
        )

    def _authority(self, name: str) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"Development authority for {name}", "")
        builder = self._begun(subject, subject, key.public_key(), _DAYS_OF_AN_AUTHORITY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_usage(certifies=True), True)
        return KeyPair(key, builder.sign(key, hashes.SHA256()))

    def _made_by(self, authority: KeyPair | None, common_name: str, unit: str) -> KeyPair:
        key = rsa.generate_private_key(65537, 2048)
        subject = _name(common_name, unit)
        issuer = authority.certificate.subject if authority else subject
        builder = self._begun(subject, issuer, key.public_key(), _DAYS_OF_A_CERTIFICATE)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(certifies=False), True)
        if authority:
            public = authority.key.public_key()
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False
            )
        return KeyPair(key, builder.sign(authority.key if authority else key, hashes.SHA256()))

    def _begun(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        days: int,
    ) -> x509.CertificateBuilder:
        begins = datetime_of(self._now) - timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        )

    def _kept(self, name: str, make: Callable[[], KeyPair]) -> KeyPair:
        path = self._folder / f"{name}.pem"
        if not path.exists():
            made = make()
            key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_secret(path, key + made.certificate.public_bytes(Encoding.PEM))
        octets = path.read_bytes()
        # A key is checked when it is read, which takes longer than all signing with it.
        if name not in self._read or self._read[name][0] != octets:
            self._read[name] = octets, _pair(octets, path)
        return self._read[name][1]


def _pair(octets: bytes, path: Path) -> KeyPair:
    key = load_pem_private_key(octets, None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds a key of another kind")
    return KeyPair(key, x509.load_pem_x509_certificate(octets))


def _name(common_name: str, unit: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "FHIR XDS gateway, development")]
    if unit:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def _usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certifies,
        content_commitment=not certifies,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def write_secret(path: Path, octets: bytes) -> None:
    """Write a file only its owner can read; where another process was first, keep its file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)
        except FileExistsError:
            return
    finally:
        unfinished.unlink()
