"""The Content-Type header, of a message and of each of its parts, read strictly.

A header that two readers could understand in two ways (a parameter twice, a value without its
quotes) is refused rather than guessed at.

Source:
    RFC 9110: 8.3.1, 5.6.4 (quoted strings). RFC 2387 (multipart/related). RFC 3902
    (application/soap+xml). Threat M5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gateway.codecs.soap.fault import MultipartRefused, shown
from gateway.model.remembering import remembered

SOAP_TYPE: Final = "application/soap+xml"
XOP_TYPE: Final = "application/xop+xml"
RELATED_TYPE: Final = "multipart/related"

LONGEST_HEADER: Final = 4096

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})")
_PARAMETER = re.compile(
    rf"""[ \t]*;[ \t]*(?:({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]"""
    rf"""|\\[^\x00-\x08\x0a-\x1f\x7f])*)"))?"""
)
_END = re.compile(r"[ \t]*\Z")
_ESCAPED = re.compile(r"\\(.)")
_ONLY_TOKEN = re.compile(_TOKEN)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_CONTENT_ID = re.compile(r"<([^<>\s]{1,998})>|([^<>\s]{1,998})")


@dataclass(frozen=True, slots=True)
class ContentType:
    """What a message or part says it is.

    Attributes:
        media_type: In lower case, ``application/soap+xml``.
        parameters: By name in lower case; values as they were meant, without quotes.
    """

    media_type: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@remembered(256)
def read_content_type(header: str, where: str = "Content-Type") -> ContentType:
    """Give the value of a Content-Type header; peers repeat theirs, so the last ones are kept.

    Args:
        header: The value, unfolded.
        where: Which header is meant, for the refusal.

    Raises:
        MultipartRefused: When it is too long, ambiguous or not of the header's form.
    """
    if len(header) > LONGEST_HEADER:
        raise MultipartRefused(
            where, f"the value has {len(header)} characters; send at most {LONGEST_HEADER}"
        )
    media_type = _MEDIA_TYPE.match(header)
    if media_type is None:
        raise MultipartRefused(where, f"{shown(header)} names no media type; write type/subtype")
    parameters: dict[str, str] = {}
    at = media_type.end()
    while not _END.match(header, at):
        parameter = _PARAMETER.match(header, at)
        if parameter is None:
            raise MultipartRefused(
                where,
                f"{shown(header[at:])} is no parameter; write ;name=value, with a value that "
                'holds anything but letters, digits and -._+ between " and "',
            )
        at = parameter.end()
        name, token, quoted = parameter.groups()
        if name is None:
            continue  # a semicolon alone says nothing
        if name.lower() in parameters:
            raise MultipartRefused(where, f"the parameter {shown(name)} stands twice; keep one")
        parameters[name.lower()] = token if token is not None else _ESCAPED.sub(r"\1", quoted)
    return ContentType(media_type[1].lower(), MappingProxyType(parameters))


def write_content_type(content_type: ContentType) -> str:
    """Give the header's value, quoted where the grammar asks for it.

    Raises:
        ValueError: When a value holds a character no header can carry.
    """
    written = content_type.media_type
    for name, value in content_type.parameters.items():
        if not value.isprintable():
            raise ValueError(f"the parameter {name} holds a control character")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        written += f"; {name}={value}" if _ONLY_TOKEN.fullmatch(value) else f'; {name}="{escaped}"'
    return written


def check_soap_type(content_type: ContentType, where: str = "Content-Type") -> None:
    """Refuse a message whose header does not announce a SOAP 1.2 message as we read it.

    Raises:
        MultipartRefused: With HTTP status 415.
    """
    if content_type.media_type != SOAP_TYPE:
        raise MultipartRefused(
            where,
            f"{shown(content_type.media_type)} is not read here; send SOAP 1.2 as {SOAP_TYPE}, "
            f"or as {RELATED_TYPE} with documents beside it",
            http_status=415,
        )
    check_charset(content_type, where)


def check_charset(content_type: ContentType, where: str) -> None:
    """Refuse a character set other than the two in which XML is read.

    Raises:
        MultipartRefused: With HTTP status 415.
    """
    charset = content_type.parameters.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf-16"):
        raise MultipartRefused(
            where, f"the charset {shown(charset)} is not read here; send UTF-8", http_status=415
        )


def announced_actions(
    *content_types: ContentType | None, soap_action: str | None = None
) -> tuple[str, ...]:
    """Give every action that HTTP and MIME announce, to be compared with ``wsa:Action``.

    Args:
        content_types: Of the message and, for a multipart message, of its root part. An action may
            stand inside the SOAP type that ``type`` and ``start-info`` quote as well.
        soap_action: The SOAPAction header, which SOAP 1.2 no longer has and some peers still send.
    """
    actions = [soap_action.strip().strip('"')] if soap_action else []
    for content_type in content_types:
        if content_type is None:
            continue
        parameters = content_type.parameters
        actions.append(parameters.get("action", ""))
        for name in ("type", "start-info"):
            if "action" in parameters.get(name, ""):
                quoted = read_content_type(parameters[name], f"Content-Type, {name}")
                actions.append(quoted.parameters.get("action", ""))
    return tuple(dict.fromkeys(action for action in actions if action))


def read_content_id(value: str, where: str) -> str:
    """Give a Content-ID, or the value of a ``start`` parameter, without its angle brackets.

    Raises:
        MultipartRefused: When it holds blanks, brackets inside, or nothing.
    """
    found = _CONTENT_ID.fullmatch(value)
    if found is None or not value.isascii():
        raise MultipartRefused(where, f"{shown(value)} is no Content-ID; write <name@host>")
    return str(found[1] or found[2])


def check_mtom_type(content_type: ContentType) -> str | None:
    """Check what an MTOM message says it is, and give the Content-ID of its root part if it does.

    Raises:
        MultipartRefused: When it is another kind of message, or its boundary is no boundary.
    """
    parameters = content_type.parameters
    if content_type.media_type != RELATED_TYPE:
        raise MultipartRefused(
            "Content-Type",
            f"{shown(content_type.media_type)} is no MTOM message; send {RELATED_TYPE}",
            http_status=415,
        )
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise MultipartRefused(
            "Content-Type, boundary",
            f"{shown(boundary)} is no boundary; give 1 to 70 characters of letters, digits "
            "and '()+_,-./:=?",
        )
    if parameters.get("type", XOP_TYPE).lower() != XOP_TYPE:
        raise MultipartRefused(
            "Content-Type, type",
            f'{shown(parameters["type"])} is not read here; send MTOM, type="{XOP_TYPE}"',
            http_status=415,
        )
    _check_soap_12(parameters.get("start-info"), "Content-Type, start-info")
    start = parameters.get("start")
    return None if start is None else read_content_id(start, "Content-Type, start")


def check_root_type(content_type: ContentType | None, where: str) -> None:
    """Refuse a root part that does not say it is SOAP 1.2 in XOP.

    Raises:
        MultipartRefused: Naming what it says instead.
    """
    if content_type is None or content_type.media_type != XOP_TYPE:
        found = shown(content_type.media_type) if content_type else "nothing"
        raise MultipartRefused(
            where, f"the SOAP part says {found}; write {XOP_TYPE} there, as the message does"
        )
    check_charset(content_type, where)
    _check_soap_12(content_type.parameters.get("type"), where)


def _check_soap_12(value: str | None, where: str) -> None:
    if value is not None and read_content_type(value, where).media_type != SOAP_TYPE:
        raise MultipartRefused(
            where, f'{shown(value)} is not SOAP 1.2; write "{SOAP_TYPE}"', http_status=415
        )
