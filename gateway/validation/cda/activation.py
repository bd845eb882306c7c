"""Which patterns of a schema run: those of the phase, abstract ones filled in.

Source:
    ISO/IEC 19757-3:2016: 5.4.11 phase, 5.4.10 abstract patterns, 6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy

from lxml import etree

from gateway.codecs.xml import Element
from gateway.validation.cda.sources import ISO, ORIGIN

ALL = "#ALL"

# What an instance of an abstract pattern fills in, wherever an expression or a sentence stands.
EXPRESSIONS = ("test", "context", "select", "value", "path", "match", "use", "subject")


def phase_of(schema: Element, phase: str) -> str:
    """Give the phase that is meant: the one asked for, or the schema's default."""
    return (phase or str(schema.get("defaultPhase") or ALL)).strip()


def active_patterns(schema: Element, phase: str, note: Callable[[str], None]) -> Iterator[Element]:
    """Yield the patterns of a phase in the order of the schema."""
    patterns = _expanded(schema, note)
    if phase == ALL:
        yield from patterns
        return
    phases = [p for p in schema.iterchildren(f"{ISO}phase") if p.get("id") == phase]
    if not phases:
        note(f"the phase {phase} is not there, so no pattern is active")
    active = {
        str(one.get("pattern")): False for p in phases for one in p.iterchildren(f"{ISO}active")
    }
    for pattern in patterns:
        if pattern.get("id") in active:
            active[str(pattern.get("id"))] = True
            yield pattern
    for absent in (name for name, found in active.items() if not found):
        note(f"the phase {phase} wants the pattern {absent}, which is not there")


def is_true(element: Element, attribute: str) -> bool:
    """Whether an attribute says yes."""
    return str(element.get(attribute) or "").strip().lower() in {"true", "1"}


def id_of(element: Element) -> str:
    """What to call an element in a note."""
    return str(element.get("id") or element.get("name") or "without id")


def origin_of(element: Element) -> str:
    """The file an element was read from."""
    place: Element | None = element
    while place is not None:
        found = place.get(ORIGIN)
        if found is not None:
            return str(found)
        place = place.getparent()
    return ""


def _expanded(schema: Element, note: Callable[[str], None]) -> Iterator[Element]:
    """Every pattern that can run, instances of abstract ones filled in."""
    abstract = {
        str(pattern.get("id")): pattern
        for pattern in schema.iter(f"{ISO}pattern")
        if is_true(pattern, "abstract")
    }
    for pattern in schema.iterchildren(f"{ISO}pattern"):
        if is_true(pattern, "abstract"):
            continue
        wanted = pattern.get("is-a")
        if wanted is None:
            yield pattern
        elif wanted in abstract:
            yield _instance(abstract[wanted], pattern)
        else:
            note(f"the pattern {id_of(pattern)} is a {wanted}, which is not there")


def _instance(abstract: Element, caller: Element) -> Element:
    """An abstract pattern with the parameters of one of its instances filled in."""
    values = {
        str(parameter.get("name")): str(parameter.get("value") or "")
        for parameter in caller.iterchildren(f"{ISO}param")
    }
    copy = deepcopy(abstract)
    copy.tail = None
    for attribute in ("abstract", "id"):
        if attribute in copy.attrib:
            del copy.attrib[attribute]
    copy.set(ORIGIN, origin_of(caller))
    if caller.get("id"):
        copy.set("id", str(caller.get("id")))
    if not values:
        return copy
    # The longest name first: $code_system is not $code and a rest.
    names = sorted(values, key=len, reverse=True)
    pattern = re.compile(r"\$(" + "|".join(map(re.escape, names)) + r")(?![\w\-])")

    def filled(text: str) -> str:
        return pattern.sub(lambda match: values[match[1]], text)

    for element in copy.iter(etree.Element):
        for attribute in EXPRESSIONS:
            value = element.get(attribute)
            if value is not None and "$" in value:
                element.set(attribute, filled(str(value)))
        if element.text and "$" in element.text:
            element.text = filled(element.text)
        if element.tail and "$" in element.tail:
            element.tail = filled(element.tail)
    return copy
