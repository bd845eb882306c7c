"""What a peer can do wrong: each changes an answer that was right.

An integrator's software should meet each of them once: it must not wait for ever, take half a
document for a whole one, nor store what is not what was announced.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from conformance.simulators.http import Reply, Request


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        about: What the peer does, and what software should do about it.
        change: The answer with the fault in it.
        blocks: The request is not looked at; the answer given to the change is an empty one.
    """

    about: str
    change: Callable[[Request, Reply, float], Reply]
    blocks: bool = False


def _late(_: Request, reply: Reply, seconds: float) -> Reply:
    return reply.but(delay=seconds)


def _slow(_: Request, reply: Reply, seconds: float) -> Reply:
    return reply.but(pause=max(seconds / 1000, 0.001))


def _silent(_: Request, reply: Reply, __: float) -> Reply:
    return reply.but(silent=True)


def _truncated(_: Request, reply: Reply, __: float) -> Reply:
    return reply.but(cut=len(reply.body) // 2)


def _server_error(_: Request, reply: Reply, __: float) -> Reply:
    page = b"<html><body><h1>Internal Server Error</h1></body></html>"
    return reply.but(status=500, headers={"content-type": "text/html"}, body=page)


def _busy(request: Request, reply: Reply, __: float) -> Reply:
    code = "XDSRegistryBusy" if "registry" in request.path else "XDSRepositoryBusy"
    error = (
        '<rs:RegistryErrorList xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0">'
        f'<rs:RegistryError errorCode="{code}" codeContext="too much to do; try again" '
        'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/>'
        "</rs:RegistryErrorList>"
    ).encode()
    answer = reply.body.replace(b"ResponseStatusType:Success", b"ResponseStatusType:Failure")
    answer = re.sub(rb"(?s)<rim:RegistryObjectList>.*?</rim:RegistryObjectList>", b"", answer)
    answer = re.sub(
        rb"(<(?:rs:RegistryResponse|query:AdhocQueryResponse)[^>]*?)(/?)>",
        lambda m: m[1] + b">" + error + (b"</rs:RegistryResponse>" if m[2] else b""),
        answer,
        count=1,
    )
    return reply.but(body=answer)


def _wrong_content_type(_: Request, reply: Reply, __: float) -> Reply:
    return reply.but(headers={**reply.headers, "content-type": "text/html; charset=ISO-8859-1"})


def _wrong_relates_to(_: Request, reply: Reply, __: float) -> Reply:
    other = rb"\g<1>urn:uuid:00000000-0000-4000-8000-000000000000"
    return reply.but(body=re.sub(rb"(<wsa:RelatesTo[^>]*>)[^<]*", other, reply.body))


def _wrong_hash(_: Request, reply: Reply, __: float) -> Reply:
    wrong = rb"\g<1>da39a3ee5e6b4b0d3255bfef95601890afd80709"
    return reply.but(
        body=re.sub(rb'(name="hash"><rim:ValueList><rim:Value>)[^<]*', wrong, reply.body)
    )


def _other_document(_: Request, reply: Reply, __: float) -> Reply:
    if not reply.headers.get("content-type", "").startswith("multipart/related"):
        return reply
    end = reply.body.rfind(b"\r\n--")
    return reply.but(body=reply.body[: end - 1] + b"!" + reply.body[end:])


def _no_mtom(_: Request, reply: Reply, __: float) -> Reply:
    kind = reply.headers.get("content-type", "")
    boundary = re.search(r'boundary="?([^";]+)', kind)
    if not kind.startswith("multipart/related") or boundary is None:
        return reply
    parts = reply.body.split(b"--" + boundary[1].encode())[1:-1]
    root, *documents = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts]
    for octets in documents:
        inside = base64.b64encode(octets)
        root = re.sub(rb"<xop:Include[^>]*/>", inside, root, count=1)
    headers = {**reply.headers, "content-type": "application/soap+xml; charset=UTF-8"}
    return reply.but(headers=headers, body=root)


def _duplicate_ids(_: Request, reply: Reply, __: float) -> Reply:
    entry = re.search(rb"(?s)<rim:ExtrinsicObject .*?</rim:ExtrinsicObject>", reply.body)
    if entry is None:
        return reply
    return reply.but(body=reply.body.replace(entry[0], entry[0] + entry[0], 1))


def _stale(_: Request, reply: Reply, __: float) -> Reply:
    return reply.but(body=reply.body.replace(b"StatusType:Deprecated", b"StatusType:Approved"))


def _not_xml(_: Request, reply: Reply, __: float) -> Reply:
    return reply.but(body=reply.body.replace(b"</s:Body>", b""))


def _soap_fault(_: Request, reply: Reply, __: float) -> Reply:
    fault = (
        b"<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason>"
        b'<s:Text xml:lang="en">The simulator was told to fail.</s:Text></s:Reason></s:Fault>'
    )
    body = re.sub(rb"(?s)<s:Body>.*</s:Body>", b"<s:Body>" + fault + b"</s:Body>", reply.body)
    return reply.but(status=500, body=body)


FAULTS: Final[Mapping[str, Fault]] = {
    "late": Fault("answers after --seconds; give up in time, and try again once", _late),
    "slow": Fault("sends one octet after the other; bound the whole answer, not a read", _slow),
    "silent": Fault("closes the connection without an answer", _silent, blocks=True),
    "truncated": Fault("sends half of what it announced; never store half a document", _truncated),
    "http-500": Fault("answers HTML with status 500", _server_error, blocks=True),
    "busy": Fault("refuses with XDSRegistryBusy or XDSRepositoryBusy; try again later", _busy),
    "soap-fault": Fault("answers with a SOAP fault of its own (Receiver)", _soap_fault),
    "wrong-content-type": Fault("says that its answer is HTML", _wrong_content_type),
    "wrong-relates-to": Fault("names another message than the one it answers", _wrong_relates_to),
    "wrong-hash": Fault("tells the hash of nothing for every document", _wrong_hash),
    "other-document": Fault(
        "sends a document with another last octet; compare it", _other_document
    ),
    "no-mtom": Fault("sends documents inside the message, as base64", _no_mtom),
    "duplicate-ids": Fault("tells the first entry twice", _duplicate_ids),
    "stale": Fault("says of replaced documents that they are in force", _stale),
    "not-xml": Fault("leaves out an end tag", _not_xml),
}
"""What the simulated registry and repository can do wrong, by the name somebody types."""


def faulty(reply: Reply, request: Request, names: tuple[str, ...], seconds: float) -> Reply:
    """Give an answer with some faults in it, in their order."""
    for name in names:
        reply = FAULTS[name].change(request, reply, seconds)
    return reply
