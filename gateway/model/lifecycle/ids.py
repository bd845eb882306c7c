"""How findings name the objects of a message, and how ids are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.model.association import Association
from gateway.model.datatypes import Identifier, is_uuid_urn
from gateway.model.submission import RegistryObject, Submission


def place(item: RegistryObject, attribute: str = "") -> str:
    """Name an object of a message, and one of its attributes: ``Folder[f1].title``.

    An id may be as long as a message; its beginning tells the sender enough.
    """
    dot = f".{attribute}" if attribute else ""
    return f"{type(item).__name__}[{item.entry_uuid[:128]}]{dot}"


def same_patient(one: Identifier | None, other: Identifier | None) -> bool:
    """Whether two patient ids mean the same record; type codes are not compared."""
    if one is None or other is None:
        return one is other
    return one.text == other.text or (one.value, one.authority) == (other.value, other.authority)


def same_id(identifier: str) -> str:
    """Give the form in which two spellings of one id are equal: a UUID in lower case.

    Source:
        RFC 9562: 4.
    """
    return identifier.lower() if identifier[:9].lower() == "urn:uuid:" else identifier


def with_registry_ids(submission: Submission, new_uuid: Callable[[], str]) -> Submission:
    """Give every object of a submission its permanent id and rewrite the references to it.

    A submitted UUID is kept, in lower case; equal symbolic ids become the same new UUID. A
    reference to a symbolic id that the submission does not define stays as it is.

    Source:
        IHE ITI TF-3: 4.2.1.2 and 4.2.3.1.5 (revision 17).
    """
    names: dict[str, str] = {}

    def permanent(identifier: str) -> str:
        if is_uuid_urn(identifier):
            return identifier.lower()
        if not identifier:
            return new_uuid()
        return names.setdefault(identifier, new_uuid())

    def referred(identifier: str) -> str:
        if is_uuid_urn(identifier):
            return identifier.lower()
        return names.get(identifier, identifier)

    def link(association: Association) -> Association:
        return replace(
            association,
            entry_uuid=ids[id(association)],
            source_object=referred(association.source_object),
            target_object=referred(association.target_object),
        )

    ids = {id(item): permanent(item.entry_uuid) for item in submission.objects()}
    return Submission(
        submission_sets=tuple(
            replace(s, entry_uuid=ids[id(s)]) for s in submission.submission_sets
        ),
        document_entries=tuple(
            replace(e, entry_uuid=ids[id(e)]) for e in submission.document_entries
        ),
        folders=tuple(replace(f, entry_uuid=ids[id(f)]) for f in submission.folders),
        associations=tuple(link(a) for a in submission.associations),
    )
