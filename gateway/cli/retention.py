"""``gateway retention``: the end of records that were closed long ago."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.console import out, settings_or_give_up
from gateway.cli.patient import plain_text


def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which records would go.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Destroy the records that were closed for as long as records are kept.

    A running server does so by itself, every hour; how many years a closed record is kept stands
    in the profile (`retention.years` of `access.toml`). Documents, metadata, choices and the
    patient go for good; the audit trail stays, and tells of it.

    Examples:

        gateway retention --dry-run

        gateway retention
    """
    from gateway.service import open_retention

    settings = settings_or_give_up()

    async def run() -> tuple[int, list[tuple[str, str]]]:
        async with open_retention(settings) as records:
            found = await (records.expired() if dry_run else records.destroy())
            return records.years, [(one.patient.text, one.closed_on) for one in found]

    years, gone = asyncio.run(run())
    if as_json:
        out.print_json(json.dumps([{"patient": p, "closed_on": c} for p, c in gone]))
        return
    if not gone:
        out.print(f"No record was closed {years} years ago or earlier.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Patient", "Closed on", ""):
        table.add_column(column, overflow="fold")
    for patient, closed_on in gone:
        table.add_row(
            plain_text(patient), closed_on, "would be destroyed" if dry_run else "destroyed"
        )
    out.print(table)
