"""What live tests of a server found, before any form of telling it.

One value for each test, with every exchange it made: what was sent, what came back, and what was
wrong with it. Texts of messages are bounded here, so that a report of a whole run stays readable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from gateway.validation.issue import Issue

MOST_SHOWN = 20_000
"""Characters of a message that a report keeps."""


class TestVerdict(StrEnum):
    """How a test ended."""

    __test__ = False

    PASS = "pass"
    FAIL = "fail"
    """The server answered, and not as it has to."""
    SKIP = "skip"
    """Not run; the reason is told."""
    ERROR = "error"
    """It could not be carried out: nothing answered, or what it needs first did not come about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One exchange of a test.

    Attributes:
        title: What is done, in the language of the run.
        sent: Request line, headers and body as text, bounded; credentials are left out.
        received: Status line, headers and body as text, bounded; empty where nothing came.
        milliseconds: Until the whole answer had come.
        issues: What the answer was expected to be and is not.
    """

    title: str
    sent: str = ""
    received: str = ""
    milliseconds: float = 0.0
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test of one run.

    Attributes:
        id: ``suite/test``; never given to another test.
        suite: Id of its suite.
        title: What is true of a server that passes, in the language of the run.
        requirements: Ids of what it tests.
        reason: Why it was skipped, or could not be carried out.
        steps: In the order they were made.
    """

    __test__: ClassVar[bool] = False

    id: str
    suite: str
    title: str
    verdict: TestVerdict
    requirements: tuple[str, ...] = ()
    steps: tuple[StepResult, ...] = ()
    reason: str = ""
    seconds: float = 0.0

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything that was wrong, in order."""
        return tuple(issue for step in self.steps for issue in step.issues)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """All tests of one run against one server.

    Attributes:
        engine: Name and version of the suite.
        profile: Name of the profile whose suites were run; empty for a choice of suites.
        target: Addresses of the server, ``role: URL``.
        suites: Id and title of each suite that was run.
        started: Instant, ISO 8601 with zone; given by the command.
    """

    engine: str
    profile: str
    target: tuple[str, ...]
    results: tuple[TestResult, ...]
    suites: tuple[tuple[str, str], ...] = ()
    language: str = "en"
    started: str = ""

    def count(self, verdict: TestVerdict) -> int:
        """How many tests ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether no test failed or broke off, and one at least was carried out."""
        ran = self.count(TestVerdict.PASS)
        return ran > 0 and ran + self.count(TestVerdict.SKIP) == len(self.results)


def bounded(text: str, most: int = MOST_SHOWN) -> str:
    """Give a text as a report shows it."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n… {len(text) - most} more characters"


def verdict_of(issues: Iterable[Issue]) -> TestVerdict:
    """The verdict of a test that was carried out."""
    return TestVerdict.FAIL if any(i.severity == "error" for i in issues) else TestVerdict.PASS
