"""The feed, the commands and the SQLite directory together, in one data folder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from gateway.actors.patient_identity_consumer import PatientIdentityConsumer
from gateway.clock import SystemClock
from gateway.codecs.hl7v2 import Header, read_ack, write_adt
from gateway.feed.mllp import send, serve
from gateway.feed.patient_identity_feed import PatientIdentityFeed
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.patient import Patient
from gateway.service import open_directory
from gateway.settings import Settings
from gateway.transactions.patient_identity_feed import Event, PatientFeed
from tests.shared import ROOT
from tests.waiting import PATIENCE, held_port

OID = "2.999.1.3"
A, B, C = (Identifier.of(value, OID) for value in "ABC")


def message(*feeds: PatientFeed) -> bytes:
    header = Header(time="20260102", control_id="1", charset="UNICODE UTF-8")
    return write_adt(header, feeds)


def told(*identifiers: Identifier, **more: str) -> PatientFeed:
    return PatientFeed(event=Event.REGISTER, patient=Patient(identifiers=identifiers, **more))


def merged(subsumed: Identifier, surviving: Identifier) -> PatientFeed:
    patient = Patient(identifiers=(surviving,))
    return PatientFeed(event=Event.MERGE, patient=patient, merged_from=subsumed)


def exchange(folder: Path, *messages: bytes) -> tuple[list[str], tuple[Patient, ...]]:
    folder.mkdir(exist_ok=True)

    async def run() -> tuple[list[str], tuple[Patient, ...]]:
        codes = []
        async with open_directory(Settings(data=folder)) as patients:
            handler = PatientIdentityFeed(PatientIdentityConsumer(patients), SystemClock())
            async with serve("127.0.0.1", 0, handler) as server:
                for octets in messages:
                    ack = read_ack(await send("127.0.0.1", server.port, octets, seconds=PATIENCE))
                    codes.append(ack.code if ack else "")
            return codes, await patients.list()

    return asyncio.run(asyncio.wait_for(run(), 3 * PATIENCE))


def test_what_the_feed_tells_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    patient = Patient(
        identifiers=(A,),
        family="Žižková",
        given=("Jane", "Ann"),
        birth_date=DateTime("195605"),
        gender="F",
    )
    codes, _ = exchange(folder, message(PatientFeed(event=Event.ADMIT, patient=patient)))
    assert codes == ["AA"]
    codes, (kept,) = exchange(folder, message(told(A, B)), message(told(A, B)))
    assert codes == ["AA", "AA"]
    assert (kept.identifiers, kept.family, kept.given) == ((A, B), "Žižková", ("Jane", "Ann"))
    assert (kept.birth_date, kept.gender, kept.known, kept.version) == (
        DateTime("195605"),
        "F",
        True,
        2,
    )


def test_merges_form_a_chain_that_survives_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    everybody = [message(told(i)) for i in (A, B, C)]
    codes, _ = exchange(folder, *everybody, message(merged(A, B)))
    assert codes == ["AA"] * 4
    codes, patients = exchange(
        folder,
        message(merged(B, C)),
        message(merged(A, B)),  # repeated
        message(told(C, B, A)),  # a source goes on naming them
        message(told(A)),
        message(merged(C, A)),
    )
    assert codes == ["AA", "AA", "AA", "AE", "AE"]
    assert [p.merged_into for p in patients] == [B, C, None]
    assert patients[2].identifiers == (C,)


def test_an_identifier_of_another_patient_is_refused(tmp_path: Path) -> None:
    codes, patients = exchange(tmp_path / "var", message(told(A, C)), message(told(B, C)))
    assert codes == ["AA", "AE"]
    assert [p.identifiers for p in patients] == [(A, C)]


def gateway_serve(folder: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "serve", "--port", "0", "--mllp-port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"GATEWAY_DATA": str(folder), "COLUMNS": "200"},
    )


def test_gateway_serve_takes_the_feed_and_names_a_busy_port(tmp_path: Path) -> None:
    with held_port() as port:
        takes_the_feed_and_names_a_busy_port(tmp_path, port)


def takes_the_feed_and_names_a_busy_port(tmp_path: Path, port: int) -> None:
    first = gateway_serve(tmp_path / "first", port)
    try:
        assert first.stdout is not None
        assert any("Ctrl-C stops" in line for line in first.stdout)
        ack = read_ack(asyncio.run(send("127.0.0.1", port, message(told(A)), seconds=PATIENCE)))
        assert ack is not None
        assert ack.code == "AA"
        second = gateway_serve(tmp_path / "second", port)
        assert (
            f"GATEWAY_MLLP_PORT: cannot listen on 127.0.0.1, port {port}" in second.communicate()[1]
        )
        assert second.returncode == 1
        first.send_signal(signal.SIGTERM)
        assert first.wait(PATIENCE) == 0
    finally:
        first.kill()
        first.communicate()
