"""The FHIR door: publish, find, read and retrieve, together with what comes over XDS."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from starlette.testclient import TestClient

from gateway.model.datatypes import Code
from gateway.model.vocabulary import AssociationType
from gateway.transactions.registry_stored_query import FindDocuments
from tests.model import examples
from tests.web.conftest import Open
from tests.web.messages import (
    APPROVED,
    DEPRECATED,
    FHIR,
    ask,
    binary,
    bundle,
    concept,
    document_reference,
    everything,
    provide,
    publish,
    register,
    subject,
    submission_list,
    update,
    urn,
)

WHO = f"patient.identifier=urn:oid:{examples.PATIENT.authority}|{examples.PATIENT.value}"


def is_fhir(answer: Any) -> dict[str, Any]:
    """Give the resource of an answer that fhir.resources accepts."""
    assert answer.headers["content-type"].startswith("application/fhir+json")
    resource: dict[str, Any] = answer.json()
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def find(client: TestClient, query: str = "") -> dict[str, Any]:
    return is_fhir(client.get(f"/fhir/DocumentReference?{WHO}&{query}"))


def ids(found: dict[str, Any]) -> list[str]:
    return [e["resource"]["id"] for e in found.get("entry", ()) if e["search"]["mode"] == "match"]


def codes(answer: Any) -> list[str]:
    outcome = is_fhir(answer)
    assert outcome["resourceType"] == "OperationOutcome"
    return [i["details"]["coding"][0]["code"] for i in outcome["issue"]]


def one_document(content: bytes = b"hello", unique_id: str = "2.999.4.9") -> dict[str, Any]:
    return bundle(
        submission_list("2.999.5.9", urn(2)),
        document_reference(unique_id, content, urn(3), number=2),
        binary(content, number=3),
    )


def test_a_document_submitted_over_xds_is_found_and_read_over_fhir(client: TestClient) -> None:
    content = "Bonjour, été.".encode()
    given = examples.entry(hash=None, size=None, repository_unique_id=None)
    assert provide(client, examples.submission(given), {"d1": content}).findings == ()
    found = find(client, "status=current")
    assert found["total"] == 1
    resource = found["entry"][0]["resource"]
    attachment = resource["content"][0]["attachment"]
    assert attachment["size"] == len(content)
    assert resource["masterIdentifier"]["value"] == "urn:oid:2.999.4.1"
    document = client.get(attachment["url"])
    assert document.content == content
    assert document.headers["content-type"] == "text/plain"
    again = is_fhir(client.get(f"/fhir/DocumentReference/{resource['id']}"))
    assert again == resource


def test_a_document_published_over_fhir_is_found_over_xds(client: TestClient) -> None:
    answer = publish(client, one_document())
    response = is_fhir(answer)
    assert answer.status_code == 200
    assert [e["response"]["status"] for e in response["entry"]] == ["201 Created"] * 3
    kinds = [e["response"]["location"].partition("/")[0] for e in response["entry"]]
    assert kinds == ["List", "DocumentReference", "Binary"]
    query = FindDocuments(patient_id=examples.PATIENT, status=(APPROVED,))
    (entry,) = ask(client, query).objects.document_entries
    assert entry.unique_id == "2.999.4.9"
    assert entry.class_code == Code("CL", "2.999.7.1", "Reports", "en-GB") or (
        entry.class_code and entry.class_code.key == ("CL", "2.999.7.1")
    )
    assert entry.size == "5"
    for item in response["entry"]:
        assert client.get(f"/fhir/{item['response']['location']}").status_code == 200


def test_the_same_bundle_again_is_answered_the_same_and_stored_once(client: TestClient) -> None:
    first = publish(client, one_document()).json()
    second = publish(client, one_document()).json()
    assert first == second
    assert find(client)["total"] == 1
    changed = publish(client, one_document(b"other", "2.999.4.10"))
    assert changed.status_code == 409
    assert codes(changed) == ["XDSDuplicateUniqueIdInRegistry"]


def test_several_documents_and_a_folder_come_in_one_bundle_all_or_nothing(
    client: TestClient,
) -> None:
    folder = submission_list("2.999.8.1", urn(2), urn(4), number=6)
    resource = folder["resource"]
    resource["code"] = concept("https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "folder")
    resource["title"] = "Pregnancy"
    resource["extension"] = resource["extension"][:1]
    what = bundle(
        folder,
        binary(b"two", number=5),
        document_reference("2.999.4.2", b"two", urn(5), number=4),
        submission_list("2.999.5.9", urn(2), urn(4), urn(6)),
        document_reference("2.999.4.1", b"one", urn(3), number=2),
        binary(b"one", number=3),
    )
    spoilt = json.loads(json.dumps(what))
    del spoilt["entry"][4]["resource"]["type"]
    refused = publish(client, spoilt)
    assert refused.status_code == 422
    places = [i["expression"][0] for i in refused.json()["issue"]]
    assert places == ["Bundle.entry[4].resource.typeCode"]
    assert find(client)["total"] == 0
    answer = publish(client, what)
    assert answer.status_code == 200, answer.text
    kept = everything(client)
    assert len(kept.document_entries) == 2
    assert [f.title[0].value for f in kept.folders] == ["Pregnancy"]
    lists = is_fhir(client.get(f"/fhir/List?{WHO}&code=folder&status=current"))
    assert lists["total"] == 1
    members = lists["entry"][0]["resource"]["entry"]
    assert len(members) == 2
    sets = is_fhir(client.get(f"/fhir/List?{WHO}&code=submissionset&status=current"))
    assert sets["total"] == 1


@pytest.mark.parametrize("with_patch", [False, True])
def test_replacing_supersedes_the_old_document_with_or_without_the_patch(
    client: TestClient, with_patch: bool
) -> None:
    first = publish(client, one_document()).json()
    old = first["entry"][1]["response"]["location"]
    new = document_reference("2.999.4.10", b"new", urn(13), number=12)
    new["resource"]["relatesTo"] = [{"code": "replaces", "target": {"reference": old}}]
    entries = [
        submission_list("2.999.5.10", urn(12), number=11),
        new,
        binary(b"new", number=13),
    ]
    if with_patch:
        parts = [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "DocumentReference.status"},
            {"name": "value", "valueCode": "superseded"},
        ]
        entries.append(
            {
                "fullUrl": urn(14),
                "resource": {
                    "resourceType": "Parameters",
                    "parameter": [{"name": "operation", "part": parts}],
                },
                "request": {"method": "PATCH", "url": old},
            }
        )
    answer = publish(client, bundle(*entries))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["entry"]) == len(entries)
    assert f"DocumentReference/{ids(find(client, 'status=superseded'))[0]}" == old
    current = find(client, "status=current")["entry"][0]["resource"]
    assert current["relatesTo"] == [{"code": "replaces", "target": {"reference": old}}] or (
        current["relatesTo"][0]["target"]["reference"].endswith(old)
    )


@pytest.mark.parametrize(
    ("bend", "status", "code", "place"),
    [
        (
            lambda b: b["entry"][1]["resource"]["content"][0]["attachment"].update(size=6),
            422,
            "XDSRepositoryMetadataError",
            "Bundle.entry[1].resource.size",
        ),
        (
            lambda b: b["entry"][1]["resource"]["content"][0]["attachment"].update(url=urn(99)),
            422,
            "XDSMissingDocument",
            "Bundle.entry[1].resource.content[0].attachment.url",
        ),
        (
            lambda b: b["entry"].pop(0),
            422,
            "XDSRegistryMetadataError",
            "Bundle.entry",
        ),
        (
            lambda b: b["entry"][1]["resource"].update(subject={"reference": "Patient/nobody"}),
            422,
            "XDSUnknownPatientId",
            "Bundle.entry[1].resource.subject",
        ),
        (
            lambda b: b["entry"][1]["resource"].update(status="entered-in-error"),
            422,
            "XDSRegistryMetadataError",
            "Bundle.entry[1].resource.status",
        ),
    ],
)
def test_what_is_wrong_with_a_bundle_is_told_at_its_place(
    client: TestClient, bend: Any, status: int, code: str, place: str
) -> None:
    what = one_document()
    bend(what)
    answer = publish(client, what)
    issues = is_fhir(answer)["issue"]
    assert answer.status_code in (status, 404, 400)
    assert (code, place) in [
        (i["details"]["coding"][0]["code"], i.get("expression", [""])[0]) for i in issues
    ]
    assert find(client)["total"] == 0


def shelf(client: TestClient, count: int) -> None:
    for number in range(count):
        entry = examples.entry(
            "d1",
            f"2.999.4.{number + 1}",
            type_code=Code(f"T{number % 3}", "2.16.840.1.113883.6.1", "type"),
            event_code_list=(
                Code(f"E{number % 2}", "2.999.7.9", "e"),
                Code("EX", "2.999.7.9", "x"),
            ),
            service_start_time=None,
        )
        what = examples.submission(entry, unique_id=f"2.999.5.{number + 1}")
        assert register(client, what).findings == ()


def test_pages_follow_one_another_and_the_total_stays_true_while_documents_come(
    client: TestClient,
) -> None:
    shelf(client, 7)
    first = find(client, "_count=3")
    assert first["total"] == 7
    late = examples.submission(examples.entry("d1", "2.999.4.99"), unique_id="2.999.5.99")
    assert register(client, late).findings == ()
    seen = ids(first)
    page = first
    while True:
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = is_fhir(client.get(following[0]))
        assert page["total"] == 8
        seen += ids(page)
    assert len(seen) == len(set(seen)) == 7


def test_a_forged_or_borrowed_cursor_is_refused(client: TestClient) -> None:
    shelf(client, 4)
    first = find(client, "_count=2")
    url = next(link["url"] for link in first["link"] if link["relation"] == "next")
    for other in (url[:-4] + "AAAA", url.replace("status", "type") + "&type=X"):
        answer = client.get(other)
        assert answer.status_code == 400, answer.text
        assert codes(answer)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=http://loinc.org|T0", 3),
        ("type=T0,T1", 5),
        ("type=http://loinc.org|T0&type=T1", 0),
        ("type=urn:oid:1.2.3|T0", 0),
        ("event=E0", 4),
        ("event=E0&event=EX", 4),
        ("event=E0&event=E1", 0),
        ("category=urn:oid:2.999.7.1|CL", 7),
        ("setting=GEN&facility=HOSP", 7),
        ("format=urn:ihe:iti:xds:2017:mimeTypeSufficient", 7),
        ("security-label=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|N", 7),
        ("security-label=R", 0),
        ("author.family=dur", 7),
        ("author.family=DURAND&author.given=alice", 7),
        ("author.given=bob", 0),
        ("creation=2025-01-14", 7),
        ("creation=lt2025-01-14", 0),
        ("creation=ge2025-01-14T09:30:00Z", 7),
        ("creation=gt2025-01-14T10:30:00%2B01:00", 0),
        ("identifier=urn:ietf:rfc:3986|urn:oid:2.999.4.3", 1),
        ("identifier=urn:oid:2.999.4.3", 1),
        ("status=superseded", 0),
        ("status=current,superseded", 7),
        ("period=ge2020", 0),
        ("date=ge2020-01-01", 7),
        ("_count=0", 7),
    ],
)
def test_searches_find_what_fhir_says_they_find(client: TestClient, query: str, count: int) -> None:
    shelf(client, 7)
    found = find(client, query)
    assert found["total"] == count
    assert len(ids(found)) == (0 if query == "_count=0" else count)


def test_an_identifier_may_be_the_entry_uuid(client: TestClient) -> None:
    shelf(client, 3)
    resource = find(client, "identifier=urn:oid:2.999.4.2")["entry"][0]["resource"]
    entry_uuid = next(
        i["value"] for i in resource["identifier"] if i["value"].startswith("urn:uuid:")
    )
    assert ids(find(client, f"identifier=urn:ietf:rfc:3986|{entry_uuid}")) == [resource["id"]]
    assert len(ids(find(client, f"identifier={entry_uuid},urn:oid:2.999.4.1"))) == 2


def test_a_posted_search_is_answered_like_one_in_the_address(client: TestClient) -> None:
    shelf(client, 3)
    by_form = client.post(
        "/fhir/DocumentReference/_search",
        data={"patient.identifier": WHO.partition("=")[2], "type": "T0"},
    )
    assert ids(is_fhir(by_form)) == ids(find(client, "type=T0"))


def test_every_wrong_parameter_is_named_at_once(client: TestClient) -> None:
    answer = client.get(f"/fhir/DocumentReference?{WHO}&status=x&creation=soon&_count=many")
    assert answer.status_code == 400
    places = {i["expression"][0] for i in is_fhir(answer)["issue"]}
    assert places == {"status", "creation", "_count"}


def test_a_search_names_a_patient_or_a_document(client: TestClient) -> None:
    answer = client.get("/fhir/DocumentReference?status=current")
    assert answer.status_code == 400
    assert codes(answer) == ["XDSStoredQueryMissingParam"]


def test_an_unknown_patient_has_no_documents_and_that_is_no_error(client: TestClient) -> None:
    answer = client.get("/fhir/DocumentReference?patient=Patient/nobody")
    assert is_fhir(answer)["total"] == 0


def test_a_patient_put_first_is_found_by_reference(client: TestClient) -> None:
    patient = {
        "resourceType": "Patient",
        "id": "camille",
        "identifier": [subject()["identifier"]],
        "name": [{"family": "MARTIN", "given": ["Camille"]}],
        "gender": "female",
        "birthDate": "1980-01-02",
    }
    created = client.put("/fhir/Patient/camille", content=json.dumps(patient), headers=FHIR)
    assert created.status_code == 201
    is_fhir(created)
    shelf(client, 2)
    assert is_fhir(client.get("/fhir/DocumentReference?patient=Patient/camille"))["total"] == 2
    by_url = client.get("/fhir/DocumentReference?patient=http://gateway.test/fhir/Patient/camille")
    assert by_url.json()["total"] == 2
    found = find(client)["entry"][0]["resource"]
    assert found["subject"]["reference"].endswith("Patient/camille")
    read = is_fhir(client.get("/fhir/Patient/camille"))
    assert read["name"][0]["family"] == "MARTIN"
    by_identifier = client.get(f"/fhir/Patient?{WHO.partition('.')[2]}")
    assert is_fhir(by_identifier)["total"] == 1


def test_unknown_patients_are_refused_on_both_wires_where_they_must_be_known(
    open_gateway: Open,
) -> None:
    client = open_gateway(patients="known")
    refused = publish(client, one_document())
    assert refused.status_code == 422
    assert codes(refused) == ["XDSUnknownPatientId"]
    outcome = register(client, examples.submission(examples.entry()))
    assert [f.code.xds for f in outcome.findings] == ["XDSUnknownPatientId"]
    patient = {"resourceType": "Patient", "identifier": [subject()["identifier"]]}
    put = client.put(
        f"/fhir/Patient?identifier={WHO.partition('=')[2]}",
        content=json.dumps(patient),
        headers=FHIR,
    )
    assert put.status_code == 201
    assert publish(client, one_document()).status_code == 200


def test_a_document_is_read_whole_in_part_and_as_a_binary_resource(client: TestClient) -> None:
    content = bytes(range(256)) * 1000
    what = bundle(
        submission_list("2.999.5.9", urn(2)),
        document_reference("2.999.4.9", content, urn(3), number=2),
        binary(content, number=3),
    )
    location = publish(client, what).json()["entry"][2]["response"]["location"]
    url = f"/fhir/{location}"
    whole = client.get(url)
    assert whole.content == content
    assert whole.headers["content-disposition"] == "attachment"
    assert whole.headers["x-content-type-options"] == "nosniff"
    for written, part in (
        ("bytes=0-9", content[:10]),
        ("bytes=255990-", content[255990:]),
        ("bytes=-5", content[-5:]),
        ("bytes=100-1000000", content[100:]),
    ):
        answer = client.get(url, headers={"range": written})
        assert answer.status_code == 206
        assert answer.content == part
    beyond = client.get(url, headers={"range": "bytes=256000-"})
    assert beyond.status_code == 416
    head = client.head(url)
    assert head.headers["content-length"] == str(len(content))
    assert head.content == b""
    not_again = client.get(url, headers={"if-none-match": whole.headers["etag"]})
    assert not_again.status_code == 304
    resource = is_fhir(client.get(url, headers={"accept": "application/fhir+json"}))
    assert base64.b64decode(resource["data"]) == content
    assert client.get(url, headers={"accept": "image/png"}).status_code == 406


def test_a_metadata_update_over_xds_shows_as_a_new_version_over_fhir(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    (kept,) = everything(client).document_entries
    changed = replace(
        kept,
        entry_uuid="v",
        version=None,
        availability_status=None,
        type_code=Code("34133-9", "2.16.840.1.113883.6.1", "Summary"),
    )
    request = replace(
        examples.submission(),
        submission_sets=(examples.submission_set("2.999.5.50"),),
        document_entries=(changed,),
        associations=(examples.member("set", "v", "Original", previous_version="1"),),
    )
    assert update(client, request).findings == ()
    found = find(client)
    assert found["total"] == 1
    resource = found["entry"][0]["resource"]
    assert resource["id"] == kept.entry_uuid.removeprefix("urn:uuid:")
    assert resource["meta"]["versionId"] == "2"
    assert resource["type"]["coding"][0]["code"] == "34133-9"


def test_a_deprecated_document_is_superseded_over_fhir(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    (kept,) = everything(client).document_entries
    request = replace(
        examples.submission(),
        submission_sets=(examples.submission_set("2.999.5.51"),),
        associations=(
            examples.link(
                AssociationType.UPDATE_AVAILABILITY_STATUS,
                "set",
                kept.entry_uuid,
                original_status=APPROVED,
                new_status=DEPRECATED,
            ),
        ),
    )
    assert update(client, request).findings == ()
    assert find(client, "status=current")["total"] == 0
    assert find(client, "status=superseded")["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/Observation", 404),
        ("GET", "/fhir/DocumentReference/none", 404),
        ("GET", "/fhir/List/none", 404),
        ("GET", "/fhir/Binary/none", 404),
        ("GET", "/fhir/Patient/none", 404),
        ("DELETE", "/fhir/DocumentReference/x", 405),
        ("PATCH", "/fhir/Patient/x", 405),
        ("GET", "/fhir", 405),
        ("POST", "/fhir", 415),
        ("GET", "/fhir/metadata?_format=ttl", 406),
        ("GET", "/fhir/List?status=current", 400),
    ],
)
def test_errors_are_operation_outcomes(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert codes(answer)
    if status == 405:
        assert answer.headers["allow"]


def test_the_capability_statement_is_one(client: TestClient) -> None:
    statement = is_fhir(client.get("/fhir/metadata"))
    assert statement["fhirVersion"] == "4.0.1"
    kinds = {r["type"] for r in statement["rest"][0]["resource"]}
    assert kinds >= {"DocumentReference", "List", "Binary", "Patient"}
