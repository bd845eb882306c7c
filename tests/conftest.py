"""What every test relies on: nothing of the machine leaks in, and laws search modestly."""

from __future__ import annotations

import os

import pytest
import structlog
from hypothesis import HealthCheck, settings

# An everyday run searches briefly and the same places each time, so that its verdict is about the
# change at hand; `make laws` (HYPOTHESIS_PROFILE=thorough) searches long and elsewhere each time.
# No deadline: the machines that run the tests are shared, and a slow moment is no counter-example.
settings.register_profile(
    "modest",
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("modest"), max_examples=3000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "modest"))

# The log of a process that nobody configured draws every local variable of a failed call, which
# takes a second each; the product's own log writes plain tracebacks, see gateway/cli/logs.py.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees the defaults, whatever the person who runs it has exported."""
    for name in list(os.environ):
        if name.startswith("GATEWAY_") and name != "GATEWAY_SHARED":
            monkeypatch.delenv(name)
