"""The invented people and places of the demonstration record.

No patient number can be anyone's: the birth place ``37999`` is a commune that does not exist,
under the root reserved for test platforms. Professional numbers begin with ``899700``, the range
test cards use; establishment numbers likewise exist nowhere. Telephone numbers come from the
range kept for fiction (02 61 91 ..).
"""

from __future__ import annotations

from dataclasses import dataclass, field

INS_TEST = "1.2.250.1.213.1.4.10"
PS_ID_NAT = "1.2.250.1.71.4.2.1"
STRUCT_ID_NAT = "1.2.250.1.71.4.2.2"
SPECIALTY = "1.2.250.1.213.1.1.4.5"
PRODUCER = "1.2.250.1.213.1.1.4.6"
FACILITY_TYPE = "1.2.250.1.71.4.2.4"
PRACTICE_SETTING = "1.2.250.1.213.1.1.4.9"

# The arc 2.999 is ITU-T X.660's for examples: local authorities and documents live below it.
EXAMPLE = "2.999"
HOSPITAL_PATIENTS = f"{EXAMPLE}.37.1.1"
DOCUMENTS = f"{EXAMPLE}.37.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code as CDA's CE writes it."""

    code: str
    system: str
    display: str
    system_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; the parts that are absent are not written."""

    house_number: str
    street_name: str
    postal_code: str
    city: str
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A place that employs and keeps: its number, name, address, and its two XDS codes."""

    root: str
    extension: str
    name: str
    telecom: str
    address: Address
    facility_type: Coded | None = None
    practice_setting: Coded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """Somebody who writes, signs or performs, at one structure."""

    root: str
    extension: str
    family: str
    given: str
    prefix: str | None
    suffix: str | None
    specialty: Coded
    structure: Structure


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Somebody with a record.

    Attributes:
        identifiers: Pairs of root and extension, the record's own domain first.
        birth_given_names: All given names of the birth certificate, separated by blanks.
    """

    identifiers: tuple[tuple[str, str], ...]
    birth_family: str
    birth_given_names: str
    used_family: str | None
    used_given: str | None
    gender: str
    birth_time: str
    birth_place_code: str | None
    birth_place_city: str | None
    address: Address
    telecoms: tuple[tuple[str, str | None], ...]
    guardian: tuple[str, str, str] | None = None
    relatives: tuple[Relative, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A contact of the patient: ``ECON`` emergency contact, ``NOK`` trusted person."""

    role: str
    relation: Coded
    family: str
    given: str
    telecom: str


def ins_with_key(digits: str) -> str:
    """A matricule with its control key: 97 minus the number modulo 97."""
    return f"{digits}{97 - int(digits) % 97:02d}"


def _facility(code: str, display: str) -> Coded:
    return Coded(code=code, system=FACILITY_TYPE, display=display)


def _setting(code: str, display: str) -> Coded:
    return Coded(code=code, system=PRACTICE_SETTING, display=display)


def _specialty(code: str, display: str) -> Coded:
    return Coded(code=code, system=SPECIALTY, display=display)


AMBULATORY = _setting("AMBULATOIRE", "Ambulatoire")
ESTABLISHMENT = _setting("ETABLISSEMENT", "Etablissement de santé")
PATIENT_EXPRESSION = Coded(
    code="EXP_PATIENT", system=PRODUCER, display="Expression personnelle du patient"
)


def _town(house_number: str, street_name: str) -> Address:
    return Address(
        house_number=house_number,
        street_name=street_name,
        postal_code="37999",
        city="VAL-FICTIF",
        country="FRANCE",
    )


PRACTICE = Structure(
    root=STRUCT_ID_NAT,
    extension="499700000012001",
    name="Cabinet médical fictif du Val",
    telecom="tel:+33261910010",
    address=_town("3", "Rue des Exemples"),
    facility_type=_facility("SA07", "Cabinet individuel"),
    practice_setting=AMBULATORY,
)
LABORATORY = Structure(
    root=STRUCT_ID_NAT,
    extension="1379999903",
    name="Laboratoire de biologie fictif du Val",
    telecom="tel:+33261910020",
    address=_town("14", "Rue des Essais"),
    facility_type=_facility("SA25", "Laboratoire de biologie médicale"),
    practice_setting=AMBULATORY,
)
IMAGING_CENTRE = Structure(
    root=STRUCT_ID_NAT,
    extension="1379999911",
    name="Centre d'imagerie fictif du Val",
    telecom="tel:+33261910030",
    address=_town("27", "Boulevard des Modèles"),
    facility_type=_facility("SA09", "Exercice en société"),
    practice_setting=AMBULATORY,
)
HOSPITAL = Structure(
    root=STRUCT_ID_NAT,
    extension="1379999929",
    name="Centre hospitalier fictif du Val",
    telecom="tel:+33261910040",
    address=_town("1", "Avenue de la Démonstration"),
    facility_type=_facility("SA01", "Etablissement public de santé"),
    practice_setting=ESTABLISHMENT,
)
# Documents that a patient deposits are kept by the record itself.
PATIENT_SPACE = Structure(
    root="1.2.250.1.213.4.1",
    extension="",
    name="Dossier médical partagé",
    telecom="",
    address=_town("1", "Rue du Dossier"),
    facility_type=PATIENT_EXPRESSION,
    practice_setting=PATIENT_EXPRESSION,
)


def _doctor(number: str, family: str, given: str, specialty: Coded, at: Structure) -> Professional:
    return Professional(
        root=PS_ID_NAT,
        extension=number,
        family=f"FICTIF-{family}",
        given=given,
        prefix=None,
        suffix="DR",
        specialty=specialty,
        structure=at,
    )


GENERALIST = _doctor(
    "899700000012",
    "GENERALISTE",
    "Anselme",
    _specialty("G15_10/SM26", "Médecin - Qualifié en Médecine Générale (SM)"),
    PRACTICE,
)
BIOLOGIST = _doctor(
    "899700000020",
    "BIOLOGISTE",
    "Bérénice",
    _specialty("G15_10/SM03", "Médecin - Biologie médicale (SM)"),
    LABORATORY,
)
RADIOLOGIST = _doctor(
    "899700000038",
    "RADIOLOGUE",
    "Côme",
    _specialty("G15_10/SM44", "Médecin - Radio-diagnostic (SM)"),
    IMAGING_CENTRE,
)
SURGEON = _doctor(
    "899700000046",
    "CHIRURGIENNE",
    "Delphine",
    _specialty("G15_10/SM14", "Médecin - Chirurgie viscérale et digestive (SM)"),
    HOSPITAL,
)
CARDIOLOGIST = _doctor(
    "899700000053",
    "CARDIOLOGUE",
    "Émile",
    _specialty("G15_10/SM04", "Médecin - Cardiologie et maladies vasculaires (SM)"),
    HOSPITAL,
)
PAEDIATRICIAN = _doctor(
    "899700000061",
    "PEDIATRE",
    "Honorine",
    _specialty("G15_10/SM40", "Médecin - Pédiatrie (SM)"),
    HOSPITAL,
)
SECRETARY = Professional(
    root=PS_ID_NAT,
    extension="31379999929/SECR07",
    family="FICTIVE-SECRETAIRE",
    given="Fanny",
    prefix="MME",
    suffix=None,
    specialty=Coded(code="SECRETARIAT_MEDICAL", system=PRODUCER, display="Secrétariat médical"),
    structure=HOSPITAL,
)

_ROSIER_INS = ins_with_key("2580437999042")
ROSIER = Patient(
    identifiers=((INS_TEST, _ROSIER_INS), (HOSPITAL_PATIENTS, "DEMO-000042")),
    birth_family="FICTIVE-ROSIER",
    birth_given_names="MARGUERITE ODILE JEANNE",
    used_family="FICTIVE-DUMOULIN",
    used_given="MARGUERITE",
    gender="F",
    birth_time="19580417",
    birth_place_code="37999",
    birth_place_city="VAL-FICTIF",
    address=_town("12", "Allée des Personnages"),
    telecoms=(
        ("tel:+33261910101", "H"),
        ("tel:+33639980101", "MC"),
        ("mailto:marguerite.fictive@example.org", "H"),
    ),
    relatives=(
        Relative(
            role="ECON",
            relation=Coded(code="HUSB", system="2.16.840.1.113883.5.111", display="Epoux"),
            family="FICTIF-DUMOULIN",
            given="Basile",
            telecom="tel:+33639980102",
        ),
        Relative(
            role="NOK",
            relation=Coded(
                code="DAU", system="2.16.840.1.113883.5.111", display="Fille biologique"
            ),
            family="FICTIVE-DUMOULIN",
            given="Clémence",
            telecom="tel:+33639980103",
        ),
    ),
)

_CHILD_INS = ins_with_key("1230937999007")
LIMON = Patient(
    identifiers=((INS_TEST, _CHILD_INS), (HOSPITAL_PATIENTS, "DEMO-000107")),
    birth_family="FICTIF-LIMON",
    birth_given_names="ELOUAN PIERRE",
    used_family=None,
    used_given=None,
    gender="M",
    birth_time="20230905",
    birth_place_code="37999",
    birth_place_city="VAL-FICTIF",
    address=_town("8", "Impasse des Essais"),
    telecoms=(("tel:+33639980107", "MC"),),
    guardian=("FICTIVE-LIMON", "Soizic", "tel:+33639980107"),
)

# Without any country: authorities below the example arc, LOINC and SNOMED-free narrative.
ENGLISH_PATIENTS = f"{EXAMPLE}.1.1"
ENGLISH_STAFF = f"{EXAMPLE}.1.2"
ENGLISH_STRUCTURES = f"{EXAMPLE}.1.3"
ENGLISH_DOCUMENTS = f"{EXAMPLE}.1.4"
ENGLISH_CODES = f"{EXAMPLE}.1.5"

CLINIC = Structure(
    root=ENGLISH_STRUCTURES,
    extension="CLINIC-1",
    name="Sampleshire Example Clinic",
    telecom="tel:+15555550100",
    address=Address(
        house_number="100",
        street_name="Example Street",
        postal_code="00000",
        city="Sampleton",
    ),
    facility_type=Coded(
        code="HOSP", system="2.16.840.1.113883.5.111", display="Hospital", system_name="RoleCode"
    ),
    practice_setting=None,
)
PHYSICIAN = Professional(
    root=ENGLISH_STAFF,
    extension="DOC-0007",
    family="Placeholder",
    given="Quentin",
    prefix="Dr",
    suffix=None,
    specialty=Coded(
        code="208D00000X", system="2.16.840.1.113883.6.101", display="General Practice"
    ),
    structure=CLINIC,
)
SAMPLEFIELD = Patient(
    identifiers=((ENGLISH_PATIENTS, "ALBA-0001"),),
    birth_family="Samplefield",
    birth_given_names="Alba",
    used_family=None,
    used_given=None,
    gender="F",
    birth_time="19710228",
    birth_place_code=None,
    birth_place_city="Sampleton",
    address=Address(
        house_number="7",
        street_name="Fiction Lane",
        postal_code="00000",
        city="Sampleton",
    ),
    telecoms=(("tel:+15555550142", "HP"),),
)
