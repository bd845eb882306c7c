"""``gateway delegation``: who enters documents for whom.

A delegate (a secretary) may submit documents for a named professional while the delegation holds,
and reads nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from gateway.cli.choices import with_actors
from gateway.cli.console import out, print_wide, settings_or_give_up
from gateway.cli.patient import identifier_of, plain_text, read_date
from gateway.model.record import Delegation

if TYPE_CHECKING:
    from gateway.service import Actors

delegation = typer.Typer(
    name="delegation",
    no_args_is_help=True,
    help="Tell the gateway who enters documents for whom.\n\n"
    "A delegate submits documents for a named professional, the principal, who stays their author; "
    "the audit trail names both. A delegate reads nothing, and may not do what the principal may "
    "not. Identifiers are written as `gateway choices` takes them.",
)

Delegate = Annotated[str, typer.Argument(metavar="DELEGATE", show_default=False)]
Principal = Annotated[str, typer.Argument(metavar="PRINCIPAL", show_default=False)]


@delegation.command("add")
def add(
    delegate: Delegate,
    principal: Principal,
    start: Annotated[str, typer.Option("--from", help="First day.", metavar="YYYY-MM-DD")] = "",
    end: Annotated[str, typer.Option("--until", help="Last day.", metavar="YYYY-MM-DD")] = "",
) -> None:
    r"""Let somebody enter documents for a professional; said again, it replaces the period.

    Example:

        gateway delegation add 'urn:oid:2.999.1.30|SEC-1' 'urn:oid:2.999.1.30|DR-B' \

            --until 2026-12-31
    """
    first, last = read_date(start), read_date(end)
    _keep(delegate, principal, first.text if first else "", last.text if last else "")


@delegation.command("end")
def end_now(delegate: Delegate, principal: Principal) -> None:
    """End a delegation now.

    Example:

        gateway delegation end 'urn:oid:2.999.1.30|SEC-1' 'urn:oid:2.999.1.30|DR-B'
    """
    _keep(delegate, principal, "", None)


@delegation.command("list")
def list_delegations(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List every delegation, ended ones included."""

    async def work(actors: Actors) -> tuple[Delegation, ...]:
        return await actors.choices.delegations()

    kept = with_actors(settings_or_give_up(), work)
    if as_json:
        plain = [
            {**asdict(one), "delegate": one.delegate.text, "principal": one.principal.text}
            for one in kept
        ]
        out.print_json(json.dumps(plain))
        return
    if not kept:
        out.print("Nobody enters documents for somebody else.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Delegate", "Principal", "From", "Until"):
        table.add_column(column, overflow="fold")
    for one in kept:
        table.add_row(*map(plain_text, (one.delegate.text, one.principal.text, one.start, one.end)))
    print_wide(table)


def _second_before(now: str) -> str:
    return (datetime.strptime(now, "%Y%m%d%H%M%S") - timedelta(seconds=1)).strftime("%Y%m%d%H%M%S")


def _keep(delegate: str, principal: str, start: str, end: str | None) -> None:
    """Keep a delegation; one without an end at all ends now."""
    settings = settings_or_give_up()
    who, whom = identifier_of(delegate, settings), identifier_of(principal, settings)

    async def work(actors: Actors) -> None:
        # A moment that has passed: the end belongs to the period.
        until = _second_before(actors.now()) if end is None else end
        await actors.choices.delegate(
            Delegation(delegate=who, principal=whom, start=start, end=until)
        )

    with_actors(settings, work)
    said = "enters no documents" if end is None else "enters documents"
    out.print(f"{plain_text(who.value)} {said} for {plain_text(whom.value)}.")
