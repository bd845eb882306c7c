"""What goes into FHIR comes back: entries, sets, folders, systems, and whole submissions."""

from __future__ import annotations

import json
from typing import Any

from fhir.resources.R4B.documentreference import DocumentReference
from fhir.resources.R4B.list import List
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.fhir.document_reference import read_document_reference
from gateway.codecs.fhir.fragments import Fragments
from gateway.codecs.fhir.list import read_list
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.naming import LOCAL_SCHEME, NamingSystems
from gateway.model.submission_set import SubmissionSet
from tests.laws import fhir_strategies as some

NAMING = NamingSystems.of(
    (
        ("2.16.840.1.113883.6.1", "http://loinc.org", "LOINC"),
        ("2.16.840.1.113883.5.25", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"),
        ("2.999.1", "http://x.example/abc"),
    )
)
FRAGMENTS = Fragments(NAMING)


@given(some.document_entries)
def test_an_entry_comes_back_from_fhir_as_it_went(entry: DocumentEntry) -> None:
    written = FRAGMENTS.write(entry)
    DocumentReference.model_validate_json(written)
    assert read_document_reference(json.loads(written), NAMING) == (entry, ())


@given(some.submission_sets)
def test_a_submission_set_comes_back_from_fhir_as_it_went(submission_set: SubmissionSet) -> None:
    written = FRAGMENTS.write(submission_set)
    List.model_validate_json(written)
    assert read_list(json.loads(written), NAMING) == (submission_set, ())


@given(some.folders)
def test_a_folder_comes_back_from_fhir_as_it_went(folder: Folder) -> None:
    written = FRAGMENTS.write(folder)
    List.model_validate_json(written)
    assert read_list(json.loads(written), NAMING) == (folder, ())


@given(
    st.one_of(some.document_entries, some.submission_sets, some.folders),
    some.statuses,
    st.sampled_from(("2", "19")),
    some.identifiers,
)
def test_what_may_change_is_not_in_the_fragment(
    held: Any, status: str, version: str, patient: Any
) -> None:
    import dataclasses

    changed = dataclasses.replace(
        held, availability_status=status, version=version, patient_id=patient
    )
    fragment = FRAGMENTS.fragment(held)
    assert fragment == FRAGMENTS.fragment(changed)
    folder_time = getattr(held, "last_update_time", None)
    assert FRAGMENTS.splice(
        fragment,
        status=status,
        version=version,
        patient_id=patient.text,
        last_update_time=folder_time.text if folder_time else "",
    ) == FRAGMENTS.write(changed)


@given(some.schemes)
def test_a_scheme_comes_back_from_its_uri(scheme: str) -> None:
    uri = NAMING.uri(scheme)
    assert NAMING.scheme(uri) == scheme
    assert ":" in uri and not any(c.isspace() for c in uri)


@given(some.texts)
def test_a_text_that_is_no_system_gets_a_uri_of_ours(text: str) -> None:
    uri = NAMING.uri(LOCAL_SCHEME + text)
    assert NAMING.scheme(uri) == LOCAL_SCHEME + text
