"""Marks in a stored fragment where the present state is put in when it is answered.

A registry object is written once, when it is registered. What may change afterwards without a new
version (its status, the patient id after a merge, a folder's lastUpdateTime) is a mark in the
stored octets, a control character that cannot occur in XML.
"""

from __future__ import annotations

from gateway.codecs.xml import escape_attribute, escape_text

_MARK = b"\x1f"
STATUS_MARK = "\x1fS"
PATIENT_ID_MARK = "\x1fP"
LAST_UPDATE_TIME_MARK = "\x1fT"


def splice(
    fragment: bytes, *, status: str = "", patient_id: str = "", last_update_time: str = ""
) -> bytes:
    """Give a stored fragment as it stands now.

    Args:
        fragment: What :func:`~gateway.codecs.ebrim.registry_objects.fragment` made.
        status: The present availabilityStatus, as full URN.
        patient_id: The surviving patient id as CX text.
        last_update_time: A folder's lastUpdateTime.
    """
    start, *rest = fragment.split(_MARK)
    parts = [start]
    for part in rest:
        match part[:1]:
            case b"S":
                parts.append(escape_attribute(status).encode())
            case b"P":
                parts.append(escape_attribute(patient_id).encode())
            case b"T":
                parts.append(escape_text(last_update_time).encode())
        parts.append(part[1:])
    return b"".join(parts)
