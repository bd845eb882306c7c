"""SubmitObjectsRequest, alone and inside a Provide and Register request.

Carried by [ITI-41], [ITI-42], [ITI-57], [ITI-61] and [ITI-92].

Source:
    IHE ITI TF-2b: 3.41.4.1.2, 3.42.4.1.2 (revision 17); OASIS ebRS 3.0: 5.1.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codecs.ebrim.names import (
    DOCUMENT,
    PROVIDE_AND_REGISTER_REQUEST,
    REGISTRY_OBJECT_LIST,
    REQUEST_SLOT_LIST,
    SUBMIT_OBJECTS_REQUEST,
    declare,
)
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.registry_objects import read_registry_objects, write_registry_object
from gateway.codecs.ebrim.xop import write_include
from gateway.codecs.xml import Element, escape_attribute
from gateway.errors import ErrorCode
from gateway.model.submission import Submission
from gateway.transactions.submission import SubmitObjects

_START = b"<lcm:SubmitObjectsRequest%s><rim:RegistryObjectList>"
_END = b"</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"


def read_submit_objects(element: Element) -> SubmitObjects:
    """Read a SubmitObjectsRequest; what no value can carry comes as findings beside it."""
    reading = Reading()
    submission = _read_submission(element, reading)
    return SubmitObjects(submission=submission, findings=tuple(reading.findings))


def read_provide_and_register(
    element: Element,
) -> tuple[SubmitObjects, tuple[tuple[str, Element], ...]]:
    """Read a ProvideAndRegisterDocumentSetRequest.

    Returns:
        The submission, and each Document element with its ``id``, in the order of the message;
        its octets, inline or beside the message, are for the caller to fetch.
    """
    reading = Reading()
    if element.tag != PROVIDE_AND_REGISTER_REQUEST:
        reading.unexpected(element, "Body")
    submission = Submission()
    documents: list[tuple[str, Element]] = []
    requests = 0
    for child in element:
        if child.tag == SUBMIT_OBJECTS_REQUEST:
            requests += 1
            if requests == 1:
                submission = _read_submission(child, reading)
        elif child.tag == DOCUMENT:
            document_id = attribute(child, "id") or ""
            documents.append((document_id, child))
        else:
            reading.unexpected(child, "ProvideAndRegisterDocumentSetRequest")
    if requests != 1:
        reading.problem(
            "submit-objects-request",
            "ProvideAndRegisterDocumentSetRequest",
            f"there are {requests} SubmitObjectsRequest elements; send exactly one",
            ErrorCode.REPOSITORY_ERROR,
        )
    submitted = SubmitObjects(submission=submission, findings=tuple(reading.findings))
    return submitted, tuple(documents)


def _read_submission(element: Element, reading: Reading) -> Submission:
    if element.tag != SUBMIT_OBJECTS_REQUEST:
        reading.unexpected(element, "Body")
    objects: list[Element] = []
    lists = 0
    for child in element:
        if child.tag == REGISTRY_OBJECT_LIST:
            lists += 1
            objects.extend(child)
        elif child.tag != REQUEST_SLOT_LIST:
            reading.unexpected(child, "SubmitObjectsRequest")
    if lists != 1:
        reading.problem(
            "registry-object-list",
            "SubmitObjectsRequest",
            f"there are {lists} RegistryObjectList elements; send exactly one",
        )
    return read_registry_objects(objects, reading)


def write_submit_objects(submission: Submission) -> bytes:
    """Give a SubmitObjectsRequest that declares its own prefixes."""
    return _write_submission(submission, declare("lcm", "rim").encode())


def write_provide_and_register(
    submission: Submission, documents: Iterable[tuple[str, str]]
) -> bytes:
    """Give a ProvideAndRegisterDocumentSetRequest that declares its own prefixes.

    Args:
        documents: Id of each document's entry and the Content-ID, without angle brackets, of the
            part of the message that holds its octets.
    """
    parts = [
        f"<xdsb:ProvideAndRegisterDocumentSetRequest{declare('xdsb', 'lcm', 'rim')}>".encode(),
        _write_submission(submission, b""),
    ]
    for entry_id, content_id in documents:
        parts.append(
            f'<xdsb:Document id="{escape_attribute(entry_id)}">{write_include(content_id)}'
            "</xdsb:Document>".encode()
        )
    parts.append(b"</xdsb:ProvideAndRegisterDocumentSetRequest>")
    return b"".join(parts)


def _write_submission(submission: Submission, declarations: bytes) -> bytes:
    objects = b"".join([write_registry_object(item) for item in submission.objects()])
    return _START % declarations + objects + _END
