"""Which rule sets a document is judged by: those of a profile, and the official ones it names.

A profile's folder ``schematrons`` has rule sets of its own, for every document, and a file
``catalogue.toml`` that knows the publisher's folder: which of its rule sets hold for every
document, and which for documents of a template and version. The publisher's folder itself is given
by whoever has it, and taken as it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.validation.cda.folders import Folders, Outside

CATALOGUE = "catalogue.toml"


class CatalogueFault(Exception):
    """A catalogue says what nobody understands; names the file and the key."""


@dataclass(frozen=True, slots=True)
class Schematron:
    """A schema to judge by, and the folders it may read.

    Attributes:
        path: The schema file.
        folders: Where includes and documents may be read from; its own folder where empty.
        phase: Which phase; the schema's default where empty.
    """

    path: Path
    folders: tuple[Path, ...] = ()
    phase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialRuleSet:
    """One rule set of a publisher's folder.

    Attributes:
        file: Its path in that folder.
        template: Root of the header template of the documents it is for; every one where empty.
        version: Extension of that template.
    """

    file: str
    template: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What a profile knows of rule sets.

    Attributes:
        schema: File name of the XML schema of documents, in a folder of schemas.
        reads: Folders its own rule sets read besides theirs, relative to it.
        official_reads: The same of the publisher's.
        official: The publisher's rule sets.
    """

    schema: str = ""
    reads: tuple[str, ...] = ()
    official_reads: tuple[str, ...] = ()
    official: tuple[OfficialRuleSet, ...] = ()

    def choose(
        self, folder: Path, templates: Iterable[tuple[str, str]]
    ) -> tuple[tuple[Schematron, ...], tuple[str, ...]]:
        """Give the rule sets of a publisher's folder for a document, and what cannot be checked.

        A document of a version nobody has rules for is judged by the newest there are.

        Args:
            folder: The publisher's, or one that has it inside.
            templates: Root and extension of the document's header templates.
        """
        base = self._base(folder)
        if not self.official:
            found = tuple(Schematron(path, (base,)) for path in sorted(base.glob("*.sch")))
            return found, () if found else (f"there is no Schematron schema in {folder.name}",)
        inside = Folders([base])
        chosen: list[Schematron] = []
        notes: list[str] = []
        folders = (base, *((base / name).resolve() for name in self.official_reads))
        for one in self._entries(tuple(templates), notes):
            try:
                path = inside.find(one.file, base)
            except Outside:
                path = None
            if path is None:
                notes.append(f"{folder.name} has no rule set {one.file}")
            else:
                chosen.append(Schematron(path, folders))
        return tuple(chosen), tuple(notes)

    def _entries(
        self, templates: tuple[tuple[str, str], ...], notes: list[str]
    ) -> list[OfficialRuleSet]:
        entries = [one for one in self.official if not one.template]
        for root, extension in templates:
            known = [one for one in self.official if one.template and one.template == root]
            if not known:
                continue
            same = [one for one in known if one.version == extension]
            if not same:
                newest = max(known, key=lambda one: one.version)
                notes.append(
                    f"there are no rules for version {extension or 'without number'} of the "
                    f"template {root}; those of {newest.version} were applied"
                )
                same = [newest]
            entries.extend(one for one in same if one not in entries)
        return entries

    def _base(self, folder: Path) -> Path:
        """The publisher's folder, which may stand inside the one that was given."""
        if self.official:
            first = self.official[0].file
            children = [child for child in sorted(folder.glob("*")) if child.is_dir()]
            for place in (folder, *children):
                if (place / first).is_file():
                    return place
        return folder


def read_catalogue(folder: Path) -> Catalogue:
    """Give the catalogue of a profile's folder of rule sets; an empty one where it has none.

    Raises:
        CatalogueFault: When it does not parse or has a key nobody knows.
    """
    path = folder / CATALOGUE
    if not path.is_file():
        return Catalogue()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        official: dict[str, Any] = data.pop("official", {})
        found = Catalogue(
            reads=tuple(data.pop("reads", ())),
            schema=str(official.pop("schema", "")),
            official_reads=tuple(official.pop("reads", ())),
            official=tuple(OfficialRuleSet(**one) for one in official.pop("rule_set", ())),
        )
    except (ValueError, TypeError) as error:
        raise CatalogueFault(f"{path}: {error}") from None
    unknown = [*data, *(f"official.{key}" for key in official)]
    if unknown:
        raise CatalogueFault(f"{path}: nobody knows the key {unknown[0]}")
    return found


def rule_sets_in(folder: Path, catalogue: Catalogue) -> tuple[Schematron, ...]:
    """Give the rule sets of a profile's folder; they are for every document."""
    folders = (folder, *((folder / name).resolve() for name in catalogue.reads))
    return tuple(Schematron(path, folders) for path in sorted(folder.glob("*.sch")))


def schema_in(place: Path, catalogue: Catalogue) -> Path | None:
    """Give the XML schema of clinical documents: a file itself, or found in a folder."""
    if not place.is_dir():
        return place
    if catalogue.schema:
        named = sorted(place.rglob(catalogue.schema), key=lambda path: len(path.parts))
        if named:
            return named[0]
    declares = b'name="ClinicalDocument"'
    found = [path for path in sorted(place.rglob("*.xsd")) if declares in path.read_bytes()]
    return min(found, key=lambda path: (len(path.parts), path.name)) if found else None
