"""A query string read at the FHIR door is what the standard library reads."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.web.fhir.door import _parameters

PIECES = ["a", "=", "&", "%", "+", "%20", "%C3%A9", "%2B", "%ff", "%4", ";", "|", "", "name", "é"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_query_string_is_read_as_the_standard_library_reads_it(written: str) -> None:
    octets = written.encode()
    try:
        expected = parse_qsl(
            octets.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200
        )
    except ValueError:
        with pytest.raises(Refused):
            _parameters(octets, "query")
        return
    assert _parameters(octets, "query") == expected


def test_a_query_string_has_at_most_two_hundred_parameters() -> None:
    assert len(_parameters(b"&".join([b"a=1"] * 200), "query")) == 200
    with pytest.raises(Refused):
        _parameters(b"&".join([b"a=1"] * 201), "query")
