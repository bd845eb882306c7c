"""In whose name a request is sent: a token or an assertion for a role of a suite.

Three ways to come by one, in the order they are tried:

* a command that prints it (``--token-command``, ``--assertion-command``), for servers whose
  identity provider only their operator knows;
* the folder of a development authority (``--authority``), whose keys sign here;
* an address that issues tokens to clients [ITI-71] (``--token-url``).
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from conformance.live import sentences as says
from conformance.live.sentences import Said
from conformance.suite.values import Role

if TYPE_CHECKING:
    from gateway.security.authority import DevelopmentAuthority, Wish
    from gateway.security.people import DemonstrationPerson

WISHES = ("mode", "reason", "patient", "secret", "patient_agreement", "scopes")
"""What a step may ask of a credential besides whose it is."""


class NoCredential(Exception):
    """None can be had; says why and what to do."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A credential that is needed.

    Attributes:
        facts: What it tells otherwise than the person's own entry; texts are filled in.
        wish: Mode, reason, patient, …; texts are filled in.
    """

    role: Role
    facts: Mapping[str, str]
    wish: Mapping[str, str]

    @property
    def words(self) -> dict[str, str]:
        """What the placeholders of a command stand for."""
        empty = dict.fromkeys(WISHES, "")
        return {**empty, "mode": "normal", **self.facts, **self.wish, "person": self.role.person}


class Issuer(Protocol):
    """Where credentials come from."""

    def token(self, wanted: Wanted) -> str:
        """Give an access token."""
        ...

    def assertion(self, wanted: Wanted) -> bytes:
        """Give a WS-Security header block with a signed assertion."""
        ...


class Nobody:
    """Gives none."""

    def token(self, wanted: Wanted) -> str:
        """Say what is missing."""
        raise NoCredential(
            says.NO_CREDENTIAL.of(what=says.TOKEN, option="--token-command, --token-url")
        )

    def assertion(self, wanted: Wanted) -> bytes:
        """Say what is missing."""
        raise NoCredential(says.NO_CREDENTIAL.of(what=says.ASSERTION, option="--assertion-command"))


@dataclass
class Commands:
    """Asks a command of the operator's each time; ``{person}``, ``{mode}``, … are filled in."""

    token_command: str = ""
    assertion_command: str = ""
    otherwise: Issuer = field(default_factory=Nobody)

    def token(self, wanted: Wanted) -> str:
        """Give what the command prints."""
        if not self.token_command:
            return self.otherwise.token(wanted)
        return self._printed(self.token_command, wanted).decode().strip()

    def assertion(self, wanted: Wanted) -> bytes:
        """Give what the command prints."""
        if not self.assertion_command:
            return self.otherwise.assertion(wanted)
        return self._printed(self.assertion_command, wanted)

    def _printed(self, command: str, wanted: Wanted) -> bytes:
        words = wanted.words
        try:
            line = [one.format_map(words) for one in shlex.split(command)]
            done = subprocess.run(line, capture_output=True, timeout=30, check=True)
        except KeyError as error:
            known = ", ".join(sorted(words))
            raise NoCredential(
                says.NO_SUCH_WORD.of(command=command, word=error, known=known)
            ) from None
        except subprocess.CalledProcessError as error:
            told = error.stderr.decode("utf-8", "replace").strip()
            raise NoCredential(
                says.ENDED.of(command=command, status=error.returncode, told=told)
            ) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoCredential(says.NOT_RUN.of(command=command, why=error)) from None
        return done.stdout


@dataclass
class TokenAddress:
    """Asks an authorization server that knows the people as clients [ITI-71]."""

    url: str
    client: httpx.Client
    resource: str = ""
    otherwise: Issuer = field(default_factory=Nobody)

    def token(self, wanted: Wanted) -> str:
        """Give the token it issues."""
        form = {
            "grant_type": "client_credentials",
            "client_id": wanted.role.person,
            "client_secret": "conformance",
            **({"resource": self.resource} if self.resource else {}),
            **{("scope" if k == "scopes" else k): v for k, v in wanted.wish.items() if v},
        }
        try:
            answer = self.client.post(self.url, data=form)
            return str(answer.raise_for_status().json()["access_token"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise NoCredential(says.NO_TOKEN.of(url=self.url, why=error)) from None

    def assertion(self, wanted: Wanted) -> bytes:
        """Ask somebody else."""
        return self.otherwise.assertion(wanted)


class AuthorityFolder:
    """Signs as the development authority of a gateway whose data folder this is."""

    def __init__(
        self,
        folder: Path,
        people: Path,
        profile: str,
        profiles: Path,
        clock: Callable[[], datetime],
    ) -> None:
        """Read the people.

        Args:
            people: File of the people, one table for each profile.
            profile: Whose conventions assertions and tokens follow.
            profiles: Folder of the profiles.

        Raises:
            NoCredential: When something needed is missing.
        """
        from gateway.profile import ProfileFault, read_profile
        from gateway.security.authority import FOLDER, DevelopmentAuthority
        from gateway.security.development_keys import DevelopmentKeys
        from gateway.security.people import PeopleFault, read_people

        if not (folder / FOLDER).is_dir():
            raise NoCredential(says.NO_AUTHORITY.of(folder=folder, name=FOLDER))
        self._clock = clock
        try:
            read = read_profile(profile, profiles)
            known = read_people(people, (read.name, *read.extends))
        except (ProfileFault, PeopleFault) as fault:
            raise NoCredential(Said(str(fault))) from None
        keys = DevelopmentKeys(folder / FOLDER, clock().timestamp())
        self._authority: DevelopmentAuthority = DevelopmentAuthority(keys, read, known)

    def token(self, wanted: Wanted) -> str:
        """Sign a token."""
        person, wish = self._person(wanted)
        return self._authority.token(person, wish, int(self._clock().timestamp()))

    def assertion(self, wanted: Wanted) -> bytes:
        """Sign an assertion."""
        from gateway.security.saml.writing import write_security_header

        person, wish = self._person(wanted)
        signed = self._authority.assertion(person, wish, self._clock().timestamp())
        return write_security_header(signed)

    def _person(self, wanted: Wanted) -> tuple[DemonstrationPerson, Wish]:
        from gateway.model.subject import Mode
        from gateway.security.authority import Wish

        person = self._authority.people.get(wanted.role.person)
        if person is None:
            people = ", ".join(self._authority.people)
            raise NoCredential(says.NO_PERSON.of(person=wanted.role.person, people=people))
        facts: dict[str, Any] = {word: (text,) for word, text in wanted.facts.items()}
        wish = wanted.wish
        return replace(person, facts={**person.facts, **facts}), Wish(
            mode=Mode(wish.get("mode") or "normal"),
            reason=wish.get("reason", ""),
            patient=wish.get("patient", ""),
            secret=wish.get("secret") == "true",
            patient_agreement=wish.get("patient_agreement", ""),
            scopes=tuple(wish.get("scopes", "").split()),
        )
