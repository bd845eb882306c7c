"""The only door for XML: octets come in, a tree that can be trusted in its form goes out.

Whatever we receive (SOAP, CDA, FHIR XML, SAML) is parsed here and nowhere else, so that no second,
softer parser can be forgotten. The door refuses document types, entities, other encodings than
UTF-8 and UTF-16 with its byte order mark, and shapes that only an attacker builds; comments and
processing instructions do not reach the tree, so a value cannot be cut in two by one. What an
element means, and whether it may stand where it stands, is left to the codecs.

The way out is here as well: small functions that make text and attribute values for codecs which
join their answers from strings.

Source:
    XML 1.0 (fifth edition): 2.2 characters, 2.11 line ends, 3.3.3 attributes, 4.3.3 encodings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from lxml import etree

from gateway.model.remembering import count_octets

Element: TypeAlias = etree._Element
"""An element of a tree made by :func:`read_xml`."""

MAX_DEPTH = 256
"""Elements inside one another; the parser library's own limit, kept where it is switched off."""

_SMALLEST_NODE = len(b"<a/>")
_XML_DECLARATION = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']([0-9.]{1,8})["']"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]{0,40})["'])?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*["'](?:yes|no)["'])?[ \t\r\n]*\?>"""
)
# How nearly all messages begin: UTF-8 without any mark, and nothing before the root element.
_ORDINARY = re.compile(
    rb"""(?:<\?xml version=(?:"1\.0"|'1\.0')(?: encoding=(?:"(?i:utf-8)"|'(?i:utf-8)'))? ?\?>)?"""
    rb"""[ \t\r\n]*<[A-Za-z_:][^\x00]"""
)
_ROOT_FOLLOWS = re.compile(rb"[ \t\r\n]*<[A-Za-z_:\x80-\xff]")
_BLANKS = re.compile(rb"[ \t\r\n]*")
_TAG_NAME = re.compile(rb"<([^\s/>!?][^\s/>]*)")
_EQUALS_QUOTE = re.compile(rb"""=[ \t\r\n]*["']""")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlLimits:
    """How large a message may be before it is refused.

    Attributes:
        octets: Of the whole message.
        nodes: Elements and attributes in the whole message, which decide over its memory: a tree
            takes up to 250 octets for each, with its text.
        attributes: On one element, namespace declarations included.
        name: Characters of an element's or attribute's name.
        huge_text: Whether one text may exceed the parser library's 10 MB, for documents that
            travel as base64 inside the message.
    """

    octets: int = 8 * 1024 * 1024
    nodes: int = 1_000_000
    attributes: int = 256
    name: int = 1024
    huge_text: bool = False


MESSAGE_LIMITS = XmlLimits()
"""For messages whose documents travel beside them."""

INLINE_LIMITS = XmlLimits(octets=72 * 1024 * 1024, nodes=200_000, huge_text=True)
"""For messages that carry documents of up to 50 MiB as base64 inside."""


class XmlRefused(Exception):
    """These octets are not XML we read; says where and what would be read.

    Attributes:
        location: The line, and the element where one is known.
        message: One sentence of ours; never the parser library's words, never the content.
    """

    def __init__(self, location: str, message: str) -> None:
        super().__init__(f"{location}: {message}")
        self.location = location
        self.message = message


class XmlTooLarge(XmlRefused):
    """The XML is larger than its door takes."""


def read_xml(
    octets: bytes,
    *,
    limits: XmlLimits = MESSAGE_LIMITS,
    keep_blanks: bool = False,
    keep_remarks: bool = False,
) -> Element:
    """Give the root element of a well-formed, bounded XML document without document type.

    Comments and processing instructions are gone, CDATA sections are text.

    Args:
        octets: The whole document.
        limits: How large it may be.
        keep_blanks: Keep white space between elements, which a signature was computed over.
        keep_remarks: Keep comments and processing instructions, for a caller that looks where they
            stand; whoever reads values never asks for them.

    Raises:
        XmlRefused: When the octets are anything else; the place and the way out are named.

    Source:
        Threats X1, X2, X5, X8, X9.
    """
    if len(octets) > limits.octets:
        raise XmlTooLarge(
            "line 1",
            f"the XML has {len(octets)} octets and at most {limits.octets} are read; "
            "send less at once, or documents as separate parts",
        )
    count_octets(len(octets))
    if not _ORDINARY.match(octets):
        octets = _in_utf8(octets)
        _refuse_document_type(octets)
    _refuse_crowds(octets, limits)
    try:
        root = etree.fromstring(octets, _parser(limits.huge_text, keep_blanks, keep_remarks))
    except etree.XMLSyntaxError as error:
        raise _refusal_of(error) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("line 1", _NO_DOCUMENT_TYPE)
    if limits.huge_text and _too_deep()(root):
        raise XmlRefused("line 1", _TOO_DEEP)
    return root


def text_of(element: Element) -> str:
    """Give the whole text of an element that holds nothing but text.

    Raises:
        XmlRefused: When another element stands inside.
    """
    if len(element):
        raise XmlRefused(
            place_of(element),
            f"the element {element[0].tag!s} stands where only text may stand; remove it",
        )
    return element.text or ""


def children(element: Element, tag: str) -> list[Element]:
    """Give the direct children with a tag in Clark notation, in document order."""
    return list(element.iterchildren(tag))


def place_of(element: Element) -> str:
    """Say where an element stands, for the location of a finding or refusal."""
    return f"line {element.sourceline}, {etree.QName(element).localname}"


def is_xml_text(text: str) -> bool:
    """Whether every character may stand in an XML document at all.

    Source:
        XML 1.0 (fifth edition): 2.2, production Char.
    """
    return text.isprintable() or _ILLEGAL.search(text) is None


def decoded(octets: bytes) -> str:
    """The characters of a document that :func:`read_xml` has let in."""
    utf_16 = octets.startswith((b"\xff\xfe", b"\xfe\xff"))
    return octets.decode("utf-16" if utf_16 else "utf-8-sig")


def escape_text(text: str) -> str:
    """Give text as it stands between two tags; a parser gives back the same characters.

    Raises:
        ValueError: When a character cannot stand in XML; a caller that holds text from another
            wire asks :func:`is_xml_text` first.
    """
    if not text.isprintable():
        _require_xml_text(text)
        # A parser turns a bare carriage return into a line feed (XML 1.0: 2.11).
        text = text.replace("&", "&amp;").replace("\r", "&#13;")
    elif "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text


def escape_attribute(text: str) -> str:
    """Give text as it stands between double quotes; a parser gives back the same characters.

    Raises:
        ValueError: When a character cannot stand in XML.
    """
    escaped = escape_text(text)
    if '"' in escaped:
        escaped = escaped.replace('"', "&quot;")
    if not text.isprintable():
        # A parser turns each of these into a space (XML 1.0: 3.3.3).
        escaped = escaped.replace("\t", "&#9;").replace("\n", "&#10;")
    return escaped


def write_xml(element: Element) -> bytes:
    """Give an element as UTF-8 without declaration, with the namespaces it needs."""
    octets: bytes = etree.tostring(
        element, encoding="utf-8", xml_declaration=False, with_tail=False
    )
    return octets


def canonical(source: bytes | Element) -> bytes:
    """Give the one form in which two equal documents are the same octets.

    Source:
        Exclusive XML Canonicalization 1.0, without comments.
    """
    root = read_xml(source) if isinstance(source, bytes) else source
    octets: bytes = etree.tostring(
        root, method="c14n", exclusive=True, with_comments=False, with_tail=False
    )
    return octets


@cache
def _parser(huge_text: bool, keep_blanks: bool, keep_remarks: bool) -> etree.XMLParser:
    # The encoding was checked and made UTF-8 before; the declaration has no say any more.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=huge_text,
        remove_comments=not keep_remarks,
        remove_pis=not keep_remarks,
        remove_blank_text=not keep_blanks,
        collect_ids=False,
        recover=False,
    )


@cache
def _too_deep() -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")


def _in_utf8(octets: bytes) -> bytes:
    """Give the document in UTF-8, having checked what its first octets and declaration say."""
    declared = "utf-8"
    if octets.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise XmlRefused("line 1", _NO_ENCODING)
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        declared = "utf-16"
        try:
            octets = octets.decode("utf-16").encode()
        except UnicodeError:
            raise XmlRefused("line 1", "some octets are not UTF-16; send UTF-8") from None
    elif octets.startswith(b"\xef\xbb\xbf"):
        octets = octets[3:]
    elif b"\x00" in octets[:4] or not octets.startswith((b"<", b" ", b"\t", b"\r", b"\n")):
        if not octets:
            raise XmlRefused("line 1", "there is no XML at all; send a document")
        raise XmlRefused("line 1", _NO_ENCODING)
    if octets.startswith((b"<?xml ", b"<?xml\t", b"<?xml\r", b"<?xml\n")):
        declaration = _XML_DECLARATION.match(octets)
        if declaration is None:
            raise XmlRefused(
                "line 1",
                "the XML declaration cannot be read; "
                'write <?xml version="1.0" encoding="UTF-8"?> or leave it out',
            )
        version, encoding = declaration.groups()
        if version != b"1.0":
            raise XmlRefused("line 1", "the XML declaration names another version; write 1.0")
        if encoding is not None and encoding.decode("ascii").lower() != declared:
            raise XmlRefused("line 1", _NO_ENCODING)
    return octets


def _refuse_document_type(octets: bytes) -> None:
    """Refuse a DOCTYPE; it can stand before the root element only, so no more is looked at."""
    declaration = _XML_DECLARATION.match(octets)
    at = declaration.end() if declaration else 0
    if _ROOT_FOLLOWS.match(octets, at):
        return
    while True:
        blanks = _BLANKS.match(octets, at)
        at = blanks.end() if blanks else at
        if octets.startswith(b"<!--", at):
            opening, closing = b"<!--", b"-->"
        elif octets.startswith(b"<?", at):
            opening, closing = b"<?", b"?>"
        elif octets.startswith(b"<!", at):
            raise XmlRefused(_line(octets, at), _NO_DOCUMENT_TYPE)
        else:
            return
        end = octets.find(closing, at + len(opening))
        if end == -1:
            return  # unfinished, which the parser says better
        at = end + len(closing)


def _refuse_crowds(octets: bytes, limits: XmlLimits) -> None:
    """Refuse too many nodes, too many attributes on one element, and monstrous names.

    Well-formed tags hold no ``<`` but their first octet, so a tag that breaks a limit needs a run
    of octets without ``<`` as long as the longest legal name, or as the shortest spelling of that
    many attributes. Messages without such a run, nearly all, are let through at the cost of one
    backward search per run length; in the others only those runs are read.
    """
    if len(octets) > limits.nodes * _SMALLEST_NODE:
        elements = octets.count(b"<") - octets.count(b"</")
        if elements + octets.count(b"=") > limits.nodes:  # text may hold that sign as well
            elements += sum(1 for _ in _EQUALS_QUOTE.finditer(octets))
            if elements > limits.nodes:
                raise XmlTooLarge(
                    "line 1",
                    f"the XML has more than {limits.nodes} elements and attributes; "
                    "send less at once",
                )
    run = min(limits.name, limits.attributes * len(b' a=""'))
    at = octets.find(b"<")
    while at != -1:
        last = octets.rfind(b"<", at + 1, at + 1 + run)
        if last == -1:
            _refuse_crowded_tag(octets, at, limits)
            last = octets.find(b"<", at + 1 + run)
        at = last


def _refuse_crowded_tag(octets: bytes, at: int, limits: XmlLimits) -> None:
    tag = _TAG_NAME.match(octets, at)
    if tag is None:
        return
    _refuse_long_name(octets, at, tag[1], limits)
    count, end = 0, tag.end()
    while attribute := _ATTRIBUTE.match(octets, end):
        count, end = count + 1, attribute.end()
        _refuse_long_name(octets, at, attribute[1], limits)
        if count > limits.attributes:
            raise XmlRefused(
                _line(octets, at),
                f"an element has more than {limits.attributes} attributes; send fewer",
            )


def _refuse_long_name(octets: bytes, at: int, name: bytes, limits: XmlLimits) -> None:
    if len(name) > limits.name and len(name.decode("utf-8", "replace")) > limits.name:
        raise XmlRefused(
            _line(octets, at),
            f"a name has more than {limits.name} characters; use the names of the standard",
        )


def _line(octets: bytes, at: int) -> str:
    lines = octets.count(b"\n", 0, at)
    return f"line {lines + 1}"


def _require_xml_text(text: str) -> None:
    found = _ILLEGAL.search(text)
    if found:
        raise ValueError(f"the character U+{ord(found[0]):04X} cannot stand in XML")


_NO_DOCUMENT_TYPE = "a document type (DOCTYPE) is not accepted; remove it and spell entities out"
_NO_ENCODING = "the encoding is not one we read; send UTF-8, or UTF-16 with its byte order mark"
_TOO_DEEP = f"elements stand inside one another more than {MAX_DEPTH} deep; send a flatter message"
_NOT_WELL_FORMED = "the XML is not well formed here; check it with an XML tool and send it again"

_SENTENCES = {
    "ERR_DOCUMENT_EMPTY": "there is no element; send an XML document",
    "ERR_DOCUMENT_END": "something follows the root element; send one document only",
    "ERR_INVALID_CHAR": "a character stands here that XML does not allow; remove it",
    "ERR_INVALID_ENCODING": "these octets are not UTF-8; encode the message in UTF-8",
    "ERR_UNDECLARED_ENTITY": "an entity is used that XML does not define; write the character",
    "ERR_NAME_REQUIRED": "a name is missing here; write & as &amp; and < as &lt;",
    "ERR_LT_IN_ATTRIBUTE": "an attribute's value holds <; write &lt;",
    "ERR_ATTRIBUTE_REDEFINED": "an element has the same attribute twice; keep one",
    "ERR_TAG_NAME_MISMATCH": "the end tag belongs to another element; close each where it opened",
    "ERR_TAG_NOT_FINISHED": "the XML ends before its last end tag; send the whole message",
    "ERR_NAME_TOO_LONG": "a name is too long; use the names of the standard",
    "ERR_MISPLACED_CDATA_END": "the characters ]]> stand in text; write ]]&gt;",
    "NS_ERR_UNDEFINED_NAMESPACE": "a prefix is used that no xmlns attribute declares; declare it",
    "NS_ERR_ATTRIBUTE_REDEFINED": "an element has the same attribute twice; keep one",
    "NS_ERR_QNAME": "a name has more than one colon; write prefix:name",
    "NS_ERR_XML_NAMESPACE": "a namespace declaration is not allowed; correct the xmlns attribute",
    "WAR_NS_URI": "a namespace is not a URI; correct the xmlns attribute",
}


@cache
def _sentences() -> dict[int, str]:
    by_code = {getattr(etree.ErrorTypes, name): text for name, text in _SENTENCES.items()}
    by_code[etree.ErrorTypes.ERR_RESOURCE_LIMIT] = (
        f"elements stand more than {MAX_DEPTH} deep, or one text has more than 10 MB; "
        "send a flatter message, and documents as separate parts"
    )
    return by_code


def _refusal_of(error: etree.XMLSyntaxError) -> XmlRefused:
    line, column = error.position
    code: int = getattr(error, "code", 0)
    message = _sentences().get(code, _NOT_WELL_FORMED)
    return XmlRefused(f"line {line}, column {column}", message)
