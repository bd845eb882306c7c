"""Places of findings in metadata: a second pass over the text, made only where there are any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from gateway.codecs.ebrim.names import (
    CLASSIFICATION,
    DOCUMENT_ENTRY_KIND,
    EXTERNAL_IDENTIFIER,
    FOLDER_KIND,
    NAME,
    SLOT,
    SUBMISSION_SET_KIND,
    Kind,
)
from gateway.codecs.xml import Element
from gateway.validation.element_places import ElementPlaces
from gateway.validation.issue import Issue, Position

_OBJECT = re.compile(r"(\w+)\[(.*?)\](?:\.(\w+))?")
_IN_NAME = {"title": NAME}


def placed(issues: Iterable[Issue], root: Element, octets: bytes) -> tuple[Issue, ...]:
    """Give issues with the places of the objects and attributes they are about.

    Args:
        root: The tree they were found in.
        octets: The text it was read from.
    """
    found = list(issues)
    if not found:
        return ()
    objects: dict[str, Element] = {}
    for element in root.iter():
        name = element.get("id")
        if name and element.tag not in (CLASSIFICATION, EXTERNAL_IDENTIFIER):
            objects.setdefault(name.strip(), element)
    places = ElementPlaces(octets, root)
    return tuple(_placed(issue, objects, places) for issue in found)


def shifted(issues: Iterable[Issue], before: bytes) -> tuple[Issue, ...]:
    """Give issues of a part with the lines they have in the whole payload.

    Args:
        before: What stands before the part.
    """
    lines = before.count(b"\n")
    return tuple(
        replace(one, position=Position(one.position.line + lines, one.position.column))
        if one.position is not None
        else one
        for one in issues
    )


def _placed(issue: Issue, objects: dict[str, Element], places: ElementPlaces) -> Issue:
    if issue.position is not None:
        return issue
    match = _OBJECT.match(issue.location)
    element = objects.get(match[2]) if match else None
    if element is None or match is None:
        return issue
    part = _part(element, match[1], match[3] or "") if match[3] else None
    return replace(issue, position=places.position_of(element if part is None else part))


def _part(element: Element, object_name: str, attribute: str) -> Element | None:
    kind = _KINDS.get(object_name)
    if attribute in _IN_NAME:
        return next(element.iterchildren(_IN_NAME[attribute]), None)
    for child in element:
        if child.tag == SLOT and child.get("name") == attribute:
            return child
        if kind is None:
            continue
        if child.tag == CLASSIFICATION:
            scheme = child.get("classificationScheme") or ""
            if kind.codes.get(scheme) == attribute or (
                attribute == "author" and scheme == kind.author
            ):
                return child
        elif (
            child.tag == EXTERNAL_IDENTIFIER
            and kind.identifiers.get(child.get("identificationScheme") or "") == attribute
        ):
            return child
    return None


_KINDS: dict[str, Kind] = {
    "DocumentEntry": DOCUMENT_ENTRY_KIND,
    "SubmissionSet": SUBMISSION_SET_KIND,
    "Folder": FOLDER_KIND,
}
