"""The application: which door a request goes to.

The SOAP and FHIR doors are plain ASGI endpoints and are reached without passing through the
framework, which costs more than half of the time of a short answer (docs/decisions); everything
else is FastAPI.
"""

from __future__ import annotations

from fastapi import FastAPI

from gateway import __version__
from gateway.service import Service
from gateway.web.authorization import PATHS, AuthorizationDoor
from gateway.web.fhir.door import FhirDoor
from gateway.web.health import health_routes
from gateway.web.http import Receive, Scope, Send
from gateway.web.refusals import code_of
from gateway.web.soap import SoapDoor
from gateway.web.wsdl import descriptions
from gateway.web.xds import RegistryOperations, RepositoryOperations


class Application:
    """Sends each request to its door."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        limits = {
            "max_root_octets": int(settings.max_root_octets),
            "max_document_octets": int(settings.max_document_octets),
            "max_submission_octets": int(settings.max_submission_octets),
        }
        access = service.profile.access
        guarded = service.reception is not None
        statuses = service.profile.conventions.statuses
        registry_wsdl, repository_wsdl = descriptions(settings.public_url)
        self._registry = SoapDoor(
            RegistryOperations(statuses, code_of(access.deny_registry_code)).operations(),
            service.documents,
            registry_wsdl,
            service.visit,
            asks_for_credentials=guarded,
            **limits,
        )
        self._repository = SoapDoor(
            RepositoryOperations(
                service.documents, code_of(access.deny_repository_code)
            ).operations(),
            service.documents,
            repository_wsdl,
            service.visit,
            asks_for_credentials=guarded,
            **limits,
        )
        self._fhir = FhirDoor(service)
        authority = service.identity.authority if service.identity else None
        self._authorization = (
            AuthorizationDoor(authority, settings.base_url, service.clock) if authority else None
        )
        self.framework = FastAPI(
            title="FHIR / XDS gateway",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
        )
        self.framework.include_router(health_routes(service))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event."""
        if scope["type"] == "http":
            path = scope["path"]
            if self._authorization is not None and path in PATHS:
                await self._authorization(scope, receive, send)
                return
            if path == "/xds/registry":
                await self._registry(scope, receive, send)
                return
            if path == "/xds/repository":
                await self._repository(scope, receive, send)
                return
            if path.startswith("/fhir/") or path == "/fhir":
                await self._fhir(scope, receive, send)
                return
        await self.framework(scope, receive, send)


def create_app(service: Service) -> Application:
    """Give the application of a running service."""
    return Application(service)
