"""Folder as rim:RegistryPackage.

Source:
    IHE ITI TF-3: Table 4.2.3.4-1 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codecs.ebrim.localized import write_localized_strings
from gateway.codecs.ebrim.marks import (
    LAST_UPDATE_TIME_MARK,
    PATIENT_ID_MARK,
    STATUS_MARK,
    with_marks,
)
from gateway.codecs.ebrim.names import FOLDER_KIND, REGISTRY_PACKAGE_TYPE
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.ebrim.registry_object import Parts, Writing, write_identity, write_version
from gateway.codecs.ebrim.slots import write_extra
from gateway.codecs.xml import Element, escape_attribute, escape_text
from gateway.model.datatypes import DateTime
from gateway.model.folder import Folder

(_CODE_LIST,) = FOLDER_KIND.codes
_IDENTIFIERS = {name: scheme for scheme, name in FOLDER_KIND.identifiers.items()}


def read_folder(element: Element, reading: Reading, labels: Iterable[Element] = ()) -> Folder:
    """Read a RegistryPackage that is labelled as Folder; arguments as for an entry."""
    parts = Parts(element, FOLDER_KIND, reading)
    for label in labels:
        parts.read_label(label)
    slots = parts.slots
    last_update_time = slots.text("lastUpdateTime")
    return Folder(
        entry_uuid=parts.entry_uuid,
        logical_id=parts.logical_id,
        version=parts.version,
        availability_status=parts.status,
        home_community_id=parts.home,
        unique_id=parts.identifiers.get("uniqueId") or None,
        patient_id=parts.identifier("patientId"),
        code_list=parts.code_list("codeList"),
        last_update_time=DateTime(last_update_time) if last_update_time else None,
        title=parts.name,
        comments=parts.description,
        limited_metadata=parts.limited_metadata,
        extra=slots.extra(),
    )


def write_folder(folder: Folder) -> bytes:
    """Give a RegistryPackage with the prefix ``rim``, which the message declares."""
    status = folder.availability_status
    patient_id = folder.patient_id
    last_update_time = folder.last_update_time
    return folder_text(
        folder,
        None if status is None else escape_attribute(status),
        None if patient_id is None else escape_attribute(patient_id.text),
        None if last_update_time is None else escape_text(last_update_time.text),
    ).encode()


def folder_fragment(folder: Folder) -> bytes:
    """Give a RegistryPackage with marks for its present status, patient id and update time."""
    return with_marks(
        folder_text(
            folder,
            None if folder.availability_status is None else STATUS_MARK,
            None if folder.patient_id is None else PATIENT_ID_MARK,
            None if folder.last_update_time is None else LAST_UPDATE_TIME_MARK,
        )
    )


def folder_text(
    folder: Folder, status: str | None, patient_id: str | None, last_update_time: str | None
) -> str:
    """Give a RegistryPackage with what may change as it is handed over."""
    parts = Writing(folder.entry_uuid)
    parts.codes(_CODE_LIST, folder.code_list)
    parts.label(FOLDER_KIND.label)
    if folder.limited_metadata:
        parts.label(FOLDER_KIND.limited_metadata)
    parts.identifier(_IDENTIFIERS["patientId"], "XDSFolder.patientId", patient_id)
    if folder.unique_id is not None:
        unique_id = escape_attribute(folder.unique_id)
        parts.identifier(_IDENTIFIERS["uniqueId"], "XDSFolder.uniqueId", unique_id)
    update_slot = ""
    if last_update_time is not None:
        update_slot = (
            '<rim:Slot name="lastUpdateTime"><rim:ValueList><rim:Value>'
            f"{last_update_time}</rim:Value></rim:ValueList></rim:Slot>"
        )
    return "".join(
        (
            "<rim:RegistryPackage",
            write_identity(parts.object_id, folder.logical_id, folder.home_community_id, status),
            f' objectType="{REGISTRY_PACKAGE_TYPE}">',
            update_slot,
            write_extra(folder.extra),
            write_localized_strings("Name", folder.title),
            write_localized_strings("Description", folder.comments),
            write_version(folder.version),
            parts.text(),
            "</rim:RegistryPackage>",
        )
    )
