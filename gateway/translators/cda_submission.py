"""One submission around clinical documents that were described from their headers.

Ids are made from what the submission holds: the same documents for the same patient from the same
source give the same ids, so that sending them again cannot register them twice.

Source:
    IHE ITI TF-3: 4.1, 4.2.1 (revision 17); IHE PCC TF-2: 4.1.1.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.codecs.cda.values import CdaHeader, EncompassingEncounter
from gateway.model.association import Association
from gateway.model.datatypes import Code, DateTime, LocalizedString
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType
from gateway.profile import Profile

# Any value would do; changing it would name every submission anew.
_OURS = uuid.UUID("6f3c7a0e-50f4-5b55-9f0c-3d1c2a4be7d1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderChoice:
    """The folder that documents are put into.

    Attributes:
        unique_id: Of the folder.
        entry_uuid: Of the registered folder; empty where the submission has to create it.
        title: Of a folder to be created.
    """

    unique_id: str
    entry_uuid: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentToSubmit:
    """One described document and what it does to others.

    Attributes:
        profile: The community the submission is for.
        replaces: entryUUIDs of registered entries it takes the place of.
    """

    entry: DocumentEntry
    header: CdaHeader
    profile: Profile = Profile(name="")
    replaces: tuple[str, ...] = ()


def folder_unique_id(patient_id: str, title: str) -> str:
    """Name a patient's folder by its title."""
    return _oid(_named("folder", patient_id, title))


def submission_of(
    documents: Sequence[DocumentToSubmit],
    *,
    source_id: str,
    submission_time: DateTime,
    folder: FolderChoice | None = None,
) -> Submission:
    """Give a submission with its set, links and permanent ids.

    Args:
        documents: At least one, all of the same patient.
        source_id: OID of the system that submits.
        submission_time: When it does so.
    """
    first = documents[0]
    patient = first.entry.patient_id.text if first.entry.patient_id else ""
    contents = [f"{d.entry.unique_id} {d.entry.hash}" for d in documents]
    name = _named("submission", source_id, patient, *contents)
    entries = tuple(
        replace(d.entry, entry_uuid=_named(name.urn, "entry", d.entry.unique_id or "").urn)
        for d in documents
    )
    authors = first.entry.author
    if first.profile.metadata_from_cda.one_submission_author:
        authors = authors[:1]
    submission_set = SubmissionSet(
        entry_uuid=_named(name.urn, "set").urn,
        unique_id=_oid(name),
        patient_id=first.entry.patient_id,
        source_id=source_id,
        submission_time=submission_time,
        author=authors,
        content_type_code=content_type_code(first.header, first.profile) or first.entry.type_code,
        title=first.entry.title,
    )
    links = [_member(submission_set.entry_uuid, entry.entry_uuid) for entry in entries]
    for document, entry in zip(documents, entries, strict=True):
        links += (_replacement(entry.entry_uuid, target) for target in document.replaces)
    folders: tuple[Folder, ...] = ()
    if folder is not None:
        folders, filed = _filed(folder, submission_set, entries)
        links += filed
    return Submission(
        submission_sets=(submission_set,),
        document_entries=entries,
        folders=folders,
        associations=tuple(_identified(name, links)),
    )


def content_type_code(header: CdaHeader, profile: Profile) -> Code | None:
    """The clinical activity that led to a document, from where its community looks for it.

    Source:
        IHE ITI TF-3: 4.2.3.3.4 (contentTypeCode).
    """
    encounter = header.encompassing_encounter or EncompassingEncounter()
    rules = profile.metadata_from_cda
    for place in rules.content_type_from:
        code: Code | None = None
        if place == "facility":
            facility = encounter.facility_code
            sets = profile.value_sets_of("content_type_code")
            code = facility if any(facility in one for one in sets) else None
        elif place == "encounter" and encounter.code:
            table = profile.content_type_by_encounter
            code = table.get(encounter.code.key) if table else encounter.code
        elif place == "act":
            acts = (event.code for event in header.service_events)
            code = next((one for one in acts if one and one.scheme), None)
        if code is not None and code.scheme:
            return profile.with_display("content_type_code", code)
    return rules.default.get("content_type_code")


def _filed(
    choice: FolderChoice, submission_set: SubmissionSet, entries: Iterable[DocumentEntry]
) -> tuple[tuple[Folder, ...], list[Association]]:
    """The folder, where it is new, and the links that put every entry into it.

    Source:
        IHE ITI TF-3: 4.1.4.1: the link of a folder with a document is the submission's member.
    """
    entries = tuple(entries)
    folders: tuple[Folder, ...] = ()
    links: list[Association] = []
    identifier = choice.entry_uuid
    if not identifier:
        identifier = _named("folder", choice.unique_id).urn
        codes = {e.class_code.key: e.class_code for e in entries if e.class_code}
        folders = (
            Folder(
                entry_uuid=identifier,
                unique_id=choice.unique_id,
                patient_id=submission_set.patient_id,
                code_list=tuple(codes.values()),
                title=(LocalizedString(choice.title),),
            ),
        )
        links.append(_member(submission_set.entry_uuid, identifier))
    for entry in entries:
        inside = Association(
            entry_uuid=_named(identifier, entry.entry_uuid).urn,
            association_type=AssociationType.HAS_MEMBER,
            source_object=identifier,
            target_object=entry.entry_uuid,
        )
        links += [inside, _member(submission_set.entry_uuid, inside.entry_uuid)]
    return folders, links


def _member(submission_set: str, target: str) -> Association:
    return Association(
        association_type=AssociationType.HAS_MEMBER,
        source_object=submission_set,
        target_object=target,
        submission_set_status="Original",
    )


def _replacement(source: str, target: str) -> Association:
    return Association(
        association_type=AssociationType.RPLC, source_object=source, target_object=target
    )


def _identified(name: uuid.UUID, links: Iterable[Association]) -> Iterator[Association]:
    for number, link in enumerate(links, 1):
        identifier = link.entry_uuid or _named(name.urn, "link", str(number)).urn
        yield replace(link, entry_uuid=identifier)


def _named(*parts: str) -> uuid.UUID:
    return uuid.uuid5(_OURS, "\n".join(parts))


def _oid(name: uuid.UUID) -> str:
    """Write a UUID as OID (ITU-T X.667: arc 2.25)."""
    return f"2.25.{name.int}"
