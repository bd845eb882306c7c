"""What of a resource did not reach the model: found by writing the model again and comparing.

A reader picks what it understands; what it passes over would be lost without a word. So the value
that was read is written as FHIR once more, and every leaf of the resource that is nowhere in the
same member of the new one becomes a finding with its path. A member that is lost as a whole is
told once. Contained resources, and other entries of a bundle, are looked at where they are
referred to.

What the frame of a message decides (ids, profile, status, subject, relations, members of a list,
where the octets are) is not compared: who reads the frame says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.codecs.fhir.datatypes import read_date_time
from gateway.codecs.fhir.reader import Json, Reader, Resolve, own_text, resource_type
from gateway.codecs.fhir.resource import Parts
from gateway.codecs.fhir.vocabulary import EXTENSION
from gateway.model.conventions import StatusRules
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered

_FRAME = frozenset(
    {"resourceType", "id", "status", "_status", "subject", "contained", "implicitRules"}
)
_FRAME_OF = {
    "DocumentReference": _FRAME | {"relatesTo"},
    "List": _FRAME | {"mode", "code", "entry"},
}
_META = frozenset({"profile", "versionId", "lastUpdated"})
_ATTACHMENT = frozenset({"url", "data"})
_IDS = frozenset({"identifier", "masterIdentifier"})
_MARKS = frozenset(
    {("identifier", "use"), ("masterIdentifier", "use")}
    | {("coding", key) for key in ("system", "code", "display")}
)
"""How a source tells its ids apart: understood in all spellings, written in one."""
_DEEPEST = 40

_WHY = {
    "date": "XDS has no time of the reference; the registry answers with the time of registration",
}
_OTHERWISE = "XDS metadata have no place for this; it is left out"

Leaf = tuple[str, str, object]
"""The member of the resource it stands in, its own name, its value in one spelling."""


def complete(parts: Parts) -> Json:
    """Put a resource together without its frame."""
    resource = dict(parts.rest)
    if parts.attachment is not None:
        content: Json = {"attachment": parts.attachment}
        if parts.format is not None:
            content["format"] = parts.format
        resource["content"] = [content]
    return resource


def note_not_carried(
    reader: Reader, resource: Json, parts: Parts, path: str, *, resolve: Resolve | None = None
) -> None:
    """Add a finding for everything of a resource that its value, written again, does not say.

    Args:
        parts: What the writer made of the value that was read.
        resolve: Finds other entries of the message by reference.
    """
    comparison = _Comparison(reader.naming, reader.conventions.statuses, resolve)
    told = [finding.location for finding in reader.findings]
    for place in comparison.missing(resource, complete(parts), path):
        if not any(one.startswith(place) or place.startswith(one) for one in told if one):
            reader.lost(place, _WHY.get(place.removeprefix(f"{path}."), _OTHERWISE))


class _Comparison:
    """One resource and its second writing."""

    def __init__(
        self, naming: NamingSystems, statuses: StatusRules, resolve: Resolve | None
    ) -> None:
        self._naming = naming
        self._statuses = statuses
        self._resolve = resolve

    def leaves(self, resource: Json, of_member: str) -> frozenset[Leaf]:
        """Give all that one member of a resource of our own says."""
        contained = _contained(resource)
        found: set[Leaf] = set()
        waiting: list[tuple[str, str, Any, int]] = (
            [(of_member, of_member, resource[of_member], 0)] if of_member in resource else []
        )
        while waiting:
            member, name, value, depth = waiting.pop()
            if type(value) is dict:
                for key, item in value.items():
                    if key == "reference" and type(item) is str and item.startswith("#"):
                        waiting.append((member, "", contained.get(item[1:]), depth + 1))
                    elif depth < _DEEPEST:
                        waiting.append((member, key, item, depth + 1))
            elif type(value) is list:
                waiting += [(member, name, item, depth + 1) for item in value]
            else:
                found.add((member, name, self._spelling(name, value)))
        return frozenset(found)

    def missing(self, resource: Json, written: Json, path: str) -> Iterator[str]:
        """Give the places of a resource that are not in its second writing."""
        same_contained = resource.get("contained") == written.get("contained")
        contained = {} if same_contained else _contained(resource)
        used: set[str] = set()
        frame = _FRAME_OF.get(resource_type(resource), _FRAME)
        # Equal references to contained resources say nothing where these differ.
        own_ways = _FRAMED if same_contained else _FRAMED | _REFERRING
        served: frozenset[Leaf] | None = None
        for member, value in resource.items():
            if member in frame:
                continue
            # Most of an ordinary resource is written again letter by letter.
            if member not in own_ways and value == written.get(member):
                continue
            if member in _FRAMED and _is_same_but_for_frame(member, value, written):
                continue
            if served is None:
                served = frozenset(self._served(resource))
                contained = _contained(resource)
            said = self.leaves(written, member) | served
            if same_contained:
                used = set()
            if self._is_said(member, value, said, contained, used):
                continue
            lost = self._missing(member, member, value, said, contained, used, 0)
            yield from (f"{path}.{place}" for place in _places(member, lost))
        if same_contained:
            return
        inside = resource.get("contained")
        for number, inner in enumerate(inside if type(inside) is list else ()):
            name = inner.get("id") if type(inner) is dict else None
            if type(inner) is dict and not (type(name) is str and name in used):
                yield f"{path}.contained[{number}]"

    def _is_said(
        self, member: str, value: Any, said: frozenset[Leaf], contained: Json, used: set[str]
    ) -> bool:
        """Whether nothing of a member is lost: true of most, and quicker to see than what is.

        A member that leads elsewhere is left to :meth:`_missing`, which counts what was used.
        """
        waiting: list[tuple[str, Any, int]] = [(member, value, 0)]
        reached: set[str] = set()
        while waiting:
            name, value, depth = waiting.pop()
            if type(value) is dict:
                if depth > _DEEPEST:
                    return False
                for key, item in value.items():
                    if key == "reference" and type(item) is str:
                        if not item.startswith("#") or item[1:] in used or item[1:] in reached:
                            return False
                        reached.add(item[1:])
                        inner = contained.get(item[1:])
                        if type(inner) is not dict:
                            return False
                        waiting.append(("", inner, depth + 1))
                    elif not _is_frame(member, name, key):
                        waiting.append((key, item, depth + 1))
            elif type(value) is list:
                waiting += [(name, item, depth + 1) for item in value]
            elif (member, name, self._spelling(name, value)) not in said:
                return False
        used |= reached
        return True

    def _missing(
        self,
        member: str,
        name: str,
        value: Any,
        said: frozenset[Leaf],
        contained: Json,
        used: set[str],
        depth: int,
    ) -> list[str] | None:
        """Give the places below a value that are lost; ``None`` when all of it is."""
        if type(value) is dict:
            return self._missing_in(member, name, value, said, contained, used, depth)
        if type(value) is list:
            lost = [
                self._missing(member, name, item, said, contained, used, depth) for item in value
            ]
            if value and all(part is None for part in lost):
                return None
            return [
                f"[{number}]{place and '.' + place}"
                for number, part in enumerate(lost)
                for place in ([""] if part is None else part)
            ]
        return [] if (member, name, self._spelling(name, value)) in said else None

    def _missing_in(
        self,
        member: str,
        name: str,
        value: Json,
        said: frozenset[Leaf],
        contained: Json,
        used: set[str],
        depth: int,
    ) -> list[str] | None:
        places: list[str] = []
        kept = False
        for key, item in value.items():
            if depth > _DEEPEST or _is_frame(member, name, key):
                kept = True
                continue
            if key == "reference" and type(item) is str:
                target = self._target(item, contained, used)
                if target is None:
                    # Where it leads is for the reader of the reference to say.
                    kept = True
                    continue
                lost = self._missing(member, "", target, said, contained, used, depth + 1)
                if lost is not None:
                    kept = True
                places += [".".join(("resolve()", place)) for place in lost or ()]
                continue
            lost = self._missing(member, key, item, said, contained, used, depth + 1)
            if lost == []:
                kept = True
            else:
                kept = kept or lost is not None
                places += _places(key, lost)
        return places if kept or not value else None

    def _target(self, reference: str, contained: Json, used: set[str]) -> Json | None:
        if reference.startswith("#"):
            if reference[1:] in used:
                return None
            used.add(reference[1:])
            inner = contained.get(reference[1:])
            return inner if type(inner) is dict else None
        if reference in used or self._resolve is None:
            return None
        used.add(reference)
        found = self._resolve(reference)
        return found[0] if found is not None else None

    def _served(self, resource: Json) -> Iterator[Leaf]:
        """Give what the frame of an answer keeps: in ``meta``, ``date``, status extensions."""
        for status in self._statuses.further:
            yield "extension", "url", status.extension
            yield from (("extension", "valueBoolean", value) for value in (True, False))
        version = own_text(resource.get("meta"), "version")
        if version is not None:
            yield from (("meta", "url", EXTENSION + "version"), ("meta", "valueString", version))
        if resource_type(resource) == "List":
            date = resource.get("date")
            if type(date) is str:  # else it has been refused, and is nowhere kept
                yield "date", "date", self._spelling("date", date)
            text = own_text(resource.get("_date"), "text")
            yield from (("_date", "url", EXTENSION + "text"), ("_date", "valueString", text))

    def _spelling(self, name: str, value: object) -> object:
        """Give the value as both sides would write it."""
        if type(value) is not str:
            return value
        if name == "system":
            return self._naming.scheme(value)
        first = value[:1]
        if first in "uU" and value[:9].lower() == "urn:uuid:":
            return value.lower()
        return _moment(value) if first.isdigit() and len(value) <= _LONGEST_TIME else value


_LONGEST_TIME = 40


@remembered(1024)
def _moment(text: str) -> str:
    """Give a time in the one spelling both sides have for it; any other text as it is."""
    moment = read_date_time(text)
    return text if moment is None else moment[0]


def _is_frame(member: str, name: str, key: str) -> bool:
    """Whether a key inside an element belongs to the frame of the message."""
    return (
        key == "resourceType"
        or key == "id"
        or (name == "meta" and key in _META)
        or (name == "attachment" and key in _ATTACHMENT)
        or (member in _IDS and (name, key) in _MARKS)
    )


_REFERRING = frozenset({"author", "authenticator", "context", "extension", "source"})
_FRAMED = frozenset({"meta", "content"})


def _is_same_but_for_frame(member: str, value: Any, written: Json) -> bool:
    """Whether a member was written again letter by letter, but for what the frame keeps."""
    if member == "meta":
        return type(value) is dict and value.keys() <= _META
    if type(value) is not list or len(value) != 1:
        return bool(value == written.get(member))
    content = value[0]
    attachment = content.get("attachment") if type(content) is dict else None
    if type(attachment) is not dict:
        return False
    kept = {k: v for k, v in attachment.items() if k not in _ATTACHMENT}
    return bool(written.get(member) == [{**content, "attachment": kept}])


def _places(name: str, lost: list[str] | None) -> list[str]:
    if lost is None:
        return [name]
    return [name + place if place.startswith("[") else f"{name}.{place}" for place in lost]


def _contained(resource: Json) -> Json:
    inner = resource.get("contained")
    if type(inner) is not list:
        return {}
    return {
        item["id"]: item for item in inner if type(item) is dict and type(item.get("id")) is str
    }
