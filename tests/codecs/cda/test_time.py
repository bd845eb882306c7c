"""Times of HL7 V3 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.cda.time import read_time_stamp

FORMS = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024", "2024"),
        ("202402", "202402"),
        ("20240229", "20240229"),
        ("20240229+0100", "20240229"),
        ("2024010100+0100", "2023123123"),
        ("202401010030+0100", "202312312330"),
        ("20240101003059.25-0500", "20240101053059"),
        ("20240101003059Z", "20240101003059"),
        # No full hour of UTC begins when this hour begins: the minutes are said.
        ("2024010107+0530", "202401010130"),
    ],
)
def test_a_time_keeps_its_precision_in_utc(text: str, utc: str) -> None:
    moment = read_time_stamp(text)
    assert moment.value is not None
    assert (moment.value.text, moment.fault) == (utc, "")


def test_trap_07_day_precision_has_no_time_zone() -> None:
    moment = read_time_stamp("20240101-1200")
    assert moment.value is not None
    assert moment.value.text == "20240101"


def test_a_time_without_offset_is_taken_for_utc_and_says_so() -> None:
    moment = read_time_stamp("20240101103000")
    assert moment.value is not None
    assert moment.value.text == "20240101103000"
    assert "offset" in moment.fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "202",
        "20241301",
        "20240101250000+0100",
        "20240106113623+100",
        "20240230120000+0100",
        "20240101120000+2500",
        "00010101000000+0100",
    ],
)
def test_what_says_no_moment_is_absent_with_a_reason(text: str) -> None:
    moment = read_time_stamp(text)
    assert moment.value is None
    assert moment.fault


@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2100, 1, 1)),
    st.sampled_from([12, 14]),
    st.integers(-12 * 4, 14 * 4),
)
def test_the_moment_stays_the_same(local: datetime, digits: int, quarters: int) -> None:
    offset = timedelta(minutes=15 * quarters)
    minutes = abs(15 * quarters)
    sign = "-" if quarters < 0 else "+"
    text = f"{local.strftime(FORMS[digits])}{sign}{minutes // 60:02d}{minutes % 60:02d}"
    moment = read_time_stamp(text)
    assert moment.value is not None
    assert len(moment.value.text) == digits
    said = datetime.strptime(local.strftime(FORMS[digits]), FORMS[digits])
    expected = said.replace(tzinfo=timezone(offset)).astimezone(UTC)
    assert moment.value.text == expected.strftime(FORMS[digits])
