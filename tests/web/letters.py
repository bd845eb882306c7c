"""Notices put into a gateway that runs in the test's own process."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from starlette.testclient import TestClient

from gateway.model.datatypes import Identifier
from gateway.model.notice import Notice, NoticeKind, RecipientKind
from gateway.ports import Account
from tests.model.audited import search


def add_notice(client: TestClient, recipient: Identifier, **more: Any) -> str:
    """Keep a notice and give its id."""
    values: dict[str, Any] = {
        "id": f"urn:uuid:{uuid.uuid4()}",
        "kind": NoticeKind.FIRST_ACCESS,
        "recipient_kind": RecipientKind.PATIENT,
        "recipient": recipient,
        "patient": recipient,
        "time": "20260301080000",
        "who": "Dr Example",
        **more,
    }
    notice = Notice(**values)
    store = client.app_state["service"].notifications.inbox._store
    assert client.portal is not None
    client.portal.call(store.once, notice.id, notice.time, Account(notices=(notice,)))
    return notice.id


def add_event(client: TestClient, id: str) -> None:
    """Keep an audit event."""
    trail = client.app_state["service"].inside._wiring.trail
    assert client.portal is not None
    client.portal.call(trail.append, replace(search(), id=id))
