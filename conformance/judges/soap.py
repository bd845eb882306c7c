"""SOAP envelopes: structure, addressing, headers to be understood, and what the Body holds.

The server refuses an envelope at the first thing it cannot process; here all of it is told, as far
as the tree can be walked.

Source:
    SOAP 1.2 part 1 and 2; WS-Addressing 1.0; IHE ITI TF-2: Appendix V.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from conformance.judges.context import Context
from conformance.judges.judged import Judged
from conformance.judges.kinds import headers_end
from conformance.judges.placing import placed, shifted
from conformance.judges.saml import judge_security
from conformance.judges.xds import Body, Carriage, judge_body
from gateway.codecs.soap.addressing import ADDRESSING_HEADERS, ANONYMOUS, NONE
from gateway.codecs.soap.content_type import announced_actions, read_content_type
from gateway.codecs.soap.fault import FaultCode, MultipartRefused
from gateway.codecs.soap.namespaces import SOAP, WSA
from gateway.codecs.xml import (
    INLINE_LIMITS,
    Element,
    XmlRefused,
    place_of,
    read_xml,
)
from gateway.profile.transactions import TransactionForm
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue

_ENVELOPE, _HEADER, _BODY, _FAULT = (
    f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body", "Fault")
)
_MUST_UNDERSTAND, _ROLE = f"{{{SOAP}}}mustUnderstand", f"{{{SOAP}}}role"
_OUR_ROLES = (None, "", f"{SOAP}/role/next", f"{SOAP}/role/ultimateReceiver")
_ADDRESS = f"{{{WSA}}}Address"
SECURITY = (
    "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security"
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_HEADER_LINE = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*):[ \t]*([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Packaging:
    """How an envelope came.

    Attributes:
        actions: What HTTP or MIME headers say the action is.
        packaged: Whether it is the root part of a multipart message.
        parts: See :class:`~conformance.judges.xds.Carriage`.
    """

    actions: tuple[str, ...] = ()
    packaged: bool = False
    parts: Mapping[Element, bytes | None] = field(default_factory=dict)


@dataclass(kw_only=True)
class _Header:
    """What the Header says."""

    addressing: dict[str, list[Element]] = field(default_factory=dict)
    security: list[Element] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The text of an addressing header, the first one's; empty where there is none."""
        found = self.addressing.get(name)
        return (found[0].text or "").strip() if found else ""


def judge(octets: bytes, context: Context) -> Judged:
    """Judge an envelope, bare or as a recorded exchange with its HTTP headers."""
    issues: list[Issue] = []
    actions: tuple[str, ...] = ()
    end = headers_end(octets)
    if end:
        actions, found = _read_headers(octets[:end])
        issues += found
    try:
        root = read_xml(octets[end:], limits=INLINE_LIMITS)
    except XmlRefused as refused:
        issues.append(message_issue("soap-xml", refused.message, refused.location))
        return Judged(findings=tuple(issues))
    found_in, body = judge_envelope(root, octets[end:], context, Packaging(actions=actions))
    return Judged(findings=(*issues, *shifted(found_in, octets[:end])), against=tuple(body.against))


def judge_envelope(
    root: Element, octets: bytes, context: Context, packaging: Packaging
) -> tuple[tuple[Issue, ...], Body]:
    """Judge an envelope whose octets were XML.

    Args:
        octets: The envelope as it came, for places, and for signatures that cover its white space.
    """
    if root.tag != _ENVELOPE:
        name = str(root.tag)
        return (message_issue("soap-version", f"found {name[:120]}", place_of(root)),), Body(
            against=["SOAP 1.2"]
        )
    issues = list(_structure(root))
    header = _Header()
    for block in root.iterchildren(_HEADER):
        issues += _read_header(block, header)
    content = [child for body in root.iterchildren(_BODY) for child in body]
    body = Body()
    if not content:
        issues += _addressing(header, None, None, packaging, context)
    for element in content[:1]:
        form, is_request, found = _transaction(header, element, packaging, context)
        issues += found
        issues += _addressing(header, element, is_request, packaging, context)
        if element.tag == _FAULT:
            issues += _fault(element)
            continue
        if form is not None and form.mtom and is_request and not packaging.packaged:
            issues.append(message_issue("soap-mtom", "", place_of(element)))
        carriage = Carriage(
            transaction=form.id if form is not None else "",
            parts=packaging.parts,
            packaged=packaging.packaged,
        )
        body = judge_body(element, context, carriage)
        issues += body.issues
        if is_request:
            issues += judge_security(header.security, octets, context, body.patients)
    body.against = ["SOAP 1.2", *body.against]
    return placed(issues, root, octets), body


def _structure(root: Element) -> Iterator[Issue]:
    tags = [child.tag for child in root]
    if tags not in ([_HEADER, _BODY], [_BODY]):
        names = " ".join(str(tag).rpartition("}")[2] for tag in tags[:6]) or "nothing"
        yield message_issue(
            "soap-structure", f"an envelope holds Header and Body, found {names}", place_of(root)
        )
    for holder in (root, *root.iterchildren(_BODY)):
        texts = [holder.text, *(child.tail for child in holder)]
        if any(text and not text.isspace() for text in texts):
            yield message_issue(
                "soap-structure", "text stands between the elements here", place_of(holder)
            )
    for body in root.iterchildren(_BODY):
        if len(body) != 1:
            yield message_issue("soap-body", f"the Body holds {len(body)} elements", place_of(body))


def _read_header(block_list: Element, header: _Header) -> Iterator[Issue]:
    for block in block_list:
        if block.get(_ROLE) not in _OUR_ROLES:
            continue
        tag = str(block.tag)
        name = ADDRESSING_HEADERS.get(tag)
        mandatory = block.get(_MUST_UNDERSTAND, "0").strip()
        if mandatory not in ("0", "1", "true", "false"):
            yield message_issue(
                "soap-must-understand-value", f"found {mandatory[:40]!r}", place_of(block)
            )
        if name is not None:
            header.addressing.setdefault(name, []).append(block)
        elif tag == SECURITY:
            header.security.append(block)
        elif mandatory in ("1", "true"):
            yield message_issue(
                "soap-must-understand", f"{tag[:160]} must be understood", place_of(block)
            )
    for name, blocks in header.addressing.items():
        if len(blocks) > 1 and name not in ("From", "RelatesTo"):
            yield message_issue(
                "soap-header-repeated", f"there are {len(blocks)} wsa:{name}", place_of(blocks[1])
            )


def _transaction(
    header: _Header, element: Element, packaging: Packaging, context: Context
) -> tuple[TransactionForm | None, bool, list[Issue]]:
    """The transaction a message belongs to, whether it is a request, what contradicts that."""
    action = header.text("Action") or (packaging.actions[0] if packaging.actions else "")
    known = context.community.transactions.by_action.get(action)
    issues: list[Issue] = []
    if element.tag == _FAULT:
        return None, False, issues
    if known is None:
        if action:
            issues.append(
                message_issue("soap-action-unknown", f"found {action[:160]}", "Header.Action")
            )
        name = str(element.tag).rpartition("}")[2]
        return None, name.endswith("Request"), issues
    form, is_request = known
    expected = form.request if is_request else form.response
    if expected and element.tag != expected:
        issues.append(
            message_issue(
                "soap-action-body",
                f"{form.title} [{form.id}] has {expected.rpartition('}')[2]} in its Body, found "
                f"{str(element.tag).rpartition('}')[2][:80]}",
                place_of(element),
            )
        )
    return form, is_request, issues


def _addressing(
    header: _Header,
    element: Element | None,
    is_request: bool | None,
    packaging: Packaging,
    context: Context,
) -> Iterator[Issue]:
    action = header.text("Action")
    if not action:
        yield message_issue("soap-action", "", "Header.Action")
    for announced in packaging.actions:
        if action and announced != action:
            yield message_issue(
                "soap-action-http",
                f"the headers say {announced[:120]}, wsa:Action says {action[:120]}",
                "Content-Type.action",
            )
    message_id = header.text("MessageID")
    if message_id and not _URI.fullmatch(message_id):
        yield message_issue("soap-message-id", f"found {message_id[:120]}", "Header.MessageID")
    for name in ("ReplyTo", "FaultTo"):
        for block in header.addressing.get(name, ()):
            addresses = [(a.text or "").strip() for a in block.iterchildren(_ADDRESS)]
            if len(addresses) != 1 or addresses[0] not in (ANONYMOUS, NONE):
                found = addresses[0][:120] if addresses else "no wsa:Address"
                yield message_issue("soap-reply-to", f"found {found}", f"Header.{name}")
    if is_request:
        if not message_id:
            yield message_issue("soap-message-id", "", "Header.MessageID")
        if not header.text("To"):
            yield message_issue("soap-to", "", "Header.To")
    elif is_request is not None and not header.text("RelatesTo"):
        yield message_issue("soap-relates-to", "", "Header.RelatesTo")


def _fault(element: Element) -> Iterator[Issue]:
    codes = [
        (value.text or "").strip().rpartition(":")[2]
        for value in element.iterfind(f"{{{SOAP}}}Code/{{{SOAP}}}Value")
    ]
    reasons = [
        (text.text or "").strip() for text in element.iterfind(f"{{{SOAP}}}Reason/{{{SOAP}}}Text")
    ]
    if len(codes) != 1 or codes[0] not in {code.value for code in FaultCode}:
        found = codes[0][:80] if codes else "no Code"
        yield message_issue("soap-fault-form", f"found {found}", "Fault.Code")
    if not any(reasons):
        yield message_issue("soap-fault-form", "there is no Reason with text", "Fault.Reason")
    yield message_issue("soap-fault", reasons[0][:300] if reasons else "", "Fault")


# ------------------------------------------------------------ recorded exchanges


def header_fields(head: bytes) -> dict[str, str]:
    """The fields of recorded headers by name in lower case, folded lines joined."""
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", head)
    return {
        name.decode("ascii").lower(): value.decode("latin-1").strip()
        for name, value in _HEADER_LINE.findall(unfolded)
    }


def _read_headers(head: bytes) -> tuple[tuple[str, ...], list[Issue]]:
    fields = header_fields(head)
    told = fields.get("content-type", "")
    try:
        content_type = read_content_type(told)
    except MultipartRefused as refused:
        return (), [message_issue("soap-content-type", refused.message, "Content-Type")]
    issues = []
    if content_type.media_type != "application/soap+xml":
        issues.append(
            message_issue(
                "soap-content-type", f"found {content_type.media_type[:80]}", "Content-Type"
            )
        )
    try:
        actions = announced_actions(content_type, soap_action=fields.get("soapaction"))
    except MultipartRefused as refused:
        return (), [*issues, message_issue("soap-content-type", refused.message, refused.where)]
    return actions, issues
