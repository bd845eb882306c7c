"""Which slice a value belongs to.

A slice is recognised by its discriminators. What a discriminator compares with may stand in the
slice itself, in the definition its type names as profile (an Identifier profile that fixes the
type, an extension that fixes its url), or in the type it has. A discriminator of type ``profile``
needs a trial validation, whose result the walker remembers. The first slice that fits has the
value.

Source:
    HL7 FHIR R4: 5.1.0.11-13 Slicing, Discriminators; restricted FHIRPath 2.9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.validation.fhir.definitions import Definitions
from gateway.validation.fhir.nodes import FHIR, Discriminator, Node
from gateway.validation.fhir.primitives import Complaint

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Json = dict[str, Any]

_STEP = re.compile(
    r"(?:(?P<name>\$this|[A-Za-z][A-Za-z0-9]*)(?:\((?P<argument>[^()]*)\))?)(?:\.|$)"
)
_MAX_DEPTH = 12


class Found(NamedTuple):
    """A value a path leads to, with its type where the way there tells it."""

    value: Any
    type: str


class Unknown(Exception):
    """A question about a slice that cannot be answered; says why."""

    def __init__(self, reason: Complaint) -> None:
        super().__init__(reason)
        self.reason = reason


Matcher = Callable[["Walker", Found], bool]
Step = tuple[str, str]


def steps(path: str) -> tuple[Step, ...]:
    """Take a discriminator's path apart: names, ``resolve()``, ``extension('url')``, ``ofType(T)``.

    Raises:
        Unknown: The path is outside the restricted FHIRPath of discriminators.
    """
    found: list[Step] = []
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None or match.end() == place:
            raise _not_understood(path)
        name, argument = match["name"], match["argument"]
        place = match.end()
        if argument is None:
            if name != "$this":
                found.append(("child", name))
        elif name in ("resolve", "ofType", "extension", "as"):
            found.append(("ofType" if name == "as" else name, argument.strip("'\" ")))
        else:
            raise _not_understood(path)
    return tuple(found)


def follow(walker: Walker, start: Iterable[Found], path: tuple[Step, ...]) -> list[Found]:
    """Go along a path in an instance."""
    at = list(start)
    for kind, argument in path:
        following: list[Found] = []
        for found in at:
            if kind == "ofType":
                if _is_of(walker.definitions, found, argument):
                    following.append(found)
            elif not isinstance(found.value, dict):
                if kind == "resolve" and isinstance(found.value, str):
                    following += _resolved(walker, found.value)
            elif kind == "child":
                following += _children(found.value, argument)
            elif kind == "extension":
                following += [
                    Found(one, "Extension")
                    for one in _listed(found.value.get("extension"))
                    if isinstance(one, dict) and one.get("url") == argument
                ]
            else:
                reference = found.value.get("reference")
                if isinstance(reference, str):
                    following += _resolved(walker, reference)
        at = following
    return at


def _resolved(walker: Walker, reference: str) -> list[Found]:
    target = walker.resolve(reference)
    if target is not None:
        return [Found(target, str(target.get("resourceType", "")))]
    return [Found(_Absent(reference), "")]


class _Absent(str):
    """A reference whose target is not at hand."""


def _children(value: Json, name: str) -> list[Found]:
    if name in value:
        return [Found(one, "") for one in _listed(value[name])]
    if "_" + name in value:
        return [Found(one, "") for one in _listed(value["_" + name])]
    length = len(name)
    return [
        Found(one, key[length:])
        for key, of_type in value.items()
        if key.startswith(name) and key[length : length + 1].isupper()
        for one in _listed(of_type)
    ]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_of(definitions: Definitions, found: Found, code: str) -> bool:
    if isinstance(found.value, dict) and "resourceType" in found.value:
        return definitions.is_type(str(found.value["resourceType"]), code)
    # A choice element spells its type with a capital; anything else has the type it has.
    return not found.type or found.type.lower() == code.lower()


class Sorter:
    """Puts the values of a sliced element into its slices."""

    def __init__(self, definitions: Definitions, node: Node) -> None:
        self.node = node
        self.slices = node.slices
        self._matchers: list[tuple[Matcher, ...] | Unknown] = []
        discriminators = node.slicing.discriminators if node.slicing else ()
        self._by_url = self._urls(definitions, discriminators)
        if self._by_url is None:
            for one in node.slices:
                self._matchers.append(self._compile(definitions, one, discriminators))

    def slice_of(
        self, walker: Walker, value: Any, type_code: str
    ) -> tuple[int | None, list[tuple[str, Complaint]]]:
        """Give the number of the slice a value is in, and what could not be decided on the way."""
        if self._by_url is not None:
            url = value.get("url") if isinstance(value, dict) else None
            return (self._by_url.get(url) if isinstance(url, str) else None), []
        unknown: list[tuple[str, Complaint]] = []
        found = Found(value, type_code)
        for number, matchers in enumerate(self._matchers):
            try:
                if isinstance(matchers, Unknown):
                    raise matchers
                if all(matcher(walker, found) for matcher in matchers):
                    return number, unknown
            except Unknown as problem:
                unknown.append((self.slices[number].slice_name, problem.reason))
        return None, unknown

    def _urls(
        self, definitions: Definitions, discriminators: tuple[Discriminator, ...]
    ) -> dict[str, int] | None:
        """Extensions are told apart by one url each: a look-up instead of comparisons."""
        if [d.path for d in discriminators] != ["url"] or discriminators[0].type != "value":
            return None
        urls: dict[str, int] = {}
        for number, one in enumerate(self.slices):
            nodes = _ends(definitions, one, (("child", "url"),))
            fixed = [n.fixed[0] for n in nodes if n.fixed and isinstance(n.fixed[0], str)]
            profiles = [p for t in one.types for p in t.profiles]
            if fixed:
                urls.setdefault(fixed[0], number)
            elif profiles:
                # The definition is not at hand, but an extension's url is its canonical URL.
                urls.setdefault(profiles[0].partition("|")[0], number)
            else:
                return None
        return urls

    def _compile(
        self, definitions: Definitions, one: Node, discriminators: tuple[Discriminator, ...]
    ) -> tuple[Matcher, ...] | Unknown:
        if not discriminators:
            discriminators = (Discriminator("type" if one.types else "value", "$this"),)
        try:
            return tuple(
                _matcher(definitions, self.node, one, discriminator)
                for discriminator in discriminators
            )
        except Unknown as problem:
            return problem


def _ends(
    definitions: Definitions, node: Node, path: tuple[Step, ...], depth: int = 0
) -> list[Node]:
    """Find the element definitions a path leads to from a slice, nearest first."""
    if depth > _MAX_DEPTH:
        return []
    if not path:
        return [node]
    (kind, argument), rest = path[0], path[1:]
    found: list[Node] = []
    if kind == "ofType":
        narrowed = [s for s in node.slices if any(t.code == argument for t in s.types)]
        found += [n for s in narrowed for n in _ends(definitions, s, rest, depth + 1)]
        return found + _ends(definitions, node, rest, depth + 1)
    if kind == "resolve":
        for type_ref in node.types:
            for url in type_ref.target_profiles:
                if tree := definitions.profile(url):
                    found += _ends(definitions, tree.root, rest, depth + 1)
        return found
    for parent in _parents(definitions, node):
        if kind == "extension":
            for child in (parent.children.get("extension"),):
                for one in child.slices if child is not None else ():
                    urls = _ends(definitions, one, (("child", "url"),), depth + 1)
                    if any(n.fixed == (argument,) for n in urls):
                        found += _ends(definitions, one, rest, depth + 1)
        else:
            child = parent.children.get(argument) or parent.children.get(argument + "[x]")
            if child is not None:
                found += _ends(definitions, child, rest, depth + 1)
    return found


def _parents(definitions: Definitions, node: Node) -> list[Node]:
    """Give the nodes whose children an element has: its own, its profiles', its type's."""
    parents = [node] if node.children else []
    for type_ref in node.types:
        for url in type_ref.profiles:
            if tree := definitions.profile(url):
                parents.append(tree.root)
    for type_ref in node.types:
        if tree := definitions.type(type_ref.code):
            parents.append(tree.root)
    return parents


def _matcher(definitions: Definitions, whole: Node, one: Node, by: Discriminator) -> Matcher:
    """Make the question one discriminator asks for one slice."""
    path = steps(by.path)
    if by.type in ("value", "pattern"):
        return _by_value(definitions, one, path, by)
    if by.type == "exists":
        return _by_existence(definitions, one, path)
    if by.type == "type":
        return _by_type(definitions, one, path)
    if by.type == "profile":
        return _by_profile(definitions, one, path)
    raise Unknown(
        Complaint(
            f"discriminators of type {by.type} are not known",
            f"les discriminants de type {by.type} ne sont pas connus",
        )
    )


def _by_value(
    definitions: Definitions, one: Node, path: tuple[Step, ...], by: Discriminator
) -> Matcher:
    nodes = _ends(definitions, one, path)
    for node in nodes:
        if node.fixed:
            return _comparison(path, node.fixed[0], exact=True)
    for node in nodes:
        if node.pattern:
            return _comparison(path, node.pattern[0], exact=False)
    for node in nodes:
        if node.maximum == 0:
            return lambda walker, found: not follow(walker, [found], path)
    for node in nodes:
        below = _below(definitions, node)
        if below:
            return _all_of(
                [_comparison(path + deeper, value, exact) for deeper, value, exact in below]
            )
    for node in nodes:
        if node.binding is not None and node.binding.strength == "required":
            return _by_binding(definitions, node.binding.value_set, path)
    if any(n.minimum == 0 for n in nodes) or not nodes:
        raise Unknown(
            Complaint(
                f"the slice gives no value for its discriminator {by.path}",
                f"la tranche ne donne pas de valeur à son discriminant {by.path}",
            )
        )
    return lambda walker, found: bool(follow(walker, [found], path))


def _comparison(path: tuple[Step, ...], value: Any, exact: bool) -> Matcher:
    if exact:
        return lambda walker, found: _any(walker, found, path, lambda v: v == value)
    return lambda walker, found: _any(walker, found, path, lambda v: holds(v, value))


def _all_of(matchers: list[Matcher]) -> Matcher:
    return lambda walker, found: all(matcher(walker, found) for matcher in matchers)


def _below(
    definitions: Definitions, node: Node, depth: int = 0
) -> list[tuple[tuple[Step, ...], Any, bool]]:
    """Find fixed and pattern values below an element that has none itself."""
    found: list[tuple[tuple[Step, ...], Any, bool]] = []
    if depth > 3:
        return found
    profiles = [
        tree.root
        for type_ref in node.types
        for url in type_ref.profiles
        if (tree := definitions.profile(url))
    ]
    for root in profiles:
        if root.pattern:
            found.append(((), root.pattern[0], False))
    for parent in ([node] if node.children else []) + profiles:
        for child in parent.children.values():
            if child.is_choice or child.name in ("extension", "id"):
                continue
            step = (("child", child.name),)
            if child.fixed:
                found.append((step, child.fixed[0], True))
            elif child.pattern:
                found.append((step, child.pattern[0], False))
            elif child.children or any(t.profiles for t in child.types):
                found += [
                    (step + deeper, value, exact)
                    for deeper, value, exact in _below(definitions, child, depth + 1)
                ]
    return found


def _any(walker: Walker, found: Found, path: tuple[Step, ...], test: Callable[[Any], bool]) -> bool:
    at = follow(walker, [found], path)
    if any(isinstance(one.value, _Absent) for one in at) and "resolve" in [k for k, _ in path]:
        raise Unknown(_absent(at[0].value))
    return any(test(one.value) for one in at)


def _by_binding(definitions: Definitions, url: str, path: tuple[Step, ...]) -> Matcher:
    def matches(walker: Walker, found: Found) -> bool:
        value_set = definitions.value_set(url)
        if value_set is None:
            raise Unknown(_unknown(url))
        unknown = False
        for one in follow(walker, [found], path):
            for system, code in codes(one.value):
                answer = value_set.has(system, code)
                if answer:
                    return True
                unknown = unknown or answer is None
        if unknown:
            raise Unknown(
                Complaint(
                    f"the content of {url} is not at hand",
                    f"le contenu de {url} n'est pas disponible",
                )
            )
        return False

    return matches


def _by_existence(definitions: Definitions, one: Node, path: tuple[Step, ...]) -> Matcher:
    nodes = _ends(definitions, one, path)
    if any(n.maximum == 0 for n in nodes):
        return lambda walker, found: not follow(walker, [found], path)
    if any(n.minimum > 0 for n in nodes):
        return lambda walker, found: bool(follow(walker, [found], path))
    raise Unknown(
        Complaint(
            "the slice says neither that the element exists nor that it does not",
            "la tranche ne dit pas si l'élément existe ou non",
        )
    )


def _by_type(definitions: Definitions, one: Node, path: tuple[Step, ...]) -> Matcher:
    # "value.ofType(X)" and the like narrow the slice themselves.
    of = [argument for kind, argument in path if kind == "ofType"]
    wanted = {t.code for n in _ends(definitions, one, path)[:1] for t in n.types}
    if path and path[-1][0] == "resolve":
        wanted = {
            tree.type
            for n in _ends(definitions, one, path[:-1])
            for t in n.types
            for url in t.target_profiles
            if (tree := definitions.profile(url))
        }
    wanted |= set(of)
    if not wanted:
        raise Unknown(Complaint("the slice names no type", "la tranche ne nomme pas de type"))
    types = {code.lower() for code in wanted}

    def matches(walker: Walker, found: Found) -> bool:
        for at in follow(walker, [found], path):
            value = at.value
            if isinstance(value, _Absent):
                kind = walker.type_in_reference(value)
                if not kind:
                    raise Unknown(_absent(value))
                if any(definitions.is_type(kind, code) for code in wanted):
                    return True
            elif isinstance(value, dict) and isinstance(value.get("resourceType"), str):
                if any(definitions.is_type(value["resourceType"], code) for code in wanted):
                    return True
            elif (at.type or _guessed(value)).lower() in types:
                return True
        return False

    return matches


def _guessed(value: Any) -> str:
    """Name the type of a primitive by its JSON type, where nothing else tells."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "decimal" if isinstance(value, float) else "integer"


def _by_profile(definitions: Definitions, one: Node, path: tuple[Step, ...]) -> Matcher:
    if path and path[-1][0] == "resolve":
        ends = _ends(definitions, one, path[:-1])
        urls = [u for n in ends for t in n.types for u in t.target_profiles]
    else:
        ends = _ends(definitions, one, path)[:1]
        urls = [u for n in ends for t in n.types for u in t.profiles]
        # A type without a profile stands for itself.
        urls += [FHIR + t.code for n in ends for t in n.types if t.code and not t.profiles]
    if not urls:
        raise Unknown(Complaint("the slice names no profile", "la tranche ne nomme pas de profil"))

    def matches(walker: Walker, found: Found) -> bool:
        unknown: Complaint | None = None
        for at in follow(walker, [found], path):
            if isinstance(at.value, _Absent):
                unknown = _absent(at.value)
                continue
            for url in urls:
                fits = walker.fits(at.value, url)
                if fits:
                    return True
                if fits is None:
                    unknown = _unknown(url)
                else:
                    walker.remember_nearest(one, at.value, url)
        if unknown is not None:
            raise Unknown(unknown)
        return False

    return matches


def _absent(reference: str) -> Complaint:
    return Complaint(
        f"{reference} is not in this message", f"{reference} n'est pas dans ce message"
    )


def _unknown(url: str) -> Complaint:
    return Complaint(f"{url} is in none of the packages", f"{url} n'est dans aucun paquet")


def _not_understood(path: str) -> Unknown:
    return Unknown(
        Complaint(
            f"the discriminator path {path!r} is not understood",
            f"le chemin {path!r} du discriminant n'est pas compris",
        )
    )


def holds(value: Any, pattern: Any) -> bool:
    """Whether a value contains a pattern: every member of it, every item somewhere."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and holds(value[name], below) for name, below in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(holds(item, below) for item in value) for below in pattern
        )
    return type(value) is type(pattern) and bool(value == pattern)


def codes(value: Any) -> list[tuple[str | None, str]]:
    """Give system and code of whatever can carry codes; the system is None for a bare code."""
    if isinstance(value, str):
        return [(None, value)]
    if not isinstance(value, dict):
        return []
    codings = value["coding"] if isinstance(value.get("coding"), list) else [value]
    return [
        (system if isinstance(system := one.get("system"), str) else "", one["code"])
        for one in codings
        if isinstance(one, dict) and isinstance(one.get("code"), str)
    ]
