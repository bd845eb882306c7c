"""Patient: the resource and the value.

Source:
    HL7 FHIR R4: 8.1 Patient; IHE PDQm; IHE ITI TF-2a: 3.8 for what a merge means.
"""

from __future__ import annotations

from typing import Any

import orjson

from gateway.codecs.fhir.datatypes import (
    read_time,
    write_date_time,
    write_instant,
    write_time,
)
from gateway.codecs.fhir.identifiers import read_identifier, write_identifier
from gateway.codecs.fhir.patient_record import read_record, write_life, write_record
from gateway.codecs.fhir.people import read_name
from gateway.codecs.fhir.reader import Json, Reader, own, own_text
from gateway.codecs.fhir.resource import FHIR_ID
from gateway.codecs.fhir.source_patient import GENDERS, SEXES
from gateway.codecs.fhir.vocabulary import EXTENSION, UUID_URN
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.naming import NamingSystems
from gateway.model.patient import Patient

KNOWN = EXTENSION + "known"
"""On a Patient only met in a submission: the identity feed never told of it."""


def write_patient(
    patient: Patient, naming: NamingSystems, conventions: Conventions = STANDARD
) -> bytes:
    """Write a patient as a resource."""
    name = patient.logical_id.removeprefix(UUID_URN)
    written: Json = {"resourceType": "Patient"}
    if FHIR_ID.match(name):
        written["id"] = name
    written["meta"] = {"versionId": str(patient.version)}
    if patient.last_updated:
        written["meta"]["lastUpdated"] = write_instant(patient.last_updated)
    extensions = write_record(patient.record, naming, conventions)
    if not patient.known:
        extensions.append({"url": KNOWN, "valueBoolean": False})
    if extensions:
        written["extension"] = extensions
    if patient.identifiers:
        written["identifier"] = [write_identifier(i, naming) for i in patient.identifiers]
    written["active"] = patient.active
    human: Json = {}
    if patient.family:
        human["family"] = patient.family
    given = [part for part in patient.given if part]
    if given:
        human["given"] = given
    if human:
        written["name"] = [human]
    if patient.gender in GENDERS:
        written["gender"] = GENDERS[patient.gender]
        if SEXES[GENDERS[patient.gender]] != patient.gender:
            written["_gender"] = {"extension": [own("text", patient.gender)]}
    elif patient.gender:
        written["_gender"] = {"extension": [own("text", patient.gender)]}
    _write_birth_date(written, patient.birth_date)
    write_life(written, patient.record, naming)
    if patient.merged_into is not None:
        other = {"identifier": write_identifier(patient.merged_into, naming)}
        written["link"] = [{"other": other, "type": "replaced-by"}]
    return orjson.dumps(written)


def _write_birth_date(written: Json, birth_date: DateTime | None) -> None:
    if birth_date is None:
        return
    if len(birth_date.text) <= len("YYYYMMDD"):
        write_time(written, "birthDate", birth_date)
        return
    # FHIR keeps the hour of a birth elsewhere; the day is the birth date.
    day = write_date_time(birth_date.text[:8])[0]
    if day is not None:
        written["birthDate"] = day
    written["_birthDate"] = {"extension": [own("text", birth_date.text)]}


def read_patient_resource(reader: Reader, resource: Json, path: str) -> Patient:
    """Read a Patient resource; what is wrong with it is among the reader's findings."""
    if resource.get("resourceType") != "Patient":
        reader.note("resource-type", path, "expected a Patient")
    if "modifierExtension" in resource:
        reader.note(
            "modifier-extension",
            f"{path}.modifierExtension",
            "a modifier extension changes the meaning of the rest and is not understood here",
        )
    names = [
        (name, place)
        for name, place in reader.objects(resource, "name", path)
        if name.get("use") not in ("old", "nickname", "anonymous")
    ]
    family = ""
    given: tuple[str, ...] = ()
    if names:
        ranks = {"official": 0, "usual": 1}
        name, place = min(names, key=lambda n: ranks.get(str(n[0].get("use")), 2))
        family = read_name(reader, {"name": [name]}, path).get("family", "")
        given = tuple(reader.texts(name, "given", place))
    active = resource.get("active", True)
    if type(active) is not bool:
        reader.note("json-type", f"{path}.active", "expected a boolean")
    meta = reader.object(resource, "meta", path) or {}
    version = meta.get("versionId")
    updated = read_time(reader, meta, "lastUpdated", f"{path}.meta")
    identifier = resource.get("id")
    return Patient(
        logical_id=identifier if type(identifier) is str else "",
        identifiers=tuple(
            found
            for item in reader.objects(resource, "identifier", path)
            if (found := read_identifier(reader, *item)) is not None
        ),
        family=family,
        given=given,
        birth_date=_read_birth_date(reader, resource, path),
        gender=_read_gender(reader, resource, path),
        active=active is not False,
        record=read_record(reader, resource, path),
        known=not any(
            e.get("url") == KNOWN and e.get("valueBoolean") is False
            for e, _ in reader.objects(resource, "extension", path)
        ),
        merged_into=_read_merged(reader, resource, path),
        version=int(version) if type(version) is str and version.isdigit() else 1,
        last_updated=updated.text if updated is not None else "",
    )


def _read_gender(reader: Reader, resource: Json, path: str) -> str:
    gender = reader.text(resource, "gender", path)
    kept = own_text(resource.get("_gender"), "text")
    if kept is not None and GENDERS.get(kept) == gender:
        return kept
    if gender is None:
        return ""
    if gender not in SEXES:
        reader.note("gender", f"{path}.gender", "expected male, female, other or unknown")
    return SEXES.get(gender, "")


def _read_birth_date(reader: Reader, resource: Json, path: str) -> DateTime | None:
    kept = own_text(resource.get("_birthDate"), "text")
    found = read_time(reader, resource, "birthDate", path)
    if kept is not None and (found is None or kept.startswith(found.text)):
        return DateTime(kept)
    if found is not None and len(found.text) > len("YYYYMMDD"):
        reader.note("date-time", f"{path}.birthDate", "a birth date has no time of day")
    return found


def _read_merged(reader: Reader, resource: Json, path: str) -> Identifier | None:
    for link, place in reader.objects(resource, "link", path):
        other = reader.object(link, "other", place)
        if link.get("type") != "replaced-by" or other is None:
            continue
        element = reader.object(other, "identifier", f"{place}.other")
        if element is not None:
            return read_identifier(reader, element, f"{place}.other.identifier")
        reader.lost(f"{place}.other", "name the surviving patient by its identifier")
    return None


def read_patient(
    resource: Json, naming: NamingSystems, conventions: Conventions = STANDARD
) -> tuple[Patient, tuple[Any, ...]]:
    """Read one Patient by itself.

    Returns:
        The patient, and what could not be carried or is wrong with the resource.
    """
    reader = Reader(naming, conventions=conventions)
    patient = read_patient_resource(reader, resource, "Patient")
    return patient, tuple(reader.findings)
