"""CapabilityStatement: what the FHIR face can do.

Source:
    HL7 FHIR R4: 2.41 CapabilityStatement; IHE MHD 4.2.4: CapabilityStatements of the Document
    Recipient and the Document Responder.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from gateway.codecs.fhir.datatypes import write_date_time
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.vocabulary import MHD, PROFILE

RECIPIENT = MHD + "CapabilityStatement/IHE.MHD.DocumentRecipient"
RESPONDER = MHD + "CapabilityStatement/IHE.MHD.DocumentResponder"

_BASE = "http://hl7.org/fhir/SearchParameter/"
_DOCUMENT_REFERENCE = (
    ("_id", "token"),
    ("_lastUpdated", "date"),
    ("author.family", "string"),
    ("author.given", "string"),
    ("category", "token"),
    ("creation", "date"),
    ("date", "date"),
    ("event", "token"),
    ("facility", "token"),
    ("format", "token"),
    ("identifier", "token"),
    ("patient", "reference"),
    ("patient.identifier", "token"),
    ("period", "date"),
    ("related", "reference"),
    ("security-label", "token"),
    ("setting", "token"),
    ("status", "token"),
    ("type", "token"),
)
_LIST = (
    ("_lastUpdated", "date"),
    ("code", "token"),
    ("date", "date"),
    ("designationType", "token"),
    ("identifier", "token"),
    ("patient", "reference"),
    ("patient.identifier", "token"),
    ("source.family", "string"),
    ("source.given", "string"),
    ("sourceId", "token"),
    ("status", "token"),
)
_DEFINITIONS = {
    "creation": MHD + "SearchParameter/DocumentReference-Creation",
    "designationType": MHD + "SearchParameter/List-DesignationType",
    "sourceId": MHD + "SearchParameter/List-SourceId",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a deployment adds to, or takes from, what the codec knows how to serve.

    Attributes:
        publish: ITI-65 is served.
        documents: ITI-67 and ITI-68 are served.
        lists: ITI-66 is served.
        patient_write: Patients can be put.
    """

    publish: bool = True
    documents: bool = True
    lists: bool = True
    patient_write: bool = True


def write_capability_statement(
    *,
    base_url: str,
    software: str,
    version: str,
    date: str,
    capabilities: Capabilities | None = None,
) -> bytes:
    """Write the CapabilityStatement.

    Args:
        base_url: Of the FHIR face, without trailing slash.
        software: Name of the product.
        version: Of the product.
        date: When this statement began to be true, DTM text.
    """
    able = capabilities or Capabilities()
    resources: list[Json] = [_resource("Binary", ("read",))]
    instantiates: list[str] = []
    if able.documents:
        resources.append(
            _resource(
                "DocumentReference",
                ("read", "search-type"),
                _DOCUMENT_REFERENCE,
                ("IHE.MHD.Minimal.DocumentReference", "IHE.MHD.Comprehensive.DocumentReference"),
            )
        )
        instantiates.append(RESPONDER)
    if able.lists:
        resources.append(
            _resource(
                "List",
                ("read", "search-type"),
                _LIST,
                ("IHE.MHD.Comprehensive.SubmissionSet", "IHE.MHD.Comprehensive.Folder"),
            )
        )
    resources.append(_resource("Patient", ("read", "update") if able.patient_write else ("read",)))
    interactions: list[Json] = []
    if able.publish:
        instantiates.insert(0, RECIPIENT)
        interactions.append(
            {
                "code": "transaction",
                "documentation": "Provide Document Bundle [ITI-65]: Minimal, Comprehensive and "
                "UnContained; UnContained resources must be entries of the bundle.",
            }
        )
    rest: Json = {"mode": "server", "resource": resources}
    if interactions:
        rest["interaction"] = interactions
    statement: Json = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": write_date_time(date)[0],
        "kind": "instance",
        "instantiates": instantiates,
        "software": {"name": software, "version": version},
        "implementation": {"description": f"{software} {version}", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }
    if not instantiates:
        del statement["instantiates"]
    return orjson.dumps(statement)


def _resource(
    kind: str,
    interactions: tuple[str, ...],
    parameters: tuple[tuple[str, str], ...] = (),
    profiles: tuple[str, ...] = (),
) -> Json:
    resource: Json = {
        "type": kind,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned",
        "readHistory": False,
        "referencePolicy": ["literal", "logical"],
    }
    if profiles:
        resource["supportedProfile"] = [PROFILE + profile for profile in profiles]
    if parameters:
        resource["searchParam"] = [_parameter(kind, *parameter) for parameter in parameters]
    return resource


def _parameter(kind: str, name: str, type_: str) -> Json:
    parameter: Json = {"name": name, "type": type_}
    definition = _DEFINITIONS.get(name)
    if definition is None and "." not in name:
        owner = "Resource" if name.startswith("_") else kind
        definition = f"{_BASE}{owner}-{name.lstrip('_')}"
    if definition is not None:
        parameter["definition"] = definition
    return parameter
