"""Resources that define something, compared with what they build upon.

A profile's differential must fit its base, a search parameter the one it is derived from, and a
capability statement the search parameters it names. Only what is at hand is compared.

Source:
    HL7 FHIR R4: 5.3 StructureDefinition; 3.1.1 SearchParameter.derivedFrom;
    CapabilityStatement.rest.resource.searchParam.type.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.validation.fhir.nodes import NoSnapshot
from gateway.validation.fhir.scope import Place

if TYPE_CHECKING:
    from gateway.validation.fhir.walker import Walker

Json = dict[str, Any]

_SLICE = re.compile(r":[^.]*")


def check_definition(walker: Walker, kind: str, value: Json, place: Place) -> None:
    """Check what a defining resource says against what it builds upon."""
    if kind == "StructureDefinition":
        _check_structure(walker, value, place)
    elif kind == "SearchParameter":
        _check_search_parameter(walker, value, place)
    elif kind == "CapabilityStatement":
        _check_search_types(walker, value, place)


def _check_structure(walker: Walker, value: Json, place: Place) -> None:
    differential = value.get("differential")
    elements = differential.get("element") if isinstance(differential, dict) else None
    if value.get("derivation") != "constraint" or not isinstance(elements, list):
        return
    said = False
    for number, one in enumerate(elements):
        if not isinstance(one, dict):
            return
        name, path = one.get("id"), one.get("path")
        if isinstance(name, str) and isinstance(path, str) and _SLICE.sub("", name) != path:
            said = True
            walker.report(
                "fhir-differential", Place(place, f"differential.element[{number}]"),
                problem=f"the id {name} does not belong to the path {path}",
                problem_fr=f"l'id {name} ne correspond pas au chemin {path}",
            )  # fmt: skip
    if said or not isinstance(value.get("baseDefinition"), str):
        return
    if walker.definitions.profile(value["baseDefinition"]) is None:
        return
    try:
        walker.definitions.lay(value)
    except NoSnapshot as misfit:
        walker.report("fhir-differential", place, problem=misfit.reason)
    except (AttributeError, KeyError, TypeError, ValueError):
        return  # of a wrong structure, which is told elsewhere


def _check_search_parameter(walker: Walker, value: Json, place: Place) -> None:
    derived = value.get("derivedFrom")
    known = walker.definitions.search_parameter(derived) if isinstance(derived, str) else None
    if known is None:
        return
    if value.get("type") != known.type:
        walker.report(
            "fhir-search-type", place, found=value.get("type"), expected=known.type, name=derived
        )
    base = value.get("base")
    for one in base if isinstance(base, list) else ():
        if isinstance(one, str) and one not in known.base and "Resource" not in known.base:
            walker.report(
                "fhir-search-base", place, found=one, expected=", ".join(known.base), name=derived
            )


def _check_search_types(walker: Walker, value: Json, place: Place) -> None:
    for n, rest in _objects(value, "rest"):
        for m, resource in _objects(rest, "resource"):
            for k, parameter in _objects(resource, "searchParam"):
                url = parameter.get("definition")
                known = walker.definitions.search_parameter(url) if isinstance(url, str) else None
                if known is not None and parameter.get("type") != known.type:
                    walker.report(
                        "fhir-search-type",
                        Place(place, f"rest[{n}].resource[{m}].searchParam[{k}]"),
                        found=parameter.get("type"), expected=known.type, name=url,
                    )  # fmt: skip


def _objects(value: Json, name: str) -> list[tuple[int, Json]]:
    listed = value.get(name)
    if not isinstance(listed, list):
        return []
    return [(number, one) for number, one in enumerate(listed) if isinstance(one, dict)]
