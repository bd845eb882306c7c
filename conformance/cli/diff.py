"""``conformance diff``: what two reports have in common, and what not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.cli import FAILED, PASSED, CannotBeDone
from conformance.report.facts import printable

_DESCRIPTION = """\
Compare two JSON reports of `conformance check` or of `conformance run`: findings that are new, that
are gone and that stay, told apart by file, rule and place, so that moved lines make no difference.
A report kept in a repository is a baseline: known findings do not stop a build, new ones do.
"""

_EXAMPLES = """\
examples:
  conformance check messages/ --format json --out baseline.json
  conformance check messages/ --format json --out today.json
  conformance diff baseline.json today.json
  conformance diff baseline.json today.json --format json

exit status: 0 nothing fails that did not fail before, 1 something does, 2 not two reports.
"""

NEW, GONE, KEPT = "new", "gone", "kept"
_MARKS = {NEW: "+", GONE: "-", KEPT: " "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding of a report, and where it was made."""

    owner: str
    finding: dict[str, Any]

    @property
    def fails(self) -> bool:
        """Whether it is an error."""
        return bool(self.finding.get("severity") == "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two reports side by side.

    Attributes:
        findings: By ``new``, ``gone`` and ``kept``.
        verdicts: Of files and tests in both: owner, before, after; those that changed.
        appeared: Files and tests of the new report only, with their verdict.
        vanished: Of the old one only.
    """

    findings: dict[str, list[Found]]
    verdicts: list[tuple[str, str, str]]
    appeared: list[tuple[str, str]]
    vanished: list[tuple[str, str]]

    @property
    def is_worse(self) -> bool:
        """Whether something fails that did not."""
        return (
            any(found.fails for found in self.findings[NEW])
            or any(before not in _BAD and after in _BAD for _, before, after in self.verdicts)
            or any(verdict in _BAD for _, verdict in self.appeared)
        )


_BAD = frozenset(("fail", "error", "unread"))


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("old", metavar="OLD", help="JSON report to compare with")
    parser.add_argument("new", metavar="NEW", help="JSON report that is compared")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--all", action="store_true", help="show findings that stay as well")


def execute(options: argparse.Namespace) -> int:
    """Compare, tell, and say whether it got worse."""
    difference = compare(_read(options.old), _read(options.new))
    if options.format == "json":
        text = json.dumps(_plain(difference), ensure_ascii=False, indent=2)
    else:
        text = "\n".join(_told(difference, everything=options.all))
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()
    return FAILED if difference.is_worse else PASSED


def compare(old: dict[str, Any], new: dict[str, Any]) -> Difference:
    """Put two reports side by side."""
    before, after = _by_fingerprint(old), _by_fingerprint(new)
    verdicts_before, verdicts_after = _verdicts(old), _verdicts(new)
    return Difference(
        findings={
            NEW: [found for key, found in after.items() if key not in before],
            GONE: [found for key, found in before.items() if key not in after],
            KEPT: [found for key, found in after.items() if key in before],
        },
        verdicts=[
            (owner, verdicts_before[owner], verdict)
            for owner, verdict in verdicts_after.items()
            if owner in verdicts_before and verdicts_before[owner] != verdict
        ],
        appeared=[each for each in verdicts_after.items() if each[0] not in verdicts_before],
        vanished=[each for each in verdicts_before.items() if each[0] not in verdicts_after],
    )


# ---------------------------------------------------------------- reading


def _read(name: str) -> dict[str, Any]:
    try:
        report = json.loads(Path(name).read_bytes())
    except OSError as error:
        raise CannotBeDone(f"{name}: {error.strerror or error}") from None
    except ValueError as error:
        raise CannotBeDone(f"{name} is no JSON: {error}") from None
    if not isinstance(report, dict) or not ("files" in report or "tests" in report):
        raise CannotBeDone(
            f"{name} is no report of this suite; write one with --format json --out {name}"
        )
    return report


def _owners(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Each file or test of a report, with the findings in it."""
    for file in report.get("files", ()):
        yield str(file["path"]), file, file.get("findings", [])
    for test in report.get("tests", ()):
        steps = test.get("steps", ())
        yield str(test["id"]), test, [each for step in steps for each in step.get("findings", ())]


def _by_fingerprint(report: dict[str, Any]) -> dict[str, Found]:
    try:
        return {
            str(finding["fingerprint"]): Found(owner=owner, finding=finding)
            for owner, _, findings in _owners(report)
            for finding in findings
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise CannotBeDone(f"a report has not the form of this suite's: {error}") from None


def _verdicts(report: dict[str, Any]) -> dict[str, str]:
    verdicts = {owner: str(values.get("verdict", "")) for owner, values, _ in _owners(report)}
    for problem in report.get("problems", ()):
        verdicts[str(problem["path"])] = "unread"
    return verdicts


# ---------------------------------------------------------------- telling


def _told(difference: Difference, *, everything: bool) -> Iterator[str]:
    for owner, before, after in difference.verdicts:
        yield f"! {printable(owner)}: {before} -> {after}"
    for owner, verdict in difference.appeared:
        yield f"+ {printable(owner)}: {verdict}"
    for owner, verdict in difference.vanished:
        yield f"- {printable(owner)}: {verdict}"
    for state in (NEW, GONE, KEPT):
        if state == KEPT and not everything:
            continue
        for found in difference.findings[state]:
            yield from _finding(found, state)
    counts = ", ".join(f"{len(found)} {state}" for state, found in difference.findings.items())
    errors = sum(found.fails for found in difference.findings[NEW])
    yield f"{counts}; {errors} new {'error' if errors == 1 else 'errors'}"


def _finding(found: Found, state: str) -> Iterator[str]:
    finding = found.finding
    line = f":{finding['line']}" if finding.get("line") else ""
    text = (
        f"{_MARKS[state]} {finding.get('severity')} {finding.get('rule')}  "
        f"{found.owner}{line} {finding.get('location', '')}"
    )
    yield printable(text.rstrip())
    yield printable(f"    {finding.get('message', '')}")


def _plain(difference: Difference) -> dict[str, Any]:
    def listed(found: list[Found]) -> list[dict[str, Any]]:
        return [{"in": each.owner, **each.finding} for each in found]

    return {
        **{state: listed(found) for state, found in difference.findings.items()},
        "verdicts": [
            {"in": owner, "before": before, "after": after}
            for owner, before, after in difference.verdicts
        ],
        "appeared": [{"in": owner, "verdict": verdict} for owner, verdict in difference.appeared],
        "vanished": [{"in": owner, "verdict": verdict} for owner, verdict in difference.vanished],
        "summary": {
            **{state: len(found) for state, found in difference.findings.items()},
            "worse": difference.is_worse,
        },
    }
