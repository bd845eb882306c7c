"""The locks pin everything, for every machine, and say nothing of the one that wrote them."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.shared import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text_of(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def pinned(lock: str) -> dict[str, str]:
    """Give name and version of all a lock pins; every line must pin and carry hashes."""
    versions = {}
    for requirement in text_of(lock).replace("\\\n", " ").splitlines():
        if requirement.startswith("#") or not requirement.strip():
            continue
        found = re.match(r"([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", requirement)
        assert found, requirement
        assert "--hash=sha256:" in requirement, found.group(1)
        versions[found.group(1)] = found.group(2)
    return versions


def name_of(dependency: str) -> str:
    found = re.match(r"[\w.-]+", dependency)
    assert found
    return re.sub(r"[-_.]+", "-", found.group()).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_carries_hashes_and_no_address(lock: str) -> None:
    assert pinned(lock)
    for word in (
        "://",
        "--index-url",
        "--extra-index",
        "--find-links",
        "--trusted",
        " @ ",
        "file:",
    ):
        assert word not in text_of(lock)


def test_every_dependency_is_pinned() -> None:
    runtime = {name_of(d) for d in PROJECT["dependencies"]}
    dev = {name_of(d) for d in PROJECT["optional-dependencies"]["dev"]}
    assert runtime <= pinned("requirements.lock").keys(), "run `make lock`"
    assert runtime | dev <= pinned("requirements-dev.lock").keys(), "run `make lock`"


def test_what_is_tested_is_what_runs() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()


def test_the_lowest_python_is_the_one_the_locks_are_made_for() -> None:
    assert PROJECT["requires-python"] == ">=3.11"
    assert "--python-version 3.11" in (ROOT / "scripts" / "lock").read_text(encoding="utf-8")
