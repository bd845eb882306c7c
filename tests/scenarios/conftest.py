"""Scenes on one gateway: each scenario has a record of its own there, on each wire."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.notifications.world import MovableClock
from tests.scenarios.gateway import HEARD, Gateway, opened, quick_keys
from tests.scenarios.hooks import Hook, hook
from tests.scenarios.people import patient_number
from tests.scenarios.scene import MHD, SOAP, Scene

BEGINNING = "20261122100000"
_patients = itertools.count(1)


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """Where gateways run."""
    with quick_keys(), start_blocking_portal("asyncio", {"use_uvloop": True}) as running:
        yield running


@pytest.fixture(scope="session")
def outside() -> Iterator[Hook]:
    """An endpoint that notices and subscriptions may be sent to."""
    with hook() as made:
        yield made


@pytest.fixture(scope="session")
def gateway(
    portal: BlockingPortal, outside: Hook, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """The gateway most scenarios share; its clock only goes forward."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("scenarios")
        made = opened(
            stack,
            portal,
            folder,
            MovableClock(BEGINNING),
            notify_endpoints=outside.url,
            notify_networks="127.0.0.0/8",
        )
        yield made
        HEARD.kept.clear()
        HEARD.take_events(made.client)
        found = HEARD.complaints()
        assert not found, "\n".join(found)


@pytest.fixture(autouse=True)
def _valid_answers() -> Iterator[None]:
    """Whatever a gateway answers in a scenario is valid FHIR."""
    HEARD.kept.clear()
    yield
    found = HEARD.complaints()
    assert not found, "\n".join(found)


@pytest.fixture(params=[SOAP, MHD])
def wire(request: pytest.FixtureRequest) -> str:
    """Over which wire a scenario is played."""
    return str(request.param)


@pytest.fixture
def scene(gateway: Gateway, wire: str) -> Scene:
    """A record of its own."""
    return Scene(gateway, wire, patient_number(next(_patients)))


NewScene = Callable[..., Scene]


@pytest.fixture
def new_scene(gateway: Gateway, wire: str) -> NewScene:
    """Gives further records, or one of somebody of another age."""

    def made(**more: Any) -> Scene:
        return Scene(more.pop("gateway", gateway), wire, patient_number(next(_patients)), **more)

    return made
