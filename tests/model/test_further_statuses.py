"""Statuses a community adds: what may become of a document, who asks, what a withdrawal takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import ErrorCode, Refused
from gateway.model.association import Association
from gateway.model.conventions import (
    STANDARD_TRANSITIONS,
    FurtherStatus,
    StatusRules,
    StatusTransition,
)
from gateway.model.datatypes import Author, Organization, Person
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle import Changes, DocumentRecord, register, remove, update
from gateway.model.lifecycle.withdraw import is_author
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType, AvailabilityStatus
from tests.model.examples import HASH, entry, folder, link, member, submission, submission_set
from tests.model.shelf import Shelf

APPROVED, DEPRECATED = AvailabilityStatus.APPROVED.value, AvailabilityStatus.DEPRECATED.value
SHELVED, GONE = "urn:zz:status:Shelved", "urn:zz:status:Gone"
RULES = StatusRules(
    further=(
        FurtherStatus(urn=SHELVED, extension="http://zz.example/shelved", in_force=True),
        FurtherStatus(
            urn=GONE, extension="http://zz.example/gone", code="superseded", withdrawn=True
        ),
    ),
    transitions=(
        *STANDARD_TRANSITIONS,
        StatusTransition(original=APPROVED, new=SHELVED),
        StatusTransition(original=SHELVED, new=APPROVED),
        StatusTransition(original=APPROVED, new=GONE, by_author=True),
        StatusTransition(original=SHELVED, new=GONE, by_author=True),
        StatusTransition(original=DEPRECATED, new=GONE, by_propagation=True),
    ),
)
AUTHOR = entry().author
STRANGER = (Author(person=Person.of("81", "MARTIN", "Bob", authority="2.999.1.30")),)


def first(changes: Changes, kind: type = DocumentEntry) -> str:
    return next(o.entry_uuid for o in changes.added if isinstance(o, kind))


class Community(Shelf):
    """A shelf where the further statuses are in use."""

    def registered(self, what: Submission) -> Changes:
        return self.keep(register(what, self, self.about(statuses=RULES)))

    def asked(
        self,
        target: str,
        original: str,
        new: str,
        author: tuple[Author, ...] = AUTHOR,
        requester: tuple[Author, ...] | None = None,
    ) -> Changes:
        sent = Submission(
            submission_sets=(submission_set(f"2.999.5.{len(self.objects) + 100}", author=author),),
            associations=(
                link(
                    AssociationType.UPDATE_AVAILABILITY_STATUS,
                    "set",
                    target,
                    original_status=original,
                    new_status=new,
                ),
            ),
        )
        about = self.about(statuses=RULES, requester=requester)
        return self.keep(update(sent, self, about))

    def refused(self, *asked: str, **given: tuple[Author, ...]) -> list[str]:
        with pytest.raises(Refused) as refusal:
            self.asked(*asked, **given)  # type: ignore[arg-type]
        return [f.rule for f in refusal.value.findings]


def test_a_document_goes_to_a_further_status_and_back() -> None:
    community = Community()
    document = first(community.registered(submission(entry())))
    community.asked(document, APPROVED, SHELVED)
    assert community.objects[document].availability_status == SHELVED
    community.asked(document, SHELVED, APPROVED)
    assert community.objects[document].availability_status == APPROVED


def test_only_transitions_of_the_table_are_made() -> None:
    community = Community()
    old = first(community.registered(submission(entry())))
    community.registered(
        submission(
            entry("d2", "2.999.4.2"),
            unique_id="2.999.5.2",
            links=(link(AssociationType.RPLC, "d2", old),),
        )
    )
    assert community.refused(old, DEPRECATED, SHELVED) == ["update-status-transition"]
    # Replaced documents go with the one that replaced them, never alone.
    assert community.refused(old, DEPRECATED, GONE) == ["update-status-transition"]
    assert community.refused(old, APPROVED, GONE) == ["update-status-original"]


def test_a_status_of_another_community_is_refused() -> None:
    shelf = Shelf()
    document = first(shelf.keep(register(submission(entry()), shelf, shelf.about())))
    sent = Submission(
        submission_sets=(submission_set("2.999.5.50"),),
        associations=(
            link(
                AssociationType.UPDATE_AVAILABILITY_STATUS,
                "set",
                document,
                original_status=APPROVED,
                new_status=SHELVED,
            ),
        ),
    )
    with pytest.raises(Refused) as refusal:
        update(sent, shelf, shelf.about())
    assert [f.rule for f in refusal.value.findings] == ["update-status-slots"]


def test_folders_have_the_standard_statuses_only() -> None:
    community = Community()
    kept = community.registered(submission(entry(), folders=(folder(),)))
    holder = first(kept, Folder)
    assert community.refused(holder, APPROVED, SHELVED) == ["update-status-transition"]


def test_a_shelved_document_can_be_replaced_and_the_new_one_is_shelved() -> None:
    community = Community()
    old = first(community.registered(submission(entry())))
    community.asked(old, APPROVED, SHELVED)
    new = community.registered(
        submission(
            entry("d2", "2.999.4.2"),
            unique_id="2.999.5.2",
            links=(link(AssociationType.RPLC, "d2", old),),
        )
    )
    assert community.objects[first(new)].availability_status == SHELVED
    assert community.objects[old].availability_status == DEPRECATED


def test_a_shelved_document_can_be_described_anew() -> None:
    community = Community()
    old = first(community.registered(submission(entry())))
    community.asked(old, APPROVED, SHELVED)
    described = community.objects[old]
    assert isinstance(described, DocumentEntry)
    sent = Submission(
        submission_sets=(submission_set("2.999.5.60"),),
        document_entries=(replace(described, entry_uuid="v", language_code="fr-FR"),),
        associations=(member("set", "v", "Original", previous_version="1"),),
    )
    done = community.keep(update(sent, community, community.about(statuses=RULES)))
    assert community.objects[first(done)].availability_status == SHELVED


def test_only_the_author_withdraws() -> None:
    community = Community()
    document = first(community.registered(submission(entry())))
    with pytest.raises(Refused) as refusal:
        community.asked(document, APPROVED, GONE, author=STRANGER)
    assert [f.code for f in refusal.value.findings] == [ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR]
    # Who is known to ask counts more than who a message says it comes from.
    assert community.refused(document, APPROVED, GONE, requester=STRANGER) == [
        "update-status-author"
    ]
    assert community.refused(document, APPROVED, GONE, author=()) == ["update-status-author"]
    community.asked(document, APPROVED, GONE, author=STRANGER, requester=AUTHOR)
    assert community.latest(document) is None


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (Author(person=Person.of("80", "OTHER", authority="2.999.1.30")), True),
        (Author(person=Person.of("80", "DURAND", "Alice", authority="2.999.1.99")), False),
        # A colleague without an identifier is nobody in particular, even in the same house.
        (
            Author(
                person=Person.of("", "DURAND", "Alice"),
                institution=(Organization.of("Hospital", "990", "2.999.1.31"),),
            ),
            False,
        ),
        (Author(institution=(Organization.of("Hospital", "990", "2.999.1.31"),)), False),
    ],
)
def test_authors_are_compared_by_their_identifiers(one: Author, same: bool) -> None:
    assert is_author((one,), entry()) is same


def test_an_organisation_that_is_an_author_by_itself_is_compared_by_its_identifier() -> None:
    house = Author(institution=(Organization.of("Hospital", "990", "2.999.1.31"),))
    named = Author(institution=(Organization.of("The hospital", "990", "2.999.1.31"),))
    other = Author(institution=(Organization.of("Hospital", "991", "2.999.1.31"),))
    assert is_author((named,), entry(author=(house,)))
    assert not is_author((other,), entry(author=(house,)))


def test_a_withdrawal_takes_older_documents_versions_and_links_with_it() -> None:
    community = Community()
    kept = community.registered(
        submission(
            entry(),
            entry("other", "2.999.4.7"),
            folders=(folder(),),
            links=(member("f1", "d1"), member("set", "f1>d1")),
        )
    )
    oldest, stays, holder = first(kept), kept.added[2].entry_uuid, first(kept, Folder)
    described = community.objects[oldest]
    assert isinstance(described, DocumentEntry)
    sent = Submission(
        submission_sets=(submission_set("2.999.5.60"),),
        document_entries=(replace(described, entry_uuid="v", language_code="fr-FR"),),
        associations=(member("set", "v", "Original", previous_version="1"),),
    )
    version = first(community.keep(update(sent, community, community.about(statuses=RULES))))
    newest = first(
        community.registered(
            submission(
                entry("d2", "2.999.4.2"),
                unique_id="2.999.5.2",
                links=(link(AssociationType.RPLC, "d2", version),),
            )
        )
    )
    for number in (1, 2):
        record = DocumentRecord(
            unique_id=f"2.999.4.{number}", mime_type="text/plain", size=51, sha1=HASH, content="a"
        )
        community.documents[record.unique_id] = record
    done = community.asked(newest, APPROVED, GONE)
    entries = {u for u, o in community.withdrawn.items() if isinstance(o, DocumentEntry)}
    assert entries == {oldest, version, newest}
    assert {o.availability_status for o in community.withdrawn.values()} == {GONE}
    assert {t.entry_uuid for t in done.touched} == {holder}
    assert community.documents == {}
    left = [o for o in community.objects.values() if isinstance(o, Association)]
    assert {a.target_object for a in left} == {stays, holder}
    assert all(isinstance(community.objects[a.source_object], SubmissionSet) for a in left)


def test_what_is_withdrawn_cannot_come_back() -> None:
    community = Community()
    document = first(community.registered(submission(entry())))
    community.asked(document, APPROVED, GONE)
    assert community.refused(document, GONE, APPROVED) == ["update-status-target"]
    for again in (
        submission(entry(), unique_id="2.999.5.2"),
        submission(entry(document, "2.999.4.9"), unique_id="2.999.5.3"),
        submission(
            entry("d3", "2.999.4.3"),
            unique_id="2.999.5.4",
            links=(link(AssociationType.RPLC, "d3", document),),
        ),
    ):
        with pytest.raises(Refused):
            community.registered(again)
    with pytest.raises(Refused) as refusal:
        remove((document,), community, statuses=RULES)
    assert [f.rule for f in refusal.value.findings] == ["remove-exists"]


def test_a_withdrawal_stands_alone() -> None:
    community = Community()
    document = first(community.registered(submission(entry())))
    described = community.objects[document]
    assert isinstance(described, DocumentEntry)
    change = link(
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        "set",
        document,
        original_status=APPROVED,
        new_status=GONE,
    )
    sent = Submission(
        submission_sets=(submission_set("2.999.5.60", author=AUTHOR),),
        document_entries=(replace(described, entry_uuid="v", language_code="fr-FR"),),
        associations=(member("set", "v", "Original", previous_version="1"), change),
    )
    with pytest.raises(Refused):
        update(sent, community, community.about(statuses=RULES))
