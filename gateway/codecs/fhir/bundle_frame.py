"""The frame of one entry of an ITI-65 bundle: what it is, and what it asks to be done with it.

Source:
    IHE MHD 4.2.4: 2:3.65.4.1.2.1, ProvideBundle profiles; HL7 FHIR R4: 3.1.0.11 transaction.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from gateway.codecs.fhir.identifiers import read_unique_id
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.references import canonical
from gateway.codecs.fhir.vocabulary import URI_SYSTEM, UUID_URN
from gateway.errors import ErrorCode
from gateway.transactions.provide_document_bundle import RequestEntry

METHODS = {
    "List": ("POST", "PUT"),
    "DocumentReference": ("POST",),
    "Parameters": ("PATCH",),
    "Binary": ("POST",),
    "Bundle": ("POST",),
    "Patient": ("POST", "PUT", "GET"),
    "Practitioner": ("POST", "PUT"),
    "PractitionerRole": ("POST", "PUT"),
    "Organization": ("POST", "PUT"),
    "Device": ("POST", "PUT"),
    "RelatedPerson": ("POST", "PUT"),
}
"""What may be in the bundle and how it asks to be treated."""

_CONDITIONAL = ("PUT", "PATCH", "GET")


def read_entry(
    reader: Reader, item: Json, path: str, base_url: str = ""
) -> tuple[RequestEntry, Json]:
    """Read what one entry asks for.

    Returns:
        The request, and the resource; empty when there is none.
    """
    resource = reader.object(item, "resource", path) or {}
    request = reader.object(item, "request", path) or {}
    where = f"{path}.request"
    method = reader.text(request, "method", where) or ""
    url = reader.text(request, "url", where) or ""
    place = _relative(url, base_url)
    target = place.partition("?")[0].partition("/")[0]
    kind = resource.get("resourceType")
    if not resource and method == "GET":
        kind = target
    kind = kind if type(kind) is str else ""
    if kind not in METHODS:
        reader.note(
            "entry-type",
            f"{path}.resource",
            f"a document bundle has no entry of type {kind[:40]!r}",
            code=ErrorCode.NOT_SUPPORTED,
        )
    elif kind == "Bundle" and resource.get("type") != "document":
        reader.note(
            "entry-type",
            f"{path}.resource.type",
            "a Bundle inside a document bundle is a document made of FHIR resources",
        )
    elif method not in METHODS[kind]:
        reader.note(
            "entry-method",
            f"{where}.method",
            f"a {kind} comes by {' or '.join(METHODS[kind])}, not by {method[:10]!r}",
            code=ErrorCode.NOT_SUPPORTED,
        )
    elif not _is_place(place, target, kind, method):
        reader.note(
            "entry-url",
            f"{where}.url",
            f"{url[:128]!r} is no place to {method} a {kind}",
            code=ErrorCode.NOT_SUPPORTED,
        )
    for name in ("ifMatch", "ifNoneMatch", "ifModifiedSince"):
        if name in request:
            reader.note(
                "entry-condition",
                f"{where}.{name}",
                f"{name} is not understood in a document bundle; leave it out",
                code=ErrorCode.NOT_SUPPORTED,
            )
    return (
        RequestEntry(
            method=method,
            resource_type=kind,
            url=place,
            full_url=reader.text(item, "fullUrl", path) or "",
            location=path,
        ),
        resource,
    )


def _relative(url: str, base_url: str) -> str:
    """Cut our own base off an address, and the slash some sources begin it with."""
    if base_url and url.startswith(base_url + "/"):
        return url[len(base_url) + 1 :]
    return url.removeprefix("/")


def _is_place(place: str, target: str, kind: str, method: str) -> bool:
    if target != ("DocumentReference" if method == "PATCH" else kind):
        return False
    if method == "POST":
        return place.rstrip("/") == kind
    if "?" in place:
        return method in _CONDITIONAL
    if place == target:
        # The guide's own example puts a folder by the identifiers it carries.
        return kind == "List"
    return canonical(place) is not None


def read_condition(reader: Reader, query: str, path: str) -> str:
    """Read a search for one registered object, ``identifier=system|value``.

    Args:
        query: What stands behind the question mark, or the whole of ``ifNoneExist``.

    Returns:
        The object's entryUUID (``urn:uuid:…``) or its uniqueId; empty when the search is another.
    """
    asked = parse_qsl(query.rpartition("?")[2])
    if len(asked) == 1 and asked[0][0] == "identifier":
        system, _, value = asked[0][1].rpartition("|")
        if value and "," not in value:
            if value.startswith(UUID_URN):
                return value
            # A URN says by itself what it is, with its system or without.
            system = system or (URI_SYSTEM if value.startswith("urn:") else "")
            return read_unique_id(system or None, value, reader.naming)
    reader.note(
        "entry-condition",
        path,
        f"{query[:128]!r} is no condition understood here; use identifier=system|value",
        code=ErrorCode.NOT_SUPPORTED,
    )
    return ""
