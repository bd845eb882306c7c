"""What the CapabilityStatement says of searches: written from the tables that read them.

Source:
    HL7 FHIR R4: CapabilityStatement.rest.resource (searchParam, searchInclude, searchRevInclude);
    IHE MHD 4.2.4: CapabilityStatement of the Document Responder.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.codecs.fhir.audit_event_search import AUDIT_EVENTS
from gateway.codecs.fhir.consent_search import CONSENTS
from gateway.codecs.fhir.patient_search import PATIENTS
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.search_control import INCLUDES, REVINCLUDES
from gateway.codecs.fhir.search_parameters import (
    Parameter,
    SearchRules,
)

_BASE = "http://hl7.org/fhir/SearchParameter/"

_MEANING = {
    "_id": "The logical id, or the entryUUID of a version.",
    "Patient._id": "The id of the resource.",
    "Consent._id": "The id of the resource.",
    "Consent.status": "Required: active, or inactive where the choice was taken back.",
    "_lastUpdated": "When the resource was changed last.",
    "action": "C, R, U, D or E.",
    "active": "true or false.",
    "actor": "A reference; Consents here name actors by identifier, so none is found.",
    "actor.identifier": "Who is authorised, blocked or meant otherwise.",
    "agent": "A reference; agents are named by identifier here, so none is found.",
    "agent.identifier": "Who asked: a person, an application or a structure.",
    "AuditEvent._id": "The id of the resource.",
    "AuditEvent.date": "Required of auditors; eq, ge, gt, le, lt, sa, eb.",
    "AuditEvent.patient": "A Patient of this server: whose record.",
    "AuditEvent.type": "An EventID of DICOM, or rest.",
    "author.family": "Family name of one of the authors; begins with.",
    "author.given": "Given name of one of the authors; begins with.",
    "author.identifier": "Identifier of one of the authors or of their institutions.",
    "author.name": "A name of one of the authors or of their institutions; begins with.",
    "author:Organization.identifier": "Identifier of an author's institution.",
    "author:Organization.name": "Name of an author's institution; begins with.",
    "authorOrg.identifier": "Identifier of the institution that submitted.",
    "authorOrg.name": "Name of the institution that submitted; begins with.",
    "birthdate": "As precise as it is known.",
    "category": "classCode.",
    "code": "submissionset or folder: which kind of list.",
    "contenttype": "mimeType.",
    "creation": "creationTime.",
    "DocumentReference.date": "When the document was registered.",
    "List.date": "submissionTime of a submission set, lastUpdateTime of a folder.",
    "designationType": "contentTypeCode of a submission set, codeList of a folder.",
    "encounter": "referenceIdList, as encounter:identifier=system|value.",
    "encounter.identifier": "Encounters of the referenceIdList.",
    "entity": "A document, List or Consent that was disclosed or changed.",
    "entity.identifier": "uniqueId of a document or submission set.",
    "event": "eventCodeList.",
    "facility": "healthcareFacilityTypeCode.",
    "format": "formatCode.",
    "identifier": "uniqueId or entryUUID.",
    "Patient.identifier": "system|value; system| together with another parameter.",
    "item": "A document or folder the list holds.",
    "language": "languageCode.",
    "outcome": "0 done, 4 refused, 8 failed.",
    "patient": "A Patient of this server.",
    "patient.identifier": "patientId, as system|value.",
    "period": "serviceStartTime to serviceStopTime; ge and le overlap, an open end is open.",
    "period-end": "serviceStopTime.",
    "period-start": "serviceStartTime.",
    "related": "referenceIdList: a URI, or related:identifier=system|value.",
    "related.identifier": "referenceIdList.",
    "relatesto": "A document this one replaces, transforms, appends or signs.",
    "relation": "How the document relates to another one.",
    "security-label": "confidentialityCode.",
    "setting": "practiceSettingCode.",
    "source.family": "Family name of one of the authors; begins with.",
    "source.given": "Given name of one of the authors; begins with.",
    "source.identifier": "Identifier of one of the authors or of their institutions.",
    "source.name": "A name of one of the authors or of their institutions; begins with.",
    "source:Organization.identifier": "Identifier of an author's institution.",
    "source:Organization.name": "Name of an author's institution; begins with.",
    "sourceId": "sourceId of a submission set.",
    "status": "availabilityStatus: current is Approved, superseded (of a List also retired) is "
    "Deprecated.",
    "subtype": "A transaction such as ITI-67, or an interaction such as search-type.",
    "title": "Title of a submission set or folder; begins with.",
    "type": "typeCode.",
}


def write_search_capability(kind: str, rules: SearchRules | None = None) -> Json:
    """Give the members of one resource about searches; empty when it is not searched."""
    rules = rules or SearchRules()
    if kind == "DocumentReference":
        table: Mapping[str, Parameter] = rules.documents
    elif kind == "List":
        table = {**rules.folders, **rules.submission_sets}
    elif kind == "Patient":
        table = PATIENTS
    elif kind == "Consent":
        table = CONSENTS
    elif kind == "AuditEvent":
        table = AUDIT_EVENTS
    else:
        return {}
    written: Json = {}
    if includes := sorted(INCLUDES.get(kind, ())):
        written["searchInclude"] = includes
    if revincludes := sorted(REVINCLUDES.get(kind, ())):
        written["searchRevInclude"] = revincludes
    written["searchParam"] = [
        _parameter(kind, name, parameter, rules)
        for name, parameter in sorted(table.items())
        if parameter.listed
    ]
    return written


def _parameter(kind: str, name: str, parameter: Parameter, rules: SearchRules) -> Json:
    written: Json = {"name": name, "type": parameter.kind.fhir_type}
    definition = parameter.definition
    if definition is None and "." not in name:
        owner = "Resource" if name.startswith("_") else kind
        definition = f"{_BASE}{owner}-{name.lstrip('_')}"
    if definition:
        written["definition"] = definition
    said = _MEANING.get(f"{kind}.{name}") or _MEANING.get(name) or ""
    if name == "date" and kind == "DocumentReference" and rules.document_date == "creation_time":
        said = _MEANING["creation"]
    if name in rules.definitions:
        said = "true or false: an availabilityStatus of this community."
    if parameter.kind.modifiers:
        taken = ", ".join(f":{modifier}" for modifier in parameter.kind.modifiers)
        said = f"{said} Modifiers: {taken}.".lstrip()
    if said:
        written["documentation"] = said
    return written
