"""Policies a patient may acknowledge: by URI in a Consent, by OID in a BPPC document.

``profiles/<name>/policies.toml`` says what each one means as a choice. A policy that is not in the
table has no meaning here, and whatever names it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gateway.model.choices import (
    BasePolicy,
    Choice,
    Close,
    Emergency,
    EmergencyKind,
    HideAll,
    Labelled,
    Mask,
    Open,
    Unmask,
)
from gateway.model.datatypes import OID


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedPolicy:
    """A policy with an OID, and the choice that acknowledging it makes."""

    oid: str
    code_system: str
    display: str
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The two tables of a profile.

    Attributes:
        base: By URI, the base policy of a record.
        acknowledged: By OID.
    """

    base: Mapping[str, BasePolicy] = field(default_factory=dict)
    acknowledged: Mapping[str, AcknowledgedPolicy] = field(default_factory=dict)

    def uri(self, policy: BasePolicy) -> str:
        """The first URI of a base policy; empty where the profile has none."""
        return next((uri for uri, known in self.base.items() if known is policy), "")

    def oid(self, choice: Choice) -> AcknowledgedPolicy | None:
        """The policy whose acknowledgment makes a choice, where there is one."""
        return next((p for p in self.acknowledged.values() if p.choice == choice), None)


def policies_from(data: Mapping[str, Any], parent: Policies) -> Policies:
    """Put a profile's tables before those of the profile it extends.

    Raises:
        ValueError: When a row says what nobody knows; the message names the row.
    """
    base: dict[str, BasePolicy] = {}
    for row in data.get("base_policy", ()):
        try:
            base[str(row["uri"])] = BasePolicy(row["means"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"base_policy {dict(row)!r}: {error}") from None
    acknowledged: dict[str, AcknowledgedPolicy] = {}
    for row in data.get("acknowledged_policy", ()):
        oid = str(row.get("oid", ""))
        if not OID.match(oid):
            raise ValueError(f"acknowledged_policy: {oid!r} is no OID")
        acknowledged[oid] = AcknowledgedPolicy(
            oid=oid,
            code_system=str(row.get("code_system", "")),
            display=str(row.get("display", "")),
            choice=_choice(row),
        )
    return Policies(
        base=MappingProxyType({**base, **_without(parent.base, base)}),
        acknowledged=MappingProxyType(
            {**acknowledged, **_without(parent.acknowledged, acknowledged)}
        ),
    )


def _without(mapping: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


def _choice(row: Mapping[str, Any]) -> Choice:
    """The choice of a row: only those that need nothing but the patient to be complete."""
    kind = row.get("choice")
    try:
        match kind:
            case "open":
                return Open(policy=BasePolicy(row.get("policy", BasePolicy.DOMAIN.value)))
            case "close":
                return Close()
            case "emergency":
                return Emergency(
                    kind=EmergencyKind(row["emergency"]), allowed=_flag(row, "allowed")
                )
            case "hide_all":
                return HideAll(hidden=_flag(row, "hidden"))
            case "mask":
                return Mask(target=Labelled(label=str(row["label"])))
            case "unmask":
                return Unmask(target=Labelled(label=str(row["label"])))
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"acknowledged_policy {row.get('oid')}: {error}") from None
    raise ValueError(
        f"acknowledged_policy {row.get('oid')}: choice {kind!r} is none of open, close, emergency, "
        "hide_all, mask, unmask"
    )


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row[name]
    if type(value) is not bool:
        raise ValueError(f"{name} is true or false")
    return value
