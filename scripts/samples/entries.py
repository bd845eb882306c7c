"""Coded entries: the same facts as the narrative, for machines."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.samples.bodies import LOINC, instance, marked, reference, table, templates
from scripts.samples.header import coded, entity
from scripts.samples.markup import Element, element
from scripts.samples.people import Coded, Professional

INTERPRETATION = "2.16.840.1.113883.5.83"


def problem(key: str, value: Coded, mark: str, low: str, high: str | None = None) -> Element:
    """A problem or history entry: an act that holds the observed problem.

    Source:
        IHE PCC TF-2: 6.3.4.11 (problem concern) and 6.3.4.14 (problem).
    """
    when = element(
        "effectiveTime", element("low", value=low), element("high", value=high) if high else None
    )
    return element(
        "entry",
        element(
            "act",
            *templates(
                "2.16.840.1.113883.10.20.1.27",
                "1.3.6.1.4.1.19376.1.5.3.1.4.5.1",
                "1.3.6.1.4.1.19376.1.5.3.1.4.5.2",
                "1.2.250.1.213.1.1.3.39",
            ),
            instance("concern", key),
            element("code", nullFlavor="NA"),
            element("statusCode", code="completed" if high else "active"),
            when,
            element(
                "entryRelationship",
                element(
                    "observation",
                    *templates(
                        "2.16.840.1.113883.10.20.1.28",
                        "1.3.6.1.4.1.19376.1.5.3.1.4.5",
                        "1.2.250.1.213.1.1.3.37",
                    ),
                    instance("problem", key),
                    element(
                        "code",
                        code="282291009",
                        displayName="interprétation diagnostique",
                        codeSystem="2.16.840.1.113883.6.96",
                        codeSystemName="SNOMED CT",
                    ),
                    reference(mark),
                    element("statusCode", code="completed"),
                    when,
                    coded("value", value, type_="CD"),
                    classCode="OBS",
                    moodCode="EVN",
                    negationInd="false",
                ),
                typeCode="SUBJ",
                inversionInd="false",
            ),
            classCode="ACT",
            moodCode="EVN",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measured value with its usual range.

    Attributes:
        flag: ``N`` normal, ``H`` above the range, ``L`` below it.
    """

    code: Coded
    value: str
    unit: str
    low: str | None
    high: str | None
    flag: str

    @property
    def range_text(self) -> str:
        """The range as the narrative shows it."""
        if self.low and self.high:
            return f"{self.low} - {self.high}"
        return f"< {self.high}" if self.high else f"> {self.low}"


FLAG_WORDS = {"N": "normal", "H": "élevé", "L": "bas"}


def result_table(key: str, results: tuple[Result, ...]) -> Element:
    return table(
        ("Examen", "Résultat", "Unité", "Valeurs usuelles", "Interprétation"),
        *(
            (
                marked(f"{key}-{number}", result.code.display),
                result.value,
                result.unit,
                result.range_text,
                FLAG_WORDS[result.flag],
            )
            for number, result in enumerate(results, start=1)
        ),
    )


def _quantity(name: str, value: str | None, unit: str, type_: str | None = None) -> Element | None:
    if value is None:
        return None
    return element(name, xsi__type=type_, value=value, unit=unit)


def battery(key: str, code: Coded, time: str, results: tuple[Result, ...]) -> Element:
    """A laboratory entry: one battery with an observation for each result.

    Source:
        IHE LAB TF-3: XD-LAB, 2.3.5 (laboratory report data processing entry).
    """
    observations = (
        element(
            "component",
            element(
                "observation",
                *templates("1.3.6.1.4.1.19376.1.3.1.6", "1.2.250.1.213.1.1.3.80"),
                instance("result", key, result.code.code),
                coded(
                    "code",
                    result.code,
                    element("originalText", element("reference", value=f"#{key}-{number}")),
                ),
                element("statusCode", code="completed"),
                element("effectiveTime", value=time),
                _quantity("value", result.value, result.unit, "PQ"),
                element("interpretationCode", code=result.flag, codeSystem=INTERPRETATION),
                element(
                    "referenceRange",
                    element(
                        "observationRange",
                        element(
                            "value",
                            _quantity("low", result.low, result.unit),
                            _quantity("high", result.high, result.unit),
                            xsi__type="IVL_PQ",
                        ),
                        element("interpretationCode", code="N", codeSystem=INTERPRETATION),
                    ),
                    typeCode="REFV",
                ),
                classCode="OBS",
                moodCode="EVN",
            ),
        )
        for number, result in enumerate(results, start=1)
    )
    return element(
        "entry",
        *templates("1.3.6.1.4.1.19376.1.3.1", "1.2.250.1.213.1.1.3.21"),
        element(
            "act",
            instance("report", key),
            coded("code", code),
            element("statusCode", code="completed"),
            element("effectiveTime", value=time),
            element(
                "entryRelationship",
                element(
                    "organizer",
                    *templates("1.3.6.1.4.1.19376.1.3.1.4", "1.2.250.1.213.1.1.3.78"),
                    instance("battery", key),
                    coded("code", code),
                    element("statusCode", code="completed"),
                    element("effectiveTime", value=time),
                    *observations,
                    classCode="BATTERY",
                    moodCode="EVN",
                ),
                typeCode="COMP",
            ),
            classCode="ACT",
            moodCode="EVN",
        ),
        typeCode="DRIV",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Medication:
    """One line of treatment: product (national code and ATC), how much, how often, since when."""

    product: Coded
    atc: Coded
    name: str
    dose: str
    dose_unit: str
    period_hours: str
    low: str
    high: str | None


def medication(key: str, one: Medication, *, mood: str = "EVN") -> Element:
    """A treatment entry; mood ``INT`` for a prescription.

    Source:
        IHE PCC TF-2: 6.3.4.16 (medications).
    """
    return element(
        "entry",
        element(
            "substanceAdministration",
            *templates(
                "2.16.840.1.113883.10.20.1.24",
                "1.3.6.1.4.1.19376.1.5.3.1.4.7",
                "1.2.250.1.213.1.1.3.42",
                "1.3.6.1.4.1.19376.1.5.3.1.4.7.1",
            ),
            instance("medication", key),
            element(
                "code",
                code="DRUG",
                displayName="Médicament",
                codeSystem="2.16.840.1.113883.5.4",
                codeSystemName="HL7:ActCode",
            ),
            reference(key),
            element("statusCode", code="completed"),
            element(
                "effectiveTime",
                element("low", value=one.low),
                element("high", value=one.high) if one.high else element("high", nullFlavor="UNK"),
                xsi__type="IVL_TS",
            ),
            element(
                "effectiveTime",
                element("period", value=one.period_hours, unit="h"),
                xsi__type="PIVL_TS",
                operator="A",
            ),
            element(
                "routeCode",
                code="20053000",
                displayName="Voie orale",
                codeSystem="0.4.0.127.0.16.1.1.2.1",
                codeSystemName="EDQM",
            ),
            element(
                "doseQuantity",
                element("low", value=one.dose, unit=one.dose_unit),
                element("high", value=one.dose, unit=one.dose_unit),
            ),
            element(
                "consumable",
                element(
                    "manufacturedProduct",
                    *templates(
                        "2.16.840.1.113883.10.20.1.53",
                        "1.3.6.1.4.1.19376.1.5.3.1.4.7.2",
                        "1.2.250.1.213.1.1.3.43",
                    ),
                    element(
                        "manufacturedMaterial",
                        coded(
                            "code",
                            one.product,
                            element("originalText", element("reference", value=f"#{key}")),
                            coded("translation", one.atc),
                        ),
                        element("name", one.name),
                    ),
                ),
            ),
            classCode="SBADM",
            moodCode=mood,
        ),
        typeCode="DRIV",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaccine:
    """One dose: product by national code and by ATC, its lot, its rank."""

    product: Coded
    atc: Coded
    name: str
    lot: str
    dose: str
    day: str


def immunization(key: str, vaccine: Vaccine, who: Professional, time: str) -> Element:
    """One vaccination.

    Source:
        IHE PCC TF-2: 6.3.4.17 (immunizations).
    """
    return element(
        "entry",
        element(
            "substanceAdministration",
            *templates(
                "2.16.840.1.113883.10.20.1.24",
                "1.3.6.1.4.1.19376.1.5.3.1.4.12",
                "1.2.250.1.213.1.1.3.45",
            ),
            instance("immunization", key),
            element(
                "code",
                code="INITIMMUNIZ",
                displayName="Vaccination initiale",
                codeSystem="2.16.840.1.113883.5.4",
                codeSystemName="ActCode",
            ),
            reference(f"{key}-vaccin"),
            element("statusCode", code="completed"),
            element("effectiveTime", value=vaccine.day),
            element(
                "routeCode",
                code="20035000",
                displayName="Voie intramusculaire",
                codeSystem="0.4.0.127.0.16.1.1.2.1",
                codeSystemName="EDQM",
            ),
            element("doseQuantity", value="1"),
            element(
                "consumable",
                element(
                    "manufacturedProduct",
                    *templates(
                        "2.16.840.1.113883.10.20.1.53",
                        "1.3.6.1.4.1.19376.1.5.3.1.4.7.2",
                        "1.2.250.1.213.1.1.3.43",
                    ),
                    element(
                        "manufacturedMaterial",
                        coded(
                            "code",
                            vaccine.product,
                            element("originalText", element("reference", value=f"#{key}-vaccin")),
                            coded("translation", vaccine.atc),
                        ),
                        element("name", vaccine.name),
                        element("lotNumberText", vaccine.lot),
                    ),
                ),
                typeCode="CSM",
            ),
            element(
                "author",
                element("time", value=time),
                entity("assignedAuthor", who),
                typeCode="AUT",
                contextControlCode="OP",
            ),
            element(
                "entryRelationship",
                element(
                    "observation",
                    *templates("2.16.840.1.113883.10.20.1.46", "1.2.250.1.213.1.1.3.82"),
                    element(
                        "code",
                        code="30973-2",
                        displayName="Rang de la vaccination",
                        codeSystem=LOINC,
                        codeSystemName="LOINC",
                    ),
                    reference(f"{key}-dose"),
                    element("statusCode", code="completed"),
                    element("value", xsi__type="INT", value=vaccine.dose),
                    classCode="OBS",
                    moodCode="EVN",
                ),
                typeCode="SUBJ",
                inversionInd="false",
            ),
            classCode="SBADM",
            moodCode="EVN",
            negationInd="false",
        ),
    )
