"""The public cases of HL7's validator, and how our verdicts compare with those stored for Java's.

The cases are the repository FHIR/fhir-test-cases, whose checkout ``FHIR_TEST_CASES`` names; none
of them is part of this one. ``python -m tests.validation.fhir.hl7_cases`` prints the figure and
every disagreement, with what either side says.

Compared are the R4 cases in JSON that need no package, no terminology server and no special module
(CDS Hooks, questionnaires, signatures, health cards, JSON 5, matching, measures, packages by
version, the form of files, the details of XHTML), and whose manifest names a stored outcome of the
Java validator for the resource as it is: 141 cases, 67 with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway.validation.fhir import CORE, Definitions, Manner, Validator
from gateway.validation.fhir.packages import read_package
from gateway.validation.fhir.reading import read
from gateway.validation.issue import Issue, IssueSeverity, fails

PROFILES = Path(__file__).resolve().parents[3] / "profiles"
MODULES = frozenset(
    (
        "api",
        "bundle",
        "extensions",
        "general",
        "invariants",
        "profile",
        "references",
        "sd",
        "security",
        "xver",
    )
)
HL7 = "http://hl7.org/fhir/"
"""Java loads HL7's packages of extensions of every version, so it knows whatever begins so."""
EXAMPLES = "http://example.org/"
Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        entry: What the manifest says of it.
        folder: Where its files are.
        errors: The errors of the stored outcome.
    """

    entry: Json
    folder: Path
    errors: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name the manifest gives it."""
        return str(self.entry["name"])

    @property
    def expected(self) -> bool:
        """Whether the Java validator finds it good."""
        return not self.errors


def folder_of_cases() -> Path | None:
    """Give the folder of the checkout, where there is one."""
    named = os.environ.get("FHIR_TEST_CASES")
    folder = Path(named) / "validator" if named else None
    return folder if folder is not None and (folder / "manifest.json").is_file() else None


def manifest(folder: Path) -> list[Json]:
    """Give all cases of the manifest."""
    entries: list[Json] = json.loads((folder / "manifest.json").read_text("utf-8"))["test-cases"]
    return entries


def r4_json(folder: Path) -> list[Json]:
    """Give those for R4 in JSON."""
    return [
        entry
        for entry in manifest(folder)
        if str(entry.get("version", "")).startswith("4.0") and entry["file"].endswith(".json")
    ]


def cases(folder: Path) -> Iterator[Case]:
    """Give the cases that are compared."""
    for entry in r4_json(folder):
        profile = entry.get("profile")
        if (
            entry.get("packages")
            or entry.get("package-map")
            or (isinstance(profile, dict) and profile.get("packages"))
            or entry.get("module") not in MODULES
            or not isinstance(entry.get("java"), str)
        ):
            continue
        stored = folder / "outcomes" / entry["java"]
        if not stored.is_file():
            continue
        issues = json.loads(stored.read_text("utf-8")).get("issue", [])
        errors = tuple(
            f"{' '.join(one.get('expression', []))}: {one['details']['text']}"
            for one in issues
            if one["severity"] in ("error", "fatal")
        )
        yield Case(entry, folder, errors)


def judge(case: Case) -> tuple[Issue, ...]:
    """Judge a case's resource the way the case asks for: with its profiles, in its mode."""
    reading = read((case.folder / case.entry["file"]).read_bytes())
    if reading.resource is None:
        return reading.issues
    with TemporaryDirectory() as place:
        package = Path(place)
        asked: list[str] = []
        for number, name in enumerate((*_names(case, "profiles"), *_names(case, "supporting"))):
            known = read((case.folder / name).read_bytes()).resource
            if known is not None:
                asked += _global_profiles(known, reading.resource)
                (package / f"{number}.json").write_text(_as_json(known), "utf-8")
        packages = [_core()]
        if any(package.iterdir()):
            packages.append(read_package(package))
        validator = Validator(Definitions(packages), _manner(case))
        found = validator.validate(reading.resource, asked)
    if case.entry.get("validateContains") == "IGNORE":
        found = tuple(i for i in found if ".contained[" not in i.location and i.rule != "dom-3")
    return (*reading.issues, *found)


def _global_profiles(known: Json, resource: Json) -> list[str]:
    """Give the profiles an implementation guide wants for all resources of a type."""
    if known.get("resourceType") != "ImplementationGuide":
        return []
    kind = resource.get("resourceType")
    return [one["profile"] for one in known.get("global", ()) if one["type"] == kind]


def _manner(case: Case) -> Manner:
    """Read how the case wants to be judged; the Java tests allow no unknown extension."""
    asked, error = case.entry, IssueSeverity.ERROR
    known = [HL7]
    if asked.get("examples") is not False:
        known.append(EXAMPLES)
    if "allowed-extension-domain" in asked:
        known.append(asked["allowed-extension-domain"])
    return Manner(
        unknown_extensions=error,
        known_domains=tuple(known),
        example_urls=error if asked.get("examples") is False else None,
        markup=error if asked.get("security-checks") else None,
        absent_targets=error if asked.get("validateReference") else None,
    )


def _names(case: Case, member: str) -> list[str]:
    return [name for name in case.entry.get(member, []) if name.endswith((".json", ".xml"))]


def _as_json(resource: Json) -> str:
    from gateway.codecs.fhir.lexical import write_json

    return write_json(resource).decode("utf-8")


@cache
def _core() -> Any:
    return read_package(PROFILES / CORE)


@dataclass(frozen=True)
class Compared:
    """A case, and what we found."""

    case: Case
    found: tuple[Issue, ...]

    @property
    def agrees(self) -> bool:
        """Whether both verdicts are the same."""
        return fails(self.found) != self.case.expected

    @property
    def is_false_alarm(self) -> bool:
        """Whether only we find an error."""
        return not self.agrees and self.case.expected


def compare(folder: Path) -> list[Compared]:
    """Judge every case."""
    return [Compared(case, judge(case)) for case in cases(folder)]


def main() -> int:
    """Print the figure, and the disagreements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", help="only this one, with all that is found")
    parser.add_argument("--brief", action="store_true", help="names only")
    asked = parser.parse_args()
    folder = folder_of_cases()
    if folder is None:
        sys.stderr.write("FHIR_TEST_CASES names no checkout of FHIR/fhir-test-cases\n")
        return 2
    chosen = [c for c in cases(folder) if not asked.case or c.name == asked.case]
    compared = [Compared(case, judge(case)) for case in chosen]
    write = sys.stdout.write
    for one in compared:
        if one.agrees and not asked.case:
            continue
        said = "false alarm" if one.is_false_alarm else "agreed" if one.agrees else "missed"
        write(f"{said}: {one.case.name} ({one.case.entry['module']}, {one.case.entry['file']})\n")
        if asked.brief:
            continue
        for error in one.case.errors[:6]:
            write(f"    Java  {error[:200]}\n")
        for issue in one.found:
            if asked.case or issue.severity == "error":
                write(
                    f"    ours  {issue.severity} {issue.rule} {issue.location}: {issue.message}\n"
                )
    equal = sum(one.agrees for one in compared)
    alarms = sum(one.is_false_alarm for one in compared)
    write(f"{equal} of {len(compared)} verdicts equal, {alarms} false alarms\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
