"""Schematron as its authors write it, well and badly: what the compiler makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.validation.cda import CdaValidator, Saxon, Schematron, compiler
from gateway.validation.cda.compiler import compile_sources
from gateway.validation.cda.expressions import (
    EVERYTHING,
    Candidates,
    ForbiddenCall,
    candidates,
    guarded,
    variables,
    with_variables,
)
from gateway.validation.cda.folders import Folders, Outside
from gateway.validation.cda.sources import SchematronFault, read_sources
from gateway.validation.issue import Issue, IssueKind, IssueSeverity

HEAD = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2" {more}>
<ns prefix="c" uri="urn:hl7-org:v3"/>{content}</schema>"""
DOCUMENT = b"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:x="urn:x">
<section code="a"><entry n="1"/><entry n="2"/><x:more/></section>
<section code="b"><templateId root="1.2.3"/><entry n="3"/></section>
</ClinicalDocument>"""


@pytest.fixture(scope="module")
def saxon() -> Iterator[Saxon]:
    saxon = Saxon(seconds=20)
    yield saxon
    saxon.close()


class Bench:
    """A folder with schemas, and what they find in the document."""

    def __init__(self, folder: Path, saxon: Saxon) -> None:
        self.folder = folder
        self.saxon = saxon

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def issues(self, content: str, more: str = "", phase: str = "") -> tuple[Issue, ...]:
        path = self.file("schema.sch", HEAD.format(content=content, more=more))
        schematron = Schematron(path, (), phase)
        cache = self.folder / "cache"
        return CdaValidator(None, [schematron], cache, saxon=self.saxon).validate(DOCUMENT)

    def rules(self, content: str, more: str = "", phase: str = "") -> list[str]:
        return [issue.rule for issue in self.issues(content, more, phase)]


@pytest.fixture
def bench(tmp_path: Path, saxon: Saxon) -> Bench:
    return Bench(tmp_path, saxon)


def fragment(text: str) -> str:
    return f'<pattern xmlns="http://purl.oclc.org/dsdl/schematron" {text}</pattern>'


def test_an_include_is_found_whatever_the_case_of_its_letters(bench: Bench) -> None:
    bench.file("Parts/e_Entry.SCH", fragment('id="p"><rule context="c:entry">'
               '<report id="seen" test="@n = 3"/></rule>'))  # fmt: skip
    assert bench.rules('<include href="parts/E_entry.sch"/>') == ["seen"]


def test_an_absent_include_is_told_and_the_rest_runs(bench: Bench) -> None:
    issues = bench.issues(
        '<include href="parts/none.sch"/><pattern><rule context="c:entry">'
        '<report id="seen" test="@n = 3"/></rule></pattern>'
    )
    assert [i.rule for i in issues] == ["cda-schematron-incomplete", "seen"]
    assert issues[0].kind is IssueKind.NOT_CHECKED
    assert "parts/none.sch" in issues[0].message


def test_a_file_that_appears_later_is_read_although_the_rule_set_is_cached(bench: Bench) -> None:
    content = '<include href="late.sch"/>'
    assert bench.rules(content) == ["cda-schematron-incomplete"]
    late = 'id="p"><rule context="c:entry"><report id="{}" test="@n = 3"/></rule>'
    bench.file("late.sch", fragment(late.format("there")))
    assert bench.rules(content) == ["there"]
    bench.file("late.sch", fragment(late.format("changed")))
    assert bench.rules(content) == ["changed"]


def test_includes_in_a_circle_end(bench: Bench) -> None:
    inside = '<include xmlns="http://purl.oclc.org/dsdl/schematron" href="{}"/>'
    bench.file("a.sch", fragment(">" + inside.format("b.sch")))
    bench.file("b.sch", fragment(">" + inside.format("A.SCH")))
    (issue,) = bench.issues('<include href="a.sch"/>')
    assert "again" in issue.message


def test_nothing_outside_the_folder_is_included(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret.sch"
    secret.write_text(fragment('><rule context="c:entry"><report id="x" test="true()"/></rule>'))
    (tmp_path / "link.sch").symlink_to(secret)
    for href in (
        f"../{secret.name}",
        str(secret),
        secret.as_uri(),
        "http://127.0.0.1/x",
        "link.sch",
    ):
        (issue,) = bench.issues(f'<include href="{href}"/>')
        assert "outside" in issue.message, href


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no XML"),
        ("<schema", "well formed|ends before"),
        ("<schema/>", "no Schematron schema"),
        ('<!DOCTYPE a><schema xmlns="http://purl.oclc.org/dsdl/schematron"/>', "DOCTYPE"),
        (
            '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="stx"/>',
            "query binding stx",
        ),
    ],
)
def test_a_damaged_schema_says_what_is_wrong(bench: Bench, text: str, said: str) -> None:
    path = bench.file("damaged.sch", text)
    (issue,) = CdaValidator(None, [path], bench.folder, saxon=bench.saxon).validate(DOCUMENT)
    assert issue.rule == "cda-schematron-unusable"
    assert issue.kind is IssueKind.NOT_CHECKED
    assert re.search(said, issue.message), issue.message


def test_an_abstract_pattern_is_filled_in_everywhere(bench: Bench) -> None:
    issues = bench.issues(
        """<pattern abstract="true" id="few"><rule context="$thing">
             <let name="found" value="count($part)"/>
             <assert id="few" test="$found &lt;= $most">A $thing has
               <value-of select="$found"/> of $part.</assert></rule></pattern>
           <pattern is-a="few" id="one"><param name="thing" value="c:section"/>
             <param name="part" value="c:entry"/><param name="most" value="1"/></pattern>
           <pattern is-a="few" id="two"><param name="thing" value="c:ClinicalDocument"/>
             <param name="part" value="c:section"/><param name="most" value="2"/></pattern>"""
    )
    assert [i.message for i in issues] == ["A c:section has 2 of c:entry."]


def test_an_abstract_rule_lends_its_assertions_and_variables(bench: Bench) -> None:
    assert bench.rules(
        """<pattern><rule abstract="true" id="base"><let name="n" value="number(@n)"/>
             <report id="base-2" test="$n = 2"/></rule>
           <rule abstract="true" id="more"><extends rule="base"/>
             <report id="more-3" test="$n + $one = 4"/></rule>
           <rule context="c:entry"><let name="one" value="1"/><extends rule="more"/>
             <report id="own-1" test="$n = 1"/></rule></pattern>"""
    ) == ["own-1", "base-2", "more-3"]


def test_a_rule_that_extends_itself_or_nothing_is_told(bench: Bench) -> None:
    issues = bench.issues(
        """<pattern><rule abstract="true" id="a"><extends rule="a"/></rule>
           <rule context="c:entry"><extends rule="a"/><extends rule="none"/>
             <report id="r" test="@n = 1"/></rule></pattern>"""
    )
    told = " ".join(i.message for i in issues if i.kind is IssueKind.NOT_CHECKED)
    assert "extends itself" in told and "none, which is not there" in told
    assert "r" in [i.rule for i in issues]


def test_phases_choose_patterns(bench: Bench) -> None:
    content = """<phase id="one"><active pattern="p1"/><let name="limit" value="1"/></phase>
       <phase id="two"><active pattern="p2"/><active pattern="absent"/></phase>
       <pattern id="p1"><rule context="c:entry"><report id="r1" test="@n = 1"/></rule></pattern>
       <pattern id="p2"><rule context="c:entry"><report id="r2" test="@n = 1"/></rule></pattern>"""
    assert bench.rules(content, 'defaultPhase="one"') == ["r1"]
    assert bench.rules(content, 'defaultPhase="one"', "#ALL") == ["r1", "r2"]
    assert bench.rules(content, 'defaultPhase="one"', "two") == [
        "cda-schematron-incomplete",
        "r2",
    ]
    assert "absent" in bench.issues(content, "", "two")[0].message
    assert "no pattern is active" in bench.issues(content, "", "three")[0].message


def test_variables_keys_and_functions_of_the_schema_hold(bench: Bench) -> None:
    assert bench.rules(
        """<ns prefix="f" uri="urn:f"/><let name="three" value="1 + 2"/>
           <xsl:key xmlns:xsl="http://www.w3.org/1999/XSL/Transform" name="by" match="c:entry"
             use="@n"/>
           <xsl:function xmlns:xsl="http://www.w3.org/1999/XSL/Transform" name="f:next">
             <xsl:param name="n"/><xsl:sequence select="number($n) + 1"/></xsl:function>
           <pattern><let name="two" value="2"/><rule context="c:ClinicalDocument">
             <report id="key" test="key('by', '3')"/>
             <report id="function" test="f:next($two) = $three"/></rule></pattern>
           <pattern><let name="two" value="'another'"/><rule context="c:section[1]">
             <report id="own" test="$two = 'another'"/></rule></pattern>"""
    ) == ["key", "function", "own"]


def test_severity_comes_from_role_or_flag(bench: Bench) -> None:
    issues = bench.issues(
        """<pattern><rule context="/"><report id="a" role="info" test="true()"/>
           <report id="b" flag="Warning" test="true()"/><report id="c" role="x" test="true()"/>
           <assert id="d" test="false()"/></rule>
           <rule context="c:section" role="warning"><assert id="e" test="c:none"/></rule></pattern>
        """
    )
    assert [(i.rule, i.severity) for i in issues][:5] == [
        ("a", IssueSeverity.INFORMATION),
        ("b", IssueSeverity.WARNING),
        ("c", IssueSeverity.ERROR),
        ("d", IssueSeverity.ERROR),
        ("e", IssueSeverity.WARNING),
    ]
    assert issues[0].location == "/"


def test_an_attribute_may_be_the_context(bench: Bench) -> None:
    (issue,) = bench.issues(
        '<pattern><rule context="@n[. = 2]"><report id="a" test="true()"/></rule></pattern>'
    )
    assert issue.location == "/ClinicalDocument/section[1]/entry[2]/@n"


def test_diagnostics_say_it_in_two_languages(bench: Bench) -> None:
    issues = bench.issues(
        """<pattern><rule context="c:entry[@n = 3]">
           <report id="a" test="true()" diagnostics="en fr">It is <name/>.</report></rule></pattern>
           <diagnostics><diagnostic id="en">Number <value-of select="@n"/>.</diagnostic>
           <diagnostic id="fr" xml:lang="fr">C'est <name/>, nombre <value-of select="@n"/>.
           </diagnostic></diagnostics>"""
    )
    assert issues[0].message == "It is entry. Number 3."
    assert issues[0].message_fr == "C'est entry, nombre 3."


def test_documents_beside_the_schema_are_read_once_and_safely(bench: Bench) -> None:
    bench.file("Codes.xml", "<codes><code>3</code></codes>")
    bench.file("bomb.xml", '<!DOCTYPE a [<!ENTITY x "3">]><codes><code>&x;</code></codes>')
    bench.file("table.tsv", '# origin\ncode\tsystem\n3\t1.2\n4\t<&"\n')
    issues = bench.issues(
        """<let name="file" value="'codes.XML'"/><pattern>
           <rule context="c:entry[@n = document($file)//code]">
             <report id="context" test="true()"/>
             <report id="bomb" test="doc('bomb.xml')//code = '3'"/>
             <report id="table" test="document('table.tsv')//row[@system = '1.2']/@code = @n"/>
             <report id="escaped" test="document('table.tsv')//row[2]/@system = '&lt;&amp;&quot;'"/>
           </rule></pattern>"""
    )
    assert [i.rule for i in issues if i.kind is IssueKind.SCHEMATRON] == [
        "context",
        "table",
        "escaped",
    ]
    assert ["bomb" in i.message for i in issues if i.kind is IssueKind.NOT_CHECKED] == [True]


def test_an_absent_document_a_context_needs_is_told(bench: Bench) -> None:
    issues = bench.issues(
        """<pattern><rule context="c:entry[@n = document('none.xml')//code]">
           <report id="context" test="true()"/></rule></pattern>"""
    )
    assert ["none.xml" in i.message for i in issues] == [True]


NAMES = st.sampled_from(["c:entry", "c:section", "*", "*:entry", "c:none", "c:templateId"])
PREDICATES = st.sampled_from(
    ["", "[c:entry]", "[@n]", "[@n = '2' or @n = '3']", "[c:templateId/@root = '1.2.3']",
     "[not(c:templateId/@root = '1.2.3')]", "[c:templateId[@root='1.2.3'] and c:entry]",
     "[./c:templateId/@root=\"1.2.3\"]", "[position() = 2]", "[../c:templateId/@root='1.2.3']"]
)  # fmt: skip
STEPS = st.builds(lambda name, predicate: name + predicate, NAMES, PREDICATES)
PATHS = st.builds(
    lambda start, steps, between: start + between.join(steps),
    st.sampled_from(["", "//", "/c:ClinicalDocument/", "c:ClinicalDocument//"]),
    st.lists(STEPS, min_size=1, max_size=3),
    st.sampled_from(["/", "//"]),
)
CONTEXTS = st.lists(PATHS, min_size=1, max_size=2).map(" | ".join)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CONTEXTS)
@example("/")
@example("c:section/*[not(@n)]")
@example("@n")
@example("c:entry/@n[. = 3] | text()")
def test_no_node_a_context_matches_is_left_out(bench: Bench, context: str) -> None:
    """Trying the nodes a context names finds what trying every node finds."""
    escaped = context.replace('"', "&quot;")
    content = (
        f'<pattern><rule context="{escaped}"><report id="r" test="true()"/></rule>'
        '<rule context="c:entry"><report id="s" test="true()"/></rule></pattern>'
    )
    found = bench.issues(content)
    with pytest.MonkeyPatch.context() as patch:
        everything = Candidates(EVERYTHING, (frozenset(),))
        patch.setattr(compiler, "candidates", lambda _: everything)
        patch.setattr("gateway.validation.cda.cache._engine", lambda: "slow")
        expected = bench.issues(content)
    assert [(i.rule, i.location) for i in found] == [(i.rule, i.location) for i in expected]


@given(st.text(alphabet="$ab('\"[]/*|@. =,:()", max_size=40))
@example("((")
@example("'a' (: 'b' :)")
def test_any_text_may_stand_where_an_expression_should(text: str) -> None:
    found = candidates(text)
    assert found.select and found.needs
    assert with_variables(text, {}) == text
    variables(text)


@given(st.text(alphabet="doc('x').\"( :", max_size=30))
def test_no_document_is_asked_for_past_the_guard(text: str) -> None:
    try:
        safe = guarded(text)
    except ForbiddenCall:
        return
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", safe)
    assert not re.search(r"(?<![\w:.-])(doc|document)\s*\(", bare)


@pytest.mark.parametrize(
    "call", ["unparsed-text('a')", "fn:collection()", "environment-variable('PATH')", "transform#1"]
)
def test_what_reads_elsewhere_is_forbidden(call: str) -> None:
    with pytest.raises(ForbiddenCall):
        guarded(f"1 = {call}")
    assert guarded(f"'{call}'") == f"'{call}'"


@given(st.lists(st.sampled_from(["..", ".", "", "a", "A", "b", "secret"]), max_size=6))
def test_no_reference_leads_out_of_the_folder(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    base = tmp_path_factory.getbasetemp() / "folders"
    (base / "root" / "a" / "b").mkdir(parents=True, exist_ok=True)
    for path in (base / "secret", base / "root" / "secret", base / "root" / "a" / "b" / "secret"):
        path.write_text("x")
    root = base / "root"
    try:
        found = Folders([root]).find("/".join(parts), root / "a")
    except Outside:
        return
    assert found is None or root.resolve() in found.resolve().parents


def test_includes_that_double_themselves_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.validation.cda.sources._MOST_PARTS", 500)
    text = fragment('id="x"><include href="#x"/><include href="#x"/>')
    (tmp_path / "a.sch").write_text(text)
    levels = "".join(
        f'<pattern id="l{n}">' + f'<include href="#l{n + 1}"/>' * 2 + "</pattern>"
        for n in range(40)
    )
    (tmp_path / "b.sch").write_text(fragment(f">{levels}"))
    schema = tmp_path / "s.sch"
    schema.write_text(
        HEAD.format(more="", content='<include href="a.sch"/><include href="b.sch#l0"/>')
    )
    sources = read_sources(schema, Folders([tmp_path]))
    told = " ".join(sources.notes)
    assert "#x again" in told and "the rest is left out" in told and "deep" in told


def test_another_language_of_queries_is_refused(tmp_path: Path) -> None:
    schema = tmp_path / "s.sch"
    schema.write_text('<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="stx"/>')
    with pytest.raises(SchematronFault, match="stx"):
        compile_sources("s", read_sources(schema, Folders([tmp_path])))
