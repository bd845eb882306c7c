"""Who plays in the scenarios: the demonstration people, and others made from them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from gateway.model.datatypes import Author, Code, Identifier, Organization, Person
from gateway.security.people import DemonstrationPerson, read_people
from tests.shared import ROOT

INS = "1.2.250.1.213.1.4.10"
PEOPLE, STRUCTURES = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
PROFESSIONS, SPECIALITIES = "1.2.250.1.71.1.2.7", "1.2.250.1.71.4.2.5"
SECTORS = "1.2.250.1.71.4.2.4"


@cache
def everybody() -> dict[str, DemonstrationPerson]:
    """The people of samples/people.toml."""
    return dict(read_people(ROOT / "samples" / "people.toml", ("fr-dmp",)))


def somebody(key: str, **facts: Any) -> DemonstrationPerson:
    """A demonstration person, with other facts where some are given."""
    person = everybody()[key]
    told = {word: value if isinstance(value, tuple) else (value,) for word, value in facts.items()}
    return replace(person, facts={**person.facts, **told})


A = somebody("gp")
B = somebody("doctor-b")
C = somebody("doctor-c")
N = somebody("nurse")
K = somebody("physiotherapist")
D = somebody("dentist")
PODIATRIST = somebody("podiatrist")
PAEDIATRICIAN = somebody("paediatrician")
REGULATOR = somebody("regulation-doctor")
H = somebody("hospital")
S = somebody("secretary")
F, G = somebody("representative"), somebody("representative-2")
APPLICATION = somebody("application")
AUDITOR, OPERATOR = somebody("auditor"), somebody("operator")


def id_of(person: DemonstrationPerson) -> Identifier:
    """The number of a professional."""
    return Identifier.of(person.told("person"), PEOPLE)


def house_of(person: DemonstrationPerson) -> Identifier:
    """The number of somebody's structure."""
    return Identifier.of(person.told("structure"), STRUCTURES)


def citizen(person: DemonstrationPerson) -> Identifier:
    """The number of a patient or representative."""
    return Identifier(person.told("citizen"))


def writes(person: DemonstrationPerson) -> Author:
    """Somebody as the author of a document."""
    family, _, given = person.told("name").partition(" ")
    house = (
        Organization(
            f"{person.told('structure_name')}^^^^^&{STRUCTURES}&ISO^IDNST^^^"
            f"{person.told('structure')}"
        ),
    )
    if person.told("citizen"):
        number = citizen(person).value
        return Author(person=Person(f"{number}^{family}^{given}^^^^^^&{INS}&ISO^D^^^NH"))
    if person.key in ("hospital", "secretary"):
        # What a system or a secretary sends was written by a doctor.
        return writes(B)
    return Author(
        person=Person(f"{person.told('person')}^{family}^{given}^^^^^^&{PEOPLE}&ISO^D^^^IDNPS"),
        institution=house,
        specialty=(
            "G15_10/SM26^Médecin - Qualifié en médecine générale (SM)^1.2.250.1.213.1.1.4.5",
        ),
    )


def patient_number(number: int) -> Identifier:
    """The identity of an invented patient, with the key its check asks for."""
    body = f"2580437999{number:03d}"
    return Identifier(f"{body}{97 - int(body) % 97:02d}^^^&{INS}&ISO^NH")


def patient_of(patient: Identifier) -> DemonstrationPerson:
    """A patient who asks for the own record."""
    return somebody("patient", citizen=patient.text, patient=patient.text)


def code(text: str, scheme: str) -> Code:
    """A code of somebody's role."""
    return Code(text, scheme)
