"""FHIR XML: others' examples survive it, another library reads it, and what is wrong is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from gateway.codecs.fhir.elements import Kind, structure
from gateway.codecs.fhir.lexical import pretty_json
from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from gateway.codecs.xml import canonical
from gateway.errors import ErrorCode, Refused
from tests.shared import shared

NS = 'xmlns="http://hl7.org/fhir"'
XHTML = "http://www.w3.org/1999/xhtml"


def _without_narratives(value: Any) -> Any:
    """Narratives as canonical XML: ``<td/>`` and ``<td></td>`` are one element."""
    if isinstance(value, dict):
        return {
            k: canonical(v.encode())
            if k == "div" and isinstance(v, str)
            else _without_narratives(v)
            for k, v in value.items()
        }
    return [_without_narratives(v) for v in value] if isinstance(value, list) else value


def _spelled(octets: bytes) -> Any:
    return json.loads(octets, parse_float=lambda t: ("number", t))


@pytest.mark.parametrize("folder", ["data/ihe", "data/france"])
def test_every_published_example_survives_xml(folder: str) -> None:
    count = 0
    for path in sorted(shared(folder).rglob("*.json")):
        octets = path.read_bytes()
        if "resourceType" not in json.loads(octets):
            continue
        back = json_from_xml(xml_from_json(octets))
        assert _without_narratives(_spelled(back)) == _without_narratives(_spelled(octets)), path
        count += 1
    assert count


def test_another_library_reads_our_xml_as_the_same_resource() -> None:
    count = 0
    for path in sorted(shared("data/ihe/mhd/examples").glob("*.json")):
        octets = path.read_bytes()
        kind = get_fhir_model_class(json.loads(octets)["resourceType"])
        expected = kind.model_validate_json(octets)
        found = kind.model_validate_xml(xml_from_json(octets))
        assert _without_narratives(json.loads(found.model_dump_json())) == _without_narratives(
            json.loads(expected.model_dump_json())
        ), path
        count += 1
    assert count


def test_we_read_another_librarys_xml_as_the_same_resource() -> None:
    for path in sorted(shared("data/ihe/mhd/examples").glob("*.json")):
        octets = path.read_bytes()
        resource = get_fhir_model_class(json.loads(octets)["resourceType"])
        written = resource.model_validate_json(octets).model_dump_xml()
        found = resource.model_validate_json(json_from_xml(written))
        assert _without_narratives(json.loads(found.model_dump_json())) == _without_narratives(
            json.loads(resource.model_validate_json(octets).model_dump_json())
        ), path


def test_elements_stand_in_the_order_of_the_definition() -> None:
    resource = {
        "active": True,
        "identifier": [{"value": "7", "system": "urn:oid:2.999"}],
        "extension": [{"valueString": "x", "url": "urn:x"}],
        "text": {"div": f'<div xmlns="{XHTML}">a&nbsp;<b>b</b></div>', "status": "generated"},
        "id": "p",
        "resourceType": "Patient",
    }
    assert xml_from_json(json.dumps(resource).encode()).decode() == (
        f'<Patient {NS}><id value="p"/><text><status value="generated"/><div xmlns="{XHTML}">'
        'a\u00a0<b>b</b></div></text><extension url="urn:x"><valueString value="x"/></extension>'
        '<identifier><system value="urn:oid:2.999"/><value value="7"/></identifier>'
        '<active value="true"/></Patient>'
    )


def test_what_is_said_about_a_primitive_travels_beside_it() -> None:
    resource = {
        "resourceType": "Patient",
        "_birthDate": {"id": "b", "extension": [{"url": "urn:x", "valueBoolean": False}]},
        "name": [
            {
                "given": ["A", None, "C"],
                "_given": [None, {"extension": [{"url": "urn:y", "valueCode": "z"}]}, {"id": "c"}],
            }
        ],
    }
    written = xml_from_json(json.dumps(resource).encode())
    assert b'<birthDate id="b"><extension url="urn:x"><valueBoolean value="false"/>' in written
    assert b'<given value="A"/><given><extension' in written
    assert json.loads(json_from_xml(written)) == resource


def test_numbers_keep_their_spelling_in_both_directions() -> None:
    octets = b'{"resourceType":"Observation","valueQuantity":{"value":1.00}}'
    assert b'<value value="1.00"/>' in xml_from_json(octets)
    assert json_from_xml(xml_from_json(octets)) == octets
    assert b'"value": 1.00\n' in pretty_json(octets)


def test_a_prefix_a_schema_location_and_comments_change_nothing() -> None:
    octets = (
        b'<?xml version="1.0" encoding="UTF-8"?><!-- from another system --><f:List '
        b'xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="http://hl7.org/fhir list.xsd">\n <f:text><f:status value="empty"/>'
        b'<h:div xmlns:h="http://www.w3.org/1999/xhtml">x<h:br/></h:div></f:text>\n'
        b' <f:mode value="working"/><!-- --></f:List>'
    )
    assert json.loads(json_from_xml(octets)) == {
        "resourceType": "List",
        "text": {"status": "empty", "div": f'<div xmlns="{XHTML}">x<br/></div>'},
        "mode": "working",
    }


@pytest.mark.parametrize(
    ("inside", "place", "said"),
    [
        ('<gendre value="male"/>', "Patient", "'gendre' is no element"),
        ('<gender value="male" valeu="x"/>', "Patient.gender", "'valeu' is no attribute"),
        ('<gender value="male"/><gender value="male"/>', "Patient.gender", "more than once"),
        ("<gender/>", "Patient.gender", "never empty"),
        ("<name/>", "Patient.name[0]", "never empty"),
        ("<gender>male</gender>", "Patient.gender", "text stands here"),
        ("male", "Patient", "text stands here"),
        ('<active value="yes"/>', "Patient.active", "form boolean"),
        ('<multipleBirthInteger value="1.5"/>', "Patient.multipleBirthInteger", "form integer"),
        ('<x xmlns="urn:x" value="y"/>', "Patient", "{urn:x}x"),
        ("<contained/>", "Patient.contained[0]", "one resource"),
        ("<contained><Basic/><Basic/></contained>", "Patient.contained[0]", "one resource"),
        ("<contained><Nonsense/></contained>", "Patient.contained[0]", "resource of FHIR R4"),
        ('<text><status value="x"/><div>x</div></text>', "Patient.text.div", "not XHTML"),
        (f'<text><div xmlns="{XHTML}"><x xmlns=""/></div></text>', "Patient.text.div", "XHTML"),
    ],
)
def test_xml_that_is_not_fhir_is_refused_with_its_place(inside: str, place: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        json_from_xml(f"<Patient {NS}>{inside}</Patient>".encode())
    (finding,) = refused.value.findings
    assert finding.location == place and finding.message.startswith("line 1: "), finding
    assert said in finding.message
    assert finding.code is ErrorCode.MALFORMED


@pytest.mark.parametrize(
    ("member", "place"),
    [
        ('"gendre":"male"', "Patient"),
        ('"gender":1', "Patient.gender"),
        ('"gender":null', "Patient.gender"),
        ('"gender":["male"]', "Patient.gender"),
        ('"name":{}', "Patient.name"),
        ('"name":[]', "Patient.name"),
        ('"name":[{}]', "Patient.name[0]"),
        ('"name":[{"given":[null]}]', "Patient.name[0].given[0]"),
        ('"name":[{"given":"A"}]', "Patient.name[0].given"),
        ('"multipleBirthInteger":1.0', "Patient.multipleBirthInteger"),
        ('"active":1', "Patient.active"),
        ('"contained":[{}]', "Patient.contained[0]"),
        ('"text":{"div":"<p>x</p>"}', "Patient.text.div"),
        ('"text":{"div":"<div"}', "Patient.text.div"),
        ('"text":{"div":1}', "Patient.text.div"),
        ('"extension":[{"url":1}]', "Patient.extension[0].url"),
        ('"gender":"\\u0001"', "Patient.gender"),
    ],
)
def test_json_that_is_not_fhir_is_refused_with_its_place(member: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        xml_from_json(f'{{"resourceType":"Patient",{member}}}'.encode())
    assert {f.location for f in refused.value.findings} == {place}


def test_all_that_is_wrong_is_told_at_once_but_not_without_end() -> None:
    with pytest.raises(Refused) as refused:
        json_from_xml(f'<Patient {NS}><a/><b/>text<gender valeu="x"/></Patient>'.encode())
    rules = [finding.rule for finding in refused.value.findings]
    assert rules == ["xml-text", "xml-element", "xml-element", "xml-attribute"]
    with pytest.raises(Refused) as refused:
        json_from_xml(f"<Patient {NS}>{'<a/>' * 100_000}</Patient>".encode())
    assert len(refused.value.findings) == 201
    assert refused.value.findings[-1].rule == "more-findings"


def test_a_narrative_beyond_measure_is_refused() -> None:
    deep = f'<div xmlns="{XHTML}">{"<b>" * 300}{"</b>" * 300}</div>'
    with pytest.raises(Refused, match="deep"):
        json_from_xml(f"<Patient {NS}><text>{deep}</text></Patient>".encode())
    with pytest.raises(Refused, match="one <div>"):
        xml_from_json(json.dumps({"resourceType": "Patient", "text": {"div": deep}}).encode())


def test_the_table_has_the_order_and_the_lists_of_the_published_definitions() -> None:
    count = 0
    for path in sorted(shared("data/ihe").rglob("StructureDefinition-*.json")):
        definition = json.loads(path.read_bytes())
        if definition["kind"] != "resource":
            continue
        published: dict[str, dict[str, bool]] = {}
        for element in definition["snapshot"]["element"][1:]:
            base = element["base"]["path"]
            if ":" in element["id"] or element["path"].rpartition(".")[2] == "id":
                continue
            parent, _, name = element["path"].rpartition(".")
            if parent == definition["type"] or base.startswith(parent + "."):
                published.setdefault(parent, {})[name] = element["base"]["max"] != "1"
        for parent, members in published.items():
            ours = [
                (e.name, e.repeats)
                for e in structure(parent).elements
                if e.name in members and e.kind is not Kind.ATTRIBUTE
            ]
            assert ours == [m for m in members.items() if "[x]" not in m[0]], parent
            count += 1
    assert count
