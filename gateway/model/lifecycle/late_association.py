"""SubmitAssociation: an association that joins the registry after the objects it links.

Source:
    IHE ITI XDS Metadata Update supplement: 3.57.4.1.3.
"""

from __future__ import annotations

from gateway.errors import ErrorCode
from gateway.model.association import Association
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.lifecycle.ids import place, same_patient
from gateway.model.lifecycle.outcome import APPROVED, Outcome
from gateway.model.submission import RegistryObject
from gateway.model.submission_set import SubmissionSet
from gateway.model.vocabulary import RELATIONSHIPS, AssociationType


def submit_association(
    trigger: Association,
    association: Association | None,
    submission_set: SubmissionSet,
    outcome: Outcome,
) -> None:
    """Add the association a trigger points to, or say why it cannot be added.

    Args:
        trigger: The SubmitAssociation link of the submission set that asks for it.
        association: What the trigger points to; ``None`` when that is no association.
        submission_set: The set of this request; a folder's new member is filed in it as well.
        outcome: What the request has come to so far.
    """
    if association is None:
        outcome.say(
            ErrorCode.METADATA_UPDATE_ERROR,
            "submit-association-target",
            place(trigger, "targetObject"),
            "SubmitAssociation must point to an association of the same request",
        )
        return
    if not _check_submitted(association, outcome):
        return
    outcome.add_link(association)
    if association.association_type == AssociationType.HAS_MEMBER:
        outcome.touched.add(association.source_object)
        filed = Association(
            entry_uuid=outcome.about.new_uuid(),
            association_type=AssociationType.HAS_MEMBER,
            source_object=submission_set.entry_uuid,
            target_object=association.entry_uuid,
        )
        outcome.add_link(filed)


def _check_submitted(association: Association, outcome: Outcome) -> bool:
    before = len(outcome.findings)
    general = ErrorCode.METADATA_UPDATE_ERROR
    kind = association.association_type
    if kind not in RELATIONSHIPS and kind != AssociationType.HAS_MEMBER:
        outcome.say(
            ErrorCode.REGISTRY_METADATA_ERROR,
            "association-type",
            place(association, "associationType"),
            f"{kind} is not an association type that can be stored",
        )
        return False
    ends: list[RegistryObject] = []
    for attribute, uuid in (
        ("sourceObject", association.source_object),
        ("targetObject", association.target_object),
    ):
        end = outcome.object(uuid)
        if end is None:
            outcome.say(
                general,
                "submit-association-end",
                place(association, attribute),
                "this object is not in the registry",
                uuid,
            )
        elif end.availability_status != APPROVED:
            outcome.say(
                general,
                "submit-association-end",
                place(association, attribute),
                "this object is not Approved",
                uuid,
            )
        else:
            ends.append(end)
    if len(ends) == 2:
        _check_submitted_pair(association, ends[0], ends[1], outcome)
    return len(outcome.findings) == before


def _check_submitted_pair(
    association: Association, source: RegistryObject, target: RegistryObject, outcome: Outcome
) -> None:
    expected = (
        Folder if association.association_type == AssociationType.HAS_MEMBER else DocumentEntry
    )
    if not isinstance(source, expected) or not isinstance(target, DocumentEntry):
        outcome.say(
            ErrorCode.METADATA_UPDATE_ERROR,
            "submit-association-kinds",
            place(association),
            f"this association links a {expected.__name__} with a DocumentEntry, found a "
            f"{type(source).__name__} and a {type(target).__name__}",
        )
        return
    if not same_patient(source.patient_id, target.patient_id):
        outcome.say(
            ErrorCode.PATIENT_ID_RECONCILIATION_ERROR,
            "submit-association-patient",
            place(association),
            "the two objects belong to different patients",
        )
    for other in outcome.associations(source.entry_uuid):
        if (other.source_object, other.target_object, other.association_type) == (
            association.source_object,
            association.target_object,
            association.association_type,
        ) and other.availability_status == APPROVED:
            outcome.say(
                ErrorCode.METADATA_UPDATE_ERROR,
                "submit-association-new",
                place(association),
                "the registry has the same association already",
            )
            return
