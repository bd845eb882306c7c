"""What is known of rules: gathered from the engines that apply them.

Each engine explains its own rules; here is only the list of who to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module, util
from pathlib import Path

from gateway.validation.issue import RuleText

SOURCES = (
    "gateway.validation.fhir.rules",
    "gateway.validation.fhir.reading",
    "gateway.validation.rules",
    "gateway.validation.cda.rules",
    "conformance.report.own_rules",
    "conformance.report.live_rules",
)
"""Modules with a function ``rules``; the first to know a rule wins."""


def engine_rules() -> dict[str, RuleText]:
    """Give every rule of the engines by its id."""
    found: dict[str, RuleText] = {}
    for name in SOURCES:
        for text in _asked(name):
            found.setdefault(text.rule, text)
    return found


def all_rules(folder: Path, shipped: Path) -> dict[str, RuleText]:
    """Give every rule by its id: of the engines, of profiles, and constraints of definitions.

    Args:
        folder: The folder of profiles.
        shipped: The one that comes with the suite, with the core definitions.

    Raises:
        ProfileFault: When a profile cannot be used.
    """
    from conformance.report.constraints import constraints
    from gateway.profile import read_profile
    from gateway.validation.cda.rules import rules_of
    from gateway.validation.rules import rules

    known = engine_rules()
    names = sorted(path.parent.name for path in folder.glob("*/profile.toml"))
    for name in names:
        for text in rules(read_profile(name, folder, shipped)):
            known.setdefault(text.rule, text)
        for text in rules_of(folder / name / "schematrons"):
            known.setdefault(text.rule, text)
    definitions = [folder / name / "structure-definitions" for name in names]
    for text in constraints([shipped / "fhir-r4" / "core.zip", *definitions]):
        known.setdefault(text.rule, text)
    return known


def rule_texts(wanted: Iterable[str]) -> dict[str, RuleText]:
    """Give what the engines know of these rules; what none knows is left out."""
    known = engine_rules()
    return {rule: known[rule] for rule in wanted if rule in known}


def _asked(name: str) -> Iterable[RuleText]:
    try:
        if util.find_spec(name) is None:
            return ()
    except ModuleNotFoundError:
        return ()
    give: Callable[[], Iterable[RuleText]] = import_module(name).rules
    return give()
