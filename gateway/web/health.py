"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway.service import Service


def health_routes(service: Service) -> APIRouter:
    """Give ``/health/live`` and ``/health/ready``."""
    routes = APIRouter()

    @routes.get("/health/live")
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    @routes.get("/health/ready")
    async def ready() -> JSONResponse:
        """Storage takes a durable write; 503 with the reason when it does not."""
        problem = await service.trouble()
        if problem is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": problem}, status_code=503)

    return routes
