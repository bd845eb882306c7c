"""The project's pages lead somewhere, and the plan's page knows every package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.test_contracts import PLAN
from tests.architecture.tree import files
from tests.shared import ROOT

PAGES = sorted(p for p in files() if p.suffix == ".md" and "samples" not in p.parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_plan_names_every_package() -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for package in PLAN:
        assert f"`{package.split('.', 1)[-1].removeprefix('codecs.')}" in plan, package


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for page in folder.glob("0*.md"):
        assert page.name in listed
