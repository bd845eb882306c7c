"""Provide Document Bundle [ITI-65] as a source sends it, and the answer a recipient owes.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.2 (request), 2:3.65.4.2.2 (response).
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterable, Mapping

import orjson

from gateway.codecs.fhir.datatypes import write_instant, write_time
from gateway.codecs.fhir.document_reference import document_reference_parts
from gateway.codecs.fhir.identifiers import MHD_TYPED, write_identifier
from gateway.codecs.fhir.list import (
    FOLDER,
    LIST_STATUS_OF,
    folder_parts,
    frame,
    submission_set_parts,
)
from gateway.codecs.fhir.outcome import outcome
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.relations import write_relation
from gateway.codecs.fhir.resource import Parts
from gateway.codecs.fhir.vocabulary import (
    COMPREHENSIVE_BUNDLE,
    ENTRY_UUID,
    MINIMAL_BUNDLE,
    PATCH_PARAMETERS,
    RESPONSE_BUNDLE,
    STATUS_OF,
    URI_SYSTEM,
    UUID_URN,
)
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import RELATIONSHIPS, REPLACEMENTS, AssociationType
from gateway.transactions.provide_document_bundle import ResponseEntry

_SPACE = uuid.UUID("6f6e1f0a-3c55-5b0e-9d3f-0b8a5f9f2f31")
"""For the fullUrls, which are urn:uuid: made from the ids of the submission."""


class _Writing:
    """One submission while it is written."""

    def __init__(self, submission: Submission, naming: NamingSystems, patient: str) -> None:
        self.submission = submission
        self.naming = naming
        self.patient = patient
        self.own = {e.entry_uuid for e in submission.document_entries}
        self.own |= {f.entry_uuid for f in submission.folders}
        self.findings: list[Finding] = []
        self.memberships = {
            a.entry_uuid: a
            for a in submission.associations
            if a.association_type == AssociationType.HAS_MEMBER
        }

    def entries(self, documents: Mapping[str, tuple[str, bytes]]) -> list[Json]:
        submission = self.submission
        written = [
            _post(s.entry_uuid, self._list(submission_set_parts(s, self.naming), s))
            for s in submission.submission_sets
        ]
        for folder in submission.folders:
            resource = self._list(folder_parts(folder, self.naming), folder)
            write_time(resource, "date", folder.last_update_time)
            written.append(_post(folder.entry_uuid, resource))
        for entry in submission.document_entries:
            parts = document_reference_parts(entry, self.naming)
            attachment: Json = dict(parts.attachment or {})
            content: Json = {"attachment": attachment}
            if parts.format:
                content["format"] = parts.format
            resource = self._resource("DocumentReference", parts, entry.patient_id)
            resource["status"] = STATUS_OF.get(entry.availability_status or "", "current")
            resource["content"] = [content]
            relations = self._relations(entry.entry_uuid)
            if relations:
                resource["relatesTo"] = relations
            written.append(_post(entry.entry_uuid, resource))
            if entry.entry_uuid in documents:
                content_type, octets = documents[entry.entry_uuid]
                binary = {
                    "resourceType": "Binary",
                    "contentType": content_type,
                    "data": base64.b64encode(octets).decode("ascii"),
                }
                attachment["url"] = full_url(entry.entry_uuid + "#document")
                written.append(_post(entry.entry_uuid + "#document", binary))
        written.extend(self._known_folders())
        written.extend(self._patches())
        self._unsaid()
        return written

    def _resource(self, kind: str, parts: Parts, patient_id: Identifier | None) -> Json:
        resource: Json = {"resourceType": kind, "meta": {"profile": [parts.profile]}, **parts.rest}
        subject: Json = {}
        if self.patient:
            subject["reference"] = self.patient
        if patient_id is not None:
            subject["identifier"] = write_identifier(patient_id, self.naming)
        if subject:
            resource["subject"] = subject
        return resource

    def _list(self, parts: Parts, held: SubmissionSet | Folder) -> Json:
        resource = self._resource("List", parts, held.patient_id)
        resource["status"] = LIST_STATUS_OF.get(held.availability_status or "", "current")
        members = [
            {"item": self._reference(a.target_object)}
            for a in self.memberships.values()
            if a.source_object == held.entry_uuid and a.target_object not in self.memberships
        ]
        if members:
            resource["entry"] = members
        return resource

    def _reference(self, target: str) -> Json:
        """Refer to an object: of the bundle by fullUrl, to a registered one by its ids.

        The FHIR id of a registered object is its logical id, which the sender of an XDS submission
        does not know; it is the entryUUID as long as there is one version, and the identifier
        names the object in any case.
        """
        if target in self.own or not target.startswith(UUID_URN):
            return {"reference": full_url(target)}
        return {
            "reference": "DocumentReference/" + target.removeprefix(UUID_URN),
            "identifier": {
                "type": MHD_TYPED[ENTRY_UUID],
                "system": URI_SYSTEM,
                "value": target,
            },
        }

    def _known_folders(self) -> list[Json]:
        """Put documents into folders that are registered already."""
        folders: dict[str, list[Json]] = {}
        holders = self.own | {s.entry_uuid for s in self.submission.submission_sets}
        for membership in self.memberships.values():
            if membership.source_object not in holders:
                item = {"item": self._reference(membership.target_object)}
                folders.setdefault(membership.source_object, []).append(item)
        return [
            {
                "fullUrl": full_url(folder),
                "resource": {
                    "resourceType": "List",
                    "status": "current",
                    **frame(FOLDER),
                    "entry": items,
                },
                "request": {"method": "PUT", "url": "List/" + folder.removeprefix(UUID_URN)},
            }
            for folder, items in folders.items()
        ]

    def _relations(self, source: str) -> list[Json]:
        return [
            write_relation(
                a.association_type,
                self._reference(a.target_object)["reference"],
                "" if a.target_object in self.own else a.target_object,
                a.documentation,
                self.naming,
            )
            for a in self.submission.associations
            if a.source_object == source and a.association_type in RELATIONSHIPS
        ]

    def _patches(self) -> list[Json]:
        """Supersede what is replaced, as MHD asks a source to say; each document once."""
        replaced = {
            a.target_object: None
            for a in self.submission.associations
            if a.association_type in REPLACEMENTS
            and a.target_object not in self.own
            and a.target_object.startswith(UUID_URN)
        }
        return [
            {
                "fullUrl": full_url(target + "#patch"),
                "resource": _patch(),
                "request": {
                    "method": "PATCH",
                    "url": "DocumentReference/" + target.removeprefix(UUID_URN),
                },
            }
            for target in replaced
        ]

    def _unsaid(self) -> None:
        for association in self.submission.associations:
            if (
                association.association_type != AssociationType.HAS_MEMBER
                and association.association_type not in RELATIONSHIPS
            ):
                self.findings.append(_cannot(association))


def _cannot(association: Association) -> Finding:
    return Finding(
        rule="not-carried",
        code=ErrorCode.NOT_SUPPORTED,
        location=f"Association[{association.entry_uuid}].associationType",
        message=f"a document bundle cannot say {association.association_type}",
    )


def _patch() -> Json:
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "superseded"},
    ]
    return {
        "resourceType": "Parameters",
        "meta": {"profile": [PATCH_PARAMETERS]},
        "parameter": [{"name": "operation", "part": parts}],
    }


def full_url(name: str) -> str:
    """Give the fullUrl of an object of a submission."""
    return f"urn:uuid:{uuid.uuid5(_SPACE, name)}"


def _post(name: str, resource: Json) -> Json:
    return {
        "fullUrl": full_url(name),
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }


def write_provide_bundle(
    submission: Submission,
    documents: Mapping[str, tuple[str, bytes]],
    naming: NamingSystems,
    *,
    patient_reference: str = "",
) -> bytes:
    """Write a submission as a Provide Document Bundle.

    Args:
        documents: Content type and octets of each document, by the id of its entry.
        patient_reference: Literal reference to the patient, put beside its identifier.

    Raises:
        Refused: The submission says something a bundle cannot: an update, for example.
    """
    bundle, findings = provide_bundle(
        submission, documents, naming, patient_reference=patient_reference
    )
    if findings:
        raise Refused(*findings)
    return orjson.dumps(bundle)


def provide_bundle(
    submission: Submission,
    documents: Mapping[str, tuple[str, bytes]],
    naming: NamingSystems,
    *,
    patient_reference: str = "",
) -> tuple[Json, tuple[Finding, ...]]:
    """Make a Provide Document Bundle of everything a bundle can say.

    Returns:
        The bundle, and a finding for each link it cannot say; see :func:`write_provide_bundle`.
    """
    writing = _Writing(submission, naming, patient_reference)
    entries = writing.entries(documents)
    limited = any(
        not isinstance(held, Association) and held.limited_metadata for held in submission.objects()
    )
    bundle: Json = {
        "resourceType": "Bundle",
        "meta": {"profile": [MINIMAL_BUNDLE if limited else COMPREHENSIVE_BUNDLE]},
        "type": "transaction",
        "entry": entries,
    }
    return bundle, tuple(writing.findings)


def write_transaction_response(
    entries: Iterable[ResponseEntry], *, findings: Iterable[Finding] = (), base_url: str = ""
) -> bytes:
    """Write the answer: one entry for each entry of the request, in its order.

    Args:
        findings: What was noticed although all went well; each is told with the entry it is
            about, one about the bundle as a whole with the first.
        base_url: Of the FHIR face, without trailing slash.
    """
    noticed: dict[int, list[Finding]] = {}
    for finding in findings:
        match = _PLACE.match(finding.location)
        noticed.setdefault(int(match[1]) if match else 0, []).append(finding)
    written: list[Json] = []
    for number, entry in enumerate(entries):
        response: Json = {"status": entry.status}
        if entry.location:
            response["location"] = entry.location
        if entry.version:
            response["etag"] = f'W/"{entry.version}"'
        if entry.last_modified:
            response["lastModified"] = write_instant(entry.last_modified)
        if number in noticed:
            response["outcome"] = outcome(noticed[number])
        written.append({"response": response})
    bundle: Json = {"resourceType": "Bundle"}
    # A person among the entries becomes metadata of a document and has no place of its own; MHD
    # foresees neither that entry nor an answer without a place.
    if all(entry.location for entry in entries):
        bundle["meta"] = {"profile": [RESPONSE_BUNDLE]}
    bundle["type"] = "transaction-response"
    if base_url:
        bundle["link"] = [{"relation": "self", "url": base_url}]
    bundle["entry"] = written
    return orjson.dumps(bundle)


_PLACE = re.compile(r"Bundle\.entry\[([0-9]{1,6})\]")
