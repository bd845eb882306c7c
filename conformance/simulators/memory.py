"""A registry's content in memory, and what each stored query finds in it.

What a submission does to the content is decided by the same pure rules a registry has
(:mod:`gateway.model.lifecycle`); here is only where objects are and how they are found.

Source:
    IHE ITI TF-2: 3.18.4.1.2.3.7, without filters that an integrator's first steps do not need:
    authors and times are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from gateway.model.association import Association
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType
from gateway.transactions.registry_stored_query import (
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
    StoredQuery,
)

T = TypeVar("T")
HAS_MEMBER = AssociationType.HAS_MEMBER


@dataclass
class MemoryRegistry:
    """Objects by id, in the order they came; a ``Known`` of :mod:`gateway.model.lifecycle`."""

    objects: dict[str, RegistryObject] = field(default_factory=dict)
    fingerprints: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, DocumentRecord] = field(default_factory=dict)

    # --- What decisions ask ----------------------------------------------------------------------

    @property
    def whole(self) -> MemoryRegistry:
        """Everybody sees everything here."""
        return self

    def object(self, entry_uuid: str) -> RegistryObject | None:
        """The object with that id."""
        return self.objects.get(entry_uuid)

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        """The newest version under a logical id."""
        versions = [
            one
            for one in self.objects.values()
            if isinstance(one, (DocumentEntry, Folder)) and one.logical_id == logical_id
        ]
        return max(versions, key=lambda one: int(one.version or 1), default=None)

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        """Every entry with that uniqueId."""
        return tuple(one for one in self._all(DocumentEntry) if one.unique_id == unique_id)

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        """The submission set or folder with that uniqueId."""
        for one in self.objects.values():
            if isinstance(one, (SubmissionSet, Folder)) and one.unique_id == unique_id:
                return one
        return None

    def is_used(self, unique_id: str) -> bool:
        """Whether an object has that uniqueId."""
        return bool(self.entries(unique_id)) or self.holder(unique_id) is not None

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        """Every association with that id at either end."""
        return tuple(
            one
            for one in self._all(Association)
            if entry_uuid in (one.source_object, one.target_object)
        )

    def fingerprint(self, unique_id: str) -> bytes | None:
        """What a submission set was accepted with."""
        return self.fingerprints.get(unique_id)

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        """Patients are never merged here."""
        return patient_id

    def is_known(self, patient_id: Identifier) -> bool:
        """Every patient is taken."""
        return True

    def document(self, unique_id: str) -> DocumentRecord | None:
        """What the repository holds under a uniqueId."""
        return self.documents.get(unique_id)

    # --- What decisions change ------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        """Take in what was decided."""
        for item in changes.added:
            self.objects[item.entry_uuid] = item
            if isinstance(item, SubmissionSet) and item.unique_id and changes.fingerprint:
                self.fingerprints[item.unique_id] = changes.fingerprint
        for change in changes.statuses:
            item = self.objects[change.entry_uuid]
            self.objects[change.entry_uuid] = replace(item, availability_status=change.status)
        for touch in changes.touched:
            folder = self.objects[touch.entry_uuid]
            if isinstance(folder, Folder):
                self.objects[touch.entry_uuid] = replace(
                    folder, last_update_time=DateTime(touch.last_update_time)
                )
        for uuid in changes.removed:
            self.objects.pop(uuid, None)
        for document in changes.documents:
            self.documents[document.unique_id] = document

    # --- What queries find -----------------------------------------------------------------------

    def find(self, query: StoredQuery) -> list[RegistryObject]:
        """Give what a query finds, in the order it came."""
        finder = _FINDERS.get(type(query))
        return list(finder(self, query)) if finder else []

    def _all(self, kind: type[T]) -> list[T]:
        return [one for one in self.objects.values() if isinstance(one, kind)]

    def among(self, items: Iterable[RegistryObject]) -> Iterator[RegistryObject]:
        """Give objects, and the associations whose two ends are among them."""
        found = {one.entry_uuid: one for one in items}
        # A folder's link is an end itself: the set says who filed the document.
        for _ in range(2):
            for one in self._all(Association):
                if one.source_object in found and one.target_object in found:
                    found.setdefault(one.entry_uuid, one)
        yield from found.values()

    def linked(self, source: str, *kinds: str) -> Iterator[RegistryObject]:
        """Give what an object leads to by associations of some types."""
        for one in self._all(Association):
            if one.source_object == source and one.association_type in kinds:
                target = self.objects.get(one.target_object)
                if target is not None:
                    yield target


def _is_of(item: Any, patient: Identifier | None) -> bool:
    own: Identifier | None = item.patient_id
    return (
        own is not None
        and patient is not None
        and (own.value, own.authority) == (patient.value, patient.authority)
    )


def _one_of(codes: Iterable[Code], wanted: AnyOf) -> bool:
    return not wanted or any((one.code, one.scheme) in wanted for one in codes)


def _named(item: Any, query: Any) -> bool:
    return (
        item.entry_uuid in query.entry_uuid
        or item.unique_id in query.unique_id
        or getattr(item, "logical_id", None) in getattr(query, "logical_id", ())
    )


def _filtered(entries: Iterable[DocumentEntry], query: Any) -> list[DocumentEntry]:
    return [
        one
        for one in entries
        if _one_of([one.format_code] if one.format_code else [], query.format_code)
        and all(_one_of(one.confidentiality_code, group) for group in query.confidentiality_code)
        and one.object_type in query.object_type
    ]


def _find_documents(registry: MemoryRegistry, query: FindDocuments) -> Iterator[RegistryObject]:
    single = (
        "class_code",
        "type_code",
        "practice_setting_code",
        "healthcare_facility_type_code",
        "format_code",
    )
    for one in registry._all(DocumentEntry):
        references = {reference.text for reference in one.reference_id_list}
        if (
            _is_of(one, query.patient_id)
            and one.availability_status in query.status
            and one.object_type in query.object_type
            and all(_one_of(filter(None, [getattr(one, n)]), getattr(query, n)) for n in single)
            and all(_one_of(one.event_code_list, group) for group in query.event_code_list)
            and all(_one_of(one.confidentiality_code, g) for g in query.confidentiality_code)
            and all(references & set(group) for group in query.reference_id_list)
        ):
            yield one


def _find_sets(registry: MemoryRegistry, query: FindSubmissionSets) -> Iterator[RegistryObject]:
    for one in registry._all(SubmissionSet):
        if (
            _is_of(one, query.patient_id)
            and one.availability_status in query.status
            and (not query.source_id or one.source_id in query.source_id)
        ):
            yield one


def _find_folders(registry: MemoryRegistry, query: FindFolders) -> Iterator[RegistryObject]:
    for one in registry._all(Folder):
        if (
            _is_of(one, query.patient_id)
            and one.availability_status in query.status
            and all(_one_of(one.code_list, group) for group in query.code_list)
        ):
            yield one


def _get_all(registry: MemoryRegistry, query: GetAll) -> Iterator[RegistryObject]:
    entries = [
        one
        for one in registry._all(DocumentEntry)
        if _is_of(one, query.patient_id) and one.availability_status in query.document_entry_status
    ]
    sets = [
        one
        for one in registry._all(SubmissionSet)
        if _is_of(one, query.patient_id) and one.availability_status in query.submission_set_status
    ]
    folders = [
        one
        for one in registry._all(Folder)
        if _is_of(one, query.patient_id) and one.availability_status in query.folder_status
    ]
    return registry.among([*_filtered(entries, query), *sets, *folders])


def _get_documents(registry: MemoryRegistry, query: GetDocuments) -> Iterator[RegistryObject]:
    return (one for one in registry._all(DocumentEntry) if _named(one, query))


def _get_folders(registry: MemoryRegistry, query: GetFolders) -> Iterator[RegistryObject]:
    return (one for one in registry._all(Folder) if _named(one, query))


def _get_associations(registry: MemoryRegistry, query: GetAssociations) -> Iterator[RegistryObject]:
    for one in registry._all(Association):
        if one.source_object in query.uuid or one.target_object in query.uuid:
            yield one


def _get_with_associations(
    registry: MemoryRegistry, query: GetDocumentsAndAssociations
) -> Iterator[RegistryObject]:
    entries = [one for one in registry._all(DocumentEntry) if _named(one, query)]
    yield from entries
    links = {a.entry_uuid: a for one in entries for a in registry.associations(one.entry_uuid)}
    yield from links.values()


def _get_sets(registry: MemoryRegistry, query: GetSubmissionSets) -> Iterator[RegistryObject]:
    links = [
        one
        for one in registry._all(Association)
        if one.association_type == HAS_MEMBER
        and one.target_object in query.uuid
        and isinstance(registry.object(one.source_object), SubmissionSet)
    ]
    sets = {one.source_object: registry.objects[one.source_object] for one in links}
    yield from (*sets.values(), *links)


def _get_set(
    registry: MemoryRegistry, query: GetSubmissionSetAndContents
) -> Iterator[RegistryObject]:
    for one in [each for each in registry._all(SubmissionSet) if _named(each, query)]:
        members = list(registry.linked(one.entry_uuid, HAS_MEMBER))
        entries = [each for each in members if isinstance(each, DocumentEntry)]
        folders = [each for each in members if isinstance(each, Folder)]
        yield from registry.among([one, *_filtered(entries, query), *folders])


def _get_folder(registry: MemoryRegistry, query: GetFolderAndContents) -> Iterator[RegistryObject]:
    for one in [each for each in registry._all(Folder) if _named(each, query)]:
        members = registry.linked(one.entry_uuid, HAS_MEMBER)
        entries = [each for each in members if isinstance(each, DocumentEntry)]
        yield from registry.among([one, *_filtered(entries, query)])


def _get_folders_for(
    registry: MemoryRegistry, query: GetFoldersForDocument
) -> Iterator[RegistryObject]:
    entries = {one.entry_uuid for one in registry._all(DocumentEntry) if _named(one, query)}
    for folder in registry._all(Folder):
        members = {one.entry_uuid for one in registry.linked(folder.entry_uuid, HAS_MEMBER)}
        if entries & members:
            yield folder


def _get_related(registry: MemoryRegistry, query: GetRelatedDocuments) -> Iterator[RegistryObject]:
    entries = {one.entry_uuid for one in registry._all(DocumentEntry) if _named(one, query)}
    links = [
        one
        for one in registry._all(Association)
        if one.association_type in query.association_types
        and entries & {one.source_object, one.target_object}
    ]
    ends = {end: None for one in links for end in (one.source_object, one.target_object)}
    yield from (one for end in ends if (one := registry.object(end)) is not None)
    yield from links


_FINDERS: dict[type, Callable[[MemoryRegistry, Any], Iterator[RegistryObject]]] = {
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
