"""A suite as its folder says it: tests, their steps, and what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Table: TypeAlias = Mapping[str, Any]
"""A table of a suite's file, its keys checked."""


class SuiteFault(Exception):
    """A suite cannot be used: says in which file, on which line, and what to write instead."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {message}")
        self.path = path
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Text:
    """A text in English, and in the language ``fr`` where somebody wrote it."""

    en: str = ""
    fr: str = ""

    def says(self, language: str) -> str:
        """The text in a language, English where there is none in it."""
        return self.fr if language == "fr" and self.fr else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing a standard or a profile asks of a server.

    Attributes:
        id: Stable; tests name it.
        text: What is asked, in our words.
        source: Document and section.
        untested: Why no test covers it; empty where one should.
    """

    id: str
    text: Text
    source: str
    untested: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request and what its answer has to be.

    Attributes:
        title: What is done; empty for the title of the operation.
        table: The operation's table with the step's own keys over it.
        path: The file it stands in; ``line`` where its test or set-up begins.
    """

    title: Text
    table: Table
    path: Path
    line: int = 0

    def fault(self, message: str) -> SuiteFault:
        """Say that this step cannot be carried out as it is written."""
        return SuiteFault(self.path, self.line, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test: a sentence that is true of a server that passes, and how that is seen.

    Attributes:
        id: Unique in its suite.
        requires: What the server must offer besides what the suite requires.
        given: Set-ups that come first, by name.
        variables: Of this test, over those of the suite.
    """

    id: str
    title: Text
    requirements: tuple[str, ...]
    requires: tuple[str, ...]
    given: tuple[str, ...]
    variables: Table
    steps: tuple[Step, ...]
    path: Path
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Steps that several tests begin with."""

    id: str
    title: Text
    variables: Table
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something a server may leave out: asked once; without it the suite is skipped."""

    title: Text
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Somebody in whose name requests are sent.

    Attributes:
        person: What the issuer of credentials calls them.
        facts: Words of a credential with other values than the person's own.
        wish: Mode, reason, patient and the like, unless a step says otherwise.
    """

    name: str
    person: str
    facts: Table
    wish: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A folder of tests.

    Attributes:
        profile: Whose suite it is; ``conformance run --profile`` takes all of one profile.
        requires: ``registry``, ``repository``, ``fhir``; ``open`` or ``credentials``.
        folders: Where request templates are looked for, the suite's own first.
        people: File of the people a development authority issues credentials for.
    """

    id: str
    profile: str
    title: Text
    description: Text
    requires: tuple[str, ...]
    folder: Path
    folders: tuple[Path, ...]
    variables: Table
    roles: Mapping[str, Role]
    setups: Mapping[str, Setup]
    needs: tuple[Need, ...]
    tests: tuple[Test, ...]
    requirements: Mapping[str, Requirement]
    default_role: str = ""
    people: Path | None = None
