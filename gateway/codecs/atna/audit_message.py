"""Audit events as AuditMessages, the XML that ATNA repositories take over syslog.

The message is put together as text: it is small, flat, and made for every request.

Source:
    DICOM PS3.15: A.5 (AuditMessage); IHE ITI TF-2: 3.20.7 and the audit tables of each transaction;
    IHE ITI TF-2: 3.40.4.2 on user names from assertions.
"""

from __future__ import annotations

import base64
import re

from gateway.codecs.xml import escape_attribute, escape_text, is_xml_text
from gateway.model.audit import Action, AuditedObject, AuditEvent, Observer
from gateway.model.subject import Mode, Subject
from gateway.transactions.audited import AuditedTransaction, audited, over_soap, purpose

SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
_REST = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_RESTFUL = "http://hl7.org/fhir/restful-interaction"
_PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
_HOME_COMMUNITY = "ihe:homeCommunityID"
_REPOSITORY = "Repository Unique ID"
_REMOVED_REPOSITORY = "urn:ihe:iti:xds:2007:repositoryUniqueId"
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = re.compile(r"\s+")

_PERMANENT_ERASURE = "15"


def write_audit_message(event: AuditEvent, observer: Observer) -> bytes:
    """Give the AuditMessage of an event, UTF-8 with its declaration."""
    transaction = audited(event)
    parts = ['<?xml version="1.0" encoding="UTF-8"?><AuditMessage>']
    parts += _identification(event, transaction)
    if transaction.activity is not None:
        parts.append(_application(observer))
    else:
        parts += _participants(event, observer)
    site = f'AuditEnterpriseSiteID="{_token(observer.site)}" ' if observer.site else ""
    parts.append(
        f'<AuditSourceIdentification {site}AuditSourceID="{_token(observer.id)}">'
        '<AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>'
    )
    parts += _objects(event, observer, transaction)
    parts.append("</AuditMessage>")
    return "".join(parts).encode()


def _identification(event: AuditEvent, transaction: AuditedTransaction) -> list[str]:
    time = event.time
    at = f"{time[:4]}-{time[4:6]}-{time[6:8]}T{time[8:10]}:{time[10:12]}:{time[12:14]}Z"
    parts = [
        f'<EventIdentification EventActionCode="{event.action.value}" EventDateTime="{at}" '
        f'EventOutcomeIndicator="{event.outcome.value}">'
    ]
    if transaction.kind is not None:
        parts.append(_coded("EventID", transaction.kind.code, "DCM", transaction.kind.name))
    else:
        parts.append(_coded("EventID", "rest", _REST, "RESTful Operation"))
        if event.interaction:
            parts.append(_coded("EventTypeCode", event.interaction, _RESTFUL, event.interaction))
    if transaction.activity is not None:
        parts.append(
            _coded("EventTypeCode", transaction.activity.code, "DCM", transaction.activity.name)
        )
    elif event.transaction.startswith("ITI-"):
        code = event.transaction
        parts.append(_coded("EventTypeCode", code, "IHE Transactions", transaction.name))
    elif event.transaction and event.transaction != event.interaction:
        parts.append(_coded("EventTypeCode", event.transaction, "Transactions", event.transaction))
    if event.failure:
        failure = escape_text(_clean(event.failure))
        parts.append(f"<EventOutcomeDescription>{failure}</EventOutcomeDescription>")
    parts.append("</EventIdentification>")
    return parts


def _application(observer: Observer) -> str:
    """Give the gateway, which started or stopped."""
    return _participant(
        observer.endpoint or observer.id,
        alternative=observer.process,
        requestor=False,
        address=observer.host or "unknown",
        roles=[_coded("RoleIDCode", "110150", "DCM", "Application")],
    )


def _participants(event: AuditEvent, observer: Observer) -> list[str]:
    """Give the two systems, with the part each has in the flow of data, and the people."""
    subject = event.subject
    client = subject.client if subject is not None else None
    address = (subject.network_address if subject is not None else "") or event.peer
    them = (client and (client.id or client.name)) or address or "unknown"
    name = " ".join(p for p in (client.name, client.version) if p) if client else ""
    # Whoever reads documents is where they go to; in everything else the client is the source.
    reading = event.action is Action.READ
    theirs = _participant(
        them,
        name=name,
        requestor=True,
        address=address or "unknown",
        roles=[_role("110152" if reading else "110153")],
    )
    ours = _participant(
        observer.endpoint or observer.id,
        alternative=observer.process,
        requestor=False,
        address=observer.host or "unknown",
        roles=[_role("110153" if reading else "110152")],
    )
    parts = [ours, theirs] if reading else [theirs, ours]
    if subject is not None:
        parts += _people(event, subject)
    return parts


def _people(event: AuditEvent, subject: Subject) -> list[str]:
    named = subject.id or subject.structure
    identifier = named.text if named is not None else subject.kind.value
    user = f"<{identifier}@{subject.issuer}>" if over_soap(event) and subject.issuer else identifier
    roles = [
        _coded("RoleIDCode", role.code, role.scheme or "local", role.display or role.code)
        for role in subject.roles
    ]
    parts = [_participant(user, name=subject.name, requestor=True, roles=roles)]
    if subject.on_behalf_of is not None:
        role = _coded("RoleIDCode", "RESP", "v3-ParticipationType", "responsible party")
        parts.append(_participant(subject.on_behalf_of.text, requestor=False, roles=[role]))
    if subject.structure is not None and subject.id is not None:
        role = _coded("RoleIDCode", "PROV", "v3-RoleClass", "healthcare provider")
        parts.append(
            _participant(
                subject.structure.text,
                name=subject.structure_name,
                requestor=False,
                roles=[role],
            )
        )
    return parts


def _participant(
    user: str,
    *,
    requestor: bool,
    roles: list[str],
    alternative: str = "",
    name: str = "",
    address: str = "",
) -> str:
    attributes = [f'UserID="{_text(user)}"']
    if alternative:
        attributes.append(f'AlternativeUserID="{_text(alternative)}"')
    if name:
        attributes.append(f'UserName="{_text(name)}"')
    attributes.append(f'UserIsRequestor="{"true" if requestor else "false"}"')
    if address:
        numeric = address.replace(".", "").isdigit() or ":" in address
        attributes.append(f'NetworkAccessPointID="{_token(address)}"')
        attributes.append(f'NetworkAccessPointTypeCode="{2 if numeric else 1}"')
    start = "<ActiveParticipant " + " ".join(attributes)
    return start + (">" + "".join(roles) + "</ActiveParticipant>" if roles else "/>")


def _role(code: str) -> str:
    return _coded("RoleIDCode", code, "DCM", "Source" if code == "110153" else "Destination")


def _objects(event: AuditEvent, observer: Observer, transaction: AuditedTransaction) -> list[str]:
    parts = []
    if event.patient is not None:
        parts.append(
            _object(
                event.patient.text,
                ("2", "RFC-3881", "Patient Number"),
                kind="1",
                role="1",
                life_cycle=_PERMANENT_ERASURE if event.transaction == "ITI-62" else "",
                details=[(_PURPOSE, "^^".join(purpose(text))) for text in event.purposes],
            )
        )
    if event.action is Action.EXECUTE and (event.query or event.query_id):
        parts.append(_query(event, observer, transaction))
    for one in event.objects:
        # A query is told by its query; the objects it disclosed go with it all the same.
        parts.append(_disclosed(one, event, observer, transaction))
    if decided := _decided(event):
        parts.append(decided)
    return parts


def _query(event: AuditEvent, observer: Observer, transaction: AuditedTransaction) -> str:
    details = [("QueryEncoding", "UTF-8")]
    if observer.home_community_id:
        details.append(("urn:ihe:iti:xca:2010:homeCommunityId", observer.home_community_id))
    return _object(
        event.query_id or event.transaction,
        (event.transaction, "IHE Transactions", transaction.name),
        kind="2",
        role="24",
        query=event.query or event.query_id,
        details=details,
    )


def _disclosed(
    one: AuditedObject, event: AuditEvent, observer: Observer, transaction: AuditedTransaction
) -> str:
    name = one.unique_id or one.id
    if one.kind == "SubmissionSet":
        type_code = (
            SUBMISSION_SET,
            "IHE XDS Metadata",
            "submission set classificationNode",
        )
        return _object(name, type_code, kind="2", role="20")
    life_cycle = _PERMANENT_ERASURE if transaction.erased else ""
    if one.kind != "DocumentEntry":
        return _object(
            one.id,
            ("12", "RFC-3881", "URI"),
            kind="2",
            role="3" if transaction.erased else "4",
            name=one.kind,
            life_cycle=life_cycle,
        )
    details = []
    if one.repository:
        removed = event.transaction == "ITI-86"
        details.append((_REMOVED_REPOSITORY if removed else _REPOSITORY, one.repository))
        if observer.home_community_id:
            details.append((_HOME_COMMUNITY, observer.home_community_id))
    return _object(
        name,
        ("9", "RFC-3881", "Report Number"),
        kind="2",
        role="3",
        name=one.kind,
        life_cycle=life_cycle,
        details=details,
    )


def _decided(event: AuditEvent) -> str:
    """Give the rule and what goes with it."""
    subject = event.subject
    told = [
        ("rule", event.rule),
        ("policy-version", str(event.policy_version) if event.policy_version else ""),
        ("mode", event.mode.value if event.mode is not Mode.NORMAL else ""),
        ("reason", event.reason),
        ("declaration", event.declaration),
        ("source", event.source),
        ("request-id", event.request_id),
        *(("consent", one) for one in event.consents),
    ]
    if subject is not None:
        told += [
            ("credential", subject.credential),
            ("authentication", subject.authentication.value),
            ("approval", subject.client.approval),
            ("secret-connection", "true" if subject.secret_connection else ""),
        ]
    return _object(
        event.id,
        ("12", "RFC-3881", "URI"),
        kind="2",
        role="13",
        name="decision",
        details=[(name, value) for name, value in told if value],
    )


def _object(
    identifier: str,
    type_code: tuple[str, str, str],
    *,
    kind: str,
    role: str,
    name: str = "",
    query: str = "",
    life_cycle: str = "",
    details: list[tuple[str, str]] | None = None,
) -> str:
    parts = [
        f'<ParticipantObjectIdentification ParticipantObjectID="{_token(identifier)}" '
        f'ParticipantObjectTypeCode="{kind}" ParticipantObjectTypeCodeRole="{role}"'
    ]
    if life_cycle:
        parts.append(f' ParticipantObjectDataLifeCycle="{life_cycle}"')
    parts.append(">" + _coded("ParticipantObjectIDTypeCode", *type_code))
    # The schema wants one of the two; a patient's name stays out of the trail.
    if query:
        parts.append(f"<ParticipantObjectQuery>{_base64(query)}</ParticipantObjectQuery>")
    elif name:
        parts.append(f"<ParticipantObjectName>{escape_text(_clean(name))}</ParticipantObjectName>")
    else:
        parts.append("<ParticipantObjectName/>")
    parts += [
        f'<ParticipantObjectDetail type="{_token(detail)}" value="{_base64(value)}"/>'
        for detail, value in details or ()
    ]
    parts.append("</ParticipantObjectIdentification>")
    return "".join(parts)


def _coded(element: str, code: str, system: str, meaning: str) -> str:
    return (
        f'<{element} csd-code="{_token(code)}" codeSystemName="{_token(system)}" '
        f'originalText="{_token(meaning)}"/>'
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def _clean(text: str) -> str:
    """Give a text without what cannot stand in XML; a client's oddity must not lose the event."""
    return text if is_xml_text(text) else _ILLEGAL.sub("\ufffd", text)


def _text(text: str) -> str:
    return escape_attribute(_clean(text))


def _token(text: str) -> str:
    return escape_attribute(_BLANKS.sub(" ", _clean(text)).strip())
