"""What may stand in a narrative."""

from __future__ import annotations

import pytest

from gateway.validation.fhir.narrative import complaints, image_references


def div(inside: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


@pytest.mark.parametrize(
    "inside",
    [
        "plain",
        "é &amp; &eacute; &#233; &nbsp;x",
        "<p class='a' style='color:red' title='t'>a<br/>b</p>",
        "<table border='1'><tr><td colspan='2'>a</td></tr></table>",
        "<a href='#x'>a</a><a name='x'>b</a>",
        "<img src='#pic' alt='a'/>",
        "<pre xml:space='preserve' xml:lang='fr'>a</pre>",
    ],
)
def test_formatted_text_is_let_pass(inside: str) -> None:
    assert list(complaints(div(inside))) == []


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>a",
        "<p onclick='x()'>a</p>",
        "<a href='javascript:x()'>a</a>",
        "<form><input/></form>a",
        "<iframe src='http://a'/>a",
        "<object/>a",
        "<p href='a'>a</p>",
        "<p xmlns='http://other'>a</p>",
        "<p>not closed",
        "",
        "  <p> <br/></p>",
        "&nbsp;",
        "&undefined;",
    ],
)
def test_what_runs_loads_or_says_nothing_is_told(inside: str) -> None:
    told = list(complaints(div(inside)))
    assert told
    assert all(one.fr for one in told)


def test_only_one_div_is_a_narrative() -> None:
    for text in ("a", "<div>a</div>", "<p xmlns='http://www.w3.org/1999/xhtml'>a</p>", 1, None):
        assert list(complaints(text))


def test_images_inside_the_resource_are_found() -> None:
    assert list(image_references(div("<img src='#a'/><img src='http://b'/>"))) == ["a"]
