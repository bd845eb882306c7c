"""What time alone brings about: notices nobody's request causes, and a watch on emergencies.

Nothing here changes what anybody may see; that is decided by the clock when somebody looks. Each
notice is kept together with a note that it was, so that a restart sends none again and misses none.

Source:
    Section 5 and section 7 (rate guard) of docs/reference/access-control.md.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from gateway.consent.visibility import Restriction, Visibility
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.datatypes import Identifier
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.model.record import Record, RecordStatus
from gateway.model.subject import same_key
from gateway.model.vocabulary import AvailabilityStatus, DocumentEntryType
from gateway.notifications.moments import earlier
from gateway.ports import Account, ChoiceStore, Clock, Form, Page, PatientDirectory, RegistryStore
from gateway.ports.notices import NoticeStore
from gateway.profile.notices import NoticePolicy
from gateway.transactions.conditions import TimeBound
from gateway.transactions.registry_stored_query import FindDocuments

log = structlog.get_logger(__name__)

EMERGENCY_RATE = "C1-emergency-rate"
"""The rule of the event that tells of too many emergencies."""

_NOTICES = uuid.UUID("a1f4f0f9-57d5-5d5e-9df0-6a7d6f6f7c11")
"""Names the notices that deadlines make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRules:
    """When time has passed.

    Attributes:
        hidden_days: After how many days the patient is told that something is there.
        emergencies_per_day: More declarations of one person or structure are told the auditor.
        gp_sees_masked: Whether masked documents count for the attending doctor.
        policy: Which document is the summary, and when it is too old.
    """

    hidden_days: int = 14
    emergencies_per_day: int = 10
    gp_sees_masked: bool = True
    policy: NoticePolicy = NoticePolicy()


class Deadlines:
    """Looks at the clock and at what is there, and makes what is due; one task of the server."""

    def __init__(
        self,
        notices: NoticeStore,
        choices: ChoiceStore,
        patients: PatientDirectory,
        store: RegistryStore,
        rules: DeadlineRules,
        clock: Clock,
        new_uuid: Callable[[], str],
    ) -> None:
        self._notices = notices
        self._choices = choices
        self._patients = patients
        self._store = store
        self._rules = rules
        self._clock = clock
        self._new_uuid = new_uuid

    async def often(self) -> None:
        """What is looked at every minute."""
        await self._tell_of_hidden()
        await self._watch_emergencies()

    async def daily(self) -> None:
        """What is looked at once a day: it reads every record."""
        await self._remind_of_summaries()

    async def _tell_of_hidden(self) -> None:
        now = self._clock.now()
        before = earlier(now, days=self._rules.hidden_days)
        # Documents of one day are told of together: how many they are is no more than their date
        # anything the patient may know.
        for patient, day in await self._notices.hidden_since(before, now):
            name = f"hidden {same_key(patient)} {day}"
            notice = Notice(
                id=f"urn:uuid:{uuid.uuid5(_NOTICES, name)}",
                kind=NoticeKind.RECORD_UPDATED,
                recipient_kind=RecipientKind.PATIENT,
                recipient=patient,
                patient=patient,
                time=now,
            )
            await self._notices.once(name, now, Account(notices=(notice,)))

    async def _watch_emergencies(self) -> None:
        now = self._clock.now()
        most = self._rules.emergencies_per_day
        for key, count in await self._notices.declared(earlier(now, days=1)):
            if count <= most:
                continue
            event = AuditEvent(
                id=self._new_uuid(),
                time=now,
                transaction="emergency-rate",
                action=Action.EXECUTE,
                outcome=Outcome.MINOR_FAILURE,
                rule=EMERGENCY_RATE,
                failure=f"{count} emergencies declared in 24 hours, more than {most}",
                source=key,
            )
            name = f"emergencies {key}"
            told = await self._notices.once(
                name, now, Account(events=(event,)), again_after=earlier(now, days=1)
            )
            if told:
                log.warning("emergency.rate", audited=event.id, declarations=count)

    async def _remind_of_summaries(self) -> None:
        policy = self._rules.policy
        if not policy.summary_types:
            return
        for patient in await self._patients.list():
            await asyncio.sleep(0)  # Requests go first.
            if patient.merged_into is not None or not patient.identifiers:
                continue
            record = await self._choices.record(patient.identifiers[0])
            if record is None or record.gp is None or record.deceased:
                continue
            if record.status is RecordStatus.ACTIVE and await self._is_overdue(record, record.gp):
                await self._remind(record, record.gp)

    async def _is_overdue(self, record: Record, gp: Identifier) -> bool:
        """Whether the attending doctor finds no summary that is young enough.

        He is told by what he may see: a reminder, and that there is none, tell what is there.
        """
        now = self._clock.now()
        policy = self._rules.policy
        visibility = Visibility(
            patient=record.patient,
            now=now,
            owned_by=frozenset({same_key(gp)}),
            hides_all=record.hide_all,
            restrictions=frozenset()
            if self._rules.gp_sees_masked
            else frozenset({Restriction.MASKED}),
            masks=() if self._rules.gp_sees_masked else record.masks,
        )
        young = TimeBound(
            attribute="creation_time", low=earlier(now, days=policy.summary_days), last=True
        )

        found = await self._store.seen_by((visibility,)).find(
            FindDocuments(
                patient_id=record.patient,
                status=(AvailabilityStatus.APPROVED,),
                type_code=tuple((code.code, code.scheme) for code in policy.summary_types),
                object_type=(DocumentEntryType.STABLE, DocumentEntryType.ON_DEMAND),
                also=(young,),
            ),
            Form.REFERENCE,
            Page(size=1),
        )
        return not found.objects

    async def _remind(self, record: Record, gp: Identifier) -> None:
        now = self._clock.now()
        name = f"summary {same_key(record.patient)} {same_key(gp)}"
        notice = Notice(
            id=self._new_uuid(),
            kind=NoticeKind.SUMMARY_MISSING,
            recipient_kind=RecipientKind.GP,
            recipient=gp,
            patient=record.patient,
            time=now,
        )
        again_after = earlier(now, days=self._rules.policy.summary_days)
        await self._notices.once(name, now, Account(notices=(notice,)), again_after=again_after)
