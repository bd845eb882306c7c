"""Small good values that tests bend."""

from __future__ import annotations

from gateway.model.association import Association
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
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType

PATIENT = Identifier.of("7001", "2.999.1.10")
OTHER_PATIENT = Identifier.of("7002", "2.999.1.10")
HASH = "74594fb18136ac1327d2486d20d85ea70452896d"


def entry(symbol: str = "d1", unique_id: str = "2.999.4.1", **given: object) -> DocumentEntry:
    values: dict[str, object] = {
        "entry_uuid": symbol,
        "unique_id": unique_id,
        "patient_id": PATIENT,
        "source_patient_id": Identifier.of("H-42", "2.999.1.20"),
        "class_code": Code("CL", "2.999.7.1", "Reports"),
        "type_code": Code("11488-4", "2.16.840.1.113883.6.1", "Consultation note"),
        "format_code": Code(
            "urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "By media type"
        ),
        "healthcare_facility_type_code": Code("HOSP", "2.999.7.2", "Hospital"),
        "practice_setting_code": Code("GEN", "2.999.7.3", "General"),
        "confidentiality_code": (Code("N", "2.16.840.1.113883.5.25", "Normal"),),
        "creation_time": DateTime("20250114093000"),
        "language_code": "en-GB",
        "mime_type": "text/plain",
        "hash": HASH,
        "size": "51",
        "repository_unique_id": "2.999.3.1",
        "title": (LocalizedString("A note", "en-GB"),),
        "author": (
            Author(
                person=Person.of("80", "DURAND", "Alice", authority="2.999.1.30"),
                institution=(Organization.of("Hospital", "990", "2.999.1.31"),),
            ),
        ),
    }
    return DocumentEntry(**(values | given))  # type: ignore[arg-type]


def submission_set(unique_id: str = "2.999.5.1", **given: object) -> SubmissionSet:
    values: dict[str, object] = {
        "entry_uuid": "set",
        "unique_id": unique_id,
        "patient_id": PATIENT,
        "source_id": "2.999.6.1",
        "submission_time": DateTime("20250114094500"),
        "content_type_code": Code("CT", "2.999.7.4", "Consultation"),
    }
    return SubmissionSet(**(values | given))  # type: ignore[arg-type]


def folder(symbol: str = "f1", unique_id: str = "2.999.8.1", **given: object) -> Folder:
    values: dict[str, object] = {
        "entry_uuid": symbol,
        "unique_id": unique_id,
        "patient_id": PATIENT,
        "code_list": (Code("FC", "2.999.7.5", "Pregnancy"),),
        "title": (LocalizedString("Pregnancy"),),
    }
    return Folder(**(values | given))  # type: ignore[arg-type]


def member(source: str, target: str, status: str | None = None, **given: object) -> Association:
    return Association(
        entry_uuid=f"{source}>{target}",
        association_type=AssociationType.HAS_MEMBER,
        source_object=source,
        target_object=target,
        submission_set_status=status,
        **given,  # type: ignore[arg-type]
    )


def link(kind: AssociationType, source: str, target: str, **given: object) -> Association:
    return Association(
        entry_uuid=f"{kind.name}:{source}",
        association_type=kind,
        source_object=source,
        target_object=target,
        **given,  # type: ignore[arg-type]
    )


def submission(
    *entries: DocumentEntry,
    unique_id: str = "2.999.5.1",
    folders: tuple[Folder, ...] = (),
    links: tuple[Association, ...] = (),
) -> Submission:
    """A submission whose set has every entry and folder as member."""
    return Submission(
        submission_sets=(submission_set(unique_id),),
        document_entries=entries,
        folders=folders,
        associations=(
            *(member("set", e.entry_uuid, "Original") for e in entries),
            *(member("set", f.entry_uuid) for f in folders),
            *links,
        ),
    )
