"""A compiled rule set: its assertions, and the pieces a stylesheet is put together from.

The pieces stay apart until a document is there, because compiling costs more than running: only
the rules a document can touch are put into the stylesheet. Each piece is one line with the name
of what it came from, so that a complaint of the XSLT processor about a line finds its rule.

Source:
    ISO/IEC 19757-3:2016: 6 semantics; annex H (XSLT 2 query binding).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass
from itertools import groupby

from gateway.codecs.xml import escape_attribute
from gateway.validation.cda.expressions import joined
from gateway.validation.issue import IssueSeverity


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a stylesheet.

    Attributes:
        text: XSLT.
        owner: What it came from: ``a12`` an assertion by its number, ``p3`` a pattern, ``l7`` a
            variable, ``g2`` a key or function, ``s4`` an abstract rule; empty for our own.
    """

    text: str
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assert or report.

    Attributes:
        rule: Its id, or one made of pattern and place where the author gave none.
        severity: From role or flag; an error where neither says anything.
        text: The message in pieces; between two of them stands a value of the document.
        text_fr: The same in the language ``fr``, its values counted on; may be empty.
        source: What ``see`` names, or the file the assertion stands in.
        pattern: The pattern or abstract rule it stands in.
    """

    rule: str
    severity: IssueSeverity
    text: tuple[str, ...]
    text_fr: tuple[str, ...] = ()
    source: str = ""
    pattern: str = ""

    def says(self, values: Collection[str]) -> tuple[str, str]:
        """The message with the values in place, and the same in ``fr``."""
        found = list(values)
        return _joined(self.text, found), _joined(self.text_fr, found[max(len(self.text) - 1, 0) :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of an active pattern.

    Attributes:
        pattern: Number of its pattern.
        select: An expression that gives the nodes it may match.
        needs: For each way to match, what a document must have: names of elements, and template
            identifiers written ``#`` and the identifier.
        lines: A template.
        uses: Names of the abstract rules it calls.
        documents: Documents its context reads, relative to the schema.
    """

    pattern: int
    select: str
    needs: tuple[frozenset[str], ...]
    lines: tuple[Line, ...]
    uses: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AbstractRule:
    """The assertions several rules share.

    Attributes:
        lines: A named template.
        uses: Names of the abstract rules it calls itself.
    """

    lines: tuple[Line, ...]
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """One schema, compiled.

    Attributes:
        name: The schema's file without extension; part of the ids of its assertions.
        title: As its author wrote it.
        namespaces: Attributes of the stylesheet's root element.
        head: Keys, functions and variables that hold for the whole document.
        patterns: Names of the active patterns.
        notes: What of the schema is not checked, one sentence each.
    """

    name: str
    title: str
    namespaces: str
    head: tuple[Line, ...]
    patterns: tuple[str, ...]
    rules: tuple[Rule, ...]
    abstract_rules: dict[str, AbstractRule]
    assertions: tuple[Assertion, ...]
    notes: tuple[str, ...] = ()

    def rules_for(self, features: Set[str]) -> frozenset[int]:
        """The rules a document with these elements and templates can touch, by number."""
        return frozenset(
            number
            for number, rule in enumerate(self.rules)
            if any(need <= features for need in rule.needs)
        )

    def stylesheet(self, rules: Iterable[int], refused: Collection[str] = ()) -> tuple[Line, ...]:
        """The stylesheet of some rules, without the lines of owners that were refused."""
        return tuple(
            line for line in self._lines(sorted(rules), refused) if line.owner not in refused
        )

    def _lines(self, numbers: list[int], refused: Collection[str]) -> Iterator[Line]:
        yield Line(f'<xsl:stylesheet version="3.0" {self.namespaces}>')
        yield Line(_OWN)
        yield from self.head
        rules = [r for r in map(self.rules.__getitem__, numbers) if f"p{r.pattern}" not in refused]
        yield Line('<xsl:template match="/" mode="#default">')
        for pattern, own in groupby(rules, lambda rule: rule.pattern):
            yield Line(
                f'<xsl:apply-templates select="{escape_attribute(joined(r.select for r in own))}" '
                f'mode="gw-own:p{pattern}"/>',
                f"p{pattern}",
            )
        yield Line("</xsl:template>")
        for pattern in sorted({rule.pattern for rule in rules}):
            yield Line(f'<xsl:mode name="gw-own:p{pattern}" on-no-match="deep-skip"/>')
        called: list[str] = []
        for rule in rules:
            yield from rule.lines
            called.extend(rule.uses)
        seen: set[str] = set()
        while called:
            name = called.pop()
            if name not in seen:
                seen.add(name)
                yield from self.abstract_rules[name].lines
                called.extend(self.abstract_rules[name].uses)
        yield Line("</xsl:stylesheet>")


def _joined(pieces: tuple[str, ...], values: list[str]) -> str:
    text = "".join(
        piece + (values[at] if at < len(pieces) - 1 and at < len(values) else "")
        for at, piece in enumerate(pieces)
    )
    return " ".join(text.split())


# What an answer looks like: one record a line, fields parted by tabs.
#   F number element attribute value…      an assertion failed (or a report succeeded)
#   X number element attribute code why    an assertion could not be evaluated
#   R pattern element attribute code why   a rule could not be evaluated
# Elements are numbered in document order, which costs one walk where counting siblings for a path
# would cost one for each failure; 0 is the document itself.
_OWN = """\
<xsl:output method="text"/>
<xsl:param name="gw-own:documents" select="map{}"/>
<xsl:mode use-accumulators="gw-own:order" on-no-match="deep-skip"/>
<xsl:accumulator name="gw-own:order" initial-value="0">
<xsl:accumulator-rule match="*" select="$value + 1"/>
</xsl:accumulator>
<xsl:key name="gw-own:name" match="*" use="local-name()"/>
<xsl:key name="gw-own:template" match="*" use="*:templateId/@root"/>
<xsl:function name="gw-own:document">
<xsl:param name="references"/>
<xsl:for-each select="$references">
<xsl:variable name="reference" select="string(.)"/>
<xsl:variable name="found" select="$gw-own:documents($reference)"/>
<xsl:variable name="why" select="if (empty($found)) then 'missing' else 'absent'"/>
<xsl:sequence select="if ($found instance of document-node()) then $found
else error(QName('urn:gateway:own', $why), $reference)"/>
</xsl:for-each>
</xsl:function>
<xsl:function name="gw-own:value">
<xsl:param name="items"/>
<xsl:sequence select="normalize-space(string-join(data($items) ! string(.), ' '))"/>
</xsl:function>
<xsl:function name="gw-own:record">
<xsl:param name="letter"/>
<xsl:param name="number"/>
<xsl:param name="node"/>
<xsl:param name="values"/>
<xsl:variable name="element"
select="$node/ancestor-or-self::node()[self::* or self::document-node()][1]"/>
<xsl:variable name="attribute"
select="if ($node instance of attribute()) then name($node) else ''"/>
<xsl:variable name="order" select="string($element/accumulator-before('gw-own:order'))"/>
<xsl:sequence select="string-join(($letter, string($number), $order, $attribute, $values), '&#9;')
|| '&#10;'"/>
</xsl:function>
""".replace("\n", " ")
