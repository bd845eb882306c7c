"""Constraints three ways: natively, compiled, and through fhirpathpy; all say the same.

Every native is compared with both engines on values made by chance, and every constraint of R4
that is not native with the library.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest

from gateway.codecs.fhir.elements import structure
from gateway.validation.fhir import CORE, Definitions, fhirpath, fhirpath_library
from gateway.validation.fhir.invariants import Focus, NotEvaluated, compiled, natives
from tests.validation.fhir.values import Maker

PROFILES = Path(__file__).resolve().parents[3] / "profiles"
COMPARED = 60
# What the library cannot evaluate, or not as FHIRPath has it.
BEYOND_THE_LIBRARY = {"dom-3", "txt-1", "txt-2", "ele-1", "rng-2", "bdl-7", "cpb-7", "app-4"}
# Where the native is wiser than the letter of the expression, or the letter says too little.
BEYOND_THE_LETTER = {"tim-9", "que-7", "txt-1", "txt-2", "ele-1"}


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


def _values(key: str, expression: str, count: int) -> Iterator[Focus]:
    """Make values of the types that state a constraint."""
    type_codes = [t for t in map(_type_at, places()[key, expression]) if t is not None]
    random = Random(f"{key} {expression}")
    for number in range(count if type_codes else 0):
        type_code = type_codes[number % len(type_codes)]
        value = Maker(random, expression).value(type_code)
        root = {"resourceType": "Basic", "contained": [{"resourceType": "Basic", "id": "a"}]}
        yield Focus(value, type_code, value if "resourceType" in value else root, root)


def _compare(
    key: str,
    expression: str,
    one: Callable[[Focus], bool | None],
    other: Callable[[Focus], bool | None],
    count: int,
) -> Counter[bool]:
    """Ask both, and count the answers they agree on."""
    answers: Counter[bool] = Counter()
    for focus in _values(key, expression, count):
        try:
            expected = other(focus)
        except NotEvaluated:
            continue
        found = one(focus)
        if found is not None:
            assert found == expected, focus.value
            answers[found] += 1
    return answers


@pytest.mark.parametrize(
    ("key", "expression"), sorted(k for k in natives() if k[0] not in BEYOND_THE_LIBRARY)
)
def test_a_native_says_what_the_library_says(key: str, expression: str) -> None:
    if key in BEYOND_THE_LETTER:
        pytest.skip("the native is wiser than the letter")
    library = fhirpath_library.evaluator(expression)
    answers = _compare(key, expression, compiled(key, expression), library, COMPARED)
    if not answers:
        pytest.skip("only an abstract type states it")
    assert answers.total() > COMPARED / 3
    # Not a comparison where nothing is ever wrong, or right; a ChargeItemDefinition has no name.
    assert len(answers) == 2 or key == "cid-0"


@pytest.mark.parametrize(
    ("key", "expression"), sorted(k for k in natives() if k[0] not in BEYOND_THE_LETTER)
)
def test_a_native_says_what_the_compiler_says(key: str, expression: str) -> None:
    evaluate = fhirpath.evaluator(expression)
    answers = _compare(key, expression, compiled(key, expression), evaluate, 3 * COMPARED)
    if not answers:
        pytest.skip("only an abstract type states it")
    assert len(answers) == 2 or key == "cid-0"


def test_every_constraint_of_the_definitions_compiles() -> None:
    refused = []
    for key, expression in places():
        try:
            fhirpath.evaluator(expression)
        except NotEvaluated as reason:
            refused.append((key, str(reason)))
    assert not refused
    assert len(places()) > 230


def test_what_is_compiled_says_what_the_library_says() -> None:
    compared = 0
    for key, expression in sorted(places().keys() - natives().keys()):
        # References of these lead nowhere here.
        if key in BEYOND_THE_LIBRARY or "resolve()" in expression:
            continue
        evaluate = fhirpath.evaluator(expression)
        try:
            library = fhirpath_library.evaluator(expression)
        except NotEvaluated:
            continue
        answers = _compare(key, expression, evaluate, library, 12)
        compared += bool(answers)
    assert compared > 100
