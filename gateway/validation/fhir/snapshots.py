"""A snapshot for a profile that came without one: its differential laid over its base.

Packages are published with snapshots; a profile straight from an editor, or from ``sushi build``
without ``--snapshot``, has none. What is done here is what validation needs: elements unfolded
where the differential reaches into a type, slices made from what they slice, each statement of
the differential put in the place of the base's. A differential that reaches where nothing is, is
refused with the path, never guessed at.

Source:
    HL7 FHIR R4: 5.1.0.3 Differential and snapshot; ElementDefinition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from gateway.validation.fhir.nodes import FHIR, NoSnapshot
from gateway.validation.fhir.primitives import Complaint

Json = dict[str, Any]
Snapshot = Callable[[str], "list[Json] | None"]

_STEP = re.compile(r"(?P<name>[^:]+)(?::(?P<slice>.+))?")
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "closed"}
_BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
_OWN = ("id", "path", "sliceName", "constraint")


class _Element:
    """An element under construction, with what hangs below it."""

    def __init__(self, given: Json, name: str) -> None:
        self.given = given
        self.name = name
        self.children: list[_Element] = []
        self.slices: list[_Element] = []

    def child(self, name: str) -> _Element | None:
        return next((c for c in self.children if c.name == name), None)

    def copy(self) -> _Element:
        made = _Element(dict(self.given), self.name)
        made.children = [c.copy() for c in self.children]
        return made

    def written(self, path: str, name: str) -> Iterator[Json]:
        """Give the elements of the snapshot from here, with their ids."""
        yield {**self.given, "path": path, "id": name}
        for child in self.children:
            yield from child.written(f"{path}.{child.name}", f"{name}.{child.name}")
        for one in self.slices:
            yield from one.written(path, f"{name}:{one.given['sliceName']}")


def generate(definition: Json, snapshot: Snapshot, *, strict: bool = False) -> list[Json]:
    """Give the elements of a snapshot.

    Args:
        definition: A StructureDefinition with ``baseDefinition`` and ``differential``.
        strict: Refuse a value fixed otherwise than the base fixes it, too.
        snapshot: Gives the elements of another definition's snapshot by its canonical URL.

    Raises:
        NoSnapshot: The base is unknown, or the differential does not fit it.
    """
    base_url = definition.get("baseDefinition", "")
    base = snapshot(base_url) if base_url else None
    if base is None:
        named = base_url or "(none)"
        raise NoSnapshot(
            Complaint(
                f"it has no snapshot, and its base {named} is unknown",
                f"il n'a pas d'instantané, et sa base {named} est inconnue",
            )
        )
    root = _tree(base)
    named = list(_named(definition.get("differential", {}).get("element", ())))
    ground = _Ground(_tree(base), snapshot, frozenset(steps for steps, _ in named))
    for steps, given in named:
        at = _place(root, steps, ground)
        if strict:
            _compare(at, given)
        _merge(at, given)
    return list(root.written(root.name, root.name))


def _tree(elements: list[Json]) -> _Element:
    """Hang the elements of a snapshot into each other."""
    root = _Element(_based(elements[0]), elements[0]["path"])
    latest: dict[str, _Element] = {root.name: root}
    for given in elements[1:]:
        path = given["path"]
        above, _, name = path.rpartition(".")
        parent = latest.get(above)
        if parent is None:
            raise NoSnapshot(
                Complaint(
                    f"the base has {path} without the element above it",
                    f"la base contient {path} sans l'élément au-dessus",
                )
            )
        made = _Element(_based(given), name)
        whole = parent.child(name)
        if whole is not None and given.get("sliceName"):
            whole.slices.append(made)
        else:
            parent.children.append(made)
        latest = {p: e for p, e in latest.items() if not p.startswith(path + ".")}
        latest[path] = made
    return root


def _based(given: Json) -> Json:
    """Copy an element, and keep what decides whether JSON has a list."""
    base = {"path": given["path"], "max": given.get("max", "*")}
    return {**given, "base": {**base, **given.get("base", {})}}


class _Ground(NamedTuple):
    """What a snapshot is made upon: the base untouched, other snapshots, the differential's ids."""

    pristine: _Element
    snapshot: Snapshot
    names: frozenset[str]


def _named(elements: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """Give each element of a differential with its id; one without follows path and order."""
    latest: dict[str, str] = {}
    for given in elements:
        path = given["path"]
        name = given.get("id", "")
        if name.count(".") != path.count("."):
            above, _, last = path.rpartition(".")
            name = f"{latest.get(above, above)}.{last}" if above else last
        if given.get("sliceName") and ":" not in name.rpartition(".")[2]:
            name += ":" + given["sliceName"]
        latest = {p: n for p, n in latest.items() if not p.startswith(path + ".")}
        latest[path] = name
        yield name, given


def _place(root: _Element, steps: str, ground: _Ground) -> _Element:
    """Find the place of an element of the differential, and make it where it is not there."""
    at, above, *below = root, *steps.split(".")
    for step in below:
        match = _STEP.fullmatch(step)
        if match is None:
            raise NoSnapshot(
                Complaint(
                    f"its differential has {steps}, which is no path",
                    f"son différentiel contient {steps}, qui n'est pas un chemin",
                )
            )
        at = _step(ground, at, match["name"], match["slice"] or "", above)
        above += "." + step
    return at


def _compare(at: _Element, given: Json) -> None:
    """Refuse to fix what the base fixes to another value."""
    for name, value in given.items():
        fixed = at.given.get(name, value)
        if name.startswith("fixed") and fixed != value:
            path = given["path"]
            raise NoSnapshot(
                Complaint(f"{path} is fixed to {fixed} already", f"{path} est déjà fixé à {fixed}")
            )


def _step(ground: _Ground, at: _Element, name: str, slice_name: str, above: str) -> _Element:
    found = at.child(name)
    if found is None and not at.children:
        _unfold(ground, at)
        found = at.child(name)
    if found is None:
        found, slice_name = _chosen(ground, at, name, slice_name, above)
    if not slice_name:
        return found
    for one in found.slices:
        if one.given["sliceName"] == slice_name:
            return one
    whole = found
    for one in found.slices:
        if slice_name.startswith(one.given["sliceName"] + "/"):
            whole = one
    made = whole.copy()
    made.given = {k: v for k, v in whole.given.items() if k != "slicing"}
    made.given |= {"sliceName": slice_name, "min": 0}
    if found.name in ("extension", "modifierExtension"):
        # Each has the members of its own definition.
        made.children = []
        found.given.setdefault("slicing", _BY_URL)
    found.slices.append(made)
    return made


def _chosen(
    ground: _Ground, at: _Element, name: str, slice_name: str, above: str
) -> tuple[_Element, str]:
    """Find the choice element that ``valueQuantity`` is a short form of.

    Alone, the short form narrows the choice to its type; beside others it is a slice.
    """
    for child in at.children:
        stem = child.name.removesuffix("[x]")
        if stem == child.name or not name.startswith(stem):
            continue
        types = [t for t in child.given.get("type", ()) if _capital(t) == name[len(stem) :]]
        if not types:
            continue
        others = {
            one[len(above) + 1 :].partition(".")[0]
            for one in ground.names
            if one.startswith(f"{above}.{stem}")
        } - {name}
        if not any(o[len(stem) : len(stem) + 1].isupper() for o in others) and not child.slices:
            child.given["type"] = types
            return child, slice_name
        child.given.setdefault("slicing", _BY_TYPE)
        if not any(s.given["sliceName"] == name for s in child.slices):
            made = child.copy()
            made.given.pop("slicing", None)
            made.given |= {"sliceName": name, "min": 0, "type": types}
            child.slices.append(made)
        return child, name
    raise NoSnapshot(
        Complaint(
            f"its differential has {above}.{name}, which its base has not",
            f"son différentiel contient {above}.{name}, absent de sa base",
        )
    )


def _capital(one: Json) -> str:
    code = str(one.get("code", ""))
    return code[:1].upper() + code[1:]


def _unfold(ground: _Ground, at: _Element) -> None:
    """Give an element the children of its type, of its profile, or of what it refers to.

    What is like another element is like it in the base, not as this profile has it.
    """
    reference = at.given.get("contentReference", "")
    if reference:
        target: _Element | None = ground.pristine
        for name in reference.rpartition("#")[2].split(".")[1:]:
            target = target.child(name) if target is not None else None
        if target is not None:
            at.children = [c.copy() for c in target.children]
        return
    types = at.given.get("type", ())
    if not types:
        return
    urls = [*types[0].get("profile", ()), FHIR + str(types[0].get("code", ""))]
    for url in urls:
        elements = ground.snapshot(url)
        if elements:
            tree = _tree(elements)
            at.children = tree.children
            own = {c.get("key") for c in at.given.get("constraint", ())}
            at.given["constraint"] = [
                *at.given.get("constraint", ()),
                *(c for c in tree.given.get("constraint", ()) if c.get("key") not in own),
            ]
            return


def _merge(at: _Element, given: Json) -> None:
    """Let the differential's statements replace the base's; constraints add up."""
    for name, value in given.items():
        if name in _OWN:
            continue
        for prefix in ("fixed", "pattern"):
            if name.startswith(prefix):
                # An element has one fixed value or pattern, of whatever type.
                at.given = {k: v for k, v in at.given.items() if not k.startswith(prefix)}
        at.given[name] = value
    if given.get("sliceName") and not at.given.get("sliceName"):
        at.given["sliceName"] = given["sliceName"]
    if given.get("constraint"):
        keys = {c.get("key") for c in given["constraint"]}
        kept = [c for c in at.given.get("constraint", ()) if c.get("key") not in keys]
        at.given["constraint"] = [*kept, *given["constraint"]]
