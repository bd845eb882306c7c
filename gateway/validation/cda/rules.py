"""What the engine's own rules mean, and those of a profile's rule sets, for who asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.validation.issue import IssueKind, IssueSeverity, RuleText

_CDA = "HL7 CDA R2 (2005)"
_SCHEMATRON = "ISO/IEC 19757-3:2016"

# Rule, kind, severity, title, the same in "fr", why and what to do, source.
_RULES = (
    (
        "cda-xml",
        IssueKind.STRUCTURE,
        IssueSeverity.ERROR,
        "The document is not XML that is read",
        "Le document n'est pas un XML lisible",
        "It is not well formed, too large, in another encoding than UTF-8 or UTF-16, or has a "
        "document type (DOCTYPE), which could bring other files in. Nothing else can be looked at "
        "before that is repaired at the place that is named.",
        "XML 1.0 (fifth edition)",
    ),
    (
        "cda-root",
        IssueKind.STRUCTURE,
        IssueSeverity.ERROR,
        "The root element is no ClinicalDocument",
        "L'élément racine n'est pas ClinicalDocument",
        "A clinical document is sent by itself: its root is ClinicalDocument in the namespace "
        "urn:hl7-org:v3.",
        f"{_CDA}, 4.2",
    ),
    (
        "cda-schema",
        IssueKind.SCHEMA,
        IssueSeverity.ERROR,
        "The document breaks the XML schema",
        "Le document n'est pas conforme au schéma XML",
        "An element or attribute stands where the schema has none, is missing, or has a value of "
        "another type. The message is the schema processor's; the order of elements matters.",
        f"{_CDA}, its XML schema",
    ),
    (
        "cda-schema-unusable",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "The XML schema that was given cannot be used",
        "Le schéma XML indiqué est inutilisable",
        "It is not there, no schema, or would fetch another from the network. Name the file, or "
        "a folder that has it with all it imports.",
        "W3C XML Schema 1.0",
    ),
    (
        "cda-schematron-unusable",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "A rule set cannot be used",
        "Un jeu de règles est inutilisable",
        "The file is not there, no XML, no Schematron schema, written for another query language "
        "than XPath or XSLT, or the XSLT processor refuses all of it. None of its rules was run.",
        _SCHEMATRON,
    ),
    (
        "cda-schematron-incomplete",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "A part of a rule set is not checked",
        "Une partie d'un jeu de règles n'est pas vérifiée",
        "A file it includes is absent or damaged, a pattern a phase names is not there, a rule "
        "calls what reads outside the rule set's folder, or an expression does not compile. All "
        "other rules were run. Ask the publisher for the missing file.",
        f"{_SCHEMATRON}, 5.4",
    ),
    (
        "cda-schematron-absent",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "There is no rule set for this document",
        "Il n'y a pas de jeu de règles pour ce document",
        "The catalogue of the profile names a rule set that is not in the folder that was given, "
        "or has none for this version of the document's model; the newest was applied then.",
        "catalogue.toml of the profile",
    ),
    (
        "cda-schematron-unevaluated",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "A rule could not be evaluated on this document",
        "Une règle n'a pas pu être évaluée sur ce document",
        "Its expression ends in an error there, as where it takes one element for granted and "
        "finds two, or the value set it reads is absent. Other rules were run.",
        f"{_SCHEMATRON}, 6",
    ),
    (
        "cda-more",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "There are more findings than are shown",
        "Il y a plus de constats que ceux montrés",
        "Repair the ones that are shown; most others are usually of the same kind.",
        "",
    ),
    (
        "cda-engine",
        IssueKind.NOT_CHECKED,
        IssueSeverity.ERROR,
        "The rules could not be run on this document",
        "Les règles n'ont pas pu être appliquées à ce document",
        "The process that runs them died, or did not answer in time. The document may be the "
        "reason, so it does not pass. The next document gets a new process.",
        "",
    ),
    (
        "cda-no-rules",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "The profile has no rules for clinical documents",
        "Le profil n'a pas de règles pour les documents cliniques",
        "What a header must hold is a country's matter. Name its profile with --profile.",
        "",
    ),
    (
        "cda-no-schema",
        IssueKind.NOT_CHECKED,
        IssueSeverity.INFORMATION,
        "No XML schema was given",
        "Aucun schéma XML n'est donné",
        "The schema of clinical documents is not shipped. Name a copy of yours with --xsd.",
        "",
    ),
)


def rules() -> Iterator[RuleText]:
    """Give the engine's own rules."""
    for rule, kind, severity, title, title_fr, text, source in _RULES:
        yield RuleText(
            rule=rule,
            kind=kind,
            severity=severity,
            title=title,
            title_fr=title_fr,
            text=text,
            source=source,
        )


def rules_of(folder: Path) -> Iterator[RuleText]:
    """Give the rules of a profile's folder of rule sets; none where it has no such folder.

    Raises:
        CatalogueFault: When its catalogue says what nobody understands.
        SchematronFault: When a file of it is no Schematron schema.
    """
    from gateway.validation.cda.catalogue import read_catalogue, rule_sets_in
    from gateway.validation.cda.compiler import compile_sources
    from gateway.validation.cda.folders import Folders
    from gateway.validation.cda.sources import read_sources

    if not folder.is_dir():
        return
    for schematron in rule_sets_in(folder, read_catalogue(folder)):
        sources = read_sources(schematron.path, Folders(schematron.folders))
        compiled = compile_sources(schematron.path.stem, sources)
        for assertion in compiled.assertions:
            # Values of a document stand for themselves where there is none.
            blanks = ["…"] * (len(assertion.text) + len(assertion.text_fr))
            title, title_fr = assertion.says(blanks)
            yield RuleText(
                rule=assertion.rule,
                kind=IssueKind.SCHEMATRON,
                severity=assertion.severity,
                title=title,
                title_fr=title_fr,
                text=f"A rule of {compiled.title}.",
                source=assertion.source,
            )
