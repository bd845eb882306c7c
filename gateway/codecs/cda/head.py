"""The head of a clinical document that is too large to be held: everything before its body.

The header is the first part of every document, and a large document is large because of what its
body wraps. Its first octets are therefore cut where the body begins and closed again; what comes
out is a document whose header is whole and whose body is empty.

Source:
    HL7 CDA R2 (2005): schema, ClinicalDocument.component is the last element.
"""

from __future__ import annotations

import re

_BODY = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|(?P<component><(?P<prefix>(?:[\w.-]+:)?)component[\s>])",
    re.DOTALL,
)
_BLANK = rb"(?:\s|<!--.*?-->)*"


def head_of(first_octets: bytes) -> bytes | None:
    """Give a document with the same header and an empty body.

    The media type of a wrapped file, which stands where the body begins, is kept.

    Args:
        first_octets: As many of the document's first octets as may be held.

    Returns:
        ``None`` when the body does not begin in them.
    """
    found = next((m for m in _BODY.finditer(first_octets) if m["component"]), None)
    if found is None:
        return None
    prefix = found["prefix"]
    body = re.compile(
        rb"<%(p)scomponent(?:\s[^>]*)?>%(b)s(?:<%(p)sstructuredBody[\s>]"
        rb"|(?P<wrapped><%(p)snonXMLBody(?:\s[^>]*)?>%(b)s<%(p)stext(?:\s[^>]*)?>))"
        % {b"p": re.escape(prefix), b"b": _BLANK},
        re.DOTALL,
    ).match(first_octets, found.start())
    if body is None:
        return None
    if body["wrapped"] is None:
        return first_octets[: found.start()] + b"</%sClinicalDocument>" % prefix
    closed = b"</%(p)stext></%(p)snonXMLBody></%(p)scomponent></%(p)sClinicalDocument>"
    return first_octets[: body.end()] + closed % {b"p": prefix}
