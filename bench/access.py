"""What consent costs a search: the gateway with and without it, in one run, on the same data.

Both servers ask for credentials and keep an audit event for every answer; only one decides by
rules and shows each asker what is there for him. They are measured in short turns
(:mod:`bench.turns`).

Source:
    Issue 4: at most 15 % of FindDocuments throughput.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.load import Measured, http_request
from bench.messages import AUTHORITY, QUERY, SOAP, message_ids, query_template
from bench.servers import gateway
from bench.turns import Check, Load, in_turns
from gateway.model import choices as c
from gateway.model.datatypes import DateTime, Identifier
from gateway.profile import Profile, read_profile
from gateway.security.authority import DevelopmentAuthority, Wish
from gateway.security.opening import open_authority
from gateway.security.saml.writing import write_security_header
from gateway.settings import shipped
from gateway.translators.consents import to_consent

LOADS = 4
"""How often as long as another row each side is measured."""

TURN = 0.25
"""Seconds of one turn: searches are answered in a tenth of it."""

DOCTOR = Identifier.of("DOC-0008", "2.999.1.2")
REQUIRED = {"GATEWAY_AUTH": "required", "GATEWAY_DEVELOPMENT_AUTHORITY": "on"}
FHIR = {"content-type": "application/fhir+json"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One transaction with and without consent."""

    name: str
    with_consent: Measured
    cpu: float
    peak: float
    cost: float
    cpu_cost: float


@cache
def _profile() -> Profile:
    return read_profile("ihe", shipped("profiles"))


def prepare(port: int, patients: list[str]) -> None:
    """Announce patients who authorise the professional that asks, on a server that trusts all."""
    holder = c.Holder(kind=c.HolderKind.PROFESSIONAL, identifier=DOCTOR)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for name in patients:
            system = f"urn:oid:{AUTHORITY}"
            patient = {
                "resourceType": "Patient",
                "identifier": [{"system": system, "value": name}],
            }
            known = http.put(
                "/fhir/Patient",
                params={"identifier": f"{system}|{name}"},
                json=patient,
                headers=FHIR,
            )
            if not known.is_success:
                raise SystemExit(f"preparing failed: {known.text}")
            decide(http, name, c.Authorise(holder=holder))


def decide(http: httpx.Client, patient: str, choice: c.Choice) -> None:
    """Let a patient make a choice, on a server that trusts all."""
    statement = c.Statement(
        patient_id=Identifier.of(patient, AUTHORITY),
        date_time=DateTime("20250110"),
        organization=Identifier.of("CLINIC-1", "2.999.1.3"),
        source="DocumentReference/signed",
        choices=(choice,),
    )
    resource = to_consent(statement, _profile()).value
    decided = http.post("/fhir/Consent", json=resource, headers=FHIR)
    if not decided.is_success:
        raise SystemExit(f"preparing failed: {decided.text[:500]}")


def compare(
    data: Path, patients: list[bytes], seconds: float, connections: int, rows: set[str]
) -> list[Compared]:
    """Measure searches of these patients' records with and without consent."""
    other = data.with_name(data.name + "-without")
    shutil.copytree(data, other)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, other, ignore_errors=True)
        guarded = stack.enter_context(gateway(data, REQUIRED))
        without = stack.enter_context(gateway(other, REQUIRED, module="bench.unguarded"))
        found = []
        for name in ("consent18", "consent67"):
            if name not in rows:
                continue
            asking = _soap if name == "consent18" else _fhir
            sides = [
                (guarded, asking(authority_of(data), patients)),
                (without, asking(authority_of(other), patients)),
            ]
            found.append(_compared(name, sides, seconds, connections))
        return found


def authority_of(data: Path) -> DevelopmentAuthority:
    """Give what mints credentials for a server on this data folder."""
    profile = _profile()
    people = shipped("samples") / "people.toml"
    return open_authority(profile, data, people, int(time.time()))


def _soap(authority: DevelopmentAuthority, patients: list[bytes]):  # type: ignore[no-untyped-def]
    """FindDocuments with an assertion each patient's requests share, as a session would."""
    person = authority.people["doctor-b"]
    template = query_template()
    content_type = SOAP.format(action=QUERY)
    now = int(time.time())
    made = {
        patient: write_security_header(
            authority.assertion(
                person,
                Wish(patient=Identifier.of(patient.decode(), AUTHORITY).text),
                now,
            )
        )
        for patient in patients
    }

    def requests(connection: int) -> Iterator[bytes]:
        patient = itertools.cycle(patients[connection:] + patients[:connection])
        for message in message_ids():
            one = next(patient)
            body = template.fill(b"", one, message)
            body = with_header(body, made[one])
            yield http_request("POST", "/xds/registry", body, content_type)

    return requests, b"ExtrinsicObject"


def _fhir(authority: DevelopmentAuthority, patients: list[bytes]):  # type: ignore[no-untyped-def]
    """The same search over FHIR, with one token."""
    person = authority.people["doctor-b"]
    token = authority.token(person, Wish(), int(time.time()))
    paths = [
        "/fhir/DocumentReference?status=current&patient.identifier="
        + quote(f"urn:oid:{AUTHORITY}|{patient.decode()}")
        for patient in patients
    ]

    def requests(connection: int) -> Iterator[bytes]:
        for path in itertools.cycle(paths[connection:] + paths[:connection]):
            yield get_as(token, path)

    return requests, b'"searchset"'


def get_as(token: str, path: str) -> bytes:
    """A FHIR request with a token."""
    request = http_request("GET", path, accept="application/fhir+json")
    return request[:-2] + f"authorization: Bearer {token}\r\n\r\n".encode()


def with_header(envelope: bytes, block: bytes) -> bytes:
    """A message with one more header block, such as an assertion."""
    return envelope.replace(b"<s:Header>", b"<s:Header>" + block, 1)


def _compared(name, sides, seconds: float, connections: int) -> Compared:  # type: ignore[no-untyped-def]
    def check_for(marker: bytes) -> Check:
        def check(status: int, body: bytes) -> str | None:
            good = status == 200 and marker in body
            return None if good else f"HTTP {status}: {body[:300]!r}"

        return check

    loads = [
        Load(server, requests, check_for(marker), connections)
        for server, (requests, marker) in sides
    ]
    # Once before, unmeasured: that somebody comes to a record for the first time is noted once, and
    # its patient told.
    guarded, without = in_turns(loads, LOADS * seconds, turn=TURN, warm=seconds)
    for one in (guarded, without):
        if one.measured.failures:
            raise SystemExit(f"{name}: {one.measured.failures[0]}")
    return Compared(
        name,
        guarded.measured,
        guarded.processor / guarded.measured.seconds,
        loads[0].server.peak_mib(),
        cost=1 - guarded.measured.rate / without.measured.rate,
        cpu_cost=1 - without.each / guarded.each,
    )
