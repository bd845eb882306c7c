"""Withdrawal: a document is kept, with its older versions, and never found again.

Source:
    The XDS volumes of communities that have such a status; IHE knows Remove Metadata [ITI-62]
    only, which forgets what it removes.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.model.conventions import StatusRules
from gateway.model.datatypes import Author
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.known import Known
from gateway.model.lifecycle.outcome import Withdrawal
from gateway.model.vocabulary import REPLACEMENTS, AssociationType


def withdrawn_with(
    entry: DocumentEntry, status: str, known: Known, rules: StatusRules
) -> Withdrawal:
    """Give what goes with a document that is withdrawn.

    Every version of its metadata, every document it replaced, directly or not, with theirs, every
    association that touches one of them, and the links by which sets filed those associations.
    """
    entries = _chain(entry, status, known, rules)
    going = {e.entry_uuid: None for e in entries}
    folders: dict[str, None] = {}
    for uuid in list(going):
        for link in known.associations(uuid):
            going[link.entry_uuid] = None
            for filed in known.associations(link.entry_uuid):
                going[filed.entry_uuid] = None
            if link.association_type == AssociationType.HAS_MEMBER and isinstance(
                known.object(link.source_object), Folder
            ):
                folders[link.source_object] = None
    unique_ids = dict.fromkeys(e.unique_id for e in entries if e.unique_id)
    return Withdrawal(
        status=status,
        objects=tuple(going),
        folders=tuple(folders),
        # Another entry may describe the same document; then it can still be had through that.
        documents=tuple(
            unique_id
            for unique_id in unique_ids
            if all(
                e.entry_uuid in going or rules.is_withdrawn(e.availability_status)
                for e in known.entries(unique_id)
            )
        ),
    )


def _chain(
    entry: DocumentEntry, status: str, known: Known, rules: StatusRules
) -> tuple[DocumentEntry, ...]:
    found: dict[str, DocumentEntry] = {}
    waiting = [entry]
    while waiting:
        for version in _versions(waiting.pop(), known):
            if version.entry_uuid in found:
                continue
            found[version.entry_uuid] = version
            for link in known.associations(version.entry_uuid):
                if (
                    link.association_type not in REPLACEMENTS
                    or link.source_object != version.entry_uuid
                ):
                    continue
                older = known.object(link.target_object)
                if isinstance(older, DocumentEntry) and rules.transition(
                    older.availability_status, status
                ):
                    waiting.append(older)
    return tuple(found.values())


def _versions(entry: DocumentEntry, known: Known) -> Iterator[DocumentEntry]:
    """Every version of an entry's metadata; the uniqueId is the same in all."""
    yield entry
    for other in known.entries(entry.unique_id or ""):
        if other.logical_id == entry.logical_id and other.entry_uuid != entry.entry_uuid:
            yield other


def is_author(requester: tuple[Author, ...], entry: DocumentEntry) -> bool:
    """Whether one of those who ask is one of the document's authors.

    People and devices are compared by their identifier and who gave it. An organisation that is an
    author by itself, without a person, is compared by its own.
    """
    return any(_same(one, author) for one in requester for author in entry.author)


def _same(one: Author, other: Author) -> bool:
    if one.person is None and other.person is None:
        return bool(_institutions(one) & _institutions(other))
    mine = _person(one)
    return mine is not None and mine == _person(other)


def _person(author: Author) -> tuple[str, str] | None:
    person = author.person
    if person is None or not person.identifier:
        return None
    return person.identifier, person.authority


def _institutions(author: Author) -> set[tuple[str, str]]:
    return {(o.identifier, o.authority) for o in author.institution if o.identifier}
