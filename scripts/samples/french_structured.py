"""The structured bodies of the French documents: sections and the coded entries below them."""

from __future__ import annotations

from scripts.samples.bodies import (
    ATC,
    CIS,
    bullets,
    copy_section,
    icd10,
    loinc,
    marked,
    paragraph,
    section,
    structured,
    table,
)
from scripts.samples.entries import (
    Medication,
    Result,
    Vaccine,
    battery,
    immunization,
    medication,
    problem,
    result_table,
)
from scripts.samples.markup import Element
from scripts.samples.pdf import write_pdf
from scripts.samples.people import GENERALIST, Coded


def _atc(code: str, display: str) -> Coded:
    return Coded(code=code, system=ATC, display=display, system_name="ATC")


def _invented(code: str, display: str) -> Coded:
    """A product code of the national register's shape that the register does not hold."""
    return Coded(code=code, system=CIS, display=display, system_name="CIS")


LONG_TERM = (
    Medication(
        product=_invented("99999901", "Périndopril 4 mg, comprimé"),
        atc=_atc("C09AA04", "périndopril"),
        name="Périndopril 4 mg, comprimé",
        dose="1",
        dose_unit="{tablet}",
        period_hours="24",
        low="20160301",
        high=None,
    ),
    Medication(
        product=_invented("99999902", "Metformine 1 000 mg, comprimé"),
        atc=_atc("A10BA02", "metformine"),
        name="Metformine 1 000 mg, comprimé",
        dose="1",
        dose_unit="{tablet}",
        period_hours="12",
        low="20190610",
        high=None,
    ),
)
AFTER_OPERATION = (
    Medication(
        product=_invented("99999903", "Paracétamol 1 000 mg, comprimé"),
        atc=_atc("N02BE01", "paracétamol"),
        name="Paracétamol 1 000 mg, comprimé",
        dose="1",
        dose_unit="{tablet}",
        period_hours="8",
        low="20240611",
        high="20240616",
    ),
    Medication(
        product=_invented("99999904", "Phloroglucinol 80 mg, comprimé orodispersible"),
        atc=_atc("A03AX12", "phloroglucinol"),
        name="Phloroglucinol 80 mg, comprimé orodispersible",
        dose="1",
        dose_unit="{tablet}",
        period_hours="8",
        low="20240611",
        high="20240616",
    ),
)


def synthesis_body() -> Element:
    """Problems, history, allergies and risk factors; results; long-term treatment."""
    return structured(
        section(
            loinc("46612-8", "Conclusions de synthèse"),
            "Pathologies en cours, antécédents, allergies et facteurs de risque",
            key="vsm",
            marks=("1.2.250.1.213.1.1.2.29",),
            parts=(
                section(
                    loinc("34117-2", "Historique et physique"),
                    "Pathologies en cours, antécédents et allergies",
                    key="vsm",
                    marks=("1.2.250.1.213.1.1.2.30",),
                    parts=(_active_problems(), _history(), _allergies()),
                ),
                section(
                    loinc(
                        "57207-3",
                        "Facteurs de risque présents ou passés affectant l'état de santé "
                        "et/ou une circonstance",
                    ),
                    "Facteurs de risque",
                    bullets(
                        "Pas de tabac, alcool occasionnel.",
                        "Mère diabétique à partir de 60 ans.",
                    ),
                    key="vsm",
                    marks=("1.2.250.1.213.1.1.2.31",),
                ),
            ),
        ),
        section(
            loinc("30954-2", "Résultats d'examens"),
            "Points de vigilance",
            bullets(
                "Hémoglobine A1c à 6,9 % en novembre 2023 (objectif : moins de 7 %).",
                "Fond d'œil normal en septembre 2023.",
                "Créatinine à contrôler une fois par an.",
            ),
            key="vsm",
            marks=("1.3.6.1.4.1.19376.1.5.3.1.3.27", "1.2.250.1.213.1.1.2.150"),
        ),
        section(
            loinc("18776-5", "Plan de traitement"),
            "Traitement au long cours",
            key="vsm",
            marks=("1.2.250.1.213.1.1.2.32",),
            parts=(_treatment("vsm", LONG_TERM),),
        ),
    )


def _active_problems() -> Element:
    return section(
        loinc("11450-4", "Liste des problèmes actifs"),
        "Pathologies en cours",
        table(
            ("Depuis", "Pathologie"),
            ("03/2016", marked("vsm-hta", "Hypertension artérielle essentielle")),
            ("06/2019", marked("vsm-diabete", "Diabète de type 2, sans complication")),
        ),
        key="vsm",
        marks=(
            "2.16.840.1.113883.10.20.1.11",
            "1.3.6.1.4.1.19376.1.5.3.1.3.6",
            "1.2.250.1.213.1.1.2.132",
        ),
        entries=(
            problem(
                "vsm-hta",
                icd10("I10", "Hypertension essentielle (primitive)"),
                "vsm-hta",
                "20160301",
            ),
            problem(
                "vsm-diabete",
                icd10("E11.9", "Diabète sucré de type 2, sans complication"),
                "vsm-diabete",
                "20190610",
            ),
        ),
    )


def _history() -> Element:
    return section(
        loinc("11348-0", "Antécédents médicaux"),
        "Antécédents médicaux",
        table(
            ("Période", "Antécédent"),
            ("01/2012 - 02/2012", marked("vsm-pneumopathie", "Pneumopathie bactérienne")),
        ),
        key="vsm",
        marks=("1.3.6.1.4.1.19376.1.5.3.1.3.8", "1.2.250.1.213.1.1.2.134"),
        entries=(
            problem(
                "vsm-pneumopathie",
                icd10("J15.9", "Pneumopathie bactérienne, sans précision"),
                "vsm-pneumopathie",
                "20120114",
                "20120208",
            ),
        ),
    )


def _allergies() -> Element:
    return section(
        loinc("48765-2", "Allergies et hypersensibilités"),
        "Allergies et hypersensibilités",
        paragraph("Aucune allergie connue à ce jour."),
        key="vsm",
        marks=(
            "2.16.840.1.113883.10.20.1.2",
            "1.3.6.1.4.1.19376.1.5.3.1.3.13",
            "1.2.250.1.213.1.1.2.137",
        ),
    )


def _treatment(key: str, lines: tuple[Medication, ...]) -> Element:
    return section(
        loinc("10160-0", "Traitements"),
        "Traitements",
        table(
            ("Médicament", "Posologie", "Depuis"),
            *(
                (
                    marked(f"{key}-med-{number}", line.name),
                    f"{line.dose} comprimé toutes les {line.period_hours} heures",
                    f"{line.low[6:]}/{line.low[4:6]}/{line.low[:4]}",
                )
                for number, line in enumerate(lines, start=1)
            ),
        ),
        key=key,
        marks=(
            "2.16.840.1.113883.10.20.1.8",
            "1.3.6.1.4.1.19376.1.5.3.1.3.19",
            "1.2.250.1.213.1.1.2.143",
        ),
        entries=tuple(
            medication(f"{key}-med-{number}", line) for number, line in enumerate(lines, start=1)
        ),
    )


def _results(creatinine: str, flag: str) -> tuple[Result, ...]:
    """The panel of May 2024; its first edition gave a creatinine of another tube."""
    return (
        Result(
            code=loinc("14682-9", "Créatinine [Moles/Volume] Sérum/Plasma"),
            value=creatinine,
            unit="umol/L",
            low="44",
            high="80",
            flag=flag,
        ),
        Result(
            code=loinc("14749-6", "Glucose [Moles/Volume] Sérum/Plasma"),
            value="6.7",
            unit="mmol/L",
            low="3.9",
            high="5.8",
            flag="H",
        ),
        Result(
            code=loinc("1920-8", "ASAT [Activité catalytique/Volume] Sérum/Plasma"),
            value="31",
            unit="U/L",
            low=None,
            high="35",
            flag="N",
        ),
        Result(
            code=loinc("1742-6", "ALAT [Activité catalytique/Volume] Sérum/Plasma"),
            value="44",
            unit="U/L",
            low=None,
            high="35",
            flag="H",
        ),
        Result(
            code=loinc("2324-2", "Gamma GT [Activité catalytique/Volume] Sérum/Plasma"),
            value="71",
            unit="U/L",
            low=None,
            high="40",
            flag="H",
        ),
        Result(
            code=loinc("14631-6", "Bilirubine totale [Moles/Volume] Sérum/Plasma"),
            value="12",
            unit="umol/L",
            low=None,
            high="21",
            flag="N",
        ),
        Result(
            code=loinc("1988-5", "Protéine C réactive [Masse/Volume] Sérum/Plasma"),
            value="4",
            unit="mg/L",
            low=None,
            high="5",
            flag="N",
        ),
    )


def laboratory_body(version: int) -> Element:
    """One chapter of chemistry and its readable copy; the second version corrects one value."""
    key = f"bio-v{version}"
    results = _results("112", "H") if version == 1 else _results("67", "N")
    chapter = loinc("18719-5", "Biochimie")
    correction = (
        (
            paragraph(
                "Rectificatif du 15/05/2024 : la créatinine de la première édition (112 µmol/L) "
                "provenait d'un autre tube. Cette édition la remplace."
            ),
        )
        if version > 1
        else ()
    )
    copy = write_pdf(
        "Compte rendu d'examens biologiques" + (" - rectificatif" if version > 1 else ""),
        (
            "Document inventé, pour démonstration : personnes et lieux n'existent pas.",
            "",
            "Patiente : Mme Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958",
            "Prélèvement du 14 mai 2024 à 7 h 45",
            "",
            *(
                f"{one.code.display.split(' [')[0]} : {one.value.replace('.', ',')} "
                f"{one.unit.replace('umol', 'µmol')}   ({one.range_text.replace('.', ',')})"
                for one in results
            ),
            "",
            "Dr Bérénice FICTIF-BIOLOGISTE",
        ),
    )
    return structured(
        section(
            chapter,
            "Biochimie",
            paragraph("Prélèvement veineux du 14/05/2024 à 07 h 45, patiente à jeun."),
            *correction,
            result_table(key, results),
            paragraph("Résultats validés par le Dr Bérénice FICTIF-BIOLOGISTE."),
            key=key,
            marks=("1.3.6.1.4.1.19376.1.3.3.2.1", "1.2.250.1.213.1.1.2.70"),
            entries=(battery(key, chapter, "20240514074500+0200", results),),
        ),
        copy_section(key, copy),
    )


def imaging_body() -> Element:
    """The four readable sections of an ultrasound report."""
    return structured(
        section(
            loinc("55752-0", "Information clinique"),
            "Informations cliniques",
            paragraph("Douleurs répétées de l'hypochondre droit après les repas."),
            key="img",
            marks=("1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205"),
        ),
        section(
            loinc("55111-9", "Technique de l'acte d'imagerie"),
            "Acte d'imagerie",
            paragraph("Échographie abdominale, sonde convexe de 3,5 MHz, patiente à jeun."),
            key="img",
            marks=("1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206"),
        ),
        section(
            loinc("59776-5", "Résultats de l'acte d'imagerie"),
            "Résultats",
            bullets(
                "Vésicule biliaire à paroi fine, plusieurs calculs mobiles de 5 à 9 mm.",
                "Voie biliaire principale fine, 4 mm.",
                "Foie de taille et de structure normales, discrète stéatose.",
                "Pancréas, rate et reins sans anomalie. Pas d'épanchement.",
            ),
            key="img",
            marks=("2.16.840.1.113883.10.20.6.1.2",),
        ),
        section(
            loinc("19005-8", "Conclusion de l'acte d'imagerie"),
            "Conclusion",
            paragraph(
                "Lithiase vésiculaire multiple sans signe de cholécystite ni de dilatation des "
                "voies biliaires."
            ),
            key="img",
            marks=("1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209"),
        ),
    )


def prescription_body() -> Element:
    return structured(
        section(
            loinc("57828-6", "Prescription de médicaments"),
            "Prescription de médicaments",
            table(
                ("Médicament", "Posologie", "Du", "Au"),
                *(
                    (
                        marked(f"ord-med-{number}", line.name),
                        f"{line.dose} comprimé toutes les {line.period_hours} heures si besoin",
                        f"{line.low[6:]}/{line.low[4:6]}/{line.low[:4]}",
                        f"{(line.high or '')[6:]}/{(line.high or '')[4:6]}/{(line.high or '')[:4]}",
                    )
                    for number, line in enumerate(AFTER_OPERATION, start=1)
                ),
            ),
            key="ord",
            marks=("1.3.6.1.4.1.19376.1.9.1.2.1", "1.2.250.1.213.1.1.2.171"),
            entries=tuple(
                medication(f"ord-med-{number}", line, mood="INT")
                for number, line in enumerate(AFTER_OPERATION, start=1)
            ),
        ),
        copy_section(
            "ord",
            write_pdf(
                "Ordonnance",
                (
                    "Document inventé, pour démonstration : personnes et lieux n'existent pas.",
                    "",
                    "Mme Marguerite FICTIVE-DUMOULIN, née FICTIVE-ROSIER le 17/04/1958",
                    "Le 11 juin 2024",
                    "",
                    *(
                        f"{line.name} : {line.dose} comprimé toutes les {line.period_hours} "
                        "heures si besoin, pendant 5 jours"
                        for line in AFTER_OPERATION
                    ),
                    "",
                    "Dr Delphine FICTIF-CHIRURGIENNE",
                ),
            ),
        ),
    )


VACCINE_TABLE = Vaccine(
    product=_invented(
        "99999999", "VACCIN FICTIF ROUGEOLE OREILLONS RUBEOLE, suspension injectable"
    ),
    atc=_atc("J07BD52", "rougeole, oreillons, rubéole, virus vivants atténués"),
    name="vaccin rougeole, oreillons, rubéole",
    lot="LOT-FICTIF-0910",
    dose="1",
    day="20240910",
)


def vaccination_body(vaccine: Vaccine) -> Element:
    return structured(
        section(
            loinc("11369-6", "Historique des vaccinations"),
            "Note de vaccination",
            table(
                ("Date", "Vaccin", "Lot", "Rang", "Voie", "Vaccinateur"),
                (
                    "10/09/2024",
                    marked("vac-vaccin", vaccine.product.display),
                    vaccine.lot,
                    marked("vac-dose", vaccine.dose),
                    "intramusculaire, deltoïde gauche",
                    "Dr Anselme FICTIF-GENERALISTE",
                ),
            ),
            paragraph("Bien toléré. Deuxième dose à prévoir entre 16 et 18 mois."),
            key="vac",
            marks=(
                "2.16.840.1.113883.10.20.1.6",
                "1.3.6.1.4.1.19376.1.5.3.1.3.23",
                "1.2.250.1.213.1.1.2.147",
            ),
            entries=(immunization("vac", vaccine, GENERALIST, "20240910095000+0200"),),
        )
    )
