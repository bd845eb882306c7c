"""The command ``conformance``: one module a command, and only the one that was typed is imported.

An answer on one file is there before its reader looks up, so nothing is loaded for commands that
were not asked for: a command is a module of this package with ``describe`` (its options) and
``execute`` (what it does, giving the exit status). Options are read by :mod:`argparse`, which costs
a tenth of what a framework does; see docs/decisions.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from gateway import __version__

if TYPE_CHECKING:
    import argparse

COMMANDS = {
    "check": "judge files: FHIR, CDA, XDS metadata and messages, MTOM, XDM, SAML",
    "run": "test a live server: registry, repository, FHIR, consent",
    "simulate": "stand in for a registry, a repository, a source or a consumer",
    "explain": "tell why a rule is, how it is broken and how that is repaired",
    "coverage": "list the requirements and the tests that cover them",
    "diff": "compare two reports: what is new, what is gone, what stays",
}

PASSED, FAILED, USAGE = 0, 1, 2
"""Exit statuses: all is well; something fails; the command cannot be done as it was asked."""

_HELP = """\
usage: conformance COMMAND [OPTIONS]

Judge health messages and the servers that exchange them: all that is wrong in one pass, each
finding with its place, its rule, the source of the rule and what to do.

commands:
{commands}

Start with one file:

  conformance check note.xml
  conformance check submission.mtom --profile {example}
  conformance check bundles/ --format html --out report.html
  conformance explain dom-3

`conformance COMMAND --help` shows options and examples. Exit status: {statuses}.
"""


class CannotBeDone(Exception):
    """The command cannot be done as it was asked; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit status. The console script's entry."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return PASSED if words else USAGE
    if words[0] in ("--version", "version"):
        sys.stdout.write(f"{__version__}\n")
        return PASSED
    name, *rest = words
    if name not in COMMANDS:
        return _unknown(name)
    try:
        return _execute(name, rest)
    except CannotBeDone as reason:
        sys.stderr.write(f"conformance {name}: {reason}\n")
        return USAGE
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not complain of it once more at exit.
        sys.stdout = open(_nowhere(), "w")  # noqa: SIM115, PTH123
        return PASSED
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130


def _execute(name: str, words: list[str]) -> int:
    import argparse

    try:
        module = import_module(f"conformance.cli.{name}")
    except ModuleNotFoundError as absent:
        raise CannotBeDone(
            f"this installation lacks {absent.name}; install it anew: pip install fhir-xds-gateway"
        ) from None
    parser: argparse.ArgumentParser = argparse.ArgumentParser(
        prog=f"conformance {name}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.describe(parser)
    try:
        options = parser.parse_args(words)
    except SystemExit as stop:
        # argparse has said what is wrong, or shown the help that was asked for.
        return stop.code if isinstance(stop.code, int) else USAGE
    status: int = module.execute(options)
    sys.stdout.flush()
    return status


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    meant = f"did you mean `conformance {near[0]}`?" if near else f"there are {', '.join(COMMANDS)}"
    sys.stderr.write(f"conformance: there is no command {name!r}; {meant}\n")
    return USAGE


def _help() -> str:
    commands = "\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())
    return _HELP.format(
        commands=commands,
        example="ihe",
        statuses="0 all is well, 1 something fails, 2 it cannot be done as asked",
    )


def _nowhere() -> str:
    import os

    return os.devnull
