"""What a DocumentReference and a List have in common: ids, community, patient, profile."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.codecs.fhir.authors import write_slot
from gateway.codecs.fhir.reader import Json, Reader, own, own_text
from gateway.codecs.fhir.vocabulary import HOME_COMMUNITY_ID, UUID_URN
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.datatypes import Slot

FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}\Z")
_OID_URN = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+\Z")

# --- Writing -----------------------------------------------------------------------------------


def resource_id(logical_id: str | None) -> str | None:
    """Give the FHIR id of a logical id, ``None`` when it cannot be one."""
    if logical_id is None or not logical_id.startswith(UUID_URN):
        return None
    name = logical_id[len(UUID_URN) :]
    return name if FHIR_ID.match(name) else None


def write_extensions(
    attributes: tuple[tuple[str, str | None], ...],
    home_community_id: str | None,
    extra: tuple[Slot, ...],
) -> list[Json]:
    """Write what has no element of its own: named attributes, community, slots."""
    extensions = [own(name, text) for name, text in attributes if text]
    if home_community_id:
        if _OID_URN.match(home_community_id):
            extensions.append({"url": HOME_COMMUNITY_ID, "valueOid": home_community_id})
        else:
            extensions.append(own("home-community-id", home_community_id))
    extensions.extend(write_slot(slot) for slot in extra)
    return extensions


@dataclass(frozen=True, slots=True)
class Parts:
    """A resource ready to be put together: what never changes, and where the rest goes in.

    Attributes:
        id: The FHIR id, where it has one.
        profile: For ``meta.profile``.
        attachment: Of a DocumentReference: its attachment without ``url``.
        format: Of a DocumentReference: ``content.format``.
        rest: Every other member.
    """

    id: str | None
    profile: str
    rest: Json
    attachment: Json | None = None
    format: Json | None = None


def served_id(
    logical_id: str | None, entry_uuid: str, conventions: Conventions = STANDARD
) -> str | None:
    """Give the FHIR id an object goes by, ``None`` when it cannot have one."""
    if conventions.serves_entry_uuid and logical_id is not None:
        return resource_id(entry_uuid) or resource_id(logical_id)
    return resource_id(logical_id)


def unsaid_logical_id(logical_id: str | None, identifier: str | None) -> str | None:
    """Give a logical id that the FHIR id does not say."""
    if identifier is not None and logical_id == UUID_URN + identifier:
        return None
    return logical_id


# --- Reading ---------------------------------------------------------------------------------


def read_logical_id(resource: Json) -> tuple[str | None, str | None]:
    """Read logical id and version of a resource as a server gave it out."""
    name = resource.get("id")
    logical_id = own_text(resource, "logical-id")
    if logical_id is None and type(name) is str and name:
        logical_id = UUID_URN + name
    meta = resource.get("meta")
    version = meta.get("versionId") if type(meta) is dict else None
    if version is None:
        version = own_text(meta, "version")
    return logical_id, version if type(version) is str else None


def claims_minimal(reader: Reader, resource: Json, path: str, profile: str) -> bool:
    """Whether a resource says in ``meta.profile`` that its metadata are the minimal ones."""
    meta = reader.object(resource, "meta", path)
    return meta is not None and profile in reader.texts(meta, "profile", f"{path}.meta")


def read_home_community_id(reader: Reader, resource: Json, path: str) -> str | None:
    """Read the community a resource belongs to."""
    for extension, place in reader.objects(resource, "extension", path):
        if extension.get("url") == HOME_COMMUNITY_ID:
            return reader.text(extension, "valueOid", place)
    return own_text(resource, "home-community-id")
