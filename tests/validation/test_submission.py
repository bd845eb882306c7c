"""Rules of one submission: each broken rule is named, at its place, and all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from gateway.errors import ErrorCode
from gateway.model.association import Association
from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    Recipient,
    ReferenceId,
    Telecom,
)
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, DocumentEntryType
from gateway.validation import Transaction, check_submission
from tests.laws.model_strategies import submissions
from tests.model.examples import (
    OTHER_PATIENT,
    entry,
    folder,
    link,
    member,
    submission,
    submission_set,
)

REGISTER = Transaction.REGISTER
KNOWN = "urn:uuid:00000000-0000-4000-8000-00000000cafe"


def places(what: Submission, transaction: Transaction = REGISTER) -> list[tuple[ErrorCode, str]]:
    return [(f.code, f.location) for f in check_submission(what, transaction)]


def test_a_complete_submission_has_no_findings() -> None:
    whole = submission(
        entry(),
        folders=(folder(),),
        links=(member("f1", "d1"), member("set", "f1>d1"), link(AssociationType.RPLC, "d1", KNOWN)),
    )
    assert check_submission(whole, REGISTER) == ()


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("class_code", "classCode"),
        ("type_code", "typeCode"),
        ("format_code", "formatCode"),
        ("healthcare_facility_type_code", "healthcareFacilityTypeCode"),
        ("practice_setting_code", "practiceSettingCode"),
        ("creation_time", "creationTime"),
        ("language_code", "languageCode"),
        ("mime_type", "mimeType"),
        ("patient_id", "patientId"),
        ("source_patient_id", "sourcePatientId"),
        ("unique_id", "uniqueId"),
        ("hash", "hash"),
        ("size", "size"),
        ("repository_unique_id", "repositoryUniqueId"),
    ],
)
def test_each_required_attribute_of_an_entry_is_asked_for_by_its_name(
    name: str, attribute: str
) -> None:
    assert places(submission(entry(**{name: None}))) == [
        (ErrorCode.REGISTRY_METADATA_ERROR, f"DocumentEntry[d1].{attribute}")
    ]


def test_the_repository_supplies_hash_size_and_its_own_id() -> None:
    bare = submission(entry(hash=None, size=None, repository_unique_id=None))
    assert places(bare, Transaction.PROVIDE_AND_REGISTER) == []
    assert len(places(bare)) == 3


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"creation_time": DateTime("2025-01-14")}, "creationTime"),
        ({"creation_time": DateTime("20251314")}, "creationTime"),
        ({"creation_time": DateTime("202501141")}, "creationTime"),
        ({"creation_time": DateTime("20250114093000+0100")}, "creationTime"),
        ({"language_code": "français"}, "languageCode"),
        ({"hash": "abc"}, "hash"),
        ({"size": "ten"}, "size"),
        ({"size": "-1"}, "size"),
        ({"mime_type": "text"}, "mimeType"),
        ({"unique_id": "../../etc/passwd"}, "uniqueId"),
        ({"unique_id": "1.2.3^" + "x" * 200}, "uniqueId"),
        ({"unique_id": "1.02.3"}, "uniqueId"),
        ({"repository_unique_id": "repo"}, "repositoryUniqueId"),
        ({"source_patient_id": Identifier("H-42")}, "sourcePatientId"),
        ({"source_patient_id": Identifier("H-42^^^&2.999&OID")}, "sourcePatientId"),
        ({"legal_authenticator": Person("^^Alice")}, "legalAuthenticator"),
        ({"source_patient_info": ("PID5|x",)}, "sourcePatientInfo"),
        ({"source_patient_info": ("PID-7|1980", "PID-7|1981")}, "sourcePatientInfo"),
        ({"source_patient_info": ("PID-3|nobody",)}, "sourcePatientInfo"),
        ({"reference_id_list": (ReferenceId("x"),)}, "referenceIdList"),
        (
            {"reference_id_list": (ReferenceId.of("x", "", "urn:ihe:iti:xds:2013:order"),)},
            "referenceIdList",
        ),
        ({"author": (Author(role=("Doctor",)),)}, "author"),
        ({"author": (Author(person=Person("^^Alice")),)}, "author.authorPerson"),
        ({"author": (Author(institution=(Organization("^x"),)),)}, "author.authorInstitution"),
        (
            {"author": (Author(institution=(Organization("A^^^^^^^^^123"),)),)},
            "author.authorInstitution",
        ),
        (
            {"author": (Author(telecommunication=(Telecom("^^Internet^nobody"),)),)},
            "author.authorTelecommunication",
        ),
        ({"title": (LocalizedString("x" * 129),)}, "title"),
        ({"type_code": Code("a", "")}, "typeCode"),
        ({"type_code": Code("", "1.2")}, "typeCode"),
        ({"confidentiality_code": (Code("N", ""),)}, "confidentialityCode"),
        ({"document_availability": "Online"}, "documentAvailability"),
        ({"home_community_id": "1.2.3"}, "homeCommunityId"),
        (
            {
                "service_start_time": DateTime("20250114"),
                "service_stop_time": DateTime("20250113235959"),
            },
            "serviceStopTime",
        ),
        ({"object_type": "urn:uuid:00000000-0000-4000-8000-000000000000"}, "objectType"),
    ],
)
def test_a_malformed_value_is_named_at_its_attribute(given: dict[str, Any], place: str) -> None:
    assert places(submission(entry(**given))) == [
        (ErrorCode.REGISTRY_METADATA_ERROR, f"DocumentEntry[d1].{place}")
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"unique_id": "2.999.1^doc-1"},
        {"unique_id": "urn:uuid:0d5f0b1e-7a56-4a1c-9a4e-6b1a4f1d0001"},
        {"unique_id": "https://example.org/documents/1"},
        {"creation_time": DateTime("2025")},
        {"service_start_time": DateTime("20250114"), "service_stop_time": DateTime("2025011408")},
        {"author": (Author(person=Person("^Robot")),)},
        {"author": (Author(institution=(Organization("A^^^^^^^^^1.2.3"),)),)},
        {"author": (Author(telecommunication=(Telecom("^PRS^PH^^^^+33 1 23 45 67 89"),)),)},
        {"patient_id": Identifier("7001^^^&2.999.1.10&ISO^NH")},
        {"size": "0", "hash": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
    ],
)
def test_unusual_but_good_values_pass(given: dict[str, Any]) -> None:
    assert places(submission(entry(**given))) == []


def test_on_demand_entries_come_alone_and_without_content() -> None:
    on_demand = entry(object_type=DocumentEntryType.ON_DEMAND, hash=None, size=None)
    wrong = submission(on_demand)
    assert (ErrorCode.REGISTRY_METADATA_ERROR, "DocumentEntry[d1].creationTime") in places(
        wrong, Transaction.REGISTER_ON_DEMAND
    )
    right = submission(replace(on_demand, creation_time=None))
    assert places(right, Transaction.REGISTER_ON_DEMAND) == []
    assert places(right) == [(ErrorCode.REGISTRY_METADATA_ERROR, "DocumentEntry[d1].objectType")]


def test_there_is_exactly_one_submission_set() -> None:
    good = submission(entry())
    none = replace(good, submission_sets=())
    assert (ErrorCode.REGISTRY_METADATA_ERROR, "SubmissionSet") in places(none)
    two = replace(good, submission_sets=(*good.submission_sets, submission_set("2.999.5.9")))
    assert (ErrorCode.REGISTRY_METADATA_ERROR, "SubmissionSet") in places(two)


def test_all_objects_of_a_submission_belong_to_one_patient() -> None:
    mixed = submission(entry(patient_id=OTHER_PATIENT), folders=(folder(patient_id=OTHER_PATIENT),))
    assert places(mixed) == [
        (ErrorCode.PATIENT_ID_DOES_NOT_MATCH, "DocumentEntry[d1].patientId"),
        (ErrorCode.PATIENT_ID_DOES_NOT_MATCH, "Folder[f1].patientId"),
    ]


def test_a_unique_id_stands_once_in_a_submission() -> None:
    twice = submission(entry("d1"), entry("d2"))
    assert places(twice) == [
        (ErrorCode.REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE, "DocumentEntry[d1].uniqueId"),
        (ErrorCode.REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE, "DocumentEntry[d2].uniqueId"),
    ]


@pytest.mark.parametrize(
    ("extra", "place"),
    [
        (member("set", "nothing"), "Association[set>nothing].targetObject"),
        (member("d1", "d1"), "Association[d1>d1].targetObject"),
        (link(AssociationType.RPLC, "d1", "d2"), "Association[RPLC:d1].targetObject"),
        (link(AssociationType.APND, "d1", "f1"), "Association[APND:d1].targetObject"),
        (
            link(AssociationType.UPDATE_AVAILABILITY_STATUS, "set", KNOWN),
            "Association[UPDATE_AVAILABILITY_STATUS:set].associationType",
        ),
        (
            Association(
                entry_uuid="a", association_type="HasFriend", source_object="d1", target_object="d2"
            ),
            "Association[a].associationType",
        ),
        (member("f1", "set"), "Association[f1>set].targetObject"),
        (member("set", KNOWN, "Original"), f"Association[set>{KNOWN}].SubmissionSetStatus"),
        (
            replace(member("f1", "d2"), documentation=(Code("why", "1.2"),)),
            "Association[f1>d2].classification",
        ),
        (
            replace(
                link(AssociationType.RPLC, "d1", KNOWN),
                documentation=(Code("why", "1.2"), Code("why", "1.3")),
            ),
            "Association[RPLC:d1].classification",
        ),
    ],
)
def test_an_association_that_cannot_be_is_named(extra: Association, place: str) -> None:
    bent = submission(entry("d1"), entry("d2", "2.999.4.2"), folders=(folder(),), links=(extra,))
    assert (ErrorCode.REGISTRY_METADATA_ERROR, place) in places(bent)


def test_every_entry_and_folder_is_a_member_of_the_set() -> None:
    good = submission(entry(), folders=(folder(),))
    loose = replace(good, associations=())
    assert places(loose) == [
        (ErrorCode.REGISTRY_METADATA_ERROR, "DocumentEntry[d1]"),
        (ErrorCode.REGISTRY_METADATA_ERROR, "Folder[f1]"),
    ]


def test_a_recipient_needs_well_formed_parts() -> None:
    good = submission(entry())
    bad = replace(
        good.submission_set,
        intended_recipient=(Recipient.read("|^^NoFamily"), Recipient.read("Hospital")),
    )
    assert places(replace(good, submission_sets=(bad,))) == [
        (ErrorCode.REGISTRY_METADATA_ERROR, "SubmissionSet[set].intendedRecipient")
    ]


def test_many_faults_are_told_together() -> None:
    broken = submission(
        entry(class_code=None, hash="x", creation_time=DateTime("soon"), patient_id=OTHER_PATIENT),
        links=(member("d1", "d1"),),
    )
    found = places(broken)
    assert len(found) == len(set(found)) >= 6


@given(what=submissions())
def test_no_submission_makes_the_checks_fail(what: Submission) -> None:
    for transaction in Transaction:
        for finding in check_submission(what, transaction):
            assert finding.message
            assert finding.rule
