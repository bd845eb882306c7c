"""What the FHIR face can do.

Source:
    HL7 FHIR R4: 3.1.0.8 capabilities.
"""

from __future__ import annotations

from gateway import __version__
from gateway.codecs.fhir.capability import Capabilities, write_capability_statement
from gateway.service import Service
from gateway.web.fhir.interaction import Answer, Request


class Metadata:
    """Answers ``/fhir/metadata``; the statement is written once, when the service starts."""

    def __init__(self, service: Service) -> None:
        self._statement = write_capability_statement(
            base_url=service.fhir_base_url,
            software="FHIR / XDS gateway",
            version=__version__,
            date=service.clock.now(),
            cors=bool(service.settings.cors_origins.strip()),
            capabilities=Capabilities(
                subscriptions=bool(service.settings.notify_endpoints.strip())
            ),
            conventions=service.profile.conventions,
        )

    async def capabilities(self, request: Request) -> Answer:
        """Give the CapabilityStatement."""
        return Answer(200, self._statement)
