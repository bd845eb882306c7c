"""`gateway submit` against a running gateway: what it looks up, sends and says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server import RunningGateway, environment, gateway
from tests.shared import ROOT
from tests.waiting import PATIENCE

SAMPLES = ROOT / "samples" / "cda"
LETTER = SAMPLES / "fr-03-consultation-texte.xml"


def submitted(server: RunningGateway, *arguments: object, status: int = 0) -> list[dict[str, Any]]:
    done = gateway("submit", "--json", "--to", server.repository, *(str(a) for a in arguments))
    assert done.returncode == status, done.stdout + done.stderr
    return list(json.loads(done.stdout))


def reference(server: RunningGateway, document: dict[str, Any]) -> dict[str, Any]:
    name = document["entry_uuid"].removeprefix("urn:uuid:")
    answer = httpx.get(f"{server.url}/fhir/DocumentReference/{name}", timeout=PATIENCE)
    assert answer.status_code == 200
    return dict(answer.json())


def changed(path: Path, folder: Path, **texts: str) -> Path:
    """A sample with other texts in it."""
    octets = path.read_text(encoding="utf-8")
    for old, new in texts.values():
        assert old in octets
        octets = octets.replace(old, new)
    target = folder / path.name
    target.write_text(octets, encoding="utf-8")
    return target


def test_a_document_that_says_so_replaces_its_predecessor(gateway_server: RunningGateway) -> None:
    first, second = submitted(
        gateway_server,
        SAMPLES / "fr-04-biologie-structuree.xml",
        SAMPLES / "fr-05-biologie-structuree-v2.xml",
    )
    assert (first["state"], second["state"]) == ("registered", "registered")
    assert reference(gateway_server, first["documents"][0])["status"] == "superseded"
    assert reference(gateway_server, second["documents"][0])["status"] == "current"


def test_a_replaced_document_of_elsewhere_is_a_warning(
    gateway_server: RunningGateway, tmp_path: Path
) -> None:
    path = tmp_path / "document.xml"
    text = (SAMPLES / "fr-05-biologie-structuree-v2.xml").read_text(encoding="utf-8")
    for old in ("2.999.37.2.4.2", "2.999.37.2.4.1"):
        assert old in text
        text = text.replace(old, old.replace("37.2.4", "38.2.4"))
    path.write_text(text, encoding="utf-8")
    (result,) = submitted(gateway_server, path)
    assert result["state"] == "registered"
    (warning,) = result["findings"]
    assert warning["severity"] == "warning"
    assert "does not have the replaced document 2.999.38.2.4.1" in warning["message"]


def test_a_document_is_replaced_by_option(gateway_server: RunningGateway, tmp_path: Path) -> None:
    (first,) = submitted(gateway_server, SAMPLES / "fr-08-prescription.xml")
    old = first["documents"][0]
    corrected = tmp_path / "corrected.xml"
    text = (SAMPLES / "fr-08-prescription.xml").read_text(encoding="utf-8")
    corrected.write_text(text.replace(old["unique_id"], "2.999.38.8.2"), encoding="utf-8")
    (second,) = submitted(gateway_server, corrected, "--replace", old["unique_id"])
    assert second["documents"][0]["unique_id"] == "2.999.38.8.2"
    assert reference(gateway_server, old)["status"] == "superseded"


def test_what_cannot_be_replaced_is_named(gateway_server: RunningGateway) -> None:
    (result,) = submitted(gateway_server, LETTER, "--replace", "2.999.404", status=1)
    assert result["state"] == "refused"
    assert "no document 2.999.404" in result["findings"][0]["message"]


def test_a_folder_is_made_once_and_filled_again(gateway_server: RunningGateway) -> None:
    patient = "urn:oid:2.999.1.1|ALBA-0001"
    files = sorted(SAMPLES.glob("en-*.xml"))
    submitted(gateway_server, files[0], "--folder", "Lungs & co")
    submitted(gateway_server, files[1], files[2], "--together", "--folder", "Lungs & co")
    answer = httpx.get(
        f"{gateway_server.url}/fhir/List",
        params={"patient.identifier": patient, "code": "folder"},
        timeout=PATIENCE,
    ).json()
    (folder,) = [entry["resource"] for entry in answer["entry"]]
    assert folder["title"] == "Lungs & co"
    assert len(folder["entry"]) == 3


def test_an_unknown_folder_is_named(gateway_server: RunningGateway) -> None:
    (result,) = submitted(gateway_server, LETTER, "--folder", "2.999.404", status=1)
    assert "no folder 2.999.404" in result["findings"][0]["message"]


def test_a_document_goes_into_the_record_one_names(gateway_server: RunningGateway) -> None:
    (result,) = submitted(gateway_server, LETTER, "--patient", "4711")
    assert result["documents"][0]["patient_id"] == "4711^^^&2.999.1.3&ISO"


def test_a_dry_run_sends_nothing() -> None:
    done = gateway("submit", "--dry-run", "--to", "http://127.0.0.1:9/repository", str(LETTER))
    assert done.returncode == 0, done.stderr
    assert "fr-03-consultation-texte.xml: described" in done.stdout
    assert "11488-4" in done.stdout


def test_one_submission_is_about_one_patient() -> None:
    done = gateway(
        "submit", "--together", str(LETTER), str(SAMPLES / "en-01-discharge-summary.xml")
    )
    assert done.returncode == 2
    assert "one patient" in done.stderr


def test_files_that_are_no_documents_are_all_named_and_nothing_is_sent(tmp_path: Path) -> None:
    pdf = tmp_path / "scan.pdf"
    pdf.write_bytes(b"%PDF-1.4\n")
    broken = tmp_path / "broken.xml"
    broken.write_text('<ClinicalDocument xmlns="urn:hl7-org:v3">')
    done = gateway("submit", str(pdf), str(broken), str(tmp_path / "absent.xml"), str(LETTER))
    assert done.returncode == 2
    for text in ("scan.pdf: ", "wrap a PDF", "broken.xml: ", "absent.xml: ", "Nothing was sent."):
        assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_document_without_what_the_profile_requires_is_not_sent(
    gateway_server: RunningGateway, tmp_path: Path
) -> None:
    path = tmp_path / "untyped.xml"
    text = (SAMPLES / "en-01-discharge-summary.xml").read_text(encoding="utf-8")
    start = text.index('<code code="18842-5"')
    end = text.index("/>", start) + 2
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    done = gateway("submit", "--to", gateway_server.repository, str(path))
    assert done.returncode == 1
    assert "untyped.xml: incomplete" in done.stdout
    assert "DocumentEntry.type_code" in done.stdout
    assert "fill in code" in done.stdout


def test_what_the_registry_refuses_is_told_with_the_file_s_name(
    gateway_server: RunningGateway, tmp_path: Path
) -> None:
    original = SAMPLES / "fr-09-lettre-de-liaison-sortie-pdf.xml"
    submitted(gateway_server, original)
    other = tmp_path / "other-octets.xml"
    other.write_bytes(original.read_bytes() + b"\n")
    done = gateway("submit", "--to", gateway_server.repository, str(other))
    assert done.returncode == 1
    assert "other-octets.xml: refused" in done.stdout
    assert "DocumentEntry[other-octets.xml].hash" in done.stdout
    assert "XDSNonIdenticalHash" in done.stdout


def test_a_gateway_that_is_not_there_is_told_so() -> None:
    done = gateway("submit", "--to", "http://127.0.0.1:9/xds/repository", str(LETTER))
    assert done.returncode == 1
    assert "is the gateway running?" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


# The high water mark of the command's own memory; what wait4 gives begins with its parent's.
MEASURED = """
import re, sys
from pathlib import Path
from gateway.cli import app
app(standalone_mode=False)
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_large_document_is_never_held(gateway_server: RunningGateway, tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    text = (SAMPLES / "en-02-consultation-note-pdf.xml").read_text(encoding="utf-8")
    text = text.replace("2.999.1.4.2.1", "2.999.1.4.9.1")
    start = text.index(">", text.index("<text ")) + 1
    end = text.index("</text>", start)
    with path.open("w", encoding="utf-8") as file:
        file.write(text[:start])
        for _ in range(128):
            file.write("QUJD" * (256 * 1024))
        file.write(text[end:])
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            MEASURED,
            "submit",
            "--json",
            "--to",
            gateway_server.repository,
            path,
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)
    assert result["state"] == "registered"
    assert result["documents"][0]["metadata"]["size"] == str(path.stat().st_size)
    assert result["documents"][0]["metadata"]["format_code"].startswith("urn:ihe:iti:xds-sd:pdf")
    # The interpreter and its libraries take some 70 MiB; the document is 128 MiB.
    assert int(done.stderr.split()[-1]) < 128 * 1024
