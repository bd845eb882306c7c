"""Recorded MTOM exchanges: packaging, the envelope in the root part, the documents beside it.

The server reads such a message as it arrives and refuses it at the first octet that breaks a rule;
here the whole of it is at hand, so every part is looked at.

Source:
    RFC 2046: 5.1; RFC 2387; XOP 1.0; MTOM 1.0; IHE ITI TF-2: Appendix V.3.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from conformance.judges.context import Context
from conformance.judges.judged import Judged
from conformance.judges.kinds import headers_end
from conformance.judges.placing import shifted
from conformance.judges.soap import Packaging, header_fields, judge_envelope
from conformance.judges.xds import INCLUDE, Body
from gateway.codecs.soap.content_type import ContentType, announced_actions, read_content_type
from gateway.codecs.soap.fault import MultipartRefused
from gateway.codecs.soap.part import PartHeaders, read_part_headers
from gateway.codecs.soap.transfer_encoding import decoder_for
from gateway.codecs.xml import INLINE_LIMITS, Element, XmlRefused, place_of, read_xml
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue

_RELATED, _XOP, _SOAP = "multipart/related", "application/xop+xml", "application/soap+xml"
_MOST_HEADERS = 64
_FIRST_LINE = re.compile(rb"\s*--([^\r\n]{1,70}?)[ \t]*(\r?\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part.

    Attributes:
        octets: ``None`` where its content cannot be decoded.
        at: Where it begins among the parts.
    """

    headers: PartHeaders
    octets: bytes | None
    at: int


@dataclass(kw_only=True)
class _Message:
    """What is known of a message before its envelope is read."""

    issues: list[Issue]
    content_type: ContentType | None = None
    actions: tuple[str, ...] = ()
    boundary: bytes = b""
    start: str = ""


def judge(octets: bytes, context: Context) -> Judged:
    """Judge a multipart message, with or without its HTTP headers."""
    message = _Message(issues=[])
    end = headers_end(octets)
    if end:
        _read_content_type(octets[:end], message)
    else:
        message.issues.append(message_issue("mtom-content-type-not-checked", "", "Content-Type"))
        first = _FIRST_LINE.match(octets)
        message.boundary = first[1] if first else b""
    parts = list(_parts(octets[end:], message))
    root = _root(parts, message)
    against = ("MTOM 1.0", "SOAP 1.2")
    if root is None or root.octets is None:
        return Judged(findings=tuple(message.issues), against=against)
    content_type = root.headers.content_type
    _check_root_type(root, message)
    try:
        actions = announced_actions(message.content_type, content_type)
    except MultipartRefused:
        actions = announced_actions(message.content_type)
    message.actions = tuple(dict.fromkeys((*message.actions, *actions)))
    try:
        envelope = read_xml(root.octets, limits=INLINE_LIMITS)
    except XmlRefused as refused:
        message.issues.append(message_issue("soap-xml", refused.message, refused.location))
        return Judged(findings=tuple(message.issues), against=against)
    others = [part for part in parts if part is not root]
    links = _link(envelope, others, message)
    packaging = Packaging(actions=message.actions, packaged=True, parts=links)
    found, body = judge_envelope(envelope, root.octets, context, packaging)
    _check_holders(links, body, message)
    found = shifted(found, octets[: end + root.at])
    return Judged(findings=(*message.issues, *found), against=("MTOM 1.0", *body.against))


# ------------------------------------------------------------ headers


def _read_content_type(head: bytes, message: _Message) -> None:
    fields = header_fields(head)
    where = "Content-Type"
    try:
        content_type = read_content_type(fields.get("content-type", ""))
    except MultipartRefused as refused:
        message.issues.append(message_issue("mtom-content-type", refused.message, where))
        return
    message.content_type = content_type
    parameters = content_type.parameters
    if content_type.media_type != _RELATED:
        message.issues.append(
            message_issue("mtom-content-type", f"found {content_type.media_type[:80]}", where)
        )
    root_type = parameters.get("type", "").partition(";")[0].strip().lower()
    if root_type != _XOP:
        message.issues.append(
            message_issue(
                "mtom-content-type",
                f"the parameter type is {_XOP}, found {root_type[:80] or 'nothing'}",
                f"{where}.type",
            )
        )
    info = parameters.get("start-info", "").partition(";")[0].strip().lower()
    if info != _SOAP:
        message.issues.append(
            message_issue(
                "mtom-start-info", f"found {info[:80] or 'nothing'}", f"{where}.start-info"
            )
        )
    message.boundary = parameters.get("boundary", "").encode("latin-1", "replace")
    if not message.boundary:
        message.issues.append(
            message_issue("mtom-boundary", "there is no parameter boundary", f"{where}.boundary")
        )
    message.start = parameters.get("start", "").strip().removeprefix("<").removesuffix(">")
    try:
        message.actions = announced_actions(content_type, soap_action=fields.get("soapaction"))
    except MultipartRefused as refused:
        message.issues.append(message_issue("mtom-content-type", refused.message, refused.where))


# ------------------------------------------------------------ parts


def _parts(octets: bytes, message: _Message) -> Iterator[_Part]:
    """Every part between two lines of the boundary."""
    if not message.boundary:
        return
    line = re.compile(rb"(?:^|\r?\n)--" + re.escape(message.boundary) + rb"(--)?[ \t]*(?:\r?\n|$)")
    found = list(line.finditer(octets))
    shown = message.boundary.decode("latin-1")[:70]
    if not found or found[0][1]:
        message.issues.append(
            message_issue("mtom-boundary", f"no part begins with the line --{shown}", "message")
        )
        return
    closed = False
    for number, begin in enumerate(found, 1):
        if begin[1]:
            closed = True
            break
        last = number == len(found)
        end = len(octets) if last else found[number].start()
        yield from _part(octets[begin.end() : end], number, begin.end(), message)
    if not closed:
        message.issues.append(
            message_issue("mtom-boundary", f"no line --{shown}-- ends the message", "message")
        )


def _part(octets: bytes, number: int, at: int, message: _Message) -> Iterator[_Part]:
    newline = b"\r\n" if b"\r\n" in octets[:4096] else b"\n"
    block, separator, content = octets.partition(newline * 2)
    if octets.startswith(newline):
        block, separator, content = b"", newline, octets[len(newline) :]
    if not separator:
        message.issues.append(
            message_issue("mtom-part-headers", "no empty line ends its headers", f"part {number}")
        )
        return
    try:
        headers = read_part_headers(block, number, newline, _MOST_HEADERS)
    except MultipartRefused as refused:
        message.issues.append(message_issue("mtom-part-headers", refused.message, refused.where))
        return
    gathered = bytearray()
    decoded: bytes | None = None
    try:
        decoder = decoder_for(headers.transfer_encoding, headers.place, gathered.extend)
        decoder.write(content)
        decoder.close()
        decoded = bytes(gathered)
    except MultipartRefused as refused:
        message.issues.append(
            message_issue("mtom-transfer-encoding", refused.message, refused.where)
        )
    yield _Part(headers=headers, octets=decoded, at=at + len(octets) - len(content))


def _root(parts: Sequence[_Part], message: _Message) -> _Part | None:
    seen: set[str] = set()
    root: _Part | None = None
    for part in parts:
        name = part.headers.content_id
        if name is not None and name in seen:
            message.issues.append(
                message_issue(
                    "mtom-content-id", "an earlier part has the same one", part.headers.place
                )
            )
        seen.add(name or "")
        if message.start and name == message.start and root is None:
            root = part
    if message.start and root is None and parts:
        message.issues.append(
            message_issue(
                "mtom-start", f"no part is called {message.start[:120]}", "Content-Type.start"
            )
        )
    root = root or (parts[0] if parts else None)
    for part in parts:
        if part is not root and part.headers.content_id is None:
            message.issues.append(
                message_issue("mtom-content-id", "it has none", part.headers.place)
            )
    return root


def _check_root_type(root: _Part, message: _Message) -> None:
    content_type = root.headers.content_type
    where = f"{root.headers.place}, Content-Type"
    if content_type is None or content_type.media_type != _XOP:
        found = content_type.media_type[:80] if content_type else "nothing"
        message.issues.append(message_issue("mtom-root-type", f"found {found}", where))
        return
    kind = content_type.parameters.get("type", "").partition(";")[0].strip().lower()
    if kind != _SOAP:
        message.issues.append(
            message_issue(
                "mtom-root-type",
                f"its parameter type is {_SOAP}, found {kind[:80] or 'nothing'}",
                where,
            )
        )


# ------------------------------------------------------------ references


def _link(
    envelope: Element, parts: Sequence[_Part], message: _Message
) -> dict[Element, bytes | None]:
    """The octets each holder of an Include refers to; ``None`` where that cannot be told."""
    by_id = {part.headers.content_id: part for part in parts if part.headers.content_id}
    found: dict[Element, bytes | None] = {}
    taken: set[str] = set()
    for include in envelope.iter(INCLUDE):
        holder = include.getparent()
        if holder is None:
            continue
        found[holder] = None
        where = place_of(include)
        text = (holder.text or "") + (include.tail or "")
        if len(holder) != 1 or len(include) or text.strip():
            message.issues.append(message_issue("mtom-include", "it does not stand alone", where))
        href = include.get("href") or ""
        name = _named(href, by_id)
        if name is None:
            message.issues.append(
                message_issue("mtom-include", f"found {href[:120] or 'no href'}", where)
            )
            continue
        if name in taken:
            message.issues.append(message_issue("mtom-include-once", f"<{name[:120]}>", where))
        taken.add(name)
        found[holder] = by_id[name].octets
    for name in by_id:
        if name not in taken:
            message.issues.append(message_issue("mtom-part-unused", "", f"part <{name[:120]}>"))
    return found


def _named(href: str, by_id: dict[str, _Part]) -> str | None:
    """The part an address means; some senders write the encoded name in the part as well."""
    if href[:4].lower() != "cid:":
        return None
    verbatim = href[4:]
    return next((name for name in (unquote(verbatim), verbatim) if name in by_id), None)


def _check_holders(links: dict[Element, bytes | None], body: Body, message: _Message) -> None:
    documents = set(body.documents)
    for holder in links:
        if holder not in documents:
            message.issues.append(message_issue("mtom-include-holder", "", place_of(holder)))
