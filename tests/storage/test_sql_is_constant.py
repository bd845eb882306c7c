"""No value of a message becomes part of a statement.

Source:
    CWE-89; the threat table's Q1.
"""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.storage.sqlite import SqliteRegistryStore
from tests.storage import contract
from tests.storage.shelf import PickledFragments, SteppingClock

SOURCES = sorted(Path(__file__).parents[2].glob("gateway/storage/sqlite/*.py"))
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|VALUES|PRAGMA|CREATE)\b|= \?| IN ")
DYNAMIC = {"marks", "join"}


def formatted(tree: ast.AST) -> list[int]:
    """Lines where a text with SQL in it is formatted rather than put together from constants."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            texts = [v.value for v in node.values if isinstance(v, ast.Constant)]
            if any(SQL.search(str(text)) for text in texts):
                lines.append(node.lineno)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
                lines.append(node.lineno)
        elif isinstance(node, ast.Attribute) and node.attr in ("format", "format_map"):
            lines.append(node.lineno)
    return lines


def test_no_statement_is_formatted() -> None:
    assert SOURCES
    found = {path.name: formatted(ast.parse(path.read_text())) for path in SOURCES}
    assert not {name: lines for name, lines in found.items() if lines}


def test_the_search_for_formatted_statements_finds_them() -> None:
    for line in (
        'f"SELECT * FROM t WHERE a = {value}"',
        '"SELECT * FROM t WHERE a = %s" % value',
        '"SELECT * FROM t WHERE a = {}".format(value)',
    ):
        assert formatted(ast.parse(line)) == [1]


@given(st.data())
@settings(max_examples=15)
def test_statements_of_any_query_hold_none_of_its_values(tmp_path_factory: Any, data: Any) -> None:
    shelf = data.draw(contract.shelves())
    queries = data.draw(st.lists(contract.questions(shelf), min_size=4, max_size=8))
    readings = [data.draw(contract.readings()) for _ in queries]
    folder = tmp_path_factory.mktemp("constant")
    seen: list[str] = []

    async def run() -> None:
        store = SqliteRegistryStore.open(folder / "r.sqlite", PickledFragments(), SteppingClock())
        await contract.fill(store, shelf, merged=False)
        rows, real = store._file.rows, store._file.rows.execute

        def execute(sql: str, *values: Any) -> Any:
            seen.append(sql)
            return real(sql, *values)

        rows.execute = rows.patients._execute = execute  # type: ignore[assignment,method-assign]
        for query, (form, page) in zip(queries, readings, strict=True):
            await contract.answer(store, query, form, page)
        await store.close()

    asyncio.run(run())
    # The SQL of a query is letters, digits, operators and placeholders: all its texts are ours.
    for sql in seen:
        assert not re.search(r"urn:|1\.2|nobody|OR 1=1|Smi|2024|%", sql), sql
        assert set(re.findall(r"'[^']*'", sql)) <= {"''"}, sql
