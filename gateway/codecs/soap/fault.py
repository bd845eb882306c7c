"""What a peer is told when its message cannot be processed at all.

A :class:`SoapFault` is raised wherever a message is found broken and travels to the edge, which
writes it with :func:`gateway.codecs.soap.envelope.write_fault`. Metadata that is merely wrong is
not a fault; it is answered with a RegistryResponse.

    SoapFault
        MultipartRefused    the message's packaging is broken: Content-Type, parts, references

Source:
    SOAP 1.2 part 1 (second edition): 5.4. WS-Addressing 1.0, SOAP binding: 6.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from gateway.codecs.soap.namespaces import PREFIXES, SOAP, WSA
from gateway.codecs.xml import (
    Element,
    children,
    escape_attribute,
    escape_text,
    is_xml_text,
    text_of,
    write_xml,
)

SOAP_FAULT_ACTION: Final = "http://www.w3.org/2005/08/addressing/soap/fault"
ADDRESSING_FAULT_ACTION: Final = "http://www.w3.org/2005/08/addressing/fault"

_PREFIX_OF = {namespace: prefix for prefix, namespace in PREFIXES.items()}
_SHOWN = 200


class FaultCode(Enum):
    """Who has to change something; the local names of SOAP's own fault codes."""

    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"
    DATA_ENCODING_UNKNOWN = "DataEncodingUnknown"
    SENDER = "Sender"
    RECEIVER = "Receiver"


class SoapFault(Exception):
    """The message cannot be processed.

    Attributes:
        reason: One English sentence: the place, what is wrong there, the way out.
        code: Who has to change something.
        subcodes: From the general to the special, in Clark notation.
        detail: What stands in the Detail element: well-formed, with the envelope's prefixes.
        header_blocks: What the fault's own Header holds besides addressing; as ``detail``.
        http_status: 400 or another 4xx, and 500 for a failure of ours only. SOAP's HTTP binding
            would have 500 for VersionMismatch and MustUnderstand too; these are the sender's to
            repair, and a 5xx makes clients and proxies try the same message again.
        request_id: The MessageID of the request, as far as it could be read; the fault relates
            to it.

    Source:
        SOAP 1.2 part 1: 5.4; part 2: 7.5.2.2, table 20.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: FaultCode = FaultCode.SENDER,
        subcodes: tuple[str, ...] = (),
        detail: bytes = b"",
        header_blocks: bytes = b"",
        http_status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.subcodes = subcodes
        self.detail = detail
        self.header_blocks = header_blocks
        self.http_status = http_status or (500 if code is FaultCode.RECEIVER else 400)
        self.request_id: str | None = None

    @property
    def action(self) -> str:
        """The ``wsa:Action`` the fault travels under."""
        if any(subcode.startswith(f"{{{WSA}}}") for subcode in self.subcodes):
            return ADDRESSING_FAULT_ACTION
        return SOAP_FAULT_ACTION


class MultipartRefused(SoapFault):
    """The packaging of a message is broken.

    Attributes:
        where: The header, part or reference that is meant.
        message: One sentence: what is wrong there and the way out.
    """

    def __init__(self, where: str, message: str, *, http_status: int | None = None) -> None:
        super().__init__(f"{where}: {message}", http_status=http_status)
        self.where = where
        self.message = message


def shown(text: str) -> str:
    """Give what a peer sent as it may stand in a sentence: short, in quotes, legal in XML."""
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "…"
    return '"' + "".join(c if c.isprintable() else "\ufffd" for c in text) + '"'


def write_fault_body(fault: SoapFault) -> bytes:
    """Give the ``s:Fault`` element, for a Body that declares the usual prefixes."""
    opened, closed = "", ""
    for subcode in fault.subcodes:
        opened += f"<s:Subcode>{_qname_element('Value', subcode)}"
        closed += "</s:Subcode>"
    reason = fault.reason
    if not is_xml_text(reason):
        reason = "".join(c if is_xml_text(c) else "\ufffd" for c in reason)
    head = (
        f"<s:Fault><s:Code><s:Value>s:{fault.code.value}</s:Value>{opened}{closed}</s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape_text(reason)}</s:Text></s:Reason>'
    )
    detail = b"<s:Detail>" + fault.detail + b"</s:Detail>" if fault.detail else b""
    return head.encode() + detail + b"</s:Fault>"


def read_fault(body: Element) -> SoapFault | None:
    """Give the fault a peer answered with, or None when the Body holds something else.

    Args:
        body: The one element in the Body of an answer.

    Raises:
        XmlRefused: When a value of the fault holds elements.
    """
    if body.tag != f"{{{SOAP}}}Fault":
        return None
    code, subcodes = FaultCode.RECEIVER, []
    level = next(iter(children(body, f"{{{SOAP}}}Code")), None)
    while level is not None:
        value = next(iter(children(level, f"{{{SOAP}}}Value")), None)
        if value is not None:
            name = _clark(value)
            if level.tag == f"{{{SOAP}}}Subcode":
                subcodes.append(name)
            elif name.removeprefix(f"{{{SOAP}}}") in {c.value for c in FaultCode}:
                code = FaultCode(name.removeprefix(f"{{{SOAP}}}"))
        level = next(iter(children(level, f"{{{SOAP}}}Subcode")), None)
    texts = [t for r in children(body, f"{{{SOAP}}}Reason") for t in children(r, f"{{{SOAP}}}Text")]
    details = [d for detail in children(body, f"{{{SOAP}}}Detail") for d in detail]
    return SoapFault(
        text_of(texts[0]) if texts else "",
        code=code,
        subcodes=tuple(subcodes),
        detail=b"".join(write_xml(d) for d in details),
    )


def qname_attribute(clark: str) -> str:
    """Give attributes ``qname="…"`` and, where needed, its declaration, for SOAP's own headers."""
    name, declaration = _qname(clark)
    return f'qname="{escape_attribute(name)}"{declaration}'


def _qname_element(element: str, clark: str) -> str:
    name, declaration = _qname(clark)
    return f"<s:{element}{declaration}>{escape_text(name)}</s:{element}>"


def _qname(clark: str) -> tuple[str, str]:
    namespace, _, local = clark.removeprefix("{").rpartition("}")
    if not namespace:
        return local, ""
    prefix = _PREFIX_OF.get(namespace)
    if prefix:
        return f"{prefix}:{local}", ""
    return f"q:{local}", f' xmlns:q="{escape_attribute(namespace)}"'


def _clark(value: Element) -> str:
    prefix, _, local = text_of(value).strip().rpartition(":")
    namespace = value.nsmap.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local
