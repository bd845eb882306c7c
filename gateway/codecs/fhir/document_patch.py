"""What a patched DocumentReference asks for: the entry before and after, or why it may not be.

A patch is done on the resource as it is served (:mod:`gateway.codecs.fhir.json_patch`,
:mod:`gateway.codecs.fhir.fhirpath_patch`); here the result is compared with what there was. Only
members the community lets change may differ, and everything that differs must have a place in XDS
metadata.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.codecs.fhir.document_reference import (
    read_document_reference,
    read_further_status,
)
from gateway.codecs.fhir.reader import Json, Reader
from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.conventions import Conventions, FurtherStatus
from gateway.model.document_entry import DocumentEntry
from gateway.model.naming import NamingSystems

_ROOT = "DocumentReference"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchedDocument:
    """A patch that can be asked of the registry.

    Attributes:
        before: The description as it was served.
        after: As it shall become; the same as ``before`` when nothing changes.
        resource: The patched resource, for the answer when it cannot be read any more.
    """

    before: DocumentEntry
    after: DocumentEntry
    resource: Json


def read_patched_document(
    original: Json, patched: Json, naming: NamingSystems, conventions: Conventions
) -> PatchedDocument:
    """Read what a patch asks for.

    Args:
        original: The resource as it was served.
        patched: The same with all operations done.

    Raises:
        Refused: Something differs that may not, or that cannot be kept.
    """
    patched = {name: value for name, value in patched.items() if value not in ([], {})}
    wanted = _with_lone_status(patched, conventions)
    _check_members(original, wanted, conventions)
    # The level that is missing is the one there was, not the one a new entry would get.
    read_as = replace(conventions, default_level=None)
    before, noticed = read_document_reference(original, naming, read_as)
    after, found = read_document_reference(wanted, naming, read_as)
    new = [f for f in found if f not in noticed]
    further = read_further_status(Reader(naming, conventions=conventions), wanted, _ROOT)
    if further is not None and wanted.get("status") != further.code:
        new.append(_status_finding(further, wanted.get("status")))
    if new:
        raise Refused(*(_as_error(f) for f in new))
    codes = conventions.with_level(after.confidentiality_code, before.confidentiality_code)
    codes = conventions.levels_last(tuple({c.key: c for c in codes}.values()))
    if sorted(c.key for c in codes) == sorted(c.key for c in before.confidentiality_code):
        codes = before.confidentiality_code
    if wanted is not patched:
        # What a community asks for by a status that MHD has not, MHD does not describe either.
        patched = {**patched, "meta": {**patched.get("meta", {})}}
        patched["meta"].pop("profile", None)
    return PatchedDocument(
        before=before, after=replace(after, confidentiality_code=codes), resource=patched
    )


def _with_lone_status(patched: Json, conventions: Conventions) -> Json:
    """Say with its extension what a patch asked for by a status alone."""
    for status in conventions.statuses.further:
        if status.alone and patched.get("status") == status.alone:
            said = {"url": status.extension, "valueBoolean": True}
            others = [e for e in _extensions(patched) if _url(e) != status.extension]
            return {**patched, "status": status.code, "extension": [*others, said]}
    return patched


def _status_finding(further: FurtherStatus, status: object) -> Finding:
    return Finding(
        rule="status",
        code=ErrorCode.INVALID_VALUE,
        location=f"{_ROOT}.status",
        message=f"what is {further.urn} has the status {further.code}, not {str(status)[:40]}",
    )


def _as_error(finding: Finding) -> Finding:
    """A change that XDS metadata cannot carry is not made in silence.

    What came was a patch, and well formed; only what it makes is not.
    """
    if finding.is_error and finding.code is not ErrorCode.MALFORMED:
        return finding
    return Finding(
        rule=finding.rule,
        code=ErrorCode.INVALID_VALUE,
        location=finding.location,
        message=finding.message,
    )


# --- What may differ ---------------------------------------------------------------------------


def _check_members(original: Json, patched: Json, conventions: Conventions) -> None:
    """Refuse what differs and may not.

    Raises:
        Refused: With a finding for each member.
    """
    ours = {status.extension for status in conventions.statuses.further}
    one, other = _comparable(original, ours), _comparable(patched, ours)
    names = {n.lstrip("_"): None for n in (*one, *other) if one.get(n) != other.get(n)}
    wrong = [name for name in names if name not in conventions.patchable]
    if "content" not in wrong and _url_of_content(one) != _url_of_content(other):
        wrong.append("content[0].attachment.url")
    if wrong:
        raise Refused(
            *(
                Finding(
                    rule="patch-member",
                    code=ErrorCode.METHOD_NOT_ALLOWED,
                    location=f"{_ROOT}.{name[:64]}",
                    message="a patch does not change this; it may change "
                    + ", ".join([*conventions.patchable, *sorted(ours)]),
                )
                for name in wrong
            )
        )


def _comparable(resource: Json, ours: set[str]) -> Json:
    """A resource without the extensions that say a status."""
    kept = [e for e in _extensions(resource) if _url(e) not in ours]
    without = {name: value for name, value in resource.items() if name != "extension"}
    return {**without, "extension": kept} if kept else without


def _extensions(resource: Json) -> list[Any]:
    extensions = resource.get("extension")
    return extensions if type(extensions) is list else []


def _url(extension: object) -> str:
    url = extension.get("url") if type(extension) is dict else None
    return url if type(url) is str else ""


def _url_of_content(resource: Json) -> object:
    contents = resource.get("content")
    content = contents[0] if type(contents) is list and contents else None
    attachment = content.get("attachment") if type(content) is dict else None
    return attachment.get("url") if type(attachment) is dict else None
