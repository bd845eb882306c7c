"""Association as rim:Association.

Source:
    IHE ITI TF-3: 4.2.2 and 4.2.3.5 (revision 17); Metadata Update supplement 3.57.4.1.3.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codecs.ebrim.marks import STATUS_MARK, with_marks
from gateway.codecs.ebrim.names import (
    ASSOCIATION_DOCUMENTATION,
    ASSOCIATION_KIND,
    ASSOCIATION_TYPE,
)
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.registry_object import Parts, Writing, write_identity, write_version
from gateway.codecs.ebrim.slots import write_extra, write_text_slot
from gateway.codecs.xml import Element, escape_attribute
from gateway.model.association import Association


def read_association(
    element: Element, reading: Reading, labels: Iterable[Element] = ()
) -> Association:
    """Read an Association; arguments as for an entry. Its id may be missing in a submission."""
    parts = Parts(element, ASSOCIATION_KIND, reading)
    for label in labels:
        parts.read_label(label)
    texts = parts.name + parts.description
    if texts and any(string.value for string in texts):
        reading.not_kept(parts.where, "the Name and Description of an association are not kept")
    slots = parts.slots
    return Association(
        entry_uuid=parts.entry_uuid,
        association_type=attribute(element, "associationType") or "",
        source_object=attribute(element, "sourceObject") or "",
        target_object=attribute(element, "targetObject") or "",
        availability_status=parts.status,
        home_community_id=parts.home,
        logical_id=parts.logical_id,
        version=parts.version,
        submission_set_status=slots.text("SubmissionSetStatus"),
        previous_version=slots.text("PreviousVersion"),
        association_propagation=slots.text("AssociationPropagation"),
        original_status=slots.text("OriginalStatus"),
        new_status=slots.text("NewStatus"),
        documentation=parts.code_list("associationDocumentation"),
        extra=slots.extra(),
    )


def write_association(association: Association) -> bytes:
    """Give an Association with the prefix ``rim``, which the message declares."""
    status = association.availability_status
    escaped = None if status is None else escape_attribute(status)
    return association_text(association, escaped).encode()


def association_fragment(association: Association) -> bytes:
    """Give an Association with a mark for its present status."""
    mark = None if association.availability_status is None else STATUS_MARK
    return with_marks(association_text(association, mark))


def association_text(association: Association, status: str | None) -> str:
    """Give an Association with the status as it is handed over."""
    parts = Writing(association.entry_uuid)
    parts.codes(ASSOCIATION_DOCUMENTATION, association.documentation)
    slots = [
        write_text_slot(name, value)
        for name, value in (
            ("SubmissionSetStatus", association.submission_set_status),
            ("PreviousVersion", association.previous_version),
            ("AssociationPropagation", association.association_propagation),
            ("OriginalStatus", association.original_status),
            ("NewStatus", association.new_status),
        )
        if value is not None
    ]
    return "".join(
        (
            "<rim:Association",
            write_identity(
                parts.object_id, association.logical_id, association.home_community_id, status
            ),
            f' objectType="{ASSOCIATION_TYPE}"',
            f' associationType="{escape_attribute(association.association_type)}"',
            f' sourceObject="{escape_attribute(association.source_object)}"',
            f' targetObject="{escape_attribute(association.target_object)}">',
            *slots,
            write_extra(association.extra),
            write_version(association.version),
            parts.text(),
            "</rim:Association>",
        )
    )
