"""The places where other translators were seen to lose or bend data; numbers as in docs.

Each test is named after the trap it keeps us out of.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fhir.resources.R4B.documentreference import DocumentReference

from gateway.codecs.fhir.bundle_writer import write_provide_bundle
from gateway.codecs.fhir.document_reference import read_document_reference
from gateway.codecs.fhir.fragments import Fragments
from gateway.codecs.fhir.identifiers import read_unique_id, write_unique_id
from gateway.codecs.fhir.outcome import outcome
from gateway.codecs.fhir.search import read_document_search
from gateway.codecs.fhir.vocabulary import EXTENSION
from gateway.errors import ErrorCode, Finding
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    ReferenceId,
    Telecom,
)
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, AvailabilityStatus, DocumentEntryType
from gateway.transactions.conditions import Either, Every, Has, HasText, TimeBound
from tests.codecs.fhir.fhir_examples import (
    CONFIDENTIALITY,
    ENTRY,
    FRAGMENTS,
    LOINC,
    NAMING,
    bundle,
    document_entries,
    list_entry,
    places,
    provided,
    read,
    typed,
    written,
)

UUID = "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001"
URI = "urn:ietf:rfc:3986"


def test_trap_01_identifiers_are_told_apart_by_type_by_use_or_by_form() -> None:
    resource = written()
    assert resource["masterIdentifier"]["type"]["coding"][0]["code"] == "uniqueId"
    by_use = [
        {"use": "usual", "system": URI, "value": "urn:oid:2.999.4.1.1001"},
        {"use": "official", "system": URI, "value": UUID},
    ]
    untyped = [{k: v for k, v in i.items() if k != "use"} for i in by_use]
    older_type = [typed("entryUUID", URI, UUID)]
    older_type[0]["type"]["coding"][0]["system"] += "/older"
    for identifiers in (by_use, untyped, older_type):
        found = read({**resource, "identifier": identifiers})
        assert (found.unique_id, found.entry_uuid) == ("2.999.4.1.1001", UUID)
    del resource["masterIdentifier"]
    found = read({**resource, "identifier": by_use})
    assert (found.unique_id, found.entry_uuid) == ("2.999.4.1.1001", UUID)


@pytest.mark.parametrize(
    ("unique_id", "system", "value"),
    [
        ("1.2.3", URI, "urn:oid:1.2.3"),
        ("1.2.3^A-7", "urn:oid:1.2.3", "A-7"),
        (UUID, URI, UUID),
        ("http://x.example/7", URI, "http://x.example/7"),
        ("report 7", "https://fhir-xds-gateway.example/opaque-id", "report 7"),
    ],
)
def test_trap_02_a_unique_id_is_not_always_an_oid(unique_id: str, system: str, value: str) -> None:
    assert write_unique_id(unique_id, NAMING) == (system, value)
    assert read_unique_id(system, value, NAMING) == unique_id


def test_trap_03_a_bare_uuid_does_not_become_an_oid() -> None:
    bare = UUID.removeprefix("urn:uuid:")
    assert not write_unique_id(bare, NAMING)[1].startswith("urn:oid:")
    assert read(written(replace(ENTRY, unique_id=bare))).unique_id == bare


def test_trap_04_the_resource_id_is_the_logical_id_and_outlives_versions() -> None:
    resource = written()
    assert resource["id"] == "0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0009"
    assert resource["meta"]["versionId"] == "2"
    assert resource["identifier"][0]["value"] == UUID
    assert resource["content"][0]["attachment"]["url"] == "Binary/" + resource["id"]


def test_trap_05_what_mhd_has_no_slot_for_comes_back() -> None:
    entry = replace(
        ENTRY,
        object_type=DocumentEntryType.ON_DEMAND,
        document_availability="urn:ihe:iti:2010:DocumentAvailability:Offline",
        uri="doc.xml",
    )
    assert read(written(entry)) == entry


@pytest.mark.parametrize("dtm", ["2025", "202501", "20250114", "2025011409", "202501140930"])
def test_trap_06_precision_survives_though_fhir_has_no_hour_without_seconds(dtm: str) -> None:
    resource = written(replace(ENTRY, creation_time=DateTime(dtm)))
    DocumentReference.model_validate(resource)
    assert read(resource).creation_time == DateTime(dtm)


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The machine stands in a time zone, and afterwards where it stood before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
def test_trap_07_day_precision_has_no_time_zone() -> None:
    resource = written(replace(ENTRY, creation_time=DateTime("20250114")))
    attachment = resource["content"][0]["attachment"]
    assert attachment["creation"] == "2025-01-14"
    assert read(resource).creation_time == DateTime("20250114")
    attachment["creation"] = "2025-01-14T23:30:00-02:00"
    assert read(resource).creation_time == DateTime("20250115013000")
    (day,) = read_document_search([("creation", "2025-01-14")], NAMING).query.also
    assert isinstance(day, Every)
    begins, ends = day.conditions
    assert isinstance(begins, TimeBound) and begins.low == "20250114000000"
    assert isinstance(ends, TimeBound) and ends.high == "20250115000000"


def test_trap_08_fractions_and_zones_are_understood_and_a_lost_fraction_is_named() -> None:
    resource = written()
    attachment = resource["content"][0]["attachment"]
    attachment["creation"] = "2025-01-14T09:30:00.250Z"
    entry, findings = read_document_reference(resource, NAMING)
    assert entry.creation_time == DateTime("20250114093000")
    assert [f.location for f in findings] == ["DocumentReference.content[0].attachment.creation"]
    attachment["creation"] = "2025-01-14T09:30:00+01:00"
    assert read(resource).creation_time == DateTime("20250114083000")
    attachment["creation"] = "2025-01-14T09:30:00"
    assert read_document_reference(resource, NAMING)[1][0].rule == "date-time"


def test_trap_09_the_date_of_the_reference_is_not_the_creation_of_the_document() -> None:
    resource = written(last_updated="20250301120000")
    assert resource["date"] == "2025-03-01T12:00:00Z"
    assert resource["content"][0]["attachment"]["creation"] == "2025-01-14T09:30:00Z"
    read_back, findings = read_document_reference(resource, NAMING)
    assert read_back.creation_time == ENTRY.creation_time
    assert [f.location for f in findings] == ["DocumentReference.date"]


def test_trap_10_the_hash_is_hexadecimal_here_and_base64_there() -> None:
    resource = written()
    attachment = resource["content"][0]["attachment"]
    assert attachment["hash"] == "Ck1VqNd45QIvq3AZd8XYQLvEhtA="
    assert read(resource).hash == ENTRY.hash
    upper = replace(ENTRY, hash=(ENTRY.hash or "").upper())
    assert read(written(upper)) == upper
    attachment["hash"] = ENTRY.hash  # hexadecimal text where base64 belongs
    finding = read_document_reference(resource, NAMING)[1][0]
    assert finding.location == "DocumentReference.content[0].attachment.hash"


@pytest.mark.parametrize("size", ["2147483647", "2147483648", "524288000000", "007"])
def test_trap_11_a_size_beyond_31_bits_is_not_cut(size: str) -> None:
    resource = written(replace(ENTRY, size=size))
    DocumentReference.model_validate(resource)
    assert read(resource).size == size
    assert ("size" in resource["content"][0]["attachment"]) == (size == "2147483647")


def test_trap_12_every_field_of_the_source_patient_survives() -> None:
    lines = (
        "PID-3|H-42^^^&2.999.1.20&ISO",
        "PID-3|77^^^&2.999.1.21&ISO",
        "PID-5|MARTIN^Camille^Anne^^Dr^^L~DUPONT^Camille^^^^^B",
        "PID-7|19800102",
        "PID-8|F",
        "PID-11|1 rue X^Appt 2^Paris^IDF^75001^FRA^H",
        "PID-13|^PRN^PH^^^^0100000000",
    )
    entry = replace(ENTRY, source_patient_info=lines)
    resource = written(entry)
    patient = next(c for c in resource["contained"] if c["resourceType"] == "Patient")
    assert [i["value"] for i in patient["identifier"]] == ["H-42", "77"]
    assert patient["name"][0]["given"] == ["Camille", "Anne"]
    assert patient["address"][0]["line"] == ["1 rue X", "Appt 2"]
    assert patient["birthDate"] == "1980-01-02"
    assert read(resource) == entry
    plain = replace(entry, source_patient_info=lines[:1] + lines[3:5])
    assert "extension" not in written(plain)["contained"][-1], "what FHIR can say needs no copy"
    assert read(written(plain)) == plain


@pytest.mark.parametrize(
    ("sex", "gender"),
    [("F", "female"), ("M", "male"), ("O", "other"), ("U", "unknown"), ("A", "other")],
)
def test_trap_13_a_gender_without_fhir_code_keeps_its_own(sex: str, gender: str) -> None:
    entry = replace(ENTRY, source_patient_info=("PID-3|H-42^^^&2.999.1.20&ISO", f"PID-8|{sex}"))
    resource = written(entry)
    assert resource["contained"][-1]["gender"] == gender
    assert read(resource) == entry


def test_trap_14_all_given_names_pass_in_their_order() -> None:
    entry = replace(ENTRY, legal_authenticator=Person("9^CURIE^Marie^Salomea Anna^^Dr^PhD"))
    resource = written(entry)
    person = next(c for c in resource["contained"] if c["id"] == "authenticator")
    assert person["name"][0]["given"] == ["Marie", "Salomea", "Anna"]
    assert read(resource) == entry


def test_trap_15_an_author_keeps_all_institutions_roles_specialties_and_telecoms() -> None:
    author = Author(
        person=Person("801^DURAND^Alice^^^^^^&2.999.1.30&ISO"),
        institution=(Organization("A^^^^^&2.999.1.31&ISO^^^^1"), Organization("B")),
        role=("Chef de service", "10^^^&2.999.7.9&ISO"),
        specialty=("SM26^Medecine generale^2.999.7.8", "libre"),
        telecommunication=(Telecom.email("a@x.example"), Telecom.phone("0100000000", "WPN")),
    )
    entry = replace(ENTRY, author=(author, author, Author(person=author.person)))
    resource = written(entry)
    DocumentReference.model_validate(resource)
    roles = [c for c in resource["contained"] if c["resourceType"] == "PractitionerRole"]
    assert len(roles) == 4, "one role for each institution"
    assert roles[0]["code"][0] == {"text": "Chef de service"}
    assert roles[0]["code"][1] == {"coding": [{"system": "urn:oid:2.999.7.9", "code": "10"}]}
    assert read(resource) == entry


def test_trap_16_every_label_is_kept_however_it_is_grouped() -> None:
    labels = (Code("N", CONFIDENTIALITY), Code("MASQUE_PS", "2.999.7.5"), Code("X", "2.999.7.5"))
    resource = written(replace(ENTRY, confidentiality_code=labels))
    assert [len(c["coding"]) for c in resource["securityLabel"]] == [1, 1, 1]
    assert read(resource).confidentiality_code == labels
    codings = [coding for concept in resource["securityLabel"] for coding in concept["coding"]]
    resource["securityLabel"] = [{"coding": codings}]
    assert read(resource).confidentiality_code == labels


def test_trap_17_systems_are_translated_and_unknown_ones_keep_their_form() -> None:
    entry = replace(
        ENTRY,
        type_code=Code("1", LOINC, "un", "fr-FR"),
        class_code=Code("2", "2.999.77"),
        format_code=Code("3", "Connect-a-thon formatCodes"),
        practice_setting_code=Code("4", "http://x.example/codes"),
    )
    resource = written(entry)
    assert resource["type"]["coding"][0]["system"] == "http://loinc.org"
    assert resource["category"][0]["coding"][0]["system"] == "urn:oid:2.999.77"
    assert resource["content"][0]["format"]["system"].endswith("/Connect-a-thon%20formatCodes")
    setting = resource["context"]["practiceSetting"]["coding"][0]
    assert setting["system"] == "http://x.example/codes"
    assert read(resource) == entry


def test_trap_18_encounters_and_type_codes_of_references_come_back() -> None:
    references = (
        ReferenceId.of("E-1", "2.999.1.40", "urn:ihe:iti:xds:2015:encounterId"),
        ReferenceId.of("A-1", "2.999.1.41", "urn:ihe:iti:xds:2013:accession"),
        ReferenceId.of("2.999.8", "", "urn:ihe:iti:xds:2016:studyInstanceUID"),
    )
    entry = replace(ENTRY, reference_id_list=references)
    resource = written(entry)
    context = resource["context"]
    assert context["encounter"] == [
        {"identifier": {"system": "urn:oid:2.999.1.40", "value": "E-1"}}
    ]
    assert context["related"][0]["identifier"]["type"]["coding"][0]["code"].endswith("accession")
    assert read(resource).reference_id_list == references
    del context["extension"]
    assert set(read(resource).reference_id_list) == set(references)


def test_trap_19_a_transform_and_replace_is_more_than_a_replace() -> None:
    for association_type in AssociationType.XFRM_RPLC, AssociationType.IS_SNAPSHOT_OF:
        sent = bundle()
        sent["entry"][1]["resource"]["relatesTo"] = written(
            relations=((association_type, UUID, UUID),)
        )["relatesTo"]
        assert provided(sent).submission.associations[-1].association_type == association_type
    sent["entry"][1]["resource"]["relatesTo"] = [
        {"code": code, "target": {"reference": "DocumentReference/1"}}
        for code in ("replaces", "transforms")
    ]
    found = provided(sent).submission.associations
    assert [a.association_type for a in found[1:]] == [AssociationType.XFRM_RPLC]


def test_trap_20_a_relation_is_a_literal_reference_to_the_resource() -> None:
    relation = written(relations=((AssociationType.RPLC, "urn:uuid:9", UUID),))["relatesTo"][0]
    assert relation["code"] == "replaces"
    assert relation["target"]["reference"] == "DocumentReference/9"
    assert relation["target"]["identifier"]["value"] == UUID


def test_trap_21_each_document_has_its_own_relations_only() -> None:
    sent = bundle()
    sent["entry"] += document_entries(2)
    sent["entry"][0]["resource"]["entry"].append(
        {"item": {"reference": sent["entry"][3]["fullUrl"]}}
    )
    sent["entry"][3]["resource"]["relatesTo"] = [
        {"code": "appends", "target": {"reference": "DocumentReference/1"}}
    ]
    found = provided(sent)
    relations = [
        a for a in found.submission.associations if a.association_type == AssociationType.APND
    ]
    assert [(a.source_object, a.target_object) for a in relations] == [("entry-3", "urn:uuid:1")]
    again = provided_again(found.submission)
    assert ["relatesTo" in e["resource"] for e in again if "content" in e["resource"]] == [
        False,
        True,
    ]


def provided_again(submission: Submission) -> list[dict[str, object]]:
    import json

    entries = json.loads(write_provide_bundle(submission, {}, NAMING))["entry"]
    assert isinstance(entries, list)
    return entries


def test_trap_24_comments_are_the_description_and_the_title_the_attachments() -> None:
    resource = written(replace(ENTRY, comments=(LocalizedString("Commentaire"),)))
    assert resource["description"] == "Commentaire"
    assert resource["content"][0]["attachment"]["title"] == "Compte rendu"


def test_trap_25_the_language_of_a_text_is_the_one_that_was_said() -> None:
    titles = (LocalizedString("Résumé", "fr-FR"), LocalizedString("Summary", "en"))
    resource = written(replace(ENTRY, title=titles))
    DocumentReference.model_validate(resource)
    assert read(resource).title == titles
    silent = replace(ENTRY, title=(LocalizedString("Résumé"),))
    assert "_title" not in written(silent)["content"][0]["attachment"]
    assert read(written(silent)) == silent


def test_trap_26_a_folder_beside_the_submission_set_is_told_apart_by_its_code() -> None:
    document = "urn:uuid:00000000-0000-4000-8000-000000000201"
    sent = bundle()
    sent["entry"].append(list_entry("folder", 5, document))
    sent["entry"][0]["resource"]["entry"].append(
        {"item": {"reference": sent["entry"][3]["fullUrl"]}}
    )
    for entries in (sent["entry"], sent["entry"][::-1]):
        found = provided({**sent, "entry": entries}).submission
        assert [s.unique_id for s in found.submission_sets] == ["2.999.5.0"]
        assert [f.unique_id for f in found.folders] == ["2.999.5.5"]
        assert len(found.associations) == 4, "SS-DE, SS-FD, FD-DE and SS-HM"


def test_trap_27_the_answer_has_one_entry_for_each_of_the_request() -> None:
    sent = bundle()
    sent["entry"] += document_entries(2)
    found = provided(sent)
    assert [e.object_id for e in found.entries] == [
        "entry-0",
        "entry-1",
        "entry-1",
        "entry-3",
        "entry-3",
    ]


def test_trap_28_a_document_is_there_once_and_of_the_type_it_is_said_to_have() -> None:
    url = "Bundle.entry[1].resource.content[0].attachment.url"
    sent = bundle()
    attachment = sent["entry"][1]["resource"]["content"][0]["attachment"]
    attachment["data"] = "SGVsbG8="
    assert "Bundle.entry[1].resource.content[0].attachment.data" in places(provided(sent))
    sent = bundle()
    sent["entry"][2]["resource"]["contentType"] = "application/pdf"
    assert places(provided(sent)) == ["Bundle.entry[1].resource.content[0].attachment.contentType"]
    sent = bundle()
    del sent["entry"][2]
    found = provided(sent)
    assert places(found) == [url]
    assert found.findings[0].code is ErrorCode.MISSING_DOCUMENT


def test_trap_29_an_error_keeps_its_xds_name_and_its_own_fhir_code() -> None:
    finding = Finding(
        rule="r", code=ErrorCode.TOO_MANY_RESULTS, location="patient", message="too many"
    )
    issue = outcome([finding])["issue"][0]
    assert issue["code"] == "too-costly"
    assert issue["details"]["coding"][0]["code"] == "XDSTooManyResults"
    assert issue["expression"] == ["patient"]


def test_trap_31_a_period_overlaps_and_an_open_end_is_open() -> None:
    search = read_document_search([("period", "ge2025-01"), ("period", "lt2025-03")], NAMING)
    some_time = Either((Has("service_start_time"), Has("service_stop_time")))
    after = TimeBound(
        attribute="service_stop_time", low="20250101000000", missing_matches=True, last=True
    )
    before = TimeBound(attribute="service_start_time", high="20250301000000", missing_matches=True)
    assert search.query.also == (Every((some_time, after)), Every((some_time, before)))


def test_trap_32_author_names_are_texts_not_patterns() -> None:
    query = read_document_search(
        [("author.family", r"O\,Neil,100%"), ("author.given", "A")], NAMING
    )
    assert query.query.also == (
        Either((HasText("author_family", "O,Neil"), HasText("author_family", "100%"))),
        HasText("author_given", "A"),
    )
    assert query.query.author_person == ()


def test_trap_33_the_patient_is_spliced_in_with_its_own_id_untouched() -> None:
    odd = "7001^^^NS&2.999.1.10&ISO^PI"
    fragment = FRAGMENTS.fragment(ENTRY)
    resource = Fragments(NAMING).splice(
        fragment, status=None, patient_id=odd, patient_logical_id="urn:uuid:77"
    )
    import json

    subject = json.loads(resource)["subject"]
    assert subject["reference"] == "Patient/77"
    assert subject["identifier"]["value"] == "7001"
    assert read(json.loads(resource)).patient_id == Identifier(odd)


def test_trap_37_entered_in_error_is_refused_and_superseded_is_deprecated() -> None:
    sent = bundle()
    sent["entry"][1]["resource"]["status"] = "entered-in-error"
    assert places(provided(sent)) == ["Bundle.entry[1].resource.status"]
    deprecated = replace(ENTRY, availability_status=AvailabilityStatus.DEPRECATED)
    assert written(deprecated)["status"] == "superseded"
    search = read_document_search([("status", "superseded")], NAMING)
    assert search.query.status == (AvailabilityStatus.DEPRECATED,)
    assert read_document_search([("status", "entered-in-error")], NAMING).impossible


def test_trap_38_limited_metadata_show_in_the_profile() -> None:
    minimal = written(replace(ENTRY, limited_metadata=True))
    assert minimal["meta"]["profile"][0].endswith("IHE.MHD.Minimal.DocumentReference")
    assert read(minimal).limited_metadata
    assert written()["meta"]["profile"][0].endswith("IHE.MHD.Comprehensive.DocumentReference")


def test_an_edited_element_is_not_overruled_by_the_text_it_came_with() -> None:
    entry = replace(ENTRY, patient_id=Identifier("7001^^^NS&2.999.1.10&ISO"))
    resource = written(entry)
    identifier = resource["subject"]["identifier"]
    assert identifier["extension"][0]["url"] == EXTENSION + "text"
    identifier["value"] = "7002"
    assert read(resource).patient_id == Identifier("7002^^^&2.999.1.10&ISO")


def test_a_translation_that_is_no_text_is_left_out() -> None:
    resource = written()
    translation = {
        "url": "http://hl7.org/fhir/StructureDefinition/translation",
        "extension": [{"url": {"value": "content"}, "valueString": "Note"}, {"url": ["lang"]}],
    }
    resource["content"][0]["attachment"]["title"] = "Titre"
    resource["content"][0]["attachment"]["_title"] = {"extension": [translation]}
    entry, _ = read_document_reference(resource, NAMING)
    assert entry.title == (LocalizedString("Titre"),)
