"""A multipart message read while it arrives: the root part kept, every document streamed away.

Chunks of any size are pushed in with :meth:`MultipartReader.feed`. The octets of each document go
on to a sink made for its part, without being gathered here, so that a message larger than the
memory passes; the SOAP root part, wherever it stands, is kept until :meth:`MultipartReader.close`
gives it out. Which document is meant by which part is read from the root part; see
:mod:`gateway.codecs.soap.xop`. A message that is refused half-way leaves sinks that were never
closed; whoever made them throws their content away.

Source:
    RFC 2046: 5.1. RFC 2387. XML-binary Optimized Packaging (XOP) 1.0: 5. MTOM 1.0: 3.2.
    IHE ITI TF-2: Appendix V.3.6. Threats M2, M4, M5.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from gateway.codecs.soap.content_type import ContentType, check_mtom_type, check_root_type
from gateway.codecs.soap.fault import MultipartRefused, shown
from gateway.codecs.soap.part import PartHeaders, read_part_headers
from gateway.codecs.soap.transfer_encoding import Decoder, decoder_for

_LINE_END = re.compile(rb"[ \t]{0,64}(\r?\n)")
_LINE_END_TO_COME = re.compile(rb"[ \t]{0,64}\r?|-")


class Sink(Protocol):
    """Where a document's octets go."""

    def write(self, octets: bytes | memoryview) -> None:
        """Take the next octets; a view is valid during the call only."""
        ...

    def close(self) -> None:
        """Take note that the document is complete."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartLimits:
    """How large a message may be before it is refused.

    Attributes:
        root: Octets of the SOAP part.
        part: Octets of one document, decoded.
        total: Octets of the message as it arrives.
        parts: Root part included.
        headers: Of one part.
        header_octets: Of one part's headers together.
        preamble: Octets before the first part and after the last.
    """

    root: int = 8 * 1024 * 1024
    part: int = 1024 * 1024 * 1024
    total: int = 2 * 1024 * 1024 * 1024
    parts: int = 100
    headers: int = 16
    header_octets: int = 8 * 1024
    preamble: int = 1024


DEFAULT_LIMITS = MultipartLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPart:
    """One document that has arrived whole: its headers, the sink it went to, its octets."""

    headers: PartHeaders
    sink: Sink
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMultipart:
    """A whole message: the SOAP part and, in order, the documents beside it."""

    root: bytes
    root_headers: PartHeaders
    parts: tuple[ReceivedPart, ...]

    @property
    def content_ids(self) -> tuple[str, ...]:
        """The documents' names, for :func:`gateway.codecs.soap.xop.read_includes`."""
        return tuple(part.headers.content_id or "" for part in self.parts)


class _Line(Enum):
    """What a line that begins with the delimiter turns out to be."""

    NEXT_PART = "the next part's headers follow"
    CLOSING = "no part follows"
    CONTENT = "the line goes on, so it belongs to a document"
    UNFINISHED = "more octets are needed to tell"


class MemorySink:
    """Keeps the content of a part in memory, for messages that are small."""

    def __init__(self) -> None:
        self.octets = bytearray()

    def write(self, octets: bytes | memoryview) -> None:
        """Take the next octets of the content."""
        self.octets += octets

    def close(self) -> None:
        """Nothing is left to do."""


class _RootSink(MemorySink):
    """What the root is kept in: told apart from the sinks of documents by its type."""


class MultipartReader:
    """Takes a multipart message in chunks; see the module.

    Args:
        content_type: Of the message.
        sink_factory: Called with the headers of each document part when its content begins.
        limits: How large the message may be.

    Raises:
        MultipartRefused: When the Content-Type is not that of an MTOM message.
    """

    def __init__(
        self,
        content_type: ContentType,
        sink_factory: Callable[[PartHeaders], Sink],
        limits: MultipartLimits = DEFAULT_LIMITS,
    ) -> None:
        self._sink_factory = sink_factory
        self._limits = limits
        self._start = check_mtom_type(content_type)
        self._dash_boundary = b"--" + content_type.parameters["boundary"].encode("ascii")
        self._newline = b"\r\n"
        self._delimiter = b""  # known when the first line has shown how lines end
        self._state = self._read_preamble
        self._carry = b""
        self._head = bytearray()
        self._fed = 0
        self._epilogue = 0
        self._refused: MultipartRefused | None = None

        self._number = 0
        self._headers: PartHeaders | None = None
        self._sink: Sink = _RootSink()
        self._decoder: Decoder | None = None
        self._size = 0
        self._most = 0

        self._content_ids: set[str] = set()
        self._root: tuple[PartHeaders, bytes] | None = None
        self._parts: list[ReceivedPart] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next octets of the message.

        Raises:
            MultipartRefused: When the message breaks a rule or a limit; so does every later call.
        """
        if self._refused is not None:
            raise self._refused
        try:
            self._fed += len(chunk)
            if self._fed > self._limits.total:
                raise MultipartRefused(
                    "message",
                    f"it is larger than {self._limits.total} octets; send fewer documents at once",
                    http_status=413,
                )
            data = self._carry + chunk if self._carry else chunk
            self._carry = b""
            at = 0
            while at < len(data):
                at = self._state(data, at)
        except MultipartRefused as refused:
            self._refused = refused
            raise

    def close(self) -> ReceivedMultipart:
        """Give the message, after its last octet has been fed.

        Raises:
            MultipartRefused: When its end or its root part is missing.
        """
        if self._refused is not None:
            raise self._refused
        boundary = shown(self._dash_boundary.decode("ascii"))
        if not self._delimiter:
            raise MultipartRefused(
                "message", f"no line begins with {boundary}; start each part with that line"
            )
        if self._state != self._read_epilogue:
            raise MultipartRefused(
                f"part {self._number}",
                f"the message ends inside this part; end it with the line {boundary} and two "
                "more hyphens, every line end before it like the first one",
            )
        if self._root is None:
            raise MultipartRefused(
                "Content-Type, start",
                f"no part has the Content-ID {shown(self._start or '')}; name the SOAP part",
            )
        headers, octets = self._root
        return ReceivedMultipart(root=octets, root_headers=headers, parts=tuple(self._parts))

    # Each state reads from a position and gives the one where the next state goes on. What it
    # cannot judge before more octets come, it keeps in _carry, never more than a delimiter line.

    def _read_preamble(self, data: bytes, at: int) -> int:
        search = at
        while (found := data.find(self._dash_boundary, search)) != -1:
            after = found + len(self._dash_boundary)
            line_end = _LINE_END.match(data, after)
            begins_line = found == 0 or data[found - 1] == 0x0A
            if begins_line and found <= self._limits.preamble:
                if line_end:
                    self._newline = line_end[1]
                    self._delimiter = self._newline + self._dash_boundary
                    return self._begin_headers(line_end.end())
                if _LINE_END_TO_COME.fullmatch(data, after):
                    break
            search = after
        if len(data) > self._limits.preamble + len(self._dash_boundary) + 66:
            raise MultipartRefused(
                "message",
                f"no part begins in the first {self._limits.preamble} octets; begin with the line "
                + shown(self._dash_boundary.decode("ascii")),
            )
        self._carry = data
        return len(data)

    def _begin_headers(self, at: int) -> int:
        self._number += 1
        if self._number > self._limits.parts:
            raise MultipartRefused(
                f"part {self._number}",
                f"a message has at most {self._limits.parts} parts; send fewer documents at once",
            )
        # The delimiter line's own end, so that a part without headers is no special case.
        self._head = bytearray(self._newline)
        self._state = self._read_headers
        return at

    def _read_headers(self, data: bytes, at: int) -> int:
        empty_line = self._newline * 2
        before = len(self._head)
        self._head += data[at : at + self._limits.header_octets + len(empty_line)]
        end = self._head.find(empty_line, max(0, before - len(empty_line) + 1))
        # Where none was found, the last octets may still be the empty line's first ones.
        length = end if end != -1 else len(self._head) - len(empty_line) + 1
        length -= len(self._newline)
        if length > self._limits.header_octets:
            raise MultipartRefused(
                f"part {self._number}",
                f"its headers have more than {self._limits.header_octets} octets; send fewer",
            )
        if end == -1:
            return len(data)
        block = bytes(self._head[len(self._newline) : end])
        self._begin_part(
            read_part_headers(block, self._number, self._newline, self._limits.headers)
        )
        self._state = self._read_first_line
        return at + end + len(empty_line) - before

    def _begin_part(self, headers: PartHeaders) -> None:
        name = headers.content_id
        if name is not None:
            if name in self._content_ids:
                raise MultipartRefused(
                    headers.place, "an earlier part has the same Content-ID; give each its own"
                )
            self._content_ids.add(name)
        is_root = headers.number == 1 if self._start is None else name == self._start
        if is_root:
            check_root_type(headers.content_type, f"{headers.place}, Content-Type")
            self._sink, self._most = _RootSink(), self._limits.root
        elif name is None:
            raise MultipartRefused(
                headers.place, "it has no Content-ID, so nothing can refer to it; add one"
            )
        else:
            self._sink, self._most = self._sink_factory(headers), self._limits.part
        self._headers = headers
        self._size = 0
        self._decoder = decoder_for(headers.transfer_encoding, headers.place, self._deliver)

    def _read_first_line(self, data: bytes, at: int) -> int:
        """Look for a delimiter right after the empty line: a part without any content."""
        begin = data[at : at + len(self._dash_boundary)]
        line, after = _Line.CONTENT, at
        if begin == self._dash_boundary:
            line, after = self._judge_line(data, at + len(begin))
        elif self._dash_boundary.startswith(begin):
            line = _Line.UNFINISHED
        if line is _Line.UNFINISHED:
            self._carry = data[at:]
            return len(data)
        if line is _Line.CONTENT:
            self._state = self._read_content
            return at
        return self._end_part(line, after)

    def _read_content(self, data: bytes, at: int) -> int:
        search = at
        while (found := data.find(self._delimiter, search)) != -1:
            line, after = self._judge_line(data, found + len(self._delimiter))
            if line is _Line.CONTENT:
                search = after
                continue
            self._emit(data, at, found)
            if line is _Line.UNFINISHED:
                self._carry = data[found:]
                return len(data)
            return self._end_part(line, after)
        # A delimiter holds no line end but its first, so only the last one can begin a cut one.
        end = len(data)
        last = data.rfind(self._delimiter[:1], max(search, end - len(self._delimiter) + 1))
        if last != -1 and self._delimiter.startswith(data[last:]):
            end = last
        self._emit(data, at, end)
        self._carry = data[end:]
        return len(data)

    def _read_epilogue(self, data: bytes, at: int) -> int:
        if self._epilogue == 0 and data[at] not in b" \t\r\n":
            raise MultipartRefused(
                f"part {self._number}",
                "its content holds the boundary; choose one that occurs in no document",
            )
        self._epilogue += len(data) - at
        if self._epilogue > self._limits.preamble:
            raise MultipartRefused(
                "message",
                f"more than {self._limits.preamble} octets follow the last part; send none",
            )
        return len(data)

    def _judge_line(self, data: bytes, at: int) -> tuple[_Line, int]:
        """Say what a line is by what follows the delimiter in it, and where reading goes on."""
        if data.startswith(b"--", at):
            return _Line.CLOSING, at + 2
        line_end = _LINE_END.match(data, at)
        if line_end and line_end[1] == self._newline:
            return _Line.NEXT_PART, line_end.end()
        if _LINE_END_TO_COME.fullmatch(data, at):
            return _Line.UNFINISHED, at
        return _Line.CONTENT, at

    def _end_part(self, line: _Line, at: int) -> int:
        assert self._decoder is not None and self._headers is not None
        self._decoder.close()
        self._sink.close()
        if isinstance(self._sink, _RootSink):
            self._root = (self._headers, bytes(self._sink.octets))
        else:
            self._parts.append(
                ReceivedPart(headers=self._headers, sink=self._sink, size=self._size)
            )
        if line is _Line.CLOSING:
            self._state = self._read_epilogue
            return at
        return self._begin_headers(at)

    def _emit(self, data: bytes, start: int, end: int) -> None:
        if start == end:
            return
        assert self._decoder is not None
        whole = start == 0 and end == len(data)
        self._decoder.write(data if whole else memoryview(data)[start:end])

    def _deliver(self, octets: bytes | memoryview) -> None:
        self._size += len(octets)
        if self._size > self._most:
            raise MultipartRefused(
                self._headers.place if self._headers else "message",
                f"it has more than {self._most} octets; send a smaller one",
                http_status=413,
            )
        self._sink.write(octets)
