"""Every form of a report tells everything that was found, and is what it says it is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.testreport import TestReport as FhirTestReport

from conformance.judges import Context, judge
from conformance.report.facts import identified, shortened
from conformance.report.junit import write_junit
from conformance.report.operation_outcome import write_operation_outcome
from conformance.report.plain import write_json
from conformance.report.runs import RunReport
from conformance.report.sarif import write_sarif
from conformance.report.test_report import write_test_report
from conformance.report.text import write_text
from conformance.report.values import Report, Verdict
from conformance.report.writers import FORMS
from gateway.codecs.xml import read_xml
from gateway.validation.issue import IssueSeverity
from tests.conformance.reports import (
    CHECKED,
    DOCUMENT,
    EMPTY,
    ERRORS,
    IN_FRENCH,
    REST,
    RUN,
)
from tests.shared import ROOT

ALL = [CHECKED, IN_FRENCH, RUN, EMPTY]


@pytest.mark.parametrize("report", ALL, ids=["checked", "french", "run", "empty"])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_takes_every_report(name: str, report: Report | RunReport) -> None:
    text = FORMS[name].writer()(report)
    assert text.endswith("\n")
    assert text == FORMS[name].writer()(report)


# ---------------------------------------------------------------- verdicts


def test_warnings_make_a_file_fail_where_that_was_asked_for() -> None:
    strict = replace(CHECKED, fail_on=IssueSeverity.WARNING)
    assert [CHECKED.verdict_of(each).value for each in CHECKED.judgements] == [
        "fail",
        "pass",
        "fail",
        "pass",
    ]
    assert [strict.verdict_of(each) for each in strict.judgements][1] is Verdict.FAIL
    assert (CHECKED.failed, strict.failed) == (2, 3)


def test_what_is_kept_of_many_findings_are_the_heaviest_in_the_order_of_the_payload() -> None:
    kept, rest = shortened((*REST, *ERRORS), 4)
    assert kept == (REST[0], *ERRORS)
    assert rest == 1


def test_a_fingerprint_tells_findings_apart_and_does_not_move_with_lines() -> None:
    judgement = CHECKED.judgements[0]
    prints = [fingerprint for _, fingerprint in identified(judgement)]
    assert len(set(prints)) == len(prints)
    moved = replace(
        judgement,
        findings=tuple(
            replace(issue, position=None, message="other words") for issue in judgement.findings
        ),
    )
    assert [fingerprint for _, fingerprint in identified(moved)] == prints


# ---------------------------------------------------------------- JSON


def test_json_holds_for_each_file_path_verdict_and_findings() -> None:
    report = json.loads(write_json(CHECKED))
    assert [file["verdict"] for file in report["files"]] == ["fail", "pass", "fail", "pass"]
    first = report["files"][0]
    assert first["path"] == CHECKED.judgements[0].path
    assert first["findings"][0] == {
        "rule": "fhir-binding-required",
        "severity": "error",
        "location": "DocumentReference.status",
        "message": ERRORS[0].message,
        "source": "HL7 FHIR R4: 4.1.5 Binding strengths",
        "kind": "binding",
        "element": "DocumentReference.status",
        "profile": ERRORS[0].profile,
        "line": 8,
        "column": 3,
        "fingerprint": first["findings"][0]["fingerprint"],
    }
    assert report["summary"] == {
        "files": 4,
        "passed": 2,
        "failed": 2,
        "problems": 1,
        "errors": 4,
        "warnings": 2,
        "information": 2,
    }
    assert report["problems"] == [
        {"path": "messages/locked.xml", "message": "this user may not read it"}
    ]


def test_json_speaks_the_language_asked_for() -> None:
    (finding, *_) = json.loads(write_json(IN_FRENCH))["files"][0]["findings"]
    assert finding["message"] == ERRORS[0].message_fr


def test_json_of_a_run_holds_each_test_with_its_steps() -> None:
    report = json.loads(write_json(RUN))
    assert report["summary"] == {"tests": 4, "passed": 1, "failed": 1, "skipped": 1, "errors": 1}
    step = report["tests"][1]["steps"][1]
    assert step["findings"][0]["rule"] == "live-status"
    assert step["sent"].startswith("POST /xds/registry")


# ---------------------------------------------------------------- text


def test_text_tells_each_finding_with_place_rule_message_and_source() -> None:
    text = write_text(CHECKED)
    assert "8:3 DocumentReference.status" in text
    assert "fhir-binding-required" in text
    assert "HL7 FHIR R4: 4.1.5 Binding strengths" in text
    assert "4 files, 2 passed, 2 failed, 1 not readable, 1 left out" in text


def test_text_is_plain_unless_it_goes_to_a_terminal() -> None:
    assert "\x1b" not in write_text(CHECKED)
    assert "\x1b[31;1mFAIL" in write_text(CHECKED, colours=True)


def test_no_payload_commands_a_terminal() -> None:
    evil = replace(
        ERRORS[0], message="see \x1b[2Jhere\x07\N{RIGHT-TO-LEFT OVERRIDE}", location="\r"
    )
    judgement = replace(CHECKED.judgements[0], path="a\x1b]0;title\x07", findings=(evil,))
    text = write_text(replace(CHECKED, judgements=(judgement,)))
    assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_text_in_french_says_so() -> None:
    assert "4 fichiers, 2 conformes, 2 non conformes" in write_text(IN_FRENCH)


def test_text_of_a_run_shows_the_step_that_failed() -> None:
    text = write_text(RUN)
    assert "2. Register it again with another hash  HTTP/1.1 200 OK" in text
    assert "4 tests, 1 passed, 1 failed, 1 not carried out, 1 skipped" in text


# ---------------------------------------------------------------- JUnit


def cases(report: Report | RunReport) -> list[Any]:
    root = read_xml(write_junit(report).encode())
    assert root.tag == "testsuites"
    return list(root.iter("testcase"))


def test_junit_has_a_case_for_each_file_and_fails_it_with_its_errors() -> None:
    first, good, cda, silent, locked = cases(CHECKED)
    assert [child.tag for child in first] == ["failure", "system-out"]
    assert "fhir-binding-required DocumentReference.status" in first[0].text
    assert "fhir-binding-extensible" in first[1].text
    assert [child.tag for child in good] == ["system-out"]
    assert [child.tag for child in cda] == ["failure"]
    assert [child.tag for child in silent] == []
    assert [child.tag for child in locked] == ["error"]


def test_junit_counts_what_it_has() -> None:
    root = read_xml(write_junit(CHECKED).encode())
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "2", "1")


def test_junit_of_a_run_has_a_suite_for_each_suite() -> None:
    root = read_xml(write_junit(RUN).encode())
    assert [suite.get("tests") for suite in root.iter("testsuite")] == ["2", "2"]
    assert [[child.tag for child in case] for case in cases(RUN)] == [
        ["system-out"],
        ["failure", "system-out"],
        ["error"],
        ["skipped"],
    ]


def test_junit_holds_what_xml_cannot_as_a_mark() -> None:
    evil = replace(ERRORS[0], message="a\x00b\x0b]]><x>\ufffe")
    judgement = replace(CHECKED.judgements[0], findings=(evil,))
    (case, *_) = cases(replace(CHECKED, judgements=(judgement,), problems=()))
    assert "a\ufffdb\ufffd]]><x>\ufffd" in case[0].get("message")


# ---------------------------------------------------------------- SARIF


def sarif(report: Report | RunReport) -> dict[str, Any]:
    log = json.loads(write_sarif(report))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    found: dict[str, Any] = run
    return found


def test_sarif_describes_each_rule_once_and_results_point_to_it() -> None:
    run = sarif(CHECKED)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        "fhir-binding-required",
        "fhir-unknown-element",
        "fhir-binding-extensible",
        "fhir-binding-not-checked",
        "cda-schema",
    ]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert rules[0]["help"]["text"]
    assert rules[0]["shortDescription"]["text"] != rules[0]["id"]


def test_sarif_gives_each_result_its_region_and_fingerprint() -> None:
    run = sarif(CHECKED)
    first, *_ = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 8, "startColumn": 3}
    assert run["artifacts"][place["artifactLocation"]["index"]]["location"] == {
        "uri": place["artifactLocation"]["uri"]
    }
    prints = [result["partialFingerprints"]["conformanceFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    assert [result["level"] for result in run["results"]].count("error") == 4


def test_sarif_names_files_by_valid_references() -> None:
    for artifact in sarif(CHECKED)["artifacts"]:
        assert re.fullmatch(r"[\w./!%~-]+", artifact["location"]["uri"])


def test_sarif_says_that_a_file_could_not_be_read() -> None:
    (invocation,) = sarif(CHECKED)["invocations"]
    assert invocation["executionSuccessful"] is False
    told = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert "this user may not read it" in told


# ---------------------------------------------------------------- FHIR


def test_the_outcome_of_one_file_is_an_operation_outcome() -> None:
    text = write_operation_outcome(replace(CHECKED, judgements=CHECKED.judgements[:1], problems=()))
    outcome = OperationOutcome.model_validate_json(text)
    first = outcome.issue[0]
    assert (first.severity, first.code) == ("error", "code-invalid")
    assert first.expression == ["DocumentReference.status"]
    assert first.details.coding[0].code == "fhir-binding-required"
    values = {
        extension.url.rpartition("/")[2]: extension.valueInteger or extension.valueString
        for extension in first.extension
    }
    assert values == {
        "operationoutcome-issue-line": 8,
        "operationoutcome-issue-col": 3,
        "operationoutcome-message-id": "fhir-binding-required",
    }


def test_the_outcomes_of_several_files_are_a_bundle() -> None:
    bundle = Bundle.model_validate_json(write_operation_outcome(CHECKED))
    assert bundle.type == "collection"
    assert len(bundle.entry) == 5


def test_a_place_in_xml_is_a_location_and_no_expression() -> None:
    bundle = json.loads(write_operation_outcome(CHECKED))
    (issue,) = bundle["entry"][2]["resource"]["issue"]
    assert issue["location"] == ["/ClinicalDocument/author[1]"]
    assert "expression" not in issue


def test_an_outcome_without_findings_says_that_all_is_well() -> None:
    text = write_operation_outcome(replace(CHECKED, judgements=CHECKED.judgements[3:], problems=()))
    (issue,) = OperationOutcome.model_validate_json(text).issue
    assert (issue.severity, issue.details.text) == ("information", "All is well")


@pytest.mark.parametrize(("report", "tests"), [(CHECKED, 5), (RUN, 4)], ids=["checked", "run"])
def test_a_test_report_has_a_test_for_each_file_or_test(
    report: Report | RunReport, tests: int
) -> None:
    found = FhirTestReport.model_validate_json(write_test_report(report))
    assert found.result == "fail"
    assert len(found.test) == tests


def test_a_test_report_tells_how_each_test_of_a_run_ended() -> None:
    found = json.loads(write_test_report(RUN))
    results = [test["action"][-1]["assert"]["result"] for test in found["test"]]
    assert results == ["pass", "fail", "error", "skip"]


@pytest.mark.parametrize("report", [CHECKED, RUN], ids=["checked", "run"])
@pytest.mark.parametrize("form", ["outcome", "testreport"])
def test_what_the_suite_writes_as_fhir_passes_the_suite(
    report: Report | RunReport, form: str
) -> None:
    context = Context(profiles=ROOT / "profiles", profile_name="ihe")
    judgement = judge("report.json", FORMS[form].writer()(report).encode(), context)
    assert judgement.verdict is Verdict.PASS


# ---------------------------------------------------------------- the page, as text


def test_the_page_needs_nothing_from_anywhere() -> None:
    for report in ALL:
        html = FORMS["html"].writer()(report)
        for tag in re.findall(r"<(?:link|img|iframe|object|embed|script|style)\b[^>]*>", html):
            assert tag in ("<script>", "<style>")
        assert "@import" not in html
        assert not re.search(r"url\(", html)
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
        assert policy and policy[1].startswith("default-src &#39;none&#39;")


class Elements(HTMLParser):
    """Reads a page as a browser does; keeps each element with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_nothing_of_a_payload_becomes_markup() -> None:
    for report in (CHECKED, RUN):
        elements = Elements()
        elements.feed(FORMS["html"].writer()(report))
        names = [name for name, _ in elements.found]
        assert names.count("script") == 1
        assert "img" not in names
        attributes = {attribute for _, each in elements.found for attribute in each}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert "U+202E" in FORMS["html"].writer()(CHECKED)


def test_the_page_shows_the_payload_with_its_findings_in_place() -> None:
    html = FORMS["html"].writer()(CHECKED)
    line = re.search(r'<div class="l hit error" id="f1-L8" data-n="8">(.*?)</div>', html)
    assert line and "<mark>&quot;status&quot;</mark>" in line[1]
    assert 'href="#f1-L8"' in html
    folded = re.search(r"<summary>(\d+) lines</summary>", html)
    assert folded and int(folded[1]) >= 30


def test_of_a_payload_that_is_too_long_the_page_has_what_is_around_findings() -> None:
    text = DOCUMENT + "\n" * 4000
    judgement = replace(CHECKED.judgements[0], text=text)
    html = FORMS["html"].writer()(replace(CHECKED, judgements=(judgement,)))
    assert 'id="f1-L8"' in html
    assert 'data-n="2000"' not in html
    assert "lines are not on this page" in html


def test_one_long_line_is_cut_around_the_place_of_the_finding() -> None:
    text = json.dumps({"a": "x" * 90_000, "status": "currant", "b": "y" * 90_000})
    place = replace(ERRORS[0].position, line=1, column=text.index('"status"') + 1)  # type: ignore[type-var]
    judgement = replace(
        CHECKED.judgements[0], text=text, findings=(replace(ERRORS[0], position=place),)
    )
    html = FORMS["html"].writer()(replace(CHECKED, judgements=(judgement,)))
    assert "<mark>&quot;status&quot;</mark>" in html
    assert len(html) < 60_000


def test_the_page_is_in_the_language_asked_for() -> None:
    html = FORMS["html"].writer()(IN_FRENCH)
    assert '<html lang="fr"' in html
    assert "2 fichiers sur 4 ne sont pas conformes" in html
    for english in ("Skip to", "Findings", "Fold or", "Compared with", "files fail"):
        assert english not in html
