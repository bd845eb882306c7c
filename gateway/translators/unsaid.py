"""What a FHIR message said that its translation does not: found by writing it back.

A reader takes what it knows of a resource; whatever else stands there would vanish unseen. So the
value that was read is written as FHIR again, and each single value of the original looks for itself
in the result: first in its own element of the same kind of resource, then anywhere among what is
left over (an author may move from an entry of the bundle into a contained resource, a display into
``text``). What finds nothing is named, whole elements at once.

Left out of the comparison is what belongs to the message and not to its meaning: references and
the ids and URLs they go by, requests, narrative that was generated, counts and links of a search.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.errors import ErrorCode, Finding, Severity

Json = dict[str, Any]

_IDS = frozenset(
    f"{kind}.{name}"
    for kind in ("DocumentReference", "List")
    for name in ("identifier", "masterIdentifier")
)
_NOT_MEANT = frozenset({"resourceType", "reference"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_BINARY = re.compile(r"(?:.*/)?(Binary/[A-Za-z0-9.-]{1,64})(?:/_history/[^/]*)?\Z")
_URN = re.compile(r"urn:(?:uuid|oid):", re.IGNORECASE)


@dataclass(slots=True)
class _Node:
    """One element of the original: where it stands, and how much of it was found again."""

    path: str
    total: int = 0
    missing: int = 0
    below: list[_Node] = field(default_factory=list)


@dataclass(slots=True)
class _Leaf:
    node: _Node
    key: tuple[str, Any]


def unsaid(source: Json, rewritten: Json) -> tuple[Finding, ...]:
    """Name everything that stands in one FHIR message and not in another.

    Args:
        source: What came.
        rewritten: What was written from the value that was read.
    """
    leaves: list[_Leaf] = []
    # A server gives each new resource an id of its own, whatever id it came with.
    new = source.get("type") == "transaction"
    kind = str(source.get("resourceType") or "Bundle")
    root = _walk(source, kind, kind, leaves, new)
    available: Counter[tuple[str, Any]] = Counter()
    written: list[_Leaf] = []
    again = str(rewritten.get("resourceType") or "Bundle")
    _walk(rewritten, again, again, written, new)
    available.update(leaf.key for leaf in written)
    homeless: list[_Leaf] = []
    for leaf in leaves:
        if available[leaf.key] > 0:
            available[leaf.key] -= 1
        else:
            homeless.append(leaf)
    left: Counter[Any] = Counter()
    for key, count in available.items():
        left[key[1]] += count
    missing = set()
    for leaf in homeless:
        if left[leaf.key[1]] > 0:
            left[leaf.key[1]] -= 1
        else:
            missing.add(id(leaf.node))
    _count(root, missing)
    return tuple(
        Finding(
            rule="not-carried",
            code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
            location=path,
            message="XDS metadata have no place for this",
            severity=Severity.WARNING,
        )
        for path in _told(root, depth=0)
    )


def _walk(value: Any, path: str, generic: str, leaves: list[_Leaf], new: bool) -> _Node:
    """Make the tree of an element, its single values gathered beside."""
    node = _Node(path)
    if isinstance(value, dict):
        kind = value.get("resourceType")
        if isinstance(kind, str):
            generic = kind
        for name, item in value.items():
            if name in _NOT_MEANT or _is_frame(generic, name, value, new):
                continue
            node.below.append(_walk(item, f"{path}.{name}", f"{generic}.{name}", leaves, new))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            node.below.append(_walk(item, f"{path}[{number}]", generic, leaves, new))
    else:
        node.total = 1
        leaves.append(_Leaf(node, (generic, _normal(value, generic))))
    return node


def _is_frame(generic: str, name: str, holder: Json, new: bool) -> bool:
    """Whether a member says how a message travels and not what it says."""
    if generic in ("Bundle", "Bundle.entry"):
        return name != "entry" and name != "resource"
    if name == "id":
        # A resource inside another, or beside it, has an id to be referred by.
        return new or generic not in ("DocumentReference", "List")
    if name == "use" and generic in _IDS:
        # Older sources tell uniqueId and entryUUID apart by it; the types say the same.
        return True
    if generic.count(".") == 0:
        if name == "text":
            status = holder["text"].get("status") if isinstance(holder["text"], dict) else None
            return status in ("generated", "empty")
        return name in ("mode",) and generic == "List"
    return generic.endswith(".meta") and name == "profile"


def _normal(value: Any, generic: str) -> Any:
    """One form for all spellings of one value."""
    if not isinstance(value, str):
        return value if type(value) is not bool else str(value)
    if generic.endswith(".data"):
        return "".join(value.split())
    if generic.endswith("attachment.url"):
        found = _BINARY.match(value)
        if found:
            return found[1]
        # Inside a bundle: the name of an entry.
        return "" if _URN.match(value) else value
    if _MOMENT.match(value):
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return value
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).isoformat()
    return value


def _count(node: _Node, missing: set[int]) -> None:
    if not node.below:
        node.missing = int(node.total == 1 and id(node) in missing)
        return
    for child in node.below:
        _count(child, missing)
        node.total += child.total
        node.missing += child.missing


def _told(node: _Node, depth: int) -> Iterator[str]:
    """Give the highest elements of which nothing was found again."""
    if not node.missing:
        return
    if node.missing == node.total and depth > 0 and not node.path.endswith(".resource"):
        yield node.path
        return
    for child in node.below:
        yield from _told(child, depth + 1)
