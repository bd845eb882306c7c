"""What a table of expected metadata says of a document: facts a person can compare by eye.

``python -m tests.translators.french_table`` prints the table for the published French documents as
the translator describes them now. ``expected_french.json`` is such a print, compared line by line
with each document's header by a person; a change of it is reviewed like code.
"""

from __future__ import annotations

import json
from pathlib import Path

from gateway.codecs.cda.header import read_header
from gateway.model.datatypes import Code
from gateway.model.document_entry import DocumentEntry
from gateway.profile import Profile, read_profile
from gateway.translators import Translation
from gateway.translators.cda import document_entry_from_cda
from gateway.translators.cda_submission import content_type_code
from tests.shared import ROOT, shared

TABLE = Path(__file__).with_name("expected_french.json")
# Name at birth and in use, birth date, sex; addresses and telephone numbers are left out.
_TRAITS = ("PID-5|", "PID-7|", "PID-8|")

Facts = dict[str, object]


def french() -> Profile:
    return read_profile("fr-dmp", ROOT / "profiles")


def documents() -> list[Path]:
    return sorted(shared("data/france/cda").glob("*.xml"))


def described(path: Path, profile: Profile) -> Translation[DocumentEntry]:
    octets = path.read_bytes()
    return document_entry_from_cda(read_header(octets), profile, octets)


def _code(code: Code | None) -> str | None:
    return code and f"{code.code} {code.scheme}"


def facts(path: Path, profile: Profile) -> Facts:
    """The attributes of a document's description, as short texts."""
    translation = described(path, profile)
    entry = translation.value
    return {
        "uniqueId": entry.unique_id,
        "patientId": str(entry.patient_id),
        "sourcePatientId": str(entry.source_patient_id),
        "sourcePatientInfo": [x for x in entry.source_patient_info if x.startswith(_TRAITS)],
        "birthPlace": [x[7:] for x in entry.source_patient_info if "^BDL^" in x],
        "title": [one.value for one in entry.title],
        "creationTime": str(entry.creation_time),
        "serviceStartTime": str(entry.service_start_time),
        "serviceStopTime": entry.service_stop_time and str(entry.service_stop_time),
        "languageCode": entry.language_code,
        "mimeType": entry.mime_type,
        "author": [str(one.person) for one in entry.author],
        "authorInstitution": [[str(where) for where in one.institution] for one in entry.author],
        "authorSpecialty": [
            [text.partition("^")[0] for text in one.specialty] for one in entry.author
        ],
        "authorRole": [list(one.role) for one in entry.author],
        "legalAuthenticator": str(entry.legal_authenticator),
        "classCode": _code(entry.class_code),
        "typeCode": _code(entry.type_code),
        "formatCode": _code(entry.format_code),
        "confidentialityCode": [_code(one) for one in entry.confidentiality_code],
        "healthcareFacilityTypeCode": _code(entry.healthcare_facility_type_code),
        "practiceSettingCode": _code(entry.practice_setting_code),
        "eventCodeList": [_code(one) for one in entry.event_code_list],
        "referenceIdList": [str(one) for one in entry.reference_id_list],
        "contentTypeCode": _code(content_type_code(read_header(path.read_bytes()), profile)),
        "findings": sorted(finding.rule for finding in translation.findings),
    }


def table() -> dict[str, Facts]:
    profile = french()
    return {path.name: facts(path, profile) for path in documents()}


if __name__ == "__main__":
    print(json.dumps(table(), ensure_ascii=False, indent=1))
