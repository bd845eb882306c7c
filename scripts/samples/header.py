"""The header of a CDA document, element after element in the order of the schema.

One function for both kinds of document: the French ones follow the CI-SIS volet "Structuration
minimale des documents de santé", the others only HL7 CDA R2.
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.samples.markup import Element, element
from scripts.samples.people import (
    PATIENT_EXPRESSION,
    Address,
    Coded,
    Patient,
    Professional,
    Relative,
    Structure,
)

CONFIDENTIALITY = "2.16.840.1.113883.5.25"
GENDER = "2.16.840.1.113883.5.1"
PARTICIPATION_FUNCTION = "2.16.840.1.113883.5.88"
GENDER_DISPLAY = {"fr": {"F": "Féminin", "M": "Masculin"}, "en": {"F": "Female", "M": "Male"}}
LEVEL_DISPLAY = {
    "fr": {"N": "Normal", "R": "Restreint", "V": "Très restreint"},
    "en": {"N": "normal", "R": "restricted", "V": "very restricted"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One documented act: what, when, by whom."""

    code: Coded
    translations: tuple[Element, ...] = ()
    low: str
    high: str | None = None
    performer: Professional | None = None
    identifier: tuple[str, str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything a header says, and the body.

    Attributes:
        file: Name below ``samples/cda/``.
        templates: Pairs of root and extension (or None), after the ones every document has.
        identifier: The document's own OID; ``set_id`` the one all its versions share.
        author: A professional, or the patient (``None``).
        replaces: The OID of the version this one replaces.
        order: Root and extension of the order that was fulfilled, with its accession number.
        body: The content of ``component``.
    """

    file: str
    language: str
    templates: tuple[tuple[str, str | None], ...]
    identifier: str
    extension: str | None = None
    set_id: str
    version: int
    code: Coded
    title: str
    effective_time: str
    confidentiality: str = "N"
    patient: Patient
    author: Professional | None
    author_function: Coded | None = None
    data_enterer: Professional | None = None
    custodian: Structure
    legal_authenticator: Professional | None
    attending_physician: Professional | None = None
    order: tuple[tuple[str, str], tuple[str, str]] | None = None
    acts: tuple[Act, ...]
    replaces: str | None = None
    encounter_code: Coded | None
    encounter_low: str
    encounter_high: str | None = None
    facility: Structure
    body: Element


def clinical_document(document: Document) -> Element:
    """The whole document as one element."""
    short = document.language[:2]
    french = short == "fr"
    author_time = document.effective_time
    return element(
        "ClinicalDocument",
        element("realmCode", code="FR") if french else None,
        element("typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040"),
        *(element("templateId", root=r, extension=e) for r, e in document.templates),
        element("id", root=document.identifier, extension=document.extension),
        coded("code", document.code),
        element("title", document.title),
        element("effectiveTime", value=document.effective_time),
        element(
            "confidentialityCode",
            code=document.confidentiality,
            codeSystem=CONFIDENTIALITY,
            displayName=LEVEL_DISPLAY[short][document.confidentiality],
        ),
        element("languageCode", code=document.language),
        element("setId", root=document.set_id),
        element("versionNumber", value=str(document.version)),
        record_target(document.patient, short),
        _author(document, author_time),
        _data_enterer(document.data_enterer, author_time),
        *(_informant(relative) for relative in document.patient.relatives),
        _custodian(document.custodian),
        _legal_authenticator(document, author_time),
        _attending_physician(document.attending_physician),
        _order(document.order),
        *(_act(act, document.patient) for act in document.acts),
        _replaces(document.replaces),
        _encounter(document),
        element("component", document.body),
        xmlns="urn:hl7-org:v3",
        xmlns__xsi="http://www.w3.org/2001/XMLSchema-instance",
    )


def coded(name: str, value: Coded, *content: Element, type_: str | None = None) -> Element:
    """A CE or CD; ``type_`` gives its ``xsi:type``."""
    return element(
        name,
        *content,
        xsi__type=type_,
        code=value.code,
        displayName=value.display,
        codeSystem=value.system,
        codeSystemName=value.system_name,
    )


def address(value: Address, use: str | None = None) -> Element:
    return element(
        "addr",
        element("houseNumber", value.house_number),
        element("streetName", value.street_name),
        element("postalCode", value.postal_code),
        element("city", value.city),
        element("country", value.country) if value.country else None,
        use=use,
    )


def record_target(patient: Patient, language: str) -> Element:
    given = patient.birth_given_names
    if language == "fr":
        name = element(
            "name",
            element("family", patient.birth_family, qualifier="BR"),
            element("given", given),
            element("given", given.split()[0], qualifier="BR"),
            element("family", patient.used_family, qualifier="CL") if patient.used_family else None,
            element("given", patient.used_given, qualifier="CL") if patient.used_given else None,
        )
    else:
        name = element("name", element("given", given), element("family", patient.birth_family))
    guardian = None
    if patient.guardian:
        family, guardian_given, telecom = patient.guardian
        guardian = element(
            "guardian",
            address(patient.address, use="H"),
            element("telecom", value=telecom, use="MC"),
            element(
                "guardianPerson",
                element("name", element("family", family), element("given", guardian_given)),
            ),
        )
    return element(
        "recordTarget",
        element(
            "patientRole",
            *(element("id", root=r, extension=e) for r, e in patient.identifiers),
            address(patient.address, use="H"),
            *(element("telecom", value=value, use=use) for value, use in patient.telecoms),
            element(
                "patient",
                name,
                element(
                    "administrativeGenderCode",
                    code=patient.gender,
                    displayName=GENDER_DISPLAY[language][patient.gender],
                    codeSystem=GENDER,
                ),
                element("birthTime", value=patient.birth_time),
                guardian,
                element(
                    "birthplace",
                    element(
                        "place",
                        element(
                            "addr",
                            element("county", patient.birth_place_code)
                            if patient.birth_place_code
                            else None,
                            element("city", patient.birth_place_city)
                            if patient.birth_place_city
                            else None,
                        ),
                    ),
                ),
            ),
        ),
    )


def person_name(who: Professional) -> Element:
    return element(
        "name",
        element("prefix", who.prefix) if who.prefix else None,
        element("given", who.given),
        element("family", who.family),
        element("suffix", who.suffix) if who.suffix else None,
    )


def organization(name: str, structure: Structure, *, setting: bool = False) -> Element:
    return element(
        name,
        element("id", root=structure.root, extension=structure.extension or None),
        element("name", structure.name),
        element("telecom", value=structure.telecom, use="WP") if structure.telecom else None,
        address(structure.address) if structure.telecom else None,
        coded("standardIndustryClassCode", structure.practice_setting)
        if setting and structure.practice_setting
        else None,
    )


def entity(name: str, who: Professional, *, setting: bool = False, scoped: bool = False) -> Element:
    """An assigned or associated entity: number, specialty, address, name, structure."""
    return element(
        name,
        element("id", root=who.root, extension=who.extension),
        coded("code", who.specialty),
        address(who.structure.address),
        element("telecom", value=who.structure.telecom, use="WP"),
        element("associatedPerson" if scoped else "assignedPerson", person_name(who)),
        organization(
            "scopingOrganization" if scoped else "representedOrganization",
            who.structure,
            setting=setting,
        ),
        classCode="PROV" if scoped else None,
    )


def _patient_as_author(patient: Patient, name: str, *, setting: bool = False) -> Element:
    """The patient who writes: the same number as in recordTarget, no organisation.

    As a performer the patient still needs the practice setting, which CDA keeps in an
    organisation: one that holds nothing else.
    """
    root, extension = patient.identifiers[0]
    return element(
        name,
        element("id", root=root, extension=extension),
        coded("code", PATIENT_EXPRESSION),
        address(patient.address),
        element("telecom", value=patient.telecoms[0][0], use="H"),
        element(
            "assignedPerson",
            element(
                "name",
                element("given", patient.used_given or patient.birth_given_names.split()[0]),
                element("family", patient.used_family or patient.birth_family),
            ),
        ),
        element("representedOrganization", coded("standardIndustryClassCode", PATIENT_EXPRESSION))
        if setting
        else None,
    )


def _author(document: Document, time: str) -> Element:
    return element(
        "author",
        coded("functionCode", document.author_function) if document.author_function else None,
        element("time", value=time),
        entity("assignedAuthor", document.author)
        if document.author
        else _patient_as_author(document.patient, "assignedAuthor"),
    )


def _data_enterer(who: Professional | None, time: str) -> Element | None:
    if who is None:
        return None
    return element("dataEnterer", element("time", value=time), entity("assignedEntity", who))


def _informant(relative: Relative) -> Element:
    return element(
        "informant",
        element(
            "relatedEntity",
            coded("code", relative.relation),
            element("addr", nullFlavor="NAV"),
            element("telecom", value=relative.telecom, use="MC"),
            element(
                "relatedPerson",
                element(
                    "name", element("family", relative.family), element("given", relative.given)
                ),
            ),
            classCode=relative.role,
        ),
    )


def _custodian(structure: Structure) -> Element:
    return element(
        "custodian",
        element(
            "assignedCustodian",
            organization("representedCustodianOrganization", structure),
        ),
    )


def _legal_authenticator(document: Document, time: str) -> Element | None:
    if document.legal_authenticator is None and document.author is not None:
        return None
    return element(
        "legalAuthenticator",
        element("time", value=time),
        element("signatureCode", code="S"),
        entity("assignedEntity", document.legal_authenticator)
        if document.legal_authenticator
        else _patient_as_author(document.patient, "assignedEntity"),
    )


def _attending_physician(who: Professional | None) -> Element | None:
    if who is None:
        return None
    return element(
        "participant",
        element(
            "functionCode",
            code="PCP",
            displayName="Médecin Traitant",
            codeSystem=PARTICIPATION_FUNCTION,
        ),
        element("time", nullFlavor="NA"),
        entity("associatedEntity", who, scoped=True),
        typeCode="INF",
    )


def _order(order: tuple[tuple[str, str], tuple[str, str]] | None) -> Element | None:
    if order is None:
        return None
    (root, extension), (accession_root, accession) = order
    return element(
        "inFulfillmentOf",
        element(
            "order",
            element("id", root=root, extension=extension),
            element(
                "dicom:accessionNumber",
                root=accession_root,
                extension=accession,
                xmlns__dicom="urn:dicom-org:ps3-20",
            ),
        ),
    )


def _act(act: Act, patient: Patient) -> Element:
    """A documented act; without a performer of its own it was performed by the patient."""
    performer = element(
        "performer",
        element("time", element("high", value=act.high or act.low)),
        entity("assignedEntity", act.performer, setting=True)
        if act.performer
        else _patient_as_author(patient, "assignedEntity", setting=True),
        typeCode="PRF",
    )
    return element(
        "documentationOf",
        element(
            "serviceEvent",
            element("id", root=act.identifier[0], extension=act.identifier[1])
            if act.identifier
            else None,
            coded("code", act.code, *act.translations),
            element(
                "effectiveTime",
                element("low", value=act.low),
                element("high", value=act.high) if act.high else None,
            ),
            performer,
        ),
    )


def _replaces(identifier: str | None) -> Element | None:
    if identifier is None:
        return None
    return element(
        "relatedDocument",
        element("parentDocument", element("id", root=identifier)),
        typeCode="RPLC",
    )


def _encounter(document: Document) -> Element:
    facility = document.facility
    responsible = None
    if document.author:
        responsible = element("responsibleParty", entity("assignedEntity", document.author))
    return element(
        "componentOf",
        element(
            "encompassingEncounter",
            coded("code", document.encounter_code) if document.encounter_code else None,
            element(
                "effectiveTime",
                element("low", value=document.encounter_low),
                element("high", value=document.encounter_high) if document.encounter_high else None,
            ),
            responsible,
            element(
                "location",
                element(
                    "healthCareFacility",
                    coded("code", facility.facility_type) if facility.facility_type else None,
                    element("location", element("name", facility.name), address(facility.address)),
                ),
            ),
        ),
    )
