"""The page of ``conformance run``: the sum, and each test with what was sent and received."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from conformance.report.html.parts import Page, bar, figure, finding, nothing, toolbar, top
from conformance.report.html.payload import shown
from conformance.report.markup import escaped
from conformance.report.runs import RunReport, StepResult, TestResult, TestVerdict

_KINDS = {
    TestVerdict.FAIL: ("fail", "tests failed"),
    TestVerdict.ERROR: ("warning", "not carried out"),
    TestVerdict.SKIP: ("skipped", "skipped"),
    TestVerdict.PASS: ("pass", "tests passed"),
}
_WORDS = {
    TestVerdict.FAIL: "fail",
    TestVerdict.ERROR: "not carried out",
    TestVerdict.SKIP: "skip",
    TestVerdict.PASS: "pass",
}


def head(report: RunReport, page: Page) -> Iterator[str]:
    """What the reader wants to know first."""
    target = ((address.partition(": ")[0], address.partition(": ")[2]) for address in report.target)
    yield from top(
        page,
        _verdict(report, page),
        report.profile,
        (("Started", report.started), ("Suite", report.engine), *target),
    )
    yield '<div class="figures">'
    for verdict in (TestVerdict.PASS, TestVerdict.FAIL, TestVerdict.ERROR, TestVerdict.SKIP):
        kind, label = _KINDS[verdict]
        yield figure(report.count(verdict), page.text(label), kind)
    yield "</div>"
    yield bar(
        ((kind, report.count(verdict)) for verdict, (kind, _) in _KINDS.items()),
        _verdict(report, page),
    )
    yield "</div></header>"


def tools(page: Page) -> Iterator[str]:
    """The line of filters."""
    return toolbar(
        page,
        (
            (verdict.value, kind, page.text(_WORDS[verdict]))
            for verdict, (kind, _) in _KINDS.items()
        ),
    )


def main(report: RunReport, page: Page) -> Iterator[str]:
    """Every test."""
    titles = dict(report.suites)
    yield '<main class="wide"><span id="found" tabindex="-1"></span>'
    yield nothing(page)
    number = 0
    for suite, results in groupby(report.results, key=lambda result: result.suite):
        yield f'<section class="group" data-name="{escaped(suite)}">'
        title = f": {shown(titles[suite])}" if titles.get(suite) else ""
        yield f"<h2><code>{shown(suite)}</code>{title}</h2>"
        for result in results:
            number += 1
            yield from _test(result, number, page)
        yield "</section>"
    yield "</main>"


def _verdict(report: RunReport, page: Page) -> str:
    bad = report.count(TestVerdict.FAIL) + report.count(TestVerdict.ERROR)
    ran = len(report.results) - report.count(TestVerdict.SKIP)
    if not ran:
        return page.text("No test was carried out")
    if not bad:
        return page.text("All {ran} tests pass", ran=ran)
    key = "1 of {ran} tests does not pass" if bad == 1 else "{bad} of {ran} tests do not pass"
    return page.text(key, bad=bad, ran=ran)


def _test(result: TestResult, number: int, page: Page) -> Iterator[str]:
    kind, _ = _KINDS[result.verdict]
    is_open = result.verdict in (TestVerdict.FAIL, TestVerdict.ERROR)
    yield (
        f'<details class="card test fold item {kind}" data-level="{result.verdict.value}" '
        f'id="t{number}"{" open" if is_open else ""}>'
    )
    yield f'<summary class="head"><span class="badge">{page.text(_WORDS[result.verdict])}</span>'
    yield f"<h3>{shown(result.title)}</h3>"
    yield f'<code class="kind">{shown(result.id)}</code>'
    yield f'<span class="kind">{_duration(result.seconds)}</span></summary><div class="body">'
    if result.requirements:
        ids = "".join(f"<li>{shown(one)}</li>" for one in result.requirements)
        yield f'<ul class="needs" aria-label="{page.text("Requirements")}">{ids}</ul>'
    if result.reason:
        yield f'<p class="reason">{shown(result.reason)}</p>'
    if result.steps:
        yield '<ol class="steps">'
        for step in result.steps:
            yield from _step(step, page)
        yield "</ol>"
    yield "</div></details>"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _step(step: StepResult, page: Page) -> Iterator[str]:
    kind = "fail" if step.issues else "pass"
    answer = step.received.partition("\n")[0].strip()
    yield f'<li class="step {kind}"><details{" open" if step.issues else ""}>'
    yield f'<summary class="head"><h4>{shown(step.title)}</h4>'
    yield f'<code class="kind">{shown(answer[:80])}</code>'
    yield f'<span class="kind">{step.milliseconds:.0f} ms</span></summary><div class="body">'
    if step.issues:
        yield '<ul class="findings">'
        for issue in step.issues:
            # The filter of this page is about tests; findings stay with theirs.
            yield from (
                part.replace(" item ", " ", 1) if part.startswith("<li") else part
                for part in finding(issue, page)
            )
        yield "</ul>"
    yield '<div class="both">'
    yield from _message(page.text("Sent"), step.sent)
    yield from _message(page.text("Received"), step.received)
    yield "</div></div></details></li>"


def _message(name: str, text: str) -> Iterator[str]:
    if not text:
        return
    yield f'<div class="payload"><div class="name">{name}</div>'
    yield f'<div class="listing" tabindex="0" role="region" aria-label="{name}">'
    # One element for all lines: a run of three hundred tests has tens of thousands of them.
    yield f'<div class="l plain">{shown(text.strip())}</div>'
    yield "</div></div>"
