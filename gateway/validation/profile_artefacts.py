"""The files of a profile that its engines read: FHIR definitions and Schematron rule sets.

The gateway starts without looking at them, and whoever judges a document finds out late that one
of them cannot be read. Here all of them are opened: what cannot be read is a fault, what can be
read and is probably not meant a remark.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.codecs.xml import XmlRefused, read_xml
from gateway.profile import ProfileFault

DEFINITIONS = "structure-definitions"
SCHEMATRONS = "schematrons"
_OF_THE_PACKAGE = ("package.json", ".index.json")
_CATALOGUE = "catalogue.toml"
_SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
_CONFORMANCE = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "SearchParameter")


def definitions(place: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Give the FHIR definitions of a profile's folder, by file.

    Raises:
        ProfileFault: When one is no JSON, or no FHIR resource.
    """
    found = []
    for path in sorted((place / DEFINITIONS).glob("*.json")):
        if path.name in _OF_THE_PACKAGE:
            continue
        try:
            resource = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ProfileFault(f"{path}: {error}; write it anew from its source") from None
        if not isinstance(resource, dict) or not resource.get("resourceType"):
            raise ProfileFault(f"{path}: is no FHIR resource; keep nothing else in {DEFINITIONS}")
        found.append((path, resource))
    return found


def check_definitions(place: Path) -> Iterator[tuple[str, str]]:
    """Give file and remark for each definition that will not serve as it is meant.

    Raises:
        ProfileFault: As :func:`definitions`.
    """
    seen: dict[str, str] = {}
    for path, resource in definitions(place):
        file = f"{DEFINITIONS}/{path.name}"
        kind = str(resource["resourceType"])
        if kind not in _CONFORMANCE:
            yield file, f"is a {kind}; only {', '.join(_CONFORMANCE)} are read here"
            continue
        url = str(resource.get("url") or "")
        if not url:
            yield file, "has no url, so nothing can refer to it; give it a canonical one"
        elif url in seen:
            yield file, f"has the url of {seen[url]}; one of them is never read, give it its own"
        seen.setdefault(url, path.name)
        if kind == "StructureDefinition" and not resource.get("snapshot", {}).get("element"):
            yield file, "has no snapshot; make profiles writes one"


def check_schematrons(place: Path) -> Iterator[tuple[str, str]]:
    """Give file and remark for each rule set that will not serve as it is meant.

    Raises:
        ProfileFault: When a rule set is no XML, or the catalogue no TOML.
    """
    folder = place / SCHEMATRONS
    catalogue = folder / _CATALOGUE
    if catalogue.exists():
        try:
            tomllib.loads(catalogue.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ProfileFault(f"{catalogue}: {error}") from None
    for path in sorted(folder.rglob("*.sch")):
        file = path.relative_to(place).as_posix()
        try:
            root = read_xml(path.read_bytes())
        except XmlRefused as refused:
            raise ProfileFault(f"{path}: {refused.location}: {refused.message}") from None
        if root.tag not in (f"{{{_SCHEMATRON}}}schema", f"{{{_SCHEMATRON}}}pattern"):
            yield file, "is no ISO Schematron; its root is schema, or pattern for an included file"
            continue
        for include in root.iter(f"{{{_SCHEMATRON}}}include"):
            href = (include.get("href") or "").partition("#")[0]
            names = {one.name.lower() for one in (path.parent / href).parent.glob("*")}
            if not href or Path(href).name.lower() not in names:
                yield file, f"includes {href or 'nothing'}, which is not there"
        seen: set[str] = set()
        for kind in ("assert", "report"):
            for check in root.iter(f"{{{_SCHEMATRON}}}{kind}"):
                name = check.get("id") or ""
                if not name:
                    yield file, f"line {check.sourceline}: has no id, so no report can name it"
                elif name in seen:
                    yield file, f"{name} is the id of two checks; give each its own"
                seen.add(name)
