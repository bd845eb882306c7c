"""Every native constraint is one of the definitions', and says what fhirpathpy says."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path
from random import Random

import pytest

from gateway.codecs.fhir.elements import structure
from gateway.validation.fhir import CORE, Definitions
from gateway.validation.fhir.fhirpath_library import evaluator
from gateway.validation.fhir.invariants import Focus, NotEvaluated, compiled, natives
from tests.validation.fhir.values import Maker

PROFILES = Path(__file__).resolve().parents[3] / "profiles"
COMPARED = 60
# What the library cannot evaluate is checked by examples, in test_invariants.
BEYOND_THE_LIBRARY = {"dom-3", "txt-1", "txt-2", "ele-1", "rng-2", "bdl-7", "cpb-7"}


@cache
def places() -> dict[tuple[str, str], list[str]]:
    """Give the types and paths that state each constraint in the core definitions."""
    definitions = Definitions.load(PROFILES / CORE)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for url in definitions.urls():
        tree = definitions.profile(url)
        if tree is None or tree.constrains:
            continue
        for node in tree.nodes():
            for constraint in node.constraints:
                stated = found[constraint.key, constraint.expression]
                if node.path not in stated:
                    stated.append(node.path)
    return found


def test_every_native_is_a_constraint_of_the_definitions() -> None:
    assert not natives().keys() - places().keys()


def _type_at(path: str) -> str | None:
    """Name the structure a path has, where it has one."""
    try:
        structure(path)
        return path
    except KeyError:
        above, _, name = path.rpartition(".")
        try:
            element = structure(above).by_name.get(name)
        except KeyError:
            return None
        return element.type if element is not None and element.type[:1].isupper() else None


@pytest.mark.parametrize(
    ("key", "expression"), sorted(k for k in natives() if k[0] not in BEYOND_THE_LIBRARY)
)
def test_a_native_says_what_the_library_says(key: str, expression: str) -> None:
    type_codes = [t for t in map(_type_at, places()[key, expression]) if t is not None]
    if not type_codes:
        pytest.skip("only an abstract type states it")
    random = Random(f"{key} {expression}")
    library = evaluator(expression)
    native = compiled(key, expression)
    answers = set()
    compared = 0
    for number in range(COMPARED):
        type_code = type_codes[number % len(type_codes)]
        maker = Maker(random, expression)
        value = maker.value(type_code)
        root = {"resourceType": "Basic", "contained": [{"resourceType": "Basic", "id": "a"}]}
        resource = value if "resourceType" in value else root
        focus = Focus(value, type_code, resource, root)
        try:
            expected = library(focus)
        except NotEvaluated:
            continue
        found = native(focus)
        if found is not None:
            compared += 1
            answers.add(found)
            assert found == expected, value
    assert compared > COMPARED / 3
    # Not a comparison where nothing is ever wrong, or right; a ChargeItemDefinition has no name.
    assert answers == {True, False} or key == "cid-0"
