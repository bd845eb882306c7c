"""The one place an assertion may have in a message, and its octets alone.

A signature says nothing about where a signed element stands, so whoever verifies one thing and
reads another can be made to read what nobody signed. Here a message has exactly one assertion,
exactly there; that element is serialised by itself, and nothing else of the message is ever looked
at again.

Source:
    WSS SAML Token Profile 1.1.1: 3.3; IHE ITI TF-2: 3.40; threats S1, S2, X7, X8.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway.codecs.xml import Element, XmlLimits, XmlRefused, read_xml
from gateway.security.errors import (
    FAILED_AUTHENTICATION,
    INVALID_SECURITY,
    INVALID_SECURITY_TOKEN,
    WSSE,
    NotAuthenticated,
)
from gateway.security.saml.names import SOAP, WSU, saml

_LIMITS = XmlLimits(octets=64 * 1024 * 1024, nodes=200_000)
_ASSERTION = saml("Assertion")
_ENVELOPE, _HEADER, _BODY = (f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body"))
_SECURITY, _TIMESTAMP = f"{{{WSSE}}}Security", f"{{{WSU}}}Timestamp"
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
_LONGEST = 256 * 1024
"""Octets of an assertion, certificates included."""

# All in one pass of the library: whatever anybody could take for an assertion or a security header,
# wherever it stands and whatever namespace it claims, and the identifiers a reference could mean.
_LOOK_ALIKES = etree.XPath(
    "//*[local-name()='Assertion' or local-name()='EncryptedAssertion' or local-name()='Security']",
    smart_strings=False,
)
_IDS = etree.XPath(
    "//@*[local-name()='ID' or local-name()='Id' or local-name()='iD' "
    "or local-name()='AssertionID' or name()='xml:id']",
    smart_strings=False,
)
_SAME = etree.XPath("count(//@*[string()=$id])", smart_strings=False)


def place_assertion(envelope: bytes) -> bytes:
    """Give the octets of the one assertion of a message, with the namespaces it stands in.

    Raises:
        NotAuthenticated: When there is none, more than one, or it stands anywhere else.
    """
    try:
        root = read_xml(envelope, limits=_LIMITS, keep_blanks=True, keep_remarks=True)
    except XmlRefused:
        raise NotAuthenticated("the message cannot be read", subcode=INVALID_SECURITY) from None
    parts = _elements(root)
    if root.tag != _ENVELOPE or [part.tag for part in parts] != [_HEADER, _BODY]:
        raise NotAuthenticated(
            "the message has no header with a security token", subcode=FAILED_AUTHENTICATION
        )
    blocks = [block for block in _elements(parts[0]) if block.tag == _SECURITY]
    if not blocks:
        raise NotAuthenticated("there is no security header", subcode=FAILED_AUTHENTICATION)
    tokens = _elements(blocks[0])
    assertions = [token for token in tokens if token.tag == _ASSERTION]
    if not assertions:
        raise NotAuthenticated("there is no assertion", subcode=FAILED_AUTHENTICATION)
    if len(blocks) > 1 or len(_found(_LOOK_ALIKES, root)) != 2 or len(assertions) != 1:
        raise NotAuthenticated("more than one assertion could be meant", subcode=INVALID_SECURITY)
    if any(token.tag not in {_ASSERTION, _TIMESTAMP} for token in tokens):
        raise NotAuthenticated("the header has tokens of another kind", subcode=INVALID_SECURITY)
    assertion = assertions[0]
    _require_own_id(root, assertion)
    _refuse_remarks_in_values(assertion)
    octets: bytes = etree.tostring(assertion, encoding="utf-8", with_tail=False)
    if len(octets) > _LONGEST:
        raise NotAuthenticated("the assertion is too long", subcode=INVALID_SECURITY_TOKEN)
    return octets


def _found(path: etree.XPath, root: Element) -> list[object]:
    found = path(root)
    return list(found) if isinstance(found, list) else []


def _elements(parent: Element) -> list[Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def _require_own_id(root: Element, assertion: Element) -> None:
    """Make sure that a reference to the assertion's ID can mean nothing else in the message."""
    own = assertion.get("ID", "")
    if not _ID.fullmatch(own):
        raise NotAuthenticated("the assertion has no ID", subcode=INVALID_SECURITY_TOKEN)
    ids = _found(_IDS, root)
    if len(set(ids)) != len(ids) or _SAME(root, id=own) != 1:
        raise NotAuthenticated("an ID stands twice", subcode=INVALID_SECURITY_TOKEN)


def _refuse_remarks_in_values(assertion: Element) -> None:
    """Refuse comments and processing instructions beside text; between elements they say nothing.

    A comment is no part of the signed form, so anybody may put one into a signed value, and a
    careless reader takes what stands before it for the whole.
    """
    for node in assertion.iter(etree.Comment, etree.ProcessingInstruction):
        parent = node.getparent()
        if parent is None:
            continue
        texts = [parent.text, *(child.tail for child in parent)]
        if not _elements(parent) or any(text and not text.isspace() for text in texts):
            raise NotAuthenticated(
                "a comment or instruction stands inside a value", subcode=INVALID_SECURITY_TOKEN
            )
