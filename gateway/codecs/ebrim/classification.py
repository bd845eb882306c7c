"""Classifications: coded attributes and authors.

Source:
    IHE ITI TF-3: 4.2.3.1.2 and 4.2.3.1.4 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID, uuid5

from gateway.codecs.ebrim.localized import read_localized_strings
from gateway.codecs.ebrim.names import (
    CLASSIFICATION_TYPE,
    DESCRIPTION,
    LOCALIZED_STRING,
    NAME,
    SLOT,
    VALUE,
    VALUE_LIST,
    VERSION_INFO,
    XML_LANG,
)
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.ebrim.slots import (
    Slots,
    read_values,
    write_extra,
    write_slot,
    write_text_slot,
)
from gateway.codecs.xml import Element, escape_attribute
from gateway.model.datatypes import (
    Author,
    Code,
    Organization,
    Person,
    Telecom,
    is_uuid_urn,
)
from gateway.model.remembering import remembered

_SYMBOLIC = UUID("2f1c3f0e-54a4-4d4f-9d0e-0a6f5a2b7c11")
"""Namespace of the ids made for parts of objects whose own id is not a UUID."""

_CLASSIFICATION = f'" objectType="{CLASSIFICATION_TYPE}" classificationScheme="'


_THREE_DIGITS = [f"{number:03x}" for number in range(0x1000)]


def part_ids(object_id: str) -> Iterator[str]:
    """Give ids for the parts of an object, the same ones each time it is written.

    They are UUIDs of version 8, made from the object's own by its order number, so that they are
    unique in an answer without being stored.

    Source:
        RFC 9562: 5.8.
    """
    base = object_id[9:].lower() if is_uuid_urn(object_id) else str(uuid5(_SYMBOLIC, object_id))
    head, middle, tail = f"urn:uuid:{base[:14]}8", int(base[15:18], 16), base[18:]
    for number in range(1, 0x1000):
        yield head + _THREE_DIGITS[middle ^ number] + tail
    number = 0x1000
    while True:
        yield f"urn:uuid:{uuid5(_SYMBOLIC, f'{base} {number}')}"
        number += 1


def read_usual_code(element: Element) -> Code | None:
    """Read a coded value as nearly all are written; ``None`` when it is written otherwise.

    A usual one has one Slot and one Name with one text each. They are reached by index, in one
    step: codes are most of a message.
    """
    if len(element) == 2 and len(slot := element[0]) == 1 and len(name := element[1]) == 1:
        value_list, string = slot[0], name[0]
        if (
            len(value_list) == 1
            and slot.tag == SLOT
            and name.tag == NAME
            and slot.get("name") == "codingScheme"
            and value_list.tag == VALUE_LIST
            and string.tag == LOCALIZED_STRING
        ):
            value = value_list[0]
            if value.tag == VALUE and not len(value):
                return _code(
                    element.get("nodeRepresentation"),
                    value.text,
                    string.get("value"),
                    string.get(XML_LANG),
                )
    return None


@remembered(4096)
def _code(
    code: str | None, scheme: str | None, display: str | None, language: str | None
) -> Code | None:
    """Give the same value for the same code: what others keep by value is found quickly by it."""
    code, scheme = (code or "").strip(), (scheme or "").strip()
    if not (code and scheme and display):
        return None
    return Code(code, scheme, display, language or None)


def read_unusual_code(element: Element, where: str, reading: Reading) -> Code:
    """Read a coded value however it is written, and note what its Classification lacks.

    Args:
        where: The attribute, as findings call it.
    """
    code = (element.get("nodeRepresentation") or "").strip()
    scheme = ""
    schemes = 0
    display: str | None = None
    language: str | None = None
    for child in element:
        tag = child.tag
        if tag == SLOT:
            if child.get("name") == "codingScheme":
                values = read_values(child, where, reading)
                schemes += len(values)
                scheme = scheme or (values[0].strip() if values else "")
            else:
                _note_extra(child, where, reading)
        elif tag == NAME:
            names = read_localized_strings(child, where, reading)
            if names:
                display, language = names[0].value, names[0].language
            if len(names) > 1:
                reading.not_kept(where, "only the first of a code's display names is kept")
        elif tag not in (DESCRIPTION, VERSION_INFO):
            reading.unexpected(child, where)
    if not code:
        reading.problem(
            "code-missing", where, "nodeRepresentation is missing or empty; write the code there"
        )
    if schemes != 1 or not scheme:
        found = "has several values" if schemes > 1 else "is missing or empty"
        reading.problem(
            "coding-scheme",
            where,
            f"the Slot codingScheme {found}; write one value, the OID of the coding system",
        )
    if not display:
        reading.problem(
            "code-name", where, "the code has no Name; write its display name as LocalizedString"
        )
    return Code(code, scheme, display, language)


def _note_extra(slot: Element, where: str, reading: Reading) -> None:
    slots = Slots(where, reading)
    slots.add(slot)
    for extra in slots.extra():
        reading.not_kept(f"{where}.{extra.name[:256]}", "an extra Slot of a code is not kept")


def read_author(element: Element, where: str, reading: Reading) -> Author:
    """Read an author; its values are kept even when they are not well formed."""
    values = []
    for child in element:
        tag = child.tag
        if tag == SLOT:
            values.append((child.get("name"), tuple(read_values(child, where, reading))))
        elif tag not in (NAME, DESCRIPTION, VERSION_INFO):
            reading.unexpected(child, where)
    return _flawless_author(tuple(values)) or _author(values, where, reading)


_SlotValues = tuple[str | None, tuple[str, ...]]
"""A slot's name and its values, as they came."""


@remembered(1024)
def _flawless_author(values: tuple[_SlotValues, ...]) -> Author | None:
    """Give the same value for the same author; ``None`` where something is to be noted."""
    reading = Reading()
    author = _author(values, "", reading)
    return None if reading.findings else author


def _author(values: Iterable[_SlotValues], where: str, reading: Reading) -> Author:
    slots = Slots(where, reading)
    for name, texts in values:
        slots.put(name, list(texts))
    person = slots.text("authorPerson")
    return Author(
        person=Person(person) if person else None,
        institution=tuple([Organization(text) for text in slots.texts("authorInstitution")]),
        role=slots.texts("authorRole"),
        specialty=slots.texts("authorSpecialty"),
        telecommunication=tuple([Telecom(text) for text in slots.texts("authorTelecommunication")]),
        extra=slots.extra(),
    )


def write_code(scheme: str, code: Code, object_id: str, part_id: str) -> str:
    """Give the Classification of a coded value.

    Args:
        scheme: The classification scheme, which says the attribute.
        object_id: Id of the classified object, escaped.
        part_id: The Classification's own id.
    """
    return (
        f'<rim:Classification id="{part_id}{_CLASSIFICATION}{scheme}" classifiedObject="{object_id}'
        f"{_code_content(code)}"
    )


@remembered(4096)
def _code_content(code: Code) -> str:
    """What a code's Classification says but for its ids; few codes make up most metadata."""
    slot = write_text_slot("codingScheme", code.scheme) if code.scheme else ""
    if code.display is None:
        name = ""
    else:
        lang = f' xml:lang="{escape_attribute(code.language)}"' if code.language else ""
        name = (
            f'<rim:Name><rim:LocalizedString value="{escape_attribute(code.display)}"{lang}/>'
            "</rim:Name>"
        )
    return f'" nodeRepresentation="{escape_attribute(code.code)}">{slot}{name}</rim:Classification>'


def write_author(scheme: str, author: Author, object_id: str, part_id: str) -> str:
    """Give the Classification of an author; arguments as in :func:`write_code`."""
    return (
        f'<rim:Classification id="{part_id}{_CLASSIFICATION}{scheme}" classifiedObject="{object_id}'
        f'" nodeRepresentation="">{_author_slots(author)}</rim:Classification>'
    )


@remembered(1024)
def _author_slots(author: Author) -> str:
    """The slots of an author; few authors write most documents."""
    slots = []
    if author.person is not None:
        slots.append(write_text_slot("authorPerson", author.person.text))
    if author.institution:
        slots.append(write_slot("authorInstitution", [o.text for o in author.institution]))
    if author.role:
        slots.append(write_slot("authorRole", author.role))
    if author.specialty:
        slots.append(write_slot("authorSpecialty", author.specialty))
    if author.telecommunication:
        telecoms = [t.text for t in author.telecommunication]
        slots.append(write_slot("authorTelecommunication", telecoms))
    if author.extra:
        slots.append(write_extra(author.extra))
    return "".join(slots)


def write_label(node: str, object_id: str, part_id: str) -> str:
    """Give the Classification that says what an object is by a classification node."""
    return (
        f'<rim:Classification id="{part_id}" objectType="{CLASSIFICATION_TYPE}" '
        f'classificationNode="{node}" classifiedObject="{object_id}"/>'
    )
