"""``conformance explain`` and ``conformance diff``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.report.plain import write_json
from conformance.report.values import Report
from tests.conformance.reports import CHECKED, ERRORS, REST, RUN


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object, status: int = 0) -> tuple[str, str]:
        found = main([str(each) for each in arguments])
        written = capfd.readouterr()
        assert found == status, written
        return written.out, written.err

    return run


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("dom-3", "DomainResource"),
        ("fhir-slicing-closed", "Source: HL7 FHIR R4"),
        ("xds-format", "CX as id^^^&OID&ISO"),
        ("fr-de-010", "DocumentEntry"),
        ("payload-unknown", "FHIR resource"),
    ],
)
def test_a_rule_is_explained_whoever_applies_it(run: Any, rule: str, words: str) -> None:
    out, _ = run("explain", rule)
    assert out.startswith(f"{rule} (")
    assert words in out


def test_a_rule_is_explained_in_the_language_asked_for(run: Any) -> None:
    english, _ = run("explain", "fhir-minimum")
    french, _ = run("explain", "fhir-minimum", "--language", "fr")
    assert english != french


def test_an_unknown_rule_is_answered_with_the_nearest(run: Any) -> None:
    _, err = run("explain", "fhir-minimun", status=2)
    assert "did you mean fhir-minimum" in err
    run("explain", status=2)


def test_rules_are_listed_and_searched(run: Any) -> None:
    everything = run("explain", "--list")[0].splitlines()
    assert len(everything) > 300
    xds = run("explain", "--list", "xds-format")[0].splitlines()
    assert 1 < len(xds) < 20
    listed = json.loads(run("explain", "--list", "xds-format", "--format", "json")[0])
    assert [each["rule"] for each in listed] == [line.split()[0] for line in xds]
    run("explain", "--list", "no-such-word", status=2)


# ---------------------------------------------------------------- diff


def stored(folder: Path, name: str, report: Any) -> Path:
    path = folder / name
    path.write_text(write_json(report), encoding="utf-8")
    return path


def with_findings(*findings: Any) -> Report:
    judgement = replace(CHECKED.judgements[1], findings=findings)
    return replace(CHECKED, judgements=(judgement,), problems=())


def test_two_equal_reports_differ_in_nothing(run: Any, tmp_path: Path) -> None:
    path = stored(tmp_path, "a.json", CHECKED)
    out, _ = run("diff", path, path)
    assert out == "0 new, 0 gone, 8 kept; 0 new errors\n"


def test_a_new_error_makes_it_fail_and_a_new_warning_does_not(run: Any, tmp_path: Path) -> None:
    old = stored(tmp_path, "old.json", with_findings(REST[1]))
    warned = stored(tmp_path, "warned.json", with_findings(*REST))
    failed = stored(tmp_path, "failed.json", with_findings(ERRORS[0], *REST))
    out, _ = run("diff", old, warned)
    assert "1 new, 0 gone, 1 kept; 0 new errors" in out
    out, _ = run("diff", old, failed, status=1)
    assert "! messages/good.json: pass -> fail" in out
    assert "+ error fhir-binding-required  messages/good.json:8 DocumentReference.status" in out
    out, _ = run("diff", failed, old)
    assert "- error fhir-binding-required" in out


def test_findings_on_other_lines_are_the_same_findings(run: Any, tmp_path: Path) -> None:
    moved = [replace(issue, position=None) for issue in ERRORS]
    old = stored(tmp_path, "old.json", with_findings(*ERRORS))
    new = stored(tmp_path, "new.json", with_findings(*moved))
    assert "0 new, 0 gone, 3 kept" in run("diff", old, new)[0]


def test_a_file_that_came_and_fails_is_worse(run: Any, tmp_path: Path) -> None:
    old = stored(tmp_path, "old.json", replace(CHECKED, judgements=CHECKED.judgements[1:2]))
    new = stored(tmp_path, "new.json", replace(CHECKED, judgements=CHECKED.judgements[1:3]))
    out, _ = run("diff", old, new, status=1)
    assert "+ messages/note.xml: fail" in out
    run("diff", new, old)


def test_runs_of_a_server_are_compared_as_well(run: Any, tmp_path: Path) -> None:
    old = stored(tmp_path, "old.json", replace(RUN, results=RUN.results[:1]))
    new = stored(tmp_path, "new.json", RUN)
    found = json.loads(run("diff", old, new, "--format", "json", status=1)[0])
    assert found["summary"]["worse"] is True
    assert [each["in"] for each in found["appeared"]] == [
        "registry/hash",
        "fhir/search",
        "fhir/delete",
    ]


def test_what_is_no_report_is_told_so(run: Any, tmp_path: Path) -> None:
    good = stored(tmp_path, "a.json", CHECKED)
    for content in ("{}", "no json", "[]", '{"files": [{"path": "x", "findings": [{}]}]}'):
        path = tmp_path / "b.json"
        path.write_text(content)
        assert "Traceback" not in run("diff", good, path, status=2)[1]
    run("diff", good, tmp_path / "absent.json", status=2)
