"""What a file is, told from its first octets; its name only decides where they leave a choice.

Nothing is parsed here: a folder of ten thousand files is sorted in no time, and a file that is
broken is still told what it was meant to be, so that its own judge can say what is wrong with it.
"""

from __future__ import annotations

import re

from conformance.report.values import PayloadKind

_HEAD = 64 * 1024
"""Octets that are looked at; remarks before the root element are shorter."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BEFORE_ROOT = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(rb"<(?:([\w.-]+):)?([\w.-]+)((?:\s+[\w.:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)")
_NAMESPACE = re.compile(rb"xmlns(?::([\w.-]+))?\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_START_LINE = re.compile(
    rb"(?:[A-Z]{3,8} [^\r\n ]+ HTTP/\d(?:\.\d)?|HTTP/\d(?:\.\d)? \d{3}[^\r\n]*)\r?\n"
)
_HEADER_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,63}:[^\r\n]*\r?\n")
_MULTIPART = re.compile(rb"^content-type:\s*multipart/", re.IGNORECASE | re.MULTILINE)
_DELIMITER = re.compile(rb"(?:\r?\n)?--[^\r\n]{1,70}\r?\n(?:[A-Za-z][A-Za-z0-9-]{1,63}:|\r?\n)")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")

_BY_NAMESPACE = {
    b"urn:hl7-org:v3": PayloadKind.CDA,
    b"http://hl7.org/fhir": PayloadKind.FHIR,
    b"http://www.w3.org/2003/05/soap-envelope": PayloadKind.SOAP,
    b"http://schemas.xmlsoap.org/soap/envelope/": PayloadKind.SOAP,
    b"urn:oasis:names:tc:SAML:2.0:assertion": PayloadKind.SAML,
    b"urn:oasis:names:tc:SAML:1.0:assertion": PayloadKind.SAML,
    b"urn:ihe:iti:xds-b:2007": PayloadKind.XDS,
    b"urn:ihe:iti:rmd:2017": PayloadKind.XDS,
}
_EBXML = b"urn:oasis:names:tc:ebxml-regrep:"
_SECURITY = b"oasis-200401-wss-wssecurity-secext"
_BY_ROOT = {
    b"ClinicalDocument": PayloadKind.CDA,
    b"Envelope": PayloadKind.SOAP,
    b"Assertion": PayloadKind.SAML,
    b"Security": PayloadKind.SAML,
    b"SubmitObjectsRequest": PayloadKind.XDS,
    b"UpdateObjectsRequest": PayloadKind.XDS,
    b"RemoveObjectsRequest": PayloadKind.XDS,
    b"AdhocQueryRequest": PayloadKind.XDS,
    b"AdhocQueryResponse": PayloadKind.XDS,
    b"RegistryResponse": PayloadKind.XDS,
    b"RegistryObjectList": PayloadKind.XDS,
    b"ProvideAndRegisterDocumentSetRequest": PayloadKind.XDS,
    b"RetrieveDocumentSetRequest": PayloadKind.XDS,
    b"RetrieveDocumentSetResponse": PayloadKind.XDS,
    b"RemoveDocumentsRequest": PayloadKind.XDS,
}
"""For a root element whose namespace is missing or wrong, which its judge will say."""


def recognise(octets: bytes, name: str = "") -> PayloadKind:
    """Give what a payload is.

    Args:
        octets: The whole payload; only the first 64 KiB are looked at.
        name: Of its file; it decides for octets that say nothing, as those of an empty file.
    """
    if octets.startswith(_ZIP):
        return PayloadKind.XDM
    head = octets[:_HEAD]
    if head.startswith(_UTF_16):
        head = head[: len(head) & ~1].decode("utf-16", "replace").encode()
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):
        return _of_json(octets, name)
    if head.startswith(b"<"):
        return _of_xml(head)
    if _DELIMITER.match(head):
        return PayloadKind.MTOM
    if _START_LINE.match(head) or _HEADER_LINE.match(head):
        return _of_exchange(head)
    return _of_name(name) if not head else PayloadKind.UNKNOWN


def headers_end(octets: bytes) -> int:
    """Where the HTTP or MIME headers of a recorded exchange end; 0 where it has none."""
    at = len(octets) - len(octets.lstrip())
    start = _START_LINE.match(octets, at)
    end = start.end() if start else at
    if not start and not _HEADER_LINE.match(octets, at):
        return 0
    found = _EMPTY_LINE.search(octets, max(end - 2, 0))
    return found.end() if found else len(octets)


def _of_json(octets: bytes, name: str) -> PayloadKind:
    # A package's index, a report of ours and the like are JSON and no FHIR.
    if b'"resourceType"' in octets:
        return PayloadKind.FHIR
    return (
        PayloadKind.FHIR if name.lower().endswith((".fhir.json", ".fhir")) else PayloadKind.UNKNOWN
    )


def _of_xml(head: bytes) -> PayloadKind:
    at = 0
    while found := _BEFORE_ROOT.match(head, at):
        at = found.end()
    root = _ROOT.match(head, at)
    if root is None:
        return PayloadKind.UNKNOWN
    prefix, word, attributes = root.groups()
    namespaces = {
        one[1]: one[2] if one[2] is not None else one[3] for one in _NAMESPACE.finditer(attributes)
    }
    namespace = namespaces.get(prefix, b"")
    if word == b"ClinicalDocument" or namespace != b"urn:hl7-org:v3":
        kind = _BY_NAMESPACE.get(namespace)
        if kind is not None:
            return kind
    if namespace.startswith(_EBXML):
        return PayloadKind.XDS
    if _SECURITY in namespace:
        return PayloadKind.SAML
    return _BY_ROOT.get(word, PayloadKind.UNKNOWN)


def _of_exchange(head: bytes) -> PayloadKind:
    """HTTP or MIME headers, and what follows them."""
    end = headers_end(head)
    if _MULTIPART.search(head[:end]):
        return PayloadKind.MTOM
    body = head[end:].lstrip()
    if body.startswith(b"<"):
        kind = _of_xml(body)
        return PayloadKind.SOAP if kind is not PayloadKind.FHIR else kind
    if _DELIMITER.match(body):
        return PayloadKind.MTOM
    return PayloadKind.UNKNOWN


def _of_name(name: str) -> PayloadKind:
    return PayloadKind.MTOM if name.lower().endswith(".mtom") else PayloadKind.UNKNOWN
