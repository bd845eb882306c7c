"""The audit trail over FHIR: all of it for auditors, the own record's accesses for patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from starlette.testclient import TestClient

from gateway.actors.consent_rules import ConsentRules
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.model.choices import Authorise, Holder, HolderKind, Representative
from gateway.model.datatypes import Code, Identifier
from gateway.model.subject import AccessRequest, Client, Subject, SubjectKind
from gateway.profile import read_profile
from gateway.service import Guard
from gateway.storage.sqlite import SqliteRegistryStore
from tests.model import examples
from tests.model.examples import OTHER_PATIENT, PATIENT
from tests.shared import ROOT
from tests.web.access import PEOPLE, House, professional, somebody

Json = dict[str, Any]
IHE = read_profile("ihe", ROOT / "profiles")
ITI_42 = "urn:ihe:iti:2007:RegisterDocumentSet-b"
RESTRICTED = "2.999.77.3"
HERE = f"urn:oid:{PATIENT.authority}|{PATIENT.value}"
ALWAYS = {"date": "ge2000-01-01"}


@dataclass
class KeepingHouse(House):
    """A gateway that asks who comes, decides by the rules, and keeps its trail."""

    store: SqliteRegistryStore = None  # type: ignore[assignment]

    def guard(self, store: SqliteRegistryStore) -> Guard:
        self.store = store
        return Guard(authenticator=self.keys, rules=ConsentRules(IHE.access), choices=self.choices)

    def submit(self, word: str, unique_id: str, *codes: str) -> None:
        labels = tuple(Code(code, RESTRICTED, code) for code in codes)
        label = (*labels, Code("N", "2.16.840.1.113883.5.25", "Normal"))
        one = examples.entry("d1", unique_id, confidentiality_code=label)
        what = examples.submission(one, unique_id=unique_id + ".1")
        status, envelope = self.soap("registry", ITI_42, write_submit_objects(what), word)
        assert status == 200
        assert b"Success" in envelope_text(envelope)

    def find(self, word: str, **asked: str) -> Json:
        asked = asked or {"patient.identifier": HERE}
        answer = self.client.get("/fhir/DocumentReference", params=asked, headers=self.as_(word))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def events_for(self, word: str, **asked: str) -> list[Json]:
        """The events somebody finds, but for the start of the gateway."""
        return [e for e in self.all_events_for(word, **asked) if e["type"]["code"] != "110100"]

    def all_events_for(self, word: str, **asked: str) -> list[Json]:
        answer = self.client.get("/fhir/AuditEvent", params=asked, headers=self.as_(word))
        assert answer.status_code == 200, answer.text
        Bundle.model_validate_json(answer.content)
        return [one["resource"] for one in answer.json().get("entry", ())]


def envelope_text(envelope: Any) -> bytes:
    from gateway.codecs.xml import write_xml

    return write_xml(envelope.body)


@pytest.fixture
def kept(open_gateway: Callable[..., TestClient]) -> KeepingHouse:
    house = KeepingHouse()
    doctor = professional("b")
    authorised = Authorise(
        holder=Holder(kind=HolderKind.PROFESSIONAL, identifier=doctor.subject.id or PATIENT)
    )
    house.opens(
        authorisations=(authorised,),
        birth_date="20150101",
        representatives=(Representative(person=Identifier.of("mother", PEOPLE), title="parent"),),
    )
    house.opens(OTHER_PATIENT)
    client = Client(id="app", name="Ward Software")
    house.knows("b", replace(doctor, subject=replace(doctor.subject, client=client)))
    house.knows("a", somebody(SubjectKind.AUDITOR, "auditor"))
    house.knows("o", somebody(SubjectKind.OPERATOR, "operator"))
    patient = Subject(kind=SubjectKind.PATIENT, id=PATIENT, name="Paul")
    house.knows("p", AccessRequest(subject=patient))
    other = Subject(kind=SubjectKind.PATIENT, id=OTHER_PATIENT)
    house.knows("q", AccessRequest(subject=other))
    house.knows("m", somebody(SubjectKind.REPRESENTATIVE, "mother", patient=PATIENT))
    house.client = open_gateway(house.guard)
    return house


def subtypes(events: list[Json]) -> list[str]:
    return [one["subtype"][-1].get("code", "") for one in events]


def test_the_gateways_start_and_stop_are_events(
    kept: KeepingHouse, open_gateway: Callable[..., TestClient]
) -> None:
    (started,) = kept.all_events_for("a", type="110100", **ALWAYS)
    assert started["type"]["display"] == "Application Activity"
    assert [one["code"] for one in started["subtype"]] == ["110120"]
    assert [one["type"]["coding"][0]["code"] for one in started["agent"]] == ["110150"]
    assert "entity" not in started

    async def stop_and_start() -> list[str]:
        from gateway.clock import SystemClock
        from gateway.service import _running

        async with _running(kept.store, SystemClock()):
            pass
        kept_now = await kept.store.audit.after(0, 100)
        return [one.event.transaction for one in kept_now]

    assert kept.client.portal is not None
    told = kept.client.portal.call(stop_and_start)
    assert told[-2:] == ["application-start", "application-stop"]
    assert len(kept.all_events_for("a", subtype="110121", **ALWAYS)) == 1


def documents(event: Json) -> list[str]:
    return [
        one["what"]["reference"]
        for one in event.get("entity", ())
        if one["type"].get("code") == "DocumentReference"
    ]


def test_an_auditor_sees_who_did_what(kept: KeepingHouse) -> None:
    kept.submit("b", "2.999.4.1")
    kept.find("b")
    found = kept.events_for("a", **ALWAYS)
    assert subtypes(found) == ["ITI-67", "ITI-42"]
    search, submission = found
    assert [agent["who"]["identifier"]["value"] for agent in search["agent"][:3:2]] == ["app", "b"]
    assert documents(search)
    details = {one["type"]: one["valueString"] for one in search["entity"][-1]["detail"]}
    assert details["rule"] == "A12"
    assert "SubmissionSet" not in str(submission)
    assert submission["action"] == "C"


def test_a_look_at_the_trail_leaves_an_event(kept: KeepingHouse) -> None:
    kept.find("b")
    (seen,) = kept.events_for("a", **ALWAYS)
    first, _ = kept.events_for("a", **ALWAYS)
    assert subtypes([first]) == ["ITI-81"]
    told = [
        one["what"]["reference"] for one in first["entity"] if "reference" in one.get("what", ())
    ]
    assert told[0] == f"http://gateway.test/fhir/AuditEvent/{seen['id']}"
    assert len(told) == 2, "that one, and the start of the gateway"


def test_a_search_narrows(kept: KeepingHouse) -> None:
    kept.submit("b", "2.999.4.1")
    kept.find("b")
    kept.client.get("/fhir/DocumentReference", params={"patient.identifier": HERE})
    for asked, transactions in (
        ({"subtype": "ITI-42"}, ["ITI-42"]),
        ({"subtype": "urn:ihe:event-type-code|ITI-67,ITI-42"}, ["ITI-67", "ITI-67", "ITI-42"]),
        ({"subtype": "search-type", "outcome": "0"}, ["ITI-67"]),
        ({"type": "rest"}, ["ITI-67", "ITI-67"]),
        ({"type": "http://dicom.nema.org/resources/ontology/DCM|110107"}, ["ITI-42"]),
        ({"action": "C"}, ["ITI-42"]),
        ({"outcome": "4"}, ["ITI-67"]),
        ({"agent.identifier": f"urn:oid:{PEOPLE}|b", "action": "E"}, ["ITI-67"]),
        ({"agent:identifier": "b", "action": "E"}, ["ITI-67"]),
        ({"agent": "Practitioner/1"}, []),
        ({"entity.identifier": "urn:ietf:rfc:3986|urn:oid:2.999.4.1"}, ["ITI-42"]),
        ({"entity:identifier": "urn:ietf:rfc:3986|urn:oid:2.999.4.9"}, []),
        ({"patient.identifier": HERE, "outcome": "0"}, ["ITI-67", "ITI-42"]),
        ({"patient.identifier": f"urn:oid:{PATIENT.authority}|none"}, []),
        ({"patient": "Patient/nobody"}, []),
        ({"date": "lt2001-01-01"}, []),
        ({"action": "C", "_sort": "date"}, ["ITI-42"]),
    ):
        found = kept.events_for("a", **{**ALWAYS, **asked})
        found = [one for one in found if subtypes([one]) != ["ITI-81"]]
        assert subtypes(found) == transactions, asked


def test_an_event_is_found_by_the_document_it_disclosed(kept: KeepingHouse) -> None:
    kept.submit("b", "2.999.4.1")
    kept.find("b")
    (search, _) = kept.events_for("a", **ALWAYS)
    (reference,) = documents(search)
    for entity in (reference, reference.removeprefix("http://gateway.test/fhir/")):
        found = kept.events_for("a", **ALWAYS, entity=entity, subtype="ITI-67")
        assert [one["id"] for one in found] == [search["id"]]
    assert kept.events_for("a", **ALWAYS, entity="http://elsewhere/fhir/List/1") == []


def test_the_whole_trail_is_asked_with_a_date(kept: KeepingHouse) -> None:
    answer = kept.client.get("/fhir/AuditEvent", headers=kept.as_("a"))
    assert answer.status_code == 400
    assert "date" in answer.text
    for wrong in (
        {"date": "ap2026"},
        {"date": "x"},
        {"action": "X"},
        {"outcome": "1"},
        {"outcome": "\u00be"},
        {"outcome": "no"},
    ):
        answer = kept.client.get("/fhir/AuditEvent", params=wrong, headers=kept.as_("a"))
        assert answer.status_code == 400, wrong


def test_pages_of_the_trail_follow_one_another(kept: KeepingHouse) -> None:
    for _ in range(5):
        kept.find("b")
    url: str | None = "/fhir/AuditEvent?date=ge2000-01-01&subtype=ITI-67&_count=2"
    seen: list[str] = []
    totals = set()
    while url:
        bundle = kept.client.get(url, headers=kept.as_("a")).json()
        totals.add(bundle["total"])
        seen += [one["resource"]["id"] for one in bundle["entry"]]
        url = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    assert totals == {5}
    assert len(set(seen)) == len(seen) == 5


def test_a_search_can_be_posted_and_answered_in_part(kept: KeepingHouse) -> None:
    kept.find("b")
    answer = kept.client.post(
        "/fhir/AuditEvent/_search", data={**ALWAYS, "_summary": "true"}, headers=kept.as_("a")
    )
    entry, _ = answer.json()["entry"]
    assert "entity" not in entry["resource"]
    count = kept.client.get(
        "/fhir/AuditEvent", params={**ALWAYS, "_summary": "count"}, headers=kept.as_("a")
    ).json()
    assert "entry" not in count and count["total"] == 3


def test_an_event_is_read_by_its_id(kept: KeepingHouse) -> None:
    kept.find("b")
    (event,) = kept.events_for("a", **ALWAYS)
    answer = kept.client.get(f"/fhir/AuditEvent/{event['id']}", headers=kept.as_("a"))
    assert answer.json() == event
    assert kept.client.get("/fhir/AuditEvent/none", headers=kept.as_("a")).status_code == 404


@pytest.mark.parametrize("word", ["b", "o"])
def test_professionals_and_operators_see_nothing_of_the_trail(
    kept: KeepingHouse, word: str
) -> None:
    kept.find("b")
    (event,) = kept.events_for("a", **ALWAYS)
    asked = {**ALWAYS, "patient.identifier": HERE}
    for path, params in (("/fhir/AuditEvent", asked), (f"/fhir/AuditEvent/{event['id']}", {})):
        answer = kept.client.get(path, params=params, headers=kept.as_(word))
        assert answer.status_code == 403, answer.text


# --- The access history -------------------------------------------------------------------------


def test_a_patient_sees_who_came_when_and_for_what(kept: KeepingHouse) -> None:
    kept.submit("b", "2.999.4.1")
    kept.find("b")
    search, submission = kept.events_for("p")
    assert subtypes([search, submission]) == ["ITI-67", "ITI-42"]
    assert search["agent"][0]["name"] == "Dr b"
    assert search["recorded"]
    assert len(documents(search)) == 1
    assert "A12" not in str(search) and "detail" not in str(search)
    assert "query" not in str(search)
    answer = kept.client.get(f"/fhir/AuditEvent/{search['id']}", headers=kept.as_("p"))
    assert answer.json() == search


def test_nobody_sees_the_history_of_another_record(kept: KeepingHouse) -> None:
    kept.find("b")
    (event,) = kept.events_for("p")
    assert kept.events_for("q") == []
    answer = kept.client.get(f"/fhir/AuditEvent/{event['id']}", headers=kept.as_("q"))
    assert answer.status_code == 404
    asked = {"patient.identifier": HERE}
    answer = kept.client.get("/fhir/AuditEvent", params=asked, headers=kept.as_("q"))
    unknown = kept.client.get(
        "/fhir/AuditEvent",
        params={"patient.identifier": f"urn:oid:{PATIENT.authority}|nobody"},
        headers=kept.as_("q"),
    )
    assert (answer.status_code, answer.content) == (unknown.status_code, unknown.content)


def test_the_history_mentions_nothing_that_is_hidden_from_its_reader(kept: KeepingHouse) -> None:
    """Scenario 34: no line on day 3; after the release the line of day 0 is there."""
    kept.submit("b", "2.999.4.1", "HIDDEN_FROM_PATIENT")
    kept.find("b")
    whole = kept.events_for("a", **ALWAYS)
    (document,) = documents(whole[0])
    (search,) = kept.events_for("p")
    assert subtypes([search]) == ["ITI-67"]
    assert documents(search) == []
    for asked in (
        {"entity": document},
        {"entity.identifier": "urn:ietf:rfc:3986|urn:oid:2.999.4.1"},
    ):
        assert kept.events_for("p", **asked) == []
    for event in whole:
        if subtypes([event]) == ["ITI-42"]:
            answer = kept.client.get(f"/fhir/AuditEvent/{event['id']}", headers=kept.as_("p"))
            unknown = kept.client.get("/fhir/AuditEvent/unknown", headers=kept.as_("p"))
            assert answer.status_code == unknown.status_code == 404
    # The release is a moment: the file says here that it lies in the past.
    connection = kept.store._file.connection
    connection.execute("UPDATE document_entry SET hidden_until = '20200101000000'")
    found = kept.events_for("p", subtype="ITI-42,ITI-67")
    assert subtypes(found) == ["ITI-67", "ITI-42"]
    assert found[1]["recorded"] == whole[1]["recorded"]
    assert documents(found[0]) == [document]


def test_a_representative_learns_nothing_of_a_secret_connection(kept: KeepingHouse) -> None:
    secret = replace(kept.keys.known["b"].subject, secret_connection=True)
    kept.knows("s", replace(kept.keys.known["b"], subject=secret))
    kept.submit("s", "2.999.4.1", "HIDDEN_FROM_REPRESENTATIVES")
    kept.submit("b", "2.999.4.2")
    kept.find("s")
    kept.find("b")
    assert subtypes(kept.events_for("p")) == ["ITI-67", "ITI-67", "ITI-42", "ITI-42"]
    seen = [one for one in kept.events_for("m") if subtypes([one]) != ["ITI-81"]]
    assert subtypes(seen) == ["ITI-67", "ITI-42"]
    assert len(documents(seen[0])) == 1


def test_the_history_has_pages(kept: KeepingHouse) -> None:
    kept.submit("b", "2.999.4.1", "HIDDEN_FROM_PATIENT")
    for _ in range(4):
        kept.find("b")
    url: str | None = "/fhir/AuditEvent?_count=2&subtype=ITI-67,ITI-42"
    seen: list[str] = []
    while url:
        bundle = kept.client.get(url, headers=kept.as_("p")).json()
        page = [one["resource"]["id"] for one in bundle["entry"]]
        assert len(page) <= 2
        seen += page
        url = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    assert len(set(seen)) == len(seen) == 4
    count = kept.client.get(
        "/fhir/AuditEvent",
        params={"_summary": "count", "subtype": "ITI-67,ITI-42"},
        headers=kept.as_("p"),
    ).json()
    assert count["total"] == 4


def test_page_links_are_for_whoever_asked(kept: KeepingHouse) -> None:
    for _ in range(3):
        kept.find("b")
    bundle = kept.client.get("/fhir/AuditEvent?_count=1", headers=kept.as_("p")).json()
    url = next(one["url"] for one in bundle["link"] if one["relation"] == "next")
    assert kept.client.get(url, headers=kept.as_("m")).status_code == 404


def test_the_trail_of_the_doors_verifies(kept: KeepingHouse) -> None:
    from gateway.codecs.audit_octets import GENESIS, link

    kept.submit("b", "2.999.4.1")
    kept.find("b")
    kept.events_for("p")
    previous = GENESIS
    for octets, digest in kept.store._file.connection.execute(
        "SELECT octets, hash FROM audit_event ORDER BY number"
    ):
        previous = link(previous, octets)
        assert previous == digest


def test_where_everybody_is_trusted_the_trail_is_there_for_everybody(client: TestClient) -> None:
    answer = client.get("/fhir/AuditEvent", params=ALWAYS)
    assert answer.status_code == 200
    assert answer.json()["total"] == 0
    assert client.get("/fhir/AuditEvent").status_code == 400


# --- Events of other systems [ITI-20] -------------------------------------------------------------


def ward_event(**given: Any) -> Json:
    """What a ward's own system says it did: it showed a document to a nurse."""
    event: Json = {
        "resourceType": "AuditEvent",
        "id": "theirs",
        "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110103"},
        "subtype": [{"system": "urn:ihe:event-type-code", "code": "ITI-55"}],
        "action": "R",
        "recorded": "2025-03-01T10:15:00+01:00",
        "outcome": "0",
        "agent": [
            {
                "who": {"identifier": {"system": f"urn:oid:{PEOPLE}", "value": "nurse-7"}},
                "requestor": True,
            }
        ],
        "source": {"observer": {"identifier": {"value": "ward-system"}}},
        "entity": [
            {
                "what": {
                    "type": "Patient",
                    "identifier": {
                        "system": f"urn:oid:{PATIENT.authority}",
                        "value": PATIENT.value,
                    },
                }
            },
            {"what": {"reference": "DocumentReference/11111111-1111-4111-8111-111111111111"}},
        ],
    }
    return {**event, **given}


def bring(kept: KeepingHouse, word: str, event: Any = None) -> Any:
    headers = {**kept.as_(word), "content-type": "application/fhir+json"}
    return kept.client.post("/fhir/AuditEvent", json=event or ward_event(), headers=headers)


@pytest.mark.parametrize("kind", ["structure", "service", "operator"])
def test_another_systems_event_is_kept_in_the_chain_with_its_origin_and_found(
    kept: KeepingHouse, kind: str
) -> None:
    kept.knows("s", somebody(SubjectKind(kind), "ward"))
    answer = bring(kept, "s")
    assert answer.status_code == 201, answer.text
    brought = answer.json()
    assert answer.headers["location"].endswith("AuditEvent/" + brought["id"])
    (extension,) = brought.pop("extension")
    assert extension["url"].endswith("received-from")
    assert extension["valueReference"]["identifier"]["value"] == "ward"
    theirs = ward_event()
    assert {**brought, "id": "theirs"} == theirs, "as it was sent, but for the id"
    document = "DocumentReference/11111111-1111-4111-8111-111111111111"
    for asked in (
        {"type": "110103"},
        {"subtype": "ITI-55"},
        {"agent.identifier": f"urn:oid:{PEOPLE}|nurse-7"},
        {"agent.identifier": "nurse-7"},
        {"agent.identifier": "ward", "action": "R"},
        {"patient.identifier": HERE, "action": "R"},
        {"entity": document},
        {"_id": brought["id"]},
        {"date": "2025-03-01T09:15:00Z"},
    ):
        found = kept.all_events_for("a", **(ALWAYS | asked))
        assert [one["id"] for one in found] == [brought["id"]], asked
    for asked in ({"type": "rest"}, {"type": "110106"}, {"agent.identifier": "nurse"}):
        found = kept.all_events_for("a", **(ALWAYS | asked))
        assert brought["id"] not in [one["id"] for one in found], asked
    (of_the_request,) = kept.all_events_for("a", subtype="ITI-20", **ALWAYS)
    assert of_the_request["action"] == "C"
    # What others did to objects that nobody can look at here is no part of the history.
    assert brought["id"] not in [one["id"] for one in kept.events_for("p")]

    async def verified() -> Any:
        from gateway.audit.verification import KeptRow, verify
        from gateway.storage.sqlite.audit import rows_as_kept

        rows = rows_as_kept(kept.store._file.reading)
        return verify((KeptRow(*row) for row in rows), [], (), None)  # type: ignore[arg-type]

    assert kept.client.portal is not None
    assert kept.client.portal.call(verified).alterations == ()


@pytest.mark.parametrize("word", ["b", "a", "p", "m"])
def test_nobody_else_brings_events(kept: KeepingHouse, word: str) -> None:
    assert bring(kept, word).status_code in (403, 404)
    assert kept.all_events_for("a", type="110103", **ALWAYS) == []


def test_without_the_scope_no_event_is_taken(kept: KeepingHouse) -> None:
    narrow = somebody(SubjectKind.SERVICE, "ward", scopes=frozenset({"system/AuditEvent.rs"}))
    kept.knows("s", narrow)
    assert bring(kept, "s").status_code == 403
    wide = somebody(SubjectKind.SERVICE, "ward", scopes=frozenset({"ITI-20"}))
    kept.knows("w", wide)
    assert bring(kept, "w").status_code == 201


def test_where_nobody_is_asked_who_he_is_no_event_is_taken(client: TestClient) -> None:
    answer = client.post(
        "/fhir/AuditEvent", json=ward_event(), headers={"content-type": "application/fhir+json"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"resourceType": "Patient"},
        {"recorded": "yesterday"},
        {"recorded": "2099-01-01T00:00:00Z"},
        {"agent": []},
        {"source": {}},
        {"type": {"system": "x"}},
        {"action": "Z"},
        {"outcome": "5"},
    ],
)
def test_what_says_too_little_is_refused(kept: KeepingHouse, wrong: Json) -> None:
    kept.knows("s", somebody(SubjectKind.STRUCTURE, "ward"))
    assert bring(kept, "s", ward_event(**wrong)).status_code in (400, 422)
    assert kept.all_events_for("a", type="110103", **ALWAYS) == []


def test_a_feed_of_ours_sends_on_what_was_brought(kept: KeepingHouse) -> None:
    from gateway.codecs.atna.audit_message import write_audit_message
    from gateway.codecs.xml import read_xml
    from gateway.model.audit import Observer

    kept.knows("s", somebody(SubjectKind.STRUCTURE, "ward"))
    bring(kept, "s")

    async def last() -> Any:
        return (await kept.store.audit.after(0, 100))[-1].event

    assert kept.client.portal is not None
    event = kept.client.portal.call(last)
    assert event.received
    read_xml(write_audit_message(event, Observer(id="gateway")))
