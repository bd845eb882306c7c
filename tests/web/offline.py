"""zeep, with the network taken away: it reads the descriptions it is given and nothing else."""

from __future__ import annotations

from typing import Any

import requests
import zeep

from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.soap.envelope import Envelope, read_envelope
from gateway.codecs.xml import INLINE_LIMITS, read_xml
from gateway.model.submission import Submission
from gateway.web.wsdl import REGISTRY, REPOSITORY, DescribedService, write_description

BASE = "http://gateway.example:8080"


class Offline(zeep.Transport):  # type: ignore[misc]
    """Serves descriptions, keeps what is sent, answers what it was told to.

    Attributes:
        descriptions: By address.
        sent: Address, octets and headers of each message.
        answer: Content-Type and octets of the next answer.
    """

    def __init__(self, descriptions: dict[str, bytes]) -> None:
        super().__init__()
        self.descriptions = descriptions
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []
        self.answer: tuple[str, bytes] | None = None

    def load(self, url: str) -> bytes:
        assert url in self.descriptions, f"zeep goes elsewhere: {url}"
        return self.descriptions[url]

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        self.sent.append((address, message, headers))
        response = requests.Response()
        assert self.answer is not None, "nothing was prepared to be answered"
        response.status_code = 200
        response.headers["Content-Type"], response._content = self.answer
        return response

    @property
    def last(self) -> Envelope:
        """Give the last message as our reader understands it; HTTP has to name the same action."""
        _, octets, headers = self.sent[-1]
        announced = headers["Content-Type"].partition('action="')[2].rstrip('"')
        return read_envelope(octets, announced_actions=[announced], limits=INLINE_LIMITS)


def client(service: DescribedService) -> tuple[Any, Offline]:
    """Give a zeep client made of nothing but our description, and its transport."""
    url = f"{BASE}{service.path}?wsdl"
    transport = Offline({url: write_description(service, BASE)})
    return zeep.Client(url, transport=transport), transport


def registry() -> tuple[Any, Offline]:
    return client(REGISTRY)


def repository() -> tuple[Any, Offline]:
    return client(REPOSITORY)


def as_zeep_takes_them(zeep_client: Any, sent: Submission) -> dict[str, Any]:
    """Give a submission's objects as the RegistryObjectList of a zeep call."""
    rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
    objects = b"".join(write_registry_object(item) for item in sent.objects())
    opening, closing = f'<rim:RegistryObjectList xmlns:rim="{rim}">', "</rim:RegistryObjectList>"
    element = zeep_client.get_element(f"{{{rim}}}RegistryObjectList")
    tree = read_xml(opening.encode() + objects + closing.encode())
    return {"_value_1": element.parse(tree, schema=zeep_client.wsdl.types)._value_1}
