"""The plan of docs/architecture.md is kept, and would notice if it were not."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.shared import ROOT

CONFIGURATION = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads(CONFIGURATION)["tool"]["importlinter"]["contracts"]
}

WIRE_FORMS = ("soap", "ebrim", "fhir", "cda", "hl7v2", "atna")

PLAN = {
    "conformance",
    *(f"conformance.{name}" for name in ("cli", "live", "simulators", "suite", "judges", "report")),
    "gateway",
    *(
        f"gateway.{name}"
        for name in (
            *("cli", "web", "feed", "service", "wiring", "settings", "clock"),
            *("actors", "storage", "upstream", "audit", "security", "notifications"),
            *("ports", "consent", "validation", "translators", "profile"),
            *("codecs", "transactions", "model", "errors"),
            *(f"codecs.{form}" for form in WIRE_FORMS),
        )
    ),
}
"""Every package of the house, built or not."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys; sys.path[:0] = ['.']; from importlinter.cli import lint_imports_command;"
            "lint_imports_command()",
            *("--config", "pyproject.toml", "--no-cache"),
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def whole_house(tmp_path: Path) -> Path:
    """Every package of the plan, empty, under our contracts."""
    for name in PLAN:
        package = tmp_path.joinpath(*name.split("."))
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
    (tmp_path / "scripts").mkdir()
    contract_type = ROOT / "scripts" / "contracts.py"
    (tmp_path / "scripts" / "contracts.py").write_text(contract_type.read_text())
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    return tmp_path


def test_every_contract_holds() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_empty_house_keeps_every_contract(whole_house: Path) -> None:
    done = lint(whole_house)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("contract", "importer", "imported"),
    [
        ("layers", "gateway.settings", "gateway.service"),
        ("layers", "gateway.storage", "gateway.actors"),
        ("layers", "gateway.feed", "gateway.web"),
        ("layers", "gateway.errors", "gateway.model"),
        ("layers", "gateway.codecs.ebrim", "gateway.profile"),
        ("wire-forms-are-strangers", "gateway.codecs.ebrim", "gateway.codecs.soap"),
        ("wire-forms-are-strangers", "gateway.codecs.fhir", "gateway.codecs.cda"),
        ("wire-forms-are-strangers", "gateway.codecs.hl7v2", "gateway.codecs.ebrim"),
        ("actors-speak-values", "gateway.actors", "gateway.codecs.ebrim"),
        ("suite-never-meets-server", "conformance", "gateway.storage"),
        ("suite-never-meets-server", "conformance", "gateway.web"),
        ("the-bottom-is-plain-python", "gateway.model", "lxml.etree"),
        ("the-bottom-is-plain-python", "gateway.transactions", "pydantic"),
        ("the-middle-is-plain-python", "gateway.actors", "sqlite3"),
        ("the-middle-is-plain-python", "gateway.consent", "fhir.resources"),
        ("the-middle-is-plain-python", "gateway.ports", "fastapi"),
    ],
)
def test_a_counter_example_breaks_its_contract(
    contract: str, importer: str, imported: str, whole_house: Path
) -> None:
    place = whole_house.joinpath(*importer.split("."), "__init__.py")
    place.write_text(f"import {imported}\n")
    done = lint(whole_house)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{CONTRACTS[contract]['name']} BROKEN" in done.stdout


def test_a_package_nobody_placed_breaks_the_build(whole_house: Path) -> None:
    (whole_house / "gateway" / "misc.py").touch()
    done = lint(whole_house)
    assert done.returncode == 1
    assert "misc" in done.stdout


def test_the_contracts_name_packages_of_the_plan_only() -> None:
    named: set[str] = set()
    for contract in CONTRACTS.values():
        for modules in ("source_modules", "forbidden_modules"):
            named |= {m for m in contract.get(modules, ()) if m.split(".")[0] in ("gateway",)}
        for container in contract.get("containers", ()):
            for layer in contract["layers"]:
                named |= {f"{container}.{m}" for m in re.findall(r"\w+", layer)}
    assert named <= PLAN
    assert PLAN - named <= {"gateway", "conformance"}


@pytest.mark.parametrize(
    "layer", ["model", "errors", "transactions", "profile", "consent", "ports", "actors"]
)
def test_the_bottom_and_the_middle_import_the_standard_library_only(layer: str) -> None:
    """The contract knows the libraries we have; this test knows all the others too."""
    allowed = sys.stdlib_module_names - {"sqlite3", "xml"} | {"gateway"}
    package = ROOT / "gateway" / layer
    for source in [*package.rglob("*.py"), *package.parent.glob(f"{layer}.py")]:
        text = source.read_text(encoding="utf-8")
        for module in re.findall(r"^\s*(?:from|import)\s+(\w+)", text, re.MULTILINE):
            assert module in allowed, f"{source.relative_to(ROOT)} imports {module}"
