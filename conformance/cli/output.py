"""Where a report goes: options that every command with a report has, and the writing itself."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli import CannotBeDone
from conformance.report.values import Report
from conformance.report.writers import FORMS
from gateway import __version__

if TYPE_CHECKING:
    from conformance.report.runs import RunReport


def add_output_options(parser: ArgumentParser) -> None:
    """Add the options of the report."""
    group = parser.add_argument_group("the report")
    group.add_argument(
        "--format",
        choices=tuple(FORMS),
        default="text",
        help=", ".join(f"{name}: {form.about}" for name, form in FORMS.items())
        + " (default: text)",
    )
    group.add_argument(
        "--out",
        metavar="FILE|DIR",
        help="write it there; in a folder, under its usual name (default: standard output)",
    )
    group.add_argument(
        "--language",
        choices=("en", "fr"),
        default="en",
        help="of messages and report (default: en)",
    )


def deliver(report: Report | RunReport, options: Namespace) -> None:
    """Write a report where it was asked for.

    Raises:
        CannotBeDone: When it cannot be written there.
    """
    form = FORMS[options.format]
    if options.out is None:
        if options.format == "text":
            _to_terminal(report)
        else:
            _print(form.writer()(report))
        return
    path = Path(options.out)
    if path.is_dir() or options.out.endswith(("/", os.sep)):
        path = path / form.file
    text = form.writer()(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_utf8(text))
    except OSError as error:
        raise CannotBeDone(
            f"the report cannot be written to {path}: {error.strerror or error}"
        ) from None
    if options.format != "text" or sys.stdout.isatty():
        from conformance.report.text import summary

        sys.stderr.write(f"{summary(report)}: {path}\n")


def _to_terminal(report: Report | RunReport) -> None:
    from conformance.report.text import write_text

    is_terminal = sys.stdout.isatty()
    width = 100
    if is_terminal:
        from shutil import get_terminal_size

        width = get_terminal_size().columns
    colours = is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    _print(write_text(report, colours=colours, width=width))


def _print(text: str) -> None:
    sys.stdout.buffer.write(_utf8(text))
    sys.stdout.buffer.flush()


def _utf8(text: str) -> bytes:
    # Half a character, of a file's name or of a payload, is written by its number.
    return text.encode("utf-8", "backslashreplace")


def engine() -> str:
    """Name and version of what wrote the report."""
    return f"conformance {__version__}"


def now() -> str:
    """The instant of the run, ISO 8601."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
