"""A resource that goes through XML is the resource that went in, to the spelling of its numbers."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.fhir.elements import Element, Kind, is_resource, structure
from gateway.codecs.fhir.lexical import Lexical, write_json
from gateway.codecs.fhir.narrative import read_narrative, write_narrative
from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from gateway.codecs.xml import is_xml_text
from gateway.errors import Refused

Json = dict[str, Any]

RESOURCES = (
    "AuditEvent",
    "Basic",
    "Binary",
    "Bundle",
    "CapabilityStatement",
    "Composition",
    "Consent",
    "Device",
    "DocumentReference",
    "Encounter",
    "List",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Parameters",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "RelatedPerson",
    "Subscription",
)

texts = st.text(max_size=12).filter(is_xml_text)
numbers = st.one_of(
    st.integers(-(10**17), 10**17).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.sampled_from(("1.00", "-0", "-0.0", "1E+2", "0.10e-7", "100000000000000000000.0", "1e400")),
).filter(lambda text: "E" not in text or text == "1E+2")
divs = st.recursive(
    texts.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace("\r", "")),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(("p", "b", "td", "a")), inner).map(
            "<{0[0]}>{0[1]}</{0[0]}>".format
        ),
        st.tuples(inner, inner).map(lambda two: two[0] + '<br/> <img src="#a" alt=""/>' + two[1]),
    ),
    max_leaves=4,
).map(lambda inner: f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>')

_SIMPLE = {
    Kind.TEXT: texts,
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.integers(-(2**31), 2**31),
    Kind.DECIMAL: numbers.map(lambda t: Lexical(t) if not t.lstrip("-").isdigit() else int(t)),
    Kind.ATTRIBUTE: texts,
    Kind.XHTML: divs.map(lambda text: write_narrative(read_narrative(text))),
}


@st.composite
def objects(draw: st.DrawFn, type_: str, depth: int) -> Json:
    """An object of a type: a few of its elements, each in its form."""
    chosen = draw(
        st.lists(
            st.sampled_from(structure(type_).elements),
            min_size=1,
            max_size=3,
            unique_by=lambda e: e.name,
        )
    )
    made: Json = {}
    for element in chosen:
        draw_member(draw, made, element, depth)
    return made or {"id": draw(texts)}


def draw_member(draw: st.DrawFn, made: Json, element: Element, depth: int) -> None:
    name = element.name
    number = draw(st.integers(1, 2)) if element.repeats else 1
    if element.kind.is_primitive:
        pairs = []
        for _ in range(number):
            said = (
                draw(objects("Element", depth - 1)) if depth > 0 and draw(st.booleans()) else None
            )
            value = None if said and draw(st.booleans()) else draw(_SIMPLE[element.kind])
            pairs.append((value, said))
        for key, index in ((name, 0), (f"_{name}", 1)):
            if any(pair[index] is not None for pair in pairs):
                made[key] = [p[index] for p in pairs] if element.repeats else pairs[0][index]
        return
    if element.kind in _SIMPLE:
        made[name] = draw(_SIMPLE[element.kind])
    elif depth > 0:
        inner = (
            st.sampled_from(RESOURCES).flatmap(lambda kind: resources(kind, depth - 1))
            if element.kind is Kind.RESOURCE
            else objects(element.type, depth - 1)
        )
        found = [draw(inner) for _ in range(number)]
        made[name] = found if element.repeats else found[0]


def resources(kind: str, depth: int) -> st.SearchStrategy[Json]:
    return objects(kind, depth).map(lambda members: {"resourceType": kind, **members})


def spelled(octets: bytes) -> Any:
    """JSON with every number as the text it was."""
    return json.loads(
        octets, parse_float=lambda t: ("number", t), parse_int=lambda t: ("number", t)
    )


some_resources = st.sampled_from(RESOURCES).flatmap(lambda kind: resources(kind, 4))


@given(some_resources)
def test_json_through_xml_is_identical(resource: Json) -> None:
    written = write_json(resource)
    assert spelled(json_from_xml(xml_from_json(written))) == spelled(written)


@given(some_resources)
def test_xml_in_lines_says_the_same(resource: Json) -> None:
    written = write_json(resource)
    assert spelled(json_from_xml(xml_from_json(written, pretty=True))) == spelled(written)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("id", "_id", "name", "_name", "given", "text", "div", "extension", "x")
            )
            | texts,
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(("Patient", "DocumentReference", "Nonsense", 4)), anything, anything)
def test_what_is_not_fhir_is_refused_and_never_left_out(kind: Any, one: Any, two: Any) -> None:
    resource = {"resourceType": kind, "name": one, "text": two}
    written = json.dumps(resource).encode()
    try:
        back = json_from_xml(xml_from_json(written))
    except Refused as refused:
        assert all(finding.message for finding in refused.findings)
        return
    assert json.loads(back) == resource


def test_every_resource_of_r4_has_its_elements() -> None:
    assert all(is_resource(kind) for kind in RESOURCES)
    assert not is_resource("Resource") and not is_resource("Patient.contact")
