"""Patterns on authors' names, and how values are spelled."""

from __future__ import annotations

import time

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.storage.sqlite.words import name_text
from gateway.transactions.patterns import like
from tests.storage import memory

PIECES = st.text(alphabet="ab%_", max_size=8)


@given(PIECES, st.text(alphabet="abc%_", max_size=8))
@example("%a_%_b", "xaabbb")
@example("a%a", "a")
def test_a_pattern_matches_as_the_textbook_says(pattern: str, text: str) -> None:
    assert like(pattern, text) == memory.like(pattern, text)


def test_no_pattern_takes_long() -> None:
    text = "a" * 50_000
    started = time.thread_time()
    for pattern in ("%a" * 200 + "b", "%_" * 100 + "b", "%" * 50_000, "%aaaaaaaaaaaaaaaab%"):
        like(pattern, text)
    assert time.thread_time() - started < 2


def test_names_lose_case_and_accents_only() -> None:
    assert name_text("ÉLODIE Straße-Müller") == "elodie strasse-muller"
