"""Texts for people: Name and Description with their LocalizedStrings.

Source:
    IHE ITI TF-3: 4.2.3.1.1 (revision 17); OASIS ebRIM 3.0: 2.6.
"""

from __future__ import annotations

from gateway.codecs.ebrim.names import LOCALIZED_STRING, XML_LANG
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.xml import Element, escape_attribute
from gateway.model.datatypes import LocalizedString


def read_localized_strings(
    element: Element, where: str, reading: Reading
) -> tuple[LocalizedString, ...]:
    """Read a Name or Description, exactly as it was written."""
    if len(element) == 1:
        child = element[0]
        if child.tag == LOCALIZED_STRING and (value := child.get("value")) is not None:
            return (LocalizedString(value, child.get(XML_LANG) or None),)
    strings = []
    for child in element:
        if child.tag != LOCALIZED_STRING:
            reading.unexpected(child, where)
            continue
        value = child.get("value")
        if value is None:
            reading.problem(
                "localized-string",
                where,
                "a LocalizedString has no value; write its value attribute",
            )
            continue
        strings.append(LocalizedString(value, child.get(XML_LANG) or None))
    return tuple(strings)


def write_localized_strings(name: str, strings: tuple[LocalizedString, ...]) -> str:
    """Give a Name or Description; nothing when there is no text."""
    if not strings:
        return ""
    parts = [f"<rim:{name}>"]
    for string in strings:
        lang = f' xml:lang="{escape_attribute(string.language)}"' if string.language else ""
        parts.append(f'<rim:LocalizedString value="{escape_attribute(string.value)}"{lang}/>')
    parts.append(f"</rim:{name}>")
    return "".join(parts)
