"""Registration: what a submission adds and changes, and what it is refused for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import ErrorCode, Refused
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord, register
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, AvailabilityStatus, DocumentEntryType
from tests.model.examples import (
    OTHER_PATIENT,
    PATIENT,
    entry,
    folder,
    link,
    member,
    submission,
    submission_set,
)
from tests.model.shelf import Shelf

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED, AvailabilityStatus.DEPRECATED


def kept(shelf: Shelf, what: Submission, **about: object) -> Changes:
    return shelf.keep(register(what, shelf, shelf.about(**about)))


def entries_of(changes: Changes) -> list[DocumentEntry]:
    return [o for o in changes.added if isinstance(o, DocumentEntry)]


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[ErrorCode]:
    return [f.code for f in refused.value.findings]


def test_a_new_entry_is_approved_first_version_and_its_own_logical_id() -> None:
    changes = kept(Shelf(), submission(entry(availability_status=DEPRECATED, version="7")))
    (new,) = entries_of(changes)
    assert new.availability_status == APPROVED
    assert new.version == "1"
    assert new.logical_id == new.entry_uuid
    assert new.entry_uuid.startswith("urn:uuid:")


def test_equal_symbolic_ids_become_the_same_uuid_and_submitted_uuids_stay() -> None:
    uuid = "urn:uuid:ABCDEF00-0000-4000-8000-000000000001"
    shelf = Shelf()
    changes = kept(shelf, submission(entry("d1"), entry(uuid, "2.999.4.2")))
    one, two = entries_of(changes)
    assert two.entry_uuid == uuid.lower()
    targets = {a.target_object for a in shelf.associations(changes.added[0].entry_uuid)}
    assert targets == {one.entry_uuid, two.entry_uuid}


def test_replacing_deprecates_the_entry_with_its_appendices_and_transforms_at_any_depth() -> None:
    shelf = Shelf()
    (old,) = entries_of(kept(shelf, submission(entry())))
    (appendix,) = entries_of(
        kept(
            shelf,
            submission(
                entry("a", "2.999.4.2"),
                unique_id="2.999.5.2",
                links=(link(AssociationType.APND, "a", old.entry_uuid),),
            ),
        )
    )
    (transform,) = entries_of(
        kept(
            shelf,
            submission(
                entry("x", "2.999.4.3"),
                unique_id="2.999.5.3",
                links=(link(AssociationType.XFRM, "x", appendix.entry_uuid),),
            ),
        )
    )
    (new,) = entries_of(
        kept(
            shelf,
            submission(
                entry("n", "2.999.4.4"),
                unique_id="2.999.5.4",
                links=(link(AssociationType.RPLC, "n", old.entry_uuid),),
            ),
        )
    )
    status = {u: shelf.objects[u].availability_status for u in shelf.objects}
    assert [status[e.entry_uuid] for e in (old, appendix, transform, new)] == [
        DEPRECATED,
        DEPRECATED,
        DEPRECATED,
        APPROVED,
    ]


def test_the_replacing_entry_joins_the_folders_of_the_old_one_and_touches_them() -> None:
    shelf = Shelf()
    first = kept(
        shelf,
        submission(
            entry(),
            folders=(folder(),),
            links=(member("f1", "d1"), member("set", "f1>d1")),
        ),
    )
    (old,) = entries_of(first)
    (box,) = [o for o in first.added if isinstance(o, Folder)]
    shelf.objects[box.entry_uuid] = replace(box, last_update_time=DateTime("20200101000000"))
    second = kept(
        shelf,
        submission(
            entry("n", "2.999.4.4"),
            unique_id="2.999.5.4",
            links=(link(AssociationType.RPLC, "n", old.entry_uuid),),
        ),
    )
    (new,) = entries_of(second)
    (membership,) = [
        a for a in shelf.associations(new.entry_uuid) if a.source_object == box.entry_uuid
    ]
    filed = shelf.associations(membership.entry_uuid)
    assert [a.source_object for a in filed] == [second.added[0].entry_uuid]
    touched = shelf.objects[box.entry_uuid]
    assert isinstance(touched, Folder)
    assert touched.last_update_time == DateTime("20260101120000")


def test_only_the_latest_version_can_be_replaced_or_appended() -> None:
    shelf = Shelf()
    (old,) = entries_of(kept(shelf, submission(entry())))
    replacing = submission(
        entry("n", "2.999.4.4"),
        unique_id="2.999.5.4",
        links=(link(AssociationType.RPLC, "n", old.entry_uuid),),
    )
    kept(shelf, replacing)
    for kind in (AssociationType.RPLC, AssociationType.APND, AssociationType.XFRM):
        with pytest.raises(Refused) as refused:
            kept(
                shelf,
                submission(
                    entry("m", "2.999.4.5"),
                    unique_id="2.999.5.5",
                    links=(link(kind, "m", old.entry_uuid),),
                ),
            )
        assert codes(refused) == [ErrorCode.REGISTRY_DEPRECATED_DOCUMENT_ERROR]


def test_an_entry_of_another_patient_cannot_be_replaced() -> None:
    shelf = Shelf()
    foreign = submission(entry(patient_id=OTHER_PATIENT))
    foreign = replace(foreign, submission_sets=(submission_set(patient_id=OTHER_PATIENT),))
    (old,) = entries_of(kept(shelf, foreign))
    with pytest.raises(Refused) as refused:
        kept(
            shelf,
            submission(
                entry("n", "2.999.4.4"),
                unique_id="2.999.5.4",
                links=(link(AssociationType.RPLC, "n", old.entry_uuid),),
            ),
        )
    assert codes(refused) == [ErrorCode.PATIENT_ID_DOES_NOT_MATCH]


def test_the_same_submission_again_changes_nothing_and_a_differing_one_is_refused() -> None:
    shelf = Shelf()
    kept(shelf, submission(entry()), fingerprint=b"one")
    assert register(submission(entry()), shelf, shelf.about(fingerprint=b"one")).repeated
    with pytest.raises(Refused) as refused:
        register(submission(entry("d", "2.999.4.9")), shelf, shelf.about(fingerprint=b"two"))
    assert codes(refused) == [ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY]
    assert refused.value.findings[0].context == "2.999.5.1"


def test_a_document_unique_id_comes_again_only_with_the_same_hash_and_size() -> None:
    shelf = Shelf()
    kept(shelf, submission(entry()))
    again = submission(entry("d", "2.999.4.1"), unique_id="2.999.5.2")
    assert len(entries_of(kept(shelf, again))) == 1
    for change, code in (
        ({"hash": "0" * 40}, ErrorCode.NON_IDENTICAL_HASH),
        ({"size": "52"}, ErrorCode.NON_IDENTICAL_SIZE),
    ):
        with pytest.raises(Refused) as refused:
            kept(
                shelf,
                submission(entry("d", "2.999.4.1", **change), unique_id="2.999.5.3"),
            )
        assert codes(refused) == [code]


def test_two_contents_that_share_a_sha1_are_not_identical() -> None:
    shelf = Shelf()
    record = DocumentRecord(
        unique_id="2.999.4.1", mime_type="text/plain", size=51, sha1="a" * 40, content="one"
    )
    kept(shelf, submission(entry()), documents=(record,))
    shelf.documents[record.unique_id] = record
    with pytest.raises(Refused) as refused:
        kept(
            shelf,
            submission(entry("d", "2.999.4.1"), unique_id="2.999.5.2"),
            documents=(replace(record, content="two"),),
        )
    assert codes(refused) == [ErrorCode.NON_IDENTICAL_HASH]


def test_an_unknown_patient_is_refused_where_patients_must_be_known() -> None:
    shelf = Shelf()
    with pytest.raises(Refused) as refused:
        kept(shelf, submission(entry()), known_patients_only=True)
    assert [(f.code, f.context) for f in refused.value.findings] == [
        (ErrorCode.UNKNOWN_PATIENT_ID, PATIENT.text)
    ]
    shelf.announced.add(PATIENT.text)
    assert entries_of(kept(shelf, submission(entry()), known_patients_only=True))


def test_a_merged_patient_id_takes_no_more_documents() -> None:
    shelf = Shelf()
    shelf.merged[PATIENT.text] = Identifier.of("7009", "2.999.1.10")
    with pytest.raises(Refused) as refused:
        kept(shelf, submission(entry()))
    assert codes(refused) == [ErrorCode.UNKNOWN_PATIENT_ID]


def test_every_problem_with_the_registry_is_told_at_once() -> None:
    shelf = Shelf()
    kept(shelf, submission(entry()), fingerprint=b"one")
    missing = "urn:uuid:00000000-0000-4000-8000-00000000dead"
    with pytest.raises(Refused) as refused:
        kept(
            shelf,
            submission(
                entry("d", "2.999.4.1", hash="0" * 40),
                links=(link(AssociationType.APND, "d", missing),),
            ),
            fingerprint=b"two",
            known_patients_only=True,
        )
    assert set(codes(refused)) == {
        ErrorCode.DUPLICATE_UNIQUE_ID_IN_REGISTRY,
        ErrorCode.NON_IDENTICAL_HASH,
        ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
        ErrorCode.UNKNOWN_PATIENT_ID,
    }


def test_a_snapshot_links_a_stable_entry_with_an_on_demand_one() -> None:
    shelf = Shelf()
    (stable,) = entries_of(kept(shelf, submission(entry())))
    on_demand_entry = entry(
        "o", "2.999.4.7", object_type=DocumentEntryType.ON_DEMAND, hash=None, size=None
    )
    (on_demand,) = entries_of(kept(shelf, submission(on_demand_entry, unique_id="2.999.5.7")))
    snapshot = submission(
        entry("n", "2.999.4.8"),
        unique_id="2.999.5.8",
        links=(link(AssociationType.IS_SNAPSHOT_OF, "n", on_demand.entry_uuid),),
    )
    kept(shelf, snapshot)
    assert shelf.objects[on_demand.entry_uuid].availability_status == APPROVED
    with pytest.raises(Refused):
        kept(
            shelf,
            submission(
                entry("m", "2.999.4.9"),
                unique_id="2.999.5.9",
                links=(link(AssociationType.IS_SNAPSHOT_OF, "m", stable.entry_uuid),),
            ),
        )
