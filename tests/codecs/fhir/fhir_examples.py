"""One entry, one bundle and one naming table for the tests of the FHIR codec."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from gateway.codecs.fhir.bundle import read_provide_bundle
from gateway.codecs.fhir.document_reference import read_document_reference
from gateway.codecs.fhir.fragments import Fragments
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.naming import NamingSystems
from gateway.model.vocabulary import AvailabilityStatus
from gateway.transactions.provide_document_bundle import ProvideDocumentBundle

LOINC = "2.16.840.1.113883.6.1"
CONFIDENTIALITY = "2.16.840.1.113883.5.25"
NAMING = NamingSystems.of(
    (
        (LOINC, "http://loinc.org", "LOINC"),
        (CONFIDENTIALITY, "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"),
        (
            "1.3.6.1.4.1.19376.1.2.3",
            "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
        ),
    )
)
FRAGMENTS = Fragments(NAMING)
MHD_TYPE = "https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType"

ENTRY = DocumentEntry(
    entry_uuid="urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001",
    logical_id="urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0009",
    version="2",
    availability_status=AvailabilityStatus.APPROVED,
    unique_id="2.999.4.1.1001",
    patient_id=Identifier("7001^^^&2.999.1.10&ISO"),
    author=(
        Author(
            person=Person("801^DURAND^Alice^^^^^^&2.999.1.30&ISO"),
            institution=(Organization("Hopital^^^^^&2.999.1.31&ISO^^^^4711"),),
        ),
    ),
    class_code=Code("DEMO-CLASS", "2.999.7.1", "Comptes rendus"),
    type_code=Code("11488-4", LOINC, "Consultation note"),
    format_code=Code("urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3"),
    healthcare_facility_type_code=Code("DEMO-FAC", "2.999.7.2", "Hopital"),
    practice_setting_code=Code("DEMO-PS", "2.999.7.3", "Medecine"),
    confidentiality_code=(Code("N", CONFIDENTIALITY, "normal"),),
    creation_time=DateTime("20250114093000"),
    title=(LocalizedString("Compte rendu", "fr-FR"),),
    language_code="fr-FR",
    mime_type="text/plain",
    hash="0a4d55a8d778e5022fab701977c5d840bbc486d0",
    size="11",
    repository_unique_id="2.999.3.1",
    source_patient_id=Identifier("H-42^^^&2.999.1.20&ISO"),
)


def written(entry: DocumentEntry = ENTRY, **more: Any) -> dict[str, Any]:
    """The DocumentReference of an entry, as parsed JSON."""
    resource = json.loads(FRAGMENTS.write(entry, **more))
    assert isinstance(resource, dict)
    return resource


def read(resource: dict[str, Any]) -> DocumentEntry:
    """The entry of a DocumentReference with nothing wrong or lost."""
    entry, findings = read_document_reference(resource, NAMING)
    assert findings == ()
    return entry


def typed(code: str, system: str, value: str) -> dict[str, Any]:
    """An identifier with one of MHD's types."""
    return {
        "type": {"coding": [{"system": MHD_TYPE, "code": code}]},
        "system": system,
        "value": value,
    }


_SUBJECT = {"identifier": {"system": "urn:oid:2.999.1.10", "value": "7001"}}
_MHD = "https://profiles.ihe.net/ITI/MHD/"


def bundle() -> dict[str, Any]:
    """A good bundle: a submission set, a document, its Binary. Free to be changed."""
    return copy.deepcopy(_BUNDLE)


def list_entry(kind: str, number: int, *members: str) -> dict[str, Any]:
    """A List entry of a bundle."""
    return {
        "fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{number}",
        "resource": {
            "resourceType": "List",
            "extension": [
                {
                    "url": _MHD + "StructureDefinition/ihe-designationType",
                    "valueCodeableConcept": {
                        "coding": [{"system": "urn:oid:2.999.7.4", "code": "C"}]
                    },
                },
                {
                    "url": _MHD + "StructureDefinition/ihe-sourceId",
                    "valueIdentifier": {
                        "system": "urn:ietf:rfc:3986",
                        "value": "urn:oid:2.999.6.1",
                    },
                },
            ],
            "identifier": [typed("uniqueId", "urn:ietf:rfc:3986", f"urn:oid:2.999.5.{number}")],
            "status": "current",
            "mode": "working",
            "title": "Lot",
            "code": {"coding": [{"system": _MHD + "CodeSystem/MHDlistTypes", "code": kind}]},
            "subject": _SUBJECT,
            "date": "2025-01-14T09:45:00Z",
            "entry": [{"item": {"reference": member}} for member in members],
        },
        "request": {"method": "POST", "url": "List"},
    }


def document_entries(number: int) -> list[dict[str, Any]]:
    """A DocumentReference and its Binary, as entries of a bundle."""
    binary = f"urn:uuid:00000000-0000-4000-8000-00000000010{number}"
    return [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000020{number}",
            "resource": {
                "resourceType": "DocumentReference",
                "masterIdentifier": typed(
                    "uniqueId", "urn:ietf:rfc:3986", f"urn:oid:2.999.4.{number}"
                ),
                "status": "current",
                "subject": _SUBJECT,
                "securityLabel": [{"coding": [{"system": "urn:oid:2.999.7.5", "code": "N"}]}],
                "content": [{"attachment": {"contentType": "text/plain", "url": binary}}],
            },
            "request": {"method": "POST", "url": "DocumentReference"},
        },
        {
            "fullUrl": binary,
            "resource": {
                "resourceType": "Binary",
                "contentType": "text/plain",
                "data": base64.b64encode(b"Document %d" % number).decode(),
            },
            "request": {"method": "POST", "url": "Binary"},
        },
    ]


_BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "meta": {"profile": [_MHD + "StructureDefinition/IHE.MHD.Comprehensive.ProvideBundle"]},
    "type": "transaction",
    "entry": [
        list_entry("submissionset", 0, "urn:uuid:00000000-0000-4000-8000-000000000201"),
        *document_entries(1),
    ],
}


def provided(changed: dict[str, Any], base_url: str = "") -> ProvideDocumentBundle:
    """A bundle read from its octets."""
    return read_provide_bundle(json.dumps(changed).encode(), NAMING, base_url=base_url)


def places(found: ProvideDocumentBundle) -> list[str]:
    """Where the errors of a bundle are."""
    return [finding.location for finding in found.findings if finding.is_error]
