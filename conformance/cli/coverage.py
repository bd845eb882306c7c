"""``conformance coverage``: requirements and the tests that cover them."""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.cli import FAILED, PASSED, CannotBeDone

if TYPE_CHECKING:
    from conformance.suite.coverage import Covered

_DESCRIPTION = """\
List what standards and profiles ask, which live test covers it, and for the rest why none does.
A requirement is one numbered fact with its source; reasons stand beside the requirements, as data.
"""

_EXAMPLES = """\
examples:
  conformance coverage
  conformance coverage --profile NAME
  conformance coverage --missing
  conformance coverage --suite ./our-suite --format json

exit status: 0 every requirement has a test or a reason, 1 some has neither, 2 wrong use.
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("--profile", default="", metavar="NAME", help="suites of one profile")
    parser.add_argument(
        "--suite", action="append", default=[], metavar="ID|FOLDER", help="once for each"
    )
    parser.add_argument("--missing", action="store_true", help="only what no test covers")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--out", metavar="FILE", help="write it there")
    parser.add_argument("--language", choices=("en", "fr"), default="en")


def execute(options: Namespace) -> int:
    """Write the table."""
    from conformance.suite.coverage import covered
    from conformance.suite.reading import read_suite, read_suites
    from conformance.suite.values import SuiteFault

    try:
        suites = read_suites()
        folders = [Path(one) for one in options.suite if (Path(one) / "suite.toml").is_file()]
        ids = [one for one in options.suite if not (Path(one) / "suite.toml").is_file()]
        unknown = [one for one in ids if one not in suites]
        if unknown:
            known = ", ".join(suites)
            raise CannotBeDone(f"--suite: there is no suite {unknown[0]}; there are {known}")
        chosen = [
            one
            for one in suites.values()
            if (one.id in ids if options.suite else not options.profile)
            or (options.profile and one.profile == options.profile)
        ]
        chosen += [read_suite(folder) for folder in folders]
    except SuiteFault as fault:
        raise CannotBeDone(str(fault)) from None
    found = covered(chosen)
    shown = [one for one in found if not (options.missing and one.tests)]
    text = _json(found, shown) if options.format == "json" else _table(found, shown, options)
    if options.out:
        Path(options.out).write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return FAILED if any(not one.tests and not one.why.en for one in found) else PASSED


def _counted(found: Iterable[Covered]) -> Mapping[str, int]:
    listed = list(found)
    tested = sum(bool(one.tests) for one in listed)
    reasoned = sum(not one.tests and bool(one.why.en) for one in listed)
    return {
        "requirements": len(listed),
        "tested": tested,
        "reasons": reasoned,
        "open": len(listed) - tested - reasoned,
    }


def _json(found: list[Covered], shown: list[Covered]) -> str:
    value: dict[str, Any] = {
        "summary": _counted(found),
        "requirements": [
            {
                "id": one.requirement.id,
                "text": {"en": one.requirement.text.en, "fr": one.requirement.text.fr},
                "source": one.requirement.source,
                "tests": list(one.tests),
                "reason": {"en": one.why.en, "fr": one.why.fr},
            }
            for one in shown
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _table(found: list[Covered], shown: list[Covered], options: Namespace) -> str:
    width = max((len(one.requirement.id) for one in shown), default=0)
    lines: list[str] = []
    for one in shown:
        mark = "tested" if one.tests else ("reason" if one.why.en else "OPEN")
        text = one.requirement.text.says(options.language)
        lines.append(f"{one.requirement.id:<{width}}  {mark:<6}  {text}")
        indent = " " * (width + 10)
        if one.tests:
            several = f" and {len(one.tests) - 3} more" if len(one.tests) > 3 else ""
            lines.append(f"{indent}{', '.join(one.tests[:3])}{several}")
        elif one.why.en:
            lines.append(f"{indent}{one.why.says(options.language)}")
        lines.append(f"{indent}{one.requirement.source}")
    counted = _counted(found)
    lines.append(
        f"{counted['requirements']} requirements: {counted['tested']} tested, "
        f"{counted['reasons']} not, with a reason, {counted['open']} open"
    )
    return "\n".join(lines) + "\n"
