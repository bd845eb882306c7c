"""Our own gateway, started as its user starts it, passes every live test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from conformance.live.runner import Runner
from conformance.live.target import find_target
from conformance.report.runs import TestVerdict
from conformance.suite.reading import read_suites
from tests.end_to_end.server import RunningGateway, running_gateway


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("live"), "--demo") as server:
        yield server


def test_the_suites_without_a_country_pass(client: httpx.Client, server: RunningGateway) -> None:
    target = find_target(client, [server.url])
    runner = Runner(
        client=client,
        target=target,
        clock=lambda: datetime.now(UTC),
        seconds=time.monotonic,
    )
    results = runner.run(one for one in read_suites().values() if one.profile == "ihe")
    wrong = [
        (one.id, one.reason, [issue.message for issue in one.issues])
        for one in results
        if one.verdict is not TestVerdict.PASS
    ]
    assert wrong == []
    assert len(results) > 100
