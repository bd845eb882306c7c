"""What is deposited in the scenarios: documents of kinds that the matrix tells apart."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.model.association import Association
from gateway.model.datatypes import Author, Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from gateway.security.people import DemonstrationPerson
from tests import french
from tests.scenarios.people import B, writes

LOINC, TYPES = "2.16.840.1.113883.6.1", "1.2.250.1.213.1.1.4.12"
CLASSES = "1.2.250.1.213.1.1.4.1"

REPORT = ("10", Code("11488-4", LOINC, "CR ou fiche de consultation ou de visite"))
DISCHARGE = ("10", Code("11490-0", LOINC, "Lettre de liaison à la sortie"))
PATHOLOGY = ("10", Code("60568-3", LOINC, "CR d'anatomie et de cytologie pathologiques"))
DELIVERY = ("10", Code("15508-5", LOINC, "CR d'accouchement"))
FUNCTIONAL = ("10", Code("47420-5", LOINC, "CR de bilan fonctionnel (par auxiliaire médical)"))
REVIEW = ("11", Code("56445-0", LOINC, "Bilan médicamenteux (Officine)"))
PSYCHOLOGY = ("11", Code("83901-9", LOINC, "Bilan psychologique"))
DIRECTIVES = ("90", Code("EXPPAT_3", TYPES, "Directives anticipées"))
WISHES = ("90", Code("EXPPAT_1", TYPES, "Volontés et droits du patient"))
RESIDENCE = ("95", Code("ATTEST-RESID", TYPES, "Attestation de résidence"))

MASKED, HIDDEN = french.MASQUE_PS, french.INVISIBLE_PATIENT
FROM_PARENTS = Code(
    "INVISIBLE_REPRESENTANTS_LEGAUX", french.VISIBILITY, "Non visible par les représentants"
)

_numbers = itertools.count(1)


@dataclass
class Document:
    """One document on its way, and what it is called once it is there."""

    number: int
    entry: DocumentEntry
    links: tuple[Association, ...] = ()
    folders: tuple[Folder, ...] = ()
    octets: bytes = field(default=b"")

    @property
    def unique_id(self) -> str:
        """Its uniqueId."""
        return french.unique_id(self.number)


def document(
    patient: Identifier,
    kind: tuple[str, Code] = REPORT,
    *labels: Code,
    author: DemonstrationPerson | Author = B,
    links: Sequence[tuple[AssociationType, str]] = (),
    **given: Any,
) -> Document:
    """Describe a new document.

    Args:
        labels: Beside the normal confidentiality.
        links: To what is registered already, by entryUUID.
    """
    number = next(_numbers)
    octets = french.content(number)
    by = writes(author) if isinstance(author, DemonstrationPerson) else author
    class_code, type_code = kind
    values: dict[str, Any] = {
        "patient_id": patient,
        "source_patient_id": Identifier(f"{number}^^^&2.999.42.1&ISO^PI"),
        "source_patient_info": (
            f"PID-3|{patient.text}",
            *french.entry().source_patient_info[1:],
        ),
        "class_code": Code(class_code, CLASSES, "Classe"),
        "type_code": type_code,
        "confidentiality_code": (french.NORMAL, *labels),
        "hash": hashlib.sha1(octets, usedforsecurity=False).hexdigest(),
        "size": str(len(octets)),
        "author": (by,),
        "legal_authenticator": by.person,
        "creation_time": DateTime("20261120090000"),
    }
    entry = french.entry(number, **{**values, **given})
    made = tuple(
        Association(
            entry_uuid=f"{entry.entry_uuid}>{at}",
            association_type=kind_,
            source_object=entry.entry_uuid,
            target_object=target,
        )
        for at, (kind_, target) in enumerate(links)
    )
    return Document(number=number, entry=entry, links=made, octets=octets)


def submission(*documents: Document, by: Author, folder: Folder | None = None) -> Submission:
    """One set of documents, all in a new folder where one is given."""
    links: list[Association] = [link for one in documents for link in one.links]
    patient = documents[0].entry.patient_id
    sent = french.submission(
        documents[0].number,
        *(one.entry for one in documents),
        patient_id=patient,
        author=(by,),
    )
    if folder is not None:
        links.append(_member("set", folder.entry_uuid))
        links += [_member(folder.entry_uuid, one.entry.entry_uuid) for one in documents]
    return Submission(
        submission_sets=sent.submission_sets,
        document_entries=sent.document_entries,
        folders=(folder,) if folder else (),
        associations=(*sent.associations, *links),
    )


def _member(holder: str, member: str) -> Association:
    return Association(
        entry_uuid=f"{holder}>{member}",
        association_type=AssociationType.HAS_MEMBER,
        source_object=holder,
        target_object=member,
    )
