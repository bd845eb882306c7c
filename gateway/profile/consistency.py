"""How strictly a document's metadata must say what the document says of itself.

``profiles/<name>/consistency.toml``; see :mod:`gateway.translators.cda_consistency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from gateway.errors import Severity


class ConsistencyMode(Enum):
    """What a repository does with a disagreement."""

    OFF = "off"
    WARN = "warn"
    ERROR = "error"


COMPARED = (
    "document",
    "unique_id",
    "patient_id",
    "source_patient_id",
    "class_code",
    "type_code",
    "format_code",
    "healthcare_facility_type_code",
    "practice_setting_code",
    "confidentiality_code",
    "event_code_list",
    "creation_time",
    "service_start_time",
    "service_stop_time",
    "title",
    "language_code",
    "author",
    "legal_authenticator",
    "mime_type",
    "hash",
    "size",
)
"""Attributes of DocumentEntry a header tells; ``document``: that it can be read at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """What is compared, and how much a disagreement weighs.

    Attributes:
        mode: ``OFF`` does not look at documents; ``WARN`` makes every error a warning.
        severity: By attribute; one that is not here is not compared.
    """

    mode: ConsistencyMode = ConsistencyMode.OFF
    severity: Mapping[str, Severity] = field(default_factory=dict)

    def weight(self, attribute: str) -> Severity | None:
        """How much a disagreement in an attribute weighs; ``None`` when it is not looked for."""
        severity = self.severity.get(attribute)
        if severity is Severity.ERROR and self.mode is ConsistencyMode.WARN:
            return Severity.WARNING
        return severity


def consistency_from(data: Mapping[str, Any], parent: Consistency) -> Consistency:
    """Give the parent's rules with those a profile says again.

    Raises:
        ValueError: When a rule says what nobody knows; the message names it.
    """
    rules = parent
    for name in data:
        if name not in ("mode", "severity"):
            raise ValueError(f"there is no rule {name!r}")
    if "mode" in data:
        # TOML's bare words are booleans; "off" without quotes would be an error there already.
        rules = replace(rules, mode=ConsistencyMode(data["mode"]))
    severity = dict(rules.severity)
    for attribute, weight in data.get("severity", {}).items():
        if attribute not in COMPARED:
            raise ValueError(f"severity.{attribute}: no header tells it; {', '.join(COMPARED)} are")
        if weight == "off":
            severity.pop(attribute, None)
        else:
            severity[attribute] = Severity(weight)
    return replace(rules, severity=MappingProxyType(severity))
