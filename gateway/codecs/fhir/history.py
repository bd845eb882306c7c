"""The versions of one resource as a history bundle.

Source:
    HL7 FHIR R4 (4.0.1): 3.1.0.14 history; 2.36 Bundle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from gateway.codecs.fhir.datatypes import write_instant
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.search_values import read_date
from gateway.errors import ErrorCode, Finding, Refused

_KNOWN = frozenset(("_count", "_since", "_at", "_cursor", "_format", "_pretty"))


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version, or the removal of all.

    Attributes:
        resource: Empty for a removal.
        time: When it came, DTM of 14 digits.
    """

    version: str
    time: str
    resource: bytes = b""
    first: bool = False


@dataclass(frozen=True, slots=True)
class HistoryQuestion:
    """Which versions are asked for.

    Attributes:
        count: Versions on a page; ``None`` where the client leaves it open.
        since: DTM of 14 digits: versions that came then or later.
        at: Begin and end (exclusive), likewise: versions that were the present one in between.
        cursor: Where the page begins.
        scope: The question without the page.
    """

    count: int | None
    since: str
    at: tuple[str, str] | None
    cursor: str | None
    scope: str


def read_history_question(
    parameters: Sequence[tuple[str, str]], *, strict: bool = False
) -> HistoryQuestion:
    """Read the parameters of a history.

    Raises:
        Refused: Everything about them that cannot be understood.
    """
    asked = dict(parameters)
    findings = []

    def wrong(name: str, expected: str) -> None:
        findings.append(
            Finding(
                rule="history-parameter",
                code=ErrorCode.INVALID_SEARCH,
                location=name,
                message=expected,
            )
        )

    count = None
    if (written := asked.get("_count")) is not None:
        if written.isascii() and written.isdigit() and len(written) < 10:
            count = int(written)
        else:
            wrong("_count", "expected a whole number, at least 0")
    times = {}
    for name in ("_since", "_at"):
        if name in asked:
            found = read_date(asked[name])
            if found is None or found.prefix != "eq" or not asked[name][:1].isdigit():
                wrong(name, "expected a time such as 2025-01-31T12:00:00Z")
            else:
                times[name] = (found.low, found.high)
    if strict:
        for name in asked.keys() - _KNOWN:
            wrong(name, "a history knows _count, _since and _at")
    if findings:
        raise Refused(*findings)
    return HistoryQuestion(
        count=count,
        since=times.get("_since", ("", ""))[0],
        at=times.get("_at"),
        cursor=asked.get("_cursor"),
        scope=f"history {times}",
    )


def write_history(
    kind: str,
    name: str,
    entries: Iterable[HistoryEntry],
    *,
    total: int,
    links: Iterable[tuple[str, str]],
    base_url: str,
) -> bytes:
    """Write a history.

    Args:
        kind: The type of the resource.
        name: Its id, as it was asked for.
        entries: The newest first.
        total: How many there are over all pages.
        links: Relation (``self``, ``next``) and URL, each.
        base_url: Of the FHIR face, without trailing slash.
    """
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "history",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    written = [_entry(kind, name, entry, base_url) for entry in entries]
    if written:
        bundle["entry"] = written
    return orjson.dumps(bundle)


def _entry(kind: str, name: str, entry: HistoryEntry, base_url: str) -> Json:
    address = f"{kind}/{name}"
    written: Json = {"fullUrl": f"{base_url}/{address}"}
    if entry.resource:
        written["resource"] = orjson.Fragment(entry.resource)
        method, url, status = ("POST", kind, "201 Created")
        if not entry.first:
            method, url, status = ("PUT", address, "200 OK")
    else:
        method, url, status = ("DELETE", address, "204 No Content")
    written["request"] = {"method": method, "url": url}
    written["response"] = {
        "status": status,
        "etag": f'W/"{entry.version}"',
        "lastModified": write_instant(entry.time),
    }
    return written
