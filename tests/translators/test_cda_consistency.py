"""A clinical document and the metadata it came with: no false alarm, no disagreement missed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.document_repository import StagedDocument
from gateway.codecs.cda.header import read_header
from gateway.errors import Finding, Refused, Severity
from gateway.model.datatypes import Author, Code, DateTime, Identifier, LocalizedString, Person
from gateway.model.document_entry import DocumentEntry
from gateway.profile import Profile, ProfileFault, read_profile
from gateway.profile.consistency import ConsistencyMode
from gateway.service import open_service
from gateway.settings import Settings
from gateway.transactions.submission import SubmitObjects
from gateway.translators import from_xds
from gateway.translators.cda import Content, document_entry_from_cda
from gateway.translators.cda_consistency import (
    HEAD,
    ConsistencyCheck,
    check_consistency,
    check_first_octets,
)
from tests.shared import ROOT, shared

SAMPLE = ROOT / "samples/cda/fr-06-imagerie-echographie.xml"
SUBMISSIONS = sorted((ROOT / "samples/submissions").glob("*.mtom"))


@cache
def profile(name: str = "fr-dmp") -> Profile:
    return read_profile(name, ROOT / "profiles")


def entry_of(octets: bytes, name: str = "fr-dmp") -> DocumentEntry:
    read = document_entry_from_cda(read_header(octets), profile(name), octets)
    return replace(read.value, entry_uuid="Document01")


def disagreements(entry: DocumentEntry, name: str = "fr-dmp") -> dict[str, Finding]:
    octets = SAMPLE.read_bytes()
    found = check_consistency(read_header(octets), entry, profile(name), Content.of(octets))
    return {finding.location.partition(".")[2]: finding for finding in found}


@pytest.mark.parametrize("path", SUBMISSIONS, ids=lambda path: path.stem)
def test_our_submissions_say_what_their_documents_say(path: Path) -> None:
    package = from_xds(path.read_bytes()).value
    rules = profile("fr-dmp" if path.stem.startswith("fr") else "ihe")
    for entry, document in zip(package.submission.document_entries, package.documents, strict=True):
        found = check_first_octets(entry, document.content, len(document.content), rules)
        assert found == ()


@pytest.mark.parametrize("name", ["fr-dmp", "ihe"])
def test_the_published_documents_agree_with_what_is_derived_from_them(name: str) -> None:
    for path in sorted(shared("data/france/cda").glob("*.xml")):
        octets = path.read_bytes()
        entry = entry_of(octets, name)
        assert check_first_octets(entry, octets[:HEAD], len(octets), profile(name)) == ()


OTHER = Code("X", "2.999.5", "Other")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("unique_id", "2.999.66"),
        ("patient_id", Identifier.of("1", "1.2.250.1.213.1.4.10")),
        ("patient_id", Identifier.of("258043799904261", "2.999.66")),
        ("source_patient_id", Identifier.of("1", "2.999.37.1.1")),
        ("class_code", OTHER),
        ("type_code", OTHER),
        ("format_code", OTHER),
        ("healthcare_facility_type_code", OTHER),
        ("practice_setting_code", OTHER),
        ("confidentiality_code", (OTHER,)),
        ("event_code_list", (OTHER,)),
        ("creation_time", DateTime("20200101")),
        ("service_start_time", DateTime("20200101")),
        ("title", (LocalizedString("Something else"),)),
        ("language_code", "de-CH"),
        ("author", (Author(person=Person.of("1", "Other", authority="1.2.250.1.71.4.2.1")),)),
        ("legal_authenticator", Person.of("1", "Other", authority="1.2.250.1.71.4.2.1")),
        ("mime_type", "application/pdf"),
        ("hash", "00" * 20),
        ("size", "7"),
    ],
)
def test_a_disagreement_is_told_with_its_place(attribute: str, value: Any) -> None:
    entry = replace(entry_of(SAMPLE.read_bytes()), **{attribute: value})
    found = disagreements(entry)
    assert list(found) == [attribute]
    finding = found[attribute]
    weight = Severity.ERROR if attribute in ("unique_id", "patient_id", "hash", "size") else None
    assert finding.severity is (weight or Severity.WARNING)
    assert "ClinicalDocument/" in finding.message
    for personal in ("258043799904261", "FICTI", "Something"):
        assert personal not in finding.message


def test_both_values_are_told() -> None:
    entry = replace(entry_of(SAMPLE.read_bytes()), type_code=OTHER)
    message = disagreements(entry)["type_code"].message
    assert "X^^2.999.5" in message
    assert "^^2.16.840.1.113883.6.1" in message


def test_the_same_moment_said_less_precisely_is_no_disagreement() -> None:
    entry = entry_of(SAMPLE.read_bytes())
    assert entry.creation_time is not None
    shorter = DateTime(entry.creation_time.text[:8])
    assert disagreements(replace(entry, creation_time=shorter)) == {}


def test_more_labels_and_authors_than_the_document_has_are_fine() -> None:
    entry = entry_of(SAMPLE.read_bytes())
    more = replace(
        entry,
        confidentiality_code=(*entry.confidentiality_code, OTHER),
        author=(*entry.author, Author(person=Person.of("2", "Another"))),
    )
    assert disagreements(more) == {}


def test_a_document_that_is_no_cda_is_not_compared() -> None:
    entry = DocumentEntry(entry_uuid="a", unique_id="2.999.1", mime_type="application/pdf")
    assert check_first_octets(entry, b"%PDF-1.4 ClinicalDocument", 24, profile()) == ()


def test_a_large_document_is_compared_by_its_beginning() -> None:
    octets = SAMPLE.read_bytes()
    entry = replace(entry_of(octets), unique_id="2.999.66")
    found = check_first_octets(entry, octets[: octets.index(b"<section")], 10**9, profile())
    assert [f.location for f in found] == ["DocumentEntry[Document01].unique_id"]


def test_a_document_that_cannot_be_read_is_told() -> None:
    octets = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id/></ClinicalDocument>'
    entry = DocumentEntry(entry_uuid="a", mime_type="text/xml")
    (finding,) = check_first_octets(entry, octets, len(octets), profile())
    assert finding.severity is Severity.WARNING
    assert "no id" in finding.message


def test_a_profile_decides_whether_and_how_much(tmp_path: Path) -> None:
    assert profile("ihe").consistency.mode is ConsistencyMode.OFF
    assert profile("fr-dmp").consistency.mode is ConsistencyMode.ERROR
    folder = tmp_path / "calm"
    folder.mkdir()
    (folder / "profile.toml").write_text('name = "calm"\n')
    rules = folder / "consistency.toml"
    rules.write_text('mode = "warn"\n[severity]\nunique_id = "error"\ntitle = "off"\n')
    calm = read_profile("calm", tmp_path).consistency
    assert calm.weight("unique_id") is Severity.WARNING
    assert calm.weight("title") is None
    rules.write_text('[severity]\nshoe_size = "error"\n')
    with pytest.raises(ProfileFault, match="shoe_size"):
        read_profile("calm", tmp_path)


def provide(folder: Path, name: str, unique_id: str) -> tuple[Finding, ...]:
    """Submit one of our French samples, its uniqueId replaced, and give what is told."""
    path = ROOT / "samples/submissions/fr-06-imagerie-echographie.mtom"
    package = from_xds(path.read_bytes()).value
    entry = replace(package.submission.document_entries[0], unique_id=unique_id)
    submission = replace(package.submission, document_entries=(entry,))

    async def run() -> tuple[Finding, ...]:
        settings = Settings(data=folder, profile=name)
        async with open_service(settings) as service:
            staging = service.documents.stage()
            staging.write(package.documents[0].content)
            staging.close()
            staged = StagedDocument(entry_id=entry.entry_uuid, staging=staging)
            request = SubmitObjects(submission=submission)
            done = await service.inside.repository.provide_and_register(request, (staged,))
            return done.warnings

    return asyncio.run(run())


def test_a_repository_refuses_a_document_under_another_id(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        provide(tmp_path, "fr-dmp", "2.999.66")
    assert "cda-consistency" in [f.rule for f in refused.value.findings]


def test_a_repository_takes_it_where_the_profile_does_not_look(tmp_path: Path) -> None:
    assert provide(tmp_path, "ihe", "2.999.66") == ()


def test_a_check_wants_no_more_than_the_head() -> None:
    assert ConsistencyCheck(profile()).octets == HEAD


def test_a_check_concerns_itself_with_clinical_documents_only() -> None:
    check = ConsistencyCheck(profile())
    entry = DocumentEntry(entry_uuid="d", mime_type="text/xml")
    assert check.concerns(entry, b"<ClinicalDocument xmlns='urn:hl7-org:v3'>")
    assert not check.concerns(entry, b"<html>")
    assert not check.concerns(DocumentEntry(entry_uuid="d", mime_type="image/png"), b"\x89PNG")
