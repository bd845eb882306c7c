"""What may be written, beyond what the record gate says: flags, authors, and who may change what.

The target of a change is visible to who changes it, or unknown to him; so a refusal here is aloud.

Source:
    Sections 2.3, 3.3 and 4 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields

from gateway.consent.case import Case
from gateway.consent.visibility import DocumentFacts, Restriction
from gateway.errors import ErrorCode, Finding
from gateway.model.datatypes import Identifier
from gateway.model.document_entry import DocumentEntry
from gateway.model.record import Record
from gateway.model.subject import AccessRequest, Operation, SubjectKind, same_key
from gateway.model.vocabulary import AvailabilityStatus
from gateway.profile.access import AccessPolicy

HIDDEN_FROM_PATIENT = Restriction.HIDDEN_FROM_PATIENT
HIDDEN_FROM_REPRESENTATIVES = Restriction.HIDDEN_FROM_REPRESENTATIVES

OWNERS = frozenset({SubjectKind.PATIENT, SubjectKind.REPRESENTATIVE})
"""Who decides about the record and enters documents of the patient's own."""

FEEDING = frozenset({SubjectKind.PROFESSIONAL, SubjectKind.STRUCTURE, SubjectKind.DELEGATE})

KEPT = frozenset(
    {
        "entry_uuid",
        "logical_id",
        "version",
        "availability_status",
        "home_community_id",
        "confidentiality_code",
        "patient_id",
    }
)
"""Attributes that say nothing of the document itself, or are judged one by one."""

# --- New documents -------------------------------------------------------------------------------


def may_submit(
    access: AccessRequest,
    entries: Iterable[DocumentEntry],
    record: Record,
    policy: AccessPolicy,
    now: str,
) -> tuple[Finding, ...]:
    """Say what forbids new documents; nothing when they may come."""
    case = Case(access, Operation.SUBMIT, record, policy, now)
    return tuple(finding for entry in entries for finding in _refusals(case, entry))


def _refusals(case: Case, entry: DocumentEntry) -> Iterator[Finding]:
    policy, subject, kind = case.policy, case.subject, case.kind
    restrictions = policy.restrictions(entry.confidentiality_code)
    yield from check_restrictions(entry, policy)
    if subject.secret_connection and not case.is_minor:
        yield _not_allowed(entry, "a secret connection is possible for minors only")
    elif HIDDEN_FROM_REPRESENTATIVES not in restrictions and case.is_minor and kind in FEEDING:
        if subject.secret_connection:
            yield _metadata(
                entry,
                "secret-connection",
                "in a secret connection every document is hidden from representatives",
            )
        elif not policy.minors_default_visible:
            yield _metadata(
                entry,
                "minors-statement",
                "say of a minor's document whether representatives may see it",
            )
    if kind in OWNERS:
        yield from _patients_own(case, entry)
    elif kind is SubjectKind.SERVICE:
        if entry.class_code is None or entry.class_code.key not in case.service_classes:
            yield _not_allowed(
                entry, "the patient gave this application other classes", "classCode"
            )
        if restrictions:
            yield _not_allowed(entry, "an application hides nothing", "confidentialityCode")
    elif kind is SubjectKind.DELEGATE:
        principal = subject.on_behalf_of
        if principal is None or same_key(principal) not in authors_of(entry):
            yield _not_author(entry, "a delegate enters documents of the principal", "author")
        if HIDDEN_FROM_PATIENT in restrictions or HIDDEN_FROM_REPRESENTATIVES in restrictions:
            yield _not_allowed(
                entry, "only a professional hides documents from people", "confidentialityCode"
            )


def _patients_own(case: Case, entry: DocumentEntry) -> Iterator[Finding]:
    """Patients enter documents of their own classes, written by themselves."""
    if entry.class_code is None or entry.class_code.key not in case.policy.patient_classes:
        yield _not_allowed(entry, "patients enter documents of their own class", "classCode")
    themselves = {same_key(case.record.patient), case.subject.key}
    authors = authors_of(entry)
    if authors and authors.isdisjoint(themselves):
        yield _not_author(entry, "patients enter documents they wrote", "author")
    restrictions = case.policy.restrictions(entry.confidentiality_code)
    if restrictions - {Restriction.MASKED}:
        yield _not_allowed(
            entry, "only a professional hides documents from people", "confidentialityCode"
        )


def authors_of(entry: DocumentEntry) -> frozenset[str]:
    """Keys of the people who wrote a document, as far as they have identifiers."""
    return frozenset(
        same_key(Identifier.of(author.person.identifier, author.person.authority))
        for author in entry.author
        if author.person is not None and author.person.identifier
    )


def check_restrictions(entry: DocumentEntry, policy: AccessPolicy) -> Iterator[Finding]:
    """Notice codes that nobody would enforce, and those that exclude one another."""
    for code in entry.confidentiality_code:
        if (
            code.scheme in policy.restriction_schemes
            and code.key not in policy.restriction_codes
            and code.key not in policy.harmless_codes
        ):
            yield _metadata(
                entry, "unknown-restriction", f"nobody here enforces the code {code.code}"
            )
    if (
        {Restriction.MASKED, HIDDEN_FROM_PATIENT} <= policy.restrictions(entry.confidentiality_code)
        and not policy.cumulate_restrictions
        and (entry.class_code is None or entry.class_code.key not in policy.cumulating_classes)
    ):
        yield _metadata(
            entry,
            "exclusive-restrictions",
            "a document is masked from professionals or hidden from the patient, not both",
        )


# --- Documents that are here ---------------------------------------------------------------------


def may_replace(
    access: AccessRequest, facts: DocumentFacts, record: Record, policy: AccessPolicy
) -> Finding | None:
    """Say what forbids replacing a document that is visible to who asks."""
    case = Case(access, Operation.SUBMIT, record, policy, "")
    return None if _is_ones_own(case, facts) else _others(case, facts, "replaced")


def may_change(
    access: AccessRequest,
    before: DocumentEntry,
    after: DocumentEntry | None,
    facts: DocumentFacts,
    record: Record,
    policy: AccessPolicy,
) -> Finding | None:
    """Say what forbids a change of a document that is visible to who asks.

    Args:
        before: The entry as it stands.
        after: As it would stand; ``None`` when it would go.
        facts: Of the entry as it stands.

    Returns:
        ``C1-not-author`` where the author may, ``C2-not-allowed`` where the asker never may, or
        what is wrong with the restrictions; ``None`` when the change is allowed.
    """
    case = Case(access, Operation.UPDATE, record, policy, "")
    own = _is_ones_own(case, facts)
    if after is None or (
        policy.is_deleted(after.availability_status)
        and not policy.is_deleted(before.availability_status)
    ):
        if case.kind in {SubjectKind.DELEGATE, SubjectKind.SERVICE}:
            return _not_allowed(before, "only authors delete documents")
        return None if own else _others(case, facts, "deleted")
    return (
        _status_change(case, before, after, own, facts)
        or _restriction_change(case, before, after, own)
        or _correction(case, before, after, own, facts)
        or next(check_restrictions(after, policy), None)
    )


def _is_ones_own(case: Case, facts: DocumentFacts) -> bool:
    """Whether who asks recorded a document, as far as that gives rights to it.

    What is of a patient's own class comes from the patient, whichever parent entered it.
    """
    kind = case.kind
    if kind in OWNERS:
        return facts.class_code is not None and facts.class_code.key in case.policy.patient_classes
    if kind is SubjectKind.SERVICE:
        return False
    return not case.owner_keys.isdisjoint(facts.owners)


def _others(case: Case, facts: DocumentFacts, done: str) -> Finding:
    what = "Only who recorded a document may have it"
    message = f"{what} {done}"
    if case.kind in OWNERS:
        message += "; ask the author, for a legitimate reason"
    return Finding(
        rule="C1-not-author",
        code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
        location=f"DocumentEntry[{facts.entry_uuid}]",
        message=f"{message}.",
    )


def _status_change(
    case: Case, before: DocumentEntry, after: DocumentEntry, own: bool, facts: DocumentFacts
) -> Finding | None:
    """Archiving and taking it back, by whoever sees the document; anything else by its author."""
    old = before.availability_status or AvailabilityStatus.APPROVED
    new = after.availability_status or AvailabilityStatus.APPROVED
    if old == new:
        return None
    kind, archived = case.kind, case.policy.document_archived
    if archived and archived in (old, new):
        if kind in OWNERS or kind is SubjectKind.PROFESSIONAL:
            return None
        if kind is SubjectKind.STRUCTURE:
            return None if own else _others(case, facts, "archived")
        return _not_allowed(before, "archiving is not for delegates and applications")
    return None if own else _others(case, facts, "given another status")


def _restriction_change(
    case: Case, before: DocumentEntry, after: DocumentEntry, own: bool
) -> Finding | None:
    """Each restriction has its own right; adding one and taking it away differ."""
    old = case.policy.restrictions(before.confidentiality_code)
    new = case.policy.restrictions(after.confidentiality_code)
    for restriction in sorted(old ^ new, key=lambda one: one.value):
        refused = _may_not_restrict(case, restriction, restriction in new, own)
        if refused:
            return _not_allowed(before, refused, "confidentialityCode")
    return None


def _may_not_restrict(case: Case, restriction: Restriction, added: bool, own: bool) -> str:
    """Why a restriction may not be put on or taken off; empty when it may."""
    kind = case.kind
    if restriction is Restriction.MASKED:
        if kind is SubjectKind.SERVICE or (kind is SubjectKind.STRUCTURE and not own):
            return "masking is for the patient, or for a professional the patient asked"
        return ""
    if restriction is HIDDEN_FROM_REPRESENTATIVES:
        if kind in {SubjectKind.PROFESSIONAL, SubjectKind.STRUCTURE}:
            return ""
        return "hiding from representatives is for professionals"
    if added:
        if own and kind in {SubjectKind.PROFESSIONAL, SubjectKind.STRUCTURE}:
            return ""
        return "hiding from the patient is for who deposited the document"
    if kind is SubjectKind.PROFESSIONAL:
        return ""
    return "a professional announces what was hidden from the patient"


def _correction(
    case: Case, before: DocumentEntry, after: DocumentEntry, own: bool, facts: DocumentFacts
) -> Finding | None:
    """Everything a description says is its author's to correct."""
    other = case.policy.restriction_codes
    old = [code.key for code in before.confidentiality_code if code.key not in other]
    new = [code.key for code in after.confidentiality_code if code.key not in other]
    if (
        old == new
        and _is_same_patient(before.patient_id, after.patient_id)
        and all(
            getattr(before, one.name) == getattr(after, one.name)
            for one in fields(DocumentEntry)
            if one.name not in KEPT
        )
    ):
        return None
    if case.kind in {SubjectKind.DELEGATE, SubjectKind.SERVICE}:
        return _not_allowed(before, "authors correct descriptions")
    return None if own else _others(case, facts, "corrected")


def _is_same_patient(before: Identifier | None, after: Identifier | None) -> bool:
    """Whether two entries are of one patient; FHIR has no place for the type a CX may have."""
    if before is None or after is None:
        return before is after
    return same_key(before) == same_key(after)


# --- Findings ------------------------------------------------------------------------------------


def _place(entry: DocumentEntry, attribute: str) -> str:
    place = f"DocumentEntry[{entry.entry_uuid}]"
    return f"{place}.{attribute}" if attribute else place


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _not_allowed(entry: DocumentEntry, why: str, attribute: str = "") -> Finding:
    return Finding(
        rule="C2-not-allowed",
        code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
        location=_place(entry, attribute),
        message=_sentence(why),
    )


def _not_author(entry: DocumentEntry, why: str, attribute: str) -> Finding:
    return Finding(
        rule="C1-not-author",
        code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
        location=_place(entry, attribute),
        message=_sentence(why),
    )


def _metadata(entry: DocumentEntry, rule: str, why: str) -> Finding:
    return Finding(
        rule=rule,
        code=ErrorCode.REGISTRY_METADATA_ERROR,
        location=_place(entry, "confidentialityCode"),
        message=_sentence(why),
    )
