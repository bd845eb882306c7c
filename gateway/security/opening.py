"""From what the operator chose to an authenticator that works: the one way in which it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from gateway.ports import Clock
from gateway.profile import Profile
from gateway.security.authenticator import Authenticator
from gateway.security.authority import FOLDER, DevelopmentAuthority
from gateway.security.development_keys import DevelopmentKeys
from gateway.security.instants import seconds_of
from gateway.security.introspection import NotFetched, TokenIntrospection, fetch
from gateway.security.keys import KeyFault
from gateway.security.people import DemonstrationPerson, read_people
from gateway.security.replay import ReplayMemory
from gateway.security.saml.assertions import Assertions
from gateway.security.subjects import Reading
from gateway.security.tokens import BearerTokens
from gateway.security.trust import RemoteKeys, Trust, read_trust

log = structlog.get_logger(__name__)

_BETWEEN_FETCHES: Final = 3600.0
_UNTIL_NEXT_TRY: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything about identity that a running gateway has.

    Attributes:
        authority: The development authority, where it is switched on.
    """

    authenticator: Authenticator
    authority: DevelopmentAuthority | None
    tokens: BearerTokens
    remote_keys: tuple[RemoteKeys, ...] = ()

    async def fetch_keys(self) -> bool:
        """Fetch the keys of issuers that publish them at an address.

        Returns:
            Whether all came; those of an issuer that did not answer stay as they were.
        """
        complete = True
        for remote in self.remote_keys:
            try:
                remote.keys.replace_from_jwks(await fetch(remote.url))
            except (NotFetched, KeyFault) as error:
                log.warning("identity.keys_not_fetched", url=remote.url, reason=str(error))
                complete = False
        # A key that was withdrawn must not live on in what was verified with it.
        self.tokens.forget()
        return complete

    async def keep_keys_fresh(self) -> None:
        """Fetch keys now and every hour, until cancelled; without such issuers do nothing."""
        while self.remote_keys:
            complete = await self.fetch_keys()
            await asyncio.sleep(_BETWEEN_FETCHES if complete else _UNTIL_NEXT_TRY)


def open_identity(
    *,
    profile: Profile,
    clock: Clock,
    replay: ReplayMemory,
    base_url: str,
    data: Path,
    people: Path,
    trust: Path | None = None,
    development: bool = False,
) -> Identity:
    """Give the authenticator of a gateway.

    Args:
        replay: Which credentials were used, shared by all workers.
        base_url: The address clients use, without a slash at its end.
        data: The data folder; the development authority keeps its keys below it.
        people: File of the demonstration people.
        trust: The operator's trust file.
        development: Whether the development authority is switched on, and trusted.

    Raises:
        TrustFault: When the trust file cannot be used.
    """
    reading = Reading(conventions=profile.identity, naming=profile.naming)
    audiences = frozenset(
        {base_url, f"{base_url}/fhir", f"{base_url}/xds/registry", f"{base_url}/xds/repository"}
    )
    trusted = read_trust(trust, audiences) if trust is not None else Trust()
    now = seconds_of(clock.now())
    authority = open_authority(profile, data, people, now) if development else None
    tokens = BearerTokens(
        [
            *trusted.token_issuers,
            *(authority.token_issuers(base_url, audiences) if authority else ()),
        ],
        reading,
        TokenIntrospection(trusted.introspection) if trusted.introspection else None,
        introspected_for=trusted.introspection.seconds if trusted.introspection else 0,
    )
    assertions = Assertions(
        [
            *trusted.assertion_issuers,
            *(authority.assertion_issuers(audiences) if authority else ()),
        ],
        reading,
        replay,
    )
    return Identity(
        authenticator=Authenticator(clock, tokens, assertions),
        authority=authority,
        tokens=tokens,
        remote_keys=trusted.remote_keys,
    )


def open_authority(profile: Profile, data: Path, people: Path, now: float) -> DevelopmentAuthority:
    """Give the development authority of a data folder; its keys are made when there are none."""
    keys = DevelopmentKeys(data / FOLDER, now)
    return DevelopmentAuthority(keys, profile, people_of(profile, people))


def people_of(profile: Profile, people: Path) -> Mapping[str, DemonstrationPerson]:
    """Give the demonstration people of a profile."""
    return read_people(people, (profile.name, *profile.extends))
