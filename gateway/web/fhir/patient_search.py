"""Patients found by who they are [ITI-78], and one patient's identifiers elsewhere [ITI-83].

Source:
    IHE PDQm: 2:3.78; IHE PIXm: 2:3.83.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.codecs.fhir.cursor import read_cursor, write_cursor
from gateway.codecs.fhir.identifiers import write_identifier
from gateway.codecs.fhir.outcome import write_operation_outcome
from gateway.codecs.fhir.patient import write_patient
from gateway.codecs.fhir.patient_search import PatientSearch, read_patient_search
from gateway.codecs.fhir.search_values import Token, read_token
from gateway.codecs.fhir.searchset import write_searchset
from gateway.codecs.fhir.subset import write_subset
from gateway.errors import ErrorCode
from gateway.model.audit import AuditedObject
from gateway.model.datatypes import Identifier
from gateway.ports import FoundPatients, Page, PatientDirectory
from gateway.service import Service
from gateway.web.fhir.interaction import Answer, Request, refusal
from gateway.web.fhir.search import links


class PatientSearches:
    """Answers searches for Patient and the ``$ihe-pix`` operation."""

    def __init__(self, service: Service) -> None:
        self._naming = service.profile.naming
        self._conventions = service.profile.conventions
        self._known = frozenset(system.oid for system in service.profile.naming)
        self._base_url = service.fhir_base_url
        self._key = service.cursor_key
        self._default_count = service.settings.page_size
        self._max_count = service.settings.max_page_size

    async def search(self, request: Request) -> Answer:
        """Mobile Patient Demographics Query [ITI-78]."""
        search = read_patient_search(
            request.parameters,
            self._naming,
            strict=request.prefer.strict,
            default_count=self._default_count,
            max_count=self._max_count,
        )
        visit = request.visit
        if visit.guarded:
            visit.asks(urlencode(request.parameters), f"{self._base_url}/Patient")
        actors = await visit.enter_quietly(
            conditions=search.conditions, merged=search.merged, identifiers=search.identifiers
        )
        await self._refuse_unknown_domains(search, actors.patients)
        control = search.control
        scope = search.scope + visit.scope
        place: tuple[Any, ...] = ()
        if control.cursor is not None:
            place = read_cursor(control.cursor, scope, self._key, is_secret=visit.guarded)
        found = await actors.patients.search(
            search.conditions,
            Page(
                size=control.count,
                after=place[0] if place else None,
                ascending=control.ascending,
                order=control.order,
                place=place[1:],
            ),
            merged=search.merged,
        )
        visit.told(AuditedObject(kind="Patient", id=p.logical_id) for p in found.patients)
        return Answer(200, self._answer(request, search, found, scope))

    def _answer(
        self, request: Request, search: PatientSearch, found: FoundPatients, scope: str
    ) -> bytes:
        control = search.control
        asked = [request.visit.as_asked(p) for p in found.patients]
        resources = [write_patient(p, self._naming, self._conventions) for p in asked]
        if control.summary or control.elements:
            resources = [write_subset(r, control.summary, control.elements) for r in resources]
        following = None
        if found.more and found.places:
            following = write_cursor(found.places[-1], scope, self._key)
        return write_searchset(
            resources,
            total=found.total,
            links=links(request, self._base_url, search.ignored, following),
            outcome=write_operation_outcome(search.warnings) if search.warnings else None,
            base_url=self._base_url,
        )

    async def _refuse_unknown_domains(
        self, search: PatientSearch, patients: PatientDirectory
    ) -> None:
        """Refuse a search that asks for identifiers of domains nobody here knows, and no other."""
        for authority in search.authorities:
            if await self._is_known(authority, patients):
                return
        if search.authorities:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "patient-domain",
                "identifier",
                "no patient here has an identifier of that system",
            )

    async def _is_known(self, authority: str, patients: PatientDirectory) -> bool:
        return authority in self._known or await patients.knows_authority(authority)

    async def cross_reference(self, request: Request) -> Answer:
        """Mobile Patient Identifier Cross-reference Query [ITI-83]."""
        source, targets = self._asked(request)
        authority = self._naming.scheme(source.system or "")
        asked = Identifier.of(source.code, authority)
        request.visit.asks(request.query_string, f"{self._base_url}/Patient/$ihe-pix")
        actors = await request.visit.enter_quietly(identifiers=(asked,))
        if not await self._is_known(authority, actors.patients):
            raise refusal(
                ErrorCode.UNKNOWN_SOURCE_DOMAIN,
                "pix-source",
                "sourceIdentifier",
                "no patient here has an identifier of that system",
            )
        for target in targets:
            if not await self._is_known(self._naming.scheme(target), actors.patients):
                raise refusal(
                    ErrorCode.UNKNOWN_TARGET_DOMAIN,
                    "pix-target",
                    "targetSystem",
                    f"{target[:128]} is no system of identifiers this gateway knows",
                )
        patient = await actors.patients.find(asked)
        if patient is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "pix-source",
                "sourceIdentifier",
                "no patient here has that identifier",
            )
        request.visit.told([AuditedObject(kind="Patient", id=patient.logical_id)])
        wanted = {self._naming.scheme(target) for target in targets}
        parameters: list[dict[str, Any]] = [
            {"name": "targetIdentifier", "valueIdentifier": write_identifier(one, self._naming)}
            for one in patient.identifiers
            if (one.value, one.authority) != (source.code, authority)
            and (not wanted or one.authority in wanted)
        ]
        if not wanted or self._base_url in targets or parameters:
            reference = {"reference": f"{self._base_url}/Patient/{patient.logical_id}"}
            parameters.append({"name": "targetId", "valueReference": reference})
        answer: dict[str, Any] = {"resourceType": "Parameters"}
        if parameters:
            answer["parameter"] = parameters
        return Answer(200, orjson.dumps(answer))

    def _asked(self, request: Request) -> tuple[Token, list[str]]:
        sources = [value for name, value in request.parameters if name == "sourceIdentifier"]
        token = read_token(sources[0]) if len(sources) == 1 else Token(None, "")
        if not (token.system and token.code):
            raise refusal(
                ErrorCode.REQUIRED_PARAMETER,
                "pix-source",
                "sourceIdentifier",
                "give one sourceIdentifier as system|value",
            )
        return token, [v for n, v in request.parameters if n == "targetSystem" and v]
