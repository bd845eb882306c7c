"""SubmissionSet and Folder, and List, both ways.

``List.code`` tells which of the two a List is; the order of a bundle and the profiles it claims
do not. ``List.source`` has room for one author: further ones travel in our ``author`` extension.

Source:
    IHE MHD 4.2.4: SubmissionSet and Folder mapping; IHE ITI TF-3: 4.2.3.3, 4.2.3.4.
"""

from __future__ import annotations

from typing import Any

from gateway.codecs.fhir.authors import (
    Contained,
    read_authors,
    read_contained,
    read_recipient,
    read_slots,
    write_authors,
    write_recipient,
)
from gateway.codecs.fhir.carried import note_not_carried
from gateway.codecs.fhir.datatypes import (
    read_concept,
    read_texts,
    read_time,
    write_concept,
    write_texts,
    write_time,
)
from gateway.codecs.fhir.identifiers import (
    read_identifier,
    read_ids,
    read_unique_id,
    write_ids,
    write_unique_id,
)
from gateway.codecs.fhir.reader import Json, Reader, own_text
from gateway.codecs.fhir.resource import (
    Parts,
    claims_minimal,
    read_home_community_id,
    read_logical_id,
    served_id,
    unsaid_logical_id,
    write_extensions,
)
from gateway.codecs.fhir.vocabulary import (
    AUTHOR_ORG,
    COMPREHENSIVE_FOLDER,
    COMPREHENSIVE_SUBMISSION_SET,
    DESIGNATION_TYPE,
    EXTENSION,
    FHIR_PROFILE,
    INTENDED_RECIPIENT,
    LIST_TYPE,
    MINIMAL_FOLDER,
    MINIMAL_SUBMISSION_SET,
    SOURCE_ID,
    UUID_URN,
)
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.datatypes import Code, Identifier, LocalizedString, Recipient
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AvailabilityStatus

AUTHOR = EXTENSION + "author"

LIST_STATUS_OF = {
    AvailabilityStatus.APPROVED.value: "current",
    AvailabilityStatus.DEPRECATED.value: "retired",
}
_AVAILABILITY_OF = {fhir: xds for xds, fhir in LIST_STATUS_OF.items()}

SUBMISSION_SET = "submissionset"
FOLDER = "folder"
_DISPLAYS = {
    SUBMISSION_SET: "SubmissionSet as a FHIR List",
    FOLDER: "Folder as a FHIR List",
}


def frame(kind: str) -> Json:
    """Give what every List of MHD says of itself."""
    coding = {"system": LIST_TYPE, "code": kind, "display": _DISPLAYS[kind]}
    return {"mode": "working", "code": {"coding": [coding]}}


# --- Writing -----------------------------------------------------------------------------------


def submission_set_parts(
    submission_set: SubmissionSet, naming: NamingSystems, conventions: Conventions = STANDARD
) -> Parts:
    """Write a submission set, without what may change after registration."""
    contained: list[Json] = []
    rest: Json = {"contained": contained}
    identifier = served_id(submission_set.logical_id, submission_set.entry_uuid, conventions)
    extensions = _common_extensions(submission_set, identifier)
    if submission_set.content_type_code is not None:
        extensions.append(_designation(submission_set.content_type_code, naming))
    if submission_set.source_id:
        system, value = write_unique_id(submission_set.source_id, naming)
        extensions.append({"url": SOURCE_ID, "valueIdentifier": {"system": system, "value": value}})
    for number, recipient in enumerate(submission_set.intended_recipient, 1):
        reference = write_recipient(recipient, f"recipient{number}", naming, contained)
        extensions.append({"url": INTENDED_RECIPIENT, "valueReference": reference})
    references = write_authors(submission_set.author, naming, contained)
    if references:
        rest["source"] = _source(references, contained)
        extensions.extend({"url": AUTHOR, "valueReference": r} for r in references[1:])
    if extensions:
        rest["extension"] = extensions
    _common(rest, submission_set, naming, conventions)
    write_time(rest, "date", submission_set.submission_time)
    rest.update(frame(SUBMISSION_SET))
    if not contained:
        del rest["contained"]
    profile = COMPREHENSIVE_SUBMISSION_SET
    if submission_set.limited_metadata:
        profile = MINIMAL_SUBMISSION_SET
    elif (
        submission_set.content_type_code is None
        or not submission_set.source_id
        or "date" not in rest
    ):
        profile = FHIR_PROFILE + "List"
    return Parts(id=identifier, profile=profile, rest=rest)


def folder_parts(
    folder: Folder, naming: NamingSystems, conventions: Conventions = STANDARD
) -> Parts:
    """Write a folder, without what may change after registration: ``date`` is among that."""
    rest: Json = {}
    identifier = served_id(folder.logical_id, folder.entry_uuid, conventions)
    extensions = _common_extensions(folder, identifier)
    extensions.extend(_designation(code, naming) for code in folder.code_list)
    if extensions:
        rest["extension"] = extensions
    _common(rest, folder, naming, conventions)
    rest.update(frame(FOLDER))
    profile = MINIMAL_FOLDER
    if not folder.limited_metadata:
        is_complete = bool(folder.code_list) and "title" in rest
        profile = COMPREHENSIVE_FOLDER if is_complete else FHIR_PROFILE + "List"
    return Parts(id=identifier, profile=profile, rest=rest)


def _common_extensions(held: SubmissionSet | Folder, identifier: str | None) -> list[Json]:
    return write_extensions(
        (
            ("logical-id", unsaid_logical_id(held.logical_id, identifier)),
            ("entry-uuid", None if held.entry_uuid.startswith(UUID_URN) else held.entry_uuid),
        ),
        held.home_community_id,
        held.extra,
    )


def _common(
    rest: Json, held: SubmissionSet | Folder, naming: NamingSystems, conventions: Conventions
) -> None:
    _, identifiers = write_ids(held.unique_id, held.entry_uuid, naming, conventions.identifiers_by)
    if identifiers:
        rest["identifier"] = identifiers
    write_texts(rest, "title", held.title)
    if any(text.value for text in held.comments):
        note: Json = {}
        write_texts(note, "text", held.comments)
        rest["note"] = [note]


def _designation(code: Code, naming: NamingSystems) -> Json:
    return {"url": DESIGNATION_TYPE, "valueCodeableConcept": write_concept(code, naming)}


def _source(references: list[Json], contained: list[Json]) -> Json:
    """Write the first author: an organization goes into the extension MHD has for it."""
    reference = references[0]
    name = reference["reference"][1:]
    resource = next(r for r in contained if r["id"] == name)
    if resource["resourceType"] == "Organization":
        return {"extension": [{"url": AUTHOR_ORG, "valueReference": reference}]}
    continued = len(references) > 1 and "extension" in references[1]
    if resource.keys() == _PERSON_AND_PLACE and "extension" not in reference and not continued:
        # Nothing but a person and a place needs no role between them.
        contained.remove(resource)
        extension = {"url": AUTHOR_ORG, "valueReference": resource["organization"]}
        return {"extension": [extension], **resource["practitioner"]}
    return reference


_PERSON_AND_PLACE = {"resourceType", "id", "practitioner", "organization"}


# --- Reading -----------------------------------------------------------------------------------


def list_kind(reader: Reader, resource: Json, path: str) -> str | None:
    """Say whether a List is a submission set or a folder, by its code alone."""
    concept = reader.object(resource, "code", path)
    for coding, place in reader.objects(concept, "coding", f"{path}.code") if concept else ():
        code = reader.text(coding, "code", place)
        if code in _DISPLAYS:
            return code
    reader.note("list-code", f"{path}.code", "expected submissionset or folder")
    return None


def submission_set(reader: Reader, resource: Json, path: str) -> SubmissionSet:
    """Read a List as a submission set."""
    contained = read_contained(reader, resource, path)
    codes, source_id, recipients, further = [], None, [], []
    for extension, place in reader.objects(resource, "extension", path):
        url = extension.get("url")
        if url == DESIGNATION_TYPE:
            codes.extend(_read_designation(reader, extension, place))
        elif url == SOURCE_ID:
            source_id = _read_source_id(reader, extension, place)
        elif url == INTENDED_RECIPIENT:
            recipients.extend(_read_recipient(reader, extension, place, contained))
        elif url == AUTHOR:
            reference = reader.object(extension, "valueReference", place)
            if reference is not None:
                further.append((reference, f"{place}.valueReference"))
    if len(codes) > 1:
        reader.note("designation-type", path, "a submission set has one designationType")
    authors = _read_source(reader, resource, path)
    return SubmissionSet(
        author=read_authors(reader, authors + further, contained),
        content_type_code=codes[0] if codes else None,
        intended_recipient=tuple(recipients),
        source_id=source_id,
        submission_time=read_time(reader, resource, "date", path),
        limited_metadata=claims_minimal(reader, resource, path, MINIMAL_SUBMISSION_SET),
        **_read_common(reader, resource, path),
    )


def folder(reader: Reader, resource: Json, path: str) -> Folder:
    """Read a List as a folder."""
    codes: list[Code] = []
    for extension, place in reader.objects(resource, "extension", path):
        if extension.get("url") == DESIGNATION_TYPE:
            codes.extend(_read_designation(reader, extension, place))
    if "source" in resource:
        reader.lost(f"{path}.source", "a folder has no author in XDS")
    return Folder(
        code_list=tuple(codes),
        last_update_time=read_time(reader, resource, "date", path),
        limited_metadata=claims_minimal(reader, resource, path, MINIMAL_FOLDER),
        **_read_common(reader, resource, path),
    )


def _read_common(reader: Reader, resource: Json, path: str) -> dict[str, Any]:
    if "modifierExtension" in resource:
        reader.note(
            "modifier-extension",
            f"{path}.modifierExtension",
            "a modifier extension changes the meaning of the rest and is not understood here",
        )
    unique_id, entry_uuid = read_ids(reader, resource, path)
    logical_id, version = read_logical_id(resource)
    return {
        "entry_uuid": entry_uuid or own_text(resource, "entry-uuid") or "",
        "logical_id": logical_id,
        "version": version,
        "availability_status": _read_status(reader, resource, path),
        "home_community_id": read_home_community_id(reader, resource, path),
        "unique_id": unique_id,
        "patient_id": _read_patient_id(reader, resource, path),
        "title": read_texts(reader, resource, "title", path),
        "comments": _read_notes(reader, resource, path),
        "extra": read_slots(resource),
    }


def _read_status(reader: Reader, resource: Json, path: str) -> str | None:
    kept = own_text(resource.get("_status"), "availability-status")
    if kept is not None:
        return kept
    status = reader.text(resource, "status", path)
    availability = _AVAILABILITY_OF.get(status or "")
    if availability is None:
        reader.note("status", f"{path}.status", "a List of MHD is current, or retired")
    return availability


def _read_patient_id(reader: Reader, resource: Json, path: str) -> Identifier | None:
    subject = resource.get("subject")
    element = subject.get("identifier") if type(subject) is dict else None
    if type(element) is not dict:
        return None
    return read_identifier(reader, element, f"{path}.subject.identifier")


def _read_notes(reader: Reader, resource: Json, path: str) -> tuple[LocalizedString, ...]:
    texts: list[LocalizedString] = []
    for note, place in reader.objects(resource, "note", path):
        texts.extend(read_texts(reader, note, "text", place))
    return tuple(texts)


def _read_designation(reader: Reader, extension: Json, path: str) -> list[Code]:
    concept = reader.object(extension, "valueCodeableConcept", path)
    code = (
        None if concept is None else read_concept(reader, concept, f"{path}.valueCodeableConcept")
    )
    return [] if code is None else [code]


def _read_source_id(reader: Reader, extension: Json, path: str) -> str | None:
    element = reader.object(extension, "valueIdentifier", path)
    if element is None:
        return None
    place = f"{path}.valueIdentifier"
    value = reader.text(element, "value", place)
    if value is None:
        reader.note("identifier-value", place, "an identifier needs a value")
        return None
    # The guide's own examples leave the system out beside a ``urn:oid:`` value.
    system = reader.text(element, "system", place) or (
        "urn:ietf:rfc:3986" if value.startswith("urn:") else None
    )
    return read_unique_id(system, value, reader.naming)


def _read_recipient(
    reader: Reader, extension: Json, path: str, contained: Contained
) -> list[Recipient]:
    reference = reader.object(extension, "valueReference", path)
    if reference is None:
        return []
    recipient = read_recipient(reader, reference, f"{path}.valueReference", contained)
    return [] if recipient is None else [recipient]


def _read_source(reader: Reader, resource: Json, path: str) -> list[tuple[Json, str]]:
    """Give the references of ``source``: the person and, joined to it, the organization."""
    source = reader.object(resource, "source", path)
    if source is None:
        return []
    place = f"{path}.source"
    references: list[tuple[Json, str]] = []
    if "reference" in source or "identifier" in source or "display" in source:
        references.append((source, place))
    for extension, where in reader.objects(source, "extension", place):
        if extension.get("url") != AUTHOR_ORG:
            continue
        reference = reader.object(extension, "valueReference", where)
        if reference is not None:
            mark = [{"url": EXTENSION + "same-author", "valueBoolean": True}] if references else []
            kept = reference.get("extension")
            extensions = mark + (kept if type(kept) is list else [])
            references.append(({**reference, "extension": extensions}, f"{where}.valueReference"))
    return references


def read_list(
    resource: Json, naming: NamingSystems
) -> tuple[SubmissionSet | Folder | None, tuple[Any, ...]]:
    """Read one List by itself.

    Returns:
        The value, ``None`` when the code says neither; and what could not be carried or is wrong.
    """
    reader = Reader(naming)
    kind = list_kind(reader, resource, "List")
    read: SubmissionSet | Folder | None = None
    if kind == SUBMISSION_SET:
        read = submission_set(reader, resource, "List")
        note_not_carried(reader, resource, submission_set_parts(read, naming), "List")
    elif kind == FOLDER:
        read = folder(reader, resource, "List")
        note_not_carried(reader, resource, folder_parts(read, naming), "List")
    return read, tuple(reader.findings)
