"""Search answers: fragments joined into a Bundle, without looking into them.

Source:
    HL7 FHIR R4: 3.1.1.4 (searchset); IHE MHD 4.2.4: Find Document References response message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

_TYPE = len(b'{"resourceType":"')


def _full_url(base: bytes, resource: bytes) -> bytes:
    """Give ``"fullUrl":"…",`` of a resource our writers made: its type and id stand first."""
    kind_end = resource.index(b'"', _TYPE)
    if resource[kind_end + 1 : kind_end + 8] != b',"id":"':
        return b""
    start = kind_end + 8
    end = resource.index(b'"', start)
    return b'"fullUrl":"%b%b/%b",' % (base, resource[_TYPE:kind_end], resource[start:end])


def write_searchset(
    resources: Sequence[bytes],
    *,
    total: int,
    links: Iterable[tuple[str, str]] = (),
    outcome: bytes | None = None,
    base_url: str = "",
) -> bytes:
    """Join resources into a searchset.

    Args:
        resources: Complete resources, each beginning with ``resourceType`` and ``id``.
        total: How many match over all pages.
        links: Relation (``self``, ``next``) and URL, each.
        outcome: An OperationOutcome about the search itself: what was ignored, for example.
        base_url: Of the FHIR face, without trailing slash.
    """
    base = base_url.encode() + b"/" if base_url else b""
    parts = [b'{"resourceType":"Bundle","type":"searchset","total":%d' % total]
    written = [{"relation": relation, "url": url} for relation, url in links]
    if written:
        parts.append(b',"link":' + orjson.dumps(written))
    entries = [
        b'{%b"resource":%b,"search":{"mode":"match"}}' % (_full_url(base, resource), resource)
        for resource in resources
    ]
    if outcome is not None:
        entries.append(b'{"resource":%b,"search":{"mode":"outcome"}}' % outcome)
    if entries:
        parts.append(b',"entry":[' + b",".join(entries) + b"]")
    parts.append(b"}")
    return b"".join(parts)
