"""Subscriptions at the door: taken through the record gate, and nobody else's business."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from gateway.codecs.fhir.subscription import CONTENT, FILTER, HEARTBEAT, TOPIC
from gateway.consent.decision import PublicReason
from gateway.model.choices import Authorise, Holder, HolderKind, Period
from gateway.model.datatypes import DateTime
from gateway.model.subject import Mode, Operation
from tests.model.examples import OTHER_PATIENT, PATIENT
from tests.web.access import House, professional
from tests.web.messages import FHIR

DOCUMENTS = TOPIC + "DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"
ANYBODYS = TOPIC + "DSUBm-SubscriptionTopic-DocumentReference-MultiPatient"
MINE = f"DocumentReference?patient.identifier=urn:oid:{PATIENT.authority}|{PATIENT.value}"


@dataclass
class Hook:
    """An endpoint outside."""

    url: str = ""
    heard: list[Any] = field(default_factory=list)

    def wait_for(self, count: int) -> list[Any]:
        end = time.monotonic() + 60
        while len(self.heard) < count and time.monotonic() < end:
            time.sleep(0.05)
        return self.heard


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.heard.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def guarded(open_gateway: Any, hook: Hook) -> House:
    house = House()
    house.opens()
    house.client = open_gateway(
        house.guard, notify_endpoints=hook.url, notify_networks="127.0.0.0/8"
    )
    house.knows("b", professional("80"))
    house.knows("c", professional("90"))
    return house


def subscription(hook: Hook, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "to be told",
        "criteria": DOCUMENTS,
        "_criteria": {"extension": [{"url": FILTER, "valueString": MINE}]},
        "channel": {
            "type": "rest-hook",
            "endpoint": f"{hook.url}/b",
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]},
        },
        **more,
    }


def post(house: House, resource: Any, word: str = "b") -> Any:
    return house.client.post(
        "/fhir/Subscription", content=json.dumps(resource), headers={**FHIR, **house.as_(word)}
    )


def put(house: House, resource: Any, word: str = "b", **headers: str) -> Any:
    return house.client.put(
        f"/fhir/Subscription/{resource['id']}",
        content=json.dumps(resource),
        headers={**FHIR, **house.as_(word), **headers},
    )


def test_a_subscription_is_taken_shakes_hands_and_is_cancelled(guarded: House, hook: Hook) -> None:
    taken = post(guarded, subscription(hook))
    assert taken.status_code == 201, taken.text
    resource = taken.json()
    assert resource["status"] == "requested" and resource["end"]
    assert taken.headers["location"].endswith(f"Subscription/{resource['id']}")
    assert Operation.SUBSCRIBE in guarded.rules.asked
    (hand,) = hook.wait_for(1)
    kinds = [p.get("valueCode") for p in hand["entry"][0]["resource"]["parameter"]]
    assert "handshake" in kinds
    until = time.monotonic() + 60
    url = f"/fhir/Subscription/{resource['id']}"
    while time.monotonic() < until:
        now = guarded.client.get(url, headers=guarded.as_("b")).json()
        if now["status"] == "active":
            break
        time.sleep(0.05)
    assert now["status"] == "active"
    off = put(guarded, {**now, "status": "off"})
    assert (off.status_code, off.json()["status"]) == (200, "off")
    last = hook.wait_for(2)[1]["entry"][0]["resource"]["parameter"]
    assert {"name": "status", "valueCode": "off"} in last
    again = put(guarded, {**off.json(), "status": "requested"})
    assert (again.status_code, again.json()["status"]) == (200, "requested")
    transactions = [e.transaction for e in guarded.events]
    assert transactions.count("ITI-110") == 3
    event = next(e for e in guarded.events if e.transaction == "ITI-110")
    assert event.objects[0].kind == "Subscription"


def test_who_may_not_see_the_record_may_not_subscribe_to_it(guarded: House, hook: Hook) -> None:
    refused = ("A12-no-authorisation", PublicReason.NO_ACCESS)
    guarded.rules.refusals[professional("80").subject.key] = refused
    assert post(guarded, subscription(hook)).status_code == 403
    unknown = MINE.replace(PATIENT.value, OTHER_PATIENT.value)
    criteria = {"extension": [{"url": FILTER, "valueString": unknown}]}
    answer = post(guarded, subscription(hook, _criteria=criteria), "c")
    assert answer.status_code == 404
    assert guarded.client.post("/fhir/Subscription", json={}).status_code == 401
    assert not hook.heard


def test_a_credential_about_one_patient_subscribes_to_no_other(guarded: House, hook: Hook) -> None:
    guarded.opens(OTHER_PATIENT)
    guarded.knows("p", professional("80", patient=OTHER_PATIENT))
    assert post(guarded, subscription(hook), "p").status_code == 401


def test_nobody_else_finds_reads_or_changes_it(guarded: House, hook: Hook) -> None:
    resource = post(guarded, subscription(hook)).json()
    client = guarded.client
    one = f"/fhir/Subscription/{resource['id']}"
    for url in (one, f"{one}/$status"):
        theirs = client.get(url, headers=guarded.as_("c"))
        nobodys = client.get(
            url.replace(resource["id"], "00000000-0000-4000-8000-000000000000"),
            headers=guarded.as_("c"),
        )
        assert theirs.status_code == nobodys.status_code == 404
    assert put(guarded, {**resource, "status": "off"}, "c").status_code == 404
    for url in ("/fhir/Subscription", "/fhir/Subscription/$status"):
        assert client.get(url, headers=guarded.as_("c")).json()["total"] == 0
        assert client.get(url, headers=guarded.as_("b")).json()["total"] == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=requested,active,error", 1),
        ("status=off", 0),
        (f"topic={DOCUMENTS}", 1),
        (f"criteria={ANYBODYS}", 0),
        ("filter-criteria=documentreference?patient", 1),
        ("url=http://other.example", 0),
        ("type=rest-hook&payload=application/fhir%2Bjson", 1),
        ("_id=x", 0),
        ("nobody-knows=x", 1),
    ],
)
def test_one_s_own_are_found(guarded: House, hook: Hook, query: str, count: int) -> None:
    post(guarded, subscription(hook))
    answer = guarded.client.get(f"/fhir/Subscription?{query}", headers=guarded.as_("b"))
    assert answer.json()["total"] == count
    strict = guarded.client.get(
        f"/fhir/Subscription?{query}", headers={**guarded.as_("b"), "prefer": "handling=strict"}
    )
    assert strict.status_code == (400 if "nobody" in query else 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"criteria": "http://example.org/topic"},
        {"status": "active"},
        {"end": "2020-01-01T00:00:00Z"},
        {"end": "tomorrow"},
        {"surprise": 1},
        {"_criteria": {"extension": [{"url": FILTER, "valueString": "DocumentReference?type=x"}]}},
        {"_criteria": {"extension": [{"url": FILTER, "valueString": MINE + "&_count=5"}]}},
        {"_criteria": {"extension": [{"url": FILTER, "valueString": MINE + "&custodian=x"}]}},
        {"_criteria": {"extension": [{"url": FILTER, "valueString": "Patient?x=y"}]}},
        {"channel": {"type": "websocket", "endpoint": "x"}},
        {"channel": {"type": "rest-hook"}},
        {"channel": {"type": "rest-hook", "endpoint": "http://169.254.169.254/latest"}},
        {"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1:1/"}},
    ],
)
def test_what_would_not_be_followed_is_refused(
    guarded: House, hook: Hook, wrong: dict[str, Any]
) -> None:
    answer = post(guarded, subscription(hook, **wrong))
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "channel",
    [
        {"header": ["Host: evil"]},
        {"header": ["X: a\r\nHost: evil"]},
        {"header": ["Content-Length: 0"]},
        {"header": ["webhook-signature: v1a,x"]},
        {"payload": "text/plain"},
        {"_payload": {"extension": [{"url": CONTENT, "valueCode": "everything"}]}},
        {"extension": [{"url": HEARTBEAT, "valueUnsignedInt": 1}]},
        {"extension": [{"url": "urn:x", "valueString": "y"}]},
    ],
)
def test_a_channel_cannot_be_bent(guarded: House, hook: Hook, channel: dict[str, Any]) -> None:
    resource = subscription(hook)
    resource["channel"] |= channel
    assert post(guarded, resource).status_code in (400, 422)


def test_an_emergency_is_no_reason_to_subscribe(guarded: House, hook: Hook) -> None:
    guarded.knows("e", professional("80", mode=Mode.BREAK_GLASS, reason="coma"))
    assert post(guarded, subscription(hook), "e").status_code in (403, 422)


def test_it_ends_with_the_authorisation(guarded: House, hook: Hook) -> None:
    holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=professional("80").subject.id)
    end = DateTime("20991224")
    guarded.opens(authorisations=(Authorise(holder=holder, period=Period(end=end)),))
    late = {"end": "2100-01-01T00:00:00Z"}
    # The longest an operator allows comes first, so it is made longer than the authorisation.
    desk = guarded.client.app_state["service"].notifications.desk
    desk._days = 365 * 100
    resource = post(guarded, subscription(hook, **late)).json()
    assert resource["end"] == "2099-12-24T23:59:59Z"


def test_only_the_status_can_be_changed(guarded: House, hook: Hook) -> None:
    resource = post(guarded, subscription(hook)).json()
    moved = {**resource, "status": "off"}
    moved["channel"] = {**resource["channel"], "endpoint": f"{hook.url}/elsewhere"}
    assert put(guarded, moved).status_code == 422
    stale = put(guarded, {**resource, "status": "off"}, **{"if-match": 'W/"77"'})
    assert stale.status_code == 412


def test_topics_are_found_and_read_by_everybody(guarded: House) -> None:
    client = guarded.client
    every = client.get("/fhir/Basic?code=SubscriptionTopic").json()
    assert every["total"] == 4
    found = client.get("/fhir/Basic", params={"code": "SubscriptionTopic", "url": DOCUMENTS})
    (entry,) = found.json()["entry"]
    name = entry["resource"]["id"]
    assert client.get(f"/fhir/Basic/{name}").json() == entry["resource"]
    kinds = {"resource": "List"}
    assert client.get("/fhir/Basic", params=kinds).json()["total"] == 2
    assert client.get("/fhir/Basic?code=other").json()["total"] == 0
    assert client.get("/fhir/Basic/x").status_code == 404


def test_it_reads_and_answers_in_xml(guarded: House, hook: Hook) -> None:
    headers = {**guarded.as_("b"), "accept": "application/fhir+xml"}
    post(guarded, subscription(hook))
    for url in ("/fhir/Subscription", "/fhir/Subscription/$status", "/fhir/Basic"):
        answer = guarded.client.get(url, headers=headers)
        assert answer.status_code == 200
        assert answer.text.startswith("<?xml") or answer.text.startswith("<Bundle")


def test_without_allowed_endpoints_there_are_no_subscriptions(house: House) -> None:
    assert house.client.get("/fhir/Basic").status_code == 404
    statement = house.client.get("/fhir/metadata").json()
    kinds = {r["type"] for r in statement["rest"][0]["resource"]}
    assert "Subscription" not in kinds and "Communication" in kinds
