"""The subscription desk: takes subscriptions, cancels and renews them, for their owners only.

What may be subscribed to is decided before anybody comes here; the desk looks at the subscription
itself: a topic, a search the topic can be narrowed by, an endpoint the gateway may call, an end.

Source:
    IHE DSUBm 1.0: ITI-110 (Expected Actions).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.codecs.fhir.subscription import Asked, read_filter, topic_named
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems
from gateway.model.record import Record
from gateway.model.subject import AccessRequest, Mode
from gateway.model.subscription import Subscription, SubscriptionStatus
from gateway.notifications.endpoints import EndpointPolicy, EndpointRefused
from gateway.notifications.moments import later
from gateway.notifications.rights import ends_by
from gateway.ports import Clock
from gateway.ports.notices import SubscriptionStore

_HERE = "Subscription.criteria.extension"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whom a new subscription is about, as it names the patient.

    Attributes:
        identifier: By identifier; ``None`` where it does not.
        reference: Literal reference to a Patient; empty where there is none.
    """

    identifier: Identifier | None = None
    reference: str = ""


class SubscriptionDesk:
    """Takes, cancels and renews subscriptions."""

    def __init__(
        self,
        store: SubscriptionStore,
        endpoints: EndpointPolicy,
        naming: NamingSystems,
        rules: SearchRules,
        clock: Clock,
        base_url: str,
        *,
        days: int = 365,
        each: int = 100,
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._naming = naming
        self._rules = rules
        self._clock = clock
        self._base_url = base_url
        self._days = days
        self._each = each

    def whose(self, asked: Asked) -> Whose:
        """Say whom a subscription is about, before anybody is let in for it.

        Raises:
            Refused: When its filter cannot be used.
        """
        topic = topic_named(asked.subscription.topic)
        search = read_filter(
            topic, asked.subscription.criteria, self._naming, self._rules, self._base_url
        )
        if not topic.one_patient:
            return Whose()
        named = [query.patient_id for query in search.queries if query.patient_id is not None]
        if not named and not search.patient_reference:
            raise _refused("subscription-patient", _HERE, "names no one patient")
        return Whose(identifier=named[0] if named else None, reference=search.patient_reference)

    async def take(
        self,
        asked: Asked,
        *,
        access: AccessRequest | None,
        record: Record | None,
        patient: Identifier | None,
    ) -> Subscription:
        """Take a new subscription.

        Args:
            access: The subscriber; ``None`` where nobody is asked who he is.
            record: Of the patient, for the end of what lets the subscriber see it.

        Raises:
            Refused: With everything that is wrong with it.
        """
        if access is not None and access.mode is not Mode.NORMAL:
            raise _refused(
                "subscription-emergency", "", "an emergency is no reason to be told of what comes"
            )
        now = self._clock.now()
        findings = self._faults(asked, now)
        if asked.status != SubscriptionStatus.REQUESTED.value:
            findings.append(
                _finding("subscription-status", "Subscription.status", "a new one is requested")
            )
        if findings:
            raise Refused(*findings)
        wanted = asked.subscription
        subscription = replace(
            wanted,
            id=str(uuid.uuid4()),
            owner=owner_of(access),
            access=access,
            patient=patient,
            until=self._until(wanted.end, record, access, now),
            updated=now,
            due=now,
        )
        if not await self._store.create(subscription, self._each):
            raise Refused(
                Finding(
                    rule="subscription-count",
                    code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
                    location="",
                    message=f"one subscriber has at most {self._each} subscriptions",
                )
            )
        return subscription

    async def change(
        self,
        subscription_id: str,
        asked: Asked,
        *,
        access: AccessRequest | None,
        record: Record | None,
    ) -> Subscription:
        """Cancel a subscription, or request one again that is in error or off.

        Raises:
            Refused: When it is none of his, or something else was changed.
        """
        present = await self.owned(subscription_id, owner_of(access))
        now = self._clock.now()
        wanted = asked.subscription
        findings = []
        if asked.id and asked.id != subscription_id:
            findings.append(_finding("subscription-id", "Subscription.id", "is another one's"))
        fixed = ("topic", "criteria", "endpoint", "headers", "mime_type", "content", "heartbeat")
        findings += [
            _finding(
                "subscription-changed",
                "Subscription",
                f"{name} was changed; cancel this subscription and create another one",
            )
            for name in fixed
            if getattr(wanted, name) != getattr(present, name)
        ]
        if asked.status not in {"off", "requested"}:
            findings.append(
                _finding("subscription-status", "Subscription.status", "is off or requested")
            )
        ended = (SubscriptionStatus.ERROR, SubscriptionStatus.OFF)
        if asked.status == "requested":
            if present.status not in ended:
                findings.append(
                    _finding("subscription-status", "Subscription.status", "it has not ended")
                )
            findings += self._faults(asked, now)
        if findings:
            raise Refused(*findings)

        def changed(state: Subscription) -> Subscription:
            if asked.status == "off":
                if state.status is SubscriptionStatus.OFF:
                    return state
                heard = state.status is SubscriptionStatus.ACTIVE
                return replace(
                    state, status=SubscriptionStatus.OFF, farewell=heard, updated=now, due=now
                )
            return replace(
                state,
                status=SubscriptionStatus.REQUESTED,
                farewell=False,
                access=access,
                end=wanted.end,
                until=self._until(wanted.end, record, access, now),
                attempts=0,
                trouble="",
                updated=now,
                due=now,
            )

        state = await self._store.update(subscription_id, changed)
        assert state is not None
        return state

    async def owned(self, subscription_id: str, owner: str) -> Subscription:
        """Give a subscription to its owner.

        Raises:
            Refused: There is none, as for everybody else.
        """
        found = await self._store.read(subscription_id)
        if found is None or found.owner != owner:
            raise Refused(
                Finding(
                    rule="resource-known",
                    code=ErrorCode.NOT_FOUND,
                    location=f"Subscription/{subscription_id[:64]}",
                    message="there is no such subscription here",
                )
            )
        return found

    async def all_of(self, owner: str) -> Sequence[Subscription]:
        """Give everything somebody subscribed to."""
        return await self._store.owned_by(owner)

    def _faults(self, asked: Asked, now: str) -> list[Finding]:
        findings = []
        try:
            self._endpoints.check(asked.subscription.endpoint)
        except EndpointRefused as refused:
            findings.append(
                _finding("subscription-endpoint", "Subscription.channel.endpoint", str(refused))
            )
        if asked.subscription.end and asked.subscription.end <= now:
            findings.append(_finding("subscription-end", "Subscription.end", "is past"))
        return findings

    def _until(
        self, end: str, record: Record | None, access: AccessRequest | None, now: str
    ) -> str:
        ends = (end, later(now, self._days * 86400), ends_by(record, access, now))
        return min(one for one in ends if one)


def owner_of(access: AccessRequest | None) -> str:
    """Give the key of a subscriber: the person, and the structure the person works in."""
    if access is None:
        return ""
    subject = access.subject
    return f"{subject.kind.value} {subject.key} {subject.structure_key}"


def _refused(rule: str, location: str, message: str) -> Refused:
    return Refused(_finding(rule, location, message))


def _finding(rule: str, location: str, message: str) -> Finding:
    return Finding(rule=rule, code=ErrorCode.INVALID_VALUE, location=location, message=message)
