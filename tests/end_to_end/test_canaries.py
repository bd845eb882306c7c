"""What a gateway logs and shows to everybody has no word of a patient in it (C12)."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.server import gateway, running_gateway
from tests.shared import ROOT
from tests.waiting import PATIENCE

LETTER = ROOT / "samples" / "cda" / "fr-03-consultation-texte.xml"
CANARIES = ("CANARIVIERE", "canari-du-medecin", "2.999.77.66.55", "le canari tousse")
FHIR = {"content-type": "application/fhir+json"}


def planted() -> str:
    """A letter with canaries for the patient, the doctor, the document and what it says."""
    name, doctor, document, words = CANARIES
    text = LETTER.read_text(encoding="utf-8")
    for old, new in (
        ("</title>", f" {words}</title>"),
        ("<family", f"<given>{doctor}</given><family"),
        ("</family>", f" {name}</family>"),
    ):
        assert old in text
        text = text.replace(old, new)
    start = text.index("<id ")
    end = text.index("/>", start) + 2
    return f'{text[:start]}<id root="{document}"/>{text[end:]}'


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_word_of_a_patient_is_logged_or_shown_to_everybody(tmp_path: Path, form: str) -> None:
    letter = tmp_path / "letter.xml"
    letter.write_text(planted(), encoding="utf-8")
    name, *_ = CANARIES
    with running_gateway(tmp_path, GATEWAY_LOG_FORMAT=form, GATEWAY_LOG_LEVEL="info") as server:
        done = gateway("submit", "--to", server.repository, str(letter))
        assert done.returncode == 0, done.stdout + done.stderr
        assert CANARIES[2] in done.stdout
        with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as http:
            for path in (
                f"/fhir/DocumentReference?author.family={name}",
                f"/fhir/DocumentReference?wrong={name}",
                f"/fhir/DocumentReference?patient.identifier={name}|{name}",
                f"/fhir/DocumentReference/{name}",
                f"/fhir/Patient?family={name}&birthdate={name}",
                f"/{name}",
            ):
                http.get(path)
            broken = base64.b64encode(letter.read_bytes()[:-40]).decode()
            for body in (
                f'{{"resourceType": "{name}"}}',
                f'{{"resourceType": "Bundle", "type": "transaction", "id": "{name}", "{name}": 1',
                f'{{"resourceType": "Patient", "name": [{{"family": "{name}"}}], "birthDate": 1}}',
                f'{{"resourceType": "Binary", "contentType": "text/xml", "data": "{broken}"}}',
            ):
                for path in (
                    "/fhir",
                    "/fhir/Patient",
                    "/fhir/DocumentReference",
                    "/fhir/$validate",
                ):
                    http.post(path, content=body, headers=FHIR)
            for door in (server.registry, server.repository):
                for octets in (letter.read_bytes(), letter.read_bytes()[:-40], name.encode()):
                    kind = {"content-type": f'application/soap+xml; action="urn:{name}"'}
                    http.post(door, content=octets, headers=kind)
            shown = "".join(
                http.get(path).text
                for path in ("/", "/health/live", "/health/ready", "/metrics", "/fhir/metadata")
            )
    told = server.log.read_text() + server.printed.read_text() + shown
    assert [canary for canary in CANARIES if canary in told] == []
