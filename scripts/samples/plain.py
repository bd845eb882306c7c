"""Three documents without any country: HL7 CDA R2 and IHE only."""

from __future__ import annotations

from scripts.samples.bodies import attached, bullets, loinc, paragraph, section, structured, table
from scripts.samples.header import Act, Document
from scripts.samples.pdf import write_pdf
from scripts.samples.people import CLINIC, ENGLISH_DOCUMENTS, PHYSICIAN, SAMPLEFIELD, Coded

ACT_CODE = "2.16.840.1.113883.5.4"
MEDICAL_DOCUMENT = "1.3.6.1.4.1.19376.1.5.3.1.1.1"
MEDICAL_SUMMARY = "1.3.6.1.4.1.19376.1.5.3.1.1.2"
DISCHARGE_SUMMARY_TEMPLATE = "1.3.6.1.4.1.19376.1.5.3.1.1.4"
SCANNED_DOCUMENT = "1.3.6.1.4.1.19376.1.2.20"

DISCHARGE_SUMMARY = Document(
    file="en-01-discharge-summary.xml",
    language="en-US",
    templates=(
        (MEDICAL_DOCUMENT, None),
        (MEDICAL_SUMMARY, None),
        (DISCHARGE_SUMMARY_TEMPLATE, None),
    ),
    identifier=ENGLISH_DOCUMENTS,
    extension="DS-2024-0001",
    set_id=f"{ENGLISH_DOCUMENTS}.1",
    version=1,
    code=loinc("18842-5", "Discharge summary"),
    title="Discharge summary",
    effective_time="20240418161500-0500",
    patient=SAMPLEFIELD,
    author=PHYSICIAN,
    custodian=CLINIC,
    legal_authenticator=PHYSICIAN,
    acts=(
        Act(
            code=Coded(code="IMP", system=ACT_CODE, display="inpatient encounter"),
            low="20240415",
            high="20240418",
            performer=PHYSICIAN,
        ),
    ),
    encounter_code=Coded(code="IMP", system=ACT_CODE, display="inpatient encounter"),
    encounter_low="202404150940-0500",
    encounter_high="202404181600-0500",
    facility=CLINIC,
    body=structured(
        section(
            loinc("46241-6", "Hospital admission diagnosis"),
            "Admission diagnosis",
            paragraph("Community-acquired pneumonia of the right lower lobe."),
            key="en-ds",
        ),
        section(
            loinc("8648-8", "Hospital course"),
            "Hospital course",
            paragraph(
                "Alba Samplefield was admitted with fever, cough and a need for oxygen. She "
                "improved within 48 hours on intravenous antibiotics and was changed to tablets "
                "on the third day. Oxygen was stopped on 17 April."
            ),
            key="en-ds",
        ),
        section(
            loinc("10183-2", "Hospital discharge medications"),
            "Medications at discharge",
            table(
                ("Medication", "Dose", "Until"),
                ("Amoxicillin 1 g tablet", "three times a day", "22 April 2024"),
                ("Paracetamol 500 mg tablet", "when needed, at most 3 g a day", "-"),
            ),
            key="en-ds",
        ),
        section(
            loinc("48765-2", "Allergies and adverse reactions"),
            "Allergies",
            paragraph("None known."),
            key="en-ds",
        ),
        section(
            loinc("18776-5", "Plan of treatment"),
            "Follow-up",
            bullets(
                "Visit at the example clinic within two weeks.",
                "Chest X-ray after six weeks.",
                "Come back at once if fever or shortness of breath returns.",
            ),
            key="en-ds",
        ),
    ),
)

CONSULTATION_NOTE = Document(
    file="en-02-consultation-note-pdf.xml",
    language="en-US",
    templates=((MEDICAL_DOCUMENT, None), (SCANNED_DOCUMENT, None)),
    identifier=f"{ENGLISH_DOCUMENTS}.2.1",
    set_id=f"{ENGLISH_DOCUMENTS}.2",
    version=1,
    code=loinc("11488-4", "Consult note"),
    title="Consultation note, chest clinic",
    effective_time="20240603103000-0500",
    confidentiality="R",
    patient=SAMPLEFIELD,
    author=PHYSICIAN,
    custodian=CLINIC,
    legal_authenticator=PHYSICIAN,
    acts=(
        Act(
            code=Coded(code="AMB", system=ACT_CODE, display="ambulatory"),
            low="20240603",
            performer=PHYSICIAN,
        ),
    ),
    encounter_code=Coded(code="AMB", system=ACT_CODE, display="ambulatory"),
    encounter_low="20240603",
    facility=CLINIC,
    body=attached(
        "application/pdf",
        write_pdf(
            "Consultation note, chest clinic",
            (
                "Sampleshire Example Clinic - invented document for demonstrations",
                "",
                "Patient: Alba Samplefield, born 28 February 1971",
                "Date: 3 June 2024",
                "",
                "Reason: check six weeks after pneumonia.",
                "Findings: no fever, no cough; lungs clear on both sides.",
                "Chest X-ray of today: the shadow in the right lower lobe has gone.",
                "",
                "Plan: no further treatment. Vaccination against pneumococci offered.",
                "",
                "Dr Quentin Placeholder",
            ),
        ),
    ),
)

FOLLOW_UP_NOTE = Document(
    file="en-03-follow-up-note.xml",
    language="en-US",
    templates=((MEDICAL_DOCUMENT, None),),
    identifier=f"{ENGLISH_DOCUMENTS}.3.1",
    set_id=f"{ENGLISH_DOCUMENTS}.3",
    version=1,
    code=loinc("34748-4", "Telephone encounter Note"),
    title="Follow-up by telephone",
    effective_time="20240917141500-0500",
    patient=SAMPLEFIELD,
    author=PHYSICIAN,
    custodian=CLINIC,
    legal_authenticator=PHYSICIAN,
    acts=(
        Act(
            code=Coded(code="VR", system=ACT_CODE, display="virtual"),
            low="20240917",
            performer=PHYSICIAN,
        ),
    ),
    encounter_code=Coded(code="VR", system=ACT_CODE, display="virtual"),
    encounter_low="20240917",
    facility=CLINIC,
    body=structured(
        section(
            loinc("10164-2", "History of Present illness"),
            "Since the last visit",
            paragraph("Well, back at work, walks an hour every day. No cough, no fever."),
            key="en-fu",
        ),
        section(
            loinc("18776-5", "Plan of treatment"),
            "Plan",
            bullets(
                "Pneumococcal vaccination in October, at the example clinic.",
                "No further appointment needed.",
            ),
            key="en-fu",
        ),
    ),
)

PLAIN_DOCUMENTS = (DISCHARGE_SUMMARY, CONSULTATION_NOTE, FOLLOW_UP_NOTE)
