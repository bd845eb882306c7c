"""The stored queries, each as the keys of what it answers with.

The three Find queries of one kind are single statements (:mod:`conditions`). The others follow
links from object to object, a statement a step, within one snapshot.

Source:
    IHE ITI TF-2a: 3.18.4.1.2.3.7 (revision 17); Metadata Update supplement: $MetadataLevel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gateway.ports import TooManyResults
from gateway.storage.sqlite.conditions import (
    NEWEST_ENTRY,
    NEWEST_FOLDER,
    Where,
    association_status,
    entry_content,
    marks,
)
from gateway.storage.sqlite.rows import Rows
from gateway.storage.sqlite.words import (
    ASSOCIATION,
    DOCUMENT_ENTRY,
    FOLDER,
    HAS_MEMBER,
    SUBMISSION_SET,
)
from gateway.transactions.registry_stored_query import (
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    GetAll,
    GetAssociations,
    GetDocuments,
    GetDocumentsAndAssociations,
    GetFolderAndContents,
    GetFolders,
    GetFoldersForDocument,
    GetRelatedDocuments,
    GetSubmissionSetAndContents,
    GetSubmissionSets,
    StoredQuery,
)

Contents = GetAll | GetSubmissionSetAndContents | GetFolderAndContents | GetRelatedDocuments
_LINKS = 20
"""Links that may be looked at for each object that may be answered."""

Keys = dict[int, list[int]]
"""What is answered: keys by kind."""


def follow(rows: Rows, query: StoredQuery, limit: int) -> Keys:
    """Find what a query that follows links answers with.

    Raises:
        TooManyResults: It would be more than ``limit`` objects.
    """
    steps = _Steps(rows, limit)
    match query:
        case GetAll():
            found = _get_all(steps, query)
        case GetDocuments():
            found = {DOCUMENT_ENTRY: steps.entries(query)}
        case GetFolders():
            found = {FOLDER: steps.folders(query)}
        case GetAssociations():
            keys = steps.objects(query.uuid)
            found = {ASSOCIATION: steps.touching(keys, query)}
        case GetDocumentsAndAssociations():
            keys = steps.entries(query)
            found = {DOCUMENT_ENTRY: keys, ASSOCIATION: steps.touching(keys, query)}
        case GetSubmissionSets():
            found = _get_submission_sets(steps, query)
        case GetSubmissionSetAndContents():
            found = _get_submission_set_and_contents(steps, query)
        case GetFolderAndContents():
            found = _get_folder_and_contents(steps, query)
        case GetFoldersForDocument():
            found = _get_folders_for_document(steps, query)
        case GetRelatedDocuments():
            found = _get_related_documents(steps, query)
        case FindDocuments() | FindSubmissionSets() | FindFolders():
            raise TypeError("a query of one statement")
    if sum(map(len, found.values())) > limit:
        raise TooManyResults
    return {kind: keys for kind, keys in found.items() if keys}


def _get_all(steps: _Steps, query: GetAll) -> Keys:
    patients = list(steps.rows.members(query.patient_id))
    if not patients:
        return {}
    entries = Where()
    entries.one_of("e.patient", patients)
    entries.words("e.status", query.document_entry_status)
    sets = Where()
    sets.one_of("s.patient", patients)
    sets.words("s.status", query.submission_set_status)
    folders = Where()
    folders.one_of("f.patient", patients)
    folders.words("f.status", query.folder_status)
    if query.metadata_level < 2:
        folders.add(NEWEST_FOLDER)
    found = {
        DOCUMENT_ENTRY: steps.contents(entries, query),
        SUBMISSION_SET: steps.keys(SUBMISSION_SET, sets),
        FOLDER: steps.keys(FOLDER, folders),
    }
    found[ASSOCIATION] = steps.among(found, query.association_status, query.metadata_level)
    return found


def _get_submission_sets(steps: _Steps, query: GetSubmissionSets) -> Keys:
    where = Where()
    where.add("a.association_type = ? AND a.source_kind = ?", HAS_MEMBER, SUBMISSION_SET)
    where.add("a.target_kind IN (?, ?)", DOCUMENT_ENTRY, FOLDER)
    # What is asked for are the sets that submitted them, not those that name them by Reference.
    where.add("NOT a.by_reference")
    links = steps.links("a.target", steps.objects(query.uuid), where, (), query.metadata_level)
    sets = dict.fromkeys(source for _, source, _ in links)
    return {SUBMISSION_SET: list(sets), ASSOCIATION: [key for key, _, _ in links]}


def _get_submission_set_and_contents(steps: _Steps, query: GetSubmissionSetAndContents) -> Keys:
    where = Where()
    where.one_of("o.entry_uuid", query.entry_uuid)
    where.one_of("s.unique_id", query.unique_id)
    sets = steps.keys(SUBMISSION_SET, where) if where.conditions else []
    entries, folders = Where(), Where()
    steps.members(entries, "e.key", sets, DOCUMENT_ENTRY, (), query.metadata_level)
    steps.members(folders, "f.key", sets, FOLDER, (), query.metadata_level)
    if query.metadata_level < 2:
        folders.add(NEWEST_FOLDER)
    found = {
        SUBMISSION_SET: sets,
        DOCUMENT_ENTRY: steps.contents(entries, query),
        FOLDER: steps.keys(FOLDER, folders),
    }
    found[ASSOCIATION] = steps.among(found, (), query.metadata_level)
    return found


def _get_folder_and_contents(steps: _Steps, query: GetFolderAndContents) -> Keys:
    folders = steps.folders(query)
    where = Where()
    steps.members(
        where, "e.key", folders, DOCUMENT_ENTRY, query.association_status, query.metadata_level
    )
    entries = set(steps.contents(where, query))
    has_member = Where()
    has_member.add("a.association_type = ?", HAS_MEMBER)
    links = steps.links(
        "a.source", folders, has_member, query.association_status, query.metadata_level
    )
    return {
        FOLDER: folders,
        DOCUMENT_ENTRY: list(entries),
        ASSOCIATION: [key for key, _, target in links if target in entries],
    }


def _get_folders_for_document(steps: _Steps, query: GetFoldersForDocument) -> Keys:
    where = Where()
    where.add("a.association_type = ? AND a.source_kind = ?", HAS_MEMBER, FOLDER)
    links = steps.links(
        "a.target",
        steps.entries(query, everything=True),
        where,
        query.association_status,
        query.metadata_level,
    )
    sources = list(dict.fromkeys(source for _, source, _ in links))
    folders = Where()
    folders.add("f.key IN " + marks(sources), *sources)
    if query.metadata_level < 2:
        folders.add(NEWEST_FOLDER)
    return {FOLDER: steps.keys(FOLDER, folders)}


def _get_related_documents(steps: _Steps, query: GetRelatedDocuments) -> Keys:
    asked = steps.entries(query, everything=True)
    where = Where()
    where.words("a.association_type", query.association_types)
    where.add("a.source_kind = ? AND a.target_kind = ?", DOCUMENT_ENTRY, DOCUMENT_ENTRY)
    links = dict.fromkeys(
        link
        for end in ("a.source", "a.target")
        for link in steps.links(end, asked, where, query.association_status, query.metadata_level)
    )
    ends = {end for _, source, target in links for end in (source, target)}
    entries = Where()
    entries.add("e.key IN " + marks(list(ends)), *ends)
    shown = set(steps.contents(entries, query))
    between = [link for link in links if link[1] in shown and link[2] in shown]
    # A document whose only link leads to one that is not shown is not related to anything shown.
    answered = {end for _, source, target in between for end in (source, target)}
    return {DOCUMENT_ENTRY: list(answered), ASSOCIATION: [key for key, _, _ in between]}


class _Steps:
    """The statements the queries are made of."""

    def __init__(self, rows: Rows, limit: int) -> None:
        self.rows = rows
        self._limit = limit

    def keys(self, kind: int, where: Where, *, answered: bool = True) -> list[int]:
        """Keys of what meets the conditions; more may be found when not all is answered."""
        most = self._limit if answered else self._limit * _LINKS
        # One more than may be is enough to see that it is too much.
        found = self.rows.keys(kind, where, most + 1)
        if len(found) > most:
            raise TooManyResults
        return [key for key, _, _ in found]

    def objects(self, uuids: Sequence[str]) -> list[int]:
        found = self.rows.execute(
            "SELECT key FROM object WHERE entry_uuid IN " + marks(uuids), uuids
        )
        return [key for (key,) in found]

    def entries(
        self,
        query: GetDocuments
        | GetDocumentsAndAssociations
        | GetFoldersForDocument
        | GetRelatedDocuments,
        *,
        everything: bool = False,
    ) -> list[int]:
        """The entries a query names by id; ``everything`` includes what level 1 hides."""
        where = Where()
        where.one_of("o.entry_uuid", query.entry_uuid)
        where.one_of("e.unique_id", query.unique_id)
        where.one_of("e.lid", query.logical_id)
        if not where.conditions:
            return []
        if query.metadata_level < 2 and not everything:
            where.add(NEWEST_ENTRY)
        return self.keys(DOCUMENT_ENTRY, where, answered=not everything)

    def folders(self, query: GetFolders | GetFolderAndContents) -> list[int]:
        where = Where()
        where.one_of("o.entry_uuid", query.entry_uuid)
        where.one_of("f.unique_id", query.unique_id)
        where.one_of("f.lid", query.logical_id)
        if not where.conditions:
            return []
        if query.metadata_level < 2:
            where.add(NEWEST_FOLDER)
        return self.keys(FOLDER, where)

    def contents(self, where: Where, query: Contents) -> list[int]:
        """Entries that meet the conditions and the filters of the query."""
        if isinstance(query, GetRelatedDocuments):
            where.words("e.object_type", query.object_type)
        else:
            entry_content(where, query.format_code, query.confidentiality_code, query.object_type)
        if query.metadata_level < 2:
            where.add(NEWEST_ENTRY)
        answered = not isinstance(query, GetRelatedDocuments)
        return self.keys(DOCUMENT_ENTRY, where, answered=answered)

    def members(
        self,
        where: Where,
        column: str,
        holders: Sequence[int],
        kind: int,
        status: tuple[str, ...],
        metadata_level: int,
    ) -> None:
        """Let a condition hold for what submission sets or folders have as members."""
        link = Where()
        link.add("a.source IN " + marks(holders), *holders)
        link.add("a.association_type = ? AND a.target_kind = ?", HAS_MEMBER, kind)
        association_status(link, status, metadata_level)
        where.add(
            column
            + " IN (SELECT a.target FROM association a WHERE "
            + " AND ".join(link.conditions)
            + ")",
            *link.values,
        )

    def links(
        self,
        end: str,
        keys: Collection[int],
        where: Where,
        status: tuple[str, ...],
        metadata_level: int,
    ) -> list[tuple[int, int, int]]:
        """Associations with one of their ends among the keys: key, source, target."""
        link = Where()
        link.add(end + " IN " + marks(list(keys)), *keys)
        link.conditions += where.conditions
        link.values += where.values
        association_status(link, status, metadata_level)
        most = self._limit * _LINKS
        found = self.rows.keys(ASSOCIATION, link, most + 1)
        if len(found) > most:
            raise TooManyResults
        return found  # type: ignore[return-value]  # the ends of associations are keys

    def touching(
        self, keys: Sequence[int], query: GetAssociations | GetDocumentsAndAssociations
    ) -> list[int]:
        """Associations with an end among the keys."""
        found = {
            key: None
            for end in ("a.source", "a.target")
            for key, _, _ in self.links(
                end, keys, Where(), query.association_status, query.metadata_level
            )
        }
        return list(found)

    def among(self, found: Keys, status: tuple[str, ...], metadata_level: int) -> list[int]:
        """Associations whose two ends are answered, as objects or themselves as associations."""
        shown = {key for keys in found.values() for key in keys}
        every = self._from(shown, status, metadata_level)
        between = {key: None for key, _, target in every if target in shown}
        # A submission set also has as members the links by which it filed entries in folders.
        between.update({key: None for key, _, target in every if target in between})
        return list(between)

    def _from(
        self, sources: Iterable[int], status: tuple[str, ...], metadata_level: int
    ) -> list[tuple[int, int, int]]:
        return self.links("a.source", list(sources), Where(), status, metadata_level)
