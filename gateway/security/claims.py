"""Facts from the claims of a token, and claims from facts.

Where a claim stands is the profile's (``identity.toml``, ``[token.claims]``); how a code or an
identifier is written inside one is decided here: as a Coding or Identifier of FHIR, as text
``code^scheme``, as CX, or plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.model.datatypes import OID, Code, Identifier
from gateway.model.naming import OID_URN, NamingSystems
from gateway.model.subject import Mode
from gateway.profile.identity import TokenRules
from gateway.security.errors import NotAuthenticated
from gateway.security.subjects import Fact, Facts

_MOST_VALUES = 32


def read_facts(claims: Mapping[str, Any], rules: TokenRules, naming: NamingSystems) -> Facts:
    """Give what a token's claims tell, by word.

    Raises:
        NotAuthenticated: When a claim has a form nobody reads.
    """
    facts: dict[str, tuple[Fact, ...]] = {}
    for word, paths in rules.claims.items():
        for path in paths:
            values = _values(claims, path.split("."))
            if values:
                facts[word] = tuple(_fact(value, naming) for value in values)
                break
    return facts


def read_mode_claims(claims: Mapping[str, Any], rules: TokenRules) -> frozenset[Mode]:
    """Give the modes that claims of their own ask for."""
    return frozenset(
        mode
        for (path, text), mode in rules.mode_claims.items()
        if text in _values(claims, path.split("."))
    )


def write_claims(
    claims: dict[str, Any], facts: Facts, rules: TokenRules, naming: NamingSystems
) -> None:
    """Put facts where the profile reads them: at the first path of each word."""
    for word, values in facts.items():
        paths = rules.claims.get(word)
        if not paths or not values:
            continue
        *way, last = paths[0].split(".")
        place = claims
        for step in way:
            place = place.setdefault(step, {})
        written = [_written(value, naming) for value in values]
        many = word in {"role", "purpose"}
        place[last] = written if many else written[0]


def _values(place: Any, path: list[str]) -> list[Any]:
    """Everything a path leads to, arrays opened on the way."""
    if isinstance(place, list):
        return [value for one in place[:_MOST_VALUES] for value in _values(one, path)]
    if not path:
        return [] if place is None or place == "" else [place]
    if not isinstance(place, dict):
        return []
    return _values(place.get(path[0]), path[1:])


def _fact(value: Any, naming: NamingSystems) -> Fact:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        system, code, display = value.get("system"), value.get("code"), value.get("display")
        text = value.get("value")
        if _all_texts(code, system or "", display or "") and code:
            return Code(code, naming.scheme(system or ""), display or None)
        if _all_texts(text, system or "") and text:
            return Identifier.of(text, naming.scheme(system or ""))
    raise NotAuthenticated("a claim has a form that is not read")


def _all_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _written(fact: Fact, naming: NamingSystems) -> Any:
    if isinstance(fact, Identifier):
        return fact.text
    if isinstance(fact, Code):
        system = naming.uri(fact.scheme)
        if not system and OID.match(fact.scheme):
            system = OID_URN + fact.scheme
        coding = {"system": system, "code": fact.code}
        return {**coding, "display": fact.display} if fact.display else coding
    return fact
