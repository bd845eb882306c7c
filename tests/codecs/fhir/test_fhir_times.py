"""A FHIR time becomes the DTM it says, or is refused; also on the short way most times take."""

from __future__ import annotations

import pytest

from gateway.codecs.fhir.datatypes import read_date_time


@pytest.mark.parametrize(
    ("text", "dtm"),
    [
        ("2025", "2025"),
        ("2025-01", "202501"),
        ("2024-02-29", "20240229"),
        ("2025-01-14T09:45:00Z", "20250114094500"),
        ("2025-01-14T09:45:00+00:00", "20250114094500"),
        ("2025-01-14T00:30:00+01:00", "20250113233000"),
        ("2016-12-31T23:59:60Z", "20161231235959"),
    ],
)
def test_a_time_is_read_exactly(text: str, dtm: str) -> None:
    assert read_date_time(text) == (dtm, True)


def test_a_fraction_of_a_second_is_lost() -> None:
    assert read_date_time("2025-01-14T09:45:00.5Z") == ("20250114094500", False)


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29",
        "2025-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2025-01-14T24:00:00Z",
        "2025-01-14T09:60:00Z",
        "2025-01-14T09:45:61Z",
        "2025-01-14T09:45Z",
        "2025-01-14T09:45:00",
        "2025-W03-2",
        "20250114",
        "٢٠٢٥-01-14",
        "2025-01-14\n",
        "2025-01-14T09:45:00Z\n",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    assert read_date_time(text) is None
