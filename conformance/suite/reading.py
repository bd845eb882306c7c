"""Folders to suites. Whoever writes a suite is told what is wrong with it, with file and line.

A suite's folder holds:

    suite.toml          id, profile, title, description, requires, messages, variables, roles, needs
    operations.toml     how a request is sent: address, action, body, packaging
    setups.toml         steps that several tests begin with
    requirements.toml   what is asked, with its source
    tests/*.toml        the tests
    requests/*          bodies and pieces of bodies
    README.md           what the suite is about

``messages = ["../messages"]`` adds operations, set-ups, variables and requests of other folders, so
that suites about one wire share them; ``requirements = ["../requirements/xds.toml"]`` takes
requirements that several suites test, ``rules = "ihe"`` the numbered rules of a profile, ``tests =
["../consent/tests"]`` tests that hold for several communities.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from conformance.suite.shipped import shipped
from conformance.suite.values import (
    Need,
    Requirement,
    Role,
    Setup,
    Step,
    Suite,
    SuiteFault,
    Table,
    Test,
    Text,
)

SUITES: Final = Path(__file__).resolve().parent.parent / "suites"
"""The suites that come with the product."""

_SUITE_KEYS: Final = frozenset(
    ("id", "profile", "title", "description", "requires", "messages", "tests", "requirements")
    + ("rules", "variables", "roles", "default_role", "need", "people")
)
_TEST_KEYS: Final = frozenset(
    ("id", "title", "requirements", "requires", "given", "variables", "step")
)
STEP_KEYS: Final = frozenset(
    ("title", "id", "send", "as", "wish", "credential", "with", "keep", "expect")
    + ("to", "method", "path", "query", "headers", "content_type", "action", "packaging")
    + ("body", "objects", "asks", "documents", "change", "raw", "multipart")
)
EXPECT_KEYS: Final = frozenset(
    ("status", "headers", "response", "errors", "one_of", "warnings", "says", "fault", "see")
    + ("octets", "documents", "mtom", "valid", "same_as", "but")
)


def read_suites(folders: Iterable[Path] = (SUITES,)) -> dict[str, Suite]:
    """Give every suite of some folders, by id, in the order of their names.

    Args:
        folders: A suite's own folder, or one with suites in it.

    Raises:
        SuiteFault: When one cannot be used.
    """
    found: dict[str, Suite] = {}
    for folder in folders:
        own = [folder] if (folder / "suite.toml").is_file() else sorted(folder.iterdir())
        for one in own:
            if not (one / "suite.toml").is_file():
                continue
            suite = read_suite(one)
            if suite.id in found:
                raise SuiteFault(one / "suite.toml", 1, f"there is a suite {suite.id} already")
            found[suite.id] = suite
        if not any(True for one in own if (one / "suite.toml").is_file()):
            raise SuiteFault(folder, 0, "there is no suite here: a suite's folder has a suite.toml")
    return found


def read_suite(folder: Path) -> Suite:
    """Give the suite of a folder.

    Raises:
        SuiteFault: When it cannot be used; the first reason is told.
    """
    file = _File(folder / "suite.toml")
    table = file.table
    file.only(table, _SUITE_KEYS, "suite")
    shared = [(folder / one).resolve() for one in file.texts(table, "messages")]
    for one in shared:
        if not one.is_dir():
            raise file.fault("messages", f"{one} is no folder")
    folders = (folder, *shared)
    operations = _merged(folders, "operations.toml")
    variables = {**_variables(reversed(shared)), **_table(file, table, "variables")}
    setups = _setups(folders, operations)
    named = [(folder / one).resolve() for one in file.texts(table, "requirements")]
    requirements = read_requirements([*(one / "requirements.toml" for one in folders), *named])
    for one in named:
        if not one.is_file():
            raise file.fault(one.name, f"there is no file {one} with requirements")
    if "rules" in table:
        requirements |= _rules(file, str(table["rules"]))
    roles = _roles(reversed(shared)) | {
        name: _role(name, one) for name, one in _table(file, table, "roles").items()
    }
    tests: dict[str, Test] = {}
    places = [folder / "tests", *((folder / one).resolve() for one in file.texts(table, "tests"))]
    for path in [path for place in places for path in sorted(place.glob("*.toml"))]:
        for test in _tests(_File(path), operations):
            if test.id in tests:
                raise SuiteFault(path, test.line, f"there is a test {test.id} already")
            for given in test.given:
                if given not in setups:
                    raise SuiteFault(path, test.line, f"{test.id}: there is no set-up {given}")
            for name in test.requirements:
                if name not in requirements:
                    raise SuiteFault(path, test.line, f"{test.id}: no requirement {name} is known")
            tests[test.id] = test
    people = table.get("people")
    return Suite(
        id=file.text(table, "id"),
        profile=str(table.get("profile", "")),
        title=file.words(table, "title"),
        description=file.words(table, "description"),
        requires=file.texts(table, "requires"),
        folder=folder,
        folders=folders,
        variables=variables,
        roles=roles,
        setups=setups,
        needs=tuple(
            Need(
                title=file.words(one, "title"),
                step=_step(file, one.get("step", {}), operations, file.line_of("[[need]]")),
            )
            for one in table.get("need", ())
        ),
        tests=tuple(tests.values()),
        requirements=requirements,
        default_role=str(table.get("default_role", "")),
        people=(folder / people).resolve() if people else None,
    )


def read_requirements(paths: Iterable[Path]) -> dict[str, Requirement]:
    """Give the requirements of some files, by id; a file that is not there has none."""
    found: dict[str, Requirement] = {}
    for path in paths:
        if not path.is_file():
            continue
        file = _File(path)
        for table in file.table.get("requirement", ()):
            file.only(table, {"id", "text", "source", "untested"}, "requirement")
            name = file.text(table, "id")
            if name in found:
                raise SuiteFault(path, file.line_of(f'id = "{name}"'), f"{name} stands twice")
            found[name] = Requirement(
                id=name,
                text=file.words(table, "text"),
                source=file.text(table, "source"),
                untested=file.words(table, "untested") if "untested" in table else Text(),
            )
    return found


def _rules(file: _File, name: str) -> dict[str, Requirement]:
    """The numbered rules of a profile: each is a requirement by its own id."""
    from gateway.profile import ProfileFault

    try:
        return _rules_of(name)
    except ProfileFault as fault:
        raise file.fault("rules", str(fault)) from None


@cache
def _rules_of(name: str) -> dict[str, Requirement]:
    from gateway.profile import read_profile

    return {
        rule.id: Requirement(
            id=rule.id,
            text=Text(
                en=f"{rule.object}.{rule.attribute} {rule.message.get('en', '')}",
                fr=f"{rule.object}.{rule.attribute} {rule.message.get('fr', '')}",
            ),
            source=rule.source,
            untested=_why_untested(rule.severity, rule.environments),
        )
        for rule in read_profile(name, shipped("profiles")).rules
    }


def _why_untested(severity: str, environments: tuple[str, ...]) -> Text:
    if severity != "error":
        return _NOT_REFUSED
    return _IN_PRODUCTION if environments == ("production",) else Text()


_IN_PRODUCTION: Final = Text(
    en="It holds in production; suites are run against servers whose data may be thrown away.",
    fr="Elle vaut en production ; les suites visent des serveurs dont on peut jeter les données.",
)
_NOT_REFUSED: Final = Text(
    en="A submission that breaks it is told so and taken; servers need not tell.",
    fr="Une alimentation qui l'enfreint est signalée et acceptée ; un serveur peut se taire.",
)


@cache
def _parsed(path: Path, changed: int, size: int) -> tuple[str, dict[str, Any]]:
    """The text of a file and what it says; suites share files, and nobody changes a table."""
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteFault(path, 0, f"cannot be read: {error}") from None
    try:
        return written, tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line ([0-9]+)", str(error))
        end = written.rstrip("\n").count("\n") + 1
        raise SuiteFault(path, int(line[1]) if line else end, str(error)) from None


class _File:
    """A TOML file of a suite, and where in it something stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            stamp = path.stat()
        except OSError as error:
            raise SuiteFault(path, 0, f"cannot be read: {error}") from None
        self.written, self.table = _parsed(path, stamp.st_mtime_ns, stamp.st_size)

    def line_of(self, text: str) -> int:
        """The first line that holds a text; 0 where none does."""
        at = self.written.find(text)
        return self.written.count("\n", 0, at) + 1 if at >= 0 else 0

    def fault(self, near: str, message: str) -> SuiteFault:
        return SuiteFault(self.path, self.line_of(near), message)

    def only(self, table: Table, keys: Iterable[str], what: str, near: str = "") -> None:
        for key in table:
            if key not in keys:
                known = ", ".join(sorted(keys))
                raise self.fault(near or key, f"a {what} has no {key}; it has {known}")

    def text(self, table: Table, key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            named = str(table.get("id", ""))
            raise self.fault(named or key, f"{named or 'this'} needs a text {key}")
        return value

    def texts(self, table: Table, key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.fault(key, f"{key} is a list of texts")
        return tuple(value)

    def words(self, table: Table, key: str) -> Text:
        value = table.get(key, "")
        if isinstance(value, str):
            return Text(en=value)
        if isinstance(value, dict) and isinstance(value.get("en"), str):
            return Text(en=value["en"], fr=str(value.get("fr", "")))
        raise self.fault(key, f"{key} is a text, or a table with en and fr")


def _table(file: _File, table: Table, key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise file.fault(key, f"{key} is a table")
    return value


def _merged(folders: tuple[Path, ...], name: str) -> dict[str, dict[str, Any]]:
    """The operations of several folders, the first folder's over the others'."""
    merged: dict[str, dict[str, Any]] = {}
    for folder in reversed(folders):
        path = folder / name
        if not path.is_file():
            continue
        file = _File(path)
        for key, table in file.table.get("operation", {}).items():
            file.only(table, STEP_KEYS, f"operation {key}", f"[operation.{key}")
            merged[key] = {**merged.get(key, {}), **table}
    return merged


def _variables(folders: Iterable[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for folder in folders:
        if (folder / "operations.toml").is_file():
            found |= _File(folder / "operations.toml").table.get("variables", {})
    return found


def _roles(folders: Iterable[Path]) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for folder in folders:
        if (folder / "operations.toml").is_file():
            table = _File(folder / "operations.toml").table.get("roles", {})
            found |= {name: _role(name, one) for name, one in table.items()}
    return found


def _role(name: str, table: Mapping[str, Any]) -> Role:
    return Role(
        name=name,
        person=str(table.get("person", name)),
        facts=dict(table.get("facts", {})),
        wish={key: one for key, one in table.items() if key not in {"person", "facts", "title"}},
    )


def _setups(folders: tuple[Path, ...], operations: Mapping[str, Table]) -> dict[str, Setup]:
    found: dict[str, Setup] = {}
    for folder in reversed(folders):
        path = folder / "setups.toml"
        if not path.is_file():
            continue
        file = _File(path)
        for table in file.table.get("setup", ()):
            file.only(table, {"id", "title", "variables", "step"}, "setup")
            name = file.text(table, "id")
            line = file.line_of(f'id = "{name}"')
            found[name] = Setup(
                id=name,
                title=file.words(table, "title"),
                variables=_table(file, table, "variables"),
                steps=tuple(_step(file, one, operations, line) for one in table.get("step", ())),
            )
    return found


def _tests(file: _File, operations: Mapping[str, Table]) -> Iterable[Test]:
    file.only(file.table, {"test"}, "file of tests")
    for table in file.table.get("test", ()):
        name = file.text(table, "id")
        line = file.line_of(f'id = "{name}"')
        file.only(table, _TEST_KEYS, f"test ({name})", name)
        if not table.get("step"):
            raise SuiteFault(file.path, line, f"{name} has no step")
        yield Test(
            id=name,
            title=file.words(table, "title"),
            requirements=file.texts(table, "requirements"),
            requires=file.texts(table, "requires"),
            given=file.texts(table, "given"),
            variables=_table(file, table, "variables"),
            steps=tuple(_step(file, one, operations, line) for one in table["step"]),
            path=file.path,
            line=line,
        )


def _step(file: _File, table: Table, operations: Mapping[str, Table], line: int) -> Step:
    for key in table:
        if key not in STEP_KEYS:
            known = ", ".join(sorted(STEP_KEYS))
            raise SuiteFault(file.path, line, f"a step has no {key}; it has {known}")
    for key in table.get("expect", {}):
        if key not in EXPECT_KEYS:
            known = ", ".join(sorted(EXPECT_KEYS))
            raise SuiteFault(file.path, line, f"expect has no {key}; it has {known}")
    name = table.get("send", "")
    if name and name not in operations:
        known = ", ".join(sorted(operations))
        raise SuiteFault(file.path, line, f"there is no operation {name}; there are {known}")
    operation = operations.get(name, {})
    merged = {**operation, **table}
    for key in ("with", "headers"):
        if isinstance(operation.get(key), dict) and isinstance(table.get(key), dict):
            merged[key] = {**operation[key], **table[key]}
    title = file.words(table, "title") if "title" in table else file.words(operation, "title")
    return Step(title=title, table=merged, path=file.path, line=line)
