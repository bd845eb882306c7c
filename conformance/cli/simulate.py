"""``conformance simulate``: peers to develop against, well behaved or not."""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from conformance.cli import FAILED, PASSED, CannotBeDone

_DESCRIPTION = """\
Stand in for a peer, so that software can be developed without one.

  server     a Document Registry at /registry and a Document Repository at /repository, in memory
  source     submits one document to a repository [ITI-41]
  consumer   finds a patient's documents [ITI-18], retrieves them [ITI-43] and compares their hashes

--fault makes the peer wrong in one way; it may be repeated. `conformance simulate --faults` lists
them. A server asks nobody who comes, listens on this machine only and forgets everything.
"""

_EXAMPLES = """\
examples:
  conformance simulate server --port 9090
  conformance simulate server --fault late --seconds 20
  conformance simulate server --fault other-document
  conformance simulate source --repository http://127.0.0.1:9090/repository
  conformance simulate source --repository http://127.0.0.1:8080/xds/repository --fault wrong-hash
  conformance simulate consumer --registry http://127.0.0.1:9090/registry \\
      --repository http://127.0.0.1:9090/repository --patient 'SIM-1^^^&2.999.1.1&ISO'

exit status: 0 it went as it should, 1 the other side refused, 2 wrong use.
"""

PATIENT = "SIM-1^^^&2.999.1.1&ISO"


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("peer", nargs="?", choices=("server", "source", "consumer"))
    parser.add_argument("--faults", action="store_true", help="list what a peer can do wrong")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="be wrong so")
    serving = parser.add_argument_group("server")
    serving.add_argument("--host", default="127.0.0.1", help="a loopback address")
    serving.add_argument("--port", type=int, default=9090, metavar="NUMBER", help="0 takes any")
    serving.add_argument(
        "--seconds", type=float, default=30.0, help="of the faults late and slow (default: 30)"
    )
    calling = parser.add_argument_group("source and consumer")
    calling.add_argument("--registry", metavar="URL", help="to ask")
    calling.add_argument("--repository", metavar="URL", help="to send to, or retrieve from")
    calling.add_argument("--patient", default=PATIENT, metavar="CX", help=f"(default: {PATIENT})")
    calling.add_argument("--document", metavar="FILE", help="what the source sends")
    calling.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS")


def execute(options: Namespace) -> int:
    """Be the peer."""
    if options.faults:
        return _list()
    if options.peer == "server":
        return _serve(options)
    if options.peer in ("source", "consumer"):
        return _call(options)
    raise CannotBeDone("say which peer: server, source or consumer; --help explains them")


def _list() -> int:
    from conformance.simulators.faults import FAULTS
    from conformance.simulators.peers import SOURCE_FAULTS

    print("A server that")
    for name, fault in FAULTS.items():
        print(f"  {name:<20} {fault.about}")
    print("A source that")
    for name, about in SOURCE_FAULTS.items():
        print(f"  {name:<20} {about}")
    return PASSED


def _serve(options: Namespace) -> int:
    import asyncio

    from conformance.simulators.serving import LOOPBACK, serve_peer

    if options.host not in LOOPBACK:
        raise CannotBeDone(
            f"--host: the simulator asks nobody who comes, so it listens on {', '.join(LOOPBACK)}"
        )
    _known(options.fault, "server")
    try:
        asyncio.run(
            serve_peer(
                options.host,
                options.port,
                tuple(options.fault),
                options.seconds,
                clock=_dtm,
                told=lambda line: print(line, flush=True),
            )
        )
    except OSError as error:
        raise CannotBeDone(f"{options.host}:{options.port}: {error.strerror or error}") from None
    except KeyboardInterrupt:
        print("The simulator has stopped.", file=sys.stderr)
    return PASSED


def _call(options: Namespace) -> int:
    import httpx

    from conformance.simulators.peers import SoapFault, consume, provide
    from gateway.codecs.xml import XmlRefused

    if not options.repository or (options.peer == "consumer" and not options.registry):
        doors = "--repository" if options.peer == "source" else "--registry and --repository"
        raise CannotBeDone(f"a {options.peer} needs {doors}")
    _known(options.fault, options.peer)
    if len(options.fault) > 1:
        raise CannotBeDone("--fault: a source is wrong in one way at a time")
    try:
        with httpx.Client(timeout=options.timeout, trust_env=False) as client:
            if options.peer == "consumer":
                told = consume(client, options.registry, options.repository, options.patient)
            else:
                document = _document(options.document)
                fault = options.fault[0] if options.fault else ""
                told = provide(client, options.repository, options.patient, _dtm(), document, fault)
    except (SoapFault, XmlRefused) as fault:
        print(f"refused: {fault}")
        return FAILED
    except httpx.HTTPError as error:
        print(f"no answer: {type(error).__name__} {error}".strip())
        return FAILED
    print("\n".join(told.lines))
    return PASSED if told.good else FAILED


def _known(faults: list[str], peer: str) -> None:
    from conformance.simulators.faults import FAULTS
    from conformance.simulators.peers import SOURCE_FAULTS

    known = {"server": list(FAULTS), "source": list(SOURCE_FAULTS)}.get(peer, [])
    for name in faults:
        if name not in known:
            there = ", ".join(known) or "none"
            raise CannotBeDone(f"--fault: a {peer} has no fault {name}; there are {there}")


def _document(name: str | None) -> bytes:
    if name is None:
        return f"A letter of the simulated source, {_dtm()}.\r\n".encode()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CannotBeDone(f"--document: {name}: {error.strerror}") from None


def _dtm() -> str:
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S")
