"""Marks in a stored fragment where the present state is put in when it is answered.

A registry object is written once, when it is registered. What may change afterwards without a new
version (its status, the patient id after a merge, a folder's lastUpdateTime) is a mark in the
stored octets: a name between parentheses that begins with a control character, which cannot occur
in XML. The fragment as a whole is a format of Python's ``%``, which puts everything in at once,
faster than any search for the marks (docs/decisions/0006); other percent signs are doubled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gateway.codecs.xml import escape_attribute, escape_text
from gateway.model.remembering import remembered

STATUS_MARK = "%(\x1fS)b"
PATIENT_ID_MARK = "%(\x1fP)b"
LAST_UPDATE_TIME_MARK = "%(\x1fT)b"

_OTHER_PERCENT = re.compile("%(?!\\(\x1f)")


def with_marks(text: str) -> bytes:
    """Give the octets of a text that holds marks, ready for :func:`splice`."""
    at = text.find("%")
    while at != -1:
        if text[at + 2 : at + 3] != "\x1f":
            text = _OTHER_PERCENT.sub("%%", text)
            break
        at = text.find("%", at + 1)
    return text.encode()


def splice(
    fragments: Sequence[bytes], status: str = "", patient_id: str = "", last_update_time: str = ""
) -> list[bytes]:
    """Give stored fragments as they stand now, all in the same state.

    Args:
        fragments: What :func:`~gateway.codecs.ebrim.registry_objects.fragment` made.
        status: The present availabilityStatus, as full URN.
        patient_id: The surviving patient id as CX text.
        last_update_time: A folder's lastUpdateTime.
    """
    present = _present(status, patient_id, last_update_time)
    return [fragment % present for fragment in fragments]


@remembered(4096)
def _present(status: str, patient_id: str, last_update_time: str) -> Mapping[bytes, bytes]:
    # The objects of one answer have nearly all the same status and patient.
    return {
        b"\x1fS": escape_attribute(status).encode(),
        b"\x1fP": escape_attribute(patient_id).encode(),
        b"\x1fT": escape_text(last_update_time).encode(),
    }
