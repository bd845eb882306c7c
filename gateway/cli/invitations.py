"""The three commands that `gateway serve` invites to try, each pasted into a shell as it is."""

from __future__ import annotations

import shlex
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gateway.settings import Settings, shipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """What the demonstration record has under one profile, and what is worth trying in it.

    Attributes:
        documents: Which samples it has, as a pattern of file names; ``patients`` likewise.
        to_try: The one sample document it leaves for the reader to submit.
        patient: Whose documents the search finds.
        document: Which of them is read; its logical id.
        reader: Who finds and reads it, where the gateway asks: a demonstration person.
        source: Who submits, likewise.
    """

    documents: str
    patients: str
    to_try: str
    patient: str
    document: str
    reader: str
    source: str


def tour(profile: str) -> Tour:
    """Give what ``samples/demonstration.toml`` says for a profile, else for the plain one."""
    with (shipped("samples") / "demonstration.toml").open("rb") as file:
        tours = tomllib.load(file)
    return Tour(**tours.get(profile, tours["ihe"]))


class Invitation(NamedTuple):
    """A command worth trying, and what it shows."""

    shows: str
    command: str


def invitations(settings: Settings) -> tuple[Invitation, ...]:
    """Give the commands the banner prints; each works as pasted, in the project's folder.

    They are about the demonstration record and the one sample document it leaves out. Where the
    gateway asks who comes, they are those of demonstration people, in a shell that has what
    :func:`preparation` says; where only others can vouch for people, there are none.
    """
    asked = settings.auth != "none"
    if asked and settings.development_authority == "off":
        return ()
    fhir = f"{settings.base_url}/fhir"
    chosen = tour(settings.profile)
    document = shipped("samples") / "cda" / f"{chosen.to_try}.xml"
    submit = [*_this_command(), "submit", _from_here(document)]
    if settings.base_url != Settings.model_construct().base_url:
        submit += ["--to", f"{settings.base_url}/xds/repository"]
    if asked:
        submit += ["--as", chosen.source]
    curl = "curl -s"
    if asked:
        token = shlex.join([*_this_command(), "token", chosen.reader])
        curl += f' -H "Authorization: Bearer $({token})"'
    search = f"{fhir}/DocumentReference?patient.identifier={chosen.patient}"
    return (
        Invitation("Submit a document as a hospital does [ITI-41]", shlex.join(submit)),
        Invitation(
            "Find the patient's documents as a FHIR client does [ITI-67]",
            f"{curl} {shlex.quote(search)}",
        ),
        Invitation(
            "Read one of them, octet for octet [ITI-68]",
            f"{curl} {fhir}/Binary/{chosen.document}",
        ),
    )


def preparation(settings: Settings) -> tuple[Invitation, ...]:
    """Give what comes before :func:`invitations` in a gateway that asks who comes.

    A credential is minted by a command that reads the same settings as the gateway.
    """
    if settings.auth == "none" or settings.development_authority == "off":
        return ()
    plain = Settings.model_construct()
    told: dict[str, str] = {"GATEWAY_DEVELOPMENT_AUTHORITY": settings.development_authority}
    if settings.data != plain.data:
        told["GATEWAY_DATA"] = str(settings.data)
    if settings.profile != plain.profile:
        told["GATEWAY_PROFILE"] = settings.profile
    export = " ".join(f"{name}={shlex.quote(value)}" for name, value in told.items())
    return (
        Invitation("First: trust the development authority of this gateway", f"export {export}"),
        Invitation(
            "Who one can be; a name after it, such as gp, gives that person's token",
            shlex.join([*_this_command(), "token"]),
        ),
    )


def _this_command() -> list[str]:
    """Say how to call this program again from the folder it was started in."""
    script = Path(sys.executable).parent / "gateway"
    if not script.is_file():
        return [sys.executable, "-m", "gateway.cli"]
    found = shutil.which("gateway")
    if found is not None and Path(found).samefile(script):
        return ["gateway"]
    return [_from_here(script)]


def _from_here(path: Path) -> str:
    """Shorten a path that lies below the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
