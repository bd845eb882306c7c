"""The structure of a resource: which elements are there, and which slices, whatever they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TYPED = ("identifier", "extension", "contained", "coding")


def structure(resource: dict[str, Any]) -> frozenset[str]:
    """Give the path of every element, without positions; slices by what tells them apart."""
    return frozenset(_paths(resource, ""))


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "resourceType":
                continue
            yield from _paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path + _slice(path.rpartition(".")[2], inner))
    else:
        yield path


def _slice(name: str, item: Any) -> str:
    """Name the slice an item of a list belongs to."""
    if not isinstance(item, dict):
        return ""
    if name == "extension":
        return f"({str(item.get('url')).rpartition('/')[2]})"
    if name in ("contained", "entry"):
        kind = item.get("resourceType") or item.get("resource", {}).get("resourceType")
        return f"({kind})" if kind else ""
    if name == "identifier":
        codings = item.get("type", {}).get("coding", [{}])
        return f"({codings[0].get('code', '')})"
    return ""


def missing(example: dict[str, Any], ours: dict[str, Any]) -> frozenset[str]:
    """Give the elements of an example that a resource of ours does not have."""
    return structure(example) - structure(ours)
