"""Documents in, issues out: what a caller of the validator can rely on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.validation.cda import CdaValidator, Saxon, Schematron
from gateway.validation.issue import IssueKind, IssueSeverity

SCHEMATRON = """\
<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"{attributes}>
  <title>Invented rules</title>
  <ns prefix="cda" uri="urn:hl7-org:v3"/>
  {content}
</schema>
"""
DOCUMENT = b"""\
<?xml version="1.0" encoding="UTF-8"?>
<!-- <section/> is not an element here -->
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <code code="A"/>
  <component>
    <section><templateId root="1.2.3"/><title>One</title></section>
    <section><templateId root="1.2.4"/></section>
  </component>
</ClinicalDocument>
"""


@pytest.fixture(scope="module")
def saxon() -> Iterator[Saxon]:
    saxon = Saxon(seconds=20)
    yield saxon
    saxon.close()


def schema(folder: Path, content: str, attributes: str = "", name: str = "rules") -> Schematron:
    path = folder / f"{name}.sch"
    path.write_text(SCHEMATRON.format(content=content, attributes=attributes), encoding="utf-8")
    return Schematron(path)


def test_a_failed_assertion_says_where_and_what(tmp_path: Path, saxon: Saxon) -> None:
    rules = schema(
        tmp_path,
        """<pattern id="titles"><rule context="cda:section">
           <assert id="t-1" role="warning" test="cda:title">No title in
             <value-of select="cda:templateId/@root"/>.</assert></rule></pattern>""",
    )
    (issue,) = CdaValidator(schematrons=[rules], saxon=saxon).validate(DOCUMENT)
    assert (issue.rule, issue.severity) == ("t-1", IssueSeverity.WARNING)
    assert issue.message == "No title in 1.2.4."
    assert issue.location == "/ClinicalDocument/component[1]/section[2]"
    assert issue.position is not None
    assert (issue.position.line, issue.position.column) == (7, 5)


def test_the_first_rule_of_a_pattern_that_matches_is_the_only_one(
    tmp_path: Path, saxon: Saxon
) -> None:
    rules = schema(
        tmp_path,
        """<pattern><rule context="cda:section[cda:title]"><report id="first" test="true()"/></rule>
           <rule context="*[cda:templateId/@root='1.2.3']"><report id="never" test="true()"/></rule>
           <rule context="cda:section"><report id="second" test="true()"/></rule></pattern>
           <pattern><rule context="cda:section"><report id="other" test="true()"/></rule></pattern>
        """,
    )
    issues = CdaValidator(schematrons=[rules], saxon=saxon).validate(DOCUMENT)
    assert [issue.rule for issue in issues] == ["first", "other", "second", "other"]


def test_one_broken_rule_does_not_take_the_others_with_it(tmp_path: Path, saxon: Saxon) -> None:
    rules = schema(
        tmp_path,
        """<pattern><rule context="cda:section">
           <assert id="dynamic" test="xs:integer(string(cda:title)) = 1"/>
           <assert id="static" test="nothing-of-that-name(.)"/>
           <assert id="syntax" test="cda:title["/>
           <assert id="file" test="document('absent.xml')/a"/>
           <assert id="outside" test="document('../../../../etc/passwd')/a"/>
           <assert id="forbidden" test="unparsed-text('rules.sch')"/>
           <assert id="good" test="false()">Told all the same.</assert>
           </rule></pattern>""",
    )
    issues = CdaValidator(schematrons=[rules], saxon=saxon).validate(DOCUMENT)
    assert [issue.rule for issue in issues if issue.severity is IssueSeverity.ERROR] == [
        "good",
        "good",
    ]
    not_checked = [i.message for i in issues if i.kind is IssueKind.NOT_CHECKED]
    for name in ("dynamic", "static", "syntax", "file", "outside", "forbidden"):
        assert any(name in message for message in not_checked), name


def test_what_is_no_document_is_said_with_its_place(saxon: Saxon) -> None:
    validator = CdaValidator(saxon=saxon)
    (broken,) = validator.validate(b"<ClinicalDocument>\n  <a></b>\n</ClinicalDocument>")
    assert broken.position is not None and broken.position.line == 2
    (entity,) = validator.validate(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')
    assert entity.kind is IssueKind.SECURITY
