"""Killed at any moment, a gateway has accounted for everything it answered.

The gateway is started as a user starts it, asked many things at once over both wires by people with
real credentials (``emergency_traffic.py``), killed at a random moment, and started again. Then the
data folder is looked at with everybody's answers at hand.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.codecs.audit_octets import read_audit_octets
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.subject import Mode
from tests.end_to_end.emergency_traffic import GP
from tests.end_to_end.server import COMMAND, SECONDS_TO_START, environment, gateway
from tests.shared import ROOT
from tests.waiting import PATIENCE, wait_until

TRAFFIC = Path(__file__).with_name("emergency_traffic.py")
SETTINGS = {
    "GATEWAY_AUTH": "required",
    "GATEWAY_DEVELOPMENT_AUTHORITY": "on",
    "GATEWAY_AUDIT_CHECKPOINT_EVENTS": "50",
}
LIVES_IN_A_FOLDER = 10
REFUSED = frozenset({"reading without right", "emergency without reason", "nobody"})


@contextmanager
def until_killed(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a gateway; it does not outlive the context."""
    printed, log = folder / "printed.txt", folder / "log.txt"
    with printed.open("wb") as out, log.open("ab") as err:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--data", str(folder / "data")],
            stdout=out,
            stderr=err,
            cwd=ROOT,
            env=environment(**SETTINGS),
        )
    try:
        end = time.monotonic() + SECONDS_TO_START
        while "Ctrl-C stops" not in (text := printed.read_text()):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        found = re.search(r"http://127\.0\.0\.1:\d+", text)
        assert found, text
        yield found.group(), process
    finally:
        process.kill()
        process.wait()


def ask_until_killed(folder: Path, url: str, process: subprocess.Popen[bytes], life: int) -> None:
    """Let everybody ask, and kill the gateway at a random moment."""
    command = [sys.executable, str(TRAFFIC), url, str(folder / "data"), str(folder / "answers")]
    with subprocess.Popen(
        [*command, str(life)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
    ) as traffic:
        try:
            assert traffic.stdout
            assert traffic.stdout.readline() == "ready\n"
            if life == 0:
                until_an_emergency_was_answered(folder / "answers")
            time.sleep(random.uniform(0.05, 1.5))
            process.send_signal(signal.SIGKILL)
            assert traffic.wait(2 * PATIENCE) == 0
        finally:
            traffic.kill()


def until_an_emergency_was_answered(answers: Path) -> None:
    """Give a slow machine the time it needs: kills before the first answer would prove nothing."""
    wait_until(
        lambda: answers.exists() and '"emergency"' in answers.read_text(),
        "an emergency was answered",
    )


def check(folder: Path) -> Counter[str]:
    """Look at everything that is kept; give how much there is of it."""
    said = [json.loads(line) for line in (folder / "answers").read_text().splitlines()]
    with closing(sqlite3.connect(folder / "data" / "registry.sqlite")) as registry:
        assert registry.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        events = [
            read_audit_octets(octets)
            for (octets,) in registry.execute("SELECT octets FROM audit_event ORDER BY number")
        ]
        _every_answer_has_its_event(said, events)
        _every_emergency_is_declared_and_told(registry, events)
        _nothing_is_stored_by_halves(registry, events, folder / "data" / "documents")
    counted = Counter(f"{line['asked']}: {line['answer']}" for line in said)
    return counted + Counter({"answers": len(said), "events": len(events)})


def _every_answer_has_its_event(said: list[dict[str, str]], events: list[AuditEvent]) -> None:
    by_request: dict[str, list[AuditEvent]] = {}
    for event in events:
        if event.request_id:
            by_request.setdefault(event.request_id, []).append(event)
    for line in said:
        expected = "refusal" if line["asked"] in REFUSED else "permit"
        assert line["answer"] == expected, line
        (event,) = by_request[line["id"]]
        assert (event.outcome is Outcome.SUCCESS) == (expected == "permit"), (line, event)
        assert event.rule, event
    assert all(len(several) == 1 for several in by_request.values())


def _every_emergency_is_declared_and_told(
    registry: sqlite3.Connection, events: list[AuditEvent]
) -> None:
    declared = {
        name: (patient, subject, mode)
        for name, patient, subject, mode in registry.execute(
            "SELECT e.id, p.cx, e.subject, e.mode FROM emergency_declaration e "
            "JOIN patient p ON p.id = e.patient"
        )
    }
    # One for each window: all of these are of one day.
    assert len(set(declared.values())) == len(declared)
    told = list(
        registry.execute(
            "SELECT event, recipient_kind, recipient, patient FROM notice "
            "WHERE kind = 'emergency-access'"
        )
    )
    first: dict[str, AuditEvent] = {}
    for event in events:
        permitted = event.mode is not Mode.NORMAL and event.outcome is Outcome.SUCCESS
        assert bool(event.declaration) == permitted, event
        if permitted:
            assert event.subject and event.patient
            patient, subject, mode = declared[event.declaration]
            assert (event.patient.text, event.subject.key) == (patient, subject)
            assert event.mode.value == mode
            first.setdefault(event.declaration, event)
    assert set(first) == set(declared), "each declaration was made by a request that is audited"
    expected = {
        (event.id, *recipient, event.patient.text)
        for event in first.values()
        if event.patient
        for recipient in (("patient", event.patient.text), ("gp", GP.text))
    }
    assert len(told) == len(expected)
    assert set(told) == expected


def _nothing_is_stored_by_halves(
    registry: sqlite3.Connection, events: list[AuditEvent], documents: Path
) -> None:
    counts = {
        table: registry.execute("SELECT count(*) FROM " + table).fetchone()[0]  # noqa: S608
        for table in ("document_entry", "submission_set", "association", "document")
    }
    assert len(set(counts.values())) == 1, counts
    created = [
        event
        for event in events
        if event.action is Action.CREATE
        and event.outcome is Outcome.SUCCESS
        and event.transaction in ("ITI-41", "ITI-65")
    ]
    audited = [one.id for e in created for one in e.objects if one.kind == "DocumentEntry"]
    stored = [
        name
        for (name,) in registry.execute(
            "SELECT o.entry_uuid FROM document_entry e JOIN object o ON o.key = e.key"
        )
    ]
    assert sorted(audited) == sorted(stored), "each document with its event, and the other way"
    told = [
        name
        for (name,) in registry.execute(
            "SELECT entry_uuid FROM notice WHERE kind = 'new-document' "
            "AND recipient_kind = 'patient'"
        )
    ]
    assert sorted(told) == sorted(stored)
    for (content,) in registry.execute("SELECT content FROM document"):
        octets = next((documents / "sha256").rglob(content.hex())).read_bytes()
        assert hashlib.sha256(octets).digest() == content


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(3, marks=pytest.mark.timeout(900)),
        pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_killed_at_random_moments_it_has_accounted_for_all_it_answered(
    tmp_path: Path, kills: int
) -> None:
    total: Counter[str] = Counter()
    for first in range(0, kills, LIVES_IN_A_FOLDER):
        folder = tmp_path / str(first)
        folder.mkdir()
        lives = min(LIVES_IN_A_FOLDER, kills - first)
        for life in range(lives + 1):
            with until_killed(folder) as (url, process):
                if life:
                    log = (folder / "log.txt").read_text()
                    assert "Traceback" not in log, log
                    # After each restart, by the command an operator has for it.
                    verified = gateway("audit", "verify", "--data", str(folder / "data"))
                    assert verified.returncode == 0, verified.stdout
                    counted = check(folder)
                if life < lives:
                    ask_until_killed(folder, url, process, life)
        total += counted
    print(f"{kills} kills:", dict(sorted(total.items())))
    assert total["emergency: permit"], "the gateway was never given the time to answer"
