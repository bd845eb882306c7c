"""Everything that is known about types, profiles and codes, by canonical URL, read lazily.

The core package and any number of others; a later package wins over an earlier one. Nothing is
read before something needs it, so that a command that looks at one file starts at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from gateway.validation.fhir.nodes import FHIR, NoSnapshot, Tree
from gateway.validation.fhir.packages import (
    CODE_SYSTEM,
    SEARCH_PARAMETER,
    STRUCTURE_DEFINITION,
    VALUE_SET,
    Entry,
    Json,
    Package,
    read_package,
)
from gateway.validation.fhir.primitives import Complaint
from gateway.validation.fhir.snapshots import generate
from gateway.validation.fhir.terminology import Terminology, ValueSet

ABSENT = Complaint("it is in none of the packages", "il n'est dans aucun paquet")


class SearchParameter(NamedTuple):
    """What a search parameter is: its type, and the resources it searches."""

    type: str
    base: tuple[str, ...]


class Definitions:
    """The definitions of a set of packages."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self.packages = tuple(packages)
        self.terminology = Terminology(self._value_set, self._code_system, self._supplements)
        # Codings that were found good once: system, code and display.
        self.fine_codings: set[tuple[Any, Any, Any]] = set()
        self._trees: dict[str, Tree | None] = {}
        self._known: dict[tuple[str, str], Tree] = {}
        self._generating: list[str] = []
        self._lacks: dict[str, Complaint] = {}
        self._lineages: dict[str, tuple[str, ...]] = {}

    @classmethod
    def load(cls, core: Path, packages: Iterable[Path] = ()) -> Definitions:
        """Open the core package and others: ``.tgz``, or a folder.

        Raises:
            PackageError: One of them cannot be read.
        """
        return cls([read_package(core), *(read_package(path) for path in packages)])

    def structure(self, canonical: str) -> Json | None:
        """Give a StructureDefinition as it is written."""
        return self._resource(canonical, STRUCTURE_DEFINITION, exact=True)

    def profile(self, canonical: str) -> Tree | None:
        """Give the tree of a profile or type; None where it is unknown or has no snapshot.

        :meth:`lack` tells which.
        """
        try:
            return self._trees[canonical]
        except KeyError:
            pass
        tree: Tree | None = None
        definition = self.structure(canonical)
        if definition is None:
            self._lacks[canonical] = ABSENT
        else:
            # With a version or without, one definition is one tree.
            key = definition["url"], definition.get("version", "")
            try:
                tree = self._known.get(key) or Tree(definition, self._elements_of(definition))
                self._known[key] = tree
            except NoSnapshot as problem:
                self._lacks[canonical] = problem.reason
        self._trees[canonical] = tree
        return tree

    def _elements_of(self, definition: Json) -> list[Json]:
        """Give the elements of a snapshot: the definition's own, or made from its base."""
        elements: list[Json] = definition.get("snapshot", {}).get("element", [])
        url = definition.get("url", "")
        if elements or "differential" not in definition:
            return elements
        if url in self._generating:
            raise NoSnapshot(Complaint("it is derived from itself", "il est dérivé de lui-même"))
        self._generating.append(url)
        try:
            return generate(definition, self._elements)
        finally:
            self._generating.pop()

    def _elements(self, canonical: str) -> list[Json] | None:
        definition = self.structure(canonical)
        return None if definition is None else self._elements_of(definition)

    def lack(self, canonical: str) -> Complaint | None:
        """Say why :meth:`profile` gives nothing."""
        return self._lacks.get(canonical)

    def type(self, code: str) -> Tree | None:
        """Give the tree of a type by its name."""
        return self.profile(FHIR + code)

    def value_set(self, canonical: str) -> ValueSet | None:
        """Give a value set, to be asked about codes."""
        return self.terminology.value_set(canonical)

    def is_value_set(self, url: str) -> bool:
        """Whether a URL is a value set's, and no code system's."""
        return any(p.find(url, VALUE_SET) for p in self.packages) and not any(
            p.find(url, CODE_SYSTEM) for p in self.packages
        )

    def lineage(self, canonical: str) -> tuple[str, ...]:
        """Give the URLs a definition is derived from, itself first, the farthest last."""
        found = self._lineages.get(canonical)
        if found is None:
            chain: list[str] = []
            url = canonical
            while url and url not in chain:
                chain.append(url)
                tree = self.profile(url)
                url = tree.base if tree is not None else ""
            found = self._lineages[canonical] = tuple(chain)
        return found

    def is_type(self, code: str, ancestor: str) -> bool:
        """Whether a type is another or derived from it: Patient is a DomainResource."""
        return code == ancestor or FHIR + ancestor in self.lineage(FHIR + code)

    def search_parameter(self, canonical: str) -> SearchParameter | None:
        """Give what is known of a search parameter."""
        url = canonical.partition("|")[0]
        for package in reversed(self.packages):
            for entry in package.find(url, SEARCH_PARAMETER):
                definition = package.read(entry)
                if "url" not in definition:
                    # The core package has all of them in one table.
                    definition = definition.get(url, {})
                if "type" in definition:
                    base = definition.get("base", ())
                    return SearchParameter(definition["type"], tuple(base))
        return None

    def lay(self, definition: Json) -> None:
        """Lay a differential over its base, to see whether it fits.

        Raises:
            NoSnapshot: It does not; the message says where.
        """
        generate(definition, self._elements, strict=True)

    def missing(self) -> tuple[str, ...]:
        """Name the dependencies that packages announce and nobody loaded."""
        there = {package.name for package in self.packages}
        return tuple(
            dict.fromkeys(
                need
                for package in self.packages
                for need in package.dependencies
                if need.partition("#")[0] not in there
            )
        )

    def urls(self, kind: str = STRUCTURE_DEFINITION) -> tuple[str, ...]:
        """Give the URLs of one kind of definition."""
        return tuple(dict.fromkeys(u for p in self.packages for u in p.urls(kind)))

    def _resource(self, canonical: str, kind: str, *, exact: bool) -> Json | None:
        url, _, version = canonical.partition("|")
        spare: tuple[Package, Entry] | None = None
        for package in reversed(self.packages):
            for entry in package.find(url, kind):
                has = entry.version or package.version
                if not version or has == version or has.startswith(version + "."):
                    return package.read(entry)
                spare = spare or (package, entry)
        if spare is None or exact:
            return None
        return spare[0].read(spare[1])

    def _value_set(self, canonical: str) -> Json | None:
        return self._resource(canonical, VALUE_SET, exact=False)

    def _code_system(self, url: str) -> Json | None:
        return self._resource(url, CODE_SYSTEM, exact=False)

    def _supplements(self, url: str) -> list[Json]:
        """Supplements of packages other than the core; its own one describes an example."""
        found = []
        for package in self.packages[1:]:
            for other in package.urls(CODE_SYSTEM):
                for entry in package.find(other, CODE_SYSTEM):
                    definition = package.read(entry)
                    if definition.get("supplements", "").partition("|")[0] == url:
                        found.append(definition)
        return found
