"""Where notices and subscriptions wait, in the words of those who deliver them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from gateway.model.datatypes import Identifier
from gateway.model.notice import Channel, Contact, Delivery, Notice, RecipientKind
from gateway.model.subscription import Subscription, SubscriptionEvent

if TYPE_CHECKING:
    from gateway.ports import Account, Page


class NoticeStore(Protocol):
    """Where notices wait until somebody took them.

    They come here in the transaction of what they tell of, with an :class:`Account`.
    """

    async def unaddressed(self, limit: int = 100) -> tuple[Notice, ...]:
        """Give notices whose channels nobody chose yet, oldest first."""
        ...

    async def address(self, notice_id: str, channels: Sequence[Channel], now: str) -> None:
        """Say how a notice is delivered; on none it waits in the inbox only."""
        ...

    async def due(self, now: str, limit: int = 100) -> tuple[Delivery, ...]:
        """Give deliveries that may be tried now, oldest notice first."""
        ...

    async def settle(self, delivery: Delivery) -> None:
        """Keep how a delivery went; what a webhook took raises its contact's sequence."""
        ...

    async def deliveries(self, notice_ids: Sequence[str]) -> tuple[Delivery, ...]:
        """Give how far these notices got, in any state."""
        ...

    async def undelivered(self) -> tuple[Delivery, ...]:
        """Give the deliveries that still wait or are withheld, oldest notice first."""
        ...

    async def inbox(
        self,
        recipients: Sequence[Identifier] | None,
        page: Page,
        kind: RecipientKind | None = None,
    ) -> tuple[tuple[int, Notice], ...]:
        """Give the notices for a person, each with its number; one more than the page holds.

        Args:
            recipients: Identifiers of one person; ``None`` gives everybody's.
            kind: As what the person is told; ``None`` for anything.
        """
        ...

    async def notice(self, notice_id: str) -> Notice | None:
        """Give one notice."""
        ...

    async def contact(self, recipients: Sequence[Identifier]) -> Contact | None:
        """Give where a person with one of these identifiers is reached."""
        ...

    async def put_contact(self, contact: Contact, now: str) -> None:
        """Keep where a person is reached; one without any address is forgotten."""
        ...

    async def once(self, name: str, now: str, account: Account, *, again_after: str = "") -> bool:
        """Keep what a deadline makes, unless it was kept under this name before.

        Args:
            again_after: A time before which an earlier one no longer counts; empty for never.
        """
        ...

    async def hidden_since(self, before: str, now: str) -> tuple[tuple[Identifier, str], ...]:
        """Give whose documents are hidden from them, and the day each was deposited.

        Args:
            before: Deposited at this moment or earlier, DTM of 14 digits.
            now: Still hidden now.
        """
        ...

    async def declared(self, since: str) -> tuple[tuple[str, int], ...]:
        """Give who declared emergencies since a moment, and how many: people and structures."""
        ...


class SubscriptionStore(Protocol):
    """Where subscriptions are kept, and what may interest each."""

    async def create(self, subscription: Subscription, most: int) -> bool:
        """Keep a new subscription, unless its owner has ``most`` that have not ended."""
        ...

    async def read(self, subscription_id: str) -> Subscription | None:
        """Give one subscription."""
        ...

    async def owned_by(self, owner: str) -> tuple[Subscription, ...]:
        """Give the subscriptions of one subscriber, oldest first."""
        ...

    async def update(
        self, subscription_id: str, change: Callable[[Subscription], Subscription]
    ) -> Subscription | None:
        """Change the present state of a subscription and give it; ended ones lose their events.

        Args:
            change: May run more than once; what it raises leaves everything as it was.
        """
        ...

    async def collect(self) -> int:
        """Take what was submitted since the last time to the subscriptions it may interest.

        What nobody subscribed to is forgotten; what is collected is collected once.
        """
        ...

    async def due(self, now: str, limit: int = 200) -> tuple[Subscription, ...]:
        """Give the open subscriptions that may have something to be told."""
        ...

    async def events(self, subscription_id: str, limit: int = 50) -> tuple[SubscriptionEvent, ...]:
        """Give what waits for a subscriber, oldest first."""
        ...

    async def advance(
        self, subscription: Subscription, event: SubscriptionEvent, after: int | None
    ) -> None:
        """Keep a state together with how far an event was told.

        Args:
            after: Key of the last object told; ``None`` when all of the event was.
        """
        ...
