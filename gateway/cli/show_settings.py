"""``gateway settings``: what is in force, and where each value comes from."""

from __future__ import annotations

from pydantic import ByteSize
from rich.table import Table

from gateway.cli.console import print_wide, settings_or_give_up
from gateway.settings import Settings, sources_of, variable


def show_settings() -> None:
    """Print the settings in force and where each comes from.

    Wrong values are told as `gateway serve` tells them, so this also checks a configuration
    before a restart:

        GATEWAY_CONFIG=/etc/gateway.toml gateway settings
    """
    settings = settings_or_give_up()
    sources = sources_of()
    table = Table(box=None, pad_edge=False)
    table.add_column("Setting", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("From", overflow="fold")
    table.add_column("Variable", no_wrap=True, style="dim")
    for name in Settings.model_fields:
        source = sources[name].name
        table.add_row(
            name,
            _text(getattr(settings, name)),
            "environment" if source == variable(name) else source,
            variable(name),
            style=None if source == "default" else "bold",
        )
    print_wide(table)


def _text(value: object) -> str:
    if isinstance(value, ByteSize):
        return value.human_readable(separator=" ").replace(".0 ", " ")
    return "none" if value is None else str(value)
