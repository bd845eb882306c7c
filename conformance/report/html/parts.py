"""Parts of the page that reports on files and on servers share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.report.html.payload import shown
from conformance.report.markup import escaped
from conformance.report.words import Words, words
from gateway.validation.issue import Issue, IssueSeverity

LEVELS = (IssueSeverity.ERROR, IssueSeverity.WARNING, IssueSeverity.INFORMATION)


class Page:
    """What every part of one page needs: its language."""

    def __init__(self, language: str):
        self.language = language
        self.say: Words = words(language)
        self.colon = "\N{NO-BREAK SPACE}:" if language == "fr" else ":"

    def text(self, key: str, **values: object) -> str:
        """A text of the page itself, ready for HTML."""
        found = self.say(key)
        for name, value in values.items():
            found = found.replace(f"{{{name}}}", str(value))
        return escaped(found)

    def number(self, count: int, one: str, many: str) -> str:
        """A number with its noun."""
        digits = f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")
        return f"{digits} {self.text(one if count == 1 else many)}"

    def title(self, profile: str) -> str:
        """The title of the page, as text."""
        return " · ".join(part for part in (self.say("Conformance report"), profile) if part)


def figure(count: int, label: str, kind: str) -> str:
    """One number of the sum."""
    kind = kind if count else "zero"
    return f'<div class="figure {kind}"><b>{count}</b><span>{label}</span></div>'


def bar(parts: Iterable[tuple[str, int]], label: str) -> str:
    """A line whose parts are as long as the numbers are large."""
    counted = [(kind, count) for kind, count in parts if count]
    total = sum(count for _, count in counted)
    if not total:
        return ""
    # The policy of the page allows no style attribute; SVG has attributes of its own for sizes.
    at = 0.0
    pieces = []
    for kind, count in counted:
        width = 1000 * count / total
        pieces.append(f'<rect class="{kind}" x="{at:.1f}" width="{width:.1f}" height="8"/>')
        at += width
    return (
        f'<svg class="bar" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}">{"".join(pieces)}</svg>'
    )


def toolbar(page: Page, levels: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """The line of filters.

    Args:
        page: The page.
        levels: Of each button: the level, its class and its text.
    """
    yield f'<nav class="tools" aria-label="{page.text("Filter")}"><div class="wide">'
    yield f'<fieldset><legend class="unseen">{page.text("Show only")}</legend>'
    yield (
        f'<button type="button" class="all" data-level="" aria-pressed="true">{page.text("All")}'
        "</button>"
    )
    for level, kind, label in levels:
        yield (
            f'<button type="button" class="{kind}" data-level="{level}" aria-pressed="false">'
            f"{label}</button>"
        )
    yield "</fieldset>"
    hint = page.text("Rule, place, file or text ( / )")
    yield f'<input type="search" id="search" placeholder="{hint}" aria-label="{hint}">'
    yield f'<button type="button" id="fold" hidden>{page.text("Fold or unfold all")}</button>'
    yield '<span class="last" id="shown" role="status" aria-live="polite"></span>'
    yield "</div></nav>"


def top(page: Page, title: str, profile: str, facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The head of the page: what it says at once, and about what."""
    yield '<header><div class="wide">'
    yield '<div class="top"><div>'
    about = page.text("Conformance report")
    yield f'<p class="of">{about}{f" · {escaped(profile)}" if profile else ""}</p>'
    yield f"<h1>{title}</h1></div>"
    yield f'<button type="button" id="theme" hidden>{page.text("Dark")}</button></div>'
    yield '<dl class="about">'
    for name, text in facts:
        if text:
            yield f"<div><dt>{page.text(name)}</dt><dd>{escaped(text)}</dd></div>"
    yield "</dl>"


def finding(issue: Issue, page: Page, jump: str = "") -> Iterator[str]:
    """One finding with everything that is known of it.

    Args:
        issue: What was found.
        page: The page.
        jump: The id of its line in the listing, where it has one.
    """
    level = issue.severity.value
    yield f'<li class="finding item {level}" data-level="{level}"><div class="what">'
    yield f"<b>{page.text(level)}</b><code>{shown(issue.rule)}</code>"
    if issue.position:
        place = issue.position
        line = page.text("line {line}, column {column}", line=place.line, column=place.column)
        link = f'<a href="#{jump}">{line}</a>' if jump else line
        yield f'<span class="jump">{link}</span>'
    yield "</div>"
    if issue.location:
        yield f'<div class="where">{shown(issue.location)}</div>'
    yield f'<p class="says">{shown(issue.says(page.language))}</p>'
    more = [
        f"{page.text(name)}{page.colon} {_linked(text)}"
        for name, text in (
            ("source", issue.source),
            ("profile", issue.profile),
            ("element", issue.element if issue.element != issue.location else ""),
        )
        if text
    ]
    if more:
        yield f'<p class="more">{"<br>".join(more)}</p>'
    yield "</li>"


def _linked(text: str) -> str:
    """A text that is an address as a link to it; anything else as it is."""
    if text.startswith(("https://", "http://")) and not any(c.isspace() for c in text):
        return f'<a href="{escaped(text)}" rel="noreferrer">{shown(text)}</a>'
    return shown(text)


def facts(page: Page, lines: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """Names with their texts, small."""
    rows = [(name, [text for text in texts if text]) for name, texts in lines]
    if not any(texts for _, texts in rows):
        return
    yield '<dl class="facts">'
    for name, texts in rows:
        if texts:
            cells = "".join(f"<dd>{shown(text)}</dd>" for text in texts)
            yield f"<div><dt>{page.text(name)}</dt>{cells}</div>"
    yield "</dl>"


def nothing(page: Page) -> str:
    """What stands where a filter leaves nothing."""
    text = page.text("Nothing matches the filter.")
    return f'<p class="card nothing" id="nothing" hidden>{text}</p>'
