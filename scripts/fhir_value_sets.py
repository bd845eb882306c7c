"""Write a profile's tables of codes as FHIR ValueSets, with the systems FHIR uses for them."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def value_sets(profile: Path) -> Iterator[Json]:
    """Read ``value-sets/*.tsv`` of a profile; nothing where it names no canonical for them.

    ``canonical`` in ``fsh/value-sets.toml`` is the URL, where ``{folder}`` and ``{id}`` stand for
    the two spellings of a table's name.
    """
    naming = profile / "naming.toml"
    names = tomllib.loads(naming.read_text(encoding="utf-8")) if naming.exists() else {}
    told = profile / "fsh" / "value-sets.toml"
    if not told.exists():
        return
    canonical = tomllib.loads(told.read_text(encoding="utf-8"))["canonical"]
    uris = {
        row["oid"]: (row["uri"], *row.get("aliases", ()))
        for row in names.get("system", ())
        if "uri" in row
    }
    for table in sorted((profile / "value-sets").glob("J*.tsv")):
        yield value_set(table, uris, canonical)


def value_set(table: Path, uris: dict[str, tuple[str, ...]], canonical: str) -> Json:
    """Write one table; a system with two URIs in use is included with both."""
    text = table.read_text(encoding="utf-8").splitlines()
    facts = dict(line[2:].split(" ", 1) for line in text if line.startswith("# "))
    rows = list(csv.DictReader((line for line in text if not line.startswith("#")), delimiter="\t"))
    folder = re.sub(r"(_[A-Z]+\d+)_", r"\1-", facts["name"].split()[0]).replace("_CISIS", "-CISIS")
    folder = folder.replace("_DMP", "-DMP")
    identifier = folder.replace("_", "-")
    systems: dict[str, list[Json]] = {}
    for row in rows:
        concept = {"code": row["code"], "display": row["display"]}
        for uri in uris.get(row["system"], (f"urn:oid:{row['system']}",)):
            systems.setdefault(uri, []).append(concept)
    resource: Json = {
        "resourceType": "ValueSet",
        "id": identifier,
        "url": canonical.format(folder=folder, id=identifier),
        "version": facts.get("version", facts["date"]).split(" ")[0],
        "name": identifier.replace("-", "_"),
        "title": facts["name"],
        "status": "active",
        "experimental": False,
        "date": facts["date"],
        "description": f"Source: {facts['source']}",
        "compose": {"include": [{"system": s, "concept": c} for s, c in systems.items()]},
    }
    if facts.get("oid", "unknown") != "unknown":
        resource["identifier"] = [
            {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{facts['oid']}"}
        ]
    return resource
