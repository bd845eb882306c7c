"""The page of ``conformance check``: the sum, the rules, and each file with its findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from conformance.report.html.parts import (
    LEVELS,
    Page,
    bar,
    facts,
    figure,
    finding,
    nothing,
    toolbar,
    top,
)
from conformance.report.html.payload import Budget, Listing, shown
from conformance.report.values import Judgement, Report, Verdict
from gateway.validation.issue import IssueSeverity

_MANY = {
    IssueSeverity.ERROR: ("error", "errors"),
    IssueSeverity.WARNING: ("warning", "warnings"),
    IssueSeverity.INFORMATION: ("remark", "remarks"),
}
MOST_OPEN = 20
"""Files that fail and are unfolded from the start."""


def head(report: Report, page: Page) -> Iterator[str]:
    """What the reader wants to know first."""
    files = len(report.judgements)
    yield from top(
        page,
        _verdict(report, page),
        report.profile,
        (
            ("Started", report.started),
            ("Fails at", page.say(report.fail_on.value)),
            ("Suite", report.engine),
        ),
    )
    yield '<div class="figures">'
    yield figure(files - report.failed, page.text("passed"), "pass")
    yield figure(report.failed, page.text("failed"), "fail")
    if report.problems:
        yield figure(len(report.problems), page.text("not judged"), "error")
    for level in LEVELS:
        count = report.count(level)
        one, many = _MANY[level]
        yield figure(count, page.text(one if count == 1 else many), level.value)
    yield "</div>"
    yield bar(
        (
            ("fail", report.failed),
            ("warning", len(report.problems)),
            ("pass", files - report.failed),
        ),
        _verdict(report, page),
    )
    yield "</div></header>"


def tools(page: Page) -> Iterator[str]:
    """The line of filters."""
    return toolbar(
        page, ((level.value, level.value, page.text(_MANY[level][1])) for level in LEVELS)
    )


def main(report: Report, page: Page) -> Iterator[str]:
    """Everything that was found."""
    yield '<main class="wide">'
    yield from _rules(report, page)
    if len(report.judgements) > 1:
        yield from _table(report, page)
    yield f'<h2 id="found" tabindex="-1">{page.text("Findings")}</h2>'
    yield nothing(page)
    for number, problem in enumerate(report.problems, 1):
        name = shown(problem.path)
        yield (
            f'<section class="card file group error" data-name="{_plain(name)}" id="p{number}">'
            f'<div class="head"><span class="badge">{page.text("not judged")}</span><h3>{name}</h3>'
            '</div><div class="body item" data-level="error">'
            f"{shown(problem.message)}</div></section>"
        )
    budget = Budget()
    opened = 0
    for number, judgement in enumerate(report.judgements, 1):
        fails = report.verdict_of(judgement) is Verdict.FAIL
        is_open = (fails and opened < MOST_OPEN) or len(report.judgements) == 1
        opened += is_open
        yield from _file(judgement, number, fails, is_open, page, budget)
    if report.left_out:
        yield f"<h2>{page.text('Left out')}</h2>"
        text = page.text("Files that are no message of a known kind:")
        yield f'<div class="card body"><p>{text}</p>'
        yield "".join(f"<div><code>{shown(path)}</code></div>" for path in report.left_out)
        yield "</div>"
    yield "</main>"


def _verdict(report: Report, page: Page) -> str:
    files = len(report.judgements)
    if report.problems and not files:
        return page.text("Nothing could be judged")
    if not report.failed:
        if report.problems:
            return page.text("Not every file could be judged")
        if files == 1:
            return page.text("The file passes")
        return page.text("All {files} files pass", files=files)
    if files == 1:
        return page.text("The file fails")
    if report.failed == files:
        return page.text("All {files} files fail", files=files)
    key = "1 of {files} files fails" if report.failed == 1 else "{failed} of {files} files fail"
    return page.text(key, failed=report.failed, files=files)


def _rules(report: Report, page: Page) -> Iterator[str]:
    counts: Counter[str] = Counter()
    levels: dict[str, IssueSeverity] = {}
    for judgement in report.judgements:
        for issue in judgement.findings:
            counts[issue.rule] += 1
            levels[issue.rule] = min(
                levels.get(issue.rule, issue.severity), issue.severity, key=LEVELS.index
            )
    if len(counts) < 2:
        return
    yield f"<h2>{page.text('Rules')}</h2>"
    yield '<ul class="card rules">'
    for rule, count in sorted(
        counts.items(), key=lambda each: (LEVELS.index(levels[each[0]]), -each[1], each[0])
    ):
        level = levels[rule].value
        name = shown(rule)
        yield (
            f'<li class="{level}"><b>{count}</b><span class="dot"></span>'
            f'<a href="#text={_plain(name)}" data-find="{_plain(name)}"><code>{name}</code></a>'
            f'<span class="unseen">{page.text(level)}</span></li>'
        )
    yield "</ul>"


def _table(report: Report, page: Page) -> Iterator[str]:
    yield f"<h2>{page.text('Files')}</h2>"
    yield '<div class="card scroll"><table class="files"><thead><tr>'
    yield f'<th scope="col">{page.text("Verdict")}</th><th scope="col">{page.text("File")}</th>'
    yield f'<th scope="col" class="kind">{page.text("Kind")}</th>'
    for level in LEVELS:
        yield f'<th scope="col" class="n {level.value}">{page.text(_MANY[level][1])}</th>'
    yield "</tr></thead><tbody>"
    for number, judgement in enumerate(report.judgements, 1):
        verdict = report.verdict_of(judgement).value
        yield f'<tr><td class="v"><span class="badge {verdict}">{page.text(verdict)}</span></td>'
        yield f'<td><a class="mono" href="#f{number}">{shown(judgement.path)}</a></td>'
        yield f'<td class="kind">{judgement.kind.value.upper()}</td>'
        for level in LEVELS:
            count = judgement.count(level)
            yield f'<td class="n {level.value} {"" if count else "nil"}">{count}</td>'
        yield "</tr>"
    yield "</tbody></table></div>"


def _file(
    judgement: Judgement, number: int, fails: bool, is_open: bool, page: Page, budget: Budget
) -> Iterator[str]:
    verdict = "fail" if fails else "pass"
    name = shown(judgement.path)
    listing = Listing(judgement.text, judgement.findings, f"f{number}")
    yield f'<section class="group" data-name="{_plain(name)}" id="f{number}">'
    yield f'<details class="card file fold {verdict}"{" open" if is_open else ""}>'
    yield f'<summary class="head"><span class="badge">{page.text(verdict)}</span>'
    yield f'<h3>{name}</h3><span class="kind">{judgement.kind.value.upper()}</span>'
    for level in LEVELS:
        if count := judgement.count(level):
            yield f'<span class="count {level.value}">{page.number(count, *_MANY[level])}</span>'
    yield '</summary><div class="body">'
    told = {issue.message for issue in judgement.findings}
    yield from facts(
        page,
        (
            ("Compared with", judgement.against),
            ("Not checked", (each for each in judgement.not_checked if each not in told)),
            ("SHA-256", (judgement.digest,)),
        ),
    )
    both = judgement.findings and judgement.text
    yield f'<div class="split{"" if both else " alone"}">'
    if judgement.findings:
        yield '<ul class="findings">'
        for issue in judgement.findings:
            yield from finding(issue, page, listing.id_of(issue))
        yield "</ul>"
    elif not judgement.text:
        yield f"<p>{page.text('Nothing was found.')}</p>"
    if judgement.text:
        yield from _payload(judgement, listing, page, budget)
    yield "</div></div></details></section>"


def _payload(judgement: Judgement, listing: Listing, page: Page, budget: Budget) -> Iterator[str]:
    name = shown(PurePath(judgement.path).name)
    lines = page.number(len(listing.lines), "line", "lines")
    is_open = " open" if judgement.findings else ""
    yield f'<details class="payload"{is_open}><summary>{name} · {lines}</summary>'
    yield f'<div class="listing" tabindex="0" role="region" aria-label="{_plain(name)}">'
    yield from listing.html(page, budget)
    yield "</div></details>"


def _plain(html: str) -> str:
    """What :func:`shown` gave, for an attribute, where no element can stand."""
    return html.replace('<span class="control">', "").replace("</span>", "")
