"""``gateway notices``: where people are reached, and what they were not yet told.

The commands work on the data folder, beside a gateway that runs or without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from gateway.cli.console import USAGE, give_up, out, settings_or_give_up
from gateway.cli.patient import identifier_of
from gateway.model.datatypes import Identifier
from gateway.model.notice import Contact
from gateway.notifications.endpoints import EndpointRefused
from gateway.notifications.mail import is_mail_address
from gateway.notifications.signature import Signer
from gateway.notifications.texts import languages
from gateway.ports.notices import NoticeStore
from gateway.settings import Settings
from gateway.settings.notice_options import endpoint_policy, notice_key

T = TypeVar("T")

notices = typer.Typer(
    name="notices",
    no_args_is_help=True,
    help="Say where people are reached, and see which notices still wait.\n\n"
    "Every notice waits in its recipient's inbox (`GET /fhir/Communication`). Whoever has a "
    "contact here is told besides: by mail (`GATEWAY_SMTP_HOST`), or by a message to a webhook "
    "(`GATEWAY_NOTIFY_ENDPOINTS`).",
)


@notices.command("contact")
def contact(
    identifier: Annotated[str, typer.Argument(metavar="IDENTIFIER", show_default=False)],
    email: Annotated[
        str | None, typer.Option(help="Mail address; an empty one takes it away.")
    ] = None,
    webhook: Annotated[str | None, typer.Option(help="Endpoint, likewise.", metavar="URL")] = None,
    language: Annotated[
        str | None, typer.Option(help="Of texts: en, fr; empty for the community's.")
    ] = None,
) -> None:
    """Show or change where a person is reached: a patient, a professional, a representative.

    What is not given stays as it was.

    Examples:

        gateway notices contact 4711 --email jane@mail.example --language fr

        gateway notices contact 'urn:oid:2.999.5|80' --webhook https://hooks.example/notices
    """
    settings = settings_or_give_up()
    asked = identifier_of(identifier, settings)
    if email and not is_mail_address(email):
        give_up(f"{email!r} is no mail address.", USAGE)
    if webhook:
        try:
            endpoint_policy(settings).check(webhook)
        except EndpointRefused as refused:
            give_up(f"The endpoint {refused} (GATEWAY_NOTIFY_ENDPOINTS).", USAGE)
    if language and language not in languages():
        give_up(f"There are texts in {', '.join(languages())} only.", USAGE)

    async def work(store: NoticeStore, now: str) -> Contact | None:
        known = await store.contact((asked,))
        present = known or Contact(recipient=asked)
        changed = replace(
            present,
            email=present.email if email is None else email,
            endpoint=present.endpoint if webhook is None else webhook,
            language=present.language if language is None else language,
        )
        if changed == present:
            return known
        await store.put_contact(changed, now)
        return await store.contact((asked,))

    kept = _with_store(settings, work)
    if kept is None:
        out.print("Reached in the inbox only.")
        return
    out.print(_card(asked, kept))


@notices.command("waiting")
def waiting() -> None:
    """List the deliveries that nobody took yet, the oldest first.

    Example:

        gateway notices waiting
    """
    settings = settings_or_give_up()
    deliveries = _with_store(settings, lambda store, now: store.undelivered())
    if not deliveries:
        out.print("Every notice was delivered.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Since", "Notice", "For", "Channel", "State", "Attempts", "Next", "Trouble"):
        table.add_column(column, overflow="fold")
    for one in deliveries:
        table.add_row(
            one.notice.time,
            one.notice.kind.value,
            one.notice.recipient_kind.value,
            one.channel.value,
            one.state.value,
            str(one.attempts),
            one.due,
            one.trouble.replace("[", r"\["),
        )
    out.print(table)


@notices.command("key")
def key() -> None:
    """Print the public key messages are signed with, for their receivers.

    Messages carry the headers of Standard Webhooks (`webhook-id`, `webhook-timestamp`,
    `webhook-signature: v1a,…`); the signature is Ed25519 over id, timestamp and body.

    Example:

        gateway notices key > gateway-notices.pub
    """
    settings = settings_or_give_up()
    signer = Signer.at(notice_key(settings))
    out.print(signer.public, highlight=False, soft_wrap=True)


def _with_store(settings: Settings, work: Callable[[NoticeStore, str], Awaitable[T]]) -> T:
    from gateway.clock import SystemClock
    from gateway.model.naming import NamingSystems
    from gateway.storage.sqlite import SqliteRegistryStore
    from gateway.translators.stored_forms import StoredForms

    async def run() -> T:
        clock = SystemClock()
        forms = StoredForms(NamingSystems(), "")
        store = SqliteRegistryStore.open(settings.data / "registry.sqlite", forms, clock)
        try:
            return await work(store.notices, clock.now())
        finally:
            await store.close()

    return asyncio.run(run())


def _card(asked: Identifier, kept: Contact) -> Table:
    card = Table(box=None, pad_edge=False, show_header=False)
    card.add_column(style="dim", no_wrap=True)
    card.add_column(overflow="fold")
    rows = {
        "Identifier": asked.text,
        "Mail": kept.email,
        "Webhook": kept.endpoint,
        "Language": kept.language,
        "Messages": str(kept.sequence) if kept.endpoint else "",
    }
    for name, text in rows.items():
        if text:
            card.add_row(name, text.replace("[", r"\["))
    return card
