"""HL7 v2 octets -> segments of plain text: delimiters, character set, escapes and limits.

python-hl7 splits a segment into its parts. Three things it does are done here instead, before or
after it: the header is checked (it takes any), the size of a segment is bounded (each separator
costs it some 400 octets of memory), and escapes are read (its own reader writes the field it
stumbled over, a patient's name perhaps, into the log).

Source:
    HL7 v2.5 chapter 2: 2.5.3 fields, 2.5.4 delimiters, 2.7 escapes, table 0211 character sets.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from dataclasses import dataclass

import hl7

from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import escape

MAX_SEGMENT = 4096
"""Characters of one segment that are looked at; the fields needed here are far shorter."""

MAX_SEPARATORS = 500
"""Separators in one segment that is read."""

MAX_SEGMENTS = 201
"""Segments of one message that are read: MSH, fifty PIDs with MRG, and what stands beside them."""

_LAST_FIELD = {
    "MSH": 18,
    "EVN": 2,
    "PID": 32,
    "PD1": 4,
    "ROL": 4,
    "PV1": 1,
    "MRG": 1,
    "MSA": 3,
    "ERR": 8,
}
_READ = {"PID": frozenset((3, 5, 7, 8, 29, 30, 32)), "PD1": frozenset((4,)), "PV1": frozenset(())}
"""Fields that are read of segments which hold far more; what stands in others may be long."""

# Table 0211. An undeclared set means ASCII; UTF-8 reads that and what many senders mean.
_CHARSETS = {
    "": "utf-8",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 10), 15)},
}

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MARK = re.compile(r"MSH(?P<field>[!-/:-@\[-`{-~])(?P<others>[!-/:-@\[-`{-~]{4,5})\Z")

Repetition = tuple[tuple[str, ...], ...]
"""Components, each with its subcomponents; unescaped."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment, split and unescaped.

    Attributes:
        name: ``PID``.
        fields: From field 1 on, each with its repetitions.
    """

    name: str
    fields: tuple[tuple[Repetition, ...], ...]

    def field(self, number: int) -> tuple[Repetition, ...]:
        """The repetitions of a field that say something."""
        if number > len(self.fields):
            return ()
        return tuple(r for r in self.fields[number - 1] if any(any(c) for c in r))

    def text(self, number: int, component: int = 1) -> str:
        """A component of a field's first repetition, on one line; empty when absent."""
        repetitions = self.field(number)
        return part(repetitions[0], component) if repetitions else ""

    def raw(self, number: int) -> str:
        """A field's first repetition written with the usual delimiters, to be sent back."""
        repetitions = self.field(number)
        if not repetitions:
            return ""
        components = ("&".join(escape(one_line(s)) for s in c) for c in repetitions[0])
        return "^".join(components).rstrip("^&")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The five characters a message declares in MSH-1 and MSH-2."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str

    @property
    def separators(self) -> str:
        """All but the escape character."""
        return self.field + self.component + self.repetition + self.subcomponent


def part(repetition: Repetition, component: int, subcomponent: int = 1) -> str:
    """One subcomponent (numbers from 1), on one line and trimmed; empty when absent or null."""
    if component > len(repetition) or subcomponent > len(repetition[component - 1]):
        return ""
    text = repetition[component - 1][subcomponent - 1]
    return "" if text == '""' else one_line(text).strip()


def one_line(text: str) -> str:
    """Put a space for every control character."""
    return _CONTROL.sub(" ", text)


def has_control(repetition: Repetition, component: int) -> bool:
    """Whether a component has a control character in it."""
    return component <= len(repetition) and any(map(_CONTROL.search, repetition[component - 1]))


def encode(text: str, charset: str) -> bytes:
    """Write a message's text in a character set of table 0211; what it lacks becomes ``?``."""
    return text.encode(_CHARSETS.get(charset, "ascii"), errors="replace")


def finding(
    rule: str,
    location: str,
    message: str,
    *,
    code: ErrorCode = ErrorCode.INVALID_VALUE,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """Make the finding of a rule about the form of a message."""
    return Finding(
        rule=f"hl7v2-{rule}", code=code, location=location, message=message, severity=severity
    )


def read_segments(
    octets: bytes, names: Collection[str]
) -> tuple[tuple[Segment, ...], tuple[Finding, ...]]:
    """Read the header and the segments with the names asked for.

    Returns:
        The segments in their order, the header first where there is one, and what is wrong with
        the message as a whole. With findings the header alone may be there, to be answered to.
    """
    delimiters = _delimiters(octets)
    if delimiters is None:
        message = "the message does not begin with MSH, a field separator and four other delimiters"
        return (), (finding("header", "MSH", message, code=ErrorCode.MALFORMED),)
    head = re.split(rb"[\r\n]", octets[:MAX_SEGMENT], maxsplit=1)[0].decode("latin-1")
    fields = head.split(delimiters.field)
    declared = fields[17].split(delimiters.repetition)[0].strip() if len(fields) > 17 else ""
    charset = _CHARSETS.get(declared)
    if charset is None:
        message = f"character set {one_line(declared)[:20]!r} is not known; use UNICODE UTF-8"
        header, _ = _segment(head, delimiters, "latin-1")
        wrong = finding("character-set", "MSH-18", message, code=ErrorCode.NOT_SUPPORTED)
        return ((header,) if header else ()), (wrong,)
    try:
        text = octets.decode(charset)
    except UnicodeDecodeError as error:
        header, _ = _segment(head, delimiters, "latin-1")
        message = f"octet {error.start} is not {declared or 'ASCII or UTF-8'}"
        return ((header,) if header else ()), (finding("data-type", "MSH-18", message),)
    # Between segments stands CR. Files edited by hand have LF instead, and some peers CR LF.
    lines = text.split("\r") if "\r" in text else text.split("\n")
    lines = [line.lstrip("\n") for line in lines]
    wanted = [line for line in lines if line.split(delimiters.field, 1)[0] in names]
    if len(wanted) > MAX_SEGMENTS:
        message = f"{len(wanted)} segments, at most {MAX_SEGMENTS} are read; send several messages"
        wanted, findings = wanted[:1], [finding("too-long", "MSH", message)]
    else:
        findings = []
    segments = []
    for line in wanted:
        segment, wrong_line = _segment(line, delimiters, charset)
        if segment:
            segments.append(segment)
        if wrong_line:
            findings.append(wrong_line)
    return tuple(segments), tuple(findings)


def _delimiters(octets: bytes) -> Delimiters | None:
    """Read MSH-1 and MSH-2; ``None`` where this is no HL7 v2 message."""
    start = octets[:10].decode("latin-1")
    end = start.find(start[3], 4) if len(start) > 4 else -1
    mark = _MARK.match(start[:end]) if end > 0 else None
    if mark is None or len({*mark["field"], *mark["others"][:4]}) < 5:
        return None
    others = mark["others"]
    return Delimiters(mark["field"], others[0], others[1], others[2], others[3])


def _segment(
    line: str, delimiters: Delimiters, charset: str
) -> tuple[Segment | None, Finding | None]:
    """Split one segment, as far as its fields are needed."""
    name = line[:3]
    last = _LAST_FIELD[name] + (name != "MSH")
    written = line.split(delimiters.field, last)[:last]
    if read := _READ.get(name):
        written = [text if n in read or n == 0 else "" for n, text in enumerate(written)]
    line = delimiters.field.join(written)
    if len(line) > MAX_SEGMENT or sum(map(line.count, delimiters.separators)) > MAX_SEPARATORS:
        message = f"{len(line)} characters up to the last field read, or too many separators"
        return None, finding("too-long", name, message)
    if name == "MSH":
        fields = hl7.parse(line)[0][1:]
    else:
        mark = "".join(
            (
                delimiters.component,
                delimiters.repetition,
                delimiters.escape,
                delimiters.subcomponent,
            )
        )
        # The library learns the delimiters from a header in front.
        header = f"MSH{delimiters.field}{mark}{delimiters.field}"
        fields = hl7.parse(f"{header}\r{line}")[1][1:]
    reader = _Unescape(delimiters, charset)
    # MSH-1 and MSH-2 are the delimiters themselves.
    return Segment(
        name,
        tuple(
            ((((str(field),),),) if name == "MSH" and n < 2 else reader.field(field))
            for n, field in enumerate(fields)
        ),
    ), None


class _Unescape:
    """Turns the library's containers into plain text."""

    def __init__(self, delimiters: Delimiters, charset: str) -> None:
        mark = re.escape(delimiters.escape)
        self._escape = re.compile(f"{mark}([^{mark}]*){mark}")
        self._mark = delimiters.escape
        self._charset = charset
        self._meaning = {
            "F": delimiters.field,
            "S": delimiters.component,
            "T": delimiters.subcomponent,
            "R": delimiters.repetition,
            "E": delimiters.escape,
            ".br": "\n",
            ".sp": "\n",
            "H": "",
            "N": "",
        }

    def field(self, field: list[object]) -> tuple[Repetition, ...]:
        """Give a field's repetitions."""
        return tuple(self._repetition(r) for r in field)

    def _repetition(self, repetition: object) -> Repetition:
        components = repetition if isinstance(repetition, list) else [repetition]
        return tuple(
            tuple(self._text(str(s)) for s in (c if isinstance(c, list) else [c]))
            for c in components
        )

    def _text(self, text: str) -> str:
        return self._escape.sub(self._read, text) if self._mark in text else text

    def _read(self, found: re.Match[str]) -> str:
        code = found[1]
        if code[:1] == "X" and len(code) % 2 and set(code[1:]) <= set(string.hexdigits):
            try:
                return bytes.fromhex(code[1:]).decode(self._charset)
            except UnicodeDecodeError:
                return found[0]
        return self._meaning.get(code, found[0])
