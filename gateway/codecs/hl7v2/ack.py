"""Findings -> the acknowledgement of an HL7 v2 message, and back for those who sent it.

Source:
    HL7 v2.5 chapter 2: 2.9.2 original mode, 2.15.5 ERR, 2.15.8 MSA, table 0357; v2.3.1: 2.24.2.
    IHE ITI TF-2x: Appendix C.2.3 acknowledgement modes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.codecs.hl7v2.adt import VERSION, Header, write_header, write_text
from gateway.codecs.hl7v2.segments import encode, read_segments
from gateway.errors import ErrorCode, Finding

# Table 0357: how HL7 numbers what can be wrong.
_CONDITIONS = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}
_BY_RULE = {
    "hl7v2-segment-sequence": 100,
    "hl7v2-required-field": 101,
    "hl7v2-data-type": 102,
    "hl7v2-too-long": 102,
    "hl7v2-table-value": 103,
    "hl7v2-character-set": 103,
    "hl7v2-assigning-authority": 204,
    "hl7v2-message-type": 200,
    "hl7v2-event-code": 201,
    "hl7v2-processing-id": 202,
    "hl7v2-version-id": 203,
}
_BY_CODE = {
    ErrorCode.UNKNOWN_PATIENT_ID: 204,
    ErrorCode.CONFLICT: 205,
    ErrorCode.REGISTRY_BUSY: 206,
}

# The message could not be judged: not understood (MSH), or nothing to do with its content.
_REJECTING = {
    ErrorCode.MALFORMED,
    ErrorCode.NOT_SUPPORTED,
    ErrorCode.REGISTRY_BUSY,
    ErrorCode.REGISTRY_NOT_AVAILABLE,
    ErrorCode.INTERNAL,
}

_PLACE = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<sequence>\d+)\])?"
    r"(?:-(?P<field>\d+)(?:\[(?P<repetition>\d+)\])?(?:\.(?P<component>\d+))?)?\Z"
)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a receiver answered.

    Attributes:
        code: ``AA`` taken, ``AE`` wrong in content, ``AR`` rejected.
        control_id: MSA-2, the message that was answered.
        problems: What the receiver says is wrong, in its words.
    """

    code: str
    control_id: str
    problems: tuple[str, ...] = ()


def acknowledgement_code(findings: Sequence[Finding]) -> str:
    """Give MSA-1: ``AA``, ``AE``, or ``AR`` where the message could not be judged."""
    errors = [f for f in findings if f.is_error]
    if any(f.code in _REJECTING for f in errors):
        return "AR"
    return "AE" if errors else "AA"


def write_ack(message: Header, findings: Sequence[Finding], *, now: str, control_id: str) -> bytes:
    """Write the acknowledgement of a message, with all its findings.

    From version 2.5 on each finding has an ERR segment and may be a warning; before, ERR-1 repeats
    and is there only when the message was not taken.

    Args:
        message: The header of the message that is answered; the answer goes the way back.
        findings: What was wrong; empty when it was taken.
        now: DTM text of 14 digits, UTC.
        control_id: The answer's own id, at most 20 characters.
    """
    version = message.version if VERSION.match(message.version) else "2.5"
    header = Header(
        sending_application=message.receiving_application,
        sending_facility=message.receiving_facility,
        receiving_application=message.sending_application,
        receiving_facility=message.sending_facility,
        time=now,
        control_id=control_id,
        processing_id=message.processing_id or "P",
        version=version,
        charset=message.charset,
    )
    old = version < "2.5"
    event = f"^{write_text(message.event)}" if message.event else ""
    structure = "^ACK" if event and not old else ""
    code = acknowledgement_code(findings)
    answered = write_text(message.control_id)
    segments = [write_header(header, f"ACK{event}{structure}")]
    if old:
        # ERR-1 cannot say "warning": beside a success it would be taken for a failure.
        errors = [f for f in findings if f.is_error]
        first = f"|{write_text(errors[0].message[:80])}" if errors else ""
        segments.append(f"MSA|{code}|{answered}{first}")
        if errors:
            segments.append("ERR|" + "~".join(_eld(f) for f in findings))
    else:
        segments.append(f"MSA|{code}|{answered}")
        segments += [_err(f) for f in findings]
    return encode("\r".join(segments) + "\r", message.charset)


def read_ack(octets: bytes) -> Acknowledgement | None:
    """Read an acknowledgement; ``None`` where the octets are none."""
    segments, _ = read_segments(octets, {"MSH", "MSA", "ERR"})
    msa = next((s for s in segments if s.name == "MSA"), None)
    if msa is None:
        return None
    problems = [e.text(8) or e.text(7) for e in segments if e.name == "ERR"]
    for err in segments:
        for eld in err.field(1) if err.name == "ERR" else ():
            problems.append(eld[3][1] if len(eld) > 3 and len(eld[3]) > 1 else "")
    told = tuple(p for p in problems if p) or tuple(t for t in [msa.text(3)] if t)
    return Acknowledgement(msa.text(1), msa.text(2), told)


def _condition(finding: Finding) -> int:
    return _BY_RULE.get(finding.rule) or _BY_CODE.get(finding.code, 207)


def _place(finding: Finding) -> tuple[str, str, str, str, str]:
    """Split ``PID[1]-3[2].4`` into segment, sequence, field, repetition, component."""
    found = _PLACE.match(finding.location)
    if found is None:
        return ("", "", "", "", "")
    parts = found.groupdict(default="")
    repetition = parts["repetition"] or ("1" if parts["field"] else "")
    return (
        parts["segment"],
        parts["sequence"] or "1",
        parts["field"],
        repetition,
        parts["component"],
    )


def _err(finding: Finding) -> str:
    """Write ERR as of version 2.5."""
    number = _condition(finding)
    severity = "E" if finding.is_error else "W"
    place = "^".join(_place(finding)).rstrip("^")
    condition = f"{number}^{_CONDITIONS[number]}^HL70357"
    rule, message = write_text(finding.rule), write_text(finding.message)
    return f"ERR||{place}|{condition}|{severity}|{rule}|||{message}"


def _eld(finding: Finding) -> str:
    """Write one repetition of ERR-1 as of version 2.3.1."""
    segment, sequence, field, _, _ = _place(finding)
    condition = f"{_condition(finding)}&{write_text(finding.message)}&HL70357"
    return f"{segment}^{sequence}^{field}^{condition}"
