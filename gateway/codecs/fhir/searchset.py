"""Search answers: fragments joined into a Bundle, without looking into them.

Source:
    HL7 FHIR R4: 3.1.1.4 (searchset); IHE MHD 4.2.4: Find Document References response message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

_START = b'{"resourceType":"'
_ID = b'","id":"'


def _full_url(base: bytes, resource: bytes) -> bytes:
    """Give ``"fullUrl":"…",`` of a resource our writers made: its type and id stand first."""
    kind, found, rest = resource[len(_START) : 120].partition(_ID)
    if not found:
        return b""
    return b"".join((b'"fullUrl":"', base, kind, b"/", rest[: rest.index(b'"')], b'",'))


def write_searchset(
    resources: Sequence[bytes],
    *,
    total: int | None,
    links: Iterable[tuple[str, str]] = (),
    outcome: bytes | None = None,
    base_url: str = "",
    included: Sequence[bytes] = (),
) -> bytes:
    """Join resources into a searchset.

    Args:
        resources: Complete resources, each beginning with ``resourceType`` and ``id``.
        total: How many match over all pages; ``None`` where nobody counted.
        links: Relation (``self``, ``next``) and URL, each.
        outcome: An OperationOutcome about the search itself: what was ignored, for example.
        base_url: Of the FHIR face, without trailing slash.
        included: Resources that were asked for beside those that match.
    """
    base = base_url.encode() + b"/" if base_url else b""
    parts = [b'{"resourceType":"Bundle","type":"searchset"']
    if total is not None:
        parts.append(b',"total":%d' % total)
    written = [{"relation": relation, "url": url} for relation, url in links]
    if written:
        parts.append(b',"link":' + orjson.dumps(written))
    opening = b',"entry":[{'
    for resource in resources:
        parts += (
            opening,
            _full_url(base, resource),
            b'"resource":',
            resource,
            b',"search":{"mode":"match"}}',
        )
        opening = b",{"
    for resource in included:
        parts += (
            opening,
            _full_url(base, resource),
            b'"resource":',
            resource,
            b',"search":{"mode":"include"}}',
        )
        opening = b",{"
    if outcome is not None:
        parts += (opening, b'"resource":', outcome, b',"search":{"mode":"outcome"}}')
        opening = b",{"
    parts.append(b"]}" if opening == b",{" else b"}")
    return b"".join(parts)
