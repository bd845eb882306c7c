"""Patterns as a stored query has them for names."""

from __future__ import annotations


def like(pattern: str, text: str) -> bool:
    """Match a pattern where ``%`` is any text and ``_`` any character.

    The pieces between ``%`` are looked for one after another, each at its first place: no way back,
    so no pattern takes longer than its length times the text's.

    Source:
        IHE ITI TF-2a: 3.18.4.1.2.3.5 (the LIKE of SQL, for authorPerson only).
    """
    first, *rest = pattern.split("%")
    if not _fits(first, text, 0):
        return False
    if not rest:
        return len(text) == len(first)
    *middle, last = rest
    position = len(first)
    end = len(text) - len(last)
    for piece in middle:
        position = _search(piece, text, position, end)
        if position < 0:
            return False
        position += len(piece)
    return position <= end and _fits(last, text, end)


def _fits(piece: str, text: str, position: int) -> bool:
    if "_" not in piece:
        return text.startswith(piece, position)
    if position + len(piece) > len(text):
        return False
    return all(
        p in ("_", t) for p, t in zip(piece, text[position : position + len(piece)], strict=True)
    )


def _search(piece: str, text: str, start: int, end: int) -> int:
    if "_" not in piece:
        return text.find(piece, start, end) if start <= end else -1
    for position in range(start, end - len(piece) + 1):
        if _fits(piece, text, position):
            return position
    return -1
