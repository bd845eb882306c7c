"""One running server for everything hostile: what one test does to it, the next one meets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.messages import Shelf
from tests.hostile.record import fill
from tests.hostile.server import Server, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway on an empty store; it must stop as a success and never have shown a traceback."""
    with running_server(tmp_path_factory.mktemp("hostile")) as running:
        yield running
        assert "Traceback" not in running.log()
        assert running.stop() == 0


@pytest.fixture(scope="session")
def shelf(server: Server) -> Shelf:
    """What the server holds before it is attacked."""
    return fill(server)
