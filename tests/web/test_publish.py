"""Publishing over FHIR: what a document bundle may ask for, and documents that come one by one."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import AssociationType
from tests.model import examples
from tests.web.messages import (
    APPROVED,
    DEPRECATED,
    FHIR,
    binary,
    bundle,
    concept,
    document_reference,
    entry,
    everything,
    publish,
    subject,
    submission_list,
    urn,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "cda"
LIST_TYPES = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"


def document(name: int, unique_id: str, content: bytes, **given: Any) -> list[dict[str, Any]]:
    """A DocumentReference and its Binary."""
    return [
        document_reference(unique_id, content, urn(name + 1), number=name, **given),
        binary(content, number=name + 1),
    ]


def folder(number: int, unique_id: str, *items: str, **given: Any) -> dict[str, Any]:
    """A folder entry."""
    made = submission_list(unique_id, *items, number=number)
    resource = made["resource"]
    resource["code"] = concept(LIST_TYPES, "folder")
    resource["title"] = "Pregnancy"
    resource["extension"] = resource["extension"][:1]
    resource.update(given)
    return made


def locations(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [e["response"].get("location", "") for e in answer.json()["entry"]]


def issues(answer: Any) -> list[tuple[str, str]]:
    """XDS code and place of each issue."""
    return [
        (i["details"]["coding"][0]["code"], i.get("expression", [""])[0])
        for i in answer.json()["issue"]
    ]


def warnings(answer: Any) -> list[str]:
    """The rules of all remarks in a transaction response."""
    return [
        i["details"]["text"]
        for e in answer.json()["entry"]
        for i in e["response"].get("outcome", {}).get("issue", ())
    ]


def first_document(client: TestClient, **given: Any) -> str:
    """Publish one document; give its location."""
    what = bundle(submission_list("2.999.5.1", urn(2)), *document(2, "2.999.4.1", b"one", **given))
    return locations(publish(client, what))[1]


def patch(number: int, target: str) -> dict[str, Any]:
    """The entry that supersedes a document."""
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "superseded"},
    ]
    resource = {
        "resourceType": "Parameters",
        "parameter": [{"name": "operation", "part": parts}],
    }
    made = entry(resource, urn(number), "PATCH")
    made["request"]["url"] = target
    return made


def replacement(
    old: str, *, with_patch: bool, set_id: str = "2.999.5.2", **given: Any
) -> dict[str, Any]:
    """A bundle whose document replaces another one."""
    relates = [{"code": "replaces", "target": {"reference": old}}]
    entries = [
        submission_list(set_id, urn(12), number=11),
        *document(12, "2.999.4.2", b"two", relatesTo=relates, **given),
    ]
    if with_patch:
        entries.insert(1, patch(14, old))
    return bundle(*entries)


# --- Replacement -------------------------------------------------------------------------------


@pytest.mark.parametrize("with_patch", [False, True])
def test_trap_23_a_replacement_comes_with_the_patch_or_without_and_does_all_xds_does(
    client: TestClient, with_patch: bool
) -> None:
    # The old document is in a folder and has an appendix.
    what = bundle(
        submission_list("2.999.5.1", urn(2), urn(6)),
        *document(2, "2.999.4.1", b"one"),
        folder(6, "2.999.8.1", urn(2)),
    )
    old = locations(publish(client, what))[1]
    appends = [{"code": "appends", "target": {"reference": old}}]
    appendix = bundle(
        submission_list("2.999.5.3", urn(22), number=21),
        *document(22, "2.999.4.3", b"more", relatesTo=appends),
    )
    locations(publish(client, appendix))

    elsewhere = {"identifier": {"system": "urn:oid:2.999.1.10", "value": "7002"}}
    other = replacement(old, with_patch=with_patch, subject=elsewhere)
    other["entry"][0]["resource"]["subject"] = elsewhere
    refused = publish(client, other)
    assert refused.status_code == 422
    assert "XDSPatientIdDoesNotMatch" in {code for code, _ in issues(refused)}

    answer = publish(client, replacement(old, with_patch=with_patch))
    told = locations(answer)
    assert len(told) == (4 if with_patch else 3)
    if with_patch:
        assert told[1] == old
        assert answer.json()["entry"][1]["response"]["status"] == "200 OK"
    kept = everything(client)
    status = {e.unique_id: e.availability_status for e in kept.document_entries}
    assert status == {"2.999.4.1": DEPRECATED, "2.999.4.2": APPROVED, "2.999.4.3": DEPRECATED}
    new = next(e for e in kept.document_entries if e.unique_id == "2.999.4.2")
    assert any(
        a.association_type == AssociationType.HAS_MEMBER
        and a.source_object == kept.folders[0].entry_uuid
        and a.target_object == new.entry_uuid
        for a in kept.associations
    )

    again = replacement(old, with_patch=with_patch, set_id="2.999.5.4")
    again["entry"][-2]["resource"]["masterIdentifier"]["value"] = "urn:oid:2.999.4.5"
    late = publish(client, again)
    assert late.status_code == 409
    assert "XDSRegistryDeprecatedDocumentError" in {code for code, _ in issues(late)}


def test_a_patch_of_a_document_that_nothing_replaces_is_refused(client: TestClient) -> None:
    old = first_document(client)
    what = bundle(
        submission_list("2.999.5.2", urn(12), number=11),
        *document(12, "2.999.4.2", b"two"),
        patch(14, old),
    )
    refused = publish(client, what)
    assert refused.status_code == 422
    assert issues(refused)[0] == (
        "XDSInvalidRequestException",
        "Bundle.entry[3].request.url",
    )
    assert everything(client).document_entries[0].availability_status == APPROVED


def test_the_replaced_document_may_be_named_by_its_identifier(client: TestClient) -> None:
    first_document(client)
    search = "DocumentReference?identifier=urn:ietf:rfc:3986|urn:oid:2.999.4.1"
    assert len(locations(publish(client, replacement(search, with_patch=True)))) == 4
    lost = replacement(search[:-1] + "99", with_patch=False, set_id="2.999.5.7")
    refused = publish(client, lost)
    assert refused.status_code == 422
    assert ("UnresolvedReferenceException", "Bundle.entry[1].resource.relatesTo[0]") in issues(
        refused
    )


# --- Folders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["id", "identifier", "condition", "absolute"])
def test_a_folder_put_again_takes_in_what_is_new(client: TestClient, way: str) -> None:
    what = bundle(
        submission_list("2.999.5.1", urn(2), urn(6)),
        *document(2, "2.999.4.1", b"one"),
        folder(6, "2.999.8.1", urn(2)),
    )
    what["entry"][3]["request"] = {"method": "PUT", "url": "List"}
    _, old, _, place = locations(publish(client, what))
    url = {
        "id": place,
        "identifier": "List",
        "condition": "List?identifier=urn:oid:2.999.8.1",
        "absolute": f"http://gateway.test/fhir/{place}",
    }[way]
    more = bundle(
        submission_list("2.999.5.2", urn(12), urn(16), number=11),
        *document(12, "2.999.4.2", b"two"),
        folder(16, "2.999.8.1", old, urn(12), title="Renamed"),
    )
    more["entry"][3]["request"] = {"method": "PUT", "url": url}
    answer = publish(client, more)
    assert locations(answer)[3] == place
    assert answer.json()["entry"][3]["response"]["status"] == "200 OK"
    assert "folder-unchanged" in warnings(answer)
    kept = everything(client)
    assert [f.title[0].value for f in kept.folders] == ["Pregnancy"]
    held = client.get(f"/fhir/{place}").json()
    assert len(held["entry"]) == 2
    assert held["entry"][0]["item"]["reference"] in (old, locations(answer)[1])


def test_a_folder_that_is_put_by_an_id_nobody_gave_is_refused(client: TestClient) -> None:
    what = bundle(
        submission_list("2.999.5.1", urn(2)),
        *document(2, "2.999.4.1", b"one"),
        folder(6, "2.999.8.1", urn(2)),
    )
    what["entry"][3]["request"] = {"method": "PUT", "url": "List/nobody"}
    refused = publish(client, what)
    assert refused.status_code == 422
    assert issues(refused) == [("UnresolvedReferenceException", "Bundle.entry[3].request.url")]


# --- Conditions --------------------------------------------------------------------------------


def test_what_exists_is_not_created_again_where_the_bundle_says_so(client: TestClient) -> None:
    old = first_document(client)
    what = bundle(
        submission_list("2.999.5.2", urn(12), urn(14), number=11),
        *document(12, "2.999.4.1", b"another one"),
        *document(14, "2.999.4.2", b"two"),
    )
    what["entry"][1]["request"]["ifNoneExist"] = "identifier=urn:ietf:rfc:3986%7Curn:oid:2.999.4.1"
    what["entry"][3]["request"]["ifNoneExist"] = "identifier=urn:oid:2.999.4.2"
    answer = publish(client, what)
    told = locations(answer)
    assert told[1] == old
    assert [e["response"]["status"][:3] for e in answer.json()["entry"]] == [
        "201",
        "200",
        "200",
        "201",
        "201",
    ]
    assert client.get(f"/fhir/{told[2]}").content == b"one"
    kept = everything(client)
    assert sorted(e.unique_id or "" for e in kept.document_entries) == ["2.999.4.1", "2.999.4.2"]
    members = client.get(f"/fhir/{told[0]}").json()["entry"]
    assert sorted(m["item"]["reference"] for m in members) == sorted([told[1], told[3]])


@pytest.mark.parametrize(
    ("bend", "place"),
    [
        ({"ifNoneExist": "title=x"}, "Bundle.entry[1].request.ifNoneExist"),
        ({"ifNoneExist": "identifier=a|b&title=x"}, "Bundle.entry[1].request.ifNoneExist"),
        ({"ifMatch": 'W/"1"'}, "Bundle.entry[1].request.ifMatch"),
        ({"url": "DocumentReference/7"}, "Bundle.entry[1].request.url"),
        ({"url": "http://elsewhere.test/fhir/DocumentReference"}, "Bundle.entry[1].request.url"),
    ],
)
def test_a_request_that_is_not_understood_is_refused_with_its_place(
    client: TestClient, bend: dict[str, str], place: str
) -> None:
    what = bundle(submission_list("2.999.5.1", urn(2)), *document(2, "2.999.4.1", b"one"))
    what["entry"][1]["request"].update(bend)
    refused = publish(client, what)
    assert refused.status_code == 400
    assert [where for _, where in issues(refused)] == [place]
    assert everything(client).document_entries == ()


@pytest.mark.parametrize("url", ["DocumentReference", "/DocumentReference", "DocumentReference/"])
def test_an_address_is_understood_in_every_spelling_of_it(client: TestClient, url: str) -> None:
    what = bundle(submission_list("2.999.5.1", urn(2)), *document(2, "2.999.4.1", b"one"))
    what["entry"][1]["request"]["url"] = url
    assert publish(client, what).status_code == 200


# --- Patients ----------------------------------------------------------------------------------


def test_the_subject_may_be_a_search_for_a_patient(client: TestClient) -> None:
    search = {"reference": "Patient?identifier=urn:oid:2.999.1.10|7001"}
    what = bundle(
        submission_list("2.999.5.1", urn(2), subject=search),
        *document(2, "2.999.4.1", b"one", subject=search),
    )
    assert publish(client, what).status_code == 200
    assert everything(client).document_entries[0].patient_id == examples.PATIENT


def test_a_patient_of_another_server_is_not_ours_with_the_same_id(client: TestClient) -> None:
    ours = {
        "resourceType": "Patient",
        "id": "camille",
        "identifier": [subject()["identifier"]],
    }
    assert client.put("/fhir/Patient/camille", json=ours, headers=FHIR).status_code == 201
    theirs = {
        "resourceType": "Patient",
        "id": "camille",
        "identifier": [{"system": "urn:oid:2.999.1.10", "value": "7002"}],
    }
    reference = {"reference": "Patient/camille"}
    what = bundle(
        submission_list("2.999.5.1", urn(2), subject=reference),
        *document(2, "2.999.4.1", b"one", subject=reference),
        entry(theirs, "http://elsewhere.test/fhir/Patient/camille"),
    )
    assert publish(client, what).status_code == 200
    assert everything(client).document_entries == ()


def test_a_patient_without_identifier_gets_one_of_ours_and_keeps_it(client: TestClient) -> None:
    reference = {"reference": urn(8)}
    nobody = {"resourceType": "Patient", "name": [{"family": "MARTIN"}]}
    what = bundle(
        submission_list("2.999.5.1", urn(2), subject=reference),
        *document(2, "2.999.4.1", b"one", subject=reference),
        entry(nobody, urn(8)),
    )
    answer = publish(client, what)
    place = locations(answer)[3]
    assert "patient-without-identifier" in warnings(answer)
    patient = client.get(f"/fhir/{place}").json()
    assert patient["identifier"][0]["system"] == "urn:oid:2.999.1.3"
    assert patient["name"][0]["family"] == "MARTIN"
    assert locations(publish(client, what)) == locations(answer)


# --- Authors elsewhere -------------------------------------------------------------------------


def test_an_author_elsewhere_is_kept_by_address_and_comes_back(client: TestClient) -> None:
    authors = [
        {"reference": "Practitioner/p1"},
        {"reference": "http://elsewhere.test/fhir/Organization/o1"},
        {"type": "Organization", "display": "A hospital"},
    ]
    what = bundle(
        submission_list("2.999.5.1", urn(2)),
        *document(2, "2.999.4.1", b"one", author=authors),
        profile="UnContained.Comprehensive",
    )
    answer = publish(client, what)
    read = client.get(f"/fhir/{locations(answer)[1]}").json()
    contained = {f"#{r['id']}": r for r in read["contained"]}
    person, organization, named = (contained[a["reference"]] for a in read["author"])
    assert person["resourceType"] == "Practitioner"
    assert person["identifier"] == [
        {"system": "http://gateway.test/fhir/Practitioner", "value": "p1"}
    ]
    assert organization["identifier"] == [
        {"system": "http://elsewhere.test/fhir/Organization", "value": "o1"}
    ]
    assert named["name"] == "A hospital"


# --- Documents made of FHIR resources ----------------------------------------------------------


def fhir_document(text: str = "A summary") -> dict[str, Any]:
    """A document Bundle about the usual patient."""
    return {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.999.4.77"},
        "timestamp": "2025-01-14T09:30:00Z",
        "entry": [
            {
                "fullUrl": urn(71),
                "resource": {
                    "resourceType": "Composition",
                    "status": "final",
                    "type": concept("http://loinc.org", "60591-5", "Patient summary"),
                    "subject": {"reference": urn(72)},
                    "date": "2025-01-14T09:30:00Z",
                    "author": [{"reference": urn(73)}],
                    "title": text,
                    "confidentiality": "N",
                },
            },
            {
                "fullUrl": urn(72),
                "resource": {"resourceType": "Patient", "identifier": [subject()["identifier"]]},
            },
            {
                "fullUrl": urn(73),
                "resource": {
                    "resourceType": "Practitioner",
                    "identifier": [{"system": "urn:oid:2.999.1.30", "value": "80"}],
                    "name": [{"family": "DURAND"}],
                },
            },
            {
                "fullUrl": urn(74),
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": {"text": "weight"},
                    "valueQuantity": {"value": "@DECIMAL@", "unit": "kg"},
                },
            },
        ],
    }


def octets_of(resource: Any) -> bytes:
    """Write a resource with a decimal that a float would bend."""
    return json.dumps(resource).replace('"@DECIMAL@"', "72.50").encode()


@pytest.mark.parametrize("kind", ["application/fhir+json", "application/fhir+xml"])
def test_a_document_made_of_fhir_resources_is_kept_as_it_came(
    client: TestClient, kind: str
) -> None:
    reference, _ = document(2, "2.999.4.1", b"")
    attachment = reference["resource"]["content"][0]["attachment"]
    attachment["contentType"] = kind
    del attachment["hash"], attachment["size"]
    what = bundle(submission_list("2.999.5.1", urn(2)), reference, entry(fhir_document(), urn(3)))
    answer = client.post("/fhir", content=octets_of(what), headers=FHIR)
    told = locations(answer)
    assert told[2].startswith("Binary/")
    read = client.get(f"/fhir/{told[1]}").json()["content"][0]["attachment"]
    kept = client.get(read["url"])
    assert kept.headers["content-type"].startswith(kind)
    assert (b'"value":72.50' if kind.endswith("json") else b'value="72.50"') in kept.content
    assert b"A summary" in kept.content
    digest = hashlib.sha1(kept.content, usedforsecurity=False).digest()
    assert read["hash"] == base64.b64encode(digest).decode()
    assert read["size"] == len(kept.content)


def test_a_document_bundle_that_nothing_describes_is_named(client: TestClient) -> None:
    what = bundle(
        submission_list("2.999.5.1", urn(2)),
        *document(2, "2.999.4.1", b"one"),
        entry(fhir_document(), urn(5)),
    )
    refused = publish(client, what)
    assert issues(refused) == [("XDSMissingDocumentMetadata", "Bundle.entry[3]")]


# --- The answer --------------------------------------------------------------------------------


def test_every_entry_has_its_answer_in_its_place(client: TestClient) -> None:
    who = {"resourceType": "Practitioner", "name": [{"family": "DURAND"}]}
    patient = {"resourceType": "Patient", "identifier": [subject()["identifier"]]}
    what = bundle(
        binary(b"two", number=5),
        entry(who, urn(9)),
        document_reference("2.999.4.2", b"two", urn(5), number=4, author=[{"reference": urn(9)}]),
        entry(patient, urn(8)),
        submission_list("2.999.5.1", urn(4), urn(2)),
        *document(2, "2.999.4.1", b"one"),
    )
    answer = publish(client, what)
    told = locations(answer)
    kinds = [place.partition("/")[0] for place in told]
    assert kinds == [
        "Binary",
        "",
        "DocumentReference",
        "Patient",
        "List",
        "DocumentReference",
        "Binary",
    ]
    assert client.get(f"/fhir/{told[0]}").content == b"two"
    assert client.get(f"/fhir/{told[6]}").content == b"one"
    response = answer.json()
    assert response["link"] == [{"relation": "self", "url": "http://gateway.test/fhir"}]
    statuses = [e["response"]["status"] for e in response["entry"]]
    assert statuses == [
        "201 Created",
        "200 OK",
        "201 Created",
        "200 OK",
        "201 Created",
        "201 Created",
        "201 Created",
    ]


# --- Simplified Publish [ITI-105] --------------------------------------------------------------


def simple(content: bytes = b"one", unique_id: str = "2.999.4.1", **given: Any) -> dict[str, Any]:
    """A DocumentReference with its document inside."""
    reference, _ = document(2, unique_id, content, **given)
    resource: dict[str, Any] = reference["resource"]
    attachment = resource["content"][0]["attachment"]
    del attachment["url"]
    attachment["data"] = base64.b64encode(content).decode()
    return resource


def create(client: TestClient, resource: Any, **headers: str) -> Any:
    return client.post(
        "/fhir/DocumentReference",
        content=json.dumps(resource),
        headers={**FHIR, **{k.replace("_", "-"): v for k, v in headers.items()}},
    )


def test_one_document_is_published_in_one_resource(client: TestClient) -> None:
    answer = create(client, simple())
    assert answer.status_code == 201, answer.text
    resource = answer.json()
    place = f"http://gateway.test/fhir/DocumentReference/{resource['id']}"
    assert answer.headers["location"] == f"{place}/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert client.get(place).json() == resource
    attachment = resource["content"][0]["attachment"]
    assert "data" not in attachment
    assert client.get(attachment["url"]).content == b"one"
    kept = everything(client)
    (submission_set,) = kept.submission_sets
    assert submission_set.source_id == "2.999.1.4"
    assert submission_set.author == kept.document_entries[0].author
    assert submission_set.content_type_code is not None
    assert submission_set.content_type_code.code == "11488-4"
    assert submission_set.patient_id == examples.PATIENT


def test_little_is_enough_for_a_simplified_publish(client: TestClient) -> None:
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.999.4.1"},
        "subject": subject(),
        "content": [{"attachment": {"contentType": "text/plain", "data": "b25l"}}],
    }
    answer = create(client, resource)
    assert answer.status_code == 201, answer.text
    assert answer.json()["meta"]["profile"][0].endswith("Minimal.DocumentReference")
    del resource["masterIdentifier"]
    assert create(client, resource).json()["masterIdentifier"]["value"].startswith("urn:oid:2.25.")


@pytest.mark.parametrize("preferred", ["return=minimal", "return=OperationOutcome"])
def test_the_answer_has_what_the_client_prefers(client: TestClient, preferred: str) -> None:
    answer = create(client, simple(), prefer=preferred)
    assert answer.status_code == 201
    assert answer.headers["location"]
    if preferred == "return=minimal":
        assert answer.content == b""
    else:
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_publish_that_is_repeated_registers_nothing_twice(client: TestClient) -> None:
    first = create(client, simple())
    second = create(client, simple())
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["location"] == first.headers["location"]
    assert len(everything(client).document_entries) == 1
    changed = create(client, simple(b"other"))
    assert changed.status_code == 409
    assert issues(changed)[0][0] == "XDSNonIdenticalHash"


def test_a_document_that_exists_is_not_created_when_the_header_says_so(
    client: TestClient,
) -> None:
    first = create(client, simple())
    condition = "identifier=urn:ietf:rfc:3986|urn:oid:2.999.4.1"
    again = create(client, simple(b"other"), if_none_exist=condition)
    assert again.status_code == 200
    assert again.headers["location"] == first.headers["location"]
    new = create(client, simple(b"new", "2.999.4.2"), if_none_exist=condition + "2")
    assert new.status_code == 201
    wrong = create(client, simple(), if_none_exist="title=x")
    assert issues(wrong) == [("XDSRegistryError", "If-None-Exist")]


def test_a_simplified_publish_may_replace_a_document(client: TestClient) -> None:
    old = create(client, simple()).json()["id"]
    relates = [{"code": "replaces", "target": {"reference": f"DocumentReference/{old}"}}]
    answer = create(client, simple(b"two", "2.999.4.2", relatesTo=relates))
    assert answer.status_code == 201, answer.text
    target = answer.json()["relatesTo"][0]["target"]["reference"]
    assert target == f"DocumentReference/{old}"
    assert client.get(f"/fhir/DocumentReference/{old}").json()["status"] == "superseded"


@pytest.mark.parametrize(
    ("bend", "status", "code", "place"),
    [
        (
            lambda r: r["content"][0]["attachment"].pop("data"),
            422,
            "XDSMissingDocument",
            "DocumentReference.content[0].attachment.data",
        ),
        (
            lambda r: r["content"][0]["attachment"].update(url="Binary/1"),
            422,
            "XDSRegistryMetadataError",
            "DocumentReference.content[0].attachment.url",
        ),
        (
            lambda r: r["content"][0]["attachment"].update(data="no base64!"),
            422,
            "XDSRegistryMetadataError",
            "DocumentReference.content[0].attachment.data",
        ),
        (
            lambda r: r["content"][0]["attachment"].pop("contentType"),
            422,
            "XDSRegistryMetadataError",
            "DocumentReference.content[0].attachment.contentType",
        ),
        (
            lambda r: r["content"][0]["attachment"].update(size=7),
            422,
            "XDSRepositoryMetadataError",
            "DocumentReference.size",
        ),
        (
            lambda r: r.update(subject={"reference": "Patient/nobody"}),
            422,
            "XDSUnknownPatientId",
            "DocumentReference.subject",
        ),
        (
            lambda r: r.pop("subject"),
            422,
            "XDSRegistryMetadataError",
            "DocumentReference.patientId",
        ),
        (
            lambda r: r.update(status="superseded"),
            422,
            "XDSRegistryMetadataError",
            "DocumentReference.status",
        ),
        (
            lambda r: r.update(resourceType="Binary"),
            400,
            "XDSRegistryError",
            "resourceType",
        ),
    ],
)
def test_what_is_wrong_with_a_simplified_publish_is_told_at_its_place(
    client: TestClient, bend: Any, status: int, code: str, place: str
) -> None:
    resource = simple()
    bend(resource)
    refused = create(client, resource)
    assert refused.status_code == status
    assert (code, place) in issues(refused)
    assert everything(client).document_entries == ()


# --- Generate Metadata [ITI-106] ---------------------------------------------------------------


def generate(client: TestClient, resource: dict[str, Any]) -> Any:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "document", "resource": resource}],
    }
    return client.post(
        "/fhir/DocumentReference/$generate-metadata",
        content=octets_of(parameters),
        headers=FHIR,
    )


def generated(client: TestClient, answer: Any) -> dict[str, Any]:
    """Read the DocumentReference an answer refers to."""
    assert answer.status_code == 200, answer.text
    (parameter, *_) = answer.json()["parameter"]
    assert parameter["name"] == "DocumentReference"
    resource: dict[str, Any] = client.get(parameter["valueReference"]["reference"]).json()
    return resource


def test_a_clinical_document_is_described_by_its_own_header(client: TestClient) -> None:
    octets = (SAMPLES / "en-01-discharge-summary.xml").read_bytes()
    sent = {
        "resourceType": "Binary",
        "contentType": "text/xml",
        "data": base64.b64encode(octets).decode(),
    }
    answer = generate(client, sent)
    resource = generated(client, answer)
    assert resource["type"]["coding"][0]["code"] == "18842-5"
    assert resource["content"][0]["attachment"]["title"] == "Discharge summary"
    assert resource["subject"]["identifier"]["value"] == "ALBA-0001"
    assert client.get(resource["content"][0]["attachment"]["url"]).content == octets
    assert generate(client, sent).json()["parameter"][0] == answer.json()["parameter"][0]


def test_a_fhir_document_is_described_by_its_composition(client: TestClient) -> None:
    resource = generated(client, generate(client, fhir_document()))
    assert resource["masterIdentifier"]["value"] == "urn:oid:2.999.4.77"
    assert resource["type"]["coding"][0]["code"] == "60591-5"
    assert resource["securityLabel"][0]["coding"][0]["code"] == "N"
    attachment = resource["content"][0]["attachment"]
    assert attachment["title"] == "A summary"
    assert attachment["contentType"] == "application/fhir+json"
    kept = client.get(attachment["url"])
    assert b'"value":72.50' in kept.content
    (found,) = everything(client).document_entries
    assert found.patient_id == examples.PATIENT
    assert found.source_patient_id == Identifier.of("7001", "2.999.1.10")
    octets = octets_of(fhir_document("In a Binary")).replace(b"4.77", b"4.78")
    binary_form = {
        "resourceType": "Binary",
        "contentType": "application/fhir+json",
        "data": base64.b64encode(octets).decode(),
    }
    again = generated(client, generate(client, binary_form))
    assert client.get(again["content"][0]["attachment"]["url"]).content == octets


@pytest.mark.parametrize(
    ("resource", "status", "code"),
    [
        (
            {"resourceType": "Binary", "contentType": "application/pdf", "data": "JVBERg=="},
            422,
            "InvalidDocumentContent",
        ),
        (
            {"resourceType": "Binary", "contentType": "text/xml", "data": "PGEvPg=="},
            422,
            "InvalidDocumentContent",
        ),
        (
            {"resourceType": "Binary", "contentType": "text/xml"},
            422,
            "XDSMissingDocument",
        ),
        ({"resourceType": "Bundle", "type": "collection"}, 422, "InvalidDocumentContent"),
        (
            {
                "resourceType": "Bundle",
                "type": "document",
                "entry": [{"resource": {"resourceType": "Patient"}}],
            },
            422,
            "InvalidDocumentContent",
        ),
    ],
)
def test_a_document_that_says_nothing_of_itself_is_refused(
    client: TestClient, resource: dict[str, Any], status: int, code: str
) -> None:
    refused = generate(client, resource)
    assert refused.status_code == status
    assert code in {found for found, _ in issues(refused)}
