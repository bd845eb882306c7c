"""Explanations over FHIR: for the patient and for auditors, about what is there for them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model.datatypes import Code
from gateway.model.subject import Mode
from tests.web.test_access_record import (
    ALBA,
    HIDDEN,
    MASKED,
    Community,
    community,
    note,
    permit,
)

__all__ = ["community"]

DOCTOR_C = "who=urn:oid:2.999.1.2|DOC-0009&role=urn:oid:2.999.1.7|PHYSICIAN"
ADDRESS = "/fhir/Patient/alba/$explain"


def asked(community: Community, who: str, query: str, status: int = 200) -> Any:
    answer = community.client.get(f"{ADDRESS}?{query}", headers=community.bearer(who))
    assert answer.status_code == status, answer.text
    assert "no-store" in answer.headers["cache-control"]
    return answer.json()


def told(parameters: Any, name: str) -> list[Any]:
    found = [one for one in parameters["parameter"] if one["name"] == name]
    return [
        {part["name"]: next(v for k, v in part.items() if k != "name") for part in one["part"]}
        if "part" in one
        else next(v for k, v in one.items() if k != "name")
        for one in found
    ]


def submitted(community: Community, number: int, *labels: Code) -> str:
    assert community.submit("doctor-b", note(number, *labels)) == ()
    (entry,) = [e for e in community.entries("doctor-b") if e.unique_id == f"2.999.4.{number}"]
    return entry.entry_uuid


def test_a_patient_learns_why_somebody_is_refused(community: Community) -> None:
    answer = asked(community, "patient", DOCTOR_C)
    assert told(answer, "permitted") == [False]
    assert told(answer, "rule") == ["A12-no-authorisation"]
    assert told(answer, "reason") == ["no-access"]
    glass = asked(community, "patient", f"{DOCTOR_C}&mode=break-glass&reason=unconscious")
    assert told(glass, "rule") == ["A11"]
    assert "declare-emergency" in told(glass, "obligation")
    event = community.events[-1]
    assert (event.transaction, event.rule) == ("explain", "A16")


def test_a_patient_learns_which_choice_hides_a_document(community: Community) -> None:
    community.decide("patient", permit("DOC-0009"))
    masked = submitted(community, 1, MASKED)
    answer = asked(community, "patient", f"{DOCTOR_C}&document={masked.removeprefix('urn:uuid:')}")
    assert told(answer, "rule") == ["B4"]
    tried = told(answer, "tried")
    assert {"rule": "B4", "outcome": "keeps away", "decided-by": "mask of the document"} in tried
    assert {one["rule"] for one in tried} >= {"A1", "A12", "A20", "B0", "B3"}


def test_who_can_see_a_document(community: Community) -> None:
    masked = submitted(community, 1, MASKED)
    viewers = told(asked(community, "patient", f"document={masked}"), "viewer")
    visible = {one["who"] for one in viewers if one["visible"]}
    assert "patient" in visible
    assert any(who.startswith("author or depositor") for who in visible)
    assert "authorised professionals" not in visible


def test_what_is_absent_for_the_patient_is_unknown_and_auditors_may_ask(
    community: Community,
) -> None:
    hidden = submitted(community, 1, HIDDEN)
    unknown = "urn:uuid:11111111-1111-4111-8111-111111111111"
    for query in ("", f"&{DOCTOR_C}"):
        absent = asked(community, "patient", f"document={hidden}{query}", 404)
        never = asked(community, "patient", f"document={unknown}{query}", 404)
        texts = [str(one).replace(hidden, unknown) for one in (absent, never)]
        assert texts[0] == texts[1]
        (permitted,) = told(
            asked(community, "auditor", f"document={hidden}&{DOCTOR_C}"), "permitted"
        )
        assert permitted is False
    viewers = told(asked(community, "auditor", f"document={hidden}"), "viewer")
    assert {"who": "patient", "mode": "normal", "visible": False, "rule": "B1"} in viewers


@pytest.mark.parametrize(
    "who", ["doctor-b", "doctor-c", "hospital", "secretary", "application", "operator"]
)
def test_nobody_else_asks_why(community: Community, who: str) -> None:
    answer = community.client.get(f"{ADDRESS}?{DOCTOR_C}", headers=community.bearer(who))
    assert answer.status_code in (403, 404)


def test_an_explanation_of_another_moment_goes_by_the_choices_of_then(
    community: Community,
) -> None:
    before = asked(community, "patient", f"{DOCTOR_C}&at=2020-01-01T00:00:00Z")
    assert told(before, "rule") == ["A12-no-authorisation"]
    doctor_b = DOCTOR_C.replace("0009", "0008")
    assert told(asked(community, "patient", doctor_b), "rule") == ["A12"]
    then = asked(community, "patient", f"{doctor_b}&at=2020-01-01T00:00:00Z")
    assert told(then, "rule") == ["A12-no-authorisation"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("who=DOC-0009", 400),
        (f"{DOCTOR_C}&kind=ghost", 400),
        (f"{DOCTOR_C}&mode=loud", 400),
        (f"{DOCTOR_C}&at=yesterday", 400),
        (f"{DOCTOR_C}&who=urn:oid:1.2|3", 400),
        (f"{DOCTOR_C}&surprise=1", 400),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    community: Community, query: str, status: int
) -> None:
    asked(community, "patient", query, status)


def test_who_asks_is_not_who_is_asked_about(community: Community) -> None:
    """Nothing of the person in the question is let in: no access is counted, no notice is made."""
    asked(community, "patient", f"{DOCTOR_C}&mode=break-glass&reason=unconscious")
    assert community.events[-1].declaration == ""
    assert community.refused("doctor-c", mode=Mode.BREAK_GLASS, patient=ALBA.text) == (
        "reason-required"
    )
