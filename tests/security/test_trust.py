"""The trust file: whom it lets in, and what stops a start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey
from joserfc.jws import serialize_compact

from gateway.model.subject import Authentication, SubjectKind
from gateway.security import opening
from gateway.security.errors import TrustFault
from gateway.security.introspection import NotFetched
from gateway.security.opening import open_identity
from gateway.security.trust import read_trust
from tests.security.signing import (
    ISSUER,
    Written,
    certified,
    ec_key,
    revocation_list,
    rsa_key,
    signed,
)
from tests.security.world import BASE, NOW, PEOPLE, World, bearer, message, refusal, token_refusal

ROOT = certified("root", ca=True, key=ec_key(100))
LEAF = certified("leaf", by=ROOT, key=rsa_key(1))
KEY = ECKey.generate_key("P-256")
AUDIENCES = frozenset({BASE})
TOKENS = "https://tokens.example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "root.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "root.crl").write_bytes(revocation_list(ROOT).public_bytes(Encoding.DER))
    jwk = {**KEY.as_dict(private=False), "kid": "k", "use": "sig", "alg": "ES256"}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk]}))
    (tmp_path / "secret").write_text("s3cret\n")
    return tmp_path


WHOLE = f"""
[[assertion_issuer]]
name = "{ISSUER}"
anchors = ["root.pem"]
revocation_lists = ["root.crl"]
kinds = ["professional"]
authentications = ["direct"]

[[token_issuer]]
issuer = "{TOKENS}"
algorithms = ["ES256"]
jwks = "keys.json"
max_lifetime = 600
person_authority = "2.999.1.2"

[introspection]
url = "https://other.example/introspect"
issuer = "https://other.example"
client_id = "gateway"
client_secret_file = "secret"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "trust.toml"
    path.write_text(text, encoding="utf-8")
    return path


def token(key: ECKey = KEY) -> str:
    claims = {
        "iss": TOKENS,
        "sub": "DOC-1",
        "aud": f"{BASE}/fhir",
        "jti": "1",
        "iat": NOW,
        "exp": NOW + 60,
        "scope": "user/*.rs",
        "extensions": {"ihe_iua": {"subject_role": [{"code": "X", "system": "urn:oid:2.999.1.7"}]}},
    }
    return serialize_compact({"alg": "ES256", "kid": "k"}, json.dumps(claims), key, ["ES256"])


def test_a_trust_file_says_whose_credentials_are_taken(ihe: World, folder: Path) -> None:
    trust = read_trust(written(folder, WHOLE), AUDIENCES)
    (issuer,) = trust.assertion_issuers
    assert issuer.voucher.kinds == {SubjectKind.PROFESSIONAL}
    assert issuer.voucher.authentications == {Authentication.DIRECT}
    assert trust.introspection is not None
    assert trust.introspection.client_secret == "s3cret"

    identity = open_identity(
        profile=ihe.profile,
        clock=ihe.clock,
        replay=ihe.replay,
        base_url=BASE,
        data=folder,
        people=PEOPLE,
        trust=folder / "trust.toml",
    )
    gateway = identity.authenticator
    assert identity.authority is None
    assert bearer(gateway, token()).subject.key == "DOC-1^2.999.1.2"
    assert refusal(gateway, message(signed(Written(), LEAF))) == ""
    assert token_refusal(gateway, ihe.token("gp"))
    assert refusal(gateway, ihe.message("gp"))


A = '[[assertion_issuer]]\nanchors = ["root.pem"]\n'
T = '[[token_issuer]]\nissuer = "x"\nalgorithms = ["ES256"]\n'
RS = T.replace("ES256", "RS256")
J = 'jwks = "keys.json"\n'
INTROSPECTION = '[introspection]\nissuer = "x"\n'

BROKEN = {
    "no TOML": "[",
    "another table": "[tokens]\nx = 1",
    "another key": '[[assertion_issuer]]\nanchor = ["root.pem"]',
    "no certificate": f'[[assertion_issuer]]\nname = "{ISSUER}"',
    "an absent file": A.replace("root", "absent"),
    "a file of another kind": A.replace("root.pem", "keys.json"),
    "a broken list": A + 'revocation_lists = ["keys.json"]',
    "an unknown kind": A + 'kinds = ["doctor"]',
    "an unknown attribute": A + 'person_attribute = "X"',
    "a text for a list": '[[assertion_issuer]]\nanchors = "root.pem"',
    "no issuer": '[[token_issuer]]\nalgorithms = ["ES256"]\n' + J,
    "no algorithm": '[[token_issuer]]\nissuer = "x"\n' + J,
    "no signature": T.replace("ES256", "none") + J,
    "both kinds": T.replace('"ES256"', '"RS256", "HS256"') + J,
    "no key": RS + J,
    "no place of keys": RS,
    "two places of keys": T + J + 'jwks_url = "https://x.example"',
    "keys in clear": T + 'jwks_url = "http://x.example/keys"',
    "a lifetime in words": T + J + 'max_lifetime = "long"',
    "one issuer twice": (T + J) * 2,
    "no address": INTROSPECTION,
    "an address in clear": INTROSPECTION + 'url = "http://x.example"',
    "an absent secret": INTROSPECTION + 'url = "https://x.example"\nclient_secret_file = "y"',
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_trust_file_that_cannot_be_used_stops_the_start(folder: Path, what: str) -> None:
    with pytest.raises(TrustFault) as fault:
        read_trust(written(folder, BROKEN[what]), AUDIENCES)
    assert "trust.toml" in str(fault.value)


def test_keys_are_fetched_and_withdrawn_ones_forgotten(
    ihe: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"""
[[token_issuer]]
issuer = "{TOKENS}"
algorithms = ["ES256"]
jwks_url = "https://tokens.example/keys"
"""
    identity = open_identity(
        profile=ihe.profile,
        clock=ihe.clock,
        replay=ihe.replay,
        base_url=BASE,
        data=folder,
        people=PEOPLE,
        trust=written(folder, text),
    )
    answers: list[bytes | Exception] = [
        (folder / "keys.json").read_bytes(),
        NotFetched("no answer"),
        b'{"keys": 1}',
        b'{"keys": []}',
    ]

    async def fetch(url: str) -> bytes:
        assert url == "https://tokens.example/keys"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(opening, "fetch", fetch)
    gateway = identity.authenticator
    assert "no such key" in token_refusal(gateway, token())
    assert asyncio.run(identity.fetch_keys())
    assert token_refusal(gateway, token()) == ""
    # An issuer that does not answer keeps the keys it had.
    assert not asyncio.run(identity.fetch_keys())
    assert not asyncio.run(identity.fetch_keys())
    assert token_refusal(gateway, token()) == ""
    assert asyncio.run(identity.fetch_keys())
    assert "no such key" in token_refusal(gateway, token())


def test_nothing_is_fetched_for_what_a_request_says(
    ihe: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(httpx.AsyncClient, "send", refused)
    header = {
        "alg": "ES256",
        "kid": "x",
        "jku": "http://127.0.0.1:9/",
        "x5u": "http://127.0.0.1:9/",
    }
    made = serialize_compact(header, b"{}", KEY, ["ES256"])
    assert token_refusal(ihe.authenticator(), made)
