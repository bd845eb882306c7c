from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.server import RunningGateway, running_gateway


@pytest.fixture(scope="module")
def gateway_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Start a gateway with an empty store, one for all tests of a module."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as server:
        yield server
