"""Patients of the domain: put by an administrator or a feed, read by clients.

Source:
    HL7 FHIR R4: Patient; IHE PMIR (ITI-104) for the conditional PUT.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl

from gateway.codecs.fhir.patient import read_patient, write_patient
from gateway.codecs.fhir.search_values import read_token
from gateway.codecs.fhir.strict_json import read_json
from gateway.errors import ErrorCode, refuse_errors
from gateway.model.audit import AuditedObject
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient
from gateway.ports import PatientDirectory
from gateway.service import Service
from gateway.validation.formats import check_identifier
from gateway.web.fhir.conditions import http_date, names
from gateway.web.fhir.interaction import Answer, Request, check_match, json_body, refusal, written
from gateway.web.http import Headers

_CONDITION = frozenset(("identifier", "_format", "_pretty"))
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


class Patients:
    """Answers requests for Patient."""

    def __init__(self, service: Service, max_octets: int) -> None:
        self._naming = service.profile.naming
        self._conventions = service.profile.conventions
        self._base_url = service.fhir_base_url
        self._limit = max_octets

    async def read(self, request: Request) -> Answer:
        """Read one patient."""
        return self._shown(request, await self._known(request))

    def _shown(self, request: Request, patient: Patient) -> Answer:
        etag = f'W/"{patient.version}"'
        headers: Headers = [(b"etag", etag.encode())]
        if patient.last_updated:
            headers.append((b"last-modified", http_date(patient.last_updated).encode()))
        # What who asks is told of his own standing changes without a new version of the patient.
        if not request.visit.guarded and names(request.header(b"if-none-match"), etag):
            return Answer(304, b"", headers=headers)
        asked = request.visit.as_asked(patient)
        return Answer(200, write_patient(asked, self._naming, self._conventions), headers=headers)

    async def vread(self, request: Request) -> Answer:
        """Read the present version of a patient by its number; earlier ones are not kept."""
        patient = await self._known(request)
        number = request.path[3]
        if number == str(patient.version):
            return self._shown(request, patient)
        earlier = number.isascii() and number.isdigit() and 0 < int(number[:9]) < patient.version
        raise refusal(
            ErrorCode.GONE if earlier else ErrorCode.NOT_FOUND,
            "version-known",
            "/".join(request.path)[:160],
            "earlier versions of a patient are not kept"
            if earlier
            else "there is no such version of it",
        )

    async def _known(self, request: Request) -> Patient:
        resource_id = request.path[1]
        actors = await request.visit.enter_quietly(references=(resource_id,))
        patient = await actors.patients.read(resource_id)
        if patient is None:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "resource-known",
                f"Patient/{resource_id[:64]}",
                "there is no such patient here",
            )
        request.visit.told([AuditedObject(kind="Patient", id=patient.logical_id)])
        return patient

    async def create(self, request: Request) -> Answer:
        """Add a patient under an id of ours; with If-None-Exist only where there is none."""
        patients = (await request.enter()).patients
        patient = await self._body(request)
        condition = request.header(b"if-none-exist")
        if condition is not None:
            criteria = parse_qsl(condition, keep_blank_values=True)
            known = await self._identified(patients, criteria, "create")
            if known is not None:
                return self._kept(request, known, created=False)
        return await self._keep(request, patients, patient, "", created=True)

    async def put(self, request: Request) -> Answer:
        """Add or replace a patient: under the id in the address, or by ``?identifier=``."""
        patients = (await request.enter()).patients
        patient = await self._body(request)
        if len(request.path) == 2:
            named = request.path[1]
            if not _ID.fullmatch(named):
                raise refusal(
                    ErrorCode.MALFORMED,
                    "patient-id",
                    "Patient.id",
                    "an id has 1 to 64 of the characters A-Z, a-z, 0-9, - and .",
                )
            if patient.logical_id and patient.logical_id != named:
                raise refusal(
                    ErrorCode.MALFORMED,
                    "patient-id",
                    "Patient.id",
                    f"the resource says {patient.logical_id[:64]}, the address {named[:64]}",
                )
            before = await patients.read(named)
            _check_version(request, before)
            return await self._keep(request, patients, patient, named, created=before is None)
        known = await self._identified(patients, request.parameters, "put")
        _check_version(request, known)
        logical_id = known.logical_id if known else ""
        return await self._keep(request, patients, patient, logical_id, created=known is None)

    async def _identified(
        self, patients: PatientDirectory, criteria: list[tuple[str, str]], what: str
    ) -> Patient | None:
        """The patient a condition names, which must be one identifier."""
        asked = [v for n, v in criteria if n == "identifier"]
        if len(asked) != 1 or any(n not in _CONDITION for n, _ in criteria):
            raise refusal(
                ErrorCode.REQUIRED_PARAMETER,
                f"patient-{what}",
                "identifier",
                "PUT Patient/<id>, or a condition of one identifier: identifier=system|value",
            )
        token = read_token(asked[0])
        scheme = self._naming.scheme(token.system) if token.system else ""
        return await patients.find(Identifier.of(token.code, scheme))

    async def _body(self, request: Request) -> Patient:
        resource = read_json(await json_body(request, self._limit))
        patient, findings = read_patient(resource, self._naming, self._conventions)
        refuse_errors(findings)
        if not patient.identifiers:
            raise refusal(
                ErrorCode.INVALID_VALUE,
                "patient-identifier",
                "Patient.identifier",
                "a patient needs an identifier with a system; the first one names the record",
            )
        for number, identifier in enumerate(patient.identifiers):
            complaint = check_identifier(identifier)
            if complaint:
                raise refusal(
                    ErrorCode.INVALID_VALUE,
                    "patient-identifier",
                    f"Patient.identifier[{number}]",
                    f"as an XDS patient id it {complaint}",
                )
        return patient

    async def _keep(
        self,
        request: Request,
        patients: PatientDirectory,
        patient: Patient,
        logical_id: str,
        *,
        created: bool,
    ) -> Answer:
        visit = request.visit
        visit.told([AuditedObject(kind="Patient", id=logical_id or patient.identifiers[0].text)])
        # The directory knows nothing of accounts: this one is kept before anything is changed.
        await visit.settle()
        kept = await patients.put(replace(patient, logical_id=logical_id, known=True))
        return self._kept(request, kept, created=created)

    def _kept(self, request: Request, kept: Patient, *, created: bool) -> Answer:
        location = f"{self._base_url}/Patient/{kept.logical_id}".encode()
        headers = [(b"location", location), (b"etag", f'W/"{kept.version}"'.encode())]
        status = 201 if created else 200
        return written(
            request, status, write_patient(kept, self._naming, self._conventions), headers
        )


def _check_version(request: Request, before: Patient | None) -> None:
    if before is None:
        check_match(request, None, "there is no such patient here")
    else:
        etag = f'W/"{before.version}"'
        check_match(request, etag, "the patient is at another version; read it again")
