"""``conformance run``: test a live server with suites."""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli import FAILED, PASSED, USAGE, CannotBeDone
from conformance.cli.output import add_output_options, deliver, engine, now

if TYPE_CHECKING:
    import httpx

    from conformance.live.credentials import Issuer
    from conformance.live.expectations import Judge
    from conformance.live.target import Target
    from conformance.report.runs import TestResult
    from conformance.suite.values import Suite

_DESCRIPTION = """\
Test a live server: registry, repository, FHIR interface, enforcement of consent.

--target is the address of a door (…/registry, …/repository, …/fhir) or of a server whose doors are
looked for below it. Every test has a patient and ids of its own; what it registers stays there, so
run against a server whose data may be thrown away.
"""

_EXAMPLES = """\
examples:
  conformance run --target http://127.0.0.1:8080
  conformance run --registry https://xds.example/registry --repository https://xds.example/repo
  conformance run --target http://127.0.0.1:8080 --profile NAME --format html --out report.html
  conformance run --target http://127.0.0.1:8080 --suite ihe-mhd --filter '*search*'
  conformance run --target http://127.0.0.1:8080 --authority ./var
  conformance run --target https://xds.example --token-command 'our-idp token {person} {patient}'
  conformance run --suite ./our-suite --target http://127.0.0.1:8080
  conformance run --list

exit status: 0 all passes, 1 something fails, 2 wrong use, or nothing to test answers.
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    where = parser.add_argument_group("the server")
    where.add_argument(
        "--target", action="append", default=[], metavar="URL", help="a door, or a whole server"
    )
    for door in ("registry", "repository", "fhir"):
        where.add_argument(f"--{door}", default="", metavar="URL", help=f"its {door}")
    where.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="of one answer (default: 30)"
    )
    where.add_argument(
        "--ca", metavar="FILE", help="PEM of who vouches for the server (default: the system's)"
    )
    where.add_argument(
        "--certificate", metavar="FILE", help="PEM with the client's certificate and key"
    )
    what = parser.add_argument_group("what to test")
    what.add_argument(
        "--suite",
        action="append",
        default=[],
        metavar="ID|FOLDER",
        help="a suite by id, or a folder of your own; once for each",
    )
    what.add_argument(
        "--profile", default="", metavar="NAME", help="all suites of a profile (default: ihe)"
    )
    what.add_argument(
        "--filter", default="", metavar="PATTERN", help="tests whose id fits: suite/test, * and ?"
    )
    what.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the suites: patient_authority=2.999.1.1, class_code=…",
    )
    what.add_argument("--list", action="store_true", help="list the tests and stop")
    who = parser.add_argument_group("who asks, where the server wants to know")
    who.add_argument(
        "--authority", metavar="FOLDER", help="data folder of a gateway's development authority"
    )
    who.add_argument("--people", metavar="FILE", help="its people (default: those installed)")
    who.add_argument(
        "--token-command", default="", metavar="COMMAND", help="prints a token for {person}"
    )
    who.add_argument(
        "--assertion-command",
        default="",
        metavar="COMMAND",
        help="prints a WS-Security header for {person}, {patient}, {mode}, {reason}",
    )
    who.add_argument("--token-url", default="", metavar="URL", help="issues tokens [ITI-71]")
    add_output_options(parser)
    parser.add_argument("--quiet", action="store_true", help="do not tell each test while it runs")


def execute(options: Namespace) -> int:
    """Run the tests, write the report, give the exit status."""
    from conformance.suite.values import SuiteFault

    try:
        suites = _suites(options)
        if options.list:
            return _list(suites, options)
        return _run(options, suites)
    except SuiteFault as fault:
        raise CannotBeDone(str(fault)) from None


def _suites(options: Namespace) -> list[Suite]:
    from conformance.suite.reading import read_suite, read_suites

    folders = [Path(name) for name in options.suite if _is_folder(name)]
    ids = [name for name in options.suite if not _is_folder(name)]
    chosen = [read_suite(folder) for folder in folders]
    if folders and not ids and not options.profile:
        return chosen
    known = read_suites()
    for name in ids:
        if name not in known:
            raise CannotBeDone(f"--suite: there is no suite {name}; there are {', '.join(known)}")
        chosen.append(known[name])
    if options.profile or not options.suite:
        profile = options.profile or "ihe"
        found = [one for one in known.values() if one.profile == profile and one not in chosen]
        if not found:
            profiles = ", ".join(sorted({one.profile for one in known.values()}))
            raise CannotBeDone(
                f"--profile: no suite is of {profile}; there are suites of {profiles}"
            )
        chosen += found
    return chosen


def _is_folder(name: str) -> bool:
    return (Path(name) / "suite.toml").is_file() or os.sep in name


def _list(suites: list[Suite], options: Namespace) -> int:
    for suite in suites:
        print(f"{suite.id}: {suite.title.says(options.language)}")
        for test in suite.tests:
            if _wanted(options.filter, f"{suite.id}/{test.id}"):
                print(f"  {suite.id}/{test.id}: {test.title.says(options.language)}")
    return PASSED


def _wanted(pattern: str, name: str) -> bool:
    return not pattern or fnmatch.fnmatchcase(name, pattern)


def _run(options: Namespace, suites: list[Suite]) -> int:
    import time

    from conformance.live.runner import Runner
    from conformance.report.runs import RunReport, TestVerdict

    started = now()
    with _client(options) as client:
        target = _target(options, client)
        runner = Runner(
            client=client,
            target=target,
            clock=lambda: datetime.now(UTC),
            seconds=time.monotonic,
            issuer=_issuer(options, client, target, suites),
            judge=_judge(),
            language=options.language,
            variables=_variables(options.set),
            limit=options.timeout,
            told=_teller(options),
        )
        results = runner.run(suites, lambda name: _wanted(options.filter, name))
    if not results:
        raise CannotBeDone(f"--filter: no test fits {options.filter}; --list shows them")
    report = RunReport(
        engine=engine(),
        profile=options.profile or ("" if options.suite else "ihe"),
        target=target.lines,
        results=results,
        suites=tuple((one.id, one.title.says(options.language)) for one in suites),
        language=options.language,
        started=started,
    )
    deliver(report, options)
    if all(result.verdict is TestVerdict.SKIP for result in results):
        sys.stderr.write("conformance run: no test could be carried out; the report says why\n")
        return USAGE
    return PASSED if report.passed else FAILED


def _client(options: Namespace) -> httpx.Client:
    import ssl

    import httpx

    try:
        verify = ssl.create_default_context(cafile=options.ca)
        if options.certificate:
            verify.load_cert_chain(options.certificate)
    except (OSError, ssl.SSLError) as error:
        raise CannotBeDone(f"--ca, --certificate: {error}") from None
    return httpx.Client(timeout=options.timeout, verify=verify, trust_env=False)


def _target(options: Namespace, client: httpx.Client) -> Target:
    from conformance.live.target import Unreachable, find_target

    named = {door: getattr(options, door) for door in ("registry", "repository", "fhir")}
    if not options.target and not any(named.values()):
        raise CannotBeDone("say what to test with --target, or --registry, --repository, --fhir")
    for url in (*options.target, *named.values()):
        if url and not url.startswith(("http://", "https://")):
            raise CannotBeDone(f"{url} is no address; write http://… or https://…")
    try:
        return find_target(client, options.target, **named)
    except Unreachable as reason:
        raise CannotBeDone(str(reason)) from None


def _issuer(
    options: Namespace, client: httpx.Client, target: Target, suites: list[Suite]
) -> Issuer:
    from conformance.live.credentials import (
        AuthorityFolder,
        Commands,
        Nobody,
        NoCredential,
        TokenAddress,
    )
    from conformance.suite.shipped import shipped

    issuer: Issuer = Nobody()
    if options.authority:
        profiles = {suite.profile for suite in suites if suite.profile} or {"ihe"}
        if len(profiles) > 1:
            raise CannotBeDone(
                "--authority: the suites are of several profiles, whose credentials differ; "
                "run them one profile after the other"
            )
        people = Path(options.people) if options.people else shipped("samples") / "people.toml"
        try:
            issuer = AuthorityFolder(
                Path(options.authority),
                people,
                profiles.pop(),
                shipped("profiles"),
                lambda: datetime.now(UTC),
            )
        except NoCredential as reason:
            raise CannotBeDone(f"--authority: {reason}") from None
    if options.token_url:
        issuer = TokenAddress(options.token_url, client, target.fhir, issuer)
    if options.token_command or options.assertion_command:
        issuer = Commands(options.token_command, options.assertion_command, issuer)
    return issuer


def _judge() -> Judge | None:
    """Judge FHIR resources with the engine of `conformance check`."""
    from conformance.live.judging import profile_judge
    from conformance.suite.shipped import shipped

    return profile_judge(shipped("profiles"))


def _variables(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise CannotBeDone(f"--set: {one} is not NAME=VALUE")
        found[name] = value
    return found


_MARKS: Mapping[str, str] = {"pass": "✓", "fail": "✗", "skip": "–", "error": "!"}


def _teller(options: Namespace) -> Callable[[TestResult], None]:
    """Tell each test on the terminal as soon as it has ended."""
    if options.quiet or not sys.stderr.isatty():
        return lambda result: None

    def tell(result: TestResult) -> None:
        mark = _MARKS[result.verdict.value]
        sys.stderr.write(f"{mark} {result.id}: {result.title} ({result.seconds:.2f} s)\n")

    return tell
