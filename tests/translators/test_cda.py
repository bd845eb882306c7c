"""A clinical document described from its own header."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from gateway.codecs.cda.header import read_header
from gateway.codecs.cda.values import CdaHeader, InstanceIdentifier
from gateway.errors import Severity
from gateway.model.datatypes import Code, LocalizedString
from gateway.model.document_entry import DocumentEntry
from gateway.profile import Profile, read_profile
from gateway.translators import Translation
from gateway.translators.cda import document_entry_from_cda
from gateway.validation import Transaction
from gateway.validation.objects import check_document_entry
from tests.shared import shared

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples" / "cda"
FRENCH = sorted(SAMPLES.glob("fr-*.xml"))
PLAIN = sorted(SAMPLES.glob("en-*.xml"))


@cache
def profile(name: str) -> Profile:
    return read_profile(name, ROOT / "profiles")


def described(path: Path, name: str) -> Translation[DocumentEntry]:
    octets = path.read_bytes()
    return document_entry_from_cda(read_header(octets), profile(name), octets)


def assert_complete(path: Path, name: str) -> None:
    translation = described(path, name)
    assert [f for f in translation.findings if f.severity is Severity.ERROR] == []
    for attribute in profile(name).metadata_from_cda.required:
        assert getattr(translation.value, attribute), attribute
    entry = replace(translation.value, entry_uuid="Document01")
    assert list(check_document_entry(entry, Transaction.PROVIDE_AND_REGISTER)) == []


@pytest.mark.parametrize("path", FRENCH, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ["fr-dmp", "ihe"])
def test_our_french_samples_describe_themselves(path: Path, name: str) -> None:
    assert_complete(path, name)


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.stem)
def test_our_samples_without_a_country_describe_themselves(path: Path) -> None:
    assert_complete(path, "ihe")


@pytest.mark.parametrize("name", ["fr-dmp", "ihe"])
def test_the_published_french_documents_describe_themselves(name: str) -> None:
    documents = sorted(shared("data/france/cda").glob("*.xml"))
    assert len(documents) == 20
    for path in documents:
        assert_complete(path, name)


def test_the_published_french_documents_have_the_formats_of_their_models() -> None:
    folder = shared("data/france/cda")
    formats = {
        path.stem: (code.code if (code := described(path, "fr-dmp").value.format_code) else "")
        for path in folder.glob("*.xml")
    }
    assert formats["VSM_1.4_2022.01"] == "urn:asip:ci-sis:vsm:2012"
    assert formats["BIO-CR-BIO_2024.01_Microbiologie_V2"] == "urn:ihe:lab:xd-lab:2008"
    assert formats["BIO-CR-BIO_2021.01_CDA-R2-Niveau-1"] == "urn:ihe:iti:xds-sd:pdf:2008"
    assert formats["BIO-TROD_2024.01_Angine"] == "urn:ans:ci-sis:trod:2024"
    # A model that refines an IHE template counts, not the template.
    assert formats["VAC-NOTE_2023.01"] == "urn:asip:ci-sis:vac-note:2021"
    assert "urn:asipSante:modelesHorsProfils:2011" not in formats.values()


def test_a_french_entry_is_exact() -> None:
    path = SAMPLES / "fr-06-imagerie-echographie.xml"
    entry = described(path, "fr-dmp").value
    assert entry.unique_id == "2.999.37.2.5.1"
    assert str(entry.patient_id) == "258043799904261^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert str(entry.source_patient_id) == "DEMO-000042^^^&2.999.37.1.1&ISO^PI"
    assert entry.source_patient_info == (
        "PID-3|DEMO-000042^^^&2.999.37.1.1&ISO^PI",
        "PID-5|FICTIVE-ROSIER^MARGUERITE^MARGUERITE ODILE JEANNE^^^^L",
        "PID-5|FICTIVE-DUMOULIN^MARGUERITE^^^^^D",
        "PID-7|19580417",
        "PID-8|F",
        "PID-11|12 Allée des Personnages^^VAL-FICTIF^^37999^FRANCE^H",
        "PID-11|^^VAL-FICTIF^^^^BDL^^37999",
        "PID-13|^PRN^PH^^^^^^^^^+33261910101",
        "PID-13|^PRN^PH^^^^^^^^^+33639980101",
        "PID-13|^^Internet^marguerite.fictive@example.org",
    )
    (author,) = entry.author
    radiologist = "899700000038^FICTIF-RADIOLOGUE^Côme^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    assert str(author.person) == radiologist
    assert [str(one) for one in author.institution] == [
        "Centre d'imagerie fictif du Val^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1379999911"
    ]
    assert author.specialty == (
        "G15_10/SM44^Médecin - Radio-diagnostic (SM)^1.2.250.1.213.1.1.4.5",
    )
    assert author.telecommunication == ()
    assert str(entry.legal_authenticator) == radiologist
    assert entry.class_code == Code("31", "1.2.250.1.213.1.1.4.1", "Imagerie médicale")
    assert entry.event_code_list == (
        Code("24558-9", "2.16.840.1.113883.6.1", "Échographie abdominale"),
        Code("US", "1.2.250.1.213.1.1.5.618", "Échographie"),
    )
    assert [str(one) for one in entry.reference_id_list] == [
        "DEM-2024-0188^^^&2.999.37.4&ISO^urn:ihe:iti:xds:2013:order",
        "ACC-2024-0516-03^^^&2.999.37.5&ISO^urn:ihe:iti:xds:2013:accession",
        "2.999.37.6.20240516.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
    ]
    assert (str(entry.creation_time), str(entry.service_start_time)) == (
        "20240516092000",
        "20240516090000",
    )
    assert entry.mime_type == "text/xml"
    assert entry.language_code == "fr-FR"
    assert entry.hash == hashlib.sha1(path.read_bytes()).hexdigest()
    assert entry.size == str(path.stat().st_size)


def test_without_a_country_identifiers_have_the_components_of_xds_only() -> None:
    translation = described(SAMPLES / "en-01-discharge-summary.xml", "ihe")
    entry = translation.value
    assert entry.unique_id == "2.999.1.4^DS-2024-0001"
    assert str(entry.patient_id) == "ALBA-0001^^^&2.999.1.1&ISO"
    assert entry.source_patient_id == entry.patient_id
    (author,) = entry.author
    assert str(author.person) == "DOC-0007^Placeholder^Quentin^^^Dr^^^&2.999.1.2&ISO"
    assert author.specialty == ("208D00000X^^^&2.16.840.1.113883.6.101&ISO",)
    assert entry.title == (LocalizedString("Discharge summary", "en-US"),)
    assert entry.practice_setting_code is not None
    assert entry.practice_setting_code.code == "UNK"
    assert [(f.rule, f.location) for f in translation.findings] == [
        ("cda-default", "DocumentEntry.practice_setting_code")
    ]


def test_days_stay_days_and_minutes_move_to_utc() -> None:
    stay = described(SAMPLES / "fr-09-lettre-de-liaison-sortie-pdf.xml", "fr-dmp").value
    assert (str(stay.service_start_time), str(stay.service_stop_time)) == ("20240610", "20240611")
    night = described(SAMPLES / "fr-13-passage-urgences-texte.xml", "fr-dmp").value
    assert str(night.service_start_time) == "202412202325"


def test_a_patient_and_a_device_are_written_as_authors_of_their_kind() -> None:
    deposited = described(SAMPLES / "fr-11-directives-anticipees-pdf.xml", "fr-dmp").value
    (author,) = deposited.author
    assert str(author.person) == (
        "258043799904261^FICTIVE-DUMOULIN^MARGUERITE^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^NH"
    )
    assert author.institution == ()
    dispensed = described(shared("data/france/cda/eDISP-MED_2024.01.xml"), "fr-dmp").value
    assert str(dispensed.author[0].person).endswith("&ISO^U^^^RI")


def sample_header() -> CdaHeader:
    return read_header((SAMPLES / "fr-01-vsm.xml").read_bytes())


def errors(header: CdaHeader, name: str) -> set[str]:
    translation = document_entry_from_cda(header, profile(name), b"")
    return {f.location for f in translation.findings if f.is_error}


def test_what_a_profile_requires_and_a_header_lacks_is_an_error_each() -> None:
    bare = CdaHeader(identifier=InstanceIdentifier("2.999.7"), patient=sample_header().patient)
    assert errors(bare, "fr-dmp") == {
        "DocumentEntry.author",
        "DocumentEntry.legal_authenticator",
        "DocumentEntry.class_code",
        "DocumentEntry.type_code",
        "DocumentEntry.healthcare_facility_type_code",
        "DocumentEntry.practice_setting_code",
        "DocumentEntry.creation_time",
        "DocumentEntry.service_start_time",
        "DocumentEntry.title",
    }
    assert errors(bare, "ihe") == {
        "DocumentEntry.class_code",
        "DocumentEntry.type_code",
        "DocumentEntry.creation_time",
    }


def test_a_document_of_another_numbering_has_no_place_in_the_record() -> None:
    header = sample_header()
    patient = replace(header.patient, identifiers=(InstanceIdentifier("2.999.37.1.1", "P1"),))
    header = replace(header, patient=patient)
    assert errors(header, "fr-dmp") == {"DocumentEntry.patient_id"}
    assert errors(header, "ihe") == set()


def test_an_unknown_type_has_no_class_in_a_country_and_its_own_without() -> None:
    header = replace(sample_header(), code=Code("NEW", "2.999.5", "New kind"))
    assert "DocumentEntry.class_code" in errors(header, "fr-dmp")
    entry = document_entry_from_cda(header, profile("ihe"), b"").value
    assert entry.class_code == header.code


def test_a_long_title_is_cut_and_the_cut_is_told() -> None:
    header = replace(sample_header(), title="é" * 300)
    translation = document_entry_from_cda(header, profile("ihe"), b"")
    ((title, _),) = [(one.value, one.language) for one in translation.value.title]
    assert len(title) == 127
    assert "cda-title" in {f.rule for f in translation.findings}


def test_separators_in_names_stay_text() -> None:
    header = sample_header()
    (author,) = header.authors
    assert author.organization is not None
    strange = replace(author.organization, name="Care & Cure ^ Co | ~")
    header = replace(header, authors=(replace(author, organization=strange),))
    (entry_author,) = document_entry_from_cda(header, profile("fr-dmp"), b"").value.author
    assert entry_author.institution[0].name == "Care & Cure ^ Co | ~"


def test_findings_do_not_repeat_what_the_document_says_of_the_patient() -> None:
    for path in (*FRENCH, *PLAIN):
        for finding in described(path, "ihe").findings:
            assert "FICTI" not in finding.message
            assert "1958" not in finding.message
