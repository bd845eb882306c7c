"""A snapshot as a tree of nodes: what the walker needs, and nothing else.

A :class:`Tree` is one StructureDefinition read once; each :class:`Node` one ElementDefinition with
its children by name and its slices in order. Reading goes by path and order, not by element ids,
which packages of long ago lack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.validation.fhir.primitives import Complaint

Json = dict[str, Any]

FHIR = "http://hl7.org/fhir/StructureDefinition/"
_FHIR_TYPE = FHIR + "structuredefinition-fhir-type"
_BEST_PRACTICE = FHIR + "elementdefinition-bestpractice"
_MAX_VALUE_SET = FHIR + "elementdefinition-maxValueSet"
_VITAL_SIGNS_UNITS = "http://hl7.org/fhir/ValueSet/ucum-vitals-common"
_SYSTEM = "http://hl7.org/fhirpath/System."
_SYSTEM_TYPES = {
    "String": "string",
    "Boolean": "boolean",
    "Integer": "integer",
    "Decimal": "decimal",
    "Date": "date",
    "DateTime": "dateTime",
    "Time": "time",
}


class NoSnapshot(Exception):
    """A StructureDefinition cannot be validated against; says why."""

    def __init__(self, reason: Complaint) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One type an element may have, with the profiles that hold for it."""

    code: str
    profiles: tuple[str, ...] = ()
    target_profiles: tuple[str, ...] = ()
    aggregation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """Which value set an element's codes come from, and how strictly."""

    strength: str
    value_set: str
    maximum: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One invariant as the definition states it."""

    key: str
    severity: str
    human: str
    expression: str
    best_practice: bool = False


@dataclass(frozen=True, slots=True)
class Discriminator:
    """What tells the slices of an element apart."""

    type: str
    path: str


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the values of an element divide into slices."""

    discriminators: tuple[Discriminator, ...]
    rules: str
    ordered: bool


class Node:
    """One ElementDefinition. Absent limits are None; ``maximum`` None means any number.

    Attributes:
        name: Last part of the path: ``content``, ``value[x]``.
        base_path: Where the element was first defined: ``Address.line``, though the path may be
            ``Patient.address.line``.
        is_choice: Whether the JSON name is spelled with the type.
        repeats: Whether JSON holds a list, which the base element decides.
        fixed: ``(value,)`` of fixed[x]; empty without one. ``pattern`` likewise.
        owner: The tree it belongs to.
    """

    __slots__ = (
        "base_path",
        "binding",
        "children",
        "constraints",
        "content_reference",
        "element",
        "fixed",
        "is_choice",
        "is_modifier",
        "max_length",
        "max_value",
        "maximum",
        "min_value",
        "minimum",
        "name",
        "owner",
        "path",
        "pattern",
        "plans",
        "repeats",
        "slice_name",
        "slices",
        "slicing",
        "sorter",
        "table",
        "types",
    )

    def __init__(self, owner: Tree, given: Json) -> None:
        self.owner = owner
        self.path: str = given["path"]
        self.name: str = self.path.rpartition(".")[2]
        self.is_choice = self.name.endswith("[x]")
        self.slice_name: str = given.get("sliceName", "")
        self.element: str = given.get("id") or self.path
        self.minimum: int = given.get("min", 0)
        maximum = str(given.get("max", "*"))
        self.maximum: int | None = int(maximum) if maximum.isdecimal() else None
        base = given.get("base", {})
        self.base_path: str = base.get("path", self.path)
        self.repeats = str(base.get("max", maximum)) not in ("0", "1")
        self.types = _types(given.get("type", ()))
        if self.name == "id" and owner.kind == "resource" and self.path.count(".") == 1:
            # R4 calls a resource's id a string here, and an id in its text (2.27.3).
            self.types = (TypeRef("id"),)
        self.fixed: tuple[Any, ...] = ()
        self.pattern: tuple[Any, ...] = ()
        self.min_value: tuple[Any, ...] = ()
        self.max_value: tuple[Any, ...] = ()
        for name, value in given.items():
            if name.startswith("fixed"):
                self.fixed = (value,)
            elif name.startswith("pattern"):
                self.pattern = (value,)
            elif name.startswith("minValue"):
                self.min_value = (value,)
            elif name.startswith("maxValue"):
                self.max_value = (value,)
        self.max_length: int | None = given.get("maxLength")
        self.binding = _binding(given.get("binding"))
        self.constraints = tuple(_constraint(c) for c in given.get("constraint", ()))
        self.slicing = _slicing(given.get("slicing"))
        self.is_modifier: bool = given.get("isModifier", False)
        self.content_reference: str = given.get("contentReference", "")
        self.children: dict[str, Node] = {}
        self.slices: list[Node] = []
        # Filled by the walker and by slicing when first needed.
        self.table: Any = None
        self.plans: dict[str, Any] = {}
        self.sorter: Any = None

    def __repr__(self) -> str:
        return f"<{self.element} of {self.owner.url}>"


class Tree:
    """One StructureDefinition, read.

    Attributes:
        url: Its canonical URL, without version.
        type: The type it defines or constrains.
        constrains: Whether it is a profile of another definition.
        abstract: Whether no instance may be of it alone (Resource, DomainResource, Element).
        context: For an extension, where it may stand: ``(type, expression)`` pairs.
        context_invariants: For an extension, FHIRPath that must hold on the element it stands on.
    """

    __slots__ = (
        "abstract",
        "base",
        "constrains",
        "context",
        "context_invariants",
        "kind",
        "root",
        "type",
        "url",
        "version",
    )

    def __init__(self, definition: Json, elements: Any = ()) -> None:
        elements = elements or definition.get("snapshot", {}).get("element", ())
        if not elements:
            raise NoSnapshot(Complaint("it has no snapshot", "il n'a pas d'instantané"))
        self.url: str = definition.get("url", "")
        self.version: str = definition.get("version", "")
        self.kind: str = definition.get("kind", "")
        self.type: str = str(definition.get("type", "")).removeprefix(FHIR)
        self.base: str = definition.get("baseDefinition", "")
        self.constrains = definition.get("derivation") == "constraint"
        self.abstract: bool = bool(definition.get("abstract")) and not self.constrains
        self.context = tuple(
            (str(c.get("type", "element")), str(c.get("expression", "")))
            for c in definition.get("context", ())
            if isinstance(c, dict)
        )
        self.context_invariants = tuple(str(i) for i in definition.get("contextInvariant", ()))
        self.root = _grow(self, elements)

    def at(self, path: str) -> Node | None:
        """Find the node of a contentReference: a path without slices."""
        node = self.root
        names = path.split(".")
        if names[0] != node.path:
            return None
        for name in names[1:]:
            found = node.children.get(name)
            if found is None:
                return None
            node = found
        return node

    def nodes(self) -> Iterator[Node]:
        """Give every node, slices included."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.children.values()
            waiting += node.slices


def _grow(tree: Tree, elements: Any) -> Node:
    """Hang the elements of a snapshot into each other, in their order."""
    root = Node(tree, elements[0])
    latest = {root.path: root}
    for given in elements[1:]:
        node = Node(tree, given)
        parent = latest.get(node.path.rpartition(".")[0])
        if parent is None:
            raise NoSnapshot(
                Complaint(
                    f"its snapshot has {node.path} without the element above it",
                    f"son instantané contient {node.path} sans l'élément au-dessus",
                )
            )
        whole = parent.children.get(node.name)
        if whole is None:
            parent.children[node.name] = node
        elif node.slice_name:
            _slice_of(whole, node.slice_name).slices.append(node)
        else:
            raise NoSnapshot(
                Complaint(
                    f"its snapshot has {node.path} twice",
                    f"son instantané contient deux fois {node.path}",
                )
            )
        for path in [p for p in latest if p.startswith(node.path + ".")]:
            del latest[path]
        latest[node.path] = node
    return root


def _slice_of(whole: Node, name: str) -> Node:
    """Find what a slice is a slice of: ``a/b`` re-slices ``a``."""
    parts = name.split("/")
    node = whole
    for count in range(1, len(parts)):
        prefix = "/".join(parts[:count])
        for one in node.slices:
            if one.slice_name in (prefix, parts[count - 1]):
                node = one
                break
    return node


def _types(given: Any) -> tuple[TypeRef, ...]:
    """Read the types of an element; one repeated for its profiles becomes one."""
    found: dict[str, TypeRef] = {}
    for one in given:
        code = _code(one)
        profiles = tuple(one.get("profile", ()))
        targets = tuple(one.get("targetProfile", ()))
        before = found.get(code)
        if before is not None:
            profiles = before.profiles + profiles
            targets = before.target_profiles + targets
        found[code] = TypeRef(code, profiles, targets, tuple(one.get("aggregation", ())))
    return tuple(found.values())


def _code(one: Json) -> str:
    code: str = one.get("code", "")
    if not code.startswith(_SYSTEM):
        return code.removeprefix(FHIR)
    for extension in one.get("extension", ()):
        if extension.get("url") == _FHIR_TYPE:
            return str(extension.get("valueUrl") or extension.get("valueUri") or "string")
    return _SYSTEM_TYPES.get(code.removeprefix(_SYSTEM), "string")


def _binding(given: Json | None) -> Binding | None:
    if given is None:
        return None
    maximum = ""
    for extension in given.get("extension", ()):
        if extension.get("url") == _MAX_VALUE_SET:
            maximum = str(extension.get("valueCanonical") or extension.get("valueUri") or "")
    value_set = given.get("valueSet", "")
    if not value_set and not maximum:
        return None
    strength = given.get("strength", "example")
    if value_set.partition("|")[0] == _VITAL_SIGNS_UNITS:
        # Meant for units, it is bound as required to whatever a component holds: an erratum of R4.
        strength = "extensible"
    return Binding(strength, value_set, maximum)


def _constraint(given: Json) -> Constraint:
    return Constraint(
        given.get("key", ""),
        given.get("severity", "error"),
        given.get("human", ""),
        given.get("expression", ""),
        any(
            e.get("url") == _BEST_PRACTICE and e.get("valueBoolean") is True
            for e in given.get("extension", ())
        ),
    )


def _slicing(given: Json | None) -> Slicing | None:
    if given is None:
        return None
    return Slicing(
        tuple(
            Discriminator(d.get("type", "value"), d.get("path", "$this"))
            for d in given.get("discriminator", ())
        ),
        given.get("rules", "open"),
        given.get("ordered", False),
    )
