"""The few good objects a server holds before it meets the corpus, submitted over its own doors."""

from __future__ import annotations

import re

from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from tests.hostile.messages import (
    CONTENT,
    ON_DEMAND,
    PROVIDE,
    QUERY,
    REGISTRY,
    REPOSITORY,
    SOAP_TYPE,
    Shelf,
    entry,
    envelope,
    folder,
    link,
    mtom,
    mtom_type,
    of_patient,
    on_demand_entry,
    provide_body,
    query_body,
    register_body,
    slot,
    submission,
)
from tests.hostile.server import Answer, Server
from tests.model.examples import OTHER_PATIENT, member

_GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
_GET_SETS = "urn:uuid:51224314-5390-4169-9b91-b1980040715a"
_GET_FOLDERS = "urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4"


def provide(server: Server, whole: Submission) -> None:
    """Submit a submission of one entry with its document."""
    good(server.send("POST", REPOSITORY, {"Content-Type": mtom_type()}, mtom(provide_body(whole))))


def ask(server: Server, body: str) -> str:
    """Give the answer to a stored query that must succeed."""
    octets = envelope(body, QUERY)
    return good(server.send("POST", REGISTRY, {"Content-Type": SOAP_TYPE}, octets))


def register(server: Server, body: str, action: str) -> str:
    """Send a request to the registry that must succeed."""
    octets = envelope(body, action)
    return good(server.send("POST", REGISTRY, {"Content-Type": SOAP_TYPE}, octets))


def good(answer: Answer) -> str:
    """The text of an answer, which must be a success."""
    text = answer.body.decode()
    assert answer.status == 200 and "ResponseStatusType:Success" in text, text[:2000]
    return text


def uuid_of(server: Server, unique_id: str, query: str, kind: str) -> str:
    """The entryUUID the registry gave to what has a uniqueId."""
    text = ask(server, query_body(slot(f"$XDS{kind}UniqueId", f"('{unique_id}')"), query_id=query))
    found = re.search(r'<rim:(?:ExtrinsicObject|RegistryPackage) id="([^"]+)"', text)
    assert found, text[:2000]
    return found[1]


def fill(server: Server) -> Shelf:
    """Submit the record and say what is in it."""
    first, old, other, later = entry(), entry(), entry(), on_demand_entry()
    shelved = folder()
    whole = submission(
        first, folders=(shelved,), links=(member("f1", "d1"), member("set", "f1>d1"))
    )
    provide(server, whole)
    provide(server, submission(old))
    provide(server, of_patient(submission(other), OTHER_PATIENT))
    register(server, register_body(submission(later)), ON_DEMAND)

    def uuid(unique_id: str | None) -> str:
        return uuid_of(server, unique_id or "", _GET_DOCUMENTS, "DocumentEntry")

    replaced = uuid(old.unique_id)
    new = entry()
    provide(server, submission(new, links=(link(AssociationType.RPLC, replaced),)))
    in_registry = uuid(first.unique_id)
    sets = ask(server, query_body(slot("$uuid", f"('{in_registry}')"), query_id=_GET_SETS))
    package = re.search(r'<rim:RegistryPackage id="([^"]+)"', sets)
    membership = re.search(r'<rim:Association id="([^"]+)"', sets)
    assert package and membership, sets
    return Shelf(
        entry=in_registry,
        unique_id=first.unique_id or "",
        on_demand=uuid(later.unique_id),
        folder=uuid_of(server, shelved.unique_id or "", _GET_FOLDERS, "Folder"),
        submission_set=package[1],
        membership=membership[1],
        deprecated=replaced,
        other_entry=uuid(other.unique_id),
    )


__all__ = ["CONTENT", "PROVIDE", "ask", "fill", "good", "provide", "register", "uuid_of"]
