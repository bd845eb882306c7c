"""Audit events as FHIR AuditEvents, in the patterns of BALP.

Three forms of one value: the whole event, for auditors and for other audit repositories; the
decision on consent that let a request through, as BALP's security alert; and what a patient is told
of an access to the own record, without anything from inside the house.

Documents a search disclosed are entities of the type of their resource, since BALP keeps the type
"system object" for the query itself.

Source:
    IHE BALP 1.1.3; IHE MHD 4.2.4: 1:48.1.1 to 2:3.105.5.1; HL7 FHIR R4: AuditEvent.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable

import orjson

from gateway.codecs.fhir.datatypes import write_concept, write_instant
from gateway.codecs.fhir.identifiers import write_identifier, write_unique_id
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.vocabulary import EXTENSION, PROFILE, URI_SYSTEM
from gateway.model.audit import Action, AuditedObject, AuditEvent, Observer, Outcome
from gateway.model.datatypes import Code, Identifier
from gateway.model.naming import NamingSystems
from gateway.model.subject import Authentication, Mode, Subject, SubjectKind
from gateway.transactions.audited import AuditedTransaction, audited, over_soap, purpose

BALP = "https://profiles.ihe.net/ITI/BALP/"
BASIC = BALP + "StructureDefinition/IHE.BasicAudit."
DCM = "http://dicom.nema.org/resources/ontology/DCM"
REST = "http://terminology.hl7.org/CodeSystem/audit-event-type"
RESTFUL = "http://hl7.org/fhir/restful-interaction"
TRANSACTION = "urn:ihe:event-type-code"
USER_AGENTS = BALP + "CodeSystem/UserAgentTypes"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ROLE_CLASS = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
RESOURCE_TYPE = "http://hl7.org/fhir/resource-types"
TOKEN_ID = "urn:ietf:params:oauth:jti:"

RECEIVED_FROM = EXTENSION + "received-from"
"""On an event that happened in another system: who sent it to this one [ITI-20]."""

RESOURCE_OF = {
    "DocumentEntry": "DocumentReference",
    "SubmissionSet": "List",
    "Folder": "List",
}
"""Under which type FHIR shows an object; any other kind is a resource type itself."""

_DATA_ROLES = {"DocumentEntry": ("3", "Report"), "SubmissionSet": ("20", "Job")}
_MODE_REASONS = {Mode.BREAK_GLASS: "BTG", Mode.REGULATION: "ETREAT"}
_ASSURANCE = BALP + "StructureDefinition/ihe-assuranceLevel"
_OTHER_ID = BALP + "StructureDefinition/ihe-otherId"
_PATTERNS = {
    Action.CREATE: "Create",
    Action.READ: "Read",
    Action.UPDATE: "Update",
    Action.DELETE: "Delete",
    Action.EXECUTE: "Query",
}
_INTERACTIONS = {
    Action.CREATE: {"create"},
    Action.READ: {"read", "vread"},
    Action.UPDATE: {"update", "patch"},
    Action.DELETE: {"delete"},
    Action.EXECUTE: {"search", "search-type", "search-system"},
}
_NAMESPACE = uuid.UUID("3c9e6f52-4d0c-5f3b-9f5e-6a0d3b1c7e24")


class AuditEventWriter:
    """Writes events of one gateway; everything it needs to know besides them it is given once."""

    def __init__(self, observer: Observer, naming: NamingSystems, base_url: str) -> None:
        """Take what all events have in common.

        Args:
            base_url: Of the FHIR face, without a slash at its end.
        """
        self._observer = observer
        self._naming = naming
        self._base_url = base_url
        self._source = {"observer": {"identifier": {"value": observer.id}}}

    def whole(self, event: AuditEvent) -> bytes:
        """Give the event with all that may leave the house."""
        if event.received:
            return self._received(event)
        transaction = audited(event)
        resource = self._head(event)
        if profiles := _profiles(event, transaction):
            resource["meta"] = {"profile": profiles}
        resource |= self._kind(event, transaction)
        resource |= {
            "action": event.action.value,
            "period": {"start": write_instant(event.time)},
            "recorded": write_instant(event.time),
            "outcome": str(event.outcome.value),
        }
        if event.failure:
            resource["outcomeDesc"] = event.failure
        if purposes := self._purposes(event):
            resource["purposeOfEvent"] = purposes
        resource["agent"] = self._agents(event)
        resource["source"] = self._source
        if entities := self._entities(event, transaction):
            resource["entity"] = entities
        return orjson.dumps(resource)

    def _received(self, event: AuditEvent) -> bytes:
        """Give an event of another system: as it was sent, with our id and who sent it."""
        sent: Json = orjson.loads(event.received)
        origin: Json = {"url": RECEIVED_FROM}
        if event.subject is not None:
            origin["valueReference"] = self._who(event.subject)
        extensions = [*sent.pop("extension", ()), origin]
        for own in ("resourceType", "id"):
            sent.pop(own, None)
        return orjson.dumps({**self._head(event), **sent, "extension": extensions})

    def decision(self, event: AuditEvent) -> bytes | None:
        """Give the decision on consent behind an event.

        Returns:
            ``None`` where nobody was identified, or no patient or no choice was looked at.
        """
        subject = event.subject
        if subject is None or event.patient is None or not event.consents:
            return None
        user = self._user(event, subject, "IRCP", PARTICIPATION)
        user.pop("policy", None)
        resource = {
            "resourceType": "AuditEvent",
            "id": str(uuid.uuid5(_NAMESPACE, event.id)),
            "meta": {"profile": [BASIC + "AuthZconsent"]},
            "type": {"system": DCM, "code": "110113", "display": "Security Alert"},
            "subtype": [{"system": BALP + "CodeSystem/AuthZsubType", "code": "AuthZ-Consent"}],
            "action": "E",
            "recorded": write_instant(event.time),
            "outcome": str(event.outcome.value),
            "agent": [
                {
                    "type": _concept(DCM, "110150", "Application"),
                    "who": self._client(event),
                    "requestor": False,
                    "network": _network(self._address(event)),
                },
                user,
                self._organisation(subject),
                {
                    "type": _concept(
                        "http://terminology.hl7.org/CodeSystem/extra-security-role-type",
                        "authserver",
                    ),
                    "who": {"identifier": {"value": self._observer.id}},
                    "requestor": False,
                },
            ],
            "source": self._source,
            "entity": [self._patient(event.patient), *map(self._consent, event.consents)],
        }
        if purposes := self._purposes(event):
            resource["purposeOfEvent"] = purposes
        if event.failure:
            resource["outcomeDesc"] = event.failure
        if subject.credential:
            token = {
                "what": {"identifier": {"value": subject.credential}},
                "type": {"system": USER_AGENTS, "code": "UserOauthAgent"},
            }
            resource["entity"] = [*resource["entity"], token]
        return orjson.dumps(resource)

    def access(self, event: AuditEvent, objects: Iterable[AuditedObject]) -> bytes:
        """Give what a patient is told of an access: who, when, what, in which mode.

        Args:
            objects: Those of the event the reader may know of.
        """
        resource = self._head(event)
        resource |= self._kind(event, audited(event))
        resource |= {
            "action": event.action.value,
            "recorded": write_instant(event.time),
            "outcome": str(event.outcome.value),
        }
        if event.mode in _MODE_REASONS:
            resource["purposeOfEvent"] = [_mode(event.mode)]
        agents: list[Json] = []
        if (subject := event.subject) is not None:
            agent: Json = {"who": self._who(subject), "requestor": True}
            if subject.name:
                agent["name"] = subject.name
            if subject.roles:
                agent["role"] = [write_concept(role, self._naming) for role in subject.roles]
            agents.append(agent)
            if subject.on_behalf_of is not None:
                agents.append(self._principal(subject.on_behalf_of))
            if subject.structure is not None and subject.id is not None:
                agents.append(self._organisation(subject))
        else:
            agents.append({"who": {"display": "nobody who was identified"}, "requestor": True})
        resource["agent"] = agents
        resource["source"] = self._source
        entities = [self._patient(event.patient)] if event.patient is not None else []
        entities += [self._object(one) for one in objects]
        if entities:
            resource["entity"] = entities
        return orjson.dumps(resource)

    # --- Parts -------------------------------------------------------------------------------

    @staticmethod
    def _head(event: AuditEvent) -> Json:
        return {"resourceType": "AuditEvent", "id": event.id.removeprefix("urn:uuid:")}

    @staticmethod
    def _kind(event: AuditEvent, transaction: AuditedTransaction) -> Json:
        subtypes = []
        if transaction.kind is None:
            kind = {"system": REST, "code": "rest", "display": "RESTful Operation"}
            if event.interaction:
                subtypes.append({"system": RESTFUL, "code": event.interaction})
        else:
            kind = {
                "system": DCM,
                "code": transaction.kind.code,
                "display": transaction.kind.name,
            }
        if transaction.activity is not None:
            activity = transaction.activity
            subtypes.append({"system": DCM, "code": activity.code, "display": activity.name})
        elif event.transaction.startswith("ITI-"):
            subtypes.append(
                {"system": TRANSACTION, "code": event.transaction, "display": transaction.name}
            )
        elif event.transaction and event.transaction != event.interaction:
            subtypes.append({"display": event.transaction})
        return {"type": kind, "subtype": subtypes} if subtypes else {"type": kind}

    def _agents(self, event: AuditEvent) -> list[Json]:
        if audited(event).activity is not None:
            return [
                {
                    "type": _concept(DCM, "110150", "Application"),
                    "who": {"identifier": {"value": self._observer.id}},
                    "requestor": False,
                    "network": _network(self._observer.host),
                }
            ]
        client_code, server_code = "110153", "110152"
        if event.action is Action.READ:
            client_code, server_code = server_code, client_code
        client = _concept(DCM, client_code, _ROLES[client_code])
        server = _concept(DCM, server_code, _ROLES[server_code])
        if event.action is Action.DELETE and audited(event).kind is None:
            client = _concept(DCM, "110150", "Application")
            server = _concept(
                "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian"
            )
        subject = event.subject
        agents: list[Json] = [
            {
                "type": client,
                "who": self._client(event),
                "requestor": False,
                "network": _network(self._address(event)),
            },
            {
                "type": server,
                "who": {"identifier": {"value": self._observer.id}},
                "requestor": False,
                "network": _network(self._observer.host),
            },
        ]
        if subject is None:
            return agents
        if over_soap(event):
            agents.append(self._user(event, subject, "UserSamlAgent", USER_AGENTS))
        else:
            agents.append(self._user(event, subject, "IRCP", PARTICIPATION))
            if subject.client.id and event.action is not Action.DELETE:
                application: Json = {
                    "type": _concept(DCM, "110150", "Application"),
                    "who": {"identifier": {"value": subject.client.id}},
                    "requestor": False,
                }
                if name := " ".join(p for p in (subject.client.name, subject.client.version) if p):
                    application["name"] = name
                agents.append(application)
        if subject.on_behalf_of is not None:
            agents.append(self._principal(subject.on_behalf_of))
        if subject.structure is not None:
            agents.append(self._organisation(subject))
        return agents

    def _user(self, event: AuditEvent, subject: Subject, code: str, system: str) -> Json:
        user: Json = {"type": _concept(system, code), "who": self._who(subject)}
        extensions: list[Json] = []
        if subject.authentication is not Authentication.DIRECT:
            level = {"text": subject.authentication.value}
            extensions.append({"url": _ASSURANCE, "valueCodeableConcept": level})
        if subject.name and system == USER_AGENTS:
            name = {
                "type": _concept(BALP + "CodeSystem/OtherIdentifierTypes", "SAML-subject-id"),
                "value": subject.name,
            }
            extensions.append({"url": _OTHER_ID, "valueIdentifier": name})
        if extensions:
            user["extension"] = extensions
        if subject.roles:
            user["role"] = [write_concept(role, self._naming) for role in subject.roles]
        if subject.name:
            user["name"] = subject.name
        user["requestor"] = True
        if subject.credential:
            prefix = "" if system == USER_AGENTS else TOKEN_ID
            user["policy"] = [prefix + subject.credential]
        if purposes := self._purposes(event):
            user["purposeOfUse"] = purposes
        return user

    def _who(self, subject: Subject) -> Json:
        named = subject.id or subject.structure
        identifier: Json = (
            write_identifier(named, self._naming) if named else {"value": subject.kind.value}
        )
        if "value" not in identifier:
            identifier["value"] = named.text if named else ""
        who: Json = {"identifier": identifier}
        if subject.kind is SubjectKind.PATIENT:
            who["type"] = "Patient"
        if display := subject.name or (subject.structure_name if not subject.id else ""):
            who["display"] = display
        return who

    def _client(self, event: AuditEvent) -> Json:
        subject = event.subject
        client = subject.client if subject is not None else None
        value = (client and (client.id or client.name)) or self._address(event) or "unknown"
        who: Json = {"identifier": {"value": value}}
        if client and client.name:
            who["display"] = " ".join(p for p in (client.name, client.version) if p)
        return who

    @staticmethod
    def _address(event: AuditEvent) -> str:
        subject = event.subject
        return (subject.network_address if subject is not None else "") or event.peer

    def _principal(self, principal: Identifier) -> Json:
        # Whoever a delegate acts for answers for it.
        return {
            "type": _concept(PARTICIPATION, "RESP", "responsible party"),
            "who": {"identifier": write_identifier(principal, self._naming)},
            "requestor": False,
        }

    def _organisation(self, subject: Subject) -> Json:
        structure = subject.structure
        identifier = write_identifier(structure, self._naming) if structure else {}
        identifier.setdefault("value", "unknown")
        display = subject.structure_name or identifier["value"]
        return {
            "type": _concept(ROLE_CLASS, "PROV", "healthcare provider"),
            "who": {"identifier": identifier, "display": display},
            "requestor": False,
        }

    def _purposes(self, event: AuditEvent) -> list[Json]:
        purposes = [
            write_concept(Code(code, scheme), self._naming)
            for code, scheme in map(purpose, event.purposes)
            if code
        ]
        if event.mode in _MODE_REASONS:
            purposes.append(_mode(event.mode))
        return purposes

    def _entities(self, event: AuditEvent, transaction: AuditedTransaction) -> list[Json]:
        entities: list[Json] = []
        if event.patient is not None:
            entities.append(self._patient(event.patient))
        objects = event.objects
        if event.action is Action.EXECUTE:
            if event.query or event.query_id:
                asked = event.query or event.query_id
                query = {
                    "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
                    "role": {"system": OBJECT_ROLE, "code": "24", "display": "Query"},
                    "query": base64.b64encode(asked.encode("utf-8", "replace")).decode(),
                }
                entities.append(query)
        else:
            # Of several objects one is what the transaction is about; BALP allows no second one.
            # A document that came by itself was put into a submission here; it came all the same.
            about = "SubmissionSet" if transaction.submission_set else "DocumentEntry"
            first = next((one for one in objects if one.kind == about), None)
            if first is None and objects:
                first = objects[0]
            if first is not None:
                objects = tuple(one for one in objects if one is not first)
                entities.append(self._data(first))
        entities += [self._object(one) for one in objects]
        if over_soap(event):
            entities += map(self._consent, event.consents)
        if event.request_id:
            entities.append(
                {
                    "what": {"identifier": {"value": event.request_id}},
                    "type": {
                        "system": BALP + "CodeSystem/BasicAuditEntityType",
                        "code": "XrequestId",
                    },
                }
            )
        if decided := self._decided(event):
            entities.append(decided)
        return entities

    def _decided(self, event: AuditEvent) -> Json:
        """Give the rule and what goes with it, for those who may read the trail."""
        told = (
            ("rule", event.rule),
            ("policy-version", str(event.policy_version) if event.policy_version else ""),
            ("mode", event.mode.value if event.mode is not Mode.NORMAL else ""),
            ("reason", event.reason),
            ("declaration", event.declaration),
            ("source", event.source),
            ("query-id", event.query_id if event.query else ""),
            (
                "secret-connection",
                "true" if event.subject is not None and event.subject.secret_connection else "",
            ),
            ("approval", event.subject.client.approval if event.subject is not None else ""),
            *(() if over_soap(event) else (("consent", one) for one in event.consents)),
        )
        detail = [{"type": name, "valueString": text} for name, text in told if text]
        if not detail:
            return {}
        return {
            "what": {"identifier": {"system": URI_SYSTEM, "value": event.id}},
            "type": {"system": ENTITY_TYPE, "code": "4", "display": "Other"},
            "role": {"system": OBJECT_ROLE, "code": "13", "display": "Security Resource"},
            "detail": detail,
        }

    def _patient(self, patient: Identifier) -> Json:
        return {
            "what": {"type": "Patient", "identifier": write_identifier(patient, self._naming)},
            "type": {"system": ENTITY_TYPE, "code": "1", "display": "Person"},
            "role": {"system": OBJECT_ROLE, "code": "1", "display": "Patient"},
        }

    def _data(self, one: AuditedObject) -> Json:
        code, display = _DATA_ROLES.get(one.kind, ("4", "Domain Resource"))
        return {
            "what": self._what(one),
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": OBJECT_ROLE, "code": code, "display": display},
        }

    def _object(self, one: AuditedObject) -> Json:
        written = self._data(one)
        resource_type = RESOURCE_OF.get(one.kind, one.kind)
        written["type"] = (
            {"display": "Association"}
            if one.kind == "Association"
            else {"system": RESOURCE_TYPE, "code": resource_type}
        )
        return written

    def _what(self, one: AuditedObject) -> Json:
        name = one.id.removeprefix("urn:uuid:")
        what: Json = {}
        if one.kind == "Association" or not name:
            what["identifier"] = {"system": URI_SYSTEM, "value": one.id or one.unique_id}
            return what
        resource_type = RESOURCE_OF.get(one.kind, one.kind)
        what["reference"] = f"{self._base_url}/{resource_type}/{name}"
        if one.unique_id:
            system, value = write_unique_id(one.unique_id, self._naming)
            what["identifier"] = {"system": system, "value": value}
        return what

    def _consent(self, name: str) -> Json:
        return {
            "what": {"identifier": {"value": name}, "type": "Consent"},
            "type": {"system": RESOURCE_TYPE, "code": "Consent"},
        }


_ROLES = {"110152": "Destination Role ID", "110153": "Source Role ID"}


def _profiles(event: AuditEvent, transaction: AuditedTransaction) -> list[str]:
    """Give the profiles an event keeps to; BALP has some for what succeeded only."""
    profiles = []
    if event.outcome is Outcome.SUCCESS:
        of_patient = event.patient is not None
        if transaction.profile and of_patient:
            profiles.append(PROFILE + transaction.profile)
        elif transaction.kind is None and event.interaction in _INTERACTIONS[event.action]:
            query = event.action is Action.EXECUTE
            if (event.query or event.query_id) if query else event.objects:
                pattern = _PATTERNS[event.action]
                profiles.append(BASIC + ("Patient" + pattern if of_patient else pattern))
    subject = event.subject
    if subject is not None and subject.credential and (subject.id or subject.structure):
        if over_soap(event):
            profiles.append(BASIC + "SAMLaccessTokenUse.Comprehensive")
        elif subject.client.id and event.action is not Action.DELETE:
            profiles.append(BASIC + "OAUTHaccessTokenUse.Comprehensive")
    return profiles


def _mode(mode: Mode) -> Json:
    return {"coding": [{"system": REASON, "code": _MODE_REASONS[mode]}], "text": mode.value}


def _concept(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def _network(address: str) -> Json:
    """Give an address, with what it is: 1 a name, 2 an IP address."""
    numeric = address.replace(".", "").isdigit() or ":" in address
    return {"address": address or "unknown", "type": "2" if numeric else "1"}
