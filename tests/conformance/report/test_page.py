"""The page of a report in a browser: what is seen, in light and dark, filtered, narrow and printed.

Needs Chromium; see :mod:`tests.chromium`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.report.html import write_html
from tests.chromium import Tab, running_chromium
from tests.conformance.reports import CHECKED, IN_FRENCH, RUN
from tests.pictures import Picture, read_png

ERROR_FILL = {False: (208, 40, 28), True: (229, 86, 74)}
"""The colour of errors, in the light and in the dark theme."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, report in (("checked", CHECKED), ("french", IN_FRENCH), ("run", RUN)):
        (folder / f"{name}.html").write_text(write_html(report), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with running_chromium(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


def picture(tab: Tab, folder: Path) -> Picture:
    return read_png(tab.screenshot(folder / "seen.png").read_bytes())


def visible(tab: Tab, selector: str) -> int:
    """How many elements of a kind are shown, folded ones included."""
    found = tab.evaluate(
        f"[...document.querySelectorAll({selector!r})].filter(e => !e.closest('[hidden]')).length"
    )
    assert isinstance(found, int)
    return found


def complaints(tab: Tab) -> list[Any]:
    """Whatever the browser had to say: errors of the script, and what the policy forbade."""
    wrong = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    return [each for each in tab.events if each["method"] in wrong]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", ["checked", "french", "run"])
def test_the_page_is_seen_in_the_theme_of_the_reader(
    tab: Tab, folder: Path, page: str, dark: bool
) -> None:
    tab.open(folder / f"{page}.html", dark=dark)
    seen = picture(tab, folder)
    assert (seen.width, seen.height) == (640, 500)
    # The corner is ground, and there is much that is not.
    assert (seen.luminance(2, 495) < 0.15) is dark
    assert len(seen.colours()) > 100
    assert seen.share_near(seen.at(2, 495)) < 0.9
    assert seen.count_near(ERROR_FILL[dark]) > 60
    assert complaints(tab) == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", ["checked", "french", "run"])
def test_nothing_is_wider_than_the_window(tab: Tab, folder: Path, page: str, width: int) -> None:
    tab.open(folder / f"{page}.html", width=width)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [width, width]
    # Inside cards nothing is cut off either, but for listings and tables, which scroll.
    cut = tab.evaluate(
        """[...document.querySelectorAll('.finding, .head, .figure, .note, .tools > div, .l')]
           .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.className)"""
    )
    assert cut == []


def test_the_button_changes_the_theme(tab: Tab, folder: Path) -> None:
    tab.open(folder / "checked.html")
    before = picture(tab, folder).luminance(2, 495)
    tab.evaluate("document.getElementById('theme').click()")
    assert before > 0.8
    assert picture(tab, folder).luminance(2, 495) < 0.15
    # The choice outlives the page.
    tab.open(folder / "french.html")
    assert picture(tab, folder).luminance(2, 495) < 0.15
    tab.evaluate("localStorage.clear()")


def test_the_fragment_of_the_address_filters_by_severity(tab: Tab, folder: Path) -> None:
    tab.open(folder / "checked.html")
    assert (visible(tab, ".finding"), visible(tab, ".note")) == (8, 6)
    assert visible(tab, ".group") == 5
    tab.open(folder / "checked.html", "#severity=error")
    assert visible(tab, ".finding") == 4
    assert visible(tab, ".finding.warning, .note.warning, .finding.information") == 0
    assert visible(tab, ".group") == 3
    assert tab.evaluate("document.getElementById('shown').textContent") == "5 of 9 shown"
    pressed = "document.querySelector('.tools [aria-pressed=true]').textContent"
    assert tab.evaluate(pressed) == "errors"
    seen = picture(tab, folder)
    assert seen.count_near(ERROR_FILL[False]) > 60


def test_the_filter_takes_text_of_rules_places_and_files(tab: Tab, folder: Path) -> None:
    tab.open(folder / "checked.html", "#text=attachment")
    assert visible(tab, ".finding") == 2
    tab.open(folder / "checked.html", "#text=good.json")
    assert (visible(tab, ".group"), visible(tab, ".finding")) == (1, 2)
    tab.open(folder / "checked.html", "#text=nowhere-to-be-found")
    assert visible(tab, ".group") == 0
    assert visible(tab, "#nothing") == 1
    tab.evaluate("document.querySelector('.rules a').click()")
    assert tab.evaluate("document.getElementById('search').value") == "fhir-unknown-element"
    assert visible(tab, ".finding") == 2
    assert tab.evaluate("location.hash") == "#text=fhir-unknown-element"


def test_a_run_is_filtered_by_verdict(tab: Tab, folder: Path) -> None:
    tab.open(folder / "run.html")
    assert visible(tab, ".test") == 4
    tab.open(folder / "run.html", "#severity=fail")
    assert visible(tab, ".test") == 1
    assert visible(tab, ".finding") == 1
    assert tab.evaluate("document.querySelectorAll('.step details[open]').length") == 1


def test_a_finding_leads_to_its_line(tab: Tab, folder: Path) -> None:
    tab.open(folder / "checked.html")
    tab.evaluate("document.querySelectorAll('.fold').forEach(each => each.open = false)")
    tab.evaluate("location.hash = '#f1-L8'")
    tab.evaluate("new Promise(done => setTimeout(done, 900))")
    place = tab.evaluate(
        "(() => { const b = document.getElementById('f1-L8').getBoundingClientRect();"
        "return [b.top, b.bottom, b.height]; })()"
    )
    assert place[2] > 0 and place[0] >= 0 and place[1] <= 1000


def test_nothing_in_a_payload_runs(tab: Tab, folder: Path) -> None:
    for page in ("checked", "french", "run"):
        tab.open(folder / f"{page}.html")
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.evaluate("typeof window.pwned") == "undefined"
        assert tab.evaluate("document.scripts.length") == 1
        assert complaints(tab) == []
    requests = [each for each in tab.events if each["method"] == "Network.requestWillBeSent"]
    assert {each["params"]["request"]["url"].partition(":")[0] for each in requests} == {"file"}


def test_even_a_script_that_got_in_would_not_run(tab: Tab, folder: Path) -> None:
    page = folder / "broken.html"
    html = (folder / "checked.html").read_text(encoding="utf-8")
    page.write_text(html.replace("<main", "<script>window.pwned = 5</script><main", 1), "utf-8")
    tab.open(page)
    assert tab.evaluate("typeof window.pwned") == "undefined"
    assert visible(tab, ".finding") == 8


def test_every_control_is_reached_and_worked_by_keyboard(tab: Tab, folder: Path) -> None:
    tab.open(folder / "checked.html")
    tab.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.press("/", "Slash", "/")
    assert tab.evaluate("document.activeElement.id") == "search"
    tab.open(folder / "checked.html")
    reached = []
    for _ in range(12):
        tab.press("Tab")
        reached.append(
            tab.evaluate("document.activeElement.dataset.level || document.activeElement.id")
        )
    assert [name for name in reached if name in ("theme", "error", "search", "fold")] == [
        "theme",
        "error",
        "search",
        "fold",
    ]
    tab.evaluate("document.querySelector('[data-level=warning]').focus()")
    tab.press("Enter")
    assert visible(tab, ".finding") == 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", ["checked", "run"])
def test_every_text_stands_out_from_its_ground(
    tab: Tab, folder: Path, page: str, dark: bool
) -> None:
    """WCAG 2.1, 1.4.3: a contrast of 4.5 to 1."""
    tab.open(folder / f"{page}.html", dark=dark)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    faint = tab.evaluate(
        """(() => {
          const parse = text => text.match(/[\\d.]+/g).map(Number);
          const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const light = ([r, g, b]) =>
            0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
          const ground = element => {
            for (let at = element; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if (colour.length === 3 || colour[3] > 0) return colour;
            }
          };
          const found = [];
          for (const element of document.querySelectorAll('body *')) {
            const own = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
            if (!own || !element.getClientRects().length || element.closest('.unseen')) continue;
            if (['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
            const a = light(parse(getComputedStyle(element).color));
            const b = light(ground(element));
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (contrast < 4.5) found.push([element.className, contrast.toFixed(2)]);
          }
          return found;
        })()"""
    )
    assert faint == []


def test_what_assistive_technology_needs_is_there(tab: Tab, folder: Path) -> None:
    for page, language in (("checked", "en"), ("french", "fr"), ("run", "en")):
        tab.open(folder / f"{page}.html")
        assert tab.evaluate("document.documentElement.lang") == language
        assert tab.evaluate("document.querySelectorAll('h1').length") == 1
        assert tab.evaluate("document.querySelectorAll('main').length") == 1
        nameless = tab.evaluate(
            """[...document.querySelectorAll('button, input, a, [role=region], [role=img]')]
               .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label'))).length"""
        )
        assert nameless == 0
        ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(set(ids)) == len(ids)
        dangling = tab.evaluate(
            """[...document.querySelectorAll('a[href^="#"]:not([data-find])')]
               .map(a => a.getAttribute('href').slice(1))
               .filter(id => !document.getElementById(id))"""
        )
        assert dangling == []


def test_the_page_prints_on_paper_with_everything_unfolded(tab: Tab, folder: Path) -> None:
    tab.open(folder / "checked.html", dark=True)
    assert tab.printed().startswith(b"%PDF")
    assert tab.evaluate("[...document.querySelectorAll('details.fold')].every(e => e.open)")
