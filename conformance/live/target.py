"""What the server under test is: its addresses, and whether something answers there.

An address says what it is (``…/registry``, ``…/repository``, ``…/fhir``), or is the base of a
server whose doors are looked for below it. Whatever was named explicitly is not looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import httpx

from conformance.live.messages import QUERY_ACTION, envelope, soap_headers

DOORS: Final = {
    "registry": ("/xds/registry", "/registry", "/services/xdsregistryb"),
    "repository": ("/xds/repository", "/repository", "/services/xdsrepositoryb"),
    "fhir": ("/fhir", "/fhir/R4", "/baseR4", ""),
}
"""Below the base of a server, in the order they are tried."""

_NOBODY: Final = "urn:uuid:00000000-0000-4000-8000-000000000000"
_QUESTION: Final = (
    '<query:AdhocQueryRequest><query:ResponseOption returnComposedObjects="true"'
    ' returnType="ObjectRef"/><rim:AdhocQuery id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4">'
    '<rim:Slot name="$XDSDocumentEntryEntryUUID"><rim:ValueList><rim:Value>'
    f"('{_NOBODY}')</rim:Value></rim:ValueList></rim:Slot></rim:AdhocQuery>"
    "</query:AdhocQueryRequest>"
)


class Unreachable(Exception):
    """Nothing that can be tested answers; the message says where it was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server under test.

    Attributes:
        registry: Address of its Document Registry, where it has one.
        repository: Address of its Document Repository.
        fhir: Base of its FHIR interface, without slash at the end.
        asks: Whether it asks who comes; None before somebody looked.
    """

    registry: str = ""
    repository: str = ""
    fhir: str = ""
    asks: bool | None = None

    def address(self, door: str) -> str:
        """The address of a door; empty where there is none."""
        return {"registry": self.registry, "repository": self.repository, "fhir": self.fhir}.get(
            door, ""
        )

    @property
    def offers(self) -> frozenset[str]:
        """What suites and tests may require."""
        doors = {door for door in DOORS if self.address(door)}
        return frozenset(doors | {"credentials" if self.asks else "open"})

    @property
    def lines(self) -> tuple[str, ...]:
        """The addresses, for a report."""
        return tuple(f"{door}: {self.address(door)}" for door in DOORS if self.address(door))


def find_target(
    client: httpx.Client,
    urls: Iterable[str],
    *,
    registry: str = "",
    repository: str = "",
    fhir: str = "",
) -> Target:
    """Look what answers at some addresses.

    Args:
        urls: Of doors, or bases of servers.

    Raises:
        Unreachable: When an address that was named does not answer, or none is a door.
    """
    target = Target(registry=registry, repository=repository, fhir=fhir.rstrip("/"))
    for url in (one.rstrip("/") for one in urls):
        door = _named(url)
        if door:
            target = _with(target, door, url)
            continue
        for door, paths in DOORS.items():
            if target.address(door):
                continue
            found = next((url + path for path in paths if _answers(client, door, url + path)), "")
            target = _with(target, door, found)
    for door in DOORS:
        address = target.address(door)
        if address and not _answers(client, door, address):
            raise Unreachable(
                f"no {_CALLED[door]} answers at {address}; is the server up, and the address right?"
            )
    if not target.lines:
        tried = ", ".join(path or "/" for paths in DOORS.values() for path in paths)
        raise Unreachable(
            f"nothing to test was found at {', '.join(urls) or 'no address'} (looked at {tried}); "
            "name the doors with --registry, --repository and --fhir"
        )
    return replace(target, asks=_asks(client, target))


_CALLED: Final = {
    "registry": "Document Registry",
    "repository": "Document Repository",
    "fhir": "FHIR interface",
}


def _named(url: str) -> str:
    last = url.rpartition("/")[2].lower()
    for door in ("registry", "repository"):
        if door in last:
            return door
    return "fhir" if last in ("fhir", "baser4") or last.startswith("r4") else ""


def _with(target: Target, door: str, url: str) -> Target:
    if door == "registry":
        return replace(target, registry=url)
    if door == "repository":
        return replace(target, repository=url)
    return replace(target, fhir=url)


def _answers(client: httpx.Client, door: str, url: str) -> bool:
    try:
        if door == "fhir":
            answer = client.get(
                f"{url}/metadata", headers={"accept": "application/fhir+json, application/fhir+xml"}
            )
            return "CapabilityStatement" in answer.text
        answer = client.post(url, content=_question(url), headers=soap_headers(QUERY_ACTION))
        return b"Envelope" in answer.content
    except httpx.HTTPError:
        return False


def _question(url: str) -> bytes:
    return envelope(_QUESTION, action=QUERY_ACTION, to=url, message_id=_NOBODY).encode()


def _asks(client: httpx.Client, target: Target) -> bool:
    """Whether somebody without credentials is sent away, from one door at least.

    A server that asks at one door and not at another one asks, and is then found to forget it.
    """
    try:
        url = target.registry or target.repository
        if url:
            answer = client.post(url, content=_question(url), headers=soap_headers(QUERY_ACTION))
            if b"FailedAuthentication" in answer.content or b"Security" in answer.content:
                return True
        if target.fhir:
            path = f"{target.fhir}/DocumentReference"
            answer = client.get(path, params={"patient.identifier": "urn:oid:2.999.1|1"})
            return answer.status_code in (401, 403)
    except httpx.HTTPError:
        pass
    return False
