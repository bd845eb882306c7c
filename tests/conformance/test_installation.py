"""The command ``conformance`` needs none of the server's libraries, and works from a wheel."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from conformance.cli import COMMANDS
from conformance.report.writers import FORMS
from tests.shared import ROOT

SERVER_ONLY = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "fhir",
    "fhir_core",
    "zeep",
    "structlog",
    "aiosmtplib",
    "httptools",
)

BLOCK = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SERVER_ONLY!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""
"""What makes an interpreter one into which the server's libraries were never installed."""

PAYLOADS = (
    ROOT / "samples" / "cda" / "en-03-follow-up-note.xml",
    ROOT / "samples" / "submissions" / "en-03-follow-up-note.mtom",
    ROOT / "samples" / "patients" / "alba.json",
)


REQUEST = b'<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>'
ENVELOPE = (
    b'<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Header/>'
    b"<Body>" + REQUEST + b"</Body></Envelope>"
)
PATIENT = b'<Patient xmlns="http://hl7.org/fhir"><active value="yes"/></Patient>'


def without_server(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCK + code, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=500,
        check=False,
    )


def test_the_names_are_those_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["optional-dependencies"]["server"]:
        name = requirement.partition(">")[0].partition(";")[0].strip().lower()
        name = {"fhir.resources": "fhir"}.get(name, name.replace("-", "_"))
        assert name in SERVER_ONLY, requirement


def test_the_interpreter_of_these_tests_is_without_the_server() -> None:
    done = without_server("import fastapi")
    assert "No module named 'fastapi'" in done.stderr


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One payload of every kind."""
    folder = tmp_path_factory.mktemp("payloads")
    for path in PAYLOADS:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "envelope.soap").write_bytes(ENVELOPE)
    (folder / "request.xml").write_bytes(REQUEST)
    (folder / "assertion.saml").write_bytes(
        b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="a"/>'
    )
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("INDEX.HTM", "<html/>")
        archive.writestr("IHE_XDM/SUBSET01/METADATA.XML", REQUEST)
    (folder / "patient.xml").write_bytes(PATIENT)
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_payload_is_judged_and_told_without_the_server(
    payloads: Path, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "report"
    done = without_server(
        "from conformance.cli import main; sys.exit(main(sys.argv[1:]))",
        *("check", payloads, "--profile", "fr-dmp", "--format", form, "--out", out),
    )
    assert done.returncode == 1, done.stderr
    assert out.stat().st_size
    if form == "json":
        report = json.loads(out.read_text(encoding="utf-8"))
        assert report["problems"] == []
        kinds = {file["kind"] for file in report["files"]}
        assert kinds == {"fhir", "cda", "mtom", "soap", "xds", "saml", "xdm"}
        absent = [
            finding["message"]
            for file in report["files"]
            for finding in file["findings"]
            if "cannot be loaded" in finding["message"] or "No module" in finding["message"]
        ]
        assert absent == []


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "explain dom-3",
        "explain --list cda",
        "run --list",
        "coverage",
        *(f"{name} --help" for name in COMMANDS),
    ],
)
def test_the_other_commands_need_no_server_either(command: str) -> None:
    done = without_server(
        "from conformance.cli import main; sys.exit(main(sys.argv[1:]))", *command.split()
    )
    assert done.returncode == 0, done.stderr


def test_no_module_of_the_suite_needs_the_server() -> None:
    done = without_server(
        "import importlib, pkgutil, conformance\n"
        "for module in pkgutil.walk_packages(conformance.__path__, 'conformance.'):\n"
        "    if module.name != 'conformance.__main__':\n"
        "        importlib.import_module(module.name)"
    )
    assert done.returncode == 0, done.stderr


def test_one_file_is_judged_without_what_is_slow_to_load() -> None:
    """Start-up is what somebody waits for: each of these costs a tenth of a second or more."""
    slow = ("typer", "rich", "httpx", "saxonche", "cryptography", "fhirpathpy", "gateway.profile")
    done = without_server(
        "from conformance.cli import main; status = main(sys.argv[1:]);"
        f"print([name for name in {slow!r} if name in sys.modules]); sys.exit(status)",
        *("check", PAYLOADS[2], "--profile", "fr-dmp", "--format", "json", "--out", "/dev/null"),
    )
    assert done.stdout == "[]\n", done.stderr


def test_serving_without_the_extra_says_which_to_install() -> None:
    done = without_server(
        "sys.argv = ['gateway', 'serve']; from gateway.cli import main; sys.exit(main())"
    )
    assert done.returncode == 2
    assert "fhir-xds-gateway[server]" in done.stderr
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = build.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(path)


def test_a_wheel_brings_profiles_and_suites(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "conformance/cli/__init__.py",
        "conformance/report/html/page.css",
        "conformance/report/html/page.js",
        "gateway/shipped/profiles/ihe/profile.toml",
        "gateway/shipped/profiles/fr-dmp/profile.toml",
        "gateway/shipped/profiles/fhir-r4/core.zip",
    } <= names
    for folder in ("conformance/suites", "profiles"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(ROOT).as_posix()
                assert name in names or f"gateway/shipped/{name}" in names, name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", str(PAYLOADS[2]), "--profile", "fr-dmp"], "1 file, 1 passed"),
        (["explain", "fr-de-010"], "fr-de-010 (error"),
        (["run", "--list", "--profile", "fr-dmp"], "fr-dmp"),
        (["coverage", "--format", "json"], '"requirements"'),
    ],
    ids=["check", "explain", "run", "coverage"],
)
def test_the_command_works_from_a_wheel(
    wheel: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": ""},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout
