from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from gateway.actors.patient_identity_consumer import PatientIdentityConsumer
from gateway.errors import Refused
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.patient import Patient, RecordState
from gateway.transactions.patient_identity_feed import Event, PatientFeed
from tests.actors.patients_in_memory import PatientsInMemory

T = TypeVar("T")

OID = "2.999.1.3"
A, B, C, D = (Identifier.of(value, OID) for value in "ABCD")
OTHER = Identifier.of("77", "2.999.7")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def told(*identifiers: Identifier, **more: Any) -> PatientFeed:
    return PatientFeed(event=Event.REGISTER, patient=Patient(identifiers=identifiers, **more))


def merged(subsumed: Identifier, *surviving: Identifier) -> PatientFeed:
    return PatientFeed(
        event=Event.MERGE, patient=Patient(identifiers=surviving), merged_from=subsumed
    )


def directory_after(*feeds: PatientFeed) -> PatientsInMemory:
    directory = PatientsInMemory()

    async def apply_all() -> None:
        consumer = PatientIdentityConsumer(directory)
        for feed in feeds:
            await consumer.apply(feed)

    run(apply_all())
    return directory


def refused(directory: PatientsInMemory, feed: PatientFeed) -> tuple[str, str]:
    before = dict(directory.patients)
    with pytest.raises(Refused) as refusal:
        run(PatientIdentityConsumer(directory).apply(feed))
    assert directory.patients == before
    (finding,) = refusal.value.findings
    return finding.rule, finding.location


def test_a_patient_nobody_knew_is_created() -> None:
    directory = directory_after(told(A, OTHER, family="Doe", given=("Jane",), gender="F"))
    kept = run(directory.find(OTHER))
    assert kept is not None
    assert (kept.identifiers, kept.family, kept.known) == ((A, OTHER), "Doe", True)


def test_an_update_changes_what_it_tells_and_leaves_the_rest() -> None:
    directory = directory_after(
        told(A, family="Doe", given=("Jane",), gender="F"),
        told(A, OTHER, family="Roe", birth_date=DateTime("1956")),
    )
    (kept,) = directory.patients.values()
    assert (kept.identifiers, kept.family, kept.given) == ((A, OTHER), "Roe", ())
    assert (kept.gender, kept.birth_date, kept.version) == ("F", DateTime("1956"), 2)


def test_the_identifier_that_names_the_record_stays_the_first() -> None:
    directory = directory_after(told(A, OTHER), told(OTHER, A, family="Doe"))
    (kept,) = directory.patients.values()
    assert (kept.identifiers, kept.family) == ((A, OTHER), "Doe")


def test_a_patient_met_in_a_submission_becomes_known() -> None:
    directory = PatientsInMemory()
    run(directory.put(Patient(identifiers=(A,), known=False)))
    run(PatientIdentityConsumer(directory).apply(told(A)))
    assert [p.known for p in directory.patients.values()] == [True]


def test_a_repeated_message_changes_nothing() -> None:
    feeds = (told(A, family="Doe"), told(B), merged(B, A))
    once, twice = directory_after(*feeds), directory_after(*feeds[:2], *feeds[:2], *feeds[2:] * 3)
    assert (once.patients, once.puts, once.merges) == (twice.patients, twice.puts, twice.merges)


def test_a_subsumed_id_leads_to_the_survivor_and_is_refused_from_then_on() -> None:
    directory = directory_after(told(A), told(B), merged(A, B))
    assert run(directory.find(A)) == run(directory.find(B))
    assert refused(directory, told(A, family="Doe")) == ("patient-merged", "PID-3")


def test_a_source_may_go_on_naming_the_id_it_merged() -> None:
    directory = directory_after(told(A), told(B), merged(A, B), told(B, A, OTHER))
    survivor = run(directory.find(B))
    assert survivor is not None
    assert survivor.identifiers == (B, OTHER)
    assert refused(directory, told(A, family="Doe")) == ("patient-merged", "PID-3")


@pytest.mark.parametrize("feed", [told(B, OTHER), told(C, OTHER), merged(B, C, OTHER)])
def test_an_identifier_has_one_patient(feed: PatientFeed) -> None:
    directory = directory_after(told(A, OTHER), told(B))
    assert refused(directory, feed) == ("patient-conflict", "PID-3")


def test_merges_form_a_chain() -> None:
    chain = (told(A), told(B), told(C), merged(A, B), merged(B, C))
    directory = directory_after(*chain, merged(A, B), merged(A, C))  # the last two are repetitions
    survivor = run(directory.find(C))
    assert survivor is not None
    assert [run(directory.find(i)) for i in (A, B)] == [survivor, survivor]
    assert directory.merges == [(A, B), (B, C)]


def test_a_survivor_nobody_knew_is_created_from_the_message() -> None:
    directory = directory_after(told(A), merged(A, B, A))
    survivor = run(directory.find(A))
    assert survivor is not None
    assert survivor.identifiers == (B,)


@pytest.mark.parametrize(
    ("feed", "answer"),
    [
        (merged(D, A), ("patient-unknown", "MRG-1")),
        (merged(D, Identifier.of("new", OID)), ("patient-unknown", "MRG-1")),
        (merged(A, A), ("patient-merge", "MRG-1")),
        (merged(B, C), ("patient-merged", "MRG-1")),  # B went into A before
        (merged(C, B), ("patient-merged", "PID-3")),
        (merged(A, B), ("patient-merged", "PID-3")),  # no way back
    ],
)
def test_a_merge_that_contradicts_what_is_known_changes_nothing(
    feed: PatientFeed, answer: tuple[str, str]
) -> None:
    assert refused(directory_after(told(A), told(B), told(C), merged(B, A)), feed) == answer


def test_two_identifiers_of_one_record_are_together_already() -> None:
    assert directory_after(told(A, OTHER), merged(OTHER, A)).merges == []


def test_connections_that_tell_the_same_at_once_create_one_patient() -> None:
    class Slow(PatientsInMemory):
        async def find(self, identifier: Identifier) -> Patient | None:
            found = await super().find(identifier)
            await asyncio.sleep(0)
            return found

    directory = Slow()

    async def all_at_once() -> None:
        consumer = PatientIdentityConsumer(directory)
        await asyncio.gather(*(consumer.apply(told(A)) for _ in range(5)))

    run(all_at_once())
    assert len(directory.patients) == 1


def test_what_is_told_of_the_record_is_kept_until_it_is_taken_back() -> None:
    doctor = Identifier.of("80", "2.999.1.30")
    died = RecordState(deceased=DateTime("20251231"), gp=doctor)
    closed = RecordState(closed_on=DateTime("2025"), identity_qualified=False)
    directory = directory_after(told(A, record=closed), told(A, record=died))
    (kept,) = directory.patients.values()
    assert kept.record == closed.but(deceased=DateTime("20251231"), gp=doctor)
    lives = PatientFeed(
        event=Event.UPDATE_PERSON,
        patient=Patient(identifiers=(A,), record=RecordState(identity_qualified=True)),
        withdrawn=frozenset({"deceased"}),
    )
    run(PatientIdentityConsumer(directory).apply(lives))
    (kept,) = directory.patients.values()
    assert kept.record == closed.but(identity_qualified=True, gp=doctor)
