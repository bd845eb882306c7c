"""``gateway serve``: one process that listens until it is told to stop.

The address is taken before anything else is done, so a busy port costs nothing; the banner is
printed when the server answers. SIGINT and SIGTERM end it alike: no new connections, answers under
way are finished (for at most ten seconds), storage is closed, exit status 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn
import uvloop
from rich.console import Group, RenderableType
from rich.text import Text

from gateway import __version__
from gateway.audit.keeping import ClockSetBack
from gateway.cli.console import err, give_up, out, settings_or_give_up
from gateway.cli.invitations import invitations, preparation
from gateway.cli.logs import set_up_logs
from gateway.security.errors import TrustFault
from gateway.settings import Settings, with_port

if TYPE_CHECKING:
    from gateway.service import Service

BACKLOG = 2048
SECONDS_TO_FINISH = 10

_COLLECT_AFTER = 10_000
"""Objects more than before that let the collector look for those that refer to themselves."""


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Load the demonstration record into an empty store.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on.", show_default="GATEWAY_HOST or 127.0.0.1"),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            help="Port to listen on; 0 takes a free one.",
            metavar="NUMBER",
            show_default="GATEWAY_PORT or 8080",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder of database and documents.",
            metavar="FOLDER",
            show_default="GATEWAY_DATA or ./var",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Country or community whose rules apply.",
            metavar="NAME",
            show_default="GATEWAY_PROFILE or ihe",
        ),
    ] = None,
    patients: Annotated[
        str | None,
        typer.Option(
            help="Take documents of everybody (open) or only of announced patients (known).",
            metavar="open|known",
            show_default="GATEWAY_PATIENTS or open",
        ),
    ] = None,
    mllp_port: Annotated[
        str | None,
        typer.Option(
            help="Port of the HL7 v2 patient feed (ITI-8).",
            metavar="NUMBER",
            show_default="GATEWAY_MLLP_PORT or off",
        ),
    ] = None,
) -> None:
    """Start the gateway and serve SOAP and FHIR until Ctrl-C or SIGTERM.

    Everything is kept below the data folder; stopping and starting again loses nothing.

    Examples:

        gateway serve --demo

        gateway serve --port 9090 --data /srv/gateway --profile ihe

        GATEWAY_PATIENTS=known gateway serve --mllp-port 2575

        GATEWAY_AUTH=required GATEWAY_DEVELOPMENT_AUTHORITY=on gateway serve --demo
    """
    settings = settings_or_give_up(
        {
            "host": host,
            "port": port,
            "data": data,
            "profile": profile,
            "patients": patients,
            "mllp_port": mllp_port,
        }
    )
    set_up_logs(settings)
    listener = _listen(settings)
    settings = with_port(settings, listener.getsockname()[1])
    try:
        uvloop.run(_serve(settings, listener, demo=demo))
    except TrustFault as fault:
        give_up(f"GATEWAY_TRUST: {fault}.", 2)
    except ClockSetBack as error:
        give_up(f"The gateway cannot start: {error}.")
    err.print("The gateway has stopped.")


async def _serve(settings: Settings, listener: socket.socket, *, demo: bool) -> None:
    from gateway.service import open_service
    from gateway.web.app import create_app
    from gateway.web.peer import protocol_for, read_networks

    context = tls_context(settings)
    if settings.development_authority != "off":
        err.print(
            "The development authority is on: whoever reaches this gateway can be anybody.",
            style="yellow",
            soft_wrap=True,
        )

    async with open_service(settings) as service, _feed(settings, service):

        async def when_listening() -> None:
            if demo:
                from gateway.cli.demonstration import load_demonstration

                await load_demonstration(settings, service)
            # What was loaded stays, so the collector need not look at it again; and since hardly
            # anything made for a request refers to itself, it need not look often.
            gc.collect()
            gc.freeze()
            gc.set_threshold(_COLLECT_AFTER)
            out.print(banner(settings), soft_wrap=True)

        server = _Server(
            uvicorn.Config(
                create_app(service),
                loop="uvloop",
                http=protocol_for(read_networks(settings.trusted_proxies)),
                ssl_context_factory=(lambda *_: context) if context is not None else None,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                # Nobody's word is taken for where a request came from.
                proxy_headers=False,
                lifespan="off",
                timeout_graceful_shutdown=SECONDS_TO_FINISH,
            ),
            when_listening,
        )
        await server.serve(sockets=[listener])


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Make the server's side of TLS, or say which file does not fit."""
    if settings.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A peer may not choose the weakest suite both know, nor begin the handshake anew in between.
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (ssl.SSLError, OSError) as error:
        give_up(f"GATEWAY_TLS_CERTIFICATE, GATEWAY_TLS_KEY: they cannot be used: {error}.", 2)
    if settings.tls_client_ca is not None:
        try:
            context.load_verify_locations(settings.tls_client_ca)
        except (ssl.SSLError, OSError) as error:
            give_up(f"GATEWAY_TLS_CLIENT_CA: it cannot be used: {error}.", 2)
    context.verify_mode = {
        "off": ssl.CERT_NONE,
        "optional": ssl.CERT_OPTIONAL,
        "required": ssl.CERT_REQUIRED,
    }[settings.tls_client_certificate]
    return context


@contextlib.asynccontextmanager
async def _feed(settings: Settings, service: Service) -> AsyncIterator[None]:
    """Listen for the HL7 v2 patient identity feed where it is switched on."""
    if not settings.mllp_port:
        yield
        return
    from gateway.actors.patient_identity_consumer import PatientIdentityConsumer
    from gateway.feed.mllp import serve as serve_mllp
    from gateway.feed.patient_identity_feed import PatientIdentityFeed

    handler = PatientIdentityFeed(
        PatientIdentityConsumer(service.inside.patients),
        service.clock,
        codes=service.profile.conventions.identity,
    )
    async with contextlib.AsyncExitStack() as feed:
        try:
            await feed.enter_async_context(
                serve_mllp(settings.mllp_host, settings.mllp_port, handler)
            )
        except OSError as error:
            give_up(
                f"GATEWAY_MLLP_PORT: cannot listen on {settings.mllp_host}, port "
                f"{settings.mllp_port}: {os.strerror(error.errno or 0)}."
            )
        yield


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it listens and whose stop by a signal is no failure."""

    def __init__(self, config: uvicorn.Config, when_listening: Callable[[], Awaitable[None]]):
        super().__init__(config)
        self._when_listening = when_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then tell so."""
        await super().startup(sockets=sockets)
        if self.started:
            await self._when_listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM; at a second one without waiting for answers under way.

        uvicorn's own way raises the signal once more when it is done, which ends the process as
        killed: a service manager would report every regular stop as a failure.
        """
        loop = asyncio.get_running_loop()
        stops = (signal.SIGINT, signal.SIGTERM)
        for stop in stops:
            loop.add_signal_handler(stop, self._stop)
        try:
            yield
        finally:
            for stop in stops:
                loop.remove_signal_handler(stop)

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def _listen(settings: Settings) -> socket.socket:
    """Take the address, or say which setting to change."""
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except socket.gaierror:
        give_up(f"GATEWAY_HOST: {host} is not an address of this machine.")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            give_up(
                f"GATEWAY_PORT: port {port} of {host} is in use by another program.\n"
                f"Choose another: GATEWAY_PORT={port % 65535 + 1}, or --port 0 for any free one."
            )
        if error.errno == errno.EACCES:
            give_up(f"GATEWAY_PORT: port {port} needs rights this process does not have.")
        give_up(f"GATEWAY_HOST: cannot listen on {host}: {error.strerror}.")
    listener.setblocking(False)
    return listener


_NOBODY = (
    "Requests need a token or an assertion of those GATEWAY_TRUST names. For trials on this\n"
    "machine, GATEWAY_DEVELOPMENT_AUTHORITY=on lets gateway token and gateway assertion make them."
)


def banner(settings: Settings) -> RenderableType:
    """Show where the gateway answers and what to try first.

    Print it with ``soft_wrap=True``: a command broken over two lines cannot be pasted.
    """
    base = settings.base_url
    doors = [
        ("FHIR", f"{base}/fhir"),
        ("XDS registry", f"{base}/xds/registry?wsdl"),
        ("XDS repository", f"{base}/xds/repository?wsdl"),
        ("Health", f"{base}/health/ready"),
    ]
    if settings.mllp_port:
        doors.append(("HL7 v2 feed", f"{settings.mllp_host}:{settings.mllp_port} (MLLP)"))
    head = Text.assemble(
        "\nFHIR / XDS gateway ",
        (__version__, "bold"),
        f", profile {settings.profile}, data in {_short(settings.data)}\n",
    )
    lines = [Text(f"  {name:<16}{address}") for name, address in doors]
    to_try = (*preparation(settings), *invitations(settings))
    lines.append(Text("\nTry, in another terminal:" if to_try else f"\n{_NOBODY}"))
    for invitation in to_try:
        lines.append(Text(f"\n  # {invitation.shows}", style="dim"))
        lines.append(Text(f"  {invitation.command}"))
    return Group(head, *lines, Text("\nCtrl-C stops the gateway.\n"))


def _short(path: Path) -> str:
    return str(path) if path.is_absolute() else f"./{path}"
