"""``gateway assertion``: a SAML assertion for one of the demonstration people."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.console import USAGE, give_up, settings_or_give_up
from gateway.cli.token import authority_for, show_people
from gateway.model.subject import Mode
from gateway.settings import Settings

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from gateway.security.authority import Wish

_HEADER = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)Header(?:[ \t\r\n][^<>]*)?(/?)>")


def assertion(
    person: Annotated[
        str | None,
        typer.Argument(
            metavar="PERSON", help="Whose assertion; without it, the list of people is shown."
        ),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="In which way the record is opened.")] = Mode.NORMAL,
    reason: Annotated[
        str, typer.Option(help="Why, for the two emergency modes.", show_default=False)
    ] = "",
    patient: Annotated[
        str,
        typer.Option(
            metavar="CX", help="Whose record: 'id^^^&OID&ISO' as XDS writes it.", show_default=False
        ),
    ] = "",
    secret: Annotated[bool, typer.Option("--secret", help="A minor's secret connection.")] = False,
    message: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A SOAP message, plain or MTOM: printed again with the assertion in its header.",
        ),
    ] = None,
    holder: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM of the certificate a client must have to use it."),
    ] = None,
) -> None:
    """Print a WS-Security header with a signed assertion for one of the demonstration people.

    The development authority of the data folder issues it; a gateway that runs on this folder with
    GATEWAY_DEVELOPMENT_AUTHORITY=on takes it. Some profiles want a fresh one for every request.

    Examples:

        gateway assertion

        gateway assertion gp --patient 'ALBA-0001^^^&2.999.1.1&ISO'

        gateway assertion gp --message query.xml | curl -s http://127.0.0.1:8080/xds/registry -H 'Content-Type: application/soap+xml' --data-binary @-

        gateway assertion hospital --message samples/submissions/en-01-discharge-summary.mtom
    """  # noqa: E501 - commands are copied as they are
    from gateway.security.authority import Wish
    from gateway.security.certificates import CertificateFault, read_certificates

    settings = settings_or_give_up()
    if person is None:
        show_people(settings)
        return
    try:
        certificate = read_certificates(holder)[0] if holder else None
    except CertificateFault as fault:
        give_up(str(fault), USAGE)
    wish = Wish(mode=mode, reason=reason, patient=patient, secret=secret)
    header = minting(settings, person, wish, holder=certificate)()
    octets = header + b"\n" if message is None else _with_header(message, header)
    sys.stdout.buffer.write(octets)
    sys.stdout.flush()


def minting(
    settings: Settings,
    person: str,
    wish: Wish | None = None,
    *,
    holder: Certificate | None = None,
) -> Callable[[], bytes]:
    """Give what writes a security header for a demonstration person, a fresh one at each call."""
    from gateway.security.authority import Wish
    from gateway.security.saml.writing import write_security_header

    authority, found = authority_for(settings, person)
    wished = wish or Wish()

    def mint() -> bytes:
        now = int(time.time())
        return write_security_header(authority.assertion(found, wished, now, holder=holder))

    return mint


def _with_header(path: Path, block: bytes) -> bytes:
    """Give a message with one more block at the begin of its SOAP header."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        give_up(f"{path} cannot be read: {error.strerror}.", USAGE)
    found = _HEADER.search(octets)
    if found is None or found[2]:
        give_up(f"{path} has no SOAP header to put the assertion in.", USAGE)
    return octets[: found.end()] + block + octets[found.end() :]
