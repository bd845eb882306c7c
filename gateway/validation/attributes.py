"""The attributes that rules of a profile may look at, by the standard's words.

A path is an attribute and, where its data type has parts, one of them: ``classCode`` is the code,
``classCode.scheme`` its coding scheme; ``legalAuthenticator.10`` is a component of an XCN,
``patientId.4.2`` a subcomponent of a CX; ``sourcePatientInfo.PID-5.7`` is a component of each
PID-5 line; ``author.authorPerson`` goes through all authors. Every path gives texts, none for what
is absent, so that one check serves every attribute.

Source:
    IHE ITI TF-3: Table 4.2.3.1.7-2 and Tables 4.2.3.2-1 to 4.2.3.4-1 (revision 17).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, TypeVar

from gateway.model.datatypes import Author, Code, Identifier

Texts = Callable[[Any], tuple[str, ...]]
"""The non-empty texts of an attribute, or of a part of it, in their order."""

Codes = Callable[[Any], tuple[Code, ...]]
"""The codes of an attribute."""


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

_COMPONENT = re.compile(r"(\d{1,2})(?:\.(\d))?\Z")
_PID_PART = re.compile(r"PID-(\d{1,2})(?:\.(\d{1,2}))?\Z")


class UnknownAttribute(ValueError):
    """No object has this attribute, or the attribute has no such part; says which."""


@lru_cache(maxsize=1024)
def texts_of(object_name: str, path: str) -> Texts:
    """Give what reads an attribute, or a part of it, of an object.

    A dozen rules look at one attribute of one object after the other, so each reader remembers
    what it read last, and rules that look at the same share a reader.

    Raises:
        UnknownAttribute: When there is none.
    """
    return remembering(_texts_of(object_name, path))


_Found = TypeVar("_Found")
_NOTHING = object()


def remembering(read: Callable[[Any], _Found]) -> Callable[[Any], _Found]:
    """Give a function that remembers the last object it was asked about, and its answer."""
    last: tuple[object, Any] = (_NOTHING, None)

    def answer(item: Any) -> _Found:
        nonlocal last
        # One name for both, so that another thread never sees one without the other.
        before = last
        if before[0] is item:
            known: _Found = before[1]
            return known
        found = read(item)
        last = (item, found)
        return found

    return answer


def _texts_of(object_name: str, path: str) -> Texts:
    word, _, part = path.partition(".")
    known = _known(object_name)
    if word == "author" and part and "author" in known:
        return partial(_of_authors, texts_of("Author", part))
    if word not in known:
        raise UnknownAttribute(
            f"{object_name} has no attribute {word!r}; it has {', '.join(sorted(known))}"
        )
    name, shape = known[word]
    read = _PART_OF[shape](part)
    if read is None:
        raise UnknownAttribute(f"{object_name}.{word} has no part {part!r}")

    get = attrgetter(name)

    def texts(item: object) -> tuple[str, ...]:
        value = get(item)
        if value is None:
            return ()
        if type(value) is tuple:
            return tuple([text for one in value for text in read(one) if text])
        return tuple([text for text in read(value) if text])

    return texts


def codes_of(object_name: str, path: str) -> Codes:
    """Give what reads the codes of an attribute, those written as text included.

    Raises:
        UnknownAttribute: When there is no such attribute, or it has no codes.
    """
    if path.startswith("author.") and "author" in _known(object_name):
        return partial(_of_authors, codes_of("Author", path[len("author.") :]))
    name, shape = _known(object_name).get(path, ("", Shape.OTHER))
    if shape is Shape.CODE:
        return lambda item: _values(item, name)
    if shape is Shape.CODED_TEXT:
        return lambda item: tuple(_code_in(text) for text in _values(item, name))
    if shape is Shape.FIELD and path == "referenceIdList":
        return lambda item: tuple(Code(one.type_code) for one in _values(item, name))
    raise UnknownAttribute(f"{object_name} has no coded attribute {path!r}")


def location_of(path: str) -> str:
    """Give the attribute's name as findings write it: the path without parts of data types."""
    words = path.split(".")
    keep = 2 if words[0] == "author" and len(words) > 1 else 1
    return ".".join(words[:keep])


def _known(object_name: str) -> dict[str, tuple[str, Shape]]:
    return ATTRIBUTES.get(object_name, {})


def _values(item: object, name: str) -> tuple[Any, ...]:
    value = getattr(item, name)
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _of_authors(read: Callable[[Author], tuple[Any, ...]], item: Any) -> tuple[Any, ...]:
    return tuple(one for author in item.author for one in read(author))


def _code_in(text: str) -> Code:
    """A code in a text, as ``code^^^&OID&ISO`` or, in some countries, ``code^display^OID``."""
    field = Identifier(text)
    if field.authority:
        return Code(field.value, field.authority)
    return Code(field.value, field.component(3), field.component(2) or None)


# ------------------------------------------------------------ what a part of a value is

_Read = Callable[[Any], "tuple[str, ...] | list[str]"]


def _text_part(part: str) -> _Read | None:
    # Of a DTM the value is its text; of a plain text, itself.
    return None if part else lambda value: (str(getattr(value, "text", value)),)


def _localized_part(part: str) -> _Read | None:
    if part not in {"", "language"}:
        return None
    name = part or "value"
    return lambda value: (getattr(value, name) or "",)


def _code_part(part: str) -> _Read | None:
    if part not in {"", "code", "scheme", "display"}:
        return None
    name = part or "code"
    return lambda value: (getattr(value, name) or "",)


def _field_part(part: str) -> _Read | None:
    if not part:
        return lambda value: (value.text,)
    found = _COMPONENT.match(part)
    if found is None:
        return None
    number, sub = int(found[1]), int(found[2] or 0)
    if sub:
        return lambda value: (value.subcomponent(number, sub),)
    return lambda value: (value.component(number),)


def _coded_text_part(part: str) -> _Read | None:
    read = _field_part(part)
    return None if read is None else lambda text: read(Identifier(text))


def _pid_part(part: str) -> _Read | None:
    if part in {"", "name"}:
        return lambda line: (line.partition("|")[0] if part else line,)
    found = _PID_PART.match(part)
    return found and partial(_pid_values, f"PID-{found[1]}|", int(found[2] or 0))


def _pid_values(prefix: str, component: int, line: str) -> tuple[str, ...] | list[str]:
    if not line.startswith(prefix):
        return ()
    repetitions = line[len(prefix) :].split("~")
    if not component:
        return repetitions
    return [Identifier(repetition).component(component) for repetition in repetitions]


def _flag_part(part: str) -> _Read | None:
    return None if part else lambda value: ("true" if value else "",)


def _other_part(part: str) -> _Read | None:
    # Authors and recipients: that there is one is all their text says here.
    return None if part else lambda value: (type(value).__name__,)


_PART_OF: dict[Shape, Callable[[str], _Read | None]] = {
    Shape.TEXT: _text_part,
    Shape.LOCALIZED: _localized_part,
    Shape.CODE: _code_part,
    Shape.FIELD: _field_part,
    Shape.CODED_TEXT: _coded_text_part,
    Shape.PID: _pid_part,
    Shape.FLAG: _flag_part,
    Shape.OTHER: _other_part,
}
