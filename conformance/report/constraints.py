"""The constraints of FHIR definitions as rules to explain: their key, sentence and expression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.validation.fhir.packages import PackageError, read_package
from gateway.validation.issue import IssueKind, IssueSeverity, RuleText

_STRUCTURE = "S"
"""What packages call a StructureDefinition."""

_BASE = "http://hl7.org/fhir/StructureDefinition/"


def constraints(packages: Iterable[Path]) -> Iterator[RuleText]:
    """Give each constraint of the definitions in these packages once.

    Args:
        packages: Folders or archives; those that are absent or hold nothing are passed over.
    """
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path in packages:
        for url, definition in _definitions(path):
            view = definition.get("snapshot") or definition.get("differential") or {}
            for element in view.get("element", ()):
                for constraint in element.get("constraint", ()):
                    found.setdefault(constraint["key"], []).append((url, constraint))
    for key, places in sorted(found.items()):
        yield _rule(key, places)


def _definitions(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        package = read_package(path)
    except PackageError:
        return
    for url in sorted(package.urls(_STRUCTURE), key=lambda url: (len(url), url)):
        for entry in package.find(url, _STRUCTURE):
            yield url, package.read(entry)


def _rule(key: str, places: list[tuple[str, dict[str, Any]]]) -> RuleText:
    at = _made_in(key, list(dict.fromkeys(url for url, _ in places)))
    constraints = [one for url, one in places if url in at]
    expressions = dict.fromkeys(
        str(one["expression"]) for one in constraints if "expression" in one
    )
    types = [url.removeprefix(_BASE) for url in at]
    paragraphs = [
        f"A constraint of {', '.join(types)}: this expression of FHIRPath is true of every value.",
        *expressions,
        "Where it is false, repair the element the finding names, or what the expression looks at "
        "from there.",
    ]
    first = constraints[0]
    return RuleText(
        rule=key,
        kind=IssueKind.INVARIANT,
        severity=(
            IssueSeverity.WARNING if first.get("severity") == "warning" else IssueSeverity.ERROR
        ),
        title=str(first.get("human", "")),
        text="\n\n".join(paragraphs),
        source=f"HL7 FHIR R4: {at[0]}" if at[0].startswith(_BASE) else at[0],
    )


def _made_in(key: str, urls: list[str]) -> list[str]:
    """Tell where a constraint is made from where it is only inherited.

    Snapshots repeat what they inherit without saying from where. A key begins with letters of the
    type it was made for (``dom-3`` of DomainResource, ``bdl-8`` of Bundle); else the shortest
    names are shown.
    """
    letters = key.partition("-")[0].lower()
    own = [url for url in urls if _spells(url.rpartition("/")[2].lower(), letters)]
    return (own or urls)[: 1 if own else 4]


def _spells(name: str, letters: str) -> bool:
    """Whether a name has these letters in this order, and begins with the first."""
    rest = iter(name)
    return name.startswith(letters[:1]) and all(letter in rest for letter in letters)
