"""Which requirement is covered by which test, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.suite.values import Requirement, Suite, Text


@dataclass(frozen=True, slots=True)
class Covered:
    """One requirement.

    Attributes:
        tests: ``suite/test`` of each test that covers it.
        why: Why none does; empty where one does, and where nobody said why.
    """

    requirement: Requirement
    tests: tuple[str, ...]

    @property
    def why(self) -> Text:
        """The reason that is given as data."""
        return Text() if self.tests else self.requirement.untested


def covered(suites: Iterable[Suite]) -> list[Covered]:
    """Give every requirement of some suites, in the order they are written down."""
    listed = list(suites)
    requirements: dict[str, Requirement] = {}
    tests: dict[str, list[str]] = {}
    for suite in listed:
        requirements |= suite.requirements
        for test in suite.tests:
            for name in test.requirements:
                tests.setdefault(name, []).append(f"{suite.id}/{test.id}")
    return [Covered(one, tuple(tests.get(name, ()))) for name, one in requirements.items()]
