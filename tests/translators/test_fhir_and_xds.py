"""Messages of others through the translators: what arrives, what is named, what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from gateway.errors import Refused
from gateway.model.association import Association
from gateway.model.datatypes import Identifier, LocalizedString, Slot
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from gateway.profile import read_profile
from gateway.translators import (
    EnclosedDocument,
    Package,
    XdsForm,
    as_model,
    from_fhir,
    from_xds,
    to_fhir,
    to_resource,
    to_xds,
)
from tests.shared import ROOT, shared

NAMING = read_profile("ihe", ROOT / "profiles").naming
NOTE = ROOT / "samples/submissions/en-02-consultation-note-pdf.mtom"
BUNDLES = sorted((shared("data/ihe/mhd/examples")).glob("Bundle-*rovide*.json"))


def told(findings: Any) -> dict[str, str]:
    return {finding.location: finding.rule for finding in findings}


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_every_published_bundle_is_read_and_written_as_fhir_again(path: Path) -> None:
    if "response" in path.name:
        pytest.skip("an answer, which holds no objects")
    read = from_fhir(path.read_bytes(), NAMING, patient_id=Identifier.of("1", "2.999.1"))
    Bundle.model_validate(to_fhir(read.value, NAMING).value)
    message = to_xds(read.value).value
    again = from_xds(message.recorded).value
    assert again.submission == read.value.submission
    assert again.documents == read.value.documents


def test_what_a_bundle_says_of_others_than_documents_is_named() -> None:
    bundle = json.loads(
        (
            shared("data/ihe/mhd/examples") / "Bundle-ex-minimalProvideDocumentBundleSimple.json"
        ).read_bytes()
    )
    (number,) = [
        n for n, e in enumerate(bundle["entry"]) if e["resource"]["resourceType"] == "Patient"
    ]
    findings = told(from_fhir(bundle, NAMING).findings)
    assert findings[f"Bundle.entry[{number}]"] == "not-carried"


def test_a_searchset_becomes_an_answer_and_comes_back() -> None:
    path = shared("reference/examples/iti67-searchset.json")
    read = from_fhir(path.read_bytes(), NAMING)
    assert read.value.is_answer
    answer = to_xds(read.value)
    assert b"AdhocQueryResponse" in answer.value.octets
    assert from_xds(answer.value.octets).value.submission == read.value.submission


def test_one_resource_alone_is_placed_by_its_own_name() -> None:
    package = from_xds(NOTE.read_bytes()).value
    entry = package.submission.document_entries[0]
    written = to_resource(entry, NAMING).value
    read = from_fhir({**written, "docStatus": "final", "custodian": {"display": "x"}}, NAMING)
    assert {"DocumentReference.docStatus", "DocumentReference.custodian"} <= set(
        told(read.findings)
    )
    assert read.value.submission.document_entries[0].unique_id == entry.unique_id


def test_a_document_inside_a_resource_comes_along() -> None:
    package = from_xds(NOTE.read_bytes()).value
    written = to_resource(package.submission.document_entries[0], NAMING).value
    written["content"][0]["attachment"]["data"] = "QUJD"
    (document,) = from_fhir(written, NAMING).value.documents
    assert document.content == b"ABC"


def test_what_only_ebrim_can_say_is_named() -> None:
    package = from_xds(NOTE.read_bytes()).value
    update = Association(
        entry_uuid="as9",
        association_type=AssociationType.UPDATE_AVAILABILITY_STATUS,
        source_object=package.submission.submission_set.entry_uuid,
        target_object="urn:uuid:00000000-0000-4000-8000-000000000001",
        new_status="x",
    )
    link = replace(package.submission.associations[0], extra=(Slot("urn:x", ("y",)),))
    submission = replace(package.submission, associations=(link, update))
    findings = told(to_fhir(replace(package, submission=submission), NAMING).findings)
    assert any(place.startswith("Association[as9]") for place in findings)
    assert f"Association[{link.entry_uuid}].extra[0]" in findings or (
        f"Association[{link.entry_uuid}].extra" in findings
    )


def test_a_document_nobody_describes_is_named() -> None:
    package = from_xds(NOTE.read_bytes()).value
    stray = EnclosedDocument(entry_id="stray", content_type="text/plain", content=b"x")
    more = replace(package, documents=(*package.documents, stray))
    assert told(to_fhir(more, NAMING).findings)["Document[stray]"] == "document-described"


def test_documents_left_out_by_a_form_are_named() -> None:
    package = from_xds(NOTE.read_bytes()).value
    findings = told(to_xds(package, XdsForm.REGISTER).findings)
    assert findings[f"Document[{package.documents[0].entry_id}]"] == "not-carried"


def test_a_character_xml_cannot_hold_is_an_error_with_its_place() -> None:
    package = from_xds(NOTE.read_bytes()).value
    entry = package.submission.document_entries[0]
    odd = replace(entry, title=(LocalizedString("a\x01b"),))
    submission = replace(package.submission, document_entries=(odd,))
    written = to_xds(replace(package, submission=submission))
    assert not written.is_complete
    assert "Submission.document_entries[0].title[0].value" in told(written.findings)
    back = from_xds(written.value.recorded).value.submission.document_entries[0]
    assert back.title[0].value == "ab"


def test_an_envelope_whose_parts_stayed_behind_gives_its_metadata() -> None:
    read = from_xds(shared("reference/examples/iti41-request.xml").read_bytes())
    assert len(read.value.submission.document_entries) == 1
    assert "document-given" in told(read.findings).values()


def test_the_same_package_gives_the_same_octets() -> None:
    package = from_xds(NOTE.read_bytes()).value
    assert to_xds(package).value == to_xds(package).value


def test_an_empty_answer_is_told() -> None:
    read = from_fhir(b'{"resourceType": "Bundle", "type": "searchset"}', NAMING)
    assert read.value == Package(submission=Submission(), is_answer=True)
    assert told(read.findings) == {"Bundle.entry": "no-objects"}


@pytest.mark.parametrize(
    "octets", [b"", b"{}", b"<a/>", b"--x\r\n", b"Content-Type: text/plain\r\n\r\nhello", b"<a"]
)
def test_what_is_no_xds_message_is_refused(octets: bytes) -> None:
    with pytest.raises(Refused):
        from_xds(octets)


def test_a_model_of_the_library_is_the_same_resource() -> None:
    bundle = to_fhir(from_xds(NOTE.read_bytes()).value, NAMING).value
    model = as_model(bundle)
    assert from_fhir(model, NAMING) == from_fhir(bundle, NAMING)


def test_the_fhir_library_is_loaded_only_when_it_is_asked_for() -> None:
    program = "import sys, gateway.translators; print('fhir.resources' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "False"
