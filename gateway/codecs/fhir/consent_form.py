"""The words in which a choice is said as a FHIR Consent; shared by its reader and its writer.

===================  =======================================================================
choice               form (IHE PCF level)
===================  =======================================================================
Open                 ``policy.uri`` of a base policy, nothing else (basic)
Authorise            permit, actor Practitioner or Organization, purpose TREAT, period (basic);
                     our ``authorisation-origin`` and, declared by a professional,
                     ``patient-agreement``
Service              permit, actor Device, period, our ``service-scope`` (basic)
Block                deny, actor Practitioner (basic)
Emergency, refused   permit, in it deny with purpose BTG or ETREAT (intermediate)
Mask                 permit, in it deny with ``data`` (instance, authoredby), ``dataPeriod``
                     (intermediate) or ``securityLabel`` (advanced)
Revoke, Unblock,     the Consent of the opposite, ``status`` inactive: it does not count any more
Unmask, Emergency
allowed, HideAll no
Close, HideAll yes,  a ``policy.uri`` of ours, since no level of PCF has a form for it; what
FeedObjection,       belongs to it in our extensions
Representative
===================  =======================================================================

Source:
    IHE PCF 1.1: consentBasic, consentIntermediate, consentAdvanced; HL7 v3-ActReason,
    v3-ParticipationType.
"""

from __future__ import annotations

from typing import Final

from gateway.codecs.fhir.vocabulary import EXTENSION, OURS
from gateway.model.choices import EmergencyKind, HolderKind

PCF: Final = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF."
BASIC, INTERMEDIATE, ADVANCED = (
    PCF + level for level in ("consentBasic", "consentIntermediate", "consentAdvanced")
)

SCOPE_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
PATIENT_PRIVACY: Final = "patient-privacy"
CATEGORY = {
    "system": "http://loinc.org",
    "code": "59284-0",
    "display": "Consent Document",
}
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
RECIPIENT: Final = "IRCP"
TREATMENT: Final = "TREAT"
POLICY: Final = OURS + "Policy/"
CLOSED, HIDE_ALL, FEED_OBJECTION, REPRESENTATIVE = (
    POLICY + name for name in ("closed", "hide-all", "feed-objection", "representative")
)

ORIGIN, AGREED, SCOPE_OF_SERVICE, MOTIVE, ACCEPTED_BY, TITLE = (
    EXTENSION + name
    for name in (
        "authorisation-origin",
        "patient-agreement",
        "service-scope",
        "objection-motive",
        "objection-accepted-by",
        "representative-title",
    )
)

PURPOSE_OF = {EmergencyKind.BREAK_GLASS: "BTG", EmergencyKind.REGULATION: "ETREAT"}
EMERGENCY_OF = {purpose: kind for kind, purpose in PURPOSE_OF.items()}
TYPE_OF = {
    HolderKind.PROFESSIONAL: "Practitioner",
    HolderKind.STRUCTURE: "Organization",
    HolderKind.SERVICE: "Device",
}
HOLDER_OF = {name: kind for kind, name in TYPE_OF.items()}
