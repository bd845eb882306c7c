"""One document in one resource: Simplified Publish [ITI-105] and Generate Metadata [ITI-106].

Both come out as the document bundle they stand for, all but the submission set, which is the
recipient's to make.

Source:
    IHE MHD 4.2.4: 2:3.105, SimplifiedPublish.DocumentReference; 2:3.106,
    GenerateMetadata.Parameters.In; HL7 FHIR R4: 2.36 Documents, 9.6 Composition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from gateway.codecs.fhir.bundle_frame import read_condition
from gateway.codecs.fhir.bundle_links import Links
from gateway.codecs.fhir.bundle_parts import (
    FHIR_JSON,
    FHIR_XML,
    attachment_of,
    patient_reference,
    read_data,
    resource_octets,
    source_reference,
)
from gateway.codecs.fhir.carried import note_not_carried
from gateway.codecs.fhir.document_reference import document_entry, document_reference_parts
from gateway.codecs.fhir.reader import Json, Reader, resource_type
from gateway.codecs.fhir.references import Entries
from gateway.codecs.fhir.strict_json import read_json
from gateway.codecs.fhir.vocabulary import MINIMAL_DOCUMENT_REFERENCE
from gateway.codecs.fhir.xml import read_xml_resource
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.document_entry import DocumentEntry
from gateway.model.naming import NamingSystems
from gateway.model.submission import Submission
from gateway.transactions.provide_document_bundle import (
    Condition,
    PatientReference,
    ProvidedDocument,
    ProvideDocumentBundle,
    RequestEntry,
)

ENTRY = "entry-0"
"""The id of the only document in its submission."""

_ROOT = "DocumentReference"
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_FORMAT = {
    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
}


# --- ITI-105 -----------------------------------------------------------------------------------


def read_simplified_publish(
    message: bytes | Json,
    naming: NamingSystems,
    *,
    base_url: str = "",
    if_none_exist: str = "",
    conventions: Conventions = STANDARD,
) -> ProvideDocumentBundle:
    """Read a DocumentReference that carries its document.

    Args:
        message: The octets, or the object a reader as strict as ours made of them.
        base_url: Of our FHIR face, without trailing slash.
        if_none_exist: The header of that name.
        conventions: What the community's resources have of their own.

    Raises:
        Refused: The message is no JSON, or no DocumentReference.
    """
    resource = read_json(message) if isinstance(message, bytes) else message
    if resource_type(resource) != _ROOT:
        raise Refused(_wrong("resourceType", "expected a DocumentReference"))
    reader = Reader(naming, None, base_url, conventions)
    places = Entries(base_url)
    links = Links(reader, places, [])
    if resource.get("status") not in (None, "current"):
        reader.note("status", f"{_ROOT}.status", "a document is published as current")
    entry = document_entry(reader, resource, _ROOT)
    if conventions.statuses.named(entry.availability_status) is not None:
        reader.note("status", f"{_ROOT}.extension", "a document is published as current")
    parts = document_reference_parts(entry, naming, conventions)
    note_not_carried(reader, resource, parts, _ROOT)
    if entry.entry_uuid:
        reader.lost(f"{_ROOT}.identifier", "the entryUUID is given here; this one is left out")
    entry = replace(entry, entry_uuid=ENTRY, logical_id=None, version=None)
    document = _attached(reader, resource, entry)
    links.relations(ENTRY, resource, _ROOT)
    conditions = []
    if if_none_exist:
        name = read_condition(reader, if_none_exist, "If-None-Exist")
        if name:
            conditions.append(
                Condition(object_id=ENTRY, names=(name,), updates=False, location="If-None-Exist")
            )
    patients = _patients(reader, resource, entry, places)
    return ProvideDocumentBundle(
        submission=Submission(
            document_entries=(_with_patient(entry, patients),),
            associations=tuple(links.associations),
        ),
        documents=(document,) if document is not None else (),
        entries=(_request(_ROOT),),
        patients=patients,
        logical_ids=tuple(links.logical_ids),
        conditions=tuple(conditions),
        locations=((ENTRY, _ROOT), *links.locations),
        findings=tuple(reader.findings),
    )


def _attached(reader: Reader, resource: Json, entry: DocumentEntry) -> ProvidedDocument | None:
    """Read the document in ``attachment.data``."""
    attachment, place = attachment_of(resource, _ROOT)
    if "url" in attachment:
        reader.note(
            "attachment-url",
            f"{place}.url",
            "a simplified publish carries its document in data, and no url beside it",
        )
    content = read_data(reader, attachment, place)
    if entry.mime_type is None:
        reader.note("content-type", f"{place}.contentType", "an attachment needs a contentType")
    if content is None:
        return None
    return ProvidedDocument(
        entry_id=ENTRY,
        content=content,
        content_type=entry.mime_type or "application/octet-stream",
        location=f"{place}.data",
    )


def _patients(
    reader: Reader, resource: Json, entry: DocumentEntry, places: Entries, path: str = _ROOT
) -> tuple[PatientReference, ...]:
    base_url = reader.base_url
    subject = patient_reference(reader, resource, path, ENTRY, entry.patient_id, places, base_url)
    source = source_reference(reader, resource, path, entry, places, base_url)
    return tuple(patient for patient in (subject, source) if patient is not None)


def _with_patient(entry: DocumentEntry, patients: tuple[PatientReference, ...]) -> DocumentEntry:
    for patient in patients:
        if not patient.is_source and entry.patient_id is None and len(patient.identifiers) == 1:
            return replace(entry, patient_id=patient.identifiers[0])
    return entry


def _request(location: str) -> RequestEntry:
    return RequestEntry(
        method="POST", resource_type=_ROOT, url=_ROOT, object_id=ENTRY, location=location
    )


def _wrong(place: str, message: str) -> Finding:
    return Finding(rule="resource-type", code=ErrorCode.MALFORMED, location=place, message=message)


# --- ITI-106 -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentToDescribe:
    """A document that came without metadata.

    Attributes:
        content: Its octets.
        content_type: Of the Binary; ``application/fhir+json`` for a Bundle.
        described: What a document made of FHIR resources says of itself; ``None`` for octets.
        location: Where it stands in the message.
        findings: What is wrong with the message.
    """

    content: bytes
    content_type: str
    described: ProvideDocumentBundle | None
    location: str
    findings: tuple[Finding, ...] = ()


def read_generate_metadata(
    message: bytes | Json, naming: NamingSystems, *, base_url: str = ""
) -> DocumentToDescribe:
    """Read the Parameters of ``$generate-metadata``.

    Raises:
        Refused: The message is no JSON, or has no document.
    """
    parameters = read_json(message) if isinstance(message, bytes) else message
    if resource_type(parameters) != "Parameters":
        raise Refused(_wrong("resourceType", "expected Parameters with one document"))
    reader = Reader(naming, None, base_url)
    found = [
        (index, parameter, place)
        for index, (parameter, place) in enumerate(
            reader.objects(parameters, "parameter", "Parameters")
        )
        if parameter.get("name") == "document"
    ]
    if len(found) != 1:
        raise Refused(
            _wrong("Parameters.parameter", f"expected one document, found {len(found)}"),
            *reader.findings,
        )
    index, parameter, place = found[0]
    path = f"{place}.resource"
    resource = reader.object(parameter, "resource", place) or {}
    if resource_type(resource) == "Binary":
        content = read_data(reader, resource, path) or b""
        content_type = reader.text(resource, "contentType", path) or ""
        kind = content_type.partition(";")[0].strip().lower()
        if kind not in (FHIR_JSON, "application/json", FHIR_XML) or reader.findings:
            return DocumentToDescribe(
                content=content,
                content_type=kind,
                described=None,
                location=path,
                findings=tuple(reader.findings),
            )
        resource = read_xml_resource(content) if kind == FHIR_XML else read_json(content)
        kind = FHIR_XML if kind == FHIR_XML else FHIR_JSON
    else:
        kind = FHIR_JSON
        octets = message if isinstance(message, bytes) else None
        content = resource_octets(octets, resource, ("parameter", index, "resource"))
    if resource_type(resource) != "Bundle" or resource.get("type") != "document":
        raise Refused(
            Finding(
                rule="document-kind",
                code=ErrorCode.INVALID_DOCUMENT_CONTENT,
                location=path,
                message="a document is a Binary, or a Bundle of type document",
            ),
            *reader.findings,
        )
    return DocumentToDescribe(
        content=content,
        content_type=kind,
        described=_described(resource, path, content, kind, naming, base_url),
        location=path,
        findings=tuple(reader.findings),
    )


def _described(
    bundle: Json, path: str, content: bytes, kind: str, naming: NamingSystems, base_url: str
) -> ProvideDocumentBundle:
    """Describe a document made of FHIR resources by its Composition."""
    places = Entries(base_url)
    reader = Reader(naming, places.resolve, base_url)
    resources: list[tuple[Json, str]] = []
    for item, place in reader.objects(bundle, "entry", path):
        resource = reader.object(item, "resource", place) or {}
        places.add(reader.text(item, "fullUrl", place) or "", resource, f"{place}.resource")
        resources.append((resource, f"{place}.resource"))
    places.close()
    first = resources[0] if resources else ({}, f"{path}.entry[0].resource")
    if resource_type(first[0]) != "Composition":
        raise Refused(
            Finding(
                rule="composition-first",
                code=ErrorCode.INVALID_DOCUMENT_CONTENT,
                location=first[1],
                message="the first resource of a document is its Composition",
            )
        )
    composition, place = first
    reference = _document_reference(bundle, composition, places, kind)
    entry = document_entry(reader, reference, place)
    entry = replace(entry, entry_uuid=ENTRY, logical_id=None, version=None)
    patients = _patients(reader, reference, entry, places, place)
    return ProvideDocumentBundle(
        submission=Submission(document_entries=(_with_patient(entry, patients),)),
        documents=(
            ProvidedDocument(entry_id=ENTRY, content=content, content_type=kind, location=path),
        ),
        entries=(_request(path),),
        patients=patients,
        locations=((ENTRY, place),),
        findings=tuple(reader.findings),
    )


def _document_reference(bundle: Json, composition: Json, places: Entries, kind: str) -> Json:
    """Put what a Composition says where a DocumentReference says it.

    Source:
        HL7 FHIR R4: 10.3.4 DocumentReference, mappings to Composition; IHE PCC TF-2: 4.1.
    """
    context: Json = {"sourcePatientInfo": composition.get("subject")}
    events = _objects(composition.get("event"))
    context["event"] = [c for event in events for c in _objects(event.get("code"))]
    encounter = _resolved(places, composition.get("encounter"))
    periods = [e["period"] for e in (*events, encounter) if "period" in e]
    if periods:
        context["period"] = periods[0]
    identifiers = _objects(encounter.get("identifier"))
    if identifiers:
        context["encounter"] = [{"identifier": identifiers[0]}]
    attachment = {
        "contentType": kind,
        "language": composition.get("language") or bundle.get("language"),
        "title": composition.get("title"),
        "creation": composition.get("date") or bundle.get("timestamp"),
    }
    legal = [a for a in _objects(composition.get("attester")) if a.get("mode") == "legal"]
    written: Json = {
        "resourceType": _ROOT,
        "meta": {"profile": [MINIMAL_DOCUMENT_REFERENCE]},
        "contained": composition.get("contained"),
        "masterIdentifier": bundle.get("identifier") or composition.get("identifier"),
        "status": "current",
        "type": composition.get("type"),
        "category": _objects(composition.get("category"))[:1],
        "subject": composition.get("subject"),
        "author": composition.get("author"),
        "authenticator": legal[0].get("party") if legal else None,
        "content": [{"attachment": _given(attachment), "format": _FORMAT}],
        "context": _given(context),
    }
    if "confidentiality" in composition:
        coding = {"system": _CONFIDENTIALITY, "code": composition["confidentiality"]}
        written["securityLabel"] = [{"coding": [coding]}]
    return _given(written)


def _given(members: Json) -> Json:
    return {name: value for name, value in members.items() if value is not None and value != []}


def _objects(value: Any) -> list[Json]:
    return [item for item in value if type(item) is dict] if type(value) is list else []


def _resolved(places: Entries, reference: Any) -> Json:
    text = reference.get("reference") if type(reference) is dict else None
    found = places.resolve(text) if type(text) is str else None
    return found[0] if found is not None else {}


def write_generated(reference: str, outcome: Json | None = None) -> bytes:
    """Write the answer: a reference to the DocumentReference, and what was noticed."""
    parameters: list[Json] = [
        {"name": "DocumentReference", "valueReference": {"reference": reference}}
    ]
    if outcome is not None:
        parameters.append({"name": "outcome", "resource": outcome})
    return orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
