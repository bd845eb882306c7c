"""Who may decide, declare and read choices, behind real credentials and rules."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.model import choices as c
from gateway.model.association import Association
from gateway.model.audit import Action, Outcome
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.vocabulary import AssociationType
from gateway.service import Service
from gateway.translators.consents import to_consent
from tests.web.messages import FHIR
from tests.web.test_access_record import (
    ALBA,
    HIDDEN,
    MASKED,
    PROFESSIONALS,
    SYSTEM,
    Community,
    community,
    note,
    permit,
)

__all__ = ["community"]

Json = dict[str, Any]
DR_C = Identifier.of("DOC-0009", PROFESSIONALS)
CONSENTS = f"/fhir/Consent?patient.identifier={SYSTEM}|ALBA-0001&status=active,inactive"


def consent(community: Community, *choices: c.Choice, **given: Any) -> Json:
    statement = c.Statement(
        patient_id=ALBA,
        date_time=DateTime(community.service.clock.now()),
        organization=Identifier.of("CLINIC-1", "2.999.1.3"),
        source="DocumentReference/signed",
        choices=choices,
    )
    written: Json = to_consent(statement, community.service.profile).value
    return {**written, **given}


def post(community: Community, who: str, *choices: c.Choice, **wish: Any) -> Any:
    return community.client.post(
        "/fhir/Consent",
        json=consent(community, *choices),
        headers={**FHIR, **community.bearer(who, **wish)},
    )


def seen(community: Community, who: str, **wish: Any) -> list[Json]:
    answer = community.client.get(CONSENTS, headers=community.bearer(who, **wish))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    entries: list[Json] = body.get("entry", [])
    assert body["total"] == len(entries)
    return [entry["resource"] for entry in entries]


def mine(community: Community, agreed: str = "") -> c.Authorise:
    holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=DR_C)
    return c.Authorise(
        holder=holder,
        origin=c.Origin.SELF_DECLARED,
        agreed=DateTime(agreed or community.service.clock.now()),
    )


async def _notices(service: Service) -> list[tuple[str, str]]:
    store: Any = service.inside.registry._store
    rows = store._file.reading.execute("SELECT kind, event FROM notice")
    return [(kind, event) for kind, event in rows.fetchall()]


def test_a_declared_authorisation_lets_in_and_is_told_to_the_patient(community: Community) -> None:
    """Scenario 6."""
    community.submit("doctor-b", note(1))
    assert community.refused("doctor-c") == "no-access"
    answer = post(community, "doctor-c", mine(community))
    assert answer.status_code == 201, answer.text
    assert community.found("doctor-c")["total"] == 1
    (own,) = seen(community, "doctor-c")
    assert own["id"] == answer.json()["id"]
    event = next(e for e in community.events if e.transaction == "ITI-108")
    declared = [e for e in community.events if e.transaction == "ITI-108" and e.rule == "A1"]
    assert event.action is Action.CREATE
    assert declared[0].objects[0].kind == "Consent"
    assert community.client.portal is not None
    notices = community.client.portal.call(_notices, community.service)
    assert ("choice-changed", declared[0].id) in notices


def test_a_mask_of_a_document_that_is_hidden_from_the_patient_is_hidden_too(
    community: Community,
) -> None:
    before = len(seen(community, "patient"))
    first, second = note(1, MASKED), note(2, HIDDEN)
    assert community.submit("doctor-b", first) == ()
    assert len(seen(community, "patient")) == before + 1
    addition = Association(
        association_type=AssociationType.APND,
        source_object=second.document_entries[0].entry_uuid,
        target_object=community.entries("doctor-b")[0].entry_uuid,
    )
    linked = replace(second, associations=(*second.associations, addition))
    assert community.submit("doctor-b", linked) == ()
    assert community.found("patient")["total"] == 0
    assert len(seen(community, "patient")) == before


def test_an_id_that_is_out_of_sight_is_in_nobodys_history(community: Community) -> None:
    community.submit("doctor-b", note(1, MASKED))
    community.decide("patient", permit("DOC-0009"))
    id = community.found("doctor-b")["entry"][0]["resource"]["id"]
    for who, status, patient in (("doctor-c", 404, None), ("doctor-b", 200, ALBA)):
        answer = community.client.get(
            f"/fhir/DocumentReference/{id}", headers=community.bearer(who)
        )
        assert answer.status_code == status
        assert community.events[-1].patient == patient


def test_without_the_patients_agreement_no_authorisation_exists(community: Community) -> None:
    """Scenario 7."""
    holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=DR_C)
    answer = post(community, "doctor-c", c.Authorise(holder=holder, origin=c.Origin.SELF_DECLARED))
    assert answer.status_code == 422, answer.text
    assert community.refused("doctor-c") == "no-access"
    assert len(seen(community, "patient")) == 1


@pytest.mark.parametrize(
    ("who", "choice"),
    [
        ("doctor-c", c.Block(professional=Identifier.of("DOC-0008", PROFESSIONALS))),
        ("doctor-c", c.Close()),
        ("doctor-b", c.HideAll(hidden=True)),
        ("hospital", c.Emergency(kind=c.EmergencyKind.BREAK_GLASS, allowed=False)),
        ("secretary", c.Close()),
        ("auditor", c.Close()),
        ("representative", c.Close()),
    ],
)
def test_nobody_else_decides_for_the_patient(
    community: Community, who: str, choice: c.Choice
) -> None:
    answer = post(community, who, choice)
    assert answer.status_code in (403, 404), answer.text
    assert len(seen(community, "patient")) == 1
    assert community.events[-2].outcome is Outcome.MINOR_FAILURE


def test_a_blocked_professional_declares_nothing(community: Community) -> None:
    community.decide("patient", c.Block(professional=DR_C))
    assert post(community, "doctor-c", mine(community)).status_code == 403


def test_unblocking_gives_back_what_was_authorised(community: Community) -> None:
    """Scenarios 4 and 5."""
    doctor_b = Identifier.of("DOC-0008", PROFESSIONALS)
    blocked = post(community, "patient", c.Block(professional=doctor_b)).json()
    assert community.refused("doctor-b") == "no-access"
    deleted = community.client.delete(
        f"/fhir/Consent/{blocked['id']}", headers=community.bearer("patient")
    )
    assert deleted.status_code == 204
    assert community.found("doctor-b")["total"] == 0
    community.decide("patient", c.Block(professional=doctor_b))
    community.decide("patient", c.Unblock(professional=doctor_b))
    assert community.found("doctor-b")["total"] == 0


def test_a_masked_document_is_absent_until_it_is_unmasked(community: Community) -> None:
    """Scenarios 18 and 25."""
    community.decide("patient", permit("DOC-0009"))
    community.submit("doctor-b", note(1))
    (entry,) = community.entries("doctor-c")
    masked = post(community, "patient", c.Mask(target=c.Document(id=entry.entry_uuid)))
    assert masked.status_code == 201, masked.text
    assert community.entries("doctor-c") == ()
    assert [
        MASKED.code in {x.code for x in e.confidentiality_code}
        for e in community.entries("doctor-b")
    ] == [True]
    again = post(community, "doctor-c", c.Mask(target=c.Document(id=entry.entry_uuid)))
    never = post(
        community,
        "doctor-c",
        c.Mask(target=c.Document(id="urn:uuid:" + "1" * 8 + "-1111-4111-8111-111111111111")),
    )
    assert again.status_code == never.status_code == 422
    kept = masked.json()
    community.client.put(
        f"/fhir/Consent/{kept['id']}",
        json={**kept, "status": "inactive"},
        headers={**FHIR, **community.bearer("patient"), "if-match": 'W/"1"'},
    )
    assert len(community.entries("doctor-c")) == 1


def test_a_professional_masks_what_he_sees_when_the_patient_asks(community: Community) -> None:
    """Scenario 26, said as a Consent."""
    community.submit("doctor-b", note(1))
    (entry,) = community.entries("doctor-b")
    answer = post(community, "doctor-b", c.Mask(target=c.Document(id=entry.entry_uuid)))
    assert answer.status_code == 201, answer.text
    (after,) = community.entries("doctor-b")
    assert MASKED.code in {code.code for code in after.confidentiality_code}
    assert answer.json()["id"] in {one["id"] for one in seen(community, "patient")}
    assert seen(community, "doctor-b") == seen(community, "doctor-b")
    assert answer.json()["id"] not in {one["id"] for one in seen(community, "doctor-b")}


def test_everybody_reads_the_choices_that_are_his_to_read(community: Community) -> None:
    community.decide("patient", c.Block(professional=DR_C))
    community.decide("patient", c.HideAll(hidden=True))
    assert len(seen(community, "patient")) == 3
    assert len(seen(community, "auditor")) == 3
    assert len(seen(community, "doctor-b")) == 1
    everything = seen(community, "patient")
    unknown = "11111111-1111-4111-8111-111111111111"
    for one in everything:
        for path in ("", "/_history", "/_history/1"):
            answers = [
                community.client.get(
                    f"/fhir/Consent/{name}{path}", headers=community.bearer("doctor-b")
                )
                for name in (one["id"], unknown)
            ]
            if one["id"] in {own["id"] for own in seen(community, "doctor-b")}:
                assert answers[0].status_code == 200
            else:
                texts = [a.text.replace(one["id"], unknown) for a in answers]
                assert answers[0].status_code == 404 and texts[0] == texts[1]


def test_a_closed_record_opens_again_with_the_choices_it_had(community: Community) -> None:
    """Scenarios 49 and 50."""
    community.decide("patient", c.Block(professional=DR_C))
    community.decide("patient", c.Close())
    assert community.refused("doctor-b") == "record-closed"
    assert community.submit("hospital", note(1)) == ("record-closed",)
    community.decide("patient", c.Open())
    assert community.found("doctor-b")["total"] == 0
    assert post(community, "doctor-c", mine(community)).status_code == 403


def test_several_consents_are_sent_one_by_one(community: Community) -> None:
    several = consent(community, mine(community), c.Close())
    assert several["resourceType"] == "Bundle"
    answer = community.client.post(
        "/fhir/Consent", json=several, headers={**FHIR, **community.bearer("patient")}
    )
    assert answer.status_code == 400, answer.text
    assert len(seen(community, "patient")) == 1


def test_a_consent_about_somebody_else_is_refused(community: Community) -> None:
    other = consent(community, c.Close())
    other["patient"] = {"identifier": {"system": SYSTEM, "value": "OTHER"}}
    answer = community.client.post(
        "/fhir/Consent",
        content=json.dumps(other),
        headers={**FHIR, **community.bearer("patient")},
    )
    assert answer.status_code in (401, 404)
