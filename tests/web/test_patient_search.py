"""Patients found by who they are (ITI-78), and their identifiers elsewhere (ITI-83)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.messages import FHIR
from tests.web.test_fhir import codes, ids, is_fhir

DOMAIN = "urn:oid:2.999.1.10"
LOCAL = "urn:oid:2.999.1.20"

PEOPLE = [
    ("p1", "MARTIN", ["Camille", "Zoé"], "female", "1980-01-02", "7001", "L1"),
    ("p2", "Martín", ["Paul"], "male", "1980-01", "7002", "L2"),
    ("p3", "Martinez", ["Anne-Marie"], "female", "1979", "7003", None),
    ("p4", "Saint-Martin", ["Paule"], "other", None, "7004", None),
    ("p5", "Durand", [], "unknown", "2001-12-31", "7005", "L5"),
]


@pytest.fixture
def people(client: TestClient) -> Iterator[TestClient]:
    for name, family, given, gender, birth, number, local in PEOPLE:
        patient: dict[str, Any] = {
            "resourceType": "Patient",
            "id": name,
            "identifier": [{"system": DOMAIN, "value": number}],
            "name": [{"family": family, **({"given": given} if given else {})}],
            "gender": gender,
            "active": name != "p5",
        }
        if birth:
            patient["birthDate"] = birth
        if local:
            patient["identifier"].append({"system": LOCAL, "value": local})
        put = client.put(f"/fhir/Patient/{name}", content=json.dumps(patient), headers=FHIR)
        assert put.status_code == 201, put.text
    yield client


def found(client: TestClient, query: str) -> list[str]:
    answer = client.get(f"/fhir/Patient?{query}")
    assert answer.status_code == 200, answer.text
    bundle = is_fhir(answer)
    assert bundle["total"] >= len(ids(bundle))
    return sorted(ids(bundle))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("family=martin", ["p1", "p2", "p3"]),
        ("family:exact=Martín", ["p2"]),
        ("family:exact=MARTIN,Martín", ["p1", "p2"]),
        ("family:contains=martin", ["p1", "p2", "p3", "p4"]),
        ("family=martin&given=zoe", ["p1"]),
        ("given=zo,paul", ["p1", "p2", "p4"]),
        ("given:exact=Paul", ["p2"]),
        ("given:contains=marie", ["p3"]),
        ("name=paul", ["p2", "p4"]),
        ("family:missing=false&given:missing=true", ["p5"]),
        ("family=martin&gender=female", ["p1", "p3"]),
        ("name:contains=a&gender=other,unknown", ["p4", "p5"]),
        ("name:contains=a&gender:not=female", ["p2", "p4", "p5"]),
        ("name:contains=a&active=false", ["p5"]),
        ("birthdate=1980-01-02", ["p1"]),
        ("birthdate=1980-01", ["p1", "p2"]),
        ("birthdate=1980", ["p1", "p2"]),
        ("birthdate=lt1980", ["p3"]),
        ("birthdate=ge1979-06-01&birthdate=le1980-01-15", ["p1", "p2", "p3"]),
        ("birthdate=ne1980&family:missing=false", ["p3", "p5"]),
        ("birthdate=sa2001-12-30", ["p5"]),
        ("name:contains=a&birthdate:missing=true", ["p4"]),
        (f"identifier={DOMAIN}|7001", ["p1"]),
        (f"identifier={DOMAIN}|7001,{LOCAL}|L5", ["p1", "p5"]),
        ("identifier=7003", ["p3"]),
        ("identifier=700", []),
        (f"family=martin&identifier={LOCAL}|", ["p1", "p2"]),
        (f"identifier={DOMAIN}|none", []),
        ("_id=p1,p4,nobody", ["p1", "p4"]),
        ("_id=p1&family=durand", []),
    ],
)
def test_patients_are_found_by_who_they_are(
    people: TestClient, query: str, expected: list[str]
) -> None:
    assert found(people, query) == expected


@pytest.mark.parametrize(
    "order", ["family", "-family", "birthdate,-given", "-_lastUpdated,_id", ""]
)
def test_pages_of_patients_follow_one_another_in_any_order(people: TestClient, order: str) -> None:
    address = (
        f"/fhir/Patient?name:contains=a&_sort={order}" if order else "/fhir/Patient?name:contains=a"
    )
    whole = ids(is_fhir(people.get(address)))
    assert len(whole) == 5
    seen: list[str] = []
    url: str | None = f"{address}&_count=2"
    while url:
        page = is_fhir(people.get(url))
        assert page["total"] == 5
        seen += ids(page)
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
    assert seen == whole
    if order == "-family":
        assert seen[0] == "p4", "names are sorted without case and accents"


def test_what_pdqm_asks_beside_is_ignored_with_a_warning(people: TestClient) -> None:
    answer = people.get("/fhir/Patient?family=martin&telecom=1&address-city=x&mothersMaidenName=y")
    bundle = is_fhir(answer)
    assert bundle["total"] == 3
    (outcome,) = [e["resource"] for e in bundle["entry"] if e["search"]["mode"] == "outcome"]
    places = [i["expression"][0] for i in outcome["issue"]]
    assert places == ["telecom", "address-city", "mothersMaidenName"]
    own = next(link["url"] for link in bundle["link"] if link["relation"] == "self")
    assert "telecom" not in own, "the link to the answer says what was really asked"
    strict = people.get("/fhir/Patient?family=x&telecom=1", headers={"prefer": "handling=strict"})
    assert strict.status_code == 400


def test_nobody_is_shown_all_patients(people: TestClient) -> None:
    for query in ("", "gender=female", "active=true", f"identifier={DOMAIN}|"):
        answer = people.get(f"/fhir/Patient?{query}")
        assert answer.status_code == 400
        assert codes(answer) == ["XDSStoredQueryMissingParam"]


def test_identifiers_of_a_system_nobody_knows_are_told_so(people: TestClient) -> None:
    assert people.get("/fhir/Patient?identifier=urn:oid:2.999.77|1").status_code == 404
    both = people.get(f"/fhir/Patient?identifier=urn:oid:2.999.77|1,{DOMAIN}|7001")
    assert is_fhir(both)["total"] == 1


def test_a_posted_search_for_patients_is_answered_like_one_in_the_address(
    people: TestClient,
) -> None:
    posted = people.post("/fhir/Patient/_search", data={"family": "martin", "gender": "male"})
    assert ids(is_fhir(posted)) == ["p2"]


def test_a_summary_of_a_patient_keeps_what_tells_patients_apart(people: TestClient) -> None:
    (entry,) = is_fhir(people.get("/fhir/Patient?_id=p1&_elements=name"))["entry"]
    assert entry["resource"].keys() == {"resourceType", "id", "meta", "active", "name"}
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_identifiers_elsewhere_are_given_without_the_one_that_was_asked(
    people: TestClient,
) -> None:
    answer = people.get(f"/fhir/Patient/$ihe-pix?sourceIdentifier={DOMAIN}|7001")
    assert answer.status_code == 200, answer.text
    parameters = is_fhir(answer)["parameter"]
    assert [p["name"] for p in parameters] == ["targetIdentifier", "targetId"]
    assert parameters[0]["valueIdentifier"] == {"system": LOCAL, "value": "L1"}
    assert parameters[1]["valueReference"]["reference"].endswith("/Patient/p1")
    only = people.get(
        f"/fhir/Patient/$ihe-pix?sourceIdentifier={LOCAL}|L1&targetSystem={DOMAIN}"
    ).json()["parameter"]
    assert only[0]["valueIdentifier"]["value"] == "7001"


@pytest.mark.parametrize(
    ("query", "status", "issue"),
    [
        (f"sourceIdentifier={DOMAIN}|none", 404, "not-found"),
        ("sourceIdentifier=urn:oid:2.999.77|1", 400, "code-invalid"),
        (f"sourceIdentifier={DOMAIN}|7001&targetSystem=urn:oid:2.999.77", 403, "code-invalid"),
        ("sourceIdentifier=7001", 400, "required"),
        ("", 400, "required"),
    ],
)
def test_a_cross_reference_that_cannot_be_made_says_why(
    people: TestClient, query: str, status: int, issue: str
) -> None:
    answer = people.get(f"/fhir/Patient/$ihe-pix?{query}")
    assert answer.status_code == status
    assert is_fhir(answer)["issue"][0]["code"] == issue
