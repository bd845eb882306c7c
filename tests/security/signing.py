"""An issuer of the tests' own, to build whatever a message could be signed with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import SignatureMethod
from signxml.signer import XMLSigner

from gateway.security.certificates import CertificateTrust, der_of
from gateway.security.instants import datetime_of
from gateway.security.saml.assertions import AssertionIssuer
from gateway.security.saml.names import DS, EXCLUSIVE, SAML, XSI
from gateway.security.subjects import Voucher
from tests.security.world import BASE, NOW

ISSUER = "urn:example:provider"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(number: int = 0, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> PrivateKey:
    return ec.generate_private_key(curve())


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A certificate with its key."""

    key: PrivateKey
    certificate: x509.Certificate


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def certified(
    common_name: str,
    *,
    by: Certified | None = None,
    key: PrivateKey | None = None,
    ca: bool = False,
    digital_signature: bool | None = None,
    with_usage: bool = True,
    begins: float = NOW - 86400,
    ends: float = NOW + 86400 * 30,
    extensions: Sequence[x509.ExtensionType] = (),
    digest: hashes.HashAlgorithm | None = None,
) -> Certified:
    """Make a certificate, right unless asked to be otherwise."""
    own = key or ec_key(hash(common_name))
    signs = (not ca) if digital_signature is None else digital_signature
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(by.certificate.subject if by else name(common_name))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime_of(begins))
        .not_valid_after(datetime_of(ends))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False)
    )
    if with_usage:
        builder = builder.add_extension(
            x509.KeyUsage(signs, False, False, not signs, False, ca, ca, False, False), True
        )
    if by is not None:
        public = by.key.public_key()
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False
        )
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    signer = by.key if by else own
    return Certified(key=own, certificate=builder.sign(signer, digest or hashes.SHA256()))


def revocation_list(
    by: Certified,
    revoked: Sequence[x509.Certificate] = (),
    *,
    begins: datetime | None = None,
    days: int = 7,
    key: PrivateKey | None = None,
) -> x509.CertificateRevocationList:
    start = begins or datetime_of(NOW - 3600)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(start)
        .next_update(start + timedelta(days=days))
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(start)
            .build()
        )
    return builder.sign(key or by.key, hashes.SHA256())


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an assertion says; every text is put in as it is."""

    id: str = "_a1"
    issuer: str = ISSUER
    issued: str = "2027-01-15T08:00:00Z"
    before: str = "2027-01-15T08:00:00Z"
    after: str = "2027-01-15T08:30:00Z"
    person: str = "DOC-0007^^^&amp;2.999.1.2&amp;ISO"
    patient: str = "ALBA-0001^^^&amp;2.999.1.1&amp;ISO"
    conditions: str | None = None
    confirmation: str = '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>'
    attributes: str = ""
    authn: str = '<saml:AuthnStatement AuthnInstant="2027-01-15T08:00:00Z"/>'
    more: str = ""
    root: str = ""
    signature: str = '<ds:Signature Id="placeholder"></ds:Signature>'
    audience: str = BASE
    role: str = "PHYSICIAN"

    def xml(self) -> str:
        conditions = self.conditions
        if conditions is None:
            conditions = (
                f'<saml:Conditions NotBefore="{self.before}" NotOnOrAfter="{self.after}">'
                f"<saml:AudienceRestriction><saml:Audience>{self.audience}</saml:Audience>"
                "</saml:AudienceRestriction></saml:Conditions>"
            )
        return (
            f'<saml:Assertion xmlns:saml="{SAML}" xmlns:ds="{DS}" xmlns:xsi="{XSI}" '
            f'Version="2.0" ID="{self.id}" IssueInstant="{self.issued}"{self.root}>'
            f"<saml:Issuer>{self.issuer}</saml:Issuer>{self.signature}"
            f"<saml:Subject><saml:NameID>{self.person}</saml:NameID>{self.confirmation}"
            f"</saml:Subject>{conditions}{self.authn}<saml:AttributeStatement>"
            '<saml:Attribute Name="urn:oasis:names:tc:xacml:2.0:subject:role"><saml:AttributeValue>'
            f'<Role xmlns="urn:hl7-org:v3" xsi:type="CE" code="{self.role}" '
            'codeSystem="2.999.1.7"/></saml:AttributeValue></saml:Attribute>'
            '<saml:Attribute Name="urn:oasis:names:tc:xacml:2.0:resource:resource-id">'
            f"<saml:AttributeValue>{self.patient}</saml:AttributeValue></saml:Attribute>"
            f"{self.attributes}</saml:AttributeStatement>{self.more}</saml:Assertion>"
        )


def signed(
    written: Written,
    by: Certified,
    *,
    beside: Sequence[x509.Certificate] = (),
    algorithm: str = "",
    digest: str = "sha256",
    canonical: str = EXCLUSIVE,
    signer: Callable[..., XMLSigner] = XMLSigner,
) -> bytes:
    """Sign an assertion as an issuer does."""
    kind = algorithm or ("rsa-sha256" if isinstance(by.key, rsa.RSAPrivateKey) else "ecdsa-sha256")
    root = etree.fromstring(written.xml().encode())
    made = signer(signature_algorithm=kind, digest_algorithm=digest, c14n_algorithm=canonical)
    tree = made.sign(
        root,
        key=by.key,
        cert=[by.certificate, *beside],
        reference_uri=written.id,
        id_attribute="ID",
    )
    return bytes(etree.tostring(tree))


class OldSigner(XMLSigner):
    """Signs with what nobody should."""

    def check_deprecated_methods(self) -> None:
        return


def trusting(trust: CertificateTrust, **more: object) -> AssertionIssuer:
    """Give the issuer of the tests, with a trust."""
    values: dict[str, object] = {
        "name": ISSUER,
        "voucher": Voucher(issuer=ISSUER),
        "audiences": frozenset({BASE}),
        **more,
    }
    return AssertionIssuer(trust=trust, **values)  # type: ignore[arg-type]


def base64_of(certificate: x509.Certificate) -> str:
    return base64.b64encode(der_of(certificate)).decode()


METHODS = {method.name: method.value for method in SignatureMethod}


@dataclass
class Provider:
    """A provider whose certificate is pinned."""

    pair: Certified = field(default_factory=lambda: certified("provider", key=rsa_key(1)))

    def issuer(self) -> AssertionIssuer:
        return trusting(CertificateTrust(pinned=(self.pair.certificate,)))
