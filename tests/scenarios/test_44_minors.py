"""Scenarios 44 to 48: minors, and who acts for them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from gateway.codecs.fhir.subscription import CONTENT, FILTER, TOPIC
from gateway.model import choices as c
from gateway.security.people import DemonstrationPerson
from gateway.transactions.registry_stored_query import FindDocuments, ReturnType
from tests.notifications.world import MovableClock
from tests.scenarios.conftest import NewScene
from tests.scenarios.documents import FROM_PARENTS, REPORT, document
from tests.scenarios.gateway import opened
from tests.scenarios.hooks import Hook
from tests.scenarios.people import PAEDIATRICIAN, B, F, G, citizen, somebody
from tests.scenarios.scene import APPROVED, SOAP, Scene

TOPIC_OF_DOCUMENTS = TOPIC + "DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"


def acts_for(person: DemonstrationPerson, scene: Scene) -> DemonstrationPerson:
    """A parent of this scene's child."""
    return somebody(person.key, patient=scene.patient.text)


def parent(person: DemonstrationPerson) -> c.Representative:
    """The link of a parent."""
    return c.Representative(person=citizen(person), title="MTH")


@pytest.fixture
def child(new_scene: NewScene, gateway: Any) -> Scene:
    """M, fifteen years old, with the parents F and G; the paediatrician may read."""
    now = gateway.clock.now()
    scene = new_scene(birth=f"{int(now[:4]) - 15}0101")
    scene.decides(parent(F), parent(G))
    scene.authorises(PAEDIATRICIAN)
    return scene


def subscribes(scene: Scene, person: DemonstrationPerson, endpoint: str) -> None:
    """Somebody wants to be told of new documents of the record."""
    query = f"DocumentReference?patient.identifier={scene.who}"
    answer = scene.send(
        "POST",
        "Subscription",
        person,
        {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "to be told",
            "criteria": TOPIC_OF_DOCUMENTS,
            "_criteria": {"extension": [{"url": FILTER, "valueString": query}]},
            "channel": {
                "type": "rest-hook",
                "endpoint": endpoint,
                "payload": "application/fhir+json",
                "_payload": {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]},
            },
        },
    )
    assert answer.status_code == 201, answer.text


def test_scenario_44_in_a_secret_connection_every_document_is_hidden_from_parents(
    child: Scene,
) -> None:
    told = child.provide(PAEDIATRICIAN, document(child.patient), secret=True)
    if child.wire == SOAP:
        assert [code for code, _ in told.errors] == ["XDSRegistryMetadataError"]
    else:
        assert (told.http, told.codes) == (422, ("XDSRegistryMetadataError",))
    assert child.kept == []
    hidden = document(child.patient, REPORT, FROM_PARENTS, author=PAEDIATRICIAN)
    child.deposit(PAEDIATRICIAN, hidden, secret=True)
    assert child.find(child.P).ids == {hidden.unique_id}


def test_scenario_45_nothing_of_what_is_hidden_from_parents_reaches_them(
    child: Scene, outside: Hook
) -> None:
    parent_f = acts_for(F, child)
    path = f"/{child.patient.value}"
    subscribes(child, parent_f, outside.url + path)
    child.gateway.delivers()
    handshakes = told_apart(outside, path)
    plain = document(child.patient, author=PAEDIATRICIAN)
    child.deposit(PAEDIATRICIAN, plain)
    before = len(child.history(parent_f))
    letters = len(child.told_to(parent_f))
    hidden = document(child.patient, REPORT, FROM_PARENTS, author=PAEDIATRICIAN)
    child.deposit(PAEDIATRICIAN, hidden, secret=True)
    told = child.find(parent_f)
    assert (told.ids, told.total) == ({plain.unique_id}, 1)
    if child.wire == SOAP:
        query = FindDocuments(patient_id=child.patient, status=(APPROVED,))
        assert child.ask(parent_f, query, return_type=ReturnType.OBJECT_REF).total == 1
        assert len(child.everything(parent_f).submission_sets) == 1
    else:
        assert child.find(parent_f, "&_summary=count").total == 1
        assert child.search(parent_f, "code=submissionset", kind="List").total == 1
    history = json.dumps(child.history(parent_f))
    for name in (hidden.unique_id, child.uuid(hidden).removeprefix("urn:uuid:")):
        assert name not in history
    own = [one for one in child.history(parent_f) if "FICTIVE-LIMON" not in json.dumps(one)]
    assert len(own) <= before
    assert len(child.told_to(parent_f)) == letters
    child.gateway.delivers()
    heard = outside.at(path)
    assert told_apart(outside, path) == handshakes + 1
    assert plain.unique_id in json.dumps(heard[-1])
    assert hidden.unique_id not in json.dumps(heard)
    assert child.find(child.P).ids == {plain.unique_id, hidden.unique_id}


def told_apart(outside: Hook, path: str) -> int:
    """How many messages came: each comes at least once, and is known by its id."""
    return len({one["id"] for one in outside.at(path)})


def test_scenario_46_professionals_are_alerted_to_what_is_hidden_from_parents(
    child: Scene,
) -> None:
    hidden = document(child.patient, REPORT, FROM_PARENTS, author=PAEDIATRICIAN)
    child.deposit(PAEDIATRICIAN, hidden, secret=True)
    told = child.find(PAEDIATRICIAN)
    uuid = told.seen[hidden.unique_id].entry_uuid
    assert told.alerts == {uuid: frozenset({"alert-hidden-representatives"})}
    if child.wire == SOAP:
        retrieved = child.retrieve(PAEDIATRICIAN, hidden.unique_id)
        assert retrieved.total == 1
        assert b'kind="alert-hidden-representatives"' in retrieved.octets
    else:
        read = child.read(PAEDIATRICIAN, f"DocumentReference/{uuid.removeprefix('urn:uuid:')}")
        tags = json.loads(read.octets)["meta"]["tag"]
        assert [tag["code"] for tag in tags] == ["alert-hidden-representatives"]


def test_scenario_47_a_parent_has_no_record_from_midnight_of_the_majority_on(
    new_scene: NewScene, portal: BlockingPortal, tmp_path: Path
) -> None:
    clock = MovableClock("20261122100000")
    with ExitStack() as stack:
        scene = new_scene(gateway=opened(stack, portal, tmp_path, clock), birth="20081123")
        report = document(scene.patient)
        scene.deposit(B, report)
        scene.decides(parent(F))
        parent_f = acts_for(F, scene)
        # Midnight in Paris is 23:00 UTC.
        clock.moment = "20261122225959"
        assert scene.find(parent_f).ids == {report.unique_id}
        clock.moment = "20261122230000"
        scene.unknown(scene.find(parent_f), "A15")


def test_scenario_48_who_lost_parental_authority_finds_no_record(
    child: Scene, new_scene: NewScene
) -> None:
    report = document(child.patient)
    child.deposit(B, report)
    parent_g = acts_for(G, child)
    assert child.find(parent_g).ids == {report.unique_id}
    (link,) = [one for one in child.consents(child.P) if citizen(G).value in json.dumps(one)]
    assert child.send("DELETE", f"Consent/{link['id']}", child.P).status_code == 204
    told = child.find(parent_g)
    child.unknown(told, "A15")
    nobody = new_scene(exists=False)
    never = nobody.find(acts_for(G, nobody))
    nobody.unknown(never, "A2-no-record")
    assert (told.http, told.errors) == (never.http, never.errors)
    assert child.find(acts_for(F, child)).ids == {report.unique_id}
