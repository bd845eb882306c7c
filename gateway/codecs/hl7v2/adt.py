"""ADT messages of ITI-8 -> :class:`PatientFeed` values, and back.

Reading never fails: what is wrong comes out as findings beside whatever could be read, so that an
acknowledgement can name everything at once.

Source:
    IHE ITI TF-2: 3.8.4.1 (A01, A04, A05, A08), 3.8.4.2 (A40); HL7 v2.3.1 and v2.5 chapter 3.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from gateway.codecs.hl7v2.segments import (
    Repetition,
    Segment,
    encode,
    finding,
    has_control,
    one_line,
    part,
    read_segments,
)
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.conventions import IdentityCodes
from gateway.model.datatypes import DateTime, Identifier, escape, is_oid
from gateway.model.patient import DIED, Patient, RecordState
from gateway.transactions.patient_identity_feed import Event, PatientFeed

_GENDERS = frozenset("FMOUAN")
_BIRTH_DATE = re.compile(
    r"([0-9]{4}(?:[0-9]{2}){0,2})(?:[0-9]{2}){0,3}(?:\.[0-9]{1,4})?(?:[+-][0-9]{4})?\Z"
)
VERSION = re.compile(r"2\.[1-9](?:\.[0-9])?\Z")

# The abstract message a trigger event uses from version 2.3.1 on (MSH-9.3).
_STRUCTURES = {
    Event.ADMIT: "ADT_A01",
    Event.REGISTER: "ADT_A01",
    Event.PRE_ADMIT: "ADT_A05",
    Event.UPDATE: "ADT_A01",
    Event.ADD_PERSON: "ADT_A05",
    Event.UPDATE_PERSON: "ADT_A05",
    Event.MERGE: "ADT_A39",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The message header, MSH; its texts are HL7 v2 texts with the usual delimiters.

    Attributes:
        time: MSH-7 as told; when writing, DTM text of 14 digits, UTC.
        event: MSH-9.2, ``A04``.
        version: MSH-12, ``2.3.1`` or ``2.5``.
        charset: MSH-18, a name of table 0211; empty when not declared.
    """

    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    time: str = ""
    message_type: str = "ADT"
    event: str = ""
    control_id: str = ""
    processing_id: str = "P"
    version: str = "2.5"
    charset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An ADT message as it was read.

    Attributes:
        header: What could be read of the header.
        feeds: What the message tells; not to be acted on when a finding is an error.
        findings: Everything wrong with the message.
    """

    header: Header
    feeds: tuple[PatientFeed, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_adt(
    octets: bytes, authorities: Collection[str] = (), codes: IdentityCodes | None = None
) -> Message:
    """Read a message of the Patient Identity Feed.

    Args:
        octets: The message without its MLLP frame.
        authorities: OIDs of the assigning authorities of the domain; identifiers of others are
            ignored, as the standard asks. Empty: every OID is taken.
        codes: By which the community tells a sure identity and who attends.

    Source:
        IHE ITI TF-2: 3.8.4.1.3 and 3.8.4.2.3, expected actions of the Document Registry; HL7 v2.5:
        3.4.2.29, 3.4.2.30, 3.4.2.32 (PID), 3.4.10.4 (PD1-4), 15.4.7 (ROL).
    """
    segments, wrong = read_segments(octets, {"MSH", "PID", "MRG", "PD1", "ROL", "PV1"})
    if not segments or segments[0].name != "MSH":
        return Message(header=Header(), findings=wrong)
    header = read_header(segments[0])
    findings = [*wrong, *_check_header(header)]
    if any(f.is_error for f in findings):
        return Message(header=header, findings=tuple(findings))
    feeds = []
    event = Event(header.event)
    groups, beside = _beside(segments[1:])
    for number, (pid, mrg) in enumerate(_groups(groups, event, findings), start=1):
        reader = _Group(event, number, authorities, codes or IdentityCodes())
        feeds.append(reader.feed(pid, mrg, beside.get(number, ())))
        findings += reader.findings
    return Message(header=header, feeds=tuple(feeds), findings=tuple(findings))


def read_header(segment: Segment) -> Header:
    """Read MSH."""
    return Header(
        sending_application=segment.raw(3),
        sending_facility=segment.raw(4),
        receiving_application=segment.raw(5),
        receiving_facility=segment.raw(6),
        time=segment.text(7),
        message_type=segment.text(9),
        event=segment.text(9, 2),
        control_id=segment.text(10),
        processing_id=segment.text(11),
        version=segment.text(12),
        charset=segment.text(18),
    )


def _check_header(header: Header) -> Iterator[Finding]:
    """Say what keeps the gateway from understanding the message at all."""
    unsupported = ErrorCode.NOT_SUPPORTED
    if header.message_type != "ADT":
        message = f"message type {header.message_type[:10]!r} is not taken here, only ADT"
        yield finding("message-type", "MSH-9.1", message, code=unsupported)
    elif header.event not in {e.value for e in Event}:
        known = ", ".join(e.value for e in Event)
        message = f"event {header.event[:10]!r} is not taken here, only {known}"
        yield finding("event-code", "MSH-9.2", message, code=unsupported)
    if not header.control_id:
        yield finding("required-field", "MSH-10", "the message has no control id")
    if header.processing_id not in {"P", "D", "T"}:
        message = f"processing id {header.processing_id[:10]!r} is none of P, D, T"
        yield finding("processing-id", "MSH-11", message, code=unsupported)
    if not VERSION.match(header.version):
        message = f"version {header.version[:10]!r} is not HL7 v2; 2.3.1 and 2.5 are expected"
        yield finding("version-id", "MSH-12", message, code=unsupported)


def _beside(
    segments: tuple[Segment, ...],
) -> tuple[tuple[Segment, ...], dict[int, list[Segment]]]:
    """Part what tells of a person beside PID from the rest; by the number of the PID before.

    A ROL behind PV1 is about a visit, so it says nothing of the person.
    """
    rest: list[Segment] = []
    beside: dict[int, list[Segment]] = {}
    number, of_person = 0, False
    for segment in segments:
        if segment.name in ("PD1", "ROL"):
            if of_person:
                beside.setdefault(number, []).append(segment)
            continue
        of_person = segment.name in ("PID", "MRG") and (number > 0 or segment.name == "PID")
        if segment.name == "PID":
            number += 1
        if segment.name != "PV1":
            rest.append(segment)
    return tuple(rest), beside


def _groups(
    segments: tuple[Segment, ...], event: Event, findings: list[Finding]
) -> list[tuple[Segment, Segment | None]]:
    """Pair each PID with the MRG that follows it, and say where one of them is missing."""
    groups: list[tuple[Segment, Segment | None]] = []

    def wrong(location: str, message: str) -> None:
        findings.append(finding("segment-sequence", location, message))

    for segment in segments:
        if segment.name == "MSH":
            wrong("MSH[2]", "one frame carries one message")
        elif segment.name == "PID":
            groups.append((segment, None))
        elif event is not Event.MERGE:
            wrong("MRG", f"{event.value} has no MRG segment")
        elif not groups or groups[-1][1] is not None:
            wrong(f"MRG[{len(groups) + 1}]", "MRG does not follow a PID of its own")
        else:
            groups[-1] = (groups[-1][0], segment)
    if not groups:
        wrong("PID", "the message has no PID segment")
    if event is not Event.MERGE and len(groups) > 1:
        wrong("PID[2]", f"{event.value} is about one patient, {len(groups)} PID segments found")
    if event is Event.MERGE:
        for number, (_, mrg) in enumerate(groups, start=1):
            if mrg is None:
                wrong(f"MRG[{number}]", f"PID[{number}] is not followed by MRG")
    return groups


class _Group:
    """Reads one PID and its MRG, and keeps what was wrong with them."""

    def __init__(
        self, event: Event, number: int, authorities: Collection[str], codes: IdentityCodes
    ) -> None:
        self._event = event
        self._codes = codes
        self._number = number
        self._authorities = authorities
        self.findings: list[Finding] = []

    def feed(
        self, pid: Segment, mrg: Segment | None, beside: Sequence[Segment] = ()
    ) -> PatientFeed:
        """Read the group."""
        identifiers = self._identifiers("PID", pid, 3)
        family, given = self._name(pid)
        withdrawn: set[str] = set()
        patient = Patient(
            identifiers=identifiers,
            family=family,
            given=given,
            birth_date=self._birth_date(pid),
            gender=self._gender(pid),
            record=RecordState(
                deceased=self._deceased(pid, withdrawn),
                identity_qualified=self._qualified(pid),
                gp=self._gp(beside, withdrawn),
            ),
        )
        merged_from = self._merged_from(mrg, identifiers) if mrg else None
        return PatientFeed(
            event=self._event,
            patient=patient,
            merged_from=merged_from,
            withdrawn=frozenset(withdrawn),
        )

    def _deceased(self, pid: Segment, withdrawn: set[str]) -> DateTime | None:
        """Read when the patient died: PID-29, or PID-30 where the day is not told."""
        text, indicator = pid.text(29), pid.text(30)
        found = _BIRTH_DATE.match(text) if text else None
        date = DateTime(found[1]) if found else None
        if text and (date is None or not date.is_well_formed):
            self._warn("data-type", self._at("PID", "29"), "not a date YYYY[MM[DD]]; ignored")
            date = None
        if indicator not in ("", "Y", "N"):
            self._warn("table-value", self._at("PID", "30"), "neither Y nor N; ignored")
        if indicator == "N":
            withdrawn.add("deceased")
            return None
        return date if date is not None else DIED if indicator == "Y" else None

    def _qualified(self, pid: Segment) -> bool | None:
        """Read whether the identity is sure enough, where the community has codes for it."""
        told = {part(repetition, 1) for repetition in pid.field(32)} - {""}
        if not told or not self._codes.qualified:
            return None
        return bool(told & set(self._codes.qualified))

    def _gp(self, beside: Sequence[Segment], withdrawn: set[str]) -> Identifier | None:
        """Read who attends: ROL with the community's role, or PD1-4."""
        for segment in beside:
            if segment.name == "ROL" and segment.text(3) in self._codes.attending_roles:
                if segment.text(2) == "DE":
                    withdrawn.add("gp")
                    continue
                found = self._person("ROL", segment, 4)
                if found is not None:
                    return found
        for segment in beside:
            if segment.name == "PD1" and segment.field(4):
                return self._person("PD1", segment, 4)
        return None

    def _person(self, name: str, segment: Segment, number: int) -> Identifier | None:
        """Read the identifier of a person (XCN) whose authority has an OID."""
        for xcn in segment.field(number):
            value, authority = part(xcn, 1), part(xcn, 9, 2)
            if value and is_oid(authority) and not has_control(xcn, 1):
                return Identifier.of(value, authority)
        self._warn(
            "assigning-authority",
            self._at(name, str(number)),
            "nobody with an identifier whose authority has an OID; ignored",
        )
        return None

    def _at(self, segment: str, field: str) -> str:
        return f"{segment}[{self._number}]-{field}"

    def _warn(self, rule: str, location: str, message: str) -> None:
        self.findings.append(finding(rule, location, message, severity=Severity.WARNING))

    def _identifiers(self, name: str, segment: Segment, number: int) -> tuple[Identifier, ...]:
        """Read the identifiers whose authority has an OID and belongs to the domain.

        Value and OID are kept: XDS names a patient by these two alone (TF-3: Table 4.2.3.1.7-2),
        and the first identifier is shown with the record's documents.
        """
        repetitions = segment.field(number)
        kept: dict[tuple[str, str], Identifier] = {}
        for position, cx in enumerate(repetitions, start=1):
            location = self._at(name, f"{number}[{position}]")
            value, authority = part(cx, 1), part(cx, 4, 2)
            if has_control(cx, 1) or has_control(cx, 4):
                message = "the identifier has a control character in it"
                self.findings.append(finding("data-type", location, message))
            elif not value:
                self._warn("required-field", f"{location}.1", "the identifier is empty; ignored")
            elif part(cx, 4, 3) != "ISO" or not is_oid(authority):
                message = "the assigning authority has no OID (namespace&OID&ISO); ignored"
                self._warn("assigning-authority", f"{location}.4", message)
            elif not self._authorities or authority in self._authorities:
                kept.setdefault((value, authority), Identifier.of(value, authority))
        if not kept:
            message = "no identifier whose assigning authority is one of this domain's"
            location = self._at(name, str(number))
            rule, code = "no-identifier", ErrorCode.UNKNOWN_PATIENT_ID
            if not repetitions:
                rule, code = "required-field", ErrorCode.INVALID_VALUE
                message = "no identifier was told"
            self.findings.append(finding(rule, location, message, code=code))
        return tuple(kept.values())

    def _merged_from(self, mrg: Segment, surviving: tuple[Identifier, ...]) -> Identifier | None:
        """Read which identity went: the one of the first authority both segments speak of.

        Source:
            HL7 v2.5: 3.3.40, a merge joins two identifiers of the same type.
        """
        prior = self._identifiers("MRG", mrg, 1)
        authorities = [i.authority for i in surviving]
        pairs = sorted(
            (authorities.index(i.authority), n)
            for n, i in enumerate(prior)
            if i.authority in authorities
        )
        if prior and surviving and not pairs:
            message = "no identifier of an assigning authority that PID-3 names too"
            self.findings.append(
                finding(
                    "no-identifier",
                    self._at("MRG", "1"),
                    message,
                    code=ErrorCode.UNKNOWN_PATIENT_ID,
                )
            )
        return prior[pairs[0][1]] if pairs else None

    def _name(self, pid: Segment) -> tuple[str, tuple[str, ...]]:
        """Read the legal name, or the first one where none is marked as such."""
        names = pid.field(5)
        if not names:
            if self._event is not Event.MERGE:
                self._warn("required-field", self._at("PID", "5"), "the patient has no name")
            return "", ()
        name: Repetition = next((n for n in names if part(n, 7) == "L"), names[0])
        given = (part(name, 2), *part(name, 3).split())
        return part(name, 1), tuple(g for g in given if g)

    def _birth_date(self, pid: Segment) -> DateTime | None:
        """Read the day of birth; hours and a time zone, where told, say nothing more."""
        text = pid.text(7)
        if not text:
            return None
        found = _BIRTH_DATE.match(text)
        date = DateTime(found[1]) if found else None
        if date is None or not date.is_well_formed:
            self._warn("data-type", self._at("PID", "7"), "not a date YYYY[MM[DD]]; ignored")
            return None
        return date

    def _gender(self, pid: Segment) -> str:
        text = pid.text(8)
        if text and text not in _GENDERS:
            self._warn("table-value", self._at("PID", "8"), "not in table 0001; ignored")
            return ""
        return text


def write_adt(header: Header, feeds: tuple[PatientFeed, ...]) -> bytes:
    """Write a message of the Patient Identity Feed, as a Patient Identity Source sends it.

    Args:
        header: Who sends to whom; the message type and event come from ``feeds``.
        feeds: One value, or several merges.
    """
    event = feeds[0].event
    old = header.version < "2.5"
    segments = [
        write_header(header, f"ADT^{event.value}^{_STRUCTURES[event]}"),
        f"EVN|{event.value if old else ''}|{header.time}",
    ]
    for number, feed in enumerate(feeds, start=1):
        patient = feed.patient
        born = patient.birth_date.text[:8] if patient.birth_date else ""
        identifiers = "~".join(plain(i.text) for i in patient.identifiers)
        names = (patient.family, "".join(patient.given[:1]), " ".join(patient.given[1:]))
        name = "^".join(write_text(n) for n in (*names, "", "", "", "L")) if any(names) else ""
        segments.append(f"PID|{number}||{identifiers}||{name}||{born}|{write_text(patient.gender)}")
        if feed.merged_from:
            segments.append(f"MRG|{plain(feed.merged_from.text)}")
        elif feed.event is Event.REGISTER:
            segments.append("PV1||O")
        else:
            segments.append("PV1||N")
    return encode("\r".join(segments) + "\r", header.charset)


def write_header(header: Header, message_type: str) -> str:
    """Write MSH with the usual delimiters."""
    texts = (
        header.sending_application,
        header.sending_facility,
        header.receiving_application,
        header.receiving_facility,
        f"{header.time}+0000" if header.time else "",
        "",
        message_type,
        write_text(header.control_id),
        header.processing_id,
        header.version,
        "",
        "",
        "",
        "",
        "",
        header.charset,
    )
    return "MSH|^~\\&|" + "|".join(plain(t) for t in texts).rstrip("|")


def plain(text: str) -> str:
    """Keep an HL7 v2 text inside its field: no field separator, repetition or control character."""
    return re.sub(r"[|~]", " ", one_line(text))


def write_text(text: str) -> str:
    """Write a component's text on one line, delimiters escaped."""
    return escape(one_line(text))
