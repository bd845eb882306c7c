"""A gateway's identity with a clock that stands still, and the messages people send to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.codecs.soap.envelope import write_envelope
from gateway.model.subject import AccessRequest
from gateway.profile import read_profile
from gateway.profile.values import Profile
from gateway.security.authenticator import Authenticator
from gateway.security.authority import DevelopmentAuthority, Wish
from gateway.security.development_keys import DevelopmentKeys
from gateway.security.errors import NotAuthenticated
from gateway.security.instants import digits_of
from gateway.security.opening import people_of
from gateway.security.peer import Peer
from gateway.security.replay import ReplayMemory, TransientReplayMemory
from gateway.security.saml.assertions import AssertionIssuer, Assertions
from gateway.security.saml.writing import write_security_header
from gateway.security.subjects import Reading
from gateway.security.tokens import BearerTokens, TokenIssuer
from tests.shared import ROOT

NOW = 1_800_000_000
BASE = "https://gateway.example"
PEOPLE = ROOT / "samples" / "people.toml"
USUAL = Wish()
PEER = Peer(address="192.0.2.1")


class StandingClock:
    """Tells the moment it was set to."""

    def __init__(self, seconds: float = NOW) -> None:
        self.seconds = seconds

    def now(self) -> str:
        return digits_of(self.seconds)


@dataclass
class World:
    """One gateway's identity."""

    profile: Profile
    clock: StandingClock
    keys: DevelopmentKeys
    authority: DevelopmentAuthority
    replay: ReplayMemory

    @classmethod
    def of(cls, profile: str, folder: Path) -> World:
        read = read_profile(profile, ROOT / "profiles")
        clock = StandingClock()
        keys = DevelopmentKeys(folder, NOW)
        authority = DevelopmentAuthority(keys, read, people_of(read, PEOPLE))
        return cls(read, clock, keys, authority, TransientReplayMemory(clock.now))

    def authenticator(
        self,
        assertion_issuers: Iterable[AssertionIssuer] | None = None,
        token_issuers: Iterable[TokenIssuer] | None = None,
    ) -> Authenticator:
        """Give a worker that starts now: nothing verified before, the shared memory of replays."""
        reading = Reading(conventions=self.profile.identity, naming=self.profile.naming)
        audiences = frozenset({BASE})
        if assertion_issuers is None:
            assertion_issuers = self.authority.assertion_issuers(audiences)
        if token_issuers is None:
            token_issuers = self.authority.token_issuers(BASE, audiences)
        return Authenticator(
            self.clock,
            BearerTokens(token_issuers, reading),
            Assertions(assertion_issuers, reading, self.replay),
        )

    def assertion(self, person: str = "gp", wish: Wish = USUAL) -> bytes:
        return self.authority.assertion(self.authority.people[person], wish, self.clock.seconds)

    def message(self, person: str = "gp", wish: Wish = USUAL) -> bytes:
        return message(self.assertion(person, wish))

    def token(self, person: str = "gp", wish: Wish = USUAL) -> str:
        return self.authority.token(
            self.authority.people[person], wish, int(self.clock.seconds), audience=BASE
        )


def message(assertion: bytes, body: bytes = b"<q xmlns='urn:example'/>") -> bytes:
    """Give a SOAP message with an assertion in its header."""
    return write_envelope(
        body,
        action="urn:example",
        message_id="urn:uuid:00000000-0000-4000-8000-000000000000",
        header_blocks=write_security_header(assertion),
    )


def accepted(authenticator: Authenticator, octets: bytes, peer: Peer = PEER) -> AccessRequest:
    """Give who sent a message."""
    return asyncio.run(authenticator.assertion(octets, peer))


def refusal(authenticator: Authenticator, octets: bytes, peer: Peer = PEER) -> str:
    """Give why a message is refused; empty when it is not."""
    try:
        asyncio.run(authenticator.assertion(octets, peer))
    except NotAuthenticated as refused:
        return refused.message
    return ""


def bearer(authenticator: Authenticator, token: str | None, peer: Peer = PEER) -> AccessRequest:
    """Give whose token it is."""
    header = None if token is None else f"Bearer {token}"
    return asyncio.run(authenticator.bearer(header, peer))


def token_refusal(authenticator: Authenticator, token: str | None, peer: Peer = PEER) -> str:
    """Give why a token is refused; empty when it is not."""
    try:
        bearer(authenticator, token, peer)
    except NotAuthenticated as refused:
        return refused.message
    return ""
