"""Bearer tokens: from the Authorization header of a request to who asks.

A token that is signed is verified here; an opaque one is asked about at the introspection endpoint
of its authorization server, where the operator configured one. Either way its words are believed
only after issuer, audience and period hold, and the period is tested again at every use.

Source:
    RFC 6750; RFC 8705: 3 (a token bound to a client certificate); IHE IUA 2.2: 3.72; threats S7,
    S8.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final, Protocol

from gateway.model.subject import AccessRequest
from gateway.security.claims import read_facts, read_mode_claims
from gateway.security.errors import NotAuthenticated
from gateway.security.jwt import LONGEST_TOKEN, Claims, JwtIssuer, looks_signed, verify_jwt
from gateway.security.peer import Peer
from gateway.security.scopes import read_scopes
from gateway.security.subjects import Reading, Voucher, read_access
from gateway.security.verdicts import Verdicts

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)
_SCHEME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """An authorization server whose tokens are taken."""

    jwt: JwtIssuer
    voucher: Voucher


class Introspection(Protocol):
    """Asks an authorization server what a token of its is about [ITI-102]."""

    async def claims(self, token: str, now: float) -> tuple[Claims, Voucher]:
        """Give what the server says of an active token.

        Raises:
            NotAuthenticated: When the token is not active, or the server cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Verdict:
    access: AccessRequest
    not_before: float
    expires: float
    certificate: str


class BearerTokens:
    """Verifies tokens and remembers the positive verdicts."""

    def __init__(
        self,
        issuers: Iterable[TokenIssuer],
        reading: Reading,
        introspection: Introspection | None = None,
        *,
        introspected_for: float = 30,
    ) -> None:
        listed = tuple(issuers)
        self._issuers = {issuer.jwt.issuer: issuer.jwt for issuer in listed}
        self._vouchers = {issuer.jwt.issuer: issuer.voucher for issuer in listed}
        self._reading = reading
        self._introspection = introspection
        self._introspected_for = introspected_for
        self._verdicts: Verdicts[_Verdict] = Verdicts()

    def forget(self) -> None:
        """Verify every token anew from now on, since keys or trust changed."""
        self._verdicts.clear()

    async def access(self, authorization: str | None, peer: Peer, now: float) -> AccessRequest:
        """Give who asks.

        Args:
            authorization: The request's one Authorization header, or ``None``.
            now: Seconds since 1970.

        Raises:
            NotAuthenticated: When there is no token, or it is not accepted.
        """
        token = read_authorization(authorization)
        digest = Verdicts.digest(token.encode())
        verdict = self._verdicts.find(digest, now)
        if verdict is None:
            verdict, until = await self._verify(token, now)
            self._verdicts.keep(digest, until, verdict)
        if not verdict.not_before <= now < verdict.expires:
            raise NotAuthenticated("the token does not count at this moment")
        if verdict.certificate:
            _require_certificate(verdict.certificate, peer)
        subject = replace(verdict.access.subject, network_address=peer.address)
        return replace(verdict.access, subject=subject)

    async def _verify(self, token: str, now: float) -> tuple[_Verdict, float]:
        if looks_signed(token) and self._issuers:
            claims = verify_jwt(token, self._issuers, now)
            voucher = self._vouchers[claims.issuer]
            until = claims.expires
        elif self._introspection is not None:
            claims, voucher = await self._introspection.claims(token, now)
            until = min(claims.expires, now + self._introspected_for)
        else:
            raise NotAuthenticated("the token is not signed, and nobody can be asked about it")
        verdict = _Verdict(
            access=self._read(claims, voucher),
            not_before=claims.not_before,
            expires=claims.expires,
            certificate=_bound_certificate(claims),
        )
        return verdict, until

    def _read(self, claims: Claims, voucher: Voucher) -> AccessRequest:
        values = claims.values
        rules = self._reading.conventions.token
        client = values.get("client_id", values.get("azp"))
        return read_access(
            read_facts(values, rules, self._reading.naming),
            self._reading,
            voucher,
            required=rules.required,
            credential=str(values.get("jti", "")),
            scopes=read_scopes(values.get("scope")),
            is_application=client is not None and client == values.get("sub"),
            mode_claims=read_mode_claims(values, rules),
        )


def read_authorization(authorization: str | None) -> str:
    """Give the token of an Authorization header.

    Raises:
        NotAuthenticated: When there is none (no ``error``), or the header is malformed.
    """
    if authorization is None or not authorization.strip():
        raise NotAuthenticated("there is no access token", error="")
    text = authorization.strip(" \t")
    if len(text) > LONGEST_TOKEN + len("Bearer "):
        raise NotAuthenticated("the token is too long")
    found = _BEARER.fullmatch(text)
    if found is not None:
        return found[1]
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[0].lower() != "bearer":
        raise NotAuthenticated("the request authenticates in another way", error="")
    raise NotAuthenticated(
        "the Authorization header cannot be read", error="invalid_request", status=400
    )


_CONFIRMATION: Final = "x5t#S256"


def _bound_certificate(claims: Claims) -> str:
    confirmation = claims.values.get("cnf")
    if confirmation is None:
        return ""
    thumbprint = confirmation.get(_CONFIRMATION) if isinstance(confirmation, dict) else None
    if not isinstance(thumbprint, str) or len(confirmation) != 1 or not thumbprint:
        # A token bound to a key in a way that is not tested here may not be used as if unbound.
        raise NotAuthenticated("the token is bound in a way that is not known")
    return thumbprint


def _require_certificate(thumbprint: str, peer: Peer) -> None:
    present = urlsafe_b64encode(peer.thumbprint).rstrip(b"=").decode()
    if not present or not compare_digest(thumbprint, present):
        raise NotAuthenticated("the token is bound to another client certificate")
