"""Runs of the suites against gateways of our own, and the stored results they are compared with.

``python -m tests.conformance.live`` writes tests/conformance/expected/*.json anew; with names of
gateways (``ihe-open``) and faults, what belongs to these only.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx

from conformance.live.credentials import AuthorityFolder
from conformance.live.expectations import Judge
from conformance.live.judging import profile_judge
from conformance.live.runner import Runner
from conformance.live.target import find_target
from conformance.report.runs import TestResult, TestVerdict
from conformance.suite.reading import read_suites
from conformance.suite.values import Suite
from gateway.validation.issue import Issue
from tests.conformance.wrong_gateway import FAULTS, door_to
from tests.end_to_end.server import RunningGateway, running_gateway
from tests.shared import ROOT
from tests.waiting import PATIENCE

EXPECTED = Path(__file__).parent / "expected"
ASKING = {"GATEWAY_AUTH": "required", "GATEWAY_DEVELOPMENT_AUTHORITY": "on"}
ON_GUARDED = (
    "asks-nobody",
    "total-of-all",
    "forbidden-not-absent",
    "no-audit",
    "tells-why",
    "cacheable",
)
"""Faults of a gateway that asks who comes; the others are looked for on one that does not."""

_SHOWN, _KEPT = 2, 1


@dataclass(frozen=True)
class Kind:
    """One of the four gateways everything is run against."""

    profile: str
    asks: bool

    @property
    def name(self) -> str:
        """For ids of tests."""
        return f"{self.profile}-{'asking' if self.asks else 'open'}"


KINDS = tuple(Kind(profile, asks) for profile in ("ihe", "fr-dmp") for asks in (False, True))


@contextmanager
def gateway_of(kind: Kind, folder: Path) -> Iterator[RunningGateway]:
    """Start one as its user does."""
    settings = ASKING if kind.asks else {}
    with running_gateway(folder, "--profile", kind.profile, **settings) as server:
        yield server


@cache
def suites_for(kind: Kind) -> list[Suite]:
    """The suites of a profile that are for such a gateway."""
    needed = "credentials" if kind.asks else "open"
    other = "open" if kind.asks else "credentials"
    return [
        one
        for one in read_suites().values()
        if one.profile == kind.profile
        and other not in one.requires
        and (needed in one.requires or not kind.asks)
    ]


@cache
def judge() -> Judge:
    """Judge FHIR resources; the definitions are read once."""
    return profile_judge(ROOT / "profiles")


@cache
def issuer(profile: str, data: Path) -> AuthorityFolder:
    """Sign as the development authority of a gateway."""
    people = ROOT / "samples" / "people.toml"
    return AuthorityFolder(data, people, profile, ROOT / "profiles", lambda: datetime.now(UTC))


def run(
    url: str, kind: Kind, data: Path, suites: Iterable[Suite], only: Iterable[str] | None = None
) -> tuple[TestResult, ...]:
    """Carry out suites, or the named tests of them."""
    chosen = None if only is None else frozenset(only)
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        runner = Runner(
            client=client,
            target=find_target(client, [url]),
            clock=lambda: datetime.now(UTC),
            seconds=time.monotonic,
            judge=judge(),
            limit=PATIENCE,
        )
        if kind.asks:
            runner.issuer = issuer(kind.profile, data)
        return runner.run(suites, lambda name: chosen is None or name in chosen)


def verdicts(results: Iterable[TestResult]) -> dict[str, str]:
    """By id, how each test ended."""
    return {one.id: one.verdict.value for one in results}


def told(results: Iterable[TestResult]) -> list[str]:
    """What did not pass, and why, for whoever has to repair it."""
    return [
        f"{one.id} {one.verdict}: {one.reason} {'; '.join(i.message for i in one.issues)}"
        for one in results
        if one.verdict is not TestVerdict.PASS
    ]


def untranslated(results: Iterable[TestResult]) -> list[Issue]:
    """What was found and is not said in French, or without one of its values."""
    found = [issue for one in results for issue in one.issues if issue.rule.startswith("live-")]
    return [
        one
        for one in found
        if one.message_fr in ("", one.message)
        or any(value not in one.message_fr for value in _VALUES.findall(one.message))
    ]


_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\d+|\b(?:urn|https?):[^\s,;]+|\bXDS\w+")
"""What stands alike in both languages: texts in quotes or parentheses, numbers, names."""


def expected(name: str) -> Mapping[str, dict[str, str]]:
    """Stored results."""
    found: Mapping[str, dict[str, str]] = json.loads((EXPECTED / f"{name}.json").read_text())
    return found


def _write(name: str, results: Mapping[str, Mapping[str, str]]) -> None:
    text = json.dumps(results, indent=1, sort_keys=True)
    (EXPECTED / f"{name}.json").write_text(f"{text}\n")


def kind_for(fault: str) -> Kind:
    """Which gateway a fault is looked for on."""
    return Kind("ihe", fault in ON_GUARDED)


def main(wanted: list[str]) -> None:
    """Write the stored results anew: all, or those of the named gateways and faults."""
    own = dict(expected("own")) if wanted else {}
    wrong = dict(expected("wrong")) if wanted else {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for kind in KINDS:
            faults = [one for one in FAULTS if kind == kind_for(one) and one in (wanted or FAULTS)]
            if wanted and kind.name not in wanted and not faults:
                continue
            place = Path(folder) / kind.name
            place.mkdir()
            server = stack.enter_context(gateway_of(kind, place))
            if not wanted or kind.name in wanted:
                results = run(server.url, kind, server.data, suites_for(kind))
                own[kind.name] = verdicts(results)
                print(kind.name, len(results), *told(results), sep="\n  ", flush=True)
            door = stack.enter_context(door_to(server.url))
            for fault in faults:
                door.switch(fault)
                found = verdicts(run(door.url, kind, server.data, suites_for(kind)))
                wrong[fault] = _chosen(found)
                print(f"  {fault}: {list(wrong[fault].items())}", flush=True)
    _write("own", own)
    _write("wrong", {name: found for name, found in wrong.items() if name in FAULTS})


def _chosen(found: Mapping[str, str]) -> dict[str, str]:
    """Some tests that a fault is found by, and some that it does not touch."""
    failing = [name for name, verdict in found.items() if verdict == "fail"]
    passing = [name for name, verdict in found.items() if verdict == "pass"]
    failing = failing[:: max(1, len(failing) // _SHOWN)][:_SHOWN]
    passing = passing[:: max(1, len(passing) // _KEPT)][:_KEPT]
    return {name: found[name] for name in [*failing, *passing]}


if __name__ == "__main__":
    main(sys.argv[1:])
