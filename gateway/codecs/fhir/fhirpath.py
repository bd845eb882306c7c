"""The part of FHIRPath that patches need: paths that say exactly which elements are meant.

A path is read into steps and followed from a resource in JSON; what it leads to are
:class:`Element` values, which know where they stand. Understood are names, ``[index]``,
``where(…)``, ``first()``, ``last()``, ``tail()``, ``single()``, ``ofType(…)``, ``extension(url)``,
and in conditions ``=``, ``!=``, ``and``, ``or``, ``exists(…)``, ``empty()``, ``not()``,
``$this``, strings, numbers, true and false. Anything else is refused, never guessed.

Source:
    HL7 FHIRPath (normative release 1) sections 3 to 6; HL7 FHIR R4: 3.1.0.7.1 FHIRPath Patch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.codecs.fhir.reader import Json

MAX_PATH = 2000
_MAX_DEPTH = 20


class PathFault(ValueError):
    """A path cannot be read, or asks for what is not understood here."""


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element of a resource, and where it stands.

    Attributes:
        value: Its JSON.
        parent: The object it is a member of; ``None`` for the resource itself.
        name: Of the member; of a choice with its type, ``valueBoolean``.
        index: In the array, where the member is one.
        owner: The element whose member it is.
    """

    value: Any
    parent: Json | None = None
    name: str = ""
    index: int | None = None
    owner: Element | None = None


_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<quoted>`(?:[^`\\]|\\.)*`)|(?P<this>\$this)"
    r"|(?P<mark>!=|[.()\[\]=,]))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}

Follow = Callable[[Sequence[Element]], "list[Element]"]


def locate(resource: Json, path: str) -> list[Element]:
    """Give the elements a path leads to, in the order of the resource.

    Args:
        resource: In JSON; the elements refer into it.
        path: Beginning with the type of the resource, or with a member of it.

    Raises:
        PathFault: The path is none, or not one that is understood here.
    """
    if len(path) > MAX_PATH:
        raise PathFault(f"a path has at most {MAX_PATH} characters")
    reading = _Reading(path)
    kind = resource.get("resourceType")
    root = [Element(value=resource)]
    if reading.next_is("name", str(kind)):
        reading.take()
        if reading.done:
            return root
        steps = reading.steps()
    else:
        steps = reading.path()
    if not reading.done:
        raise PathFault(f"{reading.rest!r} is not understood")
    return steps(root)


class _Reading:
    """A path while it is read: tokens, and one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._depth = 0
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise PathFault(f"{text[position : position + 20]!r} is not understood")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            position = found.end()
        if not self._tokens:
            raise PathFault("a path is needed")

    @property
    def done(self) -> bool:
        return self._at >= len(self._tokens)

    @property
    def rest(self) -> str:
        return "".join(text for _, text in self._tokens[self._at :])[:40]

    def next_is(self, kind: str, text: str = "", ahead: int = 0) -> bool:
        if self._at + ahead >= len(self._tokens):
            return False
        found, said = self._tokens[self._at + ahead]
        return found == kind and (not text or said == text)

    def take(self, kind: str = "", text: str = "") -> str:
        if self.done or (kind and not self.next_is(kind, text)):
            raise PathFault(f"expected {text or kind} before {self.rest or 'the end'}")
        self._at += 1
        return self._tokens[self._at - 1][1]

    # --- Paths

    def path(self) -> Follow:
        """A step and the steps after it."""
        if self.next_is("this"):
            self.take()
            return self.steps()
        first = self._step()
        rest = self.steps()
        return lambda elements: rest(first(elements))

    def steps(self) -> Follow:
        """What follows: ``.step`` and ``[index]``, any number of them."""
        done: list[Follow] = []
        while True:
            if self.next_is("mark", "."):
                self.take()
                done.append(self._step())
            elif self.next_is("mark", "["):
                self.take()
                number = self.take("number")
                self.take("mark", "]")
                done.append(_at(_whole(number)))
            else:
                break

        def follow(elements: Sequence[Element]) -> list[Element]:
            found = list(elements)
            for step in done:
                found = step(found)
            return found

        return follow

    def _step(self) -> Follow:
        if self.next_is("quoted"):
            return _member(_unescaped(self.take()))
        name = self.take("name")
        if not self.next_is("mark", "("):
            return _member(name)
        self.take()
        step = self._function(name)
        self.take("mark", ")")
        return step

    def _function(self, name: str) -> Follow:
        match name:
            case "where":
                condition = self.condition()
                return lambda elements: [e for e in elements if _holds(condition([e]))]
            case "first":
                return lambda elements: list(elements[:1])
            case "last":
                return lambda elements: list(elements[-1:])
            case "tail":
                return lambda elements: list(elements[1:])
            case "single":
                return _single
            case "ofType":
                return _of_type(self.take("name"))
            case "extension":
                url = _unescaped(self.take("string"))
                extensions = _member("extension")
                return lambda elements: [
                    e
                    for e in extensions(elements)
                    if type(e.value) is dict and e.value.get("url") == url
                ]
            case "exists":
                inner = None if self.next_is("mark", ")") else self.condition()
                return lambda elements: _truth(
                    any(inner is None or _holds(inner([e])) for e in elements)
                )
            case "empty":
                return lambda elements: _truth(not elements)
            case "not":
                return lambda elements: _truth(not _holds(elements)) if elements else list(elements)
        raise PathFault(f"the function {name[:40]}() is not understood here")

    # --- Conditions

    def condition(self) -> Follow:
        """One or several comparisons with ``and`` and ``or``; ``and`` binds closer."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise PathFault(f"nested deeper than {_MAX_DEPTH}")
        parts = [self._conjunction()]
        while self.next_is("name", "or"):
            self.take()
            parts.append(self._conjunction())
        self._depth -= 1
        if len(parts) == 1:
            return parts[0]
        return lambda elements: _truth(any(_holds(part(elements)) for part in parts))

    def _conjunction(self) -> Follow:
        parts = [self._comparison()]
        while self.next_is("name", "and"):
            self.take()
            parts.append(self._comparison())
        if len(parts) == 1:
            return parts[0]
        return lambda elements: _truth(all(_holds(part(elements)) for part in parts))

    def _comparison(self) -> Follow:
        left = self._operand()
        for mark, equal in (("=", True), ("!=", False)):
            if self.next_is("mark", mark):
                self.take()
                right = self._operand()
                return lambda elements: _compared(left(elements), right(elements), equal)
        return left

    def _operand(self) -> Follow:
        if self.next_is("mark", "("):
            self.take()
            inner = self.condition()
            self.take("mark", ")")
            rest = self.steps()
            return lambda elements: rest(inner(elements))
        if self.next_is("string"):
            return _literal(_unescaped(self.take()))
        if self.next_is("number"):
            text = self.take()
            return _literal(float(text) if "." in text else int(text))
        for word, value in (("true", True), ("false", False)):
            if self.next_is("name", word) and not self.next_is("mark", "(", 1):
                self.take()
                return _literal(value)
        return self.path()


# --- Steps -------------------------------------------------------------------------------------


def children(element: Element, name: str) -> list[Element]:
    """Give the members of an element with a name; a choice answers to its name without type."""
    value = element.value
    if type(value) is not dict:
        return []
    member: str | None = name if name in value else None
    if member is None:
        typed = re.compile(re.escape(name) + "[A-Z][A-Za-z0-9]*\\Z")
        # Only an extension has a choice among the elements that are patched.
        member = next((m for m in value if name == "value" and typed.match(m)), None)
    if member is None:
        return []
    found = value[member]
    if type(found) is list:
        return [
            Element(value=item, parent=value, name=member, index=number, owner=element)
            for number, item in enumerate(found)
        ]
    return [Element(value=found, parent=value, name=member, owner=element)]


def _member(name: str) -> Follow:
    return lambda elements: [child for e in elements for child in children(e, name)]


def _at(index: int) -> Follow:
    return lambda elements: list(elements[index : index + 1])


def _single(elements: Sequence[Element]) -> list[Element]:
    if len(elements) > 1:
        raise PathFault(f"single() found {len(elements)} elements")
    return list(elements)


def _of_type(name: str) -> Follow:
    """Elements of a type, where the name of a choice or a resource tells it."""
    typed = name[:1].upper() + name[1:]
    return lambda elements: [
        e
        for e in elements
        if e.name == "value" + typed
        or (type(e.value) is dict and e.value.get("resourceType") == name)
    ]


def _literal(value: Any) -> Follow:
    return lambda elements: [Element(value=value)]


def _truth(value: bool) -> list[Element]:
    return [Element(value=value)]


def _holds(elements: Sequence[Element]) -> bool:
    """Whether a condition came out true: an empty collection did not."""
    if not elements:
        return False
    if len(elements) == 1 and type(elements[0].value) is bool:
        return bool(elements[0].value)
    if len(elements) == 1:
        return True
    raise PathFault("a condition has several values")


def _compared(left: list[Element], right: list[Element], equal: bool) -> list[Element]:
    """Compare two collections as FHIRPath does: nothing compares with nothing."""
    if not left or not right:
        return []
    same = len(left) == len(right) and all(
        _equal(a.value, b.value) for a, b in zip(left, right, strict=True)
    )
    return _truth(same is equal)


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are equal; to Python alone, true equals 1."""
    if type(one) is bool or type(other) is bool:
        return one is other
    return bool(one == other)


def _whole(text: str) -> int:
    if not text.isdigit() or len(text) > 9:
        raise PathFault(f"[{text[:20]}] is no index")
    return int(text)


def _unescaped(quoted: str) -> str:
    def plain(found: re.Match[str]) -> str:
        said = found[1]
        return chr(int(said[1:], 16)) if len(said) == 5 else _ESCAPES.get(said, said)

    return _ESCAPE.sub(plain, quoted[1:-1])
