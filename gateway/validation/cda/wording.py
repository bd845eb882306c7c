"""What an assertion says: its sentence in pieces, with the expressions between them.

A diagnostic without language, or in English, completes the sentence; one in ``fr`` is the sentence
in that language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from gateway.codecs.xml import Element
from gateway.validation.cda.sources import ISO
from gateway.validation.issue import IssueSeverity

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SEVERITIES = {
    "warning": IssueSeverity.WARNING,
    "warn": IssueSeverity.WARNING,
    "info": IssueSeverity.INFORMATION,
    "information": IssueSeverity.INFORMATION,
    "hint": IssueSeverity.INFORMATION,
}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in pieces; between two of them stands the value of an expression.

    Attributes:
        text: The pieces.
        text_fr: The same in ``fr``; empty where nobody wrote it.
        values: The expressions of the first, then those of the second.
    """

    text: tuple[str, ...]
    text_fr: tuple[str, ...]
    values: tuple[str, ...]


class Wording:
    """Reads sentences of a schema.

    Args:
        diagnostics: Those of the schema, by id.
        note: Told what is not there.
    """

    def __init__(self, diagnostics: Mapping[str, Element], note: Callable[[str], None]) -> None:
        self._diagnostics = diagnostics
        self._note = note

    def of(self, element: Element) -> Said:
        """Give what an assertion says when it fails."""
        text, values = _sentence(element)
        for diagnostic in self._diagnostics_of(element, translated=False):
            more, more_values = _sentence(diagnostic)
            text[-1:] = [f"{text[-1]} {more[0]}", *more[1:]]
            values += more_values
        text_fr: list[str] = []
        for diagnostic in self._diagnostics_of(element, translated=True):
            more, more_values = _sentence(diagnostic)
            text_fr[-1:] = [" ".join([*text_fr[-1:], more[0]]), *more[1:]]
            values += more_values
        return Said(tuple(text), tuple(text_fr), tuple(values))

    def _diagnostics_of(self, element: Element, *, translated: bool) -> Iterator[Element]:
        for name in str(element.get("diagnostics") or "").split():
            diagnostic = self._diagnostics.get(name)
            if diagnostic is None:
                self._note(f"an assertion names the diagnostic {name}, which is not there")
            elif (str(diagnostic.get(_LANG) or "")[:2].lower() == "fr") == translated:
                yield diagnostic


def severity_of(element: Element) -> IssueSeverity:
    """Give what an assertion weighs: from its role or flag, or its rule's; else it is an error."""
    for attribute in ("role", "flag"):
        said = str(element.get(attribute) or "").lower()
        if said in _SEVERITIES:
            return _SEVERITIES[said]
    rule = element.getparent()
    said = "" if rule is None else str(rule.get("role") or rule.get("flag") or "").lower()
    return _SEVERITIES.get(said, IssueSeverity.ERROR)


def _sentence(element: Element) -> tuple[list[str], list[str]]:
    """The pieces of a sentence, and the expressions between them."""
    pieces, values = [element.text or ""], []
    for child in element.iterchildren():
        value = None
        if child.tag == f"{ISO}value-of":
            value = str(child.get("select") or ".")
        elif child.tag == f"{ISO}name":
            path = child.get("path")
            value = "name(.)" if path is None else f"name({path})"
        if value is None:
            more, more_values = _sentence(child)
            pieces[-1:] = [pieces[-1] + more[0], *more[1:]]
            values += more_values
        else:
            values.append(value)
            pieces.append("")
        pieces[-1] += child.tail or ""
    return pieces, values
