"""Our rules of French headers: each broken by its sample, none at odds with the publisher's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from gateway.codecs.xml import read_xml
from gateway.validation.cda import CdaValidator
from gateway.validation.issue import Issue, IssueKind, IssueSeverity
from scripts.cda_samples import BROKEN, FOLDER, VALID, broken
from tests.shared import ROOT, shared
from tests.validation.cda.damage import damaged

SCHEMATRONS = ROOT / "profiles" / "fr-dmp" / "schematrons"
RULES = re.findall(r'<assert id="([^"]+)"', (SCHEMATRONS / "cda-header.sch").read_text("utf-8"))

# Rules the publisher's header rules do not have, or have in a laxer form: they cannot be compared.
BEYOND = {
    "fr-cda-010": "an extension of the document's id is only advised against",
    "fr-cda-014": "the publisher looks at the code alone",
    "fr-cda-018": "a time zone is a matter of the record's creationTime",
    "fr-cda-021": "the publisher looks at the code alone",
    "fr-cda-023": "the publisher finds fr-FR anywhere in the value",
    "fr-cda-026": "the publisher takes numbers of versions that are no versions",
    "fr-cda-035": "the form of the national identifier",
    "fr-cda-036": "its key",
    "fr-cda-038": "the abolished identifier",
    "fr-cda-039": "two national identifiers",
    "fr-cda-050": "the form of the COG code",
    "fr-cda-151": "the publisher tells it as an element that should not be there, where at all",
    "fr-cda-153": "a document that replaces itself",
    "fr-cda-180": "the publisher's rule wants more of a telecom",
    "fr-cda-181": "form of PS_IdNat",
    "fr-cda-182": "form of Struct_IdNat",
    "fr-cda-183": "the publisher takes an empty code for none",
}

WITHOUT_TYPE_ID = "fr-cda-002"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CdaValidator]:
    with CdaValidator(None, [SCHEMATRONS], tmp_path_factory.mktemp("cache")) as validator:
        yield validator


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CdaValidator]:
    """The publisher's header rules, in our engine, which agrees with the ISO skeleton."""
    from gateway.validation.cda import Schematron

    folder = shared("data/france/schematron")
    header = folder / "profils" / "structurationMinimale" / "ASIP-STRUCT-MIN-StrucMin.sch"
    cache = tmp_path_factory.mktemp("cache")
    with CdaValidator(None, [Schematron(header, (folder,))], cache) as validator:
        yield validator


def test_every_rule_has_a_sample_and_every_sample_is_written() -> None:
    assert sorted(RULES) == [f"fr-cda-{rule:03d}" for rule in sorted(BROKEN)]
    for rule in BROKEN:
        assert (FOLDER / f"fr-cda-{rule:03d}.xml").read_bytes() == broken(rule), (
            "run python -m scripts.cda_samples"
        )


def test_the_valid_sample_breaks_nothing(own: CdaValidator) -> None:
    assert own.validate(VALID.encode()) == ()
    assert own.validate((FOLDER / "valid.xml").read_bytes()) == ()


@pytest.mark.parametrize("rule", RULES)
def test_the_sample_of_a_rule_breaks_exactly_that_rule(own: CdaValidator, rule: str) -> None:
    issues = own.validate((FOLDER / f"{rule}.xml").read_bytes())
    assert {issue.rule for issue in issues} == {rule}
    for issue in issues:
        assert issue.message and issue.message_fr and issue.source
        assert issue.position is not None
        assert issue.message != issue.message_fr


def test_the_valid_sample_satisfies_the_publisher_as_well(official: CdaValidator) -> None:
    assert official.validate(VALID.encode()) == ()


COMPARED = [rule for rule in RULES if rule not in BEYOND]


@pytest.mark.parametrize("rule", COMPARED[::5])
def test_the_publisher_refuses_the_sample_as_well(official: CdaValidator, rule: str) -> None:
    _is_refused(official, rule)


@pytest.mark.long
@pytest.mark.parametrize("rule", COMPARED)
def test_the_publisher_refuses_every_sample(official: CdaValidator, rule: str) -> None:
    _is_refused(official, rule)


def _is_refused(official: CdaValidator, rule: str) -> None:
    found = official.validate((FOLDER / f"{rule}.xml").read_bytes())
    # Without the right typeId the publisher's rules say, as a warning, that they do not apply.
    assert found if rule == WITHOUT_TYPE_ID else _failures(found)


def _documents() -> list[Path]:
    return sorted(shared("data/france/cda").glob("*.xml"))


def test_documents_the_publisher_takes_break_none_of_our_rules(
    own: CdaValidator, official: CdaValidator
) -> None:
    for path in _documents():
        octets = path.read_bytes()
        ours, theirs = _failures(own.validate(octets)), _failures(official.validate(octets))
        assert bool(ours) == bool(theirs), path.name


def _agree_on(own: CdaValidator, official: CdaValidator, seeds: range) -> int:
    found = 0
    for place, path in enumerate(_documents()):
        original = path.read_bytes()
        for seed in seeds:
            octets = damaged(original, seed * 100 + place, faults=6)
            theirs = official.validate(octets)
            elsewhere = {_element(issue.location) for issue in _failures(theirs)}
            # What they could not look at, nobody can compare.
            unseen = {i.location for i in theirs if i.kind is IssueKind.NOT_CHECKED}
            ours = _failures(own.validate(octets))
            if any(issue.rule == WITHOUT_TYPE_ID for issue in ours):
                continue
            for issue in ours:
                if issue.rule in BEYOND:
                    continue
                found += 1
                near = _element(issue.location)
                assert unseen or any(
                    place == near or place.startswith(near) or near.startswith(place)
                    for place in elsewhere
                ), (path.name, seed, issue)
    return found


def test_a_damaged_header_we_refuse_is_refused_by_the_publisher_there(
    own: CdaValidator, official: CdaValidator
) -> None:
    assert _agree_on(own, official, range(1, 2)) > 5


@pytest.mark.long
def test_ten_damaged_copies_of_each_document_are_refused_by_both(
    own: CdaValidator, official: CdaValidator
) -> None:
    assert _agree_on(own, official, range(10, 20)) > 100


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("value", ["", " ", "ZZ 9"])
def test_no_attribute_of_a_header_is_refused_by_us_alone(
    own: CdaValidator, official: CdaValidator, value: str
) -> None:
    places = [
        (number, name)
        for number, element in enumerate(read_xml(VALID.encode()).iter("*"))
        for name in element.attrib
    ]
    for number, name in places:
        root = read_xml(VALID.encode(), keep_blanks=True)
        element = list(root.iter("*"))[number]
        element.set(name, value)
        octets = etree.tostring(root)
        ours = [one for one in _failures(own.validate(octets)) if one.rule not in BEYOND]
        if ours and ours[0].rule != WITHOUT_TYPE_ID:
            assert _failures(official.validate(octets)), (element.tag, name, ours)


def _failures(issues: tuple[Issue, ...]) -> list[Issue]:
    return [
        issue
        for issue in issues
        if issue.kind is IssueKind.SCHEMATRON and issue.severity is IssueSeverity.ERROR
    ]


def _element(location: str) -> str:
    return location.partition("/@")[0]
