"""Small definitions written by hand, laid over FHIR R4, and validators that know them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gateway.validation.fhir import CORE, Definitions, Validator
from gateway.validation.fhir.packages import Entry, Package, read_package
from gateway.validation.issue import Issue

Json = dict[str, Any]

FHIR = "http://hl7.org/fhir/StructureDefinition/"
HERE = "http://zz.example.org/fhir/"
PROFILES = Path(__file__).resolve().parents[3] / "profiles"
KINDS = {"StructureDefinition": "S", "ValueSet": "V", "CodeSystem": "C"}


class Memory:
    """A package that is a few dictionaries."""

    name, version = "zz.small", "1"
    dependencies: tuple[str, ...] = ()

    def __init__(self, *definitions: Json) -> None:
        self._definitions = definitions

    def find(self, url: str, kind: str) -> tuple[Entry, ...]:
        return tuple(
            Entry(kind, d.get("version", ""), d)
            for d in self._definitions
            if d["url"] == url and KINDS[d["resourceType"]] == kind
        )

    def read(self, entry: Entry) -> Json:
        definition: Json = entry.place
        return definition

    def urls(self, kind: str) -> Iterator[str]:
        return (d["url"] for d in self._definitions if KINDS[d["resourceType"]] == kind)


@cache
def core() -> Package:
    return read_package(PROFILES / CORE)


def validator(*definitions: Json) -> Validator:
    return Validator(Definitions([core(), Memory(*definitions)]))


def profile(name: str, type_code: str, *elements: Json, base: str = "", **more: Any) -> Json:
    """A profile from its differential; an element's path may leave out ids."""
    return {
        "resourceType": "StructureDefinition",
        "url": HERE + name,
        "name": name,
        "kind": "resource" if type_code[0].isupper() else "complex-type",
        "abstract": False,
        "type": type_code,
        "baseDefinition": base or FHIR + type_code,
        "derivation": "constraint",
        "differential": {"element": [{"path": e["id"].split(":")[0], **e} for e in elements]},
        **more,
    }


def element(name: str, **said: Any) -> Json:
    """One element of a differential by its id: the path follows from it."""
    steps = name.split(".")
    path = ".".join(step.partition(":")[0] for step in steps)
    made = {"id": name, "path": path, **said}
    if ":" in steps[-1]:
        made["sliceName"] = steps[-1].partition(":")[2]
    return made


def slicing(*discriminators: tuple[str, str], rules: str = "open", **more: Any) -> Json:
    return {
        "discriminator": [{"type": kind, "path": path} for kind, path in discriminators],
        "rules": rules,
        **more,
    }


def told(issues: tuple[Issue, ...], *ignored: str) -> list[tuple[str, str, str]]:
    """Rule, place and element of what was found, without advice about narratives."""
    return [
        (i.rule, i.location, i.element)
        for i in issues
        if i.rule not in ("dom-6", *ignored) and i.severity != "information"
    ]


def said(issues: tuple[Issue, ...], rule: str) -> str:
    """What the first issue of a rule says."""
    return next(i.message for i in issues if i.rule == rule)


def errors(issues: tuple[Issue, ...]) -> list[tuple[str, str]]:
    return [(i.rule, i.location) for i in issues if i.severity == "error"]
