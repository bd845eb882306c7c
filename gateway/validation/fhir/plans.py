"""Nodes made ready to walk: which JSON key is which element, of which type, with which checks.

A :class:`Table` belongs to something with children, an element or a type, and knows each JSON key
of it, choice elements spelled out. A :class:`Plan` belongs to one element in one of its types.
Both are made once, when first needed, and kept with their node.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from gateway.validation.fhir.definitions import Definitions
from gateway.validation.fhir.invariants import Check, compiled
from gateway.validation.fhir.nodes import Constraint, Node, Tree, TypeRef
from gateway.validation.fhir.primitives import checker

RESOURCES = "Resource", "DomainResource"
# ele-1 is asked of every element there is: the walker does so itself.
_ELE_1 = "hasValue() or (children().count() > id.count())"
_ANY = TypeRef("")
_STRUCTURED = "BackboneElement", "Element"


class Table:
    """The JSON keys of an object.

    Attributes:
        keys: Each key and its plan; ``_key`` stands for the object beside a primitive.
        is_resource: Whether the object is a resource, and so has a resourceType.
        required: Elements that may not be missing, with their keys.
        choices: Names of choice elements without ``[x]``, for what is said about wrong types.
    """

    __slots__ = ("choices", "is_resource", "keys", "owner", "required")

    def __init__(self, definitions: Definitions, node: Node) -> None:
        self.owner = node
        self.is_resource = "." not in node.path or any(
            definitions.is_type(t.code, "Resource") for t in node.types
        )
        beside = any(checker(t.code) is not None for t in node.types)
        self.keys: dict[str, Plan] = {}
        self.required: list[tuple[Node, tuple[str, ...]]] = []
        self.choices: dict[str, Node] = {}
        for child in node.children.values():
            # Of a primitive, only what stands beside its value is an object's members.
            if not beside or child.name in ("id", "extension"):
                self._add(definitions, child)

    def over(self, other: Table) -> Table:
        """Give a table with the keys of another one where this one has none."""
        made = copy(self)
        made.keys = {**other.keys, **self.keys}
        made.choices = {**other.choices, **self.choices}
        made.required = self.required + [
            one for one in other.required if one[0].name not in self.owner.children
        ]
        return made

    def _add(self, definitions: Definitions, child: Node) -> None:
        keys: list[str] = []
        name = child.name.removesuffix("[x]")
        if child.is_choice:
            self.choices[name] = child
        for type_ref in child.types or (_ANY,):
            key = name + type_ref.code[:1].upper() + type_ref.code[1:] if child.is_choice else name
            # Several resource types under one name (parameter.resource) are told apart later.
            if key in keys:
                continue
            plan = plan_of(definitions, child, type_ref.code)
            self.keys[key] = plan
            keys.append(key)
            if plan.check is not None or plan.code == "xhtml":
                self.keys["_" + key] = plan
                keys.append("_" + key)
        if child.minimum or any(s.minimum for s in child.slices):
            self.required.append((child, tuple(keys)))


class Plan:
    """One element in one of its types, and all that is asked of a value of it.

    Attributes:
        code: The type; the path of the base definition for an element with its own structure.
        check: For a primitive, what finds fault with its value; None for everything else.
        plain: Nothing but ``check`` is asked of a primitive.
        fast: ``check`` alone decides on a single value: plain, allowed, in one form only.
        is_resource: The value is a resource: walked by its own resourceType.
        label: How a place names it: ``value.ofType(Quantity)``.
        steps: What the walker does with a value, in this order; filled by the walker.
    """

    __slots__ = (
        "_constraints",
        "_definitions",
        "_profiles",
        "_tables",
        "check",
        "code",
        "fast",
        "is_extension",
        "is_reference",
        "is_resource",
        "label",
        "node",
        "plain",
        "steps",
        "type_ref",
    )

    def __init__(self, definitions: Definitions, node: Node, type_ref: TypeRef) -> None:
        self.node = node
        self.type_ref = type_ref
        self.code = type_ref.code
        if not self.code or (self.code in _STRUCTURED and node.children):
            self.code = node.path
        self.label = node.name
        if node.is_choice:
            self.label = f"{node.name[:-3]}.ofType({type_ref.code})"
        self.steps: tuple[Any, ...] | None = None
        self._definitions = definitions
        self.check: Callable[[object], Any] | None = checker(type_ref.code)
        self.is_extension = type_ref.code == "Extension"
        self.is_reference = type_ref.code == "Reference" or (
            type_ref.code == "canonical" and bool(type_ref.target_profiles)
        )
        tree = None
        if self.check is None and type_ref.code:
            tree = definitions.type(type_ref.code)
        self.is_resource = tree is not None and tree.kind == "resource"
        self._constraints: tuple[tuple[Constraint, Check], ...] | None = None
        self._tables: tuple[Table, ...] | None = None
        self._profiles: tuple[Tree, ...] | None = None
        self.plain = (
            self.check is not None
            and not (node.fixed or node.pattern or node.binding or node.max_length)
            and not (node.min_value or node.max_value)
            and not self.constraints
            and not type_ref.profiles
            and not node.children
        )
        self.fast = (
            self.plain and not (node.repeats or node.slices or node.is_choice) and node.maximum != 0
        )

    @property
    def constraints(self) -> tuple[tuple[Constraint, Check], ...]:
        """Invariants of the element and of its type, each once."""
        if self._constraints is None:
            found: dict[tuple[str, str], Constraint] = {}
            nodes = [self.node]
            if self.check is None and not self.is_resource and not self.is_extension:
                if target := self._referenced():
                    nodes.append(target)
                if tree := self._type():
                    nodes.append(tree.root)
            for node in nodes:
                for one in node.constraints:
                    found.setdefault((one.key, one.expression), one)
            self._constraints = tuple(
                (one, compiled(one.key, one.expression))
                for one in found.values()
                if one.expression and one.expression != _ELE_1
            )
        return self._constraints

    @property
    def tables(self) -> tuple[Table, ...]:
        """Where the keys of a value are looked up: the element's own children, else its type's."""
        if self._tables is None:
            node = self.node
            if node.children:
                self._tables = (self._own_table(node),)
            elif target := self._referenced():
                self._tables = (table_of(self._definitions, target),)
            elif (tree := self._type()) and not self.is_resource:
                self._tables = (table_of(self._definitions, tree.root),)
            else:
                self._tables = ()
        return self._tables

    def _own_table(self, node: Node) -> Table:
        """Give the table of the element's own children, and of those only its type tells.

        A choice element of several types has the children that all types have, and no others.
        """
        table = table_of(self._definitions, node)
        tree = None if self.is_resource or self.check is not None else self._type()
        if tree is None or tree.root.children.keys() <= node.children.keys():
            return table
        return table.over(table_of(self._definitions, tree.root))

    @property
    def wants(self) -> tuple[str, ...]:
        """The canonical URLs of profiles the type asks for, one of which must hold."""
        return self.type_ref.profiles

    def _type(self) -> Tree | None:
        return self._definitions.type(self.type_ref.code) if self.type_ref.code else None

    def _referenced(self) -> Node | None:
        """Follow a contentReference: the element has the structure of another one."""
        reference = self.node.content_reference
        if not reference:
            return None
        # What a profile says of the element referred to is not said of this one: it is the
        # base definition's structure that both have.
        path = reference.rpartition("#")[2]
        tree = self._definitions.type(path.partition(".")[0]) or self.node.owner
        return tree.at(path)


def plan_of(definitions: Definitions, node: Node, code: str) -> Plan:
    """Give the plan of a node for values of a type; made once."""
    plan: Plan | None = node.plans.get(code)
    if plan is None:
        type_ref = next((t for t in node.types if t.code == code), TypeRef(code))
        plan = node.plans[code] = Plan(definitions, node, type_ref)
    return plan


def table_of(definitions: Definitions, node: Node) -> Table:
    """Give the table of a node's children; made once."""
    table: Table | None = node.table
    if table is None:
        node.table = table = Table(definitions, node)
    return table
