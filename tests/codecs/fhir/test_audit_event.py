"""AuditEvents are valid FHIR, and keep to the patterns they claim."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent as Resource

from gateway.codecs.fhir.audit_event import AuditEventWriter
from gateway.model.audit import Action, AuditedObject, AuditEvent, Observer, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems
from gateway.model.subject import Client, Mode, Subject, SubjectKind
from tests.codecs.fhir.balp import problems
from tests.model.audited import AUTHORITY, DOCTOR, FULL, PATIENT, name, search
from tests.shared import shared

NAMING = NamingSystems.of([(AUTHORITY, "https://patients.example")])
OBSERVER = Observer(id="gw.example.org", endpoint="https://gw.example.org", host="192.0.2.20")
WRITER = AuditEventWriter(OBSERVER, NAMING, "https://gw.example.org/fhir")
SET = AuditedObject(kind="SubmissionSet", id=name(300), unique_id="2.999.6.1")
DOCUMENT = AuditedObject(kind="DocumentEntry", id=name(301), unique_id="2.999.5.1")
TOKEN = replace(DOCTOR, credential="8c2f-demo")


def written(octets: bytes | None) -> dict[str, Any]:
    assert octets is not None
    Resource.model_validate_json(octets)
    resource: dict[str, Any] = json.loads(octets)
    return resource


def whole(event: AuditEvent) -> dict[str, Any]:
    return written(WRITER.whole(event))


def keeps_to_its_profiles(resource: dict[str, Any]) -> None:
    folder = shared("data/ihe/balp")
    for profile in resource.get("meta", {}).get("profile", ()):
        if "/BALP/" in profile:
            assert problems(folder, profile, resource) == [], profile


def rest(transaction: str, interaction: str, action: Action, *objects: AuditedObject) -> AuditEvent:
    return search(
        transaction=transaction,
        interaction=interaction,
        action=action,
        objects=objects,
        query="" if action is not Action.EXECUTE else "GET /fhir/" + transaction,
        query_id="",
        subject=TOKEN,
    )


EVERY = [
    search(),
    FULL,
    rest("ITI-66", "search-type", Action.EXECUTE, SET),
    rest("ITI-68", "read", Action.READ, DOCUMENT),
    rest("ITI-65", "transaction", Action.CREATE, SET, DOCUMENT),
    rest("ITI-105", "create", Action.CREATE, DOCUMENT),
    rest("ITI-106", "operation", Action.CREATE),
    rest("ITI-108", "update", Action.UPDATE, AuditedObject(kind="Consent", id=name(9))),
    rest("ITI-108", "delete", Action.DELETE, AuditedObject(kind="Consent", id=name(9))),
    rest("ITI-81", "search-type", Action.EXECUTE),
    rest("read", "read", Action.READ, DOCUMENT),
    rest("ITI-41", "", Action.CREATE, SET, DOCUMENT),
    rest("ITI-18", "", Action.EXECUTE, DOCUMENT),
    rest("ITI-43", "", Action.READ, DOCUMENT, replace(DOCUMENT, id=name(302))),
    rest("ITI-86", "", Action.DELETE, DOCUMENT),
    search(subject=None, peer="192.0.2.1", outcome=Outcome.MINOR_FAILURE, failure="no-access"),
    search(subject=Subject(kind=SubjectKind.AUDITOR), patient=None, objects=()),
    search(
        subject=replace(
            DOCTOR,
            kind=SubjectKind.DELEGATE,
            on_behalf_of=Identifier.of("2", "2.999.7.1"),
            secret_connection=True,
            client=Client(),
        )
    ),
]


@pytest.mark.parametrize("event", EVERY, ids=lambda e: f"{e.transaction}-{e.action.name}")
def test_every_event_is_valid_and_keeps_to_the_profiles_it_claims(event: AuditEvent) -> None:
    keeps_to_its_profiles(whole(event))
    written(WRITER.access(event, event.objects))


def test_a_search_is_told_as_the_guide_tells_it() -> None:
    """Source: the example of ITI-67 at the responder, IHE BALP and MHD."""
    resource = whole(search(subject=TOKEN))
    assert resource["meta"]["profile"][0].endswith("IHE.MHD.FindDocumentReferences.Audit.Responder")
    folder = shared("data/ihe/balp")
    base = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientQuery"
    assert problems(folder, base, resource) == []
    assert resource["type"]["code"] == "rest"
    assert [one["code"] for one in resource["subtype"]] == ["search-type", "ITI-67"]
    assert (resource["action"], resource["outcome"]) == ("E", "0")
    client, server, user, *_ = resource["agent"]
    assert client["type"]["coding"][0]["code"] == "110153"
    assert client["network"] == {"address": "192.0.2.10", "type": "2"}
    assert server["type"]["coding"][0]["code"] == "110152"
    assert server["who"] == resource["source"]["observer"]
    assert user["type"]["coding"][0]["code"] == "IRCP"
    assert user["requestor"] is True
    assert user["policy"] == ["urn:ietf:params:oauth:jti:8c2f-demo"]
    patient, query, *found = resource["entity"]
    assert patient["what"]["identifier"] == {"system": "https://patients.example", "value": "7001"}
    assert (query["type"]["code"], query["role"]["code"]) == ("2", "24")
    assert base64.b64decode(query["query"]).startswith(b"GET /fhir/DocumentReference?")
    assert found[0]["what"]["reference"].startswith(
        "https://gw.example.org/fhir/DocumentReference/"
    )
    assert found[0]["type"]["code"] == "DocumentReference"
    assert [one["type"]["code"] for one in found[2:]] == ["XrequestId", "4"]


def test_the_recipient_of_a_bundle_tells_patient_and_submission_set() -> None:
    """Source: the example of ITI-65 at the recipient, IHE MHD."""
    resource = whole(rest("ITI-65", "transaction", Action.CREATE, DOCUMENT, SET))
    assert resource["type"]["code"] == "110107"
    assert [one["code"] for one in resource["subtype"]] == ["ITI-65"]
    roles = [(one["type"]["code"], one["role"]["code"]) for one in resource["entity"][:2]]
    assert roles == [("1", "1"), ("2", "20")]
    assert "/List/" in resource["entity"][1]["what"]["reference"]


def test_whoever_reads_a_document_is_where_it_goes_to() -> None:
    client, server, *_ = whole(rest("ITI-68", "read", Action.READ, DOCUMENT))["agent"]
    assert client["type"]["coding"][0]["code"] == "110152"
    assert server["type"]["coding"][0]["code"] == "110153"


def test_an_assertion_is_told_with_what_it_asserted() -> None:
    resource = whole(rest("ITI-18", "", Action.EXECUTE))
    assert resource["meta"]["profile"] == [
        "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"
        "IHE.BasicAudit.SAMLaccessTokenUse.Comprehensive"
    ]
    _, _, user, organisation = resource["agent"]
    assert user["type"]["coding"][0]["code"] == "UserSamlAgent"
    assert user["policy"] == ["8c2f-demo"]
    assert user["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
    assert [role["coding"][0]["code"] for role in user["role"]] == ["10", "SM26"]
    assert user["extension"][0]["valueCodeableConcept"]["text"] == "indirect-reinforced"
    assert organisation["who"]["display"] == "Test Hospital"


def test_a_decision_on_consent_is_told_as_a_security_alert() -> None:
    resource = written(WRITER.decision(search(subject=TOKEN)))
    keeps_to_its_profiles(resource)
    assert resource["type"]["code"] == "110113"
    assert resource["subtype"][0]["code"] == "AuthZ-Consent"
    assert resource["id"] != whole(search())["id"]
    assert [one["type"]["code"] for one in resource["entity"]] == ["1", "Consent", "UserOauthAgent"]
    assert WRITER.decision(search(consents=())) is None
    assert WRITER.decision(search(patient=None)) is None
    assert WRITER.decision(search(subject=None)) is None


def test_how_much_was_absent_never_leaves_the_house() -> None:
    few, many = search(absent=()), search(absent=(("B4", 7),))
    for write in (WRITER.whole, WRITER.decision, lambda e: WRITER.access(e, e.objects)):
        assert write(few) == write(many)  # type: ignore[operator]


def test_an_emergency_is_told_with_its_reason_and_its_code() -> None:
    resource = whole(FULL)
    details = {one["type"]: one["valueString"] for one in resource["entity"][-1]["detail"]}
    assert details["mode"] == "break-glass"
    assert details["reason"] == "found unconscious"
    assert details["declaration"] == FULL.declaration
    assert resource["purposeOfEvent"][-1]["coding"][0]["code"] == "BTG"
    assert resource["outcomeDesc"] == "no-access"


def test_a_patient_is_told_who_when_what_and_in_which_mode_and_nothing_else() -> None:
    resource = written(WRITER.access(FULL, FULL.objects[:1]))
    assert set(resource) == {
        "resourceType",
        "id",
        "type",
        "subtype",
        "action",
        "recorded",
        "outcome",
        "purposeOfEvent",
        "agent",
        "source",
        "entity",
    }
    text = json.dumps(resource)
    for inside in ("A12", "policy", "unconscious", "query", "192.0.2", "_assertion", "authorise"):
        assert inside not in text, inside
    user, organisation = resource["agent"]
    assert user["name"] == "Alice Durand"
    assert organisation["who"]["display"] == "Test Hospital"
    assert resource["purposeOfEvent"][0]["text"] == "break-glass"
    assert [one["type"]["code"] for one in resource["entity"]] == ["1", "DocumentReference"]
    assert PATIENT.value in text
    ordinary = written(WRITER.access(search(mode=Mode.NORMAL), ()))
    assert "purposeOfEvent" not in ordinary


def test_what_does_not_keep_to_a_profile_is_noticed() -> None:
    folder = shared("data/ihe/balp")
    base = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientQuery"
    for change in (
        lambda r: r["entity"].pop(1),
        lambda r: r["entity"].append(r["entity"][0]),
        lambda r: r["agent"].pop(0),
        lambda r: r["agent"][2].update(requestor=False),
        lambda r: r["agent"][0].pop("network"),
        lambda r: r.update(outcome="4"),
        lambda r: r["subtype"].pop(0),
    ):
        resource = whole(search())
        change(resource)
        assert problems(folder, base, resource) != []
