"""The French documents: one record of a whole story, and a child's first two documents.

Marguerite Fictive-Rosier has her gall bladder removed: consultation, laboratory report (and its
correction), ultrasound, operation, prescription, discharge; before and after it her medical
synthesis, a heart consultation, a control of her diabetes and her advance directives.
"""

from __future__ import annotations

from scripts.samples.bodies import attached, icd10, loinc
from scripts.samples.french_structured import (
    VACCINE_TABLE,
    imaging_body,
    laboratory_body,
    prescription_body,
    synthesis_body,
    vaccination_body,
)
from scripts.samples.header import PARTICIPATION_FUNCTION, Act, Document
from scripts.samples.markup import Element, element
from scripts.samples.pdf import write_pdf
from scripts.samples.people import (
    BIOLOGIST,
    CARDIOLOGIST,
    DOCUMENTS,
    EXAMPLE,
    GENERALIST,
    HOSPITAL,
    IMAGING_CENTRE,
    LABORATORY,
    LIMON,
    PAEDIATRICIAN,
    PATIENT_SPACE,
    PRACTICE,
    RADIOLOGIST,
    ROSIER,
    SECRETARY,
    SURGEON,
    Coded,
    Patient,
    Professional,
    Structure,
)

HL7_FRANCE = ("2.16.840.1.113883.2.8.2.1", None)
MINIMAL_STRUCTURE = ("1.2.250.1.213.1.1.1.1", None)
UNSTRUCTURED = ("1.3.6.1.4.1.19376.1.2.20", None)

ACT_CODE = "2.16.840.1.113883.5.4"
FRENCH_TYPE = "1.2.250.1.213.1.1.4.12"
AMBULATORY = Coded(code="AMB", system=ACT_CODE, display="Ambulatoire (hors établissement)")
INPATIENT = Coded(
    code="IMP", system=ACT_CODE, display="Hospitalisation (établissement, y compris HAD)"
)
OUTPATIENT = Coded(
    code="EXTERNE",
    system="1.2.250.1.213.1.1.4.2.291",
    display="Acte et consultation externe (établissement)",
)
ATTENDING_PHYSICIAN = Coded(code="PCP", system=PARTICIPATION_FUNCTION, display="Médecin traitant")
INVENTED = "Document inventé, pour démonstration : personnes et lieux n'existent pas."


def _document(
    number: int,
    file: str,
    *models: tuple[str, str | None],
    version: int = 1,
    code: Coded,
    title: str,
    time: str,
    patient: Patient = ROSIER,
    author: Professional | None,
    at: Structure,
    acts: tuple[Act, ...],
    encounter: Coded,
    encounter_low: str,
    encounter_high: str | None = None,
    body: Element,
    author_function: Coded | None = None,
    data_enterer: Professional | None = None,
    attending_physician: Professional | None = None,
    order: tuple[tuple[str, str], tuple[str, str]] | None = None,
) -> Document:
    """A French document: what is the same in all of them is said here once."""
    set_id = f"{DOCUMENTS}.{number}"
    return Document(
        file=file,
        language="fr-FR",
        templates=(HL7_FRANCE, MINIMAL_STRUCTURE, *models),
        identifier=f"{set_id}.{version}",
        set_id=set_id,
        version=version,
        replaces=f"{set_id}.{version - 1}" if version > 1 else None,
        code=code,
        title=title,
        effective_time=time,
        patient=patient,
        author=author,
        author_function=author_function,
        data_enterer=data_enterer,
        custodian=at,
        legal_authenticator=author,
        attending_physician=attending_physician,
        order=order,
        acts=acts,
        encounter_code=encounter,
        encounter_low=encounter_low,
        encounter_high=encounter_high,
        facility=at,
        body=body,
    )


def _pdf(title: str, *lines: str) -> Element:
    return attached("application/pdf", write_pdf(title, (INVENTED, "", *lines)))


def _letter(*lines: str) -> Element:
    return attached("text/plain", "\n".join((INVENTED, "", *lines, "")).encode())


SYNTHESIS = _document(
    1,
    "fr-01-vsm.xml",
    ("1.2.250.1.213.1.1.1.13", "201310"),
    code=Coded(code="SYNTH", system=FRENCH_TYPE, display="Synthèse"),
    title="Volet de synthèse médicale",
    time="20240115101500+0100",
    author=GENERALIST,
    author_function=ATTENDING_PHYSICIAN,
    at=PRACTICE,
    attending_physician=GENERALIST,
    acts=(
        Act(
            code=loinc("34117-2", "Historique et clinique"),
            low="20240115094500+0100",
            performer=GENERALIST,
        ),
    ),
    encounter=AMBULATORY,
    encounter_low="20240115094500+0100",
    body=synthesis_body(),
)

HEART_CONSULTATION = _document(
    2,
    "fr-02-consultation-cardiologie-pdf.xml",
    UNSTRUCTURED,
    code=loinc("11488-4", "CR ou fiche de consultation ou de visite"),
    title="Compte rendu de consultation de cardiologie",
    time="20240312114000+0100",
    author=CARDIOLOGIST,
    at=HOSPITAL,
    data_enterer=SECRETARY,
    acts=(
        Act(
            code=icd10("I10", "Hypertension essentielle (primitive)"),
            low="20240312110000+0100",
            high="20240312113000+0100",
            performer=CARDIOLOGIST,
        ),
    ),
    encounter=OUTPATIENT,
    encounter_low="20240312110000+0100",
    encounter_high="20240312113000+0100",
    body=_pdf(
        "Consultation de cardiologie",
        "Patiente : Mme Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958",
        "Date : 12 mars 2024",
        "",
        "Motif : bilan annuel d'une hypertension artérielle traitée.",
        "Tension : 134/78 mmHg aux deux bras. Pouls régulier à 68/min.",
        "Électrocardiogramme : rythme sinusal, pas d'anomalie de la repolarisation.",
        "Échographie : fraction d'éjection 62 %, ventricule gauche non dilaté.",
        "",
        "Conclusion : hypertension équilibrée. Traitement inchangé.",
        "Prochaine consultation dans un an.",
        "",
        "Dr Émile FICTIF-CARDIOLOGUE",
    ),
)

CONSULTATION = _document(
    3,
    "fr-03-consultation-texte.xml",
    UNSTRUCTURED,
    code=loinc("11488-4", "CR ou fiche de consultation ou de visite"),
    title="Lettre de consultation de médecine générale",
    time="20240513175000+0200",
    author=GENERALIST,
    author_function=ATTENDING_PHYSICIAN,
    at=PRACTICE,
    acts=(
        Act(
            code=icd10("R10.1", "Douleurs localisées à la partie supérieure de l'abdomen"),
            low="20240513173000+0200",
            performer=GENERALIST,
        ),
    ),
    encounter=AMBULATORY,
    encounter_low="20240513173000+0200",
    body=_letter(
        "Cher confrère, chère consœur,",
        "",
        "Je vous adresse Mme Marguerite FICTIVE-DUMOULIN, 66 ans, pour des douleurs de",
        "l'hypochondre droit survenues trois fois en un mois, après les repas, d'une",
        "durée de deux heures, sans fièvre ni ictère.",
        "",
        "Antécédents : hypertension artérielle, diabète de type 2.",
        "Traitement : périndopril 4 mg, metformine 1 000 mg deux fois par jour.",
        "",
        "Examen : abdomen souple, signe de Murphy douteux.",
        "Je demande une biologie et une échographie abdominale.",
        "",
        "Bien confraternellement,",
        "Dr Anselme FICTIF-GENERALISTE",
    ),
)


def _laboratory(version: int, time: str) -> Document:
    return _document(
        4,
        "fr-04-biologie-structuree.xml" if version == 1 else "fr-05-biologie-structuree-v2.xml",
        ("1.3.6.1.4.1.19376.1.3.3", None),
        ("1.2.250.1.213.1.1.1.55", "2024.01"),
        version=version,
        code=loinc("11502-2", "CR d'examens biologiques"),
        title="Compte rendu d'examens biologiques",
        time=time,
        author=BIOLOGIST,
        at=LABORATORY,
        acts=(
            Act(
                code=loinc("18719-5", "Biochimie"),
                low="20240514074500+0200",
                high="20240514151000+0200",
                performer=BIOLOGIST,
                identifier=(f"{EXAMPLE}.37.3", "BIO-2024-00514"),
            ),
        ),
        encounter=AMBULATORY,
        encounter_low="20240514074500+0200",
        body=laboratory_body(version),
    )


LABORATORY_REPORT = _laboratory(1, "20240514151500+0200")
LABORATORY_CORRECTION = _laboratory(2, "20240515093000+0200")

ULTRASOUND = _document(
    5,
    "fr-06-imagerie-echographie.xml",
    ("1.2.840.10008.9.1", None),
    ("1.2.840.10008.9.20", None),
    ("1.2.840.10008.9.21", None),
    ("1.2.250.1.213.1.1.1.45", "2024.01"),
    code=loinc("18748-4", "CR d'imagerie médicale"),
    title="Compte rendu d'imagerie médicale",
    time="20240516112000+0200",
    author=RADIOLOGIST,
    at=IMAGING_CENTRE,
    order=((f"{EXAMPLE}.37.4", "DEM-2024-0188"), (f"{EXAMPLE}.37.5", "ACC-2024-0516-03")),
    acts=(
        Act(
            code=loinc("24558-9", "Échographie abdominale"),
            translations=(
                element(
                    "translation",
                    element(
                        "qualifier",
                        element(
                            "name",
                            code="121139",
                            displayName="Modalité d'acquisition",
                            codeSystem="1.2.840.10008.2.16.4",
                        ),
                    ),
                    code="US",
                    displayName="Échographie",
                    codeSystem="1.2.840.10008.2.16.4",
                    codeSystemName="DCM",
                ),
            ),
            low="20240516110000+0200",
            high="20240516111000+0200",
            performer=RADIOLOGIST,
            identifier=(f"{EXAMPLE}.37.6.20240516.3", None),
        ),
    ),
    encounter=AMBULATORY,
    encounter_low="20240516105000+0200",
    body=imaging_body(),
)

OPERATION = _document(
    6,
    "fr-07-compte-rendu-operatoire-pdf.xml",
    UNSTRUCTURED,
    code=loinc("34874-8", "CR opératoire"),
    title="Compte rendu opératoire",
    time="20240610143000+0200",
    author=SURGEON,
    at=HOSPITAL,
    data_enterer=SECRETARY,
    acts=(
        Act(
            code=Coded(
                code="HMFC004",
                system="1.2.250.1.213.2.5",
                display="Cholécystectomie, par cœlioscopie",
                system_name="CCAM",
            ),
            low="20240610091500+0200",
            high="20240610101000+0200",
            performer=SURGEON,
        ),
    ),
    encounter=INPATIENT,
    encounter_low="20240610070000+0200",
    encounter_high="20240611150000+0200",
    body=_pdf(
        "Compte rendu opératoire",
        "Patiente : Mme Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958",
        "Intervention du 10 juin 2024, de 9 h 15 à 10 h 10",
        "",
        "Indication : lithiase vésiculaire symptomatique.",
        "Intervention : cholécystectomie par cœlioscopie, quatre trocarts.",
        "Exploration : vésicule à paroi fine, plusieurs calculs de 5 à 9 mm.",
        "Dissection du triangle de Calot, vue critique obtenue.",
        "Clips et section de l'artère et du canal cystiques.",
        "Extraction dans un sac. Pas de saignement, pas de drainage.",
        "",
        "Suites prévues : boissons le soir, sortie le lendemain.",
        "",
        "Dr Delphine FICTIF-CHIRURGIENNE",
    ),
)

PRESCRIPTION = _document(
    7,
    "fr-08-prescription.xml",
    ("1.3.6.1.4.1.19376.1.9.1.1.1", None),
    ("1.3.6.1.4.1.19376.1.5.3.1.1.1", None),
    ("1.2.250.1.213.1.1.1.39", "2024.01"),
    code=loinc("57833-6", "Prescription de produits de santé"),
    title="Prescription de produits de santé",
    time="20240611100500+0200",
    author=SURGEON,
    at=HOSPITAL,
    acts=(
        Act(
            code=loinc("57833-6", "Prescription de produits de santé"),
            low="20240611100000+0200",
            high="20240911100000+0200",
            performer=SURGEON,
            identifier=(f"{EXAMPLE}.37.7", "ORD-2024-06110042"),
        ),
    ),
    encounter=INPATIENT,
    encounter_low="20240610070000+0200",
    encounter_high="20240611150000+0200",
    body=prescription_body(),
)

DISCHARGE_LETTER = _document(
    8,
    "fr-09-lettre-de-liaison-sortie-pdf.xml",
    UNSTRUCTURED,
    code=loinc("11490-0", "Lettre de liaison à la sortie d'un établissement de soins"),
    title="Lettre de liaison à la sortie de l'établissement de santé",
    time="20240611144500+0200",
    author=SURGEON,
    at=HOSPITAL,
    data_enterer=SECRETARY,
    attending_physician=GENERALIST,
    acts=(Act(code=INPATIENT, low="20240610", high="20240611", performer=SURGEON),),
    encounter=INPATIENT,
    encounter_low="20240610070000+0200",
    encounter_high="20240611150000+0200",
    body=_pdf(
        "Lettre de liaison à la sortie",
        "Patiente : Mme Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958",
        "Séjour du 10 au 11 juin 2024, service de chirurgie viscérale",
        "",
        "Motif : cholécystectomie programmée pour lithiase vésiculaire symptomatique.",
        "Évolution : intervention et suites simples, alimentation reprise le soir même.",
        "À la sortie : apyrétique, abdomen souple, cicatrices propres.",
        "",
        "Traitement : paracétamol 1 g jusqu'à trois fois par jour pendant cinq jours ;",
        "phloroglucinol 80 mg si besoin. Traitement habituel repris.",
        "À surveiller : fièvre, ictère, douleur croissante - revenir sans attendre.",
        "",
        "Rendez-vous : consultation de chirurgie le 9 juillet 2024 à 10 h.",
        "",
        "Dr Delphine FICTIF-CHIRURGIENNE",
    ),
)

DIABETES_LABORATORY = _document(
    9,
    "fr-10-biologie-pdf.xml",
    UNSTRUCTURED,
    code=loinc("11502-2", "CR d'examens biologiques"),
    title="Compte rendu d'examens biologiques",
    time="20240920161000+0200",
    author=BIOLOGIST,
    at=LABORATORY,
    acts=(
        Act(
            code=loinc("18719-5", "Biochimie"),
            low="20240920080000+0200",
            high="20240920160000+0200",
            performer=BIOLOGIST,
            identifier=(f"{EXAMPLE}.37.3", "BIO-2024-00920"),
        ),
    ),
    encounter=AMBULATORY,
    encounter_low="20240920080000+0200",
    body=_pdf(
        "Compte rendu d'examens biologiques",
        "Patiente : Mme Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958",
        "Prélèvement du 20 septembre 2024 à 8 h 00, à jeun",
        "",
        "Hémoglobine A1c .................... 6,8 %       (cible : moins de 7,0)",
        "Glycémie à jeun .................... 6,9 mmol/L  (3,9 - 5,8)",
        "Créatinine ......................... 69 µmol/L   (44 - 80)",
        "Albumine / créatinine, urine ....... 1,1 mg/mmol (moins de 3,0)",
        "",
        "Conclusion : équilibre du diabète satisfaisant.",
        "",
        "Dr Bérénice FICTIF-BIOLOGISTE",
    ),
)

DIRECTIVES = _document(
    10,
    "fr-11-directives-anticipees-pdf.xml",
    UNSTRUCTURED,
    code=Coded(code="EXPPAT_3", system=FRENCH_TYPE, display="Directives anticipées"),
    title="Directives anticipées",
    time="20241102183000+0100",
    author=None,
    at=PATIENT_SPACE,
    acts=(
        Act(
            code=Coded(code="EXPPAT_3", system=FRENCH_TYPE, display="Directives anticipées"),
            low="20241102",
        ),
    ),
    encounter=Coded(code="VR", system=ACT_CODE, display="Virtuelle"),
    encounter_low="20241102183000+0100",
    body=_pdf(
        "Directives anticipées",
        "Je soussignée, Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958,",
        "énonce ci-dessous mes directives anticipées pour le cas où je serais,",
        "en fin de vie, hors d'état d'exprimer ma volonté.",
        "",
        "Je ne souhaite pas que l'on prolonge artificiellement ma vie",
        "si je suis dans un coma que les médecins jugent irréversible.",
        "Je demande que l'on soulage mes douleurs.",
        "Ma personne de confiance est ma fille, Clémence FICTIVE-DUMOULIN.",
        "",
        "Fait à Val-Fictif, le 2 novembre 2024",
    ),
)

VACCINATION = _document(
    11,
    "fr-12-vaccination-note.xml",
    ("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", None),
    ("1.2.250.1.213.1.1.1.46", "2023.01"),
    code=loinc("87273-9", "Note de vaccination"),
    title="Note de vaccination",
    time="20240910095000+0200",
    patient=LIMON,
    author=GENERALIST,
    at=PRACTICE,
    acts=(
        Act(
            code=loinc("87273-9", "Note de vaccination"),
            low="20240910094000+0200",
            performer=GENERALIST,
        ),
    ),
    encounter=AMBULATORY,
    encounter_low="20240910093000+0200",
    body=vaccination_body(VACCINE_TABLE),
)

CHILD_EMERGENCY = _document(
    12,
    "fr-13-passage-urgences-texte.xml",
    UNSTRUCTURED,
    code=loinc("15507-7", "CR de passage aux urgences"),
    title="Compte rendu de passage aux urgences pédiatriques",
    time="20241221034500+0100",
    patient=LIMON,
    author=PAEDIATRICIAN,
    at=HOSPITAL,
    acts=(
        Act(
            code=icd10("J05.0", "Laryngite obstructive aiguë [croup]"),
            low="202412210025+0100",
            high="202412210340+0100",
            performer=PAEDIATRICIAN,
        ),
    ),
    encounter=Coded(code="EMER", system=ACT_CODE, display="Passage aux urgences (établissement)"),
    encounter_low="202412210015+0100",
    encounter_high="202412210345+0100",
    body=_letter(
        "Elouan FICTIF-LIMON, 15 mois, amené par sa mère à 0 h 15.",
        "Motif : toux rauque et gêne inspiratoire depuis deux heures.",
        "À l'arrivée : saturation 97 %, tirage modéré, température 37,9 °C.",
        "Traitement : aérosol et corticoïde par la bouche ; nette amélioration en une",
        "heure, plus de tirage à 3 h 30.",
        "Conclusion : laryngite sous-glottique, forme modérée.",
        "Sortie à 3 h 45 avec consignes écrites de surveillance.",
        "",
        "Dr Honorine FICTIF-PEDIATRE",
    ),
)

FRENCH_DOCUMENTS = (
    SYNTHESIS,
    HEART_CONSULTATION,
    CONSULTATION,
    LABORATORY_REPORT,
    LABORATORY_CORRECTION,
    ULTRASOUND,
    OPERATION,
    PRESCRIPTION,
    DISCHARGE_LETTER,
    DIABETES_LABORATORY,
    DIRECTIVES,
    VACCINATION,
    CHILD_EMERGENCY,
)
