"""The narrative's ``div``: a text of XHTML in JSON, elements of XHTML in XML.

Both are written the same way, so that a narrative comes back from either form as it went:
XHTML's namespace on the ``div``, no prefixes, double quotes, an end tag wherever HTML has one.

Source:
    HL7 FHIR R4 (4.0.1): 2.4 Narrative; 2.6.1, 2.6.2.
"""

from __future__ import annotations

import re
from html.entities import html5

from gateway.codecs.xml import (
    MESSAGE_LIMITS,
    Element,
    XmlRefused,
    escape_attribute,
    escape_text,
    place_of,
    read_xml,
)

XHTML = "http://www.w3.org/1999/xhtml"
DIV = f"{{{XHTML}}}div"
"""The element every narrative is."""

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}"
_VOID = frozenset(("area", "br", "col", "hr", "img", "wbr"))
_ENTITY = re.compile("&([A-Za-z][A-Za-z0-9]{1,31};)")
_XML_ENTITIES = frozenset(("amp;", "lt;", "gt;", "quot;", "apos;"))


def read_narrative(text: str) -> Element:
    """Give the ``div`` a text holds.

    Raises:
        XmlRefused: When it holds anything else.
    """
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    root = read_xml(text.encode("utf-8", "replace"), limits=MESSAGE_LIMITS, keep_blanks=True)
    if root.tag != DIV:
        raise XmlRefused(
            place_of(root), f'a narrative is one <div xmlns="{XHTML}"> with everything inside'
        )
    return root


def write_narrative(div: Element) -> str:
    """Write a ``div``, from whatever document it comes.

    Raises:
        XmlRefused: When something inside is not XHTML.
    """
    parts: list[str] = []
    _write(div, parts, f' xmlns="{XHTML}"')
    return "".join(parts)


def _write(element: Element, parts: list[str], more: str) -> None:
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace != "{" + XHTML:
        raise XmlRefused(place_of(element), "an element inside the narrative is not XHTML")
    parts.append(f"<{name}{more}")
    for key, value in element.attrib.items():
        written = str(key)
        if written.startswith(_XML_LANG):
            written = "xml:" + written.removeprefix(_XML_LANG)
        elif written.startswith("{"):
            raise XmlRefused(place_of(element), "an attribute inside the narrative is not XHTML")
        parts.append(f' {written}="{escape_attribute(str(value))}"')
    if name in _VOID and not len(element) and not element.text:
        parts.append("/>")
        return
    parts.append(">")
    if element.text:
        parts.append(escape_text(element.text))
    for child in element:
        _write(child, parts, "")
        if child.tail:
            parts.append(escape_text(child.tail))
    parts.append(f"</{name}>")


def _character(entity: re.Match[str]) -> str:
    """The character HTML knows by a name and XML does not."""
    name = entity[1]
    return entity[0] if name in _XML_ENTITIES else html5.get(name, entity[0])
