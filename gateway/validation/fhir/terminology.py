"""Is this code in that value set? Answered from the definitions at hand, or not at all.

The answer has three values: in, not in, and unknown. Unknown is what SNOMED CT, LOINC and every
other code system whose content nobody loaded gives; it is never taken for "in". Value sets are
asked, not expanded: a question costs a few dictionary look-ups and its answer is remembered.

Source:
    HL7 FHIR R4: ValueSet.compose (4.9.6), filters of CodeSystem (4.8.10).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]
Find = Callable[[str], Json | None]

LANGUAGES = "urn:ietf:bcp:47"
MIME_TYPES = "urn:ietf:bcp:13"
UNITS = "http://unitsofmeasure.org"

_LANGUAGE = re.compile(
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[A-WY-Za-wy-z0-9](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?|[xX](?:-[A-Za-z0-9]{1,8})+"
)
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MIME_TYPE = re.compile(rf'{_TOKEN}/{_TOKEN}(?:\s*;\s*{_TOKEN}=(?:{_TOKEN}|"[^"]*"))*')

# Code systems that are a syntax: their codes are counted by nobody.
SYNTAXES: dict[str, re.Pattern[str]] = {LANGUAGES: _LANGUAGE, MIME_TYPES: _MIME_TYPE}

_MAX_LISTED = 5_000


class CodeSystem:
    """The codes of one system, with what filters ask of them."""

    def __init__(self, definition: Json) -> None:
        self.url: str = definition["url"]
        self.version: str = definition.get("version", "")
        self.complete = definition.get("content", "complete") == "complete"
        self.case_sensitive: bool = definition.get("caseSensitive", True)
        self.displays: dict[str, str] = {}
        self._parents: dict[str, set[str]] = {}
        self._properties: dict[str, dict[str, list[Any]]] = {}
        self._lower: dict[str, str] | None = None
        self._add(definition.get("concept", ()), None)

    def supplement(self, definition: Json) -> None:
        """Take over what a supplement adds: properties, never codes."""
        for concept in definition.get("concept", ()):
            if concept.get("code") in self.displays:
                self._describe(concept["code"], concept)

    def code(self, code: str) -> str | None:
        """Give the code as the system spells it; None where it has none such."""
        if code in self.displays:
            return code
        if self.case_sensitive:
            return None
        if self._lower is None:
            self._lower = {c.lower(): c for c in self.displays}
        return self._lower.get(code.lower())

    def is_a(self, code: str, ancestor: str) -> bool:
        """Whether a code is an ancestor or below it."""
        waiting, seen = [code], set()
        while waiting:
            one = waiting.pop()
            if one == ancestor:
                return True
            if one not in seen:
                seen.add(one)
                waiting += self._parents.get(one, ())
        return False

    def has_children(self, code: str) -> bool:
        """Whether another code is below it."""
        return any(code in parents for parents in self._parents.values())

    def property_of(self, code: str, name: str) -> list[Any]:
        """Give the values of a concept's property."""
        if name == "code":
            return [code]
        if name == "display":
            return [self.displays.get(code, "")]
        if name == "parent":
            return sorted(self._parents.get(code, ()))
        return self._properties.get(code, {}).get(name, [])

    def _add(self, concepts: Iterable[Json], parent: str | None) -> None:
        for concept in concepts:
            code = concept.get("code")
            if not isinstance(code, str):
                continue
            self.displays[code] = concept.get("display", "")
            parents = self._parents.setdefault(code, set())
            if parent is not None:
                parents.add(parent)
            self._describe(code, concept)
            self._add(concept.get("concept", ()), code)

    def _describe(self, code: str, concept: Json) -> None:
        for one in concept.get("property", ()):
            name = one.get("code")
            value = next((v for k, v in one.items() if k.startswith("value")), None)
            if name in ("subsumedBy", "parent") and isinstance(value, str):
                self._parents.setdefault(code, set()).add(value)
            elif name == "child" and isinstance(value, str):
                self._parents.setdefault(value, set()).add(code)
            elif name is not None:
                self._properties.setdefault(code, {}).setdefault(name, []).append(value)


class _Part:
    """One include or exclude: a question about a system and a code."""

    def __init__(self, given: Json, terminology: Terminology) -> None:
        self.system: str = given.get("system", "")
        self.codes: dict[str, str] | None = None
        if "concept" in given:
            self.codes = {c["code"]: c.get("display", "") for c in given["concept"] if "code" in c}
        self.filters: list[Json] = given.get("filter", [])
        self.value_sets: list[str] = given.get("valueSet", [])
        self._terminology = terminology

    def has(self, system: str | None, code: str, asking: tuple[str, ...]) -> bool | None:
        """Whether the code is in this part; ``system`` None where only a code was given."""
        answer: bool | None = True
        if self.system:
            if system is not None and system != self.system:
                return False
            answer = self._of_system(code)
        for url in self.value_sets:
            if answer is False:
                return False
            nested = self._terminology.value_set(url)
            inside = None if nested is None else nested.has(system, code, asking)
            answer = inside if answer is True or inside is False else None
        return answer

    def _of_system(self, code: str) -> bool | None:
        if self.codes is not None:
            if code in self.codes:
                return True
            known = self._terminology.code_system(self.system)
            spelled = known.code(code) if known else None
            return spelled in self.codes if spelled else False
        syntax = SYNTAXES.get(self.system)
        if syntax is not None and not self.filters:
            return syntax.fullmatch(code) is not None
        known = self._terminology.code_system(self.system)
        if known is None:
            return None
        spelled = known.code(code)
        if spelled is None:
            return False if known.complete else None
        answer: bool | None = True
        for one in self.filters:
            passed = _passes(known, spelled, one)
            if passed is False:
                return False
            if passed is None:
                answer = None
        return answer

    def listed(self) -> Iterator[tuple[str, str, str]] | None:
        """Give system, code and display of every code; None where nobody can list them."""
        codes: Iterable[tuple[str, str, str]] | None = None
        known = self._terminology.code_system(self.system) if self.system else None
        if self.codes is not None:
            codes = [(self.system, code, display) for code, display in self.codes.items()]
        elif known is not None and known.complete:
            codes = [(self.system, code, display) for code, display in known.displays.items()]
        elif not self.system and self.value_sets:
            first = self._terminology.value_set(self.value_sets[0])
            codes = None if first is None else first.listed()
        if codes is None:
            return None
        return (one for one in codes if self.has(one[0], one[1], ()))


def _passes(system: CodeSystem, code: str, one: Json) -> bool | None:
    """Whether a concept passes a filter; None for operators nobody can answer here."""
    name, operator, value = one.get("property", ""), one.get("op", ""), str(one.get("value", ""))
    if name in ("concept", "code") and operator in ("is-a", "descendent-of", "is-not-a"):
        below = system.is_a(code, value)
        if operator == "is-not-a":
            return not below
        return below and (operator == "is-a" or code != value)
    if name == "concept" and operator == "generalizes":
        return system.is_a(value, code)
    if operator == "in" and name == "concept":
        return code in [v.strip() for v in value.split(",")]
    values = [v if isinstance(v, str) else str(v).lower() for v in system.property_of(code, name)]
    if operator == "=":
        return value in values
    if operator == "in":
        return any(v in [w.strip() for w in value.split(",")] for v in values)
    if operator == "not-in":
        return not any(v in [w.strip() for w in value.split(",")] for v in values)
    if operator == "exists":
        return bool(values) == (value == "true")
    if operator == "regex":
        try:
            pattern = re.compile(value[:500])
        except re.error:
            return None
        return any(pattern.fullmatch(v[:200]) is not None for v in values)
    return None


class ValueSet:
    """One value set, asked about codes."""

    def __init__(self, definition: Json, terminology: Terminology) -> None:
        self.url: str = definition.get("url", "")
        self.name: str = definition.get("title") or definition.get("name") or self.url
        compose = definition.get("compose", {})
        self._include = [_Part(p, terminology) for p in compose.get("include", ())]
        self._exclude = [_Part(p, terminology) for p in compose.get("exclude", ())]
        self._expanded: dict[tuple[str, str], str] | None = None
        if not self._include and definition.get("expansion", {}).get("contains"):
            self._expanded = dict(_contained(definition["expansion"]["contains"]))
        self._few: str | None = None
        self._answers: dict[tuple[str | None, str], bool | None] = {}
        self._terminology = terminology

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems its parts name themselves."""
        return tuple(dict.fromkeys(p.system for p in self._include if p.system))

    def has(self, system: str | None, code: str, asking: tuple[str, ...] = ()) -> bool | None:
        """Whether a code is in; ``system`` None asks for any system, None answers unknown."""
        key = (system, code)
        if key in self._answers:
            return self._answers[key]
        if self.url in asking:
            return None
        answer = self._decide(system, code, (*asking, self.url))
        if len(self._answers) < 10_000 and not asking:
            self._answers[key] = answer
        return answer

    def _decide(self, system: str | None, code: str, asking: tuple[str, ...]) -> bool | None:
        if self._expanded is not None:
            if system is None:
                return any(c == code for _, c in self._expanded)
            return (system, code) in self._expanded
        if not self._include:
            return None
        answer: bool | None = False
        for part in self._include:
            inside = part.has(system, code, asking)
            if inside:
                answer = True
                break
            if inside is None:
                answer = None
        for part in self._exclude:
            if answer is False:
                break
            outside = part.has(system, code, asking)
            if outside:
                answer = False
            elif outside is None:
                answer = None
        return answer

    def few(self, most: int) -> str:
        """Name its codes where they are no more than so many; else nothing."""
        if self._few is None:
            listed = self.listed()
            names = [code for _, code, _ in listed] if listed and len(listed) <= most else []
            self._few = ", ".join(names)
        return self._few

    def listed(self) -> list[tuple[str, str, str]] | None:
        """Give every code with system and display; None where that cannot be known or is long."""
        if self._expanded is not None:
            return [(system, code, shown) for (system, code), shown in self._expanded.items()]
        found: list[tuple[str, str, str]] = []
        for part in self._include:
            codes = part.listed()
            if codes is None:
                return None
            for one in codes:
                if not any(p.has(one[0], one[1], ()) for p in self._exclude):
                    found.append(one)
                if len(found) > _MAX_LISTED:
                    return None
        return found or None


def _contained(contains: Iterable[Json]) -> Iterator[tuple[tuple[str, str], str]]:
    for one in contains:
        if "code" in one and not one.get("abstract"):
            yield (one.get("system", ""), one["code"]), one.get("display", "")
        yield from _contained(one.get("contains", ()))


class Terminology:
    """The value sets and code systems of a set of definitions, read when first asked for."""

    def __init__(
        self,
        value_set: Find,
        code_system: Find,
        supplements: Callable[[str], Iterable[Json]] = lambda url: (),
    ) -> None:
        self._find_value_set = value_set
        self._find_code_system = code_system
        self._supplements = supplements
        self._value_sets: dict[str, ValueSet | None] = {}
        self._code_systems: dict[str, CodeSystem | None] = {}

    def value_set(self, canonical: str) -> ValueSet | None:
        """Give a value set; None where nobody loaded it."""
        if canonical not in self._value_sets:
            found = self._find_value_set(canonical)
            self._value_sets[canonical] = None if found is None else ValueSet(found, self)
        return self._value_sets[canonical]

    def code_system(self, url: str) -> CodeSystem | None:
        """Give a code system with its content; None where nobody loaded it."""
        if url not in self._code_systems:
            found = self._find_code_system(url)
            made: CodeSystem | None = None
            if found is not None and found.get("content") not in ("not-present", "supplement"):
                made = CodeSystem(found)
                for definition in self._supplements(url):
                    made.supplement(definition)
            self._code_systems[url] = made
        return self._code_systems[url]
