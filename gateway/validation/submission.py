"""Rules of one submission that need nothing but the submission.

Source:
    IHE ITI TF-3: 4.2.1, 4.2.2; TF-2b: 3.42.4.1.2 (revision 17).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import ErrorCode, Finding, Severity, first_findings
from gateway.model.association import Association
from gateway.model.datatypes import is_uuid_urn
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place, same_id, same_patient
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import (
    RELATIONSHIPS,
    UPDATE_TRIGGERS,
    AssociationType,
)
from gateway.validation.formats import Foreign
from gateway.validation.objects import (
    Transaction,
    check_document_entry,
    check_folder,
    check_submission_set,
    complaint,
)

__all__ = ["Transaction", "check_submission"]

_UPDATES = (Transaction.UPDATE, Transaction.RESTRICTED_UPDATE)
_ASSOCIATION_TYPES = frozenset(AssociationType)
_DOCUMENTABLE = RELATIONSHIPS - {AssociationType.SIGNS, AssociationType.IS_SNAPSHOT_OF}


def check_submission(submission: Submission, transaction: Transaction) -> tuple[Finding, ...]:
    """Find everything that is wrong in a submission by itself, up to what is told.

    Args:
        submission: As read; symbolic ids still in place.
        transaction: How it came; attributes and associations asked for depend on it.
    """
    findings = all_findings(submission, transaction)
    if transaction is Transaction.PROVIDE_DOCUMENT_BUNDLE:
        findings = (_tolerated(finding) for finding in findings)
    return first_findings(findings)


def _tolerated(finding: Finding) -> Finding:
    """Make a remark of what only XDS could not say; the patient id is what XDS searches by."""
    if isinstance(finding.message, Foreign) and not finding.location.endswith(".patientId"):
        return replace(finding, severity=Severity.WARNING)
    return finding


def all_findings(submission: Submission, transaction: Transaction) -> Iterator[Finding]:
    """Give everything that is wrong in a submission by itself, without end."""
    yield from _check_set_count(submission)
    for item in submission.submission_sets:
        yield from check_submission_set(item)
    for entry in submission.document_entries:
        yield from check_document_entry(entry, transaction)
    for folder in submission.folders:
        yield from check_folder(folder)
    index = _Index(submission)
    yield from _check_ids(submission, index)
    yield from _check_unique_ids(submission)
    yield from _check_one_patient(submission)
    if transaction in _UPDATES:
        yield from _check_update_links(submission, index)
    else:
        yield from _check_links(submission, index)
        yield from _check_everything_linked(submission, index)


def _check_set_count(submission: Submission) -> Iterator[Finding]:
    if len(submission.submission_sets) != 1:
        yield Finding(
            rule="one-submission-set",
            code=ErrorCode.REGISTRY_METADATA_ERROR,
            location="SubmissionSet",
            message="a submission has exactly one SubmissionSet, found "
            f"{len(submission.submission_sets)}",
        )


class _Index:
    """The objects of a submission by id.

    Attributes:
        objects: By the form of their id in which two spellings are equal; the first of each.
    """

    __slots__ = ("objects",)

    def __init__(self, submission: Submission) -> None:
        self.objects: dict[str, RegistryObject] = {}
        for item in submission.objects():
            if item.entry_uuid:
                self.objects.setdefault(same_id(item.entry_uuid), item)

    def same(self, identifier: str) -> str:
        """Give the form in which two spellings of one id are equal."""
        # What stands here is in that form already, so that most ids need not be looked into.
        return identifier if identifier in self.objects else same_id(identifier)

    def get(self, identifier: str) -> RegistryObject | None:
        """Give the object that has an id, in whatever spelling."""
        return self.objects.get(identifier) or self.objects.get(same_id(identifier))


def _check_ids(submission: Submission, index: _Index) -> Iterator[Finding]:
    seen: set[str] = set()
    for item in submission.objects():
        identifier = item.entry_uuid
        if not identifier:
            if not isinstance(item, Association):
                yield complaint(item, "id", "id-given", "every object needs an id")
            continue
        if identifier[:9].lower() == "urn:uuid:" and not is_uuid_urn(identifier):
            yield complaint(item, "id", "id-uuid", "an id starting urn:uuid: must be a UUID")
        same = index.same(identifier)
        if same in seen:
            yield complaint(item, "id", "id-once", "another object has the same id")
        seen.add(same)


def _check_unique_ids(submission: Submission) -> Iterator[Finding]:
    holders: list[SubmissionSet | DocumentEntry | Folder] = [
        *submission.submission_sets,
        *submission.document_entries,
        *submission.folders,
    ]
    given = [h.unique_id for h in holders if h.unique_id]
    if len(set(given)) == len(given):
        return
    counts = Counter(given)
    for holder in holders:
        if holder.unique_id and counts[holder.unique_id] > 1:
            yield Finding(
                rule="unique-id-once",
                code=ErrorCode.REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE,
                location=place(holder, "uniqueId"),
                context=holder.unique_id,
                message="another object of the submission has the same uniqueId",
            )


def _check_one_patient(submission: Submission) -> Iterator[Finding]:
    if not submission.submission_sets:
        return
    expected = submission.submission_sets[0].patient_id
    if expected is None:
        return
    others: list[DocumentEntry | Folder] = [*submission.document_entries, *submission.folders]
    for item in others:
        if item.patient_id is not None and not same_patient(item.patient_id, expected):
            yield Finding(
                rule="one-patient",
                code=ErrorCode.PATIENT_ID_DOES_NOT_MATCH,
                location=place(item, "patientId"),
                context=item.patient_id.text,
                message=f"the SubmissionSet belongs to patient {expected.text}",
            )


def _check_links(submission: Submission, index: _Index) -> Iterator[Finding]:
    for association in submission.associations:
        kind = association.association_type
        if kind in UPDATE_TRIGGERS:
            yield complaint(
                association,
                "associationType",
                "association-type",
                "status updates and late associations come by Update Document Set [ITI-57]",
            )
            continue
        yield from _check_frame(association, index)
        if kind == AssociationType.HAS_MEMBER:
            yield from _check_membership(association, index)
        elif kind in RELATIONSHIPS:
            yield from _check_relationship(association, index)


def _check_frame(association: Association, index: _Index) -> Iterator[Finding]:
    kind = association.association_type
    if kind not in _ASSOCIATION_TYPES:
        yield complaint(
            association,
            "associationType",
            "association-type",
            f"{kind or 'nothing'} is not an association type of XDS; use the full URN",
        )
    for attribute, identifier in (
        ("sourceObject", association.source_object),
        ("targetObject", association.target_object),
    ):
        if not identifier:
            yield complaint(association, attribute, "association-ends", "must name an object")
        elif index.get(identifier) is None and not is_uuid_urn(identifier):
            yield complaint(
                association,
                attribute,
                "association-end-defined",
                f"no object of the submission has the id {identifier}; an object of the registry "
                "is named by its UUID",
            )
    source = association.source_object
    if source and index.same(source) == index.same(association.target_object):
        yield complaint(
            association, "targetObject", "association-self", "links an object to itself"
        )
    if association.documentation:
        if kind not in _DOCUMENTABLE:
            yield complaint(
                association,
                "classification",
                "association-documentation",
                "a documentation classification belongs to RPLC, APND, XFRM and XFRM_RPLC only",
            )
        if len(association.documentation) > 1:
            yield complaint(
                association,
                "classification",
                "association-documentation",
                "may have one documentation classification, found "
                f"{len(association.documentation)}",
            )


def _check_membership(association: Association, index: _Index) -> Iterator[Finding]:
    source = index.get(association.source_object)
    target = index.get(association.target_object)
    status = association.submission_set_status
    if isinstance(source, SubmissionSet):
        yield from _check_set_member(association, target, status, index)
    elif isinstance(source, DocumentEntry | Association):
        yield complaint(
            association,
            "sourceObject",
            "membership-source",
            f"a {type(source).__name__} has no members; SubmissionSet and Folder have",
        )
    elif target is not None and not isinstance(target, DocumentEntry):
        # The source is a folder, of the submission or (by UUID) of the registry.
        yield complaint(
            association,
            "targetObject",
            "membership-target",
            f"a Folder holds DocumentEntries, this is a {type(target).__name__}",
        )


def _check_set_member(
    association: Association, target: RegistryObject | None, status: str | None, index: _Index
) -> Iterator[Finding]:
    if isinstance(target, SubmissionSet):
        yield complaint(
            association,
            "targetObject",
            "membership-target",
            "a SubmissionSet is nobody's member",
        )
    elif isinstance(target, DocumentEntry) and status != "Original":
        yield complaint(
            association,
            "SubmissionSetStatus",
            "set-status",
            f"must be Original for an entry of this submission, found {status or 'nothing'}",
        )
    elif target is None and is_uuid_urn(association.target_object):
        if status == "Original":
            yield complaint(
                association,
                "SubmissionSetStatus",
                "set-status",
                "Original is for entries of this submission; an entry of the registry joins by "
                "Reference",
            )
        elif status not in ("Reference", None):
            yield complaint(
                association,
                "SubmissionSetStatus",
                "set-status",
                f"must be Original or Reference, found {status}",
            )
    elif isinstance(target, Association):
        inner = index.get(target.source_object)
        if target.association_type != AssociationType.HAS_MEMBER or isinstance(
            inner, SubmissionSet
        ):
            yield complaint(
                association,
                "targetObject",
                "membership-target",
                "only the link of a Folder with a DocumentEntry is filed by a SubmissionSet",
            )


def _check_relationship(association: Association, index: _Index) -> Iterator[Finding]:
    source = index.get(association.source_object)
    target = index.get(association.target_object)
    short = association.association_type.rsplit(":", 1)[-1]
    if not isinstance(source, DocumentEntry):
        yield Finding(
            rule="relationship-source",
            code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION
            if source is None
            else ErrorCode.REGISTRY_METADATA_ERROR,
            location=place(association, "sourceObject"),
            context=association.source_object,
            message=f"the source of {short} is a DocumentEntry of the same submission",
        )
    if target is None:
        return
    if isinstance(target, SubmissionSet) and association.association_type == AssociationType.SIGNS:
        # A signature may cover the submission as a whole (IHE ITI TF-3: 5.5, DSG).
        return
    if not isinstance(target, DocumentEntry):
        yield complaint(
            association,
            "targetObject",
            "relationship-target",
            f"the target of {short} is a DocumentEntry, this is a {type(target).__name__}",
        )
    elif association.association_type in (
        AssociationType.RPLC,
        AssociationType.XFRM_RPLC,
        AssociationType.IS_SNAPSHOT_OF,
    ):
        yield complaint(
            association,
            "targetObject",
            "relationship-target-registered",
            f"the target of {short} is an entry of the registry, named by its UUID",
        )


def _check_everything_linked(submission: Submission, index: _Index) -> Iterator[Finding]:
    if len(submission.submission_sets) != 1:
        return
    submission_set = index.same(submission.submission_sets[0].entry_uuid)
    members = {
        index.same(a.target_object)
        for a in submission.associations
        if a.association_type == AssociationType.HAS_MEMBER
        and index.same(a.source_object) == submission_set
    }
    items: list[DocumentEntry | Folder] = [*submission.document_entries, *submission.folders]
    for item in items:
        if item.entry_uuid and index.same(item.entry_uuid) not in members:
            yield complaint(
                item,
                "",
                "linked-to-set",
                "the SubmissionSet must have this object as member (HasMember)",
            )


def _check_update_links(submission: Submission, index: _Index) -> Iterator[Finding]:
    for association in submission.associations:
        if association.logical_id is not None:
            yield Finding(
                rule="update-association-version",
                code=ErrorCode.METADATA_UPDATE_ERROR,
                location=place(association, "lid"),
                message="associations have no versions of their own; leave lid out",
            )
        yield from _check_frame(association, index)
