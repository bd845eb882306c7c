"""The development authority: tokens and assertions for demonstration people, without any login.

It ships with the product so that access rules can be tried on one machine in a minute. Whoever
can reach it can be anybody, so it is off unless the operator switches it on, and it refuses to
work where other machines reach the gateway. Its keys are made below the data folder at first use
and trusted by that gateway only.

Source:
    IHE IUA 2.2: 3.71, 3.103; threat O3.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography import x509
from joserfc.jws import serialize_compact

from gateway.model.datatypes import Code, Identifier
from gateway.model.subject import Authentication, Mode
from gateway.profile import Profile
from gateway.profile.identity import IdentityConventions
from gateway.security.certificates import CertificateTrust
from gateway.security.claims import write_claims
from gateway.security.development_keys import PEOPLE, STRUCTURES, DevelopmentKeys, KeyPair
from gateway.security.jwt import JwtIssuer
from gateway.security.keys import TokenKeys
from gateway.security.people import DemonstrationPerson
from gateway.security.saml.assertions import AssertionIssuer
from gateway.security.saml.writing import AssertionFrame, write_assertion
from gateway.security.subjects import Fact, Facts, Voucher
from gateway.security.tokens import TokenIssuer

ISSUER: Final = "https://fhir-xds-gateway.example/development-authority"
"""Who issues what the command line mints; the token endpoint issues under its own address."""

AUDIENCE: Final = "https://fhir-xds-gateway.example/development"
"""The audience of what the command line mints, whatever address the gateway has."""

FOLDER: Final = "development-authority"
"""Below the data folder."""

LIFETIME: Final = 3600
"""Seconds a token lives."""

_ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a credential is wanted for.

    Attributes:
        patient: Whom it names, CX text; empty for what the person's own entry says.
        patient_agreement: DTM of 14 digits.
        scopes: Of a token, in place of the person's own.
        facts: Further facts by word, in place of the person's own.
    """

    mode: Mode = Mode.NORMAL
    reason: str = ""
    patient: str = ""
    secret: bool = False
    patient_agreement: str = ""
    scopes: tuple[str, ...] = ()
    lifetime: int = LIFETIME
    facts: Facts = field(default_factory=dict)


class DevelopmentAuthority:
    """Issues tokens and assertions for demonstration people."""

    def __init__(
        self, keys: DevelopmentKeys, profile: Profile, people: Mapping[str, DemonstrationPerson]
    ) -> None:
        self._keys = keys
        self._profile = profile
        self.people = people
        self._key = keys.token_key()

    def token_issuers(self, base_url: str, audiences: frozenset[str]) -> tuple[TokenIssuer, ...]:
        """Give what a gateway needs to take this authority's tokens.

        Args:
            base_url: The gateway's own address, under which the token endpoint issues.
            audiences: What the gateway is called in tokens for it.
        """
        keys = TokenKeys([_ALGORITHM], [self._public_key()])
        return tuple(
            TokenIssuer(
                jwt=JwtIssuer(issuer=name, keys=keys, audiences=audiences | {AUDIENCE}),
                voucher=Voucher(issuer=name),
            )
            for name in dict.fromkeys((ISSUER, base_url))
        )

    def assertion_issuers(self, audiences: frozenset[str]) -> tuple[AssertionIssuer, ...]:
        """Give what a gateway needs to take this authority's assertions.

        Args:
            audiences: What the gateway is called in assertions for it.
        """
        audiences = audiences | {AUDIENCE}
        if self._profile.identity.assertion.issuer == "name":
            return (
                AssertionIssuer(
                    name=ISSUER,
                    trust=CertificateTrust(pinned=(self._keys.provider().certificate,)),
                    voucher=Voucher(issuer=ISSUER),
                    audiences=audiences,
                ),
            )
        direct = frozenset({Authentication.DIRECT})
        return (
            AssertionIssuer(
                trust=CertificateTrust(anchors=(self._keys.authority(PEOPLE).certificate,)),
                voucher=Voucher(issuer="", authentications=direct),
                audiences=audiences,
                person_attribute="CN",
            ),
            AssertionIssuer(
                trust=CertificateTrust(anchors=(self._keys.authority(STRUCTURES).certificate,)),
                voucher=Voucher(issuer="", authentications=frozenset(Authentication) - direct),
                audiences=audiences,
                structure_attribute="OU",
            ),
        )

    def assertion(
        self,
        person: DemonstrationPerson,
        wish: Wish,
        now: float,
        *,
        audience: str = AUDIENCE,
        holder: x509.Certificate | None = None,
    ) -> bytes:
        """Mint an assertion.

        Args:
            now: Seconds since 1970.
            holder: Certificate the client must have; without one the assertion is a bearer's.
        """
        conventions = self._profile.identity
        rules = conventions.assertion
        facts = facts_of(person, wish, conventions)
        named = rules.issuer == "name"
        pair = self._keys.provider() if named else self._own_certificate(person)
        frame = AssertionFrame(
            id=f"_{secrets.token_hex(20)}",
            issuer=ISSUER if named else pair.certificate.subject.rfc4514_string(),
            issuer_is_certificate=not named,
            issued=now,
            lifetime=min(wish.lifetime, rules.max_lifetime),
            audiences=(audience,) if rules.audience == "required" else (),
            holder=holder,
        )
        return write_assertion(facts, rules, frame, pair.key, pair.certificate)

    def _own_certificate(self, person: DemonstrationPerson) -> KeyPair:
        conventions = self._profile.identity
        said = person.told("authentication")
        how = conventions.authentications.get(said, conventions.default_authentication)
        if how is not Authentication.DIRECT:
            return self._keys.structure(Identifier(person.told("structure")).value)
        number = person.told("citizen") or person.told("person")
        return self._keys.person(Identifier(number).value)

    def jwks(self) -> dict[str, Any]:
        """Give the public keys as a JWK Set."""
        return {"keys": [self._public_key()]}

    def token(
        self,
        person: DemonstrationPerson,
        wish: Wish,
        now: int,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
    ) -> str:
        """Mint a token.

        Args:
            now: Seconds since 1970.
        """
        client = person.told("client_id") or "gateway-cli"
        subject = person.told("person") or person.told("citizen") or client
        claims: dict[str, Any] = {
            "iss": issuer,
            "sub": client if person.is_application else subject,
            "aud": audience,
            "client_id": client,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "nbf": now,
            "exp": now + wish.lifetime,
            "scope": " ".join(wish.scopes or person.scopes),
        }
        facts = facts_of(person, wish, self._profile.identity)
        facts = {word: values for word, values in facts.items() if word != "client_id"}
        write_claims(claims, facts, self._profile.identity.token, self._profile.naming)
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": str(self._key.kid)}
        return serialize_compact(header, json.dumps(claims).encode(), self._key, [_ALGORITHM])

    def _public_key(self) -> dict[str, Any]:
        public = dict(self._key.as_dict(private=False))
        return {**public, "kid": self._key.kid, "use": "sig", "alg": _ALGORITHM}


def facts_of(
    person: DemonstrationPerson, wish: Wish, conventions: IdentityConventions
) -> dict[str, tuple[Fact, ...]]:
    """Give what a credential of somebody tells, with what it is wanted for."""
    facts: dict[str, tuple[Fact, ...]] = dict(person.facts)
    purpose = _purpose(wish.mode, conventions)
    if purpose is not None:
        facts["purpose"] = (purpose,)
    elif wish.mode is not Mode.NORMAL:
        facts["mode"] = (wish.mode.value,)
    for word, text in (
        ("reason", wish.reason),
        ("patient", wish.patient),
        ("patient_agreement", wish.patient_agreement),
        ("secret", min(conventions.secret_values, default="true") if wish.secret else ""),
    ):
        if text:
            facts[word] = (text,)
    facts.update(wish.facts)
    return facts


def _purpose(mode: Mode, conventions: IdentityConventions) -> Code | None:
    """The community's own code for a mode, the nearest profile's first."""
    known = [key for key, meant in conventions.modes.items() if meant is mode]
    return Code(*known[-1]) if known else None
