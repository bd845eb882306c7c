"""Decisions about documents, in this process: both gates, and the document gate alone.

The documents of one record differ as those of a real one do: some masked, some hidden for a time,
some of types the matrix keeps from the role, some the asker's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench.load import Measured
from gateway.consent import decide, gate, see
from gateway.consent.decision import Decision
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.model.choices import AuthoredBy, Authorise, Holder, HolderKind
from gateway.model.datatypes import Code, Identifier
from gateway.model.record import Record
from gateway.model.subject import AccessRequest, Operation, Subject, SubjectKind, same_key
from gateway.profile import read_profile

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = 1000
TARGET = 200_000
"""Documents a second that one core must decide about."""

NOW = "20261122100000"
PATIENT = Identifier.of("bench", "2.999.1")
PERSON, COLLEAGUE = Identifier.of("1", "2.999.2"), Identifier.of("2", "2.999.2")


def documents(types: list[tuple[str, str]]) -> list[DocumentFacts]:
    """Give the documents of one record."""
    none: frozenset[Restriction] = frozenset()
    restrictions = (none, none, none, *(frozenset({one}) for one in Restriction))
    return [
        DocumentFacts(
            entry_uuid=f"urn:uuid:{n}",
            patient=Identifier(PATIENT.text),
            restrictions=restrictions[n % len(restrictions)],
            hidden_until=("20261201000000", "20261101000000")[n % 2],
            owners=frozenset({same_key(PERSON if n % 11 == 0 else COLLEAGUE), f"{n}^2.999.3"}),
            authors=frozenset({f"{n % 5}^2.999.4"}),
            type_code=Code(*types[n % len(types)]),
            class_code=Code("10", "2.999.5"),
            confidentiality=(Code("N", "2.16.840.1.113883.5.25"),),
            creation_time="20261101",
        )
        for n in range(DOCUMENTS)
    ]


def decisions(seconds: float) -> dict[str, tuple[Measured, float, float]]:
    """Decide again and again.

    Returns:
        For each function: latencies of a thousand documents, the processor's share, and documents
        a second of processor time.
    """
    policy = read_profile("fr-dmp", ROOT / "profiles").access
    found = documents(sorted(policy.matrix[-1].cells["10"]))
    masked = Holder(kind=HolderKind.PROFESSIONAL, identifier=Identifier.of("3", "2.999.4"))
    record = Record(
        patient=PATIENT,
        authorisations=(Authorise(holder=Holder(kind=HolderKind.PROFESSIONAL, identifier=PERSON)),),
        masks=(AuthoredBy(author=masked),),
    )
    role = Code("60", "1.2.250.1.71.1.2.7")
    access = AccessRequest(subject=Subject(kind=SubjectKind.PROFESSIONAL, id=PERSON, roles=(role,)))
    visibility = gate(access, Operation.READ, record, policy, NOW).visibility
    assert visibility is not None

    def both() -> list[Decision]:
        return [decide(access, Operation.READ, one, record, policy, NOW) for one in found]

    def alone() -> list[str]:
        return [see(visibility, one) for one in found]

    assert {"B3", "B4", "B5", "B99"} <= {one.rule for one in both()}
    assert alone() == [one.rule for one in both()]
    return {"decide": _repeat(both, seconds), "see": _repeat(alone, seconds)}


def _repeat(work: Callable[[], object], seconds: float) -> tuple[Measured, float, float]:
    measured = Measured()
    processor = time.process_time()
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < seconds:
        work()
        measured.latencies.append(time.perf_counter() - now)
    measured.seconds = time.perf_counter() - began
    spent = time.process_time() - processor
    return measured, spent / measured.seconds, len(measured.latencies) * DOCUMENTS / spent
