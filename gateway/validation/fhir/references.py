"""References: what they may point to, where their targets may be, which profiles targets have.

Source:
    HL7 FHIR R4: 2.3.0.1 References; ElementDefinition.type: targetProfile, aggregation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.nodes import FHIR
from gateway.validation.fhir.plans import Plan
from gateway.validation.fhir.primitives import Complaint
from gateway.validation.fhir.scope import RESTFUL, Place, Scope

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Json = dict[str, Any]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_AGGREGATION = {
    "contained": ("contained", "incluse"),
    "bundled": ("in the same Bundle", "dans le même Bundle"),
    "referenced": ("outside of this message", "hors de ce message"),
}


def check_reference(walker: Walker, plan: Plan, value: Json, place: Place) -> None:
    """Check one Reference: its form, its target's type and profile, and where the target is."""
    reference = value.get("reference")
    target: Scope | None = None
    if isinstance(reference, str):
        target = walker.scope.find(reference)
        if target is None and reference.startswith("#"):
            walker.report("fhir-reference-unresolved", place, plan.node, found=reference)
            return
        if target is None and not _well_formed(walker, reference):
            walker.report("fhir-reference-form", place, plan.node, found=reference)
            return
        if plan.type_ref.aggregation:
            _check_aggregation(walker, plan, reference, target, place)
    if plan.type_ref.target_profiles:
        _check_target(walker, plan, value, target, place)


def type_of(walker: Walker, value: Json, target: Scope | None) -> str:
    """Name the type a reference points to: of its target, its URL, or what it says itself."""
    if target is not None:
        return str(target.resource.get("resourceType", ""))
    reference = value.get("reference")
    if isinstance(reference, str) and (named := type_in(walker, reference)):
        return named
    said = value.get("type")
    return said.removeprefix(FHIR) if isinstance(said, str) else ""


def type_in(walker: Walker, reference: str) -> str:
    """Name the type in a RESTful URL; empty where it has none."""
    match = RESTFUL.fullmatch(reference.partition("#")[0])
    if match is None:
        return ""
    tree = walker.definitions.type(match["type"])
    return match["type"] if tree is not None and tree.kind == "resource" else ""


def _well_formed(walker: Walker, reference: str) -> bool:
    if _ABSOLUTE.fullmatch(reference):
        return True
    return (
        bool(type_in(walker, reference)) or reference.startswith(("?", "/")) or ("?" in reference)
    )


def _check_aggregation(
    walker: Walker, plan: Plan, reference: str, target: Scope | None, place: Place
) -> None:
    if reference.startswith("#"):
        actual = "contained"
    else:
        actual = "referenced" if target is None else "bundled"
    wanted = plan.type_ref.aggregation
    if actual in wanted or (actual == "bundled" and "referenced" in wanted):
        return
    if actual == "referenced" and "bundled" in wanted and walker.scope.bundle is None:
        return  # this resource may come out of a Bundle that has the target
    walker.report(
        "fhir-reference-aggregation", place, plan.node, found=reference,
        actual=_AGGREGATION[actual][0], actual_fr=_AGGREGATION[actual][1],
        expected=" or ".join(_AGGREGATION[a][0] for a in wanted if a in _AGGREGATION),
        expected_fr=" ou ".join(_AGGREGATION[a][1] for a in wanted if a in _AGGREGATION),
    )  # fmt: skip


def _check_target(
    walker: Walker, plan: Plan, value: Json, target: Scope | None, place: Place
) -> None:
    definitions = walker.definitions
    found = type_of(walker, value, target)
    if not found:
        return
    allowed: list[str] = []
    fitting: list[str] = []
    for url in plan.type_ref.target_profiles:
        tree = definitions.profile(url)
        if tree is None:
            # Where nobody knows the profile nobody can say that the type is wrong.
            walker.profile_unknown(url, place, plan.node)
            return
        allowed.append(tree.type)
        if definitions.is_type(found, tree.type):
            fitting.append(url)
    name = value.get("reference") or value.get("type") or "Reference"
    if not fitting:
        walker.report(
            "fhir-reference-target", place, plan.node, found=name, type=found,
            expected=" | ".join(dict.fromkeys(allowed)),
        )  # fmt: skip
        return
    if target is None:
        return
    profiles = [u for u in fitting if (t := definitions.profile(u)) is not None and t.constrains]
    if len(profiles) < len(fitting):
        return
    walker.resolve_scope(target)
    problem: Complaint | None = None
    for url in profiles:
        first = walker.first_error(target.resource, url)
        if first is None:
            return
        problem = problem or first
    walker.report(
        "fhir-reference-profile", place, plan.node, found=name,
        expected=" | ".join(profiles), problem=problem,
    )  # fmt: skip
