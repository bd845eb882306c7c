"""Walking through JSON a peer sent: every wrong type is a finding with its place, never a crash.

A :class:`Reader` gathers findings while the readers of the single types pick from it what they
understand. Paths are FHIRPath-like: ``Bundle.entry[2].resource.content[0].attachment.url``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway.codecs.fhir.vocabulary import EXTENSION
from gateway.errors import MAX_FINDINGS, ErrorCode, Finding, Severity
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.naming import NamingSystems

Json = dict[str, Any]
"""A JSON object, as the parser gives it."""

Resolve = Callable[[str], "tuple[Json, str] | None"]
"""Finds what a reference names: the resource and its path."""

_FEW = 16
"""Objects in an array up to which all of them are looked at before the first one is given."""


class Reader:
    """The findings of one message, and what its parts need to be understood.

    Attributes:
        naming: The systems of the community.
        base_url: Of our FHIR face, for references that leave the message; empty where there is
            none.
        conventions: What the community's resources have of their own.
        findings: What was noticed so far, in the order of the message.
    """

    __slots__ = ("_refused", "_resolve", "base_url", "conventions", "findings", "naming")

    def __init__(
        self,
        naming: NamingSystems,
        resolve: Resolve | None = None,
        base_url: str = "",
        conventions: Conventions = STANDARD,
    ) -> None:
        self.naming = naming
        self.base_url = base_url
        self.conventions = conventions
        self.findings: list[Finding] = []
        self._resolve = resolve
        self._refused = False

    def note(
        self,
        rule: str,
        path: str,
        message: str,
        *,
        code: ErrorCode = ErrorCode.INVALID_VALUE,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a finding; not one more than is told, unless it is the first error."""
        is_error = severity is Severity.ERROR
        if len(self.findings) > MAX_FINDINGS and (self._refused or not is_error):
            return
        self._refused = self._refused or is_error
        self.findings.append(
            Finding(rule=rule, code=code, location=path, message=message, severity=severity)
        )

    def lost(self, path: str, message: str) -> None:
        """Say that something cannot be carried into XDS metadata."""
        self.note("not-carried", path, message, severity=Severity.WARNING)

    def _wrong(self, path: str, expected: str, found: object) -> None:
        names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
        kind = "null" if found is None else names.get(type(found), "a number")
        self.note("json-type", path, f"expected {expected}, found {kind}", code=ErrorCode.MALFORMED)

    def text(self, parent: Json, name: str, path: str) -> str | None:
        """Give a string member; ``None`` when absent."""
        value = parent.get(name)
        if type(value) is str:
            if value:
                return value
            self.note(
                "empty-string",
                f"{path}.{name}",
                "a FHIR string is never empty: leave the element out",
                code=ErrorCode.MALFORMED,
            )
        elif value is not None or name in parent:
            self._wrong(f"{path}.{name}", "a string", value)
        return None

    def object(self, parent: Json, name: str, path: str) -> Json | None:
        """Give an object member; ``None`` when absent."""
        value = parent.get(name)
        if type(value) is dict:
            return value
        if value is not None or name in parent:
            self._wrong(f"{path}.{name}", "an object", value)
        return None

    def objects(self, parent: Json, name: str, path: str) -> Iterable[tuple[Json, str]]:
        """Give the objects of an array member, each with its path."""
        value = parent.get(name)
        if value is None and name not in parent:
            return ()
        # Most arrays hold a few objects and nothing else: a list of those is made faster than a
        # generator is asked for them.
        if type(value) is list and len(value) <= _FEW:
            found: list[tuple[Json, str]] = []
            for index, item in enumerate(value):
                if type(item) is not dict:
                    break
                found.append((item, f"{path}.{name}[{index}]"))
            else:
                return found
        return self._objects_among(value, name, path)

    def _objects_among(self, value: Any, name: str, path: str) -> Iterator[tuple[Json, str]]:
        """Give the objects of any value, and say what is wrong when it is its turn."""
        if type(value) is not list:
            self._wrong(f"{path}.{name}", "an array", value)
            return
        for index, item in enumerate(value):
            place = f"{path}.{name}[{index}]"
            if type(item) is dict:
                yield item, place
            else:
                self._wrong(place, "an object", item)

    def texts(self, parent: Json, name: str, path: str) -> Iterable[str]:
        """Give the strings of an array member."""
        value = parent.get(name)
        if value is None and name not in parent:
            return ()
        if type(value) is list:
            for item in value:
                if type(item) is not str or not item:
                    break
            else:
                return value
        return self._texts_among(value, name, path)

    def _texts_among(self, value: Any, name: str, path: str) -> Iterator[str]:
        """Give the strings of any value, and say what is wrong when it is its turn."""
        if type(value) is not list:
            self._wrong(f"{path}.{name}", "an array", value)
            return
        for index, item in enumerate(value):
            if type(item) is str and item:
                yield item
            else:
                self._wrong(f"{path}.{name}[{index}]", "a string", item)

    def resolve(self, reference: str, contained: Json) -> tuple[Json, str] | None:
        """Give the resource a reference names and its path; ``None`` when it is not here.

        Args:
            contained: The contained resources around the reference, by id.
        """
        if reference.startswith("#"):
            found = contained.get(reference[1:])
            return found if found else None
        return self._resolve(reference) if self._resolve else None


def resource_type(resource: Json) -> str:
    """Give the type a resource says it is of; empty when it says none, or no text."""
    kind = resource.get("resourceType")
    return kind if type(kind) is str else ""


def own(name: str, text: str) -> Json:
    """Write one of our extensions."""
    return {"url": EXTENSION + name, "valueString": text}


def own_text(element: object, name: str) -> str | None:
    """Read one of our extensions on an element, where it is there and well formed."""
    extensions = element.get("extension") if type(element) is dict else None
    if type(extensions) is list:
        url = EXTENSION + name
        for extension in extensions:
            if type(extension) is dict and extension.get("url") == url:
                text = extension.get("valueString")
                if type(text) is str:
                    return text
    return None


def own_texts(element: object, name: str) -> list[str]:
    """Read a repeated extension of ours on an element."""
    extensions = element.get("extension") if type(element) is dict else None
    if type(extensions) is not list:
        return []
    url = EXTENSION + name
    return [
        e["valueString"]
        for e in extensions
        if type(e) is dict and e.get("url") == url and type(e.get("valueString")) is str
    ]


def all_own_texts(element: Json) -> dict[str, str]:
    """Read all our extensions on an element, by name; of a repeated one the first."""
    extensions = element.get("extension")
    found: dict[str, str] = {}
    if type(extensions) is list:
        for extension in extensions:
            if type(extension) is dict:
                url, text = extension.get("url"), extension.get("valueString")
                if type(url) is type(text) is str and url.startswith(EXTENSION):
                    found.setdefault(url[len(EXTENSION) :], text)
    return found
