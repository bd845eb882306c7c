"""``python -m bench.profile MODE N [ORDER]``: processor time of one request, without HTTP.

The application is called in this process, so that the clock that counts is the processor's and a
busy machine matters little. Each round measures bare parsing of the ITI-42 message as well; the
ratio of the two is the figure to compare. Of ``consent18`` and ``consent67`` each round measures
the same request with credentials and audit, but without rules (see bench/unguarded.py). With an
order (``tottime``, ``cumtime``) the functions that take the time are listed instead.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from lxml import etree

from bench import access
from bench.bare import _PARSER
from bench.messages import (
    AUTHORITY,
    QUERY,
    REGISTER,
    SOAP,
    bundle_template,
    provide_parts,
    query_template,
    register_template,
)
from bench.unguarded import unguarded
from gateway.model import choices as c
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient
from gateway.security.authority import Wish
from gateway.security.saml.writing import write_security_header
from gateway.service import Service, open_service
from gateway.settings import read_settings
from gateway.web.app import create_app

MODES = ("bare", "42", "18", "18many", "67", "67many", "41", "41large", "65", "all")
CONSENT = ("consent18", "consent67")
"""The same searches by a professional the patient authorised, with the rules and without."""

_SIDE_BY_SIDE = 16
_PATIENTS, _MANY = 100, 10
_WHOLE = 64 * 1024

Scope = dict[str, Any]
Job = Callable[[int], Awaitable[None]]


def scope_of(
    method: str, path: str, content_type: str = "", query: bytes = b"", accept: bytes = b""
) -> Scope:
    """What the server would say of a request."""
    headers = []
    if content_type:
        headers.append((b"content-type", content_type.encode()))
    if accept:
        headers.append((b"accept", accept))
    return {
        "type": "http",
        "method": method,
        "path": path,
        "headers": headers,
        "query_string": query,
        "scheme": "http",
    }


async def call(app: Any, scope: Scope, body: bytes = b"") -> bytes:
    """Ask the application as the server does; give the answer's body."""
    answer: list[bytes] = []
    pieces = [body[at : at + _WHOLE] for at in range(0, len(body), _WHOLE)] or [b""]
    pieces.reverse()

    async def receive() -> dict[str, Any]:
        piece = pieces.pop()
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        if "body" in message:
            answer.append(message["body"])

    await app(scope, receive, send)
    return b"".join(answer)


def _message(number: int) -> bytes:
    return b"5b0a7d6e-0000-4000-8000-%012d" % number


class Requests:
    """The requests of the benchmark, one method a transaction."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._one = register_template(1)
        self._query = query_template()
        self._register_type = SOAP.format(action=REGISTER)
        self._query_type = SOAP.format(action=QUERY)
        self._count = 0

    async def seed(self) -> None:
        """Register what the queries find."""
        for entries, patients, letter in ((10, _PATIENTS, b"T"), (100, _MANY, b"M")):
            template = register_template(entries)
            for number in range(patients):
                self._count += 1
                body = template.fill(
                    b"8.%d" % self._count, letter + b"%d" % number, _message(number)
                )
                scope = scope_of("POST", "/xds/registry", self._register_type)
                assert b"Success" in await call(self._app, scope, body)

    async def bare(self, number: int) -> None:
        """Parse the ITI-42 message and do nothing else."""
        etree.fromstring(
            self._one.fill(b"9.%d" % (number + 1), b"W%d" % (number % 500), _message(number)),
            _PARSER,
        )

    async def register(self, number: int) -> None:
        """ITI-42 with one entry."""
        self._count += 1
        body = self._one.fill(b"9.%d" % self._count, b"W%d" % (number % 500), _message(number))
        scope = scope_of("POST", "/xds/registry", self._register_type)
        assert b"Success" in await call(self._app, scope, body)

    def query(self, patients: int, letter: bytes) -> Job:
        """ITI-18 that finds 10 or 100 entries."""

        async def job(number: int) -> None:
            patient = letter + b"%d" % (number % patients)
            scope = scope_of("POST", "/xds/registry", self._query_type)
            assert b"Success" in await call(
                self._app, scope, self._query.fill(b"", patient, _message(number))
            )

        return job

    def search(self, patients: int, letter: str) -> Job:
        """ITI-67 that finds 10 or 100 entries."""

        async def job(number: int) -> None:
            query = (
                f"patient.identifier=urn:oid:{AUTHORITY}%7C{letter}{number % patients}"
                "&status=current&_count=100"
            )
            scope = scope_of(
                "GET",
                "/fhir/DocumentReference",
                query=query.encode(),
                accept=b"application/fhir+json",
            )
            assert b"searchset" in await call(self._app, scope)

        return job

    def provide(self, size: int) -> Job:
        """ITI-41 with one document of some octets."""
        content = os.urandom(size)
        content_type, before, ending = provide_parts(size, content)

        async def job(number: int) -> None:
            self._count += 1
            body = before.fill(b"7.%d" % self._count, b"W%d" % (number % 500), _message(number))
            scope = scope_of("POST", "/xds/repository", content_type)
            assert b"Success" in await call(self._app, scope, body + ending)

        return job

    def publish(self) -> Job:
        """ITI-65 with one 20 KB document."""
        template = bundle_template(os.urandom(20 * 1024))

        async def job(number: int) -> None:
            self._count += 1
            body = template.fill(b"6.%d" % self._count, b"W%d" % (number % 500), b"")
            scope = scope_of("POST", "/fhir", "application/fhir+json")
            assert b"201 Created" in await call(self._app, scope, body)

        return job

    def job(self, mode: str) -> Job:
        """The job of a mode."""
        match mode:
            case "bare":
                return self.bare
            case "42":
                return self.register
            case "18":
                return self.query(_PATIENTS, b"T")
            case "18many":
                return self.query(_MANY, b"M")
            case "67":
                return self.search(_PATIENTS, "T")
            case "67many":
                return self.search(_MANY, "M")
            case "41":
                return self.provide(20 * 1024)
            case "65":
                return self.publish()
            case "41large":
                return self.provide(1024 * 1024)
        raise ValueError(mode)


class Guarded:
    """Searches by a professional whom the patients authorised."""

    def __init__(self, app: Any, data: Path, patients: list[str]) -> None:
        self._app = app
        self._patients = patients
        authority, now = access.authority_of(data), int(time.time())
        doctor = authority.people["doctor-b"]
        self._token = authority.token(doctor, Wish(), now)
        self._assertions = [
            write_security_header(
                authority.assertion(doctor, Wish(patient=Identifier.of(name, AUTHORITY).text), now)
            )
            for name in patients
        ]
        self._query = query_template()

    def job(self, mode: str) -> Job:
        """The job of a mode."""
        return self._search if mode == "consent67" else self._ask

    async def _search(self, number: int) -> None:
        patient = self._patients[number % len(self._patients)]
        query = f"status=current&patient.identifier=urn:oid:{AUTHORITY}%7C{patient}"
        scope = scope_of(
            "GET", "/fhir/DocumentReference", query=query.encode(), accept=b"application/fhir+json"
        )
        scope["headers"].append((b"authorization", b"Bearer " + self._token.encode()))
        assert b'"total":10' in await call(self._app, scope)

    async def _ask(self, number: int) -> None:
        at = number % len(self._patients)
        body = self._query.fill(b"", self._patients[at].encode(), _message(number))
        body = body.replace(b"<s:Header>", b"<s:Header>" + self._assertions[at], 1)
        scope = scope_of("POST", "/xds/registry", SOAP.format(action=QUERY))
        assert b"Success" in await call(self._app, scope, body)


async def authorise(service: Service, patients: list[str]) -> None:
    """Let the professional who will ask read these records."""
    for name in patients:
        whose = Identifier.of(name, AUTHORITY)
        await service.inside.patients.put(Patient(logical_id=name, identifiers=(whose,)))
        holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=access.DOCTOR)
        for choice in (c.Open(), c.Authorise(holder=holder)):
            await service.inside.consents.file(c.Statement(patient_id=whose, choices=(choice,)))


async def window(job: Job, count: int) -> float:
    """Do a job so many times, some side by side; give the processor's microseconds of one."""

    async def worker(first: int) -> None:
        for number in range(first, count, _SIDE_BY_SIDE):
            await job(number)

    before = time.process_time()
    await asyncio.gather(*(worker(first) for first in range(_SIDE_BY_SIDE)))
    return (time.process_time() - before) / count * 1e6


async def measure(mode: str, count: int, rounds: int, order: str | None) -> None:
    """Measure a mode, or all, or say what its time goes to."""
    with tempfile.TemporaryDirectory() as data:
        settings = read_settings({"data": data})
        async with open_service(settings) as service:
            requests = Requests(create_app(service))
            await requests.seed()
            if order is not None:
                job = requests.job(mode)
                await window(job, count // 4 + 1)
                profiler = cProfile.Profile(time.thread_time)
                profiler.enable()
                await window(job, count)
                profiler.disable()
                pstats.Stats(profiler, stream=sys.stdout).sort_stats(order).print_stats(60)
                return
            modes = [m for m in MODES if m not in ("all", "bare")] if mode == "all" else [mode]
            jobs = {m: requests.job(m) for m in modes}
            figures: dict[str, list[tuple[float, float]]] = {m: [] for m in modes}
            for _ in range(rounds):
                for name, job in jobs.items():
                    of_mode = count // 10 if "large" in name or "many" in name else count
                    bare = await window(requests.bare, count)
                    took = await window(job, of_mode)
                    bare = (bare + await window(requests.bare, count)) / 2
                    figures[name].append((took / bare, took))
            for name, found in figures.items():
                ratio, took = sorted(found)[len(found) // 2]
                least = min(t for _, t in found)
                print(
                    f"{name:8} {ratio:6.2f} x bare   {took:8.0f} us (least {least:.0f}); "
                    f"with 100 us of HTTP on both sides: {took / ratio + 100:.0f}/{took + 100:.0f}"
                    f" = {(took / ratio + 100) / (took + 100):.2f}"
                )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process {peak:.0f} MiB")


async def measure_consent(mode: str, count: int, rounds: int, order: str | None) -> None:
    """Measure what the rules cost a search, or say what its time goes to."""
    with tempfile.TemporaryDirectory() as data:
        trusting = read_settings({"data": data})
        patients = [f"T{n}" for n in range(_PATIENTS)]
        async with open_service(trusting) as service:
            requests = Requests(create_app(service))
            await requests.seed()
            await authorise(service, patients)
        asking = read_settings({"data": data, "auth": "required", "development_authority": "on"})
        async with open_service(asking) as service:
            job = Guarded(create_app(service), Path(data), patients).job(mode)
            await window(job, 2 * _PATIENTS)
            if order is not None:
                profiler = cProfile.Profile(time.thread_time)
                profiler.enable()
                await window(job, count)
                profiler.disable()
                pstats.Stats(profiler, stream=sys.stdout).sort_stats(order).print_stats(70)
                return
            costs: list[tuple[float, float, float]] = []
            for _ in range(rounds):
                with unguarded():
                    before = await window(job, count)
                took = await window(job, count)
                with unguarded():
                    without = (before + await window(job, count)) / 2
                costs.append((1 - without / took, took, without))
            middle = sorted(costs)[len(costs) // 2][0]
            # What another process takes away is added to both, so that the least tells most.
            took, without = (min(one[at] for one in costs) for at in (1, 2))
            print(
                f"{mode:10} least {took:6.0f} us with rules, {without:6.0f} us without: "
                f"{1 - without / took:.1%}; median of {rounds} rounds {middle:.1%}; "
                f"with 100 us of HTTP on both sides {1 - (without + 100) / (took + 100):.1%}"
            )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="bench.profile", description=__doc__)
    parser.add_argument("mode", choices=(*MODES, *CONSENT))
    parser.add_argument("count", type=int, nargs="?", default=500)
    parser.add_argument("order", nargs="?", help="tottime or cumtime: list functions instead")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measuring = measure_consent if options.mode in CONSENT else measure
    uvloop.run(measuring(options.mode, options.count, options.rounds, options.order))


if __name__ == "__main__":
    main()
