"""CapabilityStatement: what the FHIR face can do.

Source:
    HL7 FHIR R4: 2.41 CapabilityStatement; IHE MHD 4.2.4: CapabilityStatements of the Document
    Recipient and the Document Responder.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from gateway.codecs.fhir.capability_notices import (
    BROKER,
    write_inbox_capability,
    write_subscription_capability,
)
from gateway.codecs.fhir.capability_search import write_search_capability
from gateway.codecs.fhir.consent_form import ADVANCED, BASIC, INTERMEDIATE
from gateway.codecs.fhir.datatypes import write_date_time
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.codecs.fhir.search_statuses import search_rules
from gateway.codecs.fhir.vocabulary import MHD, OURS, PROFILE
from gateway.model.conventions import STANDARD, Conventions

RECIPIENT = MHD + "CapabilityStatement/IHE.MHD.DocumentRecipient"
GENERATE_METADATA = MHD + "OperationDefinition/generate-metadata"
RESPONDER = MHD + "CapabilityStatement/IHE.MHD.DocumentResponder"

EXPLAIN = f"{OURS}OperationDefinition/explain"
VALIDATE = {
    "name": "validate",
    "definition": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    "documentation": "Of a resource that is sent, or, of documents and lists, as it is kept: "
    "held to its type, to what it claims and to profile.",
}
PIX = "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a deployment adds to, or takes from, what the codec knows how to serve.

    Attributes:
        publish: ITI-65 is served.
        documents: ITI-67 and ITI-68 are served.
        lists: ITI-66 is served.
        patient_write: Patients can be put.
        consents: ITI-108 is served.
        inbox: Notices can be read.
        subscriptions: ITI-110, ITI-113 and ITI-114 are served.
        validation: Resources are judged.
    """

    publish: bool = True
    documents: bool = True
    lists: bool = True
    patient_write: bool = True
    consents: bool = True
    inbox: bool = True
    subscriptions: bool = False
    validation: bool = True


def write_capability_statement(
    *,
    base_url: str,
    software: str,
    version: str,
    date: str,
    capabilities: Capabilities | None = None,
    cors: bool = False,
    conventions: Conventions = STANDARD,
) -> bytes:
    """Write the CapabilityStatement.

    Args:
        base_url: Of the FHIR face, without trailing slash.
        software: Name of the product.
        version: Of the product.
        date: When this statement began to be true, DTM text.
        cors: Pages of other origins are let in.
        conventions: Whose further statuses have search parameters of their own.
    """
    able = capabilities or Capabilities()
    rules = search_rules(conventions)
    resources = [_binary()]
    instantiates: list[str] = []
    if able.documents:
        described = _resource(
            "DocumentReference",
            ("read", "vread", "history-instance", "search-type"),
            ("IHE.MHD.Minimal.DocumentReference", "IHE.MHD.Comprehensive.DocumentReference"),
            rules,
        )
        described["interaction"].append(_interaction("patch", _SAID["patch"]))
        if able.publish:
            described["interaction"].append(_interaction("create", _SAID["create"]))
            described["conditionalCreate"] = True
            described["operation"] = [
                {"name": "generate-metadata", "definition": GENERATE_METADATA}
            ]
        resources.append(described)
        instantiates.append(RESPONDER)
    if able.lists:
        resources.append(
            _resource(
                "List",
                ("read", "vread", "history-instance", "search-type"),
                ("IHE.MHD.Comprehensive.SubmissionSet", "IHE.MHD.Comprehensive.Folder"),
                rules,
            )
        )
    resources.append(_patient(able.patient_write))
    if able.consents:
        resources.append(_consent())
    if able.inbox:
        resources.append(write_inbox_capability())
    if able.subscriptions:
        resources += write_subscription_capability()
        instantiates.append(BROKER)
    resources.append(_audit_event())
    if able.validation:
        for one in resources:
            if one["type"] in JUDGED:
                one["operation"] = [*one.get("operation", ()), VALIDATE]
    interactions: list[Json] = []
    if able.publish:
        instantiates.insert(0, RECIPIENT)
        interactions.append(
            {
                "code": "transaction",
                "documentation": "Provide Document Bundle [ITI-65]: Minimal, Comprehensive and "
                "UnContained; who is named by address only is kept by that address.",
            }
        )
    rest: Json = {
        "mode": "server",
        "documentation": _GENERAL,
        "security": {"cors": cors},
        "resource": resources,
    }
    if interactions:
        rest["interaction"] = interactions
    if able.validation:
        rest["operation"] = [VALIDATE]
    statement: Json = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": write_date_time(date)[0],
        "kind": "instance",
        "instantiates": instantiates,
        "software": {"name": software, "version": version},
        "implementation": {"description": f"{software} {version}", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "patchFormat": [
            "application/json-patch+json",
            "application/fhir+json",
            "application/fhir+xml",
        ],
        "rest": [rest],
    }
    if not instantiates:
        del statement["instantiates"]
    return orjson.dumps(statement)


_GENERAL = (
    "Answers come in the form Accept or _format asks for; Prefer is followed (return, handling); "
    "searches may be sent with GET, or with POST to _search. An unknown search parameter is passed "
    "over with a warning, or refused with handling=strict."
)

_SAID = {
    "read": "By logical id, or by the entryUUID of any version.",
    "vread": "versionId is the XDS version. A version shows its present status.",
    "patch": "JSON Patch or FHIRPath Patch, by id or by identifier; becomes a metadata update.",
    "create": "Simplified Publish [ITI-105]: one document inside its DocumentReference.",
    "history-instance": "The versions under one id, the newest first: _count, _since, _at.",
}


def _resource(
    kind: str,
    interactions: tuple[str, ...],
    profiles: tuple[str, ...],
    rules: SearchRules,
) -> Json:
    """What can be done with documents and lists."""
    resource: Json = {"type": kind}
    if profiles:
        resource["supportedProfile"] = [PROFILE + profile for profile in profiles]
    resource["interaction"] = [_interaction(code, _SAID.get(code)) for code in interactions]
    resource["versioning"] = "versioned"
    resource["readHistory"] = "vread" in interactions
    resource["updateCreate"] = False
    resource["conditionalCreate"] = False
    resource["conditionalRead"] = "full-support"
    resource["conditionalUpdate"] = False
    resource["conditionalDelete"] = "not-supported"
    resource["referencePolicy"] = ["literal", "logical"]
    resource.update(write_search_capability(kind, rules))
    return resource


def _binary() -> Json:
    read = (
        "Retrieve Document [ITI-68]: the document as it is, in part with Range, or a Binary "
        "resource where FHIR is accepted; a deprecated or removed one is gone (410)."
    )
    return {
        "type": "Binary",
        "interaction": [_interaction("read", read)],
        "versioning": "no-version",
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "not-match",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
    }


JUDGED = ("AuditEvent", "Binary", "Consent", "DocumentReference", "List", "Patient")
"""Types with an address of their own for what is judged; any type is judged at the root."""


def _patient(can_write: bool) -> Json:
    writes = ("create", "update") if can_write else ()
    said = {
        "vread": "The present version; earlier ones are not kept.",
        "update": "Under an id, or by identifier=system|value; If-Match is followed.",
        "create": "If-None-Exist takes identifier=system|value.",
    }
    codes = ("read", "vread", *writes, "search-type")
    return {
        "type": "Patient",
        "interaction": [_interaction(code, said.get(code)) for code in codes],
        "versioning": "versioned-update" if can_write else "versioned",
        "readHistory": False,
        "updateCreate": can_write,
        "conditionalCreate": can_write,
        "conditionalRead": "not-match",
        "conditionalUpdate": can_write,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical"],
        **write_search_capability("Patient"),
        "operation": [
            {"name": "ihe-pix", "definition": PIX},
            {"name": "explain", "definition": EXPLAIN},
        ],
    }


def _consent() -> Json:
    said = {
        "create": "What would not be enforced is refused (422) with the path of the element.",
        "update": "A new version; status inactive takes the choices back. If-Match is followed.",
        "delete": "Takes the choices back: the Consent stays to be read, inactive.",
        "history-instance": _SAID["history-instance"],
        "search-type": "Access Consent [ITI-108]: patient or patient.identifier, and status.",
    }
    codes = ("create", "read", "vread", "update", "delete", "history-instance", "search-type")
    levels = (BASIC, INTERMEDIATE, ADVANCED)
    return {
        "type": "Consent",
        "supportedProfile": list(levels),
        "interaction": [_interaction(code, said.get(code)) for code in codes],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "full-support",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical"],
        **write_search_capability("Consent"),
    }


def _audit_event() -> Json:
    said = {
        "create": "Record Audit Event [ITI-20]: by structures, applications and operators.",
        "search-type": "Retrieve ATNA Audit Event [ITI-81] for auditors; for patients and their "
        "representatives the accesses to the own record, in plain.",
    }
    return {
        "type": "AuditEvent",
        "interaction": [
            _interaction(code, said.get(code)) for code in ("create", "read", "search-type")
        ],
        "versioning": "no-version",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical"],
        **write_search_capability("AuditEvent"),
    }


def _interaction(code: str, said: str | None) -> Json:
    return {"code": code, "documentation": said} if said else {"code": code}
