"""The development authority's own addresses: metadata [ITI-103], keys, tokens [ITI-71].

There only while it is switched on. Its clients are the demonstration people, by their key; it asks
nobody for a secret, which is why it is refused where other machines reach it.

Source:
    IHE IUA 2.2: 3.71, 3.103; RFC 6749: 4.4, 5; RFC 8414; RFC 8707; SMART App Launch 2.2.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from gateway.model.subject import Mode
from gateway.ports import Clock
from gateway.security.authority import LIFETIME, DevelopmentAuthority, Wish
from gateway.security.instants import seconds_of
from gateway.security.scopes import is_understood
from gateway.web.http import (
    BodyTooLarge,
    Disconnected,
    Receive,
    Scope,
    Send,
    answer,
    header,
    whole_body,
)

TOKEN_PATH: Final = "/authorization/token"
JWKS_PATH: Final = "/authorization/jwks"
METADATA_PATHS: Final = frozenset(
    {
        "/.well-known/oauth-authorization-server",
        "/.well-known/smart-configuration",
        "/fhir/.well-known/smart-configuration",
    }
)
PATHS: Final = METADATA_PATHS | {TOKEN_PATH, JWKS_PATH}

_LONGEST: Final = 16 * 1024
_JSON: Final = b"application/json"
_JWT: Final = frozenset(
    {
        "urn:ietf:params:oauth:token-type:jwt",
        "urn:ietf:params:oauth:token-type:access-token",
        "urn:ietf:params:oauth:token-type:access_token",
    }
)
_UNCACHED: Final = [(b"pragma", b"no-cache")]


class _Refusal(Exception):
    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class AuthorizationDoor:
    """An ASGI endpoint for :data:`PATHS`."""

    def __init__(self, authority: DevelopmentAuthority, base_url: str, clock: Clock) -> None:
        """Take the authority.

        Args:
            base_url: The gateway's address, which is the issuer's name too.
        """
        self._authority = authority
        self._base = base_url
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path, method = scope["path"], scope["method"]
        if path == TOKEN_PATH:
            if method == "POST":
                await self._token(scope, receive, send)
            else:
                await answer(send, 405, _JSON, b"{}", [(b"allow", b"POST")])
            return
        if method not in {"GET", "HEAD"}:
            await answer(send, 405, _JSON, b"{}", [(b"allow", b"GET, HEAD")])
            return
        value = self._authority.jwks() if path == JWKS_PATH else self.metadata()
        await answer(send, 200, _JSON, json.dumps(value).encode(), head=method == "HEAD")

    def metadata(self) -> dict[str, Any]:
        """Give what RFC 8414 and SMART's configuration have in common, and what either adds."""
        return {
            "issuer": self._base,
            "token_endpoint": self._base + TOKEN_PATH,
            "jwks_uri": self._base + JWKS_PATH,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["user/*.cruds", "patient/*.cruds", "system/*.rs"],
            "access_token_format": "ihe-jwt",
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["permission-v1", "permission-v2", "permission-patient"],
        }

    async def _token(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            given = self._given(await whole_body(scope, receive, _LONGEST), scope)
            body = self._granted(given)
        except Disconnected:
            return
        except BodyTooLarge:
            refusal = _Refusal("invalid_request", 413)
        except _Refusal as refused:
            refusal = refused
        else:
            await answer(send, 200, _JSON, json.dumps(body).encode(), _UNCACHED)
            return
        challenge = [(b"www-authenticate", b'Basic realm="authorization"')]
        headers = [*_UNCACHED, *(challenge if refusal.status == 401 else [])]
        said = json.dumps({"error": refusal.error}).encode()
        await answer(send, refusal.status, _JSON, said, headers)

    def _given(self, body: bytes, scope: Scope) -> dict[str, str]:
        """The parameters of the request, each of which may stand once."""
        kind = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise _Refusal("invalid_request")
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=32
            )
        except ValueError:
            raise _Refusal("invalid_request") from None
        given = dict(pairs)
        if len(given) != len(pairs):
            raise _Refusal("invalid_request")
        basic = header(scope, b"authorization")
        if basic is not None:
            given["client_id"] = _basic_client(basic)
        return given

    def _granted(self, given: dict[str, str]) -> dict[str, Any]:
        person = self._authority.people.get(given.get("client_id", ""))
        if person is None:
            raise _Refusal("invalid_client", 401)
        if given.get("grant_type") != "client_credentials":
            raise _Refusal("unsupported_grant_type")
        if given.get("requested_token_type", "") not in _JWT | {""}:
            raise _Refusal("invalid_request")
        audience = given.get("resource") or f"{self._base}/fhir"
        if audience not in {self._base, f"{self._base}/fhir"}:
            raise _Refusal("invalid_target")
        scopes = tuple(given["scope"].split()) if given.get("scope") else person.scopes
        if not all(is_understood(one) for one in scopes):
            raise _Refusal("invalid_scope")
        try:
            mode = Mode(given.get("mode") or Mode.NORMAL.value)
        except ValueError:
            raise _Refusal("invalid_request") from None
        wish = Wish(
            mode=mode,
            reason=given.get("reason", ""),
            patient=given.get("patient", ""),
            secret=given.get("secret") == "true",
            patient_agreement=given.get("patient_agreement", ""),
            scopes=scopes,
        )
        token = self._authority.token(
            person, wish, seconds_of(self._clock.now()), issuer=self._base, audience=audience
        )
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": " ".join(scopes),
        }


def _basic_client(value: str) -> str:
    scheme, _, text = value.partition(" ")
    try:
        said = b64decode(text.strip(), validate=True).decode("utf-8")
    except (Base64Error, ValueError):
        raise _Refusal("invalid_client", 401) from None
    client, colon, _ = said.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _Refusal("invalid_client", 401)
    return unquote_plus(client)
