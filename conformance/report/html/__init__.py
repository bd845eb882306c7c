"""The report as one page of HTML: to be read, filtered, printed and sent to somebody.

It needs nothing from anywhere: styles and script stand in it, and its content security policy lets
no other run. What payloads hold is hostile until shown otherwise: every text goes through
:func:`conformance.report.markup.escaped` or :func:`conformance.report.html.payload.shown`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from conformance.report.html import checked, tested
from conformance.report.html.parts import Page
from conformance.report.markup import escaped
from conformance.report.runs import RunReport
from conformance.report.values import Report


def write_html(report: Report | RunReport) -> str:
    """Write a report as a page."""
    page = Page(report.language)
    if isinstance(report, Report):
        body = (*checked.head(report, page), *checked.tools(page), *checked.main(report, page))
    else:
        body = (*tested.head(report, page), *tested.tools(page), *tested.main(report, page))
    return "\n".join((*_frame(report, page), *body, *_end(report, page))) + "\n"


def _frame(report: Report | RunReport, page: Page) -> Iterator[str]:
    style, script = _file("page.css"), _file("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    say = page.say
    words = {
        "light": say("Light"),
        "dark": say("Dark"),
        "shown": say("{shown} of {total} shown"),
    }
    data = " ".join(f'data-{name}="{escaped(text)}"' for name, text in words.items())
    yield "<!doctype html>"
    yield f'<html lang="{escaped(report.language)}" {data}>'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escaped(page.title(report.profile))}</title>"
    yield f"<style>{style}</style>"
    yield "</head>"
    yield "<body>"
    yield f'<a class="skip" href="#found">{escaped(say("Skip to the findings"))}</a>'


def _end(report: Report | RunReport, page: Page) -> Iterator[str]:
    made = page.say("Written by {engine}").replace("{engine}", report.engine)
    yield f'<footer><div class="wide">{escaped(made)}</div></footer>'
    yield f"<script>{_file('page.js')}</script>"
    yield "</body>"
    yield "</html>"


@cache
def _file(name: str) -> str:
    """A file beside this module."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
