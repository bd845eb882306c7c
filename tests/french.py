"""Small good values of the French record, invented people in the test domain, that tests bend."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from gateway.codecs.ebrim.response import Outcome
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
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType

PATIENT = Identifier("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH")
WHO = "urn:oid:1.2.250.1.213.1.4.10|279035121518989"

LEVELS = "2.16.840.1.113883.5.25"
VISIBILITY = "1.2.250.1.213.1.1.4.13"
NORMAL = Code("N", LEVELS, "Normal")
MASQUE_PS = Code("MASQUE_PS", VISIBILITY, "Masqué aux professionnels de santé")
INVISIBLE_PATIENT = Code("INVISIBLE_PATIENT", VISIBILITY, "Non visible par le patient")

ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
IS_ARCHIVED = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
IS_DELETED = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-deleted"
VISIBILITY_URL = (
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/"
    "TRE-A07-StatutVisibiliteDocument"
)
LEVELS_URL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

DOCTOR = Author(
    person=Person("899700218896^DURANT^Romuald^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),
    institution=(
        Organization("CABINET DURANT^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499700218896009"),
    ),
    role=("Médecin traitant",),
    specialty=("G15_10/SM26^Médecin - Qualifié en médecine générale (SM)^1.2.250.1.213.1.1.4.5",),
)
OTHER_DOCTOR = Author(
    person=Person("899700218904^MARTIN^Claire^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),
    institution=DOCTOR.institution,
    specialty=DOCTOR.specialty,
)


def errors(outcome: Outcome) -> list[str]:
    """What keeps a submission from being taken; warnings of the record's rules do not."""
    return [f"{f.code.xds} {f.location}: {f.message}" for f in outcome.findings if f.is_error]


def content(number: int) -> bytes:
    """The octets of one document."""
    return b"%%PDF-1.4 document %d" % number


def unique_id(number: int) -> str:
    """Its uniqueId."""
    return f"2.999.42.4.{number}"


def entry(number: int = 1, **given: object) -> DocumentEntry:
    """A complete description of a document."""
    octets = content(number)
    values: dict[str, object] = {
        "entry_uuid": f"d{number}",
        "unique_id": unique_id(number),
        "patient_id": PATIENT,
        "source_patient_id": Identifier("4711^^^&2.999.42.1&ISO^PI"),
        "source_patient_info": (
            "PID-3|279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
            "PID-5|ESSAI^Marguerite^^^^^L",
            "PID-7|19790301",
            "PID-8|F",
            "PID-11|^^VAL-FICTIF^^^^BDL^^37999",
        ),
        "class_code": Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
        "type_code": Code(
            "11488-4", "2.16.840.1.113883.6.1", "CR ou fiche de consultation ou de visite"
        ),
        "format_code": Code(
            "urn:ihe:iti:xds-sd:pdf:2008",
            "1.3.6.1.4.1.19376.1.2.3",
            "Document à corps non structuré en Pdf/A-1",
        ),
        "healthcare_facility_type_code": Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
        "practice_setting_code": Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
        "confidentiality_code": (NORMAL,),
        "creation_time": DateTime("20260610070000"),
        "service_start_time": DateTime("202606100645"),
        "language_code": "fr-FR",
        "mime_type": "text/xml",
        "hash": hashlib.sha1(octets, usedforsecurity=False).hexdigest(),
        "size": str(len(octets)),
        "title": (LocalizedString(f"Compte rendu {number}", "fr-FR"),),
        "author": (DOCTOR,),
        "legal_authenticator": DOCTOR.person,
    }
    return DocumentEntry(**(values | given))  # type: ignore[arg-type]


def submission_set(number: int, **given: object) -> SubmissionSet:
    """A complete submission set."""
    values: dict[str, object] = {
        "entry_uuid": "set",
        "unique_id": f"2.999.42.5.{number}",
        "patient_id": PATIENT,
        "source_id": "2.999.42.6",
        "submission_time": DateTime("20260610080000"),
        "content_type_code": Code("07", "1.2.250.1.213.2.2", "Consultations, soins externes"),
        "author": (DOCTOR,),
    }
    return SubmissionSet(**(values | given))  # type: ignore[arg-type]


def submission(
    number: int, *entries: DocumentEntry, links: tuple[Association, ...] = (), **given: object
) -> Submission:
    """A submission of documents."""
    return Submission(
        submission_sets=(submission_set(number, **given),),
        document_entries=entries,
        associations=(
            *(
                Association(
                    entry_uuid=f"set>{e.entry_uuid}",
                    association_type=AssociationType.HAS_MEMBER,
                    source_object="set",
                    target_object=e.entry_uuid,
                    submission_set_status="Original",
                )
                for e in entries
            ),
            *links,
        ),
    )


def replaces(number: int, target: str) -> Association:
    """The link of a new document with the one it replaces."""
    return Association(
        entry_uuid=f"d{number}>old",
        association_type=AssociationType.RPLC,
        source_object=f"d{number}",
        target_object=target,
    )


def status_update(
    number: int, target: str, original: str, new: str, author: Author = DOCTOR
) -> Submission:
    """An ITI-57 that asks for another status."""
    return Submission(
        submission_sets=(submission_set(number, author=(author,)),),
        associations=(
            Association(
                entry_uuid="status",
                association_type=AssociationType.UPDATE_AVAILABILITY_STATUS,
                source_object="set",
                target_object=target,
                original_status=original,
                new_status=new,
            ),
        ),
    )


def new_version(number: int, of: DocumentEntry, previous: str, **given: object) -> Submission:
    """An ITI-57 that describes a document anew."""
    entry = replace(of, entry_uuid="new", version=None, availability_status=None)
    entry = replace(entry, **given)  # type: ignore[arg-type]
    link = Association(
        entry_uuid="set>new",
        association_type=AssociationType.HAS_MEMBER,
        source_object="set",
        target_object="new",
        submission_set_status="Original",
        previous_version=previous,
    )
    return Submission(
        submission_sets=(submission_set(number),), document_entries=(entry,), associations=(link,)
    )
