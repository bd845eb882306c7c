"""The three commands that `gateway serve` invites to try, each pasted into a shell as it is."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from gateway.settings import Settings, shipped

TO_TRY = "en-03-follow-up-note"
"""The one sample document that the demonstration record leaves for the reader to submit."""


class Invitation(NamedTuple):
    """A command worth trying, and what it shows."""

    shows: str
    command: str


# Of the demonstration record; tests/samples makes sure that it has them.
TRIED_PATIENT = "urn:oid:2.999.1.1|ALBA-0001"
READ_DOCUMENT = "8a53f250-a178-5838-a8ff-1bf639b23e6e"


def invitations(settings: Settings) -> tuple[Invitation, ...]:
    """Give the commands the banner prints; each works as pasted, in the project's folder.

    They are about the demonstration record and the one sample document it leaves out.
    """
    fhir = f"{settings.base_url}/fhir"
    submit = [*_this_command(), "submit", _from_here(shipped("samples") / "cda" / f"{TO_TRY}.xml")]
    if settings.base_url != Settings.model_construct().base_url:
        submit += ["--to", f"{settings.base_url}/xds/repository"]
    search = f"{fhir}/DocumentReference?patient.identifier={TRIED_PATIENT}"
    return (
        Invitation("Submit a document as a hospital does [ITI-41]", shlex.join(submit)),
        Invitation(
            "Find the patient's documents as a FHIR client does [ITI-67]",
            shlex.join(["curl", "-s", search]),
        ),
        Invitation(
            "Read one of them, octet for octet [ITI-68]",
            shlex.join(["curl", "-s", f"{fhir}/Binary/{READ_DOCUMENT}"]),
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
