"""The shared record over FHIR, as the guide of the DMP numbers its transactions.

Each test plays one transaction (TD) against a gateway of its own profile, with the requests the
guide writes (PDSm for DMP 0.1, PDSm 3.1 flux 03).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import AvailabilityStatus
from gateway.profile import read_profile
from gateway.transactions.registry_stored_query import FindDocuments, GetAll
from tests import french
from tests.end_to_end.server import RunningGateway, running_gateway
from tests.french import (
    ARCHIVED,
    DELETED,
    IS_ARCHIVED,
    IS_DELETED,
    LEVELS_URL,
    VISIBILITY_URL,
    WHO,
)
from tests.shared import ROOT
from tests.waiting import PATIENCE
from tests.web.messages import ask, provide, update

APPROVED = AvailabilityStatus.APPROVED.value
DEPRECATED = AvailabilityStatus.DEPRECATED.value
JSON_PATCH = {"content-type": "application/json-patch+json"}
FHIR = {"content-type": "application/fhir+json"}
Json = dict[str, Any]
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("record"), "--profile", "fr-dmp") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: RunningGateway) -> Iterator[Any]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as opened:
        yield opened


def deposited(client: Any, *, replacing: str = "", **given: object) -> int:
    """Submit a document over XDS; gives its number."""
    number = next(_numbers)
    links = (french.replaces(number, replacing),) if replacing else ()
    sent = french.submission(number, french.entry(number, **given), links=links)
    assert french.errors(provide(client, sent, {f"d{number}": french.content(number)})) == []
    return number


def identifier(number: int) -> str:
    return f"urn:ietf:rfc:3986|urn:oid:{french.unique_id(number)}"


def found(client: Any, number: int, query: str = "") -> list[Json]:
    """TD3.1b: search by the identifier the software knows."""
    answer = client.get(
        f"/fhir/DocumentReference?patient.identifier={WHO}&identifier={identifier(number)}{query}"
    )
    assert answer.status_code == 200, answer.text
    return [e["resource"] for e in answer.json().get("entry", ())]


def one(client: Any, number: int) -> Json:
    (resource,) = found(client, number)
    return resource


def patch(client: Any, number: int, operations: list[Json], **headers: str) -> httpx.Response:
    answer: httpx.Response = client.patch(
        f"/fhir/DocumentReference?identifier={identifier(number)}",
        content=json.dumps(operations),
        headers={**JSON_PATCH, **headers},
    )
    return answer


def fhirpath(client: Any, number: int, *operations: Json) -> httpx.Response:
    given = [
        {"name": "operation", "part": [{"name": name, **part} for name, part in one.items()]}
        for one in operations
    ]
    answer: httpx.Response = client.patch(
        f"/fhir/DocumentReference?identifier={identifier(number)}",
        content=json.dumps({"resourceType": "Parameters", "parameter": given}),
        headers=FHIR,
    )
    return answer


def label(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


def labels(resource: Json) -> set[str]:
    return {c["code"] for one in resource["securityLabel"] for c in one["coding"]}


def codes_over_xds(client: Any, number: int) -> set[str]:
    held = ask(
        client, FindDocuments(patient_id=french.PATIENT, status=(APPROVED, ARCHIVED))
    ).objects.document_entries
    (found_entry,) = [e for e in held if e.unique_id == french.unique_id(number)]
    return {c.code for c in found_entry.confidentiality_code}


def statuses_over_xds(client: Any) -> dict[str, str]:
    """Every entry of the record by uniqueId, asked for with every status there is."""
    every = (APPROVED, DEPRECATED, ARCHIVED, DELETED)
    answer = ask(
        client,
        GetAll(
            patient_id=french.PATIENT,
            document_entry_status=every,
            submission_set_status=every,
            folder_status=every,
            association_status=every,
        ),
    )
    return {e.unique_id or "": e.availability_status or "" for e in answer.objects.document_entries}


MASK = {
    "op": "replace",
    "path": "/securityLabel/0",
    "value": label(VISIBILITY_URL, "MASQUE_PS", "Masqué aux professionnels de santé"),
}
HIDE = {
    "op": "replace",
    "path": "/securityLabel/0",
    "value": label(VISIBILITY_URL, "INVISIBLE_PATIENT", "Non visible par le patient"),
}
UNMASK = {
    "op": "replace",
    "path": "/securityLabel/0",
    "value": label(LEVELS_URL, "N", "normal"),
}


# --- TD3.1 and TD3.2 ---------------------------------------------------------------------------


def test_td3_1a_documents_are_found_by_the_patients_identity_and_criteria(client: Any) -> None:
    number = deposited(client)
    answer = client.get(
        f"/fhir/DocumentReference?patient.identifier={WHO}&status=current"
        "&type=http://loinc.org|11488-4&date=ge2026-06-10&_count=200"
    )
    assert answer.status_code == 200
    mine = [
        e["resource"]
        for e in answer.json()["entry"]
        if e["resource"]["masterIdentifier"]["value"] == f"urn:oid:{french.unique_id(number)}"
    ]
    (resource,) = mine
    # The draft's annex of dates: both say when the document was made.
    assert resource["date"] == "2026-06-10T07:00:00Z"
    assert resource["content"][0]["attachment"]["creation"] == "2026-06-10T07:00:00Z"
    assert resource["subject"]["identifier"]["value"] == french.PATIENT.value
    assert {i["use"] for i in resource["identifier"]} == {"official", "usual"}


def test_td3_1a_submission_sets_are_found_and_lead_to_their_documents(client: Any) -> None:
    number = deposited(client)
    answer = client.get(
        f"/fhir/List?code=submissionset&patient.identifier={WHO}&status=current"
        f"&identifier=urn:ietf:rfc:3986|urn:oid:2.999.42.5.{number}&isArchived=false"
    )
    (entry,) = answer.json()["entry"]
    (member,) = entry["resource"]["entry"]
    reached = client.get(f"/fhir/{member['item']['reference']}")
    assert reached.json()["id"] == one(client, number)["id"]
    patch(client, number, [MASK])
    # Whatever version a link was written for, it leads to the one that counts.
    again = client.get(f"/fhir/{member['item']['reference']}").json()
    assert again["id"] == one(client, number)["id"] != member["item"]["reference"].split("/")[1]


def test_td3_1b_the_technical_id_is_read_from_the_id(client: Any) -> None:
    number = deposited(client)
    resource = one(client, number)
    (entry,) = [
        e
        for e in ask(
            client, FindDocuments(patient_id=french.PATIENT, status=(APPROVED,))
        ).objects.document_entries
        if e.unique_id == french.unique_id(number)
    ]
    assert entry.entry_uuid == "urn:uuid:" + resource["id"]
    official = next(i for i in resource["identifier"] if i["use"] == "official")
    assert official["value"] == entry.entry_uuid


def test_td3_2_the_document_comes_back_byte_for_byte(client: Any) -> None:
    number = deposited(client)
    resource = one(client, number)
    attachment = resource["content"][0]["attachment"]
    got = client.get(attachment["url"], headers={"accept": attachment["contentType"]})
    assert got.content == french.content(number)
    patch(client, number, [MASK])
    # The address of the old version and that of the new one both lead to it.
    assert client.get(attachment["url"]).content == french.content(number)
    new = one(client, number)["content"][0]["attachment"]["url"]
    assert new != attachment["url"]
    assert client.get(new).content == french.content(number)


# --- TD3.3a and b: masks -----------------------------------------------------------------------


def test_td3_3a_masking_as_the_draft_writes_it_keeps_the_level(client: Any) -> None:
    number = deposited(client)
    before = one(client, number)
    answer = patch(client, number, [MASK])
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert labels(after) == {"N", "MASQUE_PS"}
    assert after == one(client, number)
    assert after["id"] != before["id"]
    assert after["meta"]["versionId"] == "2"
    assert answer.headers["etag"] == 'W/"2"'
    assert codes_over_xds(client, number) == {"N", "MASQUE_PS"}
    # A read by the id of the version before finds the document.
    assert client.get(f"/fhir/DocumentReference/{before['id']}").json() == after


def test_td3_3a_unmasking_as_the_draft_writes_it_takes_the_mask_back(client: Any) -> None:
    number = deposited(client)
    assert patch(client, number, [MASK]).status_code == 200
    assert patch(client, number, [UNMASK]).status_code == 200
    assert labels(one(client, number)) == {"N"}
    assert codes_over_xds(client, number) == {"N"}


def test_td3_3a_a_document_masked_over_xds_is_unmasked_over_fhir(client: Any) -> None:
    number = deposited(client, confidentiality_code=(french.NORMAL, french.MASQUE_PS))
    assert patch(client, number, [UNMASK]).status_code == 200
    assert codes_over_xds(client, number) == {"N"}


def test_td3_3a_masking_by_adding_a_label_and_by_fhirpath(client: Any) -> None:
    number = deposited(client)
    add = {"op": "add", "path": "/securityLabel/-", "value": MASK["value"]}
    assert labels(patch(client, number, [add]).json()) == {"N", "MASQUE_PS"}
    answer = fhirpath(
        client,
        number,
        {
            "type": {"valueCode": "delete"},
            "path": {
                "valueString": "DocumentReference.securityLabel"
                ".where(coding.exists(code = 'MASQUE_PS'))"
            },
        },
    )
    assert answer.status_code == 200, answer.text
    assert labels(answer.json()) == {"N"}


def test_td3_3a_masking_by_fhirpath_in_xml(client: Any) -> None:
    number = deposited(client)
    operation = (
        '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>'
        '<part><name value="type"/><valueCode value="add"/></part>'
        '<part><name value="path"/><valueString value="DocumentReference"/></part>'
        '<part><name value="name"/><valueString value="securityLabel"/></part>'
        '<part><name value="value"/><valueCodeableConcept><coding>'
        f'<system value="{VISIBILITY_URL}"/><code value="MASQUE_PS"/>'
        "</coding></valueCodeableConcept></part></parameter></Parameters>"
    )
    answer = client.patch(
        f"/fhir/DocumentReference?identifier={identifier(number)}",
        content=operation,
        headers={"content-type": "application/fhir+xml"},
    )
    assert answer.status_code == 200, answer.text
    assert labels(one(client, number)) == {"N", "MASQUE_PS"}


def test_td3_3a_a_document_of_a_patient_announced_over_fhir_is_masked(client: Any) -> None:
    # FHIR has no place for CX.5, which the rules of the record ask for.
    authority, value = "1.2.250.1.213.1.4.10", "123093799900701"
    announced = {
        "resourceType": "Patient",
        "identifier": [{"system": f"urn:oid:{authority}", "value": value}],
    }
    address = f"/fhir/Patient?identifier=urn:oid:{authority}|{value}"
    assert client.put(address, content=json.dumps(announced), headers=FHIR).is_success
    patient = Identifier(f"{value}^^^&{authority}&ISO^NH")
    number = next(_numbers)
    traits = (f"PID-3|{patient.text}", *french.entry().source_patient_info[1:])
    entry = french.entry(number, patient_id=patient, source_patient_info=traits)
    sent = french.submission(number, entry, patient_id=patient)
    assert french.errors(provide(client, sent, {f"d{number}": french.content(number)})) == []
    answer = patch(client, number, [MASK])
    assert answer.status_code == 200, answer.text
    assert labels(answer.json()) == {"N", "MASQUE_PS"}


def test_td3_3b_hiding_a_document_from_the_patient_and_showing_it(client: Any) -> None:
    number = deposited(client)
    assert labels(patch(client, number, [HIDE]).json()) == {"N", "INVISIBLE_PATIENT"}
    assert labels(patch(client, number, [UNMASK]).json()) == {"N"}
    representatives = label(VISIBILITY_URL, "INVISIBLE_REPRESENTANTS_LEGAUX")
    add = {"op": "add", "path": "/securityLabel/-", "value": representatives}
    assert labels(patch(client, number, [add]).json()) == {"N", "INVISIBLE_REPRESENTANTS_LEGAUX"}


def test_td3_3b_what_is_masked_is_not_hidden_from_the_patient_as_well(client: Any) -> None:
    if not getattr(read_profile("fr-dmp", ROOT / "profiles"), "rules", ()):
        pytest.skip("the profile has no rules of its own yet")
    number = deposited(client)
    assert patch(client, number, [MASK]).status_code == 200
    hide = {"op": "add", "path": "/securityLabel/-", "value": HIDE["value"]}
    answer = patch(client, number, [hide])
    assert answer.status_code == 422, answer.text
    assert labels(one(client, number)) == {"N", "MASQUE_PS"}


# --- TD3.3c: removal ---------------------------------------------------------------------------


def test_td3_3c_removal_as_the_draft_writes_it_is_answered_so_and_for_good(client: Any) -> None:
    number = deposited(client)
    resource = one(client, number)
    url = resource["content"][0]["attachment"]["url"]
    answer = patch(
        client, number, [{"op": "replace", "path": "/status", "value": "entered-in-error"}]
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "entered-in-error"
    assert found(client, number) == found(client, number, "&isDeleted=true") == []
    for address in ("", "/_history", "/_history/1"):
        there = client.get(f"/fhir/DocumentReference/{resource['id']}{address}")
        assert there.status_code == 404, address
    assert client.get(url).status_code == 404
    assert patch(client, number, [MASK]).status_code == 404
    assert french.unique_id(number) not in statuses_over_xds(client)
    (sent,) = client.get(
        f"/fhir/List?code=submissionset&patient.identifier={WHO}"
        f"&identifier=urn:ietf:rfc:3986|urn:oid:2.999.42.5.{number}"
    ).json()["entry"]
    assert "entry" not in sent["resource"]


def test_td3_3c_removal_by_the_extension_takes_older_documents_with_it(client: Any) -> None:
    old = deposited(client)
    new = deposited(client, replacing="urn:uuid:" + one(client, old)["id"])
    assert one(client, old)["status"] == "superseded"
    deleted = {"url": IS_DELETED, "valueBoolean": True}
    alone = [{"op": "add", "path": "/extension/-", "value": deleted}]
    # Both are asked for: the extension and the status that goes with it.
    assert patch(client, new, alone).status_code == 422
    superseded = {"op": "replace", "path": "/status", "value": "superseded"}
    wrong = [{"op": "test", "path": "/status", "value": "superseded"}, superseded, *alone]
    assert patch(client, new, wrong).status_code == 422
    # What was replaced goes with what replaced it, not by itself.
    assert patch(client, old, alone).status_code == 422
    right = [{"op": "test", "path": "/status", "value": "current"}, superseded, *alone]
    answer = patch(client, new, right)
    assert answer.status_code == 200, answer.text
    assert deleted in answer.json()["extension"]
    assert found(client, old) == found(client, new) == []
    left = statuses_over_xds(client)
    assert not {french.unique_id(old), french.unique_id(new)} & left.keys()


def test_td3_3c_removal_by_fhirpath(client: Any) -> None:
    number = deposited(client)
    answer = fhirpath(
        client,
        number,
        {
            "type": {"valueCode": "replace"},
            "path": {"valueString": "DocumentReference.status"},
            "value": {"valueCode": "superseded"},
        },
        {
            "type": {"valueCode": "add"},
            "path": {"valueString": "DocumentReference"},
            "name": {"valueString": "extension"},
            "value": {
                "part": [
                    {"name": "url", "valueUri": IS_DELETED},
                    {"name": "value", "valueBoolean": True},
                ]
            },
        },
    )
    assert answer.status_code == 200, answer.text
    assert found(client, number) == []


def test_td3_3c_removal_over_soap_is_for_the_author_only(client: Any) -> None:
    number = deposited(client)
    uuid = "urn:uuid:" + one(client, number)["id"]
    stranger = french.status_update(
        9000 + number, uuid, APPROVED, DELETED, author=french.OTHER_DOCTOR
    )
    (error,) = french.errors(update(client, stranger))
    assert error.startswith("LocalPolicyRestrictionError")
    assert update(
        client, french.status_update(9500 + number, uuid, APPROVED, DELETED)
    ).findings == (())
    assert found(client, number) == []
    assert french.unique_id(number) not in statuses_over_xds(client)


def test_td3_3c_a_removed_document_is_not_taken_again(client: Any) -> None:
    number = deposited(client)
    patch(client, number, [{"op": "replace", "path": "/status", "value": "entered-in-error"}])
    again = french.submission(9900 + number, french.entry(number))
    (error,) = french.errors(provide(client, again, {f"d{number}": french.content(number)}))
    assert error.startswith("XDSDuplicateUniqueIdInRegistry")


# --- TD3.3d: archives --------------------------------------------------------------------------


def archive(value: bool) -> Json:
    # As the draft writes it, although no JSON Pointer can do so.
    path = f"/extension[url:'{IS_ARCHIVED}']/valueBoolean"
    return {"op": "replace", "path": path, "value": value}


def test_td3_3d_archiving_as_the_draft_writes_it_and_back(client: Any) -> None:
    number = deposited(client)
    answer = patch(client, number, [archive(True)])
    assert answer.status_code == 200, answer.text
    assert {"url": IS_ARCHIVED, "valueBoolean": True} in answer.json()["extension"]
    assert answer.json()["status"] == "current"
    assert statuses_over_xds(client)[french.unique_id(number)] == ARCHIVED
    assert len(found(client, number, "&isArchived=true")) == 1
    assert found(client, number, "&isArchived=false") == []
    assert len(found(client, number, "&status=current")) == 1
    assert found(client, number, "&status=superseded") == []
    assert patch(client, number, [archive(False)]).status_code == 200
    assert statuses_over_xds(client)[french.unique_id(number)] == APPROVED
    assert found(client, number, "&isArchived=true") == []


def test_td3_3d_archiving_over_soap_shows_over_fhir(client: Any) -> None:
    number = deposited(client)
    uuid = "urn:uuid:" + one(client, number)["id"]
    asked = french.status_update(8000 + number, uuid, APPROVED, ARCHIVED)
    assert french.errors(update(client, asked)) == []
    assert {"url": IS_ARCHIVED, "valueBoolean": True} in one(client, number)["extension"]
    # Archived documents can be masked, replaced and removed as others can.
    assert labels(patch(client, number, [MASK]).json()) == {"N", "MASQUE_PS"}
    assert statuses_over_xds(client)[french.unique_id(number)] == ARCHIVED
    new = deposited(client, replacing="urn:uuid:" + one(client, number)["id"])
    assert statuses_over_xds(client)[french.unique_id(new)] == ARCHIVED
    gone = [{"op": "replace", "path": "/status", "value": "entered-in-error"}]
    assert patch(client, new, gone).status_code == 200
    assert found(client, number) == found(client, new) == []


# --- What a patch may not do -------------------------------------------------------------------


def test_a_patch_of_anything_else_is_refused_with_405(client: Any) -> None:
    number = deposited(client)
    for operation in (
        {"op": "replace", "path": "/type", "value": label("http://loinc.org", "34133-9")},
        {"op": "replace", "path": "/content/0/attachment/title", "value": "Autre"},
        {"op": "add", "path": "/docStatus", "value": "final"},
        {"op": "replace", "path": "/id", "value": "other"},
        {"op": "add", "path": "/extension/-", "value": {"url": "x", "valueString": "y"}},
    ):
        answer = patch(client, number, [operation])
        assert answer.status_code == 405, (operation, answer.text)
        assert answer.json()["resourceType"] == "OperationOutcome"
    assert one(client, number)["meta"]["versionId"] == "1"


def test_a_patch_names_one_document_that_is_there(client: Any) -> None:
    number = deposited(client)
    assert patch(client, 99_999, [MASK]).status_code == 404
    assert client.patch(
        "/fhir/DocumentReference/none", json=[], headers=JSON_PATCH
    ).status_code == (404)
    assert client.patch("/fhir/DocumentReference", json=[], headers=JSON_PATCH).status_code == 400
    both = f"{identifier(number)},{identifier(deposited(client))}"
    answer = client.patch(
        f"/fhir/DocumentReference?identifier={both}", json=[MASK], headers=JSON_PATCH
    )
    assert answer.status_code == 412


def test_a_patch_of_a_version_that_has_changed_is_refused_with_412(client: Any) -> None:
    number = deposited(client)
    assert patch(client, number, [MASK], **{"if-match": 'W/"2"'}).status_code == 412
    assert patch(client, number, [MASK], **{"if-match": 'W/"1"'}).status_code == 200
    assert patch(client, number, [UNMASK], **{"if-match": 'W/"1"'}).status_code == 412


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml-patch+xml", ""])
def test_a_patch_of_an_unknown_format_is_refused_with_415(client: Any, content_type: str) -> None:
    number = deposited(client)
    answer = client.patch(
        f"/fhir/DocumentReference?identifier={identifier(number)}",
        content=b"[]",
        headers={"content-type": content_type},
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/securityLabel", "value": "restricted"},
        {"op": "replace", "path": "/securityLabel/7", "value": {}},
        {"op": "replace", "path": "/status", "value": "unheard-of"},
        {"op": "replace", "path": f"/extension[url:'{IS_ARCHIVED}']/valueBoolean", "value": "x"},
        {"op": "test", "path": "/status", "value": "superseded"},
        {"op": "spam", "path": "/status"},
    ],
)
def test_a_patch_that_makes_no_sense_is_refused_with_422(client: Any, operation: Json) -> None:
    number = deposited(client)
    assert patch(client, number, [operation]).status_code == 422


def test_a_patch_that_changes_nothing_makes_no_version(client: Any) -> None:
    number = deposited(client)
    answer = patch(client, number, [{"op": "test", "path": "/status", "value": "current"}])
    assert answer.status_code == 200
    assert answer.json() == one(client, number)
    assert answer.json()["meta"]["versionId"] == "1"


def test_neither_removal_nor_archive_is_published(client: Any) -> None:
    number = deposited(client)
    held = one(client, number)
    for change in (
        {"status": "entered-in-error"},
        {"status": "superseded", "extension": [{"url": IS_DELETED, "valueBoolean": True}]},
        {"extension": [{"url": IS_ARCHIVED, "valueBoolean": True}]},
    ):
        resource = {k: v for k, v in held.items() if k not in ("id", "meta", "extension")}
        answer = client.post(
            "/fhir",
            json={
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [
                    {
                        "fullUrl": "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-000000000001",
                        "resource": resource | change,
                        "request": {"method": "POST", "url": "DocumentReference"},
                    }
                ],
            },
            headers=FHIR,
        )
        assert answer.status_code in (400, 422)
        places = {e for i in answer.json()["issue"] for e in i.get("expression", ())}
        assert any(p.endswith((".status", ".extension")) for p in places), answer.text


# --- TD0.2: the state of the record ------------------------------------------------------------

DMP = "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/"
CLOSURE = {
    "url": DMP + "dmp-fermeture",
    "extension": [
        {"url": "dateFermeture", "valueDate": "2024-03-20"},
        {
            "url": "motifFermeture",
            "valueCodeableConcept": {
                "coding": [
                    {
                        "system": "https://interop.esante.gouv.fr/ig/fhir/dmp/CodeSystem/"
                        "dmp-motif-fermeture",
                        "code": "patient-demande",
                    }
                ]
            },
        },
        {"url": "raisonFermeture", "valueString": "Demande explicite du patient"},
    ],
}
ATTACHED = {"url": DMP + "dmp-rattachement-mes", "valueBoolean": True}


def record_of(client: Any, value: str) -> list[Json]:
    answer = client.get(f"/fhir/Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|{value}")
    assert answer.status_code == 200
    return [entry["resource"] for entry in answer.json().get("entry", ())]


def test_td0_2_the_state_of_a_record_is_told_with_the_guides_extensions(client: Any) -> None:
    value = "160017512345692"
    assert record_of(client, value) == []
    patient = {
        "resourceType": "Patient",
        "extension": [CLOSURE, ATTACHED],
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": value}],
        "active": False,
        "name": [{"family": "ESSAI", "given": ["Elouan"]}],
        "gender": "male",
        "birthDate": "1960-01-31",
    }
    address = f"/fhir/Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|{value}"
    assert client.put(address, content=json.dumps(patient), headers=FHIR).status_code == 201
    (told,) = record_of(client, value)
    assert told["active"] is False
    assert told["extension"] == [CLOSURE, ATTACHED]
    assert client.get(f"/fhir/Patient/{told['id']}").json() == told
    # Open again: nothing of the closure is left, and the space stays as it is told.
    opened = {**patient, "active": True, "extension": [ATTACHED]}
    assert client.put(address, content=json.dumps(opened), headers=FHIR).status_code == 200
    (told,) = record_of(client, value)
    assert (told["active"], told["extension"]) == (True, [ATTACHED])
    # Who asks is not known, so nothing is said of the attending doctor, whatever is sent.
    doctor = {"url": DMP + "dmp-medecin-traitant", "valueBoolean": True}
    sent = {**patient, "extension": [doctor]}
    assert client.put(address, content=json.dumps(sent), headers=FHIR).status_code == 200
    (told,) = record_of(client, value)
    assert "extension" not in told


def test_td0_2_a_wrong_extension_is_refused(client: Any) -> None:
    patient = {
        "resourceType": "Patient",
        "extension": [{"url": ATTACHED["url"], "valueString": "oui"}],
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "160017512345693"}],
    }
    answer = client.post("/fhir/Patient", content=json.dumps(patient), headers=FHIR)
    assert answer.status_code == 422
