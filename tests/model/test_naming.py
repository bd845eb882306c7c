"""Systems by OID and by URI."""

from __future__ import annotations

import pytest

from gateway.model.naming import LOCAL_SCHEME, NamingSystems

NAMING = NamingSystems.of(
    (
        ("2.16.840.1.113883.6.1", "http://loinc.org", "LOINC"),
        ("2.16.840.1.113883.6.1", "http://loinc.org/older"),
        ("2.999.1", "http://loinc.org"),
        ("LOCAL", "http://x.example/local", "A local list"),
        ("2.999.2", "urn:oid:2.999.3"),
    )
)


@pytest.mark.parametrize(
    ("scheme", "uri"),
    [
        ("2.16.840.1.113883.6.1", "http://loinc.org"),
        ("LOCAL", "http://x.example/local"),
        ("2.999.9", "urn:oid:2.999.9"),
        ("http://y.example/codes", "http://y.example/codes"),
        ("urn:x:1", "urn:x:1"),
        ("a list", LOCAL_SCHEME + "a%20list"),
        ("", ""),
    ],
)
def test_a_known_system_is_translated_and_an_unknown_one_keeps_its_form(
    scheme: str, uri: str
) -> None:
    assert NAMING.uri(scheme) == uri
    assert NAMING.scheme(uri) == scheme


def test_of_two_names_the_first_is_written_and_both_are_understood() -> None:
    assert NAMING.scheme("http://loinc.org/older") == "2.16.840.1.113883.6.1"
    assert NAMING.uri("2.16.840.1.113883.6.1") == "http://loinc.org"


@pytest.mark.parametrize("scheme", ["2.999.1", "2.999.3", "http://loinc.org", "urn:oid:2.999.7"])
def test_a_uri_that_leads_elsewhere_is_not_written(scheme: str) -> None:
    assert NAMING.scheme(NAMING.uri(scheme)) == scheme


def test_a_system_has_a_label_where_the_table_says_so() -> None:
    assert NAMING.label("2.16.840.1.113883.6.1") == "LOINC"
    assert NAMING.label("2.999.9") is None


def test_a_control_character_does_not_hide_in_a_percent_sign() -> None:
    assert NAMING.scheme(LOCAL_SCHEME + "%00") == LOCAL_SCHEME + "%00"
