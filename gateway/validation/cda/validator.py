"""Judge a clinical document by its schema and by rule sets, everything at once.

What an engine could not look at (a rule set's file that is absent, a rule that fails to run, a
process that died) is told as "not checked" and never taken for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from gateway.codecs.xml import XmlRefused
from gateway.validation.cda.cache import RuleSets, default_cache
from gateway.validation.cda.catalogue import (
    Catalogue,
    Schematron,
    read_catalogue,
    rule_sets_in,
    schema_in,
)
from gateway.validation.cda.document import CdaDocument
from gateway.validation.cda.folders import Folders
from gateway.validation.cda.ruleset import RuleSet
from gateway.validation.cda.saxon import Answer, Run, Saxon, SaxonGone
from gateway.validation.cda.schema import CdaSchema, SchemaFault
from gateway.validation.cda.sources import SchematronFault
from gateway.validation.issue import Issue, IssueKind, IssueSeverity, Position
from gateway.validation.sentences import in_fr

MOST_RECORDS = 2_000
"""Failures told of one rule set for one document."""

_SHEETS = count(1)
_LONGEST = 1_000
_COMPILE_ROUNDS = 40
_GROWTHS = 2
_ON_LINE = re.compile(
    r"\bon line (\d+)\b[^\n]*\n\s*([^\n]*(?:\n(?!\s*(?:Static )?(?:Error|Warning)\b)[^\n]*)*)"
)
_PLACE = re.compile(r"line (\d+)(?:, column (\d+))?")


@dataclass(slots=True)
class _Loaded:
    """A rule set in use: what of it is compiled in the process, and what was refused there."""

    schematron: Schematron
    rules: RuleSet
    folders: Folders
    sheet: str = ""
    covered: frozenset[int] = frozenset()
    growths: int = 0
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CdaJudgement:
    """What was found in a document, and the files of the rules it was compared with."""

    issues: tuple[Issue, ...]
    against: tuple[str, ...]


class CdaValidator:
    """Schema and rule sets, compiled once and used for many documents.

    Args:
        schema: An XML schema, or a folder that has it; none is checked where there is none.
        schematrons: Rule sets for every document: files, which read their own folder only, or
            folders with what they read and their catalogue, as profiles have them.
        cache: Folder for compiled rule sets; the user's own cache where none is named.
        official: A publisher's folder of rule sets; the catalogues know which of them apply.
        saxon: The process to use; one of its own where none is given.

    Raises:
        CatalogueFault: When a catalogue says what nobody understands.
    """

    def __init__(
        self,
        schema: Path | None = None,
        schematrons: Iterable[Path | Schematron] = (),
        cache: Path | None = None,
        *,
        official: Path | None = None,
        saxon: Saxon | None = None,
    ) -> None:
        self._schema_path = schema
        self._schema: CdaSchema | None = None
        self._official = official
        self._catalogue = Catalogue()
        always: list[Schematron] = []
        for one in schematrons:
            if isinstance(one, Path) and one.is_dir():
                catalogue = read_catalogue(one)
                always.extend(rule_sets_in(one, catalogue))
                if catalogue.official or catalogue.schema:
                    self._catalogue = catalogue
            else:
                always.append(_schematron(one))
        self._always = tuple(always)
        self.rule_sets = RuleSets(cache if cache is not None else default_cache())
        self._saxon = saxon if saxon is not None else Saxon()
        self._loaded: dict[Schematron, _Loaded | str] = {}

    def close(self) -> None:
        """Stop the process rule sets run in."""
        self._saxon.close()

    def __enter__(self) -> CdaValidator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def validate(
        self, octets: bytes, schematrons: Iterable[Path | Schematron] = ()
    ) -> tuple[Issue, ...]:
        """Give all that is wrong with a document.

        Args:
            octets: The document.
            schematrons: Rule sets for this document, besides those for every one.
        """
        return self.judge(octets, schematrons).issues

    def judge(self, octets: bytes, schematrons: Iterable[Path | Schematron] = ()) -> CdaJudgement:
        """Give all that is wrong with a document, and what it was compared with."""
        try:
            document = CdaDocument(octets)
        except XmlRefused as refused:
            return CdaJudgement((unreadable(refused),), ("XML 1.0",))
        if str(document.root.tag).rpartition("}")[2] != "ClinicalDocument":
            return CdaJudgement((_no_document(document),), ("HL7 CDA R2",))
        chosen, notes = self.rule_sets_for(document)
        wanted = tuple(dict.fromkeys((*chosen, *map(_schematron, schematrons))))
        issues = (
            *self.check_schema(document),
            *(_not_checked("cda-schematron-absent", note, "") for note in notes),
            *self.check_rules(document, wanted),
        )
        schema = () if self._schema is None else (self._schema.name,)
        return CdaJudgement(issues, (*schema, *(one.path.name for one in wanted)))

    def rule_sets_for(
        self, document: CdaDocument
    ) -> tuple[tuple[Schematron, ...], tuple[str, ...]]:
        """Give the rule sets a document is judged by, and what there are none for."""
        if self._official is None:
            return self._always, ()
        official, notes = self._catalogue.choose(self._official, document.templates)
        return (*self._always, *official), notes

    def check_schema(self, document: CdaDocument) -> tuple[Issue, ...]:
        """Give the errors of a document against the schema, if there is one."""
        if self._schema_path is None:
            return ()
        if self._schema is None:
            path = schema_in(self._schema_path, self._catalogue)
            if path is None:
                said = f"there is no XML schema of clinical documents in {self._schema_path.name}"
                return (_not_checked("cda-schema-unusable", said, self._schema_path.name),)
            try:
                self._schema = CdaSchema(path)
            except SchemaFault as fault:
                return (_not_checked("cda-schema-unusable", str(fault), self._schema_path.name),)
        return tuple(self._schema.check(document))

    def check_rules(
        self, document: CdaDocument, schematrons: Iterable[Schematron]
    ) -> tuple[Issue, ...]:
        """Give what rule sets find in a document."""
        issues: list[tuple[int, Issue]] = []
        for schematron in schematrons:
            loaded = self._load(schematron)
            if isinstance(loaded, str):
                name = schematron.path.name
                issues.append((0, _not_checked("cda-schematron-unusable", loaded, name)))
                continue
            try:
                run = self._prepare(loaded, document)
                issues.extend((0, issue) for issue in _notes(loaded))
                if run is not None:
                    (answer,) = self._saxon.run([run], document.text)
                    issues.extend(_issues(loaded.rules, run, answer, document))
            except SaxonGone as gone:
                # What was found before stands; the rest would meet the same document.
                issues.append((0, _engine_gone(gone, loaded.rules.name)))
                break
        return tuple(issue for _, issue in sorted(issues, key=lambda one: one[0]))

    # ----------------------------------------------------------------------------------------

    def _load(self, schematron: Schematron) -> _Loaded | str:
        if schematron not in self._loaded:
            folders = Folders(schematron.folders or (schematron.path.parent,))
            try:
                rules = self.rule_sets.get(schematron.path, folders, schematron.phase)
                self._loaded[schematron] = _Loaded(schematron, rules, folders)
            except SchematronFault as fault:
                self._loaded[schematron] = str(fault)
        return self._loaded[schematron]

    def _prepare(self, loaded: _Loaded, document: CdaDocument) -> Run | None:
        """See to it that the rules a document touches are compiled in the process."""
        rules = loaded.rules
        touched = rules.rules_for(document.features)
        if not touched:
            return None
        if not (touched <= loaded.covered and self._saxon.has(loaded.sheet)):
            wanted = touched | loaded.covered
            loaded.growths += 1
            if loaded.growths > _GROWTHS:
                # Documents of many sorts: everything at once is cheaper than ever more.
                wanted = frozenset(range(len(rules.rules)))
            if loaded.sheet:
                self._saxon.forget(loaded.sheet)
            # A name of its own, because validators may share the process.
            loaded.sheet = f"{rules.name}-{next(_SHEETS)}"
            loaded.covered = wanted
            if not self._compile(loaded, wanted):
                return None
        return Run(
            name=loaded.sheet,
            base=loaded.schematron.path.resolve().parent,
            folders=loaded.folders.roots,
            documents=frozenset().union(*(rules.rules[number].documents for number in touched)),
        )

    def _compile(self, loaded: _Loaded, wanted: frozenset[int]) -> bool:
        """Compile, leaving out what Saxon refuses until it takes the rest."""
        for _ in range(_COMPILE_ROUNDS):
            lines = loaded.rules.stylesheet(wanted, loaded.refused)
            complaint = self._saxon.compile(loaded.sheet, "\n".join(line.text for line in lines))
            if not complaint:
                return True
            found = {
                lines[int(number) - 1].owner: " ".join(why.split())
                for number, why in _ON_LINE.findall(complaint)
                if 0 < int(number) <= len(lines) and lines[int(number) - 1].owner
            }
            if not found:
                break
            loaded.refused.update(found)
        loaded.refused[""] = " ".join(complaint.split())
        loaded.covered = frozenset()
        return False


def _schematron(one: Path | Schematron) -> Schematron:
    return one if isinstance(one, Schematron) else Schematron(one)


def unreadable(refused: XmlRefused) -> Issue:
    """The issue of a document that is no XML we read, with the place."""
    place = _PLACE.search(refused.location)
    return Issue(
        rule="cda-xml",
        severity=IssueSeverity.ERROR,
        kind=IssueKind.SECURITY if "DOCTYPE" in refused.message else IssueKind.STRUCTURE,
        message=refused.message,
        message_fr=in_fr("cda-xml", refused.message),
        location="",
        source="XML 1.0",
        position=None if place is None else Position(int(place[1]), int(place[2] or 1)),
    )


def _no_document(document: CdaDocument) -> Issue:
    return Issue(
        rule="cda-root",
        severity=IssueSeverity.ERROR,
        kind=IssueKind.STRUCTURE,
        message="the root element is no ClinicalDocument; send the document itself",
        message_fr="l'élément racine n'est pas ClinicalDocument ; envoyer le document lui-même",
        location=document.path(1),
        source="HL7 CDA R2 (2005), 4.2",
        position=document.position(1),
    )


def _notes(loaded: _Loaded) -> Iterator[Issue]:
    name = loaded.rules.name
    for note in loaded.rules.notes:
        yield _not_checked("cda-schematron-incomplete", note, name)
    for owner, why in loaded.refused.items():
        said = f"{_named(loaded.rules, owner)} cannot be compiled: {why}"
        yield _not_checked("cda-schematron-incomplete", said[:_LONGEST], name)


def _named(rules: RuleSet, owner: str) -> str:
    letter, number = owner[:1], owner[1:]
    if letter == "a":
        return f"the assertion {rules.assertions[int(number)].rule}"
    if letter == "p":
        return f"the pattern {rules.patterns[int(number)]}"
    if letter == "l":
        return "a variable"
    return "a key or function" if letter == "g" else "the rule set"


def _issues(
    rules: RuleSet, run: Run, answer: Answer, document: CdaDocument
) -> Iterator[tuple[int, Issue]]:
    if answer.error:
        broken = f"the rule set could not be run: {' '.join(answer.error.split())}"[:_LONGEST]
        yield 0, _not_checked("cda-schematron-unusable", broken, rules.name)
        return
    for name in answer.absent:
        absent = f"the document {name} that rules are chosen by is not there"
        yield 0, _not_checked("cda-schematron-incomplete", absent, rules.name)
    failed: dict[tuple[str, str], list[tuple[int, str]]] = {}
    told = 0
    for record in answer.text.split("\n"):
        if not record:
            continue
        letter, number, element, attribute, *values = record.split("\t")
        place = int(element)
        if letter == "F":
            told += 1
            if told <= MOST_RECORDS:
                yield place, _issue(rules, int(number), place, attribute, values, document)
        else:
            why = _reason(values)
            failed.setdefault((letter + number, why), []).append((place, attribute))
    if told > MOST_RECORDS:
        more = f"{told} assertions failed; the first {MOST_RECORDS} are shown"
        yield 0, _not_checked("cda-more", more, rules.name)
    for (owner, why), places in failed.items():
        place, attribute = places[0]
        what = _named(rules, owner.replace("X", "a").replace("R", "p"))
        times = "" if len(places) == 1 else f" at {len(places)} places, first here"
        yield (
            place,
            _not_checked(
                "cda-schematron-unevaluated",
                f"{what} could not be evaluated{times}: {why}"[:_LONGEST],
                rules.name,
                location=document.path(place, attribute),
                position=document.position(place),
            ),
        )


def _issue(
    rules: RuleSet,
    number: int,
    place: int,
    attribute: str,
    values: list[str],
    document: CdaDocument,
) -> Issue:
    assertion = rules.assertions[number]
    message, message_fr = assertion.says(values)
    return Issue(
        rule=assertion.rule,
        severity=assertion.severity,
        kind=IssueKind.SCHEMATRON,
        message=message[:_LONGEST] or f"the rule {assertion.rule} is broken",
        message_fr=message_fr[:_LONGEST],
        location=document.path(place, attribute),
        profile=rules.name,
        source=assertion.source,
        position=document.position(place),
    )


def _reason(values: list[str]) -> str:
    code, *why = values
    if code.endswith(":missing") or code.endswith(":absent") or code in {"missing", "absent"}:
        return f"the document {' '.join(why)} is not there, or not in the rule set's folder"
    return f"{' '.join(why)} ({code})"


def _not_checked(
    rule: str, message: str, profile: str, location: str = "", position: Position | None = None
) -> Issue:
    return Issue(
        rule=rule,
        severity=IssueSeverity.INFORMATION,
        kind=IssueKind.NOT_CHECKED,
        message=message,
        message_fr=in_fr(rule, message),
        location=location,
        profile=profile,
        position=position,
    )


def _engine_gone(gone: SaxonGone, name: str) -> Issue:
    # An error: nobody can say of this document that it is good, and it may be the reason.
    return Issue(
        rule="cda-engine",
        severity=IssueSeverity.ERROR,
        kind=IssueKind.NOT_CHECKED,
        message=f"the rules of {name}, and those after them, could not be run on this document: "
        f"{gone}",
        message_fr=f"les règles de {name} et des suivants n'ont pas pu être appliquées à ce "
        f"document : {in_fr('engine-gone', str(gone)) or gone}",
        profile=name,
    )
