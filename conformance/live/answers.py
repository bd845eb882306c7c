"""What came back: its envelope, documents and JSON, and values in it by path.

A path is an XPath where the answer is XML, with the prefixes of :mod:`conformance.suite.edits`; in
JSON a pointer (``/entry/0/resource``) or FHIRPath (``Bundle.entry.resource.status``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import unquote

from lxml import etree

from conformance.live import sentences as says
from conformance.live.sentences import Said
from conformance.suite.edits import NAMESPACES
from gateway.codecs.soap.content_type import read_content_type
from gateway.codecs.soap.fault import SoapFault
from gateway.codecs.soap.mtom import MemorySink, MultipartReader, ReceivedMultipart
from gateway.codecs.soap.part import PartHeaders
from gateway.codecs.xml import Element, XmlRefused, read_xml
from gateway.validation.sentences import in_fr


class PathFault(Exception):
    """A path cannot be followed in this answer; says why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


@dataclass
class Answer:
    """One answer over HTTP.

    Attributes:
        headers: Names in lower case.
        trouble: What is wrong with its form, one sentence each; filled while it is read.
    """

    status: int
    headers: Mapping[str, str]
    octets: bytes
    trouble: list[Said] = field(default_factory=list)

    @property
    def media_type(self) -> str:
        """What it says it is, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_multipart(self) -> bool:
        """Whether its documents travel beside the message."""
        return self.media_type == "multipart/related"

    @cached_property
    def multipart(self) -> ReceivedMultipart | None:
        """The parts of a multipart answer."""
        if not self.is_multipart:
            return None

        def sink(_: PartHeaders) -> MemorySink:
            return MemorySink()

        try:
            reader = MultipartReader(read_content_type(self.headers["content-type"]), sink)
            reader.feed(self.octets)
            return reader.close()
        except SoapFault as fault:
            self.trouble.append(says.NO_MULTIPART.of(why=fault))
            return None

    @property
    def message(self) -> bytes:
        """The octets of the message without the documents beside it."""
        return self.multipart.root if self.multipart else self.octets

    @cached_property
    def xml(self) -> Element | None:
        """The root element, where the answer is XML."""
        if "json" in self.media_type or self.message.lstrip()[:1] != b"<":
            return None
        try:
            return read_xml(self.message)
        except XmlRefused as refused:
            self.trouble.append(_no_xml(refused))
            return None

    @cached_property
    def json(self) -> Any:
        """The value, where the answer is JSON."""
        if "json" not in self.media_type:
            return None
        try:
            return json.loads(self.octets)
        except ValueError as error:
            self.trouble.append(says.NO_JSON.of(why=error))
            return None

    @property
    def response_status(self) -> str:
        """``Success``, ``PartialSuccess`` or ``Failure`` of a registry's answer."""
        if self.xml is None:
            return ""
        found = _by_xpath(
            self.xml, "//rs:RegistryResponse/@status | //query:AdhocQueryResponse/@status"
        )
        return str(found[0]).rpartition(":")[2] if found else ""

    @property
    def error_codes(self) -> list[str]:
        """Codes of errors: RegistryError, or the issues of an OperationOutcome."""
        return [code for code, _, severity in self.reported if severity != "warning"]

    @property
    def warning_codes(self) -> list[str]:
        """Codes of warnings."""
        return [code for code, _, severity in self.reported if severity == "warning"]

    @cached_property
    def reported(self) -> list[tuple[str, str, str]]:
        """Code, text and severity of everything that is reported."""
        if self.xml is not None:
            return [
                (
                    one.get("errorCode", ""),
                    one.get("codeContext", ""),
                    one.get("severity", "").rpartition(":")[2].lower(),
                )
                for one in self.xml.iter(f"{{{NAMESPACES['rs']}}}RegistryError")
            ]
        found: list[tuple[str, str, str]] = []
        for issue in _issues(self.json):
            details = issue.get("details", {})
            text = f"{details.get('text', '')} {issue.get('diagnostics', '')}".strip()
            severity = "error" if issue.get("severity") in ("fatal", "error") else "warning"
            codes = [one.get("code", "") for one in details.get("coding", ())]
            found += [(code, text, severity) for code in (issue.get("code", ""), *codes)]
        return found

    @property
    def fault(self) -> str:
        """Codes of a SOAP fault, outermost first; empty where it is none."""
        if self.xml is None:
            return ""
        codes = self.xml.xpath("//s:Fault/s:Code//s:Value/text()", namespaces=NAMESPACES)
        return " ".join(str(code) for code in codes) if isinstance(codes, list) else ""

    @property
    def documents(self) -> list[bytes | None]:
        """The documents of a retrieval in the order of the answer; None where one is missing."""
        if self.xml is None:
            return []
        found = self.xml.iter(f"{{{NAMESPACES['ihe']}}}Document")
        return [self._document(one) for one in found]

    def _document(self, holder: Element) -> bytes | None:
        include = holder.find(f"{{{NAMESPACES['xop']}}}Include")
        if include is None:
            try:
                return base64.b64decode(holder.text or "", validate=True)
            except ValueError:
                return None
        name = unquote(include.get("href", "").removeprefix("cid:"))
        for part in self.multipart.parts if self.multipart else ():
            if part.headers.content_id == name and isinstance(part.sink, MemorySink):
                return bytes(part.sink.octets)
        return None

    def values(self, path: str) -> list[Any]:
        """Give what a path leads to: texts, numbers, truths; parts of JSON as they are.

        Raises:
            PathFault: When it is no path, or the answer is neither XML nor JSON.
        """
        if path.startswith("header:"):
            value = self.headers.get(path.removeprefix("header:").lower())
            return [] if value is None else [value]
        if self.xml is not None:
            return _by_xpath(self.xml, path)
        if self.json is None:
            media = says.OF_A_TYPE.of(type=self.media_type) if self.media_type else says.OF_NO_TYPE
            raise PathFault(says.NEITHER.of(why=self.trouble[0] if self.trouble else media))
        return (
            _by_pointer(self.json, path) if path.startswith("/") else _by_fhirpath(self.json, path)
        )


def _no_xml(refused: XmlRefused) -> Said:
    where, why = refused.location, refused.message
    return says.NO_XML.of(
        where=Said(where, in_fr("location", where)), why=Said(why, in_fr("xds-xml", why))
    )


def _issues(value: Any) -> list[dict[str, Any]]:
    """The issues of an outcome, or of those inside a bundle."""
    if not isinstance(value, dict):
        return []
    if value.get("resourceType") == "OperationOutcome":
        return [one for one in value.get("issue", ()) if isinstance(one, dict)]
    if value.get("resourceType") == "Bundle":
        return [
            issue
            for entry in value.get("entry", ())
            for holder in (entry.get("resource"), entry.get("response", {}).get("outcome"))
            for issue in _issues(holder)
        ]
    return []


def _by_xpath(root: Element, path: str) -> list[Any]:
    try:
        found = root.xpath(path, namespaces=NAMESPACES)
    except etree.XPathError as error:
        raise PathFault(says.NO_XPATH.of(path=path, why=error)) from None
    if isinstance(found, bool):
        return [found]
    if isinstance(found, float):
        return [int(found) if found.is_integer() else found]
    if isinstance(found, str):
        return [found]
    assert isinstance(found, list)
    return [
        "".join(str(text) for text in one.itertext())
        if isinstance(one, etree._Element)
        else str(one)
        for one in found
    ]


def _by_pointer(value: Any, pointer: str) -> list[Any]:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            return []
    return [value]


@cache
def _compiled(path: str) -> Any:
    import fhirpathpy
    from fhirpathpy.models import models

    return fhirpathpy.compile(path, model=models["r4"])


def _by_fhirpath(value: Any, path: str) -> list[Any]:
    try:
        found = _compiled(path)(value)
    except Exception as error:
        raise PathFault(says.NO_VALUE.of(path=path, why=error)) from None
    return list(found) if isinstance(found, list) else [found]
