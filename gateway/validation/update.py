"""What can be told of an update of metadata without the registry's content.

The registry decides the same things again with its content at hand
(:mod:`gateway.model.lifecycle.update`); whoever repairs a file has no registry.

Source:
    IHE ITI XDS Metadata Update supplement: 3.57.4.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import ErrorCode, Finding
from gateway.model.association import Association
from gateway.model.datatypes import is_uuid_urn
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place, same_id
from gateway.model.submission import RegistryObject, Submission
from gateway.model.vocabulary import AssociationType

_STATUS_TYPE = ":StatusType:"


def check_update(submission: Submission) -> Iterator[Finding]:
    """Find what keeps an update from saying what it changes."""
    if len(submission.submission_sets) != 1:
        return
    own = same_id(submission.submission_sets[0].entry_uuid)
    links = {
        same_id(one.target_object): one
        for one in submission.associations
        if one.association_type == AssociationType.HAS_MEMBER and same_id(one.source_object) == own
    }
    items: tuple[DocumentEntry | Folder, ...] = (*submission.document_entries, *submission.folders)
    for item in items:
        yield from _check_version(item)
        link = links.get(same_id(item.entry_uuid))
        if link is None:
            yield _finding(
                item, "", "update-link", "the SubmissionSet must have this version as member"
            )
        else:
            yield from _check_link(link)
    for association in submission.associations:
        if association.association_type == AssociationType.UPDATE_AVAILABILITY_STATUS:
            yield from _check_status(association)


def _check_version(item: DocumentEntry | Folder) -> Iterator[Finding]:
    lid = item.logical_id
    if not lid:
        yield _finding(item, "lid", "update-logical-id", "must be given, found nothing")
    elif not is_uuid_urn(lid):
        yield _finding(item, "lid", "update-logical-id", "must be a UUID as urn:uuid:")
    elif same_id(lid) == same_id(item.entry_uuid):
        yield _finding(
            item, "lid", "update-logical-id", "is the version's own id; name the lineage"
        )


def _check_link(link: Association) -> Iterator[Finding]:
    version = link.previous_version or ""
    if not (version.isascii() and version.isdigit()):
        yield _finding(
            link,
            "PreviousVersion",
            "update-link",
            "must be the number of the version that is replaced, found "
            f"{version[:40] or 'nothing'}",
        )
    if link.association_propagation not in (None, "yes", "no"):
        yield _finding(link, "AssociationPropagation", "update-link", "must be yes or no")


def _check_status(association: Association) -> Iterator[Finding]:
    told = (
        ("OriginalStatus", association.original_status),
        ("NewStatus", association.new_status),
    )
    for attribute, status in told:
        if not status or _STATUS_TYPE not in status:
            yield _finding(
                association,
                attribute,
                "update-status",
                f"must be a status as full URN, found {(status or 'nothing')[:80]}",
            )
    if association.original_status and association.original_status == association.new_status:
        yield _finding(association, "NewStatus", "update-status", "is the same as OriginalStatus")


def _finding(item: RegistryObject, attribute: str, rule: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        code=ErrorCode.METADATA_UPDATE_ERROR,
        location=place(item, attribute),
        message=message,
    )
