"""The demonstration record: loaded over the wire, as hospitals and FHIR clients would.

``gateway serve --demo`` loads it into an empty store, ``gateway demo`` into a gateway that runs.
Every message names itself, so loading it again is the same submission again and changes nothing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress

from gateway.cli.console import err
from gateway.cli.invitations import Tour, tour
from gateway.settings import Settings, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from gateway.service import Service

_HEAD = 16 * 1024
SECONDS_TO_WAIT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A message kept as HTTP entity: its media type, and where its octets are in the file."""

    path: Path
    content_type: str
    start: int

    @property
    def size(self) -> int:
        """Octets of the message."""
        return self.path.stat().st_size - self.start


class NotLoaded(Exception):
    """The record could not be loaded; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of the record.

    Attributes:
        taken: Submissions that are in the registry now.
        refused: A line for each one that the registry does not take, with its first reason.
    """

    taken: int
    refused: tuple[str, ...] = ()


PLAIN = "ihe"


def record(chosen: Tour | None = None) -> tuple[Entity, ...]:
    """Give the submissions of the demonstration record, in the order they are sent."""
    chosen = chosen or tour(PLAIN)
    folder = shipped("samples") / "submissions"
    return tuple(
        read_entity(path)
        for path in sorted(folder.glob(f"{chosen.documents}.mtom"))
        if path.stem != chosen.to_try
    )


def read_entity(path: Path) -> Entity:
    """Read the headers of a message that is kept with them.

    Raises:
        ValueError: When there are none.
    """
    with path.open("rb") as file:
        head, separator, _ = file.read(_HEAD).partition(b"\r\n\r\n")
    content_type = BytesHeaderParser().parsebytes(head + separator).get("Content-Type", "")
    if not separator or not content_type:
        raise ValueError(f"{path}: no Content-Type stands before an empty line")
    return Entity(
        path=path,
        content_type=" ".join(content_type.split()),
        start=len(head) + len(separator),
    )


async def load_demonstration(settings: Settings, service: Service) -> None:
    """Load the record into this gateway, which listens already, when its store is empty."""
    from gateway.ports import Form, Page
    from gateway.transactions.registry_stored_query import FindSubmissionSets

    found = await service.inside.registry.find(FindSubmissionSets(), Form.REFERENCE, Page(size=1))
    if found.objects:
        return
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    chosen = tour(settings.profile)
    try:
        loaded = await load(f"http://{host}:{settings.port}", chosen, _doors_inside(service))
    except NotLoaded as trouble:
        # A gateway without its examples is still a gateway.
        err.print(f"The demonstration record is not complete: {trouble}", style="yellow")
        return
    left_out = len(record()) - len(record(chosen))
    if left_out > 0:
        err.print(
            f"{left_out} documents of the demonstration record are left out: profile "
            f"{settings.profile} takes documents of its own country only.",
            style="dim",
            highlight=False,
        )
    for line in loaded.refused:
        err.print(line, style="yellow", markup=False, highlight=False)


def _doors_inside(service: Service) -> httpx.AsyncBaseTransport | None:
    """Give a way through doors of the house's own, where those to the street ask who comes.

    Nobody brings the demonstration record, so nobody has a credential to bring it with.
    """
    if service.reception is None:
        return None
    import httpx

    from gateway.web.app import create_app

    own = create_app(replace(service, reception=None))
    return httpx.ASGITransport(own)


async def load(
    base_url: str,
    chosen: Tour | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Loaded:
    """Announce the patients and send every submission of a record, by default the plain one.

    Args:
        transport: Another way there than the network.

    Raises:
        NotLoaded: When nobody answers, or nothing is taken.
    """
    import httpx

    chosen = chosen or tour(PLAIN)
    messages = record(chosen)
    patients = sorted((shipped("samples") / "patients").glob(f"{chosen.patients}.json"))
    async with httpx.AsyncClient(
        timeout=SECONDS_TO_WAIT, trust_env=False, transport=transport
    ) as http:
        with _progress(len(patients) + len(messages)) as done:
            try:
                for path in patients:
                    await _announce(http, base_url, path)
                    done()
            except httpx.HTTPError as error:
                raise NotLoaded(
                    f"nobody answers at {base_url}; is the gateway running? ({error})"
                ) from None
            refused = await _send(http, base_url, messages, done)
    if len(refused) == len(messages):
        raise NotLoaded(refused[0])
    return Loaded(taken=len(messages) - len(refused), refused=refused)


async def _announce(http: httpx.AsyncClient, base_url: str, path: Path) -> None:
    octets = path.read_bytes()
    identifier = json.loads(octets)["identifier"][0]
    answer = await http.put(
        f"{base_url}/fhir/Patient",
        params={"identifier": f"{identifier['system']}|{identifier['value']}"},
        content=octets,
        headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
    )
    if answer.status_code not in (200, 201):
        raise NotLoaded(f"{path.name}: {base_url}/fhir answered {answer.status_code}")


async def _send(
    http: httpx.AsyncClient, base_url: str, messages: Sequence[Entity], done: Callable[[], object]
) -> tuple[str, ...]:
    """Send the messages; give a line for each one refused."""
    from gateway.codecs.soap.fault import SoapFault
    from gateway.errors import Refused
    from gateway.upstream.document_source import blocks
    from gateway.upstream.xds_client import NoAnswer, XdsClient

    client = XdsClient(http, lambda: uuid.uuid4().urn, repository=f"{base_url}/xds/repository")
    refused = []
    for message in messages:
        try:
            await client.post_message(
                message.content_type, message.size, blocks(message.path, message.start)
            )
        except Refused as refusal:
            reason = next(f for f in refusal.findings if f.is_error)
            place = reason.location.rpartition("].")[2]
            refused.append(f"{message.path.stem} is refused there: {place} {reason.message}")
        except (SoapFault, NoAnswer) as trouble:
            raise NotLoaded(f"{message.path.name}: {trouble}") from None
        done()
    return tuple(refused)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    if not err.is_terminal:
        yield lambda: None
        return
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("Loading the demonstration record", total=total)
        yield lambda: bar.advance(task)
