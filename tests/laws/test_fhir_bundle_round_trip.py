"""A submission sent as a document bundle is the submission that is read, names of links aside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.fhir.bundle import read_provide_bundle
from gateway.codecs.fhir.bundle_writer import write_provide_bundle
from gateway.model.association import Association
from gateway.model.submission import Submission
from gateway.model.vocabulary import (
    RELATIONSHIPS,
    AssociationType,
    AvailabilityStatus,
)
from tests.laws import fhir_strategies as some
from tests.laws.test_fhir_round_trip import NAMING

_STATUS = AvailabilityStatus.APPROVED.value


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    """A submission whose objects have UUIDs and hang together, about one patient.

    No id stands for two things: neither an entryUUID nor a uniqueId is drawn twice, nor one as the
    other, whatever the strategies of single objects come up with.
    """
    patient = draw(some.identifiers)
    names = draw(st.lists(some.uuids, unique=True, min_size=6, max_size=6))
    taken = {spelling for name in names for spelling in (name, name.removeprefix("urn:uuid:"))}

    def new(held: st.SearchStrategy[some.T]) -> some.T:
        drawn: Any = draw(held)
        unique_id = drawn.unique_id
        if unique_id is not None and unique_id.lower() in taken:
            unique_id = f"2.999.4.{len(taken)}"
        taken.add((unique_id or "").lower())
        return replace(
            drawn,
            unique_id=unique_id,
            entry_uuid=names.pop(),
            logical_id=None,
            version=None,
            availability_status=_STATUS,
            patient_id=patient,
        )

    submission_set = new(some.submission_sets)
    entries = tuple(new(some.document_entries) for _ in range(draw(st.integers(0, 2))))
    entries = tuple(
        replace(e, unique_id=e.unique_id or f"2.999.4.0.{number}", mime_type="text/plain")
        for number, e in enumerate(entries)
    )
    folders = tuple(new(some.folders) for _ in range(draw(st.integers(0, 1))))
    links: list[Association] = []

    def link(kind: str, source: str, target: str, status: str | None = None) -> str:
        name = f"link{len(links)}"
        links.append(
            Association(
                entry_uuid=name,
                association_type=str(kind),
                source_object=source,
                target_object=target,
                submission_set_status=status,
                documentation=draw(some.few(some.codes)) if kind in RELATIONSHIPS else (),
            )
        )
        return name

    for entry in entries:
        link(AssociationType.HAS_MEMBER, submission_set.entry_uuid, entry.entry_uuid, "Original")
    for folder in folders:
        link(AssociationType.HAS_MEMBER, submission_set.entry_uuid, folder.entry_uuid)
    registered = (names.pop(), names.pop())
    if draw(st.booleans()):
        link(AssociationType.HAS_MEMBER, submission_set.entry_uuid, registered[0], "Reference")
    for folder in folders:
        for target in (*(e.entry_uuid for e in entries), registered[0]):
            name = link(AssociationType.HAS_MEMBER, folder.entry_uuid, target)
            link(AssociationType.HAS_MEMBER, submission_set.entry_uuid, name)
    for entry in entries:
        kind = draw(st.sampled_from(sorted(RELATIONSHIPS)))
        link(kind, entry.entry_uuid, registered[1])
    return Submission(
        submission_sets=(submission_set,),
        document_entries=entries,
        folders=folders,
        associations=tuple(links),
    )


def _links(submission: Submission) -> set[tuple[object, ...]]:
    """The links of a submission, a link to a link spelled out."""
    named = {a.entry_uuid: (a.source_object, a.target_object) for a in submission.associations}
    return {
        (
            a.association_type,
            a.source_object,
            named.get(a.target_object, a.target_object),
            a.submission_set_status,
            a.documentation,
        )
        for a in submission.associations
    }


@given(submissions(), st.binary(max_size=40))
def test_a_submission_comes_back_from_a_bundle_as_it_went(
    submission: Submission, octets: bytes
) -> None:
    documents = {e.entry_uuid: ("text/plain", octets + b".") for e in submission.document_entries}
    written = write_provide_bundle(submission, documents, NAMING)
    Bundle.model_validate_json(written)
    found = read_provide_bundle(written, NAMING)
    assert found.findings == ()
    assert found.submission.submission_sets == submission.submission_sets
    assert found.submission.document_entries == submission.document_entries
    assert found.submission.folders == submission.folders
    assert _links(found.submission) == _links(submission)
    assert {d.entry_id: (d.content_type, d.content) for d in found.documents} == documents
