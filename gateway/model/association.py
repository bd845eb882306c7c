"""Association: one directed link between two objects."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import Code, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A link, read "source TYPE target".

    Attributes:
        entry_uuid: ``urn:uuid:…``, or a symbolic name inside a submission; may be empty there.
        association_type: Full URN (:class:`~gateway.model.vocabulary.AssociationType`).
        source_object: Id of the source.
        target_object: Id of the target; for a folder's content filed by a submission set, an
            association.
        submission_set_status: ``Original`` or ``Reference`` on membership in a submission set;
            any other text is kept for the checks to name.
        previous_version: In an update: the version the sender believes to be the latest.
        association_propagation: In an update: ``no`` keeps old links off the new version.
        original_status: In a status update: what the sender believes the status to be.
        new_status: In a status update: what it shall become.
        documentation: Why a document replaces, transforms or appends another.

    Source:
        IHE ITI TF-3: 4.2.2 (revision 17); Metadata Update supplement 3.57.4.1.3.
    """

    entry_uuid: str = ""
    association_type: str = ""
    source_object: str = ""
    target_object: str = ""
    availability_status: str | None = None
    home_community_id: str | None = None
    logical_id: str | None = None
    version: str | None = None
    submission_set_status: str | None = None
    previous_version: str | None = None
    association_propagation: str | None = None
    original_status: str | None = None
    new_status: str | None = None
    documentation: tuple[Code, ...] = ()
    extra: tuple[Slot, ...] = ()
