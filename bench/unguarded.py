"""The gateway with credentials and audit, but without consent: a yardstick for what consent costs.

The same process as ``gateway serve`` with ``GATEWAY_AUTH=required``, except that the record gate
lets everybody in, no record is looked up, and the registry is read as it is. Never a product: it
stands here so that the product has no switch that opens it.
"""

from __future__ import annotations

from typing import Any

from gateway.actors.access_control import AccessControl
from gateway.actors.consent_rules import ConsentRules
from gateway.cli import main
from gateway.consent.decision import Decision
from gateway.consent.visibility import Visibility
from gateway.model.datatypes import Identifier
from gateway.model.record import Record
from gateway.storage.sqlite.choice_store import SqliteChoiceStore
from gateway.storage.sqlite.view import RegistryView


def _everybody(*args: Any, **more: Any) -> Decision:
    record, now = args[3], args[4]
    return Decision(
        permitted=True, rule="none", visibility=Visibility(patient=record.patient, now=now)
    )


async def _any(store: SqliteChoiceStore, patient: Identifier) -> Record:
    return Record(patient=patient)


async def _met(*args: Any) -> bool:
    return False


async def _no_facts(*args: Any) -> tuple[()]:
    return ()


if __name__ == "__main__":
    ConsentRules.gate = _everybody  # type: ignore[method-assign]
    SqliteChoiceStore.record = _any  # type: ignore[method-assign]
    RegistryView.seen_by = lambda self, visibility: self  # type: ignore[method-assign,assignment]
    AccessControl._is_first = _met  # type: ignore[method-assign,assignment]
    AccessControl.facts = _no_facts  # type: ignore[method-assign,assignment]
    main()
