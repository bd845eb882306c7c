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
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import ECKey
from joserfc.jws import serialize_compact

from gateway.model.datatypes import Code
from gateway.model.subject import Mode
from gateway.profile import Profile
from gateway.profile.identity import IdentityConventions
from gateway.security.claims import write_claims
from gateway.security.jwt import JwtIssuer
from gateway.security.keys import TokenKeys
from gateway.security.people import DemonstrationPerson
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
    """Issues tokens for demonstration people."""

    def __init__(
        self, folder: Path, profile: Profile, people: Mapping[str, DemonstrationPerson]
    ) -> None:
        self._folder = folder
        self._profile = profile
        self.people = people
        self._key = _signing_key(folder)

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


def _signing_key(folder: Path) -> ECKey:
    """Give the key of this data folder, made when there is none."""
    path = folder / "signing-key.json"
    if not path.exists():
        key = ECKey.generate_key("P-256", private=True)
        key.ensure_kid()
        data = {**key.as_dict(private=True), "kid": key.kid}
        write_secret(path, json.dumps(data).encode())
    return ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))


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
