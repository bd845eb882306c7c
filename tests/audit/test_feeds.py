"""Every event arrives, whatever happens to the receiver or to us."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from gateway.audit.feeds import Feed, Sink, Undelivered
from gateway.audit.fhir_sink import FhirSink
from gateway.audit.syslog_sink import SyslogSink
from gateway.codecs.atna.audit_message import write_audit_message
from gateway.codecs.atna.syslog import frame, write_syslog
from gateway.codecs.fhir.audit_event import AuditEventWriter
from gateway.model.audit import Observer
from gateway.model.naming import NamingSystems
from gateway.ports import KeptEvent
from gateway.storage.sqlite import SqliteRegistryStore
from tests.audit.receivers import FhirReceiver, SyslogReceiver, make_certificate
from tests.model.audited import name, search
from tests.storage.shelf import PickledFragments, SteppingClock
from tests.waiting import PATIENCE, held_port, until

OBSERVER = Observer(id="gateway.example", endpoint="https://gateway.example", process="1")
WRITER = AuditEventWriter(OBSERVER, NamingSystems(), "https://gateway.example/fhir")


def as_syslog(kept: KeptEvent) -> bytes:
    message = write_audit_message(kept.event, OBSERVER)
    return frame(write_syslog(message, kept.event.time, host=OBSERVER.id))


def as_fhir(kept: KeptEvent) -> list[bytes]:
    return [WRITER.whole(kept.event)]


def syslog_sink(receiver: SyslogReceiver) -> SyslogSink:
    context = ssl.create_default_context(cafile=str(receiver.certificate))
    return SyslogSink("127.0.0.1", receiver.port, context, as_syslog, patience=PATIENCE)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SqliteRegistryStore]:
    store = SqliteRegistryStore.open(folder / "r.sqlite", PickledFragments(), SteppingClock())
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return make_certificate(tmp_path)


async def fill(store: SqliteRegistryStore, first: int, last: int) -> None:
    await store.audit.append(*(search(number) for number in range(first, last + 1)))


def quick(feed_name: str, store: SqliteRegistryStore, sink: Sink, batch: int = 7) -> Feed:
    return Feed(feed_name, store.audit, sink, batch=batch, idle=0.01, longest_pause=0.05)


@asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def names(first: int, last: int) -> list[str]:
    return [name(number) for number in range(first, last + 1)]


def bare(first: int, last: int) -> list[str]:
    return [one.removeprefix("urn:uuid:") for one in names(first, last)]


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_events_arrive_in_order_and_once_when_nothing_goes_wrong(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    async def work() -> None:
        receiver = SyslogReceiver(*certificate)
        await receiver.start()
        async with opened(tmp_path) as store:
            await fill(store, 1, 20)
            async with running(quick("s", store, syslog_sink(receiver))):
                await until(lambda: len(receiver.messages) == 20, "twenty came")
                await fill(store, 21, 25)
                await until(lambda: len(receiver.messages) == 25, "all came")
                while (await store.audit.feed("s")).number < 25:
                    await asyncio.sleep(0.02)
        assert receiver.ids() == names(1, 25)
        assert receiver.messages[0].startswith(b"<85>1 2026-03-01T12:00:00Z gateway.example - - ")
        await receiver.stop()

    run(work)


def test_what_a_receiver_lost_with_its_connection_is_sent_again(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """Everything was written to the socket; nothing says that anybody read it."""

    async def work() -> None:
        receiver = SyslogReceiver(*certificate, drops_after=9000)
        await receiver.start()
        async with opened(tmp_path) as store:
            await fill(store, 1, 14)
            feed = quick("s", store, syslog_sink(receiver))
            for _ in range(3):
                with pytest.raises(Undelivered):
                    await feed.step()
            assert receiver.messages == []
            assert (await store.audit.feed("s")).number == 0
            receiver.drops_after = None
            while await feed.step():
                pass
        assert receiver.ids() == names(1, 14)
        await receiver.stop()

    run(work)


def test_a_receiver_that_never_says_goodbye_has_confirmed_nothing(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """It closes the connection without close_notify, once it has read much or little."""

    async def work() -> None:
        chance = random.Random(5)
        receiver = SyslogReceiver(*certificate, forgets=False)
        await receiver.start()
        async with opened(tmp_path) as store:
            await fill(store, 1, 30)
            feed = quick("s", store, syslog_sink(receiver))
            delivered = 0
            while delivered < 30:
                receiver.drops_after = chance.choice((None, 100, 5000, 12000, 20000))
                with suppress(Undelivered):
                    await feed.step()
                delivered = (await store.audit.feed("s")).number
                # Whatever counts as delivered is there; more may be.
                assert set(receiver.ids()) >= set(names(1, delivered))
        await receiver.stop()

    run(work)


def test_nothing_is_lost_while_a_receiver_is_away(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    async def work() -> None:
        receiver = SyslogReceiver(*certificate, port=port)
        await receiver.start()
        sink = syslog_sink(receiver)
        async with opened(tmp_path) as store, running(quick("s", store, sink)):
            await fill(store, 1, 3)
            await until(lambda: len(receiver.messages) == 3, "three came")
            await receiver.stop()
            await fill(store, 4, 30)
            await asyncio.sleep(0.2)
            await receiver.start()
            await until(lambda: len(set(receiver.ids())) == 30, "all came")
        assert list(dict.fromkeys(receiver.ids())) == names(1, 30)
        await receiver.stop()

    with held_port() as port:  # Nobody else listens there meanwhile.
        run(work)


def test_a_receiver_nobody_vouches_for_gets_nothing(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    async def work() -> None:
        receiver = SyslogReceiver(*certificate)
        await receiver.start()
        sink = SyslogSink(
            "127.0.0.1", receiver.port, ssl.create_default_context(), as_syslog, patience=PATIENCE
        )
        with pytest.raises(Undelivered):
            await sink.deliver([KeptEvent(1, search())])
        named = SyslogSink("localhost", receiver.port, syslog_sink(receiver)._context, as_syslog)
        with pytest.raises(Undelivered):
            await named.deliver([KeptEvent(1, search())])
        await receiver.stop()
        assert receiver.messages == []

    run(work)


@asynccontextmanager
async def fhir(store: SqliteRegistryStore, receiver: FhirReceiver) -> AsyncIterator[Feed]:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        sink = FhirSink(client, f"http://127.0.0.1:{receiver.port}/fhir/", as_fhir)
        yield quick("f", store, sink)


def test_a_fhir_repository_gets_batches(tmp_path: Path) -> None:
    async def work() -> None:
        receiver = FhirReceiver()
        await receiver.start()
        async with opened(tmp_path) as store, fhir(store, receiver) as feed:
            await fill(store, 1, 20)
            while await feed.step():
                pass
        assert receiver.ids() == bare(1, 20)
        assert receiver.paths == ["/fhir"] * 3
        await receiver.stop()

    run(work)


def test_a_repository_in_trouble_gets_everything_later(tmp_path: Path) -> None:
    async def work() -> None:
        receiver = FhirReceiver(port=port)
        await receiver.start()
        async with opened(tmp_path) as store, fhir(store, receiver) as feed:
            await fill(store, 1, 10)
            for status in (500, 503, 401, 403, 404, 429, 307):
                receiver.status = status
                with pytest.raises(Undelivered):
                    await feed.step()
            receiver.status = None
            receiver.loses = 2
            for _ in range(2):
                with pytest.raises(Undelivered):
                    await feed.step()
            await receiver.stop()
            with pytest.raises(Undelivered):
                await feed.step()
            await receiver.start()
            while await feed.step():
                pass
        assert set(receiver.ids()) == set(bare(1, 10))
        await receiver.stop()

    with held_port() as port:
        run(work)


@pytest.mark.parametrize("batches", [True, False])
def test_one_event_a_repository_never_takes_does_not_stop_the_others(
    tmp_path: Path, batches: bool
) -> None:
    async def work() -> None:
        receiver = FhirReceiver(refuses=set(bare(4, 4)), takes_batches=batches)
        await receiver.start()
        async with opened(tmp_path) as store, fhir(store, receiver) as feed:
            await fill(store, 1, 10)
            while await feed.step():
                pass
            state = await store.audit.feed("f")
        assert state.number == 10
        assert state.refused == ((4, "HTTP 422"),)
        assert sorted(receiver.ids()) == sorted({*bare(1, 10)} - {*bare(4, 4)})
        await receiver.stop()

    run(work)


def test_each_receiver_has_its_own_place(tmp_path: Path) -> None:
    async def work() -> None:
        receiver = FhirReceiver()
        await receiver.start()
        async with opened(tmp_path) as store, fhir(store, receiver) as feed:
            await fill(store, 1, 5)
            await feed.step()
            assert (await store.audit.feed("f")).number == 5
            assert (await store.audit.feed("other")).number == 0
        await receiver.stop()

    run(work)


_KILLED = """
import asyncio, sys
from pathlib import Path
from tests.audit import test_feeds as t
from tests.audit.receivers import SyslogReceiver

async def work():
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    receiver = SyslogReceiver(folder / "receiver.pem", folder / "receiver.key", port=port)
    async with t.opened(folder) as store:
        print("ready", flush=True)
        await t.quick("s", store, t.syslog_sink(receiver), batch=2).run()

asyncio.run(work())
"""


def test_a_sender_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """Killed at any moment, again and again, while events come in: all arrive, none out of turn."""

    async def work() -> None:
        chance = random.Random(11)
        receiver = SyslogReceiver(*certificate)
        await receiver.start()
        written = 0
        async with opened(tmp_path) as store:
            for _ in range(3):
                await fill(store, written + 1, written + 10)
                written += 10
                sender = subprocess.Popen(
                    [sys.executable, "-c", _KILLED, str(tmp_path), str(receiver.port)],
                    stdout=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                )
                assert sender.stdout is not None
                await asyncio.to_thread(sender.stdout.readline)
                await asyncio.sleep(chance.random() * 0.15)
                sender.send_signal(signal.SIGKILL)
                await asyncio.to_thread(sender.wait)
                delivered = (await store.audit.feed("s")).number
                await asyncio.sleep(0.05)
                assert set(receiver.ids()) >= set(names(1, delivered))
            feed = quick("s", store, syslog_sink(receiver))
            while await feed.step():
                pass
        assert list(dict.fromkeys(receiver.ids())) == names(1, written)
        await receiver.stop()

    run(work)
