"""Codes against the value sets their elements are bound to, and against their own systems.

Source:
    HL7 FHIR R4: 4.1 Using codes in resources, 4.1.5 Binding strengths.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.nodes import Binding
from gateway.validation.fhir.plans import Plan
from gateway.validation.fhir.scope import Place
from gateway.validation.fhir.slicing import codes
from gateway.validation.fhir.terminology import SYNTAXES, ValueSet
from gateway.validation.issue import IssueSeverity

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Step = Callable[["Walker", Plan, Any, Place], None]

_RULES = {
    "required": "fhir-binding-required",
    "extensible": "fhir-binding-extensible",
    "preferred": "fhir-binding-preferred",
}
_LISTED = 12
# HL7 Terminology goes on after R4: a code that R4's copy has not may be a newer one.
_GROWING = "http://terminology.hl7.org/"

# "formats supported (xml | json | ttl | mime type)", says the element; its value set has the last.
_FORMATS = frozenset({"CapabilityStatement.format", "CapabilityStatement.patchFormat"})
_SHORT_FORMATS = ("json", "xml", "ttl")


def binders(plan: Plan, binding: Binding) -> list[Step]:
    """Give the checks of an element's codes: its value set, and the largest one where there is."""
    found = []
    rule = _RULES.get(binding.strength)
    if rule and binding.value_set:
        found.append(_binder(rule, binding.value_set))
    if binding.maximum:
        found.append(_binder(_RULES["required"], binding.maximum))
    return found


def _binder(rule: str, url: str) -> Step:
    """Make the check of one binding; what comes out well most often costs a look-up or two."""

    def check(walker: Walker, plan: Plan, value: Any, place: Place) -> None:
        found = codes(value)
        if not found:
            _without_code(walker, plan, rule, url, place)
            return
        value_set = walker.definitions.value_set(url)
        if value_set is None:
            _not_checked(
                walker, plan, found, url, place,
                "the value set is in none of the packages",
                "le jeu de valeurs n'est dans aucun paquet",
            )  # fmt: skip
            return
        if plan.node.path in _FORMATS and value in _SHORT_FORMATS:
            return
        unknown: list[str] = []
        for system, code in found:
            answer = value_set.has(system, code)
            if answer:
                return
            if answer is None:
                unknown.append(system or "")
        if unknown:
            of = ", ".join(dict.fromkeys(s for s in unknown if s)) or ", ".join(value_set.systems)
            _not_checked(
                walker, plan, found, url, place,
                f"the content of {of or 'the value set'} is not at hand",
                f"le contenu de {of or 'ce jeu'} n'est pas disponible",
            )  # fmt: skip
            return
        hint, hint_fr = _hint(value_set)
        walker.report(
            rule, place, plan.node, found=shown(found), value_set=url, hint=hint, hint_fr=hint_fr
        )

    return check


def _without_code(walker: Walker, plan: Plan, rule: str, url: str, place: Place) -> None:
    """Text alone: fine for an extensible binding when no code fits, never for a required one."""
    if plan.check is None and rule == _RULES["required"]:
        walker.report(
            rule, place, plan.node, found="What has no code", found_fr="Ce qui n'a pas de code",
            value_set=url, hint="",
        )  # fmt: skip


def _not_checked(
    walker: Walker, plan: Plan, found: list[tuple[str | None, str]], url: str, place: Place,
    problem: str, problem_fr: str,
) -> None:  # fmt: skip
    walker.report(
        "fhir-binding-not-checked", place, plan.node, found=shown(found), value_set=url,
        problem=problem, problem_fr=problem_fr,
    )  # fmt: skip


def _hint(value_set: ValueSet) -> tuple[str, str]:
    """List the codes where they are few."""
    names = value_set.few(_LISTED)
    return (f"; it has {names}", f" ; il contient {names}") if names else ("", "")


def shown(found: list[tuple[str | None, str]]) -> str:
    """Spell codings the way FHIR's searches do: ``system|code``."""
    return ", ".join(code if system is None else f"{system}|{code}" for system, code in found[:5])


def check_coding(walker: Walker, plan: Plan, coding: dict[str, Any], place: Place) -> None:
    """Compare a Coding with the code system it names: does the code exist, under this display?"""
    system, code = coding.get("system"), coding.get("code")
    fine = walker.definitions.fine_codings
    key = system, code, coding.get("display")
    try:
        if key in fine:
            return
    except TypeError:
        return
    before = len(walker.issues)
    _check_coding(walker, plan, coding, place)
    if len(walker.issues) == before and len(fine) < 10_000:
        fine.add(key)


def _check_coding(walker: Walker, plan: Plan, coding: dict[str, Any], place: Place) -> None:
    system, code = coding.get("system"), coding.get("code")
    if isinstance(system, str) and system:
        _check_system(walker, plan, system, place)
    if not isinstance(system, str) or not isinstance(code, str) or system in SYNTAXES:
        return
    known = walker.definitions.terminology.code_system(system)
    if known is None:
        return
    spelled = known.code(code)
    if spelled is None:
        if known.complete:
            severity = IssueSeverity.WARNING if system.startswith(_GROWING) else None
            walker.report(
                "fhir-code-unknown", place, plan.node, severity, found=code, system=system
            )
        return
    display, expected = coding.get("display"), known.displays.get(spelled, "")
    if isinstance(display, str) and expected and _folded(display) != _folded(expected):
        walker.report(
            "fhir-display", place, plan.node, found=f"{system}|{code}", display=repr(display),
            expected=repr(expected),
        )  # fmt: skip


def _check_system(walker: Walker, plan: Plan, system: str, place: Place) -> None:
    """Tell a system that cannot be one: a relative URL, or a value set."""
    if ":" not in system:
        walker.report("fhir-coding-system", place, plan.node, found=system)
    elif walker.definitions.is_value_set(system):
        walker.report("fhir-coding-value-set", place, plan.node, found=system)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
