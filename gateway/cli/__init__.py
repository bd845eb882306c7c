"""The command ``gateway``: one module a command, each free to import what only it needs.

Commands read settings and speak to a person; what they do is done by the packages below.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.cli.commands import app

__all__ = ["app", "main"]

EXTRA = "server"
_OF_THE_EXTRA = frozenset(
    (
        *("aiosmtplib", "fastapi", "fhir", "fhir_core", "httptools", "pydantic", "pydantic_core"),
        *("pydantic_settings", "starlette", "structlog", "uvicorn", "uvloop", "zeep"),
    )
)
"""Packages of the extra, as they are imported; the command ``conformance`` does without them."""


def main() -> None:
    """Run the command line; the console script's entry."""
    try:
        from gateway.cli.commands import app

        app()
    except ModuleNotFoundError as absent:
        name = (absent.name or "").partition(".")[0]
        if name not in _OF_THE_EXTRA:
            raise
        sys.stderr.write(
            f"The gateway needs {name}, which is not installed; only the command conformance "
            f"works here.\nInstall the extra {EXTRA}:\n\n"
            f"    pip install 'fhir-xds-gateway[{EXTRA}]'\n"
        )
        raise SystemExit(2) from None


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gateway.cli.commands import app

    return app
