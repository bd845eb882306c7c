"""Our own gateways, started as their users start them, pass everything; wrong ones do not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.conformance.live import (
    KINDS,
    Kind,
    expected,
    gateway_of,
    kind_for,
    run,
    suites_for,
    told,
    untranslated,
    verdicts,
)
from tests.conformance.wrong_gateway import FAULTS, Door, door_to
from tests.end_to_end.server import RunningGateway


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Kind, RunningGateway]]:
    folders = {kind: tmp_path_factory.mktemp(kind.name) for kind in KINDS}
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        entered = {
            kind: pool.submit(stack.enter_context, gateway_of(kind, folders[kind]))
            for kind in KINDS
        }
        yield {kind: one.result() for kind, one in entered.items()}


@pytest.fixture(scope="module")
def doors(gateways: dict[Kind, RunningGateway]) -> Iterator[dict[Kind, Door]]:
    with ExitStack() as stack:
        yield {kind: stack.enter_context(door_to(server.url)) for kind, server in gateways.items()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_our_own_gateway_passes_everything(
    gateways: dict[Kind, RunningGateway], kind: Kind
) -> None:
    server = gateways[kind]
    results = run(server.url, kind, server.data, suites_for(kind))
    assert told(results) == []
    assert verdicts(results) == expected("own")[kind.name]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_gateway_is_found_out(
    gateways: dict[Kind, RunningGateway], doors: dict[Kind, Door], fault: str
) -> None:
    kind = kind_for(fault)
    stored = expected("wrong")[fault]
    assert "fail" in stored.values()
    doors[kind].switch(fault)
    results = run(doors[kind].url, kind, gateways[kind].data, suites_for(kind), stored)
    assert verdicts(results) == stored
    assert untranslated(results) == []


def test_a_door_without_fault_changes_nothing(
    gateways: dict[Kind, RunningGateway], doors: dict[Kind, Door]
) -> None:
    """What is found behind it is the fault's, not the door's."""
    for kind in KINDS[:2]:
        names = {
            next(name for name, verdict in stored.items() if verdict == "fail")
            for fault, stored in expected("wrong").items()
            if kind_for(fault) == kind
        }
        doors[kind].switch("")
        server = gateways[kind]
        assert told(run(doors[kind].url, kind, server.data, suites_for(kind), names)) == []
