"""Marks in a stored fragment where the present state is put in when it is answered.

A registry object is written once, when it is registered. What may change afterwards without a new
version (its status, the patient id after a merge, a folder's lastUpdateTime) is a mark in the
stored octets, a control character that cannot occur in XML.
"""

from __future__ import annotations

from gateway.codecs.xml import escape_attribute, escape_text

STATUS_MARK = "\x1fS"
PATIENT_ID_MARK = "\x1fP"
LAST_UPDATE_TIME_MARK = "\x1fT"

_STATUS = STATUS_MARK.encode()
_PATIENT_ID = PATIENT_ID_MARK.encode()
_LAST_UPDATE_TIME = LAST_UPDATE_TIME_MARK.encode()


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
    octets = fragment.replace(_STATUS, escape_attribute(status).encode())
    if _PATIENT_ID in octets:
        octets = octets.replace(_PATIENT_ID, escape_attribute(patient_id).encode())
    if _LAST_UPDATE_TIME in octets:
        octets = octets.replace(_LAST_UPDATE_TIME, escape_text(last_update_time).encode())
    return octets
