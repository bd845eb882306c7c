"""SubmissionSet as rim:RegistryPackage.

Source:
    IHE ITI TF-3: Table 4.2.3.3-1 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codecs.ebrim.localized import write_localized_strings
from gateway.codecs.ebrim.marks import PATIENT_ID_MARK, STATUS_MARK, with_marks
from gateway.codecs.ebrim.names import REGISTRY_PACKAGE_TYPE, SUBMISSION_SET_KIND
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.ebrim.registry_object import Parts, Writing, write_identity, write_version
from gateway.codecs.ebrim.slots import write_extra, write_slot, write_text_slot
from gateway.codecs.xml import Element, escape_attribute
from gateway.model.datatypes import DateTime, Recipient
from gateway.model.submission_set import SubmissionSet

(_CONTENT_TYPE_CODE,) = SUBMISSION_SET_KIND.codes
_IDENTIFIERS = {name: scheme for scheme, name in SUBMISSION_SET_KIND.identifiers.items()}


def read_submission_set(
    element: Element, reading: Reading, labels: Iterable[Element] = ()
) -> SubmissionSet:
    """Read a RegistryPackage that is labelled as SubmissionSet; arguments as for an entry."""
    parts = Parts(element, SUBMISSION_SET_KIND, reading)
    for label in labels:
        parts.read_label(label)
    slots = parts.slots
    submission_time = slots.text("submissionTime")
    return SubmissionSet(
        entry_uuid=parts.entry_uuid,
        logical_id=parts.logical_id,
        version=parts.version,
        availability_status=parts.status,
        home_community_id=parts.home,
        unique_id=parts.identifiers.get("uniqueId") or None,
        patient_id=parts.identifier("patientId"),
        source_id=parts.identifiers.get("sourceId") or None,
        submission_time=DateTime(submission_time) if submission_time else None,
        author=tuple(parts.authors),
        content_type_code=parts.code("contentTypeCode"),
        intended_recipient=tuple(
            [Recipient.read(text) for text in slots.texts("intendedRecipient")]
        ),
        title=parts.name,
        comments=parts.description,
        limited_metadata=parts.limited_metadata,
        extra=slots.extra(),
    )


def write_submission_set(submission_set: SubmissionSet) -> bytes:
    """Give a RegistryPackage with the prefix ``rim``, which the message declares."""
    status = submission_set.availability_status
    patient_id = submission_set.patient_id
    return submission_set_text(
        submission_set,
        None if status is None else escape_attribute(status),
        None if patient_id is None else escape_attribute(patient_id.text),
    ).encode()


def submission_set_fragment(submission_set: SubmissionSet) -> bytes:
    """Give a RegistryPackage with marks for its present status and patient id."""
    return with_marks(
        submission_set_text(
            submission_set,
            None if submission_set.availability_status is None else STATUS_MARK,
            None if submission_set.patient_id is None else PATIENT_ID_MARK,
        )
    )


def submission_set_text(
    submission_set: SubmissionSet, status: str | None, patient_id: str | None
) -> str:
    """Give a RegistryPackage with the status and patient id as they are handed over."""
    parts = Writing(submission_set.entry_uuid)
    parts.authors(SUBMISSION_SET_KIND.author, submission_set.author)
    parts.code(_CONTENT_TYPE_CODE, submission_set.content_type_code)
    parts.label(SUBMISSION_SET_KIND.label)
    if submission_set.limited_metadata:
        parts.label(SUBMISSION_SET_KIND.limited_metadata)
    parts.identifier(_IDENTIFIERS["patientId"], "XDSSubmissionSet.patientId", patient_id)
    for name, value in (
        ("sourceId", submission_set.source_id),
        ("uniqueId", submission_set.unique_id),
    ):
        if value is not None:
            scheme = _IDENTIFIERS[name]
            parts.identifier(scheme, f"XDSSubmissionSet.{name}", escape_attribute(value))
    slots = []
    if submission_set.submission_time is not None:
        slots.append(write_text_slot("submissionTime", submission_set.submission_time.text))
    if submission_set.intended_recipient:
        recipients = [recipient.text for recipient in submission_set.intended_recipient]
        slots.append(write_slot("intendedRecipient", recipients))
    if submission_set.extra:
        slots.append(write_extra(submission_set.extra))
    return "".join(
        (
            "<rim:RegistryPackage",
            write_identity(
                parts.object_id,
                submission_set.logical_id,
                submission_set.home_community_id,
                status,
            ),
            f' objectType="{REGISTRY_PACKAGE_TYPE}">',
            *slots,
            write_localized_strings("Name", submission_set.title),
            write_localized_strings("Description", submission_set.comments),
            write_version(submission_set.version),
            parts.text(),
            "</rim:RegistryPackage>",
        )
    )
