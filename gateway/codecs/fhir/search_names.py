"""The names of search parameters, each brought to one spelling.

FHIR lets a chain say the type it goes through, goes by a modifier or by a dot to an identifier, and
has two names for the patient; each way leads to one name of
:mod:`gateway.codecs.fhir.search_parameters`, with a modifier behind a colon where there is one.

Source:
    HL7 FHIR R4: 3.1.1.4.5 modifiers, 3.1.1.4.15 chained parameters.
"""

from __future__ import annotations

from collections.abc import Container

from gateway.model.remembering import remembered

_PEOPLE = {"author", "source"}
_PATIENTS = {"patient", "subject"}
_PERSONS = {"Practitioner", "Patient", "RelatedPerson", "Device"}
_BY_IDENTIFIER = {*_PEOPLE, *_PATIENTS, "related", "encounter", "authorOrg"}
_THROUGH = {"practitioner": "Practitioner", "organization": "Organization"}


@remembered(1024)
def parameter_name(name: str) -> str:
    """Give the one spelling of a parameter's name; one nobody knows stays as it is.

    ``subject:Patient.identifier`` is ``patient.identifier``, and
    ``author:PractitionerRole.practitioner.family:exact`` is ``author.family:exact``.
    """
    first, *rest = name.split(".")
    base, _, kind = first.partition(":")
    if base in _PATIENTS:
        return _patient(kind, rest) or name
    if not rest and kind == "identifier" and base in _BY_IDENTIFIER:
        return f"{base}.identifier"
    if base in _PEOPLE and rest:
        return _people(base, kind, rest)
    if base in ("related", "encounter") and rest:
        return ".".join((base, *rest))
    if base == "relatesto" and kind == "DocumentReference" and not rest:
        return base
    if base == "item" and kind in ("DocumentReference", "List") and not rest:
        return base
    return name


def _patient(kind: str, rest: list[str]) -> str | None:
    if kind not in ("", "Patient", "identifier"):
        return None
    if not rest:
        return "patient.identifier" if kind == "identifier" else "patient"
    return ".".join(("patient", *rest)) if kind != "identifier" else None


def _people(base: str, kind: str, rest: list[str]) -> str:
    if len(rest) > 1:
        # Through a role: author:PractitionerRole.practitioner:Practitioner.family
        kind = _THROUGH.get(rest[0].partition(":")[0], kind)
        rest = rest[1:]
    last = rest[-1]
    what, _, modifier = last.partition(":")
    if kind == "Organization":
        return f"{base}:Organization.{last}"
    if kind in _PERSONS and what in ("name", "identifier"):
        return f"{base}:Practitioner.{last}"
    return f"{base}.{last}"


def split_modifier(name: str, known: Container[str]) -> tuple[str, str]:
    """Split a name into the parameter and its modifier.

    Args:
        known: The names that are parameters as they stand; some have a colon inside.
    """
    if name in known:
        return name, ""
    base, _, modifier = name.rpartition(":")
    return (base, modifier) if base in known else (name, "")
