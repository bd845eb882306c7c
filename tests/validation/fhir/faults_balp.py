"""Faults for audit events as the gateway writes them, by transaction, action and outcome."""

from __future__ import annotations

from typing import Final

from tests.validation.fhir.planting import Fault

_AE: Final = "AuditEvent"

FAULTS: Final = (
    # --- what every event has ------------------------------------------------------------------
    Fault("nobody recorded it", "ITI-67 E 0", ("remove", "source"),
          "fhir-minimum", _AE, _AE + ".source"),
    Fault("no time of recording", "ITI-42 C 0", ("remove", "recorded"),
          "fhir-minimum", _AE, _AE + ".recorded"),
    Fault("recorded on a day alone", "ITI-65 C 4", ("set", "recorded", "2026-01-01"),
          "fhir-primitive", _AE + ".recorded", _AE + ".recorded"),
    Fault("an outcome nobody knows", "ITI-68 R 4", ("set", "outcome", "5"),
          "fhir-binding-required", _AE + ".outcome", _AE + ".outcome"),
    Fault("whether it was asked for is not said", "ITI-18 E 0", ("remove", "agent[0].requestor"),
          "fhir-minimum", _AE + ".agent[0]", _AE + ".agent.requestor"),
    # --- BALP: RESTful patterns -----------------------------------------------------------------
    Fault("a search that says it read", "ITI-67 E 0", ("set", "action", "R"),
          "fhir-pattern", _AE + ".action", _AE + ".action"),
    Fault("a search that failed and claims success", "ITI-66 E 0", ("set", "outcome", "8"),
          "fhir-pattern", _AE + ".outcome", _AE + ".outcome"),
    Fault("no interaction among the subtypes", "ITI-78 E 0", ("remove", "subtype[0]"),
          "fhir-minimum", _AE, _AE + ".subtype:anySearch"),
    Fault("an interaction that reads nothing", "read R 0", ("set", "subtype[0].code", "create"),
          "fhir-minimum", _AE, _AE + ".subtype:anyRead"),
    Fault("two servers", "ITI-108 R 0",
          ("add", "agent", {"type": {"coding": [{"system": "http://dicom.nema.org/resources/"
                                                           "ontology/DCM", "code": "110153"}]},
                            "who": {"display": "another"}, "requestor": False,
                            "network": {"address": "x", "type": "1"}}),
          "fhir-maximum", _AE, _AE + ".agent:server"),
    Fault("the server's address is missing", "ITI-108 U 0", ("remove", "agent[1].network"),
          "fhir-minimum", _AE + ".agent[1]", _AE + ".agent:server.network"),
    Fault("a search without its question", "ITI-66 E 0", ("remove", "entity[1].query"),
          "fhir-minimum", _AE + ".entity[1]", _AE + ".entity:query.query"),
    Fault("a question that is no base64", "ITI-78 E 0", ("set", "entity[1].query", "patient=1"),
          "fhir-primitive", _AE + ".entity[1].query", _AE + ".entity:query.query"),
    Fault("a search with a life cycle", "ITI-67 E 0",
          ("set", "entity[1].lifecycle", {"system": "http://terminology.hl7.org/CodeSystem/"
                                                    "dicom-audit-lifecycle", "code": "6"}),
          "fhir-maximum", _AE + ".entity[1]", _AE + ".entity:query.lifecycle"),
    Fault("a deletion about nobody", "ITI-108 D 0", ("remove", "entity[0]"),
          "fhir-minimum", _AE, _AE + ".entity:patient"),
    Fault("a patient in the part of a doctor", "ITI-108 C 0", ("set", "entity[0].role.code", "15"),
          "fhir-pattern", _AE + ".entity[0].role", _AE + ".entity:patient.role"),
    # --- MHD -------------------------------------------------------------------------------------
    Fault("a retrieval of something that is no report", "ITI-68 R 0",
          ("set", "entity[1].role.code", "4"),
          "fhir-pattern", _AE + ".entity[1].role", _AE + ".entity:data.role"),
    Fault("a provision of another transaction", "ITI-65 C 0", ("set", "subtype[0].code", "ITI-41"),
          "fhir-minimum", _AE, _AE + ".subtype:iti65"),
    Fault("an import that says it exported", "ITI-65 C 0", ("set", "type.code", "110106"),
          "fhir-pattern", _AE + ".type", _AE + ".type"),
    Fault("recorded by neither side", "ITI-68 R 0",
          ("set", "source.observer.identifier.value", "elsewhere"),
          "val-audit-source", _AE + ".agent[1]", _AE + ".agent:server"),
    # --- who it was, from the token -------------------------------------------------------------
    Fault("a user without the token that named him", "ITI-42 C 0", ("remove", "agent[2].policy"),
          "fhir-minimum", _AE + ".agent[2]", _AE + ".agent:user.policy"),
    Fault("a user without an identifier", "ITI-42 C 0",
          ("remove", "agent[2].who.identifier.value"),
          "fhir-minimum", _AE + ".agent[2].who.identifier",
          _AE + ".agent:user.who.identifier.value"),
    Fault("an agent of a token that asked for nothing", "ITI-42 C 0",
          ("set", "agent[2].requestor", False),
          "fhir-pattern", _AE + ".agent[2].requestor", _AE + ".agent:user.requestor"),
    Fault("a further identifier of a type BALP has not", "ITI-42 C 0",
          ("set", "agent[2].extension[0].valueIdentifier.type.coding[0].code", "SAML-name"),
          "fhir-binding-required", _AE + ".agent[2].extension[0].value.ofType(Identifier).type",
          "Extension.value[x].type",
          (("fhir-code-unknown",
            _AE + ".agent[2].extension[0].value.ofType(Identifier).type.coding[0]"),)),
)  # fmt: skip
