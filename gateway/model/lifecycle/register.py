"""Registration: what a new submission does to the registry.

The message itself has been checked before; here are the rules that need the registry's content.

Source:
    IHE ITI TF-2b: 3.42.4.1.3, TF-3: 4.2.2 and 4.1 (revision 17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from gateway.errors import ErrorCode, Finding, first_findings, refuse_errors
from gateway.model.association import Association
from gateway.model.changed import changed
from gateway.model.conventions import STANDARD_STATUSES, StatusRules
from gateway.model.datatypes import Author, DateTime, is_uuid_urn
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place, same_id, same_patient, with_registry_ids
from gateway.model.lifecycle.known import (
    Changes,
    DocumentRecord,
    FolderTouch,
    Known,
    StatusChange,
)
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    RELATIONSHIPS,
    REPLACEMENTS,
    AssociationType,
    AvailabilityStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision needs besides the message and the registry's content.

    Attributes:
        now: DTM text of 14 digits, UTC.
        new_uuid: Gives a fresh ``urn:uuid:…``, lower case.
        known_patients_only: Refuse patients nobody announced.
        fingerprint: What a repetition of the same submission has in common with it.
        documents: The documents that came with the submission.
        findings: What the checks of the message found; refused together with what is found here.
        statuses: Which statuses documents have here.
        requester: Who asks, where that is known; else the author of the SubmissionSet counts.
        anyone: Nobody can be told apart here: what only an author may ask is not refused.
    """

    now: str
    new_uuid: Callable[[], str]
    known_patients_only: bool = False
    fingerprint: bytes | None = None
    documents: tuple[DocumentRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    statuses: StatusRules = STANDARD_STATUSES
    requester: tuple[Author, ...] | None = None
    anyone: bool = False


def register(submission: Submission, known: Known, about: Circumstances) -> Changes:
    """Decide what a submission adds and changes.

    Raises:
        Refused: With every finding of the message's checks and of the rules here.
    """
    sets = submission.submission_sets
    named = [s.unique_id for s in sets]
    named += [e.unique_id for e in submission.document_entries]
    named += [f.unique_id for f in submission.folders]
    used = {unique_id for unique_id in named if unique_id and known.whole.is_used(unique_id)}
    if sets and sets[0].unique_id in used and sets[0].unique_id:
        accepted = known.whole.fingerprint(sets[0].unique_id)
        if accepted is not None and accepted == about.fingerprint:
            return Changes(repeated=True)
    refuse_errors(
        first_findings(
            chain(
                about.findings,
                _check_patients(submission, known, about.known_patients_only),
                _check_identities(submission, known.whole, used, about),
                _check_links(submission, known, about.statuses),
            )
        )
    )
    return _accept(submission, known, about)


def _check_patients(
    submission: Submission, known: Known, known_patients_only: bool
) -> Iterator[Finding]:
    patient = submission.submission_sets[0].patient_id if submission.submission_sets else None
    if patient is None or not patient.value or not patient.authority:
        return
    item = submission.submission_sets[0]
    surviving = known.surviving(patient)
    if surviving is not None and not same_patient(surviving, patient):
        yield Finding(
            rule="patient-merged",
            code=ErrorCode.UNKNOWN_PATIENT_ID,
            location=place(item, "patientId"),
            context=patient.text,
            message="this patient id was merged into another one; submit under that one",
        )
    elif known_patients_only and not known.is_known(patient):
        yield Finding(
            rule="patient-known",
            code=ErrorCode.UNKNOWN_PATIENT_ID,
            location=place(item, "patientId"),
            context=patient.text,
            message="no patient identity feed announced this patient id",
        )


def _check_identities(
    submission: Submission,
    known: Known,
    used: set[str],
    about: Circumstances,
) -> Iterator[Finding]:
    for item in submission.objects():
        if is_uuid_urn(item.entry_uuid) and known.object(item.entry_uuid.lower()) is not None:
            yield Finding(
                rule="entry-uuid-new",
                code=ErrorCode.REGISTRY_METADATA_ERROR,
                location=place(item, "entryUUID"),
                message="this entryUUID is already in the registry; use a symbolic id",
            )
    packages: list[SubmissionSet | Folder] = [*submission.submission_sets, *submission.folders]
    for package in packages:
        if package.unique_id in used:
            yield Finding(
                rule="unique-id-new",
                code=ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY,
                location=place(package, "uniqueId"),
                context=package.unique_id or "",
                message="this uniqueId is already in the registry, with another content",
            )
    contents = {d.unique_id: d for d in about.documents}
    for entry in submission.document_entries:
        # The repository may hold a document that no entry describes any more.
        if entry.unique_id in contents or entry.unique_id in used:
            content = contents.get(entry.unique_id)
            yield from _check_document_identity(entry, content, known, about.statuses)


def _check_document_identity(
    entry: DocumentEntry, content: DocumentRecord | None, known: Known, statuses: StatusRules
) -> list[Finding]:
    """A document's uniqueId may come again only with the same octets."""
    unique_id = entry.unique_id or ""

    def differs(code: ErrorCode, rule: str, attribute: str, message: str) -> Finding:
        return Finding(
            rule=rule,
            code=code,
            location=place(entry, attribute),
            context=unique_id,
            message=message,
        )

    for other in known.entries(unique_id):
        if statuses.is_withdrawn(other.availability_status):
            return [
                differs(
                    ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY,
                    "unique-id-withdrawn",
                    "uniqueId",
                    "the document with this uniqueId was withdrawn, which is for good",
                )
            ]
        if other.is_on_demand and entry.is_on_demand:
            continue
        if other.is_on_demand != entry.is_on_demand:
            return [
                differs(
                    ErrorCode.REGISTRY_METADATA_ERROR,
                    "unique-id-of-other-kind",
                    "uniqueId",
                    "this uniqueId belongs to an entry of the other objectType",
                )
            ]
        if (entry.hash or "").lower() != (other.hash or "").lower():
            return [
                differs(
                    ErrorCode.NON_IDENTICAL_HASH,
                    "hash-identical",
                    "hash",
                    # Not what the registry has: the other document may be none of his business.
                    f"announced {entry.hash}, the registry has another one for this uniqueId; "
                    "a changed document needs a uniqueId of its own",
                )
            ]
        if entry.size != other.size:
            return [
                differs(
                    ErrorCode.NON_IDENTICAL_SIZE,
                    "size-identical",
                    "size",
                    f"announced {entry.size}, the registry has another one for this uniqueId",
                )
            ]
    if content is not None:
        held = known.document(unique_id)
        # SHA-1 is what the standard compares; two contents can be made to share it.
        if held is not None and held.content != content.content:
            return [
                differs(
                    ErrorCode.NON_IDENTICAL_HASH,
                    "content-identical",
                    "hash",
                    "the repository holds other octets under this uniqueId; a changed document "
                    "needs a uniqueId of its own",
                )
            ]
    holder = known.holder(unique_id)
    if holder is not None:
        return [
            differs(
                ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY,
                "unique-id-new",
                "uniqueId",
                f"this uniqueId belongs to a {type(holder).__name__}",
            )
        ]
    return []


class _Ends:
    """Finds the objects an association of a submission links."""

    def __init__(self, submission: Submission, known: Known) -> None:
        self.submitted: dict[str, RegistryObject] = {}
        for item in submission.objects():
            if item.entry_uuid:
                self.submitted[same_id(item.entry_uuid)] = item
        self._known = known
        self._registered: dict[str, RegistryObject | None] = {}

    def find(self, identifier: str) -> tuple[RegistryObject | None, bool]:
        """Give the object and whether it is part of the submission."""
        identifier = same_id(identifier)
        own = self.submitted.get(identifier)
        if own is not None:
            return own, True
        if not is_uuid_urn(identifier):
            return None, False
        if identifier not in self._registered:
            self._registered[identifier] = self._known.object(identifier)
        return self._registered[identifier], False


def _check_links(submission: Submission, known: Known, statuses: StatusRules) -> Iterator[Finding]:
    ends = _Ends(submission, known)
    replaced: set[str] = set()
    for association in submission.associations:
        source, source_is_new = ends.find(association.source_object)
        target, target_is_new = ends.find(association.target_object)
        for end, new, attribute in (
            (source, source_is_new, "sourceObject"),
            (target, target_is_new, "targetObject"),
        ):
            yield from _check_end(association, end, new, attribute, statuses)
        if source is None or target is None:
            continue
        yield from _check_pair(association, (source, source_is_new), (target, target_is_new))
        if association.association_type in REPLACEMENTS:
            if association.target_object.lower() in replaced:
                yield Finding(
                    rule="replaced-once",
                    code=ErrorCode.REGISTRY_METADATA_ERROR,
                    location=place(association, "targetObject"),
                    message="two associations of this submission replace the same entry",
                )
            replaced.add(association.target_object.lower())


def _check_end(
    association: Association,
    end: RegistryObject | None,
    is_new: bool,
    attribute: str,
    statuses: StatusRules,
) -> list[Finding]:
    identifier = (
        association.source_object if attribute == "sourceObject" else association.target_object
    )
    if end is None or statuses.is_withdrawn(end.availability_status):
        # A symbolic id that nothing defines is a fault of the message, found by its checks.
        if not is_uuid_urn(identifier):
            return []
        return [
            Finding(
                rule="association-end-exists",
                code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                location=place(association, attribute),
                context=identifier,
                message="this object is neither in the submission nor in the registry",
            )
        ]
    if (
        not is_new
        and isinstance(end, DocumentEntry | Folder)
        and not statuses.is_in_force(end.availability_status)
    ):
        return [
            Finding(
                rule="association-end-approved",
                code=ErrorCode.REGISTRY_DEPRECATED_DOCUMENT_ERROR,
                location=place(association, attribute),
                context=identifier,
                message="this object of the registry is deprecated; refer to its latest version",
            )
        ]
    return []


def _check_pair(
    association: Association,
    source_and_new: tuple[RegistryObject, bool],
    target_and_new: tuple[RegistryObject, bool],
) -> Iterator[Finding]:
    """What two objects must have in common, where one of them at least is the registry's.

    Two objects of the submission belong to one patient and fit one another, or its own checks have
    said so.
    """
    source, source_is_new = source_and_new
    target, target_is_new = target_and_new
    if source_is_new and target_is_new:
        return
    kind = association.association_type
    by_reference = isinstance(source, SubmissionSet) and association.submission_set_status in (
        "Reference",
        None,
    )
    if (
        not isinstance(source, Association)
        and not isinstance(target, Association)
        and not by_reference
        and not same_patient(source.patient_id, target.patient_id)
    ):
        yield Finding(
            rule="association-one-patient",
            code=ErrorCode.PATIENT_ID_DOES_NOT_MATCH,
            location=place(association),
            context=association.target_object,
            message="the objects this association links belong to different patients",
        )
    if kind in RELATIONSHIPS and not isinstance(target, DocumentEntry):
        yield _misfit(
            association,
            "relationship-between-documents",
            "targetObject",
            f"a relationship needs a DocumentEntry, this is a {type(target).__name__}",
        )
    if kind == AssociationType.HAS_MEMBER:
        yield from _check_membership(association, (source, source_is_new), target)
    if kind == AssociationType.IS_SNAPSHOT_OF and isinstance(target, DocumentEntry):
        snapshot_is_stable = isinstance(source, DocumentEntry) and not source.is_on_demand
        if not (snapshot_is_stable and target.is_on_demand):
            yield _misfit(
                association,
                "snapshot-kinds",
                "",
                "IsSnapshotOf links a stable entry with an on-demand entry",
            )


def _check_membership(
    association: Association,
    source_and_new: tuple[RegistryObject, bool],
    target: RegistryObject,
) -> Iterator[Finding]:
    """A new set takes in entries of the registry; a folder of the registry takes in entries.

    Source:
        IHE ITI TF-3: 4.2.2.1 and 4.2.2.2 (revision 17).
    """
    source, source_is_new = source_and_new
    if not source_is_new and not isinstance(source, Folder):
        yield _misfit(
            association,
            "membership-source",
            "sourceObject",
            f"a {type(source).__name__} of the registry takes no further members; a Folder does",
        )
    elif not isinstance(target, DocumentEntry):
        yield _misfit(
            association,
            "membership-target",
            "targetObject",
            f"a member that joins this way is a DocumentEntry, this is a {type(target).__name__}",
        )


def _misfit(association: Association, rule: str, attribute: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        code=ErrorCode.REGISTRY_METADATA_ERROR,
        location=place(association, attribute),
        message=message,
    )


def _accept(submission: Submission, known: Known, about: Circumstances) -> Changes:
    new = with_registry_ids(submission, about.new_uuid, accepted=True)
    entries = new.document_entries
    if about.statuses.further:
        entries = _taking_over(entries, new.associations, known, about.statuses)
    added: list[RegistryObject] = [*new.submission_sets, *entries]
    added += [changed(f, last_update_time=DateTime(about.now)) for f in new.folders]
    statuses: dict[str, StatusChange] = {}
    touched: dict[str, FolderTouch] = {}
    links = list(new.associations)
    own_folders = {f.entry_uuid for f in new.folders}
    own_entries = {e.entry_uuid for e in new.document_entries}
    submission_set = new.submission_set.entry_uuid
    for association in new.associations:
        source, target = association.source_object, association.target_object
        if association.association_type in REPLACEMENTS:
            for uuid in deprecated_with(target, known.whole):
                statuses[uuid] = StatusChange(entry_uuid=uuid, status=AvailabilityStatus.DEPRECATED)
            links += _inherited_membership(
                source, target, submission_set, links, known.whole, about
            )
    for association in links:
        source = association.source_object
        if (
            association.association_type == AssociationType.HAS_MEMBER
            and source != submission_set
            and source not in own_folders
            and source not in own_entries
        ):
            touched[source] = FolderTouch(entry_uuid=source, last_update_time=about.now)
    added += links
    return Changes(
        added=tuple(added),
        statuses=tuple(statuses.values()),
        touched=tuple(touched.values()),
        documents=about.documents,
        fingerprint=about.fingerprint,
        events=("submitted",),
    )


def _taking_over(
    entries: tuple[DocumentEntry, ...],
    links: tuple[Association, ...],
    known: Known,
    statuses: StatusRules,
) -> tuple[DocumentEntry, ...]:
    """Give new entries the further status of what they replace: archived stays archived."""
    taken: dict[str, str] = {}
    for link in links:
        if link.association_type in REPLACEMENTS:
            old = known.object(link.target_object)
            if old is not None and statuses.named(old.availability_status):
                taken[link.source_object] = old.availability_status or ""
    return tuple(
        changed(e, availability_status=taken[e.entry_uuid]) if e.entry_uuid in taken else e
        for e in entries
    )


def deprecated_with(replaced: str, known: Known) -> tuple[str, ...]:
    """Give what becomes deprecated when an entry is replaced: itself, its appendices, transforms.

    Source:
        IHE ITI TF-3: 4.2.2.2.3 (revision 17).
    """
    dependent = (AssociationType.APND, AssociationType.XFRM)
    reached = {replaced: None}
    waiting = [replaced]
    while waiting:
        current = waiting.pop()
        for association in known.associations(current):
            source = association.source_object
            if (
                association.association_type in dependent
                and association.target_object == current
                and source not in reached
            ):
                reached[source] = None
                waiting.append(source)
    return tuple(reached)


def _inherited_membership(
    new_entry: str,
    old_entry: str,
    submission_set: str,
    links: list[Association],
    known: Known,
    about: Circumstances,
) -> list[Association]:
    """The new entry joins each approved folder the old one is in, filed by its own set."""
    present = {
        (a.source_object, a.target_object)
        for a in links
        if a.association_type == AssociationType.HAS_MEMBER
    }
    inherited: list[Association] = []
    for association in known.associations(old_entry):
        folder = association.source_object
        if (
            association.association_type != AssociationType.HAS_MEMBER
            or association.target_object != old_entry
            or association.availability_status != AvailabilityStatus.APPROVED
            or (folder, new_entry) in present
        ):
            continue
        holder = known.object(folder)
        if (
            not isinstance(holder, Folder)
            or holder.availability_status != AvailabilityStatus.APPROVED
        ):
            continue
        member = _membership(folder, new_entry, about)
        inherited += [
            member,
            _membership(submission_set, member.entry_uuid, about),
        ]
    return inherited


def _membership(holder: str, member: str, about: Circumstances) -> Association:
    entry_uuid = about.new_uuid()
    return Association(
        entry_uuid=entry_uuid,
        logical_id=entry_uuid,
        version="1",
        availability_status=AvailabilityStatus.APPROVED.value,
        association_type=AssociationType.HAS_MEMBER,
        source_object=holder,
        target_object=member,
    )
