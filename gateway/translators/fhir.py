"""FHIR resources and bundles to the model and back, nothing lost silently.

    from_fhir   Bundle (ITI-65 transaction, searchset, collection), DocumentReference or List
    to_fhir     an ITI-65 transaction bundle with its Binaries, or a searchset for an answer
    as_model    the same as an object of fhir.resources (R4B), where somebody wants objects
    as_xml      the same as FHIR XML

Every translation is checked by making it once more in the other direction: what does not come back
is among the findings, with its place.

Source:
    IHE MHD 4.2.4: 2:3.65, 2:3.66, 2:3.67 and the mapping tables.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from gateway.codecs.fhir.bundle import read_provide_bundle
from gateway.codecs.fhir.bundle_writer import provide_bundle
from gateway.codecs.fhir.collection import read_collection
from gateway.codecs.fhir.fragments import Fragments
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.strict_json import read_json
from gateway.codecs.fhir.xml import json_from_xml, xml_from_json
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.association import Association
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.naming import NamingSystems
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import RELATIONSHIPS, AssociationType
from gateway.transactions.provide_document_bundle import ProvideDocumentBundle
from gateway.translators.differences import differences, place
from gateway.translators.package import EnclosedDocument, Package
from gateway.translators.translation import Translation
from gateway.translators.unsaid import unsaid

if TYPE_CHECKING:
    from fhir_core.fhirabstractmodel import FHIRAbstractModel

Json = dict[str, Any]

_BUNDLE = "a FHIR document bundle"
_SEARCHSET = "a FHIR searchset"


# --- To FHIR -----------------------------------------------------------------------------------


def to_fhir(package: Package, naming: NamingSystems) -> Translation[Json]:
    """Give registry objects and their documents as one FHIR Bundle.

    A submission becomes a Provide Document Bundle [ITI-65] (Comprehensive; Minimal where an
    object says that its metadata are limited), an answer becomes a searchset.

    Args:
        package: From :func:`from_xds`, :func:`from_json`, or made by hand.
        naming: The community's table of OIDs and URIs (``read_profile(…).naming``).

    Returns:
        The Bundle; a finding for everything it cannot carry.
    """
    return _searchset(package, naming) if package.is_answer else _transaction(package, naming)


def to_resource(
    item: DocumentEntry | SubmissionSet | Folder, naming: NamingSystems
) -> Translation[Json]:
    """Give one entry as DocumentReference, one submission set or folder as List."""
    written: Json = orjson.loads(Fragments(naming).write(item))
    back = from_fhir(written, naming).value.submission
    return Translation(written, differences(_alone(item), back, f"a {written['resourceType']}"))


def as_model(resource: Json) -> FHIRAbstractModel:
    """Give a resource as an object of fhir.resources (R4B).

    The library is loaded by the first call only.

    Raises:
        ValueError: When the resource is not valid FHIR R4B; the message says where.
    """
    from fhir.resources.R4B import get_fhir_model_class

    kind = get_fhir_model_class(str(resource.get("resourceType")))
    return kind.model_validate(resource)


def as_xml(resource: Json) -> bytes:
    """Give a resource as FHIR XML.

    Raises:
        Refused: When it is not valid FHIR.
    """
    return xml_from_json(orjson.dumps(resource), pretty=True) + b"\n"


def _transaction(package: Package, naming: NamingSystems) -> Translation[Json]:
    submission = package.submission
    known = {entry.entry_uuid for entry in submission.document_entries}
    documents = {d.entry_id: (d.content_type, d.content) for d in package.documents}
    bundle, findings = provide_bundle(submission, documents, naming)
    told = [replace(f, severity=Severity.WARNING) for f in findings]
    told += [
        _finding(
            "document-described",
            ErrorCode.MISSING_DOCUMENT_METADATA,
            f"Document[{d.entry_id}]",
            "no DocumentEntry describes this document, so it has no place in the bundle",
        )
        for d in package.documents
        if d.entry_id not in known
    ]
    told += [
        _finding(
            "document-given",
            ErrorCode.MISSING_DOCUMENT,
            f"{place(entry)}",
            "the message does not bring this document; an ITI-65 bundle needs its Binary",
            Severity.WARNING,
        )
        for entry in submission.document_entries
        if entry.entry_uuid not in documents
    ]
    back = read_provide_bundle(bundle, naming)
    # Where a peer finds a fault in our bundle, the submission has it: a missing set, for example.
    told += [f for f in back.findings if f.is_error and f.rule != "attachment-url"]
    said = {place_ for f in findings for place_ in [f.location.partition(".")[0]]}
    told += [f for f in differences(submission, back.submission, _BUNDLE) if f.location not in said]
    return Translation(bundle, tuple(told))


def _searchset(package: Package, naming: NamingSystems) -> Translation[Json]:
    submission = package.submission
    fragments = Fragments(naming)
    links = {a.entry_uuid for a in submission.associations}
    outgoing: dict[str, list[Association]] = {}
    for link in submission.associations:
        outgoing.setdefault(link.source_object, []).append(link)
    held: tuple[DocumentEntry | SubmissionSet | Folder, ...] = (
        *submission.document_entries,
        *submission.submission_sets,
        *submission.folders,
    )
    kinds = {item.entry_uuid: item for item in held}
    resources = [
        fragments.write(
            item,
            relations=tuple(
                (a.association_type, _logical_id(a.target_object, kinds), a.target_object)
                for a in outgoing.get(item.entry_uuid, ())
                if a.association_type in RELATIONSHIPS
            ),
            members=tuple(
                (
                    "Folder" if isinstance(kinds.get(a.target_object), Folder) else "DocumentEntry",
                    _logical_id(a.target_object, kinds),
                )
                for a in outgoing.get(item.entry_uuid, ())
                if a.association_type == AssociationType.HAS_MEMBER and a.target_object not in links
            ),
        )
        for item in held
    ]
    written: Json = orjson.loads(write_searchset(resources, total=len(resources)))
    back = read_collection(written, naming)
    told = list(differences(submission, back.submission, _SEARCHSET))
    told += [
        _finding(
            "not-carried",
            ErrorCode.EXTRA_METADATA_NOT_SAVED,
            f"Document[{d.entry_id}]",
            "a searchset describes documents; their octets are retrieved one by one",
            Severity.WARNING,
        )
        for d in package.documents
    ]
    return Translation(written, tuple(told))


def _logical_id(name: str, kinds: dict[str, DocumentEntry | SubmissionSet | Folder]) -> str:
    item = kinds.get(name)
    return (item.logical_id if item is not None else None) or name


# --- From FHIR ---------------------------------------------------------------------------------


def from_fhir(
    source: bytes | Json | FHIRAbstractModel,
    naming: NamingSystems,
    *,
    patient_id: Identifier | None = None,
    base_url: str = "",
) -> Translation[Package]:
    """Read a Bundle, DocumentReference or List.

    Args:
        source: JSON or XML octets, the JSON object, or an object of fhir.resources.
        naming: The community's table of OIDs and URIs.
        patient_id: Whose record it is, for a message that names its patient by a literal
            reference only, which a directory would have to resolve.
        base_url: Of the FHIR server the message speaks of, without trailing slash.

    Returns:
        The objects and documents; a finding for everything they cannot carry.

    Raises:
        Refused: When it is no FHIR resource of these kinds at all.
    """
    resource = read_resource(source)
    kind = resource.get("resourceType")
    if kind == "Bundle" and resource.get("type") == "transaction":
        return _from_transaction(resource, naming, patient_id, base_url)
    if kind == "Bundle":
        bundle = resource
    elif kind in ("DocumentReference", "List"):
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    else:
        raise Refused(
            _finding(
                "resource-type",
                ErrorCode.NOT_SUPPORTED,
                str(kind)[:64],
                "expected a Bundle, DocumentReference or List",
            )
        )
    read = read_collection(bundle, naming, base_url=base_url)
    submission = _for_patient(read.submission, patient_id)
    documents = tuple(
        EnclosedDocument(entry_id=i, content_type=t, content=c) for i, t, c in read.documents
    )
    package = Package(submission=submission, documents=documents, is_answer=True)
    findings = [*read.findings, *_without_patient(submission)]
    if not any(True for _ in submission.objects()):
        findings.append(
            _finding(
                "no-objects",
                ErrorCode.NOT_FOUND,
                "Bundle.entry",
                "the bundle holds no DocumentReference and no List of MHD",
                Severity.WARNING,
            )
        )
    findings += unsaid(bundle, _with_documents(_searchset(package, naming).value, package))
    if kind != "Bundle":
        findings = [_placed_alone(finding, str(kind)) for finding in findings]
    return Translation(package, tuple(_once(findings)))


def read_resource(source: bytes | Json | FHIRAbstractModel) -> Json:
    """Give the JSON object of a resource, whatever it comes as.

    Raises:
        Refused: When the octets are neither JSON nor XML as FHIR writes them.
    """
    if isinstance(source, bytes):
        start = source.removeprefix(b"\xef\xbb\xbf")
        if start.lstrip()[:1] == b"<" or source[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return read_json(json_from_xml(source))
        return read_json(start)
    if isinstance(source, dict):
        return source
    return read_json(source.model_dump_json().encode())


def _from_transaction(
    bundle: Json, naming: NamingSystems, patient_id: Identifier | None, base_url: str
) -> Translation[Package]:
    read = read_provide_bundle(bundle, naming, base_url=base_url)
    findings = [*read.findings, *_assumed_targets(read)]
    submission = _for_patient(read.submission, patient_id)
    findings += _without_patient(submission)
    documents = tuple(
        EnclosedDocument(entry_id=d.entry_id, content_type=d.content_type, content=d.content)
        for d in read.documents
    )
    octets = {d.entry_id: (d.content_type, d.content) for d in documents}
    rewritten, _ = provide_bundle(submission, octets, naming)
    findings += unsaid(bundle, rewritten)
    return Translation(Package(submission=submission, documents=documents), tuple(_once(findings)))


def _assumed_targets(read: ProvideDocumentBundle) -> list[Finding]:
    """Say where a registered object is named by its FHIR id, which XDS does not know."""
    return [
        _finding(
            "target-assumed",
            ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
            read.location(link.entry_uuid),
            "a registered object is named by its FHIR id, which is taken for its entryUUID",
            Severity.WARNING,
        )
        for link in read.submission.associations
        if link.target_object in read.logical_ids or link.source_object in read.logical_ids
    ]


def _for_patient(submission: Submission, patient_id: Identifier | None) -> Submission:
    if patient_id is None:
        return submission
    return replace(
        submission,
        submission_sets=tuple(
            replace(s, patient_id=s.patient_id or patient_id) for s in submission.submission_sets
        ),
        document_entries=tuple(
            replace(e, patient_id=e.patient_id or patient_id) for e in submission.document_entries
        ),
        folders=tuple(
            replace(f, patient_id=f.patient_id or patient_id) for f in submission.folders
        ),
    )


def _without_patient(submission: Submission) -> list[Finding]:
    return [
        _finding(
            "patient-known",
            ErrorCode.UNKNOWN_PATIENT_ID,
            f"{place(item)}.patient_id",
            "the message names the patient by no identifier; say whose record it is",
            Severity.WARNING,
        )
        for item in submission.objects()
        if not isinstance(item, Association) and item.patient_id is None
    ]


def _with_documents(searchset: Json, package: Package) -> Json:
    """Put documents back where a collection had them, so that they are not missed."""
    data = [_binary(d) for d in package.documents]
    return {**searchset, "entry": [*searchset.get("entry", ()), *data]}


def _binary(document: EnclosedDocument) -> Json:
    written = base64.b64encode(document.content).decode("ascii")
    binary = {"resourceType": "Binary", "contentType": document.content_type, "data": written}
    return {"resource": binary}


def _alone(item: DocumentEntry | SubmissionSet | Folder) -> Submission:
    match item:
        case DocumentEntry():
            return Submission(document_entries=(item,))
        case SubmissionSet():
            return Submission(submission_sets=(item,))
        case Folder():
            return Submission(folders=(item,))


def _placed_alone(finding: Finding, kind: str) -> Finding:
    """Give a finding's place in a resource that came without a bundle."""
    inside = finding.location.removeprefix("Bundle.entry[0].resource")
    if inside == finding.location:
        return finding
    return replace(finding, location=kind + inside)


def _once(findings: list[Finding]) -> list[Finding]:
    """Leave out what was told of the same place before, by the reader that knows it best."""
    told: list[Finding] = []
    places: set[str] = set()
    holders: set[str] = set()
    for finding in findings:
        above = _ancestors(finding.location)
        if finding.rule == "not-carried" and (
            finding.location in holders or not places.isdisjoint(above)
        ):
            continue
        told.append(finding)
        if finding.rule != "patient-known":
            places.add(finding.location)
            holders.update(above)
    return told


def _ancestors(place: str) -> list[str]:
    """A path and every path above it."""
    ends = [n for n, sign in enumerate(place) if sign in ".["]
    return [place[:end] for end in ends] + [place]


def _finding(
    rule: str,
    code: ErrorCode,
    location: str,
    message: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(rule=rule, code=code, location=location, message=message, severity=severity)
