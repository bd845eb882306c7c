"""The guide's own examples: each request answered as the guide says, each answer of our shape.

The examples lean on resources their server had: a patient, two documents, a folder. The tests bring
these first, and put the ids this server gave them where the examples have the guide's.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.model.vocabulary import DocumentEntryType
from tests.model import examples
from tests.shared import ROOT, shared
from tests.web.conftest import Open
from tests.web.messages import FHIR, binary, bundle, concept, entry, soap, submission_list, urn
from tests.web.structure import missing

FOLDER = "data/ihe/mhd/examples"
SUBJECT = {"reference": "Patient/ex-patient"}
NUMBER = {"system": "urn:oid:2.999.1.10", "value": "7001"}
DOCUMENTS = ("ex-documentreference", "ex-DocumentReferenceComprehensive")


def read(name: str) -> dict[str, Any]:
    """Give one example."""
    found: dict[str, Any] = json.loads((shared(FOLDER) / name).read_text())
    return found


@dataclass
class Desk:
    """A server the examples can be sent to.

    Attributes:
        names: The ids this server gave to what the examples refer to by the guide's ids.
    """

    client: TestClient
    names: dict[str, str]

    def post(self, path: str, resource: dict[str, Any]) -> Any:
        text = json.dumps(resource)
        for guides, ours in self.names.items():
            text = text.replace(f'"{guides}"', f'"{ours}"')
        return self.client.post(path, content=text, headers=FHIR)


@pytest.fixture
def desk(open_gateway: Open) -> Desk:
    """A server with the patients, documents and folder the examples take for granted."""
    shared(FOLDER)
    client = open_gateway(public_url="http://example.org")
    client.base_url = "http://example.org"
    patient = read("Patient-ex-patient.json") | {"identifier": [NUMBER]}
    for name in ("ex-patient", "fdoc-patient"):
        number = NUMBER | {"value": f"7{name[0]}"} if name != "ex-patient" else NUMBER
        known = patient | {"id": name, "identifier": [number]}
        put = client.put(f"/fhir/Patient/{name}", content=json.dumps(known), headers=FHIR)
        assert put.status_code == 201, put.text
    names: dict[str, str] = {}
    for number, name in enumerate(DOCUMENTS, 1):
        what = bundle(
            submission_list(f"2.999.5.{number}", urn(2), subject=SUBJECT),
            *_minimal(f"2.999.4.{number}", b"Hello World", number=2),
            profile="Minimal",
        )
        answer = client.post("/fhir", content=json.dumps(what), headers=FHIR)
        assert answer.status_code == 200, answer.text
        location = answer.json()["entry"][1]["response"]["location"]
        names[f"DocumentReference/{name}"] = location
    folder = _folder(names["DocumentReference/ex-documentreference"])
    what = bundle(submission_list("2.999.5.9", urn(6), subject=SUBJECT), folder)
    answer = client.post("/fhir", content=json.dumps(what), headers=FHIR)
    assert answer.status_code == 200, answer.text
    names["List/ex-list"] = answer.json()["entry"][1]["response"]["location"]
    return Desk(client, names)


def _minimal(unique_id: str, content: bytes, *, number: int) -> list[dict[str, Any]]:
    resource = {
        "resourceType": "DocumentReference",
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{unique_id}"},
        "status": "current",
        "subject": SUBJECT,
        "content": [{"attachment": {"contentType": "text/plain", "url": urn(number + 1)}}],
    }
    return [entry(resource, urn(number)), binary(content, number=number + 1)]


def _folder(member: str) -> dict[str, Any]:
    made = submission_list("2.999.8.1", member, number=6, subject=SUBJECT, title="Folder")
    types = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
    made["resource"]["code"] = concept(types, "folder")
    made["resource"]["extension"] = made["resource"]["extension"][:1]
    return made


# --- Requests ----------------------------------------------------------------------------------

Repair = Callable[[dict[str, Any]], None]


def _right_size(example: dict[str, Any]) -> None:
    example["entry"][2]["resource"]["content"][0]["attachment"]["size"] = 23


@dataclass(frozen=True)
class Request:
    """One example that is a request, and what the guide has a server answer.

    Attributes:
        refused: XDS code and place, where the example breaks a rule of the guide.
        reason: That rule.
        repair: What makes it keep the rule; then it is accepted.
    """

    file: str
    path: str
    status: int
    refused: tuple[str, str] | None = None
    reason: str = ""
    repair: Repair | None = None


REQUESTS = (
    Request("Bundle-ex-minimalProvideDocumentBundleSimple.json", "/fhir", 200),
    Request("Bundle-ex-unContainedComprehensiveProvideDocumentBundleComplete.json", "/fhir", 200),
    Request("Bundle-ex-comprehensiveProvideDocumentBundleDocument.json", "/fhir", 200),
    Request("Bundle-ex-ProvideDocumentBundle-addToFolder.json", "/fhir", 200),
    Request(
        "Bundle-ex-comprehensiveProvideDocumentBundleReplace.json",
        "/fhir",
        422,
        refused=("XDSRepositoryMetadataError", "Bundle.entry[2].resource.size"),
        reason="2:3.65.4.1.2.1: size measures the raw artifact; 24 is said of 23 octets",
        repair=_right_size,
    ),
    Request(
        "Bundle-ex-dummyBundleDocAndBinary.json",
        "/fhir",
        422,
        refused=("XDSRegistryMetadataError", "Bundle.entry"),
        reason="2:3.65.4.1.2.1: a bundle shall create a SubmissionSet; this is the start of one",
    ),
    Request(
        "DocumentReference-ex-DocumentReferenceSimplifiedPublish.json",
        "/fhir/DocumentReference",
        201,
    ),
    Request(
        "Parameters-ex-input-doc-bundle.json", "/fhir/DocumentReference/$generate-metadata", 200
    ),
)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: r.file)
def test_each_request_of_the_guide_is_answered_as_the_guide_says(
    desk: Desk, request_: Request
) -> None:
    example = read(request_.file)
    answer = desk.post(request_.path, example)
    assert answer.status_code == request_.status, answer.text
    if request_.refused is not None:
        issues = [
            (i["details"]["coding"][0]["code"], i.get("expression", [""])[0])
            for i in answer.json()["issue"]
            if i["severity"] == "error"
        ]
        assert request_.reason
        assert request_.refused in issues
        if request_.repair is None:
            return
        assert issues == [request_.refused]
        request_.repair(example)
        answer = desk.post(request_.path, example)
        assert answer.status_code == 200, answer.text
    if example["resourceType"] != "Bundle":
        return
    told = answer.json()["entry"]
    assert len(told) == len(example["entry"])
    for sent, got in zip(example["entry"], told, strict=True):
        if sent["request"]["method"] == "POST":
            place = got["response"]["location"]
            kind = sent["request"]["url"]
            assert place.partition("/")[0] == {"Bundle": "Binary"}.get(kind, kind)
            assert desk.client.get(f"/fhir/{place}").status_code == 200


def test_what_the_examples_publish_does_what_they_are_about(desk: Desk) -> None:
    added = read("Bundle-ex-ProvideDocumentBundle-addToFolder.json")
    answer = desk.post("/fhir", added).json()["entry"]
    folder = desk.client.get(f"/fhir/{answer[2]['response']['location']}").json()
    assert {e["item"]["reference"] for e in folder["entry"]} == {
        answer[1]["response"]["location"],
        desk.names["DocumentReference/ex-DocumentReferenceComprehensive"],
    }
    # The same folder, put again with a further document, takes it in.
    again = json.loads(json.dumps(added).replace(".46352", ".46399").replace(".62012", ".62099"))
    second = desk.post("/fhir", again)
    assert second.status_code == 200, second.text
    assert second.json()["entry"][2]["response"]["status"] == "200 OK"
    folder = desk.client.get(f"/fhir/{answer[2]['response']['location']}").json()
    assert len(folder["entry"]) == 3

    replace = read("Bundle-ex-comprehensiveProvideDocumentBundleReplace.json")
    _right_size(replace)
    text = json.dumps(replace).replace(".62012", ".62013")
    assert desk.post("/fhir", json.loads(text)).status_code == 200
    old = desk.names["DocumentReference/ex-documentreference"]
    assert desk.client.get(f"/fhir/{old}").json()["status"] == "superseded"


# --- Answers -----------------------------------------------------------------------------------

_TAGS = {"meta.security.code", "meta.security.system"}
_NARRATIVE = {"text.status", "text.div"}

REASONS = {
    "meta.security.code": "a mark of the guide's examples; XDS has no tag of the resource itself, "
    "and a remark says so when one is published",
    "meta.security.system": "as above",
    "text.status": "a narrative is made from the elements; XDS keeps the elements",
    "text.div": "as above",
    "id": "an answer Bundle needs none",
    "timestamp": "optional in R4; the answer is not kept",
    "entry.response.lastModified": "optional; the entity tag says the version, a read its time",
    "authenticator.reference": "legalAuthenticator is an XCN: a person with neither number nor "
    "name cannot be one, and a remark says so",
    "content.attachment.creation": "an on-demand entry of XDS has no creationTime (ITI TF-3: "
    "Table 4.2.3.2-1)",
    "identifier(entryUUID).use": "4.2.4 tells the identifiers apart by type; use is understood "
    "and not written",
    "identifier(uniqueId).use": "as above",
}
"""Every element of an example that our answer leaves out, and why."""


NAMELESS_SENDER = {
    "List-ex-compSubmissionSetFull.json": {
        "source.reference",
        "contained(Practitioner).telecom.system",
        "contained(Practitioner).telecom.value",
    }
}
"""A sender with an address, no name and no number, who writes for an organization: in XDS the
author is that organization, with that address, and so it comes back."""


def differences(example: dict[str, Any], ours: dict[str, Any]) -> set[str]:
    """The elements of an example that are missing without a reason."""
    profiles = example.get("meta", {}).get("profile", [])
    assert set(profiles) <= set(ours["meta"].get("profile", profiles))
    return {
        path
        for path in missing(example, ours)
        if path.removeprefix("entry(List).resource.") not in REASONS
    }


def stored(desk: Desk, example: dict[str, Any], *, profile: str) -> dict[str, Any]:
    """Publish an example DocumentReference with a document of its own; read it back."""
    sent = copy.deepcopy(example)
    attachment = sent["content"][0]["attachment"]
    content = b"x" * 190
    attachment["url"] = urn(3)
    if "hash" in attachment:
        digest = hashlib.sha1(content, usedforsecurity=False).digest()
        attachment.update(size=len(content), hash=base64.b64encode(digest).decode())
    sent.setdefault("subject", SUBJECT)
    what = bundle(
        submission_list("2.999.5.20", urn(2), subject=SUBJECT),
        entry(sent, urn(2)),
        binary(content, number=3),
        profile=profile,
    )
    answer = desk.post("/fhir", what)
    assert answer.status_code == 200, answer.text
    place = answer.json()["entry"][1]["response"]["location"]
    found: dict[str, Any] = desk.client.get(f"/fhir/{place}").json()
    return found


@pytest.mark.parametrize(
    ("file", "profile"),
    [
        ("DocumentReference-ex-DocumentReferenceComprehensive.json", "Comprehensive"),
        ("DocumentReference-ex-DocumentReferenceMinimal.json", "Minimal"),
    ],
)
def test_a_document_reference_of_the_guide_is_given_out_in_its_shape(
    desk: Desk, file: str, profile: str
) -> None:
    example = read(file)
    assert differences(example, stored(desk, example, profile=profile)) == set()


def test_an_uncontained_document_reference_comes_back_contained(desk: Desk) -> None:
    example = read("DocumentReference-ex-DocumentReferenceUnContainedFully.json")
    ours = stored(desk, example, profile="UnContained.Comprehensive")
    assert ours["meta"]["profile"][0].endswith(".Comprehensive.DocumentReference")
    assert {r["resourceType"] for r in ours["contained"]} == {"Practitioner", "Patient"}
    assert missing(example, ours) - REASONS.keys() == set()


def test_an_on_demand_document_reference_is_given_out_in_its_shape(desk: Desk) -> None:
    example = read("DocumentReference-ex-DocumentReferenceComprehensiveOnDemand.json")
    on_demand = examples.entry(
        "d1",
        "2.999.4.30",
        object_type=DocumentEntryType.ON_DEMAND.value,
        creation_time=None,
        hash=None,
        size=None,
        author=(),
        title=(),
    )
    what = examples.submission(on_demand, unique_id="2.999.5.30")
    action = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"
    soap(desk.client, "registry", action, write_submit_objects(what))
    found = desk.client.get("/fhir/DocumentReference?identifier=urn:oid:2.999.4.30").json()
    ours = found["entry"][0]["resource"]
    # XDS knows no creationTime of what is made on demand, and MHD asks for one: no claim, then.
    assert example["meta"].pop("profile") != ours["meta"]["profile"]
    assert differences(example, ours) == set()
    attachment = ours["content"][0]["attachment"]
    assert not {"hash", "size", "creation"} & attachment.keys()


@pytest.mark.parametrize(
    "file",
    [
        "List-ex-compEmailPackage.json",
        "List-ex-compSubmissionSetFull.json",
        "List-ex-compSubmissionSetList.json",
        "List-ex-minimalFolder.json",
    ],
)
def test_a_list_of_the_guide_is_given_out_in_its_shape(desk: Desk, file: str) -> None:
    example = read(file)
    sent = copy.deepcopy(example)
    sent.setdefault("subject", SUBJECT)
    entries = [entry(sent, urn(5))]
    if file == "List-ex-minimalFolder.json":
        entries.append(submission_list("2.999.5.40", urn(5), urn(7), subject=SUBJECT))
    documents = _minimal("2.999.4.40", b"new", number=7)
    # A submission brings its folder; one that is registered already it cannot hold.
    sent["entry"] = [e for e in sent["entry"] if "List" not in e["item"]["reference"]]
    if len(sent["entry"]) < len(example["entry"]):
        sent["entry"].append({"item": {"reference": urn(6)}})
        entries.append(_folder(desk.names["DocumentReference/ex-documentreference"]))
        entries[-1]["resource"]["identifier"][0]["value"] = "urn:oid:2.999.8.40"
    sent["entry"].append({"item": {"reference": urn(7)}})
    answer = desk.post("/fhir", bundle(*entries, *documents, profile="Minimal"))
    assert answer.status_code == 200, answer.text
    number = next(n for n, e in enumerate(entries) if e["resource"] is sent)
    place = answer.json()["entry"][number]["response"]["location"]
    ours = desk.client.get(f"/fhir/{place}").json()
    assert differences(example, ours) == NAMELESS_SENDER.get(file, set())


def test_the_answer_to_a_list_search_has_the_shape_of_the_guides(desk: Desk) -> None:
    example = read("Bundle-ex-findDocumentListsResponse.json")
    query = "patient=Patient/ex-patient&code=folder&status=current"
    ours = desk.client.get(f"/fhir/List?{query}").json()
    resource = ours["entry"][0]["resource"]
    assert resource["code"]["coding"][0]["code"] == "folder"
    assert {
        path
        for path in missing(example, ours)
        if path.removeprefix("entry(List).resource.") not in REASONS
        and not path.startswith("meta.")
    } == set()


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        (
            "Bundle-ex-response-comprehensiveProvideDocumentBundleComplete.json",
            ["List", "List", "DocumentReference", "Binary"],
        ),
        (
            "Bundle-ex-response-comprehensiveProvideDocumentBundleSimple.json",
            ["List", "DocumentReference", "Binary"],
        ),
        (
            "Bundle-ex-response-minimalProvideDocumentBundleSimpleContained.json",
            ["List", "DocumentReference", "Binary"],
        ),
    ],
)
def test_the_answer_to_a_bundle_has_the_shape_of_the_guides(
    desk: Desk, file: str, kinds: list[str]
) -> None:
    example = read(file)
    entries = [submission_list("2.999.5.50", urn(2), subject=SUBJECT)]
    if kinds.count("List") == 2:
        entries[0]["resource"]["entry"].append({"item": {"reference": urn(6)}})
        entries.append(_folder(urn(2)))
        entries[1]["resource"]["identifier"][0]["value"] = "urn:oid:2.999.8.50"
    documents = _minimal("2.999.4.50", b"new", number=2)
    answer = desk.post("/fhir", bundle(*entries, *documents, profile="Minimal"))
    assert answer.status_code == 200, answer.text
    ours = answer.json()
    assert ours["meta"]["profile"] == example["meta"]["profile"]
    assert missing(example, ours) - REASONS.keys() == set()
    told = [e["response"]["location"].partition("/")[0] for e in ours["entry"]]
    assert told == kinds
    assert [e["response"]["status"] for e in ours["entry"]] == [
        e["response"]["status"] for e in example["entry"]
    ]


def test_a_document_asked_for_as_a_resource_is_a_binary_of_the_guides_shape(desk: Desk) -> None:
    example = read("Binary-ex-binary.json")
    name = desk.names["DocumentReference/ex-documentreference"].partition("/")[2]
    answer = desk.client.get(f"/fhir/Binary/{name}", headers={"accept": "application/fhir+json"})
    assert missing(example, answer.json()) - REASONS.keys() == set()
    assert answer.json()["data"] == example["data"]


ELSEWHERE = {
    "Patient-ex-patient.json": "whom the examples are about; the desk brings it",
    "Organization-ex-organization.json": "an author elsewhere, named by its address",
    "DocumentReference-ex-documentreference2.json": "a stand-in other examples refer to: it has "
    "no patient, no url and no identifier, so no MHD profile and no answer",
}
"""Examples that are neither a request to us nor an answer of ours, and what they are."""


def test_every_example_of_the_guide_is_looked_at() -> None:
    files = {path.name for path in shared(FOLDER).glob("*.json")}
    here = (ROOT / "tests/web/test_guide_examples.py").read_text()
    forgotten = {
        name
        for name in files
        # Audit messages are not answers of this face; they have tests of their own.
        if not name.startswith("AuditEvent-") and f'"{name}"' not in here
    }
    assert forgotten == set()
