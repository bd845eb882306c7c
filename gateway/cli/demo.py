"""``gateway demo``: the demonstration record for a gateway that runs already."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.cli.console import err, give_up, out, settings_or_give_up


def demo(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Base address of a running gateway.",
            show_default="the gateway of the settings, http://127.0.0.1:8080",
        ),
    ] = None,
) -> None:
    """Load the demonstration record into a running gateway.

    Three invented patients are announced over FHIR, then their documents are submitted over XDS.b
    [ITI-41], a replacement and three folders among them. Loading it again changes nothing. What a
    gateway with a country's profile refuses is named with the reason.

    Example:

        gateway demo --to http://127.0.0.1:9090
    """
    from gateway.cli.demonstration import NotLoaded, load

    base = (to or settings_or_give_up().base_url).rstrip("/")
    try:
        loaded = asyncio.run(load(base))
    except NotLoaded as trouble:
        give_up(str(trouble))
    for line in loaded.refused:
        err.print(line, style="yellow", markup=False, highlight=False)
    out.print(f"{loaded.taken} submissions are in the registry of {base}.", highlight=False)
