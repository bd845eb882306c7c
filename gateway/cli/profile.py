"""``gateway profile``: what the profiles hold, and whether they hold together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.console import err, give_up, out, settings_or_give_up
from gateway.profile import ProfileFault

profile = typer.Typer(
    name="profile",
    no_args_is_help=True,
    help="Look at the profiles: the data of a country or community.\n\n"
    "A profile is a folder below `GATEWAY_PROFILES`: `profile.toml`, `naming.toml`, "
    "`metadata.toml`, `rules.toml`, `transactions.toml`, `maps/`, `value-sets/`, "
    "`structure-definitions/` and `schematrons/`.",
)


@profile.command("check")
def check(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Of one profile.", show_default="every profile of the folder"
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the profiles are.", show_default="GATEWAY_PROFILES"
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Take remarks for faults, as a build does.")
    ] = False,
) -> None:
    """Read a profile as the gateway would, show what it holds and what does not fit.

    Faults stop a start and name file and rule. Remarks are about what can be read and is probably
    not meant: a map that leads to a code no value set has, a system without a name.

    Exit status: 0 when every profile can be used, 1 when one cannot (with `--strict`: or has
    remarks), 2 when there is no such profile.

    Examples:

        gateway profile check

        gateway profile check ihe --strict

        gateway profile check zz --folder /srv/profiles
    """
    from gateway.settings import shipped
    from gateway.validation.profile_check import check_profile

    place = folder or settings_or_give_up().profiles
    names = sorted(path.parent.name for path in place.glob("*/profile.toml"))
    if name is not None:
        if name not in names:
            give_up(f"{place} has no profile {name}; it has {', '.join(names) or 'none'}.", 2)
        names = [name]
    elif not names:
        give_up(f"{place} has no profile: no folder in it has a profile.toml.", 2)
    is_good = True
    for one in names:
        try:
            report = check_profile(one, place, shipped("profiles"))
        except ProfileFault as fault:
            err.print(f"{one} cannot be used: {fault}", style="red", markup=False, soft_wrap=True)
            is_good = False
            continue
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for word, text in report.holds:
            table.add_row(word, text)
        out.print(f"{one} can be used", style="bold", highlight=False)
        out.print(table)
        for remark in report.remarks:
            out.print(
                f"  {remark.file}: {remark.message}",
                style="yellow",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        is_good = is_good and not (strict and report.remarks)
    if not is_good:
        raise typer.Exit(1)
