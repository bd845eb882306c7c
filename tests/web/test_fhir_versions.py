"""Read, vread and history over FHIR of what XDS versions, changes in its place and removes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.codecs.ebrim.remove import write_remove_objects
from gateway.codecs.ebrim.response import read_outcome
from gateway.model.datatypes import Code, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.vocabulary import AssociationType
from gateway.transactions.registry_stored_query import GetAll
from gateway.transactions.submission import RemoveMetadata
from tests.model import examples
from tests.web.conftest import Open
from tests.web.messages import (
    APPROVED,
    DEPRECATED,
    ask,
    everything,
    provide,
    register,
    soap,
    update,
)
from tests.web.test_fhir import codes, is_fhir


def update_entry(client: TestClient, kept: DocumentEntry, number: int) -> None:
    """One more version of an entry."""
    changed = replace(
        kept,
        entry_uuid="v",
        version=None,
        availability_status=None,
        type_code=Code(f"type-{number}", "2.999.7.9", "Summary"),
    )
    request = replace(
        examples.submission(),
        submission_sets=(examples.submission_set(f"2.999.5.{60 + number}"),),
        document_entries=(changed,),
        associations=(examples.member("set", "v", "Original", previous_version=str(number - 1)),),
    )
    assert update(client, request).findings == ()


def deprecate(client: TestClient, entry_uuid: str, number: int = 80) -> None:
    """Change a status in its place."""
    link = examples.link(
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        "set",
        entry_uuid,
        original_status=APPROVED,
        new_status=DEPRECATED,
    )
    request = replace(
        examples.submission(),
        submission_sets=(examples.submission_set(f"2.999.5.{number}"),),
        associations=(link,),
    )
    assert update(client, request).findings == ()


def latest(client: TestClient) -> DocumentEntry:
    (found,) = [e for e in everything(client).document_entries if e.availability_status == APPROVED]
    return found


@pytest.fixture
def versioned(client: TestClient) -> str:
    """The id of a document with three versions."""
    assert register(client, examples.submission(examples.entry())).findings == ()
    kept = latest(client)
    for number in (2, 3):
        update_entry(client, latest(client), number)
    return kept.entry_uuid.removeprefix("urn:uuid:")


def type_of(resource: dict[str, Any]) -> str:
    return str(resource["type"]["coding"][0]["code"])


def test_every_version_is_read_by_its_number(client: TestClient, versioned: str) -> None:
    url = f"/fhir/DocumentReference/{versioned}"
    found = [is_fhir(client.get(f"{url}/_history/{n}")) for n in (1, 2, 3)]
    assert [r["meta"]["versionId"] for r in found] == ["1", "2", "3"]
    assert [type_of(r) for r in found] == ["11488-4", "type-2", "type-3"]
    assert [r["id"] for r in found] == [versioned] * 3
    assert is_fhir(client.get(url)) == found[2]
    for number in ("4", "0", "x", "1.0"):
        missing = client.get(f"{url}/_history/{number}")
        assert missing.status_code == 404 and codes(missing)
    for number, resource in zip((1, 2, 3), found, strict=True):
        answer = client.get(f"{url}/_history/{number}")
        assert answer.headers["etag"] == f'W/"{number}"'
        at = parsedate_to_datetime(answer.headers["last-modified"])
        assert at.strftime("%Y-%m-%dT%H:%M:%S") == resource["meta"]["lastUpdated"][:19]


def test_a_read_by_the_id_of_a_version_finds_the_document(
    client: TestClient, versioned: str
) -> None:
    newest = latest(client).entry_uuid.removeprefix("urn:uuid:")
    assert newest != versioned
    assert is_fhir(client.get(f"/fhir/DocumentReference/{newest}"))["id"] == versioned


def test_the_history_shows_what_happened_newest_first(client: TestClient, versioned: str) -> None:
    history = is_fhir(client.get(f"/fhir/DocumentReference/{versioned}/_history"))
    assert (history["type"], history["total"]) == ("history", 3)
    entries = history["entry"]
    assert [e["resource"]["meta"]["versionId"] for e in entries] == ["3", "2", "1"]
    assert [e["response"]["etag"] for e in entries] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert [e["request"]["method"] for e in entries] == ["PUT", "PUT", "POST"]
    assert {e["fullUrl"] for e in entries} == {
        f"http://gateway.test/fhir/DocumentReference/{versioned}"
    }


def test_a_history_is_paged_and_bounded_in_time(client: TestClient, versioned: str) -> None:
    url = f"/fhir/DocumentReference/{versioned}/_history"
    page = is_fhir(client.get(f"{url}?_count=2"))
    assert (page["total"], len(page["entry"])) == (3, 2)
    links = {link["relation"]: link["url"] for link in page["link"]}
    update_entry(client, latest(client), 4)
    rest = is_fhir(client.get(links["next"]))
    assert [e["resource"]["meta"]["versionId"] for e in rest["entry"]] == ["1"]
    assert [link["relation"] for link in rest["link"]] == ["self"]
    assert "entry" not in is_fhir(client.get(f"{url}?_count=0"))
    assert is_fhir(client.get(f"{url}?_since=2020-01-01T00:00:00Z"))["total"] == 4
    assert is_fhir(client.get(f"{url}?_since=2999-01-01T00:00:00Z"))["total"] == 0
    assert is_fhir(client.get(f"{url}?_at=2020"))["total"] == 0
    now = is_fhir(client.get(f"{url}?_at=2999-01-01"))
    assert [e["resource"]["meta"]["versionId"] for e in now["entry"]] == ["4"]
    for query in ("_count=-1", "_count=many", "_since=soon", "_at=ge2020", "_cursor=AAAA"):
        refused = client.get(f"{url}?{query}")
        assert refused.status_code == 400 and codes(refused)
    assert client.get(f"{url}?colour=blue").status_code == 200
    strict = client.get(f"{url}?colour=blue", headers={"prefer": "handling=strict"})
    assert strict.status_code == 400


def test_what_the_client_holds_is_not_sent_again(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    url = "/fhir/DocumentReference/" + latest(client).entry_uuid.removeprefix("urn:uuid:")
    first = client.get(url)
    tag, at = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"if-none-match": tag},
        {"if-none-match": f'"7", {tag.removeprefix("W/")}'},
        {"if-none-match": "*"},
        {"if-modified-since": at},
        {"if-none-match": tag, "if-modified-since": at},
    ):
        answer = client.get(url, headers=headers)
        assert (answer.status_code, answer.content) == (304, b""), headers
        assert answer.headers["etag"] == tag
    before = format_datetime(parsedate_to_datetime(at) - timedelta(seconds=1), usegmt=True)
    for headers in (
        {"if-none-match": 'W/"2"'},
        {"if-modified-since": before},
        {"if-modified-since": "yesterday"},
        {"if-none-match": 'W/"2"', "if-modified-since": at},
    ):
        assert client.get(url, headers=headers).status_code == 200, headers


def test_a_version_changed_in_its_place_is_sent_again(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    kept = latest(client)
    url = "/fhir/DocumentReference/" + kept.entry_uuid.removeprefix("urn:uuid:")
    tag = client.get(url).headers["etag"]
    deprecate(client, kept.entry_uuid)
    again = client.get(url, headers={"if-none-match": tag})
    assert again.status_code == 200
    assert (again.headers["etag"], again.json()["status"]) == (tag, "superseded")


def test_a_merge_of_the_patient_is_sent_again(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    url = "/fhir/DocumentReference/" + latest(client).entry_uuid.removeprefix("urn:uuid:")
    tag = client.get(url).headers["etag"]
    other = {"system": f"urn:oid:{examples.PATIENT.authority}", "value": "survivor"}
    body = {"resourceType": "Patient", "identifier": [other]}
    assert (
        client.put(
            "/fhir/Patient/s",
            content=json.dumps(body),
            headers={"content-type": "application/json"},
        ).status_code
        == 201
    )
    store = client.app_state["service"].inside.patients
    assert client.portal is not None
    client.portal.call(
        store.merge,
        examples.PATIENT,
        Identifier.of("survivor", examples.PATIENT.authority or ""),
    )
    again = client.get(url, headers={"if-none-match": tag})
    assert again.status_code == 200
    assert again.json()["subject"]["reference"] == "Patient/s"


def test_lists_are_read_by_version_too(client: TestClient) -> None:
    assert register(client, examples.submission(examples.entry())).findings == ()
    (kept,) = everything(client).submission_sets
    url = "/fhir/List/" + kept.entry_uuid.removeprefix("urn:uuid:")
    answer = client.get(url)
    assert is_fhir(client.get(f"{url}/_history/1")) == is_fhir(answer)
    assert is_fhir(client.get(f"{url}/_history"))["total"] == 1
    assert client.get(url, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert client.get(f"{url}/_history/2").status_code == 404
    name = url.rpartition("/")[2]
    assert client.get(f"/fhir/DocumentReference/{name}").status_code == 404


def test_what_was_removed_is_gone_and_its_history_says_when(
    client: TestClient, versioned: str
) -> None:
    both = (APPROVED, DEPRECATED)
    query = GetAll(
        patient_id=examples.PATIENT,
        document_entry_status=both,
        submission_set_status=both,
        folder_status=both,
        association_status=both,
        metadata_level=2,
    )
    given = ask(client, query).objects
    gone = (
        *(a.entry_uuid for a in given.associations),
        *(e.entry_uuid for e in given.document_entries),
        *(s.entry_uuid for s in given.submission_sets),
    )
    answer = soap(
        client,
        "registry",
        "urn:ihe:iti:2010:DeleteDocumentSet",
        write_remove_objects(RemoveMetadata(object_ids=gone)),
    )
    assert read_outcome(answer.body).findings == ()
    url = f"/fhir/DocumentReference/{versioned}"
    for path in (url, f"{url}/_history/1", f"/fhir/Binary/{versioned}"):
        refused = client.get(path)
        assert refused.status_code == 410, path
        assert is_fhir(refused)["issue"][0]["code"] == "deleted"
    history = is_fhir(client.get(f"{url}/_history"))
    (entry,) = history["entry"]
    assert entry["request"]["method"] == "DELETE" and "resource" not in entry
    first = given.submission_sets[0].entry_uuid.removeprefix("urn:uuid:")
    assert client.get(f"/fhir/List/{first}").status_code == 410
    assert client.get(f"/fhir/List/{versioned}").status_code == 404
    for path in ("DocumentReference/none/_history", "List/none/_history", "Binary/none"):
        assert client.get(f"/fhir/{path}").status_code == 404


@pytest.mark.parametrize(("setting", "status"), [("gone", 410), ("hidden", 404), ("served", 200)])
def test_a_deprecated_document_is_what_the_setting_says(
    open_gateway: Open, setting: str, status: int
) -> None:
    client = open_gateway(deprecated_documents=setting)
    content = b"Bonjour"
    given = examples.entry(hash=None, size=None, repository_unique_id=None)
    assert provide(client, examples.submission(given), {"d1": content}).findings == ()
    kept = latest(client)
    url = "/fhir/Binary/" + kept.entry_uuid.removeprefix("urn:uuid:")
    assert client.get(url).content == content
    deprecate(client, kept.entry_uuid)
    answer = client.get(url)
    assert answer.status_code == status
    if status == 200:
        assert answer.content == content
    else:
        assert is_fhir(answer)["issue"][0]["code"] == {410: "deleted", 404: "not-found"}[status]


def test_a_patient_is_read_by_its_present_version(client: TestClient) -> None:
    body = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:2.999.1.10", "value": "77"}],
    }
    headers = {"content-type": "application/json"}
    for _ in range(2):
        kept = client.put("/fhir/Patient/p1", content=json.dumps(body), headers=headers)
    assert kept.headers["etag"] == 'W/"2"'
    read = client.get("/fhir/Patient/p1")
    assert is_fhir(client.get("/fhir/Patient/p1/_history/2")) == is_fhir(read)
    assert client.get("/fhir/Patient/p1/_history/1").status_code == 410
    assert client.get("/fhir/Patient/p1/_history/3").status_code == 404
    assert client.get("/fhir/Patient/none/_history/1").status_code == 404
    for tag, status in (('W/"2"', 304), ('W/"1"', 200)):
        assert client.get("/fhir/Patient/p1", headers={"if-none-match": tag}).status_code == status
