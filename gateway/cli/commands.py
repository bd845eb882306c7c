"""The commands of ``gateway``, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway import __version__
from gateway.cli.assertion import assertion
from gateway.cli.audit import audit
from gateway.cli.choices import choices
from gateway.cli.console import out
from gateway.cli.delegation import delegation
from gateway.cli.demo import demo
from gateway.cli.explain import explain
from gateway.cli.notices import notices
from gateway.cli.patient import patient
from gateway.cli.profile import profile
from gateway.cli.retention import retention
from gateway.cli.serve import serve
from gateway.cli.show_settings import show_settings
from gateway.cli.submit import submit
from gateway.cli.token import token
from gateway.cli.translate import translate

app = typer.Typer(
    name="gateway",
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

app.command("serve")(serve)
app.command("demo")(demo)
app.command("submit")(submit)
app.command("translate")(translate)
app.command("token")(token)
app.command("assertion")(assertion)
app.command("explain")(explain)
app.command("retention")(retention)
app.command("settings")(show_settings)
app.add_typer(audit)
app.add_typer(patient)
app.add_typer(choices)
app.add_typer(delegation)
app.add_typer(notices)
app.add_typer(profile)


@app.command("version")
def version() -> None:
    """Print the version."""
    out.print(__version__, highlight=False)


def _print_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


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
