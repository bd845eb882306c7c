"""What a community writes into metadata and FHIR has no place for, filled in from its profile.

A FHIR source names a person by identifier and name; that the identifier is the national one, and
that it is a person and no device, stands in components of XCN that FHIR does not have. The profile
knows both from the authority. The same goes for what a FHIR source may leave out because a
community's tables say it: the class of a type, the level of confidentiality. What was said is
never changed.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.3 (a recipient may derive metadata); the profile's own sources.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from gateway.model.datatypes import Author, Code, Identifier, Organization, Person, escape
from gateway.model.document_entry import DocumentEntry
from gateway.model.submission import Submission
from gateway.model.submission_set import SubmissionSet
from gateway.profile import Profile

_F = TypeVar("_F", Identifier, Person, Organization)

# Where HL7 v2 writes the type of an identifier, and (XCN) of a name.
_CX_TYPE, _XCN_NAME, _XCN_TYPE, _XON_TYPE = 5, 10, 13, 7


def as_the_community_writes(submission: Submission, profile: Profile) -> Submission:
    """Give the submission with everything the profile knows and its wire could not carry."""
    if not profile.identifier_types and not profile.metadata_from_cda.person_name_type:
        return submission
    entries = tuple(_entry(entry, profile) for entry in submission.document_entries)
    return replace(
        submission,
        document_entries=entries,
        submission_sets=tuple(_set(one, entries, profile) for one in submission.submission_sets),
        folders=tuple(
            replace(one, patient_id=_identifier(one.patient_id, profile))
            for one in submission.folders
        ),
    )


def _entry(entry: DocumentEntry, profile: Profile) -> DocumentEntry:
    rules = profile.metadata_from_cda
    level = rules.default.get("confidentiality_code")
    class_code = entry.class_code
    if class_code is None and entry.type_code is not None:
        class_code = profile.class_by_type.get(entry.type_code.key)
    patient = _identifier(entry.patient_id, profile)
    source = entry.source_patient_id
    if source is not None and entry.patient_id is not None and source.text == entry.patient_id.text:
        source = patient
    return replace(
        entry,
        patient_id=patient,
        source_patient_id=_identifier(source, profile, rules.source_patient_id_type),
        author=tuple(_author(one, profile) for one in entry.author),
        legal_authenticator=_person(entry.legal_authenticator, profile),
        class_code=class_code,
        confidentiality_code=entry.confidentiality_code or ((level,) if level else ()),
    )


def _set(one: SubmissionSet, entries: tuple[DocumentEntry, ...], profile: Profile) -> SubmissionSet:
    return replace(
        one,
        patient_id=_identifier(one.patient_id, profile),
        author=tuple(_author(author, profile) for author in one.author),
        content_type_code=_activity(one.content_type_code, entries, profile),
    )


def _activity(
    code: Code | None, entries: tuple[DocumentEntry, ...], profile: Profile
) -> Code | None:
    """The activity behind a submission whose source named none.

    A source of one resource (ITI-105) says none, and the type of its document stands in for it.
    """
    sets = profile.value_sets_of("content_type_code")
    stands_in = code is None or any(entry.type_code == code for entry in entries)
    if not sets or not stands_in or any(code in one for one in sets):
        return code
    facilities = (entry.healthcare_facility_type_code for entry in entries)
    known = next((f for f in facilities if any(f in one for one in sets)), None)
    return known or profile.metadata_from_cda.default.get("content_type_code") or code


def _author(author: Author, profile: Profile) -> Author:
    return replace(
        author,
        person=_person(author.person, profile),
        institution=tuple(
            _with(where, _XON_TYPE, profile.identifier_type(where.authority, where.identifier))
            for where in author.institution
        ),
    )


def _person(person: Person | None, profile: Profile) -> Person | None:
    if person is None:
        return None
    kind = ""
    if person.identifier:
        kind = profile.identifier_type(person.authority, person.identifier)
    named = _with(person, _XCN_NAME, profile.metadata_from_cda.person_name_type)
    return _with(named, _XCN_TYPE, kind)


def _identifier(
    identifier: Identifier | None, profile: Profile, otherwise: str = ""
) -> Identifier | None:
    if identifier is None:
        return None
    kind = profile.identifier_type(identifier.authority, identifier.value) or otherwise
    return _with(identifier, _CX_TYPE, kind)


def _with(field: _F, number: int, value: str) -> _F:
    """A field with a component filled in where it is empty."""
    if not value or field.component(number):
        return field
    parts = field.text.split("^")
    parts += [""] * (number - len(parts))
    parts[number - 1] = escape(value)
    return replace(field, text="^".join(parts))
