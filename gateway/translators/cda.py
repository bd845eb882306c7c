"""From a CDA header to the description of the document: complete DocumentEntry metadata.

What every country shares is said here: which element of the header feeds which attribute. What
differs (which identifier names the record, which class a type belongs to, which format a template
has, how people are written) comes from the profile.

Source:
    IHE PCC TF-2: 4.1.1 Medical Documents to XDS metadata mapping; IHE ITI TF-3: 5.2 (XDS-SD) and
    Table 4.2.3.2-1 (revision 17).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from gateway.codecs.cda.time import read_time_stamp
from gateway.codecs.cda.values import CdaHeader, EncompassingEncounter, Interval, ServiceEvent
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import Code, DateTime, LocalizedString, ReferenceId
from gateway.model.document_entry import DocumentEntry
from gateway.profile import Profile
from gateway.translators.cda_people import (
    author,
    patient_identifiers,
    person,
    source_patient_info,
)
from gateway.translators.translation import Translation

MIME_TYPE = "text/xml"
"""Of every CDA document, a wrapped one included (IHE ITI TF-3: 5.2)."""

# XDS stores titles of fewer than 128 characters (IHE ITI TF-3: Table 4.2.3.2-1).
_LONGEST_TITLE = 127

_ORDER = "urn:ihe:iti:xds:2013:order"
_ACCESSION = "urn:ihe:iti:xds:2013:accession"
_ENCOUNTER = "urn:ihe:iti:xds:2015:encounterId"
_STUDY = "urn:ihe:iti:xds:2016:studyInstanceUID"
# DICOM PS3.20: in reports after these templates the id of an act is the Study Instance UID.
_IMAGING_REPORTS = ("1.2.840.10008.9.",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an entry says of a document's octets.

    Attributes:
        sha1: In hexadecimal.
        size: Octets.
    """

    sha1: str
    size: int

    @classmethod
    def of(cls, octets: bytes) -> Self:
        """Measure a document that is at hand as a whole."""
        digest = hashlib.sha1(octets, usedforsecurity=False).hexdigest()
        return cls(sha1=digest, size=len(octets))


def document_entry_from_cda(
    header: CdaHeader, profile: Profile, octets: bytes | Content
) -> Translation[DocumentEntry]:
    """Describe a clinical document from its own header.

    The entry has no ``entry_uuid``, status or repository: those come with the submission.

    Args:
        header: What the document says of itself.
        profile: The community the description is for.
        octets: The document, or its hash and size where it is too large to be held.

    Returns:
        The entry; a finding for each required attribute that could not be derived (errors) and
        for each value that was assumed or cut (warnings).
    """
    content = Content.of(octets) if isinstance(octets, bytes) else octets
    notes = _Notes()
    language = header.language_code or profile.metadata_from_cda.language_code or None
    patient_id, source_patient_id = patient_identifiers(header.patient, profile)
    carried = len({one.text for one in (patient_id, source_patient_id) if one})
    if len(header.patient.identifiers) > carried:
        notes.add(
            "cda-patient-identifiers",
            "DocumentEntry.source_patient_id",
            f"the document gives {len(header.patient.identifiers)} identifiers of the patient and "
            f"metadata carry {carried}",
        )
    start, stop = _service_times(header, notes)
    level = header.confidentiality_code or _default("confidentiality_code", profile, notes)
    authors = (author(one, profile) for one in header.authors)
    entry = DocumentEntry(
        unique_id=header.identifier.unique_id,
        patient_id=patient_id,
        source_patient_id=source_patient_id,
        source_patient_info=tuple(source_patient_info(header.patient, source_patient_id)),
        author=tuple(one for one in authors if one),
        legal_authenticator=person(header.legal_authenticator, profile)
        if header.legal_authenticator
        else None,
        class_code=_class_code(header, profile, notes),
        type_code=profile.with_display("type_code", header.code) if header.code else None,
        format_code=_format_code(header, profile, notes),
        healthcare_facility_type_code=_facility_code(header, profile, notes),
        practice_setting_code=_practice_setting_code(header, profile, notes),
        confidentiality_code=(profile.with_display("confidentiality_code", level),)
        if level
        else (),
        event_code_list=tuple(_event_codes(header, profile)),
        reference_id_list=tuple(_references(header, profile, notes)),
        creation_time=notes.time("ClinicalDocument/effectiveTime", header.effective_time),
        service_start_time=start,
        service_stop_time=stop,
        title=_title(header, language, notes),
        language_code=language,
        mime_type=MIME_TYPE,
        hash=content.sha1,
        size=str(content.size),
    )
    for attribute in profile.metadata_from_cda.required:
        if not getattr(entry, attribute):
            notes.add(
                "cda-required",
                f"DocumentEntry.{attribute}",
                f"the profile {profile.name} requires it and the document's header does not give "
                f"it; fill in {_SOURCE.get(attribute, 'the header')}",
                Severity.ERROR,
            )
    return Translation(entry, tuple(notes.findings))


_SOURCE = {
    "patient_id": "recordTarget/patientRole/id with an authority of the record",
    "source_patient_id": "recordTarget/patientRole/id",
    "source_patient_info": "recordTarget/patientRole",
    "author": "author/assignedAuthor with an id or a name",
    "legal_authenticator": "legalAuthenticator/assignedEntity",
    "class_code": "code with a type that belongs to a class",
    "type_code": "code",
    "format_code": "templateId, or the mediaType of nonXMLBody/text",
    "healthcare_facility_type_code": (
        "componentOf/encompassingEncounter/location/healthCareFacility/code"
    ),
    "practice_setting_code": (
        "documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/"
        "standardIndustryClassCode"
    ),
    "confidentiality_code": "confidentialityCode",
    "creation_time": "effectiveTime",
    "service_start_time": "documentationOf/serviceEvent/effectiveTime/low",
    "language_code": "languageCode",
    "title": "title",
}
"""Where the header says what an attribute needs, for the person who repairs it."""


class _Notes:
    """Findings, gathered while an entry is put together."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(
        self, rule: str, location: str, message: str, severity: Severity = Severity.WARNING
    ) -> None:
        self.findings.append(
            Finding(
                rule=rule,
                code=ErrorCode.REGISTRY_METADATA_ERROR,
                location=location,
                message=message,
                severity=severity,
            )
        )

    def time(self, location: str, text: str) -> DateTime | None:
        """A time in UTC; what is wrong with it becomes a warning."""
        if not text:
            return None
        moment = read_time_stamp(text)
        if moment.fault:
            self.add("cda-time", location, f"{text!r} {moment.fault}")
        return moment.value


def _default(attribute: str, profile: Profile, notes: _Notes) -> Code | None:
    """The profile's stand-in for a code the document does not give."""
    code = profile.metadata_from_cda.default.get(attribute)
    if code:
        notes.add(
            "cda-default",
            f"DocumentEntry.{attribute}",
            f"the document does not say it; {code.code} is the default of profile {profile.name}",
        )
    return code


def _class_code(header: CdaHeader, profile: Profile, notes: _Notes) -> Code | None:
    """The class the type belongs to; where a profile says so, a type is its own class."""
    if header.code is None:
        return _default("class_code", profile, notes)
    known = profile.class_by_type.get(header.code.key)
    if known:
        return profile.with_display("class_code", known)
    if profile.metadata_from_cda.class_from_type:
        return profile.with_display("class_code", header.code)
    return _default("class_code", profile, notes)


def _format_code(header: CdaHeader, profile: Profile, notes: _Notes) -> Code | None:
    """The format of the wrapped file, or of the model a structured document follows.

    Documents name the general templates first and the model last, so the last known one counts.
    """
    if header.body_media_type is not None:
        media_type = header.body_media_type.partition(";")[0].strip().lower()
        known = profile.format_by_media_type.get(media_type)
    else:
        roots = (one.root for one in reversed(header.template_ids))
        known = next(
            (profile.format_by_template[r] for r in roots if r in profile.format_by_template), None
        )
    code = known or _default("format_code", profile, notes)
    return profile.with_display("format_code", code) if code else None


def _facility_code(header: CdaHeader, profile: Profile, notes: _Notes) -> Code | None:
    encounter = header.encompassing_encounter
    code = encounter.facility_code if encounter else None
    attribute = "healthcare_facility_type_code"
    return profile.with_display(attribute, code) if code else _default(attribute, profile, notes)


def _main_event(header: CdaHeader) -> ServiceEvent | None:
    """The main act: one whose performer has a practice setting, or was performed, or has a time."""
    events = header.service_events
    tests = (
        lambda event: any(
            one.organization and one.organization.standard_industry_class_code
            for one in event.performers
        ),
        lambda event: bool(event.performers),
        lambda event: event.effective_time != Interval(),
    )
    return next((event for test in tests for event in events if test(event)), None)


def _practice_setting_code(header: CdaHeader, profile: Profile, notes: _Notes) -> Code | None:
    main = _main_event(header)
    places = {
        "performer": main.performers if main else (),
        "author": header.authors,
        "legal_authenticator": (header.legal_authenticator,) if header.legal_authenticator else (),
    }
    attribute = "practice_setting_code"
    for place in profile.metadata_from_cda.practice_setting_from:
        for participant in places[place]:
            where = participant.organization
            if where and where.standard_industry_class_code:
                return profile.with_display(attribute, where.standard_industry_class_code)
    return _default(attribute, profile, notes)


def _service_times(header: CdaHeader, notes: _Notes) -> tuple[DateTime | None, DateTime | None]:
    """When the main act began and ended; the stay stands in for an act without a time."""
    main = _main_event(header)
    encounter = header.encompassing_encounter or EncompassingEncounter()
    sources = (
        ("documentationOf/serviceEvent", main.effective_time if main else Interval()),
        ("componentOf/encompassingEncounter", encounter.effective_time),
    )
    for path, when in sources:
        location = f"ClinicalDocument/{path}/effectiveTime"
        if when.value:
            moment = notes.time(location, when.value)
            return moment, moment
        if when.low or when.high:
            return (
                notes.time(f"{location}/low", when.low),
                notes.time(f"{location}/high", when.high),
            )
    return None, None


def _event_codes(header: CdaHeader, profile: Profile) -> Iterator[Code]:
    """The acts the document is about, and what a profile reads from their translations."""
    seen = set()
    schemes = profile.metadata_from_cda.event_scheme
    for event in header.service_events:
        codes = [event.code] if event.code and event.code.scheme else []
        for translation in event.translations:
            scheme = next(
                (schemes[q.code] for q in translation.qualifiers if q.code in schemes), ""
            )
            if scheme:
                codes.append(Code(translation.code.code, scheme, translation.code.display))
        for code in codes:
            if code.key not in seen:
                seen.add(code.key)
                yield code


def _references(header: CdaHeader, profile: Profile, notes: _Notes) -> Iterator[ReferenceId]:
    """Orders, accession numbers, the stay and the imaging study, of the types a profile takes."""
    types = profile.metadata_from_cda.reference_types
    encounter = header.encompassing_encounter
    candidates = [
        (one, _ACCESSION if one.kind == "accessionNumber" else _ORDER) for one in header.orders
    ]
    candidates += [(one, _ENCOUNTER) for one in (encounter.identifiers if encounter else ())]
    for one, type_code in candidates:
        if type_code not in types:
            continue
        if one.extension:
            yield ReferenceId.of(one.extension, one.root, type_code)
        else:
            # A CXi of these types is a number and its authority (IHE ITI TF-3: 4.2.3.2.28).
            notes.add(
                "cda-reference",
                "DocumentEntry.reference_id_list",
                f"the identifier {one.root} has no extension, so it has no form as reference of "
                f"type {type_code} and is left out",
            )
    is_imaging = any(one.root.startswith(_IMAGING_REPORTS) for one in header.template_ids)
    if is_imaging and _STUDY in types:
        for event in header.service_events:
            yield from (
                ReferenceId.of(one.root, type_code=_STUDY)
                for one in event.identifiers
                if not one.extension
            )


def _title(header: CdaHeader, language: str | None, notes: _Notes) -> tuple[LocalizedString, ...]:
    title = header.title or (header.code.display if header.code and header.code.display else "")
    if not title:
        return ()
    if len(title) > _LONGEST_TITLE:
        notes.add(
            "cda-title",
            "DocumentEntry.title",
            f"the title has {len(title)} characters and was cut to {_LONGEST_TITLE}",
        )
        title = title[: _LONGEST_TITLE - 1].rstrip() + "…"
    return (LocalizedString(title, language),)
