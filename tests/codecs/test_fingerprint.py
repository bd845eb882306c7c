"""A submission is recognised when it comes again, and only then."""

from __future__ import annotations

from dataclasses import replace

from gateway.codecs.fingerprint import fingerprint
from gateway.model.datatypes import LocalizedString
from gateway.model.lifecycle import DocumentRecord
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from tests.model.examples import entry, link, member, submission, submission_set

DOCUMENT = DocumentRecord(
    unique_id="2.999.4.1", mime_type="text/plain", size=1, sha1="a" * 40, content="b" * 64
)


def named(one: str, two: str) -> Submission:
    return Submission(
        submission_sets=(submission_set(),),
        document_entries=(entry(one), entry(two, "2.999.4.2")),
        associations=(
            replace(member("set", one, "Original"), entry_uuid="a1"),
            replace(link(AssociationType.APND, two, one), entry_uuid="a2"),
        ),
    )


def test_other_symbolic_ids_are_the_same_submission() -> None:
    assert fingerprint(named("d1", "d2"), ()) == fingerprint(named("x", "y"), ())


def test_links_between_other_objects_are_another_submission() -> None:
    swapped = named("d1", "d2")
    first, second = swapped.associations
    turned = replace(second, source_object=second.target_object, target_object=second.source_object)
    assert fingerprint(named("d1", "d2"), ()) != fingerprint(
        replace(swapped, associations=(first, turned)), ()
    )


def test_other_uuids_are_another_submission() -> None:
    one = "urn:uuid:00000000-0000-4000-8000-000000000001"
    two = "urn:uuid:00000000-0000-4000-8000-000000000002"
    assert fingerprint(named(one, "d2"), ()) != fingerprint(named(two, "d2"), ())


def test_any_other_metadata_or_content_is_another_submission() -> None:
    same = fingerprint(submission(entry()), (DOCUMENT,))
    titled = entry(title=(LocalizedString("Another note", "en-GB"),))
    assert fingerprint(submission(titled), (DOCUMENT,)) != same
    assert fingerprint(submission(entry()), (replace(DOCUMENT, content="c" * 64),)) != same
    assert fingerprint(submission(entry()), ()) != same


def test_a_value_that_looks_like_an_id_stays_a_value() -> None:
    def titled(text: str) -> Submission:
        return submission(entry(title=(LocalizedString(text),)))

    looks = '"entry_uuid":"d1"'
    assert fingerprint(titled("d1"), ()) != fingerprint(titled("#1"), ())
    assert fingerprint(titled(looks), ()) != fingerprint(titled('"entry_uuid":"#1"'), ())


def test_what_an_earlier_version_kept_is_recognised() -> None:
    kept = "c6eac2462d5caf0419015c706fecfc3868beb78477f4080ac46f10868fc9f01c"
    assert fingerprint(named("d1", "d2"), (DOCUMENT,)).hex() == kept
