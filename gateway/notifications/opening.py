"""Putting the notice office together, and letting it work while the service is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.notifications.broker import Broker
from gateway.notifications.contacts import Contacts
from gateway.notifications.deadlines import DeadlineRules, Deadlines
from gateway.notifications.delivery import Channels, NoticeDelivery
from gateway.notifications.desk import SubscriptionDesk
from gateway.notifications.endpoints import Caller, EndpointPolicy
from gateway.notifications.inbox import Inbox
from gateway.notifications.mail import Mailer, Relay
from gateway.notifications.office import Office
from gateway.notifications.rights import Rights
from gateway.notifications.signature import Signer
from gateway.ports import ChoiceStore, Clock, PatientDirectory, RegistryStore
from gateway.ports.notices import NoticeStore, SubscriptionStore
from gateway.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSettings:
    """What an operator chose.

    Attributes:
        key: File of the key messages are signed with.
        relay: ``None`` where no mail is sent.
    """

    key: Path
    endpoints: EndpointPolicy = EndpointPolicy()
    relay: Relay | None = None
    subscription_days: int = 365
    subscriptions_each: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What the office reads and writes.

    Attributes:
        choices: ``None`` where nobody is asked who he is: no choice holds for anybody then.
    """

    notices: NoticeStore
    subscriptions: SubscriptionStore
    patients: PatientDirectory
    registry: RegistryStore
    choices: ChoiceStore | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """What doors use of it.

    Attributes:
        inbox: Notices, each for the one it is for.
        desk: Takes subscriptions and cancels them, for their owners.
        office: Delivers.
    """

    inbox: Inbox
    desk: SubscriptionDesk
    office: Office


@asynccontextmanager
async def open_notifications(
    settings: OfficeSettings,
    stores: Stores,
    rights: Rights,
    profile: Profile,
    rules: SearchRules,
    clock: Clock,
    new_uuid: Callable[[], str],
    base_url: str,
) -> AsyncIterator[Notifications]:
    """Put the office together and let it work until the end.

    Args:
        rules: Searches of the community, which filters of subscriptions are read by.
        base_url: Of the FHIR face.
    """
    contacts = Contacts(stores.notices, stores.patients)
    language = profile.notices.language
    caller, signer = None, None
    if settings.endpoints.allowed:
        caller, signer = Caller(settings.endpoints), Signer.at(settings.key)
    channels = Channels(
        caller=caller,
        signer=signer,
        mailer=Mailer(settings.relay) if settings.relay else None,
        language=language,
    )
    broker = None
    if caller is not None and signer is not None:
        broker = Broker(
            stores.subscriptions, rights, caller, signer, profile.naming, rules, clock, base_url
        )
    deadlines = None
    if stores.choices is not None:
        access = profile.access
        deadlines = Deadlines(
            stores.notices,
            stores.choices,
            stores.patients,
            stores.registry,
            DeadlineRules(
                hidden_days=access.hidden_notice_days,
                emergencies_per_day=access.emergency_per_day,
                gp_sees_masked=access.gp_sees_masked,
                policy=profile.notices,
            ),
            clock,
            new_uuid,
        )
    office = Office(
        delivery=NoticeDelivery(
            stores.notices, contacts, channels, rights.may_be_told, profile.naming, clock
        ),
        broker=broker,
        forget=stores.subscriptions.collect,
        deadlines=deadlines,
    )
    working = asyncio.create_task(office.work())
    try:
        yield Notifications(
            inbox=Inbox(stores.notices, contacts, stores.patients, rights, language),
            desk=SubscriptionDesk(
                stores.subscriptions,
                settings.endpoints,
                profile.naming,
                rules,
                clock,
                base_url,
                days=settings.subscription_days,
                each=settings.subscriptions_each,
            ),
            office=office,
        )
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        if caller is not None:
            await caller.close()
