"""The inbox: each recipient sees only his own notices, and only what he may know now."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.model.choices import Representative
from gateway.model.notice import NoticeKind, RecipientKind
from gateway.model.subject import AccessRequest, Subject, SubjectKind
from tests.model.examples import OTHER_PATIENT, PATIENT
from tests.web.access import House, professional, somebody
from tests.web.letters import add_notice

GP = professional("80").subject.id
MOTHER = somebody(SubjectKind.REPRESENTATIVE, "m").subject.id


@pytest.fixture
def people(house: House) -> House:
    assert GP and MOTHER
    house.opens(gp=GP, representatives=(Representative(person=MOTHER, title="mother"),))
    house.knows("p", AccessRequest(subject=Subject(kind=SubjectKind.PATIENT, id=PATIENT)))
    house.knows("q", AccessRequest(subject=Subject(kind=SubjectKind.PATIENT, id=OTHER_PATIENT)))
    house.knows("gp", professional("80"))
    house.knows("c", professional("90"))
    house.knows("m", somebody(SubjectKind.REPRESENTATIVE, "m"))
    house.knows("aud", somebody(SubjectKind.AUDITOR, "a", patient=PATIENT))
    return house


def read(house: House, word: str, query: str = "") -> list[dict[str, Any]]:
    answer = house.client.get(f"/fhir/Communication{query}", headers=house.as_(word))
    assert answer.status_code == 200, answer.text
    entries = answer.json().get("entry", ())
    return [e["resource"] for e in entries if e["search"]["mode"] == "match"]


def test_each_sees_only_his_own(people: House) -> None:
    client = people.client
    mine = add_notice(client, PATIENT)
    add_notice(client, OTHER_PATIENT)
    to_gp = add_notice(
        client,
        GP,
        kind=NoticeKind.EMERGENCY_ACCESS,
        recipient_kind=RecipientKind.GP,
        patient=PATIENT,
        mode="break-glass",
    )
    (letter,) = read(people, "p")
    assert letter["id"] == mine.removeprefix("urn:uuid:")
    assert "Dr Example" in letter["payload"][0]["contentString"]
    assert "extension" not in letter
    (told,) = read(people, "gp")
    assert told["id"] == to_gp.removeprefix("urn:uuid:")
    assert read(people, "c") == []
    assert len(read(people, "q")) == 1
    assert len(read(people, "aud")) == 2
    url = f"/fhir/Communication/{letter['id']}"
    assert client.get(url, headers=people.as_("p")).status_code == 200
    theirs = client.get(url, headers=people.as_("q"))
    nobodys = client.get("/fhir/Communication/none", headers=people.as_("q"))
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json()["issue"][0]["diagnostics"] == nobodys.json()["issue"][0]["diagnostics"]
    assert client.get("/fhir/Communication").status_code == 401


def test_asking_for_somebody_else_s_finds_nothing(people: House) -> None:
    add_notice(people.client, OTHER_PATIENT)
    whose = f"urn:oid:{OTHER_PATIENT.authority}|{OTHER_PATIENT.value}"
    assert read(people, "p", f"?recipient.identifier={whose}") == []
    assert len(read(people, "q", f"?recipient.identifier={whose}")) == 1
    assert len(read(people, "aud", f"?recipient:identifier={whose}")) == 0


def test_a_notice_of_a_document_is_there_while_the_document_is(people: House) -> None:
    add_notice(
        people.client, PATIENT, kind=NoticeKind.NEW_DOCUMENT, entry_uuid="urn:uuid:not-there"
    )
    assert read(people, "p") == []
    assert len(read(people, "aud")) == 1


def test_a_representative_without_a_link_reads_nothing(people: House) -> None:
    add_notice(people.client, MOTHER, recipient_kind=RecipientKind.REPRESENTATIVE, patient=PATIENT)
    assert len(read(people, "m")) == 1
    from gateway.consent.decision import PublicReason

    people.rules.refusals[somebody(SubjectKind.REPRESENTATIVE, "m").subject.key] = (
        "A15-no-link",
        PublicReason.NO_RECORD,
    )
    assert read(people, "m") == []


def test_the_auditor_sees_how_far_each_got(people: House) -> None:
    add_notice(people.client, PATIENT)
    (letter,) = read(people, "aud")
    assert all(e["url"].endswith("delivery") for e in letter.get("extension", ()))


def test_pages_categories_and_times(people: House) -> None:
    for day in range(1, 8):
        kind = NoticeKind.RECORD_UPDATED if day % 2 else NoticeKind.FIRST_ACCESS
        add_notice(people.client, PATIENT, kind=kind, time=f"2026030{day}080000")
    assert len(read(people, "p", "?category=record-updated")) == 4
    assert len(read(people, "p", "?category=none-such")) == 0
    assert len(read(people, "p", "?sent=ge2026-03-03&sent=lt2026-03-05")) == 2
    assert len(read(people, "p", "?sent=2026-03-03")) == 1
    seen: list[str] = []
    url = "/fhir/Communication?_count=3"
    while url:
        bundle = people.client.get(url, headers=people.as_("p")).json()
        assert "total" not in bundle
        seen += [e["resource"]["sent"] for e in bundle["entry"]]
        following = [one["url"] for one in bundle["link"] if one["relation"] == "next"]
        url = following[0] if following else ""
    assert seen == sorted(seen, reverse=True) and len(seen) == 7
    stolen = people.client.get("/fhir/Communication?_count=3", headers=people.as_("p")).json()
    (link,) = [one["url"] for one in stolen["link"] if one["relation"] == "next"]
    assert people.client.get(link, headers=people.as_("q")).status_code in (400, 404)


@pytest.mark.parametrize("query", ["?sent=yesterday", "?_count=0", "?_count=x"])
def test_what_cannot_be_asked_is_refused(people: House, query: str) -> None:
    answer = people.client.get(f"/fhir/Communication{query}", headers=people.as_("p"))
    assert answer.status_code == 400
