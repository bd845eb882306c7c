"""A SOAP 1.2 envelope: its structure checked on the way in, its octets joined on the way out.

In comes a whole message part; out goes an :class:`Envelope` whose Body holds exactly one element,
for the codec of its language. Answers are joined from strings: the prefixes every fragment may use
are declared once at the top, so that stored fragments are spliced in as they are.

Source:
    SOAP 1.2 part 1 (second edition): 2.4, 2.6, 5. IHE ITI TF-2: Appendix V.3.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from gateway.codecs.soap.addressing import (
    ADDRESSING_HEADERS,
    message_id_of,
    read_addressing,
    write_addressing,
)
from gateway.codecs.soap.fault import (
    FaultCode,
    SoapFault,
    qname_attribute,
    shown,
    write_fault_body,
)
from gateway.codecs.soap.namespaces import PREFIXES, SOAP
from gateway.codecs.xml import (
    Element,
    XmlLimits,
    XmlRefused,
    XmlTooLarge,
    escape_attribute,
    place_of,
    read_xml,
)

SOAP_LIMITS = XmlLimits(nodes=200_000)
"""For requests: some hundred documents' metadata; the tree stays below 64 MiB."""

ANSWER_LIMITS = XmlLimits(octets=64 * 1024 * 1024, nodes=4_000_000)
"""For the answers of peers we asked: some thousand documents' metadata."""

_ENVELOPE, _HEADER, _BODY = (f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body"))
_MUST_UNDERSTAND, _ROLE = f"{{{SOAP}}}mustUnderstand", f"{{{SOAP}}}role"
_OUR_ROLES = (None, "", f"{SOAP}/role/next", f"{SOAP}/role/ultimateReceiver")

_OPENING = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope'
    + "".join(f' xmlns:{p}="{escape_attribute(uri)}"' for p, uri in PREFIXES.items())
    + "><s:Header>"
).encode()
_MIDDLE = b"</s:Header><s:Body>"
_ENDING = b"</s:Body></s:Envelope>"
_UPGRADE = b'<s:Upgrade><s:SupportedEnvelope qname="s:Envelope"/></s:Upgrade>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message, its structure checked.

    Attributes:
        action: What is asked; the caller compares it with the body's root element.
        message_id: The sender's name for the message; only an answer may come without.
        to: The address the sender believes to speak to.
        reply_to: The anonymous address, or the one that says no answer is wanted.
        relates_to: The message this one answers.
        header_blocks: What stands in the Header for us besides addressing, WS-Security first of
            all.
        body: The one element in the Body.
        octets: The message as it came, for a signature that was computed over its white space.
    """

    action: str
    message_id: str | None
    to: str | None
    reply_to: str
    relates_to: str | None
    header_blocks: tuple[Element, ...]
    body: Element
    octets: bytes = field(repr=False)


def read_envelope(
    octets: bytes,
    *,
    announced_actions: Iterable[str] = (),
    understood: Container[str] = (),
    answer: bool = False,
    limits: XmlLimits | None = None,
) -> Envelope:
    """Give the envelope of a message.

    Args:
        octets: The message, or the root part of a multipart message.
        announced_actions: What HTTP says the action is; see
            :func:`gateway.codecs.soap.content_type.announced_actions`.
        understood: Header blocks the caller will process, in Clark notation, besides addressing.
        answer: Whether this is the answer to a request of ours.
        limits: How large the message may be; ``SOAP_LIMITS`` or ``ANSWER_LIMITS`` unless given.

    Raises:
        SoapFault: When it is anything but one SOAP 1.2 message that we can process.

    Source:
        Threats M5, M7, X7.
    """
    blocks: list[Element] = []
    try:
        root = read_xml(octets, limits=limits or (ANSWER_LIMITS if answer else SOAP_LIMITS))
        header, body = _read_structure(root)
        blocks = [b for b in header if b.get(_ROLE) in _OUR_ROLES] if header is not None else []
        _refuse_not_understood(blocks, understood)
        addressing = read_addressing(blocks, announced_actions=announced_actions, answer=answer)
    except XmlTooLarge as refused:
        raise SoapFault(f"{refused.location}: {refused.message}", http_status=413) from refused
    except XmlRefused as refused:
        raise SoapFault(f"{refused.location}: {refused.message}") from refused
    except SoapFault as fault:
        fault.request_id = message_id_of(blocks)
        raise
    return Envelope(
        action=addressing.action,
        message_id=addressing.message_id,
        to=addressing.to,
        reply_to=addressing.reply_to,
        relates_to=addressing.relates_to,
        header_blocks=tuple(b for b in blocks if b.tag not in ADDRESSING_HEADERS),
        body=body,
        octets=octets,
    )


def envelope_parts(
    *,
    action: str,
    message_id: str,
    relates_to: str | None = None,
    to: str | None = None,
    header_blocks: bytes = b"",
) -> tuple[bytes, bytes]:
    """Give what stands before and after the body, so that a large body is never copied.

    Args:
        action: What the message says or asks.
        message_id: A new ``urn:uuid:``.
        relates_to: The MessageID of the request, for an answer.
        to: The peer's address, for a request; the answer is then asked for on the connection.
        header_blocks: Further blocks, well-formed, with the envelope's prefixes.
    """
    addressing = write_addressing(
        action=action, message_id=message_id, relates_to=relates_to, to=to
    )
    return b"".join((_OPENING, addressing.encode(), header_blocks, _MIDDLE)), _ENDING


def write_envelope(
    body: bytes | list[bytes],
    *,
    action: str,
    message_id: str,
    relates_to: str | None = None,
    to: str | None = None,
    header_blocks: bytes = b"",
) -> bytes:
    """Give a whole message around a body, or around a body's fragments in order."""
    before, after = envelope_parts(
        action=action,
        message_id=message_id,
        relates_to=relates_to,
        to=to,
        header_blocks=header_blocks,
    )
    fragments = [body] if isinstance(body, bytes) else body
    return b"".join([before, *fragments, after])


def write_fault(fault: SoapFault, *, message_id: str, relates_to: str | None = None) -> bytes:
    """Give the whole message that tells a peer about a fault.

    Args:
        fault: What is told.
        message_id: A new ``urn:uuid:``.
        relates_to: The MessageID of the request, where the fault does not know it by itself.
    """
    return write_envelope(
        write_fault_body(fault),
        action=fault.action,
        message_id=message_id,
        relates_to=relates_to or fault.request_id,
        header_blocks=fault.header_blocks,
    )


def _read_structure(root: Element) -> tuple[Element | None, Element]:
    """Give the Header, if there is one, and the one element in the one Body."""
    if root.tag != _ENVELOPE:
        _refuse_other_version(root)
    parts = list(root)
    tags = [part.tag for part in parts]
    if tags not in ([_HEADER, _BODY], [_BODY]):
        raise SoapFault(
            f"{place_of(root)}: an envelope holds at most one Header, then exactly one Body, "
            f"of SOAP 1.2; found {shown(' '.join(str(t) for t in tags[:5]))}; correct it"
        )
    body = parts[-1]
    if len(body) != 1:
        raise SoapFault(
            f"{place_of(body)}: the Body holds {len(body)} elements; send exactly one request"
        )
    request = body[0]
    for holder, inside in ((root, parts), (body, [request])):
        texts = [holder.text, *(child.tail for child in inside)]
        if any(text and not text.isspace() for text in texts):
            raise SoapFault(f"{place_of(holder)}: text stands between the elements here; remove it")
    return (parts[0] if len(parts) == 2 else None), request


def _refuse_other_version(root: Element) -> None:
    if str(root.tag).rpartition("}")[2] != "Envelope":
        raise SoapFault(
            f"{place_of(root)}: this is no SOAP message; send a SOAP 1.2 Envelope, namespace {SOAP}"
        )
    raise SoapFault(
        f"{place_of(root)}: this envelope is not SOAP 1.2; send one in the namespace {SOAP}",
        code=FaultCode.VERSION_MISMATCH,
        header_blocks=_UPGRADE,
    )


def _refuse_not_understood(blocks: Iterable[Element], understood: Container[str]) -> None:
    unknown = []
    for block in blocks:
        tag = str(block.tag)
        if tag in ADDRESSING_HEADERS or tag in understood:
            continue
        mandatory = block.get(_MUST_UNDERSTAND, "0").strip()
        if mandatory not in ("0", "1", "true", "false"):
            raise SoapFault(
                f"{place_of(block)}: mustUnderstand is neither true nor false; write 1 or 0"
            )
        if mandatory in ("1", "true"):
            unknown.append(tag)
    if unknown:
        raise SoapFault(
            f"Header: {shown(' '.join(unknown))} must be understood and is not known here; "
            "remove it or its mustUnderstand attribute",
            code=FaultCode.MUST_UNDERSTAND,
            header_blocks="".join(
                f"<s:NotUnderstood {qname_attribute(tag)}/>" for tag in unknown[:20]
            ).encode(),
        )
