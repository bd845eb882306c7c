"""A good Provide Document Bundle [ITI-65], and every way to put a wrong value into it."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Iterator
from typing import Any

from tests.hostile.messages import CONTENT, fresh

Json = Any
Path = tuple[str | int, ...]

_MHD = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
_TYPES = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
_ID_TYPES = "https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType"
WRONG_VALUES: tuple[Json, ...] = (None, 1, "x", [], {}, True)


def _concept(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _identifier(kind: str, value: str) -> Json:
    return {
        "type": {"coding": [{"system": _ID_TYPES, "code": kind}]},
        "system": "urn:ietf:rfc:3986",
        "value": value,
    }


def _author() -> Json:
    return {
        "resourceType": "Practitioner",
        "id": "a1",
        "identifier": [{"system": "urn:oid:2.999.1.30", "value": "80"}],
        "name": [{"family": "DURAND", "given": ["Alice"]}],
    }


def bundle(name: str = "7001") -> Json:
    """A bundle of one document with new ids; ``name`` is its patient's."""
    subject = {"identifier": {"system": "urn:oid:2.999.1.10", "value": name}}
    set_url, entry_url, binary_url = (
        f"urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d00{n}" for n in (10, 11, 12)
    )
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{_MHD}IHE.MHD.Comprehensive.ProvideBundle"]},
        "type": "transaction",
        "entry": [
            {
                "fullUrl": set_url,
                "resource": {
                    "resourceType": "List",
                    "contained": [_author()],
                    "extension": [
                        {
                            "url": f"{_MHD}ihe-designationType",
                            "valueCodeableConcept": _concept("urn:oid:2.999.7.4", "CT", "Visit"),
                        },
                        {
                            "url": f"{_MHD}ihe-sourceId",
                            "valueIdentifier": {
                                "system": "urn:ietf:rfc:3986",
                                "value": "urn:oid:2.999.6.1",
                            },
                        },
                    ],
                    "identifier": [_identifier("uniqueId", f"urn:oid:{fresh()}")],
                    "status": "current",
                    "mode": "working",
                    "title": "A visit",
                    "code": _concept(_TYPES, "submissionset", "SubmissionSet as a FHIR List"),
                    "subject": subject,
                    "date": "2025-01-14T09:45:00Z",
                    "source": {"reference": "#a1"},
                    "entry": [{"item": {"reference": entry_url}}],
                },
                "request": {"method": "POST", "url": "List"},
            },
            {
                "fullUrl": entry_url,
                "resource": _document_reference(subject, binary_url),
                "request": {"method": "POST", "url": "DocumentReference"},
            },
            {
                "fullUrl": binary_url,
                "resource": {
                    "resourceType": "Binary",
                    "contentType": "text/plain",
                    "data": base64.b64encode(CONTENT).decode(),
                },
                "request": {"method": "POST", "url": "Binary"},
            },
        ],
    }


def _document_reference(subject: Json, binary_url: str) -> Json:
    return {
        "resourceType": "DocumentReference",
        "contained": [
            _author(),
            {
                "resourceType": "Patient",
                "id": "sp",
                "identifier": [{"system": "urn:oid:2.999.1.20", "value": "H-42"}],
                "name": [{"family": "MARTIN", "given": ["Camille"]}],
                "gender": "female",
                "birthDate": "1980-01-02",
            },
        ],
        "masterIdentifier": _identifier("uniqueId", f"urn:oid:{fresh()}"),
        "status": "current",
        "type": _concept("http://loinc.org", "11488-4", "Consultation note"),
        "category": [_concept("urn:oid:2.999.7.1", "CL", "Reports")],
        "subject": subject,
        "date": "2025-01-14T09:45:00Z",
        "author": [{"reference": "#a1"}],
        "description": "A note",
        "securityLabel": [
            _concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N", "normal")
        ],
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "language": "en-GB",
                    "url": binary_url,
                    "size": len(CONTENT),
                    "hash": base64.b64encode(hashlib.sha1(CONTENT).digest()).decode(),
                    "title": "A note",
                    "creation": "2025-01-14T09:30:00Z",
                },
                "format": {
                    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
                    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
                    "display": "By media type",
                },
            }
        ],
        "context": {
            "event": [_concept("urn:oid:2.999.7.9", "EV", "An event")],
            "period": {"start": "2025-01-14T08:00:00Z", "end": "2025-01-14T09:00:00Z"},
            "facilityType": _concept("urn:oid:2.999.7.2", "HOSP", "Hospital"),
            "practiceSetting": _concept("urn:oid:2.999.7.3", "GEN", "General"),
            "sourcePatientInfo": {"reference": "#sp"},
        },
    }


def paths(value: Json, here: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, its members and items, deepest last."""
    if here:
        yield here
    if isinstance(value, dict):
        for name, member in value.items():
            yield from paths(member, (*here, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths(item, (*here, number))


def at(value: Json, path: Path) -> Json:
    """What stands at a place."""
    for step in path:
        value = value[step]
    return value


def put(value: Json, path: Path, replacement: Json) -> Json:
    """The same value with another one at a place."""
    changed = copy.deepcopy(value)
    at(changed, path[:-1])[path[-1]] = replacement
    return changed


def shown(path: Path) -> str:
    """A place as a FHIR path."""
    return "Bundle" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path)
