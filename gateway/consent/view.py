"""What of a record a request sees: the document gate as one value, for all its documents at once.

Source:
    Section 3.2 of docs/reference/access-control.md.
"""

from __future__ import annotations

from gateway.consent.case import AuthorisationStatus, Case
from gateway.consent.visibility import Restriction, Visibility
from gateway.model.choices import AuthoredBy, BasePolicy, Labelled, WrittenIn
from gateway.model.record import Record
from gateway.model.subject import AccessRequest, Mode, Operation, SubjectKind
from gateway.profile.access import AccessPolicy

PATIENTS = frozenset({Restriction.HIDDEN_FROM_PATIENT})
REPRESENTATIVES = PATIENTS | {Restriction.HIDDEN_FROM_REPRESENTATIVES}
MASKED = frozenset({Restriction.MASKED})
NOTHING: frozenset[Restriction] = frozenset()

RESTRICTED = tuple(Labelled(label=label) for label in ("R", "V"))
"""What the base policy "basic-normal" keeps to those whom the patient authorised."""


def narrow(
    access: AccessRequest,
    record: Record,
    policy: AccessPolicy,
    now: str,
    operation: Operation = Operation.READ,
) -> Visibility:
    """Give what of a record a request sees once the record gate let it in.

    Who writes without a right to read sees what is his own and nothing else, so that everything
    else is unknown to him.
    """
    return view(Case(access, operation, record, policy, now))


def view(case: Case) -> Visibility:
    """Give what a request sees."""
    record, kind = case.record, case.kind
    creators = frozenset(case.people or (case.structure,)) - {""}
    if case.is_professional and (case.reads or case.writes):
        return _professional(case, creators)
    if kind is SubjectKind.PATIENT and case.is_own:
        return Visibility(
            patient=record.patient, now=case.now, restrictions=PATIENTS, creator=creators
        )
    if kind is SubjectKind.REPRESENTATIVE and case.representation:
        return Visibility(
            patient=record.patient, now=case.now, restrictions=REPRESENTATIVES, creator=creators
        )
    if kind is SubjectKind.SERVICE and (case.reads or case.writes):
        masked = case.policy.mask_hides_from_services
        return Visibility(
            patient=record.patient,
            now=case.now,
            hides_all=record.hide_all,
            restrictions=PATIENTS | MASKED if masked else PATIENTS,
            masks=record.masks if masked else (),
            classes=case.service_classes,
            creator=creators,
        )
    if kind is SubjectKind.DELEGATE and case.reads:
        return _professional(case, creators)
    owns = kind in (SubjectKind.STRUCTURE, SubjectKind.DELEGATE) and case.writes
    return Visibility(
        patient=record.patient,
        now=case.now,
        owned_by=_owned(case) if owns else frozenset(),
        hides_all=True,
        creator=creators,
    )


def _owned(case: Case) -> frozenset[str]:
    """Whose documents are visible whatever hides them (B3)."""
    if case.record.hide_all and case.policy.hide_all_beats_author:
        return frozenset()
    return case.owner_keys


def _professional(case: Case, creators: frozenset[str]) -> Visibility:
    record, policy = case.record, case.policy
    by_base_policy = _reads_by_base_policy(case)
    if by_base_policy is None:
        return Visibility(
            patient=record.patient,
            now=case.now,
            owned_by=_owned(case),
            hides_all=True,
            creator=creators,
        )
    reveals = (policy.gp_sees_masked and case.is_gp) or (
        case.is_emergency and policy.emergency_reveals_masked
    )
    masks: tuple[AuthoredBy | WrittenIn | Labelled, ...] = () if reveals else record.masks
    if by_base_policy and record.base_policy is BasePolicy.BASIC_NORMAL:
        masks = (*masks, *(mask for mask in RESTRICTED if mask not in masks))
    types = None
    if policy.matrix_applies and (not case.is_emergency or policy.emergency_matrix_applies):
        types = policy.readable_types(case.row, case.now)
    return Visibility(
        patient=record.patient,
        now=case.now,
        owned_by=_owned(case),
        hides_all=record.hide_all,
        restrictions=NOTHING if reveals else MASKED,
        masks=masks,
        types=types,
        creator=creators,
    )


def _reads_by_base_policy(case: Case) -> bool | None:
    """Whether it is the base policy that lets a professional read; ``None`` when nothing does."""
    if case.is_emergency:
        # The record gate refused it, or an emergency is its reason.
        return False if case.reads or case.access.mode is Mode.BREAK_GLASS else None
    if not (case.reads or case.is_individual):
        return None
    if case.kind is SubjectKind.DELEGATE:
        return False
    if case.authorisation[0] is AuthorisationStatus.VALID:
        return False
    return True if case.is_open_to_professionals else None
