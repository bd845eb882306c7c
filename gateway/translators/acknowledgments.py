"""Acknowledgments among submitted documents: told apart by format code or template, and read.

Source:
    IHE ITI TF-3: 5.1.1 (format codes), 5.1.2.1 (templates).
"""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.codecs.cda.bppc import CONSENT, SCANNED_CONSENT
from gateway.errors import ErrorCode, Refused
from gateway.model.choices import Statement
from gateway.model.document_entry import DocumentEntry
from gateway.profile import Profile
from gateway.translators.consents import from_bppc

FORMATS = frozenset({"urn:ihe:iti:bppc:2007", "urn:ihe:iti:bppc-sd:2007"})

_TEMPLATE = re.compile(
    rb"templateId[^>]{0,400}?root\s*=\s*[\"'](?:"
    + b"|".join(re.escape(one.encode()) for one in (CONSENT, SCANNED_CONSENT))
    + rb")[\"']"
)


class BppcReader:
    """Reads acknowledgments by the policies of a profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def is_one(self, entry: DocumentEntry, head: bytes) -> bool:
        """Whether a document is an acknowledgment: by its description, or by what it says.

        Whatever the description says, a document that carries the template is one: no choice is
        stored that nobody enforces.
        """
        if entry.format_code is not None and entry.format_code.code in FORMATS:
            return True
        if b"\x00" in head[:4]:  # UTF-16, of which every second octet is nothing
            head = head.replace(b"\x00", b"")
        return _TEMPLATE.search(head) is not None

    def read(self, document: bytes, entry: DocumentEntry) -> Statement:
        """Give the choices a document makes.

        Raises:
            Refused: It would not be enforced, or is about another patient than its entry.
        """
        try:
            read = from_bppc(document, self._profile, patient_id=entry.patient_id)
        except Refused as refused:
            raise Refused(
                *(
                    replace(f, code=ErrorCode.INVALID_DOCUMENT_CONTENT)
                    if f.code is ErrorCode.INVALID_VALUE
                    else f
                    for f in refused.findings
                )
            ) from None
        return read.value
