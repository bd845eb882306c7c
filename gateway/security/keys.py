"""The keys of one issuer of tokens: a map from key id and algorithm to a key, and nothing else.

What a token says of its key (``jku``, ``jwk``, ``x5u``, ``x5c``) is never looked at; its ``kid``
is looked up in this map, never in a file or a database.

Source:
    RFC 7517; RFC 8725: 3.1, 3.5, 3.10; threat S7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OctKey, RSAKey

from gateway.security.strict_json import read_object
from gateway.security.weak_keys import weakness_of

ASYMMETRIC: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
SYMMETRIC: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""By algorithm, the least octets of a shared key."""

_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class KeyFault(ValueError):
    """A set of keys cannot be used; the message says which key and why."""


class TokenKeys:
    """The present keys of an issuer."""

    def __init__(self, algorithms: Iterable[str], keys: Iterable[Mapping[str, Any]] = ()) -> None:
        self.algorithms = frozenset(algorithms)
        unknown = self.algorithms - ASYMMETRIC - set(SYMMETRIC)
        if unknown or not self.algorithms:
            raise KeyFault(f"algorithms {sorted(unknown)} are none that are taken")
        if self.algorithms & ASYMMETRIC and self.algorithms & set(SYMMETRIC):
            # One public key that also counted as a shared secret would let everybody sign.
            raise KeyFault(
                "an issuer has algorithms with public keys or with shared ones, not both"
            )
        self._keys: Mapping[tuple[str, str], Key] = {}
        self.replace(keys)

    def replace(self, keys: Iterable[Mapping[str, Any]]) -> None:
        """Take another set of keys in place of the present one.

        Raises:
            KeyFault: When a key is none, or two have one id; the present set stays.
        """
        found: dict[tuple[str, str], Key] = {}
        for data in keys:
            if data.get("use", "sig") != "sig":
                continue
            kid = data.get("kid", "")
            if not isinstance(kid, str):
                raise KeyFault("a key id is no text")
            for algorithm, key in _usable(data, self.algorithms):
                if (kid, algorithm) in found:
                    raise KeyFault(f"two keys have the id {kid!r}")
                found[kid, algorithm] = key
        self._keys = found

    def replace_from_jwks(self, octets: bytes) -> None:
        """Take the keys of a JWK Set.

        Raises:
            KeyFault: When it is none.
        """
        try:
            data = read_object(octets)
        except ValueError as error:
            raise KeyFault(f"no JWK Set: {error}") from None
        keys = data.get("keys")
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise KeyFault("no JWK Set: it has no array keys")
        self.replace(keys)

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Give the key a token names; without a name, the only one of the algorithm."""
        if kid is not None:
            return self._keys.get((kid, algorithm))
        fitting = [key for (_, alg), key in self._keys.items() if alg == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def __len__(self) -> int:
        return len(self._keys)


def _usable(data: Mapping[str, Any], algorithms: frozenset[str]) -> Iterable[tuple[str, Key]]:
    """Give a key with each algorithm of the issuer that it is for."""
    own = data.get("alg")
    fitting = [a for a in sorted(algorithms) if own in {None, a} and _fits(data, a)]
    if not fitting:
        return
    try:
        key = JWKRegistry.import_key(dict(data))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise KeyFault(f"key {data.get('kid', '')!r} cannot be read: {error}") from None
    for algorithm in fitting:
        _refuse_weak(key, algorithm)
        yield algorithm, key


def _fits(data: Mapping[str, Any], algorithm: str) -> bool:
    kind = data.get("kty")
    if algorithm in SYMMETRIC:
        return kind == "oct"
    if algorithm in _CURVES:
        return kind == "EC" and data.get("crv") == _CURVES[algorithm]
    return kind == "RSA"


def _refuse_weak(key: Key, algorithm: str) -> None:
    if isinstance(key, RSAKey):
        public = key.public_key
        trouble = weakness_of(public) if isinstance(public, RSAPublicKey) else "no RSA key"
        if trouble:
            raise KeyFault(trouble)
    elif isinstance(key, OctKey):
        if len(key.raw_value) < SYMMETRIC[algorithm]:
            raise KeyFault(f"a shared key has less than {SYMMETRIC[algorithm]} octets")
    elif not isinstance(key, ECKey):
        raise KeyFault("a key is of a kind that is not taken")
