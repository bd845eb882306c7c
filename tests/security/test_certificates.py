"""A certificate with any one defect signs nothing, whoever's it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.security.certificates import (
    CertificateFault,
    CertificateTrust,
    RevocationFiles,
    is_name_of,
    read_certificates,
)
from gateway.security.instants import datetime_of
from tests.security.signing import (
    Certified,
    Written,
    certified,
    ec_key,
    name,
    revocation_list,
    rsa_key,
    signed,
    trusting,
)
from tests.security.world import NOW, World, message, refusal

ROOT = certified("root", ca=True, key=ec_key(100))
INTERMEDIATE = certified("intermediate", by=ROOT, ca=True, key=ec_key(101))
STRANGER = certified("root", ca=True, key=ec_key(102))
"""Named like the root we trust."""
LEAF = certified("leaf", by=ROOT, key=rsa_key(1))
POLICY = x509.ObjectIdentifier("2.999.1.8.1")

TRUST = CertificateTrust(anchors=(ROOT.certificate,))


def why(world: World, by: Certified, trust: CertificateTrust = TRUST, *beside: Certified) -> str:
    octets = signed(Written(), by, beside=[one.certificate for one in beside])
    return refusal(world.authenticator([trusting(trust)], []), message(octets))


def leaf(**more: object) -> Certified:
    values: dict[str, object] = {"by": ROOT, "key": rsa_key(1), **more}
    return certified("leaf", **values)  # type: ignore[arg-type]


def test_a_certificate_of_the_authority_signs(ihe: World) -> None:
    assert why(ihe, LEAF) == ""
    assert why(ihe, leaf(key=ec_key(5))) == ""
    assert why(ihe, leaf(key=ec_key(6, ec.SECP384R1))) == ""


def test_a_chain_may_have_links_that_come_along_or_are_configured(ihe: World) -> None:
    end = leaf(by=INTERMEDIATE)
    assert why(ihe, end)
    assert why(ihe, end, TRUST, INTERMEDIATE) == ""
    configured = CertificateTrust(
        anchors=(ROOT.certificate,), intermediates=(INTERMEDIATE.certificate,)
    )
    assert why(ihe, end, configured) == ""


DEFECTS: dict[str, Callable[[], Certified]] = {
    "expired": lambda: leaf(begins=NOW - 86400 * 20, ends=NOW - 1),
    "not valid yet": lambda: leaf(begins=NOW + 1),
    "signs itself": lambda: certified("leaf", key=rsa_key(1)),
    "of a stranger with the authority's name": lambda: leaf(by=STRANGER),
    "of another leaf": lambda: leaf(by=LEAF),
    "of a link that is no authority": lambda: leaf(
        by=certified("false", by=ROOT, ca=False, digital_signature=True)
    ),
    "not for signing": lambda: leaf(digital_signature=False),
    "without usage": lambda: leaf(with_usage=False),
    "an authority's own": lambda: leaf(ca=True, digital_signature=True),
    "the root itself": lambda: ROOT,
    "of a short key": lambda: leaf(key=rsa_key(1, 1024)),
    "of a small exponent": lambda: leaf(key=_small_exponent()),
    "of another curve": lambda: leaf(key=ec_key(7, ec.SECP256K1)),
    "of a weak curve": lambda: leaf(key=ec_key(8, ec.SECP192R1)),
}


def _small_exponent() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(3, 2048)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_certificate_with_a_defect_signs_nothing(ihe: World, defect: str) -> None:
    try:
        pair = DEFECTS[defect]()
    except ValueError as error:  # pragma: no cover - a library that makes no such key
        pytest.skip(str(error))
    assert why(ihe, pair)


@pytest.mark.parametrize("defect", ["expired", "not for signing", "of a short key"])
def test_not_even_a_pinned_certificate_may_have_a_defect(ihe: World, defect: str) -> None:
    pair = DEFECTS[defect]()
    assert why(ihe, pair, CertificateTrust(pinned=(pair.certificate,)))


def test_a_pinned_certificate_needs_no_chain_and_serves_nobody_else(ihe: World) -> None:
    pair = certified("alone", key=rsa_key(3))
    trust = CertificateTrust(pinned=(pair.certificate,))
    assert why(ihe, pair, trust) == ""
    assert why(ihe, certified("alone", key=rsa_key(4)), trust)
    assert why(ihe, LEAF, trust)


def test_the_key_that_signed_must_be_the_certificates(ihe: World) -> None:
    swapped = Certified(key=rsa_key(9), certificate=LEAF.certificate)
    assert "does not hold" in why(ihe, swapped)


def test_a_certificate_for_another_use_or_of_another_policy_signs_nothing(ihe: World) -> None:
    usage = ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string
    for_mail = CertificateTrust(anchors=(ROOT.certificate,), extended_usages=frozenset({usage}))
    right = leaf(extensions=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])])
    wrong = leaf(extensions=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])])
    assert why(ihe, right, for_mail) == ""
    assert "another use" in why(ihe, wrong, for_mail)
    assert "another use" in why(ihe, LEAF, for_mail)

    of_policy = CertificateTrust(
        anchors=(ROOT.certificate,), policies=frozenset({POLICY.dotted_string})
    )
    policies = x509.CertificatePolicies([x509.PolicyInformation(POLICY, None)])
    assert why(ihe, leaf(extensions=[policies]), of_policy) == ""
    assert "another policy" in why(ihe, LEAF, of_policy)


# ------------------------------------------------------------------ revocation


def test_a_revoked_certificate_signs_nothing(ihe: World) -> None:
    listed = [revocation_list(ROOT, [LEAF.certificate])]
    trust = CertificateTrust(anchors=(ROOT.certificate,), revocation=lambda: listed)
    assert "revoked" in why(ihe, LEAF, trust)
    assert why(ihe, leaf(), trust) == ""


def test_a_revoked_link_breaks_the_chain(ihe: World) -> None:
    end = leaf(by=INTERMEDIATE)
    lists = [revocation_list(ROOT, [INTERMEDIATE.certificate]), revocation_list(INTERMEDIATE)]
    trust = CertificateTrust(anchors=(ROOT.certificate,), revocation=lambda: lists)
    assert "revoked" in why(ihe, end, trust, INTERMEDIATE)


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [revocation_list(ROOT, begins=datetime_of(NOW - 86400 * 30))],
        [revocation_list(ROOT, begins=datetime_of(NOW + 3600))],
        [revocation_list(ROOT, key=ec_key(102))],
        [revocation_list(STRANGER)],
        [revocation_list(INTERMEDIATE)],
    ],
    ids=["none", "too old", "not yet", "forged", "of a stranger", "of another authority"],
)
def test_without_a_valid_list_nobody_is_believed(
    ihe: World, listed: list[x509.CertificateRevocationList]
) -> None:
    trust = CertificateTrust(anchors=(ROOT.certificate,), revocation=lambda: listed)
    assert "revocation list" in why(ihe, LEAF, trust)


def test_a_new_list_counts_without_a_restart(ihe: World, tmp_path: Path) -> None:
    file = tmp_path / "root.crl"
    file.write_bytes(revocation_list(ROOT).public_bytes(Encoding.DER))
    trust = CertificateTrust(anchors=(ROOT.certificate,), revocation=RevocationFiles([file]))
    assert why(ihe, LEAF, trust) == ""
    revoked = revocation_list(ROOT, [LEAF.certificate]).public_bytes(Encoding.PEM)
    file.write_bytes(revoked)
    assert "revoked" in why(ihe, LEAF, trust)
    file.write_bytes(b"broken")
    assert "cannot be read" in why(ihe, LEAF, trust)


# ------------------------------------------------------------------ files and names


def test_certificates_are_read_from_both_forms_of_file(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    file.write_bytes(
        ROOT.certificate.public_bytes(Encoding.PEM) + LEAF.certificate.public_bytes(Encoding.PEM)
    )
    assert read_certificates(file) == (ROOT.certificate, LEAF.certificate)
    file.write_bytes(ROOT.certificate.public_bytes(Encoding.DER))
    assert read_certificates(file) == (ROOT.certificate,)
    file.write_bytes(b"nothing")
    with pytest.raises(CertificateFault):
        read_certificates(file)
    with pytest.raises(CertificateFault):
        read_certificates(tmp_path / "absent.pem")


def test_a_name_is_compared_in_either_order_and_nothing_is_guessed() -> None:
    oid = x509.oid.NameOID
    subject = x509.Name(
        [
            x509.NameAttribute(oid.COUNTRY_NAME, "FR"),
            x509.NameAttribute(oid.ORGANIZATION_NAME, "Centre, fictif"),
            x509.NameAttribute(oid.ORGANIZATIONAL_UNIT_NAME, "1379999929"),
            x509.NameAttribute(oid.COMMON_NAME, "SEAL"),
        ]
    )
    key = ec_key(20)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name("x"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime_of(NOW))
        .not_valid_after(datetime_of(NOW + 1))
        .sign(key, hashes.SHA256())
    )
    assert is_name_of(certificate.subject.rfc4514_string(), certificate)
    assert is_name_of("C=FR, O=Centre\\, fictif, OU=1379999929, CN=SEAL", certificate)
    assert is_name_of('CN=SEAL,OU=1379999929,O="Centre, fictif",C=FR', certificate)
    for other in (
        "",
        "CN=SEAL",
        "C=FR, O=Centre\\, fictif, OU=1379999930, CN=SEAL",
        "C=FR, O=Centre\\, fictif, OU=1379999929, CN=SEAL, CN=SEAL",
        "OU=1379999929, C=FR, O=Centre\\, fictif, CN=SEAL",
        "C=FR, O=Centre\\, fictif, OU=1379999929, CN=SEAL\\",
        "X=FR",
    ):
        assert not is_name_of(other, certificate), other
