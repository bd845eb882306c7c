"""Profiles that hold without being claimed: an Observation with a vital sign's code.

Source:
    HL7 FHIR R4: 10.1.5 Vital Signs ("If implementations use this Resource when expressing the
    following Vital Sign concepts, they are required to conform to these profiles"), table of
    required codes.
"""

from __future__ import annotations

from typing import Any

from gateway.validation.fhir.nodes import FHIR

_LOINC = "http://loinc.org"
_SNOMED = "http://snomed.info/sct"

PROFILES: dict[tuple[str, str], str] = {
    (_LOINC, "85353-1"): "vitalspanel",
    (_LOINC, "9279-1"): "resprate",
    (_LOINC, "8867-4"): "heartrate",
    (_LOINC, "2708-6"): "oxygensat",
    (_LOINC, "8310-5"): "bodytemp",
    (_LOINC, "8302-2"): "bodyheight",
    (_LOINC, "9843-4"): "headcircum",
    (_LOINC, "29463-7"): "bodyweight",
    (_LOINC, "39156-5"): "bmi",
    (_LOINC, "85354-9"): "bp",
    # Body temperature, core body temperature: the same concept in the other system.
    (_SNOMED, "386725007"): "bodytemp",
    (_SNOMED, "276885007"): "bodytemp",
}


def implied(resource: dict[str, Any]) -> tuple[str, ...]:
    """Give the profiles an Observation's code asks for."""
    if resource.get("resourceType") != "Observation":
        return ()
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    found = (
        PROFILES.get((str(one.get("system")), str(one.get("code"))))
        for one in (codings if isinstance(codings, list) else ())
        if isinstance(one, dict)
    )
    return tuple(dict.fromkeys(FHIR + name for name in found if name))
