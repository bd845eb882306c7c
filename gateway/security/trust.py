"""Whom this gateway trusts: the operator's trust file, read once at the start.

A TOML file (``GATEWAY_TRUST``) with a table for each issuer of assertions, each issuer of tokens,
and at most one introspection endpoint; ``docs/reference/identity.md`` lists its keys. Files it
names are looked for beside it. What cannot be used stops the start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509

from gateway.model.subject import Authentication, SubjectKind
from gateway.security.certificates import (
    NAME_ATTRIBUTES,
    CertificateFault,
    CertificateTrust,
    RevocationFiles,
    read_certificates,
)
from gateway.security.errors import TrustFault
from gateway.security.introspection import Endpoint
from gateway.security.jwt import JwtIssuer
from gateway.security.keys import KeyFault, TokenKeys
from gateway.security.saml.assertions import AssertionIssuer
from gateway.security.subjects import Voucher
from gateway.security.tokens import TokenIssuer

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_VOUCHER: Final = frozenset({"person_authority", "structure_authority", "kinds", "authentications"})
_ASSERTION_KEYS: Final = _VOUCHER | {
    "name",
    "anchors",
    "certificates",
    "intermediates",
    "revocation_lists",
    "extended_usages",
    "policies",
    "audiences",
    "person_attribute",
    "structure_attribute",
}
_TOKEN_KEYS: Final = _VOUCHER | {
    "issuer",
    "algorithms",
    "jwks",
    "jwks_url",
    "audiences",
    "max_lifetime",
}
_INTROSPECTION_KEYS: Final = _VOUCHER | {
    "url",
    "issuer",
    "client_id",
    "client_secret_file",
    "audiences",
    "seconds",
}


@dataclass(frozen=True, kw_only=True)
class RemoteKeys:
    """Keys that are fetched from their issuer, at the start and then now and again."""

    url: str
    keys: TokenKeys


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Everybody this gateway believes."""

    assertion_issuers: tuple[AssertionIssuer, ...] = ()
    token_issuers: tuple[TokenIssuer, ...] = ()
    remote_keys: tuple[RemoteKeys, ...] = ()
    introspection: Endpoint | None = None


def read_trust(path: Path, audiences: frozenset[str]) -> Trust:
    """Give what a trust file says.

    Args:
        audiences: What this gateway is called where an issuer's table does not say.

    Raises:
        TrustFault: When the file, or a file it names, cannot be used.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrustFault(f"{path}: {error}") from None
    _refuse_unknown(data, {"assertion_issuer", "token_issuer", "introspection"}, str(path))
    try:
        assertions = tuple(
            _assertion_issuer(row, path.parent, audiences)
            for row in data.get("assertion_issuer", ())
        )
        tokens, remote = [], []
        for row in data.get("token_issuer", ()):
            issuer, fetched = _token_issuer(row, path.parent, audiences)
            tokens.append(issuer)
            remote.extend(fetched)
        names = [issuer.jwt.issuer for issuer in tokens]
        if len(set(names)) != len(names):
            raise TrustFault("two tables are about one issuer of tokens")
        said = data.get("introspection")
        endpoint = _endpoint(said, path.parent, audiences) if said is not None else None
    except (TrustFault, CertificateFault, KeyFault) as error:
        raise TrustFault(f"{path}: {error}") from None
    return Trust(
        assertion_issuers=assertions,
        token_issuers=tuple(tokens),
        remote_keys=tuple(remote),
        introspection=endpoint,
    )


def _assertion_issuer(
    row: Mapping[str, Any], place: Path, audiences: frozenset[str]
) -> AssertionIssuer:
    name = _text(row, "name")
    where = f"assertion_issuer {name or '(named by its certificate)'}"
    _refuse_unknown(row, _ASSERTION_KEYS, where)
    lists = [place / one for one in _texts(row, "revocation_lists")]
    trust = CertificateTrust(
        anchors=_certificates(row, "anchors", place),
        pinned=_certificates(row, "certificates", place),
        intermediates=_certificates(row, "intermediates", place),
        revocation=RevocationFiles(lists) if lists else None,
        extended_usages=frozenset(_texts(row, "extended_usages")),
        policies=frozenset(_texts(row, "policies")),
    )
    if not trust.anchors and not trust.pinned:
        raise TrustFault(f"{where} has neither anchors nor certificates")
    for key in ("person_attribute", "structure_attribute"):
        if _text(row, key) and _text(row, key) not in NAME_ATTRIBUTES:
            raise TrustFault(f"{where}: {key} is none of {', '.join(NAME_ATTRIBUTES)}")
    return AssertionIssuer(
        name=name,
        trust=trust,
        voucher=_voucher(row, name, where),
        audiences=frozenset(_texts(row, "audiences")) or audiences,
        person_attribute=_text(row, "person_attribute"),
        structure_attribute=_text(row, "structure_attribute"),
    )


def _token_issuer(
    row: Mapping[str, Any], place: Path, audiences: frozenset[str]
) -> tuple[TokenIssuer, list[RemoteKeys]]:
    name = _text(row, "issuer")
    where = f"token_issuer {name}"
    _refuse_unknown(row, _TOKEN_KEYS, where)
    if not name:
        raise TrustFault("a token_issuer has no issuer")
    keys = TokenKeys(_texts(row, "algorithms"))
    file, url = _text(row, "jwks"), _text(row, "jwks_url")
    if bool(file) == bool(url):
        raise TrustFault(f"{where} needs jwks, a file, or jwks_url, an address, and not both")
    if file:
        keys.replace_from_jwks(_octets(place / file))
        if not len(keys):
            raise TrustFault(f"{where}: {file} has no key for the algorithms of the issuer")
    else:
        require_secure(url, where)
    lifetime = row.get("max_lifetime", 24 * 3600)
    if type(lifetime) is not int or lifetime < 1:
        raise TrustFault(f"{where}: max_lifetime is a number of seconds")
    issuer = JwtIssuer(
        issuer=name,
        keys=keys,
        audiences=frozenset(_texts(row, "audiences")) or audiences,
        max_lifetime=lifetime,
    )
    remote = [RemoteKeys(url=url, keys=keys)] if url else []
    return TokenIssuer(jwt=issuer, voucher=_voucher(row, name, where)), remote


def _endpoint(row: Mapping[str, Any], place: Path, audiences: frozenset[str]) -> Endpoint:
    where = "introspection"
    _refuse_unknown(row, _INTROSPECTION_KEYS, where)
    url, issuer = _text(row, "url"), _text(row, "issuer")
    if not url or not issuer:
        raise TrustFault(f"{where} needs url and issuer")
    require_secure(url, where)
    secret = _text(row, "client_secret_file")
    return Endpoint(
        url=url,
        issuer=issuer,
        client_id=_text(row, "client_id"),
        client_secret=_octets(place / secret).decode("utf-8").strip() if secret else "",
        audiences=frozenset(_texts(row, "audiences")) or audiences,
        seconds=float(row.get("seconds", 30)),
        voucher=_voucher(row, issuer, where),
    )


def require_secure(url: str, where: str) -> None:
    """Refuse an address keys or tokens would travel to in clear; on one machine they may.

    Raises:
        TrustFault: When it is one.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return
    raise TrustFault(f"{where}: {url} is no https:// address")


def _voucher(row: Mapping[str, Any], issuer: str, where: str) -> Voucher:
    try:
        kinds = frozenset(SubjectKind(one) for one in _texts(row, "kinds"))
        ways = frozenset(Authentication(one) for one in _texts(row, "authentications"))
    except ValueError as error:
        raise TrustFault(f"{where}: {error}") from None
    return Voucher(
        issuer=issuer,
        person_authority=_text(row, "person_authority"),
        structure_authority=_text(row, "structure_authority"),
        kinds=kinds,
        authentications=ways,
    )


def _certificates(row: Mapping[str, Any], key: str, place: Path) -> tuple[x509.Certificate, ...]:
    return tuple(
        certificate for name in _texts(row, key) for certificate in read_certificates(place / name)
    )


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrustFault(f"{path}: {error.strerror}") from None


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise TrustFault(f"{key} is a text")
    return value


def _texts(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TrustFault(f"{key} is a list of texts")
    return tuple(value)


def _refuse_unknown(row: object, known: Iterable[str], where: str) -> None:
    if not isinstance(row, Mapping):
        raise TrustFault(f"{where} is no table")
    for key in row:
        if key not in known:
            raise TrustFault(f"{where}: {key} is none of {', '.join(sorted(known))}")
