"""Whether a certificate may sign for an issuer: chain, dates, usage, key, revocation.

Source:
    RFC 5280: 4.2, 5, 6; threat S3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gateway.security.instants import datetime_of
from gateway.security.weak_keys import weakness_of

_CURVES: Final = frozenset({"secp256r1", "secp384r1"})
_MOST_INTERMEDIATES: Final = 8

_E = TypeVar("_E", bound=x509.ExtensionType)

NAME_ATTRIBUTES: Final = {
    "C": NameOID.COUNTRY_NAME,
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "UID": NameOID.USER_ID,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "GIVENNAME": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "T": NameOID.TITLE,
    "DC": NameOID.DOMAIN_COMPONENT,
    "STREET": NameOID.STREET_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
}
"""Attributes of a distinguished name by the short names it is written with."""


class CertificateRefused(Exception):
    """A certificate may not sign; the message says why, without its names."""


class CertificateFault(ValueError):
    """A file of certificates or revocation lists cannot be used."""


@dataclass(frozen=True, kw_only=True)
class CertificateTrust:
    """Which certificates an issuer may sign with.

    Attributes:
        anchors: Roots a chain must lead to.
        pinned: Certificates that are trusted themselves, without a chain.
        intermediates: That senders may leave out.
        revocation: Gives the present lists; ``None`` where nobody publishes any.
        extended_usages: OIDs of which the certificate must have one, where there are any.
        policies: OIDs of certificate policies, likewise.
    """

    anchors: tuple[x509.Certificate, ...] = ()
    pinned: tuple[x509.Certificate, ...] = ()
    intermediates: tuple[x509.Certificate, ...] = ()
    revocation: Callable[[], Sequence[x509.CertificateRevocationList]] | None = None
    extended_usages: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    _store: list[Store] = field(default_factory=list, repr=False, compare=False)

    def require(
        self, certificate: x509.Certificate, beside: Sequence[x509.Certificate], now: float
    ) -> None:
        """Make sure that a certificate may sign at a moment.

        Args:
            certificate: Whose key signs.
            beside: Certificates that came with it; at most links of its chain.
            now: Seconds since 1970.

        Raises:
            CertificateRefused: When it may not.
        """
        try:
            self._require_own(certificate, now)
            if certificate in self.pinned:
                self._require_unrevoked([certificate], now)
                return
            chain = self._chain(certificate, beside, now)
            self._require_unrevoked(chain, now)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # An extension or key that the library cannot even read.
            raise CertificateRefused("the certificate cannot be read") from None

    def _require_own(self, certificate: x509.Certificate, now: float) -> None:
        moment = datetime_of(now)
        if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            raise CertificateRefused("the certificate is not valid at this moment")
        key = certificate.public_key()
        if isinstance(key, RSAPublicKey):
            if weakness_of(key):
                raise CertificateRefused("the certificate has a weak key")
        elif not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in _CURVES:
            raise CertificateRefused("the certificate has a key of another kind")
        extensions = certificate.extensions
        basic = _extension(extensions, x509.BasicConstraints)
        if basic is not None and basic.ca and certificate not in self.pinned:
            raise CertificateRefused("the certificate is one of an authority")
        usage = _extension(extensions, x509.KeyUsage)
        if usage is None or not (usage.digital_signature or usage.content_commitment):
            raise CertificateRefused("the certificate is not for signing")
        extended = _extension(extensions, x509.ExtendedKeyUsage)
        found = {one.dotted_string for one in extended} if extended is not None else set()
        if self.extended_usages and not found & self.extended_usages:
            raise CertificateRefused("the certificate is for another use")
        policies = _extension(extensions, x509.CertificatePolicies)
        named = {one.policy_identifier.dotted_string for one in policies} if policies else set()
        if self.policies and not named & self.policies:
            raise CertificateRefused("the certificate follows another policy")

    def _chain(
        self, certificate: x509.Certificate, beside: Sequence[x509.Certificate], now: float
    ) -> list[x509.Certificate]:
        if not self.anchors:
            raise CertificateRefused("the certificate is not the one that was configured")
        if not self._store:
            self._store.append(Store(list(self.anchors)))
        builder = (
            PolicyBuilder()
            .store(self._store[0])
            .time(datetime_of(now).replace(tzinfo=None))
            .extension_policies(ca_policy=_CA, ee_policy=ExtensionPolicy.permit_all())
        )
        intermediates = [*self.intermediates, *beside[:_MOST_INTERMEDIATES]]
        try:
            return builder.build_client_verifier().verify(certificate, intermediates).chain
        except VerificationError:
            raise CertificateRefused("no chain leads to a trusted authority") from None

    def _require_unrevoked(self, chain: Sequence[x509.Certificate], now: float) -> None:
        if self.revocation is None:
            return
        lists = self.revocation()
        moment = datetime_of(now)
        issuers = [*chain[1:], *self.anchors]
        checked = chain[:-1] if len(chain) > 1 else chain
        for number, certificate in enumerate(checked):
            fitting = [
                one
                for one in lists
                if one.issuer == certificate.issuer
                and one.next_update_utc is not None
                and one.last_update_utc <= moment <= one.next_update_utc
                and any(_signed(one, issuer) for issuer in issuers)
            ]
            if any(
                one.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
                for one in fitting
            ):
                raise CertificateRefused("the certificate is revoked")
            if not fitting and number == 0:
                raise CertificateRefused("no valid revocation list tells about the certificate")


def _signed(revoked: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    if issuer.subject != revoked.issuer:
        return False
    key = issuer.public_key()
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        return False
    return revoked.is_signature_valid(key)


def _extension(extensions: x509.Extensions, kind: type[_E]) -> _E | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_authority(
    policy: Policy, certificate: x509.Certificate, basic: x509.BasicConstraints
) -> None:
    if not basic.ca:
        raise ValueError("not a certificate of an authority")


def _may_certify(policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.key_cert_sign:
        raise ValueError("may not sign certificates")


_CA: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
)


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Give the certificates of a PEM file, or the one of a DER file.

    Raises:
        CertificateFault: When the file has none.
    """
    try:
        octets = path.read_bytes()
        if b"-----BEGIN" in octets:
            return tuple(x509.load_pem_x509_certificates(octets))
        return (x509.load_der_x509_certificate(octets),)
    except (OSError, ValueError) as error:
        raise CertificateFault(f"{path}: {error}") from None


class RevocationFiles:
    """The revocation lists in some files, read again when a file changes."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self._read: dict[Path, tuple[tuple[int, int], x509.CertificateRevocationList]] = {}
        self()

    def __call__(self) -> Sequence[x509.CertificateRevocationList]:
        """Give the present lists.

        Raises:
            CertificateFault: When a file is no list; a start stops here, a request is refused.
        """
        return [self._present(path) for path in self._paths]

    def _present(self, path: Path) -> x509.CertificateRevocationList:
        try:
            state = path.stat()
            mark = (state.st_mtime_ns, state.st_size)
            known = self._read.get(path)
            if known is not None and known[0] == mark:
                return known[1]
            octets = path.read_bytes()
            if b"-----BEGIN" in octets:
                revoked = x509.load_pem_x509_crl(octets)
            else:
                revoked = x509.load_der_x509_crl(octets)
        except (OSError, ValueError) as error:
            raise CertificateFault(f"{path}: {error}") from None
        self._read[path] = (mark, revoked)
        return revoked


def name_values(certificate: x509.Certificate, attribute: str) -> tuple[str, ...]:
    """Give what the subject's name says in one attribute, such as ``OU``."""
    found = certificate.subject.get_attributes_for_oid(NAME_ATTRIBUTES[attribute])
    return tuple(one.value for one in found if isinstance(one.value, str))


def is_name_of(text: str, certificate: x509.Certificate) -> bool:
    """Whether a text is the distinguished name of a certificate's subject, in either order.

    Source:
        RFC 4514; X.509 names are also written from the country on.
    """
    said = _read_name(text)
    have = [
        (attribute.oid.dotted_string, str(attribute.value))
        for part in certificate.subject.rdns
        for attribute in part
    ]
    return said is not None and said in (have, have[::-1])


def _read_name(text: str) -> list[tuple[str, str]] | None:
    parts: list[tuple[str, str]] = []
    current, escaped, quoted = "", False, False
    for character in text + ",":
        if escaped:
            current, escaped = current + character, False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            name, equals, value = current.partition("=")
            kind = NAME_ATTRIBUTES.get(name.strip().upper())
            if not equals or kind is None:
                return None
            parts.append((kind.dotted_string, value.strip()))
            current = ""
        else:
            current += character
    return None if escaped or quoted or current else parts


def der_of(certificate: x509.Certificate) -> bytes:
    """Give a certificate's octets."""
    return certificate.public_bytes(Encoding.DER)
