"""What the sources say: the sentences in them, with a mark for each value.

A test that provokes findings sees what it thought of; this reads every call that makes a finding,
so that a sentence somebody adds is seen on the day it is added.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

OPEN = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}"
CLOSE = "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
MARK = re.compile(f"{OPEN}\\d+{CLOSE}")
"""What stands for a value: no sentence has such brackets by itself."""

RETURN = "return"
"""Stands for a call: what a function returns is what it says."""

_MOST = 64
"""Forms of one expression; more are no sentence."""

_Assigned = dict[str, list[ast.expr]]
_Form = tuple[str | None, ...]
"""Texts, and None where a value stands."""

_VALUE: _Form = (None,)


class Said(NamedTuple):
    """One sentence.

    Attributes:
        rule: The rule the call names, where it does.
    """

    function: str
    rule: str
    text: str


def sentences(
    path: Path, call: str, place: int | str = 0, rule: int | str | None = None
) -> Iterator[Said]:
    """Give the sentences of a kind of call in a module.

    Args:
        call: The name of the function or method, or :data:`RETURN`.
        place: Which argument the sentence is, by number or name.
        rule: Which one the rule is.
    """
    for function in _functions(path):
        for node in function.nodes:
            said: ast.expr | None = None
            named: ast.expr | None = None
            if isinstance(node, ast.Return) and call == RETURN:
                said = node.value
            elif isinstance(node, ast.Call) and _name(node.func) == call:
                said = _argument(node, place)
                named = None if rule is None else _argument(node, rule)
            name = named.value if isinstance(named, ast.Constant) else ""
            for form in _forms(said, function.assigned) if said is not None else ():
                if any(text and not text.isspace() for text in form):
                    yield Said(function.name, str(name), _numbered(form))


class _Function(NamedTuple):
    name: str
    nodes: tuple[ast.AST, ...]
    assigned: _Assigned


@cache
def _functions(path: Path) -> tuple[_Function, ...]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    outside = _assignments(tree.body)
    found = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            nodes = tuple(ast.walk(function))
            found.append(_Function(function.name, nodes, outside | _assignments(nodes)))
    return tuple(found)


def _assignments(nodes: Iterable[ast.AST]) -> _Assigned:
    found: _Assigned = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _argument(node: ast.Call, place: int | str) -> ast.expr | None:
    if isinstance(place, int):
        return node.args[place] if len(node.args) > place else None
    return next((one.value for one in node.keywords if one.arg == place), None)


def _numbered(form: _Form) -> str:
    text, number = "", 0
    for part in form:
        if part is None:
            number += 1
            text += f"{OPEN}{number}{CLOSE}"
        else:
            text += part
    return text


def _forms(node: ast.expr, assigned: _Assigned, depth: int = 0) -> list[_Form]:
    """Every form an expression can take."""
    match node:
        case ast.Constant(value=str(text)):
            return [(text,)]
        case ast.JoinedStr(values=parts):
            return _joined([_forms(part, assigned, depth) for part in parts])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([_forms(left, assigned, depth), _forms(right, assigned, depth)])
        case ast.IfExp(body=body, orelse=orelse):
            return _forms(body, assigned, depth) + _forms(orelse, assigned, depth)
        case ast.BoolOp(op=ast.Or(), values=values):
            return [form for value in values for form in _forms(value, assigned, depth)]
        case (
            ast.FormattedValue(value=inner)
            | ast.Subscript(value=inner)
            | ast.Call(func=ast.Attribute(value=inner, attr="strip"))
        ):
            return _forms(inner, assigned, depth)
        case ast.Name(id=name) if depth < 2 and name in assigned:
            return [form for one in assigned[name] for form in _forms(one, assigned, depth + 1)]
        case _:
            return [_VALUE]


def _joined(choices: list[list[_Form]]) -> list[_Form]:
    whole = [tuple(part for form in one for part in form) for one in product(*choices)]
    return whole[:_MOST]
