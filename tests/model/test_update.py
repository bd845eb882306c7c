"""Metadata update and removal: versions, statuses, late associations, all or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import ErrorCode, Refused
from gateway.model.association import Association
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord, register, remove, update
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from tests.model.examples import (
    OTHER_PATIENT,
    entry,
    folder,
    link,
    member,
    submission,
    submission_set,
)
from tests.model.shelf import Shelf

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED.value, AvailabilityStatus.DEPRECATED.value


def registered(shelf: Shelf, what: Submission) -> Changes:
    return shelf.keep(register(what, shelf, shelf.about()))


def first_entry(changes: Changes) -> DocumentEntry:
    return next(o for o in changes.added if isinstance(o, DocumentEntry))


def new_version(
    old: DocumentEntry,
    previous: str | None = "1",
    set_id: str = "2.999.5.50",
    propagation: str | None = None,
    **given: object,
) -> Submission:
    changed = replace(
        old,
        entry_uuid="v",
        availability_status=None,
        version=None,
        **({"type_code": Code("34133-9", "2.16.840.1.113883.6.1")} | given),  # type: ignore[arg-type]
    )
    return Submission(
        submission_sets=(submission_set(set_id),),
        document_entries=(changed,),
        associations=(
            member(
                "set",
                "v",
                "Original",
                previous_version=previous,
                association_propagation=propagation,
            ),
        ),
    )


def trigger(kind: AssociationType, target: str, **given: object) -> Submission:
    return Submission(
        submission_sets=(submission_set("2.999.5.60"),),
        associations=(link(kind, "set", target, **given),),
    )


def refused(shelf: Shelf, what: Submission, *, restricted: bool = False) -> list[ErrorCode]:
    with pytest.raises(Refused) as refusal:
        update(what, shelf, shelf.about(), restricted=restricted)
    return [f.code for f in refusal.value.findings]


def test_a_new_version_keeps_logical_id_and_status_and_deprecates_the_old_one() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    new = first_entry(shelf.keep(update(new_version(old), shelf, shelf.about())))
    assert (new.logical_id, new.version, new.availability_status) == (old.entry_uuid, "2", APPROVED)
    assert new.entry_uuid != old.entry_uuid
    assert new.hash == old.hash
    assert shelf.objects[old.entry_uuid].availability_status == DEPRECATED


@pytest.mark.parametrize("propagation", [None, "yes", "no"])
def test_folder_membership_and_relationships_follow_the_new_version_unless_told_not_to(
    propagation: str | None,
) -> None:
    shelf = Shelf()
    first = registered(
        shelf,
        submission(
            entry(),
            folders=(folder(),),
            links=(member("f1", "d1"), member("set", "f1>d1")),
        ),
    )
    old = first_entry(first)
    registered(
        shelf,
        submission(
            entry("a", "2.999.4.2"),
            unique_id="2.999.5.2",
            links=(link(AssociationType.APND, "a", old.entry_uuid),),
        ),
    )
    new = first_entry(
        shelf.keep(update(new_version(old, propagation=propagation), shelf, shelf.about()))
    )
    kinds = {
        (type(shelf.objects[a.source_object]).__name__, a.association_type)
        for a in shelf.associations(new.entry_uuid)
    }
    expected = {("SubmissionSet", AssociationType.HAS_MEMBER)}
    if propagation != "no":
        expected |= {
            ("Folder", AssociationType.HAS_MEMBER),
            ("DocumentEntry", AssociationType.APND),
        }
    assert kinds == expected


def test_a_wrong_previous_version_is_told_only_when_all_else_is_right() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    assert refused(shelf, new_version(old, "2")) == [ErrorCode.METADATA_VERSION_ERROR]
    assert refused(shelf, new_version(old, "2", set_id="2.999.5.51")) == [
        ErrorCode.METADATA_VERSION_ERROR
    ]
    both = new_version(replace(old, unique_id="2.999.4.77"), "2")
    assert refused(shelf, both) == [ErrorCode.METADATA_UPDATE_ERROR]


def test_an_unknown_logical_id_is_a_version_error() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    unknown = replace(old, logical_id="urn:uuid:00000000-0000-4000-8000-00000000beef")
    assert refused(shelf, new_version(unknown)) == [ErrorCode.METADATA_VERSION_ERROR]


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("unique_id", "2.999.4.9", ErrorCode.METADATA_IDENTIFIER_ERROR),
        ("patient_id", OTHER_PATIENT, ErrorCode.PATIENT_ID_RECONCILIATION_ERROR),
        (
            "source_patient_id",
            Identifier.of("x", "2.999.1.20"),
            ErrorCode.UNMODIFIABLE_METADATA_ERROR,
        ),
        ("repository_unique_id", "2.999.3.9", ErrorCode.UNMODIFIABLE_METADATA_ERROR),
        (
            "object_type",
            "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248",
            ErrorCode.UNMODIFIABLE_METADATA_ERROR,
        ),
        (
            "document_availability",
            "urn:ihe:iti:2010:DocumentAvailability:Offline",
            ErrorCode.UNMODIFIABLE_METADATA_ERROR,
        ),
    ],
)
def test_a_restricted_update_keeps_what_it_may_not_touch(
    attribute: str, value: object, code: ErrorCode
) -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    assert refused(shelf, new_version(old, **{attribute: value}), restricted=True) == [code]


def test_size_and_hash_follow_the_document_that_is_here_and_change_where_none_is() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    changed = new_version(old, hash="0" * 40, size="52")
    assert first_entry(update(changed, shelf, shelf.about())).size == "52"
    shelf.documents[old.unique_id or ""] = DocumentRecord(
        unique_id=old.unique_id or "",
        mime_type="text/plain",
        size=51,
        sha1=old.hash or "",
        content="c",
    )
    assert refused(shelf, changed) == [ErrorCode.METADATA_UPDATE_ERROR] * 2
    assert refused(shelf, changed, restricted=True) == [ErrorCode.UNMODIFIABLE_METADATA_ERROR] * 2
    assert first_entry(update(new_version(old), shelf, shelf.about())).size == "51"


def test_a_restricted_update_of_codes_is_accepted() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    new = first_entry(update(new_version(old), shelf, shelf.about(), restricted=True))
    assert new.type_code == Code("34133-9", "2.16.840.1.113883.6.1")


def test_a_patient_may_change_where_nothing_is_linked_and_not_where_something_is() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    moved = new_version(old, patient_id=OTHER_PATIENT)
    assert first_entry(update(moved, shelf, shelf.about())).patient_id == OTHER_PATIENT
    registered(
        shelf,
        submission(
            entry("a", "2.999.4.2"),
            unique_id="2.999.5.2",
            links=(link(AssociationType.APND, "a", old.entry_uuid),),
        ),
    )
    assert refused(shelf, moved) == [ErrorCode.PATIENT_ID_RECONCILIATION_ERROR]
    alone = new_version(old, patient_id=OTHER_PATIENT, propagation="no")
    assert first_entry(update(alone, shelf, shelf.about())).patient_id == OTHER_PATIENT


@pytest.mark.parametrize(
    "slots",
    [
        {"original_status": APPROVED},
        {"new_status": DEPRECATED},
        {"original_status": "Approved", "new_status": DEPRECATED},
        {"original_status": APPROVED, "new_status": DEPRECATED, "previous_version": "1"},
    ],
)
def test_a_status_update_has_exactly_its_two_slots(slots: dict[str, str]) -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    what = trigger(AssociationType.UPDATE_AVAILABILITY_STATUS, old.entry_uuid, **slots)
    assert ErrorCode.METADATA_UPDATE_OPERATION_ERROR in refused(shelf, what)


def test_a_status_changes_from_what_it_is_to_another_and_back() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))

    def change(before: str, after: str) -> Submission:
        return trigger(
            AssociationType.UPDATE_AVAILABILITY_STATUS,
            old.entry_uuid,
            original_status=before,
            new_status=after,
        )

    assert refused(shelf, change(DEPRECATED, APPROVED)) == [ErrorCode.METADATA_UPDATE_ERROR]
    assert refused(shelf, change(APPROVED, APPROVED)) == [ErrorCode.METADATA_UPDATE_ERROR]
    shelf.keep(update(change(APPROVED, DEPRECATED), shelf, shelf.about()))
    assert shelf.objects[old.entry_uuid].availability_status == DEPRECATED


def test_only_the_latest_version_and_never_a_set_changes_its_status() -> None:
    shelf = Shelf()
    first = registered(shelf, submission(entry()))
    old = first_entry(first)
    shelf.keep(update(new_version(old), shelf, shelf.about()))
    slots = {"original_status": DEPRECATED, "new_status": APPROVED}
    kind = AssociationType.UPDATE_AVAILABILITY_STATUS
    assert refused(shelf, trigger(kind, old.entry_uuid, **slots)) == [
        ErrorCode.METADATA_UPDATE_ERROR
    ]
    slots = {"original_status": APPROVED, "new_status": DEPRECATED}
    own_set = first.added[0].entry_uuid
    assert refused(shelf, trigger(kind, own_set, **slots)) == [ErrorCode.METADATA_UPDATE_ERROR]
    (membership,) = [
        o for o in first.added if isinstance(o, Association) and o.source_object == own_set
    ]
    assert refused(shelf, trigger(kind, membership.entry_uuid, **slots)) == [
        ErrorCode.METADATA_UPDATE_ERROR
    ]


def test_one_request_may_update_an_entry_and_then_its_status() -> None:
    shelf = Shelf()
    old = first_entry(registered(shelf, submission(entry())))
    what = new_version(old)
    status = link(
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        "set",
        "v",
        original_status=APPROVED,
        new_status=DEPRECATED,
    )
    both = replace(what, associations=(*what.associations, status))
    new = first_entry(update(both, shelf, shelf.about()))
    assert new.availability_status == DEPRECATED


def test_a_late_association_files_an_entry_in_a_folder_and_touches_it() -> None:
    shelf = Shelf()
    changes = registered(shelf, submission(entry(), folders=(folder(),)))
    old = first_entry(changes)
    box = next(o for o in changes.added if isinstance(o, Folder))
    shelf.objects[box.entry_uuid] = replace(box, last_update_time=DateTime("20200101000000"))
    late = Submission(
        submission_sets=(submission_set("2.999.5.70"),),
        associations=(
            link(AssociationType.SUBMIT_ASSOCIATION, "set", "late"),
            replace(member(box.entry_uuid, old.entry_uuid), entry_uuid="late"),
        ),
    )
    shelf.keep(update(late, shelf, shelf.about()))
    touched = shelf.objects[box.entry_uuid]
    assert isinstance(touched, Folder)
    assert touched.last_update_time == DateTime("20260101120000")
    again = replace(late, submission_sets=(submission_set("2.999.5.71"),))
    assert refused(shelf, again) == [ErrorCode.METADATA_UPDATE_ERROR]


def test_a_late_association_between_two_patients_is_refused() -> None:
    shelf = Shelf()
    one = first_entry(registered(shelf, submission(entry())))
    foreign = replace(
        submission(entry("o", "2.999.4.2", patient_id=OTHER_PATIENT)),
        submission_sets=(submission_set("2.999.5.2", patient_id=OTHER_PATIENT),),
    )
    other = first_entry(registered(shelf, foreign))
    late = Submission(
        submission_sets=(submission_set("2.999.5.70"),),
        associations=(
            link(AssociationType.SUBMIT_ASSOCIATION, "set", "late"),
            replace(
                link(AssociationType.APND, other.entry_uuid, one.entry_uuid), entry_uuid="late"
            ),
        ),
    )
    assert refused(shelf, late) == [ErrorCode.PATIENT_ID_RECONCILIATION_ERROR]


def test_removal_needs_everything_that_refers_and_leaves_nothing_alone() -> None:
    shelf = Shelf()
    changes = registered(shelf, submission(entry()))
    own_set, document, membership = (o.entry_uuid for o in changes.added)

    def codes(*ids: str) -> list[ErrorCode]:
        with pytest.raises(Refused) as refusal:
            remove(ids, shelf)
        return [f.code for f in refusal.value.findings]

    assert codes(own_set) == [ErrorCode.REFERENCES_EXIST_EXCEPTION]
    assert codes(document, membership) == [ErrorCode.UNREFERENCED_OBJECT_EXCEPTION]
    assert codes("urn:uuid:00000000-0000-4000-8000-00000000beef") == [
        ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION
    ]
    shelf.keep(remove((own_set, document, membership), shelf))
    assert not shelf.objects
