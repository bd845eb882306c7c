"""AuditMessages keep to DICOM's schema, and to IHE's table of each transaction."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.codecs.atna.audit_message import write_audit_message
from gateway.codecs.atna.syslog import frame, write_syslog
from gateway.codecs.xml import read_xml
from gateway.model.audit import Action, AuditedObject, AuditEvent, Observer, Outcome
from gateway.model.subject import Subject, SubjectKind
from gateway.transactions.audited import APPLICATION_START, TRANSACTIONS
from tests.model.audited import DOCTOR, FULL, PATIENT, name, search

SCHEMA = etree.RelaxNG(etree.parse(str(Path(__file__).with_name("audit_message.rng"))))
OBSERVER = Observer(
    id="gateway.example",
    endpoint="https://gateway.example/xds/registry",
    host="192.0.2.20",
    process="4711",
    site="2.999.1",
    home_community_id="urn:oid:2.999.1.2",
)
SET = AuditedObject(kind="SubmissionSet", id=name(300), unique_id="2.999.6.1")
DOCUMENT = AuditedObject(
    kind="DocumentEntry", id=name(301), unique_id="2.999.5.1", repository="2.999.1.1"
)
QUERY_ID = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"


def soap(transaction: str, action: Action, *objects: AuditedObject, **more: Any) -> AuditEvent:
    return search(
        transaction=transaction,
        interaction="",
        action=action,
        objects=objects,
        query="",
        query_id="",
        **more,
    )


def message(event: AuditEvent) -> Any:
    octets = write_audit_message(event, OBSERVER)
    tree = read_xml(octets)
    SCHEMA.assertValid(tree)
    return tree


def kinds(tree: Any) -> list[tuple[str, str, str]]:
    """Type, role and id of each object."""
    return [
        (
            one.get("ParticipantObjectTypeCode"),
            one.get("ParticipantObjectTypeCodeRole"),
            one.get("ParticipantObjectID"),
        )
        for one in tree.iter("ParticipantObjectIdentification")
        if one.get("ParticipantObjectTypeCodeRole") != "13"
    ]


def participants(tree: Any) -> list[tuple[str, str, list[str]]]:
    """User, whether it asked, and roles of each participant."""
    return [
        (
            one.get("UserID"),
            one.get("UserIsRequestor"),
            [role.get("csd-code") for role in one.iter("RoleIDCode")],
        )
        for one in tree.iter("ActiveParticipant")
    ]


def details(element: Any) -> dict[str, str]:
    return {
        one.get("type"): base64.b64decode(one.get("value")).decode()
        for one in element.iter("ParticipantObjectDetail")
    }


@pytest.mark.parametrize(
    ("transaction", "action", "event_id"),
    [
        ("ITI-18", Action.EXECUTE, "110112"),
        ("ITI-38", Action.EXECUTE, "110112"),
        ("ITI-39", Action.READ, "110106"),
        ("ITI-41", Action.CREATE, "110107"),
        ("ITI-42", Action.CREATE, "110107"),
        ("ITI-43", Action.READ, "110106"),
        ("ITI-57", Action.UPDATE, "110107"),
        ("ITI-61", Action.CREATE, "110107"),
        ("ITI-62", Action.DELETE, "110110"),
        ("ITI-86", Action.DELETE, "110110"),
        ("ITI-92", Action.UPDATE, "110107"),
    ],
)
def test_each_transaction_has_the_event_of_its_table(
    transaction: str, action: Action, event_id: str
) -> None:
    tree = message(soap(transaction, action, SET, DOCUMENT))
    identification = tree.find("EventIdentification")
    assert identification.get("EventActionCode") == action.value
    assert identification.get("EventDateTime") == "2026-03-01T12:00:00Z"
    assert identification.find("EventID").get("csd-code") == event_id
    (kind,) = identification.iter("EventTypeCode")
    assert (kind.get("csd-code"), kind.get("codeSystemName"), kind.get("originalText")) == (
        transaction,
        "IHE Transactions",
        TRANSACTIONS[transaction].name,
    )


def test_a_stored_query_is_told_with_its_text_and_encoding() -> None:
    event = replace(soap("ITI-18", Action.EXECUTE), query_id=QUERY_ID, query="<AdhocQueryRequest/>")
    tree = message(event)
    assert kinds(tree) == [("1", "1", PATIENT.text), ("2", "24", QUERY_ID)]
    query = tree.findall("ParticipantObjectIdentification")[1]
    assert base64.b64decode(query.findtext("ParticipantObjectQuery")) == b"<AdhocQueryRequest/>"
    assert query.find("ParticipantObjectIDTypeCode").get("csd-code") == "ITI-18"
    assert details(query) == {
        "QueryEncoding": "UTF-8",
        "urn:ihe:iti:xca:2010:homeCommunityId": "urn:oid:2.999.1.2",
    }


def test_in_a_retrieve_we_are_the_source_and_the_consumer_asked() -> None:
    tree = message(soap("ITI-43", Action.READ, DOCUMENT))
    assert participants(tree)[:2] == [
        ("https://gateway.example/xds/registry", "false", ["110153"]),
        ("app-1", "true", ["110152"]),
    ]
    assert kinds(tree) == [("1", "1", PATIENT.text), ("2", "3", "2.999.5.1")]
    document = tree.findall("ParticipantObjectIdentification")[1]
    assert details(document) == {
        "Repository Unique ID": "2.999.1.1",
        "ihe:homeCommunityID": "urn:oid:2.999.1.2",
    }


def test_in_a_submission_the_client_is_the_source() -> None:
    tree = message(soap("ITI-41", Action.CREATE, SET))
    first, second, *people = participants(tree)
    assert first == ("app-1", "true", ["110153"])
    assert second == ("https://gateway.example/xds/registry", "false", ["110152"])
    assert people[0] == (
        "<899700000001^^^&2.999.7.1&ISO@CN=Test Hospital>",
        "true",
        ["10", "SM26"],
    )
    assert kinds(tree) == [("1", "1", PATIENT.text), ("2", "20", "2.999.6.1")]
    code = tree.findall("ParticipantObjectIdentification")[1].find("ParticipantObjectIDTypeCode")
    assert code.get("csd-code") == "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"


def test_our_side_names_its_process_and_both_sides_their_addresses() -> None:
    theirs, ours, *_ = message(soap("ITI-42", Action.CREATE, SET)).iter("ActiveParticipant")
    assert ours.get("AlternativeUserID") == "4711"
    assert theirs.get("AlternativeUserID") is None
    assert (theirs.get("NetworkAccessPointID"), theirs.get("NetworkAccessPointTypeCode")) == (
        "192.0.2.10",
        "2",
    )
    named = replace(OBSERVER, host="gateway.example")
    tree = read_xml(write_audit_message(soap("ITI-42", Action.CREATE, SET), named))
    assert tree.findall("ActiveParticipant")[1].get("NetworkAccessPointTypeCode") == "1"


def test_what_was_removed_is_told_to_be_gone() -> None:
    for transaction in ("ITI-62", "ITI-86"):
        tree = message(soap(transaction, Action.DELETE, DOCUMENT))
        document = tree.findall("ParticipantObjectIdentification")[1]
        assert document.get("ParticipantObjectDataLifeCycle") == "15"
    assert "urn:ihe:iti:xds:2007:repositoryUniqueId" in details(document)


def test_a_restful_interaction_is_told_in_its_own_words() -> None:
    tree = message(search())
    assert tree.find("EventIdentification/EventID").get("csd-code") == "rest"
    types = [one.get("csd-code") for one in tree.iter("EventTypeCode")]
    assert types == ["search-type", "ITI-67"]
    assert kinds(tree)[1] == ("2", "24", "DocumentReference")


def test_the_decision_goes_with_the_event() -> None:
    tree = message(FULL)
    assert tree.findtext("EventIdentification/EventOutcomeDescription") == "no-access"
    decision = tree.findall("ParticipantObjectIdentification")[-1]
    told = details(decision)
    assert told["rule"] == "A12"
    assert told["mode"] == "break-glass"
    assert told["reason"] == "found unconscious"
    assert told["authentication"] == "indirect-reinforced"
    assert "B4" not in str(told)  # How much was absent never leaves the house.


def test_whatever_a_client_sends_the_message_stays_well_formed() -> None:
    odd = "a\x00b\ud800<&\"'>\r\n\t\ufffe"
    event = search(
        request_id=odd,
        failure=odd,
        query=odd,
        subject=replace(DOCTOR, name=odd, issuer=odd),
        objects=(AuditedObject(kind=odd, id=odd, unique_id=odd, repository=odd),),
        outcome=Outcome.MINOR_FAILURE,
    )
    tree = message(event)
    assert "\ufffd" in tree.findtext("EventIdentification/EventOutcomeDescription")


def test_events_of_nobody_and_of_nothing_keep_to_the_schema() -> None:
    event = AuditEvent(
        id=name(1),
        time="20260301120000",
        transaction="authentication",
        action=Action.EXECUTE,
        outcome=Outcome.MINOR_FAILURE,
        peer="2001:db8::1",
    )
    tree = message(event)
    assert participants(tree)[0][0] == "2001:db8::1"
    message(replace(event, subject=Subject(kind=SubjectKind.AUDITOR), transaction=""))
    message(replace(event, interaction="read", action=Action.READ))


def test_a_syslog_message_has_the_header_receivers_expect() -> None:
    written = write_syslog(
        b"<a/>",
        "20260301120000",
        host="gateway.example",
        application="fhir xds",
        process="12",
    )
    assert written == (
        b"<85>1 2026-03-01T12:00:00Z gateway.example fhir_xds 12 IHE+RFC-3881 - \xef\xbb\xbf<a/>"
    )
    assert frame(written) == b"%d " % len(written) + written
    assert write_syslog(b"", "20260301120000").startswith(b"<85>1 2026-03-01T12:00:00Z - - - ")


def test_the_start_of_the_gateway_is_an_application_activity() -> None:
    event = AuditEvent(
        id="urn:uuid:00000000-0000-4000-8000-000000000001",
        time="20260301120000",
        transaction=APPLICATION_START,
        action=Action.EXECUTE,
        outcome=Outcome.SUCCESS,
    )
    tree = message(event)
    coded = [(one.tag, one.get("csd-code")) for one in tree.iter("EventID", "EventTypeCode")]
    assert coded == [("EventID", "110100"), ("EventTypeCode", "110120")]
    (application,) = tree.iter("ActiveParticipant")
    assert application.find("RoleIDCode").get("csd-code") == "110150"
