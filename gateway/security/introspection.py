"""What an authorization server says of an opaque token [ITI-102], and keys fetched from issuers.

The only outgoing connections identity makes go to addresses of the trust file; nothing a request
carries chooses one. Redirects are not followed, answers are bounded.

Source:
    RFC 7662; IHE IUA 2.2: 3.102; RFC 7517: 5.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import httpx

from gateway.security.errors import NotAuthenticated
from gateway.security.instants import SKEW
from gateway.security.jwt import Claims, check_audience
from gateway.security.strict_json import read_object
from gateway.security.subjects import Voucher

_SECONDS: Final = 5.0
_LONGEST_ANSWER: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An introspection endpoint.

    Attributes:
        issuer: Whose tokens it knows.
        client_id: Ours there; empty where it asks nobody.
        seconds: How long an answer is believed without asking again.
    """

    url: str
    issuer: str
    audiences: frozenset[str]
    voucher: Voucher
    client_id: str = ""
    client_secret: str = ""
    seconds: float = 30


class NotFetched(Exception):
    """An address did not answer as it should."""


class TokenIntrospection:
    """Asks one endpoint."""

    def __init__(self, endpoint: Endpoint, transport: httpx.AsyncBaseTransport | None = None):
        """Take an endpoint.

        Args:
            transport: Of the client, for tests.
        """
        self._endpoint = endpoint
        self._transport = transport

    async def claims(self, token: str, now: float) -> tuple[Claims, Voucher]:
        """Give what the server says of an active token.

        Raises:
            NotAuthenticated: When the token is not active, or the server cannot be asked.
        """
        endpoint = self._endpoint
        auth = (endpoint.client_id, endpoint.client_secret) if endpoint.client_id else None
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            octets = await fetch(endpoint.url, form=form, auth=auth, transport=self._transport)
            said = read_object(octets)
        except (NotFetched, ValueError):
            raise NotAuthenticated("the authorization server does not answer") from None
        return self._read(said, token, now), endpoint.voucher

    def _read(self, said: dict[str, Any], token: str, now: float) -> Claims:
        endpoint = self._endpoint
        if said.get("active") is not True:
            raise NotAuthenticated("the token is not active")
        if said.get("iss", endpoint.issuer) != endpoint.issuer:
            raise NotAuthenticated("the issuer is another one")
        check_audience(said.get("aud"), endpoint.audiences)
        if not isinstance(said.get("sub"), str):
            raise NotAuthenticated("the claim sub is missing")
        expires, not_before = said.get("exp"), said.get("nbf", said.get("iat", now))
        for moment in (expires, not_before):
            if type(moment) not in {int, float}:
                raise NotAuthenticated("the period of the token cannot be read")
        if float(not_before) > now + SKEW or float(expires or 0) <= now - SKEW:
            raise NotAuthenticated("the token does not count at this moment")
        mark = hashlib.sha256(token.encode()).hexdigest()
        return Claims(
            issuer=endpoint.issuer,
            values={"jti": f"sha256:{mark}", **said},
            not_before=float(not_before) - SKEW,
            expires=float(expires or 0) + SKEW,
        )


async def fetch(
    url: str,
    *,
    form: dict[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> bytes:
    """Give what stands at a configured address, or what it answers to a form.

    Raises:
        NotFetched: When it does not answer with status 200 and JSON of bearable size.
    """
    try:
        async with (
            httpx.AsyncClient(
                timeout=_SECONDS, follow_redirects=False, trust_env=False, transport=transport
            ) as client,
            client.stream(
                "GET" if form is None else "POST",
                url,
                data=form,
                auth=auth,
                headers={"accept": "application/json"},
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise NotFetched(f"{url} answers with status {response.status_code}")
            octets = b""
            async for chunk in response.aiter_bytes():
                octets += chunk
                if len(octets) > _LONGEST_ANSWER:
                    raise NotFetched(f"{url} answers with too much")
            return octets
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotFetched(f"{url}: {type(error).__name__}") from None
