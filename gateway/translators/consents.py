"""Patient choices to FHIR Consent and to BPPC documents, and back.

    from_consent, to_consent    FHIR Consent, or a Bundle of them   <-> Statement
    from_bppc, to_bppc          BPPC acknowledgment document        <-> Statement
    statement_to_json, …        Statement as plain JSON             <-> Statement

Import is all or nothing: what would not be enforced makes the whole message refused, with the path.
Export is complete as Consent; as BPPC it is as complete as the profile has policies for, and every
choice without one is named in a finding.

Source:
    IHE PCF 1.1; IHE ITI TF-3: 5.1 (BPPC, revision 17).
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import Any, get_args

import orjson

from gateway.codecs.cda.bppc import (
    AcknowledgedEvent,
    AcknowledgmentFrame,
    moment,
    read_acknowledgment,
    time_stamp,
    write_acknowledgment,
)
from gateway.codecs.cda.values import InstanceIdentifier
from gateway.codecs.fhir.consent import read_consent
from gateway.codecs.fhir.consent_writer import write_consent, write_consents
from gateway.codecs.fhir.datatypes import write_instant
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.model.choices import BasePolicy, Choice, Masked, Statement
from gateway.model.datatypes import Identifier, is_oid
from gateway.profile import Profile
from gateway.translators.cda_people import patient_identifiers
from gateway.translators.plain import Json, Reading, plain, read_object
from gateway.translators.translation import Translation

STATEMENT = "statement"
_NAMES = uuid.UUID("2b8b6e0d-8df5-5c86-9a53-6d4f0f3f0c55")

# --- FHIR Consent --------------------------------------------------------------------------------


def to_consent(statement: Statement, profile: Profile) -> Translation[Json]:
    """Give a statement as FHIR: one Consent, or a collection of one for each choice.

    Returns:
        The Consent or Bundle; an error for each element that a Consent needs and the statement
        does not have.

    Raises:
        Refused: When a choice names a base policy for which the profile has no URI.
    """
    policies = {policy: uri for policy in BasePolicy if (uri := profile.policies.uri(policy))}
    try:
        written = write_consents(statement, profile.naming, policies)
    except KeyError as error:
        raise Refused(
            _finding(
                "policy-known",
                "policy",
                f"the profile {profile.name} has no URI for the base policy {error}",
            )
        ) from None
    missing = [
        _finding("consent-complete", f"Statement.{name}", "a Consent needs it", Severity.WARNING)
        for name in ("date_time", "organization", "source")
        if not getattr(statement, name)
    ]
    if len(written) == 1:
        return Translation(written[0], tuple(missing))
    entries = [{"resource": consent} for consent in written]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return Translation(bundle, tuple(missing))


def from_consent(source: Json, profile: Profile, *, base_url: str = "") -> Translation[Statement]:
    """Read a Consent, or a Bundle of Consents that say the same of all but their choices.

    Args:
        source: The JSON object of the resource.
        base_url: Of our FHIR face, without trailing slash.

    Returns:
        The statement; warnings about what is not kept and changes nothing.

    Raises:
        Refused: When anything in it would not be enforced, with the path of each such element.
    """
    consents: list[tuple[Json, str]] = [(source, "")]
    if source.get("resourceType") == "Bundle":
        entries = source.get("entry")
        consents = [
            (_object(_object(entry).get("resource")), f"Bundle.entry[{number}].resource")
            for number, entry in enumerate(entries if isinstance(entries, list) else ())
        ]
    findings: list[Finding] = []
    statements: list[Statement] = []
    for consent, path in consents:
        statement, told = read_consent(
            consent, profile.naming, profile.policies.base, base_url=base_url
        )
        findings += [
            replace(f, location=path + f.location.removeprefix("Consent")) if path else f
            for f in told
        ]
        statements.append(statement)
    if not statements:
        findings.append(_finding("consent-given", "Bundle.entry", "there is no Consent"))
    frames = {replace(statement, choices=()) for statement in statements}
    if len(frames) > 1 and not any(f.is_error for f in findings):
        findings.append(
            _finding(
                "one-statement",
                "Bundle.entry",
                "the Consents differ in patient, time or people; send them one by one",
            )
        )
    if any(finding.is_error for finding in findings):
        raise Refused(*findings)
    choices = tuple(choice for statement in statements for choice in statement.choices)
    return Translation(replace(statements[0], choices=choices), tuple(findings))


def to_kept_consent(
    statement: Statement,
    profile: Profile,
    *,
    resource_id: str,
    version: int,
    recorded: str,
    is_active: bool,
    resource: bytes = b"",
) -> Json:
    """Give a statement as the Consent it is kept as.

    Args:
        resource_id: Without ``urn:uuid:``.
        recorded: When this version was kept, DTM of 14 digits, UTC.
        is_active: Whether its choices count.
        resource: The Consent as it was sent, where it was one: given back as it came.
    """
    updated = {"lastUpdated": write_instant(recorded)}
    if resource:
        sent: Json = orjson.loads(resource)
        told = _object(sent.pop("meta", None))
        sent.pop("resourceType", None)
        sent.pop("id", None)
        meta = {**told, "versionId": str(version), **updated}
        if not is_active and sent.get("status") == "active":
            sent["status"] = "inactive"
        return {"resourceType": "Consent", "id": resource_id, "meta": meta, **sent}
    policies = {policy: uri for policy in BasePolicy if (uri := profile.policies.uri(policy))}
    return write_consent(
        statement,
        profile.naming,
        policies,
        resource_id=resource_id,
        version=version,
        last_updated=updated,
        is_active=is_active,
    )


# --- BPPC ----------------------------------------------------------------------------------------


def from_bppc(
    document: bytes, profile: Profile, *, patient_id: Identifier | None = None
) -> Translation[Statement]:
    """Read the choices that a BPPC document makes.

    Args:
        patient_id: Whose record the document was submitted to; it must be the document's patient.

    Raises:
        Refused: When a policy is not known, its period would not be enforced, or the patient is
            not the one expected.
    """
    acknowledgment = read_acknowledgment(document)
    header = acknowledgment.header
    findings: list[Finding] = []
    choices: list[Choice] = []
    for number, event in enumerate(acknowledgment.events, 1):
        place = f"ClinicalDocument/documentationOf[{number}]/serviceEvent"
        policy = profile.policies.acknowledged.get(event.policy)
        if policy is None or event.code_system not in ("", policy.code_system):
            findings.append(
                _finding(
                    "policy-known",
                    f"{place}/code",
                    f"the policy {event.policy[:64]} of {event.code_system[:64] or 'no domain'} is "
                    f"not known to the profile {profile.name}",
                )
            )
            continue
        if event.end:
            findings.append(
                _finding(
                    "policy-period",
                    f"{place}/effectiveTime/high",
                    "this choice has no end that would be enforced; leave it out",
                )
            )
        choices.append(policy.choice)
    found, _ = patient_identifiers(header.patient, profile)
    if found is None:
        findings.append(
            _finding(
                "patient-known",
                "ClinicalDocument/recordTarget/patientRole/id",
                "the patient has no identifier of the record",
            )
        )
    elif patient_id is not None and _key(found) != _key(patient_id):
        findings.append(
            _finding(
                "patient-same",
                "ClinicalDocument/recordTarget/patientRole/id",
                "the document is about another patient than the record it was sent to",
                code=ErrorCode.PATIENT_ID_DOES_NOT_MATCH,
            )
        )
    if findings:
        raise Refused(*findings)
    custodian = header.custodian.identifiers if header.custodian else ()
    statement = Statement(
        patient_id=found,
        date_time=moment(acknowledgment.events[0].start),
        organization=_identifier(custodian[0]) if custodian else None,
        source=header.identifier.unique_id,
        choices=tuple(choices),
    )
    return Translation(statement)


def to_bppc(
    statement: Statement, profile: Profile, *, language_code: str = ""
) -> Translation[bytes | None]:
    """Give a statement as a BPPC document, as far as the profile has policies for its choices.

    Returns:
        The document, ``None`` when no choice can be said; an error for each choice that cannot,
        and for what the document needs and the statement does not have.
    """
    findings: list[Finding] = []
    policies = []
    for number, choice in enumerate(statement.choices):
        policy = profile.policies.oid(choice)
        if policy is None:
            findings.append(
                _finding(
                    "policy-known",
                    f"Statement.choices[{number}]",
                    f"the profile {profile.name} has no policy for this {type(choice).__name__}; "
                    "say it as a FHIR Consent",
                )
            )
        else:
            policies.append(policy)
    if statement.patient_id is None:
        findings.append(
            _finding("patient-known", "Statement.patient_id", "a document needs the identifier")
        )
    if statement.date_time is None:
        findings.append(
            _finding("policy-period", "Statement.date_time", "a document says from when it holds")
        )
    if statement.performer is not None:
        findings.append(
            _finding(
                "not-carried",
                "Statement.performer",
                "a BPPC document has no place for who spoke for the patient",
                Severity.WARNING,
            )
        )
    if not policies or statement.patient_id is None or statement.date_time is None:
        return Translation(None, tuple(findings))
    start = time_stamp(statement.date_time)
    name = hashlib.sha256(orjson.dumps(plain(statement))).hexdigest()
    document_id = _own_id(statement.source) or _oid(name)
    if document_id.unique_id != statement.source and statement.source:
        findings.append(
            _finding(
                "not-carried",
                "Statement.source",
                "a BPPC document is its own source; where else it is signed has no place",
                Severity.WARNING,
            )
        )
    organization = statement.organization or statement.patient_id
    if statement.organization is None:
        findings.append(
            _finding(
                "assumed",
                "Statement.organization",
                "nobody is said to keep the document; the patient's domain stands in",
                Severity.WARNING,
            )
        )
    frame = AcknowledgmentFrame(
        id=document_id,
        patient_ids=(_instance(statement.patient_id),),
        effective_time=start,
        author=_instance(organization),
        custodian=_instance(organization),
        language_code=language_code or profile.metadata_from_cda.language_code or "en",
        realm_code=profile.realm[0] if profile.realm else "",
    )
    events = [
        AcknowledgedEvent(
            policy=policy.oid,
            code_system=policy.code_system,
            display=policy.display,
            start=start,
            id=_oid(name, policy.oid).root,
        )
        for policy in policies
    ]
    return Translation(write_acknowledgment(frame, events), tuple(findings))


# --- Plain JSON ----------------------------------------------------------------------------------


def statement_to_json(statement: Statement) -> Json:
    """Give a statement as plain JSON; each choice says what it is in ``choice``."""
    return {
        "kind": STATEMENT,
        **{name: value for name, value in plain(statement).items() if name != "choices"},
        "choices": [_tagged(choice) for choice in statement.choices],
    }


def statement_from_json(source: bytes | Json) -> Translation[Statement]:
    """Read what :func:`statement_to_json` gave.

    Raises:
        Refused: When anything in it is not understood: a choice is taken wholly or not at all.
    """
    data = read_object(source)
    reading = Reading()
    choices: list[Choice] = []
    written = data.get("choices", [])
    for number, item in enumerate(written if isinstance(written, list) else []):
        choice = _untagged(item, _CHOICES, "choice", f"choices[{number}]", reading)
        if choice is not None:
            choices.append(choice)
    outer = {k: v for k, v in data.items() if k not in ("kind", "choices")}
    values = reading.attributes(Statement, outer, "", skip="choices")
    if reading.findings:
        raise Refused(*reading.findings)
    return Translation(Statement(choices=tuple(choices), **values))


def _kinds(union: Any) -> dict[str, type]:
    return {kind.__name__: kind for kind in get_args(union)}


_CHOICES = _kinds(Choice)
_MASKED = _kinds(Masked)


def _tagged(choice: Choice) -> Json:
    written: Json = {"choice": type(choice).__name__, **plain(choice)}
    target = getattr(choice, "target", None)
    if target is not None:
        written["target"] = {"documents": type(target).__name__, **plain(target)}
    return written


def _untagged(item: Any, kinds: dict[str, type], tag: str, path: str, reading: Reading) -> Any:
    if not isinstance(item, dict) or item.get(tag) not in kinds:
        reading.wrong(path, f"expected an object with {tag}: one of {', '.join(kinds)}")
        return None
    kind = kinds[str(item[tag])]
    data = {name: value for name, value in item.items() if name != tag}
    target = None
    if "target" in data and kind in (_CHOICES["Mask"], _CHOICES["Unmask"]):
        target = _untagged(data.pop("target"), _MASKED, "documents", f"{path}.target", reading)
        if target is None:
            return None
    try:
        if target is not None:
            values = reading.attributes(kind, data, path, skip="target")
            return kind(target=target, **values)
        return reading.value(kind, data, path)
    except (TypeError, ValueError) as error:
        reading.wrong(path, str(error))
        return None


# --- Small things --------------------------------------------------------------------------------


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _key(identifier: Identifier) -> tuple[str, str]:
    return identifier.value, identifier.authority


def _identifier(one: InstanceIdentifier) -> Identifier:
    return Identifier.of(one.extension, one.root) if one.extension else Identifier.of(one.root)


def _instance(identifier: Identifier) -> InstanceIdentifier:
    if identifier.authority:
        return InstanceIdentifier(identifier.authority, identifier.value)
    return InstanceIdentifier(identifier.value)


def _own_id(source: str) -> InstanceIdentifier | None:
    """The id of the document a statement came from, where it came from one."""
    root, _, extension = source.partition("^")
    return InstanceIdentifier(root, extension) if is_oid(root) else None


def _oid(*parts: str) -> InstanceIdentifier:
    return InstanceIdentifier(f"2.25.{uuid.uuid5(_NAMES, ' '.join(parts)).int}")


def _finding(
    rule: str,
    location: str,
    message: str,
    severity: Severity = Severity.ERROR,
    *,
    code: ErrorCode = ErrorCode.INVALID_VALUE,
) -> Finding:
    return Finding(rule=rule, code=code, location=location, message=message, severity=severity)
