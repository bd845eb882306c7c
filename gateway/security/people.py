"""The demonstration people the development authority speaks for: data, never code.

``samples/people.toml`` has one table for each profile and in it one for each person, whose keys
are the words of :mod:`gateway.profile.identity`. Every identity in it is invented.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.model.datatypes import Code
from gateway.profile.identity import WORDS
from gateway.security.subjects import Fact, Facts


class PeopleFault(ValueError):
    """The people cannot be read; the message says which entry and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationPerson:
    """Somebody, or some software, that tokens and assertions can be had for.

    Attributes:
        key: What the command line calls them.
        title: What they are, for people.
        facts: By word, what a credential of theirs tells.
        scopes: Of their tokens, unless others are asked for.
        is_application: Software that asks for itself.
    """

    key: str
    title: str
    facts: Facts
    scopes: tuple[str, ...]
    is_application: bool = False

    def told(self, word: str) -> str:
        """The text of one word; empty where it is not told."""
        values = self.facts.get(word, ())
        return str(values[0]) if values else ""


def read_people(path: Path, profiles: tuple[str, ...]) -> Mapping[str, DemonstrationPerson]:
    """Give the people of a profile, by key; of a profile without any, those it extends.

    Args:
        path: Of the file.
        profiles: The profile's name, then those it extends, nearest first.

    Raises:
        PeopleFault: When the file is missing or says what nobody knows.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PeopleFault(f"{path}: {error}") from None
    for name in profiles:
        if name in data:
            scopes = tuple(data[name].get("scopes", ("user/*.cruds",)))
            people = data[name].get("person", {})
            return {key: _person(key, said, scopes) for key, said in people.items()}
    return {}


def _person(key: str, said: Mapping[str, Any], scopes: tuple[str, ...]) -> DemonstrationPerson:
    facts: dict[str, tuple[Fact, ...]] = {}
    for word, value in said.items():
        if word in {"title", "scopes", "application"}:
            continue
        if word not in WORDS:
            raise PeopleFault(f"{key}.{word} is none of {', '.join(sorted(WORDS))}")
        values = value if isinstance(value, list) else [value]
        facts[word] = tuple(_fact(key, word, one) for one in values)
    return DemonstrationPerson(
        key=key,
        title=str(said.get("title", key)),
        facts=facts,
        scopes=tuple(said.get("scopes", scopes)),
        is_application=said.get("application") is True,
    )


def _fact(key: str, word: str, value: Any) -> Fact:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        return Code(value["code"], str(value.get("scheme", "")), value.get("display"))
    raise PeopleFault(f"{key}.{word} is neither a text nor a code with its scheme")
