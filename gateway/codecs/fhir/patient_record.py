"""The state of a patient's record, in the extensions a community has for it.

Source:
    The profile's conventions name the extensions; the guides that define them are its sources.
"""

from __future__ import annotations

from gateway.codecs.fhir.datatypes import read_concept, read_time, write_concept, write_time
from gateway.codecs.fhir.reader import Json, Reader
from gateway.model.conventions import Conventions, RecordExtensions
from gateway.model.naming import NamingSystems
from gateway.model.patient import RecordState


def write_record(
    record: RecordState, naming: NamingSystems, conventions: Conventions
) -> list[Json]:
    """Write what is known of a record as extensions of Patient."""
    names = conventions.record
    if names is None:
        return []
    written: list[Json] = []
    closure: list[Json] = []
    if record.closed_on is not None:
        part: Json = {"url": names.closure_date}
        write_time(part, "valueDate", record.closed_on)
        closure.append(part)
    if record.closing_motive is not None:
        motive = write_concept(record.closing_motive, naming)
        closure.append({"url": names.closure_motive, "valueCodeableConcept": motive})
    if record.closing_reason:
        closure.append({"url": names.closure_reason, "valueString": record.closing_reason})
    if closure:
        written.append({"url": names.closure, "extension": closure})
    for url, value in (
        (names.space, record.attached),
        (names.attending_doctor, record.asked_by_attending_doctor),
    ):
        if value is not None:
            written.append({"url": url, "valueBoolean": value})
    return written


def read_record(reader: Reader, resource: Json, path: str) -> RecordState:
    """Read what a Patient says of its record.

    Who asks is never part of what is kept, so the extension for that is not read.
    """
    names = reader.conventions.record
    record = RecordState()
    if names is None:
        return record
    for extension, place in reader.objects(resource, "extension", path):
        if extension.get("url") == names.closure:
            record = _read_closure(reader, extension, place, names, record)
        elif extension.get("url") == names.space:
            value = extension.get("valueBoolean")
            if type(value) is not bool:
                reader.note("record-extension", f"{place}.valueBoolean", "expected true or false")
            else:
                record = record.but(attached=value)
    return record


def _read_closure(
    reader: Reader, closure: Json, path: str, names: RecordExtensions, record: RecordState
) -> RecordState:
    for part, place in reader.objects(closure, "extension", path):
        url = part.get("url")
        if url == names.closure_date:
            record = record.but(closed_on=read_time(reader, part, "valueDate", place))
        elif url == names.closure_motive:
            concept = reader.object(part, "valueCodeableConcept", place)
            if concept is not None:
                record = record.but(closing_motive=read_concept(reader, concept, place))
        elif url == names.closure_reason:
            record = record.but(closing_reason=reader.text(part, "valueString", place) or "")
        else:
            reader.lost(place, "this part of a closure is not known here")
    return record
