"""Extensions: each against its own definition, in a place it is made for.

Source:
    HL7 FHIR R4: 2.4 Extensibility; StructureDefinition.context, contextInvariant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.invariants import Focus, compiled
from gateway.validation.fhir.nodes import FHIR, Tree
from gateway.validation.fhir.plans import Plan
from gateway.validation.fhir.scope import Place

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Json = dict[str, Any]

# The specification's own definitions carry these where their contexts do not allow it.
_ELSEWHERE = {
    FHIR + "structuredefinition-fhir-type",
    FHIR + "structuredefinition-normative-version",
    FHIR + "regex",
}
_INDEX = re.compile(r"\[\d+\]")
_OF_TYPE = re.compile(r"\.ofType\([A-Za-z0-9]+\)")


def check_extension(walker: Walker, plan: Plan, value: Json, place: Place) -> None:
    """Check one Extension along the definition its url names, and those its slice asks for."""
    url = value.get("url")
    definitions = walker.definitions
    owner = walker.owner
    trees: list[Tree] = []
    for wanted in plan.wants:
        tree = definitions.profile(wanted)
        if tree is None:
            walker.profile_unknown(wanted, place, plan.node)
        else:
            trees.append(tree)
    inside = plan.node.owner.type == "Extension" and plan.node.name == "extension"
    if isinstance(url, str) and url:
        tree = definitions.profile(url)
        if tree is not None and tree.type == "Extension":
            if tree not in trees:
                trees.append(tree)
        elif ":" not in url:
            if not inside:
                walker.report("fhir-extension-url", place, plan.node, found=repr(url))
            elif plan.node.slices and not plan.node.slice_name:
                walker.report(
                    "fhir-extension-part", place, plan.node, found=repr(url),
                    expected=", ".join(one.slice_name for one in plan.node.slices),
                )  # fmt: skip
        elif not plan.wants and not plan.node.children:
            manner = walker.manner
            if not (manner.known_domains and url.startswith(manner.known_domains)):
                severity = manner.unknown_extensions
                walker.report("fhir-extension-unknown", place, plan.node, severity, found=url)
        for tree in trees:
            if tree.url == url.partition("|")[0]:
                _check_use(walker, plan, tree, value, place, owner)
    if plan.node.children:
        for table in plan.tables:
            walker.walk(plan, table, value, place)
    elif not trees:
        base = definitions.type("Extension")
        if base is not None:
            trees.append(base)
    for tree in trees:
        walker.issues += walker.judge(value, tree, place)


def _check_use(
    walker: Walker,
    plan: Plan,
    tree: Tree,
    value: Json,
    place: Place,
    owner: tuple[Plan, Json] | None,
) -> None:
    """Check that an extension stands in the right kind of member, of the right element."""
    modifier = plan.node.name == "modifierExtension"
    if tree.root.is_modifier != modifier:
        actual = "changes the meaning of its element" if not modifier else "changes no meaning"
        fr = "change le sens de son élément" if not modifier else "ne change aucun sens"
        walker.report(
            "fhir-extension-modifier", place, plan.node, found=tree.url, actual=actual,
            actual_fr=fr, expected="modifierExtension" if not modifier else "extension",
        )  # fmt: skip
    if owner is None or not tree.context:
        return
    path, name = _element(place)
    if not _allowed(walker, tree, path, owner):
        walker.report(
            "fhir-extension-context", place, plan.node, found=tree.url, where=name,
            expected=", ".join(expression for _, expression in tree.context),
        )  # fmt: skip
    for expression in tree.context_invariants:
        check = compiled("context", expression)
        scope = walker.scope
        focus = Focus(owner[1], owner[0].code, scope.resource, scope.root, walker.resolve, walker)
        if check(focus) is False:
            walker.report(
                "fhir-extension-context", place, plan.node, found=tree.url, where=name,
                expected=expression,
            )  # fmt: skip


def _element(place: Place) -> tuple[str, str]:
    """Give the path of the element an extension stands on, from the nearest resource's type."""
    parts: list[str] = []
    at = place.above
    while at is not None:
        if at.type:
            parts.append(at.type)
            break
        parts.append(at.name)
        at = at.above
    path = ".".join(reversed(parts))
    plain = _INDEX.sub("", _OF_TYPE.sub("[x]", path))
    return plain, path


def _allowed(walker: Walker, tree: Tree, path: str, owner: tuple[Plan, Json]) -> bool:
    plan, value = owner
    definitions = walker.definitions
    types = [plan.code]
    node = plan.node
    if node.path.count(".") == 0:
        types.append(node.owner.type)
    lineage = {url.removeprefix(FHIR) for code in types for url in definitions.lineage(FHIR + code)}
    # "Element" is written for everything, resources too, in the specification's own extensions.
    names = {path, node.path, node.base_path, *types, *lineage, "Element"}
    if "Resource" in lineage and "url" in value:
        # What R5 calls the resources that have a canonical URL.
        names |= {"CanonicalResource", "MetadataResource"}
    if "." in plan.code:
        names.add("BackboneElement")
    if tree.url in _ELSEWHERE:
        return True
    for kind, expression in tree.context:
        if kind == "element" and (
            expression in names
            or any(expression.startswith(url + "#") for url in definitions.lineage(node.owner.url))
        ):
            return True
        if kind == "extension" and value.get("url") == expression:
            return True
        if kind == "fhirpath":
            # Which elements an expression finds is not worked out; such a use is not refused.
            return True
    return False
