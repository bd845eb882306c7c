"""Where definitions come from: FHIR packages as they are, and the core package that ships.

A package is a ``.tgz`` of the FHIR registries, a folder with ``package/`` in it (an entry of
``~/.fhir/packages``), or a folder of bare JSON files. Nothing is parsed before somebody asks for
its canonical URL, except what is needed to know the URLs: the package's own ``.index.json``, or
the files where there is none. Only StructureDefinitions, ValueSets, CodeSystems and
SearchParameters are taken.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

Json = dict[str, Any]

CORE = Path("fhir-r4") / "core.zip"
"""The core package's place below the folder ``profiles``."""

STRUCTURE_DEFINITION, VALUE_SET, CODE_SYSTEM, SEARCH_PARAMETER = "S", "V", "C", "P"
SEARCH_PARAMETERS = "search-parameters"
"""In the core package, one entry with the type and bases of each search parameter."""
_KINDS = {
    "StructureDefinition": STRUCTURE_DEFINITION,
    "ValueSet": VALUE_SET,
    "CodeSystem": CODE_SYSTEM,
    "SearchParameter": SEARCH_PARAMETER,
}
_BEFORE_ELEMENTS = b',"snapshot":{"element":[\n'
_LOCAL_HEADER = 30
_MAX_MEMBER = 32 * 1024 * 1024
_MAX_PACKAGE = 1024 * 1024 * 1024


class PackageError(Exception):
    """A package cannot be read: the path is wrong, or what is there is no FHIR package."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a package holds under one canonical URL.

    Attributes:
        kind: ``S``, ``V``, ``C`` or ``P``: StructureDefinition, ValueSet, CodeSystem,
            SearchParameter.
        version: Business version; empty where the definition has none.
        place: Where the package finds it again.
    """

    kind: str
    version: str
    place: Any


class Package(Protocol):
    """Definitions by canonical URL, read when asked for."""

    name: str
    version: str
    dependencies: tuple[str, ...]

    def find(self, url: str, kind: str) -> tuple[Entry, ...]:
        """Give what is there under a URL, all versions of it."""
        ...

    def read(self, entry: Entry) -> Json:
        """Give a definition."""
        ...

    def urls(self, kind: str) -> Iterator[str]:
        """Give the URLs of one kind of definition."""
        ...


class CoreArchive:
    """The core package of ``scripts/core_package.py``, read without the zip's directory."""

    dependencies: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
        except OSError as problem:
            raise PackageError(f"the core package is not at {path}: {problem.strerror}") from None
        header = self._file.read(_LOCAL_HEADER)
        name = int.from_bytes(header[26:28], "little")
        extra = int.from_bytes(header[28:30], "little")
        length = int.from_bytes(header[18:22], "little")
        if header[:4] != b"PK\x03\x04" or self._file.read(name) != b"index.json":
            raise PackageError(f"{path} is not a core package; scripts/core_package.py writes it")
        self._start = _LOCAL_HEADER + name + extra + length
        self._file.seek(_LOCAL_HEADER + name + extra)
        index = orjson.loads(zlib.decompress(self._file.read(length), -15))
        self.name: str = index["package"]
        self.version: str = index["version"]
        self._entries: dict[str, list[Any]] = index["entries"]

    def find(self, url: str, kind: str) -> tuple[Entry, ...]:
        """Give what is there under a URL."""
        if kind == SEARCH_PARAMETER:
            url = SEARCH_PARAMETERS
        found = self._entries.get(url)
        if found is None or found[2] != kind:
            return ()
        return (Entry(kind, "", (found[0], found[1])),)

    def read(self, entry: Entry) -> Json:
        """Give a definition."""
        start, length = entry.place
        self._file.seek(self._start + start)
        definition: Json = orjson.loads(zlib.decompress(self._file.read(length), -15))
        return definition

    def urls(self, kind: str) -> Iterator[str]:
        """Give the URLs of one kind of definition."""
        return (url for url, entry in self._entries.items() if entry[2] == kind)


class FilePackage:
    """A package whose definitions are files: of a folder, or of an archive kept in memory."""

    def __init__(self, path: Path) -> None:
        self._members: dict[str, bytes] = {}
        self._folder: Path | None = None
        if path.is_dir():
            inner = path / "package"
            self._folder = inner if inner.is_dir() else path
        elif path.is_file():
            self._members = dict(_members(path))
        else:
            raise PackageError(f"there is no FHIR package at {path}")
        about = self._manifest()
        self.name: str = str(about.get("name") or path.name)
        self.version: str = str(about.get("version") or "")
        needs = about.get("dependencies")
        self.dependencies: tuple[str, ...] = tuple(
            f"{name}#{version}"
            for name, version in (needs.items() if isinstance(needs, dict) else ())
        )
        self._entries: dict[tuple[str, str], tuple[Entry, ...]] = {}
        if not self._by_index():
            self._by_files()
        if not self._entries and not about:
            raise PackageError(
                f"{path} holds no StructureDefinition, ValueSet or CodeSystem in JSON"
            )

    def find(self, url: str, kind: str) -> tuple[Entry, ...]:
        """Give what is there under a URL, all versions of it."""
        return self._entries.get((url, kind), ())

    def read(self, entry: Entry) -> Json:
        """Give a definition."""
        definition = _json(self._octets(entry.place))
        if definition is None:
            raise PackageError(f"{entry.place} of {self.name} is not a JSON object")
        return definition

    def urls(self, kind: str) -> Iterator[str]:
        """Give the URLs of one kind of definition."""
        return (url for url, of_kind in self._entries if of_kind == kind)

    def _octets(self, name: str) -> bytes:
        if self._folder is None:
            return self._members[name]
        return (self._folder / name).read_bytes()

    def _manifest(self) -> Json:
        try:
            return _json(self._octets("package.json")) or {}
        except (KeyError, OSError):
            return {}

    def _names(self) -> list[str]:
        if self._folder is None:
            return sorted(self._members)
        return sorted(p.name for p in self._folder.iterdir() if p.suffix == ".json")

    def _by_index(self) -> bool:
        """Take the package's word for what is in it, when each file it names is there."""
        try:
            index = _json(self._octets(".index.json")) or {}
        except (KeyError, OSError):
            return False
        files = index.get("files")
        names = set(self._names())
        if not isinstance(files, list):
            return False
        for file in files:
            if file.get("resourceType") not in _KINDS or "url" not in file:
                continue
            if file.get("filename") not in names:
                return False
            self._add(file, file["filename"])
        return bool(self._entries)

    def _by_files(self) -> None:
        self._entries.clear()
        for name in self._names():
            octets = self._octets(name)
            definition = _head(octets) or _json(octets)
            if definition and definition.get("resourceType") in _KINDS and "url" in definition:
                self._add(definition, name)

    def _add(self, about: Json, name: str) -> None:
        kind = _KINDS[about["resourceType"]]
        entry = Entry(kind, str(about.get("version", "")), name)
        key = (str(about["url"]), kind)
        self._entries[key] = (entry, *self._entries.get(key, ()))


def read_package(path: Path) -> Package:
    """Open a package.

    Raises:
        PackageError: There is none at the path.
    """
    if path.suffix == ".zip" and path.is_file():
        return CoreArchive(path)
    return FilePackage(path)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the files of a package's archive that can matter, within bounds."""
    import tarfile

    total = 0
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                folder, _, name = member.name.removeprefix("./").rpartition("/")
                if folder != "package" or not member.isfile() or not name.endswith(".json"):
                    continue
                total += member.size
                if member.size > _MAX_MEMBER or total > _MAX_PACKAGE:
                    raise PackageError(f"{path} is too large: {name} has {member.size} octets")
                if name.partition("-")[0] in _KINDS or name in ("package.json", ".index.json"):
                    file = archive.extractfile(member)
                    if file is not None:
                        yield name, file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as problem:
        raise PackageError(f"{path} cannot be read as a FHIR package: {problem}") from None


def _head(octets: bytes) -> Json | None:
    """Read the first members of a resource from its text, where that is laid out line by line.

    A package may have megabytes of definitions of which a run needs two. In JSON indented by two,
    a line that begins with two spaces and a name is a member of the resource itself, since no
    string holds a line break.
    """
    first = octets[: octets.find(b"\n") + 1]
    if first.endswith(_BEFORE_ELEMENTS):
        # Our own packages have a line for each element, and everything else before them.
        return _json(first + b"]}}")
    if first.rstrip() != b"{" or octets[len(first) : len(first) + 3] != b'  "':
        return None
    found: Json = {}
    for name in ("resourceType", "url", "version"):
        start = octets.find(b'\n  "%s": "' % name.encode())
        if start >= 0:
            start += len(name) + 8
            value = octets[start : octets.find(b'"', start)]
            if b"\\" in value:
                return None
            found[name] = value.decode()
    return found if "resourceType" in found and "url" in found else None


def _json(octets: bytes) -> Json | None:
    try:
        value = orjson.loads(octets.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
