"""Choices as FHIR Consents: one Consent for each, so that each can be taken back by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.codecs.fhir import consent_form as form
from gateway.codecs.fhir.datatypes import write_coding, write_time
from gateway.codecs.fhir.identifiers import MHD_TYPED, write_identifier, write_unique_id
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.resource import FHIR_ID
from gateway.codecs.fhir.vocabulary import UNIQUE_ID, URI_SYSTEM, UUID_URN
from gateway.model.choices import (
    AuthoredBy,
    Authorise,
    BasePolicy,
    Block,
    Choice,
    Close,
    Document,
    Emergency,
    FeedObjection,
    HideAll,
    Holder,
    HolderKind,
    Labelled,
    Mask,
    Masked,
    Open,
    Period,
    Representative,
    Revoke,
    Service,
    Statement,
    Unblock,
    Unmask,
    WrittenIn,
)
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems

_REFUSING = (BasePolicy.DENY, BasePolicy.BREAK_GLASS_ONLY)


def write_consents(
    statement: Statement, naming: NamingSystems, policies: Mapping[BasePolicy, str]
) -> tuple[Json, ...]:
    """Write each choice of a statement as a Consent.

    Args:
        policies: The URI of each base policy.

    Raises:
        KeyError: When a base policy has no URI.
    """
    return tuple(
        _Writing(statement, naming, policies).consent(choice) for choice in statement.choices
    )


def write_consent(
    statement: Statement,
    naming: NamingSystems,
    policies: Mapping[BasePolicy, str],
    *,
    resource_id: str,
    version: int,
    last_updated: Json,
    is_active: bool,
) -> Json:
    """Write a statement as the one Consent it is kept as.

    Args:
        policies: The URI of each base policy.
        last_updated: The member ``lastUpdated`` of ``meta``.
        is_active: Whether its choices count; taken back, the Consent is inactive.

    Raises:
        KeyError: When a base policy has no URI.
    """
    first, *others = write_consents(statement, naming, policies)
    for other in others:
        _join(first, other)
    if not is_active:
        first["status"] = "inactive"
    meta = {"versionId": str(version), **last_updated, **first.pop("meta")}
    first.pop("resourceType")
    return {"resourceType": "Consent", "id": resource_id, "meta": meta, **first}


def _join(consent: Json, other: Json) -> None:
    """Let one Consent say what another one says as well, as one that was read had said both."""
    provision, further = consent["provision"], other["provision"]
    for name in ("provision", "actor"):
        if name in further:
            provision[name] = [*provision.get(name, ()), *further[name]]
    levels = (form.BASIC, form.INTERMEDIATE, form.ADVANCED)
    told = (*consent["meta"]["profile"], *other["meta"]["profile"])
    consent["meta"]["profile"] = [max(told, key=levels.index)]


_SIGNED = re.compile(
    r"(?:https?://[^\s?#]+/)?(?:Consent|Contract|DocumentReference|QuestionnaireResponse)"
    r"/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?|urn:(?:uuid|oid):\S+"
)
"""A reference to what the source of a Consent may be (R4: Consent.source[x])."""
_LOCAL = re.compile(r"(?:https?://\S+|[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})")


class _Writing:
    """One statement while it is written."""

    def __init__(
        self, statement: Statement, naming: NamingSystems, policies: Mapping[BasePolicy, str]
    ) -> None:
        self.statement = statement
        self.naming = naming
        self.policies = policies

    def consent(self, choice: Choice) -> Json:
        statement = self.statement
        level, status, policy, provision = self._said(choice)
        consent: Json = {
            "resourceType": "Consent",
            "meta": {"profile": [level]},
            "status": status,
            "scope": {"coding": [{"system": form.SCOPE_SYSTEM, "code": form.PATIENT_PRIVACY}]},
            "category": [{"coding": [dict(form.CATEGORY)]}],
            "patient": self._patient(),
        }
        write_time(consent, "dateTime", statement.date_time)
        consent["performer"] = [
            self._reference(statement.performer) if statement.performer else self._patient()
        ]
        if statement.organization is not None:
            consent["organization"] = [self._reference(statement.organization)]
        if statement.source:
            consent.update(self._source(statement.source))
        consent["policy"] = [{"uri": policy}]
        consent["provision"] = provision
        return consent

    def _said(self, choice: Choice) -> tuple[str, str, str, Json]:
        """Give PCF level, status, policy and provision of a choice."""
        domain = self.policies[BasePolicy.DOMAIN]
        match choice:
            case Open():
                kind = "deny" if choice.policy in _REFUSING else "permit"
                return form.BASIC, "active", self.policies[choice.policy], {"type": kind}
            case Close():
                return form.BASIC, "active", form.CLOSED, {"type": "deny"}
            case Authorise():
                provision = self._actor("permit", form.TYPE_OF[choice.holder.kind], choice.holder)
                provision["extension"] = [{"url": form.ORIGIN, "valueCode": choice.origin.value}]
                if choice.agreed is not None:
                    agreed: Json = {"url": form.AGREED}
                    write_time(agreed, "valueDateTime", choice.agreed)
                    provision["extension"].append(agreed)
                _period(provision, choice.period)
                provision["purpose"] = [_purpose(form.TREATMENT)]
                return form.BASIC, "active", domain, provision
            case Revoke():
                provision = self._actor("permit", form.TYPE_OF[choice.holder.kind], choice.holder)
                return form.BASIC, "inactive", domain, provision
            case Block() | Unblock():
                holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=choice.professional)
                status = "active" if isinstance(choice, Block) else "inactive"
                return form.BASIC, status, domain, self._actor("deny", "Practitioner", holder)
            case Emergency():
                nested: Json = {"purpose": [_purpose(form.PURPOSE_OF[choice.kind])]}
                status = "inactive" if choice.allowed else "active"
                return form.INTERMEDIATE, status, domain, _except(nested)
            case HideAll():
                status = "active" if choice.hidden else "inactive"
                return form.BASIC, status, form.HIDE_ALL, {"type": "deny"}
            case Mask() | Unmask():
                status = "active" if isinstance(choice, Mask) else "inactive"
                level = form.INTERMEDIATE
                if isinstance(choice.target, Labelled):
                    level = form.ADVANCED
                return level, status, domain, _except(self._masked(choice.target))
            case FeedObjection():
                provision = self._actor("deny", form.TYPE_OF[choice.source.kind], choice.source)
                provision["extension"] = [
                    {"url": form.MOTIVE, "valueString": choice.motive},
                    {
                        "url": form.ACCEPTED_BY,
                        "valueReference": self._reference(choice.accepted_by),
                    },
                ]
                return form.BASIC, "active", form.FEED_OBJECTION, provision
            case Service():
                holder = Holder(kind=HolderKind.SERVICE, identifier=choice.app)
                provision = self._actor("permit", "Device", holder)
                provision["extension"] = [
                    {"url": form.SCOPE_OF_SERVICE, "valueCoding": write_coding(code, self.naming)}
                    for code in choice.scope
                ]
                _period(provision, choice.period)
                return form.BASIC, "active", domain, provision
            case Representative():
                holder = Holder(kind=HolderKind.PROFESSIONAL, identifier=choice.person)
                provision = self._actor("permit", "RelatedPerson", holder)
                provision["extension"] = [{"url": form.TITLE, "valueString": choice.title}]
                _period(provision, choice.period)
                return form.BASIC, "active", form.REPRESENTATIVE, provision

    def _masked(self, target: Masked) -> Json:
        match target:
            case Document():
                return {"data": [{"meaning": "instance", "reference": self._document(target.id)}]}
            case AuthoredBy():
                reference = self._reference(target.author.identifier)
                reference["type"] = form.TYPE_OF[target.author.kind]
                return {"data": [{"meaning": "authoredby", "reference": reference}]}
            case WrittenIn():
                provision: Json = {}
                _period(provision, target.period, "dataPeriod")
                return provision
            case Labelled():
                coding = {"system": form.CONFIDENTIALITY, "code": target.label}
                return {"securityLabel": [coding]}

    def _source(self, source: str) -> Json:
        """Refer to the signed form: a resource Consent.source may be, a document, a place."""
        if _SIGNED.fullmatch(source):
            return {"sourceReference": {"reference": source}}
        if _LOCAL.fullmatch(source):
            # What was said with a whole submission: no form that a reference may name.
            return {"sourceAttachment": {"url": source}}
        system, value = write_unique_id(source, self.naming)
        return {"sourceReference": {"identifier": {"system": system, "value": value}}}

    def _document(self, name: str) -> Json:
        short = name.removeprefix(UUID_URN)
        if short != name and FHIR_ID.match(short):
            return {"reference": f"DocumentReference/{short}"}
        system, value = write_unique_id(name, self.naming)
        if short != name:
            system, value = URI_SYSTEM, name
        identifier = {"type": MHD_TYPED[UNIQUE_ID], "system": system, "value": value}
        return {"type": "DocumentReference", "identifier": identifier}

    def _actor(self, kind: str, resource_type: str, holder: Holder) -> Json:
        reference = {"type": resource_type, **self._reference(holder.identifier)}
        role = {"coding": [{"system": form.PARTICIPATION, "code": form.RECIPIENT}]}
        return {"type": kind, "actor": [{"role": role, "reference": reference}]}

    def _patient(self) -> Json:
        reference: Json = {}
        if self.statement.patient_reference:
            reference["reference"] = self.statement.patient_reference
        if self.statement.patient_id is not None:
            reference.update(self._reference(self.statement.patient_id))
        return reference

    def _reference(self, identifier: Identifier) -> Json:
        return {"identifier": write_identifier(identifier, self.naming)}


def _except(nested: Json) -> Json:
    return {"type": "permit", "provision": [{"type": "deny", **nested}]}


def _purpose(code: str) -> Json:
    return {"system": form.ACT_REASON, "code": code}


def _period(provision: Json, period: Period, name: str = "period") -> None:
    written: Json = {}
    write_time(written, "start", period.start)
    write_time(written, "end", period.end)
    if written:
        provision[name] = written
