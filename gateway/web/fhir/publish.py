"""Provide Document Bundle [ITI-65].

Source:
    IHE MHD 4.2.4: 3.65; HL7 FHIR R4: 3.1.0.11 transaction.
"""

from __future__ import annotations

from gateway.codecs.fhir.bundle import read_provide_bundle
from gateway.codecs.fhir.bundle_writer import write_transaction_response
from gateway.service import Service
from gateway.web.fhir.interaction import Answer, Request, json_body


class Publish:
    """Answers transactions posted to the base."""

    def __init__(self, service: Service, max_octets: int) -> None:
        self._recipient = service.recipient
        self._naming = service.profile.naming
        self._base_url = service.fhir_base_url
        self._limit = max_octets

    async def transaction(self, request: Request) -> Answer:
        """Accept a bundle, wholly or not at all."""
        octets = await json_body(request, self._limit)
        bundle = read_provide_bundle(octets, self._naming, base_url=self._base_url)
        entries, warnings = await self._recipient.provide(bundle)
        answer = write_transaction_response(entries, findings=warnings, base_url=self._base_url)
        return Answer(200, answer)
