"""Whether the signature of an assertion has the form that is taken, holds, and is trusted."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from conformance.judges.context import Context
from gateway.codecs.xml import Element
from gateway.security.certificates import CertificateFault, CertificateRefused, is_name_of
from gateway.security.errors import NotAuthenticated, TrustFault
from gateway.security.saml.signature import certificates_of, read_assertion, verify_signature
from gateway.security.saml.statements import read_issuer
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue

_WHERE = "Assertion.Signature"


def signature_issues(
    octets: bytes, context: Context, *, issued: float, now: float
) -> Iterator[Issue]:
    """Give what is wrong with a signature.

    Args:
        octets: Of the assertion alone.
        issued: Seconds since 1970, when the assertion says it was issued.
        now: Seconds since 1970; trust is looked at for this moment.
    """
    try:
        root = read_assertion(octets)
        offered = certificates_of(root[1])
    except NotAuthenticated as refused:
        yield message_issue("saml-signature-form", str(refused), _WHERE)
        return
    if not offered:
        yield message_issue(
            "saml-signature-not-checked",
            "the signature brings no certificate, so whether it holds was not looked at",
            _WHERE,
        )
        return
    try:
        # A certificate is looked at when trust is; here it only has to have been one.
        moment = issued or offered[0].not_valid_before_utc.timestamp() + 1
        verify_signature(root, offered[0], moment)
    except NotAuthenticated as refused:
        yield message_issue("saml-signature-value", str(refused), _WHERE)
        return
    yield from _trust_issues(root, offered, context, now)


def _trust_issues(
    root: Element, offered: list[x509.Certificate], context: Context, now: float
) -> Iterator[Issue]:
    if context.trust is None:
        yield message_issue("saml-signature-not-checked", "", _WHERE)
        return
    # It brings a client of HTTP with it, which few runs need and every run would wait for.
    from gateway.security.trust import read_trust

    problem = "nobody is trusted under this name"
    name = read_issuer(root)
    try:
        issuers = read_trust(context.trust, context.audiences).assertion_issuers
    except TrustFault as fault:
        yield message_issue("saml-signature-not-checked", str(fault), _WHERE)
        return
    for issuer in issuers:
        if issuer.name and issuer.name != name:
            continue
        if not issuer.name and not is_name_of(name, offered[0]):
            continue
        try:
            issuer.trust.require(offered[0], offered[1:], now)
        except CertificateRefused as refused:
            problem = str(refused)
        except CertificateFault:
            problem = "the revocation lists cannot be read"
        else:
            return
    yield message_issue("saml-signature-trust", problem, _WHERE)
