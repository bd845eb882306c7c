"""The judge of clinical documents: everything a context has for them, in one judgement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.judges import Context, judge
from conformance.report.values import PayloadKind, Verdict
from gateway.validation.issue import IssueKind
from tests.shared import ROOT, shared

SAMPLES = ROOT / "samples" / "conformance" / "cda"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    context = Context(
        profiles=ROOT / "profiles", profile_name="fr-dmp", cache=tmp_path_factory.mktemp("cache")
    )
    yield context
    context.close()


def test_a_good_header_passes_and_what_was_not_looked_at_is_said(context: Context) -> None:
    judgement = judge("valid.xml", (SAMPLES / "valid.xml").read_bytes(), context)
    assert judgement.kind is PayloadKind.CDA
    assert judgement.verdict is Verdict.PASS
    assert any("schema" in sentence for sentence in judgement.not_checked)
    assert "cda-header.sch" in judgement.against


def test_a_broken_header_fails_with_rule_place_and_both_languages(context: Context) -> None:
    judgement = judge("x.xml", (SAMPLES / "fr-cda-034.xml").read_bytes(), context)
    assert judgement.verdict is Verdict.FAIL
    (issue,) = [i for i in judgement.findings if i.kind is IssueKind.SCHEMATRON]
    assert issue.rule == "fr-cda-034"
    assert issue.location == "/ClinicalDocument/recordTarget[1]/patientRole[1]"
    assert issue.position is not None and issue.position.line > 1
    assert "INS" in issue.says("fr") and issue.says("fr") != issue.says("en")


def test_unsafe_or_broken_xml_is_told_before_anything_else(context: Context) -> None:
    valid = (SAMPLES / "valid.xml").read_bytes()
    start = valid.index(b"<ClinicalDocument")
    bomb = valid[:start] + b'<!DOCTYPE a [<!ENTITY x "y">]>' + valid[start:]
    broken = valid.replace(b"</title>", b"</titel>")
    for octets, kind in ((bomb, IssueKind.SECURITY), (broken, IssueKind.STRUCTURE)):
        judgement = judge("x.xml", octets, context)
        assert judgement.kind is PayloadKind.CDA
        assert judgement.verdict is Verdict.FAIL
        assert [i.kind for i in judgement.findings if i.rule == "cda-xml"] == [kind]
        assert judgement.findings[0].position is not None


def test_a_profile_without_rules_for_documents_says_so(tmp_path: Path) -> None:
    with_standards = Context(profiles=ROOT / "profiles", profile_name="ihe", cache=tmp_path)
    judgement = judge("valid.xml", (SAMPLES / "fr-cda-034.xml").read_bytes(), with_standards)
    with_standards.close()
    assert judgement.verdict is Verdict.PASS
    assert any("rules for clinical documents" in one for one in judgement.not_checked)


def test_schema_and_official_rule_sets_are_used_as_they_are(tmp_path: Path) -> None:
    context = Context(
        profiles=ROOT / "profiles",
        profile_name="fr-dmp",
        xsd=shared("data/france/xsd"),
        schematron_dir=shared("data/france/schematron"),
        cache=tmp_path,
    )
    octets = shared("data/france/cda/VAC-NOTE_2023.01.xml").read_bytes()
    good = judge("a.xml", octets, context)
    misplaced = octets.replace(b"<setId ", b"<unknown/><setId ", 1)
    wrong = judge("b.xml", misplaced, context)
    context.close()
    assert good.findings == () and good.verdict is Verdict.PASS
    assert {"CDA_extended.xsd", "IHE.sch", "CI-SIS_VAC-NOTE_2023.01.sch"} <= set(good.against)
    assert "cda-schema" in {issue.rule for issue in wrong.findings}
    (schema,) = [issue for issue in wrong.findings if issue.rule == "cda-schema"]
    assert schema.location == "/ClinicalDocument/unknown[1]"
    assert schema.position is not None
    line = misplaced.split(b"\n")[schema.position.line - 1]
    assert line[schema.position.column - 1 :].startswith(b"<unknown/>")


def test_a_folder_that_is_no_rule_set_or_schema_is_told(tmp_path: Path) -> None:
    context = Context(
        profiles=ROOT / "profiles",
        profile_name="fr-dmp",
        xsd=tmp_path,
        schematron_dir=tmp_path,
        cache=tmp_path / "cache",
    )
    judgement = judge("valid.xml", (SAMPLES / "valid.xml").read_bytes(), context)
    context.close()
    told = {issue.rule for issue in judgement.findings}
    assert told == {"cda-schema-unusable", "cda-schematron-absent"}
    assert all(issue.kind is IssueKind.NOT_CHECKED for issue in judgement.findings)
