"""Invented people and a record, for decisions about them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from gateway.consent.visibility import DocumentFacts
from gateway.model.choices import Authorise, Holder, HolderKind, Origin, Period
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.record import EmergencyDeclaration, Record
from gateway.model.subject import (
    AccessRequest,
    Authentication,
    Mode,
    Subject,
    SubjectKind,
    same_key,
)
from gateway.profile import AccessPolicy, read_profile
from tests.shared import ROOT

NOW = "20261122100000"
PROFESSIONS = "1.2.250.1.71.1.2.7"
SPECIALITIES = "1.2.250.1.71.4.2.5"
SECTIONS = "1.2.250.1.71.4.2.6"
SECTORS = "1.2.250.1.71.4.2.4"
TYPES = "1.2.250.1.213.1.1.4.12"
LOINC = "2.16.840.1.113883.6.1"
CLASSES = "1.2.250.1.213.1.1.4.1"
VISIBILITIES = "1.2.250.1.213.1.1.4.13"
LEVELS = "2.16.840.1.113883.5.25"
ACT_REASON = "2.16.840.1.113883.5.8"

PATIENTS, PEOPLE, STRUCTURES = "2.999.1", "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"


def patient_id(name: str) -> Identifier:
    return Identifier.of(name, PATIENTS)


def person(name: str) -> Identifier:
    return Identifier.of(name, PEOPLE)


def structure(name: str) -> Identifier:
    return Identifier.of(name, STRUCTURES)


P, Q = patient_id("P"), patient_id("Q")
DR_A, DR_B, DR_C, NURSE = person("A"), person("B"), person("C"), person("N")
SECRETARY, MOTHER, FATHER = person("S"), person("F"), person("G")
HOSPITAL, CENTRE = structure("H"), structure("1379999945")
PHYSICIAN, NURSING, PHYSIOTHERAPY, DENTAL, PODIATRY = (
    Code(code, PROFESSIONS) for code in ("10", "60", "70", "40", "80")
)

REPORT = Code("11488-4", LOINC)
MEDICATION_REVIEW = Code("56445-0", LOINC)
DELIVERY = Code("15508-5", LOINC)
DIRECTIVES = Code("EXPPAT_3", TYPES)
RESIDENCE = Code("ATTEST-RESID", TYPES)
OWN_CLASS, REPORTS = Code("90", CLASSES), Code("10", CLASSES)
MASKED, HIDDEN, HIDDEN_FROM_PARENTS, NORMAL = (
    Code("MASQUE_PS", VISIBILITIES),
    Code("INVISIBLE_PATIENT", VISIBILITIES),
    Code("INVISIBLE_REPRESENTANTS_LEGAUX", VISIBILITIES),
    Code("N", LEVELS),
)


@cache
def policy() -> AccessPolicy:
    """The French rules."""
    return read_profile("fr-dmp", ROOT / "profiles").access


def request(subject: Subject, mode: Mode = Mode.NORMAL, reason: str = "") -> AccessRequest:
    return AccessRequest(subject=subject, mode=mode, reason=reason)


def professional(who: Identifier = DR_B, role: Code = PHYSICIAN, **said: Any) -> Subject:
    return Subject(kind=SubjectKind.PROFESSIONAL, id=who, roles=(role,), **said)


def in_hospital(who: Identifier = DR_B, role: Code = PHYSICIAN) -> Subject:
    return professional(who, role, structure=HOSPITAL, authentication=Authentication.REINFORCED)


def patient(who: Identifier = P) -> Subject:
    return Subject(kind=SubjectKind.PATIENT, id=who)


def representative(who: Identifier = MOTHER) -> Subject:
    return Subject(kind=SubjectKind.REPRESENTATIVE, id=who)


def hospital() -> Subject:
    return Subject(
        kind=SubjectKind.STRUCTURE, structure=HOSPITAL, authentication=Authentication.INDIRECT
    )


def delegate() -> Subject:
    return Subject(kind=SubjectKind.DELEGATE, id=SECRETARY, on_behalf_of=DR_B)


def authorised(
    who: Identifier = DR_B,
    kind: HolderKind = HolderKind.PROFESSIONAL,
    start: str = "",
    end: str = "",
    origin: Origin = Origin.PATIENT,
) -> Authorise:
    return Authorise(
        holder=Holder(kind=kind, identifier=who),
        origin=origin,
        period=Period(start=DateTime(start) if start else None, end=DateTime(end) if end else None),
    )


def record(**state: Any) -> Record:
    return replace(Record(patient=P, birth_date="19800501"), **state)


def facts(**said: Any) -> DocumentFacts:
    return replace(
        DocumentFacts(
            entry_uuid="urn:uuid:00000000-0000-4000-8000-000000000001",
            patient=P,
            owners=frozenset({same_key(DR_C)}),
            authors=frozenset({same_key(DR_C)}),
            type_code=REPORT,
            class_code=REPORTS,
            confidentiality=(NORMAL,),
            creation_time="20261101",
        ),
        **said,
    )


def declaration(
    who: Identifier = DR_C,
    mode: Mode = Mode.BREAK_GLASS,
    start: str = "20261122080000",
    end: str = "20261123080000",
    reason: str = "unconscious",
) -> EmergencyDeclaration:
    return EmergencyDeclaration(
        id="urn:uuid:00000000-0000-4000-8000-0000000000d1",
        patient=P,
        subject=same_key(who),
        structure="",
        mode=mode,
        reason=reason,
        start=start,
        end=end,
    )
