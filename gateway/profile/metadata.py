"""``metadata.toml`` of a profile: each attribute, how often it stands there, and its value sets.

One row for each attribute of each object. A row says how often the attribute stands in a message,
for all transactions or for some of them, and names the rules that hold a submission to that: the
row makes them, so that nothing stands twice. A row without rules is information; what it says is
held by the checks of the standard, or by nobody.

A profile has the rows of the one it extends; its own row for the same attribute takes the place of
the parent's. The rules a parent's row made stay the parent's rules, until a rule of the same id
replaces them or ``without`` leaves them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gateway.profile.rule_values import Rule, RuleCondition

FILE: Final = "metadata.toml"

TRANSACTIONS: Final = ("ITI-32", "ITI-41", "ITI-42", "ITI-57", "ITI-61", "ITI-65", "ITI-92")
"""The transactions that carry metadata of a submission."""

LIMITED: Final = "limitedMetadata"
"""Present in an entry, a set or a folder that is incomplete on purpose."""

_CARDINALITY = re.compile(r"([01])\.\.(\*|\d{1,2})")
_KEYS = frozenset(
    {"object", "name", "cardinality", "in", "rule", "values", "source", "mark", "note"}
)
_RULE_KEYS = frozenset({"id", "severity", "update_severity", "message", "unless_limited"})
_VALUES_KEYS = frozenset(
    {
        "id",
        "severity",
        "update_severity",
        "message",
        "value_sets",
        "match",
        "scheme",
        "source",
        "mark",
    }
)
_DEFAULT_MESSAGES: Final = {
    "present": {"en": "must be given", "fr": "doit être fourni"},
    "absent": {"en": "may not be given here", "fr": "ne peut pas être fourni ici"},
    "cardinality": {
        "en": "must stand there {cardinality} times, found {value}",
        "fr": "doit figurer {cardinality} fois, trouvé {value}",
    },
    "value_set": {
        "en": "{value} is not a code in use",
        "fr": "{value} n'est pas un code en vigueur",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cardinality:
    """How often something stands there; ``most`` is ``None`` where there is no limit."""

    least: int
    most: int | None

    @property
    def text(self) -> str:
        """As it is written: ``0..1``."""
        return f"{self.least}..{'*' if self.most is None else self.most}"

    @property
    def word(self) -> str:
        """``required``, ``optional`` or ``forbidden``."""
        if self.most == 0:
            return "forbidden"
        return "required" if self.least else "optional"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeUse:
    """One row.

    Attributes:
        object: ``DocumentEntry``, ``SubmissionSet``, ``Folder``, ``Association``, ``Author``.
        name: Of the attribute, in the standard's words.
        cardinality: In every transaction that ``by_transaction`` does not name.
        value_sets: Names of those its codes are taken from.
        rules: Ids of the rules this row made.
        note: What else there is to know, English.
    """

    object: str
    name: str
    cardinality: Cardinality
    by_transaction: Mapping[str, Cardinality] = field(default_factory=dict)
    value_sets: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    source: str = ""
    mark: str = ""
    note: str = ""

    def use(self, transaction: str) -> Cardinality:
        """How often the attribute stands in a transaction."""
        return self.by_transaction.get(transaction, self.cardinality)


def metadata_from(
    data: Mapping[str, Any], parent: tuple[AttributeUse, ...], path: Path
) -> tuple[tuple[AttributeUse, ...], tuple[Rule, ...]]:
    """Give the rows of a profile on top of its parent's, and the rules its own rows make.

    Args:
        path: Of the file, for complaints and for the rules.

    Raises:
        ValueError: When a row lacks a part, has an unknown one, or stands twice.
    """
    if unknown := set(data) - {"attribute"}:
        raise ValueError(f"{min(unknown)!r} is no table; rows are [[attribute]]")
    rows = {(one.object, one.name): one for one in parent}
    own: set[tuple[str, str]] = set()
    made: list[Rule] = []
    for told in data.get("attribute", ()):
        where = f"{told.get('object', '?')}.{told.get('name', '?')}"
        _refuse_unknown(told, _KEYS, where)
        if not told.get("object") or not told.get("name"):
            raise ValueError(f"{where}: object and name are needed")
        key = (str(told["object"]), str(told["name"]))
        if key in own:
            raise ValueError(f"{where}: stands twice")
        own.add(key)
        rules = tuple(_rules(told, where, path))
        made += rules
        rows[key] = AttributeUse(
            object=key[0],
            name=key[1],
            cardinality=_cardinality(told.get("cardinality"), where),
            by_transaction=MappingProxyType(_by_transaction(told, where)),
            value_sets=tuple(
                dict.fromkeys(s for v in told.get("values", ()) for s in v.get("value_sets", ()))
            ),
            rules=tuple(rule.id for rule in rules),
            source=str(told.get("source", "")),
            mark=str(told.get("mark", "")),
            note=str(told.get("note", "")),
        )
    return tuple(rows.values()), tuple(made)


def _by_transaction(told: Mapping[str, Any], where: str) -> dict[str, Cardinality]:
    found = {}
    for name, text in told.get("in", {}).items():
        if name not in TRANSACTIONS:
            raise ValueError(f"{where}: in: {name!r} is none of {', '.join(TRANSACTIONS)}")
        found[name] = _cardinality(text, f"{where}: in {name}")
    return found


def _cardinality(text: object, where: str) -> Cardinality:
    match = _CARDINALITY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{where}: cardinality is such as 0..1, 1..* or 0..0, found {text!r}")
    least, most = int(match[1]), None if match[2] == "*" else int(match[2])
    if most is not None and most < least:
        raise ValueError(f"{where}: cardinality {text} ends before it begins")
    return Cardinality(least=least, most=most)


# ------------------------------------------------------------ rules


def _rules(told: Mapping[str, Any], where: str, path: Path) -> Iterator[Rule]:
    rule = told.get("rule")
    if rule is not None:
        _refuse_unknown(rule, _RULE_KEYS, f"{where}: rule")
        yield from _how_often(told, rule, where, path)
    for values in told.get("values", ()):
        _refuse_unknown(values, _VALUES_KEYS, f"{where}: values")
        if not values.get("value_sets"):
            raise ValueError(f"{where}: values: value_sets is missing")
        parameters = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in ("value_sets", "match", "scheme")
        }
        yield _rule(told, values, "value_set", parameters, where, path)


def _how_often(
    told: Mapping[str, Any], rule: Mapping[str, Any], where: str, path: Path
) -> Iterator[Rule]:
    """The rule of a row for the transactions that the row does not single out."""
    cardinality = _cardinality(told.get("cardinality"), where)
    least, most = cardinality.least, cardinality.most
    parameters: dict[str, Any] = {}
    if most == 0:
        kind = "absent"
    elif least and most is None:
        kind = "present"
    else:
        kind = "cardinality"
        parameters = {"min": least} if least else {}
        if most is not None:
            parameters["max"] = most
        if not parameters:
            raise ValueError(f"{where}: {cardinality.text} asks for nothing, so it needs no rule")
    singled = set(told.get("in", {}))
    transactions = tuple(one for one in TRANSACTIONS if one not in singled) if singled else ()
    is_apart = rule.get("unless_limited") is True
    yield _rule(
        told,
        rule,
        kind,
        parameters,
        where,
        path,
        transactions=transactions,
        unless=(RuleCondition(attribute=LIMITED, present=True),) if is_apart else (),
    )


def _rule(
    told: Mapping[str, Any],
    said: Mapping[str, Any],
    kind: str,
    parameters: Mapping[str, Any],
    where: str,
    path: Path,
    *,
    transactions: tuple[str, ...] = (),
    unless: tuple[RuleCondition, ...] = (),
) -> Rule:
    rule_id = said.get("id")
    if not isinstance(rule_id, str) or not rule_id:
        raise ValueError(f"{where}: a rule has no id")
    severity = str(said.get("severity", "error"))
    update_severity = str(said.get("update_severity", severity))
    if not {severity, update_severity} <= {"error", "warning"}:
        raise ValueError(f"{where}: rule {rule_id}: severity is error or warning")
    source = str(said.get("source") or told.get("source") or "")
    if not source:
        raise ValueError(f"{where}: rule {rule_id}: source is missing")
    message = said.get("message") or {
        language: text.replace("{cardinality}", str(told.get("cardinality")))
        for language, text in _DEFAULT_MESSAGES[kind].items()
    }
    if not isinstance(message, Mapping) or not message.get("en"):
        raise ValueError(f"{where}: rule {rule_id}: message.en is missing")
    return Rule(
        id=rule_id,
        severity=severity,
        update_severity=update_severity,
        object=str(told["object"]),
        attribute=str(told["name"]),
        kind=kind,
        source=source,
        mark=str(said.get("mark") or told.get("mark") or ""),
        message=MappingProxyType(dict(message)),
        parameters=MappingProxyType(dict(parameters)),
        transactions=transactions,
        unless=unless,
        file=str(path),
    )


def _refuse_unknown(told: object, known: set[str] | frozenset[str], where: str) -> None:
    if not isinstance(told, Mapping):
        raise ValueError(f"{where}: is a table")
    for name in told:
        if name not in known:
            raise ValueError(f"{where}: {name} is none of {', '.join(sorted(known))}")
