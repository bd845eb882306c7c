"""Files of FHIR, read to be judged: what is told of their form, and where things stand."""

from __future__ import annotations

from gateway.codecs.fhir.lexical import Lexical
from gateway.validation.fhir.reading import Reading, read, rules
from gateway.validation.issue import Position

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir">
  <id value="p"/>
  <active value="true"/>
  <name><given value="a"/><given value="b"/></name>
  <contact>
    <telecom><rank value="1"/></telecom>
  </contact>
  <birthDate value="2024"><extension url="http://a"><valueCode value="x"/></extension></birthDate>
</Patient>
"""
JSON = b"""{
  "resourceType": "Patient",
  "name": [{"given": ["a", "b"]}],
  "birthDate": "2024",
  "_birthDate": {"extension": [
    {"url": "http://a", "valueCode": "x"}
  ]},
  "contact": [
    {"telecom": [{"rank": 1}]}
  ]
}
"""


def told(reading: Reading) -> list[str]:
    return [issue.rule for issue in reading.issues]


def test_numbers_keep_their_spelling() -> None:
    resource = read(b'{"resourceType": "Basic", "a": 1.00, "b": 1, "c": 1e2}').resource
    assert resource is not None
    assert isinstance(resource["a"], Lexical)
    assert resource["a"].text == "1.00"
    assert resource["b"] == 1


def test_a_member_that_stands_twice_is_told_with_its_place() -> None:
    reading = read(b'{"resourceType": "Patient",\n"name": [{}, {"text": "a",\n  "text": "b"}]}')
    (issue,) = reading.issues
    assert (issue.rule, issue.location) == ("fhir-json-duplicate", "Patient.name[1].text")
    assert issue.position == Position(3, 3)
    assert reading.resource is not None


def test_what_is_no_json_is_told_with_its_place() -> None:
    for octets, line, column in (
        (b'{"a": 1,}', 1, 9),
        (b'{"a": [1}', 1, 9),
        (b"[]", 1, 1),
        (b"", 1, 1),
        (b'{"a": 1} x', 1, 10),
    ):
        reading = read(octets)
        assert reading.resource is None
        assert told(reading) == ["fhir-json"]
        place = reading.issues[0].position
        assert place is not None
        assert place.line == line
        assert abs(place.column - column) <= 1
        assert reading.issues[0].message_fr != reading.issues[0].message


def test_octets_that_are_not_utf_8_are_told_and_the_rest_is_read() -> None:
    reading = read('{"resourceType": "Basic",\n "a": "é"}'.encode("latin-1"))
    assert told(reading) == ["fhir-encoding"]
    assert reading.issues[0].position == Position(2, 8)
    assert reading.resource is not None


def test_a_byte_order_mark_is_told_and_passed_over() -> None:
    reading = read(b'\xef\xbb\xbf{"resourceType": "Basic"}')
    assert told(reading) == ["fhir-byte-order-mark"]
    assert reading.resource == {"resourceType": "Basic"}


def test_nan_and_endless_nesting_are_told() -> None:
    assert told(read(b'{"a": NaN}')) == ["fhir-json-number"]
    assert told(read(b'{"a":' * 80 + b"1" + b"}" * 80)) == ["fhir-depth"]
    assert told(read(b"[" * 100_000)) == ["fhir-depth"]


def test_both_wires_give_one_resource() -> None:
    from_xml, from_json = read(XML).resource, read(JSON).resource
    assert from_xml is not None
    assert from_json is not None
    assert from_xml["contact"] == from_json["contact"]
    assert from_xml["_birthDate"] == from_json["_birthDate"]
    assert from_xml["active"] is True


def test_a_path_is_found_in_the_text_however_it_is_spelled() -> None:
    json, xml = read(JSON).positions, read(XML).positions
    for path in ("Patient.name[0].given[1]", "Patient.name.given[1]"):
        assert json(path) == Position(3, 28)
        assert xml(path) == Position(5, 27)
    rank = "Patient.contact[0].telecom[0].rank"
    assert json(rank) == Position(9, 19)
    assert xml(rank) == Position(7, 14)
    for value in ("value", "value.ofType(code)", "valueCode"):
        path = f"Patient.birthDate.extension[0].{value}"
        assert json(path) == Position(6, 25)
        assert xml(path) == Position(9, 53)


def test_what_is_not_there_is_found_at_what_it_misses_in() -> None:
    positions = read(JSON).positions
    assert positions("Patient.contact[0].name.family") == Position(8, 3)
    assert positions("Patient.gender") == Position(1, 1)


def test_everything_wrong_with_an_xml_is_told_at_once() -> None:
    reading = read(
        b'<Patient xmlns="http://hl7.org/fhir"><gender value="male"/><active value="maybe"/>'
        b'<nothing/><gender value="female"/><name/>text</Patient>'
    )
    assert set(told(reading)) == {
        "fhir-xml-order",
        "fhir-xml-element",
        "fhir-xml-repeated",
        "fhir-xml-empty",
        "fhir-xml-text",
    }
    # A value of a wrong form is left to be judged with its type.
    assert reading.resource is not None
    assert reading.resource["active"] == "maybe"
    assert reading.resource["gender"] == "male"


def test_xml_that_cannot_be_read_is_told() -> None:
    assert told(read(b"<Patient><a></Patient>")) == ["fhir-xml"]
    assert told(read(b"<!DOCTYPE a []><a/>")) == ["fhir-xml"]
    assert told(read(b"<Patient/>")) == ["fhir-xml-resource"]


def test_every_rule_of_reading_explains_itself() -> None:
    for rule in rules():
        assert rule.title
        assert rule.title_fr
        assert rule.text
        assert rule.source
