"""Messages the tests of the doors send, made by our own client codecs."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from starlette.testclient import TestClient

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_response import QueryAnswer, read_query_response
from gateway.codecs.ebrim.response import Outcome, read_outcome
from gateway.codecs.ebrim.submission import write_provide_and_register, write_submit_objects
from gateway.codecs.soap.envelope import Envelope, read_envelope, write_envelope
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.model.submission import Submission
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    GetAll,
    GetDocuments,
    RegistryStoredQuery,
    ReturnType,
    StoredQuery,
)
from tests.model.examples import PATIENT

MESSAGE_ID = "urn:uuid:5b0a7d6e-0000-4000-8000-000000000001"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
_QUERY_IDS = {
    FindDocuments: "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
    GetAll: "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3",
    GetDocuments: "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4",
}
FHIR = {"content-type": "application/fhir+json"}


def soap(client: TestClient, door: str, action: str, body: bytes) -> Envelope:
    """Send a plain SOAP message; give the answer's envelope."""
    octets = write_envelope(body, action=action, message_id=MESSAGE_ID, to="http://gateway.test")
    content_type = f'application/soap+xml; charset=UTF-8; action="{action}"'
    answer = client.post(f"/xds/{door}", content=octets, headers={"content-type": content_type})
    assert answer.status_code == 200, answer.text
    return read_envelope(answer.content, answer=True)


def provide(client: TestClient, what: Submission, documents: dict[str, bytes]) -> Outcome:
    """Send ITI-41 as MTOM; give the answer's outcome."""
    action = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
    names = {entry_id: f"{n}@test" for n, entry_id in enumerate(documents)}
    body = write_provide_and_register(what, names.items())
    envelope = write_envelope(body, action=action, message_id=MESSAGE_ID, to="http://gateway.test")
    outgoing = write_multipart(
        envelope,
        action=action,
        parts=[
            OutgoingPart(content_id=names[i], content_type="text/plain", size=len(d))
            for i, d in documents.items()
        ],
        boundary="boundary-of-the-test",
    )
    octets = b"".join(bytes(c) for c in outgoing.chunks([[d] for d in documents.values()]))
    answer = client.post(
        "/xds/repository", content=octets, headers={"content-type": outgoing.content_type}
    )
    assert answer.status_code == 200, answer.text
    start = answer.content.index(b"<?xml")
    envelope_octets = answer.content[start : answer.content.index(b"Envelope>", start) + 9]
    return read_outcome(read_envelope(envelope_octets, answer=True).body)


def register(client: TestClient, what: Submission) -> Outcome:
    """Send ITI-42; give the answer's outcome."""
    action = "urn:ihe:iti:2007:RegisterDocumentSet-b"
    return read_outcome(soap(client, "registry", action, write_submit_objects(what)).body)


def update(client: TestClient, what: Submission) -> Outcome:
    """Send ITI-57; give the answer's outcome."""
    action = "urn:ihe:iti:2010:UpdateDocumentSet"
    return read_outcome(soap(client, "registry", action, write_submit_objects(what)).body)


def ask(
    client: TestClient, query: StoredQuery, return_type: ReturnType = ReturnType.LEAF_CLASS
) -> QueryAnswer:
    """Send ITI-18; give the answer."""
    request = RegistryStoredQuery(
        query_id=_QUERY_IDS[type(query)],  # type: ignore[index]
        query=query,
        return_type=return_type,
    )
    action = "urn:ihe:iti:2007:RegistryStoredQuery"
    return read_query_response(soap(client, "registry", action, write_query(request)).body)


def everything(client: TestClient) -> Submission:
    """All objects of the usual patient, as values."""
    both = (APPROVED, DEPRECATED)
    answer = ask(
        client,
        GetAll(
            patient_id=PATIENT,
            document_entry_status=both,
            submission_set_status=both,
            folder_status=both,
        ),
    )
    return answer.objects


def bundle(*entries: dict[str, Any], profile: str = "Comprehensive") -> dict[str, Any]:
    """A transaction Bundle for ITI-65."""
    name = f"https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.{profile}.ProvideBundle"
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [name]},
        "type": "transaction",
        "entry": list(entries),
    }


def entry(resource: dict[str, Any], full_url: str, method: str = "POST") -> dict[str, Any]:
    """One entry of a bundle."""
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": method, "url": resource["resourceType"]},
    }


def urn(number: int) -> str:
    """A fullUrl."""
    return f"urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-{number:012d}"


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    """A CodeableConcept with one coding."""
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def subject() -> dict[str, Any]:
    """The usual patient, by identifier."""
    return {"identifier": {"system": f"urn:oid:{PATIENT.authority}", "value": PATIENT.value}}


def submission_list(unique_id: str, *items: str, number: int = 1, **given: Any) -> dict[str, Any]:
    """A SubmissionSet entry."""
    mhd = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
    resource = {
        "resourceType": "List",
        "extension": [
            {
                "url": f"{mhd}ihe-designationType",
                "valueCodeableConcept": concept("urn:oid:2.999.7.4", "CT", "Consultation"),
            },
            {
                "url": f"{mhd}ihe-sourceId",
                "valueIdentifier": {
                    "system": "urn:ietf:rfc:3986",
                    "value": "urn:oid:2.999.6.1",
                },
            },
        ],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{unique_id}"}],
        "status": "current",
        "mode": "working",
        "code": concept(
            "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "submissionset"
        ),
        "subject": subject(),
        "date": "2025-01-14T09:45:00Z",
        "entry": [{"item": {"reference": item}} for item in items],
        **given,
    }
    return entry(resource, urn(number))


def document_reference(
    unique_id: str, content: bytes, url: str, *, number: int, **given: Any
) -> dict[str, Any]:
    """A complete DocumentReference entry."""
    resource = {
        "resourceType": "DocumentReference",
        "contained": [
            {
                "resourceType": "Practitioner",
                "id": "a1",
                "identifier": [{"system": "urn:oid:2.999.1.30", "value": "80"}],
                "name": [{"family": "DURAND", "given": ["Alice"]}],
            },
            {
                "resourceType": "Patient",
                "id": "sp",
                "identifier": [{"system": "urn:oid:2.999.1.20", "value": "H-42"}],
            },
        ],
        "masterIdentifier": {
            "system": "urn:ietf:rfc:3986",
            "value": f"urn:oid:{unique_id}",
        },
        "status": "current",
        "type": concept("http://loinc.org", "11488-4", "Consultation note"),
        "category": [concept("urn:oid:2.999.7.1", "CL", "Reports")],
        "subject": subject(),
        "author": [{"reference": "#a1"}],
        "securityLabel": [
            concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N", "normal")
        ],
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "language": "en-GB",
                    "url": url,
                    "size": len(content),
                    "hash": base64.b64encode(
                        hashlib.sha1(content, usedforsecurity=False).digest()
                    ).decode(),
                    "title": "A note",
                    "creation": "2025-01-14T09:30:00Z",
                },
                "format": {
                    "system": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
                    "code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
                },
            }
        ],
        "context": {
            "facilityType": concept("urn:oid:2.999.7.2", "HOSP", "Hospital"),
            "practiceSetting": concept("urn:oid:2.999.7.3", "GEN", "General"),
            "sourcePatientInfo": {"reference": "#sp"},
        },
        **given,
    }
    return entry(resource, urn(number))


def binary(content: bytes, *, number: int, content_type: str = "text/plain") -> dict[str, Any]:
    """A Binary entry."""
    resource = {
        "resourceType": "Binary",
        "contentType": content_type,
        "data": base64.b64encode(content).decode(),
    }
    return entry(resource, urn(number))


def publish(client: TestClient, what: dict[str, Any]) -> Any:
    """Post a bundle; give the answer."""
    return client.post("/fhir", content=json.dumps(what), headers=FHIR)
