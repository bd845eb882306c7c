"""JSON or XML: what a FHIR client sends, what it accepts, what it prefers, and errors as asked."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from starlette.testclient import TestClient

from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from tests.model import examples
from tests.web.messages import (
    FHIR,
    binary,
    bundle,
    document_reference,
    publish,
    submission_list,
    urn,
)

JSON = "application/fhir+json"
XML = "application/fhir+xml"
WHO = f"patient.identifier=urn:oid:{examples.PATIENT.authority}|{examples.PATIENT.value}"


def one_document(content: bytes = b"hello", content_type: str = "text/plain") -> dict[str, Any]:
    reference = document_reference("2.999.4.9", content, urn(3), number=2)
    reference["resource"]["content"][0]["attachment"]["contentType"] = content_type
    return bundle(
        submission_list("2.999.5.9", urn(2)),
        reference,
        binary(content, number=3, content_type=content_type),
    )


def of_xml(answer: Any) -> dict[str, Any]:
    """The resource of an answer in XML, which another library reads as well."""
    assert answer.headers["content-type"] == f"{XML}; charset=utf-8", answer.text
    resource: dict[str, Any] = json.loads(json_from_xml(answer.content))
    kind = get_fhir_model_class(resource["resourceType"])
    assert kind.model_validate_xml(answer.content) == kind.model_validate(resource)
    return resource


def test_a_bundle_in_xml_is_published_as_one_in_json(client: TestClient) -> None:
    octets = json.dumps(one_document()).encode()
    headers = {"content-type": XML, "accept": XML}
    answer = client.post("/fhir", content=xml_from_json(octets), headers=headers)
    assert answer.status_code == 200, answer.text
    response = of_xml(answer)
    assert [e["response"]["status"] for e in response["entry"]] == ["201 Created"] * 3
    assert publish(client, one_document()).json() == response


@pytest.mark.parametrize(
    "path",
    [
        "metadata",
        f"DocumentReference?{WHO}",
        f"DocumentReference?{WHO}&colour=blue",
        f"List?{WHO}&code=submissionset&status=current",
        "DocumentReference/{id}",
        "Patient?identifier=" + WHO.partition("=")[2],
        "Observation",
        "DocumentReference?colour=blue",
        "DocumentReference/none",
    ],
)
def test_every_answer_says_the_same_in_both_forms(client: TestClient, path: str) -> None:
    response = publish(client, one_document()).json()
    name = response["entry"][1]["response"]["location"].split("/")[1]
    path = path.replace("{id}", name)
    as_json = client.get(f"/fhir/{path}", headers={"accept": JSON})
    as_xml = client.get(f"/fhir/{path}", headers={"accept": XML})
    assert as_xml.status_code == as_json.status_code
    assert of_xml(as_xml) == as_json.json()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("json", JSON),
        ("xml", XML),
        ("application/fhir%2Bjson", JSON),
        ("application/fhir+json", JSON),
        ("application/fhir+xml", XML),
        ("application/fhir+xml;fhirVersion=4.0", XML),
        ("application/fhir%2Bjson%3B%20fhirVersion%3D4.0", JSON),
        ("application/xml", XML),
        ("text/xml", XML),
        ("text/json", JSON),
        ("", JSON),
        ("html", None),
        ("text/html", None),
        ("ttl", None),
        ("application/fhir%2Bjson;fhirVersion=5.0", None),
    ],
)
def test_format_outweighs_the_header(client: TestClient, asked: str, expected: str | None) -> None:
    other = JSON if expected == XML else XML
    accept = other if asked else JSON
    answer = client.get(f"/fhir/metadata?_format={asked}", headers={"accept": accept})
    assert answer.status_code == (200 if expected else 406)
    if expected:
        assert answer.headers["content-type"].startswith(expected)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (f"{XML};q=0.5, {JSON};q=0.4", XML),
        (f"{XML};q=0.4, {JSON};q=0.5", JSON),
        (f"{XML};q=0, */*", JSON),
        (f"{XML}; fhirVersion=3.0, {JSON}; fhirVersion=4.0", JSON),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", XML),
        ("application/*", JSON),
        ("text/html", None),
        ("application/pdf, image/*", None),
        (f"{JSON};q=0", None),
        (f"{JSON};fhirVersion=5.0", None),
    ],
)
def test_accept_is_weighed(client: TestClient, accept: str, expected: str | None) -> None:
    answer = client.get("/fhir/metadata", headers={"accept": accept})
    assert answer.status_code == (200 if expected else 406)
    if expected:
        assert answer.headers["content-type"].startswith(expected)
    else:
        assert answer.json()["issue"][0]["code"] == "not-supported"


def test_a_posted_search_names_its_format_in_the_form(client: TestClient) -> None:
    name, _, value = WHO.partition("=")
    answer = client.post("/fhir/DocumentReference/_search", data={name: value, "_format": "xml"})
    assert of_xml(answer)["total"] == 0


def test_errors_before_a_request_is_understood_come_as_asked(client: TestClient) -> None:
    body = client.post("/fhir", content=b"x", headers={"content-type": "text/csv", "accept": XML})
    assert body.status_code == 415
    assert of_xml(body)["issue"][0]["code"] == "not-supported"
    encoding = client.get("/fhir/DocumentReference?_format=xml&patient=%ff")
    assert encoding.status_code == 400
    method = client.delete("/fhir/metadata?_format=xml")
    assert method.status_code == 405
    assert of_xml(method)["resourceType"] == "OperationOutcome"


def test_pretty_is_the_same_in_lines(client: TestClient) -> None:
    for form in ("json", "xml"):
        plain = client.get(f"/fhir/metadata?_format={form}")
        pretty = client.get(f"/fhir/metadata?_format={form}&_pretty=true")
        assert pretty.content.count(b"\n") > 50 > plain.content.count(b"\n")
        if form == "json":
            assert pretty.json() == plain.json()
        else:
            assert of_xml(pretty) == of_xml(plain)


PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:oid:2.999.1.10", "value": "77"}],
    "name": [{"family": "ESSAI", "given": ["Ève"]}],
}


@pytest.mark.parametrize("form", [JSON, XML])
def test_a_write_is_answered_with_what_is_preferred(client: TestClient, form: str) -> None:
    octets = json.dumps(PATIENT).encode()
    body = octets if form == JSON else xml_from_json(octets)
    headers = {"content-type": form, "accept": form}
    read = (lambda a: a.json()) if form == JSON else of_xml
    whole = client.put("/fhir/Patient/p1", content=body, headers=headers)
    assert whole.status_code == 201 and read(whole)["resourceType"] == "Patient"
    for preference, kind in (
        ("representation", "Patient"),
        ("OperationOutcome", "OperationOutcome"),
    ):
        answer = client.put(
            "/fhir/Patient/p1", content=body, headers={**headers, "prefer": f"return={preference}"}
        )
        assert answer.status_code == 200
        assert read(answer)["resourceType"] == kind
        assert answer.headers["preference-applied"] == f"return={preference}"
    silent = client.put(
        "/fhir/Patient/p1", content=body, headers={**headers, "prefer": "return=minimal"}
    )
    assert (silent.status_code, silent.content) == (200, b"")
    assert silent.headers["etag"] and silent.headers["location"]
    odd = client.put(
        "/fhir/Patient/p1", content=body, headers={**headers, "prefer": "return=gold; x, wait=10"}
    )
    assert read(odd)["resourceType"] == "Patient"


def test_handling_decides_what_an_unknown_parameter_does(client: TestClient) -> None:
    path = f"/fhir/DocumentReference?{WHO}&colour=blue"
    lenient = client.get(path, headers={"prefer": "handling=lenient"})
    assert lenient.status_code == 200
    assert lenient.json()["entry"][0]["search"]["mode"] == "outcome"
    assert client.get(path).status_code == 200
    strict = client.get(path, headers={"prefer": 'respond-async, handling="strict"'})
    assert strict.status_code == 400


def test_a_document_comes_as_it_is_or_as_a_resource_in_either_form(client: TestClient) -> None:
    content = b"<ClinicalDocument/>"
    response = publish(client, one_document(content, "text/xml")).json()
    url = "/fhir/" + response["entry"][2]["response"]["location"]
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    tags = set()
    for accept in ("*/*", "text/xml", "application/xml", "text/*", browser, f"{JSON};q=0.1, */*"):
        answer = client.get(url, headers={"accept": accept})
        assert (answer.status_code, answer.content) == (200, content), accept
        tags.add(answer.headers["etag"])
    assert len(tags) == 1
    for accept in (JSON, "application/json", f"{JSON}, text/xml;q=0.5"):
        answer = client.get(url, headers={"accept": accept})
        assert base64.b64decode(answer.json()["data"]) == content
    tags.add(answer.headers["etag"])
    as_xml = client.get(url, headers={"accept": XML})
    assert base64.b64decode(of_xml(as_xml)["data"]) == content
    tags.add(as_xml.headers["etag"])
    assert base64.b64decode(of_xml(client.get(f"{url}?_format=xml"))["data"]) == content
    assert len(tags) == 3 and not any(tag.startswith("W/") for tag in tags)
    for tag in tags:
        kept = client.get(url, headers={"accept": XML, "if-none-match": tag})
        assert kept.status_code == (304 if tag == as_xml.headers["etag"] else 200)
    for accept in ("image/png", "application/pdf, application/fhir+turtle"):
        refused = client.get(url, headers={"accept": accept})
        assert refused.status_code == 406
        assert refused.json()["resourceType"] == "OperationOutcome"
    head = client.head(url, headers={"accept": XML})
    assert head.headers["content-length"] == str(len(as_xml.content)) and not head.content


@pytest.mark.echoes
def test_a_document_that_is_fhir_itself_comes_as_it_is(client: TestClient) -> None:
    content = b'{"resourceType":"Basic"}'
    response = publish(client, one_document(content, JSON)).json()
    url = "/fhir/" + response["entry"][2]["response"]["location"]
    assert client.get(url, headers={"accept": JSON}).content == content
    assert of_xml(client.get(url, headers={"accept": XML}))["contentType"] == JSON


def test_a_part_of_a_document(client: TestClient) -> None:
    content = bytes(range(100))
    response = publish(client, one_document(content)).json()
    url = "/fhir/" + response["entry"][2]["response"]["location"]
    etag = client.get(url).headers["etag"]

    def part(written: str, **more: str) -> Any:
        return client.get(url, headers={"range": written, **more})

    for written, expected in (
        ("bytes=0-9", content[:10]),
        ("Bytes = 90-", content[90:]),
        ("bytes=-1", content[-1:]),
        ("bytes=99-200", content[99:]),
    ):
        answer = part(written)
        assert (answer.status_code, answer.content) == (206, expected)
        start = content.index(expected)
        shown = f"bytes {start}-{start + len(expected) - 1}/100"
        assert answer.headers["content-range"] == shown
        assert answer.headers["content-length"] == str(len(expected))
        assert answer.headers["etag"] == etag
    for written in ("bytes=0-1,5-6", "lines=1-2", "bytes=x"):
        assert (part(written).status_code, part(written).content) == (200, content)
    beyond = part("bytes=100-")
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == "bytes */100"
    assert part("bytes=0-9", **{"if-range": etag}).status_code == 206
    assert part("bytes=0-9", **{"if-range": f"W/{etag}"}).status_code == 200
    assert part("bytes=0-9", **{"if-range": '"other"'}).status_code == 200
    assert part("bytes=0-9", **{"if-none-match": f'"x", {etag}'}).status_code == 304
    assert part("bytes=0-9", **{"if-none-match": "*"}).status_code == 304
    head = client.head(url, headers={"range": "bytes=0-9"})
    assert head.headers["content-length"] == "10" and head.content == b""


def test_a_head_of_a_resource_says_how_long_it_is(client: TestClient) -> None:
    head = client.head("/fhir/metadata")
    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-length"] == str(len(client.get("/fhir/metadata").content))


def test_a_body_of_another_version_or_type_is_refused(client: TestClient) -> None:
    octets = json.dumps(one_document()).encode()
    for content_type in (
        f"{JSON}; fhirVersion=5.0",
        "json",
        "text/html",
        "application/fhir+turtle",
    ):
        answer = client.post("/fhir", content=octets, headers={"content-type": content_type})
        assert answer.status_code == 415, content_type
    for content_type in (f"{JSON}; fhirVersion=4.0; charset=UTF-8", "text/json"):
        answer = client.post("/fhir", content=octets, headers={"content-type": content_type})
        assert answer.status_code == 200, answer.text
    assert client.post("/fhir", content=octets, headers=FHIR).status_code == 200
