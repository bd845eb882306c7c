"""The process Saxon runs in: stylesheets and documents come in, plain records go out.

A process of its own, because a native library that goes wrong must not take the server with it, and
because it can be stopped at a deadline and limited in memory. It speaks over two pipes; frames are
a length of eight octets and JSON. It opens no file outside the folders it is told.

Run as ``python -m gateway.validation.cda.worker``; :mod:`gateway.validation.cda.saxon` is the other
end.
"""

from __future__ import annotations

import json
import os
import re
import struct
import sys
from pathlib import Path
from typing import IO, Any

from gateway.codecs.xml import (
    XmlLimits,
    XmlRefused,
    decoded,
    escape_attribute,
    is_xml_text,
    read_xml,
)
from gateway.validation.cda.folders import Folders, Outside

_LIMITS = XmlLimits(octets=64 * 1024 * 1024, nodes=4_000_000)
_MISSING = re.compile(r"^[XR]\t[^\n]*\t[\w-]*:?missing\t([^\t\n]+)$", re.MULTILINE)
_ROUNDS = 8
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>")


class Saxon:
    """The XSLT processor with what it has compiled and the documents it has read."""

    def __init__(self) -> None:
        from saxonche import PySaxonProcessor

        self._processor: Any = PySaxonProcessor(license=False)
        for name, value in (
            ("http://saxon.sf.net/feature/allowedProtocols", "none"),
            ("http://saxon.sf.net/feature/allow-external-functions", "false"),
        ):
            self._processor.set_configuration_property(name, value)
        self._compiler: Any = self._processor.new_xslt30_processor()
        self._stylesheets: dict[str, Any] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._document: Any = None

    def compile(self, name: str, text: str) -> str:
        """Compile a stylesheet; give what Saxon has to say against it, nothing where it took it."""
        from saxonche import PySaxonApiError

        try:
            self._stylesheets[name] = self._compiler.compile_stylesheet(stylesheet_text=text)
        except PySaxonApiError as error:
            return str(error) or "the stylesheet cannot be compiled"
        return ""

    def forget(self, name: str) -> None:
        """Let a compiled stylesheet go."""
        self._stylesheets.pop(name, None)

    def run(self, runs: list[dict[str, Any]], document: str | None) -> list[dict[str, Any]]:
        """Run some stylesheets on a document, the last one again where none is given."""
        from saxonche import PySaxonApiError

        if document is not None:
            self._document = None
            try:
                self._document = self._processor.parse_xml(xml_text=document)
            except PySaxonApiError as error:
                return [{"error": str(error)} for _ in runs]
        if self._document is None:
            return [{"error": "there is no document"} for _ in runs]
        return [self._run(run, self._document) for run in runs]

    def _run(self, run: dict[str, Any], node: Any) -> dict[str, Any]:
        from saxonche import PySaxonApiError

        executable = self._stylesheets.get(run["name"])
        if executable is None:
            return {"error": "the stylesheet was not compiled"}
        known = self._documents.setdefault(run["base"], {})
        text = ""
        for reference in run["documents"]:
            if reference not in known:
                known[reference] = self._read(reference, run["base"], run["folders"])
        for _ in range(_ROUNDS):
            try:
                executable.set_parameter("{urn:gateway:own}documents", self._map(known))
                text = executable.transform_to_string(xdm_node=node) or ""
            except PySaxonApiError as error:
                return {"error": str(error)}
            missing = set(_MISSING.findall(text)) - known.keys()
            if not missing:
                break
            for reference in missing:
                known[reference] = self._read(reference, run["base"], run["folders"])
        absent = [name for name in run["documents"] if known[name] is None]
        return {"text": text, "absent": absent}

    def _map(self, known: dict[str, Any]) -> Any:
        absent = self._processor.make_boolean_value(False)
        return self._processor.make_map2(
            {name: absent if node is None else node for name, node in known.items()}
        )

    def _read(self, reference: str, base: str, folders: list[str]) -> Any:
        from saxonche import PySaxonApiError

        try:
            path = Folders(map(Path, folders)).find(reference, Path(base))
            if path is None:
                return None
            octets = path.read_bytes()
            if path.suffix.lower() == ".tsv":
                return self._processor.parse_xml(xml_text=table(octets.decode("utf-8-sig")))
            read_xml(octets, limits=_LIMITS)
            return self._processor.parse_xml(xml_text=as_text(octets))
        except (OSError, Outside, XmlRefused, UnicodeError, PySaxonApiError):
            return None


def table(text: str) -> str:
    """A table of a profile (a heading, then rows, parted by tabs) as rules can read it.

    Each row is an element ``row`` whose attributes are named by the heading; lines that begin with
    ``#`` say where the table comes from.
    """
    lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    if not lines:
        return "<table/>"
    heading = [name if _COLUMN.fullmatch(name) else "" for name in lines[0]]
    rows = []
    for line in lines[1:]:
        cells = (
            f'{name}="{escape_attribute(cell)}"'
            for name, cell in zip(heading, line, strict=False)
            if name and is_xml_text(cell)
        )
        rows.append(f"<row {' '.join(cells)}/>")
    return f"<table>{''.join(rows)}</table>"


def as_text(octets: bytes) -> str:
    """The characters of such a document without XML declaration."""
    return _DECLARATION.sub("", decoded(octets), count=1)


def read_frame(stream: IO[bytes]) -> Any:
    """Give the next message, nothing where the other end is gone."""
    head = _exactly(stream, 8)
    if head is None:
        return None
    body = _exactly(stream, struct.unpack(">Q", head)[0])
    return None if body is None else json.loads(body)


def write_frame(stream: IO[bytes], message: Any) -> None:
    """Send a message."""
    body = json.dumps(message, ensure_ascii=False).encode()
    stream.write(struct.pack(">Q", len(body)) + body)
    stream.flush()


def _exactly(stream: IO[bytes], size: int) -> bytes | None:
    octets = stream.read(size)
    return octets if octets is not None and len(octets) == size else None


def _limit(memory: int, seconds: int) -> None:
    import resource

    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def main() -> None:
    """Answer until the other end closes its pipe."""
    # What the library prints must not stand between our frames, nor in somebody's terminal.
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    _limit(int(sys.argv[1]) if len(sys.argv) > 1 else 0, 0)
    saxon = Saxon()
    while (request := read_frame(requests)) is not None:
        answer: Any
        if request["do"] == "compile":
            answer = saxon.compile(request["name"], request["text"])
        elif request["do"] == "forget":
            saxon.forget(request["name"])
            answer = ""
        else:
            answer = saxon.run(request["runs"], request["document"])
        write_frame(answers, answer)
    # The library's threads have no say in how long we live.
    os._exit(0)


if __name__ == "__main__":
    main()
