"""Read the header of a clinical document, whatever its country or model.

The reader is forgiving where a document is incomplete, since what must be there depends on who
asks; it refuses only what is no clinical document, or has no id or no patient at all.

Source:
    HL7 CDA R2 (2005): 4.2 header, 4.3.1 body choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.codecs.cda.values import (
    Address,
    CdaHeader,
    Device,
    EncompassingEncounter,
    InstanceIdentifier,
    Interval,
    Name,
    NamePart,
    Organization,
    Participant,
    PatientRole,
    RelatedDocument,
    ServiceEvent,
    Telecommunication,
    Translation,
)
from gateway.codecs.xml import INLINE_LIMITS, Element, XmlRefused, read_xml
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Code

HL7_V3 = "urn:hl7-org:v3"
_V3 = f"{{{HL7_V3}}}"
_DICOM_PS3_20 = "{urn:dicom-org:ps3-20}"

_NOTHING = ("",)
_NAME_PARTS = ("family", "given", "prefix", "suffix")

# ED's own default (HL7 V3 data types R1, ED.mediaType).
_DEFAULT_MEDIA_TYPE = "text/plain"


def read_header(document: bytes | Element) -> CdaHeader:
    """Give what the header of a clinical document says.

    Args:
        document: The document's octets, or its root element where it was parsed already.

    Raises:
        Refused: When it is not XML we read, not a ClinicalDocument, or has no id or patient.
    """
    root = _parse(document) if isinstance(document, bytes) else document
    if root.tag != f"{_V3}ClinicalDocument":
        raise _refusal("cda-root", str(root.tag), "the root element is not an HL7 ClinicalDocument")
    identifiers = _identifiers(root)
    if not identifiers:
        raise _refusal("cda-id", "ClinicalDocument/id", "the document has no id; give it one")
    patient_role = _first(root, "recordTarget", "patientRole")
    if patient_role is None:
        raise _refusal(
            "cda-patient",
            "ClinicalDocument/recordTarget/patientRole",
            "the document names no patient; give recordTarget/patientRole",
        )
    custodian = _first(root, "custodian", "assignedCustodian", "representedCustodianOrganization")
    encounter = _first(root, "componentOf", "encompassingEncounter")
    return CdaHeader(
        realm_code=_attribute(_first(root, "realmCode"), "code"),
        template_ids=_identifiers(root, "templateId"),
        identifier=identifiers[0],
        set_id=next(iter(_identifiers(root, "setId")), None),
        version_number=_attribute(_first(root, "versionNumber"), "value"),
        code=_code(_first(root, "code")),
        title=_text(_first(root, "title")),
        effective_time=_attribute(_first(root, "effectiveTime"), "value"),
        confidentiality_code=_code(_first(root, "confidentialityCode")),
        language_code=_attribute(_first(root, "languageCode"), "code"),
        patient=_patient(patient_role),
        authors=tuple(_participants(root, "author", "assignedAuthor")),
        data_enterer=next(_participants(root, "dataEnterer", "assignedEntity"), None),
        custodian=None if custodian is None else _organization(custodian),
        legal_authenticator=next(_participants(root, "legalAuthenticator", "assignedEntity"), None),
        authenticators=tuple(_participants(root, "authenticator", "assignedEntity")),
        participants=tuple(_participants(root, "participant", "associatedEntity")),
        orders=tuple(_orders(root)),
        service_events=tuple(
            _service_event(event) for event in _each(root, "documentationOf", "serviceEvent")
        ),
        related_documents=tuple(_related_documents(root)),
        encompassing_encounter=None if encounter is None else _encounter(encounter),
        body_media_type=_body_media_type(root),
    )


def _parse(octets: bytes) -> Element:
    try:
        # A document may carry a scanned one as base64 in a single text.
        return read_xml(octets, limits=INLINE_LIMITS)
    except XmlRefused as refused:
        raise _refusal("cda-xml", refused.location, refused.message) from None


def _refusal(rule: str, location: str, message: str) -> Refused:
    return Refused(
        Finding(
            rule=rule,
            code=ErrorCode.INVALID_DOCUMENT_CONTENT,
            location=location,
            message=message,
        )
    )


# The steps below an element; a nullFlavor says "there is nothing here", so such an element is
# passed over wherever its content is asked for.


def _each(element: Element, *path: str) -> Iterator[Element]:
    """The descendants along a path of names in the CDA namespace, in document order."""
    name, *rest = path
    for child in element.iterchildren(_V3 + name):
        if rest:
            yield from _each(child, *rest)
        else:
            yield child


def _first(element: Element, *path: str) -> Element | None:
    return next(_each(element, *path), None)


def _attribute(element: Element | None, name: str) -> str:
    return "" if element is None else (element.get(name) or "").strip()


def _text(element: Element | None) -> str:
    """The text of an element and everything in it, blanks folded."""
    if element is None or element.get("nullFlavor"):
        return ""
    text = "".join(map(str, element.itertext())) if len(element) else element.text or ""
    return " ".join(text.split())


def _identifiers(element: Element, name: str = "id") -> tuple[InstanceIdentifier, ...]:
    return tuple(
        InstanceIdentifier(_attribute(one, "root"), _attribute(one, "extension"))
        for one in _each(element, name)
        if one.get("root") and not one.get("nullFlavor")
    )


def _code(element: Element | None) -> Code | None:
    if element is None or element.get("nullFlavor") or not element.get("code"):
        return None
    return Code(
        _attribute(element, "code"),
        _attribute(element, "codeSystem"),
        _attribute(element, "displayName") or None,
    )


def _translations(element: Element | None) -> Iterator[Translation]:
    for one in () if element is None else _each(element, "translation"):
        code = _code(one)
        if code:
            names = (_code(name) for name in _each(one, "qualifier", "name"))
            yield Translation(code=code, qualifiers=tuple(name for name in names if name))


def _interval(element: Element | None) -> Interval:
    if element is None:
        return Interval()
    return Interval(
        low=_attribute(_first(element, "low"), "value"),
        high=_attribute(_first(element, "high"), "value"),
        value=_attribute(element, "value"),
    )


def _name(element: Element | None) -> Name | None:
    """A name; one that is a single text becomes one part without a kind."""
    if element is None or element.get("nullFlavor"):
        return None
    parts = tuple(
        NamePart(
            kind=child.tag.removeprefix(_V3),
            text=_text(child),
            qualifier=_attribute(child, "qualifier"),
        )
        for child in element.iterchildren(*(_V3 + kind for kind in _NAME_PARTS))
        if _text(child)
    )
    if not parts and _text(element):
        parts = (NamePart(kind="", text=_text(element)),)
    return Name(parts=parts, use=_attribute(element, "use")) if parts else None


def _address(element: Element) -> Address:
    # One walk over the parts: headers hold dozens of addresses of a dozen parts each.
    parts: dict[str, list[str]] = {}
    for child in element:
        parts.setdefault(child.tag.removeprefix(_V3), []).append(_text(child))

    def part(name: str) -> str:
        return parts.get(name, _NOTHING)[0]

    return Address(
        use=_attribute(element, "use"),
        lines=tuple(line for line in parts.get("streetAddressLine", ()) if line),
        house_number=part("houseNumber"),
        street_name=" ".join(filter(None, (part("streetNameType"), part("streetName")))),
        unit=part("unitID"),
        city=part("city"),
        state=part("state"),
        postal_code=part("postalCode"),
        county=part("county"),
        country=part("country"),
    )


def _addresses(element: Element) -> tuple[Address, ...]:
    return tuple(_address(one) for one in _each(element, "addr") if not one.get("nullFlavor"))


def _telecoms(element: Element) -> tuple[Telecommunication, ...]:
    return tuple(
        Telecommunication(value=_attribute(one, "value"), use=_attribute(one, "use"))
        for one in _each(element, "telecom")
        if one.get("value") and not one.get("nullFlavor")
    )


def _organization(element: Element) -> Organization:
    name = _name(_first(element, "name"))
    return Organization(
        identifiers=_identifiers(element),
        name=name.text if name else "",
        telecoms=_telecoms(element),
        addresses=_addresses(element),
        standard_industry_class_code=_code(_first(element, "standardIndustryClassCode")),
    )


def _participants(root: Element, kind: str, role_name: str) -> Iterator[Participant]:
    for participation in _each(root, kind):
        role = _first(participation, role_name)
        if role is not None:
            yield _participant(participation, role)


def _participant(participation: Element, role: Element) -> Participant:
    time = _interval(_first(participation, "time"))
    person = _first(role, "assignedPerson")
    if person is None:
        person = _first(role, "associatedPerson")
    device = _first(role, "assignedAuthoringDevice")
    organization = _first(role, "representedOrganization")
    if organization is None:
        organization = _first(role, "scopingOrganization")
    return Participant(
        type_code=_attribute(participation, "typeCode"),
        time=time.value or time.low or time.high,
        function_code=_code(_first(participation, "functionCode")),
        identifiers=_identifiers(role),
        code=_code(_first(role, "code")),
        name=None if person is None else _name(_first(person, "name")),
        device=None
        if device is None
        else Device(
            manufacturer_model_name=_text(_first(device, "manufacturerModelName")),
            software_name=_text(_first(device, "softwareName")),
        ),
        telecoms=_telecoms(role),
        addresses=_addresses(role),
        organization=None if organization is None else _organization(organization),
    )


def _patient(role: Element) -> PatientRole:
    birthplace = _first(role, "patient", "birthplace", "place", "addr")
    provider = _first(role, "providerOrganization")
    names = (_name(one) for one in _each(role, "patient", "name"))
    return PatientRole(
        identifiers=_identifiers(role),
        names=tuple(name for name in names if name),
        administrative_gender_code=_code(_first(role, "patient", "administrativeGenderCode")),
        birth_time=_attribute(_first(role, "patient", "birthTime"), "value"),
        birthplace=None
        if birthplace is None or birthplace.get("nullFlavor")
        else _address(birthplace),
        marital_status_code=_code(_first(role, "patient", "maritalStatusCode")),
        addresses=_addresses(role),
        telecoms=_telecoms(role),
        provider_organization=None if provider is None else _organization(provider),
    )


def _orders(root: Element) -> Iterator[InstanceIdentifier]:
    for order in _each(root, "inFulfillmentOf", "order"):
        yield from _identifiers(order)
        # DICOM PS3.20 adds the accession number, in a namespace of its own.
        for accession in order.iterchildren(f"{_DICOM_PS3_20}accessionNumber"):
            if accession.get("extension"):
                yield InstanceIdentifier(
                    _attribute(accession, "root"),
                    _attribute(accession, "extension"),
                    "accessionNumber",
                )


def _service_event(event: Element) -> ServiceEvent:
    code = _first(event, "code")
    return ServiceEvent(
        class_code=_attribute(event, "classCode"),
        template_ids=_identifiers(event, "templateId"),
        identifiers=_identifiers(event),
        code=_code(code),
        translations=tuple(_translations(code)),
        effective_time=_interval(_first(event, "effectiveTime")),
        performers=tuple(_participants(event, "performer", "assignedEntity")),
    )


def _related_documents(root: Element) -> Iterator[RelatedDocument]:
    for related in _each(root, "relatedDocument"):
        parent = _first(related, "parentDocument")
        if parent is not None:
            yield RelatedDocument(
                type_code=_attribute(related, "typeCode"),
                identifiers=_identifiers(parent),
                set_id=next(iter(_identifiers(parent, "setId")), None),
                version_number=_attribute(_first(parent, "versionNumber"), "value"),
            )


def _encounter(encounter: Element) -> EncompassingEncounter:
    facility = _first(encounter, "location", "healthCareFacility")
    return EncompassingEncounter(
        identifiers=_identifiers(encounter),
        code=_code(_first(encounter, "code")),
        effective_time=_interval(_first(encounter, "effectiveTime")),
        responsible_party=next(
            _participants(encounter, "responsibleParty", "assignedEntity"), None
        ),
        facility_identifiers=() if facility is None else _identifiers(facility),
        facility_code=None if facility is None else _code(_first(facility, "code")),
        facility_name="" if facility is None else _text(_first(facility, "location", "name")),
    )


def _body_media_type(root: Element) -> str | None:
    content = _first(root, "component", "nonXMLBody", "text")
    if content is None:
        return None
    return _attribute(content, "mediaType") or _DEFAULT_MEDIA_TYPE
