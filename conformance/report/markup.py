"""Text as XML and HTML take it: whatever a payload holds, it stays text."""

from __future__ import annotations

import re

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold, not even as a reference."""

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": ""}
)


def escaped(text: str) -> str:
    """Give a text for content and for attribute values in quotes."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text).translate(_ESCAPES)


def attribute(text: str) -> str:
    """Give a text for an XML attribute, where a line break must be written as a reference."""
    return escaped(text).replace("\n", "&#10;").replace("\t", "&#9;")
