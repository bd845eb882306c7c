"""The Document Registry's side of ITI-8: octets of a message in, octets of its answer out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from dataclasses import replace

import structlog

from gateway.actors.patient_identity_consumer import PatientIdentityConsumer
from gateway.codecs.hl7v2 import acknowledgement_code, read_adt, write_ack
from gateway.errors import ErrorCode, Finding, Refused
from gateway.feed.mllp import raised_at
from gateway.model.conventions import IdentityCodes
from gateway.model.remembering import count_octets
from gateway.ports import Clock
from gateway.transactions.patient_identity_feed import PatientFeed

log = structlog.get_logger(__name__)


class PatientIdentityFeed:
    """Answers messages of the feed; the handler of an MLLP server.

    A message with an error is not acted on. The merges of one message are done one after another:
    where one contradicts what is known, the others are done, and the answer names the one that was
    not; repeating the repaired message is safe.
    """

    def __init__(
        self,
        consumer: PatientIdentityConsumer,
        clock: Clock,
        *,
        authorities: Collection[str] = (),
        codes: IdentityCodes | None = None,
    ) -> None:
        """Join the consumer to the wire.

        Args:
            authorities: OIDs of the domain's assigning authorities; empty takes every OID.
            codes: By which the community tells a sure identity and who attends.
        """
        self._consumer = consumer
        self._clock = clock
        self._authorities = frozenset(authorities)
        self._codes = codes
        self._count = itertools.count(1)

    async def __call__(self, octets: bytes) -> bytes:
        """Read a message, act on it, and give its acknowledgement."""
        count_octets(len(octets))
        message = read_adt(octets, self._authorities, self._codes)
        findings = list(message.findings)
        if not any(f.is_error for f in findings):
            for number, feed in enumerate(message.feeds, start=1):
                findings += await self._apply(feed, number)
        now = self._clock.now()
        log.info(
            "patient identity feed",
            trigger=message.header.event[:10],
            control_id=message.header.control_id[:50],
            answer=acknowledgement_code(findings),
            rules=sorted({f.rule for f in findings}),
        )
        control_id = f"{now}{next(self._count) % 1_000_000:06}"
        return write_ack(message.header, findings, now=now, control_id=control_id)

    async def _apply(self, feed: PatientFeed, number: int) -> tuple[Finding, ...]:
        """Act on one group of the message, and say where it was refused."""
        try:
            await self._consumer.apply(feed)
        except Refused as refusal:
            return tuple(
                replace(f, location=re.sub(r"^(PID|MRG)-", rf"\1[{number}]-", f.location))
                for f in refusal.findings
            )
        except Exception as error:
            log.error(
                "patient identity feed failed", error=type(error).__name__, at=raised_at(error)
            )
            return (
                Finding(
                    rule="internal",
                    code=ErrorCode.INTERNAL,
                    location="",
                    message="the gateway failed; send the message again later",
                ),
            )
        return ()
