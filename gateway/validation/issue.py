"""What a judgement of a file or an answer tells: one shape for every engine.

The gates of the server speak :class:`gateway.errors.Finding`, whose code is what a peer is told.
Judgements of payloads (FHIR profiles, schemas, Schematron, numbered rules) name a rule instead:
somebody repairs a file and asks which rule, why, and where it is written. Rule ids are part of the
product's interface: documented, explainable (``conformance explain``), never given to another rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class IssueSeverity(StrEnum):
    """How much an issue weighs; only errors make a payload fail.

    Source:
        FHIR R4, http://hl7.org/fhir/issue-severity (without fatal, which nothing here needs).
    """

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class IssueKind(StrEnum):
    """Which sort of check an issue comes from."""

    STRUCTURE = "structure"
    CARDINALITY = "cardinality"
    TYPE = "type"
    VALUE = "value"
    BINDING = "binding"
    SLICING = "slicing"
    INVARIANT = "invariant"
    REFERENCE = "reference"
    SCHEMA = "schema"
    SCHEMATRON = "schematron"
    METADATA = "metadata"
    MESSAGE = "message"
    SECURITY = "security"
    NOT_CHECKED = "not-checked"
    """What could not be looked at, and why; never silently taken for good."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that was found.

    Attributes:
        rule: Stable id: ``dom-3``, ``fhir-minimum``, ``fr-de-011``, ``cda-schema``, …
        severity: Whether the payload fails for it.
        kind: Which sort of check.
        message: What is wrong and what to do, in English.
        message_fr: The same in the language ``fr``; empty where there is none.
        location: Where: FHIRPath (``DocumentReference.content[0].attachment``), XPath
            (``/ClinicalDocument/recordTarget[1]``) or object and attribute
            (``DocumentEntry[Document01].typeCode``); empty for the whole payload.
        element: The element definition that asked for it (``DocumentReference.content``).
        profile: Canonical URL or name of the profile, schema or rule set.
        source: Document and section the rule comes from.
        position: Line and column in the text, where they are known.
    """

    rule: str
    severity: IssueSeverity
    kind: IssueKind
    message: str
    message_fr: str = ""
    location: str = ""
    element: str = ""
    profile: str = ""
    source: str = ""
    position: Position | None = None

    def says(self, language: str) -> str:
        """The message in a language, English where there is none in it."""
        return self.message_fr if language == "fr" and self.message_fr else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """What ``conformance explain`` tells of one rule.

    Attributes:
        rule: Its id, as in :attr:`Issue.rule`.
        severity: What it usually weighs.
        title: One line, English.
        title_fr: The same in the language ``fr``; may be empty.
        text: Why it is, how it is broken, how that is repaired; paragraphs.
        source: Document and section.
    """

    rule: str
    kind: IssueKind
    severity: IssueSeverity
    title: str
    title_fr: str = ""
    text: str = ""
    source: str = ""


def fails(issues: Iterable[Issue]) -> bool:
    """Whether a payload with these issues fails."""
    return any(issue.severity is IssueSeverity.ERROR for issue in issues)
