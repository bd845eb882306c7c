"""Assertions: from a SOAP message to who sent it.

What costs is done once for each assertion: its signature, its certificate, its words. What may
differ between two uses (the moment, the client, whether it was used before) is tested at every use.

Source:
    IHE ITI TF-2: 3.40 (XUA); WSS SAML Token Profile 1.1.1; threats S1 to S6.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from cryptography import x509

from gateway.codecs.xml import Element
from gateway.model.subject import AccessRequest, Authentication
from gateway.profile.identity import AssertionRules
from gateway.security.certificates import (
    CertificateFault,
    CertificateRefused,
    CertificateTrust,
    is_name_of,
    name_values,
)
from gateway.security.errors import INVALID_SECURITY_TOKEN, NotAuthenticated
from gateway.security.instants import SKEW, digits_of
from gateway.security.peer import Peer
from gateway.security.replay import ReplayMemory
from gateway.security.saml.placing import place_assertion
from gateway.security.saml.signature import certificates_of, read_assertion, verify_signature
from gateway.security.saml.statements import (
    Confirmation,
    Statement,
    read_issuer,
    read_statement,
)
from gateway.security.subjects import Reading, Voucher, read_access
from gateway.security.verdicts import Verdicts


@dataclass(frozen=True, kw_only=True)
class AssertionIssuer:
    """Somebody whose assertions are taken.

    Attributes:
        name: The text of the element Issuer; empty where it has to be the name of the subject of
            the certificate that signed.
        audiences: What this gateway is called in assertions of this issuer.
        person_attribute: Attribute of the certificate's subject name, such as ``CN``, that must
            have the number of the person who asks; empty where nothing ties them.
        structure_attribute: Likewise for the number of the structure.
    """

    trust: CertificateTrust
    voucher: Voucher
    audiences: frozenset[str]
    name: str = ""
    person_attribute: str = ""
    structure_attribute: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One assertion, verified.

    Attributes:
        clients: Who used it already in this process, as the memory of all workers knows them.
    """

    access: AccessRequest
    statement: Statement
    issuer: AssertionIssuer
    not_before: float
    ends: float
    clients: set[str] = field(default_factory=set)


class Assertions:
    """Verifies assertions, remembers the positive verdicts, and accounts for every use."""

    def __init__(
        self, issuers: Iterable[AssertionIssuer], reading: Reading, replay: ReplayMemory
    ) -> None:
        self._issuers = tuple(issuers)
        self._reading = reading
        self._rules = reading.conventions.assertion
        self._replay = replay
        self._verdicts: Verdicts[_Verdict] = Verdicts()

    def forget(self) -> None:
        """Verify every assertion anew from now on, since trust changed."""
        self._verdicts.clear()

    async def access(self, envelope: bytes, peer: Peer, now: float) -> AccessRequest:
        """Give who sent a message.

        Args:
            envelope: The whole message.
            now: Seconds since 1970.

        Raises:
            NotAuthenticated: When it has no assertion, or one that is not accepted.
        """
        octets = place_assertion(envelope)
        digest = Verdicts.digest(octets)
        verdict = self._verdicts.find(digest, now)
        if verdict is None:
            verdict = self._verify(octets, now)
        self._require_present(verdict, peer, now)
        # Kept only after the period held, so that what is kept is always worth its room.
        self._verdicts.keep(digest, verdict.ends + SKEW, verdict)
        await self._require_unused(verdict, peer)
        subject = replace(verdict.access.subject, network_address=peer.address)
        return replace(verdict.access, subject=subject)

    # ------------------------------------------------------------ once

    def _verify(self, octets: bytes, now: float) -> _Verdict:
        root = read_assertion(octets)
        refused = _refused("nobody is trusted under this name")
        for issuer, certificate in self._candidates(root):
            try:
                offered = certificates_of(root[1])
                issuer.trust.require(certificate, offered[1:], now)
                signed = verify_signature(root, certificate, now)
            except CertificateRefused as error:
                refused = _refused(str(error))
            except CertificateFault:
                refused = _refused("the revocation lists cannot be read")
            except NotAuthenticated as error:
                refused = error
            else:
                return self._read(signed, issuer, certificate)
        raise refused

    def _candidates(self, root: Element) -> Iterator[tuple[AssertionIssuer, x509.Certificate]]:
        """Give whose key may have signed; what the message says only helps to choose."""
        name = read_issuer(root)
        offered = certificates_of(root[1])
        for issuer in self._issuers:
            if issuer.name and issuer.name != name:
                continue
            # A message without a certificate can only be signed with one that is configured.
            for certificate in offered[:1] or issuer.trust.pinned:
                if issuer.name or is_name_of(name, certificate):
                    yield issuer, certificate

    def _read(
        self, signed: Element, issuer: AssertionIssuer, certificate: x509.Certificate
    ) -> _Verdict:
        rules = self._rules
        statement = read_statement(signed, rules)
        for name, accepted in rules.required_values.items():
            said = statement.attributes.get(name, ())
            if len(set(said)) != 1 or said[0] not in accepted:
                raise _refused(f"the attribute {name} has not one of the values it must have")
        if rules.confirmation == "required" and not statement.confirmations:
            raise _refused("nothing says how the subject is confirmed")
        _check_audiences(statement, issuer, rules)
        if rules.period == "required" and statement.ends == float("inf"):
            raise _refused("the assertion says no end")
        voucher = replace(issuer.voucher, issuer=statement.issuer)
        access = read_access(
            statement.facts(rules),
            self._reading,
            voucher,
            required=rules.required,
            credential=statement.id,
        )
        _check_binding(access, issuer, certificate)
        ends = min(
            statement.ends,
            statement.issued + rules.max_lifetime,
            certificate.not_valid_after_utc.timestamp(),
        )
        not_before = max(statement.not_before, statement.issued)
        return _Verdict(access, statement, issuer, not_before, ends)

    # ------------------------------------------------------------ at every use

    def _require_present(self, verdict: _Verdict, peer: Peer, now: float) -> None:
        if now < verdict.not_before - SKEW:
            raise _refused("the assertion does not count yet")
        if now >= verdict.ends + SKEW:
            raise _refused("the assertion has expired")
        confirmations = verdict.statement.confirmations
        if peer.certificate and any(one.holder_of_key is not None for one in confirmations):
            # A client that shows a certificate is held to it, whatever else would do as well.
            confirmations = tuple(one for one in confirmations if one.holder_of_key is not None)
        if confirmations and not any(
            _confirms(one, verdict.issuer, peer, now) for one in confirmations
        ):
            raise _refused("nothing confirms that the sender is the subject")

    async def _require_unused(self, verdict: _Verdict, peer: Peer) -> None:
        once = self._rules.reuse == "never" or verdict.statement.one_time
        if not once and peer.key in verdict.clients:
            return
        client = secrets.token_hex(16) if once else peer.key
        statement = verdict.statement
        # Without the issuer's name in it, one issuer could use up the ids of another.
        key = f"{statement.issuer}\n{statement.id}"
        if not await self._replay.remember(key, client, digits_of(verdict.ends + SKEW + 1)):
            raise _refused("the assertion was used before")
        verdict.clients.add(client)


def _refused(message: str) -> NotAuthenticated:
    return NotAuthenticated(message, subcode=INVALID_SECURITY_TOKEN)


def _check_audiences(statement: Statement, issuer: AssertionIssuer, rules: AssertionRules) -> None:
    if rules.audience == "required" and not statement.audiences:
        raise _refused("the assertion names no audience")
    for restriction in statement.audiences:
        if not restriction & issuer.audiences:
            raise _refused("the assertion is for another service")


def _check_binding(
    access: AccessRequest, issuer: AssertionIssuer, certificate: x509.Certificate
) -> None:
    """Make sure that a certificate made for one person or structure speaks for no other."""
    subject = access.subject
    if issuer.person_attribute and subject.authentication is Authentication.DIRECT:
        number = subject.id.value if subject.id else ""
        if number not in name_values(certificate, issuer.person_attribute):
            raise _refused("the certificate is another person's")
    if issuer.structure_attribute:
        number = subject.structure.value if subject.structure else ""
        if number not in name_values(certificate, issuer.structure_attribute):
            raise _refused("the certificate is another structure's")


def _confirms(confirmation: Confirmation, issuer: AssertionIssuer, peer: Peer, now: float) -> bool:
    if not confirmation.not_before - SKEW <= now < confirmation.ends + SKEW:
        return False
    if confirmation.recipient and confirmation.recipient not in issuer.audiences:
        return False
    if confirmation.holder_of_key is None:
        return True
    return bool(peer.certificate) and peer.thumbprint in confirmation.holder_of_key
