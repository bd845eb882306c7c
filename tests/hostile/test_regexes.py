"""No regular expression of ours takes long on any text (Q3 of the threat table)."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import conformance
import gateway
from gateway.profile import read_profile
from gateway.settings import shipped
from tests.hostile.regexes import MOST, slowest

_INSIDE = frozenset(("search", "sub", "subn", "findall", "finditer", "split"))


@cache
def modules() -> tuple[tuple[str, Any], ...]:
    return tuple(
        (found.name, importlib.import_module(found.name))
        for root in (gateway, conformance)
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
        if not found.name.endswith("__main__")
    )


def compiled(module: Any) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """The expressions a module knows by name, alone or in a collection."""
    for name, value in vars(module).items():
        held = value.values() if isinstance(value, dict) else value
        for one in held if isinstance(held, (tuple, list, frozenset)) or held is not value else ():
            if isinstance(one, re.Pattern):
                yield name, one
        if isinstance(value, re.Pattern):
            yield name, value


@cache
def expressions() -> dict[re.Pattern[Any], tuple[str, bool]]:
    """Every expression with where it stands, and whether anybody searches with it."""
    found: dict[re.Pattern[Any], tuple[str, bool]] = {}
    for where, module in modules():
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        methods: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                methods.setdefault(node.value.id, set()).add(node.attr)
            elif isinstance(node, ast.Call) and (inline := _inline(node)) is not None:
                found.setdefault(inline, (f"{where}, line {node.lineno}", _searches(node)))
        for name, pattern in compiled(module):
            place, searched = found.get(pattern, (f"{where}.{name}", False))
            found[pattern] = place, searched or bool(methods.get(name, set()) & _INSIDE)
    for profile in (path.parent.name for path in shipped("profiles").glob("*/profile.toml")):
        for rule in read_profile(profile, shipped("profiles")).rules:
            if "pattern" in rule.parameters:
                pattern = re.compile(str(rule.parameters["pattern"]))
                found.setdefault(pattern, (f"rule {rule.id} of {profile}", False))
    return found


def _inline(call: ast.Call) -> re.Pattern[Any] | None:
    """The expression of a ``re.sub("…", …)``."""
    function = call.func
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
        return None
    if function.value.id != "re" or function.attr not in _INSIDE | {"match", "fullmatch"}:
        return None  # What is compiled has a name, and is found by it.
    if not call.args or not isinstance(call.args[0], ast.Constant):
        return None
    return re.compile(call.args[0].value) if isinstance(call.args[0].value, (str, bytes)) else None


def _searches(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _INSIDE


def test_every_expression_is_linear() -> None:
    assert len(expressions()) > 200
    slow = []
    for pattern, (where, searched) in expressions().items():
        seconds, text = slowest(pattern, searched=searched)
        if seconds > MOST:
            slow.append(f"{where}: {seconds:.1f} s on {text}\n    {pattern.pattern!r}")
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        (r"(a+)+b", False),
        (r"(a|a)*b", False),
        (r"\s*x?\s*y", False),
        (r"[a-z]+[0-9a-z]*=", False),
        (r"<[^>]*>", True),
        (r" +$", True),
    ],
)
def test_what_is_slow_is_found(written: str, searched: bool) -> None:
    seconds, _ = slowest(re.compile(written), searched=searched)
    assert seconds > MOST


def test_what_is_linear_is_not_slow() -> None:
    for written in (r"[a-z]+=[0-9]*", r"(?:ab)*c", r"[^<]*<", r"a++a*b"):
        assert slowest(re.compile(written), searched=False)[0] < MOST
