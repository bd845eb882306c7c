"""A registry in plain Python, the slow and obvious way: what the real ones are compared with."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from gateway.model.association import Association
from gateway.model.datatypes import Author, Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord
from gateway.model.patient import Patient
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    RELATIONSHIPS,
    AssociationType,
    AvailabilityStatus,
    DocumentAvailability,
)
from gateway.ports import Clock, Form, Found, Held, Page, TooManyResults
from gateway.storage.fragments import Fragments
from gateway.transactions.conditions import (
    Condition,
    Either,
    Every,
    Has,
    HasCode,
    HasIdentifier,
    HasText,
    Is,
    Linked,
    Match,
    Newest,
    Not,
    Order,
    TimeBound,
)
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
    StoredQuery,
)

HAS_MEMBER = AssociationType.HAS_MEMBER
ORDER = ("DocumentEntry", "SubmissionSet", "Folder", "Association")


@dataclass
class Kept:
    key: int
    value: Any
    registered: str
    updated: str

    @property
    def kind(self) -> str:
        return type(self.value).__name__


class MemoryPatients:
    """Patients by the key of each identifier: value and authority."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.patients: list[Patient] = []
        self.merges: dict[str, str] = {}
        self.owners: dict[tuple[str, str], str] = {}

    async def put(self, patient: Patient) -> Patient:
        """Only what the comparisons need: new patients, or the same one again."""
        time = self.clock.now()
        old = next((p for p in self.patients if p.logical_id == patient.logical_id), None)
        kept = replace(
            patient, version=old.version + 1 if old else 1, last_updated=time, merged_into=None
        )
        if old is None:
            self.patients.append(kept)
        else:
            self.patients[self.patients.index(old)] = kept
        for identifier in patient.identifiers:
            self.owners[name(identifier)] = patient.logical_id
        return kept

    async def merge(self, subsumed: Identifier, surviving: Identifier) -> None:
        self.clock.now()
        self.merges[self.owners[name(subsumed)]] = self.owners[name(surviving)]

    def survivor(self, logical_id: str) -> str:
        while logical_id in self.merges:
            logical_id = self.merges[logical_id]
        return logical_id

    def shown(self, identifier: Identifier | None) -> tuple[str, str]:
        """CX text and FHIR id of the surviving patient."""
        if identifier is None:
            return "", ""
        survivor = self.survivor(self.owners[name(identifier)])
        patient = next(p for p in self.patients if p.logical_id == survivor)
        return patient.identifiers[0].text, survivor

    def is_of(self, asked: Identifier, value: Identifier | None) -> bool:
        """Whether an object belongs to the record a query asks for."""
        owner = self.owners.get(name(asked))
        if value is None or owner is None or owner in self.merges:
            return False
        return self.survivor(self.owners[name(value)]) == owner


def name(identifier: Identifier) -> tuple[str, str]:
    return identifier.value, identifier.authority


class MemoryRegistry:
    """Objects in a list, queries as loops."""

    def __init__(self, fragments: Fragments, clock: Clock, max_results: int = 1000) -> None:
        self.fragments = fragments
        self.clock = clock
        self.max_results = max_results
        self.kept: list[Kept] = []
        self.withdrawn: dict[str, Kept] = {}
        self.withdrawn_documents: set[str] = set()
        self.documents: dict[str, DocumentRecord] = {}
        self.fingerprints: dict[str, bytes] = {}
        self.patients = MemoryPatients(clock)

    # ---------------------------------------------------------------- what a decision asks

    @property
    def whole(self) -> MemoryRegistry:
        return self

    def object(self, entry_uuid: str) -> RegistryObject | None:
        one = self.by_uuid(entry_uuid) or self.withdrawn.get(entry_uuid)
        return self.present(one) if one else None

    def latest(self, logical_id: str) -> DocumentEntry | Folder | None:
        versions = [
            k
            for k in self.kept
            if k.kind in ("DocumentEntry", "Folder") and k.value.logical_id == logical_id
        ]
        return self.present(max(versions, key=age)) if versions else None

    def entries(self, unique_id: str) -> tuple[DocumentEntry, ...]:
        return tuple(
            self.present(k)
            for k in (*self.of("DocumentEntry"), *self.withdrawn.values())
            if isinstance(k.value, DocumentEntry) and k.value.unique_id == unique_id
        )

    def holder(self, unique_id: str) -> SubmissionSet | Folder | None:
        for kind in ("SubmissionSet", "Folder"):
            found = [k for k in self.of(kind) if k.value.unique_id == unique_id]
            if found:
                return self.present(found[-1])
        return None

    def is_used(self, unique_id: str) -> bool:
        return self.holder(unique_id) is not None or bool(self.entries(unique_id))

    def associations(self, entry_uuid: str) -> tuple[Association, ...]:
        return tuple(
            self.present(k)
            for k in self.of("Association")
            if entry_uuid in (k.value.source_object, k.value.target_object)
        )

    def fingerprint(self, unique_id: str) -> bytes | None:
        return self.fingerprints.get(unique_id)

    def surviving(self, patient_id: Identifier) -> Identifier | None:
        if name(patient_id) not in self.patients.owners:
            return None
        return Identifier(self.patients.shown(patient_id)[0])

    def is_known(self, patient_id: Identifier) -> bool:
        owner = self.patients.owners.get(name(patient_id))
        if owner is None or owner in self.patients.merges:
            return False
        return next(p.known for p in self.patients.patients if p.logical_id == owner)

    # ---------------------------------------------------------------- changes

    async def change(self, decide: Callable[[Any], Changes]) -> Changes:
        changes = decide(self)
        if changes.repeated:
            return changes
        time = self.clock.now()
        for value in changes.added:
            patient_id = getattr(value, "patient_id", None)
            if patient_id is not None and name(patient_id) not in self.patients.owners:
                met = Patient(logical_id=patient_id.text, identifiers=(patient_id,), known=False)
                self.patients.patients.append(met)
                self.patients.owners[name(patient_id)] = met.logical_id
            key = max((k.key for k in self.kept), default=0) + 1
            self.kept.append(Kept(key, value, time, time))
            if isinstance(value, SubmissionSet) and changes.fingerprint is not None:
                assert value.unique_id
                self.fingerprints[value.unique_id] = changes.fingerprint
        for value in changes.added:
            if isinstance(value, Association):
                self.touch_source(value, time)
        for status in changes.statuses:
            one = self.by_uuid(status.entry_uuid)
            assert one
            one.value = replace(one.value, availability_status=status.status)
            one.updated = time
            if isinstance(one.value, Association):
                self.touch_source(one.value, time)
        for touch in changes.touched:
            one = self.by_uuid(touch.entry_uuid)
            assert one
            one.value = replace(one.value, last_update_time=DateTime(touch.last_update_time))
            one.updated = time
        for k in self.of("Association"):
            if k.value.entry_uuid in changes.removed:
                self.touch_source(k.value, time)
        self.kept = [k for k in self.kept if k.value.entry_uuid not in changes.removed]
        for status in changes.withdrawn:
            one = self.by_uuid(status.entry_uuid)
            assert one
            one.value = replace(one.value, availability_status=status.status)
            self.withdrawn[status.entry_uuid] = one
            self.kept.remove(one)
        self.withdrawn_documents |= set(changes.withdrawn_documents)
        for record in changes.documents:
            self.documents[record.unique_id] = record
        for unique_id in changes.removed_documents:
            self.documents.pop(unique_id, None)
        return changes

    def touch_source(self, link: Association, time: str) -> None:
        """A resource shows its links, so a link that changes changes it."""
        source = self.by_uuid(link.source_object)
        if source is not None and not isinstance(source.value, Association):
            source.updated = time

    def document(self, unique_id: str) -> DocumentRecord | None:
        return self.documents.get(unique_id)

    # ---------------------------------------------------------------- queries

    async def find(self, query: StoredQuery, form: Form, page: Page | None = None) -> Found:
        limit = self.max_results * (10 if form is Form.REFERENCE else 1)
        found = sorted(self.answer(query), key=lambda k: k.key)
        if len(found) > limit and not (
            page and isinstance(query, FindDocuments | FindFolders | FindSubmissionSets)
        ):
            raise TooManyResults
        if form is Form.FHIR:
            found = [k for k in found if k.kind != "Association"]
        if page is None:
            return Found(objects=tuple(self.held(k, form) for k in found), total=len(found))
        if not page.ascending:
            found.reverse()
        order = (
            page.order
            if isinstance(query, FindDocuments | FindFolders | FindSubmissionSets)
            else ()
        )
        for number, one in reversed(tuple(enumerate(order))):
            found.sort(key=lambda k: by(place(k, order)[number]), reverse=not one.ascending)
        rest = found
        if page.after is not None:
            # A page goes on where the one before it ended, whether that object is still there.
            rest = [k for k in found if is_beyond(k, order, page)]
        return Found(
            objects=tuple(
                self.held(k, form)._replace(place=place(k, order)) for k in rest[: page.size]
            ),
            total=len(found),
            more=len(rest) > page.size,
        )

    def holds(self, c: Condition, k: Kept) -> bool:
        """Whether a condition of a search holds, the slow way."""
        o: Any = k.value
        match c:
            case Every(parts):
                return all(self.holds(p, k) for p in parts)
            case Either(parts):
                return any(self.holds(p, k) for p in parts)
            case Not(part):
                return not self.holds(part, k)
            case TimeBound():
                return in_time(c, k)
            case HasCode(attribute, code, scheme):
                return any(
                    code in (None, one.code) and scheme in (None, one.scheme)
                    for one in values(k, attribute)
                )
            case HasText(attribute, text, match):
                return any(is_text(match, text, one) for one in texts(k, attribute))
            case HasIdentifier("unique_id" | "source_id" as attribute, value, authority):
                root, caret, extension = (getattr(o, attribute, None) or "").partition("^")
                return bool(caret) and (root == authority if value is None else extension == value)
            case HasIdentifier(attribute, value, authority, type_code):
                return any(
                    number
                    and value in (None, number)
                    and authority in (None, one.authority)
                    and (type_code is None or getattr(one, "type_code", None) == type_code)
                    for one in values(k, attribute)
                    for number in (one.value if hasattr(one, "value") else one.identifier,)
                )
            case Is("availability_status", given):
                return o.availability_status in given
            case Is("logical_id", given) if isinstance(o, SubmissionSet):
                return o.entry_uuid in given
            case Is(attribute, given):
                return getattr(o, attribute, None) in given
            case Has(attribute):
                return bool(values(k, attribute))
            case Newest():
                return k.kind == "SubmissionSet" or self.is_latest(k)
            case Linked():
                versions = [k]
                if c.any_version:
                    versions = [v for v in self.of(k.kind) if v.value.logical_id == o.logical_id]
                return any(self.is_linked(c, v.value.entry_uuid) for v in versions)

    def is_linked(self, c: Linked, entry_uuid: str) -> bool:
        for a in (k.value for k in self.of("Association")):
            here, there = a.source_object, a.target_object
            if not c.from_here:
                here, there = there, here
            if (
                here == entry_uuid
                and a.availability_status == AvailabilityStatus.APPROVED
                and a.association_type in (c.types or RELATIONSHIPS)
                and (not c.to or self.is_named(there, c))
            ):
                return True
        return False

    def is_named(self, entry_uuid: str, c: Linked) -> bool:
        other = self.by_uuid(entry_uuid)
        if other is None:
            return False
        lid = getattr(other.value, "logical_id", None)
        same = [other]
        if c.from_here and other.kind in ("DocumentEntry", "Folder"):
            same = [k for k in self.of(other.kind) if k.value.logical_id == lid]
        by_lid = other.kind in ("DocumentEntry", "Folder") and lid in c.to
        return by_lid or any(k.value.entry_uuid in c.to for k in same)

    def answer(self, query: StoredQuery) -> list[Kept]:
        match query:
            case FindDocuments():
                return [k for k in self.of("DocumentEntry") if self.matches_entry(query, k)]
            case FindSubmissionSets():
                return [k for k in self.of("SubmissionSet") if self.matches_set(query, k)]
            case FindFolders():
                return [k for k in self.of("Folder") if self.matches_folder(query, k)]
            case GetAll():
                return self.get_all(query)
            case GetDocuments():
                return self.named_entries(query)
            case GetFolders():
                return self.named_folders(query)
            case GetAssociations():
                return self.touching(set(query.uuid), query)
            case GetDocumentsAndAssociations():
                entries = self.named_entries(query)
                return entries + self.touching({k.value.entry_uuid for k in entries}, query)
            case GetSubmissionSets():
                links = [
                    k
                    for k in self.links(query, ())
                    if k.value.association_type == HAS_MEMBER
                    and k.value.submission_set_status != "Reference"
                    and k.value.target_object in query.uuid
                    and self.kind(k.value.source_object) == "SubmissionSet"
                    and self.kind(k.value.target_object) in ("DocumentEntry", "Folder")
                ]
                sources = {k.value.source_object for k in links}
                return links + [k for k in self.kept if k.value.entry_uuid in sources]
            case GetSubmissionSetAndContents():
                return self.set_and_contents(query)
            case GetFolderAndContents():
                return self.folder_and_contents(query)
            case GetFoldersForDocument():
                named = {k.value.entry_uuid for k in self.named_entries(query, everything=True)}
                folders = {
                    k.value.source_object
                    for k in self.links(query, query.association_status)
                    if k.value.association_type == HAS_MEMBER and k.value.target_object in named
                }
                return [
                    k
                    for k in self.of("Folder")
                    if k.value.entry_uuid in folders and self.shows_folder(query, k)
                ]
            case GetRelatedDocuments():
                return self.related_documents(query)
        raise TypeError(query)

    def matches_entry(self, q: FindDocuments, k: Kept) -> bool:
        e: DocumentEntry = k.value
        availability = e.document_availability or DocumentAvailability.ONLINE
        return (
            (q.patient_id is None or self.patients.is_of(q.patient_id, e.patient_id))
            and chosen(q.status, e.availability_status)
            and any_of(q.class_code, e.class_code)
            and any_of(q.type_code, e.type_code)
            and any_of(q.practice_setting_code, e.practice_setting_code)
            and any_of(q.healthcare_facility_type_code, e.healthcare_facility_type_code)
            and all_of(q.event_code_list, e.event_code_list)
            and all(
                any(text == r.text for text in group for r in e.reference_id_list)
                for group in q.reference_id_list
            )
            and person_matches(q.author_person, e.author)
            and all(in_time(bound, k) for bound in q.times)
            and chosen(q.document_availability, availability)
            and self.passes(q, k)
            and self.is_under(q.logical_id, e)
            and identified(q, e)
            and all(self.holds(c, k) for c in q.also)
        )

    def is_under(self, ids: tuple[str, ...], e: DocumentEntry) -> bool:
        """Whether one of the ids is an entry's logical id, or that of one of its versions."""
        versions = {
            k.value.entry_uuid
            for k in self.of("DocumentEntry")
            if k.value.logical_id == e.logical_id
        }
        return not ids or e.logical_id in ids or bool(versions & set(ids))

    def matches_set(self, q: FindSubmissionSets, k: Kept) -> bool:
        s: SubmissionSet = k.value
        return (
            (q.patient_id is None or self.patients.is_of(q.patient_id, s.patient_id))
            and chosen(q.status, s.availability_status)
            and chosen(q.source_id, s.source_id)
            and all(in_time(bound, k) for bound in q.times)
            and person_matches(q.author_person, s.author)
            and any_of(q.content_type_code, s.content_type_code)
            and identified(q, s)
            and all(self.holds(c, k) for c in q.also)
        )

    def matches_folder(self, q: FindFolders, k: Kept) -> bool:
        f: Folder = k.value
        return (
            (q.patient_id is None or self.patients.is_of(q.patient_id, f.patient_id))
            and chosen(q.status, f.availability_status)
            and all(in_time(bound, k) for bound in q.times)
            and all_of(q.code_list, f.code_list)
            and identified(q, f)
            and self.shows_folder(q, k)
            and all(self.holds(c, k) for c in q.also)
        )

    def get_all(self, q: GetAll) -> list[Kept]:
        found = [
            k
            for k in self.kept
            if k.kind != "Association"
            and self.patients.is_of(q.patient_id, k.value.patient_id)
            and (
                (
                    k.kind == "DocumentEntry"
                    and chosen(q.document_entry_status, k.value.availability_status)
                    and self.passes(q, k)
                )
                or (
                    k.kind == "SubmissionSet"
                    and chosen(q.submission_set_status, k.value.availability_status)
                )
                or (
                    k.kind == "Folder"
                    and chosen(q.folder_status, k.value.availability_status)
                    and self.shows_folder(q, k)
                )
            )
        ]
        return found + self.among(found, self.links(q, q.association_status))

    def set_and_contents(self, q: GetSubmissionSetAndContents) -> list[Kept]:
        if not q.entry_uuid and not q.unique_id:
            return []
        sets = [
            k
            for k in self.of("SubmissionSet")
            if chosen(q.entry_uuid, k.value.entry_uuid) and chosen(q.unique_id, k.value.unique_id)
        ]
        links = self.links(q, ())
        inside = self.members(sets, links)
        found = sets + [
            k
            for k in self.kept
            if k.value.entry_uuid in inside
            and (
                (k.kind == "DocumentEntry" and self.passes(q, k))
                or (k.kind == "Folder" and self.shows_folder(q, k))
            )
        ]
        return found + self.among(found, links)

    def folder_and_contents(self, q: GetFolderAndContents) -> list[Kept]:
        folders = self.named_folders(q)
        links = self.links(q, q.association_status)
        inside = self.members(folders, links)
        entries = [
            k
            for k in self.of("DocumentEntry")
            if k.value.entry_uuid in inside and self.passes(q, k)
        ]
        shown = {k.value.entry_uuid for k in entries}
        holders = {k.value.entry_uuid for k in folders}
        return (
            folders
            + entries
            + [
                k
                for k in links
                if k.value.association_type == HAS_MEMBER
                and k.value.source_object in holders
                and k.value.target_object in shown
            ]
        )

    def related_documents(self, q: GetRelatedDocuments) -> list[Kept]:
        asked = {k.value.entry_uuid for k in self.named_entries(q, everything=True)}
        shown = {
            k.value.entry_uuid
            for k in self.of("DocumentEntry")
            if chosen(q.object_type, k.value.object_type) and self.shows_entry(q, k)
        }
        links = [
            k
            for k in self.links(q, q.association_status)
            if chosen(q.association_types, k.value.association_type)
            and {k.value.source_object, k.value.target_object} <= shown
            and {k.value.source_object, k.value.target_object} & asked
        ]
        ends = {e for k in links for e in (k.value.source_object, k.value.target_object)}
        return links + [k for k in self.kept if k.value.entry_uuid in ends]

    # ---------------------------------------------------------------- small steps

    def of(self, kind: str) -> list[Kept]:
        return [k for k in self.kept if k.kind == kind]

    def by_uuid(self, entry_uuid: str) -> Kept | None:
        return next((k for k in self.kept if k.value.entry_uuid == entry_uuid), None)

    def kind(self, entry_uuid: str) -> str:
        one = self.by_uuid(entry_uuid)
        return one.kind if one else ""

    def is_latest(self, k: Kept) -> bool:
        versions = [o for o in self.of(k.kind) if o.value.logical_id == k.value.logical_id]
        return k is max(versions, key=age)

    def shows_entry(self, q: Any, k: Kept) -> bool:
        offline = k.value.document_availability == DocumentAvailability.OFFLINE
        return q.metadata_level >= 2 or (self.is_latest(k) and not offline)

    def shows_folder(self, q: Any, k: Kept) -> bool:
        approved = k.value.availability_status == AvailabilityStatus.APPROVED
        return q.metadata_level >= 2 or (self.is_latest(k) and approved)

    def passes(self, q: Any, k: Kept) -> bool:
        return (
            any_of(q.format_code, k.value.format_code)
            and all_of(q.confidentiality_code, k.value.confidentiality_code)
            and chosen(q.object_type, k.value.object_type)
            and self.shows_entry(q, k)
        )

    def named_entries(self, q: Any, *, everything: bool = False) -> list[Kept]:
        if not q.entry_uuid and not q.unique_id and not q.logical_id:
            return []
        return [
            k
            for k in self.of("DocumentEntry")
            if chosen(q.entry_uuid, k.value.entry_uuid)
            and chosen(q.unique_id, k.value.unique_id)
            and chosen(q.logical_id, k.value.logical_id)
            and (everything or self.shows_entry(q, k))
        ]

    def named_folders(self, q: Any) -> list[Kept]:
        if not q.entry_uuid and not q.unique_id and not q.logical_id:
            return []
        return [
            k
            for k in self.of("Folder")
            if chosen(q.entry_uuid, k.value.entry_uuid)
            and chosen(q.unique_id, k.value.unique_id)
            and chosen(q.logical_id, k.value.logical_id)
            and self.shows_folder(q, k)
        ]

    def links(self, q: Any, status: tuple[str, ...]) -> list[Kept]:
        if not status and q.metadata_level < 2:
            status = (AvailabilityStatus.APPROVED,)
        return [k for k in self.of("Association") if chosen(status, k.value.availability_status)]

    def touching(self, uuids: set[str], q: Any) -> list[Kept]:
        return [
            k
            for k in self.links(q, q.association_status)
            if {k.value.source_object, k.value.target_object} & uuids
        ]

    def members(self, holders: list[Kept], links: list[Kept]) -> set[str]:
        sources = {k.value.entry_uuid for k in holders}
        return {
            k.value.target_object
            for k in links
            if k.value.association_type == HAS_MEMBER and k.value.source_object in sources
        }

    def among(self, found: list[Kept], links: list[Kept]) -> list[Kept]:
        shown = {k.value.entry_uuid for k in found}
        between = [k for k in links if {k.value.source_object, k.value.target_object} <= shown]
        filed = {k.value.entry_uuid for k in between}
        return between + [
            k for k in links if k.value.source_object in shown and k.value.target_object in filed
        ]

    # ---------------------------------------------------------------- answers

    def present(self, k: Kept) -> Any:
        value = k.value
        if isinstance(value, Folder) and value.last_update_time is not None:
            value = replace(value, last_update_time=DateTime(value.last_update_time.lower))
        if isinstance(value, Association) or value.patient_id is None:
            return value
        return replace(value, patient_id=Identifier(self.patients.shown(value.patient_id)[0]))

    def held(self, k: Kept, form: Form) -> Held:
        value = k.value
        cx, logical_id = self.patients.shown(getattr(value, "patient_id", None))
        status = value.availability_status or ""
        touched = ""
        if isinstance(value, Folder) and value.last_update_time is not None:
            touched = value.last_update_time.lower
        fragment = b""
        if form is Form.EBRIM:
            (fragment,) = self.fragments.splice_ebrim(
                (self.fragments.ebrim(value),),
                status=status,
                patient_id=cx,
                last_update_time=touched,
            )
        elif form is Form.FHIR:
            written = self.fragments.fhir(value)
            assert written is not None
            fragment = self.fragments.splice_fhir(
                written,
                status=status,
                version=value.version,
                patient_id=cx,
                patient_logical_id=logical_id,
                relations=self.relations(value) if k.kind == "DocumentEntry" else (),
                members=self.listed(value) if k.kind != "DocumentEntry" else (),
                last_updated=k.updated,
                last_update_time=touched,
                registration_time=k.registered,
            )
        return Held(k.kind, value.entry_uuid, cx, fragment, k.key)

    def outgoing(self, value: Any) -> list[Association]:
        return [
            k.value
            for k in self.of("Association")
            if k.value.source_object == value.entry_uuid
            and k.value.availability_status == AvailabilityStatus.APPROVED
        ]

    def relations(self, value: Any) -> tuple[tuple[str, str, str], ...]:
        return tuple(
            (a.association_type, self.by_uuid(a.target_object).value.logical_id, a.target_object)  # type: ignore[union-attr]
            for a in self.outgoing(value)
            if a.association_type in RELATIONSHIPS
        )

    def listed(self, value: Any) -> tuple[tuple[str, str], ...]:
        members: dict[tuple[str, str], None] = {}
        for association in self.outgoing(value):
            target = self.by_uuid(association.target_object)
            if (
                target
                and association.association_type == HAS_MEMBER
                and target.kind in ("DocumentEntry", "Folder")
            ):
                members[target.kind, target.value.logical_id] = None
        return tuple(members)


def age(k: Kept) -> tuple[int, int]:
    return int(k.value.version), k.key


def identified(
    q: FindDocuments | FindSubmissionSets | FindFolders, o: DocumentEntry | SubmissionSet | Folder
) -> bool:
    """Whether one id of the query, of whichever kind, is the object's."""
    if not q.entry_uuid and not q.unique_id:
        return True
    return o.entry_uuid in q.entry_uuid or o.unique_id in q.unique_id


def chosen(choices: Iterable[str], value: str | None) -> bool:
    """No choice, or one of them."""
    choices = tuple(choices)
    return not choices or value in choices


def is_code(asked: tuple[str, str | None], code: Code) -> bool:
    return asked[0] == code.code and asked[1] in (None, code.scheme)


def any_of(asked: AnyOf, code: Code | None) -> bool:
    return not asked or (code is not None and any(is_code(one, code) for one in asked))


def all_of(asked: AllOf, codes: Iterable[Code]) -> bool:
    codes = tuple(codes)
    return all(
        not group or any(is_code(one, code) for one in group for code in codes) for group in asked
    )


def like(pattern: str, text: str) -> bool:
    """The textbook's definition, one character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return like(pattern[1:], text) or (bool(text) and like(pattern, text[1:]))
    return bool(text) and pattern[0] in ("_", text[0]) and like(pattern[1:], text[1:])


def person_matches(patterns: Iterable[str], authors: Iterable[Author]) -> bool:
    patterns = tuple(patterns)
    return not patterns or any(
        like(pattern, author.person.text)
        for pattern in patterns
        for author in authors
        if author.person is not None
    )


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def values(k: Kept, attribute: str) -> list[Any]:
    """The values of an attribute, authors' persons and institutions among them."""
    o = k.value
    if attribute == "author_person":
        return [a.person for a in getattr(o, "author", ()) if a.person]
    if attribute == "author_institution":
        return [i for a in getattr(o, "author", ()) for i in a.institution]
    if attribute in ("author_family", "author_given"):
        # Who has a name at all has both, one of them perhaps empty.
        return [t for t in texts(k, attribute) if t or attribute == "author_family"]
    if attribute in ("registration_time", "last_updated"):
        return [k.registered]
    value = getattr(o, attribute, None)
    if value is None:
        return []
    return list(value) if isinstance(value, tuple) else [value]


def texts(k: Kept, attribute: str) -> list[str]:
    people = [a.person for a in getattr(k.value, "author", ()) if a.person]
    if attribute == "author_family":
        return [p.family for p in people]
    if attribute == "author_given":
        return [n for p in people for n in (p.given, *p.middle.split(), p.middle) if n]
    if attribute == "author_institution":
        return [i.name for a in getattr(k.value, "author", ()) for i in a.institution if i.name]
    if attribute == "title" and k.kind != "DocumentEntry":
        return [t.value for t in k.value.title]
    return []


def is_text(match: Match, asked: str, text: str) -> bool:
    if match is Match.EXACT:
        return asked == text
    if match is Match.CONTAINS:
        return plain(asked) in plain(text)
    return plain(text).startswith(plain(asked))


def by(value: str | int) -> tuple[bool, str | int]:
    return isinstance(value, str), value


STATUS_NUMBERS = {AvailabilityStatus.APPROVED: 1, AvailabilityStatus.DEPRECATED: 2}


def place(k: Kept, order: tuple[Order, ...]) -> tuple[str | int, ...]:
    """What an object is ordered by, as rows hold it."""
    found: list[str | int] = []
    for one in order:
        attribute = one.attribute
        if attribute == "date":
            attribute = {"SubmissionSet": "submission_time", "Folder": "last_update_time"}.get(
                k.kind, "registration_time"
            )
        if attribute == "registration_time":
            value: Any = k.registered
        elif attribute == "last_updated":
            value = k.updated
        else:
            value = getattr(k.value, attribute, None)
        if isinstance(value, DateTime):
            value = value.lower
        elif isinstance(value, Code):
            value = f"{value.code}\x1e{value.scheme}"
        elif attribute == "availability_status":
            value = STATUS_NUMBERS.get(value, value)
        found.append("" if value is None else value)
    return tuple(found)


def is_beyond(k: Kept, order: tuple[Order, ...], page: Page) -> bool:
    """Whether an object stands behind the place where a page ended."""
    assert page.after is not None
    for one, mine, last in zip(order, place(k, order), page.place[: len(order)], strict=True):
        if mine != last:
            return (by(mine) > by(last)) == one.ascending
    return k.key > page.after if page.ascending else k.key < page.after


def last_second(time: DateTime) -> str:
    """The last second a time covers, found by trying the days of a month."""
    text = time.text
    if len(text) == 4:
        text += "12"
    if len(text) == 6:
        months = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        year, month = int(text[:4]), int(text[4:])
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        text += "28" if month == 2 and not leap else str(months[month - 1])
    return text + "235959"[len(text) - 8 :]


def in_time(bound: TimeBound, k: Kept) -> bool:
    if bound.attribute == "registration_time":
        value: str | None = k.registered
    elif bound.attribute == "last_updated":
        value = k.updated
    else:
        time = getattr(k.value, bound.attribute, None)
        value = None if time is None else time.lower
        if time is not None and bound.last:
            value = last_second(time)
    if value is None:
        return bound.missing_matches
    return (bound.low is None or bound.low <= value) and (bound.high is None or value < bound.high)
