"""Every command of docs/tutorials runs, in order, and shows what the page says it shows."""

from __future__ import annotations

import difflib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.server import RunningGateway, environment, running_gateway
from tests.shared import ROOT

PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
SECONDS_FOR_A_PAGE = 500
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_START = re.compile(r"((?:GATEWAY_[A-Z_]+=\S+ )*)make run\s*")
_END_OF_STEP = "--- end of step ---"

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="curl or bash is not here"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A block of commands, and the output that the page shows below it, if any."""

    commands: str
    shown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A tutorial: the settings of the gateway it starts, and its steps."""

    settings: Mapping[str, str]
    steps: tuple[Step, ...]


def read_page(path: Path) -> Page:
    """Read the blocks of a page; the first starts the gateway."""
    blocks = _BLOCK.findall(path.read_text(encoding="utf-8"))
    assert blocks, f"{path.name} has no commands"
    start = _START.fullmatch(blocks[0][1])
    assert start, f"{path.name} does not begin with make run"
    steps: list[Step] = []
    for language, text in blocks[1:]:
        if language == "sh":
            steps.append(Step(commands=text))
            continue
        assert language in ("text", "json"), f"{path.name} has a block of {language}"
        assert steps, f"{path.name} shows an output before its first command"
        assert steps[-1].shown is None, f"{path.name} shows two outputs of one command:\n{text}"
        steps[-1] = Step(commands=steps[-1].commands, shown=text)
    settings = dict(word.split("=", 1) for word in start[1].split())
    return Page(settings=settings, steps=tuple(steps))


def outputs(page: Page, server: RunningGateway, folder: Path) -> Iterator[tuple[Step, str]]:
    """Run the steps in one shell, as somebody who pastes them; give what each wrote."""
    url = server.url
    script = ["set -e -o pipefail", "exec 2>&1"]
    for step in page.steps:
        script += [step.commands, f"printf '\\n%s\\n' {shlex.quote(_END_OF_STEP)}"]
    python = shlex.quote(sys.executable)
    text = (
        "\n".join(script)
        .replace("http://127.0.0.1:8080", url)
        .replace("/tmp/tutorial", str(folder))
        .replace(f"GATEWAY_DATA={page.settings.get('GATEWAY_DATA')}", f"GATEWAY_DATA={server.data}")
        # One step: the interpreter that runs the tests may itself be .venv/bin/python.
        .replace(".venv/bin/gateway", ".venv/bin/python -m gateway.cli")
        .replace(".venv/bin/python", python)
    )
    done = subprocess.run(
        ["bash"],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        # For commands that look for the reader's gateway without being told where it is.
        env=environment(GATEWAY_PORT=url.rpartition(":")[2], PYTHONIOENCODING="utf-8"),
        timeout=SECONDS_FOR_A_PAGE,
        check=False,
    )
    *written, rest = done.stdout.replace(url, "http://127.0.0.1:8080").split(f"{_END_OF_STEP}\n")
    yield from zip(page.steps, written, strict=False)
    if done.returncode:
        failed = page.steps[len(written)].commands
        raise AssertionError(f"exit status {done.returncode} of\n{failed}\n{rest}")


def is_shown(output: str, shown: str) -> bool:
    """Tell whether an output is what a page shows: ``…`` stands for any text, alone for lines."""
    pattern = "".join(
        r"(?:.*\n)*?"
        if line.strip() == "…"
        else ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t\r]*\n"
        for line in shown.strip("\n").splitlines()
    )
    return re.fullmatch(pattern, output.strip("\n") + "\n") is not None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_tutorial_run_and_show_what_it_says(path: Path, tmp_path: Path) -> None:
    page = read_page(path)
    folder = tmp_path / "tutorial"
    # Where its data are is the test's to say.
    settings = {name: text for name, text in page.settings.items() if name != "GATEWAY_DATA"}
    with running_gateway(tmp_path, "--demo", **settings) as server:
        for step, output in outputs(page, server, folder):
            if step.shown is not None and not is_shown(output, step.shown):
                lines = difflib.unified_diff(
                    step.shown.splitlines(), output.strip("\n").splitlines(), "page", "output"
                )
                raise AssertionError("\n".join([step.commands, *lines]))


def test_what_a_page_shows_is_compared_line_by_line() -> None:
    assert is_shown("\nan id 17 here\n\n", "an id … here\n")
    assert is_shown("first\nsecond\nthird\nlast\n", "first\n…\nlast\n")
    assert not is_shown("first\nlast\n", "first\n")
    assert not is_shown("an id\n17 here\n", "an id … here\n")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_tutorial_is_found_from_the_first_page(path: Path) -> None:
    assert f"(docs/tutorials/{path.name})" in (ROOT / "README.md").read_text(encoding="utf-8")
