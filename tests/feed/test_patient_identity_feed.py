from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import pytest
import structlog

from gateway.actors.patient_identity_consumer import PatientIdentityConsumer
from gateway.codecs.hl7v2 import Acknowledgement, Header, read_ack, write_adt
from gateway.feed.mllp import send, serve
from gateway.feed.patient_identity_feed import PatientIdentityFeed
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient
from gateway.transactions.patient_identity_feed import Event, PatientFeed
from tests.actors.patients_in_memory import PatientsInMemory
from tests.shared import shared
from tests.waiting import PATIENCE

OID = "2.999.1.3"
A, B, C = (Identifier.of(value, OID) for value in "ABC")


class Clock:
    def now(self) -> str:
        return "20260102030405"


class Broken(PatientsInMemory):
    async def find(self, identifier: Identifier) -> Patient | None:
        raise ValueError(f"cannot find {identifier}")


def exchange(
    messages: Sequence[bytes], directory: PatientsInMemory | None = None
) -> tuple[list[bytes], PatientsInMemory, list[dict[str, object]]]:
    """Send messages over TCP; give the answers, the directory and the log."""
    patients = directory or PatientsInMemory()
    answers = []

    async def run() -> None:
        handler = PatientIdentityFeed(PatientIdentityConsumer(patients), Clock())
        async with serve("127.0.0.1", 0, handler) as server:
            for message in messages:
                try:
                    answers.append(await send("127.0.0.1", server.port, message, seconds=PATIENCE))
                except OSError:
                    answers.append(b"")

    with structlog.testing.capture_logs() as logs:
        asyncio.run(asyncio.wait_for(run(), 3 * PATIENCE))
    return answers, patients, [dict(entry) for entry in logs]


def message(*feeds: PatientFeed, version: str = "2.3.1") -> bytes:
    header = Header(time="20260102", control_id="1", version=version, charset="UNICODE UTF-8")
    return write_adt(header, feeds)


def told(identifier: Identifier, **more: str) -> PatientFeed:
    return PatientFeed(event=Event.REGISTER, patient=Patient(identifiers=(identifier,), **more))


def merged(subsumed: Identifier, surviving: Identifier) -> PatientFeed:
    patient = Patient(identifiers=(surviving,))
    return PatientFeed(event=Event.MERGE, patient=patient, merged_from=subsumed)


def test_patients_are_announced_and_merged_over_the_wire() -> None:
    answers, patients, _ = exchange(
        [message(told(A, family="Doe")), message(told(B)), message(merged(B, A), version="2.5")]
    )
    assert [read_ack(a) for a in answers] == [Acknowledgement("AA", "1")] * 3
    assert asyncio.run(patients.find(B)) == asyncio.run(patients.find(A))
    assert [a.split(b"|")[9] for a in answers] == [b"20260102030405%06d" % n for n in (1, 2, 3)]


def test_the_published_samples_make_one_patient() -> None:
    samples = sorted(shared("data/france/examples/hl7v2").glob("*.er7"))
    answers, patients, _ = exchange([sample.read_bytes() for sample in samples])
    acks = [read_ack(answer) for answer in answers]
    assert [ack.code for ack in acks if ack] == ["AA"] * 5
    assert [(p.identifiers[0].value, p.version) for p in patients.patients.values()] == [
        ("279035121518989", 1)
    ]


@pytest.mark.parametrize("version", ["2.3.1", "2.5"])
def test_each_merge_of_a_message_is_judged_and_the_answer_names_the_wrong_ones(
    version: str,
) -> None:
    groups = message(merged(C, A), merged(B, A), version=version)
    answers, patients, _ = exchange([message(told(A)), message(told(B)), groups])
    assert patients.merges == [(B, A)]
    assert b"AE" in answers[2]
    assert (b"MRG^1^1^1|204" if version == "2.5" else b"MRG^1^1^204") in answers[2]


def test_a_message_with_an_error_is_not_acted_on() -> None:
    good = message(merged(B, A), merged(B, C))
    bad = good.replace(b"MRG|B", b"MRG|", 1)
    _, patients, _ = exchange([message(told(A)), message(told(B)), bad])
    assert patients.merges == []


def test_a_bug_is_an_answer_without_data_and_a_log_line_without_data() -> None:
    (answer,), _, logs = exchange([message(told(A, family="Doe"))], Broken())
    assert read_ack(answer) == Acknowledgement(
        "AR", "1", ("the gateway failed; send the message again later",)
    )
    assert [e["error"] for e in logs if e["log_level"] == "error"] == ["ValueError"]
    assert "cannot find" not in str(logs)


SECRET = Identifier.of("SECRET", OID)
GOOD = message(told(SECRET, family="SECRET"))


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (b"", "AR"),
        (b"\x00" * 1000, "AR"),
        (b"GET / HTTP/1.1\r\n\r\n", "AR"),
        (b"MSH", "AR"),
        (b"MSH|", "AR"),
        (b"MSH|^~\\&", "AR"),
        (b"MSH|||||", "AR"),
        (b"MSHABCDEFGH", "AR"),
        (GOOD.replace(b"^~\\&", b"^^^^", 1), "AR"),
        (GOOD.replace(b"^~\\&", b"^~", 1), "AR"),
        (GOOD.replace(b"^~\\&", b"\r\n\x00\x1b", 1), "AR"),
        (GOOD.replace(b"ADT^A04", b"ADT^A99"), "AR"),
        (GOOD.replace(b"|SECRET^", b"|SEC\x00RET^"), "AE"),
        (GOOD.replace(b"|SECRET^", b"|SEC\nRET^"), "AE"),
        (GOOD.replace(b"|SECRET^", b"|SEC\rRET^"), "AE"),
        (GOOD.replace(b"|SECRET^", b"|SEC\\X0D\\RET^"), "AE"),
        (GOOD.replace(b"|SECRET^", b"|\xff\xfe^"), "AE"),
        (GOOD.replace(b"|SECRET^", b"|" + b"~" * 100_000 + b"^"), "AE"),
        (GOOD.replace(b"|1|P", b"|1\\X0D\\MSA|P"), "AA"),
        (GOOD + b"x" * 10 * 2**20, ""),
        (GOOD + b"\x0b" + GOOD, ""),
    ],
)  # fmt: skip
def test_hostile_octets_get_an_answer_or_the_door_and_never_a_log_of_data(
    octets: bytes, answer: str
) -> None:
    (got,), patients, logs = exchange([octets])
    ack = read_ack(got)
    assert (ack.code if ack else "") == answer
    assert all(segment[:3] in {b"MSH", b"MSA", b"ERR", b""} for segment in got.split(b"\r"))
    assert b"SECRET" not in got
    assert "SECRET" not in str(logs)
    assert len(patients.patients) == (answer == "AA")
    assert [e for e in logs if e["log_level"] == "error"] == []


def test_the_feed_logs_what_happened_and_to_which_message() -> None:
    _, _, logs = exchange([message(told(A)), message(merged(B, C))])
    with contextlib.suppress(KeyError):
        for entry in logs:
            entry.pop("log_level")
    assert logs == [
        {
            "event": "patient identity feed",
            "trigger": trigger,
            "control_id": "1",
            "answer": answer,
            "rules": rules,
        }
        for trigger, answer, rules in [
            ("A04", "AA", ["hl7v2-required-field"]),
            ("A40", "AE", ["patient-unknown"]),
        ]
    ]
