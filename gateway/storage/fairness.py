"""How the event loop shares the interpreter with the threads that wait for the disk."""

from __future__ import annotations

import sys

SWITCH_INTERVAL = 0.0001
"""Seconds a waiting thread lets the running one go on.

A thread back from the disk needs the interpreter lock. It asks for it only after a whole interval
in which nobody released the lock; a busy event loop releases and takes it again at every system
call, several times in Python's default of 5 ms, so that a commit that took 0.2 ms was seen to wait
for seconds. An interval shorter than the handling of one request ends that.
"""


def share_the_interpreter() -> None:
    """Let threads back from the disk have their turn beside a busy event loop.

    For the composition root: the setting belongs to the whole process.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
