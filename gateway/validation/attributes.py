"""The attributes that rules of a profile may look at, by the standard's words.

A path is an attribute and, where its data type has parts, one of them: ``classCode`` is the code,
``classCode.scheme`` its coding scheme; ``legalAuthenticator.10`` is a component of an XCN,
``patientId.4.2`` a subcomponent of a CX; ``sourcePatientInfo.PID-5.7`` is a component of each
PID-5 line; ``author.authorPerson`` goes through all authors. Every path gives texts, none for what
is absent, so that one check serves every attribute.

A dozen rules look at one patient id and its parts. What they look at is therefore known before
(:class:`View`), and an object is read once for all of them, each field split once.

Source:
    IHE ITI TF-3: Table 4.2.3.1.7-2 and Tables 4.2.3.2-1 to 4.2.3.4-1 (revision 17).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, NamedTuple

from gateway.model.datatypes import unescape

Seen = tuple[Any, ...]
"""What a view shows of an object: its texts, never empty ones, or pairs of code and scheme."""


@dataclass(frozen=True, slots=True)
class View:
    """What a rule looks at in an object.

    Attributes:
        path: An attribute, or a part of it.
        coded: Whether its codes are looked at, those written as text included, or its texts.
    """

    path: str
    coded: bool = False


class Shape(Enum):
    """How an attribute's value is made, which decides over the parts it has."""

    TEXT = auto()
    LOCALIZED = auto()
    CODE = auto()
    FIELD = auto()
    CODED_TEXT = auto()
    PID = auto()
    FLAG = auto()
    OTHER = auto()


_AUTHOR = {
    "authorPerson": ("person", Shape.FIELD),
    "authorInstitution": ("institution", Shape.FIELD),
    "authorRole": ("role", Shape.CODED_TEXT),
    "authorSpecialty": ("specialty", Shape.CODED_TEXT),
    "authorTelecommunication": ("telecommunication", Shape.FIELD),
}
_COMMON = {
    "entryUUID": ("entry_uuid", Shape.TEXT),
    "logicalId": ("logical_id", Shape.TEXT),
    "version": ("version", Shape.TEXT),
    "availabilityStatus": ("availability_status", Shape.TEXT),
    "homeCommunityId": ("home_community_id", Shape.TEXT),
}
_DESCRIBED = {
    **_COMMON,
    "uniqueId": ("unique_id", Shape.TEXT),
    "patientId": ("patient_id", Shape.FIELD),
    "title": ("title", Shape.LOCALIZED),
    "comments": ("comments", Shape.LOCALIZED),
    "limitedMetadata": ("limited_metadata", Shape.FLAG),
}
ATTRIBUTES: dict[str, dict[str, tuple[str, Shape]]] = {
    "DocumentEntry": {
        **_DESCRIBED,
        "objectType": ("object_type", Shape.TEXT),
        "author": ("author", Shape.OTHER),
        "classCode": ("class_code", Shape.CODE),
        "confidentialityCode": ("confidentiality_code", Shape.CODE),
        "creationTime": ("creation_time", Shape.TEXT),
        "documentAvailability": ("document_availability", Shape.TEXT),
        "eventCodeList": ("event_code_list", Shape.CODE),
        "formatCode": ("format_code", Shape.CODE),
        "hash": ("hash", Shape.TEXT),
        "healthcareFacilityTypeCode": ("healthcare_facility_type_code", Shape.CODE),
        "languageCode": ("language_code", Shape.TEXT),
        "legalAuthenticator": ("legal_authenticator", Shape.FIELD),
        "mimeType": ("mime_type", Shape.TEXT),
        "practiceSettingCode": ("practice_setting_code", Shape.CODE),
        "referenceIdList": ("reference_id_list", Shape.FIELD),
        "repositoryUniqueId": ("repository_unique_id", Shape.TEXT),
        "serviceStartTime": ("service_start_time", Shape.TEXT),
        "serviceStopTime": ("service_stop_time", Shape.TEXT),
        "size": ("size", Shape.TEXT),
        "sourcePatientId": ("source_patient_id", Shape.FIELD),
        "sourcePatientInfo": ("source_patient_info", Shape.PID),
        "typeCode": ("type_code", Shape.CODE),
        "URI": ("uri", Shape.TEXT),
    },
    "SubmissionSet": {
        **_DESCRIBED,
        "author": ("author", Shape.OTHER),
        "contentTypeCode": ("content_type_code", Shape.CODE),
        "intendedRecipient": ("intended_recipient", Shape.OTHER),
        "sourceId": ("source_id", Shape.TEXT),
        "submissionTime": ("submission_time", Shape.TEXT),
    },
    "Folder": {
        **_DESCRIBED,
        "codeList": ("code_list", Shape.CODE),
        "lastUpdateTime": ("last_update_time", Shape.TEXT),
    },
    "Association": {
        **_COMMON,
        "associationType": ("association_type", Shape.TEXT),
        "sourceObject": ("source_object", Shape.TEXT),
        "targetObject": ("target_object", Shape.TEXT),
        "SubmissionSetStatus": ("submission_set_status", Shape.TEXT),
        "PreviousVersion": ("previous_version", Shape.TEXT),
        "AssociationPropagation": ("association_propagation", Shape.TEXT),
        "OriginalStatus": ("original_status", Shape.TEXT),
        "NewStatus": ("new_status", Shape.TEXT),
    },
    "Author": _AUTHOR,
}
"""By object and word: the value's attribute and how it is made."""


class UnknownAttribute(ValueError):
    """No object has this attribute, or the attribute has no such part; says which."""


Get = Callable[[Any], Any]
"""Gets the value of an attribute, as the model has it, from an object."""

Split = Callable[[Any], Any]
"""Takes a value apart, once for all that is looked at in it."""

Show = Callable[[Any], Any]
"""Shows a view of a value: its text or code, several as a tuple, or nothing."""


class Sight(NamedTuple):
    """How a view is come by.

    Attributes:
        name: The attribute's, the same for all views of it.
        split: What takes a value of many parts apart, once for all views.
        whole: Whether all values of the attribute are taken apart together.
    """

    name: str
    get: Get
    split: Split | None
    show: Show
    whole: bool

    def read_value(self, value: Any) -> Seen:
        """Give all that a value shows, or several values."""
        split, show = self.split, self.show
        if type(value) is tuple and not self.whole:
            return tuple(filter(None, map(show, map(split, value) if split else value)))
        shown = show(split(value) if split else value)
        if type(shown) is tuple and self.whole:
            return shown
        return (shown,) if shown else ()

    def reader(self) -> Callable[[Any], Seen]:
        """Give what reads all that an object shows."""
        get, split, show, read_value = self.get, self.split, self.show, self.read_value

        def read(item: object) -> Seen:
            value = get(item)
            if value is None:
                return ()
            if type(value) is tuple:
                return read_value(value)
            shown = show(value if split is None else split(value))
            return (shown,) if shown else ()

        return read


def location_of(path: str) -> str:
    """Give the attribute's name as findings write it: the path without parts of data types."""
    words = path.split(".")
    keep = 2 if words[0] == "author" and len(words) > 1 else 1
    return ".".join(words[:keep])


@lru_cache(maxsize=1024)
def sight_of(object_name: str, view: View) -> Sight:
    """Give how a view of an object is come by.

    Raises:
        UnknownAttribute: When there is no such attribute, no such part, or it has no codes.
    """
    known = ATTRIBUTES.get(object_name, {})
    word, _, part = view.path.partition(".")
    if word == "author" and part and "author" in known:
        own = sight_of("Author", View(part, view.coded))
        return own._replace(name=f"author.{own.name}", get=partial(_of_authors, own.get))
    name, shape = known.get(word, ("", Shape.OTHER))
    if view.coded:
        show = _CODES.get(word) or _CODES.get(shape)
        if show is None or part or not name:
            raise UnknownAttribute(f"{object_name} has no coded attribute {view.path!r}")
    elif not name:
        raise UnknownAttribute(
            f"{object_name} has no attribute {word!r}; it has {', '.join(sorted(known))}"
        )
    else:
        show = _PART_OF[shape](part)
        if show is None:
            raise UnknownAttribute(f"{object_name}.{word} has no part {part!r}")
    return Sight(name, attrgetter(name), _SPLIT.get(shape), show, shape is Shape.PID)


def _of_authors(get: Get, item: Any) -> Seen:
    found: list[Any] = []
    for author in item.author:
        value = get(author)
        if type(value) is tuple:
            found += value
        elif value is not None:
            found.append(value)
    return tuple(found)


# ------------------------------------------------------------ what a part of a value is

_COMPONENT = re.compile(r"(\d{1,2})(?:\.(\d))?\Z")
_PID_PART = re.compile(r"PID-(\d{1,2})(?:\.(\d{1,2}))?\Z")


def _component(number: int) -> Callable[[list[str]], str]:
    def show(components: list[str]) -> str:
        if number > len(components):
            return ""
        text = components[number - 1]
        return unescape(text) if "\\" in text else text

    return show


def _subcomponent(number: int, sub: int) -> Callable[[list[str]], str]:
    def show(components: list[str]) -> str:
        if number > len(components):
            return ""
        subs = components[number - 1].split("&")
        return unescape(subs[sub - 1]) if sub <= len(subs) else ""

    return show


def _text(value: Any) -> str:
    # Of a DTM the value is its text; of a plain text, itself.
    return value if type(value) is str else str(getattr(value, "text", value))


def _localized_part(part: str) -> Show | None:
    return attrgetter(part or "value") if part in {"", "language"} else None


def _code_part(part: str) -> Show | None:
    return attrgetter(part or "code") if part in {"", "code", "scheme", "display"} else None


def _field_part(part: str) -> Show | None:
    if not part:
        return "^".join
    found = _COMPONENT.match(part)
    if found is None:
        return None
    number, sub = int(found[1]), int(found[2] or 0)
    return _subcomponent(number, sub) if sub else _component(number)


class _PatientInfo(NamedTuple):
    """The lines of sourcePatientInfo, their names, and by name what follows the bar."""

    lines: Seen
    names: list[str]
    fields: dict[str, str]


def _split_lines(lines: Seen) -> _PatientInfo:
    names: list[str] = []
    fields: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for line in lines:
        name, bar, value = line.partition("|")
        names.append(name)
        if bar:
            if name in fields:
                repeated.setdefault(name, [fields[name]]).append(value)
            else:
                fields[name] = value
    for name, values in repeated.items():
        fields[name] = "~".join(values)
    return _PatientInfo(lines, names, fields)


def _pid_part(part: str) -> Show | None:
    if not part:
        return lambda info: _full(info.lines)
    if part == "name":
        return lambda info: _full(info.names)
    found = _PID_PART.match(part)
    if found is None:
        return None
    name, number = f"PID-{found[1]}", int(found[2] or 0)
    component = _component(number)

    def show(info: _PatientInfo) -> str | Seen:
        value = info.fields.get(name, "")
        if "~" in value:
            values = value.split("~")
            return _full([component(one.split("^")) for one in values] if number else values)
        return component(value.split("^")) if number else value

    return show


def _full(texts: Sequence[str]) -> str | Seen:
    if len(texts) == 1:
        return texts[0]
    return tuple(texts) if all(texts) else tuple(filter(None, texts))


def _only(show: Show) -> Callable[[str], Show | None]:
    """What shows a value that has no parts."""
    return lambda part: None if part else show


_SPLIT: dict[Shape, Split] = {
    Shape.FIELD: lambda field: field.text.split("^"),
    Shape.CODED_TEXT: lambda text: text.split("^"),
    Shape.PID: _split_lines,
}
"""How the values of a shape are taken apart; all others are shown as they are."""

_PART_OF: dict[Shape, Callable[[str], Show | None]] = {
    Shape.TEXT: _only(_text),
    Shape.LOCALIZED: _localized_part,
    Shape.CODE: _code_part,
    Shape.FIELD: _field_part,
    Shape.CODED_TEXT: _field_part,
    Shape.PID: _pid_part,
    Shape.FLAG: _only(lambda value: "true" if value else ""),
    # Authors and recipients: that there is one is all their text says here.
    Shape.OTHER: _only(lambda value: type(value).__name__),
}


# ------------------------------------------------------------ which code a value is


_first, _third, _fifth = _component(1), _component(3), _component(5)
_authority = _subcomponent(4, 2)


def _code_in(components: list[str]) -> tuple[str, str]:
    """A code in a text, as ``code^^^&OID&ISO`` or, in some countries, ``code^display^OID``."""
    return _first(components), _authority(components) or _third(components)


_CODES: dict[Shape | str, Show] = {
    Shape.CODE: attrgetter("code", "scheme"),
    Shape.CODED_TEXT: _code_in,
    "referenceIdList": lambda components: (_fifth(components), ""),
}
"""By shape or attribute, what shows its codes as pairs of code and scheme."""
