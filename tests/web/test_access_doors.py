"""What requests get who are asked who they are: refusals, and what every request leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import read_query_response
from gateway.codecs.ebrim.response import read_outcome
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.codecs.xml import write_xml
from gateway.consent.decision import PublicReason
from gateway.errors import ErrorCode, Finding
from gateway.model.audit import Action, Outcome
from gateway.model.datatypes import Code
from gateway.model.subject import Mode, Operation, SubjectKind
from gateway.transactions.registry_stored_query import FindDocuments, RegistryStoredQuery
from tests.model import examples
from tests.model.examples import OTHER_PATIENT, PATIENT
from tests.web.access import House, professional, somebody
from tests.web.messages import APPROVED

ITI_18 = "urn:ihe:iti:2007:RegistryStoredQuery"
ITI_42 = "urn:ihe:iti:2007:RegisterDocumentSet-b"
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
SEARCH = "/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.10|7001"
OF_ANOTHER = "/fhir/DocumentReference?patient.identifier=urn:oid:2.999.1.10|7002"


def find(house: House, word: str, patient: Any = PATIENT) -> tuple[int, Any]:
    query = FindDocuments(patient_id=patient, status=(APPROVED,))
    body = write_query(RegistryStoredQuery(query_id=FIND_DOCUMENTS, query=query))
    return house.soap("registry", ITI_18, body, word)


def submit(house: House, word: str, what: Any = None) -> tuple[int, Any]:
    body = write_submit_objects(what or examples.submission(examples.entry()))
    return house.soap("registry", ITI_42, body, word)


def test_a_request_without_a_credential_is_answered_with_401_on_fhir(house: House) -> None:
    answer = house.client.get(SEARCH)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    (event,) = house.events
    assert (event.rule, event.outcome) == ("A0-not-authenticated", Outcome.MINOR_FAILURE)
    assert event.subject is None
    assert event.transaction == "ITI-67"


def test_a_request_without_a_credential_is_answered_with_a_sender_fault_over_soap(
    house: House,
) -> None:
    status, envelope = find(house, "nobody")
    assert status == 400
    told = write_xml(envelope.body)
    assert b"FailedAuthentication" in told and b"Sender" in told
    (event,) = house.events
    assert (event.rule, event.transaction) == ("A0-not-authenticated", "ITI-18")


def test_a_permitted_search_leaves_one_event_that_tells_what_was_given(house: House) -> None:
    house.knows("b", professional())
    assert submit(house, "b")[0] == 200
    status, envelope = find(house, "b")
    assert status == 200
    (entry,) = read_query_response(envelope.body).objects.document_entries
    created, searched = house.events
    assert (created.transaction, created.action) == ("ITI-42", Action.CREATE)
    assert {o.kind for o in created.objects} >= {"DocumentEntry", "SubmissionSet"}
    assert created.source == "2.999.5.1"
    assert (searched.transaction, searched.action) == ("ITI-18", Action.EXECUTE)
    assert [o.id for o in searched.objects] == [entry.entry_uuid]
    assert searched.query_id == FIND_DOCUMENTS
    assert "AdhocQuery" in searched.query
    assert searched.patient == PATIENT
    assert searched.rule == "A12"
    answer = house.client.get(SEARCH, headers=house.as_("b"))
    assert answer.json()["total"] == 1
    assert answer.headers["cache-control"] == "no-store, private"
    assert "Authorization" in answer.headers["vary"]
    assert [o.id for o in house.events[2].objects] == [entry.entry_uuid]
    assert house.events[2].interaction == "search-type"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("A12-no-authorisation", PublicReason.NO_ACCESS),
        ("A6-blocked", PublicReason.NO_ACCESS),
        ("A4-closed", PublicReason.RECORD_CLOSED),
        ("A11-reason", PublicReason.REASON_REQUIRED),
        ("A1-operation", PublicReason.NOT_ALLOWED),
    ],
)
def test_a_refusal_is_one_error_with_its_public_reason_and_nothing_else(
    house: House, rule: str, reason: PublicReason
) -> None:
    access = house.knows("c", professional("81"))
    house.rules.refusals[access.subject.key] = (rule, reason)
    status, envelope = find(house, "c")
    assert status == 200
    outcome = read_outcome(envelope.body)
    assert outcome.status.endswith(":Failure")
    (error,) = outcome.findings
    assert (error.code.xds, error.message, error.location) == (
        "XDSRegistryError",
        reason.value,
        "",
    )
    answer = house.client.get(SEARCH, headers=house.as_("c"))
    assert answer.status_code == 403
    (issue,) = answer.json()["issue"]
    assert issue["code"] == "forbidden"
    assert issue["details"]["text"] == reason.value
    assert "diagnostics" not in issue
    over_soap, over_fhir = house.events
    for event in (over_soap, over_fhir):
        assert (event.rule, event.failure) == (rule, reason.value)
        assert event.outcome is Outcome.MINOR_FAILURE
        assert event.patient == PATIENT
        assert event.objects == ()


def test_a_record_nobody_may_know_of_looks_like_none_on_every_door(house: House) -> None:
    access = house.knows("q", somebody(SubjectKind.REPRESENTATIVE, "90"))
    house.rules.refusals[access.subject.key] = ("A15", PublicReason.NO_RECORD)
    answers = []
    for patient, url in ((PATIENT, SEARCH), (OTHER_PATIENT, OF_ANOTHER)):
        status, envelope = find(house, "q", patient)
        told = house.client.get(url, headers=house.as_("q"))
        assert told.status_code == 404
        answers.append((status, write_xml(envelope.body), told.status_code, told.content))
    assert answers[0] == answers[1]
    assert b"XDSUnknownPatientId" in answers[0][1]
    assert [event.rule for event in house.events] == ["A15"] * 2 + ["A2-no-record"] * 2


def test_a_credential_about_another_patient_is_no_credential(house: House) -> None:
    house.opens(OTHER_PATIENT)
    house.knows("b", professional(patient=PATIENT))
    assert find(house, "b")[0] == 200
    assert house.client.get(SEARCH, headers=house.as_("b")).status_code == 200
    status, envelope = find(house, "b", OTHER_PATIENT)
    assert status == 400
    assert b"FailedAuthentication" in write_xml(envelope.body)
    assert house.client.get(OF_ANOTHER, headers=house.as_("b")).status_code == 401
    elsewhere = examples.submission(examples.entry(patient_id=OTHER_PATIENT))
    assert submit(house, "b", elsewhere)[0] == 400
    assert [event.rule for event in house.events[2:]] == ["A0-patient-mismatch"] * 3


def test_nothing_is_told_when_its_audit_event_cannot_be_kept(house: House) -> None:
    house.knows("b", professional())
    assert submit(house, "b")[0] == 200
    house.full = True
    status, envelope = find(house, "b")
    assert status == 503
    assert b"2.999.4.1" not in write_xml(envelope.body)
    answer = house.client.get(SEARCH, headers=house.as_("b"))
    assert answer.status_code == 503
    assert answer.json()["resourceType"] == "OperationOutcome"
    more = examples.submission(examples.entry(unique_id="2.999.4.2"), unique_id="2.999.5.2")
    assert submit(house, "b", more)[0] in (500, 503)
    house.full = False
    assert house.client.get(SEARCH, headers=house.as_("b")).json()["total"] == 1


def test_a_search_about_nobody_is_refused(house: House) -> None:
    house.knows("b", professional())
    answer = house.client.get("/fhir/DocumentReference?type=x", headers=house.as_("b"))
    assert answer.status_code in (400, 403)
    assert len(house.events) == 1


def test_an_emergency_names_its_patient(house: House) -> None:
    house.knows("b", professional())
    submit(house, "b")
    (known,) = house.client.get(SEARCH, headers=house.as_("b")).json()["entry"]
    house.knows("e", professional(mode=Mode.BREAK_GLASS, reason="unconscious"))
    unknown = "00000000-0000-4000-8000-00000000dead"
    answers = [
        house.client.get(f"/fhir/DocumentReference/{id}", headers=house.as_("e"))
        for id in (known["resource"]["id"], unknown)
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


def test_rights_are_looked_at_in_the_transaction_of_a_change(house: House) -> None:
    house.knows("b", professional())
    refusal = Finding(
        rule="C1-not-author",
        code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
        location="",
        message="not-allowed",
    )
    house.rules.not_submitted = (refusal,)
    outcome = read_outcome(submit(house, "b")[1].body)
    assert [f.message for f in outcome.findings] == ["not-allowed"]
    (event,) = house.events
    assert event.outcome is Outcome.MINOR_FAILURE
    house.rules.not_submitted = ()
    assert find(house, "b")[0] == 200
    assert house.client.get(SEARCH, headers=house.as_("b")).json()["total"] == 0


def test_a_patient_is_told_of_a_first_access_and_of_a_new_document(house: House) -> None:
    access = house.knows("b", professional())
    submit(house, "b")
    find(house, "b")
    kinds = [notice.kind.value for account in house.kept for notice in account.notices]
    assert kinds == ["new-document", "first-access"]
    house.choices.met.add(("7001^2.999.1.10", access.subject.key))
    find(house, "b")
    assert house.kept[-1].notices == ()


def test_a_page_link_of_somebody_else_leads_nowhere(house: House) -> None:
    house.knows("b", professional())
    house.knows("c", professional("81"))
    for number in (1, 2, 3):
        submit(
            house,
            "b",
            examples.submission(
                examples.entry(unique_id=f"2.999.4.{number}"),
                unique_id=f"2.999.5.{number}",
            ),
        )
    page = house.client.get(SEARCH + "&_count=2", headers=house.as_("b")).json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert house.client.get(following, headers=house.as_("c")).status_code == 404
    assert len(house.client.get(following, headers=house.as_("b")).json()["entry"]) == 1


def test_what_everybody_may_know_needs_no_credential(house: House) -> None:
    assert house.client.get("/fhir/metadata").status_code == 200
    assert house.client.get("/health/ready").status_code == 200
    assert house.events == []


def test_a_patient_directory_shows_whom_the_gate_lets_one_ask_for(house: House) -> None:
    operator = house.knows("o", somebody(SubjectKind.OPERATOR, "1"))
    house.knows("b", professional())
    named = {"system": "urn:oid:2.999.1.10", "value": "7001"}
    answer = house.client.put(
        "/fhir/Patient/p1",
        json={"resourceType": "Patient", "identifier": [named]},
        headers=house.as_("o") | {"content-type": "application/fhir+json"},
    )
    assert answer.status_code == 201, answer.text
    url = "/fhir/Patient?identifier=urn:oid:2.999.1.10|7001"
    assert house.client.get(url, headers=house.as_("b")).json()["total"] == 1
    assert house.client.get("/fhir/Patient/p1", headers=house.as_("b")).status_code == 200
    asked = house.client.get("/fhir/Patient/p1", headers=house.as_("b")).json()
    told = {e["url"].rpartition("/")[2]: e.get("valueCode") for e in asked["extension"]}
    assert told["own-authorisation"] == "valid"
    house.rules.refusals[professional().subject.key] = ("A6-blocked", PublicReason.NO_ACCESS)
    assert house.client.get(url, headers=house.as_("b")).json()["total"] == 0
    hidden = house.client.get("/fhir/Patient/p1", headers=house.as_("b"))
    unknown = house.client.get("/fhir/Patient/p2", headers=house.as_("b"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace("p1", "p2") == unknown.text
    assert operator.subject.kind is SubjectKind.OPERATOR
    assert Operation.ADMINISTER in house.rules.asked


def test_an_acknowledgment_is_not_registered_without_its_octets(house: House) -> None:
    house.knows("b", professional())
    bppc = Code("urn:ihe:iti:bppc:2007", "1.3.6.1.4.1.19376.1.2.3", "Consent")
    outcome = read_outcome(
        submit(house, "b", examples.submission(examples.entry(format_code=bppc)))[1].body
    )
    assert outcome.status.endswith("Failure")
    assert "with its octets" in outcome.findings[0].message
