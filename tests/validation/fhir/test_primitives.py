"""Which values are primitives of FHIR, and which are not."""

from __future__ import annotations

import pytest

from gateway.validation.fhir.primitives import LONGEST_STRING, complaint

GOOD = {
    "base64Binary": ["QUJD", "QUI=", "QU\n JD"],
    "boolean": [True, False],
    "canonical": ["http://a/b|1", "#x"],
    "code": ["a", "a b"],
    "date": ["2024", "2024-02", "2024-02-29"],
    "dateTime": ["2024", "2024-02-29T10:00:00Z", "2024-02-29T23:59:60.123+14:00"],
    "decimal": [1, 1.5, -0.0, 1e300],
    "id": ["a-B.9", "x" * 64],
    "instant": ["2024-02-29T10:00:00.1-05:00"],
    "integer": [0, -(2**31), 2**31 - 1],
    "markdown": ["# a\n\tb"],
    "oid": ["urn:oid:1.2.0.3"],
    "positiveInt": [1],
    "string": ["a", " a\r\n\t", "é" * 40000],
    "time": ["10:00:00", "23:59:59.9"],
    "unsignedInt": [0],
    "uri": ["http://a", "urn:oid:1.2", "a/b", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "url": ["mailto:a@b", "Patient/1"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "xhtml": ["<div/>"],
}
BAD = {
    "base64Binary": ["QUJ", "QU*D", "", 1],
    "boolean": ["true", 1, 0, None],
    "canonical": ["a b", ""],
    "code": [" a", "a ", "a  b", "a\tb", "", 1],
    "date": ["2023-02-29", "2024-13", "2024-1-1", "0000", "2024-02-29T10:00:00Z", 2024],
    "dateTime": ["2024-02-29T10:00:00", "2024-02-29T10:00Z", "2024-02-30", "2024-02-29T24:00:00Z"],
    "decimal": ["1", True, float("nan"), float("inf")],
    "id": ["a_b", "x" * 65, "", "é"],
    "instant": ["2024-02-29", "2024-02-29T10:00:00"],
    "integer": [2**31, 1.0, "1", True],
    "markdown": ["", " \n"],
    "oid": ["1.2.3", "urn:oid:1.02", "urn:oid:3.1"],
    "positiveInt": [0, -1],
    "string": ["", "   ", "a\x00", "\ud800", "x" * (LONGEST_STRING + 1), 1, ["a"]],
    "time": ["10:00", "24:00:00", "10:00:00Z"],
    "unsignedInt": [-1],
    "uri": ["a b", "urn:oid:1.2.", "urn:uuid:x", "oid:1.2"],
    "url": ["", "a\nb"],
    "uuid": ["urn:uuid:C757873D-EC9A-4326-A141-556F43239520"],
    "xhtml": [""],
}


@pytest.mark.parametrize("type_code", GOOD)
def test_good_values_are_let_pass(type_code: str) -> None:
    for value in GOOD[type_code]:
        assert complaint(type_code, value) is None, value


@pytest.mark.parametrize("type_code", BAD)
def test_wrong_values_are_told_in_both_languages(type_code: str) -> None:
    for value in BAD[type_code]:
        told = complaint(type_code, value)
        assert told, value
        assert told.fr
        assert told.fr != told
        assert len(told) < 250


def test_a_type_nobody_knows_is_not_checked() -> None:
    assert complaint("Period", {}) is None
