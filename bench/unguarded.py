"""The gateway with credentials and audit, but without consent: a yardstick for what consent costs.

The same process as ``gateway serve`` with ``GATEWAY_AUTH=required``, except that the record gate
lets everybody in, no record is looked up, and the registry is read as it is. What stands in for the
rules is made once and not for each request, so that the yardstick pays for nothing that belongs to
them: a decision, and a record that knows whose it is and no more, since the audit event names the
patient. Never a product: it stands here so that the product has no switch that opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from gateway.actors.access_control import AccessControl
from gateway.cli import main
from gateway.consent.decision import Decision
from gateway.model.datatypes import Identifier
from gateway.model.record import Record
from gateway.storage.sqlite.view import RegistryView

_PERMITTED = Decision(permitted=True, rule="none")
_records: dict[str, Record] = {}


async def _everybody(
    control: AccessControl, access: Any, operation: Any, patient: Identifier, now: str
) -> tuple[Record, Decision, tuple[()]]:
    record = _records.get(patient.text)
    if record is None:
        record = _records[patient.text] = Record(patient=patient)
    return record, _PERMITTED, ()


async def _met(*args: Any) -> bool:
    return False


async def _no_facts(*args: Any) -> tuple[()]:
    return ()


@contextmanager
def unguarded() -> Iterator[None]:
    """Let everybody see everything, for as long as it lasts."""
    with ExitStack() as stack:
        for owner, name, instead in (
            (AccessControl, "_decide", _everybody),
            (RegistryView, "seen_by", lambda self, visibility: self),
            (AccessControl, "_is_first", _met),
            (AccessControl, "facts", _no_facts),
        ):
            stack.enter_context(patch.object(owner, name, instead))
        yield


if __name__ == "__main__":
    with unguarded():
        main()
