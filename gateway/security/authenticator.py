"""Both doors of identity: what the SOAP and FHIR doors call before anything else.

:class:`Authenticator` holds what is trusted and what was verified before. Each of its methods
either gives an :class:`~gateway.model.subject.AccessRequest` that was verified wholly, or raises
:class:`~gateway.security.errors.NotAuthenticated` (rule A0).
"""

from __future__ import annotations

from gateway.model.subject import AccessRequest
from gateway.ports import Clock
from gateway.security.instants import seconds_of
from gateway.security.peer import Peer
from gateway.security.saml.assertions import Assertions
from gateway.security.tokens import BearerTokens


class Authenticator:
    """Tells who asks."""

    def __init__(self, clock: Clock, tokens: BearerTokens, assertions: Assertions) -> None:
        self._clock = clock
        self._tokens = tokens
        self._assertions = assertions

    async def assertion(self, envelope: bytes, peer: Peer) -> AccessRequest:
        """Give who sent a SOAP message, by the assertion in its WS-Security header.

        Args:
            envelope: The whole message as it came, or the root part of a multipart message.

        Raises:
            NotAuthenticated: When there is no assertion, or it is not accepted.
        """
        return await self._assertions.access(envelope, peer, seconds_of(self._clock.now()))

    async def bearer(self, authorization: str | None, peer: Peer) -> AccessRequest:
        """Give who sent a FHIR request, by its bearer token.

        What the token's scopes cover is asked afterwards, of :mod:`gateway.security.scopes`.

        Args:
            authorization: The one Authorization header; of a request with several, give ``None``.

        Raises:
            NotAuthenticated: When there is no token, or it is not accepted.
        """
        return await self._tokens.access(authorization, peer, seconds_of(self._clock.now()))
