"""Carries suites out against a server: tests in, results out.

Every test has a patient and ids of its own, so that tests neither meet one another nor what the
server held before; their order does not matter. A step whose answer is not what it has to be ends
its test, since what follows would be about something else; everything that is wrong with that
answer is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from conformance.live import sentences as says
from conformance.live.answers import Answer, PathFault
from conformance.live.credentials import Issuer, Nobody, NoCredential, Wanted
from conformance.live.expectations import Judge, check, issue_of
from conformance.live.requests import Request, RequestWriter
from conformance.live.sentences import Said, joined
from conformance.live.target import Target
from conformance.report.runs import StepResult, TestResult, TestVerdict, bounded
from conformance.suite.values import Role, Setup, Step, Suite, Test
from conformance.suite.words import Scope, WordFault
from gateway.validation.issue import Issue, IssueSeverity

NOBODY = "nobody"
"""The role of a step that brings no credential to a server that asks for one."""


class _Late(httpx.ReadTimeout):
    """An answer began in time and did not end so."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


class _Ended(Exception):
    """A test ends before its last step."""

    def __init__(self, verdict: TestVerdict, reason: Said | None = None) -> None:
        super().__init__(reason.en if reason else "")
        self.verdict = verdict
        self.reason = reason


@dataclass
class Runner:
    """Everything a run needs besides the suites.

    Attributes:
        clock: The instant, for the values in messages.
        seconds: A clock that only goes forward, for how long something took.
        judge: Judges FHIR resources against profiles, where one is at hand.
        variables: Of the command line, over those of every suite.
        limit: Seconds in which a whole answer has to be there.
        told: Called with each result as soon as it is there.
    """

    client: httpx.Client
    target: Target
    clock: Callable[[], datetime]
    seconds: Callable[[], float]
    issuer: Issuer = field(default_factory=Nobody)
    judge: Judge | None = None
    language: str = "en"
    variables: dict[str, str] = field(default_factory=dict)
    limit: float = 30.0
    told: Callable[[TestResult], None] = lambda result: None
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(
        self, suites: Iterable[Suite], wanted: Callable[[str], bool] = lambda name: True
    ) -> tuple[TestResult, ...]:
        """Carry tests out.

        Args:
            wanted: Whether a test, ``suite/test``, is carried out; others are left out altogether.

        Raises:
            SuiteFault: When a test cannot be carried out as it is written.
        """
        results: list[TestResult] = []
        for suite in suites:
            chosen = [test for test in suite.tests if wanted(f"{suite.id}/{test.id}")]
            missing = self._missing(suite) if chosen else None
            for test in chosen:
                result = self._skipped(suite, test, missing) or self._carried_out(suite, test)
                results.append(result)
                self.told(result)
        return tuple(results)

    # --- What is not carried out -----------------------------------------------------------------

    def _missing(self, suite: Suite) -> Said | None:
        """What the server lacks for a suite; nothing where it has everything."""
        lacking = [one for one in suite.requires if one not in self.target.offers]
        if lacking:
            return _lacks(lacking)
        for need in suite.needs:
            carrier = _Carrier(self, suite, ())
            try:
                carrier.carry_out(need.step)
            except _Ended:
                return says.CANNOT.of(what=need.title.says(self.language))
        return None

    def _skipped(self, suite: Suite, test: Test, missing: Said | None) -> TestResult | None:
        lacking = [one for one in test.requires if one not in self.target.offers]
        reason = missing or (_lacks(lacking) if lacking else None)
        return self._result(suite, test, TestVerdict.SKIP, reason=reason) if reason else None

    def _result(
        self,
        suite: Suite,
        test: Test,
        verdict: TestVerdict,
        *,
        reason: Said | None = None,
        steps: tuple[StepResult, ...] = (),
        seconds: float = 0.0,
    ) -> TestResult:
        return TestResult(
            id=f"{suite.id}/{test.id}",
            suite=suite.id,
            title=test.title.says(self.language),
            verdict=verdict,
            requirements=test.requirements,
            reason=reason.says(self.language) if reason else "",
            steps=steps,
            seconds=seconds,
        )

    # --- What is ---------------------------------------------------------------------------------

    def _carried_out(self, suite: Suite, test: Test) -> TestResult:
        begin = self.seconds()
        setups = tuple(suite.setups[name] for name in test.given)
        carrier = _Carrier(self, suite, setups, test)
        verdict: TestVerdict = TestVerdict.PASS
        reason: Said | None = None
        try:
            carrier.prepare(setups)
            for step in test.steps:
                carrier.carry_out(step)
        except _Ended as ended:
            verdict, reason = ended.verdict, ended.reason
        return self._result(
            suite,
            test,
            verdict,
            reason=reason,
            steps=tuple(carrier.results),
            seconds=self.seconds() - begin,
        )


class _Carrier:
    """Carries the steps of one test out."""

    def __init__(
        self, runner: Runner, suite: Suite, setups: tuple[Setup, ...], test: Test | None = None
    ) -> None:
        self.runner = runner
        self.suite = suite
        self.results: list[StepResult] = []
        self._answers: dict[str, Answer] = {}
        self._kept_credentials: dict[tuple[str, bool], bytes] = {}
        self._writer = RequestWriter(suite, runner.target)
        self._scope = Scope(now=runner.clock, counter=runner.counter)
        self._scope.define(suite.variables)
        for setup in setups:
            self._scope.define(setup.variables)
        if test is not None:
            self._scope.define(test.variables)
        self._scope.define(runner.variables)
        for door in ("registry", "repository", "fhir"):
            self._scope.put(door, runner.target.address(door))

    def prepare(self, setups: tuple[Setup, ...]) -> None:
        """Carry out what a test begins with."""
        for setup in setups:
            try:
                for step in setup.steps:
                    self.carry_out(step)
            except _Ended as ended:
                title = setup.title.says(self.runner.language) or setup.id
                reason = says.NOT_BEGUN.of(title=title)
                if ended.reason:
                    reason = joined((reason, ended.reason), says.SEMICOLON)
                raise _Ended(TestVerdict.ERROR, reason) from None

    def carry_out(self, step: Step) -> None:
        """Send one request and look at its answer."""
        title = step.title.says(self.runner.language)
        try:
            title = self._scope.filled(title)
        except WordFault as fault:
            raise step.fault(str(fault)) from None
        request = self._writer.write(step, self._scope)
        try:
            finished = self._with_credential(request, step)
        except NoCredential as missing:
            raise _Ended(TestVerdict.SKIP, missing.said) from None
        begin = self.runner.seconds()
        try:
            answer = self._send(finished)
        except httpx.HTTPError as error:
            reason = says.NO_ANSWER.of(url=request.url, why=_why(error))
            issue = issue_of("live-unreachable", reason)
            self.results.append(StepResult(title=title, sent=_shown(request), issues=(issue,)))
            raise _Ended(TestVerdict.ERROR, reason) from None
        inner = self._scope.inside(step.table.get("with"))
        issues = (
            *check(step, inner, answer, self._answers, self.runner.judge),
            *self._kept(step, inner, answer),
        )
        self.results.append(
            StepResult(
                title=title,
                sent=_shown(request),
                received=_received(answer),
                milliseconds=(self.runner.seconds() - begin) * 1000,
                issues=issues,
            )
        )
        if "id" in step.table:
            self._answers[str(step.table["id"])] = answer
        if any(issue.severity is IssueSeverity.ERROR for issue in issues):
            raise _Ended(TestVerdict.FAIL)

    def _send(self, request: Request) -> Answer:
        """Send a request and take the whole answer, which has to be there in time as a whole."""
        runner = self.runner
        end = runner.seconds() + runner.limit
        with runner.client.stream(
            request.method,
            request.url,
            content=request.octets or None,
            headers=dict(request.headers),
        ) as answer:
            octets = bytearray()
            for chunk in answer.iter_bytes():
                octets += chunk
                if runner.seconds() > end:
                    raise _Late(says.LATE.of(limit=f"{runner.limit:g}"))
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, headers, bytes(octets))

    def _kept(self, step: Step, inner: Scope, answer: Answer) -> list[Issue]:
        """Keep values of an answer for later steps; what is not there is an issue."""
        issues: list[Issue] = []
        for name, path in step.table.get("keep", {}).items():
            try:
                found = answer.values(inner.filled(path))
            except PathFault as fault:
                issues.append(_lost(name, fault.said, path))
                continue
            except WordFault as fault:
                issues.append(_lost(name, Said(str(fault)), path))
                continue
            if not found:
                issues.append(_lost(name, says.ABSENT, path))
            else:
                self._scope.put(name, str(found[0]))
        return issues

    def _with_credential(self, request: Request, step: Step) -> Request:
        name = str(step.table.get("as", self.suite.default_role))
        if not self.runner.target.asks or name in ("", NOBODY):
            return request.finished()
        role = self.suite.roles.get(name)
        if role is None:
            known = ", ".join(self.suite.roles)
            raise step.fault(f"there is no role {name} in the suite; there are {known}")
        wanted = self._wanted(step, role)
        how = step.table.get("credential", "")
        if how not in ("", "spoiled", "kept"):
            raise step.fault(f"credential is spoiled or kept, not {how}")
        issuer = self.runner.issuer
        made = self._kept_credentials.get((name, request.soap), b"") if how == "kept" else b""
        if not made:
            made = issuer.assertion(wanted) if request.soap else issuer.token(wanted).encode()
            self._kept_credentials[name, request.soap] = made
        if how == "spoiled":
            made = spoiled(made)
        if request.soap:
            return request.finished(assertion=made)
        return request.finished(token=made.decode())

    def _wanted(self, step: Step, role: Role) -> Wanted:
        try:
            facts = {word: self._scope.filled(str(text)) for word, text in role.facts.items()}
            wish = {
                word: self._scope.filled(str(text))
                for word, text in {**role.wish, **step.table.get("wish", {})}.items()
            }
        except WordFault as fault:
            raise step.fault(str(fault)) from None
        return Wanted(role=role, facts=facts, wish=wish)


def spoiled(credential: bytes) -> bytes:
    """Give a credential whose signature no longer fits: one character of it is another one."""
    begin = credential.find(b"SignatureValue>")
    at = begin + 20 if begin >= 0 else len(credential) - 20
    other = b"A" if credential[at : at + 1] != b"A" else b"B"
    return credential[:at] + other + credential[at + 1 :]


def _lacks(lacking: Iterable[str]) -> Said:
    told = [says.LACKING.get(one) or says.LACKS.of(what=one) for one in lacking]
    return joined(told, says.SEMICOLON)


def _why(error: httpx.HTTPError) -> Said:
    name = type(error).__name__
    if isinstance(error, _Late):
        return error.said
    return Said(f"{name} {error}".strip())


def _lost(name: str, why: Said, path: str) -> Issue:
    return issue_of("live-content", says.NEEDED.of(name=name, why=why), path)


def _shown(request: Request) -> str:
    """A request as a report shows it, without credentials."""
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name}: {text}" for name, text in request.headers.items()]
    beside = [
        f"[{part.content_id}: {part.content_type}, {len(part.octets)} octets]"
        for part in request.parts or ()
    ]
    body = request.octets.decode("utf-8", "replace")
    return bounded("\n".join([*lines, "", body, *beside]))


def _received(answer: Answer) -> str:
    lines = [f"HTTP {answer.status}"]
    lines += [f"{name}: {text}" for name, text in answer.headers.items()]
    body = answer.message.decode("utf-8", "replace")
    return bounded("\n".join([*lines, "", body]))
