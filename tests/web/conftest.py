"""The whole gateway in the test's own process: the application, its storage in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.testclient import TestClient

from gateway.service import open_service
from gateway.settings import Settings
from gateway.web.app import create_app
from tests.answers import Answers, judged
from tests.web.access import House

Open = Callable[..., TestClient]


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """What the gateways of a test answer; every FHIR answer must be valid in the end."""
    yield from judged(request)


@pytest.fixture
def open_gateway(tmp_path: Path, answers: Answers) -> Iterator[Open]:
    """Gives clients of gateways with the settings asked for; all share the test's data folder."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal("asyncio", {"use_uvloop": True}))

        def opened(guard: Callable[[Any], Any] | None = None, **settings: Any) -> TestClient:
            values = {"data": tmp_path / "data", "public_url": "http://gateway.test", **settings}
            service = stack.enter_context(
                portal.wrap_async_context_manager(open_service(Settings(**values), guard))
            )
            client = TestClient(
                create_app(service),  # type: ignore[arg-type]
                base_url="http://gateway.test",
                raise_server_exceptions=True,
            )
            client.portal = portal
            client.app_state["service"] = service
            return answers.listen(client)

        yield opened
        answers.take_events()


@pytest.fixture
def client(open_gateway: Open) -> TestClient:
    """A client of a gateway with the usual settings."""
    return open_gateway()


@pytest.fixture
def house(open_gateway: Open) -> House:
    """A gateway that asks who comes, with an open record of the usual patient."""
    opened = House()
    opened.opens()
    opened.client = open_gateway(opened.guard)
    return opened
