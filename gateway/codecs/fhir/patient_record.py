"""The state of a patient's record: elements of Patient, and extensions a community has for it.

Source:
    HL7 FHIR R4: Patient.deceased[x], Patient.generalPractitioner. The profile's conventions name
    the extensions; the guides that define them are its sources.
"""

from __future__ import annotations

from gateway.codecs.fhir.datatypes import read_concept, read_time, write_concept, write_time
from gateway.codecs.fhir.identifiers import read_identifier, write_identifier
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.vocabulary import EXTENSION
from gateway.model.conventions import Conventions, RecordExtensions
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.naming import NamingSystems
from gateway.model.patient import DIED, RecordState

QUALIFIED = EXTENSION + "identity-qualified"
"""On a Patient: whether the identity is sure enough to be fed."""

OWN_AUTHORISATION = EXTENSION + "own-authorisation"
"""On a Patient somebody asked for: how he stands to the record."""


def write_record(
    record: RecordState, naming: NamingSystems, conventions: Conventions
) -> list[Json]:
    """Write what is known of a record as extensions of Patient."""
    names = conventions.record
    written: list[Json] = []
    if record.identity_qualified is not None:
        written.append({"url": QUALIFIED, "valueBoolean": record.identity_qualified})
    if record.own_authorisation:
        written.append({"url": OWN_AUTHORISATION, "valueCode": record.own_authorisation})
    if names is None:
        return written
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
    record = RecordState(
        deceased=_read_deceased(reader, resource, path), gp=_read_gp(reader, resource, path)
    )
    for extension, place in reader.objects(resource, "extension", path):
        if extension.get("url") == QUALIFIED:
            value = extension.get("valueBoolean")
            if type(value) is not bool:
                reader.note("record-extension", f"{place}.valueBoolean", "expected true or false")
            else:
                record = record.but(identity_qualified=value)
        elif names is None:
            continue
        elif extension.get("url") == names.closure:
            record = _read_closure(reader, extension, place, names, record)
        elif extension.get("url") == names.space:
            value = extension.get("valueBoolean")
            if type(value) is not bool:
                reader.note("record-extension", f"{place}.valueBoolean", "expected true or false")
            else:
                record = record.but(attached=value)
    return record


def write_life(target: Json, record: RecordState, naming: NamingSystems) -> None:
    """Write whether the patient died, and who attends."""
    if record.deceased == DIED:
        target["deceasedBoolean"] = True
    else:
        write_time(target, "deceasedDateTime", record.deceased)
    if record.gp is not None:
        who = {"type": "Practitioner", "identifier": write_identifier(record.gp, naming)}
        target["generalPractitioner"] = [who]


def _read_deceased(reader: Reader, resource: Json, path: str) -> DateTime | None:
    told = resource.get("deceasedBoolean")
    if told is not None and type(told) is not bool:
        reader.note("json-type", f"{path}.deceasedBoolean", "expected true or false")
    time = read_time(reader, resource, "deceasedDateTime", path)
    return time if time is not None else DIED if told is True else None


def _read_gp(reader: Reader, resource: Json, path: str) -> Identifier | None:
    """The first practitioner among those who attend, who must be named by identifier."""
    found = None
    for reference, place in reader.objects(resource, "generalPractitioner", path):
        kind = str(reference.get("type") or reference.get("reference", "")).partition("/")[0]
        element = reader.object(reference, "identifier", place)
        if kind not in ("", "Practitioner", "PractitionerRole") or found is not None:
            reader.lost(place, "one practitioner is kept as the attending doctor")
        elif element is None:
            reader.lost(place, "the attending doctor is named by identifier")
        else:
            found = read_identifier(reader, element, f"{place}.identifier")
    return found


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
