"""Single values: primitives with what stands beside them, fixed values, limits, attachments.

Source:
    HL7 FHIR R4: ElementDefinition; 2.6.2.3 JSON representation of primitive elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.nodes import Node
from gateway.validation.fhir.plans import Plan, table_of
from gateway.validation.fhir.scope import Place
from gateway.validation.fhir.slicing import holds
from gateway.validation.fhir.words import kind_of, name_of, shown_value

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Json = dict[str, Any]


def check_primitive(walker: Walker, plan: Plan, value: Any, place: Place) -> bool:
    """Check the form of a primitive value and what its element fixes; whether to look further."""
    node = plan.node
    assert plan.check is not None
    problem = plan.check(value)
    if problem is not None:
        walker.report(
            "fhir-primitive", place, node, name=name_of(node), type=plan.code,
            problem=problem, problem_fr=getattr(problem, "fr", problem),
        )  # fmt: skip
        return False
    if plan.plain:
        return False
    if node.fixed or node.pattern:
        compare(walker, node, value, place)
    if node.max_length and isinstance(value, str) and len(value) > node.max_length:
        walker.report(
            "fhir-max-length", place, node, name=name_of(node), found=len(value),
            expected=node.max_length,
        )  # fmt: skip
    check_limits(walker, node, value, place)
    return True


def compare(walker: Walker, node: Node, value: Any, place: Place) -> None:
    """Compare a value with what its element fixes."""
    if node.fixed and node.fixed[0] != value:
        walker.report(
            "fhir-fixed", place, node, name=name_of(node), found=shown_value(value),
            expected=shown_value(node.fixed[0]),
        )  # fmt: skip
    if node.pattern and not holds(value, node.pattern[0]):
        walker.report(
            "fhir-pattern", place, node, name=name_of(node), found=shown_value(value),
            expected=shown_value(node.pattern[0]),
        )  # fmt: skip


def check_limits(walker: Walker, node: Node, value: Any, place: Place) -> None:
    """Compare a value with the smallest and the largest its element allows."""
    for limits, rule, sign in (
        (node.min_value, "fhir-min-value", -1),
        (node.max_value, "fhir-max-value", 1),
    ):
        if limits and _beyond(value, limits[0], sign):
            walker.report(
                rule,
                place,
                node,
                name=name_of(node),
                found=shown_value(value),
                expected=shown_value(limits[0]),
            )


def check_beside(walker: Walker, plan: Plan, key: str, value: Json, place: Place) -> None:
    """Check the objects beside a primitive element, ``_birthDate``: ids and extensions."""
    said = value[key]
    node = plan.node
    if node.maximum == 0 and key[1:] not in value:
        walker.report("fhir-maximum", place, node, name=name_of(node), found=1, expected=0)
    if node.repeats != isinstance(said, list):
        walker.report(
            "fhir-array" if node.repeats else "fhir-type", place, node, name=key,
            found=kind_of(said), found_fr=kind_of(said, fr=True), expected="Element",
        )  # fmt: skip
        return
    if not isinstance(said, list):
        _check_one_beside(walker, plan, key, said, value.get(key[1:]), Place(place, plan.label))
        return
    main = value.get(key[1:])
    for number, one in enumerate(said):
        if one is None:
            continue
        of = main[number] if isinstance(main, list) and number < len(main) else None
        _check_one_beside(walker, plan, key, one, of, Place(place, f"{plan.label}[{number}]"))


def _check_one_beside(
    walker: Walker, plan: Plan, key: str, one: Any, main: Any, place: Place
) -> None:
    node = plan.node
    if type(one) is not dict:
        walker.report(
            "fhir-type", place, node, name=key, found=kind_of(one),
            found_fr=kind_of(one, fr=True), expected="Element",
        )  # fmt: skip
        return
    if main is None and not (one.keys() - {"id"}):
        walker.report("ele-1", place, node, name=key)
        return
    for name in one:
        if name not in ("id", "extension"):
            walker.report("fhir-unknown-element", place, node, name=name, parent=key)
    walk_beside(walker, plan, {k: v for k, v in one.items() if k in ("id", "extension")}, place)


def walk_beside(walker: Walker, plan: Plan, beside: Json, place: Place) -> None:
    """Walk id and extensions of a primitive along its own children, or as any element's."""
    node = plan.node
    if not node.children:
        element = walker.definitions.type("Element")
        if element is None or not beside:
            return
        node = element.root
    walker.walk(plan, table_of(walker.definitions, node), beside, place)


def check_attachment_size(walker: Walker, plan: Plan, value: Json, place: Place) -> None:
    """Compare an Attachment's size with its data."""
    size, data = value.get("size"), value.get("data")
    if type(size) is not int or not isinstance(data, str):
        return
    data = "".join(data.split())
    octets = len(data) // 4 * 3 - data[-2:].count("=")
    if octets != size:
        walker.report("fhir-attachment-size", place, plan.node, found=octets, expected=size)


def _beyond(value: Any, limit: Any, sign: int) -> bool:
    """Whether a value is past a limit; what cannot be compared is not."""
    if isinstance(value, dict) or isinstance(limit, dict):
        # Quantities of one unit compare by their values; nobody converts units here.
        if not (isinstance(value, dict) and isinstance(limit, dict)):
            return False
        if any(value.get(name) != limit.get(name) for name in ("system", "code")):
            return False
        value, limit = value.get("value"), limit.get("value")
    if isinstance(value, str) or isinstance(limit, str):
        if not (isinstance(value, str) and isinstance(limit, str)):
            return False
        # Dates of one precision and one zone compare as their text does.
        size = min(len(value), len(limit))
        value, limit = value[:size], limit[:size]
    try:
        return bool(value > limit if sign > 0 else value < limit)
    except TypeError:
        return False
