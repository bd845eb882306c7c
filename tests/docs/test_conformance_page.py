"""Every command of docs/conformance.md runs, in order, and shows what the page says it shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.conformance_reference import PAGE as RULES
from scripts.conformance_reference import page as rules_page
from tests.end_to_end.server import running_gateway
from tests.end_to_end.test_tutorials import is_shown
from tests.shared import ROOT

PAGE = ROOT / "docs" / "conformance.md"
TEXT = PAGE.read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- end of step ---"


def steps() -> list[tuple[str, str | None]]:
    """The commands of the page, each with the output that is shown below, if any."""
    found: list[tuple[str, str | None]] = []
    for language, text in _BLOCK.findall(TEXT):
        if language == "sh" and not text.startswith("pip "):
            found.append((text, None))
        elif language == "text":
            found[-1] = (found[-1][0], text)
    return found


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_the_commands_run_and_show_what_the_page_says(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m conformance"
    lines = ["set -e", "exec 2>&1", f'conformance() {{ {command} "$@"; }}']
    for commands, _ in steps():
        lines += [commands, f"printf '\\n%s\\n' {shlex.quote(_END)}"]
    with running_gateway(tmp_path) as server:
        script = "\n".join(lines).replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(
            ["bash"],
            input=script.replace("/tmp/conformance", str(tmp_path)),
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            timeout=500,
            check=False,
        )
    *written, rest = done.stdout.replace(str(tmp_path), "/tmp/conformance").split(f"{_END}\n")
    assert done.returncode == 0, rest
    for (commands, shown), output in zip(steps(), written, strict=True):
        assert shown is None or is_shown(output, shown), f"{commands}\n{output}"


def test_the_example_in_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = (text for language, text in _BLOCK.findall(TEXT) if language == "python")
    exec(block, {})


def test_every_format_and_command_is_on_the_page() -> None:
    from conformance.report.writers import FORMS

    for name in FORMS:
        assert f"`{name}`" in TEXT
    for option in (
        "--package",
        "--schematron-dir",
        "--xsd",
        "--environment",
        "--jobs",
        "--fail-on",
    ):
        assert option in TEXT


def test_the_list_of_rules_is_what_the_engines_and_profiles_give() -> None:
    assert RULES.read_text(encoding="utf-8") == rules_page(), "run `make rules`"
