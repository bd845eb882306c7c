"""``python -m bench``: measure the gateway against the bare endpoint, in one session.

Each row is a transaction under load: requests a second, latency, the server's processor share and
peak memory, and two ratios. The first is to the bare endpoint parsing the 17 KB ITI-42 message,
the yardstick of every row; the second, for SOAP queries and ITI-65, to the bare endpoint parsing
that row's own request. The gateway and the bare endpoint take turns of half a second,
because shared machines drift.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import itertools
import os
import platform
import resource
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from bench.big import send_large
from bench.load import Measured, http_request, run
from bench.messages import (
    AUTHORITY,
    QUERY,
    REGISTER,
    SOAP,
    Template,
    bundle_template,
    message_ids,
    provide_parts,
    query_template,
    register_template,
)
from bench.servers import Server, bare, gateway
from bench.turns import Check, Load, Requests, in_turns

SMALL, MANY = 10, 100
DOCUMENT = b"<ClinicalDocument>" + b"x" * (20 * 1024 - 18)
MEGABYTE = os.urandom(1024 * 1024)


@dataclass(slots=True)
class Row:
    """One line of the table."""

    name: str
    measured: Measured
    cpu: float
    peak: float
    ratio: float | None = None
    own_ratio: float | None = None
    note: str = ""


def check_for(*markers: bytes) -> Check:
    """A check that an answer is a 200 that holds each marker."""

    def check(status: int, body: bytes) -> str | None:
        if status in (200, 206) and all(m in body for m in markers):
            return None
        return f"HTTP {status}: {body[:200]!r}"

    return check


def uids(name: str) -> Callable[[int], Iterator[bytes]]:
    """Unique id tails for a run: connection and count make them differ."""
    stamp = datetime.datetime.now().strftime("%m%d%H%M%S")
    tag = sum(name.encode())

    def of(connection: int) -> Iterator[bytes]:
        for count in itertools.count(1):
            yield f"{stamp}.{tag}.{connection + 1}.{count}".encode()

    return of


def soap_requests(
    template: Template, action: str, path: str, patients: list[bytes], name: str
) -> Requests:
    """Requests of a template, each with new ids, going through the patients."""
    content_type = SOAP.format(action=action)
    fresh = uids(name)

    def requests(connection: int) -> Iterator[bytes]:
        patient = itertools.cycle(patients[connection:] + patients[:connection])
        for uid, message in zip(fresh(connection), message_ids(), strict=False):
            body = template.fill(uid, next(patient), message)
            yield http_request("POST", path, body, content_type)

    return requests


def provide_requests(content: bytes, patients: list[bytes], name: str) -> Requests:
    """ITI-41 requests with one document."""
    content_type, before, ending = provide_parts(len(content), content)
    fresh = uids(name)

    def requests(connection: int) -> Iterator[bytes]:
        patient = itertools.cycle(patients)
        for uid, message in zip(fresh(connection), message_ids(), strict=False):
            body = before.fill(uid, next(patient), message) + ending
            yield http_request("POST", "/xds/repository", body, content_type)

    return requests


def bundle_requests(content: bytes, patients: list[bytes], name: str) -> Requests:
    """ITI-65 requests with one document."""
    template = bundle_template(content)
    fresh = uids(name)

    def requests(connection: int) -> Iterator[bytes]:
        patient = itertools.cycle(patients)
        for uid in fresh(connection):
            body = template.fill(uid, next(patient), b"")
            yield http_request("POST", "/fhir", body, "application/fhir+json")

    return requests


def fhir_requests(patients: list[bytes], count: int) -> Requests:
    """ITI-67 searches, going through the patients."""

    def requests(connection: int) -> Iterator[bytes]:
        for patient in itertools.cycle(patients[connection:] + patients[:connection]):
            path = (
                "/fhir/DocumentReference?patient.identifier=urn:oid:"
                f"{AUTHORITY}%7C{patient.decode()}&status=current&_count={count}"
            )
            yield http_request("GET", path, accept="application/fhir+json")

    return requests


class Session:
    """One measurement of everything."""

    def __init__(self, server: Server, bare_server: Server, seconds: float, connections: int):
        self.server = server
        self.bare = bare_server
        self.seconds = seconds
        self.connections = connections
        self.rows: list[Row] = []

    def load(
        self,
        server: Server,
        requests: Requests,
        check: Check,
        *,
        connections: int | None = None,
        seconds: float | None = None,
    ) -> tuple[Measured, float, float]:
        """Run a load; give what was measured, the server's processor share and peak memory."""
        server.forget_peak()
        before = server.cpu_seconds()
        measured = uvloop.run(
            run(
                server.port,
                requests,
                check,
                connections=connections or self.connections,
                seconds=seconds or self.seconds,
            )
        )
        cpu = (server.cpu_seconds() - before) / measured.seconds
        return measured, cpu, server.peak_mib()

    def row(
        self,
        name: str,
        requests: Requests,
        check: Check,
        yardstick: Requests,
        own: Requests | None = None,
        connections: int | None = None,
    ) -> Row:
        """Measure one transaction in turns with the bare endpoint."""
        parsed = check_for(b"<ok/>")
        loads = [
            Load(self.server, requests, check, connections or self.connections),
            *(Load(self.bare, one, parsed, self.connections) for one in (yardstick, own) if one),
        ]
        self.server.forget_peak()
        turned, bare, *of_own = in_turns(loads, self.seconds)
        measured = turned.measured
        row = Row(name, measured, turned.processor / measured.seconds, self.server.peak_mib())
        row.ratio = measured.rate / bare.measured.rate
        row.own_ratio = measured.rate / of_own[0].measured.rate if of_own else None
        failures = [f for one in (turned, bare, *of_own) for f in one.measured.failures]
        if failures:
            row.note = "FAILED: " + failures[0][:160]
        self.rows.append(row)
        return row


def seed(session: Session, patients: list[bytes], entries: int) -> None:
    """Register submissions of so many entries, one for each patient."""
    template = register_template(entries)
    content_type = SOAP.format(action=REGISTER)
    shared = iter(patients)
    fresh = uids(f"seed{entries}")(0)

    def requests(connection: int) -> Iterator[bytes]:
        for patient in shared:
            body = template.fill(next(fresh), patient, b"5b0a7d6e-0000-4000-8000-000000000000")
            yield http_request("POST", "/xds/registry", body, content_type)

    measured, _, _ = session.load(
        session.server, requests, check_for(b"Success"), seconds=600, connections=8
    )
    if measured.failures:
        raise SystemExit(f"seeding failed: {measured.failures[0]}")


def measure(options: argparse.Namespace, console: Console) -> list[Row]:
    """Measure every transaction asked for."""
    wanted = set(options.rows.split(",")) if options.rows else None

    def asked(name: str) -> bool:
        return wanted is None or name in wanted

    rows: list[Row] = []
    if asked("cda"):
        rows.append(measure_description(options.seconds))
    if asked("fhir"):
        rows.append(measure_validation(options.seconds))
    if asked("consent"):
        rows += measure_decisions(options.seconds)
    if wanted is not None and (costs := wanted & {"consent18", "consent67"}):
        rows += measure_consent(options, costs)
    if wanted is not None and "timing" in wanted:
        rows += measure_timing(options)
    if asked("xds"):
        rows.append(measure_metadata(options.seconds))
    if asked("command"):
        rows.append(measure_command(options.seconds))
    if wanted is not None and not wanted - WITHOUT_SERVER:
        return rows
    with (
        tempfile.TemporaryDirectory(dir=options.data) as data,
        bare() as bare_server,
        gateway(Path(data)) as server,
    ):
        session = Session(server, bare_server, options.seconds, options.connections)
        few = [f"S{n}".encode() for n in range(options.patients)]
        many = [f"M{n}".encode() for n in range(max(1, options.patients // 10))]
        console.print("seeding …")
        seed(session, few, SMALL)
        seed(session, many, MANY)
        fresh = [f"W{n}".encode() for n in range(1000)]
        registering = soap_requests(register_template(), REGISTER, "/xds/registry", fresh, "r")
        success = check_for(b"ResponseStatusType:Success")
        console.print("measuring …")
        if asked("42"):
            session.row("ITI-42, 1 entry", registering, success, registering)
            session.row("ITI-42, 1 client", registering, success, registering, connections=1)
        if asked("41"):
            small = provide_requests(DOCUMENT, fresh, "p")
            session.row("ITI-41, 20 KB", small, success, registering)
            large = provide_requests(MEGABYTE, fresh, "q")
            row = session.row("ITI-41, 1 MB", large, success, registering, connections=8)
            row.note = row.note or f"{row.measured.rate * len(MEGABYTE) / 1e6:.0f} MB/s"
        if asked("65"):
            publishing = bundle_requests(DOCUMENT, fresh, "b")
            created = check_for(b'"transaction-response"', b'"201 Created"')
            session.row("ITI-65, 20 KB", publishing, created, registering, own=publishing)
        if asked("18"):
            asking = soap_requests(query_template(), QUERY, "/xds/registry", few, "x")
            found = check_for(b"ResponseStatusType:Success", b"ExtrinsicObject")
            session.row("ITI-18, 10 entries", asking, found, registering, own=asking)
            asking = soap_requests(query_template(), QUERY, "/xds/registry", many, "x")
            session.row("ITI-18, 100 entries", asking, found, registering, own=asking)
        if asked("67"):
            total = check_for(b'"searchset"', b'"total":10')
            session.row("ITI-67, 10 entries", fhir_requests(few, 50), total, registering)
            total = check_for(b'"searchset"', b'"total":100')
            session.row("ITI-67, 100 entries", fhir_requests(many, 100), total, registering)
        if asked("43"):
            measure_retrieval(session, registering)
        rows += session.rows
    if asked("big"):
        # A server of its own: what its caches hold after the other rows is not this row's.
        with (
            tempfile.TemporaryDirectory(dir=options.data) as data,
            gateway(Path(data)) as server,
        ):
            rows += measure_large(server, options.large)
    return rows


def measure_consent(options: argparse.Namespace, wanted: set[str]) -> list[Row]:
    """Searches with and without consent, the cost as note."""
    from bench.access import compare, prepare

    patients = [f"C{n}".encode() for n in range(min(options.patients, 100))]
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        data = Path(folder) / "data"
        with gateway(data) as server:
            prepare(server.port, [p.decode() for p in patients])
            session = Session(server, server, options.seconds, options.connections)
            seed(session, patients, SMALL)
        compared = compare(data, patients, options.seconds, options.connections, wanted)
    return [
        Row(
            f"{one.name}, 10 entries",
            one.with_consent,
            one.cpu,
            one.peak,
            note=f"consent costs {one.cost:.1%} of throughput, {one.cpu_cost:.1%} of processor "
            "time; at most 15 % are allowed",
        )
        for one in compared
    ]


def measure_timing(options: argparse.Namespace) -> list[Row]:
    """What the time and size of an answer tell of a document that is masked, as note."""
    from bench.timing import TARGET, measure

    rows = []
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        for told in measure(Path(folder) / "data", options.pairs):
            note = (
                f"area under the curve {told.auc:.3f}, at most {TARGET} is allowed; of size "
                f"{told.size:.3f}; {told.slower:.1%} of pairs slower, {told.apart:+.0f} us apart"
            )
            measured = Measured(list(told.times), seconds=sum(told.times))
            rows.append(Row(f"{told.door}, hidden or unknown", measured, 0.0, 0.0, note=note))
    return rows


def measure_retrieval(session: Session, yardstick: Requests) -> None:
    """ITI-43 and ITI-68 of one hundred 20 KB documents."""
    from bench.retrieval import prepare

    retrieve, read = prepare(session.server.port, DOCUMENT)
    session.row("ITI-43, 20 KB", retrieve, check_for(b"Success", b"ClinicalDocument"), yardstick)
    session.row("ITI-68, 20 KB", read, check_for(b"ClinicalDocument"), yardstick)


def measure_description(seconds: float) -> Row:
    """Header to metadata, without a server."""
    from bench.cda import OCTETS, TARGET, describe

    measured, cpu = describe(seconds)
    name = f"CDA of {OCTETS // 1000} KB to metadata"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    median = measured.percentile(0.5)
    note = f"{median:.1f} ms; at most {TARGET:g} ms are allowed"
    if measured.failures:
        note = "FAILED: " + measured.failures[0][:160]
    return Row(name, measured, cpu, peak, note=note)


def measure_validation(seconds: float) -> Row:
    """A DocumentReference against its profile, without a server."""
    from bench.fhir import MOST, compare

    measured, cpu, ratio = compare(seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = f"{ratio:.2f} x the time of parsing it with fhir.resources; at most {MOST} is allowed"
    if measured.failures:
        note = "FAILED: " + measured.failures[0][:160]
    return Row("MHD DocumentReference, validation", measured, cpu, peak, note=note)


def measure_metadata(seconds: float) -> Row:
    """XDS metadata against the rules of a country, without a server."""
    from bench.metadata import TARGET, compare

    measured, cpu, ratio, octets = compare(seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = (
        f"{measured.percentile(0.5):.2f} ms, at best {min(measured.latencies) * 1000:.2f}; at most "
        f"{TARGET:g} ms are allowed; {ratio:.2f} x the time fhir.resources parses a resource"
    )
    if measured.failures:
        note = "FAILED: " + measured.failures[0][:160]
    return Row(f"XDS metadata of {octets / 1000:.0f} KB, rules", measured, cpu, peak, note=note)


def measure_command(seconds: float) -> Row:
    """The command of the conformance suite on one FHIR file, from typing to answer."""
    from bench.command import TARGET, answer

    measured, processor, peak = answer(seconds)
    median = measured.percentile(0.5) / 1000
    note = f"{median:.2f} s, {processor:.2f} s of processor; at most {TARGET:g} s are allowed"
    if measured.failures:
        note = "FAILED: " + measured.failures[0][:160]
    share = processor * len(measured.latencies) / measured.seconds
    return Row("conformance check, 1 FHIR file", measured, share, peak, note=note)


def measure_decisions(seconds: float) -> list[Row]:
    """Access rules, without a server; one request of the table is a thousand documents."""
    from bench.consent import TARGET, decisions

    rows = []
    for name, (measured, cpu, rate) in decisions(seconds).items():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        note = f"{rate:,.0f} documents/s of a core; at least {TARGET:,} are asked for"
        rows.append(Row(f"{name}, 1000 documents", measured, cpu, peak, note=note))
    return rows


def measure_large(server: Server, mebibytes: int) -> list[Row]:
    """One document of several hundred megabytes, three times."""
    rows = []
    for attempt in (1, 2, 3):
        server.forget_peak()
        before = server.cpu_seconds()
        uid = f"{datetime.datetime.now():%m%d%H%M%S}.9.{attempt}".encode()
        seconds, answer = send_large(server.port, mebibytes, uid)
        measured = Measured(latencies=[seconds], seconds=seconds)
        note = f"{mebibytes * 1.048576 / seconds:.0f} MB/s"
        if b"ResponseStatusType:Success" not in answer:
            note = f"FAILED: {answer[:200]!r}"
        rows.append(
            Row(
                f"ITI-41, {mebibytes} MiB ({attempt})",
                measured,
                (server.cpu_seconds() - before) / seconds,
                server.peak_mib(),
                note=note,
            )
        )
    return rows


WITHOUT_SERVER = frozenset(
    ("cda", "consent", "consent18", "consent67", "fhir", "xds", "command", "timing")
)
"""Rows that ask no server."""

HEADINGS = (
    "transaction",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "CPU",
    "peak MiB",
    "to bare",
    "to bare, own request",
    "note",
)


def cells(row: Row) -> tuple[str, ...]:
    """The columns of a row as text."""
    return (
        row.name,
        f"{row.measured.rate:,.1f}" if row.measured.rate < 10 else f"{row.measured.rate:,.0f}",
        f"{row.measured.percentile(0.5):.2f}",
        f"{row.measured.percentile(0.99):.2f}",
        f"{row.cpu:.0%}",
        f"{row.peak:.0f}",
        f"{row.ratio:.2f}" if row.ratio is not None else "",
        f"{row.own_ratio:.2f}" if row.own_ratio is not None else "",
        row.note,
    )


def machine() -> str:
    """What the figures were measured on."""
    model = "processor unknown"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return (
        f"{os.cpu_count()} cores ({model}), {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each load")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--patients", type=int, default=500, help="patients with 10 entries")
    parser.add_argument("--large", type=int, default=500, help="MiB of the large document")
    parser.add_argument(
        "--rows",
        help="some of 42,41,65,18,67,43,big,cda,consent,fhir,xds,command (all), consent18, "
        "consent67, timing",
    )
    parser.add_argument("--pairs", type=int, default=20_000, help="of the row timing, each door")
    parser.add_argument("--data", help="folder for the store; the system's temporary one")
    parser.add_argument("--write", type=Path, help="append the table to this Markdown file")
    options = parser.parse_args()
    console = Console(width=150)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    rows = measure(options, console)
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)
    console.print(machine())
    if options.write:
        lines = [
            f"\n## {datetime.date.today():%Y-%m-%d}\n",
            f"{machine()}; {options.connections} connections, {options.seconds:g} s a load, "
            "load generator on the same cores.\n",
            "| " + " | ".join(HEADINGS) + " |",
            "|" + "---|" * len(HEADINGS),
            *("| " + " | ".join(cells(r)) + " |" for r in rows),
        ]
        with options.write.open("a") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
