"""The two streams a command speaks on, and how it gives up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from gateway.settings import Settings, SettingsError, read_settings

out = Console()
err = Console(stderr=True)

_WIDEST = 1000

USAGE = 2
"""Exit status where what was asked for cannot be done as it was asked."""


def give_up(message: str, status: int = 1) -> NoReturn:
    """Say on standard error why the command stops, and stop it."""
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status)


def print_wide(table: Table) -> None:
    """Print a table with every row on one line, also where the terminal is narrower.

    Identifiers broken over lines can be neither read nor copied.
    """
    for column in table.columns:
        column.no_wrap = True
    widest = Measurement.get(out, out.options.update(max_width=_WIDEST), table).maximum
    Console(width=max(out.width, widest)).print(table)


def settings_or_give_up(command_line: Mapping[str, object] | None = None) -> Settings:
    """Read the settings; where they cannot be used, say so and stop the command."""
    try:
        return read_settings(command_line)
    except SettingsError as error:
        give_up(str(error), USAGE)
