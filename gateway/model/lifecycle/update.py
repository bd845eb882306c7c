"""Metadata update: new versions, status changes and late associations, all or nothing.

Source:
    IHE ITI XDS Metadata Update supplement: 3.57.4.1.3; Restricted Metadata Update supplement:
    3.92.4.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import ErrorCode, Finding, Refused, first_findings, refuse_errors
from gateway.model.association import Association
from gateway.model.conventions import STANDARD_STATUSES
from gateway.model.datatypes import DateTime, is_uuid_urn
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place, same_patient, with_registry_ids
from gateway.model.lifecycle.known import Changes, FolderTouch, Known, StatusChange
from gateway.model.lifecycle.late_association import submit_association
from gateway.model.lifecycle.outcome import APPROVED, DEPRECATED, Outcome
from gateway.model.lifecycle.register import Circumstances
from gateway.model.lifecycle.withdraw import is_author, withdrawn_with
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    RELATIONSHIPS,
    AssociationType,
    DocumentAvailability,
)


def update(
    submission: Submission, known: Known, about: Circumstances, *, restricted: bool = False
) -> Changes:
    """Decide what a metadata update does.

    Args:
        submission: The request, its own rules checked before.
        known: The registry's content.
        about: Circumstances; the findings of the message's checks among them.
        restricted: The request came as ITI-92, which allows less.

    Raises:
        Refused: With every finding; a version that is not the latest is reported only when
            everything else was right, as the supplement asks.
    """
    if submission.submission_sets and submission.submission_set.unique_id:
        accepted = known.whole.fingerprint(submission.submission_set.unique_id)
        if accepted is not None and accepted == about.fingerprint:
            return Changes(repeated=True)
    outcome = Outcome(known, about, restricted, findings=list(about.findings))
    if submission.submission_sets:
        _operate(submission, outcome)
    refuse_errors(first_findings(outcome.findings))
    _check_withdrawn(outcome)
    if outcome.version_findings:
        raise Refused(*first_findings([*outcome.findings, *outcome.version_findings]))
    return Changes(
        added=tuple(outcome.added.values()),
        statuses=tuple(
            StatusChange(entry_uuid=uuid, status=status)
            for uuid, status in outcome.statuses.items()
            if uuid not in outcome.added and uuid not in outcome.withdrawn
        ),
        touched=tuple(
            FolderTouch(entry_uuid=uuid, last_update_time=about.now) for uuid in outcome.touched
        ),
        withdrawn=tuple(
            StatusChange(entry_uuid=uuid, status=status)
            for uuid, status in outcome.withdrawn.items()
        ),
        withdrawn_documents=tuple(outcome.withdrawn_documents),
        fingerprint=about.fingerprint,
        events=("updated",),
    )


def _check_withdrawn(outcome: Outcome) -> None:
    """Refuse what leaves new objects linked with some that nobody finds any more."""
    for item in outcome.added.values() if outcome.withdrawn else ():
        if isinstance(item, Association) and (
            item.source_object in outcome.withdrawn or item.target_object in outcome.withdrawn
        ):
            raise Refused(
                Finding(
                    rule="update-withdrawn",
                    code=ErrorCode.METADATA_UPDATE_ERROR,
                    location=place(item),
                    message="the request withdraws a document and changes it, or links it, as "
                    "well; a withdrawal stands alone",
                )
            )


def _operate(submission: Submission, outcome: Outcome) -> None:
    new = with_registry_ids(submission, outcome.about.new_uuid)
    submission_set = replace(
        new.submission_set,
        availability_status=APPROVED,
        logical_id=new.submission_set.entry_uuid,
        version="1",
    )
    _check_set(submission.submission_set, outcome)
    outcome.requester = submission_set.author
    outcome.added[submission_set.entry_uuid] = submission_set
    old_names = dict(
        zip(
            (i.entry_uuid for i in new.objects()),
            (i for i in submission.objects()),
            strict=True,
        )
    )
    versions: dict[str, DocumentEntry | Folder] = {
        **{e.entry_uuid: e for e in new.document_entries},
        **{f.entry_uuid: f for f in new.folders},
    }
    links = {a.entry_uuid: a for a in new.associations}
    from_set = [a for a in new.associations if a.source_object == submission_set.entry_uuid]
    handled: set[str] = set()
    for link in _until_full(from_set, outcome):
        target = versions.get(link.target_object)
        if link.association_type == AssociationType.HAS_MEMBER and target is not None:
            handled |= {target.entry_uuid, link.entry_uuid}
            _update_version(target, old_names[target.entry_uuid], link, outcome)
    for link in _until_full(from_set, outcome):
        if link.association_type == AssociationType.UPDATE_AVAILABILITY_STATUS:
            handled.add(link.entry_uuid)
            _update_status(link, old_names[link.entry_uuid], outcome)
    for link in _until_full(from_set, outcome):
        if link.association_type == AssociationType.SUBMIT_ASSOCIATION:
            handled |= {link.entry_uuid, link.target_object}
            submit_association(link, links.get(link.target_object), submission_set, outcome)
    for uuid, item in old_names.items():
        if outcome.is_full:
            return
        if uuid not in handled and not isinstance(item, SubmissionSet):
            _refuse_unlinked(item, outcome)


def _until_full(links: list[Association], outcome: Outcome) -> Iterator[Association]:
    """The operations asked for, until more is wrong with them than is told."""
    for link in links:
        if outcome.is_full:
            return
        yield link


def _check_set(submission_set: SubmissionSet, outcome: Outcome) -> None:
    unique_id = submission_set.unique_id
    if unique_id and outcome.known.whole.is_used(unique_id):
        outcome.say(
            ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY,
            "unique-id-new",
            place(submission_set, "uniqueId"),
            "this uniqueId is already in the registry",
            unique_id,
        )
    patient = submission_set.patient_id
    if patient is None:
        return
    surviving = outcome.known.surviving(patient)
    merged = surviving is not None and not same_patient(surviving, patient)
    unknown = outcome.about.known_patients_only and not outcome.known.is_known(patient)
    if merged or unknown:
        outcome.say(
            ErrorCode.UNKNOWN_PATIENT_ID,
            "patient-known",
            place(submission_set, "patientId"),
            "this patient id is not known, or was merged into another one",
            patient.text,
        )


def _refuse_unlinked(item: RegistryObject, outcome: Outcome) -> None:
    code = ErrorCode.METADATA_UPDATE_OPERATION_ERROR
    if outcome.restricted and isinstance(item, DocumentEntry | Folder):
        code = ErrorCode.METADATA_ANNOTATION_ERROR
    outcome.say(
        code,
        "update-operation-known",
        place(item),
        "no operation of the request names this object; link it with the submission set by "
        "HasMember (new version), UpdateAvailabilityStatus or SubmitAssociation",
    )


# ---------------------------------------------------------------- a new version


def _update_version(
    new: DocumentEntry | Folder,
    sent: RegistryObject,
    link: Association,
    outcome: Outcome,
) -> None:
    previous_version = _check_version_link(link, sent, outcome)
    if not _check_logical_id(new, sent, outcome):
        return
    logical_id = (new.logical_id or "").lower()
    if any(getattr(i, "logical_id", None) == logical_id for i in outcome.added.values()):
        outcome.say(
            ErrorCode.METADATA_UPDATE_ERROR,
            "update-once",
            place(sent),
            "the request updates this logicalID twice; send one request for each",
            logical_id,
        )
        return
    if is_uuid_urn(sent.entry_uuid) and outcome.known.whole.object(new.entry_uuid) is not None:
        outcome.say(
            ErrorCode.REGISTRY_METADATA_ERROR,
            "entry-uuid-new",
            place(sent, "entryUUID"),
            "this entryUUID is already in the registry; a new version needs one of its own",
        )
    old = outcome.known.latest(logical_id)
    if old is None or type(old) is not type(new):
        outcome.version_findings.append(
            Finding(
                rule="update-logical-id-known",
                code=ErrorCode.METADATA_VERSION_ERROR,
                location=place(sent, "logicalID"),
                context=logical_id,
                message=f"the registry has no {type(new).__name__} with this logicalID",
            )
        )
        return
    if previous_version is not None and str(previous_version) != (old.version or "1"):
        outcome.version_findings.append(
            Finding(
                rule="update-previous-version",
                code=ErrorCode.METADATA_VERSION_ERROR,
                location=place(sent),
                context=old.entry_uuid,
                message=f"PreviousVersion is {previous_version}, the latest version is "
                f"{old.version}; read the object again before changing it",
            )
        )
    _check_unchanged(new, old, sent, outcome)
    propagate = (link.association_propagation or "yes").lower() != "no"
    _check_reconciled(new, old, sent, propagate, outcome)
    _keep_version(new, old, link, propagate, outcome)


def _check_version_link(link: Association, sent: RegistryObject, outcome: Outcome) -> int | None:
    """The slots of the HasMember that asks for a new version; gives PreviousVersion."""
    location = f"Association[{link.source_object} HasMember {sent.entry_uuid}]"

    def bad(rule: str, attribute: str, message: str) -> None:
        outcome.say(
            ErrorCode.METADATA_UPDATE_OPERATION_ERROR, rule, f"{location}.{attribute}", message
        )

    if isinstance(sent, DocumentEntry) and link.submission_set_status != "Original":
        bad(
            "update-set-status",
            "SubmissionSetStatus",
            f"must be Original for a new version, found {link.submission_set_status or 'none'}",
        )
    if link.original_status is not None or link.new_status is not None:
        bad(
            "update-foreign-slot",
            "OriginalStatus",
            "OriginalStatus and NewStatus belong to UpdateAvailabilityStatus, not to HasMember",
        )
    if link.association_propagation not in (None, "yes", "no"):
        bad(
            "update-propagation",
            "AssociationPropagation",
            f"must be yes or no, found {link.association_propagation}",
        )
    text = link.previous_version
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        bad(
            "update-previous-version",
            "PreviousVersion",
            f"must be the number of the version being updated, found {text or 'none'}",
        )
        return None
    return int(text)


def _check_logical_id(new: DocumentEntry | Folder, sent: RegistryObject, outcome: Outcome) -> bool:
    logical_id = new.logical_id
    first = ErrorCode.INVALID_REQUEST_EXCEPTION if outcome.restricted else None
    if not logical_id or not is_uuid_urn(logical_id):
        outcome.say(
            first or ErrorCode.METADATA_UPDATE_ERROR,
            "update-logical-id",
            place(sent, "logicalID"),
            "a new version carries the logicalID (lid) of the object it updates, a urn:uuid",
        )
        return False
    if logical_id.lower() == sent.entry_uuid.lower():
        outcome.say(
            first or ErrorCode.METADATA_UPDATE_ERROR,
            "update-not-first-version",
            place(sent, "logicalID"),
            "logicalID equals the object's own id, which makes it a first version, not an update",
        )
        return False
    return True


def _check_unchanged(
    new: DocumentEntry | Folder,
    old: DocumentEntry | Folder,
    sent: RegistryObject,
    outcome: Outcome,
) -> None:
    def fixed(attribute: str, code: ErrorCode, before: object, after: object) -> None:
        outcome.say(
            code,
            "update-attribute-fixed",
            place(sent, attribute),
            f"may not change in an update: the registry has {before}, the request says {after}",
        )

    general = ErrorCode.METADATA_UPDATE_ERROR
    if not outcome.restricted and not outcome.about.statuses.is_in_force(old.availability_status):
        outcome.say(
            general,
            "update-latest-approved",
            place(sent),
            "the latest version is not Approved; change its status first",
            old.entry_uuid,
        )
    if new.unique_id != old.unique_id:
        code = ErrorCode.METADATA_IDENTIFIER_ERROR if outcome.restricted else general
        fixed("uniqueId", code, old.unique_id, new.unique_id)
    if isinstance(new, DocumentEntry) and isinstance(old, DocumentEntry):
        unmodifiable = ErrorCode.UNMODIFIABLE_METADATA_ERROR
        # A delayed document gets its size and hash by an update; one that is here has its own.
        held = outcome.known.document(old.unique_id or "")
        if held is not None:
            code = unmodifiable if outcome.restricted else general
            if new.size is not None and new.size != str(held.size):
                fixed("size", code, f"a document of {held.size} octets", new.size)
            if new.hash is not None and new.hash.lower() != held.sha1:
                fixed("hash", code, f"a document with {held.sha1}", new.hash)
        if new.object_type != old.object_type:
            code = unmodifiable if outcome.restricted else general
            fixed("objectType", code, old.object_type, new.object_type)
        if outcome.restricted:
            if new.source_patient_id != old.source_patient_id:
                fixed("sourcePatientId", unmodifiable, "another value", "this one")
            if new.repository_unique_id != old.repository_unique_id:
                fixed(
                    "repositoryUniqueId",
                    unmodifiable,
                    old.repository_unique_id,
                    new.repository_unique_id,
                )
            online = DocumentAvailability.ONLINE.value
            if (new.document_availability or old.document_availability or online) != (
                old.document_availability or online
            ):
                fixed(
                    "documentAvailability",
                    unmodifiable,
                    old.document_availability or online,
                    new.document_availability,
                )
            if new.availability_status not in (None, old.availability_status):
                fixed(
                    "availabilityStatus",
                    unmodifiable,
                    old.availability_status,
                    new.availability_status,
                )


def _check_reconciled(
    new: DocumentEntry | Folder,
    old: DocumentEntry | Folder,
    sent: RegistryObject,
    propagate: bool,
    outcome: Outcome,
) -> None:
    """A changed patient must not leave linked objects with different patients."""
    if same_patient(new.patient_id, old.patient_id):
        return
    linked = propagate and any(_propagated(old, outcome))
    if outcome.restricted or linked:
        outcome.say(
            ErrorCode.PATIENT_ID_RECONCILIATION_ERROR,
            "update-patient",
            place(sent, "patientId"),
            "the patient may not change"
            if outcome.restricted
            else "the patient may not change while folders or other documents are linked; "
            "remove the links or send AssociationPropagation no",
            new.patient_id.text if new.patient_id else "",
        )


def _propagated(old: DocumentEntry | Folder, outcome: Outcome) -> Iterator[Association]:
    """The links of the old version that the new one takes over."""
    known = outcome.known.whole
    for association in known.associations(old.entry_uuid):
        if association.availability_status != APPROVED:
            continue
        if association.association_type in RELATIONSHIPS:
            yield association
        elif association.association_type == AssociationType.HAS_MEMBER:
            holder = known.object(association.source_object)
            member = known.object(association.target_object)
            if isinstance(holder, Folder) and isinstance(member, DocumentEntry):
                yield association


def _keep_version(
    new: DocumentEntry | Folder,
    old: DocumentEntry | Folder,
    link: Association,
    propagate: bool,
    outcome: Outcome,
) -> None:
    number = str(int(old.version or "1") + 1)
    status = old.availability_status or APPROVED
    kept: DocumentEntry | Folder
    if isinstance(new, DocumentEntry) and isinstance(old, DocumentEntry):
        kept = replace(
            new,
            logical_id=old.logical_id,
            version=number,
            availability_status=status,
            document_availability=new.document_availability or old.document_availability,
            # What the source does not repeat stays what the repository measured.
            hash=new.hash or old.hash,
            size=new.size or old.size,
            repository_unique_id=new.repository_unique_id or old.repository_unique_id,
        )
    elif isinstance(new, Folder):
        kept = replace(
            new,
            logical_id=old.logical_id,
            version=number,
            availability_status=status,
            last_update_time=DateTime(outcome.about.now),
        )
    else:  # pragma: no cover - the kinds were compared before
        return
    outcome.added[kept.entry_uuid] = kept
    outcome.statuses[old.entry_uuid] = DEPRECATED
    outcome.add_link(link)
    if not propagate:
        return
    for association in _propagated(old, outcome):
        swap = {old.entry_uuid: kept.entry_uuid}
        copied = replace(
            association,
            entry_uuid=outcome.about.new_uuid(),
            source_object=swap.get(association.source_object, association.source_object),
            target_object=swap.get(association.target_object, association.target_object),
        )
        outcome.add_link(copied)
        if association.association_type == AssociationType.HAS_MEMBER and isinstance(
            kept, DocumentEntry
        ):
            outcome.touched.add(association.source_object)


# ---------------------------------------------------------------- a status


def _update_status(link: Association, sent: RegistryObject, outcome: Outcome) -> None:
    location = place(sent)
    if outcome.restricted:
        outcome.say(
            ErrorCode.UNMODIFIABLE_METADATA_ERROR,
            "update-status-restricted",
            location,
            "a restricted update cannot change availabilityStatus; use Update Document Set",
        )
        return
    operation = ErrorCode.METADATA_UPDATE_OPERATION_ERROR
    well_formed = True
    for attribute, text in (
        ("OriginalStatus", link.original_status),
        ("NewStatus", link.new_status),
    ):
        if text not in outcome.about.statuses.known:
            well_formed = False
            outcome.say(
                operation,
                "update-status-slots",
                f"{location}.{attribute}",
                f"must be {' or '.join(outcome.about.statuses.known)}, found {text or 'none'}",
            )
    if link.previous_version is not None or link.submission_set_status is not None:
        well_formed = False
        outcome.say(
            operation,
            "update-foreign-slot",
            location,
            "UpdateAvailabilityStatus has the slots OriginalStatus and NewStatus, no others",
        )
    if not well_formed:
        return
    _check_status_target(link, location, outcome)


def _check_status_target(link: Association, location: str, outcome: Outcome) -> None:
    def bad(rule: str, message: str) -> None:
        outcome.say(ErrorCode.METADATA_UPDATE_ERROR, rule, location, message, link.target_object)

    statuses = outcome.about.statuses
    target = outcome.object(link.target_object)
    if target is None or statuses.is_withdrawn(target.availability_status):
        bad("update-status-target", "the object whose status shall change is not in the registry")
        return
    if isinstance(target, SubmissionSet):
        bad("update-status-target", "the status of a submission set cannot change")
        return
    if isinstance(target, Association):
        source = outcome.object(target.source_object)
        if isinstance(source, SubmissionSet):
            bad(
                "update-status-target",
                "the status of a submission set's own membership cannot change",
            )
            return
    elif target.entry_uuid not in outcome.added:
        latest = outcome.known.latest(target.logical_id or target.entry_uuid)
        if latest is not None and latest.entry_uuid != target.entry_uuid:
            bad("update-status-latest", "only the status of the latest version can change")
            return
    if link.original_status == link.new_status:
        bad("update-status-differs", "OriginalStatus and NewStatus are the same")
        return
    if target.availability_status != link.original_status:
        bad(
            "update-status-original",
            f"OriginalStatus is {link.original_status}, the object is {target.availability_status}",
        )
        return
    new_status = link.new_status or APPROVED
    rules = statuses if isinstance(target, DocumentEntry) else STANDARD_STATUSES
    transition = rules.transition(link.original_status, new_status)
    if transition is None or transition.by_propagation:
        bad(
            "update-status-transition",
            f"a {type(target).__name__} does not go from {link.original_status} to {new_status}"
            + (", but by way of the document that replaced it" if transition else ""),
        )
        return
    if transition.by_author and isinstance(target, DocumentEntry):
        requester = outcome.about.requester
        if requester is None:
            requester = outcome.requester
        if not outcome.about.anyone and not is_author(requester, target):
            outcome.say(
                ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
                "update-status-author",
                location,
                "only the author of the document may ask for this status",
                link.target_object,
            )
            return
    if isinstance(target, DocumentEntry) and statuses.is_withdrawn(new_status):
        if target.entry_uuid in outcome.added or target.entry_uuid in outcome.statuses:
            bad("update-once", "a withdrawal stands alone: nothing else changes the document")
            return
        outcome.withdraw(withdrawn_with(target, new_status, outcome.known.whole, statuses))
    elif target.entry_uuid in outcome.added:
        outcome.added[target.entry_uuid] = replace(target, availability_status=new_status)
    elif target.entry_uuid in outcome.statuses:
        bad("update-once", "two operations of the request change the status of this object")
    else:
        outcome.statuses[target.entry_uuid] = new_status
