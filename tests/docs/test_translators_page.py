"""Every example of docs/reference/translators.md runs."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.model import choices
from gateway.model.association import Association
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission_set import SubmissionSet
from tests.shared import ROOT

PAGE = ROOT / "docs" / "reference" / "translators.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture
def in_the_project(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(ROOT)
    yield tmp_path
    os.chdir(before)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_of_the_library_run_one_after_the_other(in_the_project: Path) -> None:
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block.replace("/tmp/", f"{in_the_project}/"), names)


def test_the_commands_run_one_after_the_other(in_the_project: Path) -> None:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    assert lines
    for line in lines:
        words = shlex.split(line.replace("/tmp/", f"{in_the_project}/"))
        assert words[:2] == ["$", "gateway"]
        result = CliRunner().invoke(app, words[2:])
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize("kind", [DocumentEntry, SubmissionSet, Folder, Association])
def test_every_name_of_the_plain_json_is_on_the_page(kind: type) -> None:
    for name in kind.__dataclass_fields__:  # type: ignore[attr-defined]
        assert f"`{name}`" in TEXT, name


def test_every_choice_is_on_the_page() -> None:
    for kind in choices.Choice.__args__:  # type: ignore[attr-defined]
        assert f"`{kind.__name__}`" in TEXT
