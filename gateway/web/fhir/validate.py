"""``$validate``: what is wrong with a resource, before it is sent or as it is kept.

At ``/fhir/$validate`` for any type, at ``/fhir/<type>/$validate`` for one, at
``/fhir/<type>/<id>/$validate`` about a resource that is here. The resource comes alone or in
Parameters, in JSON or XML; ``profile`` and ``mode`` stand in the address or in the Parameters.
Nothing is changed, and nothing is told but of what was sent, or of what who asks may read anyhow.

Source:
    HL7 FHIR R4 (4.0.1): resource-operation-validate.
"""

from __future__ import annotations

import orjson

from gateway.errors import ErrorCode, Refused
from gateway.service import Service
from gateway.validation.aside import (
    DELETE,
    PROFILE,
    Asked,
    TooBusy,
    TooCostly,
    Unanswerable,
    check_mode,
)
from gateway.web.fhir.interaction import Answer, Request, body_format, refusal, urn
from gateway.web.fhir.negotiation import Format
from gateway.web.http import whole_body

MOST_OCTETS = 8 * 1024 * 1024
"""Of a resource to be judged; larger ones are judged with ``conformance check``."""


INSTANCES = ("DocumentReference", "List")
"""Types whose resources can be judged as they are kept."""

_KNOWN = ("mode", "profile", "_format", "_pretty")


class Validation:
    """Answers ``$validate``."""

    def __init__(self, service: Service, max_octets: int) -> None:
        self._aside = service.validation
        self._limit = min(max_octets, MOST_OCTETS)

    async def validate(self, request: Request) -> Answer:
        """Judge what was sent."""
        kind = request.path[0] if len(request.path) > 1 else ""
        mode, profiles = _said(request)
        octets = await whole_body(request.scope, request.receive, self._limit)
        asked = Asked(
            octets=octets,
            media=_media(request),
            type=kind,
            mode=mode,
            profiles=profiles,
        )
        if not octets:
            raise _wrong("body", "send the resource, alone or as the parameter resource")
        return await self._judged(request, asked)

    async def instance(self, request: Request) -> Answer:
        """Judge a resource that is here, or what shall become of it."""
        kind, resource_id = request.path[:2]
        mode, profiles = _said(request)
        sent = b""
        if request.method == "POST":
            sent = await whole_body(request.scope, request.receive, self._limit)
        actors = await request.enter(names=(urn(resource_id),))
        version = await actors.responder.version(kind, resource_id, None)
        request.visit.told_held((version.held,))
        stored = not sent
        asked = Asked(
            octets=sent or version.held.fragment,
            media=_media(request) if sent else Format.JSON.value,
            type=kind,
            id=resource_id,
            mode=mode,
            profiles=profiles,
            stored=stored,
        )
        if mode == DELETE:
            return self._not_deleted(asked)
        if stored and mode not in ("", PROFILE):
            raise _wrong("body", f"send what shall be judged for mode {mode}")
        return await self._judged(request, asked)

    def _not_deleted(self, asked: Asked) -> Answer:
        raise refusal(
            ErrorCode.METHOD_NOT_ALLOWED,
            "validate-delete",
            f"{asked.type}/{asked.id[:64]}",
            f"a {asked.type} is not deleted over FHIR; see Remove Metadata [ITI-62]",
        )

    async def _judged(self, request: Request, asked: Asked) -> Answer:
        if not self._aside.is_possible:
            raise refusal(
                ErrorCode.NOT_SUPPORTED,
                "validate-core",
                "$validate",
                "the folder of profiles has no core package of FHIR, fhir-r4/core.zip",
            )
        language = (request.header(b"accept-language") or "")[:2].lower()
        try:
            check_mode(asked.mode, asked)
            outcome = await self._aside.outcome(asked, "fr" if language == "fr" else "en")
        except Unanswerable as why:
            raise _wrong("$validate", str(why)) from None
        except TooBusy:
            raise refusal(
                ErrorCode.REPOSITORY_BUSY,
                "validate-busy",
                "$validate",
                "other resources are waiting to be judged; try again in a moment",
            ) from None
        except TooCostly:
            raise refusal(
                ErrorCode.TOO_LARGE,
                "validate-cost",
                "$validate",
                "to judge this resource takes too long; judge its parts, or use conformance check",
            ) from None
        return Answer(200, orjson.dumps(outcome))


def _said(request: Request) -> tuple[str, tuple[str, ...]]:
    """The mode and the profiles in the address."""
    mode, profiles = "", []
    for name, value in request.parameters:
        if name not in _KNOWN or (name == "mode" and mode) or not value:
            raise _wrong(name[:64], "known are mode, once, and profile")
        if name == "mode":
            mode = value
        elif name == "profile":
            profiles.append(value)
    return mode, tuple(profiles)


def _media(request: Request) -> str:
    form = body_format(request.header(b"content-type"))
    if form is None:
        raise refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Content-Type",
            "send FHIR R4 in UTF-8, application/fhir+json or application/fhir+xml",
        )
    return form.value


def _wrong(location: str, message: str) -> Refused:
    return refusal(ErrorCode.INVALID_SEARCH, "validate-parameter", location, message)
