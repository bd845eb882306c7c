"""Time: months, legal midnights, and what an imprecise time may mean."""

from __future__ import annotations

import pytest

from gateway.consent.times import (
    covers,
    hidden_until,
    is_minor,
    is_over,
    months_later,
    overlaps,
)
from gateway.model.choices import Period
from gateway.model.datatypes import DateTime

PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("deposited", "released"),
    [
        ("20260131093000", "20260228093000"),
        ("20240131093000", "20240229093000"),
        ("20260228000000", "20260328000000"),
        ("20261215235959", "20270115235959"),
        ("20260531120000", "20260630120000"),
    ],
)
def test_a_month_is_a_calendar_month(deposited: str, released: str) -> None:
    assert hidden_until(deposited, 1) == released
    assert months_later(deposited, 12)[:4] == str(int(deposited[:4]) + 1)


@pytest.mark.parametrize(
    ("birth", "now", "minor"),
    [
        ("20081123", "20261122225959", True),
        ("20081123", "20261122230000", False),
        ("20080701", "20260630215959", True),
        ("20080701", "20260630220000", False),
        ("20080229", "20260228225959", True),
        ("20080229", "20260228230000", False),
        ("2009", "20261231225959", True),
        ("2009", "20261231230000", False),
        ("200906", "20270531215959", True),
        ("200906", "20270531220000", False),
        ("20110601101500", "20261122000000", True),
        ("", "20261122000000", False),
        ("unknown", "20261122000000", False),
    ],
)
def test_majority_comes_at_legal_midnight(birth: str, now: str, minor: bool) -> None:
    assert is_minor(birth, now, PARIS, 18) is minor


def period(start: str = "", end: str = "") -> Period:
    return Period(start=DateTime(start) if start else None, end=DateTime(end) if end else None)


def test_both_ends_belong_to_a_period() -> None:
    day = period("20261122", "20261122")
    assert not covers(day, "20261121235959")
    assert covers(day, "20261122000000")
    assert covers(day, "20261122235959")
    assert not covers(day, "20261123000000")
    assert is_over(day, "20261123000000")
    assert covers(period(), "20261122000000")


def test_nothing_lies_in_a_period_that_cannot_be_read() -> None:
    assert not covers(period(end="tomorrow"), "20261122000000")
    assert not covers(period(start="x"), "20261122000000")


def test_what_may_lie_in_a_period_does() -> None:
    june = period("202606", "202606")
    for digits in ("2026", "202606", "20260630235959", ""):
        assert overlaps(june, digits)
    for digits in ("2025", "202607", "20260531235959"):
        assert not overlaps(june, digits)
