"""Signed tokens, bent in each known way: none of them is anybody's.

In the manner of Project Wycheproof (see `test_wycheproof.py` for the published vectors).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

from gateway.security.errors import NotAuthenticated
from gateway.security.jwt import JwtIssuer, verify_jwt
from gateway.security.keys import KeyFault, TokenKeys
from tests.security.signing import rsa_key
from tests.security.world import BASE, NOW

ISSUER = "https://issuer.example"
RSA = RSAKey.import_key(rsa_key(31))
OTHER_RSA = RSAKey.import_key(rsa_key(32))
EC = ECKey.generate_key("P-256")
EC384 = ECKey.generate_key("P-384")
EC_K1 = ECKey.import_key(ec.generate_private_key(ec.SECP256K1()))
N = int.from_bytes(
    bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), "big"
)

CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "somebody",
    "aud": BASE,
    "jti": "1",
    "iat": NOW,
    "exp": NOW + 600,
    "scope": "user/*.cruds",
}


PARTS = ("protected", "payload", "signature")


def public(key: Any, kid: str, alg: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid, "alg": alg, "use": "sig"}


ISSUERS = {
    ISSUER: JwtIssuer(
        issuer=ISSUER,
        keys=TokenKeys(
            ["RS256", "ES256"], [public(RSA, "rsa", "RS256"), public(EC, "ec", "ES256")]
        ),
        audiences=frozenset({BASE}),
    )
}


def encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def signed(
    claims: Any = None, *, key: Any = RSA, header: dict[str, Any] | None = None, alg: str = "RS256"
) -> str:
    kid = {"RS256": "rsa", "ES256": "ec"}.get(alg, "rsa")
    full = {"alg": alg, "kid": kid, **(header or {})}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims or CLAIMS).encode()
    registry = JWSRegistry(algorithms=[full["alg"]], strict_check_header=False)
    registry.max_header_length = 100_000
    return serialize_compact(full, payload, key, registry=registry)


def hand_made(header: bytes | dict[str, Any], payload: bytes | dict[str, Any], mac: bytes) -> str:
    parts = [p if isinstance(p, bytes) else json.dumps(p).encode() for p in (header, payload)]
    return ".".join([*(encode(part) for part in parts), encode(mac)])


def why(token: str, now: float = NOW) -> str:
    try:
        verify_jwt(token, ISSUERS, now)
    except NotAuthenticated as refused:
        return refused.message
    return ""


def test_both_kinds_of_token_are_taken() -> None:
    assert why(signed()) == ""
    assert why(signed(alg="ES256", key=EC)) == ""
    assert why(signed({**CLAIMS, "aud": ["urn:other", BASE], "nbf": NOW})) == ""
    for kind in ("JWT", "at+jwt", "application/at+jwt", "jwt"):
        assert why(signed(header={"typ": kind})) == ""


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS1"])
def test_the_algorithm_is_the_issuers_to_say(name: str) -> None:
    header = {"alg": name, "kid": "rsa"}
    assert why(hand_made(header, CLAIMS, b""))
    assert why(hand_made(header, CLAIMS, b"x" * 32))


@pytest.mark.parametrize(
    "secret",
    [
        lambda: RSA.as_pem(private=False),
        lambda: RSA.as_der(private=False),
        lambda: json.dumps(RSA.as_dict(private=False)).encode(),
        lambda: rsa_key(31).public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        lambda: b"" + RSA.as_dict(private=False)["n"].encode(),
        lambda: b"",
    ],
)
def test_a_public_key_is_no_shared_secret(secret: Callable[[], bytes]) -> None:
    body = ".".join(
        [
            encode(json.dumps({"alg": "HS256", "kid": "rsa"}).encode()),
            encode(json.dumps(CLAIMS).encode()),
        ]
    )
    mac = hmac.new(secret(), body.encode(), hashlib.sha256).digest()
    assert "algorithm" in why(f"{body}.{encode(mac)}")


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": OTHER_RSA.as_dict(private=False)},
        {"jku": "http://127.0.0.1:9/jwks"},
        {"x5u": "http://127.0.0.1:9/certificate"},
        {"x5c": ["AAAA"]},
        {"jwk": OTHER_RSA.as_dict(private=False), "kid": None},
        {"kid": "../../../../dev/null"},
        {"kid": "rsa' OR '1'='1"},
        {"kid": "/etc/passwd"},
        {"kid": "rsa\u0000"},
        {"kid": "RSA"},
        {"kid": 1},
        {"kid": ["rsa"]},
        {"kid": ""},
        {"kid": "ec"},
    ],
)
def test_a_token_does_not_choose_its_key(header: dict[str, Any]) -> None:
    full = {"alg": "RS256", "kid": "rsa", **header}
    body = f"{encode(json.dumps(full).encode())}.{encode(json.dumps(CLAIMS).encode())}"

    value = rsa_key(32).sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert why(f"{body}.{encode(value)}")


def test_what_a_token_says_of_its_key_is_not_looked_at() -> None:
    for header in (
        {"jku": "http://127.0.0.1:9/"},
        {"x5u": "http://127.0.0.1:9/"},
        {"jwk": {"kty": "oct", "k": "AA"}},
    ):
        assert why(signed(header=header)) == ""


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"crit": [f"x{n}" for n in range(1000)]},
        {"typ": "JWE"},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": 1},
    ],
)
def test_what_would_change_the_meaning_is_refused(header: dict[str, Any]) -> None:
    full = {"alg": "RS256", "kid": "rsa", **header}
    body = f"{encode(json.dumps(full).encode())}.{encode(json.dumps(CLAIMS).encode())}"

    value = rsa_key(31).sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert why(f"{body}.{encode(value)}")


def test_a_name_that_stands_twice_is_refused() -> None:
    text = json.dumps(CLAIMS)
    for name, value in (("sub", "other"), ("iss", ISSUER), ("aud", BASE), ("scope", "x")):
        for doubled in (
            text[:-1] + f', "{name}": "{value}"}}',
            f'{{"{name}": "{value}", ' + text[1:],
        ):
            assert "JSON" in why(signed(doubled.encode())), name
    inside = text[:-1] + ', "extensions": {"a": {"b": 1, "b": 2}}}'
    assert "JSON" in why(signed(inside.encode()))
    header = b'{"alg":"RS256","kid":"ec","kid":"rsa"}'
    assert "JSON" in why(hand_made(header, CLAIMS, b"x" * 256))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"exp": NaN}',
        b'{"exp": Infinity}',
        b"{" + b'"a":{' * 2000 + b"}" * 2001,
        b"[" * 7000,
    ],
)
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    if payload:
        assert why(hand_made({"alg": "RS256", "kid": "rsa"}, payload, b"x" * 256))


# ------------------------------------------------------------------ elliptic curves


def ec_parts(token: str) -> tuple[str, int, int]:
    body, _, mac = token.rpartition(".")
    octets = base64.urlsafe_b64decode(mac + "==")
    return body, int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")


@pytest.mark.parametrize(
    "bent",
    [
        lambda r, s: b"",
        lambda r, s: b"\0" * 64,
        lambda r, s: b"\0" * 63 + b"\1",
        lambda r, s: (0).to_bytes(32, "big") + s.to_bytes(32, "big"),
        lambda r, s: r.to_bytes(32, "big") + (0).to_bytes(32, "big"),
        lambda r, s: N.to_bytes(32, "big") + s.to_bytes(32, "big"),
        lambda r, s: r.to_bytes(32, "big") + N.to_bytes(32, "big"),
        lambda r, s: s.to_bytes(32, "big") + r.to_bytes(32, "big"),
        lambda r, s: r.to_bytes(32, "big"),
        lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"\0",
        lambda r, s: b"\0" + r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        lambda r, s: r.to_bytes(33, "big") + s.to_bytes(33, "big"),
        lambda r, s: r.to_bytes(48, "big") + s.to_bytes(48, "big"),
        lambda r, s: encode_dss_signature(r, s) + b"",
        lambda r, s: _der(r, N - s),
        lambda r, s: (r ^ 1).to_bytes(32, "big") + s.to_bytes(32, "big"),
        lambda r, s: r.to_bytes(32, "big") + (s ^ 1).to_bytes(32, "big"),
        lambda r, s: b"\xff" * 64,
    ],
)
def test_a_bent_signature_of_a_curve_is_refused(bent: Callable[[int, int], bytes]) -> None:
    body, r, s = ec_parts(signed(alg="ES256", key=EC))
    assert why(f"{body}.{encode(bent(r, s))}")


def _der(r: int, s: int) -> bytes:

    return encode_dss_signature(r, s)


@pytest.mark.parametrize(
    "key", [EC384, EC_K1, ECKey.generate_key("P-256"), ECKey.generate_key("P-521")]
)
def test_a_signature_of_another_curve_or_key_is_refused(key: ECKey) -> None:

    header = encode(json.dumps({"alg": "ES256", "kid": "ec"}).encode())
    body = f"{header}.{encode(json.dumps(CLAIMS).encode())}"
    private: Any = key.private_key
    r, s = decode_dss_signature(private.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    size = (private.key_size + 7) // 8
    assert why(f"{body}.{encode(r.to_bytes(size, 'big') + s.to_bytes(size, 'big'))}")


# ------------------------------------------------------------------ form


def test_every_character_of_a_token_counts() -> None:
    token = signed()
    assert why(token) == ""
    for at in range(0, len(token), 7):
        other = "A" if token[at] != "A" else "B"
        assert why(token[:at] + other + token[at + 1 :]), at


@pytest.mark.parametrize(
    "form",
    [
        lambda t: t + "=",
        lambda t: t.replace(".", "=.", 1),
        lambda t: t + ".",
        lambda t: "." + t,
        lambda t: t.rpartition(".")[0],
        lambda t: t.rpartition(".")[0] + ".",
        lambda t: t + "." + t.split(".")[2] + ".",
        lambda t: t.replace(".", ". ", 1),
        lambda t: t + "\n",
        lambda t: t[:-1] + "+",
        lambda t: t[:-1] + "/",
        lambda t: t + "é",
        lambda t: t + "?",
        lambda t: json.dumps(
            {"payload": t.split(".")[1], "protected": t.split(".")[0], "signature": t.split(".")[2]}
        ),
        lambda t: t + "A" * 9000,
    ],
)
def test_a_token_has_one_spelling(form: Callable[[str], str]) -> None:
    assert why(form(signed()))


def test_bits_to_spare_are_zero() -> None:
    token = signed(alg="ES256", key=EC)  # 64 octets leave four bits in the last character
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters.index(token[-1])
    assert last % 16 == 0
    for spare in range(1, 16):
        assert why(token[:-1] + letters[last + spare])


def test_a_token_has_at_most_eight_kibibytes() -> None:
    for more in (5000, 7000):
        token = signed({**CLAIMS, "x": "x" * more})
        assert (why(token) == "") is (len(token) <= 8192)
    assert why(signed(header={"x": "x" * 7000}))


# ------------------------------------------------------------------ claims


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "jti", "iat", "exp"])
def test_a_claim_that_is_missing_or_of_another_type_is_refused(name: str) -> None:
    assert why(signed({k: v for k, v in CLAIMS.items() if k != name}))
    for value in (None, [], {}, "", True, [1], {"x": 1}, -1, "1", 1e300):
        if (name, value) in (("sub", "1"), ("jti", "1")):
            continue
        assert why(signed({**CLAIMS, name: value})), (name, value)


@pytest.mark.parametrize(
    ("changes", "moment", "taken"),
    [
        ({}, NOW - 61, False),
        ({}, NOW - 60, True),
        ({}, NOW + 659, True),
        ({}, NOW + 660, False),
        ({"nbf": NOW + 120}, NOW, False),
        ({"nbf": NOW + 120}, NOW + 60, True),
        ({"exp": NOW + 86400}, NOW, True),
        ({"exp": NOW + 86401}, NOW, False),
        ({"iat": NOW - 3600, "exp": NOW - 61}, NOW, False),
        ({"aud": "https://other.example"}, NOW, False),
        ({"aud": [BASE + "/"]}, NOW, False),
        ({"aud": [BASE, 1]}, NOW, False),
        ({"iss": ISSUER + "/"}, NOW, False),
        ({"iss": "https://other.example"}, NOW, False),
    ],
)
def test_a_token_is_for_us_and_for_now(changes: dict[str, Any], moment: float, taken: bool) -> None:
    assert (why(signed({**CLAIMS, **changes}), moment) == "") is taken


# ------------------------------------------------------------------ keys


def test_an_issuer_has_public_keys_or_shared_ones() -> None:
    shared = OctKey.generate_key(256)
    with pytest.raises(KeyFault):
        TokenKeys(["RS256", "HS256"])
    with pytest.raises(KeyFault):
        TokenKeys(["none"])
    with pytest.raises(KeyFault):
        TokenKeys([])
    keys = TokenKeys(["HS256"], [{**shared.as_dict(), "kid": "s"}])
    assert keys.find("s", "HS256") is not None
    with pytest.raises(KeyFault):
        TokenKeys(["HS256"], [OctKey.import_key("x" * 31).as_dict()])


def test_weak_keys_are_refused() -> None:
    for weak in (rsa_key(33, 1024),):
        with pytest.raises(KeyFault):
            TokenKeys(["RS256"], [RSAKey.import_key(weak).as_dict(private=False)])


def test_a_key_serves_its_own_algorithm_only() -> None:
    keys = TokenKeys(["RS256", "PS256"], [public(RSA, "k", "RS256")])
    assert keys.find("k", "RS256") is not None
    assert keys.find("k", "PS256") is None
    for_encryption = {**public(RSA, "k", "RS256"), "use": "enc"}
    assert len(TokenKeys(["RS256"], [for_encryption])) == 0
    assert len(TokenKeys(["ES256"], [public(EC384, "k", "ES384")])) == 0


def test_two_keys_with_one_id_are_refused_and_the_present_ones_stay() -> None:
    keys = TokenKeys(["RS256"], [public(RSA, "k", "RS256")])
    with pytest.raises(KeyFault):
        keys.replace([public(RSA, "a", "RS256"), public(OTHER_RSA, "a", "RS256")])
    for wrong in (b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [1]}', b'{"keys": [], "keys": []}'):
        with pytest.raises(KeyFault):
            keys.replace_from_jwks(wrong)
    assert keys.find("k", "RS256") is not None
