"""Read a Schematron schema with all it includes into one tree.

What is absent or damaged does not stop the rest: it is noted, and the rules that are there still
run. Every file that was read is named with its digest, so that a compiled rule set is known to be
of these very sources.

Source:
    ISO/IEC 19757-3:2016: 5.4.4 extends, 5.4.6 include.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from gateway.codecs.xml import Element, XmlLimits, XmlRefused, read_xml
from gateway.validation.cda.folders import Folders, Outside

SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
ISO = f"{{{SCHEMATRON}}}"
ORIGIN = "{urn:gateway:schematron}origin"
"""Attribute on the top of what was included: the file it came from."""

_LIMITS = XmlLimits(octets=64 * 1024 * 1024, nodes=2_000_000)
_DEEPEST = 32
_MOST_PARTS = 5_000


class SchematronFault(Exception):
    """A file cannot be used as a Schematron schema at all; says why and what would be."""


@dataclass(slots=True)
class Sources:
    """One schema with its includes put in place.

    Attributes:
        schema: The root element; includes and extensions by reference are gone.
        files: What was read, each with its SHA-256.
        absent: What was asked for and is not there.
        notes: What could not be read, one sentence each.
    """

    schema: Element
    files: dict[Path, str] = field(default_factory=dict)
    absent: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_sources(path: Path, folders: Folders) -> Sources:
    """Read a schema and everything it includes.

    Raises:
        SchematronFault: When the file itself is not there, no XML, or no Schematron schema.
    """
    files: dict[Path, str] = {}
    try:
        root = _read(path, files)
    except OSError as error:
        raise SchematronFault(f"{path.name} cannot be read: {error.strerror}") from None
    except XmlRefused as refused:
        raise SchematronFault(f"{path.name}, {refused.location}: {refused.message}") from None
    if root.tag != f"{ISO}schema":
        raise SchematronFault(
            f"{path.name} is no Schematron schema: its root element is {root.tag!s}; "
            f"give a file whose root is schema in the namespace {SCHEMATRON}"
        )
    sources = Sources(root, files)
    root.set(ORIGIN, path.name)
    _Includer(sources, path, folders).resolve(root, (path,))
    return sources


class _Includer:
    def __init__(self, sources: Sources, schema: Path, folders: Folders) -> None:
        self._sources = sources
        self._top = schema.parent
        self._folders = folders
        self._trees: dict[Path, Element | None] = {}
        self._parts = 0
        self._inside: list[tuple[Path, str]] = []

    def resolve(self, element: Element, chain: tuple[Path, ...]) -> None:
        """Put in place what an element includes, itself and below."""
        for reference in list(_references(element)):
            self._replace(reference, chain)

    def _replace(self, reference: Element, chain: tuple[Path, ...]) -> None:
        parent = reference.getparent()
        if parent is None:
            return
        found = self._included(reference, chain)
        place = parent.index(reference)
        tail = reference.tail
        if found is None:
            _remove(reference)
            return
        part, path = found
        copy = deepcopy(part)
        copy.tail = None
        copy.set(ORIGIN, self._name(path))
        self._inside.append((path, str(reference.get("href")).partition("#")[2].strip()))
        self.resolve(copy, (*chain, path))
        self._inside.pop()
        # An extension by reference takes what is inside, an include the element itself.
        put = list(copy) if reference.tag == f"{ISO}extends" else [copy]
        for one in put:
            if one.get(ORIGIN) is None:
                one.set(ORIGIN, self._name(path))
        parent[place : place + 1] = put
        if put:
            put[-1].tail = tail

    def _included(self, reference: Element, chain: tuple[Path, ...]) -> tuple[Element, Path] | None:
        href = str(reference.get("href") or "").strip()
        name, _, fragment = href.partition("#")
        path = self._path(href, name, chain)
        if path is None:
            return None
        if (path, fragment) in self._inside or (path in chain and not fragment):
            self._note(f"{self._name(chain[-1])} includes {href} again, which includes it")
            return None
        self._parts += 1
        if self._parts > _MOST_PARTS:
            self._note(f"more than {_MOST_PARTS} parts are included; the rest is left out")
            return None
        if len(chain) >= _DEEPEST:
            self._note(f"{self._name(chain[-1])} includes {href} more than {_DEEPEST} deep")
            return None
        tree = self._tree(path, href, chain[-1])
        if tree is None:
            return None
        part = tree
        if fragment:
            named = next((one for one in tree.iter(f"{ISO}*") if one.get("id") == fragment), None)
            if named is None:
                self._note(f"{self._name(chain[-1])} includes {href}, which has no such id")
                return None
            part = named
        if part.tag == f"{ISO}schema":
            self._note(f"{self._name(chain[-1])} includes {href}, which is a whole schema")
            return None
        if not str(part.tag).startswith(ISO):
            self._note(f"{self._name(chain[-1])} includes {href}, which is no Schematron")
            return None
        return part, path

    def _path(self, href: str, name: str, chain: tuple[Path, ...]) -> Path | None:
        if not href:
            self._note(f"{self._name(chain[-1])} includes something without saying what")
            return None
        if not name:
            return chain[-1]
        try:
            path = self._folders.find(name, chain[-1].parent)
        except Outside:
            self._note(
                f"{self._name(chain[-1])} includes {href}, which is outside the rule set's folder"
            )
            return None
        if path is None:
            self._sources.absent.append(chain[-1].parent / name)
            self._note(f"{self._name(chain[-1])} includes {href}, which is not there")
        return path

    def _tree(self, path: Path, href: str, asked_by: Path) -> Element | None:
        if path not in self._trees:
            self._trees[path] = None
            try:
                self._trees[path] = _read(path, self._sources.files)
            except OSError as error:
                self._note(f"{href} cannot be read: {error.strerror}")
            except XmlRefused as refused:
                self._note(
                    f"{self._name(asked_by)} includes {href}, {refused.location}: {refused.message}"
                )
        return self._trees[path]

    def _name(self, path: Path) -> str:
        """The file as somebody who looks into the folder calls it."""
        for root in self._folders.roots:
            if root in path.resolve().parents:
                return path.resolve().relative_to(root).as_posix()
        return path.name

    def _note(self, note: str) -> None:
        if note not in self._sources.notes:
            self._sources.notes.append(note)


def _references(element: Element) -> Iterator[Element]:
    for one in element.iter(f"{ISO}include", f"{ISO}extends"):
        if one.tag == f"{ISO}include" or one.get("href") is not None:
            yield one


def _read(path: Path, files: dict[Path, str]) -> Element:
    octets = path.read_bytes()
    files[path] = hashlib.sha256(octets).hexdigest()
    return read_xml(octets, limits=_LIMITS, keep_blanks=True)


def _remove(element: Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)
