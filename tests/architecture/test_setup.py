"""The two commands of the README's first screen, as far as they can be tried without a network."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.shared import ROOT

TOOLS = ("sh", "dirname", "cmp", "cp", "rm", "mkdir", "readlink", "env")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that is all a bare machine has."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (programs / tool).symlink_to(found)
    return programs


def install(machine: Path, name: str, script: str) -> None:
    program = machine / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def environment(machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / "sh"), "scripts/environment", "requirements.lock"],
        cwd=ROOT,
        env={"PATH": str(machine), "VENV": str(machine.parent / "venv")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_without_venv_is_answered_with_the_package_to_install(machine: Path) -> None:
    install(
        machine, "python3", f'case "$*" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"'
    )
    done = environment(machine)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.returncode == 1
    assert f"apt install python{version}-venv" in done.stderr


def test_a_machine_without_a_new_enough_python_is_told_so(machine: Path) -> None:
    install(machine, "python3", "exit 1")
    done = environment(machine)
    assert done.returncode == 1
    assert "No Python 3.11 or newer" in done.stderr
    assert "apt install python3 python3-venv" in done.stderr


def test_where_python_lacks_venv_uv_takes_over(machine: Path) -> None:
    install(
        machine, "python3", f'case "$*" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"'
    )
    # It stands in for uv: makes the environment the way uv does, without pip in it.
    install(
        machine,
        "uv",
        f'echo "uv $*" >> "{machine.parent}/log"\n'
        f'[ "$1" = venv ] || exit 0\n'
        f'for last; do :; done; "{sys.executable}" -m venv --without-pip "$last"',
    )
    done = environment(machine)
    assert done.returncode == 0, done.stderr
    asked = (machine.parent / "log").read_text()
    assert "uv venv" in asked
    assert re.search(r"uv pip install .*--require-hashes .*requirements\.lock", asked)


def test_an_environment_that_is_current_is_left_alone(machine: Path) -> None:
    venv = machine.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    shutil.copy(ROOT / "requirements.lock", venv / "installed-requirements.lock")
    done = environment(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    libraries = sysconfig.get_path("purelib")
    asked = subprocess.run(
        [str(venv / "bin" / "gateway"), "version"],
        env={"PATH": str(machine), "PYTHONPATH": libraries},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", asked.stdout), asked.stderr


@pytest.mark.parametrize(
    "script", [".ci/run", "scripts/environment", "scripts/check", "scripts/lock"]
)
def test_a_script_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


def test_continuous_integration_runs_the_command_everybody_runs() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_make_lists_every_target() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not on this machine")
    listed = subprocess.run(
        [make, "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "bench", "laws", "lint", "lock", "clean"} <= set(targets)
    for target in targets:
        assert f"make {target}" in listed


def test_no_script_chooses_or_stores_an_index() -> None:
    for script in ("environment", "check", "lock"):
        text = (ROOT / "scripts" / script).read_text()
        assert "pip config" not in text
        assert "--index-url" not in text.replace("--no-emit-index-url", "")
