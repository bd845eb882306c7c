"""BPPC: the clinical document in which a patient acknowledges privacy policies.

    read_acknowledgment     a document to the policies it acknowledges
    write_acknowledgment    the policies to a document, complete enough to be submitted

Each acknowledged policy is a service event with the policy's OID as its code. What a policy means
is profile data; here are only documents. A document that carries XACML (APPC) says more than a list
of policies, so it is refused rather than read in part.

Source:
    IHE ITI TF-3: 5.1 Basic Patient Privacy Consents (revision 17): 5.1.2.1 (templates), 5.1.2.2
    (service events).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.codecs.cda.header import HL7_V3, read_header
from gateway.codecs.cda.time import read_time_stamp
from gateway.codecs.cda.values import CdaHeader, InstanceIdentifier
from gateway.codecs.xml import (
    INLINE_LIMITS,
    Element,
    XmlRefused,
    escape_attribute,
    escape_text,
    read_xml,
)
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import DateTime

MEDICAL_DOCUMENT = "1.3.6.1.4.1.19376.1.5.3.1.1.1"
CONSENT = "1.3.6.1.4.1.19376.1.5.3.1.1.7"
SCANNED_CONSENT = "1.3.6.1.4.1.19376.1.5.3.1.1.7.1"
SERVICE_EVENT = "1.3.6.1.4.1.19376.1.5.3.1.2.6"

_LOINC = "2.16.840.1.113883.6.1"
_CODE = "57016-8"
_DISPLAY = "Privacy policy acknowledgement Document"
_XACML = "urn:oasis:names:tc:xacml:"
_EVENTS = "ClinicalDocument/documentationOf"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedEvent:
    """One policy a patient acknowledges.

    Attributes:
        policy: Its OID.
        code_system: The policy domain, an OID.
        display: Its name for people.
        start: From when, HL7 V3 TS as the document writes it; required.
        end: Until when; empty where it has no end.
        id: Of the event, an OID.
    """

    policy: str
    code_system: str = ""
    display: str = ""
    start: str = ""
    end: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgment:
    """What a BPPC document says.

    Attributes:
        header: The rest of what the document says of itself; its patient above all.
        events: At least one, in the document's order.
    """

    header: CdaHeader
    events: tuple[AcknowledgedEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgmentFrame:
    """What a document needs besides its policies.

    Attributes:
        id: Of the document, an OID.
        patient_ids: Identifiers of the patient.
        effective_time: HL7 V3 TS.
        author: Who took note of the acknowledgment.
        custodian: The organisation that keeps the document.
        custodian_name: Its name.
        language_code: RFC 5646.
        realm_code: Of the country, where it wants one.
        confidentiality_code: Of HL7's Confidentiality.
    """

    id: InstanceIdentifier
    patient_ids: tuple[InstanceIdentifier, ...]
    effective_time: str
    author: InstanceIdentifier
    custodian: InstanceIdentifier
    custodian_name: str = ""
    language_code: str = "en"
    realm_code: str = ""
    confidentiality_code: str = "N"


def is_acknowledgment(header: CdaHeader) -> bool:
    """Whether a document is a consent of BPPC or one of its refinements."""
    return any(one.root in (CONSENT, SCANNED_CONSENT) for one in header.template_ids)


def read_acknowledgment(document: bytes | Element) -> Acknowledgment:
    """Read a BPPC document.

    Raises:
        Refused: When it is none, or says anything that is not to be taken, with every place.
    """
    root = _parsed(document) if isinstance(document, bytes) else document
    header = read_header(root)
    findings: list[Finding] = []
    if not is_acknowledgment(header):
        findings.append(
            _wrong("ClinicalDocument/templateId", f"a consent document has the template {CONSENT}")
        )
    if header.code is None or header.code.code != _CODE:
        findings.append(_wrong("ClinicalDocument/code", f"a consent document has the code {_CODE}"))
    if any(str(element.tag).startswith(f"{{{_XACML}") for element in root.iter()):
        findings.append(
            _wrong(
                "ClinicalDocument/component",
                "it carries an XACML policy (APPC), which is not enforced here; say the choices "
                "as FHIR Consents",
            )
        )
    events = []
    for number, event in enumerate(header.service_events, 1):
        place = f"{_EVENTS}[{number}]/serviceEvent"
        if not any(one.root == SERVICE_EVENT for one in event.template_ids):
            findings.append(
                _wrong(f"{place}/templateId", f"an acknowledged policy has {SERVICE_EVENT}")
            )
            continue
        if event.code is None:
            findings.append(_wrong(f"{place}/code", "the policy is named by a code"))
            continue
        period = event.effective_time
        if not period.low or period.value:
            findings.append(
                _wrong(f"{place}/effectiveTime/low", "from when it is acknowledged must be there")
            )
        events.append(
            AcknowledgedEvent(
                policy=event.code.code,
                code_system=event.code.scheme,
                display=event.code.display or "",
                start=period.low,
                end=period.high,
                id=event.identifiers[0].unique_id if event.identifiers else "",
            )
        )
    if not events and not findings:
        findings.append(_wrong(_EVENTS, "no policy is acknowledged"))
    if len({(said.start, said.end) for said in events}) > 1:
        findings.append(
            _wrong(f"{_EVENTS}/serviceEvent/effectiveTime", "it is the same for all policies")
        )
    for said in events:
        for name, text in (("low", said.start), ("high", said.end)):
            if text and read_time_stamp(text).value is None:
                findings.append(
                    _wrong(f"{_EVENTS}/serviceEvent/effectiveTime/{name}", "it is no time")
                )
    if findings:
        raise Refused(*dict.fromkeys(findings))
    return Acknowledgment(header=header, events=tuple(events))


def moment(text: str) -> DateTime | None:
    """Give a time of a document in UTC, as precise as it was written."""
    return read_time_stamp(text).value if text else None


def time_stamp(time: DateTime) -> str:
    """Write a time in UTC as HL7 V3 does: with its offset, where it is finer than a day."""
    return f"{time.text}+0000" if len(time.text) > 8 else time.text


# --- Writing -----------------------------------------------------------------------------------


def write_acknowledgment(frame: AcknowledgmentFrame, events: Iterable[AcknowledgedEvent]) -> bytes:
    """Write a BPPC document.

    Raises:
        ValueError: When a text holds a character that cannot stand in XML.
    """
    events = tuple(events)
    documented = "".join(_service_event(event) for event in events)
    items = "".join(
        f"<item>{escape_text(event.display or event.policy)} ({escape_text(event.policy)})</item>"
        for event in events
    )
    realm = f'<realmCode code="{escape_attribute(frame.realm_code)}"/>' if frame.realm_code else ""
    patient = "".join(_ii("id", one) for one in frame.patient_ids)
    title = escape_text(_DISPLAY)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ClinicalDocument xmlns="{HL7_V3}">{realm}'
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        f'<templateId root="{MEDICAL_DOCUMENT}"/><templateId root="{CONSENT}"/>'
        f"{_ii('id', frame.id)}"
        f'<code code="{_CODE}" codeSystem="{_LOINC}" displayName="{escape_attribute(_DISPLAY)}"/>'
        f"<title>{title}</title>"
        f'<effectiveTime value="{escape_attribute(frame.effective_time)}"/>'
        f'<confidentialityCode code="{escape_attribute(frame.confidentiality_code)}" '
        'codeSystem="2.16.840.1.113883.5.25"/>'
        f'<languageCode code="{escape_attribute(frame.language_code)}"/>'
        f"<recordTarget><patientRole>{patient}</patientRole></recordTarget>"
        f'<author><time value="{escape_attribute(frame.effective_time)}"/>'
        f"<assignedAuthor>{_ii('id', frame.author)}</assignedAuthor></author>"
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        f"{_ii('id', frame.custodian)}<name>{escape_text(frame.custodian_name)}</name>"
        "</representedCustodianOrganization></assignedCustodian></custodian>"
        f"{documented}"
        f"<component><structuredBody><component><section><title>{title}</title>"
        f"<text><list>{items}</list></text></section></component></structuredBody></component>"
        "</ClinicalDocument>\n"
    ).encode()


def _service_event(event: AcknowledgedEvent) -> str:
    system = f' codeSystem="{escape_attribute(event.code_system)}"' if event.code_system else ""
    display = f' displayName="{escape_attribute(event.display)}"' if event.display else ""
    event_id = f'<id root="{escape_attribute(event.id)}"/>' if event.id else ""
    high = f'<high value="{escape_attribute(event.end)}"/>' if event.end else ""
    return (
        '<documentationOf typeCode="DOC"><serviceEvent classCode="ACT" moodCode="EVN">'
        f'<templateId root="{SERVICE_EVENT}"/>{event_id}'
        f'<code code="{escape_attribute(event.policy)}"{system}{display}/>'
        f'<effectiveTime><low value="{escape_attribute(event.start)}"/>{high}</effectiveTime>'
        "</serviceEvent></documentationOf>"
    )


def _ii(name: str, one: InstanceIdentifier) -> str:
    extension = f' extension="{escape_attribute(one.extension)}"' if one.extension else ""
    return f'<{name} root="{escape_attribute(one.root)}"{extension}/>'


def _parsed(octets: bytes) -> Element:
    try:
        return read_xml(octets, limits=INLINE_LIMITS)
    except XmlRefused as refused:
        raise Refused(_wrong(refused.location, refused.message)) from None


def _wrong(location: str, message: str) -> Finding:
    return Finding(
        rule="bppc-enforced",
        code=ErrorCode.INVALID_DOCUMENT_CONTENT,
        location=location,
        message=message,
    )
