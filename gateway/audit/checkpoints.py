"""Checkpoints: signatures that vouch for every audit event up to a number.

Each event's hash depends on all events before it, so one signature over the newest hash covers the
whole trail. A checkpoint also names the checkpoint before it; one that is taken out is missed. It
is kept twice: in the table of checkpoints, and as a line of a file that can lie on another disk, so
that a trail whose end was cut off is found to be shorter than what was signed.

A line is JSON, a space, and the Ed25519 signature over the JSON's octets in base64.

Source:
    RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What one signature says.

    Attributes:
        number: Of the last event it covers.
        hash: Of that event.
        time: When it was signed, DTM of 14 digits, UTC.
        previous: SHA-256 of the line before this one, hexadecimal; empty for the first.
    """

    number: int
    hash: bytes
    time: str
    previous: str


def write_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """Give the signed line, without an end of line."""
    payload = orjson.dumps(
        {
            "number": checkpoint.number,
            "hash": checkpoint.hash.hex(),
            "time": checkpoint.time,
            "previous": checkpoint.previous,
            "key": fingerprint(key.public_key()),
        }
    )
    return payload + b" " + base64.b64encode(key.sign(payload))


def read_checkpoint(line: bytes, key: Ed25519PublicKey) -> Checkpoint:
    """Read a line back and check its signature.

    Raises:
        ValueError: It is no checkpoint, or this key did not sign it.
    """
    payload, _, signature = line.partition(b" ")
    try:
        key.verify(base64.b64decode(signature, validate=True), payload)
    except (InvalidSignature, binascii.Error):
        raise ValueError("a checkpoint whose signature is not right") from None
    read = orjson.loads(payload)
    return Checkpoint(
        number=read["number"],
        hash=bytes.fromhex(read["hash"]),
        time=read["time"],
        previous=read["previous"],
    )


def digest(line: bytes) -> str:
    """How the next checkpoint names this one."""
    return hashlib.sha256(line).hexdigest()


def fingerprint(key: Ed25519PublicKey) -> str:
    """Give what people compare keys by: 16 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Read the key that signs checkpoints; make one where there is none.

    The public half is written beside it (``.pub``), for whoever verifies elsewhere.

    Raises:
        ValueError: The file holds something else.
    """
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        _write(
            path.with_suffix(".pub"),
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            0o644,
        )
        _write(
            path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600
        )
        return key
    read = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(read, Ed25519PrivateKey):
        raise ValueError("the key of the audit trail is no Ed25519 key")
    return read


def public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key in PEM.

    Raises:
        OSError: There is no such file.
        ValueError: The file holds something else.
    """
    read = load_pem_public_key(path.read_bytes())
    if not isinstance(read, Ed25519PublicKey):
        raise ValueError("the public key of the audit trail is no Ed25519 key")
    return read


def append_line(path: Path, line: bytes) -> None:
    """Add one line to the file of checkpoints, durably, or nothing.

    Raises:
        OSError: The disk takes no more.
    """
    octets = line + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        before, written = os.fstat(descriptor).st_size, 0
        try:
            written = os.write(descriptor, octets)
            if written < len(octets):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        except OSError:
            if os.fstat(descriptor).st_size == before + written:  # Nobody else wrote behind it.
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def cut_torn_line(path: Path) -> None:
    """Take away the beginning of a line that a crash left at the end of the file."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
            os.fsync(file.fileno())


def read_lines(path: Path) -> tuple[bytes, ...]:
    """Give the lines of the file of checkpoints; none where there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(line for line in content.split(b"\n") if line)


def _write(path: Path, content: bytes, mode: int) -> None:
    # Made under another name: a crash leaves no half of a key under the name that is read.
    made = path.with_name(path.name + ".new")
    made.unlink(missing_ok=True)
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    made.rename(path)
