"""The quick way of reading JSON is the strict one: it gives the same, or leaves it to the other."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.fhir.strict_json import MAX_DEPTH, _read_quickly, read_json
from gateway.errors import Refused

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=6), values, max_size=5), st.booleans())
def test_what_is_read_quickly_is_what_json_says(value: object, plain: bool) -> None:
    octets = json.dumps(value, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    quick = _read_quickly(octets)
    assert quick is None or quick == json.loads(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":[{"c":1,"d":":","c":2}]}}',
        b'{"a":"\\u0000"}',
        b'{"a":NaN}',
        b"[1]",
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b'{"a":' * MAX_DEPTH + b"[]" + b"}" * MAX_DEPTH,
        # Deeper than what the writer of the second copy writes, but not than what is parsed.
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b'{"a":"\xff"}',
        b'{"a":1} {"a":1}',
    ],
)
def test_what_must_be_refused_is_never_read_quickly(octets: bytes) -> None:
    assert _read_quickly(octets) is None
    with pytest.raises(Refused):
        read_json(octets)


@pytest.mark.parametrize("innermost", [b"1", b'{"b":[]}', b'"{["', b'[" "]'])
def test_what_is_just_not_too_deep_is_read_quickly(innermost: bytes) -> None:
    levels = MAX_DEPTH - innermost.count(b"{") - innermost.count(b"[")
    octets = b'{"a":' * levels + innermost + b"}" * levels
    assert _read_quickly(octets) == json.loads(octets)


def test_marks_inside_strings_are_no_marks() -> None:
    value = {'a":{"': ['":"', "\\", '\\"{[', "}", "]:,"], "b": {"c": "\\\\"}}
    assert _read_quickly(orjson.dumps(value)) == value
