"""Whether two answers tell the same: what nobody may see looks as if it had never been stored.

Compared are status, headers, the message's octets and its documents, after what changes from one
answer to the next has been taken out: ids of messages, instants, boundaries. The ids that were
asked for differ as well; the test says which stands for which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.live import sentences as says
from conformance.live.answers import Answer
from conformance.live.sentences import Said
from gateway.codecs.soap.mtom import MemorySink

_VOLATILE_HEADERS = frozenset(
    {"date", "content-length", "x-request-id", "server-timing", "connection", "keep-alive"}
)
_VOLATILE = (
    re.compile(rb"<(?:\w+:)?(?:MessageID|RelatesTo)[^<>]*>[^<>]*<"),
    re.compile(rb"(?:requestId|RequestId|request_id)[=\":\s]+[\w-]+"),
    re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"),
)
_BUNDLE_ID = re.compile(rb'("resourceType"\s*:\s*"Bundle"\s*,\s*"id"\s*:\s*)"[^"]*"')


def differences(one: Answer, other: Answer, instead: Mapping[str, str]) -> list[Said]:
    """Say in what two answers differ, one sentence each.

    Args:
        instead: What stands in the first answer for what stands in the other one.
    """
    told: list[Said] = []
    if one.status != other.status:
        told.append(says.OTHER_STATUS.of(here=one.status, there=other.status))
    first, second = _headers(one), _headers(other)
    for name in sorted({*first, *second}):
        here, there = _put(first.get(name, "-"), instead), second.get(name, "-")
        if here != there:
            told.append(says.OTHER_HEADER.of(name=name, here=here, there=there))
    here_octets, there_octets = _settled(_put_octets(one.message, instead)), _settled(other.message)
    if here_octets != there_octets:
        told.append(_first_difference(here_octets, there_octets))
    if _parts(one) != _parts(other):
        told.append(says.OTHER_PARTS)
    return told


def _headers(answer: Answer) -> dict[str, str]:
    kept = {n: v for n, v in answer.headers.items() if n not in _VOLATILE_HEADERS}
    if answer.is_multipart:
        kept["content-type"] = re.sub(r"boundary=\"?[^\";]+\"?", "boundary", kept["content-type"])
    return kept


def _parts(answer: Answer) -> list[bytes]:
    parts = answer.multipart.parts if answer.multipart else ()
    return [bytes(part.sink.octets) for part in parts if isinstance(part.sink, MemorySink)]


def _put(text: str, instead: Mapping[str, str]) -> str:
    for old, new in instead.items():
        text = text.replace(old, new)
    return text


def _put_octets(octets: bytes, instead: Mapping[str, str]) -> bytes:
    for old, new in instead.items():
        octets = octets.replace(old.encode(), new.encode())
    return octets


def _settled(octets: bytes) -> bytes:
    for pattern in _VOLATILE:
        octets = pattern.sub(b"*", octets)
    return _BUNDLE_ID.sub(rb'\1"*"', octets)


def _first_difference(one: bytes, other: bytes) -> Said:
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    begin = max(0, at - 40)
    here, there = (text[begin : at + 80].decode("utf-8", "replace") for text in (one, other))
    return says.OTHER_OCTET.of(at=at, here=repr(here), there=repr(there))
