"""What a newcomer sees: the record is loaded, and the three printed commands work as pasted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from gateway.cli.invitations import tour
from tests.end_to_end.server import RunningGateway, environment, gateway, running_gateway
from tests.shared import ROOT
from tests.waiting import PATIENCE

SAMPLES = ROOT / "samples" / "cda"


@pytest.fixture(scope="module", params=["open", "known"])
def demonstration(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("demonstration")
    with running_gateway(folder, "--demo", "--patients", request.param) as server:
        yield server


def pasted(command: str) -> bytes:
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, cwd=ROOT, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_the_printed_commands_work_as_pasted(demonstration: RunningGateway) -> None:
    printed = demonstration.printed.read_text()
    commands = re.findall(r"^  # .*\n  (.*)$", printed, re.MULTILINE)
    assert len(commands) == 3
    submission, search, read = (pasted(command) for command in commands)
    assert "registered" in submission.decode()
    found = json.loads(search)
    assert (found["resourceType"], found["total"]) == ("Bundle", 3)
    assert read == (SAMPLES / "en-01-discharge-summary.xml").read_bytes()
    # The document just submitted is among those found, and can be read as well.
    addresses = [e["resource"]["content"][0]["attachment"]["url"] for e in found["entry"]]
    assert (SAMPLES / f"{tour('ihe').to_try}.xml").read_bytes() in [
        httpx.get(a, timeout=PATIENCE).content for a in addresses
    ]
    # Pasting a submission twice does no harm.
    assert "registered before" in pasted(commands[0]).decode()


def test_the_record_shows_folders_and_a_replacement(demonstration: RunningGateway) -> None:
    marguerite = "urn:oid:1.2.250.1.213.1.4.10|258043799904261"

    def search(kind: str, **parameters: str) -> list[dict[str, object]]:
        answer = httpx.get(
            f"{demonstration.url}/fhir/{kind}",
            params={"patient.identifier": marguerite, **parameters},
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", [])]

    assert len(search("DocumentReference", status="current")) == 10
    (replaced,) = search("DocumentReference", status="superseded")
    (replacement,) = (r for r in search("DocumentReference") if r.get("relatesTo"))
    assert replacement["relatesTo"][0]["code"] == "replaces"  # type: ignore[index]
    assert str(replaced["id"]) in json.dumps(replacement["relatesTo"])
    (folder,) = search("List", code="folder")
    assert folder["title"] == "Biologie"
    assert len(search("List", code="submissionset")) == 11


def test_loading_the_record_again_changes_nothing(demonstration: RunningGateway) -> None:
    def total() -> int:
        query = {"patient.identifier": "urn:oid:1.2.250.1.213.1.4.10|123093799900701"}
        answer = httpx.get(
            f"{demonstration.url}/fhir/DocumentReference", params=query, timeout=PATIENCE
        )
        return int(answer.json()["total"])

    before = total()
    done = gateway("demo", "--to", demonstration.url)
    assert done.returncode == 0, done.stderr
    assert "15 submissions" in done.stdout
    assert (before, total()) == (2, 2)


@pytest.fixture(scope="module")
def french_demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("french")
    with running_gateway(folder, "--demo", "--profile", "fr-dmp") as server:
        yield server


def test_the_record_of_a_country_has_its_own_documents_only(
    french_demonstration: RunningGateway,
) -> None:
    base = f"{french_demonstration.url}/fhir/DocumentReference"
    marguerite = {"patient.identifier": "urn:oid:1.2.250.1.213.1.4.10|258043799904261"}
    assert httpx.get(base, params=marguerite, timeout=PATIENCE).json()["total"] == 11
    alba = {"patient.identifier": "urn:oid:2.999.1.1|ALBA-0001"}
    assert httpx.get(base, params=alba, timeout=PATIENCE).json()["total"] == 0
    # Sent by hand, documents of no country are refused with a reason.
    done = gateway("demo", "--to", french_demonstration.url)
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert "en-01-discharge-summary is refused there: " in told
    assert "en-02-consultation-note-pdf is refused there: " in told
    assert "13 submissions" in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_the_commands_printed_for_a_country_work_as_pasted(
    french_demonstration: RunningGateway,
) -> None:
    printed = french_demonstration.printed.read_text()
    commands = re.findall(r"^  # .*\n  (.*)$", printed, re.MULTILINE)
    chosen = tour("fr-dmp")
    submission, search, read = (pasted(command) for command in commands)
    assert "registered" in submission.decode()
    assert json.loads(search)["total"] == 2
    assert read == (SAMPLES / "fr-12-vaccination-note.xml").read_bytes()
    assert chosen.to_try in commands[0]


def test_a_gateway_that_is_not_there_is_told_so() -> None:
    done = gateway("demo", "--to", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "is the gateway running?" in done.stderr
    assert "Traceback" not in done.stderr
