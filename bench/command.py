"""From typing ``conformance check FILE`` to the end of its answer, a new process each time.

The file is a DocumentReference that claims the comprehensive profile of MHD, with a narrative and
contained resources, so that definitions of two packages and their constraints are in the answer.
Nothing is kept from one process to the next but what the installation has: compiled modules and the
core package's index.
"""

from __future__ import annotations

import compileall
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.fhir import document_reference
from bench.load import Measured

ROOT = Path(__file__).resolve().parents[1]
TARGET = 0.7
"""Seconds an answer may take."""


def answer(seconds: float) -> tuple[Measured, float, float]:
    """Ask again and again; give the latencies, processor seconds of an answer and peak MiB."""
    for package in ("gateway", "conformance"):
        compileall.compile_dir(ROOT / package, quiet=2)
    measured = Measured()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.json"
        path.write_text(json.dumps(document_reference(), indent=2))
        command = [sys.executable, "-m", "conformance", "check", str(path), "--format", "json"]
        while (now := time.perf_counter()) - began < seconds:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
            measured.latencies.append(time.perf_counter() - now)
            if done.returncode != 0:
                measured.failures.append((done.stderr or done.stdout)[-400:].decode())
                break
    measured.seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return measured, processor / len(measured.latencies), after.ru_maxrss / 1024
