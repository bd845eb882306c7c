"""Which addresses the gateway calls, and calling one: the guard against being sent to our own.

An endpoint is named by a client, so it may name anything: our database's port, the metadata
service of a cloud, a name that leads there a second later. Three things hold it off: a list of
endpoints an operator allows; a look at every address the name resolves to, each time, and a
connection to exactly the address that was looked at; and no second hop, since redirects are not
followed.

Source:
    OWASP Server-Side Request Forgery Prevention Cheat Sheet; RFC 6890 (special-purpose addresses).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host name."""

_PORTS = {"https": 443, "http": 80}
_MOST_READ = 16 * 1024
"""Octets of an answer that are read: none of it is used."""

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "5f00::/16")
)
"""Special-purpose networks that some versions of Python take for global."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class EndpointRefused(Exception):
    """The gateway does not call this address; the text says why, for whoever chose it."""


class NotTaken(Exception):
    """The endpoint did not take a message; the text says how it failed, without addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPolicy:
    """Which endpoints may be called.

    Attributes:
        allowed: Addresses that an endpoint must begin with, whole path segments; none allows none.
        networks: Networks that may be called although they are not public.
    """

    allowed: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, endpoints: str, networks: str) -> EndpointPolicy:
        """Read the two lists as settings write them, separated by spaces.

        Raises:
            ValueError: One of them holds what is no address or network.
        """
        allowed = tuple(endpoints.split())
        for prefix in allowed:
            _parts(prefix)
        found = tuple(ipaddress.ip_network(one, strict=False) for one in networks.split())
        return cls(allowed=allowed, networks=found)

    def check(self, endpoint: str) -> SplitResult:
        """Give the parts of an endpoint that may be called, as far as its text tells.

        Raises:
            EndpointRefused: It is no address, or not on the list.
        """
        try:
            parts = _parts(endpoint)
        except ValueError as wrong:
            raise EndpointRefused(str(wrong)) from wrong
        if not any(_begins(parts, _parts(prefix)) for prefix in self.allowed):
            raise EndpointRefused("is not on the list of endpoints this gateway may call")
        return parts

    def admits(self, address: str) -> bool:
        """Whether an address a name resolved to may be connected to."""
        try:
            found = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        if any(found in network for network in self.networks):
            return True
        if any(found in network for network in _NOT_PUBLIC):
            return False
        return found.is_global and not (
            found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
        )


def _parts(endpoint: str) -> SplitResult:
    if any(c.isspace() or ord(c) < 33 or c == "\\" for c in endpoint):
        raise ValueError("has a space or a control character")
    parts = urlsplit(endpoint)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("is not an http:// or https:// address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("names a user; send what authorises you as a header")
    if "#" in endpoint:
        raise ValueError("has a fragment")
    if any(segment in ("..", ".") for segment in parts.path.lower().replace("%2e", ".").split("/")):
        raise ValueError("has a dotted path segment")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has no usable port") from None
    return parts


def _begins(endpoint: SplitResult, prefix: SplitResult) -> bool:
    origin = (prefix.scheme, prefix.hostname, prefix.port or _PORTS[prefix.scheme])
    if (endpoint.scheme, endpoint.hostname, endpoint.port or _PORTS[endpoint.scheme]) != origin:
        return False
    path = prefix.path.rstrip("/")
    return endpoint.path == path or endpoint.path.startswith(path + "/") or not path


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only carries it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return inner
    return address


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Caller:
    """Sends messages to endpoints.

    Args:
        resolve: Gives the addresses of a host; all of them must be admitted.
        seconds: What connecting, sending and the answer may each take.
    """

    def __init__(
        self, policy: EndpointPolicy, *, resolve: Resolve = resolve, seconds: float = 10.0
    ) -> None:
        self.policy = policy
        self._resolve = resolve
        # No environment: a proxy named there would resolve names for itself, past the guard.
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=seconds,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._seconds = seconds

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def post(
        self, endpoint: str, body: bytes, content_type: str, headers: Mapping[str, str]
    ) -> None:
        """Send one message, once.

        Raises:
            NotTaken: The endpoint may not be called, was not reached, or answered other than 2xx.
        """
        try:
            async with asyncio.timeout(3 * self._seconds):
                await self._post(endpoint, body, content_type, headers)
        except EndpointRefused as refused:
            raise NotTaken(f"the endpoint {refused}") from refused
        except TimeoutError as late:
            raise NotTaken("the endpoint took too long") from late
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotTaken(f"the endpoint was not reached: {type(error).__name__}") from error

    async def _post(
        self, endpoint: str, body: bytes, content_type: str, headers: Mapping[str, str]
    ) -> None:
        parts = self.policy.check(endpoint)
        host = parts.hostname or ""
        port = parts.port or _PORTS[parts.scheme]
        address = await self._address(host, port)
        literal = f"[{address}]" if ":" in address else address
        # To the address that was looked at, under the name that was asked for: nobody resolves
        # the name a second time, and the certificate must still be the name's.
        query = f"?{parts.query}" if parts.query else ""
        url = f"{parts.scheme}://{literal}:{port}{parts.path or '/'}{query}"
        named = f"[{host}]" if ":" in host else host
        usual = port == _PORTS[parts.scheme]
        request = self._client.build_request(
            "POST",
            url,
            content=body,
            headers={
                **headers,
                "host": named if usual else f"{named}:{port}",
                "content-type": content_type,
                "user-agent": "fhir-xds-gateway",
                "accept": "*/*",
            },
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > _MOST_READ:
                    break
        finally:
            await answer.aclose()
        if not answer.is_success:
            raise NotTaken(f"the endpoint answered {answer.status_code}")

    async def _address(self, host: str, port: int) -> str:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise NotTaken("the endpoint's name has no address") from error
        # One address that is not admitted among others is how a name is made to lead both ways.
        if not addresses or not all(map(self.policy.admits, addresses)):
            raise EndpointRefused("leads to an address this gateway may not call")
        return addresses[0]
