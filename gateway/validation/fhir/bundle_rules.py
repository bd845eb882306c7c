"""What holds for a Bundle as a whole: identities, references between entries, types of Bundles.

The constraints bdl-1 to bdl-12 are among the invariants; here is what the specification says in
prose. References are followed by the rules for Bundles, stricter than the ones that find a
target for other checks: what only a guess would find is told.

Source:
    HL7 FHIR R4 (4.0.1): 2.36 Bundle, 2.36.4 uniqueness and references; 3.3 Documents; 2.39
    Messaging; 3.1.0.11 transactions; 3.1.1 search.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from gateway.codecs.fhir.elements import is_resource
from gateway.validation.fhir.primitives import shown
from gateway.validation.fhir.rules import issue
from gateway.validation.fhir.usage_texts import USAGE
from gateway.validation.issue import Issue

Json = dict[str, Any]

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_ON_SERVER = re.compile(
    r"(?P<base>https?://[^?#\s]*/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.\-]{1,64})"
)
_RELATIVE = re.compile(r"(?<![A-Za-z])(?P<type>[A-Z][A-Za-z]++)/(?P<id>[A-Za-z0-9.\-]{1,64})")
_VERSION = re.compile(r"/_history/([A-Za-z0-9.\-]{1,64})\Z")
_WITHOUT_FULL_URL = frozenset(("batch", "batch-response", "transaction", "transaction-response"))
_PAGES = frozenset(("first", "previous", "prev", "next", "last"))
_LEADS_THE_WAY = {"document": "Composition", "message": "MessageHeader"}
assert "fhir-bundle-link" in USAGE


def check(bundle: Json, location: str = "Bundle") -> Iterable[Issue]:
    """Tell what is wrong with a Bundle as a whole.

    Args:
        bundle: The Bundle; whatever in it is of a wrong shape is passed over.
        location: Where it stands.
    """
    return tuple(_Bundle(bundle, location).issues())


class _Entry:
    """One entry, as far as it has the right shape."""

    __slots__ = ("at", "full_url", "given", "resource", "type")

    def __init__(self, given: Json, at: str) -> None:
        self.given = given
        self.at = at
        resource = given.get("resource")
        self.resource: Json = resource if isinstance(resource, dict) else {}
        kind = self.resource.get("resourceType")
        self.type: str = kind if isinstance(kind, str) else ""
        url = given.get("fullUrl")
        self.full_url: str = url if isinstance(url, str) else ""

    def object(self, name: str) -> Json:
        """Give a member that is an object."""
        value = self.given.get(name)
        return value if isinstance(value, dict) else {}

    def version(self) -> str:
        """Give the version of the resource."""
        meta = self.resource.get("meta")
        return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""

    def url_of(self, reference: str) -> str:
        """Make a reference in this entry absolute, where that can be done."""
        if _ABSOLUTE.fullmatch(reference):
            return reference
        own = _ON_SERVER.fullmatch(self.full_url)
        return own["base"] + reference if own is not None else ""


class _Bundle:
    """One Bundle, with an index of its entries."""

    def __init__(self, bundle: Json, location: str) -> None:
        self.bundle = bundle
        self.location = location
        kind = bundle.get("type")
        self.type: str = kind if isinstance(kind, str) else ""
        entries = bundle.get("entry")
        self.entries = [
            _Entry(entry, f"{location}.entry[{number}]")
            for number, entry in enumerate(entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
        ]
        self.by_url: dict[str, list[_Entry]] = {}
        for entry in self.entries:
            if entry.full_url:
                self.by_url.setdefault(entry.full_url, []).append(entry)

    def issues(self) -> Iterator[Issue]:
        """Tell everything."""
        yield from self._links()
        for entry in self.entries:
            yield from self._full_url(entry)
            if self.type in ("batch", "transaction"):
                yield from self._request(entry)
        if self.type in _LEADS_THE_WAY:
            yield from self._led(_LEADS_THE_WAY[self.type])
        elif self.type == "transaction":
            yield from self._transaction()
        elif self.type == "searchset":
            yield from self._search()

    # --- Links and identities ----------------------------------------------------------------

    def _links(self) -> Iterator[Issue]:
        links = self.bundle.get("link")
        seen: Counter[str] = Counter()
        for number, link in enumerate(links if isinstance(links, list) else ()):
            relation = link.get("relation") if isinstance(link, dict) else None
            if not isinstance(relation, str):
                continue
            seen[relation] += 1
            at = f"{self.location}.link[{number}].relation"
            if seen[relation] > 1:
                yield issue("fhir-bundle-link", at, found=shown(relation))
            elif relation in _PAGES and self.type not in ("searchset", "history", ""):
                yield issue("fhir-bundle-paging", at, found=shown(relation), type=self.type)

    def _full_url(self, entry: _Entry) -> Iterator[Issue]:
        url = entry.full_url
        if not url:
            if (
                entry.resource
                and "fullUrl" not in entry.given
                and "_fullUrl" not in entry.given
                and self.type
                and self.type not in _WITHOUT_FULL_URL
                and entry.type != "OperationOutcome"
            ):
                yield issue("fhir-bundle-full-url-missing", entry.at)
            return
        at = f"{entry.at}.fullUrl"
        if not _ABSOLUTE.fullmatch(url):
            yield issue("fhir-bundle-full-url", at, found=shown(url))
            return
        found = _ON_SERVER.fullmatch(url)
        name = entry.resource.get("id")
        if found is None or not entry.type or not is_resource(found["type"]):
            return
        posted = entry.object("request").get("method") == "POST"
        if not isinstance(name, str):
            kept = self.type not in _WITHOUT_FULL_URL
            if not posted and (
                found["type"] != entry.type or (kept and "id" not in entry.resource)
            ):
                yield issue(
                    "fhir-bundle-full-url-id", at, found=shown(url), expected=f"/{entry.type}/…"
                )
        elif not posted and (found["type"], found["id"]) != (entry.type, name):
            expected = f"/{entry.type}/{name}"
            yield issue("fhir-bundle-full-url-id", at, found=shown(url), expected=expected)

    # --- Documents and messages --------------------------------------------------------------

    def _led(self, expected: str) -> Iterator[Issue]:
        first = self.entries[0] if self.entries else None
        if first is None or not first.resource:
            yield issue(
                "fhir-bundle-first", self.location, type=self.type, expected=expected,
                found="no entry with a resource", found_fr="aucune ressource",
            )  # fmt: skip
            return
        if first.type != expected:
            return  # told by bdl-11 and bdl-12
        broken: set[str] = set()
        at = f"{first.at}.resource"
        for place, reference in _references(first.resource, at):
            if not _is_bound(place.removeprefix(at + "."), self.type):
                continue
            number = len(self._targets(first, reference))
            if number > 1:
                yield issue("fhir-bundle-ambiguous", place, found=shown(reference), number=number)
            elif not number and reference[:1] != "#":
                broken.add(reference)
                yield self._unresolved(reference, place)
        if self.type == "document" and not broken:
            yield from self._unreachable(first)

    def _unresolved(self, reference: str, place: str) -> Issue:
        hint = hint_fr = ""
        local = _RELATIVE.search(reference)
        if local is not None and any(
            entry.type == local["type"] and entry.resource.get("id") == local["id"]
            for entry in self.entries
        ):
            hint = "; one has that type and id, but not the fullUrl"
            hint_fr = " ; l'une a ce type et cet id, mais pas le fullUrl"
        return issue(
            "fhir-bundle-unresolved", place, found=shown(reference), hint=hint, hint_fr=hint_fr
        )

    def _targets(self, entry: _Entry, reference: str) -> list[_Entry]:
        """Give the entries a reference leads to."""
        url = entry.url_of(reference.partition("#")[0])
        version = _VERSION.search(url)
        if version is None:
            return self.by_url.get(url, [])
        url = url[: version.start()]
        return [one for one in self.by_url.get(url, ()) if one.version() == version[1]]

    def _unreachable(self, first: _Entry) -> Iterator[Issue]:
        """Tell the entries no chain of references joins with the first, in either direction."""
        joined: dict[int, set[int]] = {id(entry): set() for entry in self.entries}
        for entry in self.entries:
            for _, reference in _references(entry.resource, ""):
                for target in self._targets(entry, reference):
                    joined[id(entry)].add(id(target))
                    joined[id(target)].add(id(entry))
        reached, waiting = {id(first)}, [id(first)]
        while waiting:
            for one in joined[waiting.pop()] - reached:
                reached.add(one)
                waiting.append(one)
        for entry in self.entries:
            if entry.resource and id(entry) not in reached:
                yield issue("fhir-bundle-unreachable", entry.at)

    # --- Transactions ------------------------------------------------------------------------

    def _transaction(self) -> Iterator[Issue]:
        """Tell references by UUID to nothing in the transaction: no server knows them."""
        for entry in self.entries:
            for place, reference in _references(entry.resource, f"{entry.at}.resource"):
                if reference.startswith("urn:uuid:") and reference not in self.by_url:
                    yield self._unresolved(reference, place)

    def _request(self, entry: _Entry) -> Iterator[Issue]:
        request = entry.object("request")
        method, url = request.get("method"), request.get("url")
        if not isinstance(method, str) or not isinstance(url, str):
            return
        expected = expected_fr = ""
        path = url.partition("?")[0].strip("/")
        if method in ("POST", "PUT") and not entry.resource:
            # An operation may be called without parameters.
            if "$" not in url and not (method == "POST" and path.endswith("_search")):
                expected = "a resource is missing"
                expected_fr = "il manque une ressource"
        elif method == "POST" and is_resource(path) and path != entry.type:
            expected = f"it is a {entry.type}"
            expected_fr = f"c'est une ressource {entry.type}"
        elif method == "PUT" and (found := _RELATIVE.fullmatch(path)) is not None:
            name = entry.resource.get("id")
            if (found["type"], found["id"]) != (entry.type, name):
                expected = f"it is {entry.type}/{name or '(no id)'}"
                expected_fr = f"c'est {entry.type}/{name or '(sans id)'}"
        if expected:
            yield issue(
                "fhir-bundle-request", f"{entry.at}.request", method=method, found=shown(url),
                expected=expected, expected_fr=expected_fr,
            )  # fmt: skip

    # --- Search results ----------------------------------------------------------------------

    def _search(self) -> Iterator[Issue]:
        wanted = self._searched_types()
        for entry in self.entries:
            if not entry.type:
                continue
            at = f"{entry.at}.resource"
            mode = entry.object("search").get("mode")
            if "id" not in entry.resource and not (
                entry.type == "OperationOutcome" and mode in ("outcome", None)
            ):
                yield issue("fhir-bundle-search-id", at, found=entry.type)
            expected = ""
            if mode == "outcome" and entry.type != "OperationOutcome":
                expected = "OperationOutcome"
            elif mode == "match" and wanted and entry.type not in wanted:
                expected = " | ".join(wanted)
            if expected:
                yield issue(
                    "fhir-bundle-search-mode", at, mode=mode, found=entry.type, expected=expected
                )

    def _searched_types(self) -> tuple[str, ...]:
        """Name the types that were searched for, as far as the self link tells."""
        links = self.bundle.get("link")
        for link in links if isinstance(links, list) else ():
            if not isinstance(link, dict) or link.get("relation") != "self":
                continue
            url = link.get("url")
            if not isinstance(url, str):
                continue
            path, _, query = url.partition("?")
            named = parse_qs(query).get("_type")
            if named is not None:
                return tuple(t for t in ",".join(named).split(",") if is_resource(t))
            last = path.rstrip("/").removesuffix("/_search").rpartition("/")[2]
            return (last,) if is_resource(last) else ()
        return ()


def _is_bound(path: str, kind: str) -> bool:
    """Whether the target of a reference in the first resource has to be in the Bundle."""
    if kind == "message":
        return path.startswith("focus")
    name = path.partition(".")[0].partition("[")[0]
    if name == "section":
        return not path.rpartition(".")[2].startswith(("extension", "value"))
    return name in ("subject", "encounter", "author", "attester", "custodian", "event")


def _references(value: Any, at: str) -> Iterator[tuple[str, str]]:
    """Give every Reference in a resource with its place."""
    if type(value) is dict:
        reference = value.get("reference")
        if type(reference) is str and "resourceType" not in value:
            yield at, reference
        for name, member in value.items():
            if type(member) is dict:
                yield from _references(member, f"{at}.{name}")
            elif type(member) is list:
                for number, item in enumerate(member):
                    if type(item) is dict:
                        yield from _references(item, f"{at}.{name}[{number}]")
