"""What the checks of metadata and messages say, in the language ``fr``.

The server says its sentences once, in English, where it finds something. The same in ``fr`` stands
in ``texts/fr/``, in a table for each rule, or for several rules that say the same::

    [xds-membership-source]
    "a {kind} has no members" = "un objet {kind} n'a pas de membres"

A finding's message is taken apart by the sentences of its own rule, and its values are put into
the other ones. It is the suite that asks; a server that refuses a message never comes here.

``{complaint=xds-format}`` is a value that is itself a sentence of another table. A value no table
knows stays as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "texts" / "fr"
_PLACE = re.compile(r"\{(\w+)(?:=([\w-]+))?\}")


class Sentence(NamedTuple):
    """One sentence in both languages, with names where values stand.

    Attributes:
        parts: By the name of a value that is a sentence itself, the table it stands in.
    """

    en: str
    fr: str
    pattern: re.Pattern[str]
    parts: Mapping[str, str]


def in_fr(rule: str, message: str) -> str:
    """Give a rule's message in ``fr``; empty where no sentence of the rule is like it."""
    for sentence in sentences_of(rule):
        found = sentence.pattern.fullmatch(message)
        if found is not None:
            values = found.groupdict()
            for name, table in sentence.parts.items():
                values[name] = in_fr(table, values[name]) or values[name]
            return sentence.fr.format_map(values)
    return ""


@cache
def sentences_of(rule: str) -> tuple[Sentence, ...]:
    """The sentences of a rule, those with most words of their own first."""
    said = [_sentence(en, fr) for en, fr in _tables().get(rule, ())]
    return tuple(sorted(said, key=lambda one: -len(_PLACE.sub("", one.en))))


def tables() -> Iterator[str]:
    """Give the name of everything that has sentences: rules, and parts of their sentences."""
    yield from _tables()


@cache
def _tables() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for rules, said in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for rule in rules.split():
                found.setdefault(rule, []).extend(said.items())
    return found


def _sentence(en: str, fr: str) -> Sentence:
    pattern, parts, end = "", {}, 0
    for place in _PLACE.finditer(en):
        name, table = place.groups()
        pattern += f"{re.escape(en[end : place.start()])}(?P<{name}>.*?)"
        end = place.end()
        if table:
            parts[name] = table
    pattern += re.escape(en[end:])
    return Sentence(en, fr, re.compile(pattern, re.DOTALL), parts)
