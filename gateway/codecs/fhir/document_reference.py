"""DocumentEntry and DocumentReference, both ways.

What comes back from :func:`read_document_reference` is what went into
:func:`write_document_reference`: everything MHD maps stands in its element, everything else in our
extensions (:mod:`gateway.codecs.fhir.vocabulary`). Two things FHIR insists on bend a value: it has
no empty strings, and a DocumentReference always has a status (an entry without is ``current``).

Source:
    IHE MHD 4.2.4: DocumentEntry to DocumentReference mapping; IHE ITI TF-3: 4.2.3.2.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from gateway.codecs.fhir.authors import (
    Contained,
    read_authenticator,
    read_authors,
    read_contained,
    read_slots,
    write_authors,
)
from gateway.codecs.fhir.carried import note_not_carried
from gateway.codecs.fhir.datatypes import (
    is_code,
    read_coding,
    read_concepts,
    read_one_concept,
    read_texts,
    read_time,
    write_coding,
    write_concept,
    write_texts,
    write_time,
)
from gateway.codecs.fhir.identifiers import (
    ENCOUNTER_ID,
    read_identifier,
    read_ids,
    read_reference_id,
    write_ids,
    write_reference_id,
)
from gateway.codecs.fhir.people import write_person
from gateway.codecs.fhir.reader import Json, Reader, all_own_texts, own, own_text, own_texts
from gateway.codecs.fhir.resource import (
    Parts,
    claims_minimal,
    read_home_community_id,
    read_logical_id,
    served_id,
    unsaid_logical_id,
    write_extensions,
)
from gateway.codecs.fhir.source_patient import (
    CONTAINED_ID,
    read_source_patient,
    write_source_patient,
)
from gateway.codecs.fhir.vocabulary import (
    AVAILABILITY_OF,
    COMPREHENSIVE_DOCUMENT_REFERENCE,
    FHIR_PROFILE,
    MINIMAL_DOCUMENT_REFERENCE,
    UUID_URN,
)
from gateway.errors import ErrorCode
from gateway.model.conventions import STANDARD, Conventions, FurtherStatus
from gateway.model.datatypes import DateTime, Identifier, ReferenceId
from gateway.model.document_entry import DocumentEntry
from gateway.model.naming import NamingSystems
from gateway.model.vocabulary import DocumentEntryType

_HEX_SHA1 = re.compile(r"[0-9a-fA-F]{40}\Z")
MAX_UNSIGNED = 2**31 - 1


# --- Writing -----------------------------------------------------------------------------------


def write_hash(text: str) -> str | None:
    """Give the base64 form of a SHA-1 in hexadecimal; ``None`` when it is none."""
    if not _HEX_SHA1.match(text):
        return None
    return base64.b64encode(bytes.fromhex(text)).decode("ascii")


def _is_unsigned(text: str) -> bool:
    return (
        len(text) <= 10
        and text.isascii()
        and text.isdigit()
        and (text == "0" or text[0] != "0")
        and int(text) <= MAX_UNSIGNED
    )


def document_reference_parts(
    entry: DocumentEntry, naming: NamingSystems, conventions: Conventions = STANDARD
) -> Parts:
    """Write an entry, without what may change after registration."""
    contained: list[Json] = []
    rest: Json = {"contained": contained}

    identifier = served_id(entry.logical_id, entry.entry_uuid, conventions)
    extensions = write_extensions(
        (
            ("logical-id", unsaid_logical_id(entry.logical_id, identifier)),
            ("entry-uuid", None if entry.entry_uuid.startswith(UUID_URN) else entry.entry_uuid),
            (
                "object-type",
                None if entry.object_type == DocumentEntryType.STABLE else entry.object_type,
            ),
            ("document-availability", entry.document_availability),
            ("repository-unique-id", entry.repository_unique_id),
            ("uri", entry.uri),
        ),
        entry.home_community_id,
        entry.extra,
    )
    if extensions:
        rest["extension"] = extensions
    master, identifiers = write_ids(
        entry.unique_id, entry.entry_uuid, naming, conventions.identifiers_by
    )
    if master is not None:
        rest["masterIdentifier"] = master
    if identifiers:
        rest["identifier"] = identifiers
    if entry.type_code is not None:
        rest["type"] = write_concept(entry.type_code, naming)
    if entry.class_code is not None:
        rest["category"] = [write_concept(entry.class_code, naming)]
    if entry.author:
        rest["author"] = write_authors(entry.author, naming, contained)
    if entry.legal_authenticator is not None and entry.legal_authenticator.text:
        contained.append(
            {
                "resourceType": "Practitioner",
                "id": "authenticator",
                **write_person(entry.legal_authenticator, naming),
            }
        )
        rest["authenticator"] = {"reference": "#authenticator"}
    if conventions.date == "creation_time":
        write_time(rest, "date", entry.creation_time)
    write_texts(rest, "description", entry.comments)
    if entry.confidentiality_code:
        labels = conventions.levels_last(entry.confidentiality_code)
        rest["securityLabel"] = [write_concept(c, naming) for c in labels]
    context = _write_context(entry, naming, contained)
    if context:
        rest["context"] = context
    if not contained:
        del rest["contained"]
    attachment = _write_attachment(entry)
    profile = COMPREHENSIVE_DOCUMENT_REFERENCE
    if entry.limited_metadata:
        profile = MINIMAL_DOCUMENT_REFERENCE
    elif (
        entry.format_code is None
        or not rest.keys() >= _COMPREHENSIVE
        or not context.keys() >= _COMPREHENSIVE_CONTEXT
        or not attachment.keys() >= _COMPREHENSIVE_ATTACHMENT
    ):
        profile = FHIR_PROFILE + "DocumentReference"
    return Parts(
        id=identifier,
        profile=profile,
        rest=rest,
        attachment=attachment,
        format=write_coding(entry.format_code, naming) if entry.format_code is not None else None,
    )


# What MHD's comprehensive metadata require and an entry may lack all the same: an on-demand
# document has no creationTime, one from elsewhere may have no language. Such an entry claims no
# more than that it is a DocumentReference.
_COMPREHENSIVE = frozenset({"masterIdentifier", "type", "category", "securityLabel"})
_COMPREHENSIVE_CONTEXT = frozenset({"facilityType", "practiceSetting", "sourcePatientInfo"})
_COMPREHENSIVE_ATTACHMENT = frozenset({"contentType", "language", "creation"})


def _write_attachment(entry: DocumentEntry) -> Json:
    attachment: Json = {}
    kept: list[Json] = []
    if entry.mime_type:
        if is_code(entry.mime_type):
            attachment["contentType"] = entry.mime_type
        else:
            kept.append(own("mime-type", entry.mime_type))
    if entry.language_code:
        if is_code(entry.language_code):
            attachment["language"] = entry.language_code
        else:
            kept.append(own("language-code", entry.language_code))
    if entry.size:
        if _is_unsigned(entry.size):
            attachment["size"] = int(entry.size)
        else:
            kept.append(own("size", entry.size))
    if entry.hash:
        digest = write_hash(entry.hash)
        if digest is not None:
            attachment["hash"] = digest
        if digest is None or not entry.hash.islower() and not entry.hash.isdigit():
            kept.append(own("hash", entry.hash))
    write_texts(attachment, "title", entry.title)
    write_time(attachment, "creation", entry.creation_time)
    if kept:
        attachment["extension"] = kept
    return attachment


def _write_context(entry: DocumentEntry, naming: NamingSystems, contained: list[Json]) -> Json:
    context: Json = {}
    if entry.event_code_list:
        context["event"] = [write_concept(code, naming) for code in entry.event_code_list]
    if entry.service_start_time is not None or entry.service_stop_time is not None:
        period: Json = {}
        write_time(period, "start", entry.service_start_time)
        write_time(period, "end", entry.service_stop_time)
        context["period"] = period
    if entry.healthcare_facility_type_code is not None:
        context["facilityType"] = write_concept(entry.healthcare_facility_type_code, naming)
    if entry.practice_setting_code is not None:
        context["practiceSetting"] = write_concept(entry.practice_setting_code, naming)
    if entry.source_patient_id is not None or entry.source_patient_info:
        contained.append(
            write_source_patient(entry.source_patient_id, entry.source_patient_info, naming)
        )
        context["sourcePatientInfo"] = {"reference": "#" + CONTAINED_ID}
    if entry.reference_id_list:
        _write_reference_ids(context, entry.reference_id_list, naming)
    return context


def _write_reference_ids(
    context: Json, references: tuple[ReferenceId, ...], naming: NamingSystems
) -> None:
    """Write encounters as ``encounter``, all others as ``related``."""
    members: dict[str, list[Json]] = {"encounter": [], "related": []}
    for reference in references:
        written = write_reference_id(reference, naming)
        if reference.type_code == ENCOUNTER_ID:
            del written["type"]
            members["encounter"].append({"identifier": written})
        else:
            members["related"].append({"identifier": written})
    context.update((name, items) for name, items in members.items() if items)
    reader = Reader(naming)
    if _natural_reference_ids(reader, context, "") != references or reader.findings:
        context["extension"] = [own("reference-id", r.text) for r in references if r.text]


# --- Reading -----------------------------------------------------------------------------------


def read_status(reader: Reader, resource: Json, path: str) -> str | None:
    """Read the status of a DocumentReference as availabilityStatus."""
    kept = own_text(resource.get("_status"), "availability-status")
    if kept is not None:
        return kept
    status = reader.text(resource, "status", path)
    further = read_further_status(reader, resource, path)
    if further is not None:
        if status not in (further.code, *further.other_codes):
            reader.note(
                "status",
                f"{path}.status",
                f"beside the extension that says {further.urn} the status is "
                f"{further.code}, not {(status or 'absent')[:40]}",
            )
        return further.urn
    if status is None:
        reader.note("status-missing", f"{path}.status", "a status is required: current")
        return None
    availability = AVAILABILITY_OF.get(status)
    if availability is None:
        reader.note(
            "status",
            f"{path}.status",
            f"{status[:40]!r} has no XDS status: a document is current or superseded; "
            "to take an erroneous one back, replace it or have it removed",
        )
    return availability


def read_further_status(reader: Reader, resource: Json, path: str) -> FurtherStatus | None:
    """Read the extensions that say a status beyond those of FHIR; the most final one counts."""
    found: FurtherStatus | None = None
    for extension, place in reader.objects(resource, "extension", path):
        for status in reader.conventions.statuses.further:
            if extension.get("url") != status.extension:
                continue
            value = extension.get("valueBoolean")
            if type(value) is not bool:
                reader.note("status-extension", f"{place}.valueBoolean", "expected true or false")
            elif value and (found is None or status.withdrawn):
                found = status
    return found


def document_entry(reader: Reader, resource: Json, path: str) -> DocumentEntry:
    """Read a DocumentReference; what cannot be understood is among the reader's findings."""
    contained = read_contained(reader, resource, path)
    if "modifierExtension" in resource:
        reader.note(
            "modifier-extension",
            f"{path}.modifierExtension",
            "a modifier extension changes the meaning of the rest and is not understood here",
        )
    unique_id, entry_uuid = read_ids(reader, resource, path)
    logical_id, version = read_logical_id(resource)
    ours = all_own_texts(resource)
    subject = resource.get("subject")
    identifier = subject.get("identifier") if type(subject) is dict else None
    author = list(reader.objects(resource, "author", path))
    contents = list(reader.objects(resource, "content", path))
    if len(contents) != 1:
        reader.note("content", f"{path}.content", f"expected one content, found {len(contents)}")
    content, place = contents[0] if contents else ({}, f"{path}.content[0]")
    attachment = reader.object(content, "attachment", place) or {}
    format_ = reader.object(content, "format", place)
    context = reader.object(resource, "context", path) or {}
    where = f"{path}.context"
    period = reader.object(context, "period", where) or {}
    category = read_concepts(reader, resource, "category", path)
    if len(category) > 1:
        reader.note("category", f"{path}.category[1]", "XDS has one classCode; leave one category")
    source_patient_id, source_patient_info = _read_source_patient(reader, context, where, contained)
    return DocumentEntry(
        entry_uuid=entry_uuid or ours.get("entry-uuid") or "",
        logical_id=logical_id,
        version=version,
        object_type=ours.get("object-type") or DocumentEntryType.STABLE,
        availability_status=read_status(reader, resource, path),
        document_availability=ours.get("document-availability"),
        home_community_id=read_home_community_id(reader, resource, path),
        unique_id=unique_id,
        patient_id=read_identifier(reader, identifier, f"{path}.subject.identifier")
        if type(identifier) is dict
        else None,
        author=read_authors(reader, author, contained),
        class_code=category[0] if category else None,
        type_code=read_one_concept(reader, resource, "type", path),
        format_code=None if format_ is None else read_coding(reader, format_, f"{place}.format"),
        healthcare_facility_type_code=read_one_concept(reader, context, "facilityType", where),
        practice_setting_code=read_one_concept(reader, context, "practiceSetting", where),
        confidentiality_code=reader.conventions.with_level(
            read_concepts(reader, resource, "securityLabel", path, every_coding=True)
        ),
        event_code_list=read_concepts(reader, context, "event", where, every_coding=True),
        service_start_time=read_time(reader, period, "start", f"{where}.period"),
        service_stop_time=read_time(reader, period, "end", f"{where}.period"),
        comments=read_texts(reader, resource, "description", path),
        legal_authenticator=read_authenticator(reader, resource, "authenticator", path, contained),
        repository_unique_id=ours.get("repository-unique-id"),
        source_patient_id=source_patient_id,
        source_patient_info=source_patient_info,
        reference_id_list=_read_reference_ids(reader, context, where),
        uri=ours.get("uri"),
        limited_metadata=claims_minimal(reader, resource, path, MINIMAL_DOCUMENT_REFERENCE),
        extra=read_slots(resource),
        **_read_attachment(
            reader, attachment, f"{place}.attachment", _read_date(reader, resource, path)
        ),
    )


def _read_date(reader: Reader, resource: Json, path: str) -> DateTime | None:
    """Read creationTime where ``date`` says it; elsewhere ``date`` is the server's own."""
    if reader.conventions.date != "creation_time":
        return None
    return read_time(reader, resource, "date", path)


def _read_attachment(
    reader: Reader, attachment: Json, path: str, date: DateTime | None
) -> dict[str, Any]:
    return {
        "creation_time": read_time(reader, attachment, "creation", path) or date,
        "title": read_texts(reader, attachment, "title", path),
        "language_code": reader.text(attachment, "language", path)
        or own_text(attachment, "language-code"),
        "mime_type": reader.text(attachment, "contentType", path)
        or own_text(attachment, "mime-type"),
        "hash": _read_hash(reader, attachment, path),
        "size": _read_size(reader, attachment, path),
    }


def _read_hash(reader: Reader, attachment: Json, path: str) -> str | None:
    text = reader.text(attachment, "hash", path)
    kept = own_text(attachment, "hash")
    if kept is not None and write_hash(kept) == text:
        return kept
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 20:
        reader.note(
            "hash",
            f"{path}.hash",
            f"expected the 20 octets of a SHA-1 in base64, found {text[:64]!r}",
        )
        return None
    return digest.hex()


def _read_size(reader: Reader, attachment: Json, path: str) -> str | None:
    if "size" not in attachment:
        return own_text(attachment, "size")
    size = attachment["size"]
    if type(size) is not int or not 0 <= size <= MAX_UNSIGNED:
        reader.note("size", f"{path}.size", f"expected a whole number from 0 to {MAX_UNSIGNED}")
        return None
    return str(size)


def _read_source_patient(
    reader: Reader, context: Json, path: str, contained: Contained
) -> tuple[Identifier | None, tuple[str, ...]]:
    reference = reader.object(context, "sourcePatientInfo", path)
    if reference is None:
        return None, ()
    place = f"{path}.sourcePatientInfo"
    text = reader.text(reference, "reference", place)
    found = reader.resolve(text, contained) if text is not None else None
    if found is not None:
        patient, where = found
        if patient.get("resourceType") != "Patient":
            reader.note("reference-type", place, "sourcePatientInfo is a Patient")
            return None, ()
        return read_source_patient(reader, patient, where)
    element = reader.object(reference, "identifier", place)
    if element is not None:
        return read_identifier(reader, element, f"{place}.identifier"), ()
    if text is not None and text.startswith("#"):
        reader.note(
            "reference-unresolved",
            f"{place}.reference",
            f"{text[:128]!r} names no contained resource",
            code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        )
    return None, ()


def _natural_reference_ids(reader: Reader, context: Json, path: str) -> tuple[ReferenceId, ...]:
    found: list[ReferenceId] = []
    for name in ("related", "encounter"):
        for reference, place in reader.objects(context, name, path):
            element = reader.object(reference, "identifier", place)
            if element is None:
                reader.lost(place, "XDS refers by identifier; a reference without is left out")
                continue
            if name == "encounter":
                element = {
                    **element,
                    "type": {"coding": [{"code": ENCOUNTER_ID}]},
                }
            read = read_reference_id(reader, element, f"{place}.identifier")
            if read is not None:
                found.append(read)
    return tuple(found)


def _read_reference_ids(reader: Reader, context: Json, path: str) -> tuple[ReferenceId, ...]:
    kept = tuple(ReferenceId(text) for text in own_texts(context, "reference-id"))
    if kept:
        written: Json = {}
        _write_reference_ids(written, kept, reader.naming)
        if all(written.get(name) == context.get(name) for name in ("related", "encounter")):
            return kept
    return _natural_reference_ids(reader, context, path)


def read_document_reference(
    resource: Json, naming: NamingSystems, conventions: Conventions = STANDARD
) -> tuple[DocumentEntry, tuple[Any, ...]]:
    """Read one DocumentReference by itself.

    Returns:
        The entry, and what could not be carried into it or is wrong with the resource.
    """
    reader = Reader(naming, conventions=conventions)
    entry = document_entry(reader, resource, "DocumentReference")
    parts = document_reference_parts(entry, naming, conventions)
    note_not_carried(reader, resource, parts, "DocumentReference")
    return entry, tuple(reader.findings)
