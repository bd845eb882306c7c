"""The right messages, one of each kind; everybody and everything in them is invented."""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from gateway.codecs.ebrim.query import write_query
from gateway.codecs.ebrim.query_parameters import DEFINITIONS
from gateway.codecs.ebrim.query_response import write_query_response
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import write_remove_documents, write_remove_objects
from gateway.codecs.ebrim.response import write_registry_response
from gateway.codecs.ebrim.retrieve import write_retrieve_request
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.codecs.soap.envelope import write_envelope
from gateway.codecs.soap.fault import SoapFault, write_fault_body
from gateway.errors import ErrorCode, Finding
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    Recipient,
    ReferenceId,
    Telecom,
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    AssociationType,
    AvailabilityStatus,
    DocumentAvailability,
    DocumentEntryType,
)
from gateway.transactions.document_repository import (
    DocumentRequest,
    RemoveDocuments,
    RetrieveDocumentSet,
)
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    RegistryStoredQuery,
    ReturnType,
)
from gateway.transactions.submission import RemoveMetadata
from scripts.faults.signing import SUBJECT, signed

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = b"A note of three words.\n"
"""What the messages carry where no clinical document is needed."""

PATIENT = Identifier("SAMPLE-1^^^&2.999.1.1&ISO")
AUTHOR = Author(
    person=Person("2001^Samplefield^Robin^^^^^^&2.999.1.2&ISO"),
    institution=(Organization("Sample Clinic^^^^^^^^^2.999.1.3"),),
    role=("attending",),
    specialty=("general practice",),
    telecommunication=(Telecom("^^Internet^robin@clinic.example"),),
)
ENTRY = DocumentEntry(
    entry_uuid="Document01",
    unique_id="2.999.2.1",
    patient_id=PATIENT,
    source_patient_id=Identifier("LOCAL-1^^^&2.999.1.4&ISO"),
    source_patient_info=("PID-3|LOCAL-1^^^&2.999.1.4&ISO", "PID-8|F"),
    author=(AUTHOR,),
    class_code=Code("REPORTS", "2.999.3.1", "Reports"),
    type_code=Code("34133-9", "2.16.840.1.113883.6.1", "Summary of episode note"),
    format_code=Code(
        "urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "mimeType sufficient"
    ),
    healthcare_facility_type_code=Code("35971002", "2.16.840.1.113883.6.96", "Ambulatory care"),
    practice_setting_code=Code("394802001", "2.16.840.1.113883.6.96", "General medicine"),
    confidentiality_code=(Code("N", "2.16.840.1.113883.5.25", "normal"),),
    event_code_list=(Code("T-1", "2.999.3.2", "An event"),),
    reference_id_list=(ReferenceId("A1^^^&2.999.1.5&ISO^urn:ihe:iti:xds:2013:order"),),
    creation_time=DateTime("20261120090000"),
    service_start_time=DateTime("20261120080000"),
    service_stop_time=DateTime("20261120083000"),
    title=(LocalizedString("A note", "en"),),
    comments=(LocalizedString("Nothing else", "en"),),
    language_code="en",
    legal_authenticator=AUTHOR.person,
    mime_type="text/plain",
    document_availability=DocumentAvailability.ONLINE,
    uri="NOTE.TXT",
)
REGISTERED = replace(
    ENTRY,
    hash=hashlib.sha1(DOCUMENT, usedforsecurity=False).hexdigest(),
    size=str(len(DOCUMENT)),
    repository_unique_id="2.999.1.6",
)
SET = SubmissionSet(
    entry_uuid="SubmissionSet01",
    unique_id="2.999.2.2",
    source_id="2.999.1.7",
    patient_id=PATIENT,
    submission_time=DateTime("20261120093000"),
    author=(AUTHOR,),
    content_type_code=Code("V", "2.999.3.3", "Visit"),
    title=(LocalizedString("A visit", "en"),),
    intended_recipient=(Recipient(organization=Organization("Sample Hospital^^^^^^^^^2.999.1.8")),),
)
FOLDER = Folder(
    entry_uuid="Folder01",
    unique_id="2.999.2.3",
    patient_id=PATIENT,
    code_list=(Code("F", "2.999.3.4", "Follow-up"),),
    title=(LocalizedString("Follow-up", "en"),),
)
OLD = "urn:uuid:0b1a3c4d-0000-4000-8000-000000000001"
OLD_2 = "urn:uuid:0b1a3c4d-0000-4000-8000-000000000002"


def _link(name: str, kind: str, source: str, target: str, **more: str) -> Association:
    return Association(
        entry_uuid=name, association_type=kind, source_object=source, target_object=target, **more
    )


def _member(name: str, target: str, **more: str) -> Association:
    return _link(
        name,
        AssociationType.HAS_MEMBER,
        "SubmissionSet01",
        target,
        **({"submission_set_status": "Original"} | more),
    )


REGISTER = Submission(
    submission_sets=(SET,),
    document_entries=(REGISTERED,),
    folders=(FOLDER,),
    associations=(
        _member("Member01", "Document01"),
        _member("Member02", "Folder01"),
        _link("Member03", AssociationType.HAS_MEMBER, "Folder01", "Document01"),
        _member("Member04", "Member03"),
        _link("Replace01", AssociationType.RPLC, "Document01", OLD),
    ),
)
PLAIN = Submission(
    submission_sets=(replace(SET, author=(), intended_recipient=()),),
    document_entries=(
        replace(
            REGISTERED,
            source_patient_info=(),
            event_code_list=(),
            reference_id_list=(),
            comments=(),
            legal_authenticator=None,
            document_availability=None,
            uri=None,
        ),
    ),
    associations=(_member("Member01", "Document01"),),
)
ON_DEMAND = Submission(
    submission_sets=(SET,),
    document_entries=(
        replace(
            REGISTERED,
            object_type=DocumentEntryType.ON_DEMAND,
            creation_time=None,
            hash=None,
            size=None,
        ),
    ),
    associations=(_member("Member01", "Document01"),),
)
UPDATE = Submission(
    submission_sets=(SET,),
    document_entries=(replace(REGISTERED, logical_id=OLD),),
    associations=(
        _member("Member01", "Document01", previous_version="1"),
        _link(
            "Status01",
            AssociationType.UPDATE_AVAILABILITY_STATUS,
            "SubmissionSet01",
            OLD_2,
            original_status=AvailabilityStatus.APPROVED,
            new_status=AvailabilityStatus.DEPRECATED,
        ),
    ),
)
ANSWERED = replace(
    REGISTERED,
    entry_uuid=OLD,
    logical_id=OLD,
    version="1",
    availability_status=AvailabilityStatus.APPROVED,
)
QUERY = RegistryStoredQuery(
    query_id=next(name for name, one in DEFINITIONS.items() if one.type is FindDocuments),
    query=FindDocuments(
        patient_id=PATIENT,
        status=(AvailabilityStatus.APPROVED,),
        class_code=(("REPORTS", "2.999.3.1"),),
    ),
    return_type=ReturnType.LEAF_CLASS,
)
IDS = (DocumentRequest(repository_unique_id="2.999.1.6", document_unique_id="2.999.2.1"),)
MESSAGE_ID = "urn:uuid:0b1a3c4d-0000-4000-8000-00000000000a"
PLACE = "https://registry.example/xds"


def provide() -> bytes:
    """A ProvideAndRegisterDocumentSetRequest with its document inside."""
    inside = write_submit_objects(PLAIN)
    return (
        b'<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="urn:ihe:iti:xds-b:2007">'
        + inside
        + b'<xdsb:Document id="Document01">'
        + base64.b64encode(DOCUMENT)
        + b"</xdsb:Document></xdsb:ProvideAndRegisterDocumentSetRequest>"
    )


def retrieve_response() -> bytes:
    return (
        b'<xdsb:RetrieveDocumentSetResponse xmlns:xdsb="urn:ihe:iti:xds-b:2007">'
        + write_registry_response()
        + b"<xdsb:DocumentResponse><xdsb:RepositoryUniqueId>2.999.1.6</xdsb:RepositoryUniqueId>"
        b"<xdsb:DocumentUniqueId>2.999.2.1</xdsb:DocumentUniqueId>"
        b"<xdsb:mimeType>text/plain</xdsb:mimeType><xdsb:Document>"
        + base64.b64encode(DOCUMENT)
        + b"</xdsb:Document></xdsb:DocumentResponse></xdsb:RetrieveDocumentSetResponse>"
    )


def failure() -> bytes:
    return write_registry_response(
        (
            Finding(
                rule="",
                code=ErrorCode.UNKNOWN_PATIENT_ID,
                location="SubmissionSet.patientId",
                message="nobody announced this patient",
            ),
        )
    )


# ------------------------------------------------------------ envelopes


def soap_request() -> bytes:
    header = (
        b'<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'
        b'wssecurity-secext-1.0.xsd" s:mustUnderstand="1">' + signed(xua()) + b"</wsse:Security>"
    )
    return write_envelope(
        write_query(QUERY),
        action="urn:ihe:iti:2007:RegistryStoredQuery",
        message_id=MESSAGE_ID,
        to=PLACE,
        header_blocks=header,
    )


def soap_response() -> bytes:
    return write_envelope(
        write_query_response([f'<rim:ObjectRef id="{OLD}"/>'.encode()]),
        action="urn:ihe:iti:2007:RegistryStoredQueryResponse",
        message_id=MESSAGE_ID[:-1] + "b",
        relates_to=MESSAGE_ID,
    )


def soap_fault() -> bytes:
    fault = SoapFault("the action is unknown here")
    return write_envelope(
        write_fault_body(fault),
        action=fault.action,
        message_id=MESSAGE_ID[:-1] + "c",
        relates_to=MESSAGE_ID,
    )


def soap_exchange() -> bytes:
    head = (
        b"POST /xds HTTP/1.1\r\nHost: registry.example\r\n"
        b"Content-Type: application/soap+xml; charset=UTF-8; "
        b'action="urn:ihe:iti:2007:RegistryStoredQuery"\r\n\r\n'
    )
    return head + soap_request()


def mtom_exchange() -> bytes:
    """[ITI-41] with two documents, one of them clinical and compared with its metadata."""
    body = provide().partition(b"<xdsb:Document id=")[0]
    include = b'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:note@x"/>'
    body += (
        b'<xdsb:Document id="Document01">'
        + include
        + b"</xdsb:Document></xdsb:ProvideAndRegisterDocumentSetRequest>"
    )
    action = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
    envelope = write_envelope(
        body, action=action, message_id=MESSAGE_ID, to="https://repository.example/xds"
    )
    return b"\r\n".join(
        (
            b"POST /xds HTTP/1.1",
            b"Host: repository.example",
            b'Content-Type: multipart/related; boundary="border"; type="application/xop+xml"; '
            b'start="<root@x>"; start-info="application/soap+xml"; action="'
            + action.encode()
            + b'"',
            b"",
            b"--border",
            b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"',
            b"Content-Transfer-Encoding: binary",
            b"Content-ID: <root@x>",
            b"",
            envelope,
            b"--border",
            b"Content-Type: text/plain",
            b"Content-Transfer-Encoding: binary",
            b"Content-ID: <note@x>",
            b"",
            DOCUMENT,
            b"--border--",
            b"",
        )
    )


# ------------------------------------------------------------ archives

INDEX = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'
    b'<head><title>Documents</title></head><body><p><a href="IHE_XDM/SUBSET01/NOTE.TXT">A note</a>'
    b"</p></body></html>\n"
)


def archive_files() -> dict[str, bytes]:
    return {
        "INDEX.HTM": INDEX,
        "README.TXT": b"Written by the samples of a conformance suite.\r\n",
        "IHE_XDM/SUBSET01/METADATA.XML": write_submit_objects(
            replace(
                PLAIN,
                document_entries=(
                    replace(PLAIN.document_entries[0], uri="NOTE.TXT", repository_unique_id=None),
                ),
            )
        ),
        "IHE_XDM/SUBSET01/NOTE.TXT": DOCUMENT,
    }


def archive(files: Mapping[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    """A ZIP that comes out the same everywhere."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as target:
        for name, octets in files.items() if isinstance(files, Mapping) else files:
            info = zipfile.ZipInfo(name, date_time=(2026, 11, 20, 9, 30, 0))
            # Stored as they are: what a compressor makes of octets is its own affair. What
            # swells is compressed, or it would not.
            swells = len(octets) > 1_000_000
            info.compress_type = zipfile.ZIP_DEFLATED if swells else zipfile.ZIP_STORED
            info.create_system = 0
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a name twice is what one sample is about
                target.writestr(info, octets)
    return held.getvalue()


# ------------------------------------------------------------ assertions

_OPENING = (
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
    'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" Version="2.0" ID="_sample" '
    'IssueInstant="2026-11-20T09:00:00Z">'
)
_SIGNATURE = '<ds:Signature Id="placeholder"></ds:Signature>'
_AUTHENTICATED = (
    '<saml:AuthnStatement AuthnInstant="2026-11-20T08:59:00Z"><saml:AuthnContext>'
    "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
    "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
)


def _attribute(name: str, *values: str) -> str:
    inside = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


def _coded(element: str, code: str, system: str) -> str:
    return (
        f'<{element} xmlns="urn:hl7-org:v3" xsi:type="CE" code="{code}" codeSystem="{system}" '
        f'displayName="{code}"/>'
    )


_PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
_ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
_SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
_RESOURCE = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"


def xua() -> bytes:
    """An assertion as IHE describes it, not signed yet."""
    parts = (
        _OPENING,
        "<saml:Issuer>urn:example:provider</saml:Issuer>",
        _SIGNATURE,
        "<saml:Subject><saml:NameID>2001^^^&amp;2.999.1.2&amp;ISO</saml:NameID>"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        '<saml:SubjectConfirmationData NotOnOrAfter="2026-11-20T09:30:00Z"/>'
        "</saml:SubjectConfirmation></saml:Subject>",
        '<saml:Conditions NotBefore="2026-11-20T09:00:00Z" NotOnOrAfter="2026-11-20T09:30:00Z">'
        "<saml:AudienceRestriction><saml:Audience>https://registry.example/xds</saml:Audience>"
        "</saml:AudienceRestriction></saml:Conditions>",
        _AUTHENTICATED,
        "<saml:AttributeStatement>",
        _attribute(_SUBJECT_ID, "Robin Samplefield"),
        _attribute("urn:oasis:names:tc:xspa:1.0:subject:organization", "Sample Clinic"),
        _attribute("urn:oasis:names:tc:xspa:1.0:subject:organization-id", "urn:oid:2.999.1.3"),
        _attribute(_ROLE, _coded("Role", "112247003", "2.16.840.1.113883.6.96")),
        _attribute(_PURPOSE, _coded("PurposeOfUse", "TREAT", "2.16.840.1.113883.5.8")),
        _attribute(_RESOURCE, "SAMPLE-1^^^&amp;2.999.1.1&amp;ISO"),
        "</saml:AttributeStatement></saml:Assertion>",
    )
    return "".join(parts).encode()


def vihf() -> bytes:
    """An assertion as the French record asks for it, not signed yet."""
    parts = (
        _OPENING,
        '<saml:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">'
        f"{SUBJECT}</saml:Issuer>",
        _SIGNATURE,
        "<saml:Subject><saml:NameID>899700000012</saml:NameID></saml:Subject>",
        _AUTHENTICATED,
        "<saml:AttributeStatement>",
        _attribute("VIHF_Version", "3.0"),
        _attribute("Authentification_Mode", "INDIRECTE"),
        _attribute("Identifiant_Structure", "1379999911"),
        _attribute("Secteur_Activite", "SA07^1.2.250.1.71.4.2.4"),
        _attribute("Ressource_URN", "urn:dmp"),
        _attribute(_RESOURCE, "258043799904261^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"),
        _attribute(_SUBJECT_ID, "FICTIVE Odile"),
        _attribute(_ROLE, _coded("Role", "10", "1.2.250.1.71.1.2.7")),
        _attribute(_PURPOSE, _coded("PurposeOfUse", "normal", "1.2.250.1.213.1.1.4.248")),
        _attribute("LPS_Nom", "samples"),
        _attribute("LPS_Version", "1"),
        "</saml:AttributeStatement></saml:Assertion>",
    )
    return "".join(parts).encode()


BASES: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "register.xml": ("ihe", lambda: write_submit_objects(REGISTER)),
    "register-plain.xml": ("ihe", lambda: write_submit_objects(PLAIN)),
    "register-on-demand.xml": ("ihe", lambda: write_submit_objects(ON_DEMAND)),
    "update.xml": ("ihe", lambda: write_submit_objects(UPDATE)),
    "provide.xml": ("ihe", provide),
    "query.xml": ("ihe", lambda: write_query(QUERY)),
    "query-response.xml": ("ihe", lambda: write_query_response([write_registry_object(ANSWERED)])),
    "query-references.xml": (
        "ihe",
        lambda: write_query_response([f'<rim:ObjectRef id="{OLD}"/>'.encode()]),
    ),
    "success.xml": ("ihe", write_registry_response),
    "failure.xml": ("ihe", failure),
    "retrieve.xml": ("ihe", lambda: write_retrieve_request(RetrieveDocumentSet(documents=IDS))),
    "retrieve-response.xml": ("ihe", retrieve_response),
    "remove-metadata.xml": (
        "ihe",
        lambda: write_remove_objects(RemoveMetadata(object_ids=(OLD,))),
    ),
    "remove-documents.xml": (
        "ihe",
        lambda: write_remove_documents(RemoveDocuments(documents=IDS)),
    ),
    "soap-request.xml": ("ihe", soap_request),
    "soap-response.xml": ("ihe", soap_response),
    "soap-fault.xml": ("ihe", soap_fault),
    "soap-exchange.http": ("ihe", soap_exchange),
    "provide.mtom": ("ihe", mtom_exchange),
    "archive.zip": ("ihe", lambda: archive(archive_files())),
    "assertion.xml": ("ihe", lambda: signed(xua())),
    "assertion-fr.xml": ("fr-dmp", lambda: signed(vihf())),
}
"""By name of the file: the profile it is right for, and what writes it."""

UNSIGNED: Mapping[str, Callable[[], bytes]] = {"assertion.xml": xua, "assertion-fr.xml": vihf}
