"""From what the operator chose to an authenticator that works: the one way in which it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.ports import Clock
from gateway.profile import Profile
from gateway.security.authenticator import Authenticator
from gateway.security.authority import FOLDER, DevelopmentAuthority
from gateway.security.development_keys import DevelopmentKeys
from gateway.security.instants import seconds_of
from gateway.security.people import DemonstrationPerson, read_people
from gateway.security.replay import ReplayMemory
from gateway.security.saml.assertions import Assertions
from gateway.security.subjects import Reading
from gateway.security.tokens import BearerTokens


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything about identity that a running gateway has.

    Attributes:
        authority: The development authority, where it is switched on.
    """

    authenticator: Authenticator
    authority: DevelopmentAuthority | None = None


def open_identity(
    *,
    profile: Profile,
    clock: Clock,
    replay: ReplayMemory,
    base_url: str,
    data: Path,
    people: Path,
    development: bool = False,
) -> Identity:
    """Give the authenticator of a gateway.

    Args:
        replay: Which credentials were used, shared by all workers.
        base_url: The address clients use, without a slash at its end.
        data: The data folder; the development authority keeps its keys below it.
        people: File of the demonstration people.
        development: Whether the development authority is switched on, and trusted.
    """
    reading = Reading(conventions=profile.identity, naming=profile.naming)
    audiences = frozenset({f"{base_url}/fhir", base_url})
    now = seconds_of(clock.now())
    authority = open_authority(profile, data, people, now) if development else None
    tokens = BearerTokens(
        authority.token_issuers(base_url, audiences) if authority else (), reading
    )
    assertions = Assertions(
        authority.assertion_issuers(audiences) if authority else (), reading, replay
    )
    return Identity(authenticator=Authenticator(clock, tokens, assertions), authority=authority)


def open_authority(profile: Profile, data: Path, people: Path, now: float) -> DevelopmentAuthority:
    """Give the development authority of a data folder; its keys are made when there are none."""
    keys = DevelopmentKeys(data / FOLDER, now)
    return DevelopmentAuthority(keys, profile, people_of(profile, people))


def people_of(profile: Profile, people: Path) -> Mapping[str, DemonstrationPerson]:
    """Give the demonstration people of a profile."""
    return read_people(people, (profile.name, *profile.extends))
