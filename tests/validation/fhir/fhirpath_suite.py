"""The public suite of FHIRPath for R4, read from a checkout of FHIR/fhir-test-cases.

``python -m tests.validation.fhir.fhirpath_suite`` prints how many of its tests pass, and which do
not. Nothing of the suite is part of this repository.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.codecs.xml import read_xml
from gateway.validation.fhir import fhirpath
from gateway.validation.fhir.fhirpath_items import Item, plain
from gateway.validation.fhir.fhirpath_values import spelled
from gateway.validation.fhir.invariants import Focus, NotEvaluated
from gateway.validation.fhir.reading import read
from tests.validation.fhir.hl7_cases import folder_of_cases

Evaluate = Callable[[str, Focus], list[Item]]


@dataclass(frozen=True)
class SuiteTest:
    """One test: what is evaluated on what, and what comes out."""

    __test__ = False

    name: str
    group: str
    expression: str
    resource: dict[str, Any]
    expected: tuple[tuple[str, str], ...]
    fails: bool
    predicate: bool


def suite_file() -> Path | None:
    """Give the suite's file, where there is a checkout."""
    folder = folder_of_cases()
    if folder is None:
        return None
    found = folder.parent / "r4" / "fhirpath" / "tests-fhir-r4.xml"
    return found if found.is_file() else None


def suite_tests(file: Path) -> Iterator[SuiteTest]:
    """Give the tests whose input is in the checkout."""
    inputs: dict[str, dict[str, Any] | None] = {}
    for group in read_xml(file.read_bytes()).iter("group"):
        for test in group.iter("test"):
            name = test.get("inputfile") or ""
            if name not in inputs:
                inputs[name] = _input(file, name)
            resource = inputs[name]
            expression = test.find("expression")
            if resource is None or expression is None or test.get("mode") == "cda":
                continue
            yield SuiteTest(
                str(test.get("name")),
                str(group.get("name")),
                "".join(str(part) for part in expression.itertext()),
                resource,
                tuple((str(o.get("type")), o.text or "") for o in test.iter("output")),
                expression.get("invalid") is not None,
                test.get("predicate") == "true",
            )


def _input(file: Path, name: str) -> dict[str, Any] | None:
    if not name:
        return {"resourceType": "Basic"}
    for folder in (file.parents[1], file.parents[1] / "examples", file.parent):
        for spelling in (name, name.removesuffix("xml") + "json"):
            if (folder / spelling).is_file():
                return read((folder / spelling).read_bytes()).resource
    return None


def passes(test: SuiteTest, evaluate: Evaluate = fhirpath.evaluate) -> bool:
    """Whether a test comes out as it says."""
    focus = Focus(test.resource, str(test.resource["resourceType"]), test.resource)
    try:
        found = evaluate(test.expression, focus)
    except (NotEvaluated, ArithmeticError, ValueError, TypeError, AttributeError):
        return test.fails
    if test.fails:
        return False
    if test.predicate:
        holds = not (len(found) == 1 and found[0].value is False) and bool(found)
        return [("boolean", str(holds).lower())] == list(test.expected)
    return len(found) == len(test.expected) and all(
        _is(item, kind, value) for item, (kind, value) in zip(found, test.expected, strict=True)
    )


def _is(item: Item, kind: str, value: str) -> bool:
    known = plain(item)
    if isinstance(known, int | Decimal) and not isinstance(known, bool):
        try:
            return Decimal(value) == known
        except ArithmeticError:
            return False
    if kind == "Quantity" or isinstance(known, tuple):
        return spelled(item) == value or f"{value}".replace("'", "") == str(spelled(item)).replace(
            "'", ""
        )
    if value.startswith("@") or kind in ("date", "dateTime", "time", "instant"):
        return str(known) == value.lstrip("@").removeprefix("T")
    return spelled(item) == value or (not value and type(known) is dict)


def main() -> int:
    """Print the figure."""
    file = suite_file()
    if file is None:
        sys.stderr.write("FHIR_TEST_CASES names no checkout of FHIR/fhir-test-cases\n")
        return 2
    every = list(suite_tests(file))
    failed = [test for test in every if not passes(test)]
    for test in failed:
        sys.stdout.write(f"{test.group} {test.name}: {test.expression.strip()[:120]}\n")
    sys.stdout.write(f"{len(every) - len(failed)} of {len(every)} pass\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
