"""What is known of rules: gathered from the engines that apply them.

Each engine explains its own rules; here is only the list of who to ask, and one shape for the rules
that profiles give as data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module, util
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.validation.issue import IssueKind, IssueSeverity, RuleText

if TYPE_CHECKING:
    from gateway.profile import Profile

SOURCES = (
    ("gateway.validation.fhir.rules", "rules"),
    ("gateway.validation.fhir.invariant_rules", "rules"),
    ("gateway.validation.rules", "rules"),
    ("gateway.validation.cda.rules", "rules"),
    ("conformance.report.own_rules", "rules"),
)
"""Modules and their functions that give :class:`RuleText` values, the first to know a rule wins."""


def engine_rules() -> dict[str, RuleText]:
    """Give every rule of the engines by its id."""
    found: dict[str, RuleText] = {}
    for name, function in SOURCES:
        for text in _asked(name, function):
            found.setdefault(text.rule, text)
    return found


def rule_texts(wanted: Iterable[str]) -> dict[str, RuleText]:
    """Give what the engines know of these rules; what none knows is left out."""
    known = engine_rules()
    return {rule: known[rule] for rule in wanted if rule in known}


def profile_rules(profile: Profile) -> Iterator[RuleText]:
    """Give the numbered rules of a profile and of those it extends."""
    for rule in profile.rules:
        message = rule.message.get("en") or next(iter(rule.message.values()), "")
        about = ".".join(part for part in (rule.object, rule.attribute) if part)
        when = f" in {', '.join(rule.transactions)}" if rule.transactions else ""
        yield RuleText(
            rule=rule.id,
            kind=IssueKind.METADATA,
            severity=IssueSeverity(rule.severity),
            title=f"{about} {_without_value(message)}",
            title_fr=f"{about} {_without_value(rule.message.get('fr', message))}",
            text=f"Profile {profile.name} asks it of {about}{when}: check {rule.kind!r}"
            f"{_parameters(rule.parameters)}. The rule stands in {Path(rule.file).name or 'rules'} "
            "of the profile.",
            source=rule.source,
        )


def _asked(name: str, function: str) -> Iterable[RuleText]:
    try:
        if util.find_spec(name) is None:
            return ()
    except ModuleNotFoundError:
        return ()
    give: Callable[[], Iterable[RuleText]] = getattr(import_module(name), function)
    return give()


def _without_value(message: str) -> str:
    """A message without the part that shows the value found."""
    for separator in ("; found {value}", " ; trouvé {value}", " ; trouvée {value}"):
        message = message.replace(separator, "")
    return message.replace("{value}", "…")


def _parameters(parameters: object) -> str:
    if not isinstance(parameters, dict) and not hasattr(parameters, "items"):
        return ""
    shown = ", ".join(f"{name} = {value!r}" for name, value in parameters.items())
    return f" ({shown})" if shown else ""
