"""The values of a sliced element: sorted into slices, counted, each checked along its slice.

Source:
    HL7 FHIR R4: ElementDefinition.slicing (rules, ordered); 5.1.0.11 Slicing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.nodes import Node
from gateway.validation.fhir.plans import Plan, plan_of
from gateway.validation.fhir.scope import Place
from gateway.validation.fhir.slicing import Sorter
from gateway.validation.fhir.words import name_of

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Items = list[tuple[int | None, Any]]
"""Values with their place in the list; None for the one value of what does not repeat."""


def check_slices(walker: Walker, node: Node, base: Plan, items: Items, place: Place) -> None:
    """Check the values of a sliced element; ``base`` is for those that are in no slice."""
    groups, undecided = _sort(walker, node, base, items, place)
    for one, group in zip(node.slices, groups, strict=True):
        count = len(group)
        if count < one.minimum and one.slice_name not in undecided:
            walker.missing_slice(one, count, place)
        if one.maximum is not None and count > one.maximum:
            walker.report(
                "fhir-maximum", place, one, name=name_of(one), found=count, expected=one.maximum
            )
            if one.maximum == 0:
                continue
        if not group:
            continue
        plan = _plan(walker, one, base)
        if one.slices:
            check_slices(walker, one, plan, group, place)
            continue
        for number, member in group:
            walker.item(plan, member, Place(place, _label(base, number)))


def _sort(
    walker: Walker, node: Node, base: Plan, items: Items, place: Place
) -> tuple[list[Items], set[str]]:
    """Put each value into its slice; give the slices nothing could be said of as well."""
    sorter: Sorter | None = node.sorter
    if sorter is None:
        sorter = node.sorter = Sorter(walker.definitions, node)
    groups: list[Items] = [[] for _ in node.slices]
    rules = node.slicing.rules if node.slicing is not None else "open"
    ordered = node.slicing is not None and node.slicing.ordered
    latest, left = -1, False
    undecided: set[str] = set()
    for number, member in items:
        label = _label(base, number)
        walker.trying = label
        at, unknown = sorter.slice_of(walker, member, base.code)
        for slice_name, problem in unknown:
            undecided.add(slice_name)
            walker.report(
                "fhir-slicing-not-checked", Place(place, label), node, name=name_of(node),
                expected=slice_name, problem=problem,
            )  # fmt: skip
        if at is None:
            if rules == "closed" and not unknown:
                walker.report(
                    "fhir-slicing-closed", Place(place, label), node, name=label,
                    expected=", ".join(s.slice_name for s in node.slices),
                )  # fmt: skip
            left = True
            walker.item(base, member, Place(place, label))
            continue
        groups[at].append((number, member))
        if (ordered and at < latest) or (rules == "openAtEnd" and left):
            walker.report(
                "fhir-slicing-order", Place(place, label), node, name=label,
                found=node.slices[at].slice_name,
                expected=node.slices[latest].slice_name if at < latest else "others",
                expected_fr=node.slices[latest].slice_name if at < latest else "les autres",
            )  # fmt: skip
        latest = max(latest, at)
    return groups, undecided


def _label(base: Plan, number: int | None) -> str:
    return base.label if number is None else f"{base.label}[{number}]"


def _plan(walker: Walker, one: Node, base: Plan) -> Plan:
    """Give the plan of a slice; one that says nothing of its type has that of the whole."""
    if not one.types:
        one.types = base.node.types
    return plan_of(walker.definitions, one, base.type_ref.code)
