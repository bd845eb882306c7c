"""Good messages of every door, and the frames around them, for a corpus that breaks them.

Frames are written here by hand, not by the product's codecs, so that each of their parts can be
left out, doubled or bent. Ids are new in each message: what is refused is refused for its fault.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.codecs.ebrim.submission import write_provide_and_register, write_submit_objects
from gateway.codecs.xml import escape_attribute, escape_text
from gateway.model.association import Association
from gateway.model.datatypes import Code, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, DocumentEntryType
from tests.model import examples

SOAP = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
XOP = "http://www.w3.org/2004/08/xop/include"
SOAP_TYPE = "application/soap+xml; charset=UTF-8"

REGISTRY = "/xds/registry"
REPOSITORY = "/xds/repository"

REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"
UPDATE = "urn:ihe:iti:2010:UpdateDocumentSet"
RESTRICTED_UPDATE = "urn:ihe:iti:2018:RestrictedUpdateDocumentSet"
ON_DEMAND = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"
QUERY = "urn:ihe:iti:2007:RegistryStoredQuery"
REMOVE = "urn:ihe:iti:2010:DeleteDocumentSet"
PROVIDE = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
RETRIEVE = "urn:ihe:iti:2007:RetrieveDocumentSet"
REMOVE_DOCUMENTS = "urn:ihe:iti:2017:RemoveDocuments"

REPOSITORY_ID = "2.999.1.1"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
CONTENT = b"A note of a consultation, invented.\n"
BOUNDARY = "MIMEBoundary_4711"
ROOT_ID = "root@test"

_numbers = itertools.count(1)


def fresh() -> str:
    """An OID no other message uses."""
    return f"2.999.4.77.{next(_numbers)}"


# ---------------------------------------------------------------- what is submitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What the server under test holds before the corpus begins, by entryUUID.

    Attributes:
        entry: A stable entry of the first patient, its document in the repository.
        unique_id: That document's uniqueId.
        on_demand: An on-demand entry of the first patient.
        folder: A folder of the first patient, with the entry in it.
        submission_set: The set that brought them.
        membership: The association that files the entry in the set.
        deprecated: An entry of the first patient that was replaced.
        other_entry: A stable entry of another patient.
    """

    entry: str
    unique_id: str
    on_demand: str
    folder: str
    submission_set: str
    membership: str
    deprecated: str
    other_entry: str


def entry(symbol: str = "d1", **given: object) -> DocumentEntry:
    """A complete stable entry; its hash and size are those of ``CONTENT``."""
    values: dict[str, object] = {
        "hash": hashlib.sha1(CONTENT).hexdigest(),
        "size": str(len(CONTENT)),
        "repository_unique_id": REPOSITORY_ID,
        "format_code": Code(
            "urn:ihe:iti:xds:2017:mimeTypeSufficient", "1.3.6.1.4.1.19376.1.2.3", "By media type"
        ),
    }
    return examples.entry(symbol, fresh(), **(values | given))


def on_demand_entry(symbol: str = "d1") -> DocumentEntry:
    """A complete on-demand entry."""
    return entry(
        symbol,
        object_type=DocumentEntryType.ON_DEMAND.value,
        creation_time=None,
        hash=None,
        size=None,
    )


def folder(symbol: str = "f1", **given: object) -> Folder:
    """A complete folder."""
    return examples.folder(symbol, fresh(), **given)


def submission(
    *entries: DocumentEntry,
    folders: tuple[Folder, ...] = (),
    links: tuple[Association, ...] = (),
) -> Submission:
    """A set with these entries and folders as members."""
    return examples.submission(*entries, unique_id=fresh(), folders=folders, links=links)


def of_patient(whole: Submission, patient: Identifier) -> Submission:
    """The same submission for another patient."""
    return replace(
        whole,
        submission_sets=tuple(replace(s, patient_id=patient) for s in whole.submission_sets),
        document_entries=tuple(replace(e, patient_id=patient) for e in whole.document_entries),
        folders=tuple(replace(f, patient_id=patient) for f in whole.folders),
    )


def register_body(whole: Submission | None = None) -> str:
    """A SubmitObjectsRequest, of one complete entry unless another submission is given."""
    return write_submit_objects(submission(entry()) if whole is None else whole).decode()


def on_demand_body() -> str:
    """A SubmitObjectsRequest of one on-demand entry."""
    return register_body(submission(on_demand_entry()))


def update_body(shelf: Shelf) -> str:
    """A SubmitObjectsRequest that makes a new version of the shelf's entry."""
    new = replace(entry("d1", logical_id=shelf.entry), unique_id=shelf.unique_id)
    whole = submission(new)
    link = replace(whole.associations[0], previous_version="1")
    return register_body(replace(whole, associations=(link,)))


def provide_body(
    whole: Submission | None = None, documents: Sequence[tuple[str, str]] | None = None
) -> str:
    """A ProvideAndRegisterDocumentSetRequest whose documents stand in parts ``<symbol>@test``."""
    if whole is None:
        whole = submission(entry())
    if documents is None:
        documents = [(e.entry_uuid, f"{e.entry_uuid}@test") for e in whole.document_entries]
    return write_provide_and_register(whole, documents).decode()


def link(kind: AssociationType, target: str, source: str = "d1") -> Association:
    """A relationship of a submission's first entry."""
    return examples.link(kind, source, target)


# ---------------------------------------------------------------- what is asked


def slot(name: str, *values: str) -> str:
    """One rim:Slot."""
    listed = "".join(f"<rim:Value>{escape_text(v)}</rim:Value>" for v in values)
    return (
        f'<rim:Slot name="{escape_attribute(name)}"><rim:ValueList>{listed}</rim:ValueList>'
        "</rim:Slot>"
    )


FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
FIND_SUBMISSION_SETS = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
GET_ALL = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"

PATIENT_SLOT = slot("$XDSDocumentEntryPatientId", f"'{examples.PATIENT.text}'")
STATUS_SLOT = slot("$XDSDocumentEntryStatus", f"('{APPROVED}')")


def query_body(*slots: str, query_id: str = FIND_DOCUMENTS, return_type: str = "LeafClass") -> str:
    """An AdhocQueryRequest; FindDocuments of the first patient unless slots are given."""
    inside = "".join(slots or (PATIENT_SLOT, STATUS_SLOT))
    return (
        '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        f'<query:ResponseOption returnComposedObjects="true" returnType="{return_type}"/>'
        f'<rim:AdhocQuery id="{query_id}">{inside}</rim:AdhocQuery></query:AdhocQueryRequest>'
    )


def remove_body(*uuids: str) -> str:
    """A RemoveObjectsRequest."""
    references = "".join(f'<rim:ObjectRef id="{escape_attribute(u)}"/>' for u in uuids)
    return (
        '<lcm:RemoveObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" '
        'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        f"<rim:ObjectRefList>{references}</rim:ObjectRefList></lcm:RemoveObjectsRequest>"
    )


def document_requests(*unique_ids: str, repository: str = REPOSITORY_ID) -> str:
    """DocumentRequest elements with the prefix ``xdsb``."""
    return "".join(
        f"<xdsb:DocumentRequest><xdsb:RepositoryUniqueId>{repository}</xdsb:RepositoryUniqueId>"
        f"<xdsb:DocumentUniqueId>{escape_text(u)}</xdsb:DocumentUniqueId></xdsb:DocumentRequest>"
        for u in unique_ids
    )


def retrieve_body(*unique_ids: str, repository: str = REPOSITORY_ID) -> str:
    """A RetrieveDocumentSetRequest."""
    return (
        '<xdsb:RetrieveDocumentSetRequest xmlns:xdsb="urn:ihe:iti:xds-b:2007">'
        f"{document_requests(*unique_ids, repository=repository)}"
        "</xdsb:RetrieveDocumentSetRequest>"
    )


def remove_documents_body(*unique_ids: str) -> str:
    """A RemoveDocumentsRequest."""
    return (
        '<rmd:RemoveDocumentsRequest xmlns:rmd="urn:ihe:iti:rmd:2017" '
        f'xmlns:xdsb="urn:ihe:iti:xds-b:2007">{document_requests(*unique_ids)}'
        "</rmd:RemoveDocumentsRequest>"
    )


# ---------------------------------------------------------------- frames


def addressing(action: str | None, message_id: str | None = "", extra: str = "") -> str:
    """The header blocks of a request; ``None`` leaves one out."""
    blocks = ""
    if action is not None:
        blocks += f'<wsa:Action s:mustUnderstand="1">{escape_text(action)}</wsa:Action>'
    if message_id is not None:
        number = next(_numbers)
        name = message_id or f"urn:uuid:5b0a7d6e-0000-4000-8000-{number:012d}"
        blocks += f"<wsa:MessageID>{escape_text(name)}</wsa:MessageID>"
    return blocks + extra


def frame(header: str, body: str, soap: str = SOAP) -> str:
    """An envelope around header blocks and a body's content, both as they are."""
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:wsa="{WSA}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def envelope(body: str, action: str, extra: str = "") -> bytes:
    """A whole good request."""
    return frame(addressing(action, extra=extra), body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart message; ``headers`` stand as they are, one line each."""

    headers: tuple[str, ...]
    content: bytes


def root_part(octets: bytes, action: str = PROVIDE, content_id: str = ROOT_ID) -> Part:
    """The SOAP part."""
    return Part(
        headers=(
            "Content-Type: application/xop+xml; charset=UTF-8; "
            f'type="application/soap+xml"; action="{action}"',
            "Content-Transfer-Encoding: binary",
            f"Content-ID: <{content_id}>",
        ),
        content=octets,
    )


def document_part(content_id: str = "d1@test", content: bytes = CONTENT) -> Part:
    """A part that holds a document."""
    return Part(
        headers=(
            "Content-Type: text/plain",
            "Content-Transfer-Encoding: binary",
            f"Content-ID: <{content_id}>",
        ),
        content=content,
    )


def multipart(
    parts: Sequence[Part],
    *,
    boundary: str = BOUNDARY,
    newline: bytes = b"\r\n",
    preamble: bytes = b"",
    epilogue: bytes = b"",
) -> bytes:
    """A whole multipart body."""
    dashes = b"--" + boundary.encode()
    pieces = [preamble]
    for part in parts:
        head = newline.join(line.encode() for line in part.headers)
        pieces += [dashes, newline, head, newline, newline, part.content, newline]
    return b"".join([*pieces, dashes, b"--", newline, epilogue])


def mtom_type(
    boundary: str | None = BOUNDARY,
    start: str | None = ROOT_ID,
    start_info: str | None = "application/soap+xml",
    related: str | None = "application/xop+xml",
    action: str = PROVIDE,
) -> str:
    """The Content-Type of an MTOM message; ``None`` leaves a parameter out."""
    value = "multipart/related"
    if boundary is not None:
        value += f'; boundary="{boundary}"'
    if related is not None:
        value += f'; type="{related}"'
    if start is not None:
        value += f'; start="<{start}>"'
    if start_info is not None:
        value += f'; start-info="{start_info}"'
    return f'{value}; action="{action}"'


def mtom(body: str | None = None, *documents: Part) -> bytes:
    """A whole good ITI-41 request."""
    octets = envelope(provide_body() if body is None else body, PROVIDE)
    return multipart([root_part(octets), *(documents or (document_part(),))])
