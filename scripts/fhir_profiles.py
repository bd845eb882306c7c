"""Compile the FSH sources of the profiles into FHIR packages: ``make profiles``.

Each folder ``profiles/<name>/fsh/<guide>`` holds one guide in FHIR Shorthand; SUSHI (pinned in
``scripts/sushi``, the one thing here that needs Node) writes StructureDefinitions with snapshots
from it. They are stored trimmed in ``profiles/<name>/structure-definitions``, which is a FHIR
package folder: what the validator loads. Value sets that a profile keeps as tables
(``profiles/<name>/value-sets/*.tsv``) become FHIR ValueSets there too.

A snapshot repeats the prose of the base definitions in every profile. What no check and no message
needs (definitions, comments, mappings) is left out, one element is one line, so the tree stays
small and a change can be reviewed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts.fhir_value_sets import value_sets

ROOT = Path(__file__).resolve().parents[1]
PROFILES = ROOT / "profiles"
COMPILER = ROOT / "scripts" / "sushi"
BUILD = ROOT / "build" / "sushi"
CORE = "hl7.fhir.r4.core#4.0.1"

# Guides in the order they stand on each other: (profile, guide).
GUIDES = (
    ("ihe", "balp"),
    ("ihe", "mhd"),
    ("ihe", "pcf"),
    ("ihe", "gateway"),
    ("fr-dmp", "pdsm"),
    ("fr-dmp", "dmp"),
    ("fr-dmp", "record"),
)

# What a check or a message needs of a StructureDefinition and of its elements.
DEFINITION = (
    "resourceType",
    "id",
    "url",
    "version",
    "name",
    "title",
    "status",
    "experimental",
    "publisher",
    "description",
    "fhirVersion",
    "kind",
    "abstract",
    "context",
    "contextInvariant",
    "type",
    "baseDefinition",
    "derivation",
)
ELEMENT = (
    "id",
    "path",
    "representation",
    "sliceName",
    "sliceIsConstraining",
    "short",
    "slicing",
    "min",
    "max",
    "base",
    "contentReference",
    "type",
    "maxLength",
    "constraint",
    "mustSupport",
    "isModifier",
    "binding",
)
CONSTRAINT = ("key", "severity", "human", "expression", "source")
BASE = "http://hl7.org/fhir/StructureDefinition/"
VALUES = ("fixed", "pattern", "minValue", "maxValue")

Json = dict[str, Any]


def install_compiler() -> Path:
    """Install the pinned compiler under ``build/`` and name its command."""
    command = BUILD / "node_modules" / ".bin" / "sushi"
    lock, stamp = COMPILER / "package-lock.json", BUILD / "installed.json"
    if not command.exists() or not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        BUILD.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(COMPILER / name, BUILD / name)
        subprocess.run(
            ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"),
            cwd=BUILD,
            check=True,
        )
        stamp.write_bytes(lock.read_bytes())
    return command


def seed_core(packages: Path) -> None:
    """Put the core package of R4 where the compiler looks for packages."""
    target = packages / CORE
    own = Path.home() / ".fhir" / "packages" / CORE
    if own.is_dir():
        target.symlink_to(own)
        return
    archives = sorted((PROFILES / "fhir-r4").glob("*core*.tgz"))
    if not archives:
        raise SystemExit(f"no core package: neither in profiles/fhir-r4 nor as {CORE} in ~/.fhir")
    target.mkdir()
    with tarfile.open(archives[0]) as archive:
        archive.extractall(target, filter="data")


def compile_guide(command: Path, source: Path, home: Path) -> list[Json]:
    """Compile one guide; stop at the compiler's first error."""
    project = home / "projects" / source.name
    (project / "input" / "fsh").mkdir(parents=True)
    shutil.copy(source / "sushi-config.yaml", project)
    for text in sorted(source.glob("*.fsh")):
        shutil.copy(text, project / "input" / "fsh")
    run = subprocess.run(
        (str(command), "build", "--snapshot", str(project)),
        env={**os.environ, "HOME": str(home), "CI": "true"},
        capture_output=True,
        check=False,
        text=True,
    )
    complaints = [part for part in run.stdout.split("\n") if part.startswith(("error", "  File"))]
    if run.returncode or any(line.startswith("error") for line in complaints):
        raise SystemExit(f"{source.name}: not compiled\n" + "\n".join(complaints) + run.stderr)
    generated = sorted((project / "fsh-generated" / "resources").glob("*.json"))
    resources = [json.loads(file.read_text(encoding="utf-8")) for file in generated]
    for resource in resources:
        resource.pop("date", None)  # the moment of compiling, which is no fact of the guide
    return resources


def publish(packages: Path, config: Path, resources: Iterable[Json]) -> None:
    """Keep a compiled guide as a package, for the guides that stand on it."""
    facts = dict(
        line.split(": ", 1)
        for line in config.read_text(encoding="utf-8").splitlines()
        if ": " in line
    )
    folder = packages / f"{facts['id']}#{facts['version']}" / "package"
    folder.mkdir(parents=True)
    manifest = {
        "name": facts["id"],
        "version": facts["version"],
        "canonical": facts["canonical"],
        "fhirVersions": ["4.0.1"],
        "dependencies": {"hl7.fhir.r4.core": "4.0.1"},
    }
    (folder / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    for resource in resources:
        name = f"{resource['resourceType']}-{resource['id']}.json"
        (folder / name).write_text(json.dumps(resource), encoding="utf-8")


def trimmed(resource: Json) -> Json:
    """Leave out what neither a check nor a message needs."""
    if resource["resourceType"] != "StructureDefinition":
        return resource
    small = {key: resource[key] for key in DEFINITION if key in resource}
    small["snapshot"] = {"element": [trimmed_element(e) for e in resource["snapshot"]["element"]]}
    return small


def trimmed_element(element: Json) -> Json:
    """One element of a snapshot: what it demands, and what a message says of it."""
    small = {
        key: value for key, value in element.items() if key in ELEMENT or key.startswith(VALUES)
    }
    if "constraint" in small:
        small["constraint"] = [trimmed_constraint(rule) for rule in small["constraint"]]
    if "binding" in small:
        small["binding"] = trimmed_binding(small["binding"])
    if not small.get("mustSupport", True):
        del small["mustSupport"]
    if not small.get("isModifier", True):
        del small["isModifier"]
    return small


def trimmed_constraint(rule: Json) -> Json:
    """One invariant, with its source where that is not the base specification."""
    small = {key: value for key, value in rule.items() if key in CONSTRAINT}
    if small.get("source", "").startswith(BASE):
        del small["source"]
    return small


def trimmed_binding(binding: Json) -> Json:
    """One binding; of its extensions only the value set that holds at the most."""
    small = {key: value for key, value in binding.items() if key in ("strength", "valueSet")}
    kept = [told for told in binding.get("extension", ()) if told["url"].endswith("-maxValueSet")]
    return {"extension": kept, **small} if kept else small


def lines(resource: Json) -> str:
    """Write a resource compactly, one element of a snapshot or one code a line."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    if resource["resourceType"] == "StructureDefinition":
        head = {key: value for key, value in resource.items() if key != "snapshot"}
        elements = ",\n".join(compact(element) for element in resource["snapshot"]["element"])
        return f'{compact(head)[:-1]},"snapshot":{{"element":[\n{elements}\n]}}}}\n'
    return compact(resource) + "\n"


def manifest(name: str) -> Json:
    """Describe a profile's package, after its ``profile.toml``."""
    profile = tomllib.loads((PROFILES / name / "profile.toml").read_text(encoding="utf-8"))
    needs = {"hl7.fhir.r4.core": "4.0.1"}
    if "extends" in profile:
        needs[f"profile.{profile['extends']}"] = "1"
    return {
        "name": f"profile.{name}",
        "version": f"{profile['version']}.0.0",
        "title": profile["title"],
        "license": "Apache-2.0",
        "fhirVersions": ["4.0.1"],
        "dependencies": needs,
    }


def compiled() -> Iterator[tuple[str, list[Json]]]:
    """Compile every guide; yield each profile's name and resources."""
    command = install_compiler()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        packages = home / ".fhir" / "packages"
        packages.mkdir(parents=True)
        seed_core(packages)
        for profile, guide in GUIDES:
            source = PROFILES / profile / "fsh" / guide
            if not (source / "sushi-config.yaml").exists():
                continue
            resources = compile_guide(command, source, home)
            publish(packages, source / "sushi-config.yaml", resources)
            print(f"{profile}/{guide}: {len(resources)} resources", file=sys.stderr)
            yield profile, resources


def write(profile: str, resources: Iterable[Json]) -> None:
    """Replace a profile's package folder."""
    folder = PROFILES / profile / "structure-definitions"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    text = json.dumps(manifest(profile), ensure_ascii=False, indent=2) + "\n"
    (folder / "package.json").write_text(text, encoding="utf-8")
    for resource in resources:
        name = f"{resource['resourceType']}-{resource['id']}.json"
        (folder / name).write_text(lines(trimmed(resource)), encoding="utf-8")


def main() -> None:
    """Compile, trim and store everything."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found: dict[str, list[Json]] = {name: [] for name, _ in GUIDES}
    for profile, resources in compiled():
        found.setdefault(profile, []).extend(resources)
    for profile, resources in found.items():
        write(profile, [*resources, *value_sets(PROFILES / profile)])


if __name__ == "__main__":
    main()
