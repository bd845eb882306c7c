"""Folder: a named collection of documents."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.datatypes import Code, DateTime, Identifier, LocalizedString, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A collection of documents of one patient.

    Attributes:
        last_update_time: Set by the registry whenever a document joins, UTC to the second.
        code_list: What the folder is for.

    Source:
        IHE ITI TF-3: Table 4.2.3.4-1 (revision 17).
    """

    entry_uuid: str = ""
    logical_id: str | None = None
    version: str | None = None
    availability_status: str | None = None
    home_community_id: str | None = None
    unique_id: str | None = None
    patient_id: Identifier | None = None
    code_list: tuple[Code, ...] = ()
    last_update_time: DateTime | None = None
    title: tuple[LocalizedString, ...] = ()
    comments: tuple[LocalizedString, ...] = ()
    limited_metadata: bool = False
    extra: tuple[Slot, ...] = ()
