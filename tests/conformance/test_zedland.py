"""Every sort of payload is judged by the folder of a country that does not exist."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from conformance.judges import Context, judge
from conformance.report.values import Verdict
from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.model.datatypes import Code, DateTime, Identifier, LocalizedString
from gateway.model.submission import Submission
from gateway.validation.rules import rules
from scripts.faults.bases import PLAIN

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "data" / "profiles"
PATIENT = Identifier("Z-0001^^^&2.999.26.1&ISO^ZED")


@cache
def context() -> Context:
    return Context(
        profiles=FOLDER,
        more_profiles=(ROOT / "profiles",),
        profile_name="zz",
        now="20261120090200",
    )


def submission(**changes: object) -> Submission:
    (entry,) = PLAIN.document_entries
    (item,) = PLAIN.submission_sets
    entry = replace(
        entry,
        patient_id=PATIENT,
        class_code=Code("letter", "2.999.26.10", "Letter"),
        type_code=Code("L1", "2.999.26.11", "Letter of a doctor"),
        practice_setting_code=Code("village", "2.999.26.14", "Village practice"),
        title=(LocalizedString("Zetter", "zz"),),
    )
    return replace(
        PLAIN,
        submission_sets=(replace(item, patient_id=PATIENT),),
        document_entries=(replace(entry, **changes),),  # type: ignore[arg-type]
    )


def told(message: Submission) -> set[str]:
    found = judge("message.xml", write_submit_objects(message), context())
    assert "zz@4.1" in found.against
    return {issue.rule for issue in found.findings}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, ""),
        ({"title": ()}, "zz-1"),
        ({"type_code": Code("L0", "2.999.26.11", "Letter of a barber")}, "zz-2"),
        ({"practice_setting_code": Code("moon", "2.999.26.14", "Moon")}, "zz-3"),
        ({"home_community_id": "urn:oid:2.999.26.77"}, "zz-4"),
        ({"class_code": Code("picture", "2.999.26.10", "Picture")}, "zz-11"),
    ],
)
def test_metadata_are_held_to_its_rules(changes: dict[str, object], rule: str) -> None:
    assert told(submission(**changes)) == ({rule} if rule else set())


def test_a_code_out_of_use_was_good_in_its_time() -> None:
    old = submission(type_code=Code("L0", "2.999.26.11", "Letter of a barber"))
    (item,) = old.submission_sets
    earlier = replace(item, submission_time=DateTime("20190101120000"))
    assert told(replace(old, submission_sets=(earlier,))) == set()


def test_its_patients_have_its_numbers() -> None:
    stranger = Identifier("X^^^&2.999.27&ISO^ZED")
    one = submission(patient_id=stranger)
    (item,) = one.submission_sets
    assert told(replace(one, submission_sets=(replace(item, patient_id=stranger),))) == {"zz-10"}


def test_a_resource_is_held_to_its_structure_definition() -> None:
    resource = {
        "resourceType": "DocumentReference",
        "meta": {"profile": ["https://zedland.example/StructureDefinition/zz-document"]},
        "status": "current",
        "docStatus": "final",
        "content": [{"attachment": {"url": "https://zedland.example/1"}}],
    }
    found = judge("resource.json", json.dumps(resource).encode(), context())
    assert found.verdict is Verdict.FAIL
    told = {(i.rule, word) for i in found.findings for word in i.message.split()}
    assert {("fhir-maximum", "docStatus"), ("fhir-minimum", "description")} <= told


def test_its_rules_can_be_explained() -> None:
    profile = context().profile
    assert profile is not None
    texts = {text.rule: text for text in rules(profile)}
    assert texts["zz-2"].source == "Zedland interoperability framework 4.1, section 4"
    assert "zz-10" in texts and "xds-required" in texts
