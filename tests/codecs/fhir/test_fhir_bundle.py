"""Provide Document Bundles: good ones of every make, and each way to get one wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.codecs.fhir.bundle import read_provide_bundle
from gateway.errors import ErrorCode, Refused
from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import AssociationType
from tests.codecs.fhir.fhir_examples import (
    NAMING,
    bundle,
    document_entries,
    list_entry,
    places,
    provided,
)
from tests.shared import shared

ATTACHMENT = "entry/1/resource/content/0/attachment"
BASE = "http://127.0.0.1:8080/fhir"


def patient_entry() -> dict[str, Any]:
    return {
        "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000900",
        "resource": {
            "resourceType": "Patient",
            "identifier": [{"system": "urn:oid:2.999.1.10", "value": "7002"}],
            "name": [{"family": "MARTIN", "given": ["Camille"]}],
        },
        "request": {"method": "POST", "url": "Patient"},
    }


def test_a_good_bundle_becomes_a_submission_and_its_document() -> None:
    found = provided(bundle())
    assert found.findings == ()
    (entry,) = found.submission.document_entries
    assert (entry.unique_id, entry.mime_type) == ("2.999.4.1", "text/plain")
    assert entry.patient_id == Identifier("7001^^^&2.999.1.10&ISO")
    assert (entry.logical_id, entry.version) == (None, None)
    (document,) = found.documents
    assert (document.entry_id, document.content) == (entry.entry_uuid, b"Document 1")
    (member,) = found.submission.associations
    assert member.association_type == AssociationType.HAS_MEMBER
    assert member.submission_set_status == "Original"
    assert found.location(entry.entry_uuid) == "Bundle.entry[1].resource"


def test_a_patient_of_the_bundle_names_the_record() -> None:
    sent = bundle()
    sent["entry"].append(patient_entry())
    for entry in sent["entry"][:2]:
        entry["resource"]["subject"] = {"reference": sent["entry"][3]["fullUrl"]}
    found = provided(sent)
    assert found.findings == ()
    assert found.patient is not None and found.patient.family == "MARTIN"
    assert {e.patient_id for e in found.submission.document_entries} == {
        Identifier("7002^^^&2.999.1.10&ISO")
    }


@pytest.mark.parametrize("spelling", ["Patient/77", f"{BASE}/Patient/77", "Patient/77/_history/3"])
def test_a_patient_reference_is_left_to_the_actor_in_one_spelling(spelling: str) -> None:
    sent = bundle()
    for entry in sent["entry"][:2]:
        entry["resource"]["subject"] = {"reference": spelling}
    found = provided(sent, BASE)
    assert {p.reference for p in found.patients} == {"Patient/77"}
    resolved = found.with_patients({"Patient/77": Identifier("1^^^&2.999.1.10&ISO")}).submission
    assert resolved.submission_sets[0].patient_id == Identifier("1^^^&2.999.1.10&ISO")
    assert resolved.document_entries[0].patient_id == Identifier("1^^^&2.999.1.10&ISO")


@pytest.mark.parametrize(
    "reference", ["http://other.example/fhir/Patient/77", "Patient/%37", "Group/1", "77"]
)
def test_a_patient_nobody_can_find_is_named_with_its_place(reference: str) -> None:
    sent = bundle()
    sent["entry"][1]["resource"]["subject"] = {"reference": reference}
    assert places(provided(sent, BASE)) == ["Bundle.entry[1].resource.subject.reference"]


def test_two_patients_in_one_bundle_are_refused() -> None:
    sent = bundle()
    sent["entry"][0]["resource"]["subject"] = {"reference": "Patient/1"}
    sent["entry"][1]["resource"]["subject"] = {"reference": "Patient/2"}
    (finding,) = provided(sent).findings
    assert finding.code is ErrorCode.PATIENT_ID_DOES_NOT_MATCH


def test_the_source_patient_may_be_the_patient_of_the_record() -> None:
    sent = bundle()
    sent["entry"][1]["resource"]["context"] = {"sourcePatientInfo": {"reference": "Patient/77"}}
    found = provided(sent)
    assert found.findings == ()
    entry = found.with_patients({"Patient/77": Identifier("1^^^&2.9&ISO")}).submission
    assert entry.document_entries[0].source_patient_id == Identifier("1^^^&2.9&ISO")


def test_an_author_may_be_another_entry_of_the_bundle() -> None:
    sent = bundle()
    sent["entry"].append(
        {
            "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000800",
            "resource": {
                "resourceType": "Practitioner",
                "identifier": [{"system": "urn:oid:2.999.1.30", "value": "801"}],
                "name": [{"family": "DURAND", "given": ["Alice"]}],
            },
            "request": {"method": "POST", "url": "Practitioner"},
        }
    )
    sent["entry"][1]["resource"]["author"] = [{"reference": sent["entry"][3]["fullUrl"]}]
    found = provided(sent)
    assert found.findings == ()
    person = found.submission.document_entries[0].author[0].person
    assert person is not None and person.text == "801^DURAND^Alice^^^^^^&2.999.1.30&ISO"
    sent["entry"][1]["resource"]["author"] = [{"reference": "Practitioner/elsewhere"}]
    assert places(provided(sent)) == ["Bundle.entry[1].resource.author[0].reference"]
    sent["entry"][1]["resource"]["author"] = [
        {"reference": "Practitioner/elsewhere", "display": "Dr Durand"}
    ]
    assert places(provided(sent)) == []


def test_a_replacement_may_come_with_a_patch_of_the_old_document_or_without() -> None:
    sent = bundle()
    sent["entry"][1]["resource"]["relatesTo"] = [
        {"code": "replaces", "target": {"reference": "DocumentReference/old"}}
    ]
    without = provided(sent)
    assert without.findings == ()
    assert without.logical_ids == ("urn:uuid:old",)
    resolved = without.with_targets({"urn:uuid:old": "urn:uuid:new"}).submission
    assert resolved.associations[-1].target_object == "urn:uuid:new"
    patch = {
        "resource": {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "operation",
                    "part": [
                        {"name": "path", "valueString": "DocumentReference.status"},
                        {"name": "type", "valueCode": "replace"},
                        {"name": "value", "valueCode": "superseded"},
                    ],
                }
            ],
        },
        "request": {"method": "PATCH", "url": "DocumentReference/old"},
    }
    sent["entry"].append(patch)
    assert provided(sent).findings == ()
    assert provided(sent).entries[3].object_id == "urn:uuid:old"
    patch["request"] = {"method": "PATCH", "url": "DocumentReference/another"}
    assert places(provided(sent)) == ["Bundle.entry[3].request.url"]
    patch["request"] = {"method": "PATCH", "url": "DocumentReference/old"}
    patch["resource"]["parameter"][0]["part"][2]["valueCode"] = "entered-in-error"  # type: ignore[index]
    assert places(provided(sent)) == ["Bundle.entry[3].resource"]


def test_documents_can_join_a_folder_that_exists() -> None:
    sent = bundle()
    folder = list_entry("folder", 5, sent["entry"][1]["fullUrl"], "DocumentReference/old")
    folder["request"] = {"method": "PUT", "url": "List/f1"}
    sent["entry"].append(folder)
    sent["entry"][0]["resource"]["entry"].append({"item": {"reference": folder["fullUrl"]}})
    found = provided(sent)
    assert found.findings == ()
    assert found.submission.folders == ()
    links = [(a.source_object, a.target_object) for a in found.submission.associations]
    assert ("urn:uuid:f1", "entry-1") in links
    assert ("urn:uuid:f1", "urn:uuid:old") in links
    by_id = {a.entry_uuid: a for a in found.submission.associations}
    assert [by_id[m].target_object for m in found.memberships] == ["urn:uuid:old"]


def test_an_existing_document_joins_a_submission_set_by_reference() -> None:
    sent = bundle()
    sent["entry"][0]["resource"]["entry"].append({"item": {"reference": "DocumentReference/old"}})
    member = provided(sent).submission.associations[1]
    assert (member.target_object, member.submission_set_status) == ("urn:uuid:old", "Reference")


def _change(path: str, value: object) -> dict[str, Any]:
    sent = bundle()
    *way, last = path.split("/")
    spot: Any = sent
    for step in way:
        spot = spot[int(step)] if step.isdigit() else spot[step]
    if value is KeyError:
        del spot[last]
    elif isinstance(spot, list):
        spot[int(last)] = value
    else:
        spot[last] = value
    return sent


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("entry/1/request/method", "PUT", "[1].request.method"),
        ("entry/1/request/url", "List", "[1].request.url"),
        ("entry/1/request/url", "DocumentReference?identifier=1", "[1].request.url"),
        ("entry/2/fullUrl", "urn:uuid:00000000-0000-4000-8000-000000000201", "[2].fullUrl"),
        ("entry/0/resource/code", KeyError, "[0].resource.code"),
        ("entry/0/resource/entry/0/item", 7, "[0].resource.entry[0].item"),
        ("entry/0/resource/status", "draft", "[0].resource.status"),
        ("entry/0/resource/entry/0", None, "[0].resource.entry[0]"),
        ("entry/0/resource/entry/0/deleted", True, "[0].resource.entry[0].deleted"),
        ("entry/0/resource/date", "today", "[0].resource.date"),
        ("entry/1/resource/content", [], "[1].resource.content"),
        ("entry/1/resource/securityLabel", {}, "[1].resource.securityLabel"),
        ("entry/1/resource/securityLabel/0", {"text": "secret"}, "[1].resource.securityLabel[0]"),
        ("entry/1/resource/masterIdentifier/value", 7, "[1].resource.masterIdentifier.value"),
        ("entry/1/resource/type", "x", "[1].resource.type"),
        (
            "entry/1/resource/content/0/attachment/size",
            "11",
            "[1].resource.content[0].attachment.size",
        ),
        (
            "entry/1/resource/content/0/attachment/size",
            -1,
            "[1].resource.content[0].attachment.size",
        ),
        ("entry/1/resource/modifierExtension", [], "[1].resource.modifierExtension"),
        (
            "entry/1/resource/relatesTo",
            [{"code": "is", "target": {}}],
            "[1].resource.relatesTo[0].code",
        ),
        ("entry/2/resource/data", "no base64!", "[2].resource.data"),
        ("entry/2/resource/data", KeyError, "[2].resource.data"),
        ("entry/2/resource/contentType", KeyError, "[2].resource.contentType"),
        ("entry/2/resource/resourceType", "Observation", "[2].resource"),
        ("entry/2/resource/resourceType", "Bundle", "[2].resource.type"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, value: object, place: str) -> None:
    assert place.replace("[", "Bundle.entry[", 1) in places(provided(_change(path, value)))


def test_a_binary_nobody_describes_is_named() -> None:
    sent = bundle()
    sent["entry"].append(document_entries(2)[1])
    (finding,) = provided(sent).findings
    assert (finding.code, finding.location) == (
        ErrorCode.MISSING_DOCUMENT_METADATA,
        "Bundle.entry[3]",
    )


def test_two_submission_sets_are_refused() -> None:
    sent = bundle()
    sent["entry"].append(list_entry("submissionset", 3))
    assert "Bundle.entry" in places(provided(sent))


@pytest.mark.parametrize("message", [b"{}", b'{"resourceType":"Bundle","type":"batch"}'])
def test_a_message_that_is_no_transaction_is_refused_on_the_spot(message: bytes) -> None:
    with pytest.raises(Refused):
        read_provide_bundle(message, NAMING)


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        (b"", "json"),
        (b"[]", "json"),
        (b'{"a":1,"a":2}', "json"),
        (b'{"a":{"b":1,"b":1}}', "json"),
        (b'{"a":NaN}', "json"),
        (b'{"a":-Infinity}', "json"),
        (b'{"a":"\xff"}', "json-utf8"),
        (b'{"a":"\\ud800"}', "json-characters"),
        (b'{"a":["\\u0000"]}', "json-characters"),
        (b'{"\\b":1}', "json-characters"),
        (b'{"a":"\x01"}', "json"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "json-depth"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "json-depth"),
        (b'{"a":' + b"9" * 5000 + b"}", "json"),
        (b'{"a":[' + b"0," * 1_000_000 + b"0]}", "json-size"),
        (b'{"a":1} x', "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b"{" + b" " * 2000 + b"}", "json-size"),
    ],
)
def test_json_with_two_readings_or_too_much_of_it_is_refused(octets: bytes, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        read_provide_bundle(
            octets, NAMING, max_octets=1000 if rule == "json-size" and len(octets) < 5000 else None
        )
    assert [f.rule for f in refused.value.findings] == [rule]


def test_members_with_strange_names_are_just_members() -> None:
    sent = bundle()
    sent["__proto__"] = {"constructor": 1}
    sent["entry"][1]["resource"]["__class__"] = "x"
    assert [f.location for f in provided(sent).findings] == ["Bundle.entry[1].resource.__class__"]


@pytest.mark.parametrize(
    "name",
    [
        "minimalProvideDocumentBundleSimple",
        "comprehensiveProvideDocumentBundleReplace",
        "ProvideDocumentBundle-addToFolder",
    ],
)
def test_the_guides_own_examples_are_read_without_a_fault(name: str) -> None:
    octets = shared(f"data/ihe/mhd/examples/Bundle-ex-{name}.json").read_bytes()
    assert places(read_provide_bundle(octets, NAMING)) == []


def test_the_reference_sample_is_read_with_one_remark_on_what_xds_has_no_place_for() -> None:
    octets = shared("reference/examples/iti65-bundle.json").read_bytes()
    found = read_provide_bundle(octets, NAMING)
    assert [f.location for f in found.findings] == ["Bundle.entry[1].resource.date"]
    assert found.documents[0].content == b"Compte rendu de demonstration, sans donnee reelle.\n"
    json.loads(octets)


def test_what_should_be_meta_is_told_in_a_minimal_bundle_as_well() -> None:
    sent = bundle()
    sent["meta"] = {
        "profile": [
            "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"
        ]
    }
    sent["entry"][1]["resource"]["meta"] = 7
    assert "Bundle.entry[1].resource.meta" in places(provided(sent))
