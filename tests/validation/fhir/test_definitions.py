"""Our StructureDefinitions demand what IHE's own demand, element by element.

They are written anew from the facts of the guides, so nothing but a comparison shows that a line
was forgotten. The definitions that the guides' authors publish lie outside the project.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shared import shared

OURS = Path(__file__).resolve().parents[3] / "profiles" / "ihe" / "structure-definitions"
OFFICIAL = ("data/ihe/mhd", "data/ihe/balp")

Json = dict[str, Any]

# (definition, element, what): why ours differs on purpose. None has been needed yet. What an
# element says without asking anything (members of a type spelled out again) is not compared.
INTENDED: dict[tuple[str, str, str], str] = {}


def definitions(folder: Path) -> Iterator[Json]:
    """Read the conformance resources of a folder."""
    for file in sorted(folder.glob("*.json")):
        resource = json.loads(file.read_text(encoding="utf-8"))
        if resource.get("resourceType") in ("StructureDefinition", "ValueSet", "CodeSystem"):
            yield resource


def official() -> dict[str, Json]:
    """Read what the authors of the guides publish, by canonical URL."""
    return {r["url"]: r for folder in OFFICIAL for r in definitions(shared(folder))}


def demands(element: Json) -> Json:
    """What an element asks of an instance, in an order of no account."""
    told: Json = {key: element.get(key) for key in ("min", "max", "contentReference")}
    told["type"] = sorted(
        (
            kind["code"],
            tuple(sorted(kind.get("profile", ()))),
            tuple(sorted(kind.get("targetProfile", ()))),
            tuple(sorted(kind.get("aggregation", ()))),
        )
        for kind in element.get("type", ())
    )
    told["value"] = {k: v for k, v in element.items() if k.startswith(("fixed", "pattern"))}
    slicing = element.get("slicing", {})
    told["slicing"] = (
        [tuple(sorted(d.items())) for d in slicing.get("discriminator", ())],
        slicing.get("rules"),
        slicing.get("ordered", False),
    )
    binding = element.get("binding", {})
    told["binding"] = (binding.get("strength"), binding.get("valueSet"))
    told["constraint"] = sorted(
        (rule["key"], rule["severity"], rule.get("expression", ""))
        for rule in element.get("constraint", ())
    )
    told["mustSupport"] = element.get("mustSupport", False)
    return told


def elements(definition: Json) -> dict[str, Json]:
    """What each element demands, by its id."""
    return {element["id"]: demands(element) for element in definition["snapshot"]["element"]}


def repeats(element: Json) -> bool:
    """Whether an element asks no more than the data type it was copied from."""
    base = element.get("base", {})
    same = (element["min"], element["max"]) == (base.get("min"), base.get("max"))
    told = demands(element)
    return same and not told["value"] and not told["mustSupport"] and "sliceName" not in element


def differences(ours: Json, theirs: Json) -> Iterator[tuple[str, str]]:
    """Name each element and what of it differs."""
    mine, other = elements(ours), elements(theirs)
    everything = [*ours["snapshot"]["element"], *theirs["snapshot"]["element"]]
    copies = {element["id"] for element in everything if repeats(element)}
    for name in sorted(mine.keys() | other.keys()):
        if name not in other or name not in mine:
            if name not in copies:
                yield name, "is ours only" if name in mine else "is theirs only"
            continue
        for what, told in mine[name].items():
            if told != other[name][what]:
                yield name, what


def test_every_definition_of_the_guides_is_ours_too() -> None:
    assert official().keys() - {ours["url"] for ours in definitions(OURS)} == set()


@pytest.mark.parametrize("kind", ["kind", "type", "baseDefinition", "derivation", "abstract"])
def test_our_definitions_constrain_the_same_types(kind: str) -> None:
    theirs = official()
    for ours in definitions(OURS):
        if ours["resourceType"] == "StructureDefinition" and ours["url"] in theirs:
            assert (ours["url"], ours.get(kind)) == (ours["url"], theirs[ours["url"]].get(kind))


def test_our_profiles_demand_what_the_guides_demand() -> None:
    theirs = official()
    found = {
        (ours["id"], element, what)
        for ours in definitions(OURS)
        if ours["resourceType"] == "StructureDefinition" and ours["url"] in theirs
        for element, what in differences(ours, theirs[ours["url"]])
    }
    assert found - INTENDED.keys() == set()
    assert INTENDED.keys() - found == set(), "no difference any more: strike it from the list"


def codes(resource: Json) -> set[tuple[str, str]]:
    """What a code system defines and how it is called, or what a value set names; "*" is all."""
    if resource["resourceType"] == "CodeSystem":
        return {(c["code"], c["display"]) for c in resource["concept"]}
    return {
        (part["system"], concept["code"])
        for part in resource["compose"]["include"]
        for concept in part.get("concept", ({"code": "*"},))
    }


def test_our_value_sets_hold_what_the_guides_list() -> None:
    theirs = official()
    compared = 0
    for ours in definitions(OURS):
        if ours["resourceType"] != "StructureDefinition" and ours["url"] in theirs:
            compared += 1
            assert codes(ours) == codes(theirs[ours["url"]]), ours["url"]
    assert compared >= 20
