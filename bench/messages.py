"""The messages of the load: one patient's documents, with new ids in each request.

The ITI-42 message has the size of a real one, about 17 KB with the white space real senders leave
in it. A template is written once; what differs is put in as octets.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.submission import write_provide_and_register, write_submit_objects
from gateway.codecs.fhir.bundle_writer import write_provide_bundle
from gateway.codecs.fhir.vocabulary import OPAQUE_ID
from gateway.codecs.soap.envelope import write_envelope
from gateway.codecs.soap.mtom_answer import OutgoingPart, write_multipart
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    Telecom,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from gateway.profile import read_profile
from gateway.settings import shipped
from gateway.transactions.registry_stored_query import FindDocuments, RegistryStoredQuery

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
AUTHORITY = "2.999.1.3"
ADDRESS = "http://127.0.0.1/xds"
SOAP = 'application/soap+xml; charset=UTF-8; action="{action}"'
REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"
PROVIDE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"

_AUTHOR = Author(
    person=Person.of("801234567890", "DURAND", "Alice", authority="2.999.1.30", degree="MD"),
    institution=(Organization.of("Hôpital Exemple", "99000001", "2.999.1.31"),),
    role=("Physician",),
    specialty=("Cardiology",),
    telecommunication=(Telecom.email("alice.durand@example.org"),),
)


def code(value: str, scheme: str, display: str) -> Code:
    """A code with a French display."""
    return Code(value, scheme, display, "fr-FR")


def document_entry(number: str, patient: str) -> DocumentEntry:
    """An entry with everything a hospital sends."""
    return DocumentEntry(
        entry_uuid=f"Document{number}",
        unique_id=f"2.999.4.@UID@.{number}",
        patient_id=Identifier.of(patient, AUTHORITY),
        author=(_AUTHOR,),
        class_code=code("REPORT", "2.999.7.1", "Comptes rendus"),
        type_code=code("11488-4", "2.16.840.1.113883.6.1", "Consultation note"),
        format_code=code(
            "urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "By media type"
        ),
        healthcare_facility_type_code=code("HOSP", "2.999.7.2", "Hôpital"),
        practice_setting_code=code("CARD", "2.999.7.3", "Cardiologie"),
        confidentiality_code=(code("N", "2.16.840.1.113883.5.25", "Normal"),),
        event_code_list=(code("DEQP004", "2.999.7.9", "Électrocardiographie"),),
        creation_time=DateTime("20250114093000"),
        service_start_time=DateTime("20250114080000"),
        service_stop_time=DateTime("20250114090000"),
        title=(LocalizedString("Compte rendu de consultation", "fr-FR"),),
        comments=(LocalizedString("Contrôle à six mois", "fr-FR"),),
        language_code="fr-FR",
        legal_authenticator=Person.of("801234567890", "DURAND", "Alice", authority="2.999.1.30"),
        mime_type="text/xml",
        hash="74594fb18136ac1327d2486d20d85ea70452896d",
        size="20480",
        repository_unique_id="2.999.1.1",
        source_patient_id=Identifier.of("H-42", "2.999.1.20"),
        source_patient_info=(
            "PID-3|H-42^^^&2.999.1.20&ISO",
            "PID-5|MARTIN^Camille^^^^^L",
            "PID-7|19800102",
            "PID-8|F",
            "PID-11|1 rue de l'Exemple^^Exempleville^^99999^FRA",
        ),
    )


def submission(entries: int, patient: str = "@PATIENT@") -> Submission:
    """A submission of some entries of one patient."""
    documents = tuple(document_entry(str(n), patient) for n in range(1, entries + 1))
    return Submission(
        submission_sets=(
            SubmissionSet(
                entry_uuid="SubmissionSet",
                unique_id="2.999.5.@UID@",
                source_id="2.999.6.1",
                patient_id=Identifier.of(patient, AUTHORITY),
                submission_time=DateTime("20250114094500"),
                author=(_AUTHOR,),
                content_type_code=code("CONSULT", "2.999.7.4", "Consultation"),
                title=(LocalizedString("Lot de consultation", "fr-FR"),),
            ),
        ),
        document_entries=documents,
        associations=tuple(
            Association(
                entry_uuid=f"Member{n}",
                association_type=AssociationType.HAS_MEMBER,
                source_object="SubmissionSet",
                target_object=d.entry_uuid,
                submission_set_status="Original",
            )
            for n, d in enumerate(documents, 1)
        ),
    )


def indented(octets: bytes) -> bytes:
    """Give a message the white space that real senders leave between elements."""
    depth = 0
    lines = []
    for piece in re.split(rb"(?<=>)(?=<)", octets):
        if piece.startswith(b"</"):
            depth -= 1
        lines.append(b"    " * max(depth, 0) + piece)
        if (
            not piece.startswith((b"</", b"<?"))
            and not piece.endswith(b"/>")
            and b"</" not in piece
        ):
            depth += 1
    return b"\n".join(lines)


class Template:
    """A message with places for ids, filled in by joining octets."""

    def __init__(self, octets: bytes) -> None:
        self._pieces = re.split(rb"@(UID|PATIENT|MESSAGE)@", octets)

    def fill(self, uid: bytes, patient: bytes, message: bytes) -> bytes:
        """Give the message with its ids."""
        values = {b"UID": uid, b"PATIENT": patient, b"MESSAGE": message}
        pieces = self._pieces
        return b"".join([p if n % 2 == 0 else values[p] for n, p in enumerate(pieces)])


def register_template(entries: int = 1) -> Template:
    """An ITI-42 message; with one entry about 17 KB."""
    body = write_submit_objects(submission(entries))
    return Template(
        indented(write_envelope(body, action=REGISTER, message_id="urn:uuid:@MESSAGE@", to=ADDRESS))
    )


def provide_parts(size: int, content: bytes) -> tuple[str, Template, bytes]:
    """An ITI-41 message: its Content-Type, what comes before and after the document's octets."""
    entry = submission(1)
    bare = replace(
        entry,
        document_entries=tuple(
            replace(e, hash=None, size=None, repository_unique_id=None)
            for e in entry.document_entries
        ),
    )
    body = write_provide_and_register(bare, [("Document1", "document@bench")])
    envelope = write_envelope(body, action=PROVIDE, message_id="urn:uuid:@MESSAGE@", to=ADDRESS)
    outgoing = write_multipart(
        envelope,
        action=PROVIDE,
        parts=[OutgoingPart(content_id="document@bench", content_type="text/xml", size=size)],
        boundary="bench-boundary-4711",
    )
    before = b"".join(outgoing.opening) + outgoing.prefixes[0] + content
    return outgoing.content_type, Template(before), outgoing.ending


def bundle_template(content: bytes) -> Template:
    """An ITI-65 message with one document."""
    entry = submission(1)
    bare = replace(
        entry,
        document_entries=tuple(
            replace(e, hash=None, size=None, repository_unique_id=None)
            for e in entry.document_entries
        ),
    )
    documents = {"Document1": ("text/xml", content)}
    naming = read_profile("ihe", shipped("profiles")).naming
    octets = write_provide_bundle(bare, documents, naming)
    # Ids with a mark in them are no OIDs, so they travel as opaque ones; what is sent are OIDs.
    opaque = f'"system":"{OPAQUE_ID}","value":"'.encode()
    return Template(octets.replace(opaque, b'"system":"urn:ietf:rfc:3986","value":"urn:oid:'))


def query_template() -> Template:
    """An ITI-18 FindDocuments message, LeafClass."""
    query = RegistryStoredQuery(
        query_id=FIND_DOCUMENTS,
        query=FindDocuments(
            patient_id=Identifier.of("@PATIENT@", AUTHORITY),
            status=(AvailabilityStatus.APPROVED.value,),
        ),
    )
    return Template(
        write_envelope(
            write_query(query), action=QUERY, message_id="urn:uuid:@MESSAGE@", to=ADDRESS
        )
    )


def message_ids() -> Iterator[bytes]:
    """UUIDs that differ, cheaply."""
    for number in itertools.count(1):
        yield b"5b0a7d6e-0000-4000-8000-%012d" % number
