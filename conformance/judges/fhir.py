"""FHIR resources, as JSON or XML: read, then held to their type and to profiles."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

from conformance.judges.context import Context, EngineAbsent
from conformance.judges.judged import Judged
from gateway.validation.issue import Issue


def judge(octets: bytes, context: Context) -> Judged:
    """Judge one resource against its type, the profiles it claims, and those asked for."""
    reading = _reader().read(octets)
    if reading.resource is None:
        return Judged(findings=tuple(reading.issues))
    resource: dict[str, Any] = reading.resource
    found = context.fhir.validate(resource, context.profile_urls)
    placed = tuple(_placed(issue, reading) for issue in found)
    return Judged(
        findings=(*reading.issues, *placed), against=_against(resource, context.profile_urls)
    )


def _placed(issue: Issue, reading: Any) -> Issue:
    if issue.position is not None or not issue.location:
        return issue
    return replace(issue, position=reading.positions(issue.location))


def _against(resource: dict[str, Any], asked: tuple[str, ...]) -> tuple[str, ...]:
    meta = resource.get("meta")
    claimed = meta.get("profile") if isinstance(meta, dict) else ()
    urls = [one for one in claimed or () if isinstance(one, str)]
    base = f"http://hl7.org/fhir/StructureDefinition/{resource.get('resourceType', 'Resource')}"
    return tuple(dict.fromkeys((base, *urls, *asked)))


def _reader() -> Any:
    try:
        return importlib.import_module("gateway.validation.fhir.reading")
    except ImportError as error:
        raise EngineAbsent(f"the reader of FHIR resources cannot be loaded: {error}") from None
