"""Suites are data: what a folder may hold, how its texts are filled in, how mistakes are told."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.suite.coverage import covered
from conformance.suite.edits import EditFault, edit_json, edit_xml
from conformance.suite.reading import read_suite, read_suites
from conformance.suite.values import SuiteFault
from conformance.suite.words import Scope, WordFault, in_json, in_xml

NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


def scope(**texts: str) -> Scope:
    made = Scope(now=lambda: NOW)
    made.define(texts)
    return made


def test_every_suite_that_is_shipped_can_be_read() -> None:
    suites = read_suites()
    assert {"ihe-registry", "ihe-repository", "ihe-mhd", "ihe-metadata-update"} <= set(suites)
    assert {"ihe-consent", "fr-dmp-xds", "fr-dmp-fhir", "fr-dmp-consent"} <= set(suites)
    assert sum(len(one.tests) for one in suites.values()) > 400


@pytest.mark.parametrize("suite", read_suites().values(), ids=lambda suite: suite.id)
def test_every_test_has_a_title_in_both_languages_and_a_requirement(suite: object) -> None:
    for test in suite.tests:  # type: ignore[attr-defined]
        assert test.title.en and test.title.fr, test.id
        assert test.requirements, test.id
    assert (suite.folder / "README.md").is_file()  # type: ignore[attr-defined]


def test_every_requirement_has_a_test_or_a_reason() -> None:
    found = covered(read_suites().values())
    assert [one.requirement.id for one in found if not one.tests and not one.why.en] == []
    assert len(found) > 400


def test_no_requirement_that_is_tested_says_why_it_is_not() -> None:
    found = covered(read_suites().values())
    both = [one.requirement.id for one in found if one.tests and one.requirement.untested.en]
    # A rule that is told and not refused may still be seen in a test.
    assert [name for name in both if not name.startswith("fr-")] == []


# --- Words ---------------------------------------------------------------------------------------


def test_a_variable_keeps_its_value() -> None:
    made = scope(id="${uuid()}", twice="${id} ${id}")
    first, second = made.value("twice").split()
    assert first == second == made.value("id")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${dtm()}", "20260301120005"),
        ("${dtm('-2d')}", "20260227120005"),
        ("${day('+1d')}", "2026-03-02"),
        ("${now('-5s')}", "2026-03-01T12:00:00Z"),
        ("${sha1(text)}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("${sha1_base64(text)}", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        ("${size(text)}", "3"),
        ("${base64('é')}", "w6k="),
        ("${url('a|b c')}", "a%7Cb%20c"),
        ("${mod97('2580437999001')}", f"{97 - 2580437999001 % 97:02d}"),
        ("${before('1^^^&2', '^')}", "1"),
        ("${after('a-b-c', '-')}", "b-c"),
        ("$${text}", "$abc"),
    ],
)
def test_functions(text: str, value: str) -> None:
    assert scope(text="abc").filled(text) == value


def test_what_is_put_in_is_escaped_for_its_place() -> None:
    made = scope(text='a<b & "c"')
    assert made.filled("<x y='${text}'/>", in_xml) == "<x y='a&lt;b &amp; &quot;c&quot;'/>"
    assert json.loads(made.filled('{"x": "${text}"}', in_json)) == {"x": 'a<b & "c"'}
    assert made.filled("${raw(text)}", in_xml) == 'a<b & "c"'


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({"a": "${b}"}, "there is no variable b"),
        ({"a": "${b}", "b": "${a}"}, "the variable a needs itself"),
        ({"a": "${nonsense()}"}, "there is no function nonsense"),
        ({"a": "${dtm(-2d)}"}, "write names, numbers or 'texts'"),
        ({"a": "${1+1}"}, "neither a variable nor a function"),
        ({"a": "${digits('x')}"}, "invalid literal"),
    ],
)
def test_what_cannot_be_worked_out_is_told(texts: dict[str, str], complaint: str) -> None:
    with pytest.raises(WordFault, match=complaint.replace("(", r"\(").replace("+", r"\+")):
        scope(**texts).value("a")


# --- Changes -------------------------------------------------------------------------------------

XML = (
    b"<a xmlns:rim='urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0'>"
    b"<rim:Slot name='x'>1</rim:Slot></a>"
)


@pytest.mark.parametrize(
    ("edit", "result"),
    [
        ({"remove": "//rim:Slot"}, "<a/>"),
        ({"remove": "//rim:Slot/@name"}, "<a><Slot>1</Slot></a>"),
        ({"set": "//rim:Slot", "value": "2"}, '<a><Slot name="x">2</Slot></a>'),
        ({"set": "//rim:Slot/@name", "value": "y"}, '<a><Slot name="y">1</Slot></a>'),
        ({"set": "//rim:Slot/@id", "value": "y"}, '<a><Slot name="x" id="y">1</Slot></a>'),
        ({"add": "/a", "xml": "<b/>"}, '<a><Slot name="x">1</Slot><b/></a>'),
        ({"before": "//rim:Slot", "xml": "<b/>"}, '<a><b/><Slot name="x">1</Slot></a>'),
        ({"replace": "//rim:Slot", "xml": "<b/>"}, "<a><b/></a>"),
        ({"find": "name='x'", "put": "name='z'"}, "<a xmlns:rim='…'><rim:Slot name='z'>"),
    ],
)
def test_a_change_of_xml(edit: dict[str, str], result: str) -> None:
    changed = edit_xml(XML, [edit], scope()).decode()
    if "find" in edit:
        assert "name='z'" in changed
        return
    import re

    plain = re.sub(r"<\?xml.*?\?>\n?| xmlns:\w+=\"[^\"]*\"|rim:", "", changed)
    assert plain == result


@pytest.mark.parametrize(
    ("edit", "result"),
    [
        ({"remove": "/a/0"}, {"a": [2], "b": {"c": "x"}}),
        ({"set": "/b/c", "value": "${v}"}, {"a": [1, 2], "b": {"c": "w"}}),
        ({"set": "/b/d", "value": 3}, {"a": [1, 2], "b": {"c": "x", "d": 3}}),
        ({"add": "/a/-", "value": 3}, {"a": [1, 2, 3], "b": {"c": "x"}}),
        ({"add": "/a/0", "json": '{"v": "${v}"}'}, {"a": [{"v": "w"}, 1, 2], "b": {"c": "x"}}),
        ({"set": "/a/1", "value": 9}, {"a": [1, 9], "b": {"c": "x"}}),
    ],
)
def test_a_change_of_json(edit: dict[str, object], result: object) -> None:
    octets = json.dumps({"a": [1, 2], "b": {"c": "x"}}).encode()
    assert json.loads(edit_json(octets, [edit], scope(v="w"))) == result


@pytest.mark.parametrize(
    "edit",
    [
        {"remove": "//rim:Nothing"},
        {"remove": "//rim:Slot/@nothing"},
        {"remove": "///"},
        {"find": "nothing", "put": ""},
        {"nonsense": "//rim:Slot"},
        {"add": "/a", "xml": "<b>"},
        {"remove": "/a"},
    ],
)
def test_a_change_that_leads_nowhere_is_a_mistake(edit: dict[str, str]) -> None:
    """Else a negative test would pass because nothing was broken."""
    with pytest.raises(EditFault):
        edit_xml(XML, [edit], scope())


@pytest.mark.parametrize("pointer", ["/x/0", "/a/7", "/a/y", "/b/c/d"])
def test_a_pointer_that_leads_nowhere_is_a_mistake(pointer: str) -> None:
    octets = json.dumps({"a": [1, 2], "b": {"c": "x"}}).encode()
    with pytest.raises(EditFault):
        edit_json(octets, [{"remove": pointer}], scope())


# --- Folders -------------------------------------------------------------------------------------

SUITE = 'id = "ours"\ntitle = "Ours"\nrequires = ["fhir"]\n'
OPERATIONS = '[operation.look]\npath = "metadata"\n'
REQUIREMENTS = '[[requirement]]\nid = "r-1"\ntext = "…"\nsource = "us"\n'
TESTS = '[[test]]\nid = "one"\ntitle = "…"\nrequirements = ["r-1"]\n[[test.step]]\nsend = "look"\n'


def written(folder: Path, **changed: str) -> Path:
    files = {
        "suite.toml": SUITE,
        "operations.toml": OPERATIONS,
        "requirements.toml": REQUIREMENTS,
        "tests/a.toml": TESTS,
    } | {name.replace("__", "/").replace("_toml", ".toml"): text for name, text in changed.items()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_is_a_suite(tmp_path: Path) -> None:
    suite = read_suite(written(tmp_path))
    assert (suite.id, [test.id for test in suite.tests]) == ("ours", ["one"])


@pytest.mark.parametrize(
    ("changed", "where", "complaint"),
    [
        ({"suite_toml": "id = "}, "suite.toml:1", "Invalid value"),
        ({"suite_toml": SUITE + "colour = 1\n"}, "suite.toml:4", "a suite has no colour"),
        ({"suite_toml": 'title = "x"\n'}, "suite.toml", "needs a text id"),
        ({"suite_toml": SUITE + 'messages = ["../nowhere"]\n'}, "suite.toml:4", "is no folder"),
        ({"tests__a_toml": TESTS + 'sand = "x"\n'}, "a.toml:2", "a step has no sand"),
        (
            {"tests__a_toml": TESTS.replace("look", "lock")},
            "a.toml:2",
            "there is no operation lock",
        ),
        ({"tests__a_toml": TESTS.replace("r-1", "r-2")}, "a.toml:2", "no requirement r-2 is known"),
        ({"tests__a_toml": TESTS + TESTS}, "a.toml:2", "there is a test one already"),
        (
            {"tests__a_toml": TESTS + "expect = { colour = 1 }\n"},
            "a.toml:2",
            "expect has no colour",
        ),
        (
            {"tests__a_toml": TESTS.replace('title = "…"', 'title = "…"\ngiven = ["x"]')},
            "a.toml:2",
            "there is no set-up x",
        ),
        ({"requirements_toml": REQUIREMENTS * 2}, "requirements.toml:2", "r-1 stands twice"),
    ],
)
def test_a_mistake_in_a_suite_is_told_with_file_and_line(
    tmp_path: Path, changed: dict[str, str], where: str, complaint: str
) -> None:
    with pytest.raises(SuiteFault) as caught:
        read_suite(written(tmp_path, **changed))
    assert where in str(caught.value)
    assert complaint in str(caught.value)


def test_counters_count() -> None:
    made = Scope(now=lambda: NOW, counter=itertools.count(7))
    assert [made.filled("${counted()}") for _ in range(2)] == ["7", "8"]
