"""A submission to the French record that breaks no rule, and one change for each rule that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
)
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import AssociationType

INS = "258043799904261^^^&1.2.250.1.213.1.4.10&ISO^NH"
PS = "899700000012^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
PLACE = "Cabinet fictif^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1379999911"
LEVEL = "2.16.840.1.113883.5.25"
VISIBILITY = "1.2.250.1.213.1.1.4.13"
OLD = "urn:uuid:0b1a3c4d-0000-4000-8000-000000000001"

AUTHOR = Author(
    person=Person(PS),
    institution=(Organization(PLACE),),
    role=("Médecin traitant",),
    specialty=("G15_10/SM26^Médecin - Qualifié en Médecine Générale (SM)^1.2.250.1.213.1.1.4.5",),
)
ENTRY = DocumentEntry(
    entry_uuid="document",
    unique_id="2.999.37.1",
    patient_id=Identifier(INS),
    source_patient_id=Identifier("DEMO-1^^^&2.999.37.1.1&ISO^PI"),
    source_patient_info=(
        "PID-3|DEMO-1^^^&2.999.37.1.1&ISO^PI",
        "PID-5|FICTIVE-ROSIER^MARGUERITE^MARGUERITE ODILE^^^^L",
        "PID-7|19580417",
        "PID-8|F",
        "PID-11|^^VAL-FICTIF^^^^BDL^^37999",
    ),
    author=(AUTHOR,),
    class_code=Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
    type_code=Code("11488-4", "2.16.840.1.113883.6.1", "Consultation"),
    format_code=Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "PDF"),
    healthcare_facility_type_code=Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
    practice_setting_code=Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
    confidentiality_code=(Code("N", LEVEL, "Normal"),),
    event_code_list=(
        Code("US", "1.2.250.1.213.1.1.5.618", "Échographie"),
        Code("774007", "1.2.250.1.213.1.1.5.695", "tête et cou"),
    ),
    reference_id_list=(ReferenceId("A1^^^&2.999.37.5&ISO^urn:ihe:iti:xds:2013:accession"),),
    creation_time=DateTime("20261121090000"),
    service_start_time=DateTime("20261121083000"),
    title=(LocalizedString("Consultation", "fr-FR"),),
    language_code="fr-FR",
    legal_authenticator=Person(PS),
    mime_type="text/xml",
)
SIGNATURE = replace(
    ENTRY,
    entry_uuid="signature",
    unique_id="2.999.37.2",
    class_code=Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),
    type_code=Code("E1762", "ASTM", "Full Document"),
    format_code=Code("http://www.w3.org/2000/09/xmldsig#", "URN", "Signature"),
    confidentiality_code=(
        Code("N", LEVEL),
        Code("MASQUE_PS", VISIBILITY),
        Code("INVISIBLE_PATIENT", VISIBILITY),
    ),
    event_code_list=(Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source"),),
    reference_id_list=(),
    language_code="art",
)
SET = SubmissionSet(
    entry_uuid="set",
    unique_id="2.999.37.3",
    source_id="2.999.37.4",
    patient_id=Identifier(INS),
    submission_time=DateTime("20261121093000"),
    author=(AUTHOR,),
    content_type_code=Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
    title=(LocalizedString("Consultation"),),
)
FOLDER = Folder(
    entry_uuid="folder",
    unique_id="2.999.37.5",
    patient_id=Identifier(INS),
    code_list=(Code("10", "1.2.250.1.213.1.1.4.1"),),
    title=(LocalizedString("Suivi"),),
)


def link(kind: str, source: str, target: str, **more: str) -> Association:
    return Association(
        entry_uuid=f"{source}-{target}",
        association_type=kind,
        source_object=source,
        target_object=target,
        **more,
    )


MEMBERS = tuple(
    link(AssociationType.HAS_MEMBER, "set", target, submission_set_status="Original")
    for target in ("document", "signature", "folder")
)
RPLC = link(AssociationType.RPLC, "document", OLD)
SIGNS = link(AssociationType.SIGNS, "signature", "set")
STATUS = link(
    AssociationType.UPDATE_AVAILABILITY_STATUS,
    "set",
    OLD,
    original_status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",
    new_status="urn:asip:ci-sis:2010:StatusType:Archived",
)
GOOD = Submission(
    submission_sets=(SET,),
    document_entries=(ENTRY, SIGNATURE),
    folders=(FOLDER,),
    associations=(*MEMBERS, RPLC, SIGNS, STATUS),
)

Change = Callable[[Submission], Submission]


def entry(**changes: Any) -> Change:
    return lambda s: replace(
        s, document_entries=(replace(ENTRY, **changes), *s.document_entries[1:])
    )


def signature(**changes: Any) -> Change:
    return lambda s: replace(
        s, document_entries=(s.document_entries[0], replace(SIGNATURE, **changes))
    )


def submission_set(**changes: Any) -> Change:
    return lambda s: replace(s, submission_sets=(replace(SET, **changes),))


def folder(**changes: Any) -> Change:
    return lambda s: replace(s, folders=(replace(FOLDER, **changes),))


def author(**changes: Any) -> Change:
    return entry(author=(replace(AUTHOR, **changes),))


def without(*links: Association) -> Change:
    return lambda s: replace(s, associations=tuple(a for a in s.associations if a not in links))


def instead(old: Association, **changes: Any) -> Change:
    return lambda s: replace(
        s,
        associations=tuple(replace(a, **changes) if a == old else a for a in s.associations),
    )


def both(*changes: Change) -> Change:
    def all_of_them(s: Submission) -> Submission:
        for change in changes:
            s = change(s)
        return s

    return all_of_them


def patient(text: str) -> Change:
    one = Identifier(text)
    return lambda s: replace(
        s,
        submission_sets=tuple(replace(x, patient_id=one) for x in s.submission_sets),
        document_entries=tuple(replace(x, patient_id=one) for x in s.document_entries),
        folders=tuple(replace(x, patient_id=one) for x in s.folders),
    )


def pid(*lines: str) -> Change:
    """Other PID lines, each in place of those of its field; ``PID-7`` alone takes them away."""
    fields = {line.partition("|")[0] for line in lines}
    kept = [x for x in ENTRY.source_patient_info if x.partition("|")[0] not in fields]
    return entry(source_patient_info=(*kept, *(x for x in lines if "|" in x)))


def people(prefix: str, first: int, change: Callable[[Person], Change]) -> dict[str, Change]:
    """What breaks the ten rules that every XCN has."""
    texts = (
        "899700000012^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^^^^IDNPS",
        "899700000012^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^L^^^IDNPS",
        "899700000012^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^D",
        "899700000012^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^PI",
        "3750100125/9^Logiciel^1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^EI",
        "3750100125/9^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^RI",
        "3750100125/9^Logiciel^1^^^^^^^U^^^RI",
        "899700000012^FICTIVE^Odile^^^^^^&2.999.9&ISO^D^^^IDNPS",
        "12^FICTIVE^Odile^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
        "258043799904261^FICTIVE^Odile^^^^^^&2.999.9&ISO^D^^^NH",
    )
    return {
        f"fr-{prefix}-{first + number:03d}": change(Person(text))
        for number, text in enumerate(texts)
    }


def visible(*codes: str) -> tuple[Code, ...]:
    return (Code("N", LEVEL), *(Code(code, VISIBILITY) for code in codes))


NIR = "258043799904261"
TEST = "1.2.250.1.213.1.4.10"
CLASS = "1.2.250.1.213.1.1.4.1"
LOINC = "2.16.840.1.113883.6.1"
CI_SIS_FORMATS = "1.2.250.1.213.1.1.4.2.282"
AUTHORED = "1.2.250.1.213.1.1.4.5"


def cx(authority: str, kind: str = "^NH", value: str = NIR) -> Identifier:
    return Identifier(f"{value}^^^&{authority}&ISO{kind}")


def of_a_patient(prefix: str, change: Callable[..., Change]) -> dict[str, Change]:
    """What breaks the five rules of a patient's id, on one object only."""
    return {
        f"fr-{prefix}-010": change(patient_id=cx(TEST, "")),
        f"fr-{prefix}-011": change(patient_id=cx(TEST, "^PI")),
        f"fr-{prefix}-012": change(patient_id=cx("1.2.250.1.213.1.4.8")),
        f"fr-{prefix}-013": change(patient_id=cx("1.2.250.1.213.1.4.10")),
        f"fr-{prefix}-014": change(patient_id=cx("1.2.250.1.213.1.4.2")),
    }


BREAKS: dict[str, Change] = {
    "fr-de-001": entry(unique_id="urn:uuid:0b1a3c4d-0000-4000-8000-000000000009"),
    **of_a_patient("de", entry),
    **of_a_patient("ss", submission_set),
    **of_a_patient("fo", folder),
    "fr-de-015": patient(f"958043799904202^^^&{TEST}&ISO^NH"),
    "fr-de-016": patient(f"258043799904262^^^&{TEST}&ISO^NH"),
    "fr-de-017": entry(source_patient_id=Identifier("1^^^&2.999.1&ISO^MR")),
    "fr-de-018": entry(source_patient_id=Identifier("1^^^&2.999.1&ISO")),
    "fr-de-019": entry(source_patient_id=cx(TEST, "^PI")),
    "fr-de-020": entry(source_patient_info=()),
    "fr-de-021": pid("PID-30|N"),
    "fr-de-022": pid("PID-3|1^^^&2.999.1&ISO", "PID-3|2^^^&2.999.1&ISO"),
    "fr-de-023": pid("PID-5"),
    "fr-de-024": pid("PID-5|A^B^^^^^L", "PID-5|A^C^^^^^M"),
    "fr-de-025": pid("PID-5|A^B^^^^^D"),
    "fr-de-026": pid("PID-7"),
    "fr-de-027": pid("PID-8|X"),
    "fr-de-028": pid("PID-8"),
    "fr-de-029": pid("PID-11"),
    "fr-de-030": entry(mime_type="application/pdf"),
    "fr-de-031": entry(mime_type="application/xml"),
    "fr-de-032": entry(language_code="en-US"),
    "fr-de-033": entry(title=()),
    "fr-de-034": entry(creation_time=DateTime("2026-11-21")),
    "fr-de-035": entry(service_start_time=None),
    "fr-de-036": entry(author=()),
    "fr-de-037": entry(legal_authenticator=None),
    "fr-de-038": entry(home_community_id="urn:oid:2.999.1"),
    "fr-de-039": entry(uri="DOC00001.XML"),
    "fr-de-040": entry(comments=(LocalizedString("a"), LocalizedString("b"))),
    "fr-de-041": entry(limited_metadata=True),
    "fr-de-042": entry(limited_metadata=True, source_patient_info=()),
    "fr-de-043": entry(limited_metadata=True, service_start_time=None),
    "fr-de-044": entry(limited_metadata=True, legal_authenticator=None),
    "fr-de-050": entry(class_code=Code("12", CLASS)),
    "fr-de-051": entry(class_code=Code("99", CLASS)),
    "fr-de-052": entry(type_code=Code("0-0", LOINC)),
    "fr-de-053": entry(type_code=Code("28617-9", LOINC)),
    "fr-de-054": entry(class_code=Code("11", CLASS)),
    "fr-de-055": entry(format_code=Code("urn:nobody:2026", CI_SIS_FORMATS)),
    "fr-de-056": entry(format_code=Code("urn:ans:ci-sis:mso-zika:2026", CI_SIS_FORMATS)),
    "fr-de-057": entry(healthcare_facility_type_code=Code("22232009", "2.16.840.1.113883.6.96")),
    "fr-de-058": entry(practice_setting_code=Code("394802001", "2.16.840.1.113883.6.96")),
    "fr-de-059": entry(event_code_list=(Code("ZZ", "1.2.250.1.213.1.1.5.618"),)),
    "fr-de-060": entry(event_code_list=(Code("1", "1.2.250.1.213.1.1.5.695"),)),
    "fr-de-061": entry(reference_id_list=(ReferenceId("A^^^&2.999.1&ISO^urn:nobody:1"),)),
    "fr-de-062": entry(
        reference_id_list=(ReferenceId("A^^^&2.999.1&ISO^urn:ihe:iti:xds:2013:referral"),)
    ),
    "fr-de-070": entry(confidentiality_code=(Code("N", LEVEL), Code("R", LEVEL))),
    "fr-de-071": entry(
        confidentiality_code=visible(
            "MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PS", "MASQUE_PS"
        )
    ),
    "fr-de-072": entry(confidentiality_code=visible("MASQUE_PSOCIAL")),
    "fr-de-073": entry(confidentiality_code=visible("MASQUE_PS", "INVISIBLE_PATIENT")),
    **people("de", 80, lambda person: entry(legal_authenticator=person)),
    "fr-de-100": signature(type_code=Code("11488-4", LOINC)),
    "fr-de-101": entry(type_code=Code("E1762", "ASTM")),
    "fr-de-102": signature(format_code=ENTRY.format_code),
    "fr-de-103": signature(event_code_list=()),
    "fr-de-104": signature(mime_type="application/dicom"),
    "fr-de-105": signature(language_code="fr-FR"),
    "fr-de-106": signature(confidentiality_code=visible("MASQUE_PS")),
    "fr-de-107": without(SIGNS),
    "fr-de-108": entry(patient_id=cx(TEST, value="123093799900701")),
    "fr-au-001": author(person=None),
    **people("au", 10, lambda person: author(person=person)),
    "fr-au-019": author(
        person=Person("258043799904261^FICTIVE^Odile^^^^^^&2.999.9&ISO^D^^^NH"), institution=()
    ),
    "fr-au-020": author(institution=(Organization(PLACE), Organization(PLACE))),
    "fr-au-021": author(person=Person(f"{NIR}^F^O^^^^^^&{TEST}&ISO^D^^^NH")),
    "fr-au-022": author(institution=()),
    "fr-au-023": author(
        institution=(Organization("C^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST"),),
    ),
    "fr-au-024": author(institution=(Organization("C^^^^^^IDNST^^^2.999.37.8"),)),
    "fr-au-025": author(
        institution=(Organization("C^^^^^&1.2.250.1.71.4.2.2&ISO^XX^^^1379999911"),)
    ),
    "fr-au-026": author(institution=(Organization("C^^^^^&1.2.250.1.71.4.2.2&ISO^^^^1379999911"),)),
    "fr-au-027": author(institution=(Organization("C^^^^^&2.999.1&ISO^IDNST^^^1379999911"),)),
    "fr-au-028": author(specialty=()),
    "fr-au-029": author(specialty=(f"G15_10/SM99^Personne^{AUTHORED}",)),
    "fr-au-030": author(specialty=(f"G15_10/SM26^^^&{AUTHORED}&ISO",)),
    "fr-au-031": author(role=("Chef",)),
    "fr-sb-001": lambda s: replace(s, document_entries=(SIGNATURE,)),
    "fr-sb-002": both(lambda s: replace(s, document_entries=(ENTRY,)), without(SIGNS)),
    "fr-sb-003": lambda s: replace(
        s,
        document_entries=(
            *s.document_entries,
            replace(SIGNATURE, entry_uuid="again", unique_id="2.999.37.9"),
        ),
        associations=(*s.associations, link(AssociationType.SIGNS, "again", "set")),
    ),
    "fr-ss-020": submission_set(author=(AUTHOR, AUTHOR)),
    "fr-ss-021": submission_set(content_type_code=Code("AMB", "2.16.840.1.113883.5.4")),
    "fr-ss-022": submission_set(intended_recipient=(Recipient(person=Person(PS)),)),
    "fr-ss-023": submission_set(unique_id="set-1"),
    "fr-ss-024": submission_set(source_id="source-1"),
    "fr-ss-025": submission_set(title=(LocalizedString("a", "fr"), LocalizedString("b", "en"))),
    "fr-fo-020": folder(code_list=()),
    "fr-fo-021": folder(title=()),
    "fr-fo-022": folder(patient_id=cx(TEST, value="123093799900701")),
    "fr-as-001": instead(RPLC, association_type=AssociationType.APND),
    "fr-as-002": lambda s: replace(
        s,
        associations=(
            *s.associations,
            link(AssociationType.HAS_MEMBER, "set", OLD, submission_set_status="Reference"),
        ),
    ),
    "fr-as-003": instead(RPLC, target_object="2.999.37.1"),
    "fr-as-004": lambda s: replace(
        s,
        associations=(*s.associations, link(AssociationType.SIGNS, "signature", "document")),
    ),
    "fr-as-005": lambda s: replace(
        s, associations=(*s.associations, link(AssociationType.SIGNS, "document", "set"))
    ),
    "fr-as-006": instead(STATUS, new_status="urn:nobody:StatusType:Lost"),
    "fr-as-007": instead(STATUS, original_status="urn:nobody:StatusType:Lost"),
}
"""By rule: a change that makes the good submission break it."""

BESIDES: dict[str, set[str]] = {
    # In production every object of the good submission has a test identity.
    **{f"fr-{kind}-013": {"fr-de-013", "fr-ss-013", "fr-fo-013"} for kind in ("de", "ss", "fo")},
    "fr-de-023": {"fr-de-025"},
    "fr-de-042": {"fr-de-041"},
    "fr-de-043": {"fr-de-041"},
    "fr-de-044": {"fr-de-041"},
    "fr-de-050": {"fr-de-054"},
    "fr-de-051": {"fr-de-054"},
    "fr-de-052": {"fr-de-053"},
    "fr-de-055": {"fr-de-056"},
    "fr-de-061": {"fr-de-062"},
    "fr-de-100": {"fr-de-054"},
    "fr-de-101": {"fr-de-054"},
}
"""What a change breaks as well, since one fact broken is two rules broken."""
