"""How one setting is described to the operator."""

from __future__ import annotations

from typing import Any

from pydantic import Field


def setting(description: str, rule: str) -> Any:
    """Describe one field: what it is for, and which values it can have."""
    return Field(description=description, json_schema_extra={"rule": rule})
