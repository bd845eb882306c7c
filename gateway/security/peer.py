"""The other end of a connection, as the connection itself shows it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is connected.

    Attributes:
        address: IP address of the client, or what a trusted proxy says it is.
        certificate: The client certificate of the TLS connection, DER; empty without one. That it
            comes from a CA the operator named was made sure of before.
    """

    address: str = ""
    certificate: bytes = b""

    @property
    def thumbprint(self) -> bytes:
        """SHA-256 of the certificate; empty without one."""
        return hashlib.sha256(self.certificate).digest() if self.certificate else b""

    @property
    def key(self) -> str:
        """What tells this client from another one: its certificate, or else its address."""
        return f"cert:{self.thumbprint.hex()}" if self.certificate else f"addr:{self.address}"
