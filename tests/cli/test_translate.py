"""``gateway translate``: what it takes, what it writes, what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent
from typer.testing import CliRunner

from gateway.cli import app
from gateway.profile import read_profile
from gateway.translators import from_fhir, from_json, from_xds
from gateway.translators.consents import statement_from_json
from tests.shared import ROOT

RUN = CliRunner()
SUBMISSIONS = ROOT / "samples" / "submissions"
NOTE = SUBMISSIONS / "en-02-consultation-note-pdf.mtom"
VSM = ROOT / "samples" / "cda" / "fr-01-vsm.xml"
NAMING = read_profile("ihe", ROOT / "profiles").naming


def run(*arguments: object, stdin: bytes | None = None, status: int = 0) -> tuple[bytes, str]:
    result = RUN.invoke(app, ["translate", *map(str, arguments)], input=stdin)
    assert result.exit_code == status, result.output
    return result.stdout_bytes, result.stderr


def test_a_recorded_message_becomes_a_fhir_bundle() -> None:
    octets, told = run(NOTE, "--to", "fhir")
    Bundle.model_validate_json(octets)
    assert json.loads(octets)["type"] == "transaction"
    assert from_fhir(octets, NAMING).value.documents == from_xds(NOTE.read_bytes()).value.documents
    assert "submission_set_status: a FHIR document bundle cannot carry this" in told


def test_fhir_xml_is_read_and_written(tmp_path: Path) -> None:
    octets, _ = run(NOTE, "--to", "fhir", "--xml")
    assert octets.startswith(b"<?xml") or octets.startswith(b"<Bundle")
    again, _ = run("-", "--to", "fhir", "-q", stdin=octets)
    assert again == run(NOTE, "--to", "fhir", "-q")[0]
    consent, _ = run("-", "--to", "fhir", "--xml", stdin=json.dumps(STATEMENT).encode())
    statement, _ = run("-", "--to", "json", stdin=consent)
    assert statement_from_json(statement).value.choices


def test_quiet_says_errors_only() -> None:
    assert run(NOTE, "--to", "fhir", "--quiet")[1] == ""


def test_there_and_back_through_every_form(tmp_path: Path) -> None:
    first = from_xds(NOTE.read_bytes()).value
    previous: Path = NOTE
    for target in ("json", "fhir", "xds", "json"):
        path = tmp_path / f"{previous.stem}.{target}"
        run(previous, "--to", target, "-o", path)
        previous = path
    last = from_json(previous.read_bytes()).value
    assert last.documents == first.documents
    assert [e.unique_id for e in last.submission.document_entries] == [
        e.unique_id for e in first.submission.document_entries
    ]


def test_a_clinical_document_becomes_a_submission(tmp_path: Path) -> None:
    out = tmp_path / "vsm.mtom"
    run(VSM, "--to", "xds", "-o", out)
    package = from_xds(out.read_bytes()).value
    assert package.documents[0].content == VSM.read_bytes()
    (entry,) = package.submission.document_entries
    assert entry.format_code is not None and entry.format_code.code == "urn:asip:ci-sis:vsm:2012"


def test_a_message_gives_its_documents_and_what_they_wrap(tmp_path: Path) -> None:
    run(NOTE, "--to", "cda", "-o", tmp_path)
    (document,) = tmp_path.iterdir()
    source = ROOT / "samples" / "cda" / "en-02-consultation-note-pdf.xml"
    assert document.read_bytes() == source.read_bytes()
    octets, _ = run(source, "--to", "cda", "--body", "-o", tmp_path / "note.pdf")
    assert (tmp_path / "note.pdf").read_bytes().startswith(b"%PDF-")


def test_a_folder_gives_a_folder(tmp_path: Path) -> None:
    run(SUBMISSIONS, "--to", "json", "-o", tmp_path / "out", "-q")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"{path.stem}.json" for path in SUBMISSIONS.glob("*.mtom")}


def test_standard_input_is_read() -> None:
    octets, _ = run("-", "--to", "json", stdin=NOTE.read_bytes())
    assert from_json(octets).value == from_xds(NOTE.read_bytes()).value


def test_every_form_of_xds_can_be_asked_for() -> None:
    for form, root in (
        ("iti-41", b"ProvideAndRegisterDocumentSetRequest"),
        ("iti-42", b":Envelope"),
        ("request", b"<lcm:SubmitObjectsRequest"),
        ("response", b"<query:AdhocQueryResponse"),
    ):
        octets, _ = run(NOTE, "--to", "xds", "--form", form)
        assert root in octets


def test_all_findings_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"resourceType": "Bundle", "type": "transaction"}')
    (tmp_path / "b.txt").write_text("no message at all")
    (tmp_path / "c.json").write_text('{"submission_sets": 7, "folder": []}')
    _, told = run(tmp_path, "--to", "xds", "-o", tmp_path / "out", status=1)
    assert "a.json: error: Bundle.entry: expected one List" in told
    assert "b.txt: error: this is no message known here" in told
    assert "c.json: error: submission_sets: expected a list, found a number" in told
    assert "c.json: error: folder: there is no such member" in told


@pytest.mark.parametrize(
    "arguments",
    [
        (NOTE, "--to", "fhir", "--body"),
        (NOTE, "--to", "fhir", "--form", "iti-41"),
        (NOTE, "--to", "xds", "--xml"),
        (NOTE, VSM, "--to", "json"),
        (ROOT / "nowhere.xml", "--to", "json"),
        (NOTE, "--to", "fhir", "--profile", "atlantis"),
        (NOTE, "--to", "fhir", "--patient", "^^^"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(arguments: tuple[object, ...]) -> None:
    _, told = run(*arguments, status=2)
    assert told.strip()


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "note.mtom"
    path.write_bytes(NOTE.read_bytes())
    run(path, "--to", "json", "-o", path, status=2)
    assert path.read_bytes() == NOTE.read_bytes()


def test_a_name_in_a_message_leads_nowhere(tmp_path: Path) -> None:
    octets = NOTE.read_bytes()
    package = json.loads(run("-", "--to", "json", stdin=octets)[0])
    package["document_entries"][0]["unique_id"] = "../../../etc/passwd"
    inside = tmp_path / "in"
    inside.mkdir()
    run("-", "--to", "cda", "-o", inside, stdin=json.dumps(package).encode())
    assert [path.parent for path in tmp_path.rglob("*.xml")] == [inside]


STATEMENT = {
    "kind": "statement",
    "patient_id": "ALBA-0001^^^&2.999.1.1&ISO",
    "date_time": "20250114",
    "organization": "CLINIC-1^^^&2.999.1.3&ISO",
    "source": "2.999.9.1",
    "choices": [{"choice": "Emergency", "kind": "break-glass", "allowed": False}],
}


def test_a_choice_goes_through_consent_and_acknowledgment(tmp_path: Path) -> None:
    octets = json.dumps(STATEMENT).encode()
    consent, _ = run("-", "--to", "fhir", stdin=octets)
    Consent.model_validate_json(consent)
    document, _ = run("-", "--to", "cda", stdin=consent)
    again, _ = run("-", "--to", "json", stdin=document)
    assert statement_from_json(again) == statement_from_json(octets)
    message, _ = run("-", "--to", "xds", stdin=document)
    assert from_xds(message).value.documents[0].content == document


def test_a_consent_that_would_not_be_enforced_is_refused() -> None:
    consent = json.loads(run("-", "--to", "fhir", stdin=json.dumps(STATEMENT).encode())[0])
    consent["provision"]["class"] = [{"code": "Observation"}]
    octets, told = run("-", "--to", "cda", stdin=json.dumps(consent).encode(), status=1)
    assert octets == b""
    assert "Consent.provision.class: not implemented here, so it would not be enforced" in told
