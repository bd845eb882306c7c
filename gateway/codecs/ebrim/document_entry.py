"""DocumentEntry as rim:ExtrinsicObject.

Source:
    IHE ITI TF-3: Table 4.2.3.2-1 (revision 17); Metadata Update supplement (documentAvailability).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.codecs.ebrim.localized import write_localized_strings
from gateway.codecs.ebrim.marks import PATIENT_ID_MARK, STATUS_MARK, with_marks
from gateway.codecs.ebrim.names import DOCUMENT_ENTRY_KIND, REFERENCE_ID_LIST
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.registry_object import Parts, Writing, write_identity, write_version
from gateway.codecs.ebrim.slots import write_extra, write_slot, write_text_slot
from gateway.codecs.xml import Element, escape_attribute
from gateway.model.datatypes import DateTime, Identifier, Person, ReferenceId
from gateway.model.document_entry import DocumentEntry

_SCHEMES = {name: scheme for scheme, name in DOCUMENT_ENTRY_KIND.codes.items()}
_CLASS_CODE = _SCHEMES["classCode"]
_CONFIDENTIALITY_CODE = _SCHEMES["confidentialityCode"]
_EVENT_CODE_LIST = _SCHEMES["eventCodeList"]
_FORMAT_CODE = _SCHEMES["formatCode"]
_HEALTHCARE_FACILITY_TYPE_CODE = _SCHEMES["healthcareFacilityTypeCode"]
_PRACTICE_SETTING_CODE = _SCHEMES["practiceSettingCode"]
_TYPE_CODE = _SCHEMES["typeCode"]
_IDENTIFIERS = {name: scheme for scheme, name in DOCUMENT_ENTRY_KIND.identifiers.items()}
_PATIENT_ID = _IDENTIFIERS["patientId"]
_UNIQUE_ID = _IDENTIFIERS["uniqueId"]

_URI_PART = re.compile(r"([0-9]{1,4})\|(.*)\Z", re.DOTALL)


def read_document_entry(
    element: Element, reading: Reading, labels: Iterable[Element] = ()
) -> DocumentEntry:
    """Read an ExtrinsicObject.

    Args:
        reading: Takes a finding for each thing the value cannot carry.
        labels: Classifications by node that stand beside the object in its list.
    """
    parts = Parts(element, DOCUMENT_ENTRY_KIND, reading)
    for label in labels:
        parts.read_label(label)
    slots = parts.slots
    creation_time = slots.text("creationTime")
    service_start_time = slots.text("serviceStartTime")
    service_stop_time = slots.text("serviceStopTime")
    legal_authenticator = slots.text("legalAuthenticator")
    source_patient_id = slots.text("sourcePatientId")
    return DocumentEntry(
        entry_uuid=parts.entry_uuid,
        logical_id=parts.logical_id,
        version=parts.version,
        object_type=attribute(element, "objectType") or "",
        availability_status=parts.status,
        document_availability=slots.text("documentAvailability"),
        home_community_id=parts.home,
        unique_id=parts.identifiers.get("uniqueId") or None,
        patient_id=parts.identifier("patientId"),
        author=tuple(parts.authors),
        class_code=parts.code("classCode"),
        type_code=parts.code("typeCode"),
        format_code=parts.code("formatCode"),
        healthcare_facility_type_code=parts.code("healthcareFacilityTypeCode"),
        practice_setting_code=parts.code("practiceSettingCode"),
        confidentiality_code=parts.code_list("confidentialityCode"),
        event_code_list=parts.code_list("eventCodeList"),
        creation_time=DateTime(creation_time) if creation_time else None,
        service_start_time=DateTime(service_start_time) if service_start_time else None,
        service_stop_time=DateTime(service_stop_time) if service_stop_time else None,
        title=parts.name,
        comments=parts.description,
        language_code=slots.text("languageCode"),
        legal_authenticator=Person(legal_authenticator) if legal_authenticator else None,
        mime_type=attribute(element, "mimeType"),
        hash=slots.text("hash"),
        size=slots.text("size"),
        repository_unique_id=slots.text("repositoryUniqueId"),
        source_patient_id=Identifier(source_patient_id) if source_patient_id else None,
        source_patient_info=slots.texts("sourcePatientInfo"),
        reference_id_list=tuple([ReferenceId(text) for text in slots.texts(REFERENCE_ID_LIST)]),
        uri=_read_uri(parts),
        limited_metadata=parts.limited_metadata,
        extra=slots.extra(),
    )


def _read_uri(parts: Parts) -> str | None:
    """Read the URI slot, whose long values older senders cut into numbered parts.

    Source:
        IHE ITI TF-3: 4.2.3.2.27 (revisions before 10): ``1|first part``, ``2|second part``.
    """
    texts = parts.slots.texts("URI")
    if not texts:
        return None
    numbered = [_URI_PART.match(text) for text in texts]
    ordered = sorted((int(match[1]), match[2]) for match in numbered if match is not None)
    if [number for number, _ in ordered] == list(range(1, len(texts) + 1)):
        return "".join(text for _, text in ordered)
    if len(texts) > 1:
        parts.reading.problem(
            "uri-parts",
            f"{parts.where}.URI",
            f"URI has {len(texts)} values that are not parts numbered 1|, 2| and so on; "
            "write the URI as one value",
        )
    return texts[0]


def write_document_entry(entry: DocumentEntry) -> bytes:
    """Give an ExtrinsicObject with the prefix ``rim``, which the message declares."""
    status = entry.availability_status
    patient_id = entry.patient_id
    return document_entry_text(
        entry,
        None if status is None else escape_attribute(status),
        None if patient_id is None else escape_attribute(patient_id.text),
    ).encode()


def document_entry_fragment(entry: DocumentEntry) -> bytes:
    """Give an ExtrinsicObject with marks for its present status and patient id."""
    return with_marks(
        document_entry_text(
            entry,
            None if entry.availability_status is None else STATUS_MARK,
            None if entry.patient_id is None else PATIENT_ID_MARK,
        )
    )


def document_entry_text(entry: DocumentEntry, status: str | None, patient_id: str | None) -> str:
    """Give an ExtrinsicObject with the status and patient id as they are handed over."""
    parts = Writing(entry.entry_uuid)
    parts.authors(DOCUMENT_ENTRY_KIND.author, entry.author)
    parts.code(_CLASS_CODE, entry.class_code)
    parts.codes(_CONFIDENTIALITY_CODE, entry.confidentiality_code)
    parts.codes(_EVENT_CODE_LIST, entry.event_code_list)
    parts.code(_FORMAT_CODE, entry.format_code)
    parts.code(_HEALTHCARE_FACILITY_TYPE_CODE, entry.healthcare_facility_type_code)
    parts.code(_PRACTICE_SETTING_CODE, entry.practice_setting_code)
    parts.code(_TYPE_CODE, entry.type_code)
    if entry.limited_metadata:
        parts.label(DOCUMENT_ENTRY_KIND.limited_metadata)
    parts.identifier(_PATIENT_ID, "XDSDocumentEntry.patientId", patient_id)
    if entry.unique_id is not None:
        unique_id = escape_attribute(entry.unique_id)
        parts.identifier(_UNIQUE_ID, "XDSDocumentEntry.uniqueId", unique_id)
    identity = write_identity(parts.object_id, entry.logical_id, entry.home_community_id, status)
    object_type = f' objectType="{escape_attribute(entry.object_type)}"'
    mime_type = "" if entry.mime_type is None else escape_attribute(entry.mime_type)
    return "".join(
        (
            "<rim:ExtrinsicObject",
            identity,
            object_type if entry.object_type else "",
            f' mimeType="{mime_type}">' if mime_type else ">",
            _write_slots(entry),
            write_localized_strings("Name", entry.title),
            write_localized_strings("Description", entry.comments),
            write_version(entry.version),
            parts.text(),
            "</rim:ExtrinsicObject>",
        )
    )


def _write_slots(entry: DocumentEntry) -> str:
    slots = []
    for name, value in (
        ("creationTime", entry.creation_time and entry.creation_time.text),
        ("languageCode", entry.language_code),
        ("hash", entry.hash),
        ("size", entry.size),
        ("repositoryUniqueId", entry.repository_unique_id),
        ("serviceStartTime", entry.service_start_time and entry.service_start_time.text),
        ("serviceStopTime", entry.service_stop_time and entry.service_stop_time.text),
        ("legalAuthenticator", entry.legal_authenticator and entry.legal_authenticator.text),
        ("sourcePatientId", entry.source_patient_id and entry.source_patient_id.text),
        ("documentAvailability", entry.document_availability),
        ("URI", entry.uri),
    ):
        if value:
            slots.append(write_text_slot(name, value))
    if entry.source_patient_info:
        slots.append(write_slot("sourcePatientInfo", entry.source_patient_info))
    if entry.reference_id_list:
        slots.append(write_slot(REFERENCE_ID_LIST, [r.text for r in entry.reference_id_list]))
    if entry.extra:
        slots.append(write_extra(entry.extra))
    return "".join(slots)
