"""A signed token (JWS in compact form) to the claims its issuer signed.

Source:
    RFC 7515, 7519, 8725, 9068; IHE ITI TF-2: 3.71.4.1.2.2 (IUA 2.2, JWT); threat S7.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry, deserialize_compact

from gateway.security.errors import NotAuthenticated
from gateway.security.instants import SKEW
from gateway.security.keys import TokenKeys
from gateway.security.strict_json import read_object

LONGEST_TOKEN: Final = 8 * 1024

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt", "application/jwt"})
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat", "jti")
_LONGEST_NAME: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtIssuer:
    """Who signs tokens, and what a token of theirs must be like.

    Attributes:
        issuer: The claim ``iss``, compared letter by letter.
        keys: With the algorithms that count.
        audiences: One of them must be in ``aud``.
        max_lifetime: Seconds between ``iat`` and ``exp`` at most.
    """

    issuer: str
    keys: TokenKeys
    audiences: frozenset[str]
    max_lifetime: int = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says, signed or told by the authorization server.

    Attributes:
        not_before: Seconds since 1970; before it the token does not count.
        expires: Likewise; from then on it does not count any more.
    """

    issuer: str
    values: Mapping[str, Any]
    not_before: float
    expires: float


def looks_signed(token: str) -> bool:
    """Whether a token has the form of a JWS; an opaque one has any other."""
    return token.count(".") == 2 and token.startswith("eyJ")


def verify_jwt(token: str, issuers: Mapping[str, JwtIssuer], now: float) -> Claims:
    """Give the claims of a token whose signature, issuer, audience and period hold.

    Args:
        token: As it stood in the header.
        issuers: By name.
        now: Seconds since 1970.

    Raises:
        NotAuthenticated: When anything about it does not hold.
    """
    header, payload = _segments(token)
    issuer = _issuer(_object(payload), issuers)
    # Read from what was verified; `payload` above only chose whose keys to use.
    claims = _object(_verified(token, header, issuer.keys))
    not_before, expires = check_claims(claims, issuer, now)
    return Claims(issuer=issuer.issuer, values=claims, not_before=not_before, expires=expires)


def verify_signature(token: str, keys: TokenKeys) -> bytes:
    """Give the payload of a token that one of some keys signed.

    Raises:
        NotAuthenticated: When none did, or the token is not of the one form that is read.
    """
    header, _ = _segments(token)
    return _verified(token, header, keys)


def _verified(token: str, header: Mapping[str, Any], keys: TokenKeys) -> bytes:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in keys.algorithms:
        raise NotAuthenticated("the algorithm is not one of the issuer's")
    # What the header says beside algorithm, key id and type is not looked at, but extensions that
    # must be understood, and forms that change what was signed, cannot be left unread.
    if "crit" in header or "zip" in header or "b64" in header:
        raise NotAuthenticated("the header asks for an extension")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise NotAuthenticated("the token is of another type")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise NotAuthenticated("the key id is no text")
    key = keys.find(kid, algorithm)
    if key is None:
        raise NotAuthenticated("the issuer has no such key")
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = LONGEST_TOKEN
    try:
        verified = deserialize_compact(token, key, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise NotAuthenticated("the signature does not hold") from None
    return bytes(verified.payload or b"")


def check_claims(claims: Mapping[str, Any], issuer: JwtIssuer, now: float) -> tuple[float, float]:
    """Make sure that a token is for us and for now.

    Returns:
        From when until when it counts.

    Raises:
        NotAuthenticated: When it is not.
    """
    for name in _REQUIRED:
        if name not in claims:
            raise NotAuthenticated(f"the claim {name} is missing")
    for name in ("iss", "sub", "jti"):
        value = claims[name]
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
            raise NotAuthenticated(f"the claim {name} is no text of bearable length")
    if claims["iss"] != issuer.issuer:
        raise NotAuthenticated("the issuer is another one")
    check_audience(claims["aud"], issuer.audiences)
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    not_before = _moment(claims, "nbf") if "nbf" in claims else issued
    if issued > now + SKEW or not_before > now + SKEW:
        raise NotAuthenticated("the token does not count yet")
    if expires <= now - SKEW:
        raise NotAuthenticated("the token has expired")
    if expires - issued > issuer.max_lifetime:
        raise NotAuthenticated("the token lives too long")
    return max(issued, not_before) - SKEW, expires + SKEW


def check_audience(said: object, audiences: frozenset[str]) -> None:
    """Make sure that one of the audiences is ours.

    Raises:
        NotAuthenticated: When none is, or they are not told as RFC 7519 has it.
    """
    named = [said] if isinstance(said, str) else said
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise NotAuthenticated("the audience cannot be read")
    if not audiences.intersection(named):
        raise NotAuthenticated("the token is for another service")


def _segments(token: str) -> tuple[dict[str, Any], bytes]:
    if len(token) > LONGEST_TOKEN:
        raise NotAuthenticated("the token is too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise NotAuthenticated("the token has not three parts")
    decoded = []
    for part in parts:
        # One text for one value: no padding, no blanks, no bits to spare at the end.
        if not _SEGMENT.fullmatch(part):
            raise NotAuthenticated("a part of the token is not base64url")
        try:
            octets = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except (ValueError, binascii.Error):
            raise NotAuthenticated("a part of the token is not base64url") from None
        if urlsafe_b64encode(octets).rstrip(b"=").decode() != part:
            raise NotAuthenticated("a part of the token is not base64url")
        decoded.append(octets)
    return _object(decoded[0]), decoded[1]


def _object(octets: bytes) -> dict[str, Any]:
    try:
        return read_object(octets)
    except ValueError:
        raise NotAuthenticated("a part of the token is no JSON object") from None


def _issuer(payload: Mapping[str, Any], issuers: Mapping[str, JwtIssuer]) -> JwtIssuer:
    name = payload.get("iss")
    issuer = issuers.get(name) if isinstance(name, str) else None
    if issuer is None:
        raise NotAuthenticated("the issuer is not trusted")
    return issuer


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if type(value) not in {int, float} or not isfinite(value) or not 0 <= value < 2**40:
        raise NotAuthenticated(f"the claim {name} is no moment")
    return float(value)
