"""Several payloads judged at once, in processes that each have engines of their own.

A worker makes its engines once and judges one payload after the other. One that dies (killed for
want of memory, or a crash in a library) takes only the payload it had in hand with it: that is
reported, another worker takes its place, and the run goes on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


class Died(Exception):
    """A worker ended with this payload in hand; the text says how."""


@dataclass(slots=True)
class _Worker(Generic[Work]):
    process: BaseProcess
    pipe: Connection
    index: int


def in_processes(
    make: Callable[[], AbstractContextManager[Callable[[Work], Result]]],
    work: Sequence[Work],
    jobs: int,
) -> Iterator[tuple[int, Result | Died]]:
    """Do pieces of work in several processes; give each result, with its index, as it comes.

    Args:
        make: Called once in each process; gives what does one piece, and ends what that started.
        work: The pieces.
        jobs: Processes at once.
    """
    # A fork is there at once and shares what has been loaded.
    context: ForkContext | SpawnContext
    if "fork" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("fork")
    else:
        context = multiprocessing.get_context("spawn")
    waiting = iter(range(len(work)))
    workers: list[_Worker[Work]] = []

    def start() -> None:
        index = next(waiting, None)
        if index is None:
            return
        here, there = context.Pipe()
        others = [worker.pipe for worker in workers]
        process = context.Process(target=_serve, args=(make, there, here, others), daemon=False)
        process.start()
        there.close()
        here.send(work[index])
        workers.append(_Worker(process, here, index))

    for _ in range(min(jobs, len(work))):
        start()
    try:
        while workers:
            ready = wait([worker.pipe for worker in workers])
            for worker in [each for each in workers if each.pipe in ready]:
                done = worker.index
                try:
                    result: Result | Died = worker.pipe.recv()
                except (EOFError, OSError):
                    worker.process.join()
                    workers.remove(worker)
                    yield done, Died(_how(worker.process.exitcode))
                    start()
                    continue
                index = next(waiting, None)
                if index is None:
                    _send_home(worker)
                    workers.remove(worker)
                else:
                    worker.index = index
                    with contextlib.suppress(OSError):
                        worker.pipe.send(work[index])
                yield done, result
    finally:
        for worker in workers:
            worker.process.terminate()
            worker.process.join()


def _serve(
    make: Callable[[], AbstractContextManager[Callable[[Work], Result]]],
    pipe: Connection,
    parents_end: Connection,
    others: Sequence[Connection],
) -> None:
    # Ctrl-C is the parent's to answer; and only it may hold its ends of the pipes, or nobody would
    # notice that it is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in (parents_end, *others):
        end.close()
    with contextlib.suppress(EOFError, OSError), make() as do:
        while (piece := pipe.recv()) is not None:
            pipe.send(do(piece))


def _send_home(worker: _Worker[Work]) -> None:
    with contextlib.suppress(OSError):
        worker.pipe.send(None)
    worker.pipe.close()
    worker.process.join()


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"
