"""How the process logs: structlog for ours, the standard library's loggers in the same form."""

from __future__ import annotations

import logging
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from functools import partial
from typing import Any, TextIO

import structlog
from structlog.typing import ExcInfo, Processor

from gateway.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Send every log line to standard error, as text or as one JSON object a line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor]
    shown = settings.log_level == "debug"
    if settings.log_format == "json":
        last = [
            structlog.processors.ExceptionRenderer(partial(_as_values, shown=shown)),
            structlog.processors.JSONRenderer(),
        ]
    else:
        last = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=partial(_as_text, shown=shown)
            )
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # The server's own "started", "shutting down" say nothing the banner does not.
    if settings.log_level != "debug":
        for chatty in ("uvicorn.error", "httpx", "asyncio"):
            logging.getLogger(chatty).setLevel(logging.WARNING)


# Tracebacks say where and which kind of error, without local variables and without the error's own
# words: both may be a patient's. What the system and the database say is about neither.
_OURS_TO_TELL = (OSError, sqlite3.OperationalError)


def _as_text(out: TextIO, exc_info: ExcInfo, *, shown: bool) -> None:
    for error, joint in _chain(exc_info[1]):
        if joint:
            out.write(f"\n{joint}\n\n")
        out.write("Traceback (most recent call last):\n")
        out.writelines(traceback.format_tb(error.__traceback__))
        out.write(f"{_name(error)}: {_words(error, shown=shown)}")
        if error is not exc_info[1]:
            out.write("\n")


def _as_values(exc_info: ExcInfo, *, shown: bool) -> list[dict[str, Any]]:
    return [
        {
            "exc_type": _name(error),
            "exc_value": _words(error, shown=shown),
            "frames": [
                {"filename": frame.filename, "lineno": frame.lineno, "name": frame.name}
                for frame in traceback.extract_tb(error.__traceback__)
            ],
        }
        for error, _ in reversed(list(_chain(exc_info[1])))
    ]


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """An error after those that led to it, each with what stands before it."""
    seen: set[int] = set()

    def led_to(one: BaseException) -> Iterator[tuple[BaseException, str]]:
        seen.add(id(one))
        earlier = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        joint = ""
        if earlier is not None and id(earlier) not in seen:
            yield from led_to(earlier)
            joint = "which was the cause of" if one.__cause__ else "while that was handled:"
        yield one, joint

    yield from led_to(error)


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _words(error: BaseException, *, shown: bool) -> str:
    if shown or isinstance(error, _OURS_TO_TELL):
        return str(error)
    return "(its words may be a patient's; GATEWAY_LOG_LEVEL=debug logs them)"
