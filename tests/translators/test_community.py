"""What FHIR has no place for and a community writes, filled in from its profile."""

from __future__ import annotations

from dataclasses import replace

from gateway.model.datatypes import Author, Code, Identifier, Organization, Person
from gateway.profile import read_profile
from gateway.translators.community import as_the_community_writes
from gateway.validation import ProfileRules, Transaction
from scripts.faults.french import AUTHOR, ENTRY, FOLDER, GOOD, SET
from tests.shared import ROOT

FRENCH = read_profile("fr-dmp", ROOT / "profiles")
NOW = "20261121093000"

PERSON = Person("899700000012^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO")
PLACE = Organization("Cabinet fictif^^^^^&1.2.250.1.71.4.2.2&ISO^^^^1379999911")
PATIENT = Identifier("258043799904261^^^&1.2.250.1.213.1.4.10&ISO")
# As a FHIR client says it: identifiers and names, and no more.
WHO = Author(person=PERSON, institution=(PLACE,), role=AUTHOR.role, specialty=AUTHOR.specialty)
FROM_FHIR = replace(
    GOOD,
    document_entries=(
        replace(
            ENTRY,
            patient_id=PATIENT,
            source_patient_id=PATIENT,
            author=(WHO,),
            legal_authenticator=PERSON,
            class_code=None,
            confidentiality_code=(),
        ),
        GOOD.document_entries[1],
    ),
    submission_sets=(replace(SET, patient_id=PATIENT, author=(WHO,)),),
    folders=(replace(FOLDER, patient_id=PATIENT),),
)


def test_a_submission_from_fhir_becomes_one_of_the_record() -> None:
    rules = ProfileRules.of(FRENCH)
    assert rules.check(FROM_FHIR, Transaction.PROVIDE_AND_REGISTER, NOW)
    completed = as_the_community_writes(FROM_FHIR, FRENCH)
    assert rules.check(completed, Transaction.PROVIDE_AND_REGISTER, NOW) == ()
    entry = completed.document_entries[0]
    assert entry.author[0].person == AUTHOR.person
    assert entry.author[0].institution == AUTHOR.institution
    assert entry.legal_authenticator == AUTHOR.person
    assert entry.source_patient_id == entry.patient_id == ENTRY.patient_id
    assert entry.class_code is not None
    assert entry.class_code.code == "10"
    assert [one.code for one in entry.confidentiality_code] == ["N"]


def test_what_was_said_is_not_changed() -> None:
    assert as_the_community_writes(GOOD, FRENCH) == GOOD
    device = Person("3750100125/9^Logiciel^1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI")
    said = replace(GOOD, document_entries=(replace(ENTRY, legal_authenticator=device),))
    assert as_the_community_writes(said, FRENCH) == said


def test_without_a_country_nothing_is_filled_in() -> None:
    assert as_the_community_writes(FROM_FHIR, read_profile("ihe", ROOT / "profiles")) is FROM_FHIR


def test_the_type_of_a_document_is_no_activity() -> None:
    sets = (replace(SET, content_type_code=ENTRY.type_code),)
    (one,) = as_the_community_writes(replace(GOOD, submission_sets=sets), FRENCH).submission_sets
    assert one.content_type_code == ENTRY.healthcare_facility_type_code
    hospital = replace(
        ENTRY, healthcare_facility_type_code=Code("SA01", "1.2.250.1.71.4.2.4", "Public")
    )
    asked = replace(GOOD, submission_sets=sets, document_entries=(hospital,))
    (one,) = as_the_community_writes(asked, FRENCH).submission_sets
    assert one.content_type_code is not None
    assert one.content_type_code.code == "97"
    # An activity that somebody named stays, though the record may refuse it.
    wrong = Code("AMB", "2.16.840.1.113883.5.4")
    sets = (replace(SET, content_type_code=wrong),)
    (one,) = as_the_community_writes(replace(GOOD, submission_sets=sets), FRENCH).submission_sets
    assert one.content_type_code == wrong
