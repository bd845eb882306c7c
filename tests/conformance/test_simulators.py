"""The simulated peers: what they do rightly, what they do wrong when told to, and that it shows."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import httpx
import pytest

from conformance.cli import main
from conformance.live.runner import Runner
from conformance.live.target import Target, find_target
from conformance.report.runs import TestVerdict
from conformance.simulators.faults import FAULTS
from conformance.simulators.peers import SOURCE_FAULTS, SoapFault, consume, provide
from conformance.simulators.serving import serve_peer
from conformance.suite.reading import read_suites
from tests.waiting import PATIENCE

SUITES = [read_suites()[name] for name in ("ihe-registry", "ihe-repository", "ihe-metadata-update")]
PATIENT = "SIM-7^^^&2.999.1.1&ISO"
NOW = "20260301120000"


@contextmanager
def simulated(*faults: str, seconds: float = 1.0) -> Iterator[str]:
    """Run the simulated registry and repository in a thread of its own."""
    ready = threading.Event()
    port: list[int] = []
    loop = asyncio.new_event_loop()

    def started(number: int) -> None:
        port.append(number)
        ready.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        peer = serve_peer(
            "127.0.0.1", 0, faults, seconds, clock=lambda: NOW, told=_nothing, started=started
        )
        task = loop.create_task(peer)
        stop.append(lambda: loop.call_soon_threadsafe(task.cancel))
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    stop: list[Callable[[], object]] = []
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield f"http://127.0.0.1:{port[0]}"
    finally:
        stop[0]()
        thread.join(PATIENCE)
        loop.close()


def _nothing(_: str) -> None:
    pass


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
        yield client


def test_what_the_source_sends_the_consumer_finds(client: httpx.Client) -> None:
    with simulated() as url:
        sent = provide(client, f"{url}/repository", PATIENT, NOW, b"A letter.\r\n")
        assert sent.good
        read = consume(client, f"{url}/registry", f"{url}/repository", PATIENT)
        assert read.good
        assert "1 documents" in read.lines[0]
        assert "11 octets, as announced" in read.lines[1]


def test_a_well_behaved_peer_passes_what_it_simulates(client: httpx.Client) -> None:
    with simulated() as url:
        runner = Runner(
            client=client,
            target=find_target(client, [url]),
            clock=lambda: datetime.now(UTC),
            seconds=time.monotonic,
            limit=PATIENCE,
        )
        results = runner.run(SUITES, lambda name: True)
    wrong = [(one.id, [i.message for i in one.issues]) for one in results if one.issues]
    assert wrong == []
    assert {one.verdict for one in results} == {TestVerdict.PASS}
    assert len(results) > 150


@pytest.mark.parametrize("fault", SOURCE_FAULTS)
def test_a_source_that_is_wrong_is_refused(client: httpx.Client, fault: str) -> None:
    with simulated() as url:
        try:
            told = provide(client, f"{url}/repository", PATIENT, NOW, b"A letter.", fault)
        except SoapFault:
            return
    # A document inside the message is legal, and the simulator asks nobody who comes.
    assert told.good is (fault in ("no-mtom", "bad-saml"))


CONSUMER_SEES = {
    "wrong-hash": "announced da39a3ee",
    "other-document": "announced",
    "duplicate-ids": "has 2 documents",
}
TESTS_SEE = {
    "late": "provide-and-retrieve",
    "silent": "provide-and-retrieve",
    "truncated": "provide-and-retrieve",
    "http-500": "provide-and-retrieve",
    "busy": "provide-and-retrieve",
    "soap-fault": "provide-and-retrieve",
    "wrong-content-type": "answer-is-mtom",
    "wrong-relates-to": "answer-is-mtom",
    "wrong-hash": "hash-size-repository",
    "other-document": "provide-and-retrieve",
    "no-mtom": "answer-is-mtom",
    "duplicate-ids": "register-and-find",
    "stale": "replace",
    "not-xml": "register-and-find",
    "slow": "register-and-find",
}


@pytest.fixture
def hasty() -> Iterator[httpx.Client]:
    """A client that gives up before a peer that is late is there."""
    with httpx.Client(timeout=0.5, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("fault", FAULTS)
def test_a_peer_that_is_wrong_is_found_out(
    client: httpx.Client, hasty: httpx.Client, fault: str
) -> None:
    is_late = fault in ("late", "silent", "slow")
    named = TESTS_SEE[fault]
    with simulated(fault, seconds=3.0) as url:
        runner = Runner(
            client=hasty if is_late else client,
            target=find_target_of(url),
            clock=lambda: datetime.now(UTC),
            seconds=time.monotonic,
            limit=1.0 if is_late else PATIENCE,
        )
        results = runner.run(SUITES, lambda name: name.endswith(f"/{named}"))
        assert results
        assert {one.verdict for one in results} & {TestVerdict.FAIL, TestVerdict.ERROR}


def find_target_of(url: str) -> Target:

    return Target(registry=f"{url}/registry", repository=f"{url}/repository", asks=False)


@pytest.mark.parametrize("fault", CONSUMER_SEES)
def test_the_consumer_compares_what_it_gets(client: httpx.Client, fault: str) -> None:
    with simulated(fault) as url:
        assert provide(client, f"{url}/repository", PATIENT, NOW, b"A letter.").good
        told = consume(client, f"{url}/registry", f"{url}/repository", PATIENT)
    assert CONSUMER_SEES[fault] in "\n".join(told.lines)


def test_the_command_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--faults"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*FAULTS, *SOURCE_FAULTS))
    assert main(["simulate"]) == 2
    assert "server, source or consumer" in capsys.readouterr().err
    assert main(["simulate", "server", "--host", "0.0.0.0"]) == 2
    assert main(["simulate", "server", "--fault", "nonsense"]) == 2
    assert main(["simulate", "source", "--repository", "http://127.0.0.1:9"]) == 1
    assert "no answer" in capsys.readouterr().out


def test_the_command_calls(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated() as url:
        doors = ["--registry", f"{url}/registry", "--repository", f"{url}/repository"]
        assert main(["simulate", "source", *doors]) == 0
        assert "answered Success" in capsys.readouterr().out
        assert main(["simulate", "consumer", *doors]) == 0
        assert "as announced" in capsys.readouterr().out
        assert main(["simulate", "source", *doors, "--fault", "no-document"]) == 1
        assert "XDSMissingDocument" in capsys.readouterr().out
