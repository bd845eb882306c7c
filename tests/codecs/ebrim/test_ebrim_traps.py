"""Where other gateways were seen to lose or bend what a message says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.codecs.ebrim.registry_objects import read_fragment, write_registry_object
from gateway.codecs.ebrim.submission import read_submit_objects, write_submit_objects
from gateway.codecs.xml import read_xml
from gateway.model.association import Association
from gateway.model.datatypes import Code, LocalizedString, ReferenceId
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import RegistryObject, Submission
from tests.codecs.ebrim import examples

ENTRY = examples.DOCUMENT_ENTRY


def again(item: RegistryObject) -> RegistryObject:
    return read_fragment(write_registry_object(item))


@pytest.mark.parametrize(
    "unique_id",
    [
        "1.2.3",
        "1.2.3^ext-1",
        "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0009",
        "0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0009",
        "https://example.org/doc?a=1&b=2",
    ],
)
def test_trap_02_a_unique_id_of_any_shape_is_kept_as_it_was_sent(unique_id: str) -> None:
    entry = replace(ENTRY, unique_id=unique_id)
    assert again(entry) == entry


def test_trap_05_logical_id_version_repository_and_availability_are_kept() -> None:
    entry = replace(ENTRY, logical_id=examples.SET, version="7")
    read = again(entry)
    assert isinstance(read, DocumentEntry)
    assert (read.logical_id, read.version) == (examples.SET, "7")
    assert read.repository_unique_id == ENTRY.repository_unique_id
    assert read.document_availability == ENTRY.document_availability


def test_trap_16_every_confidentiality_code_and_event_code_is_kept_in_order() -> None:
    codes = tuple(Code(name, "2.16.840.1.113883.5.25", name) for name in ("R", "N", "V", "R"))
    entry = replace(ENTRY, confidentiality_code=codes, event_code_list=codes[::-1])
    assert again(entry) == entry


def test_trap_17_a_missing_coding_scheme_is_an_error_and_a_display_keeps_its_language() -> None:
    bare = replace(ENTRY, type_code=Code("11488-4", "", "Consultation note", "en"))
    submitted = read_submit_objects(
        read_xml(write_submit_objects(Submission(document_entries=(bare,))))
    )
    (finding,) = submitted.findings
    assert finding.rule == "coding-scheme"
    assert submitted.submission.document_entries == (bare,)


def test_trap_18_a_reference_keeps_its_type() -> None:
    entry = replace(
        ENTRY,
        reference_id_list=(
            ReferenceId("E1^^^&2.999.13&ISO^urn:ihe:iti:xds:2015:encounterId"),
            ReferenceId("A1^^^&2.999.13&ISO^urn:ihe:iti:xds:2013:accession"),
            ReferenceId("1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID"),
        ),
    )
    assert again(entry) == entry


@pytest.mark.parametrize("label", ["Original", "Reference"])
def test_trap_22_an_association_keeps_its_id_and_what_it_says_of_its_member(label: str) -> None:
    association = replace(examples.ASSOCIATION, submission_set_status=label)
    read = again(association)
    assert isinstance(read, Association)
    assert read == association


def test_trap_25_a_text_keeps_its_language_and_its_letters() -> None:
    entry = replace(
        ENTRY,
        title=(LocalizedString("Lettre de sortie - e\u0301te\u0301", "fr-FR"),),
        comments=(LocalizedString('Größe: 1 < 2 & "x"', "de"), LocalizedString("none")),
    )
    assert again(entry) == entry
    assert b'xml:lang="en' not in write_registry_object(entry)
