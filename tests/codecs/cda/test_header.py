"""What a clinical document's header says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.codecs.cda.header import read_header
from gateway.codecs.cda.values import InstanceIdentifier, Name, NamePart
from gateway.codecs.xml import read_xml
from gateway.errors import Refused
from gateway.model.datatypes import Code

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "cda"

SMALLEST = """<ClinicalDocument xmlns="urn:hl7-org:v3">
  <id root="2.999.7" extension="{extension}"/>
  {header}
  <recordTarget>
    <patientRole><id root="2.999.1" extension="P1"/>{patient}</patientRole>
  </recordTarget>
  <component>{body}</component>
</ClinicalDocument>"""


def small(
    header: str = "", patient: str = "", body: str = "<structuredBody/>", extension: str = "D1"
) -> bytes:
    return SMALLEST.format(header=header, patient=patient, body=body, extension=extension).encode()


def test_a_laboratory_report_says_who_when_and_what() -> None:
    header = read_header((SAMPLES / "fr-05-biologie-structuree-v2.xml").read_bytes())
    assert header.identifier == InstanceIdentifier("2.999.37.2.4.2")
    assert header.set_id == InstanceIdentifier("2.999.37.2.4")
    assert header.version_number == "2"
    assert header.replaces == ("2.999.37.2.4.1",)
    assert header.code == Code("11502-2", "2.16.840.1.113883.6.1", "CR d'examens biologiques")
    assert header.title == "Compte rendu d'examens biologiques"
    assert header.effective_time == "20240515093000+0200"
    assert header.language_code == "fr-FR"
    assert header.confidentiality_code == Code("N", "2.16.840.1.113883.5.25", "Normal")
    assert [one.root for one in header.template_ids][-1] == "1.2.250.1.213.1.1.1.55"
    assert header.is_structured


def test_the_patient_is_read_with_every_name_and_number() -> None:
    patient = read_header((SAMPLES / "fr-01-vsm.xml").read_bytes()).patient
    assert [one.root for one in patient.identifiers] == ["1.2.250.1.213.1.4.10", "2.999.37.1.1"]
    (name,) = patient.names
    assert name.all("family", "BR") == ("FICTIVE-ROSIER",)
    assert name.all("family", "CL") == ("FICTIVE-DUMOULIN",)
    assert name.all("given", "") == ("MARGUERITE ODILE JEANNE",)
    assert patient.birth_time == "19580417"
    assert patient.administrative_gender_code is not None
    assert patient.administrative_gender_code.code == "F"
    assert patient.birthplace is not None
    assert (patient.birthplace.county, patient.birthplace.city) == ("37999", "VAL-FICTIF")
    assert [one.value for one in patient.telecoms][0] == "tel:+33261910101"
    assert patient.addresses[0].street_name == "Allée des Personnages"


def test_authors_performers_and_places_are_read() -> None:
    header = read_header((SAMPLES / "fr-06-imagerie-echographie.xml").read_bytes())
    (author,) = header.authors
    assert author.name is not None
    assert author.name.all("family") == ("FICTIF-RADIOLOGUE",)
    assert author.code is not None
    assert author.code.code == "G15_10/SM44"
    assert author.organization is not None
    assert author.organization.name == "Centre d'imagerie fictif du Val"
    assert header.legal_authenticator is not None
    assert header.custodian is not None
    (event,) = header.service_events
    (performer,) = event.performers
    assert performer.organization is not None
    assert performer.organization.standard_industry_class_code == Code(
        "AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"
    )
    (modality,) = event.translations
    assert (modality.code.code, modality.qualifiers[0].code) == ("US", "121139")
    assert header.encompassing_encounter is not None
    assert header.encompassing_encounter.facility_code is not None
    assert header.encompassing_encounter.facility_code.code == "SA09"
    assert header.orders == (
        InstanceIdentifier("2.999.37.4", "DEM-2024-0188"),
        InstanceIdentifier("2.999.37.5", "ACC-2024-0516-03", "accessionNumber"),
    )


def test_a_wrapped_file_is_known_by_its_media_type() -> None:
    header = read_header((SAMPLES / "fr-09-lettre-de-liaison-sortie-pdf.xml").read_bytes())
    assert header.body_media_type == "application/pdf"
    assert not header.is_structured
    plain = read_header(small(body="<nonXMLBody><text>words</text></nonXMLBody>"))
    assert plain.body_media_type == "text/plain"


def test_octets_and_an_element_say_the_same() -> None:
    octets = (SAMPLES / "en-01-discharge-summary.xml").read_bytes()
    assert read_header(octets) == read_header(read_xml(octets))


def test_what_has_a_null_flavor_is_absent() -> None:
    header = read_header(
        small(
            header='<code nullFlavor="UNK" code="X"/><setId nullFlavor="NA" root="2.999.8"/>',
            patient=(
                '<id nullFlavor="UNK"/><addr nullFlavor="NAV"/><telecom nullFlavor="NAV"/>'
                '<patient><name nullFlavor="MSK"/></patient>'
            ),
        )
    )
    assert header.code is None
    assert header.set_id is None
    assert header.patient.identifiers == (InstanceIdentifier("2.999.1", "P1"),)
    assert header.patient.addresses == ()
    assert header.patient.telecoms == ()
    assert header.patient.names == ()


def test_a_name_in_one_piece_is_kept() -> None:
    header = read_header(small(patient="<patient><name> Ada  Example </name></patient>"))
    assert header.patient.names == (Name(parts=(NamePart(kind="", text="Ada Example"),)),)


def test_a_document_without_anything_optional_is_read() -> None:
    header = read_header(small(extension=""))
    assert header.identifier.unique_id == "2.999.7"
    assert read_header(small()).identifier.unique_id == "2.999.7^D1"
    assert header.authors == ()
    assert header.encompassing_encounter is None


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        (b"not XML", "cda-xml"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "cda-xml"),
        (b'<Bundle xmlns="http://hl7.org/fhir"/>', "cda-root"),
        (b"<ClinicalDocument/>", "cda-root"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "cda-id"),
        (
            b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="2.999"/></ClinicalDocument>',
            "cda-patient",
        ),
    ],
)
def test_what_is_no_clinical_document_is_refused_by_name(octets: bytes, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        read_header(octets)
    assert [finding.rule for finding in refused.value.findings] == [rule]
