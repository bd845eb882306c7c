"""XDS metadata of about 15 KB against all rules of the French record, in this process.

From octets to issues: parsing, reading, the checks of the standard, the profile's rules. Beside it
runs ``fhir.resources`` on a DocumentReference, in turns. Times are the processor's; the ratio is
the figure to compare on another machine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

from bench.fhir import document_reference
from bench.load import Measured
from gateway.codecs.ebrim.submission import read_submit_objects
from gateway.codecs.xml import read_xml
from gateway.profile import read_profile
from gateway.validation.metadata import metadata_issues
from gateway.validation.objects import Transaction
from gateway.validation.profile_rules import ProfileRules
from scripts.faults.french_messages import plain

PROFILES = Path(__file__).resolve().parents[1] / "profiles"
NOW = "20261121093000"
TURN = 20
TARGET = 1.0
"""Milliseconds that one message may take."""


def compare(seconds: float) -> tuple[Measured, float, float, int]:
    """Judge and parse in turns; give latencies, processor's share, ratio, and octets."""
    from fhir.resources.R4B.documentreference import DocumentReference

    message, resource = plain(), document_reference()
    rules = ProfileRules.of(read_profile("fr-dmp", PROFILES))

    def judge() -> int:
        submitted = read_submit_objects(read_xml(message))
        return len(metadata_issues(submitted, Transaction.PROVIDE_AND_REGISTER, rules, NOW))

    measured = Measured()
    gc.collect()
    gc.freeze()  # what was loaded stays, as in a server
    if judge():
        measured.failures.append("the message breaks a rule")
    judging: list[float] = []
    parsing: list[float] = []
    processor, began = time.process_time(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        judging.append(_turn(judge))
        parsing.append(_turn(lambda: DocumentReference.model_validate(resource)))
    cpu = (time.process_time() - processor) / (time.perf_counter() - began)
    measured.latencies = judging
    measured.seconds = sum(judging)
    ratio = sorted(judging)[len(judging) // 2] / sorted(parsing)[len(parsing) // 2]
    return measured, cpu, ratio, len(message)


def _turn(action: Callable[[], object]) -> float:
    """Processor time of one call: what others do on the same cores does not count."""
    began = time.process_time()
    for _ in range(TURN):
        action()
    return (time.process_time() - began) / TURN
