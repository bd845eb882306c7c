"""Remove Metadata [ITI-62] and Remove Documents [ITI-86].

Source:
    IHE ITI TF-2b: 3.62.4.1.2 (revision 17); Remove Metadata and Documents supplement 3.86.4.1.2.
"""

from __future__ import annotations

from gateway.codecs.ebrim.names import (
    OBJECT_REF,
    OBJECT_REF_LIST,
    REMOVE_OBJECTS_REQUEST,
    REQUEST_SLOT_LIST,
    declare,
)
from gateway.codecs.ebrim.query_response import write_object_ref
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.registry_objects import MAX_OBJECTS
from gateway.codecs.ebrim.retrieve import read_document_requests, write_document_requests
from gateway.codecs.xml import Element
from gateway.errors import ErrorCode
from gateway.transactions.document_repository import RemoveDocuments
from gateway.transactions.submission import RemoveMetadata

_DELETE_ALL = "urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:DeleteAll"


def read_remove_objects(element: Element) -> RemoveMetadata:
    """Read a RemoveObjectsRequest; anything but references to objects is a finding."""
    reading = Reading(ErrorCode.REGISTRY_ERROR)
    object_ids: list[str] = []
    where = "RemoveObjectsRequest"
    if element.tag != REMOVE_OBJECTS_REQUEST:
        reading.unexpected(element, "Body")
    # The scope everybody means is the schema's default, and some senders write it out.
    scope = attribute(element, "deletionScope")
    if scope not in (None, _DELETE_ALL):
        reading.problem("deletion-scope", where, "deletionScope is not for XDS; leave it out")
    for child in element:
        if child.tag != OBJECT_REF_LIST:
            if child.tag != REQUEST_SLOT_LIST:
                reading.unexpected(child, where)
            continue
        for reference in child:
            object_id = attribute(reference, "id")
            if reference.tag != OBJECT_REF:
                reading.unexpected(reference, "ObjectRefList")
            elif object_id is None:
                reading.problem(
                    "object-ref", "ObjectRefList", "an ObjectRef has no id; write the entryUUID"
                )
            else:
                object_ids.append(object_id)
    if len(object_ids) > MAX_OBJECTS:
        reading.problem(
            "too-many-objects",
            "ObjectRefList",
            f"there are {len(object_ids)} ObjectRef elements and at most {MAX_OBJECTS} are read; "
            "send several requests",
        )
        object_ids = []
    return RemoveMetadata(object_ids=tuple(object_ids), findings=tuple(reading.findings))


def write_remove_objects(request: RemoveMetadata) -> bytes:
    """Give a RemoveObjectsRequest that declares its own prefixes."""
    references = b"".join([write_object_ref(object_id) for object_id in request.object_ids])
    start = f"<lcm:RemoveObjectsRequest{declare('lcm', 'rim')}><rim:ObjectRefList>"
    end = b"</rim:ObjectRefList></lcm:RemoveObjectsRequest>"
    return start.encode() + references + end


def read_remove_documents(element: Element) -> RemoveDocuments:
    """Read a RemoveDocumentsRequest; an id that is missing is read as empty."""
    return RemoveDocuments(documents=read_document_requests(element))


def write_remove_documents(request: RemoveDocuments) -> bytes:
    """Give a RemoveDocumentsRequest that declares its own prefixes."""
    return (
        f"<rmd:RemoveDocumentsRequest{declare('rmd', 'xdsb')}>"
        f"{write_document_requests(request.documents)}</rmd:RemoveDocumentsRequest>"
    ).encode()
