"""Parts of an ITI-65 bundle that stand for themselves: documents, patients, status patches.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.2; ihe.mhd Patch.Parameters.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.codecs.fhir.authors import read_contained
from gateway.codecs.fhir.identifiers import read_identifier
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.references import Entries, canonical
from gateway.codecs.fhir.xml import xml_from_json
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.transactions.provide_document_bundle import PatientReference, ProvidedDocument

# --- Documents ---------------------------------------------------------------------------------


def attachment_of(resource: Json, path: str) -> tuple[Json, str]:
    """Give the attachment of a DocumentReference and its path, empty when there is none."""
    contents = resource.get("content")
    content = contents[0] if type(contents) is list and contents else None
    attachment = content.get("attachment") if type(content) is dict else None
    place = f"{path}.content[0].attachment"
    return (attachment if type(attachment) is dict else {}), place


def provided_document(
    reader: Reader, binary: Json, path: str, entry: DocumentEntry, attachment_path: str
) -> ProvidedDocument | None:
    """Read a Binary as the document an entry describes."""
    content = read_data(reader, binary, path)
    content_type = reader.text(binary, "contentType", path)
    if content_type is None:
        reader.note("binary-type", f"{path}.contentType", "a Binary needs a contentType")
    if content is None or content_type is None:
        return None
    if entry.mime_type is not None and _media_type(content_type) != _media_type(entry.mime_type):
        reader.note(
            "binary-type",
            f"{attachment_path}.contentType",
            f"announced {entry.mime_type[:64]!r}, the Binary is {content_type[:64]!r}",
            code=ErrorCode.REPOSITORY_METADATA_ERROR,
        )
    return ProvidedDocument(
        entry_id=entry.entry_uuid, content=content, content_type=content_type, location=path
    )


FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"


def fhir_document(
    reader: Reader, octets: bytes, path: str, entry: DocumentEntry, attachment: Json, place: str
) -> ProvidedDocument:
    """Take a document that is made of FHIR resources, in the form its description announces.

    Source:
        IHE MHD 4.2.4: 2:3.65.4.1.3.1, ITI-65 FHIR Document Publish option.
    """
    kind = FHIR_JSON if entry.mime_type is None else _media_type(entry.mime_type)
    if kind == FHIR_XML:
        octets = xml_from_json(octets)
    elif kind != FHIR_JSON:
        reader.note(
            "binary-type",
            f"{place}.contentType",
            f"announced {kind[:64]!r}; a document Bundle is kept as {FHIR_JSON} or {FHIR_XML}",
            code=ErrorCode.REPOSITORY_METADATA_ERROR,
        )
    for name in ("hash", "size"):
        if name in attachment:
            reader.note(
                "fhir-document-measured",
                f"{place}.{name}",
                f"the {name} of a document Bundle is measured here; what was announced is left out",
                severity=Severity.WARNING,
            )
    return ProvidedDocument(
        entry_id=entry.entry_uuid,
        content=octets,
        content_type=kind,
        location=path,
        is_serialized=True,
    )


def resource_octets(message: bytes | None, resource: Json, way: tuple[str | int, ...]) -> bytes:
    """Give the octets of a resource inside a message, every number as it was written.

    Args:
        message: As it came; ``None`` where only the resource is at hand.
        way: From the message to the resource.
    """
    if message is not None and _FRACTION.search(message):
        # A FHIR decimal means its digits: 1.0 is not 1.00. Python's numbers do not keep that.
        found: Any = json.loads(message, parse_float=_as_written, parse_int=_as_written)
        for step in way:
            found = found[step]
        return orjson.dumps(found)
    return orjson.dumps(resource)


_FRACTION = re.compile(rb"[0-9][.eE][0-9+-]|[0-9]{16}")


def _as_written(number: str) -> orjson.Fragment:
    return orjson.Fragment(number)


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def read_data(reader: Reader, binary: Json, path: str) -> bytes | None:
    """Give the octets of a Binary; white space between base64 digits is FHIR's to allow."""
    data = reader.text(binary, "data", path)
    if data is None:
        if "data" not in binary:
            reader.note(
                "binary-data",
                f"{path}.data",
                "a Binary needs its data",
                code=ErrorCode.MISSING_DOCUMENT,
            )
        return None
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except (binascii.Error, ValueError):
        pass
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        reader.note("binary-data", f"{path}.data", f"not base64: {error}")
        return None


# --- Patients ----------------------------------------------------------------------------------


def patient_reference(
    reader: Reader,
    resource: Json,
    path: str,
    object_id: str,
    identifier: Identifier | None,
    places: Entries,
    base_url: str,
) -> PatientReference | None:
    """Read whom a List or DocumentReference is about.

    Args:
        object_id: Of the object that was read from the resource.
        identifier: The subject's, as it was read with the object; what is wrong with it was said
            then. Here only the reference can be new.
    """
    subject = resource.get("subject")
    if type(subject) is not dict:
        return None
    place = f"{path}.subject"
    named = subject.get("reference")
    if type(named) is not str:
        named = ""
    if not named and identifier is None:
        reader.findings.append(
            Finding(
                rule="subject",
                code=ErrorCode.INVALID_VALUE,
                location=place,
                message="a subject needs a reference or an identifier",
            )
        )
        return None
    identifiers: tuple[Identifier, ...] = () if identifier is None else (identifier,)
    reference = ""
    is_inside = False
    if named.startswith("Patient?"):
        name = named.partition("?")[2]
        identifiers = identifiers or _searched(reader, name, f"{place}.reference")
    elif named:
        inside = places.resolve(named)
        is_inside = inside is not None and inside[0].get("resourceType") == "Patient"
        reference, found = _patient(reader, resource, path, named, places, base_url)
        if not identifiers:
            identifiers = found
        if not reference and not identifiers:
            reader.note(
                "patient-reference",
                f"{place}.reference",
                f"{named[:128]!r} is no patient of this bundle or of this server; "
                "name the patient by identifier",
                code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
            )
    return PatientReference(
        object_id=object_id,
        reference=reference,
        identifiers=identifiers,
        is_inside=is_inside,
        location=place,
    )


def _searched(reader: Reader, query: str, path: str) -> tuple[Identifier, ...]:
    """Read a conditional reference to a patient, ``Patient?identifier=system|value``.

    Source:
        HL7 FHIR R4: 3.1.0.11.2 (conditional references in a transaction).
    """
    asked = parse_qsl(query)
    if len(asked) == 1 and asked[0][0] == "identifier":
        system, bar, value = asked[0][1].rpartition("|")
        if bar and system and value:
            element = {"system": system, "value": value}
            identifier = read_identifier(reader, element, path)
            return () if identifier is None else (identifier,)
    reader.note(
        "patient-condition",
        path,
        "a patient is searched by identifier=system|value",
        code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
    )
    return ()


def _patient(
    reader: Reader, resource: Json, path: str, reference: str, places: Entries, base_url: str
) -> tuple[str, tuple[Identifier, ...]]:
    """Give a patient reference in canonical form, and the identifiers the bundle has for it."""
    if reference.startswith("#"):
        contained = read_contained(Reader(reader.naming), resource, path)
        found = contained.get(reference[1:])
        return "", (_identifiers(reader, *found) if found else ())
    inside = places.resolve(reference)
    if inside is not None and inside[0].get("resourceType") == "Patient":
        # Only its fullUrl says whether it is a Patient of ours: Type/id alone is another server's
        # inside a bundle of that server's, and must not lead to whoever has that id here.
        full_url = places.full_url(reference)
        ours = bool(base_url) and full_url.startswith(base_url + "/")
        name = canonical(full_url, base_url) if ours else None
        return name or full_url or f"#{reference}", _identifiers(reader, *inside)
    name = canonical(reference, base_url)
    if name is not None and name.startswith("Patient/"):
        return name, ()
    return "", ()


def _identifiers(reader: Reader, patient: Json, path: str) -> tuple[Identifier, ...]:
    silent = Reader(reader.naming)
    return tuple(
        found
        for item in silent.objects(patient, "identifier", path)
        if (found := read_identifier(silent, *item)) is not None
    )


def source_reference(
    reader: Reader,
    resource: Json,
    path: str,
    entry: DocumentEntry,
    places: Entries,
    base_url: str,
) -> PatientReference | None:
    """Give the patient of sourcePatientInfo when only a directory can tell who it is."""
    context = resource.get("context")
    source: Any = context.get("sourcePatientInfo") if type(context) is dict else None
    reference = source.get("reference") if type(source) is dict else None
    if entry.source_patient_id is not None or type(reference) is not str:
        return None
    if reference.startswith("#") or places.resolve(reference) is not None:
        return None
    name = canonical(reference, base_url)
    place = f"{path}.context.sourcePatientInfo.reference"
    if name is None or not name.startswith("Patient/"):
        reader.lost(place, "the patient is on another server: contain the resource instead")
        return None
    return PatientReference(
        object_id=entry.entry_uuid, reference=name, is_source=True, location=place
    )


# --- PATCH -------------------------------------------------------------------------------------


def supersedes(reader: Reader, parameters: Json, path: str) -> bool:
    """Whether Parameters are the one patch MHD knows: the status becomes superseded."""
    operations = [
        (parameter, place)
        for parameter, place in reader.objects(parameters, "parameter", path)
        if parameter.get("name") == "operation"
    ]
    values: dict[str, object] = {}
    for operation, place in operations:
        for part, _ in reader.objects(operation, "part", place):
            name = part.get("name")
            value = next((v for k, v in part.items() if k.startswith("value")), None)
            if type(name) is str:
                values[name] = value
    wanted = {"type": "replace", "path": "DocumentReference.status", "value": "superseded"}
    if len(operations) == 1 and values == wanted:
        return True
    reader.note(
        "patch",
        path,
        "a patch in a document bundle sets DocumentReference.status to superseded, nothing else",
        code=ErrorCode.NOT_SUPPORTED,
    )
    return False
