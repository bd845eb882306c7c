"""Every FHIR answer of a gateway under test is held to the profiles it claims.

The tests of the doors and the scenarios ask for everything the gateway can answer; whatever comes
back as FHIR, in either wire form, is judged by the validator with our own definitions when the
test is over, and so is every event the gateway kept of it. A test that makes the gateway hand
back what somebody put in and no door checks (a document that is a resource itself) says so with
the marker ``echoes``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from gateway.validation.fhir import Definitions, Validator
from gateway.validation.fhir.reading import read
from gateway.validation.issue import Issue, IssueSeverity
from tests.shared import ROOT

PROFILES = ROOT / "profiles"
EVENTS = 5_000

_seen: set[int] = set()


@cache
def validator() -> Validator:
    """The validator with the base definitions and those of both profiles."""
    packages = [PROFILES / name / "structure-definitions" for name in ("ihe", "fr-dmp")]
    return Validator(Definitions.load(PROFILES / "fhir-r4" / "core.zip", packages))


def complaints(octets: bytes, media: str, asked: str) -> Iterator[str]:
    """Tell what is wrong with one answer; what was looked at before is not looked at again."""
    key = hash((octets, media))
    if not octets or key in _seen:
        return
    reading = read(octets, media)
    issues: list[Issue] = list(reading.issues)
    if reading.resource is not None:
        issues += validator().validate(reading.resource)
    wrong = [one for one in issues if one.severity is IssueSeverity.ERROR]
    if not wrong:
        _seen.add(key)
    for one in wrong:
        yield f"{asked}: {one.rule} @ {one.location} ({one.element}): {one.message}"


class Answers:
    """What gateways answered during one test."""

    def __init__(self) -> None:
        self.kept: list[tuple[bytes, str, str]] = []
        self.clients: list[TestClient] = []

    def listen(self, client: TestClient) -> TestClient:
        """Keep what a client is answered from now on."""
        ask = client.request

        def request(method: str, url: Any, **given: Any) -> Any:
            answer = ask(method, url, **given)
            media = answer.headers.get("content-type", "")
            if "application/fhir+" in media and method != "HEAD" and answer.status_code != 206:
                self.kept.append((answer.content, media, f"{method} {url}"))
            return answer

        client.request = request  # type: ignore[method-assign]
        self.clients.append(client)
        return client

    def take_events(self, *clients: TestClient) -> None:
        """Keep what gateways wrote into their trails, before they are closed."""
        for client in clients or self.clients:
            self.kept += [(octets, "application/fhir+json", "event") for octets in _events(client)]

    def complaints(self) -> list[str]:
        """Judge all answers and events."""
        return [line for kept in self.kept for line in complaints(*kept)]


def _events(client: TestClient) -> list[bytes]:
    service = client.app_state["service"]
    if client.portal is None:
        return []
    kept = client.portal.call(service.trail.after, 0, EVENTS)
    written = [service.audit_events.whole(one.event) for one in kept if not one.event.received]
    decisions = [service.audit_events.decision(one.event) for one in kept]
    return [*written, *(one for one in decisions if one is not None)]


def judged(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """The body of a fixture: gives what listens, judges when the test is over."""
    answers = Answers()
    yield answers
    if request.node.get_closest_marker("echoes") is None:
        found = answers.complaints()
        assert not found, orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
