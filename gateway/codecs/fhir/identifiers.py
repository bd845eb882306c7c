"""Identifiers: HL7 CX and CXi, document uniqueIds and entryUUIDs as FHIR Identifiers and back."""

from __future__ import annotations

import re

from gateway.codecs.fhir.reader import Json, Reader, own, own_text
from gateway.codecs.fhir.vocabulary import (
    ENTRY_UUID,
    IDENTIFIER_TYPE,
    OID_URN,
    OPAQUE_ID,
    UNIQUE_ID,
    URI_SYSTEM,
    UUID_URN,
)
from gateway.model.datatypes import OID, Identifier, ReferenceId, escape
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s|]+\Z")

ENCOUNTER_ID = "urn:ihe:iti:xds:2015:encounterId"
UNIQUE_ID_REFERENCE = "urn:ihe:iti:xds:2013:uniqueId"
REFERENCE_TYPES = (
    UNIQUE_ID_REFERENCE,
    "urn:ihe:iti:xds:2013:accession",
    "urn:ihe:iti:xds:2013:referral",
    "urn:ihe:iti:xds:2013:order",
    ENCOUNTER_ID,
    "urn:ihe:iti:xds:2016:studyInstanceUID",
    "urn:ihe:iti:xdw:2013:workflowInstanceId",
)
"""The identifier types of referenceIdList. Source: IHE ITI TF-3: 4.2.3.2.28 (revision 17)."""

_FHIR_TYPES = {
    "ACSN": "urn:ihe:iti:xds:2013:accession",
    "PLAC": "urn:ihe:iti:xds:2013:order",
    "FILL": "urn:ihe:iti:xds:2013:order",
    "VN": ENCOUNTER_ID,
}
"""Identifier types of HL7 table 0203 a FHIR source may use instead."""

MHD_TYPED = {
    code: {"coding": [{"system": IDENTIFIER_TYPE, "code": code}]}
    for code in (ENTRY_UUID, UNIQUE_ID)
}

_USES = {ENTRY_UUID: "official", UNIQUE_ID: "usual"}
"""How MHD told the two apart before 4.2.4."""

_KIND_OF = {use: code for code, use in _USES.items()}

_MARKS: dict[str, dict[str, Json]] = {
    "type": {code: {"type": MHD_TYPED[code]} for code in _USES},
    # Both, so that what is written is right for readers of either edition.
    "use": {code: {"use": use, "type": MHD_TYPED[code]} for code, use in _USES.items()},
}


# --- CX ----------------------------------------------------------------------------------------


def cx_text(value: str, authority: str, type_code: str = "") -> str:
    """Give the CX text; an authority that is no OID is declared as a URI, as HL7 v2 wants."""
    text = escape(value)
    if authority:
        text = f"{text}^^^{_issuer(authority)}"
    if type_code:
        text = f"{text}{'^' if authority else '^^^^'}{escape(type_code)}"
    return text


def _issuer(authority: str) -> str:
    # An OID has nothing to escape.
    return f"&{authority}&ISO" if OID.match(authority) else f"&{escape(authority)}&URI"


@remembered(1024)
def _issuer_of(system: str, naming: NamingSystems) -> str:
    """Give what names a system in a CX; a few authorities give out nearly all identifiers."""
    authority = naming.scheme(system)
    return f"^^^{_issuer(authority)}" if authority else ""


def write_identifier(identifier: Identifier, naming: NamingSystems) -> Json:
    """Write a CX as an Identifier."""
    value, authority = identifier.value, identifier.authority
    written: Json = {}
    if authority:
        written["system"] = naming.uri(authority)
    if value:
        written["value"] = value
    if cx_text(value, authority) != identifier.text and identifier.text:
        written["extension"] = [own("text", identifier.text)]
    return written


def read_identifier(reader: Reader, element: Json, path: str) -> Identifier | None:
    """Read an Identifier as a CX; one without value is reported."""
    if "extension" in element:
        kept = own_text(element, "text")
        if kept is not None:
            candidate = Identifier(kept)
            if write_identifier(candidate, reader.naming) == element:
                return candidate
    value = reader.text(element, "value", path)
    if value is None:
        reader.note("identifier-value", path, "an identifier needs a value")
        return None
    system = reader.text(element, "system", path)
    return Identifier(escape(value) + (_issuer_of(system, reader.naming) if system else ""))


# --- CXi: references to other things -----------------------------------------------------------


def write_reference_id(reference: ReferenceId, naming: NamingSystems) -> Json:
    """Write a CXi as an Identifier, as far as FHIR can say it."""
    value, authority = reference.value, reference.authority
    written: Json = {}
    if reference.type_code:
        written["type"] = {"coding": [{"system": URI_SYSTEM, "code": reference.type_code}]}
    if authority:
        written["system"] = naming.uri(authority)
    elif OID.match(value):
        written["system"], value = URI_SYSTEM, OID_URN + value
    elif _URI.match(value):
        written["system"] = URI_SYSTEM
    if value:
        written["value"] = value
    return written


def read_reference_id(reader: Reader, element: Json, path: str) -> ReferenceId | None:
    """Read an Identifier as a CXi.

    One without type that is a URN refers to a document by its uniqueId; any other keeps an empty
    type, which the checks of the submission will name.
    """
    value = reader.text(element, "value", path)
    if value is None:
        reader.note("identifier-value", path, "an identifier needs a value")
        return None
    type_code = _type_code(reader, element, path)
    system = reader.text(element, "system", path)
    if system == URI_SYSTEM:
        oid = value.removeprefix(OID_URN)
        value = oid if oid != value and OID.match(oid) else value
        return ReferenceId(cx_text(value, "", type_code or UNIQUE_ID_REFERENCE))
    authority = reader.naming.scheme(system) if system else ""
    return ReferenceId(cx_text(value, authority, type_code))


def _type_code(reader: Reader, element: Json, path: str) -> str:
    concept = reader.object(element, "type", path)
    if concept is None:
        return ""
    for coding, place in reader.objects(concept, "coding", f"{path}.type"):
        code = reader.text(coding, "code", place)
        if code is not None:
            return _FHIR_TYPES.get(code, code)
    return ""


# --- uniqueId, sourceId, entryUUID -------------------------------------------------------------


def write_unique_id(text: str, naming: NamingSystems) -> tuple[str, str]:
    """Give system and value of a document's uniqueId, whatever its form.

    An OID and a URI go by the URI system, ``OID^extension`` by the OID, and anything else, a bare
    UUID for example, under a system of its own with its letters untouched.

    Source:
        IHE ITI TF-3: 4.2.3.2.26; IHE MHD 4.2.4: UniqueIdIdentifier.
    """
    if OID.match(text):
        return URI_SYSTEM, OID_URN + text
    root, caret, extension = text.partition("^")
    if caret and extension and "^" not in extension and OID.match(root):
        return naming.uri(root), extension
    if _URI.match(text) and read_unique_id(URI_SYSTEM, text, naming) == text:
        return URI_SYSTEM, text
    system, bar, value = text.partition("|")
    if bar and value and _URI.match(system) and read_unique_id(system, value, naming) == text:
        return system, value
    return OPAQUE_ID, text


def read_unique_id(system: str | None, value: str, naming: NamingSystems) -> str:
    """Give the uniqueId a system and value stand for."""
    if system is None or system == OPAQUE_ID:
        return value
    if system == URI_SYSTEM:
        oid = value.removeprefix(OID_URN)
        return oid if oid != value and OID.match(oid) else value
    scheme = naming.scheme(system)
    return f"{scheme}^{value}" if OID.match(scheme) and "^" not in value else f"{system}|{value}"


def write_ids(
    unique_id: str | None, entry_uuid: str, naming: NamingSystems, told_by: str = "type"
) -> tuple[Json | None, list[Json]]:
    """Write uniqueId and entryUUID as Identifiers.

    Args:
        told_by: What tells the two apart, ``type`` or ``use``.

    Returns:
        The Identifier of the uniqueId, and all Identifiers; what has no form among them is left
        to an extension of the resource.

    Source:
        IHE MHD 4.2.4: EntryUUID.Identifier, UniqueIdIdentifier.
    """
    identifiers: list[Json] = []
    marks = _MARKS[told_by]
    if entry_uuid.startswith(UUID_URN):
        identifiers.append({**marks[ENTRY_UUID], "system": URI_SYSTEM, "value": entry_uuid})
    unique: Json | None = None
    if unique_id:
        system, value = write_unique_id(unique_id, naming)
        unique = {**marks[UNIQUE_ID], "system": system, "value": value}
        identifiers.append(unique)
    return unique, identifiers


def read_ids(reader: Reader, resource: Json, path: str) -> tuple[str | None, str]:
    """Read uniqueId and entryUUID.

    Older sources tell the two apart by ``use`` (official, usual) instead of ``type``, or not at
    all: then a ``urn:uuid:`` beside another identifier is the entryUUID.

    Returns:
        The uniqueId, and the entryUUID (empty when there is none).

    Source:
        IHE MHD 4.2.4 and the change before it (ITI.MHD issue 255).
    """
    unique_id: str | None = None
    entry_uuid = ""
    untyped: list[tuple[str, Json, str]] = []
    master = reader.object(resource, "masterIdentifier", path)
    if master is not None:
        unique_id = _unique(reader, master, f"{path}.masterIdentifier")
    for element, place in reader.objects(resource, "identifier", path):
        kind = _kind(reader, element, place)
        value = reader.text(element, "value", place)
        if value is None:
            reader.note("identifier-value", place, "an identifier needs a value")
        elif kind == ENTRY_UUID and value.startswith(UUID_URN):
            entry_uuid = entry_uuid or value
        elif kind == UNIQUE_ID:
            found = _unique(reader, element, place)
            if unique_id not in (None, found) and not entry_uuid and _is_mere_use(element, value):
                entry_uuid = value
                continue
            if unique_id is not None and found != unique_id:
                reader.note(
                    "unique-id", place, "masterIdentifier and the uniqueId identifier disagree"
                )
            unique_id = unique_id or found
        else:
            untyped.append((value, element, place))
    for value, element, place in untyped:
        if value == unique_id:
            continue
        if value.startswith(UUID_URN) and not entry_uuid and (unique_id or len(untyped) > 1):
            entry_uuid = value
        elif unique_id is None:
            unique_id = _unique(reader, element, place)
        elif _unique(reader, element, place) != unique_id:
            reader.lost(place, "XDS carries one uniqueId; this further identifier is left out")
    return unique_id, entry_uuid


def _kind(reader: Reader, element: Json, path: str) -> str:
    """Say which of the ids an Identifier is: :data:`ENTRY_UUID`, :data:`UNIQUE_ID` or another."""
    typed = element.get("type")
    for code, written in MHD_TYPED.items():
        if typed == written:
            return code
    return _type_code(reader, element, path) or _KIND_OF.get(str(element.get("use")), "")


def _is_mere_use(element: Json, value: str) -> bool:
    """Whether only ``use`` says that a UUID is a uniqueId: some sources mark entryUUIDs so."""
    return "type" not in element and value.startswith(UUID_URN)


def _unique(reader: Reader, element: Json, path: str) -> str | None:
    value = reader.text(element, "value", path)
    if value is None:
        reader.note("identifier-value", path, "an identifier needs a value")
        return None
    return read_unique_id(reader.text(element, "system", path), value, reader.naming)
