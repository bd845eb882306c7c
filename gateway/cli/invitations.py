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
    """

    documents: str
    patients: str
    to_try: str
    patient: str
    document: str


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

    They are about the demonstration record and the one sample document it leaves out.
    """
    fhir = f"{settings.base_url}/fhir"
    chosen = tour(settings.profile)
    document = shipped("samples") / "cda" / f"{chosen.to_try}.xml"
    submit = [*_this_command(), "submit", _from_here(document)]
    if settings.base_url != Settings.model_construct().base_url:
        submit += ["--to", f"{settings.base_url}/xds/repository"]
    search = f"{fhir}/DocumentReference?patient.identifier={chosen.patient}"
    return (
        Invitation("Submit a document as a hospital does [ITI-41]", shlex.join(submit)),
        Invitation(
            "Find the patient's documents as a FHIR client does [ITI-67]",
            shlex.join(["curl", "-s", search]),
        ),
        Invitation(
            "Read one of them, octet for octet [ITI-68]",
            shlex.join(["curl", "-s", f"{fhir}/Binary/{chosen.document}"]),
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
