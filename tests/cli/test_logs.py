"""A log says where something failed and which kind of failure it was, and nothing of a patient."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator

import pytest
import structlog

from gateway.cli.logs import set_up_logs
from gateway.settings import Settings

WORDS = "CANARI Marguerite"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    chatty = {name: logging.getLogger(name).level for name in ("uvicorn.error", "httpx", "asyncio")}
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in chatty.items():
        logging.getLogger(name).setLevel(was)


def fails_with(error: Exception) -> None:
    patient = WORDS
    try:
        try:
            raise KeyError(patient)
        except KeyError as first:
            raise error from first
    except type(error):
        structlog.get_logger().exception("it.failed", path="/fhir")


def logged(capsys: pytest.CaptureFixture[str], error: Exception, **settings: str) -> str:
    set_up_logs(Settings(**settings))  # type: ignore[arg-type]
    fails_with(error)
    return capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_failure_is_logged_without_the_words_of_the_error(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    told = logged(capsys, ValueError(f"{WORDS} is no date"), log_format=form)
    assert WORDS not in told
    assert "it.failed" in told
    for expected in ("KeyError", "ValueError", "test_logs.py", "fails_with", "GATEWAY_LOG_LEVEL"):
        assert expected in told, told


@pytest.mark.parametrize("form", ["text", "json"])
def test_who_debugs_sees_the_words(capsys: pytest.CaptureFixture[str], form: str) -> None:
    told = logged(capsys, ValueError(WORDS), log_format=form, log_level="debug")
    assert WORDS in told


def test_what_the_system_says_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No space left" in logged(capsys, OSError(28, "No space left on device"))
    assert "database is locked" in logged(capsys, sqlite3.OperationalError("database is locked"))


def test_json_lists_the_error_before_what_led_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(logged(capsys, ValueError(WORDS), log_format="json"))
    assert [one["exc_type"] for one in told["exception"]] == ["ValueError", "KeyError"]
    (frame,) = told["exception"][0]["frames"]
    assert (frame["name"], frame["lineno"] > 0) == ("fails_with", True)
