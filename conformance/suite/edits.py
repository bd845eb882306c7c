"""Small changes to a message: what a negative test breaks, said beside the test.

For XML the place is an XPath, for JSON a pointer (RFC 6901); both must lead somewhere, so that a
test never passes because it changed nothing.

    { remove = "//rim:Slot[@name='hash']" }
    { set = "//rim:ExtrinsicObject/@mimeType", value = "text/plain" }
    { add = "//rim:RegistryObjectList", xml = "<rim:ObjectRef id='x'/>" }
    { replace = "//rim:Slot[@name='hash']", xml = "…" }
    { before = "//rim:ExtrinsicObject/rim:Name", xml = "…" }
    { set = "/entry/0/resource/status", value = "entered-in-error" }
    { add = "/entry/-", json = "{…}" }
    { find = "text", put = "other text" }

``times`` says at how many places at least; the values are filled in like every text of a suite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lxml import etree

from conformance.suite.words import Scope, in_json, in_xml
from gateway.codecs.xml import Element, XmlRefused, read_xml

NAMESPACES: Final[dict[str, str]] = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
    "rs": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0",
    "lcm": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
    "query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
    "ihe": "urn:ihe:iti:xds-b:2007",
    "rmd": "urn:ihe:iti:rmd:2017",
    "xop": "http://www.w3.org/2004/08/xop/include",
    "wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "fhir": "http://hl7.org/fhir",
    "xhtml": "http://www.w3.org/1999/xhtml",
}
"""Prefixes that templates, changes and paths may use without declaring them."""

DECLARED: Final = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


class EditFault(Exception):
    """A change cannot be made; the message says why."""


def edit_xml(octets: bytes, edits: Iterable[Mapping[str, Any]], scope: Scope) -> bytes:
    """Give an XML message with changes made in their order.

    Raises:
        EditFault: When one leads nowhere or is not understood.
    """
    for edit in edits:
        if "find" in edit:
            octets = _found(octets, edit, scope)
            continue
        try:
            root = read_xml(octets)
        except XmlRefused as refused:
            raise EditFault(f"the message is no XML to change: {refused}") from None
        _edit_tree(root, edit, scope)
        octets = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return octets


def fragment(text: str) -> list[Element]:
    """Give the elements of a piece of XML, whose prefixes need no declaration."""
    try:
        root = read_xml(f"<fragment {DECLARED}>{text}</fragment>".encode())
    except XmlRefused as refused:
        raise EditFault(f"a piece of XML cannot be read: {refused}") from None
    return list(root)


def _edit_tree(root: Element, edit: Mapping[str, Any], scope: Scope) -> None:
    word, path = _place(edit, ("remove", "set", "add", "replace", "before"), scope)
    name = None
    if path.rpartition("/")[2].startswith("@"):
        path, _, attribute = path.rpartition("/")
        name = attribute[1:]
    try:
        found = root.xpath(path, namespaces=NAMESPACES)
    except etree.XPathError as error:
        raise EditFault(f"{path} is no XPath: {error}") from None
    listed = found if isinstance(found, list) else []
    elements = [one for one in listed if isinstance(one, etree._Element)]
    if len(elements) < edit.get("times", 1):
        raise EditFault(f"{path} leads to {len(elements)} elements of the message")
    for element in elements:
        if name is not None:
            _edit_attribute(element, name, word, edit, scope)
        elif word == "set":
            element[:] = []
            element.text = scope.filled(str(edit["value"]))
        elif word == "add":
            element.extend(fragment(scope.filled(edit["xml"], in_xml)))
        else:
            parent = element.getparent()
            if parent is None:
                raise EditFault(f"{path} is the whole message")
            if word != "remove":
                for new in fragment(scope.filled(edit["xml"], in_xml)):
                    element.addprevious(new)
            if word != "before":
                parent.remove(element)


def _edit_attribute(
    element: Element, name: str, word: str, edit: Mapping[str, Any], scope: Scope
) -> None:
    prefix, colon, local = name.partition(":")
    clark = f"{{{NAMESPACES[prefix]}}}{local}" if colon else name
    if word == "set":
        element.set(clark, scope.filled(str(edit["value"])))
    elif clark not in element.attrib:
        raise EditFault(f"there is no attribute {name} to remove")
    else:
        del element.attrib[clark]


def edit_json(octets: bytes, edits: Iterable[Mapping[str, Any]], scope: Scope) -> bytes:
    """Give a JSON message with changes made in their order.

    Raises:
        EditFault: When one leads nowhere or is not understood.
    """
    for edit in edits:
        if "find" in edit:
            octets = _found(octets, edit, scope)
            continue
        value = json.loads(octets)
        word, pointer = _place(edit, ("remove", "set", "add"), scope)
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        holder: Any = value
        for part in way:
            holder = _within(holder, part, pointer)
        _edit_member(holder, last, word, pointer, edit, scope)
        octets = json.dumps(value, ensure_ascii=False).encode()
    return octets


def _within(holder: Any, part: str, pointer: str) -> Any:
    try:
        return holder[int(part)] if isinstance(holder, list) else holder[part]
    except (KeyError, IndexError, ValueError, TypeError):
        raise EditFault(f"{pointer} leads nowhere in the message, at {part}") from None


def _edit_member(
    holder: Any, last: str, word: str, pointer: str, edit: Mapping[str, Any], scope: Scope
) -> None:
    if word == "remove":
        _within(holder, last, pointer)
        del holder[int(last) if isinstance(holder, list) else last]
        return
    value: Any = edit.get("value")
    if isinstance(value, str):
        value = scope.filled(value)
    elif "json" in edit:
        value = json.loads(scope.filled(edit["json"], in_json))
    if isinstance(holder, dict):
        holder[last] = value
    elif not isinstance(holder, list):
        raise EditFault(f"{pointer} stands in neither an object nor an array")
    elif last == "-":
        holder.append(value)
    elif word == "add":
        holder.insert(int(last), value)
    else:
        _within(holder, last, pointer)
        holder[int(last)] = value


def _place(edit: Mapping[str, Any], words: tuple[str, ...], scope: Scope) -> tuple[str, str]:
    for word in words:
        if word in edit:
            return word, scope.filled(str(edit[word]))
    raise EditFault(f"a change begins with one of {', '.join((*words, 'find'))}")


def _found(octets: bytes, edit: Mapping[str, Any], scope: Scope) -> bytes:
    text = octets.decode("utf-8")
    wanted = scope.filled(edit["find"])
    if wanted not in text:
        raise EditFault(f"{wanted!r} does not stand in the message")
    return text.replace(wanted, scope.filled(edit["put"])).encode()
