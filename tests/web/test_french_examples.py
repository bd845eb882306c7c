"""The French guide's examples under the French profile: requests answered, answers of our shape."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.shared import shared
from tests.web.conftest import Open
from tests.web.messages import FHIR
from tests.web.structure import missing

FOLDER = "data/france/examples"
INS = "urn:oid:1.2.250.1.213.1.4.8|123456789012345"


def read(name: str) -> dict[str, Any]:
    """Give one example."""
    found: dict[str, Any] = json.loads((shared(FOLDER) / name).read_text())
    return found


def post(client: TestClient, path: str, resource: dict[str, Any]) -> Any:
    return client.post(path, content=json.dumps(resource), headers=FHIR)


@pytest.fixture
def client(open_gateway: Open) -> TestClient:
    """A client of a French gateway that tells what breaks its rules and refuses nothing for it.

    The examples' codes are placeholders, mostly; what a gateway that enforces its rules says to
    them is tested below.
    """
    shared(FOLDER)
    return open_gateway(profile="fr-dmp", environment="production", rules="report")


@pytest.fixture
def strict(open_gateway: Open) -> TestClient:
    """A client of a French gateway in production, as it is set up when nobody says otherwise."""
    shared(FOLDER)
    return open_gateway(profile="fr-dmp", environment="production")


REASONS = {
    "meta.profile": "the profiles named are MHD's, on which the French ones are built, until a "
    "community says otherwise",
    "id": "an answer Bundle needs none",
}


def submission(
    reference: dict[str, Any], octets: bytes | dict[str, Any], number: int
) -> dict[str, Any]:
    """The French bundle around another DocumentReference and its document."""
    what = read("Bundle-example-td2-iti65-lot-soumission.json")
    set_, described, document = what["entry"]
    described["resource"] = reference | {"status": "current"}
    attachment = reference["content"][0]["attachment"]
    attachment["url"] = document["fullUrl"]
    attachment.pop("hash", None)
    attachment.pop("size", None)
    if isinstance(octets, bytes):
        document["resource"].update(
            contentType=attachment["contentType"], data=base64.b64encode(octets).decode()
        )
    else:
        document["resource"] = octets
        document["request"]["url"] = "Bundle"
    set_["resource"]["title"] = f"Lot {number}"
    return what


def test_a_french_submission_is_accepted(client: TestClient) -> None:
    answer = post(client, "/fhir", read("Bundle-example-td2-iti65-lot-soumission.json"))
    assert answer.status_code == 200, answer.text
    kinds = [e["response"]["location"].partition("/")[0] for e in answer.json()["entry"]]
    assert kinds == ["List", "DocumentReference", "Binary"]


def test_a_french_replacement_is_accepted_once_the_old_document_is_here(
    client: TestClient,
) -> None:
    replacement = read("Bundle-example-td2-1-remplacement.json")
    refused = post(client, "/fhir", replacement)
    assert refused.status_code == 422
    issues = [
        (i["details"]["coding"][0]["code"], i["expression"][0])
        for i in refused.json()["issue"]
        if i["severity"] == "error"
    ]
    assert ("UnresolvedReferenceException", "Bundle.entry[1].resource.relatesTo[0]") in issues
    example = read("DocumentReference-doc-x-id.json")
    first = post(client, "/fhir", submission(example, b"<v1/>", 1))
    assert first.status_code == 200, first.text
    old = first.json()["entry"][1]["response"]["location"]
    text = json.dumps(replacement).replace('"DocumentReference/doc-x-id"', f'"{old}"')
    answer = post(client, "/fhir", json.loads(text))
    assert answer.status_code == 200, answer.text
    assert answer.json()["entry"][2]["response"] == {"status": "200 OK", "location": old}
    ours = client.get(f"/fhir/{old}").json()
    assert ours["status"] == example["status"] == "superseded"
    assert missing(read("DocumentReference-doc-x-id.json"), ours) - REASONS.keys() == set()


def errors(answer: Any) -> set[str]:
    """The attributes an answer refuses, without where in the bundle they are."""
    return {
        issue["expression"][0].rpartition(".")[2]
        for issue in answer.json()["issue"]
        if issue["severity"] == "error"
    }


def test_what_the_terminology_does_not_have_is_refused_where_rules_are_enforced(
    strict: TestClient,
) -> None:
    answer = post(strict, "/fhir", read("Bundle-example-td2-iti65-lot-soumission.json"))
    assert answer.status_code == 422
    assert errors(answer) == {
        # A class of documents, where the value set has activities; the class of another type; a
        # format of IHE and two codes of SNOMED CT, where the value sets have their own.
        "contentTypeCode",
        "classCode",
        "formatCode",
        "healthcareFacilityTypeCode",
        "practiceSettingCode",
        # The source's patient has a number and no name.
        "sourcePatientInfo",
    }


def test_invented_people_are_for_test_platforms_and_others_for_production(
    open_gateway: Open,
) -> None:
    test = open_gateway(profile="fr-dmp", environment="test")
    example = read("DocumentReference-example-td2-iti105-publication-simplifiee.json")
    answer = post(test, "/fhir/DocumentReference", example)
    assert answer.status_code == 422
    assert errors(answer) == {"patientId"}


def test_a_french_simplified_publish_is_accepted(strict: TestClient) -> None:
    example = read("DocumentReference-example-td2-iti105-publication-simplifiee.json")
    answer = post(strict, "/fhir/DocumentReference", example)
    assert answer.status_code == 201, answer.text
    ours = answer.json()
    del example["content"][0]["attachment"]["data"]
    assert missing(example, ours) - REASONS.keys() == set()
    # The class follows from the type, by the national map.
    assert ours["category"][0]["coding"][0]["system"].endswith("TRE-A03-ClasseDocument")


def test_a_french_search_is_answered_in_the_shape_of_the_guides(client: TestClient) -> None:
    example = read("Bundle-example-annexe-searchset-documentreferences.json")
    document = read("Bundle-example-annexe-fhir-document.json")
    cda, fhir = (e["resource"] for e in example["entry"])
    for number, (reference, octets) in enumerate(((cda, b"<cda/>"), (fhir, document))):
        what = submission(json.loads(json.dumps(reference)), octets, number)
        answer = post(client, "/fhir", what)
        assert answer.status_code == 200, answer.text
    ours = client.get(f"/fhir/DocumentReference?patient.identifier={INS}&status=current").json()
    assert ours["total"] == 2
    # A role that is nothing but its number is the person with that number.
    role = "entry(DocumentReference).resource.contained(PractitionerRole)."
    lost = missing(example, ours)
    assert {
        path
        for path in lost
        if not path.startswith(role)
        and path.removeprefix("entry(DocumentReference).resource.") not in REASONS
    } == set()
    by_id = {
        e["resource"]["masterIdentifier"]["value"]: e["resource"]["content"][0]["attachment"]
        for e in ours["entry"]
    }
    kept = client.get(by_id[document["identifier"]["value"]]["url"])
    assert kept.json() == document


def test_the_french_fhir_document_describes_itself(client: TestClient) -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "document",
                "resource": read("Bundle-example-annexe-fhir-document.json"),
            }
        ],
    }
    answer = post(client, "/fhir/DocumentReference/$generate-metadata", parameters)
    assert answer.status_code == 200, answer.text
    reference = answer.json()["parameter"][0]["valueReference"]["reference"]
    resource = client.get(reference).json()
    assert resource["type"]["coding"][0]["code"] == "60591-5"
    assert resource["subject"]["identifier"]["value"] == "123456789012345"
    assert resource["author"]
