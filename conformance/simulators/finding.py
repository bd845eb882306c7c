"""What each stored query finds in a registry that is kept in memory.

Source:
    IHE ITI TF-2: 3.18.4.1.2.3.7; Metadata Update supplement 3.18 (MetadataLevel).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from conformance.simulators.memory import MemoryRegistry
from gateway.model.association import Association
from gateway.model.datatypes import Author, Code, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus, DocumentAvailability
from gateway.transactions.conditions import TimeBound
from gateway.transactions.patterns import like
from gateway.transactions.registry_stored_query import (
    AllOf,
    AnyOf,
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
    RegistryStoredQuery,
    StoredQuery,
)

HAS_MEMBER = AssociationType.HAS_MEMBER
_CODES = (
    "class_code",
    "type_code",
    "practice_setting_code",
    "healthcare_facility_type_code",
    "format_code",
)

Found = Iterable[RegistryObject]


def answer(registry: MemoryRegistry, request: RegistryStoredQuery) -> list[RegistryObject]:
    """Give what a request finds, in the order it came.

    Raises:
        Refused: Whole objects were asked for by id, and they belong to several patients.
    """
    found = find(registry, request.query)
    request.refuse_several_patients(
        _key(one.patient_id) for one in found if not isinstance(one, Association)
    )
    return found


def find(registry: MemoryRegistry, query: StoredQuery) -> list[RegistryObject]:
    """Give what a query finds, each object once, in the order it came."""
    ids = {one.entry_uuid for one in _FINDERS[type(query)](registry, query)}
    return [one for uuid, one in registry.objects.items() if uuid in ids]


# --- One patient's, by attributes ----------------------------------------------------------------


def _find_documents(registry: MemoryRegistry, query: FindDocuments) -> Found:
    for one in registry.all(DocumentEntry):
        references = {reference.text for reference in one.reference_id_list}
        available = one.document_availability or DocumentAvailability.ONLINE
        if (
            _is_of(one, query.patient_id)
            and _among(query.status, one.availability_status)
            and all(_has_code(getattr(query, n), getattr(one, n)) for n in _CODES)
            and _has_codes(query.event_code_list, one.event_code_list)
            and all(references & set(group) for group in query.reference_id_list)
            and _by_author(query.author_person, one.author)
            and all(_in_time(bound, one) for bound in query.times)
            and _among(query.document_availability, available)
            and _passes(registry, query, one)
        ):
            yield one


def _find_sets(registry: MemoryRegistry, query: FindSubmissionSets) -> Found:
    for one in registry.all(SubmissionSet):
        if (
            _is_of(one, query.patient_id)
            and _among(query.status, one.availability_status)
            and _among(query.source_id, one.source_id)
            and _has_code(query.content_type_code, one.content_type_code)
            and _by_author(query.author_person, one.author)
            and all(_in_time(bound, one) for bound in query.times)
        ):
            yield one


def _find_folders(registry: MemoryRegistry, query: FindFolders) -> Found:
    for one in registry.all(Folder):
        if (
            _is_of(one, query.patient_id)
            and _among(query.status, one.availability_status)
            and _has_codes(query.code_list, one.code_list)
            and all(_in_time(bound, one) for bound in query.times)
            and _shows_folder(registry, query, one)
        ):
            yield one


def _get_all(registry: MemoryRegistry, query: GetAll) -> Found:
    entries = [
        one
        for one in registry.all(DocumentEntry)
        if _is_of(one, query.patient_id)
        and _among(query.document_entry_status, one.availability_status)
        and _passes(registry, query, one)
    ]
    sets = [
        one
        for one in registry.all(SubmissionSet)
        if _is_of(one, query.patient_id)
        and _among(query.submission_set_status, one.availability_status)
    ]
    folders = [
        one
        for one in registry.all(Folder)
        if _is_of(one, query.patient_id)
        and _among(query.folder_status, one.availability_status)
        and _shows_folder(registry, query, one)
    ]
    links = _links(registry, query, query.association_status)
    return _with_links([*entries, *sets, *folders], links)


# --- By id ---------------------------------------------------------------------------------------


def _get_documents(registry: MemoryRegistry, query: GetDocuments) -> Found:
    return _named_entries(registry, query)


def _get_folders(registry: MemoryRegistry, query: GetFolders) -> Found:
    return _named_folders(registry, query)


def _get_associations(registry: MemoryRegistry, query: GetAssociations) -> Found:
    return _touching(registry, query, set(query.uuid))


def _get_with_associations(registry: MemoryRegistry, query: GetDocumentsAndAssociations) -> Found:
    entries = _named_entries(registry, query)
    return [*entries, *_touching(registry, query, {one.entry_uuid for one in entries})]


def _get_sets(registry: MemoryRegistry, query: GetSubmissionSets) -> Found:
    for link in _links(registry, query, ()):
        source = registry.object(link.source_object)
        if (
            link.association_type == HAS_MEMBER
            and link.submission_set_status != "Reference"
            and link.target_object in query.uuid
            and isinstance(source, SubmissionSet)
            and isinstance(registry.object(link.target_object), (DocumentEntry, Folder))
        ):
            yield from (source, link)


def _get_set(registry: MemoryRegistry, query: GetSubmissionSetAndContents) -> Found:
    sets = [one for one in registry.all(SubmissionSet) if _is_named(query, one)]
    links = _links(registry, query, ())
    members = _members(registry, sets, links)
    shown = [
        one
        for one in members
        if (isinstance(one, DocumentEntry) and _passes(registry, query, one))
        or (isinstance(one, Folder) and _shows_folder(registry, query, one))
    ]
    return _with_links([*sets, *shown], links)


def _get_folder(registry: MemoryRegistry, query: GetFolderAndContents) -> Found:
    folders = _named_folders(registry, query)
    links = _links(registry, query, query.association_status)
    entries = [
        one
        for one in _members(registry, folders, links)
        if isinstance(one, DocumentEntry) and _passes(registry, query, one)
    ]
    holders = {one.entry_uuid for one in folders}
    shown = {one.entry_uuid for one in entries}
    between = [
        link
        for link in links
        if link.association_type == HAS_MEMBER
        and link.source_object in holders
        and link.target_object in shown
    ]
    return [*folders, *entries, *between]


def _get_folders_for(registry: MemoryRegistry, query: GetFoldersForDocument) -> Found:
    named = {one.entry_uuid for one in registry.all(DocumentEntry) if _is_named(query, one)}
    holders = {
        link.source_object
        for link in _links(registry, query, query.association_status)
        if link.association_type == HAS_MEMBER and link.target_object in named
    }
    return [
        one
        for one in registry.all(Folder)
        if one.entry_uuid in holders and _shows_folder(registry, query, one)
    ]


def _get_related(registry: MemoryRegistry, query: GetRelatedDocuments) -> Found:
    named = {one.entry_uuid for one in registry.all(DocumentEntry) if _is_named(query, one)}
    shown = {
        one.entry_uuid: one
        for one in registry.all(DocumentEntry)
        if _among(query.object_type, one.object_type) and _shows_entry(registry, query, one)
    }
    for link in _links(registry, query, query.association_status):
        ends = {link.source_object, link.target_object}
        if (
            _among(query.association_types, link.association_type)
            and ends & named
            and ends <= shown.keys()
        ):
            yield link
            yield from (shown[end] for end in ends)


# --- Small steps ---------------------------------------------------------------------------------


def _key(identifier: Identifier | None) -> tuple[str, str]:
    return (identifier.value, identifier.authority) if identifier else ("", "")


def _is_of(item: Any, patient: Identifier | None) -> bool:
    return patient is None or (
        item.patient_id is not None and _key(item.patient_id) == _key(patient)
    )


def _among(wanted: Iterable[str], value: str | None) -> bool:
    """Nothing is wanted in particular, or this is."""
    wanted = tuple(wanted)
    return not wanted or value in wanted


def _has_code(wanted: AnyOf, code: Code | None) -> bool:
    return not wanted or (code is not None and _has_codes((wanted,), (code,)))


def _has_codes(groups: AllOf, codes: Iterable[Code]) -> bool:
    """One code of each group is there; a scheme of ``None`` is any."""
    held = tuple(codes)
    return all(
        not group
        or any(
            one.code == code and scheme in (None, one.scheme)
            for code, scheme in group
            for one in held
        )
        for group in groups
    )


def _by_author(patterns: tuple[str, ...], authors: Iterable[Author]) -> bool:
    persons = [author.person.text for author in authors if author.person is not None]
    return not patterns or any(like(pattern, text) for pattern in patterns for text in persons)


def _in_time(bound: TimeBound, item: RegistryObject) -> bool:
    time = getattr(item, bound.attribute)
    if time is None:
        return bound.missing_matches
    return (bound.low is None or bound.low <= time.lower) and (
        bound.high is None or time.lower < bound.high
    )


def _passes(registry: MemoryRegistry, query: Any, entry: DocumentEntry) -> bool:
    """The filters of every query that answers with contents."""
    return (
        _has_code(query.format_code, entry.format_code)
        and _has_codes(query.confidentiality_code, entry.confidentiality_code)
        and _among(query.object_type, entry.object_type)
        and _shows_entry(registry, query, entry)
    )


def _shows_entry(registry: MemoryRegistry, query: Any, entry: DocumentEntry) -> bool:
    """At level 1 the newest version only, and nothing that is offline."""
    offline = entry.document_availability == DocumentAvailability.OFFLINE
    return query.metadata_level >= 2 or (_is_newest(registry, entry) and not offline)


def _shows_folder(registry: MemoryRegistry, query: Any, folder: Folder) -> bool:
    approved = folder.availability_status == AvailabilityStatus.APPROVED
    return query.metadata_level >= 2 or (_is_newest(registry, folder) and approved)


def _is_newest(registry: MemoryRegistry, item: DocumentEntry | Folder) -> bool:
    return item.logical_id is None or registry.latest(item.logical_id) is item


def _is_named(query: Any, item: RegistryObject) -> bool:
    return any(
        getattr(item, attribute, None) in getattr(query, attribute, ())
        for attribute in ("entry_uuid", "unique_id", "logical_id")
    )


def _named_entries(registry: MemoryRegistry, query: Any) -> list[DocumentEntry]:
    return [
        one
        for one in registry.all(DocumentEntry)
        if _is_named(query, one) and _shows_entry(registry, query, one)
    ]


def _named_folders(registry: MemoryRegistry, query: Any) -> list[Folder]:
    return [
        one
        for one in registry.all(Folder)
        if _is_named(query, one) and _shows_folder(registry, query, one)
    ]


def _links(registry: MemoryRegistry, query: Any, status: tuple[str, ...]) -> list[Association]:
    """The associations that show: those asked for, else at level 1 those in force."""
    if not status and query.metadata_level < 2:
        status = (AvailabilityStatus.APPROVED,)
    return [one for one in registry.all(Association) if _among(status, one.availability_status)]


def _touching(registry: MemoryRegistry, query: Any, ids: set[str]) -> list[Association]:
    return [
        link
        for link in _links(registry, query, query.association_status)
        if ids & {link.source_object, link.target_object}
    ]


def _members(
    registry: MemoryRegistry, holders: Iterable[RegistryObject], links: Iterable[Association]
) -> Iterator[RegistryObject]:
    sources = {one.entry_uuid for one in holders}
    for link in links:
        if link.association_type == HAS_MEMBER and link.source_object in sources:
            target = registry.object(link.target_object)
            if target is not None:
                yield target


def _with_links(found: list[Any], links: list[Association]) -> Found:
    """Objects, the associations among them, and who filed those associations."""
    shown = {one.entry_uuid for one in found}
    between = [one for one in links if {one.source_object, one.target_object} <= shown]
    filed = {one.entry_uuid for one in between}
    filing = [one for one in links if one.source_object in shown and one.target_object in filed]
    return [*found, *between, *filing]


_FINDERS: dict[type, Callable[[MemoryRegistry, Any], Found]] = {
    FindDocuments: _find_documents,
    FindSubmissionSets: _find_sets,
    FindFolders: _find_folders,
    GetAll: _get_all,
    GetDocuments: _get_documents,
    GetFolders: _get_folders,
    GetAssociations: _get_associations,
    GetDocumentsAndAssociations: _get_with_associations,
    GetSubmissionSets: _get_sets,
    GetSubmissionSetAndContents: _get_set,
    GetFolderAndContents: _get_folder,
    GetFoldersForDocument: _get_folders_for,
    GetRelatedDocuments: _get_related,
}
