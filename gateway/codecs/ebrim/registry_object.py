"""What every registry object is made of: attributes, slots, texts, classifications, identifiers.

Source:
    IHE ITI TF-3: 4.2.3.1 (revision 17); OASIS ebRIM 3.0: 2.4 (order of the children).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.codecs.ebrim.classification import (
    part_ids,
    read_author,
    read_unusual_code,
    read_usual_code,
    write_author,
    write_code,
    write_label,
)
from gateway.codecs.ebrim.localized import read_localized_strings
from gateway.codecs.ebrim.names import (
    CLASSIFICATION,
    CONTENT_VERSION_INFO,
    DESCRIPTION,
    EXTERNAL_IDENTIFIER,
    EXTERNAL_IDENTIFIER_TYPE,
    NAME,
    SLOT,
    VERSION_INFO,
    Kind,
)
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.slots import Slots
from gateway.codecs.xml import Element, escape_attribute
from gateway.model.datatypes import Author, Code, Identifier, LocalizedString


class Parts:
    """The parts of one registry object, read but not yet named by its kind's attributes."""

    __slots__ = (
        "authors",
        "codes",
        "description",
        "entry_uuid",
        "home",
        "identifiers",
        "kind",
        "limited_metadata",
        "logical_id",
        "name",
        "reading",
        "slots",
        "status",
        "version",
        "where",
    )

    def __init__(self, element: Element, kind: Kind, reading: Reading) -> None:
        self.kind = kind
        self.reading = reading
        self.entry_uuid = attribute(element, "id") or ""
        self.home = attribute(element, "home")
        self.logical_id = attribute(element, "lid")
        self.status = attribute(element, "status")
        self.where = where = f"{kind.name}[{self.entry_uuid[:128]}]"
        self.name: tuple[LocalizedString, ...] = ()
        self.description: tuple[LocalizedString, ...] = ()
        self.version: str | None = None
        self.codes: dict[str, list[Code]] = {}
        self.authors: list[Author] = []
        self.identifiers: dict[str, str] = {}
        self.limited_metadata = False
        self.slots = slots = Slots(where, reading)
        if self.entry_uuid:
            reading.object_id(self.entry_uuid, where)
        for child in element:
            tag = child.tag
            if tag == SLOT:
                slots.add(child)
            elif tag == CLASSIFICATION:
                self._read_classification(child)
            elif tag == EXTERNAL_IDENTIFIER:
                self._read_identifier(child)
            elif tag == NAME:
                self.name = read_localized_strings(child, f"{where}.Name", reading)
            elif tag == DESCRIPTION:
                self.description = read_localized_strings(child, f"{where}.Description", reading)
            elif tag == VERSION_INFO:
                self.version = attribute(child, "versionName")
            elif tag != CONTENT_VERSION_INFO:
                reading.unexpected(child, where)

    def code(self, name: str) -> Code | None:
        """Give the code of an attribute that has one at most."""
        codes = self.codes.get(name)
        return codes[0] if codes else None

    def code_list(self, name: str) -> tuple[Code, ...]:
        """Give the codes of an attribute, in the order of the message."""
        codes = self.codes.get(name)
        return tuple(codes) if codes else ()

    def identifier(self, name: str) -> Identifier | None:
        """Give an identifier with its assigning authority."""
        text = self.identifiers.get(name)
        return Identifier(text) if text else None

    def _read_classification(self, element: Element) -> None:
        reading, kind = self.reading, self.kind
        scheme = element.get("classificationScheme")
        part = ""
        if scheme is None:
            self.read_label(element)
        elif (name := kind.codes.get(scheme)) is not None:
            part = name
            code = read_usual_code(element)
            if code is None:
                code = read_unusual_code(element, f"{self.where}.{name}", reading)
            codes = self.codes.get(name)
            if codes is None:
                self.codes[name] = [code]
            else:
                codes.append(code)
                if len(codes) == 2 and name not in kind.repeatable:
                    reading.problem(
                        "classification-repeated",
                        f"{self.where}.{name}",
                        f"{name} may have one value only; remove the other Classifications",
                    )
        elif scheme == kind.author:
            part = "author"
            self.authors.append(read_author(element, f"{self.where}.author", reading))
        else:
            reading.problem(
                "classification-scheme",
                self.where,
                f"the classification scheme {scheme[:128]} is not one of {kind.name}; remove it",
            )
        self._check_part(element, element.get("classifiedObject"), "classifiedObject", part)

    def read_label(self, element: Element) -> None:
        """Read a Classification by node, which says what the object is."""
        node = (element.get("classificationNode") or "").strip()
        if node and node == self.kind.limited_metadata:
            self.limited_metadata = True
        elif not node or node != self.kind.label:
            self.reading.problem(
                "classification-node",
                self.where,
                f"a Classification has neither a classificationScheme nor a node that "
                f"{self.kind.name} knows, found {node[:128] or 'none'}; correct or remove it",
            )

    def _read_identifier(self, element: Element) -> None:
        reading = self.reading
        scheme = element.get("identificationScheme") or ""
        name = self.kind.identifiers.get(scheme) or ""
        value = (element.get("value") or "").strip()
        named = False
        # Nearly always the Name alone, which is reached faster by index than by a loop.
        for child in (element[0],) if len(element) == 1 else element:
            tag = child.tag
            if tag == NAME:
                named = len(child) > 0 and bool(child[0].get("value"))
            elif tag not in (SLOT, DESCRIPTION, VERSION_INFO):
                reading.unexpected(child, self._place(name))
        if not name:
            reading.problem(
                "identification-scheme",
                self.where,
                f"the identification scheme {scheme[:128] or 'that is empty'} is not one of "
                f"{self.kind.name}; remove the ExternalIdentifier",
            )
        elif name in self.identifiers:
            reading.problem(
                "identifier-repeated",
                self._place(name),
                f"{name} stands more than once; keep one",
            )
        else:
            self.identifiers[name] = value
            if not value:
                reading.problem(
                    "identifier-value",
                    self._place(name),
                    f"the value of {name} is empty; write it",
                )
        if not named:
            reading.problem(
                "identifier-name",
                self._place(name),
                "the ExternalIdentifier has no Name; write the one its scheme prescribes",
            )
        self._check_part(element, element.get("registryObject"), "registryObject", name)

    def _check_part(self, element: Element, owner: str | None, reference: str, part: str) -> None:
        """Check what a part says of itself: its own id, and whose part it is."""
        part_id = element.get("id")
        if part_id and not self.reading.takes_part_id(part_id):
            self.reading.refuse_part_id(part_id, self._place(part))
        if owner != self.entry_uuid and (owner or "").strip() != self.entry_uuid:
            self.reading.problem(
                "part-of-another",
                self._place(part),
                f"{reference} names {(owner or 'nothing')[:128]}, and the object around it is "
                f"{self.entry_uuid[:128] or 'without id'}; make them equal",
            )

    def _place(self, part: str) -> str:
        """How findings call a part; only a finding is worth making the text."""
        return f"{self.where}.{part}" if part else self.where


class Writing:
    """Gathers the parts of one registry object that carry an id of their own, in schema order."""

    __slots__ = ("_ids", "_parts", "object_id")

    def __init__(self, entry_uuid: str) -> None:
        self.object_id = escape_attribute(entry_uuid)
        self._ids: Iterator[str] = part_ids(entry_uuid)
        self._parts: list[str] = []

    def authors(self, scheme: str, authors: Iterable[Author]) -> None:
        """Add one Classification for each author."""
        for author in authors:
            self._parts.append(write_author(scheme, author, self.object_id, next(self._ids)))

    def code(self, scheme: str, code: Code | None) -> None:
        """Add a coded value, when there is one."""
        if code is not None:
            self._parts.append(write_code(scheme, code, self.object_id, next(self._ids)))

    def codes(self, scheme: str, codes: Iterable[Code]) -> None:
        """Add one Classification for each code."""
        for code in codes:
            self._parts.append(write_code(scheme, code, self.object_id, next(self._ids)))

    def label(self, node: str) -> None:
        """Add a Classification by node."""
        self._parts.append(write_label(node, self.object_id, next(self._ids)))

    def identifier(self, scheme: str, name: str, value: str | None) -> None:
        """Add an ExternalIdentifier; the value comes escaped, or as a mark of a fragment."""
        if value is not None:
            self._parts.append(
                f'<rim:ExternalIdentifier id="{next(self._ids)}" '
                f'objectType="{EXTERNAL_IDENTIFIER_TYPE}" registryObject="{self.object_id}" '
                f'identificationScheme="{scheme}" value="{value}"><rim:Name>'
                f'<rim:LocalizedString value="{name}"/></rim:Name></rim:ExternalIdentifier>'
            )

    def text(self) -> str:
        """Give everything added so far."""
        return "".join(self._parts)


def write_identity(
    object_id: str,
    logical_id: str | None,
    home_community_id: str | None,
    status: str | None,
) -> str:
    """Give the attributes every registry object may have.

    Args:
        object_id: Escaped.
        status: Escaped, or a mark of a fragment.
    """
    text = f' id="{object_id}"'
    if logical_id is not None:
        text += f' lid="{escape_attribute(logical_id)}"'
    if home_community_id is not None:
        text += f' home="{escape_attribute(home_community_id)}"'
    if status is not None:
        text += f' status="{status}"'
    return text


def write_version(version: str | None) -> str:
    """Give the VersionInfo of an object that has a version."""
    if version is None:
        return ""
    return f'<rim:VersionInfo versionName="{escape_attribute(version)}"/>'
