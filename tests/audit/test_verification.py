"""Every alteration of the trail is found, and found where it was made."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.verification import Kind
from gateway.codecs.audit_octets import GENESIS, columns, link, write_audit_octets
from tests.audit.trails import EVERY, Trail, make_trail
from tests.model.audited import search

EVENTS = 84
COVERED = EVENTS // EVERY * EVERY
COLUMNS = (
    "id",
    "time",
    "patient",
    "agent",
    "transaction_code",
    "action",
    "outcome",
    "octets",
    "hash",
)
ALL = "number, id, time, patient, agent, transaction_code, action, outcome, octets, hash"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Trail:
    return make_trail(tmp_path_factory.mktemp("trail"), EVENTS)


def test_a_trail_nobody_touched_verifies(whole: Trail) -> None:
    verdict = whole.verify()
    assert verdict.alterations == ()
    assert (verdict.events, verdict.newest) == (EVENTS, EVENTS)
    assert (verdict.checkpoints, verdict.covered) == (EVENTS // EVERY, COVERED)
    assert verdict.uncovered == EVENTS - COVERED
    assert verdict.signed == "20260301130000"


def test_an_empty_trail_verifies(tmp_path: Path) -> None:
    assert make_trail(tmp_path, 0).verify().alterations == ()


def test_rows_can_be_added_and_nothing_else(whole: Trail) -> None:
    for statement in (
        "UPDATE audit_event SET time = '20200101000000'",
        "DELETE FROM audit_event WHERE number = 3",
        "UPDATE audit_checkpoint SET number = 4",
        "DELETE FROM audit_checkpoint",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            whole.connection.execute(statement)


# What somebody with the file may do; each answers where it did it: first and last event.


def shift(trail: Trail, place: int, by: int) -> None:
    """Give the rows from a place on other numbers; SQLite wants them moved far away first."""
    far = 1_000_000
    trail.connection.execute(
        "UPDATE audit_event SET number = number + ? WHERE number >= ?", (far, place)
    )
    trail.connection.execute(
        "UPDATE audit_event SET number = number - ? WHERE number >= ?", (far - by, far)
    )


def flip(trail: Trail, chance: random.Random) -> tuple[int, int]:
    place, column = chance.randint(1, EVENTS), chance.choice(COLUMNS)
    (value,) = trail.connection.execute(
        "SELECT " + column + " FROM audit_event WHERE number = ?", (place,)
    ).fetchone()
    octets = bytearray(value if isinstance(value, bytes) else str(value).encode())
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    changed: object = bytes(octets)
    if isinstance(value, str):
        changed = octets.decode("latin-1")
    elif isinstance(value, int):
        changed = value + chance.randint(1, 9)
    made = trail.connection.execute(
        "UPDATE OR IGNORE audit_event SET " + column + " = ? WHERE number = ?", (changed, place)
    )
    # An id that is another event's by then SQLite refuses: somebody flips another bit.
    return (place, place) if made.rowcount else flip(trail, chance)


def delete(trail: Trail, chance: random.Random) -> tuple[int, int]:
    # The last rows of all may go unnoticed when nothing was signed after them.
    place = chance.randint(1, COVERED - 1)
    many = chance.choice((1, 1, 2, 5))
    last = min(place + many - 1, COVERED)
    trail.connection.execute("DELETE FROM audit_event WHERE number BETWEEN ? AND ?", (place, last))
    if chance.random() < 0.5:
        shift(trail, last + 1, place - last - 1)
        return place, place
    return place, last


def forged(place: int) -> tuple[object, ...]:
    event = search(5000 + place)
    return (*columns(event), write_audit_octets(event))


def insert(trail: Trail, chance: random.Random) -> tuple[int, int]:
    place = chance.randint(1, EVENTS)
    shift(trail, place, 1)
    row = forged(place)
    (before,) = trail.connection.execute(
        "SELECT hash FROM audit_event WHERE number = ?", (place - 1,)
    ).fetchone() or (GENESIS,)
    octets = row[-1]
    assert isinstance(octets, bytes)
    fits = link(before, octets) if chance.random() < 0.5 else chance.randbytes(32)
    trail.connection.execute(
        "INSERT INTO audit_event (" + ALL + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (place, *row, fits),
    )
    return place, place


def reorder(trail: Trail, chance: random.Random) -> tuple[int, int]:
    one, other = sorted(chance.sample(range(1, EVENTS + 1), 2))
    for a, b in ((one, 0), (other, one), (0, other)):
        trail.connection.execute("UPDATE audit_event SET number = ? WHERE number = ?", (b, a))
    return one, other


def truncate(trail: Trail, chance: random.Random) -> tuple[int, int]:
    place = chance.randint(1, COVERED)
    trail.connection.execute("DELETE FROM audit_event WHERE number >= ?", (place,))
    if chance.random() < 0.5:
        trail.connection.execute("DELETE FROM audit_checkpoint WHERE number >= ?", (place,))
    return place, place


ALTERATIONS: tuple[Callable[[Trail, random.Random], tuple[int, int]], ...] = (
    flip,
    delete,
    insert,
    reorder,
    truncate,
)


def alter_and_find(whole: Trail, seeds: range) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        trail = whole.copy()
        alter = ALTERATIONS[seed % len(ALTERATIONS)]
        first, last = alter(trail, chance)
        found = [one for one in trail.verify().alterations if one.kind is not Kind.CHECKPOINT]
        trail.connection.close()
        told = f"seed {seed}: {alter.__name__} at {first} to {last}: {[str(f) for f in found]}"
        for end in (first, last):
            near = [one for one in found if min(abs(one.first - end), abs(one.last - end)) <= 1]
            assert near, told


def test_each_of_a_thousand_random_alterations_is_found_and_located(whole: Trail) -> None:
    alter_and_find(whole, range(1000))


@pytest.mark.long
def test_each_of_ten_thousand_random_alterations_is_found_and_located(whole: Trail) -> None:
    alter_and_find(whole, range(1000, 11000))


def test_a_trail_rewritten_with_hashes_that_fit_is_found_at_the_next_checkpoint(
    whole: Trail,
) -> None:
    trail, place = whole.copy(), 47
    rows = trail.connection.execute(
        "SELECT number, octets FROM audit_event WHERE number >= ? ORDER BY number", (place,)
    ).fetchall()
    (before,) = trail.connection.execute(
        "SELECT hash FROM audit_event WHERE number = ?", (place - 1,)
    ).fetchone()
    for number, octets in rows:
        event = search(8000) if number == place else None
        kept = write_audit_octets(event) if event else octets
        before = link(before, kept)
        trail.connection.execute(
            "UPDATE audit_event SET octets = ?, hash = ? WHERE number = ?", (kept, before, number)
        )
        if event:
            trail.connection.execute(
                "UPDATE audit_event SET id = ?, time = ?, patient = ?, agent = ?, "
                "transaction_code = ?, action = ?, outcome = ? WHERE number = ?",
                (*columns(event), number),
            )
    first = trail.verify().alterations[0]
    assert first.kind is Kind.REWRITTEN
    assert (first.first, first.last) == (41, 50)


def test_a_tail_cut_after_the_last_checkpoint_is_bounded_by_what_the_verdict_tells(
    whole: Trail,
) -> None:
    trail = whole.copy()
    trail.connection.execute("DELETE FROM audit_event WHERE number > ?", (COVERED,))
    verdict = trail.verify()
    assert verdict.alterations == ()
    assert (verdict.covered, verdict.uncovered) == (COVERED, 0)


def test_a_trail_and_its_checkpoints_cut_together_are_missed_in_the_file(whole: Trail) -> None:
    trail = whole.copy()
    trail.connection.execute("DELETE FROM audit_event WHERE number > 50")
    trail.connection.execute("DELETE FROM audit_checkpoint WHERE number > 50")
    cut = [one for one in trail.verify().alterations if one.kind is Kind.CUT]
    assert (cut[0].first, cut[-1].last) == (51, COVERED)


def test_a_checkpoint_somebody_touched_is_found(whole: Trail) -> None:
    trail = whole.copy()
    line = bytearray(trail.file[2])
    line[20] ^= 1
    trail.file[2] = bytes(line)
    assert "line 3 of the file" in str(trail.verify().alterations[0])

    trail = whole.copy()
    trail.connection.execute("UPDATE audit_checkpoint SET line = x'00' WHERE number = 50")
    assert {one.first for one in trail.verify().alterations} == {50}

    trail = whole.copy()
    trail.file.reverse()
    assert "order" in str(trail.verify().alterations[0])


def test_a_checkpoint_that_is_gone_from_both_places_is_missed(whole: Trail) -> None:
    trail = whole.copy()
    del trail.file[3]
    trail.connection.execute("DELETE FROM audit_checkpoint WHERE number = 40")
    (missed,) = trail.verify().alterations
    assert missed.first == 50
    assert "the checkpoint before it is missing" in missed.detail


def test_checkpoints_of_another_key_vouch_for_nothing(whole: Trail) -> None:
    trail = whole.copy()
    trail.key = Ed25519PrivateKey.generate()
    verdict = trail.verify()
    assert verdict.checkpoints == 0
    assert verdict.alterations


def test_rubbish_in_every_column_is_reported_and_not_stumbled_over(whole: Trail) -> None:
    trail = whole.copy()
    for number, value in enumerate((1, 1.5, "text", b"\xff", b""), 11):
        for column in ("patient", "octets", "hash"):
            trail.connection.execute(
                "UPDATE audit_event SET " + column + " = ? WHERE number = ?", (value, number)
            )
    trail.connection.execute("UPDATE audit_event SET patient = CAST(x'ff' AS TEXT)")
    found = {one.first for one in trail.verify().alterations}
    assert found >= set(range(1, EVENTS + 1))
