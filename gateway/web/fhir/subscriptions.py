"""Subscriptions [ITI-110, ITI-113] and what can be subscribed to [ITI-114].

Source:
    IHE DSUBm 1.0: 2:3.110, 2:3.113, 2:3.114; HL7 Subscriptions R5 Backport 1.1 ($status).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from urllib.parse import urlencode

from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.strict_json import read_json
from gateway.codecs.fhir.subscription import (
    SEARCHED,
    matches,
    read_subscription,
    write_subscription,
)
from gateway.codecs.fhir.subscription_notification import write_status_bundle
from gateway.codecs.fhir.subscription_topic import PARAMETERS, topic_matches, write_topic
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.audit import AuditedObject
from gateway.model.datatypes import Identifier
from gateway.model.subscription import TOPICS, Subscription
from gateway.notifications.desk import Whose, owner_of
from gateway.service import Actors, Service
from gateway.web.fhir.conditions import http_date, names
from gateway.web.fhir.interaction import (
    Answer,
    Request,
    check_match,
    json_body,
    own_patient,
    refusal,
    unchanging,
    written,
)
from gateway.web.fhir.search import links
from gateway.web.http import Headers

_FRAME = {"_format", "_pretty", "_count", "_total"}


class Subscriptions:
    """Answers requests for Subscription, to the owner of each."""

    def __init__(self, service: Service, max_octets: int) -> None:
        self._desk = service.notifications.desk
        self._naming = service.profile.naming
        self._base_url = service.fhir_base_url
        self._limit = max_octets

    async def create(self, request: Request) -> Answer:
        """Take a subscription [ITI-110]."""
        asked = read_subscription(read_json(await json_body(request, self._limit)), self._naming)
        whose = self._desk.whose(asked)
        actors = await self._enter(request, whose)
        patient = await self._patient(request, actors, whose)
        permit = request.visit.permit
        taken = await self._desk.take(
            asked,
            access=request.visit.access,
            record=permit.records[0] if permit and permit.records else None,
            patient=patient,
        )
        return self._kept(request, taken, 201)

    async def update(self, request: Request) -> Answer:
        """Cancel a subscription, or request one again that ended [ITI-110]."""
        asked = read_subscription(read_json(await json_body(request, self._limit)), self._naming)
        whose = self._desk.whose(asked)
        if asked.status == "requested":
            await self._enter(request, whose)
        else:
            await request.visit.enter_quietly()
        access = request.visit.access
        present = await self._desk.owned(request.path[1], owner_of(access))
        check_match(request, _etag(present), "it was changed since it was read")
        permit = request.visit.permit
        changed = await self._desk.change(
            request.path[1],
            asked,
            access=access,
            record=permit.records[0] if permit and permit.records else None,
        )
        return self._kept(request, changed, 200)

    async def read(self, request: Request) -> Answer:
        """Read a subscription in its present state."""
        await request.visit.enter_quietly()
        found = await self._desk.owned(request.path[1], owner_of(request.visit.access))
        self._told(request, [found])
        headers = _headers(found)
        if names(request.header(b"if-none-match"), _etag(found)):
            return Answer(304, b"", headers=headers)
        return Answer(200, write_subscription(found), headers=headers)

    async def search(self, request: Request) -> Answer:
        """Find one's own subscriptions [ITI-113]."""
        asked, warnings, ignored = _asked(request, SEARCHED)
        request.visit.asks(urlencode(request.parameters), f"{self._base_url}/Subscription")
        await request.visit.enter_quietly()
        mine = await self._desk.all_of(owner_of(request.visit.access))
        found = [one for one in mine if matches(one, asked)]
        self._told(request, found)
        body = write_searchset(
            [write_subscription(one) for one in found],
            total=len(found),
            links=links(request, self._base_url, ignored, None),
            outcome=write_operation_outcome(warnings) if warnings else None,
            base_url=self._base_url,
        )
        return Answer(200, body)

    async def status(self, request: Request) -> Answer:
        """Tell how one's own subscriptions stand: ``$status`` [ITI-113]."""
        await request.visit.enter_quietly()
        owner = owner_of(request.visit.access)
        if len(request.path) == 3:
            found: Sequence[Subscription] = [await self._desk.owned(request.path[1], owner)]
        else:
            every = await self._desk.all_of(owner)
            wanted = {name: _values(request, name) for name in ("id", "status")}
            found = [
                one
                for one in every
                if (not wanted["id"] or one.id in wanted["id"])
                and (not wanted["status"] or one.status.value in wanted["status"])
            ]
        self._told(request, found)
        link = f"{self._base_url}/{'/'.join(request.path)}"
        if request.parameters:
            link += f"?{urlencode(request.parameters)}"
        return Answer(
            200, write_status_bundle([(_fresh(), s) for s in found], self._base_url, link)
        )

    async def _enter(self, request: Request, whose: Whose) -> Actors:
        if whose.identifier is not None:
            return await request.enter(patients=(whose.identifier,))
        if whose.reference:
            return await request.enter(references=(own_patient(whose.reference, self._base_url),))
        # About nobody in particular: each record is asked for when something happens in it.
        return await request.visit.enter_quietly()

    async def _patient(self, request: Request, actors: Actors, whose: Whose) -> Identifier | None:
        """The patient a subscription is about, as the registry knows him."""
        if whose == Whose():
            return None
        permit = request.visit.permit
        if permit is not None and permit.patient is not None:
            return permit.patient
        if whose.identifier is not None:
            return whose.identifier
        found = await actors.patients.read(own_patient(whose.reference, self._base_url))
        if found is None or not found.identifiers:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "subscription-patient",
                "Subscription.criteria.extension",
                "there is no such patient here",
            )
        return found.identifiers[0]

    def _told(self, request: Request, found: Sequence[Subscription]) -> None:
        request.visit.told(AuditedObject(kind="Subscription", id=one.id) for one in found)

    def _kept(self, request: Request, kept: Subscription, status: int) -> Answer:
        self._told(request, [kept])
        location = f"{self._base_url}/Subscription/{kept.id}".encode()
        headers = [(b"location", location), *_headers(kept)]
        return written(request, status, write_subscription(kept), headers)


class Topics:
    """Answers requests for the topics, which are nobody's."""

    def __init__(self, service: Service) -> None:
        self._base_url = service.fhir_base_url

    async def search(self, request: Request) -> Answer:
        """Find topics [ITI-114]."""
        asked, warnings, ignored = _asked(request, PARAMETERS)
        found = [write_topic(topic) for topic in TOPICS if topic_matches(topic, asked)]
        body = write_searchset(
            found,
            total=len(found),
            links=links(request, self._base_url, ignored, None),
            outcome=write_operation_outcome(warnings) if warnings else None,
            base_url=self._base_url,
        )
        return Answer(200, body)

    async def read(self, request: Request) -> Answer:
        """Read one topic."""
        for topic in TOPICS:
            if topic.name == request.path[1]:
                return unchanging(request, write_topic(topic))
        raise refusal(
            ErrorCode.NOT_FOUND,
            "resource-known",
            "/".join(request.path)[:160],
            "there is no such topic here; GET Basic?code=SubscriptionTopic gives all",
        )


def _asked(
    request: Request, known: Sequence[str]
) -> tuple[list[tuple[str, str]], tuple[Finding, ...], frozenset[str]]:
    """What a search asks, and what of it is ignored, or refused where that was asked for."""
    asked, findings = [], []
    for name, value in request.parameters:
        if name in known:
            asked.append((name, value))
        elif name not in _FRAME:
            findings.append(
                Finding(
                    rule="search-parameter",
                    code=ErrorCode.NOT_SUPPORTED,
                    location=name[:64],
                    message=f"the parameter {name[:64]!r} is not known here and was ignored",
                    severity=Severity.ERROR if request.prefer.strict else Severity.WARNING,
                )
            )
    if findings and request.prefer.strict:
        raise Refused(*findings)
    return asked, tuple(findings), frozenset(f.location for f in findings)


def _values(request: Request, name: str) -> set[str]:
    return {v for n, text in request.parameters if n == name for v in text.split(",") if v}


def _etag(subscription: Subscription) -> str:
    return f'W/"{subscription.version}"'


def _headers(subscription: Subscription) -> Headers:
    return [
        (b"etag", _etag(subscription).encode()),
        (b"last-modified", http_date(subscription.updated).encode()),
    ]


def _fresh() -> str:
    return f"urn:uuid:{uuid.uuid4()}"
