"""A country nobody's code knows runs from a folder: serve, submit, find, and judge its files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server import RunningGateway, environment, gateway, running_gateway
from tests.shared import ROOT
from tests.waiting import PATIENCE

FOLDER = ROOT / "tests" / "data" / "profiles"
LETTER = ROOT / "tests" / "data" / "zz" / "letter.xml"
SETTINGS = {"GATEWAY_PROFILES": str(FOLDER), "GATEWAY_PROFILE": "zz"}


@pytest.fixture(scope="module")
def zedland(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("zedland"), **SETTINGS) as server:
        yield server


def submitted(server: RunningGateway, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "submit", "--json", "--to", server.repository, path],
        cwd=ROOT,
        env=environment(**SETTINGS),
        capture_output=True,
        text=True,
        check=False,
    )
    (answer,) = json.loads(done.stdout)
    return dict(answer)


def test_a_letter_of_zedland_is_submitted_and_found(zedland: RunningGateway) -> None:
    answer = submitted(zedland, LETTER)
    assert answer["state"] == "registered"
    (document,) = answer["documents"]
    metadata = document["metadata"]
    assert metadata["class_code"] == "letter^Letter^2.999.26.10"  # by its map of types
    assert document["patient_id"].endswith("^ZED")  # by its types of identifiers
    found = httpx.get(
        f"{zedland.url}/fhir/DocumentReference",
        params={"patient.identifier": "https://zedland.example/number|Z-0001"},
        timeout=PATIENCE,
    ).json()
    (entry,) = found["entry"]
    kind = entry["resource"]["type"]["coding"][0]
    assert kind["system"] == "https://zedland.example/types"  # by its naming


def test_a_letter_that_breaks_its_rules_is_refused_with_their_words(
    zedland: RunningGateway, tmp_path: Path
) -> None:
    path = tmp_path / "letter.xml"
    text = LETTER.read_text(encoding="utf-8").replace('code="L1"', 'code="L0"')
    path.write_text(text.replace("2.999.26.100.1", "2.999.26.100.2"), encoding="utf-8")
    answer = submitted(zedland, path)
    assert answer["state"] != "registered"
    told = json.dumps(answer)
    assert "L0" in told  # out of use since 2020
    assert "not a code in use" in told


def test_the_command_judges_its_files(tmp_path: Path) -> None:
    bad = tmp_path / "bad.xml"
    text = LETTER.read_text(encoding="utf-8")
    bad.write_text(text.replace("<title>Zetter<", "<title>Letter<"), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "conformance", "check", str(LETTER), str(bad)),
            *("--profile", "zz", "--profiles-folder", str(FOLDER), "--format", "json"),
        ],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    files = {Path(one["path"]).name: one for one in json.loads(done.stdout)["files"]}
    assert files["letter.xml"]["verdict"] == "pass", files["letter.xml"]
    assert "zz-cda-002" in {f["rule"] for f in files["bad.xml"]["findings"]}


def test_the_profile_can_be_used() -> None:
    done = gateway("profile", "check", "zz", "--folder", str(FOLDER))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Zedland health exchange" in done.stdout


def test_no_code_knows_zedland() -> None:
    known = re.compile(r"zedland|2\.999\.26\b|zz-cda", re.IGNORECASE)
    for package in ("gateway", "conformance", "profiles"):
        for path in (ROOT / package).rglob("*"):
            if path.suffix in (".py", ".toml", ".tsv", ".sch"):
                assert not known.search(path.read_text(encoding="utf-8")), path
