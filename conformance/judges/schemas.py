"""The XML schemas of ebXML RegRep and XDS.b, where somebody has them at hand.

None is shipped. A folder that has the files under their usual names is used as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from lxml import etree

from conformance.judges.context import Context
from gateway.codecs.xml import Element
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue

_FILES = {
    "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0": "lcm.xsd",
    "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0": "query.xsd",
    "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0": "rs.xsd",
    "urn:ihe:iti:xds-b:2007": "XDS.b_DocumentRepository.xsd",
}


def schema_issues(root: Element, context: Context) -> Iterator[Issue]:
    """Find what breaks the schema of a message; nothing where no schema is at hand."""
    if context.xsd is None:
        return
    name = _FILES.get(etree.QName(root).namespace or "")
    schema = _schema(context.xsd, name) if name else None
    if schema is None or schema.validate(root):
        return
    for error in schema.error_log:  # type: ignore[attr-defined]
        yield message_issue("xds-schema", error.message, f"line {error.line}")


@lru_cache(maxsize=8)
def _schema(place: Path, name: str) -> etree.XMLSchema | None:
    folder = place if place.is_dir() else place.parent
    path = next((one for one in sorted(folder.rglob("*.xsd")) if one.name == name), None)
    if path is None:
        return None
    return etree.XMLSchema(file=str(path))
