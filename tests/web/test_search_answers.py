"""What a search answers besides what it found: what goes with it, parts, pages, warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.model.datatypes import Identifier
from gateway.model.vocabulary import AssociationType
from gateway.transactions.registry_stored_query import GetDocuments, ReturnType
from tests.model import examples
from tests.web.conftest import Open
from tests.web.messages import (
    APPROVED,
    DEPRECATED,
    ask,
    everything,
    publish,
    register,
    update,
)
from tests.web.test_fhir import WHO, codes, find, ids, is_fhir, one_document, shelf

Modes = dict[str, list[dict[str, Any]]]


def modes(bundle: dict[str, Any]) -> Modes:
    """The resources of an answer, by the reason they are there."""
    found: Modes = {"match": [], "include": [], "outcome": []}
    for entry in bundle.get("entry", ()):
        found[entry["search"]["mode"]].append(entry["resource"])
        if entry["search"]["mode"] != "outcome":
            resource = entry["resource"]
            assert entry["fullUrl"].endswith(f"/{resource['resourceType']}/{resource['id']}")
    return found


def kinds(resources: list[dict[str, Any]]) -> list[str]:
    return sorted(r["resourceType"] for r in resources)


def lists(client: TestClient, query: str) -> dict[str, Any]:
    return is_fhir(client.get(f"/fhir/List?{WHO}&{query}"))


def filed(client: TestClient) -> None:
    """Two documents in one submission set; the second appends to the first and is in a folder."""
    first, second = examples.entry("d1", "2.999.4.1"), examples.entry("d2", "2.999.4.2")
    what = examples.submission(
        first,
        second,
        folders=(examples.folder(),),
        links=(
            examples.member("f1", "d2"),
            examples.link(AssociationType.APND, "d2", "d1"),
        ),
    )
    assert register(client, what).findings == ()


# --- What goes with the objects found ----------------------------------------------------------


def test_a_document_brings_its_patient_its_relations_and_its_lists(client: TestClient) -> None:
    filed(client)
    by_id = "identifier=urn:oid:2.999.4.2"
    alone = modes(find(client, by_id))
    assert (len(alone["match"]), alone["include"]) == (1, [])
    with_patient = modes(find(client, f"{by_id}&_include=DocumentReference:patient"))
    assert kinds(with_patient["include"]) == ["Patient"]
    patient = with_patient["include"][0]["id"]
    assert with_patient["match"][0]["subject"]["reference"].endswith(f"Patient/{patient}")
    related = modes(find(client, f"{by_id}&_include=DocumentReference:relatesto"))["include"]
    assert [r["masterIdentifier"]["value"] for r in related] == ["urn:oid:2.999.4.1"]
    relating = modes(
        find(client, "identifier=urn:oid:2.999.4.1&_revinclude=DocumentReference:relatesto")
    )["include"]
    assert [r["masterIdentifier"]["value"] for r in relating] == ["urn:oid:2.999.4.2"]
    holders = modes(find(client, f"{by_id}&_revinclude=List:item"))["include"]
    assert sorted(r["code"]["coding"][0]["code"] for r in holders) == ["folder", "submissionset"]
    every = find(client, f"{by_id}&_include=*&_revinclude=*")
    assert kinds(modes(every)["include"]) == ["DocumentReference", "List", "List", "Patient"]
    assert every["total"] == 1, "what is included is not counted"


def test_a_document_that_was_found_is_not_included_again(client: TestClient) -> None:
    filed(client)
    both = modes(find(client, "_include=DocumentReference:relatesto"))
    assert (len(both["match"]), both["include"]) == (2, [])


def test_a_list_brings_its_members_and_a_folder_the_set_that_brought_it(
    client: TestClient,
) -> None:
    filed(client)
    of_set = modes(lists(client, "code=submissionset&_include=List:item&_include=List:subject"))
    assert kinds(of_set["match"]) == ["List"]
    assert kinds(of_set["include"]) == ["DocumentReference", "DocumentReference", "List", "Patient"]
    of_folder = modes(lists(client, "code=folder&_include=List:item&_revinclude=List:item"))
    assert kinds(of_folder["include"]) == ["DocumentReference", "List"]


def test_what_is_included_is_the_present_version(client: TestClient) -> None:
    filed(client)
    first = next(e for e in everything(client).document_entries if e.unique_id == "2.999.4.1")
    changed = replace(
        first, entry_uuid="v", version=None, availability_status=None, language_code="fr-FR"
    )
    request = replace(
        examples.submission(),
        submission_sets=(examples.submission_set("2.999.5.50"),),
        document_entries=(changed,),
        associations=(examples.member("set", "v", "Original", previous_version="1"),),
    )
    assert update(client, request).findings == ()
    (included,) = modes(
        find(client, "identifier=urn:oid:2.999.4.2&_include=DocumentReference:relatesto")
    )["include"]
    assert included["content"][0]["attachment"]["language"] == "fr-FR"
    assert included["meta"]["versionId"] == "2"


# --- Parts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_elements=type", {"type", "status", "content"}),
        (
            "_elements=DocumentReference.type,date&_elements=context.facilityType",
            {"type", "date", "context", "contained", "status", "content"},
        ),
        ("_elements=author", {"author", "contained", "status", "content"}),
        ("_summary=text", {"status", "content"}),
        (
            "_summary=true",
            {
                "masterIdentifier",
                "identifier",
                "status",
                "type",
                "category",
                "subject",
                "date",
                "author",
                "securityLabel",
                "content",
                "contained",
            },
        ),
    ],
)
def test_parts_of_resources_say_that_they_are_parts(
    client: TestClient, query: str, expected: set[str]
) -> None:
    shelf(client, 1)
    (resource,) = modes(find(client, query))["match"]
    frame = {"resourceType", "id", "meta"}
    assert resource.keys() - frame == expected
    assert resource["meta"]["tag"][-1]["code"] == "SUBSETTED"


def test_contained_resources_stay_only_where_something_refers_to_them(client: TestClient) -> None:
    assert publish(client, one_document()).status_code == 200
    (part,) = modes(find(client, "_elements=author"))["match"]
    assert kinds(part["contained"]) == ["Practitioner"]
    (whole,) = modes(find(client, "_summary=data"))["match"]
    assert kinds(whole["contained"]) == ["Patient", "Practitioner"]


def test_a_count_has_a_total_and_nothing_else(client: TestClient) -> None:
    shelf(client, 3)
    for query in ("_summary=count", "_count=0"):
        bundle = find(client, query)
        assert bundle["total"] == 3
        assert "entry" not in bundle
    assert find(client, "_summary=false&_total=none")["total"] == 3, "MHD always wants a total"


# --- Pages -------------------------------------------------------------------------------------


def pages(client: TestClient, url: str, between: Callable[[], None] = lambda: None) -> list[str]:
    """All ids, page after page, with something happening between the pages."""
    seen: list[str] = []
    following: str | None = url
    while following:
        bundle = is_fhir(client.get(following))
        seen += ids(bundle)
        following = next((x["url"] for x in bundle["link"] if x["relation"] == "next"), None)
        between()
    return seen


@pytest.mark.parametrize("order", ["", "date", "-type,_id", "status,-creation"])
def test_trap_34_pages_stay_in_order_while_documents_come_and_go(
    client: TestClient, order: str
) -> None:
    shelf(client, 7)
    address = f"/fhir/DocumentReference?{WHO}&_count=2" + (f"&_sort={order}" if order else "")
    before = pages(client, address)
    assert len(before) == len(set(before)) == 7
    happened: list[int] = []

    def something_happens() -> None:
        number = len(happened)
        happened.append(number)
        late = examples.entry("d1", f"2.999.4.{100 + number}")
        what = examples.submission(late, unique_id=f"2.999.5.{100 + number}")
        assert register(client, what).findings == ()
        if number == 0:
            oldest = min(everything(client).document_entries, key=lambda e: e.unique_id or "")
            request = replace(
                examples.submission(),
                submission_sets=(examples.submission_set("2.999.5.51"),),
                associations=(
                    examples.link(
                        AssociationType.UPDATE_AVAILABILITY_STATUS,
                        "set",
                        oldest.entry_uuid,
                        original_status=APPROVED,
                        new_status=DEPRECATED,
                    ),
                ),
            )
            assert update(client, request).findings == ()

    during = pages(client, address, something_happens) if order != "date" else before
    assert len(during) == len(set(during)), "nothing is answered twice"
    assert set(during) >= set(before), "and nothing that was there is left out"
    assert [i for i in during if i in before] == before or order.startswith("status")


def test_trap_34_a_cursor_belongs_to_its_question_and_its_order(client: TestClient) -> None:
    shelf(client, 4)
    first = find(client, "_count=2&_sort=type")
    url = next(link["url"] for link in first["link"] if link["relation"] == "next")
    assert len(ids(is_fhir(client.get(url)))) == 2
    for other in (
        url.replace("_sort=type", "_sort=-type"),
        url.replace("_sort=type", "_sort=creation"),
        url + "&status=current",
        url[:-6] + "AAAAAA",
    ):
        answer = client.get(other)
        assert answer.status_code == 400, other
        assert codes(answer) == ["XDSRegistryError"]
    assert client.get(url.replace("_count=2", "_count=1")).status_code == 200


# --- Warnings and refusals ---------------------------------------------------------------------


def test_trap_30_a_success_with_warnings_is_a_success_with_an_outcome(client: TestClient) -> None:
    shelf(client, 2)
    for address in (
        f"/fhir/DocumentReference?{WHO}&status=current&colour=blue",
        f"/fhir/List?{WHO}&code=submissionset&colour=blue",
    ):
        answer = client.get(address)
        assert answer.status_code == 200
        found = modes(is_fhir(answer))
        assert len(found["match"]) == 2
        (outcome,) = found["outcome"]
        assert outcome["resourceType"] == "OperationOutcome"
        assert [i["severity"] for i in outcome["issue"]] == ["warning"]
        assert outcome["issue"][0]["expression"] == ["colour"]


def test_trap_35_objects_named_by_their_ids_belong_to_one_patient(client: TestClient) -> None:
    mine = examples.entry("d1", "2.999.4.1")
    theirs = examples.entry("d1", "2.999.4.2", patient_id=examples.OTHER_PATIENT)
    for number, entry in enumerate((mine, theirs)):
        what = replace(
            examples.submission(entry, unique_id=f"2.999.5.{number}"),
            submission_sets=(
                examples.submission_set(f"2.999.5.{number}", patient_id=entry.patient_id),
            ),
        )
        assert register(client, what).findings == ()
    one = client.get("/fhir/DocumentReference?identifier=urn:oid:2.999.4.1")
    assert is_fhir(one)["total"] == 1
    both = "urn:oid:2.999.4.1,urn:oid:2.999.4.2"
    refused = client.get(f"/fhir/DocumentReference?identifier={both}")
    assert refused.status_code == 400
    assert codes(refused) == ["XDSResultNotSinglePatient"]
    assert find(client, f"identifier={both}")["total"] == 1, "of the patient that was named"
    named = [*ids(is_fhir(one))]
    other = client.get("/fhir/DocumentReference?identifier=urn:oid:2.999.4.2")
    named += ids(is_fhir(other))
    refused = client.get(f"/fhir/DocumentReference?_id={','.join(named)}")
    assert codes(refused) == ["XDSResultNotSinglePatient"]


def test_trap_35_a_stored_query_by_id_shows_one_patient_but_refers_to_several(
    client: TestClient,
) -> None:
    uuids = []
    for number, patient in enumerate((examples.PATIENT, examples.OTHER_PATIENT)):
        entry = examples.entry("d1", f"2.999.4.{number}", patient_id=patient)
        what = replace(
            examples.submission(entry),
            submission_sets=(examples.submission_set(f"2.999.5.{number}", patient_id=patient),),
        )
        assert register(client, what).findings == ()
        answer = client.get(f"/fhir/DocumentReference?identifier=urn:oid:2.999.4.{number}")
        identifiers = answer.json()["entry"][0]["resource"]["identifier"]
        uuids.append(next(i["value"] for i in identifiers if "urn:uuid:" in i["value"]))
    query = GetDocuments(entry_uuid=tuple(uuids))
    whole = ask(client, query)
    assert [f.code.xds for f in whole.outcome.findings] == ["XDSResultNotSinglePatient"]
    assert whole.objects.document_entries == ()
    references = ask(client, query, ReturnType.OBJECT_REF)
    assert references.outcome.findings == ()
    assert {one.entry_uuid for one in references.references} == set(uuids)


@pytest.mark.parametrize(
    "address",
    [
        "DocumentReference?type=11488-4",
        "DocumentReference?identifier:not=urn:oid:2.999.4.1",
        "DocumentReference?identifier=urn:ietf:rfc:3986|",
        "List?code=submissionset&status=current",
        "List?title=x",
    ],
)
def test_a_search_for_nobody_in_particular_is_refused(client: TestClient, address: str) -> None:
    answer = client.get(f"/fhir/{address}")
    assert answer.status_code == 400
    assert codes(answer) == ["XDSStoredQueryMissingParam"]


def test_a_patient_named_twice_must_be_one(client: TestClient) -> None:
    shelf(client, 1)
    subject = find(client)["entry"][0]["resource"]["subject"]["reference"]
    assert find(client, f"patient={subject}")["total"] == 1
    other = Identifier.of("7002", "2.999.1.10")
    answer = client.get(
        f"/fhir/DocumentReference?patient={subject}"
        f"&patient.identifier=urn:oid:{other.authority}|{other.value}"
    )
    assert is_fhir(answer)["total"] == 0


def test_a_search_for_another_community_is_told_so(open_gateway: Open) -> None:
    client = open_gateway(home_community_id="urn:oid:2.999.11")
    shelf(client, 1)
    assert find(client, "targetCommunityIdList=urn:oid:2.999.11")["total"] == 1
    answer = client.get(f"/fhir/DocumentReference?{WHO}&targetCommunityIdList=urn:oid:2.999.12")
    assert answer.status_code == 404
    assert codes(answer) == ["XDSUnknownCommunity"]


def test_a_folder_out_of_force_is_still_a_list_and_lists_of_both_kinds_are_one_answer(
    client: TestClient,
) -> None:
    filed(client)
    every = lists(client, "_sort=-date")
    assert every["total"] == 2
    seen = pages(client, f"/fhir/List?{WHO}&_sort=-date&_count=1")
    assert seen == ids(every)
    assert lists(client, "title=preg")["total"] == 1
    (document,) = ids(find(client, "identifier=urn:oid:2.999.4.2"))
    assert lists(client, f"item=DocumentReference/{document}")["total"] == 2
    without = client.get(f"/fhir/List?item=DocumentReference/{document}&code=folder")
    assert is_fhir(without)["total"] == 1
