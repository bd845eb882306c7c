"""FHIR XML: a resource as a JSON object to XML and back, losing nothing.

Everything else in this package speaks JSON; whoever speaks XML with us is understood here, at the
door. What one form cannot say in the other is refused with its place, never left out. Numbers keep
their spelling (``1.00`` stays ``1.00``), narratives their text, repeated elements their order.

Source:
    HL7 FHIR R4 (4.0.1): 2.6.1 XML, 2.6.2 JSON.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from gateway.codecs.fhir.elements import Element, Kind, Structure, is_resource, structure
from gateway.codecs.fhir.lexical import Lexical, read_lexical, write_json
from gateway.codecs.fhir.narrative import DIV, read_narrative, write_narrative
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.strict_json import MAX_DEPTH, check_shape
from gateway.codecs.xml import (
    INLINE_LIMITS,
    XmlLimits,
    XmlRefused,
    XmlTooLarge,
    escape_attribute,
    read_xml,
)
from gateway.codecs.xml import Element as Node
from gateway.errors import MAX_FINDINGS, ErrorCode, Finding, Refused, first_findings

NAMESPACE = "http://hl7.org/fhir"

_CLARK = f"{{{NAMESPACE}}}"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_INTEGER = re.compile(r"[+]?(-?(?:0|[1-9][0-9]{0,17}))\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_LONGEST_NUMBER = 1000
_LARGEST = 10**18


def xml_from_json(octets: bytes, *, pretty: bool = False) -> bytes:
    """Write one of our own resources, given as JSON, as XML.

    Raises:
        Refused: When it is no valid resource.
    """
    return write_xml_resource(read_lexical(octets), pretty=pretty)


def json_from_xml(octets: bytes, *, limits: XmlLimits = INLINE_LIMITS) -> bytes:
    """Give a resource a peer sent as XML as JSON.

    Raises:
        Refused: When it is not well formed, or not FHIR.
    """
    return write_json(read_xml_resource(octets, limits=limits))


# --- Reading -----------------------------------------------------------------------------------


def read_xml_resource(octets: bytes, *, limits: XmlLimits = INLINE_LIMITS) -> Json:
    """Read a resource.

    Returns:
        The resource as JSON; decimals are :class:`Lexical`.

    Raises:
        Refused: Everything that is wrong with it, each with its place.
    """
    try:
        root = read_xml(octets, limits=limits, keep_blanks=True)
    except XmlRefused as refused:
        code = ErrorCode.TOO_LARGE if isinstance(refused, XmlTooLarge) else ErrorCode.MALFORMED
        message = f"{refused.location}: {refused.message}"
        raise Refused(Finding(rule="xml", code=code, location="", message=message)) from None
    reading = ResourceReading()
    resource = reading.resource(root, "", 1)
    if reading.findings or resource is None:
        raise Refused(*first_findings(reading.findings))
    check_shape(resource)
    return resource


class ResourceReading:
    """The findings of one message, and the way through its elements.

    Whoever judges a message rather than reading it overrides :meth:`note`, :meth:`value` and
    :meth:`object`, and so goes on where this one would refuse.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def note(self, rule: str, node: Node, path: str, message: str) -> None:
        """Keep a finding."""
        said = f"line {node.sourceline}: {message}"
        self.findings.append(
            Finding(rule=rule, code=ErrorCode.MALFORMED, location=path, message=said)
        )
        if len(self.findings) > MAX_FINDINGS:
            raise Refused(*first_findings(self.findings))

    def resource(self, node: Node, path: str, depth: int) -> Json | None:
        """Read an element that is named for its type."""
        name = _local(node)
        if name is None or not is_resource(name):
            self.note(
                "xml-resource",
                node,
                path,
                f"expected a resource of FHIR R4 in the namespace {NAMESPACE}",
            )
            return None
        members: Json = {"resourceType": name}
        members.update(self.object(node, structure(name), path or name, depth))
        return members

    def object(
        self, node: Node, of: Structure, path: str, depth: int, besides: str | None = None
    ) -> Json:
        """Read the attributes and elements of a type.

        Args:
            besides: An attribute that somebody else has read.
        """
        members: Json = {}
        if depth > MAX_DEPTH:
            self.note("xml-depth", node, path[:100], f"nested deeper than {MAX_DEPTH}")
            return members
        for key, value in node.attrib.items():
            known = of.by_name.get(str(key))
            if known is not None and known.kind is Kind.ATTRIBUTE:
                members[known.name] = value
            elif key not in (besides, _SCHEMA_LOCATION):
                self.note("xml-attribute", node, path, f"{_shown(key)} is no attribute of this")
        self.no_text(node, path)
        for child in node:
            name = _local(child)
            element = of.by_name.get(name) if name is not None else None
            if element is None or element.kind is Kind.ATTRIBUTE:
                self.note("xml-element", child, path, f"{_shown(child.tag)} is no element of this")
            else:
                self.member(members, child, element, f"{path}.{element.name}", depth)
        return members

    def member(self, members: Json, node: Node, element: Element, path: str, depth: int) -> None:
        """Read one element into the object it is of."""
        name = element.name
        shadow = f"_{name}"
        number = 0
        if element.repeats:
            number = max(len(members.get(name, ())), len(members.get(shadow, ())))
            path = f"{path}[{number}]"
        elif name in members or shadow in members:
            self.note("xml-repeated", node, path, "stands here more than once; send it once")
            return
        if not element.kind.is_primitive:
            found = self.complex(node, element, path, depth)
            if found is not None and element.repeats:
                members.setdefault(name, []).append(found)
            elif found is not None:
                members[name] = found
            return
        value, said = self.primitive(node, element.kind, path, depth)
        if element.repeats:
            # Two arrays of one length, null where there is nothing to say.
            if value is not None or name in members:
                _nulls(members, name, number).append(value)
            if said or shadow in members:
                _nulls(members, shadow, number).append(said or None)
            return
        if value is not None:
            members[name] = value
        if said:
            members[shadow] = said

    def complex(self, node: Node, element: Element, path: str, depth: int) -> Json | str | None:
        """Read what is no primitive."""
        if element.kind is Kind.XHTML:
            try:
                return write_narrative(node)
            except XmlRefused as refused:
                self.note("xml-narrative", node, path, refused.message)
                return None
        if element.kind is Kind.RESOURCE:
            self.no_text(node, path)
            if len(node) != 1 or node.attrib:
                self.note("xml-resource", node, path, "expected one resource inside")
                return None
            return self.resource(node[0], path, depth + 1)
        found = self.object(node, structure(element.type), path, depth + 1)
        if not found:
            self.nothing(node, path)
        return found

    def primitive(self, node: Node, kind: Kind, path: str, depth: int) -> tuple[Any, Json]:
        """Read a primitive: its value, and what is said about it."""
        text = node.get("value")
        said: Json = {}
        if len(node) or len(node.attrib) > 1 or node.text or text is None:
            said = self.object(node, structure("Element"), path, depth + 1, "value")
        if text is None:
            if not said:
                self.nothing(node, path)
            return None, said
        return self.value(text, kind, node, path), said

    def value(self, text: str, kind: Kind, node: Node, path: str) -> Any:
        """Read the value of a primitive; ``None`` for one of another form, which is noted."""
        if kind is Kind.TEXT:
            return text
        if kind is Kind.BOOLEAN and text in ("true", "false"):
            return text == "true"
        if kind is Kind.INTEGER and (match := _INTEGER.match(text)):
            return int(match[1])
        if kind is Kind.DECIMAL and len(text) <= _LONGEST_NUMBER and _DECIMAL.match(text):
            return Lexical(text)
        self.note("xml-value", node, path, f"expected a value of the form {kind.value}")
        return None

    def nothing(self, node: Node, path: str) -> None:
        """Note an element without anything, unless something else is wrong with it."""
        if not len(node) and not node.attrib and not _says(node.text):
            self.note("xml-empty", node, path, "an element is never empty: leave it out")

    def no_text(self, node: Node, path: str) -> None:
        """Note text between elements, where FHIR has none."""
        if _says(node.text) or any(_says(child.tail) for child in node):
            self.note("xml-text", node, path, "text stands here; values stand in attributes")


def _says(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))


def _local(node: Node) -> str | None:
    """The name of an element in FHIR's namespace, or ``div`` in XHTML's."""
    tag = str(node.tag)
    if tag.startswith(_CLARK):
        return tag[len(_CLARK) :]
    return "div" if tag == DIV else None


def _shown(name: object) -> str:
    return repr(str(name).removeprefix(_CLARK)[:100])


def _nulls(members: Json, name: str, number: int) -> list[Any]:
    """An array, filled up with nulls to some length."""
    array: list[Any] = members.setdefault(name, [])
    array += [None] * (number - len(array))
    return array


# --- Writing -----------------------------------------------------------------------------------


def write_xml_resource(resource: Json, *, pretty: bool = False) -> bytes:
    """Write a resource.

    Args:
        pretty: A line for each element.

    Raises:
        Refused: Everything in it that FHIR does not know or does not allow, with its place.
    """
    writing = _Writing(pretty)
    writing.resource(resource, "", 0, f' xmlns="{NAMESPACE}"')
    if writing.findings:
        raise Refused(*first_findings(writing.findings))
    return "".join(writing.parts).encode()


class _Writing:
    """The XML of one resource so far, and what could not be written."""

    def __init__(self, pretty: bool) -> None:
        self.parts: list[str] = []
        self.findings: list[Finding] = []
        self._pretty = pretty

    def note(self, rule: str, path: str, message: str) -> None:
        self.findings.append(
            Finding(rule=rule, code=ErrorCode.MALFORMED, location=path, message=message)
        )
        if len(self.findings) > MAX_FINDINGS:
            raise Refused(*first_findings(self.findings))

    def line(self, depth: int) -> None:
        if self._pretty and self.parts:
            self.parts.append("\n" + "  " * depth)

    def resource(self, resource: Any, path: str, depth: int, namespace: str = "") -> None:
        """Write an element that is named for its type."""
        kind = resource.get("resourceType") if type(resource) is dict else None
        if type(kind) is not str or not is_resource(kind):
            self.note("json-resource", path, "expected a resource of FHIR R4")
            return
        self.object(resource, structure(kind), kind, namespace, path or kind, depth)

    def object(
        self, value: Any, of: Structure, tag: str, attributes: str, path: str, depth: int
    ) -> None:
        """Write an element with the members of an object inside.

        Args:
            attributes: Written already; of a primitive its value, for example.
        """
        if type(value) is not dict or not (value or attributes):
            self.note("json-type", path, "expected an object with something inside")
            return
        if depth > MAX_DEPTH:
            self.note("json-depth", path[:100], f"nested deeper than {MAX_DEPTH}")
            return
        for name in value.keys() - of.members:
            if name != "resourceType" or not is_resource(of.name):
                self.note("json-member", path, f"{_shown(name)} is no element of this")
        self.line(depth)
        start = len(self.parts)
        self.parts.append("")
        for element in of.elements:
            if element.kind is Kind.ATTRIBUTE:
                if element.name in value:
                    place = f"{path}.{element.name}"
                    attributes += self.attribute(element.name, value[element.name], place)
            elif element.name in value or f"_{element.name}" in value:
                self.member(value, element, f"{path}.{element.name}", depth + 1)
        empty = len(self.parts) == start + 1
        self.parts[start] = f"<{tag}{attributes}{'/>' if empty else '>'}"
        if not empty:
            self.line(depth)
            self.parts.append(f"</{tag}>")

    def attribute(self, name: str, value: Any, path: str) -> str:
        if type(value) is not str:
            self.note("json-type", path, "expected a string")
            return ""
        try:
            return f' {name}="{escape_attribute(value)}"'
        except ValueError as wrong:
            self.note("json-characters", path, str(wrong))
            return ""

    def member(self, value: Json, element: Element, path: str, depth: int) -> None:
        """Write a member of an object: one element, or as many as its array holds."""
        name = element.name
        if element.kind.is_primitive:
            self.primitives(value, element, path, depth)
        elif not element.repeats:
            self.complex(value[name], element, path, depth)
        elif type(value[name]) is not list or not value[name]:
            self.note("json-type", path, "expected an array with something inside")
        else:
            for number, item in enumerate(value[name]):
                self.complex(item, element, f"{path}[{number}]", depth)

    def complex(self, value: Any, element: Element, path: str, depth: int) -> None:
        """Write what is no primitive."""
        name = element.name
        if element.kind is Kind.XHTML:
            try:
                written = write_narrative(read_narrative(value))
            except (XmlRefused, TypeError, AttributeError):
                self.note("json-narrative", path, "expected a string with one <div> of XHTML")
                return
            self.line(depth)
            self.parts.append(written)
        elif element.kind is Kind.RESOURCE:
            self.line(depth)
            self.parts.append(f"<{name}>")
            self.resource(value, path, depth + 1)
            self.line(depth)
            self.parts.append(f"</{name}>")
        else:
            self.object(value, structure(element.type), name, "", path, depth)

    def primitives(self, value: Json, element: Element, path: str, depth: int) -> None:
        """Write a primitive, or the two arrays of a repeated one."""
        name = element.name
        values, said = value.get(name), value.get(f"_{name}")
        if not element.repeats:
            self.primitive(values, said, element, path, depth)
            return
        values, said = [] if values is None else values, [] if said is None else said
        if type(values) is not list or type(said) is not list or not (values or said):
            self.note("json-type", path, "expected an array with something inside")
            return
        for number in range(max(len(values), len(said))):
            self.primitive(
                values[number] if number < len(values) else None,
                said[number] if number < len(said) else None,
                element,
                f"{path}[{number}]",
                depth,
            )

    def primitive(self, value: Any, said: Any, element: Element, path: str, depth: int) -> None:
        if value is None and not said:
            self.note("json-type", path, "null stands where a value is expected")
            return
        written = "" if value is None else self.attribute("value", _spell(value, element), path)
        if said is None:
            self.line(depth)
            self.parts.append(f"<{element.name}{written}/>")
        else:
            self.object(said, structure("Element"), element.name, written, path, depth)


def _spell(value: Any, element: Element) -> str | None:
    """Spell a primitive's value; ``None`` when it is of another type."""
    match element.kind, value:
        case Kind.TEXT, str():
            return value
        case Kind.BOOLEAN, bool():
            return "true" if value else "false"
        case ((Kind.INTEGER | Kind.DECIMAL), bool()):
            return None
        case ((Kind.INTEGER | Kind.DECIMAL), int()) if abs(value) < _LARGEST:
            return str(value)
        case Kind.DECIMAL, Lexical():
            return value.text
        case Kind.DECIMAL, float() if isfinite(value):
            return repr(value)
    return None
