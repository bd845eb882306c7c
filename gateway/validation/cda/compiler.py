"""Turn a Schematron schema into a rule set: what a stylesheet needs, in pieces.

Ours instead of the usual three stylesheets because we want nothing but the failures (assertion,
node, values), one broken rule must not take the others with it, and a pattern should cost only the
documents that have its templates.

Source:
    ISO/IEC 19757-3:2016: 5 (elements), 6 (semantics), annex H (XSLT 2 query binding); where the
    standard leaves a choice, the behaviour of the ISO skeleton for XSLT 2 is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from gateway.codecs.xml import Element, escape_attribute, escape_text
from gateway.validation.cda.activation import (
    EXPRESSIONS,
    active_patterns,
    id_of,
    is_true,
    origin_of,
    phase_of,
)
from gateway.validation.cda.expressions import (
    OWN_PREFIX,
    ForbiddenCall,
    candidates,
    guarded,
    literals,
    variables,
    with_variables,
)
from gateway.validation.cda.ruleset import AbstractRule, Assertion, Line, Rule, RuleSet
from gateway.validation.cda.sources import ISO, SCHEMATRON, SchematronFault, Sources
from gateway.validation.cda.wording import Wording, severity_of

XSL = "http://www.w3.org/1999/XSL/Transform"
_XSL = f"{{{XSL}}}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_BINDINGS = frozenset({"xslt2", "xslt3", "xpath2", "xpath3", "xpath31", "xslt", "xpath", ""})
_NAMESPACES = {
    "xsl": XSL,
    "xs": "http://www.w3.org/2001/XMLSchema",
    "map": "http://www.w3.org/2005/xpath-functions/map",
    "gw-own": "urn:gateway:own",
    "gw-err": "http://www.w3.org/2005/xqt-errors",
}
# Instructions that read or write beside the document, or bring other stylesheets.
_FOREIGN = frozenset(
    f"{_XSL}{name}"
    for name in (
        "evaluate", "import", "import-schema", "include", "message", "result-document",
        "source-document", "use-package",
    )
)  # fmt: skip


def compile_sources(name: str, sources: Sources, phase: str = "") -> RuleSet:
    """Give the rule set of a schema.

    Args:
        name: What its assertions are called after.
        sources: The schema, its includes in place.
        phase: Which phase; the schema's own default where empty, ``#ALL`` for all patterns.

    Raises:
        SchematronFault: When the schema's query language is not one we run.
    """
    binding = str(sources.schema.get("queryBinding") or "").lower()
    if binding not in _BINDINGS:
        raise SchematronFault(
            f"{name} is written for the query binding {binding}; XPath and XSLT ones are run"
        )
    return _Compiler(name, sources).compile(phase)


@dataclass(slots=True)
class _Body:
    """The inside of a rule while it is put together."""

    lines: list[Line] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)


class _Compiler:
    def __init__(self, name: str, sources: Sources) -> None:
        self._name = name
        self._schema = sources.schema
        self._notes = list(sources.notes)
        self._assertions: list[Assertion] = []
        self._abstract: dict[str, AbstractRule] = {}
        self._head: list[Line] = []
        self._globals: set[str] = set()
        self._values: dict[str, str] = {}
        self._patterns: list[str] = []
        self._lets = 0
        self._rules: dict[str, Element] = {}
        self._diagnostics: dict[str, Element] = {}
        self._renamed: dict[str, str] = {}
        self._numbered: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._chain: list[str] = []

    def compile(self, phase: str) -> RuleSet:
        schema = self._schema
        phase = phase_of(schema, phase)
        patterns = list(active_patterns(schema, phase, self._note))
        for rule in schema.iter(f"{ISO}rule"):
            if is_true(rule, "abstract") and rule.get("id"):
                self._rules.setdefault(str(rule.get("id")), rule)
        for diagnostic in schema.iter(f"{ISO}diagnostic"):
            self._diagnostics.setdefault(str(diagnostic.get("id")), diagnostic)
        self._add_foreign()
        for let in schema.iterchildren(f"{ISO}let"):
            self._add_global(let, {})
        for active in schema.iterchildren(f"{ISO}phase"):
            if active.get("id") == phase:
                for let in active.iterchildren(f"{ISO}let"):
                    self._add_global(let, {})
        # All variables of patterns first: rules of one may read those of another, as with the
        # skeleton, where both are variables of the stylesheet.
        renamings = [self._add_pattern_variables(n, pattern) for n, pattern in enumerate(patterns)]
        self._patterns = [
            str(pattern.get("id") or f"pattern-{number + 1}")
            for number, pattern in enumerate(patterns)
        ]
        rules: list[Rule] = []
        for number, pattern in enumerate(patterns):
            self._renamed = renamings[number]
            rules.extend(self._rules_of(number, pattern))
        return RuleSet(
            name=self._name,
            title=_plain(schema.find(f"{ISO}title")),
            namespaces=self._namespaces(),
            head=tuple(self._head),
            patterns=tuple(self._patterns),
            rules=tuple(rules),
            abstract_rules=self._abstract,
            assertions=tuple(self._assertions),
            notes=tuple(self._notes),
        )

    # ----------------------------------------------------------------------------------------
    # What holds for the whole document

    def _namespaces(self) -> str:
        known = dict(_NAMESPACES)
        declared = {
            str(ns.get("prefix")): str(ns.get("uri"))
            for ns in self._schema.iterchildren(f"{ISO}ns")
            if ns.get("prefix") and ns.get("uri")
        }
        for prefix, uri in self._schema.nsmap.items():
            if prefix is not None and uri != SCHEMATRON:
                declared.setdefault(prefix, uri)
        for prefix, uri in declared.items():
            if prefix in {"xml", "xmlns"} or not re.fullmatch(r"[^\W\d][\w.\-]*", prefix):
                continue
            known.setdefault(prefix, uri)
        return " ".join(
            f'xmlns:{prefix}="{escape_attribute(uri)}"' for prefix, uri in known.items()
        )

    def _add_foreign(self) -> None:
        """Keys and functions the author wrote in XSLT."""
        for number, part in enumerate(self._schema.iter(f"{_XSL}key", f"{_XSL}function")):
            rule = part.getparent()
            try:
                copy = _guarded_copy(part)
            except ForbiddenCall as call:
                self._note(f"{id_of(part)} uses {call}, which is not allowed in a rule set")
                continue
            copy.tail = None
            if rule is not None and rule.tag == f"{ISO}rule" and copy.get("match") is None:
                copy.set("match", str(rule.get("context") or "*"))
            if copy.tag == f"{_XSL}key" and copy.get("path") is not None:
                copy.set("use", str(copy.attrib.pop("path")))
            self._head.append(Line(_written(copy), f"g{number}"))

    def _add_global(self, let: Element, renamed: dict[str, str]) -> None:
        name = str(let.get("name"))
        name = renamed.get(name, f"${name}")[1:]
        line = self._let(let, name, renamed)
        if line is not None:
            self._globals.add(name)
            self._values[name] = str(let.get("value") or "")
            self._head.append(line)

    def _add_pattern_variables(self, number: int, pattern: Element) -> dict[str, str]:
        lets = list(pattern.iterchildren(f"{ISO}let"))
        # Two patterns may both have a variable of one name; the second's gets another.
        renamed = {
            str(let.get("name")): f"${let.get('name')}-gw{number}"
            for let in lets
            if str(let.get("name")) in self._globals
        }
        for let in lets:
            self._add_global(let, renamed)
        return renamed

    def _let(self, let: Element, name: str, renamed: dict[str, str]) -> Line | None:
        self._lets += 1
        owner = f"l{self._lets}"
        value = let.get("value")
        try:
            if value is None:
                content = "".join(_written(_guarded_copy(child)) for child in let.iterchildren())
                text = f"{escape_text(let.text or '')}{content}".replace("\n", " ")
                return Line(f'<xsl:variable name="{_attribute(name)}">{text}</xsl:variable>', owner)
            select = self._expression(str(value), renamed)
        except ForbiddenCall as call:
            self._note(f"the variable {name} uses {call}, which is not allowed in a rule set")
            return None
        return Line(f'<xsl:variable name="{_attribute(name)}" select="{select}"/>', owner)

    # ----------------------------------------------------------------------------------------
    # Patterns and rules

    def _rules_of(self, number: int, pattern: Element) -> Iterator[Rule]:
        name = self._patterns[number]
        rules = [
            rule for rule in pattern.iterchildren(f"{ISO}rule") if not is_true(rule, "abstract")
        ]
        for place, rule in enumerate(rules):
            context = rule.get("context")
            if context is None:
                self._note(f"a rule of the pattern {name} has no context")
                continue
            try:
                match = guarded(with_variables(str(context), self._renamed))
            except ForbiddenCall as call:
                self._note(f"a rule of {name} calls {call}, which is not allowed in a rule set")
                continue
            body = _Body()
            self._fill(body, rule, name, pattern)
            # The first rule of a pattern that matches a node is the only one that fires there.
            opening = Line(
                f'<xsl:template match="{_attribute(match)}" mode="gw-own:p{number}" '
                f'priority="{len(rules) - place}"><xsl:try>',
                f"p{number}",
            )
            closing = Line(f"{_caught('R', number)}</xsl:try></xsl:template>", f"p{number}")
            found = candidates(match)
            yield Rule(
                pattern=number,
                select=found.select,
                needs=found.needs,
                lines=(opening, *body.lines, closing),
                uses=frozenset(body.uses),
                documents=self._documents_of(match),
            )

    def _documents_of(self, context: str) -> frozenset[str]:
        """The documents a context may read, told from the texts that look like one.

        An error inside a context means "does not match" and would go unseen, so these are read
        before the rule runs.

        Source:
            XSLT 3.0: 5.5.4 errors in patterns.
        """
        if f"{OWN_PREFIX}:document" not in context:
            return frozenset()
        texts = [context, *(self._values[v] for v in variables(context) if v in self._values)]
        return frozenset(
            text for one in texts for text in literals(one) if text.lower().endswith(".xml")
        )

    def _fill(self, body: _Body, rule: Element, within: str, pattern: Element | None) -> None:
        for child in rule.iterchildren():
            if child.tag == f"{ISO}let":
                line = self._let(child, str(child.get("name")), self._renamed)
                if line is not None:
                    body.lines.append(line)
            elif child.tag in {f"{ISO}assert", f"{ISO}report"}:
                line = self._assertion(child, within)
                if line is not None:
                    body.lines.append(line)
            elif child.tag == f"{ISO}extends":
                self._extend(body, child, rule, within, pattern)

    def _extend(
        self, body: _Body, extends: Element, rule: Element, within: str, pattern: Element | None
    ) -> None:
        wanted = str(extends.get("rule"))
        local = (
            []
            if pattern is None
            else [
                one
                for one in pattern.iterchildren(f"{ISO}rule")
                if one.get("id") == wanted and is_true(one, "abstract")
            ]
        )
        shared = local[0] if local else self._rules.get(wanted)
        if shared is None:
            self._note(f"a rule of {within} extends {wanted}, which is not there")
            return
        if wanted in self._chain:
            self._note(f"the abstract rule {wanted} extends itself")
            return
        self._chain.append(wanted)
        if local or self._renamed or self._is_entangled(shared, rule, extends):
            self._fill(body, shared, f"{within}.{wanted}", pattern)
        else:
            if wanted not in self._abstract:
                inside = _Body()
                self._fill(inside, shared, wanted, None)
                self._abstract[wanted] = AbstractRule(
                    lines=(
                        Line(f'<xsl:template name="gw-own:r{self._number(wanted)}">'),
                        *inside.lines,
                        Line("</xsl:template>"),
                    ),
                    uses=frozenset(inside.uses),
                )
            body.uses.add(wanted)
            body.lines.append(Line(f'<xsl:call-template name="gw-own:r{self._number(wanted)}"/>'))
        self._chain.pop()

    def _number(self, name: str) -> int:
        return self._numbered.setdefault(name, len(self._numbered))

    def _is_entangled(self, shared: Element, rule: Element, extends: Element) -> bool:
        """Whether an abstract rule and the one that extends it read one another's variables."""
        declared, read = self._closure(shared, ())
        if read - declared - self._globals:
            return True
        around = _reads(rule)
        for other in rule.iterchildren(f"{ISO}extends"):
            if other is not extends and str(other.get("rule")) in self._rules:
                around |= self._closure(self._rules[str(other.get("rule"))], ())[1]
        return bool(declared & around)

    def _closure(self, rule: Element, seen: tuple[str, ...]) -> tuple[set[str], set[str]]:
        """The variables an abstract rule declares and reads, with what it extends itself."""
        declared = {str(let.get("name")) for let in rule.iterchildren(f"{ISO}let")}
        read = _reads(rule)
        for extends in rule.iterchildren(f"{ISO}extends"):
            name = str(extends.get("rule"))
            if name in self._rules and name not in seen:
                more_declared, more_read = self._closure(self._rules[name], (*seen, name))
                declared |= more_declared
                read |= more_read
        return declared, read

    # ----------------------------------------------------------------------------------------
    # Assertions

    def _assertion(self, element: Element, within: str) -> Line | None:
        number = len(self._assertions)
        place = self._places[within] = self._places.get(within, 0) + 1
        rule = str(element.get("id") or f"{self._name}:{within}-{place}")
        test = element.get("test")
        if test is None:
            self._note(f"{rule} has no test")
            return None
        try:
            test = self._expression(str(test), self._renamed)
            said = Wording(self._diagnostics, self._note).of(element)
            values = [
                f"gw-own:value(({self._expression(value, self._renamed)}))" for value in said.values
            ]
        except ForbiddenCall as call:
            self._note(f"{rule} calls {call}, which is not allowed in a rule set")
            return None
        self._assertions.append(
            Assertion(
                rule=rule,
                severity=severity_of(element),
                text=said.text,
                text_fr=said.text_fr,
                source=str(element.get("see") or origin_of(element)),
                pattern=within,
            )
        )
        record = (
            f"<xsl:value-of select=\"gw-own:record('F', {number}, ., ({', '.join(values)}))\"/>"
        )
        when, otherwise = ("", record) if element.tag == f"{ISO}assert" else (record, "")
        return Line(
            f'<xsl:try><xsl:choose><xsl:when test="{test}">{when}</xsl:when>'
            f"<xsl:otherwise>{otherwise}</xsl:otherwise></xsl:choose>"
            f"{_caught('X', number)}</xsl:try>",
            f"a{number}",
        )

    def _expression(self, expression: str, renamed: dict[str, str]) -> str:
        return _attribute(guarded(with_variables(expression, renamed)))

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)


def _reads(rule: Element) -> set[str]:
    read: set[str] = set()
    for element in rule.iter(etree.Element):
        for attribute in EXPRESSIONS:
            value = element.get(attribute)
            if value is not None and "$" in value:
                read |= variables(str(value))
    return read


def _caught(letter: str, number: int) -> str:
    return (
        f"<xsl:catch><xsl:value-of select=\"gw-own:record('{letter}', {number}, ., "
        '(string($gw-err:code), normalize-space($gw-err:description)))"/></xsl:catch>'
    )


def _plain(element: Element | None) -> str:
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())


def _attribute(text: str) -> str:
    return escape_attribute(text)


def _guarded_copy(part: Element) -> Element:
    """A copy of XSLT an author wrote, with its documents asked from the engine.

    Raises:
        ForbiddenCall: When it would read or write anything else.
    """
    copy = deepcopy(part)
    for element in copy.iter(etree.Element):
        if element.tag in _FOREIGN:
            raise ForbiddenCall(str(element.tag).replace(_XSL, "xsl:"))
        for attribute, value in element.attrib.items():
            element.set(attribute, guarded(str(value)))
    return copy


def _written(element: Element) -> str:
    return etree.tostring(element, encoding="unicode").replace("\n", " ")
