"""One resource walked along its definitions, everything wrong with it gathered.

The instance leads: each JSON key is looked up in the table of its element, unknown keys are told,
then the table is asked what is missing. A walker serves one call of the validator and remembers
what it found for each object and profile, since slicing and references ask again.

Places are FHIRPath as far as it goes: ``Bundle.entry[2].resource.content[0].attachment``; a choice
element in its type reads ``value.ofType(Quantity)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from gateway.validation.fhir import bindings, elements, extensions, references, slices
from gateway.validation.fhir.constraints import check_constraints
from gateway.validation.fhir.content_rules import Manner, check_attachment, check_resource
from gateway.validation.fhir.definition_rules import check_definition
from gateway.validation.fhir.definitions import ABSENT, Definitions
from gateway.validation.fhir.nodes import Node, Tree
from gateway.validation.fhir.plans import Plan, Table, plan_of, table_of
from gateway.validation.fhir.primitives import Complaint
from gateway.validation.fhir.rules import issue
from gateway.validation.fhir.scope import Place, Scope
from gateway.validation.fhir.slicing import codes
from gateway.validation.fhir.vital_signs import implied
from gateway.validation.fhir.words import kind_of, name_of
from gateway.validation.issue import Issue, IssueSeverity

Json = dict[str, Any]

Step = Callable[["Walker", Plan, Any, Place], None]

MAX_DEPTH = 48
MAX_ISSUES = 1_000


class Walker:
    """One validation under way.

    Attributes:
        scope: The resource that is being looked at, with its surroundings.
        issues: What was found so far; replaced during a trial.
        trying: Which value of a sliced element is being tried.
        owner: The plan and the value of the object whose members are being looked at.
    """

    def __init__(
        self, definitions: Definitions, resource: Json, manner: Manner | None = None
    ) -> None:
        self.definitions = definitions
        self.manner = manner or Manner()
        self.scope = Scope(resource)
        self.issues: list[Issue] = []
        self.owner: tuple[Plan, Json] | None = None
        self._judged: dict[tuple[int, int], tuple[Place, list[Issue]]] = {}
        self.trying = ""
        self._nearest: dict[int, Complaint] = {}
        self._scopes: dict[int, Scope] = {}
        self._depth = 0
        self._said: set[str] = set()

    # --- Saying what was found ---------------------------------------------------------------

    def report(
        self,
        rule: str,
        place: Place,
        node: Node | None = None,
        severity: IssueSeverity | None = None,
        **values: object,
    ) -> None:
        """Add an issue of a rule of the table."""
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(
                issue(
                    rule,
                    str(place),
                    element=node.element if node is not None else "",
                    profile=node.owner.url if node is not None else "",
                    severity=severity,
                    **values,
                )
            )

    def profile_unknown(self, url: str, place: Place, node: Node | None) -> None:
        """Say once that a profile is not at hand."""
        if url not in self._said:
            self._said.add(url)
            problem = self.definitions.lack(url) or ABSENT
            self.report("fhir-profile-unknown", place, node, found=url, problem=problem)

    # --- Resources ---------------------------------------------------------------------------

    def resource(self, value: Json, asked: Iterable[str], place: Place, node: Node | None) -> None:
        """Walk a resource along its type, the profiles it claims and the ones asked for."""
        kind = value.get("resourceType")
        base = self.definitions.type(kind) if isinstance(kind, str) else None
        if base is None or base.kind != "resource" or base.abstract:
            named = "resourceType" in value
            self.report(
                "fhir-resource-type", place, node,
                found=repr(kind) if named else "what has no resourceType",
                found_fr=repr(kind) if named else "ce qui n'a pas de resourceType",
            )  # fmt: skip
            return
        trees: list[Tree] = []
        for url in (*asked, *_claimed(value), *implied(value)):
            tree = self.definitions.profile(url)
            if tree is None:
                self.profile_unknown(url, place, node)
            elif not self.definitions.is_type(base.type, tree.type):
                self.report(
                    "fhir-profile-type", place, node, found=url, type=tree.type,
                    expected=base.type,
                )  # fmt: skip
            elif tree not in trees:
                trees.append(tree)
        # A profile's snapshot holds all that its base definitions ask for.
        bases = {
            url
            for tree in trees
            if tree.constrains
            for url in self.definitions.lineage(tree.url)[1:]
        }
        trees = [t for t in (*trees, base) if t.url not in bases]
        for tree in dict.fromkeys(trees):
            self.issues += self.judge(value, tree, place)
        check_resource(self, base.type, value, place)
        check_definition(self, base.type, value, place)

    def nested(self, plan: Plan, value: Json, place: Place) -> None:
        """Walk a resource inside another: contained, in an entry, in a parameter."""
        node = plan.node
        kind = str(value.get("resourceType", ""))
        allowed = [t for t in node.types if self.definitions.is_type(kind, t.code)]
        known = self.definitions.type(kind)
        if not allowed and node.types and known is not None and known.kind == "resource":
            self.report(
                "fhir-resource-expected", place, node, found=kind,
                expected=" | ".join(t.code for t in node.types),
            )  # fmt: skip
        outer = self.scope
        self.scope = self._scope_of(node, value)
        self._scopes[id(value)] = self.scope
        inside = Place(place, "", kind)
        try:
            if node.children:
                # The profile says things of the resource where it stands.
                self.walk(plan, table_of(self.definitions, node), value, inside)
            wants = allowed[0].profiles if allowed else ()
            if len(wants) > 1:
                self._one_of(wants, value, place, node)
                wants = ()
            self.resource(value, wants, inside, node)
        finally:
            self.scope = outer

    def _scope_of(self, node: Node, value: Json) -> Scope:
        outer = self.scope
        if node.name == "contained":
            return Scope(value, outer.root, outer.bundle, outer.full_url)
        if outer.resource.get("resourceType") == "Bundle":
            entry = self.owner[1] if self.owner is not None else {}
            url = entry.get("fullUrl")
            return Scope(value, None, outer, url if isinstance(url, str) else "")
        return Scope(value, None, outer.bundle, "")

    def judge(self, value: Json, tree: Tree, place: Place) -> list[Issue]:
        """Walk an object along one definition; what was found before is not looked for again."""
        key = id(value), id(tree)
        known = self._judged.get(key)
        if known is not None:
            return _moved(known[1], str(known[0]), str(place))
        # Whoever asks while this is under way goes round in a circle: nothing new there.
        self._judged[key] = place, []
        before, owner = self.issues, self.owner
        found: list[Issue] = []
        self.issues = found
        try:
            self.value(plan_of(self.definitions, tree.root, ""), value, place)
        finally:
            self.issues, self.owner = before, owner
        self._judged[key] = place, found
        return found

    def fits(self, value: Any, url: str) -> bool | None:
        """Whether an object conforms to a profile; None where the profile is not at hand."""
        tree = self.definitions.profile(url)
        if tree is None:
            return None
        return self.first_error(value, url) is None

    def first_error(self, value: Any, url: str) -> Complaint | None:
        """Try an object against a profile and give the first thing wrong with it."""
        tree = self.definitions.profile(url)
        if tree is None or not isinstance(value, dict):
            return Complaint("it is no object", "ce n'est pas un objet") if tree else None
        kind = value.get("resourceType")
        if isinstance(kind, str) and not self.definitions.is_type(kind, tree.type):
            return Complaint(f"it is a {kind}", f"c'est une ressource {kind}")
        outer = self.scope
        self.scope = self._scopes.get(id(value), outer)
        if isinstance(kind, str) and self.scope is outer and value is not outer.resource:
            self.scope = Scope(value, None, outer if "entry" in outer.resource else outer.bundle)
        try:
            place = Place(None, kind if isinstance(kind, str) else tree.type)
            found = self.judge(value, tree, place)
        finally:
            self.scope = outer
        for one in found:
            if one.severity is IssueSeverity.ERROR:
                return Complaint(
                    f"{one.location}: {one.message}", f"{one.location} : {one.says('fr')}"
                )
        return None

    def resolve(self, reference: str) -> Json | None:
        """Give what a reference points to, and remember where it stands."""
        target = self.scope.find(reference)
        return None if target is None else self.resolve_scope(target)

    def resolve_scope(self, target: Scope) -> Json:
        """Remember where the target of a reference stands."""
        self._scopes.setdefault(id(target.resource), target)
        return target.resource

    def type_in_reference(self, reference: str) -> str:
        """Name the type in a reference's URL."""
        return references.type_in(self, reference)

    # --- Elements ----------------------------------------------------------------------------

    def value(self, plan: Plan, value: Any, place: Place) -> None:
        """Check one value of an element with a structure."""
        if type(value) is not dict:
            self.report(
                "fhir-type", place, plan.node, name=name_of(plan.node), found=kind_of(value),
                found_fr=kind_of(value, fr=True), expected=plan.code,
            )  # fmt: skip
            return
        if len(value) < 2 and (not value or "id" in value):
            self.report("ele-1", place, plan.node, name=name_of(plan.node))
            if not value:
                return
        if self._depth >= MAX_DEPTH:
            self.report(
                "fhir-too-deep", place, plan.node, name=name_of(plan.node), expected=MAX_DEPTH
            )
            return
        self._depth += 1
        for step in plan.steps or _steps(plan):
            step(self, plan, value, place)
        self._depth -= 1

    def structure(self, plan: Plan, value: Json, place: Place) -> None:
        """Walk a value along the profiles its type asks for, else along its own structure."""
        wants = plan.wants
        trees = [] if not wants else self._wanted(plan, wants, place)
        if len(wants) == 1 and trees:
            self.issues += self.judge(value, trees[0], place)
        elif len(wants) > 1 and len(trees) == len(wants):
            self._one_of(wants, value, place, plan.node)
        if trees and not plan.node.children:
            return
        for table in plan.tables:
            self.walk(plan, table, value, place)

    def _wanted(self, plan: Plan, wants: tuple[str, ...], place: Place) -> list[Tree]:
        """Find the profiles of a data type that are at hand; say which are not."""
        found = []
        for url in wants:
            tree = self.definitions.profile(url)
            # A profile of a whole resource can be asked for a part of it; that is not looked at.
            if tree is None or self.definitions.is_type(tree.type, "Resource"):
                self.profile_unknown(url, place, plan.node)
            else:
                found.append(tree)
        return found

    def _one_of(self, wants: tuple[str, ...], value: Json, place: Place, node: Node) -> None:
        """Ask that one of several profiles holds; one that nobody knows may be it."""
        problem: Complaint | None = None
        unknown = False
        for url in wants:
            if self.definitions.profile(url) is None:
                unknown = True
                self.profile_unknown(url, place, node)
                continue
            error = self.first_error(value, url)
            if error is None:
                return
            problem = problem or error
        if problem is not None and not unknown:
            self.report(
                "fhir-profile-none", place, node, name=name_of(node),
                expected=" | ".join(wants), problem=problem,
            )  # fmt: skip

    def walk(self, plan: Plan, table: Table, value: Json, place: Place) -> None:
        """Check the members of an object, then what is missing."""
        keys = table.keys
        chosen: dict[int, str] | None = None
        mistyped: list[Node] | None = None
        for key, member in value.items():
            child = keys.get(key)
            if child is None:
                meant = self._unknown(table, key, value, place)
                if meant is not None:
                    mistyped = [*(mistyped or ()), meant]
                continue
            if child.fast and key[0] != "_":
                assert child.check is not None
                if child.check(member) is None:
                    continue
            node = child.node
            if key[0] == "_":
                self.owner = plan, value
                elements.check_beside(self, child, key, value, place)
                continue
            if node.is_choice:
                chosen = chosen or {}
                if chosen.setdefault(id(node), key) != key:
                    self.report(
                        "fhir-choice", place, node, name=name_of(node),
                        found=f"{chosen[id(node)]}, {key}",
                    )  # fmt: skip
            if child.is_extension or child.is_resource:
                self.owner = plan, value
            if node.repeats:
                if type(member) is not list:
                    self.report(
                        "fhir-array", place, node, name=name_of(node), found=kind_of(member),
                        found_fr=kind_of(member, fr=True),
                    )  # fmt: skip
                    self._list(child, key, [member], value, place)
                else:
                    self._list(child, key, member, value, place)
            elif type(member) is list:
                self.report(
                    "fhir-type", place, node, name=name_of(node), found=kind_of(member),
                    found_fr=kind_of(member, fr=True), expected=child.code,
                )  # fmt: skip
            else:
                self._single(child, key, member, value, place)
        for node, names in table.required:
            for name in names:
                if name in value:
                    break
            else:
                if mistyped is None or node not in mistyped:
                    self._missing(node, place)

    def _single(self, child: Plan, key: str, member: Any, value: Json, place: Place) -> None:
        node = child.node
        if node.maximum == 0:
            self.report("fhir-maximum", place, node, name=name_of(node), found=1, expected=0)
            return
        below = Place(place, child.label)
        if member is None:
            if child.check is None or "_" + key not in value:
                self.report("fhir-empty", below, node, name=key)
            return
        if node.slices:
            slices.check_slices(self, node, child, [(None, member)], place)
        else:
            self.item(child, member, below)
        if child.check is not None and node.children and "_" + key not in value:
            # The profile may ask for an extension beside the value.
            elements.walk_beside(self, child, {}, below)

    def _list(self, child: Plan, key: str, members: list[Any], value: Json, place: Place) -> None:
        node = child.node
        if not members:
            self.report("fhir-empty", place, node, name=key)
            return
        beside = value.get("_" + key) if child.check is not None else None
        count = max(len(members), len(beside)) if isinstance(beside, list) else len(members)
        if node.maximum is not None and count > node.maximum:
            self.report(
                "fhir-maximum", place, node, name=name_of(node), found=count, expected=node.maximum
            )
            if node.maximum == 0:
                return
        if count < node.minimum:
            self.report(
                "fhir-minimum",
                place,
                node,
                name=name_of(node),
                found=count,
                expected=node.minimum,
                hint="",
            )
        name = child.label
        items: list[tuple[int | None, Any]] = []
        for number, member in enumerate(members):
            if member is None:
                said = beside[number] if isinstance(beside, list) and number < len(beside) else None
                if said is None:
                    self.report(
                        "fhir-empty", Place(place, f"{name}[{number}]"), node,
                        name=f"{key}[{number}]",
                    )  # fmt: skip
            else:
                items.append((number, member))
        if node.slices:
            slices.check_slices(self, node, child, items, place)
            return
        for index, member in items:
            self.item(child, member, Place(place, f"{name}[{index}]"))

    def item(self, child: Plan, member: Any, place: Place) -> None:
        """Check one value of an element, primitive or not."""
        if child.check is None:
            self.value(child, member, place)
        elif elements.check_primitive(self, child, member, place):
            for step in child.steps or _steps(child):
                step(self, child, member, place)

    def member_of(self, value: Any, value_set: str) -> bool | None:
        """Answer FHIRPath's ``memberOf``."""
        known = self.definitions.value_set(value_set)
        if known is None:
            return None
        answers = [known.has(system, code) for system, code in codes(value)]
        if True in answers:
            return True
        return None if None in answers else False

    def conforms_to(self, resource: Json, profile: str) -> bool | None:
        """Answer FHIRPath's ``conformsTo``."""
        return self.fits(resource, profile)

    # --- What is not there, or should not be -------------------------------------------------

    def _missing(self, node: Node, place: Place) -> None:
        if node.minimum:
            self.report(
                "fhir-minimum",
                place,
                node,
                name=name_of(node),
                found=0,
                expected=node.minimum,
                hint="",
            )
            return
        for one in node.slices:
            if one.minimum:
                self.missing_slice(one, 0, place)

    def missing_slice(self, one: Node, count: int, place: Place) -> None:
        """Tell that a slice has too few values."""
        self.report(
            "fhir-minimum", place, one, name=name_of(one), found=count, expected=one.minimum,
            hint=self._nearest.get(id(one), ""),
        )  # fmt: skip

    def remember_nearest(self, one: Node, value: Any, url: str) -> None:
        """Keep why a value that could have been meant for a slice is not in it."""
        tree = self.definitions.profile(url)
        if tree is None or not isinstance(value, dict) or id(one) in self._nearest:
            return
        if value.get("resourceType") in (None, tree.type) and tree.constrains:
            error = self.first_error(value, url)
            if error is not None:
                self._nearest[id(one)] = Complaint(
                    f" The nearest is {self.trying}: {error}",
                    f" Le plus proche est {self.trying} : {error.fr}",
                )

    def _unknown(self, table: Table, key: str, value: Json, place: Place) -> Node | None:
        """Tell of a key that is no element; give the choice element it is a wrong type of."""
        if (
            key == "resourceType"
            and table.is_resource
            and self.definitions.is_type(str(value[key]), "Resource")
        ):
            return None
        bare = key.removeprefix("_")
        for name, node in table.choices.items():
            if bare.startswith(name) and bare[len(name) : len(name) + 1].isupper():
                self.report(
                    "fhir-type", Place(place, key), node, name=name_of(node),
                    found=bare[len(name) :], found_fr=bare[len(name) :],
                    expected=" | ".join(t.code for t in node.types),
                )  # fmt: skip
                return node
        self.report("fhir-unknown-element", place, table.owner, name=key, parent=table.owner.path)
        return None


def _compared(walker: Walker, plan: Plan, value: Json, place: Place) -> None:
    elements.compare(walker, plan.node, value, place)
    elements.check_limits(walker, plan.node, value, place)


def _steps(plan: Plan) -> tuple[Step, ...]:
    """Decide once what is done with each value of an element."""
    node = plan.node
    steps: list[Step] = []
    if plan.check is None:
        if node.fixed or node.pattern or node.min_value or node.max_value:
            steps.append(_compared)
        if plan.is_resource:
            steps.append(Walker.nested)
        elif plan.is_extension:
            steps.append(extensions.check_extension)
        elif plan.wants or len(plan.tables) != 1:
            steps.append(Walker.structure)
        else:
            steps.append(_walk_along(plan.tables[0]))
    if plan.constraints:
        steps.append(check_constraints)
    if node.binding is not None:
        steps += bindings.binders(plan, node.binding)
    if plan.code == "Coding":
        steps.append(bindings.check_coding)
    elif plan.code == "Attachment":
        steps += [elements.check_attachment_size, check_attachment]
    if plan.is_reference and plan.check is None:
        steps.append(references.check_reference)
    plan.steps = tuple(steps)
    return plan.steps


def _walk_along(table: Table) -> Step:
    def walk(walker: Walker, plan: Plan, value: Json, place: Place) -> None:
        walker.walk(plan, table, value, place)

    return walk


def _moved(found: list[Issue], tried: str, place: str) -> list[Issue]:
    """Say where something is that was found during a trial, which does not know the whole place."""
    if tried == place or not found:
        return found
    size = len(tried)
    return [
        replace(one, location=place + one.location[size:])
        if one.location[:size] == tried and one.location[size : size + 1] in ("", ".")
        else one
        for one in found
    ]


def _claimed(value: Json) -> list[str]:
    meta = value.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return [p for p in profiles if isinstance(p, str)] if isinstance(profiles, list) else []
