"""Whether an audit trail is what was written, and where it is not.

Every row is looked at once, in order. A row whose hash does not follow from its octets and the row
before it is where something happened; a bounded look back tells what comes in between. A trail that
was rewritten with hashes that fit is found at the next checkpoint, whose signature cannot be made
without the key. What was cut off after the last checkpoint cannot be missed: the verdict says how
much that may be.

Source:
    Threat C10 of the threat table; NIST SP 800-92: 5.1 on the integrity of logs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoints import Checkpoint, digest, read_checkpoint
from gateway.codecs.audit_octets import GENESIS, AuditColumns, columns_in, link

_LOOK_BACK = 4096
"""Rows that may have come between two that belong together, for the report to name them."""

_LOOKS = 500
"""How often that is tried: a table full of rubbish is told from a trail soon enough."""


class KeptRow(NamedTuple):
    """One row as it stands in the table, whatever somebody put there."""

    number: int
    columns: tuple[object, ...]
    octets: object
    hash: object


class Kind(Enum):
    """What happened to a part of the trail, in the words of the report.

    Attributes:
        BROKEN: Altered, or something was taken out or put in just before it.
        REWRITTEN: The hashes fit one another, and not what was signed.
        CUT: Signed, and not there any more.
    """

    MISSING = "missing"
    ALTERED = "altered"
    INSERTED = "inserted or moved"
    BROKEN = "altered, or out of its place"
    REWRITTEN = "rewritten"
    CUT = "cut off"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One place where the trail is not what was written: events ``first`` to ``last``."""

    kind: Kind
    first: int
    last: int
    detail: str

    def __str__(self) -> str:
        place = f"event {self.first}"
        if self.last != self.first:
            place = f"events {self.first} to {self.last}"
        return f"{place}: {self.kind.value}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verification found.

    Attributes:
        events: Rows that were looked at.
        newest: Number of the last one.
        checkpoints: Signatures that were right.
        covered: Number up to which a signature vouches for the trail.
        signed: When the last checkpoint was signed; empty when there is none.
    """

    alterations: tuple[Alteration, ...]
    events: int
    newest: int
    checkpoints: int
    covered: int
    signed: str

    @property
    def uncovered(self) -> int:
        """Events behind the last checkpoint, which nobody would miss."""
        return max(0, self.newest - self.covered)


def verify(
    rows: Iterable[KeptRow],
    table: Sequence[tuple[object, object]],
    file: Sequence[bytes],
    key: Ed25519PublicKey,
) -> Verdict:
    """Look at a whole trail.

    Args:
        rows: In the order of their numbers.
        table: Number and line of each checkpoint of the table.
        file: The lines of the file of checkpoints, without those younger than the table that was
            read: both grow.
        key: Whose signatures count.
    """
    checkpoints, found = _checkpoints(table, file, key)
    chain = _Chain(checkpoints)
    for row in rows:
        chain.follow(row)
    found += chain.alterations
    found += _against_checkpoints(chain, checkpoints)
    last = checkpoints[-1] if checkpoints else None
    return Verdict(
        alterations=tuple(sorted(found, key=lambda one: (one.first, one.last, one.kind.value))),
        events=chain.rows,
        newest=chain.number,
        checkpoints=len(checkpoints),
        covered=last.number if last else 0,
        signed=last.time if last else "",
    )


class _Chain:
    """Follows the rows and notes where one does not follow from another."""

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        self.rows = 0
        self.number = 0
        self.alterations: list[Alteration] = []
        self.seen: dict[bytes, int] = {}
        self._signed = {one.hash for one in checkpoints}
        self._stored = GENESIS
        self._computed = GENESIS
        self._looks = 0
        self._before: deque[tuple[int, bytes]] = deque([(0, GENESIS)], _LOOK_BACK)

    def follow(self, row: KeptRow) -> None:
        number, octets, stored = row.number, row.octets, row.hash
        self.rows += 1
        gap = number - self.number - 1
        if gap > 0:
            detail = f"there is no such row, so event {number} cannot be tied to it"
            self._note(Kind.MISSING, self.number + 1, number - 1, detail)
        elif gap < 0:
            self._note(Kind.INSERTED, number, number, "numbers begin at 1")
        self._check_columns(row)
        if not isinstance(octets, bytes) or not isinstance(stored, bytes):
            self._note(Kind.ALTERED, number, number, "octets and hash are no octets")
            octets = octets if isinstance(octets, bytes) else b""
            stored = stored if isinstance(stored, bytes) else link(self._stored, octets)
        elif gap <= 0:
            self._check_link(number, octets, stored)
        self.number = max(self.number, number)
        self._computed = link(self._stored, octets)
        self._stored = stored
        self._before.append((number, stored))
        if stored in self._signed:
            self.seen[stored] = number

    def _check_columns(self, row: KeptRow) -> None:
        try:
            if not isinstance(row.octets, bytes):
                return
            expected = columns_in(row.octets)
        except ValueError:
            self._note(Kind.ALTERED, row.number, row.number, "the octets are no audit event")
            return
        wrong = [
            name
            for name, is_, should in zip(AuditColumns._fields, row.columns, expected, strict=True)
            if is_ != should or type(is_) is not type(should)
        ]
        if wrong:
            detail = "columns say something else than the event: " + ", ".join(wrong)
            self._note(Kind.ALTERED, row.number, row.number, detail)

    def _check_link(self, number: int, octets: bytes, stored: bytes) -> None:
        if stored == link(self._stored, octets):
            return
        if stored == link(self._computed, octets):
            # This row follows from what the row before it should have: only that hash is wrong.
            self._note(Kind.ALTERED, number - 1, number - 1, "its hash was changed")
            return
        self._looks += 1
        for other, before in reversed(self._before) if self._looks <= _LOOKS else ():
            if stored == link(before, octets):
                detail = f"event {number} follows event {other} directly"
                self._note(Kind.INSERTED, other + 1, number - 1, detail)
                return
        detail = "its hash does not follow from it and the event before it"
        self._note(Kind.BROKEN, number, number, detail)

    def _note(self, kind: Kind, first: int, last: int, detail: str) -> None:
        self.alterations.append(Alteration(kind=kind, first=first, last=last, detail=detail))


def _checkpoints(
    table: Sequence[tuple[object, object]], file: Sequence[bytes], key: Ed25519PublicKey
) -> tuple[list[Checkpoint], list[Alteration]]:
    """Read every checkpoint from both places, and miss those that are in one only."""
    found: list[Alteration] = []
    lines: dict[bytes, Checkpoint] = {}

    def read(line: object, where: str, number: object = None) -> bytes | None:
        try:
            if not isinstance(line, bytes):
                raise ValueError("a checkpoint that is no octets")
            checkpoint = read_checkpoint(line, key)
            if number is not None and checkpoint.number != number:
                raise ValueError("a checkpoint under another number")
        except ValueError as error:
            place = number if isinstance(number, int) else 0
            found.append(_checkpoint(place, f"{where} holds {error}"))
            return None
        lines[line] = checkpoint
        return line

    in_table = {read(line, "the table", number) for number, line in table}
    in_file = [read(line, f"line {n} of the file") for n, line in enumerate(file, 1)]
    ordered = sorted(lines, key=lambda line: lines[line].number)
    for line in ordered:
        number = lines[line].number
        if line not in in_table:
            found.append(_checkpoint(number, "it is in the file and not in the table"))
        # A stop between the two leaves the newest in the table alone; the next start mends it.
        elif line not in in_file and line is not ordered[-1]:
            found.append(_checkpoint(number, "it is in the table and not in the file"))
    before = ""
    for line in ordered:
        checkpoint = lines[line]
        if checkpoint.previous != before:
            found.append(_checkpoint(checkpoint.number, "the checkpoint before it is missing"))
        before = digest(line)
    if [line for line in in_file if line] != [line for line in ordered if line in in_file]:
        found.append(_checkpoint(0, "the lines of the file are not in their order"))
    return [lines[line] for line in ordered], found


def _checkpoint(number: int, detail: str) -> Alteration:
    return Alteration(kind=Kind.CHECKPOINT, first=number, last=number, detail=detail)


def _against_checkpoints(chain: _Chain, checkpoints: Sequence[Checkpoint]) -> list[Alteration]:
    """Compare what was signed with what the trail has: intervals that differ."""
    found: list[Alteration] = []
    good, shift = 0, 0
    for checkpoint in checkpoints:
        number = chain.seen.get(checkpoint.hash)
        if number is not None:
            moved = number - checkpoint.number
            if moved != shift:
                few = shift - moved
                what = f"{few} events are missing" if few > 0 else f"{-few} events are too many"
                found.append(
                    Alteration(
                        kind=Kind.MISSING if few > 0 else Kind.INSERTED,
                        first=good + 1,
                        last=number,
                        detail=f"{what} before what was signed as event {checkpoint.number}",
                    )
                )
            good, shift = number, moved
        elif checkpoint.number + shift > chain.number:
            found.append(
                Alteration(
                    kind=Kind.CUT,
                    first=chain.number + 1,
                    last=max(checkpoint.number, chain.number + 1),
                    detail=f"event {checkpoint.number} was signed at {checkpoint.time}",
                )
            )
        else:
            end = checkpoint.number + shift
            if any(good < one.first <= end or good < one.last <= end for one in chain.alterations):
                good = end  # Already known, and better known.
                continue
            found.append(
                Alteration(
                    kind=Kind.REWRITTEN,
                    first=good + 1,
                    last=end,
                    detail=f"not what was signed at {checkpoint.time}",
                )
            )
            good = end
    return found
