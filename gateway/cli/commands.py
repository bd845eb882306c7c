"""The commands of ``gateway``, put together; each module is read when its command is typed."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway import __version__

MODULES = {
    "serve": "serve",
    "demo": "demo",
    "submit": "submit",
    "translate": "translate",
    "token": "token",
    "assertion": "assertion",
    "explain": "explain",
    "retention": "retention",
    "settings": "show_settings",
    "version": "version",
    "audit": "audit",
    "patient": "patient",
    "choices": "choices",
    "delegation": "delegation",
    "notices": "notices",
    "profile": "profile",
}
"""By command, the module below this package; what it runs has the module's name."""


class _Commands(TyperGroup):
    """Commands that are read when somebody asks for them: all, where help is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in MODULES and cmd_name not in self.commands:
            self.commands[cmd_name] = _read(cmd_name)
        return super().get_command(ctx, cmd_name)


def _read(name: str) -> Any:
    module = import_module(f"gateway.cli.{MODULES[name]}")
    found = getattr(module, MODULES[name])
    # A group cannot be made of one command, but of two: what is alone is taken out of its group.
    around = typer.Typer(rich_markup_mode="markdown", pretty_exceptions_show_locals=False)
    if isinstance(found, typer.Typer):
        around.add_typer(found)
    else:
        around.command(name)(found)
    around.callback()(_nothing)
    return typer.main.get_group(around).commands[name]


def _nothing() -> None:
    """Stand where a group wants something to do before its command."""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


app = typer.Typer(
    name="gateway",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    add_completion=True,
    help="A FHIR / IHE-XDS gateway: hospitals submit over XDS.b, FHIR clients find and read.\n\n"
    "Start with `gateway serve --demo`, then follow the three commands it prints.\n\n"
    "With `GATEWAY_AUTH=required GATEWAY_DEVELOPMENT_AUTHORITY=on` it asks who comes, and the "
    "commands it prints say so: `gateway token` and `gateway assertion` are for those who ask, "
    "`gateway choices` for what patients decide, `gateway explain` for why, `gateway audit` for "
    "who did what, `gateway notices` for who is told.\n\n"
    "Every setting can also come from the environment (`GATEWAY_PORT`, ...) or from "
    "`gateway.toml`; `gateway settings` shows what is in force.",
)


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Keep `--version` beside the commands."""
