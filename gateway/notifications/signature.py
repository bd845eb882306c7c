"""Signing what is sent to endpoints, so that nobody else can send it or send it again changed.

One Ed25519 key for all, kept with the data: a receiver needs only its public half
(``gateway notices key``), and no secret travels. The headers are those of Standard Webhooks, which
receivers have libraries for; the sequence number is in the signed body.

Source:
    Standard Webhooks 1.0.0 (webhook-id, webhook-timestamp, webhook-signature ``v1a``); RFC 8032.
"""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


class Signer:
    """Signs messages."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def at(cls, path: Path) -> Signer:
        """Give the signer whose key is in a file, made where there is none."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = Ed25519PrivateKey.generate().private_bytes(
                Encoding.Raw, PrivateFormat.Raw, NoEncryption()
            )
            temporary = path.with_name(f"{path.name}.{os.getpid()}")
            descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(made)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        return cls(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))

    @property
    def public(self) -> str:
        """The public key as receivers configure it: ``whpk_`` and base64."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "whpk_" + base64.b64encode(raw).decode()

    def headers(self, message_id: str, now: str, body: bytes) -> dict[str, str]:
        """Give the headers that go with a message.

        Args:
            message_id: The same each time a message is sent again.
            now: When it is sent, DTM of 14 digits, UTC.
        """
        moment = datetime.strptime(now, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        timestamp = str(int(moment.timestamp()))
        signed = b".".join((message_id.encode(), timestamp.encode(), body))
        signature = base64.b64encode(self._key.sign(signed)).decode()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1a,{signature}",
        }
