"""The XML schema of clinical documents: every error of a document, with line and XPath.

Source:
    W3C XML Schema 1.0; HL7 CDA R2 (2005) publishes its schema in several files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from gateway.validation.cda.document import CdaDocument
from gateway.validation.issue import Issue, IssueKind, IssueSeverity, Position

MOST_ERRORS = 500
"""Errors told of one document; more help nobody."""

_COMMENT = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_LOCATION = re.compile(
    rb"""<(?:[\w.-]+:)?(?:include|import|redefine)\b[^<>]*?\bschemaLocation\s*=\s*["']([^"']+)"""
)
_LONGEST = 600
_CLARK = re.compile(r"\{[^{}'\s]*\}(?=[\w*])")


class SchemaFault(Exception):
    """A file cannot be used as an XML schema; says why."""


class CdaSchema:
    """A schema, compiled once."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        _refuse_addresses(path)
        try:
            self._schema = etree.XMLSchema(file=str(path))
        except etree.XMLSchemaParseError as error:
            raise SchemaFault(f"{path.name} is no XML schema: {error}") from None
        except OSError as error:
            raise SchemaFault(f"{path.name} cannot be read: {error}") from None

    def check(self, document: CdaDocument) -> Iterator[Issue]:
        """Yield every error of a document against the schema."""
        if self._schema.validate(document.root):
            return
        told = 0
        for error in list(self._schema.error_log):  # type: ignore[call-overload]
            if error.type_name in _ECHOES:
                continue
            told += 1
            if told > MOST_ERRORS:
                continue
            number = _number(document, error.path)
            message = " ".join(_CLARK.sub("", error.message).split())[:_LONGEST]
            yield Issue(
                rule="cda-schema",
                severity=IssueSeverity.ERROR,
                kind=IssueKind.SCHEMA,
                message=message,
                message_fr=f"Non conforme au schéma : {message}",
                location=document.path(number) if number else "",
                profile=self.name,
                source="HL7 CDA R2 schema",
                position=document.position(number) or Position(max(error.line, 1), 1),
            )
        if told > MOST_ERRORS:
            yield Issue(
                rule="cda-more",
                severity=IssueSeverity.INFORMATION,
                kind=IssueKind.NOT_CHECKED,
                message=f"the schema finds {told} errors; the first {MOST_ERRORS} are shown",
                message_fr=f"le schéma trouve {told} erreurs ; seules {MOST_ERRORS} sont montrées",
                profile=self.name,
            )


def _number(document: CdaDocument, path: str | None) -> int:
    """The element an error is about, by its number; 0 where the schema does not say."""
    element = document.element_at(path) if path else None
    return 0 if element is None else document.number_of(element)


# libxml2 says twice what is wrong with a value: what it is, and that the type does not take it.
_ECHOES = frozenset({"SCHEMAV_CVC_ATTRIBUTE_3", "SCHEMAV_CVC_TYPE_3_1_3"})


def _refuse_addresses(path: Path) -> None:
    """Refuse a schema that would fetch another from the network.

    Schemas come in whatever encoding their author's editor wrote; what they name is ASCII.
    """
    seen: set[Path] = set()
    wanted = [path.resolve()]
    while wanted:
        one = wanted.pop()
        if one in seen:
            continue
        seen.add(one)
        try:
            octets = one.read_bytes()
        except OSError as error:
            if one == path.resolve():
                raise SchemaFault(f"{one.name} cannot be read: {error.strerror}") from None
            continue  # may be named in a comment only; the compiler says it better
        for found in _LOCATION.finditer(_COMMENT.sub(b"", octets)):
            place = found[1].decode("latin-1")
            if "://" in place:
                raise SchemaFault(
                    f"{one.name} imports {place}; name a file beside it, nothing is fetched"
                )
            wanted.append((one.parent / place).resolve())
