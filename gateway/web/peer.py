"""Who is at the other end, put into the scope of each request as the connection begins.

The server library tells an application the address of its peer, not the certificate it showed.
This protocol adds it, and decides at the same place whether headers of a proxy count: from an
address the operator named they do, from anywhere else they are taken away before anybody reads
them.

Source:
    RFC 9440 (Client-Cert); threats S9, S10.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from base64 import b64decode
from typing import TypeAlias

from gateway.security.peer import Peer
from gateway.web.http import Scope
from gateway.web.limits import BoundedProtocol

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

PEER = "gateway.peer"
"""Key of the scope under which the :class:`~gateway.security.peer.Peer` stands."""

_OF_PROXIES = re.compile(
    rb"x-forwarded-.*|forwarded|x-real-ip|client-cert|client-cert-chain|"
    rb"(x-)?ssl-client-.*|x-client-cert.*|x-forwarded",
    re.IGNORECASE,
)
_ITEM = re.compile(rb"[ \t]*:([A-Za-z0-9+/]+={0,2}):[ \t]*")


def peer_of(scope: Scope) -> Peer:
    """Give who sent a request."""
    found = scope.get(PEER)
    if isinstance(found, Peer):
        return found
    client = scope.get("client")
    return Peer(address=client[0] if client else "")


def read_networks(text: str) -> tuple[Network, ...]:
    """Give addresses and networks from a text that lists them.

    Raises:
        ValueError: When something in it is neither.
    """
    return tuple(ipaddress.ip_network(one) for one in text.split())


def protocol_for(proxies: tuple[Network, ...] = ()) -> type[BoundedProtocol]:
    """Give the protocol class of a server.

    Args:
        proxies: Whose word is taken for where a request came from.
    """

    class PeerProtocol(BoundedProtocol):
        """The bounded protocol, which knows its peer."""

        _peer = Peer()
        _is_proxy = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Look at the peer, once for all its requests."""
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            connection = transport.get_extra_info("ssl_object")
            shown = connection.getpeercert(binary_form=True) if connection is not None else None
            self._peer = Peer(address=address, certificate=shown or b"")
            self._is_proxy = _is_among(address, proxies)

        def on_headers_complete(self) -> None:
            """Tell the application who asks, by this connection or by the proxy at its end."""
            peer = self._peer
            if any(_OF_PROXIES.fullmatch(name) for name, _ in self.headers):
                if self._is_proxy:
                    peer = behind(peer, self.headers)
                # The parser's own list: what is not for the application's eyes leaves it here.
                self.headers[:] = [h for h in self.headers if not _OF_PROXIES.fullmatch(h[0])]
            elif self._is_proxy:
                peer = Peer(address=peer.address)
            self.scope[PEER] = peer  # type: ignore[literal-required]
            super().on_headers_complete()

    return PeerProtocol


def behind(proxy: Peer, headers: list[tuple[bytes, bytes]]) -> Peer:
    """Give who stands behind a proxy, by the headers it sent.

    The certificate is the client's or nobody's; the proxy's own never counts as the client's.
    """
    forwarded = [value for name, value in headers if name.lower() == b"x-forwarded-for"]
    address = proxy.address
    if forwarded:
        # The last address is the one this proxy saw; those before are what it was told.
        last = forwarded[-1].rpartition(b",")[2].strip().decode("latin-1")
        try:
            address = str(ipaddress.ip_address(last))
        except ValueError:
            address = proxy.address
    shown = [value for name, value in headers if name.lower() == b"client-cert"]
    found = _ITEM.fullmatch(shown[0]) if len(shown) == 1 else None
    certificate = b""
    if found is not None:
        try:
            certificate = b64decode(found[1], validate=True)
        except ValueError:
            certificate = b""
    return Peer(address=address, certificate=certificate)


def _is_among(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        own = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(own, ipaddress.IPv6Address) and own.ipv4_mapped is not None:
        own = own.ipv4_mapped
    return any(own in network for network in networks)
