"""FHIR's search on the JSON of resources, the slow and obvious way."""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

Resource = dict[str, Any]
FAR = datetime(9999, 12, 31, tzinfo=UTC)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)

TOKENS = {
    "type": "type",
    "category": "category",
    "event": "context.event",
    "facility": "context.facilityType",
    "setting": "context.practiceSetting",
    "security-label": "securityLabel",
    "format": "content.format",
    "code": "code",
    "designationType": "designationType",
}
WORDS = {
    "status": "status",
    "contenttype": "content.attachment.contentType",
    "language": "content.attachment.language",
    "relation": "relatesTo.code",
}
DATES = {
    "creation": "content.attachment.creation",
    "date": "date",
    "_lastUpdated": "meta.lastUpdated",
    "period-start": "context.period.start",
    "period-end": "context.period.end",
}
STRINGS = {
    "author.family": ("author", "name.family"),
    "author.given": ("author", "name.given"),
    "author:Organization.name": ("author", "organization.name"),
    "source.family": ("source", "name.family"),
    "source.given": ("source", "name.given"),
    "title": ("", "title"),
}


def at(value: Any, path: str) -> Iterator[Any]:
    """What stands at a path, through lists."""
    if isinstance(value, list):
        for one in value:
            yield from at(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        first, _, rest = path.partition(".")
        if first == "designationType":
            for extension in value.get("extension", ()):
                if extension["url"].endswith("/ihe-designationType"):
                    yield extension["valueCodeableConcept"]
        else:
            yield from at(value.get(first), rest)


def people(resource: Resource, element: str) -> Iterator[Resource]:
    """The Practitioners, Roles and Organizations behind an author or source."""
    contained = {"#" + one["id"]: one for one in resource.get("contained", ())}
    waiting = [r["reference"] for r in at(resource, element) if "reference" in r]
    waiting += [
        e["valueReference"]["reference"]
        for r in (resource, *at(resource, element))
        for e in r.get("extension", ())
        if "valueReference" in e and e["url"].rpartition("/")[2] in ("author", "ihe-authorOrg")
    ]
    for reference in waiting:
        one = contained[reference]
        yield one
        waiting += [r["reference"] for r in (one.get("practitioner"), one.get("organization")) if r]


def plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))


def span(text: str) -> tuple[datetime, datetime]:
    """The first moment of a date, and the first one after it."""
    if "T" in text:
        start = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return start, start + timedelta(seconds=1)
    parts = [int(part) for part in text.split("-")]
    start = datetime(*(parts + [1, 1])[:3], tzinfo=UTC)  # type: ignore[misc]
    if len(parts) == 1:
        return start, start.replace(year=start.year + 1)
    if len(parts) == 2:
        return start, start + timedelta(days=calendar.monthrange(*parts)[1])
    return start, start + timedelta(days=1)


def compares(value: str, low: datetime, high: datetime) -> bool:
    """Whether a date with its prefix agrees with a range of the resource."""
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    start, end = span(text)
    return {
        "eq": start <= low and high <= end,
        "ne": not (start <= low and high <= end),
        "gt": high > end,
        "lt": low < start,
        "ge": high > start,
        "le": low < end,
        "sa": low >= end,
        "eb": high <= start,
    }[prefix]


def codings(resource: Resource, path: str) -> list[tuple[str, str]]:
    found = []
    for value in at(resource, path):
        for coding in value.get("coding", [value]):
            found.append((coding.get("system", ""), coding.get("code", "")))
    return found


def identifiers(resource: Resource, name: str) -> list[tuple[str, str]]:
    held: list[Any] = []
    if name == "identifier":
        held = [*at(resource, "identifier"), *at(resource, "masterIdentifier")]
    elif name == "related:identifier":
        held = [*at(resource, "context.related.identifier")]
        held += at(resource, "context.encounter.identifier")
    elif name == "encounter:identifier":
        held = [*at(resource, "context.encounter.identifier")]
    elif name == "sourceId":
        held = [
            e["valueIdentifier"]
            for e in resource.get("extension", ())
            if e["url"].endswith("/ihe-sourceId")
        ]
    else:
        element = name.partition(".")[0]
        held = [i for one in people(resource, element) for i in one.get("identifier", ())]
    return [(i.get("system", ""), i["value"]) for i in held]


def is_token(value: str, held: list[tuple[str, str]]) -> bool:
    system, bar, code = value.rpartition("|")
    return any((not bar or system == s) and (not code or code == c) for s, c in held)


def names(resource: Resource, name: str) -> list[str]:
    element, path = STRINGS[name]
    if not element:
        return [str(text) for text in at(resource, path)]
    if path.startswith("organization."):
        return [
            one["name"]
            for one in people(resource, element)
            if one["resourceType"] == "Organization" and "name" in one
        ]
    return [
        str(text)
        for one in people(resource, element)
        if one["resourceType"] == "Practitioner"
        for text in at(one, path)
    ]


def present(resource: Resource, name: str) -> bool:
    if name in TOKENS:
        return bool(codings(resource, TOKENS[name]))
    if name in WORDS:
        return any(True for _ in at(resource, WORDS[name]))
    if name in DATES:
        return any(True for _ in at(resource, DATES[name]))
    if name == "period":
        return any(True for _ in at(resource, "context.period"))
    if name == "related":
        return bool(identifiers(resource, "related:identifier"))
    if name in ("relatesto", "item"):
        return bool(references(resource, name))
    return bool(names(resource, name))


def references(resource: Resource, name: str) -> list[str]:
    path = "relatesTo.target.reference" if name == "relatesto" else "entry.item.reference"
    return ["/".join(str(r).split("/")[-2:]) for r in at(resource, path)]


def agrees(resource: Resource, name: str, value: str) -> bool:
    """Whether one value of one parameter, without modifier, agrees with a resource."""
    if name in TOKENS:
        return is_token(value, codings(resource, TOKENS[name]))
    if name in WORDS:
        return value in list(at(resource, WORDS[name]))
    if name in DATES:
        return any(compares(value, *span(text)) for text in at(resource, DATES[name]))
    if name == "period":
        return any(
            compares(
                value,
                span(p["start"])[0] if "start" in p else LONG_AGO,
                span(p["end"])[1] if "end" in p else FAR,
            )
            for p in at(resource, "context.period")
        )
    if name == "_id":
        uuids = [v.removeprefix("urn:uuid:") for _, v in identifiers(resource, "identifier")]
        return value in (resource["id"], *uuids)
    if name in ("relatesto", "item"):
        return any(value in (r, r.partition("/")[2]) for r in references(resource, name))
    if name in STRINGS:
        return any(plain(text).startswith(plain(value)) for text in names(resource, name))
    return is_token(value, identifiers(resource, name))


def matches(resource: Resource, name: str, value: str) -> bool:
    """Whether a resource agrees with a parameter, modifier and alternatives included."""
    base, _, modifier = name.rpartition(":")
    if modifier == "missing":
        return present(resource, base) != (value == "true")
    alternatives = value.split(",")
    if modifier == "not":
        return not any(agrees(resource, base, one) for one in alternatives)
    if modifier == "exact":
        return any(one in names(resource, base) for one in alternatives)
    if modifier == "contains":
        return any(
            plain(one) in plain(text) for one in alternatives for text in names(resource, base)
        )
    return any(agrees(resource, name, one) for one in alternatives)


SORTS = {
    "creation": "content.attachment.creation",
    "date": "date",
    "_lastUpdated": "meta.lastUpdated",
    "period": "context.period.start",
    "status": "status",
    "type": "type",
    "title": "title",
    "_id": "id",
}


def sort_key(resource: Resource, name: str) -> tuple[str, str]:
    """What a resource is sorted by; one without comes first."""
    found = list(at(resource, SORTS[name]))
    if not found:
        return "", ""
    if name == "type":
        ((system, code),) = codings(resource, "type")
        return code, system
    if name in ("status", "title", "_id"):
        return str(found[0]), ""
    return span(found[0])[0].isoformat(), ""
