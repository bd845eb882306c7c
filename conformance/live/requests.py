"""Steps of a suite to requests: templates filled in, changed, put into an envelope or a form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from conformance.live.messages import Part, envelope, multipart, soap_headers
from conformance.live.target import Target
from conformance.suite.edits import EditFault, edit_json, edit_xml
from conformance.suite.values import Step, Suite
from conformance.suite.words import Scope, WordFault, in_json, in_xml, plain

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, ready to be sent but for the credential.

    Attributes:
        soap: Whether a credential is an assertion in the header, not a token.
        parts: Documents beside the message; with ``None`` the message travels alone.
        action: Of a SOAP message.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    octets: bytes
    soap: bool = False
    parts: tuple[Part, ...] | None = None
    action: str = ""
    start: bool = True

    def finished(self, assertion: bytes = b"", token: str = "") -> Request:
        """Give the request as it leaves, with a credential in its place."""
        octets, headers = self.octets, dict(self.headers)
        if token:
            headers["authorization"] = f"Bearer {token}"
        if assertion:
            octets = octets.replace(b"</s:Header>", assertion + b"</s:Header>", 1)
        if self.parts is not None:
            headers["content-type"], octets = multipart(
                octets, self.parts, action=self.action, start=self.start
            )
        return Request(method=self.method, url=self.url, headers=headers, octets=octets)


@dataclass
class Templates:
    """The request templates of a suite, each read once."""

    suite: Suite
    known: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, step: Step) -> str:
        """Give a template by name; the ending may be left out."""
        if name not in self.known:
            self.known[name] = self._path(name, step).read_text(encoding="utf-8")
        return self.known[name]

    def _path(self, name: str, step: Step) -> Path:
        for folder in self.suite.folders:
            for ending in ("", ".xml", ".json", ".txt"):
                path = folder / "requests" / f"{name}{ending}"
                if path.is_file():
                    return path
        folders = ", ".join(str(folder / "requests") for folder in self.suite.folders)
        raise step.fault(f"there is no request template {name} in {folders}")


class RequestWriter:
    """Writes the requests of one suite to one server."""

    def __init__(self, suite: Suite, target: Target) -> None:
        self.target = target
        self._templates = Templates(suite)

    def write(self, step: Step, scope: Scope) -> Request:
        """Give the request of a step.

        Raises:
            SuiteFault: When the step cannot be carried out as it is written.
        """
        try:
            return self._written(step, scope.inside(step.table.get("with")))
        except (WordFault, EditFault) as fault:
            raise step.fault(str(fault)) from None

    def _written(self, step: Step, scope: Scope) -> Request:
        table = step.table
        door = str(table.get("to", "fhir"))
        address = self.target.address(door)
        if not address:
            raise step.fault(f"the server has no {door}; the suite should require it")
        if door == "fhir":
            return self._fhir(step, scope, address)
        return self._soap(step, scope, address)

    def _soap(self, step: Step, scope: Scope, address: str) -> Request:
        table = step.table
        action = scope.filled(str(table.get("action", "")))
        message_id = f"urn:uuid:{scope.filled('${uuid()}')}"
        parts = self._lists(step, scope, in_xml, "\n")
        body = self._body(step, scope, in_xml)
        text = envelope(body, action=action, to=address, message_id=message_id)
        if "raw" in table:
            text = scope.filled(str(table["raw"]))
        octets = edit_xml(text.encode(), table.get("change", ()), scope)
        _tell(scope, "message_id", message_id)
        headers = {**soap_headers(action), **self._headers(table, scope)}
        packaging = table.get("packaging", "plain")
        return Request(
            method="POST",
            url=address,
            headers=headers,
            octets=octets,
            soap=True,
            parts=tuple(parts) if packaging == "mtom" else None,
            action=action,
            start=bool(table.get("multipart", True)),
        )

    def _fhir(self, step: Step, scope: Scope, address: str) -> Request:
        table = step.table
        path = scope.filled(str(table.get("path", "")))
        url = path if path.startswith(("http://", "https://")) else f"{address}/{path}".rstrip("/")
        query = _query(table.get("query", {}), scope)
        method = str(table.get("method", "GET"))
        headers = {"accept": FHIR_JSON, **self._headers(table, scope)}
        octets = b""
        if "raw" in table:
            octets = scope.filled(str(table["raw"])).encode()
        elif "body" in table:
            self._lists(step, scope, in_json, ",\n")
            octets = self._body(step, scope, in_json).encode()
        if octets and step.table.get("change"):
            octets = edit_json(octets, table["change"], scope)
        if octets and "content-type" not in headers:
            headers["content-type"] = str(table.get("content_type", FHIR_JSON))
        if query and method == "POST" and not octets:
            headers["content-type"] = "application/x-www-form-urlencoded"
            octets = query.encode()
        elif query:
            url += ("&" if "?" in url else "?") + query
        if octets and "json" in headers.get("content-type", "") and "raw" not in table:
            octets = self._checked(octets, step)
        return Request(method=method, url=url, headers=headers, octets=octets)

    def _checked(self, octets: bytes, step: Step) -> bytes:
        try:
            return json.dumps(json.loads(octets), ensure_ascii=False).encode()
        except ValueError as error:
            raise step.fault(f"the template makes no JSON: {error}") from None

    def _body(self, step: Step, scope: Scope, escape: Any) -> str:
        name = step.table.get("body")
        return scope.filled(self._templates.text(str(name), step), escape) if name else ""

    def _lists(self, step: Step, scope: Scope, escape: Any, between: str) -> list[Part]:
        """Fill the lists of pieces in; a piece with a content id is a part beside the message."""
        parts: list[Part] = []
        for word in ("objects", "documents"):
            texts: list[str] = []
            pieces = list(step.table.get(word, ()))
            if word == "objects":
                pieces += _asked(step.table.get("asks", {}))
            for piece in pieces:
                given = {key: one for key, one in piece.items() if key != "template"}
                inner = scope.inside(given)
                texts.append(inner.filled(self._templates.text(piece["template"], step), escape))
                if word == "documents" and "Include" in texts[-1]:
                    parts.append(
                        Part(
                            content_id=inner.value("content_id"),
                            content_type=inner.value("mime_type"),
                            octets=inner.value("document").encode(),
                        )
                    )
            scope.put(word, between.join(texts))
        return parts

    def _headers(self, table: Mapping[str, Any], scope: Scope) -> dict[str, str]:
        return {
            name.lower(): scope.filled(str(text)) for name, text in table.get("headers", {}).items()
        }


def _asked(asks: Mapping[str, Any]) -> list[dict[str, str]]:
    """The parameters of a stored query, each as its piece."""
    return [
        {"template": "asked", "name": name, "value": str(one)}
        for name, value in asks.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def _tell(scope: Scope, name: str, value: str) -> None:
    """Put a value where later steps of the test see it."""
    outermost = scope
    while outermost.outer is not None:
        outermost.values.pop(name, None)
        outermost = outermost.outer
    outermost.put(name, value)


def _query(query: Mapping[str, Any] | str, scope: Scope) -> str:
    if isinstance(query, str):
        return scope.filled(query)
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        several: Sequence[Any] = value if isinstance(value, list) else [value]
        pairs += [(name, scope.filled(str(one), plain)) for one in several]
    return urlencode(pairs, quote_via=quote)
