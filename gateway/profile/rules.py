"""Rules of a community as data: ``profiles/<name>/rules.toml``, one numbered rule after the other.

A rule says which attribute of which object must be how, since when it weighs how much, what to
tell a submitter in his or her language, and where it is written. It names a kind of check and
never contains code; the kinds, and the attributes they may look at, are a closed catalogue in
:mod:`gateway.validation`, which refuses a rule it cannot carry out.

A profile inherits the rules of the one it extends. A rule with an id of the parent's takes the
parent's place; ``without`` at the head of the file names rules of the parent that do not apply.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway.profile.values import ProfileFault, Rule, RuleCondition

FILE = "rules.toml"

_WORDS = frozenset({"id", "severity", "object", "attribute", "kind", "message", "source", "mark"})
_LISTS = frozenset({"transactions", "environments", "when", "unless"})
_OPTIONAL = frozenset({"update_severity", "code"})
_SEVERITIES = ("error", "warning")
_ENVIRONMENTS = ("test", "production")
_CONDITION = frozenset({"attribute", "one_of", "none_of", "matches", "present"})
_TESTS = _CONDITION - {"attribute"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a fault is, for the person who repairs it."""

    path: Path
    rule: str = ""
    known: frozenset[str] = field(default_factory=frozenset)

    def fault(self, text: str) -> ProfileFault:
        rule = f" rule {self.rule}:" if self.rule else ""
        return ProfileFault(f"{self.path}:{rule} {text}")


def read_rules(
    path: Path, parent: tuple[Rule, ...] = (), made: tuple[Rule, ...] = ()
) -> tuple[Rule, ...]:
    """Give the rules of a file on top of those of the profile it builds on.

    Args:
        path: Of ``rules.toml``; without it the parent's rules and those that were made are all
            there are.
        parent: Rules of the profile that is extended.
        made: Rules that the table of attributes made (:mod:`gateway.profile.metadata`).

    Raises:
        ProfileFault: When the file does not parse, or a rule lacks a part or has an unknown one.
    """
    if not path.exists() and not made:
        return parent
    place = _Place(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise place.fault(str(error)) from None
    unknown = set(data) - {"rule", "without"}
    if unknown:
        raise place.fault(f"{', '.join(sorted(unknown))} is none of rule, without")
    without = _texts(data.get("without", []), "without", place)
    inherited = {rule.id for rule in parent}
    for one in without:
        if one not in inherited:
            raise place.fault(f"without names {one}, which no profile this one extends has")
    own = [*made, *(_rule(item, path) for item in _items(data, "rule", place))]
    seen: set[str] = set()
    for rule in own:
        if rule.id in seen:
            raise place.fault(f"two rules have the id {rule.id}")
        seen.add(rule.id)
    again = {rule.id: rule for rule in own}
    kept = (again.get(rule.id, rule) for rule in parent if rule.id not in without)
    return (*kept, *(rule for rule in own if rule.id not in inherited))


def _rule(data: object, path: Path) -> Rule:
    if not isinstance(data, Mapping):
        raise _Place(path).fault("a rule is not a table")
    place = _Place(path, str(data.get("id", "") or "(without id)"))
    words = {name: _text(data, name, place) for name in (*_WORDS, *_OPTIONAL) if name != "message"}
    for name in ("id", "object", "kind", "source"):
        if not words[name]:
            raise place.fault(f"{name} is missing")
    for name in ("severity", "update_severity"):
        if words[name] not in _SEVERITIES and (name == "severity" or words[name]):
            raise place.fault(f"{name} {words[name]!r} is none of {', '.join(_SEVERITIES)}")
    environments = _texts(data.get("environments", []), "environments", place)
    for environment in environments:
        if environment not in _ENVIRONMENTS:
            raise place.fault(f"environment {environment!r} is none of {', '.join(_ENVIRONMENTS)}")
    message = data.get("message")
    if (
        not isinstance(message, Mapping)
        or not message.get("en")
        or not all(isinstance(text, str) for text in message.values())
    ):
        raise place.fault("message.en is missing, or a message is no text")
    return Rule(
        id=words["id"],
        severity=words["severity"],
        update_severity=words["update_severity"] or words["severity"],
        object=words["object"],
        attribute=words["attribute"],
        kind=words["kind"],
        code=words["code"],
        source=words["source"],
        mark=words["mark"],
        message=MappingProxyType(dict(message)),
        transactions=_texts(data.get("transactions", []), "transactions", place),
        environments=environments,
        when=tuple(_condition(one, place) for one in _items(data, "when", place)),
        unless=tuple(_condition(one, place) for one in _items(data, "unless", place)),
        parameters=MappingProxyType(
            {
                name: _frozen(value)
                for name, value in data.items()
                if name not in _WORDS | _LISTS | _OPTIONAL
            }
        ),
        file=str(path),
    )


def _condition(data: object, place: _Place) -> RuleCondition:
    if not isinstance(data, Mapping) or not data.get("attribute"):
        raise place.fault("a condition names no attribute")
    unknown = set(data) - _CONDITION
    if unknown or len(data.keys() & _TESTS) != 1:
        raise place.fault(
            f"a condition has an attribute and one of {', '.join(sorted(_TESTS))}; found "
            + ", ".join(sorted(data))
        )
    present = data.get("present")
    if present is not None and not isinstance(present, bool):
        raise place.fault("present is true or false")
    return RuleCondition(
        attribute=str(data["attribute"]),
        one_of=_texts(data.get("one_of", []), "one_of", place),
        none_of=_texts(data.get("none_of", []), "none_of", place),
        matches=_text(data, "matches", place),
        present=present,
    )


def condition_of(data: object, rule: Rule) -> RuleCondition:
    """Read a condition that stands among a rule's parameters.

    Raises:
        ProfileFault: When it is not one.
    """
    return _condition(data, _Place(Path(rule.file), rule.id))


def _items(data: Mapping[str, Any], name: str, place: _Place) -> list[object]:
    value = data.get(name, [])
    if not isinstance(value, list):
        raise place.fault(f"{name} is not a list")
    return value


def _text(data: Mapping[str, Any], name: str, place: _Place) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise place.fault(f"{name} is not a text")
    return value


def _texts(value: object, name: str, place: _Place) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise place.fault(f"{name} is not a list of texts")
    return tuple(value)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(one) for name, one in value.items()})
    return value


def languages(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The languages in which every one of these rules has its message."""
    shared: set[str] | None = None
    for rule in rules:
        shared = set(rule.message) if shared is None else shared & set(rule.message)
    return tuple(sorted(shared or ()))
